/* The kernel's events: one message, one turn of work, one end; see rescind/kernel.h. */
#include "rescind/kernel.h"

#include "rescind/platform.h"
#include "base/task.h"
#include "dtu/endpoint.h"
#include "object/irq.h"
#include "object/visit.h"
#include "object/vpe.h"
#include "cap/peer.h"
#include "syscall/call.h"
#include "syscall/serve.h"

/* On the way of every message. */
#define INLINE __attribute__((always_inline)) static inline

/* Where a reply goes, if `state` says that there is room. */
struct room {
    struct rescind_ring *ring;
    struct ring_place place;
    enum ring_state state;
};

INLINE struct room room_of(struct rescind_kernel *k, uint32_t vpe)
{
    struct room room = {.ring = vpe_reply_ring(k, vpe)};

    room.state = ring_room(room.ring, &room.place);
    return room;
}

/* The kernel as a sender of replies. */
INLINE struct endpoint as_sender(const struct rescind_kernel *k)
{
    return (struct endpoint){.pe = k->pe, .vpe = RESCIND_VPE_MAX - 1, .number = 0};
}

/* An answer with data behind its code. Not on the way of most replies: it finds everything out for
 * itself. */
__attribute__((noinline)) static void reply_data(struct rescind_kernel *k, uint32_t vpe)
{
    const struct call *call = call_at(k, vpe);
    struct room room = room_of(k, vpe);
    struct endpoint kernel = as_sender(k);
    struct __attribute__((packed)) {
        uint64_t error;
        uint8_t data[CALL_BUFFER];
    } payload = {.error = call->error & ~CALL_DATA};

    memcpy(payload.data, call_buffer(k, vpe), call->reply_size);
    endpoint_reply_at(&kernel, room.ring, &room.place, vpe_at(k, vpe)->reply_label, &payload,
                      sizeof(payload.error) + call->reply_size);
}

INLINE void reply(struct rescind_kernel *k, uint32_t vpe, uint64_t label, const struct call *call,
                  const struct room *room)
{
    uint64_t payload = call->error;
    struct endpoint kernel = as_sender(k);

    /* Room was there when the message was taken. A VPE that has filled the ring itself since
     * then has spoilt its own reply, and nobody else's. */
    if (room->state != RING_FULL && room->state != RING_BROKEN) {
        if (__builtin_expect((payload & CALL_DATA) != 0, 0))
            reply_data(k, vpe);
        else
            endpoint_reply_at(&kernel, room->ring, &room->place, label, &payload, sizeof(payload));
    }
    outbox_put(&k->outbox, RESCIND_OUTPUT_REPLY, vpe, (uint32_t)payload & ~CALL_DATA);
}

static void ended(struct rescind_kernel *k, uint32_t vpe)
{
    struct vpe *v = vpe_at(k, vpe);

    v->ended = true;
    ring_terminate(vpe_syscall_ring(k, vpe));
    ring_terminate(vpe_reply_ring(k, vpe));
    outbox_put(&k->outbox, RESCIND_OUTPUT_ENDED, vpe, v->end_code);
    task_wake(k, &v->waiters);
    vpe_bury(k, vpe);
}

static void start_end(struct rescind_kernel *k, uint32_t vpe)
{
    vpe_at(k, vpe)->calling = true;
    vpe_at(k, vpe)->end_wanted = false;
    call_begin_exit(k, vpe, vpe_at(k, vpe)->end_code);
    task_join(k, &k->ready, vpe);
}

/* Ends `vpe` as soon as it has no call any more. */
static void end(struct rescind_kernel *k, uint32_t vpe, uint32_t code)
{
    struct vpe *v = vpe_at(k, vpe);

    if (v->ended || v->ending)
        return;
    v->end_code = code;
    if (v->calling && !call_cancel(k, vpe))
        v->end_wanted = true;
    else
        start_end(k, vpe);
}

/* Behind every event: those that have lost their selector 0 by it, and who waits for a name to go.
 */
INLINE void end_lost(struct rescind_kernel *k)
{
    while (k->vpe_ending != 0)
        end(k, (uint32_t)vpe_take_ending(k), 0);
    if (k->visits_held != 0)
        visit_look(k);
}

/* The call of `vpe` is done. */
INLINE void finish(struct rescind_kernel *k, uint32_t vpe, struct vpe *v, const struct room *room)
{
    const struct call *call = call_at(k, vpe);

    v->calling = false;
    if (call->opcode == RESCIND_SYS_EXIT && call->error == RESCIND_NO_ERROR)
        ended(k, vpe);
    else if (v->end_wanted)
        start_end(k, vpe);
    else
        reply(k, vpe, v->reply_label, call, room);
}

/* Goes on with the call of `vpe`. True: it is done. */
static bool go_on(struct rescind_kernel *k, uint32_t vpe)
{
    enum progress progress = call_step(k, vpe);

    if (progress == CALL_MORE)
        task_join(k, &k->ready, vpe);
    else if (progress == CALL_WAITS && vpe_at(k, vpe)->end_wanted && call_cancel(k, vpe))
        start_end(k, vpe);
    return progress == CALL_DONE;
}

bool rescind_kernel_message_waiting(const struct rescind_kernel *k, uint32_t vpe)
{
    const struct vpe *v = vpe_at(k, vpe);

    if (v->quiet != 0)
        return false;
    switch (ring_look(vpe_reply_ring(k, vpe))) {
    case RING_FULL:
        return false;
    case RING_BROKEN:
        return true;
    default:
        return ring_look(vpe_syscall_ring(k, vpe)) != RING_EMPTY;
    }
}

/* What call_begin() says, or that there is no message. */
enum taken {
    TAKEN_DONE = CALL_DONE,
    TAKEN_MORE = CALL_MORE,
    TAKEN_NOTHING = CALL_WAITS + 1,
    TAKEN_BROKEN,
};

/* Takes the message of `vpe`, if there is one, and begins the call. A function of its own, so that
 * the message is off the stack when the call's work begins. TAKEN_MORE: go_on() is due. */
__attribute__((noinline)) static enum taken take(struct rescind_kernel *k, uint32_t vpe,
                                                 struct vpe *v)
{
    struct rescind_header header;
    uint8_t payload[RESCIND_PAYLOAD_MAX];
    enum ring_state state = ring_take(vpe_syscall_ring(k, vpe), &header, payload);

    if (state != RING_MESSAGE)
        return state == RING_EMPTY ? TAKEN_NOTHING : TAKEN_BROKEN;
    v->calling = true;
    v->reply_label = header.reply_label;
    if (header.length > RESCIND_PAYLOAD_MAX)
        header.length = 0; /* too short for any opcode, then */
    return (enum taken)call_begin(k, vpe, (struct bytes){.data = payload, .size = header.length});
}

void rescind_kernel_message(struct rescind_kernel *k, uint32_t vpe)
{
    struct vpe *v = vpe_at(k, vpe);
    struct room room;
    enum taken taken;

    outbox_clear(&k->outbox);
    if (v->quiet != 0)
        return;
    room = room_of(k, vpe);
    if (room.state == RING_FULL)
        return;
    taken = room.state == RING_BROKEN ? TAKEN_BROKEN : take(k, vpe, v);
    switch (taken) {
    case TAKEN_NOTHING:
        break;
    case TAKEN_BROKEN:
        outbox_put(&k->outbox, RESCIND_OUTPUT_BAD_RING, vpe, 0);
        start_end(k, vpe);
        break;
    case TAKEN_DONE:
        finish(k, vpe, v, &room);
        break;
    case TAKEN_MORE:
        if (go_on(k, vpe))
            finish(k, vpe, v, &room);
        end_lost(k);
        break;
    }
}

int32_t rescind_kernel_ready(const struct rescind_kernel *k)
{
    return task_first(k->ready);
}

int32_t rescind_kernel_ready_after(const struct rescind_kernel *k, uint32_t task)
{
    return task_after(k, k->ready, task);
}

struct rescind_kernel_task rescind_kernel_task(const struct rescind_kernel *k, uint32_t task)
{
    uint32_t exchange = task - task_of_exchange(k, 0, 0);

    if (task < k->vpe_limit)
        return (struct rescind_kernel_task){.kind = RESCIND_TASK_CALL, .number = task};
    if (task < task_of_exchange(k, 0, 0))
        return (struct rescind_kernel_task){.kind = RESCIND_TASK_MARKS,
                                            .number = task - task_of_peer(k, 0)};
    return (struct rescind_kernel_task){
        .kind = RESCIND_TASK_EXCHANGE,
        .number = exchange / TASK_EXCHANGES,
        .slot = exchange % TASK_EXCHANGES,
    };
}

/* Works for another kernel. */
static void work_for_peer(struct rescind_kernel *k, uint32_t number)
{
    struct rescind_kernel_task task = rescind_kernel_task(k, number);
    uint32_t work = k->work;
    bool own = task.kind == RESCIND_TASK_MARKS && task.number == k->pe;
    bool more = task.kind == RESCIND_TASK_MARKS ? revoke_for_peer(k, task.number, &work)
                                                : serve_step(k, task.number, task.slot, &work);

    if (own) {
        more |= visit_answer_lost(k, &work);
        more |= vpe_tell_watchers(k, &work);
    }
    k->worked = k->work - work;
    /* Marks may have given themselves more meanwhile, and that may be done already. An EXCHANGE may
     * have joined the line of what it is blocked by. */
    if (more && !task_waits(k, number))
        task_join(k, &k->ready, number);
    else if (!more && task.kind == RESCIND_TASK_MARKS && task_waits(k, number))
        task_leave(k, &k->ready, number);
}

void rescind_kernel_work(struct rescind_kernel *k, uint32_t task)
{
    outbox_clear(&k->outbox);
    task_leave(k, &k->ready, task);
    if (task >= k->vpe_limit) {
        work_for_peer(k, task);
    } else if (go_on(k, task)) {
        struct room room = room_of(k, task);

        finish(k, task, vpe_at(k, task), &room);
    }
    end_lost(k);
}

void rescind_kernel_end(struct rescind_kernel *k, uint32_t vpe, uint32_t code)
{
    outbox_clear(&k->outbox);
    end(k, vpe, code);
}

void rescind_kernel_interrupt(struct rescind_kernel *k, uint32_t line)
{
    outbox_clear(&k->outbox);
    irq_arrive(k, line);
}

void rescind_kernel_port(struct rescind_kernel *k, uint32_t vpe, uint32_t value)
{
    if (vpe < k->vpe_count && port_is_asked(k, vpe)) {
        struct room room = room_of(k, vpe);

        port_answer(k, vpe, value);
        finish(k, vpe, vpe_at(k, vpe), &room);
    }
}

struct rescind_kernel_output rescind_kernel_take_output(struct rescind_kernel *k)
{
    struct outbox *box = &k->outbox;
    const struct outbox_entry *entry;

    if (box->taken == box->count)
        return (struct rescind_kernel_output){.kind = RESCIND_OUTPUT_NOTHING};
    entry = &box->entries[box->taken++];
    return (struct rescind_kernel_output){
        .kind = (enum rescind_output_kind)entry->kind,
        .vpe = entry->vpe,
        .code = entry->code,
        .text = (const char *)box->text,
        .size = box->text_size,
    };
}

/* ---- In a VPE's place ---------------------------------------------------------------------- */

enum rescind_error rescind_kernel_send(struct rescind_kernel *k, uint32_t vpe, const void *payload,
                                       size_t size)
{
    uint32_t credits = 1;
    struct endpoint endpoint = {
        .pe = k->pe,
        .vpe = (uint16_t)vpe,
        .number = RESCIND_EP_SYSCALL,
        .reply_ep = RESCIND_EP_REPLY,
        .credits = &credits,
    };

    return endpoint_send(&endpoint, vpe_syscall_ring(k, vpe), payload, size);
}

bool rescind_kernel_receive(struct rescind_kernel *k, uint32_t vpe, void *payload, size_t size)
{
    struct ring_message reply;

    if (ring_fetch(vpe_reply_ring(k, vpe), &reply) != RING_MESSAGE ||
        reply.header.length > RESCIND_PAYLOAD_MAX)
        return false;
    memcpy(payload, reply.payload, size < reply.header.length ? size : reply.header.length);
    return true;
}

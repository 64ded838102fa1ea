/* Visits; see visit.h. */
#include "object/visit.h"

#include "base/task.h"
#include "base/work.h"
#include "cap/peer.h"
#include "cap/remote.h"
#include "cap/table.h"
#include "object/endpoint.h"
#include "object/note.h"
#include "object/service.h"
#include "object/vpe.h"
#include "rescind/peer.h"

_Static_assert((int)CALL_ARGS == (int)NOTE_ARGS, "args lie behind room for what an answer says");

void visit_get_args(const struct rescind_kernel *k, const struct visit *visit, uint8_t *out)
{
    if (visit_is_away(k, visit))
        note_get(k, visit->note, NOTE_ARGS, out, visit->args_size);
    else
        memcpy(out, call_buffer(k, visit->vpe) + CALL_ARGS, visit->args_size);
}

static void bury(struct rescind_kernel *k, uint32_t index);
static void send_close(struct rescind_kernel *k, uint32_t index);

static void put_args(struct rescind_kernel *k, struct visit *visit, const uint8_t *data,
                     size_t size)
{
    visit->args_size = (uint8_t)size;
    if (visit_is_away(k, visit))
        note_put(k, visit->note, NOTE_ARGS, data, size);
    else
        memcpy(call_buffer(k, visit->vpe) + CALL_ARGS, data, size);
}

uint32_t visit_create(struct rescind_kernel *k, uint16_t account, uint8_t op,
                      const struct visit_target *to, uint32_t vpe)
{
    uint32_t index = account_take(k, OBJECT_VISIT, account);

    if (index != 0)
        *visit_at(k, index) = (struct visit){
            .object = {.type = OBJECT_VISIT, .account = account},
            .op = op,
            .pe = k->pe,
            .vpe = (uint16_t)vpe,
            .to_vpe = (uint16_t)to->vpe,
            .to_life = to->life,
            .to_ep = to->ep < RESCIND_EP_COUNT ? (uint8_t)to->ep : RESCIND_EP_SYSCALL,
            .label = to->label,
        };
    return index;
}

uint32_t visit_create_away(struct rescind_kernel *k, uint8_t op, const struct visit_target *to,
                           uint32_t note)
{
    uint32_t index = visit_create(k, ACCOUNT_KERNEL, op, to, 0);

    visit_at(k, index)->pe = note_at(k, note)->pe;
    visit_at(k, index)->note = note;
    return index;
}

/* ---- Rings -------------------------------------------------------------------------------- */

/* The capability of the receive endpoint that it goes to; 0: there is none. */
static uint32_t find_endpoint(const struct rescind_kernel *k, const struct visit *visit)
{
    uint32_t cap = 0;

    if (vpe_lives(k, visit->to_vpe, visit->to_life))
        cap = endpoint_find(k, visit->to_vpe, visit->to_ep);
    return cap != 0 && endpoint_of(k, cap)->kind == ENDPOINT_RECEIVE ? cap : 0;
}

static struct endpoint_node *endpoint_to(const struct rescind_kernel *k, const struct visit *visit)
{
    uint32_t cap = find_endpoint(k, visit);

    return cap != 0 ? endpoint_of(k, cap) : NULL;
}

/* Ring `second` goes behind `*ring`; neither need have any. */
static void join(struct rescind_kernel *k, uint32_t *ring, uint32_t second)
{
    if (*ring == 0 || second == 0) {
        *ring |= second;
        return;
    }
    uint32_t last = visit_at(k, *ring)->prev, second_last = visit_at(k, second)->prev;
    visit_at(k, last)->next = second;
    visit_at(k, second)->prev = last;
    visit_at(k, second_last)->next = *ring;
    visit_at(k, *ring)->prev = second_last;
}

/* Takes one out of its ring, whose first one may be known by *ring. */
static void leave(struct rescind_kernel *k, uint32_t *ring, uint32_t index)
{
    struct visit *visit = visit_at(k, index);

    if (*ring == index)
        *ring = visit->next == index ? 0 : visit->next;
    visit_at(k, visit->next)->prev = visit->prev;
    visit_at(k, visit->prev)->next = visit->next;
    visit->next = visit->prev = 0;
}

/* None is lost any more: if that was all the kernel's own task had to do, it is no longer ready. */
static void rest(struct rescind_kernel *k)
{
    uint32_t task = task_of_peer(k, k->pe);

    if (task_waits(k, task) && task_at(k, task)->stack == 0 && peer_at(k, k->pe)->first == 0 &&
        k->vpe_watched == 0)
        task_leave(k, &k->ready, task);
}

/* Takes a QUEUED one out of the ring that it is in. */
static void unqueue(struct rescind_kernel *k, uint32_t index)
{
    struct endpoint_node *e = endpoint_to(k, visit_at(k, index));
    bool was_lost = k->visits_lost != 0;

    /* Only the ring in which it is the first one need be known. */
    leave(k, e != NULL && e->visits == index ? &e->visits : &k->visits_lost, index);
    if (was_lost && k->visits_lost == 0)
        rest(k);
}

/* ---- Answers ------------------------------------------------------------------------------ */

/* The entry of the name that an OPEN of another kernel has been asked by; 0: it has gone. */
static uint32_t entry_of(const struct rescind_kernel *k, const struct visit *visit)
{
    struct visit_opening opening;
    uint32_t entry;

    note_get(k, visit->note, 0, &opening, sizeof(opening));
    entry = table_find(k, table_of_names(k), opening.entry);
    if (entry == 0 ||
        service_at(k, cap_at(k, entry)->object)->serial != note_at(k, visit->note)->about)
        return 0;
    return entry;
}

/* The kernel that asks is told to open nothing; what the service has opened is closed again. */
static void open_nothing(struct rescind_kernel *k, uint32_t index, uint32_t error)
{
    struct visit *visit = visit_at(k, index);
    uint32_t note = visit->note;

    visit->pe = k->pe;
    visit->vpe = visit->waiters = 0;
    bury(k, index);
    note_tell(k, note, error, 0);
}

static void hold(struct rescind_kernel *k, uint32_t index, uint32_t error)
{
    struct visit *visit = visit_at(k, index);

    visit->state = VISIT_HELD;
    visit->error = (uint8_t)error;
    visit->next = visit->prev = index;
    join(k, &k->visits_held, index);
}

void visit_hold(struct rescind_kernel *k, uint32_t index)
{
    hold(k, index, RESCIND_PEER_BLOCKED);
}

/* What one was HELD for has gone: either nothing has been asked yet, or the service has agreed. */
static void let_go(struct rescind_kernel *k, uint32_t index)
{
    struct visit *visit = visit_at(k, index);
    uint32_t error = visit->error, note = visit->note;

    if (error == RESCIND_PEER_BLOCKED) {
        pool_give(k, index);
        note_tell(k, note, error, 0);
        return;
    }
    visit->error = RESCIND_NO_ERROR;
    open_nothing(k, index, error);
}

bool visit_name_goes(const struct rescind_kernel *k, uint32_t index)
{
    uint32_t entry = entry_of(k, visit_at(k, index));

    return entry != 0 && (cap_at(k, entry)->flags & CAP_VISITED);
}

void visit_look(struct rescind_kernel *k)
{
    uint32_t first = k->visits_held;

    if (first == 0 || visit_name_goes(k, first))
        return;
    leave(k, &k->visits_held, first);
    visit_at(k, first)->next = visit_at(k, first)->prev = first;
    visit_lose(k, first);
}

/* A service has agreed to a session for another kernel: a stub below the name's entry keeps it. If
 * that can't be had any more, it is closed again. */
static void open_away(struct rescind_kernel *k, uint32_t index)
{
    struct visit *visit = visit_at(k, index);
    struct rescind_letter_session session = {.object = index};
    struct visit_opening opening;
    uint32_t note = visit->note, entry = entry_of(k, visit);

    note_get(k, note, 0, &opening, sizeof(opening));
    if (entry != 0 && (cap_at(k, entry)->flags & CAP_VISITED)) {
        hold(k, index, RESCIND_RECV_GONE);
        return;
    }
    if (entry == 0 || pool_left(k) == 0) {
        open_nothing(k, index, entry == 0 ? RESCIND_RECV_GONE : RESCIND_OUT_OF_MEM);
        return;
    }
    session_make(k, index, cap_at(k, entry)->object, visit->ident);
    object_at(k, index)->refs = 1;
    session.stub = remote_keep(k, entry, note_at(k, note)->pe, opening.key, index);
    note_put(k, note, 0, &session, sizeof(session));
    note_at(k, note)->links = true;
    note_tell(k, note, RESCIND_NO_ERROR, sizeof(session));
}

/* The asker, of another kernel, is told. */
static void tell_away(struct rescind_kernel *k, uint32_t index)
{
    const struct visit *visit = visit_at(k, index);
    uint32_t note = visit->note, error = visit->error;
    struct rescind_letter_range range = {
        .start = visit->start,
        .count = visit->count,
        .vpe = visit->to_vpe,
        .serial = note_at(k, note)->about,
    };
    size_t length = 0;

    _Static_assert(sizeof(range) == NOTE_ARGS, "the args lie behind it");
    if (error == RESCIND_NO_ERROR && visit->op != VISIT_FAULT) {
        note_put(k, note, 0, &range, sizeof(range));
        length = sizeof(range) + visit->args_size;
    }
    pool_give(k, index);
    note_tell(k, note, error, length);
}

/* The asker has an answer. */
static void done(struct rescind_kernel *k, uint32_t index)
{
    struct visit *visit = visit_at(k, index);

    visit->state = VISIT_ANSWERED;
    if (visit_is_away(k, visit) && visit->op == RESCIND_SERVICE_OPEN &&
        visit->error == RESCIND_NO_ERROR)
        open_away(k, index);
    else if (visit_is_away(k, visit))
        tell_away(k, index);
    else
        task_wake(k, &visit->waiters);
}

/* A range that is answered with, and args behind it. False: rubbish. */
static bool take_range(struct rescind_kernel *k, struct visit *visit, const uint8_t *data,
                       size_t size)
{
    struct rescind_range range;

    if (size < 16 || size - 16 > RESCIND_ARGS_MAX)
        return false;
    memcpy(&range, data, sizeof(range));
    if (range.type != visit->kind || range.count > visit->count ||
        (uint64_t)range.start + range.count > (uint64_t)1 << 32)
        return false;
    visit->start = range.start;
    visit->count = range.count;
    put_args(k, visit, data + 16, size - 16);
    return true;
}

/* What an answer says besides its code, which is OK. False: rubbish. */
static bool take_answer(struct rescind_kernel *k, struct visit *visit, const uint8_t *data,
                        size_t size)
{
    switch (visit->op) {
    case RESCIND_SERVICE_OPEN:
        if (size < sizeof(visit->ident))
            return false;
        memcpy(&visit->ident, data, sizeof(visit->ident));
        return true;
    case RESCIND_SERVICE_OBTAIN:
    case RESCIND_SERVICE_DELEGATE:
        return take_range(k, visit, data, size);
    default:
        return true;
    }
}

/* What the answer means to the asker. */
static enum rescind_error judge(struct rescind_kernel *k, struct visit *visit, const uint8_t *data,
                                size_t size)
{
    uint64_t error = RESCIND_RECV_GONE;

    if (data != NULL && size >= sizeof(error))
        memcpy(&error, data, sizeof(error));
    if (error > RESCIND_XFS_RENAME)
        return RESCIND_RECV_GONE;
    if (error == RESCIND_NO_ERROR &&
        !take_answer(k, visit, data + sizeof(error), size - sizeof(error)))
        return RESCIND_RECV_GONE;
    return (enum rescind_error)error;
}

/* It is over, and nobody wants to know: but a session that it has opened is closed. */
static void bury(struct rescind_kernel *k, uint32_t index)
{
    struct visit *visit = visit_at(k, index);

    if (visit->op != RESCIND_SERVICE_OPEN || visit->error != RESCIND_NO_ERROR) {
        pool_give(k, index);
        return;
    }
    visit->op = RESCIND_SERVICE_CLOSE;
    visit->args_size = 0;
    send_close(k, index);
}

void visit_answered(struct rescind_kernel *k, uint32_t index, const uint8_t *data, size_t size)
{
    struct visit *visit = visit_at(k, index);

    if (index == VISIT_NONE)
        return;
    visit->message = 0;
    visit->error = (uint8_t)judge(k, visit, data, size);
    if (visit->state == VISIT_ABANDONED)
        bury(k, index);
    else
        done(k, index);
}

/* ---- Messages ----------------------------------------------------------------------------- */

/* What a message says. Returns its size. */
static size_t write(const struct rescind_kernel *k, const struct visit *visit,
                    uint8_t data[4 * 8 + RESCIND_ARGS_MAX])
{
    uint64_t question[] = {visit->op, visit->ident, visit->kind, visit->count};
    uint64_t fault[] = {visit->ident, visit->access};

    if (visit->op == VISIT_FAULT) {
        memcpy(data, fault, sizeof(fault));
        return sizeof(fault);
    }
    memcpy(data, question, sizeof(question));
    visit_get_args(k, visit, data + sizeof(question));
    return sizeof(question) + visit->args_size;
}

/* NO_RING_SPACE: it is to be queued. So is one whose endpoint is marked, and which can't be said to
 * have gone before the revocation has taken effect: it is lost then. */
static enum rescind_error deliver(struct rescind_kernel *k, uint32_t index)
{
    struct visit *visit = visit_at(k, index);
    bool asks = visit->op != RESCIND_SERVICE_CLOSE;
    uint8_t data[4 * 8 + RESCIND_ARGS_MAX];
    uint32_t cap = find_endpoint(k, visit);
    struct delivery what = {
        .pe = k->pe,
        .vpe = RESCIND_VPE_MAX - 1,
        .label = visit->label,
        .visit = asks ? index : VISIT_NONE,
        .data = data,
        .size = write(k, visit, data),
    };
    enum rescind_error error = RESCIND_RECV_GONE;

    if (cap != 0)
        error = cap_at(k, cap)->flags & CAP_MARKED
                    ? RESCIND_NO_RING_SPACE
                    : endpoint_deliver(k, visit->to_vpe, visit->to_ep, &what);
    if (error == RESCIND_NO_ERROR && asks) {
        visit->state = VISIT_SENT;
        visit->message = endpoint_of(k, cap)->last;
    }
    return error;
}

/* It waits until there is room. */
static void queue(struct rescind_kernel *k, uint32_t index)
{
    struct visit *visit = visit_at(k, index);

    visit->state = VISIT_QUEUED;
    visit->next = visit->prev = index;
    join(k, &endpoint_to(k, visit)->visits, index);
}

/* A CLOSE: nobody wants to know what becomes of it. */
static void send_close(struct rescind_kernel *k, uint32_t index)
{
    if (deliver(k, index) == RESCIND_NO_RING_SPACE)
        queue(k, index);
    else
        pool_give(k, index);
}

void visit_send(struct rescind_kernel *k, uint32_t index)
{
    struct visit *visit = visit_at(k, index);
    enum rescind_error error;

    if (visit->op == RESCIND_SERVICE_CLOSE) {
        send_close(k, index);
        return;
    }
    error = deliver(k, index);
    if (error == RESCIND_NO_RING_SPACE) {
        queue(k, index);
    } else if (error != RESCIND_NO_ERROR) {
        visit->error = RESCIND_RECV_GONE;
        done(k, index);
    }
}

void visit_room(struct rescind_kernel *k, uint32_t vpe, uint32_t ep)
{
    uint32_t cap = endpoint_find(k, vpe, ep), first;
    struct endpoint_node *e;

    e = endpoint_of(k, cap);
    KERNEL_ASSERT(cap != 0 && e->kind == ENDPOINT_RECEIVE);
    /* One that is marked takes nothing any more, and will be gone soon. */
    while ((first = e->visits) != 0 && e->spare != 0 && !(cap_at(k, cap)->flags & CAP_MARKED)) {
        leave(k, &e->visits, first);
        visit_send(k, first);
    }
}

void visit_lose(struct rescind_kernel *k, uint32_t ring)
{
    uint32_t task = task_of_peer(k, k->pe);

    join(k, &k->visits_lost, ring);
    if (ring != 0 && !task_waits(k, task))
        task_join(k, &k->ready, task);
}

bool visit_answer_lost(struct rescind_kernel *k, uint32_t *work)
{
    for (uint32_t first; (first = k->visits_lost) != 0 && *work > 0; work_spend(work, WORK_LOOK)) {
        leave(k, &k->visits_lost, first);
        if (visit_at(k, first)->state == VISIT_HELD)
            let_go(k, first);
        else if (visit_at(k, first)->op == RESCIND_SERVICE_CLOSE)
            pool_give(k, first);
        else
            visit_answered(k, first, NULL, 0);
    }
    return k->visits_lost != 0;
}

/* ---- The end ------------------------------------------------------------------------------ */

void visit_drop(struct rescind_kernel *k, uint32_t index)
{
    struct visit *visit = visit_at(k, index);

    switch (visit->state) {
    case VISIT_QUEUED:
        unqueue(k, index);
        pool_give(k, index);
        break;
    case VISIT_SENT:
        if (visit->op == RESCIND_SERVICE_OPEN) {
            visit->state = VISIT_ABANDONED;
        } else {
            message_at(k, visit->message)->visit = VISIT_NONE;
            pool_give(k, index);
        }
        break;
    default: /* ANSWERED */
        bury(k, index);
        break;
    }
}

void visit_close_session(struct rescind_kernel *k, uint32_t node, const struct visit_target *to,
                         uint64_t ident)
{
    *visit_at(k, node) = (struct visit){
        .object = {.type = OBJECT_VISIT, .account = object_at(k, node)->account},
        .pe = k->pe,
        .to_vpe = (uint16_t)to->vpe,
        .to_life = to->life,
        .to_ep = to->ep < RESCIND_EP_COUNT ? (uint8_t)to->ep : RESCIND_EP_SYSCALL,
        .op = RESCIND_SERVICE_CLOSE,
        .label = to->label,
        .ident = ident,
    };
    visit_send(k, node);
}

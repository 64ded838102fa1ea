/* Letters; see letter.h. */
#include "syscall/letter.h"

#include "base/pages.h"
#include "cap/peer.h"
#include "syscall/call.h"
#include "syscall/open.h"

static size_t padded(size_t size)
{
    return (size + 7) & ~(size_t)7;
}

static struct letter *letter_of(const struct rescind_kernel *k, uint32_t vpe)
{
    return &call_at(k, vpe)->letter;
}

/* ---- Asking ------------------------------------------------------------------------------- */

enum { NO_SLOT = RESCIND_PEER_LETTERS };

static uint32_t free_slot(const struct peer *peer)
{
    for (uint32_t slot = 0; slot < RESCIND_PEER_LETTERS; slot++) {
        if (!(peer->letters_taken & 1u << slot))
            return slot;
    }
    return NO_SLOT;
}

/* The slot goes to the call that has waited longest, if there is one, and only that is woken. */
static void give_slot_back(struct rescind_kernel *k, struct peer *peer, uint32_t slot)
{
    int32_t next = task_first(peer->letter_waiters);
    struct letter *l;

    if (next < 0) {
        peer->letters_taken &= (uint8_t) ~(1u << slot);
        return;
    }
    l = letter_of(k, (uint32_t)next);
    l->state = LETTER_GRANTED;
    l->slot = (uint8_t)slot;
    peer->letter_askers[slot] = (uint32_t)next;
    task_leave(k, &peer->letter_waiters, (uint32_t)next);
    task_join(k, &k->ready, (uint32_t)next);
}

void letter_decline(struct rescind_kernel *k, struct letter *l)
{
    l->state = LETTER_NONE;
    give_slot_back(k, peer_at(k, l->peer), l->slot);
}

enum progress letter_ask(struct rescind_kernel *k, uint32_t vpe, const struct letter *what)
{
    struct letter *l = letter_of(k, vpe);
    struct peer *peer = peer_at(k, what->peer);
    uint32_t slot;

    if (l->state == LETTER_GRANTED && l->peer != what->peer)
        letter_decline(k, l);
    slot = l->state == LETTER_GRANTED ? l->slot : free_slot(peer);
    if (slot == NO_SLOT) {
        l->peer = what->peer;
        task_join(k, &peer->letter_waiters, vpe);
        return CALL_WAITS;
    }
    *l = *what;
    l->state = LETTER_ASKED;
    l->slot = (uint8_t)slot;
    l->serial = ++k->serials;
    if (l->pin != 0)
        revoke_hold(k, l->pin);
    peer->letters_taken |= (uint8_t)(1u << slot);
    peer->letter_askers[slot] = vpe;
    peer->letters |= (uint8_t)(1u << slot);
    peer_talk(k, what->peer);
    task_join(k, &peer->letter_line[slot], vpe);
    return CALL_WAITS;
}

bool letter_can_ask(const struct rescind_kernel *k, uint32_t vpe, uint32_t pe)
{
    const struct letter *l = letter_of(k, vpe);

    return (l->state == LETTER_GRANTED && l->peer == pe) || free_slot(peer_at(k, pe)) != NO_SLOT;
}

enum progress letter_await(struct rescind_kernel *k, uint32_t vpe)
{
    struct letter *l = letter_of(k, vpe);

    if (l->pin != 0)
        revoke_release(k, l->pin);
    l->pin = 0;
    if (l->state == LETTER_ANSWERED) {
        l->state = LETTER_NONE;
        return CALL_DONE;
    }
    KERNEL_ASSERT(l->state == LETTER_TAKEN);
    l->state = LETTER_AWAITS;
    task_join(k, &peer_at(k, l->peer)->note_waiters, vpe);
    return CALL_WAITS;
}

bool letter_cancel(struct rescind_kernel *k, uint32_t vpe)
{
    struct letter *l = letter_of(k, vpe);

    if (l->state != LETTER_AWAITS)
        return false;
    l->state = LETTER_NONE;
    if (l->claim != 0)
        open_cancel(k, l->claim);
    l->claim = 0;
    task_leave(k, &peer_at(k, l->peer)->note_waiters, vpe);
    return true;
}

size_t letter_write(struct rescind_kernel *k, uint32_t pe, uint32_t slot, uint8_t *out, size_t room)
{
    uint32_t vpe = peer_at(k, pe)->letter_askers[slot];
    const struct letter *l = letter_of(k, vpe);
    struct rescind_peer_letter record = {
        .head = {.kind = RESCIND_PEER_LETTER,
                 .slot = (uint8_t)slot,
                 .size = (uint16_t)(sizeof(record) + padded(l->length))},
        .asker = vpe,
        .serial = l->serial,
        .op = l->op,
        .length = l->length,
        .object = l->object,
    };

    if (record.head.size > room)
        return 0;
    memcpy(record.args, l->args, sizeof(record.args));
    memset(out, 0, record.head.size);
    memcpy(out, &record, sizeof(record));
    memcpy(out + sizeof(record), call_buffer(k, vpe) + l->from, l->length);
    return record.head.size;
}

/* The call goes on with what it has been told. */
static void tell_call(struct rescind_kernel *k, uint32_t vpe, uint32_t error, const uint8_t *data,
                      uint32_t length)
{
    struct letter *l = letter_of(k, vpe);

    l->state = LETTER_ANSWERED;
    l->error = error;
    l->length = (uint16_t)length;
    memcpy(call_buffer(k, vpe) + l->at, data, length);
}

static bool is_error(uint32_t error)
{
    return error <= RESCIND_XFS_RENAME;
}

/* May this be what has become of the letter? */
static bool can_be(const struct letter *l, uint32_t error, uint32_t length)
{
    if (error == RESCIND_NO_ERROR)
        return l->expects == LETTER_ANY || length == l->expects;
    return is_error(error) && length == 0;
}

/* Is it memory that there can be? A name of a kernel that has none may be any. */
static bool can_be_memory(const struct rescind_kernel *k, const struct rescind_letter_mem *mem)
{
    uint64_t all = (uint64_t)(mem->pe == k->pe ? k->pages : PAGES_MAX) * RESCIND_PAGE;

    if (mem->pe >= k->peer_count || mem->real > 1)
        return false;
    return !mem->real || (mem->addr <= all && mem->size <= all - mem->addr);
}

/* Does an answer to DESCRIBE say what there can be? A gate may lead to any endpoint, even to one
 * that no VPE has. */
static bool is_description(const struct rescind_kernel *k, const struct letter *l,
                           const uint8_t *data)
{
    const struct rescind_letter_gate *gate = (const void *)data;

    if (l->args[0] == RESCIND_CAP_GATE || l->args[0] == RESCIND_CAP_VPE)
        return gate->pe < k->peer_count && gate->vpe < RESCIND_VPE_MAX;
    return can_be_memory(k, (const void *)data);
}

static bool can_be_taken(const struct letter *l)
{
    return l->op == RESCIND_LETTER_WAIT || l->op == RESCIND_LETTER_FAULT ||
           l->op == RESCIND_LETTER_VISIT || l->op == RESCIND_LETTER_OPEN;
}

enum remote_sense letter_answer(struct rescind_kernel *k, uint32_t pe,
                                const struct rescind_peer_letter_answer *answer)
{
    struct peer *peer = peer_at(k, pe);
    uint32_t slot = answer->head.slot, vpe = peer->letter_askers[slot];
    struct letter *l;

    if (!(peer->letters_taken & ~peer->letters & 1u << slot))
        return REMOTE_REFUSED;
    l = letter_of(k, vpe);
    if (l->state != LETTER_ASKED)
        return REMOTE_REFUSED; /* the slot has been granted, and not used yet */
    if (answer->error == RESCIND_PEER_TAKEN ? answer->length != 0 || !can_be_taken(l)
                                            : !can_be(l, answer->error, answer->length))
        return REMOTE_REFUSED;
    if (l->op == RESCIND_LETTER_OPEN && answer->error == RESCIND_NO_ERROR)
        return REMOTE_REFUSED; /* that comes with a note */
    if (l->op == RESCIND_LETTER_DESCRIBE && answer->error == RESCIND_NO_ERROR &&
        !is_description(k, l, answer->data))
        return REMOTE_REFUSED;
    if (l->stub != 0 && answer->error == RESCIND_NO_ERROR)
        remote_settle(k, l->stub);
    else if (l->stub != 0)
        remote_unreserve(k, l->stub);
    l->stub = 0;
    if (answer->error == RESCIND_PEER_TAKEN)
        l->state = LETTER_TAKEN;
    else
        tell_call(k, vpe, answer->error, answer->data, answer->length);
    task_wake(k, &peer->letter_line[slot]);
    give_slot_back(k, peer, slot);
    return REMOTE_HEARD;
}

/* Does the call of `vpe` wait for this note? */
static bool awaits(const struct rescind_kernel *k, uint32_t pe, uint32_t vpe, uint32_t serial)
{
    const struct letter *l = letter_of(k, vpe);

    return vpe < k->vpe_count && l->peer == pe && l->serial == serial &&
           (l->state == LETTER_TAKEN || l->state == LETTER_AWAITS);
}

enum remote_sense letter_note(struct rescind_kernel *k, uint32_t pe,
                              const struct rescind_peer_note *note)
{
    uint32_t vpe = note->asker, error = note->error;

    if (vpe >= RESCIND_VPE_MAX || note->reserved != 0 ||
        (!is_error(error) && (note->claim == 0 || error != RESCIND_PEER_BLOCKED)))
        return REMOTE_REFUSED;
    if (!awaits(k, pe, vpe, note->serial)) /* the call has been cancelled */
        return note->claim != 0 ? open_note(k, pe, UINT32_MAX, note, &error) : REMOTE_LATE;
    struct letter *l = letter_of(k, vpe);
    if (!can_be(l, error != RESCIND_PEER_BLOCKED ? error : RESCIND_INV_ARGS, note->length) ||
        (note->claim != 0) != (l->op == RESCIND_LETTER_OPEN) ||
        (l->op == RESCIND_LETTER_VISIT && error == RESCIND_NO_ERROR &&
         !visit_note_is_sound(l, note)))
        return REMOTE_REFUSED;
    if (note->claim != 0 && open_note(k, pe, vpe, note, &error) == REMOTE_REFUSED)
        return REMOTE_REFUSED;
    if (l->state == LETTER_AWAITS) {
        task_leave(k, &peer_at(k, pe)->note_waiters, vpe);
        task_join(k, &k->ready, vpe);
    }
    tell_call(k, vpe, error, note->data, note->length);
    return REMOTE_HEARD;
}

/* ---- Descriptions ------------------------------------------------------------------------- */

_Static_assert(sizeof(struct rescind_letter_gate) == sizeof(struct rescind_letter_mem),
               "one length for both");

enum progress letter_describe(struct rescind_kernel *k, uint32_t vpe, uint32_t cap)
{
    return letter_ask(k, vpe,
                      &(struct letter){
                          .peer = cap_at(k, cap)->home,
                          .pin = cap,
                          .op = RESCIND_LETTER_DESCRIBE,
                          .expects = sizeof(struct rescind_letter_gate),
                          .at = LETTER_ASIDE,
                          .object = cap_at(k, cap)->object,
                          .args = {cap_at(k, cap)->type},
                      });
}

struct described letter_described(struct rescind_kernel *k, uint32_t vpe)
{
    const struct letter *l = letter_of(k, vpe);
    struct described told = {0};
    union {
        struct rescind_letter_gate gate;
        struct rescind_letter_mem mem;
    } said;

    if (!letter_is_out(l))
        return told;
    told.cap = l->pin;
    letter_await(k, vpe);
    if (l->error != RESCIND_NO_ERROR)
        return (struct described){0};
    memcpy(&said, call_buffer(k, vpe) + l->at, sizeof(said));
    if (l->args[0] == RESCIND_CAP_VPE)
        told.life = said.gate.life;
    else if (l->args[0] == RESCIND_CAP_GATE)
        told.gate = (struct gate){
            .pe = said.gate.pe,
            .vpe = said.gate.vpe,
            .life = said.gate.life,
            .ep = said.gate.ep,
            .label = said.gate.label,
            .credits = said.gate.credits,
        };
    else
        told.mem = (struct mem){
            .pe = (uint16_t)said.mem.pe,
            .addr = said.mem.addr,
            .size = said.mem.size,
            .real = said.mem.real != 0,
        };
    return told;
}

static bool names_object(const struct rescind_kernel *k, uint32_t pe,
                         const struct rescind_peer_letter *letter)
{
    uint64_t type = letter->args[0];

    (void)pe;
    if (letter->length == 0 && type == RESCIND_CAP_VPE)
        return letter->object < k->vpe_count;
    return letter->length == 0 && (type == RESCIND_CAP_GATE || type == RESCIND_CAP_MEM) &&
           pool_has(k, letter->object) && cap_at(k, letter->object)->type == cap_types[type]->node;
}

static uint32_t serve_describe(struct rescind_kernel *k, uint32_t pe,
                               const struct rescind_peer_letter *letter, struct letter_reply *reply,
                               uint8_t *data)
{
    const struct gate *gate = gate_at(k, letter->object);
    const struct mem *mem = mem_at(k, letter->object);

    (void)pe;
    reply->length = sizeof(struct rescind_letter_gate);
    if (letter->args[0] == RESCIND_CAP_VPE)
        memcpy(data,
               &(struct rescind_letter_gate){
                   .pe = k->pe, .vpe = letter->object, .life = vpe_at(k, letter->object)->life},
               reply->length);
    else if (letter->args[0] == RESCIND_CAP_GATE)
        memcpy(data,
               &(struct rescind_letter_gate){
                   .pe = gate->pe,
                   .vpe = gate->vpe,
                   .life = gate->life,
                   .ep = gate->ep,
                   .label = gate->label,
                   .credits = gate->credits,
               },
               reply->length);
    else
        memcpy(
            data,
            &(struct rescind_letter_mem){
                .pe = mem->pe, .addr = mem->addr, .size = mem->size, .real = mem_has_pages(k, mem)},
            reply->length);
    return RESCIND_NO_ERROR;
}

/* ---- Answering ---------------------------------------------------------------------------- */

/* What is done about a letter, of each kind. */
struct served_letter {
    /* Can an honest kernel ask that? */
    bool (*is_sound)(const struct rescind_kernel *k, uint32_t pe,
                     const struct rescind_peer_letter *letter);
    /* The answer: an error code, or TAKEN; `reply->length` bytes go to `data`. */
    uint32_t (*serve)(struct rescind_kernel *k, uint32_t pe,
                      const struct rescind_peer_letter *letter, struct letter_reply *reply,
                      uint8_t *data);
};

static bool names_vpe(const struct rescind_kernel *k, uint32_t pe,
                      const struct rescind_peer_letter *letter)
{
    (void)pe;
    return letter->object < k->vpe_count && letter->length == 0;
}

static const struct served_letter served_letters[RESCIND_LETTER_OPS] = {
    [RESCIND_LETTER_START] = {names_vpe, vpectrl_serve_start},
    [RESCIND_LETTER_WAIT] = {names_vpe, vpectrl_serve_wait},
    [RESCIND_LETTER_DESCRIBE] = {names_object, serve_describe},
    [RESCIND_LETTER_READ] = {access_is_sound, access_serve},
    [RESCIND_LETTER_WRITE] = {access_is_sound, access_serve},
    [RESCIND_LETTER_FAULT] = {fault_is_sound, fault_serve},
    [RESCIND_LETTER_OPEN] = {open_is_sound, open_serve},
    [RESCIND_LETTER_VISIT] = {visit_is_sound, visit_serve},
    [RESCIND_LETTER_SEND] = {send_is_sound, send_serve},
    [RESCIND_LETTER_REPLY] = {reply_is_sound, reply_serve},
};

enum remote_sense letter_hear(struct rescind_kernel *k, uint32_t pe,
                              const struct rescind_peer_letter *letter)
{
    struct peer *peer = peer_at(k, pe);
    uint32_t slot = letter->head.slot;
    struct letter_reply *reply = &peer->replies[slot];

    if ((peer->letter_answers & 1u << slot) || letter->asker >= RESCIND_VPE_MAX ||
        letter->op >= RESCIND_LETTER_OPS || !served_letters[letter->op].is_sound(k, pe, letter))
        return REMOTE_REFUSED;
    reply->length = 0;
    reply->error = served_letters[letter->op].serve(k, pe, letter, reply, peer_reply(k, pe, slot));
    peer->letter_answers |= (uint8_t)(1u << slot);
    peer_talk(k, pe);
    return REMOTE_HEARD;
}

size_t letter_write_answer(struct rescind_kernel *k, uint32_t pe, uint32_t slot, uint8_t *out,
                           size_t room)
{
    const struct letter_reply *reply = &peer_at(k, pe)->replies[slot];
    struct rescind_peer_letter_answer record = {
        .head = {.kind = RESCIND_PEER_LETTER_ANSWER,
                 .slot = (uint8_t)slot,
                 .size = (uint16_t)(sizeof(record) + padded(reply->length))},
        .error = reply->error,
        .length = reply->length,
    };

    if (record.head.size > room)
        return 0;
    memset(out, 0, record.head.size);
    memcpy(out, &record, sizeof(record));
    memcpy(out + sizeof(record), peer_reply(k, pe, slot), reply->length);
    return record.head.size;
}

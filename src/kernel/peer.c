/* What kernels say to each other: messages out of what there is to tell, and messages into what
 * they ask for. The protocol is rescind/peer.h's; what a record does is in cap/remote.c
 * (revocation), syscall/across.c and syscall/serve.c (EXCHANGE). */
#include "rescind/peer.h"

#include "rescind/kernel.h"
#include "cap/create.h"
#include "cap/peer.h"
#include "cap/remote.h"
#include "syscall/across.h"
#include "syscall/serve.h"

int32_t rescind_kernel_tell_first(const struct rescind_kernel *k)
{
    return (int32_t)k->talking - 1;
}

int32_t rescind_kernel_tell_after(const struct rescind_kernel *k, uint32_t pe)
{
    uint32_t next = peer_at(k, pe)->next;

    return next == k->talking ? -1 : (int32_t)next - 1;
}

struct rescind_kernel_peer rescind_kernel_peer(const struct rescind_kernel *k, uint32_t pe)
{
    return peer_at(k, pe)->count;
}

void rescind_kernel_starve(struct rescind_kernel *k, uint32_t left)
{
    k->pool.fuse = left;
}

/* ---- Telling ------------------------------------------------------------------------------ */

/* A message in the making. */
struct writer {
    uint8_t *out;
    uint32_t size, records;
};

static size_t room(const struct writer *w)
{
    return RESCIND_PEER_MSG_MAX - w->size;
}

static bool put(struct writer *w, const void *record, size_t size)
{
    if (size > room(w))
        return false;
    memcpy(w->out + w->size, record, size);
    w->size += (uint32_t)size;
    w->records++;
    return true;
}

typedef size_t slot_writer(struct rescind_kernel *k, uint32_t pe, uint32_t slot, uint8_t *out,
                           size_t room);

/* The records of all slots in `bits`; false: they don't all fit. */
static bool put_slots(struct rescind_kernel *k, uint32_t pe, uint8_t *bits, slot_writer *write,
                      struct writer *w)
{
    for (uint32_t slot = 0; slot < TASK_EXCHANGES; slot++) {
        if (!(*bits & 1u << slot))
            continue;
        size_t size = write(k, pe, slot, w->out + w->size, room(w));
        if (size == 0)
            return false;
        w->size += (uint32_t)size;
        w->records++;
        *bits &= (uint8_t) ~(1u << slot);
    }
    return true;
}

/* MARKED and UNLINK; a tomb has served its purpose then. */
static bool put_up(struct rescind_kernel *k, struct peer *peer, struct writer *w)
{
    while (peer->up != 0) {
        uint32_t index = peer->up;
        struct cap *cap = cap_at(k, index);
        struct rescind_peer_record record = {
            .kind = cap->type == CAP_TOMB ? RESCIND_PEER_UNLINK : RESCIND_PEER_MARKED,
            .size = sizeof(record),
            .stub = cap->parent,
        };
        if (!put(w, &record, sizeof(record)))
            return false;
        peer_told(k, index);
        if (cap->type == CAP_TOMB)
            pool_give(k, index);
    }
    return true;
}

/* MARK and SWEEP. */
static bool put_down(struct rescind_kernel *k, struct peer *peer, struct writer *w)
{
    while (peer->down != 0) {
        uint32_t index = peer->down;
        const struct cap *stub = cap_at(k, index);
        struct rescind_peer_order order = {
            .head = {.kind = stub->flags & CAP_ENTERED ? RESCIND_PEER_SWEEP : RESCIND_PEER_MARK,
                     .size = sizeof(order),
                     .stub = index},
            .key = remote_key(stub),
        };
        if (!put(w, &order, sizeof(order)))
            return false;
        peer_told(k, index);
    }
    return true;
}

static size_t write_free(struct rescind_kernel *k, uint32_t pe, uint32_t slot, uint8_t *out,
                         size_t room)
{
    struct rescind_peer_record record = {
        .kind = RESCIND_PEER_FREE, .slot = (uint8_t)slot, .size = sizeof(record)};

    (void)k;
    (void)pe;
    if (sizeof(record) > room)
        return 0;
    memcpy(out, &record, sizeof(record));
    return sizeof(record);
}

size_t rescind_kernel_tell(struct rescind_kernel *k, uint32_t pe, void *message)
{
    struct peer *peer = peer_at(k, pe);
    struct writer w = {.out = message, .size = sizeof(struct rescind_peer_message)};
    struct rescind_peer_message head = {.sender = k->pe};

    /* In this order, each only when there is no more of the one before: see peer.h. */
    if (put_slots(k, pe, &peer->answers, serve_write, &w) && put_up(k, peer, &w) &&
        put_down(k, peer, &w) && put_slots(k, pe, &peer->asks, across_write, &w))
        put_slots(k, pe, &peer->frees, write_free, &w);
    peer_hush(k, pe);
    if (w.records == 0)
        return 0;
    peer->count.told++;
    head.records = (uint16_t)w.records;
    head.size = w.size;
    memcpy(w.out, &head, sizeof(head));
    return w.size;
}

/* ---- Hearing ------------------------------------------------------------------------------ */

/* A message, where the records can be read in place: aligned, and nobody else writes to it. */
struct heard {
    _Alignas(8) uint8_t bytes[RESCIND_PEER_MSG_MAX];
};

static bool slot_is_sound(const struct rescind_peer_record *record)
{
    return record->stub == 0 && record->slot < TASK_EXCHANGES;
}

/* Is this the layout of some record? What it says is judged when it is heard. */
static bool record_is_sound(const struct rescind_peer_record *record, size_t left)
{
    const struct rescind_peer_ask *ask = (const void *)record;
    const struct rescind_peer_answer *answer = (const void *)record;

    if (left < sizeof(*record) || record->size > left)
        return false;
    switch (record->kind) {
    case RESCIND_PEER_MARKED:
    case RESCIND_PEER_UNLINK:
        return record->size == sizeof(*record) && record->slot == 0;
    case RESCIND_PEER_MARK:
    case RESCIND_PEER_SWEEP:
        return record->size == sizeof(struct rescind_peer_order) && record->slot == 0;
    case RESCIND_PEER_FREE:
        return record->size == sizeof(*record) && slot_is_sound(record);
    case RESCIND_PEER_ASK:
        return record->size >= sizeof(*ask) && slot_is_sound(record) &&
               record->size == sizeof(*ask) + ask->given * sizeof(ask->caps[0]);
    case RESCIND_PEER_ANSWER:
        return record->size >= sizeof(*answer) && slot_is_sound(record) &&
               (answer->reserved[0] | answer->reserved[1] | answer->reserved[2]) == 0 &&
               record->size == sizeof(*answer) + answer->given * sizeof(answer->caps[0]);
    default:
        return false;
    }
}

static bool message_is_sound(const struct heard *heard, size_t size, uint32_t pe)
{
    const struct rescind_peer_message *head = (const void *)heard->bytes;
    size_t at = sizeof(*head);

    if (size < sizeof(*head) || head->sender != pe || head->size != size || head->records == 0)
        return false;
    for (uint32_t i = 0; i < head->records; i++) {
        const struct rescind_peer_record *record = (const void *)(heard->bytes + at);
        if (!record_is_sound(record, size - at))
            return false;
        at += record->size;
    }
    return at == size;
}

static enum remote_sense hear_record(struct rescind_kernel *k, uint32_t pe,
                                     const struct rescind_peer_record *record)
{
    const struct rescind_peer_order *order = (const void *)record;

    switch (record->kind) {
    case RESCIND_PEER_ANSWER:
        return across_answer(k, pe, (const void *)record);
    case RESCIND_PEER_MARKED:
        return remote_marked(k, pe, record->stub);
    case RESCIND_PEER_UNLINK:
        return remote_unlink(k, pe, record->stub);
    case RESCIND_PEER_MARK:
        return remote_mark(k, pe, record->stub, order->key);
    case RESCIND_PEER_SWEEP:
        return remote_sweep(k, pe, record->stub, order->key);
    case RESCIND_PEER_ASK:
        return serve_ask(k, pe, (const void *)record);
    default:
        return across_free(k, pe, record->slot);
    }
}

void rescind_kernel_hear(struct rescind_kernel *k, uint32_t pe, const void *message, size_t size)
{
    struct peer *peer;
    struct heard heard;
    size_t at = sizeof(struct rescind_peer_message);

    outbox_clear(&k->outbox);
    if (pe >= k->peer_count)
        return;
    peer = peer_at(k, pe);
    peer->count.heard++;
    if (size <= sizeof(heard.bytes))
        memcpy(heard.bytes, message, size);
    if (size > sizeof(heard.bytes) || pe == k->pe || !message_is_sound(&heard, size, pe)) {
        peer->count.refused++;
        return;
    }
    while (at < size) {
        const struct rescind_peer_record *record = (const void *)(heard.bytes + at);
        enum remote_sense sense = hear_record(k, pe, record);
        peer->count.late += sense == REMOTE_LATE;
        peer->count.refused += sense == REMOTE_REFUSED;
        at += record->size;
    }
}

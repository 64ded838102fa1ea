/* What kernels say to each other: messages out of what there is to tell, and messages into what
 * they ask for. The protocol is rescind/peer.h's; what a record does is in cap/remote.c
 * (revocation), syscall/across.c and syscall/serve.c (EXCHANGE), and syscall/letter.c (the rest).
 */
#include "rescind/peer.h"

#include "rescind/kernel.h"
#include "cap/create.h"
#include "cap/peer.h"
#include "cap/remote.h"
#include "object/note.h"
#include "syscall/across.h"
#include "syscall/letter.h"
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
    pool_starve(k, left);
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

/* The record of the slot, if its bit is set and there is room. */
static void put_slot(struct rescind_kernel *k, uint32_t pe, uint8_t *bits, uint32_t slot,
                     slot_writer *write, struct writer *w)
{
    size_t size = 0;

    if (*bits & 1u << slot)
        size = write(k, pe, slot, w->out + w->size, room(w));
    if (size == 0)
        return;
    w->size += (uint32_t)size;
    w->records++;
    *bits &= (uint8_t) ~(1u << slot);
}

/* The records of the slots in `bits` that there is room for, beginning with slot `first`. */
static void put_slots(struct rescind_kernel *k, uint32_t pe, uint8_t *bits, uint32_t first,
                      slot_writer *write, struct writer *w)
{
    for (uint32_t i = 0; i < TASK_EXCHANGES && *bits != 0; i++)
        put_slot(k, pe, bits, (first + i) % TASK_EXCHANGES, write, w);
}

/* MARKED and UNLINK; a tomb has served its purpose then. */
static void put_up(struct rescind_kernel *k, struct peer *peer, struct writer *w)
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
            return;
        peer_told(k, index);
        if (cap->type == CAP_TOMB)
            pool_give(k, index);
    }
}

/* MARK and SWEEP. */
static void put_down(struct rescind_kernel *k, struct peer *peer, struct writer *w)
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
            return;
        peer_told(k, index);
    }
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

enum {
    ANSWER_MAX =
        sizeof(struct rescind_peer_answer) + RESCIND_PEER_CHUNK * sizeof(struct rescind_peer_cap),
    ASK_MAX =
        sizeof(struct rescind_peer_ask) + RESCIND_PEER_CHUNK * sizeof(struct rescind_peer_cap),
};
_Static_assert(sizeof(struct rescind_peer_message) + TASK_EXCHANGES * ANSWER_MAX + ASK_MAX <=
                   RESCIND_PEER_MSG_MAX,
               "all answers fit, and then one record of any kind");

/* The kinds of records that take turns. */
enum turn { TURN_UP, TURN_DOWN, TURN_ASK, TURN_FREE, TURNS };

static void put_kind(struct rescind_kernel *k, uint32_t pe, enum turn turn, struct writer *w)
{
    struct peer *peer = peer_at(k, pe);
    uint32_t first = peer->turn / TURNS % TASK_EXCHANGES;

    switch (turn) {
    case TURN_UP:
        put_up(k, peer, w);
        break;
    case TURN_DOWN:
        put_down(k, peer, w);
        break;
    case TURN_ASK:
        put_slots(k, pe, &peer->asks, first, across_write, w);
        break;
    default:
        put_slots(k, pe, &peer->frees, first, write_free, w);
        break;
    }
}

static void put_records(struct rescind_kernel *k, uint32_t pe, struct writer *w)
{
    struct peer *peer = peer_at(k, pe);

    /* All answers first: nothing may come before the one that its link depends on. */
    put_slots(k, pe, &peer->answers, 0, serve_write, w);
    KERNEL_ASSERT(peer->answers == 0);
    for (uint32_t i = 0; i < TURNS; i++)
        put_kind(k, pe, (enum turn)((peer->turn + i) % TURNS), w);
    if (peer_has_records(peer)) /* something had no room: another kind goes first then */
        peer->turn = (uint8_t)((peer->turn + 1) % (TURNS * TASK_EXCHANGES));
}

/* ---- Letters ------------------------------------------------------------------------------ */

_Static_assert(sizeof(struct rescind_peer_message) + sizeof(struct rescind_peer_letter) +
                       RESCIND_DATA_MAX <=
                   RESCIND_PEER_MSG_MAX,
               "a letter fits; its answer, and a note, are smaller");
_Static_assert(sizeof(struct rescind_peer_message) + 2 * sizeof(struct rescind_peer_letter_answer) +
                       RESCIND_DATA_MAX <=
                   RESCIND_PEER_MSG_MAX,
               "and so do two answers of which one has no data");

/* A NOTE comes behind the answer that says that it will. For those that still have to be told there
 * is room. */
static void put_notes(struct rescind_kernel *k, uint32_t pe, struct writer *w)
{
    struct peer *peer = peer_at(k, pe);
    size_t size = 1;

    for (uint32_t slot = 0; slot < RESCIND_PEER_LETTERS; slot++) {
        if (!(peer->letter_answers & 1u << slot) || peer->replies[slot].error != RESCIND_PEER_TAKEN)
            continue;
        put_slot(k, pe, &peer->letter_answers, slot, letter_write_answer, w);
        if (peer->letter_answers & 1u << slot)
            return;
    }
    while (peer->notes != 0 && size != 0) {
        size = note_write(k, pe, w->out + w->size, room(w));
        w->size += (uint32_t)size;
        w->records += size != 0;
    }
}

/* Each letter, each answer and all notes take turns in coming first, so that each has room. */
static void put_letters(struct rescind_kernel *k, uint32_t pe, struct writer *w)
{
    enum { ONES = 2 * RESCIND_PEER_LETTERS + 1 };
    struct peer *peer = peer_at(k, pe);

    /* Where an answer brings a link, both have room: that one has no data. */
    if (peer->letters_first)
        peer->letter_turn = 0;
    peer->letters_first = false;
    for (uint32_t i = 0; i < ONES; i++) {
        uint32_t turn = (peer->letter_turn + i) % ONES;
        if (turn < RESCIND_PEER_LETTERS)
            put_slot(k, pe, &peer->letter_answers, turn, letter_write_answer, w);
        else if (turn < 2 * RESCIND_PEER_LETTERS)
            put_slot(k, pe, &peer->letters, turn - RESCIND_PEER_LETTERS, letter_write, w);
        else
            put_notes(k, pe, w);
    }
    if (peer_has_letters(peer))
        peer->letter_turn = (uint8_t)((peer->letter_turn + 1) % ONES);
}

size_t rescind_kernel_tell(struct rescind_kernel *k, uint32_t pe, void *message)
{
    struct peer *peer = peer_at(k, pe);
    struct writer w = {.out = message, .size = sizeof(struct rescind_peer_message)};
    struct rescind_peer_message head = {.sender = k->pe};

    /* Messages of letters and of the rest take turns, but for the answer that brings a link. */
    if (peer_has_letters(peer) &&
        (peer->letters_next || peer->letters_first || !peer_has_records(peer))) {
        put_letters(k, pe, &w);
        peer->letters_next = false;
    } else {
        put_records(k, pe, &w);
        peer->letters_next = peer_has_letters(peer);
    }
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

/* Is `length` how many bytes of data follow a record's own `size`? */
static bool data_is_sound(const struct rescind_peer_record *record, size_t size, uint32_t length,
                          uint32_t most)
{
    return length <= most && record->stub == 0 && record->size == size + ((length + 7u) & ~7u);
}

static bool letter_is_sound(const struct rescind_peer_record *record)
{
    const struct rescind_peer_letter *letter = (const void *)record;
    const struct rescind_peer_letter_answer *answer = (const void *)record;
    const struct rescind_peer_note *note = (const void *)record;

    if (record->slot >= RESCIND_PEER_LETTERS)
        return false;
    switch (record->kind) {
    case RESCIND_PEER_LETTER:
        return record->size >= sizeof(*letter) &&
               data_is_sound(record, sizeof(*letter), letter->length, RESCIND_DATA_MAX);
    case RESCIND_PEER_LETTER_ANSWER:
        return record->size >= sizeof(*answer) &&
               data_is_sound(record, sizeof(*answer), answer->length, RESCIND_DATA_MAX);
    default:
        return record->size >= sizeof(*note) && record->slot == 0 &&
               data_is_sound(record, sizeof(*note), note->length, RESCIND_PEER_NOTE_MAX);
    }
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
    case RESCIND_PEER_LETTER:
    case RESCIND_PEER_LETTER_ANSWER:
    case RESCIND_PEER_NOTE:
        return letter_is_sound(record);
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
    case RESCIND_PEER_LETTER:
        return letter_hear(k, pe, (const void *)record);
    case RESCIND_PEER_LETTER_ANSWER:
        return letter_answer(k, pe, (const void *)record);
    case RESCIND_PEER_NOTE:
        return letter_note(k, pe, (const void *)record);
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

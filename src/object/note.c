/* Notes; see note.h. */
#include "object/note.h"

#include "cap/peer.h"

/* The rest of a note's data. */
struct note_more {
    struct object object;
    uint8_t data[POOL_NODE_SIZE - sizeof(struct object)];
};

enum {
    HERE = sizeof(((struct note *)0)->data),
    THERE = sizeof(((struct note_more *)0)->data),
};
_Static_assert(HERE + THERE >= RESCIND_PEER_NOTE_MAX, "a note's data fits two nodes");

uint32_t note_create(struct rescind_kernel *k, uint32_t pe, uint32_t asker, uint32_t serial,
                     bool large)
{
    uint32_t index, more = 0;

    if (account_left(k, ACCOUNT_KERNEL) < (large ? 2 : 1))
        return 0;
    index = account_take_one(k, OBJECT_NOTE, ACCOUNT_KERNEL);
    if (large)
        more = account_take_one(k, OBJECT_NOTE, ACCOUNT_KERNEL);
    *note_at(k, index) = (struct note){
        .object = {.type = OBJECT_NOTE, .account = ACCOUNT_KERNEL},
        .pe = (uint16_t)pe,
        .asker = (uint16_t)asker,
        .serial = serial,
        .more = more,
    };
    return index;
}

/* Where byte `at` of a note's data lies. */
static uint8_t *byte_at(const struct rescind_kernel *k, uint32_t index, size_t at)
{
    struct note *note = note_at(k, index);
    struct note_more *more = pool_node(k, note->more);

    KERNEL_ASSERT(at < HERE || (note->more != 0 && at < HERE + THERE));
    return at < HERE ? &note->data[at] : &more->data[at - HERE];
}

void note_put(struct rescind_kernel *k, uint32_t note, size_t at, const void *data, size_t size)
{
    for (size_t i = 0; i < size; i++)
        *byte_at(k, note, at + i) = ((const uint8_t *)data)[i];
}

void note_get(const struct rescind_kernel *k, uint32_t note, size_t at, void *out, size_t size)
{
    for (size_t i = 0; i < size; i++)
        ((uint8_t *)out)[i] = *byte_at(k, note, at + i);
}

void note_tell(struct rescind_kernel *k, uint32_t index, uint32_t error, size_t length)
{
    struct note *note = note_at(k, index);
    struct peer *peer = peer_at(k, note->pe);

    note->error = error;
    note->length = (uint8_t)length;
    note->next = 0;
    if (peer->notes == 0)
        peer->notes = index;
    else
        note_at(k, peer->notes_last)->next = index;
    peer->notes_last = index;
    peer_talk(k, note->pe);
}

void note_give(struct rescind_kernel *k, uint32_t index)
{
    uint32_t more = note_at(k, index)->more;

    if (more != 0)
        pool_give(k, more);
    pool_give(k, index);
}

/* The stub that it has told of may be told of from now on. */
static void tell_link(struct rescind_kernel *k, uint32_t index)
{
    uint32_t stub;

    note_get(k, index, 0, &stub, sizeof(stub));
    peer_link_told(k, stub);
}

size_t note_write(struct rescind_kernel *k, uint32_t pe, uint8_t *out, size_t room)
{
    struct peer *peer = peer_at(k, pe);
    uint32_t index = peer->notes;
    const struct note *note = note_at(k, index);
    struct rescind_peer_note record = {
        .head = {.kind = RESCIND_PEER_NOTE,
                 .size = (uint16_t)(sizeof(record) + ((note->length + 7u) & ~7u))},
        .asker = note->asker,
        .serial = note->serial,
        .error = note->error,
        .claim = note->claim,
        .length = note->length,
    };

    if (record.head.size > room)
        return 0;
    memset(out, 0, record.head.size);
    memcpy(out, &record, sizeof(record));
    note_get(k, index, 0, out + sizeof(record), note->length);
    if (note->links)
        tell_link(k, index);
    peer->notes = note->next;
    note_give(k, index);
    return record.head.size;
}

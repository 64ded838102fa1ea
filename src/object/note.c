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

void note_tell(struct rescind_kernel *k, uint32_t index, uint32_t error, const void *data,
               size_t length)
{
    struct note *note = note_at(k, index);
    struct peer *peer = peer_at(k, note->pe);
    size_t here = length < HERE ? length : HERE;
    struct note_more *more = pool_node(k, note->more);

    KERNEL_ASSERT(length <= HERE || (note->more != 0 && length <= HERE + THERE));
    note->error = error;
    note->length = (uint16_t)length;
    if (here > 0)
        memcpy(note->data, data, here);
    if (length > here)
        memcpy(more->data, (const uint8_t *)data + here, length - here);
    note->next = 0;
    if (peer->notes == 0)
        peer->notes = index;
    else
        note_at(k, peer->notes_last)->next = index;
    peer->notes_last = index;
    peer_talk(k, note->pe);
}

size_t note_write(struct rescind_kernel *k, uint32_t pe, uint8_t *out, size_t room)
{
    struct peer *peer = peer_at(k, pe);
    uint32_t index = peer->notes;
    const struct note *note = note_at(k, index);
    const struct note_more *more = pool_node(k, note->more);
    size_t here = note->length < HERE ? note->length : HERE;
    struct rescind_peer_note record = {
        .head = {.kind = RESCIND_PEER_NOTE,
                 .size = (uint16_t)(sizeof(record) + ((note->length + 7u) & ~7u))},
        .asker = note->asker,
        .serial = note->serial,
        .error = note->error,
        .length = note->length,
    };

    if (record.head.size > room)
        return 0;
    memset(out, 0, record.head.size);
    memcpy(out, &record, sizeof(record));
    memcpy(out + sizeof(record), note->data, here);
    memcpy(out + sizeof(record) + here, more->data, note->length - here);
    peer->notes = note->next;
    if (note->more != 0)
        pool_give(k, note->more);
    pool_give(k, index);
    return record.head.size;
}

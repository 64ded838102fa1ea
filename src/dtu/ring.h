/* Message rings of the DTU: single producer, single consumer, in memory that both sides map.
 *
 * The other side may write anything at any time, also while this side reads. So the
 * geometry is a constant, never taken from the ring; the two indices are checked before use; and
 * a message is copied out before anybody looks at it. The layout is abi.h's, byte for byte.
 * Used by the kernel, by programs (src/user/call.c) and, on the PC, between kernels.
 * Cost: one message copied.
 */
#ifndef RESCIND_DTU_RING_H
#define RESCIND_DTU_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rescind/abi.h"
#include "rescind/platform.h"

/* Bytes of a default ring, control block and slots. */
#define RING_BYTES (sizeof(struct rescind_ring) + RESCIND_RING_SLOTS * RESCIND_RING_SLOT_SIZE)

struct ring_message {
    struct rescind_header header;
    uint8_t payload[RESCIND_PAYLOAD_MAX];
};
_Static_assert(sizeof(struct ring_message) == RESCIND_MSG_MAX, "a message fills a slot");

enum ring_state { RING_EMPTY, RING_MESSAGE, RING_FULL, RING_BROKEN };

/* Makes `ring`, RING_BYTES of memory, an empty default ring in state ACTIVE. */
void ring_init(struct rescind_ring *ring);

/* No message gets in or out any more. */
void ring_terminate(struct rescind_ring *ring);

/* ---- The two ends of a ring, inline, for whoever puts a message together in its slot, or wants no
 * copy of what it does not need. `ring` is 8-aligned. --------------------------------------------
 */

/* Two fields of the control block, which are read at once. */
typedef uint64_t __attribute__((may_alias)) ring_pair;

#define RING_PAIR(low, high) ((uint64_t)(high) << 32 | (low))

/* They are compared with a constant, so that it does not matter when the other side writes there.
 */
static inline bool ring_has_pair(const struct rescind_ring *ring, size_t offset, uint64_t pair)
{
    return *(const ring_pair *)(const void *)((const char *)ring + offset) == pair;
}

/* What the ring's indices say, read once and in order with the slots. RING_FULL holds messages,
 * too; RING_BROKEN: the control block is not one that a well-behaved other side leaves. */
static inline enum ring_state ring_look_at(const struct rescind_ring *ring, uint32_t *head,
                                           uint32_t *tail)
{
    const uint32_t mask = RESCIND_RING_SLOTS - 1;
    ring_pair indices =
        __atomic_load_n((const ring_pair *)(const void *)&ring->head, __ATOMIC_ACQUIRE);

    *head = (uint32_t)indices;
    *tail = (uint32_t)(indices >> 32);
    if ((indices & ~RING_PAIR(mask, mask)) != 0 ||
        !ring_has_pair(ring, offsetof(struct rescind_ring, slot_count),
                       RING_PAIR(RESCIND_RING_SLOTS, RESCIND_RING_SLOT_SIZE)) ||
        !ring_has_pair(ring, offsetof(struct rescind_ring, slot_mask),
                       RING_PAIR(mask, RESCIND_RING_ACTIVE)))
        return RING_BROKEN;
    if (*head == *tail)
        return RING_EMPTY;
    return ((*head + 1) & mask) == *tail ? RING_FULL : RING_MESSAGE;
}

static inline enum ring_state ring_look(const struct rescind_ring *ring)
{
    uint32_t head, tail;

    return ring_look_at(ring, &head, &tail);
}

/* A slot of the ring, and the index that says that it has been dealt with. */
struct ring_place {
    struct rescind_header *header; /* the payload lies behind it */
    uint32_t next;
};

static inline struct ring_place ring_place(const struct rescind_ring *ring, uint32_t index)
{
    uintptr_t slots = (uintptr_t)ring->slots;

    return (struct ring_place){
        .header = (struct rescind_header *)(slots + (size_t)index * RESCIND_RING_SLOT_SIZE),
        .next = (index + 1) & (RESCIND_RING_SLOTS - 1),
    };
}

/* The producer's end: where the next message goes, unless the ring is RING_FULL or RING_BROKEN; and
 * the message there is complete. */
static inline enum ring_state ring_room(const struct rescind_ring *ring, struct ring_place *place)
{
    uint32_t head, tail;
    enum ring_state state = ring_look_at(ring, &head, &tail);

    *place = ring_place(ring, head);
    return state;
}

/* Why there is no room, by what ring_room() has said. */
enum rescind_error ring_refusal(const struct rescind_ring *ring, enum ring_state state);

static inline void ring_put(struct rescind_ring *ring, const struct ring_place *place)
{
    __atomic_store_n(&ring->head, place->next, __ATOMIC_RELEASE);
}

/* The consumer's end: where the oldest message lies, if there is one (RING_MESSAGE, also of a full
 * ring); and all that is wanted of it has been copied out: before this it may change at any time.
 */
static inline enum ring_state ring_front(const struct rescind_ring *ring, struct ring_place *place)
{
    uint32_t head, tail;
    enum ring_state state = ring_look_at(ring, &head, &tail);

    *place = ring_place(ring, tail);
    return state == RING_FULL ? RING_MESSAGE : state;
}

static inline void ring_drop(struct rescind_ring *ring, const struct ring_place *place)
{
    __atomic_store_n(&ring->tail, place->next, __ATOMIC_RELEASE);
}

/* Most messages are a few words long: no call, then (not even where the compiler may not know what
 * memcpy() does), and from the end, which takes the fewest registers. */
typedef uint64_t __attribute__((aligned(1), may_alias)) ring_word;

static inline void ring_copy(void *to, const void *from, size_t size)
{
    size_t at = size & ~(size_t)7;

    for (size_t i = at; i < size; i++)
        ((uint8_t *)to)[i] = ((const uint8_t *)from)[i];
    while (at > 0) {
        at -= 8;
        *(ring_word *)((uint8_t *)to + at) = *(const ring_word *)((const uint8_t *)from + at);
    }
}

/* Copies the oldest message out and frees its slot, as ring_fetch(). */
static inline enum ring_state ring_take(struct rescind_ring *ring, struct rescind_header *header,
                                        uint8_t payload[RESCIND_PAYLOAD_MAX])
{
    struct ring_place place;
    enum ring_state state = ring_front(ring, &place);

    if (state != RING_MESSAGE)
        return state;
    *header = *place.header;
    /* Nothing of a message that lies about its length is read. */
    ring_copy(payload, place.header + 1,
              header->length <= RESCIND_PAYLOAD_MAX ? header->length : 0);
    ring_drop(ring, &place);
    return RING_MESSAGE;
}

/* ---- With a call --------------------------------------------------------------------------- */

/* Puts a message of header->length payload bytes into the ring. NO_RING_SPACE: it is full;
 * INV_ARGS: the message is too large, or the ring's indices make no sense; RECV_GONE: it is
 * terminated, or never was configured. */
enum rescind_error ring_send(struct rescind_ring *ring, const struct rescind_header *header,
                             const void *payload);

/* Copies the oldest message out and frees its slot. RING_MESSAGE: done; RING_BROKEN: the control
 * block makes no sense. A header->length past the slot is kept as it stands: the caller checks it.
 */
enum ring_state ring_fetch(struct rescind_ring *ring, struct ring_message *out);

#endif

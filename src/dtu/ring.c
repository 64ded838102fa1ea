/* Message rings; see ring.h. */
#include "dtu/ring.h"

#include "rescind/platform.h"

void ring_init(struct rescind_ring *ring)
{
    memset(ring, 0, RING_BYTES);
    ring->slot_count = RESCIND_RING_SLOTS;
    ring->slot_size = RESCIND_RING_SLOT_SIZE;
    ring->slot_mask = RESCIND_RING_SLOTS - 1;
    __atomic_store_n(&ring->state, RESCIND_RING_ACTIVE, __ATOMIC_RELEASE);
}

void ring_terminate(struct rescind_ring *ring)
{
    __atomic_store_n(&ring->state, RESCIND_RING_TERMINATED, __ATOMIC_RELEASE);
}

enum rescind_error ring_refusal(const struct rescind_ring *ring, enum ring_state state)
{
    if (state == RING_FULL)
        return RESCIND_NO_RING_SPACE;
    return __atomic_load_n(&ring->state, __ATOMIC_ACQUIRE) == RESCIND_RING_ACTIVE
               ? RESCIND_INV_ARGS
               : RESCIND_RECV_GONE;
}

enum rescind_error ring_send(struct rescind_ring *ring, const struct rescind_header *header,
                             const void *payload)
{
    struct ring_place place;
    enum ring_state state;

    if (header->length > RESCIND_PAYLOAD_MAX)
        return RESCIND_INV_ARGS;
    state = ring_room(ring, &place);
    if (state == RING_FULL || state == RING_BROKEN)
        return ring_refusal(ring, state);
    *place.header = *header;
    ring_copy(place.header + 1, payload, header->length);
    ring_put(ring, &place);
    return RESCIND_NO_ERROR;
}

enum ring_state ring_fetch(struct rescind_ring *ring, struct ring_message *out)
{
    return ring_take(ring, &out->header, out->payload);
}

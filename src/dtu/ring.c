/* Message rings; see ring.h. */
#include "dtu/ring.h"

#include "rescind/platform.h"

enum { MASK = RESCIND_RING_SLOTS - 1 };

/* The other side may run on another processor: an index is read and written once, and in order
 * with the slot it speaks of. */
static uint32_t load(const uint32_t *index)
{
    return __atomic_load_n(index, __ATOMIC_ACQUIRE);
}

static void store(uint32_t *index, uint32_t value)
{
    __atomic_store_n(index, value, __ATOMIC_RELEASE);
}

static uint8_t *slot(struct rescind_ring *ring, uint32_t index)
{
    return ring->slots + (size_t)(index & MASK) * RESCIND_RING_SLOT_SIZE;
}

void ring_init(struct rescind_ring *ring)
{
    memset(ring, 0, RING_BYTES);
    ring->slot_count = RESCIND_RING_SLOTS;
    ring->slot_size = RESCIND_RING_SLOT_SIZE;
    ring->slot_mask = MASK;
    store(&ring->state, RESCIND_RING_ACTIVE);
}

void ring_terminate(struct rescind_ring *ring)
{
    store(&ring->state, RESCIND_RING_TERMINATED);
}

enum ring_state ring_look(const struct rescind_ring *ring)
{
    uint32_t head = load(&ring->head), tail = load(&ring->tail);

    if (head > MASK || tail > MASK || load(&ring->slot_count) != RESCIND_RING_SLOTS ||
        load(&ring->slot_size) != RESCIND_RING_SLOT_SIZE || load(&ring->slot_mask) != MASK ||
        load(&ring->state) != RESCIND_RING_ACTIVE)
        return RING_BROKEN;
    if (head == tail)
        return RING_EMPTY;
    return ((head + 1) & MASK) == tail ? RING_FULL : RING_MESSAGE;
}

enum rescind_error ring_send(struct rescind_ring *ring, const struct rescind_header *header,
                             const void *payload)
{
    uint32_t head = load(&ring->head);

    if (header->length > RESCIND_PAYLOAD_MAX)
        return RESCIND_INV_ARGS;
    if (load(&ring->state) != RESCIND_RING_ACTIVE)
        return RESCIND_RECV_GONE;
    switch (ring_look(ring)) {
    case RING_BROKEN:
        return RESCIND_INV_ARGS;
    case RING_FULL:
        return RESCIND_NO_RING_SPACE;
    default:
        break;
    }
    memcpy(slot(ring, head), header, sizeof(*header));
    memcpy(slot(ring, head) + sizeof(*header), payload, header->length);
    store(&ring->head, (head + 1) & MASK);
    return RESCIND_NO_ERROR;
}

enum ring_state ring_fetch(struct rescind_ring *ring, struct ring_message *out)
{
    enum ring_state state = ring_look(ring);
    uint32_t tail = load(&ring->tail) & MASK;
    size_t length;

    if (state == RING_EMPTY || state == RING_BROKEN)
        return state;
    memcpy(&out->header, slot(ring, tail), sizeof(out->header));
    length = out->header.length;
    if (length > RESCIND_PAYLOAD_MAX)
        length = 0; /* nothing of a message that lies about its length is read */
    memcpy(out->payload, slot(ring, tail) + sizeof(out->header), length);
    store(&ring->tail, (tail + 1) & MASK);
    return RING_MESSAGE;
}

/* Channels between kernels. See channel.h. */
#include "pc99/channel.h"

struct channel {
    _Alignas(64) uint8_t ring[RING_BYTES];
    bool wanted; /* atomic: the producer has found no room since the consumer last looked here */
};
_Static_assert(sizeof(struct channel) <= CHANNEL_BYTES, "a channel fits its memory");
_Static_assert((int)RESCIND_PEER_WINDOW < (int)RESCIND_RING_SLOTS, "the window fits the ring");
_Static_assert(RESCIND_PEER_MSG_MAX <= RESCIND_PAYLOAD_MAX, "a message fits a slot");

static struct rescind_ring *ring_of(struct channel *channel)
{
    return (struct rescind_ring *)(void *)channel->ring;
}

struct channel *channel_init(void *memory)
{
    struct channel *channel = memory;

    ring_init(ring_of(channel));
    channel->wanted = false;
    return channel;
}

/* Messages that are in it. Exact for the consumer; for the producer there may be fewer by now. */
static uint32_t count(struct channel *channel)
{
    const struct rescind_ring *ring = ring_of(channel);

    return (__atomic_load_n(&ring->head, __ATOMIC_ACQUIRE) -
            __atomic_load_n(&ring->tail, __ATOMIC_ACQUIRE)) &
           (RESCIND_RING_SLOTS - 1);
}

/* Both sides write one word and then read the other's: with a fence between the two, one of them
 * at least sees what the other has written. So the producer finds room on its second look, or the
 * consumer finds that it is wanted. */
bool channel_has_room(struct channel *channel)
{
    if (count(channel) < RESCIND_PEER_WINDOW) {
        return true;
    }
    __atomic_store_n(&channel->wanted, true, __ATOMIC_RELAXED);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    return count(channel) < RESCIND_PEER_WINDOW;
}

bool channel_put(struct channel *channel, uint16_t from, const void *message, size_t size)
{
    const struct rescind_header header = {.sender_pe = from, .length = (uint16_t)size};

    return ring_send(ring_of(channel), &header, message) == RESCIND_NO_ERROR;
}

bool channel_take(struct channel *channel, struct ring_message *out, bool *call)
{
    *call = false;
    if (ring_fetch(ring_of(channel), out) != RING_MESSAGE) {
        return false;
    }
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    if (__atomic_load_n(&channel->wanted, __ATOMIC_RELAXED)) {
        *call = __atomic_exchange_n(&channel->wanted, false, __ATOMIC_RELAXED);
    }
    return true;
}

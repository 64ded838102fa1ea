/* Channels between kernels: from each to each other one, in order, without loss, and of
 * RESCIND_PEER_WINDOW messages at most. One comes into being when it is first used, so that a
 * machine of many kernels takes memory for the pairs that talk. Used by the machine alone.
 */
#ifndef RESCIND_SIM_CHANNEL_H
#define RESCIND_SIM_CHANNEL_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "rescind/abi.h"

struct channel_message {
    uint64_t number;
    uint32_t size;
    uint8_t bytes[RESCIND_PEER_MSG_MAX];
};

struct channel {
    uint32_t from, to;
    bool delayed; /* by a fault: heard only when nothing else can move */
    bool queued;  /* stands in the machine's queue */
    uint32_t first, count;
    struct channel_message messages[RESCIND_PEER_WINDOW];
};

struct channels {
    uint32_t kernels;
    struct channel **at; /* by to * kernels + from; NULL where none was used */
    GPtrArray *all;      /* those in use, ordered by to and from */
};

void channels_init(struct channels *c, uint32_t kernels);
void channels_free(struct channels *c);

/* NULL where that channel was never used. O(1). */
static inline struct channel *channels_find(const struct channels *c, uint32_t from, uint32_t to)
{
    return c->at[(size_t)to * c->kernels + from];
}
struct channel *channels_get(struct channels *c, uint32_t from, uint32_t to);

static inline struct channel *channels_index(const struct channels *c, guint index)
{
    return g_ptr_array_index(c->all, index);
}

static inline bool channel_has_room(const struct channel *channel)
{
    return channel->count < RESCIND_PEER_WINDOW;
}

/* Message `index` counted from the oldest; that of `count` is where the next one goes. */
static inline struct channel_message *channel_at(struct channel *channel, uint32_t index)
{
    return &channel->messages[(channel->first + index) % RESCIND_PEER_WINDOW];
}

#endif

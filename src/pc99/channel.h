/* A channel from one kernel to another: messages in shared memory, in order, none lost.
 *
 * It is the DTU's ring (dtu/ring.h), one producer and one consumer on two processors, of which no
 * more than RESCIND_PEER_WINDOW messages are ever in use. A producer that finds no room is called
 * when there is some: channel_has_room() leaves word of it, and channel_take() finds that.
 * Cost: one message copied.
 */
#ifndef PC99_CHANNEL_H
#define PC99_CHANNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dtu/ring.h"

/* Bytes of one, a whole number of cache lines. */
enum { CHANNEL_BYTES = (RING_BYTES + sizeof(uint64_t) + 63) / 64 * 64 };

/* Its ring comes first. */
struct channel;

/* Makes an empty one of CHANNEL_BYTES at `memory`, which is 64-aligned. */
struct channel *channel_init(void *memory);

/* The producer: whether a message may be put in now. False: whoever takes the next one is told that
 * this side wants to be called. */
bool channel_has_room(struct channel *channel);

/* The producer: puts in a message of kernel `from` of at most RESCIND_PEER_MSG_MAX bytes; there is
 * room. False: the ring is broken, which only a broken kernel can have done. */
bool channel_put(struct channel *channel, uint16_t from, const void *message, size_t size);

/* The consumer: takes the oldest message. False: there is none. *call: the producer is to be called
 * because there is room now. */
bool channel_take(struct channel *channel, struct ring_message *out, bool *call);

#endif

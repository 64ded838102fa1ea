/* Message rings of the DTU: single producer, single consumer, in memory that both sides map.
 *
 * The other side may write anything at any time, also while this side reads. So the
 * geometry is a constant, never taken from the ring; the two indices are checked before use; and
 * a message is copied out before anybody looks at it. The layout is abi.h's, byte for byte.
 * Used by the kernel, by programs (src/user/call.c) and, later, between kernels.
 * Cost: one message copied.
 */
#ifndef RESCIND_DTU_RING_H
#define RESCIND_DTU_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rescind/abi.h"

/* Bytes of a default ring, control block and slots. */
#define RING_BYTES (sizeof(struct rescind_ring) + RESCIND_RING_SLOTS * RESCIND_RING_SLOT_SIZE)

struct ring_message {
    struct rescind_header header;
    uint8_t payload[RESCIND_PAYLOAD_MAX];
};
_Static_assert(sizeof(struct ring_message) == RESCIND_MSG_MAX, "a message fills a slot");

/* Makes `ring`, RING_BYTES of memory, an empty default ring in state ACTIVE. */
void ring_init(struct rescind_ring *ring);

/* No message gets in or out any more. */
void ring_terminate(struct rescind_ring *ring);

/* Puts a message of header->length payload bytes into the ring. NO_RING_SPACE: it is full;
 * INV_ARGS: the message is too large, or the ring's indices make no sense; RECV_GONE: it is
 * terminated, or never was configured. */
enum rescind_error ring_send(struct rescind_ring *ring, const struct rescind_header *header,
                             const void *payload);

enum ring_state { RING_EMPTY, RING_MESSAGE, RING_FULL, RING_BROKEN };

/* What the ring's indices say, read once. RING_FULL holds messages, too; RING_BROKEN: the
 * control block is not one that a well-behaved other side leaves. */
enum ring_state ring_look(const struct rescind_ring *ring);

/* Copies the oldest message out and frees its slot. RING_MESSAGE: done; RING_BROKEN: the control
 * block makes no sense. A header->length past the slot is kept as it stands: the caller checks it.
 */
enum ring_state ring_fetch(struct rescind_ring *ring, struct ring_message *out);

#endif

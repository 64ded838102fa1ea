/* Endpoints: what a sender may send, where to, and how much of it.
 *
 * A send endpoint spends one credit a message and gets it back with the reply that carries
 * RESCIND_MSG_CREDITS. Endpoint 0 has one credit: one syscall outstanding. Used by programs for
 * endpoint 0, by the kernel for its replies.
 */
#ifndef RESCIND_DTU_ENDPOINT_H
#define RESCIND_DTU_ENDPOINT_H

#include "dtu/ring.h"

/* Who sends, as the header says it. */
struct endpoint {
    uint16_t pe, vpe;
    uint8_t number;    /* this endpoint */
    uint8_t reply_ep;  /* where replies come back */
    uint64_t label;    /* what the receiver knows this endpoint by */
    uint32_t *credits; /* messages that may still be sent; the owner's */
};

/* Sends `size` bytes of `payload`, spending a credit. MISS_CREDITS without one; else as
 * ring_send(). A refused message spends nothing. */
enum rescind_error endpoint_send(const struct endpoint *from, struct rescind_ring *ring,
                                 const void *payload, size_t size);

/* Replies to `request`, granting the credit back. As ring_send(). */
enum rescind_error endpoint_reply(const struct endpoint *from, struct rescind_ring *ring,
                                  const struct rescind_header *request, const void *payload,
                                  size_t size);

/* A message with this header has come back: takes the credit that it grants. */
void endpoint_credit(const struct endpoint *to, const struct rescind_header *header);

#endif

/* The endpoints of syscalls: what a sender may send, where to, and how much of it. (What a VPE has
 * active on its other endpoints is object/endpoint.h.)
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

/* Field by field: no byte is written twice. */
static inline void endpoint_header(struct rescind_header *to, const struct endpoint *from,
                                   uint8_t flags, size_t size, uint64_t label)
{
    to->flags = flags;
    to->sender_pe = from->pe;
    to->sender_ep = from->number;
    to->reply_ep = from->reply_ep;
    to->length = (uint16_t)size;
    to->sender_vpe = from->vpe;
    to->label = label;
    to->reply_label = 0;
}

/* Sends `size` bytes of `payload`, spending a credit. MISS_CREDITS without one; else as
 * ring_send(). A refused message spends nothing. */
static inline enum rescind_error endpoint_send(const struct endpoint *from,
                                               struct rescind_ring *ring, const void *payload,
                                               size_t size)
{
    struct ring_place place;
    enum ring_state state;

    if (*from->credits == 0)
        return RESCIND_MISS_CREDITS;
    if (size > RESCIND_PAYLOAD_MAX)
        return RESCIND_INV_ARGS;
    state = ring_room(ring, &place);
    if (state == RING_FULL || state == RING_BROKEN)
        return ring_refusal(ring, state);
    endpoint_header(place.header, from, 0, size, from->label);
    ring_copy(place.header + 1, payload, size);
    ring_put(ring, &place);
    --*from->credits;
    return RESCIND_NO_ERROR;
}

/* Puts a reply of at most RESCIND_PAYLOAD_MAX bytes where ring_room() has found room for it. The
 * request's reply label was `label`; its credit is granted back. */
static inline void endpoint_reply_at(const struct endpoint *from, struct rescind_ring *ring,
                                     const struct ring_place *place, uint64_t label,
                                     const void *payload, size_t size)
{
    endpoint_header(place->header, from, RESCIND_MSG_REPLY | RESCIND_MSG_CREDITS, size, label);
    ring_copy(place->header + 1, payload, size);
    ring_put(ring, place);
}

/* The same where there may be none. As ring_send(). */
static inline enum rescind_error endpoint_reply(const struct endpoint *from,
                                                struct rescind_ring *ring, uint64_t label,
                                                const void *payload, size_t size)
{
    struct ring_place place;
    enum ring_state state;

    if (size > RESCIND_PAYLOAD_MAX)
        return RESCIND_INV_ARGS;
    state = ring_room(ring, &place);
    if (state == RING_FULL || state == RING_BROKEN)
        return ring_refusal(ring, state);
    endpoint_reply_at(from, ring, &place, label, payload, size);
    return RESCIND_NO_ERROR;
}

/* A message with this header has come back: takes the credit that it grants. */
static inline void endpoint_credit(const struct endpoint *to, const struct rescind_header *header)
{
    if (header->flags & RESCIND_MSG_CREDITS)
        ++*to->credits;
}

#endif

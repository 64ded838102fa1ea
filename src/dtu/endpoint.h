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
    *place.header = (struct rescind_header){
        .sender_pe = from->pe,
        .sender_ep = from->number,
        .reply_ep = from->reply_ep,
        .length = (uint16_t)size,
        .sender_vpe = from->vpe,
        .label = from->label,
    };
    ring_copy(place.header + 1, payload, size);
    ring_put(ring, &place);
    --*from->credits;
    return RESCIND_NO_ERROR;
}

/* Replies to a request whose reply label was `label`, granting the credit back. As ring_send(). */
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
    *place.header = (struct rescind_header){
        .flags = RESCIND_MSG_REPLY | RESCIND_MSG_CREDITS,
        .sender_pe = from->pe,
        .sender_ep = from->number,
        .reply_ep = from->reply_ep,
        .length = (uint16_t)size,
        .sender_vpe = from->vpe,
        .label = label,
    };
    ring_copy(place.header + 1, payload, size);
    ring_put(ring, &place);
    return RESCIND_NO_ERROR;
}

/* A message with this header has come back: takes the credit that it grants. */
static inline void endpoint_credit(const struct endpoint *to, const struct rescind_header *header)
{
    if (header->flags & RESCIND_MSG_CREDITS)
        ++*to->credits;
}

#endif

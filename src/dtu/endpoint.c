/* Endpoints and their credits; see endpoint.h. */
#include "dtu/endpoint.h"

static struct rescind_header header_of(const struct endpoint *from, size_t size)
{
    return (struct rescind_header){
        .sender_pe = from->pe,
        .sender_ep = from->number,
        .reply_ep = from->reply_ep,
        .length = size > UINT16_MAX ? UINT16_MAX : (uint16_t)size,
        .sender_vpe = from->vpe,
        .label = from->label,
    };
}

enum rescind_error endpoint_send(const struct endpoint *from, struct rescind_ring *ring,
                                 const void *payload, size_t size)
{
    struct rescind_header header = header_of(from, size);
    enum rescind_error error;

    if (*from->credits == 0)
        return RESCIND_MISS_CREDITS;
    error = ring_send(ring, &header, payload);
    if (error == RESCIND_NO_ERROR)
        --*from->credits;
    return error;
}

enum rescind_error endpoint_reply(const struct endpoint *from, struct rescind_ring *ring,
                                  const struct rescind_header *request, const void *payload,
                                  size_t size)
{
    struct rescind_header header = header_of(from, size);

    header.flags = RESCIND_MSG_REPLY | RESCIND_MSG_CREDITS;
    header.label = request->reply_label;
    return ring_send(ring, &header, payload);
}

void endpoint_credit(const struct endpoint *to, const struct rescind_header *header)
{
    if (header->flags & RESCIND_MSG_CREDITS)
        ++*to->credits;
}

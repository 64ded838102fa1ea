/* SEND, RECEIVE, REPLY and ACK; see message.h. */
#include "syscall/message.h"

#include "object/endpoint.h"
#include "object/visit.h"
#include "syscall/call.h"
#include "syscall/lookup.h"

/* An endpoint of the caller's, as it may be used: there is one of this kind, and it is not MARKED.
 */
static struct lookup look_for(struct rescind_kernel *k, uint32_t vpe, uint32_t ep,
                              enum endpoint_kind kind)
{
    uint32_t cap = endpoint_find(k, vpe, ep);

    if (cap == 0 || endpoint_of(k, cap)->kind != kind)
        return (struct lookup){.error = RESCIND_EP_INVALID};
    if (cap_at(k, cap)->flags & CAP_MARKED)
        return (struct lookup){.line = cap_line(cap_at(k, cap))};
    return (struct lookup){.cap = cap};
}

/* Data of a length that is told before it, which goes to the caller's buffer. */
static bool take_data(struct rescind_kernel *k, uint32_t vpe, struct bytes *in, uint32_t *size)
{
    uint64_t told = bytes_u64(in);
    const uint8_t *data = NULL;

    if (bytes_ok(*in) && told <= RESCIND_DATA_MAX)
        data = bytes_take(in, told);
    if (data == NULL)
        return false;
    memcpy(call_buffer(k, vpe), data, told);
    *size = (uint32_t)told;
    return true;
}

/* Where to wait until it can be said whether endpoint `ep` of a VPE of this kernel is there. */
static uint16_t *line_of(struct rescind_kernel *k, uint32_t pe, uint32_t vpe, uint32_t life,
                         uint32_t ep)
{
    return pe == k->pe && vpe_lives(k, vpe, life) ? endpoint_line(k, vpe, ep) : NULL;
}

/* ---- SEND --------------------------------------------------------------------------------- */

enum progress send_begin(struct rescind_kernel *k, uint32_t vpe, struct call *call, struct bytes in)
{
    struct message_call *c = &call->message;

    *c = (struct message_call){.ep = bytes_u32(&in)};
    c->reply_ep = bytes_u32(&in);
    c->reply_label = bytes_u64(&in);
    if (!take_data(k, vpe, &in, &c->size) || c->ep >= RESCIND_EP_COUNT)
        return call_refuse(call, RESCIND_INV_ARGS);
    return CALL_MORE;
}

static enum rescind_error send(struct rescind_kernel *k, uint32_t vpe, const struct call *call,
                               uint32_t cap)
{
    const struct message_call *c = &call->message;
    struct endpoint_node *e = endpoint_of(k, cap);
    struct delivery what = {
        .sender = cap,
        .pe = k->pe,
        .vpe = (uint16_t)vpe,
        .life = vpe_at(k, vpe)->life,
        .sender_ep = (uint8_t)c->ep,
        .reply_ep = c->reply_ep != RESCIND_NONE ? (uint8_t)c->reply_ep : 0,
        .serial = e->serial,
        .label = e->label,
        .reply_label = c->reply_label,
        .data = call_buffer(k, vpe),
        .size = c->size,
    };
    enum rescind_error error = RESCIND_RECV_GONE;

    if (e->credits == 0)
        return RESCIND_MISS_CREDITS;
    if (e->pe == k->pe && vpe_lives(k, e->vpe, e->life))
        error = endpoint_deliver(k, e->vpe, e->ep, &what);
    e->credits -= error == RESCIND_NO_ERROR;
    return error;
}

enum progress send_step(struct rescind_kernel *k, uint32_t vpe, struct call *call, uint32_t *work)
{
    const struct message_call *c = &call->message;
    struct lookup to = look_for(k, vpe, c->ep, ENDPOINT_SEND), back = {0};
    const struct endpoint_node *e;
    uint16_t *line;

    (void)work;
    if (c->reply_ep != RESCIND_NONE)
        back = look_for(k, vpe, c->reply_ep, ENDPOINT_RECEIVE);
    if (to.error != RESCIND_NO_ERROR || back.error != RESCIND_NO_ERROR)
        return call_refuse(call, RESCIND_EP_INVALID);
    if (to.line != NULL || back.line != NULL)
        return call_wait(k, vpe, to.line != NULL ? to.line : back.line);
    e = endpoint_of(k, to.cap);
    line = line_of(k, e->pe, e->vpe, e->life, e->ep);
    if (line != NULL)
        return call_wait(k, vpe, line);
    return call_refuse(call, send(k, vpe, call, to.cap));
}

/* ---- RECEIVE ------------------------------------------------------------------------------ */

enum progress receive_begin(struct rescind_kernel *k, uint32_t vpe, struct call *call,
                            struct bytes in)
{
    (void)k;
    (void)vpe;
    call->message = (struct message_call){.ep = bytes_u32(&in)};
    call->message.wait = bytes_u32(&in) != 0;
    if (!bytes_ok(in) || call->message.ep >= RESCIND_EP_COUNT)
        return call_refuse(call, RESCIND_INV_ARGS);
    return CALL_MORE;
}

/* The oldest message of an endpoint goes to the caller. */
static enum progress receive(struct rescind_kernel *k, uint32_t vpe, struct call *call,
                             uint32_t endpoint, uint32_t index)
{
    const struct message_node *message = message_at(k, index);
    struct {
        uint64_t id, label, is_reply, size;
    } head = {message->id, message->label, message->is_reply, message->size};
    uint8_t *buffer = call_buffer(k, vpe);

    memcpy(buffer, &head, sizeof(head));
    memcpy(buffer + sizeof(head), endpoint_data(k, endpoint, index), message->size);
    endpoint_received(k, endpoint);
    visit_room(k, vpe, call->message.ep);
    return call_return(call, (uint32_t)(sizeof(head) + head.size));
}

enum progress receive_step(struct rescind_kernel *k, uint32_t vpe, struct call *call,
                           uint32_t *work)
{
    struct message_call *c = &call->message;
    struct lookup found = look_for(k, vpe, c->ep, ENDPOINT_RECEIVE);
    uint32_t endpoint, first, sender;

    (void)work;
    c->waits = false;
    if (found.error != RESCIND_NO_ERROR)
        return call_refuse(call, c->has_waited ? RESCIND_RECV_GONE : found.error);
    if (found.line != NULL)
        return call_wait(k, vpe, found.line);
    endpoint = cap_at(k, found.cap)->object;
    first = endpoint_first(k, endpoint);
    if (first == 0 && !c->wait)
        return call_refuse(call, RESCIND_END_OF_FILE);
    if (first == 0) {
        c->waits = c->has_waited = true;
        return call_wait(k, vpe, &endpoint_at(k, endpoint)->waiters);
    }
    sender = message_at(k, first)->sender;
    if (sender != 0 && (cap_at(k, sender)->flags & CAP_MARKED))
        return call_wait(k, vpe, cap_line(cap_at(k, sender))); /* it may have been revoked */
    return receive(k, vpe, call, endpoint, first);
}

bool receive_cancel(struct rescind_kernel *k, uint32_t vpe, struct call *call)
{
    uint32_t cap = endpoint_find(k, vpe, call->message.ep);
    uint16_t *line = &k->ready;

    if (!call->message.waits)
        return false;
    /* Nobody else stands in the endpoint's line; and it is empty once the call has been woken. */
    if (cap != 0 && endpoint_of(k, cap)->kind == ENDPOINT_RECEIVE &&
        endpoint_of(k, cap)->waiters != 0)
        line = &endpoint_of(k, cap)->waiters;
    task_leave(k, line, vpe);
    return true;
}

/* ---- REPLY and ACK ------------------------------------------------------------------------ */

enum progress reply_begin(struct rescind_kernel *k, uint32_t vpe, struct call *call,
                          struct bytes in)
{
    struct message_call *c = &call->message;

    *c = (struct message_call){.ep = bytes_u32(&in)};
    c->id = bytes_u64(&in);
    if (!take_data(k, vpe, &in, &c->size) || c->ep >= RESCIND_EP_COUNT)
        return call_refuse(call, RESCIND_INV_ARGS);
    return CALL_MORE;
}

/* The answer goes to who has sent the message, who gets the credit back. */
static enum rescind_error answer(struct rescind_kernel *k, uint32_t vpe, const struct call *call,
                                 const struct message_node *message)
{
    struct delivery what = {
        .pe = k->pe,
        .vpe = (uint16_t)vpe,
        .sender_ep = (uint8_t)call->message.ep,
        .is_reply = true,
        .label = message->reply_label,
        .data = call_buffer(k, vpe),
        .size = call->message.size,
    };

    if (message->pe != k->pe || !vpe_lives(k, message->vpe, message->life))
        return RESCIND_RECV_GONE;
    endpoint_give_credit(k, message->vpe, message->sender_ep, message->serial);
    return endpoint_deliver(k, message->vpe, message->reply_ep, &what);
}

enum progress reply_step(struct rescind_kernel *k, uint32_t vpe, struct call *call, uint32_t *work)
{
    const struct message_call *c = &call->message;
    struct lookup found = look_for(k, vpe, c->ep, ENDPOINT_RECEIVE);
    enum rescind_error error = RESCIND_NO_ERROR;
    uint32_t endpoint, index;
    struct message_node message;
    uint16_t *line = NULL;

    (void)work;
    if (found.error != RESCIND_NO_ERROR)
        return call_refuse(call, found.error);
    if (found.line != NULL)
        return call_wait(k, vpe, found.line);
    endpoint = cap_at(k, found.cap)->object;
    index = endpoint_opened(k, endpoint, c->id);
    if (index == 0 || (message_at(k, index)->reply_ep == 0 && message_at(k, index)->visit == 0))
        return call_refuse(call, RESCIND_INV_ARGS);
    message = *message_at(k, index);
    if (message.visit == 0)
        line = line_of(k, message.pe, message.vpe, message.life, message.reply_ep);
    if (line != NULL)
        return call_wait(k, vpe, line);
    endpoint_close(k, endpoint, index);
    if (message.visit != 0)
        visit_answered(k, message.visit, call_buffer(k, vpe), c->size);
    else
        error = answer(k, vpe, call, &message);
    visit_room(k, vpe, c->ep);
    return call_refuse(call, error);
}

enum progress ack_begin(struct rescind_kernel *k, uint32_t vpe, struct call *call, struct bytes in)
{
    (void)k;
    (void)vpe;
    call->message = (struct message_call){.ep = bytes_u32(&in)};
    call->message.id = bytes_u64(&in);
    if (!bytes_ok(in) || call->message.ep >= RESCIND_EP_COUNT)
        return call_refuse(call, RESCIND_INV_ARGS);
    return CALL_MORE;
}

enum progress ack_step(struct rescind_kernel *k, uint32_t vpe, struct call *call, uint32_t *work)
{
    const struct message_call *c = &call->message;
    struct lookup found = look_for(k, vpe, c->ep, ENDPOINT_RECEIVE);
    uint32_t endpoint, index, visit;

    (void)work;
    if (found.error != RESCIND_NO_ERROR)
        return call_refuse(call, found.error);
    if (found.line != NULL)
        return call_wait(k, vpe, found.line);
    endpoint = cap_at(k, found.cap)->object;
    index = endpoint_opened(k, endpoint, c->id);
    if (index == 0)
        return call_refuse(call, RESCIND_INV_ARGS);
    visit = message_at(k, index)->visit;
    endpoint_close(k, endpoint, index);
    if (visit != 0)
        visit_answered(k, visit, NULL, 0);
    visit_room(k, vpe, c->ep);
    return call_refuse(call, RESCIND_NO_ERROR);
}

/* SEND, RECEIVE, REPLY and ACK; see message.h. */
#include "syscall/message.h"

#include "cap/create.h"
#include "cap/peer.h"
#include "object/endpoint.h"
#include "object/visit.h"
#include "syscall/call.h"
#include "syscall/lookup.h"

/* ---- SEND --------------------------------------------------------------------------------- */

enum progress send_begin(struct rescind_kernel *k, uint32_t vpe, struct call *call, struct bytes in)
{
    struct message_call *c = &call->message;

    *c = (struct message_call){.ep = bytes_u32(&in)};
    c->reply_ep = bytes_u32(&in);
    c->reply_label = bytes_u64(&in);
    if (!call_take_data(k, vpe, &in, &c->size) || c->ep >= RESCIND_EP_COUNT)
        return call_refuse(call, RESCIND_INV_ARGS);
    return CALL_MORE;
}

/* Of the slots of the endpoint for the answer, which is there; 0 where none is wanted. */
static uint8_t reply_order(const struct rescind_kernel *k, uint32_t vpe,
                           const struct message_call *c)
{
    return c->reply_ep != RESCIND_NONE
               ? endpoint_of(k, endpoint_find(k, vpe, c->reply_ep))->slot_order
               : 0;
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
        .reply_order = reply_order(k, vpe, c),
        .serial = e->serial,
        .label = e->label,
        .reply_label = c->reply_label,
        .data = call_buffer(k, vpe),
        .size = c->size,
    };
    enum rescind_error error = RESCIND_RECV_GONE;

    if (e->credits == 0)
        return RESCIND_MISS_CREDITS;
    if (e->pe == k->pe && vpe_hears(k, e->vpe, e->life))
        error = endpoint_deliver(k, e->vpe, e->ep, &what);
    e->credits -= error == RESCIND_NO_ERROR;
    return error;
}

/* What a letter says, as it goes into its args. */
union message_args {
    struct rescind_letter_message message;
    uint64_t args[5];
};
_Static_assert(sizeof(struct rescind_letter_message) == 5 * sizeof(uint64_t), "all args");

static struct rescind_letter_message message_of(const struct rescind_peer_letter *letter)
{
    union message_args args;

    memcpy(args.args, letter->args, sizeof(args));
    return args.message;
}

/* Asks the receiver's kernel. The first time, that makes a child of the endpoint's there. */
static enum progress send_away(struct rescind_kernel *k, uint32_t vpe, struct call *call,
                               uint32_t cap)
{
    const struct message_call *c = &call->message;
    struct endpoint_node *e = endpoint_of(k, cap);
    struct letter letter = {
        .peer = e->pe,
        .pin = cap,
        .op = RESCIND_LETTER_SEND,
        .length = (uint16_t)c->size,
        .object = e->vpe,
    };
    union message_args args = {{
        .label = e->label,
        .reply_label = c->reply_label,
        .stub = cap_at(k, cap)->child,
        .serial = e->serial,
        .life = e->life,
        .sender_life = vpe_at(k, vpe)->life,
        .ep = (uint8_t)e->ep,
        .sender_ep = (uint8_t)c->ep,
        .reply_ep = c->reply_ep != RESCIND_NONE ? (uint8_t)c->reply_ep : 0,
        .reply_order = reply_order(k, vpe, c),
        .links = cap_at(k, cap)->child == 0,
    }};

    if (e->credits == 0)
        return call_refuse(call, RESCIND_MISS_CREDITS);
    if (e->ep >= RESCIND_EP_COUNT)
        return call_refuse(call, RESCIND_RECV_GONE);
    if (args.message.links && letter_can_ask(k, vpe, e->pe)) {
        uint32_t sel = RESCIND_SENDER_SEL(k->pe, vpe, c->ep);
        letter.stub = args.message.stub =
            remote_stub(k, cap, e->pe,
                        RESCIND_KEY(e->pe, e->vpe, CAP_SENDER, (uint64_t)TABLE_SENDERS << 32 | sel),
                        vpe, vpe_at(k, vpe)->account);
        if (letter.stub == 0)
            return call_refuse(call, RESCIND_OUT_OF_MEM);
    }
    memcpy(letter.args, args.args, sizeof(args));
    letter_ask(k, vpe, &letter);
    e->credits -= letter_is_out(&call->letter);
    return CALL_WAITS;
}

/* The receiver's kernel has answered. */
static enum progress sent_away(struct rescind_kernel *k, uint32_t vpe, struct call *call)
{
    struct endpoint_node *e = endpoint_of(k, call->letter.pin);
    enum rescind_error error = (enum rescind_error)call->letter.error;

    if (error != RESCIND_NO_ERROR && e->credits < e->credits_max)
        e->credits++;
    letter_await(k, vpe);
    return call_refuse(call, error);
}

enum progress send_step(struct rescind_kernel *k, uint32_t vpe, struct call *call, uint32_t *work)
{
    const struct message_call *c = &call->message;
    struct lookup to, back = {0};
    const struct endpoint_node *e;
    uint16_t *line;

    (void)work;
    if (letter_is_out(&call->letter))
        return sent_away(k, vpe, call);
    to = lookup_endpoint(k, vpe, c->ep, ENDPOINT_SEND);
    if (c->reply_ep != RESCIND_NONE)
        back = lookup_endpoint(k, vpe, c->reply_ep, ENDPOINT_RECEIVE);
    if (to.error != RESCIND_NO_ERROR || back.error != RESCIND_NO_ERROR)
        return call_refuse(call, RESCIND_EP_INVALID);
    if (to.line != NULL || back.line != NULL)
        return call_wait(k, vpe, to.line != NULL ? to.line : back.line);
    e = endpoint_of(k, to.cap);
    if (e->pe == k->pe) {
        line = endpoint_line(k, e->vpe, e->life, e->ep);
        if (line != NULL)
            return call_wait(k, vpe, line);
        return call_refuse(call, send(k, vpe, call, to.cap));
    }
    if (cap_at(k, to.cap)->flags & CAP_VISITED)
        return call_wait(k, vpe, cap_line(cap_at(k, to.cap)));
    return send_away(k, vpe, call, to.cap);
}

/* The child of the sender's endpoint here, or 0. */
static uint32_t find_sender(const struct rescind_kernel *k, uint32_t pe,
                            const struct rescind_peer_letter *letter)
{
    struct rescind_letter_message m = message_of(letter);

    if (letter->object >= k->vpe_count)
        return 0;
    return table_find(k, table_of(letter->object, TABLE_SENDERS),
                      RESCIND_SENDER_SEL(pe, letter->asker, m.sender_ep));
}

/* Are the answer's slots, if there are any, of a size that slots can be? */
static bool is_order(const struct rescind_letter_message *m)
{
    return m->reply_ep == 0 ? m->reply_order == 0
                            : m->reply_order >= SLOT_ORDER_MIN && m->reply_order <= SLOT_ORDER_MAX;
}

bool send_is_sound(const struct rescind_kernel *k, uint32_t pe,
                   const struct rescind_peer_letter *letter)
{
    struct rescind_letter_message m = message_of(letter);

    return letter->object < RESCIND_VPE_MAX && m.stub != 0 && m.ep < RESCIND_EP_COUNT &&
           is_order(&m) && m.sender_ep < RESCIND_EP_COUNT && m.reply_ep < RESCIND_EP_COUNT &&
           m.links <= 1 && (!m.links || find_sender(k, pe, letter) == 0);
}

/* What the message hangs on here; 0 with *error: there is none. */
static uint32_t sender_of(struct rescind_kernel *k, uint32_t pe,
                          const struct rescind_peer_letter *letter, uint32_t *error)
{
    struct rescind_letter_message m = message_of(letter);
    uint32_t table = table_of(letter->object, TABLE_SENDERS), index = find_sender(k, pe, letter);

    *error = RESCIND_RECV_GONE;
    if (!m.links)
        return index != 0 && cap_at(k, index)->peer == pe && cap_at(k, index)->parent == m.stub &&
                       cap_at(k, index)->object == m.ep
                   ? index
                   : 0;
    if (table_has_lock(table_at(k, table)))
        return 0; /* it is ending */
    *error = RESCIND_OUT_OF_MEM;
    if (pool_left(k) == 0)
        return 0;
    return cap_create_at(k, &(struct cap_spec){
                                .table = table,
                                .sel = RESCIND_SENDER_SEL(pe, letter->asker, m.sender_ep),
                                .type = CAP_SENDER,
                                .flags = CAP_REMOTE | CAP_BOUND,
                                .home = k->pe,
                                .object = m.ep,
                                .peer = pe,
                                .parent = m.stub,
                            });
}

uint32_t send_serve(struct rescind_kernel *k, uint32_t pe, const struct rescind_peer_letter *letter,
                    struct letter_reply *reply, uint8_t *data)
{
    struct rescind_letter_message m = message_of(letter);
    struct delivery what = {
        .pe = (uint16_t)pe,
        .vpe = (uint16_t)letter->asker,
        .life = m.sender_life,
        .sender_ep = m.sender_ep,
        .reply_ep = m.reply_ep,
        .reply_order = m.reply_order,
        .serial = m.serial,
        .label = m.label,
        .reply_label = m.reply_label,
        .data = letter->data,
        .size = letter->length,
    };
    uint32_t error;

    (void)reply;
    (void)data;
    if (!vpe_hears(k, letter->object, m.life))
        return RESCIND_RECV_GONE;
    what.sender = sender_of(k, pe, letter, &error);
    if (what.sender == 0)
        return error;
    error = cap_at(k, what.sender)->flags & CAP_MARKED
                ? RESCIND_RECV_GONE
                : endpoint_deliver(k, letter->object, m.ep, &what);
    if (error != RESCIND_NO_ERROR && m.links)
        revoke_unreserve(k, what.sender);
    else if (m.links)
        peer_at(k, pe)->letters_first = true;
    return error;
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
    struct lookup found = lookup_endpoint(k, vpe, c->ep, ENDPOINT_RECEIVE);
    uint32_t endpoint, first;
    uint16_t *line;

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
    line = endpoint_message_line(k, first);
    if (line != NULL)
        return call_wait(k, vpe, line);
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
    if (!call_take_data(k, vpe, &in, &c->size) || c->ep >= RESCIND_EP_COUNT)
        return call_refuse(call, RESCIND_INV_ARGS);
    return CALL_MORE;
}

/* A reply comes to its asker, who gets the credit of that endpoint back. RECV_GONE: there is
 * nobody, or no endpoint that takes an answer as long as the one had for which it was asked. */
static uint32_t bring_answer(struct rescind_kernel *k, uint32_t vpe, uint32_t life,
                             uint32_t credit_ep, uint32_t ep, const struct delivery *what)
{
    enum rescind_error error;

    if (!vpe_hears(k, vpe, life))
        return RESCIND_RECV_GONE;
    endpoint_give_credit(k, vpe, credit_ep, what->serial);
    error = endpoint_deliver(k, vpe, ep, what);
    return error == RESCIND_INV_ARGS ? RESCIND_RECV_GONE : error;
}

/* The answer goes to who has sent the message, who gets the credit back. */
static uint32_t answer(struct rescind_kernel *k, uint32_t vpe, const struct call *call,
                       const struct message_node *message)
{
    struct delivery what = {
        .pe = k->pe,
        .vpe = (uint16_t)vpe,
        .sender_ep = (uint8_t)call->message.ep,
        .is_reply = true,
        .serial = message->serial,
        .label = message->reply_label,
        .data = call_buffer(k, vpe),
        .size = call->message.size,
    };

    return bring_answer(k, message->vpe, message->life, message->sender_ep, message->reply_ep,
                        &what);
}

/* The message has come from another kernel: the answer goes there, and is what matters from now on.
 */
static enum progress answer_away(struct rescind_kernel *k, uint32_t vpe, struct call *call,
                                 uint32_t endpoint, uint32_t index)
{
    const struct message_node *message = message_at(k, index);
    struct letter letter = {
        .peer = message->pe,
        .op = RESCIND_LETTER_REPLY,
        .length = (uint16_t)call->message.size,
        .object = message->vpe,
    };
    union message_args args = {{
        .label = message->reply_label,
        .serial = message->serial,
        .life = message->life,
        .ep = message->reply_ep,
        .sender_ep = (uint8_t)call->message.ep,
        .credit_ep = message->sender_ep,
    }};

    memcpy(letter.args, args.args, sizeof(args));
    letter_ask(k, vpe, &letter);
    if (letter_is_out(&call->letter)) {
        endpoint_close(k, endpoint, index);
        visit_room(k, vpe, call->message.ep);
    }
    return CALL_WAITS;
}

bool reply_is_sound(const struct rescind_kernel *k, uint32_t pe,
                    const struct rescind_peer_letter *letter)
{
    struct rescind_letter_message m = message_of(letter);

    (void)pe;
    return letter->object < k->vpe_count && m.ep < RESCIND_EP_COUNT &&
           m.sender_ep < RESCIND_EP_COUNT && m.credit_ep < RESCIND_EP_COUNT && m.links == 0 &&
           m.stub == 0;
}

uint32_t reply_serve(struct rescind_kernel *k, uint32_t pe,
                     const struct rescind_peer_letter *letter, struct letter_reply *reply,
                     uint8_t *data)
{
    struct rescind_letter_message m = message_of(letter);
    struct delivery what = {
        .pe = (uint16_t)pe,
        .vpe = (uint16_t)letter->asker,
        .sender_ep = m.sender_ep,
        .is_reply = true,
        .serial = m.serial,
        .label = m.label,
        .data = letter->data,
        .size = letter->length,
    };

    (void)reply;
    (void)data;
    return bring_answer(k, letter->object, m.life, m.credit_ep, m.ep, &what);
}

enum progress reply_step(struct rescind_kernel *k, uint32_t vpe, struct call *call, uint32_t *work)
{
    const struct message_call *c = &call->message;
    uint32_t error = RESCIND_NO_ERROR;
    struct lookup found;
    uint32_t endpoint, index;
    struct message_node message;
    uint16_t *line = NULL;

    (void)work;
    if (letter_is_out(&call->letter)) {
        letter_await(k, vpe);
        return call_refuse(call, (enum rescind_error)call->letter.error);
    }
    found = lookup_endpoint(k, vpe, c->ep, ENDPOINT_RECEIVE);
    if (found.error != RESCIND_NO_ERROR)
        return call_refuse(call, found.error);
    if (found.line != NULL)
        return call_wait(k, vpe, found.line);
    endpoint = cap_at(k, found.cap)->object;
    index = endpoint_opened(k, endpoint, c->id);
    if (index == 0 || (message_at(k, index)->reply_ep == 0 && message_at(k, index)->visit == 0))
        return call_refuse(call, RESCIND_INV_ARGS);
    message = *message_at(k, index);
    if (message.visit == 0 && !slot_holds(message.reply_order, c->size))
        return call_refuse(call, RESCIND_INV_ARGS);
    if (message.visit == 0 && message.pe != k->pe)
        return answer_away(k, vpe, call, endpoint, index);
    if (message.visit == 0)
        line = endpoint_line(k, message.vpe, message.life, message.reply_ep);
    if (line != NULL)
        return call_wait(k, vpe, line);
    endpoint_close(k, endpoint, index);
    if (message.visit != 0)
        visit_answered(k, message.visit, call_buffer(k, vpe), c->size);
    else
        error = answer(k, vpe, call, &message);
    visit_room(k, vpe, c->ep);
    return call_refuse(call, (enum rescind_error)error);
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
    struct lookup found = lookup_endpoint(k, vpe, c->ep, ENDPOINT_RECEIVE);
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

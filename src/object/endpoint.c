/* Endpoints; see endpoint.h. */
#include "object/endpoint.h"

#include "base/pages.h"
#include "cap/create.h"
#include "cap/table.h"
#include "object/visit.h"

uint32_t endpoint_find(const struct rescind_kernel *k, uint32_t vpe, uint32_t ep)
{
    return table_find(k, table_of(vpe, TABLE_ENDPOINTS), ep);
}

uint32_t endpoint_create(struct rescind_kernel *k, uint16_t account, enum endpoint_kind kind)
{
    uint32_t index = account_take(k, OBJECT_ENDPOINT, account);

    if (index != 0)
        *endpoint_at(k, index) = (struct endpoint_node){
            .object = {.type = OBJECT_ENDPOINT, .account = account},
            .kind = (uint8_t)kind,
            .serial = ++k->serials,
        };
    return index;
}

void endpoint_aim(struct rescind_kernel *k, uint32_t endpoint, const struct gate *gate)
{
    struct endpoint_node *e = endpoint_at(k, endpoint);

    e->pe = (uint16_t)gate->pe;
    e->vpe = gate->vpe;
    e->life = gate->life;
    e->ep = gate->ep;
    e->label = gate->label;
    e->credits = e->credits_max = gate->credits < UINT32_MAX ? (uint32_t)gate->credits : UINT32_MAX;
}

void endpoint_open_memory(struct rescind_kernel *k, uint32_t endpoint, const struct mem *mem,
                          uint8_t rights)
{
    struct endpoint_node *e = endpoint_at(k, endpoint);

    e->pe = mem->pe;
    e->addr = mem->addr;
    e->size = mem->size;
    e->rights = rights;
}

uint32_t endpoint_activate(struct rescind_kernel *k, uint32_t vpe, uint32_t ep, uint32_t parent,
                           uint32_t endpoint, uint16_t account, uint16_t flags, uint32_t reserver)
{
    return cap_create_at(k, &(struct cap_spec){
                                .table = table_of(vpe, TABLE_ENDPOINTS),
                                .sel = ep,
                                .type = CAP_ENDPOINT,
                                .flags = flags | CAP_BOUND,
                                .account = account,
                                .reserver = reserver,
                                .home = k->pe,
                                .object = endpoint,
                                .parent = parent,
                            });
}

/* ---- Messages ----------------------------------------------------------------------------- */

void endpoint_set_aside(struct rescind_kernel *k, uint32_t endpoint, uint32_t slots)
{
    struct endpoint_node *e = endpoint_at(k, endpoint);

    for (uint32_t i = 0; i < slots; i++) {
        uint32_t index = account_take_one(k, OBJECT_MESSAGE, e->object.account);
        message_at(k, index)->visit = 0;
        message_at(k, index)->next = e->spare;
        e->spare = index;
    }
    e->slots = (uint8_t)slots;
}

uint8_t *endpoint_data(const struct rescind_kernel *k, uint32_t endpoint, uint32_t message)
{
    const struct endpoint_node *e = endpoint_at(k, endpoint);

    return pages_at(k, e->buffer + ((uint64_t)message_at(k, message)->slot << e->slot_order)) +
           SLOT_HEADER;
}

/* The first free slot; there is one as long as a node is spare. */
static uint32_t free_slot(const struct endpoint_node *e)
{
    uint32_t slot = 0;

    while (e->taken & 1u << slot)
        slot++;
    KERNEL_ASSERT(slot < e->slots);
    return slot;
}

/* The message is the last that waits. */
static void append(struct rescind_kernel *k, struct endpoint_node *e, uint32_t message)
{
    if (e->first == 0)
        e->first = message;
    else
        message_at(k, e->last)->next = message;
    e->last = message;
}

static void write(struct rescind_kernel *k, uint32_t endpoint, uint32_t message,
                  const struct delivery *what)
{
    uint8_t *data = endpoint_data(k, endpoint, message);
    struct rescind_header header = {
        .flags = what->is_reply ? RESCIND_MSG_REPLY | RESCIND_MSG_CREDITS : 0,
        .sender_pe = what->pe,
        .sender_ep = what->sender_ep,
        .reply_ep = what->reply_ep,
        .length = (uint16_t)what->size,
        .sender_vpe = what->vpe,
        .label = what->label,
        .reply_label = what->reply_label,
    };

    memcpy(data - SLOT_HEADER, &header, sizeof(header));
    memcpy(data, what->data, what->size);
}

/* A node that is spare becomes the message, and takes a slot. */
static uint32_t fill(struct rescind_kernel *k, struct endpoint_node *e, const struct delivery *what)
{
    uint32_t index = e->spare, slot = free_slot(e);
    struct message_node *message = message_at(k, index);

    e->spare = message->next;
    e->taken |= 1u << slot;
    *message = (struct message_node){
        .object = message->object,
        .sender = what->sender,
        .id = ++e->ids,
        .slot = (uint8_t)slot,
        .is_reply = what->is_reply,
        .reply_ep = what->reply_ep,
        .reply_order = what->reply_order,
        .sender_ep = what->sender_ep,
        .pe = what->pe,
        .vpe = what->vpe,
        .life = what->life,
        .size = (uint16_t)what->size,
        .serial = what->serial,
        .listener = what->listener,
        .label = what->label,
        .reply_label = what->reply_label,
        .visit = what->visit,
    };
    return index;
}

/* The receive endpoint `ep` of a VPE, or 0. A gate may say any number, and behind the endpoints
 * stands what is none. */
static uint32_t find_receiver(const struct rescind_kernel *k, uint32_t vpe, uint32_t ep)
{
    uint32_t cap = ep < RESCIND_EP_COUNT ? endpoint_find(k, vpe, ep) : 0;

    return cap != 0 && endpoint_of(k, cap)->kind == ENDPOINT_RECEIVE ? cap : 0;
}

uint16_t *endpoint_line(struct rescind_kernel *k, uint32_t vpe, uint32_t life, uint32_t ep)
{
    uint32_t cap;

    if (!vpe_hears(k, vpe, life))
        return NULL;
    if (vpe_at(k, vpe)->ending) /* some have seen its end already, and some have not */
        return &vpe_at(k, vpe)->waiters;
    cap = find_receiver(k, vpe, ep);
    return cap != 0 && (cap_at(k, cap)->flags & CAP_MARKED) ? cap_line(cap_at(k, cap)) : NULL;
}

enum rescind_error endpoint_deliver(struct rescind_kernel *k, uint32_t vpe, uint32_t ep,
                                    const struct delivery *what)
{
    uint32_t cap = find_receiver(k, vpe, ep), message;
    struct endpoint_node *e;

    if (cap == 0 || (cap_at(k, cap)->flags & CAP_MARKED))
        return RESCIND_RECV_GONE;
    e = endpoint_of(k, cap);
    if (!slot_holds(e->slot_order, what->size))
        return RESCIND_INV_ARGS;
    if (e->spare == 0)
        return RESCIND_NO_RING_SPACE;
    message = fill(k, e, what);
    append(k, e, message);
    write(k, cap_at(k, cap)->object, message, what);
    task_wake(k, &e->waiters);
    return RESCIND_NO_ERROR;
}

uint32_t endpoint_first(const struct rescind_kernel *k, uint32_t endpoint)
{
    return endpoint_at(k, endpoint)->first;
}

uint16_t *endpoint_message_line(const struct rescind_kernel *k, uint32_t message)
{
    const struct message_node *m = message_at(k, message);
    struct cap *sender = cap_at(k, m->sender), *listener = cap_at(k, m->listener);

    if (m->sender != 0 && (sender->flags & CAP_MARKED))
        return cap_line(sender);
    return m->listener != 0 && (listener->flags & CAP_MARKED) ? cap_line(listener) : NULL;
}

/* The node is spare again, and its slot free. */
static void discard(struct rescind_kernel *k, struct endpoint_node *e, uint32_t index)
{
    struct message_node *message = message_at(k, index);

    e->taken &= ~(1u << message->slot);
    message->visit = 0;
    message->next = e->spare;
    e->spare = index;
}

void endpoint_received(struct rescind_kernel *k, uint32_t endpoint)
{
    struct endpoint_node *e = endpoint_at(k, endpoint);
    uint32_t index = e->first;
    struct message_node *message = message_at(k, index);

    e->first = message->next;
    message->sender = message->listener = 0; /* from now on it does not go with those any more */
    if (message->is_reply) {
        discard(k, e, index);
    } else {
        message->next = e->open;
        e->open = index;
    }
}

uint32_t endpoint_opened(const struct rescind_kernel *k, uint32_t endpoint, uint64_t id)
{
    uint32_t index = endpoint_at(k, endpoint)->open;

    while (index != 0 && message_at(k, index)->id != id)
        index = message_at(k, index)->next;
    return index;
}

void endpoint_close(struct rescind_kernel *k, uint32_t endpoint, uint32_t message)
{
    struct endpoint_node *e = endpoint_at(k, endpoint);
    uint32_t *link = &e->open;

    while (*link != message)
        link = &message_at(k, *link)->next;
    *link = message_at(k, message)->next;
    discard(k, e, message);
}

void endpoint_give_credit(struct rescind_kernel *k, uint32_t vpe, uint32_t ep, uint32_t serial)
{
    uint32_t cap = endpoint_find(k, vpe, ep);
    struct endpoint_node *e;

    if (cap == 0)
        return;
    e = endpoint_of(k, cap);
    if (e->kind == ENDPOINT_SEND && e->serial == serial && e->credits < e->credits_max)
        e->credits++;
}

/* ---- Going -------------------------------------------------------------------------------- */

void endpoint_drop(struct rescind_kernel *k, uint32_t vpe, uint32_t ep, uint32_t from)
{
    uint32_t cap = find_receiver(k, vpe, ep), last = 0;
    struct endpoint_node *e;
    uint32_t *link;

    if (cap == 0)
        return;
    e = endpoint_of(k, cap);
    for (link = &e->first; *link != 0;) {
        uint32_t index = *link;
        struct message_node *message = message_at(k, index);
        if (message->sender != from && message->listener != from) {
            last = index;
            link = &message->next;
            continue;
        }
        *link = message->next;
        discard(k, e, index);
    }
    e->last = last;
    visit_room(k, vpe, ep);
}

static void endpoint_gone(struct rescind_kernel *k, uint32_t index)
{
    const struct endpoint_node *e = endpoint_of(k, index);

    if (e->kind == ENDPOINT_SEND && e->pe == k->pe && e->vpe < k->vpe_count)
        endpoint_drop(k, e->vpe, e->ep, index);
}

static void sender_gone(struct rescind_kernel *k, uint32_t index)
{
    const struct cap *cap = cap_at(k, index);

    endpoint_drop(k, table_vpe(cap->table), cap->object, index);
}

/* All messages of a list are gone with their endpoint. */
static void give_all(struct rescind_kernel *k, uint32_t list)
{
    for (uint32_t next; list != 0; list = next) {
        uint32_t visit = message_at(k, list)->visit;
        next = message_at(k, list)->next;
        pool_give(k, list);
        if (visit != 0)
            visit_answered(k, visit, NULL, 0);
    }
}

static void endpoint_free(struct rescind_kernel *k, uint32_t object)
{
    struct endpoint_node *e = endpoint_at(k, object);

    if (e->kind != ENDPOINT_RECEIVE)
        return;
    task_wake(k, &e->waiters);
    give_all(k, e->first);
    give_all(k, e->open);
    give_all(k, e->spare);
    visit_lose(k, e->visits);
}

static bool sender_exists(const struct rescind_kernel *k, uint32_t object)
{
    (void)k;
    return object < RESCIND_EP_COUNT;
}

const struct cap_type endpoint_type = {
    .name = "endpoint",
    .node = OBJECT_ENDPOINT,
    .free = endpoint_free,
    .gone = endpoint_gone,
    .size = sizeof(struct endpoint_node),
};

const struct cap_type sender_type = {
    .name = "sender",
    .exists = sender_exists,
    .gone = sender_gone,
};

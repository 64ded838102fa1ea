/* Interrupt lines; see irq.h. */
#include "object/irq.h"

#include "cap/create.h"
#include "object/endpoint.h"
#include "object/vpe.h"

static bool irq_exists(const struct rescind_kernel *k, uint32_t object)
{
    (void)k;
    return object < RESCIND_IRQ_LINES;
}

const struct cap_type irq_type = {
    .name = "irq",
    .exists = irq_exists,
};

/* The endpoint that its messages go through, if it may be used; 0: it may not. */
static uint32_t way_of(const struct rescind_kernel *k, uint32_t index)
{
    uint32_t vpe = table_vpe(cap_at(k, index)->table);
    uint32_t cap = endpoint_find(k, vpe, listener_of(k, index)->ep);

    if (cap == 0 || endpoint_of(k, cap)->kind != ENDPOINT_SEND ||
        (cap_at(k, cap)->flags & CAP_MARKED))
        return 0;
    return cap;
}

/* Nobody listens any more: the line is silent, and so is what it has said. */
static void listener_gone(struct rescind_kernel *k, uint32_t index)
{
    const struct listener *l = listener_of(k, index);
    uint32_t vpe = table_vpe(cap_at(k, index)->table), cap = endpoint_find(k, vpe, l->ep);
    const struct endpoint_node *e = endpoint_of(k, cap);

    k->listeners[l->line] = 0;
    outbox_line(&k->outbox, RESCIND_OUTPUT_MASK, l->line);
    if (cap != 0 && e->kind == ENDPOINT_SEND && e->pe == k->pe)
        endpoint_drop(k, e->vpe, e->ep, index);
}

const struct cap_type listener_type = {
    .name = "listener",
    .node = OBJECT_LISTENER,
    .gone = listener_gone,
    .size = sizeof(struct listener),
};

void irq_listen(struct rescind_kernel *k, uint32_t vpe, uint32_t irq, uint32_t ep)
{
    uint16_t account = vpe_at(k, vpe)->account;
    uint32_t object = account_take_one(k, OBJECT_LISTENER, account);
    uint32_t line = cap_at(k, irq)->object;

    *listener_at(k, object) = (struct listener){
        .object = {.type = OBJECT_LISTENER, .account = account},
        .line = (uint8_t)line,
        .ep = (uint8_t)ep,
    };
    k->listeners[line] = cap_create_at(k, &(struct cap_spec){
                                              .table = table_of(vpe, TABLE_ENDPOINTS),
                                              .sel = LISTENERS + line,
                                              .type = CAP_LISTENER,
                                              .flags = CAP_BOUND,
                                              .account = account,
                                              .home = k->pe,
                                              .object = object,
                                              .parent = irq,
                                          });
    outbox_line(&k->outbox, RESCIND_OUTPUT_UNMASK, line);
}

/* Sends what there is to say of the last interrupt, as its VPE would. */
static enum rescind_error say(struct rescind_kernel *k, uint32_t index)
{
    struct listener *l = listener_of(k, index);
    uint32_t vpe = table_vpe(cap_at(k, index)->table), way = way_of(k, index);
    uint64_t data[] = {l->line, l->count};
    struct delivery what = {
        .sender = way,
        .listener = index,
        .pe = k->pe,
        .vpe = (uint16_t)vpe,
        .life = vpe_at(k, vpe)->life,
        .sender_ep = l->ep,
        .data = data,
        .size = sizeof(data),
    };
    struct endpoint_node *e = endpoint_of(k, way);
    enum rescind_error error = RESCIND_RECV_GONE;

    if (way == 0)
        return RESCIND_EP_INVALID;
    if (e->pe != k->pe)
        return RESCIND_NOT_SUP;
    if (e->credits == 0)
        return RESCIND_MISS_CREDITS;
    what.serial = e->serial;
    what.label = e->label;
    if (vpe_hears(k, e->vpe, e->life))
        error = endpoint_deliver(k, e->vpe, e->ep, &what);
    if (error != RESCIND_NO_ERROR)
        return error;
    e->credits--;
    l->serial = e->serial;
    l->state = LISTENER_SENT;
    return RESCIND_NO_ERROR;
}

void irq_arrive(struct rescind_kernel *k, uint32_t line)
{
    uint32_t index = line < RESCIND_IRQ_LINES ? k->listeners[line] : 0;
    struct listener *l = listener_of(k, index);

    if (index == 0 || l->state != LISTENER_OPEN)
        return;
    l->count++;
    l->state = LISTENER_PENDING;
    if (!(cap_at(k, index)->flags & CAP_MARKED))
        say(k, index);
}

uint16_t *irq_line(struct rescind_kernel *k, uint32_t index)
{
    const struct listener *l = listener_of(k, index);
    uint32_t cap = endpoint_find(k, table_vpe(cap_at(k, index)->table), l->ep);
    const struct endpoint_node *e = endpoint_of(k, cap);

    if (l->state != LISTENER_PENDING || cap == 0 || e->kind != ENDPOINT_SEND)
        return NULL;
    if (cap_at(k, cap)->flags & CAP_MARKED)
        return cap_line(cap_at(k, cap));
    return e->pe == k->pe ? endpoint_line(k, e->vpe, e->life, e->ep) : NULL;
}

enum rescind_error irq_acknowledge(struct rescind_kernel *k, uint32_t index)
{
    struct listener *l = listener_of(k, index);

    if (l->state == LISTENER_OPEN)
        return RESCIND_INV_ARGS;
    if (l->state == LISTENER_PENDING)
        return say(k, index);
    endpoint_give_credit(k, table_vpe(cap_at(k, index)->table), l->ep, l->serial);
    l->state = LISTENER_OPEN;
    outbox_line(&k->outbox, RESCIND_OUTPUT_UNMASK, l->line);
    return RESCIND_NO_ERROR;
}

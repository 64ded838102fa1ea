/* LISTEN and IRQACK; see irq.h. */
#include "syscall/irq.h"

#include "object/irq.h"
#include "syscall/call.h"
#include "syscall/lookup.h"

enum { NODES_OF_LISTENER = 2 }; /* itself and its capability */

/* The line that the call is about, which must be this kernel's. */
static struct lookup look_for_line(struct rescind_kernel *k, uint32_t vpe, uint32_t sel)
{
    struct lookup found = lookup_source(k, table_of(vpe, TABLE_OBJECT), sel);

    if (found.cap != 0) {
        const struct cap *cap = cap_at(k, found.cap);
        if (cap->type != RESCIND_CAP_IRQ)
            found.error = RESCIND_INV_ARGS;
        else if (cap->home != k->pe)
            found.error = RESCIND_NOT_SUP;
    }
    return found;
}

enum progress listen_begin(struct rescind_kernel *k, uint32_t vpe, struct call *call,
                           struct bytes in)
{
    (void)k;
    (void)vpe;
    call->irq = (struct irq_call){.irq = bytes_u32(&in)};
    call->irq.ep = bytes_u32(&in);
    if (!bytes_ok(in) || !endpoint_is_free_one(call->irq.ep))
        return call_refuse(call, RESCIND_INV_ARGS);
    return CALL_MORE;
}

/* That nobody listens to the line yet. */
static struct lookup look_for_nobody(struct rescind_kernel *k, uint32_t line)
{
    struct lookup found = {0};

    if (k->listeners[line] != 0)
        found = lookup_taken(k, k->listeners[line]);
    if (found.error != RESCIND_NO_ERROR)
        found.error = RESCIND_EXISTS;
    return found;
}

enum progress listen_step(struct rescind_kernel *k, uint32_t vpe, struct call *call, uint32_t *work)
{
    struct lookup line = look_for_line(k, vpe, call->irq.irq), nobody, way;

    (void)work;
    /* What comes first is known before what comes next is looked at: there may be an error in it.
     */
    if (line.error != RESCIND_NO_ERROR)
        return call_refuse(call, line.error);
    if (line.line != NULL)
        return call_wait(k, vpe, line.line);
    way = lookup_endpoint(k, vpe, call->irq.ep, ENDPOINT_SEND);
    if (way.error != RESCIND_NO_ERROR)
        return call_refuse(call, way.error);
    if (way.line != NULL)
        return call_wait(k, vpe, way.line);
    if (endpoint_of(k, way.cap)->pe != k->pe)
        return call_refuse(call, RESCIND_NOT_SUP);
    nobody = look_for_nobody(k, cap_at(k, line.cap)->object);
    if (nobody.error != RESCIND_NO_ERROR)
        return call_refuse(call, nobody.error);
    if (nobody.line != NULL)
        return call_wait(k, vpe, nobody.line);
    if (account_left(k, vpe_at(k, vpe)->account) < NODES_OF_LISTENER)
        return call_refuse(call, RESCIND_OUT_OF_MEM);
    irq_listen(k, vpe, line.cap, call->irq.ep);
    return call_refuse(call, RESCIND_NO_ERROR);
}

enum progress irqack_begin(struct rescind_kernel *k, uint32_t vpe, struct call *call,
                           struct bytes in)
{
    (void)k;
    (void)vpe;
    call->irq = (struct irq_call){.irq = bytes_u32(&in)};
    if (!bytes_ok(in))
        return call_refuse(call, RESCIND_INV_ARGS);
    return CALL_MORE;
}

enum progress irqack_step(struct rescind_kernel *k, uint32_t vpe, struct call *call, uint32_t *work)
{
    struct lookup found = look_for_line(k, vpe, call->irq.irq);
    uint32_t listener;
    uint16_t *line;

    (void)work;
    if (found.error != RESCIND_NO_ERROR)
        return call_refuse(call, found.error);
    if (found.line != NULL)
        return call_wait(k, vpe, found.line);
    listener =
        table_find(k, table_of(vpe, TABLE_ENDPOINTS), LISTENERS + cap_at(k, found.cap)->object);
    found = lookup_found(k, listener);
    if (found.error != RESCIND_NO_ERROR)
        return call_refuse(call, found.error);
    if (found.line != NULL)
        return call_wait(k, vpe, found.line);
    line = irq_line(k, listener);
    if (line != NULL)
        return call_wait(k, vpe, line);
    return call_refuse(call, irq_acknowledge(k, listener));
}

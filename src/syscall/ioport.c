/* PORT_IN and PORT_OUT; see ioport.h. */
#include "syscall/ioport.h"

#include "object/ioport.h"
#include "syscall/call.h"
#include "syscall/lookup.h"

/* The arguments that both have. */
static bool decode(struct port_call *c, struct bytes *in)
{
    *c = (struct port_call){.ports = bytes_u32(in)};
    c->offset = bytes_u32(in);
    c->width = bytes_u32(in);
    return c->width == 8 || c->width == 16 || c->width == 32;
}

enum progress portin_begin(struct rescind_kernel *k, uint32_t vpe, struct call *call,
                           struct bytes in)
{
    (void)k;
    (void)vpe;
    if (!decode(&call->port, &in) || !bytes_ok(in))
        return call_refuse(call, RESCIND_INV_ARGS);
    return CALL_MORE;
}

enum progress portout_begin(struct rescind_kernel *k, uint32_t vpe, struct call *call,
                            struct bytes in)
{
    bool good = decode(&call->port, &in);

    (void)k;
    (void)vpe;
    call->port.value = bytes_u32(&in);
    if (!good || !bytes_ok(in))
        return call_refuse(call, RESCIND_INV_ARGS);
    return CALL_MORE;
}

/* May these ports be used for it? */
static enum rescind_error check(const struct rescind_kernel *k, const struct cap *cap,
                                const struct port_call *c)
{
    uint32_t count = ports_count(cap->object), bytes = c->width / 8;

    if (cap->type != RESCIND_CAP_PORTS)
        return RESCIND_INV_ARGS;
    if (cap->home != k->pe)
        return RESCIND_NOT_SUP;
    return bytes > count || c->offset > count - bytes ? RESCIND_INV_ARGS : RESCIND_NO_ERROR;
}

static uint32_t cut(uint32_t value, uint32_t width)
{
    return width == 32 ? value : value & ((1u << width) - 1);
}

enum progress port_step(struct rescind_kernel *k, uint32_t vpe, struct call *call, uint32_t *work)
{
    struct port_call *c = &call->port;
    struct lookup found = lookup_source(k, table_of(vpe, TABLE_OBJECT), c->ports);

    (void)work;
    if (found.cap != 0)
        found.error = check(k, cap_at(k, found.cap), c);
    if (found.error != RESCIND_NO_ERROR)
        return call_refuse(call, found.error);
    if (found.line != NULL)
        return call_wait(k, vpe, found.line);
    c->access = (struct rescind_kernel_port_access){
        .port = (uint16_t)(ports_first(cap_at(k, found.cap)->object) + c->offset),
        .bits = (uint8_t)c->width,
        .out = call->opcode == RESCIND_SYS_PORT_OUT,
        .value = cut(c->value, c->width),
    };
    c->asked = true;
    outbox_put(&k->outbox, RESCIND_OUTPUT_PORT, vpe, 0);
    return CALL_WAITS;
}

bool port_is_asked(const struct rescind_kernel *k, uint32_t vpe)
{
    const struct call *call = call_at(k, vpe);

    return vpe_at(k, vpe)->calling &&
           (call->opcode == RESCIND_SYS_PORT_IN || call->opcode == RESCIND_SYS_PORT_OUT) &&
           call->port.asked;
}

void port_answer(struct rescind_kernel *k, uint32_t vpe, uint32_t value)
{
    struct call *call = call_at(k, vpe);

    call->port.asked = false;
    if (call->opcode == RESCIND_SYS_PORT_IN)
        call_return_u64(k, vpe, call, cut(value, call->port.width));
    else
        call_refuse(call, RESCIND_NO_ERROR);
}

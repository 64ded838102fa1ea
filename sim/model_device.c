/* The naive model's interrupt lines and ports; see model.h. */
#include "sim/model_parts.h"

/* ---- At boot -------------------------------------------------------------------------------- */

enum rescind_error model_irq(struct model *model, uint32_t vpe, uint32_t sel, uint32_t line)
{
    if (line >= RESCIND_IRQ_LINES || !model_is_free(model, vpe, RESCIND_TABLE_OBJECT, sel))
        return RESCIND_INV_ARGS;
    model_root(model, vpe, sel, RESCIND_CAP_IRQ)->ep = line;
    return RESCIND_NO_ERROR;
}

enum rescind_error model_ports(struct model *model, uint32_t vpe, uint32_t sel, uint32_t first,
                               uint32_t count)
{
    if (count == 0 || (uint64_t)first + count > RESCIND_PORTS ||
        !model_is_free(model, vpe, RESCIND_TABLE_OBJECT, sel))
        return RESCIND_INV_ARGS;
    struct model_cap *ports = model_root(model, vpe, sel, RESCIND_CAP_PORTS);
    ports->off = first;
    ports->size = count;
    return RESCIND_NO_ERROR;
}

/* ---- Listening ------------------------------------------------------------------------------ */

/* Who listens to the line; -1: nobody. */
static int32_t find_listener(const struct model *model, uint32_t line)
{
    for (uint32_t i = 0; i < model->count; i++)
        if (model->caps[i].type == MODEL_LISTENER && model->caps[i].ep == line)
            return (int32_t)i;
    return -1;
}

/* An interrupt of the line has still to come. */
static bool is_late(const struct model *model, uint32_t line)
{
    for (uint32_t i = 0; i < model->strays_count; i++)
        if (model->strays[i].visit == MODEL_INTERRUPTS && model->strays[i].ep == line)
            return true;
    return false;
}

/* What the caller holds at `sel`, of this type and its own kernel's; or an error. */
static enum rescind_error find_own(const struct model *model, uint32_t caller, uint32_t sel,
                                   uint32_t type, int32_t *found)
{
    *found = model_object(model, caller, sel, type);
    if (*found < 0)
        return RESCIND_INV_ARGS;
    return model->caps[*found].home == model->vpe[caller].kernel ? RESCIND_NO_ERROR
                                                                 : RESCIND_NOT_SUP;
}

static enum rescind_error listen(struct model *model, uint32_t caller,
                                 const struct model_call *call)
{
    int32_t line;
    enum rescind_error error = find_own(model, caller, call->src, RESCIND_CAP_IRQ, &line);
    if (error != RESCIND_NO_ERROR)
        return error;
    const struct model_cap *through = model_endpoint(model, caller, call->ep, MODEL_SEND);
    if (through == NULL)
        return RESCIND_EP_INVALID;
    if (through->pe != model->vpe[caller].kernel)
        return RESCIND_NOT_SUP;
    uint32_t number = model->caps[line].ep;
    if (find_listener(model, number) >= 0)
        return RESCIND_EXISTS;
    if (is_late(model, number))
        return MODEL_NOT_NOW;
    struct model_cap *listener =
        model_derive(model, line, caller, MODEL_TABLE_ENDPOINTS, MODEL_LISTENERS + number);
    listener->type = MODEL_LISTENER;
    listener->use = MODEL_HEARS;
    listener->through = (uint8_t)call->ep;
    return RESCIND_NO_ERROR;
}

void model_listener_goes(struct model *model, uint32_t index)
{
    model_drop_interrupts(model, model->caps[index].ep);
}

void model_unpaid(struct model *model, uint32_t vpe, uint32_t ep)
{
    for (uint32_t i = 0; i < model->count; i++) {
        struct model_cap *cap = &model->caps[i];
        if (cap->type == MODEL_LISTENER && cap->vpe == vpe && cap->through == ep &&
            cap->use == MODEL_TOLD)
            cap->use = MODEL_UNPAID;
    }
}

/* ---- Interrupts ----------------------------------------------------------------------------- */

enum { TOLD = 16 }; /* bytes of an interrupt's message: the line, and how many there were */

/* Sends the last interrupt's message, as the listener's VPE would. */
static enum rescind_error tell(struct model *model, struct model_cap *listener)
{
    struct model_cap *through = model_endpoint(model, listener->vpe, listener->through, MODEL_SEND);
    if (through == NULL)
        return RESCIND_EP_INVALID;
    if (through->pe != model->vpe[listener->vpe].kernel)
        return RESCIND_NOT_SUP;
    if (through->credits == 0)
        return RESCIND_MISS_CREDITS;
    if (!model_lives(model, through->target, through->life) || through->ep >= RESCIND_EP_COUNT)
        return RESCIND_RECV_GONE;
    struct model_message message = {.vpe = through->target,
                                    .ep = (uint8_t)through->ep,
                                    .from = listener->vpe,
                                    .from_ep = listener->through,
                                    .asker = MODEL_NOBODY,
                                    .reply_ep = RESCIND_NONE,
                                    .line = (uint8_t)(listener->ep + 1),
                                    .label = through->label};
    enum rescind_error error = model_deliver(model, message, TOLD);
    if (error != RESCIND_NO_ERROR)
        return error;
    through->credits--;
    listener->use = MODEL_TOLD;
    return RESCIND_NO_ERROR;
}

void model_interrupt(struct model *model, uint32_t line)
{
    int32_t listener = find_listener(model, line);
    if (listener < 0 || model->caps[listener].use != MODEL_HEARS)
        return;
    model->caps[listener].use = MODEL_PENDING;
    tell(model, &model->caps[listener]);
}

static enum rescind_error irqack(struct model *model, uint32_t caller,
                                 const struct model_call *call)
{
    int32_t line;
    enum rescind_error error = find_own(model, caller, call->src, RESCIND_CAP_IRQ, &line);
    if (error != RESCIND_NO_ERROR)
        return error;
    int32_t at = find_listener(model, model->caps[line].ep);
    if (at < 0 || model->caps[at].vpe != caller)
        return RESCIND_INV_ARGS;
    if (is_late(model, model->caps[line].ep))
        return MODEL_NOT_NOW;
    struct model_cap *listener = &model->caps[at];
    struct model_cap *through = model_endpoint(model, caller, listener->through, MODEL_SEND);
    if (listener->use == MODEL_HEARS)
        return RESCIND_INV_ARGS;
    if (listener->use == MODEL_PENDING)
        return tell(model, listener);
    if (listener->use == MODEL_TOLD)
        through->credits += through->credits < through->most;
    listener->use = MODEL_HEARS;
    return RESCIND_NO_ERROR;
}

/* ---- Ports ---------------------------------------------------------------------------------- */

static enum rescind_error access_port(const struct model *model, uint32_t caller,
                                      const struct model_call *call)
{
    int32_t ports;
    enum rescind_error error = find_own(model, caller, call->src, RESCIND_CAP_PORTS, &ports);
    if (error != RESCIND_NO_ERROR)
        return error;
    return call->addr + call->size / 8 <= model->caps[ports].size ? RESCIND_NO_ERROR
                                                                  : RESCIND_INV_ARGS;
}

enum rescind_error model_device_call(struct model *model, uint32_t caller,
                                     const struct model_call *call)
{
    switch (call->op) {
    case RESCIND_SYS_LISTEN:
        return listen(model, caller, call);
    case RESCIND_SYS_IRQACK:
        return irqack(model, caller, call);
    case RESCIND_SYS_PORT_IN:
    case RESCIND_SYS_PORT_OUT:
        return access_port(model, caller, call);
    default:
        return MODEL_BEYOND;
    }
}

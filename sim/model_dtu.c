/* The naive model's memory, mappings, endpoints and messages; see model.h. */
#include <stdlib.h>
#include <string.h>

#include "sim/model_parts.h"

/* ---- Memory --------------------------------------------------------------------------------- */

/* Another kernel's memory. */
static bool is_far(const struct model *model, uint32_t vpe, int32_t cap)
{
    return model->caps[cap].pe != model->vpe[vpe].kernel;
}

/* By way of another kernel's capability, whose memory ever it is. */
static bool is_described(const struct model *model, uint32_t vpe, int32_t cap)
{
    return model->caps[cap].home != model->vpe[vpe].kernel;
}

/* Whether `size` things from `at` on are among `all`. */
static bool is_within(uint64_t at, uint64_t size, uint64_t all)
{
    return at <= all && size <= all - at;
}

/* Whether the kernel whose memory it is has any. */
static bool has_pages(const struct model *model, const struct model_cap *memory)
{
    for (uint32_t vpe = 0; vpe < model->vpes; vpe++)
        if (model->vpe[vpe].kernel == memory->pe)
            return model->vpe[vpe].memory != 0;
    return false;
}

static enum rescind_error reqmem(struct model *model, uint32_t caller,
                                 const struct model_call *call)
{
    uint64_t all = model->vpe[caller].memory;
    if (all != UINT64_MAX && call->addr != RESCIND_ANY_ADDR &&
        !is_within(call->addr, call->size, all))
        return RESCIND_INV_ARGS;
    if (!model_is_free(model, caller, RESCIND_TABLE_OBJECT, call->dst))
        return RESCIND_INV_ARGS;
    struct model_cap *memory = model_root(model, caller, call->dst, RESCIND_CAP_MEM);
    memory->size = call->size;
    memory->perms = (uint8_t)call->perms;
    return RESCIND_NO_ERROR;
}

static enum rescind_error derivemem(struct model *model, uint32_t caller,
                                    const struct model_call *call)
{
    int32_t source = model_object(model, caller, call->src, RESCIND_CAP_MEM);
    if (source < 0 || !model_is_free(model, caller, RESCIND_TABLE_OBJECT, call->dst))
        return RESCIND_INV_ARGS;
    if (!is_within(call->addr, call->size, model->caps[source].size))
        return RESCIND_INV_ARGS;
    if ((call->perms & ~(uint32_t)model->caps[source].perms) != 0)
        return RESCIND_NO_PERM;
    struct model_cap *part = model_derive(model, source, caller, RESCIND_TABLE_OBJECT, call->dst);
    part->home = model->vpe[caller].kernel;
    part->off += call->addr;
    part->size = call->size;
    part->perms = (uint8_t)call->perms;
    return RESCIND_NO_ERROR;
}

static enum rescind_error createmap(struct model *model, uint32_t caller,
                                    const struct model_call *call)
{
    int32_t vpe = model_named_vpe(model, caller, call->vpe);
    int32_t source = model_object(model, caller, call->src, RESCIND_CAP_MEM);
    if (!model_is_local(model, caller, vpe) || source < 0)
        return RESCIND_INV_ARGS;
    const struct model_cap *memory = &model->caps[source];
    if (!has_pages(model, memory) || memory->off % RESCIND_PAGE != 0 ||
        !is_within(call->addr, call->size, memory->size / RESCIND_PAGE))
        return RESCIND_INV_ARGS;
    if ((call->perms & ~(uint32_t)memory->perms) != 0)
        return RESCIND_NO_PERM;
    for (uint32_t i = 0; i < call->size; i++)
        if (!model_is_free(model, (uint32_t)vpe, RESCIND_TABLE_MAP, call->dst + i))
            return RESCIND_INV_ARGS;
    if (call->size > MODEL_CAPS - model->count)
        return MODEL_BEYOND;
    for (uint32_t i = 0; i < call->size; i++) {
        struct model_cap *page =
            model_derive(model, source, (uint32_t)vpe, RESCIND_TABLE_MAP, call->dst + i);
        page->type = RESCIND_CAP_MAP;
        page->perms = (uint8_t)call->perms;
    }
    return RESCIND_NO_ERROR;
}

/* ---- Endpoints ------------------------------------------------------------------------------ */

struct model_cap *model_endpoint(struct model *model, uint32_t vpe, uint32_t ep, enum model_use use)
{
    int32_t at = model_find(model, vpe, MODEL_TABLE_ENDPOINTS, ep);
    return at >= 0 && model->caps[at].use == use ? &model->caps[at] : NULL;
}

void model_activate(struct model *model, int32_t source, uint32_t vpe, uint32_t ep)
{
    struct model_cap *active = model_derive(model, source, vpe, MODEL_TABLE_ENDPOINTS, ep);
    active->use = active->type == RESCIND_CAP_GATE ? MODEL_SEND : MODEL_MEMORY;
    active->type = MODEL_ENDPOINT;
}

/* What is at the endpoint goes. */
static void deactivate(struct model *model, uint32_t vpe, uint32_t ep)
{
    bool doomed[MODEL_CAPS] = {false};
    int32_t at = model_find(model, vpe, MODEL_TABLE_ENDPOINTS, ep);
    if (at < 0)
        return;
    doomed[at] = true;
    model_sweep(model, doomed);
}

static enum rescind_error activate(struct model *model, uint32_t caller,
                                   const struct model_call *call)
{
    int32_t old = model_find(model, caller, MODEL_TABLE_ENDPOINTS, call->ep);
    int32_t new = model_find(model, caller, RESCIND_TABLE_OBJECT, call->dst);
    int32_t from = model_find(model, caller, RESCIND_TABLE_OBJECT, call->src);
    if (call->dst != RESCIND_NONE && (new < 0 || (model->caps[new].type != RESCIND_CAP_GATE &&
                                                  model->caps[new].type != RESCIND_CAP_MEM)))
        return RESCIND_INV_ARGS;
    if (old >= 0 && model->caps[old].use == MODEL_RECEIVE)
        return RESCIND_INV_ARGS;
    if (call->src != RESCIND_NONE && (old < 0 || from < 0 || model->caps[old].parent != from))
        return RESCIND_INV_ARGS;
    deactivate(model, caller, call->ep);
    if (call->dst != RESCIND_NONE)
        model_activate(model, model_find(model, caller, RESCIND_TABLE_OBJECT, call->dst), caller,
                       call->ep);
    return RESCIND_NO_ERROR;
}

static enum rescind_error attachrb(struct model *model, uint32_t caller,
                                   const struct model_call *call)
{
    int32_t vpe = model_named_vpe(model, caller, call->vpe);
    if (!model_is_local(model, caller, vpe))
        return RESCIND_INV_ARGS;
    int32_t memory = model_object(model, (uint32_t)vpe, RESCIND_SEL_MEM, RESCIND_CAP_MEM);
    if (memory < 0 || is_described(model, (uint32_t)vpe, memory) || model->vpe[vpe].memory == 0 ||
        is_far(model, (uint32_t)vpe, memory) ||
        !is_within(call->addr, 1ull << call->order, model->caps[memory].size))
        return RESCIND_INV_ARGS;
    if (!model_is_free(model, (uint32_t)vpe, MODEL_TABLE_ENDPOINTS, call->ep))
        return RESCIND_EXISTS;
    struct model_cap *buffer =
        model_derive(model, memory, (uint32_t)vpe, MODEL_TABLE_ENDPOINTS, call->ep);
    buffer->type = MODEL_ENDPOINT;
    buffer->use = MODEL_RECEIVE;
    buffer->slots = (uint8_t)(1u << (call->order - call->slot_order));
    buffer->slot_order = (uint8_t)call->slot_order;
    return RESCIND_NO_ERROR;
}

static enum rescind_error detachrb(struct model *model, uint32_t caller,
                                   const struct model_call *call)
{
    int32_t vpe = model_named_vpe(model, caller, call->vpe);
    if (!model_is_local(model, caller, vpe))
        return RESCIND_INV_ARGS;
    if (model_endpoint(model, (uint32_t)vpe, call->ep, MODEL_RECEIVE) == NULL)
        return RESCIND_EP_INVALID;
    deactivate(model, (uint32_t)vpe, call->ep);
    return RESCIND_NO_ERROR;
}

/* READ and WRITE. */
static enum rescind_error access(struct model *model, uint32_t caller,
                                 const struct model_call *call, uint32_t perm)
{
    const struct model_cap *memory = model_endpoint(model, caller, call->ep, MODEL_MEMORY);
    if (memory == NULL)
        return RESCIND_EP_INVALID;
    if ((memory->perms & perm) == 0)
        return RESCIND_NO_PERM;
    bool real = true; /* a boot VPE's memory is not, where its kernel has none */
    for (uint32_t vpe = 0; vpe < model->vpes; vpe++)
        real = real && (model->vpe[vpe].kernel != memory->pe || model->vpe[vpe].memory != 0);
    return real && is_within(call->addr, call->size, memory->size) ? RESCIND_NO_ERROR
                                                                   : RESCIND_INV_ARGS;
}

/* ---- Messages ------------------------------------------------------------------------------- */

static void remove_message(struct model *model, uint32_t index)
{
    model->messages[index] = model->messages[--model->messages_count];
    memset(&model->messages[model->messages_count], 0, sizeof model->messages[0]);
}

void model_drop_messages(struct model *model, uint32_t vpe, uint32_t ep)
{
    for (uint32_t i = model->messages_count; i-- > 0;) {
        struct model_message m = model->messages[i];
        bool through = m.from == vpe && m.from_ep == ep;
        if ((m.vpe == vpe && m.ep == ep) || (through && !m.open)) {
            remove_message(model, i);
            model_answer(model, &m, NULL);
        } else if (through) {
            model->messages[i].from = MODEL_NOBODY;
        }
    }
    model_unpaid(model, vpe, ep);
    model_lose_visits(model, vpe, ep);
}

void model_drop_interrupts(struct model *model, uint32_t line)
{
    for (uint32_t i = model->messages_count; i-- > 0;)
        if (model->messages[i].line == line + 1 && !model->messages[i].open)
            remove_message(model, i);
}

/* The oldest message of the endpoint that has not been received; or (id not 0) the open one of that
 * number. -1: there is none. */
static int32_t find_message(const struct model *model, uint32_t vpe, uint32_t ep, uint64_t id)
{
    int32_t found = -1;
    for (uint32_t i = 0; i < model->messages_count; i++) {
        const struct model_message *m = &model->messages[i];
        if (m->vpe != vpe || m->ep != ep || m->open != (id != 0) || (id != 0 && m->id != id))
            continue;
        if (found < 0 || m->id < model->messages[found].id)
            found = (int32_t)i;
    }
    return found;
}

enum rescind_error model_deliver(struct model *model, struct model_message message, uint64_t size)
{
    struct model_cap *to = model_endpoint(model, message.vpe, message.ep, MODEL_RECEIVE);
    uint32_t taken = 0;
    if (to == NULL)
        return RESCIND_RECV_GONE;
    if (size + sizeof(struct rescind_header) > 1ull << to->slot_order)
        return RESCIND_INV_ARGS;
    for (uint32_t i = 0; i < model->messages_count; i++)
        taken += model->messages[i].vpe == message.vpe && model->messages[i].ep == message.ep;
    if (taken == to->slots)
        return RESCIND_NO_RING_SPACE;
    if (model->messages_count == MODEL_MESSAGES) {
        model->is_beyond = 1;
        return RESCIND_NO_RING_SPACE;
    }
    message.id = ++to->ids;
    model->messages[model->messages_count++] = message;
    return RESCIND_NO_ERROR;
}

bool model_lives(const struct model *model, uint32_t vpe, uint32_t life)
{
    return model->vpe[vpe].state <= MODEL_ASLEEP && model->vpe[vpe].life == life;
}

static enum rescind_error send(struct model *model, uint32_t caller, const struct model_call *call)
{
    struct model_cap *through = model_endpoint(model, caller, call->ep, MODEL_SEND);
    bool wants_reply = call->reply_ep != RESCIND_NONE;
    struct model_cap *back =
        wants_reply ? model_endpoint(model, caller, call->reply_ep, MODEL_RECEIVE) : NULL;
    if (through == NULL || (wants_reply && back == NULL))
        return RESCIND_EP_INVALID;
    if (through->credits == 0)
        return RESCIND_MISS_CREDITS;
    if (!model_lives(model, through->target, through->life) || through->ep >= RESCIND_EP_COUNT)
        return RESCIND_RECV_GONE;
    struct model_message message = {.vpe = through->target,
                                    .ep = (uint8_t)through->ep,
                                    .from = (uint8_t)caller,
                                    .from_ep = (uint8_t)call->ep,
                                    .asker = (uint8_t)caller,
                                    .asker_life = model->vpe[caller].life,
                                    .reply_ep = call->reply_ep,
                                    .reply_order = back != NULL ? back->slot_order : 0,
                                    .label = through->label,
                                    .reply_label = call->label};
    enum rescind_error error = model_deliver(model, message, call->size);
    through->credits -= error == RESCIND_NO_ERROR;
    return error;
}

static enum rescind_error receive(struct model *model, uint32_t caller,
                                  const struct model_call *call)
{
    bool waited = model->vpe[caller].receives != 0;
    model->vpe[caller].receives = 0;
    if (model_endpoint(model, caller, call->ep, MODEL_RECEIVE) == NULL)
        return waited ? RESCIND_RECV_GONE : RESCIND_EP_INVALID;
    int32_t at = find_message(model, caller, call->ep, 0);
    if (at < 0 && !call->flag)
        return RESCIND_END_OF_FILE;
    if (at < 0) {
        model->vpe[caller].receives = 1;
        return waited ? MODEL_NOT_NOW : MODEL_BEGUN;
    }
    const struct model_message *message = &model->messages[at];
    model->said[0] = message->id;
    model->said[1] = message->label;
    model->said[2] = message->is_reply;
    if (message->is_reply)
        remove_message(model, (uint32_t)at);
    else
        model->messages[at].open = 1;
    return RESCIND_NO_ERROR;
}

static enum rescind_error reply(struct model *model, uint32_t caller, const struct model_call *call)
{
    if (model_endpoint(model, caller, call->ep, MODEL_RECEIVE) == NULL)
        return RESCIND_EP_INVALID;
    int32_t at = call->id != 0 ? find_message(model, caller, call->ep, call->id) : -1;
    if (at < 0 || (model->messages[at].reply_ep == RESCIND_NONE &&
                   model->messages[at].visit == MODEL_NO_VISIT))
        return RESCIND_INV_ARGS;
    struct model_message message = model->messages[at];
    if (message.visit == MODEL_NO_VISIT &&
        call->size + sizeof(struct rescind_header) > 1ull << message.reply_order)
        return RESCIND_INV_ARGS;
    remove_message(model, (uint32_t)at);
    if (message.visit != MODEL_NO_VISIT) {
        model_answer(model, &message, call);
        return RESCIND_NO_ERROR;
    }
    if (!model_lives(model, message.asker, message.asker_life))
        return RESCIND_RECV_GONE;
    if (message.from != MODEL_NOBODY) {
        struct model_cap *through =
            model_endpoint(model, message.from, message.from_ep, MODEL_SEND);
        through->credits += through->credits < through->most;
    }
    struct model_message answer = {.vpe = message.asker,
                                   .ep = (uint8_t)message.reply_ep,
                                   .is_reply = 1,
                                   .from = MODEL_NOBODY,
                                   .asker = MODEL_NOBODY,
                                   .reply_ep = RESCIND_NONE,
                                   .label = message.reply_label};
    enum rescind_error error = model_deliver(model, answer, call->size);
    return error == RESCIND_INV_ARGS ? RESCIND_RECV_GONE : error;
}

static enum rescind_error ack(struct model *model, uint32_t caller, const struct model_call *call)
{
    if (model_endpoint(model, caller, call->ep, MODEL_RECEIVE) == NULL)
        return RESCIND_EP_INVALID;
    int32_t at = call->id != 0 ? find_message(model, caller, call->ep, call->id) : -1;
    if (at < 0)
        return RESCIND_INV_ARGS;
    struct model_message message = model->messages[at];
    remove_message(model, (uint32_t)at);
    model_answer(model, &message, NULL);
    return RESCIND_NO_ERROR;
}

enum rescind_error model_dtu_call(struct model *model, uint32_t caller,
                                  const struct model_call *call)
{
    switch (call->op) {
    case RESCIND_SYS_REQMEM:
        return reqmem(model, caller, call);
    case RESCIND_SYS_DERIVEMEM:
        return derivemem(model, caller, call);
    case RESCIND_SYS_CREATEMAP:
        return createmap(model, caller, call);
    case RESCIND_SYS_ACTIVATE:
        return activate(model, caller, call);
    case RESCIND_SYS_ATTACHRB:
        return attachrb(model, caller, call);
    case RESCIND_SYS_DETACHRB:
        return detachrb(model, caller, call);
    case RESCIND_SYS_SEND:
        return send(model, caller, call);
    case RESCIND_SYS_RECEIVE:
        return receive(model, caller, call);
    case RESCIND_SYS_REPLY:
        return reply(model, caller, call);
    case RESCIND_SYS_ACK:
        return ack(model, caller, call);
    case RESCIND_SYS_READ:
        return access(model, caller, call, RESCIND_PERM_R);
    case RESCIND_SYS_WRITE:
        return access(model, caller, call, RESCIND_PERM_W);
    default:
        return model_service_call(model, caller, call);
    }
}

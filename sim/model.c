/* The naive model; see model.h. Nothing here is clever, and nothing here is shared with src/. */
#include "sim/model_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const uint64_t SELECTORS = 1ull << 32; /* one more than the last selector */

int32_t model_find(const struct model *model, uint32_t vpe, uint32_t kind, uint32_t sel)
{
    for (uint32_t i = 0; i < model->count; i++) {
        const struct model_cap *cap = &model->caps[i];
        if (cap->sel == sel && cap->vpe == vpe && cap->kind == kind)
            return (int32_t)i;
    }
    return -1;
}

struct model_cap *model_add(struct model *model, struct model_cap cap)
{
    if (model->count == MODEL_CAPS) {
        fprintf(stderr, "model: more than %d capabilities\n", MODEL_CAPS);
        abort();
    }
    model->caps[model->count] = cap;
    return &model->caps[model->count++];
}

struct model_cap *model_root(struct model *model, uint32_t vpe, uint32_t sel, uint32_t type)
{
    struct model_cap root = {.sel = sel,
                             .parent = -1,
                             .vpe = (uint8_t)vpe,
                             .kind = RESCIND_TABLE_OBJECT,
                             .type = (uint8_t)type,
                             .home = model->vpe[vpe].kernel,
                             .pe = model->vpe[vpe].kernel};
    return model_add(model, root);
}

/* Memory with all rights. */
static struct model_cap *root_memory(struct model *model, uint32_t vpe, uint32_t sel)
{
    struct model_cap *memory = model_root(model, vpe, sel, RESCIND_CAP_MEM);
    memory->perms = RESCIND_PERM_R | RESCIND_PERM_W | RESCIND_PERM_X;
    memory->size = RESCIND_VPE_MEMORY;
    return memory;
}

void model_boot(struct model *model, uint32_t vpes)
{
    memset(model, 0, sizeof *model);
    model->vpes = model->shown = vpes;
    for (uint32_t vpe = 0; vpe < vpes; vpe++) {
        model->vpe[vpe] =
            (struct model_vpe){.maker = MODEL_NOBODY, .waits = MODEL_NOBODY, .memory = UINT64_MAX};
        model_root(model, vpe, RESCIND_SEL_VPE, RESCIND_CAP_VPE)->target = (uint8_t)vpe;
        root_memory(model, vpe, RESCIND_SEL_MEM);
    }
}

void model_sweep(struct model *model, const bool *doomed)
{
    int32_t moved[MODEL_CAPS];
    const uint32_t count = model->count;
    uint32_t kept = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (doomed[i] && model->caps[i].type == MODEL_LISTENER)
            model_listener_goes(model, i);
        else if (doomed[i] && model->caps[i].kind == MODEL_TABLE_ENDPOINTS)
            model_drop_messages(model, model->caps[i].vpe, model->caps[i].sel);
        if (doomed[i])
            model_close(model, i);
    }
    for (uint32_t i = 0; i < count; i++) {
        if (doomed[i])
            continue;
        struct model_cap cap = model->caps[i];
        if (cap.parent >= 0)
            cap.parent = moved[cap.parent];
        moved[i] = (int32_t)kept;
        model->caps[kept++] = cap;
    }
    model->count = kept;
}

/* All that a VPE holds, and what is derived from it. */
static void sweep_vpe(struct model *model, uint32_t vpe)
{
    bool doomed[MODEL_CAPS];
    for (uint32_t i = 0; i < model->count; i++) {
        int32_t parent = model->caps[i].parent;
        doomed[i] = model->caps[i].vpe == vpe || (parent >= 0 && doomed[parent]);
    }
    model_sweep(model, doomed);
}

void model_child(struct model *model, uint32_t vpe)
{
    model->vpe[vpe].state = MODEL_NOT_THERE;
    sweep_vpe(model, vpe);
}

void model_place(struct model *model, uint32_t vpe, uint32_t kernel)
{
    model->vpe[vpe].kernel = (uint8_t)kernel;
    for (uint32_t i = 0; i < model->count; i++)
        if (model->caps[i].vpe == vpe)
            model->caps[i].home = model->caps[i].pe = (uint8_t)kernel;
}

struct model_cap *model_derive(struct model *model, int32_t source, uint32_t vpe, uint32_t kind,
                               uint32_t sel)
{
    struct model_cap copy = model->caps[source];
    copy.parent = source;
    copy.vpe = (uint8_t)vpe;
    copy.kind = (uint8_t)kind;
    copy.sel = sel;
    return model_add(model, copy);
}

enum rescind_error model_grant(struct model *model, uint32_t vpe, uint32_t sel, uint32_t target)
{
    if (model_find(model, vpe, RESCIND_TABLE_OBJECT, sel) >= 0)
        return RESCIND_INV_ARGS;
    model_derive(model, model_find(model, target, RESCIND_TABLE_OBJECT, RESCIND_SEL_VPE), vpe,
                 RESCIND_TABLE_OBJECT, sel);
    return RESCIND_NO_ERROR;
}

int32_t model_object(const struct model *model, uint32_t caller, uint32_t sel, uint32_t type)
{
    int32_t at = model_find(model, caller, RESCIND_TABLE_OBJECT, sel);
    return at >= 0 && model->caps[at].type == type ? at : -1;
}

bool model_is_free(const struct model *model, uint32_t vpe, uint32_t kind, uint32_t sel)
{
    return model_find(model, vpe, kind, sel) < 0;
}

bool model_has_ended(const struct model *model, uint32_t vpe)
{
    return model->vpe[vpe].state == MODEL_ENDED;
}

bool model_is_lost(const struct model *model, uint32_t vpe)
{
    return model->vpe[vpe].state <= MODEL_ASLEEP &&
           model_is_free(model, vpe, RESCIND_TABLE_OBJECT, RESCIND_SEL_VPE);
}

int32_t model_named_vpe(const struct model *model, uint32_t caller, uint32_t sel)
{
    int32_t at = model_object(model, caller, sel, RESCIND_CAP_VPE);
    return at < 0 || model_has_ended(model, model->caps[at].target) ? -1 : model->caps[at].target;
}

/* The same, but it may have ended. */
static int32_t any_vpe(const struct model *model, uint32_t caller, uint32_t sel)
{
    int32_t at = model_object(model, caller, sel, RESCIND_CAP_VPE);
    return at < 0 ? -1 : model->caps[at].target;
}

bool model_is_local(const struct model *model, uint32_t vpe, int32_t other)
{
    return other >= 0 && model->vpe[other].kernel == model->vpe[vpe].kernel;
}

static bool range_makes_sense(const struct rescind_range *range)
{
    return range->type < RESCIND_TABLE_KINDS && (uint64_t)range->start + range->count <= SELECTORS;
}

static bool in_range(const struct model_cap *cap, uint32_t vpe, const struct rescind_range *range)
{
    return cap->vpe == vpe && cap->kind == range->type && cap->sel >= range->start &&
           cap->sel - range->start < range->count;
}

static enum rescind_error creategate(struct model *model, uint32_t caller,
                                     const struct model_call *call)
{
    int32_t vpe = model_named_vpe(model, caller, call->vpe);
    if (vpe < 0)
        return RESCIND_INV_ARGS;
    if (!model_is_free(model, caller, RESCIND_TABLE_OBJECT, call->dst))
        return RESCIND_INV_ARGS;
    struct model_cap *gate = model_root(model, caller, call->dst, RESCIND_CAP_GATE);
    gate->target = (uint8_t)vpe;
    gate->life = model->vpe[vpe].life;
    gate->pe = model->vpe[vpe].kernel;
    gate->ep = call->ep;
    gate->label = call->label;
    gate->most = gate->credits = call->credits < UINT32_MAX ? (uint32_t)call->credits : UINT32_MAX;
    return RESCIND_NO_ERROR;
}

enum rescind_error model_copy(struct model *model, uint32_t from, uint32_t source, uint32_t to,
                              uint32_t destination, uint32_t kind, uint32_t count)
{
    if (count > model->count) /* then some selector of the source is empty */
        return RESCIND_INV_ARGS;
    for (uint32_t i = 0; i < count; i++)
        if (model_find(model, from, kind, source + i) < 0 ||
            model_find(model, to, kind, destination + i) >= 0)
            return RESCIND_INV_ARGS;
    for (uint32_t i = 0; i < count; i++)
        model_derive(model, model_find(model, from, kind, source + i), to, kind, destination + i);
    return RESCIND_NO_ERROR;
}

static enum rescind_error exchange(struct model *model, uint32_t caller,
                                   const struct model_call *call)
{
    int32_t named = model_named_vpe(model, caller, call->vpe);
    if (named < 0)
        return RESCIND_INV_ARGS;
    if (!range_makes_sense(&call->own) || !range_makes_sense(&call->other))
        return RESCIND_INV_ARGS;
    if (call->own.type != call->other.type || call->own.count != call->other.count)
        return RESCIND_INV_ARGS;
    uint32_t kind = call->own.type, count = call->own.count, other = (uint32_t)named;
    return call->flag
               ? model_copy(model, other, call->other.start, caller, call->own.start, kind, count)
               : model_copy(model, caller, call->own.start, other, call->other.start, kind, count);
}

static enum rescind_error revoke(struct model *model, uint32_t caller,
                                 const struct model_call *call)
{
    const struct rescind_range *range = &call->own;
    if (range->type >= RESCIND_TABLE_KINDS)
        return RESCIND_INV_ARGS;
    if (range->count == 0)
        return RESCIND_NO_ERROR;
    if (!range_makes_sense(range) || range->start < RESCIND_SEL_FREE)
        return RESCIND_INV_ARGS;
    bool named[MODEL_CAPS];
    bool doomed[MODEL_CAPS];
    for (uint32_t i = 0; i < model->count; i++) {
        int32_t parent = model->caps[i].parent;
        named[i] = in_range(&model->caps[i], caller, range);
        doomed[i] = (named[i] && call->flag) || (parent >= 0 && (named[parent] || doomed[parent]));
    }
    model_sweep(model, doomed);
    return RESCIND_NO_ERROR;
}

/* ---- The life of VPEs ----------------------------------------------------------------------- */

/* Whether the VPE's number can be used again. */
static bool is_forgotten(const struct model *model, uint32_t vpe)
{
    if (model->vpe[vpe].state == MODEL_NOT_THERE)
        return true;
    if (!model_has_ended(model, vpe) || !model->vpe[vpe].made)
        return false;
    for (uint32_t i = 0; i < model->count; i++)
        if (model->caps[i].type == RESCIND_CAP_VPE && model->caps[i].target == vpe)
            return false;
    return true;
}

static bool is_awaited(const struct model *model, uint32_t vpe)
{
    for (uint32_t i = 0; i < model->vpes; i++)
        if (model->vpe[i].waits == vpe)
            return true;
    return false;
}

/* The number of the VPE that the caller makes; MODEL_HIDDEN: the model has none for it. */
static uint32_t pick_child(const struct model *model, uint32_t caller,
                           const struct model_call *call)
{
    if (call->child != MODEL_BY_NAME)
        return call->child < model->vpes && is_forgotten(model, call->child) ? call->child
                                                                             : MODEL_HIDDEN;
    for (uint32_t vpe = 0; vpe < model->shown; vpe++)
        if ((call->children >> vpe & 1) != 0 && model->vpe[vpe].state == MODEL_NOT_THERE &&
            model->vpe[vpe].kernel == model->vpe[caller].kernel)
            return vpe;
    for (uint32_t vpe = model->shown; vpe < model->vpes; vpe++)
        if (is_forgotten(model, vpe) && !is_awaited(model, vpe))
            return vpe;
    return MODEL_HIDDEN;
}

static enum rescind_error createvpe(struct model *model, uint32_t caller,
                                    const struct model_call *call)
{
    int32_t pager = model_object(model, caller, call->src, RESCIND_CAP_GATE);
    uint8_t kernel = model->vpe[caller].kernel;
    if (!model_is_free(model, caller, RESCIND_TABLE_OBJECT, call->dst) ||
        !model_is_free(model, caller, RESCIND_TABLE_OBJECT, call->dst2))
        return RESCIND_INV_ARGS;
    if (call->src != RESCIND_NONE && pager < 0)
        return RESCIND_INV_ARGS;
    if (call->pe != kernel && call->pe != RESCIND_ANY_PE)
        return RESCIND_NO_FREE_CORE;
    if (call->child == MODEL_NOBODY)
        return RESCIND_NO_FREE_CORE;
    uint32_t child = pick_child(model, caller, call);
    if (child == MODEL_HIDDEN)
        return MODEL_BEYOND;
    model->vpe[child] = (struct model_vpe){.state = MODEL_ASLEEP,
                                           .made = 1,
                                           .maker = (uint8_t)caller,
                                           .life = model->vpe[child].life + 1,
                                           .waits = MODEL_NOBODY,
                                           .kernel = kernel,
                                           .account = 1,
                                           .pager = pager >= 0 ? (uint8_t)call->ep : 0,
                                           .memory = model->vpe[caller].memory};
    model_root(model, caller, call->dst, RESCIND_CAP_VPE)->target = (uint8_t)child;
    root_memory(model, caller, call->dst2);
    int32_t memory = (int32_t)model->count - 1, vpe = memory - 1;
    model_derive(model, vpe, child, RESCIND_TABLE_OBJECT, RESCIND_SEL_VPE);
    model_derive(model, memory, child, RESCIND_TABLE_OBJECT, RESCIND_SEL_MEM);
    if (pager >= 0)
        model_activate(model, pager, child, call->ep);
    return RESCIND_NO_ERROR;
}

static void end_vpe(struct model *model, uint32_t vpe, uint8_t revoked)
{
    model->vpe[vpe].state = MODEL_ENDED;
    model_stop_asking(model, vpe);
    sweep_vpe(model, vpe);
    model_stop_strays(model, vpe);
    model->vpe[vpe].revoked = revoked;
    model->vpe[vpe].waits = MODEL_NOBODY;
    model->vpe[vpe].receives = 0;
    for (uint32_t i = 0; i < model->vpes; i++)
        if (model->vpe[i].maker == vpe)
            model->vpe[i].maker = MODEL_NOBODY;
}

/* Of a VPE that was killed and had lost its selector 0 it is not known by what it ended. */
enum { REVOKED = 1, MAYBE_REVOKED = 2 };

static enum rescind_error await(struct model *model, uint32_t caller)
{
    struct model_vpe *self = &model->vpe[caller];
    const struct model_vpe *other = &model->vpe[self->waits];
    enum rescind_error error = RESCIND_NO_ERROR;
    if (other->life == self->waits_life && other->state != MODEL_ENDED)
        return MODEL_NOT_NOW;
    if (other->life != self->waits_life || other->revoked == REVOKED)
        error = RESCIND_VPE_GONE;
    else if (other->revoked == MAYBE_REVOKED || is_forgotten(model, self->waits))
        error = MODEL_ANY; /* its number may be free by now, or may not */
    self->waits = MODEL_NOBODY;
    model->said[0] = other->code;
    return error;
}

static enum rescind_error vpectrl(struct model *model, uint32_t caller,
                                  const struct model_call *call)
{
    if (model->vpe[caller].waits != MODEL_NOBODY)
        return await(model, caller);
    int32_t vpe = any_vpe(model, caller, call->vpe);
    if (vpe < 0)
        return RESCIND_INV_ARGS;
    if (call->action == RESCIND_VPE_START) {
        if (model_has_ended(model, (uint32_t)vpe) || model_is_lost(model, (uint32_t)vpe))
            return RESCIND_VPE_GONE;
        if (model->vpe[vpe].state != MODEL_ASLEEP)
            return RESCIND_INV_ARGS;
        model->vpe[vpe].state = MODEL_LIVE;
        return RESCIND_NO_ERROR;
    }
    if ((uint32_t)vpe == caller)
        return RESCIND_INV_ARGS;
    model->vpe[caller].waits = (uint8_t)vpe;
    model->vpe[caller].waits_life = model->vpe[vpe].life;
    enum rescind_error error = await(model, caller);
    return error == MODEL_NOT_NOW ? MODEL_BEGUN : error;
}

static enum rescind_error fund(const struct model *model, uint32_t caller,
                               const struct model_call *call)
{
    int32_t vpe = any_vpe(model, caller, call->vpe);
    bool made = model_is_local(model, caller, vpe) && model->vpe[vpe].maker == caller;
    return made && !model_has_ended(model, (uint32_t)vpe) ? RESCIND_NO_ERROR : RESCIND_INV_ARGS;
}

/* The end of a VPE, of its own will or not. What it asks another kernel is heard before it. */
static enum rescind_error leave(struct model *model, uint32_t vpe, const struct model_call *call)
{
    bool lost = model_is_lost(model, vpe);
    if (model->ask[vpe].state == MODEL_THERE || (call->op == MODEL_LOST && !lost))
        return MODEL_NOT_NOW;
    if (call->op == MODEL_LOST) {
        end_vpe(model, vpe, REVOKED);
        return RESCIND_NO_ERROR;
    }
    end_vpe(model, vpe, lost && call->flag ? MAYBE_REVOKED : 0);
    model->vpe[vpe].code = call->id;
    return RESCIND_NO_ERROR;
}

static enum rescind_error call_now(struct model *model, uint32_t vpe, const struct model_call *call)
{
    bool forced = call->op == RESCIND_SYS_EXIT && call->flag;
    if (model->vpe[vpe].state != MODEL_LIVE && !forced && call->op != MODEL_LOST)
        return MODEL_NOT_NOW;
    switch (call->op) {
    case RESCIND_SYS_CREATEGATE:
        return creategate(model, vpe, call);
    case RESCIND_SYS_CREATEVPE:
        return createvpe(model, vpe, call);
    case RESCIND_SYS_EXCHANGE:
        return exchange(model, vpe, call);
    case RESCIND_SYS_VPECTRL:
        return vpectrl(model, vpe, call);
    case RESCIND_SYS_REVOKE:
        return revoke(model, vpe, call);
    case RESCIND_SYS_FUND:
        return fund(model, vpe, call);
    case RESCIND_SYS_EXIT:
    case MODEL_LOST:
        return leave(model, vpe, call);
    case RESCIND_SYS_NOOP:
    case RESCIND_SYS_PRINT:
        return RESCIND_NO_ERROR;
    default:
        return model_dtu_call(model, vpe, call);
    }
}

static enum rescind_error interrupt(struct model *model, uint32_t line, uint32_t op)
{
    if (op == MODEL_INTERRUPT)
        model_interrupt(model, line);
    else
        model_add_interrupt(model, line);
    return RESCIND_NO_ERROR;
}

enum rescind_error model_call(struct model *model, uint32_t vpe, const struct model_call *call)
{
    enum rescind_error result;
    if (call->beyond)
        return MODEL_BEYOND;
    if (call->error != RESCIND_NO_ERROR)
        return call->error;
    if (call->op == MODEL_COMES || call->op == MODEL_GETS_LOST)
        result = model_stray_step(model, vpe, call->op);
    else if (call->op == MODEL_INTERRUPT || call->op == MODEL_INTERRUPT_LATE)
        result = interrupt(model, vpe, call->op);
    else
        result = call_now(model, vpe, call);
    return model->is_beyond ? MODEL_BEYOND : result;
}

static bool names_far_vpe(const struct model *model, uint32_t caller, uint32_t sel)
{
    int32_t vpe = any_vpe(model, caller, sel);
    return vpe >= 0 && !model_is_local(model, caller, vpe);
}

/* Whether the call needs nodes now that it may not get: not while it waits for an answer, nor for
 * one that is an error. */
static bool needs_nodes(const struct model_ask *ask)
{
    if (ask->state == MODEL_WAITS || ask->state == MODEL_SENT)
        return false;
    return ask->state != MODEL_ANSWERED || ask->error == RESCIND_NO_ERROR;
}

/* Names stand a few places from their hash on, which nobody knows. */
static bool may_be_crowded(const struct model *model, uint32_t kernel)
{
    uint32_t names = 0;
    for (uint32_t i = 0; i < model->count; i++)
        names += model->caps[i].kind == MODEL_TABLE_NAMES && model->caps[i].home == kernel;
    return names >= 8;
}

bool model_may_refuse(const struct model *model, uint32_t vpe, const struct model_call *call,
                      enum rescind_error error, bool is_short)
{
    if (call->error != RESCIND_NO_ERROR)
        return false;
    switch (call->op) {
    case RESCIND_SYS_CREATEGATE:
    case RESCIND_SYS_EXCHANGE:
    case RESCIND_SYS_DERIVEMEM:
    case RESCIND_SYS_CREATEMAP:
    case RESCIND_SYS_ATTACHRB:
    case RESCIND_SYS_ACTIVATE:
    case RESCIND_SYS_LISTEN:
    case RESCIND_SYS_SEND: /* to another kernel */
        return error == RESCIND_OUT_OF_MEM && (is_short || model->vpe[vpe].account != 0);
    case RESCIND_SYS_CREATESRV:
        if (error == RESCIND_NO_SPACE)
            return may_be_crowded(model, model->vpe[vpe].kernel);
        return error == RESCIND_OUT_OF_MEM && (is_short || model->vpe[vpe].account != 0);
    case RESCIND_SYS_CREATESESS:
    case RESCIND_SYS_CREATESESSAT:
    case RESCIND_SYS_DELEGATE:
    case RESCIND_SYS_OBTAIN:
    case RESCIND_SYS_PAGEFAULT:
        return error == RESCIND_OUT_OF_MEM && (is_short || model->vpe[vpe].account != 0) &&
               needs_nodes(&model->ask[vpe]);
    case RESCIND_SYS_CREATEVPE: /* pages and numbers aren't counted */
        return error == RESCIND_OUT_OF_MEM || error == RESCIND_NO_FREE_CORE;
    case RESCIND_SYS_REQMEM:
        return error == RESCIND_OUT_OF_MEM ||
               (error == RESCIND_INV_ARGS && call->addr != RESCIND_ANY_ADDR &&
                model->vpe[vpe].memory == UINT64_MAX);
    case RESCIND_SYS_VPECTRL:
        return error == RESCIND_OUT_OF_MEM && call->action == RESCIND_VPE_WAIT &&
               names_far_vpe(model, vpe, call->vpe);
    case RESCIND_SYS_FUND:
        return error == RESCIND_OUT_OF_MEM && call->size > 0;
    default:
        return false;
    }
}

bool model_may_wait(const struct model_call *call)
{
    if (call->beyond || call->error != RESCIND_NO_ERROR)
        return call->beyond;
    switch (call->op) {
    case RESCIND_SYS_VPECTRL:
        return call->action == RESCIND_VPE_WAIT;
    case RESCIND_SYS_RECEIVE:
        return call->flag;
    case RESCIND_SYS_CREATESESS:
    case RESCIND_SYS_DELEGATE:
    case RESCIND_SYS_OBTAIN:
    case RESCIND_SYS_PAGEFAULT:
        return true;
    default:
        return false;
    }
}

bool model_may_take_away(const struct model_call *call)
{
    return !call->beyond && call->error == RESCIND_NO_ERROR &&
           (call->op == RESCIND_SYS_REVOKE || call->op == RESCIND_SYS_EXIT ||
            call->op == RESCIND_SYS_ACTIVATE || call->op == RESCIND_SYS_DETACHRB);
}

void model_refuse(struct model *model, uint32_t vpe)
{
    model->vpe[vpe].waits = MODEL_NOBODY;
    model_stop_asking(model, vpe);
}

/* ---- Comparing ------------------------------------------------------------------------------ */

struct model_row model_row(const struct model *model, uint32_t index)
{
    const struct model_cap *cap = &model->caps[index];
    struct model_row row = {.vpe = cap->vpe, .kind = cap->kind, .sel = cap->sel, .type = cap->type};
    if (cap->parent >= 0) {
        const struct model_cap *parent = &model->caps[cap->parent];
        row.has_parent = true;
        row.parent_vpe = parent->vpe < model->shown ? parent->vpe : MODEL_HIDDEN;
        row.parent_kind = parent->kind != MODEL_TABLE_NAMES ? parent->kind : RESCIND_TABLE_OBJECT;
        row.parent_sel = parent->sel;
    }
    return row;
}

/* Whether two rows of one capability, which is derived from a name or not, say the same. */
static bool is_same_row(const struct model_row *ours, const struct model_row *theirs, bool is_named)
{
    if (ours->type != theirs->type || ours->has_parent != theirs->has_parent)
        return false;
    if (!ours->has_parent)
        return true;
    if (theirs->parent_vpe == MODEL_KERNEL)
        return is_named;
    if (theirs->parent_vpe == MODEL_HIDDEN)
        return ours->parent_vpe == MODEL_HIDDEN;
    return ours->parent_vpe == theirs->parent_vpe && ours->parent_kind == theirs->parent_kind &&
           ours->parent_sel == theirs->parent_sel;
}

bool model_equals(const struct model *model, const struct model_row *rows, uint32_t count)
{
    uint32_t visible = 0;
    for (uint32_t i = 0; i < model->count; i++)
        visible += model->caps[i].kind < RESCIND_TABLE_KINDS && model->caps[i].vpe < model->shown;
    if (count != visible)
        return false;
    for (uint32_t i = 0; i < count; i++) {
        int32_t at = model_find(model, rows[i].vpe, rows[i].kind, rows[i].sel);
        if (at < 0)
            return false;
        struct model_row ours = model_row(model, (uint32_t)at);
        int32_t parent = model->caps[at].parent;
        if (!is_same_row(&ours, &rows[i],
                         parent >= 0 && model->caps[parent].kind == MODEL_TABLE_NAMES))
            return false;
    }
    return true;
}

/* Both halves of a product, after Wang Yi's wyhash. */
static uint64_t mix(uint64_t a, uint64_t b)
{
    __extension__ unsigned __int128 product =
        (unsigned __int128)(a ^ 0xa0761d6478bd642full) * (b ^ 0xe7037ed1a0b428dbull);

    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static uint64_t place(const struct model_cap *cap)
{
    return (uint64_t)cap->sel << 16 | (uint64_t)cap->kind << 8 | cap->vpe;
}

/* Asks and strays. */
static uint64_t hash_visits(const struct model *model)
{
    uint64_t sum = 0;
    for (uint32_t vpe = 0; vpe < model->vpes; vpe++) {
        uint64_t ask[5];
        _Static_assert(sizeof ask == sizeof model->ask[vpe], "an ask is five words");
        memcpy(ask, &model->ask[vpe], sizeof ask);
        sum += mix(ask[0] ^ vpe, ask[1] ^ mix(ask[2], mix(ask[3], ask[4])));
    }
    for (uint32_t i = 0; i < model->strays_count; i++) {
        const struct model_stray *s = &model->strays[i];
        uint64_t to = (uint64_t)s->visit << 24 | (uint64_t)s->vpe << 16 | (uint64_t)s->ep << 8;
        sum += mix(to << 1 | s->life << 1 | s->loose, mix(s->size, s->label));
    }
    return sum;
}

uint64_t model_hash(const struct model *model)
{
    uint64_t sum = model->count + hash_visits(model);
    for (uint32_t i = 0; i < model->count; i++) {
        const struct model_cap *cap = &model->caps[i];
        uint64_t parent = cap->parent < 0 ? ~0ull : place(&model->caps[cap->parent]);
        sum += mix(place(cap) << 8 | cap->type, parent << 8 | cap->target);
        sum += mix(place(cap) << 32 | cap->credits,
                   (uint64_t)cap->ids << 32 | (uint64_t)cap->through << 8 | cap->use);
        sum += mix(place(cap) ^ cap->off, cap->size);
    }
    for (uint32_t i = 0; i < model->messages_count; i++) {
        const struct model_message *m = &model->messages[i];
        uint64_t at = (uint64_t)m->vpe << 48 | (uint64_t)m->ep << 40 | m->id;
        uint64_t of = (uint64_t)m->line << 24 | (uint64_t)m->from << 16 | (uint64_t)m->asker << 8;
        sum += mix(at, of | m->visit << 1 | m->open);
    }
    for (uint32_t vpe = 0; vpe < model->vpes; vpe++) {
        uint64_t words[4];
        _Static_assert(sizeof words == sizeof model->vpe[vpe], "a VPE is four words");
        memcpy(words, &model->vpe[vpe], sizeof words);
        sum += mix(words[0] ^ vpe, words[1] ^ words[2]);
    }
    return sum;
}

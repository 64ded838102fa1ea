/* The naive model; see model.h. Nothing here is clever, and nothing here is shared with src/. */
#include "sim/model.h"

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

static void add(struct model *model, struct model_cap cap)
{
    if (model->count == MODEL_CAPS) {
        fprintf(stderr, "model: more than %d capabilities\n", MODEL_CAPS);
        abort();
    }
    model->caps[model->count++] = cap;
}

void model_boot(struct model *model, uint32_t vpes)
{
    memset(model, 0, sizeof *model);
    model->vpes = vpes;
    for (uint32_t vpe = 0; vpe < vpes; vpe++) {
        struct model_cap self = {.sel = RESCIND_SEL_VPE,
                                 .parent = -1,
                                 .vpe = (uint8_t)vpe,
                                 .kind = RESCIND_TABLE_OBJECT,
                                 .type = RESCIND_CAP_VPE,
                                 .target = (uint8_t)vpe};
        add(model, self);
        struct model_cap memory = self;
        memory.sel = RESCIND_SEL_MEM;
        memory.type = RESCIND_CAP_MEM;
        memory.target = 0;
        add(model, memory);
    }
}

/* Puts a copy of capability `source`, derived from it, into a free place. */
static void derive(struct model *model, int32_t source, uint32_t vpe, uint32_t kind, uint32_t sel)
{
    struct model_cap copy = model->caps[source];
    copy.parent = source;
    copy.vpe = (uint8_t)vpe;
    copy.kind = (uint8_t)kind;
    copy.sel = sel;
    add(model, copy);
}

enum rescind_error model_grant(struct model *model, uint32_t vpe, uint32_t sel, uint32_t target)
{
    if (model_find(model, vpe, RESCIND_TABLE_OBJECT, sel) >= 0)
        return RESCIND_INV_ARGS;
    derive(model, model_find(model, target, RESCIND_TABLE_OBJECT, RESCIND_SEL_VPE), vpe,
           RESCIND_TABLE_OBJECT, sel);
    return RESCIND_NO_ERROR;
}

/* The VPE that the capability at `sel` of `caller` names, or -1: there is none, it is of another
 * type, or its VPE has ended. */
static int32_t named_vpe(const struct model *model, uint32_t caller, uint32_t sel)
{
    int32_t at = model_find(model, caller, RESCIND_TABLE_OBJECT, sel);
    if (at < 0 || model->caps[at].type != RESCIND_CAP_VPE)
        return -1;
    return model->ended[model->caps[at].target] ? -1 : model->caps[at].target;
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
    if (named_vpe(model, caller, call->vpe) < 0)
        return RESCIND_INV_ARGS;
    if (model_find(model, caller, RESCIND_TABLE_OBJECT, call->dst) >= 0)
        return RESCIND_INV_ARGS;
    struct model_cap gate = {.sel = call->dst,
                             .parent = -1,
                             .vpe = (uint8_t)caller,
                             .kind = RESCIND_TABLE_OBJECT,
                             .type = RESCIND_CAP_GATE};
    add(model, gate);
    return RESCIND_NO_ERROR;
}

static enum rescind_error exchange(struct model *model, uint32_t caller,
                                   const struct model_call *call)
{
    int32_t named = named_vpe(model, caller, call->vpe);
    if (named < 0)
        return RESCIND_INV_ARGS;
    if (!range_makes_sense(&call->own) || !range_makes_sense(&call->other))
        return RESCIND_INV_ARGS;
    if (call->own.type != call->other.type || call->own.count != call->other.count)
        return RESCIND_INV_ARGS;
    uint32_t count = call->own.count;
    if (count > model->count) /* then some selector of the source is empty */
        return RESCIND_INV_ARGS;
    uint32_t kind = call->own.type;
    uint32_t from = call->flag ? (uint32_t)named : caller;
    uint32_t to = call->flag ? caller : (uint32_t)named;
    uint32_t source = call->flag ? call->other.start : call->own.start;
    uint32_t destination = call->flag ? call->own.start : call->other.start;
    for (uint32_t i = 0; i < count; i++)
        if (model_find(model, from, kind, source + i) < 0 ||
            model_find(model, to, kind, destination + i) >= 0)
            return RESCIND_INV_ARGS;
    for (uint32_t i = 0; i < count; i++)
        derive(model, model_find(model, from, kind, source + i), to, kind, destination + i);
    return RESCIND_NO_ERROR;
}

/* Removes every capability that is doomed, and closes the gaps. */
static void sweep(struct model *model, const bool *doomed)
{
    int32_t moved[MODEL_CAPS];
    uint32_t kept = 0;
    for (uint32_t i = 0; i < model->count; i++) {
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
    sweep(model, doomed);
    return RESCIND_NO_ERROR;
}

static void end_vpe(struct model *model, uint32_t vpe)
{
    bool doomed[MODEL_CAPS];
    for (uint32_t i = 0; i < model->count; i++) {
        int32_t parent = model->caps[i].parent;
        doomed[i] = model->caps[i].vpe == vpe || (parent >= 0 && doomed[parent]);
    }
    sweep(model, doomed);
    model->ended[vpe] = true;
}

enum rescind_error model_call(struct model *model, uint32_t vpe, const struct model_call *call)
{
    if (call->error != RESCIND_NO_ERROR)
        return call->error;
    switch (call->op) {
    case RESCIND_SYS_CREATEGATE:
        return creategate(model, vpe, call);
    case RESCIND_SYS_EXCHANGE:
        return exchange(model, vpe, call);
    case RESCIND_SYS_REVOKE:
        return revoke(model, vpe, call);
    case RESCIND_SYS_EXIT:
        end_vpe(model, vpe);
        return RESCIND_NO_ERROR;
    case RESCIND_SYS_NOOP:
    case RESCIND_SYS_PRINT:
        return RESCIND_NO_ERROR;
    default:
        return RESCIND_NOT_SUP;
    }
}

struct model_row model_row(const struct model *model, uint32_t index)
{
    const struct model_cap *cap = &model->caps[index];
    struct model_row row = {.vpe = cap->vpe, .kind = cap->kind, .sel = cap->sel, .type = cap->type};
    if (cap->parent >= 0) {
        const struct model_cap *parent = &model->caps[cap->parent];
        row.has_parent = true;
        row.parent_vpe = parent->vpe;
        row.parent_kind = parent->kind;
        row.parent_sel = parent->sel;
    }
    return row;
}

bool model_equals(const struct model *model, const struct model_row *rows, uint32_t count)
{
    if (count != model->count)
        return false;
    for (uint32_t i = 0; i < count; i++) {
        const struct model_row *theirs = &rows[i];
        int32_t at = model_find(model, theirs->vpe, theirs->kind, theirs->sel);
        if (at < 0)
            return false;
        struct model_row ours = model_row(model, (uint32_t)at);
        if (ours.type != theirs->type || ours.has_parent != theirs->has_parent)
            return false;
        if (ours.has_parent &&
            (ours.parent_vpe != theirs->parent_vpe || ours.parent_kind != theirs->parent_kind ||
             ours.parent_sel != theirs->parent_sel))
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

uint64_t model_hash(const struct model *model)
{
    uint64_t sum = model->count;
    for (uint32_t i = 0; i < model->count; i++) {
        const struct model_cap *cap = &model->caps[i];
        uint64_t parent = cap->parent < 0 ? ~0ull : place(&model->caps[cap->parent]);
        sum += mix(place(cap) << 8 | cap->type, parent << 8 | cap->target);
    }
    return sum;
}

static uint32_t get32(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
           (uint32_t)bytes[3] << 24;
}

static struct rescind_range get_range(const uint8_t *bytes)
{
    struct rescind_range range = {get32(bytes), get32(bytes + 4), get32(bytes + 8)};
    return range;
}

/* The bytes of the shortest whole message of an implemented call; 0 for all others. */
static size_t smallest(uint32_t op)
{
    switch (op) {
    case RESCIND_SYS_CREATEGATE:
        return 48;
    case RESCIND_SYS_EXCHANGE:
        return 56;
    case RESCIND_SYS_REVOKE:
        return 32;
    case RESCIND_SYS_EXIT:
    case RESCIND_SYS_PRINT:
        return 16;
    case RESCIND_SYS_NOOP:
        return 8;
    default:
        return 0;
    }
}

struct model_call model_decode(const void *message, size_t size)
{
    const uint8_t *bytes = message;
    struct model_call call = {.error = RESCIND_INV_ARGS};
    if (size < 4)
        return call;
    call.op = get32(bytes);
    if (smallest(call.op) == 0) {
        call.error = RESCIND_NOT_SUP;
        return call;
    }
    if (size < smallest(call.op))
        return call;
    if (call.op == RESCIND_SYS_CREATEGATE) {
        call.vpe = get32(bytes + 8);
        call.dst = get32(bytes + 16);
    } else if (call.op == RESCIND_SYS_EXCHANGE) {
        call.vpe = get32(bytes + 8);
        call.own = get_range(bytes + 16);
        call.other = get_range(bytes + 32);
        call.flag = bytes[48] != 0;
    } else if (call.op == RESCIND_SYS_REVOKE) {
        call.own = get_range(bytes + 8);
        call.flag = bytes[24] != 0;
    } else if (call.op == RESCIND_SYS_PRINT) {
        uint64_t length = (uint64_t)get32(bytes + 12) << 32 | get32(bytes + 8);
        if (length > size - 16)
            return call;
    }
    call.error = RESCIND_NO_ERROR;
    return call;
}

static void put32(uint8_t *bytes, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        bytes[i] = (uint8_t)(value >> (8 * i));
}

static void put_range(uint8_t *bytes, const struct rescind_range *range)
{
    put32(bytes, range->type);
    put32(bytes + 4, range->start);
    put32(bytes + 8, range->count);
}

size_t model_encode(const struct model_call *call, uint8_t *out)
{
    memset(out, 0, MODEL_MESSAGE_MAX);
    put32(out, call->op);
    if (call->op == RESCIND_SYS_CREATEGATE) {
        put32(out + 8, call->vpe);
        put32(out + 16, call->dst);
        put32(out + 24, 0xCAFE); /* label */
        put32(out + 32, RESCIND_EP_FREE);
        put32(out + 40, 32); /* credits */
    } else if (call->op == RESCIND_SYS_EXCHANGE) {
        put32(out + 8, call->vpe);
        put_range(out + 16, &call->own);
        put_range(out + 32, &call->other);
        out[48] = call->flag;
    } else if (call->op == RESCIND_SYS_REVOKE) {
        put_range(out + 8, &call->own);
        out[24] = call->flag;
    }
    return smallest(call->op);
}

/* The naive model's services, sessions and pagers; see model.h. */
#include <string.h>

#include "sim/model_parts.h"

/* ---- Looking -------------------------------------------------------------------------------- */

/* The name of a service of this kernel, or -1. */
static int32_t find_name(const struct model *model, uint32_t kernel, const uint8_t *name)
{
    for (uint32_t i = 0; i < model->count; i++) {
        const struct model_cap *cap = &model->caps[i];
        if (cap->kind == MODEL_TABLE_NAMES && cap->home == kernel &&
            memcmp(cap->name, name, sizeof cap->name) == 0)
            return (int32_t)i;
    }
    return -1;
}

/* A capability of its own kernel's at `sel` that is served by the caller itself; or -1. */
static int32_t find_own(const struct model *model, uint32_t caller, uint32_t sel, uint32_t type)
{
    int32_t at = model_object(model, caller, sel, type);
    const struct model_vpe *self = &model->vpe[caller];
    if (at < 0 || model->caps[at].home != self->kernel || model->caps[at].target != caller ||
        model->caps[at].life != self->life)
        return -1;
    return at;
}

static bool is_first_of_session(const struct model *model, uint32_t index)
{
    const struct model_cap *cap = &model->caps[index];
    return cap->type == RESCIND_CAP_SESSION && model->caps[cap->parent].type != RESCIND_CAP_SESSION;
}

/* The first capability of the session that the one at `sel` of the caller is for; or -1. */
static int32_t find_session(const struct model *model, uint32_t caller, uint32_t sel)
{
    int32_t at = model_object(model, caller, sel, RESCIND_CAP_SESSION);
    while (at >= 0 && !is_first_of_session(model, (uint32_t)at))
        at = model->caps[at].parent;
    return at;
}

static bool is_root(const struct model_ask *ask, const struct model_cap *cap)
{
    return ask->root_vpe == cap->vpe && ask->root == cap->sel;
}

/* Whether a session can be put where CREATESESS wants it. */
static bool can_be_put(const struct model *model, uint32_t caller, const struct model_call *call)
{
    int32_t vpe = model_named_vpe(model, caller, call->vpe);
    return model_is_local(model, caller, vpe) &&
           model_is_free(model, (uint32_t)vpe, RESCIND_TABLE_OBJECT, call->dst);
}

/* ---- Making --------------------------------------------------------------------------------- */

/* Another object below `source`, served by the same. */
static struct model_cap *make(struct model *model, int32_t source, uint32_t vpe, uint32_t kind,
                              uint32_t sel, uint32_t type)
{
    struct model_cap *cap = model_derive(model, source, vpe, kind, sel);
    cap->type = (uint8_t)type;
    memset(cap->name, 0, sizeof cap->name);
    return cap;
}

static enum rescind_error createsrv(struct model *model, uint32_t caller,
                                    const struct model_call *call)
{
    int32_t gate = find_own(model, caller, call->src, RESCIND_CAP_GATE);
    if (gate < 0 || !model_is_free(model, caller, RESCIND_TABLE_OBJECT, call->dst))
        return RESCIND_INV_ARGS;
    if (find_name(model, model->vpe[caller].kernel, call->name) >= 0)
        return RESCIND_EXISTS;
    make(model, gate, caller, RESCIND_TABLE_OBJECT, call->dst, RESCIND_CAP_SERVICE);
    struct model_cap *entry =
        make(model, (int32_t)model->count - 1, caller, MODEL_TABLE_NAMES, call->dst, MODEL_ENTRY);
    memcpy(entry->name, call->name, sizeof entry->name);
    return RESCIND_NO_ERROR;
}

static enum rescind_error createsessat(struct model *model, uint32_t caller,
                                       const struct model_call *call)
{
    int32_t service = find_own(model, caller, call->src, RESCIND_CAP_SERVICE);
    if (service < 0 || !model_is_free(model, caller, RESCIND_TABLE_OBJECT, call->dst))
        return RESCIND_INV_ARGS;
    make(model, service, caller, RESCIND_TABLE_OBJECT, call->dst, RESCIND_CAP_SESSION);
    return RESCIND_NO_ERROR;
}

/* ---- Messages that nobody waits for --------------------------------------------------------- */

static void put_stray(struct model *model, struct model_stray stray)
{
    if (model->strays_count == MODEL_STRAYS)
        model->is_beyond = 1;
    else
        model->strays[model->strays_count++] = stray;
}

static void add_stray(struct model *model, struct model_stray stray)
{
    if (!model_lives(model, stray.vpe, stray.life))
        return;
    stray.loose |= model_endpoint(model, stray.vpe, stray.ep, MODEL_RECEIVE) == NULL;
    put_stray(model, stray);
}

void model_add_interrupt(struct model *model, uint32_t line)
{
    struct model_stray interrupt = {
        .visit = MODEL_INTERRUPTS, .vpe = MODEL_NOBODY, .ep = (uint8_t)line};
    put_stray(model, interrupt);
}

static void remove_stray(struct model *model, uint32_t index)
{
    model->strays[index] = model->strays[--model->strays_count];
    memset(&model->strays[model->strays_count], 0, sizeof model->strays[0]);
}

/* Four words, of eight bytes each. */
enum { QUESTION = 32 };

static void add_close(struct model *model, uint8_t vpe, uint8_t life, uint8_t ep, uint64_t label)
{
    struct model_stray close = {.visit = MODEL_FOR_NOBODY,
                                .vpe = vpe,
                                .life = life,
                                .ep = ep,
                                .size = QUESTION,
                                .label = label};
    add_stray(model, close);
}

enum rescind_error model_stray_step(struct model *model, uint32_t index, uint32_t op)
{
    if (index >= model->strays_count || (op == MODEL_GETS_LOST && model->strays[index].loose == 0))
        return MODEL_NOT_NOW;
    struct model_stray stray = model->strays[index];
    struct model_message message = {.vpe = stray.vpe,
                                    .ep = stray.ep,
                                    .from = MODEL_NOBODY,
                                    .asker = MODEL_NOBODY,
                                    .reply_ep = RESCIND_NONE,
                                    .visit = stray.visit,
                                    .label = stray.label};
    if (stray.visit == MODEL_INTERRUPTS)
        model_interrupt(model, stray.ep);
    else if (op == MODEL_COMES && model_lives(model, stray.vpe, stray.life) &&
             model_deliver(model, message, stray.size) == RESCIND_NO_RING_SPACE)
        return MODEL_NOT_NOW;
    remove_stray(model, index);
    return RESCIND_NO_ERROR;
}

bool model_is_quiet(const struct model *model)
{
    struct model after;
    for (uint32_t i = 0; i < model->strays_count; i++) {
        if (model->strays[i].loose != 0)
            continue;
        memcpy(&after, model, offsetof(struct model, caps) + model->count * sizeof model->caps[0]);
        if (model_stray_step(&after, i, MODEL_COMES) != MODEL_NOT_NOW)
            return false;
    }
    return true;
}

void model_stop_strays(struct model *model, uint32_t vpe)
{
    for (uint32_t i = model->strays_count; i-- > 0;)
        if (model->strays[i].vpe == vpe)
            remove_stray(model, i);
}

void model_close(struct model *model, uint32_t index)
{
    const struct model_cap *cap = &model->caps[index];
    bool is_session = is_first_of_session(model, index);
    bool is_name = cap->kind == MODEL_TABLE_NAMES;
    for (uint32_t vpe = 0; vpe < model->vpes; vpe++) {
        struct model_ask *ask = &model->ask[vpe];
        bool opens = ask->op == RESCIND_SERVICE_OPEN;
        if (ask->state >= MODEL_THERE && ask->op != MODEL_FAULT && (opens ? is_name : is_session) &&
            is_root(ask, cap))
            ask->gone = 1;
    }
    if (is_session)
        add_close(model, cap->target, cap->life, cap->ep < RESCIND_EP_COUNT ? (uint8_t)cap->ep : 0,
                  cap->label);
}

/* ---- Answers -------------------------------------------------------------------------------- */

/* What a service's answer comes to; the range that it says goes to `ask`. */
static enum rescind_error judge(struct model_ask *ask, const struct model_call *reply)
{
    if (!reply || reply->size < 8 || reply->data[0] > RESCIND_XFS_RENAME)
        return RESCIND_RECV_GONE;
    if (reply->data[0] != RESCIND_NO_ERROR)
        return (enum rescind_error)reply->data[0];
    if (ask->op == RESCIND_SERVICE_OPEN)
        return reply->size >= 16 ? RESCIND_NO_ERROR : RESCIND_RECV_GONE;
    if (ask->op == MODEL_FAULT)
        return RESCIND_NO_ERROR;
    uint64_t start = reply->data[1] >> 32, count = (uint32_t)reply->data[2];
    if (reply->size < 24 || reply->size > 24 + RESCIND_ARGS_MAX ||
        (uint32_t)reply->data[1] != ask->kind || count > ask->count || start + count > 1ull << 32)
        return RESCIND_RECV_GONE;
    ask->start = (uint32_t)start;
    ask->count = (uint32_t)count;
    return RESCIND_NO_ERROR;
}

static void set_answer(struct model_ask *ask, enum rescind_error error)
{
    ask->state = MODEL_ANSWERED;
    ask->error = (uint8_t)error;
}

void model_answer(struct model *model, const struct model_message *message,
                  const struct model_call *reply)
{
    struct model_ask open = {.op = RESCIND_SERVICE_OPEN};
    struct model_ask *ask = &model->ask[message->asker % MODEL_VPES];
    if (message->visit == MODEL_FOR_ASKER)
        set_answer(ask, judge(ask, reply));
    else if (message->visit == MODEL_OPENS && judge(&open, reply) == RESCIND_NO_ERROR)
        add_close(model, message->vpe, model->vpe[message->vpe].life, message->ep, message->label);
}

void model_lose_visits(struct model *model, uint32_t vpe, uint32_t ep)
{
    for (uint32_t i = 0; i < model->vpes; i++)
        if (model->ask[i].state == MODEL_WAITS && model->ask[i].vpe == vpe &&
            model->ask[i].ep == ep)
            set_answer(&model->ask[i], RESCIND_RECV_GONE);
    for (uint32_t i = 0; i < model->strays_count; i++)
        if (model->strays[i].vpe == vpe && model->strays[i].ep == ep)
            model->strays[i].loose = 1;
}

/* The question lies at its endpoint, which a new one reads as any other's. */
static void leave_alone(struct model *model, uint32_t vpe, enum model_visit visit)
{
    for (uint32_t i = 0; i < model->messages_count; i++) {
        struct model_message *m = &model->messages[i];
        if (m->visit != MODEL_FOR_ASKER || m->asker != vpe)
            continue;
        m->visit = visit;
        m->asker = MODEL_NOBODY;
        m->asker_life = 0;
    }
}

void model_stop_asking(struct model *model, uint32_t vpe)
{
    struct model_ask ask = model->ask[vpe];
    bool opens = ask.op == RESCIND_SERVICE_OPEN;
    enum model_visit visit = opens ? MODEL_OPENS : MODEL_FOR_NOBODY;
    struct model_stray stray = {.visit = (uint8_t)visit,
                                .vpe = ask.vpe,
                                .life = ask.life,
                                .ep = ask.ep,
                                .size = ask.size,
                                .label = ask.label};
    memset(&model->ask[vpe], 0, sizeof model->ask[vpe]);
    if (ask.state == MODEL_SENT)
        leave_alone(model, vpe, visit);
    else if (ask.state == MODEL_WAITS && ask.is_far != 0) /* here it leaves its line */
        add_stray(model, stray);
    else if (ask.state == MODEL_ANSWERED && opens && ask.error == RESCIND_NO_ERROR)
        add_close(model, ask.vpe, ask.life, ask.ep, ask.label);
}

/* ---- Asking --------------------------------------------------------------------------------- */

/* Where the question goes: where such a capability leads. */
static void aim(struct model_ask *ask, const struct model_cap *cap)
{
    ask->vpe = cap->target;
    ask->life = cap->life;
    ask->ep = cap->ep < RESCIND_EP_COUNT ? (uint8_t)cap->ep : 0; /* where nobody receives */
    ask->label = cap->label;
}

/* And by what it is asked. */
static void take_root(struct model_ask *ask, const struct model_cap *cap)
{
    aim(ask, cap);
    ask->root_vpe = cap->vpe;
    ask->root = cap->sel;
    ask->gone = 0;
}

/* Puts the question where it goes to, or waits for room; or there is nobody to ask. */
static void deliver(struct model *model, uint32_t caller)
{
    struct model_ask *ask = &model->ask[caller];
    struct model_message message = {.vpe = ask->vpe,
                                    .ep = ask->ep,
                                    .from = MODEL_NOBODY,
                                    .asker = (uint8_t)caller,
                                    .asker_life = model->vpe[caller].life,
                                    .reply_ep = RESCIND_NONE,
                                    .visit = MODEL_FOR_ASKER,
                                    .label = ask->label};
    enum rescind_error error = RESCIND_RECV_GONE;
    if (model_lives(model, ask->vpe, ask->life))
        error = model_deliver(model, message, ask->size);
    if (error == RESCIND_NO_ERROR)
        ask->state = MODEL_SENT;
    else if (error == RESCIND_NO_RING_SPACE)
        ask->state = MODEL_WAITS;
    else
        set_answer(ask, RESCIND_RECV_GONE);
}

/* The kernels there are, as far as VPEs show it: another has no services. */
static uint32_t kernels(const struct model *model)
{
    uint32_t count = 0;
    for (uint32_t vpe = 0; vpe < model->vpes; vpe++)
        if (count <= model->vpe[vpe].kernel)
            count = model->vpe[vpe].kernel + 1u;
    return count;
}

/* CREATESESS looks at its own kernel's tables: for the name, too. */
static enum rescind_error look_here(struct model *model, uint32_t caller,
                                    const struct model_call *call)
{
    struct model_ask *ask = &model->ask[caller];
    uint32_t own = model->vpe[caller].kernel;
    int32_t name = find_name(model, own, call->name);
    if (!can_be_put(model, caller, call))
        return RESCIND_INV_ARGS;
    if (name >= 0) {
        take_root(ask, &model->caps[name]);
        ask->kernel = 0;
        deliver(model, caller);
        return MODEL_BEGUN;
    }
    ask->kernel += ask->kernel == own;
    if (ask->kernel >= kernels(model))
        return RESCIND_INV_ARGS;
    ask->state = MODEL_THERE;
    ask->is_far = 1;
    return MODEL_BEGUN;
}

/* Another kernel hears what it is asked. The capability that it is asked by stands until then. */
static enum rescind_error look_there(struct model *model, uint32_t caller,
                                     const struct model_call *call)
{
    struct model_ask *ask = &model->ask[caller];
    int32_t name = -1;
    if (ask->op != RESCIND_SERVICE_OPEN) {
        if (ask->gone != 0)
            return MODEL_NOT_NOW;
        deliver(model, caller);
        return MODEL_BEGUN;
    }
    name = find_name(model, ask->kernel, call->name);
    if (name >= 0) {
        take_root(ask, &model->caps[name]);
        deliver(model, caller);
        return MODEL_BEGUN;
    }
    ask->kernel++;
    ask->is_far = 0;
    ask->state = MODEL_HERE;
    return MODEL_BEGUN;
}

static enum rescind_error begin_opening(struct model *model, uint32_t caller,
                                        const struct model_call *call)
{
    struct model_ask ask = {
        .state = MODEL_HERE, .op = RESCIND_SERVICE_OPEN, .size = QUESTION + call->args};
    model->ask[caller] = ask;
    return look_here(model, caller, call);
}

/* DELEGATE and OBTAIN. */
static enum rescind_error begin_transfer(struct model *model, uint32_t caller,
                                         const struct model_call *call)
{
    int32_t session = find_session(model, caller, call->src);
    if (!model_is_local(model, caller, model_named_vpe(model, caller, call->vpe)) || session < 0)
        return RESCIND_INV_ARGS;
    bool obtain = call->op == RESCIND_SYS_OBTAIN;
    struct model_ask ask = {
        .state = MODEL_THERE,
        .op = obtain ? RESCIND_SERVICE_OBTAIN : RESCIND_SERVICE_DELEGATE,
        .is_far = model->caps[session].home != model->vpe[caller].kernel,
        .kind = (uint8_t)call->own.type,
        .count = call->own.count,
        .size = QUESTION + call->args,
    };
    take_root(&ask, &model->caps[session]);
    model->ask[caller] = ask;
    if (ask.is_far == 0)
        deliver(model, caller);
    return MODEL_BEGUN;
}

static enum rescind_error begin_fault(struct model *model, uint32_t caller)
{
    uint32_t ep = model->vpe[caller].pager;
    const struct model_cap *pager = ep != 0 ? model_endpoint(model, caller, ep, MODEL_SEND) : NULL;
    if (pager == NULL || pager->ep >= RESCIND_EP_COUNT)
        return RESCIND_NO_MAPPING;
    struct model_ask ask = {.state = MODEL_THERE,
                            .op = MODEL_FAULT,
                            .is_far = model->vpe[pager->target].kernel != model->vpe[caller].kernel,
                            .size = 16};
    aim(&ask, pager);
    model->ask[caller] = ask;
    if (ask.is_far == 0)
        deliver(model, caller);
    return MODEL_BEGUN;
}

/* ---- Being done ----------------------------------------------------------------------------- */

static void put_session(struct model *model, uint32_t caller, const struct model_call *call)
{
    struct model_ask *ask = &model->ask[caller];
    uint32_t kernel = ask->is_far != 0 ? ask->kernel : model->vpe[caller].kernel;
    uint32_t vpe = (uint32_t)model_named_vpe(model, caller, call->vpe);
    make(model, find_name(model, kernel, call->name), vpe, RESCIND_TABLE_OBJECT, call->dst,
         RESCIND_CAP_SESSION);
    memset(ask, 0, sizeof *ask); /* nothing is left to be closed */
}

/* A service of the caller's kernel has opened a session: all is looked at again. */
static enum rescind_error opened(struct model *model, uint32_t caller,
                                 const struct model_call *call)
{
    if (!can_be_put(model, caller, call) ||
        find_name(model, model->vpe[caller].kernel, call->name) < 0)
        return RESCIND_INV_ARGS;
    if (model->ask[caller].gone != 0)
        return RESCIND_RECV_GONE;
    put_session(model, caller, call);
    return RESCIND_NO_ERROR;
}

/* The same of another kernel's. Where it can't be put, it is closed, and all is begun anew. */
static enum rescind_error opened_there(struct model *model, uint32_t caller,
                                       const struct model_call *call)
{
    if (model->ask[caller].gone != 0)
        return RESCIND_RECV_GONE;
    if (can_be_put(model, caller, call)) {
        put_session(model, caller, call);
        return RESCIND_NO_ERROR;
    }
    struct model_ask again = {
        .state = MODEL_HERE, .op = RESCIND_SERVICE_OPEN, .size = model->ask[caller].size};
    model_stop_asking(model, caller);
    model->ask[caller] = again;
    return MODEL_BEGUN;
}

/* The service has agreed to a range. */
static enum rescind_error agreed(struct model *model, uint32_t caller,
                                 const struct model_call *call)
{
    const struct model_ask *ask = &model->ask[caller];
    int32_t vpe = model_named_vpe(model, caller, call->vpe);
    int32_t session = find_session(model, caller, call->src);
    uint32_t own = (uint32_t)vpe, service = ask->vpe;
    if (!model_is_local(model, caller, vpe) || session < 0 || ask->gone != 0 ||
        !is_root(ask, &model->caps[session]))
        return RESCIND_INV_ARGS;
    model->said[0] = ask->count;
    return call->op == RESCIND_SYS_OBTAIN
               ? model_copy(model, service, ask->start, own, call->own.start, ask->kind, ask->count)
               : model_copy(model, own, call->own.start, service, ask->start, ask->kind,
                            ask->count);
}

/* The answer is known. */
static enum rescind_error finish(struct model *model, uint32_t caller,
                                 const struct model_call *call)
{
    const struct model_ask *ask = &model->ask[caller];
    if (ask->op == MODEL_FAULT)
        return ask->error == RESCIND_RECV_GONE ? RESCIND_NO_MAPPING
                                               : (enum rescind_error)ask->error;
    if (ask->error != RESCIND_NO_ERROR)
        return (enum rescind_error)ask->error;
    if (ask->op != RESCIND_SERVICE_OPEN)
        return agreed(model, caller, call);
    return ask->is_far != 0 ? opened_there(model, caller, call) : opened(model, caller, call);
}

/* ---- Steps ---------------------------------------------------------------------------------- */

static enum rescind_error begin(struct model *model, uint32_t caller, const struct model_call *call)
{
    switch (call->op) {
    case RESCIND_SYS_CREATESESS:
        return begin_opening(model, caller, call);
    case RESCIND_SYS_PAGEFAULT:
        return begin_fault(model, caller);
    default:
        return begin_transfer(model, caller, call);
    }
}

/* A step of a call that asks: the answer, MODEL_BEGUN or MODEL_NOT_NOW. */
static enum rescind_error step(struct model *model, uint32_t caller, const struct model_call *call)
{
    switch (model->ask[caller].state) {
    case MODEL_ASKS_NOTHING:
        return begin(model, caller, call);
    case MODEL_HERE:
        return look_here(model, caller, call);
    case MODEL_THERE:
        return look_there(model, caller, call);
    case MODEL_WAITS:
        deliver(model, caller);
        return model->ask[caller].state == MODEL_WAITS ? MODEL_NOT_NOW : MODEL_BEGUN;
    case MODEL_SENT:
        return MODEL_NOT_NOW;
    default:
        return finish(model, caller, call);
    }
}

enum rescind_error model_service_call(struct model *model, uint32_t caller,
                                      const struct model_call *call)
{
    switch (call->op) {
    case RESCIND_SYS_CREATESRV:
        return createsrv(model, caller, call);
    case RESCIND_SYS_CREATESESSAT:
        return createsessat(model, caller, call);
    case RESCIND_SYS_CREATESESS:
    case RESCIND_SYS_DELEGATE:
    case RESCIND_SYS_OBTAIN:
    case RESCIND_SYS_PAGEFAULT: {
        enum rescind_error result = step(model, caller, call);
        if (result == MODEL_BEGUN && model->ask[caller].state == MODEL_ANSWERED)
            result = finish(model, caller, call);
        if (result != MODEL_BEGUN && result != MODEL_NOT_NOW)
            model_stop_asking(model, caller);
        return result;
    }
    default:
        return model_device_call(model, caller, call);
    }
}

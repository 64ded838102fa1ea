/* The monitor; see monitor.h. */
#include "sim/monitor.h"

#include <string.h>

/* How things stand with a VPE, in one word: what it does, whether it is to be ended, and a detail:
 * of a call that is pending its number, of one that took effect its result. */
enum { IDLE, PENDING, DONE, GONE, ACTIVITY = 3, KILLED = 4, DETAIL_SHIFT = 3 };
#define DETAIL_MAX (1u << (32 - DETAIL_SHIFT))

enum {
    CONFIGS_MAX = 1 << 14, /* of a set; one that outgrows it is MONITOR_OFF */
    KEY_BITS = 24,         /* of a model's and a call's number in the memory of effects */
    CALL_MAKES = 8,        /* capabilities at most, EXCHANGE's aside */
};

/* One thing that may be the case: the model's number, then a word a VPE. A set is a flag (memory
 * may be short) and its configurations, in ascending order. */
struct monitor {
    uint32_t vpes;
    size_t config; /* words of a configuration */

    /* Each kind of value: from its bytes to its number, and back. */
    GHashTable *model_numbers, *call_numbers, *set_numbers, *event_numbers;
    GHashTable *names; /* of VPEs, to a bit each for those that have it */
    GPtrArray *models; /* struct model *, cut to what is used */
    GArray *calls;     /* struct model_call */
    GPtrArray *sets;   /* GBytes */
    GArray *events;    /* struct event */
    GArray *trails;    /* struct trail */

    /* Memories: a key of 64 bits to a number + 1. */
    GHashTable *effects, *trail_numbers, *followed;
};

/* What monitor_event becomes: `detail` is a call's number or an error code. */
struct event {
    uint32_t kind, vpe, detail;
};
struct trail {
    uint32_t before, event;
};
struct effect {
    uint32_t model, result;
};

/* ---- Numbers ------------------------------------------------------------------------------ */

G_STATIC_ASSERT(sizeof(gpointer) == sizeof(uint64_t)); /* keys of 64 bits are pointers to GLib */

static guint hash_key(gconstpointer key)
{
    uint64_t x = (uintptr_t)key;

    x = (x ^ (x >> 32)) * 0xd6e8feb86659fd93ull;
    return (guint)(x >> 32);
}

static gpointer pair(uint32_t high, uint32_t low)
{
    return (gpointer)(uintptr_t)((uint64_t)high << 32 | low);
}

static bool recall(GHashTable *memory, gpointer key, uint32_t *value)
{
    *value = GPOINTER_TO_UINT(g_hash_table_lookup(memory, key)) - 1;
    return *value != UINT32_MAX;
}

static void remember(GHashTable *memory, gpointer key, uint32_t value)
{
    g_hash_table_insert(memory, key, GUINT_TO_POINTER(value + 1));
}

/* The number of these bytes in `numbers`; where they are new it is `next`. */
static uint32_t intern(GHashTable *numbers, const void *bytes, size_t size, uint32_t next)
{
    GBytes *key = g_bytes_new(bytes, size);
    uint32_t number = GPOINTER_TO_UINT(g_hash_table_lookup(numbers, key));

    if (number != 0) {
        g_bytes_unref(key);
        return number - 1;
    }
    g_hash_table_insert(numbers, key, GUINT_TO_POINTER(next + 1));
    return next;
}

/* A capability in words, without what depends on the order in which it came. */
enum { ROW = 4 + sizeof(struct model_cap) / sizeof(uint32_t) };

static void write_row(const struct model *model, uint32_t index, uint32_t *words)
{
    const struct model_cap *cap = &model->caps[index];
    const struct model_cap *parent = cap->parent >= 0 ? &model->caps[cap->parent] : NULL;

    words[0] = parent != NULL;
    words[1] = parent != NULL ? parent->vpe : 0;
    words[2] = parent != NULL ? parent->kind : 0;
    words[3] = parent != NULL ? parent->sel : 0;
    memcpy(words + 4, cap, sizeof(*cap));
    words[4 + offsetof(struct model_cap, parent) / sizeof(uint32_t)] = 0;
}

static int compare_rows(const void *a, const void *b)
{
    return memcmp(a, b, ROW * sizeof(uint32_t));
}

static int compare_messages(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct model_message));
}

static int compare_strays(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct model_stray));
}

/* Appends `count` things of `size` bytes, whole words, in ascending order. */
static void append_sorted(GArray *key, const void *things, uint32_t count, size_t size,
                          int (*compare)(const void *a, const void *b))
{
    void *sorted = g_memdup2(things, count * size);

    if (count > 0)
        qsort(sorted, count, size, compare);
    g_array_append_val(key, count);
    g_array_append_vals(key, sorted, (guint)(count * size / sizeof(uint32_t)));
    g_free(sorted);
}

/* What calls have asked of services. */
static void append_asks(GArray *key, const struct model *model)
{
    for (uint32_t vpe = 0; vpe < model->vpes; vpe++) {
        if (model->ask[vpe].state == MODEL_ASKS_NOTHING)
            continue;
        g_array_append_val(key, vpe);
        g_array_append_vals(key, &model->ask[vpe], sizeof(model->ask[vpe]) / sizeof(uint32_t));
    }
}

/* Two models are the same when their tables and ends are, in whatever order they came to be. */
static uint32_t intern_model(struct monitor *m, const struct model *model)
{
    GArray *key = g_array_new(false, false, sizeof(uint32_t));
    uint32_t number;

    g_array_set_size(key, model->count * ROW);
    for (uint32_t i = 0; i < model->count; i++)
        write_row(model, i, &g_array_index(key, uint32_t, i * ROW));
    if (model->count > 0)
        qsort(key->data, model->count, ROW * sizeof(uint32_t), compare_rows);
    G_STATIC_ASSERT(sizeof(model->vpe[0]) % sizeof(uint32_t) == 0);
    g_array_append_vals(key, model->vpe,
                        model->vpes * (guint)(sizeof(model->vpe[0]) / sizeof(uint32_t)));
    append_sorted(key, model->messages, model->messages_count, sizeof(model->messages[0]),
                  compare_messages);
    append_sorted(key, model->strays, model->strays_count, sizeof(model->strays[0]),
                  compare_strays);
    append_asks(key, model);
    number = intern(m->model_numbers, key->data, key->len * sizeof(uint32_t), m->models->len);
    if (number == m->models->len)
        g_ptr_array_add(m->models, g_memdup2(model, offsetof(struct model, caps) +
                                                        model->count * sizeof(model->caps[0])));
    g_array_unref(key);
    return number;
}

static uint32_t intern_set(struct monitor *m, const GArray *words)
{
    uint32_t number =
        intern(m->set_numbers, words->data, words->len * sizeof(uint32_t), m->sets->len);

    if (number == m->sets->len)
        g_ptr_array_add(m->sets, g_bytes_new(words->data, words->len * sizeof(uint32_t)));
    return number;
}

/* Which VPEs the message of CREATEVPE may make: the call says it. */
static void name_child(const struct monitor *m, const struct monitor_event *event,
                       struct model_call *call)
{
    size_t size;
    const char *name = model_name(event->message, event->size, &size);
    char *text = name != NULL ? g_strndup(name, size) : NULL;

    call->child = MODEL_BY_NAME;
    if (text != NULL)
        call->children = GPOINTER_TO_UINT(g_hash_table_lookup(m->names, text));
    g_free(text);
}

static uint32_t intern_call(struct monitor *m, const struct monitor_event *event)
{
    uint32_t number = intern(m->call_numbers, event->message, event->size, m->calls->len);

    if (number == m->calls->len) {
        struct model_call call = model_decode(event->message, event->size);
        if (call.op == RESCIND_SYS_CREATEVPE && call.error == RESCIND_NO_ERROR)
            name_child(m, event, &call);
        g_array_append_val(m->calls, call);
    }
    return number;
}

uint32_t monitor_trail(struct monitor *m, uint32_t trail, const struct monitor_event *e)
{
    struct event event = {.kind = e->kind, .vpe = e->vpe};
    uint32_t number, next;

    if (e->kind == MONITOR_CALL)
        event.detail = intern_call(m, e);
    else if (e->kind == MONITOR_REPLY)
        event.detail = e->error;
    number = intern(m->event_numbers, &event, sizeof(event), m->events->len);
    if (number == m->events->len)
        g_array_append_val(m->events, event);
    if (!recall(m->trail_numbers, pair(trail, number), &next)) {
        struct trail longer = {trail, number};
        next = m->trails->len;
        g_array_append_val(m->trails, longer);
        remember(m->trail_numbers, pair(trail, number), next);
    }
    return next;
}

/* ---- Configurations ----------------------------------------------------------------------- */

static uint32_t activity(uint32_t status)
{
    return status & ACTIVITY;
}

static const struct model_call *call_of(const struct monitor *m, uint32_t status)
{
    return &g_array_index(m->calls, struct model_call, status >> DETAIL_SHIFT);
}

/* A set in the making: its configurations one after the other, and all of them as keys. */
struct draft {
    struct monitor *m;
    GArray *words;
    GHashTable *known;
    bool overflow;
};

static void draft_begin(struct draft *d, struct monitor *m)
{
    *d = (struct draft){.m = m,
                        .words = g_array_new(false, false, sizeof(uint32_t)),
                        .known = g_hash_table_new_full(g_bytes_hash, g_bytes_equal,
                                                       (GDestroyNotify)g_bytes_unref, NULL)};
}

static uint32_t draft_count(const struct draft *d)
{
    return (uint32_t)(d->words->len / d->m->config);
}

static uint32_t *draft_config(const struct draft *d, uint32_t index)
{
    return &g_array_index(d->words, uint32_t, index * d->m->config);
}

static void draft_add(struct draft *d, const uint32_t *config)
{
    if (draft_count(d) == CONFIGS_MAX) {
        d->overflow = true;
        return;
    }
    if (g_hash_table_add(d->known, g_bytes_new(config, d->m->config * sizeof(uint32_t))))
        g_array_append_vals(d->words, config, (guint)d->m->config);
}

static void draft_drop(struct draft *d)
{
    g_array_unref(d->words);
    g_hash_table_unref(d->known);
}

static int compare_configs(gconstpointer a, gconstpointer b, gpointer size)
{
    return memcmp(a, b, *(const size_t *)size);
}

/* Its set's number, and an end of the draft. */
static uint32_t draft_end(struct draft *d, uint32_t is_short)
{
    size_t size = d->m->config * sizeof(uint32_t);
    uint32_t count = draft_count(d), set = MONITOR_NONE;

    if (d->overflow) {
        set = MONITOR_OFF;
    } else if (count > 0) {
        g_qsort_with_data(d->words->data, (gint)count, size, compare_configs, &size);
        g_array_prepend_val(d->words, is_short);
        set = intern_set(d->m, d->words);
    }
    draft_drop(d);
    return set;
}

/* The configurations of a set, and its flag. */
static const uint32_t *set_words(const struct monitor *m, uint32_t set, uint32_t *count,
                                 uint32_t *is_short)
{
    gsize size;
    const uint32_t *words = g_bytes_get_data(g_ptr_array_index(m->sets, set), &size);

    *is_short = words[0];
    *count = (uint32_t)((size / sizeof(uint32_t) - 1) / m->config);
    return words + 1;
}

/* ---- Effects ------------------------------------------------------------------------------ */

/* Numbers of calls that nobody has sent: a VPE's end by force, and that of one that is lost; that a
 * stray message comes, or gets lost; and that there is an interrupt, or that it comes later. */
enum {
    END_FORCED = (1 << KEY_BITS) - 1,
    END_LOST = END_FORCED - 1,
    COMES = END_FORCED - 2,
    GETS_LOST = END_FORCED - 3,
    INTERRUPT = END_FORCED - 4,
    INTERRUPT_LATE = END_FORCED - 5,
    CALLS_END = INTERRUPT_LATE,
};

static const struct model_call *call_number(const struct monitor *m, uint32_t call)
{
    static const struct model_call unsent[] = {{.op = RESCIND_SYS_EXIT, .flag = true},
                                               {.op = MODEL_LOST},
                                               {.op = MODEL_COMES},
                                               {.op = MODEL_GETS_LOST},
                                               {.op = MODEL_INTERRUPT},
                                               {.op = MODEL_INTERRUPT_LATE}};

    if (call >= CALLS_END)
        return &unsent[END_FORCED - call];
    return &g_array_index(m->calls, struct model_call, call);
}

/* Whether the model has room for what the call may make. */
static bool fits(const struct model *model, const struct model_call *call)
{
    bool copies = call->op == RESCIND_SYS_EXCHANGE || call->op == RESCIND_SYS_OBTAIN ||
                  call->op == RESCIND_SYS_DELEGATE;
    uint32_t makes = copies ? call->own.count : CALL_MAKES;

    if (call->op == RESCIND_SYS_CREATEMAP && call->error == RESCIND_NO_ERROR)
        return call->size <= MODEL_CAPS - model->count;
    return call->error != RESCIND_NO_ERROR || makes > model->count ||
           model->count + makes <= MODEL_CAPS;
}

/* The call of `vpe` on a model. False: it goes beyond it. */
static bool take_effect(struct monitor *m, uint32_t model, uint32_t vpe,
                        const struct model_call *call, struct effect *out)
{
    const struct model *before = g_ptr_array_index(m->models, model);
    struct model after;

    if (!fits(before, call))
        return false;
    memcpy(&after, before, offsetof(struct model, caps) + before->count * sizeof(before->caps[0]));
    out->result = model_call(&after, vpe, call);
    out->model = intern_model(m, &after);
    return out->result != MODEL_BEYOND;
}

/* The same by number, remembered. */
static bool effect_of(struct monitor *m, uint32_t model, uint32_t vpe, uint32_t call,
                      struct effect *out)
{
    uint64_t key = ((uint64_t)model << KEY_BITS | call) << 8 | vpe;
    gpointer k = (gpointer)(uintptr_t)key;
    uint64_t known = (uintptr_t)g_hash_table_lookup(m->effects, k);

    if (known != 0) {
        *out = (struct effect){(uint32_t)(known >> 8) - 1, (uint32_t)known & 0xff};
        return true;
    }
    if (model >= 1u << KEY_BITS || m->calls->len >= CALLS_END ||
        !take_effect(m, model, vpe, call_number(m, call), out))
        return false;
    known = (uint64_t)(out->model + 1) << 8 | out->result;
    g_hash_table_insert(m->effects, k, (gpointer)(uintptr_t)known);
    return true;
}

static const struct model *model_of(const struct monitor *m, const uint32_t *config)
{
    return g_ptr_array_index(m->models, config[0]);
}

static bool is_exit(const struct model_call *call)
{
    return call->op == RESCIND_SYS_EXIT && call->error == RESCIND_NO_ERROR;
}

/* `vpe` ends, not by a call of its own. */
static void add_end(struct draft *d, const uint32_t *from, uint32_t vpe)
{
    uint32_t config[1 + MODEL_VPES], status = from[1 + vpe];
    struct effect effect;

    if (!effect_of(d->m, from[0], vpe, (status & KILLED) != 0 ? END_FORCED : END_LOST, &effect)) {
        d->overflow = true;
        return;
    }
    if (effect.result == MODEL_NOT_NOW)
        return;
    memcpy(config, from, d->m->config * sizeof(uint32_t));
    config[0] = effect.model;
    config[1 + vpe] = GONE;
    draft_add(d, config);
}

/* A message of a kernel's that nobody waits for comes, or gets lost. */
static void add_strays(struct draft *d, const uint32_t *from)
{
    const struct model *model = model_of(d->m, from);
    uint32_t config[1 + MODEL_VPES];
    struct effect effect;

    memcpy(config, from, d->m->config * sizeof(uint32_t));
    for (uint32_t i = 0; i < model->strays_count; i++) {
        for (uint32_t call = GETS_LOST; call <= COMES; call++) {
            if (!effect_of(d->m, from[0], i, call, &effect)) {
                d->overflow = true;
                return;
            }
            config[0] = effect.model;
            if (effect.result != MODEL_NOT_NOW)
                draft_add(d, config);
        }
    }
}

/* The model once the call of `vpe` has been refused. */
static uint32_t refused_model(struct monitor *m, uint32_t number, uint32_t vpe)
{
    const struct model *before = g_ptr_array_index(m->models, number);
    struct model after;

    if (before->ask[vpe].state == MODEL_ASKS_NOTHING && before->vpe[vpe].waits == MODEL_NOBODY)
        return number;
    memcpy(&after, before, offsetof(struct model, caps) + before->count * sizeof(before->caps[0]));
    model_refuse(&after, vpe);
    return intern_model(m, &after);
}

/* The call of `vpe` is refused for what the model does not count. */
static void add_refusals(struct draft *d, const uint32_t *from, uint32_t vpe, bool is_short)
{
    static const enum rescind_error refusals[] = {RESCIND_OUT_OF_MEM, RESCIND_NO_FREE_CORE,
                                                  RESCIND_INV_ARGS, RESCIND_NO_SPACE};
    uint32_t config[1 + MODEL_VPES], status = from[1 + vpe];
    const struct model_call *call = call_of(d->m, status);

    memcpy(config, from, d->m->config * sizeof(uint32_t));
    for (guint i = 0; i < G_N_ELEMENTS(refusals); i++) {
        config[1 + vpe] = DONE | (status & KILLED) | refusals[i] << DETAIL_SHIFT;
        if (!model_may_refuse(model_of(d->m, from), vpe, call, refusals[i], is_short))
            continue;
        config[0] = refused_model(d->m, from[0], vpe);
        draft_add(d, config);
    }
}

/* Which VPE there is after a CREATEVPE that was not before. */
static uint32_t new_vpe(const struct monitor *m, uint32_t before, uint32_t after)
{
    const struct model *b = g_ptr_array_index(m->models, before);
    const struct model *a = g_ptr_array_index(m->models, after);
    uint32_t vpe = 0;

    while (vpe + 1 < m->vpes && a->vpe[vpe].life == b->vpe[vpe].life)
        vpe++;
    return vpe;
}

/* The call of `vpe` takes effect, or goes a step on. */
static void add_call(struct draft *d, const uint32_t *from, uint32_t vpe)
{
    uint32_t config[1 + MODEL_VPES], status = from[1 + vpe];
    const struct model_call *call = call_of(d->m, status);
    struct effect effect;

    if (!effect_of(d->m, from[0], vpe, status >> DETAIL_SHIFT, &effect)) {
        d->overflow = true;
        return;
    }
    if (effect.result == MODEL_NOT_NOW)
        return;
    memcpy(config, from, d->m->config * sizeof(uint32_t));
    config[0] = effect.model;
    if (is_exit(call))
        config[1 + vpe] = GONE;
    else if (effect.result != MODEL_BEGUN)
        config[1 + vpe] = DONE | (status & KILLED) | effect.result << DETAIL_SHIFT;
    if (call->op == RESCIND_SYS_CREATEVPE && effect.result == RESCIND_NO_ERROR)
        config[1 + new_vpe(d->m, from[0], effect.model)] = IDLE;
    draft_add(d, config);
}

/* What may become of the configuration when `vpe` is the next whose call, or end, takes effect. */
static void add_effects(struct draft *d, const uint32_t *from, uint32_t vpe, bool is_short)
{
    uint32_t status = from[1 + vpe];
    bool pending = activity(status) == PENDING;

    if (activity(status) == GONE)
        return;
    if (((status & KILLED) != 0 || model_is_lost(model_of(d->m, from), vpe)) &&
        (!pending || model_may_wait(call_of(d->m, status))))
        add_end(d, from, vpe);
    if (pending) {
        add_call(d, from, vpe);
        add_refusals(d, from, vpe, is_short);
    }
}

/* Adds to the draft all that its configurations can become without anything being seen. */
static void close_draft(struct draft *d, bool is_short)
{
    uint32_t config[1 + MODEL_VPES];

    for (uint32_t i = 0; i < draft_count(d) && !d->overflow; i++) {
        memcpy(config, draft_config(d, i), d->m->config * sizeof(uint32_t));
        add_strays(d, config);
        for (uint32_t vpe = 0; vpe < d->m->vpes; vpe++)
            add_effects(d, config, vpe, is_short);
    }
}

/* The set and all that it can become. */
static void draft_closure(struct draft *d, struct monitor *m, uint32_t set, uint32_t *is_short)
{
    uint32_t count;
    const uint32_t *words = set_words(m, set, &count, is_short);

    draft_begin(d, m);
    for (uint32_t i = 0; i < count; i++)
        draft_add(d, words + i * m->config);
    close_draft(d, *is_short);
}

/* ---- Events ------------------------------------------------------------------------------- */

/* What a configuration becomes by an event that it agrees with. */
static bool agree(uint32_t *config, const struct event *e)
{
    uint32_t *status = &config[1 + e->vpe];

    switch (e->kind) {
    case MONITOR_CALL:
        if (activity(*status) != IDLE)
            return false;
        *status = PENDING | (*status & KILLED) | e->detail << DETAIL_SHIFT;
        return true;
    case MONITOR_REPLY:
        if (activity(*status) != DONE ||
            (*status >> DETAIL_SHIFT != e->detail && *status >> DETAIL_SHIFT != MODEL_ANY))
            return false;
        *status = IDLE | (*status & KILLED);
        return true;
    case MONITOR_KILL:
        if (activity(*status) != GONE)
            *status |= KILLED;
        return true;
    default: /* MONITOR_ENDED */
        return activity(*status) == GONE;
    }
}

/* Whether what some VPE does may take away by what an interrupt's message goes. */
static bool may_take_away(const struct monitor *m, const uint32_t *config)
{
    for (uint32_t vpe = 0; vpe < m->vpes; vpe++) {
        uint32_t status = config[1 + vpe];
        if (activity(status) == GONE)
            continue;
        if ((status & KILLED) != 0 || model_is_lost(model_of(m, config), vpe) ||
            (activity(status) == PENDING && model_may_take_away(call_of(m, status))))
            return true;
    }
    return false;
}

/* There is an interrupt of this line. */
static void add_interrupt(struct draft *d, uint32_t *config, uint32_t line)
{
    struct effect now, late;

    if (!effect_of(d->m, config[0], line, INTERRUPT, &now) ||
        !effect_of(d->m, config[0], line, INTERRUPT_LATE, &late)) {
        d->overflow = true;
        return;
    }
    bool may_be_late = may_take_away(d->m, config);
    config[0] = now.model;
    draft_add(d, config);
    config[0] = late.model;
    if (may_be_late)
        draft_add(d, config);
}

/* An answer is explained by what the set can become, and so is what an interrupt meets; what is
 * only sent changes nothing yet. */
static uint32_t follow_event(struct monitor *m, uint32_t set, const struct event *e)
{
    struct draft closure, next;
    uint32_t config[1 + MODEL_VPES], is_short, count;

    if (set == MONITOR_NONE || set == MONITOR_OFF)
        return set;
    if (e->kind == MONITOR_CALL && g_array_index(m->calls, struct model_call, e->detail).beyond)
        return MONITOR_OFF;
    draft_begin(&next, m);
    if (e->kind == MONITOR_REPLY || e->kind == MONITOR_ENDED || e->kind == MONITOR_INTERRUPT) {
        draft_closure(&closure, m, set, &is_short);
    } else {
        const uint32_t *words = set_words(m, set, &count, &is_short);
        draft_begin(&closure, m);
        for (uint32_t i = 0; i < count; i++)
            draft_add(&closure, words + i * m->config);
    }
    next.overflow |= closure.overflow;
    for (uint32_t i = 0; i < draft_count(&closure); i++) {
        memcpy(config, draft_config(&closure, i), m->config * sizeof(uint32_t));
        if (e->kind == MONITOR_INTERRUPT)
            add_interrupt(&next, config, e->vpe);
        else if (e->kind == MONITOR_SHORT || agree(config, e))
            draft_add(&next, config);
    }
    draft_drop(&closure);
    return draft_end(&next, is_short || e->kind == MONITOR_SHORT);
}

uint32_t monitor_follow(struct monitor *m, uint32_t set, uint32_t trail)
{
    uint32_t next;

    if (trail == MONITOR_NO_TRAIL || set == MONITOR_NONE || set == MONITOR_OFF)
        return set;
    if (recall(m->followed, pair(set, trail), &next))
        return next;
    /* A trail is as long as one step of the machine shows: a few events. */
    GArray *events = g_array_new(false, false, sizeof(struct event));
    for (uint32_t at = trail; at != MONITOR_NO_TRAIL;) {
        const struct trail *t = &g_array_index(m->trails, struct trail, at);
        g_array_prepend_val(events, g_array_index(m->events, struct event, t->event));
        at = t->before;
    }
    next = set;
    for (guint i = 0; i < events->len; i++)
        next = follow_event(m, next, &g_array_index(events, struct event, i));
    g_array_unref(events);
    remember(m->followed, pair(set, trail), next);
    return next;
}

/* ---- Questions ---------------------------------------------------------------------------- */

/* Nothing is outstanding for `vpe` but what has to wait for others. */
static bool is_done(struct monitor *m, const uint32_t *config, uint32_t vpe)
{
    uint32_t status = config[1 + vpe];
    struct effect effect;

    if (activity(status) == GONE)
        return true;
    if ((status & KILLED) != 0 || model_is_lost(model_of(m, config), vpe))
        return false;
    if (activity(status) == PENDING)
        return model_may_wait(call_of(m, status)) &&
               effect_of(m, config[0], vpe, status >> DETAIL_SHIFT, &effect) &&
               effect.result == MODEL_NOT_NOW;
    return activity(status) == IDLE;
}

static bool all_done(struct monitor *m, const uint32_t *config)
{
    for (uint32_t vpe = 0; vpe < m->vpes; vpe++)
        if (!is_done(m, config, vpe))
            return false;
    return model_is_quiet(model_of(m, config));
}

bool monitor_explains(struct monitor *m, uint32_t set, const struct model_row *rows, uint32_t count)
{
    struct draft closure;
    uint32_t is_short;
    bool found = false;

    if (set == MONITOR_NONE || set == MONITOR_OFF)
        return set == MONITOR_OFF;
    draft_closure(&closure, m, set, &is_short);
    for (uint32_t i = 0; i < draft_count(&closure) && !found; i++) {
        const uint32_t *config = draft_config(&closure, i);
        found = all_done(m, config) &&
                model_equals(g_ptr_array_index(m->models, config[0]), rows, count);
    }
    found = found || closure.overflow;
    draft_drop(&closure);
    return found;
}

enum { ANY_RESULT = (2 << RESCIND_XFS_RENAME) - 1 };

uint32_t monitor_results(struct monitor *m, uint32_t set, uint32_t vpe)
{
    struct draft closure;
    uint32_t is_short, results = 0;

    if (set == MONITOR_NONE || set == MONITOR_OFF)
        return 0;
    draft_closure(&closure, m, set, &is_short);
    for (uint32_t i = 0; i < draft_count(&closure); i++) {
        uint32_t status = draft_config(&closure, i)[1 + vpe];
        if (activity(status) == DONE)
            results |= status >> DETAIL_SHIFT < 32 ? 1u << (status >> DETAIL_SHIFT) : ANY_RESULT;
    }
    draft_drop(&closure);
    return results;
}

uint32_t monitor_sets(const struct monitor *m)
{
    return m->sets->len - MONITOR_START;
}

uint32_t monitor_models(const struct monitor *m)
{
    return m->models->len;
}

/* ---- Beginning and end -------------------------------------------------------------------- */

static GHashTable *numbers_new(void)
{
    return g_hash_table_new_full(g_bytes_hash, g_bytes_equal, (GDestroyNotify)g_bytes_unref, NULL);
}

/* The sets that have a number from the beginning: none, off, and the start's. */
static void add_first_sets(struct monitor *m, const struct model *start)
{
    const uint32_t none[] = {UINT32_MAX, MONITOR_NONE}, off[] = {UINT32_MAX, MONITOR_OFF};
    struct draft first;
    uint32_t config[1 + MODEL_VPES] = {intern_model(m, start)};

    g_ptr_array_add(m->sets, g_bytes_new(none, sizeof(none)));
    g_ptr_array_add(m->sets, g_bytes_new(off, sizeof(off)));
    draft_begin(&first, m);
    draft_add(&first, config);
    draft_end(&first, false);
}

struct monitor *monitor_new(const struct model *start)
{
    struct monitor *m = g_new0(struct monitor, 1);
    const struct trail none = {0};

    m->vpes = start->vpes;
    m->config = 1 + m->vpes;
    m->names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    m->model_numbers = numbers_new();
    m->call_numbers = numbers_new();
    m->set_numbers = numbers_new();
    m->event_numbers = numbers_new();
    m->models = g_ptr_array_new_with_free_func(g_free);
    m->calls = g_array_new(false, false, sizeof(struct model_call));
    m->sets = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
    m->events = g_array_new(false, false, sizeof(struct event));
    m->trails = g_array_new(false, false, sizeof(struct trail));
    m->effects = g_hash_table_new(hash_key, NULL);
    m->trail_numbers = g_hash_table_new(hash_key, NULL);
    m->followed = g_hash_table_new(hash_key, NULL);
    g_array_append_val(m->trails, none);
    add_first_sets(m, start);
    return m;
}

void monitor_name(struct monitor *m, const char *name, uint32_t vpe)
{
    guint known = GPOINTER_TO_UINT(g_hash_table_lookup(m->names, name));

    g_hash_table_insert(m->names, g_strdup(name), GUINT_TO_POINTER(known | 1u << vpe));
}

void monitor_free(struct monitor *m)
{
    if (m == NULL)
        return;
    g_hash_table_unref(m->names);
    g_hash_table_unref(m->model_numbers);
    g_hash_table_unref(m->call_numbers);
    g_hash_table_unref(m->set_numbers);
    g_hash_table_unref(m->event_numbers);
    g_ptr_array_unref(m->models);
    g_array_unref(m->calls);
    g_ptr_array_unref(m->sets);
    g_array_unref(m->events);
    g_array_unref(m->trails);
    g_hash_table_unref(m->effects);
    g_hash_table_unref(m->trail_numbers);
    g_hash_table_unref(m->followed);
    g_free(m);
}

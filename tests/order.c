/* The order search; see order.h. */
#include "tests/order.h"

#include <stdlib.h>
#include <string.h>

enum {
    STATES = 1 << 16, /* of the memory; a power of two */
    DEPTH = 2 * HISTORY_CALLS,
};

/* One level of the search: the calls before it are done, and `model` is what they led to. */
struct level {
    uint32_t next[ORDER_VPES]; /* of each VPE: how many of its calls are done */
    uint32_t candidate;        /* what is tried next at this level: see LEFT_OUT */
    struct model model;
};

struct seen {
    uint64_t state;
    uint32_t search; /* in which search it was seen: others' entries are empty */
};

struct order {
    uint32_t search;
    uint32_t seen_count;
    struct seen seen[STATES];
    uint32_t count[ORDER_VPES]; /* calls of each VPE, as indices of the history */
    uint32_t calls[ORDER_VPES][HISTORY_CALLS];
    struct level levels[DEPTH];
};

struct order *order_new(void)
{
    struct order *order = calloc(1, sizeof *order);
    if (!order)
        abort();
    return order;
}

void order_free(struct order *order)
{
    free(order);
}

static void copy_model(struct model *to, const struct model *from)
{
    memcpy(to, from, offsetof(struct model, caps) + from->count * sizeof from->caps[0]);
}

/* Whether this level's state is new; it is remembered. */
static bool remember(struct order *order, const struct level *level)
{
    uint64_t state = model_hash(&level->model);
    for (int vpe = 0; vpe < ORDER_VPES; vpe++)
        state = (state ^ level->next[vpe]) * 0x9fb21c651e98df25ull;
    for (uint32_t at = (uint32_t)(state >> 32) % STATES;; at = (at + 1) % STATES) {
        struct seen *seen = &order->seen[at];
        if (seen->search == order->search && seen->state == state)
            return false;
        if (seen->search != order->search) {
            *seen = (struct seen){.state = state, .search = order->search};
            order->seen_count++;
            return true;
        }
    }
}

static const struct history_entry *next_call(const struct order *order,
                                             const struct history *history,
                                             const struct level *level, uint32_t vpe)
{
    if (level->next[vpe] == order->count[vpe])
        return NULL;
    return &history->entries[order->calls[vpe][level->next[vpe]]];
}

/* Whether the next call of `vpe` may come next: no other VPE's next call was done before it was
 * sent. */
static bool may_come(const struct order *order, const struct history *history,
                     const struct level *level, uint32_t vpe)
{
    const struct history_entry *entry = next_call(order, history, level, vpe);
    if (!entry)
        return false;
    for (uint32_t other = 0; other < ORDER_VPES; other++) {
        const struct history_entry *rival = next_call(order, history, level, other);
        if (other != vpe && rival && rival->done < entry->sent)
            return false;
    }
    return true;
}

/* Whether it may be that a call never took effect: it waited for others, and still does, or its
 * VPE was ended. */
static bool may_be_left_out(const struct history_entry *entry)
{
    return !entry->answered && model_may_wait(&entry->call);
}

/* Whether the answer says behind its code what the model's does. */
static bool says(const struct model *model, const struct history_entry *entry)
{
    uint32_t words = entry->call.op == RESCIND_SYS_RECEIVE    ? 3
                     : entry->call.op == RESCIND_SYS_VPECTRL  ? entry->call.action
                     : entry->call.op == RESCIND_SYS_DELEGATE ? 1
                     : entry->call.op == RESCIND_SYS_OBTAIN   ? 1
                                                              : 0;
    if (!entry->answered || !entry->told || entry->result != RESCIND_NO_ERROR)
        return true;
    return memcmp(model->said, entry->said, words * sizeof entry->said[0]) == 0;
}

/* Whether the call asks a service or a pager, who may answer like a refusal. */
static bool asks(const struct model_call *call)
{
    return call->op == RESCIND_SYS_CREATESESS || call->op == RESCIND_SYS_DELEGATE ||
           call->op == RESCIND_SYS_OBTAIN || call->op == RESCIND_SYS_PAGEFAULT;
}

static bool may_be_refused(const struct model *model, const struct history_entry *entry,
                           bool may_lack_memory)
{
    return entry->answered &&
           model_may_refuse(model, entry->vpe, &entry->call, entry->result, may_lack_memory);
}

/* Whether the entry is an interrupt that may take effect later. */
static bool may_be_late(const struct history_entry *entry)
{
    return entry->call.op == MODEL_INTERRUPT && entry->call.flag;
}

enum step { STEP_WRONG, STEP_BEGUN, STEP_DONE };

/* Does the call on the model, and tells whether the answer is the one in the history. */
static enum step step(struct model *model, const struct history_entry *entry, bool may_lack_memory)
{
    if (!asks(&entry->call) && may_be_refused(model, entry, may_lack_memory))
        return STEP_DONE;
    enum rescind_error result = model_call(model, history_whose(entry), &entry->call);
    if (result == MODEL_BEGUN)
        return STEP_BEGUN;
    if (result == MODEL_NOT_NOW)
        return STEP_WRONG;
    if (entry->answered && result != entry->result && result != MODEL_ANY)
        return STEP_WRONG;
    return says(model, entry) ? STEP_DONE : STEP_WRONG;
}

/* The only VPE whose call may come next, and has to; ORDER_VPES: there are several, or none. */
static uint32_t only_next(const struct order *order, const struct history *history,
                          const struct level *level)
{
    uint32_t only = ORDER_VPES;
    if (level->model.strays_count > 0)
        return ORDER_VPES;
    for (uint32_t vpe = 0; vpe < ORDER_VPES; vpe++) {
        if (!may_come(order, history, level, vpe))
            continue;
        const struct history_entry *entry = next_call(order, history, level, vpe);
        if (only != ORDER_VPES || model_may_wait(&entry->call) || may_be_late(entry))
            return ORDER_VPES;
        only = vpe;
    }
    return only;
}

/* As long as only one VPE's call may come next it is done in place: there is nothing to come back
 * to. False: an answer is not explained. */
static bool go_straight(const struct order *order, const struct history *history,
                        struct level *level, bool may_lack_memory)
{
    uint32_t vpe;
    while ((vpe = only_next(order, history, level)) != ORDER_VPES) {
        const struct history_entry *entry = next_call(order, history, level, vpe);
        enum step done = step(&level->model, entry, may_lack_memory);
        level->next[vpe] += done == STEP_DONE;
        if (done == STEP_WRONG)
            return false;
    }
    return true;
}

/* Whether the call still waits, as the model would have it. */
static bool has_to_wait(const struct level *level, const struct history_entry *entry)
{
    static struct model model;
    copy_model(&model, &level->model);
    return entry->done == HISTORY_NEVER && model_may_wait(&entry->call) &&
           model_call(&model, entry->vpe, &entry->call) == MODEL_NOT_NOW;
}

static bool is_through(const struct order *order, const struct history *history,
                       const struct level *level)
{
    for (uint32_t vpe = 0; vpe < ORDER_VPES; vpe++) {
        const struct history_entry *entry = next_call(order, history, level, vpe);
        if (entry && (level->next[vpe] + 1 != order->count[vpe] || !has_to_wait(level, entry)))
            return false;
        if (vpe < level->model.vpes && model_is_lost(&level->model, vpe))
            return false;
    }
    return model_is_quiet(&level->model);
}

/* What can be tried at a level, VPE by VPE: its call, or a step of it; that it is left out; that it
 * is refused, or comes later. Behind that, of each stray message: that it comes; that it gets lost.
 */
enum {
    LEFT_OUT = ORDER_VPES,
    REFUSED = 2 * ORDER_VPES,
    COMES = 3 * ORDER_VPES,
    GETS_LOST = COMES + MODEL_STRAYS,
    CANDIDATES = GETS_LOST + MODEL_STRAYS,
};

/* The next thing to try at this level, from level->candidate on. False: all was tried. */
static bool find_candidate(const struct order *order, const struct history *history,
                           struct level *level, bool may_lack_memory)
{
    for (; level->candidate < COMES; level->candidate++) {
        uint32_t vpe = level->candidate % ORDER_VPES;
        if (!may_come(order, history, level, vpe))
            continue;
        const struct history_entry *entry = next_call(order, history, level, vpe);
        if (level->candidate < LEFT_OUT ||
            (level->candidate < REFUSED
                 ? may_be_left_out(entry)
                 : may_be_late(entry) || (asks(&entry->call) &&
                                          may_be_refused(&level->model, entry, may_lack_memory))))
            return true;
    }
    for (; level->candidate < CANDIDATES; level->candidate++)
        if ((level->candidate - COMES) % MODEL_STRAYS < level->model.strays_count)
            return true;
    return false;
}

/* Does it. */
static enum step try_candidate(const struct order *order, const struct history *history,
                               struct level *level, uint32_t candidate, bool may_lack_memory)
{
    uint32_t vpe = candidate % ORDER_VPES, stray = (candidate - COMES) % MODEL_STRAYS;
    struct model_call moves = {.op = candidate < GETS_LOST ? MODEL_COMES : MODEL_GETS_LOST};
    const struct model_call late = {.op = MODEL_INTERRUPT_LATE};
    const struct history_entry *entry = next_call(order, history, level, vpe);
    enum step done = STEP_DONE;
    if (candidate >= COMES)
        return model_call(&level->model, stray, &moves) == RESCIND_NO_ERROR ? STEP_BEGUN
                                                                            : STEP_WRONG;
    if (candidate < LEFT_OUT)
        done = step(&level->model, entry, may_lack_memory);
    else if (candidate >= REFUSED && may_be_late(entry))
        model_call(&level->model, history_whose(entry), &late);
    else if (candidate >= REFUSED)
        model_refuse(&level->model, vpe);
    level->next[vpe] += done == STEP_DONE;
    return done;
}

static void sort_by_vpe(struct order *order, const struct history *history)
{
    memset(order->count, 0, sizeof order->count);
    for (uint32_t i = 0; i < history->count; i++) {
        uint32_t vpe = history->entries[i].vpe;
        if (vpe >= ORDER_VPES)
            abort();
        order->calls[vpe][order->count[vpe]++] = i;
    }
}

enum order_verdict order_search_for(struct order *order, const struct model *start,
                                    const struct history *history, order_same *same, void *context,
                                    bool may_lack_memory)
{
    sort_by_vpe(order, history);
    order->search++;
    order->seen_count = 0;
    uint32_t depth = 0;
    struct level *level = &order->levels[0];
    copy_model(&level->model, start);
    memset(level->next, 0, sizeof level->next);
    level->candidate = 0;
    if (!go_straight(order, history, level, may_lack_memory))
        return ORDER_NONE;
    for (;;) {
        level = &order->levels[depth];
        if (is_through(order, history, level) && same(context, &level->model))
            return ORDER_FOUND;
        if (!find_candidate(order, history, level, may_lack_memory)) { /* all were tried: back */
            if (depth-- == 0)
                return ORDER_NONE;
            continue;
        }
        uint32_t candidate = level->candidate++;
        struct level *after = &order->levels[depth + 1];
        copy_model(&after->model, &level->model);
        memcpy(after->next, level->next, sizeof after->next);
        after->candidate = 0;
        enum step done = try_candidate(order, history, after, candidate, may_lack_memory);
        if (done == STEP_WRONG || !go_straight(order, history, after, may_lack_memory) ||
            !remember(order, after))
            continue;
        if (order->seen_count > STATES / 2)
            return ORDER_GAVE_UP;
        if (++depth == DEPTH - 1)
            return ORDER_GAVE_UP;
    }
}

struct rows {
    const struct model_row *rows;
    uint32_t count;
};

static bool has_rows(void *context, const struct model *model)
{
    const struct rows *rows = context;
    return model_equals(model, rows->rows, rows->count);
}

enum order_verdict order_search(struct order *order, const struct model *start,
                                const struct history *history, const struct model_row *rows,
                                uint32_t count, bool may_lack_memory)
{
    struct rows all = {rows, count};
    return order_search_for(order, start, history, has_rows, &all, may_lack_memory);
}

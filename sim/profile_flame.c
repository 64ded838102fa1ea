/* Virtual work by call, phase and entry point; see profile_flame() in profile.h.
 *
 * Kernels are made to do one unit of work an event, so that each unit belongs to one phase. What a
 * phase is called is what the kernel's own enumerations call it.
 */
#include "sim/profile.h"

#include <string.h>

#include "cap/peer.h"
#include "sim/profile_forest.h"
#include "sim/profile_plan.h"
#include "syscall/call.h"

enum call_name { CALL_CREATEGATE, CALL_EXCHANGE, CALL_REVOKE, CALL_OTHER, CALLS };
static const char *const call_names[CALLS] = {"CREATEGATE", "EXCHANGE", "REVOKE", "other"};

enum phase {
    PHASE_MARK,
    PHASE_SWEEP,
    PHASE_RESERVE,
    PHASE_ASK,
    PHASE_SERVE,
    PHASE_ANSWER,
    PHASE_SETTLE,
    PHASE_UNDO,
    PHASE_FREE,
    PHASE_WHOLE,
    PHASES
};
static const char *const phase_names[PHASES] = {"mark",   "sweep",  "reserve", "ask",  "serve",
                                                "answer", "settle", "undo",    "free", "whole"};

static const char *const function_names[] = {"rescind_kernel_message", "rescind_kernel_work",
                                             "rescind_kernel_hear", "rescind_kernel_tell"};

struct flame {
    uint64_t units[CALLS][PHASES][G_N_ELEMENTS(function_names)];
};

struct place {
    enum call_name call;
    enum phase phase;
};

static struct place of_exchange(const struct exchange *x)
{
    static const enum phase across[] = {
        [ACROSS_RESERVE] = PHASE_RESERVE, [ACROSS_ASK] = PHASE_ASK,   [ACROSS_ASKED] = PHASE_ASK,
        [ACROSS_SETTLE] = PHASE_SETTLE,   [ACROSS_UNDO] = PHASE_UNDO, [ACROSS_BLOCKED] = PHASE_ASK,
    };
    static const enum phase local[] = {
        [EXCHANGE_RESERVE] = PHASE_RESERVE,
        [EXCHANGE_SETTLE] = PHASE_SETTLE,
        [EXCHANGE_UNDO] = PHASE_UNDO,
    };

    return (struct place){CALL_EXCHANGE,
                          x->across != ACROSS_NONE ? across[x->across] : local[x->phase]};
}

static struct place of_call(const struct call *call)
{
    switch (call->opcode) {
    case RESCIND_SYS_CREATEGATE:
        return (struct place){CALL_CREATEGATE, PHASE_WHOLE};
    case RESCIND_SYS_EXCHANGE:
        return of_exchange(&call->exchange);
    case RESCIND_SYS_REVOKE:
        return (struct place){CALL_REVOKE,
                              call->revoke.phase < REVOKE_SWEEP ? PHASE_MARK : PHASE_SWEEP};
    default:
        return (struct place){CALL_OTHER, PHASE_WHOLE};
    }
}

/* What the work on a task will be. */
static struct place of_task(const struct rescind_kernel *k, uint32_t number)
{
    struct rescind_kernel_task task = rescind_kernel_task(k, number);
    uint32_t index;

    switch (task.kind) {
    case RESCIND_TASK_CALL:
        return of_call(call_at(k, task.number));
    case RESCIND_TASK_EXCHANGE:
        return (struct place){CALL_EXCHANGE, PHASE_SERVE};
    default: /* RESCIND_TASK_MARKS */
        index = task_at(k, number)->stack;
        if (index == 0)
            index = peer_at(k, task.number)->first;
        return (struct place){CALL_REVOKE,
                              cap_at(k, index)->flags & CAP_MARKED ? PHASE_SWEEP : PHASE_MARK};
    }
}

static struct place of_record(uint8_t kind)
{
    switch (kind) {
    case RESCIND_PEER_ASK:
        return (struct place){CALL_EXCHANGE, PHASE_ASK};
    case RESCIND_PEER_ANSWER:
        return (struct place){CALL_EXCHANGE, PHASE_ANSWER};
    case RESCIND_PEER_FREE:
        return (struct place){CALL_EXCHANGE, PHASE_FREE};
    case RESCIND_PEER_MARK:
    case RESCIND_PEER_MARKED:
        return (struct place){CALL_REVOKE, PHASE_MARK};
    default:
        return (struct place){CALL_REVOKE, PHASE_SWEEP};
    }
}

static void add(struct flame *flame, struct place place, const struct cluster_entry *e,
                uint32_t units)
{
    flame->units[place.call][place.phase][e->event] += units;
}

static void add_records(struct flame *flame, const struct cluster_entry *e, uint32_t units)
{
    const uint8_t *bytes = e->bytes;
    struct rescind_peer_record record;

    for (size_t at = sizeof(struct rescind_peer_message); at < e->size; at += record.size) {
        memcpy(&record, bytes + at, sizeof(record));
        add(flame, of_record(record.kind), e, units);
    }
}

static void watch(void *context, struct cluster_entry *e)
{
    struct flame *flame = context;
    struct place place;

    switch (e->event) {
    case CLUSTER_MESSAGE:
        /* The first unit of its work is done in the event that takes it. */
        cluster_enter(e);
        place = of_call(call_at(e->k, e->number));
        if (place.call == CALL_EXCHANGE)
            place.phase = PHASE_RESERVE;
        else if (place.call == CALL_REVOKE)
            place.phase = PHASE_MARK;
        add(flame, place, e, MAX(e->k->worked * CLUSTER_STEPS_VISIT, 1));
        break;
    case CLUSTER_WORK:
        place = of_task(e->k, e->number);
        cluster_enter(e);
        add(flame, place, e, MAX(e->k->worked * CLUSTER_STEPS_VISIT, 1));
        break;
    case CLUSTER_HEAR:
        add_records(flame, e, CLUSTER_STEPS_HEAR);
        cluster_enter(e);
        break;
    case CLUSTER_TELL:
        cluster_enter(e);
        add_records(flame, e, CLUSTER_STEPS_TELL);
        break;
    }
}

static char *folded(const struct flame *flame)
{
    GString *lines = g_string_new(NULL);

    for (unsigned call = 0; call < CALLS; call++) {
        for (unsigned phase = 0; phase < PHASES; phase++) {
            for (unsigned i = 0; i < G_N_ELEMENTS(function_names); i++) {
                if (flame->units[call][phase][i] > 0)
                    g_string_append_printf(lines, "%s;%s;%s %" G_GUINT64_FORMAT "\n",
                                           call_names[call], phase_names[phase], function_names[i],
                                           flame->units[call][phase][i]);
            }
        }
    }
    return g_string_free(lines, FALSE);
}

char *profile_flame(const struct profile_options *options, GError **error)
{
    struct profile_options o = *options;
    struct flame flame = {0};
    struct plan *plan;
    bool good;

    o.kernels = MAX(o.kernels, 1);
    plan = profile_plan(&o, error);
    if (plan == NULL)
        return NULL;
    good = profile_forest_watched(&o, plan, watch, &flame, error);
    plan_free(plan);
    return good ? folded(&flame) : NULL;
}

/* Profiles of plans over many kernels; see profile_forest.h. */
#include "sim/profile_forest.h"

#include <gio/gio.h>
#include <time.h>

#include "sim/forest.h"
#include "sim/profile_stack.h"

enum { KERNEL_STACK = 64 * 1024, EVENTS = CLUSTER_TELL + 1 };

/* The events of sim/cluster.h are the first entries of sim/profile.h. */
_Static_assert((int)CLUSTER_MESSAGE == (int)PROFILE_MESSAGE &&
                   (int)CLUSTER_TELL == (int)PROFILE_TELL &&
                   (int)CLUSTER_WORK == (int)PROFILE_WORK && (int)CLUSTER_HEAR == (int)PROFILE_HEAR,
               "events and entries");

/* A stack for each entry point. */
struct stacks {
    struct profile_stack *of[EVENTS];
    uintptr_t here[EVENTS];
    struct cluster_entry *entry; /* that is being made */
};

static void stacks_free(struct stacks *stacks)
{
    for (unsigned i = 0; i < EVENTS; i++)
        profile_stack_free(stacks->of[i]);
    *stacks = (struct stacks){0};
}

static bool stacks_make(struct stacks *stacks, size_t size)
{
    *stacks = (struct stacks){0};
    for (unsigned i = 0; i < EVENTS; i++) {
        stacks->of[i] = profile_stack_new(size);
        if (stacks->of[i] == NULL) {
            stacks_free(stacks);
            return false;
        }
    }
    return true;
}

static void enter(void *data)
{
    struct stacks *stacks = data;

    stacks->here[stacks->entry->event] = profile_stack_here();
    cluster_enter(stacks->entry);
    __asm__ volatile(""); /* so that the call above is none that leaves this frame */
}

static void enter_on_stack(void *context, struct cluster_entry *e)
{
    struct stacks *stacks = context;

    stacks->entry = e;
    if (!profile_stack_call(stacks->of[e->event], enter, stacks))
        g_error("%s took more than %d bytes of stack", profile_entry_name(e->event), KERNEL_STACK);
}

/* The most that each entry has used so far, and of them all. */
static uint64_t most_used(const struct stacks *stacks, uint64_t entry_stack[PROFILE_ENTRIES])
{
    uint64_t most = 0;

    for (unsigned i = 0; i < EVENTS; i++) {
        uint64_t used =
            stacks->here[i] != 0 ? profile_stack_used(stacks->of[i], stacks->here[i]) : 0;
        entry_stack[i] = MAX(entry_stack[i], used);
        most = MAX(most, used);
    }
    return most;
}

/* ---- Growing and felling ------------------------------------------------------------------ */

/* One node is spare, for one_more(). */
static struct forest *plant(const struct profile_options *options, const struct plan *plan,
                            uint32_t work)
{
    struct cluster_options cluster = {.seed = options->seed, .work = work, .spare = 1};

    return forest_plant(plan, &cluster);
}

/* What a delegation of capability 0 within its VPE takes. */
static bool one_more(struct forest *f, uint64_t *bytes)
{
    struct cluster *s = f->cluster;
    struct message exchange =
        cluster_exchange(RESCIND_SEL_VPE, f->sel[0], f->taken[f->plan->vpe[0]], 1, false);
    uint64_t used = cluster_used(s);
    uint32_t kernel = plan_kernel(f->plan, 0), vpe = f->plan->vpe[0] % f->plan->vpes;

    cluster_call(s, kernel, vpe, &exchange);
    cluster_run(s);
    *bytes = cluster_used(s) - used;
    return cluster_was_ok(s, kernel, vpe);
}

static bool is_gone(struct forest *f)
{
    return forest_is_gone(f) && cluster_audit_rest(f->cluster) && cluster_none_refused(f->cluster);
}

static bool measure_stacks(struct forest *f, struct stacks *stacks, struct profile *out)
{
    struct cluster *s = f->cluster;

    s->around = enter_on_stack;
    s->context = stacks;
    if (!forest_grow(f) || !forest_has_shape(f) || !one_more(f, &out->bytes_per_cap))
        return false;
    most_used(stacks, out->entry_stack);
    stacks_free(stacks);
    if (!stacks_make(stacks, KERNEL_STACK))
        return cluster_fail(s, "no memory for stacks");
    cluster_count_anew(s);
    if (!forest_fell(f))
        return false;
    out->stack_bytes = most_used(stacks, out->entry_stack);
    out->max_work = s->count.most_visits;
    out->events = s->count.events;
    out->messages = s->count.messages;
    return is_gone(f);
}

static bool measure_time(struct forest *f, struct profile *out)
{
    struct timespec started, ended;

    if (!forest_grow(f) || !forest_has_shape(f))
        return false;
    f->cluster->measured = true;
    clock_gettime(CLOCK_MONOTONIC, &started);
    if (!forest_fell(f))
        return false;
    clock_gettime(CLOCK_MONOTONIC, &ended);
    out->ns_per_cap = ((double)(ended.tv_sec - started.tv_sec) * 1e9 +
                       (double)(ended.tv_nsec - started.tv_nsec)) /
                      f->plan->size;
    return is_gone(f);
}

/* Frees the forest. False with *error set where it was not good. */
static bool finished(struct forest *f, bool good, GError **error)
{
    if (!good)
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED, "%s",
                    f == NULL ? "no memory for the kernels and their capabilities"
                              : f->cluster->failure);
    if (f != NULL)
        forest_free(f);
    return good;
}

bool profile_forest(const struct profile_options *options, const struct plan *plan,
                    struct profile *out, GError **error)
{
    struct forest *f = plant(options, plan, 0);
    struct stacks stacks;
    bool good = f != NULL && (stacks_make(&stacks, KERNEL_STACK) ||
                              cluster_fail(f->cluster, "no memory for stacks"));

    if (good) {
        good = measure_stacks(f, &stacks, out);
        stacks_free(&stacks);
    }
    if (!finished(f, good, error))
        return false;
    f = plant(options, plan, 0);
    return finished(f, f != NULL && measure_time(f, out), error);
}

/* ---- The flame graph ---------------------------------------------------------------------- */

bool profile_forest_watched(const struct profile_options *options, const struct plan *plan,
                            void (*around)(void *context, struct cluster_entry *e), void *context,
                            GError **error)
{
    struct forest *f = plant(options, plan, 1);

    if (f != NULL) {
        f->cluster->around = around;
        f->cluster->context = context;
    }
    return finished(
        f, f != NULL && forest_grow(f) && forest_has_shape(f) && forest_fell(f) && is_gone(f),
        error);
}

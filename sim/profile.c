/* Profiles, and how a tree in one kernel is built and revoked; see profile.h. */
#include "sim/profile.h"

#include <gio/gio.h>
#include <string.h>
#include <time.h>

#include "cap/table.h"
#include "rescind/kernel.h"
#include "sim/machine.h"
#include "sim/memory.h"
#include "sim/profile_forest.h"
#include "sim/profile_plan.h"
#include "sim/profile_stack.h"
#include "sim/recursive.h"
#include "user/message.h"

enum {
    FIRST_SEL = RESCIND_SEL_FREE,
    KERNEL_STACK = 64 * 1024,
    WALK_FRAME = 96, /* more than a level takes of the recursive walk, */
    LOGGING_FRAME = RECURSIVE_LINE + 2 * WALK_FRAME, /* and of the one that logs */
};

const char *profile_shape_name(unsigned shape)
{
    static const char *const names[] = {"chain", "star", "binary", "random", "forest"};

    return shape < G_N_ELEMENTS(names) ? names[shape] : NULL;
}

const char *profile_selectors_name(unsigned selectors)
{
    static const char *const names[] = {"seq", "random", "attack"};

    return selectors < G_N_ELEMENTS(names) ? names[selectors] : NULL;
}

const char *profile_entry_name(unsigned entry)
{
    static const char *const names[] = {"message", "work", "hear", "tell", "end"};

    return entry < G_N_ELEMENTS(names) ? names[entry] : NULL;
}

/* ---- Building it -------------------------------------------------------------------------- */

/* A plan for one VPE. */
struct tree {
    const struct plan *plan;
    uint32_t *sel; /* of each capability */
};

static bool call(struct rescind_kernel *k, const struct message *m)
{
    uint64_t result = RESCIND_INV_ARGS;

    rescind_kernel_send(k, 0, m->bytes, m->size);
    rescind_kernel_message(k, 0);
    while (rescind_kernel_ready(k) >= 0)
        rescind_kernel_work(k, 0);
    return rescind_kernel_receive(k, 0, &result, sizeof(result)) && result == RESCIND_NO_ERROR;
}

static bool create(struct rescind_kernel *k, uint32_t sel)
{
    struct message m = {0};

    message_u64(&m, RESCIND_SYS_CREATEGATE);
    message_u64(&m, RESCIND_SEL_VPE);
    message_u64(&m, sel);
    message_u64(&m, 0);
    message_u64(&m, RESCIND_EP_FREE);
    message_u64(&m, 1);
    return call(k, &m);
}

static bool derive(struct rescind_kernel *k, uint32_t from, uint32_t to)
{
    struct message m = {0};

    message_u64(&m, RESCIND_SYS_EXCHANGE);
    message_u64(&m, RESCIND_SEL_VPE);
    message_range(&m, (struct rescind_range){.start = from, .count = 1});
    message_range(&m, (struct rescind_range){.start = to, .count = 1});
    message_u64(&m, 0);
    return call(k, &m);
}

static bool build(struct rescind_kernel *k, const struct tree *tree)
{
    if (!create(k, tree->sel[0]))
        return false;
    for (uint32_t i = 1; i < tree->plan->size; i++) {
        if (!derive(k, tree->sel[tree->plan->parent[i]], tree->sel[i]))
            return false;
    }
    return true;
}

static uint32_t held(struct rescind_kernel *k)
{
    return table_at(k, table_of(0, RESCIND_TABLE_OBJECT))->count;
}

/* A published benchmark's chains were trees of depth one: so look before measuring. */
static bool has_shape(struct rescind_kernel *k, const struct tree *tree)
{
    struct rescind_kernel_cap cap;

    for (uint32_t i = 0; i < tree->plan->size; i++) {
        if (!rescind_kernel_find(k, 0, RESCIND_TABLE_OBJECT, tree->sel[i], &cap) ||
            cap.sel != tree->sel[i] || cap.has_parent != (i > 0))
            return false;
        if (i > 0 && cap.parent_sel != tree->sel[tree->plan->parent[i]])
            return false;
    }
    return held(k) == tree->plan->size + FIRST_SEL;
}

/* Each node's depth follows from its parent's; no recursion, no memory. */
static uint32_t treap_depth(struct rescind_kernel *k)
{
    uint32_t at = table_at(k, table_of(0, RESCIND_TABLE_OBJECT))->root, from = 0;
    uint32_t depth = 1, deepest = 1;

    while (at != 0) {
        const struct cap *cap = cap_at(k, at);
        uint32_t next = cap->up;
        if (from == cap->up && cap->left != 0)
            next = cap->left;
        else if (from != cap->right && cap->right != 0 && (from == cap->up || from == cap->left))
            next = cap->right;
        depth = next == cap->up ? depth - 1 : depth + 1;
        deepest = MAX(deepest, depth);
        from = at;
        at = next;
    }
    return deepest;
}

/* ---- Measuring ---------------------------------------------------------------------------- */

enum measured { MEASURE_MESSAGE, MEASURE_WORK, MEASURE_END, MEASURE_WALK, MEASURE_LOGGING };

struct measurement {
    struct rescind_kernel *k;
    enum measured what;
    bool aside;      /* not a part of the REVOKE: not for profile_count() */
    uint32_t root;   /* of a walk */
    uintptr_t entry; /* where the stack was before the kernel was entered */
    uint32_t max_work;
    uint64_t events;
    double ns;      /* that it all took */
    uint64_t stack; /* bytes used from the entry on */
    bool overflowed;
};

/* The log of the recursive walk keeps its last line. */
static void keep_line(const char *line)
{
    static char last[RECURSIVE_LINE];

    g_strlcpy(last, line, sizeof(last));
}

static inline __attribute__((always_inline)) void enter(struct measurement *m)
{
    m->entry = profile_stack_here();
    switch (m->what) {
    case MEASURE_MESSAGE:
        rescind_kernel_message(m->k, 0);
        m->max_work = m->k->worked;
        m->events = 1;
        break;
    case MEASURE_WORK:
        while (rescind_kernel_ready(m->k) >= 0) {
            rescind_kernel_work(m->k, 0);
            m->max_work = MAX(m->max_work, m->k->worked);
            m->events++;
        }
        break;
    case MEASURE_END:
        rescind_kernel_end(m->k, 0, 0);
        break;
    case MEASURE_WALK:
        recursive_revoke(m->k, m->root);
        break;
    case MEASURE_LOGGING:
        recursive_revoke_logging(m->k, m->root, 0, keep_line);
        break;
    }
}

/* profile_count() counts the instructions of this function, */
static void measured(void *data)
{
    enter(data);
}

/* and not of this one. */
static void uncounted(void *data)
{
    enter(data);
}

/* False: there is no memory for the stack. */
static bool on_painted_stack(struct measurement *m, size_t size)
{
    struct profile_stack *stack = profile_stack_new(size);
    struct timespec started, ended;

    if (stack == NULL)
        return false;
    /* The clock is read out here: it would leave its own traces on the painted stack. */
    clock_gettime(CLOCK_MONOTONIC, &started);
    m->overflowed = !profile_stack_call(stack, m->aside ? uncounted : measured, m);
    clock_gettime(CLOCK_MONOTONIC, &ended);
    m->ns =
        (double)(ended.tv_sec - started.tv_sec) * 1e9 + (double)(ended.tv_nsec - started.tv_nsec);
    m->stack = profile_stack_used(stack, m->entry);
    profile_stack_free(stack);
    return true;
}

static bool answered(struct rescind_kernel *k)
{
    uint64_t result;

    return rescind_kernel_receive(k, 0, &result, sizeof(result)) && result == RESCIND_NO_ERROR;
}

static bool measure_idle(struct rescind_kernel *k, struct profile *out)
{
    struct measurement idle = {.k = k, .what = MEASURE_MESSAGE, .aside = true};
    struct message noop = {0};

    message_u64(&noop, RESCIND_SYS_NOOP);
    rescind_kernel_send(k, 0, noop.bytes, noop.size);
    if (!on_painted_stack(&idle, KERNEL_STACK) || !answered(k))
        return false;
    out->idle_stack_bytes = idle.stack;
    return true;
}

/* The kernel's own revocation, and the end of the VPE, which has nothing left then. */
static bool measure_revoke(struct rescind_kernel *k, uint32_t sel, size_t stack,
                           struct profile *out)
{
    struct measurement begun = {.k = k, .what = MEASURE_MESSAGE};
    struct measurement worked = {.k = k, .what = MEASURE_WORK};
    struct measurement end = {.k = k, .what = MEASURE_END, .aside = true};
    struct message revoke = {0};

    message_u64(&revoke, RESCIND_SYS_REVOKE);
    message_range(&revoke, (struct rescind_range){.start = sel, .count = 1});
    message_u64(&revoke, 1);
    rescind_kernel_send(k, 0, revoke.bytes, revoke.size);
    if (!on_painted_stack(&begun, stack))
        return false;
    out->overflowed = begun.overflowed;
    if (out->overflowed)
        return true;
    if (!on_painted_stack(&worked, stack))
        return false;
    out->overflowed = worked.overflowed;
    out->stack_bytes = MAX(begun.stack, worked.stack);
    out->max_work = MAX(begun.max_work, worked.max_work);
    out->events = begun.events + worked.events;
    out->ns_per_cap = begun.ns + worked.ns;
    out->entry_stack[PROFILE_MESSAGE] = MAX(begun.stack, out->idle_stack_bytes);
    out->entry_stack[PROFILE_WORK] = worked.stack;
    if (out->overflowed)
        return true;
    if (!answered(k) || held(k) != FIRST_SEL || !on_painted_stack(&end, KERNEL_STACK))
        return false;
    out->entry_stack[PROFILE_END] = end.stack;
    return true;
}

static bool measure_walk(struct rescind_kernel *k, uint32_t sel, size_t stack, bool logging,
                         struct profile *out)
{
    struct measurement walk = {.k = k, .what = logging ? MEASURE_LOGGING : MEASURE_WALK};

    walk.root = table_find(k, table_of(0, RESCIND_TABLE_OBJECT), sel);
    if (!on_painted_stack(&walk, stack))
        return false;
    out->overflowed = walk.overflowed;
    out->stack_bytes = walk.stack;
    out->events = 1;
    out->ns_per_cap = walk.ns;
    return walk.overflowed || held(k) == FIRST_SEL;
}

static bool measure(struct rescind_kernel *k, const struct profile_options *options,
                    const struct tree *tree, struct profile *out)
{
    bool logging = options->walk == PROFILE_RECURSIVE_LOGGING;
    size_t frame = logging ? LOGGING_FRAME : WALK_FRAME, stack = options->stack;
    bool good;

    if (!measure_idle(k, out))
        return false;
    if (options->walk == PROFILE_ITERATIVE) {
        good = measure_revoke(k, tree->sel[0], stack != 0 ? stack : KERNEL_STACK, out);
    } else {
        if (stack == 0) {
            uint32_t depth = profile_plan_depth(tree->plan);
            if (depth == 0)
                return false;
            stack = KERNEL_STACK + frame * depth;
        }
        good = measure_walk(k, tree->sel[0], stack, logging, out);
    }
    if (options->walk != PROFILE_ITERATIVE)
        out->max_work = tree->plan->size;
    out->ns_per_cap /= tree->plan->size;
    return good;
}

static bool profile_kernel(struct rescind_kernel *k, const struct profile_options *options,
                           const struct tree *tree, struct profile *out)
{
    uint32_t used;

    rescind_kernel_boot_vpe(k, 0, 1 << 20);
    if (!build(k, tree) || !has_shape(k, tree))
        return false;
    used = pool_used(k);
    if (!derive(k, tree->sel[0], FIRST_SEL + tree->plan->size))
        return false;
    out->bytes_per_cap = (uint64_t)(pool_used(k) - used) * POOL_NODE_SIZE;
    out->treap_depth = treap_depth(k);
    return measure(k, options, tree, out);
}

static bool profile_tree(const struct profile_options *options, const struct plan *plan,
                         struct profile *out, GError **error)
{
    struct machine_options machine_options = {
        .vpes = 1,
        .nodes = options->size + 16,
        .seed = options->seed,
    };
    uint64_t failures = memory_failures();
    struct machine *machine = machine_new(&machine_options, error);
    struct tree tree = {.plan = plan};
    bool good = false;

    if (machine == NULL)
        return false;
    tree.sel = memory_new(plan->size, sizeof(*tree.sel));
    for (uint32_t i = 0; tree.sel != NULL && i < plan->size; i++)
        tree.sel[plan->order[i]] = FIRST_SEL + i;
    if (tree.sel != NULL)
        good = profile_kernel(machine_kernel(machine, 0), options, &tree, out);
    if (!good && memory_failures() != failures)
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOMEM,
                    "no memory for the %s of %u capabilities, or for a stack to revoke it on",
                    profile_shape_name(options->shape), options->size);
    else if (!good)
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED,
                    "the %s of %u capabilities was not built, or not revoked, as it should be",
                    profile_shape_name(options->shape), options->size);
    machine_free(machine);
    memory_free(tree.sel);
    return good;
}

/* ---- Any of them -------------------------------------------------------------------------- */

bool profile_run(const struct profile_options *options, struct profile *out, GError **error)
{
    struct profile_options o = *options;
    struct plan *plan;
    bool good;

    o.kernels = MAX(o.kernels, 1);
    *out = (struct profile){0};
    plan = profile_plan(&o, error);
    if (plan == NULL)
        return false;
    good = o.kernels > 1 || o.shape == PROFILE_FOREST ? profile_forest(&o, plan, out, error)
                                                      : profile_tree(&o, plan, out, error);
    plan_free(plan);
    return good;
}

bool profile_deepest(const struct profile_options *options, size_t stack, uint32_t *deepest,
                     GError **error)
{
    struct profile_options o = *options;
    uint32_t good = 0, bad = (uint32_t)MIN(stack / 16 + 1, PROFILE_SIZE_MAX);
    struct profile profile;

    o.shape = PROFILE_CHAIN;
    o.kernels = 1;
    o.stack = stack;
    o.size = bad;
    if (!profile_run(&o, &profile, error))
        return false;
    *deepest = 0;
    if (!profile.overflowed)
        return true;
    while (good + 1 < bad) {
        o.size = good + (bad - good) / 2;
        if (!profile_run(&o, &profile, error))
            return false;
        *(profile.overflowed ? &bad : &good) = o.size;
    }
    *deepest = good;
    return true;
}

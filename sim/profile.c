/* Profiles; see profile.h. */
#include "sim/profile.h"

#include <gio/gio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cap/table.h"
#include "rescind/kernel.h"
#include "sim/coroutine.h"
#include "sim/machine.h"
#include "sim/recursive.h"
#include "user/message.h"

enum {
    FIRST_SEL = RESCIND_SEL_FREE,
    KERNEL_STACK = 64 * 1024,
    RECURSIVE_FRAME = 512, /* more than a level of the recursive walk takes */
};

const char *profile_shape_name(unsigned shape)
{
    static const char *const names[] = {"chain", "star", "binary", "random"};

    return shape < G_N_ELEMENTS(names) ? names[shape] : NULL;
}

const char *profile_selectors_name(unsigned selectors)
{
    static const char *const names[] = {"seq", "random", "attack"};

    return selectors < G_N_ELEMENTS(names) ? names[selectors] : NULL;
}

/* ---- What to build ------------------------------------------------------------------------ */

struct plan {
    uint32_t size;
    uint32_t *parent; /* of capability i: its number */
    uint32_t *sel;    /* of capability i */
};

static int by_priority(gconstpointer a, gconstpointer b, gpointer data)
{
    gint32 x = (gint32)(314159265u + *(const guint32 *)a * 0x9e3779b9u);
    gint32 y = (gint32)(314159265u + *(const guint32 *)b * 0x9e3779b9u);

    (void)data;
    return (x > y) - (x < y);
}

static void plan_selectors(struct plan *plan, enum profile_selectors order, GRand *random)
{
    uint32_t *rank = g_new(uint32_t, plan->size);

    for (uint32_t i = 0; i < plan->size; i++)
        rank[i] = i;
    if (order == PROFILE_SHUFFLED) {
        for (uint32_t i = plan->size - 1; i > 0; i--) {
            uint32_t j = (uint32_t)g_rand_int_range(random, 0, (gint32)i + 1), other = rank[j];
            rank[j] = rank[i];
            rank[i] = other;
        }
    } else if (order == PROFILE_ATTACK) {
        g_qsort_with_data(rank, (gint)plan->size, sizeof(*rank), by_priority, NULL);
    }
    for (uint32_t i = 0; i < plan->size; i++)
        plan->sel[rank[i]] = FIRST_SEL + i;
    g_free(rank);
}

static void plan_make(struct plan *plan, const struct profile_options *options)
{
    GRand *random = g_rand_new_with_seed((guint32)options->seed);

    plan->size = options->size;
    plan->parent = g_new0(uint32_t, options->size);
    plan->sel = g_new(uint32_t, options->size);
    for (uint32_t i = 1; i < options->size; i++) {
        switch (options->shape) {
        case PROFILE_CHAIN:
            plan->parent[i] = i - 1;
            break;
        case PROFILE_STAR:
            plan->parent[i] = 0;
            break;
        case PROFILE_BINARY:
            plan->parent[i] = (i - 1) / 2;
            break;
        case PROFILE_RANDOM:
            plan->parent[i] = (uint32_t)g_rand_int_range(random, 0, (gint32)i);
            break;
        }
    }
    plan_selectors(plan, options->selectors, random);
    g_rand_free(random);
}

static void plan_free(struct plan *plan)
{
    g_free(plan->parent);
    g_free(plan->sel);
}

/* ---- Building it -------------------------------------------------------------------------- */

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

static bool build(struct rescind_kernel *k, const struct plan *plan)
{
    if (!create(k, plan->sel[0]))
        return false;
    for (uint32_t i = 1; i < plan->size; i++) {
        if (!derive(k, plan->sel[plan->parent[i]], plan->sel[i]))
            return false;
    }
    return true;
}

/* A published benchmark's chains were trees of depth one: so look before measuring. */
static bool has_shape(struct rescind_kernel *k, const struct plan *plan)
{
    struct rescind_kernel_cap cap;

    for (uint32_t i = 0; i < plan->size; i++) {
        if (!rescind_kernel_find(k, 0, RESCIND_TABLE_OBJECT, plan->sel[i], &cap) ||
            cap.sel != plan->sel[i] || cap.has_parent != (i > 0))
            return false;
        if (i > 0 && cap.parent_sel != plan->sel[plan->parent[i]])
            return false;
    }
    return table_at(k, table_of(0, RESCIND_TABLE_OBJECT))->count == plan->size + FIRST_SEL;
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

struct measurement {
    struct rescind_kernel *k;
    uint32_t root;   /* recursive: the capability to revoke; 0: what the ring holds */
    uintptr_t entry; /* where the stack was before the kernel was entered */
    uint32_t max_work;
    uint64_t events;
    double ns; /* that it all took */
};

static void measured(void *data)
{
    struct measurement *m = data;

    m->entry = (uintptr_t)__builtin_frame_address(0);
    if (m->root != 0) {
        recursive_revoke(m->k, m->root);
        m->events = 1;
    } else {
        rescind_kernel_message(m->k, 0);
        m->events = 1;
        m->max_work = m->k->worked;
        while (rescind_kernel_ready(m->k) >= 0) {
            rescind_kernel_work(m->k, 0);
            m->max_work = MAX(m->max_work, m->k->worked);
            m->events++;
        }
    }
}

/* The stack that was used below the frame that entered the kernel; 0 when it can't be had. */
static uint64_t on_painted_stack(struct measurement *m, size_t stack)
{
    struct coroutine *c = coroutine_new(measured, m, stack);
    struct timespec started, ended;
    uint64_t used;

    if (c == NULL)
        return 0;
    coroutine_paint(c);
    /* The clock is read out here: it would leave its own traces on the painted stack. */
    clock_gettime(CLOCK_MONOTONIC, &started);
    coroutine_resume(c);
    clock_gettime(CLOCK_MONOTONIC, &ended);
    m->ns =
        (double)(ended.tv_sec - started.tv_sec) * 1e9 + (double)(ended.tv_nsec - started.tv_nsec);
    used = coroutine_used(c) - coroutine_above(c, m->entry);
    coroutine_free(c);
    return used;
}

static bool measure(struct rescind_kernel *k, const struct plan *plan, bool recursive,
                    struct profile *out)
{
    struct measurement idle = {.k = k}, m = {.k = k};
    struct message noop = {0}, revoke = {0};
    uint64_t result;
    size_t stack = KERNEL_STACK;

    message_u64(&noop, RESCIND_SYS_NOOP);
    rescind_kernel_send(k, 0, noop.bytes, noop.size);
    out->idle_stack_bytes = on_painted_stack(&idle, KERNEL_STACK);
    if (!rescind_kernel_receive(k, 0, &result, sizeof(result)))
        return false;
    if (recursive) {
        m.root = table_find(k, table_of(0, RESCIND_TABLE_OBJECT), plan->sel[0]);
        stack += (size_t)plan->size * RECURSIVE_FRAME;
    } else {
        message_u64(&revoke, RESCIND_SYS_REVOKE);
        message_range(&revoke, (struct rescind_range){.start = plan->sel[0], .count = 1});
        message_u64(&revoke, 1);
        rescind_kernel_send(k, 0, revoke.bytes, revoke.size);
    }
    out->stack_bytes = on_painted_stack(&m, stack);
    out->max_work = recursive ? plan->size : m.max_work;
    out->events = m.events;
    out->ns_per_cap = m.ns / plan->size;
    return out->stack_bytes != 0 &&
           table_at(k, table_of(0, RESCIND_TABLE_OBJECT))->count == FIRST_SEL;
}

static bool profile_kernel(struct rescind_kernel *k, const struct profile_options *options,
                           const struct plan *plan, struct profile *out)
{
    uint32_t used;

    rescind_kernel_boot_vpe(k, 0, 1 << 20);
    if (!build(k, plan) || !has_shape(k, plan))
        return false;
    used = k->pool.used;
    if (!derive(k, plan->sel[0], FIRST_SEL + plan->size))
        return false;
    out->bytes_per_cap = (uint64_t)(k->pool.used - used) * POOL_NODE_SIZE;
    out->treap_depth = treap_depth(k);
    return measure(k, plan, options->recursive, out);
}

bool profile_run(const struct profile_options *options, struct profile *out, GError **error)
{
    struct machine_options machine_options = {
        .vpes = 1,
        .nodes = options->size + 16,
        .seed = options->seed,
    };
    struct machine *machine = machine_new(&machine_options, error);
    struct plan plan;
    bool good;

    if (machine == NULL)
        return false;
    plan_make(&plan, options);
    *out = (struct profile){0};
    good = profile_kernel(machine_kernel(machine, 0), options, &plan, out);
    if (!good)
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED,
                    "the %s of %u capabilities was not built, or not revoked, as it should be",
                    profile_shape_name(options->shape), options->size);
    plan_free(&plan);
    machine_free(machine);
    return good;
}

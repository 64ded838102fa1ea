/* Plans of profiles; see profile_plan.h. */
#include "sim/profile_plan.h"

#include "sim/memory.h"

/* Of a forest. */
enum { VPES_A_KERNEL = 8, KNOWN = 8, NEAR_PERCENT = 80 };

static int by_priority(gconstpointer a, gconstpointer b, gpointer data)
{
    gint32 x = (gint32)(314159265u + *(const guint32 *)a * 0x9e3779b9u);
    gint32 y = (gint32)(314159265u + *(const guint32 *)b * 0x9e3779b9u);

    (void)data;
    return (x > y) - (x < y);
}

static bool order_selectors(struct plan *plan, enum profile_selectors order, GRand *random)
{
    uint32_t *at = memory_new(plan->size, sizeof(*at));

    plan->order = at;
    if (at == NULL)
        return false;
    for (uint32_t i = 0; i < plan->size; i++)
        at[i] = i;
    if (order == PROFILE_SHUFFLED) {
        for (uint32_t i = plan->size - 1; i > 0; i--) {
            uint32_t j = (uint32_t)g_rand_int_range(random, 0, (gint32)i + 1), other = at[i];
            at[i] = at[j];
            at[j] = other;
        }
    } else if (order == PROFILE_ATTACK) {
        g_qsort_with_data(at, (gint)plan->size, sizeof(*at), by_priority, NULL);
    }
    return true;
}

static uint32_t parent_of(enum profile_shape shape, uint32_t i, GRand *random)
{
    switch (shape) {
    case PROFILE_CHAIN:
        return i - 1;
    case PROFILE_BINARY:
        return (i - 1) / 2;
    case PROFILE_RANDOM:
        return (uint32_t)g_rand_int_range(random, 0, (gint32)i);
    default:
        return 0;
    }
}

static struct plan *tree(const struct profile_options *options, GRand *random)
{
    struct plan *plan = plan_new(options->kernels, 1, options->size);

    for (uint32_t i = 1; plan != NULL && i < options->size; i++) {
        plan->parent[i] = parent_of(options->shape, i, random);
        plan->vpe[i] = i % options->kernels;
    }
    return plan;
}

static struct plan *forest(const struct profile_options *options)
{
    struct plan_forest forest = {
        .kernels = options->kernels,
        .vpes = VPES_A_KERNEL,
        .size = options->size,
        .roots = MIN(options->size, options->kernels * VPES_A_KERNEL),
        .known = KNOWN,
        .near = NEAR_PERCENT,
        .seed = (uint32_t)options->seed,
    };

    return plan_forest(&forest);
}

struct plan *profile_plan(const struct profile_options *options, GError **error)
{
    GRand *random = g_rand_new_with_seed((guint32)options->seed);
    struct plan *plan = options->shape == PROFILE_FOREST ? forest(options) : tree(options, random);

    if (plan != NULL && !order_selectors(plan, options->selectors, random))
        g_clear_pointer(&plan, plan_free);
    if (plan == NULL)
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOMEM,
                    "no memory for a tree of %u capabilities", options->size);
    g_rand_free(random);
    return plan;
}

uint32_t profile_plan_depth(const struct plan *plan)
{
    uint32_t *depth = memory_new(plan->size, sizeof(*depth)), deepest = 0;

    if (depth == NULL)
        return 0;
    for (uint32_t i = 0; i < plan->size; i++) {
        depth[i] = plan_is_root(plan, i) ? 1 : depth[plan->parent[i]] + 1;
        deepest = MAX(deepest, depth[i]);
    }
    memory_free(depth);
    return deepest;
}

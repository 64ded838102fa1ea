/* Plans; see plan.h. */
#include "sim/plan.h"

#include "sim/memory.h"

struct plan *plan_new(uint32_t kernels, uint32_t vpes, uint32_t size)
{
    struct plan *plan = g_new0(struct plan, 1);

    plan->kernels = kernels;
    plan->vpes = vpes;
    plan->size = size;
    plan->parent = memory_new(size, sizeof(*plan->parent));
    plan->vpe = memory_new(size, sizeof(*plan->vpe));
    if (plan->parent == NULL || plan->vpe == NULL)
        g_clear_pointer(&plan, plan_free);
    return plan;
}

void plan_free(struct plan *plan)
{
    if (plan == NULL)
        return;
    memory_free(plan->parent);
    memory_free(plan->vpe);
    memory_free(plan->order);
    g_free(plan);
}

static uint32_t draw(GRand *random, uint32_t below)
{
    return (uint32_t)g_rand_int_range(random, 0, (gint32)below);
}

/* Whom each VPE knows: `known` entries a VPE. */
static uint32_t *acquaint(const struct plan_forest *o, GRand *random)
{
    uint32_t total = o->kernels * o->vpes;
    uint32_t *knows = g_new(uint32_t, (size_t)total * o->known);

    for (uint32_t i = 0; i < total * o->known; i++) {
        uint32_t vpe = i / o->known;
        if (draw(random, 100) < o->near)
            knows[i] = vpe - vpe % o->vpes + draw(random, o->vpes);
        else
            knows[i] = draw(random, total);
    }
    return knows;
}

struct plan *plan_forest(const struct plan_forest *o)
{
    struct plan *plan = plan_new(o->kernels, o->vpes, o->size);
    GRand *random;
    uint32_t *knows;

    if (plan == NULL)
        return NULL;
    random = g_rand_new_with_seed(o->seed);
    knows = acquaint(o, random);

    for (uint32_t i = 0; i < o->size; i++) {
        plan->parent[i] = i < o->roots ? i : draw(random, i);
        plan->vpe[i] = i < o->roots
                           ? i % (o->kernels * o->vpes)
                           : knows[plan->vpe[plan->parent[i]] * o->known + draw(random, o->known)];
    }
    g_free(knows);
    g_rand_free(random);
    return plan;
}

struct plan *plan_bounce(uint32_t size, bool across)
{
    struct plan *plan = plan_new(across ? 2 : 1, across ? 1 : 2, size);

    for (uint32_t i = 1; plan != NULL && i < size; i++) {
        plan->parent[i] = i - 1;
        plan->vpe[i] = i % 2;
    }
    return plan;
}

struct plan *plan_tail(uint32_t size, bool across)
{
    struct plan *plan = plan_new(across ? 2 : 1, across ? 1 : 2, size + 1);

    for (uint32_t i = 1; plan != NULL && i <= size; i++)
        plan->parent[i] = i - 1;
    if (plan != NULL)
        plan->vpe[size] = 1;
    return plan;
}

struct plan *plan_spread(uint32_t children, uint32_t others, uint32_t below)
{
    struct plan *plan = plan_new(others + 1, 2, 1 + children * (1 + below));

    for (uint32_t i = 0; plan != NULL && i < children; i++) {
        uint32_t vpe = others == 0 ? 1 : 2 * (1 + i % others);
        plan->vpe[1 + i] = vpe;
        for (uint32_t j = 0; j < below; j++) {
            uint32_t at = 1 + children + i * below + j;
            plan->parent[at] = 1 + i;
            plan->vpe[at] = vpe;
        }
    }
    return plan;
}

struct plan *plan_levels(uint32_t size, uint32_t kernels)
{
    struct plan *plan = plan_new(kernels, 1, size);

    for (uint32_t i = 1; plan != NULL && i < size; i++) {
        plan->parent[i] = (i - 1) / 2;
        plan->vpe[i] = (plan->vpe[plan->parent[i]] + 1) % kernels;
    }
    return plan;
}

uint32_t plan_roots(const struct plan *plan)
{
    uint32_t roots = 0;

    for (uint32_t i = 0; i < plan->size; i++)
        roots += plan_is_root(plan, i);
    return roots;
}

uint32_t plan_crossings(const struct plan *plan)
{
    uint32_t crossings = 0;

    for (uint32_t i = 0; i < plan->size; i++)
        crossings += plan_crosses(plan, i);
    return crossings;
}

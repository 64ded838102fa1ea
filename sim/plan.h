/* Plans of derivation forests over the VPEs of several kernels: which capability is derived from
 * which, and who holds it. For profiles, benchmarks and the test of large systems. */
#ifndef RESCIND_SIM_PLAN_H
#define RESCIND_SIM_PLAN_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

struct plan {
    uint32_t kernels, vpes; /* VPE v is number v % vpes of kernel v / vpes */
    uint32_t size;
    uint32_t *parent; /* of capability i: its number, below i; of a root: i */
    uint32_t *vpe;    /* that holds capability i */
    uint32_t *order;  /* in which selectors are given out: capability order[i] comes i-th; NULL: in
                         sequence */
};

/* Of all of these: NULL, there is no memory.
 * All are derived from capability 0 and held by VPE 0, until whoever calls says otherwise. */
struct plan *plan_new(uint32_t kernels, uint32_t vpes, uint32_t size);

/* `count` roots, the first VPE's, the second's and so on; then each capability is the child of any
 * of the earlier ones, each as likely, and goes to one of the VPEs that its parent's VPE knows:
 * `known` ones, drawn once; `near` percent of them on the same kernel, the others anywhere. */
struct plan_forest {
    uint32_t kernels, vpes;
    uint32_t size, roots;
    uint32_t known, near;
    uint32_t seed;
};
struct plan *plan_forest(const struct plan_forest *options);

/* A chain of `size` between two VPEs, to and fro: of one kernel, or of two. */
struct plan *plan_bounce(uint32_t size, bool across);

/* A chain of `size` that one VPE holds, with one more at its end: of another VPE there, or of
 * another kernel. */
struct plan *plan_tail(uint32_t size, bool across);

/* A root on kernel 0 and `children`, in turn on kernels 1 .. `others`; with none they are kernel
 * 0's, too. Below each child are `below` more children of the child's own VPE. */
struct plan *plan_spread(uint32_t children, uint32_t others, uint32_t below);

/* A binary tree, its levels in turn on `kernels` kernels: with two or more of them every edge
 * crosses. */
struct plan *plan_levels(uint32_t size, uint32_t kernels);

void plan_free(struct plan *plan); /* NULL: nothing happens */

static inline uint32_t plan_kernel(const struct plan *plan, uint32_t cap)
{
    return plan->vpe[cap] / plan->vpes;
}
static inline bool plan_is_root(const struct plan *plan, uint32_t cap)
{
    return plan->parent[cap] == cap;
}
/* Its parent is on another kernel. */
static inline bool plan_crosses(const struct plan *plan, uint32_t cap)
{
    return plan_kernel(plan, cap) != plan_kernel(plan, plan->parent[cap]);
}

uint32_t plan_roots(const struct plan *plan);
uint32_t plan_crossings(const struct plan *plan);

#endif

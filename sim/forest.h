/* A plan carried out: a system of kernels in which its forest is grown, capability by capability,
 * by the calls of the VPEs that hold them; and felled. */
#ifndef RESCIND_SIM_FOREST_H
#define RESCIND_SIM_FOREST_H

#include "sim/plan.h"
#include "sim/cluster.h"

struct forest {
    const struct plan *plan;
    struct cluster *cluster; /* its `failure` says what went wrong */
    uint32_t *sel;           /* of each capability */
    uint32_t grants;         /* capabilities that VPEs have on others at the start */

    GHashTable *known; /* by VPE and VPE: selector of the one's capability on the other */
    uint32_t *taken;   /* selectors that each VPE has given out */
    uint64_t *busy;    /* the last wave of calls that each VPE took part in */
    uint64_t wave;
};

/* Kernels with their VPEs, which know whom they need to; pools of the size that the forest takes,
 * but for the spare nodes no node more. `options` names what a plan does not say. NULL where there
 * is no memory. The plan outlives it. */
struct forest *forest_plant(const struct plan *plan, const struct cluster_options *options);
void forest_free(struct forest *f);

/* Every capability by a call of its own; those that do not depend on each other at once. */
bool forest_grow(struct forest *f);
/* Each capability is where it should be, and derived from what it should be; and there is no
 * other. A published benchmark's chains were trees of depth one: so look before measuring. */
bool forest_has_shape(struct forest *f);
/* Revokes the roots, a REVOKE each: those of different VPEs at once. */
bool forest_fell(struct forest *f);
/* Nothing of it is left. */
bool forest_is_gone(struct forest *f);

#endif

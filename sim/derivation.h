/* The derivation trees in an outcome, across all kernels. For `rescind tree` and the watch. */
#ifndef RESCIND_SIM_DERIVATION_H
#define RESCIND_SIM_DERIVATION_H

#include "sim/machine.h"

struct derivation_row {
    uint32_t vpe;
    uint32_t depth; /* a root has 0 */
    const struct outcome_cap *cap;
};

/* All capabilities, children behind their parent, siblings and roots in the order of VPEs, tables
 * and selectors: a GArray of struct derivation_row, which the outcome must outlive. One whose
 * parent is not in the outcome comes as a root. Cost: O(n log n). */
GArray *derivation_walk(const struct outcome *outcome);

/* What the machine holds now, a line a capability, children indented below their parent. The caller
 * frees it. */
char *derivation_text(const struct machine *m);

#endif

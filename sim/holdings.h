/* What the kernels of a machine need of their pools for what VPEs hold. sim/trial.c compares it
 * with what they have taken. */
#ifndef RESCIND_SIM_HOLDINGS_H
#define RESCIND_SIM_HOLDINGS_H

#include "sim/machine.h"

/* Of each kernel, where nothing moves any more: the nodes (int64_t) that its tables need, those of
 * other kernels, and calls that wait for ever. The caller frees them. Cost: in proportion to what
 * there is. */
GArray *holdings_count(const struct machine *m);

#endif

/* Profiles of plans over many kernels and VPEs, which run their own messages. Used by
 * sim/profile.c alone. */
#ifndef RESCIND_SIM_PROFILE_FOREST_H
#define RESCIND_SIM_PROFILE_FOREST_H

#include "sim/plan.h"
#include "sim/profile.h"

/* As profile_run(): the walk is the kernel's own, the plan that of the options. Built and revoked
 * twice: every event on measured stacks, then by the clock. */
bool profile_forest(const struct profile_options *options, const struct plan *plan,
                    struct profile *out, GError **error);

#endif

/* Profiles of plans over many kernels and VPEs, which run their own messages. Used by
 * sim/profile.c alone. */
#ifndef RESCIND_SIM_PROFILE_FOREST_H
#define RESCIND_SIM_PROFILE_FOREST_H

#include "sim/cluster.h"
#include "sim/plan.h"
#include "sim/profile.h"

/* As profile_run(): the walk is the kernel's own, the plan that of the options. Built and revoked
 * twice: every event on measured stacks, then by the clock. */
bool profile_forest(const struct profile_options *options, const struct plan *plan,
                    struct profile *out, GError **error);

/* Builds and revokes it once, with `around` at every entry of a kernel (sim/cluster.h), each of
 * which does one unit of work at most. */
bool profile_forest_watched(const struct profile_options *options, const struct plan *plan,
                            void (*around)(void *context, struct cluster_entry *e), void *context,
                            GError **error);

#endif

/* What a profile builds: the plan of its options. Used by sim/profile*.c alone. */
#ifndef RESCIND_SIM_PROFILE_PLAN_H
#define RESCIND_SIM_PROFILE_PLAN_H

#include "sim/plan.h"
#include "sim/profile.h"

/* A forest is spread over the VPEs of all kernels; capability i of any other shape goes to the one
 * VPE of kernel i mod `kernels`. */
struct plan *profile_plan(const struct profile_options *options);

/* Levels of its deepest tree. */
uint32_t profile_plan_depth(const struct plan *plan);

#endif

/* What a profile builds: the plan of its options. Used by sim/profile*.c alone. */
#ifndef RESCIND_SIM_PROFILE_PLAN_H
#define RESCIND_SIM_PROFILE_PLAN_H

#include "sim/plan.h"
#include "sim/profile.h"

/* A forest is spread over the VPEs of all kernels; capability i of any other shape goes to the one
 * VPE of kernel i mod `kernels`. NULL with *error set where there is no memory. */
struct plan *profile_plan(const struct profile_options *options, GError **error);

/* Levels of its deepest tree; 0: there is no memory to count them. */
uint32_t profile_plan_depth(const struct plan *plan);

#endif

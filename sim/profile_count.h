/* Instructions of a profile's REVOKE: the tool runs itself under callgrind, which counts what the
 * functions measured…() of profile.c and cluster.c take. For the tool; needs valgrind. */
#ifndef RESCIND_SIM_PROFILE_COUNT_H
#define RESCIND_SIM_PROFILE_COUNT_H

#include "sim/profile.h"

/* A capability, libc's among them. False with *error set where valgrind is missing, does not see
 * the tool's symbols, or the profile fails. */
bool profile_count(const struct profile_options *options, double *instructions, GError **error);

#endif

/* Profiles in words: a row of a table, or a JSON object. Used by the tool alone. */
#ifndef RESCIND_SIM_PROFILE_REPORT_H
#define RESCIND_SIM_PROFILE_REPORT_H

#include "sim/profile.h"

/* The words of --revoke and --frame; NULL past the last. */
const char *profile_revoke_name(unsigned recursive);
const char *profile_frame_name(unsigned logging);

/* On standard output. `entries`: the stack of each entry point of the kernel, too; `instructions`:
 * they have been counted. */
void profile_print_head(const struct profile_options *options, bool entries, bool instructions);
void profile_print_row(const struct profile_options *options, const struct profile *profile,
                       bool entries);
void profile_print_json(const struct profile_options *options, const struct profile *profile,
                        bool entries);

/* The deepest chain that a walk revokes on `stack` bytes; 0: any. */
void profile_print_deepest(const struct profile_options *options, size_t stack, uint32_t deepest,
                           bool json);

#endif

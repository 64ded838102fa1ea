/* What `rescind explore` reports: of an exploration as of several shards' merged.
 *
 * A report is a JSON object: that of print_json() (of the end at which the violation is, else of
 * the first end that was seen) with the verdict of the whole, and schedules, states, violations,
 * choices, pruned, complete, limit, compared, violation. A shard's bears "explore" besides: what it
 * was a part of. There is no time in it, so that the same exploration gives the same report.
 */
#ifndef RESCIND_SIM_EXPLORE_REPORT_H
#define RESCIND_SIM_EXPLORE_REPORT_H

#include <json-glib/json-glib.h>

#include "sim/explore.h"
#include "sim/shrink.h"

/* The report on a file that was explored; `shrunk` may be NULL. The caller unrefs it. */
JsonObject *explore_report(const struct litmus *litmus, const struct explore_options *options,
                           const struct explore_result *result, const struct shrunk *shrunk);

/* The same as text, or as JSON on one line. The caller frees them. */
char *explore_report_text(const JsonObject *report);
char *explore_report_json(JsonObject *report);

/* "pass", "fail" or "incomplete". */
const char *explore_report_verdict(const JsonObject *report);

/* Reads a file of shards' reports, one a line, into `reports` (JsonObject *). False with *error set
 * where it holds something else. */
bool explore_report_read(const char *file, GPtrArray *reports, char **error);

/* Merges the shards of each explored file, in the order of their first mention, and returns the
 * merged reports (GPtrArray of JsonObject *). NULL with *error set where shards are missing, there
 * twice, or not of one exploration. */
GPtrArray *explore_report_merge(const GPtrArray *reports, char **error);

#endif

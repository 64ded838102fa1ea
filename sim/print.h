/* Reports: what `rescind run` and `rescind boot` print of a litmus file and a run of it.
 *
 * Both take the same values and look at nothing else, so two runs that went the same way print the
 * same text. The caller frees what comes back; it ends with a line feed.
 */
#ifndef RESCIND_SIM_PRINT_H
#define RESCIND_SIM_PRINT_H

#include "sim/judge.h"
#include "sim/litmus.h"
#include "sim/outcome.h"

/* The verdict and the title on one line, then one line a failure. */
char *print_text(const struct litmus *litmus, const struct outcome *outcome,
                 const struct judgement *judgement);

/* One JSON object on one line: file, litmus, target, verdict, steps, stuck, conditions, tables.
 * A capability of the table of mappings bears "table":"map" besides, and a parent there is
 * written VPE:map:SEL. */
char *print_json(const struct litmus *litmus, const struct outcome *outcome,
                 const struct judgement *judgement);

#endif

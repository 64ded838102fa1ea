/* Outcomes of many runs of one litmus file, counted: what `rescind boot --repeat` prints.
 *
 * Two runs had the same outcome when all that print_json() says of them is the same: every call's
 * result, who is stuck, the tables and the derivations between their capabilities.
 */
#ifndef RESCIND_SIM_HISTOGRAM_H
#define RESCIND_SIM_HISTOGRAM_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "sim/litmus.h"
#include "sim/outcome.h"

struct histogram_entry {
    char *json;     /* what print_json() says of it, without the line's end */
    char *text;     /* each VPE's first results, and a number for all of `json` */
    uint64_t count; /* of runs */
    uint64_t first; /* what the first of them was given as its number */
    bool pass;
};

struct histogram;

/* `litmus` outlives it. */
struct histogram *histogram_new(const struct litmus *litmus);
void histogram_free(struct histogram *h);

/* Run `number` had this outcome; returns its entry. */
const struct histogram_entry *histogram_add(struct histogram *h, const struct outcome *outcome,
                                            uint64_t number);

/* The outcome as a string that is another for every other one; the caller frees it. */
char *histogram_key(const struct litmus *litmus, const struct outcome *outcome);

/* Whether all runs passed. */
bool histogram_pass(const struct histogram *h);

/* The whole of it, most frequent outcomes first; the caller frees it, and it ends with a line feed.
 * Text: a line for the file and one an outcome, with the number of its first run. JSON: one object
 * on one line: file, litmus, target, verdict, runs, outcomes; each of these has count, first, and
 * outcome, which is print_json()'s object. */
char *histogram_text(const struct histogram *h);
char *histogram_json(const struct histogram *h);

#endif

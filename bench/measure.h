/* Measuring for bench/bench.c: runs things, keeps what they took, writes it down. */
#ifndef RESCIND_BENCH_MEASURE_H
#define RESCIND_BENCH_MEASURE_H

#include <glib.h>
#include <stdbool.h>

/* What one measurement is about. Names are words without spaces. */
struct subject {
    const char *name;    /* "revoke" */
    const char *variant; /* "star, random"; "": there is only one */
    guint64 size;        /* how many there were of what it is about; 0: nothing to count */
    guint64 units;       /* of the time: it is divided by this */
    const char *unit;    /* "capability" */
};

/* One run: does what is to be done beforehand, starts the clock, stops it, clears up. */
typedef void run_once(void *state);
void clock_start(void);
void clock_stop(void);

struct measure;

struct measure *measure_new(bool quick);
void measure_free(struct measure *m);
/* Subjects whose name does not begin with one of these words are left out; NULL: none is. */
void measure_only(struct measure *m, char **words);
/* In a quick one sizes are smaller and there are fewer runs. */
bool measure_is_quick(const struct measure *m);
bool measure_wants(const struct measure *m, const char *name);

/* Runs it a few times; the median of what the process took in CPU time goes on the list. Returns
 * the nanoseconds a unit. */
double measure_run(struct measure *m, const struct subject *subject, run_once *run, void *state);
/* Measures a thing, in a few runs, without putting it on any list: nanoseconds a unit. */
double measure_aside(run_once *run, void *state, guint64 units);
/* What the last one is to be compared with, measured in the same process. */
void measure_floor(struct measure *m, const char *what, double ns);

/* Writes the list as JSON and as CSV; as a Markdown table to standard output. */
bool measure_write(const struct measure *m, const char *folder, GError **error);
void measure_print(const struct measure *m);

#endif

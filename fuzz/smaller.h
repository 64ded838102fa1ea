/* Smaller courses: parts of a file and choices are left out as long as it still ends as it did. For
 * to_litmus.c and tests/soak.c.
 */
#ifndef RESCIND_FUZZ_SMALLER_H
#define RESCIND_FUZZ_SMALLER_H

#include "fuzz/course.h"

/* How a course ends: well, by a signal, or (VIOLATED + enum violation_kind) with a violation. */
enum course_end { COURSE_FINE, COURSE_CRASHED, COURSE_VIOLATED };

/* Runs it in a process of its own, as it may be that the kernel crashes; its schedule is then what
 * was done. What takes too long counts as fine. */
int course_try(struct course *c);

/* The smallest course that ends so, too; `c` is gone. Where it does not crash but breaks an
 * invariant, an answer or a table, the explorer's shrinker (sim/shrink.h), which looks for other
 * schedules, too, makes what is left as small as can be. What is done is said on `out`. */
struct course *course_smaller(struct course *c, int end, FILE *out);

/* The file and the schedule into files, and on `out` how `rescind replay` runs them. 0, or 3 with a
 * line on standard error. */
int course_save(const struct course *c, const char *file, const char *schedule, FILE *out);

#endif

/* A course: a litmus file and one schedule of it, with everything that can go wrong looked at as
 * the explorer does (sim/trial.h). For the fuzzers that run whole files, and for to_litmus.c, so
 * that what a fuzzer has seen is what `rescind replay` shows.
 */
#ifndef RESCIND_FUZZ_COURSE_H
#define RESCIND_FUZZ_COURSE_H

#include <stdio.h>

#include "sim/trial.h"

struct course {
    char *text;
    struct litmus *litmus;
    uint64_t seed;
    uint32_t work;        /* see struct rescind_kernel_config */
    GArray *schedule;     /* struct machine_choice: what is to be done first; and then, what was */
    const uint8_t *bytes; /* what they choose comes next; they outlive the course */
    size_t bytes_left;
    bool by_itself;              /* the machine chooses what comes next, and not the bytes: */
    enum machine_schedule how;   /* so; RANDOM and PCT draw from `seed` */
    uint32_t depth;              /* of PCT */
    struct monitor *monitor;     /* of the file, kept from run to run; NULL before the first */
    struct outcome *outcome;     /* of the last run; NULL: none */
    bool compared;               /* all of it was, with atomic calls */
    struct violation *violation; /* NULL: none */
    char *wrong;                 /* the file is none, or no machine can be had for it; or NULL */
    /* Told of each choice before it is made, but not of the machine's own; NULL: not wanted. */
    void (*before)(void *context, const struct machine_choice *choice);
    void *context;
};

/* Takes over `text`. */
struct course *course_new(char *text, uint64_t seed, uint32_t work);
void course_free(struct course *c);

/* Runs the file to an end, again where it has been run. What is possible of c->schedule is done
 * first. Then each byte makes a choice (240 and above: a fault strikes, where there is one to
 * strike); when they are used up what can move does so in turn. A program that waits at the end for
 * what others need not do has its VPE killed, if the file has that fault: so there is an end at
 * which all calls are done, and everything can be compared there. What was done is in c->schedule.
 */
void course_run(struct course *c);

/* Runs it, prints it and aborts when something is wrong, and frees it: a fuzzer's whole job. */
void course_test(struct course *c);

/* The file, the schedule, and what went wrong. */
void course_print(FILE *out, const struct course *c);
/* The schedule, as `rescind replay --schedule-file` takes it. */
char *course_schedule(const struct course *c);

#endif

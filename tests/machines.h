/* Machines of litmus files, for tests that look at what the machine does, choice by choice. */
#ifndef RESCIND_TESTS_MACHINES_H
#define RESCIND_TESTS_MACHINES_H

#include "sim/litmus.h"
#include "sim/machine.h"

/* A litmus file's machine, with what it is made from. */
struct bench {
    struct litmus *litmus;
    GByteArray *module;
    struct machine *machine;
};

/* The same without a machine. Fails where the file is wrong. */
struct bench bench_parse(const char *text);
/* Fails where the file is wrong or there can't be such a machine. It is audited always. */
struct bench bench_with(const char *text, struct machine_options options);
struct bench bench_new(const char *text);
void bench_free(struct bench *b);

GArray *choices_new(void);
static inline const struct machine_choice *choice_at(const GArray *choices, guint index)
{
    return &g_array_index(choices, struct machine_choice, index);
}

/* Makes the choices that stand in `text`, one a line. */
void make_choices(struct machine *m, const char *text);
/* What the machine can do now, in words. */
void assert_choices(const struct machine *m, const char *text);

/* Wanders through the machine by chance, and goes each step of the way twice, and once more in
 * another machine. */
void wander(struct bench *b, struct bench *other, GRand *random);

/* The state's number after these choices. */
uint64_t hash_after(const char *text, const char *schedule);

#endif

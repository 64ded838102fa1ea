/* Litmus files drawn from bytes, for the fuzzers of schedules and services and the long run, and
 * what mutates such bytes without shifting what they mean.
 *
 * An input is DRAW_HEAD bytes that say what there is (draw.c explains them), the last of which is a
 * number of records; the records, DRAW_RECORD bytes each, a step of some VPE; and the bytes behind
 * them, which are a schedule (course_run()). What is cut short is as if zeros followed.
 */
#ifndef RESCIND_FUZZ_DRAW_H
#define RESCIND_FUZZ_DRAW_H

#include <stddef.h>
#include <stdint.h>

#include "fuzz/course.h"

enum { DRAW_HEAD = 5, DRAW_HEAD_OF_MANY = 14, DRAW_RECORD = 5, DRAW_RECORDS_MAX = 40 };

/* Byte 3 of an input, bits: each VPE can send to the next; reads memory; A listens to its line; A
 * is a service, at which the others have sessions; and gives and takes a gate. Nothing of that
 * without the highest bit: half of what is drawn should not spend its schedule on it. */
enum begun {
    BEGUN_POSTS = 1,
    BEGUN_MEMORY = 2,
    BEGUN_LINE = 4,
    BEGUN_SESSIONS = 8,
    BEGUN_GIFTS = 16,
    BEGUN_ANY = 128,
};

enum draw_about {
    DRAW_ANYTHING, /* all calls, of VPEs on two kernels */
    DRAW_SERVICE,  /* a service that answers as the bytes say, and its clients on both kernels */
    DRAW_MANY,     /* all calls, of VPEs on one to four kernels: DRAW_HEAD_OF_MANY bytes come first.
                      For tests/soak.c; the mutators do not know of them */
};

/* The file and its schedule, not run. The bytes outlive it. */
struct course *draw(const uint8_t *bytes, size_t size, enum draw_about about);

/* For LLVMFuzzerCustomMutator() and LLVMFuzzerCustomCrossOver(). */
size_t draw_mutate(uint8_t *data, size_t size, size_t most, unsigned seed);
size_t draw_cross(const uint8_t *one, size_t one_size, const uint8_t *two, size_t two_size,
                  uint8_t *out, size_t most, unsigned seed);

#endif

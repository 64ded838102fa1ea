/* What a fuzz target has: libFuzzer's functions, and what fuzz/to_litmus.c asks for. A target is
 * one file with LLVMFuzzerTestOneInput(), and where raw bytes would bounce off
 * LLVMFuzzerCustomMutator(). It aborts when something is wrong.
 */
#ifndef RESCIND_FUZZ_FUZZ_H
#define RESCIND_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>

#include "fuzz/course.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed);
size_t LLVMFuzzerCustomCrossOver(const uint8_t *one, size_t one_size, const uint8_t *two,
                                 size_t two_size, uint8_t *out, size_t most, unsigned seed);

/* The engine's own mutations; fuzz/replay.c has some for where there is no engine. */
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t most);

/* The input as a litmus file with its schedule, not run yet. NULL: it has no such counterpart. */
struct course *fuzz_course(const uint8_t *data, size_t size);

#endif

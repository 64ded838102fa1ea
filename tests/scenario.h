/* Scenarios: a few VPEs, what they call, and how their calls are interleaved, all of it drawn from
 * one stream of choices.
 *
 * The stream is a seeded generator (tests) or a fuzzer's bytes; the same stream gives the same
 * scenario. Scenarios aim at what is hard for a revocation: few selectors, so that calls meet;
 * ranges that overlap; `own` 0 inside trees that go; VPE capabilities that are derived, used and
 * revoked; VPEs that exit or are ended; interrupts; pools with hardly a node left; and little work an event,
 * so that other calls come in between.
 */
#ifndef RESCIND_TESTS_SCENARIO_H
#define RESCIND_TESTS_SCENARIO_H

#include "tests/drive.h"

struct choice {
    const uint8_t *bytes; /* NULL: draw from `seed` */
    size_t left;
    uint64_t seed;
};

struct choice choice_seeded(uint64_t seed);
struct choice choice_bytes(const uint8_t *bytes, size_t size);
/* One of 0 .. n - 1, n <= 256; 0 when the bytes are used up. */
uint32_t choose(struct choice *choice, uint32_t n);
/* Whether there is nothing left to draw from. */
bool choice_over(const struct choice *choice);

/* Kernels to run scenarios in, made when first needed and kept, and the memory of the search. */
struct scenarios;
struct scenarios *scenarios_new(void);
void scenarios_free(struct scenarios *scenarios);

/* Runs a scenario and judges it. The driver it ran in is returned; its `failure` tells, and
 * drive_print() shows. It stays valid until the next run. */
struct drive *scenario_run(struct scenarios *scenarios, struct choice choice);

/* A call of `vpe` that suits what the kernel's tables hold now and what the others' calls are
 * about, and uses about so many selectors (at most 200) from 2 on. Never EXIT; with
 * `build` only what adds capabilities. */
struct model_call scenario_call(const struct drive *drive, uint32_t vpe, uint32_t selectors,
                                bool build, struct choice *choice);

#endif

/* What has been found good before: a memory of 64-bit numbers, so that a fuzzer does not judge the
 * same thing a thousand times.
 *
 * Two different things that share a number would hide one of them: with n of them the chance is
 * n^2 / 2^65, one in 37 million for a million. The memory is bounded: a number may be forgotten,
 * and what it stands for is then judged again. For fuzz targets that audit at rest alone.
 */
#ifndef RESCIND_TESTS_KNOWN_H
#define RESCIND_TESTS_KNOWN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rescind_kernel;
struct known;

struct known *known_new(void);
void known_free(struct known *known);

bool known_has(const struct known *known, uint64_t number);
void known_add(struct known *known, uint64_t number);

/* The number of all that the audit looks at in a kernel in which no call is under way, and that the
 * tables follow from: not the rings, nor what an answered call has left behind. It tells those
 * kernels apart that began as a copy of `start`. */
uint64_t known_number(const struct rescind_kernel *k, const struct rescind_kernel *start);
/* The number of two things together. */
uint64_t known_pair(uint64_t a, uint64_t b);

#endif

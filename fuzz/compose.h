/* Random programs over one to four kernels, as draw() makes them of bytes: bytes that mean calls
 * which go on with what others have made, and few selectors, so that calls meet. For tests/soak.c.
 */
#ifndef RESCIND_FUZZ_COMPOSE_H
#define RESCIND_FUZZ_COMPOSE_H

#include "fuzz/course.h"
#include "fuzz/draw.h"

enum { COMPOSE_BYTES = DRAW_HEAD_OF_MANY + DRAW_RECORDS_MAX * DRAW_RECORD };

/* A course that `r` decides on, with `seed` for its machine, not run. `bytes` outlive it. */
struct course *compose(uint64_t seed, GRand *r, uint8_t bytes[COMPOSE_BYTES]);

#endif

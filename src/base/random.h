/* The secret generator: numbers that no program can predict or steer.
 *
 * Its state is seeded once, from the platform or from an explicit seed, is never shown to a
 * program, and is drawn from for treap priorities alone.
 * Source: Blackman and Vigna, "Scrambled Linear Pseudorandom Number Generators", 2021
 * (xoshiro128++, seeded by splitmix64).
 */
#ifndef RESCIND_BASE_RANDOM_H
#define RESCIND_BASE_RANDOM_H

#include <stdint.h>

struct random {
    uint32_t state[4];
};

void random_init(struct random *random, uint64_t seed);

/* The next 32 bits. O(1). */
static inline uint32_t random_next(struct random *random)
{
    uint32_t *s = random->state, sum = s[0] + s[3], t = s[1] << 9;
    uint32_t result = (sum << 7 | sum >> 25) + s[0];

    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = s[3] << 11 | s[3] >> 21;
    return result;
}

#endif

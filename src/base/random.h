/* The secret generator: numbers that no program can predict or steer.
 *
 * Its state is seeded once, from the platform or from an explicit seed, is never shown to a
 * program, and is drawn from for treap priorities alone.
 * Source: Blackman and Vigna, "Scrambled Linear Pseudorandom Number Generators", 2021
 * (xoroshiro64*, seeded by splitmix64).
 */
#ifndef RESCIND_BASE_RANDOM_H
#define RESCIND_BASE_RANDOM_H

#include <stdint.h>

struct random {
    uint32_t state[2];
};

void random_init(struct random *random, uint64_t seed);

/* The next 32 bits. O(1). */
static inline uint32_t random_next(struct random *random)
{
    uint32_t a = random->state[0], b = random->state[1] ^ a;

    random->state[0] = (a << 26 | a >> 6) ^ b ^ b << 9;
    random->state[1] = b << 13 | b >> 19;
    return a * 0x9e3779bbu;
}

#endif

/* The secret generator; see random.h. */
#include "base/random.h"

static uint64_t splitmix(uint64_t *seed)
{
    uint64_t z = *seed += 0x9e3779b97f4a7c15u;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

void random_init(struct random *random, uint64_t seed)
{
    uint64_t bits = splitmix(&seed);

    random->state[0] = (uint32_t)bits | 1; /* all zeros would stay all zeros */
    random->state[1] = (uint32_t)(bits >> 32);
}

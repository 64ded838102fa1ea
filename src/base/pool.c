/* The pool of 64-byte nodes; see pool.h. */
#include "base/pool.h"

#include "base/arena.h"

void pool_init(struct pool *pool, uint32_t first, uint32_t limit)
{
    *pool = (struct pool){.first = first, .limit = limit, .high = first, .spare = {limit - first}};
}

void pool_starve(struct pool *pool, uint32_t left)
{
    uint32_t all = pool->spare[0] + pool->spare[1], some = left < all ? left : all;

    pool->starved = left != UINT32_MAX;
    pool->spare[0] = some;
    pool->spare[1] = all - some;
}

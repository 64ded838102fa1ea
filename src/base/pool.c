/* The pool of 64-byte nodes; see pool.h. */
#include "base/pool.h"

#include "base/arena.h"

void pool_init(struct pool *pool, uint32_t first, uint32_t limit)
{
    *pool = (struct pool){.first = first, .limit = limit, .high = first};
}

void pool_starve(struct pool *pool, uint32_t left)
{
    pool->starved = left != UINT32_MAX;
    pool->allowance = left;
}

uint32_t pool_used(const struct rescind_kernel *k)
{
    uint32_t used = k->pool.limit - k->pool.first;

    for (uint32_t account = 0; account <= k->vpe_limit; account++)
        used -= *account_at(k, account);
    return used;
}

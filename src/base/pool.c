/* The pool of 64-byte nodes; see pool.h. */
#include "base/pool.h"

#include "base/arena.h"

void pool_init(struct pool *pool, uint32_t first, uint32_t limit)
{
    *pool = (struct pool){.first = first, .limit = limit, .high = first};
}

void pool_starve(struct rescind_kernel *k, uint32_t left)
{
    uint32_t accounts = k->vpe_limit + 1;

    k->pool.starved = left != UINT32_MAX ? accounts : 0;
    k->returns = k->accounts + k->pool.starved * sizeof(uint32_t);
    for (uint32_t account = 0; account < accounts; account++) {
        uint32_t *own = account_at(k, account), *withheld = account_at(k, accounts + account);
        uint32_t closed = *own & ACCOUNT_CLOSED, all = (*own - closed) + *withheld;
        uint32_t some = left < all ? left : all;

        *own = some | closed;
        *withheld = all - some;
        left -= k->pool.starved != 0 ? some : 0;
        if (closed != 0)
            account_pass_on(k, account);
    }
}

uint32_t pool_used(const struct rescind_kernel *k)
{
    uint32_t used = k->pool.limit - k->pool.first;

    for (uint32_t i = 0; i < 2 * (k->vpe_limit + 1); i++)
        used -= *account_at(k, i) & ~ACCOUNT_CLOSED;
    return used;
}

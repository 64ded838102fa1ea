/* The pool of 64-byte nodes; see pool.h. */
#include "base/pool.h"

#include "base/arena.h"

void pool_init(struct pool *pool, uint32_t limit)
{
    *pool = (struct pool){.limit = limit, .high = 1, .fuse = UINT32_MAX};
}

uint32_t pool_left(const struct rescind_kernel *k)
{
    uint32_t left = k->pool.limit - 1 - k->pool.used;

    return left < k->pool.fuse ? left : k->pool.fuse;
}

uint32_t pool_take(struct rescind_kernel *k, uint8_t type)
{
    struct pool *pool = &k->pool;
    uint32_t index = pool->free;
    struct pool_node *node;

    if (pool->fuse == 0) {
        return 0;
    } else if (index != 0) {
        node = pool_node(k, index);
        pool->free = node->next_free;
    } else if (pool->high < pool->limit) {
        index = pool->high++;
        node = pool_node(k, index);
    } else {
        return 0;
    }
    node->type = type;
    pool->used++;
    if (pool->fuse != UINT32_MAX)
        pool->fuse--;
    return index;
}

void pool_give(struct rescind_kernel *k, uint32_t index)
{
    struct pool_node *node = pool_node(k, index);

    KERNEL_ASSERT(node->type != 0);
    node->type = 0;
    node->next_free = k->pool.free;
    k->pool.free = index;
    k->pool.used--;
}

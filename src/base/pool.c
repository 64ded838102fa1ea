/* The pool of 64-byte nodes; see pool.h. */
#include "base/pool.h"

#include "base/arena.h"

void pool_init(struct pool *pool, uint32_t limit)
{
    *pool = (struct pool){.limit = limit, .high = 1, .fuse = UINT32_MAX};
}

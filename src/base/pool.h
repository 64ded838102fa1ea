/* The pool: nodes of 64 bytes, one cache line, that hold one capability or one small object each.
 *
 * A node is named by its index; 0 names none. Its first byte is its type, 0 while it is free.
 * Taking and giving back are O(1); the pool never grows, so taking can fail. What works on them,
 * pool_node(), pool_take(), pool_give() and pool_left(), is in base/arena.h.
 */
#ifndef RESCIND_BASE_POOL_H
#define RESCIND_BASE_POOL_H

#include <stdint.h>

struct rescind_kernel;

#define POOL_NODE_SIZE 64u

struct pool {
    uint32_t limit; /* nodes 1 .. limit - 1 may be taken */
    uint32_t high;  /* nodes from here on were never taken */
    uint32_t free;  /* head of the list of nodes given back */
    uint32_t used;  /* nodes taken now */
    uint32_t fuse;  /* after so many more, none is given: fault injection; UINT32_MAX: off */
};

struct pool_node {
    _Alignas(POOL_NODE_SIZE) uint8_t type; /* 0: free */
    uint32_t next_free;                    /* while free */
};

void pool_init(struct pool *pool, uint32_t limit);

#endif

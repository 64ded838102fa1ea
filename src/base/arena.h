/* The arena: struct rescind_kernel is its first bytes and says where everything else in it lies.
 *
 * Every room of the kernel takes a struct rescind_kernel * and reaches its own array through its
 * own accessor (pool_node, task_at, table_at, vpe_at, call_at). Nothing in the arena is a pointer,
 * so that a copy of the arena is a copy of the kernel. The layout is made once, by
 * rescind_kernel_create() in kernel/create.c; the pool lies last, so the part in use is a prefix.
 */
#ifndef RESCIND_BASE_ARENA_H
#define RESCIND_BASE_ARENA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/outbox.h"
#include "base/pool.h"
#include "base/random.h"
#include "rescind/abi.h"
#include "rescind/platform.h"

struct rescind_kernel {
    /* Byte offsets from this struct. */
    size_t tasks, tables, vpes, calls, peers, served, rings, nodes;

    uint32_t vpe_limit;  /* length of the arrays that go by VPE */
    uint32_t vpe_count;  /* VPEs 0 .. vpe_count - 1 exist */
    uint32_t work;       /* capabilities an event may touch */
    uint32_t worked;     /* and the last turn of work has touched */
    uint32_t peer_count; /* kernels in the system: PEs 0 .. peer_count - 1 */
    uint16_t pe;         /* this one's */

    struct pool pool;
    struct random random;
    uint32_t ready;   /* the line of tasks that have work to do; see base/task.h */
    uint32_t talking; /* the line of kernels that there is something to tell; see cap/peer.h */
    struct outbox outbox;
};

static inline void *arena_at(const struct rescind_kernel *k, size_t offset)
{
    return (char *)(uintptr_t)k + offset;
}

/* The pool's node at `index`, to be read as what its type says. */
static inline void *pool_node(const struct rescind_kernel *k, uint32_t index)
{
    return arena_at(k, k->nodes + (size_t)index * POOL_NODE_SIZE);
}

/* A broken invariant stops the kernel, in every build. */
#define KERNEL_ASSERT(holds)                                                                       \
    ((holds) ? (void)0 : platform_panic(__FILE__ ": broken invariant: " #holds))

/* How many nodes can still be taken. */
static inline uint32_t pool_left(const struct rescind_kernel *k)
{
    uint32_t left = k->pool.limit - 1 - k->pool.used;

    return left < k->pool.fuse ? left : k->pool.fuse;
}

/* A node of type `type`, which is not 0; its other bytes hold anything. 0 when none is left. */
static inline uint32_t pool_take(struct rescind_kernel *k, uint8_t type)
{
    struct pool *pool = &k->pool;
    uint32_t index = pool->free;
    struct pool_node *node;

    if (pool_left(k) == 0)
        return 0;
    node = pool_node(k, index != 0 ? index : pool->high);
    if (index != 0)
        pool->free = node->next_free;
    else
        index = pool->high++;
    node->type = type;
    pool->used++;
    pool->fuse -= pool->fuse != UINT32_MAX;
    return index;
}

/* Gives back a node that was taken. */
static inline void pool_give(struct rescind_kernel *k, uint32_t index)
{
    struct pool_node *node = pool_node(k, index);

    KERNEL_ASSERT(node->type != 0);
    node->type = 0;
    node->next_free = k->pool.free;
    k->pool.free = index;
    k->pool.used--;
}

#endif

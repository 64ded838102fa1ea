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

/* For what is worth its room in every caller: the few functions that each copy and each removal of
 * a capability goes through. */
#define ALWAYS_INLINE static inline __attribute__((always_inline))

struct rescind_kernel {
    /* Byte offsets from this struct. */
    size_t tasks, vpes, calls, peers, served, rings;

    uint32_t vpe_limit;  /* length of the arrays that go by VPE */
    uint32_t vpe_count;  /* VPEs 0 .. vpe_count - 1 exist */
    uint32_t work;       /* units of work that an event may do (base/work.h), */
    uint32_t worked;     /* and that the last turn of work has done */
    uint32_t peer_count; /* kernels in the system: PEs 0 .. peer_count - 1 */
    uint16_t pe;         /* this one's */

    struct pool pool;
    struct random random;
    uint32_t ready;   /* the line of tasks that have work to do; see base/task.h */
    uint32_t talking; /* the line of kernels that there is something to tell; see cap/peer.h */
    struct outbox outbox;
};

/* The tables come first, at a place that is known beforehand: every insertion and removal needs it.
 */
enum { ARENA_TABLES = (sizeof(struct rescind_kernel) + 63) / 64 * 64 };

static inline void *arena_at(const struct rescind_kernel *k, size_t offset)
{
    return (char *)(uintptr_t)k + offset;
}

/* The pool's node at `index`, to be read as what its type says. */
static inline void *pool_node(const struct rescind_kernel *k, uint32_t index)
{
    return arena_at(k, (size_t)index * POOL_NODE_SIZE);
}

/* A broken invariant stops the kernel, in every build. */
#define KERNEL_ASSERT(holds)                                                                       \
    ((holds) ? (void)0 : platform_panic(__FILE__ ": broken invariant: " #holds))

/* Does a number that anybody may have named stand for a node that was taken once? */
static inline bool pool_has(const struct rescind_kernel *k, uint32_t index)
{
    return index >= k->pool.first && index < k->pool.high;
}

/* How many nodes are taken; how many can still be. */
static inline uint32_t pool_used(const struct rescind_kernel *k)
{
    return k->pool.limit - k->pool.first - k->pool.spare[0] - k->pool.spare[1];
}

static inline uint32_t pool_left(const struct rescind_kernel *k)
{
    return k->pool.spare[0];
}

/* A node of type `type`, which is not 0; its other bytes hold anything. There is one left. */
static inline uint32_t pool_take_one(struct rescind_kernel *k, uint8_t type)
{
    struct pool *pool = &k->pool;
    uint32_t index = pool->free;
    struct pool_node *node;

    node = pool_node(k, index != 0 ? index : pool->high);
    if (index != 0)
        pool->free = node->next_free;
    else
        index = pool->high++;
    node->type = type;
    pool->spare[0]--;
    return index;
}

/* The same, but 0 when none is left. */
static inline uint32_t pool_take(struct rescind_kernel *k, uint8_t type)
{
    return pool_left(k) == 0 ? 0 : pool_take_one(k, type);
}

/* Gives back a node that was taken. */
static inline void pool_give(struct rescind_kernel *k, uint32_t index)
{
    struct pool_node *node = pool_node(k, index);

    KERNEL_ASSERT(node->type != 0);
    node->type = 0;
    node->next_free = k->pool.free;
    k->pool.free = index;
    k->pool.spare[k->pool.starved]++;
}

#endif

/* The arena: struct rescind_kernel is its first bytes and says where everything else in it lies.
 *
 * Every room of the kernel takes a struct rescind_kernel * and reaches its own array through its
 * own accessor (pool_node, account_at, task_at, table_at, vpe_at, call_at). Nothing in the arena is
 * a pointer, so that a copy of the arena is a copy of the kernel. The layout is made once, by
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
    /* Byte offsets from this struct. Nodes that are given back are counted at `returns`: in their
     * accounts, or with what a fault withholds. */
    size_t accounts, returns, tasks, vpes, calls, peers, served, page_bits, buffers, letters, rings,
        memory;

    uint32_t vpe_limit;  /* length of the arrays that go by VPE */
    uint32_t vpe_count;  /* VPEs 0 .. vpe_count - 1 exist */
    uint32_t work;       /* units of work that an event may do (base/work.h), */
    uint32_t worked;     /* and that the last turn of work has done */
    uint32_t peer_count; /* kernels in the system: PEs 0 .. peer_count - 1 */
    uint16_t pe;         /* this one's */

    uint32_t pages;       /* of machine memory, from `memory` on; base/pages.h's record at
                             `page_bits` */
    uint32_t vpe_free;    /* list of VPEs that are done with, as number + 1 (object/vpe.h) */
    uint32_t serials;     /* numbers given to endpoints */
    uint32_t visits_lost; /* ring of those whose endpoint has gone (object/visit.h), */
    uint32_t visits_held; /* and of those whose service's name is going */
    uint32_t vpe_ending;  /* list of those that have just lost what they live by, in the same way */
    uint32_t vpe_watched; /* list of those that have ended, as others have still to be told */

    uint32_t listeners[RESCIND_IRQ_LINES]; /* of each interrupt line, or 0 (object/irq.h) */

    struct pool pool;
    struct random random;
    struct random names; /* where the keys come from that names of services are hashed with */
    uint16_t ready;      /* the line of tasks that have work to do; see base/task.h */
    uint32_t talking;    /* the line of kernels that there is something to tell; see cap/peer.h */
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

/* How many more nodes an account's owner may take. */
static inline uint32_t *account_at(const struct rescind_kernel *k, uint32_t account)
{
    return (uint32_t *)arena_at(k, k->accounts) + account;
}

/* How many nodes are taken. O(VPEs). */
uint32_t pool_used(const struct rescind_kernel *k);

/* How many can still be taken from an account; from the kernel's. */
static inline uint32_t account_left(const struct rescind_kernel *k, uint32_t account)
{
    return *account_at(k, account);
}

static inline uint32_t pool_left(const struct rescind_kernel *k)
{
    return account_left(k, ACCOUNT_KERNEL);
}

/* A node of type `type`, which is not 0, from an account that has one left; its other bytes hold
 * anything. */
static inline uint32_t account_take_one(struct rescind_kernel *k, uint8_t type, uint16_t account)
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
    node->account = account;
    --*account_at(k, account);
    return index;
}

/* The same, but 0 when none is left. */
static inline uint32_t account_take(struct rescind_kernel *k, uint8_t type, uint16_t account)
{
    return account_left(k, account) == 0 ? 0 : account_take_one(k, type, account);
}

static inline uint32_t pool_take(struct rescind_kernel *k, uint8_t type)
{
    return account_take(k, type, ACCOUNT_KERNEL);
}

/* Something has come back to a closed account (object/vpe.h). */
void account_pass_on(struct rescind_kernel *k, uint32_t account);

/* Gives back a node that its account, which is not closed, takes again at once: whatever a fault
 * withholds, there is one then. */
static inline void pool_hand_on(struct rescind_kernel *k, uint32_t index)
{
    struct pool_node *node = pool_node(k, index);

    node->type = 0;
    node->next_free = k->pool.free;
    k->pool.free = index;
    ++*account_at(k, node->account);
}

/* Gives back a node that was taken. */
static inline void pool_give(struct rescind_kernel *k, uint32_t index)
{
    struct pool_node *node = pool_node(k, index);

    KERNEL_ASSERT(node->type != 0);
    node->type = 0;
    node->next_free = k->pool.free;
    k->pool.free = index;
    if (++((uint32_t *)arena_at(k, k->returns))[node->account] & ACCOUNT_CLOSED)
        account_pass_on(k, node->account);
}

#endif

/* The pool: nodes of 64 bytes, one cache line, that hold one capability or one small object each.
 *
 * A node is named by its index, which is its place in the arena in units of a node, so that no base
 * need be added to it; 0 names none. Its first byte is its type, 0 while it is free.
 * Each node is taken from an account, which says how many more its owner may take, and goes back
 * there: account 0 is the kernel's own, account v + 1 that of VPE v, if it has one. All accounts
 * together hold as many nodes as there are, so that what an account says can be had.
 * Taking and giving back are O(1); the pool never grows, so taking can fail. What works on them,
 * pool_node(), pool_take(), pool_give() and pool_left(), is in base/arena.h.
 */
#ifndef RESCIND_BASE_POOL_H
#define RESCIND_BASE_POOL_H

#include <stdint.h>

struct rescind_kernel;

#define POOL_NODE_SIZE 64u

struct pool {
    uint32_t first; /* nodes first .. limit - 1 may be taken */
    uint32_t limit;
    uint32_t high; /* nodes from here on were never taken */
    uint32_t free; /* head of the list of nodes given back */
    /* A fault may withhold nodes. Behind the numbers of all accounts stand as many more: nodes of
     * theirs that can't be taken. Those given back go `starved` places behind, so that
     * what is left when a fault strikes only gets less. */
    uint32_t starved;
};

struct pool_node {
    _Alignas(POOL_NODE_SIZE) uint8_t type; /* 0: free */
    uint16_t account;                      /* where it was taken from */
    uint32_t next_free;                    /* while free */
};

enum { ACCOUNT_KERNEL = 0 };

/* In the number of an account whose owner has ended: what comes back to it goes on to its heir. */
#define ACCOUNT_CLOSED 0x80000000u

void pool_init(struct pool *pool, uint32_t first, uint32_t limit);

/* Fault injection: `left` more nodes can be taken, and then none; UINT32_MAX ends it. */
void pool_starve(struct rescind_kernel *k, uint32_t left);

#endif

/* The capability: one node of the pool, in one table and in the derivation tree.
 *
 * The fields stand in groups by who writes them: the table (treap.c), the derivation tree
 * (tree.c), revocation (revoke.c), the object's type. All references are pool indices; 0 is none.
 */
#ifndef RESCIND_CAP_CAP_H
#define RESCIND_CAP_CAP_H

#include "base/arena.h"
#include "base/task.h"

/* Where a capability stands in a revocation (the protocol is argued in revoke.h). */
enum cap_flag {
    CAP_VISITED = 1,  /* marking has reached it: nothing may be derived from it any more */
    CAP_SEEN = 2,     /* its parent's marking has counted it in: it goes when its parent's
                         descendants go, whoever sweeps first */
    CAP_MARKED = 4,   /* it and all its descendants have been visited */
    CAP_ENTERED = 8,  /* one sweep has entered it, and that one alone will remove it */
    CAP_RESERVED = 16 /* an EXCHANGE not yet settled has put it here: see cap_is_there() */
};

struct cap {
    _Alignas(POOL_NODE_SIZE) uint8_t type; /* enum rescind_cap_type; 0 while the node is free */
    uint8_t rights;                        /* enum rescind_perm, of a memory capability */
    uint8_t flags;                         /* enum cap_flag */

    uint32_t table;                     /* which table holds it (cap/table.h) */
    uint32_t sel;                       /* at which selector */
    uint32_t priority, left, right, up; /* treap links */

    uint32_t parent;     /* derived from this one; 0: a root */
    uint32_t child;      /* one of the ring of those derived from it; 0: none */
    uint32_t next, prev; /* its neighbours in its parent's ring; itself when alone or a root */

    uint32_t object; /* what it names, as its type understands it */

    uint32_t waiters;  /* line of tasks that wait until it is marked, gone or free again */
    uint32_t reserver; /* while RESERVED: the task of the EXCHANGE */
    uint32_t spare[2]; /* for the key of a parent or child on another kernel */
};
_Static_assert(sizeof(struct cap) <= POOL_NODE_SIZE, "a capability is one cache line");

static inline struct cap *cap_at(const struct rescind_kernel *k, uint32_t index)
{
    return pool_node(k, index);
}

/* Types of pool nodes: below this a capability's, from it on an object's (object/object.h). */
enum { CAP_TYPE_END = 64 };

static inline bool cap_is_cap(const struct cap *cap)
{
    return cap->type != 0 && cap->type < CAP_TYPE_END;
}

/* An object type: a row, and nothing else in the kernel knows the type. The rows are in
 * object/types.c; a new type is one new file and one line there. */
struct cap_type {
    const char *name;
    /* May this capability be copied? An error refuses the EXCHANGE. */
    enum rescind_error (*derive)(const struct rescind_kernel *k, const struct cap *source);
    /* One more, one fewer capability names the object; the last one releases its storage. */
    void (*acquire)(struct rescind_kernel *k, uint32_t object);
    void (*release)(struct rescind_kernel *k, uint32_t object);
    /* Bytes of kernel memory the object takes, apart from its capabilities. */
    uint32_t size;
};

/* The row of a type that some capability has. */
const struct cap_type *cap_type(uint8_t type);

/* Is it there for others to see? A reserved one is, from the instant its EXCHANGE commits. */
static inline bool cap_is_there(const struct rescind_kernel *k, const struct cap *cap)
{
    return !(cap->flags & CAP_RESERVED) || task_at(k, cap->reserver)->committed;
}

#endif

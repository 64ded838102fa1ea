/* The capability: one node of the pool, in one table and in the derivation tree.
 *
 * The fields stand in groups by who writes them: the table (treap.c), the derivation tree
 * (tree.c), revocation (revoke.c), the object's type. All references are pool indices; 0 is none.
 *
 * The tree goes on in other kernels. A child there is a stub in its parent's ring here: a node with
 * a ring's links and the child's global key. A capability whose parent is elsewhere bears
 * CAP_REMOTE and names that kernel and the stub there.
 */
#ifndef RESCIND_CAP_CAP_H
#define RESCIND_CAP_CAP_H

#include "base/arena.h"
#include "base/task.h"

/* Where a capability stands in a revocation (the protocol is argued in revoke.h). */
enum cap_flag {
    CAP_VISITED = 1, /* marking has reached it: nothing may be derived from it any more */
    CAP_SEEN = 2,    /* its parent's marking has counted it in: it goes when its parent's
                        descendants go, whoever sweeps first */
    CAP_MARKED = 4,  /* it and all its descendants have been visited */
    CAP_ENTERED = 8, /* a sweep has entered it: it goes as soon as it has no children */
    CAP_PASSED = 16, /* its parent's sweep has come by, and need not again */
    CAP_KEEP = 32,   /* entered as a root of own = 0: it becomes clean again instead */
    CAP_QUEUED =
        64, /* at the bottom of the stack or in the queue of a task that is to look at it */
    CAP_RESERVED = 128,  /* an EXCHANGE not yet settled has put it here: see cap_is_there() */
    CAP_REMOTE = 256,    /* its parent is stub `parent` of kernel `peer` */
    CAP_TELLING = 512,   /* there is something to tell its peer about it: see cap/peer.h */
    CAP_GONE = 1024,     /* a reserved stub whose child has gone already */
    CAP_UNTOLD = 2048,   /* a stub that the peer has still to be told of, in an ANSWER or NOTE */
    CAP_AWAY = 4096,     /* a stub: so that one look at the flags tells what is nothing special */
    CAP_STACKED = 8192,  /* on the stack of a task, and below it stands its parent */
    CAP_AWAITED = 16384, /* a task may have joined its waiters */
    CAP_BOUND = 32768,   /* it has something of its own beside its parent's: its type is told when
                            it is marked and when it goes. A stub: it keeps a session */
};

struct cap {
    _Alignas(POOL_NODE_SIZE) uint8_t type; /* enum rescind_cap_type, or enum cap_node */
    uint8_t rights;                        /* enum rescind_perm, of a memory capability */
    uint16_t account;                      /* whose memory the node is (base/pool.h) */
    uint16_t flags;                        /* enum cap_flag */

    uint16_t table;   /* which table holds it (cap/table.h) */
    uint16_t home;    /* the kernel of its object */
    uint16_t waiters; /* line of tasks that wait until it is marked, gone or free again: see
                         cap_line() */

    union {
        struct {
            uint32_t sel;                       /* at which selector of its table */
            uint32_t priority, left, right, up; /* treap links */
        };
        struct {                           /* of a stub */
            uint32_t key_low, key_high;    /* global key of the child */
            uint32_t tell_next, tell_prev; /* neighbours in the ring of what is to be told */
            uint32_t chain;                /* the next one of the same EXCHANGE */
        };
    };

    uint32_t parent;     /* derived from this one; 0: a root */
    uint32_t child;      /* one of the ring of those derived from it; 0: none */
    uint32_t next, prev; /* its neighbours in its parent's ring; itself when alone or a root. With
                            CAP_TELLING of a remote one: in the ring of what is to be told */

    uint32_t object; /* what it names, as its type understands it, in kernel `home` */

    uint16_t reserver; /* while RESERVED: the task of the EXCHANGE */
    uint16_t peer;     /* the kernel of its remote parent; of a stub: of its child */
    uint32_t pending;  /* why it can't be marked yet: children that were SEEN and are not MARKED,
                          children that are RESERVED, and EXCHANGEs that use it */
    uint32_t work;     /* while QUEUED or STACKED: the one below it, or behind it */
};
_Static_assert(sizeof(struct cap) <= POOL_NODE_SIZE, "a capability is one cache line");

_Static_assert((RESCIND_VPE_MAX + 1) * 4 <= UINT16_MAX, "a table fits");
_Static_assert(RESCIND_PE_MAX <= UINT16_MAX, "a kernel fits");
_Static_assert(RESCIND_VPE_MAX + RESCIND_PE_MAX * (1 + TASK_EXCHANGES) <= UINT16_MAX,
               "a task fits");

static inline struct cap *cap_at(const struct rescind_kernel *k, uint32_t index)
{
    return pool_node(k, index);
}

static inline uint32_t cap_index(const struct rescind_kernel *k, const struct cap *cap)
{
    return (uint32_t)((size_t)((const char *)cap - (const char *)k) / POOL_NODE_SIZE);
}

/* Types of pool nodes: capabilities', with a place reserved for one whose type is not known yet;
 * two that stand for capabilities of other kernels; and objects' (object/object.h). */
enum cap_node {
    CAP_PLACE = 59, /* in a table, always RESERVED */
    CAP_STUB = 60,  /* in a ring: a child on another kernel */
    CAP_TOMB = 61,  /* in neither: a remote one that is gone, as its peer has still to be told */
    CAP_TYPE_END = 64
};

static inline bool cap_is_cap(const struct cap *cap)
{
    return cap->type != 0 && cap->type <= CAP_PLACE;
}

/* The line of those that wait for it, for one that is about to join. */
static inline uint16_t *cap_line(struct cap *cap)
{
    cap->flags |= CAP_AWAITED;
    return &cap->waiters;
}

/* They become ready. */
static inline void cap_wake(struct rescind_kernel *k, struct cap *cap)
{
    if (cap->flags & CAP_AWAITED) {
        cap->flags &= (uint16_t)~CAP_AWAITED;
        task_wake(k, &cap->waiters);
    }
}

/* Its parent on this kernel; 0 where it has none. */
static inline uint32_t cap_parent(const struct cap *cap)
{
    return cap->flags & CAP_REMOTE ? 0 : cap->parent;
}

/* What every object in a pool node starts with. */
struct object {
    uint8_t type; /* enum object_node (object/object.h) */
    uint16_t account;
    uint32_t refs; /* capabilities of its own kernel that count for it: see struct cap_type */
};

/* An object type: a row, and nothing else in the kernel knows the type. A new type is one new file
 * and one line in object/types.c. Where a type's objects are pool nodes, each counts the
 * capabilities of its own kernel that name it and are BOUND or have no parent there, and goes with
 * the last one. (All others descend from one of those, which goes after them.) */
struct cap_type {
    const char *name;
    uint8_t node; /* type of the pool nodes that its objects are; 0: they lie elsewhere */
    /* Is there such an object of this kernel? A peer says so. NULL where they are pool nodes. */
    bool (*exists)(const struct rescind_kernel *k, uint32_t object);
    /* Where an object that is no pool node counts capabilities; NULL where it does not. */
    uint32_t *(*refs)(struct rescind_kernel *k, uint32_t object);
    /* The last capability that counted is going; what else the object has taken is to be given
     * back. NULL: there is nothing. Where it makes something of another type of the node, that is
     * kept. O(1), but for a table of what the object is made of. */
    void (*free)(struct rescind_kernel *k, uint32_t object);
    /* A BOUND capability is marked; is about to go, and is still where it was. NULL: nothing. */
    void (*marked)(struct rescind_kernel *k, uint32_t index);
    void (*gone)(struct rescind_kernel *k, uint32_t index);
    /* Bytes of kernel memory the object takes, apart from its capabilities. */
    uint32_t size;
};

/* Types that no range of a message can name: they live in tables of the kernel's own making. */
enum cap_inner_type {
    CAP_ENDPOINT = 12, /* an active endpoint (object/endpoint.h) */
    CAP_SENDER = 14,   /* that of a VPE of another kernel, where its messages go to */
    CAP_LISTENER = 20, /* who gets a line's interrupts (object/irq.h) */
};

enum { CAP_TYPES = CAP_LISTENER + 1 };
extern const struct cap_type *const cap_types[CAP_TYPES]; /* object/types.c */

/* The row of a type that some capability has; NULL where `type` is none. */
static inline const struct cap_type *cap_type(uint8_t type)
{
    return type < CAP_TYPES ? cap_types[type] : NULL;
}

/* Is it there for others to see? A reserved one is, from the instant its EXCHANGE commits. */
static inline bool cap_is_there(const struct rescind_kernel *k, const struct cap *cap)
{
    return !(cap->flags & CAP_RESERVED) || task_at(k, cap->reserver)->committed;
}

#endif

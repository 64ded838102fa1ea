/* Making and removing capabilities: node, table, derivation tree and object in one go. */
#ifndef RESCIND_CAP_CREATE_H
#define RESCIND_CAP_CREATE_H

#include "base/task.h"
#include "cap/table.h"
#include "cap/tree.h"

/* A capability that is to be put into a table. */
struct cap_spec {
    uint32_t table, sel; /* free, and not locked */
    uint8_t type, rights;
    uint16_t
        flags; /* 0, or of CAP_RESERVED with the reserver, CAP_REMOTE with the peer, CAP_BOUND */
    uint16_t account; /* that has a node left */
    uint32_t reserver;
    uint32_t home, object;
    uint32_t peer;
    uint32_t parent; /* 0 makes a root; with CAP_REMOTE: the stub at the peer */
};

/* Makes a capability: takes a node, enters it into its table at the place of its selector (as
 * table_find_place() has just told) and into the derivation tree. 0 when the pool is empty; nothing
 * has changed then. Expected O(1). */
static inline uint32_t cap_create(struct rescind_kernel *k, const struct cap_spec *spec,
                                  struct treap_place place);
/* The same where it is known that a node is left. */
ALWAYS_INLINE uint32_t cap_create_one(struct rescind_kernel *k, const struct cap_spec *spec,
                                      struct treap_place place);

/* The same for a selector that is known to be free, but not its place. Expected O(log n). */
uint32_t cap_create_at(struct rescind_kernel *k, const struct cap_spec *spec);

/* A place becomes what its EXCHANGE brings: type, rights, flags, home, object, peer and parent (the
 * stub at the peer) of `spec`. O(1). */
void cap_fill(struct rescind_kernel *k, uint32_t index, const struct cap_spec *spec);

/* Removes a capability that has no children; its waiters become ready. A remote one leaves a tomb
 * until its peer has been told. Expected O(1). */
void cap_destroy(struct rescind_kernel *k, uint32_t index);
/* The same for one whose parent is on this kernel and that is not BOUND. */
ALWAYS_INLINE void cap_destroy_child(struct rescind_kernel *k, uint32_t index);

/* The capability's global key; which kind of table it is in is in bits 32 and up of its object. */
uint64_t cap_key(const struct rescind_kernel *k, const struct cap *cap);

/* ------------------------------------------------------------------------------------------- */

/* A capability that is BOUND or without a parent on this kernel counts for its object, if that is
 * this kernel's; what else is derived from it here goes before it does, and need not. */
void cap_acquire(struct rescind_kernel *k, const struct cap *cap);
/* The object of this kernel that capabilities of type `cap_type` name has one less that counts. */
void object_release(struct rescind_kernel *k, uint8_t cap_type, uint32_t object);

ALWAYS_INLINE uint32_t cap_create_one(struct rescind_kernel *k, const struct cap_spec *spec,
                                      struct treap_place place)
{
    uint32_t index = account_take_one(k, spec->type, spec->account);
    uint32_t parent = spec->flags & CAP_REMOTE ? 0 : spec->parent;
    struct cap *cap = cap_at(k, index);

    cap->rights = spec->rights;
    cap->flags = spec->flags;
    cap->table = (uint16_t)spec->table;
    cap->home = (uint16_t)spec->home;
    cap->peer = (uint16_t)spec->peer;
    cap->sel = spec->sel;
    cap->object = spec->object;
    cap->waiters = 0;
    cap->reserver = (uint16_t)spec->reserver;
    cap->pending = 0;
    table_insert(k, index, place);
    tree_link(k, parent, index);
    if (parent == 0)
        cap->parent = spec->parent;
    if (parent == 0 || (spec->flags & CAP_BOUND))
        cap_acquire(k, cap);
    return index;
}

static inline uint32_t cap_create(struct rescind_kernel *k, const struct cap_spec *spec,
                                  struct treap_place place)
{
    return account_left(k, spec->account) == 0 ? 0 : cap_create_one(k, spec, place);
}

ALWAYS_INLINE void cap_destroy_child(struct rescind_kernel *k, uint32_t index)
{
    cap_wake(k, cap_at(k, index)); /* first, where the caller may know that nobody waits */
    tree_unlink(k, index);
    table_remove(k, index);
    pool_give(k, index);
}

#endif

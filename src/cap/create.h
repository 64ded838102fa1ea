/* Making and removing capabilities: node, table, derivation tree and object in one go. */
#ifndef RESCIND_CAP_CREATE_H
#define RESCIND_CAP_CREATE_H

#include "cap/treap.h"

/* A capability that is to be put into a table. */
struct cap_spec {
    uint32_t table, sel; /* free, and not locked */
    uint8_t type, rights;
    uint8_t flags; /* 0, or CAP_RESERVED with the reserver */
    uint32_t reserver;
    uint32_t object;
    uint32_t parent; /* 0 makes a root */
};

/* Makes a capability: takes a node, enters it into its table at the place of its selector (as
 * table_find_place() has just told) and into the derivation tree, acquires its object. 0 when the
 * pool is empty; nothing has changed then. Expected O(1). */
uint32_t cap_create(struct rescind_kernel *k, const struct cap_spec *spec,
                    struct treap_place place);

/* The same for a selector that is known to be free, but not its place. Expected O(log n). */
uint32_t cap_create_at(struct rescind_kernel *k, const struct cap_spec *spec);

/* Removes a capability that has no children; its waiters become ready. Expected O(1). */
void cap_destroy(struct rescind_kernel *k, uint32_t index);

/* The capability's global key. */
uint64_t cap_key(const struct rescind_kernel *k, const struct cap *cap);

#endif

/* Making and removing capabilities: node, table, derivation tree and object in one go. */
#ifndef RESCIND_CAP_CREATE_H
#define RESCIND_CAP_CREATE_H

#include "cap/treap.h"

/* A capability that is to be put into a table. */
struct cap_spec {
    uint32_t table, sel; /* free, and not locked */
    uint8_t type, rights;
    uint16_t flags; /* 0, or of CAP_RESERVED with the reserver, CAP_REMOTE with the peer */
    uint32_t reserver;
    uint32_t home, object;
    uint32_t peer;
    uint32_t parent; /* 0 makes a root; with CAP_REMOTE: the stub at the peer */
};

/* Makes a capability: takes a node, enters it into its table at the place of its selector (as
 * table_find_place() has just told) and into the derivation tree, acquires its object. 0 when the
 * pool is empty; nothing has changed then. Expected O(1). */
uint32_t cap_create(struct rescind_kernel *k, const struct cap_spec *spec,
                    struct treap_place place);

/* The same for a selector that is known to be free, but not its place. Expected O(log n). */
uint32_t cap_create_at(struct rescind_kernel *k, const struct cap_spec *spec);

/* A place becomes what its EXCHANGE brings: type, rights, home, object, peer and parent (the stub
 * at the peer) of `spec`. O(1). */
void cap_fill(struct rescind_kernel *k, uint32_t index, const struct cap_spec *spec);

/* Removes a capability that has no children; its waiters become ready. A remote one leaves a tomb
 * until its peer has been told. Expected O(1). */
void cap_destroy(struct rescind_kernel *k, uint32_t index);

/* The capability's global key; which of the two kinds of table it is in is bit 32 of its object. */
uint64_t cap_key(const struct rescind_kernel *k, const struct cap *cap);

#endif

/* Objects: what capabilities name. Small ones live in a pool node; a VPE in its array.
 *
 * Each object type is one pair of files and a row of struct cap_type; the rows are gathered in
 * types.c. A node's object goes with the last capability that names it (cap/cap.h).
 */
#ifndef RESCIND_OBJECT_OBJECT_H
#define RESCIND_OBJECT_OBJECT_H

#include "cap/cap.h"

/* Node types of objects. */
enum object_node {
    OBJECT_GATE = CAP_TYPE_END,
    OBJECT_MEM,
    OBJECT_ENDPOINT,
    OBJECT_MESSAGE,
    OBJECT_SERVICE,
    OBJECT_SESSION,
    OBJECT_VISIT,
    OBJECT_NOTE,
    OBJECT_CLAIM, /* syscall/open.h */
    OBJECT_LISTENER,
    OBJECT_NODE_END
};

static inline struct object *object_at(const struct rescind_kernel *k, uint32_t index)
{
    return pool_node(k, index);
}

#endif

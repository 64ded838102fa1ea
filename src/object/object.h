/* Objects: what capabilities name. Small ones live in a pool node; a VPE in its array.
 *
 * Each object type is one pair of files and a row of struct cap_type; the rows are gathered in
 * types.c. A node's object counts the capabilities that name it and goes with the last of them.
 */
#ifndef RESCIND_OBJECT_OBJECT_H
#define RESCIND_OBJECT_OBJECT_H

#include "cap/cap.h"

/* Node types of objects. */
enum object_node { OBJECT_GATE = CAP_TYPE_END, OBJECT_MEM };

/* What every object in a pool node starts with. */
struct object {
    uint8_t type;  /* enum object_node */
    uint32_t refs; /* capabilities that name it */
};

static inline struct object *object_at(const struct rescind_kernel *k, uint32_t index)
{
    return pool_node(k, index);
}

/* acquire and release of every type whose object is a pool node. */
void object_acquire(struct rescind_kernel *k, uint32_t object);
void object_release(struct rescind_kernel *k, uint32_t object);

/* exists of a type whose objects are pool nodes of type `node`. */
bool object_exists(const struct rescind_kernel *k, uint32_t object, uint8_t node);

/* derive of every type that may always be copied. */
enum rescind_error object_derive_always(const struct rescind_kernel *k, const struct cap *source);

#endif

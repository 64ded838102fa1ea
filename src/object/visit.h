/* Visits: what a kernel asks of a VPE by a message, and what becomes of it.
 *
 * The kernel asks a service (CREATESESS, DELEGATE, OBTAIN, the end of a session) or a pager
 * (PAGEFAULT) by a message to its receive endpoint. A visit is the question's state: made when it
 * is asked, for a VPE here or on another kernel, and gone when the asker has its answer, has ended,
 * or never wanted one. See visit.c for what it goes through.
 */
#ifndef RESCIND_OBJECT_VISIT_H
#define RESCIND_OBJECT_VISIT_H

#include "object/object.h"

/* The message of a visit has been answered with `size` bytes; or it never will be (size 0, data
 * NULL): the endpoint has gone, or it was closed without an answer. O(1). */
void visit_answered(struct rescind_kernel *k, uint32_t visit, const uint8_t *data, size_t size);

/* There is room for a message at an endpoint of `vpe` that was full. O(1). */
void visit_room(struct rescind_kernel *k, uint32_t vpe, uint32_t ep);

#endif

/* Looking at selectors as a call sees them: there, empty, or to be waited for.
 *
 * A capability under revocation, a selector that a revocation has locked, and one that another
 * EXCHANGE has reserved are neither there nor free; the call that needs to know waits until
 * they are one or the other. What a call waits for is the line it has to join.
 */
#ifndef RESCIND_SYSCALL_LOOKUP_H
#define RESCIND_SYSCALL_LOOKUP_H

#include "cap/table.h"

struct lookup {
    enum rescind_error error; /* INV_ARGS: not as wanted */
    uint32_t *line;           /* not NULL: can't be said yet, wait here */
    uint32_t cap;             /* else the capability that was looked for */
    struct treap_place place; /* or where the free selector's capability goes */
};

/* The capability at `sel`, which must be there. Expected O(log n). */
struct lookup lookup_source(struct rescind_kernel *k, uint32_t table, uint32_t sel);

/* A selector that must be free. Expected O(log n). */
struct lookup lookup_free(struct rescind_kernel *k, uint32_t table, uint32_t sel);

/* The VPE capability at `sel` of the table of objects of `vpe`; its object is a live VPE, as far
 * as this kernel knows (home is the kernel of the VPE). */
struct lookup lookup_vpe(struct rescind_kernel *k, uint32_t vpe, uint32_t sel);

#endif

/* Looking at selectors as a call sees them: there, empty, or to be waited for.
 *
 * A capability under revocation, a selector that a revocation has locked, and one that another
 * EXCHANGE has reserved are neither there nor free; the call that needs to know waits until
 * they are one or the other. What a call waits for is the line it has to join.
 */
#ifndef RESCIND_SYSCALL_LOOKUP_H
#define RESCIND_SYSCALL_LOOKUP_H

#include "cap/table.h"
#include "object/endpoint.h"
#include "object/vpe.h"

struct lookup {
    enum rescind_error error; /* INV_ARGS: not as wanted */
    uint16_t *line;           /* not NULL: can't be said yet, wait here */
    uint32_t cap;             /* else the capability that was looked for */
    struct treap_place place; /* or where the free selector's capability goes */
};

/* A capability that was found at a selector; 0: nothing was. O(1). */
static inline struct lookup lookup_found(struct rescind_kernel *k, uint32_t index)
{
    struct cap *cap = cap_at(k, index);

    /* Before the EXCHANGE that reserved it takes effect, the selector is empty. */
    if (index == 0 || !cap_is_there(k, cap))
        return (struct lookup){.error = RESCIND_INV_ARGS};
    if (cap->flags & CAP_VISITED)
        return (struct lookup){.line = cap_line(cap)};
    return (struct lookup){.cap = index};
}

/* The capability at `sel`, which must be there. Expected O(log n). */
static inline struct lookup lookup_source(struct rescind_kernel *k, uint32_t table, uint32_t sel)
{
    return lookup_found(k, table_use(k, table, sel));
}

/* What two looks come to: an error in either, or else something to wait for in either; or `b`. */
static inline struct lookup lookup_both(struct lookup a, struct lookup b)
{
    if (a.error != RESCIND_NO_ERROR)
        return a;
    return b.error != RESCIND_NO_ERROR || a.line == NULL ? b : a;
}

/* A selector that must be free. Expected O(log n). */
static inline struct lookup lookup_free(struct rescind_kernel *k, uint32_t table, uint32_t sel);

/* The VPE capability at `sel` of the table of objects of `vpe`; its object is a live VPE, as far
 * as this kernel knows (home is the kernel of the VPE). One that is ending is waited for: its end
 * has been seen by some, and not by all. */
static inline struct lookup lookup_vpe(struct rescind_kernel *k, uint32_t vpe, uint32_t sel);

/* An endpoint of a VPE's, as it may be used: EP_INVALID where there is none of this kind; one that
 * is MARKED is waited for. Expected O(log n) of 16. */
struct lookup lookup_endpoint(struct rescind_kernel *k, uint32_t vpe, uint32_t ep,
                              enum endpoint_kind kind);

/* ------------------------------------------------------------------------------------------- */

/* The VPE, of this kernel, has ended or is about to. */
struct lookup lookup_ending(struct rescind_kernel *k, uint32_t vpe);

/* The selector holds `index`, and was to be free. */
struct lookup lookup_taken(struct rescind_kernel *k, uint32_t index);

static inline struct lookup lookup_free(struct rescind_kernel *k, uint32_t table, uint32_t sel)
{
    struct lookup found = {0};
    uint32_t index = table_find_place(k, table, sel, &found.place);

    if (index != 0)
        return lookup_taken(k, index);
    if (table_is_locked(k, table, sel))
        found.line = &table_at(k, table)->lock_waiters;
    return found;
}

static inline struct lookup lookup_vpe(struct rescind_kernel *k, uint32_t vpe, uint32_t sel)
{
    struct lookup found = lookup_source(k, table_of(vpe, RESCIND_TABLE_OBJECT), sel);

    if (found.cap != 0) {
        const struct cap *cap = cap_at(k, found.cap);
        if (cap->type != RESCIND_CAP_VPE)
            return (struct lookup){.error = RESCIND_INV_ARGS};
        if (cap->home == k->pe && vpe_at(k, cap->object)->ends != 0)
            return lookup_ending(k, cap->object);
    }
    return found;
}

#endif

/* The derivation tree: who was derived from whom, across tables.
 *
 * A capability's children form a ring, of which it knows one; a child knows its parent and its two
 * neighbours. So linking and unlinking are O(1), and a walk that turns the ring as it goes, making
 * the next child the first, needs no cursor that a removal in between could leave dangling.
 */
#ifndef RESCIND_CAP_TREE_H
#define RESCIND_CAP_TREE_H

#include "cap/cap.h"

/* Makes `child`, which has no links yet, the last of `parent`'s ring; parent 0: a root. */
static inline void tree_link(struct rescind_kernel *k, uint32_t parent, uint32_t child)
{
    struct cap *cap = cap_at(k, child);

    cap->parent = parent;
    cap->child = 0;
    cap->next = cap->prev = child;
    if (parent == 0)
        return;
    struct cap *above = cap_at(k, parent);
    if (above->child == 0) {
        above->child = child;
        return;
    }
    struct cap *first = cap_at(k, above->child);
    cap->next = above->child;
    cap->prev = first->prev;
    cap_at(k, first->prev)->next = child;
    first->prev = child;
}

/* Takes `index`, whose parent is on this kernel, out of its parent's ring. */
static inline void tree_unlink(struct rescind_kernel *k, uint32_t index)
{
    struct cap *cap = cap_at(k, index), *above = cap_at(k, cap->parent);
    uint32_t next = cap->next, prev = cap->prev;

    if (next == index) {
        above->child = 0;
        return;
    }
    if (above->child == index)
        above->child = next;
    cap_at(k, prev)->next = next;
    cap_at(k, next)->prev = prev;
}

/* The capability behind *at in depth-first order below their root, or 0 behind the last; *depth is
 * kept. *at becomes the last capability looked at: the root, where 0 is returned. */
uint32_t tree_next(const struct rescind_kernel *k, uint32_t *at, uint32_t *depth);

#endif

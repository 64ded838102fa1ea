/* The derivation tree; see tree.h. */
#include "cap/tree.h"

void tree_link(struct rescind_kernel *k, uint32_t parent, uint32_t child)
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

void tree_unlink(struct rescind_kernel *k, uint32_t index)
{
    struct cap *cap = cap_at(k, index);

    KERNEL_ASSERT(cap->child == 0);
    if (cap->flags & CAP_REMOTE)
        return;
    if (cap->parent != 0) {
        struct cap *above = cap_at(k, cap->parent);
        if (above->child == index)
            above->child = cap->next == index ? 0 : cap->next;
    }
    cap_at(k, cap->prev)->next = cap->next;
    cap_at(k, cap->next)->prev = cap->prev;
}

uint32_t tree_next(const struct rescind_kernel *k, uint32_t *at, uint32_t *depth)
{
    const struct cap *cap = cap_at(k, *at);

    if (cap->child != 0) {
        ++*depth;
        return cap->child;
    }
    while (cap_parent(cap) != 0) {
        if (cap->next != cap_at(k, cap->parent)->child)
            return cap->next;
        *at = cap->parent;
        cap = cap_at(k, *at);
        --*depth;
    }
    return 0;
}

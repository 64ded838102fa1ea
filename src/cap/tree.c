/* The derivation tree; see tree.h. */
#include "cap/tree.h"

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

/* The treap; see treap.h. */
#include "cap/treap.h"

uint32_t treap_find(const struct rescind_kernel *k, uint32_t root, uint32_t sel)
{
    const struct cap *above, *before;

    treap_descend(k, root, sel, &above, &before);
    return before != NULL && before->sel == sel ? cap_index(k, before) : 0;
}

uint32_t treap_find_from(const struct rescind_kernel *k, uint32_t root, uint64_t from)
{
    const struct cap *above, *before;

    if (from > UINT32_MAX)
        return 0;
    treap_descend(k, root, (uint32_t)from, &above, &before);
    return before != NULL ? cap_index(k, before) : 0;
}

/* Where `child` hangs: the link of its parent, or the root. */
static uint32_t *link_to(struct rescind_kernel *k, uint32_t *root, uint32_t up, uint32_t child)
{
    if (up == 0)
        return root;
    struct cap *cap = cap_at(k, up);
    return cap->left == child ? &cap->left : &cap->right;
}

void treap_part(struct rescind_kernel *k, uint32_t *root, uint32_t node, bool before)
{
    struct cap *cap = cap_at(k, node);
    uint32_t up = cap->up, left = 0, right = 0;

    for (;;) {
        uint32_t from = up;
        struct cap *above = cap_at(k, from);
        if (before) {
            above->left = right;
            if (right != 0)
                cap_at(k, right)->up = from;
            right = from;
        } else {
            above->right = left;
            if (left != 0)
                cap_at(k, left)->up = from;
            left = from;
        }
        up = above->up;
        if (up == 0)
            break;
        above = cap_at(k, up);
        before = above->left == from;
        if (above->priority <= cap->priority) {
            *(before ? &above->left : &above->right) = node;
            break;
        }
    }
    if (up == 0)
        *root = node;
    cap->up = up;
    cap->left = left;
    cap->right = right;
    if (left != 0)
        cap_at(k, left)->up = node;
    if (right != 0)
        cap_at(k, right)->up = node;
}

void treap_join(struct rescind_kernel *k, uint32_t *root, uint32_t node)
{
    const struct cap *cap = cap_at(k, node);
    uint32_t left = cap->left, right = cap->right, up = cap->up, rest;
    uint32_t *link = link_to(k, root, up, node);

    /* Joins its two subtrees where it was: the smaller priority goes up each time. */
    while (left != 0 && right != 0) {
        struct cap *l = cap_at(k, left), *r = cap_at(k, right);
        if (l->priority < r->priority) {
            *link = left;
            l->up = up;
            up = left;
            link = &l->right;
            left = l->right;
        } else {
            *link = right;
            r->up = up;
            up = right;
            link = &r->left;
            right = r->left;
        }
    }
    rest = left != 0 ? left : right;
    *link = rest;
    if (rest != 0)
        cap_at(k, rest)->up = up;
}

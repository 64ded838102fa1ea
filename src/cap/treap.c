/* The treap; see treap.h. */
#include "cap/treap.h"

uint32_t treap_find(const struct kernel *k, uint32_t root, uint32_t sel)
{
    uint32_t at = root;

    while (at != 0) {
        const struct cap *cap = cap_at(k, at);
        if (cap->sel == sel)
            return at;
        at = sel < cap->sel ? cap->left : cap->right;
    }
    return 0;
}

uint32_t treap_find_from(const struct kernel *k, uint32_t root, uint64_t from)
{
    uint32_t at = root, best = 0;

    while (at != 0) {
        const struct cap *cap = cap_at(k, at);
        if (cap->sel < from) {
            at = cap->right;
        } else {
            best = at;
            if (cap->sel == from)
                break;
            at = cap->left;
        }
    }
    return best;
}

/* Where `child` hangs: the link of its parent, or the root. */
static uint32_t *link_to(struct kernel *k, uint32_t *root, uint32_t up, uint32_t child)
{
    if (up == 0)
        return root;
    struct cap *cap = cap_at(k, up);
    return cap->left == child ? &cap->left : &cap->right;
}

/* Turns the edge between `node` and its parent around; the order by selector stays. */
static void rotate_up(struct kernel *k, uint32_t *root, uint32_t node)
{
    struct cap *cap = cap_at(k, node);
    uint32_t above = cap->up;
    struct cap *parent = cap_at(k, above);
    uint32_t moved;

    *link_to(k, root, parent->up, above) = node;
    cap->up = parent->up;
    parent->up = node;
    if (parent->left == node) {
        moved = cap->right;
        parent->left = moved;
        cap->right = above;
    } else {
        moved = cap->left;
        parent->right = moved;
        cap->left = above;
    }
    if (moved != 0)
        cap_at(k, moved)->up = above;
}

void treap_insert(struct kernel *k, uint32_t *root, uint32_t node)
{
    struct cap *cap = cap_at(k, node);
    uint32_t above = 0, *link = root;

    while (*link != 0) {
        struct cap *at = cap_at(k, *link);
        above = *link;
        link = cap->sel < at->sel ? &at->left : &at->right;
    }
    *link = node;
    cap->left = cap->right = 0;
    cap->up = above;
    while (cap->up != 0 && cap->priority < cap_at(k, cap->up)->priority)
        rotate_up(k, root, node);
}

void treap_remove(struct kernel *k, uint32_t *root, uint32_t node)
{
    struct cap *cap = cap_at(k, node);
    uint32_t rest;

    while (cap->left != 0 && cap->right != 0) {
        bool left_first = cap_at(k, cap->left)->priority < cap_at(k, cap->right)->priority;
        rotate_up(k, root, left_first ? cap->left : cap->right);
    }
    rest = cap->left != 0 ? cap->left : cap->right;
    *link_to(k, root, cap->up, node) = rest;
    if (rest != 0)
        cap_at(k, rest)->up = cap->up;
}

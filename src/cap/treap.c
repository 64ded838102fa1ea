/* The treap; see treap.h. */
#include "cap/treap.h"

uint32_t treap_find(const struct rescind_kernel *k, uint32_t root, uint32_t sel)
{
    const char *nodes = pool_node(k, 0);
    uint32_t at = root;

    while (at != 0) {
        const struct cap *cap = (const void *)(nodes + (size_t)at * POOL_NODE_SIZE);
        if (cap->sel == sel)
            return at;
        at = sel < cap->sel ? cap->left : cap->right;
    }
    return 0;
}

uint32_t treap_find_place(const struct rescind_kernel *k, uint32_t root, uint32_t sel,
                          struct treap_place *place)
{
    const char *nodes = pool_node(k, 0);
    uint32_t at = root, up = 0;
    bool left = false;

    while (at != 0) {
        const struct cap *cap = (const void *)(nodes + (size_t)at * POOL_NODE_SIZE);
        if (cap->sel == sel)
            return at;
        up = at;
        left = sel < cap->sel;
        at = left ? cap->left : cap->right;
    }
    *place = (struct treap_place){up, left};
    return 0;
}

uint32_t treap_find_from(const struct rescind_kernel *k, uint32_t root, uint64_t from)
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
static uint32_t *link_to(struct rescind_kernel *k, uint32_t *root, uint32_t up, uint32_t child)
{
    if (up == 0)
        return root;
    struct cap *cap = cap_at(k, up);
    return cap->left == child ? &cap->left : &cap->right;
}

/* Turns the edge between `node` and its parent around; the order by selector stays. */
static void rotate_up(struct rescind_kernel *k, uint32_t *root, uint32_t node)
{
    struct cap *cap = cap_at(k, node);
    uint32_t above = cap->up, moved;
    struct cap *parent = cap_at(k, above);

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

void treap_raise(struct rescind_kernel *k, uint32_t *root, uint32_t node)
{
    const struct cap *cap = cap_at(k, node);

    while (cap->up != 0 && cap->priority < cap_at(k, cap->up)->priority)
        rotate_up(k, root, node);
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

/* The treap; see treap.h. */
#include "cap/treap.h"

uint32_t treap_find(const struct rescind_kernel *k, uint32_t root, uint32_t sel)
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

/* Hands the subtree at `at` out to both sides of `node`, by selector. */
static void split(struct rescind_kernel *k, uint32_t at, uint32_t node)
{
    struct cap *cap = cap_at(k, node);
    uint32_t *left = &cap->left, *right = &cap->right; /* where the next smaller, larger one goes */
    uint32_t left_up = node, right_up = node;

    while (at != 0) {
        struct cap *next = cap_at(k, at);
        if (next->sel < cap->sel) {
            *left = at;
            next->up = left_up;
            left_up = at;
            left = &next->right;
            at = next->right;
        } else {
            *right = at;
            next->up = right_up;
            right_up = at;
            right = &next->left;
            at = next->left;
        }
    }
    *left = *right = 0;
}

void treap_insert(struct rescind_kernel *k, uint32_t *root, uint32_t node)
{
    struct cap *cap = cap_at(k, node);
    uint32_t up = 0, *link = root, at;

    while ((at = *link) != 0) {
        struct cap *above = cap_at(k, at);
        if (above->priority > cap->priority)
            break;
        up = at;
        link = cap->sel < above->sel ? &above->left : &above->right;
    }
    *link = node;
    cap->up = up;
    split(k, at, node);
}

void treap_remove(struct rescind_kernel *k, uint32_t *root, uint32_t node)
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

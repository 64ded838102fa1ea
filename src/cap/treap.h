/* Treap: the selector-ordered index of one capability table.
 *
 * A binary search tree by selector that is also a heap by priority, the smallest at the root.
 * Priorities come from the kernel's secret generator, never from a selector or a counter, so no
 * choice of selectors and no order of insertion makes it deep: the expected depth is O(log n).
 *
 * Callers own the nodes (struct cap, of which this module writes sel, priority, left, right and
 * up alone); a node is in one treap at most. The root is a 32-bit index that the caller keeps.
 * Source: Seidel and Aragon, "Randomized Search Trees", Algorithmica 16, 1996.
 */
#ifndef RESCIND_CAP_TREAP_H
#define RESCIND_CAP_TREAP_H

#include "cap/cap.h"

/* The node at `sel`, or 0. Expected O(log n). */
uint32_t treap_find(const struct rescind_kernel *k, uint32_t root, uint32_t sel);

/* Where a selector that no node has would go. Good until the treap changes. */
struct treap_place {
    uint32_t up;   /* below this node; 0: it is the root */
    bool left;     /* on its left */
    uint32_t free; /* the last selector from there on that no node has */
};

/* The node at `sel`; or 0, and then its place. Expected O(log n). */
static inline uint32_t treap_find_place(const struct rescind_kernel *k, uint32_t root, uint32_t sel,
                                        struct treap_place *place);

/* The first node at or after `from` (which may be 2^32: none), or 0. Expected O(log n). */
uint32_t treap_find_from(const struct rescind_kernel *k, uint32_t root, uint64_t from);

/* The node behind `node`, or 0. Expected O(1) for each of a run of neighbours. */
static inline uint32_t treap_next(const struct rescind_kernel *k, uint32_t node);

/* The place of a selector behind that of `node` and before the next one's. Expected O(1). `free` is
 * not told. */
static inline struct treap_place treap_place_behind(const struct rescind_kernel *k, uint32_t node);

/* Inserts `node`, whose sel and priority are set, at the place of its sel. Expected
 * O(1). */
ALWAYS_INLINE void treap_insert(struct rescind_kernel *k, uint32_t *root, uint32_t node,
                                struct treap_place place);

/* Removes `node`, without a search: expected O(1). */
static inline void treap_remove(struct rescind_kernel *k, uint32_t *root, uint32_t node);

/* ---- What they are made of ---------------------------------------------------------------- */

/* `node` is new below its `up`, before or behind it, and has a smaller priority: puts it where its
 * priority belongs. What comes below it is parted into what is before and what is behind it. */
void treap_part(struct rescind_kernel *k, uint32_t *root, uint32_t node, bool before);
/* Puts in the place of `node` its two subtrees, joined. */
void treap_join(struct rescind_kernel *k, uint32_t *root, uint32_t node);

/* Goes down to where `sel` is or would be: *above is the last node on the way, *before the first
 * one at or behind `sel`; NULL where there is none. */
static inline void treap_descend(const struct rescind_kernel *k, uint32_t root, uint32_t sel,
                                 const struct cap **above, const struct cap **before)
{
    *above = *before = NULL;
    for (uint32_t at = root; at != 0;) {
        *above = cap_at(k, at);
        if (sel > (*above)->sel) {
            at = (*above)->right;
        } else {
            *before = *above;
            at = (*above)->left;
        }
    }
}

static inline uint32_t treap_find_place(const struct rescind_kernel *k, uint32_t root, uint32_t sel,
                                        struct treap_place *place)
{
    const struct cap *above, *before;

    treap_descend(k, root, sel, &above, &before);
    if (before != NULL && before->sel == sel)
        return cap_index(k, before);
    place->up = above != NULL ? cap_index(k, above) : 0;
    place->left = above == before;
    place->free = before != NULL ? before->sel - 1 : UINT32_MAX;
    return 0;
}

static inline uint32_t treap_leftmost(const struct rescind_kernel *k, uint32_t node)
{
    while (cap_at(k, node)->left != 0)
        node = cap_at(k, node)->left;
    return node;
}

static inline uint32_t treap_next(const struct rescind_kernel *k, uint32_t node)
{
    const struct cap *cap = cap_at(k, node);
    uint32_t up = cap->up;

    if (cap->right != 0)
        return treap_leftmost(k, cap->right);
    while (up != 0 && cap_at(k, up)->right == node) {
        node = up;
        up = cap_at(k, up)->up;
    }
    return up;
}

static inline struct treap_place treap_place_behind(const struct rescind_kernel *k, uint32_t node)
{
    uint32_t right = cap_at(k, node)->right;

    if (right == 0)
        return (struct treap_place){.up = node};
    return (struct treap_place){.up = treap_leftmost(k, right), .left = true};
}

ALWAYS_INLINE void treap_insert(struct rescind_kernel *k, uint32_t *root, uint32_t node,
                                struct treap_place place)
{
    struct cap *cap = cap_at(k, node), *above = cap_at(k, place.up);

    cap->up = place.up;
    if (place.up != 0 && cap->priority < above->priority) {
        treap_part(k, root, node, place.left);
        return;
    }
    cap->left = cap->right = 0;
    *(place.up == 0 ? root : place.left ? &above->left : &above->right) = node;
}

static inline void treap_remove(struct rescind_kernel *k, uint32_t *root, uint32_t node)
{
    const struct cap *cap = cap_at(k, node);
    uint32_t rest = cap->left | cap->right, up = cap->up;
    struct cap *above = cap_at(k, up);

    if (cap->left != 0 && cap->right != 0) {
        treap_join(k, root, node);
        return;
    }
    *(up == 0 ? root : above->left == node ? &above->left : &above->right) = rest;
    if (rest != 0)
        cap_at(k, rest)->up = up;
}

#endif

/* Revocation; the protocol and its argument are in revoke.h. */
#include "cap/revoke.h"

#include "base/task.h"
#include "cap/create.h"
#include "cap/tree.h"

static enum progress wait_at(struct rescind_kernel *k, struct cap *cap, uint32_t task)
{
    task_join(k, &cap->waiters, task);
    return CALL_WAITS;
}

static void start_walk(struct revoke *r, bool sweeping)
{
    r->sweeping = sweeping;
    r->table = r->first_table;
    r->sel = r->from;
    r->root = r->at = 0;
}

void revoke_begin(struct rescind_kernel *k, struct revoke *r)
{
    for (uint32_t table = r->first_table; table <= r->last_table; table++)
        table_lock(k, table, r->from, r->to);
    start_walk(r, false);
}

/* The next capability of the range, at or after r->sel; 0 when there is none in any table. */
static uint32_t next_root(const struct rescind_kernel *k, struct revoke *r)
{
    for (; r->table <= r->last_table; r->table++, r->sel = r->from) {
        uint32_t index = table_find_from(k, r->table, r->sel);
        if (index != 0 && cap_at(k, index)->sel < r->to)
            return index;
    }
    return 0;
}

/* ---- Marking ------------------------------------------------------------------------------ */

/* All descendants of `index` are marked, so it is, too; the walk goes back to its parent. */
static void mark(struct rescind_kernel *k, struct revoke *r, uint32_t index)
{
    struct cap *cap = cap_at(k, index);

    cap->flags |= CAP_VISITED | CAP_MARKED;
    task_wake(k, &cap->waiters);
    if (index == r->root) {
        r->sel = (uint64_t)cap->sel + 1;
        r->root = r->at = 0;
    } else {
        r->at = cap->parent;
    }
}

static void visit(struct rescind_kernel *k, struct revoke *r, uint32_t index)
{
    struct cap *cap = cap_at(k, index);

    if (cap->child == 0) {
        mark(k, r, index);
    } else {
        cap->flags |= CAP_VISITED;
        r->at = index;
    }
}

static enum progress mark_root(struct rescind_kernel *k, struct revoke *r, uint32_t task)
{
    uint32_t index = next_root(k, r);

    if (index == 0)
        return CALL_DONE;
    struct cap *cap = cap_at(k, index);
    if (!cap_is_there(k, cap) || (cap->flags & (CAP_VISITED | CAP_MARKED)) == CAP_VISITED)
        return wait_at(k, cap, task);
    if (cap->flags & CAP_MARKED) {
        r->sel = (uint64_t)cap->sel + 1;
    } else {
        r->root = index;
        visit(k, r, index);
    }
    return CALL_MORE;
}

static enum progress mark_child(struct rescind_kernel *k, struct revoke *r, uint32_t task)
{
    struct cap *cap = cap_at(k, r->at);
    uint32_t index = cap->child;

    if (index == 0 || (cap_at(k, index)->flags & CAP_SEEN)) {
        mark(k, r, r->at);
        return CALL_MORE;
    }
    struct cap *child = cap_at(k, index);
    if (!cap_is_there(k, child))
        return wait_at(k, child, task);
    child->flags |= CAP_SEEN;
    tree_turn(k, cap);
    if (!(child->flags & CAP_VISITED))
        visit(k, r, index);
    else if (!(child->flags & CAP_MARKED))
        return wait_at(k, child, task);
    return CALL_MORE;
}

/* ---- Sweeping ----------------------------------------------------------------------------- */

/* The walk is at a leaf that this sweep entered: it goes, or stays as a root of own = 0. */
static void sweep_leaf(struct rescind_kernel *k, struct revoke *r, uint32_t index)
{
    struct cap *cap = cap_at(k, index);

    if (index != r->root) {
        r->at = cap->parent;
        cap_destroy(k, index);
        return;
    }
    r->sel = (uint64_t)cap->sel + 1;
    r->root = r->at = 0;
    if (r->own) {
        cap_destroy(k, index);
        return;
    }
    cap->flags &= (uint8_t)~CAP_ENTERED;
    if (!(cap->flags & CAP_SEEN))
        cap->flags &= (uint8_t) ~(CAP_VISITED | CAP_MARKED);
    task_wake(k, &cap->waiters);
}

static enum progress sweep_enter(struct rescind_kernel *k, struct revoke *r, uint32_t index,
                                 uint32_t task)
{
    struct cap *cap = cap_at(k, index);

    KERNEL_ASSERT(cap->flags & CAP_MARKED);
    if (cap->flags & CAP_ENTERED)
        return wait_at(k, cap, task);
    cap->flags |= CAP_ENTERED;
    r->at = index;
    if (r->root == 0)
        r->root = index;
    if (cap->child == 0)
        sweep_leaf(k, r, index);
    return CALL_MORE;
}

static enum progress sweep_root(struct rescind_kernel *k, struct revoke *r, uint32_t task)
{
    uint32_t index = next_root(k, r);

    if (index == 0)
        return CALL_DONE;
    return sweep_enter(k, r, index, task);
}

static enum progress sweep_child(struct rescind_kernel *k, struct revoke *r, uint32_t task)
{
    uint32_t child = cap_at(k, r->at)->child;

    if (child == 0) {
        sweep_leaf(k, r, r->at);
        return CALL_MORE;
    }
    return sweep_enter(k, r, child, task);
}

/* ------------------------------------------------------------------------------------------- */

static enum progress mark_step(struct rescind_kernel *k, struct revoke *r, uint32_t task)
{
    return r->at == 0 ? mark_root(k, r, task) : mark_child(k, r, task);
}

static enum progress sweep_step(struct rescind_kernel *k, struct revoke *r, uint32_t task)
{
    return r->at == 0 ? sweep_root(k, r, task) : sweep_child(k, r, task);
}

enum progress revoke_step(struct rescind_kernel *k, struct revoke *r, uint32_t task, uint32_t *work)
{
    while (*work > 0) {
        enum progress progress = r->sweeping ? sweep_step(k, r, task) : mark_step(k, r, task);

        --*work;
        if (progress == CALL_WAITS)
            return CALL_WAITS;
        if (progress == CALL_MORE)
            continue;
        if (r->sweeping) {
            for (uint32_t table = r->first_table; table <= r->last_table; table++)
                table_unlock(k, table);
            return CALL_DONE;
        }
        start_walk(r, true); /* the instant at which the call takes effect */
    }
    return CALL_MORE;
}

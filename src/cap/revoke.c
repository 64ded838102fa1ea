/* Revocation; the protocol and its argument are in revoke.h. */
#include "cap/revoke.h"

#include "base/task.h"
#include "base/work.h"
#include "cap/create.h"
#include "cap/peer.h"
#include "cap/tree.h"

/* ---- What is to be looked at: stacks and queues ------------------------------------------- */

/* Puts a capability on the stack: as the only one there, or above its parent. So a stack is a path
 * in the derivation tree. */
static void push(struct rescind_kernel *k, uint32_t *stack, uint32_t index)
{
    struct cap *cap = cap_at(k, index);

    KERNEL_ASSERT(*stack == 0 || *stack == cap_parent(cap));
    cap->flags |= *stack == 0 ? CAP_QUEUED : CAP_STACKED;
    cap->work = *stack;
    *stack = index;
}

static void pop(struct rescind_kernel *k, uint32_t *stack)
{
    struct cap *cap = cap_at(k, *stack);

    cap->flags &= (uint16_t) ~(CAP_QUEUED | CAP_STACKED);
    *stack = cap->work;
}

void revoke_hold(struct rescind_kernel *k, uint32_t index)
{
    cap_at(k, index)->pending++;
}

void revoke_release(struct rescind_kernel *k, uint32_t index)
{
    struct cap *cap = cap_at(k, index);

    KERNEL_ASSERT(cap->pending > 0 && !(cap->flags & CAP_MARKED));
    if (--cap->pending == 0 &&
        (cap->flags & (CAP_VISITED | CAP_QUEUED | CAP_STACKED)) == CAP_VISITED)
        peer_queue(k, k->pe, index);
}

void revoke_child_gone(struct rescind_kernel *k, uint32_t index)
{
    const struct cap *cap = cap_at(k, index);

    if (cap->child == 0 && (cap->flags & (CAP_ENTERED | CAP_QUEUED | CAP_STACKED)) == CAP_ENTERED)
        peer_queue(k, k->pe, index);
}

/* ---- Marking ------------------------------------------------------------------------------ */

/* All descendants of `index` are marked and nothing holds it, so it is marked, too. */
static void mark(struct rescind_kernel *k, uint32_t index)
{
    struct cap *cap = cap_at(k, index);

    cap->flags |= CAP_VISITED | CAP_MARKED;
    if ((cap->flags & CAP_BOUND) && cap_types[cap->type]->marked != NULL)
        cap_types[cap->type]->marked(k, index);
    cap_wake(k, cap);
    if (!(cap->flags & CAP_SEEN))
        return;
    if (cap->flags & CAP_REMOTE)
        peer_tell(k, index);
    else if (!(cap->flags & CAP_RESERVED)) /* then revoke_settle() will see to it */
        revoke_release(k, cap->parent);
}

static void visit(struct rescind_kernel *k, uint32_t *stack, uint32_t index)
{
    struct cap *cap = cap_at(k, index);

    cap->flags |= CAP_VISITED;
    if (cap->child == 0 && cap->pending == 0)
        mark(k, index);
    else
        push(k, stack, index);
}

/* `parent` counts in its child `at`, which is reserved, a stub, or was visited for another. */
static void see(struct rescind_kernel *k, struct cap *parent, uint32_t at)
{
    struct cap *child = cap_at(k, at);

    child->flags |= CAP_SEEN;
    if (child->flags & (CAP_RESERVED | CAP_MARKED))
        return; /* a reserved one was counted when it was reserved */
    KERNEL_ASSERT(child->flags & (CAP_AWAY | CAP_VISITED));
    parent->pending++;
    if (child->flags & CAP_AWAY)
        peer_tell(k, at);
}

/* The capability on top has counted in all its children. False: there is nothing to go on with in
 * this pass. */
static bool end_marking(struct rescind_kernel *k, uint32_t *stack)
{
    uint32_t index = *stack;
    struct cap *cap = cap_at(k, index);

    pop(k, stack);
    if (*stack != 0)
        cap_at(k, *stack)->pending++;
    if (cap->pending == 0)
        mark(k, index);
    return *stack != 0;
}

/* The flags of what nothing but one revocation has happened to, in the order of time: 0, then on
 * its stack, marked, and on its stack again. It has no waiters while they are 0. */
enum {
    CAP_MARKING = CAP_SEEN | CAP_VISITED | CAP_STACKED,
    CAP_DOOMED = CAP_SEEN | CAP_VISITED | CAP_MARKED,
    CAP_SWEEPING = CAP_DOOMED | CAP_PASSED | CAP_ENTERED | CAP_STACKED
};

/* The capability on top counts in its children, and so on with those that it puts on the stack,
 * which it does not count. What is plain is dealt with here, as end_marking() and mark() would. */
static void mark_on(struct rescind_kernel *k, uint32_t *stack, uint32_t *work)
{
    struct cap *cap = cap_at(k, *stack);
    uint32_t left = *work;

    for (; left > 0; left--) {
        uint32_t at = cap->child;
        struct cap *child = cap_at(k, at);
        if (at != 0 && child->flags == 0) {
            cap->child = child->next; /* the ring turns */
            if ((child->child | child->pending) == 0) {
                child->flags = CAP_DOOMED;
            } else {
                child->flags = CAP_MARKING;
                child->work = *stack;
                *stack = at;
                cap = child;
            }
        } else if (at != 0 && child->flags == CAP_BOUND) {
            cap->child = child->next;
            visit(k, stack, at); /* a leaf is marked then, and its parent has not counted it */
            child->flags |= CAP_SEEN;
            cap = cap_at(k, *stack);
        } else if (at != 0 && !(child->flags & CAP_SEEN)) {
            cap->child = child->next;
            see(k, cap, at);
        } else if (cap->flags == CAP_MARKING && cap->pending == 0) {
            cap->flags = CAP_DOOMED;
            *stack = cap->work;
            cap = cap_at(k, *stack);
        } else if (end_marking(k, stack)) {
            cap = cap_at(k, *stack);
        } else {
            left--;
            break;
        }
    }
    *work = left;
}

void revoke_settle(struct rescind_kernel *k, uint32_t index)
{
    struct cap *cap = cap_at(k, index);

    cap->flags &= (uint16_t)~CAP_RESERVED;
    if (!(cap->flags & CAP_VISITED))
        cap_wake(k, cap);
    if (cap_parent(cap) == 0)
        return;
    if (!(cap->flags & CAP_SEEN) || (cap->flags & CAP_MARKED)) {
        revoke_release(k, cap->parent);
    } else if (!(cap->flags & CAP_VISITED)) {
        cap->flags |= CAP_VISITED;
        peer_queue(k, k->pe, index);
    }
}

void revoke_unreserve(struct rescind_kernel *k, uint32_t index)
{
    struct cap *cap = cap_at(k, index);
    uint32_t held = cap->flags & CAP_RESERVED ? cap_parent(cap) : 0;

    if (cap->flags & CAP_REMOTE) { /* the peer drops its end by itself */
        cap->flags &= (uint16_t)~CAP_REMOTE;
        cap->parent = 0;
    }
    cap_destroy(k, index);
    if (held != 0)
        revoke_release(k, held);
}

/* ---- Sweeping ----------------------------------------------------------------------------- */

/* It has been entered and has no children: it goes, or stays as a root of own = 0. */
static void finish(struct rescind_kernel *k, uint32_t index)
{
    struct cap *cap = cap_at(k, index);
    uint32_t parent = cap_parent(cap);
    bool reserved = (cap->flags & CAP_RESERVED) != 0;

    if (cap->flags & CAP_KEEP) {
        cap->flags &= (uint16_t) ~(CAP_KEEP | CAP_ENTERED);
        if (!(cap->flags & CAP_SEEN))
            cap->flags &= (uint16_t) ~(CAP_VISITED | CAP_MARKED);
        cap_wake(k, cap);
        return;
    }
    cap_destroy(k, index);
    if (parent == 0)
        return;
    if (reserved)
        revoke_release(k, parent);
    revoke_child_gone(k, parent);
}

static void enter(struct rescind_kernel *k, uint32_t *stack, uint32_t index, bool keep)
{
    struct cap *cap = cap_at(k, index);

    KERNEL_ASSERT(cap->flags & CAP_MARKED);
    cap->flags |= keep ? CAP_ENTERED | CAP_KEEP : CAP_ENTERED;
    if (cap->child == 0)
        finish(k, index);
    else
        push(k, stack, index);
}

/* The capability on top, whose child `at` has not been PASSED yet, comes by it. */
static void come_by(struct rescind_kernel *k, uint32_t *stack, uint32_t at)
{
    struct cap *child = cap_at(k, at);

    child->flags |= CAP_PASSED;
    if (child->flags & CAP_ENTERED) {
        child->flags &= (uint16_t)~CAP_KEEP;
    } else if (child->type == CAP_STUB) {
        child->flags |= CAP_ENTERED;
        peer_tell(k, at);
    } else {
        enter(k, stack, at, false);
    }
}

/* The capability on top comes by its next child; or has come by all, and goes when it has none
 * left, or waits for the last of them to go. False: there is nothing to go on with in this pass. */
static bool sweep_one(struct rescind_kernel *k, uint32_t *stack)
{
    uint32_t index = *stack, at = cap_at(k, index)->child;

    if (at != 0 && !(cap_at(k, at)->flags & CAP_PASSED)) {
        cap_at(k, index)->child = cap_at(k, at)->next;
        come_by(k, stack, at);
        return true;
    }
    pop(k, stack);
    if (at == 0)
        finish(k, index);
    return *stack != 0;
}

/* The capability on top comes by its children, and so on with those that it puts on the stack. What
 * is plain is dealt with here, as sweep_one() would. */
static void sweep_on(struct rescind_kernel *k, uint32_t *stack, uint32_t *work)
{
    struct cap *cap = cap_at(k, *stack);
    uint32_t left = *work;

    while (left > 0) {
        uint32_t at = cap->child;
        struct cap *child = cap_at(k, at);
        left -= WORK_LOOK;
        if (at != 0 && child->flags == CAP_DOOMED) {
            if (child->child != 0) {
                cap->child = child->next;
                child->flags = CAP_SWEEPING;
                child->work = *stack;
                *stack = at;
                cap = child;
                continue;
            }
        } else if (at == 0 && cap->flags == CAP_SWEEPING) {
            at = *stack;
            *stack = cap->work;
            cap = cap_at(k, *stack);
        } else {
            bool more = sweep_one(k, stack);
            work_spend(&left, WORK_OTHERS);
            if (!more)
                break;
            cap = cap_at(k, *stack);
            continue;
        }
        cap_destroy_child(k, at);
        work_spend(&left, WORK_REMOVE - WORK_LOOK);
    }
    *work = left;
}

/* ------------------------------------------------------------------------------------------- */

/* Goes on with the capability on top, for one unit of work at least. */
static void look(struct rescind_kernel *k, uint32_t *stack, uint32_t *work)
{
    if (cap_at(k, *stack)->flags & CAP_MARKED)
        sweep_on(k, stack, work);
    else
        mark_on(k, stack, work);
}

bool revoke_for_peer(struct rescind_kernel *k, uint32_t pe, uint32_t *work)
{
    struct peer *peer = peer_at(k, pe);
    uint32_t *stack = &task_at(k, task_of_peer(k, pe))->stack;

    while (*work > 0) {
        if (*stack == 0 && peer->first != 0) {
            uint32_t index = peer->first;
            peer->first = cap_at(k, index)->work;
            if (peer->first == 0)
                peer->last = 0;
            push(k, stack, index);
        }
        if (*stack == 0)
            return false;
        look(k, stack, work);
    }
    return *stack != 0 || peer->first != 0;
}

/* ---- A call's revocation ------------------------------------------------------------------ */

static void start_pass(struct revoke *r, enum revoke_phase phase)
{
    r->phase = phase;
    r->open = false;
    r->table = r->first_table;
    r->sel = r->from;
    r->root = r->first;
    r->behind = 0;
    r->last = false;
}

void revoke_begin(struct rescind_kernel *k, struct revoke *r)
{
    for (uint32_t table = r->first_table; table <= r->last_table; table++)
        table_lock(k, table, r->from, r->to);
    r->first = 0;
    start_pass(r, REVOKE_MARK);
}

/* Nothing is derived from it, and no other call has anything to do with it. */
static inline bool is_plain_leaf(const struct cap *cap)
{
    return (cap->flags | cap->child | cap->pending) == 0;
}

static uint32_t first_from(const struct rescind_kernel *k, uint32_t table, uint64_t from,
                           uint64_t to)
{
    if (from + 1 == to)
        return table_find(k, table, (uint32_t)from); /* it may have been used lately */
    uint32_t index = table_find_from(k, table, from);
    return index != 0 && cap_at(k, index)->sel < to ? index : 0;
}

/* The capability behind `index`, if it is before selector `to`, or 0. */
static inline uint32_t next_before(const struct rescind_kernel *k, uint32_t index, uint64_t to)
{
    uint32_t next = (uint64_t)cap_at(k, index)->sel + 1 == to ? 0 : treap_next(k, index);

    return next != 0 && cap_at(k, next)->sel < to ? next : 0;
}

bool revoke_leaves(struct rescind_kernel *k, const struct revoke *r)
{
    enum { WORK_LEAF = WORK_ROOT + WORK_REMOVE };
    uint32_t first = first_from(k, r->first_table, r->from, r->to), left = k->work;

    for (uint32_t at = first; at != 0; at = next_before(k, at, r->to)) {
        if (left < WORK_LEAF || !is_plain_leaf(cap_at(k, at)))
            return false;
        left -= WORK_LEAF;
    }
    k->worked = k->work - left;
    for (uint32_t at = r->own ? first : 0, next; at != 0; at = next) {
        next = next_before(k, at, r->to);
        cap_destroy(k, at);
    }
    return true;
}

/* Is the node, which was once, in the part of the range that the pass has still before it? */
static inline bool is_ahead(const struct rescind_kernel *k, const struct revoke *r, uint32_t index)
{
    uint32_t sel = cap_at(k, index)->sel;

    return sel >= r->sel && sel < r->to && table_holds(k, r->table, index);
}

/* The first capability of the range in r->table at or after r->sel; 0: there is none. */
static inline uint32_t root_ahead(const struct rescind_kernel *k, const struct revoke *r)
{
    if (is_ahead(k, r, r->root))
        return r->root;
    if (r->last || r->sel >= r->to)
        return 0;
    if (is_ahead(k, r, r->behind))
        return r->behind;
    return first_from(k, r->table, r->sel, r->to);
}

/* The next root, at or after r->sel; 0 when there is none in any table. */
static inline uint32_t next_root(const struct rescind_kernel *k, struct revoke *r)
{
    for (;;) {
        uint32_t index = root_ahead(k, r);
        if (index != 0 || r->table == r->last_table)
            return index;
        r->table++;
        r->sel = r->from;
        r->root = r->behind = 0;
        r->last = false;
    }
}

/* Remembers where to go on behind the root `index`. */
static inline void look_behind(const struct rescind_kernel *k, struct revoke *r, uint32_t index)
{
    r->root = index;
    r->behind = next_before(k, index, r->to);
    r->last = r->behind == 0;
    if (r->first == 0 && r->table == r->first_table)
        r->first = index;
}

enum pass { ROOT_DONE, ROOT_AGAIN /* once the stack is empty */, ROOT_WAIT };

static enum pass mark_root(struct rescind_kernel *k, struct revoke *r, uint32_t *stack,
                           uint32_t index)
{
    const struct cap *cap = cap_at(k, index);

    if (!cap_is_there(k, cap))
        return ROOT_WAIT; /* it may be there before this call takes effect */
    if (!(cap->flags & CAP_VISITED)) {
        visit(k, stack, index);
        return cap->flags & CAP_MARKED ? ROOT_DONE : ROOT_AGAIN;
    }
    r->open |= !(cap->flags & CAP_MARKED);
    return ROOT_DONE;
}

static enum pass sweep_root(struct rescind_kernel *k, struct revoke *r, uint32_t *stack,
                            uint32_t index)
{
    if (cap_at(k, index)->flags & CAP_ENTERED) {
        r->open = true;
        return ROOT_DONE;
    }
    /* One that is kept may be clean before it is looked at again. */
    r->open |= !r->own;
    enter(k, stack, index, !r->own);
    return r->own && *stack != 0 ? ROOT_AGAIN : ROOT_DONE;
}

static enum pass pass_root(struct rescind_kernel *k, struct revoke *r, uint32_t *stack,
                           uint32_t index)
{
    const struct cap *cap = cap_at(k, index);

    switch (r->phase) {
    case REVOKE_MARK:
        return mark_root(k, r, stack, index);
    case REVOKE_AWAIT_MARKS:
        return cap->flags & CAP_MARKED ? ROOT_DONE : ROOT_WAIT;
    case REVOKE_SWEEP:
        return sweep_root(k, r, stack, index);
    default: /* REVOKE_AWAIT_SWEPT */
        return !r->own && !(cap->flags & CAP_ENTERED) ? ROOT_DONE : ROOT_WAIT;
    }
}

/* A pass is through: what it has left open the next one waits for, if there is any. Where it goes
 * on to REVOKE_SWEEP, the call takes effect. */
static enum progress next_pass(struct rescind_kernel *k, struct revoke *r)
{
    enum revoke_phase next = r->phase + 1;

    if ((next == REVOKE_AWAIT_MARKS || next == REVOKE_AWAIT_SWEPT) && !r->open)
        next++;
    if (next <= REVOKE_AWAIT_SWEPT) {
        start_pass(r, next);
        return CALL_MORE;
    }
    for (uint32_t table = r->first_table; table <= r->last_table; table++)
        table_unlock(k, table);
    return CALL_DONE;
}

/* The next root; behind the last one, the next pass. */
static enum progress step_root(struct rescind_kernel *k, struct revoke *r, uint32_t task,
                               uint32_t *stack)
{
    uint32_t index = next_root(k, r);

    if (index == 0)
        return next_pass(k, r);
    uint64_t sel = cap_at(k, index)->sel;
    look_behind(k, r, index);
    enum pass pass = pass_root(k, r, stack, index);
    if (pass == ROOT_WAIT) {
        task_join(k, cap_line(cap_at(k, index)), task);
        return CALL_WAITS;
    }
    if (pass == ROOT_DONE) {
        r->sel = sel + 1;
        r->root = r->behind;
        if (r->last && r->table == r->last_table)
            return next_pass(k, r);
    }
    return CALL_MORE;
}

enum progress revoke_step(struct rescind_kernel *k, struct revoke *r, uint32_t task, uint32_t *work)
{
    uint32_t *stack = &task_at(k, task)->stack;

    while (*work > 0) {
        if (*stack != 0) {
            look(k, stack, work);
            continue;
        }
        enum progress progress = step_root(k, r, task, stack);
        if (progress != CALL_MORE)
            return progress;
        work_spend(work, WORK_ROOT);
    }
    return CALL_MORE;
}

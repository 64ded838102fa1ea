/* Revocation; the protocol and its argument are in revoke.h. */
#include "cap/revoke.h"

#include "base/task.h"
#include "cap/create.h"
#include "cap/peer.h"
#include "cap/tree.h"

/* ---- What is to be looked at: stacks and queues ------------------------------------------- */

static void push(struct rescind_kernel *k, uint32_t *stack, uint32_t index)
{
    struct cap *cap = cap_at(k, index);

    cap->flags |= CAP_QUEUED;
    cap->work = *stack;
    *stack = index;
}

static void pop(struct rescind_kernel *k, uint32_t *stack)
{
    struct cap *cap = cap_at(k, *stack);

    cap->flags &= (uint16_t)~CAP_QUEUED;
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
    if (--cap->pending == 0 && (cap->flags & (CAP_VISITED | CAP_QUEUED)) == CAP_VISITED)
        peer_queue(k, k->pe, index);
}

void revoke_child_gone(struct rescind_kernel *k, uint32_t index)
{
    const struct cap *cap = cap_at(k, index);

    if (cap->child == 0 && (cap->flags & (CAP_ENTERED | CAP_QUEUED)) == CAP_ENTERED)
        peer_queue(k, k->pe, index);
}

/* ---- Marking ------------------------------------------------------------------------------ */

/* All descendants of `index` are marked and nothing holds it, so it is marked, too. */
static void mark(struct rescind_kernel *k, uint32_t index)
{
    struct cap *cap = cap_at(k, index);

    cap->flags |= CAP_VISITED | CAP_MARKED;
    task_wake(k, &cap->waiters);
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

/* `parent` counts in its child `at`, of which it is all that need be said that it was not SEEN. */
static void see(struct rescind_kernel *k, struct cap *parent, uint32_t *stack, uint32_t at)
{
    struct cap *child = cap_at(k, at);

    child->flags |= CAP_SEEN;
    if (child->flags & (CAP_RESERVED | CAP_MARKED))
        return; /* a reserved one was counted when it was reserved */
    parent->pending++;
    if (child->type == CAP_STUB)
        peer_tell(k, at);
    else if (!(child->flags & CAP_VISITED))
        visit(k, stack, at);
}

/* The capability on top has counted in all its children. */
static void end_marking(struct rescind_kernel *k, uint32_t *stack)
{
    uint32_t index = *stack;
    struct cap *cap = cap_at(k, index);

    pop(k, stack);
    if (cap->pending != 0)
        return;
    if (cap->flags != (CAP_SEEN | CAP_VISITED)) {
        mark(k, index);
    } else { /* as mark() would */
        cap->flags = CAP_SEEN | CAP_VISITED | CAP_MARKED;
        task_wake(k, &cap->waiters);
        revoke_release(k, cap->parent);
    }
}

/* The capability on top counts in its children, and so on with those that it puts on the stack. A
 * child of this kernel that nothing has happened to is counted in here, as see() would. */
static void mark_on(struct rescind_kernel *k, uint32_t *stack, uint32_t *work)
{
    struct cap *cap = cap_at(k, *stack);
    uint32_t left = *work;

    for (; left > 0; left--) {
        uint32_t at = cap->child;
        struct cap *child = cap_at(k, at);
        if (at == 0 || (child->flags & CAP_SEEN)) {
            end_marking(k, stack);
            if (*stack == 0 || (cap = cap_at(k, *stack))->flags & CAP_MARKED) {
                left--;
                break;
            }
            continue;
        }
        cap->child = child->next; /* the ring turns */
        if (child->flags != 0 || child->pending != 0 || child->type == CAP_STUB) {
            see(k, cap, stack, at);
            cap = cap_at(k, *stack);
        } else if (child->child == 0) {
            child->flags = CAP_SEEN | CAP_VISITED | CAP_MARKED;
            task_wake(k, &child->waiters);
        } else {
            child->flags = CAP_SEEN | CAP_VISITED | CAP_QUEUED;
            cap->pending++;
            child->work = *stack;
            *stack = at;
            cap = child;
        }
    }
    *work = left;
}

void revoke_settle(struct rescind_kernel *k, uint32_t index)
{
    struct cap *cap = cap_at(k, index);

    cap->flags &= (uint16_t)~CAP_RESERVED;
    if (!(cap->flags & CAP_VISITED))
        task_wake(k, &cap->waiters);
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
        task_wake(k, &cap->waiters);
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

/* The capability on top has come by all its children: it goes when it has none left, or waits for
 * the last of them to go. */
static void end_sweeping(struct rescind_kernel *k, uint32_t *stack)
{
    uint32_t index = *stack;

    pop(k, stack);
    if (cap_at(k, index)->child == 0)
        finish(k, index);
}

/* The capability on top comes by its children, and so on with those that it puts on the stack. A
 * child of this kernel that nothing else has happened to is dealt with here, as come_by() would. */
static void sweep_on(struct rescind_kernel *k, uint32_t *stack, uint32_t *work)
{
    struct cap *cap = cap_at(k, *stack);
    uint32_t left = *work;

    for (; left > 0; left--) {
        uint32_t at = cap->child;
        struct cap *child = cap_at(k, at);
        if (at == 0 || (child->flags & CAP_PASSED)) {
            end_sweeping(k, stack);
            if (*stack == 0 || !((cap = cap_at(k, *stack))->flags & CAP_MARKED)) {
                left--;
                break;
            }
        } else if (child->flags != (CAP_SEEN | CAP_VISITED | CAP_MARKED) ||
                   child->type == CAP_STUB) {
            cap->child = child->next;
            come_by(k, stack, at);
            cap = cap_at(k, *stack);
        } else if (child->child == 0) {
            cap_destroy(k, at);
        } else {
            cap->child = child->next;
            child->flags |= CAP_PASSED | CAP_ENTERED | CAP_QUEUED;
            child->work = *stack;
            *stack = at;
            cap = child;
        }
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
}

void revoke_begin(struct rescind_kernel *k, struct revoke *r)
{
    for (uint32_t table = r->first_table; table <= r->last_table; table++)
        table_lock(k, table, r->from, r->to);
    start_pass(r, REVOKE_MARK);
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

/* The next root. CALL_DONE: there is none. */
static enum progress step_root(struct rescind_kernel *k, struct revoke *r, uint32_t task,
                               uint32_t *stack)
{
    uint32_t index = next_root(k, r);

    if (index == 0)
        return CALL_DONE;
    uint64_t sel = cap_at(k, index)->sel;
    enum pass pass = pass_root(k, r, stack, index);
    if (pass == ROOT_DONE)
        r->sel = sel + 1;
    if (pass != ROOT_WAIT)
        return CALL_MORE;
    task_join(k, &cap_at(k, index)->waiters, task);
    return CALL_WAITS;
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
        if (progress == CALL_WAITS || (progress == CALL_DONE && next_pass(k, r) == CALL_DONE))
            return progress;
        *work -= progress == CALL_MORE;
    }
    return CALL_MORE;
}

/* Revocation: what happens when a parent capability is revoked.
 *
 * A revocation takes a range of selectors of one table (EXIT: all tables of a VPE) and
 * removes what was derived from the capabilities in it, and with `own` those themselves. It is
 * a task that does a bounded amount of work an event.
 *
 * 1. Lock the range, empty selectors included: nothing can be put there until the answer.
 * 2. Mark. Each root (a capability in the range) is VISITED and put on the task's stack. The
 *    capability on top counts in its children one by one: a child is SEEN; one that nobody has
 *    VISITED is, and goes on the stack (which so is a path in the tree); any other that is not
 *    marked yet makes its parent's `pending` one more, and so does one that leaves the stack
 * without being marked. A capability with all children SEEN and nothing pending is MARKED, and then
 * its parent, if it has counted it, has one less pending. Whoever brings `pending` to 0 elsewhere
 *    queues the capability for the kernel's own task, so that no call works for another.
 * 3. The call takes effect when all its roots are MARKED.
 * 4. Sweep. Each root is ENTERED and put on the stack again. The capability on top comes by its
 *    children one by one (PASSED); one that no sweep has ENTERED is, and goes on the stack. An
 *    ENTERED capability goes as soon as it has no children; the last child to go queues it, if it
 * is on no stack. With own = 0 a root is ENTERED to KEEP: it becomes clean again, unless it was
 *    SEEN, which means that it is itself below something that is going; once its parent's sweep
 *    comes by it is not kept any more.
 * 5. When all roots are gone or clean: unlock, answer.
 *
 * Where the range holds nothing but leaves that one event can remove, that event does all of it,
 * and marks and locks, which nobody would see, are left out (revoke_leaves()).
 *
 * What else may hold a capability back from being marked is counted in `pending`, too: a child that
 * an EXCHANGE has reserved (revoke_hold() .. revoke_settle() or revoke_unreserve()), and an
 * EXCHANGE that uses it to reach a VPE of another kernel (revoke_hold() .. revoke_release()).
 * Children in other kernels are SEEN and PASSED like any (cap/remote.h): what is done about one is
 * to tell its kernel, and what it answers counts as the child's being MARKED, or gone.
 *
 * Whoever else touches a capability that is VISITED, or a locked selector, waits holding
 * nothing, and then looks again (syscall/lookup.h, syscall/exchange.h). A ring of children needs no
 * cursor: SEEN (PASSED) children are behind those that are not, since the ring is turned by each
 * and no child joins a VISITED parent. A capability on a stack or in a queue is not removed: it
 * is either not MARKED yet, or ENTERED and removed by whoever looks at it there.
 *
 * Why the seven promises (README) hold; rescind/peer.h goes on with what messages add to it:
 *
 * - Atomic. Until the effect nothing is removed, and what is VISITED can't be looked at. After
 *   it all that will go is VISITED: every descendant of a MARKED capability is MARKED, and nothing
 *   is derived from it any more. So nobody sees a part alive and a part gone. A call that looks
 *   at capabilities not yet visited sees the state before, and takes effect before.
 * - Complete. Nothing joins a subtree once its top is VISITED: deriving from it waits, and what an
 *   EXCHANGE has reserved below it holds it. Before the answer all below the roots is gone: a root
 *   goes, or becomes clean, when it has no children.
 * - No orphans. A capability is removed only when it has no children left.
 * - Bounded. Looking at a capability touches it and its neighbours, and costs one unit of the
 * event's work; finding the next root is a search in the table. There is no recursion.
 * - Live. A capability waits to be MARKED for descendants of it alone (and for EXCHANGEs under way,
 *   which wait for nothing: where they would, they undo their reservations first), and to go for
 *   descendants that are MARKED and therefore ENTERED or about to be. The last one of those that it
 *   waits for queues it. A revocation waits for its own roots, never for another revocation.
 * - Exact. Only descendants of roots are VISITED, and only what was VISITED is removed, or is
 * itself a root without children. An object goes with the last capability that names it.
 * - Never short of memory. All state is in the capabilities, the task and this struct, of which
 * every VPE has one set aside.
 *
 * Cost: each capability below the range is looked at twice as a child and at most four times as a
 * parent, and leaves its table in expected O(1); a root is found in O(log n), a few times.
 */
#ifndef RESCIND_CAP_REVOKE_H
#define RESCIND_CAP_REVOKE_H

#include "cap/cap.h"
#include "cap/table.h"

/* What became of a call in this event. */
enum progress {
    CALL_DONE,  /* its answer stands */
    CALL_MORE,  /* this event's work is used up, and there is more to do */
    CALL_WAITS, /* its task has joined a line and will be made ready */
};

/* Each pass goes through all roots; the second and the last only where the one before has met a
 * root that others had to finish. The effect is the beginning of SWEEP. */
enum revoke_phase { REVOKE_MARK, REVOKE_AWAIT_MARKS, REVOKE_SWEEP, REVOKE_AWAIT_SWEPT };

struct revoke {
    uint32_t first_table, last_table; /* one table, or both of a VPE */
    uint64_t from, to;                /* selectors from .. to - 1 of each of them */
    bool own;                         /* the capabilities themselves, too */

    enum revoke_phase phase;
    bool open;      /* this pass has left something for the next one to wait for */
    uint32_t table; /* where the pass is: table, */
    uint64_t sel;   /* and next selector to look for a root at */

    /* Nodes that save a search, believed only as far as the table says so: the first root of all,
     * the last one looked at and the one behind it. Nothing new comes into a locked range. */
    uint32_t first, root, behind;
    bool last; /* there is none behind it */
};

/* A range of one table, in which nothing has begun to happen: where it holds nothing but leaves,
 * and as few as this event may remove, they go at once (or stay: own = 0). Nobody would see marks
 * or locks that come and go in one event, so there are none. False: nothing has changed. */
bool revoke_leaves(struct rescind_kernel *k, const struct revoke *r);

/* Begins: locks the ranges. `r`'s first group of fields is set. O(1). */
void revoke_begin(struct rescind_kernel *k, struct revoke *r);

/* Goes on, spending *work (base/work.h) at most. `task` joins what has to be
 * waited for. */
enum progress revoke_step(struct rescind_kernel *k, struct revoke *r, uint32_t task,
                          uint32_t *work);

/* Goes on with what kernel `pe` has asked for. False: there is nothing left. */
bool revoke_for_peer(struct rescind_kernel *k, uint32_t pe, uint32_t *work);

/* For EXCHANGEs. All O(1). `index` can't be marked until it is released: */
void revoke_hold(struct rescind_kernel *k, uint32_t index);
void revoke_release(struct rescind_kernel *k, uint32_t index);
/* A reserved capability, whose parent is held for it, is there for good; or it, or one that nobody
 * has seen yet, goes again. */
void revoke_settle(struct rescind_kernel *k, uint32_t index);
void revoke_unreserve(struct rescind_kernel *k, uint32_t index);

/* For stubs (cap/remote.c): a child of `index` has gone. */
void revoke_child_gone(struct rescind_kernel *k, uint32_t index);

#endif

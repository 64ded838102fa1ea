/* Revocation: what happens when a parent capability is revoked.
 *
 * A revocation takes a range of selectors of one table (EXIT: all of both tables of a VPE) and
 * removes what was derived from the capabilities in it, and with `own` those themselves. It is
 * a task that does a bounded amount of work an event and keeps its place in struct revoke.
 *
 * 1. Lock the range, empty selectors included: nothing can be put there until the answer.
 * 2. Mark. Walk the subtree of each root (a capability in the range) depth first. Coming to a
 *    capability sets VISITED. Once its children have all been SEEN by that walk and are marked,
 *    it is MARKED, and the walk goes back up. A child that another revocation has VISITED is
 *    SEEN, and waited for until it is MARKED: its subtree is not walked twice.
 * 3. The call takes effect at the instant when the last of its roots is MARKED.
 * 4. Sweep. Walk each root's subtree again and remove leaves. Coming to a capability sets
 *    ENTERED: the sweep that entered a capability is the one that removes it, and any other that
 *    comes there waits until it is gone. With own = 0 the root stays: it becomes clean again
 *    unless it was SEEN, which means that it is itself below something that is going.
 * 5. Unlock, answer.
 *
 * Whoever else touches a capability that is VISITED, or a locked selector, waits holding
 * nothing, and then looks again (syscall/lookup.h, syscall/exchange.h). Who waits at a VISITED
 * capability is woken when it is MARKED, gone or clean, and for no other reason: a walk takes
 * being woken for that. A cursor needs no protection: the capability under a marking cursor is
 * not MARKED yet, so no sweep removes it; the one under a sweeping cursor is ENTERED by that
 * sweep, so no other removes it.
 *
 * Why the seven promises (README) hold on one kernel:
 *
 * - Atomic. Until the effect nothing is removed, and what is VISITED can't be looked at. After
 *   it all that will go is VISITED: every descendant of a MARKED capability is MARKED, and nothing
 *   is derived from it any more. So nobody sees a part alive and a part gone. A call that looks
 *   at capabilities not yet visited sees the state before, and takes effect before.
 * - Complete. Nothing joins a subtree once its top is VISITED: deriving from it waits, and an
 *   EXCHANGE that has reserved a copy below it is waited for (a RESERVED child is not passed by).
 *   Before the answer the sweep has removed all that is below the roots, or waited until another
 *   sweep had.
 * - No orphans. A capability is removed only when it has no children left.
 * - Bounded. A step touches one capability and its neighbours, and costs one unit of the event's
 *   work; finding the next root is a search in the table. There is no recursion.
 * - Live. A walk waits only for a capability strictly below its cursor (a root that it has not
 *   begun counts as below its table): for the marking that VISITED it, the sweep that ENTERED it,
 *   or the EXCHANGE that RESERVED it. Whoever is waited for has its cursor there or further below,
 *   and marking waits for no sweep. So a chain of waits goes down the tree and ends; and an
 *   EXCHANGE under way waits for nothing: where it would, it undoes its reservations first.
 * - Exact. Only descendants of roots are VISITED, and only what was VISITED is removed. An object
 *   counts the capabilities that name it.
 * - Never short of memory. All state is flags in the capabilities and this struct, of which every
 *   VPE has one set aside.
 *
 * Cost: each capability below the range is touched twice (marked, removed) and leaves its table
 * in expected O(1); a root is found in O(log n).
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

struct revoke {
    uint32_t first_table, last_table; /* one table, or both of a VPE */
    uint64_t from, to;                /* selectors from .. to - 1 of each of them */
    bool own;                         /* the capabilities themselves, too */

    bool sweeping;  /* false: marking. The effect is the change from one to the other. */
    uint32_t table; /* where the walk is: table, */
    uint64_t sel;   /* next selector to look for a root at, */
    uint32_t root;  /* the root it is below, 0 when between roots, */
    uint32_t at;    /* and the capability it is at */
};

/* Begins: locks the ranges. `r`'s first group of fields is set. O(1). */
void revoke_begin(struct rescind_kernel *k, struct revoke *r);

/* Goes on, touching *work capabilities at most and counting them off. `task` joins what has to be
 * waited for. */
enum progress revoke_step(struct rescind_kernel *k, struct revoke *r, uint32_t task,
                          uint32_t *work);

#endif

/* Revocation: what happens when a parent capability is revoked.
 *
 * A revocation takes a range of selectors of one table (EXIT: all of both tables of a VPE) and
 * removes what was derived from the capabilities in it, and with `own` those themselves. It is
 * a task that does a bounded amount of work an event and keeps its place in struct revoke.
 *
 *   1. Lock the range, empty selectors included: nothing can be put there until the answer.
 *   2. Mark. For each root (a capability in the range) walk its subtree depth first. Coming to a
 *      capability sets VISITED; once a capability's children have all been SEEN by that walk, and
 *      are marked, it is MARKED and the walk goes back up. A child that another revocation
 *      has VISITED is SEEN, and waited for until it is MARKED: its subtree is not walked twice.
 *   3. The call takes effect at the instant when the last of its roots is MARKED.
 *   4. Sweep. Walk each root's subtree again, removing leaves. Coming to a capability sets ENTERED; the sweep
 *      that entered a capability is the one that removes it; any other that comes there waits until it
 *      is gone. With own = 0 the root stays: it becomes clean again unless it was SEEN, which
 *      means that it is itself below something that is going.
 *   5. Unlock, answer.
 *
 * Whoever else touches a capability that is VISITED, or a locked selector, waits holding
 * nothing, and then looks again (syscall/exchange.c). A cursor needs no protection: the capability
 * under a marking cursor is not yet MARKED, so no sweep removes it; the one under a sweeping cursor is ENTERED by
 * that sweep, so no other removes it.
 *
 * Why the seven promises hold, on one kernel:
 *
 *   Atomic. Until the effect nothing is removed, and what is VISITED can't be looked at; after
 *   it all that will go is VISITED (every descendant of a MARKED capability is MARKED, and nothing is
 *   derived from it any more), so nobody sees a part of it alive and a part gone. A call that
 *   looks at capabilities not yet visited sees the state before, and takes effect before.
 *   Complete. Nothing joins a subtree once its top is VISITED: deriving from it waits, and an
 *   EXCHANGE that has already reserved a copy below it is waited for (RESERVED children are not
 *   passed by). The sweep removes whatever is below a root before the answer, or waits until another sweep
 *   has.
 *   No orphans. A capability is removed only when it has no children left.
 *   Bounded. Each step touches one capability and its neighbours, and costs one unit of the event's work; finding
 *   the next root is a search in the table. There is no recursion.
 *   Live. A walk waits only for a capability strictly below its own cursor (a root before it is
 *   entered counts as below the table): for the marking that VISITED it, the sweep that ENTERED it, or the
 *   EXCHANGE that RESERVED it. Who is waited for has its cursor there or further below, and marking waits for no
 *   sweep. So a chain of waits goes down the tree and ends; and an EXCHANGE under way waits for
 *   nothing: where it would, it undoes its reservations first.
 *   Exact. Only descendants of roots are VISITED, and only what the revocation VISITED or SEEN is removed; an object
 *   counts the capabilities that name it.
 *   Never short of memory. The state is flags in the capabilities and this struct, of which
 *   every VPE has one set aside.
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
void revoke_begin(struct kernel *k, struct revoke *r);

/* Goes on, touching *work capabilities at most and counting them off. `task` joins what has to be
 * waited for. */
enum progress revoke_step(struct kernel *k, struct revoke *r, uint32_t task, uint32_t *work);

#endif

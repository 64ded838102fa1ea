/* Tasks: the calls under way, and the lines they stand in.
 *
 * A VPE has one call outstanding at most, so there is one task a VPE and it goes by the VPE's
 * number. Behind them come one task a kernel of the system (what it wants revoked here; this
 * kernel's own: what others have left to do) and one for each EXCHANGE that another kernel may
 * have under way here. So nothing is allocated to begin or to wait. A line is a ring of tasks,
 * named by a 16-bit anchor (0: empty) in whatever is waited for: a capability, a locked range, or
 * the kernel's own line of tasks that are ready to go on. A task stands in at most one line.
 * Everything here is O(1); in particular a whole line is made ready at once, however long.
 */
#ifndef RESCIND_BASE_TASK_H
#define RESCIND_BASE_TASK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"

struct task {
    uint32_t next, prev; /* neighbours in its line, as task number + 1; 0: in no line */
    uint32_t stack;      /* capabilities that its revocation has still to look at (revoke.h) */
    bool committed;      /* an EXCHANGE that has taken effect: what it reserved is there */
};

enum { TASK_EXCHANGES = 4 }; /* that one kernel may have under way at another */

static inline uint32_t task_of_peer(const struct rescind_kernel *k, uint32_t pe)
{
    return k->vpe_limit + pe;
}

static inline uint32_t task_of_exchange(const struct rescind_kernel *k, uint32_t pe, uint32_t slot)
{
    return k->vpe_limit + k->peer_count + pe * TASK_EXCHANGES + slot;
}

static inline uint32_t task_count(const struct rescind_kernel *k)
{
    return task_of_exchange(k, k->peer_count, 0);
}

static inline struct task *task_at(const struct rescind_kernel *k, uint32_t number)
{
    return (struct task *)arena_at(k, k->tasks) + number;
}

/* Puts the task at the end of the line; it stands in none before. */
void task_join(struct rescind_kernel *k, uint16_t *line, uint32_t number);

/* Does it stand in a line? */
static inline bool task_waits(const struct rescind_kernel *k, uint32_t number)
{
    return task_at(k, number)->next != 0;
}

/* Takes the task out of the line it stands in. */
void task_leave(struct rescind_kernel *k, uint16_t *line, uint32_t number);

/* Moves the whole line, which is not empty, to the end of the ready line, in its order. */
void task_wake_all(struct rescind_kernel *k, uint16_t *line);

/* The same for a line that mostly is empty. */
static inline void task_wake(struct rescind_kernel *k, uint16_t *line)
{
    if (*line != 0)
        task_wake_all(k, line);
}

/* Number of the first task of the line, or -1; and of the one behind `number`, or -1. */
int32_t task_first(uint16_t line);
int32_t task_after(const struct rescind_kernel *k, uint16_t line, uint32_t number);

#endif

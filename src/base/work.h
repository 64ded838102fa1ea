/* How much an event may do: rescind_kernel_config's `work`, in units of a look of a revocation at
 * a capability, forty instructions. What takes longer spends more, a unit for every seventy; the
 * last thing that an event does may spend more than is left.
 */
#ifndef RESCIND_BASE_WORK_H
#define RESCIND_BASE_WORK_H

#include <stdint.h>

enum work {
    WORK_LOOK = 1,   /* a look at a capability */
    WORK_REMOVE = 2, /* its removal */
    WORK_OTHERS = 2, /* beside a look: that of one with an object of its own, or others to tell */
    WORK_SETTLE = 2, /* settling a reservation */
    WORK_ROOT = 5,   /* a root of a revocation, found and begun with */
    WORK_COPY = 4,   /* a capability found and copied, reserved, or its copy undone */
    WORK_PAGE = 32,  /* clearing a page of memory */
};

/* A search for free pages of memory takes one unit for so many that there are. */
enum { WORK_PAGES_SEARCHED = 256 };

static inline void work_spend(uint32_t *left, uint32_t units)
{
    *left -= *left < units ? *left : units;
}

#endif

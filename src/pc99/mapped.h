/* The loop and what is mapped for a VPE: its accesses in its window (window.h), and the kernel's
 * table of mappings, which alone says what they may do.
 *
 * The processor has no access but with reading, so what a mapping does not let its VPE read it can
 * neither write nor execute.
 */
#ifndef PC99_MAPPED_H
#define PC99_MAPPED_H

#include <stdbool.h>
#include <stdint.h>

#include "pc99/loop.h"

enum mapped {
    MAPPED_NOW,   /* the access will go well if it is made again now */
    MAPPED_LATER, /* what there is to access can't be said before the kernel has gone on */
    MAPPED_NEVER, /* it may not be made; the program goes on where it wants to be told so */
    MAPPED_FATAL, /* it may not be made */
};

/* A page fault of the VPE that runs, at `address`. Cost: a look at the table of mappings, and a
 * page table cleared. */
enum mapped mapped_fault(struct loop *loop, struct runner *runner, uint64_t address);

/* Before `runner` runs, behind an event of the kernel: forgets what is mapped if some of it may
 * have become invalid. Its space is the one in use. O(1). */
void mapped_check(struct loop *loop, struct runner *runner);

#endif

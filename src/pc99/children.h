/* The loop and the VPEs that programs make: which of the module's VPEs a new one of the kernel is.
 *
 * All VPEs of the module have their memory and their space from the start. A child is bound to its
 * kernel's number for it, and gets the rings of that number, when a VPE of its name is made; with
 * one whose name no child waits for, this machine does nothing. load.c binds those that are there
 * from the start.
 */
#ifndef PC99_CHILDREN_H
#define PC99_CHILDREN_H

#include <stddef.h>
#include <stdint.h>

#include "pc99/loop.h"

/* Number `vpe` of the kernel is `runner` from now on; its rings are empty. Cost: O(1), the rest of
 * two pages cleared. */
void children_bind(struct loop *loop, struct runner *runner, uint32_t vpe);

/* The kernel has made VPE `vpe`, whose name is the `size` bytes at `name`; who had the number
 * before never runs again. `pause` is called before each of the module's names that is looked at.
 */
void children_create(struct loop *loop, uint32_t vpe, const char *name, size_t size,
                     void (*pause)(struct loop *loop));

#endif

/* The textbook recursive revocation, kept for one purpose: to show what its stack costs beside
 * the kernel's own. It never enters src/. Used by sim/profile.c alone. */
#ifndef RESCIND_SIM_RECURSIVE_H
#define RESCIND_SIM_RECURSIVE_H

#include <stdint.h>

struct rescind_kernel;

/* Removes the capability `index` and all that was derived from it, in one go, on as much stack as
 * the tree is deep. No call is under way in the kernel. */
void recursive_revoke(struct rescind_kernel *k, uint32_t index);

#endif

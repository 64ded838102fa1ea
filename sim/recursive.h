/* The textbook recursive revocation, kept for one purpose: to show what its stack costs beside
 * the kernel's own. It never enters src/. Used by sim/profile.c alone.
 *
 * Plain, and as it is met in kernels under development: each level formats what it does as a line
 * of text, in a buffer on its stack, and hands it to the log.
 */
#ifndef RESCIND_SIM_RECURSIVE_H
#define RESCIND_SIM_RECURSIVE_H

#include <stdint.h>

struct rescind_kernel;

enum { RECURSIVE_LINE = 256 };

/* Removes the capability `index` and all that was derived from it, in one go, on as much stack as
 * the tree is deep. No call is under way in the kernel. */
void recursive_revoke(struct rescind_kernel *k, uint32_t index);

/* The same, and tells `log` two lines a capability; `level` is that of `index`. */
typedef void recursive_log(const char *line);
void recursive_revoke_logging(struct rescind_kernel *k, uint32_t index, uint32_t level,
                              recursive_log *log);

#endif

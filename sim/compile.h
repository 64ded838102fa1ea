/* From a litmus file to a start-up module (include/rescind/startup.h): every call becomes the
 * bytes of its message, as abi.h has them. What comes out passes startup_check(); the same bytes
 * run in the simulator and boot on the PC.
 */
#ifndef RESCIND_SIM_COMPILE_H
#define RESCIND_SIM_COMPILE_H

#include "sim/litmus.h"

/* `seed` is the kernels', 0: the platform draws one. The header's `work` and `watch` are 0; a
 * caller that wants others writes them there. The caller unrefs the array. */
GByteArray *compile(const struct litmus *litmus, uint64_t seed);

#endif

/* The other processors: bringing them up, and letting all begin together.
 *
 * Kernel i runs on processor i, whose local APIC has the number apics[i]; what others know of it is
 * in its block (trap.h).
 */
#ifndef PC99_SMP_H
#define PC99_SMP_H

#include <stdbool.h>
#include <stdint.h>

#include "pc99/frames.h"
#include "pc99/loader.h"

/* Not less than the frames that smp_prepare() takes for `count` processors. */
uint64_t smp_frames(uint32_t count);

/* Gives all of the `count` processors, of these APICs, but the first, which runs this, a block and
 * stacks, and copies what they start with to below 1 MiB. NULL, or what is wrong. */
const char *smp_prepare(uint32_t count, const uint32_t *apics, struct frames *frames,
                        const struct loader_info *info);

/* Whether processor i + 1, which devices_start() starts and which calls start_other() (start.c),
 * has come up. `context` means nothing. */
bool smp_is_up(void *context, uint32_t i);

/* Interrupts processor `number`, which is this one or another, with VECTOR_CALL. */
void smp_call(uint32_t number);

#endif

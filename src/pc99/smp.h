/* The other processors: bringing them up, and letting all begin together.
 *
 * Kernel i runs on the processor whose local APIC has number i. These numbers are taken to be 0, 1,
 * 2, ... without a look at ACPI's tables: QEMU gives them so, and where they are others smp_start()
 * names the first that does not come up.
 */
#ifndef PC99_SMP_H
#define PC99_SMP_H

#include <stdbool.h>
#include <stdint.h>

#include "pc99/frames.h"
#include "pc99/loader.h"

/* Not less than the frames that smp_prepare() takes for `count` processors. */
uint64_t smp_frames(uint32_t count);

/* Gives all of the `count` processors but the first, which runs this, a block and stacks, and
 * copies what they start with to below 1 MiB. NULL, or what is wrong. */
const char *smp_prepare(uint32_t count, struct frames *frames, const struct loader_info *info);

/* Starts them; each calls start_other() (start.c). Returns how many have come up, this one
 * included, when that is all or when SMP_PATIENCE milliseconds have passed; *missing is the first
 * that has not. */
enum { SMP_PATIENCE = 5000 };
uint32_t smp_start(uint32_t count, uint32_t *missing);

#endif

/* Playing a probe script (probe_script.h) on the machine that this runs on.
 */
#ifndef PC99_PROBE_H
#define PC99_PROBE_H

#include "pc99/probe_script.h"

/* Makes all accesses of a script that has been checked, each when its time has come by
 * rescind_ticks(), or at once when that has passed. It takes a tick for an instruction, or for less
 * of the processor's time: that long it does not look at the clock. */
void probe_run(struct probe_script *script);

#endif

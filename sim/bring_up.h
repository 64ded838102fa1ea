/* Bringing up a board's devices on the host, by the source that does it on the PC
 * (src/pc99/devices.h). For `rescind devices --bring-up`.
 */
#ifndef RESCIND_SIM_BRING_UP_H
#define RESCIND_SIM_BRING_UP_H

#include <glib.h>
#include <stdbool.h>

#include "rescind/board.h"

/* Brings up the devices of a board and starts so many of its processors, the first included; `log`
 * gets what comes out of the board's first serial port. The calling thread uses the board from then
 * on; other threads may do the same at the same time. False: boot would stop here, and the log says
 * why. */
bool bring_up(struct rescind_board *board, uint32_t processors, GString *log);

/* A start-up module that needs so many processors, and does nothing on them; the caller frees
 * it. */
GByteArray *bring_up_module(uint32_t processors);

#endif

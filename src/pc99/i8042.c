/* The keyboard controller, for the line by which it resets the processor (Intel 8042, IBM PC AT
 * Technical Reference): a driver, for whoever includes rescind/drivers.h. */
#include "rescind/drivers.h"
#include "rescind/platform.h"

enum { COMMAND = 0x64, STATUS_TAKES = 0x02, PULSE_RESET = 0xfe };

/* Whether it has taken what was written to it. */
static bool wait_taken(void)
{
    for (unsigned i = 0; i < RESCIND_I8042_PATIENCE; i++) {
        if ((rescind_in8(COMMAND) & STATUS_TAKES) == 0) {
            return true;
        }
        rescind_pause();
    }
    return false;
}

bool rescind_i8042_reset(void)
{
    if (!wait_taken()) {
        return false;
    }
    rescind_out8(COMMAND, PULSE_RESET);
    return wait_taken();
}

/* Which devices a PC's board has, and where. */
#include "sim/device/device.h"

void board_populate(struct rescind_board *board)
{
    (void)board;
}

/* The two 8259A interrupt controllers (Intel 231468): a driver, for whoever includes
 * rescind/drivers.h. The slave is behind the master's line 2. */
#include "rescind/drivers.h"
#include "rescind/platform.h"

enum { MASTER_COMMAND = 0x20, MASTER_DATA = 0x21, SLAVE_COMMAND = 0xa0, SLAVE_DATA = 0xa1 };
enum { ICW1_INIT_ICW4 = 0x11, ICW4_8086 = 0x01, OCW2_END_OF = 0x60, OCW3_READ_SERVICE = 0x0b };
enum { SLAVE_LINE = 2, CHIP_LINES = 8, LAST_LINE = 7, ALL = 0xff };

void rescind_pic_init(uint8_t vector)
{
    rescind_out8(MASTER_COMMAND, ICW1_INIT_ICW4);
    rescind_out8(SLAVE_COMMAND, ICW1_INIT_ICW4);
    rescind_out8(MASTER_DATA, vector);
    rescind_out8(SLAVE_DATA, vector + CHIP_LINES);
    rescind_out8(MASTER_DATA, 1 << SLAVE_LINE);
    rescind_out8(SLAVE_DATA, SLAVE_LINE);
    rescind_out8(MASTER_DATA, ICW4_8086);
    rescind_out8(SLAVE_DATA, ICW4_8086);
    rescind_out8(MASTER_DATA, ALL);
    rescind_out8(SLAVE_DATA, ALL);
}

static void mask_line(uint16_t port, unsigned line, bool masked)
{
    uint8_t bit = (uint8_t)(1U << line);
    uint8_t mask = rescind_in8(port);

    rescind_out8(port, masked ? mask | bit : mask & (uint8_t)~bit);
}

void rescind_pic_mask(uint8_t line, bool masked)
{
    if (line < CHIP_LINES) {
        mask_line(MASTER_DATA, line, masked);
        return;
    }
    mask_line(SLAVE_DATA, line - CHIP_LINES, masked);
    if (!masked) {
        mask_line(MASTER_DATA, SLAVE_LINE, false);
    }
}

/* Whether the last line of a controller is in service. */
static bool serves_last(uint16_t command)
{
    rescind_out8(command, OCW3_READ_SERVICE);
    return (rescind_in8(command) & 1 << LAST_LINE) != 0;
}

bool rescind_pic_spurious(uint8_t line)
{
    if (line == LAST_LINE) {
        return !serves_last(MASTER_COMMAND);
    }
    if (line != CHIP_LINES + LAST_LINE || serves_last(SLAVE_COMMAND)) {
        return false;
    }
    rescind_out8(MASTER_COMMAND, OCW2_END_OF | SLAVE_LINE);
    return true;
}

void rescind_pic_end(uint8_t line)
{
    if (line >= CHIP_LINES) {
        rescind_out8(SLAVE_COMMAND, OCW2_END_OF | (line - CHIP_LINES));
        line = SLAVE_LINE;
    }
    rescind_out8(MASTER_COMMAND, OCW2_END_OF | line);
}

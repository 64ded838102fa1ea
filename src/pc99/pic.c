/* The 8259 interrupt controllers. See pic.h. */
#include "pc99/pic.h"

#include "rescind/platform.h"

enum { MASTER_COMMAND = 0x20, MASTER_DATA = 0x21, SLAVE_COMMAND = 0xa0, SLAVE_DATA = 0xa1 };
enum { ICW1_INIT_ICW4 = 0x11, ICW4_8086 = 0x01, SLAVE_LINE = 2, ALL = 0xff };

void pic_mask_all(uint8_t vector)
{
    rescind_out8(MASTER_COMMAND, ICW1_INIT_ICW4);
    rescind_out8(SLAVE_COMMAND, ICW1_INIT_ICW4);
    rescind_out8(MASTER_DATA, vector);
    rescind_out8(SLAVE_DATA, vector + 8);
    rescind_out8(MASTER_DATA, 1 << SLAVE_LINE);
    rescind_out8(SLAVE_DATA, SLAVE_LINE);
    rescind_out8(MASTER_DATA, ICW4_8086);
    rescind_out8(SLAVE_DATA, ICW4_8086);
    rescind_out8(MASTER_DATA, ALL);
    rescind_out8(SLAVE_DATA, ALL);
}

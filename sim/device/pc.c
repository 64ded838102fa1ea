/* Which devices a PC's board has, and where. */
#include "sim/device/models.h"

static void reset(struct device *device)
{
    device->class->reset(device);
}

static void add_apics(struct rescind_board *board)
{
    struct device *lapic = board_add(board, &device_lapic);
    struct device *ioapic = board_add(board, &device_ioapic);

    board_map_memory(lapic, 0xfee00000, 0x100000, 0);
    board_map_memory(ioapic, 0xfec00000, 0x1000, 0);
    reset(lapic);
    reset(ioapic);
}

static void add_hpet(struct rescind_board *board)
{
    struct device *hpet = board_add(board, &device_hpet);

    board_map_memory(hpet, 0xfed00000, 0x400, 0);
    reset(hpet);
}

void board_populate(struct rescind_board *board)
{
    add_apics(board);
    if (!board_options(board)->no_hpet) {
        add_hpet(board);
    }
}

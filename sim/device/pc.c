/* Which devices a PC's board has, and where. */
#include "sim/device/models.h"

enum { PCI_PORTS = 0xcf8, PCI_PORTS_COUNT = 8 };

static struct device *add(struct rescind_board *board, const struct device_class *class)
{
    struct device *device = board_add(board, class);

    device->class->reset(device);
    return device;
}

/* Where serial ports are, in the order in which a board has them, and their lines. */
static void add_serial_ports(struct rescind_board *board)
{
    static const struct {
        uint16_t port;
        uint32_t line;
    } places[] = {{0x3f8, 4}, {0x2f8, 3}, {0x3e8, 4}, {0x2e8, 3}};
    uint32_t count = board_options(board)->serial_ports;

    for (uint32_t i = 0; i < (count != 0 ? MIN(count, G_N_ELEMENTS(places)) : 2); i++) {
        uart_place(add(board, &device_uart), places[i].port, places[i].line);
    }
}

/* What has been in a PC since the AT, the interrupt controllers first, for the others' lines go
 * there. */
static void add_old_devices(struct rescind_board *board)
{
    struct device *pic = add(board, &device_pic), *pit, *rtc, *i8042;

    board_map_ports(pic, 0x20, 2, PIC_MASTER);
    board_map_ports(pic, 0xa0, 2, PIC_SLAVE);
    board_map_ports(pic, 0x4d0, 2, PIC_EDGE);
    pit = add(board, &device_pit);
    board_map_ports(pit, 0x40, 4, PIT_COUNTERS);
    board_map_ports(pit, 0x61, 1, PIT_SPEAKER);
    rtc = add(board, &device_rtc);
    board_map_ports(rtc, 0x70, 2, 0);
    i8042 = add(board, &device_i8042);
    board_map_ports(i8042, 0x60, 1, I8042_DATA);
    board_map_ports(i8042, 0x64, 1, I8042_COMMAND);
    board_map_ports(i8042, 0x92, 1, I8042_PORT92);
    add_serial_ports(board);
}

static void add_apics(struct rescind_board *board)
{
    board_map_memory(add(board, &device_lapic), 0xfee00000, 0x100000, 0);
    board_map_memory(add(board, &device_ioapic), 0xfec00000, 0x1000, 0);
    if (!board_options(board)->no_hpet) {
        board_map_memory(add(board, &device_hpet), 0xfed00000, 0x400, 0);
    }
}

void board_add_serial(struct rescind_board *board, uint16_t port, uint32_t line)
{
    uart_place(add(board, &device_uart), port, line);
}

void board_populate(struct rescind_board *board)
{
    add_apics(board); /* where the 8259s' output goes */
    add_old_devices(board);
    add(board, &device_acpi);
    board_map_ports(add(board, &device_pci), PCI_PORTS, PCI_PORTS_COUNT, 0);
}

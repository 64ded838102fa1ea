/* Which devices a PC's board has, and where. */
#include "sim/device/models.h"

enum { PCI_PORTS = 0xcf8, PCI_PORTS_COUNT = 8 };

static struct device *add(struct rescind_board *board, const struct device_class *class)
{
    struct device *device = board_add(board, class);

    class->reset(device);
    return device;
}

void board_populate(struct rescind_board *board)
{
    add(board, &device_acpi);
    board_map_ports(add(board, &device_pci), PCI_PORTS, PCI_PORTS_COUNT, 0);
}

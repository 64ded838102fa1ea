/* The I/O APIC (Intel 82093AA), with version 0x20 of Intel's later ones, as QEMU 7.2 has it: 24
 * inputs, two registers in memory and one (0x40) that ends an interrupt.
 *
 * An input's level is whether its line is asserted, whatever the line's polarity: as in QEMU,
 * the polarity bit is kept and means nothing. As in QEMU and not in the data sheet: an edge that
 * comes while its input is masked is lost, and an input that is made edge triggered forgets that
 * its interrupt has not ended; the delivery status is always idle, since messages are sent at once.
 */
#include "sim/device/models.h"

enum { INPUTS = 24, VERSION = 0x20 | (INPUTS - 1) << 16, SPACE = 0x100 };
enum { AT_SELECT = 0x00, AT_WINDOW = 0x10, AT_END = 0x40 };
enum { INDEX_ID, INDEX_VERSION, INDEX_ARBITRATION, INDEX_ENTRIES = 0x10 };
enum { MODE_EXTERNAL = 7, ID_SHIFT = 24, ID_MASK = 0xf };
enum { ENTRY_LOGICAL = 1 << 11, ENTRY_STATUS = 1 << 12, ENTRY_WAITS = 1 << 14 };
enum {
    ENTRY_LEVEL = 1 << 15,
    ENTRY_MASKED = 1 << 16,
    ENTRY_READ_ONLY = ENTRY_STATUS | ENTRY_WAITS
};

enum {
    REG_SELECT,
    REG_WINDOW,
    REG_ID,
    REG_VERSION,
    REG_ARBITRATION,
    REG_ENTRY,
    REG_DESTINATION,
    REG_END
};
static const char *const registers[] = {
    "ioapic.select",      "ioapic.window",      "ioapic.id",
    "ioapic.version",     "ioapic.arbitration", "ioapic.entry",
    "ioapic.destination", "ioapic.end",         NULL,
};

struct ioapic {
    struct device device;
    uint32_t select, id;
    uint32_t requests; /* inputs that are asserted, or were by an edge that is not served yet */
    uint32_t entries[INPUTS], destinations[INPUTS];
};

static struct ioapic *ioapic_of(struct device *device)
{
    return (struct ioapic *)(void *)device;
}

/* ---- Interrupts ------------------------------------------------------------------------------ */

static void send(struct ioapic *io, unsigned input)
{
    uint32_t entry = io->entries[input];
    struct device_message message = {
        .destination = io->destinations[input] >> 24,
        .logical = (entry & ENTRY_LOGICAL) != 0,
        .level = (entry & ENTRY_LEVEL) != 0,
        .mode = entry >> 8 & 7,
        .vector = (uint8_t)entry,
    };

    if (message.mode == MODE_EXTERNAL) {
        message.vector = board_acknowledge(io->device.board);
    }
    board_message(io->device.board, &message);
}

/* Sends what the input asks for, if it may. */
static void serve(struct ioapic *io, unsigned input)
{
    uint32_t bit = (uint32_t)1 << input, *entry = &io->entries[input];

    if ((io->requests & bit) == 0 || (*entry & ENTRY_MASKED) != 0) {
        return;
    }
    if ((*entry & ENTRY_LEVEL) == 0) {
        io->requests &= ~bit;
        send(io, input);
    } else if ((*entry & ENTRY_WAITS) == 0) {
        *entry |= ENTRY_WAITS;
        send(io, input);
    }
}

static void input(struct device *device, uint32_t input, bool level)
{
    struct ioapic *io = ioapic_of(device);
    uint32_t bit;

    if (input >= INPUTS) {
        return;
    }
    bit = (uint32_t)1 << input;
    if ((io->entries[input] & ENTRY_LEVEL) != 0) {
        io->requests = level ? io->requests | bit : io->requests & ~bit;
    } else if (level && (io->entries[input] & ENTRY_MASKED) == 0) {
        io->requests |= bit;
    }
    serve(io, input);
}

static void ended(struct device *device, uint8_t vector)
{
    struct ioapic *io = ioapic_of(device);

    for (unsigned i = 0; i < INPUTS; i++) {
        uint32_t entry = io->entries[i];

        if ((uint8_t)entry == vector && (entry & ENTRY_LEVEL) != 0 && (entry & ENTRY_WAITS) != 0) {
            io->entries[i] = entry & ~(uint32_t)ENTRY_WAITS;
            serve(io, i);
        }
    }
}

/* ---- Registers ------------------------------------------------------------------------------- */

static uint32_t read_window(const struct ioapic *io)
{
    uint32_t input = (io->select - INDEX_ENTRIES) / 2;

    switch (io->select) {
    case INDEX_ID:
        return device_has(&io->device, REG_ID) ? io->id << ID_SHIFT : 0;
    case INDEX_VERSION:
        return device_has(&io->device, REG_VERSION) ? VERSION : 0;
    case INDEX_ARBITRATION:
        return device_has(&io->device, REG_ARBITRATION) ? io->id << ID_SHIFT : 0;
    default:
        break;
    }
    if (io->select < INDEX_ENTRIES || input >= INPUTS) {
        return 0;
    }
    if (io->select % 2 != 0) {
        return device_has(&io->device, REG_DESTINATION) ? io->destinations[input] : 0;
    }
    return device_has(&io->device, REG_ENTRY) ? io->entries[input] : 0;
}

static void write_entry(struct ioapic *io, unsigned input, uint32_t value)
{
    uint32_t kept = io->entries[input] & ENTRY_READ_ONLY;

    if ((value & ENTRY_LEVEL) == 0) {
        kept &= ~(uint32_t)ENTRY_WAITS;
    }
    io->entries[input] = (value & ~(uint32_t)ENTRY_READ_ONLY) | kept;
    serve(io, input);
}

static void write_window(struct ioapic *io, uint32_t value)
{
    uint32_t input = (io->select - INDEX_ENTRIES) / 2;

    if (io->select == INDEX_ID && device_has(&io->device, REG_ID)) {
        io->id = value >> ID_SHIFT & ID_MASK;
    }
    if (io->select < INDEX_ENTRIES || input >= INPUTS) {
        return;
    }
    if (io->select % 2 == 0 && device_has(&io->device, REG_ENTRY)) {
        write_entry(io, input, value);
    } else if (io->select % 2 != 0 && device_has(&io->device, REG_DESTINATION)) {
        io->destinations[input] = value;
    }
}

static bool is_there(const struct ioapic *io)
{
    return !board_has_fault(io->device.board, RESCIND_FAULT_NO_IOAPIC, NULL);
}

static uint64_t read_memory(struct device *device, uint32_t offset, unsigned bytes)
{
    struct ioapic *io = ioapic_of(device);

    if (!is_there(io)) {
        return UINT64_MAX;
    }
    switch (offset % SPACE) {
    case AT_SELECT:
        return device_has(device, REG_SELECT) ? io->select : 0;
    case AT_WINDOW:
        return bytes >= 4 && device_has(device, REG_WINDOW) ? read_window(io) : 0;
    default:
        return 0;
    }
}

static void write_memory(struct device *device, uint32_t offset, unsigned bytes, uint64_t value)
{
    struct ioapic *io = ioapic_of(device);

    if (!is_there(io)) {
        return;
    }
    switch (offset % SPACE) {
    case AT_SELECT:
        if (device_has(device, REG_SELECT)) {
            io->select = value & 0xff;
        }
        break;
    case AT_WINDOW:
        if (bytes >= 4 && device_has(device, REG_WINDOW)) {
            write_window(io, (uint32_t)value);
        }
        break;
    case AT_END:
        if (bytes == 4 && device_has(device, REG_END)) {
            ended(device, (uint8_t)value);
        }
        break;
    default:
        break;
    }
}

static void reset(struct device *device)
{
    struct ioapic *io = ioapic_of(device);

    *io = (struct ioapic){.device = io->device};
    for (unsigned i = 0; i < INPUTS; i++) {
        io->entries[i] = ENTRY_MASKED;
    }
}

const struct device_class device_ioapic = {
    .name = "ioapic",
    .registers = registers,
    .size = sizeof(struct ioapic),
    .reset = reset,
    .read = read_memory,
    .write = write_memory,
    .input = input,
    .ended = ended,
};

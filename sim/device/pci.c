/* PCI configuration by mechanism 1, and the functions of QEMU's q35 and pc boards without any
 * further devices. Source: PCI Local Bus 3.0; Intel's data sheets of Q35 (MCH), ICH9, 82441FX and
 * 82371SB.
 *
 * A function is its 256 bytes of configuration space, and which of their bits can be written: so
 * are QEMU's. What the bits bring about is not modelled (nothing is behind the BARs, RAM is not
 * shadowed), but for the lock of Q35's SMRAM registers, which shows in the bits themselves. Where
 * QEMU differs from the data sheets it is followed:
 *   - the address register keeps its reserved bits, 0 and 1 as well, and those two are added to the
 *     offset of what is read;
 *   - the address register is written whole or not at all (as it should be), but narrow reads give
 *     its lowest bits, wherever they are;
 *   - registers that are the device's own (from 0x40 on) keep what is written unless it is said
 *     otherwise; two of Q35's are QEMU's own ways to ask for more SMRAM: the word at 0x50, which is
 *     here, and the byte at 0x9c, which is not.
 * Accesses that are not aligned come in aligned parts, as a processor splits them; QEMU's TCG takes
 * some of them for errors.
 */
#include <string.h>

#include "rescind/platform.h"
#include "sim/device/models.h"

enum { ADDRESS = 0xcf8, PORTS = 8, DATA_OFFSET = 4, RESET_OFFSET = 1 };
enum { SPACE = 256, FUNCTIONS = 6, PRIVATE = 0x40, NO_PORT = -1 };
enum { COMMAND = 0x04, STATUS = 0x06, CLASS = 0x08, LINE_SIZE = 0x0c, HEADER = 0x0e, BARS = 0x10 };
enum { SECONDARY = 0x19, BARS_END = 0x28, BRIDGE_BARS_END = 0x18, CAPABILITIES = 0x34 };
enum { INTERRUPT = 0x3c };
enum { SMRAM = 0x9d, ESMRAM = 0x9e, SMRAM_LOCK = 0x10, SMRAM_OPEN = 0x40, SMRAM_CLOSED = 0x20 };
enum { Q35_HOST = 0x29c0 };                                      /* the function that has it */
enum { TSEG = 0x50, TSEG_ASKED = 0xffff, EXTENDED_TSEG = 0x10 }; /* MiB */
enum { MSI = 5, MSI_ON = 1, MSI_COUNT = 0x70 };
enum { BRIDGE_CONTROL = 0x3e, BUS_RESET = 0x40 };
enum { RESET_NOW = 4, RESET_KEPT_ICH9 = 0x0a, RESET_KEPT_PIIX3 = 0x02 };

#define ENABLE 0x80000000u

enum {
    REG_ADDRESS,
    REG_DATA,
    REG_RESET,
    REG_ID,
    REG_COMMAND,
    REG_STATUS,
    REG_CLASS,
    REG_HEADER,
    REG_BAR,
    REG_SUBSYSTEM,
    REG_INTERRUPT,
    REG_PRIVATE,
};

static const char *const registers[] = {
    [REG_ADDRESS] = "pci.address",
    [REG_DATA] = "pci.data",
    [REG_RESET] = "pci.reset",
    [REG_ID] = "pci.id",
    [REG_COMMAND] = "pci.command",
    [REG_STATUS] = "pci.status",
    [REG_CLASS] = "pci.class",
    [REG_HEADER] = "pci.header",
    [REG_BAR] = "pci.bar", /* and the busses of a bridge */
    [REG_SUBSYSTEM] = "pci.subsystem",
    [REG_INTERRUPT] = "pci.interrupt",
    [REG_PRIVATE] = "pci.private", /* and capabilities */
    NULL,
};

struct function {
    uint8_t device, function;
    bool behind; /* the bridge */
    uint8_t bytes[SPACE], writable[SPACE];
};

struct pci {
    struct device device;
    uint32_t address;
    uint8_t reset;
    uint32_t count;
    struct function functions[FUNCTIONS];
};

/* ---- The boards ---------------------------------------------------------------------------- */

/* A doubleword of configuration space as firmware leaves it, and its bits that can be written. Not
 * named: zeros, of which from 0x40 on all can be written. A row of zeros is the last. (Bits of the
 * status registers would be cleared by ones, but nothing here sets them.) */
struct row {
    uint32_t offset, value, writable;
};

#define COMMAND_ROW(value)                                                                         \
    {                                                                                              \
        0x04, (value), 0x00000507                                                                  \
    }
#define HEADER_ROW(value)                                                                          \
    {                                                                                              \
        0x0c, (value), 0x000000ff                                                                  \
    }
#define SUBSYSTEM_ROW                                                                              \
    {                                                                                              \
        0x2c, 0x11001af4, 0                                                                        \
    }
#define INTERRUPT_ROW(value)                                                                       \
    {                                                                                              \
        0x3c, (value), 0x000000ff                                                                  \
    }
#define ALL UINT32_MAX

static const struct row q35_host[] = {
    {0x00, 0x29c08086, 0},
    COMMAND_ROW(0x103),
    {0x08, 0x06000000, 0},
    HEADER_ROW(0),
    SUBSYSTEM_ROW,
    INTERRUPT_ROW(0),
    {0x50, EXTENDED_TSEG, ALL},
    {0x60, 0xb0000001, ALL},
    {0x90, 0x11111110, ALL},
    {0x94, 0x00331111, ALL},
    {0x9c, 0x00380a00, 0xff877800},
    {0},
};
static const struct row ich9_isa[] = {
    {0x00, 0x29188086, 0},
    COMMAND_ROW(0x103),
    {0x08, 0x06010002, 0},
    HEADER_ROW(0x00800000),
    SUBSYSTEM_ROW,
    INTERRUPT_ROW(0),
    {0x40, 0x00000601, 0x0000ff87},
    {0x44, 0x00000080, ALL},
    {0x60, 0x0b0b0a0a, ALL},
    {0x68, 0x0b0b0a0a, ALL},
    {0x80, 0x00030000, ALL},
    {0xa0, 0x00000010, 0xffffffef},
    {0xf0, 0xfed1c001, ALL},
    {0},
};
static const struct row ich9_ahci[] = {
    {0x00, 0x29228086, 0},
    COMMAND_ROW(0x00100107),
    {0x08, 0x01060102, 0},
    HEADER_ROW(0x00800000),
    {0x20, 0x0000c041, 0xffffffe0},
    {0x24, 0xfebff000, 0xfffff000},
    SUBSYSTEM_ROW,
    {0x34, 0x00000080, 0},
    INTERRUPT_ROW(0x0000010a),
    {0x80, 0x0080a805, 0x00710000},
    {0x84, 0, 0xfffffffc},
    {0x90, 0x00000040, ALL},
    {0xa8, 0x00100012, 0},
    {0xac, 0x00000048, 0},
    {0},
};
static const struct row ich9_smbus[] = {
    {0x00, 0x29308086, 0},
    COMMAND_ROW(0x103),
    {0x08, 0x0c050002, 0},
    HEADER_ROW(0x00800000),
    {0x20, 0x00000701, 0xffffffc0},
    SUBSYSTEM_ROW,
    INTERRUPT_ROW(0x0000010a),
    {0x40, 0x00000001, 0xfffffff7},
    {0},
};
static const struct row i440fx_host[] = {
    {0x00, 0x12378086, 0},
    COMMAND_ROW(0x103),
    {0x08, 0x06000002, 0},
    HEADER_ROW(0),
    SUBSYSTEM_ROW,
    INTERRUPT_ROW(0),
    {0x54, 0x10000000, ALL},
    {0x58, 0x11111000, ALL},
    {0x5c, 0x33111111, ALL},
    {0x70, 0x000a0000, ALL},
    {0},
};
static const struct row piix3_isa[] = {
    {0x00, 0x70008086, 0},   COMMAND_ROW(0x02000103), {0x08, 0x06010000, 0},
    HEADER_ROW(0x00800000),  SUBSYSTEM_ROW,           INTERRUPT_ROW(0),
    {0x4c, 0x0003004d, ALL}, {0x60, 0x0b0b0a0a, ALL}, {0x68, 0x00000200, ALL},
    {0x70, 0x00000080, ALL}, {0x74, 0x0c0c0000, ALL}, {0x78, 0x00000002, ALL},
    {0xa0, 0x00000008, ALL}, {0xa8, 0x0000000f, ALL}, {0},
};
static const struct row piix3_ide[] = {
    {0x00, 0x70108086, 0}, COMMAND_ROW(0x02800103),        {0x08, 0x01018000, 0},
    HEADER_ROW(0),         {0x20, 0x0000c001, 0xfffffff0}, SUBSYSTEM_ROW,
    INTERRUPT_ROW(0),      {0x40, 0x80008000, ALL},        {0},
};
static const struct row piix4_pm[] = {
    {0x00, 0x71138086, 0},   COMMAND_ROW(0x02800103), {0x08, 0x06800003, 0},
    HEADER_ROW(0),           SUBSYSTEM_ROW,           INTERRUPT_ROW(0x00000109),
    {0x40, 0x00000601, ALL}, {0x58, 0x02000000, ALL}, {0x5c, 0x10000000, ALL},
    {0x60, 0x60000000, ALL}, {0x64, 0x98000000, ALL}, {0x80, 0x00000001, ALL},
    {0x90, 0x00000701, ALL}, {0xd0, 0x00090000, ALL}, {0},
};
/* -device pci-bridge,addr=2,chassis_nr=1: to bus 1, with a hot plug controller of its own */
static const struct row bridge[] = {
    {0x00, 0x00011b36, 0},
    COMMAND_ROW(0x00b00103),
    {0x08, 0x06040000, 0},
    HEADER_ROW(0x00010000),
    {0x10, 0xfe800004, 0xffffff00},
    {0x14, 0, ALL},
    {0x18, 0x00010100, ALL},
    {0x1c, 0x00a0c0c0, 0x0000f0f0},
    {0x20, 0xfe70fe60, 0xfff0fff0},
    {0x24, 0xfeb1fea1, 0xfff0fff0},
    {0x28, 0, ALL},
    {0x2c, 0, ALL},
    {0x34, 0x0000004c, 0},
    {0x3c, 0x0002010b, 0x0bff00ff},
    {0x40, 0x0000000c, 0x00ff0000},
    {0x44, 0, 0},
    {0x48, 0x01204004, 0xff000000},
    {0x4c, 0x01804805, 0x00710000},
    {0x50, 0, 0xfffffffc},
    {0x58, 0, 0x0000ffff},
    {0x5c, 0, 0x00000001},
    {0x60, 0, 0},
    {0},
};
/* -device pci-testdev,addr=1,membar=1M on its bus: BARs of every kind */
static const struct row behind_bridge[] = {
    {0x00, 0x00051b36, 0},
    COMMAND_ROW(0x103),
    {0x08, 0x00ff0000, 0},
    HEADER_ROW(0),
    {0x10, 0xfe600000, 0xfffff000},
    {0x14, 0x0000c001, 0xffffff00},
    {0x18, 0xfea0000c, 0xfff00000},
    {0x1c, 0, ALL},
    SUBSYSTEM_ROW,
    INTERRUPT_ROW(0),
    {0},
};

static const struct place {
    uint8_t device, function;
    const struct row *rows;
} q35[] = {{0, 0, q35_host}, {31, 0, ich9_isa}, {31, 2, ich9_ahci}, {31, 3, ich9_smbus}},
  i440fx[] = {{0, 0, i440fx_host}, {1, 0, piix3_isa}, {1, 1, piix3_ide}, {1, 3, piix4_pm}};

static void put(struct function *function, const struct row *row)
{
    for (uint32_t i = 0; i < 4; i++) {
        function->bytes[row->offset + i] = (uint8_t)(row->value >> 8 * i);
        function->writable[row->offset + i] = (uint8_t)(row->writable >> 8 * i);
    }
}

static struct function *add_function(struct pci *pci, const struct place *place)
{
    struct function *function = &pci->functions[pci->count++];

    *function = (struct function){.device = place->device, .function = place->function};
    memset(function->writable + PRIVATE, 0xff, SPACE - PRIVATE);
    for (const struct row *row = place->rows; row == place->rows || row->offset != 0; row++) {
        put(function, row);
    }
    return function;
}

/* A bridge, and where firmware moves what is beside it. */
static void add_bridge(struct pci *pci, enum rescind_board_machine machine)
{
    struct function *disks = &pci->functions[2], *added;

    added = add_function(pci, &(struct place){2, 0, bridge});
    if (machine == RESCIND_BOARD_Q35) {
        put(disks, &(struct row){0x20, 0x0000d041, 0xffffffe0});
        put(disks, &(struct row){0x24, 0xfe801000, 0xfffff000});
    } else {
        put(disks, &(struct row){0x20, 0x0000d001, 0xfffffff0});
        put(added, &(struct row){0x3c, 0x0002010a, 0x0bff00ff});
    }
    add_function(pci, &(struct place){1, 0, behind_bridge})->behind = true;
}

static void pci_reset(struct device *device)
{
    struct pci *pci = (struct pci *)device;
    const struct rescind_board_options *options = board_options(device->board);
    const struct place *places = options->machine == RESCIND_BOARD_Q35 ? q35 : i440fx;

    pci->address = options->machine == RESCIND_BOARD_Q35 ? 0x80000060 : 0x8000005c;
    pci->reset = 0;
    pci->count = 0;
    for (unsigned i = 0; i < G_N_ELEMENTS(q35); i++) {
        add_function(pci, &places[i]);
    }
    if (options->bridge) {
        add_bridge(pci, options->machine);
    }
}

/* ---- Configuration space ------------------------------------------------------------------- */

static uint16_t word_at(const struct function *function, uint32_t offset)
{
    return (uint16_t)(function->bytes[offset] | function->bytes[offset + 1] << 8);
}

static bool is_bridge(const struct function *function)
{
    return (function->bytes[HEADER] & 0x7f) == 1;
}

/* The bus behind the bridge, where there is one that is open, or else 0. */
static uint32_t secondary(const struct pci *pci)
{
    for (uint32_t i = 0; i < pci->count; i++) {
        if (is_bridge(&pci->functions[i])) {
            return pci->functions[i].bytes[SECONDARY];
        }
    }
    return 0;
}

/* The function that the address register names, or NULL. */
static struct function *selected(struct pci *pci)
{
    uint32_t bus = pci->address >> 16 & 0xff;
    bool behind = bus != 0;

    if ((pci->address & ENABLE) == 0 || (behind && secondary(pci) != bus)) {
        return NULL;
    }
    for (uint32_t i = 0; i < pci->count; i++) {
        struct function *function = &pci->functions[i];

        if (function->behind == behind && function->device == (pci->address >> 11 & 31) &&
            function->function == (pci->address >> 8 & 7)) {
            return function;
        }
    }
    return NULL;
}

/* Which register, as can be taken out, a byte of configuration space is of. */
static unsigned register_of(uint32_t at)
{
    static const struct {
        uint32_t end;
        unsigned reg;
    } parts[] = {
        {COMMAND, REG_ID},
        {STATUS, REG_COMMAND},
        {CLASS, REG_STATUS},
        {LINE_SIZE, REG_CLASS},
        {BARS, REG_HEADER},
        {BARS_END, REG_BAR},
        {CAPABILITIES, REG_SUBSYSTEM},
        {INTERRUPT, REG_PRIVATE},
        {PRIVATE, REG_INTERRUPT},
        {SPACE, REG_PRIVATE},
    };
    unsigned i = 0;

    while (at >= parts[i].end) {
        i++;
    }
    return parts[i].reg;
}

/* What a byte says, if the function is a bridge and lies about it. */
static uint8_t say(const struct pci *pci, const struct function *function, uint32_t at)
{
    uint16_t class = word_at(function, CLASS + 2);

    if ((at == HEADER || at == SECONDARY) && class >> 8 == 6 && class != 0x0600 &&
        board_has_fault(pci->device.board, RESCIND_FAULT_PCI_LOOP, NULL)) {
        return at == HEADER ? (function->bytes[at] & 0x80) | 1 : 0;
    }
    return function->bytes[at];
}

static uint32_t read_data(struct pci *pci, uint32_t offset, unsigned bytes)
{
    const struct function *function = selected(pci);
    uint32_t start = (pci->address & 0xff) | offset, value = 0;

    if (!device_has(&pci->device, REG_DATA)) {
        return 0;
    }
    if (function == NULL) {
        return UINT32_MAX;
    }
    for (unsigned i = 0; i < bytes && start + i < SPACE; i++) {
        if (device_has(&pci->device, register_of(start + i))) {
            value |= (uint32_t)say(pci, function, start + i) << 8 * i;
        }
    }
    return value;
}

/* Q35, 5.1.21: the lock bit closes SMRAM, and then these two registers but for D_CLS keep what they
 * have until reset. */
static void lock_smram(struct function *function)
{
    if ((function->bytes[SMRAM] & SMRAM_LOCK) != 0) {
        function->bytes[SMRAM] &= (uint8_t)~SMRAM_OPEN;
        function->writable[SMRAM] = SMRAM_CLOSED;
        function->writable[ESMRAM] = 0;
    }
    if (word_at(function, TSEG) == TSEG_ASKED) {
        function->bytes[TSEG] = EXTENDED_TSEG;
        function->bytes[TSEG + 1] = 0;
    }
}

/* Message-signalled interrupts that are on: no more messages than the one that there is. */
static void limit_messages(struct function *function)
{
    uint32_t at = function->bytes[CAPABILITIES];

    if (at != 0 && function->bytes[at] == MSI && (function->bytes[at + 2] & MSI_ON) != 0) {
        function->bytes[at + 2] &= (uint8_t)~MSI_COUNT;
    }
}

/* PCI-to-PCI Bridge Architecture 1.2, 3.2.5.18: the bus behind it is reset. */
static void reset_bus(struct pci *pci)
{
    for (uint32_t i = 0; i < pci->count; i++) {
        struct function *function = &pci->functions[i];

        for (uint32_t at = 0; at < PRIVATE && function->behind; at++) {
            function->bytes[at] &= (uint8_t)~function->writable[at];
        }
    }
}

static uint8_t writable(const struct pci *pci, const struct function *function, uint32_t at)
{
    uint32_t end = is_bridge(function) ? BRIDGE_BARS_END : BARS_END;

    if (at >= BARS && at < end &&
        board_has_fault(pci->device.board, RESCIND_FAULT_PCI_BARS, NULL)) {
        return 0xff;
    }
    return function->writable[at];
}

static void write_data(struct pci *pci, uint32_t offset, unsigned bytes, uint64_t value)
{
    struct function *function = selected(pci);
    uint32_t start = (pci->address & 0xff) | offset;
    bool was_reset = function != NULL && (function->bytes[BRIDGE_CONTROL] & BUS_RESET) != 0;

    if (function == NULL || !device_has(&pci->device, REG_DATA)) {
        return;
    }
    for (unsigned i = 0; i < bytes && start + i < SPACE; i++) {
        uint8_t mask = writable(pci, function, start + i), *byte = &function->bytes[start + i];

        if (device_has(&pci->device, register_of(start + i))) {
            *byte = (uint8_t)((*byte & ~mask) | (value >> 8 * i & mask));
        }
    }
    limit_messages(function);
    if (word_at(function, 2) == Q35_HOST) {
        lock_smram(function);
    } else if (is_bridge(function) && !was_reset &&
               (function->bytes[BRIDGE_CONTROL] & BUS_RESET) != 0) {
        reset_bus(pci);
    }
}

/* ---- Ports --------------------------------------------------------------------------------- */

static bool is_reset(uint32_t offset, unsigned bytes)
{
    return offset == RESET_OFFSET && bytes == 1;
}

static bool is_absent(const struct pci *pci)
{
    return board_has_fault(pci->device.board, RESCIND_FAULT_PCI_ABSENT, NULL);
}

static uint64_t pci_read(struct device *device, uint32_t offset, unsigned bytes)
{
    struct pci *pci = (struct pci *)device;

    if (offset % bytes != 0) {
        return pci_read(device, offset, bytes / 2) | pci_read(device, offset + bytes / 2, bytes / 2)
                                                         << 4 * bytes;
    }
    if (is_reset(offset, bytes)) {
        return device_has(device, REG_RESET) ? pci->reset : 0;
    }
    if (offset >= PORTS || is_absent(pci)) {
        return UINT64_MAX >> (64 - 8 * bytes);
    }
    if (offset >= DATA_OFFSET) {
        return read_data(pci, offset - DATA_OFFSET, bytes) & UINT64_MAX >> (64 - 8 * bytes);
    }
    return device_has(device, REG_ADDRESS) ? pci->address & UINT64_MAX >> (64 - 8 * bytes) : 0;
}

/* ICH9, 13.7.5 and PIIX3, 2.2.4.3: the reset itself, or how it is to be. */
static void write_reset(struct pci *pci, uint64_t value)
{
    if (!device_has(&pci->device, REG_RESET)) {
        return;
    }
    if ((value & RESET_NOW) != 0) {
        board_pulse_reset(pci->device.board);
    } else if (board_options(pci->device.board)->machine == RESCIND_BOARD_Q35) {
        pci->reset = value & RESET_KEPT_ICH9;
    } else {
        pci->reset = value & RESET_KEPT_PIIX3;
    }
}

static void pci_write(struct device *device, uint32_t offset, unsigned bytes, uint64_t value)
{
    struct pci *pci = (struct pci *)device;

    if (offset % bytes != 0) {
        pci_write(device, offset, bytes / 2, value);
        pci_write(device, offset + bytes / 2, bytes / 2, value >> 4 * bytes);
    } else if (is_reset(offset, bytes)) {
        write_reset(pci, value);
    } else if (offset >= PORTS || is_absent(pci)) {
        return;
    } else if (offset >= DATA_OFFSET) {
        write_data(pci, offset - DATA_OFFSET, bytes, value);
    } else if (bytes == 4 && device_has(device, REG_ADDRESS)) {
        pci->address = (uint32_t)value;
    }
}

const struct device_class device_pci = {
    .name = "pci",
    .registers = registers,
    .size = sizeof(struct pci),
    .widest = 4,
    .reset = pci_reset,
    .read = pci_read,
    .write = pci_write,
};

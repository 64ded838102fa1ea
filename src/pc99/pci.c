/* PCI configuration by mechanism 1: see rescind/drivers.h. */
#include "rescind/drivers.h"
#include "rescind/platform.h"

enum { ADDRESS_PORT = 0xcf8, DATA_PORT = 0xcfc };
enum { BUSSES = 256, DEVICES = 32, FUNCTIONS = 8, BARS = 6, BRIDGE_BARS = 2 };
enum {
    REG_ID = 0x00,
    REG_COMMAND = 0x04,
    REG_CLASS = 0x08,
    REG_HEADER = 0x0c,
    REG_BARS = 0x10,
    REG_BUSSES = 0x18,
    REG_INTERRUPT = 0x3c,
};
enum { COMMAND_DECODE = 3, HEADER_MANY = 0x80, HEADER_PLAIN = 0, HEADER_BRIDGE = 1 };
enum { CLASS_HOST_BRIDGE = 0x0600 };
enum { BAR_PORT = 1, BAR_WIDE = 4, BAR_TYPE = 6, BAR_PREFETCH = 8 };
enum { BAR_PORT_FLAGS = 3, BAR_MEMORY_FLAGS = 15, PORT_SPACE = 1 << 16 };

#define ENABLE 0x80000000u

/* ---- Registers ----------------------------------------------------------------------------- */

static uint32_t address_of(uint8_t bus, uint8_t device, uint8_t function, uint8_t reg)
{
    return ENABLE | (uint32_t)bus << 16 | (uint32_t)(device % DEVICES) << 11 |
           (uint32_t)(function % FUNCTIONS) << 8 | (reg & 0xfcu);
}

static uint32_t read_at(uint32_t address)
{
    rescind_out32(ADDRESS_PORT, address);
    return rescind_in32(DATA_PORT);
}

static void write_at(uint32_t address, uint32_t value)
{
    rescind_out32(ADDRESS_PORT, address);
    rescind_out32(DATA_PORT, value);
}

uint32_t rescind_pci_read(uint8_t bus, uint8_t device, uint8_t function, uint8_t reg)
{
    return read_at(address_of(bus, device, function, reg));
}

void rescind_pci_write(uint8_t bus, uint8_t device, uint8_t function, uint8_t reg, uint32_t value)
{
    write_at(address_of(bus, device, function, reg), value);
}

/* Where nothing answers, reads float high; some bridges make that zeros, or half of it (as Linux
 * has found out). */
static bool is_there(uint32_t id)
{
    return (id & 0xffff) != 0xffff && (id & 0xffff) != 0 && id != 0xffff0000;
}

bool rescind_pci_present(void)
{
    rescind_out32(ADDRESS_PORT, ENABLE);
    if (rescind_in32(ADDRESS_PORT) != ENABLE) {
        return false;
    }
    for (uint8_t device = 0; device < DEVICES; device++) {
        if (is_there(rescind_pci_read(0, device, 0, REG_ID))) {
            return true;
        }
    }
    return false;
}

/* ---- A function ---------------------------------------------------------------------------- */

struct scan {
    void (*found)(void *context, const struct rescind_pci_device *device);
    void (*complain)(void *context, const struct rescind_trouble *trouble);
    void *context;
    uint32_t functions;
    uint32_t queued; /* busses that are known, in order of discovery */
    uint8_t queue[BUSSES];
    bool known[BUSSES];
};

static void complain(const struct scan *scan, const char *what, uint32_t address, uint32_t said)
{
    const struct rescind_trouble trouble = {"PCI", what, (uint64_t)address << 32 | said};

    if (scan->complain != NULL) {
        scan->complain(scan->context, &trouble);
    }
}

static bool is_power(uint64_t value)
{
    return value != 0 && (value & (value - 1)) == 0;
}

/* What a BAR says, and what it says of all ones. */
struct answer {
    uint32_t value, ones;
};

static struct answer ask(uint32_t address)
{
    struct answer answer = {.value = read_at(address)};

    write_at(address, UINT32_MAX);
    answer.ones = read_at(address);
    write_at(address, answer.value);
    return answer;
}

/* Bits that can be written go from the size's up to the top without a hole (PCI 6.2.5.1); of ports
 * the upper half may be missing. */
static bool read_port_bar(struct answer said, struct rescind_pci_bar *out)
{
    uint32_t mask = said.ones & ~(uint32_t)BAR_PORT_FLAGS;
    uint32_t top = mask < PORT_SPACE ? PORT_SPACE : 0, size = top - mask;

    *out = (struct rescind_pci_bar){
        .address = said.value & ~(uint32_t)BAR_PORT_FLAGS, .size = size, .port = true};
    return (said.value & BAR_PORT_FLAGS) == BAR_PORT && (said.ones & BAR_PORT_FLAGS) == BAR_PORT &&
           is_power(size) && size <= PORT_SPACE && (out->address & (size - 1)) == 0;
}

static bool read_memory_bar(struct answer low, struct answer high, struct rescind_pci_bar *out)
{
    uint64_t mask = (uint64_t)high.ones << 32 | (low.ones & ~(uint32_t)BAR_MEMORY_FLAGS);
    uint64_t size = -mask;
    bool wide = (low.value & BAR_TYPE) == BAR_WIDE;

    *out = (struct rescind_pci_bar){
        .address = (uint64_t)high.value << 32 | (low.value & ~(uint32_t)BAR_MEMORY_FLAGS),
        .size = size,
        .wide = wide,
        .prefetch = (low.value & BAR_PREFETCH) != 0,
    };
    return ((low.value ^ low.ones) & BAR_MEMORY_FLAGS) == 0 && (low.value & BAR_TYPE) != BAR_TYPE &&
           is_power(size) && (wide || size <= UINT32_MAX) && (out->address & (size - 1)) == 0;
}

/* Sizes the BAR at `address`, the last one or not; how many registers it takes. *bad: it makes no
 * sense, and this is what it said of all ones. */
static uint32_t size_bar(uint32_t address, bool last, struct rescind_pci_bar *out, uint32_t *bad)
{
    const struct answer narrow = {.value = 0, .ones = UINT32_MAX};
    struct answer low = ask(address);
    bool wide = (low.value & (BAR_PORT | BAR_TYPE)) == BAR_WIDE, good;

    *out = (struct rescind_pci_bar){0};
    *bad = 0;
    if (low.ones == 0) {
        return 1; /* there is none */
    }
    if ((low.value & BAR_PORT) != 0) {
        good = read_port_bar(low, out);
    } else if (wide) {
        good = !last && read_memory_bar(low, ask(address + 4), out);
    } else {
        good = read_memory_bar(low, narrow, out);
    }
    if (!good) {
        *out = (struct rescind_pci_bar){0};
        *bad = low.ones;
    }
    return wide && !last ? 2 : 1;
}

static uint32_t bars_of(const struct rescind_pci_device *device)
{
    switch (device->header) {
    case HEADER_PLAIN:
        return BARS;
    case HEADER_BRIDGE:
        return BRIDGE_BARS;
    default:
        return 0;
    }
}

/* The BARs; the first that makes no sense is complained of. */
static void size_bars(const struct scan *scan, uint32_t base, struct rescind_pci_device *device)
{
    uint32_t count = bars_of(device);
    bool complained = false;

    for (uint32_t i = 0, next; i < count; i = next) {
        uint32_t address = base + REG_BARS + 4 * i, bad;

        next = i + size_bar(address, i == count - 1, &device->bars[i], &bad);
        if (bad != 0 && !complained) {
            complain(scan, "a BAR makes no sense", address, bad);
            complained = true;
        }
    }
}

/* While a BAR is all ones its function must not answer there. Host bridges go on: what they decode
 * is the way to everything else. The status register's bits are cleared by ones: it gets zeros. */
static void size_quietly(const struct scan *scan, uint32_t base, struct rescind_pci_device *device)
{
    uint32_t command;

    if (device->class_code >> 8 == CLASS_HOST_BRIDGE) {
        size_bars(scan, base, device);
        return;
    }
    command = read_at(base | REG_COMMAND) & 0xffff;
    write_at(base | REG_COMMAND, command & ~(uint32_t)COMMAND_DECODE);
    size_bars(scan, base, device);
    write_at(base | REG_COMMAND, command);
}

/* A bus that a bridge leads to is looked at later, unless it has been before. */
static void follow(struct scan *scan, uint32_t base, struct rescind_pci_device *device)
{
    uint32_t busses = read_at(base | REG_BUSSES);

    device->secondary = (uint8_t)(busses >> 8);
    if (scan->known[device->secondary]) {
        complain(scan, "a bridge leads to a bus that is known", base | REG_BUSSES, busses);
        return;
    }
    scan->known[device->secondary] = true;
    scan->queue[scan->queued++] = device->secondary;
}

static void scan_function(struct scan *scan, uint32_t base, uint32_t id)
{
    uint32_t class = read_at(base | REG_CLASS), interrupt = read_at(base | REG_INTERRUPT);
    struct rescind_pci_device device = {
        .bus = (uint8_t)(base >> 16),
        .device = base >> 11 & (DEVICES - 1),
        .function = base >> 8 & (FUNCTIONS - 1),
        .vendor = (uint16_t)id,
        .id = (uint16_t)(id >> 16),
        .class_code = class >> 8,
        .revision = (uint8_t) class,
        .header = read_at(base | REG_HEADER) >> 16 & (HEADER_MANY - 1),
        .pin = (uint8_t)(interrupt >> 8),
        .line = (uint8_t)interrupt,
    };

    size_quietly(scan, base, &device);
    if (device.header == HEADER_BRIDGE) {
        follow(scan, base, &device);
    }
    scan->functions++;
    if (scan->found != NULL) {
        scan->found(scan->context, &device);
    }
}

/* ---- All of them --------------------------------------------------------------------------- */

/* Functions 1 to 7 only where function 0 says that there are some: others answer to all numbers. */
static void scan_device(struct scan *scan, uint8_t bus, uint8_t device)
{
    uint8_t count = 1;

    for (uint8_t function = 0; function < count; function++) {
        uint32_t base = address_of(bus, device, function, 0);
        uint32_t id = read_at(base);

        if (!is_there(id)) {
            continue;
        }
        if (function == 0 && (read_at(base | REG_HEADER) >> 16 & HEADER_MANY) != 0) {
            count = FUNCTIONS;
        }
        scan_function(scan, base, id);
    }
}

uint32_t rescind_pci_scan(void (*found)(void *context, const struct rescind_pci_device *device),
                          void (*complain)(void *context, const struct rescind_trouble *trouble),
                          void *context)
{
    struct scan scan = {.found = found, .complain = complain, .context = context, .queued = 1};

    scan.known[0] = true;
    for (uint32_t i = 0; i < scan.queued; i++) {
        for (uint8_t device = 0; device < DEVICES; device++) {
            scan_device(&scan, scan.queue[i], device);
        }
    }
    return scan.functions;
}

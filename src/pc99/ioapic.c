/* The I/O APIC. See rescind/drivers.h. */
#include "rescind/drivers.h"
#include "rescind/platform.h"

enum { AT_SELECT = 0x00, AT_WINDOW = 0x10 };
enum { INDEX_ID = 0, INDEX_VERSION = 1, INDEX_ENTRIES = 0x10 };
enum { ID_SHIFT = 24, ID_MASK = 0xf, LAST_SHIFT = 16, LAST_MASK = 0xff };
/* The data sheet has room for so many entries behind their index; versions are 0x1x and 0x2x. */
enum { INPUTS_MAX = 120, VERSION_MASK = 0xff, VERSION_FIRST = 0x10, VERSION_END = 0x30 };
enum {
    ENTRY_LOW = 1 << 13,
    ENTRY_LEVEL = 1 << 15,
    ENTRY_MASKED = 1 << 16,
    DESTINATION_SHIFT = 24,
};

static uint32_t read(uint64_t address, uint32_t index)
{
    rescind_write32(address + AT_SELECT, index);
    return rescind_read32(address + AT_WINDOW);
}

static void write(uint64_t address, uint32_t index, uint32_t value)
{
    rescind_write32(address + AT_SELECT, index);
    rescind_write32(address + AT_WINDOW, value);
}

/* An input's destination is in the register behind this one. */
static uint32_t entry(uint32_t input)
{
    return INDEX_ENTRIES + 2 * input;
}

static bool complain(struct rescind_trouble *trouble, const char *what, uint64_t value)
{
    *trouble = (struct rescind_trouble){"I/O APIC", what, value};
    return false;
}

bool rescind_ioapic_init(struct rescind_ioapic *ioapic, uint64_t address, uint32_t base,
                         struct rescind_trouble *trouble)
{
    uint32_t version = read(address, INDEX_VERSION);
    uint32_t inputs = (version >> LAST_SHIFT & LAST_MASK) + 1;

    if ((version & VERSION_MASK) < VERSION_FIRST || (version & VERSION_MASK) >= VERSION_END ||
        inputs > INPUTS_MAX) {
        return complain(trouble, "there is none with this version", version);
    }
    *ioapic = (struct rescind_ioapic){
        .address = address,
        .base = base,
        .inputs = inputs,
        .id = read(address, INDEX_ID) >> ID_SHIFT & ID_MASK,
        .version = version,
    };
    for (uint32_t i = 0; i < inputs; i++) {
        write(address, entry(i), ENTRY_MASKED);
        if ((read(address, entry(i)) & ENTRY_MASKED) == 0) {
            return complain(trouble, "this input can't be masked", i);
        }
        write(address, entry(i) + 1, 0);
    }
    return true;
}

static bool is_input(const struct rescind_ioapic *ioapic, uint32_t gsi)
{
    return gsi >= ioapic->base && gsi - ioapic->base < ioapic->inputs;
}

bool rescind_ioapic_route(const struct rescind_ioapic *ioapic, uint32_t gsi, uint8_t vector,
                          uint32_t apic, bool low, bool level)
{
    uint32_t index = entry(gsi - ioapic->base);

    if (!is_input(ioapic, gsi)) {
        return false;
    }
    write(ioapic->address, index, ENTRY_MASKED);
    write(ioapic->address, index + 1, apic << DESTINATION_SHIFT);
    write(ioapic->address, index,
          ENTRY_MASKED | (low ? ENTRY_LOW : 0) | (level ? ENTRY_LEVEL : 0) | vector);
    return true;
}

bool rescind_ioapic_mask(const struct rescind_ioapic *ioapic, uint32_t gsi, bool masked)
{
    uint32_t index = entry(gsi - ioapic->base), value;

    if (!is_input(ioapic, gsi)) {
        return false;
    }
    value = read(ioapic->address, index) & ~(uint32_t)ENTRY_MASKED;
    rescind_write32(ioapic->address + AT_WINDOW, value | (masked ? ENTRY_MASKED : 0));
    return true;
}

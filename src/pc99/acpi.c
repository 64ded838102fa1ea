/* ACPI tables: see rescind/drivers.h. Nothing of a table is believed before its length has been
 * checked against the firmware's memory, and its bytes add up to zero. */
#include "rescind/drivers.h"
#include "rescind/platform.h"

enum { TABLE_MAX = 1 << 20, HEADER = 36, PARAGRAPH = 16 };
enum { EBDA_SEGMENT = 0x40e, EBDA_SIZE = 1024, BIOS_START = 0xe0000, BIOS_END = 0x100000 };
enum { RSDP_SIZE = 20, RSDP_REVISION = 15, RSDP_RSDT = 16 };
enum { RSDP_HAS_XSDT = 2, RSDP_LENGTH = 20, RSDP_XSDT = 24, RSDP_SIZE_2 = 36 };
enum { TABLE_LENGTH = 4 };

enum {
    FADT_TIMER = 76,
    FADT_TIMER_LENGTH = 91,
    FADT_CENTURY = 108,
    FADT_BOOT = 109,
    FADT_FLAGS = 112,
    FADT_LEAST = 116, /* ACPI 1 */
    FADT_RESET = 116,
    FADT_RESET_VALUE = 128,
    FADT_RESET_END = 129,
};
enum { FADT_REVISION = 8, FADT_HAS_BOOT = 3, BOOT_I8042 = 2, FLAG_RESET = 1 << 10 };
enum { SPACE_MEMORY = 0, SPACE_PORT = 1, ADDRESS_AT = 4, PORT_MAX = 0xffff };

enum { MADT_LAPIC = 36, MADT_FLAGS = 40, MADT_ENTRIES = 44, MADT_HAS_PICS = 1 };
enum { ENTRY_LAPIC = 0, ENTRY_IOAPIC = 1, ENTRY_OVERRIDE = 2, ENTRY_ADDRESS = 5, ENTRY_X2APIC = 9 };
enum { PROCESSOR_ENABLED = 1, ISA_LINES = 16 };
enum { POLARITY_LOW = 3, TRIGGER_LEVEL = 3 };

enum { HPET_ADDRESS = 40, HPET_LEAST = 56 };

#define ABOVE_32_BITS ((uint64_t)1 << 32)

/* ---- Bytes --------------------------------------------------------------------------------- */

/* A table whose bytes are all there and add up. */
struct table {
    const char *name;
    const uint8_t *bytes;
    uint32_t size;
};

static uint64_t field(const uint8_t *bytes, uint32_t offset, uint32_t size)
{
    uint64_t value = 0;

    for (uint32_t i = 0; i < size; i++) {
        value |= (uint64_t)bytes[offset + i] << 8 * i;
    }
    return value;
}

static uint8_t sum(const uint8_t *bytes, uint32_t size)
{
    uint8_t total = 0;

    for (uint32_t i = 0; i < size; i++) {
        total = (uint8_t)(total + bytes[i]);
    }
    return total;
}

static bool is(const uint8_t *bytes, const char *signature, uint32_t size)
{
    return memcmp(bytes, signature, size) == 0;
}

static bool fail(struct rescind_trouble *trouble, const char *name, const char *what,
                 uint64_t value)
{
    *trouble = (struct rescind_trouble){name, what, value};
    return false;
}

/* `size` bytes at `address`, which are all of the table `name`. */
static bool check(uint64_t address, uint64_t size, struct table *out, const char *name,
                  uint32_t least, struct rescind_trouble *trouble)
{
    const uint8_t *bytes;

    if (size < least || size > TABLE_MAX) {
        return fail(trouble, name, "its length makes no sense", size);
    }
    bytes = rescind_firmware(address, size);
    if (bytes == NULL) {
        return fail(trouble, name, "it is not all in memory", address);
    }
    if (sum(bytes, (uint32_t)size) != 0) {
        return fail(trouble, name, "its checksum is wrong: its bytes add up to",
                    sum(bytes, (uint32_t)size));
    }
    *out = (struct table){name, bytes, (uint32_t)size};
    return true;
}

/* ---- The RSDP and what it names ------------------------------------------------------------ */

static bool is_rsdp(uint64_t address)
{
    const uint8_t *bytes = rescind_firmware(address, RSDP_SIZE);

    return bytes != NULL && is(bytes, "RSD PTR ", 8) && sum(bytes, RSDP_SIZE) == 0;
}

static uint64_t find_between(uint64_t start, uint64_t end)
{
    for (uint64_t address = start; address + RSDP_SIZE <= end; address += PARAGRAPH) {
        if (is_rsdp(address)) {
            return address;
        }
    }
    return 0;
}

uint64_t rescind_acpi_find(void)
{
    const uint8_t *segment = rescind_firmware(EBDA_SEGMENT, 2);
    uint64_t ebda = segment != NULL ? field(segment, 0, 2) * PARAGRAPH : 0;
    uint64_t found = ebda != 0 ? find_between(ebda, ebda + EBDA_SIZE) : 0;

    return found != 0 ? found : find_between(BIOS_START, BIOS_END);
}

/* The RSDP itself, and the part that ACPI 2 has added. */
static bool read_rsdp(uint64_t address, struct table *out, struct rescind_trouble *trouble)
{
    const uint8_t *more;

    if (address == 0) {
        return fail(trouble, "ACPI RSDP", "there is none", address);
    }
    if (!check(address, RSDP_SIZE, out, "ACPI RSDP", RSDP_SIZE, trouble)) {
        return false;
    }
    if (!is(out->bytes, "RSD PTR ", 8)) {
        return fail(trouble, out->name, "it has another signature", field(out->bytes, 0, 8));
    }
    if (out->bytes[RSDP_REVISION] < RSDP_HAS_XSDT) {
        return true;
    }
    more = rescind_firmware(address, RSDP_SIZE_2);
    if (more == NULL) {
        return fail(trouble, out->name, "it is not all in memory", address);
    }
    return check(address, field(more, RSDP_LENGTH, 4), out, out->name, RSDP_SIZE_2, trouble);
}

/* The table of tables: the XSDT where there is one (*width 8), or else the RSDT (4). */
static bool read_list(const struct table *rsdp, struct table *out, uint32_t *width,
                      struct rescind_trouble *trouble)
{
    uint64_t xsdt = rsdp->size >= RSDP_SIZE_2 ? field(rsdp->bytes, RSDP_XSDT, 8) : 0;
    uint64_t address = xsdt != 0 ? xsdt : field(rsdp->bytes, RSDP_RSDT, 4);
    const char *name = xsdt != 0 ? "ACPI XSDT" : "ACPI RSDT";
    const uint8_t *header = rescind_firmware(address, HEADER);

    *width = xsdt != 0 ? 8 : 4;
    if (header == NULL) {
        return fail(trouble, name, "it is not all in memory", address);
    }
    if (!is(header, xsdt != 0 ? "XSDT" : "RSDT", 4)) {
        return fail(trouble, name, "it has another signature", field(header, 0, 4));
    }
    return check(address, field(header, TABLE_LENGTH, 4), out, name, HEADER, trouble);
}

/* ---- FADT ---------------------------------------------------------------------------------- */

/* ACPI 1's ends before the reset register, and says nothing of an i8042. */
static void read_fadt(const struct table *table, struct rescind_acpi *out)
{
    const uint8_t *bytes = table->bytes;
    uint64_t timer = field(bytes, FADT_TIMER, 4), reset;

    out->century = bytes[FADT_CENTURY];
    out->has_i8042 =
        bytes[FADT_REVISION] < FADT_HAS_BOOT || (field(bytes, FADT_BOOT, 2) & BOOT_I8042) != 0;
    if (bytes[FADT_TIMER_LENGTH] == 4 && timer <= PORT_MAX) {
        out->pm_timer = (uint16_t)timer;
    }
    if (table->size < FADT_RESET_END || (field(bytes, FADT_FLAGS, 4) & FLAG_RESET) == 0) {
        return;
    }
    reset = field(bytes, FADT_RESET + ADDRESS_AT, 8);
    if (bytes[FADT_RESET] == SPACE_PORT && reset <= PORT_MAX) {
        out->reset_port = (uint16_t)reset;
        out->reset_value = bytes[FADT_RESET_VALUE];
    }
}

/* ---- MADT ---------------------------------------------------------------------------------- */

/* The first so many that there is room for; some firmware names one by both kinds of entry. */
static void add_processor(struct rescind_acpi *out, uint32_t apic, uint64_t flags)
{
    for (uint32_t i = 0; i < out->processor_count; i++) {
        if (out->processors[i] == apic) {
            return;
        }
    }
    if ((flags & PROCESSOR_ENABLED) != 0 && out->processor_count < RESCIND_ACPI_PROCESSORS) {
        out->processors[out->processor_count++] = apic;
    }
}

static void add_ioapic(struct rescind_acpi *out, const uint8_t *entry)
{
    uint32_t i = out->ioapic_count;

    if (i < RESCIND_ACPI_IOAPICS) {
        out->ioapics[i].id = entry[2];
        out->ioapics[i].address = field(entry, 4, 4);
        out->ioapics[i].base = (uint32_t)field(entry, 8, 4);
        out->ioapic_count++;
    }
}

/* What conforms to the bus is ISA's way: high and edge. */
static void add_override(struct rescind_acpi *out, const uint8_t *entry)
{
    uint64_t flags = field(entry, 8, 2);

    if (entry[3] < ISA_LINES && out->override_count < RESCIND_ACPI_OVERRIDES) {
        out->overrides[out->override_count++] = (struct rescind_acpi_override){
            .line = entry[3],
            .low = (flags & 3) == POLARITY_LOW,
            .level = (flags >> 2 & 3) == TRIGGER_LEVEL,
            .gsi = (uint32_t)field(entry, 4, 4),
        };
    }
}

/* How long an entry of this kind is at least; what isn't needed has just a head. */
static uint32_t entry_least(uint8_t kind)
{
    switch (kind) {
    case ENTRY_LAPIC:
        return 8;
    case ENTRY_IOAPIC:
    case ENTRY_ADDRESS:
        return 12;
    case ENTRY_OVERRIDE:
        return 10;
    case ENTRY_X2APIC:
        return 16;
    default:
        return 2;
    }
}

static void read_entry(struct rescind_acpi *out, const uint8_t *entry)
{
    switch (entry[0]) {
    case ENTRY_LAPIC:
        add_processor(out, entry[3], field(entry, 4, 4));
        break;
    case ENTRY_X2APIC:
        add_processor(out, (uint32_t)field(entry, 4, 4), field(entry, 8, 4));
        break;
    case ENTRY_IOAPIC:
        add_ioapic(out, entry);
        break;
    case ENTRY_OVERRIDE:
        add_override(out, entry);
        break;
    case ENTRY_ADDRESS:
        out->lapic = field(entry, 4, 8);
        break;
    default:
        break;
    }
}

static bool read_madt(const struct table *table, struct rescind_acpi *out,
                      struct rescind_trouble *trouble)
{
    uint32_t at = MADT_ENTRIES;

    out->lapic = field(table->bytes, MADT_LAPIC, 4);
    out->has_pics = (table->bytes[MADT_FLAGS] & MADT_HAS_PICS) != 0;
    while (table->size - at >= 2) {
        const uint8_t *entry = table->bytes + at;

        if (entry[1] < entry_least(entry[0]) || entry[1] > table->size - at) {
            return fail(trouble, table->name, "an entry's length makes no sense", entry[1]);
        }
        read_entry(out, entry);
        at += entry[1];
    }
    return at == table->size || fail(trouble, table->name, "its last entry is cut short", at);
}

/* ---- HPET ---------------------------------------------------------------------------------- */

static bool read_hpet(const struct table *table, struct rescind_acpi *out,
                      struct rescind_trouble *trouble)
{
    uint64_t address = field(table->bytes, HPET_ADDRESS + ADDRESS_AT, 8);

    if (table->bytes[HPET_ADDRESS] != SPACE_MEMORY || address == 0 || address >= ABOVE_32_BITS) {
        return fail(trouble, table->name, "its address makes no sense", address);
    }
    out->hpet = address;
    return true;
}

/* ---- All of them --------------------------------------------------------------------------- */

enum kind { FADT, MADT, HPET, KINDS };
static const struct {
    char signature[5];
    const char *name;
    uint32_t least;
} kinds[KINDS] = {
    [FADT] = {"FACP", "ACPI FADT", FADT_LEAST},
    [MADT] = {"APIC", "ACPI MADT", MADT_ENTRIES},
    [HPET] = {"HPET", "ACPI HPET table", HPET_LEAST},
};

static enum kind kind_of(const uint8_t *header)
{
    enum kind kind = FADT;

    while (kind < KINDS && !is(header, kinds[kind].signature, 4)) {
        kind++;
    }
    return kind;
}

static bool read_table(const struct table *table, enum kind kind, struct rescind_acpi *out,
                       struct rescind_trouble *trouble)
{
    if (kind == FADT) {
        read_fadt(table, out);
        return true;
    }
    return kind == MADT ? read_madt(table, out, trouble) : read_hpet(table, out, trouble);
}

/* For a log: nothing but ASCII. */
static void name_table(char *name, const uint8_t *signature)
{
    for (uint32_t i = 0; i < 4; i++) {
        name[i] = (char)(signature[i] >= ' ' && signature[i] <= '~' ? signature[i] : '?');
    }
}

/* The first table of a kind counts. */
static bool open_table(uint64_t address, bool seen[KINDS + 1], struct rescind_acpi *out,
                       struct rescind_trouble *trouble)
{
    const uint8_t *header = rescind_firmware(address, HEADER);
    struct rescind_trouble unneeded;
    struct table table;
    enum kind kind;
    bool needed;

    if (address == 0 || header == NULL) {
        return true;
    }
    kind = kind_of(header);
    needed = kind != KINDS && !seen[kind];
    seen[kind] = true;
    if (!check(address, field(header, TABLE_LENGTH, 4), &table, needed ? kinds[kind].name : "",
               needed ? kinds[kind].least : HEADER, needed ? trouble : &unneeded)) {
        return !needed;
    }
    name_table(out->tables[out->table_count++], header);
    return !needed || read_table(&table, kind, out, trouble);
}

bool rescind_acpi_read(uint64_t rsdp, struct rescind_acpi *out, struct rescind_trouble *trouble)
{
    bool seen[KINDS + 1] = {false};
    struct table pointer, list;
    uint32_t width, count;

    *out = (struct rescind_acpi){.has_pics = true, .has_i8042 = true};
    if (!read_rsdp(rsdp, &pointer, trouble)) {
        return false;
    }
    out->revision = pointer.bytes[RSDP_REVISION];
    if (!read_list(&pointer, &list, &width, trouble)) {
        return false;
    }
    count = (list.size - HEADER) / width;
    if (count > RESCIND_ACPI_TABLES) {
        return fail(trouble, list.name, "it names too many tables", count);
    }
    for (uint32_t i = 0; i < count; i++) {
        if (!open_table(field(list.bytes, HEADER + i * width, width), seen, out, trouble)) {
            return false;
        }
    }
    return true;
}

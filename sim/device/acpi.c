/* The ACPI tables that firmware leaves in memory: those of QEMU 7.2's q35 and pc boards, with the
 * same signatures in the same order and, but for a DSDT without any code in it, the same bytes at
 * addresses as on a machine of 128 MiB. Source: ACPI specification 6.4; IA-PC HPET specification
 * 1.0a; the PCI Firmware specification (MCFG); WAET is Microsoft's.
 *
 * Each table is a piece of memory of its own, just as large as it is, so that tools that look for
 * reads outside memory find those outside a table. Registers it has none. */
#include <string.h>

#include "rescind/platform.h"
#include "sim/device/models.h"

enum { TABLES_START = 0x7fe0000, TABLES_MAX = 16, HEADER = 36, MADT_ENTRIES = 44 };
enum { RSDP_Q35 = 0xf59e0, RSDP_PC = 0xf59d0, RSDP_SIZE = 20, RSDP_SIZE_2 = 36 };
enum { EBDA_SEGMENT = 0x40e, EBDA = 0x9fc00, EBDA_SIZE = 1024, BIOS = 0xf0000 };
enum { MADT_NUMBER = 3 }; /* as faults count */
enum { CLUSTERED = 8 };
enum { SUM_AT = 9, LENGTH_AT = 4, RSDP_SUM_AT = 8, RSDP_LENGTH_AT = 20, RSDP_SUM_2_AT = 32 };

struct acpi {
    struct device device;
    uint64_t next;  /* where the next table goes */
    uint32_t count; /* of tables, counted as the faults do */
    uint64_t tables[TABLES_MAX];
    uint32_t madt_size; /* whatever it says */
};

static const char *const registers[] = {NULL};

/* ---- Bytes --------------------------------------------------------------------------------- */

struct field {
    uint16_t offset;
    uint8_t size;
    uint64_t value;
};

static void put(uint8_t *bytes, unsigned offset, unsigned size, uint64_t value)
{
    for (unsigned i = 0; i < size; i++) {
        bytes[offset + i] = (uint8_t)(value >> 8 * i);
    }
}

/* Makes bytes add up to 0 by the one at `at`. */
static void fix_sum(uint8_t *bytes, size_t size, unsigned at)
{
    uint8_t sum = 0;

    bytes[at] = 0;
    for (size_t i = 0; i < size; i++) {
        sum = (uint8_t)(sum + bytes[i]);
    }
    bytes[at] = (uint8_t)-sum;
}

static GByteArray *zeros(guint size)
{
    return g_byte_array_new_take(g_malloc0(size), size);
}

/* A table with its header, zeros behind it, and fields. */
static GByteArray *make(const char *signature, unsigned revision, guint size,
                        const struct field *fields, size_t count)
{
    GByteArray *table = zeros(size);

    memcpy(table->data, signature, 4);
    put(table->data, LENGTH_AT, 4, size);
    table->data[8] = (uint8_t)revision;
    memcpy(table->data + 10, "BOCHS BXPC    ", 14);
    put(table->data, 24, 4, 1);
    memcpy(table->data + 28, "BXPC", 4);
    put(table->data, 32, 4, 1);
    for (size_t i = 0; i < count; i++) {
        put(table->data, fields[i].offset, fields[i].size, fields[i].value);
    }
    return table;
}

/* Firmware puts it behind the others; where it is. */
static uint64_t place(struct acpi *acpi, GByteArray *table)
{
    uint64_t address = acpi->next;

    if (table->len >= HEADER) {
        fix_sum(table->data, table->len, SUM_AT);
    }
    acpi->next += table->len;
    board_add_firmware(acpi->device.board, address, table);
    return address;
}

/* The same for a table that the RSDT names. */
static void place_named(struct acpi *acpi, GByteArray *table)
{
    acpi->tables[acpi->count++] = place(acpi, table);
}

/* ---- The tables ---------------------------------------------------------------------------- */

/* The same on both boards: where the PM registers are, and the RTC's century byte. */
static const struct field fadt_common[] = {
    {44, 1, 1}, {46, 2, 9}, {48, 4, 0xb2}, {56, 4, 0x600}, {64, 4, 0x604}, {76, 4, 0x608},
    {88, 1, 4}, {89, 1, 2}, {91, 1, 4},    {96, 2, 0xfff}, {98, 2, 0xfff}, {108, 1, 0x32},
};
/* ACPI 1's: until the flags. */
static const struct field fadt_pc[] = {
    {52, 1, 0xf1}, {53, 1, 0xf0}, {80, 4, 0xafe0}, {92, 1, 4}, {112, 4, 0x80a5},
};
/* ACPI 2's: there is an i8042 (109), the reset register is port 0xcf9 (116 .. 128), and the
 * registers once more as general addresses. */
static const struct field fadt_q35[] = {
    {52, 1, 2},       {53, 1, 3},       {80, 4, 0x620},  {92, 1, 16},      {109, 2, 2},
    {112, 4, 0x84a5}, {116, 4, 0x801},  {120, 8, 0xcf9}, {128, 1, 0x0f},   {148, 4, 0x2001},
    {152, 8, 0x600},  {172, 4, 0x1001}, {176, 8, 0x604}, {208, 4, 0x2001}, {212, 8, 0x608},
    {220, 4, 0x8001}, {224, 8, 0x620},
};
static const struct field hpet[] = {{36, 4, 0x8086a201}, {44, 8, 0xfed00000}};
static const struct field mcfg[] = {{44, 8, 0xb0000000}, {55, 1, 0xff}};
static const struct field waet[] = {{36, 4, 2}};

static GByteArray *make_fadt(const struct rescind_board_options *options, uint64_t facs,
                             uint64_t dsdt)
{
    bool is_q35 = options->machine == RESCIND_BOARD_Q35;
    GByteArray *table =
        make("FACP", is_q35 ? 3 : 1, is_q35 ? 244 : 116, fadt_common, G_N_ELEMENTS(fadt_common));
    const struct field *more = is_q35 ? fadt_q35 : fadt_pc;
    size_t count = is_q35 ? G_N_ELEMENTS(fadt_q35) : G_N_ELEMENTS(fadt_pc);

    for (size_t i = 0; i < count; i++) {
        put(table->data, more[i].offset, more[i].size, more[i].value);
    }
    if (options->processors > CLUSTERED) {
        table->data[114] |= 4; /* logical destinations of APICs are in clusters */
    }
    put(table->data, 36, 4, facs);
    put(table->data, 40, 4, dsdt);
    if (is_q35) {
        put(table->data, 140, 8, dsdt);
    }
    return table;
}

static void add_entry(GByteArray *madt, const void *entry, guint size)
{
    g_byte_array_append(madt, entry, size);
}

/* Processors, the I/O APIC, what is where but on ISA's own inputs (the timer on 2; 5, 9, 10 and 11
 * for PCI: level triggered), and LINT1 for NMIs. */
static GByteArray *make_madt(uint32_t processors)
{
    static const struct field fields[] = {{36, 4, 0xfee00000}, {40, 4, 1}};
    static const uint8_t ioapic[] = {1, 12, 0, 0, 0, 0, 0xc0, 0xfe, 0, 0, 0, 0};
    static const uint8_t timer[] = {2, 10, 0, 0, 2, 0, 0, 0, 0, 0};
    static const uint8_t levels[] = {5, 9, 10, 11};
    static const uint8_t nmi[] = {4, 6, 0xff, 0, 0, 1};
    GByteArray *madt = make("APIC", 1, MADT_ENTRIES, fields, G_N_ELEMENTS(fields));
    guint size;

    for (uint8_t i = 0; i < processors; i++) {
        const uint8_t processor[] = {0, 8, i, i, 1, 0, 0, 0};

        add_entry(madt, processor, sizeof(processor));
    }
    add_entry(madt, ioapic, sizeof(ioapic));
    add_entry(madt, timer, sizeof(timer));
    for (size_t i = 0; i < G_N_ELEMENTS(levels); i++) {
        const uint8_t level[] = {2, 10, 0, levels[i], levels[i], 0, 0, 0, 0x0d, 0};

        add_entry(madt, level, sizeof(level));
    }
    add_entry(madt, nmi, sizeof(nmi));
    size = madt->len;
    put(madt->data, LENGTH_AT, 4, size);
    return g_byte_array_new_take(g_realloc(g_byte_array_free(madt, FALSE), size), size);
}

/* The table of those from `first` on, by addresses of `width` bytes. */
static GByteArray *make_list(const struct acpi *acpi, uint32_t first, unsigned width)
{
    uint32_t count = acpi->count - first;
    GByteArray *list = make(width == 8 ? "XSDT" : "RSDT", 1, HEADER + count * width, NULL, 0);

    for (uint32_t i = 0; i < count; i++) {
        put(list->data, HEADER + i * width, width, acpi->tables[first + i]);
    }
    return list;
}

static void place_rsdp(struct acpi *acpi, uint64_t address, uint64_t rsdt, uint64_t xsdt)
{
    GByteArray *rsdp = zeros(xsdt != 0 ? RSDP_SIZE_2 : RSDP_SIZE);

    memcpy(rsdp->data, "RSD PTR ", 8);
    memcpy(rsdp->data + 9, "BOCHS ", 6);
    put(rsdp->data, 16, 4, rsdt);
    if (xsdt != 0) {
        rsdp->data[15] = 2;
        put(rsdp->data, RSDP_LENGTH_AT, 4, RSDP_SIZE_2);
        put(rsdp->data, 24, 8, xsdt);
    }
    fix_sum(rsdp->data, RSDP_SIZE, RSDP_SUM_AT);
    if (xsdt != 0) {
        fix_sum(rsdp->data, RSDP_SIZE_2, RSDP_SUM_2_AT);
    }
    board_add_firmware(acpi->device.board, address, rsdp);
    board_set_rsdp(acpi->device.board, address);
    acpi->tables[0] = address;
    acpi->tables[1] = xsdt != 0 ? xsdt : rsdt;
}

/* Where else an RSDP is looked for: the EBDA, and the BIOS's memory around it. */
static void place_legacy(struct acpi *acpi, uint64_t rsdp)
{
    struct rescind_board *board = acpi->device.board;
    GByteArray *segment = zeros(2);

    put(segment->data, 0, 2, EBDA >> 4);
    board_add_firmware(board, EBDA_SEGMENT, segment);
    board_add_firmware(board, EBDA, zeros(EBDA_SIZE));
    board_add_firmware(board, BIOS, zeros((guint)(rsdp - BIOS)));
}

static void place_madt(struct acpi *acpi, uint32_t processors)
{
    GByteArray *madt = make_madt(processors);

    acpi->madt_size = madt->len;
    place_named(acpi, madt);
}

static void acpi_reset(struct device *device)
{
    struct acpi *acpi = (struct acpi *)device;
    const struct rescind_board_options *options = board_options(device->board);
    bool is_q35 = options->machine == RESCIND_BOARD_Q35;
    uint64_t rsdp = is_q35 ? RSDP_Q35 : RSDP_PC, facs, dsdt, rsdt, xsdt;
    GByteArray *bytes = zeros(64);

    acpi->next = TABLES_START;
    acpi->count = 2; /* RSDP and RSDT come first, but are made last */
    memcpy(bytes->data, "FACS", 4);
    put(bytes->data, LENGTH_AT, 4, 64);
    facs = acpi->next;
    acpi->next += bytes->len; /* it has no checksum */
    board_add_firmware(device->board, facs, bytes);
    dsdt = place(acpi, make("DSDT", 1, HEADER, NULL, 0));
    place_named(acpi, make_fadt(options, facs, dsdt));
    place_madt(acpi, options->processors);
    if (!options->no_hpet) {
        place_named(acpi, make("HPET", 1, 56, hpet, G_N_ELEMENTS(hpet)));
    }
    if (is_q35) {
        place_named(acpi, make("MCFG", 1, 60, mcfg, G_N_ELEMENTS(mcfg)));
    }
    place_named(acpi, make("WAET", 1, 40, waet, G_N_ELEMENTS(waet)));
    rsdt = place(acpi, make_list(acpi, 2, 4));
    xsdt = options->xsdt ? place(acpi, make_list(acpi, 2, 8)) : 0;
    place_legacy(acpi, rsdp);
    place_rsdp(acpi, rsdp, rsdt, xsdt);
}

/* ---- Faults -------------------------------------------------------------------------------- */

/* The first `size` bytes of the table of a fault's number, or NULL: firmware's memory may have been
 * set to something else. */
static uint8_t *numbered(const struct acpi *acpi, uint64_t number, size_t size)
{
    return number < acpi->count
               ? rescind_board_firmware(acpi->device.board, acpi->tables[number], size)
               : NULL;
}

static void spoil_length(const struct acpi *acpi, uint64_t number, uint32_t length)
{
    uint8_t *table = numbered(acpi, number, number > 0 ? HEADER : RSDP_SIZE_2);

    if (table != NULL && number > 0) {
        put(table, LENGTH_AT, 4, length);
    } else if (table != NULL && table[15] >= 2) { /* an ACPI 1 RSDP has no length */
        put(table, RSDP_LENGTH_AT, 4, length);
    }
}

static void spoil_entries(const struct acpi *acpi)
{
    uint8_t *madt = numbered(acpi, MADT_NUMBER, acpi->madt_size);

    for (uint32_t at = MADT_ENTRIES, next; madt != NULL && at + 2 <= acpi->madt_size; at = next) {
        next = at + MAX(madt[at + 1], 1);
        madt[at + 1] = 0;
    }
    if (madt != NULL) {
        fix_sum(madt, acpi->madt_size, SUM_AT);
    }
}

static void acpi_spoil(struct device *device, enum rescind_board_fault fault, uint64_t argument)
{
    struct acpi *acpi = (struct acpi *)device;
    uint8_t *table = numbered(acpi, argument, RSDP_SIZE);

    switch (fault) {
    case RESCIND_FAULT_NO_RSDP:
        table = numbered(acpi, 0, RSDP_SIZE);
        if (table != NULL) {
            memset(table, 0, RSDP_SIZE);
        }
        break;
    case RESCIND_FAULT_ACPI_CHECKSUM:
        if (table != NULL) {
            table[argument == 0 ? RSDP_SUM_AT : SUM_AT]++;
        }
        break;
    case RESCIND_FAULT_ACPI_LENGTH:
        spoil_length(acpi, argument, 8);
        break;
    case RESCIND_FAULT_ACPI_HUGE:
        spoil_length(acpi, argument, UINT32_MAX);
        break;
    case RESCIND_FAULT_ACPI_ENTRY:
        spoil_entries(acpi);
        break;
    default:
        break;
    }
}

const struct device_class device_acpi = {
    .name = "acpi",
    .registers = registers,
    .size = sizeof(struct acpi),
    .reset = acpi_reset,
    .spoil = acpi_spoil,
};

/* ACPI tables: the driver on the models' tables, and on every way in which they can be broken. With
 * AddressSanitizer a read outside a table is found: each is a piece of memory of its own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rescind/board.h"
#include "rescind/drivers.h"
#include "rescind/platform.h"

enum { HEADER = 36, LENGTH = 4, SUM = 9, RSDP_SUM = 8, RSDP_SIZE = 20, RSDP_SIZE_2 = 36 };
enum { RSDP, ROOT, FADT, MADT, HPET, MCFG, WAET, TABLES }; /* of q35, as the faults count */
enum { MADT_ENTRIES = 44, ELSEWHERE = 0x6000000 };

static const struct rescind_board_options q35 = {.processors = 4};
static const struct rescind_board_options q35_xsdt = {.processors = 4, .xsdt = true};
static const struct rescind_board_options pc = {.machine = RESCIND_BOARD_PC};

static struct rescind_board *make(const struct rescind_board_options *options)
{
    struct rescind_board *board = rescind_board_new(options);

    assert_non_null(board);
    rescind_board_use(board);
    return board;
}

/* ---- Tables -------------------------------------------------------------------------------- */

struct bytes {
    uint8_t *data;
    uint32_t size;
};

static uint64_t get(const uint8_t *data, unsigned offset, unsigned size)
{
    uint64_t value = 0;

    memcpy(&value, data + offset, size);
    return value;
}

static void put(uint8_t *data, unsigned offset, unsigned size, uint64_t value)
{
    memcpy(data + offset, &value, size);
}

static void fix(struct bytes table, unsigned at)
{
    uint8_t sum = 0;

    for (uint32_t i = 0; i < table.size; i++) {
        sum = (uint8_t)(sum + table.data[i]);
    }
    table.data[at] = (uint8_t)(table.data[at] - sum);
}

/* The table of a number as the faults count, while the tables are good. */
static struct bytes table(struct rescind_board *board, unsigned number)
{
    uint64_t address = rescind_board_rsdp(board);
    const uint8_t *rsdp = rescind_board_firmware(board, address, RSDP_SIZE);
    unsigned width = rsdp[15] >= 2 ? 8 : 4;
    struct bytes out = {(uint8_t *)(uintptr_t)rsdp, width == 8 ? RSDP_SIZE_2 : RSDP_SIZE};

    if (number >= ROOT) {
        address = get(rsdp, width == 8 ? 24 : 16, width);
    }
    if (number > ROOT) {
        const uint8_t *root = rescind_board_firmware(board, address, HEADER + (number - 1) * width);

        address = get(root, HEADER + (number - 2) * width, width);
    }
    if (number >= ROOT) {
        out.data = rescind_board_firmware(board, address, HEADER);
        out.size = (uint32_t)get(out.data, LENGTH, 4);
        assert_ptr_equal(rescind_board_firmware(board, address, out.size), out.data);
    }
    return out;
}

/* Puts a table in place of one that is named, its checksum fixed. */
static void replace(struct rescind_board *board, unsigned number, struct bytes bytes)
{
    struct bytes root = table(board, ROOT);

    put(bytes.data, LENGTH, 4, bytes.size);
    fix(bytes, SUM);
    assert_true(rescind_board_set_firmware(board, ELSEWHERE, bytes.data, bytes.size));
    put(root.data, HEADER + 4 * (number - 2), 4, ELSEWHERE);
    fix(root, SUM);
}

static struct bytes copy(struct bytes from, uint32_t size)
{
    struct bytes to = {calloc(1, size), size};

    assert_non_null(to.data);
    memcpy(to.data, from.data, from.size < size ? from.size : size);
    return to;
}

static bool names(const struct rescind_acpi *acpi, const char *wanted)
{
    char all[RESCIND_ACPI_TABLES * 5 + 1] = "";

    for (uint32_t i = 0; i < acpi->table_count; i++) {
        strcat(strcat(all, i == 0 ? "" : " "), acpi->tables[i]);
    }
    return strcmp(all, wanted) == 0;
}

static struct rescind_acpi read(struct rescind_board *board)
{
    struct rescind_trouble trouble = {0};
    struct rescind_acpi acpi;

    if (!rescind_acpi_read(rescind_board_rsdp(board), &acpi, &trouble))
        fail_msg("%s: %s: %llx", trouble.device, trouble.what, (unsigned long long)trouble.value);
    return acpi;
}

static struct rescind_trouble refuse(struct rescind_board *board)
{
    struct rescind_trouble trouble = {0};
    struct rescind_acpi acpi;

    assert_false(rescind_acpi_read(rescind_board_rsdp(board), &acpi, &trouble));
    assert_non_null(trouble.device);
    assert_non_null(trouble.what);
    return trouble;
}

/* ---- What there is ------------------------------------------------------------------------- */

static void q35s_tables_are_read(void **state)
{
    struct rescind_board *board = make(&q35);
    struct rescind_acpi acpi = read(board);

    (void)state;
    assert_int_equal(acpi.revision, 0);
    assert_true(names(&acpi, "FACP APIC HPET MCFG WAET"));
    assert_int_equal(acpi.processor_count, 4);
    for (uint32_t i = 0; i < 4; i++) {
        assert_int_equal(acpi.processors[i], i);
    }
    assert_int_equal(acpi.lapic, 0xfee00000);
    assert_true(acpi.has_pics);
    assert_int_equal(acpi.ioapic_count, 1);
    assert_int_equal(acpi.ioapics[0].id, 0);
    assert_int_equal(acpi.ioapics[0].address, 0xfec00000);
    assert_int_equal(acpi.ioapics[0].base, 0);
    assert_int_equal(acpi.hpet, 0xfed00000);
    assert_true(acpi.has_i8042);
    assert_int_equal(acpi.century, 0x32);
    assert_int_equal(acpi.pm_timer, 0x608);
    assert_int_equal(acpi.reset_port, 0xcf9);
    assert_int_equal(acpi.reset_value, 0x0f);
    rescind_board_free(board);
}

static void overrides_are_read(void **state)
{
    static const struct rescind_acpi_override wanted[] = {
        {0, false, false, 2},  {5, false, true, 5},   {9, false, true, 9},
        {10, false, true, 10}, {11, false, true, 11},
    };
    struct rescind_board *board = make(&q35);
    struct rescind_acpi acpi = read(board);

    (void)state;
    assert_int_equal(acpi.override_count, 5);
    for (uint32_t i = 0; i < 5; i++) {
        assert_int_equal(acpi.overrides[i].line, wanted[i].line);
        assert_int_equal(acpi.overrides[i].low, wanted[i].low);
        assert_int_equal(acpi.overrides[i].level, wanted[i].level);
        assert_int_equal(acpi.overrides[i].gsi, wanted[i].gsi);
    }
    rescind_board_free(board);
}

static void pcs_tables_are_read(void **state)
{
    struct rescind_board *board = make(&pc);
    struct rescind_acpi acpi = read(board);

    (void)state;
    assert_true(names(&acpi, "FACP APIC HPET WAET"));
    assert_int_equal(acpi.processor_count, 1);
    assert_true(acpi.has_i8042); /* ACPI 1 does not say */
    assert_int_equal(acpi.century, 0x32);
    assert_int_equal(acpi.pm_timer, 0x608);
    assert_int_equal(acpi.reset_port, 0);
    rescind_board_free(board);
}

static void boards_differ_as_their_options_say(void **state)
{
    struct rescind_board *board =
        make(&(struct rescind_board_options){.no_hpet = true, .processors = 64, .xsdt = true});
    struct rescind_acpi acpi = read(board);

    (void)state;
    assert_int_equal(acpi.revision, 2);
    assert_true(names(&acpi, "FACP APIC MCFG WAET"));
    assert_int_equal(acpi.hpet, 0);
    assert_int_equal(acpi.processor_count, 64);
    assert_int_equal(acpi.processors[63], 63);
    rescind_board_free(board);
}

static void the_xsdt_goes_before_the_rsdt(void **state)
{
    struct rescind_board *board = make(&q35_xsdt);
    struct bytes rsdp = table(board, RSDP);
    struct rescind_acpi acpi;

    (void)state;
    put(rsdp.data, 16, 4, 0xdeadbeef); /* where the RSDT would be */
    fix((struct bytes){rsdp.data, RSDP_SIZE}, RSDP_SUM);
    fix(rsdp, 32);
    acpi = read(board);
    assert_true(names(&acpi, "FACP APIC HPET MCFG WAET"));
    rescind_board_free(board);

    board = make(&q35_xsdt);
    rsdp = table(board, RSDP);
    put(rsdp.data, 24, 8, 0); /* there is no XSDT */
    fix(rsdp, 32);
    acpi = read(board);
    assert_true(names(&acpi, "FACP APIC HPET MCFG WAET"));
    rescind_board_free(board);
}

/* ---- Finding the RSDP ---------------------------------------------------------------------- */

static void the_rsdp_is_found(void **state)
{
    static const struct rescind_board_options *const boards[] = {&q35, &q35_xsdt, &pc};

    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        struct rescind_board *board = make(boards[i]);

        assert_int_not_equal(rescind_board_rsdp(board), 0);
        assert_int_equal(rescind_acpi_find(), rescind_board_rsdp(board));
        rescind_board_fault(board, RESCIND_FAULT_NO_RSDP, 0);
        assert_int_equal(rescind_acpi_find(), 0);
        assert_int_equal(rescind_board_rsdp(board), 0);
        assert_string_equal(refuse(board).device, "ACPI RSDP");
        rescind_board_free(board);
    }
    assert_int_equal(rescind_acpi_find(), 0);
}

static void the_rsdp_is_where_it_may_be(void **state)
{
    static const struct {
        uint64_t address;
        bool found;
    } places[] = {
        {0x9fc00, true},  {0x9fff0 - 16, true}, {0x9fff0, false}, /* its end is not in the EBDA */
        {0xe0000, true},  {0xe0008, false},     {0xfffe0, true},
        {0xffff0, false}, {0xdfff0, false},     {0x100000, false},
    };

    (void)state;
    for (unsigned i = 0; i < sizeof places / sizeof *places; i++) {
        struct rescind_board *board = make(&q35);
        uint8_t rsdp[RSDP_SIZE];

        memcpy(rsdp, table(board, RSDP).data, sizeof rsdp);
        rescind_board_fault(board, RESCIND_FAULT_NO_RSDP, 0);
        rescind_board_set_firmware(board, places[i].address, rsdp, sizeof rsdp);
        assert_int_equal(rescind_acpi_find(), places[i].found ? places[i].address : 0);
        rescind_board_free(board);
    }
}

static void what_looks_like_an_rsdp_must_add_up(void **state)
{
    struct rescind_board *board = make(&pc);

    (void)state;
    rescind_board_fault(board, RESCIND_FAULT_ACPI_CHECKSUM, RSDP);
    assert_int_equal(rescind_acpi_find(), 0);
    assert_string_equal(refuse(board).device, "ACPI RSDP");
    rescind_board_free(board);
}

/* ---- Faults -------------------------------------------------------------------------------- */

static const char *const troubles[TABLES] = {
    [RSDP] = "ACPI RSDP", [ROOT] = "ACPI RSDT",       [FADT] = "ACPI FADT",
    [MADT] = "ACPI MADT", [HPET] = "ACPI HPET table", /* nobody needs the others */
};
static const char *const without[TABLES] = {
    [MCFG] = "FACP APIC HPET WAET",
    [WAET] = "FACP APIC HPET MCFG",
};

static void assert_fault(const struct rescind_board_options *options,
                         enum rescind_board_fault fault, unsigned number, const char *what)
{
    struct rescind_board *board = make(options);

    rescind_board_fault(board, fault, number);
    if (troubles[number] != NULL) {
        struct rescind_trouble trouble = refuse(board);
        const char *name = number == ROOT && options->xsdt ? "ACPI XSDT" : troubles[number];

        assert_string_equal(trouble.device, name);
        assert_non_null(strstr(trouble.what, what));
    } else {
        struct rescind_acpi acpi = read(board);

        assert_true(names(&acpi, without[number]));
    }
    rescind_board_free(board);
}

static void every_tables_checksum_and_length_count(void **state)
{
    (void)state;
    for (unsigned number = RSDP; number < TABLES; number++) {
        assert_fault(&q35, RESCIND_FAULT_ACPI_CHECKSUM, number, "checksum");
        assert_fault(&q35_xsdt, RESCIND_FAULT_ACPI_CHECKSUM, number, "checksum");
        assert_fault(&q35_xsdt, RESCIND_FAULT_ACPI_LENGTH, number, "length");
        assert_fault(&q35_xsdt, RESCIND_FAULT_ACPI_HUGE, number, "length");
        if (number != RSDP) { /* which says nothing of its length */
            assert_fault(&q35, RESCIND_FAULT_ACPI_LENGTH, number, "length");
            assert_fault(&q35, RESCIND_FAULT_ACPI_HUGE, number, "length");
        }
    }
    assert_fault(&q35, RESCIND_FAULT_ACPI_ENTRY, MADT, "entry's length");
}

/* Whatever one byte becomes: trouble with a name, or the same but for what was not needed. */
static void any_byte_may_be_wrong(void **state)
{
    static const struct rescind_board_options *const boards[] = {&q35, &q35_xsdt};

    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        struct rescind_board *board = make(boards[i]);

        for (unsigned number = RSDP; number < TABLES; number++) {
            struct bytes bytes = table(board, number);

            for (uint32_t at = 0; at < bytes.size * 8; at++) {
                struct rescind_trouble trouble = {0};
                struct rescind_acpi acpi;

                bytes.data[at / 8] ^= (uint8_t)(1 << at % 8);
                if (rescind_acpi_read(rescind_board_rsdp(board), &acpi, &trouble)) {
                    /* one that is not needed, or that nobody takes for what it was */
                    assert_true(number > ROOT);
                    assert_true(troubles[number] == NULL || at < 32);
                    assert_int_equal(acpi.table_count, 4);
                } else {
                    assert_non_null(troubles[number]);
                    assert_string_equal(trouble.device, number == ROOT && boards[i]->xsdt
                                                            ? "ACPI XSDT"
                                                            : troubles[number]);
                }
                bytes.data[at / 8] ^= (uint8_t)(1 << at % 8);
            }
        }
        read(board);
        rescind_board_free(board);
    }
}

/* The same, and the checksum is right again: any answer is good that says so much. */
static void any_byte_may_be_another(void **state)
{
    struct rescind_board *board = make(&q35_xsdt);
    unsigned answers[2] = {0};

    (void)state;
    for (unsigned number = RSDP; number < TABLES; number++) {
        struct bytes bytes = table(board, number);

        for (uint32_t at = 0; at < bytes.size * 8; at++) {
            struct rescind_trouble trouble = {0};
            struct rescind_acpi acpi;
            bool good;

            bytes.data[at / 8] ^= (uint8_t)(1 << at % 8);
            if (number == RSDP) {
                fix((struct bytes){bytes.data, RSDP_SIZE}, RSDP_SUM);
            }
            fix(bytes, number == RSDP ? 32 : SUM);
            good = rescind_acpi_read(rescind_board_rsdp(board), &acpi, &trouble);
            assert_true(good || (trouble.device != NULL && trouble.what != NULL));
            assert_true(acpi.table_count <= 5 && acpi.processor_count <= 5);
            answers[good]++;
            bytes.data[at / 8] ^= (uint8_t)(1 << at % 8);
            if (number == RSDP) {
                fix((struct bytes){bytes.data, RSDP_SIZE}, RSDP_SUM);
            }
            fix(bytes, number == RSDP ? 32 : SUM);
        }
    }
    assert_true(answers[false] > 100 && answers[true] > 100);
    rescind_board_free(board);
}

static void every_length_is_bounded(void **state)
{
    static const uint64_t lengths[] = {
        0,   1,   7,      8,       19,      20,       35,         36,         37,        43,
        44,  45,  55,     56,      57,      115,      116,        117,        128,       129,
        243, 245, 0x1000, 0xfffff, 1 << 20, 0x100001, 0x7fffffff, 0x80000000, 0xffffffff};
    struct rescind_board *board = make(&q35_xsdt);

    (void)state;
    for (unsigned number = RSDP; number < TABLES; number++) {
        struct bytes bytes = table(board, number);
        unsigned at = number == RSDP ? 20 : LENGTH, sum = number == RSDP ? 32 : SUM;

        for (unsigned i = 0; i < sizeof lengths / sizeof *lengths; i++) {
            uint8_t saved = bytes.data[sum];
            struct rescind_trouble trouble = {0};
            struct rescind_acpi acpi;

            if (lengths[i] == bytes.size) {
                continue;
            }
            put(bytes.data, at, 4, lengths[i]);
            if (lengths[i] > sum && lengths[i] < bytes.size) {
                fix((struct bytes){bytes.data, (uint32_t)lengths[i]}, sum);
            }
            if (!rescind_acpi_read(rescind_board_rsdp(board), &acpi, &trouble)) {
                assert_non_null(troubles[number]);
                assert_string_equal(trouble.device,
                                    number == ROOT ? "ACPI XSDT" : troubles[number]);
            } else { /* a table that is shorter but makes sense, or one that is not needed */
                assert_true(troubles[number] == NULL || lengths[i] < bytes.size);
            }
            put(bytes.data, at, 4, bytes.size);
            bytes.data[sum] = saved;
        }
    }
    read(board);
    rescind_board_free(board);
}

/* ---- What tables say ----------------------------------------------------------------------- */

static void every_entrys_length_is_bounded(void **state)
{
    struct rescind_board *board = make(&q35);
    struct bytes madt = table(board, MADT);

    (void)state;
    for (uint32_t at = MADT_ENTRIES; at < madt.size; at += madt.data[at + 1]) {
        uint8_t right = madt.data[at + 1];

        for (unsigned length = 0; length < 256; length++) {
            struct rescind_trouble trouble = {0};
            struct rescind_acpi acpi;

            madt.data[at + 1] = (uint8_t)length;
            fix(madt, SUM);
            if (!rescind_acpi_read(rescind_board_rsdp(board), &acpi, &trouble)) {
                assert_string_equal(trouble.device, "ACPI MADT");
            } else {
                assert_true(length >= 2 && length <= madt.size - at);
            }
        }
        madt.data[at + 1] = right;
        fix(madt, SUM);
    }
    read(board);
    rescind_board_free(board);
}

static void a_madt_says_all_kinds_of_things(void **state)
{
    static const uint8_t entries[] = {
        0,  8,  7,  3,  0,    0,    0,    0,                               /* not enabled */
        0,  8,  7,  9,  1,    0,    0,    0,                               /* APIC 9 */
        9,  16, 0,  0,  0x34, 0x12, 0,    0,    1,    0, 0, 0, 0, 0, 0, 0, /* x2APIC 0x1234 */
        9,  16, 0,  0,  9,    0,    0,    0,    1,    0, 0, 0, 0, 0, 0, 0, /* APIC 9 again */
        5,  12, 0,  0,  0,    0,    0xe1, 0xfe, 1,    0, 0, 0,             /* the APICs' address */
        1,  12, 5,  0,  0,    0x10, 0xc0, 0xfe, 24,   0, 0, 0,             /* inputs from 24 on */
        2,  10, 0,  7,  30,   0,    0,    0,    0x0f, 0,                   /* low, level */
        2,  10, 0,  6,  6,    0,    0,    0,    0x05, 0,                   /* high, edge */
        2,  10, 0,  99, 6,    0,    0,    0,    0x05, 0,                   /* no ISA line */
        99, 2,  98, 3,  0,                                                 /* news */
    };
    struct rescind_board *board = make(&q35);
    struct bytes madt = copy(table(board, MADT), MADT_ENTRIES + sizeof entries);
    struct rescind_acpi acpi;

    (void)state;
    madt.data[40] = 0;
    memcpy(madt.data + MADT_ENTRIES, entries, sizeof entries);
    replace(board, MADT, madt);
    acpi = read(board);
    assert_int_equal(acpi.processor_count, 2);
    assert_int_equal(acpi.processors[0], 9);
    assert_int_equal(acpi.processors[1], 0x1234);
    assert_int_equal(acpi.lapic, 0x1fee10000);
    assert_false(acpi.has_pics);
    assert_int_equal(acpi.ioapic_count, 1);
    assert_int_equal(acpi.ioapics[0].id, 5);
    assert_int_equal(acpi.ioapics[0].address, 0xfec01000);
    assert_int_equal(acpi.ioapics[0].base, 24);
    assert_int_equal(acpi.override_count, 2);
    assert_true(acpi.overrides[0].low && acpi.overrides[0].level);
    assert_int_equal(acpi.overrides[0].gsi, 30);
    assert_true(!acpi.overrides[1].low && !acpi.overrides[1].level);
    free(madt.data);
    rescind_board_free(board);
}

/* `count` entries of so many bytes, the byte at `varied` counting. */
static struct rescind_acpi read_many(const uint8_t *entry, uint8_t size, uint8_t varied,
                                     uint32_t count)
{
    struct rescind_board *board = make(&q35);
    struct bytes madt = copy(table(board, MADT), MADT_ENTRIES + count * size);
    struct rescind_acpi acpi;

    for (uint32_t i = 0; i < count; i++) {
        memcpy(madt.data + MADT_ENTRIES + i * size, entry, size);
        madt.data[MADT_ENTRIES + i * size + varied] = (uint8_t)i;
    }
    replace(board, MADT, madt);
    acpi = read(board);
    free(madt.data);
    rescind_board_free(board);
    return acpi;
}

static void more_than_there_is_room_for_is_left_out(void **state)
{
    static const uint8_t processor[] = {0, 8, 0, 0, 1, 0, 0, 0};
    static const uint8_t ioapic[] = {1, 12, 0, 0, 0, 0, 0xc0, 0xfe, 0, 0, 0, 0};
    static const uint8_t override[] = {2, 10, 0, 1, 1, 0, 0, 0, 0, 0};
    struct rescind_acpi acpi = read_many(processor, sizeof processor, 3, 200);

    (void)state;
    assert_int_equal(acpi.processor_count, RESCIND_ACPI_PROCESSORS);
    assert_int_equal(acpi.processors[RESCIND_ACPI_PROCESSORS - 1], RESCIND_ACPI_PROCESSORS - 1);
    acpi = read_many(ioapic, sizeof ioapic, 2, 50);
    assert_int_equal(acpi.ioapic_count, RESCIND_ACPI_IOAPICS);
    acpi = read_many(override, sizeof override, 4, 50);
    assert_int_equal(acpi.override_count, RESCIND_ACPI_OVERRIDES);
    assert_int_equal(acpi.processor_count, 0);
}

static void a_fadt_says_what_it_has_room_for(void **state)
{
    struct rescind_board *board = make(&q35);
    struct bytes fadt = table(board, FADT);
    struct rescind_acpi acpi;

    (void)state;
    put(fadt.data, 109, 2, 0); /* no i8042 */
    put(fadt.data, 116, 1, 0); /* a reset register in memory */
    put(fadt.data, 91, 1, 0);  /* no PM timer */
    put(fadt.data, 108, 1, 0); /* no century */
    fix(fadt, SUM);
    acpi = read(board);
    assert_false(acpi.has_i8042);
    assert_int_equal(acpi.reset_port, 0);
    assert_int_equal(acpi.pm_timer, 0);
    assert_int_equal(acpi.century, 0);
    put(fadt.data, 116, 1, 1);
    put(fadt.data, 112, 4, 0x80a5); /* a reset register that is none */
    put(fadt.data, 91, 1, 4);
    put(fadt.data, 76, 4, 0x10000); /* above all ports */
    fix(fadt, SUM);
    acpi = read(board);
    assert_int_equal(acpi.reset_port, 0);
    assert_int_equal(acpi.pm_timer, 0);
    put(fadt.data, 112, 4, 0x84a5);
    put(fadt.data, 120, 8, 0x10cf9); /* above all ports */
    fix(fadt, SUM);
    acpi = read(board);
    assert_int_equal(acpi.reset_port, 0);
    rescind_board_free(board);
}

static void an_hpet_must_be_in_memory_below_4_gib(void **state)
{
    static const struct {
        uint8_t space;
        uint64_t address;
        bool good;
    } places[] = {{0, 0xfed00000, true}, {1, 0xfed00000, false},  {0, 0, false},
                  {0, 0xfffff000, true}, {0, 0x100000000, false}, {0, UINT64_MAX, false}};

    (void)state;
    for (unsigned i = 0; i < sizeof places / sizeof *places; i++) {
        struct rescind_board *board = make(&q35);
        struct bytes hpet = table(board, HPET);

        put(hpet.data, 40, 1, places[i].space);
        put(hpet.data, 44, 8, places[i].address);
        fix(hpet, SUM);
        if (places[i].good) {
            assert_int_equal(read(board).hpet, places[i].address);
        } else {
            struct rescind_trouble trouble = refuse(board);

            assert_string_equal(trouble.device, "ACPI HPET table");
            assert_int_equal(trouble.value, places[i].address);
        }
        rescind_board_free(board);
    }
}

/* ---- What leads to tables ------------------------------------------------------------------ */

static void addresses_may_lead_anywhere(void **state)
{
    static const uint64_t places[] = {
        0,          1, 0x7fdffff, 0x8000000, 0xfffffffc, 0xffffffffffffffff, 0xfffffffffffffff0,
        0x100000000};

    (void)state;
    for (unsigned i = 0; i < sizeof places / sizeof *places; i++) {
        struct rescind_trouble trouble = {0};
        struct rescind_acpi acpi;
        struct rescind_board *board = make(&q35_xsdt);
        struct bytes root = table(board, ROOT), rsdp = table(board, RSDP);

        put(root.data, HEADER + 8, 8, places[i]); /* the MADT */
        fix(root, SUM);
        acpi = read(board);
        assert_true(names(&acpi, "FACP HPET MCFG WAET"));
        assert_int_equal(acpi.lapic, 0);
        assert_int_equal(acpi.processor_count, 0);
        assert_true(acpi.has_pics);
        if (places[i] != 0) {
            put(rsdp.data, 24, 8, places[i]);
            fix(rsdp, 32);
            trouble = refuse(board);
            assert_string_equal(trouble.device, "ACPI XSDT");
            assert_int_equal(trouble.value, places[i]);
        }
        assert_false(rescind_acpi_read(places[i], &acpi, &trouble));
        assert_string_equal(trouble.device, "ACPI RSDP");
        rescind_board_free(board);
    }
}

/* An RSDT that names the same tables again and again, itself, and more than are looked at. */
static void tables_may_be_named_many_times(void **state)
{
    struct rescind_board *board = make(&q35);
    struct bytes rsdp = table(board, RSDP), old = table(board, ROOT), root;
    struct rescind_trouble trouble;

    (void)state;
    for (unsigned count = RESCIND_ACPI_TABLES; count <= RESCIND_ACPI_TABLES + 1; count++) {
        root = copy(old, HEADER + 4 * count);
        for (unsigned i = 5; i < count; i++) {
            put(root.data, HEADER + 4 * i, 4,
                i % 2 == 0 ? get(old.data, HEADER + 4 * (i % 5), 4) : ELSEWHERE);
        }
        put(root.data, LENGTH, 4, root.size);
        fix(root, SUM);
        rescind_board_set_firmware(board, ELSEWHERE, root.data, root.size);
        put(rsdp.data, 16, 4, ELSEWHERE);
        fix(rsdp, RSDP_SUM);
        if (count <= RESCIND_ACPI_TABLES) {
            struct rescind_acpi acpi = read(board);

            assert_int_equal(acpi.table_count, RESCIND_ACPI_TABLES);
            assert_string_equal(acpi.tables[5], "RSDT");
            assert_int_equal(acpi.processor_count, 4);
            assert_int_equal(acpi.ioapic_count, 1);
        } else {
            trouble = refuse(board);
            assert_string_equal(trouble.device, "ACPI RSDT");
            assert_int_equal(trouble.value, count);
        }
        free(root.data);
    }
    rescind_board_free(board);
}

static void signatures_are_printable(void **state)
{
    struct rescind_board *board = make(&q35);
    struct bytes waet = table(board, WAET);
    struct rescind_acpi acpi;

    (void)state;
    memcpy(waet.data, "\x1b[\0\xff", 4);
    fix(waet, SUM);
    acpi = read(board);
    assert_true(names(&acpi, "FACP APIC HPET MCFG ?[??"));
    rescind_board_free(board);
}

/* What ACPI 2 has added to it lies behind the end of what there is. */
static void an_rsdp_must_be_all_in_memory(void **state)
{
    struct rescind_board *board = make(&q35_xsdt);
    uint8_t rsdp[RSDP_SIZE];
    struct rescind_trouble trouble;
    struct rescind_acpi acpi;

    (void)state;
    memcpy(rsdp, table(board, RSDP).data, sizeof rsdp);
    assert_int_equal(rsdp[15], 2); /* its revision */
    rescind_board_fault(board, RESCIND_FAULT_NO_RSDP, 0);
    assert_true(rescind_board_set_firmware(board, 0x200000, rsdp, sizeof rsdp));
    assert_false(rescind_acpi_read(0x200000, &acpi, &trouble));
    assert_string_equal(trouble.device, "ACPI RSDP");
    assert_string_equal(trouble.what, "it is not all in memory");
    assert_int_equal(trouble.value, 0x200000);
    rescind_board_free(board);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(q35s_tables_are_read),
        cmocka_unit_test(overrides_are_read),
        cmocka_unit_test(pcs_tables_are_read),
        cmocka_unit_test(boards_differ_as_their_options_say),
        cmocka_unit_test(the_xsdt_goes_before_the_rsdt),
        cmocka_unit_test(the_rsdp_is_found),
        cmocka_unit_test(the_rsdp_is_where_it_may_be),
        cmocka_unit_test(what_looks_like_an_rsdp_must_add_up),
        cmocka_unit_test(every_tables_checksum_and_length_count),
        cmocka_unit_test(any_byte_may_be_wrong),
        cmocka_unit_test(any_byte_may_be_another),
        cmocka_unit_test(every_length_is_bounded),
        cmocka_unit_test(every_entrys_length_is_bounded),
        cmocka_unit_test(a_madt_says_all_kinds_of_things),
        cmocka_unit_test(more_than_there_is_room_for_is_left_out),
        cmocka_unit_test(a_fadt_says_what_it_has_room_for),
        cmocka_unit_test(an_hpet_must_be_in_memory_below_4_gib),
        cmocka_unit_test(addresses_may_lead_anywhere),
        cmocka_unit_test(tables_may_be_named_many_times),
        cmocka_unit_test(signatures_are_printable),
        cmocka_unit_test(an_rsdp_must_be_all_in_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

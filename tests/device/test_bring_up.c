/* Bringing up a board (pc99/devices.h) with each fault that a board can have: boot goes on or stops
 * as the table says, the console has the table's lines and no others, it takes no longer than is
 * said here, and no interrupt is left behind. And the console itself. */
#include <glib.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "board_test.h"
#include "pc99/console.h"
#include "pc99/devices.h"

enum { PAGE = 0x8000, PIC = 0x30, SPURIOUS = 0xff, TEXT = 1 << 15 };
enum { QUICK = 250, PATIENT = 5500 }; /* milliseconds of the board's time, at most */
enum { READS = 2000000 };
enum { LOG = 1, NO_HPET = 2, TWICE = 4 };
#define MILLISECOND ((uint64_t)1000000)

/* What a fault comes to. */
struct row {
    enum rescind_board_fault fault;
    uint64_t argument;
    uint32_t kernels; /* of a board with four processors */
    unsigned how;     /* LOG: as "log" on the command line has it; TWICE: the fault comes again when
                         all is up; NO_HPET: of a board without one */
    bool good;
    const char *lines; /* what the console has more than without the fault: "|" ends a line, and
                          "*" is a measured number */
};

#define PIT_GUESS "taken to be 1 GHz|"
#define NO_TABLES "going on without its tables|"

#define ONE_IS_MISSING "rescind: processor 1 is missing: 4 kernels need one each, and there are 1|"

#define ONE_IS_DEAD "rescind: processor 1 does not start: 4 kernels need one each, and 1 came up|"

static const struct row rows[] = {
    /* Nobody is there to be told. */
    {RESCIND_FAULT_UART_ABSENT, RESCIND_COM1, 4, 0, true, ""},
    {RESCIND_FAULT_UART_ABSENT, RESCIND_COM1, 4, LOG, true, ""},
    {RESCIND_FAULT_UART_BUSY, RESCIND_COM1, 4, 0, true, ""},
    {RESCIND_FAULT_UART_BUSY, RESCIND_COM1, 4, LOG, true, ""},
    /* All lines are masked. */
    {RESCIND_FAULT_SPURIOUS, 0, 4, TWICE, true, ""},
    {RESCIND_FAULT_SPURIOUS, 7, 4, TWICE, true, ""},
    {RESCIND_FAULT_SPURIOUS, 15, 4, TWICE, true, ""},
    {RESCIND_FAULT_SPURIOUS, 20, 4, TWICE, true, ""},
    /* Boot waits for no interrupt. */
    {RESCIND_FAULT_LOST, 0, 4, 0, true, ""},
    {RESCIND_FAULT_LOST, 4, 4, LOG, true, ""},
    {RESCIND_FAULT_PIT_STILL, 0, 4, 0, true, ""},
    {RESCIND_FAULT_PIT_STILL, 0, 4, NO_HPET, true,
     "rescind: PIT: no millisecond of it ends: 0x0; " PIT_GUESS},
    {RESCIND_FAULT_DRIFT, 20, 4, 0, true, ""},
    {RESCIND_FAULT_DRIFT, 20, 4, NO_HPET, true,
     "rescind: PIT: no two measurements agree; the last, in kHz, of the processor's clock: "
     "0x*; " PIT_GUESS},
    {RESCIND_FAULT_DRIFT, 1000, 4, NO_HPET, true,
     "rescind: processor: no clock has so many kHz: 0x*; " PIT_GUESS},
    {RESCIND_FAULT_NO_HPET, 0, 4, 0, true,
     "rescind: HPET: there is none with these capabilities: 0xffffffff; going on without it|"},
    {RESCIND_FAULT_HPET_STILL, 0, 4, 0, true,
     "rescind: HPET: its counter stands still: 0x0; going on without it|"},
    {RESCIND_FAULT_HPET_PERIOD, 0, 4, 0, true,
     "rescind: HPET: its period makes no sense: 0x0; going on without it|"},
    {RESCIND_FAULT_HPET_PERIOD, 100000001, 4, 0, true,
     "rescind: HPET: its period makes no sense: 0x5f5e101; going on without it|"},
    {RESCIND_FAULT_HPET_PERIOD, 5000000, 4, 0, true, ""}, /* half of what it is */
    {RESCIND_FAULT_NO_IOAPIC, 0, 4, 0, true,
     "rescind: I/O APIC: there is none with this version: 0xffffffff; going on without it|"},
    {RESCIND_FAULT_NO_LAPIC, 0, 1, 0, false,
     "rescind: local APIC: there is none with this version: 0xffffffff; nothing works without "
     "it|"},
    {RESCIND_FAULT_LAPIC_BUSY, 0, 1, 0, true, ""}, /* one kernel sends nothing */
    {RESCIND_FAULT_LAPIC_BUSY, 0, 4, 0, false, ONE_IS_DEAD},
    {RESCIND_FAULT_NO_START, 2, 2, 0, true, ""},
    {RESCIND_FAULT_NO_START, 2, 4, 0, false,
     "rescind: processor 2 does not start: 4 kernels need one each, and 3 came up|"},
    /* The date is for the log. */
    {RESCIND_FAULT_RTC_BUSY, 0, 4, 0, true, ""},
    {RESCIND_FAULT_RTC_BUSY, 0, 4, LOG, true,
     "rescind: RTC: it is being updated all the time: 0xa6; going on without the date|"},
    {RESCIND_FAULT_RTC_RUBBISH, 0xff, 4, LOG, true,
     "rescind: RTC: there is no such date: 0xffffffffffff; going on without the date|"},
    {RESCIND_FAULT_I8042_BUSY, 0, 4, 0, true, ""}, /* it is for the end */
    {RESCIND_FAULT_NO_RSDP, 0, 1, 0, true, "rescind: ACPI: no RSDP is found: 0x0; " NO_TABLES},
    {RESCIND_FAULT_NO_RSDP, 0, 4, 0, false,
     "rescind: ACPI: no RSDP is found: 0x0; " NO_TABLES ONE_IS_MISSING},
    {RESCIND_FAULT_ACPI_CHECKSUM, 0, 1, 0, true,
     "rescind: ACPI RSDP: its checksum is wrong: its bytes add up to: 0x1; " NO_TABLES},
    {RESCIND_FAULT_ACPI_CHECKSUM, 1, 1, 0, true,
     "rescind: ACPI RSDT: its checksum is wrong: its bytes add up to: 0x1; " NO_TABLES},
    {RESCIND_FAULT_ACPI_CHECKSUM, 2, 1, 0, true,
     "rescind: ACPI FADT: its checksum is wrong: its bytes add up to: 0x1; " NO_TABLES},
    {RESCIND_FAULT_ACPI_CHECKSUM, 3, 1, 0, true,
     "rescind: ACPI MADT: its checksum is wrong: its bytes add up to: 0x1; " NO_TABLES},
    {RESCIND_FAULT_ACPI_CHECKSUM, 3, 4, 0, false,
     "rescind: ACPI MADT: its checksum is wrong: its bytes add up to: 0x1; " NO_TABLES
         ONE_IS_MISSING},
    {RESCIND_FAULT_ACPI_CHECKSUM, 4, 1, 0, true,
     "rescind: ACPI HPET table: its checksum is wrong: its bytes add up to: 0x1; " NO_TABLES},
    {RESCIND_FAULT_ACPI_CHECKSUM, 5, 4, 0, true, ""}, /* nobody needs an MCFG */
    {RESCIND_FAULT_ACPI_LENGTH, 0, 4, 0, true, ""},   /* of ACPI 1: it has none */
    {RESCIND_FAULT_ACPI_LENGTH, 1, 1, 0, true,
     "rescind: ACPI RSDT: its length makes no sense: 0x8; " NO_TABLES},
    {RESCIND_FAULT_ACPI_LENGTH, 2, 1, 0, true,
     "rescind: ACPI FADT: its length makes no sense: 0x8; " NO_TABLES},
    {RESCIND_FAULT_ACPI_LENGTH, 3, 1, 0, true,
     "rescind: ACPI MADT: its length makes no sense: 0x8; " NO_TABLES},
    {RESCIND_FAULT_ACPI_LENGTH, 4, 1, 0, true,
     "rescind: ACPI HPET table: its length makes no sense: 0x8; " NO_TABLES},
    {RESCIND_FAULT_ACPI_HUGE, 1, 1, 0, true,
     "rescind: ACPI RSDT: its length makes no sense: 0xffffffff; " NO_TABLES},
    {RESCIND_FAULT_ACPI_HUGE, 3, 1, 0, true,
     "rescind: ACPI MADT: its length makes no sense: 0xffffffff; " NO_TABLES},
    {RESCIND_FAULT_ACPI_ENTRY, 0, 1, 0, true,
     "rescind: ACPI MADT: an entry's length makes no sense: 0x0; " NO_TABLES},
    {RESCIND_FAULT_PCI_ABSENT, 0, 4, 0, true, ""},
    {RESCIND_FAULT_PCI_ABSENT, 0, 4, LOG, true, "rescind: PCI: there is none|"},
    /* What goes wrong, with which register, and what that said. */
    {RESCIND_FAULT_PCI_BARS, 0, 4, 0, true,
     "rescind: PCI: a BAR makes no sense: 0x80000010ffffffff; going on without it|"
     "rescind: PCI: a BAR makes no sense: 0x8000f810ffffffff; going on without it|"
     "rescind: PCI: a BAR makes no sense: 0x8000fa10ffffffff; going on without it|"
     "rescind: PCI: a BAR makes no sense: 0x8000fb10ffffffff; going on without it|"},
    {RESCIND_FAULT_PCI_LOOP, 0, 4, 0, true,
     "rescind: PCI: a bridge leads to a bus that is known: 0x8000f81800000000; going on without "
     "it|"},
};

/* ---- A boot -------------------------------------------------------------------------------- */

struct boot {
    struct rescind_board *board;
    struct devices devices;
    uint64_t reads;
    char text[TEXT]; /* of the console */
    bool good;
};

static void count(void *context, bool port, uint64_t address, unsigned bits, uint64_t *value)
{
    struct boot *boot = context;

    (void)port, (void)address, (void)bits, (void)value;
    boot->reads++;
}

static bool is_up(void *context, uint32_t i)
{
    const struct boot *boot = context;
    uint32_t page;

    return rescind_board_started(boot->board, boot->devices.processors[i + 1], &page);
}

/* As the image does, and then the console's last bytes are given time to leave. */
static void boot_up(struct boot *boot, uint32_t kernels, bool log, rescind_board_answer *answer)
{
    static const struct devices_vectors vectors = {PIC, SPURIOUS};
    size_t size;

    boot->reads = 0;
    rescind_board_use(boot->board);
    rescind_board_answers(boot->board, answer, boot);
    console_init();
    boot->good = devices_bring_up(rescind_board_rsdp(boot->board), log, &vectors, &boot->devices) &&
                 devices_start(&boot->devices, kernels, PAGE, is_up, boot);
    rescind_board_answers(boot->board, NULL, NULL);
    size = rescind_board_serial_out(boot->board, RESCIND_COM1, boot->text, TEXT - 1);
    boot->text[size] = '\0';
}

static struct boot *boot_row(const struct row *row, bool with_fault, rescind_board_answer *answer)
{
    const struct rescind_board_options options = {.processors = 4,
                                                  .no_hpet = (row->how & NO_HPET) != 0};
    struct boot *boot = calloc(1, sizeof *boot);

    assert_non_null(boot);
    boot->board = rescind_board_new(&options);
    assert_non_null(boot->board);
    if (with_fault) {
        rescind_board_fault(boot->board, row->fault, row->argument);
    }
    boot_up(boot, row->kernels, (row->how & LOG) != 0, answer);
    return boot;
}

static void forget(struct boot *boot)
{
    rescind_board_free(boot->board);
    free(boot);
}

/* ---- What it came to ----------------------------------------------------------------------- */

/* Measured numbers are no part of what a line says. */
static bool is_measured(const char *line)
{
    return strncmp(line, "rescind: clock: ", 16) == 0 || strncmp(line, "rescind: date: ", 15) == 0;
}

/* The lines of `text` that are not in `usual`, each with a "|" in place of its end. */
static void take_new_lines(const char *text, const char *usual, char *out)
{
    const char *end;

    *out = '\0';
    for (; (end = strchr(text, '\n')) != NULL; text = end + 1) {
        char line[512];
        size_t size = (size_t)(end - text);

        assert_true(size + 2 < sizeof line);
        memcpy(line, text, size);
        strcpy(line + size, "\n");
        if (strstr(usual, line) == NULL && !is_measured(line)) {
            strcpy(line + size, "|");
            strcat(out, line);
        }
    }
    assert_string_equal(text, ""); /* nothing behind the last line */
}

static void assert_row(const struct row *row)
{
    struct boot *usual = boot_row(row, false, count), *boot = boot_row(row, true, count);
    uint64_t time = rescind_board_time(boot->board);
    static char lines[TEXT];

    take_new_lines(boot->text, usual->text, lines);
    print_message("%s: %llu reads, %llu us\n", rescind_board_fault_word(row->fault),
                  (unsigned long long)boot->reads, (unsigned long long)time / 1000);
    if (!g_pattern_match_simple(row->lines, lines)) {
        fail_msg("wanted: %s\ncame: %s", row->lines, lines);
    }
    assert_true(usual->good);
    assert_int_equal(boot->good, row->good);
    assert_true(boot->reads <= READS);
    assert_true(time <= (row->good ? QUICK : PATIENT) * MILLISECOND);
    if (row->how & TWICE) {
        rescind_board_use(boot->board);
        rescind_board_fault(boot->board, row->fault, row->argument);
    }
    assert_int_equal(rescind_board_interrupt(boot->board), -1);
    forget(boot);
    forget(usual);
}

static void each_fault_is_worked_around_or_named(void **state)
{
    (void)state;
    for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_row(&rows[i]);
    }
}

/* Each answer of PCI's is another, so that functions are everywhere, on bus behind bus. */
static void answer_rubbish(void *context, bool port, uint64_t address, unsigned bits,
                           uint64_t *value)
{
    struct boot *boot = context;

    (void)bits;
    boot->reads++;
    if (port && address == 0xcfc) {
        *value = boot->reads * 0x9e3779b97f4a7c15 >> 32;
    }
}

static unsigned count_lines(const char *text, const char *start)
{
    unsigned lines = 0;

    for (const char *end; (end = strchr(text, '\n')) != NULL; text = end + 1) {
        lines += strncmp(text, start, strlen(start)) == 0;
    }
    return lines;
}

static void rubbish_of_pci_is_cut_short(void **state)
{
    const struct row row = {.kernels = 1, .how = LOG};
    struct boot *boot = boot_row(&row, false, answer_rubbish);

    (void)state;
    assert_true(boot->good);
    assert_true(boot->devices.functions > 10000);
    assert_int_equal(count_lines(boot->text, "rescind: PCI: a BAR makes no sense: "), 8);
    assert_int_equal(count_lines(boot->text, "rescind: PCI: more of this kind: "), 1);
    assert_int_equal(count_lines(boot->text, "rescind: PCI: functions beyond these: "), 1);
    assert_true(boot->reads <= 10000000);
    forget(boot);
}

/* 255 is everybody's number: what is sent there would reset the sender, too. */
static void a_processor_of_everybodys_number_is_left_alone(void **state)
{
    const struct rescind_board_options options = {.processors = 4};
    struct boot *boot = calloc(1, sizeof *boot);
    uint8_t *madt = NULL;

    (void)state;
    assert_non_null(boot);
    boot->board = rescind_board_new(&options);
    for (uint64_t at = 0x7fe0000; madt == NULL || memcmp(madt, "APIC", 4) != 0; at++) {
        assert_true(at < 0x7ff0000);
        madt = rescind_board_firmware(boot->board, at, 44 + 8 * 4);
    }
    assert_int_equal(madt[44 + 8 * 3 + 3], 3);
    madt[44 + 8 * 3 + 3] = 255;
    madt[9] = (uint8_t)(madt[9] - (255 - 3));
    boot_up(boot, 3, false, count);
    assert_string_equal(boot->text, "rescind: processor: its local APIC's number is out of reach: "
                                    "0xff; going on without it\n");
    assert_true(boot->good);
    assert_int_equal(boot->devices.processor_count, 3);
    forget(boot);
}

static void every_fault_has_a_row(void **state)
{
    (void)state;
    for (unsigned fault = 0; fault < RESCIND_FAULTS; fault++) {
        bool found = false;

        for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
            found = found || rows[i].fault == fault;
        }
        if (!found) {
            fail_msg("no row has %s", rescind_board_fault_word((enum rescind_board_fault)fault));
        }
    }
}

/* ---- The console --------------------------------------------------------------------------- */

static struct boot *console_on(const struct rescind_board_options *options)
{
    struct boot *boot = calloc(1, sizeof *boot);

    assert_non_null(boot);
    boot->board = rescind_board_new(options);
    assert_non_null(boot->board);
    rescind_board_use(boot->board);
    console_init();
    return boot;
}

static const char *said(struct boot *boot)
{
    size_t size;

    rescind_board_advance(boot->board, MILLISECOND * 100);
    size = rescind_board_serial_out(boot->board, RESCIND_COM1, boot->text, TEXT - 1);
    boot->text[size] = '\0';
    return boot->text;
}

static void print_by_program(const char *text)
{
    console_begin();
    console_program(text, strlen(text));
    console_end();
}

static void no_program_speaks_as_the_kernel(void **state)
{
    struct boot *boot = console_on(&(struct rescind_board_options){0});

    (void)state;
    print_by_program("rescind: a lie\n\x1e"
                     "and\n\nsome more");
    print_by_program("; rescind: it goes on");
    console_report("%u of %x, %s%", (uint64_t)12, (uint64_t)31, "text");
    print_by_program("");
    print_by_program("rest");
    print_by_program("\n");
    assert_string_equal(said(boot), "\x1erescind: a lie\n\x1e\x1e"
                                    "and\n\nsome more"
                                    "; rescind: it goes on\n"
                                    "rescind: 12 of 0x1f, text%\n"
                                    "\x1e"
                                    "rest\n");
    forget(boot);
}

/* Who has stopped in the middle of a text keeps nobody from the next. */
static void a_text_that_never_ends_is_not_waited_for(void **state)
{
    struct boot *boot = console_on(&(struct rescind_board_options){0});

    (void)state;
    console_begin();
    console_text("it ends in the m", 16);
    console_report("it is taken");
    assert_string_equal(said(boot), "it ends in the m\nrescind: it is taken\n");
    forget(boot);
}

/* Of these screens there is none: nothing may be written there. */
static void without_a_port_and_a_screen_nothing_is_said(void **state)
{
    static const struct loader_screen none = {.kind = LOADER_SCREEN_NONE, .address = 4096};
    struct boot *boot = calloc(1, sizeof *boot);
    uint64_t time;

    (void)state;
    assert_non_null(boot);
    boot->board = rescind_board_new(&(struct rescind_board_options){0});
    rescind_board_use(boot->board);
    rescind_board_fault(boot->board, RESCIND_FAULT_UART_ABSENT, RESCIND_COM1);
    console_init();
    console_offer_screen(&none);
    time = rescind_board_time(boot->board);
    console_report("nobody hears this");
    assert_int_equal(rescind_board_time(boot->board), time);
    forget(boot);
}

/* It is waited for once, and then no more; a screen would be used from there on. */
static void a_port_that_is_never_ready_is_given_up(void **state)
{
    static const struct loader_screen none = {.kind = LOADER_SCREEN_NONE, .address = 4096};
    struct boot *boot = console_on(&(struct rescind_board_options){0});
    uint64_t time;

    (void)state;
    console_offer_screen(&none);
    rescind_board_fault(boot->board, RESCIND_FAULT_UART_BUSY, RESCIND_COM1);
    console_report("one");
    time = rescind_board_time(boot->board);
    console_report("two");
    assert_int_equal(rescind_board_time(boot->board), time);
    forget(boot);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_fault_is_worked_around_or_named),
        cmocka_unit_test(every_fault_has_a_row),
        cmocka_unit_test(rubbish_of_pci_is_cut_short),
        cmocka_unit_test(a_processor_of_everybodys_number_is_left_alone),
        cmocka_unit_test(no_program_speaks_as_the_kernel),
        cmocka_unit_test(a_text_that_never_ends_is_not_waited_for),
        cmocka_unit_test(without_a_port_and_a_screen_nothing_is_said),
        cmocka_unit_test(a_port_that_is_never_ready_is_given_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Fuzzer: devices that answer what they like, and firmware's tables that say what they like, below
 * the drivers of rescind/drivers.h: one of them, or boot's bring-up of a whole board and the start
 * of its processors (pc99/devices.h). An input is what devices_input.h says.
 *
 * Whatever answers come, a driver returns: within READS_MAX reads, which is what all bounds of the
 * drivers add up to, and so much of the board's time. What it returns makes sense in itself; boot
 * that stops says why in its last line; and each table is a piece of memory of its own, so that
 * AddressSanitizer sees a read outside it.
 */
#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/devices_input.h"
#include "pc99/console.h"
#include "pc99/devices.h"
#include "rescind/drivers.h"
#include "sim/platform.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Clock: 5 tries of 200 000 looks, of 2 reads at the PIT, 3 times, or of 6 at the HPET; date: 100
 * 000 looks of 16 reads; PCI: 65536 functions of 20; console: 60 000 bytes of 64. */
enum { READS_MAX = 20000000, LINES_MAX = 64, PAGE = 0x8000, PIC = 0x30, SPURIOUS = 0xff };
enum { PCI_ADDRESS = 0xcf8, PCI_DATA = 0xcfc, PCI_REGISTERS = 16, DRAIN = 1024 };
#define SECONDS_MAX ((uint64_t)1000 * 1000000000)

struct run {
    const struct input *input;
    struct rescind_board *board;
    struct devices devices;
    uint64_t reads, seen[INPUT_RULES], first[INPUT_RULES];
    uint32_t asked;
    bool inside; /* a read of the fuzzer's own */
    GString *console;
};

static void fail(const struct run *run, const char *what)
{
    fprintf(stderr, "task %u: %s; %llu reads, %llu ns\n%s", run->input->task, what,
            (unsigned long long)run->reads, (unsigned long long)rescind_board_time(run->board),
            run->console->str);
    abort();
}

static void check(const struct run *run, bool good, const char *what)
{
    if (!good) {
        fail(run, what);
    }
}

/* ---- Answers ------------------------------------------------------------------------------- */

/* Where a rule's answers come from: the registers that drivers read; then PCI's, by number. */
static const struct {
    bool port;
    uint32_t address;
} places[] = {
    {true, 0x3f8},       {true, 0x3f9},       {true, 0x3fa},       {true, 0x3fb},
    {true, 0x3fc},       {true, 0x3fd},       {true, 0x3fe},       {true, 0x3ff},
    {true, 0x20},        {true, 0x21},        {true, 0xa0},        {true, 0xa1},
    {true, 0x40},        {true, 0x42},        {true, 0x61},        {true, 0x64},
    {true, 0x71},        {true, 0xcf8},       {true, 0xcfc},       {true, 0x60},
    {false, 0xfee00020}, {false, 0xfee00030}, {false, 0xfee000f0}, {false, 0xfee00300},
    {false, 0xfee00390}, {false, 0xfec00010}, {false, 0xfed00000}, {false, 0xfed00004},
    {false, 0xfed00010}, {false, 0xfed000f0}, {false, 0xfed000f4}, {false, 0xfed00100},
};

/* Which register of PCI configuration is being read. */
static uint32_t pci_register(struct run *run)
{
    uint64_t address;

    run->inside = true;
    address = board_read(run->board, true, PCI_ADDRESS, 4);
    run->inside = false;
    return address & 0xfc;
}

static bool is_at(struct run *run, uint8_t place, bool port, uint64_t address)
{
    if (place < G_N_ELEMENTS(places)) {
        return places[place].port == port && places[place].address == address;
    }
    place = (uint8_t)(place - G_N_ELEMENTS(places));
    return place >= PCI_REGISTERS ||
           (port && address == PCI_DATA && pci_register(run) == place * 4u);
}

static uint64_t scramble(uint64_t value)
{
    value = (value ^ value >> 31) * 0x9e3779b97f4a7c15;
    return value ^ value >> 29;
}

static uint64_t changed(struct run *run, unsigned i, uint64_t value, uint64_t number)
{
    const struct input_rule *rule = &run->input->rule[i];
    uint64_t given = rule->value | (uint64_t)rule->value << 32;

    switch (rule->change) {
    case 0:
        return value ^ given;
    case 1:
        return value | given;
    case 2:
        return value & ~given;
    case 3:
        return given;
    case 4:
        return value ^ (scramble(run->reads + run->input->seed) & given);
    case 5:
        return value + number * given;
    case 6:
        return UINT64_MAX;
    default: /* stands still */
        return run->first[i];
    }
}

static void apply(struct run *run, unsigned i, uint64_t *value)
{
    const struct input_rule *rule = &run->input->rule[i];
    uint64_t number = run->seen[i]++, from = (uint64_t)rule->from * rule->from;

    if (number == from) {
        run->first[i] = *value;
    }
    if (number >= from && number % (rule->period + 1u) == 0) {
        *value = changed(run, i, *value, number);
    }
}

static void drain(struct run *run)
{
    char bytes[256];
    size_t size;

    while ((size = rescind_board_serial_out(run->board, RESCIND_COM1, bytes, sizeof bytes)) > 0) {
        g_string_append_len(run->console, bytes, (gssize)size);
    }
}

static void answer(void *context, bool port, uint64_t address, unsigned bits, uint64_t *value)
{
    struct run *run = context;

    (void)bits;
    if (run->inside) {
        return;
    }
    run->reads++;
    check(run, run->reads <= READS_MAX, "it never ends");
    if (run->reads % DRAIN == 0) {
        drain(run);
    }
    for (unsigned i = 0; i < run->input->rules; i++) {
        if (is_at(run, run->input->rule[i].place, port, address)) {
            apply(run, i, value);
        }
    }
}

/* ---- A whole board ------------------------------------------------------------------------- */

/* A processor that does not come up by itself is late, so that inputs don't all take seconds. */
static bool is_up(void *context, uint32_t i)
{
    struct run *run = context;
    uint32_t page;

    check(run, i + 1 < run->devices.processor_count, "a processor is asked of that there is not");
    return run->asked++ > run->input->late ||
           rescind_board_started(run->board, run->devices.processors[i + 1], &page);
}

static void check_clock(const struct run *run, const struct rescind_clock *clock)
{
    check(run, clock->tsc_khz >= 100000 && clock->tsc_khz <= 16000000, "a clock like no other");
    check(run, clock->lapic_khz >= 100 && clock->lapic_khz <= 1000000, "a timer like no other");
    check(run, clock->source != NULL, "a clock without a source");
}

static void check_acpi(const struct run *run, const struct rescind_acpi *acpi)
{
    check(run,
          acpi->table_count <= RESCIND_ACPI_TABLES &&
              acpi->processor_count <= RESCIND_ACPI_PROCESSORS &&
              acpi->ioapic_count <= RESCIND_ACPI_IOAPICS &&
              acpi->override_count <= RESCIND_ACPI_OVERRIDES,
          "more in the tables than there is room for");
    for (uint32_t i = 0; i < acpi->table_count; i++) {
        for (unsigned j = 0; j < 4; j++) {
            check(run, acpi->tables[i][j] >= ' ' && acpi->tables[i][j] <= '~',
                  "a name no one reads");
        }
    }
    for (uint32_t i = 0; i < acpi->override_count; i++) {
        check(run, acpi->overrides[i].line < 16, "a line that ISA has not");
    }
    check(run, acpi->hpet <= UINT32_MAX, "an HPET out of reach");
}

static void check_devices(const struct run *run)
{
    const struct devices *devices = &run->devices;

    check(run, devices->processor_count >= 1 && devices->processor_count <= RESCIND_ACPI_PROCESSORS,
          "no or too many processors");
    for (uint32_t i = 1; i < devices->processor_count; i++) {
        check(run, devices->processors[i] < 255 && devices->processors[i] != devices->processors[0],
              "a processor that must not be started");
    }
    check(run, devices->ioapic_count <= RESCIND_ACPI_IOAPICS, "too many I/O APICs");
    check(run,
          !devices->has_hpet || (devices->hpet.period != 0 && devices->hpet.period <= 100000000),
          "an HPET that makes no sense");
    check(run, devices->functions <= 65536, "more functions than PCI can have");
    check_clock(run, &devices->clock);
}

/* The serial port is as good as any: what it has sent is what was said. */
static bool console_works(const struct input *input)
{
    for (unsigned i = 0; i < input->rules; i++) {
        if (input->rule[i].place < 8 ||
            input->rule[i].place >= G_N_ELEMENTS(places) + PCI_REGISTERS) {
            return false;
        }
    }
    for (unsigned i = 0; i < input->faults; i++) {
        if (input->fault[i].fault == RESCIND_FAULT_UART_ABSENT ||
            input->fault[i].fault == RESCIND_FAULT_UART_BUSY) {
            return false;
        }
    }
    return true;
}

static bool tells_why(const char *line)
{
    return strstr(line, "; nothing works without it") != NULL ||
           strstr(line, " is missing: ") != NULL || strstr(line, " does not start: ") != NULL;
}

static void check_console(const struct run *run, bool good)
{
    char **lines = g_strsplit(run->console->str, "\n", 0); /* of none: none */
    guint count = run->console->len == 0 ? 0 : g_strv_length(lines) - 1;

    check(run, count == 0 || lines[count][0] == '\0', "a line without an end");
    for (guint i = 0; i < count; i++) {
        check(run, g_str_has_prefix(lines[i], "rescind: "), "a line of nobody's");
        check(run, !tells_why(lines[i]) || (!good && i == count - 1), "boot stops, and goes on");
    }
    check(run, good || (count > 0 && tells_why(lines[count - 1])), "boot stops without a word");
    check(run, count <= LINES_MAX || (run->input->flags & INPUT_LOG) != 0, "too many words");
    g_strfreev(lines);
}

static uint64_t told_rsdp(const struct run *run)
{
    return (run->input->flags & INPUT_FIND) != 0 ? 0 : rescind_board_rsdp(run->board);
}

static void bring_up(struct run *run)
{
    static const struct devices_vectors vectors = {PIC, SPURIOUS};
    bool good;

    console_init();
    good = devices_bring_up(told_rsdp(run), (run->input->flags & INPUT_LOG) != 0, &vectors,
                            &run->devices);
    if (good) {
        check_acpi(run, &run->devices.acpi);
        check_devices(run);
        good = devices_start(&run->devices, run->input->kernels + 1u, PAGE, is_up, run);
    }
    rescind_board_advance(run->board, 20000000);
    drain(run);
    if (console_works(run->input)) {
        check_console(run, good);
    }
}

/* ---- Single drivers ------------------------------------------------------------------------ */

static void check_trouble(const struct run *run, bool good, const struct rescind_trouble *trouble)
{
    check(run, good || (trouble->device != NULL && trouble->what != NULL), "trouble without words");
}

static void read_acpi(struct run *run)
{
    uint64_t rsdp = told_rsdp(run), found = rescind_acpi_find();
    struct rescind_trouble trouble = {0};
    struct rescind_acpi acpi;

    check_trouble(run, rescind_acpi_read(rsdp != 0 ? rsdp : found, &acpi, &trouble), &trouble);
    check_acpi(run, &acpi);
}

static void use_uart(struct run *run)
{
    char bytes[64] = {0};
    bool lost = false;

    rescind_uart_present(RESCIND_COM1);
    rescind_uart_init(RESCIND_COM1);
    rescind_uart_interrupts(RESCIND_COM1, true, true);
    rescind_board_serial_in(run->board, RESCIND_COM1, bytes, sizeof bytes);
    check(run, rescind_uart_write(RESCIND_COM1, bytes, sizeof bytes) <= sizeof bytes,
          "more was sent than there was");
    check(run, rescind_uart_read(RESCIND_COM1, bytes, sizeof bytes, &lost) <= sizeof bytes,
          "more was read than there is room for");
}

static void has_started(void *context)
{
    (void)context;
}

static void use_pit(struct run *run)
{
    for (uint8_t mode = 0; mode < 6; mode++) {
        rescind_pit_start(mode % 3, mode, run->input->seed);
        rescind_pit_read(mode % 3);
    }
    rescind_pit_wait(1000, 100000, has_started, NULL);
}

static void use_rtc(struct run *run)
{
    struct rescind_trouble trouble = {0};
    struct rescind_date date;
    bool good = rescind_rtc_read(run->input->seed % 128, &date, &trouble);

    rescind_cmos_write(run->input->late % 128, run->input->seed);
    check_trouble(run, good, &trouble);
    check(run,
          !good || (date.month - 1u < 12 && date.day - 1u < 31 && date.hour < 24 &&
                    date.minute < 60 && date.second < 60 && date.year < 10000),
          "no such date");
}

static void use_i8042(struct run *run)
{
    (void)run;
    rescind_i8042_reset();
}

static void use_ioapic(struct run *run)
{
    struct rescind_trouble trouble = {0};
    struct rescind_ioapic ioapic;
    uint32_t base = run->input->seed;
    bool good = rescind_ioapic_init(&ioapic, 0xfec00000, base, &trouble);

    check_trouble(run, good, &trouble);
    for (uint32_t gsi = 0; good && gsi < 512; gsi++) {
        bool is_input = gsi >= base && gsi - base < ioapic.inputs;

        check(run,
              rescind_ioapic_route(&ioapic, gsi, 0x40, 0, true, false) == is_input &&
                  rescind_ioapic_mask(&ioapic, gsi, gsi % 2 == 0) == is_input,
              "an input that there is not");
    }
}

static void use_hpet(struct run *run)
{
    struct rescind_trouble trouble = {0};
    struct rescind_hpet hpet;
    bool good = rescind_hpet_init(&hpet, 0xfed00000, &trouble);

    check_trouble(run, good, &trouble);
    check(run, !good || (hpet.period != 0 && hpet.period <= 100000000 && hpet.timers <= 32),
          "an HPET that makes no sense");
    if (good) {
        rescind_hpet_count(&hpet);
    }
}

static void use_pic(struct run *run)
{
    rescind_pic_init(PIC);
    for (uint8_t line = 0; line < 16; line++) {
        rescind_pic_mask(line, false);
        rescind_board_line(run->board, line, true);
        rescind_board_interrupt(run->board);
        check(run, !rescind_pic_spurious(line) || line == 7 || line == 15,
              "a line that is never spurious");
        rescind_pic_end(line);
        rescind_pic_mask(line, true);
    }
}

static void use_lapic(struct run *run)
{
    struct rescind_trouble trouble = {0};

    check_trouble(run, rescind_lapic_init(SPURIOUS, &trouble), &trouble);
    rescind_lapic_timer(0x20, 1000);
    rescind_lapic_set_timer(run->input->seed);
    rescind_lapic_send(run->input->seed, 0x21);
    rescind_board_interrupt(run->board);
    rescind_lapic_end();
}

static void measure(struct run *run)
{
    struct rescind_trouble trouble = {0};
    struct rescind_clock clock;
    struct rescind_hpet hpet;
    bool has_hpet = rescind_hpet_init(&hpet, 0xfed00000, &trouble);
    bool good = rescind_clock_measure(&clock, has_hpet ? &hpet : NULL, &trouble);

    check_trouble(run, good, &trouble);
    if (good) {
        check_clock(run, &clock);
        rescind_clock_wait(&clock, run->input->late);
    }
}

static void check_function(void *context, const struct rescind_pci_device *device)
{
    const struct run *run = context;

    for (unsigned i = 0; i < 6; i++) {
        const struct rescind_pci_bar *bar = &device->bars[i];

        check(run, (bar->size & (bar->size - 1)) == 0, "a BAR of an odd size");
        check(run, bar->size == 0 || (bar->address & (bar->size - 1)) == 0,
              "a BAR at an odd place");
        check(run, !bar->wide || (i < 5 && device->bars[i + 1].size == 0), "half of a BAR");
    }
}

static void count_trouble(void *context, const struct rescind_trouble *trouble)
{
    check_trouble(context, false, trouble);
}

static void scan(struct run *run)
{
    rescind_pci_present();
    rescind_pci_write(0, run->input->late % 32, 0, run->input->seed,
                      rescind_pci_read(0, run->input->seed % 32, 0, 0));
    check(run, rescind_pci_scan(check_function, count_trouble, run) <= 65536,
          "more functions than PCI can have");
}

/* ---- One input ----------------------------------------------------------------------------- */

static void (*const tasks[TASKS])(struct run *run) = {
    [TASK_BRING_UP] = bring_up, [TASK_ACPI] = read_acpi, [TASK_UART] = use_uart,
    [TASK_PIT] = use_pit,       [TASK_RTC] = use_rtc,    [TASK_I8042] = use_i8042,
    [TASK_IOAPIC] = use_ioapic, [TASK_HPET] = use_hpet,  [TASK_LAPIC] = use_lapic,
    [TASK_CLOCK] = measure,     [TASK_PCI] = scan,       [TASK_PIC] = use_pic,
};

static void spoil(struct rescind_board *board, const struct input *input)
{
    for (unsigned i = 0; i < input->tables; i++) {
        rescind_board_set_firmware(board, input_address(board, i), input->table[i].bytes,
                                   input->table[i].size);
    }
    for (unsigned i = 0; i < input->faults; i++) {
        rescind_board_fault(board, (enum rescind_board_fault)input->fault[i].fault,
                            input->fault[i].argument);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct input input;
    struct rescind_board_options options;
    struct run run = {.input = &input};

    input_read(&input, data, size);
    options = input_options(&input);
    run.board = rescind_board_new(&options);
    run.console = g_string_new(NULL);
    rescind_board_use(run.board);
    spoil(run.board, &input);
    rescind_board_answers(run.board, answer, &run);
    tasks[input.task](&run);
    check(&run, rescind_board_time(run.board) <= SECONDS_MAX, "it takes too long");
    rescind_board_free(run.board);
    g_string_free(run.console, TRUE);
    return 0;
}

/* The mutator of fuzz_devices.c: what it makes is an input again, and its tables are tables. Raw
 * bytes would not get past the first checksum. One step changes the board, a fault, a rule, or a
 * table: a field of it, an entry of the MADT or of the table of tables, or bytes behind its header.
 * Then the table's length and checksum are made good again, most of the time. */
#include <glib.h>
#include <string.h>

#include "fuzz/devices_input.h"

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);

enum { HEADER = 36, LENGTH = 4, SUM = 9, RSDP_SUM = 8, RSDP_SIZE = 20, RSDP_SIZE_2 = 36 };
enum { RSDP_REVISION = 15, RSDP_RSDT = 16, RSDP_LENGTH = 20, RSDP_XSDT = 24, RSDP_SUM_2 = 32 };
enum { MADT_ENTRIES = 44, STEPS = 4, ENTRY_MAX = 16, COPIES = 70 };

struct mutant {
    struct input input;
    uint64_t state;
};

static uint32_t draw(struct mutant *mutant, uint32_t bound)
{
    mutant->state = mutant->state * 6364136223846793005 + 1442695040888963407;
    return (uint32_t)(mutant->state >> 33) % bound;
}

/* Numbers at which something changes, or any. */
static uint64_t draw_value(struct mutant *mutant)
{
    static const uint64_t values[] = {
        0,          1,          2,          3,           7,          8,          12,
        20,         36,         44,         0x7f,        0x80,       0xff,       0x100,
        1024,       0x3f8,      0xffff,     0x10000,     0x7fffffff, 0x80000000, 0xfec00000,
        0xfed00000, 0xfee00000, 0xffffffff, 0x100000000, UINT64_MAX};
    uint32_t which = draw(mutant, G_N_ELEMENTS(values) + 8);

    return which < G_N_ELEMENTS(values) ? values[which]
                                        : (uint64_t)draw(mutant, INT32_MAX) >> draw(mutant, 31);
}

/* ---- Board, faults, rules ------------------------------------------------------------------ */

static void change_board(struct mutant *mutant)
{
    struct input *input = &mutant->input;

    switch (draw(mutant, 6)) {
    case 0:
        input->flags ^= (uint8_t)(1 << draw(mutant, 7));
        break;
    case 1:
        input->task = (uint8_t)draw(mutant, TASKS);
        break;
    case 2:
        input->task = TASK_BRING_UP;
        break;
    case 3:
        input->processors = (uint8_t)draw(mutant, INPUT_PROCESSORS);
        break;
    case 4:
        input->kernels = (uint8_t)draw(mutant, INPUT_PROCESSORS);
        break;
    default:
        input->late = (uint8_t)draw(mutant, 256);
        input->seed = (uint8_t)draw(mutant, 256);
        break;
    }
}

static void change_faults(struct mutant *mutant)
{
    struct input *input = &mutant->input;
    uint32_t which = draw(mutant, INPUT_FAULTS);

    if (input->faults > 0 && draw(mutant, 3) == 0) {
        input->faults--;
        return;
    }
    which = MIN(which, input->faults);
    input->faults = (uint8_t)MAX(input->faults, which + 1);
    input->fault[which] =
        (struct input_fault){(uint8_t)draw(mutant, RESCIND_FAULTS), (uint32_t)draw_value(mutant)};
}

static void change_rules(struct mutant *mutant)
{
    struct input *input = &mutant->input;
    uint32_t which = draw(mutant, INPUT_RULES);
    struct input_rule *rule;

    if (input->rules > 0 && draw(mutant, 4) == 0) {
        input->rules--;
        return;
    }
    which = MIN(which, input->rules);
    rule = &input->rule[which];
    if (which == input->rules) {
        *rule = (struct input_rule){.place = (uint8_t)draw(mutant, INPUT_PLACES),
                                    .change = (uint8_t)draw(mutant, INPUT_CHANGES),
                                    .value = (uint32_t)draw_value(mutant)};
        input->rules++;
        return;
    }
    switch (draw(mutant, 5)) {
    case 0:
        rule->place = (uint8_t)draw(mutant, INPUT_PLACES);
        break;
    case 1:
        rule->change = (uint8_t)draw(mutant, INPUT_CHANGES);
        break;
    case 2:
        rule->from = (uint8_t)draw(mutant, 256);
        break;
    case 3:
        rule->period = (uint8_t)draw(mutant, 64);
        break;
    default:
        rule->value ^= (uint32_t)draw_value(mutant);
        break;
    }
}

/* ---- Tables -------------------------------------------------------------------------------- */

static uint64_t get(const uint8_t *bytes, unsigned size)
{
    uint64_t value = 0;

    for (unsigned i = 0; i < size; i++) {
        value |= (uint64_t)bytes[i] << 8 * i;
    }
    return value;
}

static void put(uint8_t *bytes, unsigned size, uint64_t value)
{
    for (unsigned i = 0; i < size; i++) {
        bytes[i] = (uint8_t)(value >> 8 * i);
    }
}

static void fix_sum(struct input_table *table, unsigned size, unsigned at)
{
    uint8_t sum = 0;

    if (size > table->size || at >= size) {
        return;
    }
    for (unsigned i = 0; i < size; i++) {
        sum = (uint8_t)(sum + table->bytes[i]);
    }
    table->bytes[at] = (uint8_t)(table->bytes[at] - sum);
}

static bool is(const struct input_table *table, const char *signature)
{
    return table->size >= HEADER && memcmp(table->bytes, signature, 4) == 0;
}

static void repair(struct input_table *table)
{
    if (table->size >= RSDP_SIZE && memcmp(table->bytes, "RSD PTR ", 8) == 0) {
        if (table->bytes[RSDP_REVISION] >= 2 && table->size >= RSDP_SIZE_2) {
            put(table->bytes + RSDP_LENGTH, 4, table->size);
        }
        fix_sum(table, RSDP_SIZE, RSDP_SUM);
        if (table->size >= RSDP_SIZE_2) {
            fix_sum(table, table->size, RSDP_SUM_2);
        }
    } else if (table->size >= HEADER) {
        put(table->bytes + LENGTH, 4, table->size);
        fix_sum(table, table->size, SUM);
    }
}

static bool copy(struct input *input, struct rescind_board *board, uint64_t address, size_t size)
{
    const uint8_t *bytes = rescind_board_firmware(board, address, size);
    struct input_table *table = &input->table[input->tables];

    if (bytes == NULL || size > INPUT_TABLE_MAX || input->tables == INPUT_TABLES) {
        return false;
    }
    table->size = (uint16_t)size;
    memcpy(table->bytes, bytes, size);
    input->tables++;
    return true;
}

static bool copy_table(struct input *input, struct rescind_board *board, uint64_t address)
{
    const uint8_t *header = rescind_board_firmware(board, address, HEADER);

    return header != NULL && copy(input, board, address, get(header + LENGTH, 4));
}

/* The tables that the board has, each where the input's are. */
static void take_tables(struct input *input)
{
    const struct rescind_board_options options = input_options(input);
    struct rescind_board *board = rescind_board_new(&options);
    unsigned width = options.xsdt ? 8 : 4, count;
    uint8_t *rsdp = input->table[0].bytes, *list = input->table[1].bytes;

    copy(input, board, rescind_board_rsdp(board), options.xsdt ? RSDP_SIZE_2 : RSDP_SIZE);
    copy_table(input, board, get(rsdp + (options.xsdt ? RSDP_XSDT : RSDP_RSDT), width));
    put(rsdp + (options.xsdt ? RSDP_XSDT : RSDP_RSDT), width, input_address(board, 1));
    repair(&input->table[0]);
    count = (input->table[1].size - HEADER) / width;
    for (unsigned i = 0; i < count; i++) {
        if (copy_table(input, board, get(list + HEADER + i * width, width))) {
            put(list + HEADER + i * width, width, input_address(board, input->tables - 1u));
        }
    }
    repair(&input->table[1]);
    rescind_board_free(board);
}

/* ---- Changes of a table -------------------------------------------------------------------- */

/* Puts bytes in at an offset; what there is no room for is left out. */
static void insert(struct input_table *table, unsigned at, const uint8_t *bytes, unsigned size)
{
    if (at <= table->size && table->size + size <= INPUT_TABLE_MAX) {
        memmove(table->bytes + at + size, table->bytes + at, table->size - at);
        memcpy(table->bytes + at, bytes, size);
        table->size = (uint16_t)(table->size + size);
    }
}

static void cut(struct input_table *table, unsigned at, unsigned size)
{
    if (at + size <= table->size) {
        memmove(table->bytes + at, table->bytes + at + size, table->size - at - size);
        table->size = (uint16_t)(table->size - size);
    }
}

/* The offset of one of the MADT's entries, or of its end. */
static unsigned draw_entry(struct mutant *mutant, const struct input_table *table)
{
    unsigned at = MADT_ENTRIES, left = draw(mutant, 16);

    while (left-- > 0 && at + 2u <= table->size && table->bytes[at + 1] >= 2) {
        at += table->bytes[at + 1];
    }
    return at;
}

static unsigned make_entry(struct mutant *mutant, uint8_t *entry)
{
    static const struct {
        uint8_t kind, size;
    } kinds[] = {{0, 8}, {1, 12}, {2, 10}, {4, 6}, {5, 12}, {9, 16}, {10, 12}, {0x7f, 2}};
    uint32_t which = draw(mutant, G_N_ELEMENTS(kinds));

    memset(entry, 0, ENTRY_MAX);
    entry[0] = kinds[which].kind;
    entry[1] = kinds[which].size;
    for (unsigned i = 0; i < 3; i++) {
        unsigned size = 1u << draw(mutant, 3);
        unsigned at = 2 + draw(mutant, ENTRY_MAX - 2 - size + 1);

        put(entry + at, size, draw_value(mutant));
    }
    if (entry[0] == 0) { /* a processor: its number, and mostly enabled */
        put(entry + 3, 1, draw_value(mutant));
        put(entry + 4, 4, draw(mutant, 8) != 0);
    } else if (entry[0] == 9) {
        put(entry + 4, 4, draw_value(mutant));
        put(entry + 8, 4, draw(mutant, 8) != 0);
    }
    return kinds[which].size;
}

static void change_madt(struct mutant *mutant, struct input_table *table)
{
    unsigned at = draw_entry(mutant, table), size, copies;
    uint8_t entry[ENTRY_MAX];

    if (at + 2u > table->size || draw(mutant, 3) == 0) {
        size = make_entry(mutant, entry);
        insert(table, MIN(at, table->size), entry, size);
        return;
    }
    size = table->bytes[at + 1];
    switch (draw(mutant, 4)) {
    case 0:
        cut(table, at, size);
        break;
    case 1: /* many alike, but for their number */
        memcpy(entry, table->bytes + at, MIN(MIN(size, ENTRY_MAX), table->size - at));
        copies = draw(mutant, COPIES);
        for (unsigned i = 0; i < copies && size <= ENTRY_MAX && size >= 2; i++) {
            entry[3]++;
            insert(table, at, entry, size);
        }
        break;
    case 2:
        table->bytes[at + draw(mutant, 2)] = (uint8_t)draw_value(mutant);
        break;
    default:
        if (size > 2 && at + size <= table->size) {
            table->bytes[at + 2 + draw(mutant, size - 2)] = (uint8_t)draw_value(mutant);
        }
        break;
    }
}

static void change_list(struct mutant *mutant, struct input_table *table, unsigned width,
                        const struct rescind_board *board)
{
    unsigned count = (table->size - HEADER) / width, at = HEADER + draw(mutant, count + 1) * width;
    uint8_t address[8];

    put(address, sizeof address,
        draw(mutant, 3) == 0 ? draw_value(mutant)
                             : input_address(board, draw(mutant, INPUT_TABLES)));
    switch (draw(mutant, 4)) {
    case 0:
        cut(table, at, width);
        break;
    case 1:
        for (uint32_t copies = draw(mutant, COPIES); copies > 0; copies--) {
            insert(table, at, address, width);
        }
        break;
    case 2:
        insert(table, at, address, width);
        break;
    default:
        if (at + width <= table->size) {
            memcpy(table->bytes + at, address, width);
        }
        break;
    }
}

/* A field that somebody reads: of the RSDP, of a FADT, a MADT, an HPET table. */
static void change_field(struct mutant *mutant, struct input_table *table)
{
    static const struct {
        const char *signature;
        uint8_t at, size;
    } fields[] = {
        {"RSD ", 15, 1},  {"RSD ", 16, 4},  {"RSD ", 20, 4},  {"RSD ", 24, 8},  {"FACP", 8, 1},
        {"FACP", 76, 4},  {"FACP", 91, 1},  {"FACP", 108, 1}, {"FACP", 109, 2}, {"FACP", 112, 4},
        {"FACP", 116, 1}, {"FACP", 117, 3}, {"FACP", 120, 8}, {"FACP", 128, 1}, {"APIC", 36, 4},
        {"APIC", 40, 4},  {"HPET", 40, 4},  {"HPET", 44, 8},  {"HPET", 36, 4},
    };
    uint32_t first = draw(mutant, G_N_ELEMENTS(fields));

    for (uint32_t i = 0; i < G_N_ELEMENTS(fields); i++) {
        uint32_t which = (first + i) % G_N_ELEMENTS(fields);
        unsigned at = fields[which].at, size = fields[which].size;

        if (table->size >= at + size && memcmp(table->bytes, fields[which].signature, 4) == 0) {
            put(table->bytes + at, size, draw_value(mutant));
            return;
        }
    }
}

/* Any bytes behind the header. */
static void change_bytes(struct input_table *table)
{
    unsigned head = MIN(HEADER, table->size);

    table->size = (uint16_t)(head + LLVMFuzzerMutate(table->bytes + head, table->size - head,
                                                     INPUT_TABLE_MAX - head));
}

static void change_size(struct mutant *mutant, struct input_table *table)
{
    unsigned size = draw(mutant, 2) != 0 ? draw(mutant, INPUT_TABLE_MAX + 1)
                                         : MIN(table->size + draw(mutant, 9), INPUT_TABLE_MAX);

    if (size > table->size) {
        memset(table->bytes + table->size, 0, size - table->size);
    }
    table->size = (uint16_t)size;
}

static void change_table(struct mutant *mutant)
{
    struct input *input = &mutant->input;
    const struct rescind_board_options options = input_options(input);
    struct rescind_board *board;
    struct input_table *table;

    if (input->tables == 0) {
        take_tables(input);
    }
    table = &input->table[draw(mutant, input->tables)];
    board = rescind_board_new(&options);
    switch (draw(mutant, 8)) {
    case 0:
        change_bytes(table);
        break;
    case 1:
        change_size(mutant, table);
        break;
    case 2:
        if (input->tables < INPUT_TABLES) {
            input->table[input->tables++] = *table;
        }
        break;
    case 3:
    case 4:
        change_field(mutant, table);
        break;
    default:
        if (is(table, "APIC")) {
            change_madt(mutant, table);
        } else if (is(table, "RSDT") || is(table, "XSDT")) {
            change_list(mutant, table, table->bytes[0] == 'X' ? 8 : 4, board);
        } else {
            change_field(mutant, table);
        }
        break;
    }
    if (draw(mutant, 8) != 0) {
        repair(table);
    }
    rescind_board_free(board);
}

/* ---- A mutant ------------------------------------------------------------------------------ */

static void step(struct mutant *mutant)
{
    switch (draw(mutant, 8)) {
    case 0:
        change_board(mutant);
        break;
    case 1:
        change_faults(mutant);
        break;
    case 2:
    case 3:
    case 4:
        change_rules(mutant);
        break;
    default:
        change_table(mutant);
        break;
    }
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
    static struct mutant mutant;
    uint32_t steps;
    size_t written;

    mutant.state = seed;
    if (draw(&mutant, 16) == 0) {
        return LLVMFuzzerMutate(data, size, max_size);
    }
    input_read(&mutant.input, data, size);
    steps = 1 + draw(&mutant, STEPS);
    for (uint32_t i = 0; i < steps; i++) {
        step(&mutant);
    }
    while ((written = input_write(&mutant.input, data, max_size)) == 0 && mutant.input.tables > 0) {
        mutant.input.tables--;
    }
    return written;
}

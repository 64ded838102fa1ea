/* Inputs of fuzz_devices.c as bytes. See devices_input.h. */
#include "fuzz/devices_input.h"

#include <glib.h>
#include <string.h>

enum { QUICK = 100, SLOW = 10000 }; /* nanoseconds an access */
enum { TABLES_START = 0x6000000, TABLE_SPACE = 0x1000 };

struct reader {
    const uint8_t *bytes;
    size_t left;
};

static uint32_t take(struct reader *reader, unsigned size)
{
    uint32_t value = 0;

    for (unsigned i = 0; i < size && reader->left > 0; i++, reader->left--) {
        value |= (uint32_t)*reader->bytes++ << 8 * i;
    }
    return value;
}

static void take_table(struct reader *reader, struct input_table *table)
{
    uint32_t size = take(reader, 2) % (INPUT_TABLE_MAX + 1);

    table->size = (uint16_t)MIN(size, reader->left);
    memcpy(table->bytes, reader->bytes, table->size);
    reader->bytes += table->size;
    reader->left -= table->size;
}

void input_read(struct input *input, const uint8_t *bytes, size_t size)
{
    struct reader reader = {bytes, size};

    memset(input, 0, sizeof *input);
    input->flags = (uint8_t)take(&reader, 1);
    input->task = (uint8_t)(take(&reader, 1) % TASKS);
    input->processors = (uint8_t)(take(&reader, 1) % INPUT_PROCESSORS);
    input->kernels = (uint8_t)(take(&reader, 1) % INPUT_PROCESSORS);
    input->late = (uint8_t)take(&reader, 1);
    input->seed = (uint8_t)take(&reader, 1);
    input->faults = (uint8_t)(take(&reader, 1) % (INPUT_FAULTS + 1));
    input->rules = (uint8_t)(take(&reader, 1) % (INPUT_RULES + 1));
    input->tables = (uint8_t)(take(&reader, 1) % (INPUT_TABLES + 1));
    for (unsigned i = 0; i < input->faults; i++) {
        input->fault[i].fault = (uint8_t)(take(&reader, 1) % RESCIND_FAULTS);
        input->fault[i].argument = take(&reader, 4);
    }
    for (unsigned i = 0; i < input->rules; i++) {
        input->rule[i].place = (uint8_t)(take(&reader, 1) % INPUT_PLACES);
        input->rule[i].change = (uint8_t)(take(&reader, 1) % INPUT_CHANGES);
        input->rule[i].from = (uint8_t)take(&reader, 1);
        input->rule[i].period = (uint8_t)(take(&reader, 1) % 64);
        input->rule[i].value = take(&reader, 4);
    }
    for (unsigned i = 0; i < input->tables; i++) {
        take_table(&reader, &input->table[i]);
    }
}

static void put(GByteArray *out, uint32_t value, unsigned size)
{
    for (unsigned i = 0; i < size; i++) {
        const uint8_t byte = (uint8_t)(value >> 8 * i);

        g_byte_array_append(out, &byte, 1);
    }
}

static void put_all(GByteArray *out, const struct input *input)
{
    const uint8_t head[] = {input->flags,   input->task,  input->processors,
                            input->kernels, input->late,  input->seed,
                            input->faults,  input->rules, input->tables};

    g_byte_array_append(out, head, sizeof head);
    for (unsigned i = 0; i < input->faults; i++) {
        put(out, input->fault[i].fault, 1);
        put(out, input->fault[i].argument, 4);
    }
    for (unsigned i = 0; i < input->rules; i++) {
        const struct input_rule *rule = &input->rule[i];
        const uint8_t bytes[] = {rule->place, rule->change, rule->from, rule->period};

        g_byte_array_append(out, bytes, sizeof bytes);
        put(out, rule->value, 4);
    }
    for (unsigned i = 0; i < input->tables; i++) {
        put(out, input->table[i].size, 2);
        g_byte_array_append(out, input->table[i].bytes, input->table[i].size);
    }
}

size_t input_write(const struct input *input, uint8_t *bytes, size_t room)
{
    GByteArray *out = g_byte_array_new();
    size_t size;

    put_all(out, input);
    size = out->len <= room ? out->len : 0;
    memcpy(bytes, out->data, size);
    g_byte_array_unref(out);
    return size;
}

struct rescind_board_options input_options(const struct input *input)
{
    return (struct rescind_board_options){
        .machine = (input->flags & INPUT_PC) != 0 ? RESCIND_BOARD_PC : RESCIND_BOARD_Q35,
        .processors = input->processors + 1u,
        .no_hpet = (input->flags & INPUT_NO_HPET) != 0,
        .bridge = (input->flags & INPUT_BRIDGE) != 0,
        .xsdt = (input->flags & INPUT_XSDT) != 0,
        .access = (input->flags & (INPUT_QUICK | INPUT_LOG)) == INPUT_QUICK ? QUICK : SLOW,
    };
}

uint64_t input_address(const struct rescind_board *board, unsigned table)
{
    return table == 0 ? rescind_board_rsdp(board) : TABLES_START + (uint64_t)table * TABLE_SPACE;
}

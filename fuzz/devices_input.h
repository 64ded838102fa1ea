/* What an input of fuzz_devices.c says: a board, what is wrong with it, and which driver to run.
 *
 *     FLAGS TASK PROCESSORS KERNELS LATE SEED FAULTS RULES TABLES    a byte each, then so many
 *     FAULT ARGUMENT(4)                                              of these,
 *     PLACE CHANGE FROM PERIOD VALUE(4)                              and these,
 *     SIZE(2) BYTES...                                               and these
 *
 * Any bytes are an input: what is too large is taken modulo its limit, what is missing is 0. For
 * the target and its mutator. */
#ifndef RESCIND_FUZZ_DEVICES_INPUT_H
#define RESCIND_FUZZ_DEVICES_INPUT_H

#include <stddef.h>
#include <stdint.h>

#include "rescind/board.h"

enum { INPUT_FAULTS = 4, INPUT_RULES = 12, INPUT_TABLES = 16, INPUT_TABLE_MAX = 1024 };
enum { INPUT_PROCESSORS = 8, INPUT_PLACES = 64, INPUT_CHANGES = 8 };

enum input_flag {
    INPUT_PC = 1 << 0, /* i440fx */
    INPUT_NO_HPET = 1 << 1,
    INPUT_BRIDGE = 1 << 2,
    INPUT_XSDT = 1 << 3,
    INPUT_LOG = 1 << 4,
    INPUT_FIND = 1 << 5,  /* the loader does not tell where the RSDP is */
    INPUT_QUICK = 1 << 6, /* an access takes 100 ns and not 10 us */
};

enum input_task {
    TASK_BRING_UP,
    TASK_ACPI,
    TASK_UART,
    TASK_PIT,
    TASK_RTC,
    TASK_I8042,
    TASK_IOAPIC,
    TASK_HPET,
    TASK_LAPIC,
    TASK_CLOCK,
    TASK_PCI,
    TASK_PIC,
    TASKS
};

/* What answers at a place are changed to: those from number FROM squared on, each PERIODth. */
struct input_rule {
    uint8_t place, change, from, period;
    uint32_t value;
};

struct input_fault {
    uint8_t fault;
    uint32_t argument;
};

/* Number 0 is the RSDP, 1 what that names, and so on; where they are: input_address(). */
struct input_table {
    uint16_t size;
    uint8_t bytes[INPUT_TABLE_MAX];
};

struct input {
    uint8_t flags, task, processors, kernels, late, seed;
    uint8_t faults, rules, tables; /* so many; tables 0: the board's own */
    struct input_fault fault[INPUT_FAULTS];
    struct input_rule rule[INPUT_RULES];
    struct input_table table[INPUT_TABLES];
};

void input_read(struct input *input, const uint8_t *bytes, size_t size);
/* The size; 0: there is no room. */
size_t input_write(const struct input *input, uint8_t *bytes, size_t room);

struct rescind_board_options input_options(const struct input *input);
uint64_t input_address(const struct rescind_board *board, unsigned table);

#endif

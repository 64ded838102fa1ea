/* The local APICs of all processors (Intel's manual, volume 3, "APIC"), as QEMU 7.2 has them: 4 KiB
 * of registers, at which each processor finds its own, and behind them 1020 KiB where a write is an
 * interrupt message (MSI). The timer counts nanoseconds.
 *
 * As in QEMU and not in the manual: registers keep reserved bits; the error status tells of
 * registers that there are not, and of nothing else, is never cleared and interrupts nobody; local
 * vectors may be unmasked while the APIC is disabled; lowest priority goes to the first that is
 * meant; all processors have the 8259s on their LINT0. As in the manual and not in QEMU: what is
 * disabled by its base register is not there, and is as after a reset when it is enabled again; a
 * base elsewhere takes the registers away from here; an interrupt that is withdrawn or masked by
 * the task priority once the processor has been asked comes as a spurious one.
 */
#include "sim/device/models.h"

enum { PROCESSORS = 64, WORDS = 8, SPACE = 0x1000, EVERYBODY = 0xff };
enum {
    AT_ID = 0x02,
    AT_VERSION = 0x03,
    AT_TASK_PRIORITY = 0x08,
    AT_ARBITRATION = 0x09,
    AT_PRIORITY = 0x0a,
    AT_END = 0x0b,
    AT_LOGICAL = 0x0d,
    AT_FORMAT = 0x0e,
    AT_SPURIOUS = 0x0f,
    AT_SERVICE = 0x10,
    AT_TRIGGER = 0x18,
    AT_REQUEST = 0x20,
    AT_ERROR = 0x28,
    AT_COMMAND = 0x30,
    AT_TARGET = 0x31,
    AT_LOCAL = 0x32,
    AT_INITIAL = 0x38,
    AT_CURRENT = 0x39,
    AT_DIVIDE = 0x3e,
};
enum {
    LOCAL_TIMER,
    LOCAL_THERMAL,
    LOCAL_PERFORMANCE,
    LOCAL_LINT0,
    LOCAL_LINT1,
    LOCAL_ERROR,
    LOCAL
};
enum { LOCAL_LEVEL = 1 << 15, LOCAL_MASKED = 1 << 16, LOCAL_PERIODIC = 1 << 17 };
enum { MODE_FIXED, MODE_LOWEST, MODE_SMI, MODE_NMI = 4, MODE_INIT, MODE_START, MODE_EXTERNAL };
enum { COMMAND_LOGICAL = 1 << 11, COMMAND_PENDING = 1 << 12, COMMAND_ASSERT = 1 << 14 };
enum { COMMAND_LEVEL = 1 << 15 };
enum { SHORT_NONE, SHORT_SELF, SHORT_ALL, SHORT_OTHERS };
enum { SPURIOUS_ENABLE = 1 << 8, ERROR_ADDRESS = 1 << 7, FORMAT_FLAT = 0xf };
enum { MSR_BASE = 0x1b, BASE_FIRST = 1 << 8, BASE_EXTENDED = 1 << 10, BASE_ENABLE = 1 << 11 };
enum { VECTOR_NMI = 2, PAGE_SHIFT = 12 };
#define BASE_ADDRESS ((uint64_t)0xfee00000)
#define BASE_MASK    ((uint64_t)0xffffff000)
enum { VERSION = 0x14 | (LOCAL - 1) << 16 };

enum {
    REG_ID,
    REG_VERSION,
    REG_TASK_PRIORITY,
    REG_PRIORITY,
    REG_END,
    REG_LOGICAL,
    REG_FORMAT,
    REG_SPURIOUS,
    REG_SERVICE,
    REG_TRIGGER,
    REG_REQUEST,
    REG_ERROR,
    REG_COMMAND,
    REG_TARGET,
    REG_LOCAL, /* LOCAL of them */
    REG_INITIAL = REG_LOCAL + LOCAL,
    REG_CURRENT,
    REG_DIVIDE,
};
static const char *const registers[] = {
    "lapic.id",          "lapic.version", "lapic.task-priority", "lapic.priority",
    "lapic.end",         "lapic.logical", "lapic.format",        "lapic.spurious",
    "lapic.in-service",  "lapic.trigger", "lapic.request",       "lapic.error",
    "lapic.command",     "lapic.target",  "lapic.local-timer",   "lapic.local-thermal",
    "lapic.local-count", "lapic.local-0", "lapic.local-1",       "lapic.local-error",
    "lapic.initial",     "lapic.current", "lapic.divide",        NULL,
};

enum stage { STAGE_RUNS, STAGE_RESTS, STAGE_WAITS, STAGE_STARTED };

/* One processor's. */
struct apic {
    uint64_t base;
    uint32_t id; /* 8 bits */
    uint32_t task_priority, logical, format, spurious, error, initial, divide, shift;
    uint32_t service[WORDS], trigger[WORDS], request[WORDS], command[2], local[LOCAL];
    uint64_t loaded; /* when the timer was, */
    uint64_t due;    /* and when it comes next; or DEVICE_NO_ALARM */
    bool asked;      /* the processor knows of an interrupt */
    bool nmi;
    enum stage stage; /* of a processor that is started, or is not */
    uint32_t page;
};

struct lapics {
    struct device device;
    uint32_t count;
    bool external; /* the 8259s have an interrupt */
    struct apic apics[PROCESSORS];
};

static struct lapics *lapics_of(struct device *device)
{
    return (struct lapics *)(void *)device;
}

static bool has(const struct lapics *l, unsigned reg)
{
    return device_has(&l->device, reg);
}

/* ---- Bits by vector ------------------------------------------------------------------------ */

static void set_bit(uint32_t *words, uint8_t vector, bool on)
{
    uint32_t bit = (uint32_t)1 << vector % 32;

    words[vector / 32] = on ? words[vector / 32] | bit : words[vector / 32] & ~bit;
}

static bool get_bit(const uint32_t *words, uint8_t vector)
{
    return (words[vector / 32] >> vector % 32 & 1) != 0;
}

/* -1: none. */
static int highest(const uint32_t *words)
{
    for (int i = WORDS - 1; i >= 0; i--) {
        if (words[i] != 0) {
            return i * 32 + 31 - __builtin_clz(words[i]);
        }
    }
    return -1;
}

/* ---- Priorities, and what the processor gets ------------------------------------------------ */

static uint32_t priority(const struct apic *a)
{
    int service = highest(a->service);
    uint32_t class = service < 0 ? 0 : (uint32_t)service & 0xf0;

    return (a->task_priority & 0xf0) >= class ? a->task_priority & 0xff : class;
}

/* The vector that the processor may have now; -1: none. */
static int deliverable(const struct apic *a)
{
    int vector = highest(a->request);

    if ((a->spurious & SPURIOUS_ENABLE) == 0 || vector < 0) {
        return -1;
    }
    return (uint32_t)vector >> 4 > priority(a) >> 4 ? vector : -1;
}

static void ask(struct apic *a)
{
    a->asked = a->asked || deliverable(a) >= 0;
}

static void request(struct apic *a, uint8_t vector, bool level)
{
    if ((a->base & BASE_ENABLE) != 0) {
        set_bit(a->request, vector, true);
        set_bit(a->trigger, vector, level);
        ask(a);
    }
}

/* The 8259s' own way to the processor: as ExtINT, or past an APIC that is disabled. */
static bool is_external(const struct apic *a)
{
    uint32_t lint0 = a->local[LOCAL_LINT0];

    return (a->base & BASE_ENABLE) == 0 ||
           ((lint0 & LOCAL_MASKED) == 0 && (lint0 >> 8 & 7) == MODE_EXTERNAL);
}

static int take(struct device *device)
{
    struct lapics *l = lapics_of(device);
    struct apic *a = &l->apics[board_current(device->board)];
    int vector = deliverable(a);
    bool asked = a->asked;

    if (a->nmi) {
        a->nmi = false;
        return VECTOR_NMI;
    }
    if (l->external && is_external(a)) {
        return board_acknowledge(device->board);
    }
    a->asked = false;
    if (vector < 0) {
        return asked && (a->spurious & SPURIOUS_ENABLE) != 0 ? (int)(a->spurious & 0xff) : -1;
    }
    set_bit(a->request, (uint8_t)vector, false);
    set_bit(a->service, (uint8_t)vector, true);
    ask(a);
    return vector;
}

static void end_of_interrupt(struct lapics *l, struct apic *a)
{
    int vector = highest(a->service);

    if (vector >= 0) {
        set_bit(a->service, (uint8_t)vector, false);
        if (get_bit(a->trigger, (uint8_t)vector)) {
            board_end_of_interrupt(l->device.board, (uint8_t)vector);
        }
        ask(a);
    }
}

/* ---- Local vectors, timer -------------------------------------------------------------------- */

/* Something local has happened. */
static void deliver_local(struct lapics *l, struct apic *a, unsigned which)
{
    uint32_t local = a->local[which];
    bool lint = which == LOCAL_LINT0 || which == LOCAL_LINT1;

    if ((local & LOCAL_MASKED) != 0 || !has(l, REG_LOCAL + which)) {
        return;
    }
    switch (local >> 8 & 7) {
    case MODE_NMI:
        a->nmi = true;
        break;
    case MODE_FIXED:
        request(a, (uint8_t)local, lint && (local & LOCAL_LEVEL) != 0);
        break;
    default: /* external interrupts are asked for when one is taken; nobody has an SMI handler */
        break;
    }
}

static uint64_t current_count(const struct lapics *l, const struct apic *a)
{
    uint64_t passed = (board_now(l->device.board) - a->loaded) >> a->shift;

    if ((a->local[LOCAL_TIMER] & LOCAL_PERIODIC) != 0) {
        return a->initial - passed % ((uint64_t)a->initial + 1);
    }
    return passed >= a->initial ? 0 : a->initial - passed;
}

/* When the timer comes next, after `now`. */
static uint64_t next_time(const struct apic *a, uint64_t now)
{
    uint64_t whole = (uint64_t)a->initial + 1;
    uint64_t passed = (now - a->loaded) >> a->shift;

    if ((a->local[LOCAL_TIMER] & LOCAL_MASKED) != 0 || a->initial == 0) {
        return DEVICE_NO_ALARM;
    }
    if ((a->local[LOCAL_TIMER] & LOCAL_PERIODIC) != 0) {
        return a->loaded + (((passed / whole + 1) * whole) << a->shift);
    }
    return passed >= a->initial ? DEVICE_NO_ALARM : a->loaded + (whole << a->shift);
}

static void set_alarm(struct lapics *l)
{
    uint64_t first = DEVICE_NO_ALARM;

    for (uint32_t i = 0; i < l->count; i++) {
        first = MIN(first, l->apics[i].due);
    }
    if (first != l->device.alarm) {
        board_set_alarm(&l->device, first);
    }
}

static void update_timer(struct lapics *l, struct apic *a)
{
    a->due = next_time(a, board_now(l->device.board));
    set_alarm(l);
}

static void alarm(struct device *device)
{
    struct lapics *l = lapics_of(device);
    uint64_t now = board_now(device->board);

    for (uint32_t i = 0; i < l->count; i++) {
        struct apic *a = &l->apics[i];

        if (a->due <= now) {
            deliver_local(l, a, LOCAL_TIMER);
            a->due = next_time(a, now);
        }
    }
    set_alarm(l);
}

/* The 8259s' output: LINT0. */
static void lint0(struct lapics *l, struct apic *a)
{
    uint32_t local = a->local[LOCAL_LINT0];

    if (l->external) {
        deliver_local(l, a, LOCAL_LINT0);
    } else if ((local >> 8 & 7) == MODE_FIXED && (local & LOCAL_LEVEL) != 0) {
        set_bit(a->request, (uint8_t)local, false);
    }
}

static void input(struct device *device, uint32_t line, bool level)
{
    struct lapics *l = lapics_of(device);

    (void)line;
    if (l->external != level) {
        l->external = level;
        for (uint32_t i = 0; i < l->count; i++) {
            lint0(l, &l->apics[i]);
        }
    }
}

/* ---- Messages -------------------------------------------------------------------------------- */

/* As by INIT: all but its number and base. */
static void reset_apic(struct lapics *l, struct apic *a)
{
    struct apic clean = {.base = a->base, .id = a->id, .stage = a->stage, .page = a->page};

    clean.format = FORMAT_FLAT;
    clean.spurious = 0xff;
    clean.due = DEVICE_NO_ALARM;
    clean.shift = 1;
    for (unsigned i = 0; i < LOCAL; i++) {
        clean.local[i] = LOCAL_MASKED;
    }
    *a = clean;
    set_alarm(l);
}

static bool is_meant(const struct apic *a, uint32_t to, bool logical)
{
    if ((a->base & BASE_ENABLE) == 0) {
        return false;
    }
    if (!logical) {
        return to == EVERYBODY || to == a->id;
    }
    if (a->format == FORMAT_FLAT) {
        return (to & a->logical) != 0;
    }
    return a->format == 0 && to >> 4 == a->logical >> 4 && (to & a->logical & 0xf) != 0;
}

static void start(struct lapics *l, struct apic *a, uint8_t vector)
{
    uint64_t dead;

    if (board_has_fault(l->device.board, RESCIND_FAULT_NO_START, &dead) &&
        dead == (uint64_t)(a - l->apics)) {
        return;
    }
    if (a->stage == STAGE_WAITS) {
        a->stage = STAGE_STARTED;
        a->page = (uint32_t)vector << PAGE_SHIFT;
    }
}

/* The first processor begins again at its reset vector instead of waiting. */
static void init(struct lapics *l, struct apic *a)
{
    a->stage = a == l->apics ? STAGE_RUNS : STAGE_WAITS;
    reset_apic(l, a);
}

static void deliver_to(struct lapics *l, struct apic *a, uint8_t mode, uint8_t vector, bool level)
{
    switch (mode) {
    case MODE_NMI:
        a->nmi = true;
        break;
    case MODE_INIT:
        init(l, a);
        break;
    case MODE_START:
        start(l, a, vector);
        break;
    case MODE_FIXED:
    case MODE_LOWEST:
    case MODE_EXTERNAL:
        request(a, vector, level);
        break;
    default:
        break;
    }
}

static void message(struct device *device, const struct device_message *message)
{
    struct lapics *l = lapics_of(device);

    for (uint32_t i = 0; i < l->count; i++) {
        struct apic *a = &l->apics[i];

        if (is_meant(a, message->destination & 0xff, message->logical)) {
            deliver_to(l, a, message->mode, message->vector, message->level);
            if (message->mode == MODE_LOWEST) {
                return;
            }
        }
    }
}

static bool is_called(const struct apic *from, const struct apic *to)
{
    uint32_t command = from->command[0];

    switch (command >> 18 & 3) {
    case SHORT_SELF:
        return to == from;
    case SHORT_ALL:
        return (to->base & BASE_ENABLE) != 0;
    case SHORT_OTHERS:
        return to != from && (to->base & BASE_ENABLE) != 0;
    default:
        return is_meant(to, from->command[1] >> 24, (command & COMMAND_LOGICAL) != 0);
    }
}

/* The command register has been written. */
static void send(struct lapics *l, struct apic *from)
{
    uint32_t command = from->command[0];
    uint8_t mode = command >> 8 & 7;

    if (board_has_fault(l->device.board, RESCIND_FAULT_LAPIC_BUSY, NULL)) {
        return;
    }
    if (mode == MODE_INIT && (command & COMMAND_ASSERT) == 0 && (command & COMMAND_LEVEL) != 0) {
        return; /* an INIT's end, which only old ones know: it would set arbitration numbers */
    }
    for (uint32_t i = 0; i < l->count; i++) {
        if (is_called(from, &l->apics[i])) {
            deliver_to(l, &l->apics[i], mode, (uint8_t)command, (command & COMMAND_LEVEL) != 0);
            if (mode == MODE_LOWEST) {
                return;
            }
        }
    }
}

/* A write that is a message: from an address and 32 bits of data. */
static void message_signalled(struct lapics *l, uint32_t address, uint32_t data)
{
    const struct device_message m = {
        .destination = address >> 12 & 0xff,
        .logical = (address >> 2 & 1) != 0,
        .level = (data >> 15 & 1) != 0,
        .mode = data >> 8 & 7,
        .vector = (uint8_t)data,
    };

    if (m.mode != MODE_START) {
        message(&l->device, &m);
    }
}

/* ---- Registers ------------------------------------------------------------------------------- */

/* The number of the register in slot `at` among those that can be taken out; -1: there is none. */
static int register_at(uint32_t at)
{
    switch (at) {
    case AT_ID:
        return REG_ID;
    case AT_VERSION:
        return REG_VERSION;
    case AT_TASK_PRIORITY:
        return REG_TASK_PRIORITY;
    case AT_PRIORITY:
        return REG_PRIORITY;
    case AT_END:
        return REG_END;
    case AT_LOGICAL:
    case AT_FORMAT:
    case AT_SPURIOUS:
        return (int)(REG_LOGICAL + at - AT_LOGICAL);
    case AT_ERROR:
        return REG_ERROR;
    case AT_COMMAND:
    case AT_TARGET:
        return (int)(REG_COMMAND + at - AT_COMMAND);
    case AT_INITIAL:
    case AT_CURRENT:
        return (int)(REG_INITIAL + at - AT_INITIAL);
    case AT_DIVIDE:
        return REG_DIVIDE;
    default:
        break;
    }
    if (at >= AT_SERVICE && at < AT_ERROR) {
        return (int)(REG_SERVICE + (at - AT_SERVICE) / WORDS);
    }
    return at >= AT_LOCAL && at < AT_LOCAL + LOCAL ? (int)(REG_LOCAL + at - AT_LOCAL) : -1;
}

static uint32_t read_command(const struct lapics *l, const struct apic *a)
{
    bool busy = board_has_fault(l->device.board, RESCIND_FAULT_LAPIC_BUSY, NULL);

    return a->command[0] | (busy ? COMMAND_PENDING : 0);
}

static uint32_t read_register(const struct lapics *l, const struct apic *a, uint32_t at)
{
    switch (at) {
    case AT_ID:
        return a->id << 24;
    case AT_VERSION:
        return VERSION;
    case AT_TASK_PRIORITY:
        return a->task_priority;
    case AT_PRIORITY:
        return priority(a);
    case AT_LOGICAL:
        return a->logical << 24;
    case AT_FORMAT:
        return a->format << 28 | 0xfffffff;
    case AT_SPURIOUS:
        return a->spurious;
    case AT_ERROR:
        return a->error;
    case AT_COMMAND:
        return read_command(l, a);
    case AT_TARGET:
        return a->command[1];
    case AT_INITIAL:
        return a->initial;
    case AT_CURRENT:
        return (uint32_t)current_count(l, a);
    case AT_DIVIDE:
        return a->divide;
    default:
        break;
    }
    if (at >= AT_LOCAL && at < AT_LOCAL + LOCAL) {
        return a->local[at - AT_LOCAL];
    }
    if (at >= AT_REQUEST && at < AT_ERROR) {
        return a->request[at - AT_REQUEST];
    }
    if (at >= AT_TRIGGER && at < AT_REQUEST) {
        return a->trigger[at - AT_TRIGGER];
    }
    return at >= AT_SERVICE && at < AT_TRIGGER ? a->service[at - AT_SERVICE] : 0;
}

/* Whether the processor that asks reaches its registers. */
static bool is_there(const struct lapics *l, const struct apic *a)
{
    return (a->base & BASE_MASK) == BASE_ADDRESS && (a->base & BASE_ENABLE) != 0 &&
           (a->base & BASE_EXTENDED) == 0 &&
           !board_has_fault(l->device.board, RESCIND_FAULT_NO_LAPIC, NULL);
}

static uint64_t read_memory(struct device *device, uint32_t offset, unsigned bytes)
{
    struct lapics *l = lapics_of(device);
    struct apic *a = &l->apics[board_current(device->board)];
    uint32_t at = offset >> 4;
    int reg = register_at(at);

    if (!is_there(l, a) || offset >= SPACE) {
        return UINT64_MAX;
    }
    if (bytes != 4) {
        return 0;
    }
    if (reg < 0) {
        a->error |= at == AT_ARBITRATION ? 0 : ERROR_ADDRESS;
        return 0;
    }
    return has(l, (unsigned)reg) ? read_register(l, a, at) : 0;
}

/* A write to a local vector. */
static void write_local(struct lapics *l, struct apic *a, unsigned which, uint32_t value)
{
    a->local[which] = value;
    if (which == LOCAL_TIMER) {
        update_timer(l, a);
    } else if (which == LOCAL_LINT0 && l->external) {
        deliver_local(l, a, LOCAL_LINT0);
    }
}

static void write_timer(struct lapics *l, struct apic *a, uint32_t at, uint32_t value)
{
    if (at == AT_INITIAL) {
        a->initial = value;
        a->loaded = board_now(l->device.board);
        update_timer(l, a);
    } else if (at == AT_DIVIDE) {
        a->divide = value & 0xb;
        a->shift = (((a->divide & 3) | (a->divide >> 1 & 4)) + 1) & 7;
    }
}

static void write_register(struct lapics *l, struct apic *a, uint32_t at, uint32_t value)
{
    switch (at) {
    case AT_ID:
        a->id = value >> 24;
        break;
    case AT_TASK_PRIORITY:
        a->task_priority = value & 0xff;
        ask(a);
        break;
    case AT_END:
        end_of_interrupt(l, a);
        break;
    case AT_LOGICAL:
        a->logical = value >> 24;
        break;
    case AT_FORMAT:
        a->format = value >> 28;
        break;
    case AT_SPURIOUS:
        a->spurious = value & 0x1ff;
        ask(a);
        break;
    case AT_COMMAND:
        a->command[0] = value;
        send(l, a);
        break;
    case AT_TARGET:
        a->command[1] = value;
        break;
    case AT_INITIAL:
    case AT_DIVIDE:
        write_timer(l, a, at, value);
        break;
    default:
        if (at >= AT_LOCAL && at < AT_LOCAL + LOCAL) {
            write_local(l, a, at - AT_LOCAL, value);
        }
        break;
    }
}

static void write_memory(struct device *device, uint32_t offset, unsigned bytes, uint64_t value)
{
    struct lapics *l = lapics_of(device);
    struct apic *a = &l->apics[board_current(device->board)];
    uint32_t at = offset >> 4;
    int reg = register_at(at);

    if (bytes != 4) {
        return;
    }
    if (offset >= SPACE || at == 0) {
        message_signalled(l, offset, (uint32_t)value);
    } else if (is_there(l, a) && reg < 0) {
        a->error |= at == AT_ARBITRATION ? 0 : ERROR_ADDRESS;
    } else if (is_there(l, a) && has(l, (unsigned)reg)) {
        write_register(l, a, at, (uint32_t)value);
    }
}

/* ---- The processors' own registers, and what firmware leaves -----------------------------------
 */

static uint64_t read_msr(struct device *device, uint32_t msr)
{
    struct lapics *l = lapics_of(device);

    return msr == MSR_BASE ? l->apics[board_current(device->board)].base : 0;
}

static void write_msr(struct device *device, uint32_t msr, uint64_t value)
{
    struct lapics *l = lapics_of(device);
    struct apic *a = &l->apics[board_current(device->board)];

    if (msr == MSR_BASE) {
        if ((a->base & BASE_ENABLE) != 0 && (value & BASE_ENABLE) == 0) {
            reset_apic(l, a);
        }
        a->base = (value & (BASE_MASK | BASE_ENABLE | BASE_EXTENDED)) | (a->base & BASE_FIRST);
    }
}

static bool started(const struct device *device, uint32_t processor, uint32_t *page)
{
    const struct lapics *l = (const struct lapics *)(const void *)device;
    const struct apic *a = &l->apics[processor];

    if (a->stage == STAGE_STARTED && page != NULL) {
        *page = a->page;
    }
    return a->stage == STAGE_STARTED;
}

/* SeaBIOS has set the first one's lines up, and let the others count themselves; they rest. */
static void reset(struct device *device)
{
    struct lapics *l = lapics_of(device);

    l->count = board_options(device->board)->processors;
    l->external = false;
    for (uint32_t i = 0; i < l->count; i++) {
        struct apic *a = &l->apics[i];

        *a = (struct apic){.base = BASE_ADDRESS | BASE_ENABLE, .id = i, .stage = STAGE_RESTS};
        a->due = DEVICE_NO_ALARM;
        reset_apic(l, a);
    }
    l->apics[0].base |= BASE_FIRST;
    l->apics[0].stage = STAGE_RUNS;
    l->apics[0].spurious = 0x1ff;
    l->apics[0].local[LOCAL_LINT0] = 0x8700;
    l->apics[0].local[LOCAL_LINT1] = 0x8400;
    l->apics[0].command[0] = 0xc4610;
}

const struct device_class device_lapic = {
    .name = "lapic",
    .registers = registers,
    .size = sizeof(struct lapics),
    .reset = reset,
    .read = read_memory,
    .write = write_memory,
    .alarm = alarm,
    .input = input,
    .message = message,
    .take = take,
    .started = started,
    .read_msr = read_msr,
    .write_msr = write_msr,
};

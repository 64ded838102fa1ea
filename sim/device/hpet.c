/* The HPET (Intel's IA-PC HPET specification 1.0a) as QEMU 7.2 has it: three timers, all of which
 * can be periodic and are 64 bits wide, and a counter of 10 ns.
 *
 * As in QEMU and not in the specification: a comparator that lies behind the counter comes at
 * once, and not when the counter has wrapped around; a periodic timer's period is what was last
 * written to its comparator, whatever came before; writing half a comparator ends the leave to set
 * a periodic one; interrupts by message can be switched on though the capability says otherwise; an
 * input that a timer can't be routed to can be chosen, and is; a counter that is written while it
 * counts goes on as before, and shows what was written once it has stopped and started. 64 bits at
 * once are two accesses here; QEMU takes 32 alone.
 */
#include "sim/device/models.h"

enum { TIMERS = 3, TICK = 10, TIMERS_AT = 0x100, TIMER_SIZE = 0x20, ROUTES_Q35 = 0xff0104 };
enum { ROUTES_PC = 0x04 };
enum { IDENTITY = 0xa201, VENDOR = 0x8086, PERIOD = 10000000 /* femtoseconds */ };
enum { AT_CAPABILITIES = 0x00, AT_PERIOD = 0x04, AT_CONFIGURATION = 0x10, AT_STATUS = 0x20 };
enum { AT_COUNTER = 0xf0, AT_COUNTER_HIGH = 0xf4 };
enum { AT_TIMER = 0x00, AT_ROUTES = 0x04, AT_COMPARATOR = 0x08, AT_COMPARATOR_HIGH = 0x0c };
enum { AT_DATA = 0x10, AT_ADDRESS = 0x14 };
enum { ENABLE = 1 << 0, LEGACY = 1 << 1, CONFIGURATION_MASK = 3 };
enum {
    TIMER_LEVEL = 1 << 1,
    TIMER_ENABLE = 1 << 2,
    TIMER_PERIODIC = 1 << 3,
    TIMER_CAN_PERIODIC = 1 << 4,
    TIMER_WIDE = 1 << 5,
    TIMER_SET = 1 << 6,
    TIMER_NARROWED = 1 << 8,
    TIMER_ROUTE = 9,
    TIMER_MESSAGE = 1 << 14,
    TIMER_MASK = 0x7f4e
};
enum { LINE_TIMER = 0, LINE_CLOCK = 8 };

enum {
    REG_CAPABILITIES,
    REG_PERIOD,
    REG_CONFIGURATION,
    REG_STATUS,
    REG_COUNTER,
    REG_COUNTER_HIGH,
    REG_TIMER,
    REG_ROUTES,
    REG_COMPARATOR,
    REG_COMPARATOR_HIGH,
    REG_DATA,
    REG_ADDRESS,
    REG_NONE
};
static const char *const registers[] = {
    "hpet.capabilities",
    "hpet.period",
    "hpet.configuration",
    "hpet.status",
    "hpet.counter",
    "hpet.counter-high",
    "hpet.timer",
    "hpet.routes",
    "hpet.comparator",
    "hpet.comparator-high",
    "hpet.data",
    "hpet.address",
    NULL,
};

struct timer {
    uint32_t configuration;
    uint64_t comparator, period, message;
    uint64_t due; /* nanoseconds, or DEVICE_NO_ALARM */
    bool wraps;   /* it comes at the counter's 32 bits' end first, and then when it is due */
};

struct hpet {
    struct device device;
    uint32_t configuration, status;
    uint64_t counter; /* while it is halted; and what it will start from */
    uint64_t offset;  /* nanoseconds that it is ahead of the board's time, modulo 2^64 */
    struct timer timers[TIMERS];
};

static struct hpet *hpet_of(struct device *device)
{
    return (struct hpet *)(void *)device;
}

/* ---- The counter ----------------------------------------------------------------------------- */

static bool is_running(const struct hpet *h)
{
    return (h->configuration & ENABLE) != 0;
}

static uint64_t count(const struct hpet *h)
{
    if (!is_running(h) || board_has_fault(h->device.board, RESCIND_FAULT_HPET_STILL, NULL)) {
        return h->counter;
    }
    return (board_now(h->device.board) + h->offset) / TICK;
}

/* ---- Interrupts ------------------------------------------------------------------------------ */

static uint32_t line_of(const struct hpet *h, unsigned number)
{
    if ((h->configuration & LEGACY) != 0 && number < 2) {
        return number == 0 ? LINE_TIMER : LINE_CLOCK;
    }
    return h->timers[number].configuration >> TIMER_ROUTE & 0x1f;
}

static void send(const struct hpet *h, uint64_t message)
{
    board_write_message(h->device.board, message >> 32, (uint32_t)message);
}

/* The timer's interrupt begins, or is over. */
static void interrupt(struct hpet *h, unsigned number, bool on)
{
    const struct timer *t = &h->timers[number];
    uint32_t bit = (uint32_t)1 << number, line = line_of(h, number);
    bool message = (t->configuration & TIMER_MESSAGE) != 0;

    if (on && (t->configuration & TIMER_ENABLE) != 0 && is_running(h)) {
        if (message) {
            send(h, t->message);
        } else if ((t->configuration & TIMER_LEVEL) != 0) {
            h->status |= bit;
            board_hpet_line(h->device.board, line, true);
        } else {
            h->status &= ~bit;
            board_hpet_line(h->device.board, line, true);
            board_hpet_line(h->device.board, line, false);
        }
        return;
    }
    h->status &= ~bit;
    if (!message) {
        board_hpet_line(h->device.board, line, false);
    }
}

static void set_alarm(struct hpet *h)
{
    uint64_t first = DEVICE_NO_ALARM;

    for (unsigned i = 0; i < TIMERS; i++) {
        first = MIN(first, h->timers[i].due);
    }
    board_set_alarm(&h->device, first);
}

static bool is_narrow(const struct timer *t)
{
    return (t->configuration & TIMER_NARROWED) != 0;
}

static bool is_periodic(const struct timer *t)
{
    return (t->configuration & TIMER_PERIODIC) != 0;
}

/* Ticks from `now` to the comparator, 1 if it lies behind. */
static uint64_t distance(const struct timer *t, uint64_t now)
{
    if (is_narrow(t)) {
        uint32_t ticks = (uint32_t)t->comparator - (uint32_t)now;

        return (int32_t)ticks > 0 ? ticks : 1;
    }
    return (int64_t)(t->comparator - now) > 0 ? t->comparator - now : 1;
}

static void set_due(const struct hpet *h, struct timer *t, uint64_t ticks)
{
    uint64_t now = board_now(h->device.board);

    t->due = ticks < (DEVICE_NO_ALARM - now) / TICK ? now + ticks * TICK : DEVICE_NO_ALARM;
}

static void start_timer(struct hpet *h, struct timer *t)
{
    uint64_t now = count(h), ticks = distance(t, now);
    uint32_t to_end = UINT32_MAX - (uint32_t)now;

    t->wraps = is_narrow(t) && !is_periodic(t) && to_end < (uint32_t)ticks;
    set_due(h, t, t->wraps ? to_end : ticks);
    set_alarm(h);
}

static void stop_timer(struct hpet *h, unsigned number)
{
    h->timers[number].due = DEVICE_NO_ALARM;
    set_alarm(h);
    interrupt(h, number, false);
}

/* A periodic timer's next comparator behind `now`. */
static void advance(struct timer *t, uint64_t now)
{
    uint64_t behind = now - t->comparator;

    if (is_narrow(t)) {
        behind = (uint32_t)behind;
        if ((int32_t)behind >= 0) {
            t->comparator = (uint32_t)(t->comparator + (behind / t->period + 1) * t->period);
        }
    } else if ((int64_t)behind >= 0) {
        t->comparator += (behind / t->period + 1) * t->period;
    }
}

static void expire(struct hpet *h, unsigned number)
{
    struct timer *t = &h->timers[number];
    uint64_t now = count(h);

    t->due = DEVICE_NO_ALARM;
    if (is_periodic(t) && t->period != 0) {
        advance(t, now);
        set_due(h, t, distance(t, now));
    } else if (is_narrow(t) && t->wraps) {
        t->wraps = false;
        set_due(h, t, distance(t, now));
    }
    interrupt(h, number, true);
}

static void alarm(struct device *device)
{
    struct hpet *h = hpet_of(device);

    for (unsigned i = 0; i < TIMERS; i++) {
        if (h->timers[i].due <= board_now(device->board)) {
            expire(h, i);
        }
    }
    set_alarm(h);
}

/* ---- Registers ------------------------------------------------------------------------------- */

/* Which it is; *number is the timer's. */
static unsigned register_at(uint32_t offset, unsigned *number)
{
    static const uint8_t at[] = {
        [REG_CAPABILITIES] = AT_CAPABILITIES,
        [REG_PERIOD] = AT_PERIOD,
        [REG_CONFIGURATION] = AT_CONFIGURATION,
        [REG_STATUS] = AT_STATUS,
        [REG_COUNTER] = AT_COUNTER,
        [REG_COUNTER_HIGH] = AT_COUNTER_HIGH,
        [REG_TIMER] = AT_TIMER,
        [REG_ROUTES] = AT_ROUTES,
        [REG_COMPARATOR] = AT_COMPARATOR,
        [REG_COMPARATOR_HIGH] = AT_COMPARATOR_HIGH,
        [REG_DATA] = AT_DATA,
        [REG_ADDRESS] = AT_ADDRESS,
    };
    bool timer = offset >= TIMERS_AT;
    unsigned first = timer ? REG_TIMER : 0, end = timer ? REG_NONE : REG_TIMER;
    uint32_t within = timer ? offset % TIMER_SIZE : offset;

    *number = timer ? (offset - TIMERS_AT) / TIMER_SIZE : 0;
    for (unsigned reg = first; reg < end && *number < TIMERS; reg++) {
        if (at[reg] == within) {
            return reg;
        }
    }
    return REG_NONE;
}

static uint32_t read_period(const struct hpet *h)
{
    uint64_t period = PERIOD;

    board_has_fault(h->device.board, RESCIND_FAULT_HPET_PERIOD, &period);
    return (uint32_t)period;
}

static uint32_t read_timer(const struct hpet *h, unsigned reg, const struct timer *t)
{
    bool pc = board_options(h->device.board)->machine == RESCIND_BOARD_PC;

    switch (reg) {
    case REG_TIMER:
        return t->configuration;
    case REG_ROUTES:
        return pc ? ROUTES_PC : ROUTES_Q35;
    case REG_COMPARATOR:
        return (uint32_t)t->comparator;
    case REG_COMPARATOR_HIGH:
        return (uint32_t)(t->comparator >> 32);
    case REG_DATA:
        return (uint32_t)t->message;
    default:
        return (uint32_t)(t->message >> 32);
    }
}

static uint32_t read_register(const struct hpet *h, uint32_t offset)
{
    unsigned number, reg = register_at(offset, &number);

    if (reg == REG_NONE || !device_has(&h->device, reg)) {
        return 0;
    }
    switch (reg) {
    case REG_CAPABILITIES:
        return (uint32_t)VENDOR << 16 | IDENTITY;
    case REG_PERIOD:
        return read_period(h);
    case REG_CONFIGURATION:
        return h->configuration;
    case REG_STATUS:
        return h->status;
    case REG_COUNTER:
        return (uint32_t)count(h);
    case REG_COUNTER_HIGH:
        return (uint32_t)(count(h) >> 32);
    default:
        return read_timer(h, reg, &h->timers[number]);
    }
}

static void run(struct hpet *h)
{
    h->offset = h->counter * TICK - board_now(h->device.board);
    for (unsigned i = 0; i < TIMERS; i++) {
        if (h->timers[i].comparator != UINT64_MAX) {
            start_timer(h, &h->timers[i]);
        }
    }
}

static void halt(struct hpet *h, uint64_t counter)
{
    h->counter = counter;
    for (unsigned i = 0; i < TIMERS; i++) {
        stop_timer(h, i);
    }
}

static void configure(struct hpet *h, uint32_t value)
{
    uint32_t changed = (h->configuration ^ value) & CONFIGURATION_MASK;
    uint64_t now = count(h);

    h->configuration = value & CONFIGURATION_MASK;
    if ((changed & ENABLE) != 0 && is_running(h)) {
        run(h);
    } else if ((changed & ENABLE) != 0) {
        halt(h, now);
    }
    if ((changed & LEGACY) != 0) {
        board_replace_legacy(h->device.board, (value & LEGACY) != 0);
    }
}

static void configure_timer(struct hpet *h, unsigned number, uint32_t value)
{
    struct timer *t = &h->timers[number];
    uint32_t old = t->configuration, turned_on = value & ~old;

    if ((turned_on & TIMER_MESSAGE) != 0) {
        interrupt(h, number, false);
    }
    t->configuration = (value & TIMER_MASK) | (old & ~(uint32_t)TIMER_MASK);
    if ((value & TIMER_NARROWED) != 0) {
        t->comparator = (uint32_t)t->comparator;
        t->period = (uint32_t)t->period;
    }
    if ((turned_on & TIMER_ENABLE) != 0 && is_running(h)) {
        start_timer(h, t);
    } else if ((old & ~value & TIMER_ENABLE) != 0) {
        stop_timer(h, number);
    }
}

/* Half of the comparator, the one that begins at bit `shift`. Low halves are periods, too. */
static void compare(struct hpet *h, struct timer *t, uint32_t value, unsigned shift)
{
    uint64_t others = ~((uint64_t)UINT32_MAX << shift);
    bool sets = !is_periodic(t) || (t->configuration & TIMER_SET) != 0;

    if (sets) {
        t->comparator = (t->comparator & others) | (uint64_t)value << shift;
    }
    if (is_periodic(t) && (shift == 0 || !sets)) {
        value = is_narrow(t) ? value & INT32_MAX : value;
        t->period = (t->period & others) | (uint64_t)value << shift;
    }
    t->configuration &= ~(uint32_t)TIMER_SET;
    if (is_running(h)) {
        start_timer(h, t);
    }
}

static void write_timer(struct hpet *h, unsigned reg, unsigned number, uint32_t value)
{
    struct timer *t = &h->timers[number];

    switch (reg) {
    case REG_TIMER:
        configure_timer(h, number, value);
        break;
    case REG_COMPARATOR:
        compare(h, t, value, 0);
        break;
    case REG_COMPARATOR_HIGH:
        compare(h, t, value, 32);
        break;
    case REG_DATA:
        t->message = (t->message & ~(uint64_t)UINT32_MAX) | value;
        break;
    case REG_ADDRESS:
        t->message = (uint32_t)t->message | (uint64_t)value << 32;
        break;
    default:
        break;
    }
}

static void write_register(struct hpet *h, uint32_t offset, uint32_t value)
{
    unsigned number, reg = register_at(offset, &number);

    if (reg == REG_NONE || !device_has(&h->device, reg)) {
        return;
    }
    switch (reg) {
    case REG_CONFIGURATION:
        configure(h, value);
        break;
    case REG_STATUS:
        for (unsigned i = 0; i < TIMERS; i++) {
            if ((value & h->status & (uint32_t)1 << i) != 0) {
                interrupt(h, i, false);
            }
        }
        break;
    case REG_COUNTER:
        h->counter = (h->counter & ~(uint64_t)UINT32_MAX) | value;
        break;
    case REG_COUNTER_HIGH:
        h->counter = (uint32_t)h->counter | (uint64_t)value << 32;
        break;
    default:
        write_timer(h, reg, number, value);
        break;
    }
}

static bool is_there(const struct hpet *h)
{
    return !board_has_fault(h->device.board, RESCIND_FAULT_NO_HPET, NULL);
}

static uint64_t read_memory(struct device *device, uint32_t offset, unsigned bytes)
{
    const struct hpet *h = hpet_of(device);

    if (!is_there(h)) {
        return UINT64_MAX;
    }
    if (bytes == 8) {
        return read_register(h, offset) | (uint64_t)read_register(h, offset + 4) << 32;
    }
    return bytes == 4 ? read_register(h, offset) : 0;
}

static void write_memory(struct device *device, uint32_t offset, unsigned bytes, uint64_t value)
{
    struct hpet *h = hpet_of(device);

    if (!is_there(h) || bytes < 4) {
        return;
    }
    write_register(h, offset, (uint32_t)value);
    if (bytes == 8) {
        write_register(h, offset + 4, (uint32_t)(value >> 32));
    }
}

static void reset(struct device *device)
{
    struct hpet *h = hpet_of(device);

    *h = (struct hpet){.device = h->device};
    for (unsigned i = 0; i < TIMERS; i++) {
        h->timers[i] = (struct timer){
            .configuration = TIMER_CAN_PERIODIC | TIMER_WIDE,
            .comparator = UINT64_MAX,
            .due = DEVICE_NO_ALARM,
        };
    }
}

const struct device_class device_hpet = {
    .name = "hpet",
    .registers = registers,
    .size = sizeof(struct hpet),
    .reset = reset,
    .read = read_memory,
    .write = write_memory,
    .alarm = alarm,
};

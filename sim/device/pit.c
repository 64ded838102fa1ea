/* The 8254 interval timer (Intel 231164) of a PC, and port 0x61, which has its channel 2's gate and
 * output. Channel 0's output is interrupt line 0.
 *
 * Counting is not done but worked out from the time. As QEMU's, and other than the part: a count is
 * there at once when it is written, not a clock later; one whose first byte has been written counts
 * on; odd counts in mode 3 are halved without a rest; and a status has no null-count bit. As the
 * part, and other than QEMU's: the output is high before and low at the end of a count of modes 2,
 * 4 and 5, and low while one of mode 1 runs (QEMU has these four upside down); modes 1 and 5 wait
 * for their gate to rise; a low gate stops the others; and BCD counts count in BCD.
 */
#include "sim/device/models.h"

enum { CHANNELS = 3, SPEAKER_CHANNEL = 2, CONTROL = 3, HZ = 1193182, SECOND = 1000000000 };
enum { LOW = 1, HIGH = 2, BOTH = 3 }; /* bytes of a count: as in the control word */
enum { TIMER_LINE = 0, PERCENT = 100 };
enum { BINARY_COUNTS = 0x10000, BCD_COUNTS = 10000 };
enum { READ_BACK = 3, NOT_COUNT = 0x20, NOT_STATUS = 0x10 };
enum { GATE = 0x01, SPEAKER = 0x02, REFRESH = 0x10, OUTPUT = 0x20 };

enum reg { COUNTER0, COUNTER1, COUNTER2, WORD, LATCH, STATUS, SPEAKER_PORT };
static const char *const registers[] = {
    "pit.counter0", "pit.counter1", "pit.counter2", "pit.control",
    "pit.latch",    "pit.status",   "pit.speaker",  NULL,
};

struct channel {
    uint8_t bytes, mode; /* as in the control word */
    bool bcd, gate;
    bool loaded;           /* has a count since its mode was set */
    bool running;          /* counts; `start` is when it began to */
    bool high_next_write;  /* of BOTH: the low byte has been */
    bool high_next_read;   /* the same */
    uint8_t written_low;   /* the byte that waits for the other */
    uint8_t latched_bytes; /* what is left to be read of `latched` */
    bool status_latched;
    uint8_t status;
    uint16_t latched;
    uint32_t count;  /* 1 .. BINARY_COUNTS */
    uint64_t start;  /* nanoseconds */
    uint64_t passed; /* ticks before it was stopped, while it is not running */
    uint32_t slower; /* percent */
};

struct pit {
    struct device device;
    struct channel channels[CHANNELS];
    bool speaker, refresh, raised;
    uint32_t drift; /* percent, of the last measurement */
};

static bool stands_still(const struct pit *pit)
{
    return board_has_fault(pit->device.board, RESCIND_FAULT_PIT_STILL, NULL);
}

static uint64_t ticks(const struct pit *pit, const struct channel *channel)
{
    uint64_t passed = board_now(pit->device.board) - channel->start;

    if (stands_still(pit)) {
        return 0;
    }
    if (!channel->running) {
        return channel->passed;
    }
    return (uint64_t)((unsigned __int128)passed * HZ * PERCENT /
                      ((uint64_t)SECOND * (PERCENT + channel->slower)));
}

/* When so many ticks will have passed: the first nanosecond. */
static uint64_t time_of(const struct channel *channel, uint64_t tick)
{
    unsigned __int128 unit = (unsigned __int128)HZ * PERCENT;
    unsigned __int128 long_ticks = (unsigned __int128)tick * SECOND * (PERCENT + channel->slower);

    return channel->start + (uint64_t)((long_ticks + unit - 1) / unit);
}

static uint32_t counts(const struct channel *channel)
{
    return channel->bcd ? BCD_COUNTS : BINARY_COUNTS;
}

static uint16_t to_bcd(uint32_t value)
{
    return (uint16_t)(value % 10 | value / 10 % 10 << 4 | value / 100 % 10 << 8 |
                      value / 1000 % 10 << 12);
}

static uint32_t from_bcd(uint16_t value)
{
    return (value & 15) + 10 * (value >> 4 & 15) + 100 * (value >> 8 & 15) + 1000 * (value >> 12);
}

static uint16_t count_now(const struct pit *pit, const struct channel *channel)
{
    uint64_t passed = ticks(pit, channel);
    uint32_t value;

    if (channel->mode == 3) {
        value = channel->count - (uint32_t)(2 * passed % channel->count);
    } else if (channel->mode == 2) {
        value = channel->count - (uint32_t)(passed % channel->count);
    } else {
        value = channel->count + counts(channel) - (uint32_t)(passed % counts(channel));
    }
    value %= counts(channel);
    return channel->bcd ? to_bcd(value) : (uint16_t)value;
}

static bool output(const struct pit *pit, const struct channel *channel)
{
    uint64_t passed = ticks(pit, channel);

    switch (channel->mode) {
    case 0:
        return passed >= channel->count;
    case 1:
        return !channel->running || passed >= channel->count;
    case 2:
        return !channel->running || passed % channel->count != channel->count - 1;
    case 3:
        return !channel->running || passed % channel->count < (channel->count + 1) / 2;
    default:
        return passed != channel->count;
    }
}

/* The tick at which the output changes next; UINT64_MAX: it does not. */
static uint64_t next_change(const struct pit *pit, const struct channel *channel)
{
    uint64_t passed = ticks(pit, channel), round = passed - passed % channel->count;
    uint32_t half = (channel->count + 1) / 2;

    if (!channel->running || stands_still(pit)) {
        return UINT64_MAX;
    }
    if (channel->mode == 2) {
        return passed < round + channel->count - 1 ? round + channel->count - 1
                                                   : round + channel->count;
    }
    if (channel->mode == 3) {
        return passed < round + half ? round + half : round + channel->count;
    }
    if (passed < channel->count) {
        return channel->count;
    }
    return channel->mode >= 4 && passed == channel->count ? channel->count + 1 : UINT64_MAX;
}

/* Channel 0's output is a line of the interrupt controllers. */
static void update_line(struct pit *pit)
{
    const struct channel *channel = &pit->channels[0];
    uint64_t next = next_change(pit, channel);

    if (output(pit, channel) != pit->raised) {
        pit->raised = !pit->raised;
        board_line(pit->device.board, TIMER_LINE, pit->raised);
    }
    board_set_alarm(&pit->device, next != UINT64_MAX ? time_of(channel, next) : DEVICE_NO_ALARM);
}

static void alarm_rings(struct device *device)
{
    update_line((struct pit *)device);
}

/* ---- Counts -------------------------------------------------------------------------------- */

static void start(const struct pit *pit, struct channel *channel)
{
    channel->start = board_now(pit->device.board);
    channel->running = true;
}

static void set_gate(struct pit *pit, struct channel *channel, bool gate)
{
    bool rises = gate && !channel->gate && channel->loaded;
    bool stops = channel->mode != 1 && channel->mode != 5;

    if (rises && (channel->mode == 0 || channel->mode == 4)) { /* counts on */
        uint64_t now = board_now(pit->device.board);

        channel->start = 0;
        channel->start = now - MIN(now, time_of(channel, channel->passed));
        channel->running = true;
    } else if (rises) {
        start(pit, channel);
    } else if (!gate && channel->gate && stops) {
        channel->passed = ticks(pit, channel);
        channel->running = false;
    }
    channel->gate = gate;
}

static void load(struct pit *pit, struct channel *channel, uint16_t value)
{
    bool triggered = channel->mode == 1 || channel->mode == 5;
    uint64_t percent = 0;

    channel->count = channel->bcd ? from_bcd(value) : value;
    if (channel->count == 0) {
        channel->count = counts(channel);
    }
    if (board_has_fault(pit->device.board, RESCIND_FAULT_DRIFT, &percent)) {
        pit->drift += (uint32_t)MIN(percent, 1000);
    }
    channel->slower = pit->drift;
    channel->loaded = true;
    channel->passed = 0;
    channel->running = false;
    if (channel->gate && !triggered) {
        start(pit, channel);
    }
}

static void write_count(struct pit *pit, struct channel *channel, uint8_t byte)
{
    if (channel->bytes == BOTH && !channel->high_next_write) {
        channel->written_low = byte;
        channel->high_next_write = true;
        return;
    }
    channel->high_next_write = false;
    if (channel->bytes == BOTH) {
        load(pit, channel, (uint16_t)(byte << 8 | channel->written_low));
    } else {
        load(pit, channel, channel->bytes == HIGH ? (uint16_t)(byte << 8) : byte);
    }
}

static uint8_t read_latched(struct channel *channel)
{
    if ((channel->latched_bytes & LOW) != 0) {
        channel->latched_bytes &= (uint8_t)~LOW;
        return channel->latched & 0xff;
    }
    channel->latched_bytes = 0;
    return channel->latched >> 8;
}

static uint8_t read_count(const struct pit *pit, struct channel *channel)
{
    uint16_t value = count_now(pit, channel);

    if (channel->status_latched) {
        channel->status_latched = false;
        return channel->status;
    }
    if (channel->latched_bytes != 0) {
        return read_latched(channel);
    }
    if (channel->bytes == BOTH) {
        channel->high_next_read = !channel->high_next_read;
        return channel->high_next_read ? value & 0xff : value >> 8;
    }
    return channel->bytes == HIGH ? value >> 8 : value & 0xff;
}

/* ---- The control word ---------------------------------------------------------------------- */

/* What is latched already stays till it is read. */
static void latch_count(const struct pit *pit, struct channel *channel)
{
    if (channel->latched_bytes == 0 && device_has(&pit->device, LATCH)) {
        channel->latched = count_now(pit, channel);
        channel->latched_bytes = channel->bytes;
    }
}

static void latch_status(const struct pit *pit, struct channel *channel)
{
    if (!channel->status_latched && device_has(&pit->device, STATUS)) {
        channel->status = (uint8_t)(output(pit, channel) << 7 | channel->bytes << 4 |
                                    channel->mode << 1 | channel->bcd);
        channel->status_latched = true;
    }
}

static void read_back(struct pit *pit, uint8_t value)
{
    for (unsigned i = 0; i < CHANNELS; i++) {
        if ((value & 2U << i) != 0 && (value & NOT_COUNT) == 0) {
            latch_count(pit, &pit->channels[i]);
        }
        if ((value & 2U << i) != 0 && (value & NOT_STATUS) == 0) {
            latch_status(pit, &pit->channels[i]);
        }
    }
}

static void write_control(struct pit *pit, uint8_t value)
{
    struct channel *channel;
    unsigned mode = value >> 1 & 7;

    if (value >> 6 == READ_BACK) {
        read_back(pit, value);
        return;
    }
    channel = &pit->channels[value >> 6];
    if ((value >> 4 & BOTH) == 0) {
        latch_count(pit, channel);
        return;
    }
    channel->bytes = value >> 4 & BOTH;
    channel->mode = (uint8_t)(mode > 5 ? mode - 4 : mode);
    channel->bcd = (value & 1) != 0;
    channel->high_next_write = false;
    channel->high_next_read = false;
    /* The count that is to come starts it: till then the output is as the mode begins. */
    channel->loaded = false;
    channel->passed = 0;
    channel->running = false;
}

/* ---- Ports --------------------------------------------------------------------------------- */

static uint8_t read_speaker(struct pit *pit)
{
    const struct channel *channel = &pit->channels[SPEAKER_CHANNEL];

    pit->refresh = !pit->refresh; /* a request to refresh memory, every 15 us: each look sees one */
    return (uint8_t)((channel->gate ? GATE : 0) | (pit->speaker ? SPEAKER : 0) |
                     (pit->refresh ? REFRESH : 0) | (output(pit, channel) ? OUTPUT : 0));
}

static uint64_t read_register(struct device *device, uint32_t offset, unsigned bytes)
{
    struct pit *pit = (struct pit *)device;

    (void)bytes;
    if (offset == PIT_SPEAKER) {
        return device_has(device, SPEAKER_PORT) ? read_speaker(pit) : 0;
    }
    if (offset == CONTROL) { /* for writing */
        return 0;
    }
    return device_has(device, COUNTER0 + offset) ? read_count(pit, &pit->channels[offset]) : 0;
}

static void write_register(struct device *device, uint32_t offset, unsigned bytes, uint64_t value)
{
    struct pit *pit = (struct pit *)device;

    (void)bytes;
    if (offset == PIT_SPEAKER) {
        if (device_has(device, SPEAKER_PORT)) {
            pit->speaker = (value & SPEAKER) != 0;
            set_gate(pit, &pit->channels[SPEAKER_CHANNEL], (value & GATE) != 0);
        }
    } else if (offset == CONTROL) {
        if (device_has(device, WORD)) {
            write_control(pit, (uint8_t)value);
        }
    } else if (device_has(device, COUNTER0 + offset)) {
        write_count(pit, &pit->channels[offset], (uint8_t)value);
    }
    update_line(pit);
}

/* As SeaBIOS leaves it: 18.2 interrupts a second. */
static void reset(struct device *device)
{
    struct pit *pit = (struct pit *)device;

    for (unsigned i = 0; i < CHANNELS; i++) {
        pit->channels[i] = (struct channel){.mode = i == 0 ? 2 : 3, .bytes = i == 0 ? BOTH : 0};
        pit->channels[i].gate = i != SPEAKER_CHANNEL;
        load(pit, &pit->channels[i], 0);
    }
    update_line(pit);
}

const struct device_class device_pit = {
    .name = "pit",
    .registers = registers,
    .size = sizeof(struct pit),
    .widest = 1,
    .reset = reset,
    .read = read_register,
    .write = write_register,
    .alarm = alarm_rings,
};

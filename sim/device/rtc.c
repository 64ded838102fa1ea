/* The MC146818 real-time clock (Motorola ADI-856) of a PC, with 128 bytes of CMOS memory and the
 * century in one of them.
 *
 * As QEMU's, and other than the part: an update takes no time, though it is announced 244 us before
 * (the part takes 1984 us more); the day of the week follows from the date, and dates that are none
 * are carried over (the 31st of February is a day in March); a write of the time takes effect at
 * once outside set mode. As the part, and other than QEMU's: nothing is updated in set mode, and
 * periodic flags come whether or not they interrupt.
 */
#include "sim/device/models.h"

enum { SIZE = 128, LINE = 8, SECOND = 1000000000, HZ = 32768, NOTICE = 8 };
enum { SECONDS_A_DAY = 86400, DAYS_TO_1970 = 719468, DAYS_AN_ERA = 146097 };
enum { AT_SECONDS, AT_SECONDS_ALARM, AT_MINUTES, AT_MINUTES_ALARM, AT_HOURS, AT_HOURS_ALARM };
enum { AT_WEEKDAY = 6, AT_DAY, AT_MONTH, AT_YEAR, AT_A, AT_B, AT_C, AT_D };
enum { AT_EQUIPMENT = 0x14, AT_CENTURY = 0x32, AT_CENTURY_TOO = 0x37, AT_PROCESSORS = 0x5f };
enum { A_UPDATING = 0x80, A_DIVIDER = 0x70, A_DIVIDER_RESET = 0x60, A_DIVIDER_ON = 0x20 };
enum { A_RATE = 0x0f };
enum { B_SET = 0x80, B_UPDATES = 0x10, B_BINARY = 0x04, B_24 = 0x02 };
enum { C_REQUEST = 0x80, C_PERIODIC = 0x40, C_ALARM = 0x20, C_UPDATED = 0x10, C_CAUSES = 0x70 };
enum { D_VALID = 0x80, HOUR_PM = 0x80, ANY = 0xc0 };

enum reg {
    INDEX,
    SECONDS,
    SECONDS_ALARM,
    MINUTES,
    MINUTES_ALARM,
    HOURS,
    HOURS_ALARM,
    WEEKDAY,
    DAY,
    MONTH,
    YEAR,
    A,
    B,
    C,
    D,
    CENTURY,
    MEMORY
};
static const char *const registers[] = {
    "rtc.index",
    "rtc.seconds",
    "rtc.seconds-alarm",
    "rtc.minutes",
    "rtc.minutes-alarm",
    "rtc.hours",
    "rtc.hours-alarm",
    "rtc.weekday",
    "rtc.day",
    "rtc.month",
    "rtc.year",
    "rtc.a",
    "rtc.b",
    "rtc.c",
    "rtc.d",
    "rtc.century",
    "rtc.memory",
    NULL,
};

/* So many seconds before 1970 begins the first of March of the year 0. */
static const int64_t EARLIEST = (int64_t)DAYS_TO_1970 * SECONDS_A_DAY;

struct rtc {
    struct device device;
    uint8_t index;
    uint8_t bytes[SIZE];
    int64_t time;  /* the time of day, in seconds since 1970, at `since` */
    int64_t since; /* nanoseconds; may be before the board's beginning */
    int64_t done;  /* nanoseconds: flags are right up to here */
    bool raised;
};

/* ---- Dates --------------------------------------------------------------------------------- */

/* Days since 1970 of a date in the Gregorian calendar, years from March on. */
static int64_t days_of(int64_t year, int64_t month, int64_t day)
{
    int64_t era, day_of_era, year_of_era;

    year += (month - 1) / 12;
    month = (month - 1) % 12 + 1;
    year -= month <= 2;
    era = year / 400;
    year_of_era = year - era * 400;
    day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 +
                 (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    return era * DAYS_AN_ERA + day_of_era - DAYS_TO_1970;
}

static void date_of(int64_t days, unsigned *year, unsigned *month, unsigned *day)
{
    int64_t shifted = days + DAYS_TO_1970, era = shifted / DAYS_AN_ERA;
    int64_t of_era = shifted - era * DAYS_AN_ERA;
    int64_t year_of_era =
        (of_era - of_era / 1460 + of_era / 36524 - of_era / (DAYS_AN_ERA - 1)) / 365;
    int64_t of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t march = (5 * of_year + 2) / 153;

    *day = (unsigned)(of_year - (153 * march + 2) / 5 + 1);
    *month = (unsigned)(march < 10 ? march + 3 : march - 9);
    *year = (unsigned)(year_of_era + era * 400 + (*month <= 2));
}

/* ---- The bytes of the time ----------------------------------------------------------------- */

static uint8_t coded(const struct rtc *rtc, unsigned value)
{
    return (uint8_t)((rtc->bytes[AT_B] & B_BINARY) != 0 ? value : value / 10 << 4 | value % 10);
}

static unsigned decoded(const struct rtc *rtc, uint8_t byte)
{
    return (rtc->bytes[AT_B] & B_BINARY) != 0 ? byte : (byte >> 4) * 10U + (byte & 15);
}

static uint8_t coded_hour(const struct rtc *rtc, unsigned hour)
{
    if ((rtc->bytes[AT_B] & B_24) != 0) {
        return coded(rtc, hour);
    }
    return coded(rtc, hour % 12 != 0 ? hour % 12 : 12) | (hour >= 12 ? HOUR_PM : 0);
}

static unsigned decoded_hour(const struct rtc *rtc, uint8_t byte)
{
    unsigned hour = decoded(rtc, byte & (uint8_t)~HOUR_PM);

    if ((rtc->bytes[AT_B] & B_24) != 0) {
        return hour;
    }
    return hour % 12 + ((byte & HOUR_PM) != 0 ? 12 : 0);
}

static void put_time(struct rtc *rtc, int64_t time)
{
    int64_t since_start = time + EARLIEST, days = since_start / SECONDS_A_DAY;
    unsigned second = (unsigned)(since_start % SECONDS_A_DAY), year, month, day;

    date_of(days - DAYS_TO_1970, &year, &month, &day);
    rtc->bytes[AT_SECONDS] = coded(rtc, second % 60);
    rtc->bytes[AT_MINUTES] = coded(rtc, second / 60 % 60);
    rtc->bytes[AT_HOURS] = coded_hour(rtc, second / 3600);
    rtc->bytes[AT_WEEKDAY] = coded(rtc, (unsigned)((days + 3) % 7) + 1);
    rtc->bytes[AT_DAY] = coded(rtc, day);
    rtc->bytes[AT_MONTH] = coded(rtc, month);
    rtc->bytes[AT_YEAR] = coded(rtc, year % 100);
    rtc->bytes[AT_CENTURY] = coded(rtc, year / 100);
}

static int64_t get_time(const struct rtc *rtc)
{
    const uint8_t *bytes = rtc->bytes;
    int64_t year = decoded(rtc, bytes[AT_YEAR]) + 100 * (int64_t)decoded(rtc, bytes[AT_CENTURY]);
    int64_t month = MAX(decoded(rtc, bytes[AT_MONTH]), 1);
    int64_t days = days_of(year, month, decoded(rtc, bytes[AT_DAY]));
    int64_t time = days * SECONDS_A_DAY + 3600 * (int64_t)decoded_hour(rtc, bytes[AT_HOURS]) +
                   60 * (int64_t)decoded(rtc, bytes[AT_MINUTES]) + decoded(rtc, bytes[AT_SECONDS]);

    return MAX(time, -EARLIEST);
}

/* ---- Time passes --------------------------------------------------------------------------- */

static bool divider_runs(const struct rtc *rtc)
{
    return (rtc->bytes[AT_A] & A_DIVIDER) <= A_DIVIDER_ON;
}

static bool updates(const struct rtc *rtc)
{
    return divider_runs(rtc) && (rtc->bytes[AT_B] & B_SET) == 0;
}

/* The periodic flag's period in ticks of 32768 Hz; 0: it does not come. */
static uint64_t period(const struct rtc *rtc)
{
    unsigned rate = rtc->bytes[AT_A] & A_RATE;

    if (rate == 0 || !divider_runs(rtc)) {
        return 0;
    }
    return 1U << ((rate <= 2 ? rate + 7 : rate) - 1);
}

static uint64_t to_ticks(int64_t nanoseconds)
{
    return (uint64_t)((unsigned __int128)nanoseconds * HZ / SECOND);
}

static bool matches(const struct rtc *rtc, unsigned field)
{
    uint8_t wanted = rtc->bytes[field + 1];

    return (wanted & ANY) == ANY || wanted == rtc->bytes[field];
}

/* One second more. */
static void tick(struct rtc *rtc)
{
    rtc->time++;
    rtc->since += SECOND;
    put_time(rtc, rtc->time);
    rtc->bytes[AT_C] |= C_UPDATED;
    if (matches(rtc, AT_SECONDS) && matches(rtc, AT_MINUTES) && matches(rtc, AT_HOURS)) {
        rtc->bytes[AT_C] |= C_ALARM;
    }
}

static void catch_up(struct rtc *rtc)
{
    int64_t now = (int64_t)board_now(rtc->device.board);
    uint64_t length = period(rtc);

    if (length != 0 && to_ticks(now) / length != to_ticks(rtc->done) / length) {
        rtc->bytes[AT_C] |= C_PERIODIC;
    }
    while (updates(rtc) && now - rtc->since >= SECOND) {
        tick(rtc);
    }
    rtc->done = now;
}

/* The interrupt, and when to look again. */
static void update_line(struct rtc *rtc)
{
    bool raised = (rtc->bytes[AT_C] & rtc->bytes[AT_B] & C_CAUSES) != 0;
    uint64_t next = DEVICE_NO_ALARM, length = period(rtc);

    rtc->bytes[AT_C] &= (uint8_t)~C_REQUEST;
    rtc->bytes[AT_C] |= raised ? C_REQUEST : 0;
    if (raised != rtc->raised) {
        rtc->raised = raised;
        board_line(rtc->device.board, LINE, raised);
    }
    if (updates(rtc)) {
        next = (uint64_t)(rtc->since + SECOND);
    }
    if (length != 0 && (rtc->bytes[AT_B] & C_PERIODIC) != 0) {
        uint64_t ticks = (to_ticks(rtc->done) / length + 1) * length;

        next = MIN(next, (uint64_t)(((unsigned __int128)ticks * SECOND + HZ - 1) / HZ));
    }
    board_set_alarm(&rtc->device, next);
}

static void alarm_rings(struct device *device)
{
    catch_up((struct rtc *)device);
    update_line((struct rtc *)device);
}

static bool is_updating(const struct rtc *rtc)
{
    const int64_t notice = (int64_t)SECOND * NOTICE / HZ;

    if (board_has_fault(rtc->device.board, RESCIND_FAULT_RTC_BUSY, NULL)) {
        return true;
    }
    return updates(rtc) && rtc->done - rtc->since >= SECOND - notice;
}

/* ---- Registers ----------------------------------------------------------------------------- */

static enum reg which_register(unsigned index)
{
    if (index <= AT_D) {
        return SECONDS + index;
    }
    return index == AT_CENTURY || index == AT_CENTURY_TOO ? CENTURY : MEMORY;
}

static unsigned which_byte(const struct rtc *rtc)
{
    return rtc->index == AT_CENTURY_TOO ? AT_CENTURY : rtc->index;
}

static bool is_time(unsigned index)
{
    return index == AT_CENTURY || (index < AT_A && index != AT_SECONDS_ALARM &&
                                   index != AT_MINUTES_ALARM && index != AT_HOURS_ALARM);
}

static void write_a(struct rtc *rtc, uint8_t value)
{
    bool held = !divider_runs(rtc);

    rtc->bytes[AT_A] = value & (uint8_t)~A_UPDATING;
    if (held && divider_runs(rtc)) { /* the first update comes half a second later */
        rtc->time = get_time(rtc);
        rtc->since = rtc->done - SECOND / 2;
    }
}

static void write_b(struct rtc *rtc, uint8_t value)
{
    bool ends = (rtc->bytes[AT_B] & ~value & B_SET) != 0;

    if ((value & B_SET) != 0) {
        value &= (uint8_t)~B_UPDATES;
    }
    rtc->bytes[AT_B] = value;
    if (ends) { /* the divider has gone on */
        rtc->time = get_time(rtc);
        rtc->since += (rtc->done - rtc->since) / SECOND * SECOND;
    } else if (updates(rtc)) {
        put_time(rtc, rtc->time);
    }
}

static void write_byte(struct rtc *rtc, unsigned index, uint8_t value)
{
    if (index == AT_A) {
        write_a(rtc, value);
    } else if (index == AT_B) {
        write_b(rtc, value);
    } else if (index != AT_C && index != AT_D) {
        rtc->bytes[index] = value;
        if (is_time(index) && updates(rtc)) {
            rtc->time = get_time(rtc);
        }
    }
}

static uint8_t read_byte(struct rtc *rtc, unsigned index)
{
    uint8_t value = rtc->bytes[index];
    uint64_t rubbish;

    if (is_time(index) && board_has_fault(rtc->device.board, RESCIND_FAULT_RTC_RUBBISH, &rubbish)) {
        return (uint8_t)rubbish;
    }
    if (index == AT_A) {
        return value | (is_updating(rtc) ? A_UPDATING : 0);
    }
    if (index == AT_C) {
        rtc->bytes[AT_C] = 0;
    }
    return value;
}

static uint64_t read_register(struct device *device, uint32_t offset, unsigned bytes)
{
    struct rtc *rtc = (struct rtc *)device;
    uint8_t value = 0;

    (void)bytes;
    if (offset % 2 == 0) { /* for writing */
        return 0xff;
    }
    catch_up(rtc);
    if (device_has(device, which_register(rtc->index))) {
        value = read_byte(rtc, which_byte(rtc));
    }
    update_line(rtc);
    return value;
}

static void write_register(struct device *device, uint32_t offset, unsigned bytes, uint64_t value)
{
    struct rtc *rtc = (struct rtc *)device;

    (void)bytes;
    if (offset % 2 == 0) { /* bit 7 holds back NMIs */
        if (device_has(device, INDEX)) {
            rtc->index = value & (SIZE - 1);
        }
        return;
    }
    catch_up(rtc);
    if (device_has(device, which_register(rtc->index))) {
        write_byte(rtc, which_byte(rtc), (uint8_t)value);
    }
    update_line(rtc);
}

/* The beginning of 2026, and of what QEMU and SeaBIOS put into the memory what is the same on all
 * boards. */
static void reset(struct device *device)
{
    struct rtc *rtc = (struct rtc *)device;

    rtc->bytes[AT_A] = 0x26;
    rtc->bytes[AT_B] = B_24;
    rtc->bytes[AT_D] = D_VALID;
    rtc->bytes[AT_EQUIPMENT] = 0x06; /* coprocessor, mouse */
    rtc->bytes[AT_PROCESSORS] = (uint8_t)(board_options(device->board)->processors - 1);
    rtc->time = days_of(2026, 1, 1) * SECONDS_A_DAY;
    put_time(rtc, rtc->time);
    update_line(rtc);
}

const struct device_class device_rtc = {
    .name = "rtc",
    .registers = registers,
    .size = sizeof(struct rtc),
    .widest = 1,
    .reset = reset,
    .read = read_register,
    .write = write_register,
    .alarm = alarm_rings,
};

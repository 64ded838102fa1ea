/* The MC146818 real-time clock and CMOS memory (Motorola ADI-856): a driver, for whoever includes
 * rescind/drivers.h. */
#include "rescind/drivers.h"
#include "rescind/platform.h"

enum { INDEX_PORT = 0x70, DATA_PORT = 0x71, INDEX_BITS = 0x7f };
enum { SECONDS = 0, MINUTES = 2, HOURS = 4, DAY = 7, MONTH = 8, YEAR = 9, A = 10, B = 11 };
enum { A_UPDATING = 0x80, B_24_HOURS = 0x02, B_BINARY = 0x04, HOUR_PM = 0x80 };
enum { NOON = 12, OTHER_CENTURY = 20, BAD = 0xff };

/* The bytes of a date as they stand in the clock. */
struct bytes {
    uint8_t second, minute, hour, day, month, year, century;
};

uint8_t rescind_cmos_read(uint8_t index)
{
    rescind_out8(INDEX_PORT, index & INDEX_BITS);
    return rescind_in8(DATA_PORT);
}

void rescind_cmos_write(uint8_t index, uint8_t value)
{
    rescind_out8(INDEX_PORT, index & INDEX_BITS);
    rescind_out8(DATA_PORT, value);
}

static struct bytes read_bytes(uint8_t century)
{
    return (struct bytes){
        .second = rescind_cmos_read(SECONDS),
        .minute = rescind_cmos_read(MINUTES),
        .hour = rescind_cmos_read(HOURS),
        .day = rescind_cmos_read(DAY),
        .month = rescind_cmos_read(MONTH),
        .year = rescind_cmos_read(YEAR),
        .century = century != 0 ? rescind_cmos_read(century) : 0,
    };
}

/* Twice alike, and no update meanwhile. */
static bool read_twice(uint8_t century, struct bytes *out)
{
    for (unsigned looks = 0; looks < RESCIND_RTC_PATIENCE; looks++) {
        struct bytes again;

        if ((rescind_cmos_read(A) & A_UPDATING) != 0) {
            rescind_pause();
            continue;
        }
        *out = read_bytes(century);
        again = read_bytes(century);
        if ((rescind_cmos_read(A) & A_UPDATING) == 0 && memcmp(out, &again, sizeof again) == 0) {
            return true;
        }
    }
    return false;
}

/* BAD: not a number in that code. */
static uint8_t decode(uint8_t byte, uint8_t b)
{
    if ((b & B_BINARY) != 0) {
        return byte;
    }
    return (byte & 15) < 10 && byte >> 4 < 10 ? (uint8_t)((byte >> 4) * 10 + (byte & 15)) : BAD;
}

static uint8_t decode_hour(uint8_t byte, uint8_t b)
{
    uint8_t hour;

    if ((b & B_24_HOURS) != 0) {
        return decode(byte, b);
    }
    hour = decode(byte & (uint8_t)~HOUR_PM, b);
    if (hour < 1 || hour > NOON) {
        return BAD;
    }
    return (uint8_t)(hour % NOON + ((byte & HOUR_PM) != 0 ? NOON : 0));
}

static uint8_t days_in(uint8_t month, uint16_t year)
{
    static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

    return (uint8_t)(days[month - 1] + (month == 2 && leap));
}

static bool makes_sense(const struct rescind_date *date)
{
    return date->month >= 1 && date->month <= 12 && date->day >= 1 &&
           date->day <= days_in(date->month, date->year) && date->hour < 24 && date->minute < 60 &&
           date->second < 60;
}

bool rescind_rtc_read(uint8_t century, struct rescind_date *out, struct rescind_trouble *trouble)
{
    struct bytes bytes;
    uint8_t b, year, hundreds;

    trouble->device = "RTC";
    if (!read_twice(century, &bytes)) {
        trouble->what = "it is being updated all the time";
        trouble->value = rescind_cmos_read(A);
        return false;
    }
    b = rescind_cmos_read(B);
    year = decode(bytes.year, b);
    hundreds = century != 0 ? decode(bytes.century, b) : OTHER_CENTURY;
    *out = (struct rescind_date){
        .year = (uint16_t)(hundreds * 100 + year),
        .month = decode(bytes.month, b),
        .day = decode(bytes.day, b),
        .hour = decode_hour(bytes.hour, b),
        .minute = decode(bytes.minute, b),
        .second = decode(bytes.second, b),
    };
    if (year > 99 || hundreds > 99 || !makes_sense(out)) {
        trouble->what = "there is no such date";
        trouble->value = (uint64_t)bytes.year << 40 | (uint64_t)bytes.month << 32 |
                         (uint64_t)bytes.day << 24 | (uint64_t)bytes.hour << 16 |
                         (uint64_t)bytes.minute << 8 | bytes.second;
        return false;
    }
    return true;
}

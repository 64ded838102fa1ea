/* The clock's driver on the model of an MC146818. */
#include "on_board.h"

#include <string.h>

enum { A = 10, B = 11, C = 12, CENTURY = 0x32, SECOND = 1000 * MILLISECOND };
enum { SLAVE = 0xa0, READ_REQUESTS = 0x0a };

static void set(const uint8_t *bytes, uint8_t b)
{
    static const uint8_t indices[] = {0, 2, 4, 6, 7, 8, 9, CENTURY};

    rescind_cmos_write(B, b | 0x80);
    for (unsigned i = 0; i < sizeof indices; i++) {
        rescind_cmos_write(indices[i], bytes[i]);
    }
    rescind_cmos_write(B, b);
    rescind_cmos_write(A, 0x70);
    rescind_cmos_write(A, 0x20);
}

static void assert_date(uint8_t century, unsigned year, unsigned month, unsigned day, unsigned hour,
                        unsigned minute, unsigned second)
{
    struct rescind_trouble trouble;
    struct rescind_date date;

    assert_true(rescind_rtc_read(century, &date, &trouble));
    assert_int_equal(date.year, year);
    assert_int_equal(date.month, month);
    assert_int_equal(date.day, day);
    assert_int_equal(date.hour, hour);
    assert_int_equal(date.minute, minute);
    assert_int_equal(date.second, second);
}

static void assert_trouble(const char *what, uint64_t value)
{
    struct rescind_trouble trouble;
    struct rescind_date date;

    assert_false(rescind_rtc_read(CENTURY, &date, &trouble));
    assert_string_equal(trouble.device, "RTC");
    assert_string_equal(trouble.what, what);
    assert_int_equal(trouble.value, value);
}

static void a_board_begins_with_2026(void **state)
{
    assert_date(CENTURY, 2026, 1, 1, 0, 0, 0);
    rescind_board_advance(*state, 86399ULL * SECOND);
    assert_date(CENTURY, 2026, 1, 1, 23, 59, 59);
    rescind_board_advance(*state, SECOND);
    assert_date(CENTURY, 2026, 1, 2, 0, 0, 0);
    assert_int_equal(rescind_cmos_read(6), 6); /* a Friday */
}

static void dates_are_read_in_every_code(void **state)
{
    (void)state;
    set((const uint8_t[]){0x58, 0x59, 0x23, 0x04, 0x28, 0x02, 0x23, 0x20}, 0x02);
    assert_date(CENTURY, 2023, 2, 28, 23, 59, 58);
    set((const uint8_t[]){58, 59, 23, 4, 28, 2, 23, 20}, 0x06);
    assert_date(CENTURY, 2023, 2, 28, 23, 59, 58);
    set((const uint8_t[]){0x58, 0x59, 0x91, 0x04, 0x28, 0x02, 0x23, 0x20}, 0x00);
    assert_date(CENTURY, 2023, 2, 28, 23, 59, 58);
    set((const uint8_t[]){58, 59, 0x8b, 4, 28, 2, 23, 20}, 0x04);
    assert_date(CENTURY, 2023, 2, 28, 23, 59, 58);
    set((const uint8_t[]){58, 59, 12, 4, 28, 2, 23, 20}, 0x04);
    assert_date(CENTURY, 2023, 2, 28, 0, 59, 58);
    set((const uint8_t[]){58, 59, 0x8c, 4, 28, 2, 23, 20}, 0x04);
    assert_date(CENTURY, 2023, 2, 28, 12, 59, 58);
}

static void without_a_century_it_is_the_21st(void **state)
{
    (void)state;
    set((const uint8_t[]){0x00, 0x00, 0x12, 0x06, 0x31, 0x12, 0x99, 0x19}, 0x02);
    assert_date(CENTURY, 1999, 12, 31, 12, 0, 0);
    assert_date(0, 2099, 12, 31, 12, 0, 0);
}

static void months_are_as_long_as_they_are(void **state)
{
    static const struct {
        uint16_t year;
        uint8_t days;
    } februaries[] = {{1900, 28}, {1999, 28}, {2000, 29}, {2023, 28}, {2024, 29}, {2100, 28}};

    for (size_t i = 0; i < sizeof februaries / sizeof *februaries; i++) {
        uint16_t year = februaries[i].year;

        set((const uint8_t[]){59, 59, 23, 1, februaries[i].days, 2, (uint8_t)(year % 100),
                              (uint8_t)(year / 100)},
            0x06);
        assert_date(CENTURY, year, 2, februaries[i].days, 23, 59, 59);
        rescind_board_advance(*state, SECOND);
        assert_date(CENTURY, year, 3, 1, 0, 0, 0);
    }
}

/* It is read either before or after an update, never in between: the carry takes all bytes. */
static void an_update_is_waited_for(void **state)
{
    for (uint64_t before = 0; before < 300; before += 7) {
        struct rescind_trouble trouble;
        struct rescind_date date;

        set((const uint8_t[]){59, 59, 23, 1, 31, 12, 99, 20}, 0x06);
        rescind_board_advance(*state, SECOND / 2 - before * MICROSECOND);
        assert_true(rescind_rtc_read(CENTURY, &date, &trouble));
        if (date.year == 2100) {
            assert_date(CENTURY, 2100, 1, 1, 0, 0, 0);
        } else {
            assert_int_equal(date.year, 2099);
            assert_int_equal(date.second, 59);
            assert_true(before > 244);
        }
    }
}

static void a_clock_that_is_always_updated_is_given_up(void **state)
{
    rescind_board_fault(*state, RESCIND_FAULT_RTC_BUSY, 0);
    assert_trouble("it is being updated all the time", 0xa6);
}

static void rubbish_is_no_date(void **state)
{
    static const uint8_t bytes[] = {0xff, 0x00, 0xaa, 0x5a, 0x60, 0x99};

    for (size_t i = 0; i < sizeof bytes; i++) {
        rescind_board_fault(*state, RESCIND_FAULT_RTC_RUBBISH, bytes[i]);
        assert_trouble("there is no such date", 0x010101010101ULL * bytes[i]);
    }
    rescind_board_fault(*state, RESCIND_FAULT_RTC_RUBBISH, 0x11); /* some make one */
    assert_date(CENTURY, 1111, 11, 11, 11, 11, 11);
}

/* Of each field the first value that is too much, or too little, in binary and in BCD. */
static void fields_end_where_they_end(void **state)
{
    static const struct {
        uint8_t at, value, b;
    } wrong[] = {{0, 60, 6},   {1, 60, 6},   {2, 24, 6},   {2, 0, 4},   {2, 13, 4},   {3, 0, 6},
                 {3, 32, 6},   {4, 0, 6},    {4, 13, 6},   {5, 100, 6}, {6, 100, 6},  {0, 0x1a, 2},
                 {1, 0xa1, 2}, {2, 0x24, 2}, {2, 0x13, 0}, {2, 0, 0},   {2, 0x1a, 0}, {5, 0xa0, 2}};

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        /* second, minute, hour, day, month, year, century; 1 in each is right in every code */
        uint8_t date[7] = {1, 1, 1, 1, 1, 1, 1}, bytes[8];

        date[wrong[i].at] = wrong[i].value;
        memcpy(bytes,
               (const uint8_t[]){date[0], date[1], date[2], 1, date[3], date[4], date[5], date[6]},
               sizeof bytes);
        set(bytes, wrong[i].b);
        assert_trouble("there is no such date",
                       (uint64_t)date[5] << 40 | (uint64_t)date[4] << 32 | (uint64_t)date[3] << 24 |
                           (uint64_t)date[2] << 16 | (uint64_t)date[1] << 8 | date[0]);
    }
}

/* The answer that is another, counted down from the next. */
struct once {
    unsigned left;
    uint8_t bits;
};

static void turn_once(void *context, bool port, uint64_t address, unsigned bits, uint64_t *value)
{
    struct once *once = context;

    (void)bits;
    if (port && address == 0x71 && once->left-- == 0) {
        *value ^= once->bits;
    }
}

/* Two looks of seven bytes each, between two at whether it is being updated. */
static void what_is_read_only_once_is_not_believed(void **state)
{
    enum { LOOKS = 16 };

    set((const uint8_t[]){58, 59, 22, 4, 28, 2, 23, 20}, 0x06);
    for (unsigned i = 0; i < LOOKS; i++) {
        struct once once = {i, i == 0 || i == LOOKS - 1 ? 0x80 : 1};

        rescind_board_answers(*state, turn_once, &once);
        assert_date(CENTURY, 2023, 2, 28, 22, 59, 58);
        assert_true(once.left > LOOKS); /* it has been: the count has gone round */
        rescind_board_answers(*state, NULL, NULL);
    }
}

static void no_clock_is_no_date(void **state)
{
    (void)state;
    rescind_board_use(NULL);
    assert_trouble("it is being updated all the time", 0xff);
}

static void impossible_dates_in_it_do_no_harm(void **state)
{
    uint8_t bytes[8];

    for (unsigned value = 0; value < 256; value++) {
        memset(bytes, (int)value, sizeof bytes);
        set(bytes, (uint8_t)(value % 8 & 6));
        rescind_board_advance(*state, SECOND);
        assert_int_not_equal(rescind_cmos_read(8), 0); /* there is no month 0 afterwards */
        assert_int_not_equal(rescind_cmos_read(7), 0);
    }
}

static void memory_keeps_what_is_put_there(void **state)
{
    (void)state;
    for (uint8_t i = 0x33; i < 0x80; i++) {
        if (i != 0x37) {
            rescind_cmos_write(i, (uint8_t)(i * 3));
        }
    }
    for (uint8_t i = 0x33; i < 0x80; i++) {
        if (i != 0x37) {
            assert_int_equal(rescind_cmos_read(i), (uint8_t)(i * 3));
        }
    }
    assert_int_equal(rescind_cmos_read(0xff), 0x7d);
}

static void it_interrupts_when_asked_to(void **state)
{
    rescind_pic_init(0x30);
    rescind_out8(SLAVE, READ_REQUESTS);
    rescind_cmos_write(B, 0x12);
    rescind_board_advance(*state, SECOND);
    assert_int_equal(rescind_in8(SLAVE), 1);
    assert_int_equal(rescind_cmos_read(C) & 0x90, 0x90);
    assert_int_equal(rescind_in8(SLAVE), 0);
    rescind_cmos_write(B, 0x42);
    rescind_board_advance(*state, MILLISECOND); /* rate 6: 976 us */
    assert_int_equal(rescind_in8(SLAVE), 1);
    rescind_cmos_write(B, 0x02);
    assert_int_equal(rescind_in8(SLAVE), 0);
}

static void set_mode_keeps_it_from_updates(void **state)
{
    rescind_cmos_read(C);
    rescind_cmos_write(B, 0x82);
    rescind_board_advance(*state, 3ULL * SECOND);
    assert_int_equal(rescind_cmos_read(0), 0);
    assert_int_equal(rescind_cmos_read(C) & 0x10, 0);
    rescind_cmos_write(B, 0x02);
    rescind_board_advance(*state, SECOND);
    assert_int_equal(rescind_cmos_read(0), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        on_board(a_board_begins_with_2026),
        on_board(dates_are_read_in_every_code),
        on_board(without_a_century_it_is_the_21st),
        on_board(months_are_as_long_as_they_are),
        on_board(an_update_is_waited_for),
        on_board(a_clock_that_is_always_updated_is_given_up),
        on_board(rubbish_is_no_date),
        on_board(no_clock_is_no_date),
        on_board(fields_end_where_they_end),
        on_board(what_is_read_only_once_is_not_believed),
        on_board(impossible_dates_in_it_do_no_harm),
        on_board(memory_keeps_what_is_put_there),
        on_board(it_interrupts_when_asked_to),
        on_board(set_mode_keeps_it_from_updates),
    };

    return cmocka_run_group_tests_name("rtc", tests, NULL, NULL);
}

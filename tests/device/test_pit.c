/* The timer's driver on the model of an 8254, and what of the model no transcript sees, since QEMU
 * is not as the part there: gates, outputs, BCD. */
#include "on_board.h"

enum { MODES = 6, SPEAKER = 0x61, GATE = 1, OUTPUT = 0x20, CONTROL = 0x43, COUNTER2 = 0x42 };
enum { MASTER = 0x20, READ_REQUESTS = 0x0a, NANOSECONDS_A_TICK = 838 };

/* How many of 1000 ticks, a look each, the output of channel 2 is high. */
static unsigned high_of_1000(struct rescind_board *board)
{
    unsigned high = 0;

    for (unsigned i = 0; i < 1000; i++) {
        rescind_board_advance(board, NANOSECONDS_A_TICK - 100);
        high += (rescind_in8(SPEAKER) & OUTPUT) != 0;
    }
    return high;
}

static void assert_about(uint64_t value, uint64_t wanted, uint64_t tolerance)
{
    assert_in_range(value, wanted - tolerance, wanted + tolerance);
}

static void counts_are_read_as_they_are(void **state)
{
    for (uint8_t channel = 0; channel < 3; channel++) {
        rescind_out8(SPEAKER, GATE);
        rescind_pit_start(channel, 2, 50000);
        rescind_board_advance(*state, 10 * MILLISECOND);
        assert_about(rescind_pit_read(channel), 50000 - 11932, 2);
        rescind_board_advance(*state, 40 * MILLISECOND); /* around once */
        assert_about(rescind_pit_read(channel), 100000 - 59659, 4);
    }
}

static void outputs_are_as_the_part_has_them(void **state)
{
    /* Of 1000 ticks with a count of 100, how many high. 1 and 5 have not been triggered. */
    static const unsigned wanted[MODES] = {900, 1000, 990, 500, 999, 1000};

    for (uint8_t mode = 0; mode < MODES; mode++) {
        rescind_out8(SPEAKER, GATE);
        rescind_pit_start(2, mode, 100);
        assert_about(high_of_1000(*state), wanted[mode], 3);
    }
}

static void a_rising_gate_triggers(void **state)
{
    rescind_out8(SPEAKER, 0);
    rescind_pit_start(2, 1, 100);
    rescind_out8(SPEAKER, GATE);
    assert_about(high_of_1000(*state), 900, 2);
    rescind_out8(SPEAKER, 0);
    rescind_out8(SPEAKER, GATE);
    assert_about(high_of_1000(*state), 900, 2);
    rescind_pit_start(2, 5, 100);
    rescind_out8(SPEAKER, 0);
    rescind_out8(SPEAKER, GATE);
    assert_about(high_of_1000(*state), 999, 1);
}

static void a_low_gate_stops_the_count(void **state)
{
    rescind_out8(SPEAKER, GATE);
    rescind_pit_start(2, 0, 10000);
    rescind_board_advance(*state, 1000 * NANOSECONDS_A_TICK);
    rescind_out8(SPEAKER, 0);
    rescind_board_advance(*state, 50000 * NANOSECONDS_A_TICK);
    assert_about(rescind_pit_read(2), 9000, 3);
    rescind_out8(SPEAKER, GATE);
    rescind_board_advance(*state, 1000 * NANOSECONDS_A_TICK);
    assert_about(rescind_pit_read(2), 8000, 5);
    rescind_out8(SPEAKER, 0);
    rescind_pit_start(2, 2, 10000);
    rescind_board_advance(*state, MILLISECOND);
    assert_int_equal(rescind_pit_read(2), 10000);
    rescind_out8(SPEAKER, GATE); /* begins anew */
    rescind_board_advance(*state, 1000 * NANOSECONDS_A_TICK);
    assert_about(rescind_pit_read(2), 9000, 3);
}

static void bcd_counts_in_bcd(void **state)
{
    rescind_out8(SPEAKER, GATE);
    rescind_out8(CONTROL, 0xb1);
    rescind_out8(COUNTER2, 0x00);
    rescind_out8(COUNTER2, 0x10); /* 1000 */
    rescind_board_advance(*state, 505 * NANOSECONDS_A_TICK);
    assert_about(rescind_pit_read(2), 0x0495, 1);
    rescind_board_advance(*state, 1000 * NANOSECONDS_A_TICK);
    assert_about(rescind_pit_read(2), 0x9494, 2);
}

static void channel_0_interrupts(void **state)
{
    rescind_pic_init(0x30);
    rescind_pit_start(0, 0, 1000);
    rescind_out8(MASTER, READ_REQUESTS);
    rescind_board_advance(*state, 990 * NANOSECONDS_A_TICK);
    assert_int_equal(rescind_in8(MASTER) & 1, 0);
    rescind_board_advance(*state, 10 * NANOSECONDS_A_TICK);
    assert_int_equal(rescind_in8(MASTER) & 1, 1);
}

static void a_clock_interrupts_18_times_a_second(void **state)
{
    unsigned count = 0;

    rescind_pic_init(0x30);
    rescind_out8(MASTER + 1, 0xfe);
    rescind_pit_start(0, 2, 0);
    for (unsigned i = 0; i < 10000; i++) {
        rescind_board_advance(*state, 100 * MICROSECOND - 200);
        rescind_out8(MASTER, 0x0c); /* a poll */
        if (rescind_in8(MASTER) == 0x80) {
            count++;
            rescind_pic_end(0);
        }
    }
    assert_about(count, 18, 1);
}

static void count_calls(void *context)
{
    ++*(unsigned *)context;
}

static void a_wait_takes_its_time(void **state)
{
    unsigned calls = 0;
    uint64_t before;

    rescind_out8(SPEAKER, 0x02);
    before = rescind_board_time(*state);
    assert_true(rescind_pit_wait(11932, 1000000, count_calls, &calls));
    assert_about(rescind_board_time(*state) - before, 10 * MILLISECOND, 2 * MICROSECOND);
    assert_int_equal(calls, 1);
    assert_int_equal(rescind_in8(SPEAKER) & 0x03, 0x02); /* as it was */
}

static void a_wait_for_too_long_is_given_up(void **state)
{
    unsigned calls = 0;
    uint64_t before = rescind_board_time(*state);

    assert_false(rescind_pit_wait(11932, 1000, count_calls, &calls));
    assert_int_equal(calls, 1);
    assert_about(rescind_board_time(*state) - before, 100 * MICROSECOND, MICROSECOND);
}

static void a_timer_that_stands_still_is_given_up(void **state)
{
    unsigned calls = 0;

    rescind_board_fault(*state, RESCIND_FAULT_PIT_STILL, 0);
    assert_false(rescind_pit_wait(11932, 1000000, count_calls, &calls));
    rescind_pit_start(0, 2, 1234);
    rescind_board_advance(*state, MILLISECOND);
    assert_int_equal(rescind_pit_read(0), 1234);
}

static void a_timer_that_is_not_there_has_not_waited(void **state)
{
    unsigned calls = 0;

    (void)state;
    rescind_board_use(NULL);
    assert_false(rescind_pit_wait(11932, 1000, count_calls, &calls));
    assert_int_equal(calls, 0);
}

static void drift_grows(void **state)
{
    unsigned calls = 0;

    rescind_board_fault(*state, RESCIND_FAULT_DRIFT, 20);
    for (unsigned i = 1; i <= 3; i++) {
        uint64_t before = rescind_board_time(*state);

        assert_true(rescind_pit_wait(11932, 1000000, count_calls, &calls));
        assert_about(rescind_board_time(*state) - before, (10 + 2 * i) * MILLISECOND,
                     2 * MICROSECOND);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        on_board(counts_are_read_as_they_are),
        on_board(outputs_are_as_the_part_has_them),
        on_board(a_rising_gate_triggers),
        on_board(a_low_gate_stops_the_count),
        on_board(bcd_counts_in_bcd),
        on_board(channel_0_interrupts),
        on_board(a_clock_interrupts_18_times_a_second),
        on_board(a_wait_takes_its_time),
        on_board(a_wait_for_too_long_is_given_up),
        on_board(a_timer_that_stands_still_is_given_up),
        on_board(a_timer_that_is_not_there_has_not_waited),
        on_board(drift_grows),
    };

    return cmocka_run_group_tests_name("pit", tests, NULL, NULL);
}

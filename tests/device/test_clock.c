/* Measuring the clocks on the models, which run at 1 GHz, and at 62.5 MHz as the APIC's timer
 * divides it: with PIT and HPET, with either, and with each of them wrong. */
#include "board_test.h"

#define HPET ((uint64_t)0xfed00000)

enum { TSC_KHZ = 1000000, LAPIC_KHZ = 62500, FINE = 1000, PERIOD = 10000000 };
#define MILLISECOND ((uint64_t)1000000)

static struct rescind_hpet hpet;

static int setup(void **state)
{
    struct rescind_trouble trouble;
    int result = board_setup(state);

    assert_true(rescind_lapic_init(0xff, &trouble));
    assert_true(rescind_hpet_init(&hpet, HPET, &trouble));
    return result;
}

static void assert_clock(const struct rescind_clock *clock, const char *source)
{
    assert_string_equal(clock->source, source);
    assert_in_range(clock->tsc_khz, TSC_KHZ - TSC_KHZ / FINE, TSC_KHZ + TSC_KHZ / FINE);
    assert_in_range(clock->lapic_khz, LAPIC_KHZ - LAPIC_KHZ / FINE, LAPIC_KHZ + LAPIC_KHZ / FINE);
}

static void pit_and_hpet_agree_within_a_millisecond(void **state)
{
    uint64_t begin = rescind_board_time(*state);
    struct rescind_trouble trouble;
    struct rescind_clock clock;

    assert_true(rescind_clock_measure(&clock, &hpet, &trouble));
    assert_clock(&clock, "HPET");
    assert_true(rescind_board_time(*state) - begin < 3 * MILLISECOND / 2);
    assert_int_equal(rescind_lapic_count(), 0);
}

static void without_an_hpet_the_pit_agrees_with_itself(void **state)
{
    uint64_t begin = rescind_board_time(*state);
    struct rescind_trouble trouble;
    struct rescind_clock clock;

    assert_true(rescind_clock_measure(&clock, NULL, &trouble));
    assert_clock(&clock, "PIT");
    assert_true(rescind_board_time(*state) - begin < 3 * MILLISECOND);
}

static void a_narrow_hpet_will_do(void **state)
{
    struct rescind_trouble trouble;
    struct rescind_clock clock;

    (void)state;
    rescind_write32(HPET + 0x10, 0);
    rescind_write32(HPET + 0xf0, 0xffffff00);
    rescind_write32(HPET + 0x10, 1);
    hpet.wide = false;
    assert_true(rescind_clock_measure(&clock, &hpet, &trouble));
    assert_clock(&clock, "HPET");
}

static void without_a_pit_the_hpet_agrees_with_itself(void **state)
{
    struct rescind_trouble trouble;
    struct rescind_clock clock;

    rescind_board_fault(*state, RESCIND_FAULT_PIT_STILL, 0);
    assert_true(rescind_clock_measure(&clock, &hpet, &trouble));
    assert_clock(&clock, "HPET");
}

static void with_neither_there_is_trouble(void **state)
{
    struct rescind_trouble trouble;
    struct rescind_clock clock;

    rescind_board_fault(*state, RESCIND_FAULT_PIT_STILL, 0);
    assert_false(rescind_clock_measure(&clock, NULL, &trouble));
    assert_trouble(&trouble, "PIT", 0);
    rescind_board_fault(*state, RESCIND_FAULT_HPET_STILL, 0);
    assert_false(rescind_clock_measure(&clock, &hpet, &trouble));
    assert_trouble(&trouble, "HPET", 0);
}

static void a_pit_that_drifts_is_noticed_and_the_hpet_believed(void **state)
{
    struct rescind_trouble trouble;
    struct rescind_clock clock;

    rescind_board_fault(*state, RESCIND_FAULT_DRIFT, 20);
    assert_true(rescind_clock_measure(&clock, &hpet, &trouble));
    assert_clock(&clock, "HPET");
}

static void a_pit_that_drifts_alone_is_trouble(void **state)
{
    struct rescind_trouble trouble;
    struct rescind_clock clock;

    rescind_board_fault(*state, RESCIND_FAULT_DRIFT, 50);
    assert_false(rescind_clock_measure(&clock, NULL, &trouble));
    assert_string_equal(trouble.device, "PIT");
    assert_true(trouble.value > TSC_KHZ);
}

/* The HPET says that it is twice as slow as it is: it agrees with itself, and so does the PIT. */
static void an_hpet_of_a_wrong_period_is_noticed_and_the_pit_believed(void **state)
{
    struct rescind_trouble trouble;
    struct rescind_clock clock;

    rescind_board_fault(*state, RESCIND_FAULT_HPET_PERIOD, 2 * PERIOD);
    assert_true(rescind_hpet_init(&hpet, HPET, &trouble));
    assert_true(rescind_clock_measure(&clock, &hpet, &trouble));
    assert_clock(&clock, "PIT");
}

static void an_hpet_that_stops_is_noticed_and_the_pit_believed(void **state)
{
    struct rescind_trouble trouble;
    struct rescind_clock clock;

    rescind_board_fault(*state, RESCIND_FAULT_HPET_STILL, 0);
    assert_true(rescind_clock_measure(&clock, &hpet, &trouble));
    assert_clock(&clock, "PIT");
}

static void an_apic_whose_timer_stands_still_is_trouble(void **state)
{
    struct rescind_trouble trouble;
    struct rescind_clock clock;

    rescind_board_fault(*state, RESCIND_FAULT_NO_LAPIC, 0);
    assert_false(rescind_clock_measure(&clock, &hpet, &trouble));
    assert_trouble(&trouble, "local APIC", 0);
}

/* ---- Clocks that no PC has ------------------------------------------------------------------- */

enum { HPET_COUNT = 0xf0, LAPIC_COUNT = 0x390 };

/* How much faster than they are the counters seem to be, and the HPET with each read. */
struct haste {
    uint64_t hpet, lapic, more;
};

static void hurry(void *context, bool port, uint64_t address, unsigned bits, uint64_t *value)
{
    struct haste *haste = context;

    (void)bits;
    if (!port && address == HPET + HPET_COUNT) {
        *value = (uint32_t)(*value * haste->hpet);
        haste->hpet += haste->more;
    } else if (!port && (address & 0xfff) == LAPIC_COUNT) {
        *value = UINT32_MAX - (UINT32_MAX - *value) * haste->lapic;
    }
}

static void assert_no_clock(struct rescind_board *board, struct haste haste, const char *device,
                            const char *what)
{
    struct rescind_trouble trouble;
    struct rescind_clock clock;

    hpet.wide = false;
    rescind_board_answers(board, hurry, &haste);
    assert_false(rescind_clock_measure(&clock, &hpet, &trouble));
    assert_string_equal(trouble.device, device);
    assert_string_equal(trouble.what, what);
    rescind_board_answers(board, NULL, NULL);
}

static void a_timer_that_no_pc_has_is_trouble(void **state)
{
    assert_no_clock(*state, (struct haste){.hpet = 1, .lapic = 100}, "local APIC",
                    "no timer has so many kHz");
}

/* By an HPET that counts so fast, next to nothing happens in a millisecond. */
static void a_processor_that_no_pc_has_is_trouble(void **state)
{
    rescind_board_fault(*state, RESCIND_FAULT_PIT_STILL, 0);
    assert_no_clock(*state, (struct haste){.hpet = 1000, .lapic = 1}, "processor",
                    "no clock has so many kHz");
    assert_no_clock(*state, (struct haste){.hpet = 100000000, .lapic = 1000000}, "processor",
                    "its time stamp counter stands still");
}

static void when_neither_agrees_with_itself_there_is_trouble(void **state)
{
    rescind_board_fault(*state, RESCIND_FAULT_DRIFT, 20);
    assert_no_clock(*state, (struct haste){.hpet = 1, .lapic = 1, .more = 1}, "PIT",
                    "no two measurements agree; the last, in kHz, of the processor's clock");
}

static void a_wait_takes_as_long_as_it_is_told_to(void **state)
{
    static const struct rescind_clock clock = {TSC_KHZ, LAPIC_KHZ, "HPET"};
    uint64_t begin = rescind_board_time(*state), passed;

    rescind_clock_wait(&clock, 250);
    passed = rescind_board_time(*state) - begin;
    assert_in_range(passed, 250000, 252000);
    rescind_clock_wait(&clock, 0);
    assert_int_equal(rescind_board_time(*state), begin + passed);
}

/* No board, no clock: it ends all the same. */
static void a_wait_ends_when_time_stands_still(void **state)
{
    static const struct rescind_clock clock = {TSC_KHZ, LAPIC_KHZ, "HPET"};

    (void)state;
    rescind_board_use(NULL);
    rescind_clock_wait(&clock, 1000);
    assert_int_equal(rescind_ticks(), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, board_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(pit_and_hpet_agree_within_a_millisecond),
        TEST(without_an_hpet_the_pit_agrees_with_itself),
        TEST(a_narrow_hpet_will_do),
        TEST(without_a_pit_the_hpet_agrees_with_itself),
        TEST(with_neither_there_is_trouble),
        TEST(a_pit_that_drifts_is_noticed_and_the_hpet_believed),
        TEST(a_pit_that_drifts_alone_is_trouble),
        TEST(an_hpet_of_a_wrong_period_is_noticed_and_the_pit_believed),
        TEST(an_hpet_that_stops_is_noticed_and_the_pit_believed),
        TEST(an_apic_whose_timer_stands_still_is_trouble),
        TEST(a_timer_that_no_pc_has_is_trouble),
        TEST(a_processor_that_no_pc_has_is_trouble),
        TEST(when_neither_agrees_with_itself_there_is_trouble),
        TEST(a_wait_takes_as_long_as_it_is_told_to),
        TEST(a_wait_ends_when_time_stands_still),
    };

    return cmocka_run_group_tests_name("clock", tests, NULL, NULL);
}

/* The HPET's model and driver: the counter, timers once and again, their interrupts, and what the
 * driver does about one that makes no sense. */
#include "board_test.h"

#define HPET   ((uint64_t)0xfed00000)
#define IOAPIC ((uint64_t)0xfec00000)

enum { PERIOD = 10000000, TICK = 10, VECTOR = 0x61, NONE = -1 };
enum { CONFIGURATION = 0x10, STATUS = 0x20, COUNTER = 0xf0, TIMER = 0x100, COMPARATOR = 0x108 };
enum { NEXT = 0x20 };
enum { LEVEL = 0x2, ENABLE = 0x4, PERIODIC = 0x8, SET = 0x40, NARROW = 0x100, ROUTE = 9 };

static struct rescind_hpet hpet;
static struct rescind_ioapic ioapic;

static uint32_t get(uint32_t reg)
{
    return rescind_read32(HPET + reg);
}

static void set(uint32_t reg, uint32_t value)
{
    rescind_write32(HPET + reg, value);
}

static int setup(void **state)
{
    struct rescind_trouble trouble;
    int result = board_setup(state);

    assert_true(rescind_lapic_init(0xff, &trouble));
    assert_true(rescind_ioapic_init(&ioapic, IOAPIC, 0, &trouble));
    assert_true(rescind_hpet_init(&hpet, HPET, &trouble));
    return result;
}

/* Input `input` of the I/O APIC comes as VECTOR. */
static void listen(uint32_t input, bool level)
{
    rescind_ioapic_route(&ioapic, input, VECTOR, 0, false, level);
    rescind_ioapic_mask(&ioapic, input, false);
}

static int taken(struct rescind_board *board)
{
    int vector = rescind_board_interrupt(board);

    if (vector != NONE) {
        rescind_lapic_end();
    }
    return vector;
}

/* Timer `number` comes so many ticks after now. The upper half goes first: with the old one, of
 * ones, the comparator would lie behind the counter. */
static void arm(unsigned number, uint32_t configuration, uint32_t ticks)
{
    set(COMPARATOR + number * NEXT + 4, 0);
    set(TIMER + number * NEXT, configuration);
    set(COMPARATOR + number * NEXT, get(COUNTER) + ticks);
}

static void it_says_what_it_is_and_counts(void **state)
{
    uint64_t before = rescind_hpet_count(&hpet), after;

    assert_int_equal(hpet.period, PERIOD);
    assert_int_equal(hpet.timers, 3);
    assert_true(hpet.wide);
    rescind_board_advance(*state, 1000000);
    after = rescind_hpet_count(&hpet);
    assert_in_range(after - before, 1000000 / TICK, 1010000 / TICK);
    assert_int_equal(get(CONFIGURATION), 1);
}

static void the_counter_is_read_whole_when_its_lower_half_wraps(void **state)
{
    uint64_t last;

    set(CONFIGURATION, 0);
    set(COUNTER, 0xffffff00);
    set(COUNTER + 4, 7);
    assert_int_equal(rescind_hpet_count(&hpet), 0x7ffffff00);
    set(CONFIGURATION, 1);
    last = rescind_hpet_count(&hpet);
    for (unsigned i = 0; i < 100; i++) {
        uint64_t now = rescind_hpet_count(&hpet);

        assert_true(now > last && now - last < 1000);
        last = now;
        rescind_board_advance(*state, 37);
    }
    assert_true(last > 0x800000000 && last < 0x800001000);
}

static void a_narrow_counter_is_read_by_its_lower_half(void **state)
{
    struct rescind_hpet narrow = hpet;

    (void)state;
    narrow.wide = false;
    set(CONFIGURATION, 0);
    set(COUNTER, 0x12345678);
    set(COUNTER + 4, 7);
    assert_int_equal(rescind_hpet_count(&narrow), 0x12345678);
}

static void a_timer_comes_once_when_the_counter_gets_there(void **state)
{
    listen(16, false);
    arm(0, ENABLE | 16 << ROUTE, 1000);
    rescind_board_advance(*state, 900 * TICK);
    assert_int_equal(taken(*state), NONE);
    rescind_board_advance(*state, 100 * TICK);
    assert_int_equal(taken(*state), VECTOR);
    rescind_board_advance(*state, 100000 * TICK);
    assert_int_equal(taken(*state), NONE);
}

static void a_periodic_timer_comes_again_and_again(void **state)
{
    listen(16, false);
    set(COMPARATOR + 4, 0);
    set(TIMER, ENABLE | PERIODIC | SET | 16 << ROUTE);
    set(COMPARATOR, get(COUNTER) + 1000);
    set(COMPARATOR, 500);
    rescind_board_advance(*state, 700 * TICK);
    assert_int_equal(taken(*state), NONE);
    for (unsigned i = 0; i < 5; i++) {
        rescind_board_advance(*state, 500 * TICK);
        assert_int_equal(taken(*state), VECTOR);
        assert_int_equal(taken(*state), NONE);
    }
    set(TIMER, PERIODIC | 16 << ROUTE);
    rescind_board_advance(*state, 5000 * TICK);
    assert_int_equal(taken(*state), NONE);
}

static void a_level_stays_till_its_status_is_cleared(void **state)
{
    listen(16, true);
    arm(1, ENABLE | LEVEL | 16 << ROUTE, 100);
    rescind_board_advance(*state, 200 * TICK);
    assert_int_equal(get(STATUS), 2);
    assert_int_equal(rescind_board_interrupt(*state), VECTOR);
    set(STATUS, 1);
    rescind_lapic_end();
    assert_int_equal(rescind_board_interrupt(*state), VECTOR);
    set(STATUS, 2);
    assert_int_equal(get(STATUS), 0);
    rescind_lapic_end();
    assert_int_equal(rescind_board_interrupt(*state), NONE);
}

static void legacy_routing_takes_the_places_of_pit_and_clock(void **state)
{
    listen(2, false);
    set(CONFIGURATION, 3);
    rescind_board_advance(*state, 1000000); /* whatever the PIT had under way */
    taken(*state);
    arm(0, ENABLE | 16 << ROUTE, 100);
    rescind_board_advance(*state, 200 * TICK);
    assert_int_equal(taken(*state), VECTOR);
    listen(8, false);
    arm(1, ENABLE, 100);
    rescind_board_advance(*state, 200 * TICK);
    assert_int_equal(taken(*state), VECTOR);
    listen(16, false);
    arm(2, ENABLE | 16 << ROUTE, 100);
    rescind_board_advance(*state, 200 * TICK);
    assert_int_equal(taken(*state), VECTOR);
}

static void a_narrow_timer_comes_when_the_counter_wraps_too(void **state)
{
    listen(16, false);
    set(CONFIGURATION, 0);
    set(COUNTER, 0xfffffc00);
    set(TIMER, ENABLE | NARROW | 16 << ROUTE);
    set(COMPARATOR, 1000);
    set(CONFIGURATION, 1);
    rescind_board_advance(*state, 1024 * TICK);
    assert_int_equal(taken(*state), VECTOR);
    rescind_board_advance(*state, 900 * TICK);
    assert_int_equal(taken(*state), NONE);
    rescind_board_advance(*state, 200 * TICK);
    assert_int_equal(taken(*state), VECTOR);
}

static void a_timer_can_send_a_message(void **state)
{
    set(TIMER + 0x10, VECTOR);
    set(TIMER + 0x14, 0xfee00000);
    arm(0, ENABLE | 1 << 14, 100);
    rescind_board_advance(*state, 200 * TICK);
    assert_int_equal(taken(*state), VECTOR);
}

static void registers_keep_what_they_have(void **state)
{
    (void)state;
    set(TIMER + NEXT, UINT32_MAX);
    assert_int_equal(get(TIMER + NEXT), 0x7f7e);
    assert_int_equal(get(TIMER + NEXT + 4), 0xff0104);
    set(CONFIGURATION, 0xfffffffe);
    assert_int_equal(get(CONFIGURATION), 2);
    assert_int_equal(get(TIMER + 3 * NEXT), 0);
    assert_int_equal(rescind_read64(HPET), (uint64_t)PERIOD << 32 | 0x8086a201);
}

static void what_firmware_left_running_is_stopped(void **state)
{
    struct rescind_trouble trouble;

    listen(2, true);
    arm(0, ENABLE | LEVEL, 10);
    set(CONFIGURATION, 3);
    rescind_board_advance(*state, 100 * TICK);
    assert_true(rescind_hpet_init(&hpet, HPET, &trouble));
    assert_int_equal(get(STATUS), 0);
    assert_int_equal(get(CONFIGURATION), 1);
    assert_int_equal(get(TIMER) & (ENABLE | LEVEL | PERIODIC), 0);
}

static void one_that_is_absent_or_stands_still_is_trouble(void **state)
{
    struct rescind_trouble trouble;

    rescind_board_fault(*state, RESCIND_FAULT_HPET_STILL, 0);
    assert_false(rescind_hpet_init(&hpet, HPET, &trouble));
    assert_string_equal(trouble.what, "its counter stands still");
    rescind_board_fault(*state, RESCIND_FAULT_NO_HPET, 0);
    assert_false(rescind_hpet_init(&hpet, HPET, &trouble));
    assert_trouble(&trouble, "HPET", UINT32_MAX);
}

static void a_period_that_makes_no_sense_is_trouble(void **state)
{
    static const uint64_t periods[] = {0, 100000001, UINT32_MAX};
    struct rescind_trouble trouble;

    for (size_t i = 0; i < sizeof periods / sizeof *periods; i++) {
        rescind_board_fault(*state, RESCIND_FAULT_HPET_PERIOD, periods[i]);
        assert_false(rescind_hpet_init(&hpet, HPET, &trouble));
        assert_trouble(&trouble, "HPET", periods[i]);
    }
    rescind_board_fault(*state, RESCIND_FAULT_HPET_PERIOD, 100000000);
    assert_true(rescind_hpet_init(&hpet, HPET, &trouble));
}

static void a_board_can_have_none(void **state)
{
    const struct rescind_board_options options = {.no_hpet = true};
    struct rescind_board *board = rescind_board_new(&options);
    struct rescind_trouble trouble;

    (void)state;
    rescind_board_use(board);
    assert_false(rescind_hpet_init(&hpet, HPET, &trouble));
    rescind_board_free(board);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, board_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(it_says_what_it_is_and_counts),
        TEST(the_counter_is_read_whole_when_its_lower_half_wraps),
        TEST(a_narrow_counter_is_read_by_its_lower_half),
        TEST(a_timer_comes_once_when_the_counter_gets_there),
        TEST(a_periodic_timer_comes_again_and_again),
        TEST(a_level_stays_till_its_status_is_cleared),
        TEST(legacy_routing_takes_the_places_of_pit_and_clock),
        TEST(a_narrow_timer_comes_when_the_counter_wraps_too),
        TEST(a_timer_can_send_a_message),
        TEST(registers_keep_what_they_have),
        TEST(what_firmware_left_running_is_stopped),
        TEST(one_that_is_absent_or_stands_still_is_trouble),
        TEST(a_period_that_makes_no_sense_is_trouble),
        TEST(a_board_can_have_none),
    };

    return cmocka_run_group_tests_name("hpet", tests, NULL, NULL);
}

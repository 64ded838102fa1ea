/* Starting processors on the models: all, some that are late or dead, and an APIC that sends
 * nothing. */
#include "board_test.h"

enum { PAGE = 0x8000, COUNT = 3, PATIENCE = 20 };
#define MILLISECOND ((uint64_t)1000000)

static const struct rescind_clock clock = {1000000, 62500, "HPET"};
static const uint32_t apics[COUNT] = {1, 2, 3};

/* A processor is up `late` nanoseconds after it has been started, at the page that was said. */
struct watch {
    struct rescind_board *board;
    uint64_t late;
    uint64_t seen[COUNT]; /* started; 0: not yet */
};

static bool is_up(void *context, uint32_t i)
{
    struct watch *watch = context;
    uint64_t now = rescind_board_time(watch->board);
    uint32_t page;

    if (!rescind_board_started(watch->board, apics[i], &page)) {
        return false;
    }
    assert_int_equal(page, PAGE);
    if (watch->seen[i] == 0) {
        watch->seen[i] = now;
    }
    return now - watch->seen[i] >= watch->late;
}

static int setup(void **state)
{
    struct rescind_trouble trouble;
    int result = board_setup(state);

    assert_true(rescind_lapic_init(0xff, &trouble));
    return result;
}

static uint32_t start(struct watch *watch, uint32_t count)
{
    return rescind_processors_start(&clock, apics, count, PAGE, PATIENCE, is_up, watch);
}

static void all_start_where_they_are_told(void **state)
{
    struct watch watch = {.board = *state};
    uint64_t begin = rescind_board_time(*state);

    assert_int_equal(start(&watch, COUNT), COUNT);
    assert_true(rescind_board_time(*state) - begin >= 10 * MILLISECOND);
    assert_true(rescind_board_time(*state) - begin < 11 * MILLISECOND);
}

static void only_those_that_are_named_start(void **state)
{
    struct watch watch = {.board = *state};
    uint32_t page;

    assert_int_equal(start(&watch, 1), 1);
    assert_false(rescind_board_started(*state, 2, &page));
    assert_false(rescind_board_started(*state, 3, &page));
}

static void none_is_no_wait(void **state)
{
    struct watch watch = {.board = *state};
    uint64_t begin = rescind_board_time(*state);

    assert_int_equal(start(&watch, 0), 0);
    assert_int_equal(rescind_board_time(*state), begin);
}

static void one_that_is_late_is_waited_for(void **state)
{
    struct watch watch = {.board = *state, .late = 7 * MILLISECOND};

    assert_int_equal(start(&watch, COUNT), COUNT);
}

static void one_that_is_too_late_is_not(void **state)
{
    struct watch watch = {.board = *state, .late = 100 * MILLISECOND};
    uint64_t begin = rescind_board_time(*state);

    assert_int_equal(start(&watch, COUNT), 0);
    assert_true(rescind_board_time(*state) - begin < (12 + PATIENCE) * MILLISECOND);
}

static void one_that_does_not_start_is_missing(void **state)
{
    struct watch watch = {.board = *state};

    rescind_board_fault(*state, RESCIND_FAULT_NO_START, 2);
    assert_int_equal(start(&watch, COUNT), COUNT - 1);
    assert_true(is_up(&watch, 0) && !is_up(&watch, 1) && is_up(&watch, 2));
}

static void none_starts_when_the_apic_sends_nothing(void **state)
{
    struct watch watch = {.board = *state};

    rescind_board_fault(*state, RESCIND_FAULT_LAPIC_BUSY, 0);
    assert_int_equal(start(&watch, COUNT), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, board_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(all_start_where_they_are_told),
        TEST(only_those_that_are_named_start),
        TEST(none_is_no_wait),
        TEST(one_that_is_late_is_waited_for),
        TEST(one_that_is_too_late_is_not),
        TEST(one_that_does_not_start_is_missing),
        TEST(none_starts_when_the_apic_sends_nothing),
    };

    return cmocka_run_group_tests_name("processors", tests, NULL, NULL);
}

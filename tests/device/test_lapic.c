/* The local APICs' model and driver: enabling, priorities, the timer, messages between processors,
 * and what the driver does about APICs that are not there or send nothing. */
#include "board_test.h"

enum { SPURIOUS = 0xff, TIMER = 0x40, CALL = 0x51, LOWER = 0x31 };
enum { TASK_PRIORITY = 0x80, PRIORITY = 0xa0, LOGICAL = 0xd0 };
enum { FORMAT = 0xe0, VECTOR_SPURIOUS = 0xf0, IN_SERVICE = 0x100, REQUEST = 0x200, ERROR = 0x280 };
enum { COMMAND = 0x300, TARGET = 0x310, LOCAL_TIMER = 0x320, INITIAL = 0x380, CURRENT = 0x390 };
enum { DIVIDE = 0x3e0, MSR_BASE = 0x1b, PROCESSORS = 4, NONE = -1 };
enum { TICK = 16 }; /* nanoseconds, divided by 16 */

static uint32_t get(uint32_t reg)
{
    return rescind_read32(0xfee00000 + reg);
}

static void set(uint32_t reg, uint32_t value)
{
    rescind_write32(0xfee00000 + reg, value);
}

static bool is_requested(uint8_t vector)
{
    return (get(REQUEST + vector / 32 * 16) >> vector % 32 & 1) != 0;
}

static bool is_in_service(uint8_t vector)
{
    return (get(IN_SERVICE + vector / 32 * 16) >> vector % 32 & 1) != 0;
}

static void init(void)
{
    struct rescind_trouble trouble;

    assert_true(rescind_lapic_init(SPURIOUS, &trouble));
}

/* Every processor's, and the first one's in the end. */
static void init_all(struct rescind_board *board)
{
    for (uint32_t i = PROCESSORS; i > 0; i--) {
        rescind_board_processor(board, i - 1);
        init();
    }
}

/* What processor `number` takes. */
static int taken_by(struct rescind_board *board, uint32_t number)
{
    int vector;

    rescind_board_processor(board, number);
    vector = rescind_board_interrupt(board);
    if (vector != NONE && vector != SPURIOUS) {
        rescind_lapic_end();
    }
    return vector;
}

/* ---- Setting it up -----------------------------------------------------------------------------
 */

static void it_is_enabled_with_everything_masked(void **state)
{
    init();
    assert_int_equal(get(VECTOR_SPURIOUS), 0x100 | SPURIOUS);
    for (uint32_t reg = LOCAL_TIMER; reg < INITIAL; reg += 16) {
        assert_int_equal(get(reg), 0x10000);
    }
    assert_int_equal(rescind_lapic_version(), 0x50014);
    for (uint32_t i = 0; i < PROCESSORS; i++) {
        rescind_board_processor(*state, i);
        assert_int_equal(rescind_lapic_id(), i);
    }
    assert_int_equal(rescind_board_interrupt(*state), NONE);
}

static void what_firmware_has_moved_or_disabled_is_put_back(void **state)
{
    static const uint64_t bases[] = {
        0xfee00000, 0xfed10000, 0xfed10800, 0xfee00c00, 0xfee00900,
    };

    for (size_t i = 0; i < sizeof bases / sizeof *bases; i++) {
        rescind_write_msr(MSR_BASE, bases[i]);
        init();
        assert_int_equal(rescind_read_msr(MSR_BASE), 0xfee00900);
        assert_int_equal(rescind_lapic_version(), 0x50014);
    }
    rescind_board_processor(*state, 1);
    init();
    assert_int_equal(rescind_read_msr(MSR_BASE), 0xfee00800);
}

static void one_that_is_disabled_is_not_there_and_forgets(void **state)
{
    (void)state;
    init();
    set(TASK_PRIORITY, 0x50);
    rescind_write_msr(MSR_BASE, 0xfee00000);
    assert_int_equal(rescind_lapic_version(), UINT32_MAX);
    rescind_write_msr(MSR_BASE, 0xfee00800);
    assert_int_equal(get(TASK_PRIORITY), 0);
    assert_int_equal(get(VECTOR_SPURIOUS), 0xff);
}

static void one_that_is_absent_is_trouble(void **state)
{
    struct rescind_trouble trouble;

    rescind_board_fault(*state, RESCIND_FAULT_NO_LAPIC, 0);
    assert_false(rescind_lapic_init(SPURIOUS, &trouble));
    assert_trouble(&trouble, "local APIC", UINT32_MAX);
}

static void answer_one(void *context, bool port, uint64_t address, unsigned bits, uint64_t *value)
{
    const uint64_t *answer = context; /* an address and what is there */

    (void)bits;
    if (!port && address == answer[0]) {
        *value = answer[1];
    }
}

static void one_that_makes_no_sense_is_trouble(void **state)
{
    uint64_t answers[][2] = {
        {0xfee00030, 0},
        {0xfee00030, 0x50004},
        {0xfee00030, 0x20014},
        {0xfee000f0, 0xff},
    };
    struct rescind_trouble trouble;

    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        rescind_board_answers(*state, answer_one, answers[i]);
        assert_false(rescind_lapic_init(SPURIOUS, &trouble));
        assert_trouble(&trouble, "local APIC", answers[i][1]);
    }
}

/* ---- Priorities ---------------------------------------------------------------------------------
 */

static void the_highest_vector_comes_first_and_its_end_lets_the_next_in(void **state)
{
    init();
    assert_true(rescind_lapic_send(0, LOWER));
    assert_true(rescind_lapic_send(0, CALL));
    assert_true(is_requested(LOWER) && is_requested(CALL));
    assert_int_equal(rescind_board_interrupt(*state), CALL);
    assert_true(is_in_service(CALL) && !is_requested(CALL));
    assert_int_equal(get(PRIORITY), CALL & 0xf0);
    assert_int_equal(rescind_board_interrupt(*state), NONE);
    rescind_lapic_end();
    assert_int_equal(get(PRIORITY), 0);
    assert_int_equal(rescind_board_interrupt(*state), LOWER);
    rescind_lapic_end();
    rescind_lapic_end();
    assert_int_equal(rescind_board_interrupt(*state), NONE);
}

static void a_higher_class_interrupts_what_is_served_and_the_same_does_not(void **state)
{
    init();
    rescind_lapic_send(0, LOWER);
    assert_int_equal(rescind_board_interrupt(*state), LOWER);
    rescind_lapic_send(0, LOWER + 1);
    assert_int_equal(rescind_board_interrupt(*state), NONE);
    rescind_lapic_send(0, CALL);
    assert_int_equal(rescind_board_interrupt(*state), CALL);
    rescind_lapic_end();
    assert_int_equal(rescind_board_interrupt(*state), NONE);
    rescind_lapic_end();
    assert_int_equal(rescind_board_interrupt(*state), LOWER + 1);
}

static void the_task_priority_keeps_classes_out(void **state)
{
    init();
    set(TASK_PRIORITY, 0x5f);
    assert_int_equal(get(PRIORITY), 0x5f);
    rescind_lapic_send(0, CALL);
    assert_int_equal(rescind_board_interrupt(*state), NONE);
    set(TASK_PRIORITY, 0x4f);
    assert_int_equal(rescind_board_interrupt(*state), CALL);
}

static void an_interrupt_that_is_masked_after_the_processor_was_asked_is_spurious(void **state)
{
    init();
    rescind_lapic_send(0, CALL);
    set(TASK_PRIORITY, 0xff);
    assert_int_equal(rescind_board_interrupt(*state), SPURIOUS);
    assert_false(is_in_service(SPURIOUS));
    assert_int_equal(rescind_board_interrupt(*state), NONE);
    set(TASK_PRIORITY, 0);
    assert_int_equal(taken_by(*state, 0), CALL);
}

static void nothing_comes_from_one_that_software_has_disabled(void **state)
{
    init();
    set(VECTOR_SPURIOUS, SPURIOUS);
    rescind_lapic_send(0, CALL);
    assert_int_equal(rescind_board_interrupt(*state), NONE);
    set(VECTOR_SPURIOUS, 0x100 | SPURIOUS);
    assert_int_equal(rescind_board_interrupt(*state), CALL);
}

static void registers_that_there_are_not_are_an_error(void **state)
{
    (void)state;
    init();
    assert_int_equal(get(ERROR), 0);
    assert_int_equal(get(0x3f0), 0);
    assert_int_equal(get(ERROR), 0x80);
}

/* ---- The timer ---------------------------------------------------------------------------------
 */

static void the_timer_comes_every_so_many_ticks(void **state)
{
    init();
    rescind_lapic_timer(TIMER, 999);
    for (unsigned i = 0; i < 5; i++) {
        rescind_board_advance(*state, 1000 * TICK);
        assert_int_equal(taken_by(*state, 0), TIMER);
        assert_int_equal(taken_by(*state, 0), NONE);
    }
    rescind_lapic_set_timer(0);
    rescind_board_advance(*state, 5000 * TICK);
    assert_int_equal(taken_by(*state, 0), NONE);
    rescind_lapic_set_timer(99);
    rescind_board_advance(*state, 90 * TICK);
    assert_int_equal(taken_by(*state, 0), NONE);
    rescind_board_advance(*state, 10 * TICK);
    assert_int_equal(taken_by(*state, 0), TIMER);
}

static void its_count_goes_down_and_around(void **state)
{
    uint32_t before;

    init();
    rescind_lapic_timer(TIMER, 999);
    rescind_board_advance(*state, 300 * TICK);
    assert_in_range(rescind_lapic_count(), 690, 700);
    rescind_board_advance(*state, 800 * TICK);
    assert_in_range(rescind_lapic_count(), 880, 900);
    rescind_lapic_count_down();
    before = rescind_lapic_count();
    rescind_board_advance(*state, 1000 * TICK);
    assert_in_range(before - rescind_lapic_count(), 1000, 1010);
    assert_int_equal(taken_by(*state, 0), TIMER); /* from before */
    rescind_board_advance(*state, 10000 * TICK);
    assert_int_equal(taken_by(*state, 0), NONE);
}

static void a_one_shot_timer_comes_once(void **state)
{
    init();
    set(DIVIDE, 3);
    set(LOCAL_TIMER, TIMER);
    set(INITIAL, 1000);
    rescind_board_advance(*state, 2000 * TICK);
    assert_int_equal(get(CURRENT), 0);
    assert_int_equal(taken_by(*state, 0), TIMER);
    rescind_board_advance(*state, 9000 * TICK);
    assert_int_equal(taken_by(*state, 0), NONE);
}

static void the_divisor_is_what_the_bits_say(void **state)
{
    static const struct {
        uint32_t bits, by;
    } divisors[] = {{0, 2}, {1, 4}, {2, 8}, {3, 16}, {8, 32}, {9, 64}, {10, 128}, {11, 1}};

    init();
    for (size_t i = 0; i < sizeof divisors / sizeof *divisors; i++) {
        set(DIVIDE, divisors[i].bits);
        assert_int_equal(get(DIVIDE), divisors[i].bits);
        set(INITIAL, 1000000);
        rescind_board_advance(*state, 128 * 1000);
        assert_in_range(get(CURRENT), 1000000 - 128 * 1010 / divisors[i].by,
                        1000000 - 128 * 1000 / divisors[i].by);
    }
}

static void each_processor_has_its_own(void **state)
{
    init_all(*state);
    for (uint32_t i = 0; i < PROCESSORS; i++) {
        rescind_board_processor(*state, i);
        rescind_lapic_timer((uint8_t)(TIMER + i), 1000 * (i + 1));
    }
    rescind_board_advance(*state, 2500 * TICK);
    assert_int_equal(taken_by(*state, 0), TIMER);
    assert_int_equal(taken_by(*state, 1), TIMER + 1);
    assert_int_equal(taken_by(*state, 2), NONE);
    assert_int_equal(taken_by(*state, 3), NONE);
}

/* ---- Messages
 * ------------------------------------------------------------------------------------
 */

static void a_call_reaches_the_one_it_is_for(void **state)
{
    init_all(*state);
    assert_true(rescind_lapic_send(2, CALL));
    for (uint32_t i = 0; i < PROCESSORS; i++) {
        assert_int_equal(taken_by(*state, i), i == 2 ? CALL : NONE);
    }
}

/* The vectors that processors have, one a hex digit: who took `command`. */
static unsigned takers(struct rescind_board *board, uint32_t target, uint32_t command)
{
    unsigned who = 0;

    rescind_board_processor(board, 1);
    set(TARGET, target << 24);
    set(COMMAND, command | CALL);
    for (uint32_t i = 0; i < PROCESSORS; i++) {
        who |= (unsigned)(taken_by(board, i) == CALL) << i;
    }
    return who;
}

static void shorthands_and_broadcasts_reach_whom_they_name(void **state)
{
    init_all(*state);
    assert_int_equal(takers(*state, 0, 0x44000), 0x2);
    assert_int_equal(takers(*state, 0, 0x84000), 0xf);
    assert_int_equal(takers(*state, 0, 0xc4000), 0xd);
    assert_int_equal(takers(*state, 0xff, 0x4000), 0xf);
    assert_int_equal(takers(*state, 9, 0x4000), 0);
}

static void logical_destinations_are_sets_flat_or_in_clusters(void **state)
{
    init_all(*state);
    for (uint32_t i = 0; i < PROCESSORS; i++) {
        rescind_board_processor(*state, i);
        set(LOGICAL, 1u << (24 + i));
    }
    assert_int_equal(takers(*state, 0x05, 0x4800), 0x5);
    assert_int_equal(takers(*state, 0x0e, 0x4900), 0x2); /* the lowest priority's: one of them */
    for (uint32_t i = 0; i < PROCESSORS; i++) {
        rescind_board_processor(*state, i);
        set(FORMAT, 0x0fffffff);
        set(LOGICAL, (i / 2) << 28 | 1u << (24 + i % 2));
    }
    assert_int_equal(takers(*state, 0x03, 0x4800), 0x3);
    assert_int_equal(takers(*state, 0x12, 0x4800), 0x8);
    assert_int_equal(takers(*state, 0x21, 0x4800), 0);
}

static void an_nmi_comes_whatever_the_priority(void **state)
{
    init_all(*state);
    set(TARGET, 3u << 24);
    set(COMMAND, 0x4400);
    rescind_board_processor(*state, 3);
    set(TASK_PRIORITY, 0xff);
    assert_int_equal(rescind_board_interrupt(*state), 2);
    assert_int_equal(rescind_board_interrupt(*state), NONE);
}

static void a_device_sends_messages_by_writing_to_memory(void **state)
{
    init_all(*state);
    rescind_write32(0xfee02000, CALL);
    assert_int_equal(taken_by(*state, 2), CALL);
    rescind_write32(0xfee00000, LOWER);
    assert_int_equal(taken_by(*state, 0), LOWER);
}

static void one_that_sends_nothing_is_not_waited_for_for_ever(void **state)
{
    init_all(*state);
    rescind_board_fault(*state, RESCIND_FAULT_LAPIC_BUSY, 0);
    assert_false(rescind_lapic_send(1, CALL));
    assert_false(rescind_lapic_send_init(1));
    assert_false(rescind_lapic_send_start(1, 0x8000));
    assert_int_equal(taken_by(*state, 1), NONE);
    assert_true(rescind_board_time(*state) < 1000000000);
}

/* ---- Start --------------------------------------------------------------------------------------
 */

static void a_processor_starts_where_it_is_told_once_it_waits(void **state)
{
    uint32_t page = 0;

    init();
    assert_true(rescind_lapic_send_start(1, 0x8000));
    assert_false(rescind_board_started(*state, 1, &page));
    assert_true(rescind_lapic_send_init(1));
    assert_false(rescind_board_started(*state, 1, &page));
    assert_true(rescind_lapic_send_start(1, 0x8000));
    assert_true(rescind_lapic_send_start(1, 0x9000)); /* it runs: not again */
    assert_true(rescind_board_started(*state, 1, &page));
    assert_int_equal(page, 0x8000);
    assert_false(rescind_board_started(*state, 2, &page));
    assert_false(rescind_board_started(*state, 0, &page));
}

static void where_there_is_no_processor_there_is_no_apic(void **state)
{
    struct rescind_trouble trouble;

    (void)state;
    rescind_board_use(NULL);
    assert_false(rescind_lapic_init(SPURIOUS, &trouble));
    assert_trouble(&trouble, "local APIC", 0);
    assert_string_equal(trouble.what, "it can't be enabled: its base");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOARD_TEST(it_is_enabled_with_everything_masked),
        BOARD_TEST(what_firmware_has_moved_or_disabled_is_put_back),
        BOARD_TEST(one_that_is_disabled_is_not_there_and_forgets),
        BOARD_TEST(one_that_is_absent_is_trouble),
        BOARD_TEST(one_that_makes_no_sense_is_trouble),
        BOARD_TEST(the_highest_vector_comes_first_and_its_end_lets_the_next_in),
        BOARD_TEST(a_higher_class_interrupts_what_is_served_and_the_same_does_not),
        BOARD_TEST(the_task_priority_keeps_classes_out),
        BOARD_TEST(an_interrupt_that_is_masked_after_the_processor_was_asked_is_spurious),
        BOARD_TEST(nothing_comes_from_one_that_software_has_disabled),
        BOARD_TEST(registers_that_there_are_not_are_an_error),
        BOARD_TEST(the_timer_comes_every_so_many_ticks),
        BOARD_TEST(its_count_goes_down_and_around),
        BOARD_TEST(a_one_shot_timer_comes_once),
        BOARD_TEST(the_divisor_is_what_the_bits_say),
        BOARD_TEST(each_processor_has_its_own),
        BOARD_TEST(a_call_reaches_the_one_it_is_for),
        BOARD_TEST(shorthands_and_broadcasts_reach_whom_they_name),
        BOARD_TEST(logical_destinations_are_sets_flat_or_in_clusters),
        BOARD_TEST(an_nmi_comes_whatever_the_priority),
        BOARD_TEST(a_device_sends_messages_by_writing_to_memory),
        BOARD_TEST(one_that_sends_nothing_is_not_waited_for_for_ever),
        BOARD_TEST(a_processor_starts_where_it_is_told_once_it_waits),
        BOARD_TEST(where_there_is_no_processor_there_is_no_apic),
    };

    return cmocka_run_group_tests_name("lapic", tests, NULL, NULL);
}

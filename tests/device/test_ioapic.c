/* The I/O APIC's model and driver: edges, levels and their ends, masks, destinations. The local
 * APICs take what it sends. */
#include "board_test.h"

#define IOAPIC ((uint64_t)0xfec00000)

enum { SPURIOUS = 0xff, VECTOR = 0x61, OTHER = 0x62, LINE = 20, NONE = -1 };
enum { ENTRY_WAITS = 1 << 14, ENTRY_LEVEL = 1 << 15, ENTRY_MASKED = 1 << 16, ENTRY_LOW = 1 << 13 };

static struct rescind_ioapic ioapic;

static uint32_t get(uint32_t index)
{
    rescind_write32(IOAPIC, index);
    return rescind_read32(IOAPIC + 0x10);
}

static uint32_t entry(uint32_t input)
{
    return get(0x10 + 2 * input);
}

/* All local APICs are enabled, and processor 0 runs. */
static int setup(void **state)
{
    struct rescind_trouble trouble;
    int result = board_setup(state);

    for (uint32_t i = 4; i > 0; i--) {
        rescind_board_processor(*state, i - 1);
        assert_true(rescind_lapic_init(SPURIOUS, &trouble));
    }
    assert_true(rescind_ioapic_init(&ioapic, IOAPIC, 0, &trouble));
    return result;
}

static int taken(struct rescind_board *board)
{
    int vector = rescind_board_interrupt(board);

    if (vector != NONE) {
        rescind_lapic_end();
    }
    return vector;
}

static void its_inputs_are_counted_and_masked(void **state)
{
    (void)state;
    assert_int_equal(ioapic.inputs, 24);
    assert_int_equal(ioapic.version, 0x170020);
    assert_int_equal(ioapic.id, 0);
    for (uint32_t i = 0; i < ioapic.inputs; i++) {
        assert_int_equal(entry(i), ENTRY_MASKED);
        assert_int_equal(get(0x11 + 2 * i), 0);
    }
}

static void an_edge_comes_once_to_the_processor_it_is_routed_to(void **state)
{
    assert_true(rescind_ioapic_route(&ioapic, 4, VECTOR, 2, false, false));
    assert_int_equal(entry(4), ENTRY_MASKED | VECTOR);
    assert_int_equal(get(0x11 + 2 * 4), 2u << 24);
    assert_true(rescind_ioapic_mask(&ioapic, 4, false));
    rescind_board_line(*state, 4, true);
    assert_int_equal(taken(*state), NONE);
    rescind_board_processor(*state, 2);
    assert_int_equal(taken(*state), VECTOR);
    assert_int_equal(taken(*state), NONE);
    rescind_board_line(*state, 4, false);
    rescind_board_line(*state, 4, true);
    assert_int_equal(taken(*state), VECTOR);
}

static void the_timers_line_is_input_2(void **state)
{
    rescind_ioapic_route(&ioapic, 2, VECTOR, 0, false, false);
    rescind_ioapic_mask(&ioapic, 2, false);
    rescind_board_line(*state, 0, true);
    assert_int_equal(taken(*state), VECTOR);
}

static void an_edge_at_a_masked_input_is_lost(void **state)
{
    rescind_ioapic_route(&ioapic, 4, VECTOR, 0, false, false);
    rescind_board_line(*state, 4, true);
    rescind_ioapic_mask(&ioapic, 4, false);
    assert_int_equal(taken(*state), NONE);
}

static void a_level_comes_again_when_it_ends_as_long_as_it_is_there(void **state)
{
    rescind_ioapic_route(&ioapic, LINE, VECTOR, 0, true, true);
    assert_int_equal(entry(LINE), ENTRY_MASKED | ENTRY_LEVEL | ENTRY_LOW | VECTOR);
    rescind_board_line(*state, LINE, true);
    assert_int_equal(taken(*state), NONE);
    rescind_ioapic_mask(&ioapic, LINE, false);
    assert_int_equal(rescind_board_interrupt(*state), VECTOR);
    assert_true((entry(LINE) & ENTRY_WAITS) != 0);
    rescind_board_line(*state, LINE, false);
    rescind_board_line(*state, LINE, true);
    assert_int_equal(rescind_board_interrupt(*state), NONE);
    rescind_lapic_end();
    assert_int_equal(rescind_board_interrupt(*state), VECTOR);
    rescind_board_line(*state, LINE, false);
    rescind_lapic_end();
    assert_int_equal(rescind_board_interrupt(*state), NONE);
    assert_true((entry(LINE) & ENTRY_WAITS) == 0);
}

static void the_end_of_another_vector_is_not_its_end(void **state)
{
    rescind_ioapic_route(&ioapic, LINE, VECTOR, 0, false, true);
    rescind_ioapic_mask(&ioapic, LINE, false);
    rescind_board_line(*state, LINE, true);
    rescind_write32(IOAPIC + 0x40, OTHER);
    assert_true((entry(LINE) & ENTRY_WAITS) != 0);
    rescind_board_line(*state, LINE, false);
    rescind_write32(IOAPIC + 0x40, VECTOR);
    assert_true((entry(LINE) & ENTRY_WAITS) == 0);
    assert_int_equal(taken(*state), VECTOR);
    assert_int_equal(taken(*state), NONE);
}

static void its_read_only_bits_stay(void **state)
{
    (void)state;
    rescind_write32(IOAPIC, 0x12);
    rescind_write32(IOAPIC + 0x10, UINT32_MAX);
    assert_int_equal(entry(1), 0xffffafff);
    rescind_write32(IOAPIC, 0);
    rescind_write32(IOAPIC + 0x10, UINT32_MAX);
    assert_int_equal(get(0), 0x0f000000);
    assert_int_equal(get(2), 0x0f000000);
    assert_int_equal(get(1), 0x170020);
    assert_int_equal(get(0x40), 0);
}

static void global_interrupts_of_another_one_are_refused(void **state)
{
    struct rescind_trouble trouble;

    (void)state;
    assert_true(rescind_ioapic_init(&ioapic, IOAPIC, 8, &trouble));
    assert_false(rescind_ioapic_route(&ioapic, 7, VECTOR, 0, false, false));
    assert_false(rescind_ioapic_mask(&ioapic, 7, false));
    assert_false(rescind_ioapic_route(&ioapic, 32, VECTOR, 0, false, false));
    assert_true(rescind_ioapic_route(&ioapic, 31, VECTOR, 0, false, false));
    assert_int_equal(entry(23), ENTRY_MASKED | VECTOR);
    for (uint32_t i = 0; i < 23; i++) {
        assert_int_equal(entry(i), ENTRY_MASKED);
    }
}

static void a_line_whose_interrupts_are_lost_brings_none(void **state)
{
    rescind_ioapic_route(&ioapic, 4, VECTOR, 0, false, false);
    rescind_ioapic_mask(&ioapic, 4, false);
    rescind_board_fault(*state, RESCIND_FAULT_LOST, 4);
    rescind_board_line(*state, 4, true);
    assert_int_equal(taken(*state), NONE);
}

static void one_that_is_absent_is_trouble(void **state)
{
    struct rescind_trouble trouble;

    rescind_board_fault(*state, RESCIND_FAULT_NO_IOAPIC, 0);
    assert_false(rescind_ioapic_init(&ioapic, IOAPIC, 0, &trouble));
    assert_trouble(&trouble, "I/O APIC", UINT32_MAX);
}

static void answer(void *context, bool port, uint64_t address, unsigned bits, uint64_t *value)
{
    (void)bits;
    if (!port && address == IOAPIC + 0x10) {
        *value = *(const uint64_t *)context;
    }
}

static void one_that_makes_no_sense_is_trouble(void **state)
{
    uint64_t answers[] = {0, 0xef0020, 0x1700ff};
    uint64_t deaf = 0x200017; /* as its version it will do */
    struct rescind_trouble trouble;

    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        rescind_board_answers(*state, answer, &answers[i]);
        assert_false(rescind_ioapic_init(&ioapic, IOAPIC, 0, &trouble));
        assert_trouble(&trouble, "I/O APIC", answers[i]);
    }
    rescind_board_answers(*state, answer, &deaf);
    assert_false(rescind_ioapic_init(&ioapic, IOAPIC, 0, &trouble));
    assert_trouble(&trouble, "I/O APIC", 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, board_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(its_inputs_are_counted_and_masked),
        TEST(an_edge_comes_once_to_the_processor_it_is_routed_to),
        TEST(the_timers_line_is_input_2),
        TEST(an_edge_at_a_masked_input_is_lost),
        TEST(a_level_comes_again_when_it_ends_as_long_as_it_is_there),
        TEST(the_end_of_another_vector_is_not_its_end),
        TEST(its_read_only_bits_stay),
        TEST(global_interrupts_of_another_one_are_refused),
        TEST(a_line_whose_interrupts_are_lost_brings_none),
        TEST(one_that_is_absent_is_trouble),
        TEST(one_that_makes_no_sense_is_trouble),
    };

    return cmocka_run_group_tests_name("ioapic", tests, NULL, NULL);
}

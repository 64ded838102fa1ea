/* The 8259As' driver on their model. The acknowledge cycle is the processor's, and no transcript
 * sees it: here it is the board's. */
#include "on_board.h"

#include "sim/device/device.h"

enum { VECTOR = 0x30, MASTER = 0x20, MASTER_MASK = 0x21, SLAVE = 0xa0, SLAVE_MASK = 0xa1 };
enum { READ_SERVICE = 0x0b, READ_REQUESTS = 0x0a, KEYBOARD = 1, SERIAL = 4, CLOCK = 8, DISK = 14 };

static uint8_t service(uint16_t chip)
{
    rescind_out8(chip, READ_SERVICE);
    return rescind_in8(chip);
}

static uint8_t requests(uint16_t chip)
{
    rescind_out8(chip, READ_REQUESTS);
    return rescind_in8(chip);
}

static void all_lines_are_masked_at_first(void **state)
{
    rescind_pic_init(VECTOR);
    assert_int_equal(rescind_in8(MASTER_MASK), 0xff);
    assert_int_equal(rescind_in8(SLAVE_MASK), 0xff);
    rescind_board_line(*state, SERIAL, true);
    rescind_board_line(*state, DISK, true);
    assert_int_equal(requests(MASTER), 1 << SERIAL); /* the slave does not ask */
    assert_int_equal(requests(SLAVE), 1 << (DISK - 8));
    assert_int_equal(board_acknowledge(*state), VECTOR + 7); /* nor does the master */
}

static void each_line_has_its_vector(void **state)
{
    rescind_pic_init(VECTOR);
    for (uint8_t line = 0; line < 16; line++) {
        if (line == 2) {
            continue;
        }
        rescind_pic_mask(line, false);
        rescind_board_line(*state, line, false);
        rescind_board_line(*state, line, true);
        assert_int_equal(board_acknowledge(*state), VECTOR + line);
        assert_false(rescind_pic_spurious(line));
        assert_int_equal(service(line < 8 ? MASTER : SLAVE), 1 << line % 8);
        rescind_pic_end(line);
        assert_int_equal(service(MASTER), 0);
        assert_int_equal(service(SLAVE), 0);
        rescind_pic_mask(line, true);
        rescind_board_line(*state, line, false);
    }
}

static void masking_leaves_the_others(void **state)
{
    (void)state;
    rescind_pic_init(VECTOR);
    rescind_pic_mask(KEYBOARD, false);
    rescind_pic_mask(SERIAL, false);
    assert_int_equal(rescind_in8(MASTER_MASK), 0xed);
    rescind_pic_mask(KEYBOARD, true);
    assert_int_equal(rescind_in8(MASTER_MASK), 0xef);
    rescind_pic_mask(DISK, false); /* and the slave */
    assert_int_equal(rescind_in8(MASTER_MASK), 0xeb);
    assert_int_equal(rescind_in8(SLAVE_MASK), 0xbf);
    rescind_pic_mask(DISK, true);
    assert_int_equal(rescind_in8(SLAVE_MASK), 0xff);
}

static void the_more_urgent_comes_first_and_again(void **state)
{
    rescind_pic_init(VECTOR);
    rescind_pic_mask(KEYBOARD, false);
    rescind_pic_mask(SERIAL, false);
    rescind_pic_mask(DISK, false);
    rescind_board_line(*state, SERIAL, true);
    rescind_board_line(*state, DISK, true);
    assert_int_equal(board_acknowledge(*state), VECTOR + DISK);
    rescind_board_line(*state, KEYBOARD, true);
    assert_int_equal(board_acknowledge(*state), VECTOR + KEYBOARD);
    assert_int_equal(service(MASTER), 1 << KEYBOARD | 1 << 2);
    rescind_pic_end(KEYBOARD);
    rescind_pic_end(DISK);
    assert_int_equal(board_acknowledge(*state), VECTOR + SERIAL);
    rescind_pic_end(SERIAL);
    assert_int_equal(service(MASTER), 0);
}

static void a_masters_spurious_interrupt_is_known(void **state)
{
    rescind_pic_init(VECTOR);
    rescind_pic_mask(SERIAL, false);
    rescind_board_fault(*state, RESCIND_FAULT_SPURIOUS, SERIAL);
    assert_int_equal(board_acknowledge(*state), VECTOR + 7);
    assert_true(rescind_pic_spurious(7));
    assert_int_equal(service(MASTER), 0);
}

static void a_slaves_spurious_interrupt_is_known_and_ended(void **state)
{
    rescind_pic_init(VECTOR);
    rescind_pic_mask(DISK, false);
    rescind_board_fault(*state, RESCIND_FAULT_SPURIOUS, DISK);
    assert_int_equal(board_acknowledge(*state), VECTOR + 15);
    assert_int_equal(service(MASTER), 1 << 2);
    assert_true(rescind_pic_spurious(15));
    assert_int_equal(service(MASTER), 0);
    rescind_board_line(*state, DISK, true); /* the next one comes as ever */
    assert_int_equal(board_acknowledge(*state), VECTOR + DISK);
}

static void a_real_last_line_is_not_spurious(void **state)
{
    rescind_pic_init(VECTOR);
    rescind_pic_mask(7, false);
    rescind_pic_mask(15, false);
    rescind_board_line(*state, 7, true);
    assert_int_equal(board_acknowledge(*state), VECTOR + 7);
    assert_false(rescind_pic_spurious(7));
    rescind_pic_end(7);
    rescind_board_line(*state, 15, true);
    assert_int_equal(board_acknowledge(*state), VECTOR + 15);
    assert_false(rescind_pic_spurious(15));
    assert_int_equal(service(MASTER), 1 << 2);
    assert_false(rescind_pic_spurious(KEYBOARD)); /* only the last ones can be */
}

static void a_lost_line_does_not_ask(void **state)
{
    rescind_board_fault(*state, RESCIND_FAULT_LOST, SERIAL);
    rescind_pic_init(VECTOR);
    rescind_pic_mask(SERIAL, false);
    rescind_board_line(*state, SERIAL, true);
    assert_int_equal(requests(MASTER), 0);
    rescind_board_line(*state, KEYBOARD, true);
    assert_int_equal(requests(MASTER), 1 << KEYBOARD);
}

static void an_edge_is_one_interrupt_and_a_level_many(void **state)
{
    rescind_pic_init(VECTOR);
    rescind_pic_mask(SERIAL, false);
    rescind_board_line(*state, SERIAL, true);
    assert_int_equal(board_acknowledge(*state), VECTOR + SERIAL);
    rescind_pic_end(SERIAL);
    assert_int_equal(board_acknowledge(*state), VECTOR + 7);
    rescind_out8(0x4d0, 1 << SERIAL);
    assert_int_equal(board_acknowledge(*state), VECTOR + SERIAL);
    rescind_pic_end(SERIAL);
    assert_int_equal(board_acknowledge(*state), VECTOR + SERIAL);
}

static void a_line_that_is_up_must_fall_after_an_initialisation(void **state)
{
    rescind_board_line(*state, SERIAL, true);
    rescind_pic_init(VECTOR);
    assert_int_equal(requests(MASTER), 0);
    rescind_board_line(*state, SERIAL, false);
    rescind_board_line(*state, SERIAL, true);
    assert_int_equal(requests(MASTER), 1 << SERIAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        on_board(all_lines_are_masked_at_first),
        on_board(each_line_has_its_vector),
        on_board(masking_leaves_the_others),
        on_board(the_more_urgent_comes_first_and_again),
        on_board(a_masters_spurious_interrupt_is_known),
        on_board(a_slaves_spurious_interrupt_is_known_and_ended),
        on_board(a_real_last_line_is_not_spurious),
        on_board(a_lost_line_does_not_ask),
        on_board(an_edge_is_one_interrupt_and_a_level_many),
        on_board(a_line_that_is_up_must_fall_after_an_initialisation),
    };

    return cmocka_run_group_tests_name("pic", tests, NULL, NULL);
}

/* The keyboard controller's driver on its model, and what no transcript can do: reset the machine;
 * and the keyboard's and mouse's interrupts. */
#include "on_board.h"

enum { DATA = 0x60, COMMAND = 0x64, PORT92 = 0x92 };
enum { MASTER = 0x20, SLAVE = 0xa0, KEYBOARD_REQUEST = 0x02, MOUSE_REQUEST = 0x10 };

static void the_driver_pulses_reset(void **state)
{
    assert_false(rescind_board_reset_pulsed(*state));
    assert_true(rescind_i8042_reset());
    assert_true(rescind_board_reset_pulsed(*state));
    assert_false(rescind_board_reset_pulsed(*state));
}

static void a_busy_controller_is_given_up(void **state)
{
    uint64_t before = rescind_board_time(*state);

    rescind_board_fault(*state, RESCIND_FAULT_I8042_BUSY, 0);
    assert_false(rescind_i8042_reset());
    assert_false(rescind_board_reset_pulsed(*state));
    assert_true(rescind_board_time(*state) - before < 1000ULL * MILLISECOND);
    rescind_out8(COMMAND, 0xfe);
    assert_false(rescind_board_reset_pulsed(*state));
}

static void a_controller_that_is_not_there_is_given_up(void **state)
{
    rescind_board_use(NULL);
    assert_false(rescind_i8042_reset());
    rescind_board_use(*state);
    assert_false(rescind_board_reset_pulsed(*state));
}

static void only_bit_0_of_the_output_port_resets(void **state)
{
    for (unsigned command = 0xf0; command <= 0xff; command++) {
        rescind_out8(COMMAND, (uint8_t)command);
        assert_int_equal(rescind_board_reset_pulsed(*state), command % 2 == 0);
    }
    rescind_out8(COMMAND, 0xd1);
    rescind_out8(DATA, 0xcf);
    assert_false(rescind_board_reset_pulsed(*state));
    rescind_out8(COMMAND, 0xd1);
    rescind_out8(DATA, 0xce);
    assert_true(rescind_board_reset_pulsed(*state));
}

static void port_92_resets_where_its_bit_rises(void **state)
{
    rescind_out8(PORT92, 0x03);
    assert_true(rescind_board_reset_pulsed(*state));
    rescind_out8(PORT92, 0x03);
    assert_false(rescind_board_reset_pulsed(*state));
    rescind_out8(PORT92, 0x02);
    rescind_out8(PORT92, 0x03);
    assert_true(rescind_board_reset_pulsed(*state));
}

static void a_reset_that_is_taken_out_does_nothing(void **state)
{
    rescind_board_take_out(*state, "i8042.command");
    rescind_i8042_reset();
    assert_false(rescind_board_reset_pulsed(*state));
    rescind_board_take_out(*state, "i8042.port92");
    rescind_out8(PORT92, 0x02);
    rescind_out8(PORT92, 0x03);
    assert_false(rescind_board_reset_pulsed(*state));
}

static void keyboard_and_mouse_interrupt(void **state)
{
    (void)state;
    rescind_pic_init(0x30);
    rescind_out8(DATA, 0xee); /* echo, with the keyboard's interrupt on */
    assert_int_equal(rescind_in8(MASTER) & KEYBOARD_REQUEST, KEYBOARD_REQUEST);
    assert_int_equal(rescind_in8(DATA), 0xee);
    assert_int_equal(rescind_in8(MASTER) & KEYBOARD_REQUEST, 0);
    rescind_out8(COMMAND, 0xd4);
    rescind_out8(DATA, 0xf2);
    assert_int_equal(rescind_in8(SLAVE) & MOUSE_REQUEST, 0); /* off */
    rescind_out8(COMMAND, 0x60);
    rescind_out8(DATA, 0x43);
    assert_int_equal(rescind_in8(SLAVE) & MOUSE_REQUEST, MOUSE_REQUEST);
    assert_int_equal(rescind_in8(COMMAND) & 0x21, 0x21);
    assert_int_equal(rescind_in8(DATA), 0xfa);
    assert_int_equal(rescind_in8(DATA), 0x00);
    assert_int_equal(rescind_in8(COMMAND) & 0x21, 0);
    assert_int_equal(rescind_in8(SLAVE) & MOUSE_REQUEST, 0);
}

static void a_keyboard_that_is_off_keeps_its_bytes(void **state)
{
    (void)state;
    rescind_out8(DATA, 0xf2); /* translated: 0x41, not 0x83 */
    rescind_out8(COMMAND, 0xad);
    assert_int_equal(rescind_in8(DATA), 0xfa); /* that was there before */
    assert_int_equal(rescind_in8(COMMAND) & 1, 0);
    rescind_out8(COMMAND, 0xae);
    assert_int_equal(rescind_in8(COMMAND) & 1, 1);
    assert_int_equal(rescind_in8(DATA), 0xab);
    assert_int_equal(rescind_in8(DATA), 0x41);
    assert_int_equal(rescind_in8(COMMAND) & 1, 0);
}

static void an_unread_keyboard_forgets_the_newest(void **state)
{
    unsigned count = 0;

    (void)state;
    for (unsigned i = 0; i < 100; i++) {
        rescind_out8(DATA, 0xee);
    }
    while ((rescind_in8(COMMAND) & 1) != 0 && count < 100) {
        assert_int_equal(rescind_in8(DATA), 0xee);
        count++;
    }
    assert_int_equal(count, 16);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        on_board(the_driver_pulses_reset),
        on_board(a_busy_controller_is_given_up),
        on_board(a_controller_that_is_not_there_is_given_up),
        on_board(only_bit_0_of_the_output_port_resets),
        on_board(port_92_resets_where_its_bit_rises),
        on_board(a_reset_that_is_taken_out_does_nothing),
        on_board(keyboard_and_mouse_interrupt),
        on_board(a_keyboard_that_is_off_keeps_its_bytes),
        on_board(an_unread_keyboard_forgets_the_newest),
    };

    return cmocka_run_group_tests_name("i8042", tests, NULL, NULL);
}

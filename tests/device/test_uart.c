/* The serial port's driver on the model of a 16550A, and what of the model no transcript sees: what
 * comes and goes by the line. */
#include "on_board.h"

#include <string.h>

enum { PORT = RESCIND_COM1, IDENTIFICATION = PORT + 2, LINE_STATUS = PORT + 5, MODEM = PORT + 4 };
enum { MODEM_STATUS = PORT + 6, INTERRUPTS = PORT + 1, LINE = PORT + 3 };
enum { MASTER = 0x20, COM1_REQUEST = 0x10, READ_REQUESTS = 0x0a, CHARACTER = 87 * MICROSECOND };

static bool line_is_up(void)
{
    rescind_out8(MASTER, READ_REQUESTS);
    return (rescind_in8(MASTER) & COM1_REQUEST) != 0;
}

static void a_port_is_found_where_there_is_one(void **state)
{
    (void)state;
    assert_true(rescind_uart_present(RESCIND_COM1));
    assert_true(rescind_uart_present(RESCIND_COM2));
    assert_false(rescind_uart_present(RESCIND_COM3));
    assert_false(rescind_uart_present(RESCIND_COM4));
}

static void a_board_has_as_many_ports_as_it_is_asked_for(void **state)
{
    struct rescind_board_options options = {.serial_ports = 3};
    struct rescind_board *board = rescind_board_new(&options);

    (void)state;
    rescind_board_use(board);
    assert_true(rescind_uart_present(RESCIND_COM3));
    assert_false(rescind_uart_present(RESCIND_COM4));
    rescind_board_free(board);
    options.serial_ports = 5;
    assert_null(rescind_board_new(&options));
}

static void what_is_written_goes_out_in_order(void **state)
{
    char text[100], out[200];

    for (size_t i = 0; i < sizeof text; i++) {
        text[i] = (char)i;
    }
    rescind_uart_init(PORT);
    assert_int_equal(rescind_uart_write(PORT, text, sizeof text), sizeof text);
    assert_int_equal(rescind_board_serial_out(*state, PORT, out, 30), 30);
    assert_int_equal(rescind_board_serial_out(*state, PORT, out + 30, sizeof out - 30), 70);
    assert_memory_equal(out, text, sizeof text);
    assert_int_equal(rescind_board_serial_out(*state, PORT, out, sizeof out), 0);
    assert_int_equal(rescind_board_serial_out(*state, RESCIND_COM2, out, sizeof out), 0);
    assert_int_equal(rescind_board_serial_out(*state, RESCIND_COM3, out, sizeof out), 0);
}

static void a_line_that_nobody_empties_stops_the_port(void **state)
{
    enum { RING = 1 << 15, FIFO = 16 };
    static char out[RING + FIFO + 1];
    size_t sent = 0;

    rescind_uart_init(PORT);
    while (sent < 2 * RING && rescind_uart_write(PORT, "x", 1) == 1) {
        sent++;
    }
    assert_int_equal(sent, RING + 1); /* the last is on its way: the port is not empty */
    assert_int_equal(rescind_board_serial_out(*state, PORT, out, 1), 1);
    assert_int_equal(rescind_uart_write(PORT, "y", 1), 1);
    assert_int_equal(rescind_board_serial_out(*state, PORT, out, sizeof out), RING + 1);
    assert_int_equal(out[RING], 'y');
}

static void a_busy_port_is_given_up(void **state)
{
    uint64_t before;
    char byte;

    rescind_uart_init(PORT);
    rescind_board_fault(*state, RESCIND_FAULT_UART_BUSY, PORT);
    before = rescind_board_time(*state);
    assert_int_equal(rescind_uart_write(PORT, "x", 1), 0);
    assert_int_equal((rescind_board_time(*state) - before) / 100, RESCIND_UART_PATIENCE);
    assert_int_equal(rescind_board_serial_out(*state, PORT, &byte, 1), 0);
    assert_int_equal(rescind_uart_write(RESCIND_COM2, "x", 1), 1);
}

static void an_absent_port_is_not_there(void **state)
{
    bool lost = false;
    char byte;

    rescind_board_fault(*state, RESCIND_FAULT_UART_ABSENT, PORT);
    assert_false(rescind_uart_present(PORT));
    assert_true(rescind_uart_present(RESCIND_COM2));
    assert_int_equal(rescind_uart_read(PORT, &byte, 1, &lost), 0);
    assert_false(lost);
    assert_int_equal(rescind_board_serial_in(*state, PORT, "x", 1), 0);
}

static void bytes_arrive_at_the_lines_pace(void **state)
{
    char bytes[8];

    rescind_uart_init(PORT);
    assert_int_equal(rescind_board_serial_in(*state, PORT, "abc", 3), 3);
    assert_int_equal(rescind_uart_read(PORT, bytes, sizeof bytes, NULL), 0);
    rescind_board_advance(*state, CHARACTER);
    assert_int_equal(rescind_uart_read(PORT, bytes, sizeof bytes, NULL), 1);
    assert_int_equal(bytes[0], 'a');
    rescind_board_advance(*state, 5 * CHARACTER);
    assert_int_equal(rescind_uart_read(PORT, bytes, 1, NULL), 1);
    assert_int_equal(bytes[0], 'b');
    assert_int_equal(rescind_uart_read(PORT, bytes, sizeof bytes, NULL), 1);
    assert_int_equal(bytes[0], 'c');
}

static void a_slow_line_is_slower(void **state)
{
    char byte;

    rescind_uart_init(PORT);
    rescind_out8(LINE, 0x80);
    rescind_out8(PORT, 12);   /* 9600 baud: 1.04 ms a character */
    rescind_out8(LINE, 0x1f); /* and 12 bits each */
    rescind_board_serial_in(*state, PORT, "a", 1);
    rescind_board_advance(*state, 1200 * MICROSECOND);
    assert_int_equal(rescind_uart_read(PORT, &byte, 1, NULL), 0);
    rescind_board_advance(*state, 60 * MICROSECOND);
    assert_int_equal(rescind_uart_read(PORT, &byte, 1, NULL), 1);
}

static void bytes_without_room_are_lost_and_said_to_be(void **state)
{
    char bytes[32];
    bool lost = false;

    rescind_uart_init(PORT);
    rescind_board_serial_in(*state, PORT, "0123456789abcdefgh", 18);
    rescind_board_advance(*state, MILLISECOND);
    assert_int_equal(rescind_uart_read(PORT, bytes, sizeof bytes, &lost), 11);
    assert_false(lost);
    rescind_board_advance(*state, MILLISECOND);
    assert_int_equal(rescind_uart_read(PORT, bytes, sizeof bytes, &lost), 7);
    assert_false(lost);
    rescind_board_serial_in(*state, PORT, "0123456789abcdefgh", 18);
    rescind_board_advance(*state, 2 * MILLISECOND);
    assert_int_equal(rescind_uart_read(PORT, bytes, sizeof bytes, &lost), 16);
    assert_memory_equal(bytes, "0123456789abcdef", 16);
    assert_true(lost);
}

static void the_line_holds_only_so_much(void **state)
{
    static char bytes[5000];

    assert_int_equal(rescind_board_serial_in(*state, PORT, bytes, sizeof bytes), 4096);
    assert_int_equal(rescind_board_serial_in(*state, PORT, bytes, 1), 0);
    assert_int_equal(rescind_board_serial_in(*state, RESCIND_COM3, bytes, 1), 0);
}

static void interrupts_come_for_bytes_received(void **state)
{
    char byte;

    rescind_uart_init(PORT);
    rescind_uart_interrupts(PORT, true, false);
    assert_false(line_is_up());
    rescind_board_serial_in(*state, PORT, "a", 1);
    rescind_board_advance(*state, CHARACTER);
    assert_true(line_is_up());
    assert_int_equal(rescind_in8(IDENTIFICATION), 0xc4);
    assert_int_equal(rescind_uart_read(PORT, &byte, 1, NULL), 1);
    assert_false(line_is_up());
    rescind_uart_interrupts(PORT, false, false);
    rescind_board_serial_in(*state, PORT, "a", 1);
    rescind_board_advance(*state, CHARACTER);
    assert_false(line_is_up());
}

static void interrupts_come_for_room_to_send(void **state)
{
    (void)state;
    rescind_uart_init(PORT);
    rescind_uart_interrupts(PORT, false, true);
    assert_true(line_is_up());
    assert_int_equal(rescind_in8(IDENTIFICATION), 0xc2);
    assert_false(line_is_up());
    rescind_uart_write(PORT, "x", 1);
    assert_true(line_is_up());
    rescind_uart_interrupts(PORT, false, false);
    assert_false(line_is_up());
}

static void an_overrun_interrupts_before_all_else(void **state)
{
    char bytes[16];
    bool lost = false;

    rescind_uart_init(PORT);
    rescind_uart_interrupts(PORT, true, true);
    rescind_board_serial_in(*state, PORT, "0123456789abcdefg", 17);
    rescind_board_advance(*state, 2 * MILLISECOND);
    assert_int_equal(rescind_in8(IDENTIFICATION), 0xc6);
    rescind_uart_read(PORT, bytes, sizeof bytes, &lost);
    assert_true(lost);
    assert_int_equal(rescind_in8(IDENTIFICATION), 0xc2);
    assert_int_equal(rescind_in8(IDENTIFICATION), 0xc1);
}

static void without_out2_and_in_loopback_the_line_stays_down(void **state)
{
    (void)state;
    rescind_uart_init(PORT);
    rescind_uart_interrupts(PORT, false, true);
    rescind_out8(MODEM, 0x03);
    assert_false(line_is_up());
    assert_int_equal(rescind_in8(IDENTIFICATION), 0xc2); /* it asks all the same */
    rescind_out8(INTERRUPTS, 0);
    rescind_out8(INTERRUPTS, 2);
    rescind_out8(MODEM, 0x1b);
    assert_false(line_is_up());
    rescind_out8(MODEM, 0x0b);
    assert_true(line_is_up());
}

static void changes_of_the_modems_lines_are_told_once(void **state)
{
    (void)state;
    rescind_uart_init(PORT);
    rescind_out8(MODEM, 0x10);
    rescind_in8(MODEM_STATUS);
    rescind_out8(MODEM, 0x16); /* RTS and OUT1: CTS and RI */
    assert_int_equal(rescind_in8(MODEM_STATUS), 0x51);
    assert_int_equal(rescind_in8(MODEM_STATUS), 0x50);
    rescind_out8(INTERRUPTS, 8);
    assert_int_equal(rescind_in8(IDENTIFICATION), 0xc1);
    rescind_out8(MODEM, 0x12); /* RI ends */
    assert_int_equal(rescind_in8(IDENTIFICATION), 0xc0);
    assert_int_equal(rescind_in8(MODEM_STATUS), 0x14);
    assert_int_equal(rescind_in8(IDENTIFICATION), 0xc1);
}

static void a_lost_line_never_rises(void **state)
{
    rescind_board_fault(*state, RESCIND_FAULT_LOST, 4);
    rescind_uart_init(PORT);
    rescind_uart_interrupts(PORT, false, true);
    assert_false(line_is_up());
    assert_int_equal(rescind_in8(IDENTIFICATION), 0xc2);
}

static void nothing_of_it_is_there_without_its_registers(void **state)
{
    assert_true(rescind_board_take_out(*state, "uart.scratch"));
    assert_false(rescind_uart_present(PORT));
    assert_true(rescind_board_take_out(*state, "uart.fifo"));
    assert_false(rescind_uart_present(PORT));
    assert_true(rescind_board_take_out(*state, NULL));
    assert_true(rescind_uart_present(PORT));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        on_board(a_port_is_found_where_there_is_one),
        cmocka_unit_test(a_board_has_as_many_ports_as_it_is_asked_for),
        on_board(what_is_written_goes_out_in_order),
        on_board(a_line_that_nobody_empties_stops_the_port),
        on_board(a_busy_port_is_given_up),
        on_board(an_absent_port_is_not_there),
        on_board(bytes_arrive_at_the_lines_pace),
        on_board(a_slow_line_is_slower),
        on_board(bytes_without_room_are_lost_and_said_to_be),
        on_board(the_line_holds_only_so_much),
        on_board(interrupts_come_for_bytes_received),
        on_board(interrupts_come_for_room_to_send),
        on_board(an_overrun_interrupts_before_all_else),
        on_board(without_out2_and_in_loopback_the_line_stays_down),
        on_board(changes_of_the_modems_lines_are_told_once),
        on_board(a_lost_line_never_rises),
        on_board(nothing_of_it_is_there_without_its_registers),
    };

    return cmocka_run_group_tests_name("uart", tests, NULL, NULL);
}

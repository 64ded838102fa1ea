/* The PC's drivers against a model of their ports: what reaches the bus, in which order, and that
 * no device can make them wait for ever.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <string.h>

#include "rescind/drivers.h"
#include "rescind/platform.h"

enum { LINE_STATUS = RESCIND_COM1 + 5, STATUS_EMPTY = 0x20, FIFO = 16, WRITES = 64 };

/* The bus: what was written, and a UART that takes a FIFO's worth whenever it is asked. */
static struct {
    struct {
        uint16_t port;
        uint8_t value;
    } writes[WRITES];
    size_t count;
    unsigned looks;      /* at the line status */
    unsigned busy_looks; /* so many of them find it busy */
    unsigned room;       /* bytes that it takes before the next look */
} bus;

uint8_t rescind_in8(uint16_t port)
{
    assert_int_equal(port, LINE_STATUS);
    bus.looks++;
    if (bus.looks <= bus.busy_looks) {
        return 0;
    }
    bus.room = FIFO;
    return STATUS_EMPTY;
}

void rescind_out8(uint16_t port, uint8_t value)
{
    assert_true(bus.count < WRITES);
    if (port == RESCIND_COM1 && bus.room > 0) {
        bus.room--;
    }
    bus.writes[bus.count].port = port;
    bus.writes[bus.count++].value = value;
}

static int setup(void **state)
{
    (void)state;
    memset(&bus, 0, sizeof bus);
    return 0;
}

static void assert_write(size_t index, uint16_t port, uint8_t value)
{
    assert_true(index < bus.count);
    assert_int_equal(bus.writes[index].port, port);
    assert_int_equal(bus.writes[index].value, value);
}

static void the_uart_is_set_to_115200_8n1_without_interrupts(void **state)
{
    (void)state;
    rescind_uart_init(RESCIND_COM1);
    assert_int_equal(bus.count, 7);
    assert_write(0, RESCIND_COM1 + 1, 0);
    assert_write(1, RESCIND_COM1 + 3, 0x80);
    assert_write(2, RESCIND_COM1, 1);
    assert_write(3, RESCIND_COM1 + 1, 0);
    assert_write(4, RESCIND_COM1 + 3, 0x03);
}

static void the_uart_gets_the_bytes_in_order_a_fifo_at_a_time(void **state)
{
    static const char text[] = "0123456789abcdef0123456789abcdefxyz";

    (void)state;
    assert_int_equal(rescind_uart_write(RESCIND_COM1, text, sizeof text - 1), sizeof text - 1);
    assert_int_equal(bus.looks, 3);
    for (size_t i = 0; i < sizeof text - 1; i++) {
        assert_write(i, RESCIND_COM1, (uint8_t)text[i]);
    }
}

static void the_uart_waits_for_a_busy_port(void **state)
{
    (void)state;
    bus.busy_looks = RESCIND_UART_PATIENCE - 1;
    assert_int_equal(rescind_uart_write(RESCIND_COM1, "a", 1), 1);
    assert_write(0, RESCIND_COM1, 'a');
}

static void the_uart_gives_up_a_port_that_stays_busy(void **state)
{
    (void)state;
    bus.busy_looks = UINT32_MAX;
    assert_int_equal(rescind_uart_write(RESCIND_COM1, "a", 1), 0);
    assert_int_equal(bus.count, 0);
    assert_int_equal(bus.looks, RESCIND_UART_PATIENCE);
}

static void the_pics_are_moved_and_masked(void **state)
{
    (void)state;
    rescind_pic_init(0x30);
    assert_int_equal(bus.count, 10);
    assert_write(2, 0x21, 0x30);
    assert_write(3, 0xa1, 0x38);
    assert_write(8, 0x21, 0xff);
    assert_write(9, 0xa1, 0xff);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(the_uart_is_set_to_115200_8n1_without_interrupts, setup),
        cmocka_unit_test_setup(the_uart_gets_the_bytes_in_order_a_fifo_at_a_time, setup),
        cmocka_unit_test_setup(the_uart_waits_for_a_busy_port, setup),
        cmocka_unit_test_setup(the_uart_gives_up_a_port_that_stays_busy, setup),
        cmocka_unit_test_setup(the_pics_are_moved_and_masked, setup),
    };

    return cmocka_run_group_tests_name("drivers", tests, NULL, NULL);
}

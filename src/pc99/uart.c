/* The 16550 serial port. See uart.h. */
#include "pc99/uart.h"

#include <stdbool.h>

#include "rescind/platform.h"

enum {
    UART_DATA = 0,
    UART_INTERRUPTS = 1,
    UART_FIFO = 2,
    UART_LINE = 3,
    UART_MODEM = 4,
    UART_STATUS = 5,
    UART_DIVISOR_LOW = 0, /* these two while LINE_DIVISOR is set */
    UART_DIVISOR_HIGH = 1,
};
enum { LINE_DIVISOR = 0x80, LINE_8N1 = 0x03, FIFO_ENABLE_CLEAR = 0x07, MODEM_DTR_RTS = 0x03 };
enum { STATUS_EMPTY = 0x20, FIFO_DEPTH = 16 };

void uart_init(uint16_t port)
{
    rescind_out8(port + UART_INTERRUPTS, 0);
    rescind_out8(port + UART_LINE, LINE_DIVISOR);
    rescind_out8(port + UART_DIVISOR_LOW, 1);
    rescind_out8(port + UART_DIVISOR_HIGH, 0);
    rescind_out8(port + UART_LINE, LINE_8N1);
    rescind_out8(port + UART_FIFO, FIFO_ENABLE_CLEAR);
    rescind_out8(port + UART_MODEM, MODEM_DTR_RTS);
}

static bool wait_empty(uint16_t port)
{
    for (unsigned i = 0; i < UART_PATIENCE; i++) {
        if ((rescind_in8(port + UART_STATUS) & STATUS_EMPTY) != 0) {
            return true;
        }
    }
    return false;
}

size_t uart_write(uint16_t port, const char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (i % FIFO_DEPTH == 0 && !wait_empty(port)) {
            return i;
        }
        rescind_out8(port + UART_DATA, (uint8_t)bytes[i]);
    }
    return size;
}

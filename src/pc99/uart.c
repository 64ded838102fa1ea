/* The 16550A serial port (National Semiconductor PC16550D): a driver, for whoever includes
 * rescind/drivers.h. */
#include "rescind/drivers.h"
#include "rescind/platform.h"

enum {
    DATA = 0,
    INTERRUPTS = 1,
    FIFO = 2, /* written; read, what interrupts */
    IDENTIFICATION = 2,
    LINE = 3,
    MODEM = 4,
    STATUS = 5,
    SCRATCH = 7,
    DIVISOR_LOW = 0, /* these two while LINE_DIVISOR is set */
    DIVISOR_HIGH = 1,
};
enum { LINE_DIVISOR = 0x80, LINE_8N1 = 0x03, FIFO_ENABLE_CLEAR = 0x07, MODEM_DTR_RTS = 0x03 };
enum { MODEM_OUT2 = 0x08, FIFOS_ON = 0xc0, FIFO_DEPTH = 16 };
enum { INTERRUPT_RECEIVED = 0x01, INTERRUPT_EMPTY = 0x02, INTERRUPT_LINE = 0x04 };
enum { STATUS_RECEIVED = 0x01, STATUS_OVERRUN = 0x02, STATUS_EMPTY = 0x20, NOTHING_HERE = 0xff };

bool rescind_uart_present(uint16_t port)
{
    static const uint8_t patterns[] = {0x55, 0xaa};

    for (unsigned i = 0; i < sizeof patterns; i++) {
        rescind_out8(port + SCRATCH, patterns[i]);
        if (rescind_in8(port + SCRATCH) != patterns[i]) {
            return false;
        }
    }
    rescind_out8(port + FIFO, FIFO_ENABLE_CLEAR);
    return (rescind_in8(port + IDENTIFICATION) & FIFOS_ON) == FIFOS_ON;
}

void rescind_uart_init(uint16_t port)
{
    rescind_out8(port + INTERRUPTS, 0);
    rescind_out8(port + LINE, LINE_DIVISOR);
    rescind_out8(port + DIVISOR_LOW, 1);
    rescind_out8(port + DIVISOR_HIGH, 0);
    rescind_out8(port + LINE, LINE_8N1);
    rescind_out8(port + FIFO, FIFO_ENABLE_CLEAR);
    rescind_out8(port + MODEM, MODEM_DTR_RTS);
}

static bool wait_empty(uint16_t port)
{
    for (unsigned i = 0; i < RESCIND_UART_PATIENCE; i++) {
        if ((rescind_in8(port + STATUS) & STATUS_EMPTY) != 0) {
            return true;
        }
    }
    return false;
}

size_t rescind_uart_write(uint16_t port, const char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (i % FIFO_DEPTH == 0 && !wait_empty(port)) {
            return i;
        }
        rescind_out8(port + DATA, (uint8_t)bytes[i]);
    }
    return size;
}

size_t rescind_uart_read(uint16_t port, char *bytes, size_t size, bool *lost)
{
    size_t count = 0;

    while (count < size) {
        uint8_t status = rescind_in8(port + STATUS);

        if (status == NOTHING_HERE || (status & STATUS_RECEIVED) == 0) {
            break;
        }
        if ((status & STATUS_OVERRUN) != 0 && lost != NULL) {
            *lost = true;
        }
        bytes[count++] = (char)rescind_in8(port + DATA);
    }
    return count;
}

void rescind_uart_interrupts(uint16_t port, bool received, bool empty)
{
    uint8_t which = (uint8_t)((received ? INTERRUPT_RECEIVED | INTERRUPT_LINE : 0) |
                              (empty ? INTERRUPT_EMPTY : 0));

    rescind_out8(port + MODEM, which != 0 ? MODEM_DTR_RTS | MODEM_OUT2 : MODEM_DTR_RTS);
    rescind_out8(port + INTERRUPTS, which);
}

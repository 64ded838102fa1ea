/* A 16550A (National Semiconductor PC16550D), as a PC has it: OUT2 gates its interrupt line.
 *
 * As QEMU's, and other than the part: sending takes no time, in loopback too, and a FIFO that is
 * turned on or off is emptied with the received byte's flag. As the part, and other than QEMU's:
 * OUT2 gates, and not in loopback, where the pin is inactive; the modem status tells of changes in
 * loopback; a byte from outside that finds no room is lost (QEMU holds it back), and so bytes come
 * at the line's pace.
 *
 * What is sent goes to a ring. When nobody empties it the port stays busy, as a terminal that has
 * been stopped.
 */
#include "sim/device/models.h"

enum { FIFO_SIZE = 16, OUT_SIZE = 1 << 15, IN_SIZE = 1 << 12 };
enum { CLOCK_HZ = 115200, SECOND = 1000000000, TIMEOUT_CHARACTERS = 4 };

enum { AT_DATA, AT_INTERRUPTS, AT_FIFO, AT_LINE, AT_MODEM, AT_LINE_STATUS, AT_MODEM_STATUS };
enum { AT_SCRATCH = 7 };
enum { IER_RECEIVED = 1, IER_EMPTY = 2, IER_LINE = 4, IER_MODEM = 8, IER_ALL = 0x0f };
enum { IIR_NONE = 1, IIR_MODEM = 0, IIR_EMPTY = 2, IIR_RECEIVED = 4, IIR_LINE = 6 };
enum { IIR_TIMEOUT = 0x0c, IIR_FIFOS = 0xc0 };
enum { FCR_ON = 1, FCR_CLEAR_IN = 2, FCR_CLEAR_OUT = 4, FCR_KEPT = 0xc9 };
enum { LCR_LENGTH = 3, LCR_STOP = 4, LCR_PARITY = 8, LCR_DIVISOR = 0x80 };
enum { MCR_DTR = 1, MCR_RTS = 2, MCR_OUT1 = 4, MCR_OUT2 = 8, MCR_LOOP = 16, MCR_ALL = 0x1f };
enum { LSR_READY = 1, LSR_OVERRUN = 2, LSR_BREAK = 0x10, LSR_ERRORS = 0x1e };
enum { LSR_ROOM = 0x20, LSR_IDLE = 0x40 };
enum { MSR_CTS = 0x10, MSR_DSR = 0x20, MSR_RI = 0x40, MSR_DCD = 0x80, MSR_DELTAS = 0x0f };
enum { MSR_RI_ENDED = 4 };

enum reg {
    DATA,
    DIVISOR_LOW,
    DIVISOR_HIGH,
    INTERRUPTS,
    IDENTIFICATION,
    FIFO,
    LINE,
    MODEM,
    LINE_STATUS,
    MODEM_STATUS,
    SCRATCH
};
static const char *const registers[] = {
    "uart.data",           "uart.divisor-low",  "uart.divisor-high", "uart.interrupts",
    "uart.identification", "uart.fifo",         "uart.line",         "uart.modem",
    "uart.line-status",    "uart.modem-status", "uart.scratch",      NULL,
};

struct bytes {
    uint32_t first, count;
};

struct uart {
    struct device device;
    uint16_t port;
    uint32_t irq;
    uint16_t divisor;
    uint8_t ier, fcr, lcr, mcr, lsr, msr, scratch, received;
    bool empty_pending, timeout_pending, raised;
    uint64_t timeout; /* when the FIFO will have been left alone for too long, or DEVICE_NO_ALARM */
    uint64_t arrival; /* when the next byte is here, or DEVICE_NO_ALARM */
    struct bytes in_fifo, out_fifo, incoming, outgoing;
    uint8_t in_fifo_bytes[FIFO_SIZE], out_fifo_bytes[FIFO_SIZE];
    uint8_t incoming_bytes[IN_SIZE], outgoing_bytes[OUT_SIZE];
};

static bool put(struct bytes *ring, uint8_t *bytes, uint32_t size, uint8_t byte)
{
    if (ring->count == size) {
        return false;
    }
    bytes[(ring->first + ring->count++) % size] = byte;
    return true;
}

static uint8_t take(struct bytes *ring, const uint8_t *bytes, uint32_t size)
{
    uint8_t byte = bytes[ring->first];

    ring->first = (ring->first + 1) % size;
    ring->count--;
    return byte;
}

static bool fifos_on(const struct uart *uart)
{
    return (uart->fcr & FCR_ON) != 0;
}

static bool in_loopback(const struct uart *uart)
{
    return (uart->mcr & MCR_LOOP) != 0;
}

static bool has_fault(const struct uart *uart, enum rescind_board_fault fault)
{
    uint64_t port = 0;

    return board_has_fault(uart->device.board, fault, &port) && port == uart->port;
}

/* How long one character takes, in nanoseconds. (Half stop bits are not counted.) */
static uint64_t character_time(const struct uart *uart)
{
    unsigned divisor = uart->divisor != 0 ? uart->divisor : 1;
    unsigned bits = 1 + 5 + (uart->lcr & LCR_LENGTH) + ((uart->lcr & LCR_PARITY) != 0) + 1 +
                    ((uart->lcr & LCR_STOP) != 0);

    return (uint64_t)SECOND * divisor * bits / CLOCK_HZ;
}

static void set_alarm(struct uart *uart)
{
    board_set_alarm(&uart->device, MIN(uart->timeout, uart->arrival));
}

static unsigned trigger(const struct uart *uart)
{
    static const uint8_t levels[] = {1, 4, 8, 14};

    return levels[uart->fcr >> 6];
}

/* The cause that is named first, in the part's order. */
static uint8_t cause(const struct uart *uart)
{
    bool full_enough = !fifos_on(uart) || uart->in_fifo.count >= trigger(uart);

    if ((uart->ier & IER_LINE) != 0 && (uart->lsr & LSR_ERRORS) != 0) {
        return IIR_LINE;
    }
    if ((uart->ier & IER_RECEIVED) != 0 && uart->timeout_pending) {
        return IIR_TIMEOUT;
    }
    if ((uart->ier & IER_RECEIVED) != 0 && (uart->lsr & LSR_READY) != 0 && full_enough) {
        return IIR_RECEIVED;
    }
    if ((uart->ier & IER_EMPTY) != 0 && uart->empty_pending) {
        return IIR_EMPTY;
    }
    return (uart->ier & IER_MODEM) != 0 && (uart->msr & MSR_DELTAS) != 0 ? IIR_MODEM : IIR_NONE;
}

static void update_line(struct uart *uart)
{
    bool gate = (uart->mcr & (MCR_OUT2 | MCR_LOOP)) == MCR_OUT2;
    bool raised = gate && cause(uart) != IIR_NONE;

    if (raised != uart->raised) {
        uart->raised = raised;
        board_line(uart->device.board, uart->irq, raised);
    }
}

/* ---- Receiving and sending ----------------------------------------------------------------- */

static void receive(struct uart *uart, uint8_t byte)
{
    bool fits = true;

    if (fifos_on(uart)) {
        fits = put(&uart->in_fifo, uart->in_fifo_bytes, FIFO_SIZE, byte);
        uart->timeout = board_now(uart->device.board) + TIMEOUT_CHARACTERS * character_time(uart);
        set_alarm(uart);
    } else {
        fits = (uart->lsr & LSR_READY) == 0; /* the newer byte stays */
        uart->received = byte;
    }
    uart->lsr |= (uint8_t)(LSR_READY | (fits ? 0 : LSR_OVERRUN));
}

static bool can_send(const struct uart *uart)
{
    return in_loopback(uart) ||
           (uart->outgoing.count < OUT_SIZE && !has_fault(uart, RESCIND_FAULT_UART_BUSY));
}

static void send(struct uart *uart)
{
    while (uart->out_fifo.count > 0 && can_send(uart)) {
        uint8_t byte = take(&uart->out_fifo, uart->out_fifo_bytes, FIFO_SIZE);

        if (in_loopback(uart)) {
            receive(uart, byte);
        } else {
            put(&uart->outgoing, uart->outgoing_bytes, OUT_SIZE, byte);
        }
        if (uart->out_fifo.count == 0) {
            uart->lsr |= LSR_ROOM | LSR_IDLE;
            uart->empty_pending = true;
        }
    }
    update_line(uart);
}

static void write_data(struct uart *uart, uint8_t byte)
{
    uint32_t room = fifos_on(uart) ? FIFO_SIZE : 1;

    if (uart->out_fifo.count == room) { /* what is sent in vain takes the oldest one's place */
        take(&uart->out_fifo, uart->out_fifo_bytes, FIFO_SIZE);
    }
    put(&uart->out_fifo, uart->out_fifo_bytes, FIFO_SIZE, byte);
    uart->lsr &= (uint8_t) ~(LSR_ROOM | LSR_IDLE);
    uart->empty_pending = false;
    send(uart);
}

static uint8_t read_data(struct uart *uart)
{
    uint8_t byte = uart->received;

    if (fifos_on(uart)) {
        byte = 0;
        if (uart->in_fifo.count > 0) {
            byte = take(&uart->in_fifo, uart->in_fifo_bytes, FIFO_SIZE);
        }
        uart->timeout_pending = false;
        uart->timeout = DEVICE_NO_ALARM;
        if (uart->in_fifo.count > 0) {
            uart->timeout =
                board_now(uart->device.board) + TIMEOUT_CHARACTERS * character_time(uart);
        }
        set_alarm(uart);
    }
    if (!fifos_on(uart) || uart->in_fifo.count == 0) {
        uart->lsr &= (uint8_t) ~(LSR_READY | LSR_BREAK);
    }
    update_line(uart);
    return byte;
}

static void alarm(struct device *device)
{
    struct uart *uart = (struct uart *)device;
    uint64_t now = board_now(device->board);

    if (uart->timeout <= now) {
        uart->timeout = DEVICE_NO_ALARM;
        uart->timeout_pending = uart->in_fifo.count > 0;
    }
    if (uart->arrival <= now) {
        uint8_t byte = take(&uart->incoming, uart->incoming_bytes, IN_SIZE);

        uart->arrival = uart->incoming.count > 0 ? now + character_time(uart) : DEVICE_NO_ALARM;
        if (!in_loopback(uart)) {
            receive(uart, byte);
        }
    }
    set_alarm(uart);
    update_line(uart);
}

/* ---- Registers ----------------------------------------------------------------------------- */

static void write_interrupts(struct uart *uart, uint8_t value)
{
    uint8_t changed = uart->ier ^ value;

    uart->ier = value & IER_ALL;
    if ((changed & IER_EMPTY) != 0) { /* turning it on asks for one if there is room */
        uart->empty_pending = (uart->ier & IER_EMPTY) != 0 && (uart->lsr & LSR_ROOM) != 0;
    }
    update_line(uart);
}

static void write_fifo(struct uart *uart, uint8_t value)
{
    if (((value ^ uart->fcr) & FCR_ON) != 0) {
        value |= FCR_CLEAR_IN | FCR_CLEAR_OUT;
    }
    if ((value & FCR_CLEAR_IN) != 0) {
        uart->in_fifo = (struct bytes){0};
        uart->lsr &= (uint8_t) ~(LSR_READY | LSR_BREAK);
        uart->timeout = DEVICE_NO_ALARM;
        uart->timeout_pending = false;
        set_alarm(uart);
    }
    if ((value & FCR_CLEAR_OUT) != 0) {
        uart->out_fifo = (struct bytes){0};
        uart->lsr |= LSR_ROOM | LSR_IDLE;
        uart->empty_pending = true;
    }
    uart->fcr = value & FCR_KEPT;
    update_line(uart);
}

/* The modem's lines as they are now: in loopback what the port itself drives. */
static uint8_t modem_lines(const struct uart *uart)
{
    uint8_t mcr = uart->mcr;

    if (!in_loopback(uart)) {
        return MSR_DCD | MSR_DSR | MSR_CTS;
    }
    return (uint8_t)((mcr & MCR_RTS ? MSR_CTS : 0) | (mcr & MCR_DTR ? MSR_DSR : 0) |
                     (mcr & MCR_OUT1 ? MSR_RI : 0) | (mcr & MCR_OUT2 ? MSR_DCD : 0));
}

static void write_modem(struct uart *uart, uint8_t value)
{
    uint8_t lines, changed;

    uart->mcr = value & MCR_ALL;
    lines = modem_lines(uart);
    changed = (uart->msr ^ lines) >> 4;
    if ((lines & MSR_RI) != 0) { /* told of when it ends */
        changed &= (uint8_t)~MSR_RI_ENDED;
    }
    uart->msr = (uint8_t)(lines | (uart->msr & MSR_DELTAS) | changed);
    update_line(uart);
}

static uint8_t read_identification(struct uart *uart)
{
    uint8_t which = cause(uart);

    if (which == IIR_EMPTY) {
        uart->empty_pending = false;
        update_line(uart);
    }
    return which | (fifos_on(uart) ? IIR_FIFOS : 0);
}

static uint8_t read_line_status(struct uart *uart)
{
    uint8_t value = uart->lsr;

    uart->lsr &= (uint8_t)~LSR_ERRORS;
    update_line(uart);
    return has_fault(uart, RESCIND_FAULT_UART_BUSY) ? value & ~(LSR_ROOM | LSR_IDLE) : value;
}

static uint8_t read_modem_status(struct uart *uart)
{
    uint8_t value = uart->msr;

    uart->msr &= (uint8_t)~MSR_DELTAS;
    update_line(uart);
    return value;
}

/* Which register is at this port now; -1: none (of those one can write). */
static enum reg which_register(const struct uart *uart, uint32_t offset, bool write)
{
    static const enum reg plain[] = {DATA,  INTERRUPTS,  IDENTIFICATION, LINE,
                                     MODEM, LINE_STATUS, MODEM_STATUS,   SCRATCH};

    if ((uart->lcr & LCR_DIVISOR) != 0 && offset <= AT_INTERRUPTS) {
        return offset == AT_DATA ? DIVISOR_LOW : DIVISOR_HIGH;
    }
    return write && offset == AT_FIFO ? FIFO : plain[offset];
}

static uint64_t read(struct device *device, uint32_t offset, unsigned bytes)
{
    struct uart *uart = (struct uart *)device;
    enum reg reg = which_register(uart, offset, false);

    (void)bytes;
    if (has_fault(uart, RESCIND_FAULT_UART_ABSENT)) {
        return 0xff;
    }
    if (!device_has(device, reg)) {
        return 0;
    }
    switch (reg) {
    case DATA:
        return read_data(uart);
    case DIVISOR_LOW:
        return uart->divisor & 0xff;
    case DIVISOR_HIGH:
        return uart->divisor >> 8;
    case INTERRUPTS:
        return uart->ier;
    case IDENTIFICATION:
        return read_identification(uart);
    case LINE:
        return uart->lcr;
    case MODEM:
        return uart->mcr;
    case LINE_STATUS:
        return read_line_status(uart);
    case MODEM_STATUS:
        return read_modem_status(uart);
    default:
        return uart->scratch;
    }
}

static void write(struct device *device, uint32_t offset, unsigned bytes, uint64_t value)
{
    struct uart *uart = (struct uart *)device;
    enum reg reg = which_register(uart, offset, true);
    uint8_t byte = (uint8_t)value;

    (void)bytes;
    if (has_fault(uart, RESCIND_FAULT_UART_ABSENT) || !device_has(device, reg)) {
        return;
    }
    switch (reg) {
    case DATA:
        write_data(uart, byte);
        break;
    case DIVISOR_LOW:
        uart->divisor = (uint16_t)((uart->divisor & 0xff00) | byte);
        break;
    case DIVISOR_HIGH:
        uart->divisor = (uint16_t)((uart->divisor & 0xff) | byte << 8);
        break;
    case INTERRUPTS:
        write_interrupts(uart, byte);
        break;
    case FIFO:
        write_fifo(uart, byte);
        break;
    case LINE:
        uart->lcr = byte;
        break;
    case MODEM:
        write_modem(uart, byte);
        break;
    case SCRATCH:
        uart->scratch = byte;
        break;
    default: /* the two status registers are for reading */
        break;
    }
}

static void reset(struct device *device)
{
    struct uart *uart = (struct uart *)device;

    uart->divisor = CLOCK_HZ / 9600;
    uart->mcr = MCR_OUT2;
    uart->msr = modem_lines(uart);
    uart->lsr = LSR_ROOM | LSR_IDLE;
    uart->timeout = DEVICE_NO_ALARM;
    uart->arrival = DEVICE_NO_ALARM;
}

/* ---- The other end of the line ------------------------------------------------------------- */

static size_t serial_in(struct device *device, const uint8_t *bytes, size_t size)
{
    struct uart *uart = (struct uart *)device;
    size_t taken = 0;

    if (has_fault(uart, RESCIND_FAULT_UART_ABSENT)) {
        return 0;
    }
    while (taken < size && put(&uart->incoming, uart->incoming_bytes, IN_SIZE, bytes[taken])) {
        taken++;
    }
    if (taken > 0 && uart->arrival == DEVICE_NO_ALARM) {
        uart->arrival = board_now(device->board) + character_time(uart);
        set_alarm(uart);
    }
    return taken;
}

static size_t serial_out(struct device *device, uint8_t *bytes, size_t size)
{
    struct uart *uart = (struct uart *)device;
    size_t given = 0;

    while (given < size && uart->outgoing.count > 0) {
        bytes[given++] = take(&uart->outgoing, uart->outgoing_bytes, OUT_SIZE);
        send(uart);
    }
    return given;
}

static bool serial_holds(const struct device *device)
{
    const struct uart *uart = (const struct uart *)device;

    return uart->incoming.count > 0 || (uart->lsr & LSR_READY) != 0;
}

void uart_place(struct device *device, uint16_t port, uint32_t line)
{
    struct uart *uart = (struct uart *)device;

    uart->port = port;
    uart->irq = line;
    board_map_ports(device, port, 8, 0);
}

const struct device_class device_uart = {
    .name = "uart",
    .registers = registers,
    .size = sizeof(struct uart),
    .widest = 1,
    .reset = reset,
    .read = read,
    .write = write,
    .alarm = alarm,
    .serial_in = serial_in,
    .serial_out = serial_out,
    .serial_holds = serial_holds,
};

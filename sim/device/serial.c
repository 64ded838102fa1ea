/* A serial port for VPEs: as much of a 16550A as a simple driver needs, until it is the real model.
 */
#include "sim/device/device.h"

#include <string.h>

enum { DEPTH = 16, LINE_DIVISOR = 0x80, OUT2 = 8, SENT_MAX = 4096 };
enum { RECEIVED = 1, EMPTY = 2 }; /* interrupts */

struct serial {
    struct device device;
    uint32_t line;
    uint8_t interrupts, control, modem, scratch, count;
    uint8_t fifo[DEPTH];
    uint32_t sent;
    uint8_t out[SENT_MAX];
};

static void update(struct serial *s)
{
    board_line(s->device.board, s->line,
               (s->modem & OUT2) != 0 && (s->interrupts & RECEIVED) != 0 && s->count > 0);
}

static void reset(struct device *device)
{
    struct serial *s = (struct serial *)device;

    memset((char *)device + offsetof(struct serial, interrupts), 0,
           sizeof(*s) - offsetof(struct serial, interrupts));
}

static uint64_t take(struct serial *s)
{
    uint8_t byte = s->fifo[0];

    if (s->count == 0)
        return 0;
    memmove(s->fifo, s->fifo + 1, --s->count);
    update(s);
    return byte;
}

static uint64_t read(struct device *device, uint32_t offset, unsigned bytes)
{
    struct serial *s = (struct serial *)device;

    (void)bytes;
    switch (offset) {
    case 0:
        return take(s);
    case 1:
        return s->interrupts;
    case 2:
        return s->count > 0 && (s->interrupts & RECEIVED) ? 0xc4 : 0xc1;
    case 3:
        return s->control;
    case 4:
        return s->modem;
    case 5:
        return 0x60 | (s->count > 0);
    case 7:
        return s->scratch;
    default:
        return 0;
    }
}

static void write(struct device *device, uint32_t offset, unsigned bytes, uint64_t value)
{
    struct serial *s = (struct serial *)device;

    (void)bytes;
    if (offset == 0 && !(s->control & LINE_DIVISOR) && s->sent < SENT_MAX)
        s->out[s->sent++] = (uint8_t)value;
    if (offset == 1 && !(s->control & LINE_DIVISOR))
        s->interrupts = value & 0xf;
    if (offset == 2 && (value & 2))
        s->count = 0;
    if (offset == 3)
        s->control = (uint8_t)value;
    if (offset == 4)
        s->modem = (uint8_t)value;
    if (offset == 7)
        s->scratch = (uint8_t)value;
    update(s);
}

static size_t serial_in(struct device *device, const uint8_t *bytes, size_t size)
{
    struct serial *s = (struct serial *)device;
    size_t taken = MIN(size, (size_t)(DEPTH - s->count));

    memcpy(s->fifo + s->count, bytes, taken);
    s->count += (uint8_t)taken;
    update(s);
    return taken;
}

static size_t serial_out(struct device *device, uint8_t *bytes, size_t size)
{
    struct serial *s = (struct serial *)device;
    size_t taken = MIN(size, s->sent);

    memcpy(bytes, s->out, taken);
    s->sent -= (uint32_t)taken;
    memmove(s->out, s->out + taken, s->sent);
    return taken;
}

void board_add_serial(struct rescind_board *board, uint16_t port, uint32_t line)
{
    static const char *const none[] = {NULL};
    static const struct device_class class = {
        .name = "serial",
        .registers = none,
        .size = sizeof(struct serial),
        .reset = reset,
        .read = read,
        .write = write,
        .serial_in = serial_in,
        .serial_out = serial_out,
    };
    struct device *device = board_add(board, &class);

    ((struct serial *)device)->line = line;
    board_map_ports(device, port, 8, 0);
}

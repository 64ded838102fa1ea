/* The machine's devices: interrupt lines, ports, and the board of models behind them; see machine.h
 *
 * A machine has a board where it has serial ports. Interrupts do not go through the board's
 * controllers: the machine looks at its lines, and masks them itself. What comes from outside comes
 * byte by byte, whenever the schedule says so, but the next one only once the last has been taken;
 * other time does not pass on the board but what accesses take.
 */
#include "sim/machine_parts.h"

#include <string.h>

#include "sim/device/device.h"
#include "sim/platform.h"
#include "user/startup.h"

enum {
    BYTE_TIME = 100000, /* nanoseconds: more than a byte takes at 115200 baud */
    BYTE_TIMES = 200,   /* and at 1200, with room to spare */
};

/* ---- Making it ----------------------------------------------------------------------------- */

enum rescind_error machine_irq(struct machine *m, uint32_t vpe, uint32_t sel, uint32_t line)
{
    const struct machine_vpe *v = vpe_of(m, vpe);
    enum rescind_error error = RESCIND_INV_ARGS;

    if (v->local == MACHINE_NO_VPE || line >= RESCIND_IRQ_LINES || m->lines[line].kernel >= 0)
        return RESCIND_INV_ARGS;
    kernel_changes(m, v->kernel);
    error = rescind_kernel_boot_irq(kernel_of(m, v), v->local, sel, line);
    if (error == RESCIND_NO_ERROR) {
        m->lines[line].kernel = (int32_t)v->kernel;
        m->has_lines = true;
        m->on_board |= UINT64_C(1) << v->kernel;
    }
    return error;
}

enum rescind_error machine_ports(struct machine *m, uint32_t vpe, uint32_t sel, uint32_t first,
                                 uint32_t count)
{
    const struct machine_vpe *v = vpe_of(m, vpe);

    if (v->local == MACHINE_NO_VPE)
        return RESCIND_INV_ARGS;
    kernel_changes(m, v->kernel);
    m->on_board |= UINT64_C(1) << v->kernel;
    return rescind_kernel_boot_ports(kernel_of(m, v), v->local, sel, first, count);
}

uint64_t machine_on_board(const struct machine *m)
{
    return m->on_board;
}

static struct machine_serial *serial_at(const struct machine *m, guint i)
{
    return &g_array_index(m->serials, struct machine_serial, i);
}

bool machine_serial(struct machine *m, uint16_t port, const void *bytes, size_t size)
{
    struct machine_serial serial = {.port = port};
    int line = startup_line_of_serial(port);

    for (guint i = 0; m->serials != NULL && i < m->serials->len; i++) {
        if (serial_at(m, i)->port == port)
            return false;
    }
    if (line < 0)
        return false;
    if (m->board == NULL) {
        m->board = board_new_bare(&(struct rescind_board_options){.access = 1});
        m->serials = g_array_new(FALSE, FALSE, sizeof(struct machine_serial));
    }
    board_add_serial(m->board, port, (uint32_t)line);
    serial.line = (uint32_t)line;
    serial.text = g_bytes_new(bytes, size);
    g_array_append_val(m->serials, serial);
    return true;
}

size_t machine_serial_sent(struct machine *m, uint16_t port, void *bytes, size_t size)
{
    return m->board != NULL ? rescind_board_serial_out(m->board, port, bytes, size) : 0;
}

void devices_free(struct machine *m)
{
    for (guint i = 0; m->serials != NULL && i < m->serials->len; i++)
        g_bytes_unref(serial_at(m, i)->text);
    g_clear_pointer(&m->serials, g_array_unref);
    g_clear_pointer(&m->board, rescind_board_free);
}

/* ---- What kernels want ---------------------------------------------------------------------- */

void devices_mask(struct machine *m, uint32_t kernel, uint32_t lines, bool masked)
{
    for (uint32_t line = 0; line < RESCIND_IRQ_LINES; line++) {
        if ((lines >> line & 1) == 0 || m->lines[line].kernel != (int32_t)kernel)
            continue;
        m->lines[line].unmasked = !masked;
        queue_line(m, line);
    }
}

uint32_t devices_access(struct machine *m, const struct rescind_kernel *k, uint32_t vpe)
{
    struct rescind_kernel_port_access access = rescind_kernel_port_access(k, vpe);
    uint32_t value = UINT32_MAX; /* where nothing is, reads float high */

    if (m->board != NULL && access.out)
        board_write(m->board, true, access.port, access.bits / 8, access.value);
    else if (m->board != NULL)
        value = (uint32_t)board_read(m->board, true, access.port, access.bits / 8);
    for (uint32_t line = 0; line < RESCIND_IRQ_LINES; line++)
        queue_line(m, line);
    return value;
}

/* ---- Interrupts ----------------------------------------------------------------------------- */

/* The serial port of this line that has more to get, and has dealt with what it got; or NULL. (QEMU
 * holds bytes back, too.) */
static struct machine_serial *hungry(const struct machine *m, uint32_t line)
{
    for (guint i = 0; m->serials != NULL && i < m->serials->len; i++) {
        struct machine_serial *serial = serial_at(m, i);
        if (serial->line == line && serial->read < g_bytes_get_size(serial->text) &&
            !board_serial_holds(m->board, serial->port))
            return serial;
    }
    return NULL;
}

bool devices_can_raise(const struct machine *m, uint32_t line)
{
    return line < RESCIND_IRQ_LINES && m->lines[line].unmasked && m->board != NULL &&
           (board_is_raised(m->board, line) || hungry(m, line) != NULL);
}

bool devices_raise(struct machine *m, uint32_t line)
{
    struct machine_serial *serial = hungry(m, line);

    if (!board_is_raised(m->board, line) && serial != NULL) {
        const uint8_t *text = g_bytes_get_data(serial->text, NULL);
        rescind_board_serial_in(m->board, serial->port, text + serial->read++, 1);
        for (int i = 0; i < BYTE_TIMES && !board_is_raised(m->board, line); i++)
            rescind_board_advance(m->board, BYTE_TIME);
    }
    return board_is_raised(m->board, line);
}

/* ---- Snapshots ------------------------------------------------------------------------------ */

size_t devices_size(const struct machine *m)
{
    guint serials = m->serials != NULL ? m->serials->len : 0;

    return RESCIND_IRQ_LINES + serials * sizeof(uint32_t) +
           (m->board != NULL ? board_state_size(m->board) : 0);
}

void devices_save(const struct machine *m, void *bytes)
{
    uint8_t *at = bytes;

    for (uint32_t line = 0; line < RESCIND_IRQ_LINES; line++)
        *at++ = m->lines[line].unmasked;
    for (guint i = 0; m->serials != NULL && i < m->serials->len; i++, at += sizeof(uint32_t))
        memcpy(at, &serial_at(m, i)->read, sizeof(uint32_t));
    if (m->board != NULL)
        board_save(m->board, at);
}

void devices_restore(struct machine *m, const void *bytes)
{
    const uint8_t *at = bytes;

    for (uint32_t line = 0; line < RESCIND_IRQ_LINES; line++)
        m->lines[line].unmasked = *at++;
    for (guint i = 0; m->serials != NULL && i < m->serials->len; i++, at += sizeof(uint32_t))
        memcpy(&serial_at(m, i)->read, at, sizeof(uint32_t));
    if (m->board != NULL)
        board_restore(m->board, at);
}

uint64_t devices_hash(const struct machine *m)
{
    uint64_t hash = 0;

    for (uint32_t line = 0; line < RESCIND_IRQ_LINES; line++)
        hash |= (uint64_t)m->lines[line].unmasked << line;
    hash = mix64(hash);
    for (guint i = 0; m->serials != NULL && i < m->serials->len; i++)
        hash = mix64(hash ^ serial_at(m, i)->read);
    return m->board != NULL ? mix64(hash ^ board_hash(m->board)) : hash;
}

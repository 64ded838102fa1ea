/* A driver in a VPE: a serial port (16550A) whose bytes are sent back, up to the end of a line.
 *
 * Expects its interrupt line at selector 4 and its eight ports at selector 5, from whoever has
 * them. It works without the port's FIFOs: turning them on would lose a byte that is there already.
 */
#include "user/programs.h"
#include "user/say.h"

enum { SEL_LINE = 4, SEL_PORTS = 5, SEL_GATE = 20 };
enum { EP_INTERRUPTS = 2, EP_SEND = 3, ORDER = 8, MSG_ORDER = 6, LABEL = 0x5e41a1 };
enum { LINE_MAX = 255, LOOKS = 100000 };

/* The port's registers, and bits of theirs. */
enum { DATA = 0, INTERRUPTS = 1, FIFO = 2, LINE = 3, MODEM = 4, STATUS = 5 };
enum { DIVISOR_LOW = 0, DIVISOR_HIGH = 1, LINE_DIVISOR = 0x80, LINE_8N1 = 3 };
enum { WHEN_RECEIVED = 1, MODEM_DTR_RTS_OUT2 = 0xb, STATUS_RECEIVED = 1, STATUS_EMPTY = 0x20 };

static bool put(struct rescind_env *env, uint32_t reg, uint32_t value)
{
    return went(env, "PORT_OUT", rescind_port_out(env, SEL_PORTS, reg, 8, value));
}

static bool get(struct rescind_env *env, uint32_t reg, uint32_t *value)
{
    return went(env, "PORT_IN", rescind_port_in(env, SEL_PORTS, reg, 8, value));
}

/* 115200 baud, 8 data bits, no parity; interrupts when a byte has come. */
static bool start_port(struct rescind_env *env)
{
    return put(env, INTERRUPTS, 0) && put(env, FIFO, 0) && put(env, LINE, LINE_DIVISOR) &&
           put(env, DIVISOR_LOW, 1) && put(env, DIVISOR_HIGH, 0) && put(env, LINE, LINE_8N1) &&
           put(env, MODEM, MODEM_DTR_RTS_OUT2) && put(env, INTERRUPTS, WHEN_RECEIVED);
}

static bool stop_port(struct rescind_env *env)
{
    return put(env, INTERRUPTS, 0) && put(env, MODEM, 0);
}

/* Interrupts come as messages to EP_INTERRUPTS. */
static bool listen(struct rescind_env *env)
{
    return went(env, "ATTACHRB",
                rescind_attachrb(env, RESCIND_SEL_VPE, EP_INTERRUPTS, 0, ORDER, MSG_ORDER, 0)) &&
           went(env, "CREATEGATE",
                rescind_creategate(env, RESCIND_SEL_VPE, SEL_GATE, LABEL, EP_INTERRUPTS, 1)) &&
           went(env, "ACTIVATE", rescind_activate(env, EP_SEND, RESCIND_NONE, SEL_GATE)) &&
           went(env, "LISTEN", rescind_listen(env, SEL_LINE, EP_SEND));
}

static bool await_interrupt(struct rescind_env *env)
{
    struct rescind_message m;

    return went(env, "RECEIVE", rescind_receive(env, EP_INTERRUPTS, true, &m)) &&
           holds(env, "it is an interrupt", m.label == LABEL && m.size == 2 * sizeof(uint64_t)) &&
           went(env, "ACK", rescind_ack(env, EP_INTERRUPTS, m.id));
}

static bool send_back(struct rescind_env *env, uint32_t byte)
{
    uint32_t status = 0;

    for (int looks = 0; looks < LOOKS && (status & STATUS_EMPTY) == 0; looks++) {
        if (!get(env, STATUS, &status))
            return false;
    }
    return holds(env, "the port can send", (status & STATUS_EMPTY) != 0) && put(env, DATA, byte);
}

/* Takes what has come; *ends: that was the end of a line. */
static bool serve(struct rescind_env *env, char *line, uint32_t *length, bool *ends)
{
    uint32_t status, byte;

    while (!*ends) {
        if (!get(env, STATUS, &status))
            return false;
        if ((status & STATUS_RECEIVED) == 0)
            break;
        if (!get(env, DATA, &byte) || !send_back(env, byte))
            return false;
        *ends = byte == '\n' || *length == LINE_MAX;
        if (!*ends)
            line[(*length)++] = (char)byte;
    }
    return true;
}

int serial_echo(struct rescind_env *env)
{
    char line[LINE_MAX + 1] = {0};
    uint32_t length = 0;
    bool ends = false, well = listen(env) && start_port(env);

    while (well && !ends)
        well = await_interrupt(env) && serve(env, line, &length, &ends) &&
               went(env, "IRQACK", rescind_irqack(env, SEL_LINE));
    if (!well || !stop_port(env))
        return 1;
    say_text(env, "has sent back: ", line);
    return 0;
}

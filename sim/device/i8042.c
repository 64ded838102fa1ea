/* The keyboard controller of a PC (Intel 8042, IBM PC AT Technical Reference, IBM PS/2 Hardware
 * Interface), a keyboard and a mouse that nobody touches, and PS/2's system control port A (0x92),
 * by which a PC can be reset as well.
 *
 * As QEMU's: nothing takes time, a byte of the controller's own goes before the keyboard's and
 * replaces one that has not been read, and the input port is 0x80. The line A20 is not modelled but
 * for its bits: memory does not wrap.
 */
#include "sim/device/models.h"

enum { KEYBOARD_LINE = 1, MOUSE_LINE = 12, QUEUE = 16 };
enum { STATUS_OUTPUT = 0x01, STATUS_INPUT = 0x02, STATUS_TESTED = 0x04, STATUS_FREE = 0x18 };
enum { STATUS_MOUSE = 0x20 };
enum { MODE_KEYBOARD_IRQ = 0x01, MODE_MOUSE_IRQ = 0x02, MODE_NO_KEYBOARD = 0x10 };
enum { MODE_NO_MOUSE = 0x20, MODE_TRANSLATE = 0x40 };
enum { PORT_RUN = 0x01, PORT_A20 = 0x02, PORT_OUTPUT = 0x10, PORT_MOUSE = 0x20 };
enum { PORT92_RESET = 0x01 };
enum command_code {
    READ_MODE = 0x20,
    WRITE_MODE = 0x60,
    MOUSE_OFF = 0xa7,
    MOUSE_ON = 0xa8,
    MOUSE_TEST = 0xa9,
    SELF_TEST = 0xaa,
    KEYBOARD_TEST = 0xab,
    KEYBOARD_OFF = 0xad,
    KEYBOARD_ON = 0xae,
    READ_INPUT_PORT = 0xc0,
    READ_OUTPUT_PORT = 0xd0,
    WRITE_OUTPUT_PORT = 0xd1,
    WRITE_OUTPUT = 0xd2,
    WRITE_MOUSE_OUTPUT = 0xd3,
    WRITE_MOUSE = 0xd4,
    A20_OFF = 0xdd,
    A20_ON = 0xdf,
    PULSE = 0xf0
};
enum { ACCEPTED = 0xfa, AGAIN = 0xfe, TESTED = 0xaa, PASSED = 0x55, ECHO = 0xee };
enum {
    SET_LEDS = 0xed,
    IDENTIFY = 0xf2,
    SET_RATE = 0xf3,
    MOUSE_FIRST = 0xe6,
    KEYBOARD_FIRST = 0xf4
};
enum { DEFAULTS = 0xf6, RESET = 0xff, SET_RESOLUTION = 0xe8 };

enum reg { DATA, STATUS, COMMAND, MODE, OUTPUT_PORT, PORT92 };
static const char *const registers[] = {
    "i8042.data",   "i8042.status", "i8042.command", "i8042.mode", "i8042.output-port",
    "i8042.port92", NULL,
};

/* What a device at the other end of a cable has to say. */
struct peripheral {
    uint8_t bytes[QUEUE];
    uint8_t first, count;
    uint8_t argument_of; /* the command whose argument comes next, or 0 */
};

enum source { NOBODY, CONTROLLER, CONTROLLER_AS_MOUSE, KEYBOARD, MOUSE };

struct i8042 {
    struct device device;
    uint8_t status, mode, output_port;
    uint8_t data;        /* read last */
    uint8_t answer;      /* the controller's own */
    enum source answers; /* as whose, or NOBODY */
    enum source source;  /* of the byte that the status tells of */
    uint8_t argument_of; /* the command whose argument comes next, or 0 */
    uint8_t port92;
    struct peripheral keyboard, mouse;
    bool keyboard_raised, mouse_raised;
};

/* ---- The output buffer --------------------------------------------------------------------- */

static void set_line(struct i8042 *i8042, uint32_t line, bool *raised, bool level)
{
    if (*raised != level) {
        *raised = level;
        board_line(i8042->device.board, line, level);
    }
}

static void update_lines(struct i8042 *i8042)
{
    bool full = (i8042->status & STATUS_OUTPUT) != 0;
    bool mouse = (i8042->status & STATUS_MOUSE) != 0;
    bool keyboard_may = (i8042->mode & (MODE_KEYBOARD_IRQ | MODE_NO_KEYBOARD)) == MODE_KEYBOARD_IRQ;
    bool mouse_may = (i8042->mode & MODE_MOUSE_IRQ) != 0;

    set_line(i8042, KEYBOARD_LINE, &i8042->keyboard_raised, full && !mouse && keyboard_may);
    set_line(i8042, MOUSE_LINE, &i8042->mouse_raised, full && mouse && mouse_may);
}

static enum source next_source(const struct i8042 *i8042)
{
    if (i8042->answers != NOBODY) {
        return i8042->answers;
    }
    if (i8042->keyboard.count > 0 && (i8042->mode & MODE_NO_KEYBOARD) == 0) {
        return KEYBOARD;
    }
    return i8042->mouse.count > 0 && (i8042->mode & MODE_NO_MOUSE) == 0 ? MOUSE : NOBODY;
}

/* If there is room in the output buffer, what is next goes there. */
static void fill(struct i8042 *i8042)
{
    if ((i8042->status & STATUS_OUTPUT) != 0) {
        return;
    }
    i8042->source = next_source(i8042);
    if (i8042->source != NOBODY) {
        bool mouse = i8042->source == MOUSE || i8042->source == CONTROLLER_AS_MOUSE;

        i8042->status |= (uint8_t)(STATUS_OUTPUT | (mouse ? STATUS_MOUSE : 0));
        i8042->output_port |= (uint8_t)(PORT_OUTPUT | (mouse ? PORT_MOUSE : 0));
    }
    update_lines(i8042);
}

static void answer(struct i8042 *i8042, enum source as, uint8_t byte)
{
    i8042->answers = as;
    i8042->answer = byte;
    fill(i8042);
}

static uint8_t take(struct peripheral *peripheral)
{
    uint8_t byte = peripheral->bytes[peripheral->first];

    if (peripheral->count > 0) {
        peripheral->first = (peripheral->first + 1) % QUEUE;
        peripheral->count--;
    }
    return byte;
}

static uint8_t read_data(struct i8042 *i8042)
{
    if ((i8042->status & STATUS_OUTPUT) == 0) {
        return i8042->data;
    }
    if (i8042->source == KEYBOARD) {
        i8042->data = take(&i8042->keyboard);
    } else if (i8042->source == MOUSE) {
        i8042->data = take(&i8042->mouse);
    } else {
        i8042->data = i8042->answer;
        i8042->answers = NOBODY;
    }
    i8042->status &= (uint8_t) ~(STATUS_OUTPUT | STATUS_MOUSE);
    i8042->output_port &= (uint8_t) ~(PORT_OUTPUT | PORT_MOUSE);
    update_lines(i8042);
    fill(i8042);
    return i8042->data;
}

/* ---- Keyboard and mouse -------------------------------------------------------------------- */

static void say(struct peripheral *peripheral, uint8_t byte)
{
    if (peripheral->count < QUEUE) {
        peripheral->bytes[(peripheral->first + peripheral->count++) % QUEUE] = byte;
    }
}

static void tell_keyboard(struct i8042 *i8042, uint8_t byte)
{
    struct peripheral *keyboard = &i8042->keyboard;
    uint8_t argument_of = keyboard->argument_of;

    keyboard->argument_of = 0;
    if (argument_of != 0) {
        say(keyboard, ACCEPTED);
    } else if (byte == ECHO) {
        say(keyboard, ECHO);
    } else if (byte == IDENTIFY) {
        say(keyboard, ACCEPTED);
        say(keyboard, 0xab);
        say(keyboard, (i8042->mode & MODE_TRANSLATE) != 0 ? 0x41 : 0x83);
    } else if (byte == SET_LEDS || byte == SET_RATE) {
        keyboard->argument_of = byte;
        say(keyboard, ACCEPTED);
    } else if (byte == RESET) {
        *keyboard = (struct peripheral){0};
        say(keyboard, ACCEPTED);
        say(keyboard, TESTED);
    } else {
        say(keyboard, byte >= KEYBOARD_FIRST && byte <= DEFAULTS ? ACCEPTED : AGAIN);
    }
}

static void tell_mouse(struct i8042 *i8042, uint8_t byte)
{
    struct peripheral *mouse = &i8042->mouse;
    uint8_t argument_of = mouse->argument_of;

    mouse->argument_of = 0;
    say(mouse, ACCEPTED);
    if (argument_of != 0) {
        return;
    }
    if (byte == SET_RESOLUTION || byte == SET_RATE) {
        mouse->argument_of = byte;
    } else if (byte == RESET) {
        say(mouse, TESTED);
        say(mouse, 0);
    } else if (byte == IDENTIFY) {
        say(mouse, 0);
    }
}

/* ---- Commands ------------------------------------------------------------------------------ */

static void write_output_port(struct i8042 *i8042, uint8_t value)
{
    if (!device_has(&i8042->device, OUTPUT_PORT)) {
        return;
    }
    i8042->output_port = value;
    if ((value & PORT_RUN) == 0) {
        board_pulse_reset(i8042->device.board);
    }
}

static void write_mode(struct i8042 *i8042, uint8_t value)
{
    if (device_has(&i8042->device, MODE)) {
        i8042->mode = value;
        update_lines(i8042);
        fill(i8042);
    }
}

static void switch_peripheral(struct i8042 *i8042, uint8_t bit, bool off)
{
    i8042->mode = (uint8_t)(off ? i8042->mode | bit : i8042->mode & ~bit);
    fill(i8042);
}

static void set_a20(struct i8042 *i8042, bool on)
{
    i8042->output_port =
        (uint8_t)(on ? i8042->output_port | PORT_A20 : i8042->output_port & ~PORT_A20);
}

static void command(struct i8042 *i8042, uint8_t value)
{
    bool has_mode = device_has(&i8042->device, MODE);
    bool has_port = device_has(&i8042->device, OUTPUT_PORT);

    switch (value) {
    case READ_MODE:
        answer(i8042, CONTROLLER, has_mode ? i8042->mode : 0);
        break;
    case WRITE_MODE:
    case WRITE_OUTPUT_PORT:
    case WRITE_OUTPUT:
    case WRITE_MOUSE_OUTPUT:
    case WRITE_MOUSE:
        i8042->argument_of = value;
        break;
    case MOUSE_OFF:
    case MOUSE_ON:
        switch_peripheral(i8042, MODE_NO_MOUSE, value == MOUSE_OFF);
        break;
    case KEYBOARD_OFF:
    case KEYBOARD_ON:
        switch_peripheral(i8042, MODE_NO_KEYBOARD, value == KEYBOARD_OFF);
        break;
    case MOUSE_TEST:
    case KEYBOARD_TEST:
        answer(i8042, CONTROLLER, 0);
        break;
    case SELF_TEST:
        i8042->status |= STATUS_TESTED;
        answer(i8042, CONTROLLER, PASSED);
        break;
    case READ_INPUT_PORT:
        answer(i8042, CONTROLLER, 0x80);
        break;
    case READ_OUTPUT_PORT:
        answer(i8042, CONTROLLER, has_port ? i8042->output_port : 0);
        break;
    case A20_OFF:
    case A20_ON:
        set_a20(i8042, value == A20_ON);
        break;
    default: /* 0xf0 .. 0xff pulse those low bits of the output port that are 0 */
        if (value >= PULSE && (value & PORT_RUN) == 0) {
            board_pulse_reset(i8042->device.board);
        }
        break;
    }
}

static void write_data(struct i8042 *i8042, uint8_t value)
{
    uint8_t argument_of = i8042->argument_of;

    i8042->argument_of = 0;
    switch (argument_of) {
    case WRITE_MODE:
        write_mode(i8042, value);
        break;
    case WRITE_OUTPUT_PORT:
        write_output_port(i8042, value);
        break;
    case WRITE_OUTPUT:
        answer(i8042, CONTROLLER, value);
        break;
    case WRITE_MOUSE_OUTPUT:
        answer(i8042, CONTROLLER_AS_MOUSE, value);
        break;
    case WRITE_MOUSE: /* which turns it on, as talking to the keyboard does that */
        tell_mouse(i8042, value);
        switch_peripheral(i8042, MODE_NO_MOUSE, false);
        break;
    default:
        tell_keyboard(i8042, value);
        switch_peripheral(i8042, MODE_NO_KEYBOARD, false);
        break;
    }
}

/* ---- Ports --------------------------------------------------------------------------------- */

static enum reg which_register(uint32_t offset, bool write)
{
    switch (offset) {
    case I8042_DATA:
        return DATA;
    case I8042_COMMAND:
        return write ? COMMAND : STATUS;
    default:
        return PORT92;
    }
}

static bool is_busy(const struct i8042 *i8042)
{
    return board_has_fault(i8042->device.board, RESCIND_FAULT_I8042_BUSY, NULL);
}

static uint64_t read_register(struct device *device, uint32_t offset, unsigned bytes)
{
    struct i8042 *i8042 = (struct i8042 *)device;
    enum reg reg = which_register(offset, false);

    (void)bytes;
    if (!device_has(device, reg)) {
        return 0;
    }
    switch (reg) {
    case DATA:
        return read_data(i8042);
    case STATUS:
        return i8042->status | (is_busy(i8042) ? STATUS_INPUT : 0);
    default:
        return i8042->port92;
    }
}

static void write_port92(struct i8042 *i8042, uint8_t value)
{
    if ((value & ~i8042->port92 & PORT92_RESET) != 0) {
        board_pulse_reset(i8042->device.board);
    }
    i8042->port92 = value;
}

static void write_register(struct device *device, uint32_t offset, unsigned bytes, uint64_t value)
{
    struct i8042 *i8042 = (struct i8042 *)device;
    enum reg reg = which_register(offset, true);
    bool lost = is_busy(i8042) && (reg == DATA || reg == COMMAND);

    (void)bytes;
    if (lost || !device_has(device, reg)) {
        return;
    }
    switch (reg) {
    case DATA:
        write_data(i8042, (uint8_t)value);
        break;
    case COMMAND:
        command(i8042, (uint8_t)value);
        break;
    default:
        write_port92(i8042, (uint8_t)value);
        break;
    }
}

/* As SeaBIOS leaves it: tested, the keyboard on and translated, the mouse off, A20 on. */
static void reset(struct device *device)
{
    struct i8042 *i8042 = (struct i8042 *)device;

    i8042->status = STATUS_FREE | STATUS_TESTED;
    i8042->mode = MODE_TRANSLATE | MODE_NO_MOUSE | MODE_KEYBOARD_IRQ;
    i8042->output_port = 0xcc | PORT_RUN | PORT_A20;
    i8042->data = ACCEPTED;
    i8042->port92 = PORT_A20;
}

const struct device_class device_i8042 = {
    .name = "i8042",
    .registers = registers,
    .size = sizeof(struct i8042),
    .widest = 1,
    .reset = reset,
    .read = read_register,
    .write = write_register,
};

/* The two 8259As (Intel 231468) of a PC, and the register by which each line is told to be edge or
 * level triggered (ELCR, 0x4d0 and 0x4d1), which has the place of ICW1's LTIM bit.
 *
 * As QEMU's, and other than the part: a poll command is answered with the line and bit 7 or with 0,
 * and an initialisation with ICW4 left out leaves the modes of ICW4 off. As the part, and other
 * than QEMU's: an edge's request is withdrawn when the line falls before it is served, and a line
 * that is high while the controller is initialised must fall before it can ask again. The processor
 * has seen INT by the time that a request is withdrawn, so that the acknowledge cycle still comes,
 * and gets line 7: the spurious interrupt.
 */
#include "sim/device/models.h"

enum { LINES = 8, CHIPS = 2, CASCADE = 2, SPURIOUS = 7 };
enum { OCW2 = 0x00, ICW1_HERE = 0x10, OCW3 = 0x08 };
enum { ICW1_WITH_ICW4 = 0x01, ICW1_SINGLE = 0x02 };
enum { ICW4_AUTO_END = 0x02, ICW4_NESTED = 0x10 };
enum { OCW3_ISR = 0x01, OCW3_READ = 0x02, OCW3_POLL = 0x04, OCW3_SPECIAL = 0x20 };
enum { OCW3_SET_SPECIAL = 0x40 };
enum { POLLED = 0x80, VECTOR_BITS = 0xf8 };

enum reg { FIRST, VECTOR, WIRING, MODES, MASK, END, COMMAND, REQUEST, SERVICE, POLL, EDGE };
static const char *const registers[] = {
    "pic.icw1", "pic.icw2",    "pic.icw3",    "pic.icw4", "pic.mask", "pic.end",
    "pic.ocw3", "pic.request", "pic.service", "pic.poll", "pic.edge", NULL,
};

/* What the odd port's next byte is. */
enum step { NEXT_MASK, NEXT_VECTOR, NEXT_WIRING, NEXT_MODES };

struct chip {
    uint8_t levels, edges; /* inputs as they are; and where one has risen and not been served */
    uint8_t level_mode;    /* ELCR */
    uint8_t mask, service, vector;
    uint8_t lowest; /* the line of the lowest priority */
    enum step step;
    bool with_modes, single, auto_end, rotates, nested, special, poll, read_service;
    bool glitch; /* a request has been withdrawn that the processor has seen */
    bool out;    /* INT */
};

struct pic {
    struct device device;
    struct chip chips[CHIPS];
};

static uint8_t bit(unsigned line)
{
    return (uint8_t)(1U << line);
}

static uint8_t requests(const struct chip *chip)
{
    return (uint8_t)((chip->levels & chip->level_mode) | (chip->edges & ~chip->level_mode));
}

/* How far from the highest priority the first of these lines is; LINES: there is none. */
static unsigned rank(const struct chip *chip, uint8_t lines)
{
    unsigned i = 0;

    while (i < LINES && (lines & bit((chip->lowest + 1 + i) % LINES)) == 0) {
        i++;
    }
    return i;
}

static unsigned line_of(const struct chip *chip, unsigned rank_of_line)
{
    return (chip->lowest + 1 + rank_of_line) % LINES;
}

/* The line that asks and may: -1, none. */
static int asking(const struct chip *chip, bool master)
{
    uint8_t in_service = chip->service;
    unsigned first = rank(chip, requests(chip) & (uint8_t)~chip->mask);

    if (chip->special) {
        in_service &= (uint8_t)~chip->mask;
    }
    if (chip->nested && master) { /* the slave may ask while one of its is served */
        in_service &= (uint8_t)~bit(CASCADE);
    }
    return first < rank(chip, in_service) ? (int)line_of(chip, first) : -1;
}

static bool is_master(const struct pic *pic, const struct chip *chip)
{
    return chip == &pic->chips[0];
}

static void set_level(struct pic *pic, struct chip *chip, unsigned line, bool level);

/* INT follows the requests: the slave's is the master's line 2, the master's the processor's. */
static void update(struct pic *pic, struct chip *chip)
{
    bool out = asking(chip, is_master(pic, chip)) >= 0 || chip->glitch;

    if (out == chip->out) {
        return;
    }
    chip->out = out;
    if (is_master(pic, chip)) {
        board_intr(pic->device.board, out);
    } else {
        set_level(pic, &pic->chips[0], CASCADE, out);
    }
}

static void set_level(struct pic *pic, struct chip *chip, unsigned line, bool level)
{
    bool asked = asking(chip, is_master(pic, chip)) >= 0;
    uint8_t before = chip->levels;

    chip->levels = (uint8_t)(level ? before | bit(line) : before & ~bit(line));
    chip->edges |= (uint8_t)(chip->levels & ~before);
    chip->edges &= chip->levels;
    if (asked && asking(chip, is_master(pic, chip)) < 0) {
        chip->glitch = true;
    }
    update(pic, chip);
}

static void input(struct device *device, uint32_t line, bool level)
{
    struct pic *pic = (struct pic *)device;

    if (line != CASCADE) {
        set_level(pic, &pic->chips[line / LINES], line % LINES, level);
    }
}

static void serve(struct pic *pic, struct chip *chip, unsigned line)
{
    if (!chip->auto_end) {
        chip->service |= bit(line);
    } else if (chip->rotates) {
        chip->lowest = (uint8_t)line;
    }
    chip->edges &= (uint8_t)~bit(line);
    chip->glitch = false;
    update(pic, chip);
}

/* One controller's part of an acknowledge cycle: its line. */
static unsigned acknowledge_chip(struct pic *pic, struct chip *chip)
{
    int line = asking(chip, is_master(pic, chip));

    if (line < 0) {
        chip->glitch = false;
        update(pic, chip);
        return SPURIOUS;
    }
    serve(pic, chip, (unsigned)line);
    return (unsigned)line;
}

static uint8_t acknowledge(struct device *device)
{
    struct pic *pic = (struct pic *)device;
    struct chip *master = &pic->chips[0], *slave = &pic->chips[1];
    int line = asking(master, true);

    if (line == CASCADE) {
        unsigned inner = acknowledge_chip(pic, slave);

        serve(pic, master, CASCADE);
        return (uint8_t)(slave->vector + inner);
    }
    return (uint8_t)(master->vector + acknowledge_chip(pic, master));
}

/* ---- Commands ------------------------------------------------------------------------------ */

static void initialise(struct pic *pic, struct chip *chip, uint8_t value)
{
    *chip = (struct chip){
        .levels = chip->levels,
        .level_mode = chip->level_mode,
        .lowest = LINES - 1,
        .step = NEXT_VECTOR,
        .with_modes = (value & ICW1_WITH_ICW4) != 0,
        .single = (value & ICW1_SINGLE) != 0,
        .out = chip->out,
    };
    update(pic, chip);
}

static void end(struct pic *pic, struct chip *chip, uint8_t value)
{
    unsigned line = value & (LINES - 1);
    unsigned command = value >> 5;
    unsigned first = rank(chip, chip->service);

    if (command == 0 || command == 4) { /* rotation in automatic end mode, off or on */
        chip->rotates = command == 4;
        return;
    }
    if (command == 1 || command == 5) { /* not specific: the one of the highest priority */
        if (first == LINES) {
            return;
        }
        line = line_of(chip, first);
    }
    if (command != 6 && command != 2) {
        chip->service &= (uint8_t)~bit(line);
    }
    if (command >= 5) { /* rotate, 6: nothing else; 2 is no command */
        chip->lowest = (uint8_t)line;
    }
    update(pic, chip);
}

static void command(struct chip *chip, uint8_t value)
{
    if ((value & OCW3_POLL) != 0) {
        chip->poll = true;
    }
    if ((value & OCW3_READ) != 0) {
        chip->read_service = (value & OCW3_ISR) != 0;
    }
    if ((value & OCW3_SET_SPECIAL) != 0) {
        chip->special = (value & OCW3_SPECIAL) != 0;
    }
}

static void write_even(struct pic *pic, struct chip *chip, uint8_t value)
{
    const struct device *device = &pic->device;

    if ((value & ICW1_HERE) != 0) {
        if (device_has(device, FIRST)) {
            initialise(pic, chip, value);
        }
    } else if ((value & OCW3) != 0) {
        if (device_has(device, COMMAND)) {
            command(chip, value);
            update(pic, chip);
        }
    } else if (device_has(device, END)) {
        end(pic, chip, value);
    }
}

/* A step of the initialisation. (One whose register is taken out is waited for in vain.) */
static void write_step(struct pic *pic, struct chip *chip, uint8_t value)
{
    static const enum reg regs[] = {
        [NEXT_VECTOR] = VECTOR, [NEXT_WIRING] = WIRING, [NEXT_MODES] = MODES};
    enum step after_wiring = chip->with_modes ? NEXT_MODES : NEXT_MASK;

    if (!device_has(&pic->device, regs[chip->step])) {
        return;
    }
    if (chip->step == NEXT_VECTOR) {
        chip->vector = value & VECTOR_BITS;
        chip->step = chip->single ? after_wiring : NEXT_WIRING;
    } else if (chip->step == NEXT_WIRING) { /* the wires are as they are */
        chip->step = after_wiring;
    } else {
        chip->auto_end = (value & ICW4_AUTO_END) != 0;
        chip->nested = (value & ICW4_NESTED) != 0;
        chip->step = NEXT_MASK;
    }
}

static void write_odd(struct pic *pic, struct chip *chip, uint8_t value)
{
    if (chip->step != NEXT_MASK) {
        write_step(pic, chip, value);
    } else if (device_has(&pic->device, MASK)) {
        chip->mask = value;
        update(pic, chip);
    }
}

static uint8_t poll(struct pic *pic, struct chip *chip)
{
    int line = asking(chip, is_master(pic, chip));

    chip->poll = false;
    if (!device_has(&pic->device, POLL) || line < 0) {
        return 0;
    }
    serve(pic, chip, (unsigned)line);
    return (uint8_t)(POLLED | line);
}

static uint8_t read_even(const struct pic *pic, const struct chip *chip)
{
    if (chip->read_service) {
        return device_has(&pic->device, SERVICE) ? chip->service : 0;
    }
    return device_has(&pic->device, REQUEST) ? requests(chip) : 0;
}

static uint64_t read_register(struct device *device, uint32_t offset, unsigned bytes)
{
    struct pic *pic = (struct pic *)device;
    struct chip *chip = &pic->chips[offset / 2 % CHIPS];

    (void)bytes;
    if (offset >= PIC_EDGE) {
        return device_has(device, EDGE) ? pic->chips[offset - PIC_EDGE].level_mode : 0;
    }
    if (chip->poll) {
        return poll(pic, chip);
    }
    if (offset % 2 == 0) {
        return read_even(pic, chip);
    }
    return device_has(device, MASK) ? chip->mask : 0;
}

static void write_register(struct device *device, uint32_t offset, unsigned bytes, uint64_t value)
{
    /* The timer's, the keyboard's, the cascade, the clock's and the coprocessor's are edges. */
    static const uint8_t free_lines[CHIPS] = {0xf8, 0xde};
    struct pic *pic = (struct pic *)device;
    struct chip *chip = &pic->chips[offset / 2 % CHIPS];

    (void)bytes;
    if (offset >= PIC_EDGE) {
        chip = &pic->chips[offset - PIC_EDGE];
        if (device_has(device, EDGE)) {
            chip->level_mode = (uint8_t)value & free_lines[offset - PIC_EDGE];
            update(pic, chip);
        }
    } else if (offset % 2 == 0) {
        write_even(pic, chip, (uint8_t)value);
    } else {
        write_odd(pic, chip, (uint8_t)value);
    }
}

/* As SeaBIOS leaves them: the timer, the keyboard, the slave, the clock, the mouse; PCI's 10 and 11
 * by level. */
static void reset(struct device *device)
{
    struct pic *pic = (struct pic *)device;

    pic->chips[0] = (struct chip){.lowest = LINES - 1, .vector = 0x08, .mask = 0xb8};
    pic->chips[1] =
        (struct chip){.lowest = LINES - 1, .vector = 0x70, .mask = 0x8e, .level_mode = 0x0c};
}

const struct device_class device_pic = {
    .name = "pic",
    .registers = registers,
    .size = sizeof(struct pic),
    .widest = 1,
    .reset = reset,
    .read = read_register,
    .write = write_register,
    .input = input,
    .acknowledge = acknowledge,
};

/* The bus of a board: which device is behind which port and address, the clock, and what passes
 * between devices. The models are in the files beside this one; pc.c says which a PC has. */
#include "sim/device/device.h"

#include <string.h>

#include "rescind/platform.h"
#include "sim/platform.h"

enum { PORTS = 1 << 16, WINDOWS = 64, ACCESS = 100, PROCESSORS_MAX = 64 };
enum { ISA_LINES = 16, LINES = 24 };
enum { SERIAL_PORTS_MAX = 4 };
enum { TIMER_LINE = 0, TIMER_INPUT = 2 }; /* ISA's line 0 is the I/O APIC's input 2 */
enum { CLOCK_LINE = 8 };

/* What is behind a range of ports or addresses. */
struct window {
    struct device *device;
    uint64_t start, size;
    uint32_t offset;
};

struct firmware {
    uint64_t address;
    GByteArray *bytes;
};

struct rescind_board {
    struct rescind_board_options options;
    uint64_t now, alarm; /* nanoseconds; the earliest of all alarms */
    uint32_t current;    /* processor */
    GPtrArray *devices;
    uint8_t ports[PORTS]; /* a window's number + 1, or 0 */
    struct window windows[WINDOWS];
    uint32_t port_windows; /* windows[0 .. port_windows) are of ports */
    struct window memory[WINDOWS];
    uint32_t memory_windows;
    struct device *pic, *ioapic, *lapic; /* or NULL */
    GArray *firmware;                    /* of struct firmware */
    uint64_t rsdp;
    uint32_t raised; /* interrupt lines that are high, a bit each */
    bool reset;
    bool replaced;               /* the HPET has the lines of the PIT and the clock, */
    bool timer_line, clock_line; /* and so would they be */
    bool faults[RESCIND_FAULTS];
    uint64_t arguments[RESCIND_FAULTS];
    rescind_board_answer *answer;
    void *context;
};

/* ---- Making one ---------------------------------------------------------------------------- */

static void clear_firmware(gpointer data)
{
    g_byte_array_unref(((struct firmware *)data)->bytes);
}

struct rescind_board *board_new_bare(const struct rescind_board_options *options)
{
    struct rescind_board *board;

    if (options->processors > PROCESSORS_MAX || options->machine > RESCIND_BOARD_PC ||
        options->serial_ports > SERIAL_PORTS_MAX) {
        return NULL;
    }
    board = g_new0(struct rescind_board, 1);
    board->options = *options;
    board->options.processors = MAX(options->processors, 1);
    board->options.access = options->access != 0 ? options->access : ACCESS;
    board->alarm = DEVICE_NO_ALARM;
    board->devices = g_ptr_array_new_with_free_func(g_free);
    board->firmware = g_array_new(FALSE, FALSE, sizeof(struct firmware));
    g_array_set_clear_func(board->firmware, clear_firmware);
    return board;
}

struct rescind_board *rescind_board_new(const struct rescind_board_options *options)
{
    struct rescind_board *board = board_new_bare(options);

    if (board != NULL) {
        board_populate(board);
    }
    return board;
}

void rescind_board_free(struct rescind_board *board)
{
    if (board != NULL) {
        platform_forget(board);
        g_ptr_array_unref(board->devices);
        g_array_unref(board->firmware);
        g_free(board);
    }
}

struct device *board_add(struct rescind_board *board, const struct device_class *class)
{
    struct device *device = g_malloc0(class->size);

    *device =
        (struct device){.class = class, .board = board, .alarm = DEVICE_NO_ALARM, .without = -1};
    g_ptr_array_add(board->devices, device);
    if (class->acknowledge != NULL) {
        board->pic = device;
    } else if (class->ended != NULL) {
        board->ioapic = device;
    } else if (class->message != NULL) {
        board->lapic = device;
    }
    return device;
}

void board_map_ports(struct device *device, uint16_t first, uint32_t count, uint32_t offset)
{
    struct rescind_board *board = device->board;

    g_assert(board->port_windows < WINDOWS && first + count <= PORTS);
    board->windows[board->port_windows++] = (struct window){device, first, count, offset};
    memset(board->ports + first, (int)board->port_windows, count);
}

void board_map_memory(struct device *device, uint64_t address, uint64_t size, uint32_t offset)
{
    struct rescind_board *board = device->board;

    g_assert(board->memory_windows < WINDOWS);
    board->memory[board->memory_windows++] = (struct window){device, address, size, offset};
}

void board_add_firmware(struct rescind_board *board, uint64_t address, GByteArray *bytes)
{
    struct firmware entry = {address, bytes};

    g_array_append_val(board->firmware, entry);
}

void board_set_rsdp(struct rescind_board *board, uint64_t address)
{
    board->rsdp = address;
}

const struct rescind_board_options *board_options(const struct rescind_board *board)
{
    return &board->options;
}

/* ---- Time ---------------------------------------------------------------------------------- */

uint64_t board_now(const struct rescind_board *board)
{
    return board->now;
}

uint64_t rescind_board_time(const struct rescind_board *board)
{
    return board->now;
}

static void find_alarm(struct rescind_board *board)
{
    board->alarm = DEVICE_NO_ALARM;
    for (guint i = 0; i < board->devices->len; i++) {
        const struct device *device = g_ptr_array_index(board->devices, i);

        board->alarm = MIN(board->alarm, device->alarm);
    }
}

void board_set_alarm(struct device *device, uint64_t time)
{
    device->alarm = time;
    find_alarm(device->board);
}

/* The alarms up to `until`, in the order of their times; on one tick in the order in which the
 * devices were added. */
static void ring_alarms(struct rescind_board *board, uint64_t until)
{
    while (board->alarm <= until) {
        struct device *due = NULL;

        for (guint i = 0; i < board->devices->len && due == NULL; i++) {
            struct device *device = g_ptr_array_index(board->devices, i);

            due = device->alarm == board->alarm ? device : NULL;
        }
        g_assert(due != NULL); /* find_alarm() has found it */
        board->now = MAX(board->now, board->alarm);
        due->alarm = DEVICE_NO_ALARM;
        find_alarm(board);
        due->class->alarm(due);
    }
}

void rescind_board_advance(struct rescind_board *board, uint64_t nanoseconds)
{
    uint64_t until = board->now + nanoseconds;

    ring_alarms(board, until);
    board->now = MAX(board->now, until);
}

/* ---- Accesses ------------------------------------------------------------------------------ */

static void pass_access(struct rescind_board *board)
{
    uint64_t until = board->now + board->options.access;

    if (board->alarm <= until) {
        ring_alarms(board, until);
    }
    board->now = until;
}

static const struct window *port_window(const struct rescind_board *board, uint32_t port)
{
    uint8_t number = board->ports[port % PORTS];

    return number != 0 ? &board->windows[number - 1] : NULL;
}

static bool takes(const struct window *window, unsigned bytes)
{
    return window != NULL && bytes <= MAX(window->device->class->widest, 1);
}

/* What one device answers; wider accesses than it knows come byte by byte, as on the ISA bus. Where
 * nothing is, one that is not aligned is refused, as in QEMU. */
static uint64_t read_port(struct rescind_board *board, uint32_t port, unsigned bytes)
{
    const struct window *window = port_window(board, port);
    uint64_t value = 0;

    if (window == NULL && port % bytes != 0) {
        return 0;
    }
    if (takes(window, bytes)) {
        uint32_t offset = window->offset + (uint32_t)(port - window->start);

        return window->device->class->read(window->device, offset, bytes);
    }
    if (bytes == 1) {
        return 0xff;
    }
    for (unsigned i = 0; i < bytes; i++) {
        value |= read_port(board, port + i, 1) << 8 * i;
    }
    return value;
}

static void write_port(struct rescind_board *board, uint32_t port, unsigned bytes, uint64_t value)
{
    const struct window *window = port_window(board, port);

    if (takes(window, bytes)) {
        uint32_t offset = window->offset + (uint32_t)(port - window->start);

        window->device->class->write(window->device, offset, bytes, value);
    } else if (bytes > 1 && (window != NULL || port % bytes == 0)) {
        for (unsigned i = 0; i < bytes; i++) {
            write_port(board, port + i, 1, value >> 8 * i & 0xff);
        }
    }
}

static const struct window *memory_window(const struct rescind_board *board, uint64_t address)
{
    for (uint32_t i = 0; i < board->memory_windows; i++) {
        if (address - board->memory[i].start < board->memory[i].size) {
            return &board->memory[i];
        }
    }
    return NULL;
}

static uint64_t ones(unsigned bytes)
{
    return bytes == 8 ? UINT64_MAX : ((uint64_t)1 << 8 * bytes) - 1;
}

uint64_t board_read(struct rescind_board *board, bool port, uint64_t address, unsigned bytes)
{
    const struct window *window;
    uint64_t value = 0; /* of memory where nothing is */

    pass_access(board);
    if (port) {
        value = read_port(board, (uint32_t)address, bytes);
    } else {
        window = memory_window(board, address);
        if (window != NULL) {
            uint32_t offset = window->offset + (uint32_t)(address - window->start);

            value = window->device->class->read(window->device, offset, bytes);
        }
    }
    if (board->answer != NULL) {
        board->answer(board->context, port, address, 8 * bytes, &value);
    }
    return value & ones(bytes);
}

void board_write(struct rescind_board *board, bool port, uint64_t address, unsigned bytes,
                 uint64_t value)
{
    const struct window *window;

    pass_access(board);
    if (port) {
        write_port(board, (uint32_t)address, bytes, value);
        return;
    }
    window = memory_window(board, address);
    if (window != NULL) {
        uint32_t offset = window->offset + (uint32_t)(address - window->start);

        window->device->class->write(window->device, offset, bytes, value);
    }
}

void rescind_board_answers(struct rescind_board *board, rescind_board_answer *answer, void *context)
{
    board->answer = answer;
    board->context = context;
}

/* ---- Between devices ----------------------------------------------------------------------- */

static bool is_lost(const struct rescind_board *board, uint32_t line)
{
    return board->faults[RESCIND_FAULT_LOST] && board->arguments[RESCIND_FAULT_LOST] == line;
}

static void drive_line(struct rescind_board *board, uint32_t line, bool level)
{
    if (line >= LINES || is_lost(board, line)) {
        return;
    }
    board->raised = (board->raised & ~(1u << line)) | (uint32_t)level << line;
    if (board->pic != NULL && line < ISA_LINES && line != TIMER_INPUT) {
        board->pic->class->input(board->pic, line, level);
    }
    if (board->ioapic != NULL) {
        board->ioapic->class->input(board->ioapic, line == TIMER_LINE ? TIMER_INPUT : line, level);
    }
}

void board_hpet_line(struct rescind_board *board, uint32_t line, bool level)
{
    drive_line(board, line, level);
}

void board_line(struct rescind_board *board, uint32_t line, bool level)
{
    if (line == TIMER_LINE) {
        board->timer_line = level;
    } else if (line == CLOCK_LINE) {
        board->clock_line = level;
    }
    if (!board->replaced || (line != TIMER_LINE && line != CLOCK_LINE)) {
        drive_line(board, line, level);
    }
}

void board_replace_legacy(struct rescind_board *board, bool replaced)
{
    board->replaced = replaced;
    drive_line(board, TIMER_LINE, !replaced && board->timer_line);
    drive_line(board, CLOCK_LINE, !replaced && board->clock_line);
}

void board_write_message(struct rescind_board *board, uint64_t address, uint32_t data)
{
    const struct window *window = memory_window(board, address);

    if (window != NULL) {
        uint32_t offset = window->offset + (uint32_t)(address - window->start);

        window->device->class->write(window->device, offset, sizeof data, data);
    }
}

void rescind_board_line(struct rescind_board *board, uint32_t line, bool level)
{
    board_line(board, line, level);
}

void board_intr(struct rescind_board *board, bool level)
{
    if (board->lapic != NULL) {
        board->lapic->class->input(board->lapic, 0, level);
    }
}

uint8_t board_acknowledge(struct rescind_board *board)
{
    return board->pic->class->acknowledge(board->pic);
}

void board_message(struct rescind_board *board, const struct device_message *message)
{
    if (board->lapic != NULL) {
        board->lapic->class->message(board->lapic, message);
    }
}

void board_end_of_interrupt(struct rescind_board *board, uint8_t vector)
{
    if (board->ioapic != NULL) {
        board->ioapic->class->ended(board->ioapic, vector);
    }
}

void board_pulse_reset(struct rescind_board *board)
{
    board->reset = true;
}

bool rescind_board_reset_pulsed(struct rescind_board *board)
{
    bool pulsed = board->reset;

    board->reset = false;
    return pulsed;
}

bool board_is_raised(const struct rescind_board *board, uint32_t line)
{
    return (board->raised >> line & 1) != 0;
}

/* ---- Its state ------------------------------------------------------------------------------ */

/* The board's own part of it. */
struct saved_board {
    uint64_t now;
    uint32_t current, raised;
    bool reset;
};

/* And what a device has beside its model's own fields. */
static size_t model_size(const struct device *device)
{
    return device->class->size - sizeof(struct device);
}

size_t board_state_size(const struct rescind_board *board)
{
    size_t size = sizeof(struct saved_board);

    for (guint i = 0; i < board->devices->len; i++) {
        size += sizeof(uint64_t) + model_size(g_ptr_array_index(board->devices, i));
    }
    return size;
}

void board_save(const struct rescind_board *board, void *bytes)
{
    struct saved_board saved;
    uint8_t *at = bytes;

    memset(&saved, 0, sizeof(saved));
    saved.now = board->now;
    saved.current = board->current;
    saved.raised = board->raised;
    saved.reset = board->reset;
    memcpy(at, &saved, sizeof(saved));
    at += sizeof(saved);
    for (guint i = 0; i < board->devices->len; i++) {
        const struct device *device = g_ptr_array_index(board->devices, i);

        memcpy(at, &device->alarm, sizeof(device->alarm));
        at += sizeof(device->alarm);
        memcpy(at, device + 1, model_size(device));
        at += model_size(device);
    }
}

void board_restore(struct rescind_board *board, const void *bytes)
{
    const uint8_t *at = bytes;
    struct saved_board saved;

    memcpy(&saved, at, sizeof(saved));
    at += sizeof(saved);
    board->now = saved.now;
    board->current = saved.current;
    board->raised = saved.raised;
    board->reset = saved.reset;
    for (guint i = 0; i < board->devices->len; i++) {
        struct device *device = g_ptr_array_index(board->devices, i);

        memcpy(&device->alarm, at, sizeof(device->alarm));
        at += sizeof(device->alarm);
        memcpy(device + 1, at, model_size(device));
        at += model_size(device);
    }
    find_alarm(board);
}

/* FNV-1a over the words. */
static uint64_t hash_bytes(uint64_t hash, const void *bytes, size_t size)
{
    for (size_t at = 0; at < size; at += sizeof(uint64_t)) {
        uint64_t word = 0;

        memcpy(&word, (const uint8_t *)bytes + at, MIN(size - at, sizeof(word)));
        hash = (hash ^ word) * 0x100000001b3ull;
        hash ^= hash >> 32;
    }
    return hash;
}

uint64_t board_hash(const struct rescind_board *board)
{
    uint64_t hash = hash_bytes(0xcbf29ce484222325ull, &board->now, sizeof(board->now));

    hash ^= board->raised;
    for (guint i = 0; i < board->devices->len; i++) {
        const struct device *device = g_ptr_array_index(board->devices, i);

        hash = hash_bytes(hash, &device->alarm, sizeof(device->alarm));
        hash = hash_bytes(hash, device + 1, model_size(device));
    }
    return hash;
}

/* ---- Processors ---------------------------------------------------------------------------- */

void rescind_board_processor(struct rescind_board *board, uint32_t processor)
{
    g_assert(processor < board->options.processors);
    board->current = processor;
}

uint32_t board_current(const struct rescind_board *board)
{
    return board->current;
}

int rescind_board_interrupt(struct rescind_board *board)
{
    return board->lapic != NULL ? board->lapic->class->take(board->lapic) : -1;
}

bool rescind_board_started(const struct rescind_board *board, uint32_t processor, uint32_t *page)
{
    return board->lapic != NULL && processor < board->options.processors &&
           board->lapic->class->started(board->lapic, processor, page);
}

uint64_t board_read_msr(struct rescind_board *board, uint32_t msr)
{
    pass_access(board);
    return board->lapic != NULL ? board->lapic->class->read_msr(board->lapic, msr) : 0;
}

void board_write_msr(struct rescind_board *board, uint32_t msr, uint64_t value)
{
    pass_access(board);
    if (board->lapic != NULL) {
        board->lapic->class->write_msr(board->lapic, msr, value);
    }
}

/* ---- Serial ports, firmware ---------------------------------------------------------------- */

static struct device *serial_at(const struct rescind_board *board, uint16_t port)
{
    const struct window *window = port_window(board, port);

    return window != NULL && window->device->class->serial_in != NULL ? window->device : NULL;
}

size_t rescind_board_serial_in(struct rescind_board *board, uint16_t port, const void *bytes,
                               size_t size)
{
    struct device *device = serial_at(board, port);

    return device != NULL ? device->class->serial_in(device, bytes, size) : 0;
}

size_t rescind_board_serial_out(struct rescind_board *board, uint16_t port, void *bytes,
                                size_t size)
{
    struct device *device = serial_at(board, port);

    return device != NULL ? device->class->serial_out(device, bytes, size) : 0;
}

bool board_serial_holds(const struct rescind_board *board, uint16_t port)
{
    const struct device *device = serial_at(board, port);

    return device != NULL && device->class->serial_holds(device);
}

void *rescind_board_firmware(struct rescind_board *board, uint64_t address, size_t size)
{
    for (guint i = 0; i < board->firmware->len; i++) {
        const struct firmware *entry = &g_array_index(board->firmware, struct firmware, i);

        if (address >= entry->address && size <= entry->bytes->len &&
            address - entry->address <= entry->bytes->len - size) {
            return entry->bytes->data + (address - entry->address);
        }
    }
    return NULL;
}

bool rescind_board_set_firmware(struct rescind_board *board, uint64_t address, const void *bytes,
                                size_t size)
{
    /* of just this size: a read behind its end is one outside memory */
    struct firmware entry = {address, g_byte_array_new_take(g_memdup2(bytes, size), size)};

    g_array_prepend_val(board->firmware, entry);
    return true;
}

uint64_t rescind_board_rsdp(const struct rescind_board *board)
{
    return board->faults[RESCIND_FAULT_NO_RSDP] ? 0 : board->rsdp;
}

/* ---- Faults and registers ------------------------------------------------------------------ */

static const struct {
    const char *word, *text;
} faults[] = {
#define FAULT_ROW(name, word, what) {word, what},
    RESCIND_BOARD_FAULTS(FAULT_ROW)
#undef FAULT_ROW
};

void rescind_board_fault(struct rescind_board *board, enum rescind_board_fault fault,
                         uint64_t argument)
{
    g_assert(fault < RESCIND_FAULTS);
    board->faults[fault] = true;
    board->arguments[fault] = argument;
    if (fault == RESCIND_FAULT_SPURIOUS) {
        board_line(board, (uint32_t)argument, true);
        board_line(board, (uint32_t)argument, false);
    }
    for (guint i = 0; i < board->devices->len; i++) {
        struct device *device = g_ptr_array_index(board->devices, i);

        if (device->class->spoil != NULL) {
            device->class->spoil(device, fault, argument);
        }
    }
}

bool board_has_fault(const struct rescind_board *board, enum rescind_board_fault fault,
                     uint64_t *argument)
{
    if (board->faults[fault] && argument != NULL) {
        *argument = board->arguments[fault];
    }
    return board->faults[fault];
}

enum rescind_board_fault rescind_board_fault_named(const char *word)
{
    for (unsigned i = 0; i < RESCIND_FAULTS; i++) {
        if (strcmp(faults[i].word, word) == 0) {
            return (enum rescind_board_fault)i;
        }
    }
    return RESCIND_FAULTS;
}

const char *rescind_board_fault_word(enum rescind_board_fault fault)
{
    return faults[fault].word;
}

const char *rescind_board_fault_text(enum rescind_board_fault fault)
{
    return faults[fault].text;
}

/* Whether a device before `index` is of the same class: registers are named once a class. */
static bool seen_before(const struct rescind_board *board, guint index)
{
    const struct device *device = g_ptr_array_index(board->devices, index);

    for (guint i = 0; i < index; i++) {
        if (((struct device *)g_ptr_array_index(board->devices, i))->class == device->class) {
            return true;
        }
    }
    return false;
}

const char *rescind_board_register(const struct rescind_board *board, uint32_t number)
{
    for (guint i = 0; i < board->devices->len; i++) {
        const struct device *device = g_ptr_array_index(board->devices, i);
        const char *const *names = device->class->registers;

        for (unsigned j = 0; names[j] != NULL && !seen_before(board, i); j++) {
            if (number-- == 0) {
                return names[j];
            }
        }
    }
    return NULL;
}

bool rescind_board_take_out(struct rescind_board *board, const char *name)
{
    bool found = name == NULL;

    for (guint i = 0; i < board->devices->len; i++) {
        struct device *device = g_ptr_array_index(board->devices, i);

        device->without = -1;
        for (int j = 0; name != NULL && device->class->registers[j] != NULL; j++) {
            if (strcmp(device->class->registers[j], name) == 0) {
                device->without = j;
                found = true;
            }
        }
    }
    return found;
}

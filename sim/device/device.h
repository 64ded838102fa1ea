/* What a model of a device is to the board, and the board to a device. For sim/device/ alone.
 *
 * A model is a struct that begins with struct device and holds no pointer but that one's, so that a
 * board can be copied. It finds out the time when it is asked (board_now()), and names the next
 * moment at which something happens that nobody asks for, an interrupt or a byte that goes out, by
 * its alarm.
 */
#ifndef RESCIND_SIM_DEVICE_H
#define RESCIND_SIM_DEVICE_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rescind/board.h"

struct device;

/* An interrupt message. `mode`: delivery mode, as in the I/O APIC's redirection register. */
struct device_message {
    uint32_t destination; /* an APIC's number, or a set of them: `logical` */
    bool logical, level;
    uint8_t mode, vector;
};

struct device_class {
    const char *name;
    const char *const *registers; /* what can be taken out: by number; ends in NULL */
    size_t size;                  /* of the model's struct */
    unsigned widest;              /* bytes: the bus splits wider accesses to its ports; 0: 1 */
    /* Everything as firmware leaves it. */
    void (*reset)(struct device *device);
    /* `bytes`: 1, 2, 4 or 8; `offset` as in the window that was hit. */
    uint64_t (*read)(struct device *device, uint32_t offset, unsigned bytes);
    void (*write)(struct device *device, uint32_t offset, unsigned bytes, uint64_t value);
    /* The alarm is due; it has been cleared. */
    void (*alarm)(struct device *device);
    /* The rest: only of who has it. A controller's interrupt input has changed. */
    void (*input)(struct device *device, uint32_t input, bool level);
    /* The 8259s: an INTA cycle; the vector. */
    uint8_t (*acknowledge)(struct device *device);
    /* The local APICs, all in one model: a message arrives; the current processor takes an
     * interrupt (-1: none); whether a processor has been started, and where; its registers. */
    void (*message)(struct device *device, const struct device_message *message);
    int (*take)(struct device *device);
    bool (*started)(const struct device *device, uint32_t processor, uint32_t *page);
    uint64_t (*read_msr)(struct device *device, uint32_t msr);
    void (*write_msr)(struct device *device, uint32_t msr, uint64_t value);
    /* The board has this fault from now on: for what is done once, and not asked for. */
    void (*spoil)(struct device *device, enum rescind_board_fault fault, uint64_t argument);
    /* The I/O APIC: a level-triggered vector's end. */
    void (*ended)(struct device *device, uint8_t vector);
    /* A serial port: bytes from outside, and to there. */
    size_t (*serial_in)(struct device *device, const uint8_t *bytes, size_t size);
    size_t (*serial_out)(struct device *device, uint8_t *bytes, size_t size);
    /* Is a byte on its way in, or here and not taken yet? */
    bool (*serial_holds)(const struct device *device);
};

#define DEVICE_NO_ALARM UINT64_MAX

struct device {
    const struct device_class *class;
    struct rescind_board *board;
    uint64_t alarm; /* nanoseconds, or DEVICE_NO_ALARM */
    int without;    /* the register that is taken out, or -1 */
};

/* Whether a register means something: a model asks wherever it reads it out or takes what is
 * written to it. */
static inline bool device_has(const struct device *device, unsigned reg)
{
    return device->without != (int)reg;
}

/* ---- The board, to a device --------------------------------------------------------------------
 */

uint64_t board_now(const struct rescind_board *board); /* nanoseconds */
const struct rescind_board_options *board_options(const struct rescind_board *board);
/* Has the board this fault? *argument (may be NULL) is its argument. */
bool board_has_fault(const struct rescind_board *board, enum rescind_board_fault fault,
                     uint64_t *argument);

void board_set_alarm(struct device *device, uint64_t time);

/* Interrupt line `line` (ISA's 0 .. 15, PCI's 16 .. 23) has this level now: goes to the 8259s (0 ..
 * 15) and to the I/O APIC (ISA's 0 to input 2, all others to the input of their number). */
void board_line(struct rescind_board *board, uint32_t line, bool level);
/* The same from the HPET, which can take the place of the PIT and the clock: their lines 0 and 8 go
 * nowhere then. */
void board_hpet_line(struct rescind_board *board, uint32_t line, bool level);
void board_replace_legacy(struct rescind_board *board, bool replaced);
/* A device writes to memory: an interrupt message. */
void board_write_message(struct rescind_board *board, uint64_t address, uint32_t data);
/* The 8259s' output, which is the first processor's LINT0: input 0 of the local APICs' model. */
void board_intr(struct rescind_board *board, bool level);
/* The vector that the 8259s have (an INTA cycle: to the LAPIC's model). */
uint8_t board_acknowledge(struct rescind_board *board);
/* An interrupt message for the local APICs. */
void board_message(struct rescind_board *board, const struct device_message *message);
/* The local APIC at whose processor vector `vector`, level triggered, ended. */
void board_end_of_interrupt(struct rescind_board *board, uint8_t vector);
void board_pulse_reset(struct rescind_board *board);
uint32_t board_current(const struct rescind_board *board); /* the current processor */

/* ---- A board, to who has it --------------------------------------------------------------------
 */

/* Is this interrupt line high now? */
bool board_is_raised(const struct rescind_board *board, uint32_t line);
/* Has the serial port at `port` a byte that its driver has not taken yet? */
bool board_serial_holds(const struct rescind_board *board, uint16_t port);
/* All that matters to the future, but for what is set up once (devices, firmware, faults, taken out
 * registers): so many bytes; written there; put back, into this board or into one made in the same
 * way; and a number that is equal for equal states. */
size_t board_state_size(const struct rescind_board *board);
void board_save(const struct rescind_board *board, void *bytes);
void board_restore(struct rescind_board *board, const void *bytes);
uint64_t board_hash(const struct rescind_board *board);

/* ---- Making a board (sim/device/pc.c)
 * ------------------------------------------------------------ */

/* Adds a model, zeroed but for its struct device; the board owns it. */
struct device *board_add(struct rescind_board *board, const struct device_class *class);
/* From now on ports first .. first + count - 1 are the device's, at offsets from `offset` on; and
 * memory, `size` bytes. */
void board_map_ports(struct device *device, uint16_t first, uint32_t count, uint32_t offset);
void board_map_memory(struct device *device, uint64_t address, uint64_t size, uint32_t offset);
/* Firmware's memory: bytes that the board owns from now on. */
void board_add_firmware(struct rescind_board *board, uint64_t address, GByteArray *bytes);
void board_set_rsdp(struct rescind_board *board, uint64_t address);
/* A board without any device; as rescind_board_new(). */
struct rescind_board *board_new_bare(const struct rescind_board_options *options);
/* Adds a serial port at `port`, with interrupt line `line`. */
void board_add_serial(struct rescind_board *board, uint16_t port, uint32_t line);
/* Adds all devices of the machine of the options, then resets them. */
void board_populate(struct rescind_board *board);

#endif

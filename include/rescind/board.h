/* A PC's main board as models: its devices behind ports and memory-mapped registers, a virtual
 * clock, and faults to inject. Drivers run on it unchanged: those of rescind/drivers.h, and your
 * own that reach hardware through rescind/platform.h.
 *
 *     struct rescind_board *board = rescind_board_new(&(struct rescind_board_options){0});
 *
 *     rescind_board_use(board);
 *     rescind_board_fault(board, RESCIND_FAULT_UART_BUSY, RESCIND_COM1);
 *     assert(rescind_uart_write(RESCIND_COM1, "x", 1) == 0);
 *     rescind_board_free(board);
 *
 * A board is used by one thread at a time, and a thread uses one board at a time. The same accesses
 * give the same answers, every time: time passes with accesses and where it is told to, and
 * nowhere else. After rescind_board_new() devices are as QEMU 7.2's firmware (SeaBIOS 1.16) leaves
 * them. Where QEMU and a part's data sheet differ, the transcripts in tests/devices/ say which the
 * model follows. Where nothing is, ports read as ones, as on a bus, but memory and accesses to
 * ports that are not aligned read as zeros, as in QEMU: drivers had better rely on neither.
 */
#ifndef RESCIND_BOARD_H
#define RESCIND_BOARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#pragma GCC visibility push(default)

struct rescind_board;

enum rescind_board_machine {
    RESCIND_BOARD_Q35, /* Intel Q35 and ICH9, as QEMU's q35 */
    RESCIND_BOARD_PC,  /* Intel 440FX and PIIX3, as QEMU's pc */
};

/* All zeros is a good choice. */
struct rescind_board_options {
    enum rescind_board_machine machine;
    uint32_t processors; /* 1 .. 64; 0: 1 */
    bool no_hpet;
    bool bridge;     /* a PCI bridge, and a device behind it: QEMU's pci-bridge and pci-testdev */
    bool xsdt;       /* tables of ACPI 2, with an XSDT; QEMU's SeaBIOS has those of ACPI 1 */
    uint32_t access; /* nanoseconds an access takes; 0: 100 */
    uint32_t serial_ports; /* 1 .. 4; 0: 2 */
};

/* A board, or NULL where the options make no sense. The caller frees it. */
struct rescind_board *rescind_board_new(const struct rescind_board_options *options);
void rescind_board_free(struct rescind_board *board);

/* From now on what this thread does through rescind/platform.h reaches this board. NULL: none. (One
 * that is freed is no longer used.) */
void rescind_board_use(struct rescind_board *board);
/* And as this one of its processors (at first 0): whose local APIC and registers are reached. */
void rescind_board_processor(struct rescind_board *board, uint32_t processor);

/* ---- Time ------------------------------------------------------------------------------------ */

/* Nanoseconds since the board was made; and so many more pass. */
uint64_t rescind_board_time(const struct rescind_board *board);
void rescind_board_advance(struct rescind_board *board, uint64_t nanoseconds);

/* ---- Interrupts and processors ----------------------------------------------------------------
 */

/* The current processor takes an interrupt, as if its interrupts were on: the vector, acknowledged
 * in whatever controller it comes from; -1: there is none. */
int rescind_board_interrupt(struct rescind_board *board);
/* Raises (lowers) an interrupt line by hand: ISA's 0 .. 15, PCI's 16 .. 23. */
void rescind_board_line(struct rescind_board *board, uint32_t line, bool level);
/* Whether a processor has been started; *page is where. The first runs from the beginning. */
bool rescind_board_started(const struct rescind_board *board, uint32_t processor, uint32_t *page);
/* Whether the i8042 (or port 0x92, or 0xcf9) has pulsed the reset line since it was last asked. */
bool rescind_board_reset_pulsed(struct rescind_board *board);

/* ---- Serial ports ------------------------------------------------------------------------------
 */

/* Bytes arrive at the serial port at `port` (RESCIND_COM1, ...), one after the other at the line's
 * pace. How many found room to wait in. */
size_t rescind_board_serial_in(struct rescind_board *board, uint16_t port, const void *bytes,
                               size_t size);
/* What it has sent since it was last asked: copies and forgets `size` bytes at most; how many. */
size_t rescind_board_serial_out(struct rescind_board *board, uint16_t port, void *bytes,
                                size_t size);

/* ---- Firmware's tables -------------------------------------------------------------------------
 */

/* Bytes that the firmware has left in memory, to be looked at and spoilt: NULL: there are none. */
void *rescind_board_firmware(struct rescind_board *board, uint64_t address, size_t size);
/* The firmware's memory from `address` on is a copy of these bytes, in place of what else it had
 * there. */
bool rescind_board_set_firmware(struct rescind_board *board, uint64_t address, const void *bytes,
                                size_t size);
uint64_t rescind_board_rsdp(const struct rescind_board *board);

/* ---- Faults
 * --------------------------------------------------------------------------------------
 *
 * X(NAME, word, what it does with its argument). */
#define RESCIND_BOARD_FAULTS(X)                                                                    \
    X(UART_ABSENT, "uart-absent", "there is no serial port at this address")                       \
    X(UART_BUSY, "uart-busy", "the serial port at this address never gets empty")                  \
    X(SPURIOUS, "spurious", "this interrupt line is raised and lowered again before it is served") \
    X(LOST, "lost", "interrupts of this line never come")                                          \
    X(PIT_STILL, "pit-still", "the PIT does not count")                                            \
    X(DRIFT, "drift", "the PIT is slow by so many percent, each measurement by as many more")      \
    X(NO_HPET, "no-hpet", "where the table says that the HPET is, there is nothing")               \
    X(HPET_STILL, "hpet-still", "the HPET's counter stands still")                                 \
    X(HPET_PERIOD, "hpet-period", "the HPET gives this as its period, in femtoseconds")            \
    X(NO_IOAPIC, "no-ioapic", "where the table says that the I/O APIC is, there is nothing")       \
    X(NO_LAPIC, "no-lapic", "where the processor says that the local APIC is, there is nothing")   \
    X(LAPIC_BUSY, "lapic-busy", "the local APIC never sends an interrupt command")                 \
    X(NO_START, "no-start", "the processor of this number does not start")                         \
    X(RTC_BUSY, "rtc-busy", "the clock is always being updated")                                   \
    X(RTC_RUBBISH, "rtc-rubbish", "the clock's bytes are all this one")                            \
    X(I8042_BUSY, "i8042-busy", "the keyboard controller never takes a command")                   \
    X(NO_RSDP, "no-rsdp", "there is no RSDP, nor does the loader name one")                        \
    X(ACPI_CHECKSUM, "acpi-checksum",                                                              \
      "this table (0: RSDP, 1: RSDT or XSDT, then what that names) has a wrong checksum")          \
    X(ACPI_LENGTH, "acpi-length", "this table says it has a length of 8 bytes")                    \
    X(ACPI_HUGE, "acpi-huge", "this table says it has a length of 4 GiB - 1")                      \
    X(ACPI_ENTRY, "acpi-entry", "the MADT's entries are 0 bytes long")                             \
    X(PCI_ABSENT, "pci-absent", "there is no PCI configuration mechanism 1")                       \
    X(PCI_BARS, "pci-bars", "the PCI functions' BARs keep every bit that is written")              \
    X(PCI_LOOP, "pci-loop",                                                                        \
      "the ISA bridge says that it leads to bus 0, and so does each other bridge")

enum rescind_board_fault {
#define RESCIND_BOARD_FAULT_NAME(name, word, what) RESCIND_FAULT_##name,
    RESCIND_BOARD_FAULTS(RESCIND_BOARD_FAULT_NAME)
#undef RESCIND_BOARD_FAULT_NAME
        RESCIND_FAULTS
};

/* From now on the board has this fault. Several at once are fine. */
void rescind_board_fault(struct rescind_board *board, enum rescind_board_fault fault,
                         uint64_t argument);
/* The fault of this word, or RESCIND_FAULTS; and a fault's word and sentence. */
enum rescind_board_fault rescind_board_fault_named(const char *word);
const char *rescind_board_fault_word(enum rescind_board_fault fault);
const char *rescind_board_fault_text(enum rescind_board_fault fault);

/* A fault of your own: asked about every read once the device has answered; may change *value.
 * `bits`: the access's width. NULL: nobody is asked. */
typedef void rescind_board_answer(void *context, bool port, uint64_t address, unsigned bits,
                                  uint64_t *value);
void rescind_board_answers(struct rescind_board *board, rescind_board_answer *answer,
                           void *context);

/* ---- Registers ----------------------------------------------------------------------------------
 *
 * What a device's register means can be taken out: it then reads as zeros, and what is written to
 * it is lost. A test of a driver, or a transcript, that does not notice does not test it. */

/* The names, "uart.scratch", ..., by number; NULL: there are no more. */
const char *rescind_board_register(const struct rescind_board *board, uint32_t number);
/* False: there is none of this name. NULL: everything works again. */
bool rescind_board_take_out(struct rescind_board *board, const char *name);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif

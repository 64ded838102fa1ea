/* The drivers of a PC's own devices: what boots the image, and as well on the models of
 * rescind/board.h or under your own test. They reach hardware through rescind/platform.h alone,
 * keep no state but what the caller holds, allocate nothing, and no wait is unbounded: each bound
 * is stated. Not for several threads or processors at once, but for rescind_lapic_*(), which reach
 * the processor's own.
 *
 * Sources: the parts' data sheets (named at each), Intel's Software Developer's Manual, volume 3,
 * the ACPI specification 6.4, the PCI Local Bus specification 3.0.
 */
#ifndef RESCIND_DRIVERS_H
#define RESCIND_DRIVERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#pragma GCC visibility push(default)

/* What is wrong with a device: for one line, "DEVICE: WHAT: 0xVALUE". */
struct rescind_trouble {
    const char *device; /* "HPET", ... */
    const char *what;   /* what it did or said: "its period makes no sense" */
    uint64_t value;     /* the number that it said */
};

/* ---- 16550A UART (National Semiconductor PC16550D) ------------------------------------------ */

enum { RESCIND_COM1 = 0x3f8, RESCIND_COM2 = 0x2f8, RESCIND_COM3 = 0x3e8, RESCIND_COM4 = 0x2e8 };
/* So many looks at the line status are taken before a port is given up for a byte. */
enum { RESCIND_UART_PATIENCE = 100000 };

/* Whether there is a 16550A with working FIFOs: its scratch register keeps what is written, and its
 * interrupt identification says so. Leaves the FIFOs on and empty. */
bool rescind_uart_present(uint16_t port);

/* 115200 baud, 8 data bits, no parity, FIFOs on and empty, DTR and RTS, no interrupts. */
void rescind_uart_init(uint16_t port);

/* Sends the bytes; how many were taken, in order. */
size_t rescind_uart_write(uint16_t port, const char *bytes, size_t size);

/* Takes what has arrived, `size` bytes at most; how many. *lost (may be NULL) is set when bytes
 * have been lost before the last of them (overrun), never cleared. */
size_t rescind_uart_read(uint16_t port, char *bytes, size_t size, bool *lost);

/* Which interrupts the port raises. Also sets or clears OUT2, which gates them on a PC. */
void rescind_uart_interrupts(uint16_t port, bool received, bool empty);

/* ---- 8259A interrupt controllers (Intel 231468) -----------------------------------------------
 */

/* Both, all lines masked: line i comes as `vector` + i, a spurious one as `vector` + 7 or 15. */
void rescind_pic_init(uint8_t vector);
void rescind_pic_mask(uint8_t line, bool masked);
/* Whether an interrupt of line 7 or 15 that has come is no line's. (The master is told of the end
 * of a spurious 15 here.) */
bool rescind_pic_spurious(uint8_t line);
void rescind_pic_end(uint8_t line);

/* ---- 8254 interval timer (Intel 231164) -------------------------------------------------------
 */

enum { RESCIND_PIT_HZ = 1193182 };
/* Starts `channel` (0 .. 2) in `mode` (0 .. 5) with `count`; 0 is 65536. */
void rescind_pit_start(uint8_t channel, uint8_t mode, uint16_t count);
/* The count, latched. */
uint16_t rescind_pit_read(uint8_t channel);
/* Channel 2 counts `count` down once, silently, and this starts it, calls `started`, waits for its
 * end, and gives back whether that came within `looks` looks. */
bool rescind_pit_wait(uint16_t count, uint32_t looks, void (*started)(void *), void *context);

/* ---- MC146818 real-time clock and CMOS memory (Motorola ADI-856) -------------------------------
 */

struct rescind_date {
    uint16_t year; /* whole */
    uint8_t month, day, hour, minute, second;
};
uint8_t rescind_cmos_read(uint8_t index); /* 0 .. 127 */
void rescind_cmos_write(uint8_t index, uint8_t value);
/* The date, read twice alike outside an update, out of BCD or binary, 12 hours or 24. `century`:
 * the index of that byte (FADT), 0: none, and then 20xx. Bounded by RESCIND_RTC_PATIENCE looks. */
enum { RESCIND_RTC_PATIENCE = 100000 };
bool rescind_rtc_read(uint8_t century, struct rescind_date *out, struct rescind_trouble *trouble);

/* ---- i8042 (Intel 8042, IBM PC AT Technical Reference) -----------------------------------------
 */

enum { RESCIND_I8042_PATIENCE = 100000 };
/* Pulses the processor's reset line. Returns only if that did not help: false where the controller
 * took no command. */
bool rescind_i8042_reset(void);

/* ---- ACPI tables -------------------------------------------------------------------------------
 */

enum { RESCIND_ACPI_PROCESSORS = 64, RESCIND_ACPI_IOAPICS = 8, RESCIND_ACPI_OVERRIDES = 16 };
enum { RESCIND_ACPI_TABLES = 64 };

struct rescind_acpi_override { /* ISA interrupt `line` is global interrupt `gsi` */
    uint8_t line;
    bool low, level; /* active low; level triggered */
    uint32_t gsi;
};
struct rescind_acpi {
    uint8_t revision;                             /* of the RSDP: 0 for ACPI 1 */
    uint32_t table_count;                         /* of tables that the RSDT or XSDT names */
    char tables[RESCIND_ACPI_TABLES][5];          /* their signatures, in order */
    uint32_t processor_count;                     /* enabled ones */
    uint32_t processors[RESCIND_ACPI_PROCESSORS]; /* local APIC numbers, in the MADT's order */
    uint64_t lapic;                               /* address; 0: there is no MADT */
    bool has_pics; /* there are 8259s, too; taken to be so where there is no MADT */
    uint32_t ioapic_count;
    struct {
        uint8_t id;
        uint64_t address;
        uint32_t base; /* its first global interrupt */
    } ioapics[RESCIND_ACPI_IOAPICS];
    uint32_t override_count;
    struct rescind_acpi_override overrides[RESCIND_ACPI_OVERRIDES];
    uint64_t hpet;       /* address; 0: there is no HPET table */
    bool has_i8042;      /* as far as the FADT knows: ACPI 1 is taken to mean yes */
    uint8_t century;     /* CMOS index, or 0 */
    uint16_t pm_timer;   /* port, or 0 */
    uint16_t reset_port; /* FADT's reset register where it is a port, or 0 */
    uint8_t reset_value;
};
/* Where the RSDP is when the loader has not told: the EBDA's first KiB and 0xe0000 .. 0xfffff (ACPI
 * 5.2.5.1). 0: nowhere. */
uint64_t rescind_acpi_find(void);
/* Reads the tables that the RSDP at `rsdp` leads to: every length and checksum is looked at before
 * what they vouch for. A table that is broken is an error unless nothing here needs it (then it is
 * just not in `tables`); of two of a kind the first counts, and of processors, I/O APICs and
 * overrides the first so many. Bounded by the tables' lengths, which are bounded by 1 MiB each, and
 * RESCIND_ACPI_TABLES tables. False: *trouble names the table; `out` has what was read before. */
bool rescind_acpi_read(uint64_t rsdp, struct rescind_acpi *out, struct rescind_trouble *trouble);

/* ---- Local APIC (Intel's manual, volume 3, "APIC") ----------------------------------------------
 */

enum { RESCIND_LAPIC_PATIENCE = 100000 };

/* Enables the processor's APIC at 0xfee00000, wherever firmware has left it, with everything masked
 * but spurious interrupts, which come as `spurious`. False: there is none. */
bool rescind_lapic_init(uint8_t spurious, struct rescind_trouble *trouble);
uint32_t rescind_lapic_id(void);
uint32_t rescind_lapic_version(void); /* its register, whole */
/* The timer counts with the bus clock divided by 16. Periodic, as `vector`. */
void rescind_lapic_timer(uint8_t vector, uint32_t ticks);
/* Starts it anew, to come every `ticks`; 0: it stands still. */
void rescind_lapic_set_timer(uint32_t ticks);
/* Has it count down from its highest number, masked. */
void rescind_lapic_count_down(void);
uint32_t rescind_lapic_count(void);
void rescind_lapic_end(void); /* of the interrupt being served */
/* Interrupt `vector` for the processor whose APIC has number `apic`. A command that the APIC has
 * not sent yet is waited for, PATIENCE looks. False: it was never sent. */
bool rescind_lapic_send(uint32_t apic, uint8_t vector);
/* Bring a processor to where it waits for its start, and start it at `page`, below 1 MiB
 * (INIT, 10 ms, and the start twice). */
bool rescind_lapic_send_init(uint32_t apic);
bool rescind_lapic_send_start(uint32_t apic, uint32_t page);

/* ---- I/O APIC (Intel 82093AA) -------------------------------------------------------------------
 */

struct rescind_ioapic {
    uint64_t address;
    uint32_t base, inputs; /* global interrupts base .. base + inputs - 1 */
    uint32_t id, version;
};
/* Masks all its inputs. */
bool rescind_ioapic_init(struct rescind_ioapic *ioapic, uint64_t address, uint32_t base,
                         struct rescind_trouble *trouble);
/* Global interrupt `gsi` comes as `vector` to APIC `apic`, masked for now. False: not one of its
 * inputs. */
bool rescind_ioapic_route(const struct rescind_ioapic *ioapic, uint32_t gsi, uint8_t vector,
                          uint32_t apic, bool low, bool level);
bool rescind_ioapic_mask(const struct rescind_ioapic *ioapic, uint32_t gsi, bool masked);

/* ---- HPET (Intel, IA-PC HPET specification 1.0a) ------------------------------------------------
 */

struct rescind_hpet {
    uint64_t address;
    uint32_t period; /* femtoseconds a tick */
    uint32_t timers;
    bool wide; /* 64 bits */
};
/* Starts the counter, timers off and legacy routing off. False: what it says makes no sense (a
 * period of 0 or above 100 ns, a counter that stands still). */
bool rescind_hpet_init(struct rescind_hpet *hpet, uint64_t address,
                       struct rescind_trouble *trouble);
/* The counter, its lower 32 bits where it has no more: wraps around. */
uint64_t rescind_hpet_count(const struct rescind_hpet *hpet);

/* ---- Time: the processor's and the APIC timer's clocks measured ---------------------------------
 */

struct rescind_clock {
    uint64_t tsc_khz;
    uint32_t lapic_khz; /* of the APIC timer's ticks: divided by 16 */
    const char *source; /* "HPET" or "PIT" */
};
/* Measures both for a millisecond by the PIT and, where there is one, the HPET (may be NULL), which
 * is believed when the two agree within 1 in 16. Else again, RESCIND_CLOCK_TRIES times at most:
 * - they disagree every time: the PIT is believed, whose frequency all have, if its measurements
 *   agree with one another within 1 in 16, else the HPET if its own do;
 * - there is no HPET: the PIT is believed when a measurement agrees with the one before;
 * - the PIT does not count so far (in RESCIND_CLOCK_PATIENCE looks): so is the HPET.
 * A processor's clock outside 100 MHz to 16 GHz is not believed, nor an APIC timer of which a tick
 * takes more than 10 us or less than 1 ns. Takes the PIT's channel 2 and the APIC's timer, which
 * stands still afterwards. False: nobody is believed; *trouble says why. */
enum { RESCIND_CLOCK_TRIES = 5, RESCIND_CLOCK_PATIENCE = 200000 };
bool rescind_clock_measure(struct rescind_clock *clock, const struct rescind_hpet *hpet,
                           struct rescind_trouble *trouble);
/* Waits, looking at the time stamp counter; bounded by a count of looks as well. */
void rescind_clock_wait(const struct rescind_clock *clock, uint32_t microseconds);

/* ---- Processor start
 * ------------------------------------------------------------------------------ */

/* Starts the processors apics[0 .. count), which run from `page` (below 1 MiB) on: INIT to each, 10
 * ms, and start twice, 200 us apart, for those of which `is_up(context, i)` does not say that they
 * are up; then waits till all are, `milliseconds` at most. How many are. */
uint32_t rescind_processors_start(const struct rescind_clock *clock, const uint32_t *apics,
                                  uint32_t count, uint32_t page, uint32_t milliseconds,
                                  bool (*is_up)(void *context, uint32_t i), void *context);

/* ---- PCI configuration, mechanism 1 (PCI Local Bus 3.0, 3.2.2.3)
 * ----------------------------------- */

struct rescind_pci_bar {
    uint64_t address, size; /* size 0: there is none */
    bool port;              /* in ports, else memory */
    bool wide;              /* 64 bits: the next one is its upper half */
    bool prefetch;
};
struct rescind_pci_device {
    uint8_t bus, device, function;
    uint16_t vendor, id;
    uint32_t class_code; /* class, subclass, interface: 24 bits */
    uint8_t revision, header, pin, line;
    uint8_t secondary; /* of a bridge: the bus behind it */
    struct rescind_pci_bar bars[6];
};
uint32_t rescind_pci_read(uint8_t bus, uint8_t device, uint8_t function, uint8_t reg);
void rescind_pci_write(uint8_t bus, uint8_t device, uint8_t function, uint8_t reg, uint32_t value);
/* Whether there is a bus 0 by mechanism 1. */
bool rescind_pci_present(void);
/* All functions of all busses, bridges followed (each bus once, whatever they say): calls `found`
 * (may be NULL) for each, in order of discovery, with its BARs sized (decoding is off meanwhile,
 * but for host bridges, and everything is put back). Bounded by 256 busses. The number of
 * functions. `complain` (may be NULL) gets trouble for each function with a BAR that makes no sense
 * (such BARs have size 0), and for each bridge that leads to a bus which is known already; its
 * value is the register's address as it goes to port 0xcf8, and below that, 32 bits, what the
 * register said. */
uint32_t rescind_pci_scan(void (*found)(void *context, const struct rescind_pci_device *device),
                          void (*complain)(void *context, const struct rescind_trouble *trouble),
                          void *context);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif

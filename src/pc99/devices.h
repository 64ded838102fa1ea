/* Bringing up a PC's devices by their drivers (rescind/drivers.h), on the machine and, from the
 * same source, on the host's models: what the boot log says there is what it says here.
 *
 * A device that misbehaves is worked around, or boot stops, with one line on the console either way
 * that names the device and what it said; nothing is waited for without a bound:
 *
 *     serial port     the console goes elsewhere, or nowhere
 *     ACPI            one processor, no I/O APIC, no HPET, i8042 taken to be there
 *     local APIC      stops
 *     I/O APIC, HPET  as if the tables had not named it
 *     clock           taken to be QEMU's, 1 GHz
 *     date, PCI       gone without
 *     processor       stops, if the start-up module has a kernel for it (devices_start()); one
 * whose local APIC has a number above 254 is gone without
 *
 * For start.c, and for the host's `rescind devices`. One thread at a time: the console is one.
 */
#ifndef PC99_DEVICES_H
#define PC99_DEVICES_H

#include <stdbool.h>
#include <stdint.h>

#include "rescind/drivers.h"

struct devices {
    bool log; /* say what there is, a line each */
    struct rescind_acpi acpi;
    uint32_t processor_count;                     /* 1 and more */
    uint32_t processors[RESCIND_ACPI_PROCESSORS]; /* local APICs' numbers; first, the one that runs
                                                     this */
    uint32_t ioapic_count;
    struct rescind_ioapic ioapics[RESCIND_ACPI_IOAPICS];
    bool has_hpet;
    struct rescind_hpet hpet;
    struct rescind_clock clock;
    uint32_t functions; /* of PCI */
};

/* Where interrupts that nobody wants are sent. */
struct devices_vectors {
    uint8_t pic;      /* .. + 15, only spurious ones come */
    uint8_t spurious; /* the local APIC's */
};

/* So many of PCI's functions get lines in the log, and so many of their troubles on the console:
 * the rest is counted, for a bus that answers rubbish has 65536 of both. */
enum { DEVICES_FUNCTIONS_TOLD = 128, DEVICES_TROUBLES_TOLD = 8 };

/* Finds and sets up what the board has. `rsdp`: where the loader says that the RSDP is, or 0.
 * False: boot can't go on; why is on the console. */
bool devices_bring_up(uint64_t rsdp, bool log, const struct devices_vectors *vectors,
                      struct devices *out);

/* Starts processors 1 .. count - 1 of `devices->processors` at `page`, below 1 MiB; is_up(context,
 * i) tells of processor i. False: one is missing; the console has it. */
enum { DEVICES_PATIENCE = 5000 }; /* milliseconds */
bool devices_start(const struct devices *devices, uint32_t count, uint32_t page,
                   bool (*is_up)(void *context, uint32_t i), void *context);

#endif

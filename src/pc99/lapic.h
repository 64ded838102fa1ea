/* The local APIC of the processor that runs this: its timer, which ends the turn of a VPE that does
 * not give the processor away, and interrupts for other processors.
 *
 * The timer's count is set without calibration: the bus clock divided by 16 and by 62 500 is one
 * millisecond on QEMU (1 GHz) and a few on real machines; preemption needs no more precision.
 * It is memory, not ports, so it is reached through the direct map. No wait is unbounded.
 */
#ifndef PC99_LAPIC_H
#define PC99_LAPIC_H

#include <stdbool.h>
#include <stdint.h>

enum { LAPIC_MILLISECOND = 62500 }; /* of the timer's ticks */

/* Enables the APIC with everything masked but its periodic timer, on VECTOR_TIMER, every
 * LAPIC_MILLISECOND. */
void lapic_init(void);

/* Starts the timer anew, to come every `ticks`; 0: it stands still. */
void lapic_set_timer(uint32_t ticks);

/* Sends VECTOR_CALL to the processor whose APIC has this number. */
void lapic_call(uint32_t apic);

/* Bring a processor to where it waits for its start, and start it at `page`, below 1 MiB (Intel's
 * manual, volume 3, "Multiple-Processor Initialization": INIT, 10 ms, and the start twice). */
void lapic_send_init(uint32_t apic);
void lapic_send_start(uint32_t apic, uint32_t page);

/* The interrupt being served is done. */
void lapic_end_of_interrupt(void);

/* Where the timer stands: a few bits nobody can foresee. */
uint32_t lapic_count(void);

#endif

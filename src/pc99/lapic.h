/* The local APIC, of which only the timer is used: it ends the turn of a VPE that does not give
 * the processor away.
 *
 * Its count is set without calibration: the bus clock divided by 16 and by 62 500 is one
 * millisecond on QEMU (1 GHz) and a few on real machines; preemption needs no more precision.
 * It is memory, not ports, so it is reached through the direct map.
 */
#ifndef PC99_LAPIC_H
#define PC99_LAPIC_H

#include <stdint.h>

/* Enables the APIC with everything masked but its periodic timer, on VECTOR_TIMER. */
void lapic_init(void);

/* The interrupt being served is done. */
void lapic_end_of_interrupt(void);

/* Where the timer stands: a few bits nobody can foresee. */
uint32_t lapic_count(void);

#endif

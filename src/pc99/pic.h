/* The two 8259 interrupt controllers: moved out of the way of the exceptions and masked, since
 * the firmware leaves the PIT running and the kernel uses the local APIC alone. A driver: reaches
 * the hardware through platform.h.
 */
#ifndef PC99_PIC_H
#define PC99_PIC_H

#include <stdint.h>

/* Spurious interrupts, which no mask stops, arrive on `vector` + 7 and `vector` + 15. */
void pic_mask_all(uint8_t vector);

#endif

/* The platform interface: all that the embedded side (src/) asks of whatever it runs on.
 *
 * The kernel proper is a value and calls platform_panic alone; the drivers of src/pc99/ reach
 * hardware through the port functions and nothing else. A target implements these functions; the
 * simulator implements them in sim/platform.c, the PC in src/pc99/platform.c.
 */
#ifndef RESCIND_PLATFORM_H
#define RESCIND_PLATFORM_H

#include <stdint.h>

/* A kernel invariant is broken: say so and stop. `what` names it in one line. */
_Noreturn void platform_panic(const char *what);

/* One access to I/O port `port`. */
uint8_t platform_in8(uint16_t port);
void platform_out8(uint16_t port, uint8_t value);

#endif

/* The platform interface: all that the embedded side (src/) asks of whatever it runs on.
 *
 * The kernel proper is a value and calls platform_panic and the memory functions alone; the
 * drivers of src/pc99/ reach hardware through the port functions and nothing else. A target
 * implements these functions; the simulator does in sim/platform.c (its memory functions are
 * libc's), the PC in src/pc99/platform.c and src/pc99/string.c.
 */
#ifndef RESCIND_PLATFORM_H
#define RESCIND_PLATFORM_H

#include <stddef.h>
#include <stdint.h>

/* The four functions that a freestanding compiler may call on its own, too. */
void *memcpy(void *restrict to, const void *restrict from, size_t size);
void *memmove(void *to, const void *from, size_t size);
void *memset(void *to, int byte, size_t size);
int memcmp(const void *a, const void *b, size_t size);

/* A kernel invariant is broken: say so and stop. `what` names it in one line. */
_Noreturn void platform_panic(const char *what);

/* One access to I/O port `port`. */
uint8_t platform_in8(uint16_t port);
void platform_out8(uint16_t port, uint8_t value);

#endif

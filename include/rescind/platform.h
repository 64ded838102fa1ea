/* The platform interface: all that the embedded side (src/) asks of whatever it runs on.
 *
 * The kernel proper is a value and calls platform_panic and the memory functions alone; drivers
 * (rescind/drivers.h, and your own) reach hardware through the rest and nothing else. A target
 * implements these functions: the PC in src/pc99/platform.c and src/pc99/string.c, the host in
 * sim/platform.c, where what a thread reaches is the board of models that it uses (struct
 * rescind_board of rescind/board.h), and without one a bus where nothing is: reads float high,
 * writes go nowhere. (The host's memory functions are libc's.)
 */
#ifndef RESCIND_PLATFORM_H
#define RESCIND_PLATFORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The four functions that a freestanding compiler may call on its own, too. */
#ifndef __cplusplus
void *memcpy(void *restrict to, const void *restrict from, size_t size);
void *memmove(void *to, const void *from, size_t size);
void *memset(void *to, int byte, size_t size);
int memcmp(const void *a, const void *b, size_t size);

/* A kernel invariant is broken: say so and stop. `what` names it in one line. */
_Noreturn void platform_panic(const char *what);
#endif

#pragma GCC visibility push(default)

/* One access of so many bits to I/O port `port` (and those behind it). */
uint8_t rescind_in8(uint16_t port);
uint16_t rescind_in16(uint16_t port);
uint32_t rescind_in32(uint16_t port);
void rescind_out8(uint16_t port, uint8_t value);
void rescind_out16(uint16_t port, uint16_t value);
void rescind_out32(uint16_t port, uint32_t value);

/* One access to a device's register in physical memory, below 4 GiB. */
uint8_t rescind_read8(uint64_t address);
uint16_t rescind_read16(uint64_t address);
uint32_t rescind_read32(uint64_t address);
uint64_t rescind_read64(uint64_t address);
void rescind_write8(uint64_t address, uint8_t value);
void rescind_write16(uint64_t address, uint16_t value);
void rescind_write32(uint64_t address, uint32_t value);
void rescind_write64(uint64_t address, uint64_t value);

/* Memory that the firmware has filled in: `size` bytes at physical address `address`, good for
 * reading as long as the machine (the board) is there. NULL: they are not all there. */
const void *rescind_firmware(uint64_t address, uint64_t size);

/* A model-specific register of the processor that runs this. */
uint64_t rescind_read_msr(uint32_t msr);
void rescind_write_msr(uint32_t msr, uint64_t value);

/* The processor's time stamp counter. */
uint64_t rescind_ticks(void);

/* In a loop that waits: for a device, for time to pass, for another processor. Every such loop has
 * a bound. On a board of models time passes here, too. */
void rescind_pause(void);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif

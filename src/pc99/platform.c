/* The platform interface (rescind/platform.h) on the PC. Physical memory, that of devices as well,
 * is reached through the direct map. */
#include "rescind/platform.h"

#include "pc99/console.h"
#include "pc99/cpu.h"
#include "pc99/frames.h"
#include "pc99/layout.h"

#define ACCESSES(bits, type, letter)                                                               \
    type rescind_in##bits(uint16_t port)                                                           \
    {                                                                                              \
        type value;                                                                                \
                                                                                                   \
        __asm__ volatile("in" letter " %1, %0" : "=a"(value) : "Nd"(port));                        \
        return value;                                                                              \
    }                                                                                              \
    void rescind_out##bits(uint16_t port, type value)                                              \
    {                                                                                              \
        __asm__ volatile("out" letter " %0, %1" : : "a"(value), "Nd"(port));                       \
    }
#define MEMORY_ACCESSES(bits, type)                                                                \
    type rescind_read##bits(uint64_t address)                                                      \
    {                                                                                              \
        return *(volatile type *)frames_at(address);                                               \
    }                                                                                              \
    void rescind_write##bits(uint64_t address, type value)                                         \
    {                                                                                              \
        *(volatile type *)frames_at(address) = value;                                              \
    }
ACCESSES(8, uint8_t, "b")
ACCESSES(16, uint16_t, "w")
ACCESSES(32, uint32_t, "l")
MEMORY_ACCESSES(8, uint8_t)
MEMORY_ACCESSES(16, uint16_t)
MEMORY_ACCESSES(32, uint32_t)
MEMORY_ACCESSES(64, uint64_t)

const void *rescind_firmware(uint64_t address, uint64_t size)
{
    return address < DIRECT_LIMIT && size <= DIRECT_LIMIT - address ? frames_at(address) : NULL;
}

uint64_t rescind_read_msr(uint32_t msr)
{
    return cpu_read_msr(msr);
}

void rescind_write_msr(uint32_t msr, uint64_t value)
{
    cpu_write_msr(msr, value);
}

uint64_t rescind_ticks(void)
{
    return cpu_ticks();
}

void rescind_pause(void)
{
    cpu_pause();
}

void platform_panic(const char *what)
{
    console_report("panic: %s", what);
    rescind_out8(EXIT_PORT, EXIT_PANIC);
    cpu_stop(); /* LCOV_EXCL_LINE: QEMU has ended by now */
}

/* The platform interface (rescind/platform.h) on the PC. */
#include "rescind/platform.h"

#include "pc99/console.h"
#include "pc99/cpu.h"
#include "pc99/layout.h"

uint8_t platform_in8(uint16_t port)
{
    uint8_t value;

    __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

void platform_out8(uint16_t port, uint8_t value)
{
    __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

void platform_panic(const char *what)
{
    console_report("panic: %s", what);
    platform_out8(EXIT_PORT, EXIT_PANIC);
    cpu_stop();
}

/* The processor's own instructions, one function each, for the files of src/pc99 alone. Devices
 * behind I/O ports are not reached here but through rescind/platform.h.
 */
#ifndef PC99_CPU_H
#define PC99_CPU_H

#include <stdbool.h>
#include <stdint.h>

enum {
    MSR_APIC_BASE = 0x1b,
    MSR_STAR = 0xc0000081,
    MSR_LSTAR = 0xc0000082,
    MSR_FMASK = 0xc0000084,
    MSR_GS_BASE = 0xc0000101,
    MSR_KERNEL_GS_BASE = 0xc0000102
};

static inline uint64_t cpu_read_msr(uint32_t msr)
{
    uint32_t low, high;

    __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
    return (uint64_t)high << 32 | low;
}

static inline void cpu_write_msr(uint32_t msr, uint64_t value)
{
    __asm__ volatile("wrmsr" : : "c"(msr), "a"((uint32_t)value), "d"((uint32_t)(value >> 32)));
}

struct cpu_id {
    uint32_t a, b, c, d;
};

static inline struct cpu_id cpu_id(uint32_t leaf)
{
    struct cpu_id id;

    __asm__ volatile("cpuid" : "=a"(id.a), "=b"(id.b), "=c"(id.c), "=d"(id.d) : "a"(leaf), "c"(0));
    return id;
}

static inline uint64_t cpu_ticks(void)
{
    uint32_t low, high;

    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return (uint64_t)high << 32 | low;
}

static inline uint32_t cpu_ticks_low(void)
{
    uint32_t low;

    __asm__ volatile("rdtsc" : "=a"(low) : : "edx");
    return low;
}

/* A hardware random number; false when the processor has none to give at the moment. */
static inline bool cpu_random(uint64_t *out)
{
    bool ok;

    __asm__ volatile("rdrand %0" : "=r"(*out), "=@ccc"(ok));
    return ok;
}

static inline uint64_t cpu_fault_address(void)
{
    uint64_t value;

    __asm__ volatile("mov %%cr2, %0" : "=r"(value));
    return value;
}

/* Changes the address space; also forgets every translation of user space. */
static inline void cpu_set_space(uint64_t pml4)
{
    __asm__ volatile("mov %0, %%cr3" : : "r"(pml4) : "memory");
}

static inline void cpu_add_cr4(uint64_t bits)
{
    uint64_t value;

    __asm__ volatile("mov %%cr4, %0" : "=r"(value));
    __asm__ volatile("mov %0, %%cr4" : : "r"(value | bits));
}

/* Lets pending interrupts in, for one instruction. */
static inline void cpu_interrupt_window(void)
{
    __asm__ volatile("sti; nop; cli" : : : "memory");
}

/* Sleeps, with interrupts on, until one has come. They are off before and after it, and none that
 * comes in between is missed: STI lets them in behind the next instruction alone. */
static inline void cpu_sleep(void)
{
    __asm__ volatile("sti; hlt; cli" : : : "memory");
}

/* In a loop that waits for another processor. */
static inline void cpu_pause(void)
{
    __asm__ volatile("pause" : : : "memory");
}

static inline _Noreturn void cpu_stop(void)
{
    for (;;) {
        __asm__ volatile("cli; hlt" : : : "memory");
    }
}

#endif

/* The local APIC. See lapic.h. */
#include "pc99/lapic.h"

#include "pc99/cpu.h"
#include "pc99/layout.h"

enum {
    LAPIC_TASK_PRIORITY = 0x80,
    LAPIC_EOI = 0xb0,
    LAPIC_SPURIOUS = 0xf0,
    LAPIC_COMMAND = 0x300,
    LAPIC_TARGET = 0x310,
    LAPIC_LVT_TIMER = 0x320,
    LAPIC_LVT_LINT0 = 0x350,
    LAPIC_LVT_LINT1 = 0x360,
    LAPIC_INITIAL = 0x380,
    LAPIC_CURRENT = 0x390,
    LAPIC_DIVIDE = 0x3e0,
};
enum {
    LVT_MASKED = 1 << 16,
    LVT_PERIODIC = 1 << 17,
    SPURIOUS_ENABLE = 1 << 8,
    BASE_ENABLE = 1 << 11
};
enum {
    COMMAND_INIT = 5 << 8,
    COMMAND_START = 6 << 8,
    COMMAND_PENDING = 1 << 12,
    COMMAND_ASSERT = 1 << 14,
    TARGET_SHIFT = 24,
    COMMAND_PATIENCE = 100000
};
enum { DIVIDE_BY_16 = 3 };

/* The address is left where the firmware put it, below 4 GiB. */
static volatile uint32_t *reg(uint32_t offset)
{
    uint64_t base = cpu_read_msr(MSR_APIC_BASE) & 0xfffff000;

    return (volatile uint32_t *)(DIRECT_BASE + base + offset);
}

void lapic_init(void)
{
    cpu_write_msr(MSR_APIC_BASE, cpu_read_msr(MSR_APIC_BASE) | BASE_ENABLE);
    *reg(LAPIC_LVT_LINT0) = LVT_MASKED;
    *reg(LAPIC_LVT_LINT1) = LVT_MASKED;
    *reg(LAPIC_TASK_PRIORITY) = 0;
    *reg(LAPIC_SPURIOUS) = SPURIOUS_ENABLE | VECTOR_SPURIOUS;
    *reg(LAPIC_DIVIDE) = DIVIDE_BY_16;
    *reg(LAPIC_LVT_TIMER) = LVT_PERIODIC | VECTOR_TIMER;
    *reg(LAPIC_INITIAL) = LAPIC_MILLISECOND;
}

void lapic_set_timer(uint32_t ticks)
{
    *reg(LAPIC_INITIAL) = ticks;
}

/* A command that the APIC has not sent yet is waited for, but not for ever. */
static void send(uint32_t apic, uint32_t command)
{
    for (unsigned i = 0; i < COMMAND_PATIENCE; i++) {
        if ((*reg(LAPIC_COMMAND) & COMMAND_PENDING) == 0) {
            break;
        }
        cpu_pause();
    }
    *reg(LAPIC_TARGET) = apic << TARGET_SHIFT;
    *reg(LAPIC_COMMAND) = command;
}

void lapic_call(uint32_t apic)
{
    send(apic, COMMAND_ASSERT | VECTOR_CALL);
}

void lapic_send_init(uint32_t apic)
{
    send(apic, COMMAND_INIT | COMMAND_ASSERT);
}

void lapic_send_start(uint32_t apic, uint32_t page)
{
    send(apic, COMMAND_START | COMMAND_ASSERT | page / PAGE_SIZE);
}

void lapic_end_of_interrupt(void)
{
    *reg(LAPIC_EOI) = 0;
}

uint32_t lapic_count(void)
{
    return *reg(LAPIC_CURRENT);
}

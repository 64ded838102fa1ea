/* Traps: the GDT, IDT and TSS, and what happens to exceptions of the kernel itself. See trap.h. */
#include "pc99/trap.h"

#include <stddef.h>

#include "pc99/console.h"
#include "pc99/cpu.h"
#include "pc99/irqs.h"
#include "pc99/probe.h"
#include "rescind/drivers.h"
#include "rescind/platform.h"

struct gate {
    uint16_t offset_low;
    uint16_t selector;
    uint8_t stack; /* IST, 0: none */
    uint8_t type;
    uint16_t offset_middle;
    uint32_t offset_high;
    uint32_t reserved;
};

struct __attribute__((packed)) table_pointer {
    uint16_t limit;
    const void *base;
};

enum { GATES = 256, GATE_INTERRUPT = 0x8e, ENTRY_SIZE = 16, TSS_AVAILABLE = 0x89 };
enum { VECTOR_NMI = 2, VECTOR_DOUBLE_FAULT = 8, VECTOR_MACHINE_CHECK = 18 };

enum { FLAG_INTERRUPTS = 0x200 };
/* What SYSCALL clears: IF, DF, TF, NT, AC, RF, IOPL. */
enum { FLAGS_CLEARED = 0x57700 };

extern const uint8_t trap_vectors[], kernel_stack_top[], fatal_stack_top[];
extern void trap_doorbell(void);

struct processor processors[PROCESSORS_MAX];
static struct gate gates[GATES];
static const uint64_t segments[SEGMENTS] = {
    0,
    0x00af9b000000ffff, /* SEL_KERNEL_CODE */
    0x00cf93000000ffff, /* SEL_KERNEL_DATA */
    0,                  /* SEL_SYSRET: 32-bit user code, which there is none of */
    0x00cff3000000ffff, /* SEL_USER_DATA */
    0x00affb000000ffff, /* SEL_USER_CODE */
    0,                  /* SEL_TSS, in two halves */
    0,
};

static void set_gates(void)
{
    for (unsigned i = 0; i < GATES; i++) {
        uint64_t entry = (uint64_t)trap_vectors + (uint64_t)i * ENTRY_SIZE;
        bool fatal = i == VECTOR_NMI || i == VECTOR_DOUBLE_FAULT || i == VECTOR_MACHINE_CHECK;

        gates[i] = (struct gate){
            .offset_low = (uint16_t)entry,
            .selector = SEL_KERNEL_CODE,
            .stack = fatal ? 1 : 0,
            .type = GATE_INTERRUPT,
            .offset_middle = (uint16_t)(entry >> 16),
            .offset_high = (uint32_t)(entry >> 32),
        };
    }
}

void trap_init(void)
{
    set_gates();
    trap_prepare(0, (uint64_t)kernel_stack_top, (uint64_t)fatal_stack_top);
    trap_load(&processors[0]);
}

void trap_prepare(uint32_t number, uint64_t stack, uint64_t fatal_stack)
{
    struct processor *p = &processors[number];
    uint64_t base = (uint64_t)&p->tss;

    p->number = number;
    p->self = p;
    p->stack = stack;
    p->tss.fatal_stack = fatal_stack;
    p->tss.io_map = sizeof p->tss;
    __builtin_memcpy(p->segments, segments, sizeof segments);
    p->segments[SEL_TSS / 8] = (sizeof p->tss - 1) | (base & 0xffffff) << 16 |
                               (uint64_t)TSS_AVAILABLE << 40 | (base >> 24 & 0xff) << 56;
    p->segments[SEL_TSS / 8 + 1] = base >> 32;
}

void trap_load(struct processor *processor)
{
    struct table_pointer idt = {sizeof gates - 1, gates};
    struct table_pointer gdt = {sizeof processor->segments - 1, processor->segments};

    __asm__ volatile("lgdt %0" : : "m"(gdt));
    __asm__ volatile("lidt %0" : : "m"(idt));
    __asm__ volatile("ltr %w0" : : "r"(SEL_TSS));
    cpu_write_msr(MSR_GS_BASE, (uint64_t)processor);
    cpu_write_msr(MSR_KERNEL_GS_BASE, 0);
    cpu_write_msr(MSR_STAR, (uint64_t)(SEL_SYSRET | 3) << 48 | (uint64_t)SEL_KERNEL_CODE << 32);
    cpu_write_msr(MSR_LSTAR, (uint64_t)trap_doorbell);
    cpu_write_msr(MSR_FMASK, FLAGS_CLEARED);
}

void trap_use_context(struct context *context)
{
    struct processor *here = processor_here();

    here->context = context;
    here->tss.stack[0] = (uint64_t)(context + 1);
}

void trap_resume(struct context *context)
{
    __asm__ volatile("jmp resume" : : "a"(context) : "memory");
    __builtin_unreachable();
}

const char *trap_name(uint64_t vector)
{
    static const char *const names[] = {
        [0] = "division error",      [1] = "single step",      [2] = "NMI",
        [3] = "breakpoint",          [4] = "overflow",         [5] = "bound",
        [6] = "invalid opcode",      [7] = "floating point",   [8] = "double fault",
        [10] = "invalid TSS",        [11] = "segment missing", [12] = "stack fault",
        [13] = "general protection", [14] = "page fault",      [16] = "floating point",
        [17] = "alignment",          [18] = "machine check",   [19] = "vector floating point",
    };

    if (vector < sizeof names / sizeof names[0] && names[vector] != NULL) {
        return names[vector];
    }
    return "unknown exception";
}

_Noreturn void trap_fatal(const struct context *context);
void trap_in_kernel(struct context *context);

/* Called by trap.S: the kernel itself has met an exception. */
_Noreturn void trap_fatal(const struct context *context)
{
    console_report("panic: %s in the kernel at %x, error %x, address %x, stack %x",
                   trap_name(context->vector), context->rip, context->error, cpu_fault_address(),
                   context->rsp);
    rescind_out8(EXIT_PORT, EXIT_PANIC);
    cpu_stop(); /* LCOV_EXCL_LINE: QEMU has ended by now */
}

/* Called by trap.S: an interrupt in one of the loop's windows or sleeps, or in a probe script's, or
 * else an exception. */
void trap_in_kernel(struct context *context)
{
    if (context->vector < VECTOR_TIMER) {
        trap_fatal(context);
    } else if (processor_here()->taken == PROBE_NONE) {
        processor_here()->taken = (uint16_t)context->vector;
        context->rflags &= ~(uint64_t)FLAG_INTERRUPTS; /* no more than this one */
    } else if (context->vector == VECTOR_TIMER) {
        rescind_lapic_end();
        processor_here()->ticked = true;
    } else if (context->vector == VECTOR_CALL) {
        rescind_lapic_end(); /* the loop looks at shared.h's words itself */
    } else if (irqs_is_line(context->vector)) {
        irqs_take(processor_here()->loop, context->vector);
    }
}

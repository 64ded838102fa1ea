/* Traps: the descriptor tables, and what ring 3 looks like while it does not run.
 *
 * trap_init() comes before anything else, and trap_load() on each processor: from then on every
 * exception has a handler. An exception in ring 3 reaches loop_trap() and SYSCALL loop_doorbell(),
 * both of loop.c; one in the kernel means that the kernel is broken, and stops the machine with a
 * report.
 */
#ifndef PC99_TRAP_H
#define PC99_TRAP_H

#include <stdbool.h>
#include <stdint.h>

#include "pc99/layout.h"

/* Everything a VPE has in the processor. What SYSCALL saves (vector VECTOR_DOORBELL) leaves out
 * the registers that a call may change; else all of it is meaningful. */
struct context {
    uint64_t r15, r14, r13, r12, rbp, rbx;
    uint64_t r11, r10, r9, r8, rdi, rsi, rdx, rcx, rax;
    uint64_t vector; /* how the kernel was entered */
    uint64_t error;  /* the exception's error code, 0 for those without */
    uint64_t rip, cs, rflags, rsp, ss;
} __attribute__((aligned(16)));
_Static_assert(sizeof(struct context) == CONTEXT_SIZE, "trap.S knows this structure");
_Static_assert(__builtin_offsetof(struct context, vector) == CONTEXT_VECTOR, "and its fields");
_Static_assert(__builtin_offsetof(struct context, rip) == CONTEXT_RIP, "and its fields");
_Static_assert(__builtin_offsetof(struct context, rflags) == CONTEXT_RFLAGS, "and its fields");
_Static_assert(__builtin_offsetof(struct context, rsp) == CONTEXT_RSP, "and its fields");

struct __attribute__((packed)) tss {
    uint32_t reserved0;
    uint64_t stack[3]; /* the stack pointer for entries to ring 0, 1, 2 */
    uint64_t reserved1;
    uint64_t fatal_stack; /* IST 1: for what must not rely on any other stack */
    uint64_t other_stacks[6];
    uint64_t reserved2;
    uint16_t reserved3;
    uint16_t io_map; /* past the end: ring 3 has no port */
};

enum { SEGMENTS = SEL_TSS / 8 + 2 };

/* The per-processor block, at the GS base while the kernel runs; trap.S and trampoline.S know its
 * size, its first four fields and its APIC. */
struct processor {
    struct context *context; /* of the VPE that runs: entries from ring 3 store into it */
    uint64_t user_stack;     /* RSP of ring 3, from its SYSCALL on */
    uint64_t stack;          /* where each entry from ring 3 starts; 0: it is not to run */
    struct processor *self;
    struct loop *loop; /* what it runs; set by loop_run() */
    uint32_t number;   /* also the PE of its kernel */
    uint32_t apic;     /* its local APIC's number */
    bool ticked;       /* the timer's interrupt came while the kernel had a window open */
    bool up;           /* atomic: it has come as far as its own C code */
    uint16_t taken;    /* PROBE_NONE: probe.c lets an interrupt in; and then its vector */
    struct tss tss;
    uint64_t segments[SEGMENTS];
} __attribute__((aligned(64)));
_Static_assert(sizeof(struct processor) == PROCESSOR_SIZE, "trampoline.S knows this structure");
_Static_assert(__builtin_offsetof(struct processor, context) == PROCESSOR_CONTEXT, "its fields");
_Static_assert(__builtin_offsetof(struct processor, user_stack) == PROCESSOR_USER_STACK, "too");
_Static_assert(__builtin_offsetof(struct processor, stack) == PROCESSOR_STACK, "as trap.S does");
_Static_assert(__builtin_offsetof(struct processor, self) == PROCESSOR_SELF, "as trap.S does");
_Static_assert(__builtin_offsetof(struct processor, apic) == PROCESSOR_APIC, "trampoline.S too");

/* Boot table: all of them. */
extern struct processor processors[PROCESSORS_MAX];

/* The processor that runs this. */
static inline struct processor *processor_here(void)
{
    struct processor *here;

    __asm__("movq %%gs:%c1, %0" : "=r"(here) : "i"(PROCESSOR_SELF));
    return here;
}

/* Its loop, and whether `ticked`, by one instruction each: every doorbell asks. */
static inline struct loop *processor_loop(void)
{
    struct loop *loop;

    __asm__("movq %%gs:%c1, %0" : "=r"(loop) : "i"(__builtin_offsetof(struct processor, loop)));
    return loop;
}

static inline bool processor_has_ticked(void)
{
    bool ticked;

    __asm__ volatile("cmpb $0, %%gs:%c1"
                     : "=@ccne"(ticked)
                     : "i"(__builtin_offsetof(struct processor, ticked)));
    return ticked;
}

static inline void processor_clear_ticked(void)
{
    __asm__ volatile("movb $0, %%gs:%c0"
                     :
                     : "i"(__builtin_offsetof(struct processor, ticked))
                     : "memory");
}

/* What all processors share; then the first one's own. */
void trap_init(void);

/* Fills in the block of processor `number`, with the tops of its two stacks, but for its APIC. */
void trap_prepare(uint32_t number, uint64_t stack, uint64_t fatal_stack);

/* The processor that runs this is `processor`, which has been prepared. */
void trap_load(struct processor *processor);

/* Entries from ring 3 will store into `context` from now on. */
void trap_use_context(struct context *context);

/* Enters ring 3 with `context`; there is no way back but a trap. */
_Noreturn void trap_resume(struct context *context);

/* What an exception is called in reports. */
const char *trap_name(uint64_t vector);

#endif

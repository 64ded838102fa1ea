/* Traps: the descriptor tables, and what ring 3 looks like while it does not run.
 *
 * trap_init() comes before anything else: from then on every exception has a handler. An
 * exception in ring 3 reaches loop_trap() and SYSCALL loop_doorbell(), both of loop.c; one in the
 * kernel means that the kernel is broken, and stops the machine with a report.
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

/* The per-processor block; trap.S knows the first two fields. */
struct processor {
    struct context *context; /* of the VPE that runs: entries from ring 3 store into it */
    uint64_t user_stack;     /* between two instructions of trap_doorbell */
    bool ticked;             /* the timer's interrupt came while the kernel had a window open */
};
extern struct processor processor;

void trap_init(void);

/* Entries from ring 3 will store into `context` from now on. */
void trap_use_context(struct context *context);

/* Enters ring 3 with `context`; there is no way back but a trap. */
_Noreturn void trap_resume(struct context *context);

/* What an exception is called in reports. */
const char *trap_name(uint64_t vector);

#endif

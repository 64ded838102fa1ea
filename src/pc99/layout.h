/* Where things lie in memory: numbers shared by the assembler sources and the C sources of the PC
 * image. image.ld repeats KERNEL_BASE.
 *
 *     0                    .. user space, one for each VPE (user/pc_area.h)
 *     DIRECT_BASE          .. the first 4 GiB of physical memory, read-write, not executable
 *     KERNEL_BASE + 1 MiB  .. the kernel's image: text read-only, data not executable
 *     KERNEL_STACKS        .. the stacks of all processors but the first
 *
 * The upper half is the same in every address space, and the kernel reaches a VPE's memory
 * through the direct map alone, never through its user addresses.
 */
#ifndef PC99_LAYOUT_H
#define PC99_LAYOUT_H

#define KERNEL_BASE  0xffffffff80000000
#define DIRECT_BASE  0xffff800000000000
#define DIRECT_LIMIT 0x100000000 /* physical memory from here on is left alone */
#define PAGE_SIZE    4096

/* At most so many processors, one kernel each. */
#define PROCESSORS_MAX 64

/* A processor's part of KERNEL_STACKS: an unmapped page, the stack, another unmapped page, and the
 * stack for what can hit the kernel anywhere. The parts of all of them fill one page table. */
#define KERNEL_STACKS    0xffffffff80200000
#define STACK_PART_PAGES 8
#define STACK_PAGES      4
#define STACK_FATAL_PAGE 6 /* the number of that page in its part */

/* Where a processor's first instructions are copied to: a page below 1 MiB. */
#define TRAMPOLINE 0x8000

/* What a processor must have set before it runs the kernel. */
#define CR0_VALUE 0x8001003d /* paging, WP, NE, ET, TS, EM, PE: floating point faults */
#define CR4_VALUE 0x20       /* PAE; no OSFXSR, so that SSE faults too */
#define EFER      0xc0000080
#define EFER_BITS 0x901 /* NXE, LME, SCE */

/* Selectors of the GDT. SYSRET wants user data and user code in this order behind SEL_SYSRET. */
#define SEL_KERNEL_CODE 0x08
#define SEL_KERNEL_DATA 0x10
#define SEL_SYSRET      0x18
#define SEL_USER_DATA   0x23
#define SEL_USER_CODE   0x2b
#define SEL_TSS         0x30

/* Vectors: the processor's exceptions come before these. */
#define VECTOR_PAGE_FAULT 14
#define VECTOR_TIMER      0x20
#define VECTOR_CALL       0x21 /* another processor calls: shared.h */
#define VECTOR_PIC        0x30 /* .. 0x3f: masked, but for spurious ones */
#define VECTOR_LINES      0x40 /* .. 0x57: interrupt lines for VPEs: irqs.h */
#define VECTOR_SPURIOUS   0xff
#define VECTOR_DOORBELL   0x100 /* none of the processor's: SYSCALL was executed */

/* Of struct context (trap.h), in bytes. */
#define CONTEXT_SIZE   176
#define CONTEXT_VECTOR 120
#define CONTEXT_RIP    136
#define CONTEXT_RFLAGS 152
#define CONTEXT_RSP    160

/* Of struct processor (trap.h), in bytes. */
#define PROCESSOR_SIZE       256
#define PROCESSOR_CONTEXT    0
#define PROCESSOR_USER_STACK 8
#define PROCESSOR_STACK      16
#define PROCESSOR_SELF       24
#define PROCESSOR_APIC       44

/* Values for isa-debug-exit: QEMU's status is twice the value, plus one. */
#define EXIT_PORT      0xf4
#define EXIT_DONE      0x10 /* the machine came to its end: status 33 */
#define EXIT_REFUSED   0x11 /* no start-up module, or a bad one: 35 */
#define EXIT_NO_MEMORY 0x12 /* 37 */
#define EXIT_PANIC     0x13 /* a broken kernel stopped itself: 39 */

#endif

/* How a processor other than the first comes up: it starts in real mode, at the page that
 * smp_start() has copied this to (TRAMPOLINE), goes to 64-bit mode in one step, and calls
 * start_other(its block) in the upper half, on its own stack, with interrupts off.
 */
#include "pc99/layout.h"

    .section .rodata.trampoline, "a", @progbits
    .balign 16
    .globl trampoline, trampoline_space, trampoline_end
    .code16
trampoline:
    cli
    cld
    movw %cs, %ax
    movw %ax, %ds
    movl $CR4_VALUE, %eax
    movl %eax, %cr4
    movl trampoline_space - trampoline, %eax
    movl %eax, %cr3
    movl $EFER, %ecx
    rdmsr
    orl $EFER_BITS, %eax
    wrmsr
    lgdtl gdt_pointer - trampoline
    movl $CR0_VALUE, %eax
    movl %eax, %cr0
    ljmpl $SEL_KERNEL_CODE, $(TRAMPOLINE + long_mode - trampoline)

    .code64
long_mode:
    movabsq $trampoline_upper, %rax
    jmp *%rax

    .balign 8
gdt:
    .quad 0
    .quad 0x00af9b000000ffff
    .quad 0x00cf93000000ffff
gdt_pointer:
    .word gdt_pointer - gdt - 1
    .long TRAMPOLINE + gdt - trampoline

/* Written into the copy: the physical address of a space that has the identity map and the kernel's
 * half. */
    .balign 4
trampoline_space:
    .long 0
trampoline_end:

    .text
trampoline_upper:
    xorl %eax, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %fs
    movl %eax, %gs
    movl $SEL_KERNEL_DATA, %eax
    movl %eax, %ss
    movl $1, %eax
    cpuid
    shrl $24, %ebx /* the number of its local APIC: which block has it? */
    movl $PROCESSORS_MAX, %ecx
    leaq processors(%rip), %rdi
1:  movq PROCESSOR_STACK(%rdi), %rsp
    testq %rsp, %rsp
    jz 2f
    cmpl PROCESSOR_APIC(%rdi), %ebx
    je 3f
2:  addq $PROCESSOR_SIZE, %rdi
    decl %ecx
    jnz 1b
    jmp 4f
3:  xorl %ebp, %ebp
    call start_other
4:  cli
    hlt
    jmp 4b

    .section .note.GNU-stack, "", @progbits

/* The way in from ring 3 and back: the vectors of the IDT, SYSCALL's entry, and the return.
 *
 * What ring 3 leaves behind is stored in the struct context (trap.h) of the VPE that ran, which
 * the field context of the processor's block names; the TSS sends the processor's own pushes there
 * too. Every entry then starts afresh at the top of the processor's one kernel stack, and the C
 * function called returns the context to go on with. So no event leaves anything on the stack.
 *
 * The GS base is the block (struct processor) while the kernel runs and ring 3's while that does:
 * each entry from there, and each return to it, swaps them.
 */
#include "pc99/layout.h"

    .text

/* One entry of 16 bytes a vector; those whose exception has no error code push a zero. */
    .balign 16
    .globl trap_vectors
trap_vectors:
    .set vector, 0
    .rept 256
    .balign 16
    .if vector != 8 && (vector < 10 || vector > 14) && vector != 17 && vector != 21 && \
        vector != 29 && vector != 30
    pushq $0
    .endif
    pushq $vector
    .if vector == 2 || vector == 8 || vector == 18
    jmp fatal
    .else
    jmp trap
    .endif
    .set vector, vector + 1
    .endr

.macro push_registers
    pushq %rax
    pushq %rcx
    pushq %rdx
    pushq %rsi
    pushq %rdi
    pushq %r8
    pushq %r9
    pushq %r10
    pushq %r11
    pushq %rbx
    pushq %rbp
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
.endm

trap:
    push_registers
    cld
    movq %rsp, %rdi
    xorl %ebp, %ebp
    testb $3, 144(%rsp) /* whose code was it? */
    jz 1f
    swapgs
    movq %gs:PROCESSOR_STACK, %rsp
    call loop_trap
    jmp resume
1:  call trap_in_kernel
    movq %rsp, %rax
    jmp resume_all

fatal:
    push_registers
    cld
    movq %rsp, %rdi
    xorl %ebp, %ebp
    call trap_fatal
    ud2 /* LCOV_EXCL_LINE: trap_fatal does not return */

/* SYSCALL: the doorbell, with one argument in RDI. As far as the program can tell, it is a C
 * call: registers that a call may change are cleared on the way back, the others kept. So does the
 * C function called; the context is stored when the VPE does not go on at once. */
    .balign 16
    .globl trap_doorbell
trap_doorbell:
    swapgs
    movq %rsp, %gs:PROCESSOR_USER_STACK
    movq %gs:PROCESSOR_STACK, %rsp
    pushq %rcx
    pushq %r11
    movq %rcx, %rsi
    call loop_doorbell
    popq %r11
    popq %rcx
    testb %al, %al
    jz 1f
    movq %gs:PROCESSOR_USER_STACK, %rsp
    swapgs
    jmp return

1:  movq %gs:PROCESSOR_CONTEXT, %rax
    movq %r15, 0(%rax)
    movq %r14, 8(%rax)
    movq %r13, 16(%rax)
    movq %r12, 24(%rax)
    movq %rbp, 32(%rax)
    movq %rbx, 40(%rax)
    movq $VECTOR_DOORBELL, CONTEXT_VECTOR(%rax)
    movq %rcx, CONTEXT_RIP(%rax)
    movq %r11, CONTEXT_RFLAGS(%rax)
    movq %gs:PROCESSOR_USER_STACK, %rcx
    movq %rcx, CONTEXT_RSP(%rax)
    xorl %ebp, %ebp
    call loop_turn

/* Goes on in ring 3 with the context in RAX, whose RIP is known to lie in user space. */
    .globl resume
resume:
    swapgs
    cmpq $VECTOR_DOORBELL, CONTEXT_VECTOR(%rax)
    jne resume_all
    movq 0(%rax), %r15
    movq 8(%rax), %r14
    movq 16(%rax), %r13
    movq 24(%rax), %r12
    movq 32(%rax), %rbp
    movq 40(%rax), %rbx
    movq CONTEXT_RIP(%rax), %rcx
    movq CONTEXT_RFLAGS(%rax), %r11
    movq CONTEXT_RSP(%rax), %rsp
return:
    xorl %eax, %eax
    xorl %edx, %edx
    xorl %esi, %esi
    xorl %edi, %edi
    xorl %r8d, %r8d
    xorl %r9d, %r9d
    xorl %r10d, %r10d
    sysretq

/* Also with what an interrupt of the kernel left on its stack. */
resume_all:
    movq %rax, %rsp
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbp
    popq %rbx
    popq %r11
    popq %r10
    popq %r9
    popq %r8
    popq %rdi
    popq %rsi
    popq %rdx
    popq %rcx
    popq %rax
    addq $16, %rsp
    iretq

    .section .note.GNU-stack, "", @progbits

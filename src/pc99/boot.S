/* The way in: PVH and multiboot2 hand over a 32-bit processor without paging and, in EBX, the
 * physical address of what the loader says (loader.h). This file brings it to 64-bit mode in the
 * upper half and calls start_main(that address, magic) there, on the kernel's stack, with
 * interrupts off; magic is 0 from PVH, and from multiboot2 what EAX said.
 */
#include "pc99/layout.h"

#define PTE_TABLE 0x003 /* present, writable */
#define PTE_LARGE 0x083 /* present, writable, 2 MiB */
#define NX_HIGH   0x80000000

#define MULTIBOOT2_MAGIC 0xe85250d6
#define MULTIBOOT2_I386  0 /* protected mode, 32 bits */

/* The note that makes QEMU take this file as a PVH kernel. */
    .section .note.pvh, "a", @note
    .balign 4
    .long 4, 8, 18
    .asciz "Xen"
    .quad boot_entry

/* What makes GRUB take it as a multiboot2 kernel, also where it runs under EFI: it ends the
 * firmware's boot services and then comes here as it does on a BIOS. */
    .section .multiboot2, "a", @progbits
    .balign 8
multiboot2_header:
    .long MULTIBOOT2_MAGIC, MULTIBOOT2_I386, multiboot2_end - multiboot2_header
    .long -(MULTIBOOT2_MAGIC + MULTIBOOT2_I386 + (multiboot2_end - multiboot2_header))
    .balign 8
    .word 1, 0 /* what is needed to go on: the memory map */
    .long 12, 6
    .balign 8
    .word 3, 0 /* the entry */
    .long 12, multiboot2_entry
    .balign 8
    .word 4, 1 /* a screen of text will do, and so will none */
    .long 12, 2
    .balign 8
    .word 5, 1 /* one of pixels, if that can be: as large as it is, 32 bits */
    .long 20, 0, 0, 32
    .balign 8
    .word 6, 0 /* modules start on a page */
    .long 8
    .balign 8
    .word 0, 0
    .long 8
multiboot2_end:

    .section .boot, "ax", @progbits
    .code32
multiboot2_entry:
    movl %eax, %edi
    jmp enter

    .globl boot_entry
boot_entry:
    xorl %edi, %edi
enter:
    cli
    cld
    movl %ebx, %ebp
    movl $0x80000000, %eax
    cpuid
    cmpl $0x80000001, %eax
    jb no_long_mode
    movl $0x80000001, %eax
    cpuid
    andl $0x20100000, %edx /* long mode and NX */
    cmpl $0x20100000, %edx
    jne no_long_mode
    movl $CR4_VALUE, %eax
    movl %eax, %cr4
    movl $boot_pml4, %eax
    movl %eax, %cr3
    movl $EFER, %ecx
    rdmsr
    orl $EFER_BITS, %eax
    wrmsr
    movl $CR0_VALUE, %eax
    movl %eax, %cr0
    lgdt boot_gdt_pointer
    ljmp $SEL_KERNEL_CODE, $boot_long

no_long_mode:
    movl $no_long_mode_text, %esi
    movl $(no_long_mode_end - no_long_mode_text), %ecx
    movl $0x3f8, %edx
    rep outsb
    movl $EXIT_PORT, %edx
    movb $EXIT_REFUSED, %al
    outb %al, %dx
1:  hlt
    jmp 1b

    .code64
boot_long:
    movabsq $start_upper, %rax
    jmp *%rax

no_long_mode_text:
    .ascii "rescind: this processor has no 64-bit mode with NX\n"
no_long_mode_end:

    .section .boot.data, "aw", @progbits
    .balign 8
boot_gdt:
    .quad 0
    .quad 0x00af9b000000ffff
    .quad 0x00cf93000000ffff
boot_gdt_pointer:
    .word boot_gdt_pointer - boot_gdt - 1
    .quad boot_gdt

/* The first page tables. The identity map of the first GiB serves this file and trampoline.S alone,
 * and goes from the kernel's own space when paging_init() has run. */
    .balign PAGE_SIZE
    .globl boot_pml4
boot_pml4:
    .quad boot_pdpt_low + PTE_TABLE
    .fill 255, 8, 0
    .quad boot_pdpt_direct + PTE_TABLE
    .fill 254, 8, 0
    .quad boot_pdpt_kernel + PTE_TABLE
    .globl boot_pdpt_low
boot_pdpt_low:
    .quad boot_pd_low + PTE_TABLE
    .fill 511, 8, 0
boot_pdpt_direct:
    .quad boot_pd_direct + PTE_TABLE
    .quad boot_pd_direct + 0x1000 + PTE_TABLE
    .quad boot_pd_direct + 0x2000 + PTE_TABLE
    .quad boot_pd_direct + 0x3000 + PTE_TABLE
    .fill 508, 8, 0
boot_pdpt_kernel:
    .fill 510, 8, 0
    .quad boot_pd_kernel + PTE_TABLE
    .quad 0
    .globl boot_pd_kernel
boot_pd_kernel:
    .quad PTE_LARGE
    .fill 511, 8, 0
boot_pd_low:
    .set page, 0
    .rept 512
    .long (page << 21) | PTE_LARGE, 0
    .set page, page + 1
    .endr
boot_pd_direct:
    .set page, 0
    .rept 2048
    .long (page << 21) | PTE_LARGE, NX_HIGH
    .set page, page + 1
    .endr

    .text
start_upper:
    xorl %eax, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %fs
    movl %eax, %gs
    movl $SEL_KERNEL_DATA, %eax
    movl %eax, %ss
    leaq kernel_stack_top(%rip), %rsp
    movl %edi, %esi
    movl %ebp, %edi
    xorl %ebp, %ebp
    call start_main
    ud2

/* The first processor's stack, with an unmapped page below it (paging_init), and the one for what can hit
 * the kernel anywhere. */
    .section .stack, "aw", @nobits
    .balign PAGE_SIZE
    .globl kernel_stack_guard
kernel_stack_guard:
    .skip PAGE_SIZE
    .skip STACK_PAGES * PAGE_SIZE
    .globl kernel_stack_top
kernel_stack_top:
    .skip PAGE_SIZE
    .globl fatal_stack_top
fatal_stack_top:

    .section .note.GNU-stack, "", @progbits

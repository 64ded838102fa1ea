/* Ring 3's first instructions on the PC, the head of its image (struct pc_image of pc_area.h), the
 * doorbell, and accesses to memory that may not be mapped. The kernel enters at pc_start with the
 * stack set and everything else zero.
 */
#include "user/pc_area.h"

    .section .head, "a", @progbits
    .quad pc_start
    .quad user_text_end
    .quad user_rodata_end
    .quad user_data_end
    .quad user_bss_end

    .text
    .globl pc_start
pc_start:
    call pc_main
    ud2 /* LCOV_EXCL_LINE: pc_main does not return */

/* void pc_doorbell(uint64_t idle): SYSCALL, which takes RCX and R11 as a call may. */
    .globl pc_doorbell
pc_doorbell:
    syscall
    ret

/* uint64_t pc_load(uint64_t address, uint64_t *value), uint64_t pc_store(uint64_t address, uint64_t
 * value): 8 bytes by one instruction. 0, or the error that the kernel leaves in RAX. */
    .globl pc_load
pc_load:
    movq $1f, PC_AREA + PC_AREA_RECOVER
    movq (%rdi), %rdx
    movq %rdx, (%rsi)
    xorl %eax, %eax
1:  movq $0, PC_AREA + PC_AREA_RECOVER
    ret

    .globl pc_store
pc_store:
    movq $1f, PC_AREA + PC_AREA_RECOVER
    movq %rsi, (%rdi)
    xorl %eax, %eax
1:  movq $0, PC_AREA + PC_AREA_RECOVER
    ret

    .section .note.GNU-stack, "", @progbits

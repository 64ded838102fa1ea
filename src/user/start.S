/* Ring 3's first instructions on the PC, the head of its image (struct pc_image of pc_area.h), and
 * the doorbell. The kernel enters at pc_start with the stack set and everything else zero.
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
    ud2

/* void pc_doorbell(uint64_t idle): SYSCALL, which takes RCX and R11 as a call may. */
    .globl pc_doorbell
pc_doorbell:
    syscall
    ret

    .section .note.GNU-stack, "", @progbits

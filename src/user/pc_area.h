/* A VPE's user addresses on the PC: what the kernel maps there, and what start-up code and kernel
 * tell each other. user.ld repeats PC_IMAGE. Included by pc_main.c, start.S and src/pc99/.
 */
#ifndef RESCIND_USER_PC_AREA_H
#define RESCIND_USER_PC_AREA_H

#define PC_IMAGE      0x400000 /* this program; text and constants shared and read-only */
#define PC_SYSCALLS   0x480000 /* endpoint 0's ring, one page */
#define PC_REPLIES    0x482000 /* endpoint 1's ring, one page */
#define PC_SIGNALS    0x484000 /* one byte a signal, in a page that all VPEs share */
#define PC_STACK      0x490000 /* PC_STACK_SIZE bytes, with unmapped pages on both sides */
#define PC_STACK_SIZE 0x8000
#define PC_AREA       0x4a0000     /* struct pc_area, private */
#define PC_MODULE     0x8000000000 /* the start-up module, read-only */

/* What CREATEMAP maps is seen from virtual page RESCIND_MAP_FIRST on: between the area and the
 * module. */

#define PC_AREA_RECOVER 16 /* of struct pc_area, in bytes */

#ifndef __ASSEMBLER__
#include <stddef.h>
#include <stdint.h>

/* Private to a VPE; the kernel reads it when the machine has come to its end. */
struct pc_area {
    uint32_t number;   /* this VPE's in the start-up module, set by the kernel */
    uint16_t pe;       /* and where it is: its kernel, */
    uint16_t vpe;      /* and its number there */
    uint32_t position; /* the step it stands at; the step count when it is through */
    uint8_t signalled; /* it has set a signal; the kernel clears this when it has seen it */
    uint8_t clocked;   /* it is to fill in pc_ticks(), too; set by the kernel */
    uint64_t recover; /* where it goes on, with the error in RAX, if an access to what may be mapped
                         must not be made; 0: it ends by that */
    uint8_t results[]; /* of its program, one byte each, RESCIND_RESULT_NONE at first */
};

_Static_assert(offsetof(struct pc_area, recover) == PC_AREA_RECOVER, "start.S knows it");

/* Behind the results, aligned: the ticks that a loop of PC_CLOCK_LOOP instructions took, then those
 * of each call, from its message to its answer. */
enum { PC_CLOCK_LOOP = 8192 };
static inline uint32_t *pc_ticks(struct pc_area *area, uint32_t calls)
{
    size_t offset = offsetof(struct pc_area, results) + calls;

    return (uint32_t *)(void *)((uint8_t *)area + ((offset + 3) & ~(size_t)3));
}

static inline uint64_t pc_area_size(uint32_t calls)
{
    return sizeof(struct pc_area) + calls + 3 + 4 * ((uint64_t)calls + 1);
}

/* The first bytes of the program's image. */
struct pc_image {
    uint64_t entry;
    uint64_t text_end;   /* of PC_IMAGE .. here: read and executed */
    uint64_t rodata_end; /* .. here: read */
    uint64_t data_end;   /* .. here: private; also the end of what the image holds */
    uint64_t bss_end;    /* .. here: private and zero */
};
#endif

#endif

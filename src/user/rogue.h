/* Programs that misbehave, for the tests of the PC image: each breaks one rule that the hardware
 * or the kernel enforces, and must end alone. PC only; a RUN step names them by ROGUE_FIRST + its
 * number here, beyond all of user_programs.
 */
#ifndef RESCIND_USER_ROGUE_H
#define RESCIND_USER_ROGUE_H

#include "rescind/user.h"

enum { ROGUE_FIRST = 0x10000 };

enum rogue {
    ROGUE_SPIN,         /* prints, computes for many turns without a call, prints: content */
    ROGUE_SPIN_FOREVER, /* never comes back */
    ROGUE_NULL,         /* writes to address 0 */
    ROGUE_READ_KERNEL,
    ROGUE_WRITE_KERNEL,
    ROGUE_WRITE_TEXT, /* its own */
    ROGUE_WRITE_MODULE,
    ROGUE_RUN_DATA,  /* executes its stack */
    ROGUE_INVALID,   /* an invalid instruction */
    ROGUE_CLI,       /* a privileged instruction */
    ROGUE_PORT,      /* an I/O port */
    ROGUE_INTERRUPT, /* the timer's vector, by int */
    ROGUE_DIVIDE,    /* by zero */
    ROGUE_SSE,       /* registers that are not saved */
    ROGUE_X87,
    ROGUE_TRAP_FLAG,      /* single steps itself */
    ROGUE_JUMP,           /* to an address that is none */
    ROGUE_STACK,          /* recurses into the guard page */
    ROGUE_NO_STACK,       /* rings the doorbell with a stack pointer into the kernel, and uses it */
    ROGUE_RING,           /* scribbles over both rings' control blocks and rings the doorbell */
    ROGUE_RING_SILENT,    /* the same, and waits for the timer */
    ROGUE_FLOOD,          /* fills its ring with messages and never takes a reply: content */
    ROGUE_UNMAPPED,       /* reads where something may be mapped and nothing is */
    ROGUE_PAST_END,       /* and behind the last page of what is */
    ROGUE_UNMAP,          /* writes what is mapped, revokes the mapping, writes it again */
    ROGUE_REVOKED,        /* the same, revoking the memory */
    ROGUE_READ_ONLY,      /* writes what is mapped to be read */
    ROGUE_WRITE_ONLY,     /* reads what is mapped to be written */
    ROGUE_RUN_MAPPED,     /* executes what is mapped to be read and written */
    ROGUE_RUN_CODE,       /* the same, where it may be executed, too: content */
    ROGUE_RECOVER_NOT,    /* says where to go on, and writes to address 0 */
    ROGUE_RECOVER_KERNEL, /* says to go on in the kernel */
    ROGUE_RECOVER_WILD,   /* and at an address that is none */
    ROGUE_MANY_TABLES, /* maps here and there, and looks at all of it and what is gone: content */
    ROGUE_LEAVE_TEXT,  /* fills what is left of its rings' pages: content */
    ROGUE_FIND_TEXT,   /* looks for something there: content if there is nothing */
    /* Privileged instructions, and ways into other code: */
    ROGUE_HALT,
    ROGUE_READ_MSR,
    ROGUE_WRITE_MSR,
    ROGUE_READ_CR3,
    ROGUE_WRITE_CR3,
    ROGUE_WRITE_DR7,
    ROGUE_LOAD_GDT,
    ROGUE_LOAD_TASK,
    ROGUE_SWAP_GS,
    ROGUE_WRITE_GS, /* its base */
    ROGUE_READ_PORT,
    ROGUE_COUNTER,  /* a performance counter */
    ROGUE_SOFT_INT, /* the breakpoint's and a spare vector, by int */
    ROGUE_SOFT_INT_80,
    ROGUE_SYSENTER,
    ROGUE_SYSRET,
    ROGUE_IRET,   /* to the kernel's code segment */
    ROGUE_FAR,    /* a far return there */
    ROGUE_DIRECT, /* reads where the kernel sees all memory, */
    ROGUE_APIC,   /* its interrupt controller, */
    ROGUE_STACKS, /* other processors' stacks; */
    ROGUE_RINGS,  /* and writes between its rings, where others' are not */
    ROGUE_STATE,  /* rings with every flag, segment and register that it can spoil: content */
    ROGUE_AREA,   /* fills what it shares with the kernel with ones: content */

    ROGUE_READ_FOREVER, /* maps what it has at ROGUE_MEMORY, and reads it without a call */

    /* Until signal ROGUE_ENOUGH is set each does one thing all the time, and is content: */
    ROGUE_BUSY_COMPUTE,
    ROGUE_BUSY_CALL,   /* NOOPs */
    ROGUE_BUSY_RING,   /* the doorbell, with no message */
    ROGUE_BUSY_PRINT,  /* as much as a message holds */
    ROGUE_BUSY_TREE,   /* grows a tree of capabilities, and revokes it */
    ROGUE_BUSY_MEMORY, /* takes memory, maps it, writes it, gives it back */
    ROGUE_BUSY_FAULT,  /* reads what is not mapped */
    ROGUE_BUSY_SIGNAL, /* says that it has set a signal */
    ROGUE_BUSY_PEER,   /* obtains from the VPE at ROGUE_OTHER, and revokes that */
    ROGUE_WORK,        /* calls and computes, and prints how long that took, in ticks: content */
    ROGUE_COUNT,
};

/* Where ROGUE_READ_FOREVER expects a memory capability. */
enum { ROGUE_MEMORY = 60 };
enum { ROGUE_OTHER = 2 };
enum { ROGUE_ENOUGH = 0 };

extern rescind_program *const rogue_programs[ROGUE_COUNT];

#endif

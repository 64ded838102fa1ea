/* The start-up module: which VPEs there are, what they hold, and what each of them does.
 *
 * The tool compiles a litmus file to one; the simulator runs it as it stands, and the PC image
 * gets it as its boot module (QEMU's -initrd). Little endian; every offset is in bytes from the
 * module's start and a multiple of 8. Repeats are unrolled: a program is a flat list of steps.
 * startup_check() of src/user/startup.h refuses whatever does not keep to this page; only a
 * module that passed it may be read through these structures.
 */
#ifndef RESCIND_STARTUP_H
#define RESCIND_STARTUP_H

#include <stdint.h>

#define RESCIND_STARTUP_MAGIC   0x32444e4353455255ull /* "URESCND2" */
#define RESCIND_STARTUP_VPES    256u                  /* at most so many VPEs, and signals */
#define RESCIND_STARTUP_SIGNALS 4096u
#define RESCIND_STARTUP_KERNELS 64u
#define RESCIND_STARTUP_FAULTS  64u
#define RESCIND_STARTUP_NODES   (1u << 22) /* at most so many pool nodes */
#define RESCIND_STARTUP_STEPS   (1u << 21) /* at most so many steps, all programs together */

struct rescind_startup {
    uint64_t magic;
    uint32_t size; /* of the whole module, bytes */
    uint32_t vpe_count;
    uint32_t grant_count;
    uint32_t signal_count; /* signals are numbered from 0 */
    uint32_t vpes;         /* offset of vpe_count struct rescind_startup_vpe */
    uint32_t grants;       /* offset of grant_count struct rescind_startup_grant */
    uint32_t kernel_count; /* at least 1 */
    uint32_t kernels;      /* offset of kernel_count struct rescind_startup_kernel */
    uint32_t fault_count;
    uint32_t faults; /* offset of fault_count struct rescind_startup_fault */
    uint64_t seed;   /* of the kernels' secrets; 0: the platform draws one */
    uint32_t work;   /* units of work an event, 0: the kernel's default */
    uint32_t watch;  /* print the derivation tree around REVOKEs of this selector; 0: none */
};

/* A kernel: on the PE of its number. */
struct rescind_startup_kernel {
    char name[40];     /* NUL-terminated; a longer name is cut */
    uint32_t nodes;    /* of its pool, 64 bytes each */
    uint32_t reserved; /* 0 */
};

struct rescind_startup_vpe {
    char name[40];       /* NUL-terminated; a longer name is cut */
    uint32_t steps;      /* offset of the first step; 0 with step_count 0: a passive VPE */
    uint32_t steps_size; /* bytes of all its steps */
    uint32_t step_count;
    uint32_t call_count; /* how many of them are calls (kind CALL) */
    uint32_t kernel;     /* whose VPE it is */
    uint32_t reserved;   /* 0 */
};

/* Before anything runs: `vpe` gets at `sel` a capability derived from selector 0 of `target`. */
struct rescind_startup_grant {
    uint32_t vpe;
    uint32_t sel;
    uint32_t target;
    uint32_t reserved; /* 0 */
};

/* What may go wrong, once each, at any time, or never. */
enum rescind_startup_fault_kind {
    RESCIND_FAULT_KILL = 1,    /* VPE `a` is ended */
    RESCIND_FAULT_EXHAUST = 2, /* the pool of kernel `a` runs out of nodes, for good */
    RESCIND_FAULT_DELAY = 3,   /* from then on, messages from kernel `a` to kernel `b` arrive only
                                  when nothing else can move */
};
struct rescind_startup_fault {
    uint32_t kind, a, b;
    uint32_t reserved; /* 0 */
};

enum rescind_startup_kind {
    RESCIND_STEP_CALL = 1,   /* send `size` payload bytes, which follow, and note the result */
    RESCIND_STEP_SIGNAL = 2, /* set signal `arg` */
    RESCIND_STEP_WAIT = 3,   /* until signal `arg` is set */
    RESCIND_STEP_RUN = 4,    /* run program `arg` of src/user/programs.c; failing, it stays here */
};

/* A step; its payload follows, padded to a multiple of 8. Only CALL has one (1 .. 487 bytes). */
struct rescind_startup_step {
    uint16_t kind;
    uint16_t size;
    uint32_t arg;
};

/* A result that was never set: EXIT's, and a step's not reached. Others are the error code. */
#define RESCIND_RESULT_NONE 0xffu

#endif

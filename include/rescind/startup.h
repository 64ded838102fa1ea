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

#define RESCIND_STARTUP_MAGIC       0x34444e4353455255ull /* "URESCND4" */
#define RESCIND_STARTUP_VPES        256u                  /* at most so many VPEs, and signals */
#define RESCIND_STARTUP_SIGNALS     4096u
#define RESCIND_STARTUP_KERNELS     64u
#define RESCIND_STARTUP_FAULTS      64u
#define RESCIND_STARTUP_NODES       (1u << 22) /* at most so many pool nodes */
#define RESCIND_STARTUP_STEPS       (1u << 21) /* at most so many steps, all programs together */
#define RESCIND_STARTUP_MEMORY      (1u << 26) /* at most so many bytes of a kernel's machine memory */
#define RESCIND_STARTUP_SERIALS_MAX 2u
#define RESCIND_STARTUP_TEXT        4096u /* at most so many bytes come to a serial port */

/* Serial ports for VPEs: X(port, interrupt line). */
#define RESCIND_STARTUP_SERIALS(X)                                                                 \
    X(0x3e8, 10)                                                                                   \
    X(0x2e8, 11)

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
    uint32_t serial_count;
    uint32_t serials; /* offset of serial_count struct rescind_startup_serial */
};

/* A kernel: on the PE of its number. */
struct rescind_startup_kernel {
    char name[40];     /* NUL-terminated; a longer name is cut */
    uint32_t nodes;    /* of its pool, 64 bytes each */
    uint32_t memory;   /* bytes of machine memory, whole pages (RESCIND_PAGE); 0: it has none */
    uint32_t vpes;     /* how many VPEs there can be at a time; those that are there at the start
                          are among them */
    uint32_t reserved; /* 0 */
};

enum rescind_startup_vpe_flags {
    RESCIND_STARTUP_CHILD = 1, /* not there at the start: it is the first VPE of this name that a
                                  CREATEVPE makes on its kernel, and runs from VPECTRL's start on */
};
struct rescind_startup_vpe {
    char name[40];       /* NUL-terminated; a longer name is cut */
    uint32_t steps;      /* offset of the first step; 0 with step_count 0: a passive VPE */
    uint32_t steps_size; /* bytes of all its steps */
    uint32_t step_count;
    uint32_t call_count; /* how many of them have a result: startup_has_result() */
    uint32_t kernel;     /* whose VPE it is */
    uint32_t flags;      /* enum rescind_startup_vpe_flags */
    uint32_t quota;      /* pool nodes of an account of its own; 0: it uses the kernel's common one,
                            or, a child, that of CREATEVPE */
    uint32_t reserved;   /* 0 */
};

/* Before anything runs (children are not there yet): `vpe` gets at `sel` a capability. What the
 * machine has of its own is not given out (user/startup.h), and no line twice. */
enum rescind_startup_grant_kind {
    RESCIND_GRANT_VPE = 0,   /* derived from selector 0 of VPE `target` */
    RESCIND_GRANT_IRQ = 1,   /* interrupt line `target` */
    RESCIND_GRANT_PORTS = 2, /* I/O ports, from the low 16 bits of `target` on; the high ones are
                                how many more */
};
struct rescind_startup_grant {
    uint32_t vpe;
    uint32_t sel;
    uint32_t target;
    uint32_t kind; /* enum rescind_startup_grant_kind */
};

/* What may go wrong, once each, at any time, or never. */
enum rescind_startup_fault_kind {
    RESCIND_FAULT_KILL = 1,      /* VPE `a`, no child, is ended */
    RESCIND_FAULT_EXHAUST = 2,   /* the pool of kernel `a` runs out of nodes, for good */
    RESCIND_FAULT_DELAY = 3,     /* from then on, messages from kernel `a` to kernel `b` arrive only
                                    when nothing else can move */
    RESCIND_FAULT_INTERRUPT = 4, /* there is an interrupt of line `a`, while it is unmasked, which
                                    some VPE has been given; several of one line may be there */
};
struct rescind_startup_fault {
    uint32_t kind, a, b;
    uint32_t reserved; /* 0 */
};

/* A serial port that there is for VPEs, with what comes to it from outside, byte by byte, each when
 * it pleases. (The PC's image leaves it alone: there the port is QEMU's.) */
struct rescind_startup_serial {
    uint32_t port;
    uint32_t text; /* offset of `size` bytes, padded to a multiple of 8 */
    uint32_t size;
    uint32_t reserved; /* 0 */
};

enum rescind_startup_kind {
    RESCIND_STEP_CALL = 1,   /* send the payload and note the result */
    RESCIND_STEP_SIGNAL = 2, /* set signal `arg` */
    RESCIND_STEP_WAIT = 3,   /* until signal `arg` is set */
    RESCIND_STEP_RUN = 4,    /* run program `arg` of src/user/programs.c; failing, it stays here */
    RESCIND_STEP_LOAD = 5,   /* read 8 bytes at a virtual address, by an ordinary instruction; the
                                payload is the address. Its result is like a call's: NO_ERROR,
                                NO_MAPPING or NO_PERM, and the word behind it what was read */
    RESCIND_STEP_STORE = 6,  /* write 8 bytes; the payload is the address and the value */
};

/* `arg` of a CALL: the third 8-byte word of its payload is filled in when it is sent, with the id
 * of the message that this VPE's last RECEIVE answered OK brought from the endpoint that the second
 * word names (0 if there was none). */
enum { RESCIND_STEP_LAST_MESSAGE = 1 };

/* A step. Its payload follows, padded to a multiple of 8: 1 .. 487 bytes of a CALL, 8 of a LOAD,
 * 16 of a STORE, none of others. Behind it come its checks. */
struct rescind_startup_step {
    uint8_t kind;   /* enum rescind_startup_kind */
    uint8_t checks; /* of CALL and LOAD, at most RESCIND_STARTUP_CHECKS */
    uint16_t size;  /* of the payload */
    uint32_t arg;
};

/* What an answer must say for the result to be NO_ERROR: 8-byte word `word` of the reply's payload,
 * counted from 0, is `value`. Word 0 is the error code. */
#define RESCIND_STARTUP_CHECKS 4u
struct rescind_startup_check {
    uint64_t word;
    uint64_t value;
};

/* A result is the error code, or one of these. */
#define RESCIND_RESULT_OTHER                                                                       \
    0xfeu                         /* NO_ERROR, but the answer is not what the step's checks say    \
                                   */
#define RESCIND_RESULT_NONE 0xffu /* never set: EXIT's, and a step's not reached */

#endif

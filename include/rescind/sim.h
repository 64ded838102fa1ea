/* The simulator: a machine with one kernel, or many, whose VPEs are C functions of yours.
 *
 *     static int client(struct rescind_env *env)
 *     {
 *         return rescind_creategate(env, 0, 20, 0xDEAD, 4, 16) != RESCIND_NO_ERROR;
 *     }
 *     ...
 *     struct rescind_sim *sim = rescind_sim_new(&(struct rescind_sim_options){.seed = 1});
 *     int vpe = rescind_sim_add_vpe(sim, "VPE0", client, NULL);
 *     if (rescind_sim_run(sim) != RESCIND_SIM_QUIET) puts(rescind_sim_message(sim));
 *     ... rescind_sim_cap(sim, vpe, RESCIND_TABLE_OBJECT, 20, &cap) ...
 *     rescind_sim_free(sim);
 *
 * Each kernel in it is the one that boots on the PC, compiled from the same sources, with its
 * invariants audited after every event if you ask for it. A process may hold any number of
 * simulators; each is used by one thread at a time. The same options and programs do the same,
 * every time. Programs are not preempted: one that loops without a call never gives the processor
 * back.
 */
#ifndef RESCIND_SIM_H
#define RESCIND_SIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rescind/abi.h"
#include "rescind/board.h" /* models of a PC's devices, and their faults */
#include "rescind/user.h"

#ifdef __cplusplus
extern "C" {
#endif

#pragma GCC visibility push(default)

struct rescind_sim;

enum rescind_sim_schedule {
    RESCIND_SIM_FIFO,   /* what became possible first happens first */
    RESCIND_SIM_RANDOM, /* drawn from the seed */
    RESCIND_SIM_PCT,    /* probabilistic concurrency testing: priorities drawn from the seed, which
                           change a few times */
};

/* All zeros is a good choice but for the seed. */
struct rescind_sim_options {
    uint32_t vpes;  /* at most so many VPEs a kernel; 0: 16 */
    uint32_t nodes; /* capabilities and objects in a kernel's pool, 64 bytes each; 0: 65536 */
    uint32_t work;  /* units of work of a kernel an event (rescind/kernel.h); 0: its default */
    uint64_t seed;  /* of the kernels' secrets and of the schedule */
    enum rescind_sim_schedule schedule;
    bool audit;        /* check every invariant after every event */
    size_t stack_size; /* of each program, bytes; 0: 64 KiB */
    /* What programs print; NULL: thrown away. */
    void (*print)(void *context, const char *text, size_t size);
    void *print_context;
    uint32_t kernels; /* at most 64; 0: 1 */
    uint32_t depth;   /* of PCT: so many - 1 times priorities change; 0: 3 */
    uint32_t memory;  /* bytes of machine memory a kernel, in pages of RESCIND_PAGE, of which each
                         VPE takes RESCIND_VPE_MEMORY; 0: none, and then no CREATEVPE, REQMEM or
                         messages between VPEs */
};

/* A simulator, or NULL where there is no memory or the options make no sense. The caller frees it.
 * Cost: the pool's memory is touched as it is used, not here. */
struct rescind_sim *rescind_sim_new(const struct rescind_sim_options *options);
void rescind_sim_free(struct rescind_sim *sim);

/* Adds a VPE to kernel 0, before the first run: its number (from 0, in the order of the calls), or
 * -1 where no VPE is left or the pool is short. It holds itself at selector 0 and its memory at 1.
 * `program` NULL makes it passive. `argument` is the program's rescind_sim_argument(). The name is
 * copied. */
int rescind_sim_add_vpe(struct rescind_sim *sim, const char *name, rescind_program *program,
                        void *argument);
/* The same on any kernel; VPEs are numbered over all of them. -1 also where there is no such
 * kernel. To itself, in its struct rescind_env, a program is VPE so many of its kernel's. */
int rescind_sim_add_vpe_on(struct rescind_sim *sim, uint32_t kernel, const char *name,
                           rescind_program *program, void *argument);
void *rescind_sim_argument(const struct rescind_env *env);

/* Adds, before the first run, a VPE that is not there yet: its number, or -1 where there is no such
 * kernel. The first CREATEVPE of this name on the kernel makes it (of several with the same name
 * the first makes the first, and so on), and its program runs once VPECTRL has started it. A VPE
 * that some CREATEVPE makes, and none was added for, is there but never runs. */
int rescind_sim_child(struct rescind_sim *sim, uint32_t kernel, const char *name,
                      rescind_program *program, void *argument);

/* Before the first run: what `vpe`, which is no child, makes from now on is taken from an account
 * of its own, of so many pool nodes. INV_ARGS: no such VPE; OUT_OF_MEM: the pool has not so many,
 * or it has such an account already. */
enum rescind_error rescind_sim_quota(struct rescind_sim *sim, int vpe, uint32_t nodes);

/* Before the first run: `vpe` gets at `sel` a capability derived from selector 0 of `target`.
 * INV_ARGS: no such VPE, or the selector is taken; OUT_OF_MEM. */
enum rescind_error rescind_sim_grant(struct rescind_sim *sim, int vpe, uint32_t sel, int target);

/* Before the first run: `vpe`, which is no child, gets at `sel` interrupt line `line` (0 ..
 * RESCIND_IRQ_LINES - 1), which nobody else has; or I/O ports first .. first + count - 1. INV_ARGS
 * where that is not so, or the selector is taken; OUT_OF_MEM. */
enum rescind_error rescind_sim_irq(struct rescind_sim *sim, int vpe, uint32_t sel, uint32_t line);
enum rescind_error rescind_sim_ports(struct rescind_sim *sim, int vpe, uint32_t sel, uint32_t first,
                                     uint32_t count);
/* Before the first run: there is a serial port, a 16550A, at `port` (0x3e8, whose interrupt line is
 * 10, or 0x2e8: 11), to which these bytes come from outside. Each comes when the line is unmasked,
 * the one before it has been taken, and the schedule says so. False: there is none at `port`, or
 * there is one already. */
bool rescind_sim_serial(struct rescind_sim *sim, uint16_t port, const void *bytes, size_t size);
/* What it has sent since it was last asked: copies and forgets `size` bytes at most; how many. */
size_t rescind_sim_serial_sent(struct rescind_sim *sim, uint16_t port, void *bytes, size_t size);

enum rescind_sim_result {
    RESCIND_SIM_QUIET,  /* every program has returned or ended, or is a child's that was never
                           started */
    RESCIND_SIM_STUCK,  /* nothing can move any more, but some program has not returned */
    RESCIND_SIM_BROKEN, /* an invariant of the kernel does not hold, or there was no memory for a
                           program's stack: rescind_sim_message(). It can't be run again. */
};
/* Runs until nothing can move any more. */
enum rescind_sim_result rescind_sim_run(struct rescind_sim *sim);

/* What the last run had to say, in one line; "" when it was quiet. Valid until the next run. */
const char *rescind_sim_message(const struct rescind_sim *sim);

/* Ends a VPE as a fault on the PC would; its EXIT happens in the next run. */
void rescind_sim_kill(struct rescind_sim *sim, int vpe, uint32_t code);

/* Has the VPE's program returned? Then *value (may be NULL) is what it returned. */
bool rescind_sim_returned(const struct rescind_sim *sim, int vpe, int *value);
/* Has the VPE ended: by EXIT, or killed? */
bool rescind_sim_ended(const struct rescind_sim *sim, int vpe);
/* Has the VPE been started: at the start, or as a child by VPECTRL? */
bool rescind_sim_started(const struct rescind_sim *sim, int vpe);

/* Machine memory of a kernel, `size` bytes from address `addr` on, past all rights, between two
 * runs. False, and nothing is copied: there is no such kernel or memory. */
bool rescind_sim_read(const struct rescind_sim *sim, uint32_t kernel, uint64_t addr, void *bytes,
                      size_t size);
bool rescind_sim_write(struct rescind_sim *sim, uint32_t kernel, uint64_t addr, const void *bytes,
                       size_t size);

/* In place of the VPE of a parent: it is one that was not added here, or the kernel, whose list of
 * services' names sessions are derived from. */
enum { RESCIND_SIM_KERNEL = -1, RESCIND_SIM_OTHER_VPE = -2 };

struct rescind_sim_cap {
    int vpe;
    uint32_t kind; /* enum rescind_table_kind */
    uint32_t sel;
    uint32_t type; /* enum rescind_cap_type */
    bool has_parent;
    int parent_vpe; /* or one of the two above */
    uint32_t parent_kind, parent_sel;
};
/* The first capability at or after selector `from` of a table. False: there is none. O(log n). */
bool rescind_sim_cap(const struct rescind_sim *sim, int vpe, uint32_t kind, uint64_t from,
                     struct rescind_sim_cap *cap);

/* Virtual time: one tick a move. Events of kernels: messages taken and turns of work. */
uint64_t rescind_sim_time(const struct rescind_sim *sim);
uint64_t rescind_sim_events(const struct rescind_sim *sim);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif

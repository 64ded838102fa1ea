/* The machine: one kernel, its VPEs' programs, a virtual clock, and a scheduler that chooses
 * what happens next. Everything it does follows from its options, its programs and its seed.
 *
 * A move is one of: a VPE's program runs until it waits; the kernel takes one message; the kernel
 * works once on one call. Under `fifo` moves happen in the order in which they became possible,
 * under `random` each possible move is as likely as any other. Each move is one tick of the clock.
 * Used by the tool, the tests and the public face (sim/public.c).
 */
#ifndef RESCIND_SIM_MACHINE_H
#define RESCIND_SIM_MACHINE_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "rescind/kernel.h"
#include "rescind/sim.h"
#include "rescind/user.h"
#include "sim/outcome.h"

enum machine_audit {
    AUDIT_NEVER,
    AUDIT_SPARSE, /* so often that its cost stays in proportion to the events', and at the end */
    AUDIT_ALWAYS, /* after every event */
};

/* Something that happened, at one tick. */
enum machine_report_kind {
    REPORT_PROGRAM,  /* the program of `vpe` moved */
    REPORT_MESSAGE,  /* the kernel takes a message of `vpe`, `value` is its opcode */
    REPORT_WORK,     /* the kernel works on the call of `vpe` */
    REPORT_REPLY,    /* the call of `vpe` is answered, `value` is the error code */
    REPORT_ENDED,    /* `vpe` has ended, `value` is its exit code */
    REPORT_BAD_RING, /* a ring of `vpe` makes no sense: it is being ended */
};
struct machine_report {
    enum machine_report_kind kind;
    uint32_t vpe;
    const char *vpe_name;
    uint32_t value;
    uint64_t time;
};

struct machine_options {
    uint32_t vpes;  /* at most so many */
    uint32_t nodes; /* of the kernel's pool */
    uint32_t work;  /* see struct rescind_kernel_config */
    uint64_t seed;  /* of the kernel's secret and of the schedule */
    bool random;    /* the schedule: false is fifo */
    size_t stack;   /* of each C program, bytes; 0: 64 KiB */
    enum machine_audit audit;
    uint32_t watch; /* print the derivation tree around REVOKEs of this selector; 0: none */
    /* Text from programs and the watch; NULL: thrown away. */
    void (*print)(void *context, const char *text, size_t size);
    /* Told of everything that happens, when it happens; NULL: not wanted. */
    void (*report)(void *context, const struct machine_report *report);
    /* Every message before the kernel takes it; NULL: not wanted. */
    void (*capture)(void *context, uint32_t vpe, const void *message, size_t size);
    void *context;
};

struct machine;

/* What the build wants audited: after every event in debug and fuzzing builds. */
enum machine_audit machine_default_audit(void);

/* NULL with *error set where there is no memory or the options make no sense. */
struct machine *machine_new(const struct machine_options *options, GError **error);
void machine_free(struct machine *m);

/* Adds a VPE, before the machine runs; its number counts from 0, or -1 where none is left or the
 * pool is short. Passive until one of the next two gives it a program. */
int machine_vpe(struct machine *m, const char *name);
void machine_rename(struct machine *m, uint32_t vpe, const char *name);
void machine_function(struct machine *m, uint32_t vpe, rescind_program *program, void *argument);
void machine_steps(struct machine *m, uint32_t vpe, const void *module);
enum rescind_error machine_grant(struct machine *m, uint32_t vpe, uint32_t sel, uint32_t target);

/* The whole of a start-up module that passed startup_check() and outlives the machine. */
struct machine *machine_load(const struct machine_options *options, const void *module,
                             GError **error);

enum machine_end {
    MACHINE_QUIET,   /* nothing can move any more */
    MACHINE_STOPPED, /* `until` said so */
    MACHINE_BROKEN,  /* an invariant is broken, or there is no memory: machine_finding() */
};
/* Runs until nothing can move. `until` (may be NULL) is asked after each move. */
enum machine_end machine_run(struct machine *m, bool (*until)(struct machine *m, void *data),
                             void *data);
const char *machine_finding(const struct machine *m);

void machine_kill(struct machine *m, uint32_t vpe, uint32_t code);

/* How things stand with a VPE's program. */
struct machine_status {
    bool ended;        /* the VPE has ended */
    bool through;      /* the program has finished, or there is none */
    int value;         /* what a C function returned */
    uint32_t position; /* the step it stands at */
};
struct machine_status machine_status(const struct machine *m, uint32_t vpe);

uint64_t machine_time(const struct machine *m);   /* ticks */
uint64_t machine_events(const struct machine *m); /* kernel events */
struct rescind_kernel *machine_kernel(struct machine *m);
const char *machine_vpe_name(void *machine, uint32_t vpe);

/* What the run has left behind. The caller frees it. */
struct outcome *machine_outcome(struct machine *m);

#endif

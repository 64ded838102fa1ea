/* The machine: kernels, their VPEs' programs, the channels between the kernels, and a virtual
 * clock. What can happen next is a list of choices; a schedule is which of them was made, one
 * after the other. Everything the machine does follows from its options, its programs, its seed
 * and its schedule.
 *
 * A choice is one event of one kernel at most (enum machine_choice_kind), and one tick of the
 * clock. Under `fifo` choices are made in the order in which they became possible, under `random`
 * each is as likely as any other, `pct` is probabilistic concurrency testing: sim/schedule.c.
 * Whoever wants every choice in its own hands uses machine_choices() and machine_choose().
 * Used by the tool, the explorer, the tests and the public face (sim/public.c).
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
    AUDIT_ENDS,   /* when somebody says that this is an end: machine_audit() */
    AUDIT_SPARSE, /* so often that its cost stays in proportion to the events', and at the end */
    AUDIT_ALWAYS, /* after every event, of the kernel that had it */
};

enum machine_schedule { SCHEDULE_FIFO, SCHEDULE_RANDOM, SCHEDULE_PCT };

#define MACHINE_NO_VPE UINT32_MAX

/* Something that happened, at one tick. */
enum machine_report_kind {
    REPORT_PROGRAM,   /* the program of `vpe` moved */
    REPORT_MESSAGE,   /* the kernel takes a message of `vpe`, `value` is its opcode */
    REPORT_WORK,      /* the kernel works on `task`: of `vpe` where that is a VPE's call */
    REPORT_REPLY,     /* the call of `vpe` is answered, `value` is the error code */
    REPORT_ENDED,     /* `vpe` has ended, `value` is its exit code */
    REPORT_BAD_RING,  /* a ring of `vpe` makes no sense: it is being ended */
    REPORT_TELL,      /* message `number`, of `value` bytes, leaves kernel `from` for kernel `to` */
    REPORT_HEAR,      /* it arrives */
    REPORT_FAULT,     /* fault `value` of the module strikes, at `vpe` or at the kernel */
    REPORT_CREATED,   /* there is a new VPE, of number `value` on its kernel: `vpe`, or one that the
                         machine does not know */
    REPORT_STARTED,   /* it runs */
    REPORT_INTERRUPT, /* of line `value`: the kernel is told */
};
struct machine_report {
    enum machine_report_kind kind;
    uint32_t kernel;      /* where; of a fault that delays messages: who sends them */
    uint32_t vpe;         /* or MACHINE_NO_VPE */
    const char *vpe_name; /* or NULL */
    uint32_t value;
    struct rescind_kernel_task task; /* WORK */
    uint32_t from, to;               /* TELL, HEAR */
    uint64_t number;                 /* counts all messages of the machine from 0 */
    uint64_t time;
    const struct machine *machine; /* to ask for names */
};

struct machine_options {
    uint32_t kernels; /* 0: 1 */
    uint32_t vpes;    /* at most so many a kernel */
    uint32_t nodes;   /* of each kernel's pool */
    uint32_t memory;  /* bytes of each kernel's machine memory, in pages; 0: none */
    uint32_t work;    /* see struct rescind_kernel_config */
    uint64_t seed;    /* of the kernels' secrets and of the schedule */
    enum machine_schedule schedule;
    uint32_t depth;  /* of PCT: changes of priority + 1; 0: 3 */
    uint32_t length; /* of PCT: choices that a run is expected to take; 0: guessed */
    size_t stack;    /* of each C program, bytes; 0: 64 KiB */
    enum machine_audit audit;
    uint32_t watch; /* print the derivation tree around REVOKEs of this selector; 0: none */
    /* Text from programs and the watch; NULL: thrown away. */
    void (*print)(void *context, const char *text, size_t size);
    /* Told of everything that happens, when it happens; NULL: not wanted. */
    void (*report)(void *context, const struct machine_report *report);
    /* Every message before its kernel takes it; NULL: not wanted. */
    void (*capture)(void *context, uint32_t vpe, const void *message, size_t size);
    void *context;
};

struct machine;

/* What the build wants audited: after every event in debug and fuzzing builds. */
enum machine_audit machine_default_audit(void);

/* ---- Making one ---------------------------------------------------------------------------- */

/* NULL with *error set where there is no memory or the options make no sense. */
struct machine *machine_new(const struct machine_options *options, GError **error);
void machine_free(struct machine *m);

/* The whole of a start-up module that passed startup_check() and outlives the machine. */
struct machine *machine_load(const struct machine_options *options, const void *module,
                             GError **error);

/* Adds a VPE to a kernel, before the machine runs; its number counts from 0 over all kernels, or -1
 * where none is left or the pool is short. Passive until one of the next two gives it a program. */
int machine_vpe(struct machine *m, uint32_t kernel, const char *name);
/* Adds one that is not there yet: the first CREATEVPE of its name on its kernel makes it (where
 * several have the same name, the first makes the first, and so on), and it runs once VPECTRL has
 * started it. One that is never started is not stuck. */
int machine_child(struct machine *m, uint32_t kernel, const char *name);
/* What the VPE, no child, makes from now on is taken from an account of its own. */
enum rescind_error machine_quota(struct machine *m, uint32_t vpe, uint32_t nodes);
void machine_function(struct machine *m, uint32_t vpe, rescind_program *program, void *argument);
void machine_steps(struct machine *m, uint32_t vpe, const void *module);
/* `vpe` gets at `sel` a capability derived from selector 0 of `target`, of whatever kernel.
 * INV_ARGS also for children. */
enum rescind_error machine_grant(struct machine *m, uint32_t vpe, uint32_t sel, uint32_t target);

/* The VPE, no child, gets at `sel` interrupt line `line`, which nobody else has been given; or
 * ports. INV_ARGS, OUT_OF_MEM. */
enum rescind_error machine_irq(struct machine *m, uint32_t vpe, uint32_t sel, uint32_t line);
enum rescind_error machine_ports(struct machine *m, uint32_t vpe, uint32_t sel, uint32_t first,
                                 uint32_t count);

/* There is a serial port at `port` (COM3 or COM4: RESCIND_STARTUP_SERIALS), to which these bytes
 * come from outside, one after the other, each when it pleases. The machine has a board of models
 * then. False: there is no such port, or it is there already. */
bool machine_serial(struct machine *m, uint16_t port, const void *bytes, size_t size);
/* What it has sent since it was last asked: so many bytes, `size` at most, which are forgotten. */
size_t machine_serial_sent(struct machine *m, uint16_t port, void *bytes, size_t size);
/* The kernels whose VPEs may reach the board, a bit each. */
uint64_t machine_on_board(const struct machine *m);

void machine_rename(struct machine *m, uint32_t vpe, const char *name);
void machine_rename_kernel(struct machine *m, uint32_t kernel, const char *name);

/* ---- Kernels and VPEs ---------------------------------------------------------------------- */

uint32_t machine_kernels(const struct machine *m);
const struct rescind_kernel *machine_look(const struct machine *m, uint32_t kernel);
/* The same for who wants to change it behind the machine's back, for tests and measurements: from
 * now on the machine does not count on anything it knows of it. */
struct rescind_kernel *machine_kernel(struct machine *m, uint32_t kernel);
const char *machine_kernel_name(const struct machine *m, uint32_t kernel);

uint32_t machine_vpes(const struct machine *m);
const char *machine_vpe_name(const struct machine *m, uint32_t vpe);
/* The kernel that a VPE lives on, and its number there; and the other way about. MACHINE_NO_VPE:
 * the child is not there, or was and its number is another VPE's now; the machine does not know the
 * VPE of this number, which some CREATEVPE has made whose name it has no child for. */
void machine_place(const struct machine *m, uint32_t vpe, uint32_t *kernel, uint32_t *local);
uint32_t machine_vpe_at(const struct machine *m, uint32_t kernel, uint32_t local);

/* One that is not there is left alone. */
void machine_kill(struct machine *m, uint32_t vpe, uint32_t code);

/* How things stand with a VPE's program. */
struct machine_status {
    bool ended;        /* the VPE has ended */
    bool asleep;       /* it is a child that has not been started, or is not even there yet */
    bool through;      /* the program has finished, or there is none */
    int value;         /* what a C function returned */
    uint32_t position; /* the step it stands at */
};
struct machine_status machine_status(const struct machine *m, uint32_t vpe);

uint64_t machine_time(const struct machine *m);   /* ticks */
uint64_t machine_events(const struct machine *m); /* of all kernels */

/* The first capability of a table of `vpe` at or after selector `from`; its parent is resolved
 * whatever kernel it is on. False: there is none. */
bool machine_cap(const struct machine *m, uint32_t vpe, uint32_t kind, uint64_t from,
                 struct outcome_cap *cap);

/* What the run has left behind. The caller frees it. */
struct outcome *machine_outcome(const struct machine *m);

/* ---- Choices ------------------------------------------------------------------------------- */

enum machine_choice_kind {
    CHOICE_VPE,   /* a: VPE. Its program goes on by one step (a wait whose signal is set is passed
                     with the step before it); a step that sends a message includes the event in
                     which its kernel takes it. A C function runs until it waits, or is about to
                     read or write what is mapped for it; that its kernel takes its message is a
                     choice of its own. While it can't be said what is mapped there, such a step is
                     none. */
    CHOICE_WORK,  /* a: kernel, b: task. One turn of work on that task of its ready line. Read from
                     words it is MACHINE_TASK_OF a child, whose number on its kernel is not known
                     before it is made */
    CHOICE_HEAR,  /* a: kernel, b: kernel. a hears the oldest message that is on its way from b */
    CHOICE_FAULT, /* a: number of the fault in the module, b: of an EXHAUST: nodes that can still be
                     had (0 .. MACHINE_EXHAUST_MAX), else 0 */
    CHOICE_INTERRUPT, /* a: line. A device gets what is to come from outside, until there is an
                         interrupt of its line; then the kernel is told */
};
enum { MACHINE_EXHAUST_MAX = 3 };
#define MACHINE_TASK_OF(vpe) (1u << 31 | (vpe))
struct machine_choice {
    uint32_t kind; /* enum machine_choice_kind */
    uint32_t a, b;
};

/* All choices that the machine has now, ordered by kind, a and b, appended to `out` (a GArray of
 * struct machine_choice). */
void machine_choices(const struct machine *m, GArray *out);
bool machine_possible(const struct machine *m, const struct machine_choice *choice);

/* The kernels whose memory the next step of a VPE reads or writes through what is mapped for it, a
 * bit each. (Any other step touches the VPE's own kernel alone.) */
uint64_t machine_reaches(const struct machine *m, uint32_t vpe);

/* Nothing can move any more. Faults are no moves: they may strike now, or never. */
bool machine_at_end(const struct machine *m);

/* Makes one of them happen, the audit included. False: an invariant broke (machine_finding()). Not
 * one of them: a programming error. */
bool machine_choose(struct machine *m, const struct machine_choice *choice);

/* At the end: the audit of every kernel and of what links them. False: machine_finding(). */
bool machine_audit(struct machine *m);

/* What the last choice did that an observer of the calls can see, in its order: a GArray of struct
 * machine_observed. Good until the next choice. */
enum machine_observed_kind {
    OBSERVED_CALL,      /* its kernel takes a message */
    OBSERVED_REPLY,     /* the call is answered with `error` */
    OBSERVED_ENDED,     /* the VPE has ended: by its EXIT or by force */
    OBSERVED_KILL,      /* a fault strikes it: it will end */
    OBSERVED_INTERRUPT, /* there is an interrupt: its kernel is told */
};
struct machine_observed {
    enum machine_observed_kind kind;
    uint32_t vpe;        /* INTERRUPT: the line */
    const void *message; /* CALL: the payload, `size` bytes */
    size_t size;
    uint32_t error; /* REPLY */
};
const GArray *machine_observed(const struct machine *m);

/* ---- Choices in words: one line each, without its line feed --------------------------------
 *
 *     VPE0 moves | K0 works on VPE1 | K0 works for K1 | K0 exchanges for K1 0 | K0 hears K1 |
 *     fault 0 | fault 1 2 | line 10                                   (2: nodes that are left)
 *
 * A VPE that the machine does not know goes by its number on its kernel: K0 works on ?3
 */
char *machine_choice_text(const struct machine *m, const struct machine_choice *choice);
bool machine_choice_parse(const struct machine *m, const char *line, struct machine_choice *out);

/* A whole schedule, a line each; `#` starts a comment and blank lines mean nothing. NULL: *error is
 * "FILE:LINE: message". The caller frees what comes back. */
char *machine_schedule_text(const struct machine *m, const GArray *choices);
GArray *machine_schedule_parse(const struct machine *m, const char *file, const char *text,
                               char **error);

/* ---- Running ------------------------------------------------------------------------------- */

enum machine_end {
    MACHINE_QUIET,   /* nothing can move any more */
    MACHINE_STOPPED, /* `until` said so */
    MACHINE_BROKEN,  /* an invariant is broken, or there is no memory: machine_finding() */
};
/* Runs until nothing can move, under the schedule of the options: under `fifo` no fault strikes.
 * `until` (may be NULL) is asked after each choice. */
enum machine_end machine_run(struct machine *m, bool (*until)(struct machine *m, void *data),
                             void *data);

/* Makes the choices of a schedule. STOPPED: *at is the first that the machine does not have, or
 * their number where the machine could still move behind the last. `done` (may be NULL) is told of
 * each one that has been made. */
enum machine_end machine_follow(struct machine *m, const GArray *choices, guint *at,
                                void (*done)(struct machine *m, guint at, void *data), void *data);

/* From now on each choice that is made is appended to `choices`, which outlives the machine. */
void machine_record(struct machine *m, GArray *choices);

const char *machine_finding(const struct machine *m);

/* ---- Snapshots ----------------------------------------------------------------------------- */

/* Whether the machine can be saved: its programs are steps, none of which runs a C function. */
bool machine_can_save(const struct machine *m);

/* A copy of everything that matters to the future, between two choices: the used parts of the
 * arenas, channels, positions, results, signals, faults struck. Reuses `into` (NULL: a new one).
 * NULL: there is no memory, and `into` can be used again, but not restored from.
 * Restoring is memcpy, into the machine that was saved or into one made in the same way; kernels
 * that have not changed since are left as they are. */
struct machine_snapshot;
struct machine_snapshot *machine_save(const struct machine *m, struct machine_snapshot *into);
void machine_restore(struct machine *m, const struct machine_snapshot *s);
void machine_snapshot_free(struct machine_snapshot *s);
size_t machine_snapshot_size(const struct machine_snapshot *s);

/* Equal for machines whose futures are equal, whatever nodes of the pools they use: sim/state.c.
 * Good for machines made in the same way. Time is not in it. Kept for each kernel, and found out
 * anew for those that have changed. */
uint64_t machine_hash(const struct machine *m);

#endif

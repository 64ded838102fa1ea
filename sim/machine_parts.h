/* What a machine is made of, for the files of the machine alone:
 *
 *     machine.c   making one, its kernels and VPEs, looking at it
 *     move.c      making a choice happen: programs, events, messages, faults, the audit
 *     devices.c   interrupt lines and ports, and the board behind them
 *     touch.c     what programs read and write in memory that is mapped for them
 *     choice.c    what can be chosen, and choices in words
 *     schedule.c  the schedules, running and following
 *     snapshot.c  saving, restoring, the state's number
 */
#ifndef RESCIND_SIM_MACHINE_PARTS_H
#define RESCIND_SIM_MACHINE_PARTS_H

#include "rescind/board.h"
#include "rescind/startup.h"
#include "sim/channel.h"
#include "sim/coroutine.h"
#include "sim/machine.h"
#include "user/steps.h"

enum program_kind { PASSIVE, FUNCTION, STEPS };

enum { AWAITS_NOTHING = -1, AWAITS_NEVER = G_MAXINT32 /* a signal nobody sets */ };

struct machine_vpe {
    struct machine *machine;
    uint32_t number, kernel;
    uint32_t local; /* its number there; MACHINE_NO_VPE: it has none yet, or none any more */
    char *name;
    bool child; /* some CREATEVPE of its name makes it */
    bool gone;  /* it has ended, and its number there is another VPE's now */
    enum program_kind kind;
    bool through;         /* the program has finished */
    bool queued;          /* stands in the queue */
    bool calls_functions; /* its program is a C function, or one of its steps is a RUN */
    bool touches;         /* it may read or write memory that is mapped */
    bool held;            /* a C function is about to, at held_at */
    uint64_t held_at;
    int32_t awaits;       /* the signal that it waits for */
    struct coroutine *co; /* FUNCTION, and STEPS while one of them is a RUN */
    rescind_program *program;
    void *argument;
    int value; /* what the program returned */
    struct rescind_env env;
    struct steps steps;
    GByteArray *results; /* of the steps done that have one: those below steps.calls */
    uint64_t results_hash;
};

/* What is known of a kernel's state, so that it need not be found out again. */
struct machine_known {
    uint64_t version;  /* of its contents: while it is the same so are they; never 0 */
    uint64_t stubs_of; /* the version that had stubs of this number (sim/state.h); 0: none */
    uint64_t stubs;
    uint64_t hash_of;   /* and the version that had this state's number, */
    uint64_t hash_with; /* with stubs of the other kernels of this number */
    uint64_t hash;
};

struct machine_kernel {
    char *name;
    void *arena;
    size_t arena_size;
    struct rescind_kernel *kernel;
    GArray *vpes; /* uint32_t: the machine's number of each of its VPEs, or MACHINE_NO_VPE */
    bool queued;  /* its work stands in the queue */
    uint64_t events, audited_at;
    struct machine_known known;
    bool lent; /* who has asked for it may change it at any time: what is known is not believed */
};

/* An interrupt line. */
struct machine_line {
    int32_t kernel; /* that it goes to; -1: none, nobody has been given it */
    bool unmasked;
    bool queued;
};

/* A serial port with something to read from outside. */
struct machine_serial {
    uint16_t port;
    uint32_t line;
    uint32_t read; /* so many of the bytes have come */
    GBytes *text;
};

struct machine_fault {
    struct rescind_startup_fault what;
    bool struck;
};

/* Choices in the order in which they became possible. One that has ceased to be is passed over when
 * its turn comes. Of a kernel's work it holds one, for whatever task is then first in the line. */
struct queue {
    GArray *choices; /* struct machine_choice */
    guint head;      /* the first one in it */
};

struct machine {
    struct machine_options options;
    GPtrArray *vpes; /* struct machine_vpe * */
    struct machine_kernel *kernels;
    uint32_t kernel_count;
    struct channels channels;
    uint8_t *signals;
    uint32_t signal_count; /* so many that a program names */
    GArray *faults;        /* struct machine_fault */
    struct machine_line lines[RESCIND_IRQ_LINES];
    bool has_lines;              /* somebody has been given one */
    uint64_t on_board;           /* kernels whose VPEs may reach the board, a bit each */
    struct rescind_board *board; /* or NULL: nothing is behind any port */
    GArray *serials;             /* struct machine_serial */

    uint64_t serial;   /* no other machine of this process has it */
    uint64_t versions; /* of kernels, given so far */
    uint64_t time, events, messages;
    int32_t touched;          /* the kernel that has had an event by the last choice, or -1 */
    GArray *observed;         /* struct machine_observed, of the last choice */
    GArray *record;           /* or NULL */
    int watching;             /* the VPE whose REVOKE is watched, or -1 */
    bool touched_by_programs; /* there are VPEs that may touch mapped memory */
    size_t stack;
    char *finding;

    GRand *random;
    struct queue queue;
    struct queue delayed;   /* messages that wait until nothing else can move */
    GArray *scratch;        /* struct machine_choice */
    GHashTable *priorities; /* PCT: of those whose priority has changed */
    GArray *changes;        /* PCT: uint64_t, when priorities will change, the next one last */
};

static inline struct machine_vpe *vpe_of(const struct machine *m, uint32_t vpe)
{
    return g_ptr_array_index(m->vpes, vpe);
}

static inline struct rescind_kernel *kernel_of(const struct machine *m, const struct machine_vpe *v)
{
    return m->kernels[v->kernel].kernel;
}

static inline struct machine_fault *fault_of(const struct machine *m, uint32_t fault)
{
    return &g_array_index(m->faults, struct machine_fault, fault);
}

/* To be called before anything changes the kernel. */
static inline void kernel_changes(struct machine *m, uint32_t kernel)
{
    m->kernels[kernel].known.version = ++m->versions;
}

/* A child that is not there yet is ASLEEP. */
static inline enum rescind_vpe_state state_of(const struct machine *m, const struct machine_vpe *v)
{
    if (v->local == MACHINE_NO_VPE)
        return v->gone ? RESCIND_VPE_ENDED : RESCIND_VPE_ASLEEP;
    return rescind_kernel_vpe_state(kernel_of(m, v), v->local);
}

/* A mixer of numbers: splitmix64's. */
static inline uint64_t mix64(uint64_t x)
{
    x += 0x9e3779b97f4a7c15ull;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
    return x ^ (x >> 31);
}

/* move.c. Makes a choice happen that is possible. */
void move(struct machine *m, const struct machine_choice *choice);
/* The audit that the options ask for after a choice. */
bool move_audit(struct machine *m);
/* Passes the waits that the VPE stands at whose signals are set. */
void move_settle(struct machine *m, struct machine_vpe *v);

/* machine.c. VPE `local` of the kernel is `v` from now on; NULL: one that the machine does not
 * know. */
void machine_bind(struct machine *m, uint32_t kernel, uint32_t local, struct machine_vpe *v);

/* devices.c. What a kernel says of its lines, a bit each. */
void devices_mask(struct machine *m, uint32_t kernel, uint32_t lines, bool masked);
/* The port access that a VPE wants: what was read. */
uint32_t devices_access(struct machine *m, const struct rescind_kernel *k, uint32_t vpe);
/* Can there be an interrupt of this line: it is unmasked, and a device holds it, or will when what
 * it is to get from outside arrives? */
bool devices_can_raise(const struct machine *m, uint32_t line);
/* The device gets what is to come till it raises the line. False: it does not. */
bool devices_raise(struct machine *m, uint32_t line);
size_t devices_size(const struct machine *m);
void devices_save(const struct machine *m, void *bytes);
void devices_restore(struct machine *m, const void *bytes);
uint64_t devices_hash(const struct machine *m);
void devices_free(struct machine *m);

/* touch.c. What a program does to memory that is mapped for it. */
enum rescind_mapping_state touch_look(const struct machine *m, const struct machine_vpe *v,
                                      uint64_t address);
/* 8 bytes from there to *value, or from there. Nothing of it is RESCIND_MAPPING_GOING. */
enum rescind_error touch(struct machine *m, const struct machine_vpe *v, uint64_t address,
                         uint64_t *value, bool write);

/* choice.c. The task that a choice of work is about; MACHINE_NO_VPE: a child's that is not there.
 */
uint32_t choice_task(const struct machine *m, const struct machine_choice *choice);
/* What could be chosen if it were not for delays. */
bool choice_vpe(const struct machine *m, const struct machine_vpe *v);

/* schedule.c. These have become possible; they may be in the queue already. */
void queue_vpe(struct machine *m, struct machine_vpe *v);
void queue_work(struct machine *m, uint32_t kernel);
void queue_hear(struct machine *m, struct channel *channel);
void queue_line(struct machine *m, uint32_t line);
/* Empties the queue; machine_run() fills it. */
void queue_clear(struct machine *m);

#endif

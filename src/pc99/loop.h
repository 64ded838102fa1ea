/* The event loop of one processor: which VPE runs, which event its kernel gets next, and when the
 * machine is at its end.
 *
 * Ring 3 enters it by the doorbell (loop_doorbell), the timer or a fault (loop_trap); each looks at
 * the ring of the VPE that ran. Another processor's call, or a device's interrupt, makes the turn a
 * short one: nobody else can end it. A VPE that rang and whose reply is there goes on at once; else
 * the answer is the context to go on with. One whose call is outstanding is not run before the
 * reply is there. Otherwise it is the next one's turn, round robin, and before each turn the kernel
 * hears one message of another kernel and does one piece of its unfinished work. As long as there
 * is any of either, VPEs' turns are short: so a VPE that has lost the processor with a call under
 * way waits for one piece and not for a turn of the kernel's, and a revocation goes on beside VPEs
 * that never rest.
 *
 * A VPE that gives the processor away as idle is asked again once anybody has made progress: on
 * this processor, sent a message, given the processor away otherwise, been preempted or ended; on
 * another, set a signal, which is what VPEs of two processors wait for. When all are idle, ended
 * or waiting for a call that has no work to do, the processor sleeps until another one calls it.
 * When all sleep, nothing can move (shared.h): the first one reports and stops the machine. Each
 * event costs the same however many VPEs there are.
 *
 * A child of the module is nobody until its kernel has made a VPE of its name: then the two are
 * bound together, and when it has been started it takes turns like all others. What is mapped for a
 * VPE comes into its page tables by the faults of its accesses (window.h), and goes before it runs
 * on after an event by which some of it may have become invalid.
 */
#ifndef PC99_LOOP_H
#define PC99_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "rescind/kernel.h"
#include "pc99/shared.h"
#include "pc99/paging.h"
#include "pc99/report.h"
#include "pc99/trap.h"
#include "pc99/window.h"
#include "rescind/startup.h"
#include "user/pc_area.h"

struct link {
    struct link *next, *prev; /* NULL: in no queue */
};

/* A VPE of the module as this machine runs it. It is not there yet, asleep, dead, blocked, in one
 * of the loop's queues, or running. */
struct runner {
    struct context context;
    struct link link;
    struct space space;
    struct window window;
    uint32_t map_version; /* the kernel's, when the window was filled */
    struct pc_area *area; /* its results, as the kernel reaches them */
    uint32_t vpe;         /* as its kernel counts; others', too, once it has ended */
    uint32_t number;      /* as the module counts, over all kernels */
    bool made;            /* it has been there: no child, or CREATEVPE has made it */
    bool started;         /* no child, or VPECTRL has started it */
    bool ended;
    bool blocked;  /* its call is outstanding */
    bool dead;     /* it has ended or is being ended, and never runs again */
    bool stale;    /* others ran since it last looked around: its next "idle" may be mistaken */
    bool answered; /* the timer brought its message to the kernel, so its doorbell comes late */
};

struct loop {
    struct rescind_kernel *kernel;
    const struct rescind_startup *module; /* checked */
    struct shared *shared;
    struct report *report;   /* all loops' */
    const struct loop *all;  /* the loops of all kernels, by their numbers */
    uint32_t number;         /* of the kernel, its PE and this processor */
    uint64_t memory;         /* the kernel's machine memory, physical, */
    uint64_t memory_frames;  /* and how many frames it has */
    uint32_t runner_count;   /* the module's VPEs on this kernel, */
    struct runner *runners;  /* in its order */
    uint32_t vpe_count;      /* as many VPEs as this kernel can have */
    struct runner **by_vpe;  /* whose a kernel's number is: a runner, or &nobody */
    struct runner nobody;    /* a VPE that the module does not know, and that never runs; dead */
    struct runner *current;  /* the last that ran; NULL at first */
    struct link run;         /* those that can run, in the order of their turns */
    struct link idle;        /* those that saw nothing new since the last progress */
    uint64_t callers;        /* bit i: kernel i may have messages here */
    uint32_t heard;          /* whose message was the last */
    uint32_t lines;          /* interrupts that the kernel is still to be told of, a bit a line */
    uint32_t unmasked;       /* lines that it wants to hear of */
    uint32_t lingered;       /* so many ticks there has been nothing to do but wait for one */
    uint64_t saw_nothing;    /* not 0: so the current VPE said when it rang last */
    uint32_t period;         /* of the timer, in its ticks */
    uint32_t short_turn;     /* the same while the kernel has work */
    bool hurried;            /* turns are short now */
    uint32_t delay;          /* before the first turn, in looks of a waiting loop */
    struct runner *watching; /* whose REVOKE, under way, the tree is printed around; or NULL */
    bool capture;            /* the report gets every message that the kernel takes */
    bool audit;              /* every invariant of every kernel is checked at the machine's end */
    bool peeks;              /* messages are looked at before the kernel takes them */
    bool careful;            /* peeks, or something is mapped for the current VPE */
    bool clock;              /* the fields below are kept, and calls timed */
    uint32_t entered;        /* since when interrupts have been kept out, in ticks */
    uint32_t longest;        /* that they have been, in ticks, but for LOOP_EDGES */
    uint64_t began; /* when the first VPE was entered, in ticks since the machine's start */
};

/* More than the instructions of trap.S on the way in and out, which the clock does not see. */
enum { LOOP_EDGES = 64 };

/* Makes an empty loop; a millisecond has so many ticks of the timer. The caller fills in the fields
 * above `nobody`, capture, audit and clock. */
void loop_init(struct loop *loop, uint32_t millisecond);

/* Another schedule for each `phase`: how often and when the timer comes, when this processor begins
 * and which VPE does. 0 is every millisecond, at once, the first. VPEs have been added. */
void loop_shift(struct loop *loop, uint64_t phase);

/* `runner`, whose context is ready to start, takes turns from now on. */
void loop_add(struct loop *loop, struct runner *runner);

/* Runs the machine to its end, on each processor with its own loop. */
_Noreturn void loop_run(struct loop *loop);

/* The module's entry of a VPE. */
const struct rescind_startup_vpe *loop_entry(const struct loop *loop, const struct runner *runner);

#endif

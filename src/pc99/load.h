/* From the start-up module to a machine ready to run: each kernel in its arena, for each VPE an
 * address space and what it starts with, and the channels between the kernels.
 */
#ifndef PC99_LOAD_H
#define PC99_LOAD_H

#include "pc99/frames.h"
#include "pc99/loop.h"

struct load {
    const struct rescind_startup *module; /* checked, at a page's start */
    uint64_t module_frame;                /* its physical address */
    uint64_t seed;                        /* of the kernels' secrets */
    uint64_t phase;                       /* loop_shift() */
    uint32_t millisecond;                 /* in ticks of the APIC's timer */
    bool capture;                         /* the report gets every message */
    bool audit;                           /* the kernels are checked at the end */
    bool clock;                           /* the report gets the times of calls and stretches */
    struct frames frames;
};

enum load_result {
    LOAD_DONE,
    LOAD_REFUSED,   /* a kernel won't have what the module says; a report is on the console */
    LOAD_NO_MEMORY, /* so is one of how much is needed */
};

/* What the machine consists of; only the first processor runs yet. */
struct machine {
    struct shared shared;
    struct report report;
    struct loop loops[PROCESSORS_MAX]; /* one a kernel */
};

/* Fills in `machine`. The module stays where it is, for good. */
enum load_result load(struct load *load, struct machine *machine);

#endif

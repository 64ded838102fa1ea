/* From the start-up module to a machine ready to run: the kernel in its arena, and for each VPE
 * an address space and what it starts with.
 */
#ifndef PC99_LOAD_H
#define PC99_LOAD_H

#include "pc99/frames.h"
#include "pc99/loop.h"

struct load {
    const struct rescind_startup *module; /* checked, at a page's start */
    uint64_t module_frame;                /* its physical address */
    uint64_t seed;                        /* of the kernel's secret */
    bool capture;                         /* the report gets every message */
    struct frames frames;
};

enum load_result {
    LOAD_DONE,
    LOAD_REFUSED,   /* the kernel won't have what the module says; a report is on the console */
    LOAD_NO_MEMORY, /* so is one of how much is needed */
};

/* Fills in `loop`. The module stays where it is, for good. */
enum load_result load(struct load *load, struct loop *loop);

#endif

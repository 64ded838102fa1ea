/* The step machine: where a VPE stands in its program of a start-up module.
 *
 * It only says what comes next; acting on it, and waiting, is the driver's: the simulator's
 * machine between two events, on the PC a program in ring 3 that blocks. Its state is plain
 * numbers beside the pointer to the module, so copying the struct is a snapshot. The module has
 * passed startup_check() and outlives it. Each function is O(1).
 */
#ifndef RESCIND_USER_STEPS_H
#define RESCIND_USER_STEPS_H

#include <stdbool.h>
#include <stdint.h>

#include "rescind/startup.h"

struct steps {
    const void *module;
    uint32_t vpe;
    uint32_t count;    /* of steps in the program */
    uint32_t position; /* steps done so far */
    uint32_t offset;   /* of the step at `position` in the module */
    uint32_t calls;    /* calls done so far: the number of the next one */
};

struct step {
    enum rescind_startup_kind kind;
    uint32_t arg;           /* of SIGNAL and WAIT: the signal; of RUN: the program */
    const uint8_t *payload; /* of CALL: `size` bytes */
    uint32_t size;
};

void steps_start(struct steps *s, const void *module, uint32_t vpe);
/* The step it stands at, for as long as it is not done. False: the program is through. */
bool steps_next(const struct steps *s, struct step *step);
/* That step is done: on to the one behind it. */
void steps_done(struct steps *s);

#endif

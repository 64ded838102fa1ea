/* The step machine: where a VPE stands in its program of a start-up module.
 *
 * It only says what comes next; acting on it, and waiting, is the driver's: the simulator's
 * machine between two events, on the PC a program in ring 3 that blocks. Its state is plain
 * numbers beside the pointer to the module, so copying the struct is a snapshot. The module has
 * passed startup_check() and outlives it. Each function is O(1).
 *
 *     while (steps_next(&s, &step)) {
 *         CALL:        size = steps_message(&s, &step, message); send it; take the reply
 *         LOAD, STORE: do it; the reply is the error code and, of a LOAD, what was read
 *                      and then: results[s.calls] = steps_result(&s, &step, reply, reply_size)
 *         steps_done(&s);
 *     }
 */
#ifndef RESCIND_USER_STEPS_H
#define RESCIND_USER_STEPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rescind/abi.h"
#include "rescind/startup.h"

struct steps {
    const void *module;
    uint32_t vpe;
    uint32_t count;    /* of steps in the program */
    uint32_t position; /* steps done so far */
    uint32_t offset;   /* of the step at `position` in the module */
    uint32_t calls;    /* steps with a result done so far: the number of the next one */
    uint64_t received[RESCIND_EP_COUNT]; /* the id of the last message that RECEIVE brought from
                                            each endpoint; 0: none */
};

struct step {
    enum rescind_startup_kind kind;
    uint32_t arg;           /* of SIGNAL and WAIT: the signal; of RUN: the program */
    const uint8_t *payload; /* of CALL: `size` bytes, before steps_message() fills in an id */
    uint32_t size;
    uint64_t addr;  /* of LOAD and STORE */
    uint64_t value; /* of STORE */
    const struct rescind_startup_check *checks;
    uint32_t check_count;
};

void steps_start(struct steps *s, const void *module, uint32_t vpe);
/* The step it stands at, for as long as it is not done. False: the program is through. */
bool steps_next(const struct steps *s, struct step *step);
/* What a CALL sends: writes the payload to `message`, of RESCIND_PAYLOAD_MAX bytes, and returns its
 * size. */
uint32_t steps_message(const struct steps *s, const struct step *step, uint8_t *message);
/* What came of it, for the list of results: the error code that the `size` bytes at `reply` begin
 * with, or RESCIND_RESULT_OTHER where they do not say what the step wants to hear. Remembers the id
 * of a message that was received. O(checks). */
uint8_t steps_result(struct steps *s, const struct step *step, const void *reply, size_t size);
/* That step is done: on to the one behind it. */
void steps_done(struct steps *s);

#endif

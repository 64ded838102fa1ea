/* The monitor: could calls done one at a time have answered like this?
 *
 * It watches the calls of a machine while they happen: sent, answered, ended. It keeps the set of
 * all that may be the case: for each a naive model (sim/model.h) and, for each VPE, whether its
 * call is still to take effect or has, and with what result. A call may take effect at any time
 * between being sent and being answered, so real time is kept: what was answered before another
 * call was sent comes before it. When the set becomes empty no order of atomic calls explains what
 * was seen: the run is not linearizable (Wing and Gong, "Testing and verifying concurrent
 * objects", 1993), and that is known at the first answer that shows it.
 *
 * A VPE that is killed ends as by EXIT, once its outstanding call has taken effect, whatever that
 * would have answered, or without it where that waits for others; so does one that has lost its
 * selector 0. Memory that is short (see MONITOR_SHORT) makes OUT_OF_MEM, changing nothing, another
 * fair result of what takes nodes of the pool; model_may_refuse() says what else is fair.
 *
 * An interrupt takes effect when it is seen; or later, where a call is under way, or a VPE about to
 * end, that may take away what it goes by: the kernel may already count that as gone.
 *
 * Beyond it, so that nothing is compared from there on (MONITOR_OFF), is only what becomes too
 * large, in capabilities, VPEs, messages or orders.
 *
 * Sets are values with numbers: equal sets have equal numbers, and following an event is
 * remembered. So an explorer carries one number in its state, and asks as often as it likes. A
 * monitor lives as long as an exploration; nothing in it is thrown away before. For sim/explore.c
 * and tests.
 */
#ifndef RESCIND_SIM_MONITOR_H
#define RESCIND_SIM_MONITOR_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "sim/model.h"

enum monitor_kind {
    MONITOR_CALL,      /* `vpe` sends the payload `message` */
    MONITOR_REPLY,     /* its call is answered with `error` */
    MONITOR_KILL,      /* it is to be ended */
    MONITOR_ENDED,     /* it has ended */
    MONITOR_SHORT,     /* from now on memory may be short */
    MONITOR_INTERRUPT, /* there is an interrupt of line `vpe` */
};
struct monitor_event {
    enum monitor_kind kind;
    uint32_t vpe;
    const void *message;
    size_t size;
    uint32_t error;
};

struct monitor;

/* From `start` on, where nobody calls. `vpes` beyond what a model has are not compared. */
struct monitor *monitor_new(const struct model *start);
void monitor_free(struct monitor *m);

/* The first CREATEVPE of this name on its kernel makes the VPE of this number; where several have
 * the name, it makes the first, the second the next one, and so on. */
void monitor_name(struct monitor *m, const char *name, uint32_t vpe);

/* Sets. The first is that of the start. */
enum {
    MONITOR_NONE = 0, /* nothing explains what was seen */
    MONITOR_OFF = 1,  /* nothing is known any more: it became too large */
    MONITOR_START = 2,
};

/* What a step of the machine showed is a trail: a list of events, as a number. */
enum { MONITOR_NO_TRAIL = 0 };
uint32_t monitor_trail(struct monitor *m, uint32_t trail, const struct monitor_event *event);

/* The set after the trail; MONITOR_NONE stays so. */
uint32_t monitor_follow(struct monitor *m, uint32_t set, uint32_t trail);

/* At an end: whether all calls can be done, and have led to exactly these rows. */
bool monitor_explains(struct monitor *m, uint32_t set, const struct model_row *rows,
                      uint32_t count);

/* The results with which the call of `vpe` may have taken effect: bit E for error code E. */
uint32_t monitor_results(struct monitor *m, uint32_t set, uint32_t vpe);

/* How many sets, and naive models, there have been. */
uint32_t monitor_sets(const struct monitor *m);
uint32_t monitor_models(const struct monitor *m);

#endif

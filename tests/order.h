/* The order search: could these answers have come from calls done one at a time?
 *
 * Given a history and the tables at its end, looks for an order of atomic calls of the naive
 * model that keeps real time (a call done before another was sent comes before it) and explains
 * every answer and the tables. Depth-first with a memory of the states that led nowhere, after
 * Wing and Gong, "Testing and verifying concurrent objects", 1993, and Lowe's memory of states.
 *
 * At most HISTORY_MACHINE VPEs make calls, each one at a time; the machine makes interrupts.
 * Without recursion; the memory is set aside once and bounded, and a search that outgrows it says
 * so.
 */
#ifndef RESCIND_TESTS_ORDER_H
#define RESCIND_TESTS_ORDER_H

#include "tests/history.h"

enum { ORDER_VPES = HISTORY_MACHINE + 1 };

enum order_verdict {
    ORDER_FOUND,
    ORDER_NONE,    /* no such order: the history shows an error */
    ORDER_GAVE_UP, /* not known: more states than the memory holds */
};

struct order; /* the memory: one is enough for any number of searches, one after the other */

struct order *order_new(void);
void order_free(struct order *order);

/* `start` is the state before the first call, `rows` are the tables after the last. With
 * `may_lack_memory`, OUT_OF_MEM is explained by changing nothing (model_may_refuse()). A call
 * without an answer that is not EXIT (its VPE was ended meanwhile) was done, whatever it would have
 * answered; or not, if it waited for others. One that is not done at all still waits, and must have
 * to. An interrupt takes effect when it happens; or (`flag`) later, as model.h has it. */
enum order_verdict order_search(struct order *order, const struct model *start,
                                const struct history *history, const struct model_row *rows,
                                uint32_t count, bool may_lack_memory);

/* The same for who has no rows at hand, but can tell whether the tables are those of a model. */
typedef bool order_same(void *context, const struct model *model);
enum order_verdict order_search_for(struct order *order, const struct model *start,
                                    const struct history *history, order_same *same, void *context,
                                    bool may_lack_memory);

#endif

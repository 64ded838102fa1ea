/* The states that a search has seen: a table from a state's number, of 64 bits, to a number that is
 * not 0. It only grows. For sim/explore.c.
 */
#ifndef RESCIND_SIM_STATES_H
#define RESCIND_SIM_STATES_H

#include <stdbool.h>
#include <stdint.h>

struct states;

/* NULL: there is no memory. */
struct states *states_new(void);
void states_free(struct states *s);

/* What is there for a state; 0: nothing. */
uint32_t states_get(const struct states *s, uint64_t state);
/* Puts it there, whatever was there before. False: there is no memory, and nothing has changed. */
bool states_put(struct states *s, uint64_t state, uint32_t value);

#endif

/* Coroutines: a VPE program in C on a stack of its own, which its scheduler resumes.
 *
 * A stack has an unmapped page below it, so running over its end faults instead of writing into
 * something else. Used by sim/machine.c for programs and by sim/profile.c to measure stacks.
 */
#ifndef RESCIND_SIM_COROUTINE_H
#define RESCIND_SIM_COROUTINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct coroutine;

/* A coroutine that will run `body(data)` on `stack` bytes (rounded up to pages). NULL when there
 * is no memory for it. */
struct coroutine *coroutine_new(void (*body)(void *data), void *data, size_t stack);
void coroutine_free(struct coroutine *c);

/* Runs it until it yields (true) or its body returns (false). */
bool coroutine_resume(struct coroutine *c);

/* From inside: back to whoever resumed it. */
void coroutine_yield(struct coroutine *c);

/* From a handler of the fault that running over its end has caused, on a stack of its own: gives it
 * up, and coroutine_resume() returns false. Does not return itself. */
void coroutine_abandon(struct coroutine *c);
/* Is `address` in the page below the stack? */
bool coroutine_is_over(const struct coroutine *c, uintptr_t address);

/* Fills the unused stack with a pattern, before the first resume; how many bytes of it have been
 * written since, the deepest byte counted. */
void coroutine_paint(struct coroutine *c);
size_t coroutine_used(const struct coroutine *c);
/* How many bytes of its stack lie above `address`. */
size_t coroutine_above(const struct coroutine *c, uintptr_t address);

#endif

/* A kernel's state as a number: equal for states that no later event can tell apart.
 *
 * Capabilities go by their places and not by their nodes, stubs by their parent's place and their
 * child's key, and lines of tasks are sets (any task that is ready may come next). The shape of a
 * treap, the free list and the generator are left out: nothing but cost depends on them. Good for
 * states of one set of programs whose calls so far, and their answers, are told elsewhere: how far
 * a call has come is in it, not what it is. Used by machine_hash() and by tests that drive a
 * kernel themselves.
 */
#ifndef RESCIND_SIM_STATE_H
#define RESCIND_SIM_STATE_H

#include "rescind/kernel.h"

/* Of kernel `pe`, where all[i] is the kernel on PE i: what is linked to another kernel goes by its
 * name there. Cost: in proportion to the used part of the pool. */
uint64_t state_of_kernel(const struct rescind_kernel *const *all, uint32_t pe);

/* The names of all that other kernels' numbers take from a kernel: as long as this number is the
 * same, and they themselves are, so are theirs. Cost: as above. */
uint64_t state_of_stubs(const struct rescind_kernel *k);

/* A message on its way, whose nodes of both kernels are told by their places. */
uint64_t state_of_message(const struct rescind_kernel *const *all, uint32_t from, uint32_t to,
                          const uint8_t *message, size_t size);

#endif

/* A state's number: equal for states of a driven kernel that no later event can tell apart.
 *
 * Capabilities go by their places and not by their nodes, lines of tasks are sets (any task that is
 * ready may come next), and of time only what was done before what was sent is kept. The shape of
 * a treap, the free list and the generator are left out: nothing but cost depends on them. Good for
 * states of one program: how far its calls have come is told, not what they are.
 */
#ifndef RESCIND_TESTS_STATE_H
#define RESCIND_TESTS_STATE_H

#include "tests/drive.h"

enum { STATE_CALLS = 16 }; /* of a VPE in a history, at most; its VPEs are ORDER_VPES at most */

uint64_t state_hash(const struct drive *d);

#endif

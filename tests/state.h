/* A state's number: equal for states of a driven kernel that no later event can tell apart.
 *
 * The kernel's own (sim/state.h), and of the history the answers and what was done before what was
 * sent: of time no more is kept.
 */
#ifndef RESCIND_TESTS_STATE_H
#define RESCIND_TESTS_STATE_H

#include "tests/drive.h"

enum { STATE_CALLS = 16 }; /* of a VPE in a history, at most; its VPEs are ORDER_VPES at most */

uint64_t state_hash(const struct drive *d);

#endif

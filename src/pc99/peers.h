/* The loop and other kernels: what its processor does about shared.h.
 *
 * peers_collect() takes note of calls, peers_hear() gives the kernel one message at a time, from
 * each kernel that has some in its turn, and peers_tell() is due after every event of the kernel.
 * A machine of one kernel has none of this to do, and each costs it a look or two.
 */
#ifndef PC99_PEERS_H
#define PC99_PEERS_H

#include <stdbool.h>

#include "pc99/loop.h"

/* Takes the calls for this processor. True: some of them say that what a VPE waits for may have
 * come. */
bool peers_collect(struct loop *loop);

/* Event: the kernel hears a message, if there is one; what it wants of the machine is for the
 * caller to see to. */
bool peers_hear(struct loop *loop);

/* Puts what the kernel has to tell into the channels, as long as they have room. */
void peers_tell(struct loop *loop);

/* All other processors are to know that a signal may have been set. Cost: one call each. */
void peers_announce(struct loop *loop);

#endif

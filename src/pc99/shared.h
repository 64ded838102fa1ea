/* What the processors share: the channels between their kernels, who has called whom, and how many
 * can still move.
 *
 * A processor calls another when there is something for it: a message, room in a channel that was
 * full, a signal that was set, or that it may begin. A call is a bit of the other's word, and for
 * the first of them an interrupt is due, which whoever calls sends (smp_call()). A processor with
 * nothing to do leaves, and sleeps until it has been called:
 *
 *     interrupts off; shared_leave(); while (!shared_return()) sleep
 *
 * What is awaited is always a word that is looked at with interrupts off, and never the interrupt
 * itself; a call that comes between the look and the sleep interrupts the sleep.
 *
 * The machine's end: `busy` counts the processors that are awake, and the words with a call in them
 * besides. Only what is awake calls, and it counts the call before it makes it; so 0 means that
 * nobody is awake and nobody is called, and that stays so. A message in a channel has a call that
 * has not been taken behind it, or a processor that is awake and has taken it; so at 0 the channels
 * are empty. Everything here is O(1).
 *
 * Plain C without a processor's own instructions, so that tests run it on the host.
 */
#ifndef PC99_SHARED_H
#define PC99_SHARED_H

#include <stdbool.h>
#include <stdint.h>

#include "pc99/channel.h"
#include "pc99/layout.h"

/* What others have for a processor. */
struct seat {
    uint64_t calls; /* atomic: bit i: kernel i has a message, or room; the own bit: anything else */
} __attribute__((aligned(64)));

struct shared {
    uint32_t count;
    uint8_t *channels; /* count * count, those of one sender in a row; to itself: not used */
    struct seat seats[PROCESSORS_MAX];
    uint32_t busy __attribute__((aligned(64))); /* atomic */
    bool over;                                  /* atomic: nothing can move any more */
    uint32_t arrived;                           /* atomic: processors that have begun */
    bool begun;                                 /* atomic: the others may begin */
};

/* Bytes of the channels between `count` kernels. */
uint64_t shared_bytes(uint32_t count);

/* With shared_bytes() of memory for the channels, which are empty then; all processors are awake.
 */
void shared_init(struct shared *shared, uint32_t count, void *channels);

struct channel *shared_channel(struct shared *shared, uint32_t from, uint32_t to);

/* `from` has something for `to`. True: the caller is to interrupt it. */
bool shared_call(struct shared *shared, uint32_t from, uint32_t to);

/* Something that concerns `to`, and is in no channel. True: the caller is to interrupt it. */
bool shared_nudge(struct shared *shared, uint32_t to);

/* Takes the calls for `here`, which is awake: bits as in struct seat. */
uint64_t shared_take_calls(struct shared *shared, uint32_t here);

/* A processor has nothing to do. True: nor has any other, for good. */
bool shared_leave(struct shared *shared);

/* Whether `here`, which has left, has been called; it is awake again then. */
bool shared_return(struct shared *shared, uint32_t here);

bool shared_is_over(const struct shared *shared);

/* For the start: the first processor lets the others begin, and each says that it has. */
void shared_begin(struct shared *shared);
bool shared_has_begun(const struct shared *shared);
void shared_arrive(struct shared *shared);
bool shared_is_complete(const struct shared *shared);

#endif

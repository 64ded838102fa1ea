/* Letters: what a call asks of another kernel, when it is no EXCHANGE (syscall/across.h).
 *
 * A call's step that finds that it needs another kernel says letter_ask() and waits. A pair of
 * kernels has few slots for that in each direction, so it may wait for one first, holding nothing,
 * and is stepped again then. The other
 * kernel answers in the event that hears it, and the call is stepped again: letter_await() gives
 * the answer then. Until that step the capability that the letter is about is held (so it can't be
 * marked meanwhile). Data lies in the caller's buffer. So a letter waits for nothing but the
 * messages before it, whatever happens to the caller, which is why it can't be cancelled.
 *
 * Where something has to happen first that may never, the answer is TAKEN: the capability is not
 * held any more, letter_await() waits for the note that tells how it has ended, and the call can be
 * cancelled. A note that nobody waits for any more is thrown away.
 * rescind/peer.h states the protocol and argues it.
 */
#ifndef RESCIND_SYSCALL_LETTER_H
#define RESCIND_SYSCALL_LETTER_H

#include "cap/remote.h"
#include "cap/revoke.h"
#include "object/gate.h"
#include "object/mem.h"
#include "rescind/peer.h"

enum letter_state {
    LETTER_NONE,
    LETTER_GRANTED,  /* not asked yet, but it has been given a slot */
    LETTER_ASKED,    /* to be told, or to be answered */
    LETTER_TAKEN,    /* answered so, */
    LETTER_AWAITS,   /* and now it waits for the note */
    LETTER_ANSWERED, /* by the answer, or by the note */
};

/* The letter of a call, of which each has one at a time. */
struct letter {
    uint8_t state; /* enum letter_state */
    uint8_t slot;
    uint16_t peer;    /* the kernel that is asked */
    uint32_t pin;     /* the capability that it is about, held while it is ASKED; 0: none */
    uint32_t claim;   /* OPEN: until its note has come; or 0 (syscall/open.h) */
    uint32_t stub;    /* reserved, and its child is there once the answer is OK; 0: none */
    uint32_t serial;  /* no other letter of this kernel has it */
    uint16_t op;      /* enum rescind_letter_op */
    uint16_t length;  /* of the data: what is asked, then the answer's */
    uint16_t expects; /* bytes that come with an answer without an error; or LETTER_ANY */
    uint16_t at;      /* where they go in the caller's buffer, */
    uint16_t from;    /* and what is asked lies */
    uint32_t object;
    uint64_t args[5];
    uint32_t error; /* of the answer */
};
enum { LETTER_ANY = UINT16_MAX, LETTER_ASIDE = 448 };

/* Has the call's letter been written? Its step says letter_await() then. */
static inline bool letter_is_out(const struct letter *l)
{
    return l->state > LETTER_GRANTED;
}

/* The call of `vpe` asks: peer, pin (not VISITED), op, length, expects, object and args of `what`.
 * CALL_WAITS in any case: for the answer, or first for a slot, where nothing has been asked. O(1).
 */
enum progress letter_ask(struct rescind_kernel *k, uint32_t vpe, const struct letter *what);

/* Would it be for the answer? O(1). */
bool letter_can_ask(const struct rescind_kernel *k, uint32_t vpe, uint32_t pe);

/* CALL_DONE: the answer is there, in `error` and `length`; else it is waited for. O(1). */
enum progress letter_await(struct rescind_kernel *k, uint32_t vpe);

/* What a capability of another kernel names, as that kernel says. */
struct described {
    uint32_t cap; /* the capability; 0: none is described */
    struct gate gate;
    struct mem mem;
    uint32_t life; /* of a VPE: which of those that have had its number */
};

/* At the start of a step that may need that: what the call has been told since the last step. It is
 * known of that capability in this step only, and if it is not VISITED. O(1). */
struct described letter_described(struct rescind_kernel *k, uint32_t vpe);

/* Is it known what `cap`, a gate's, memory's or VPE's capability, names? */
static inline bool letter_knows(const struct rescind_kernel *k, const struct described *told,
                                uint32_t cap)
{
    return cap_at(k, cap)->home == k->pe || cap == told->cap;
}
/* Then it is this. */
static inline const struct gate *letter_gate(const struct rescind_kernel *k,
                                             const struct described *told, uint32_t cap)
{
    return cap_at(k, cap)->home == k->pe ? gate_at(k, cap_at(k, cap)->object) : &told->gate;
}
static inline const struct mem *letter_mem(const struct rescind_kernel *k,
                                           const struct described *told, uint32_t cap)
{
    return cap_at(k, cap)->home == k->pe ? mem_at(k, cap_at(k, cap)->object) : &told->mem;
}
/* Else this asks. As letter_ask(); what is in the caller's buffer before LETTER_ASIDE stays there.
 */
enum progress letter_describe(struct rescind_kernel *k, uint32_t vpe, uint32_t cap);

/* The step that was to use the slot has not: another call may. O(1). */
void letter_decline(struct rescind_kernel *k, struct letter *l);

/* As call_cancel(). */
bool letter_cancel(struct rescind_kernel *k, uint32_t vpe);

/* ---- For kernel/peer.c --------------------------------------------------------------------- */

/* Writes the letter of a slot, the answer to one; returns its bytes, 0 where `room` is too small.
 * Cost: RESCIND_DATA_MAX bytes copied. */
size_t letter_write(struct rescind_kernel *k, uint32_t pe, uint32_t slot, uint8_t *out,
                    size_t room);
size_t letter_write_answer(struct rescind_kernel *k, uint32_t pe, uint32_t slot, uint8_t *out,
                           size_t room);

/* Kernel `pe` asks, answers, or tells how something has ended (layouts have been checked). */
enum remote_sense letter_hear(struct rescind_kernel *k, uint32_t pe,
                              const struct rescind_peer_letter *letter);
enum remote_sense letter_answer(struct rescind_kernel *k, uint32_t pe,
                                const struct rescind_peer_letter_answer *answer);
enum remote_sense letter_note(struct rescind_kernel *k, uint32_t pe,
                              const struct rescind_peer_note *note);

#endif

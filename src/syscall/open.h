/* CREATESESS with a service of another kernel.
 *
 * Where a name is not known here the other kernels are asked for it, one after the other, by a
 * letter. One that knows it asks the service as it does for its own VPEs, and when that agrees it
 * makes the session, with a stub below the name's entry that keeps it, and tells of it by a note.
 * The capability is made in the event that hears the note, so that a MARK that follows finds it. If
 * that can't be, or nobody waits for it any more, the stub is told to go at once, and then the
 * session is closed.
 *
 * To be able to say that, a node is set aside before the letter is written: a claim, whose number
 * goes along and comes back with the note.
 */
#ifndef RESCIND_SYSCALL_OPEN_H
#define RESCIND_SYSCALL_OPEN_H

#include "cap/remote.h"
#include "cap/revoke.h"
#include "rescind/peer.h"

struct call;
struct letter_reply;

/* A claim. Its call's letter has it, or nobody. */
struct claim {
    struct object object;
    uint16_t peer;
    bool alone;      /* its call has been cancelled */
    uint32_t serial; /* of the letter */
    uint64_t key;    /* of the capability that is to be made */
};
_Static_assert(sizeof(struct claim) <= POOL_NODE_SIZE, "a claim is one node");

static inline struct claim *claim_at(const struct rescind_kernel *k, uint32_t index)
{
    return pool_node(k, index);
}

/* Asks the next kernel. The name is not known here, and the session is to be put into the table of
 * VPE `target`. */
enum progress open_away(struct rescind_kernel *k, uint32_t vpe, struct call *call, uint32_t target);

/* Goes on when it has answered. CALL_MORE: the call is to look at everything again. */
enum progress opened_away(struct rescind_kernel *k, uint32_t vpe, struct call *call);

/* The call of a letter that has a claim is cancelled. O(1). */
void open_cancel(struct rescind_kernel *k, uint32_t claim);

/* For syscall/letter.c: what a letter wants; a note, for a call that waits for it or (`vpe`:
 * UINT32_MAX) for none. *error is what the call is told. Expected O(log n). */
bool open_is_sound(const struct rescind_kernel *k, uint32_t pe,
                   const struct rescind_peer_letter *letter);
uint32_t open_serve(struct rescind_kernel *k, uint32_t pe, const struct rescind_peer_letter *letter,
                    struct letter_reply *reply, uint8_t *data);
enum remote_sense open_note(struct rescind_kernel *k, uint32_t pe, uint32_t vpe,
                            const struct rescind_peer_note *note, uint32_t *error);

#endif

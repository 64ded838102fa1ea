/* Other kernels, as this one sees them: what each has to be told, and what each wants done here.
 *
 * What is to be told about a capability or a stub is no message yet: the node stands in a ring of
 * its peer (CAP_TELLING), and what there is to tell follows from its state when the message
 * leaves (kernel/peer.c). So nothing is allocated to tell, and what has become untrue is not told.
 * A ring `up` holds remote capabilities (MARKED) and tombs (UNLINK), a ring `down` holds stubs
 * (MARK, SWEEP). Everything here is O(1).
 */
#ifndef RESCIND_CAP_PEER_H
#define RESCIND_CAP_PEER_H

#include "cap/cap.h"
#include "rescind/kernel.h"
#include "rescind/peer.h"

/* An answer that has not left: the data lies in peer_reply(). */
struct letter_reply {
    uint32_t error; /* enum rescind_error, or RESCIND_PEER_TAKEN */
    uint32_t length;
};

struct peer {
    uint32_t next, prev;  /* neighbours in the line of those to be told something, as PE + 1 */
    uint32_t up, down;    /* first node of each ring */
    uint32_t first, last; /* queue of the capabilities that its task has to look at */

    /* EXCHANGEs of this kernel's VPEs that it answers: slot by slot, a bit or an entry each. */
    uint8_t taken;                   /* in use */
    uint8_t asks;                    /* there is something to ask */
    uint8_t answers, frees;          /* its own EXCHANGEs here: an answer to give, a slot to free */
    uint8_t turn;                    /* which kind of record, and which slot, goes first */
    uint16_t slot_waiters;           /* line of tasks that wait for a slot */
    uint32_t askers[TASK_EXCHANGES]; /* the task that has the slot */
    uint16_t asker_line[TASK_EXCHANGES]; /* where it waits for its answer */

    /* Letters of this kernel's VPEs that it answers, and the other way about; see
     * syscall/letter.h. */
    uint8_t letters_taken;   /* slots in use */
    uint8_t letters;         /* there is a letter to write */
    uint8_t letter_answers;  /* there is an answer to one of its letters to write */
    uint8_t letter_turn;     /* which of them goes first */
    bool letters_next;       /* the next message is theirs */
    bool letters_first;      /* whatever else there is: an answer brings a link */
    uint16_t letter_waiters; /* line of tasks that wait for a slot; */
    uint16_t note_waiters;   /* and of those that wait for a note */
    uint32_t letter_askers[RESCIND_PEER_LETTERS];
    uint16_t letter_line[RESCIND_PEER_LETTERS];
    struct letter_reply replies[RESCIND_PEER_LETTERS]; /* what its letters are answered */
    uint32_t notes, notes_last; /* list of those to be told (object/note.h) */
    uint32_t watching;          /* list of those of its VPEs that wait for the end of one here */

    struct rescind_kernel_peer count;
};

/* Is there something to tell it; letters and notes? */
static inline bool peer_has_records(const struct peer *peer)
{
    return (peer->up | peer->down) != 0 || (peer->asks | peer->answers | peer->frees) != 0;
}
static inline bool peer_has_letters(const struct peer *peer)
{
    return (peer->letters | peer->letter_answers) != 0 || peer->notes != 0;
}

static inline struct peer *peer_at(const struct rescind_kernel *k, uint32_t pe)
{
    return (struct peer *)arena_at(k, k->peers) + pe;
}

/* Where the data of an answer lies that has not left. */
static inline uint8_t *peer_reply(const struct rescind_kernel *k, uint32_t pe, uint32_t slot)
{
    return (uint8_t *)arena_at(k, k->letters) +
           (size_t)(pe * RESCIND_PEER_LETTERS + slot) * RESCIND_DATA_MAX;
}

/* There is something to tell kernel `pe`. */
void peer_talk(struct rescind_kernel *k, uint32_t pe);
/* There may be nothing left: leaves the line then. */
void peer_hush(struct rescind_kernel *k, uint32_t pe);

/* An UNTOLD stub has been told of, in an ANSWER or a NOTE. Nothing else is told of it before. */
void peer_link_told(struct rescind_kernel *k, uint32_t stub);

/* Node `index` is to be told of: a stub downwards, anything else upwards. It is not yet. */
void peer_tell(struct rescind_kernel *k, uint32_t index);
/* It is told, or need not be any more. */
void peer_told(struct rescind_kernel *k, uint32_t index);

/* Capability `index` is to be looked at by the task of `pe`. It is not QUEUED. */
void peer_queue(struct rescind_kernel *k, uint32_t pe, uint32_t index);

#endif

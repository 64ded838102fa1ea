/* EXCHANGE across kernels, the answering half: what a VPE of another kernel wants of one here.
 *
 * Each slot of each peer has one struct served. A question is answered in the event that brings it:
 * its capabilities are reserved at once, or it is refused. Only undoing and settling a long range
 * goes on over events, as a task of the slot. syscall/across.h is the asking half.
 */
#ifndef RESCIND_SYSCALL_SERVE_H
#define RESCIND_SYSCALL_SERVE_H

#include "cap/remote.h"
#include "rescind/peer.h"

enum serve_state {
    SERVE_IDLE,
    SERVE_NEXT,    /* answered so far; the next question of the range is to come */
    SERVE_SETTLE,  /* all of the range is reserved: settling it */
    SERVE_UNDO,    /* the range is refused: undoing it, and then the answer */
    SERVE_BLOCKED, /* answered so; nothing is reserved, and the task stands in the line */
};

struct served {
    enum serve_state state;
    bool obtain;
    uint32_t asker, vpe; /* the VPE that asks, of its kernel; the VPE here */
    uint32_t kind;       /* of both tables */
    uint32_t start, to;  /* first selector of the range here, there */
    uint32_t count;      /* of the range */
    uint32_t done;       /* so many are reserved, or still to be settled or undone */
    uint32_t met;        /* UNDO: the element that could not be reserved */
    uint32_t error;      /* UNDO, and the answer that has not left: enum rescind_error or BLOCKED */
    uint32_t answer_done, given; /* of the answer that has not left */
    uint32_t stubs, last;        /* obtain: chain of stubs to settle or undo */
    uint32_t next;               /* the first of the answer that has not left */
};

static inline struct served *served_at(const struct rescind_kernel *k, uint32_t pe, uint32_t slot)
{
    return (struct served *)arena_at(k, k->served) + pe * TASK_EXCHANGES + slot;
}

/* Kernel `pe` asks (the record's layout has been checked). Cost: RESCIND_PEER_CHUNK capabilities,
 * expected O(log n) each. */
enum remote_sense serve_ask(struct rescind_kernel *k, uint32_t pe,
                            const struct rescind_peer_ask *ask);

/* Goes on with what a slot has still to do; true: there is more. */
bool serve_step(struct rescind_kernel *k, uint32_t pe, uint32_t slot, uint32_t *work);

/* Writes the answer of `slot` for kernel `pe`; returns its bytes, 0 where `room` is too small. */
size_t serve_write(struct rescind_kernel *k, uint32_t pe, uint32_t slot, uint8_t *out, size_t room);

#endif

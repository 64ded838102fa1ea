/* EXCHANGE: copies a range of capabilities between the caller and another VPE, all or nothing.
 *
 * A call copies element by element; each copy is RESERVED, invisible to others, until all of them
 * are there. The commit is one flag, turned in the event that reserves the last of them and has
 * just seen that the capability on the VPE still stands; a copy reserved earlier holds its
 * source, since a revocation waits for RESERVED children before it takes effect. So at the instant
 * of the commit all that the call needs is there. Then the reservations are settled.
 *
 * An element that can't be judged (under revocation, locked, or reserved by another EXCHANGE) ends
 * the attempt: reservations are undone, from the last to the first, and the call waits holding
 * nothing and starts again at that element. So no other call ever waits for one that waits here. A
 * call whose range fits one event never shows a reservation at all.
 */
#ifndef RESCIND_SYSCALL_EXCHANGE_H
#define RESCIND_SYSCALL_EXCHANGE_H

#include "base/bytes.h"
#include "cap/revoke.h"
#include "syscall/across.h"

enum exchange_phase { EXCHANGE_RESERVE, EXCHANGE_SETTLE, EXCHANGE_UNDO };

/* How far one across kernels is (syscall/across.h). */
enum across_phase {
    ACROSS_NONE,    /* it is not one, as far as is known */
    ACROSS_RESERVE, /* reserving its own side */
    ACROSS_ASK,     /* there is a question to ask, */
    ACROSS_ASKED,   /* or one to be answered */
    ACROSS_SETTLE,  /* it has succeeded: */
    ACROSS_UNDO,    /* or failed: own reservations have to go */
    ACROSS_BLOCKED, /* nothing is reserved; waiting for the slot to be freed */
};

/* What decoding does not set is set once it begins to matter. */
struct exchange {
    uint32_t vpe;   /* selector of the capability on the other VPE (but see `agreed`) */
    uint32_t kind;  /* of both tables */
    uint32_t src;   /* first selector to copy from, */
    uint32_t dst;   /* and to */
    uint32_t count; /* of each */
    bool obtain;    /* false: own -> other; true: other -> own */

    bool agreed;  /* DELEGATE, OBTAIN: a service has agreed; see below */
    bool again;   /* an attempt has failed: at `awaited` it met something to wait for */
    bool granted; /* not begun yet, but it has been given a slot */
    bool blocked; /* the other kernel will free the slot, and has not yet */
    enum exchange_phase phase;
    enum across_phase across;
    uint32_t done;            /* copies reserved (RESERVE, UNDO) or settled (SETTLE) so far */
    uint32_t awaited;         /* with `again`: the element */
    enum rescind_error error; /* UNDO: the answer to come; NO_ERROR: start again */
    uint32_t target;    /* once copies are reserved: the other VPE, or the session's object, */
    uint16_t account;   /* who pays for copies: the caller, wherever they go */
    uint32_t src_table; /* and both tables */
    uint32_t dst_table;

    uint32_t peer, slot;        /* the other kernel, and which of its slots this call has */
    uint32_t pin;               /* the capability on the VPE, held */
    uint32_t asked;             /* capabilities that have been answered for */
    uint32_t stubs, last, next; /* delegate: chain of stubs; the next to be told of */

    /* With `agreed`: the own table is that of the VPE that `vpe` names, which has to be of this
     * kernel; the other one is the service's; and instead of the capability on the other VPE the
     * session must stand. */
    uint32_t session, serial; /* selector, and which one it is */
    uint32_t own, other;      /* VPEs; `own` is set once it begins to matter, */
    uint32_t own_cap;         /* and so is the capability on it */
};

/* Message to struct. INV_ARGS: too short, no such kind of table, kinds or counts that differ, a
 * range that passes the last selector. O(1). */
enum rescind_error exchange_decode(struct bytes in, struct exchange *out);

/* Before anything else, in the event that brings it: copies the whole range where nothing is in the
 * way and the event's work suffices. False: nothing has changed. */
bool exchange_at_once(struct rescind_kernel *k, struct exchange *x, uint32_t caller);

/* Goes on, spending *work (base/work.h) at most. The answer is OK, INV_ARGS or OUT_OF_MEM.
 * Expected O(log n) a capability. */
enum progress exchange_step(struct rescind_kernel *k, struct exchange *x, uint32_t caller,
                            uint32_t *work, enum rescind_error *error);

#endif

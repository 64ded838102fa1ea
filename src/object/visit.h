/* Visits: what a kernel asks of a VPE by a message, and what becomes of it.
 *
 * The kernel asks a service (CREATESESS, DELEGATE, OBTAIN, the end of a session) or a pager
 * (PAGEFAULT) by a message to its receive endpoint. A visit is the question's state: made when it
 * is asked, for a VPE here or on another kernel, and gone when the asker has its answer, has ended,
 * or never wanted one. It is one node, of the asker's account; or, where that is on another kernel,
 * of the kernel's own, with a note (object/note.h) that tells the answer.
 *
 * - QUEUED: the endpoint is full, or marked: it stands in the endpoint's ring, and is told when
 *   there is room. Where the endpoint goes instead, its ring is the kernel's (visits_lost) until
 *   the kernel's own task has answered them all: however many, that takes no single event long.
 * - HELD: the name of the service that an OPEN of another kernel is for is under revocation: it
 *   stands in the kernel's ring (visits_held) until that has gone, and only then the asker is told
 *   so. The first one is looked at behind every event; those behind it wait for it, whatever their
 *   name, as long as its name's revocation takes: no revocation waits for who asks.
 * - SENT: its message lies at the endpoint, and each knows the other.
 * - ANSWERED: the asker has been woken, and takes the answer.
 * - ABANDONED: SENT, but its asker has gone: only where the answer may open a session, which then
 *   has to be closed again.
 *
 * A CLOSE has no asker: it is QUEUED, or gone as soon as its message is there, which then bears
 * VISIT_NONE. So a message with a visit is a kernel's, and its reply goes to visit_answered().
 */
#ifndef RESCIND_OBJECT_VISIT_H
#define RESCIND_OBJECT_VISIT_H

#include "object/object.h"

/* In a message: it is a kernel's, and nobody wants to know the answer. (No node has this number.)
 */
enum { VISIT_NONE = 1 };

/* What is asked: enum rescind_service_op, or how to go on after a page fault. */
enum { VISIT_FAULT = RESCIND_SERVICE_CLOSE + 1 };

enum visit_state { VISIT_QUEUED, VISIT_HELD, VISIT_SENT, VISIT_ANSWERED, VISIT_ABANDONED };

struct visit {
    struct object object;
    uint8_t op;
    uint8_t state;   /* enum visit_state */
    uint8_t error;   /* ANSWERED: enum rescind_error; HELD: what the asker will be told */
    uint8_t kind;    /* of the range that is asked for, or answered with: enum rescind_table_kind */
    uint16_t pe;     /* the asker's kernel, */
    uint16_t to_vpe; /* whom it asks, */
    union {
        struct {
            uint16_t vpe;     /* the asker, if it is of this kernel, */
            uint16_t waiters; /* and the line in which it waits; */
        };
        uint32_t note; /* or what an asker of another kernel will be told by */
    };
    uint8_t to_ep;     /* and where */
    uint8_t args_size; /* of the question; ANSWERED: of the answer. visit_get_args() */
    uint32_t to_life;
    uint32_t message; /* while SENT or ABANDONED */
    uint64_t label;   /* that the message bears: the gate's */
    uint64_t ident;   /* of the session, which the answer to an OPEN says; FAULT: the address */
    union {
        struct {
            uint32_t count, start; /* capabilities asked for; the range answered with */
        };
        uint64_t access; /* FAULT */
    };
    uint32_t next, prev; /* while QUEUED or HELD: its neighbours */
};
_Static_assert(sizeof(struct visit) <= POOL_NODE_SIZE, "a visit is one node");

static inline struct visit *visit_at(const struct rescind_kernel *k, uint32_t index)
{
    return pool_node(k, index);
}

static inline bool visit_is_away(const struct rescind_kernel *k, const struct visit *visit)
{
    return visit->pe != k->pe;
}

/* The args of the question, and those of the answer: visit->args_size bytes. */
void visit_get_args(const struct rescind_kernel *k, const struct visit *visit, uint8_t *out);

/* Where one goes to: what a gate of this kernel leads to. */
struct visit_target {
    uint32_t vpe, life, ep;
    uint64_t label;
};

/* A question of VPE `vpe`; the caller fills in what the op needs, and sends it. 0: the account is
 * empty. O(1). */
uint32_t visit_create(struct rescind_kernel *k, uint16_t account, uint8_t op,
                      const struct visit_target *to, uint32_t vpe);

/* What the note of an OPEN for another kernel starts with, until it is answered. */
struct visit_opening {
    uint32_t entry; /* selector of the name's entry */
    uint32_t reserved;
    uint64_t key; /* of the capability that the session is to get there */
};

/* The same for a VPE of another kernel, which the note, whose nodes there are, will tell. It is
 * nobody's but the service's from then on. */
uint32_t visit_create_away(struct rescind_kernel *k, uint8_t op, const struct visit_target *to,
                           uint32_t note);

/* It is SENT now, or QUEUED; or ANSWERED with RECV_GONE: there is nobody to ask, or what there is
 * can't hold the message. Nobody is woken then. Cost: one message copied. */
void visit_send(struct rescind_kernel *k, uint32_t visit);

/* An OPEN for another kernel that has not been sent: the name is going. The asker will be told to
 * look for it again then. O(1). */
void visit_hold(struct rescind_kernel *k, uint32_t visit);

/* The name that a HELD one is about is still going. Expected O(log n). */
bool visit_name_goes(const struct rescind_kernel *k, uint32_t visit);

/* Behind every event in which something may have gone: goes on with those that are HELD, if there
 * are any. Expected O(log n). */
void visit_look(struct rescind_kernel *k);

/* The asker wants none of it any more, answered or not: if a session has been opened for it, or
 * will be, that is closed again. O(1). */
void visit_drop(struct rescind_kernel *k, uint32_t visit);

/* A node of any kind, which stands nowhere, becomes the CLOSE of a session: the service is told
 * that it is at its end. O(1). */
void visit_close_session(struct rescind_kernel *k, uint32_t node, const struct visit_target *to,
                         uint64_t ident);

/* The message of a visit has been answered with `size` bytes; or it never will be (size 0, data
 * NULL): the endpoint has gone, or it was closed without an answer. O(1). */
void visit_answered(struct rescind_kernel *k, uint32_t visit, const uint8_t *data, size_t size);

/* There is room for a message at an endpoint of `vpe` that was full. O(slots). */
void visit_room(struct rescind_kernel *k, uint32_t vpe, uint32_t ep);

/* An endpoint has gone, and this was its ring. O(1). */
void visit_lose(struct rescind_kernel *k, uint32_t ring);

/* Goes on with those that are lost. False: there are none left. */
bool visit_answer_lost(struct rescind_kernel *k, uint32_t *work);

#endif

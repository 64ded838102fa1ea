/* Endpoints: what a VPE has active on its DTU. Each is a capability of its table of endpoints.
 *
 * A send endpoint is derived from a gate's capability, a memory endpoint from memory's, a receive
 * endpoint from the VPE's own memory, where its buffer lies. So an endpoint goes with what it was
 * made from, by the same revocation and at the same instant, and what has been sent through it and
 * not been received goes with it. One that is MARKED may not be used any more; until then a use
 * comes before the revocation.
 *
 * A sender of another kernel has a child of its send endpoint here, a CAP_SENDER, in the receiving
 * VPE's table of senders; messages hang on that then. Its object is the number of the endpoint that
 * it sends to.
 *
 * A message waits in a slot of the receive endpoint's buffer; what the kernel has to know of it is
 * in a node of its own, of which the endpoint has one a slot set aside. Nothing in the buffer is
 * believed.
 */
#ifndef RESCIND_OBJECT_ENDPOINT_H
#define RESCIND_OBJECT_ENDPOINT_H

#include "object/gate.h"
#include "object/mem.h"
#include "object/object.h"
#include "object/vpe.h"

enum endpoint_kind { ENDPOINT_SEND, ENDPOINT_MEMORY, ENDPOINT_RECEIVE };

struct endpoint_node {
    struct object object;
    uint8_t kind;    /* enum endpoint_kind */
    uint8_t rights;  /* MEMORY */
    uint16_t pe;     /* of the VPE to send to, of the memory */
    uint32_t serial; /* no other endpoint of this VPE's has had it */
    union {
        struct {
            uint32_t vpe, life, ep; /* where to */
            uint32_t credits;       /* messages that may still be sent */
            uint32_t credits_max;
            uint64_t label;
        };
        struct {
            uint64_t addr, size; /* MEMORY */
        };
        struct {
            uint64_t buffer;  /* RECEIVE: address in this kernel's memory */
            uint16_t waiters; /* line of the tasks that wait for a message: of its VPE at most */
            uint8_t order, slots;
            uint8_t slot_order;
            uint32_t taken;       /* slots: a bit each */
            uint32_t first, last; /* messages that have not been received, in their order */
            uint32_t open;        /* list of those that have been, and were not answered yet */
            uint32_t spare;       /* list of nodes set aside */
            uint32_t ids;         /* numbers given to messages */
            uint32_t visits;      /* ring of what kernels ask that waits for room: object/visit.h */
        };
    };
};
_Static_assert(sizeof(struct endpoint_node) <= POOL_NODE_SIZE, "an endpoint is one node");

struct message_node {
    struct object object;
    uint32_t next;
    uint32_t sender; /* SEND endpoint or CAP_SENDER that it came through; 0: from a kernel */
    uint32_t id;     /* by which its receiver knows it */
    uint8_t slot;
    bool is_reply;
    uint8_t reply_ep;    /* of the sender's VPE: where the answer goes; 0: none is wanted */
    uint8_t sender_ep;   /* its endpoint, */
    uint16_t pe, vpe;    /* and VPE */
    uint16_t size;       /* of the data, bytes */
    uint8_t reply_order; /* of the slots where the answer goes, when it was sent */
    uint32_t serial;     /* of the sender's endpoint, which is given its credit back */
    uint32_t listener;   /* CAP_LISTENER whose interrupt it tells, or 0 */
    uint64_t label;
    uint64_t reply_label;
    uint32_t visit; /* the question of a kernel that it is, or 0: object/visit.h */
    uint32_t life;  /* of the sender's VPE */
};
_Static_assert(sizeof(struct message_node) <= POOL_NODE_SIZE, "a message is one node");

extern const struct cap_type endpoint_type, sender_type;

static inline struct endpoint_node *endpoint_at(const struct rescind_kernel *k, uint32_t index)
{
    return pool_node(k, index);
}
static inline struct message_node *message_at(const struct rescind_kernel *k, uint32_t index)
{
    return pool_node(k, index);
}

/* A slot of a buffer has 2^order bytes: a header, as the DTU writes it, and the data behind it. */
enum { SLOT_ORDER_MIN = 5, SLOT_ORDER_MAX = 9, SLOT_HEADER = sizeof(struct rescind_header) };
static inline bool slot_holds(uint32_t order, uint64_t size)
{
    return size <= (1ull << order) - SLOT_HEADER;
}

/* Can something be made active at this endpoint? */
static inline bool endpoint_is_free_one(uint32_t ep)
{
    return ep >= RESCIND_EP_FREE && ep < RESCIND_EP_COUNT;
}

/* The capability of endpoint `ep` of a VPE, or 0. */
uint32_t endpoint_find(const struct rescind_kernel *k, uint32_t vpe, uint32_t ep);

/* The object of such a capability. */
static inline struct endpoint_node *endpoint_of(const struct rescind_kernel *k, uint32_t cap)
{
    return endpoint_at(k, cap_at(k, cap)->object);
}

/* An endpoint that no capability names yet; 0: the account is empty. O(1). */
uint32_t endpoint_create(struct rescind_kernel *k, uint16_t account, enum endpoint_kind kind);

/* A new send endpoint, to where the gate leads, with all its credits. */
void endpoint_aim(struct rescind_kernel *k, uint32_t endpoint, const struct gate *gate);

/* A new memory endpoint, to this memory with these rights. */
void endpoint_open_memory(struct rescind_kernel *k, uint32_t endpoint, const struct mem *mem,
                          uint8_t rights);

/* Puts it at `ep` of `vpe`, which is free, as a child of capability `parent`, which is there and
 * not VISITED; the account has a node left. O(1). Returns the capability. */
uint32_t endpoint_activate(struct rescind_kernel *k, uint32_t vpe, uint32_t ep, uint32_t parent,
                           uint32_t endpoint, uint16_t account, uint16_t flags, uint32_t reserver);

/* ---- Receiving ----------------------------------------------------------------------------- */

/* What is to be delivered. */
struct delivery {
    uint32_t sender, listener; /* as in struct message_node */
    uint16_t pe, vpe;
    uint32_t life;
    uint8_t sender_ep, reply_ep, reply_order;
    bool is_reply;
    uint32_t serial;
    uint64_t label, reply_label;
    uint32_t visit;
    const void *data;
    size_t size;
};

/* Sets `slots` nodes aside for a receive endpoint, from its account, which has them. O(slots). */
void endpoint_set_aside(struct rescind_kernel *k, uint32_t endpoint, uint32_t slots);

/* Not NULL: the receive endpoint `ep` of a VPE of this kernel is being revoked, or the VPE is
 * ending, and whether or not it is there can't be said yet: wait here. O(1). */
uint16_t *endpoint_line(struct rescind_kernel *k, uint32_t vpe, uint32_t life, uint32_t ep);

/* Writes it into a free slot of receive endpoint `ep` of `vpe`, and wakes who waits for it.
 * RECV_GONE: there is none that is not marked; NO_RING_SPACE; INV_ARGS: too large for a slot.
 * Cost: one message copied. */
enum rescind_error endpoint_deliver(struct rescind_kernel *k, uint32_t vpe, uint32_t ep,
                                    const struct delivery *what);

/* What has come to endpoint `ep` of `vpe` by way of capability `from`, a sender or a listener, and
 * has not been received, is gone. O(slots). */
void endpoint_drop(struct rescind_kernel *k, uint32_t vpe, uint32_t ep, uint32_t from);

/* Not NULL: what the message has come by is being revoked, and it may have gone: wait here. */
uint16_t *endpoint_message_line(const struct rescind_kernel *k, uint32_t message);

/* The oldest message that waits at an endpoint, or 0. */
uint32_t endpoint_first(const struct rescind_kernel *k, uint32_t endpoint);
/* It has been received: it is open, or (a reply) done with. */
void endpoint_received(struct rescind_kernel *k, uint32_t endpoint);
/* The open message with this id, or 0. O(slots). */
uint32_t endpoint_opened(const struct rescind_kernel *k, uint32_t endpoint, uint64_t id);
/* It is done with: its slot is free. O(slots). */
void endpoint_close(struct rescind_kernel *k, uint32_t endpoint, uint32_t message);
/* Where a message's data lies. */
uint8_t *endpoint_data(const struct rescind_kernel *k, uint32_t endpoint, uint32_t message);

/* The endpoint `ep` of `vpe`, if it still is the one of this serial, may send one message more. */
void endpoint_give_credit(struct rescind_kernel *k, uint32_t vpe, uint32_t ep, uint32_t serial);

#endif

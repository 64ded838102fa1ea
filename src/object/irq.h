/* Interrupt lines, and who listens to them.
 *
 * An interrupt line of the machine is a capability whose object is the line's number. What listens
 * to it is a capability of the kernel's own making: bound, derived from the line's, and in the
 * table of endpoints of the VPE that listens. An interrupt becomes a message that goes through an
 * endpoint of that VPE, as if the VPE had sent it, for a credit, which comes back when the
 * interrupt is acknowledged. Until then the line is masked, so there is one such message on its way
 * at a time; where it could not be sent it is tried again with the next acknowledgement.
 *
 *     OPEN       the line is unmasked
 *     PENDING    there was an interrupt, which could not be sent
 *     SENT       it was
 *
 * So both go: with the line, who listens to it and what has been sent and not been received; with
 * the gate, the endpoint and the same messages.
 */
#ifndef RESCIND_OBJECT_IRQ_H
#define RESCIND_OBJECT_IRQ_H

#include "object/object.h"

/* Selectors of those that listen, in the table of endpoints: behind the endpoints, and those that
 * stand aside. */
enum { LISTENERS = 2 * RESCIND_EP_COUNT };

enum listener_state { LISTENER_OPEN, LISTENER_PENDING, LISTENER_SENT };

struct listener {
    struct object object;
    uint8_t line;
    uint8_t ep;      /* of its VPE, through which its messages go */
    uint8_t state;   /* enum listener_state */
    uint32_t serial; /* of that endpoint when the last one was sent, for the credit */
    uint64_t count;  /* interrupts so far */
};
_Static_assert(sizeof(struct listener) <= POOL_NODE_SIZE, "a listener is one node");

extern const struct cap_type irq_type, listener_type;

static inline struct listener *listener_at(const struct rescind_kernel *k, uint32_t index)
{
    return pool_node(k, index);
}

/* The object of a listener's capability. */
static inline struct listener *listener_of(const struct rescind_kernel *k, uint32_t cap)
{
    return listener_at(k, cap_at(k, cap)->object);
}

/* VPE `vpe` listens to the line that capability `irq` names, which is this kernel's, is not
 * VISITED, and has no listener; its account has two nodes left. O(1). */
void irq_listen(struct rescind_kernel *k, uint32_t vpe, uint32_t irq, uint32_t ep);

/* There was an interrupt of this line, which is masked now. Cost: one message. */
void irq_arrive(struct rescind_kernel *k, uint32_t line);

/* Not NULL: the last interrupt could not be sent, and what it would be sent by now is being
 * revoked: wait here. O(1). */
uint16_t *irq_line(struct rescind_kernel *k, uint32_t listener);

/* The last interrupt is acknowledged; or where it could not be sent it is now. INV_ARGS: there was
 * none; else why it can't be sent. Cost: one message. */
enum rescind_error irq_acknowledge(struct rescind_kernel *k, uint32_t listener);

#endif

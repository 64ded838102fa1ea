/* LISTEN and IRQACK: interrupts as messages (object/irq.h). */
#ifndef RESCIND_SYSCALL_IRQ_H
#define RESCIND_SYSCALL_IRQ_H

#include "base/bytes.h"
#include "cap/revoke.h"

struct call;

struct irq_call {
    uint32_t irq; /* selector */
    uint32_t ep;  /* LISTEN */
};

enum progress listen_begin(struct rescind_kernel *k, uint32_t vpe, struct call *call,
                           struct bytes in);
enum progress listen_step(struct rescind_kernel *k, uint32_t vpe, struct call *call,
                          uint32_t *work);

enum progress irqack_begin(struct rescind_kernel *k, uint32_t vpe, struct call *call,
                           struct bytes in);
enum progress irqack_step(struct rescind_kernel *k, uint32_t vpe, struct call *call,
                          uint32_t *work);

#endif

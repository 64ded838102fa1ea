/* Calls: what a VPE has asked for, from its message to its answer.
 *
 * For each opcode there are two functions: one that begins, which turns the message's bytes into a
 * checked struct, and a step, which acts. A step is called again, event by
 * event, until it says CALL_DONE; what it needs to go on is in the struct, of which every VPE has
 * one set aside. A call that can't go on joins a line and holds nothing that others could wait for.
 *
 * A call that waits for what others may never do (a message, an answer, an end) can be cancelled:
 * it leaves its line and what it had begun, and has no answer.
 *
 * Each VPE has a buffer, where a call keeps what its message says at length and, at its end, what
 * it returns behind its error code.
 */
#ifndef RESCIND_SYSCALL_CALL_H
#define RESCIND_SYSCALL_CALL_H

#include "base/bytes.h"
#include "base/task.h"
#include "object/vpe.h"
#include "syscall/activate.h"
#include "syscall/creategate.h"
#include "syscall/exchange.h"
#include "syscall/ioport.h"
#include "syscall/irq.h"
#include "syscall/letter.h"
#include "syscall/memory.h"
#include "syscall/message.h"
#include "syscall/pagefault.h"
#include "syscall/revoke.h"
#include "syscall/service.h"
#include "syscall/vpe.h"

/* In call.error, beside the error code: there is data behind it, call_reply() says where. */
#define CALL_DATA 0x100u

struct call {
    _Alignas(64) uint32_t opcode; /* enum rescind_syscall */
    uint32_t error; /* the answer, once it is done: enum rescind_error, with CALL_DATA */
    union {
        struct creategate creategate;
        struct exchange exchange;
        struct revoke revoke;     /* REVOKE and EXIT */
        struct activate activate; /* and ATTACHRB and DETACHRB */
        struct message_call message;
        struct reqmem reqmem;
        struct derivemem derivemem;
        struct createmap createmap;
        struct access access; /* READ and WRITE */
        struct createsrv createsrv;
        struct createsess createsess;
        struct createsessat createsessat;
        struct obtain obtain; /* and DELEGATE */
        struct pagefault pagefault;
        struct createvpe createvpe;
        struct vpectrl vpectrl;
        struct fund fund;
        struct irq_call irq;   /* LISTEN and IRQACK */
        struct port_call port; /* PORT_IN and PORT_OUT */
    };
    uint32_t reply_size;  /* with CALL_DATA: bytes of the buffer */
    struct letter letter; /* what it asks another kernel, if it does */
};

static inline struct call *call_at(const struct rescind_kernel *k, uint32_t vpe)
{
    return (struct call *)arena_at(k, k->calls) + vpe;
}

/* The EXCHANGE that a call is, or makes use of; and the revocation. NULL: there is none. A call
 * that makes use of one has it first in its struct. */
static inline struct exchange *call_exchange(struct call *call)
{
    if (call->opcode == RESCIND_SYS_OBTAIN || call->opcode == RESCIND_SYS_DELEGATE)
        return call->obtain.visit == 0 && call->obtain.agreed ? &call->exchange : NULL;
    return call->opcode == RESCIND_SYS_EXCHANGE ? &call->exchange : NULL;
}
static inline struct revoke *call_revoke(struct call *call)
{
    if (call->opcode == RESCIND_SYS_ACTIVATE)
        return call->activate.phase == ACTIVATE_REVOKE ? &call->activate.revoke : NULL;
    return call->opcode == RESCIND_SYS_REVOKE || call->opcode == RESCIND_SYS_EXIT ? &call->revoke
                                                                                  : NULL;
}

/* Data of a message, whose length is told before it, goes to the buffer. False: it is cut short, or
 * has more than RESCIND_DATA_MAX bytes. */
bool call_take_data(struct rescind_kernel *k, uint32_t vpe, struct bytes *in, uint32_t *size);

/* The call of `vpe` is answered OK, with `size` bytes of its buffer behind the code, or with one
 * number. */
static inline enum progress call_return(struct call *call, uint32_t size)
{
    call->error = RESCIND_NO_ERROR | CALL_DATA;
    call->reply_size = size;
    return CALL_DONE;
}
static inline enum progress call_return_u64(struct rescind_kernel *k, uint32_t vpe,
                                            struct call *call, uint64_t value)
{
    memcpy(call_buffer(k, vpe), &value, sizeof(value));
    return call_return(call, sizeof(value));
}

/* It is answered with this error. */
static inline enum progress call_refuse(struct call *call, enum rescind_error error)
{
    call->error = error;
    return CALL_DONE;
}

/* It waits in `line`. */
static inline enum progress call_wait(struct rescind_kernel *k, uint32_t vpe, uint16_t *line)
{
    task_join(k, line, vpe);
    return CALL_WAITS;
}

/* Decodes the message of `vpe` and begins its call: CALL_DONE with the answer in call->error
 * where it is refused at once, else CALL_MORE: call_step() goes on. O(1). */
enum progress call_begin(struct rescind_kernel *k, uint32_t vpe, struct bytes message);

/* Begins EXIT for `vpe`, which has no call outstanding. O(1). */
void call_begin_exit(struct rescind_kernel *k, uint32_t vpe, uint32_t code);

/* The call of `vpe` waits, and need not be answered any more. False: it goes on all the same, and
 * will be done soon. O(1). */
bool call_cancel(struct rescind_kernel *k, uint32_t vpe);

/* Goes on with the call of `vpe`, doing k->work units of work at most. */
enum progress call_step(struct rescind_kernel *k, uint32_t vpe);

#endif

/* Calls: what a VPE has asked for, from its message to its answer.
 *
 * For each opcode there are two functions: one that begins, which turns the message's bytes into a
 * checked struct, and a step, which acts. A step is called again, event by
 * event, until it says CALL_DONE; what it needs to go on is in the struct, of which every VPE has
 * one set aside. A call that can't go on joins a line and holds nothing that others could wait for.
 */
#ifndef RESCIND_SYSCALL_CALL_H
#define RESCIND_SYSCALL_CALL_H

#include "base/bytes.h"
#include "syscall/creategate.h"
#include "syscall/exchange.h"
#include "syscall/revoke.h"

struct call {
    uint32_t opcode;          /* enum rescind_syscall */
    enum rescind_error error; /* the answer, once it is done */
    union {
        struct creategate creategate;
        struct exchange exchange;
        struct revoke revoke; /* REVOKE and EXIT */
    };
};

static inline struct call *call_at(const struct rescind_kernel *k, uint32_t vpe)
{
    return (struct call *)arena_at(k, k->calls) + vpe;
}

/* Decodes the message of `vpe` and begins its call: CALL_DONE with the answer in call->error
 * where it is refused at once, else CALL_MORE: call_step() goes on. O(1). */
enum progress call_begin(struct rescind_kernel *k, uint32_t vpe, struct bytes message);

/* Begins EXIT for `vpe`, which has no call outstanding. O(1). */
void call_begin_exit(struct rescind_kernel *k, uint32_t vpe, uint32_t code);

/* Goes on with the call of `vpe`, doing k->work units of work at most. */
enum progress call_step(struct rescind_kernel *k, uint32_t vpe);

#endif

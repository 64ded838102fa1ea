/* The program's side of a VPE: what runs in ring 3 on the PC and, from the same source, as a C
 * function in the simulator. A program gets its environment, makes syscalls through it, and
 * returns 0 when it is content. Programs keep no global mutable state.
 *
 * Each call below sends one message through endpoint 0's ring, waits for the reply on endpoint
 * 1's, and returns the reply's error code; the errors beside OUT_OF_MEM are named at each call.
 * What a call hands out is written when it returns NO_ERROR, and left alone otherwise; a pointer
 * for it may be NULL where nobody wants to know. Cost: one message and one reply, at most 512
 * bytes each, copied twice; calls that wait for others say so.
 *
 * Selectors are of the caller's object table, but where another one is named. `vpe` is the
 * selector of a VPE capability (RESCIND_SEL_VPE: the caller's own), which must be of the caller's
 * kernel but in rescind_creategate(), rescind_exchange() and rescind_vpectrl_*(); `dst` one that is
 * free in the caller's table. Either is INV_ARGS when it is not.
 */
#ifndef RESCIND_USER_H
#define RESCIND_USER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rescind/abi.h"

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

struct rescind_env {
    struct rescind_ring *syscalls; /* endpoint 0: this program produces */
    struct rescind_ring *replies;  /* endpoint 1: this program consumes */
    uint16_t pe;                   /* where this VPE is, for the header */
    uint16_t vpe;
    uint32_t credits; /* messages that endpoint 0 may still send; 1 at start */
    const char *name; /* of the VPE, NUL-terminated */
    /* Gives the processor away until something may have changed. `idle` says that this program
     * has seen nothing new since it last waited; when every VPE is idle, nothing can move any
     * more. */
    void (*wait)(struct rescind_env *env, bool idle);
    /* rescind_load() and rescind_store(); NULL where the platform has no virtual memory. */
    enum rescind_error (*load)(struct rescind_env *env, uint64_t address, uint64_t *value);
    enum rescind_error (*store)(struct rescind_env *env, uint64_t address, uint64_t value);
    void *host; /* the platform's own; programs leave it alone */
};

typedef int rescind_program(struct rescind_env *env);

/* Sends `size` bytes (at most RESCIND_PAYLOAD_MAX) as they stand and waits for the reply, whose
 * payload goes to `reply` (at most `reply_size` bytes; may be NULL). Returns the reply's error
 * code; MISS_CREDITS or NO_RING_SPACE when it can't be sent. */
enum rescind_error rescind_call(struct rescind_env *env, const void *message, size_t size,
                                void *reply, size_t reply_size);

/* ---- Capabilities ------------------------------------------------------------------------- */

/* A gate at `dst`: a way to send to endpoint `ep` of `vpe`. What comes through it bears `label`,
 * and an endpoint activated from it starts with `credits`. */
enum rescind_error rescind_creategate(struct rescind_env *env, uint32_t vpe, uint32_t dst,
                                      uint64_t label, uint32_t ep, uint64_t credits);
/* own -> other of the VPE that selector `vpe` names (delegate), or other -> own (obtain). INV_ARGS:
 * the ranges differ in kind or count, a source is empty or a destination taken. */
enum rescind_error rescind_exchange(struct rescind_env *env, uint32_t vpe, struct rescind_range own,
                                    struct rescind_range other, bool obtain);
/* Removes all that was derived from the capabilities in `range`, and with `own` these, too.
 * INV_ARGS for selectors 0 and 1. Cost: proportional to what goes. */
enum rescind_error rescind_revoke(struct rescind_env *env, struct rescind_range range, bool own);

/* ---- VPEs --------------------------------------------------------------------------------- */

/* A new VPE, which does not run yet: its capability at `vpe_dst`, its memory's at `mem_dst`. `name`
 * is NUL-terminated, at most RESCIND_VPE_NAME_MAX bytes. `pe`: where, the caller's own PE or
 * RESCIND_ANY_PE. Its page faults go to the gate at `pfgate` (RESCIND_NONE: to nobody), from the
 * new VPE's endpoint `pfep` (2 .. 15). *placed: the PE it is on. INV_ARGS also: the destinations
 * are equal, the name is too long, no gate at `pfgate`, `pfep` out of range; NO_FREE_CORE: another
 * PE, or no VPE is left. */
enum rescind_error rescind_createvpe(struct rescind_env *env, uint32_t vpe_dst, uint32_t mem_dst,
                                     const char *name, uint32_t pe, uint32_t pfgate, uint32_t pfep,
                                     uint32_t *placed);
/* Lets a VPE run that rescind_createvpe() made. INV_ARGS: it has been started; VPE_GONE: it has
 * ended. */
enum rescind_error rescind_vpectrl_start(struct rescind_env *env, uint32_t vpe);
/* Waits until the VPE has ended. *code: what it gave to EXIT, or 1 if a fault ended it. INV_ARGS:
 * it is the caller; VPE_GONE: a revocation has ended it. */
enum rescind_error rescind_vpectrl_wait(struct rescind_env *env, uint32_t vpe, uint32_t *code);
/* Moves `nodes` of the pool from the caller's account to that of a VPE that it has made, or with
 * `back` from that VPE's to its own. OUT_OF_MEM: there are not so many. */
enum rescind_error rescind_fund(struct rescind_env *env, uint32_t vpe, uint64_t nodes, bool back);
/* Ends this VPE. Has no reply, and does not return. */
__attribute__((noreturn)) void rescind_exit(struct rescind_env *env, uint32_t code);

/* ---- Memory ------------------------------------------------------------------------------- */

/* `size` bytes of zeroed memory at `dst`, at the machine's address `addr` (page-aligned, or
 * RESCIND_ANY_ADDR), with `perms` (enum rescind_perm, at least one). INV_ARGS: size or perms 0,
 * perms or address that there are not; OUT_OF_MEM also: taken, or no run of pages is long enough.
 * Cost: clearing it. */
enum rescind_error rescind_reqmem(struct rescind_env *env, uint32_t dst, uint64_t addr,
                                  uint64_t size, uint32_t perms);
/* At `dst` the bytes `off` .. `off` + `size` - 1 of the memory at `src`, with `perms`. INV_ARGS: no
 * memory at `src`, size or perms 0, or not inside; NO_PERM: `src` has not these permissions. */
enum rescind_error rescind_derivemem(struct rescind_env *env, uint32_t src, uint32_t dst,
                                     uint64_t off, uint64_t size, uint32_t perms);
/* Maps `pages` pages of the memory at `mem`, from its page `first` on, into the address space of
 * `vpe` from virtual page `dst` on (RESCIND_MAP_FIRST .. RESCIND_MAP_END - 1), with `perms`. Each
 * becomes a capability of that VPE's mapping table, its selector the virtual page's number.
 * INV_ARGS: no memory, not inside it, not page-aligned, no pages, a virtual page that is taken or
 * there is not, perms 0; NO_PERM: the memory has not these permissions. Cost: proportional to
 * `pages`. */
enum rescind_error rescind_createmap(struct rescind_env *env, uint32_t vpe, uint32_t mem,
                                     uint32_t first, uint32_t pages, uint32_t dst, uint32_t perms);
/* Asks this VPE's pager for virtual address `virt` with `access` (enum rescind_perm), and waits for
 * what it says: its error, or NO_MAPPING when there is none. */
enum rescind_error rescind_pagefault(struct rescind_env *env, uint64_t virt, uint64_t access);

/* The 8 bytes at virtual address `address`, which is 8-aligned, by an ordinary instruction: no
 * message. NO_MAPPING: nothing is mapped there and no pager helps; NO_PERM: but not for this;
 * NOT_SUP: the platform has no virtual memory. */
enum rescind_error rescind_load(struct rescind_env *env, uint64_t address, uint64_t *value);
enum rescind_error rescind_store(struct rescind_env *env, uint64_t address, uint64_t value);

/* ---- Services and sessions ---------------------------------------------------------------- */

/* What a client and a service say to each other beside the call. */
struct rescind_args {
    uint32_t size; /* of the bytes, at most RESCIND_ARGS_MAX */
    uint8_t bytes[RESCIND_ARGS_MAX];
};

/* Registers the caller as service `name` (NUL-terminated, 1 .. RESCIND_SERVICE_NAME_MAX bytes), at
 * `srv`. The kernel's requests (enum rescind_service_op of abi.h) come through `gate`, whose target
 * must be the caller: INV_ARGS. EXISTS: there is a service of this name. */
enum rescind_error rescind_createsrv(struct rescind_env *env, uint32_t gate, uint32_t srv,
                                     const char *name);
/* Opens a session with service `name` at selector `cap` of `vpe`, and waits for what the service
 * says to `args` (may be NULL). INV_ARGS: no such service, or `cap` is taken; the service's error;
 * RECV_GONE: it went, or its answer made no sense. */
enum rescind_error rescind_createsess(struct rescind_env *env, uint32_t vpe, uint32_t cap,
                                      const char *name, const struct rescind_args *args);
/* A session of the caller's own service at `srv` that it knows by `ident`, at `sess`, unasked. */
enum rescind_error rescind_createsessat(struct rescind_env *env, uint32_t srv, uint32_t sess,
                                        uint64_t ident);
/* Through a session, to or from the service's table, if it likes: `range` of the table of `vpe` is
 * copied to where the service says, or filled from there. The service may take or give fewer:
 * *count. `args` goes to the service, `answer` is what it says; either may be NULL. Waits for the
 * service. INV_ARGS: no session at `session`, a source is empty or a destination taken; the
 * service's error; RECV_GONE: it went, or its answer made no sense. */
enum rescind_error rescind_session_delegate(struct rescind_env *env, uint32_t vpe, uint32_t session,
                                            struct rescind_range range,
                                            const struct rescind_args *args, uint64_t *count,
                                            struct rescind_args *answer);
enum rescind_error rescind_session_obtain(struct rescind_env *env, uint32_t vpe, uint32_t session,
                                          struct rescind_range range,
                                          const struct rescind_args *args, uint64_t *count,
                                          struct rescind_args *answer);

/* ---- Endpoints: messages and memory ------------------------------------------------------- */

/* A message as rescind_receive() hands it out. */
struct rescind_message {
    uint64_t id;    /* for rescind_reply() and rescind_ack() */
    uint64_t label; /* the gate's that it came through; of a reply, the asker's reply label */
    bool is_reply;  /* which needs no answer: it is closed */
    uint32_t size;  /* of the data, bytes */
    uint8_t data[RESCIND_DATA_MAX];
};

/* Makes endpoint `ep` (2 .. 15) one of the gate or memory at selector `now`, in place of that at
 * `old`; RESCIND_NONE: none. INV_ARGS: not such a capability, or `old` is not what is active there.
 */
enum rescind_error rescind_activate(struct rescind_env *env, uint32_t ep, uint32_t old,
                                    uint32_t now);
/* Makes endpoint `ep` of `vpe` one that receives: 2^(order - msgorder) slots (2 .. 32) of
 * 2^msgorder bytes (32 .. 512), at `addr` of its memory (8-aligned, below RESCIND_VPE_MEMORY).
 * `flags` is 0. INV_ARGS: any of this is not so; EXISTS: the endpoint is in use. */
enum rescind_error rescind_attachrb(struct rescind_env *env, uint32_t vpe, uint32_t ep,
                                    uint64_t addr, uint32_t order, uint32_t msgorder,
                                    uint32_t flags);
/* EP_INVALID: it does not receive. */
enum rescind_error rescind_detachrb(struct rescind_env *env, uint32_t vpe, uint32_t ep);

/* Sends `size` bytes (at most RESCIND_DATA_MAX) through endpoint `ep`, for a credit, and does not
 * wait for the receiver. A reply comes to the caller's endpoint `reply_ep` (RESCIND_NONE: none is
 * wanted) with label `reply_label`. EP_INVALID: not an endpoint that sends, or `reply_ep` does not
 * receive; MISS_CREDITS; NO_RING_SPACE: the receiver's slots are taken; RECV_GONE: there is no
 * receiver; INV_ARGS: no such endpoint, or too long. */
enum rescind_error rescind_send(struct rescind_env *env, uint32_t ep, uint32_t reply_ep,
                                uint64_t reply_label, const void *data, size_t size);
/* The next message of endpoint `ep`, which with `wait` may take for ever. A request keeps its slot
 * until rescind_reply() or rescind_ack(). EP_INVALID: it does not receive; END_OF_FILE: there is
 * none, without `wait`; RECV_GONE: it was detached meanwhile. */
enum rescind_error rescind_receive(struct rescind_env *env, uint32_t ep, bool wait,
                                   struct rescind_message *message);
/* Answers message `id` of endpoint `ep` with at most RESCIND_DATA_MAX bytes; the sender gets its
 * credit back. EP_INVALID; INV_ARGS: no such message is open, it wants no reply, or too long;
 * RECV_GONE, NO_RING_SPACE: the reply can't be delivered, and the message is closed all the same.
 */
enum rescind_error rescind_reply(struct rescind_env *env, uint32_t ep, uint64_t id,
                                 const void *data, size_t size);
/* Closes message `id` of endpoint `ep` without an answer. EP_INVALID, INV_ARGS: no such message. */
enum rescind_error rescind_ack(struct rescind_env *env, uint32_t ep, uint64_t id);
/* `size` bytes (1 .. RESCIND_DATA_MAX) at `off` of the memory that endpoint `ep` was activated
 * from. EP_INVALID: it is not one of memory; NO_PERM; INV_ARGS: not inside it, or too long. */
enum rescind_error rescind_read(struct rescind_env *env, uint32_t ep, uint64_t off, void *data,
                                size_t size);
enum rescind_error rescind_write(struct rescind_env *env, uint32_t ep, uint64_t off,
                                 const void *data, size_t size);

/* ---- Devices ------------------------------------------------------------------------------ */

/* From now on each interrupt of the line at `irq` is a message that goes through the caller's
 * endpoint `ep` (2 .. 15), which a gate is active at, for a credit of that: two 8-byte words, the
 * line and how many interrupts there have been. It wants no reply. Until rescind_irqack() there is
 * no other. Ends with the line's capability. INV_ARGS: no interrupt line at `irq`; EP_INVALID: the
 * endpoint does not send; EXISTS: somebody listens to the line already; NOT_SUP: the line is
 * another kernel's, or the gate leads to another one. */
enum rescind_error rescind_listen(struct rescind_env *env, uint32_t irq, uint32_t ep);
/* The last interrupt has been dealt with: its credit is back, and the next one may come. Or where
 * it could not be sent, it is now; the errors are those of rescind_send() then, and it stays to be
 * sent. INV_ARGS: no interrupt line at `irq`, the caller does not listen to it, or there was no
 * interrupt; NOT_SUP: it is another kernel's. */
enum rescind_error rescind_irqack(struct rescind_env *env, uint32_t irq);
/* One access of `width` bits (8, 16, 32) to the I/O ports at `ports`, `offset` ports behind the
 * first. INV_ARGS: no ports at `ports`, another width, or not all inside; NOT_SUP: they are another
 * kernel's. */
enum rescind_error rescind_port_in(struct rescind_env *env, uint32_t ports, uint32_t offset,
                                   uint32_t width, uint32_t *value);
enum rescind_error rescind_port_out(struct rescind_env *env, uint32_t ports, uint32_t offset,
                                    uint32_t width, uint32_t value);

/* ---- And ---------------------------------------------------------------------------------- */

enum rescind_error rescind_noop(struct rescind_env *env);
/* Lets others run, for who has to ask again until another VPE has done something. No message. */
void rescind_yield(struct rescind_env *env);
/* Text to the console: `size` bytes, of which one call carries at most 464. */
enum rescind_error rescind_print(struct rescind_env *env, const char *text, size_t size);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif

/* All calls as bytes, and a kernel with machine memory to make them in: for the suites of VPEs,
 * endpoints and quotas.
 *
 * Its VPE0 and VPE1 are of the boot configuration and hold each other's capability at OTHER; the
 * rest of the numbers is left for CREATEVPE. The audit runs after every event, and the output of
 * every event is taken. Each function fails the cmocka test it is called from when something is not
 * as it should be.
 */
#ifndef RESCIND_TESTS_CALLS_H
#define RESCIND_TESTS_CALLS_H

#include "tests/kit.h"

/* Where VPE0 and VPE1 hold each other; and where family() puts a child. */
enum { OTHER = 2, CHILD = 10, CHILD_MEM = 11 };

struct calls_config {
    uint32_t vpes, nodes, work;
    uint32_t quota[2]; /* of the VPEs of the boot configuration; 0: they pay from the kernel's */
};
struct rescind_kernel *calls_new(const struct calls_config *config);
void calls_free(struct rescind_kernel *k);

struct message say_createvpe(uint32_t vpe_dst, uint32_t mem_dst);
struct message say_createvpe_with(uint32_t vpe_dst, uint32_t mem_dst, const char *name, uint32_t pe,
                                  uint32_t pfgate, uint32_t pfep);
struct message say_start(uint32_t vpe);
struct message say_wait(uint32_t vpe);
struct message say_vpectrl(uint32_t vpe, uint32_t op);
struct message say_fund(uint32_t vpe, uint64_t nodes, bool back);
struct message say_gate(uint32_t vpe, uint32_t dst, uint32_t ep, uint64_t label, uint64_t credits);
struct message say_activate(uint32_t ep, uint32_t old, uint32_t new);
struct message say_attach(uint32_t vpe, uint32_t ep, uint64_t addr, uint32_t order,
                          uint32_t slot_order);
struct message say_detach(uint32_t vpe, uint32_t ep);
struct message say_reqmem(uint32_t dst, uint64_t size);
struct message say_createmap(uint32_t vpe, uint32_t mem, uint32_t first, uint32_t pages,
                             uint32_t dst);
/* One number of data; a reply to endpoint `reply_ep` under its number as label. */
struct message say_send(uint32_t ep, uint32_t reply_ep, uint64_t number);
/* `size` bytes of 7. */
struct message say_send_bytes(uint32_t ep, uint32_t reply_ep, size_t size);
struct message say_receive(uint32_t ep, bool wait);
struct message say_reply(uint32_t ep, uint64_t id, uint64_t number);
struct message say_reply_bytes(uint32_t ep, uint64_t id, size_t size);
struct message say_ack(uint32_t ep, uint64_t id);

struct message say_listen(uint32_t irq, uint32_t ep);
struct message say_irqack(uint32_t irq);
struct message say_port_in(uint32_t ports, uint32_t offset, uint32_t width);
struct message say_port_out(uint32_t ports, uint32_t offset, uint32_t width, uint64_t value);

/* One event, with the audit behind it: `vpe` sends the message; the first in line goes on. */
void calls_send(struct rescind_kernel *k, uint32_t vpe, struct message message);
void calls_work(struct rescind_kernel *k);
/* There is an interrupt of this line; what the next accesses to ports read. */
void calls_interrupt(struct rescind_kernel *k, uint32_t line);
void calls_to_read(uint32_t value);
/* Until nothing is ready any more. */
void calls_rest(struct rescind_kernel *k);

/* An answer. */
struct answer {
    uint64_t error;
    uint64_t words[8]; /* behind the error; 0 where nothing was said */
    size_t size;
};
bool calls_answer(struct rescind_kernel *k, uint32_t vpe, struct answer *answer);
/* A whole call from rest to rest: its answer, or its error alone. */
struct answer calls_ask(struct rescind_kernel *k, uint32_t vpe, struct message message);
enum rescind_error calls_error(struct rescind_kernel *k, uint32_t vpe, struct message message);
#define calls_ok(k, vpe, message) assert_int_equal(calls_error(k, vpe, message), RESCIND_NO_ERROR)

/* VPE `maker` makes a VPE with capabilities at CHILD and CHILD_MEM and starts it. Its number. */
uint32_t calls_child(struct rescind_kernel *k, uint32_t maker);

/* What a refused call must not change: used nodes, accounts, tables, pages, numbers of VPEs. */
struct trace {
    uint32_t used, vpes, pages, left[16], held[16], endpoints[16];
};
struct trace calls_trace(const struct rescind_kernel *k);
void calls_same(const struct rescind_kernel *k, const struct trace *before);

/* The call is refused with this error, and nothing has changed. */
void calls_refused(struct rescind_kernel *k, uint32_t vpe, struct message message,
                   enum rescind_error error);

/* What the last event that made one, ended one has told: numbers of VPEs; ends since calls_new().
 */
struct told {
    uint32_t created, started, ended, code, ends;
    uint32_t unmasked;                        /* interrupt lines, a bit each */
    uint32_t accesses, to_read;               /* to ports: how many, what they read */
    struct rescind_kernel_port_access access; /* the last */
};
struct told calls_told(void);

#endif

/* The kernel as a value: everything it knows lies in one arena that its creator hands over.
 *
 * It is an event kernel: deliver one event, a bounded amount of work is done, it returns. What
 * can't finish at once waits in the arena for the next event. Nothing here blocks, recurses or
 * allocates outside the arena; all references inside are indices, so a copy of the arena is a
 * copy of the kernel. A process may hold any number of kernels; each is used by one thread at a
 * time. The machine around a kernel decides which event comes next:
 *
 *     rescind_kernel_message(k, vpe)    when rescind_kernel_message_waiting(k, vpe)
 *     rescind_kernel_work(k, task)      when rescind_kernel_ready(k) names a task
 *     rescind_kernel_hear(k, pe, ...)   when a message of another kernel has arrived
 *     rescind_kernel_end(k, vpe, code)  when the machine ends a VPE (a fault, a broken ring)
 *     rescind_kernel_interrupt(k, line) when a device wants to be heard, and its line is unmasked
 *
 * and after each takes what the kernel wants of it with rescind_kernel_take_output(). An event
 * is at most one reply, and its work is bounded by the configuration's `work`. A broken invariant
 * stops the kernel for good: in the library a line on standard error, then abort().
 *
 * For machines (the simulator, the PC's event loop) and for tests and fuzzers that want every
 * event in their own hands; rescind/sim.h is the comfortable way.
 */
#ifndef RESCIND_KERNEL_H
#define RESCIND_KERNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rescind/abi.h"

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

struct rescind_kernel;

struct rescind_kernel_config {
    uint32_t vpes;  /* at most so many VPEs, up to RESCIND_VPE_MAX */
    uint32_t nodes; /* of the pool, 64 bytes each: one a capability, one an object (a gate, memory,
                       an endpoint and each slot of its buffer, a service, a session), and one that
                       names none */
    uint32_t work;  /* units of work an event, of forty to seventy instructions: a revocation's look
                       at a capability takes one, its removal two, a copy four; 0 takes the default,
                       64 */
    uint32_t memory; /* bytes of machine memory, in pages of RESCIND_PAGE, up to 64 MiB; or 0: what
                        a VPE has as its memory is a name only then */
    uint32_t peers;  /* kernels in the system, on PEs 0 .. peers - 1, this one included; 0: 1 */
    uint16_t pe;     /* this kernel's PE, for keys and headers */
    uint64_t seed;   /* of the secret generator: from the platform, or fixed for a replay */
};

/* Bytes of arena that `config` takes, or 0 when it can't be had. */
size_t rescind_kernel_size(const struct rescind_kernel_config *config);

/* Builds a kernel in `arena` (4096-aligned, rescind_kernel_size() bytes, which it owns from now
 * on). NULL when the arena is too small or the configuration makes no sense. */
struct rescind_kernel *rescind_kernel_create(void *arena, size_t size,
                                             const struct rescind_kernel_config *config);

/* Bytes of the arena in use, from its start: a copy of them is a snapshot of the kernel, and
 * copying it back to the same or another arena (4096-aligned) puts that kernel there again. */
size_t rescind_kernel_used(const struct rescind_kernel *k);

/* A VPE of the boot configuration: roots at selector 0 (itself) and 1 (its memory, address and
 * bytes). Where the kernel has machine memory, these pages of it are taken and cleared, or with
 * mem_addr == RESCIND_ANY_ADDR any RESCIND_VPE_MEMORY bytes; where it has none, address and size
 * are a name only. VPEs are numbered from 0 in the order of these calls. NO_SPACE; OUT_OF_MEM, also
 * where that memory is not free. */
enum rescind_error rescind_kernel_boot_vpe(struct rescind_kernel *k, uint64_t mem_addr,
                                           uint64_t mem_size);

/* At boot: what `vpe` makes from now on is taken from an account of its own, of so many pool nodes,
 * which are set aside for it. INV_ARGS; OUT_OF_MEM, also where it has one already. */
enum rescind_error rescind_kernel_boot_quota(struct rescind_kernel *k, uint32_t vpe,
                                             uint32_t nodes);

/* At boot: `vpe` gets at `sel` a capability derived from selector 0 of `target`. INV_ARGS where
 * the selector is taken, OUT_OF_MEM. */
enum rescind_error rescind_kernel_boot_grant(struct rescind_kernel *k, uint32_t vpe, uint32_t sel,
                                             uint32_t target);

/* The same across kernels, of which neither has had an event yet: `vpe` of `to` gets at `sel` a
 * capability derived from selector 0 of `target` of `from`. */
enum rescind_error rescind_kernel_boot_grant_across(struct rescind_kernel *to, uint32_t vpe,
                                                    uint32_t sel, struct rescind_kernel *from,
                                                    uint32_t target);

/* At boot: `vpe` gets at `sel` interrupt line `line`, or I/O ports first .. first + count - 1, of
 * which there is no capability above it. INV_ARGS where the selector is taken, or there is no such
 * line or range; OUT_OF_MEM. What the machine has of its own must not be given out, and no line
 * twice: the machine sees to that. */
enum rescind_error rescind_kernel_boot_irq(struct rescind_kernel *k, uint32_t vpe, uint32_t sel,
                                           uint32_t line);
enum rescind_error rescind_kernel_boot_ports(struct rescind_kernel *k, uint32_t vpe, uint32_t sel,
                                             uint32_t first, uint32_t count);

/* The rings of a VPE, each at the start of a 4096-byte page of its own inside the arena: the
 * VPE produces into the first and consumes from the second, and may write to both at any time,
 * so nothing in them is believed. */
struct rescind_ring *rescind_kernel_syscall_ring(struct rescind_kernel *k, uint32_t vpe);
struct rescind_ring *rescind_kernel_reply_ring(struct rescind_kernel *k, uint32_t vpe);

enum rescind_vpe_state {
    RESCIND_VPE_RUNNING, /* has no call outstanding */
    RESCIND_VPE_WAITING, /* its call is not answered yet */
    RESCIND_VPE_ENDED,   /* holds nothing, and never runs again */
    RESCIND_VPE_ASLEEP,  /* CREATEVPE has made it, and VPECTRL has not started it yet */
};
enum rescind_vpe_state rescind_kernel_vpe_state(const struct rescind_kernel *k, uint32_t vpe);

/* A message of `vpe` can be taken now: its ring holds one, it has no call outstanding, and a
 * reply has room. Also true for a ring that makes no sense: rescind_kernel_message() then ends the
 * VPE. O(1). */
bool rescind_kernel_message_waiting(const struct rescind_kernel *k, uint32_t vpe);

/* Event: takes one message of `vpe`, decodes it and begins (mostly: finishes) the call. */
void rescind_kernel_message(struct rescind_kernel *k, uint32_t vpe);

/* Work that is ready to go on stands in a line of tasks. A VPE's call is the task of the VPE's
 * number; numbers from config.vpes on are what other kernels have asked for. */
enum rescind_task_kind {
    RESCIND_TASK_CALL,     /* the call of VPE `number` */
    RESCIND_TASK_MARKS,    /* what kernel `number` wants marked or swept (this one's own PE: what
                              exchanges have held up, and whom to tell that a VPE or an endpoint has
                              gone) */
    RESCIND_TASK_EXCHANGE, /* an EXCHANGE of a VPE of kernel `number`; `slot` tells them apart */
};
struct rescind_kernel_task {
    enum rescind_task_kind kind;
    uint32_t number, slot;
};
struct rescind_kernel_task rescind_kernel_task(const struct rescind_kernel *k, uint32_t task);

/* The task that is first in the line, or -1. O(1). */
int32_t rescind_kernel_ready(const struct rescind_kernel *k);
/* The one behind `task` in that line, or -1: a scheduler may choose any of them. O(1). */
int32_t rescind_kernel_ready_after(const struct rescind_kernel *k, uint32_t task);

/* Event: works on a task that is in the line. */
void rescind_kernel_work(struct rescind_kernel *k, uint32_t task);

/* Event: ends `vpe` as EXIT with `code` would, once its outstanding call is done; or at once, where
 * that waits for what others may never do. */
void rescind_kernel_end(struct rescind_kernel *k, uint32_t vpe, uint32_t code);

/* ---- Devices ------------------------------------------------------------------------------- */

/* Every interrupt line is masked at first; RESCIND_OUTPUT_UNMASK and RESCIND_OUTPUT_MASK say when
 * that is to change. Event: there was an interrupt of this line, which the machine has masked
 * again. Whoever listens to it gets a message. Cost: one message copied. */
void rescind_kernel_interrupt(struct rescind_kernel *k, uint32_t line);

/* The lines that are to be unmasked now, a bit each. O(lines). */
uint32_t rescind_kernel_unmasked(const struct rescind_kernel *k);

/* What RESCIND_OUTPUT_PORT wants: `vpe` accesses a port. */
struct rescind_kernel_port_access {
    uint16_t port;
    uint8_t bits; /* 8, 16 or 32: the ports behind it, too */
    bool out;     /* write `value` there; else what is read goes to rescind_kernel_port() */
    uint32_t value;
};
struct rescind_kernel_port_access rescind_kernel_port_access(const struct rescind_kernel *k,
                                                             uint32_t vpe);
/* No event of its own, but the rest of one: the access has been made (`value` is what was read, or
 * anything), at once and before any other event. More output may follow. Nothing happens where
 * `vpe` has not asked for one. */
void rescind_kernel_port(struct rescind_kernel *k, uint32_t vpe, uint32_t value);

/* ---- Other kernels (rescind/peer.h states their protocol) ---------------------------------- */

/* The machine has a channel from each kernel to each other one, which keeps the order, loses
 * nothing, and holds RESCIND_PEER_WINDOW messages at most. After each event of a kernel, and when a
 * place in a channel becomes free, it asks for messages as long as there is room for them. */

/* The first kernel in the line of those that there is something to tell, or -1; the one behind
 * `pe` in that line, or -1. O(1). */
int32_t rescind_kernel_tell_first(const struct rescind_kernel *k);
int32_t rescind_kernel_tell_after(const struct rescind_kernel *k, uint32_t pe);

/* Writes the next message for kernel `pe`, of at most RESCIND_PEER_MSG_MAX bytes; returns its size,
 * 0 when there is none. What it says has been said then. Cost: bounded by the message. */
size_t rescind_kernel_tell(struct rescind_kernel *k, uint32_t pe, void *message);

/* Event: a message from kernel `pe` has arrived; `message` holds `size` bytes, of any kind, and is
 * not needed any more when this returns. */
void rescind_kernel_hear(struct rescind_kernel *k, uint32_t pe, const void *message, size_t size);

/* What has gone to and fro between this kernel and `pe`. */
struct rescind_kernel_peer {
    uint64_t told, heard; /* messages */
    uint64_t refused;     /* records, or whole messages, that made no sense; they changed nothing */
    uint64_t late;        /* records that were overtaken by what this kernel had said meanwhile */
};
struct rescind_kernel_peer rescind_kernel_peer(const struct rescind_kernel *k, uint32_t pe);

/* Fault injection: after `left` more nodes of the pool its allocations fail; UINT32_MAX ends it. */
void rescind_kernel_starve(struct rescind_kernel *k, uint32_t left);

/* What an event wants of the machine. */
enum rescind_output_kind {
    RESCIND_OUTPUT_NOTHING,
    RESCIND_OUTPUT_PRINT,    /* `size` bytes of `text` to the console */
    RESCIND_OUTPUT_REPLY,    /* `vpe` has a reply in its ring, with error `code`: wake it */
    RESCIND_OUTPUT_ENDED,    /* `vpe` has ended with exit code `code` */
    RESCIND_OUTPUT_BAD_RING, /* a ring of `vpe` makes no sense: it is being ended */
    RESCIND_OUTPUT_CREATED,  /* there is a new VPE of number `vpe`, asleep, whose name is `size`
                                bytes of `text`; who had the number before has ended */
    RESCIND_OUTPUT_STARTED,  /* it may run now */
    RESCIND_OUTPUT_UNMASK,   /* interrupt lines are to be unmasked: bit L of `code` is line L, */
    RESCIND_OUTPUT_MASK,     /* or masked. No line is in both */
    RESCIND_OUTPUT_PORT,     /* `vpe` wants rescind_kernel_port_access() done, at once: see there */
};
struct rescind_kernel_output {
    enum rescind_output_kind kind;
    uint32_t vpe;
    uint32_t code;
    const char *text; /* of PRINT and CREATED */
    size_t size;
};
/* The next output of the last event; RESCIND_OUTPUT_NOTHING when there is no more. */
struct rescind_kernel_output rescind_kernel_take_output(struct rescind_kernel *k);

/* The machine memory: *size bytes, from a page boundary on. Programs reach it through mappings, the
 * kernel itself for READ, WRITE and messages. *size 0: the kernel has none. */
void *rescind_kernel_memory(struct rescind_kernel *k, size_t *size);

/* What is mapped at virtual page `page` of `vpe`. Expected O(log n). */
enum rescind_mapping_state {
    RESCIND_MAPPING_NONE,  /* nothing, or `page` is none that CREATEMAP maps at */
    RESCIND_MAPPING_THERE, /* what `out` says; a use of it now comes before any revocation */
    RESCIND_MAPPING_GOING, /* it may not be used any more, or not yet, and what there will be can't
                              be said before later events */
};
struct rescind_kernel_mapping {
    uint32_t pe;     /* of the kernel whose memory it is, */
    uint32_t frame;  /* and which page of that */
    uint32_t rights; /* enum rescind_perm */
};
enum rescind_mapping_state rescind_kernel_mapping(const struct rescind_kernel *k, uint32_t vpe,
                                                  uint32_t page,
                                                  struct rescind_kernel_mapping *out);

/* It changes with every event that may have made a mapping of `vpe` invalid: what was learnt from
 * rescind_kernel_mapping() before is to be forgotten then. O(1). */
uint32_t rescind_kernel_map_version(const struct rescind_kernel *k, uint32_t vpe);

/* One capability as a report sees it. */
struct rescind_kernel_cap {
    uint32_t vpe, kind, sel; /* where it is: VPE, enum rescind_table_kind, selector */
    uint32_t type;           /* enum rescind_cap_type */
    bool has_parent;
    bool has_remote_parent; /* then it is behind stub `parent_stub` of kernel `parent_pe` */
    uint32_t parent_vpe, parent_kind, parent_sel;
    uint32_t parent_pe, parent_stub;
};
/* The capability above a stub of this kernel: what a remote parent is. False: no such stub. O(1) */
bool rescind_kernel_above_stub(const struct rescind_kernel *k, uint32_t stub,
                               struct rescind_kernel_cap *out);
/* The first capability at or after selector `from` of a table. False: there is none. O(log n). */
bool rescind_kernel_find(const struct rescind_kernel *k, uint32_t vpe, uint32_t kind, uint64_t from,
                         struct rescind_kernel_cap *out);

/* Walks the derivation tree in depth-first order, roots in the order of VPEs, tables and
 * selectors. Start with *at = 0; each call fills `out` and its depth (a root has 0). False: the
 * walk is over. The kernel must not run in between. */
bool rescind_kernel_walk(const struct rescind_kernel *k, uint32_t *at, uint32_t *depth,
                         struct rescind_kernel_cap *out);

struct rescind_finding {
    const char *name;     /* of the invariant that is broken */
    const char *sentence; /* what should hold */
    uint32_t where;       /* the pool node or VPE at fault */
};

/* The audit: checks every invariant of a kernel between two events. True when all hold; else
 * `finding` (which may be NULL) tells the first that does not. It changes nothing and allocates
 * nothing. Cost: in proportion to the used part of the pool. */
bool rescind_kernel_audit(const struct rescind_kernel *k, struct rescind_finding *finding);

/* The machine is at its end: no call is under way in any kernel, and no message on its way. Is
 * nothing left of what was? As rescind_kernel_audit(). */
bool rescind_kernel_audit_rest(const struct rescind_kernel *k, struct rescind_finding *finding);

/* The links between two kernels: every stub of `above` has its child in `below`, which names it,
 * or has an UNLINK under way, and the other way about. `messages` are all that are on their way
 * from `below` to `above`, oldest first. Otherwise as rescind_kernel_audit(); `where` is a node of
 * either. */
struct rescind_kernel_message {
    const void *bytes;
    size_t size;
};
bool rescind_kernel_audit_links(const struct rescind_kernel *above,
                                const struct rescind_kernel *below,
                                const struct rescind_kernel_message *messages, unsigned count,
                                struct rescind_finding *finding);

/* The list of invariants, for documentation: name and sentence of number `index`, NULL past the
 * end. */
const char *rescind_kernel_audit_name(unsigned index, const char **sentence);

/* What a VPE would do: sends `size` bytes through its endpoint 0 (as ring_send: NO_RING_SPACE,
 * INV_ARGS, RECV_GONE); and takes the oldest reply's payload, of which `size` bytes at most go to
 * `payload`. False: there is none. Cost: one message copied. */
enum rescind_error rescind_kernel_send(struct rescind_kernel *k, uint32_t vpe, const void *payload,
                                       size_t size);
bool rescind_kernel_receive(struct rescind_kernel *k, uint32_t vpe, void *payload, size_t size);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif

/* The kernel as a value: everything it knows lies in one arena that its creator hands over.
 *
 * It is an event kernel: deliver one event, a bounded amount of work is done, it returns. What
 * can't finish at once waits in the arena for the next event. Nothing here blocks, recurses or
 * allocates outside the arena; all references inside are indices, so a copy of the arena is a
 * copy of the kernel. A process may hold any number of kernels; each is used by one thread at a
 * time. The machine around a kernel decides which event comes next:
 *
 *     rescind_kernel_message(k, vpe)    when rescind_kernel_message_waiting(k, vpe)
 *     rescind_kernel_work(k, vpe)       when rescind_kernel_ready(k) names a VPE
 *     rescind_kernel_end(k, vpe, code)  when the machine ends a VPE (a fault, a broken ring)
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
    uint32_t nodes; /* of the pool, 64 bytes each: one a capability, one a gate or memory object,
                       and one that names none */
    uint32_t work;  /* capabilities touched an event; 0 takes the default */
    uint16_t pe;    /* this kernel's PE, for keys and headers */
    uint64_t seed;  /* of the secret generator: from the platform, or fixed for a replay */
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
 * bytes). VPEs are numbered from 0 in the order of these calls. NO_SPACE, OUT_OF_MEM. */
enum rescind_error rescind_kernel_boot_vpe(struct rescind_kernel *k, uint64_t mem_addr,
                                           uint64_t mem_size);

/* At boot: `vpe` gets at `sel` a capability derived from selector 0 of `target`. INV_ARGS where
 * the selector is taken, OUT_OF_MEM. */
enum rescind_error rescind_kernel_boot_grant(struct rescind_kernel *k, uint32_t vpe, uint32_t sel,
                                             uint32_t target);

/* The rings of a VPE, each at the start of a 4096-byte page of its own inside the arena: the
 * VPE produces into the first and consumes from the second, and may write to both at any time,
 * so nothing in them is believed. */
struct rescind_ring *rescind_kernel_syscall_ring(struct rescind_kernel *k, uint32_t vpe);
struct rescind_ring *rescind_kernel_reply_ring(struct rescind_kernel *k, uint32_t vpe);

enum rescind_vpe_state {
    RESCIND_VPE_RUNNING, /* has no call outstanding */
    RESCIND_VPE_WAITING, /* its call is not answered yet */
    RESCIND_VPE_ENDED,   /* holds nothing, and never runs again */
};
enum rescind_vpe_state rescind_kernel_vpe_state(const struct rescind_kernel *k, uint32_t vpe);

/* A message of `vpe` can be taken now: its ring holds one, it has no call outstanding, and a
 * reply has room. Also true for a ring that makes no sense: rescind_kernel_message() then ends the
 * VPE. O(1). */
bool rescind_kernel_message_waiting(const struct rescind_kernel *k, uint32_t vpe);

/* Event: takes one message of `vpe`, decodes it and begins (mostly: finishes) the call. */
void rescind_kernel_message(struct rescind_kernel *k, uint32_t vpe);

/* The VPE whose call is next in line for work, or -1. O(1). */
int32_t rescind_kernel_ready(const struct rescind_kernel *k);
/* The one behind `vpe` in that line, or -1: a scheduler may choose any of them. O(1). */
int32_t rescind_kernel_ready_after(const struct rescind_kernel *k, uint32_t vpe);

/* Event: works on the call of `vpe`, which is in the line. */
void rescind_kernel_work(struct rescind_kernel *k, uint32_t vpe);

/* Event: ends `vpe` as EXIT with `code` would, once its outstanding call is done. */
void rescind_kernel_end(struct rescind_kernel *k, uint32_t vpe, uint32_t code);

/* What an event wants of the machine. */
enum rescind_output_kind {
    RESCIND_OUTPUT_NOTHING,
    RESCIND_OUTPUT_PRINT,    /* `size` bytes of `text` to the console */
    RESCIND_OUTPUT_REPLY,    /* `vpe` has a reply in its ring, with error `code`: wake it */
    RESCIND_OUTPUT_ENDED,    /* `vpe` has ended with exit code `code` */
    RESCIND_OUTPUT_BAD_RING, /* a ring of `vpe` makes no sense: it is being ended */
};
struct rescind_kernel_output {
    enum rescind_output_kind kind;
    uint32_t vpe;
    uint32_t code;
    const char *text;
    size_t size;
};
/* The next output of the last event; RESCIND_OUTPUT_NOTHING when there is no more. */
struct rescind_kernel_output rescind_kernel_take_output(struct rescind_kernel *k);

/* One capability as a report sees it. */
struct rescind_kernel_cap {
    uint32_t vpe, kind, sel; /* where it is: VPE, enum rescind_table_kind, selector */
    uint32_t type;           /* enum rescind_cap_type */
    bool has_parent;
    uint32_t parent_vpe, parent_kind, parent_sel;
};
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

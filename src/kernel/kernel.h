/* The kernel as a value: everything it knows lies in one arena that its creator hands over.
 *
 * It is an event kernel: deliver one event, a bounded amount of work is done, it returns. What
 * can't finish at once waits in the arena for the next event. Nothing here blocks, recurses or
 * allocates outside the arena; all references inside are indices, so a copy of the arena is a copy
 * of the kernel. The machine around it (sim/machine.c, src/pc99/main.c) decides which event comes
 * next:
 *
 *     kernel_message(k, vpe)   when kernel_message_waiting(k, vpe)
 *     kernel_work(k, vpe)      when kernel_ready(k) names a VPE whose call has work to do
 *     kernel_end(k, vpe, code) when the machine ends a VPE (a fault, a broken ring)
 *
 * and after each takes what the kernel wants of it with kernel_take_output(). An event is at most
 * one reply, and its work is bounded by the configuration's `work`.
 */
#ifndef RESCIND_KERNEL_KERNEL_H
#define RESCIND_KERNEL_KERNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/outbox.h"
#include "rescind/abi.h"

struct kernel;

struct kernel_config {
    uint32_t vpes;  /* at most so many VPEs, up to RESCIND_VPE_MAX */
    uint32_t nodes; /* of the pool, 64 bytes each: one a capability, one a gate or memory object,
                       and one that names none */
    uint32_t work;  /* capabilities touched an event; 0 takes the default */
    uint16_t pe;    /* this kernel's PE, for keys and headers */
    uint64_t seed;  /* of the secret generator: from the platform, or fixed for a replay */
};

/* Bytes of arena that `config` takes, or 0 when it can't be had. */
size_t kernel_size(const struct kernel_config *config);

/* Builds a kernel in `arena` (4096-aligned, kernel_size() bytes, which it owns from now on).
 * NULL when the arena is too small or the configuration makes no sense. */
struct kernel *kernel_create(void *arena, size_t size, const struct kernel_config *config);

/* Bytes of the arena in use, from its start: a copy of them is a snapshot of the kernel, and
 * copying it back to the same or another arena (4096-aligned) puts that kernel there again. */
size_t kernel_used(const struct kernel *k);

/* A VPE of the boot configuration: roots at selector 0 (itself) and 1 (its memory, address and
 * bytes). VPEs are numbered from 0 in the order of these calls. NO_SPACE, OUT_OF_MEM. */
enum rescind_error kernel_boot_vpe(struct kernel *k, uint64_t mem_addr, uint64_t mem_size);

/* At boot: `vpe` gets at `sel` a capability derived from selector 0 of `target`. INV_ARGS where
 * the selector is taken, OUT_OF_MEM. */
enum rescind_error kernel_boot_grant(struct kernel *k, uint32_t vpe, uint32_t sel, uint32_t target);

/* The rings of a VPE, each at the start of a 4096-byte page of its own inside the arena: the
 * VPE produces into the first and consumes from the second, and may write to both at any time,
 * so nothing in them is believed. */
struct rescind_ring *kernel_syscall_ring(struct kernel *k, uint32_t vpe);
struct rescind_ring *kernel_reply_ring(struct kernel *k, uint32_t vpe);

enum vpe_state {
    VPE_RUNNING, /* has no call outstanding */
    VPE_WAITING, /* its call is not answered yet */
    VPE_ENDED,   /* holds nothing, and never runs again */
};
enum vpe_state kernel_vpe_state(const struct kernel *k, uint32_t vpe);

/* A message of `vpe` can be taken now: its ring holds one, it has no call outstanding, and a
 * reply has room. Also true for a ring that makes no sense: kernel_message() then ends the VPE.
 * O(1). */
bool kernel_message_waiting(const struct kernel *k, uint32_t vpe);

/* Event: takes one message of `vpe`, decodes it and begins (mostly: finishes) the call. */
void kernel_message(struct kernel *k, uint32_t vpe);

/* The VPE whose call is next in line for work, or -1. O(1). */
int32_t kernel_ready(const struct kernel *k);
/* The one behind `vpe` in that line, or -1: a scheduler may choose any of them. O(1). */
int32_t kernel_ready_after(const struct kernel *k, uint32_t vpe);

/* Event: works on the call of `vpe`, which is in the line. */
void kernel_work(struct kernel *k, uint32_t vpe);

/* Event: ends `vpe` as EXIT with `code` would, once its outstanding call is done. */
void kernel_end(struct kernel *k, uint32_t vpe, uint32_t code);

/* What an event wants of the machine; the kinds are in base/outbox.h. */
struct kernel_output {
    enum kernel_output_kind kind;
    uint32_t vpe;
    uint32_t code;
    const char *text;
    size_t size;
};
/* The next output of the last event; KERNEL_NOTHING when there is no more. */
struct kernel_output kernel_take_output(struct kernel *k);

/* One capability as a report sees it. */
struct kernel_cap {
    uint32_t vpe, kind, sel; /* where it is: VPE, enum rescind_table_kind, selector */
    uint32_t type;           /* enum rescind_cap_type */
    bool has_parent;
    uint32_t parent_vpe, parent_kind, parent_sel;
};
/* The first capability at or after selector `from` of a table. False: there is none. O(log n). */
bool kernel_find(const struct kernel *k, uint32_t vpe, uint32_t kind, uint64_t from,
                 struct kernel_cap *out);

/* Walks the derivation tree in depth-first order, roots in the order of VPEs, tables and
 * selectors. Start with *at = 0; each call fills `out` and its depth (a root has 0). False: the
 * walk is over. The kernel must not run in between. */
bool kernel_walk(const struct kernel *k, uint32_t *at, uint32_t *depth, struct kernel_cap *out);

#endif

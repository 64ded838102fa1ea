/* CREATEGATE: a new send gate, a root of the derivation tree, in the caller's table. */
#ifndef RESCIND_SYSCALL_CREATEGATE_H
#define RESCIND_SYSCALL_CREATEGATE_H

#include "base/bytes.h"
#include "cap/revoke.h"

struct creategate {
    uint32_t vpe; /* selector of the VPE whose endpoint it is */
    uint32_t dst; /* selector for the gate */
    uint64_t label;
    uint32_t ep;
    uint64_t credits;
};

/* Message to struct. INV_ARGS: too short. */
enum rescind_error creategate_decode(struct bytes in, struct creategate *out);

/* Acts, in one go: OK, INV_ARGS (no VPE capability at `vpe`, or `dst` is taken), OUT_OF_MEM; or
 * waits. Expected O(log n). */
enum progress creategate_step(struct rescind_kernel *k, const struct creategate *c, uint32_t caller,
                              enum rescind_error *error);

#endif

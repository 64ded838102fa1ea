/* VPEs: who makes calls, holds two tables and has two rings to the kernel.
 *
 * A VPE's number names it in its kernel. A VPE capability's object is that number. A VPE ends
 * when all that it held has been revoked; its number is not used again.
 */
#ifndef RESCIND_OBJECT_VPE_H
#define RESCIND_OBJECT_VPE_H

#include "cap/cap.h"
#include "dtu/ring.h"

struct vpe {
    bool ended;      /* holds nothing any more */
    bool calling;    /* a call is outstanding: reply_label and the VPE's struct call are in use */
    bool end_wanted; /* to be ended once that call is done, with end_code */
    uint32_t end_code;
    uint64_t reply_label; /* of the outstanding call's message */
};

extern const struct cap_type vpe_type;

static inline struct vpe *vpe_at(const struct rescind_kernel *k, uint32_t vpe)
{
    return (struct vpe *)arena_at(k, k->vpes) + vpe;
}

/* A VPE's rings are one page each. */
enum { VPE_RING_PAGE = 4096 };
_Static_assert(RING_BYTES <= VPE_RING_PAGE, "a ring fits its page");

static inline struct rescind_ring *vpe_syscall_ring(const struct rescind_kernel *k, uint32_t vpe)
{
    return arena_at(k, k->rings + 2 * (size_t)vpe * VPE_RING_PAGE);
}

static inline struct rescind_ring *vpe_reply_ring(const struct rescind_kernel *k, uint32_t vpe)
{
    return arena_at(k, k->rings + (2 * (size_t)vpe + 1) * VPE_RING_PAGE);
}

/* A VPE of the boot configuration, with roots at selectors 0 and 1. NO_SPACE: no VPE is left;
 * OUT_OF_MEM: the pool is short. Nothing has changed then. */
enum rescind_error vpe_boot(struct rescind_kernel *k, uint64_t mem_addr, uint64_t mem_size);

#endif

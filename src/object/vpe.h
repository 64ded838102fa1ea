/* VPEs: who makes calls, holds tables of capabilities and has two rings to the kernel.
 *
 * A VPE's number names it in its kernel. A VPE capability's object is that number. A VPE lives by
 * its selector 0: when that goes it ends, which is a revocation of all that it holds. The number of
 * one that CREATEVPE has made is used again once it has ended and no capability names it; `life`
 * tells those apart who have had the same number.
 */
#ifndef RESCIND_OBJECT_VPE_H
#define RESCIND_OBJECT_VPE_H

#include "cap/cap.h"
#include "dtu/ring.h"

struct vpe {
    _Alignas(64) union {
        struct {
            bool ended;   /* holds nothing any more */
            bool ending;  /* its EXIT is under way, or has been */
            bool calling; /* a call is outstanding: reply_label and its struct call are in use */
            bool asleep;  /* CREATEVPE has made it, and VPECTRL has not started it yet */
        };
        uint16_t ends;  /* either of the first two */
        uint32_t quiet; /* any of all: no message of it is taken */
    };
    bool end_wanted;  /* to be ended once that call is done, or cancelled, with end_code */
    bool revoked;     /* it ends because its selector 0 has gone */
    bool boot;        /* of the boot configuration: its number is not used again */
    uint8_t pager;    /* the endpoint to its pager; 0: it has none */
    uint16_t account; /* that what it makes is taken from: its own, or the kernel's */
    uint16_t waiters; /* line of tasks that wait for its end */
    uint32_t end_code;
    uint32_t next;        /* in the list of those that are done with, or are ending */
    uint32_t life;        /* how many have had its number before */
    uint32_t refs;        /* capabilities without a parent that name it, and selector 0 */
    uint32_t maker;       /* the VPE whose account has funded its own, and is its heir */
    uint32_t made;        /* VPEs that it has made and whose numbers are not free again */
    uint32_t quota;       /* nodes of its own account: those taken from it and those left */
    uint32_t map_version; /* counts what may have made a mapping of its invalid */
    uint32_t watchers;    /* list of notes: those of other kernels that wait for its end */
    uint64_t reply_label; /* of the outstanding call's message */
};

extern const struct cap_type vpe_type;

static inline struct vpe *vpe_at(const struct rescind_kernel *k, uint32_t vpe)
{
    return (struct vpe *)arena_at(k, k->vpes) + vpe;
}

/* The buffer of a VPE for its calls; args that it gives to a service, or gets from one, lie behind
 * what else such a call returns. */
enum { CALL_BUFFER = 512, CALL_ARGS = 16 };
static inline uint8_t *call_buffer(const struct rescind_kernel *k, uint32_t vpe)
{
    return (uint8_t *)arena_at(k, k->buffers) + (size_t)vpe * CALL_BUFFER;
}

/* Is this VPE there, the one of this life? */
static inline bool vpe_lives(const struct rescind_kernel *k, uint32_t vpe, uint32_t life)
{
    return vpe < k->vpe_count && !vpe_at(k, vpe)->ended && vpe_at(k, vpe)->life == life;
}

/* Do messages still reach it? Not once its selector 0 has gone, though its end may take its time.
 */
static inline bool vpe_hears(const struct rescind_kernel *k, uint32_t vpe, uint32_t life)
{
    return vpe_lives(k, vpe, life) && !vpe_at(k, vpe)->revoked;
}

/* A VPE's own account, whether or not it has one. */
static inline uint16_t vpe_own_account(uint32_t vpe)
{
    return (uint16_t)(vpe + 1);
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
 * OUT_OF_MEM: the pool is short, or its memory is not free. Nothing has changed then. */
enum rescind_error vpe_boot(struct rescind_kernel *k, uint64_t mem_addr, uint64_t mem_size);

/* Gives a VPE that pays from the kernel's account one of its own with `nodes` nodes. OUT_OF_MEM. */
enum rescind_error vpe_boot_quota(struct rescind_kernel *k, uint32_t vpe, uint32_t nodes);

/* Is there a number left for a new VPE? */
static inline bool vpe_is_left(const struct rescind_kernel *k)
{
    return k->vpe_free != 0 || k->vpe_count < k->vpe_limit;
}

/* Takes a number and makes it a VPE that is asleep and holds nothing; one is left. It has its own
 * account, of `fund` nodes that `maker`'s has. O(1). */
uint32_t vpe_create(struct rescind_kernel *k, uint32_t maker, uint32_t fund);

/* It has ended: what is left in its account goes to its maker's, and so does what comes back to it
 * later; when nothing is left of it at all, its number is free. O(1) for each of those above it
 * that have ended, too. */
void vpe_bury(struct rescind_kernel *k, uint32_t vpe);

/* A VPE of kernel `pe` is to be told when it ends, by a note; or else the kernel's account is
 * empty, and it is false. It waits for one VPE at a time, so a note of an earlier call of its,
 * which has been cancelled, becomes this one. O(n) in the notes of VPEs of that kernel: one each.
 */
bool vpe_watch(struct rescind_kernel *k, uint32_t vpe, uint32_t pe, uint32_t asker,
               uint32_t serial);

/* Tells some of those who wait for the end of VPEs that have ended, spending *work at most. True:
 * there are more. */
bool vpe_tell_watchers(struct rescind_kernel *k, uint32_t *work);

/* What `nodes` its maker adds to its account, or takes out of it (which has them). O(1). */
void vpe_fund(struct rescind_kernel *k, uint32_t vpe, uint32_t nodes, bool back);

/* The next one of those that have lost their selector 0 and are to be ended, or -1. O(1). */
int32_t vpe_take_ending(struct rescind_kernel *k);

#endif

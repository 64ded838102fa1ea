/* REQMEM, DERIVEMEM, CREATEMAP, READ and WRITE: machine memory, from its allocation to its use.
 *
 * REQMEM takes pages and makes a root that they live with: they are free again when the last
 * capability that was derived from it is gone. It puts the root there RESERVED, clears the pages
 * event by event, and then the call takes effect: until then whoever wants that selector waits, so
 * that nothing can come between and a call that has taken pages can't fail any more.
 *
 * DERIVEMEM makes a part of it, whose permissions only shrink. CREATEMAP derives a mapping for each
 * page, all or nothing, for the caller's account: what takes longer than one event goes as an
 * EXCHANGE does (syscall/exchange.h), with copies that are RESERVED and one flag that commits them.
 * The memory may be any kernel's, the VPE is of this one: its mappings are capabilities here, below
 * the caller's of the memory (object/map.h says why they go in time). What memory a capability of
 * another kernel names, and whether there is such, is asked first (letter_describe()), and believed
 * in that step alone.
 *
 * READ and WRITE go through a memory endpoint, which is looked at each time: there, of memory that
 * there is, with the permission, inside its bounds.
 *
 * Each looks at its arguments in the order of its message, for INV_ARGS (EP_INVALID) and then for
 * NO_PERM; CREATEMAP looks at the destination, and READ and WRITE at the bounds, behind that.
 * OUT_OF_MEM comes last.
 */
#ifndef RESCIND_SYSCALL_MEMORY_H
#define RESCIND_SYSCALL_MEMORY_H

#include "base/bytes.h"
#include "cap/revoke.h"
#include "syscall/exchange.h"

struct call;
struct letter_reply;
struct rescind_peer_letter;

struct reqmem {
    uint32_t dst;
    uint8_t perms;
    uint64_t addr, size;
    uint32_t cap;       /* once there are pages: the new capability, RESERVED, */
    uint32_t page, end; /* and those that have still to be cleared */
};

struct derivemem {
    uint32_t src, dst;
    uint64_t off, size;
    uint8_t perms;
};

struct createmap {
    uint32_t vpe, mem;     /* selectors */
    uint32_t first, pages; /* of the memory, */
    uint32_t dst;          /* to virtual pages from here on */
    uint8_t perms;

    enum exchange_phase phase;
    uint32_t done;            /* mappings reserved (RESERVE, UNDO) or settled (SETTLE) so far */
    uint32_t awaited;         /* the one that an earlier attempt stopped at */
    enum rescind_error error; /* UNDO: the answer to come; NO_ERROR: start again */
    uint32_t target, source;  /* once some are reserved: the VPE, the memory's capability, */
    uint32_t frame;           /* and first page, */
    uint16_t pe;              /* of which kernel's */
};

/* READ and WRITE. What WRITE writes is in the caller's buffer. */
struct access {
    uint32_t ep;
    uint32_t size;
    uint64_t off;
};

enum progress reqmem_begin(struct rescind_kernel *k, uint32_t vpe, struct call *call,
                           struct bytes in);
enum progress reqmem_step(struct rescind_kernel *k, uint32_t vpe, struct call *call,
                          uint32_t *work);

enum progress derivemem_begin(struct rescind_kernel *k, uint32_t vpe, struct call *call,
                              struct bytes in);
enum progress derivemem_step(struct rescind_kernel *k, uint32_t vpe, struct call *call,
                             uint32_t *work);

enum progress createmap_begin(struct rescind_kernel *k, uint32_t vpe, struct call *call,
                              struct bytes in);
enum progress createmap_step(struct rescind_kernel *k, uint32_t vpe, struct call *call,
                             uint32_t *work);

enum progress read_begin(struct rescind_kernel *k, uint32_t vpe, struct call *call,
                         struct bytes in);
enum progress read_step(struct rescind_kernel *k, uint32_t vpe, struct call *call, uint32_t *work);

enum progress write_begin(struct rescind_kernel *k, uint32_t vpe, struct call *call,
                          struct bytes in);
enum progress write_step(struct rescind_kernel *k, uint32_t vpe, struct call *call, uint32_t *work);

/* What a READ or WRITE of another kernel wants; see syscall/letter.c. */
bool access_is_sound(const struct rescind_kernel *k, uint32_t pe,
                     const struct rescind_peer_letter *letter);
uint32_t access_serve(struct rescind_kernel *k, uint32_t pe,
                      const struct rescind_peer_letter *letter, struct letter_reply *reply,
                      uint8_t *data);

#endif

/* Stubs, and revocation across kernels: what a peer says of capabilities and stubs here.
 *
 * A stub is a child on another kernel, in its parent's ring. Both ends name the link: the stub has
 * the child's key, the child its parent's kernel and stub. A stub is made RESERVED, by an EXCHANGE
 * or the first SEND from an endpoint, or it is kept (for a session that a service has opened)
 * until the peer is told. It goes with the peer's UNLINK. rescind/peer.h states the protocol.
 */
#ifndef RESCIND_CAP_REMOTE_H
#define RESCIND_CAP_REMOTE_H

#include "cap/cap.h"

/* How something that a peer said was taken. Only what was HEARD has changed anything. */
enum remote_sense {
    REMOTE_HEARD,
    REMOTE_LATE,   /* overtaken by what this kernel has said meanwhile */
    REMOTE_REFUSED /* it makes no sense */
};

/* A reserved child of `parent`, of key `key` on kernel `peer`, which is held until it is settled;
 * 0 when the account is empty. O(1). */
uint32_t remote_stub(struct rescind_kernel *k, uint32_t parent, uint32_t peer, uint64_t key,
                     uint32_t reserver, uint16_t account);
/* The same for one that keeps session `object` of this kernel until it is forgotten. It is UNTOLD,
 * and not reserved; the kernel's account, which has a node left, pays. O(1). */
uint32_t remote_keep(struct rescind_kernel *k, uint32_t parent, uint32_t peer, uint64_t key,
                     uint32_t object);
/* Its EXCHANGE has succeeded; or failed. O(1). */
void remote_settle(struct rescind_kernel *k, uint32_t stub);
void remote_unreserve(struct rescind_kernel *k, uint32_t stub);

/* Is there such a stub, to kernel `pe`? */
bool remote_is_stub(const struct rescind_kernel *k, uint32_t pe, uint32_t stub);
static inline uint64_t remote_key(const struct cap *stub)
{
    return (uint64_t)stub->key_high << 32 | stub->key_low;
}

/* Kernel `pe` says that the child of its stub `stub` with key `key` is to be marked, to be swept.
 * O(log n). */
enum remote_sense remote_mark(struct rescind_kernel *k, uint32_t pe, uint32_t stub, uint64_t key);
enum remote_sense remote_sweep(struct rescind_kernel *k, uint32_t pe, uint32_t stub, uint64_t key);

/* Kernel `pe` says that the child of stub `stub` here is marked, is gone. O(1). */
enum remote_sense remote_marked(struct rescind_kernel *k, uint32_t pe, uint32_t stub);
enum remote_sense remote_unlink(struct rescind_kernel *k, uint32_t pe, uint32_t stub);

#endif

/* Stubs, and revocation across kernels; see remote.h. */
#include "cap/remote.h"

#include "base/task.h"
#include "cap/create.h"
#include "cap/peer.h"
#include "cap/revoke.h"
#include "cap/table.h"
#include "cap/tree.h"

/* ---- Stubs: the parent's side ------------------------------------------------------------- */

/* A node becomes a stub below `parent`. */
static struct cap *make(struct rescind_kernel *k, uint32_t index, uint32_t parent, uint32_t peer,
                        uint64_t key)
{
    struct cap *stub = cap_at(k, index);

    stub->peer = (uint16_t)peer;
    stub->key_low = (uint32_t)key;
    stub->key_high = (uint32_t)(key >> 32);
    stub->chain = 0;
    stub->waiters = 0;
    stub->pending = 0;
    tree_link(k, parent, index);
    return stub;
}

uint32_t remote_stub(struct rescind_kernel *k, uint32_t parent, uint32_t peer, uint64_t key,
                     uint32_t reserver, uint16_t account)
{
    uint32_t index = account_take(k, CAP_STUB, account);

    if (index == 0)
        return 0;
    struct cap *stub = make(k, index, parent, peer, key);
    stub->flags = CAP_AWAY | CAP_RESERVED;
    stub->reserver = (uint16_t)reserver;
    revoke_hold(k, parent);
    return index;
}

uint32_t remote_keep(struct rescind_kernel *k, uint32_t parent, uint32_t peer, uint64_t key,
                     uint32_t object)
{
    uint32_t index = account_take_one(k, CAP_STUB, ACCOUNT_KERNEL);
    struct cap *stub = make(k, index, parent, peer, key);

    stub->flags = CAP_AWAY | CAP_UNTOLD | CAP_BOUND;
    stub->object = object;
    return index;
}

/* The child is gone, or never came. */
static void forget(struct rescind_kernel *k, uint32_t index)
{
    struct cap *stub = cap_at(k, index);
    uint32_t parent = stub->parent;
    bool counted =
        (stub->flags & CAP_RESERVED) || (stub->flags & (CAP_SEEN | CAP_MARKED)) == CAP_SEEN;

    tree_unlink(k, index);
    if (stub->flags & CAP_TELLING)
        peer_told(k, index);
    if (stub->flags & CAP_BOUND)
        object_release(k, RESCIND_CAP_SESSION, stub->object);
    pool_give(k, index);
    if (counted)
        revoke_release(k, parent);
    revoke_child_gone(k, parent);
}

void remote_unreserve(struct rescind_kernel *k, uint32_t stub)
{
    forget(k, stub);
}

void remote_settle(struct rescind_kernel *k, uint32_t index)
{
    struct cap *stub = cap_at(k, index);

    if (stub->flags & CAP_GONE) {
        forget(k, index);
        return;
    }
    stub->flags &= (uint16_t)~CAP_RESERVED;
    if (stub->flags & CAP_SEEN)
        peer_tell(k, index); /* to be marked: what held the parent for it still does */
    else
        revoke_release(k, stub->parent);
}

bool remote_is_stub(const struct rescind_kernel *k, uint32_t pe, uint32_t index)
{
    return pool_has(k, index) && cap_at(k, index)->type == CAP_STUB && cap_at(k, index)->peer == pe;
}

enum remote_sense remote_marked(struct rescind_kernel *k, uint32_t pe, uint32_t index)
{
    struct cap *stub = cap_at(k, index);

    if (!remote_is_stub(k, pe, index))
        return REMOTE_REFUSED;
    if ((stub->flags & (CAP_SEEN | CAP_MARKED | CAP_RESERVED | CAP_TELLING | CAP_UNTOLD)) !=
        CAP_SEEN)
        return REMOTE_REFUSED; /* nobody has asked */
    stub->flags |= CAP_MARKED;
    revoke_release(k, stub->parent);
    return REMOTE_HEARD;
}

enum remote_sense remote_unlink(struct rescind_kernel *k, uint32_t pe, uint32_t index)
{
    struct cap *stub = cap_at(k, index);

    if (!remote_is_stub(k, pe, index) || (stub->flags & CAP_UNTOLD))
        return REMOTE_REFUSED;
    if (!(stub->flags & CAP_RESERVED)) {
        forget(k, index);
        return REMOTE_HEARD;
    }
    if (!task_at(k, stub->reserver)->committed || (stub->flags & CAP_GONE))
        return REMOTE_REFUSED; /* there is no child yet, or not any more */
    stub->flags |= CAP_GONE;
    return REMOTE_HEARD;
}

/* ---- The child's side --------------------------------------------------------------------- */

/* The capability of this key, if stub `stub` of kernel `pe` is what it names as its parent. */
static uint32_t find_child(const struct rescind_kernel *k, uint32_t pe, uint32_t stub, uint64_t key)
{
    uint32_t vpe = RESCIND_KEY_VPE(key), kind = (uint32_t)(key >> 32) & 15;
    uint32_t index;

    if (RESCIND_KEY_PE(key) != k->pe || vpe >= k->vpe_count || kind >= TABLE_KINDS)
        return 0;
    index = table_find(k, table_of(vpe, kind), (uint32_t)key);
    if (index == 0)
        return 0;
    const struct cap *cap = cap_at(k, index);
    return (cap->flags & CAP_REMOTE) && cap->peer == pe && cap->parent == stub &&
                   cap_key(k, cap) == key
               ? index
               : 0;
}

enum remote_sense remote_mark(struct rescind_kernel *k, uint32_t pe, uint32_t stub, uint64_t key)
{
    uint32_t index = find_child(k, pe, stub, key);
    struct cap *cap = cap_at(k, index);

    if (index == 0)
        return REMOTE_LATE; /* its UNLINK is under way */
    if ((cap->flags & CAP_SEEN) || !cap_is_there(k, cap))
        return REMOTE_REFUSED;
    cap->flags |= CAP_SEEN;
    if (cap->flags & CAP_MARKED) {
        peer_tell(k, index);
    } else if (!(cap->flags & CAP_VISITED)) {
        cap->flags |= CAP_VISITED;
        peer_queue(k, pe, index);
    }
    return REMOTE_HEARD;
}

enum remote_sense remote_sweep(struct rescind_kernel *k, uint32_t pe, uint32_t stub, uint64_t key)
{
    uint32_t index = find_child(k, pe, stub, key);
    struct cap *cap = cap_at(k, index);

    if (index == 0)
        return REMOTE_LATE;
    if ((cap->flags & (CAP_SEEN | CAP_MARKED | CAP_TELLING | CAP_PASSED)) !=
        (CAP_SEEN | CAP_MARKED))
        return REMOTE_REFUSED; /* not before it was told to be marked, and once */
    cap->flags |= CAP_PASSED;
    if (cap->flags & CAP_ENTERED) {
        cap->flags &= (uint16_t)~CAP_KEEP;
    } else {
        cap->flags |= CAP_ENTERED;
        peer_queue(k, pe, index);
    }
    return REMOTE_HEARD;
}

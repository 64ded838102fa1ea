/* The audit of what two kernels say of the links between them; see rescind/kernel.h. */
#include "rescind/kernel.h"

#include "cap/create.h"
#include "cap/peer.h"
#include "cap/remote.h"
#include "cap/table.h"
#include "object/object.h"
#include "rescind/peer.h"
#include "syscall/open.h"

/* What is where the key of a stub of `above` says, or 0. */
static uint32_t at_key(const struct rescind_kernel *above, uint32_t stub,
                       const struct rescind_kernel *below)
{
    uint64_t key = remote_key(cap_at(above, stub));
    uint32_t vpe = RESCIND_KEY_VPE(key);

    if (vpe >= below->vpe_count)
        return 0;
    return table_find(below, table_of(vpe, (uint32_t)(key >> 32) & 15), (uint32_t)key);
}

/* The child of a stub of `above`, or 0. */
static uint32_t child_of(const struct rescind_kernel *above, uint32_t stub,
                         const struct rescind_kernel *below)
{
    uint32_t index = at_key(above, stub, below);
    const struct cap *cap = cap_at(below, index);

    if (index == 0)
        return 0;
    return (cap->flags & CAP_REMOTE) && cap->peer == above->pe && cap->parent == stub ? index : 0;
}

/* Does a tomb of `below` say that the child of `stub` is gone? */
static bool has_tomb(const struct rescind_kernel *above, uint32_t stub,
                     const struct rescind_kernel *below)
{
    uint32_t first = peer_at(below, above->pe)->up, at = first;

    if (first == 0)
        return false;
    do {
        const struct cap *cap = cap_at(below, at);
        if (cap->type == CAP_TOMB && cap->parent == stub)
            return true;
        at = cap->next;
    } while (at != first);
    return false;
}

/* Does a message? */
static bool is_unlinked(uint32_t stub, const struct rescind_kernel_message *messages,
                        unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        const uint8_t *bytes = messages[i].bytes;
        struct rescind_peer_record record;
        for (size_t at = sizeof(struct rescind_peer_message);
             at + sizeof(record) <= messages[i].size; at += record.size) {
            memcpy(&record, bytes + at, sizeof(record));
            if (record.kind == RESCIND_PEER_UNLINK && record.stub == stub)
                return true;
            if (record.size < sizeof(record))
                break; /* no kernel says that */
        }
    }
    return false;
}

/* Is the stub of a session whose NOTE is on its way, and there is a claim to it? */
static bool has_claim(const struct rescind_kernel *above, const struct cap *stub,
                      const struct rescind_kernel *below)
{
    for (uint32_t index = below->pool.first; (stub->flags & CAP_BOUND) && index < below->pool.high;
         index++) {
        const struct claim *claim = claim_at(below, index);
        if (claim->object.type == OBJECT_CLAIM && claim->peer == above->pe &&
            claim->key == remote_key(stub))
            return true;
    }
    return false;
}

static bool stub_good(const struct rescind_kernel *above, uint32_t stub,
                      const struct rescind_kernel *below,
                      const struct rescind_kernel_message *messages, unsigned count)
{
    const struct cap *cap = cap_at(above, stub);
    uint32_t child = child_of(above, stub, below);

    if (cap->flags & CAP_RESERVED)
        return true; /* the child may be on its way, or never come */
    if (child == 0 && (has_tomb(above, stub, below) || is_unlinked(stub, messages, count)))
        return true;
    if (child == 0 && has_claim(above, cap, below))
        return true;
    if (child == 0) { /* or the answer that brings it is on its way */
        uint32_t place = at_key(above, stub, below);
        return place != 0 && cap_at(below, place)->type == CAP_PLACE && !(cap->flags & CAP_MARKED);
    }
    if ((cap->flags & CAP_MARKED) && !(cap_at(below, child)->flags & CAP_MARKED))
        return false;
    return !(cap_at(below, child)->flags & CAP_SEEN) ||
           (cap->flags & (CAP_SEEN | CAP_RESERVED)) == CAP_SEEN;
}

/* A remote capability names a stub that has its key. */
static bool child_good(const struct rescind_kernel *above, const struct rescind_kernel *below,
                       const struct cap *cap)
{
    if (!remote_is_stub(above, below->pe, cap->parent))
        return false;
    return remote_key(cap_at(above, cap->parent)) == cap_key(below, cap);
}

static bool report(struct rescind_finding *finding, const char *name, const char *sentence,
                   uint32_t where)
{
    if (finding != NULL)
        *finding = (struct rescind_finding){name, sentence, where};
    return false;
}

bool rescind_kernel_audit_links(const struct rescind_kernel *above,
                                const struct rescind_kernel *below,
                                const struct rescind_kernel_message *messages, unsigned count,
                                struct rescind_finding *finding)
{
    for (uint32_t index = above->pool.first; index < above->pool.high; index++) {
        if (remote_is_stub(above, below->pe, index) &&
            !stub_good(above, index, below, messages, count))
            return report(finding, "stub_has_child",
                          "a stub's child is there and no further marked than it says, or its "
                          "UNLINK is under way",
                          index);
    }
    for (uint32_t index = below->pool.first; index < below->pool.high; index++) {
        const struct cap *cap = cap_at(below, index);
        if (cap_is_cap(cap) && cap_is_there(below, cap) && (cap->flags & CAP_REMOTE) &&
            cap->peer == above->pe && !child_good(above, below, cap))
            return report(finding, "child_has_stub",
                          "a capability with a parent on another kernel has a stub there that "
                          "names it",
                          index);
    }
    return true;
}

/* Looking at selectors; see lookup.h. */
#include "syscall/lookup.h"

struct lookup lookup_taken(struct rescind_kernel *k, uint32_t index)
{
    struct cap *cap = cap_at(k, index);

    if (cap_is_there(k, cap) && !(cap->flags & CAP_VISITED))
        return (struct lookup){.error = RESCIND_INV_ARGS};
    return (struct lookup){.line = cap_line(cap)};
}

struct lookup lookup_ending(struct rescind_kernel *k, uint32_t vpe)
{
    struct vpe *v = vpe_at(k, vpe);

    if (v->ended)
        return (struct lookup){.error = RESCIND_INV_ARGS};
    return (struct lookup){.line = &v->waiters};
}

struct lookup lookup_endpoint(struct rescind_kernel *k, uint32_t vpe, uint32_t ep,
                              enum endpoint_kind kind)
{
    uint32_t cap = endpoint_find(k, vpe, ep);

    if (cap == 0 || endpoint_of(k, cap)->kind != kind)
        return (struct lookup){.error = RESCIND_EP_INVALID};
    if (cap_at(k, cap)->flags & CAP_MARKED)
        return (struct lookup){.line = cap_line(cap_at(k, cap))};
    return (struct lookup){.cap = cap};
}

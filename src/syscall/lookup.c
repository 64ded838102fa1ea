/* Looking at selectors; see lookup.h. */
#include "syscall/lookup.h"

#include "object/vpe.h"

static const struct lookup refused = {.error = RESCIND_INV_ARGS};

struct lookup lookup_source(struct rescind_kernel *k, uint32_t table, uint32_t sel)
{
    uint32_t index = table_find(k, table, sel);

    if (index == 0)
        return refused;
    struct cap *cap = cap_at(k, index);
    if (!cap_is_there(k, cap))
        return refused; /* before the EXCHANGE that reserved it, the selector is empty */
    if (cap->flags & CAP_VISITED)
        return (struct lookup){.line = &cap->waiters};
    table_note(k, index);
    return (struct lookup){.cap = index};
}

struct lookup lookup_free(struct rescind_kernel *k, uint32_t table, uint32_t sel)
{
    struct lookup found = {0};
    uint32_t index = table_find_place(k, table, sel, &found.place);

    if (index != 0) {
        struct cap *cap = cap_at(k, index);
        if (cap_is_there(k, cap) && !(cap->flags & CAP_VISITED))
            return refused;
        return (struct lookup){.line = &cap->waiters};
    }
    if (table_is_locked(k, table, sel))
        found.line = &table_at(k, table)->lock_waiters;
    return found;
}

struct lookup lookup_vpe(struct rescind_kernel *k, uint32_t vpe, uint32_t sel)
{
    struct lookup found = lookup_source(k, table_of(vpe, RESCIND_TABLE_OBJECT), sel);

    if (found.cap != 0) {
        const struct cap *cap = cap_at(k, found.cap);
        if (cap->type != RESCIND_CAP_VPE || (cap->home == k->pe && vpe_at(k, cap->object)->ended))
            return refused;
    }
    return found;
}

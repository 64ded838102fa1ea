/* Making and removing capabilities; see create.h. */
#include "cap/create.h"

#include "cap/peer.h"

/* Does it name an object of this kernel that counts those that name it? */
static bool counts(const struct rescind_kernel *k, const struct cap *cap)
{
    return cap->home == k->pe && cap->type != CAP_PLACE && cap_types[cap->type]->node != 0;
}

void cap_acquire(struct rescind_kernel *k, const struct cap *cap)
{
    struct object *object = pool_node(k, cap->object);

    if (counts(k, cap))
        object->refs++;
}

static void release(struct rescind_kernel *k, const struct cap *cap)
{
    struct object *object = pool_node(k, cap->object);

    if (!counts(k, cap))
        return;
    KERNEL_ASSERT(object->refs > 0);
    if (--object->refs == 0)
        pool_give(k, cap->object);
}

void cap_fill(struct rescind_kernel *k, uint32_t index, const struct cap_spec *spec)
{
    struct cap *cap = cap_at(k, index);

    KERNEL_ASSERT(cap->type == CAP_PLACE);
    cap->type = spec->type;
    cap->rights = spec->rights;
    cap->flags |= CAP_REMOTE;
    cap->home = (uint16_t)spec->home;
    cap->peer = (uint16_t)spec->peer;
    cap->object = spec->object;
    cap->parent = spec->parent;
    cap_acquire(k, cap);
}

uint32_t cap_create_at(struct rescind_kernel *k, const struct cap_spec *spec)
{
    struct treap_place place = {0};

    KERNEL_ASSERT(table_find_place(k, spec->table, spec->sel, &place) == 0);
    return cap_create(k, spec, place);
}

void cap_destroy(struct rescind_kernel *k, uint32_t index)
{
    struct cap *cap = cap_at(k, index);

    KERNEL_ASSERT(cap->child == 0);
    if (cap_parent(cap) != 0) {
        cap_destroy_child(k, index);
        return;
    }
    table_remove(k, index);
    cap_wake(k, cap);
    release(k, cap);
    if (!(cap->flags & CAP_REMOTE)) {
        pool_give(k, index);
        return;
    }
    if (cap->flags & CAP_TELLING)
        peer_told(k, index);
    cap->type = CAP_TOMB;
    peer_tell(k, index);
}

uint64_t cap_key(const struct rescind_kernel *k, const struct cap *cap)
{
    return RESCIND_KEY(k->pe, table_vpe(cap->table), cap->type,
                       (uint64_t)table_kind(cap->table) << 32 | cap->sel);
}

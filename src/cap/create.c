/* Making and removing capabilities; see create.h. */
#include "cap/create.h"

#include "cap/peer.h"

/* Where the object that it names counts it; NULL where that is another kernel's, or does not count.
 */
static uint32_t *refs_of(struct rescind_kernel *k, const struct cap *cap)
{
    const struct cap_type *type = cap_types[cap->type];
    struct object *object = pool_node(k, cap->object);

    if (cap->home != k->pe)
        return NULL;
    if (type->node != 0)
        return &object->refs;
    return type->refs != NULL ? type->refs(k, cap->object) : NULL;
}

void cap_acquire(struct rescind_kernel *k, const struct cap *cap)
{
    uint32_t *refs = cap->type != CAP_PLACE ? refs_of(k, cap) : NULL;

    if (refs != NULL)
        ++*refs;
}

void object_release(struct rescind_kernel *k, uint8_t cap_type, uint32_t object)
{
    const struct cap_type *type = cap_types[cap_type];
    uint32_t *refs =
        type->node != 0 ? &((struct object *)pool_node(k, object))->refs : type->refs(k, object);

    KERNEL_ASSERT(*refs > 0);
    if (--*refs != 0)
        return;
    if (type->free != NULL)
        type->free(k, object);
    if (type->node != 0 && ((struct object *)pool_node(k, object))->type == type->node)
        pool_give(k, object);
}

void cap_fill(struct rescind_kernel *k, uint32_t index, const struct cap_spec *spec)
{
    struct cap *cap = cap_at(k, index);

    KERNEL_ASSERT(cap->type == CAP_PLACE);
    cap->type = spec->type;
    cap->rights = spec->rights;
    cap->flags |= (uint16_t)(CAP_REMOTE | spec->flags);
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
    if (cap_parent(cap) != 0 && !(cap->flags & CAP_BOUND)) {
        cap_destroy_child(k, index);
        return;
    }
    if ((cap->flags & CAP_BOUND) && cap_types[cap->type]->gone != NULL)
        cap_types[cap->type]->gone(k, index);
    if (cap_parent(cap) != 0)
        tree_unlink(k, index);
    table_remove(k, index);
    cap_wake(k, cap);
    if (cap->type != CAP_PLACE && refs_of(k, cap) != NULL)
        object_release(k, cap->type, cap->object);
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

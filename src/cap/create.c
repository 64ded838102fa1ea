/* Making and removing capabilities; see create.h. */
#include "cap/create.h"

#include "base/task.h"
#include "cap/peer.h"
#include "cap/table.h"
#include "cap/tree.h"

/* Does it name an object of this kernel that counts? */
static bool counts(const struct rescind_kernel *k, const struct cap *cap)
{
    return cap->home == k->pe && cap->type != CAP_PLACE && cap_types[cap->type]->node != 0;
}

static void acquire(struct rescind_kernel *k, const struct cap *cap)
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

uint32_t cap_create(struct rescind_kernel *k, const struct cap_spec *spec, struct treap_place place)
{
    uint32_t index = pool_take(k, spec->type);

    if (index == 0)
        return 0;
    struct cap *cap = cap_at(k, index);
    cap->rights = spec->rights;
    cap->flags = spec->flags;
    cap->table = spec->table & CAP_TABLE_MASK;
    cap->home = spec->home & CAP_PE_MASK;
    cap->peer = spec->peer & CAP_PE_MASK;
    cap->sel = spec->sel;
    cap->object = spec->object;
    cap->waiters = 0;
    cap->reserver = spec->reserver;
    cap->pending = 0;
    table_insert(k, index, place);
    tree_link(k, spec->flags & CAP_REMOTE ? 0 : spec->parent, index);
    if (spec->flags & CAP_REMOTE)
        cap->parent = spec->parent;
    acquire(k, cap);
    return index;
}

void cap_fill(struct rescind_kernel *k, uint32_t index, const struct cap_spec *spec)
{
    struct cap *cap = cap_at(k, index);

    KERNEL_ASSERT(cap->type == CAP_PLACE);
    cap->type = spec->type;
    cap->rights = spec->rights;
    cap->flags |= CAP_REMOTE;
    cap->home = spec->home & CAP_PE_MASK;
    cap->peer = spec->peer & CAP_PE_MASK;
    cap->object = spec->object;
    cap->parent = spec->parent;
    acquire(k, cap);
}

uint32_t cap_create_at(struct rescind_kernel *k, const struct cap_spec *spec)
{
    struct treap_place place;

    KERNEL_ASSERT(table_find_place(k, spec->table, spec->sel, &place) == 0);
    return cap_create(k, spec, place);
}

void cap_destroy(struct rescind_kernel *k, uint32_t index)
{
    struct cap *cap = cap_at(k, index);

    tree_unlink(k, index);
    table_remove(k, index);
    task_wake(k, &cap->waiters);
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

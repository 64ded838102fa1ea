/* Making and removing capabilities; see create.h. */
#include "cap/create.h"

#include "base/task.h"
#include "cap/table.h"
#include "cap/tree.h"

uint32_t cap_create(struct rescind_kernel *k, const struct cap_spec *spec, struct treap_place place)
{
    uint32_t index = pool_take(k, spec->type);

    if (index == 0)
        return 0;
    struct cap *cap = cap_at(k, index);
    cap->rights = spec->rights;
    cap->flags = spec->flags;
    cap->table = spec->table;
    cap->sel = spec->sel;
    cap->object = spec->object;
    cap->waiters = 0;
    cap->reserver = spec->reserver;
    cap->spare[0] = cap->spare[1] = 0;
    table_insert(k, index, place);
    tree_link(k, spec->parent, index);
    cap_type(spec->type)->acquire(k, spec->object);
    return index;
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
    cap_type(cap->type)->release(k, cap->object);
    pool_give(k, index);
}

uint64_t cap_key(const struct rescind_kernel *k, const struct cap *cap)
{
    return RESCIND_KEY(k->pe, table_vpe(cap->table), cap->type, cap->sel);
}

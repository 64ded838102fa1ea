/* Capability tables; see table.h. */
#include "cap/table.h"

#include "base/task.h"

uint32_t table_find_place(const struct rescind_kernel *k, uint32_t table, uint32_t sel,
                          struct treap_place *place)
{
    return treap_find_place(k, table_at(k, table)->root, sel, place);
}

uint32_t table_find_from(const struct rescind_kernel *k, uint32_t table, uint64_t from)
{
    return treap_find_from(k, table_at(k, table)->root, from);
}

void table_lock(struct rescind_kernel *k, uint32_t table, uint64_t from, uint64_t to)
{
    struct table *t = table_at(k, table);

    KERNEL_ASSERT(t->lock_from == t->lock_to);
    t->lock_from = from;
    t->lock_to = to;
}

void table_unlock(struct rescind_kernel *k, uint32_t table)
{
    struct table *t = table_at(k, table);

    t->lock_from = t->lock_to = 0;
    task_wake(k, &t->lock_waiters);
}

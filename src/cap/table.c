/* Capability tables; see table.h. */
#include "cap/table.h"

#include "base/task.h"

void table_init(struct table *t)
{
    *t = (struct table){.lock_from = 1};
}

uint32_t table_find_from(const struct rescind_kernel *k, uint32_t table, uint64_t from)
{
    return treap_find_from(k, table_at(k, table)->root, from);
}

void table_lock(struct rescind_kernel *k, uint32_t table, uint64_t from, uint64_t to)
{
    struct table *t = table_at(k, table);

    KERNEL_ASSERT(!table_has_lock(t));
    if (from == to)
        return;
    t->lock_from = (uint32_t)from;
    t->lock_last = (uint32_t)(to - 1);
}

void table_unlock(struct rescind_kernel *k, uint32_t table)
{
    struct table *t = table_at(k, table);

    t->lock_from = 1;
    t->lock_last = 0;
    task_wake(k, &t->lock_waiters);
}

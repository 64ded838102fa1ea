/* Capability tables; see table.h. */
#include "cap/table.h"

#include "base/task.h"
#include "cap/treap.h"

uint32_t table_find(const struct rescind_kernel *k, uint32_t table, uint32_t sel)
{
    return treap_find(k, table_at(k, table)->root, sel);
}

uint32_t table_find_from(const struct rescind_kernel *k, uint32_t table, uint64_t from)
{
    return treap_find_from(k, table_at(k, table)->root, from);
}

void table_insert(struct rescind_kernel *k, uint32_t index)
{
    struct cap *cap = cap_at(k, index);
    struct table *table = table_at(k, cap->table);

    cap->priority = random_next(&k->random);
    treap_insert(k, &table->root, index);
    table->count++;
}

void table_remove(struct rescind_kernel *k, uint32_t index)
{
    struct table *table = table_at(k, cap_at(k, index)->table);

    treap_remove(k, &table->root, index);
    table->count--;
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

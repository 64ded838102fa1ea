/* Capability tables; see table.h. */
#include "cap/table.h"

#include "base/task.h"

uint32_t table_find(const struct rescind_kernel *k, uint32_t table, uint32_t sel)
{
    const struct table *t = table_at(k, table);
    uint32_t recent = t->recent[sel % TABLE_RECENT];
    const struct cap *cap = cap_at(k, recent);

    if (recent != 0 && cap->sel == sel && cap->table == table && cap_is_cap(cap))
        return recent;
    return treap_find(k, t->root, sel);
}

void table_note(struct rescind_kernel *k, uint32_t index)
{
    const struct cap *cap = cap_at(k, index);

    table_at(k, cap->table)->recent[cap->sel % TABLE_RECENT] = index;
}

uint32_t table_find_place(const struct rescind_kernel *k, uint32_t table, uint32_t sel,
                          struct treap_place *place)
{
    return treap_find_place(k, table_at(k, table)->root, sel, place);
}

uint32_t table_find_from(const struct rescind_kernel *k, uint32_t table, uint64_t from)
{
    return treap_find_from(k, table_at(k, table)->root, from);
}

void table_insert(struct rescind_kernel *k, uint32_t index, struct treap_place place)
{
    struct cap *cap = cap_at(k, index);
    struct table *table = table_at(k, cap->table);

    cap->priority = random_next(&k->random);
    treap_insert(k, &table->root, index, place);
    table->count++;
    table_note(k, index);
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

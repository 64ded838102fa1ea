/* Capability tables; see table.h. */
#include "cap/table.h"

void table_init(struct table *t)
{
    *t = (struct table){.lock_from = UINT32_MAX};
}

uint32_t table_find_from(const struct rescind_kernel *k, uint32_t table, uint64_t from)
{
    return treap_find_from(k, table_at(k, table)->root, from);
}

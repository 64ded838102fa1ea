/* Mappings; see map.h. */
#include "object/map.h"

#include "cap/table.h"
#include "object/vpe.h"

static bool map_exists(const struct rescind_kernel *k, uint32_t object)
{
    return object < k->pages;
}

/* It may not be used from the instant that it is marked on. */
static void map_invalid(struct rescind_kernel *k, uint32_t index)
{
    vpe_at(k, table_vpe(cap_at(k, index)->table))->map_version++;
}

const struct cap_type map_type = {
    .name = "map",
    .exists = map_exists,
    .marked = map_invalid,
    .gone = map_invalid,
};

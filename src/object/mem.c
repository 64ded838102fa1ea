/* Memory objects; see mem.h. */
#include "object/mem.h"

uint32_t mem_create(struct rescind_kernel *k, uint64_t addr, uint64_t size)
{
    uint32_t index = pool_take(k, OBJECT_MEM);

    if (index == 0)
        return 0;
    struct mem *mem = pool_node(k, index);
    *mem = (struct mem){.object = {.type = OBJECT_MEM}, .addr = addr, .size = size};
    return index;
}

static bool mem_exists(const struct rescind_kernel *k, uint32_t object)
{
    return object_exists(k, object, OBJECT_MEM);
}

const struct cap_type mem_type = {
    .name = "mem",
    .derive = object_derive_always,
    .acquire = object_acquire,
    .release = object_release,
    .exists = mem_exists,
    .size = sizeof(struct mem),
};

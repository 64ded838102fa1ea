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

const struct cap_type mem_type = {
    .name = "mem",
    .node = OBJECT_MEM,
    .size = sizeof(struct mem),
};

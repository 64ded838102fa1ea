/* Memory objects; see mem.h. */
#include "object/mem.h"

uint32_t mem_create(struct rescind_kernel *k, uint16_t account, uint16_t pe, uint64_t addr,
                    uint64_t size)
{
    uint32_t index = account_take(k, OBJECT_MEM, account);

    if (index == 0)
        return 0;
    *mem_at(k, index) = (struct mem){
        .object = {.type = OBJECT_MEM, .account = account},
        .pe = pe,
        .addr = addr,
        .size = size,
    };
    return index;
}

const struct cap_type mem_type = {
    .name = "mem",
    .node = OBJECT_MEM,
    .size = sizeof(struct mem),
};

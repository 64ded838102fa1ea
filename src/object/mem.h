/* Memory: a range of the machine's memory with rights, which live in the capability. */
#ifndef RESCIND_OBJECT_MEM_H
#define RESCIND_OBJECT_MEM_H

#include "object/object.h"

struct mem {
    struct object object;
    uint64_t addr;
    uint64_t size; /* bytes */
};
_Static_assert(sizeof(struct mem) <= POOL_NODE_SIZE, "a memory object is one node");

extern const struct cap_type mem_type;

/* A memory object that no capability names yet. 0 when the pool is empty. O(1). */
uint32_t mem_create(struct rescind_kernel *k, uint64_t addr, uint64_t size);

#endif

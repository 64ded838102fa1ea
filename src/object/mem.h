/* Memory: a range of some kernel's machine memory; the rights to it live in the capability.
 *
 * A kernel's machine memory is a part of its arena, in pages; addresses count from its start.
 */
#ifndef RESCIND_OBJECT_MEM_H
#define RESCIND_OBJECT_MEM_H

#include "object/object.h"

struct mem {
    struct object object;
    uint16_t pe; /* whose memory */
    bool whole;  /* the allocation itself: its pages are free again when this object goes */
    bool real;   /* of another kernel's: there is such memory, as that kernel has said */
    uint64_t addr;
    uint64_t size; /* bytes */
};
_Static_assert(sizeof(struct mem) <= POOL_NODE_SIZE, "a memory object is one node");

extern const struct cap_type mem_type;

static inline struct mem *mem_at(const struct rescind_kernel *k, uint32_t index)
{
    return pool_node(k, index);
}

/* Is it memory of this kernel that there is? (Where a kernel has none, what a VPE is given at boot
 * is a name only.) */
static inline bool mem_is_real(const struct rescind_kernel *k, const struct mem *mem)
{
    uint64_t all = (uint64_t)k->pages * RESCIND_PAGE;

    return mem->pe == k->pe && mem->addr <= all && mem->size <= all - mem->addr;
}

/* Are there pages behind it, of whatever kernel? That never changes, so what the memory's kernel
 * has said once is handed on with every part. */
static inline bool mem_has_pages(const struct rescind_kernel *k, const struct mem *mem)
{
    return mem->pe == k->pe ? mem_is_real(k, mem) : mem->real;
}

/* A memory object that no capability names yet, of a name of this kernel's or of pages. 0 when the
 * account is empty. O(1). */
uint32_t mem_create(struct rescind_kernel *k, uint16_t account, uint16_t pe, uint64_t addr,
                    uint64_t size);

/* The same of a part of `mem`, of whatever kernel, which has that part. */
uint32_t mem_create_part(struct rescind_kernel *k, uint16_t account, const struct mem *mem,
                         uint64_t off, uint64_t size);

/* How many pages so many bytes take. */
static inline uint64_t mem_pages(uint64_t size)
{
    return size / RESCIND_PAGE + (size % RESCIND_PAGE != 0);
}

/* Takes pages for `size` bytes, at address `addr` or (RESCIND_ANY_ADDR) wherever they are free: the
 * first of them, or PAGES_NONE. What they hold is whatever it was. Cost: base/pages.h. */
uint32_t mem_take(struct rescind_kernel *k, uint64_t addr, uint64_t size);

/* The object of pages that mem_take() has just taken, which they live with from now on. The account
 * has a node left. O(1). */
uint32_t mem_create_whole(struct rescind_kernel *k, uint16_t account, uint32_t page, uint64_t size);

#endif

/* Memory objects; see mem.h. */
#include "object/mem.h"

#include "base/pages.h"

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

uint32_t mem_create_part(struct rescind_kernel *k, uint16_t account, const struct mem *mem,
                         uint64_t off, uint64_t size)
{
    uint32_t index = mem_create(k, account, mem->pe, mem->addr + off, size);

    if (index != 0)
        mem_at(k, index)->real = mem->real;
    return index;
}

uint32_t mem_take(struct rescind_kernel *k, uint64_t addr, uint64_t size)
{
    uint64_t all = (uint64_t)k->pages * RESCIND_PAGE;
    uint32_t pages = (uint32_t)mem_pages(size), page;

    if (size == 0 || size > all)
        return PAGES_NONE;
    if (addr == RESCIND_ANY_ADDR)
        return pages_take(k, pages);
    if (addr % RESCIND_PAGE != 0 || addr > all)
        return PAGES_NONE;
    page = (uint32_t)(addr / RESCIND_PAGE);
    return pages_take_at(k, page, pages) ? page : PAGES_NONE;
}

uint32_t mem_create_whole(struct rescind_kernel *k, uint16_t account, uint32_t page, uint64_t size)
{
    uint32_t index = mem_create(k, account, k->pe, (uint64_t)page * RESCIND_PAGE, size);

    mem_at(k, index)->whole = true;
    return index;
}

static void mem_free(struct rescind_kernel *k, uint32_t object)
{
    const struct mem *mem = mem_at(k, object);

    if (mem->whole)
        pages_give(k, (uint32_t)(mem->addr / RESCIND_PAGE), (uint32_t)mem_pages(mem->size));
}

const struct cap_type mem_type = {
    .name = "mem",
    .node = OBJECT_MEM,
    .free = mem_free,
    .size = sizeof(struct mem),
};

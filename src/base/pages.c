/* Machine memory; see frames.h. */
#include "base/pages.h"

enum { BITS = 8 };

static uint8_t *bits_of(const struct rescind_kernel *k, uint32_t page)
{
    return (uint8_t *)arena_at(k, k->page_bits) + page / BITS;
}

bool page_is_taken(const struct rescind_kernel *k, uint32_t page)
{
    return (*bits_of(k, page) >> page % BITS & 1) != 0;
}

static void set(struct rescind_kernel *k, uint32_t first, uint32_t count, bool taken)
{
    for (uint32_t page = first; page < first + count; page++) {
        uint8_t bit = (uint8_t)(1u << page % BITS);
        KERNEL_ASSERT(page_is_taken(k, page) != taken);
        *bits_of(k, page) ^= bit;
    }
}

uint32_t pages_take(struct rescind_kernel *k, uint32_t count)
{
    uint32_t run = 0;

    for (uint32_t page = 0; page < k->pages; page++) {
        if (page % BITS == 0 && *bits_of(k, page) == 0xff) {
            run = 0;
            page += BITS - 1;
            continue;
        }
        run = page_is_taken(k, page) ? 0 : run + 1;
        if (run == count) {
            set(k, page + 1 - count, count, true);
            return page + 1 - count;
        }
    }
    return PAGES_NONE;
}

bool pages_take_at(struct rescind_kernel *k, uint32_t first, uint32_t count)
{
    if (first > k->pages || count > k->pages - first)
        return false;
    for (uint32_t page = first; page < first + count; page++) {
        if (page_is_taken(k, page))
            return false;
    }
    set(k, first, count, true);
    return true;
}

void pages_give(struct rescind_kernel *k, uint32_t first, uint32_t count)
{
    set(k, first, count, false);
}

/* Machine memory: which of the kernel's pages are taken. One bit a page; first fit.
 *
 * The pages lie in the arena, so that a copy of the arena is a copy of the machine's memory, too. A
 * run of pages that is given back is one with the free ones beside it at once. A search, and taking
 * a run or giving it back, costs some twenty instructions for 64 pages, of which there are at most
 * PAGES_MAX.
 */
#ifndef RESCIND_BASE_PAGES_H
#define RESCIND_BASE_PAGES_H

#include "base/arena.h"

#define PAGES_NONE UINT32_MAX
enum { PAGES_MAX = 16384 }; /* that a kernel has */

/* The first of `count` (at least 1) pages in a row that were free; PAGES_NONE where there are none.
 * What they hold is whatever it was. */
uint32_t pages_take(struct rescind_kernel *k, uint32_t count);
/* The same from page `first` on. False: not all of them are free, or there. */
bool pages_take_at(struct rescind_kernel *k, uint32_t first, uint32_t count);
void pages_give(struct rescind_kernel *k, uint32_t first, uint32_t count);

/* Bytes of the arena, all 0 at first, that the record of so many pages takes. */
static inline size_t pages_room(uint32_t pages)
{
    return ((size_t)pages + 63) / 64 * (sizeof(uint64_t) + 1);
}

/* Is the page taken? */
bool page_is_taken(const struct rescind_kernel *k, uint32_t page);

/* The bytes at an address of this kernel's memory. */
static inline uint8_t *pages_at(const struct rescind_kernel *k, uint64_t addr)
{
    return (uint8_t *)arena_at(k, k->memory + (size_t)addr);
}

#endif

/* Machine memory; see pages.h. */
#include "base/pages.h"

enum { BITS = 64 };

static uint64_t *words_of(const struct rescind_kernel *k)
{
    return arena_at(k, k->page_bits);
}

bool page_is_taken(const struct rescind_kernel *k, uint32_t page)
{
    return (words_of(k)[page / BITS] >> page % BITS & 1) != 0;
}

/* The bits of `page` and those of the `count` from there on that are in the same word. */
static uint64_t mask_of(uint32_t page, uint32_t count)
{
    uint32_t here = BITS - page % BITS;

    return (count < here ? (UINT64_C(1) << count) - 1 : ~UINT64_C(0) >> page % BITS) << page % BITS;
}

static uint32_t next_word(uint32_t page)
{
    return page + BITS - page % BITS;
}

static void set(struct rescind_kernel *k, uint32_t first, uint32_t count, bool taken)
{
    for (uint32_t page = first; page < first + count; page = next_word(page)) {
        uint64_t *word = words_of(k) + page / BITS, mask = mask_of(page, first + count - page);
        KERNEL_ASSERT((*word & mask) == (taken ? 0 : mask));
        *word ^= mask;
    }
}

/* Where in a word `count` free bits in a row begin, a bit for each such place. O(log count). */
static uint64_t starts_of(uint64_t free, uint32_t count)
{
    if (count > BITS)
        return 0;
    for (uint32_t length = 1; length < count && free != 0;) {
        uint32_t more = length < count - length ? length : count - length;
        free &= free >> more;
        length += more;
    }
    return free;
}

/* The first of `count` free pages in a row, of which `run` are before `word`; PAGES_NONE: they are
 * not in this word, and *run becomes how many are free at its end. `taken` is not 0. */
static uint32_t find_in(uint32_t word, uint64_t taken, uint32_t count, uint32_t *run)
{
    uint64_t starts;

    if (*run + (uint32_t)__builtin_ctzll(taken) >= count)
        return word * BITS - *run;
    starts = starts_of(~taken, count);
    if (starts != 0)
        return word * BITS + (uint32_t)__builtin_ctzll(starts);
    *run = (uint32_t)__builtin_clzll(taken);
    return PAGES_NONE;
}

static uint32_t find(const struct rescind_kernel *k, uint32_t count)
{
    uint32_t run = 0;

    for (uint32_t page = 0; page < k->pages; page += BITS) {
        uint64_t taken = words_of(k)[page / BITS];
        if (k->pages - page < BITS)
            taken |= ~mask_of(page, k->pages - page); /* there are no more */
        if (taken != 0) {
            uint32_t first = find_in(page / BITS, taken, count, &run);
            if (first != PAGES_NONE)
                return first;
            continue;
        }
        run += BITS;
        if (run >= count)
            return page + BITS - run;
    }
    return PAGES_NONE;
}

uint32_t pages_take(struct rescind_kernel *k, uint32_t count)
{
    uint32_t first = find(k, count);

    if (first != PAGES_NONE)
        set(k, first, count, true);
    return first;
}

bool pages_take_at(struct rescind_kernel *k, uint32_t first, uint32_t count)
{
    if (first > k->pages || count > k->pages - first)
        return false;
    for (uint32_t page = first; page < first + count; page = next_word(page)) {
        if (words_of(k)[page / BITS] & mask_of(page, first + count - page))
            return false;
    }
    set(k, first, count, true);
    return true;
}

void pages_give(struct rescind_kernel *k, uint32_t first, uint32_t count)
{
    set(k, first, count, false);
}

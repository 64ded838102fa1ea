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
static inline uint64_t mask_of(uint32_t page, uint32_t count)
{
    uint32_t here = BITS - page % BITS;

    if (count >= here)
        return ~UINT64_C(0) << page % BITS;
    return ((UINT64_C(1) << count) - 1) << page % BITS;
}

static inline uint32_t next_word(uint32_t page)
{
    return page + BITS - page % BITS;
}

/* Of each word: by how much the longest run of free pages in it falls short of the whole word. (Of
 * the last one it is too little as long as none of it was taken.) */
static uint8_t *lacks_of(const struct rescind_kernel *k)
{
    return (uint8_t *)(words_of(k) + (k->pages + BITS - 1) / BITS);
}

static uint8_t lack_of(uint64_t taken)
{
    uint8_t lack = BITS;

    for (uint64_t free = ~taken; free != 0; free &= free >> 1)
        lack--;
    return lack;
}

static void set(struct rescind_kernel *k, uint32_t first, uint32_t count, bool taken)
{
    const uint64_t before = taken ? 0 : ~UINT64_C(0);
    uint64_t *words = words_of(k);
    uint8_t *lacks = lacks_of(k);

    for (uint32_t page = first, end = first + count; page < end; page = next_word(page)) {
        uint32_t word = page / BITS;
        if (page % BITS == 0 && end - page >= BITS) {
            KERNEL_ASSERT(words[word] == before);
            words[word] = ~before;
            lacks[word] = taken ? BITS : 0;
        } else {
            uint64_t mask = mask_of(page, end - page);
            KERNEL_ASSERT(((words[word] ^ before) & mask) == 0);
            words[word] ^= mask;
            lacks[word] = lack_of(words[word]);
        }
    }
}

/* The first of `count` free bits in a row; PAGES_NONE: there are none. O(log count). */
static uint32_t find_bits(uint64_t free, uint32_t count)
{
    for (uint32_t length = 1; length < count && free != 0;) {
        uint32_t more = length < count - length ? length : count - length;
        free &= free >> more;
        length += more;
    }
    return free != 0 ? (uint32_t)__builtin_ctzll(free) : PAGES_NONE;
}

/* The first of `count` free pages in a row of which `*run` are right before `word`, where some are
 * `taken`; PAGES_NONE: they are not in this word, and *run are free at its end. */
static inline uint32_t find_in(uint32_t word, uint64_t taken, uint8_t lack, uint32_t count,
                               uint32_t *run)
{
    uint32_t at = PAGES_NONE;

    if (*run + (uint32_t)__builtin_ctzll(taken) >= count)
        return word * BITS - *run;
    if (count + lack <= BITS)
        at = find_bits(~taken, count);
    *run = (uint32_t)__builtin_clzll(taken);
    return at != PAGES_NONE ? word * BITS + at : PAGES_NONE;
}

static uint32_t find(const struct rescind_kernel *k, uint32_t count)
{
    const uint64_t *words = words_of(k);
    const uint8_t *lacks = lacks_of(k);
    uint32_t whole = k->pages / BITS, run = 0, word = 0, first;

    for (; word < whole; word++) {
        if (words[word] != 0) {
            first = find_in(word, words[word], lacks[word], count, &run);
            if (first != PAGES_NONE)
                return first;
            continue;
        }
        run += BITS;
        if (run >= count)
            return (word + 1) * BITS - run;
    }
    if (k->pages % BITS == 0)
        return PAGES_NONE;
    return find_in(word, words[word] | ~mask_of(0, k->pages % BITS), lacks[word], count, &run);
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

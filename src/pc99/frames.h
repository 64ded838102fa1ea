/* Physical memory: 4 KiB frames, handed out one after the other from the largest stretch that
 * neither the image nor the start-up module lies in. None comes back: all that the image needs is
 * taken at boot. Below 1 MiB and from DIRECT_LIMIT on, memory is not used.
 */
#ifndef PC99_FRAMES_H
#define PC99_FRAMES_H

#include <stdint.h>

#include "pc99/layout.h"
#include "pc99/loader.h"

struct frames {
    uint64_t next, end; /* physical; what is still free */
};

/* Where the kernel reaches physical memory. */
static inline void *frames_at(uint64_t physical)
{
    return (void *)(DIRECT_BASE + physical);
}

static inline uint64_t frames_for(uint64_t bytes)
{
    return bytes / PAGE_SIZE + (bytes % PAGE_SIZE != 0);
}

void frames_init(struct frames *frames, const struct loader_info *info);

/* How many are left. */
uint64_t frames_left(const struct frames *frames);

/* The physical address of `count` frames in a row, all zero; 0 when there are not so many. */
uint64_t frames_take(struct frames *frames, uint64_t count);

/* The same, with whatever was there before: not for ring 3. */
uint64_t frames_take_dirty(struct frames *frames, uint64_t count);

#endif

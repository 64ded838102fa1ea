/* A VPE's window: the virtual pages RESCIND_MAP_FIRST .. RESCIND_MAP_END - 1, where what CREATEMAP
 * maps for it is seen.
 *
 * The kernel's table of mappings says what is mapped. The page tables here are a copy of the part
 * that has been used lately: a page that is missing may be asked for again, at any time, so the few
 * tables that a window has are emptied whenever they run out, and whenever the table of mappings
 * may have lost something. The loop (loop.c) asks, fills and empties, and has the processor forget
 * what it remembers of an emptied window before ring 3 runs on.
 */
#ifndef PC99_WINDOW_H
#define PC99_WINDOW_H

#include <stdbool.h>
#include <stdint.h>

#include "pc99/paging.h"
#include "rescind/abi.h"

#define WINDOW_START ((uint64_t)RESCIND_MAP_FIRST * PAGE_SIZE)
#define WINDOW_END   ((uint64_t)RESCIND_MAP_END * PAGE_SIZE)

/* Tables of 2 MiB each, more than one instruction can touch: two for its code, two where it reads
 * and two where it writes. And the directories of the GiBs that the window lies in. */
enum { WINDOW_TABLES = 8, WINDOW_DIRECTORIES = 2 };
/* Frames that window_create() takes at most. */
enum { WINDOW_FRAMES = WINDOW_TABLES + WINDOW_DIRECTORIES };

struct window {
    uint64_t *directories[WINDOW_DIRECTORIES];
    uint64_t tables;                /* physical, all in a row */
    uint32_t used;                  /* of them; 0: nothing is mapped */
    uint64_t *users[WINDOW_TABLES]; /* the directory's entries that lead to those */
};

/* The window of `space`, empty. False: no frame is left. */
bool window_create(struct window *window, struct space *space, struct frames *frames);

static inline bool window_contains(uint64_t at)
{
    return at >= WINDOW_START && at < WINDOW_END;
}

/* Maps the page of `at`, which the window contains, to the frame `physical`. True: the window has
 * been emptied before, as it had no table left. */
bool window_fill(struct window *window, uint64_t at, uint64_t physical, enum paging_rights rights);

/* Nothing is mapped any more. */
void window_empty(struct window *window);

#endif

/* A VPE's window. See window.h. */
#include "pc99/window.h"

#include <stddef.h>

enum { GIB_SHIFT = 30, TABLE_SHIFT = 21, PAGE_SHIFT = 12, ENTRIES = 512 };
_Static_assert(WINDOW_END <= (uint64_t)WINDOW_DIRECTORIES << GIB_SHIFT, "the directories cover it");
_Static_assert(WINDOW_START % (1 << TABLE_SHIFT) == 0 && WINDOW_END % (1 << TABLE_SHIFT) == 0,
               "its tables hold nothing else");

bool window_create(struct window *window, struct space *space, struct frames *frames)
{
    *window = (struct window){.tables = frames_take(frames, WINDOW_TABLES)};
    for (uint64_t i = 0; i < WINDOW_DIRECTORIES; i++) {
        window->directories[i] = space_directory(space, frames, i << GIB_SHIFT);
        if (window->directories[i] == NULL) {
            return false;
        }
    }
    return window->tables != 0;
}

/* The table that `user`, an entry of a directory, leads to; NULL: none. */
static uint64_t *table_of(const struct window *window, const uint64_t *user)
{
    for (uint64_t i = 0; i < window->used; i++) {
        if (window->users[i] == user) {
            return frames_at(window->tables + i * PAGE_SIZE);
        }
    }
    return NULL;
}

/* It leads to a table, and one that is empty, from now on. */
static uint64_t *take_table(struct window *window, uint64_t *user)
{
    uint64_t table = window->tables + (uint64_t)window->used * PAGE_SIZE;

    __builtin_memset(frames_at(table), 0, PAGE_SIZE);
    *user = paging_table_entry(table);
    window->users[window->used++] = user;
    return frames_at(table);
}

bool window_fill(struct window *window, uint64_t at, uint64_t physical, enum paging_rights rights)
{
    uint64_t *user = &window->directories[at >> GIB_SHIFT][at >> TABLE_SHIFT & (ENTRIES - 1)];
    uint64_t *table = table_of(window, user);
    bool full = table == NULL && window->used == WINDOW_TABLES;

    if (full) {
        window_empty(window);
    }
    if (table == NULL) {
        table = take_table(window, user);
    }
    table[at >> PAGE_SHIFT & (ENTRIES - 1)] = paging_entry(physical, rights);
    return full;
}

void window_empty(struct window *window)
{
    for (uint32_t i = 0; i < window->used; i++) {
        *window->users[i] = 0;
    }
    window->used = 0;
}

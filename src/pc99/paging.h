/* Page tables: the kernel's half, which every address space has, and spaces for ring 3.
 *
 * Frames for tables come from `frames`; a call that finds none left returns false, and the space
 * is of no use then.
 */
#ifndef PC99_PAGING_H
#define PC99_PAGING_H

#include <stdbool.h>
#include <stdint.h>

#include "pc99/frames.h"

/* What can be written or executed can be read. */
enum paging_rights { PAGING_READ = 0, PAGING_WRITE = 1, PAGING_EXECUTE = 2 };

/* User addresses end here; the page before it is never mapped. */
#define PAGING_USER_END 0x00007ffffffff000

struct space {
    uint64_t pml4; /* physical */
};

/* Gives the kernel's text, constants and data their own rights, and drops the identity map. Only
 * the first processor; it includes paging_enter(). */
void paging_init(void);

/* The processor that runs this goes over to the kernel's own space, and does without what it may
 * forbid itself. */
void paging_enter(void);

/* A space with the kernel's half, and the identity map of the first GiB, for trampoline.S. */
bool paging_trampoline(struct space *space, struct frames *frames);

/* Maps the stacks of processor `number` (not the first's) and tells where they start. */
bool paging_stacks(struct frames *frames, uint32_t number, uint64_t *stack, uint64_t *fatal_stack);

bool space_create(struct space *space, struct frames *frames);

/* Maps `count` pages at user address `at` to the frames from `physical` on. */
bool space_map(struct space *space, struct frames *frames, uint64_t at, uint64_t physical,
               uint64_t count, enum paging_rights rights);

/* An entry that lets ring 3 at the page `physical`. */
uint64_t paging_entry(uint64_t physical, enum paging_rights rights);

/* The directory for the GiB that contains `at`, an array of 512 entries for 2 MiB each; and what an
 * entry there is that leads to the table `physical`. NULL: no frame is left. */
uint64_t *space_directory(struct space *space, struct frames *frames, uint64_t at);
uint64_t paging_table_entry(uint64_t physical);

/* Gives `space` the 512 GiB that contain `at` as `from` has them, tables and all. */
void space_share(struct space *space, const struct space *from, uint64_t at);

#endif

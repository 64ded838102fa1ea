/* Memory for what is large: kernels' arenas, snapshots, stacks, the states that have been seen, the
 * trees of profiles. There may be none, which whoever asks has to deal with; the tool says so and
 * exits with status 4. What is small comes from GLib, which aborts. For sim/.
 */
#ifndef RESCIND_SIM_MEMORY_H
#define RESCIND_SIM_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MEMORY_LINE = 64 };

/* `count` things of `size` bytes, all 0; or bytes from a cache line on, which hold anything. NULL:
 * there is no memory. */
void *memory_new(size_t count, size_t size);
void *memory_lines(size_t size);
void memory_free(void *memory);

/* Pages of zeros that take memory once they are written to. */
void *memory_map(size_t size);
void memory_unmap(void *memory, size_t size);
/* The pages from `memory` on can't be reached any more. False: there is no memory for that, for a
 * mapping that has been split takes more of the system's. */
bool memory_guard(void *memory, size_t size);

/* How often there was none, in this thread. */
uint64_t memory_failures(void);

/* For tests, in this thread: the allocation of this number from now on fails, the first is 1; 0:
 * none does. How many there have been; how many are not freed yet. */
void memory_fail_at(uint64_t number);
uint64_t memory_asked(void);
int64_t memory_held(void);

#endif

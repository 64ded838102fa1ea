/* Memory for what is large; see memory.h. */
#include "sim/memory.h"

#include <stdlib.h>
#include <sys/mman.h>

static _Thread_local struct {
    uint64_t asked, failures;
    uint64_t fail_at; /* of `asked` */
    int64_t held;
} memory;

/* Is there to be none for this one? */
static bool fails(void)
{
    if (++memory.asked != memory.fail_at)
        return false;
    memory.failures++;
    return true;
}

static void *given(void *at)
{
    if (at == NULL)
        memory.failures++;
    else
        memory.held++;
    return at;
}

void *memory_new(size_t count, size_t size)
{
    return fails() ? NULL : given(calloc(count != 0 ? count : 1, size));
}

void *memory_lines(size_t size)
{
    size_t whole = (size + MEMORY_LINE - 1) / MEMORY_LINE * MEMORY_LINE;

    return fails() ? NULL : given(aligned_alloc(MEMORY_LINE, whole));
}

void memory_free(void *at)
{
    memory.held -= at != NULL;
    free(at);
}

void *memory_map(size_t size)
{
    void *at;

    if (fails())
        return NULL;
    at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1,
              0);
    return given(at != MAP_FAILED ? at : NULL);
}

void memory_unmap(void *at, size_t size)
{
    if (at == NULL)
        return;
    memory.held--;
    munmap(at, size);
}

bool memory_guard(void *at, size_t size)
{
    bool good = !fails();

    if (good && mprotect(at, size, PROT_NONE) != 0) {
        memory.failures++;
        good = false;
    }
    return good;
}

uint64_t memory_failures(void)
{
    return memory.failures;
}

void memory_fail_at(uint64_t number)
{
    memory.fail_at = number != 0 ? memory.asked + number : 0;
}

uint64_t memory_asked(void)
{
    return memory.asked;
}

int64_t memory_held(void)
{
    return memory.held;
}

/* Bringing up the other processors. See smp.h. */
#include "pc99/smp.h"

#include <stddef.h>

#include "pc99/cpu.h"
#include "pc99/lapic.h"
#include "pc99/paging.h"
#include "pc99/trap.h"

enum { INIT_MILLISECONDS = 10, START_MILLISECONDS = 1 };

extern const uint8_t trampoline[], trampoline_space[], trampoline_end[];

uint64_t smp_frames(uint32_t count)
{
    return 1 + (uint64_t)(count - 1) * (STACK_PAGES + 1);
}

/* Whether the page is memory that nobody uses. */
static bool is_free(const struct loader_info *info, uint64_t page)
{
    bool memory = false;

    for (uint32_t i = 0; i < info->range_count; i++) {
        memory =
            memory || (info->ranges[i].start <= page && page + PAGE_SIZE <= info->ranges[i].end);
    }
    return memory && (info->module_size == 0 || page + PAGE_SIZE <= info->module ||
                      info->module + info->module_size <= page);
}

const char *smp_prepare(uint32_t count, struct frames *frames, const struct loader_info *info)
{
    struct space space;
    uint64_t stack, fatal_stack;

    if (count == 1) {
        return NULL;
    }
    if (!is_free(info, TRAMPOLINE)) {
        return "there is no memory at 32 KiB, where processors start";
    }
    if (!paging_trampoline(&space, frames)) {
        return "no memory is left for the other processors";
    }
    for (uint32_t i = 1; i < count; i++) {
        if (!paging_stacks(frames, i, &stack, &fatal_stack)) {
            return "no memory is left for the other processors";
        }
        trap_prepare(i, stack, fatal_stack);
    }
    __builtin_memcpy(frames_at(TRAMPOLINE), trampoline, (size_t)(trampoline_end - trampoline));
    *(uint32_t *)frames_at(TRAMPOLINE + (uint64_t)(trampoline_space - trampoline)) =
        (uint32_t)space.pml4;
    return NULL;
}

/* By the timer, which is set to milliseconds. */
static void sleep_milliseconds(uint32_t count)
{
    struct processor *here = processor_here();

    while (count > 0) {
        here->ticked = false;
        cpu_sleep();
        count -= here->ticked;
    }
}

static bool is_up(uint32_t number)
{
    return __atomic_load_n(&processors[number].up, __ATOMIC_ACQUIRE);
}

static uint32_t count_up(uint32_t count, uint32_t *missing)
{
    uint32_t up = 1;

    *missing = 0;
    for (uint32_t i = count - 1; i > 0; i--) {
        if (is_up(i)) {
            up++;
        } else {
            *missing = i;
        }
    }
    return up;
}

uint32_t smp_start(uint32_t count, uint32_t *missing)
{
    uint32_t up;

    for (uint32_t i = 1; i < count; i++) {
        lapic_send_init(i);
    }
    sleep_milliseconds(count > 1 ? INIT_MILLISECONDS : 0);
    for (unsigned round = 0; round < 2; round++) {
        for (uint32_t i = 1; i < count; i++) {
            if (!is_up(i)) {
                lapic_send_start(i, TRAMPOLINE);
            }
        }
        sleep_milliseconds(count > 1 ? START_MILLISECONDS : 0);
    }
    up = count_up(count, missing);
    for (unsigned i = 0; i < SMP_PATIENCE && up < count; i++) {
        sleep_milliseconds(1);
        up = count_up(count, missing);
    }
    return up;
}

/* Bringing up the other processors. See smp.h. */
#include "pc99/smp.h"

#include <stddef.h>

#include "pc99/paging.h"
#include "pc99/trap.h"
#include "rescind/drivers.h"
#include "rescind/platform.h"

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

const char *smp_prepare(uint32_t count, const uint32_t *apics, struct frames *frames,
                        const struct loader_info *info)
{
    struct space space;
    uint64_t stack, fatal_stack;

    processors[0].apic = apics[0];
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
        processors[i].apic = apics[i];
    }
    __builtin_memcpy(frames_at(TRAMPOLINE), trampoline, (size_t)(trampoline_end - trampoline));
    *(uint32_t *)frames_at(TRAMPOLINE + (uint64_t)(trampoline_space - trampoline)) =
        (uint32_t)space.pml4;
    return NULL;
}

bool smp_is_up(void *context, uint32_t i)
{
    (void)context;
    return __atomic_load_n(&processors[i + 1].up, __ATOMIC_ACQUIRE);
}

void smp_call(uint32_t number)
{
    if (!rescind_lapic_send(processors[number].apic, VECTOR_CALL)) {
        /* LCOV_EXCL_START: QEMU's sends at once */
        platform_panic("the local APIC sends nothing");
        /* LCOV_EXCL_STOP */
    }
}

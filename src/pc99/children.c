/* The loop and the VPEs that programs make. See children.h. */
#include "pc99/children.h"

#include "dtu/ring.h"
#include "rescind/platform.h"

/* Puts a ring, whose page lies in the kernel's arena and so in the direct map, at user address
 * `at`. The page is a program's to read: nothing of what lay there before may be there. */
static void map_ring(struct runner *runner, uint64_t at, struct rescind_ring *ring)
{
    struct frames none = {0}; /* the tables are there, for the program's image lies beside it */

    __builtin_memset((uint8_t *)ring + RING_BYTES, 0, PAGE_SIZE - RING_BYTES);
    if (!space_map(&runner->space, &none, at, (uint64_t)ring - DIRECT_BASE, 1, PAGING_WRITE)) {
        /* LCOV_EXCL_START: its tables are there, as said */
        platform_panic("a ring has no place in its VPE's space");
        /* LCOV_EXCL_STOP */
    }
}

void children_bind(struct loop *loop, struct runner *runner, uint32_t vpe)
{
    map_ring(runner, PC_SYSCALLS, rescind_kernel_syscall_ring(loop->kernel, vpe));
    map_ring(runner, PC_REPLIES, rescind_kernel_reply_ring(loop->kernel, vpe));
    runner->vpe = vpe;
    runner->area->vpe = (uint16_t)vpe;
    runner->made = true;
    loop->by_vpe[vpe] = runner;
}

/* Whether the module's name of a VPE is the `size` bytes at `name`. */
static bool is_named(const struct rescind_startup_vpe *entry, const char *name, size_t size)
{
    return size < sizeof entry->name && __builtin_memcmp(entry->name, name, size) == 0 &&
           entry->name[size] == '\0';
}

void children_create(struct loop *loop, uint32_t vpe, const char *name, size_t size,
                     void (*pause)(struct loop *loop))
{
    loop->by_vpe[vpe] = &loop->nobody;
    for (uint32_t i = 0; i < loop->runner_count; i++) {
        struct runner *runner = &loop->runners[i];

        pause(loop);
        if (!runner->made && is_named(loop_entry(loop, runner), name, size)) {
            children_bind(loop, runner, vpe);
            return;
        }
    }
}

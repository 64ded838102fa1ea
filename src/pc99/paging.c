/* Page tables. See paging.h. */
#include "pc99/paging.h"

#include <stddef.h>

#include "pc99/cpu.h"

#define PTE_NX 0x8000000000000000
enum { PTE_PRESENT = 1, PTE_WRITE = 2, PTE_USER = 4 };
enum { ENTRIES = 512, LEVEL_BITS = 9, PAGE_BITS = 12, PML4_SHIFT = 39, KERNEL_HALF = 256 };
enum { CR4_UMIP = 1 << 11, CR4_SMEP = 1 << 20, CR4_SMAP = 1 << 21 };
enum { LEAF_FEATURES = 7, SMEP_IN_B = 1 << 7, SMAP_IN_B = 1 << 20, UMIP_IN_C = 1 << 2 };
#define PTE_ADDRESS 0x000ffffffffff000

extern const uint8_t kernel_boot[], kernel_text[], kernel_rodata[], kernel_data[];
extern const uint8_t kernel_end_of_image[], kernel_stack_guard[];
extern uint64_t kernel_pml4[], kernel_pd[], kernel_pdpt_low[];

/* Boot tables, of 4 KiB pages: the kernel's 2 MiB, and KERNEL_STACKS in the 2 MiB behind them. */
static uint64_t kernel_pt[ENTRIES] __attribute__((aligned(PAGE_SIZE)));
static uint64_t stacks_pt[ENTRIES] __attribute__((aligned(PAGE_SIZE)));
_Static_assert(PROCESSORS_MAX *STACK_PART_PAGES <= ENTRIES, "all stacks fit");

static void map_kernel(const uint8_t *from, const uint8_t *to, uint64_t bits)
{
    for (const uint8_t *at = from; at < to; at += PAGE_SIZE) {
        uint64_t physical = (uint64_t)at - KERNEL_BASE;

        kernel_pt[physical / PAGE_SIZE] = physical | bits | PTE_PRESENT;
    }
}

/* The kernel never uses a user address, so it may forbid itself to. */
static void forbid_user_memory(void)
{
    struct cpu_id id = cpu_id(LEAF_FEATURES);

    cpu_add_cr4(((id.b & SMEP_IN_B) != 0 ? CR4_SMEP : 0) |
                ((id.b & SMAP_IN_B) != 0 ? CR4_SMAP : 0) |
                ((id.c & UMIP_IN_C) != 0 ? CR4_UMIP : 0));
}

static uint64_t physical(const void *in_image)
{
    return (uint64_t)in_image - KERNEL_BASE;
}

void paging_init(void)
{
    map_kernel(kernel_boot, kernel_text, PTE_WRITE | PTE_NX);
    map_kernel(kernel_text, kernel_rodata, 0);
    map_kernel(kernel_rodata, kernel_data, PTE_NX);
    map_kernel(kernel_data, kernel_end_of_image, PTE_WRITE | PTE_NX);
    kernel_pt[physical(kernel_stack_guard) / PAGE_SIZE] = 0;
    kernel_pd[0] = physical(kernel_pt) | PTE_PRESENT | PTE_WRITE;
    kernel_pd[1] = physical(stacks_pt) | PTE_PRESENT | PTE_WRITE;
    kernel_pml4[0] = 0;
    paging_enter();
}

void paging_enter(void)
{
    cpu_set_space(physical(kernel_pml4));
    if (cpu_id(0).a >= LEAF_FEATURES) {
        forbid_user_memory();
    }
}

bool paging_trampoline(struct space *space, struct frames *frames)
{
    if (!space_create(space, frames)) {
        return false;
    }
    *(uint64_t *)frames_at(space->pml4) = physical(kernel_pdpt_low) | PTE_PRESENT | PTE_WRITE;
    return true;
}

bool paging_stacks(struct frames *frames, uint32_t number, uint64_t *stack, uint64_t *fatal_stack)
{
    uint32_t part = number * STACK_PART_PAGES;
    uint64_t frame = frames_take(frames, STACK_PAGES + 1);

    if (frame == 0) {
        return false;
    }
    for (uint32_t i = 0; i < STACK_PAGES; i++) {
        stacks_pt[part + 1 + i] =
            (frame + (uint64_t)i * PAGE_SIZE) | PTE_PRESENT | PTE_WRITE | PTE_NX;
    }
    stacks_pt[part + STACK_FATAL_PAGE] =
        (frame + (uint64_t)STACK_PAGES * PAGE_SIZE) | PTE_PRESENT | PTE_WRITE | PTE_NX;
    *stack = KERNEL_STACKS + (uint64_t)(part + 1 + STACK_PAGES) * PAGE_SIZE;
    *fatal_stack = KERNEL_STACKS + (uint64_t)(part + STACK_FATAL_PAGE + 1) * PAGE_SIZE;
    return true;
}

bool space_create(struct space *space, struct frames *frames)
{
    uint64_t *table;

    space->pml4 = frames_take(frames, 1);
    if (space->pml4 == 0) {
        return false;
    }
    table = frames_at(space->pml4);
    for (unsigned i = KERNEL_HALF; i < ENTRIES; i++) {
        table[i] = kernel_pml4[i];
    }
    return true;
}

uint64_t paging_table_entry(uint64_t physical)
{
    return physical | PTE_PRESENT | PTE_WRITE | PTE_USER;
}

uint64_t paging_entry(uint64_t physical, enum paging_rights rights)
{
    return physical | PTE_PRESENT | PTE_USER | ((rights & PAGING_WRITE) != 0 ? PTE_WRITE : 0) |
           ((rights & PAGING_EXECUTE) != 0 ? 0 : PTE_NX);
}

/* The table that holds the entry for `at` of 1 << `last` bytes; those that are missing on the way
 * there are made. */
static uint64_t *table_of(struct space *space, struct frames *frames, uint64_t at, unsigned last)
{
    uint64_t *table = frames_at(space->pml4);

    for (unsigned shift = PML4_SHIFT; shift > last; shift -= LEVEL_BITS) {
        uint64_t *entry = &table[at >> shift & (ENTRIES - 1)];

        if (*entry == 0) {
            uint64_t frame = frames_take(frames, 1);

            if (frame == 0) {
                return NULL;
            }
            *entry = paging_table_entry(frame);
        }
        table = frames_at(*entry & PTE_ADDRESS);
    }
    return table;
}

uint64_t *space_directory(struct space *space, struct frames *frames, uint64_t at)
{
    return table_of(space, frames, at, PAGE_BITS + LEVEL_BITS);
}

bool space_map(struct space *space, struct frames *frames, uint64_t at, uint64_t physical,
               uint64_t count, enum paging_rights rights)
{
    for (uint64_t end = at + count * PAGE_SIZE; at < end; at += PAGE_SIZE) {
        uint64_t *table = table_of(space, frames, at, PAGE_BITS);

        if (table == NULL) {
            return false;
        }
        table[at >> PAGE_BITS & (ENTRIES - 1)] = paging_entry(physical, rights);
        physical += PAGE_SIZE;
    }
    return true;
}

void space_share(struct space *space, const struct space *from, uint64_t at)
{
    uint64_t *to = frames_at(space->pml4);
    const uint64_t *source = frames_at(from->pml4);
    unsigned slot = at >> PML4_SHIFT & (ENTRIES - 1);

    to[slot] = source[slot];
}

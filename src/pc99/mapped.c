/* The loop and what is mapped for a VPE. See mapped.h. */
#include "pc99/mapped.h"

#include "pc99/cpu.h"

/* The error code of a page fault. */
enum { FAULT_PRESENT = 1, FAULT_WRITE = 2, FAULT_USER = 4, FAULT_FETCH = 16 };
enum { FAULT_KNOWN = FAULT_PRESENT | FAULT_WRITE | FAULT_USER | FAULT_FETCH };

static uint32_t rights_for(uint64_t fault)
{
    return RESCIND_PERM_R | ((fault & FAULT_WRITE) != 0 ? RESCIND_PERM_W : 0) |
           ((fault & FAULT_FETCH) != 0 ? RESCIND_PERM_X : 0);
}

static enum paging_rights paging_for(uint32_t rights)
{
    return ((rights & RESCIND_PERM_W) != 0 ? PAGING_WRITE : 0) |
           ((rights & RESCIND_PERM_X) != 0 ? PAGING_EXECUTE : 0);
}

void mapped_check(struct loop *loop, struct runner *runner)
{
    uint32_t version = rescind_kernel_map_version(loop->kernel, runner->vpe);

    if (runner->window.used != 0 && version != runner->map_version) {
        window_empty(&runner->window);
        cpu_set_space(runner->space.pml4);
    }
    runner->map_version = version;
    loop->careful = loop->peeks || runner->window.used != 0;
}

/* The mapping is one that may be used. False: it is of no memory that there is. */
static bool fill(struct loop *loop, struct runner *runner, uint64_t address,
                 const struct rescind_kernel_mapping *mapping)
{
    const struct loop *owner = &loop->all[mapping->pe];

    if (mapping->pe >= loop->shared->count || mapping->frame >= owner->memory_frames) {
        return false;
    }
    mapped_check(loop, runner);
    if (window_fill(&runner->window, address, owner->memory + (uint64_t)mapping->frame * PAGE_SIZE,
                    paging_for(mapping->rights))) {
        cpu_set_space(runner->space.pml4);
    }
    loop->careful = true;
    return true;
}

/* The program hears of `error` if it has said where. */
static enum mapped refuse(struct runner *runner, enum rescind_error error)
{
    uint64_t recover = runner->area->recover;

    if (recover == 0) {
        return MAPPED_FATAL;
    }
    runner->context.rip = recover;
    runner->context.rax = error;
    return MAPPED_NEVER;
}

enum mapped mapped_fault(struct loop *loop, struct runner *runner, uint64_t address)
{
    uint64_t fault = runner->context.error;
    struct rescind_kernel_mapping mapping;

    if (!window_contains(address) || (fault & ~(uint64_t)FAULT_KNOWN) != 0) {
        return MAPPED_FATAL;
    }
    switch (rescind_kernel_mapping(loop->kernel, runner->vpe, (uint32_t)(address / PAGE_SIZE),
                                   &mapping)) {
    case RESCIND_MAPPING_GOING:
        return MAPPED_LATER;
    case RESCIND_MAPPING_THERE:
        if ((rights_for(fault) & ~mapping.rights) != 0) {
            return refuse(runner, RESCIND_NO_PERM);
        }
        if (fill(loop, runner, address, &mapping)) {
            return MAPPED_NOW;
        }
        break;
    case RESCIND_MAPPING_NONE:
        break;
    }
    return refuse(runner, RESCIND_NO_MAPPING);
}

/* From the start-up module to a machine ready to run. See load.h. */
#include "pc99/load.h"

#include <stddef.h>

#include "dtu/ring.h"
#include "pc99/console.h"
#include "rescind/platform.h"

enum { RFLAGS_START = 0x202 }; /* interrupts on */
enum { TABLE_SPAN = 2 << 20, SHARED_TABLES = 4, SPACE_TABLES = 3 };

extern const uint8_t user_blob[], user_blob_end[];

/* What all VPEs share. */
struct shared {
    struct space space; /* never run: holds the tables of the module's part */
    uint64_t signals;   /* the frame */
};

static const struct pc_image *image(void)
{
    return (const struct pc_image *)user_blob;
}

static uint64_t image_frame(void)
{
    return (uint64_t)user_blob - KERNEL_BASE;
}

static uint64_t area_frames(const struct rescind_startup_vpe *entry)
{
    return frames_for(sizeof(struct pc_area) + entry->call_count);
}

static uint64_t data_frames(void)
{
    return frames_for(image()->bss_end - image()->rodata_end);
}

/* Private memory of a VPE: data, stack, area, in this order. */
static uint64_t private_frames(const struct rescind_startup_vpe *entry)
{
    return data_frames() + PC_STACK_SIZE / PAGE_SIZE + area_frames(entry);
}

static uint64_t runner_frames(const struct loop *loop)
{
    return frames_for((uint64_t)loop->module->vpe_count * sizeof(struct runner));
}

/* Not less than all that load() takes. */
static uint64_t frames_needed(const struct loop *loop, size_t arena)
{
    uint64_t count = frames_for(arena) + runner_frames(loop);

    count += 1 + SHARED_TABLES + loop->module->size / TABLE_SPAN + 1;
    for (uint32_t i = 0; i < loop->module->vpe_count; i++) {
        uint64_t area = area_frames(loop_vpe(loop, i));

        count += SPACE_TABLES + 2 + area * PAGE_SIZE / TABLE_SPAN;
        count += private_frames(loop_vpe(loop, i));
    }
    return count;
}

static bool share(struct load *load, struct shared *shared)
{
    struct frames *frames = &load->frames;

    shared->signals = frames_take(frames, 1);
    return shared->signals != 0 && space_create(&shared->space, frames) &&
           space_map(&shared->space, frames, PC_MODULE, load->module_frame,
                     frames_for(load->module->size), PAGING_READ);
}

/* The frame of a page of the kernel's arena, which lies in the direct map. */
static uint64_t ring_frame(const struct rescind_ring *ring)
{
    return (uint64_t)ring - DIRECT_BASE;
}

/* A ring's page is a program's to read: nothing of what lay in that memory before may be there. */
static void clean_ring(struct rescind_ring *ring)
{
    __builtin_memset((uint8_t *)ring + RING_BYTES, 0, PAGE_SIZE - RING_BYTES);
}

static bool map_image(struct space *space, struct frames *frames, uint64_t data)
{
    uint64_t text = (image()->text_end - PC_IMAGE) / PAGE_SIZE;
    uint64_t rodata = (image()->rodata_end - image()->text_end) / PAGE_SIZE;

    return space_map(space, frames, PC_IMAGE, image_frame(), text, PAGING_EXECUTE) &&
           space_map(space, frames, image()->text_end, image_frame() + text * PAGE_SIZE, rodata,
                     PAGING_READ) &&
           space_map(space, frames, image()->rodata_end, data, data_frames(), PAGING_WRITE);
}

static bool map_vpe(struct loop *loop, struct load *load, const struct shared *shared,
                    struct runner *runner, uint64_t private)
{
    struct space *space = &runner->space;
    struct frames *frames = &load->frames;
    uint64_t stack = private + data_frames() * PAGE_SIZE;
    uint64_t area = stack + PC_STACK_SIZE;

    space_share(space, &shared->space, PC_MODULE);
    runner->area = frames_at(area);
    return map_image(space, frames, private) &&
           space_map(space, frames, PC_SYSCALLS,
                     ring_frame(rescind_kernel_syscall_ring(loop->kernel, runner->vpe)), 1,
                     PAGING_WRITE) &&
           space_map(space, frames, PC_REPLIES,
                     ring_frame(rescind_kernel_reply_ring(loop->kernel, runner->vpe)), 1,
                     PAGING_WRITE) &&
           space_map(space, frames, PC_SIGNALS, shared->signals, 1, PAGING_WRITE) &&
           space_map(space, frames, PC_STACK, stack, PC_STACK_SIZE / PAGE_SIZE, PAGING_WRITE) &&
           space_map(space, frames, PC_AREA, area, area_frames(loop_vpe(loop, runner->vpe)),
                     PAGING_WRITE);
}

static void fill_private(const struct loop *loop, struct runner *runner, uint64_t private)
{
    const uint8_t *data = user_blob + (image()->rodata_end - PC_IMAGE);

    __builtin_memcpy(frames_at(private), data, image()->data_end - image()->rodata_end);
    clean_ring(rescind_kernel_syscall_ring(loop->kernel, runner->vpe));
    clean_ring(rescind_kernel_reply_ring(loop->kernel, runner->vpe));
    runner->area->vpe = runner->vpe;
    __builtin_memset(runner->area->results, RESCIND_RESULT_NONE,
                     loop_vpe(loop, runner->vpe)->call_count);
    runner->context = (struct context){
        .rip = image()->entry,
        .cs = SEL_USER_CODE,
        .rflags = RFLAGS_START,
        .rsp = PC_STACK + PC_STACK_SIZE,
        .ss = SEL_USER_DATA,
    };
}

/* One VPE: its memory, its place in the kernel, its address space. */
static enum load_result load_vpe(struct load *load, struct loop *loop, const struct shared *shared,
                                 uint32_t vpe)
{
    struct runner *runner = &loop->runners[vpe];
    uint64_t count = private_frames(loop_vpe(loop, vpe));
    uint64_t private = frames_take(&load->frames, count);

    runner->vpe = vpe;
    if (private == 0 || !space_create(&runner->space, &load->frames)) {
        return LOAD_NO_MEMORY;
    }
    if (rescind_kernel_boot_vpe(loop->kernel, private, count * PAGE_SIZE) != RESCIND_NO_ERROR) {
        console_report("the kernel's pool is too small for VPE %u", (uint64_t)vpe);
        return LOAD_REFUSED;
    }
    if (!map_vpe(loop, load, shared, runner, private)) {
        return LOAD_NO_MEMORY;
    }
    fill_private(loop, runner, private);
    loop_add(loop, runner);
    return LOAD_DONE;
}

static enum load_result load_grants(struct loop *loop)
{
    const struct rescind_startup_grant *grants =
        (const void *)((const uint8_t *)loop->module + loop->module->grants);

    for (uint32_t i = 0; i < loop->module->grant_count; i++) {
        const struct rescind_startup_grant *g = &grants[i];

        if (rescind_kernel_boot_grant(loop->kernel, g->vpe, g->sel, g->target) !=
            RESCIND_NO_ERROR) {
            console_report("the kernel refuses grant %u", (uint64_t)i);
            return LOAD_REFUSED;
        }
    }
    return LOAD_DONE;
}

/* The kernel and the runners, in memory that is known to be there. */
static enum load_result load_kernel(struct load *load, struct loop *loop,
                                    const struct rescind_kernel_config *config, size_t arena)
{
    uint64_t kernel = frames_take_dirty(&load->frames, frames_for(arena));
    uint64_t runners = frames_take(&load->frames, runner_frames(loop));

    if (kernel == 0 || runners == 0) {
        return LOAD_NO_MEMORY;
    }
    loop->runners = frames_at(runners);
    loop->kernel = rescind_kernel_create(frames_at(kernel), arena, config);
    if (loop->kernel == NULL) {
        console_report("the kernel refuses its configuration");
        return LOAD_REFUSED;
    }
    return LOAD_DONE;
}

enum load_result load(struct load *load, struct loop *loop)
{
    const struct rescind_startup *module = load->module;
    const struct rescind_kernel_config config = {
        .vpes = module->vpe_count,
        .nodes = module->nodes,
        .work = module->work,
        .seed = load->seed,
    };
    size_t arena = rescind_kernel_size(&config);
    struct shared shared;
    enum load_result result;
    uint64_t needed, there = frames_left(&load->frames);

    loop_init(loop);
    loop->module = module;
    loop->capture = load->capture;
    needed = frames_needed(loop, arena);
    if (arena == 0 || needed > there) {
        console_report("not enough memory: %u KiB needed, %u KiB there", needed * 4, there * 4);
        return LOAD_NO_MEMORY;
    }
    result = load_kernel(load, loop, &config, arena);
    if (result == LOAD_DONE && !share(load, &shared)) {
        result = LOAD_NO_MEMORY;
    }
    for (uint32_t vpe = 0; vpe < module->vpe_count && result == LOAD_DONE; vpe++) {
        result = load_vpe(load, loop, &shared, vpe);
    }
    return result == LOAD_DONE ? load_grants(loop) : result;
}

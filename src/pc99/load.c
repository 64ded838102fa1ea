/* From the start-up module to a machine ready to run. See load.h. */
#include "pc99/load.h"

#include <stddef.h>

#include "dtu/ring.h"
#include "pc99/console.h"
#include "pc99/smp.h"
#include "rescind/platform.h"
#include "user/startup.h"

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
    return frames_for(pc_area_size(entry->call_count));
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
    return frames_for((uint64_t)loop->vpe_count * sizeof(struct runner));
}

static struct rescind_kernel_config config_of(const struct load *load, const struct loop *loop)
{
    /* Kernels have secrets of their own; the first has the very seed. */
    return (struct rescind_kernel_config){
        .vpes = loop->vpe_count,
        .nodes = startup_kernel(load->module, loop->number)->nodes,
        .work = load->module->work,
        .peers = load->module->kernel_count,
        .pe = (uint16_t)loop->number,
        .seed = load->seed + loop->number * 0x9e3779b97f4a7c15,
    };
}

static size_t arena_size(const struct load *load, const struct loop *loop)
{
    const struct rescind_kernel_config config = config_of(load, loop);

    return rescind_kernel_size(&config);
}

/* Not less than all that load_kernel() takes. */
static uint64_t kernel_frames(const struct load *load, const struct loop *loop)
{
    return frames_for(arena_size(load, loop)) + runner_frames(loop);
}

/* Not less than all that load_vpe() takes. */
static uint64_t vpe_frames(const struct rescind_startup_vpe *entry)
{
    return SPACE_TABLES + 2 + area_frames(entry) * PAGE_SIZE / TABLE_SPAN + private_frames(entry);
}

/* Not less than all that load() and smp_prepare() take. */
static uint64_t frames_needed(const struct load *load, const struct machine *machine)
{
    const struct rescind_startup *module = load->module;
    uint64_t count = 1 + SHARED_TABLES + module->size / TABLE_SPAN + 1;

    count += frames_for(board_bytes(module->kernel_count)) + smp_frames(module->kernel_count);
    for (uint32_t i = 0; i < module->kernel_count; i++) {
        count += kernel_frames(load, &machine->loops[i]);
    }
    for (uint32_t i = 0; i < module->vpe_count; i++) {
        count += vpe_frames(startup_vpe(module, i));
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

static bool map_vpe(const struct loop *loop, struct load *load, const struct shared *shared,
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
    runner->area->number = runner->number;
    runner->area->pe = (uint16_t)loop->number;
    runner->area->vpe = (uint16_t)runner->vpe;
    runner->area->clocked = loop->clock;
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

/* VPE `number` of the module: its memory, its place in the loop's kernel, its address space. */
static enum load_result load_vpe(struct load *load, struct loop *loop, const struct shared *shared,
                                 uint32_t number)
{
    const struct rescind_startup_vpe *entry = startup_vpe(load->module, number);
    struct runner *runner = &loop->runners[loop->vpe_count];
    uint64_t count = private_frames(entry);
    uint64_t private = frames_take(&load->frames, count);

    runner->vpe = loop->vpe_count++;
    runner->number = number;
    if (private == 0 || !space_create(&runner->space, &load->frames)) {
        return LOAD_NO_MEMORY;
    }
    if (rescind_kernel_boot_vpe(loop->kernel, private, count * PAGE_SIZE) != RESCIND_NO_ERROR) {
        console_report("the kernel's pool is too small for VPE %u", (uint64_t)number);
        return LOAD_REFUSED;
    }
    if (!map_vpe(loop, load, shared, runner, private)) {
        return LOAD_NO_MEMORY;
    }
    fill_private(loop, runner, private);
    loop_add(loop, runner);
    return LOAD_DONE;
}

/* The number of VPE `number` in its own kernel. */
static uint32_t local_number(const struct load *load, uint32_t number)
{
    uint32_t kernel = startup_vpe(load->module, number)->kernel, local = 0;

    for (uint32_t i = 0; i < number; i++) {
        local += startup_vpe(load->module, i)->kernel == kernel;
    }
    return local;
}

static enum rescind_error boot_grant(const struct load *load, const struct machine *machine,
                                     const struct rescind_startup_grant *g)
{
    uint32_t to = startup_vpe(load->module, g->vpe)->kernel;
    uint32_t from = startup_vpe(load->module, g->target)->kernel;
    uint32_t vpe = local_number(load, g->vpe), target = local_number(load, g->target);
    struct rescind_kernel *kernel = machine->loops[to].kernel;

    return to == from ? rescind_kernel_boot_grant(kernel, vpe, g->sel, target)
                      : rescind_kernel_boot_grant_across(kernel, vpe, g->sel,
                                                         machine->loops[from].kernel, target);
}

static enum load_result load_grants(const struct load *load, const struct machine *machine)
{
    for (uint32_t i = 0; i < load->module->grant_count; i++) {
        if (boot_grant(load, machine, startup_grant(load->module, i)) != RESCIND_NO_ERROR) {
            console_report("the kernel refuses grant %u", (uint64_t)i);
            return LOAD_REFUSED;
        }
    }
    return LOAD_DONE;
}

/* The kernel and the runners, in memory that is known to be there. */
static enum load_result load_kernel(struct load *load, struct loop *loop)
{
    const struct rescind_kernel_config config = config_of(load, loop);
    size_t arena = rescind_kernel_size(&config);
    uint64_t kernel = frames_take_dirty(&load->frames, frames_for(arena));
    uint64_t runners = frames_take(&load->frames, runner_frames(loop));

    if (kernel == 0 || (runners == 0 && loop->vpe_count > 0)) {
        return LOAD_NO_MEMORY;
    }
    loop->runners = frames_at(runners);
    loop->vpe_count = 0; /* load_vpe() counts them again */
    loop->kernel = rescind_kernel_create(frames_at(kernel), arena, &config);
    if (loop->kernel == NULL) {
        console_report("kernel %u refuses its configuration", (uint64_t)loop->number);
        return LOAD_REFUSED;
    }
    return LOAD_DONE;
}

/* Empty loops that know how many VPEs they will have. */
static void prepare_loops(const struct load *load, struct machine *machine)
{
    for (uint32_t i = 0; i < load->module->kernel_count; i++) {
        struct loop *loop = &machine->loops[i];

        loop_init(loop);
        loop->module = load->module;
        loop->board = &machine->board;
        loop->report = &machine->report;
        loop->all = machine->loops;
        loop->number = i;
        loop->capture = load->capture;
        loop->audit = load->audit;
        loop->clock = load->clock;
    }
    for (uint32_t i = 0; i < load->module->vpe_count; i++) {
        machine->loops[startup_vpe(load->module, i)->kernel].vpe_count++;
    }
}

static enum load_result load_board(struct load *load, struct machine *machine)
{
    uint32_t count = load->module->kernel_count;
    uint64_t channels = frames_take_dirty(&load->frames, frames_for(board_bytes(count)));

    if (channels == 0) {
        return LOAD_NO_MEMORY;
    }
    board_init(&machine->board, count, frames_at(channels));
    return LOAD_DONE;
}

static enum load_result load_kernels(struct load *load, struct machine *machine)
{
    const struct rescind_startup *module = load->module;
    enum load_result result = LOAD_DONE;
    struct shared shared;

    for (uint32_t i = 0; i < module->kernel_count && result == LOAD_DONE; i++) {
        result = load_kernel(load, &machine->loops[i]);
    }
    if (result == LOAD_DONE && !share(load, &shared)) {
        result = LOAD_NO_MEMORY;
    }
    for (uint32_t i = 0; i < module->vpe_count && result == LOAD_DONE; i++) {
        result = load_vpe(load, &machine->loops[startup_vpe(module, i)->kernel], &shared, i);
    }
    return result;
}

enum load_result load(struct load *load, struct machine *machine)
{
    enum load_result result;
    uint64_t needed, there = frames_left(&load->frames);

    prepare_loops(load, machine);
    for (uint32_t i = 0; i < load->module->kernel_count; i++) {
        if (arena_size(load, &machine->loops[i]) == 0) {
            console_report("kernel %u refuses its configuration", (uint64_t)i);
            return LOAD_REFUSED;
        }
    }
    needed = frames_needed(load, machine);
    if (needed > there) {
        console_report("not enough memory: %u KiB needed, %u KiB there", needed * 4, there * 4);
        return LOAD_NO_MEMORY;
    }
    result = load_board(load, machine);
    result = result == LOAD_DONE ? load_kernels(load, machine) : result;
    result = result == LOAD_DONE ? load_grants(load, machine) : result;
    for (uint32_t i = 0; i < load->module->kernel_count && result == LOAD_DONE; i++) {
        loop_shift(&machine->loops[i], load->phase);
    }
    return result;
}

/* From the start-up module to a machine ready to run. See load.h. */
#include "pc99/load.h"

#include <stddef.h>

#include "pc99/children.h"
#include "pc99/console.h"
#include "pc99/smp.h"
#include "rescind/platform.h"
#include "user/startup.h"

enum { RFLAGS_START = 0x202 }; /* interrupts on */
enum { TABLE_SPAN = 2 << 20, SHARED_TABLES = 4, SPACE_TABLES = 3 };

/* Of a VPE's results and ticks, a byte and a word each, there are less than steps. */
_Static_assert(PC_AREA + 8 * (uint64_t)RESCIND_STARTUP_STEPS < WINDOW_START,
               "a VPE's own memory lies below what may be mapped for it");

extern const uint8_t user_blob[], user_blob_end[];

/* What all VPEs share. */
struct common {
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

/* The runners, and behind them whose each number is. */
static uint64_t runner_frames(const struct loop *loop)
{
    return frames_for(loop->runner_count * sizeof(struct runner) +
                      loop->vpe_count * sizeof(struct runner *));
}

static struct rescind_kernel_config config_of(const struct load *load, const struct loop *loop)
{
    const struct rescind_startup_kernel *entry = startup_kernel(load->module, loop->number);

    /* Kernels have secrets of their own; the first has the very seed. */
    return (struct rescind_kernel_config){
        .vpes = entry->vpes,
        .nodes = entry->nodes,
        .memory = entry->memory,
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
    return SPACE_TABLES + WINDOW_FRAMES + 2 + area_frames(entry) * PAGE_SIZE / TABLE_SPAN +
           private_frames(entry);
}

/* Not less than all that load() and smp_prepare() take. */
static uint64_t frames_needed(const struct load *load, const struct machine *machine)
{
    const struct rescind_startup *module = load->module;
    uint64_t count = 1 + SHARED_TABLES + module->size / TABLE_SPAN + 1;

    count += frames_for(shared_bytes(module->kernel_count)) + smp_frames(module->kernel_count);
    for (uint32_t i = 0; i < module->kernel_count; i++) {
        count += kernel_frames(load, &machine->loops[i]);
    }
    for (uint32_t i = 0; i < module->vpe_count; i++) {
        count += vpe_frames(startup_vpe(module, i));
    }
    return count;
}

static bool share(struct load *load, struct common *common)
{
    struct frames *frames = &load->frames;

    common->signals = frames_take(frames, 1);
    return common->signals != 0 && space_create(&common->space, frames) &&
           space_map(&common->space, frames, PC_MODULE, load->module_frame,
                     frames_for(load->module->size), PAGING_READ);
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

static bool map_vpe(const struct loop *loop, struct load *load, const struct common *common,
                    struct runner *runner, uint64_t private)
{
    struct space *space = &runner->space;
    struct frames *frames = &load->frames;
    uint64_t stack = private + data_frames() * PAGE_SIZE;
    uint64_t area = stack + PC_STACK_SIZE;

    space_share(space, &common->space, PC_MODULE);
    runner->area = frames_at(area);
    return map_image(space, frames, private) &&
           space_map(space, frames, PC_SIGNALS, common->signals, 1, PAGING_WRITE) &&
           space_map(space, frames, PC_STACK, stack, PC_STACK_SIZE / PAGE_SIZE, PAGING_WRITE) &&
           space_map(space, frames, PC_AREA, area, area_frames(loop_entry(loop, runner)),
                     PAGING_WRITE) &&
           window_create(&runner->window, space, frames);
}

static void fill_private(const struct loop *loop, struct runner *runner, uint64_t private)
{
    const uint8_t *data = user_blob + (image()->rodata_end - PC_IMAGE);

    __builtin_memcpy(frames_at(private), data, image()->data_end - image()->rodata_end);
    runner->area->number = runner->number;
    runner->area->pe = (uint16_t)loop->number;
    runner->area->clocked = loop->clock;
    __builtin_memset(runner->area->results, RESCIND_RESULT_NONE,
                     loop_entry(loop, runner)->call_count);
    runner->context = (struct context){
        .rip = image()->entry,
        .cs = SEL_USER_CODE,
        .rflags = RFLAGS_START,
        .rsp = PC_STACK + PC_STACK_SIZE,
        .ss = SEL_USER_DATA,
    };
}

static bool is_child(const struct load *load, uint32_t number)
{
    return (startup_vpe(load->module, number)->flags & RESCIND_STARTUP_CHILD) != 0;
}

/* The number of VPE `number`, no child, in its own kernel. */
static uint32_t local_number(const struct load *load, uint32_t number)
{
    uint32_t kernel = startup_vpe(load->module, number)->kernel, local = 0;

    for (uint32_t i = 0; i < number; i++) {
        local += startup_vpe(load->module, i)->kernel == kernel && !is_child(load, i);
    }
    return local;
}

/* VPE `vpe` of the kernel is there from the start. */
static enum load_result boot_vpe(struct loop *loop, struct runner *runner, uint32_t vpe)
{
    uint32_t quota = loop_entry(loop, runner)->quota;

    if (rescind_kernel_boot_vpe(loop->kernel, RESCIND_ANY_ADDR, RESCIND_VPE_MEMORY) !=
            RESCIND_NO_ERROR ||
        (quota != 0 && rescind_kernel_boot_quota(loop->kernel, vpe, quota) != RESCIND_NO_ERROR)) {
        console_report("the kernel's pool or memory is too small for VPE %u",
                       (uint64_t)runner->number);
        return LOAD_REFUSED;
    }
    children_bind(loop, runner, vpe);
    loop_add(loop, runner);
    return LOAD_DONE;
}

/* VPE `number` of the module, and `vpe` of its kernel if it is no child: its memory, its address
 * space, its place in the loop. */
static enum load_result load_vpe(struct load *load, struct loop *loop, const struct common *common,
                                 uint32_t number, uint32_t vpe)
{
    struct runner *runner = &loop->runners[loop->runner_count++];
    uint64_t private;

    runner->number = number;
    private = frames_take(&load->frames, private_frames(loop_entry(loop, runner)));
    if (private == 0 || !space_create(&runner->space, &load->frames) ||
        !map_vpe(loop, load, common, runner, private)) {
        return LOAD_NO_MEMORY; /* LCOV_EXCL_LINE: frames_needed() counts them */
    }
    fill_private(loop, runner, private);
    return is_child(load, number) ? LOAD_DONE : boot_vpe(loop, runner, vpe);
}

static enum rescind_error boot_grant(const struct load *load, const struct machine *machine,
                                     const struct rescind_startup_grant *g)
{
    uint32_t to = startup_vpe(load->module, g->vpe)->kernel, vpe = local_number(load, g->vpe);
    struct rescind_kernel *kernel = machine->loops[to].kernel;
    uint32_t from, target;

    if (g->kind == RESCIND_GRANT_IRQ) {
        return rescind_kernel_boot_irq(kernel, vpe, g->sel, g->target);
    }
    if (g->kind == RESCIND_GRANT_PORTS) {
        return rescind_kernel_boot_ports(kernel, vpe, g->sel, startup_first_port(g),
                                         startup_port_count(g));
    }
    from = startup_vpe(load->module, g->target)->kernel;
    target = local_number(load, g->target);
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
    size_t arena = rescind_kernel_size(&config), memory;
    uint64_t kernel = frames_take_dirty(&load->frames, frames_for(arena));
    uint64_t runners = frames_take(&load->frames, runner_frames(loop));

    if (kernel == 0 || (runners == 0 && runner_frames(loop) > 0)) {
        return LOAD_NO_MEMORY;
    }
    loop->runners = frames_at(runners);
    loop->by_vpe = (struct runner **)(void *)&loop->runners[loop->runner_count];
    for (uint32_t i = 0; i < loop->vpe_count; i++) {
        loop->by_vpe[i] = &loop->nobody;
    }
    loop->runner_count = 0; /* load_vpe() counts them again */
    loop->kernel = rescind_kernel_create(frames_at(kernel), arena, &config);
    if (loop->kernel == NULL) {
        /* LCOV_EXCL_START: load() has asked for its size */
        console_report("kernel %u refuses its configuration", (uint64_t)loop->number);
        return LOAD_REFUSED;
        /* LCOV_EXCL_STOP */
    }
    loop->memory = (uint64_t)rescind_kernel_memory(loop->kernel, &memory) - DIRECT_BASE;
    loop->memory_frames = memory / PAGE_SIZE;
    return LOAD_DONE;
}

/* Empty loops that know how many runners they will have. */
static void prepare_loops(const struct load *load, struct machine *machine)
{
    for (uint32_t i = 0; i < load->module->kernel_count; i++) {
        struct loop *loop = &machine->loops[i];

        loop_init(loop, load->millisecond);
        loop->module = load->module;
        loop->shared = &machine->shared;
        loop->report = &machine->report;
        loop->all = machine->loops;
        loop->number = i;
        loop->capture = load->capture;
        loop->audit = load->audit;
        loop->clock = load->clock;
        loop->vpe_count = startup_kernel(load->module, i)->vpes;
    }
    for (uint32_t i = 0; i < load->module->vpe_count; i++) {
        machine->loops[startup_vpe(load->module, i)->kernel].runner_count++;
    }
}

static enum load_result load_board(struct load *load, struct machine *machine)
{
    uint32_t count = load->module->kernel_count;
    uint64_t channels = frames_take_dirty(&load->frames, frames_for(shared_bytes(count)));

    if (channels == 0) {
        return LOAD_NO_MEMORY;
    }
    shared_init(&machine->shared, count, frames_at(channels));
    return LOAD_DONE;
}

static enum load_result load_kernels(struct load *load, struct machine *machine)
{
    const struct rescind_startup *module = load->module;
    enum load_result result = LOAD_DONE;
    struct common common;

    for (uint32_t i = 0; i < module->kernel_count && result == LOAD_DONE; i++) {
        result = load_kernel(load, &machine->loops[i]);
    }
    if (result == LOAD_DONE && !share(load, &common)) {
        result = LOAD_NO_MEMORY;
    }
    for (uint32_t i = 0; i < module->vpe_count && result == LOAD_DONE; i++) {
        result = load_vpe(load, &machine->loops[startup_vpe(module, i)->kernel], &common, i,
                          local_number(load, i));
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
            /* LCOV_EXCL_START: startup_check() lets none through that is refused */
            console_report("kernel %u refuses its configuration", (uint64_t)i);
            return LOAD_REFUSED;
            /* LCOV_EXCL_STOP */
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

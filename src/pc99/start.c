/* The image's C entry: brings up the processors and the devices, reads what the boot loader says,
 * and hands over to the loops. start_main() is called by boot.S, once; start_other() by
 * trampoline.S, on each further processor.
 *
 * The command line knows seven words: seed=N, the kernels' secret, instead of the module's;
 * phase=N, another schedule for each N (loop_shift()); capture, which puts every message that a
 * kernel takes into the report; clock, which puts there what calls took and how long the kernel
 * kept interrupts out; audit, which checks every invariant of the kernels at the machine's end;
 * log, which has the console list what devices there are; and screen, which puts the console there,
 * too.
 *
 * A probe script (probe_script.h) in place of a start-up module is played before any device has
 * been touched, and its results are all that comes of it.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pc99/console.h"
#include "pc99/cpu.h"
#include "pc99/devices.h"
#include "pc99/irqs.h"
#include "pc99/load.h"
#include "pc99/loader.h"
#include "pc99/paging.h"
#include "pc99/probe.h"
#include "pc99/smp.h"
#include "pc99/trap.h"
#include "rescind/drivers.h"
#include "rescind/platform.h"
#include "user/startup.h"

enum { LEAF_BASIC = 1, RDRAND_IN_C = 1 << 30, RDRAND_TRIES = 10 };
enum { RTC_INDEX = 0x70, RTC_DATA = 0x71, RTC_REGISTERS = 10, PIT_COUNTER = 0x40 };

_Noreturn void start_main(uint64_t start_info, uint32_t magic);
_Noreturn void start_other(struct processor *processor);

/* Boot tables: too large for the stack, and the second is all processors'. */
static struct loader_info info;
static struct machine machine;
static struct devices devices;

static _Noreturn void give_up(uint8_t code)
{
    rescind_out8(EXIT_PORT, code);
    cpu_stop(); /* LCOV_EXCL_LINE: QEMU has ended by now */
}

static _Noreturn void refuse(const char *what)
{
    console_report("%s", what);
    give_up(EXIT_REFUSED);
}

static uint64_t mix(uint64_t state, uint64_t value)
{
    state = (state ^ value) * 0x9e3779b97f4a7c15;
    return state ^ state >> 29;
}

/* What no program can learn: RDRAND where there is one, else the clocks that the machine has. */
static uint64_t draw_secret(void)
{
    uint64_t value = 0, secret = cpu_ticks();

    if ((cpu_id(LEAF_BASIC).c & RDRAND_IN_C) != 0) {
        for (unsigned i = 0; i < RDRAND_TRIES; i++) {
            if (cpu_random(&value)) {
                return value;
            }
        }
    }
    for (uint8_t i = 0; i < RTC_REGISTERS; i++) {
        rescind_out8(RTC_INDEX, i);
        secret = mix(secret, rescind_in8(RTC_DATA));
        secret = mix(secret, rescind_in8(PIT_COUNTER));
        secret = mix(secret, rescind_lapic_count());
        secret = mix(secret, cpu_ticks());
    }
    return secret;
}

/* A decimal number up to a space or the end; moves *at behind it. */
static bool read_number(const char **at, uint64_t *out)
{
    const char *digit = *at;
    uint64_t value = 0;

    while (*digit >= '0' && *digit <= '9') {
        if (value > (UINT64_MAX - 9) / 10) {
            return false;
        }
        value = value * 10 + (uint64_t)(*digit++ - '0');
    }
    if (digit == *at || (*digit != '\0' && *digit != ' ')) {
        return false;
    }
    *at = digit;
    *out = value;
    return true;
}

/* Moves *at behind `word` if that is what stands there. */
static bool read_word(const char **at, const char *word)
{
    size_t size = 0;

    while (word[size] != '\0') {
        if ((*at)[size] != word[size]) {
            return false;
        }
        size++;
    }
    *at += size;
    return true;
}

/* Reads `word`, which ends in '=', and the number behind it; false: it does not stand there. */
static bool read_option(const char **at, const char *word, uint64_t *out)
{
    if (!read_word(at, word)) {
        return false;
    }
    if (!read_number(at, out)) {
        console_report("%s of the command line wants a decimal number", word);
        give_up(EXIT_REFUSED);
    }
    return true;
}

/* Moves *at behind `word` if that is the whole of the word that stands there. */
static bool read_flag(const char **at, const char *word)
{
    const char *behind = *at;

    if (!read_word(&behind, word) || (*behind != ' ' && *behind != '\0')) {
        return false;
    }
    *at = behind;
    return true;
}

static void read_line(const char *line, struct load *load, bool *log)
{
    while (*line != '\0') {
        if (*line == ' ') {
            line++;
        } else if (read_flag(&line, "capture")) {
            load->capture = true;
        } else if (read_flag(&line, "audit")) {
            load->audit = true;
        } else if (read_flag(&line, "clock")) {
            load->clock = true;
        } else if (read_flag(&line, "log")) {
            *log = true;
        } else if (read_flag(&line, "screen")) {
            console_use_screen();
        } else if (!read_option(&line, "seed=", &load->seed) &&
                   !read_option(&line, "phase=", &load->phase)) {
            refuse(
                "the command line may say seed=N, phase=N, capture, clock, audit, log and screen, "
                "and nothing else");
        }
    }
}

static void read_module(struct load *load)
{
    const char *wrong;

    if (info.module_size == 0) {
        refuse("there is no start-up module: give one as the initial RAM disk");
    }
    load->module_frame = info.module;
    load->module = frames_at(info.module);
    wrong = startup_check(load->module, info.module_size);
    if (wrong != NULL) {
        console_report("the start-up module is malformed: %s", wrong);
        give_up(EXIT_REFUSED);
    }
    if (load->module->fault_count != 0) {
        refuse("the start-up module has faults, which only the simulator lets strike");
    }
    load->seed = load->module->seed;
}

/* Plays the script that came instead of a module, and that is all. */
static _Noreturn void play_probe(void)
{
    struct probe_script *script = frames_at(info.module);
    const char *wrong = probe_check(script, info.module_size);

    if (wrong != NULL) {
        console_init();
        console_report("the probe script is malformed: %s", wrong);
        give_up(EXIT_REFUSED);
    }
    probe_run(script);
    if (!report_probe(&machine.report, script)) {
        /* LCOV_EXCL_START: COM2 of QEMU takes every byte */
        platform_panic("the report was not taken");
        /* LCOV_EXCL_STOP */
    }
    give_up(EXIT_DONE);
}

/* The APIC of a further processor, with its timer standing still. */
static void set_up_apic(void)
{
    struct rescind_trouble trouble;

    if (!rescind_lapic_init(VECTOR_SPURIOUS, &trouble)) {
        /* LCOV_EXCL_START: processors of QEMU are alike, and the first's was well */
        console_report("%s: %s: %x", trouble.device, trouble.what, trouble.value);
        give_up(EXIT_REFUSED);
        /* LCOV_EXCL_STOP */
    }
    rescind_lapic_timer(VECTOR_TIMER, 0);
}

static void bring_up(bool log, struct load *load)
{
    const struct devices_vectors vectors = {.pic = VECTOR_PIC, .spurious = VECTOR_SPURIOUS};

    if (!devices_bring_up(info.rsdp, log, &vectors, &devices)) {
        give_up(EXIT_REFUSED);
    }
    rescind_lapic_timer(VECTOR_TIMER, devices.clock.lapic_khz);
    load->millisecond = devices.clock.lapic_khz;
}

static void start_processors(void)
{
    uint32_t count = machine.shared.count;

    if (!devices_start(&devices, count, TRAMPOLINE, smp_is_up, NULL)) {
        give_up(EXIT_REFUSED);
    }
    shared_begin(&machine.shared);
    for (uint32_t i = 1; i < count; i++) {
        smp_call(i);
    }
}

void start_other(struct processor *processor)
{
    paging_enter();
    trap_load(processor);
    set_up_apic();
    __atomic_store_n(&processor->up, true, __ATOMIC_RELEASE);
    while (!shared_has_begun(&machine.shared)) {
        cpu_sleep();
    }
    loop_run(&machine.loops[processor->number]);
}

void start_main(uint64_t start_info, uint32_t magic)
{
    const struct loader_memory memory = {(const uint8_t *)DIRECT_BASE, DIRECT_LIMIT};
    struct load wanted = {0};
    enum load_result result;
    const char *wrong;
    bool log = false;

    trap_init();
    wrong = loader_read(&memory, magic, start_info, &info);
    if (info.rsdp_size != 0) {
        info.rsdp = (uint64_t)info.rsdp_copy - KERNEL_BASE;
    }
    if (wrong == NULL && probe_is_script(frames_at(info.module), info.module_size)) {
        play_probe();
    }
    console_init();
    console_offer_screen(&info.screen);
    if (magic == LOADER_MULTIBOOT2) {
        /* Firmware has spoken on this port before: who reads it skips up to here. */
        console_report("loaded by %s", info.loader);
    }
    if (wrong != NULL) {
        refuse(wrong);
    }
    paging_init();
    read_module(&wanted);
    read_line(info.line, &wanted, &log);
    bring_up(log, &wanted);
    if (wanted.seed == 0) {
        wanted.seed = draw_secret();
    }
    frames_init(&wanted.frames, &info);
    result = load(&wanted, &machine);
    if (result != LOAD_DONE) {
        give_up(result == LOAD_NO_MEMORY ? EXIT_NO_MEMORY : EXIT_REFUSED);
    }
    if (!irqs_route(wanted.module, &devices)) {
        give_up(EXIT_REFUSED); /* LCOV_EXCL_LINE: all inputs are there on QEMU's machines */
    }
    wrong = smp_prepare(machine.shared.count, devices.processors, &wanted.frames, &info);
    if (wrong != NULL) {
        refuse(wrong); /* LCOV_EXCL_LINE: load() has counted, and QEMU has memory at 32 KiB */
    }
    report_begin(&machine.report, machine.loops[0].module->vpe_count);
    start_processors();
    loop_run(&machine.loops[0]);
}

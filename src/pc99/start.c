/* The image's C entry: brings up the processor and the devices, reads what the boot loader says,
 * and hands over to the loop. Called by boot.S, once.
 *
 * The command line knows two words: seed=N, the kernel's secret, instead of the module's; and
 * capture, which puts every message that the kernel takes into the report.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pc99/console.h"
#include "pc99/cpu.h"
#include "pc99/lapic.h"
#include "pc99/load.h"
#include "pc99/paging.h"
#include "pc99/pic.h"
#include "pc99/pvh.h"
#include "pc99/trap.h"
#include "rescind/platform.h"
#include "user/startup.h"

enum { LEAF_BASIC = 1, RDRAND_IN_C = 1 << 30, RDRAND_TRIES = 10 };
enum { RTC_INDEX = 0x70, RTC_DATA = 0x71, RTC_REGISTERS = 10, PIT_COUNTER = 0x40 };

_Noreturn void start_main(uint64_t start_info);

/* Boot tables: both are too large for the stack. */
static struct pvh_info info;
static struct loop loop;

static _Noreturn void give_up(uint8_t code)
{
    platform_out8(EXIT_PORT, code);
    cpu_stop();
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
        platform_out8(RTC_INDEX, i);
        secret = mix(secret, platform_in8(RTC_DATA));
        secret = mix(secret, platform_in8(PIT_COUNTER));
        secret = mix(secret, lapic_count());
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

static void read_line(const char *line, uint64_t *seed, bool *capture)
{
    while (*line != '\0') {
        if (*line == ' ') {
            line++;
        } else if (read_word(&line, "seed=")) {
            if (!read_number(&line, seed)) {
                refuse("seed= of the command line wants a decimal number");
            }
        } else if (read_word(&line, "capture") && (*line == ' ' || *line == '\0')) {
            *capture = true;
        } else {
            refuse("the command line may say seed=N and capture, and nothing else");
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
    load->seed = load->module->seed;
}

void start_main(uint64_t start_info)
{
    struct load wanted = {0};
    enum load_result result;
    const char *wrong;

    trap_init();
    console_init();
    pic_mask_all(VECTOR_PIC);
    wrong = pvh_read(start_info, &info);
    if (wrong != NULL) {
        refuse(wrong);
    }
    paging_init();
    lapic_init();
    read_module(&wanted);
    read_line(info.line, &wanted.seed, &wanted.capture);
    if (wanted.seed == 0) {
        wanted.seed = draw_secret();
    }
    frames_init(&wanted.frames, &info);
    result = load(&wanted, &loop);
    if (result != LOAD_DONE) {
        give_up(result == LOAD_NO_MEMORY ? EXIT_NO_MEMORY : EXIT_REFUSED);
    }
    loop_run(&loop);
}

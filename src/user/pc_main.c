/* Ring 3 on the PC: runs one VPE's program of the start-up module, step by step, and leaves its
 * results in the private area. The only other C that knows it is on the PC is rogue.c.
 *
 * Whoever waits here says "idle" only when it has done no step since it last waited, because a
 * step may be a signal, which no kernel code sees. And who has set one says so in its private area,
 * for VPEs of other processors may wait for it.
 */
#include "rescind/user.h"

#include "rescind/platform.h"
#include "user/message.h"
#include "user/pc_area.h"
#include "user/programs.h"
#include "user/rogue.h"
#include "user/startup.h"
#include "user/steps.h"

enum { CLOCK_TRIES = 4 };

_Noreturn void pc_main(void);
void pc_doorbell(uint64_t idle);
uint64_t pc_load(uint64_t address, uint64_t *value);
uint64_t pc_store(uint64_t address, uint64_t value);

static uint64_t ticks(void)
{
    uint32_t low, high;

    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high) : : "memory");
    return (uint64_t)high << 32 | low;
}

static uint32_t since(uint64_t start)
{
    uint64_t passed = ticks() - start;

    return passed < UINT32_MAX ? (uint32_t)passed : UINT32_MAX;
}

/* What the clock makes of a known number of instructions; the least, for the timer may interfere.
 */
static uint32_t clock_loop(void)
{
    uint32_t least = UINT32_MAX;

    for (int i = 0; i < CLOCK_TRIES; i++) {
        uint64_t count = PC_CLOCK_LOOP / 2, start = ticks();
        uint32_t passed;

        __asm__ volatile("1: decq %0\n\tjnz 1b" : "+r"(count) : : "cc");
        passed = since(start);
        least = passed < least ? passed : least;
    }
    return least;
}

static void wait(struct rescind_env *env, bool idle)
{
    (void)env;
    pc_doorbell(idle);
}

static void wait_signal(struct rescind_env *env, uint32_t signal, bool fresh)
{
    const volatile uint8_t *signals = (const volatile uint8_t *)PC_SIGNALS;

    while (signals[signal] == 0) {
        env->wait(env, !fresh);
        fresh = false;
    }
}

static void set_signal(uint32_t signal)
{
    ((volatile uint8_t *)PC_SIGNALS)[signal] = 1;
    ((volatile struct pc_area *)PC_AREA)->signalled = 1;
}

/* 0 when the program is content. */
static int run_program(struct rescind_env *env, uint32_t number)
{
    if (number < user_program_count) {
        return user_programs[number].run(env);
    }
    if (number >= ROGUE_FIRST && number - ROGUE_FIRST < ROGUE_COUNT) {
        return rogue_programs[number - ROGUE_FIRST](env);
    }
    return -1;
}

/* Whether something can be mapped at the 8 bytes from `address` on. Elsewhere is what all programs
 * have, which is no business of theirs. */
static bool is_mappable(uint64_t address)
{
    return address >= (uint64_t)RESCIND_MAP_FIRST * RESCIND_PAGE &&
           address <= (uint64_t)RESCIND_MAP_END * RESCIND_PAGE - sizeof(uint64_t);
}

static enum rescind_error load(struct rescind_env *env, uint64_t address, uint64_t *value)
{
    (void)env;
    return is_mappable(address) ? (enum rescind_error)pc_load(address, value) : RESCIND_NO_MAPPING;
}

static enum rescind_error store(struct rescind_env *env, uint64_t address, uint64_t value)
{
    (void)env;
    return is_mappable(address) ? (enum rescind_error)pc_store(address, value) : RESCIND_NO_MAPPING;
}

/* Whether more of its reply matters than the error code. */
static bool is_heard(const struct step *step)
{
    uint64_t opcode = 0;

    memcpy(&opcode, step->payload, step->size < sizeof opcode ? step->size : sizeof opcode);
    return step->check_count > 0 || opcode == RESCIND_SYS_RECEIVE;
}

static void do_call(struct rescind_env *env, const struct steps *steps, const struct step *step,
                    struct reply *reply)
{
    struct pc_area *area = (struct pc_area *)PC_AREA;
    uint8_t message[RESCIND_PAYLOAD_MAX];
    uint32_t size = steps_message(steps, step, message);
    void *words = is_heard(step) ? reply->words : NULL;
    uint64_t start = area->clocked ? ticks() : 0;
    enum rescind_error error = rescind_call(env, message, size, words, sizeof reply->words);

    if (area->clocked) {
        uint32_t passed = since(start);
        uint32_t count = startup_vpe(steps->module, steps->vpe)->call_count;

        pc_ticks(area, count)[1 + steps->calls] = passed;
    }
    reply->words[0] = error; /* there may have been none */
}

/* Does a step that has a result. */
static void do_and_note(struct rescind_env *env, struct steps *steps, const struct step *step)
{
    struct pc_area *area = (struct pc_area *)PC_AREA;
    struct reply reply;

    memset(&reply, 0, sizeof reply);
    switch (step->kind) {
    case RESCIND_STEP_LOAD:
        reply.words[0] = rescind_load(env, step->addr, &reply.words[1]);
        break;
    case RESCIND_STEP_STORE:
        reply.words[0] = rescind_store(env, step->addr, step->value);
        break;
    default:
        do_call(env, steps, step, &reply);
        break;
    }
    area->results[steps->calls] = steps_result(steps, step, &reply, sizeof reply);
}

/* Does one step; false: the VPE stays where it is. */
static bool do_step(struct rescind_env *env, struct steps *steps, const struct step *step,
                    bool fresh)
{
    switch (step->kind) {
    case RESCIND_STEP_CALL:
    case RESCIND_STEP_LOAD:
    case RESCIND_STEP_STORE:
        do_and_note(env, steps, step);
        return true;
    case RESCIND_STEP_SIGNAL:
        set_signal(step->arg);
        return true;
    case RESCIND_STEP_WAIT:
        wait_signal(env, step->arg, fresh);
        return true;
    case RESCIND_STEP_RUN:
        return run_program(env, step->arg) == 0;
    }
    return false;
}

/* Called by start.S with everything zero. */
void pc_main(void)
{
    struct pc_area *area = (struct pc_area *)PC_AREA;
    const void *module = (const void *)PC_MODULE;
    struct rescind_env env = {
        .syscalls = (struct rescind_ring *)PC_SYSCALLS,
        .replies = (struct rescind_ring *)PC_REPLIES,
        .pe = area->pe,
        .vpe = area->vpe,
        .credits = 1,
        .name = startup_vpe(module, area->number)->name,
        .wait = wait,
        .load = load,
        .store = store,
    };
    struct steps steps;
    struct step step;
    bool fresh = false;

    if (area->clocked) {
        *pc_ticks(area, startup_vpe(module, area->number)->call_count) = clock_loop();
    }
    steps_start(&steps, module, area->number);
    while (steps_next(&steps, &step) && do_step(&env, &steps, &step, fresh)) {
        steps_done(&steps);
        area->position = steps.position;
        fresh = true;
    }
    for (;;) {
        env.wait(&env, !fresh);
        fresh = false;
    }
}

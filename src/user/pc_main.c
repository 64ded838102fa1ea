/* Ring 3 on the PC: runs one VPE's program of the start-up module, step by step, and leaves its
 * results in the private area. The only other C that knows it is on the PC is rogue.c.
 *
 * Whoever waits here says "idle" only when it has done no step since it last waited, because a
 * step may be a signal, which no kernel code sees. And who has set one says so in its private area,
 * for VPEs of other processors may wait for it.
 */
#include "rescind/user.h"
#include "user/pc_area.h"
#include "user/programs.h"
#include "user/rogue.h"
#include "user/startup.h"
#include "user/steps.h"

_Noreturn void pc_main(void);
void pc_doorbell(uint64_t idle);

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

/* Does one step; false: the VPE stays where it is. */
static bool do_step(struct rescind_env *env, const struct steps *steps, const struct step *step,
                    bool fresh)
{
    struct pc_area *area = (struct pc_area *)PC_AREA;
    uint8_t *results = area->results;

    switch (step->kind) {
    case RESCIND_STEP_CALL:
        results[steps->calls] = (uint8_t)rescind_call(env, step->payload, step->size, NULL, 0);
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
    };
    struct steps steps;
    struct step step;
    bool fresh = false;

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

/* Every order: small programs, and all the ways in which the kernel's events can follow each other.
 *
 * A program is what a few VPEs call, one call after the other each, from a state that was set up in
 * peace. At every point any VPE may send its next call, any ready call may get its turn of work,
 * and one VPE may be ended. All of that is tried, depth first, on copies of the kernel; states that
 * were reached before are not gone on from again. The driver checks after each event (audit,
 * answers); at each end nothing may wait, and the order search must explain the answers and the
 * tables. A state that comes again on the way from itself would be a call that never ends.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "tests/sanitized.h"
#include "tests/scenario.h"
#include "tests/state.h"

enum {
    VPES = 3,
    CALLS = 4,                     /* of a VPE */
    NODES = 60,                    /* of the pool that never runs dry */
    PROGRAMS = FEWER(10, 25, 100), /* drawn */
    SELECTORS = 6,                 /* that drawn calls use */
    STATES = 60000,                /* of a program, then it is left */
    PLACES = 1 << 18,              /* of the memory of states */
    DEPTH = 400,                   /* events of a schedule */
    ENTRIES = 10,                  /* of a history */
    ARENA = 1 << 16,               /* bytes, more than any kernel here takes */
};

struct program {
    uint32_t count[VPES];
    struct model_call calls[VPES][CALLS];
    int32_t end; /* the VPE that may be ended at any time, or DRIVE_NOTHING */
    bool may_lack_memory;
};

/* A driver and its kernel, as they were before an event. */
struct snapshot {
    struct drive drive;
    uint8_t arena[ARENA];
    uint32_t place;  /* of this state in the memory, */
    uint32_t choice; /* and what to try next from it */
};

struct place {
    uint64_t state;
    uint32_t program; /* in which it was reached: others' places are empty */
    bool on_path;     /* it is one of those that lead to the present one */
};

static struct order *order;
static struct snapshot path[DEPTH];
static struct place memory[PLACES];
static uint32_t program_number, state_count;

static void assert_well(const struct drive *d)
{
    if (d->failure[0] != '\0') {
        drive_print(stderr, d);
        fail_msg("%s", d->failure);
    }
}

static void save(const struct drive *d, struct snapshot *to)
{
    assert_true(d->size <= ARENA);
    to->drive = *d;
    memcpy(to->arena, d->arena, d->size);
}

static void restore(struct drive *d, const struct snapshot *from)
{
    *d = from->drive;
    memcpy(d->arena, from->arena, d->size);
}

/* The state's place in the memory; *known: it has been there. */
static uint32_t remember(uint64_t state, bool *known)
{
    uint32_t at = (uint32_t)(state >> 20) % PLACES;

    while (memory[at].program == program_number && memory[at].state != state)
        at = (at + 1) % PLACES;
    *known = memory[at].program == program_number;
    if (!*known) {
        memory[at] = (struct place){.state = state, .program = program_number, .on_path = true};
        state_count++;
    }
    return at;
}

/* ---- All schedules ------------------------------------------------------------------------ */

static uint32_t calls_sent(const struct drive *d, uint32_t vpe)
{
    uint32_t sent = 0;

    for (uint32_t i = 0; i < d->history.count; i++)
        sent += d->history.entries[i].vpe == vpe;
    return sent;
}

static bool may_end(const struct drive *d, uint32_t vpe)
{
    int32_t at = d->call[vpe];

    return d->ending[vpe] == DRIVE_NOTHING &&
           rescind_kernel_vpe_state(d->kernel, vpe) != RESCIND_VPE_ENDED &&
           (at == DRIVE_NOTHING || d->history.entries[at].call.op != RESCIND_SYS_EXIT);
}

/* Event number `choice` of this state, where there is one: a call, a turn of work, an end. */
static bool step(struct drive *d, const struct program *program, uint32_t choice)
{
    uint32_t vpe = choice % VPES;

    if (choice == 3 * VPES) { /* the kernel's own task comes behind the VPEs' */
        if (!drive_ready(d, VPES))
            return false;
        drive_work(d, VPES);
    } else if (choice < VPES) {
        uint32_t next = calls_sent(d, vpe);
        if (!drive_idle(d, vpe) || next >= program->count[vpe])
            return false;
        drive_call(d, vpe, &program->calls[vpe][next]);
    } else if (choice < 2 * VPES) {
        if (!drive_ready(d, vpe))
            return false;
        drive_work(d, vpe);
    } else {
        if ((int32_t)vpe != program->end || !may_end(d, vpe))
            return false;
        drive_end(d, vpe);
    }
    assert_well(d);
    return true;
}

/* Has everybody called what there is to call, and been answered? */
static bool is_over(const struct drive *d, const struct program *program)
{
    for (uint32_t vpe = 0; vpe < VPES; vpe++)
        if (drive_idle(d, vpe) && calls_sent(d, vpe) < program->count[vpe])
            return false;
    return rescind_kernel_ready(d->kernel) < 0;
}

/* From the saved state of `d`. */
static void explore(struct drive *d, const struct program *program)
{
    uint32_t depth = 0;
    bool known;

    program_number++;
    state_count = 0;
    drive_reset(d);
    path[0].place = remember(state_hash(d), &known);
    path[0].choice = 0;
    save(d, &path[0]);
    for (;;) {
        struct snapshot *here = &path[depth];
        if (here->choice == 3 * VPES + 1) {
            memory[here->place].on_path = false;
            if (depth-- == 0)
                return;
            restore(d, &path[depth]);
            continue;
        }
        if (here->choice == 0 && is_over(d, program)) {
            drive_rest(d);
            drive_judge(d, order, program->may_lack_memory);
            assert_well(d);
        }
        if (!step(d, program, here->choice++))
            continue;
        uint32_t place = remember(state_hash(d), &known);
        if (known) {
            assert_false(memory[place].on_path);
            restore(d, here);
            continue;
        }
        if (state_count > STATES)
            return;
        assert_true(++depth < DEPTH);
        path[depth].place = place;
        path[depth].choice = 0;
        save(d, &path[depth]);
    }
}

/* ---- Programs ----------------------------------------------------------------------------- */

/* Three VPEs, each with capabilities on the next at 2 and on the one after that at 3. */
static struct drive *three_vpes(uint32_t work)
{
    struct drive_config config = {.vpes = VPES, .nodes = NODES, .work = work, .seed = 1};
    struct drive *d = drive_new(&config);

    for (uint32_t vpe = 0; vpe < VPES; vpe++) {
        drive_grant(d, vpe, 2, (vpe + 1) % VPES);
        drive_grant(d, vpe, 3, (vpe + 2) % VPES);
    }
    return d;
}

static void add(struct program *program, uint32_t vpe, struct model_call call)
{
    assert_true(program->count[vpe] < CALLS);
    program->calls[vpe][program->count[vpe]++] = call;
}

/* A call of a VPE; in a trap, those of its set-up stand before one of VPE number VPES. */
struct step {
    uint32_t vpe;
    struct model_call call;
};
#define SIDE_BY_SIDE                                                                               \
    {                                                                                              \
        VPES,                                                                                      \
        {                                                                                          \
            0                                                                                      \
        }                                                                                          \
    }

static void explore_trap(const struct step *steps, size_t count, int32_t end)
{
    struct drive *d = three_vpes(1);
    struct program program = {.end = end};

    for (; steps->vpe != VPES; steps++, count--) {
        assert_int_equal(drive_now(d, steps->vpe, &steps->call), RESCIND_NO_ERROR);
        assert_well(d);
    }
    for (size_t i = 1; i < count; i++)
        add(&program, steps[i].vpe, steps[i].call);
    drive_save(d);
    explore(d, &program);
    assert_true(state_count <= STATES);
    drive_free(d);
}
#define TRAP(steps, end) explore_trap(steps, sizeof(steps) / sizeof(steps[0]), end)

static void crosswise_revocations_end(void **state)
{
    const struct step steps[] = {
        {0, call_creategate(0, 10)},
        {1, call_creategate(0, 11)},
        {0, call_delegate(2, 10, 10, 1)},
        {1, call_delegate(3, 11, 11, 1)},
        SIDE_BY_SIDE,
        {0, call_revoke(10, 2, true)},
        {1, call_revoke(10, 2, true)},
        {2, call_obtain(2, 5, 10, 2)},
        {2, call_obtain(3, 7, 10, 2)},
    };

    (void)state;
    TRAP(steps, DRIVE_NOTHING);
}

static void a_root_kept_by_own_0_goes_with_the_tree_above_it(void **state)
{
    const struct step steps[] = {
        {0, call_creategate(0, 10)},      {0, call_delegate(2, 10, 10, 1)},
        {1, call_delegate(2, 10, 10, 1)}, SIDE_BY_SIDE,
        {0, call_revoke(10, 1, true)},    {1, call_revoke(10, 1, false)},
        {1, call_delegate(2, 10, 11, 1)}, {2, call_obtain(2, 5, 10, 1)},
        {2, call_obtain(3, 6, 10, 1)},
    };

    (void)state;
    TRAP(steps, DRIVE_NOTHING);
}

/* VPE0 uses a capability on VPE1 that VPE1 revokes, and VPE2 puts another in its place. */
static void a_vpe_capability_is_replaced_under_its_exchange(void **state)
{
    const struct step steps[] = {
        {0, call_creategate(0, 10)},
        {0, call_creategate(0, 11)},
        {1, call_delegate(0, 0, 7, 1)},
        {1, call_delegate(3, 7, 7, 1)},
        SIDE_BY_SIDE,
        {0, call_delegate(7, 10, 10, 2)},
        {1, call_revoke(7, 1, true)},
        {2, call_delegate(2, 0, 7, 1)},
        {2, call_obtain(3, 5, 10, 1)},
    };

    (void)state;
    TRAP(steps, DRIVE_NOTHING);
}

/* VPE1 derives from what it was given a moment ago, and both that and its source are revoked. */
static void copies_are_revoked_while_they_are_settled(void **state)
{
    const struct step steps[] = {
        {2, call_creategate(0, 10)},      {2, call_creategate(0, 11)},
        {2, call_delegate(2, 10, 10, 2)}, SIDE_BY_SIDE,
        {0, call_delegate(2, 10, 10, 2)}, {1, call_obtain(0, 4, 11, 1)},
        {1, call_revoke(10, 2, true)},    {2, call_revoke(11, 1, true)},
    };

    (void)state;
    TRAP(steps, DRIVE_NOTHING);
}

static void a_vpe_ends_while_others_exchange_with_it(void **state)
{
    const struct step steps[] = {
        {0, call_creategate(0, 10)},      {0, call_creategate(0, 11)},
        {1, call_creategate(0, 12)},      SIDE_BY_SIDE,
        {0, call_delegate(2, 10, 10, 2)}, {1, call_delegate(2, 12, 12, 1)},
        {2, call_obtain(3, 5, 10, 1)},
    };

    (void)state;
    TRAP(steps, 1);
}

/* Draws a program by running it once, each call aimed at what is under way then. */
static struct program draw(struct drive *d, struct choice *choice)
{
    struct program program = {.end = choose(choice, 4) == 0 ? 1 : DRIVE_NOTHING};

    for (uint32_t turns = 8 + choose(choice, 8), calls = 0; turns > 0 && calls < 4; turns--) {
        uint32_t vpe = choose(choice, VPES);
        if (drive_idle(d, vpe)) {
            struct model_call call = scenario_call(d, vpe, SELECTORS, false, choice);
            if (choose(choice, 24) == 0)
                call = call_exit();
            add(&program, vpe, call);
            drive_call(d, vpe, &call);
            calls++;
        } else if (drive_ready(d, vpe)) {
            drive_work(d, vpe);
        } else if (drive_ready(d, VPES)) {
            drive_work(d, VPES);
        }
    }
    return program;
}

static void drawn_programs_are_sound_in_every_order(void **state)
{
    uint32_t left = 0;

    (void)state;
    for (uint32_t i = 0; i < PROGRAMS; i++) {
        struct choice choice = choice_seeded(i);
        struct drive *d = three_vpes(1 + choose(&choice, 4) / 3);
        bool tight = choose(&choice, 6) == 0;
        for (uint32_t calls = choose(&choice, 9); calls > 0; calls--) {
            uint32_t vpe = choose(&choice, VPES);
            struct model_call call = scenario_call(d, vpe, SELECTORS, true, &choice);
            drive_now(d, vpe, &call);
            drive_save(d);
        }
        if (tight) { /* hardly a node is left, then */
            struct pool *pool = &d->kernel->pool;
            uint32_t used = pool_used(d->kernel);
            pool->limit = pool->high + 1;
            *account_at(d->kernel, ACCOUNT_KERNEL) = pool->limit - pool->first - used;
        }
        drive_save(d);
        struct program program = draw(d, &choice);
        program.may_lack_memory = tight;
        explore(d, &program);
        left += state_count > STATES;
        drive_free(d);
    }
    assert_true(left < PROGRAMS / 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(crosswise_revocations_end),
        cmocka_unit_test(a_root_kept_by_own_0_goes_with_the_tree_above_it),
        cmocka_unit_test(a_vpe_capability_is_replaced_under_its_exchange),
        cmocka_unit_test(copies_are_revoked_while_they_are_settled),
        cmocka_unit_test(a_vpe_ends_while_others_exchange_with_it),
        cmocka_unit_test(drawn_programs_are_sound_in_every_order),
    };

    order = order_new();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    order_free(order);
    return failed;
}

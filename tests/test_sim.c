/* The simulator as its users see it: rescind/sim.h and nothing else of the project.
 *
 * Each test is also an example of use: VPEs as C functions, a run, and a look at what is left.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "rescind/sim.h"

enum { GATE = 10, OTHER = 2 /* where the other VPE's capability is granted */ };

static const struct rescind_sim_options plain = {.seed = 1, .audit = true};

static struct rescind_sim *sim_new(void)
{
    struct rescind_sim *sim = rescind_sim_new(&plain);

    assert_non_null(sim);
    return sim;
}

static void assert_quiet(struct rescind_sim *sim)
{
    enum rescind_sim_result result = rescind_sim_run(sim);

    if (result != RESCIND_SIM_QUIET)
        fail_msg("%s", rescind_sim_message(sim));
    assert_string_equal(rescind_sim_message(sim), "");
}

static bool holds(struct rescind_sim *sim, int vpe, uint32_t sel)
{
    struct rescind_sim_cap cap;

    return rescind_sim_cap(sim, vpe, RESCIND_TABLE_OBJECT, sel, &cap) && cap.sel == sel;
}

static int value_of(struct rescind_sim *sim, int vpe)
{
    int value = -1;

    assert_true(rescind_sim_returned(sim, vpe, &value));
    return value;
}

static struct rescind_range one(uint32_t sel)
{
    return (struct rescind_range){.start = sel, .count = 1};
}

/* ---- VPEs as C functions ------------------------------------------------------------------ */

static int add(struct rescind_env *env)
{
    const int *numbers = rescind_sim_argument(env);

    return numbers[0] + numbers[1];
}

static void a_vpe_is_a_c_function_with_an_argument_and_a_result(void **state)
{
    struct rescind_sim *sim = sim_new();
    int numbers[] = {40, 2}, more[] = {1, 2};
    int a = rescind_sim_add_vpe(sim, "a", add, numbers),
        b = rescind_sim_add_vpe(sim, "b", add, more);

    (void)state;
    assert_int_equal(a, 0);
    assert_int_equal(b, 1);
    assert_quiet(sim);
    assert_int_equal(value_of(sim, a), 42);
    assert_int_equal(value_of(sim, b), 3);
    assert_true(rescind_sim_returned(sim, a, NULL));
    assert_false(rescind_sim_ended(sim, a));
    rescind_sim_free(sim);
}

static int look_around(struct rescind_env *env)
{
    char *name = rescind_sim_argument(env);

    strcpy(name, env->name);
    return (int)env->vpe * 100 + (int)env->credits;
}

static void a_program_knows_its_name_and_number_and_may_send_one_message(void **state)
{
    struct rescind_sim *sim = sim_new();
    char heard[2][16], name[16] = "first";

    (void)state;
    assert_int_equal(rescind_sim_add_vpe(sim, name, look_around, heard[0]), 0);
    strcpy(name, "changed"); /* the name was copied */
    assert_int_equal(rescind_sim_add_vpe(sim, "second", look_around, heard[1]), 1);
    assert_quiet(sim);
    assert_string_equal(heard[0], "first");
    assert_string_equal(heard[1], "second");
    assert_int_equal(value_of(sim, 0), 1);
    assert_int_equal(value_of(sim, 1), 101);
    rescind_sim_free(sim);
}

static void every_vpe_starts_with_itself_and_its_memory(void **state)
{
    struct rescind_sim *sim = sim_new();
    struct rescind_sim_cap cap;
    int vpe = rescind_sim_add_vpe(sim, "passive", NULL, NULL);

    (void)state;
    assert_quiet(sim);
    assert_true(rescind_sim_cap(sim, vpe, RESCIND_TABLE_OBJECT, 0, &cap));
    assert_true(cap.sel == 0 && cap.type == RESCIND_CAP_VPE && !cap.has_parent && cap.vpe == vpe);
    assert_true(rescind_sim_cap(sim, vpe, RESCIND_TABLE_OBJECT, 1, &cap));
    assert_true(cap.sel == 1 && cap.type == RESCIND_CAP_MEM && !cap.has_parent);
    assert_false(rescind_sim_cap(sim, vpe, RESCIND_TABLE_OBJECT, 2, &cap));
    assert_false(rescind_sim_cap(sim, vpe, RESCIND_TABLE_OBJECT, (uint64_t)1 << 32, &cap));
    assert_false(rescind_sim_cap(sim, vpe, RESCIND_TABLE_MAP, 0, &cap));
    assert_false(rescind_sim_cap(sim, vpe, RESCIND_TABLE_KINDS, 0, &cap));
    assert_false(rescind_sim_cap(sim, 1, RESCIND_TABLE_OBJECT, 0, &cap));
    assert_false(rescind_sim_cap(sim, -1, RESCIND_TABLE_OBJECT, 0, &cap));
    rescind_sim_free(sim);
}

static void a_granted_capability_is_derived_from_the_targets_own(void **state)
{
    struct rescind_sim *sim = sim_new();
    struct rescind_sim_cap cap;
    int a = rescind_sim_add_vpe(sim, "a", NULL, NULL),
        b = rescind_sim_add_vpe(sim, "b", NULL, NULL);

    (void)state;
    assert_int_equal(rescind_sim_grant(sim, a, 7, b), RESCIND_NO_ERROR);
    assert_int_equal(rescind_sim_grant(sim, a, 7, b), RESCIND_INV_ARGS);
    assert_int_equal(rescind_sim_grant(sim, a, 0, b), RESCIND_INV_ARGS);
    assert_int_equal(rescind_sim_grant(sim, 2, 7, b), RESCIND_INV_ARGS);
    assert_int_equal(rescind_sim_grant(sim, a, 8, -1), RESCIND_INV_ARGS);
    assert_true(rescind_sim_cap(sim, a, RESCIND_TABLE_OBJECT, 2, &cap));
    assert_int_equal(cap.sel, 7);
    assert_int_equal(cap.type, RESCIND_CAP_VPE);
    assert_true(cap.has_parent);
    assert_int_equal(cap.parent_vpe, b);
    assert_int_equal(cap.parent_kind, RESCIND_TABLE_OBJECT);
    assert_int_equal(cap.parent_sel, 0);
    rescind_sim_free(sim);
}

static void there_are_no_more_vpes_and_nodes_than_were_asked_for(void **state)
{
    struct rescind_sim_options two = {.vpes = 2, .seed = 1}, small = {.nodes = 5, .seed = 1};
    struct rescind_sim_options none = {.vpes = 1u << 30};
    struct rescind_sim *sim = rescind_sim_new(&two);

    (void)state;
    assert_int_equal(rescind_sim_add_vpe(sim, "a", NULL, NULL), 0);
    assert_int_equal(rescind_sim_add_vpe(sim, "b", NULL, NULL), 1);
    assert_int_equal(rescind_sim_add_vpe(sim, "c", NULL, NULL), -1);
    rescind_sim_free(sim);
    sim = rescind_sim_new(&small);
    assert_int_equal(rescind_sim_add_vpe(sim, "a", NULL, NULL), 0);
    assert_int_equal(rescind_sim_add_vpe(sim, "b", NULL, NULL), -1);
    assert_int_equal(rescind_sim_grant(sim, 0, 2, 0), RESCIND_NO_ERROR);
    assert_int_equal(rescind_sim_grant(sim, 0, 3, 0), RESCIND_OUT_OF_MEM);
    rescind_sim_free(sim);
    assert_null(rescind_sim_new(&none));
    rescind_sim_free(NULL);
}

/* ---- Calls -------------------------------------------------------------------------------- */

/* What Task 06 does, and what it could not look at: the other VPE's table. */
static int create_delegate_revoke(struct rescind_env *env)
{
    if (rescind_noop(env) != RESCIND_NO_ERROR)
        return 1;
    if (rescind_creategate(env, 0, 20, 0xDEAD, 4, 16) != RESCIND_NO_ERROR)
        return 2;
    if (rescind_exchange(env, OTHER, one(20), one(30), false) != RESCIND_NO_ERROR)
        return 3;
    if (rescind_creategate(env, 0, 21, 0xBEEF, 4, 16) != RESCIND_NO_ERROR)
        return 4;
    if (rescind_exchange(env, OTHER, one(21), one(31), false) != RESCIND_NO_ERROR)
        return 5;
    if (rescind_revoke(env, one(20), true) != RESCIND_NO_ERROR)
        return 6;
    if (rescind_revoke(env, one(99), true) != RESCIND_NO_ERROR)
        return 7;
    return 0;
}

static void a_revocation_in_one_vpe_shows_in_the_table_of_the_other(void **state)
{
    struct rescind_sim *sim = sim_new();
    struct rescind_sim_cap cap;
    int a = rescind_sim_add_vpe(sim, "VPE0", create_delegate_revoke, NULL);
    int b = rescind_sim_add_vpe(sim, "VPE1", NULL, NULL);

    (void)state;
    assert_int_equal(rescind_sim_grant(sim, a, OTHER, b), RESCIND_NO_ERROR);
    assert_quiet(sim);
    assert_int_equal(value_of(sim, a), 0);
    assert_false(holds(sim, a, 20));
    assert_false(holds(sim, b, 30));
    assert_true(holds(sim, a, 21));
    assert_true(rescind_sim_cap(sim, b, RESCIND_TABLE_OBJECT, 31, &cap));
    assert_true(cap.type == RESCIND_CAP_GATE && cap.has_parent && cap.parent_vpe == a);
    assert_int_equal(cap.parent_sel, 21);
    rescind_sim_free(sim);
}

/* Sends back the bytes of the serial port at selector 5, whose line is at 4, up to an 'x'. */
static int sends_back(struct rescind_env *env)
{
    struct rescind_message m;
    uint32_t byte = 0;

    if (rescind_attachrb(env, 0, 2, 0, 8, 6, 0) != RESCIND_NO_ERROR ||
        rescind_creategate(env, 0, 6, 7, 2, 1) != RESCIND_NO_ERROR ||
        rescind_activate(env, 3, RESCIND_NONE, 6) != RESCIND_NO_ERROR ||
        rescind_listen(env, 4, 3) != RESCIND_NO_ERROR ||
        rescind_port_out(env, 5, 4, 8, 8) != RESCIND_NO_ERROR || /* OUT2 */
        rescind_port_out(env, 5, 1, 8, 1) != RESCIND_NO_ERROR)
        return 1;
    while (byte != 'x') {
        if (rescind_receive(env, 2, true, &m) != RESCIND_NO_ERROR || m.label != 7 || m.size != 16 ||
            rescind_ack(env, 2, m.id) != RESCIND_NO_ERROR)
            return 2;
        if (rescind_port_in(env, 5, 0, 8, &byte) != RESCIND_NO_ERROR ||
            rescind_port_out(env, 5, 0, 8, byte) != RESCIND_NO_ERROR ||
            rescind_irqack(env, 4) != RESCIND_NO_ERROR)
            return 3;
    }
    return 0;
}

static void a_driver_reads_and_writes_a_serial_port(void **state)
{
    struct rescind_sim *sim =
        rescind_sim_new(&(struct rescind_sim_options){.memory = 65536, .audit = true});
    int vpe = rescind_sim_add_vpe(sim, "driver", sends_back, NULL);
    int other = rescind_sim_add_vpe(sim, "other", NULL, NULL);
    char sent[16] = "";

    (void)state;
    assert_int_equal(rescind_sim_irq(sim, vpe, 4, 10), RESCIND_NO_ERROR);
    assert_int_equal(rescind_sim_irq(sim, vpe, 4, 11), RESCIND_INV_ARGS);
    assert_int_equal(rescind_sim_irq(sim, other, 4, 10), RESCIND_INV_ARGS);
    assert_int_equal(rescind_sim_irq(sim, other, 4, RESCIND_IRQ_LINES), RESCIND_INV_ARGS);
    assert_int_equal(rescind_sim_irq(sim, 9, 4, 11), RESCIND_INV_ARGS);
    assert_int_equal(rescind_sim_ports(sim, vpe, 5, 0x3e8, 8), RESCIND_NO_ERROR);
    assert_int_equal(rescind_sim_ports(sim, vpe, 6, 0x3e8, 0), RESCIND_INV_ARGS);
    assert_int_equal(rescind_sim_ports(sim, -1, 6, 0x3e8, 1), RESCIND_INV_ARGS);
    assert_false(rescind_sim_serial(sim, 0x3f8, "abx", 3));
    assert_true(rescind_sim_serial(sim, 0x3e8, "abx", 3));
    assert_false(rescind_sim_serial(sim, 0x3e8, "abx", 3));
    assert_quiet(sim);
    assert_int_equal(value_of(sim, vpe), 0);
    assert_int_equal(rescind_sim_serial_sent(sim, 0x3e8, sent, sizeof(sent)), 3);
    assert_memory_equal(sent, "abx", 3);
    assert_int_equal(rescind_sim_serial_sent(sim, 0x3e8, sent, sizeof(sent)), 0);
    assert_int_equal(rescind_sim_irq(sim, vpe, 7, 11), RESCIND_INV_ARGS);
    assert_int_equal(rescind_sim_ports(sim, vpe, 7, 0x2e8, 8), RESCIND_INV_ARGS);
    assert_false(rescind_sim_serial(sim, 0x2e8, "abx", 3));
    rescind_sim_free(sim);
}

static int wrong_calls(struct rescind_env *env)
{
    struct rescind_range low = {.start = 0, .count = 3}, ten = {.start = 10, .count = 10};

    if (rescind_creategate(env, 1, 5, 0, 2, 1) != RESCIND_INV_ARGS) /* memory is no VPE */
        return 1;
    if (rescind_creategate(env, 0, 0, 0, 2, 1) != RESCIND_INV_ARGS) /* taken */
        return 2;
    if (rescind_revoke(env, low, true) != RESCIND_INV_ARGS)
        return 3;
    if (rescind_exchange(env, 9, one(0), one(5), false) != RESCIND_INV_ARGS)
        return 4;
    if (rescind_exchange(env, 0, one(1), ten, false) != RESCIND_INV_ARGS)
        return 5;
    if (rescind_exchange(env, 0, ten, ten, true) != RESCIND_INV_ARGS)
        return 6;
    return 0;
}

static void a_wrong_call_is_answered_with_an_error_and_changes_nothing(void **state)
{
    struct rescind_sim *sim = sim_new();
    struct rescind_sim_cap cap;
    int vpe = rescind_sim_add_vpe(sim, "VPE0", wrong_calls, NULL);

    (void)state;
    assert_quiet(sim);
    assert_int_equal(value_of(sim, vpe), 0);
    assert_false(rescind_sim_cap(sim, vpe, RESCIND_TABLE_OBJECT, 2, &cap));
    rescind_sim_free(sim);
}

/* Own messages: a cut REVOKE of 10 by hand; a whole one; an opcode that nobody has. */
static int raw_messages(struct rescind_env *env)
{
    static const uint8_t revoke[32] = {[0] = RESCIND_SYS_REVOKE, [12] = GATE, [16] = 1, [24] = 1};
    static const uint8_t unknown[8] = {0xFE, 0xCA};
    uint64_t reply = UINT64_MAX;
    uint8_t byte = 0xAA;

    if (rescind_creategate(env, 0, GATE, 0, 2, 1) != RESCIND_NO_ERROR)
        return 1;
    if (rescind_call(env, revoke, 31, NULL, 0) != RESCIND_INV_ARGS)
        return 2;
    if (rescind_call(env, revoke, 32, &reply, sizeof(reply)) != RESCIND_NO_ERROR || reply != 0)
        return 3;
    if (rescind_call(env, unknown, 8, &reply, sizeof(reply)) != RESCIND_NOT_SUP)
        return 4;
    if (reply != RESCIND_NOT_SUP)
        return 5;
    if (rescind_call(env, revoke, 31, &byte, 1) != RESCIND_INV_ARGS || byte != RESCIND_INV_ARGS)
        return 6; /* as much of the reply as there is room for */
    return 0;
}

static int largest_message(struct rescind_env *env)
{
    static const uint8_t bytes[RESCIND_PAYLOAD_MAX + 1] = {RESCIND_SYS_NOOP};

    if (rescind_call(env, bytes, 0, NULL, 0) != RESCIND_INV_ARGS)
        return 1;
    if (rescind_call(env, bytes, RESCIND_PAYLOAD_MAX, NULL, 0) != RESCIND_NO_ERROR)
        return 2;
    if (rescind_call(env, bytes, RESCIND_PAYLOAD_MAX + 1, NULL, 0) != RESCIND_INV_ARGS)
        return 3;
    return env->credits == 1 ? 0 : 4;
}

static void own_messages_are_sent_as_they_stand(void **state)
{
    struct rescind_sim *sim = sim_new();
    int a = rescind_sim_add_vpe(sim, "a", raw_messages, NULL);
    int b = rescind_sim_add_vpe(sim, "b", largest_message, NULL);

    (void)state;
    assert_quiet(sim);
    assert_int_equal(value_of(sim, a), 0);
    assert_int_equal(value_of(sim, b), 0);
    assert_false(holds(sim, a, GATE));
    rescind_sim_free(sim);
}

struct text {
    char chars[1024];
    size_t size;
};

static void collect(void *context, const char *text, size_t size)
{
    struct text *all = context;

    assert_true(all->size + size < sizeof(all->chars));
    memcpy(all->chars + all->size, text, size);
    all->size += size;
}

static int talk(struct rescind_env *env)
{
    char longest[465];

    memset(longest, 'x', sizeof(longest));
    rescind_print(env, "hello, ", 7);
    rescind_print(env, "", 0);
    rescind_print(env, "world\n", 6);
    if (rescind_print(env, longest, 464) != RESCIND_NO_ERROR)
        return 1;
    return rescind_print(env, longest, 465) == RESCIND_INV_ARGS ? 0 : 2;
}

static void what_programs_print_goes_to_the_callback_in_order(void **state)
{
    struct text text = {.size = 0};
    struct rescind_sim_options options = {.seed = 1, .print = collect, .print_context = &text};
    struct rescind_sim *sim = rescind_sim_new(&options), *silent = sim_new();
    int vpe = rescind_sim_add_vpe(sim, "a", talk, NULL);

    (void)state;
    assert_quiet(sim);
    assert_int_equal(value_of(sim, vpe), 0);
    assert_int_equal(text.size, 13 + 464);
    assert_memory_equal(text.chars, "hello, world\nxxx", 16);
    rescind_sim_add_vpe(silent, "a", talk, NULL);
    assert_quiet(silent);
    rescind_sim_free(silent);
    rescind_sim_free(sim);
}

/* ---- Ends --------------------------------------------------------------------------------- */

static int leave(struct rescind_env *env)
{
    rescind_creategate(env, 0, GATE, 0, 2, 1);
    rescind_exchange(env, OTHER, one(GATE), one(GATE), false);
    rescind_exit(env, 3);
}

static void exit_takes_along_what_was_derived_and_never_returns(void **state)
{
    struct rescind_sim *sim = sim_new();
    struct rescind_sim_cap cap;
    int a = rescind_sim_add_vpe(sim, "a", leave, NULL),
        b = rescind_sim_add_vpe(sim, "b", NULL, NULL);

    (void)state;
    rescind_sim_grant(sim, a, OTHER, b);
    assert_quiet(sim);
    assert_true(rescind_sim_ended(sim, a));
    assert_false(rescind_sim_returned(sim, a, NULL));
    assert_false(rescind_sim_cap(sim, a, RESCIND_TABLE_OBJECT, 0, &cap));
    assert_false(holds(sim, b, GATE));
    assert_true(holds(sim, b, 0));
    assert_false(rescind_sim_ended(sim, b));
    rescind_sim_free(sim);
}

static int wait_for_ever(struct rescind_env *env)
{
    rescind_noop(env);
    for (;;)
        env->wait(env, true);
    return 0;
}

static void a_program_that_waits_for_nothing_is_stuck_and_named(void **state)
{
    struct rescind_sim *sim = sim_new();
    int numbers[] = {1, 1};

    (void)state;
    rescind_sim_add_vpe(sim, "busy", add, numbers);
    rescind_sim_add_vpe(sim, "sleeper", wait_for_ever, NULL);
    assert_int_equal(rescind_sim_run(sim), RESCIND_SIM_STUCK);
    assert_non_null(strstr(rescind_sim_message(sim), "sleeper"));
    assert_null(strchr(rescind_sim_message(sim), '\n'));
    assert_false(rescind_sim_returned(sim, 1, NULL));
    assert_int_equal(value_of(sim, 0), 2);
    rescind_sim_free(sim);
}

static void a_killed_vpe_ends_in_the_next_run_and_loses_all(void **state)
{
    struct rescind_sim *sim = sim_new();
    struct rescind_sim_cap cap;

    (void)state;
    rescind_sim_add_vpe(sim, "a", wait_for_ever, NULL);
    rescind_sim_add_vpe(sim, "b", NULL, NULL);
    rescind_sim_grant(sim, 1, OTHER, 0);
    assert_int_equal(rescind_sim_run(sim), RESCIND_SIM_STUCK);
    rescind_sim_kill(sim, 0, 9);
    assert_false(rescind_sim_ended(sim, 0));
    assert_quiet(sim);
    assert_true(rescind_sim_ended(sim, 0));
    assert_false(rescind_sim_cap(sim, 0, RESCIND_TABLE_OBJECT, 0, &cap));
    assert_false(holds(sim, 1, OTHER));
    rescind_sim_kill(sim, 0, 9); /* again, and one that is not there: nothing happens */
    rescind_sim_kill(sim, 99, 9);
    assert_quiet(sim);
    rescind_sim_free(sim);
}

static void a_vpe_killed_before_it_ran_never_runs(void **state)
{
    struct rescind_sim *sim = sim_new();
    int numbers[] = {1, 1};

    (void)state;
    rescind_sim_add_vpe(sim, "a", add, numbers);
    rescind_sim_kill(sim, 0, 1);
    assert_quiet(sim);
    assert_true(rescind_sim_ended(sim, 0));
    assert_false(rescind_sim_returned(sim, 0, NULL));
    rescind_sim_free(sim);
}

static int scribble(struct rescind_env *env)
{
    env->syscalls->head = 1000;
    for (;;)
        env->wait(env, false);
    return 0;
}

static void a_vpe_that_scribbles_over_its_ring_ends_alone(void **state)
{
    struct rescind_sim *sim = sim_new();
    int numbers[] = {5, 5};

    (void)state;
    rescind_sim_add_vpe(sim, "rogue", scribble, NULL);
    rescind_sim_add_vpe(sim, "good", add, numbers);
    assert_quiet(sim);
    assert_true(rescind_sim_ended(sim, 0));
    assert_false(rescind_sim_ended(sim, 1));
    assert_int_equal(value_of(sim, 1), 10);
    rescind_sim_free(sim);
}

/* ---- Schedules ---------------------------------------------------------------------------- */

enum { RACERS = 4, ROUNDS = 6 };

/* Notes when it was this program's turn. */
static int race(struct rescind_env *env)
{
    struct text *all = rescind_sim_argument(env);

    for (int i = 0; i < ROUNDS; i++) {
        all->chars[all->size++] = (char)('a' + env->vpe);
        rescind_creategate(env, 0, GATE + (uint32_t)i, 0, 2, 1);
        rescind_exchange(env, OTHER, one(GATE), one(100 + 10 * env->vpe + (uint32_t)i), false);
        rescind_revoke(env, one(GATE + (uint32_t)i), i % 2 != 0);
    }
    return 0;
}

static struct text run_race_on(uint32_t kernels, enum rescind_sim_schedule schedule, uint64_t seed,
                               uint64_t *time)
{
    struct text text = {.size = 0};
    struct rescind_sim_options options = {
        .seed = seed, .schedule = schedule, .audit = true, .work = 1, .kernels = kernels};
    struct rescind_sim *sim = rescind_sim_new(&options);

    for (uint32_t i = 0; i < RACERS; i++)
        rescind_sim_add_vpe_on(sim, i % kernels, "racer", race, &text);
    for (int i = 0; i < RACERS; i++)
        rescind_sim_grant(sim, i, OTHER, (i + 1) % RACERS);
    assert_quiet(sim);
    assert_true(rescind_sim_time(sim) >= rescind_sim_events(sim));
    assert_true(rescind_sim_events(sim) >= RACERS * ROUNDS * 3);
    *time = rescind_sim_time(sim) << 32 | rescind_sim_events(sim);
    rescind_sim_free(sim);
    return text;
}

static struct text run_race(enum rescind_sim_schedule schedule, uint64_t seed, uint64_t *time)
{
    return run_race_on(1, schedule, seed, time);
}

static void assert_seeds_matter(uint32_t kernels, enum rescind_sim_schedule schedule)
{
    int different = 0;
    uint64_t first_time, time;
    struct text first = run_race_on(kernels, schedule, 1, &first_time);

    assert_int_equal(first.size, RACERS * ROUNDS);
    for (uint64_t seed = 1; seed <= 20; seed++) {
        uint64_t again_time;
        struct text once = run_race_on(kernels, schedule, seed, &time);
        struct text again = run_race_on(kernels, schedule, seed, &again_time);
        assert_memory_equal(once.chars, again.chars, once.size);
        assert_true(time == again_time);
        different += memcmp(first.chars, once.chars, once.size) != 0;
    }
    assert_true(different >= 15);
}

static void a_seed_repeats_its_schedule_and_other_seeds_give_others(void **state)
{
    (void)state;
    assert_seeds_matter(1, RESCIND_SIM_RANDOM);
    assert_seeds_matter(1, RESCIND_SIM_PCT);
    assert_seeds_matter(3, RESCIND_SIM_RANDOM);
    assert_seeds_matter(3, RESCIND_SIM_PCT);
}

static void fifo_is_the_same_for_every_seed(void **state)
{
    uint64_t time, other_time;
    struct text a = run_race(RESCIND_SIM_FIFO, 1, &time),
                b = run_race(RESCIND_SIM_FIFO, 2, &other_time);

    (void)state;
    assert_memory_equal(a.chars, b.chars, a.size);
    assert_true(time == other_time);
}

/* ---- Many kernels ------------------------------------------------------------------------- */

static void a_revocation_on_one_kernel_shows_on_another(void **state)
{
    struct rescind_sim_options options = {.seed = 1, .kernels = 2, .audit = true};
    struct rescind_sim *sim = rescind_sim_new(&options);
    struct rescind_sim_cap cap;
    int a = rescind_sim_add_vpe_on(sim, 1, "VPE0", create_delegate_revoke, NULL);
    int b = rescind_sim_add_vpe(sim, "VPE1", NULL, NULL);

    (void)state;
    assert_int_equal(a, 0);
    assert_int_equal(b, 1);
    assert_int_equal(rescind_sim_grant(sim, a, OTHER, b), RESCIND_NO_ERROR);
    assert_true(rescind_sim_cap(sim, a, RESCIND_TABLE_OBJECT, OTHER, &cap));
    assert_true(cap.has_parent && cap.parent_vpe == b && cap.parent_sel == 0);
    assert_quiet(sim);
    assert_int_equal(value_of(sim, a), 0);
    assert_false(holds(sim, b, 30));
    assert_true(rescind_sim_cap(sim, b, RESCIND_TABLE_OBJECT, 31, &cap));
    assert_true(cap.type == RESCIND_CAP_GATE && cap.has_parent && cap.parent_vpe == a);
    assert_int_equal(cap.parent_sel, 21);
    rescind_sim_free(sim);
}

static void there_are_no_more_kernels_than_were_asked_for(void **state)
{
    struct rescind_sim_options two = {.kernels = 2, .vpes = 1, .seed = 1}, many = {.kernels = 65};
    struct rescind_sim *sim = rescind_sim_new(&two);

    (void)state;
    assert_int_equal(rescind_sim_add_vpe_on(sim, 1, "a", NULL, NULL), 0);
    assert_int_equal(rescind_sim_add_vpe_on(sim, 1, "b", NULL, NULL), -1);
    assert_int_equal(rescind_sim_add_vpe_on(sim, 2, "b", NULL, NULL), -1);
    assert_int_equal(rescind_sim_add_vpe_on(sim, 0, "b", NULL, NULL), 1);
    rescind_sim_free(sim);
    assert_null(rescind_sim_new(&many));
}

/* ---- Many, and deep ----------------------------------------------------------------------- */

static int count_up(struct rescind_env *env)
{
    uint32_t *counter = rescind_sim_argument(env);

    for (uint32_t i = 0; i < 5; i++)
        *counter += rescind_creategate(env, 0, GATE + i, 0, 2, 1) == RESCIND_NO_ERROR;
    env->wait(env, true);
    return 0;
}

static void three_hundred_simulators_live_side_by_side(void **state)
{
    enum { SIMS = 300 };
    static struct rescind_sim *sims[SIMS];
    static uint32_t counters[SIMS];

    (void)state;
    for (int i = 0; i < SIMS; i++) {
        struct rescind_sim_options options = {.seed = (uint64_t)i, .nodes = 100 + (uint32_t)i};
        sims[i] = rescind_sim_new(&options);
        assert_non_null(sims[i]);
        assert_int_equal(rescind_sim_add_vpe(sims[i], "a", count_up, &counters[i]), 0);
    }
    /* Each stops in the middle of its program, all stacks alive at once. */
    for (int i = 0; i < SIMS; i++)
        assert_int_equal(rescind_sim_run(sims[i]), RESCIND_SIM_STUCK);
    for (int i = 0; i < SIMS; i++) {
        assert_int_equal(counters[i], 5);
        assert_true(holds(sims[i], 0, GATE + 4));
    }
    for (int i = 0; i < SIMS; i++)
        rescind_sim_free(sims[i]);
}

static int use_stack(struct rescind_env *env)
{
    volatile char block[48 * 1024];

    block[0] = 1;
    block[sizeof(block) - 1] = 2;
    rescind_noop(env);
    return block[0] + block[sizeof(block) - 1];
}

static void a_program_has_the_stack_that_was_asked_for(void **state)
{
    struct rescind_sim_options options = {.seed = 1, .stack_size = 256 * 1024};
    struct rescind_sim *sim = rescind_sim_new(&options);

    (void)state;
    assert_int_equal(rescind_sim_add_vpe(sim, "a", use_stack, NULL), 0);
    assert_quiet(sim);
    assert_int_equal(value_of(sim, 0), 3);
    rescind_sim_free(sim);
}

static int descend(int levels)
{
    volatile char block[512];

    block[0] = (char)levels;
    return levels == 0 ? block[0] : descend(levels - 1) + block[0];
}

static int overflow(struct rescind_env *env)
{
    return descend(1 << 20) + (int)env->vpe;
}

/* In a child, as quiet as can be: the sanitizers' own handler must not turn the signal into a
 * report. */
static _Noreturn void overflow_in_a_child(void)
{
    struct rescind_sim *sim = rescind_sim_new(&plain);

    setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
    signal(SIGSEGV, SIG_DFL);
    rescind_sim_add_vpe(sim, "deep", overflow, NULL);
    rescind_sim_run(sim);
    _exit(0);
}

static void a_program_that_overflows_its_stack_dies_at_the_guard_page(void **state)
{
    int status;
    pid_t child = fork();

    (void)state;
    assert_true(child >= 0);
    if (child == 0)
        overflow_in_a_child();
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGSEGV);
}

/* ---- Children and memory ------------------------------------------------------------------ */

enum {
    CHILD = 20,
    CHILD_MEM = 21,
    SHARED = 22,
    PAGE_AT = RESCIND_MAP_FIRST,
    WORD_AT = PAGE_AT * RESCIND_PAGE + 16,
};

static const struct rescind_sim_options roomy = {.seed = 1, .audit = true, .memory = 64 * 4096};

/* A child that has a page of memory at PAGE_AT, and is started. */
static enum rescind_error bear(struct rescind_env *env, const char *name, uint32_t perms)
{
    enum rescind_error error =
        rescind_createvpe(env, CHILD, CHILD_MEM, name, RESCIND_ANY_PE, RESCIND_NONE, 0, NULL);

    if (error == RESCIND_NO_ERROR)
        error = rescind_reqmem(env, SHARED, RESCIND_ANY_ADDR, RESCIND_PAGE,
                               RESCIND_PERM_R | RESCIND_PERM_W);
    if (error == RESCIND_NO_ERROR)
        error = rescind_createmap(env, CHILD, SHARED, 0, 1, PAGE_AT, perms);
    if (error == RESCIND_NO_ERROR)
        error = rescind_vpectrl_start(env, CHILD);
    return error;
}

static int parent(struct rescind_env *env)
{
    uint32_t code = 0;

    if (bear(env, "child", RESCIND_PERM_R | RESCIND_PERM_W) != RESCIND_NO_ERROR ||
        rescind_vpectrl_wait(env, CHILD, &code) != RESCIND_NO_ERROR)
        return -1;
    return (int)code;
}

/* Stores what it finds, and one more. */
static int adder(struct rescind_env *env)
{
    uint64_t value = 1;

    if (rescind_load(env, WORD_AT + RESCIND_PAGE, &value) != RESCIND_NO_MAPPING || value != 1 ||
        rescind_load(env, WORD_AT, &value) != RESCIND_NO_ERROR || value != 0 ||
        rescind_store(env, WORD_AT, value + *(uint64_t *)rescind_sim_argument(env)) !=
            RESCIND_NO_ERROR ||
        rescind_load(env, WORD_AT, &value) != RESCIND_NO_ERROR)
        rescind_exit(env, 100);
    rescind_exit(env, (uint32_t)value);
}

static void a_child_runs_and_uses_what_is_mapped_for_it(void **state)
{
    struct rescind_sim *sim = rescind_sim_new(&roomy);
    uint64_t added = 7;
    int first = rescind_sim_add_vpe(sim, "parent", parent, NULL);
    int second = rescind_sim_child(sim, 0, "child", adder, &added);
    int other = rescind_sim_child(sim, 0, "child", adder, &added);

    (void)state;
    assert_true(first == 0 && second == 1 && other == 2);
    assert_int_equal(rescind_sim_child(sim, 1, "child", adder, NULL), -1);
    assert_true(rescind_sim_started(sim, first));
    assert_false(rescind_sim_started(sim, second) || rescind_sim_started(sim, 3));
    assert_quiet(sim);
    assert_int_equal(value_of(sim, first), 7);
    assert_true(rescind_sim_ended(sim, second) && rescind_sim_started(sim, second));
    /* The first of the name is made, and nobody makes the second. */
    assert_false(rescind_sim_started(sim, other) || rescind_sim_ended(sim, other));
    assert_false(rescind_sim_returned(sim, other, NULL));
    assert_int_equal(rescind_sim_child(sim, 0, "late", adder, NULL), -1);
    rescind_sim_free(sim);
}

static void a_child_that_nobody_added_is_there_and_never_runs(void **state)
{
    struct rescind_sim *sim = rescind_sim_new(&roomy);
    struct rescind_sim_cap cap;
    int vpe = rescind_sim_add_vpe(sim, "parent", parent, NULL);

    (void)state;
    assert_int_equal(rescind_sim_run(sim), RESCIND_SIM_STUCK);
    assert_string_equal(rescind_sim_message(sim), "parent is stuck");
    assert_true(rescind_sim_cap(sim, vpe, RESCIND_TABLE_OBJECT, CHILD, &cap));
    assert_true(cap.sel == CHILD && cap.type == RESCIND_CAP_VPE && !cap.has_parent);
    rescind_sim_free(sim);
}

/* Has the VPE `name` as its child, and obtains a capability of it. */
static int taker(struct rescind_env *env)
{
    if (bear(env, "nobody", RESCIND_PERM_R) != RESCIND_NO_ERROR)
        return -1;
    return (int)rescind_exchange(env, CHILD, one(GATE), one(RESCIND_SEL_VPE), true);
}

static void a_parent_that_nobody_added_is_told_as_such(void **state)
{
    struct rescind_sim *sim = rescind_sim_new(&roomy);
    struct rescind_sim_cap cap;
    int vpe = rescind_sim_add_vpe(sim, "taker", taker, NULL);

    (void)state;
    assert_quiet(sim);
    assert_int_equal(value_of(sim, vpe), RESCIND_NO_ERROR);
    assert_true(rescind_sim_cap(sim, vpe, RESCIND_TABLE_OBJECT, GATE, &cap));
    assert_true(cap.sel == GATE && cap.has_parent);
    assert_int_equal(cap.parent_vpe, RESCIND_SIM_OTHER_VPE);
    assert_int_equal(cap.parent_sel, RESCIND_SEL_VPE);
    rescind_sim_free(sim);
}

static int reader_only(struct rescind_env *env)
{
    uint64_t value;

    if (rescind_load(env, WORD_AT, &value) != RESCIND_NO_ERROR)
        return 1;
    return rescind_store(env, WORD_AT, 1) != RESCIND_NO_PERM;
}

static int makes_reader(struct rescind_env *env)
{
    return (int)bear(env, "reader", RESCIND_PERM_R);
}

static void a_page_that_is_for_reading_is_not_for_writing(void **state)
{
    struct rescind_sim *sim = rescind_sim_new(&roomy);
    int maker = rescind_sim_add_vpe(sim, "maker", makes_reader, NULL);
    int child = rescind_sim_child(sim, 0, "reader", reader_only, NULL);

    (void)state;
    assert_quiet(sim);
    assert_int_equal(value_of(sim, maker), 0);
    assert_int_equal(value_of(sim, child), 0);
    rescind_sim_free(sim);
}

/* What two programs tell each other behind the machine's back. */
struct shared {
    bool revoked;   /* REVOKE has been answered */
    unsigned words; /* stored */
};

static int takes_back(struct rescind_env *env)
{
    struct shared *shared = rescind_sim_argument(env);
    enum rescind_error error = bear(env, "counter", RESCIND_PERM_R | RESCIND_PERM_W);

    for (int i = 0; error == RESCIND_NO_ERROR && i < 3; i++)
        error = rescind_noop(env);
    if (error == RESCIND_NO_ERROR)
        error = rescind_revoke(env, one(SHARED), true);
    shared->revoked = true;
    return (int)error;
}

/* Counts in the page for as long as it has it. */
static int counts(struct rescind_env *env)
{
    struct shared *shared = rescind_sim_argument(env);
    uint64_t value = 0;

    for (;;) {
        enum rescind_error error = rescind_load(env, WORD_AT, &value);
        if (error == RESCIND_NO_ERROR && (shared->revoked || value != shared->words))
            return 1;
        if (error == RESCIND_NO_ERROR)
            error = rescind_store(env, WORD_AT, ++value);
        if (error == RESCIND_NO_MAPPING)
            return 0;
        if (error != RESCIND_NO_ERROR || shared->revoked)
            return 2;
        shared->words++;
    }
}

static void a_page_is_gone_once_its_revocation_is_answered(void **state)
{
    unsigned words = 0;

    (void)state;
    for (unsigned i = 0; i < 60; i++) {
        struct rescind_sim_options options = roomy;
        struct shared shared = {false, 0};
        struct rescind_sim *sim;
        int maker, child;
        options.seed = i;
        options.work = 1 + i % 3;
        options.schedule = i % 3 == 0   ? RESCIND_SIM_FIFO
                           : i % 3 == 1 ? RESCIND_SIM_RANDOM
                                        : RESCIND_SIM_PCT;
        sim = rescind_sim_new(&options);
        maker = rescind_sim_add_vpe(sim, "maker", takes_back, &shared);
        child = rescind_sim_child(sim, 0, "counter", counts, &shared);
        assert_quiet(sim);
        assert_int_equal(value_of(sim, maker), 0);
        assert_int_equal(value_of(sim, child), 0);
        words += shared.words;
        rescind_sim_free(sim);
    }
    assert_true(words > 60);
}

static void memory_is_read_and_written_from_outside(void **state)
{
    struct rescind_sim_options options = roomy;
    struct rescind_sim *sim;
    uint32_t value = 0xbeef, found = 0;

    (void)state;
    options.kernels = 2;
    sim = rescind_sim_new(&options);
    assert_true(rescind_sim_write(sim, 1, 64 * 4096 - 4, &value, sizeof(value)));
    assert_true(rescind_sim_read(sim, 1, 64 * 4096 - 4, &found, sizeof(found)));
    assert_int_equal(found, 0xbeef);
    assert_true(rescind_sim_read(sim, 0, 64 * 4096 - 4, &found, sizeof(found)));
    assert_int_equal(found, 0);
    assert_false(rescind_sim_write(sim, 1, 64 * 4096 - 3, &value, sizeof(value)));
    assert_false(rescind_sim_read(sim, 1, UINT64_MAX, &found, sizeof(found)));
    assert_false(rescind_sim_read(sim, 2, 0, &found, sizeof(found)));
    assert_false(rescind_sim_write(sim, 2, 0, &value, sizeof(value)));
    rescind_sim_free(sim);
}

static int makes_gates(struct rescind_env *env)
{
    uint32_t sel = GATE;

    while (rescind_creategate(env, RESCIND_SEL_VPE, sel, 1, 2, 1) == RESCIND_NO_ERROR)
        sel++;
    return (int)(sel - GATE);
}

static void a_vpe_with_an_account_of_its_own_takes_no_more_than_that(void **state)
{
    struct rescind_sim_options options = plain;
    struct rescind_sim *sim;
    int poor, rich;

    (void)state;
    options.nodes = 100;
    sim = rescind_sim_new(&options);
    poor = rescind_sim_add_vpe(sim, "poor", makes_gates, NULL);
    rich = rescind_sim_add_vpe(sim, "rich", makes_gates, NULL);
    assert_int_equal(rescind_sim_quota(sim, poor, 200), RESCIND_OUT_OF_MEM);
    assert_int_equal(rescind_sim_quota(sim, poor, 21), RESCIND_NO_ERROR);
    assert_int_equal(rescind_sim_quota(sim, poor, 21), RESCIND_OUT_OF_MEM);
    assert_int_equal(rescind_sim_quota(sim, 2, 21), RESCIND_INV_ARGS);
    assert_quiet(sim);
    assert_int_equal(value_of(sim, poor), 10);
    assert_true(value_of(sim, rich) > 30);
    assert_int_equal(rescind_sim_quota(sim, rich, 1), RESCIND_INV_ARGS);
    rescind_sim_free(sim);
}

static void memory_that_is_no_whole_pages_is_refused(void **state)
{
    struct rescind_sim_options options = roomy;

    (void)state;
    options.memory = 100;
    assert_null(rescind_sim_new(&options));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_vpe_is_a_c_function_with_an_argument_and_a_result),
        cmocka_unit_test(a_program_knows_its_name_and_number_and_may_send_one_message),
        cmocka_unit_test(every_vpe_starts_with_itself_and_its_memory),
        cmocka_unit_test(a_granted_capability_is_derived_from_the_targets_own),
        cmocka_unit_test(there_are_no_more_vpes_and_nodes_than_were_asked_for),
        cmocka_unit_test(a_revocation_in_one_vpe_shows_in_the_table_of_the_other),
        cmocka_unit_test(a_driver_reads_and_writes_a_serial_port),
        cmocka_unit_test(a_wrong_call_is_answered_with_an_error_and_changes_nothing),
        cmocka_unit_test(own_messages_are_sent_as_they_stand),
        cmocka_unit_test(what_programs_print_goes_to_the_callback_in_order),
        cmocka_unit_test(exit_takes_along_what_was_derived_and_never_returns),
        cmocka_unit_test(a_program_that_waits_for_nothing_is_stuck_and_named),
        cmocka_unit_test(a_killed_vpe_ends_in_the_next_run_and_loses_all),
        cmocka_unit_test(a_vpe_killed_before_it_ran_never_runs),
        cmocka_unit_test(a_vpe_that_scribbles_over_its_ring_ends_alone),
        cmocka_unit_test(a_seed_repeats_its_schedule_and_other_seeds_give_others),
        cmocka_unit_test(fifo_is_the_same_for_every_seed),
        cmocka_unit_test(a_revocation_on_one_kernel_shows_on_another),
        cmocka_unit_test(there_are_no_more_kernels_than_were_asked_for),
        cmocka_unit_test(three_hundred_simulators_live_side_by_side),
        cmocka_unit_test(a_program_has_the_stack_that_was_asked_for),
        cmocka_unit_test(a_child_runs_and_uses_what_is_mapped_for_it),
        cmocka_unit_test(a_child_that_nobody_added_is_there_and_never_runs),
        cmocka_unit_test(a_parent_that_nobody_added_is_told_as_such),
        cmocka_unit_test(a_page_that_is_for_reading_is_not_for_writing),
        cmocka_unit_test(a_page_is_gone_once_its_revocation_is_answered),
        cmocka_unit_test(memory_is_read_and_written_from_outside),
        cmocka_unit_test(a_vpe_with_an_account_of_its_own_takes_no_more_than_that),
        cmocka_unit_test(memory_that_is_no_whole_pages_is_refused),
        cmocka_unit_test(a_program_that_overflows_its_stack_dies_at_the_guard_page),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The machine in its users' hands: choices, schedules in words, snapshots, the state's number. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "sim/derivation.h"
#include "sim/machine.h"
#include "tests/machines.h"

/* Two kernels; on one of them VPEs that meet, and revocations that take several turns. */
static const char racy[] = "kernel K0\n"
                           "kernel K1\n"
                           "vpe A\n"
                           "vpe B\n"
                           "vpe C @ K1\n"
                           "grant A 2 = vpe B\n"
                           "grant B 2 = vpe A\n"
                           "program A\n"
                           "    creategate 0 20 label=1 ep=2 credits=3\n"
                           "    x0 = exchange delegate 2 20 30\n"
                           "    signal told\n"
                           "    x1 = exchange obtain 2 31 21\n"
                           "    revoke 20\n"
                           "program B\n"
                           "    wait told\n"
                           "    creategate 0 31 label=1 ep=2 credits=3\n"
                           "    y0 = exchange delegate 2 30 40\n"
                           "    y1 = revoke 30 own=0\n"
                           "program C\n"
                           "    creategate 0 20 label=1 ep=2 credits=3\n"
                           "    revoke 20\n";

/* The same across kernels. */
static const char crossing[] = "kernel K0\n"
                               "kernel K1\n"
                               "kernel K2\n"
                               "vpe A\n"
                               "vpe B @ K1\n"
                               "vpe C @ K2\n"
                               "grant A 2 = vpe B\n"
                               "grant B 2 = vpe C\n"
                               "grant C 2 = vpe A\n"
                               "program A\n"
                               "    creategate 0 20 label=1 ep=2 credits=3\n"
                               "    x0 = exchange delegate 2 20 30\n"
                               "    x1 = exchange obtain 2 40 41\n"
                               "    revoke 20\n"
                               "program B\n"
                               "    y0 = exchange delegate 2 30 40\n"
                               "    y1 = revoke 30\n"
                               "program C\n"
                               "    z0 = exchange delegate 2 40 50\n"
                               "    z1 = exchange obtain 2 20 21\n";

/* ---- Choices ------------------------------------------------------------------------------ */

static void choices_come_in_order_and_a_wait_is_passed_with_the_step_before(void **state)
{
    struct bench b = bench_new(racy);

    (void)state;
    assert_choices(b.machine, "A moves\nC moves\n");
    make_choices(b.machine, "A moves\nA moves\n");
    assert_choices(b.machine, "A moves\nC moves\n");
    assert_int_equal(machine_status(b.machine, 1).position, 0);
    make_choices(b.machine, "A moves\n"); /* the signal */
    assert_int_equal(machine_status(b.machine, 1).position, 1);
    assert_choices(b.machine, "A moves\nB moves\nC moves\n");
    make_choices(b.machine, "C moves\nC moves\n");
    assert_choices(b.machine, "A moves\nB moves\n");
    assert_true(machine_status(b.machine, 2).through);
    assert_int_equal(machine_time(b.machine), 5);
    assert_int_equal(machine_events(b.machine), 4);
    bench_free(&b);
}

static void what_is_no_choice_is_not_possible(void **state)
{
    static const struct machine_choice none[] = {
        {CHOICE_VPE, 1, 0},  {CHOICE_VPE, 3, 0},  {CHOICE_WORK, 0, 0},  {CHOICE_WORK, 2, 0},
        {CHOICE_HEAR, 0, 1}, {CHOICE_HEAR, 0, 2}, {CHOICE_FAULT, 0, 0}, {4, 0, 0},
    };
    struct bench b = bench_new(racy);

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(none); i++)
        assert_false(machine_possible(b.machine, &none[i]));
    bench_free(&b);
}

static void work_on_each_task_of_the_line_is_a_choice(void **state)
{
    struct bench b = bench_with("vpe A\n"
                                "vpe B\n"
                                "program A\n"
                                "    creategate 0 20 label=1 ep=2 credits=3\n"
                                "    revoke 20\n"
                                "program B\n"
                                "    creategate 0 20 label=1 ep=2 credits=3\n"
                                "    revoke 20\n",
                                (struct machine_options){.seed = 1, .work = 1});
    GArray *choices = choices_new();

    (void)state;
    make_choices(b.machine, "A moves\nB moves\nB moves\nA moves\n");
    assert_choices(b.machine, "K0 works on A\nK0 works on B\n");
    while (!machine_at_end(b.machine)) {
        g_array_set_size(choices, 0);
        machine_choices(b.machine, choices);
        assert_int_equal(choice_at(choices, 0)->kind, CHOICE_WORK);
        assert_true(machine_choose(b.machine, choice_at(choices, choices->len - 1)));
    }
    assert_true(machine_status(b.machine, 0).through);
    assert_true(machine_status(b.machine, 1).through);
    assert_true(machine_audit(b.machine));
    g_array_unref(choices);
    bench_free(&b);
}

static void assert_observed(const struct machine *m, guint index, enum machine_observed_kind kind,
                            uint32_t vpe)
{
    const GArray *observed = machine_observed(m);

    assert_true(index < observed->len);
    assert_int_equal(g_array_index(observed, struct machine_observed, index).kind, kind);
    assert_int_equal(g_array_index(observed, struct machine_observed, index).vpe, vpe);
}

static void what_a_choice_did_can_be_observed(void **state)
{
    struct bench b = bench_new("vpe A\nvpe B\n"
                               "program A\n    signal s\n    revoke 0\n    exit 3\n"
                               "program B\n    noop\n");
    const struct machine_observed *observed;
    uint64_t opcode;

    (void)state;
    make_choices(b.machine, "A moves\n");
    assert_int_equal(machine_observed(b.machine)->len, 0);
    make_choices(b.machine, "A moves\n");
    assert_int_equal(machine_observed(b.machine)->len, 2);
    assert_observed(b.machine, 0, OBSERVED_CALL, 0);
    assert_observed(b.machine, 1, OBSERVED_REPLY, 0);
    observed = &g_array_index(machine_observed(b.machine), struct machine_observed, 0);
    memcpy(&opcode, observed->message, sizeof(opcode));
    assert_int_equal(opcode, RESCIND_SYS_REVOKE);
    assert_int_equal(observed->size, 32);
    assert_int_equal(observed[1].error, RESCIND_INV_ARGS);
    make_choices(b.machine, "A moves\n");
    assert_int_equal(machine_observed(b.machine)->len, 2);
    assert_observed(b.machine, 1, OBSERVED_ENDED, 0);
    bench_free(&b);
}

/* ---- Faults ------------------------------------------------------------------------------- */

static void a_kill_strikes_once_and_is_possible_while_its_vpe_lives(void **state)
{
    struct bench b = bench_new("vpe A\nvpe B\nfault kill A\nfault kill B\n"
                               "program A\n    noop\n    noop\n"
                               "program B\n    exit 0\n");

    (void)state;
    assert_choices(b.machine, "A moves\nB moves\nfault 0\nfault 1\n");
    make_choices(b.machine, "A moves\nB moves\n");
    assert_choices(b.machine, "A moves\nfault 0\n"); /* B has ended */
    make_choices(b.machine, "fault 0\n");
    assert_int_equal(machine_observed(b.machine)->len, 1);
    assert_observed(b.machine, 0, OBSERVED_KILL, 0);
    assert_choices(b.machine, "K0 works on A\n");
    make_choices(b.machine, "K0 works on A\n");
    assert_observed(b.machine, 0, OBSERVED_ENDED, 0);
    assert_true(machine_status(b.machine, 0).ended);
    assert_int_equal(machine_status(b.machine, 0).position, 1);
    assert_choices(b.machine, "");
    bench_free(&b);
}

static void a_machine_is_at_its_end_when_only_faults_are_left(void **state)
{
    struct bench b = bench_new("vpe A\nfault kill A\nprogram A\n    noop\n");

    (void)state;
    assert_false(machine_at_end(b.machine));
    make_choices(b.machine, "A moves\n");
    assert_true(machine_at_end(b.machine));
    assert_choices(b.machine, "fault 0\n");
    make_choices(b.machine, "fault 0\n");
    assert_false(machine_at_end(b.machine));
    bench_free(&b);
}

static void under_fifo_no_fault_strikes_and_under_others_some_do(void **state)
{
    static const char text[] = "vpe A\nfault kill A\nprogram A\n    repeat 40 {\n    noop\n    }\n";
    static const enum machine_schedule schedules[] = {SCHEDULE_FIFO, SCHEDULE_RANDOM, SCHEDULE_PCT};
    uint32_t struck[G_N_ELEMENTS(schedules)] = {0};

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(schedules); i++) {
        for (uint64_t seed = 0; seed < 40; seed++) {
            struct bench b =
                bench_with(text, (struct machine_options){.seed = seed, .schedule = schedules[i]});
            assert_int_equal(machine_run(b.machine, NULL, NULL), MACHINE_QUIET);
            struck[i] += machine_status(b.machine, 0).ended;
            bench_free(&b);
        }
    }
    assert_int_equal(struck[0], 0);
    assert_in_range(struck[1], 10, 40);
    assert_in_range(struck[2], 5, 35);
}

/* ---- Schedules ---------------------------------------------------------------------------- */

/* Runs `text`; the schedule, and the state's number at the end. */
static GArray *run(const char *text, enum machine_schedule schedule, uint64_t seed, uint64_t *hash,
                   uint64_t *time)
{
    struct bench b =
        bench_with(text, (struct machine_options){.seed = seed, .schedule = schedule, .work = 1});
    GArray *choices = choices_new();

    machine_record(b.machine, choices);
    assert_int_equal(machine_run(b.machine, NULL, NULL), MACHINE_QUIET);
    *hash = machine_hash(b.machine);
    *time = machine_time(b.machine);
    assert_int_equal(*time, choices->len);
    bench_free(&b);
    return choices;
}

static void a_recorded_schedule_does_the_same_again(void **state)
{
    static const enum machine_schedule schedules[] = {SCHEDULE_FIFO, SCHEDULE_RANDOM, SCHEDULE_PCT};
    uint64_t hash, time;

    (void)state;
    for (guint i = 0; i < 30; i++) {
        GArray *choices = run(racy, schedules[i % 3], i, &hash, &time);
        struct bench b = bench_with(racy, (struct machine_options){.seed = 99, .work = 1});
        guint at;
        assert_int_equal(machine_follow(b.machine, choices, &at, NULL, NULL), MACHINE_QUIET);
        assert_int_equal(at, choices->len);
        assert_true(machine_hash(b.machine) == hash);
        assert_int_equal(machine_time(b.machine), time);
        bench_free(&b);
        g_array_unref(choices);
    }
}

static void following_stops_where_a_choice_is_not_there(void **state)
{
    uint64_t hash, time;
    GArray *choices = run(racy, SCHEDULE_FIFO, 1, &hash, &time);
    struct bench b = bench_with(racy, (struct machine_options){.work = 1});
    guint at;

    (void)state;
    g_array_set_size(choices, choices->len - 1);
    assert_int_equal(machine_follow(b.machine, choices, &at, NULL, NULL), MACHINE_STOPPED);
    assert_int_equal(at, choices->len);
    bench_free(&b);
    b = bench_with(racy, (struct machine_options){.work = 1});
    g_array_index(choices, struct machine_choice, 2) = (struct machine_choice){CHOICE_VPE, 1, 0};
    assert_int_equal(machine_follow(b.machine, choices, &at, NULL, NULL), MACHINE_STOPPED);
    assert_int_equal(at, 2);
    bench_free(&b);
    g_array_unref(choices);
}

static bool same_choices(const GArray *a, const GArray *b)
{
    return a->len == b->len &&
           memcmp(a->data, b->data, a->len * sizeof(struct machine_choice)) == 0;
}

static void a_seed_repeats_its_schedule_and_others_differ(void **state)
{
    static const enum machine_schedule schedules[] = {SCHEDULE_RANDOM, SCHEDULE_PCT};

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(schedules); i++) {
        uint64_t hash, again_hash, time;
        GArray *first = run(racy, schedules[i], 0, &hash, &time);
        guint different = 0;
        for (uint64_t seed = 1; seed <= 20; seed++) {
            GArray *once = run(racy, schedules[i], seed, &hash, &time);
            GArray *again = run(racy, schedules[i], seed, &again_hash, &time);
            assert_true(same_choices(once, again));
            assert_true(hash == again_hash);
            different += !same_choices(first, once);
            g_array_unref(once);
            g_array_unref(again);
        }
        assert_true(different >= 10);
        g_array_unref(first);
    }
}

/* Of 40 seeds, PCT of depth 1 never changes its mind: each VPE that has begun goes on as long as it
 * can. */
static void pct_of_depth_1_lets_the_highest_priority_move_until_it_cant(void **state)
{
    static const char text[] = "vpe A\nvpe B\n"
                               "program A\n    noop\n    noop\n    noop\n"
                               "program B\n    noop\n    noop\n    noop\n";

    (void)state;
    for (uint64_t seed = 0; seed < 40; seed++) {
        struct bench b = bench_with(
            text, (struct machine_options){.seed = seed, .schedule = SCHEDULE_PCT, .depth = 1});
        GArray *choices = choices_new();
        guint changes = 0;
        machine_record(b.machine, choices);
        assert_int_equal(machine_run(b.machine, NULL, NULL), MACHINE_QUIET);
        for (guint i = 1; i < choices->len; i++)
            changes += choice_at(choices, i)->a != choice_at(choices, i - 1)->a;
        assert_int_equal(choices->len, 6);
        assert_int_equal(changes, 1);
        g_array_unref(choices);
        bench_free(&b);
    }
}

/* ---- Choices in words --------------------------------------------------------------------- */

static void a_schedule_in_words_is_the_same_schedule(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 20; seed++) {
        uint64_t hash, time;
        GArray *choices = run(racy, SCHEDULE_RANDOM, seed, &hash, &time), *again;
        struct bench b = bench_new(racy);
        char *text = machine_schedule_text(b.machine, choices), *error = NULL;
        again = machine_schedule_parse(b.machine, "f", text, &error);
        assert_non_null(again);
        assert_true(same_choices(choices, again));
        g_free(text);
        g_array_unref(again);
        g_array_unref(choices);
        bench_free(&b);
    }
}

static void every_kind_of_choice_has_its_words(void **state)
{
    static const char *const lines[] = {
        "A moves",
        "K0 works on B",
        "K1 works on C",
        "K0 works for K1",
        "K1 works for K1",
        "K0 exchanges for K1 0",
        "K1 exchanges for K0 3",
        "K0 hears K1",
        "fault 0",
        "fault 1 2",
        "fault 2",
    };
    struct bench b = bench_new("kernel K0\nkernel K1\nvpe A\nvpe B\nvpe C @ K1\n"
                               "fault kill A\nfault exhaust K1\nfault delay K0 K1\n");

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(lines); i++) {
        struct machine_choice choice;
        char *spaced = g_strdup_printf("\t %s \r", lines[i]), *text;
        assert_true(machine_choice_parse(b.machine, lines[i], &choice));
        text = machine_choice_text(b.machine, &choice);
        assert_string_equal(text, lines[i]);
        g_free(text);
        assert_true(machine_choice_parse(b.machine, spaced, &choice));
        g_free(spaced);
    }
    bench_free(&b);
}

static void other_words_are_refused_with_their_line(void **state)
{
    static const char *const lines[] = {
        "",
        "A",
        "A moves on",
        "D moves",
        "K0 moves",
        "A works on B",
        "K0 works on C",
        "K0 works on",
        "K0 works for A",
        "K0 hears K0",
        "K0 hears K2",
        "K0 exchanges for K1",
        "K0 exchanges for K1 4",
        "K0 exchanges for K1 x",
        "fault",
        "fault 3",
        "fault 0 1",
        "fault 1",
        "fault 1 4",
        "fault -1",
        "fault 1 2 3",
        "K0 works for K1 0",
    };
    struct bench b = bench_new("kernel K0\nkernel K1\nvpe A\nvpe B\nvpe C @ K1\n"
                               "fault kill A\nfault exhaust K1\nfault delay K0 K1\n");
    struct machine_choice choice;
    char *error = NULL;

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(lines); i++) {
        if (machine_choice_parse(b.machine, lines[i], &choice))
            fail_msg("'%s' is taken for a choice", lines[i]);
    }
    assert_null(
        machine_schedule_parse(b.machine, "file", "# so\n\nA moves # and\n A mves\n", &error));
    assert_string_equal(error, "file:4: 'A mves' is no choice of this machine");
    g_free(error);
    bench_free(&b);
}

/* ---- Snapshots and the state's number ----------------------------------------------------- */

static void a_restored_machine_has_the_same_future(void **state)
{
    static const char *const texts[] = {racy, crossing};
    GRand *random = g_rand_new_with_seed(7);

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        struct bench b = bench_with(texts[i], (struct machine_options){.work = 1});
        struct bench other = bench_with(texts[i], (struct machine_options){.work = 1});
        struct machine_snapshot *start = machine_save(b.machine, NULL);
        for (guint round = 0; round < 200; round++) {
            machine_restore(b.machine, start);
            wander(&b, &other, random);
        }
        assert_true(machine_snapshot_size(start) < 16384);
        machine_snapshot_free(start);
        bench_free(&b);
        bench_free(&other);
    }
    machine_snapshot_free(NULL);
    g_rand_free(random);
}

static void a_restored_machine_can_be_run(void **state)
{
    struct bench b = bench_new(racy), fresh = bench_new(racy);
    struct machine_snapshot *start = machine_save(b.machine, NULL);

    (void)state;
    assert_int_equal(machine_run(b.machine, NULL, NULL), MACHINE_QUIET);
    machine_restore(b.machine, start);
    assert_choices(b.machine, "A moves\nC moves\n");
    assert_int_equal(machine_run(b.machine, NULL, NULL), MACHINE_QUIET);
    assert_int_equal(machine_run(fresh.machine, NULL, NULL), MACHINE_QUIET);
    assert_true(machine_hash(b.machine) == machine_hash(fresh.machine));
    assert_int_equal(machine_time(b.machine), machine_time(fresh.machine));
    machine_snapshot_free(start);
    bench_free(&b);
    bench_free(&fresh);
}

static void the_order_of_what_does_not_matter_is_not_in_the_number(void **state)
{
    static const char text[] = "vpe A\nvpe B\n"
                               "program A\n    creategate 0 20 label=1 ep=2 credits=3\n    noop\n"
                               "program B\n    creategate 0 20 label=1 ep=2 credits=3\n";

    (void)state;
    assert_true(hash_after(racy, "A moves\nC moves\n") == hash_after(racy, "C moves\nA moves\n"));
    /* They get other nodes of the same pool. */
    assert_true(hash_after(text, "A moves\nB moves\n") == hash_after(text, "B moves\nA moves\n"));
    assert_false(hash_after(text, "A moves\n") == hash_after(text, "B moves\n"));
    assert_false(hash_after(text, "A moves\n") == hash_after(text, "A moves\nA moves\n"));
    assert_false(hash_after(text, "") == hash_after(racy, ""));
}

static void an_answer_and_a_fault_are_in_the_number(void **state)
{
    static const char text[] = "vpe A\nvpe B\ngrant B 2 = vpe A\nfault kill A\nfault exhaust K0\n"
                               "program A\n    creategate 0 20 label=1 ep=2 credits=3\n"
                               "    revoke 20\n    signal s\n"
                               "program B\n    r = exchange obtain 2 30 20\n    revoke 30\n";

    (void)state;
    /* B gets it and gives it back, or it comes too late: nothing else tells the two apart. */
    assert_false(hash_after(text, "A moves\nB moves\nB moves\nA moves\n") ==
                 hash_after(text, "A moves\nA moves\nB moves\nB moves\n"));
    assert_false(hash_after(text, "A moves\n") == hash_after(text, "A moves\nfault 0\n"));
    assert_false(hash_after(text, "A moves\n") == hash_after(text, "A moves\nfault 1 0\n"));
}

static int nothing(struct rescind_env *env)
{
    (void)env;
    return 0;
}

static void a_machine_with_c_functions_cant_be_saved_and_one_of_steps_can(void **state)
{
    struct machine_options options = {.vpes = 1, .nodes = 100};
    struct machine *m = machine_new(&options, NULL);
    struct bench steps = bench_new(racy), runs = bench_new("vpe A\nprogram A\n    run task06\n");

    (void)state;
    assert_int_equal(machine_vpe(m, 0, "A"), 0);
    assert_true(machine_can_save(m));
    machine_function(m, 0, nothing, NULL);
    assert_false(machine_can_save(m));
    assert_true(machine_can_save(steps.machine));
    assert_false(machine_can_save(runs.machine));
    machine_free(m);
    bench_free(&steps);
    bench_free(&runs);
}

/* ---- Many kernels ------------------------------------------------------------------------- */

/* What is on its way in one machine, as it is reported. */
struct mail {
    GArray *told; /* struct machine_report */
    guint heard;
};

static void sort_mail(void *context, const struct machine_report *r)
{
    struct mail *mail = context;

    if (r->kind == REPORT_TELL) {
        assert_int_equal(r->kernel, r->from);
        assert_int_equal(r->number, mail->told->len + mail->heard);
        g_array_append_val(mail->told, *r);
    }
    if (r->kind != REPORT_HEAR)
        return;
    assert_int_equal(r->kernel, r->to);
    for (guint i = 0; i < mail->told->len; i++) {
        const struct machine_report *told = &g_array_index(mail->told, struct machine_report, i);
        if (told->from != r->from || told->to != r->to)
            continue;
        assert_int_equal(told->number, r->number); /* the oldest of that channel */
        assert_int_equal(told->value, r->value);
        assert_true(told->time < r->time);
        g_array_remove_index(mail->told, i);
        mail->heard++;
        return;
    }
    fail_msg("a message arrives that nobody sent");
}

static void every_message_arrives_once_and_in_order(void **state)
{
    static const enum machine_schedule schedules[] = {SCHEDULE_FIFO, SCHEDULE_RANDOM, SCHEDULE_PCT};

    (void)state;
    for (guint i = 0; i < 60; i++) {
        struct mail mail = {g_array_new(FALSE, FALSE, sizeof(struct machine_report)), 0};
        struct bench b = bench_with(crossing, (struct machine_options){.seed = i,
                                                                       .schedule = schedules[i % 3],
                                                                       .report = sort_mail,
                                                                       .context = &mail});
        assert_int_equal(machine_run(b.machine, NULL, NULL), MACHINE_QUIET);
        assert_int_equal(mail.told->len, 0);
        assert_true(mail.heard > 4);
        g_array_unref(mail.told);
        bench_free(&b);
    }
}

static void a_parent_on_another_kernel_is_found(void **state)
{
    struct bench b = bench_new(crossing);
    struct outcome *outcome = machine_outcome(b.machine);
    const GArray *caps = outcome_vpe(outcome, 1)->caps;
    const struct outcome_cap *cap = &g_array_index(caps, struct outcome_cap, 2);

    (void)state;
    assert_int_equal(caps->len, 3);
    assert_int_equal(cap->sel, 2);
    assert_true(cap->has_parent);
    assert_int_equal(cap->parent_vpe, 2);
    assert_int_equal(cap->parent_sel, 0);
    outcome_free(outcome);
    bench_free(&b);
}

static const char delayed[] = "kernel K0\n"
                              "kernel K1\n"
                              "vpe A\n"
                              "vpe B @ K1\n"
                              "vpe C @ K1\n"
                              "grant A 2 = vpe B\n"
                              "fault delay K0 K1\n"
                              "program A\n"
                              "    creategate 0 20 label=1 ep=2 credits=3\n"
                              "    exchange delegate 2 20 30\n"
                              "program C\n"
                              "    noop\n"
                              "    noop\n";

static void the_derivation_tree_goes_across_kernels(void **state)
{
    struct bench b = bench_new(delayed);
    char *text;

    (void)state;
    assert_int_equal(machine_run(b.machine, NULL, NULL), MACHINE_QUIET);
    text = derivation_text(b.machine);
    assert_string_equal(text, "A:0 vpe\n"
                              "A:1 mem\n"
                              "A:20 gate\n"
                              " `- B:30 gate\n"
                              "B:0 vpe\n"
                              " `- A:2 vpe\n"
                              "B:1 mem\n"
                              "C:0 vpe\n"
                              "C:1 mem\n");
    g_free(text);
    bench_free(&b);
}

static const char serial[] = "vpe A\n"
                             "grant A 4 = irq 10\n"
                             "grant A 5 = ports 0x3e8 8\n"
                             "serial 0x3e8 \"xy\"\n"
                             "fault interrupt 10\n"
                             "program A\n"
                             "    attachrb 0 2 addr=0 order=7 msgorder=6\n"
                             "    creategate 0 6 label=7 ep=2 credits=1\n"
                             "    activate 3 6\n"
                             "    portout 5 off=4 value=8\n"
                             "    portout 5 off=1 value=1\n"
                             "    listen 4 3\n"
                             "    receive 2 is=10\n"
                             "    portin 5 off=0 is=0x78\n"
                             "    irqack 4\n"
                             "    receive 2 is=10\n"
                             "    portin 5 off=0 is=0x79\n"
                             "    portin 5 off=5 is=0x60\n";

/* A byte comes once the line is unmasked, and the next one once it has been taken. */
static void interrupts_are_choices(void **state)
{
    struct bench b = bench_new(serial);

    (void)state;
    make_choices(b.machine, "A moves\nA moves\nA moves\nA moves\nA moves\n");
    assert_choices(b.machine, "A moves\n");
    make_choices(b.machine, "A moves\n");
    assert_choices(b.machine, "A moves\nfault 0\nline 10\n");
    make_choices(b.machine, "line 10\n");
    assert_choices(b.machine, "A moves\n");
    make_choices(b.machine, "A moves\nA moves\nA moves\n");
    assert_choices(b.machine, "A moves\nfault 0\nline 10\n");
    bench_free(&b);
}

/* The board's state, too. */
static void a_machine_with_a_board_is_restored(void **state)
{
    static const char rest[] = "line 10\nA moves\nA moves\nA moves\n";
    struct bench b = bench_new(serial);
    struct machine_snapshot *start;
    uint64_t hash, end;

    (void)state;
    make_choices(b.machine, "A moves\nA moves\nA moves\nA moves\nA moves\nA moves\n"
                            "line 10\nA moves\nA moves\nA moves\n");
    start = machine_save(b.machine, NULL);
    hash = machine_hash(b.machine);
    make_choices(b.machine, rest);
    end = machine_hash(b.machine);
    assert_true(machine_at_end(b.machine));
    assert_true(end != hash);
    machine_restore(b.machine, start);
    assert_true(machine_hash(b.machine) == hash);
    make_choices(b.machine, rest);
    assert_true(machine_hash(b.machine) == end);
    assert_true(machine_audit(b.machine));
    machine_snapshot_free(start);
    bench_free(&b);
}

/* A machine where a message of A's EXCHANGE is on its way to K1, and C can move. */
static struct bench bench_delayed(struct machine_options options)
{
    struct bench b = bench_with(delayed, options);

    make_choices(b.machine, "A moves\nA moves\n");
    assert_choices(b.machine, "C moves\nK1 hears K0\nfault 0\n");
    make_choices(b.machine, "fault 0\n");
    assert_choices(b.machine, "C moves\n");
    return b;
}

static void a_delayed_message_is_heard_when_nothing_else_can_move(void **state)
{
    struct bench b = bench_delayed((struct machine_options){.seed = 1});
    struct machine_snapshot *late = machine_save(b.machine, NULL);

    (void)state;
    make_choices(b.machine, "C moves\nC moves\n");
    assert_choices(b.machine, "K1 hears K0\n");
    assert_false(machine_at_end(b.machine));
    machine_restore(b.machine, late);
    assert_choices(b.machine, "C moves\n");
    assert_int_equal(machine_run(b.machine, NULL, NULL), MACHINE_QUIET);
    assert_true(machine_status(b.machine, 0).through);
    machine_snapshot_free(late);
    bench_free(&b);
}

static void every_schedule_hears_a_delayed_message_last(void **state)
{
    static const enum machine_schedule schedules[] = {SCHEDULE_FIFO, SCHEDULE_RANDOM, SCHEDULE_PCT};

    (void)state;
    for (guint i = 0; i < 60; i++) {
        struct bench b = bench_delayed((struct machine_options){
            .seed = i, .schedule = schedules[i % G_N_ELEMENTS(schedules)]});
        GArray *choices = choices_new();
        machine_record(b.machine, choices);
        assert_int_equal(machine_run(b.machine, NULL, NULL), MACHINE_QUIET);
        assert_int_equal(choice_at(choices, 0)->kind, CHOICE_VPE);
        assert_int_equal(choice_at(choices, 1)->kind, CHOICE_VPE);
        assert_int_equal(choice_at(choices, 2)->kind, CHOICE_HEAR);
        assert_true(machine_status(b.machine, 0).through);
        g_array_unref(choices);
        bench_free(&b);
    }
}

static void an_exhausted_kernel_has_no_more_nodes_than_were_left(void **state)
{
    for (uint32_t left = 0; left <= MACHINE_EXHAUST_MAX; left++) {
        struct bench b = bench_new("vpe A\nfault exhaust K0\n"
                                   "program A\n"
                                   "    a = creategate 0 20 label=1 ep=2 credits=3\n"
                                   "    b = creategate 0 21 label=1 ep=2 credits=3\n");
        struct machine_choice fault = {CHOICE_FAULT, 0, left};
        struct outcome *outcome;
        const uint8_t *results;
        assert_true(machine_choose(b.machine, &fault));
        assert_choices(b.machine, "A moves\n");
        assert_int_equal(machine_run(b.machine, NULL, NULL), MACHINE_QUIET);
        outcome = machine_outcome(b.machine);
        results = outcome_vpe(outcome, 0)->results->data;
        /* A gate takes two: itself and its capability. */
        assert_int_equal(results[0], left >= 2 ? RESCIND_NO_ERROR : RESCIND_OUT_OF_MEM);
        assert_int_equal(results[1], RESCIND_OUT_OF_MEM);
        outcome_free(outcome);
        bench_free(&b);
    }
    (void)state;
}

static void vpes_are_numbered_over_all_kernels_in_the_files_order(void **state)
{
    struct bench b = bench_new("kernel left\nkernel right\n"
                               "vpe A @ right\nvpe B @ left\nvpe C @ right\n");
    uint32_t kernel, local;

    (void)state;
    assert_int_equal(machine_kernels(b.machine), 2);
    assert_string_equal(machine_kernel_name(b.machine, 1), "right");
    assert_int_equal(machine_vpes(b.machine), 3);
    machine_place(b.machine, 2, &kernel, &local);
    assert_int_equal(kernel, 1);
    assert_int_equal(local, 1);
    assert_int_equal(machine_vpe_at(b.machine, 1, 0), 0);
    assert_int_equal(machine_vpe_at(b.machine, 0, 0), 1);
    bench_free(&b);
}

static void sixty_four_kernels_are_cheap(void **state)
{
    struct machine_options options = {
        .kernels = 64, .vpes = 192, .nodes = 1u << 16, .audit = AUDIT_SPARSE};
    struct machine *m = machine_new(&options, NULL);

    (void)state;
    assert_non_null(m);
    for (uint32_t i = 0; i < 64; i++) {
        int vpe = machine_vpe(m, i, "V");
        assert_int_equal(vpe, i);
        machine_function(m, i, nothing, NULL);
    }
    assert_int_equal(machine_run(m, NULL, NULL), MACHINE_QUIET);
    assert_int_equal(machine_time(m), 64);
    machine_free(m);
    options.kernels = 65;
    assert_null(machine_new(&options, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(choices_come_in_order_and_a_wait_is_passed_with_the_step_before),
        cmocka_unit_test(what_is_no_choice_is_not_possible),
        cmocka_unit_test(work_on_each_task_of_the_line_is_a_choice),
        cmocka_unit_test(what_a_choice_did_can_be_observed),
        cmocka_unit_test(a_kill_strikes_once_and_is_possible_while_its_vpe_lives),
        cmocka_unit_test(a_machine_is_at_its_end_when_only_faults_are_left),
        cmocka_unit_test(under_fifo_no_fault_strikes_and_under_others_some_do),
        cmocka_unit_test(a_recorded_schedule_does_the_same_again),
        cmocka_unit_test(following_stops_where_a_choice_is_not_there),
        cmocka_unit_test(a_seed_repeats_its_schedule_and_others_differ),
        cmocka_unit_test(pct_of_depth_1_lets_the_highest_priority_move_until_it_cant),
        cmocka_unit_test(a_schedule_in_words_is_the_same_schedule),
        cmocka_unit_test(every_kind_of_choice_has_its_words),
        cmocka_unit_test(other_words_are_refused_with_their_line),
        cmocka_unit_test(a_restored_machine_has_the_same_future),
        cmocka_unit_test(a_restored_machine_can_be_run),
        cmocka_unit_test(the_order_of_what_does_not_matter_is_not_in_the_number),
        cmocka_unit_test(an_answer_and_a_fault_are_in_the_number),
        cmocka_unit_test(a_machine_with_c_functions_cant_be_saved_and_one_of_steps_can),
        cmocka_unit_test(every_message_arrives_once_and_in_order),
        cmocka_unit_test(a_parent_on_another_kernel_is_found),
        cmocka_unit_test(the_derivation_tree_goes_across_kernels),
        cmocka_unit_test(interrupts_are_choices),
        cmocka_unit_test(a_machine_with_a_board_is_restored),
        cmocka_unit_test(a_delayed_message_is_heard_when_nothing_else_can_move),
        cmocka_unit_test(every_schedule_hears_a_delayed_message_last),
        cmocka_unit_test(an_exhausted_kernel_has_no_more_nodes_than_were_left),
        cmocka_unit_test(vpes_are_numbered_over_all_kernels_in_the_files_order),
        cmocka_unit_test(sixty_four_kernels_are_cheap),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

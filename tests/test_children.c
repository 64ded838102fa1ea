/* VPEs that others make, in the machine: their programs, names and accounts, those that nobody
 * knows, and all that belongs to them in snapshots and in the state's number. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "rescind/startup.h"
#include "sim/derivation.h"
#include "sim/machine.h"
#include "tests/machines.h"

static const char family[] = "vpe Parent\n"
                             "child Child\n"
                             "program Parent\n"
                             "    createvpe 10 11 Child\n"
                             "    vpectrl 10 start\n"
                             "    vpectrl 10 wait is=3\n"
                             "    revoke 10\n"
                             "program Child\n"
                             "    creategate 0 20 label=1 ep=2 credits=3\n"
                             "    exit 3\n";

static const uint8_t *results(const struct outcome *outcome, guint vpe)
{
    return outcome_vpe(outcome, vpe)->results->data;
}

static void a_child_runs_once_it_is_made_and_started(void **state)
{
    struct bench b = bench_new(family);
    struct outcome *outcome;
    uint32_t kernel, local;

    (void)state;
    assert_choices(b.machine, "Parent moves\n");
    assert_true(machine_status(b.machine, 1).asleep);
    machine_place(b.machine, 1, &kernel, &local);
    assert_true(kernel == 0 && local == MACHINE_NO_VPE);
    make_choices(b.machine, "Parent moves\n");
    assert_choices(b.machine, "Parent moves\n");
    assert_true(machine_status(b.machine, 1).asleep);
    machine_place(b.machine, 1, &kernel, &local);
    assert_int_equal(local, 1);
    assert_int_equal(machine_vpe_at(b.machine, 0, 1), 1);
    make_choices(b.machine, "Parent moves\n");
    assert_false(machine_status(b.machine, 1).asleep);
    assert_choices(b.machine, "Parent moves\nChild moves\n");
    make_choices(b.machine, "Child moves\nParent moves\nChild moves\n");
    assert_int_equal(machine_run(b.machine, NULL, NULL), MACHINE_QUIET);
    assert_true(machine_status(b.machine, 1).ended && machine_status(b.machine, 0).through);
    outcome = machine_outcome(b.machine);
    assert_memory_equal(results(outcome, 0), "\0\0\0\0", 4);
    assert_true(outcome_vpe(outcome, 1)->ended && !outcome_vpe(outcome, 1)->stuck);
    assert_int_equal(results(outcome, 1)[0], RESCIND_NO_ERROR);
    assert_int_equal(results(outcome, 1)[1], RESCIND_RESULT_NONE);
    outcome_free(outcome);
    bench_free(&b);
}

static void a_child_that_nobody_starts_is_not_stuck(void **state)
{
    static const char *const texts[] = {
        "vpe Parent\nchild Child\nprogram Child\n    noop\n",
        "vpe Parent\nchild Child\nprogram Parent\n    createvpe 10 11 Child\n"
        "program Child\n    noop\n",
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        struct bench b = bench_new(texts[i]);
        struct outcome *outcome;
        assert_int_equal(machine_run(b.machine, NULL, NULL), MACHINE_QUIET);
        outcome = machine_outcome(b.machine);
        assert_true(machine_status(b.machine, 1).asleep);
        assert_false(outcome_vpe(outcome, 1)->ended || outcome_vpe(outcome, 1)->stuck);
        assert_int_equal(results(outcome, 1)[0], RESCIND_RESULT_NONE);
        assert_int_equal(outcome_vpe(outcome, 1)->caps->len, i == 0 ? 0 : 2);
        outcome_free(outcome);
        bench_free(&b);
    }
}

/* The second of that name, and one that nobody has a program for. */
static const char strangers[] = "kernel K0 vpes=5\n"
                                "vpe Parent\n"
                                "child Child\n"
                                "program Parent\n"
                                "    createvpe 10 11 Child\n"
                                "    createvpe 12 13 Child\n"
                                "    createvpe 14 15 Other\n"
                                "    exchange delegate 12 14 20\n"
                                "    exchange obtain 12 30 0\n"
                                "    vpectrl 12 start\n"
                                "    vpectrl 10 start\n"
                                "    revoke 12\n"
                                "    revoke 14\n"
                                "    createvpe 16 17 Other\n"
                                "program Child\n"
                                "    noop\n";

static void count_report(void *context, const struct machine_report *r)
{
    guint *counts = context;

    counts[r->kind]++;
    if (r->kind == REPORT_CREATED)
        assert_true((r->vpe == 1) == (r->value == 1));
    if (r->vpe == MACHINE_NO_VPE)
        assert_null(r->vpe_name);
}

static void a_vpe_that_nobody_knows_disturbs_nobody(void **state)
{
    static const enum machine_schedule schedules[] = {SCHEDULE_FIFO, SCHEDULE_RANDOM, SCHEDULE_PCT};

    (void)state;
    for (guint i = 0; i < 30; i++) {
        guint counts[REPORT_STARTED + 1] = {0};
        struct bench b =
            bench_with(strangers, (struct machine_options){.seed = i,
                                                           .schedule = schedules[i % 3],
                                                           .watch = 12,
                                                           .report = count_report,
                                                           .context = counts});
        struct outcome *outcome;
        assert_int_equal(machine_run(b.machine, NULL, NULL), MACHINE_QUIET);
        outcome = machine_outcome(b.machine);
        for (guint call = 0; call < 10; call++)
            assert_int_equal(results(outcome, 0)[call], RESCIND_NO_ERROR);
        assert_true(machine_status(b.machine, 1).through);
        assert_int_equal(counts[REPORT_CREATED], 4);
        assert_int_equal(counts[REPORT_STARTED], 1);
        outcome_free(outcome);
        bench_free(&b);
    }
}

static void what_a_stranger_holds_is_told_as_far_as_it_can_be(void **state)
{
    struct bench b = bench_new(strangers);
    struct outcome_cap cap;
    char *text;

    (void)state;
    make_choices(b.machine,
                 "Parent moves\nParent moves\nParent moves\nParent moves\nParent moves\n");
    assert_int_equal(machine_vpe_at(b.machine, 0, 2), MACHINE_NO_VPE);
    assert_true(machine_cap(b.machine, 0, RESCIND_TABLE_OBJECT, 30, &cap));
    assert_true(cap.has_parent);
    assert_int_equal(cap.parent_vpe, OUTCOME_OTHER_VPE);
    text = derivation_text(b.machine);
    assert_non_null(strstr(text, "Parent:30 vpe\n"));
    g_free(text);
    bench_free(&b);
}

/* What is done for a VPE that nobody knows can be chosen, and told, by its number. */
static void work_on_a_stranger_has_words(void **state)
{
    static const char text[] = "kernel K0 vpes=3\nvpe A\nprogram A\n    createvpe 10 11 Other\n"
                               "    exchange delegate 10 10 20\n    revoke 10\n";
    struct bench b = bench_with(text, (struct machine_options){.work = 1});
    struct machine_choice choice;
    bool seen = false;

    (void)state;
    assert_false(machine_choice_parse(b.machine, "K0 works on ?3", &choice));
    while (!machine_at_end(b.machine)) {
        GArray *choices = choices_new();
        machine_choices(b.machine, choices);
        for (guint i = 0; i < choices->len; i++) {
            char *words = machine_choice_text(b.machine, choice_at(choices, i));
            assert_true(machine_choice_parse(b.machine, words, &choice));
            assert_memory_equal(&choice, choice_at(choices, i), sizeof(choice));
            seen |= strcmp(words, "K0 works on ?1") == 0;
            g_free(words);
        }
        assert_true(machine_choose(b.machine, choice_at(choices, choices->len - 1)));
        g_array_unref(choices);
    }
    assert_true(seen);
    bench_free(&b);
}

/* A schedule is read before anything has happened, when the child has no number yet. */
static void work_on_a_child_can_be_read_before_there_is_one(void **state)
{
    struct bench b = bench_with(family, (struct machine_options){.work = 1});
    struct bench again = bench_with(family, (struct machine_options){.work = 1});
    GArray *made = choices_new(), *read;
    char *text, *error = NULL;
    guint at;

    (void)state;
    machine_record(b.machine, made);
    assert_int_equal(machine_run(b.machine, NULL, NULL), MACHINE_QUIET);
    text = machine_schedule_text(b.machine, made);
    assert_non_null(strstr(text, "K0 works on Child\n"));
    read = machine_schedule_parse(again.machine, "file", text, &error);
    assert_non_null(read);
    assert_int_equal(machine_follow(again.machine, read, &at, NULL, NULL), MACHINE_QUIET);
    assert_true(machine_hash(b.machine) == machine_hash(again.machine));
    g_free(text);
    text = machine_schedule_text(again.machine, read);
    assert_non_null(strstr(text, "K0 works on Child\n"));
    g_free(text);
    g_array_unref(read);
    g_array_unref(made);
    bench_free(&b);
    bench_free(&again);
}

/* A number that is used again is another VPE's then. */
static void a_number_is_used_again(void **state)
{
    static const char text[] = "kernel K0 vpes=2\nvpe Parent\nchild One\nchild Two\n"
                               "program Parent\n"
                               "    createvpe 10 11 One\n"
                               "    vpectrl 10 start\n"
                               "    vpectrl 10 wait is=5\n"
                               "    revoke 10\n    revoke 11\n"
                               "    createvpe 10 11 Two\n"
                               "    vpectrl 10 start\n"
                               "    vpectrl 10 wait is=6\n"
                               "program One\n    exit 5\n"
                               "program Two\n    exit 6\n";
    struct bench b = bench_new(text);
    struct outcome *outcome;
    uint32_t kernel, local;

    (void)state;
    assert_int_equal(machine_run(b.machine, NULL, NULL), MACHINE_QUIET);
    outcome = machine_outcome(b.machine);
    for (guint call = 0; call < 8; call++)
        assert_int_equal(results(outcome, 0)[call], RESCIND_NO_ERROR);
    for (guint vpe = 1; vpe < 3; vpe++) {
        machine_place(b.machine, vpe, &kernel, &local);
        assert_int_equal(local, vpe == 1 ? MACHINE_NO_VPE : 1);
        assert_true(outcome_vpe(outcome, vpe)->ended);
        assert_int_equal(outcome_vpe(outcome, vpe)->caps->len, 0);
    }
    outcome_free(outcome);
    bench_free(&b);
}

static void a_fault_strikes_no_child(void **state)
{
    struct bench b = bench_new(family);

    (void)state;
    machine_kill(b.machine, 1, 1);
    assert_true(machine_status(b.machine, 1).asleep);
    assert_int_equal(machine_grant(b.machine, 0, 40, 1), RESCIND_INV_ARGS);
    assert_int_equal(machine_grant(b.machine, 1, 40, 0), RESCIND_INV_ARGS);
    assert_int_equal(machine_quota(b.machine, 1, 10), RESCIND_INV_ARGS);
    bench_free(&b);
}

static void an_account_of_ones_own_is_empty_when_it_is(void **state)
{
    static const char text[] = "vpe Poor quota=2\nvpe Rich\n"
                               "program Poor\n    creategate 0 20 label=1 ep=2 credits=1\n"
                               "    creategate 0 21 label=1 ep=2 credits=1\n"
                               "    revoke 20\n"
                               "    creategate 0 22 label=1 ep=2 credits=1\n"
                               "program Rich\n    creategate 0 20 label=1 ep=2 credits=1\n"
                               "    creategate 0 21 label=1 ep=2 credits=1\n";
    struct bench b = bench_new(text);
    struct outcome *outcome;

    (void)state;
    assert_int_equal(machine_run(b.machine, NULL, NULL), MACHINE_QUIET);
    outcome = machine_outcome(b.machine);
    assert_int_equal(results(outcome, 0)[0], RESCIND_NO_ERROR);
    assert_int_equal(results(outcome, 0)[1], RESCIND_OUT_OF_MEM);
    assert_int_equal(results(outcome, 0)[3], RESCIND_NO_ERROR);
    assert_memory_equal(results(outcome, 1), "\0\0", 2);
    outcome_free(outcome);
    bench_free(&b);
}

static void what_a_module_wants_too_much_of_is_told(void **state)
{
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"kernel K0 nodes=300\nvpe A quota=200\n",
         "a pool of 100 nodes is too small for what is there at the start"},
        {"kernel K0 nodes=300 memory=16384\nvpe A quota=200\n",
         "a pool of 100 nodes and 16384 bytes of memory are too small for what is there at the "
         "start"},
    };
    const struct rescind_startup *header;

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct bench b = bench_parse(cases[i].text);
        GError *error = NULL;
        header = (void *)b.module->data;
        ((struct rescind_startup_kernel *)(void *)(b.module->data + header->kernels))->nodes = 100;
        assert_null(machine_load(&(struct machine_options){.seed = 1}, b.module->data, &error));
        assert_string_equal(error->message, cases[i].message);
        g_error_free(error);
        bench_free(&b);
    }
}

/* ---- Snapshots and the state's number ----------------------------------------------------- */

/* Two that send to a third, which answers one, and then takes the way to it away. */
static const char letters[] = "vpe Server\nvpe One\nvpe Two\n"
                              "grant Server 3 = vpe One\ngrant Server 4 = vpe Two\n"
                              "program Server\n"
                              "    attachrb 0 2 addr=0 order=7 msgorder=6\n"
                              "    creategate 0 20 label=5 ep=2 credits=2\n"
                              "    exchange delegate 3 20 20\n"
                              "    exchange delegate 4 20 20\n"
                              "    signal ready\n"
                              "    receive 2\n"
                              "    reply 2 7\n"
                              "    receive 2 nowait => any\n"
                              "    revoke 20\n"
                              "    receive 2 nowait => any\n"
                              "    ack 2 => any\n"
                              "program One\n"
                              "    attachrb 0 3 addr=0 order=7 msgorder=6\n"
                              "    wait ready\n"
                              "    activate 2 20 => any\n"
                              "    send 2 1 reply=3 label=9 => any\n"
                              "    send 2 2 => any\n"
                              "    receive 3 nowait => any\n"
                              "program Two\n"
                              "    wait ready\n"
                              "    activate 2 20 => any\n"
                              "    send 2 3 => any\n"
                              "    activate 2 none old=20 => any\n";

/* Children whose numbers depend on who comes first, and who are paid for. */
static const char nursery[] = "kernel K0 vpes=4\n"
                              "vpe A\nvpe B quota=100\n"
                              "child X\nchild Y\n"
                              "program A\n"
                              "    createvpe 10 11 X => any\n"
                              "    fund 10 5 => any\n"
                              "    vpectrl 10 start => any\n"
                              "    vpectrl 10 wait => any\n"
                              "    revoke 10 => any\n"
                              "program B\n"
                              "    createvpe 10 11 Y => any\n"
                              "    vpectrl 10 start => any\n"
                              "    revoke 10 => any\n"
                              "    createvpe 10 12 Y => any\n"
                              "program X\n"
                              "    creategate 0 20 label=1 ep=2 credits=3\n"
                              "    exit 3\n"
                              "program Y\n"
                              "    vpectrl 0 wait => any\n";

/* A page that two write to while it is taken away. */
static const char mapped[] = "vpe Parent\nchild Child\n"
                             "program Parent\n"
                             "    reqmem 12 size=4096 perms=rw\n"
                             "    createvpe 10 11 Child\n"
                             "    createmap 10 12 first=0 pages=1 0x10000 perms=rw\n"
                             "    createmap 0 12 first=0 pages=1 0x10001 perms=r\n"
                             "    vpectrl 10 start\n"
                             "    activate 2 12\n"
                             "    write 2 off=8 value=7\n"
                             "    load 0x10001008 => any\n"
                             "    store 0x10001008 value=1 => no-perm\n"
                             "    revoke 12 own=0\n"
                             "    load 0x10001008 => no-mapping\n"
                             "    reqmem 13 size=4096 perms=rw => any\n"
                             "    revoke 10\n"
                             "program Child\n"
                             "    store 0x10000008 value=8 => any\n"
                             "    load 0x10000008 is=7 => any\n"
                             "    store 0x10000008 value=9 => any\n";

/* Two clients of a service that denies one thing and grants another. */
static const char clients[] = "vpe Service\nvpe One\nvpe Two\n"
                              "program Service\n"
                              "    attachrb 0 2 addr=0 order=9 msgorder=8\n"
                              "    creategate 0 20 label=5 ep=2 credits=4\n"
                              "    creategate 0 30 label=6 ep=2 credits=4\n"
                              "    createsrv 20 21 echo\n"
                              "    signal ready\n"
                              "    receive 2\n"
                              "    reply 2 0,3 => any\n"
                              "    receive 2\n"
                              "    reply 2 0,4 => any\n"
                              "    receive 2\n"
                              "    reply 2 0 range=30:1 args=5 => any\n"
                              "    receive 2 nowait => any\n"
                              "    revoke 20\n"
                              "program One\n"
                              "    wait ready\n"
                              "    createsess 0 10 echo => any\n"
                              "    obtain 0 10 11:1 args=1 => any\n"
                              "    revoke 10 => any\n"
                              "program Two\n"
                              "    wait ready\n"
                              "    createsess 0 10 echo args=2 => any\n"
                              "    obtain 0 10 12:1 => any\n";

/* Questions to a pager that has too little room for them, and goes. */
static const char faults[] = "vpe Pager\nchild Child\nchild Other\n"
                             "program Pager\n"
                             "    attachrb 0 2 addr=0 order=7 msgorder=6\n"
                             "    creategate 0 20 label=5 ep=2 credits=9\n"
                             "    createvpe 10 11 Child pfgate=20 pfep=3\n"
                             "    createvpe 12 13 Other pfgate=20 pfep=3\n"
                             "    vpectrl 10 start\n"
                             "    vpectrl 12 start\n"
                             "    receive 2\n"
                             "    reply 2 0 => any\n"
                             "    detachrb 0 2\n"
                             "    revoke 12\n"
                             "program Child\n"
                             "    pagefault 0x1000 perms=r => any\n"
                             "    pagefault 0x2000 perms=w => any\n"
                             "program Other\n"
                             "    pagefault 0x3000 perms=r => any\n";

/* A child that is started and waited for from another kernel. */
static const char abroad[] = "kernel K0\nkernel K1\n"
                             "vpe Parent @ K0\nvpe Far @ K1\nchild Child @ K0\n"
                             "grant Parent 2 = vpe Far\n"
                             "fault kill Far\n"
                             "program Parent\n"
                             "    createvpe 10 11 Child\n"
                             "    exchange delegate 2 10 20 => any\n"
                             "    signal given\n"
                             "    vpectrl 10 wait => any\n"
                             "    revoke 10\n"
                             "program Far\n"
                             "    wait given\n"
                             "    vpectrl 20 start => any\n"
                             "    vpectrl 20 wait is=4 => any\n"
                             "program Child\n"
                             "    noop\n"
                             "    exit 4\n";

static const char *const lives[] = {family, strangers, letters, nursery,
                                    mapped, clients,   faults,  abroad};

static void a_restored_machine_has_the_same_future(void **state)
{
    GRand *random = g_rand_new_with_seed(7);

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(lives); i++) {
        struct bench b = bench_with(lives[i], (struct machine_options){.work = 1});
        struct bench other = bench_with(lives[i], (struct machine_options){.work = 1});
        struct machine_snapshot *start = machine_save(b.machine, NULL);
        for (guint round = 0; round < 40; round++) {
            machine_restore(b.machine, start);
            wander(&b, &other, random);
        }
        machine_snapshot_free(start);
        bench_free(&b);
        bench_free(&other);
    }
    g_rand_free(random);
}

/* What can be chosen in a state, what each choice shows, and which state it leads to. */
static char *future_of(struct machine *m)
{
    struct machine_snapshot *here = machine_save(m, NULL);
    GArray *choices = choices_new();
    GString *future = g_string_new(NULL);

    machine_choices(m, choices);
    for (guint i = 0; i < choices->len; i++) {
        char *words = machine_choice_text(m, choice_at(choices, i));
        const GArray *seen = machine_observed(m);
        if (!machine_choose(m, choice_at(choices, i)))
            fail_msg("%s: %s", words, machine_finding(m));
        g_string_append_printf(future, "%s:", words);
        for (guint j = 0; j < seen->len; j++) {
            const struct machine_observed *o = &g_array_index(seen, struct machine_observed, j);
            g_string_append_printf(future, " %u %u %u", o->kind, o->vpe, o->error);
        }
        g_string_append_printf(future, " -> %" G_GINT64_MODIFIER "x\n", machine_hash(m));
        machine_restore(m, here);
        g_free(words);
    }
    machine_snapshot_free(here);
    g_array_unref(choices);
    return g_string_free(future, FALSE);
}

/* From the start to an end by chance; the future of each state on the way is the one that a state
 * of this number has had before. */
static void compare_futures(struct machine *m, GHashTable *futures, GRand *random)
{
    GArray *choices = choices_new();

    while (!machine_at_end(m)) {
        int64_t number = (int64_t)machine_hash(m);
        char *future = future_of(m);
        const char *known = g_hash_table_lookup(futures, &number);
        if (known != NULL && strcmp(known, future) != 0)
            fail_msg("states of one number differ:\n%s\n%s", known, future);
        if (known == NULL)
            g_hash_table_insert(futures, g_memdup2(&number, sizeof(number)), future);
        else
            g_free(future);
        g_array_set_size(choices, 0);
        machine_choices(m, choices);
        assert_true(machine_choose(
            m, choice_at(choices, (guint)g_rand_int_range(random, 0, (gint32)choices->len))));
    }
    g_array_unref(choices);
}

static void states_of_one_number_have_one_future(void **state)
{
    GRand *random = g_rand_new_with_seed(11);

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(lives); i++) {
        GHashTable *futures = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, g_free);
        struct bench b = bench_with(lives[i], (struct machine_options){.work = 2});
        struct machine_snapshot *start = machine_save(b.machine, NULL);
        for (guint round = 0; round < 100; round++) {
            machine_restore(b.machine, start);
            compare_futures(b.machine, futures, random);
        }
        machine_snapshot_free(start);
        g_hash_table_unref(futures);
        bench_free(&b);
    }
    g_rand_free(random);
}

static void what_children_are_is_in_the_number(void **state)
{
    static const char two[] = "kernel K0 vpes=4\nvpe A\nvpe B\nchild X\nchild Y\n"
                              "program A\n    createvpe 10 11 X\n    fund 10 5\n"
                              "program B\n    createvpe 10 11 Y\n";

    (void)state;
    /* Which of them has the first number. */
    assert_false(hash_after(two, "A moves\nB moves\n") == hash_after(two, "B moves\nA moves\n"));
    assert_false(hash_after(family, "Parent moves\n") ==
                 hash_after(family, "Parent moves\nParent moves\n"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_child_runs_once_it_is_made_and_started),
        cmocka_unit_test(a_child_that_nobody_starts_is_not_stuck),
        cmocka_unit_test(a_vpe_that_nobody_knows_disturbs_nobody),
        cmocka_unit_test(what_a_stranger_holds_is_told_as_far_as_it_can_be),
        cmocka_unit_test(work_on_a_stranger_has_words),
        cmocka_unit_test(work_on_a_child_can_be_read_before_there_is_one),
        cmocka_unit_test(a_number_is_used_again),
        cmocka_unit_test(a_fault_strikes_no_child),
        cmocka_unit_test(an_account_of_ones_own_is_empty_when_it_is),
        cmocka_unit_test(what_a_module_wants_too_much_of_is_told),
        cmocka_unit_test(a_restored_machine_has_the_same_future),
        cmocka_unit_test(states_of_one_number_have_one_future),
        cmocka_unit_test(what_children_are_is_in_the_number),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

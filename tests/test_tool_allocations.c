/* Every large allocation of the tool fails once, in turn: arenas, snapshots, stacks, the states
 * that a search has seen, the trees of profiles. The tool says that there is no memory, its exit
 * status is 4, and it has given back all that it had. (That small things are given back too is for
 * AddressSanitizer and valgrind to find: tests/allocations.sh.)
 *
 * Each command is run again and again in this process, its first large allocation failing, then its
 * second, until it is through without a failure.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <glib.h>
#include <glib/gstdio.h>

#include "sim/memory.h"
#include "sim/states.h"
#include "sim/tool.h"
#include "tests/sanitized.h"

/* Allocations of a command that fail, at most, evenly spread; an argument may say another number. */
static uint64_t most = FEWER(4, 12, 150);
static uint64_t failed;
static char *folder; /* for what is written */

static char *said(FILE *stream)
{
    long size = ftell(stream);
    char *text = g_malloc0((gsize)size + 1);

    rewind(stream);
    assert_int_equal(fread(text, 1, (size_t)size, stream), size);
    return text;
}

/* The exit status of a command, in words; what it says on standard error is *text. */
static int run(const char *command, char **text)
{
    char **words = g_strsplit(command, " ", -1);
    int outputs[2] = {dup(STDOUT_FILENO), dup(STDERR_FILENO)}, status;
    FILE *out = tmpfile(), *err = tmpfile();

    fflush(stdout);
    dup2(fileno(out), STDOUT_FILENO);
    dup2(fileno(err), STDERR_FILENO);
    status = tool_main((int)g_strv_length(words), words);
    fflush(stdout);
    fseek(err, 0, SEEK_END);
    dup2(outputs[0], STDOUT_FILENO);
    dup2(outputs[1], STDERR_FILENO);
    close(outputs[0]);
    close(outputs[1]);
    *text = said(err);
    fclose(out);
    fclose(err);
    g_strfreev(words);
    return status;
}

/* With this allocation failing. False: there is none of this number. */
static bool fails(const char *command, uint64_t number)
{
    uint64_t failures = memory_failures();
    int64_t held = memory_held();
    char *text;
    int status;

    memory_fail_at(number);
    status = run(command, &text);
    memory_fail_at(0);
    if (memory_held() != held)
        fail_msg("%s, allocation %u: %d are not given back", command, (unsigned)number,
                 (int)(memory_held() - held));
    if (memory_failures() != failures &&
        (status != TOOL_MACHINE || strstr(text, "rescind: ") == NULL ||
         strstr(text, "no memory") == NULL))
        fail_msg("%s, allocation %u: exit status %d: %s", command, (unsigned)number, status, text);
    g_free(text);
    return memory_failures() != failures;
}

/* The command, which has this exit status where all is there. */
static void each_fails(const char *command, int status)
{
    uint64_t before = memory_asked(), all, stride;
    char *text;
    int good = run(command, &text);

    if (good != status)
        fail_msg("%s: exit status %d: %s", command, good, text);
    g_free(text);
    all = memory_asked() - before;
    assert_true(all > 0);
    stride = (all + most - 1) / most;
    for (uint64_t i = 1; i <= all; i += stride, failed++)
        assert_true(fails(command, i));
    assert_false(fails(command, all + 1));
}

static char *in_corpus(const char *file)
{
    return g_build_filename(g_getenv("RESCIND_TESTS"), "litmus", file, NULL);
}

/* A command with a file of the corpus behind it. */
static void each_fails_of(const char *command, const char *file, int status)
{
    char *path = in_corpus(file), *whole = g_strconcat(command, " ", path, NULL);

    each_fails(whole, status);
    g_free(whole);
    g_free(path);
}

static void run_needs_arenas_and_stacks(void **state)
{
    (void)state;
    each_fails_of("rescind run", "task06-6-delegate.litmus", TOOL_OK);
    each_fails_of("rescind run", "across-tree-over-four-kernels.litmus", TOOL_OK);
    each_fails_of("rescind run", "programs/echo-across-kernels.litmus", TOOL_OK);
    each_fails_of("rescind run --format json --schedule random", "programs/family.litmus", TOOL_OK);
    each_fails_of("rescind tree", "task06-program.litmus", TOOL_OK);
    each_fails_of("rescind tree --format json", "across-diamond.litmus", TOOL_OK);
}

static void explore_needs_snapshots_and_states(void **state)
{
    (void)state;
    each_fails_of("rescind explore --max-states 3000", "racy/across-crosswise.litmus", TOOL_SHORT);
    each_fails_of("rescind explore", "racy/revoke-crosswise.litmus", TOOL_OK);
    each_fails_of("rescind explore --strategy plain", "racy/fault-exhaust-alone.litmus", TOOL_OK);
    each_fails_of("rescind explore --shard 1/3", "racy/across-exit-of-both.litmus", TOOL_OK);
    each_fails_of("rescind explore --strategy random --max-schedules 20",
                  "racy/across-join-from-above.litmus", TOOL_SHORT);
    each_fails_of("rescind explore --strategy pct --max-schedules 4", "programs/pingpong.litmus",
                  TOOL_SHORT);
}

/* What it finds is made smaller, which asks for memory, too. */
static void explore_of_what_fails_says_what_it_could_not_do(void **state)
{
    char *schedule = g_build_filename(folder, "violation", NULL);
    char *command = g_strdup_printf("rescind explore --save-schedule %s", schedule);

    (void)state;
    each_fails_of(command, "failing/conditions.litmus", TOOL_FAIL);
    each_fails_of("rescind explore --format json", "failing/stuck.litmus", TOOL_FAIL);
    g_free(command);
    g_free(schedule);
}

static void replay_needs_arenas_and_stacks(void **state)
{
    static const char *const files[] = {"racy/across-crosswise.litmus", "programs/echo.litmus"};

    (void)state;
    for (guint i = 0; i < G_N_ELEMENTS(files); i++) {
        char *schedule = g_build_filename(folder, "schedule", NULL), *file = in_corpus(files[i]);
        char *record = g_strdup_printf("rescind run --save-schedule %s %s", schedule, file);
        char *command = g_strdup_printf("rescind replay --schedule-file %s", schedule), *text;
        assert_int_equal(run(record, &text), TOOL_OK);
        each_fails_of(command, files[i], TOOL_OK);
        g_free(text);
        g_free(command);
        g_free(record);
        g_free(file);
        g_free(schedule);
    }
}

static void profile_needs_arenas_stacks_and_trees(void **state)
{
    char *flame = g_build_filename(folder, "flame", NULL);
    char *burn = g_strdup_printf("rescind profile --size 50 --flame %s", flame);

    (void)state;
    each_fails("rescind profile --shape chain --size 100,200 --entries", TOOL_OK);
    each_fails("rescind profile --shape star --selectors random --size 100 --format json", TOOL_OK);
    each_fails("rescind profile --shape binary --selectors attack --size 100 --revoke recursive "
               "--frame log",
               TOOL_OK);
    each_fails("rescind profile --shape random --size 100 --revoke recursive --stack 65536",
               TOOL_OK);
    each_fails("rescind profile --shape chain --size 100 --kernels 3", TOOL_OK);
    each_fails("rescind profile --shape forest --size 200 --entries", TOOL_OK);
    each_fails(burn, TOOL_OK);
    g_free(burn);
    g_free(flame);
}

/* The trees; all that comes then is QEMU's. */
static void so_does_profile_on_the_pc(void **state)
{
    (void)state;
    for (uint64_t i = 1; i <= 4; i++) {
        assert_true(fails("rescind profile --boot --size 100", i));
        assert_true(fails("rescind profile --boot --beside --size 100", i));
        failed += 2;
    }
}

static void what_states_has_no_room_for_changes_nothing(void **state)
{
    struct states *s = states_new();
    uint64_t n = 1;

    (void)state;
    while (true) { /* until the table has to grow */
        memory_fail_at(1);
        bool there = states_put(s, n << 40, (uint32_t)n);
        memory_fail_at(0);
        if (!there)
            break;
        n++;
    }
    assert_int_equal(states_get(s, n << 40), 0);
    for (uint64_t i = 1; i < n; i++)
        assert_int_equal(states_get(s, i << 40), i);
    assert_true(states_put(s, n << 40, 7));
    assert_true(states_put(s, 0, 8)); /* a number like any other */
    assert_true(states_put(s, 1ull << 40, 9));
    assert_int_equal(states_get(s, n << 40), 7);
    assert_int_equal(states_get(s, 0), 8);
    assert_int_equal(states_get(s, 1ull << 40), 9);
    assert_int_equal(states_get(s, 2ull << 40), 2);
    states_free(s);
}

static void so_many_have_failed(void **state)
{
    (void)state;
    printf("%" G_GUINT64_FORMAT " large allocations of the tool have failed once each\n", failed);
    assert_true(failed >= MIN(most * 10, 500));
    assert_int_equal(memory_held(), 0);
}

static int make_folder(void **state)
{
    (void)state;
    folder = g_dir_make_tmp("rescind-XXXXXX", NULL);
    return folder == NULL;
}

static int remove_folder(void **state)
{
    static const char *const files[] = {"violation", "violation.litmus", "schedule", "flame"};

    (void)state;
    for (guint i = 0; i < G_N_ELEMENTS(files); i++) {
        char *file = g_build_filename(folder, files[i], NULL);
        g_unlink(file);
        g_free(file);
    }
    g_rmdir(folder);
    g_free(folder);
    return 0;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(run_needs_arenas_and_stacks),
        cmocka_unit_test(explore_needs_snapshots_and_states),
        cmocka_unit_test(explore_of_what_fails_says_what_it_could_not_do),
        cmocka_unit_test(replay_needs_arenas_and_stacks),
        cmocka_unit_test(profile_needs_arenas_stacks_and_trees),
        cmocka_unit_test(so_does_profile_on_the_pc),
        cmocka_unit_test(what_states_has_no_room_for_changes_nothing),
        cmocka_unit_test(so_many_have_failed),
    };

    if (argc > 1)
        most = MAX(g_ascii_strtoull(argv[1], NULL, 10), 1);
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}

/* Every large allocation of the tool fails once, in turn: arenas, snapshots, stacks, the states
 * that a search has seen, the trees of profiles. The tool says that there is no memory, its exit
 * status is 4, and it has given back all that it had. (That small things are given back too is for
 * AddressSanitizer and valgrind to find: tests/allocations.sh.)
 *
 * Each command is run again and again in this process, its first large allocation failing, then its
 * second, until it is through without a failure. After each of these (of a sample, after some) it
 * is run with memory back, and does what it did the first time.
 *
 *     test_tool_allocations                  commands of all kinds, some files of the corpus
 *     test_tool_allocations MOST             no more of each command than MOST, of fewer files
 *     test_tool_allocations --all FILE...    every one, under the files that are named
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

#include "rescind/sim.h"
#include "sim/memory.h"
#include "sim/states.h"
#include "sim/tool.h"
#include "tests/sanitized.h"

/* Allocations of a command that fail, at most, evenly spread; an argument may say another number.
 */
static uint64_t most = FEWER(4, 12, 150);
static uint64_t seldom = 20; /* after one failure in so many memory is back at once */
static uint64_t failed;
static uint64_t thinned = FEWER(20, 10, 1); /* one of so many files is tried */
static char *folder;                        /* for what is written */

/* What a command has said, and its exit status. */
struct said {
    int status;
    char *out, *err;
};

static char *read_all(FILE *stream)
{
    char *text;
    long size;

    fseek(stream, 0, SEEK_END);
    size = ftell(stream);
    text = g_malloc0((gsize)size + 1);
    rewind(stream);
    assert_int_equal(fread(text, 1, (size_t)size, stream), size);
    fclose(stream);
    return text;
}

/* The command's words are a shell's. */
static struct said run(const char *command)
{
    int outputs[2] = {dup(STDOUT_FILENO), dup(STDERR_FILENO)}, count;
    FILE *out = tmpfile(), *err = tmpfile();
    struct said said;
    char **words;

    assert_true(g_shell_parse_argv(command, &count, &words, NULL));
    fflush(stdout);
    dup2(fileno(out), STDOUT_FILENO);
    dup2(fileno(err), STDERR_FILENO);
    said.status = tool_main(count, words);
    fflush(stdout);
    dup2(outputs[0], STDOUT_FILENO);
    dup2(outputs[1], STDERR_FILENO);
    close(outputs[0]);
    close(outputs[1]);
    said.out = read_all(out);
    said.err = read_all(err);
    g_strfreev(words);
    return said;
}

static void said_clear(struct said *said)
{
    g_free(said->out);
    g_free(said->err);
}

/* With this allocation failing. False: there is none of this number. */
static bool fails(const char *command, uint64_t number)
{
    uint64_t failures = memory_failures();
    int64_t held = memory_held();
    struct said said;

    memory_fail_at(number);
    said = run(command);
    memory_fail_at(0);
    if (memory_held() != held)
        fail_msg("%s, allocation %u: %d are not given back", command, (unsigned)number,
                 (int)(memory_held() - held));
    if (memory_failures() != failures &&
        (said.status != TOOL_MACHINE || strstr(said.err, "rescind: ") == NULL ||
         strstr(said.err, "no memory") == NULL))
        fail_msg("%s, allocation %u: exit status %d: %s", command, (unsigned)number, said.status,
                 said.err);
    said_clear(&said);
    return memory_failures() != failures;
}

/* With memory back it does what it did; what it says may be of times (`timed`). */
static void again(const char *command, const struct said *then, bool timed)
{
    int64_t held = memory_held();
    struct said now = run(command);

    if (now.status != then->status || memory_held() != held ||
        (!timed && strcmp(now.out, then->out) != 0))
        fail_msg("%s, with memory back: exit status %d, not %d: %s%s", command, now.status,
                 then->status, now.out, now.err);
    said_clear(&now);
}

/* So many allocations of the command, at most, evenly spread, from the one of this number on. */
static void some_fail(const char *command, const struct said *good, uint64_t first, uint64_t most)
{
    uint64_t before = memory_asked(), all, stride;
    struct said second = run(command);
    bool timed = strcmp(good->out, second.out) != 0;

    all = memory_asked() - before;
    assert_true(all > 0);
    stride = most < all ? (all + most - 1) / most : 1;
    for (uint64_t i = first % stride + 1; i <= all; i += stride, failed++) {
        assert_true(fails(command, i));
        if (failed % seldom == 0)
            again(command, good, timed);
    }
    assert_false(fails(command, all + 1));
    said_clear(&second);
}

/* The command, which has this exit status where all is there. */
static void each_fails(const char *command, int status)
{
    struct said good = run(command);

    if (good.status != status)
        fail_msg("%s: exit status %d: %s", command, good.status, good.err);
    some_fail(command, &good, 0, most);
    said_clear(&good);
}

static char *in_corpus(const char *file)
{
    return g_build_filename(g_getenv("RESCIND_TESTS"), "litmus", file, NULL);
}

static char *with_file(const char *command, const char *path)
{
    char *quoted = g_shell_quote(path), *whole = g_strconcat(command, " ", quoted, NULL);

    g_free(quoted);
    return whole;
}

/* A command with a file of the corpus behind it. */
static void each_fails_of(const char *command, const char *file, int status)
{
    char *path = in_corpus(file), *whole = with_file(command, path);

    each_fails(whole, status);
    g_free(whole);
    g_free(path);
}

/* ---- Commands of all kinds ----------------------------------------------------------------- */

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
    each_fails_of("rescind explore --shard 1/3 --max-states 2000",
                  "racy/across-exit-of-both.litmus", TOOL_SHORT);
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
        char *save = g_strdup_printf("rescind run --save-schedule %s", schedule);
        char *record = with_file(save, file);
        char *command = g_strdup_printf("rescind replay --schedule-file %s", schedule);
        struct said said = run(record);
        assert_int_equal(said.status, TOOL_OK);
        each_fails_of(command, files[i], TOOL_OK);
        said_clear(&said);
        g_free(command);
        g_free(record);
        g_free(save);
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

static int ends_at_once(struct rescind_env *env)
{
    (void)env;
    return 0;
}

/* False: nothing has failed. */
static bool simulator_fails(uint64_t number)
{
    uint64_t failures = memory_failures();
    struct rescind_sim *sim;
    bool failing;

    memory_fail_at(number);
    sim = rescind_sim_new(&(struct rescind_sim_options){.kernels = 2});
    if (sim != NULL) {
        rescind_sim_add_vpe_on(sim, 0, "a", ends_at_once, NULL);
        rescind_sim_add_vpe_on(sim, 1, "b", ends_at_once, NULL);
        if (rescind_sim_run(sim) == RESCIND_SIM_BROKEN)
            assert_non_null(strstr(rescind_sim_message(sim), "no memory for the stack of "));
        else
            assert_int_equal(memory_failures(), failures);
    }
    memory_fail_at(0);
    rescind_sim_free(sim);
    assert_int_equal(memory_held(), 0);
    failing = memory_failures() != failures;
    assert_true(failing || sim != NULL);
    return failing;
}

static void a_user_of_the_library_is_told(void **state)
{
    uint64_t number = 1;

    (void)state;
    for (; simulator_fails(number); number++)
        failed++;
    assert_int_equal(number - 1, 2 + 2 * 2); /* arenas; stacks and their guards */
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

/* ---- The corpus ---------------------------------------------------------------------------- */

static void some_fail_of(const char *command, const char *path, uint64_t first, uint64_t most)
{
    char *whole = with_file(command, path);
    struct said good = run(whole);

    if (good.status != TOOL_OK && good.status != TOOL_SHORT && good.status != TOOL_USAGE)
        fail_msg("%s: exit status %d: %s", whole, good.status, good.err);
    if (good.status != TOOL_USAGE) /* of C programs every schedule can't be tried */
        some_fail(whole, &good, first, most);
    said_clear(&good);
    g_free(whole);
}

static const char *const of_every_file[] = {
    "rescind run",
    "rescind explore --max-states 200",
    "rescind explore --strategy random --max-schedules 2",
};

/* Of some files one allocation. */
static void check_folder(const char *folder)
{
    char *path = in_corpus(folder);
    GDir *dir = g_dir_open(path, 0, NULL);
    uint64_t files = 0;
    const char *name;

    assert_non_null(dir);
    while ((name = g_dir_read_name(dir)) != NULL) {
        char *file = g_build_filename(path, name, NULL);
        if (g_str_has_suffix(name, ".litmus") && files++ % thinned == 0)
            some_fail_of(of_every_file[files % G_N_ELEMENTS(of_every_file)], file, files, 1);
        g_free(file);
    }
    g_dir_close(dir);
    g_free(path);
}

static void so_do_files_of_the_corpus(void **state)
{
    (void)state;
    check_folder(".");
    check_folder("racy");
    check_folder("programs");
}

static int check_all(char **files)
{
    guint count = g_strv_length(files);

    seldom = 1;
    for (; *files != NULL; files++) {
        for (guint i = 0; i < G_N_ELEMENTS(of_every_file); i++)
            some_fail_of(of_every_file[i], *files, 0, UINT64_MAX);
    }
    printf("%u files, run and explored: %" G_GUINT64_FORMAT
           " large allocations of the tool have failed once each\n",
           count, failed);
    return 0;
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
        cmocka_unit_test(a_user_of_the_library_is_told),
        cmocka_unit_test(what_states_has_no_room_for_changes_nothing),
        cmocka_unit_test(so_do_files_of_the_corpus),
        cmocka_unit_test(so_many_have_failed),
    };

    if (argc > 1 && strcmp(argv[1], "--all") == 0)
        return check_all(argv + 2);
    if (argc > 1) {
        most = MAX(g_ascii_strtoull(argv[1], NULL, 10), 1);
        thinned = 20;
    }
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}

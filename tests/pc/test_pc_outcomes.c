/* The corpus' racy files on the PC and in the explorer: every outcome that is seen there is one
 * that this one reports.
 *
 * The arguments are litmus files, or none: then all of racy/ below RESCIND_TESTS. A file with
 * faults, which the PC does not have, is left out, and so is one that the explorer can't exhaust
 * within EXPLORE_SECONDS: it would prove nothing. RESCIND_IMAGE names the image; RESCIND_RUNS, how
 * often each file is booted.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>
#include <glib.h>
#include <string.h>

#include "sim/boot.h"
#include "sim/compile.h"
#include "sim/explore.h"
#include "sim/histogram.h"

enum { EXPLORE_SECONDS = 20, DEFAULT_RUNS = 5 };

struct explored {
    const struct litmus *litmus;
    GHashTable *keys; /* of outcomes */
};

static void add_outcome(void *context, const struct outcome *outcome,
                        const struct violation *violation)
{
    struct explored *e = context;

    (void)violation;
    g_hash_table_add(e->keys, histogram_key(e->litmus, outcome));
}

/* All outcomes there are. False: the explorer has come to a limit. */
static bool explore_all(struct explored *e)
{
    const struct explore_options options = {
        .keep_going = true,
        .max_seconds = EXPLORE_SECONDS,
        .end = add_outcome,
        .context = e,
    };
    GError *error = NULL;
    struct explore_result *result = explore(e->litmus, &options, &error);
    bool complete;

    if (result == NULL) {
        fail_msg("%s: %s", e->litmus->file, error->message);
    }
    complete = result->complete || result->limit == NULL;
    assert_null(result->mistake);
    explore_result_free(result);
    return complete;
}

static unsigned runs(void)
{
    const char *value = g_getenv("RESCIND_RUNS");

    return value != NULL ? (unsigned)atoi(value) : DEFAULT_RUNS;
}

/* Boots it under so many phases; returns how many different outcomes there were. */
static unsigned check_boots(const struct explored *e)
{
    GByteArray *module = compile(e->litmus, 0);
    GHashTable *seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    unsigned count;

    for (unsigned phase = 0; phase < runs(); phase++) {
        const struct boot_options options = {.phase = phase, .audit = true};
        GError *error = NULL;
        struct outcome *outcome = boot_run(module->data, module->len, &options, &error);
        char *key;

        if (outcome == NULL) {
            fail_msg("%s: %s", e->litmus->file, error->message);
        }
        key = histogram_key(e->litmus, outcome);
        if (!g_hash_table_contains(e->keys, key)) {
            fail_msg("%s: phase %u: the explorer does not know this: %s", e->litmus->file, phase,
                     key);
        }
        g_hash_table_add(seen, key);
        outcome_free(outcome);
    }
    count = g_hash_table_size(seen);
    g_hash_table_unref(seen);
    g_byte_array_unref(module);
    return count;
}

/* False: it was left out. */
static bool check_file(const char *file)
{
    char *error = NULL;
    struct litmus *litmus = litmus_read(file, &error);
    struct explored e = {litmus, NULL};
    bool whole;

    if (litmus == NULL) {
        fail_msg("%s", error);
    }
    e.keys = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    whole = litmus->faults->len == 0 && explore_all(&e);
    if (whole) {
        unsigned seen = check_boots(&e);

        print_message("%s: %u of %u outcomes\n", file, seen, g_hash_table_size(e.keys));
    } else {
        print_message("%s: left out\n", file);
    }
    g_hash_table_unref(e.keys);
    litmus_free(litmus);
    return whole;
}

static const char lost_child[] = "vpe A\n"
                                 "vpe B\n"
                                 "grant A 2 = vpe B\n"
                                 "program A\n"
                                 "    creategate 0 20 label=1 ep=2 credits=1\n"
                                 "    exchange delegate 2 20 30\n"
                                 "    revoke 20\n";

static void what_a_broken_kernel_shows_it_does_not_know(void **state)
{
    const struct boot_options options = {.image = g_getenv("RESCIND_BROKEN_IMAGE")};
    char *error = NULL;
    struct litmus *litmus = litmus_parse("lost-child", lost_child, strlen(lost_child), &error);
    struct explored e = {litmus, g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL)};
    GByteArray *module = compile(litmus, 0);
    struct outcome *outcome;
    char *key;

    (void)state;
    assert_null(error);
    assert_non_null(options.image);
    assert_true(explore_all(&e));
    assert_int_equal(g_hash_table_size(e.keys), 1);
    outcome = boot_run(module->data, module->len, &options, NULL);
    assert_non_null(outcome);
    key = histogram_key(litmus, outcome);
    assert_false(g_hash_table_contains(e.keys, key));
    g_free(key);
    outcome_free(outcome);
    outcome = boot_run(module->data, module->len, &(struct boot_options){0}, NULL);
    assert_non_null(outcome);
    key = histogram_key(litmus, outcome);
    assert_true(g_hash_table_contains(e.keys, key));
    g_free(key);
    outcome_free(outcome);
    g_byte_array_unref(module);
    g_hash_table_unref(e.keys);
    litmus_free(litmus);
}

static char **files;

static void what_the_pc_shows_the_explorer_knows(void **state)
{
    guint checked = 0;

    (void)state;
    for (char **file = files; *file != NULL; file++) {
        checked += check_file(*file);
    }
    assert_true(checked > 0);
    assert_true(2 * checked >= g_strv_length(files));
}

static gint compare(gconstpointer a, gconstpointer b)
{
    return g_strcmp0(*(char *const *)a, *(char *const *)b);
}

static char **racy_files(void)
{
    char *directory = g_build_filename(g_getenv("RESCIND_TESTS"), "litmus", "racy", NULL);
    GDir *dir = g_dir_open(directory, 0, NULL);
    GPtrArray *found = g_ptr_array_new();

    for (const char *name; dir != NULL && (name = g_dir_read_name(dir)) != NULL;) {
        if (g_str_has_suffix(name, ".litmus")) {
            g_ptr_array_add(found, g_build_filename(directory, name, NULL));
        }
    }
    g_ptr_array_sort(found, compare);
    g_ptr_array_add(found, NULL);
    g_clear_pointer(&dir, g_dir_close);
    g_free(directory);
    return (char **)g_ptr_array_free(found, FALSE);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_broken_kernel_shows_it_does_not_know),
        cmocka_unit_test(what_the_pc_shows_the_explorer_knows),
    };
    int failed;

    files = argc > 1 ? g_strdupv(argv + 1) : racy_files();
    failed = cmocka_run_group_tests_name("pc-outcomes", tests, NULL, NULL);
    g_strfreev(files);
    return failed;
}

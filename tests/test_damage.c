/* The audit of kernels in which some word is wrong.
 *
 * The corpus' files run under random schedules. Now and then a kernel is copied, one word of the
 * copy is overwritten, and the copy audited: the audit comes to an end whatever it meets, looks at
 * nothing outside, changes nothing, and has a name for what it has found. What lies where is the
 * one thing that it relies on (the offsets in struct rescind_kernel, and how many there are of
 * each). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <glib.h>

#include "base/arena.h"
#include "tests/machines.h"
#include "tests/sanitized.h"

enum {
    STEPS = 400,                  /* of a file, at most */
    STRIDE = SANITIZED ? 16 : 4,  /* between two copies, in steps */
    HARMS = SANITIZED ? 60 : 150, /* to each copy */
    AUDIT_ROWS = 64,              /* more than there are */
    ROWS_MET = 40,                /* that one word can break, at least */
    NOTICED = SANITIZED ? 500 : 5000
};

struct tally {
    GRand *random;
    bool met[AUDIT_ROWS];
    uint64_t noticed;
};

static void count(struct tally *tally, const struct rescind_finding *finding)
{
    const char *name, *sentence;

    for (unsigned i = 0; (name = rescind_kernel_audit_name(i, &sentence)) != NULL; i++) {
        if (strcmp(name, finding->name) != 0)
            continue;
        assert_in_range(i, 0, AUDIT_ROWS - 1);
        assert_string_equal(sentence, finding->sentence);
        tally->met[i] = true;
        tally->noticed++;
        return;
    }
    fail_msg("there is no row %s", finding->name);
}

/* Where a word may be wrong: in what the kernel keeps, but for where that is. */
static size_t draw_place(const struct rescind_kernel *k, GRand *random)
{
    const size_t from = offsetof(struct rescind_kernel, vpe_free);
    size_t at;

    do {
        at = (size_t)g_rand_int_range(random, (gint32)(from / 2),
                                      (gint32)(rescind_kernel_used(k) / 2)) *
             2;
    } while ((at >= offsetof(struct rescind_kernel, pool) &&
              at < offsetof(struct rescind_kernel, random)) ||
             (at >= k->rings && at < (size_t)k->pool.first * POOL_NODE_SIZE));
    return at;
}

static uint16_t draw_word(uint16_t old, const uint8_t *arena, size_t size, GRand *random)
{
    uint16_t other;

    memcpy(&other, arena + (size_t)g_rand_int_range(random, 0, (gint32)(size / 2)) * 2, 2);
    switch (g_rand_int_range(random, 0, 7)) {
    case 0:
        return 0;
    case 1:
        return UINT16_MAX;
    case 2:
        return (uint16_t)(old + 1);
    case 3:
        return (uint16_t)(old - 1);
    case 4:
        return other;
    default:
        return (uint16_t)(old ^ 1u << g_rand_int_range(random, 0, 16));
    }
}

/* One word is wrong. */
static void harm(struct rescind_kernel *k, size_t size, struct tally *tally)
{
    uint8_t *arena = (uint8_t *)k;
    size_t at = draw_place(k, tally->random);
    struct rescind_finding finding = {0};
    uint16_t old, word;

    memcpy(&old, arena + at, 2);
    word = draw_word(old, arena, size, tally->random);
    memcpy(arena + at, &word, 2);
    if (!rescind_kernel_audit(k, &finding))
        count(tally, &finding);
    memcpy(arena + at, &old, 2);
}

static void harm_all(const struct machine *m, struct tally *tally)
{
    for (uint32_t i = 0; i < machine_kernels(m); i++) {
        size_t size = rescind_kernel_used(machine_look(m, i));
        struct rescind_kernel *k = g_malloc(size);

        memcpy(k, machine_look(m, i), size);
        for (int n = 0; n < HARMS; n++)
            harm(k, size, tally);
        assert_true(rescind_kernel_audit(k, NULL));
        assert_memory_equal(k, machine_look(m, i), size);
        g_free(k);
    }
}

static void harm_file(const char *path, struct tally *tally)
{
    struct bench b;
    GArray *choices = choices_new();
    char *text;

    assert_true(g_file_get_contents(path, &text, NULL, NULL));
    b = bench_new(text);
    for (int step = 0; step < STEPS; step++) {
        g_array_set_size(choices, 0);
        machine_choices(b.machine, choices);
        if (choices->len == 0)
            break;
        assert_true(machine_choose(
            b.machine,
            choice_at(choices, (guint)g_rand_int_range(tally->random, 0, (gint32)choices->len))));
        if (step % STRIDE == 0)
            harm_all(b.machine, tally);
    }
    g_array_unref(choices);
    bench_free(&b);
    g_free(text);
}

static gint by_name(gconstpointer a, gconstpointer b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void whatever_word_is_wrong_the_audit_ends_and_names_a_row(void **state)
{
    static const char *const rooms[] = {"litmus", "litmus/racy"};
    struct tally tally = {.random = g_rand_new_with_seed(1)};
    unsigned rows = 0;

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(rooms); i++) {
        char *directory = g_build_filename(g_getenv("RESCIND_TESTS"), rooms[i], NULL);
        GDir *files = g_dir_open(directory, 0, NULL);
        GPtrArray *paths = g_ptr_array_new_with_free_func(g_free);

        assert_non_null(files);
        for (const char *name; (name = g_dir_read_name(files)) != NULL;) {
            if (g_str_has_suffix(name, ".litmus"))
                g_ptr_array_add(paths, g_build_filename(directory, name, NULL));
        }
        g_ptr_array_sort(paths, by_name);
        for (guint n = 0; n < paths->len; n++)
            harm_file(paths->pdata[n], &tally);
        g_ptr_array_unref(paths);
        g_dir_close(files);
        g_free(directory);
    }
    for (unsigned i = 0; i < AUDIT_ROWS; i++)
        rows += tally.met[i];
    assert_true(rows >= ROWS_MET);
    assert_true(tally.noticed >= NOTICED);
    g_rand_free(tally.random);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whatever_word_is_wrong_the_audit_ends_and_names_a_row),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

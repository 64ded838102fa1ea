/* Runs a fuzz target over files and folders of inputs, without libFuzzer: how `meson test` keeps
 * what the fuzzers have found, and a stand-in for a fuzzing engine. Usage:
 * replay-TARGET FILE|FOLDER...; a folder's files in the order of their names. With --drawn N, also
 * over N inputs drawn from a fixed generator; with --mutated N, over N that the target's own
 * mutator, where it has one, makes of the inputs that were given; with --keep FILE each input is
 * written there before it is run; with --calls, it fails unless every call that there is was made
 * and granted by then (fuzz/count.c). The target aborts when something is wrong; the input is named
 * before it is run. */
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DRAWN_MAX = 512, MUTATED_MAX = 4096, MUTATIONS_MAX = 8 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t most);
__attribute__((weak)) size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most,
                                                     unsigned seed);
__attribute__((weak)) size_t LLVMFuzzerCustomCrossOver(const uint8_t *one, size_t one_size,
                                                       const uint8_t *two, size_t two_size,
                                                       uint8_t *out, size_t most, unsigned seed);

__attribute__((weak)) int calls_missing(FILE *out, const char *not_granted);

static GPtrArray *inputs; /* GBytes: what has been run from files */
static GRand *generator;
static const char *keep; /* where what is drawn goes; or NULL */

static void run(const uint8_t *bytes, size_t size)
{
    if (keep != NULL)
        g_file_set_contents(keep, (const char *)bytes, (gssize)size, NULL);
    LLVMFuzzerTestOneInput(bytes, size);
}

/* What an engine would do, in its simplest form: a byte is another, comes in, or goes. */
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t most)
{
    size_t at = size > 0 ? (size_t)g_rand_int_range(generator, 0, (gint)size) : 0;
    gint what = g_rand_int_range(generator, 0, 3);

    if (size > 0 && (what == 0 || size >= most)) {
        data[at] = (uint8_t)g_rand_int(generator);
    } else if (size > 1 && what == 1) {
        memmove(data + at, data + at + 1, size - at - 1);
        size--;
    } else if (size < most) {
        memmove(data + at + 1, data + at, size - at);
        data[at] = (uint8_t)g_rand_int(generator);
        size++;
    }
    return size;
}

static int replay_file(const char *path)
{
    g_autofree char *bytes = NULL;
    g_autoptr(GError) error = NULL;
    gsize size = 0;
    if (!g_file_get_contents(path, &bytes, &size, &error)) {
        fprintf(stderr, "%s\n", error->message);
        return -1;
    }
    fprintf(stderr, "%s\n", path);
    run((const uint8_t *)bytes, size);
    g_ptr_array_add(inputs, g_bytes_new(bytes, size));
    return 1;
}

static int compare(gconstpointer a, gconstpointer b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The number of files run; -1: something can't be read. */
static int replay_folder(const char *path)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) files = g_ptr_array_new_with_free_func(g_free);
    GDir *folder = g_dir_open(path, 0, &error);
    if (!folder) {
        fprintf(stderr, "%s\n", error->message);
        return -1;
    }
    for (const char *name; (name = g_dir_read_name(folder));)
        g_ptr_array_add(files, g_build_filename(path, name, NULL));
    g_dir_close(folder);
    g_ptr_array_sort(files, compare);
    for (guint i = 0; i < files->len; i++)
        if (replay_file(g_ptr_array_index(files, i)) < 0)
            return -1;
    return (int)files->len;
}

static void replay_drawn(guint64 count)
{
    uint8_t bytes[DRAWN_MAX];
    for (guint64 i = 0; i < count; i++) {
        gsize size = (gsize)g_rand_int_range(generator, 0, sizeof bytes + 1);
        for (gsize at = 0; at < size; at++)
            bytes[at] = (uint8_t)g_rand_int(generator);
        run(bytes, size);
    }
}

static GBytes *any_input(void)
{
    return g_ptr_array_index(inputs, g_rand_int_range(generator, 0, (gint)inputs->len));
}

static void replay_mutated(guint64 count)
{
    uint8_t bytes[MUTATED_MAX], both[MUTATED_MAX];
    for (guint64 i = 0; i < count && inputs->len > 0 && LLVMFuzzerCustomMutator != NULL; i++) {
        gsize size, other_size;
        const uint8_t *input = g_bytes_get_data(any_input(), &size);
        const uint8_t *other = g_bytes_get_data(any_input(), &other_size);
        size = MIN(size, sizeof bytes);
        memcpy(bytes, input, size);
        if (LLVMFuzzerCustomCrossOver != NULL && i % 8 == 0) {
            size = LLVMFuzzerCustomCrossOver(input, size, other, MIN(other_size, sizeof bytes),
                                             both, sizeof both, g_rand_int(generator));
            memcpy(bytes, both, size);
        }
        for (gint n = g_rand_int_range(generator, 0, MUTATIONS_MAX); n >= 0; n--)
            size = LLVMFuzzerCustomMutator(bytes, size, sizeof bytes, g_rand_int(generator));
        if (size > sizeof bytes)
            abort();
        run(bytes, size);
    }
}

int main(int argc, char **argv)
{
    int total = 0;
    inputs = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
    generator = g_rand_new_with_seed(6);
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--drawn") == 0 && i + 1 < argc) {
            replay_drawn(g_ascii_strtoull(argv[++i], NULL, 10));
            continue;
        }
        if (strcmp(argv[i], "--keep") == 0 && i + 1 < argc) {
            keep = argv[++i];
            continue;
        }
        if (strcmp(argv[i], "--mutated") == 0 && i + 1 < argc) {
            replay_mutated(g_ascii_strtoull(argv[++i], NULL, 10));
            continue;
        }
        if (strcmp(argv[i], "--calls") == 0 && i + 1 < argc && calls_missing != NULL) {
            if (calls_missing(stdout, argv[++i]) > 0)
                return EXIT_FAILURE;
            continue;
        }
        bool folder = g_file_test(argv[i], G_FILE_TEST_IS_DIR);
        int count = folder ? replay_folder(argv[i]) : replay_file(argv[i]);
        if (count < 0)
            return EXIT_FAILURE;
        total += count;
    }
    printf("%d inputs\n", total);
    g_ptr_array_unref(inputs);
    g_rand_free(generator);
    return EXIT_SUCCESS;
}

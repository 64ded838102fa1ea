/* Runs a fuzz target over files and folders of inputs, without libFuzzer: how `meson test` keeps
 * what the fuzzers have found. Usage: replay-TARGET FILE|FOLDER...; a folder's files in the order
 * of their names. With --drawn N, also over N inputs drawn from a fixed generator; with --mutated
 * N, over N mutants of what has been run so far, for targets with a mutator of their own. The
 * target aborts when something is wrong; the input is named before it is run. */
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);
__attribute__((weak)) size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size,
                                                     unsigned seed);

enum { INPUT_MAX = 4096 };

static GPtrArray *inputs; /* of GBytes: the files that have been run */

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
    LLVMFuzzerTestOneInput((const uint8_t *)bytes, size);
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
    uint8_t bytes[512];
    GRand *generator = g_rand_new_with_seed(6);
    for (guint64 i = 0; i < count; i++) {
        gsize size = (gsize)g_rand_int_range(generator, 0, sizeof bytes + 1);
        for (gsize at = 0; at < size; at++)
            bytes[at] = (uint8_t)g_rand_int(generator);
        LLVMFuzzerTestOneInput(bytes, size);
    }
    g_rand_free(generator);
}

/* In place of libFuzzer's: a byte is another, or one more. */
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size)
{
    static guint32 drawn = 1;
    drawn = drawn * 1664525 + 1013904223;
    if (size == 0 || ((drawn & 0x100) != 0 && size < max_size))
        data[size++] = (uint8_t)(drawn >> 24);
    else
        data[(drawn >> 12) % size] = (uint8_t)(drawn >> 24);
    return size;
}

/* Each is that of a file, a few generations on. */
static void replay_mutated(guint64 count)
{
    uint8_t bytes[INPUT_MAX];
    GRand *generator = g_rand_new_with_seed(6);
    for (guint64 i = 0; i < count && inputs->len > 0; i++) {
        gsize size;
        const void *from = g_bytes_get_data(g_ptr_array_index(inputs, i % inputs->len), &size);
        size = MIN(size, sizeof bytes);
        if (size > 0)
            memcpy(bytes, from, size);
        for (int left = g_rand_int_range(generator, 1, 5); left > 0; left--)
            size = LLVMFuzzerCustomMutator(bytes, size, sizeof bytes, g_rand_int(generator));
        LLVMFuzzerTestOneInput(bytes, size);
    }
    g_rand_free(generator);
}

int main(int argc, char **argv)
{
    int total = 0;
    inputs = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--drawn") == 0 && i + 1 < argc) {
            replay_drawn(g_ascii_strtoull(argv[++i], NULL, 10));
            continue;
        }
        if (strcmp(argv[i], "--mutated") == 0 && i + 1 < argc && LLVMFuzzerCustomMutator) {
            replay_mutated(g_ascii_strtoull(argv[++i], NULL, 10));
            continue;
        }
        bool folder = g_file_test(argv[i], G_FILE_TEST_IS_DIR);
        int count = folder ? replay_folder(argv[i]) : replay_file(argv[i]);
        if (count < 0)
            return EXIT_FAILURE;
        total += count;
    }
    g_ptr_array_unref(inputs);
    printf("%d inputs\n", total);
    return EXIT_SUCCESS;
}

/* Runs a fuzz target over files and folders of inputs, without libFuzzer: how `meson test` keeps
 * what the fuzzers have found. Usage: replay-TARGET FILE|FOLDER...; a folder's files in the order
 * of their names. With --drawn N, also over N inputs drawn from a fixed generator. The target
 * aborts when something is wrong; the input is named before it is run. */
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

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

int main(int argc, char **argv)
{
    int total = 0;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--drawn") == 0 && i + 1 < argc) {
            replay_drawn(g_ascii_strtoull(argv[++i], NULL, 10));
            continue;
        }
        bool folder = g_file_test(argv[i], G_FILE_TEST_IS_DIR);
        int count = folder ? replay_folder(argv[i]) : replay_file(argv[i]);
        if (count < 0)
            return EXIT_FAILURE;
        total += count;
    }
    printf("%d inputs\n", total);
    return EXIT_SUCCESS;
}

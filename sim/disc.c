/* Discs that boot. See disc.h. */
#include "sim/disc.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#define PACKAGES "grub-common, grub-pc-bin, grub-efi-amd64-bin, xorriso and mtools"

/* Files on the disc, and directories, the inner ones first. */
#define IMAGE_FILE  "boot/rescind-pc99.elf"
#define MODULE_FILE "boot/startup"
#define MENU_FILE   "boot/grub/grub.cfg"
static const char *const files[] = {IMAGE_FILE, MODULE_FILE, MENU_FILE};
static const char *const directories[] = {"boot/grub", "boot", "."};

G_DEFINE_QUARK(rescind - disc - error, disc_error)

static bool lacks(const char *what, GError **error)
{
    g_set_error(error, DISC_ERROR, DISC_ERROR_TOOLS,
                "a disc can't be made without %s (Debian: the packages " PACKAGES ")", what);
    return false;
}

/* Without these grub-mkrescue makes discs that start on fewer machines, or none, and is content. */
static bool check_tools(GError **error)
{
    static const char *const commands[] = {"grub-mkrescue", "xorriso", "mformat"};
    static const char *const parts[] = {"i386-pc", "x86_64-efi"};
    char *grub = g_find_program_in_path("grub-mkrescue");
    char *bin = grub != NULL ? g_path_get_dirname(grub) : g_strdup("");
    bool good = true;

    for (size_t i = 0; i < G_N_ELEMENTS(commands) && good; i++) {
        char *found = g_find_program_in_path(commands[i]);

        good = found != NULL || lacks(commands[i], error);
        g_free(found);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(parts) && good; i++) {
        char *loader = g_build_filename(bin, "../lib/grub", parts[i], "multiboot2.mod", NULL);

        good = g_file_test(loader, G_FILE_TEST_EXISTS) || lacks(loader, error);
        g_free(loader);
    }
    g_free(bin);
    g_free(grub);
    return good;
}

static bool write_file(const char *root, const char *name, const void *bytes, size_t size,
                       GError **error)
{
    char *path = g_build_filename(root, name, NULL);
    bool good = g_file_set_contents(path, bytes, (gssize)size, error);

    g_free(path);
    return good;
}

static bool write_image(const char *root, const char *image, GError **error)
{
    GMappedFile *file = g_mapped_file_new(image, FALSE, error);
    bool good = file != NULL && write_file(root, IMAGE_FILE, g_mapped_file_get_contents(file),
                                           g_mapped_file_get_length(file), error);

    g_clear_pointer(&file, g_mapped_file_unref);
    return good;
}

/* What is to be on the disc, below `root`. */
static bool write_tree(const struct disc *disc, const char *root, GError **error)
{
    char *menu = g_strdup_printf("set timeout=0\n"
                                 "insmod all_video\n"
                                 "menuentry Rescind {\n"
                                 "    multiboot2 /" IMAGE_FILE " %s\n"
                                 "    module2 /" MODULE_FILE "\n"
                                 "}\n",
                                 disc->line);
    char *directory = g_build_filename(root, directories[0], NULL);
    bool good = g_mkdir_with_parents(directory, 0700) == 0;

    if (!good)
        g_set_error(error, DISC_ERROR, DISC_ERROR_FILE, "'%s' can't be made", directory);
    good = good && write_image(root, disc->image, error) &&
           write_file(root, MODULE_FILE, disc->module, disc->size, error) &&
           write_file(root, MENU_FILE, menu, strlen(menu), error);
    g_free(directory);
    g_free(menu);
    return good;
}

static void remove_tree(const char *root)
{
    for (size_t i = 0; i < G_N_ELEMENTS(files); i++) {
        char *path = g_build_filename(root, files[i], NULL);
        g_unlink(path);
        g_free(path);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(directories); i++) {
        char *path = g_build_filename(root, directories[i], NULL);
        g_rmdir(path);
        g_free(path);
    }
    g_rmdir(root);
}

static bool make(const char *root, const char *path, GError **error)
{
    const char *const words[] = {"grub-mkrescue", "-o", path, root, NULL};
    GSubprocessLauncher *launcher = g_subprocess_launcher_new(G_SUBPROCESS_FLAGS_STDOUT_SILENCE |
                                                              G_SUBPROCESS_FLAGS_STDERR_PIPE);
    GSubprocess *process = g_subprocess_launcher_spawnv(launcher, words, error);
    char *said = NULL;
    bool good =
        process != NULL && g_subprocess_communicate_utf8(process, NULL, NULL, NULL, &said, error);

    if (good &&
        !(g_subprocess_get_if_exited(process) && g_subprocess_get_exit_status(process) == 0)) {
        g_strchomp(said);
        g_set_error(error, DISC_ERROR, DISC_ERROR_FILE,
                    "grub-mkrescue failed: %s (Debian: it wants the packages " PACKAGES ")", said);
        good = false;
    }
    g_free(said);
    g_clear_object(&process);
    g_object_unref(launcher);
    return good;
}

/* grub-mkrescue says it in more lines than anybody wants to read. */
static bool check_path(const char *path, GError **error)
{
    int fd = g_open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);

    if (fd < 0)
        g_set_error(error, DISC_ERROR, DISC_ERROR_FILE, "the disc can't be written: %s",
                    g_strerror(errno));
    return fd >= 0 && close(fd) == 0;
}

bool disc_write(const struct disc *disc, const char *path, GError **error)
{
    char *root = check_tools(error) && check_path(path, error)
                     ? g_dir_make_tmp("rescind-disc-XXXXXX", error)
                     : NULL;
    bool good = root != NULL && write_tree(disc, root, error) && make(root, path, error);

    if (root != NULL)
        remove_tree(root);
    g_free(root);
    return good;
}

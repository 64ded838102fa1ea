/* Instructions of profiles; see profile_count.h. */
#include "sim/profile_count.h"

#include <gio/gio.h>
#include <string.h>

#include "sim/profile_report.h"

static void add(GPtrArray *arguments, const char *option, const char *word)
{
    g_ptr_array_add(arguments, g_strdup(option));
    g_ptr_array_add(arguments, g_strdup(word));
}

static void add_number(GPtrArray *arguments, const char *option, guint64 number)
{
    g_ptr_array_add(arguments, g_strdup(option));
    g_ptr_array_add(arguments, g_strdup_printf("%" G_GUINT64_FORMAT, number));
}

/* The same profile, under callgrind; it ends with NULL. */
static GPtrArray *command_of(const struct profile_options *o)
{
    static const char *const fixed[] = {"valgrind", "--tool=callgrind",
                                        "--callgrind-out-file=/dev/null",
                                        "--toggle-collect=measured*"};
    GPtrArray *arguments = g_ptr_array_new_with_free_func(g_free);

    for (guint i = 0; i < G_N_ELEMENTS(fixed); i++)
        g_ptr_array_add(arguments, g_strdup(fixed[i]));
    g_ptr_array_add(arguments, g_file_read_link("/proc/self/exe", NULL));
    g_ptr_array_add(arguments, g_strdup("profile"));
    add(arguments, "--shape", profile_shape_name(o->shape));
    add(arguments, "--selectors", profile_selectors_name(o->selectors));
    add(arguments, "--revoke", profile_revoke_name(o->walk != PROFILE_ITERATIVE));
    if (o->walk != PROFILE_ITERATIVE)
        add(arguments, "--frame", profile_frame_name(o->walk == PROFILE_RECURSIVE_LOGGING));
    add_number(arguments, "--size", o->size);
    add_number(arguments, "--kernels", o->kernels);
    add_number(arguments, "--seed", o->seed);
    g_ptr_array_add(arguments, NULL);
    return arguments;
}

/* The number behind "Collected :" in what callgrind says; 0: there is none. */
static guint64 collected(const char *text)
{
    const char *at = text != NULL ? strstr(text, "Collected : ") : NULL;

    return at != NULL ? g_ascii_strtoull(strchr(at, ':') + 1, NULL, 10) : 0;
}

bool profile_count(const struct profile_options *options, double *instructions, GError **error)
{
    GPtrArray *command = command_of(options);
    GSubprocess *valgrind = g_subprocess_newv(
        (const char *const *)command->pdata,
        G_SUBPROCESS_FLAGS_STDOUT_SILENCE | G_SUBPROCESS_FLAGS_STDERR_PIPE, error);
    char *said = NULL;
    bool good =
        valgrind != NULL && g_subprocess_communicate_utf8(valgrind, NULL, NULL, NULL, &said, error);

    if (valgrind == NULL) {
        g_prefix_error(error, "--instructions needs valgrind: ");
    } else if (good && !g_subprocess_get_successful(valgrind)) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED, "under valgrind the profile fails: %s",
                    said);
        good = false;
    } else if (good && collected(said) == 0) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED,
                    "valgrind has counted nothing: the tool's symbols are gone");
        good = false;
    }
    *instructions = good ? (double)collected(said) / options->size : 0;
    g_free(said);
    g_clear_object(&valgrind);
    g_ptr_array_unref(command);
    return good;
}

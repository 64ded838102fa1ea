/* The rescind tool: its commands, and what they share; see tool.h. */
#include "sim/tool.h"

#include <stdio.h>
#include <string.h>

#include "sim/print.h"

static const struct {
    const char *name;
    int (*run)(char **args);
    const char *what;
} commands[] = {
    {"run", tool_run, "run litmus files in the simulator, once each"},
    {"explore", tool_explore, "run litmus files under every schedule that matters"},
    {"replay", tool_replay, "run a litmus file under a recorded schedule, step by step"},
    {"boot", tool_boot, "run litmus files on QEMU's pc99, once each"},
    {"tree", tool_tree, "run a litmus file and print its derivation tree"},
    {"profile", tool_profile, "measure the stack, work and time of a revocation"},
    {"devices", tool_devices, "play transcripts of device accesses on models or on QEMU"},
};

static void usage(FILE *out)
{
    fputs("Usage: rescind COMMAND [OPTION...] [FILE...]\n\n"
          "A capability kernel on the host: run it, boot it, look into it.\n\nCommands:\n",
          out);
    for (size_t i = 0; i < G_N_ELEMENTS(commands); i++)
        fprintf(out, "  %-9s %s\n", commands[i].name, commands[i].what);
    fputs("\nOptions:\n"
          "  --help     this page; rescind COMMAND --help tells a command's options\n"
          "  --version  the version\n\n"
          "Exit status: 0 every verdict holds; 1 some verdict fails; 2 wrong usage; 3 a file that\n"
          "can't be read or is malformed; 4 the machine could not be run; 5 nothing is violated, "
          "but\n"
          "a limit cut explore short. See rescind(1) and, for the files, rescind-litmus(5).\n",
          out);
}

int tool_error(int status, const char *format, ...)
{
    va_list args;

    fputs("rescind: ", stderr);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    return status;
}

static void drop_first(char **args)
{
    g_free(args[0]);
    memmove(args, args + 1, (g_strv_length(args + 1) + 1) * sizeof(char *));
}

bool tool_options(char ***args, const GOptionEntry *entries, const char *parameters,
                  const char *summary, int *status)
{
    GOptionContext *context = g_option_context_new(parameters);
    GError *error = NULL;
    bool good;

    /* GLib prints the program's name before the command's own words. */
    char *name = g_strdup_printf("rescind %s", (*args)[0]);
    g_set_prgname(name);
    g_free(name);
    g_option_context_set_summary(context, summary);
    g_option_context_add_main_entries(context, entries, NULL);
    good = g_option_context_parse_strv(context, args, &error);
    g_option_context_free(context);
    if (good) {
        drop_first(*args);
        if (g_strcmp0((*args)[0], "--") == 0)
            drop_first(*args);
    } else {
        *status = tool_error(TOOL_USAGE, "%s", error->message);
        g_error_free(error);
    }
    return good;
}

bool tool_format(const char *format, bool *json, int *status)
{
    *json = g_strcmp0(format, "json") == 0;
    if (format == NULL || *json || strcmp(format, "text") == 0)
        return true;
    *status = tool_error(TOOL_USAGE, "--format is text or json, not %s", format);
    return false;
}

bool tool_number(const char *option, gint64 number, gint64 max, int *status)
{
    if (number >= 0 && number <= max)
        return true;
    *status =
        tool_error(TOOL_USAGE, "--%s is from 0 to %" G_GINT64_FORMAT ", not %" G_GINT64_FORMAT,
                   option, max, number);
    return false;
}

void tool_name_vpes(struct machine *machine, const struct litmus *litmus)
{
    for (guint i = 0; i < litmus->vpes->len; i++)
        machine_rename(machine, i, litmus_vpe(litmus, i)->name);
}

struct litmus *tool_litmus(const char *file)
{
    char *error = NULL;
    struct litmus *litmus = litmus_read(file, &error);

    if (litmus == NULL) {
        fprintf(stderr, "%s\n", error);
        g_free(error);
    }
    return litmus;
}

void tool_print(void *console, const char *text, size_t size)
{
    struct tool_console *c = console;

    fwrite(text, 1, size, c->json ? stderr : stdout);
    if (size > 0)
        c->open = text[size - 1] != '\n';
}

void tool_end_line(struct tool_console *console)
{
    if (console->open)
        tool_print(console, "\n", 1);
}

int tool_report(const struct litmus *litmus, const struct outcome *outcome, bool json,
                const char *replay)
{
    struct judgement *judgement = judge(litmus, outcome);
    char *text =
        json ? print_json(litmus, outcome, judgement) : print_text(litmus, outcome, judgement);
    int status = judgement->pass ? TOOL_OK : TOOL_FAIL;

    fputs(text, stdout);
    if (status != TOOL_OK) {
        char *file = g_shell_quote(litmus->file);
        fprintf(json ? stderr : stdout, "again: %s %s%s\n", replay,
                litmus->file[0] == '-' ? "-- " : "", file);
        g_free(file);
    }
    g_free(text);
    judgement_free(judgement);
    return status;
}

int tool_main(int argc, char **argv)
{
    if (argc < 2) {
        usage(stderr);
        return TOOL_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        usage(stdout);
        return TOOL_OK;
    }
    if (strcmp(argv[1], "--version") == 0) {
        puts("rescind " RESCIND_VERSION);
        return TOOL_OK;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(commands); i++) {
        if (strcmp(argv[1], commands[i].name) == 0)
            return commands[i].run(argv + 1);
    }
    return tool_error(TOOL_USAGE, "there is no command '%s'; rescind --help lists them", argv[1]);
}

/* rescind boot: each litmus file once, on QEMU's pc99. */
#include "sim/tool.h"

#include <stdio.h>
#include <string.h>

#include "sim/boot.h"
#include "sim/compile.h"
#include "sim/trace.h"
#include "rescind/startup.h"

struct boot_command {
    bool json;
    enum trace_level log;
    guint64 seed;
    guint work, watch;
    struct boot_options boot;
};

/* The command that runs a file again, without the file. */
static char *replay_command(const struct boot_command *command)
{
    GString *words = g_string_new("rescind boot");

    g_string_append_printf(words, " --seed %" G_GUINT64_FORMAT " --work %u", command->seed,
                           command->work);
    if (command->boot.machine != NULL)
        g_string_append_printf(words, " --machine %s", command->boot.machine);
    if (command->boot.icount)
        g_string_append(words, " --icount");
    if (command->boot.timeout != 0)
        g_string_append_printf(words, " --timeout %u", command->boot.timeout);
    if (command->boot.image != NULL) {
        char *image = g_shell_quote(command->boot.image);
        g_string_append_printf(words, " --image %s", image);
        g_free(image);
    }
    return g_string_free(words, FALSE);
}

static int boot_module(const struct litmus *litmus, const GByteArray *module,
                       const struct boot_command *command)
{
    struct boot_options options = command->boot;
    struct tool_console console = {.json = command->json};
    GError *error = NULL;
    struct outcome *outcome;
    char *replay;
    int status;

    options.console = g_string_new(NULL);
    options.text = g_string_new(NULL);
    outcome = boot_run(module->data, module->len, &options, &error);
    if (command->log != TRACE_NONE || outcome == NULL)
        fputs(options.console->str, stderr);
    if (outcome != NULL) {
        tool_print(&console, options.text->str, options.text->len);
        tool_end_line(&console);
        replay = replay_command(command);
        status = tool_report(litmus, outcome, command->json, replay);
        g_free(replay);
        outcome_free(outcome);
    } else {
        status = tool_error(TOOL_MACHINE, "%s: %s", litmus->file, error->message);
        g_error_free(error);
    }
    g_string_free(options.console, TRUE);
    g_string_free(options.text, TRUE);
    return status;
}

static int boot_file(const char *file, const struct boot_command *command)
{
    struct litmus *litmus = tool_litmus(file);
    struct rescind_startup *header;
    GByteArray *module;
    int status;

    if (litmus == NULL)
        return TOOL_BAD_FILE;
    module = compile(litmus, command->seed);
    header = (struct rescind_startup *)(void *)module->data;
    header->work = command->work;
    header->watch = command->watch;
    status = boot_module(litmus, module, command);
    g_byte_array_unref(module);
    litmus_free(litmus);
    return status;
}

int tool_boot(char **argv)
{
    char *format = NULL, *machine = NULL, *image = NULL, *log = NULL;
    gint64 seed = 0, work = 0, watch = 0, timeout = 0;
    gboolean icount = FALSE;
    const GOptionEntry entries[] = {
        {"format", 0, 0, G_OPTION_ARG_STRING, &format, "text (the default) or json", "FORMAT"},
        {"machine", 0, 0, G_OPTION_ARG_STRING, &machine, "QEMU's: q35 (the default) or pc", "NAME"},
        {"image", 0, 0, G_OPTION_ARG_FILENAME, &image,
         "the kernel image (the one that belongs to this tool)", "FILE"},
        {"seed", 0, 0, G_OPTION_ARG_INT64, &seed,
         "of the kernel's secret (0: the machine draws one)", "N"},
        {"work", 0, 0, G_OPTION_ARG_INT64, &work, "capabilities that the kernel may touch an event",
         "N"},
        {"watch", 0, 0, G_OPTION_ARG_INT64, &watch,
         "print the derivation tree around REVOKEs of a range from selector SEL", "SEL"},
        {"icount", 0, 0, G_OPTION_ARG_NONE, &icount, "a tick an instruction: every run is the same",
         NULL},
        {"timeout", 0, 0, G_OPTION_ARG_INT64, &timeout, "stop QEMU after so long (60 and more)",
         "SECONDS"},
        {"log", 0, 0, G_OPTION_ARG_STRING, &log,
         "none (the default), or info: the machine's console on standard error", "LEVEL"},
        {NULL, 0, 0, 0, NULL, NULL, NULL},
    };
    struct boot_command command = {0};
    char **args = g_strdupv(argv);
    int status = TOOL_OK;

    if (tool_options(&args, entries, "FILE...",
                     "Runs each litmus file once on QEMU's pc99 and judges it.", &status) &&
        tool_number("seed", seed, G_MAXINT64, &status) &&
        tool_number("work", work, G_MAXINT32, &status) &&
        tool_number("watch", watch, G_MAXUINT32, &status) &&
        tool_number("timeout", timeout, 86400, &status) &&
        tool_format(format, &command.json, &status)) {
        command.seed = (guint64)seed;
        command.work = (guint)work;
        command.watch = (guint)watch;
        command.boot = (struct boot_options){
            .image = image,
            .machine = machine,
            .icount = icount,
            .timeout = (guint)timeout,
        };
        if (args[0] == NULL)
            status = tool_error(TOOL_USAGE, "boot needs a FILE");
        else if (!trace_level(log, &command.log) || command.log == TRACE_DEBUG)
            status = tool_error(TOOL_USAGE, "--log is none or info, not %s", log);
        else if (machine != NULL && strcmp(machine, "q35") != 0 && strcmp(machine, "pc") != 0)
            status = tool_error(TOOL_USAGE, "--machine is q35 or pc, not %s", machine);
        for (char **file = args; status != TOOL_USAGE && *file != NULL; file++) {
            int one = boot_file(*file, &command);
            status = MAX(status, one);
        }
    }
    g_strfreev(args);
    g_free(format);
    g_free(machine);
    g_free(image);
    g_free(log);
    return status;
}

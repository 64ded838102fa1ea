/* rescind run: each litmus file once, in the simulator. */
#include "sim/tool.h"

#include <stdio.h>
#include <string.h>

#include "sim/compile.h"
#include "user/startup.h"

struct run_options {
    bool json, random, log;
    guint64 seed;
    guint work, watch;
    enum machine_audit audit;
};

static int run_machine(const struct litmus *litmus, const GByteArray *module,
                       const struct run_options *options)
{
    struct tool_console console = {.json = options->json};
    struct machine_options machine_options = {
        .seed = options->seed,
        .random = options->random,
        .work = options->work,
        .watch = options->watch,
        .audit = options->audit,
        .print = tool_print,
        .log = options->log ? tool_log : NULL,
        .context = &console,
    };
    GError *error = NULL;
    struct machine *machine = machine_load(&machine_options, module->data, &error);
    char *replay;
    int status;

    if (machine == NULL) {
        status = tool_error(TOOL_MACHINE, "%s: %s", litmus->file, error->message);
        g_error_free(error);
        return status;
    }
    enum machine_end end = machine_run(machine, NULL, NULL);
    struct outcome *outcome = machine_outcome(machine);
    replay = options->random
                 ? g_strdup_printf("rescind run --schedule random --seed %" G_GUINT64_FORMAT
                                   " --work %u",
                                   options->seed, options->work)
                 : g_strdup_printf("rescind run --seed %" G_GUINT64_FORMAT " --work %u",
                                   options->seed, options->work);
    status = tool_report(litmus, outcome, options->json, replay);
    if (end == MACHINE_BROKEN)
        status = tool_error(TOOL_FAIL, "%s: %s", litmus->file, machine_finding(machine));
    g_free(replay);
    outcome_free(outcome);
    machine_free(machine);
    return status;
}

static int run_file(const char *file, const struct run_options *options)
{
    struct litmus *litmus = tool_litmus(file);
    GByteArray *module;
    int status;

    if (litmus == NULL)
        return TOOL_BAD_FILE;
    module = compile(litmus, options->seed);
    status = run_machine(litmus, module, options);
    g_byte_array_unref(module);
    litmus_free(litmus);
    return status;
}

/* The words of --schedule and --audit. */
static bool choose(struct run_options *options, const char *schedule, const char *audit,
                   int *status)
{
    options->random = g_strcmp0(schedule, "random") == 0;
    if (schedule != NULL && !options->random && strcmp(schedule, "fifo") != 0) {
        *status = tool_error(TOOL_USAGE, "--schedule is fifo or random, not %s", schedule);
        return false;
    }
    options->audit = machine_default_audit();
    if (g_strcmp0(audit, "always") == 0)
        options->audit = AUDIT_ALWAYS;
    else if (g_strcmp0(audit, "sparse") == 0)
        options->audit = AUDIT_SPARSE;
    else if (g_strcmp0(audit, "never") == 0)
        options->audit = AUDIT_NEVER;
    else if (audit != NULL) {
        *status = tool_error(TOOL_USAGE, "--audit is always, sparse or never, not %s", audit);
        return false;
    }
    return true;
}

int tool_run(char **argv)
{
    char *format = NULL, *schedule = NULL, *audit = NULL;
    gint64 seed = 0;
    gint work = 0, watch = 0;
    gboolean log = FALSE;
    const GOptionEntry entries[] = {
        {"format", 0, 0, G_OPTION_ARG_STRING, &format, "text (the default) or json", "FORMAT"},
        {"schedule", 0, 0, G_OPTION_ARG_STRING, &schedule, "fifo (the default) or random", "NAME"},
        {"seed", 0, 0, G_OPTION_ARG_INT64, &seed, "of the kernel's secret and of random (0)", "N"},
        {"work", 0, 0, G_OPTION_ARG_INT, &work,
         "capabilities that the kernel may touch an event", "N"},
        {"audit", 0, 0, G_OPTION_ARG_STRING, &audit,
         "check the kernel's invariants: always, sparse (as often as is cheap) or never", "WHEN"},
        {"watch", 0, 0, G_OPTION_ARG_INT, &watch,
         "print the derivation tree around REVOKEs of a range from selector SEL", "SEL"},
        {"log", 0, 0, G_OPTION_ARG_NONE, &log, "the kernel's answers on standard error", NULL},
        {NULL, 0, 0, 0, NULL, NULL, NULL},
    };
    struct run_options options = {0};
    char **args = g_strdupv(argv);
    int status = TOOL_OK;

    if (tool_options(&args, entries, "FILE...",
                     "Runs each litmus file once in the simulator and judges it.", &status) &&
        tool_format(format, &options.json, &status) &&
        choose(&options, schedule, audit, &status)) {
        options.seed = (guint64)seed;
        options.work = (guint)MAX(work, 0);
        options.watch = (guint)MAX(watch, 0);
        options.log = log;
        if (args[0] == NULL)
            status = tool_error(TOOL_USAGE, "run needs a FILE");
        for (char **file = args; *file != NULL; file++) {
            int one = run_file(*file, &options);
            status = MAX(status, one);
        }
    }
    g_strfreev(args);
    g_free(format);
    g_free(schedule);
    g_free(audit);
    return status;
}

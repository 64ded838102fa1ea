/* rescind run: each litmus file once, in the simulator. */
#include "sim/tool.h"

#include <stdio.h>
#include <string.h>

#include "sim/compile.h"
#include "sim/memory.h"
#include "sim/trace.h"

struct run_options {
    bool json;
    enum machine_schedule schedule;
    struct trace *trace;
    guint64 seed;
    guint work, watch, depth;
    enum machine_audit audit;
    const char *save; /* where the schedule goes; NULL: nowhere */
};

/* Where a machine's text and events go. */
struct run_context {
    struct tool_console console;
    struct trace *trace;
};

static void print(void *context, const char *text, size_t size)
{
    tool_print(&((struct run_context *)context)->console, text, size);
}

static void report(void *context, const struct machine_report *report)
{
    trace_report(((struct run_context *)context)->trace, report);
}

/* The command that does the same again, without the file. */
static char *replay_command(const struct run_options *options)
{
    static const char *const words[] = {
        [SCHEDULE_FIFO] = "", [SCHEDULE_RANDOM] = " --schedule random", [SCHEDULE_PCT] = ""};
    char *pct = options->schedule == SCHEDULE_PCT
                    ? g_strdup_printf(" --schedule pct --depth %u", options->depth)
                    : g_strdup("");
    char *command = g_strdup_printf("rescind run%s%s --seed %" G_GUINT64_FORMAT " --work %u",
                                    words[options->schedule], pct, options->seed, options->work);

    g_free(pct);
    return command;
}

/* Writes the schedule that the machine has gone through. */
static int save_schedule(const struct machine *machine, const GArray *choices, const char *file)
{
    char *text = machine_schedule_text(machine, choices);
    GError *error = NULL;
    int status = TOOL_OK;

    if (!g_file_set_contents(file, text, -1, &error)) {
        status = tool_error(TOOL_BAD_FILE, "%s", error->message);
        g_error_free(error);
    }
    g_free(text);
    return status;
}

static int run_machine(const struct litmus *litmus, const GByteArray *module,
                       const struct run_options *options)
{
    struct run_context context = {.console.json = options->json, .trace = options->trace};
    struct machine_options machine_options = {
        .seed = options->seed,
        .schedule = options->schedule,
        .depth = options->depth,
        .work = options->work,
        .watch = options->watch,
        .audit = options->audit,
        .print = print,
        .report = report,
        .context = &context,
    };
    GArray *choices =
        options->save != NULL ? g_array_new(FALSE, FALSE, sizeof(struct machine_choice)) : NULL;
    GError *error = NULL;
    struct machine *machine = machine_load(&machine_options, module->data, &error);
    char *replay;
    int status;

    if (machine == NULL) {
        status = tool_error(TOOL_MACHINE, "%s: %s", litmus->file, error->message);
        g_error_free(error);
        g_clear_pointer(&choices, g_array_unref);
        return status;
    }
    tool_name_vpes(machine, litmus);
    if (choices != NULL)
        machine_record(machine, choices);
    uint64_t failures = memory_failures();
    enum machine_end end = machine_run(machine, NULL, NULL);
    struct outcome *outcome = machine_outcome(machine);
    tool_end_line(&context.console);
    replay = replay_command(options);
    status = tool_report(litmus, outcome, options->json, replay);
    if (end == MACHINE_BROKEN)
        status = tool_error(memory_failures() != failures ? TOOL_MACHINE : TOOL_FAIL, "%s: %s",
                            litmus->file, machine_finding(machine));
    if (choices != NULL) {
        int saved = save_schedule(machine, choices, options->save);
        status = MAX(status, saved);
        g_array_unref(choices);
    }
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
    trace_machine(options->trace, file);
    status = run_machine(litmus, module, options);
    g_byte_array_unref(module);
    litmus_free(litmus);
    return status;
}

static bool choose_schedule(struct run_options *options, const char *schedule, int *status)
{
    if (schedule == NULL || strcmp(schedule, "fifo") == 0)
        options->schedule = SCHEDULE_FIFO;
    else if (strcmp(schedule, "random") == 0)
        options->schedule = SCHEDULE_RANDOM;
    else if (strcmp(schedule, "pct") == 0)
        options->schedule = SCHEDULE_PCT;
    else {
        *status = tool_error(TOOL_USAGE, "--schedule is fifo, random or pct, not %s", schedule);
        return false;
    }
    return true;
}

/* The words of --schedule and --audit. */
static bool choose(struct run_options *options, const char *schedule, const char *audit,
                   int *status)
{
    if (!choose_schedule(options, schedule, status))
        return false;
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

static int run_files(char **files, struct run_options *options, enum trace_level level,
                     const char *trace_file)
{
    GError *error = NULL;
    int status = TOOL_OK;

    options->trace = trace_new(level, trace_file, &error);
    if (options->trace != NULL) {
        for (char **file = files; *file != NULL; file++) {
            int one = run_file(*file, options);
            status = MAX(status, one);
        }
        trace_free(options->trace, &error);
    }
    if (error != NULL) {
        status = tool_error(TOOL_BAD_FILE, "%s", error->message);
        g_error_free(error);
    }
    return status;
}

int tool_run(char **argv)
{
    char *format = NULL, *schedule = NULL, *audit = NULL, *log = NULL, *trace = NULL;
    char *save = NULL;
    gint64 seed = 0, work = 0, watch = 0, depth = 3;
    const GOptionEntry entries[] = {
        {"format", 0, 0, G_OPTION_ARG_STRING, &format, "text (the default) or json", "FORMAT"},
        {"schedule", 0, 0, G_OPTION_ARG_STRING, &schedule,
         "fifo (the default), random or pct: which of the things that can happen comes next",
         "NAME"},
        {"seed", 0, 0, G_OPTION_ARG_INT64, &seed,
         "of the kernels' secrets, and of random and pct (0)", "N"},
        {"depth", 0, 0, G_OPTION_ARG_INT64, &depth,
         "of pct: priorities change N - 1 times in a run (3)", "N"},
        {"save-schedule", 0, 0, G_OPTION_ARG_FILENAME, &save,
         "write what happened, in its order, for rescind replay (of one litmus file)", "FILE"},
        {"work", 0, 0, G_OPTION_ARG_INT64, &work,
         "units of work that a kernel may do an event (0: its default, 64)", "N"},
        {"audit", 0, 0, G_OPTION_ARG_STRING, &audit,
         "check the kernel's invariants: always, sparse (as often as is cheap) or never", "WHEN"},
        {"watch", 0, 0, G_OPTION_ARG_INT64, &watch,
         "print the derivation tree around REVOKEs of a range from selector SEL", "SEL"},
        {"log", 0, 0, G_OPTION_ARG_STRING, &log,
         "to standard error: none (the default), info (answers) or debug (every event)", "LEVEL"},
        {"trace", 0, 0, G_OPTION_ARG_FILENAME, &trace,
         "write what happens as a trace for Perfetto or Chrome", "FILE"},
        {NULL, 0, 0, 0, NULL, NULL, NULL},
    };
    struct run_options options = {0};
    enum trace_level level;
    char **args = g_strdupv(argv);
    int status = TOOL_OK;

    if (tool_options(&args, entries, "FILE...",
                     "Runs each litmus file once in the simulator and judges it.", &status) &&
        tool_format(format, &options.json, &status) &&
        tool_number("seed", seed, G_MAXINT64, &status) &&
        tool_number("work", work, G_MAXINT32, &status) &&
        tool_number("watch", watch, G_MAXUINT32, &status) &&
        tool_number("depth", depth, 1000, &status) && choose(&options, schedule, audit, &status)) {
        options.seed = (guint64)seed;
        options.work = (guint)work;
        options.watch = (guint)watch;
        options.depth = (guint)MAX(depth, 1);
        options.save = save;
        if (!trace_level(log, &level))
            status = tool_error(TOOL_USAGE, "--log is none, info or debug, not %s", log);
        else if (args[0] == NULL)
            status = tool_error(TOOL_USAGE, "run needs a FILE");
        else if (save != NULL && args[1] != NULL)
            status = tool_error(TOOL_USAGE, "--save-schedule is for one FILE");
        else
            status = run_files(args, &options, level, trace);
    }
    g_strfreev(args);
    g_free(format);
    g_free(schedule);
    g_free(save);
    g_free(audit);
    g_free(log);
    g_free(trace);
    return status;
}

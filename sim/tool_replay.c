/* rescind replay: a litmus file under a recorded schedule, step by step. */
#include "sim/tool.h"

#include <stdio.h>
#include <string.h>

#include "sim/memory.h"
#include "sim/replay.h"
#include "sim/trace.h"

struct command {
    bool json;
    const char *schedule; /* its file */
    struct trial_options trial;
    struct trace *trace;
};

static void trace_step(void *trace, const struct machine_report *report)
{
    trace_report(trace, report);
}

/* The line of the schedule's file that its choice `number` stands on, counted from 1. */
static guint line_of(const char *text, guint number)
{
    char **lines = g_strsplit(text, "\n", -1);
    guint line = 0, seen = 0;

    for (; lines[line] != NULL; line++) {
        const char *first = lines[line] + strspn(lines[line], " \t\r");
        if (*first != '\0' && *first != '#' && seen++ == number)
            break;
    }
    g_strfreev(lines);
    return line + 1;
}

/* What the report on the outcome does not say. */
static void print_violation(const struct command *c, const struct violation *v)
{
    if (v->kind != VIOLATION_STUCK && v->kind != VIOLATION_RESULT && v->kind != VIOLATION_CONDITION)
        fprintf(c->json ? stderr : stdout, "%s: %s\n", violation_word(v->kind), v->text);
}

static int report_replay(const struct command *c, const struct litmus *l, const char *text,
                         const struct replayed *r)
{
    char *file = g_shell_quote(c->schedule);
    char *again =
        g_strdup_printf("rescind replay --work %u --seed %" G_GUINT64_FORMAT " --schedule-file %s",
                        c->trial.work, c->trial.seed, file);
    int status = TOOL_OK;

    fputs(r->steps, c->json ? stderr : stdout);
    if (r->possible != NULL)
        status = tool_error(TOOL_BAD_FILE, "%s:%u: this is not possible here; possible are: %s",
                            c->schedule, line_of(text, r->made), r->possible);
    else if (r->violation == NULL && !r->end)
        fprintf(stderr, "rescind: the schedule ends before the file does\n");
    int judged = tool_report(l, r->outcome, c->json, again);
    if (r->violation != NULL) {
        print_violation(c, r->violation);
        judged = MAX(judged, TOOL_FAIL);
    }
    g_free(file);
    g_free(again);
    return MAX(status, judged);
}

static int replay_schedule(struct command *c, const struct litmus *l, const char *text)
{
    char *message = NULL;
    uint64_t failures = memory_failures();
    GArray *schedule = replay_parse(l, c->schedule, text, &message);
    struct replayed *r;
    GError *error = NULL;
    int status;

    if (schedule == NULL) {
        status =
            memory_failures() != failures ? tool_error(TOOL_MACHINE, "%s", message) : TOOL_BAD_FILE;
        if (status == TOOL_BAD_FILE)
            fprintf(stderr, "%s\n", message);
        g_free(message);
        return status;
    }
    trace_machine(c->trace, l->file);
    c->trial.report = trace_step;
    c->trial.context = c->trace;
    r = replay(l, &c->trial, schedule, &error);
    if (r == NULL) {
        status = tool_error(TOOL_MACHINE, "%s: %s", l->file, error->message);
        g_error_free(error);
    } else {
        status = report_replay(c, l, text, r);
    }
    replayed_free(r);
    g_array_unref(schedule);
    return status;
}

static int replay_file(const char *file, struct command *c)
{
    struct litmus *litmus = tool_litmus(file);
    char *text = NULL;
    GError *error = NULL;
    int status;

    if (litmus == NULL)
        return TOOL_BAD_FILE;
    if (g_file_get_contents(c->schedule, &text, NULL, &error)) {
        status = replay_schedule(c, litmus, text);
    } else {
        status = tool_error(TOOL_BAD_FILE, "%s", error->message);
        g_error_free(error);
    }
    g_free(text);
    litmus_free(litmus);
    return status;
}

static int run(char **args, struct command *c, const char *log, const char *trace_file)
{
    enum trace_level level;
    GError *error = NULL;
    int status = TOOL_OK;

    if (!trace_level(log, &level))
        return tool_error(TOOL_USAGE, "--log is none, info or debug, not %s", log);
    if (args[0] == NULL || args[1] != NULL)
        return tool_error(TOOL_USAGE, "replay needs one FILE");
    if (c->schedule == NULL)
        return tool_error(TOOL_USAGE, "replay needs --schedule-file");
    c->trace = trace_new(level, trace_file, &error);
    if (c->trace != NULL) {
        status = replay_file(args[0], c);
        trace_free(c->trace, &error);
    }
    if (error != NULL) {
        status = tool_error(TOOL_BAD_FILE, "%s", error->message);
        g_error_free(error);
    }
    return status;
}

int tool_replay(char **argv)
{
    char *format = NULL, *schedule = NULL, *log = NULL, *trace = NULL;
    gint64 seed = 0, work = 0;
    const GOptionEntry entries[] = {
        {"schedule-file", 0, 0, G_OPTION_ARG_FILENAME, &schedule,
         "the schedule: one choice a line, as --save-schedule writes it", "FILE"},
        {"format", 0, 0, G_OPTION_ARG_STRING, &format, "text (the default) or json", "FORMAT"},
        {"seed", 0, 0, G_OPTION_ARG_INT64, &seed, "of the kernels' secrets (0)", "N"},
        {"work", 0, 0, G_OPTION_ARG_INT64, &work,
         "units of work that a kernel may do an event, as when it was recorded", "N"},
        {"log", 0, 0, G_OPTION_ARG_STRING, &log,
         "to standard error: none (the default), info (answers) or debug (every event)", "LEVEL"},
        {"trace", 0, 0, G_OPTION_ARG_FILENAME, &trace,
         "write what happens as a trace for Perfetto or Chrome", "FILE"},
        {NULL, 0, 0, 0, NULL, NULL, NULL},
    };
    struct command command = {0};
    char **args = g_strdupv(argv);
    int status = TOOL_OK;

    if (tool_options(&args, entries, "FILE",
                     "Runs a litmus file under a recorded schedule, step by step, and judges it.",
                     &status) &&
        tool_format(format, &command.json, &status) &&
        tool_number("seed", seed, G_MAXINT64, &status) &&
        tool_number("work", work, G_MAXINT32, &status)) {
        command.schedule = schedule;
        command.trial.seed = (guint64)seed;
        command.trial.work = (uint32_t)work;
        status = run(args, &command, log, trace);
    }
    g_strfreev(args);
    g_free(format);
    g_free(schedule);
    g_free(log);
    g_free(trace);
    return status;
}

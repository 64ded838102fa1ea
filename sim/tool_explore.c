/* rescind explore: litmus files under every schedule that matters, or a sample of them. */
#include "sim/tool.h"

#include <gio/gio.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "sim/explore_report.h"
#include "sim/litmus_print.h"
#include "sim/memory.h"
#include "sim/replay.h"
#include "sim/trace.h"

enum {
    SHRINK_STATES_MIN =
        30000, /* that a smaller file is searched for: twice as many as it took to */
    SHRINK_STATES_MAX = 100000, /* find the violation, within these */
    PROGRESS_A_SECOND = 5,
    SHARDS_MAX = 65536,
};

struct command {
    bool json;
    struct explore_options explore;
    FILE *report;         /* of a shard; or NULL */
    const char *schedule; /* where the schedule of a violation goes; or NULL */
    struct trace *trace;
    bool traced;
};

/* ---- Progress ------------------------------------------------------------------------------ */

struct progress {
    const char *file;
    double shown;
    uint64_t states;
};

static void show_progress(void *context, const struct explore_progress *now)
{
    struct progress *p = context;
    double since = now->seconds - p->shown;

    if (since < 1.0 / PROGRESS_A_SECOND)
        return;
    fprintf(stderr,
            "\r\033[K%s: %" G_GUINT64_FORMAT " states, %.0f a second, %u choices deep, "
            "%" G_GUINT64_FORMAT " schedules, %.0f s",
            p->file, now->states, (double)(now->states - p->states) / since, now->depth,
            now->schedules, now->seconds);
    p->shown = now->seconds;
    p->states = now->states;
}

static void clear_progress(const struct progress *p)
{
    if (p->shown > 0)
        fputs("\r\033[K", stderr);
}

/* ---- Violations ---------------------------------------------------------------------------- */

static void trace_step(void *trace, const struct machine_report *report)
{
    trace_report(trace, report);
}

static int save(const char *file, const char *text)
{
    GError *error = NULL;
    int status = TOOL_OK;

    if (!g_file_set_contents(file, text, -1, &error)) {
        status = tool_error(TOOL_BAD_FILE, "%s", error->message);
        g_error_free(error);
    }
    return status;
}

/* The options that the machine of the violation was made with. */
static char *machine_words(const struct explore_options *o)
{
    return g_strdup_printf("--work %u --seed %" G_GUINT64_FORMAT, o->work, o->seed);
}

/* The schedule into a file, and the litmus file that it is of beside it. */
static int save_both(const struct command *c, const char *text, const char *schedule,
                     const struct explore_options *o)
{
    char *litmus = g_strconcat(c->schedule, ".litmus", NULL);
    char *words = machine_words(o), *quoted = g_shell_quote(litmus);
    char *quoted_schedule = g_shell_quote(c->schedule);
    int status = save(litmus, text), second = save(c->schedule, schedule);

    fprintf(c->json ? stderr : stdout, "again: rescind replay %s --schedule-file %s %s\n", words,
            quoted_schedule, quoted);
    g_free(litmus);
    g_free(words);
    g_free(quoted);
    g_free(quoted_schedule);
    return MAX(status, second);
}

/* The command that finds the violation again. */
static void print_again(const struct command *c, const struct litmus *l)
{
    static const char *const strategies[] = {[EXPLORE_DPOR] = "",
                                             [EXPLORE_PLAIN] = " --strategy plain",
                                             [EXPLORE_RANDOM] = " --strategy random",
                                             [EXPLORE_PCT] = " --strategy pct"};
    char *words = machine_words(&c->explore), *file = g_shell_quote(l->file);
    GString *again = g_string_new("again: rescind explore");

    g_string_append_printf(again, "%s %s", strategies[c->explore.strategy], words);
    if (c->explore.strategy == EXPLORE_PCT)
        g_string_append_printf(again, " --depth %u", c->explore.depth);
    if (c->explore.audit_ends)
        g_string_append(again, " --audit ends");
    if (c->explore.max_schedules != 0)
        g_string_append_printf(again, " --max-schedules %" G_GUINT64_FORMAT,
                               c->explore.max_schedules);
    if (c->explore.shards != 0)
        g_string_append_printf(again, " --shard %u/%u", c->explore.shard, c->explore.shards);
    g_string_append_printf(again, " %s%s\n", l->file[0] == '-' ? "-- " : "", file);
    fputs(again->str, c->json ? stderr : stdout);
    fputs("       (--save-schedule FILE keeps its schedule for rescind replay)\n",
          c->json ? stderr : stdout);
    g_string_free(again, TRUE);
    g_free(words);
    g_free(file);
}

/* What the violation is, as a file, a schedule and steps in words. */
static int show_violation(struct command *c, const struct litmus *l,
                          const struct explore_options *o, const char *text, const GArray *schedule)
{
    struct trial_options options = {.seed = o->seed, .work = o->work};
    uint64_t failures = memory_failures();
    char *lines = replay_text(l, schedule);
    struct replayed *r;
    int status = TOOL_OK;

    if (!c->traced) {
        trace_machine(c->trace, l->file);
        options.report = trace_step;
        options.context = c->trace;
        c->traced = true;
    }
    r = replay(l, &options, schedule, NULL);
    if (!c->json && r != NULL)
        printf("\n%s\nsteps:\n%s%s%s\n", text, r->steps, r->violation != NULL ? "      " : "",
               r->violation != NULL ? r->violation->text : "");
    if (c->schedule != NULL && memory_failures() == failures)
        status = save_both(c, text, lines, o);
    replayed_free(r);
    g_free(lines);
    return status;
}

static struct shrunk *shrink_it(const struct litmus *l, const struct explore_options *options,
                                const struct explore_result *result)
{
    struct explore_options o = *options;

    o.seed = result->seed;
    o.max_states = CLAMP(2 * result->states, SHRINK_STATES_MIN, SHRINK_STATES_MAX);
    return shrink(l, &o, result->violation, l->file);
}

/* ---- Files --------------------------------------------------------------------------------- */

static int status_of(const JsonObject *report)
{
    const char *verdict = explore_report_verdict(report);

    return strcmp(verdict, "pass") == 0   ? TOOL_OK
           : strcmp(verdict, "fail") == 0 ? TOOL_FAIL
                                          : TOOL_SHORT;
}

static void print_report(bool json, JsonObject *report)
{
    char *text = json ? explore_report_json(report) : explore_report_text(report);

    fputs(text, stdout);
    g_free(text);
}

/* Reports, and shows the violation if there is one. */
static int report_result(struct command *c, const struct litmus *l,
                         const struct explore_result *result)
{
    uint64_t failures = memory_failures();
    struct shrunk *shrunk = result->violation != NULL ? shrink_it(l, &c->explore, result) : NULL;
    JsonObject *report = explore_report(l, &c->explore, result, shrunk);
    struct explore_options o = c->explore;
    int status = status_of(report), more = TOOL_OK;

    o.seed = result->seed;
    print_report(c->json, report);
    if (c->report != NULL) {
        char *line = explore_report_json(report);
        fputs(line, c->report);
        g_free(line);
    }
    if (shrunk != NULL) {
        more = show_violation(c, shrunk->litmus, &o, shrunk->text, shrunk->schedule);
    } else if (result->violation != NULL) {
        char *text = litmus_print(l, NULL);
        more = show_violation(c, l, &o, text, result->violation->schedule);
        g_free(text);
    }
    if (status == TOOL_FAIL && (c->schedule == NULL || result->violation == NULL))
        print_again(c, l);
    json_object_unref(report);
    shrunk_free(shrunk);
    if (memory_failures() != failures)
        more = tool_error(TOOL_MACHINE,
                          "%s: no memory to make this any smaller, or to show all of it", l->file);
    return MAX(status, more);
}

static int explore_file(const char *file, struct command *c)
{
    struct litmus *litmus = tool_litmus(file);
    struct progress progress = {.file = file};
    struct explore_result *result;
    GError *error = NULL;
    int status;

    if (litmus == NULL)
        return TOOL_BAD_FILE;
    c->explore.context = &progress;
    c->explore.progress = isatty(STDERR_FILENO) ? show_progress : NULL;
    result = explore(litmus, &c->explore, &error);
    clear_progress(&progress);
    if (result == NULL) {
        status =
            tool_error(g_error_matches(error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED) ? TOOL_USAGE
                                                                                    : TOOL_MACHINE,
                       "%s: %s", file, error->message);
        g_error_free(error);
    } else if (result->mistake != NULL) {
        status = tool_error(TOOL_MACHINE, "%s: %s", file, result->mistake);
    } else {
        status = report_result(c, litmus, result);
    }
    explore_result_free(result);
    litmus_free(litmus);
    return status;
}

/* ---- Merging ------------------------------------------------------------------------------- */

static int print_merged(const GPtrArray *merged, bool json)
{
    int status = TOOL_OK;

    for (guint i = 0; i < merged->len; i++) {
        JsonObject *report = g_ptr_array_index(merged, i);
        print_report(json, report);
        status = MAX(status, status_of(report));
    }
    return status;
}

static int merge(char **files, bool json)
{
    GPtrArray *reports = g_ptr_array_new_with_free_func((GDestroyNotify)json_object_unref);
    GPtrArray *merged = NULL;
    char *error = NULL;
    int status;

    for (char **file = files; *file != NULL && error == NULL; file++)
        explore_report_read(*file, reports, &error);
    if (error == NULL && reports->len == 0)
        error = g_strdup_printf("%s: there is no report in it", files[0]);
    if (error == NULL)
        merged = explore_report_merge(reports, &error);
    if (merged == NULL)
        status = tool_error(TOOL_BAD_FILE, "%s", error);
    else
        status = print_merged(merged, json);
    g_clear_pointer(&merged, g_ptr_array_unref);
    g_ptr_array_unref(reports);
    g_free(error);
    return status;
}

/* ---- The command --------------------------------------------------------------------------- */

struct words {
    char *format, *strategy, *audit, *shard, *report, *save, *trace, *log;
    gint64 schedules, states, seed, depth, work;
    double seconds;
    gboolean merge, keep_going;
};

static void free_words(struct words *w)
{
    g_free(w->format);
    g_free(w->strategy);
    g_free(w->audit);
    g_free(w->shard);
    g_free(w->report);
    g_free(w->save);
    g_free(w->trace);
    g_free(w->log);
}

static bool choose_strategy(struct explore_options *o, const char *word, int *status)
{
    static const char *const words[] = {"dpor", "plain", "random", "pct"};

    for (guint i = 0; i < G_N_ELEMENTS(words); i++) {
        if (word == NULL || strcmp(word, words[i]) == 0) {
            o->strategy = (enum explore_strategy)i;
            return true;
        }
    }
    *status = tool_error(TOOL_USAGE, "--strategy is dpor, plain, random or pct, not %s", word);
    return false;
}

static bool choose_audit(struct explore_options *o, const char *word, int *status)
{
    o->audit_ends = g_strcmp0(word, "ends") == 0;
    if (word == NULL || o->audit_ends || strcmp(word, "always") == 0)
        return true;
    *status = tool_error(TOOL_USAGE, "--audit is always or ends, not %s", word);
    return false;
}

/* I/N */
static bool choose_shard(struct explore_options *o, const char *word, int *status)
{
    char *end = NULL;
    guint64 shard, shards = 0;

    if (word == NULL)
        return true;
    shard = g_ascii_strtoull(word, &end, 10);
    if (g_ascii_isdigit(*word) && *end == '/' && g_ascii_isdigit(end[1]))
        shards = g_ascii_strtoull(end + 1, &end, 10);
    if (shards > 0 && *end == '\0' && shard >= 1 && shard <= shards && shards <= SHARDS_MAX) {
        o->shard = (uint32_t)shard;
        o->shards = (uint32_t)shards;
        return true;
    }
    *status = tool_error(TOOL_USAGE, "--shard is I/N, with I from 1 to N, and N to %d, not %s",
                         SHARDS_MAX, word);
    return false;
}

static bool choose(struct command *c, const struct words *w, int *status)
{
    if (!tool_format(w->format, &c->json, status) ||
        !choose_strategy(&c->explore, w->strategy, status) ||
        !choose_audit(&c->explore, w->audit, status) ||
        !choose_shard(&c->explore, w->shard, status) ||
        !tool_number("max-schedules", w->schedules, G_MAXINT64, status) ||
        !tool_number("max-states", w->states, G_MAXINT64, status) ||
        !tool_number("seed", w->seed, G_MAXINT64, status) ||
        !tool_number("depth", w->depth, 1000, status) ||
        !tool_number("work", w->work, G_MAXINT32, status))
        return false;
    c->explore.max_schedules = (uint64_t)w->schedules;
    c->explore.max_states = (uint64_t)w->states;
    c->explore.max_seconds = w->seconds;
    c->explore.seed = (uint64_t)w->seed;
    c->explore.depth = (uint32_t)w->depth;
    c->explore.work = (uint32_t)w->work;
    c->explore.keep_going = w->keep_going;
    c->schedule = w->save;
    return true;
}

static int explore_files(char **files, struct command *c, const struct words *w)
{
    enum trace_level level;
    GError *error = NULL;
    int status = TOOL_OK;

    if (!trace_level(w->log, &level))
        return tool_error(TOOL_USAGE, "--log is none, info or debug, not %s", w->log);
    c->trace = trace_new(level, w->trace, &error);
    if (c->trace != NULL) {
        for (char **file = files; *file != NULL; file++) {
            int one = explore_file(*file, c);
            status = MAX(status, one);
        }
        trace_free(c->trace, &error);
    }
    if (error != NULL) {
        status = tool_error(TOOL_BAD_FILE, "%s", error->message);
        g_error_free(error);
    }
    return status;
}

static int run(char **files, struct command *c, const struct words *w)
{
    int status;

    if (files[0] == NULL)
        return tool_error(TOOL_USAGE, "explore needs a FILE");
    if (w->merge)
        return merge(files, c->json);
    if ((w->save != NULL || w->trace != NULL) && files[1] != NULL)
        return tool_error(TOOL_USAGE, "--save-schedule and --trace are for one FILE");
    if (w->report != NULL && w->shard == NULL)
        return tool_error(TOOL_USAGE, "--report is for a --shard");
    if (w->report != NULL && (c->report = fopen(w->report, "w")) == NULL)
        return tool_error(TOOL_BAD_FILE, "%s could not be written", w->report);
    status = explore_files(files, c, w);
    if (c->report != NULL) {
        bool bad = ferror(c->report) != 0;
        if (fclose(c->report) != 0 || bad)
            status = tool_error(TOOL_BAD_FILE, "%s could not be written", w->report);
    }
    return status;
}

int tool_explore(char **argv)
{
    struct words w = {.depth = 3, .work = 1};
    const GOptionEntry entries[] = {
        {"format", 0, 0, G_OPTION_ARG_STRING, &w.format, "text (the default) or json", "FORMAT"},
        {"strategy", 0, 0, G_OPTION_ARG_STRING, &w.strategy,
         "dpor (every schedule that matters, the default), plain (without reduction), random or "
         "pct (samples)",
         "NAME"},
        {"max-schedules", 0, 0, G_OPTION_ARG_INT64, &w.schedules,
         "stop after so many; of a sample: 1000 unless given", "N"},
        {"max-states", 0, 0, G_OPTION_ARG_INT64, &w.states, "stop after so many", "N"},
        {"time", 0, 0, G_OPTION_ARG_DOUBLE, &w.seconds, "stop after so many seconds", "S"},
        {"keep-going", 0, 0, G_OPTION_ARG_NONE, &w.keep_going,
         "count all violations instead of stopping at the first", NULL},
        {"work", 0, 0, G_OPTION_ARG_INT64, &w.work,
         "units of work that a kernel may do an event (1; 0: its default, 64)", "N"},
        {"audit", 0, 0, G_OPTION_ARG_STRING, &w.audit,
         "check the kernels' invariants: always (at every state, the default), or at ends alone",
         "WHEN"},
        {"seed", 0, 0, G_OPTION_ARG_INT64, &w.seed, "of the kernels' secrets, and of samples (0)",
         "N"},
        {"depth", 0, 0, G_OPTION_ARG_INT64, &w.depth,
         "of pct: priorities change N - 1 times in a run (3)", "N"},
        {"shard", 0, 0, G_OPTION_ARG_STRING, &w.shard, "do part I of N of the work", "I/N"},
        {"report", 0, 0, G_OPTION_ARG_FILENAME, &w.report, "write the shard's report for --merge",
         "FILE"},
        {"merge", 0, 0, G_OPTION_ARG_NONE, &w.merge, "merge the FILEs, which are shards' reports",
         NULL},
        {"save-schedule", 0, 0, G_OPTION_ARG_FILENAME, &w.save,
         "write a violation's schedule to FILE, and its litmus file to FILE.litmus", "FILE"},
        {"log", 0, 0, G_OPTION_ARG_STRING, &w.log,
         "of a violation: none (the default), info (answers) or debug (every event)", "LEVEL"},
        {"trace", 0, 0, G_OPTION_ARG_FILENAME, &w.trace,
         "write a violation as a trace for Perfetto or Chrome", "FILE"},
        {NULL, 0, 0, 0, NULL, NULL, NULL},
    };
    struct command command = {0};
    char **args = g_strdupv(argv);
    int status = TOOL_OK;

    if (tool_options(&args, entries, "FILE...",
                     "Runs litmus files under every schedule that matters, and judges them.",
                     &status) &&
        choose(&command, &w, &status))
        status = run(args, &command, &w);
    g_strfreev(args);
    free_words(&w);
    return status;
}

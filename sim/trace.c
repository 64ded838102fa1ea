/* Logs and traces; see trace.h.
 *
 * A trace is in Chrome's trace event format ("JSON Array Format"): each event is written as it
 * comes, so that a long run needs no memory for it. Virtual ticks stand for microseconds. */
#include "sim/trace.h"

#include <errno.h>
#include <gio/gio.h>
#include <json-glib/json-glib.h>
#include <stdio.h>

#include "rescind/abi.h"
#include "sim/judge.h"

/* A kernel's track bears its number, a VPE's comes behind all of those. */
enum { FIRST_VPE_TRACK = RESCIND_PE_MAX };

struct trace {
    enum trace_level level;
    FILE *file; /* NULL: no trace */
    char *name;
    GHashTable *named; /* tracks that have been given their name */
    bool started;
    int machine; /* how many there were before this one */
    /* Where and when a kernel was last busy: an arrow has to begin at something. */
    uint32_t busy;
    uint64_t busy_at;
};

bool trace_level(const char *word, enum trace_level *level)
{
    static const char *const words[] = {"none", "info", "debug"};

    *level = TRACE_NONE;
    for (guint i = 0; i < G_N_ELEMENTS(words); i++) {
        if (g_strcmp0(word, words[i]) == 0) {
            *level = (enum trace_level)i;
            return true;
        }
    }
    return word == NULL;
}

const char *trace_opcode(uint32_t opcode)
{
    switch (opcode) {
#define OPCODE(name, number, bytes)                                                                \
    case number:                                                                                   \
        return #name;
        RESCIND_SYSCALLS(OPCODE)
#undef OPCODE
    default:
        return "unknown";
    }
}

static const char *error_word(uint32_t error)
{
    return error <= RESCIND_XFS_RENAME ? judge_result_word((uint8_t)error) : "unknown";
}

struct trace *trace_new(enum trace_level level, const char *file, GError **error)
{
    struct trace *trace = g_new0(struct trace, 1);

    trace->level = level;
    trace->named = g_hash_table_new(NULL, NULL);
    trace->name = g_strdup(file);
    if (file != NULL) {
        trace->file = fopen(file, "w");
        if (trace->file == NULL) {
            g_set_error(error, G_IO_ERROR, g_io_error_from_errno(errno), "%s: %s", file,
                        g_strerror(errno));
            trace_free(trace, NULL);
            return NULL;
        }
        fputc('[', trace->file);
    }
    return trace;
}

bool trace_free(struct trace *trace, GError **error)
{
    bool good = true;

    if (trace->file != NULL) {
        fputs("]\n", trace->file);
        good = !ferror(trace->file);
        good = fclose(trace->file) == 0 && good;
        if (!good)
            g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED, "%s: could not be written",
                        trace->name);
    }
    g_hash_table_unref(trace->named);
    g_free(trace->name);
    g_free(trace);
    return good;
}

/* ---- The log ------------------------------------------------------------------------------ */

/* What a turn of work is for, in words; the caller frees them. */
static char *work_text(const struct machine_report *r)
{
    switch (r->task.kind) {
    case RESCIND_TASK_CALL:
        if (r->vpe_name == NULL)
            return g_strdup_printf("works on the call of VPE %u", r->task.number);
        return g_strdup_printf("works on the call of %s", r->vpe_name);
    case RESCIND_TASK_MARKS:
        return g_strdup_printf("works for %s", machine_kernel_name(r->machine, r->task.number));
    case RESCIND_TASK_EXCHANGE:
        return g_strdup_printf("exchanges for %s", machine_kernel_name(r->machine, r->task.number));
    }
    return NULL;
}

static void log_line(const struct machine_report *r, const char *who, const char *format, ...)
    G_GNUC_PRINTF(3, 4);

static void log_line(const struct machine_report *r, const char *who, const char *format, ...)
{
    va_list args;

    fprintf(stderr, "%6" G_GUINT64_FORMAT " %s: ", r->time, who);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
}

/* Of interest to those who look at every event. */
static void log_event(const struct machine_report *r)
{
    const char *kernel = machine_kernel_name(r->machine, r->kernel);
    char *work;

    switch (r->kind) {
    case REPORT_MESSAGE:
        log_line(r, r->vpe_name, "%s", trace_opcode(r->value));
        break;
    case REPORT_WORK:
        work = work_text(r);
        log_line(r, kernel, "%s", work);
        g_free(work);
        break;
    case REPORT_TELL:
        log_line(r, kernel, "tells %s: message %" G_GUINT64_FORMAT ", %u bytes",
                 machine_kernel_name(r->machine, r->to), r->number, r->value);
        break;
    case REPORT_HEAR:
        log_line(r, kernel, "hears %s: message %" G_GUINT64_FORMAT,
                 machine_kernel_name(r->machine, r->from), r->number);
        break;
    default:
        break;
    }
}

static void log_report(const struct machine_report *r, enum trace_level level)
{
    switch (r->kind) {
    case REPORT_REPLY:
        log_line(r, r->vpe_name, "answered %s", error_word(r->value));
        break;
    case REPORT_ENDED:
        log_line(r, r->vpe_name, "ended with %u", r->value);
        break;
    case REPORT_BAD_RING:
        log_line(r, r->vpe_name, "its rings make no sense: ended");
        break;
    case REPORT_FAULT:
        log_line(r, r->vpe_name != NULL ? r->vpe_name : machine_kernel_name(r->machine, r->kernel),
                 "fault %u strikes", r->value);
        break;
    case REPORT_INTERRUPT:
        log_line(r, machine_kernel_name(r->machine, r->kernel), "interrupt of line %u", r->value);
        break;
    case REPORT_CREATED:
        if (r->vpe_name != NULL)
            log_line(r, r->vpe_name, "created, as VPE %u", r->value);
        else
            log_line(r, machine_kernel_name(r->machine, r->kernel), "VPE %u created", r->value);
        break;
    case REPORT_STARTED:
        log_line(r, r->vpe_name, "started");
        break;
    default:
        if (level == TRACE_DEBUG)
            log_event(r);
        break;
    }
}

/* ---- The trace ---------------------------------------------------------------------------- */

static void write_object(struct trace *trace, JsonBuilder *b)
{
    JsonNode *root = json_builder_get_root(b);
    char *text = json_to_string(root, FALSE);

    fprintf(trace->file, "%s%s", trace->started ? ",\n" : "", text);
    trace->started = true;
    g_free(text);
    json_node_unref(root);
    g_object_unref(b);
}

/* The beginning of an event on a track; the caller adds to it and writes it. */
static JsonBuilder *begin_event(const struct trace *trace, const char *name, const char *phase,
                                int track)
{
    JsonBuilder *b = json_builder_new();

    json_builder_begin_object(b);
    json_builder_set_member_name(b, "name");
    json_builder_add_string_value(b, name);
    json_builder_set_member_name(b, "ph");
    json_builder_add_string_value(b, phase);
    json_builder_set_member_name(b, "pid");
    json_builder_add_int_value(b, trace->machine);
    json_builder_set_member_name(b, "tid");
    json_builder_add_int_value(b, track);
    return b;
}

/* `kind` is what gets the name: "process_name" (a machine) or "thread_name" (a track of it). */
static void write_name(struct trace *trace, const char *kind, int track, const char *name)
{
    JsonBuilder *b = begin_event(trace, kind, "M", track);

    json_builder_set_member_name(b, "args");
    json_builder_begin_object(b);
    json_builder_set_member_name(b, "name");
    json_builder_add_string_value(b, name);
    json_builder_end_object(b);
    json_builder_end_object(b);
    write_object(trace, b);
}

static void name_track(struct trace *trace, int track, const char *name)
{
    if (g_hash_table_add(trace->named, GINT_TO_POINTER(track)))
        write_name(trace, "thread_name", track, name);
}

/* A stretch of one tick on a track. */
static void write_tick(struct trace *trace, const char *name, int track, uint64_t time)
{
    JsonBuilder *b = begin_event(trace, name, "X", track);

    json_builder_set_member_name(b, "ts");
    json_builder_add_int_value(b, (gint64)time);
    json_builder_set_member_name(b, "dur");
    json_builder_add_int_value(b, 1);
    json_builder_end_object(b);
    write_object(trace, b);
}

/* An end of an arrow: phase "s" where a message leaves, "f" where it arrives. */
static void write_arrow(struct trace *trace, const char *phase, const struct machine_report *r)
{
    JsonBuilder *b = begin_event(trace, "message", phase, (int)r->kernel);

    json_builder_set_member_name(b, "cat");
    json_builder_add_string_value(b, "message");
    json_builder_set_member_name(b, "id");
    json_builder_add_int_value(b, (gint64)trace->machine << 40 | (gint64)r->number);
    json_builder_set_member_name(b, "ts");
    json_builder_add_int_value(b, (gint64)r->time);
    if (*phase == 'f') { /* at what begins then, not at what comes next */
        json_builder_set_member_name(b, "bp");
        json_builder_add_string_value(b, "e");
    }
    json_builder_end_object(b);
    write_object(trace, b);
}

/* A tick of a kernel; frees `what`. */
static void write_kernel(struct trace *trace, const struct machine_report *r, char *what)
{
    write_tick(trace, what, (int)r->kernel, r->time);
    trace->busy = r->kernel;
    trace->busy_at = r->time;
    g_free(what);
}

static void trace_kernel(struct trace *trace, const struct machine_report *r)
{
    switch (r->kind) {
    case REPORT_MESSAGE:
        write_kernel(trace, r, g_strdup_printf("%s of %s", trace_opcode(r->value), r->vpe_name));
        break;
    case REPORT_WORK:
        write_kernel(trace, r, work_text(r));
        break;
    case REPORT_TELL:
        if (trace->busy != r->kernel || trace->busy_at != r->time)
            write_kernel(trace, r,
                         g_strdup_printf("tells %s", machine_kernel_name(r->machine, r->to)));
        write_arrow(trace, "s", r);
        break;
    case REPORT_HEAR:
        write_kernel(trace, r,
                     g_strdup_printf("hears %s", machine_kernel_name(r->machine, r->from)));
        write_arrow(trace, "f", r);
        break;
    case REPORT_FAULT:
        write_kernel(trace, r, g_strdup_printf("fault %u", r->value));
        break;
    case REPORT_INTERRUPT:
        write_kernel(trace, r, g_strdup_printf("interrupt of line %u", r->value));
        break;
    default:
        break;
    }
}

static void trace_vpe(struct trace *trace, const struct machine_report *r)
{
    int track = FIRST_VPE_TRACK + (int)r->vpe;

    name_track(trace, track, r->vpe_name);
    switch (r->kind) {
    case REPORT_PROGRAM:
        write_tick(trace, "runs", track, r->time);
        break;
    case REPORT_REPLY:
        write_tick(trace, error_word(r->value), track, r->time);
        break;
    case REPORT_ENDED:
        write_tick(trace, "ended", track, r->time);
        break;
    case REPORT_BAD_RING:
        write_tick(trace, "broken ring", track, r->time);
        break;
    case REPORT_CREATED:
        write_tick(trace, "created", track, r->time);
        break;
    case REPORT_STARTED:
        write_tick(trace, "started", track, r->time);
        break;
    default:
        break;
    }
}

static void trace_event(struct trace *trace, const struct machine_report *r)
{
    char *kernel = g_strdup_printf("kernel %s", machine_kernel_name(r->machine, r->kernel));

    name_track(trace, (int)r->kernel, kernel);
    g_free(kernel);
    if (r->vpe != MACHINE_NO_VPE)
        trace_vpe(trace, r);
    trace_kernel(trace, r);
}

void trace_machine(struct trace *trace, const char *name)
{
    trace->machine++;
    trace->busy = UINT32_MAX;
    g_hash_table_remove_all(trace->named);
    if (trace->level != TRACE_NONE)
        fprintf(stderr, "%s:\n", name);
    if (trace->file != NULL)
        write_name(trace, "process_name", 0, name);
}

void trace_report(struct trace *trace, const struct machine_report *report)
{
    if (trace->level != TRACE_NONE)
        log_report(report, trace->level);
    if (trace->file != NULL)
        trace_event(trace, report);
}

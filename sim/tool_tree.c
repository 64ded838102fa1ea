/* rescind tree: the derivation tree that a litmus file leaves, or has after one of its lines. */
#include "sim/tool.h"

#include <gio/gio.h>
#include <json-glib/json-glib.h>
#include <stdio.h>
#include <string.h>

#include "sim/compile.h"
#include "sim/memory.h"
#include "sim/derivation.h"

/* ---- After a line ------------------------------------------------------------------------- */

/* The last step that a line of a program makes. */
struct stop {
    const struct litmus *litmus;
    guint vpe, step;
    bool reached;
};

static bool find_line(const struct litmus *litmus, guint line, struct stop *stop)
{
    bool found = false;

    stop->litmus = litmus;
    for (guint vpe = 0; vpe < litmus->vpes->len; vpe++) {
        for (guint i = 0; i < litmus_vpe(litmus, vpe)->steps; i++) {
            const struct litmus_step *step = litmus_step(litmus, vpe, i);
            if (litmus_statement(litmus, step)->line != line)
                continue;
            stop->vpe = vpe;
            stop->step = i;
            found = true;
        }
    }
    return found;
}

static bool is_exit(const struct stop *stop)
{
    const struct litmus_step *step = litmus_step(stop->litmus, stop->vpe, stop->step);

    return litmus_statement(stop->litmus, step)->word == LITMUS_EXIT;
}

static bool is_past(struct machine *m, void *data)
{
    struct stop *stop = data;

    struct machine_status status = machine_status(m, stop->vpe);

    /* EXIT is the step that a VPE which it has ended still stands at. */
    stop->reached = status.position > stop->step ||
                    (status.ended && status.position == stop->step && is_exit(stop));
    return stop->reached;
}

/* ---- Formats ------------------------------------------------------------------------------ */

/* What is printed. */
struct view {
    const struct machine *machine;
    const GArray *rows; /* struct derivation_row */
};

static const struct derivation_row *row_at(const struct view *view, guint index)
{
    return &g_array_index(view->rows, struct derivation_row, index);
}

static char *place_name(const struct view *view, guint vpe, guint kind, guint32 sel)
{
    return g_strdup_printf("%s:%s%u", machine_vpe_name(view->machine, vpe),
                           kind == RESCIND_TABLE_MAP ? "map:" : "", sel);
}

static char *cap_name(const struct view *view, const struct derivation_row *row)
{
    return place_name(view, row->vpe, row->cap->kind, row->cap->sel);
}

static char *parent_name(const struct view *view, const struct derivation_row *row)
{
    const struct outcome_cap *cap = row->cap;

    return place_name(view, cap->parent_vpe, cap->parent_kind, cap->parent_sel);
}

static GString *to_dot(const struct view *view)
{
    GString *dot = g_string_new("digraph derivation {\n"
                                "    node [shape=box, style=rounded, fontname=\"sans-serif\"];\n");

    for (guint i = 0; i < view->rows->len; i++) {
        const struct derivation_row *row = row_at(view, i);
        char *name = cap_name(view, row);
        g_string_append_printf(dot, "    \"%s\" [label=\"%s\\n%s\"];\n", name, name,
                               judge_type_word(row->cap->type));
        if (row->cap->has_parent) {
            char *parent = parent_name(view, row);
            g_string_append_printf(dot, "    \"%s\" -> \"%s\";\n", parent, name);
            g_free(parent);
        }
        g_free(name);
    }
    return g_string_append(dot, "}\n");
}

/* Graphviz draws it. */
static int print_svg(const struct view *view)
{
    GError *error = NULL;
    GSubprocess *graphviz =
        g_subprocess_new(G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_PIPE, &error,
                         "dot", "-Tsvg", NULL);
    GString *dot;
    char *svg = NULL;
    int status = TOOL_OK;

    if (graphviz == NULL) {
        status = tool_error(TOOL_MACHINE, "svg needs Graphviz's dot: %s", error->message);
        g_error_free(error);
        return status;
    }
    dot = to_dot(view);
    if (!g_subprocess_communicate_utf8(graphviz, dot->str, NULL, &svg, NULL, &error)) {
        status = tool_error(TOOL_MACHINE, "dot: %s", error->message);
        g_error_free(error);
    } else if (!g_subprocess_get_successful(graphviz)) {
        status = tool_error(TOOL_MACHINE, "dot failed");
    } else {
        fputs(svg, stdout);
    }
    g_free(svg);
    g_string_free(dot, TRUE);
    g_object_unref(graphviz);
    return status;
}

static void add_json_row(JsonBuilder *b, const struct view *view, const struct derivation_row *row)
{
    char *name = cap_name(view, row);

    json_builder_begin_object(b);
    json_builder_set_member_name(b, "cap");
    json_builder_add_string_value(b, name);
    json_builder_set_member_name(b, "type");
    json_builder_add_string_value(b, judge_type_word(row->cap->type));
    json_builder_set_member_name(b, "depth");
    json_builder_add_int_value(b, row->depth);
    json_builder_set_member_name(b, "parent");
    if (row->cap->has_parent) {
        char *parent = parent_name(view, row);
        json_builder_add_string_value(b, parent);
        g_free(parent);
    } else {
        json_builder_add_null_value(b);
    }
    json_builder_end_object(b);
    g_free(name);
}

static void print_json_tree(const struct view *view, const char *file)
{
    JsonBuilder *b = json_builder_new();

    json_builder_begin_object(b);
    json_builder_set_member_name(b, "file");
    json_builder_add_string_value(b, file);
    json_builder_set_member_name(b, "tree");
    json_builder_begin_array(b);
    for (guint i = 0; i < view->rows->len; i++)
        add_json_row(b, view, row_at(view, i));
    json_builder_end_array(b);
    json_builder_end_object(b);
    JsonNode *root = json_builder_get_root(b);
    char *text = json_to_string(root, FALSE);
    puts(text);
    g_free(text);
    json_node_unref(root);
    g_object_unref(b);
}

static int print_view(const struct view *view, const char *format, const char *file)
{
    if (strcmp(format, "dot") == 0) {
        GString *dot = to_dot(view);
        fputs(dot->str, stdout);
        g_string_free(dot, TRUE);
    } else if (strcmp(format, "svg") == 0) {
        return print_svg(view);
    } else {
        print_json_tree(view, file);
    }
    return TOOL_OK;
}

static int print_tree(const struct machine *m, const char *format, const char *file)
{
    struct outcome *outcome;
    GArray *rows;
    int status;

    if (format == NULL || strcmp(format, "text") == 0) {
        char *text = derivation_text(m);
        fputs(text, stdout);
        g_free(text);
        return TOOL_OK;
    }
    outcome = machine_outcome(m);
    rows = derivation_walk(outcome);
    status = print_view(&(struct view){m, rows}, format, file);
    g_array_unref(rows);
    outcome_free(outcome);
    return status;
}

/* ------------------------------------------------------------------------------------------- */

static int tree_file(const char *file, guint line, const char *format, guint64 seed)
{
    struct litmus *litmus = tool_litmus(file);
    struct machine_options options = {.seed = seed, .audit = machine_default_audit()};
    struct stop stop = {0};
    GError *error = NULL;
    GByteArray *module;
    struct machine *m;
    uint64_t failures = memory_failures();
    int status = TOOL_OK;

    if (litmus == NULL)
        return TOOL_BAD_FILE;
    if (line != 0 && !find_line(litmus, line, &stop)) {
        litmus_free(litmus);
        return tool_error(TOOL_USAGE, "%s:%u is not a step of a program", file, line);
    }
    module = compile(litmus, seed);
    m = machine_load(&options, module->data, &error);
    if (m != NULL)
        tool_name_vpes(m, litmus);
    if (m == NULL) {
        status = tool_error(TOOL_MACHINE, "%s: %s", file, error->message);
        g_error_free(error);
    } else if (machine_run(m, line != 0 ? is_past : NULL, &stop) == MACHINE_BROKEN) {
        status = tool_error(memory_failures() != failures ? TOOL_MACHINE : TOOL_FAIL, "%s: %s",
                            file, machine_finding(m));
    } else if (line != 0 && !stop.reached) {
        status = tool_error(TOOL_FAIL, "%s:%u is never done", file, line);
    } else {
        status = print_tree(m, format, file);
    }
    machine_free(m);
    g_byte_array_unref(module);
    litmus_free(litmus);
    return status;
}

int tool_tree(char **argv)
{
    static const char *const formats[] = {"text", "dot", "svg", "json", NULL};
    char *format = NULL;
    gint64 seed = 0, line = 0;
    const GOptionEntry entries[] = {
        {"format", 0, 0, G_OPTION_ARG_STRING, &format, "text (the default), dot, svg or json",
         "FORMAT"},
        {"at", 0, 0, G_OPTION_ARG_INT64, &line,
         "stop once this line of a program is done (a repeat: its last round)", "LINE"},
        {"seed", 0, 0, G_OPTION_ARG_INT64, &seed, "of the kernel's secret (0)", "N"},
        {NULL, 0, 0, 0, NULL, NULL, NULL},
    };
    char **args = g_strdupv(argv);
    int status = TOOL_OK;

    if (tool_options(&args, entries, "FILE",
                     "Runs a litmus file and prints the derivation tree at its end.", &status) &&
        tool_number("seed", seed, G_MAXINT64, &status) &&
        tool_number("at", line, G_MAXINT32, &status)) {
        if (g_strv_length(args) != 1)
            status = tool_error(TOOL_USAGE, "tree needs one FILE");
        else if (format != NULL && !g_strv_contains(formats, format))
            status = tool_error(TOOL_USAGE, "--format is text, dot, svg or json, not %s", format);
        else
            status = tree_file(args[0], (guint)line, format, (guint64)seed);
    }
    g_strfreev(args);
    g_free(format);
    return status;
}

/* Reports; sim/print.h says more. */
#include "sim/print.h"

#include <json-glib/json-glib.h>

#include "rescind/abi.h"

char *print_text(const struct litmus *l, const struct outcome *o, const struct judgement *j)
{
    GString *out = g_string_new(NULL);
    g_string_append_printf(out, "%s: %s on %s%s%s\n", l->file, j->pass ? "pass" : "FAIL", o->target,
                           l->title != NULL ? ": " : "", l->title != NULL ? l->title : "");
    for (guint i = 0; i < j->messages->len; i++) {
        g_string_append_printf(out, "  %s\n", (const char *)g_ptr_array_index(j->messages, i));
    }
    if (j->failures > j->messages->len) {
        g_string_append_printf(out, "  ... and %u more\n", j->failures - j->messages->len);
    }
    return g_string_free(out, false);
}

/* A report in the making. Its long arrays (a million steps, a table of as many capabilities) are
 * written element by element, since JSON-GLib keeps about a kilobyte for an object of a tree. */
struct report {
    GString *out;
    JsonBuilder *value; /* builds the next value that is written */
    JsonGenerator *generator;
};

/* Writes `value`, behind a comma unless it is the first in its array or object, and frees it. */
static void put_value(struct report *r, JsonNode *value)
{
    char last = r->out->str[r->out->len - 1];
    if (last != '[' && last != '{' && last != ':') {
        g_string_append_c(r->out, ',');
    }
    json_generator_set_root(r->generator, value);
    json_generator_to_gstring(r->generator, r->out);
    json_node_unref(value);
}

/* Writes the object that has been built. */
static void flush(struct report *r)
{
    json_builder_end_object(r->value);
    put_value(r, json_builder_get_root(r->value));
    json_builder_reset(r->value);
}

static JsonNode *string_node(const char *value)
{
    JsonNode *node = json_node_alloc();
    return value != NULL ? json_node_init_string(node, value) : json_node_init_null(node);
}

/* Begins the member `name` of the report, or of an object in it. */
static void begin(struct report *r, const char *name, const char *bracket)
{
    put_value(r, string_node(name));
    g_string_append_c(r->out, ':');
    g_string_append(r->out, bracket);
}

static void put_string(JsonBuilder *b, const char *name, const char *value)
{
    json_builder_set_member_name(b, name);
    if (value == NULL) {
        json_builder_add_null_value(b);
    } else {
        json_builder_add_string_value(b, value);
    }
}

static void put_int(JsonBuilder *b, const char *name, gint64 value)
{
    json_builder_set_member_name(b, name);
    json_builder_add_int_value(b, value);
}

/* A member of the report itself. */
static void put_member(struct report *r, const char *name, const char *value)
{
    begin(r, name, "");
    put_value(r, string_node(value));
}

static void put_steps(struct report *r, const struct litmus *l, const struct outcome *o, guint vpe)
{
    guint call = 0;
    for (guint i = 0; i < litmus_vpe(l, vpe)->steps; i++) {
        const struct litmus_statement *s = litmus_statement(l, litmus_step(l, vpe, i));
        if (!litmus_is_call(s->word)) {
            continue;
        }
        json_builder_begin_object(r->value);
        put_string(r->value, "vpe", litmus_vpe(l, vpe)->name);
        put_int(r->value, "line", s->line);
        put_string(r->value, "call", litmus_word_name(s->word));
        put_string(r->value, "result", judge_result_word(judge_result(o, vpe, call++)));
        flush(r);
    }
}

static void put_stuck(struct report *r, const struct litmus *l, const struct outcome *o)
{
    for (guint i = 0; i < l->vpes->len; i++) {
        if (outcome_vpe(o, i)->stuck) {
            json_builder_begin_object(r->value);
            put_string(r->value, "vpe", litmus_vpe(l, i)->name);
            put_int(r->value, "line", judge_line(l, o, i));
            flush(r);
        }
    }
}

static void put_condition(struct report *r, const struct litmus_condition *c, uint8_t answer)
{
    json_builder_begin_object(r->value);
    put_int(r->value, "line", c->line);
    put_string(r->value, "kind", litmus_condition_name(c->kind));
    json_builder_set_member_name(r->value, "holds");
    if (answer == JUDGE_OPEN) {
        json_builder_add_null_value(r->value);
    } else {
        json_builder_add_boolean_value(r->value, answer == JUDGE_HOLDS);
    }
    flush(r);
}

static void put_cap(struct report *r, const struct litmus *l, const struct outcome_cap *cap)
{
    char *parent = cap->has_parent ? judge_parent(l, cap) : NULL;
    json_builder_begin_object(r->value);
    put_int(r->value, "sel", cap->sel);
    put_string(r->value, "type", judge_type_word(cap->type));
    put_string(r->value, "parent", parent);
    if (cap->kind == RESCIND_TABLE_MAP) {
        put_string(r->value, "table", "map");
    }
    flush(r);
    g_free(parent);
}

static void put_tables(struct report *r, const struct litmus *l, const struct outcome *o)
{
    begin(r, "tables", "{");
    for (guint i = 0; i < l->vpes->len; i++) {
        const GArray *caps = outcome_vpe(o, i)->caps;
        begin(r, litmus_vpe(l, i)->name, "[");
        for (guint k = 0; k < caps->len; k++) {
            put_cap(r, l, &g_array_index(caps, struct outcome_cap, k));
        }
        g_string_append_c(r->out, ']');
    }
    g_string_append_c(r->out, '}');
}

static void put_report(struct report *r, const struct litmus *l, const struct outcome *o,
                       const struct judgement *j)
{
    char *file = g_utf8_make_valid(l->file, -1);
    g_string_append_c(r->out, '{');
    put_member(r, "file", file);
    put_member(r, "litmus", l->title);
    put_member(r, "target", o->target);
    put_member(r, "verdict", j->pass ? "pass" : "fail");
    begin(r, "steps", "[");
    for (guint i = 0; i < l->vpes->len; i++) {
        put_steps(r, l, o, i);
    }
    g_string_append_c(r->out, ']');
    begin(r, "stuck", "[");
    put_stuck(r, l, o);
    g_string_append_c(r->out, ']');
    begin(r, "conditions", "[");
    for (guint i = 0; i < l->conditions->len; i++) {
        put_condition(r, &g_array_index(l->conditions, struct litmus_condition, i),
                      g_array_index(j->conditions, uint8_t, i));
    }
    g_string_append_c(r->out, ']');
    put_tables(r, l, o);
    g_string_append(r->out, "}\n");
    g_free(file);
}

char *print_json(const struct litmus *l, const struct outcome *o, const struct judgement *j)
{
    struct report r = {g_string_new(NULL), json_builder_new_immutable(), json_generator_new()};
    put_report(&r, l, o, j);
    g_object_unref(r.generator);
    g_object_unref(r.value);
    return g_string_free(r.out, false);
}

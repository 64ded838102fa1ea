/* Reports of explorations; see explore_report.h. */
#include "sim/explore_report.h"

#include <string.h>

#include "sim/litmus_print.h"
#include "sim/print.h"
#include "sim/replay.h"

static const char *const strategies[] = {[EXPLORE_DPOR] = "dpor",
                                         [EXPLORE_PLAIN] = "plain",
                                         [EXPLORE_RANDOM] = "random",
                                         [EXPLORE_PCT] = "pct"};

/* Members that are counted over all shards. */
static const char *const counts[] = {"schedules", "states", "violations", "choices", "pruned"};

/* ---- Making one ---------------------------------------------------------------------------- */

/* How the conditions stand, as far as this exploration can tell. */
static GArray *judge_all(const struct litmus *l, const struct explore_options *o,
                         const struct explore_result *r)
{
    GArray *answers = g_array_new(false, false, sizeof(uint8_t));
    bool whole = r->complete && o->shards <= 1;

    for (guint i = 0; i < l->conditions->len; i++) {
        bool exists =
            g_array_index(l->conditions, struct litmus_condition, i).kind == LITMUS_EXISTS;
        uint8_t answer = r->complete ? JUDGE_HOLDS : JUDGE_OPEN;
        if (exists)
            answer = g_array_index(r->exists, bool, i) ? JUDGE_HOLDS
                     : whole                           ? JUDGE_FAILS
                                                       : JUDGE_OPEN;
        g_array_append_val(answers, answer);
    }
    return answers;
}

/* Which `final` or `never` is broken at the violation. */
static void judge_violation(const struct litmus *l, const struct explore_result *r, GArray *answers)
{
    struct judgement *j;

    if (r->violation == NULL || r->violation->kind != VIOLATION_CONDITION)
        return;
    j = judge(l, r->outcome);
    for (guint i = 0; i < j->conditions->len; i++)
        if (g_array_index(j->conditions, uint8_t, i) == JUDGE_FAILS)
            g_array_index(answers, uint8_t, i) = JUDGE_FAILS;
    judgement_free(j);
}

static JsonObject *parse_object(const char *text, gssize size)
{
    JsonParser *parser = json_parser_new();
    JsonObject *object = NULL;
    JsonNode *root;

    if (json_parser_load_from_data(parser, text, size, NULL)) {
        root = json_parser_get_root(parser);
        if (root != NULL && JSON_NODE_HOLDS_OBJECT(root))
            object = json_node_dup_object(root);
    }
    g_object_unref(parser);
    return object;
}

static void set_string(JsonObject *object, const char *name, const char *value)
{
    if (value != NULL)
        json_object_set_string_member(object, name, value);
    else
        json_object_set_null_member(object, name);
}

static JsonArray *lines_of(const char *text)
{
    JsonArray *array = json_array_new();
    char **lines = g_strsplit(text, "\n", -1);

    for (char **line = lines; *line != NULL; line++)
        if (**line != '\0')
            json_array_add_string_element(array, *line);
    g_strfreev(lines);
    return array;
}

static void put_violation(JsonObject *report, const struct litmus *l,
                          const struct explore_result *r, const struct shrunk *shrunk)
{
    const struct violation *v = shrunk != NULL ? shrunk->violation : r->violation;
    JsonObject *object;
    char *schedule;

    if (v == NULL) {
        json_object_set_null_member(report, "violation");
        return;
    }
    object = json_object_new();
    schedule = replay_text(shrunk != NULL ? shrunk->litmus : l, v->schedule);
    set_string(object, "kind", violation_word(v->kind));
    set_string(object, "text", v->text);
    set_string(object, "litmus", shrunk != NULL ? shrunk->text : NULL);
    json_object_set_array_member(object, "schedule", lines_of(schedule));
    json_object_set_int_member(object, "seed", (gint64)r->seed);
    json_object_set_object_member(report, "violation", object);
    g_free(schedule);
}

/* What a shard is a part of: equal but for "shard" in all of them. */
static void put_part(JsonObject *report, const struct litmus *l, const struct explore_options *o)
{
    JsonObject *part = json_object_new();
    char *text = litmus_print(l, NULL);
    char *digest = g_compute_checksum_for_string(G_CHECKSUM_SHA256, text, -1);

    set_string(part, "digest", digest);
    set_string(part, "strategy", strategies[o->strategy]);
    set_string(part, "audit", o->audit_ends ? "ends" : "always");
    json_object_set_int_member(part, "work", o->work);
    json_object_set_int_member(part, "seed", (gint64)o->seed);
    json_object_set_int_member(part, "shard", o->shard);
    json_object_set_int_member(part, "shards", o->shards);
    json_object_set_object_member(report, "explore", part);
    g_free(digest);
    g_free(text);
}

static void set_verdict(JsonObject *report)
{
    JsonArray *conditions = json_object_get_array_member(report, "conditions");
    bool fails = json_object_get_int_member(report, "violations") > 0;

    for (guint i = 0; i < json_array_get_length(conditions); i++) {
        JsonObject *condition = json_array_get_object_element(conditions, i);
        fails |= !json_object_get_null_member(condition, "holds") &&
                 !json_object_get_boolean_member(condition, "holds");
    }
    json_object_set_string_member(report, "verdict",
                                  fails ? "fail"
                                  : json_object_get_boolean_member(report, "complete")
                                      ? "pass"
                                      : "incomplete");
}

JsonObject *explore_report(const struct litmus *l, const struct explore_options *o,
                           const struct explore_result *r, const struct shrunk *shrunk)
{
    struct judgement judgement = {.pass = true, .conditions = judge_all(l, o, r)};
    uint64_t numbers[] = {r->schedules, r->states, r->violations, r->choices, r->asleep + r->known};
    JsonObject *report;
    char *text;

    judge_violation(l, r, judgement.conditions);
    text = print_json(l, r->outcome, &judgement);
    report = parse_object(text, -1);
    g_free(text);
    g_array_unref(judgement.conditions);
    for (guint i = 0; i < G_N_ELEMENTS(counts); i++)
        json_object_set_int_member(report, counts[i], (gint64)numbers[i]);
    json_object_set_boolean_member(report, "complete", r->complete);
    set_string(report, "limit", r->limit);
    json_object_set_boolean_member(report, "compared", r->compared);
    put_violation(report, l, r, shrunk);
    if (o->shards != 0)
        put_part(report, l, o);
    set_verdict(report);
    return report;
}

const char *explore_report_verdict(const JsonObject *report)
{
    return json_object_get_string_member((JsonObject *)report, "verdict");
}

/* ---- Printing one -------------------------------------------------------------------------- */

char *explore_report_json(JsonObject *report)
{
    JsonNode *node = json_node_init_object(json_node_alloc(), report);
    char *text = json_to_string(node, false), *line = g_strconcat(text, "\n", NULL);

    json_node_unref(node);
    g_free(text);
    return line;
}

static gint64 count_of(JsonObject *report, const char *name)
{
    return json_object_get_int_member(report, name);
}

/* An `exists` that no schedule has shown. */
static void put_exists(GString *out, JsonObject *report)
{
    JsonArray *conditions = json_object_get_array_member(report, "conditions");

    for (guint i = 0; i < json_array_get_length(conditions); i++) {
        JsonObject *c = json_array_get_object_element(conditions, i);
        if (strcmp(json_object_get_string_member(c, "kind"), "exists") == 0 &&
            !json_object_get_null_member(c, "holds") && !json_object_get_boolean_member(c, "holds"))
            g_string_append_printf(out,
                                   "  line %" G_GINT64_FORMAT
                                   ": exists: there is no schedule at whose end this holds\n",
                                   count_of(c, "line"));
    }
}

static void put_counts(GString *out, JsonObject *report)
{
    const char *limit = json_object_get_null_member(report, "limit")
                            ? NULL
                            : json_object_get_string_member(report, "limit");

    g_string_append_printf(out,
                           "  %" G_GINT64_FORMAT " schedules to an end, %" G_GINT64_FORMAT
                           " states, %" G_GINT64_FORMAT " choices made, %" G_GINT64_FORMAT
                           " pruned\n",
                           count_of(report, "schedules"), count_of(report, "states"),
                           count_of(report, "choices"), count_of(report, "pruned"));
    if (limit != NULL)
        g_string_append_printf(out, "  not every schedule: %s\n", limit);
    if (!json_object_get_boolean_member(report, "compared"))
        g_string_append(out, "  not compared with atomic calls: too large for the naive model\n");
}

char *explore_report_text(const JsonObject *constant)
{
    JsonObject *report = (JsonObject *)constant;
    const char *verdict = explore_report_verdict(report);
    const char *title = json_object_get_null_member(report, "litmus")
                            ? NULL
                            : json_object_get_string_member(report, "litmus");
    GString *out = g_string_new(NULL);

    g_string_append_printf(out, "%s: %s on host%s%s\n",
                           json_object_get_string_member(report, "file"),
                           strcmp(verdict, "fail") == 0 ? "FAIL" : verdict,
                           title != NULL ? ": " : "", title != NULL ? title : "");
    if (!json_object_get_null_member(report, "violation")) {
        JsonObject *v = json_object_get_object_member(report, "violation");
        g_string_append_printf(out, "  %s: %s\n", json_object_get_string_member(v, "kind"),
                               json_object_get_string_member(v, "text"));
    }
    put_exists(out, report);
    put_counts(out, report);
    return g_string_free(out, false);
}

/* ---- Reading and merging ------------------------------------------------------------------- */

enum { SHARDS_MAX = 65536 };

static bool holds(JsonObject *o, const char *name, GType type)
{
    JsonNode *node = json_object_get_member(o, name);

    return node != NULL && JSON_NODE_HOLDS_VALUE(node) && json_node_get_value_type(node) == type;
}

/* A member that is an object or an array, or, with `or_null`, null. */
static bool has_node(JsonObject *o, const char *name, JsonNodeType type, bool or_null)
{
    JsonNode *node = json_object_get_member(o, name);

    return node != NULL && (json_node_get_node_type(node) == type ||
                            (or_null && json_node_get_node_type(node) == JSON_NODE_NULL));
}

static bool is_part(JsonObject *p)
{
    return holds(p, "digest", G_TYPE_STRING) && holds(p, "strategy", G_TYPE_STRING) &&
           holds(p, "audit", G_TYPE_STRING) && holds(p, "work", G_TYPE_INT64) &&
           holds(p, "seed", G_TYPE_INT64) && holds(p, "shard", G_TYPE_INT64) &&
           holds(p, "shards", G_TYPE_INT64) && json_object_get_int_member(p, "shard") >= 1 &&
           json_object_get_int_member(p, "shards") >= json_object_get_int_member(p, "shard") &&
           json_object_get_int_member(p, "shards") <= SHARDS_MAX;
}

static bool are_conditions(JsonArray *conditions)
{
    for (guint i = 0; i < json_array_get_length(conditions); i++) {
        JsonNode *node = json_array_get_element(conditions, i);
        JsonObject *c = JSON_NODE_HOLDS_OBJECT(node) ? json_node_get_object(node) : NULL;
        if (c == NULL || !holds(c, "line", G_TYPE_INT64) || !holds(c, "kind", G_TYPE_STRING) ||
            !(holds(c, "holds", G_TYPE_BOOLEAN) || has_node(c, "holds", JSON_NODE_NULL, false)))
            return false;
    }
    return true;
}

static bool is_violation(JsonNode *node)
{
    JsonObject *v = JSON_NODE_HOLDS_OBJECT(node) ? json_node_get_object(node) : NULL;

    return v == NULL || (holds(v, "kind", G_TYPE_STRING) && holds(v, "text", G_TYPE_STRING));
}

/* Whether the object has what merging and printing look at. */
static bool is_shard(JsonObject *o)
{
    for (guint i = 0; i < G_N_ELEMENTS(counts); i++)
        if (!holds(o, counts[i], G_TYPE_INT64))
            return false;
    return has_node(o, "explore", JSON_NODE_OBJECT, false) &&
           is_part(json_object_get_object_member(o, "explore")) &&
           has_node(o, "conditions", JSON_NODE_ARRAY, false) &&
           are_conditions(json_object_get_array_member(o, "conditions")) &&
           has_node(o, "violation", JSON_NODE_OBJECT, true) &&
           is_violation(json_object_get_member(o, "violation")) &&
           holds(o, "file", G_TYPE_STRING) && holds(o, "complete", G_TYPE_BOOLEAN) &&
           holds(o, "compared", G_TYPE_BOOLEAN) &&
           (holds(o, "litmus", G_TYPE_STRING) || has_node(o, "litmus", JSON_NODE_NULL, false)) &&
           (holds(o, "limit", G_TYPE_STRING) || has_node(o, "limit", JSON_NODE_NULL, false)) &&
           has_node(o, "steps", JSON_NODE_ARRAY, false) &&
           has_node(o, "stuck", JSON_NODE_ARRAY, false) &&
           has_node(o, "tables", JSON_NODE_OBJECT, false);
}

bool explore_report_read(const char *file, GPtrArray *reports, char **error)
{
    char *text = NULL, **lines;
    GError *failure = NULL;
    bool good = true;

    if (!g_file_get_contents(file, &text, NULL, &failure)) {
        *error = g_strdup(failure->message);
        g_error_free(failure);
        return false;
    }
    lines = g_strsplit(text, "\n", -1);
    for (guint i = 0; lines[i] != NULL && good; i++) {
        if (*lines[i] == '\0')
            continue;
        JsonObject *object = parse_object(lines[i], -1);
        good = object != NULL && is_shard(object);
        if (good)
            g_ptr_array_add(reports, object);
        else
            *error = g_strdup_printf("%s:%u: not the report of a shard", file, i + 1);
        if (!good && object != NULL)
            json_object_unref(object);
    }
    g_strfreev(lines);
    g_free(text);
    return good;
}

static JsonObject *part_of(JsonObject *report)
{
    return json_object_get_object_member(report, "explore");
}

static bool same_string(JsonObject *a, JsonObject *b, const char *name)
{
    return g_strcmp0(json_object_get_string_member(a, name),
                     json_object_get_string_member(b, name)) == 0;
}

/* Whether two shards are of one exploration. */
static bool same_exploration(JsonObject *a, JsonObject *b)
{
    JsonObject *p = part_of(a), *q = part_of(b);

    return same_string(a, b, "file") && same_string(p, q, "digest") &&
           same_string(p, q, "strategy") && same_string(p, q, "audit") &&
           count_of(p, "work") == count_of(q, "work") &&
           count_of(p, "seed") == count_of(q, "seed") &&
           count_of(p, "shards") == count_of(q, "shards");
}

/* Of a `final` or `never` what is worst, of an `exists` what is best. */
static void merge_conditions(JsonObject *into, JsonObject *from)
{
    JsonArray *a = json_object_get_array_member(into, "conditions");
    JsonArray *b = json_object_get_array_member(from, "conditions");

    for (guint i = 0; i < json_array_get_length(a) && i < json_array_get_length(b); i++) {
        JsonObject *x = json_array_get_object_element(a, i);
        JsonObject *y = json_array_get_object_element(b, i);
        bool exists = strcmp(json_object_get_string_member(x, "kind"), "exists") == 0;
        bool x_open = json_object_get_null_member(x, "holds");
        bool y_open = json_object_get_null_member(y, "holds");
        if (!y_open && json_object_get_boolean_member(y, "holds") == exists)
            json_object_set_boolean_member(x, "holds", exists);
        else if (!exists && !x_open && json_object_get_boolean_member(x, "holds") && y_open)
            json_object_set_null_member(x, "holds");
    }
}

static void merge_into(JsonObject *into, JsonObject *from)
{
    for (guint i = 0; i < G_N_ELEMENTS(counts); i++)
        json_object_set_int_member(into, counts[i],
                                   count_of(into, counts[i]) + count_of(from, counts[i]));
    json_object_set_boolean_member(into, "complete",
                                   json_object_get_boolean_member(into, "complete") &&
                                       json_object_get_boolean_member(from, "complete"));
    json_object_set_boolean_member(into, "compared",
                                   json_object_get_boolean_member(into, "compared") &&
                                       json_object_get_boolean_member(from, "compared"));
    if (json_object_get_null_member(into, "limit"))
        json_object_set_member(into, "limit", json_object_dup_member(from, "limit"));
    merge_conditions(into, from);
    if (!json_object_get_null_member(into, "violation") ||
        json_object_get_null_member(from, "violation"))
        return;
    static const char *const seen[] = {"violation", "steps", "stuck", "tables"};
    for (guint i = 0; i < G_N_ELEMENTS(seen); i++)
        json_object_set_member(into, seen[i], json_object_dup_member(from, seen[i]));
}

/* With all shards there, an `exists` that none has seen does not hold. */
static void close_exists(JsonObject *report)
{
    JsonArray *conditions = json_object_get_array_member(report, "conditions");

    for (guint i = 0; i < json_array_get_length(conditions); i++) {
        JsonObject *c = json_array_get_object_element(conditions, i);
        if (strcmp(json_object_get_string_member(c, "kind"), "exists") == 0 &&
            json_object_get_null_member(c, "holds") &&
            json_object_get_boolean_member(report, "complete"))
            json_object_set_boolean_member(c, "holds", false);
    }
}

/* Merges what belongs together with `first`, whose number is `at`. */
static JsonObject *merge_one(const GPtrArray *reports, guint at, char **error)
{
    JsonObject *first = g_ptr_array_index(reports, at), *merged;
    gint64 shards = count_of(part_of(first), "shards");
    GArray *there = g_array_new(false, true, sizeof(bool));
    char *text = explore_report_json(first);
    gint64 missing = shards;

    merged = parse_object(text, -1);
    g_free(text);
    g_array_set_size(there, (guint)shards + 1);
    for (guint i = at; i < reports->len && *error == NULL; i++) {
        JsonObject *report = g_ptr_array_index(reports, i);
        if (!same_exploration(first, report))
            continue;
        gint64 shard = count_of(part_of(report), "shard");
        if (g_array_index(there, bool, shard))
            *error = g_strdup_printf("%s: shard %" G_GINT64_FORMAT " is there twice",
                                     json_object_get_string_member(first, "file"), shard);
        g_array_index(there, bool, shard) = true;
        missing--;
        if (i != at)
            merge_into(merged, report);
    }
    if (*error == NULL && missing > 0)
        *error =
            g_strdup_printf("%s: %" G_GINT64_FORMAT " of %" G_GINT64_FORMAT " shards are missing",
                            json_object_get_string_member(first, "file"), missing, shards);
    json_object_remove_member(merged, "explore");
    close_exists(merged);
    set_verdict(merged);
    g_array_unref(there);
    return merged;
}

GPtrArray *explore_report_merge(const GPtrArray *reports, char **error)
{
    GPtrArray *merged = g_ptr_array_new_with_free_func((GDestroyNotify)json_object_unref);

    *error = NULL;
    for (guint i = 0; i < reports->len && *error == NULL; i++) {
        bool done = false;
        for (guint j = 0; j < i && !done; j++)
            done = same_exploration(g_ptr_array_index(reports, j), g_ptr_array_index(reports, i));
        if (!done)
            g_ptr_array_add(merged, merge_one(reports, i, error));
    }
    if (*error != NULL)
        g_clear_pointer(&merged, g_ptr_array_unref);
    return merged;
}

/* Outcomes, counted; sim/histogram.h says more. */
#include "sim/histogram.h"

#include <json-glib/json-glib.h>
#include <string.h>

#include "rescind/startup.h"
#include "sim/judge.h"
#include "sim/print.h"

enum { WORDS_MAX = 12 }; /* of a VPE's results, in text */

struct histogram {
    const struct litmus *litmus;
    const char *target;
    GHashTable *entries; /* by their json; owned */
    uint64_t runs;
};

static void free_entry(gpointer data)
{
    struct histogram_entry *entry = data;
    g_free(entry->json);
    g_free(entry->text);
    g_free(entry);
}

struct histogram *histogram_new(const struct litmus *litmus)
{
    struct histogram *h = g_new0(struct histogram, 1);
    h->litmus = litmus;
    h->entries = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, free_entry);
    return h;
}

void histogram_free(struct histogram *h)
{
    g_hash_table_unref(h->entries);
    g_free(h);
}

/* What print_json() says, without the line's end. */
static char *json_line(const struct litmus *litmus, const struct outcome *outcome, bool *pass)
{
    struct judgement *judgement = judge(litmus, outcome);
    char *json = print_json(litmus, outcome, judgement);
    *pass = judgement->pass;
    judgement_free(judgement);
    return g_strchomp(json);
}

char *histogram_key(const struct litmus *litmus, const struct outcome *outcome)
{
    struct outcome anywhere = *outcome;
    bool pass;
    anywhere.target = "";
    return json_line(litmus, &anywhere, &pass);
}

/* A VPE's results, those that are the same in a row as one, and no more than fit a line. */
static void append_results(GString *text, const struct outcome_vpe *vpe)
{
    for (guint i = 0, end, words = 0; i < vpe->results->len; i = end, words++) {
        if (words == WORDS_MAX) {
            g_string_append(text, " ...");
            break;
        }
        const char *word = judge_result_word(vpe->results->data[i]);
        for (end = i + 1; end < vpe->results->len; end++) {
            if (vpe->results->data[end] != vpe->results->data[i]) {
                break;
            }
        }
        g_string_append_printf(text, " %s", word != NULL ? word : "-");
        if (end > i + 1) {
            g_string_append_printf(text, "*%u", end - i);
        }
    }
    g_string_append(text, vpe->stuck ? " stuck" : "");
}

static char *describe(const struct litmus *litmus, const struct outcome *outcome, const char *json)
{
    GString *text = g_string_new(NULL);
    for (guint i = 0; i < litmus->vpes->len; i++) {
        const struct outcome_vpe *vpe = outcome_vpe(outcome, i);
        if (vpe->results->len > 0 || vpe->stuck) {
            g_string_append_printf(text, "%s:", litmus_vpe(litmus, i)->name);
            append_results(text, vpe);
            g_string_append(text, "; ");
        }
    }
    g_string_append_printf(text, "#%08x", g_str_hash(json));
    return g_string_free(text, false);
}

const struct histogram_entry *histogram_add(struct histogram *h, const struct outcome *outcome,
                                            uint64_t number)
{
    bool pass;
    char *json = json_line(h->litmus, outcome, &pass);
    struct histogram_entry *entry = g_hash_table_lookup(h->entries, json);
    h->runs++;
    h->target = outcome->target;
    if (entry == NULL) {
        entry = g_new0(struct histogram_entry, 1);
        entry->json = json;
        entry->text = describe(h->litmus, outcome, json);
        entry->first = number;
        entry->pass = pass;
        g_hash_table_insert(h->entries, entry->json, entry);
    } else {
        g_free(json);
    }
    entry->count++;
    return entry;
}

/* The most frequent first; of equals, the one that was seen first. */
static gint compare(gconstpointer a, gconstpointer b)
{
    const struct histogram_entry *left = a, *right = b;
    if (left->count != right->count) {
        return left->count > right->count ? -1 : 1;
    }
    return left->first < right->first ? -1 : left->first > right->first;
}

static GList *sorted(const struct histogram *h)
{
    return g_list_sort(g_hash_table_get_values(h->entries), compare);
}

bool histogram_pass(const struct histogram *h)
{
    bool pass = true;
    GHashTableIter iter;
    gpointer value;
    g_hash_table_iter_init(&iter, h->entries);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        pass = pass && ((const struct histogram_entry *)value)->pass;
    }
    return pass;
}

char *histogram_text(const struct histogram *h)
{
    GString *out = g_string_new(NULL);
    GList *entries = sorted(h);
    const char *title = h->litmus->title;
    g_string_append_printf(
        out, "%s: %s on %s, %" G_GUINT64_FORMAT " runs, %u outcome%s%s%s\n", h->litmus->file,
        histogram_pass(h) ? "pass" : "FAIL", h->target != NULL ? h->target : "nothing", h->runs,
        g_hash_table_size(h->entries), g_hash_table_size(h->entries) == 1 ? "" : "s",
        title != NULL ? ": " : "", title != NULL ? title : "");
    for (GList *at = entries; at != NULL; at = at->next) {
        const struct histogram_entry *entry = at->data;
        g_string_append_printf(
            out, "%8" G_GUINT64_FORMAT "  %s  %s (first: %" G_GUINT64_FORMAT ")\n", entry->count,
            entry->pass ? "pass" : "FAIL", entry->text, entry->first);
    }
    g_list_free(entries);
    return g_string_free(out, false);
}

static JsonNode *string_node(const char *text)
{
    return text != NULL ? json_node_init_string(json_node_alloc(), text)
                        : json_node_init_null(json_node_alloc());
}

/* `text` as JSON has it, or null. */
static void append_string(GString *out, const char *text)
{
    JsonNode *node = string_node(text);
    char *json = json_to_string(node, false);
    g_string_append(out, json);
    g_free(json);
    json_node_unref(node);
}

char *histogram_json(const struct histogram *h)
{
    GString *out = g_string_new("{\"file\":");
    GList *entries = sorted(h);
    char *file = g_utf8_make_valid(h->litmus->file, -1);
    append_string(out, file);
    g_string_append(out, ",\"litmus\":");
    append_string(out, h->litmus->title);
    g_string_append(out, ",\"target\":");
    append_string(out, h->target);
    g_string_append_printf(out, ",\"verdict\":\"%s\",\"runs\":%" G_GUINT64_FORMAT ",\"outcomes\":[",
                           histogram_pass(h) ? "pass" : "fail", h->runs);
    for (GList *at = entries; at != NULL; at = at->next) {
        const struct histogram_entry *entry = at->data;
        g_string_append_printf(out,
                               "%s{\"count\":%" G_GUINT64_FORMAT ",\"first\":%" G_GUINT64_FORMAT
                               ",\"outcome\":%s}",
                               at == entries ? "" : ",", entry->count, entry->first, entry->json);
    }
    g_string_append(out, "]}\n");
    g_list_free(entries);
    g_free(file);
    return g_string_free(out, false);
}

/* Measuring; see measure.h. */
#include "bench/measure.h"

#include <json-glib/json-glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { FLOORS = 3, RUNS = 5, RUNS_QUICK = 3 };

struct result {
    char *name, *variant;
    const char *unit;
    guint64 size;
    double ns; /* a unit */
    guint floors;
    struct {
        const char *what;
        double ns;
    } floor[FLOORS];
};

struct measure {
    bool quick;
    char **words;
    GArray *results;
};

static gint64 started, taken;

static gint64 cpu_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (gint64)now.tv_sec * 1000000000 + now.tv_nsec;
}

void clock_start(void)
{
    started = cpu_now();
}

void clock_stop(void)
{
    taken = cpu_now() - started;
}

static void clear(gpointer data)
{
    struct result *result = data;

    g_free(result->name);
    g_free(result->variant);
}

struct measure *measure_new(bool quick)
{
    struct measure *m = g_new0(struct measure, 1);

    m->quick = quick;
    m->results = g_array_new(FALSE, FALSE, sizeof(struct result));
    g_array_set_clear_func(m->results, clear);
    return m;
}

void measure_free(struct measure *m)
{
    g_array_unref(m->results);
    g_free(m);
}

void measure_only(struct measure *m, char **words)
{
    m->words = words;
}

bool measure_is_quick(const struct measure *m)
{
    return m->quick;
}

bool measure_wants(const struct measure *m, const char *name)
{
    bool wanted = m->words == NULL;

    for (char **word = m->words; !wanted && *word != NULL; word++)
        wanted = g_str_has_prefix(name, *word);
    return wanted;
}

static gint by_value(gconstpointer a, gconstpointer b)
{
    gint64 x = *(const gint64 *)a, y = *(const gint64 *)b;

    return (x > y) - (x < y);
}

double measure_run(struct measure *m, const struct subject *subject, run_once *run, void *state)
{
    int runs = m->quick ? RUNS_QUICK : RUNS;
    gint64 times[RUNS];
    struct result result = {
        .name = g_strdup(subject->name),
        .variant = g_strdup(subject->variant),
        .unit = subject->unit,
        .size = subject->size,
    };

    for (int i = 0; i < runs; i++) {
        taken = 0;
        run(state);
        times[i] = taken;
    }
    qsort(times, (size_t)runs, sizeof(times[0]), by_value);
    result.ns = (double)times[runs / 2] / (double)subject->units;
    g_array_append_val(m->results, result);
    return result.ns;
}

double measure_aside(run_once *run, void *state, guint64 units)
{
    struct measure *m = measure_new(true);
    struct subject subject = {"", "", 0, units, ""};
    double ns = measure_run(m, &subject, run, state);

    measure_free(m);
    return ns;
}

void measure_floor(struct measure *m, const char *what, double ns)
{
    struct result *last = &g_array_index(m->results, struct result, m->results->len - 1);

    g_assert(last->floors < FLOORS);
    last->floor[last->floors].what = what;
    last->floor[last->floors++].ns = ns;
}

/* ---- Writing it down ---------------------------------------------------------------------- */

static const struct result *at(const struct measure *m, guint i)
{
    return &g_array_index(m->results, struct result, i);
}

static void add_json(JsonBuilder *b, const struct result *r)
{
    json_builder_begin_object(b);
    json_builder_set_member_name(b, "subject");
    json_builder_add_string_value(b, r->name);
    json_builder_set_member_name(b, "variant");
    json_builder_add_string_value(b, r->variant);
    json_builder_set_member_name(b, "size");
    json_builder_add_int_value(b, (gint64)r->size);
    json_builder_set_member_name(b, "unit");
    json_builder_add_string_value(b, r->unit);
    json_builder_set_member_name(b, "ns");
    json_builder_add_double_value(b, r->ns);
    json_builder_set_member_name(b, "floors");
    json_builder_begin_object(b);
    for (guint i = 0; i < r->floors; i++) {
        json_builder_set_member_name(b, r->floor[i].what);
        json_builder_add_double_value(b, r->floor[i].ns);
    }
    json_builder_end_object(b);
    json_builder_end_object(b);
}

static char *json_of(const struct measure *m)
{
    g_autoptr(JsonBuilder) builder = json_builder_new();
    g_autoptr(JsonGenerator) generator = json_generator_new();
    g_autoptr(JsonNode) root = NULL;

    json_builder_begin_array(builder);
    for (guint i = 0; i < m->results->len; i++)
        add_json(builder, at(m, i));
    json_builder_end_array(builder);
    root = json_builder_get_root(builder);
    json_generator_set_root(generator, root);
    json_generator_set_pretty(generator, TRUE);
    return json_generator_to_data(generator, NULL);
}

/* A row each; of floors the first two. */
static char *csv_of(const struct measure *m)
{
    GString *text = g_string_new("subject,variant,size,unit,ns,floor,floor_ns,floor,floor_ns\n");

    for (guint i = 0; i < m->results->len; i++) {
        const struct result *r = at(m, i);
        g_string_append_printf(text, "%s,\"%s\",%" G_GUINT64_FORMAT ",%s,%.2f", r->name, r->variant,
                               r->size, r->unit, r->ns);
        for (guint j = 0; j < r->floors; j++)
            g_string_append_printf(text, ",%s,%.2f", r->floor[j].what, r->floor[j].ns);
        g_string_append_c(text, '\n');
    }
    return g_string_free(text, FALSE);
}

static bool write_file(const char *folder, const char *name, char *text, GError **error)
{
    char *path = g_build_filename(folder, name, NULL);
    bool good = g_file_set_contents(path, text, -1, error);

    g_free(path);
    g_free(text);
    return good;
}

bool measure_write(const struct measure *m, const char *folder, GError **error)
{
    return write_file(folder, "results.json", json_of(m), error) &&
           write_file(folder, "results.csv", csv_of(m), error);
}

void measure_print(const struct measure *m)
{
    printf("| what | of | ns | a second | compared with |\n|---|---|---|---|---|\n");
    for (guint i = 0; i < m->results->len; i++) {
        const struct result *r = at(m, i);
        printf("| %s%s%s", r->name, r->variant[0] != '\0' ? ", " : "", r->variant);
        if (r->size > 0)
            printf(", %" G_GUINT64_FORMAT, r->size);
        printf(" | %s | %.*f | %.0f |", r->unit, r->ns < 100 ? 1 : 0, r->ns, 1e9 / r->ns);
        for (guint j = 0; j < r->floors; j++)
            printf("%s %s %.*f: %.2f", j > 0 ? ";" : "", r->floor[j].what,
                   r->floor[j].ns < 100 ? 1 : 0, r->floor[j].ns, r->ns / r->floor[j].ns);
        printf(" |\n");
    }
}

/* Replays; see replay.h. */
#include "sim/replay.h"

#include "sim/memory.h"

/* One line: the choice, and what was seen of it. */
static void put_step(GString *out, guint number, const char *words, char *seen)
{
    g_string_append_printf(out, "%4u. %s%s%s\n", number, words, seen != NULL ? " -- " : "",
                           seen != NULL ? seen : "");
    g_free(seen);
}

static char *list_possible(const struct trial *t)
{
    GArray *choices = g_array_new(false, false, sizeof(struct machine_choice));
    GString *out = g_string_new(NULL);

    machine_choices(t->machine, choices);
    for (guint i = 0; i < choices->len; i++) {
        char *text =
            machine_choice_text(t->machine, &g_array_index(choices, struct machine_choice, i));
        g_string_append_printf(out, "%s%s", i > 0 ? ", " : "", text);
        g_free(text);
    }
    if (choices->len == 0)
        g_string_append(out, "nothing");
    g_array_unref(choices);
    return g_string_free(out, false);
}

static void make(struct trial *t, const GArray *schedule, struct replayed *r, GString *steps)
{
    while (r->made < schedule->len && r->violation == NULL) {
        const struct machine_choice *c = &g_array_index(schedule, struct machine_choice, r->made);
        if (!machine_possible(t->machine, c)) {
            r->possible = list_possible(t);
            return;
        }
        char *words = trial_words(t, c);
        r->violation = trial_step(t, c);
        put_step(steps, ++r->made, words, trial_seen(t));
        g_free(words);
    }
}

struct replayed *replay(const struct litmus *litmus, const struct trial_options *options,
                        const GArray *schedule, GError **error)
{
    uint64_t failures = memory_failures();
    struct trial *t = trial_new(litmus, options, error);
    GString *steps;
    struct replayed *r;

    if (t == NULL)
        return NULL;
    r = g_new0(struct replayed, 1);
    steps = g_string_new(NULL);
    make(t, schedule, r, steps);
    r->steps = g_string_free(steps, false);
    r->outcome = machine_outcome(t->machine);
    r->end = machine_at_end(t->machine);
    if (r->violation == NULL && r->end)
        r->violation = trial_end(t, r->outcome);
    if (options->monitor == NULL)
        monitor_free(t->monitor);
    if (memory_failures() != failures) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOMEM, "%s", machine_finding(t->machine));
        g_clear_pointer(&r, replayed_free);
    }
    trial_free(t);
    return r;
}

void replayed_free(struct replayed *r)
{
    if (r == NULL)
        return;
    g_free(r->steps);
    g_free(r->possible);
    violation_free(r->violation);
    outcome_free(r->outcome);
    g_free(r);
}

/* A machine that only has the names. */
static struct trial *nameable(const struct litmus *litmus, char **message)
{
    const struct trial_options options = {0};
    GError *error = NULL;
    struct trial *t = trial_new(litmus, &options, &error);

    if (t == NULL) {
        if (message != NULL)
            *message = g_strdup_printf("%s: %s", litmus->file, error->message);
        g_error_free(error);
    }
    return t;
}

GArray *replay_parse(const struct litmus *litmus, const char *file, const char *text, char **error)
{
    struct trial *t = nameable(litmus, error);
    GArray *schedule;

    if (t == NULL)
        return NULL;
    schedule = machine_schedule_parse(t->machine, file, text, error);
    monitor_free(trial_free(t));
    return schedule;
}

char *replay_text(const struct litmus *litmus, const GArray *schedule)
{
    struct trial *t = nameable(litmus, NULL);
    char *text;

    if (t == NULL)
        return g_strdup("");
    text = machine_schedule_text(t->machine, schedule);
    monitor_free(trial_free(t));
    return text;
}

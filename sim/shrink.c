/* The shrinker; see shrink.h. */
#include "sim/shrink.h"

#include <string.h>

#include "sim/litmus_print.h"

enum {
    STATES = 30000,          /* that a smaller file is searched for, at least */
    SHORTER_STATES = 300000, /* that the search for the shortest schedule may see */
};

/* ---- Whether a file shows it --------------------------------------------------------------- */

static bool passes_under_fifo(const struct litmus *litmus, const struct explore_options *options)
{
    struct trial_options o = {
        .seed = options->seed, .work = options->work, .audit_ends = options->audit_ends};
    struct trial *trial = trial_new(litmus, &o, NULL);
    bool passes = false;

    if (trial == NULL)
        return false;
    if (machine_run(trial->machine, NULL, NULL) == MACHINE_QUIET) {
        struct outcome *outcome = machine_outcome(trial->machine);
        struct judgement *judgement = judge(litmus, outcome);
        passes = judgement->pass;
        judgement_free(judgement);
        outcome_free(outcome);
    }
    monitor_free(trial_free(trial));
    return passes;
}

bool shrink_wants_well(const struct litmus *litmus, const struct explore_options *options,
                       enum violation_kind kind)
{
    return (kind == VIOLATION_RESULT || kind == VIOLATION_CONDITION || kind == VIOLATION_STUCK) &&
           passes_under_fifo(litmus, options);
}

/* The violation of the kind that a small search finds, with its schedule, or NULL. */
static struct violation *find(const struct litmus *litmus, const struct explore_options *options,
                              const struct violation *like)
{
    struct explore_options o = {
        .strategy = EXPLORE_DPOR,
        .seed = options->seed,
        .work = options->work,
        .patient = options->patient,
        .max_states = MAX(options->max_states, STATES),
        .only = true,
        .kind = like->kind,
        .key = like->key,
    };
    struct explore_result *result = explore(litmus, &o, NULL);
    struct violation *violation = NULL;

    if (result == NULL)
        return NULL;
    violation = g_steal_pointer(&result->violation);
    explore_result_free(result);
    return violation;
}

static struct litmus *parse(const char *text, const char *name)
{
    char *error = NULL;
    struct litmus *litmus = litmus_parse(name, text, strlen(text), &error);

    g_free(error);
    return litmus;
}

bool shrink_shows(const char *text, const struct explore_options *options,
                  const struct violation *like, bool well)
{
    struct litmus *litmus = parse(text, "smaller");
    struct violation *violation = NULL;
    bool shows;

    if (litmus != NULL && (!well || passes_under_fifo(litmus, options)))
        violation = find(litmus, options, like);
    shows = violation != NULL;
    litmus_free(litmus);
    violation_free(violation);
    return shows;
}

/* ---- Leaving parts out --------------------------------------------------------------------- */

struct shrinker {
    const struct explore_options *options;
    bool well;
    char *text;            /* the smallest file so far, */
    struct litmus *litmus; /* the same, parsed */
    struct violation *now; /* and how it shows what was found */
    bool shortest;         /* nothing shows it in fewer choices */
    guint tried;
};

/* The schedule, as far as its choices are possible here, leads to the same violation: that, or
 * NULL. */
static struct violation *follow(const struct shrinker *s, const struct litmus *litmus,
                                const GArray *schedule)
{
    struct violation *violation = explore_follow(litmus, s->options, schedule, NULL);

    if (violation != NULL && !violation_alike(violation, s->now->kind, s->now->key))
        g_clear_pointer(&violation, violation_free);
    return violation;
}

/* How a smaller file shows it, or NULL. What showed it so far mostly still does. */
static struct violation *shows(const struct shrinker *s, const struct litmus *litmus)
{
    struct violation *violation;

    if (s->well && !passes_under_fifo(litmus, s->options))
        return NULL;
    violation = follow(s, litmus, s->now->schedule);
    return violation != NULL ? violation : find(litmus, s->options, s->now);
}

/* The file without parts `first` .. `first + count - 1` of a kind, if that shows it: then it is the
 * smallest so far. */
static bool leave_out(struct shrinker *s, enum litmus_part part, guint first, guint count)
{
    uint8_t *out = g_new0(uint8_t, litmus_part_count(s->litmus, part));
    struct litmus_less less = {.out = {NULL}};
    struct violation *violation = NULL;
    struct litmus *litmus = NULL;
    char *text;

    memset(out + first, 1, count);
    less.out[part] = out;
    text = litmus_print(s->litmus, &less);
    g_free(out);
    s->tried++;
    if (strcmp(text, s->text) != 0)
        litmus = parse(text, "smaller");
    if (litmus != NULL)
        violation = shows(s, litmus);
    if (violation == NULL) {
        g_free(text);
        litmus_free(litmus);
        return false;
    }
    g_free(s->text);
    s->text = text;
    litmus_free(s->litmus);
    s->litmus = litmus;
    violation_free(s->now);
    s->now = violation;
    return true;
}

/* A `never` and an `exists` mean another thing with fewer lines: they go as a whole or not. */
static bool may_go(const struct shrinker *s, enum litmus_part part, guint number)
{
    if (part != LITMUS_PART_LINE)
        return true;
    for (guint i = 0; i < s->litmus->conditions->len; i++) {
        const struct litmus_condition *c =
            &g_array_index(s->litmus->conditions, struct litmus_condition, i);
        if (number >= c->first_line && number - c->first_line < c->lines)
            return c->kind == LITMUS_FINAL && c->lines > 1;
    }
    return false;
}

/* Leaves out parts of a kind: first many together, then one by one. */
static bool leave_out_parts(struct shrinker *s, enum litmus_part part)
{
    bool any = false;

    for (guint size = litmus_part_count(s->litmus, part); size > 0; size /= 2) {
        guint at = 0;
        while (at < litmus_part_count(s->litmus, part)) {
            guint count = MIN(size, litmus_part_count(s->litmus, part) - at);
            if ((size == 1 || part != LITMUS_PART_LINE) && may_go(s, part, at) &&
                leave_out(s, part, at, count))
                any = true;
            else
                at += size;
        }
    }
    return any;
}

static void leave_out_all(struct shrinker *s)
{
    bool any = true;

    while (any) {
        any = false;
        for (int part = 0; part < LITMUS_PARTS; part++)
            any |= leave_out_parts(s, (enum litmus_part)part);
    }
}

/* ---- Leaving choices out ------------------------------------------------------------------- */

/* The violation that the schedule without choice `index` leads to, or NULL. */
static struct violation *without(const struct shrinker *s, guint index)
{
    GArray *less = g_array_copy(s->now->schedule);
    struct violation *violation;

    g_array_remove_index(less, index);
    violation = follow(s, s->litmus, less);
    g_array_unref(less);
    return violation;
}

static void leave_out_choices(struct shrinker *s)
{
    guint at = 0;

    while (at < s->now->schedule->len) {
        struct violation *less = without(s, at);
        if (less == NULL) {
            at++;
            continue;
        }
        violation_free(s->now);
        s->now = less;
        at = 0;
    }
}

/* Searches for the fewest choices that show it. */
static void look_for_shortest(struct shrinker *s)
{
    struct explore_options o = {.strategy = EXPLORE_PLAIN,
                                .seed = s->options->seed,
                                .work = s->options->work,
                                .patient = s->options->patient,
                                .max_states = SHORTER_STATES,
                                .only = true,
                                .kind = s->now->kind,
                                .key = s->now->key,
                                .shorter = s->now->schedule->len};
    struct explore_result *result = explore(s->litmus, &o, NULL);

    if (result == NULL)
        return;
    s->shortest = result->limit == NULL && result->mistake == NULL;
    if (result->violation != NULL) {
        violation_free(s->now);
        s->now = g_steal_pointer(&result->violation);
    }
    explore_result_free(result);
}

/* ---- All of it ------------------------------------------------------------------------------ */

struct shrunk *shrink(const struct litmus *litmus, const struct explore_options *options,
                      const struct violation *violation, const char *name)
{
    struct shrinker s = {.options = options,
                         .well = shrink_wants_well(litmus, options, violation->kind),
                         .text = litmus_print(litmus, NULL)};
    struct shrunk *shrunk;

    s.litmus = parse(s.text, "smaller");
    s.now = explore_follow(s.litmus, options, violation->schedule, NULL);
    if (s.now == NULL || !violation_alike(s.now, violation->kind, violation->key)) {
        violation_free(s.now);
        litmus_free(s.litmus);
        g_free(s.text);
        return NULL;
    }
    leave_out_all(&s);
    leave_out_choices(&s);
    look_for_shortest(&s);
    shrunk = g_new0(struct shrunk, 1);
    *shrunk = (struct shrunk){.text = s.text,
                              .litmus = parse(s.text, name),
                              .schedule = s.now->schedule,
                              .violation = s.now,
                              .shortest = s.shortest,
                              .tried = s.tried};
    litmus_free(s.litmus);
    return shrunk;
}

void shrunk_free(struct shrunk *shrunk)
{
    if (shrunk == NULL)
        return;
    violation_free(shrunk->violation);
    litmus_free(shrunk->litmus);
    g_free(shrunk->text);
    g_free(shrunk);
}

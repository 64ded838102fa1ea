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
    struct trial_options o = {.seed = options->seed, .work = options->work};
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

static struct violation *find_in(const char *text, const struct explore_options *options,
                                 const struct violation *like, bool well)
{
    char *error = NULL;
    struct litmus *litmus = litmus_parse("smaller", text, strlen(text), &error);
    struct violation *violation = NULL;

    g_free(error);
    if (litmus == NULL)
        return NULL;
    if (!well || passes_under_fifo(litmus, options))
        violation = find(litmus, options, like);
    litmus_free(litmus);
    return violation;
}

bool shrink_shows(const char *text, const struct explore_options *options,
                  const struct violation *like, bool well)
{
    struct violation *violation = find_in(text, options, like, well);
    bool shows = violation != NULL;

    violation_free(violation);
    return shows;
}

/* ---- Leaving parts out --------------------------------------------------------------------- */

struct shrinker {
    const struct explore_options *options;
    const struct violation *like; /* the one that was found */
    bool well;
    char *text;            /* the smallest file so far */
    struct litmus *litmus; /* that one */
    guint tried;
};

/* The file without parts `first` .. `first + count - 1` of a kind, if that shows it: then it is the
 * smallest so far. */
static bool leave_out(struct shrinker *s, enum litmus_part part, guint first, guint count)
{
    uint8_t *out = g_new0(uint8_t, litmus_part_count(s->litmus, part));
    struct litmus_less less = {.out = {NULL}};
    char *text, *error = NULL;
    bool shows;

    memset(out + first, 1, count);
    less.out[part] = out;
    text = litmus_print(s->litmus, &less);
    g_free(out);
    s->tried++;
    shows = strcmp(text, s->text) != 0 && shrink_shows(text, s->options, s->like, s->well);
    if (!shows) {
        g_free(text);
        return false;
    }
    g_free(s->text);
    s->text = text;
    litmus_free(s->litmus);
    s->litmus = litmus_parse("smaller", text, strlen(text), &error);
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
static struct violation *without(const struct shrinker *s, const GArray *schedule, guint index)
{
    GArray *less = g_array_copy((GArray *)schedule);
    struct violation *violation;

    g_array_remove_index(less, index);
    violation = explore_follow(s->litmus, s->options, less, NULL);
    g_array_unref(less);
    if (violation != NULL && (!violation_alike(violation, s->like->kind, s->like->key) ||
                              violation->schedule->len >= schedule->len))
        g_clear_pointer(&violation, violation_free);
    return violation;
}

static void leave_out_choices(const struct shrinker *s, struct violation **violation)
{
    guint at = 0;

    while (at < (*violation)->schedule->len) {
        struct violation *less = without(s, (*violation)->schedule, at);
        if (less == NULL) {
            at++;
            continue;
        }
        violation_free(*violation);
        *violation = less;
        at = 0;
    }
}

/* ---- All of it ------------------------------------------------------------------------------ */

/* The shortest violation of the file that is left; *shortest: it is known to be that. */
static struct violation *shortest_of(const struct shrinker *s, bool *shortest)
{
    struct violation *violation = find(s->litmus, s->options, s->like);
    struct explore_options o = {.strategy = EXPLORE_PLAIN,
                                .seed = s->options->seed,
                                .work = s->options->work,
                                .max_states = SHORTER_STATES,
                                .only = true,
                                .kind = s->like->kind,
                                .key = s->like->key};
    struct explore_result *result;

    *shortest = false;
    if (violation == NULL)
        return NULL;
    o.shorter = violation->schedule->len;
    result = explore(s->litmus, &o, NULL);
    *shortest = result->limit == NULL;
    if (result->violation != NULL) {
        violation_free(violation);
        violation = g_steal_pointer(&result->violation);
    }
    explore_result_free(result);
    return violation;
}

static bool start(struct shrinker *s, const struct litmus *litmus)
{
    char *error = NULL;

    s->text = litmus_print(litmus, NULL);
    s->litmus = litmus_parse("smaller", s->text, strlen(s->text), &error);
    g_free(error);
    return s->litmus != NULL && shrink_shows(s->text, s->options, s->like, s->well);
}

/* What could not be found again in a search as small as a smaller file gets stays as it is, but for
 * its schedule. */
static struct violation *keep(struct shrinker *s, const struct litmus *litmus,
                              const struct violation *violation)
{
    struct violation *same = explore_follow(litmus, s->options, violation->schedule, NULL);
    if (same != NULL && violation_alike(same, s->like->kind, s->like->key))
        leave_out_choices(s, &same);
    return same;
}

struct shrunk *shrink(const struct litmus *litmus, const struct explore_options *options,
                      const struct violation *violation, const char *name)
{
    struct shrinker s = {.options = options,
                         .like = violation,
                         .well = shrink_wants_well(litmus, options, violation->kind)};
    struct shrunk *shrunk = g_new0(struct shrunk, 1);
    char *error = NULL;

    if (start(&s, litmus)) {
        leave_out_all(&s);
        shrunk->violation = shortest_of(&s, &shrunk->shortest);
        if (shrunk->violation != NULL && !shrunk->shortest)
            leave_out_choices(&s, &shrunk->violation);
    } else {
        shrunk->violation = keep(&s, litmus, violation);
    }
    shrunk->tried = s.tried;
    shrunk->text = s.text;
    shrunk->litmus = litmus_parse(name, s.text, strlen(s.text), &error);
    g_free(error);
    litmus_free(s.litmus);
    if (shrunk->violation == NULL || shrunk->litmus == NULL) {
        shrunk_free(shrunk);
        return NULL;
    }
    shrunk->schedule = shrunk->violation->schedule;
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

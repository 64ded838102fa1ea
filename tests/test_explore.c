/* The explorer: that its reductions lose nothing, that what it finds is real, small and repeats,
 * and that shards make up the whole. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "sim/compile.h"
#include "sim/explore.h"
#include "sim/explore_report.h"
#include "sim/litmus_print.h"
#include "sim/replay.h"
#include "sim/shrink.h"
#include "tests/sanitized.h"

enum {
    FILES = FEWER(12, 40, 200), /* drawn */
    SCHEDULES = 4000, /* that are run one by one; a file that has more is left to the states */
    STATES = 12000,   /* of a drawn file; one that has more is left */
    SHARDED = FEWER(6, 20, 40),             /* files that are explored in shards, too */
    RACY_STATES = SANITIZED ? 1000 : 20000, /* of a file of the corpus */
};

static struct litmus *parse(const char *text)
{
    char *error = NULL;
    struct litmus *l = litmus_parse("drawn.litmus", text, strlen(text), &error);

    if (l == NULL)
        fail_msg("%s\n%s", error, text);
    return l;
}

/* ---- Files that are drawn ----------------------------------------------------------------- */

struct drawing {
    GRand *rand;
    GString *text;
    guint vpes, kernels;
};

static guint draw(struct drawing *d, guint count)
{
    return (guint)g_rand_int_range(d->rand, 0, (gint32)count);
}

/* Selectors that the set-up fills at VPE0, and some that are free. */
static guint draw_selector(struct drawing *d)
{
    return 10 + draw(d, 3);
}

static void draw_call(struct drawing *d)
{
    guint own = draw_selector(d), other = draw_selector(d), count = 1 + draw(d, 2);

    switch (draw(d, 7)) {
    case 0:
        g_string_append_printf(d->text, "    creategate 0 %u label=1 ep=2 credits=1 => any\n", own);
        break;
    case 1:
    case 2:
        g_string_append_printf(d->text, "    exchange delegate %u %u:%u %u:%u => any\n",
                               2 + draw(d, 2), own, count, other, count);
        break;
    case 3:
        g_string_append_printf(d->text, "    exchange obtain %u %u:%u %u:%u => any\n",
                               2 + draw(d, 2), own, count, other, count);
        break;
    case 4:
    case 5:
        g_string_append_printf(d->text, "    revoke %u:%u own=%u => any\n",
                               draw(d, 4) == 0 ? 2 : own, count, draw(d, 2));
        break;
    default:
        if (draw(d, 3) == 0)
            g_string_append(d->text, "    exit 0\n");
        else
            g_string_append(d->text, "    noop\n");
        break;
    }
}

static void draw_declarations(struct drawing *d)
{
    for (guint i = 0; i < d->kernels; i++)
        g_string_append_printf(d->text, "kernel K%u\n", i);
    for (guint i = 0; i < d->vpes; i++)
        g_string_append_printf(d->text, "vpe V%u @ K%u\n", i, i % d->kernels);
    for (guint i = 0; i < d->vpes; i++)
        for (guint j = 1; j < d->vpes; j++)
            g_string_append_printf(d->text, "grant V%u %u = vpe V%u\n", i, 1 + j,
                                   (i + j) % d->vpes);
    switch (draw(d, 8)) {
    case 0:
        g_string_append_printf(d->text, "fault kill V%u\n", draw(d, d->vpes));
        break;
    case 1:
        g_string_append_printf(d->text, "fault exhaust K%u\n", draw(d, d->kernels));
        break;
    case 2:
        if (d->kernels > 1)
            g_string_append(d->text,
                            draw(d, 2) == 0 ? "fault delay K0 K1\n" : "fault delay K1 K0\n");
        break;
    default:
        break;
    }
}

/* V0 makes a gate and hands it on; then everybody makes a call or two. */
static char *draw_file(uint32_t seed)
{
    struct drawing d = {g_rand_new_with_seed(seed), g_string_new(NULL), 2, 1};

    d.vpes += draw(&d, 2);
    d.kernels += draw(&d, 2);
    draw_declarations(&d);
    for (guint i = 0; i < d.vpes; i++) {
        g_string_append_printf(d.text, "program V%u\n", i);
        if (i == 0)
            g_string_append(d.text, "    creategate 0 10 label=1 ep=2 credits=1\n"
                                    "    exchange delegate 2 10 10 => any\n    signal go\n");
        else
            g_string_append(d.text, "    wait go\n");
        for (guint calls = 1 + draw(&d, 2); calls > 0; calls--)
            draw_call(&d);
    }
    g_rand_free(d.rand);
    return g_string_free(d.text, false);
}

/* ---- What an exploration finds ------------------------------------------------------------ */

/* All that can be told of an end apart: results, tables, and what was wrong. */
static char *describe(const struct outcome *o, const struct violation *violation)
{
    GString *text = g_string_new(violation != NULL ? violation_word(violation->kind) : "well");

    for (guint i = 0; i < o->vpes->len; i++) {
        const struct outcome_vpe *vpe = outcome_vpe(o, i);
        g_string_append_printf(text, "; %u %d%d:", i, vpe->ended, vpe->stuck);
        for (guint j = 0; j < vpe->results->len; j++)
            g_string_append_printf(text, " %u", vpe->results->data[j]);
        for (guint j = 0; j < vpe->caps->len; j++) {
            const struct outcome_cap *cap = &g_array_index(vpe->caps, struct outcome_cap, j);
            g_string_append_printf(text, " %u/%u.%u<%d %u/%u/%u", cap->kind, cap->sel, cap->type,
                                   cap->has_parent, cap->parent_vpe, cap->parent_kind,
                                   cap->parent_sel);
        }
    }
    return g_string_free(text, false);
}

static void note_end(void *context, const struct outcome *outcome,
                     const struct violation *violation)
{
    g_hash_table_add(context, describe(outcome, violation));
}

static GHashTable *new_ends(void)
{
    return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
}

/* Explores, noting all ends; the caller frees both. */
static struct explore_result *find_ends(const struct litmus *l, struct explore_options options,
                                        GHashTable **ends)
{
    GError *error = NULL;

    *ends = new_ends();
    options.keep_going = true;
    options.work = 1;
    options.end = note_end;
    options.context = *ends;
    struct explore_result *result = explore(l, &options, &error);
    assert_non_null(result);
    if (result->mistake != NULL)
        fail_msg("%s\n%s", result->mistake, litmus_print(l, NULL));
    return result;
}

static void assert_same(GHashTable *a, GHashTable *b, const char *text)
{
    GHashTableIter i;
    gpointer end;

    g_hash_table_iter_init(&i, a);
    while (g_hash_table_iter_next(&i, &end, NULL))
        if (!g_hash_table_contains(b, end))
            fail_msg("missed: %s\n%s", (char *)end, text);
    assert_int_equal(g_hash_table_size(a), g_hash_table_size(b));
}

static void the_reduced_search_finds_what_all_schedules_show(void **state)
{
    uint64_t one_by_one = 0, by_state = 0, ends_seen = 0, plain_choices = 0, reduced_choices = 0;

    (void)state;
    for (uint32_t seed = 0; seed < FILES; seed++) {
        char *text = draw_file(seed);
        struct litmus *l = parse(text);
        GHashTable *all, *states, *reduced;
        struct explore_options each = {
            .strategy = EXPLORE_PLAIN, .forget = true, .max_schedules = SCHEDULES};
        struct explore_options plain = {.strategy = EXPLORE_PLAIN, .max_states = STATES};
        struct explore_options dpor = {.verify = true, .max_states = STATES};
        struct explore_result *a = find_ends(l, each, &all), *b = find_ends(l, plain, &states),
                              *c = find_ends(l, dpor, &reduced);
        if (a->complete) {
            assert_same(all, states, text);
            assert_same(states, all, text);
            assert_same(all, reduced, text);
            one_by_one++;
        }
        if (b->complete) {
            assert_true(c->complete);
            assert_same(states, reduced, text);
            assert_same(reduced, states, text);
            assert_int_equal(b->states, c->states);
            assert_true(c->choices <= b->choices);
            plain_choices += b->choices;
            reduced_choices += c->choices;
            ends_seen += g_hash_table_size(states);
            by_state++;
        }
        explore_result_free(a);
        explore_result_free(b);
        explore_result_free(c);
        g_hash_table_unref(all);
        g_hash_table_unref(states);
        g_hash_table_unref(reduced);
        litmus_free(l);
        g_free(text);
    }
    print_message("%lu files schedule by schedule, %lu state by state, %lu ends; %lu choices, "
                  "reduced to %lu\n",
                  one_by_one, by_state, ends_seen, plain_choices, reduced_choices);
    assert_true(one_by_one > FILES / 4);
    assert_true(by_state > FILES * 8 / 10);
}

/* ---- Shards -------------------------------------------------------------------------------- */

static void add_all(GHashTable *into, GHashTable *from)
{
    GHashTableIter i;
    gpointer end;

    g_hash_table_iter_init(&i, from);
    while (g_hash_table_iter_next(&i, &end, NULL))
        g_hash_table_add(into, g_strdup(end));
}

static void shards_make_up_the_whole(void **state)
{
    const struct explore_options whole = {.max_states = STATES};
    enum { SHARDS = 3 };
    uint32_t compared = 0;

    (void)state;
    for (uint32_t seed = 0; seed < SHARDED; seed++) {
        char *text = draw_file(seed);
        struct litmus *l = parse(text);
        GHashTable *all, *parts = new_ends(), *part;
        struct explore_result *r = find_ends(l, whole, &all);
        uint64_t states = 0, shared = 0;
        for (uint32_t shard = 1; shard <= SHARDS && r->complete; shard++) {
            struct explore_options o = {.shard = shard, .shards = SHARDS};
            struct explore_result *p = find_ends(l, o, &part);
            assert_true(p->complete);
            states += p->states;
            shared += p->states > 0;
            add_all(parts, part);
            g_hash_table_unref(part);
            explore_result_free(p);
        }
        if (r->complete) {
            assert_same(all, parts, text);
            assert_same(parts, all, text);
            assert_true(states >= r->states);
            compared += shared == SHARDS;
        }
        explore_result_free(r);
        g_hash_table_unref(all);
        g_hash_table_unref(parts);
        litmus_free(l);
        g_free(text);
    }
    assert_true(compared > SHARDED / 4); /* every shard had something to do */
}

/* ---- Files with a fault of their own -------------------------------------------------------- */

#define TWO                                                                                        \
    "kernel K0\nkernel K1\nvpe A @ K0\nvpe B @ K1\nvpe C @ K1\n"                                   \
    "grant A 2 = vpe B\ngrant A 3 = vpe C\ngrant B 2 = vpe A\ngrant C 2 = vpe A\n"

static const struct faulty {
    const char *text;
    enum violation_kind kind;
} faulty[] = {
    {"litmus \"what is obtained was there before what is obtained later\"\n" TWO "program A\n"
     "    noop\n    creategate 0 20 label=1 ep=2 credits=1\n"
     "    creategate 0 21 label=1 ep=2 credits=1\n    signal made\n    revoke 20\n    noop\n"
     "program B\n"
     "    noop\n    wait made\n    R = exchange obtain 2 30 20\n"
     "    Q = exchange obtain 2 31 21\n    noop\n"
     "program C\n    noop\n"
     "never\n    R = inv-args\n    Q = ok\n"
     "final\n    A lacks 20\n    A holds 21 gate\n",
     VIOLATION_CONDITION},
    {"litmus \"a revocation that comes in between\"\n" TWO "program A\n"
     "    creategate 0 20 label=1 ep=2 credits=1\n    signal made\n    noop\n    revoke 20\n"
     "program B\n    noop\n    wait made\n    exchange obtain 2 30 20\n    noop\n"
     "final\n    A lacks 20\n    A count 4\n",
     VIOLATION_RESULT},
    {"litmus \"who waits for one that is killed\"\n" TWO "fault kill A\nfault exhaust K1\n"
     "program A\n    noop\n    creategate 0 20 label=1 ep=2 credits=1\n    signal made\n"
     "program B\n    noop\n    wait made\n    noop\n"
     "program C\n    noop\n    creategate 0 20 label=1 ep=2 credits=1 => any\n",
     VIOLATION_STUCK},
    {"litmus \"two that are made at once\"\nvpe A\nvpe B\ngrant A 2 = vpe B\ngrant B 2 = vpe A\n"
     "program A\n    creategate 0 20 label=1 ep=2 credits=1\n    noop\n"
     "    exchange delegate 2 20:1 30 => ok | inv-args\n"
     "program B\n    repeat 3 {\n        noop\n    }\n"
     "    creategate 0 30 label=1 ep=2 credits=1 => any\n"
     "final\n    not B:30 child-of A:20 or A lacks 20\n    A count 4 or B count 9\n",
     VIOLATION_CONDITION},
};

static struct explore_result *explore_faulty(const struct litmus *l,
                                             const struct explore_options *options)
{
    GError *error = NULL;
    struct explore_result *result = explore(l, options, &error);

    assert_non_null(result);
    assert_null(result->mistake);
    assert_non_null(result->violation);
    assert_false(result->complete);
    return result;
}

/* No part of the file can be left out. */
static void assert_no_part_too_many(const struct shrunk *s, const struct explore_options *options,
                                    bool well)
{
    for (int part = 0; part < LITMUS_PARTS; part++) {
        guint count = litmus_part_count(s->litmus, (enum litmus_part)part);
        for (guint i = 0; i < count; i++) {
            uint8_t *out = g_new0(uint8_t, count);
            struct litmus_less less = {.out = {NULL}};
            out[i] = 1;
            less.out[part] = out;
            char *text = litmus_print(s->litmus, &less);
            /* A `never` with one line less says something else. */
            bool other = part == LITMUS_PART_LINE &&
                         g_array_index(s->litmus->conditions, struct litmus_condition, 0).kind !=
                             LITMUS_FINAL;
            if (!other && strcmp(text, s->text) != 0 &&
                shrink_shows(text, options, s->violation, well))
                fail_msg("part %d number %u is not needed in\n%s", part, i, s->text);
            g_free(text);
            g_free(out);
        }
    }
}

/* No choice can be left out: what then still can be chosen of the schedule shows nothing. */
static void assert_no_choice_too_many(const struct shrunk *s, const struct explore_options *options)
{
    for (guint i = 0; i < s->schedule->len; i++) {
        GArray *less = g_array_copy(s->schedule);
        g_array_remove_index(less, i);
        struct violation *v = explore_follow(s->litmus, options, less, NULL);
        if (v != NULL && violation_alike(v, s->violation->kind, s->violation->key))
            fail_msg("choice %u is not needed in\n%s", i, s->text);
        violation_free(v);
        g_array_unref(less);
    }
}

static void a_violation_is_shrunk_until_nothing_can_go(void **state)
{
    const struct explore_options options = {.work = 1};

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(faulty); i++) {
        struct litmus *l = parse(faulty[i].text);
        struct explore_result *r = explore_faulty(l, &options);
        assert_int_equal(r->violation->kind, faulty[i].kind);
        struct shrunk *s = shrink(l, &options, r->violation, "small.litmus");
        assert_non_null(s);
        assert_true(violation_alike(s->violation, r->violation->kind, r->violation->key));
        assert_true(s->shortest);
        assert_true(s->litmus->steps->len < l->steps->len);
        assert_true(s->schedule->len <= r->violation->schedule->len);
        assert_no_part_too_many(s, &options, shrink_wants_well(l, &options, r->violation->kind));
        assert_no_choice_too_many(s, &options);
        shrunk_free(s);
        explore_result_free(r);
        litmus_free(l);
    }
}

/* ---- Each kind of violation, made by hand ---------------------------------------------------- */

static struct trial *begin_trial(const struct litmus *l)
{
    const struct trial_options options = {.work = 1};
    struct trial *t = trial_new(l, &options, NULL);

    assert_non_null(t);
    return t;
}

static struct violation *step_first(struct trial *t)
{
    const struct machine_choice first = {CHOICE_VPE, 0, 0};

    return trial_step(t, &first);
}

static struct violation *look_at_end(struct trial *t)
{
    struct outcome *outcome = machine_outcome(t->machine);
    struct violation *violation = trial_end(t, outcome);

    assert_true(machine_at_end(t->machine));
    outcome_free(outcome);
    return violation;
}

static void assert_violation(struct violation *v, enum violation_kind kind, const char *words)
{
    assert_non_null(v);
    assert_int_equal(v->kind, kind);
    if (strstr(v->text, words) == NULL)
        fail_msg("%s", v->text);
    violation_free(v);
}

static void every_kind_of_violation_is_told(void **state)
{
    struct litmus *l = parse("vpe A\nprogram A\n    creategate 0 20 label=1 ep=2 credits=1\n"
                             "    creategate 0 20 label=1 ep=2 credits=1 => inv-args\n");
    struct trial *t = begin_trial(l);

    (void)state;
    assert_null(step_first(t));
    assert_null(step_first(t));
    assert_null(look_at_end(t));
    g_array_index(t->spare, int64_t, 0)--;
    assert_violation(look_at_end(t), VIOLATION_LEAK, "K0 has 1 nodes more in use");
    t->set = MONITOR_START;
    assert_violation(look_at_end(t), VIOLATION_TABLES, "other tables");
    --*account_at(machine_kernel(t->machine, 0), ACCOUNT_KERNEL);
    assert_violation(look_at_end(t), VIOLATION_AUDIT, "pool_counts");
    monitor_free(trial_free(t));

    t = begin_trial(l);
    assert_null(step_first(t));
    t->set = MONITOR_START; /* as if nothing had been made */
    assert_violation(step_first(t), VIOLATION_ANSWER,
                     "A was answered inv-args; calls done one at a time, in any order, would have "
                     "answered ok");
    monitor_free(trial_free(t));

    t = begin_trial(l);
    --*account_at(machine_kernel(t->machine, 0), ACCOUNT_KERNEL);
    assert_violation(step_first(t), VIOLATION_AUDIT, "pool_counts");
    monitor_free(trial_free(t));
    litmus_free(l);
}

/* ---- The audit at ends alone ---------------------------------------------------------------- */

static void an_audit_at_ends_finds_what_is_broken_there(void **state)
{
    const struct trial_options options = {.work = 1, .audit_ends = true};
    struct litmus *l = parse("vpe A\nprogram A\n    noop\n    noop\n");
    struct trial *t = trial_new(l, &options, NULL);

    (void)state;
    --*account_at(machine_kernel(t->machine, 0), ACCOUNT_KERNEL);
    assert_null(step_first(t));
    assert_null(step_first(t));
    assert_violation(look_at_end(t), VIOLATION_AUDIT, "pool_counts");
    monitor_free(trial_free(t));
    litmus_free(l);
}

/* With both audits: the same ends, states and choices. */
static void assert_audits_alike(const struct litmus *l, const char *text)
{
    const struct explore_options always = {.max_states = STATES},
                                 at_ends = {.max_states = STATES, .audit_ends = true};
    GHashTable *a, *b;
    struct explore_result *r = find_ends(l, always, &a), *s = find_ends(l, at_ends, &b);

    assert_same(a, b, text);
    assert_int_equal(r->states, s->states);
    assert_int_equal(r->schedules, s->schedules);
    assert_int_equal(r->choices, s->choices);
    assert_int_equal(r->violations, s->violations);
    if (r->violation != NULL)
        assert_true(violation_alike(s->violation, r->violation->kind, r->violation->key));
    explore_result_free(r);
    explore_result_free(s);
    g_hash_table_unref(a);
    g_hash_table_unref(b);
}

static void an_audit_at_ends_changes_nothing_else(void **state)
{
    (void)state;
    for (uint32_t seed = 0; seed < SHARDED; seed++) {
        char *text = draw_file(seed);
        struct litmus *l = parse(text);
        assert_audits_alike(l, text);
        litmus_free(l);
        g_free(text);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(faulty); i++) {
        struct litmus *l = parse(faulty[i].text);
        assert_audits_alike(l, faulty[i].text);
        litmus_free(l);
    }
}

/* What a sample finds, and what the schedule's text says, is found again. */
static void a_schedule_is_text_that_repeats(void **state)
{
    const enum explore_strategy strategies[] = {EXPLORE_DPOR, EXPLORE_PLAIN, EXPLORE_RANDOM,
                                                EXPLORE_PCT};

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(strategies); i++) {
        struct explore_options options = {
            .strategy = strategies[i], .work = 1, .max_schedules = 100000};
        struct litmus *l = parse(faulty[1].text);
        struct explore_result *r = explore_faulty(l, &options);
        const struct trial_options trial = {.seed = r->seed, .work = 1};
        char *text = replay_text(l, r->violation->schedule), *error = NULL;
        GArray *schedule = replay_parse(l, "s", text, &error);
        assert_non_null(schedule);
        assert_int_equal(schedule->len, r->violation->schedule->len);
        struct replayed *again = replay(l, &trial, schedule, NULL);
        assert_non_null(again->violation);
        assert_string_equal(again->violation->text, r->violation->text);
        assert_int_equal(again->made, schedule->len);
        assert_null(again->possible);
        replayed_free(again);
        g_array_unref(schedule);
        g_free(text);
        explore_result_free(r);
        litmus_free(l);
    }
}

static void a_schedule_that_can_not_be_is_told(void **state)
{
    struct litmus *l = parse(faulty[1].text);
    const struct trial_options trial = {.work = 1};
    char *error = NULL;
    GArray *schedule = replay_parse(l, "s", "A moves\nK0 hears K1\n", &error);
    struct replayed *r;

    (void)state;
    assert_non_null(schedule);
    r = replay(l, &trial, schedule, NULL);
    assert_int_equal(r->made, 1);
    assert_string_equal(r->possible, "A moves, B moves");
    replayed_free(r);
    g_array_unref(schedule);
    assert_null(replay_parse(l, "s", "A moves\nA jumps\n", &error));
    assert_ptr_equal(strstr(error, "s:2: "), error);
    g_free(error);
    litmus_free(l);
}

static void the_same_is_found_every_time(void **state)
{
    (void)state;
    for (int strategy = EXPLORE_DPOR; strategy <= EXPLORE_PCT; strategy++) {
        struct litmus *l = parse(faulty[0].text);
        struct explore_options o = {.strategy = (enum explore_strategy)strategy,
                                    .work = 1,
                                    .keep_going = true,
                                    .max_schedules = 200};
        struct explore_result *a = explore(l, &o, NULL), *b = explore(l, &o, NULL);
        JsonObject *one = explore_report(l, &o, a, NULL), *two = explore_report(l, &o, b, NULL);
        char *x = explore_report_json(one), *y = explore_report_json(two);
        assert_string_equal(x, y);
        assert_true(a->replays > 0);
        g_free(x);
        g_free(y);
        json_object_unref(one);
        json_object_unref(two);
        explore_result_free(a);
        explore_result_free(b);
        litmus_free(l);
    }
}

/* What others need not do may be waited for, if one wants that: then nothing else is expected of
 * that end. What is wrong before it still is. */
static void who_may_wait_is_not_stuck_for_the_patient(void **state)
{
    static const char *const waiting[] = {
        "vpe A\nprogram A\n    wait never\n",
        "vpe A\nprogram A\n    attachrb 0 2 addr=0 order=7 msgorder=6\n    receive 2\n"
        "final\n    A lacks 0\n",
        "vpe A\nprogram A\n    attachrb 0 2 addr=0 order=7 msgorder=6\n"
        "    raw 2200000000000000 0200000000000000 0100000000000000\n",
    };
    struct explore_options options = {.work = 1};

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(waiting); i++) {
        struct litmus *l = parse(waiting[i]);
        options.patient = false;
        struct explore_result *r = explore_faulty(l, &options);
        assert_int_equal(r->violation->kind, VIOLATION_STUCK);
        explore_result_free(r);
        options.patient = true;
        r = explore(l, &options, NULL);
        assert_non_null(r);
        assert_true(r->complete);
        assert_int_equal(r->violations, 0);
        explore_result_free(r);
        litmus_free(l);
    }
    struct litmus *l = parse("vpe A\nprogram A\n    noop => inv-args\n");
    struct explore_result *r = explore_faulty(l, &options);
    assert_int_equal(r->violation->kind, VIOLATION_RESULT);
    explore_result_free(r);
    litmus_free(l);
}

static void a_limit_is_told(void **state)
{
    const struct explore_options limits[] = {{.work = 1, .max_states = 50},
                                             {.work = 1, .max_schedules = 1},
                                             {.work = 1, .max_seconds = 1e-9},
                                             {.work = 1, .strategy = EXPLORE_RANDOM},
                                             {.work = 1, .strategy = EXPLORE_PCT}};
    /* Six gates that two VPEs make: nothing wrong, and more than 1 024 choices. */
    struct litmus *l = parse("kernel K0\nkernel K1\nvpe A @ K0\nvpe B @ K1\nvpe C @ K1\n"
                             "program A\n    repeat 8 {\n    creategate 0 20+$i label=1 ep=2 "
                             "credits=1\n    }\n"
                             "program B\n    repeat 8 {\n    creategate 0 20+$i label=1 ep=2 "
                             "credits=1\n    }\n"
                             "program C\n    repeat 8 {\n    creategate 0 20+$i label=1 ep=2 "
                             "credits=1\n    }\n"
                             "exists\n    A count 3\n");

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(limits); i++) {
        struct explore_result *r = explore(l, &limits[i], NULL);
        assert_non_null(r);
        assert_false(r->complete);
        assert_non_null(r->limit);
        assert_int_equal(r->violations, 0);
        JsonObject *report = explore_report(l, &limits[i], r, NULL);
        assert_string_equal(explore_report_verdict(report), "incomplete");
        json_object_unref(report);
        explore_result_free(r);
    }
    litmus_free(l);
}

/* ---- Files as text -------------------------------------------------------------------------- */

static void assert_prints_alike(const char *name)
{
    char *error = NULL, *text;
    struct litmus *l = litmus_read(name, &error), *again;

    if (l == NULL)
        fail_msg("%s", error);
    text = litmus_print(l, NULL);
    again = litmus_parse("again", text, strlen(text), &error);
    if (again == NULL)
        fail_msg("%s: %s\n%s", name, error, text);
    GByteArray *a = compile(l, 1), *b = compile(again, 1);
    char *twice = litmus_print(again, NULL);
    assert_string_equal(text, twice);
    assert_int_equal(a->len, b->len);
    assert_memory_equal(a->data, b->data, a->len);
    assert_int_equal(l->conditions->len, again->conditions->len);
    assert_int_equal(l->lines->len, again->lines->len);
    assert_int_equal(l->faults->len, again->faults->len);
    g_byte_array_unref(a);
    g_byte_array_unref(b);
    g_free(twice);
    g_free(text);
    litmus_free(l);
    litmus_free(again);
}

static uint32_t each_file(const char *corpus, const char *sub, void (*look)(const char *name))
{
    char *path = g_build_filename(corpus, "litmus", sub, NULL);
    GDir *dir = g_dir_open(path, 0, NULL);
    const char *name;
    uint32_t count = 0;

    assert_non_null(dir);
    while ((name = g_dir_read_name(dir)) != NULL) {
        if (!g_str_has_suffix(name, ".litmus"))
            continue;
        char *file = g_build_filename(path, name, NULL);
        look(file);
        count++;
        g_free(file);
    }
    g_dir_close(dir);
    g_free(path);
    return count;
}

/* Signals and repeats apart: the same programs, declarations and conditions. */
static void a_file_that_was_printed_is_the_same_file(void **state)
{
    const char *corpus = g_getenv("RESCIND_TESTS");

    (void)state;
    assert_non_null(corpus);
    assert_true(each_file(corpus, "", assert_prints_alike) > 50);
    assert_true(each_file(corpus, "racy", assert_prints_alike) > 10);
    assert_true(each_file(corpus, "failing", assert_prints_alike) > 2);
}

/* ---- The corpus ------------------------------------------------------------------------------ */

static uint32_t explored, whole;

static void assert_explores(const char *name)
{
    const struct explore_options options = {.work = 2, .max_states = RACY_STATES};
    char *error = NULL;
    struct litmus *l = litmus_read(name, &error);
    struct explore_result *r = explore(l, &options, NULL);

    assert_non_null(r);
    if (r->mistake != NULL || r->violation != NULL)
        fail_msg("%s: %s", name, r->mistake != NULL ? r->mistake : r->violation->text);
    JsonObject *report = explore_report(l, &options, r, NULL);
    assert_string_equal(explore_report_verdict(report), r->complete ? "pass" : "incomplete");
    assert_true(r->compared);
    explored++;
    whole += r->complete;
    json_object_unref(report);
    explore_result_free(r);
    litmus_free(l);
}

static void nothing_is_wrong_in_the_racy_corpus(void **state)
{
    const char *corpus = g_getenv("RESCIND_TESTS");

    (void)state;
    assert_non_null(corpus);
    each_file(corpus, "racy", assert_explores);
    print_message("%u files, %u of them wholly\n", explored, whole);
    assert_true(explored > 10);
    assert_true(whole > explored / 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_that_was_printed_is_the_same_file),
        cmocka_unit_test(every_kind_of_violation_is_told),
        cmocka_unit_test(an_audit_at_ends_finds_what_is_broken_there),
        cmocka_unit_test(an_audit_at_ends_changes_nothing_else),
        cmocka_unit_test(a_violation_is_shrunk_until_nothing_can_go),
        cmocka_unit_test(a_schedule_is_text_that_repeats),
        cmocka_unit_test(a_schedule_that_can_not_be_is_told),
        cmocka_unit_test(the_same_is_found_every_time),
        cmocka_unit_test(who_may_wait_is_not_stuck_for_the_patient),
        cmocka_unit_test(a_limit_is_told),
        cmocka_unit_test(shards_make_up_the_whole),
        cmocka_unit_test(nothing_is_wrong_in_the_racy_corpus),
        cmocka_unit_test(the_reduced_search_finds_what_all_schedules_show),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

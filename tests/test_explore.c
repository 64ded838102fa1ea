/* The explorer: that its reductions lose nothing, that what it finds is real, small and repeats, and
 * that shards make up the whole. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "sim/explore.h"

enum {
    FILES = 400,        /* drawn */
    SCHEDULES = 30000,  /* that are run one by one; a file that has more is left to the states */
    STATES = 60000,     /* of a drawn file; one that has more is left */
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
        g_string_append_printf(d->text, "    exchange obtain %u %u:%u %u:%u => any\n", 2 + draw(d, 2),
                               own, count, other, count);
        break;
    case 4:
    case 5:
        g_string_append_printf(d->text, "    revoke %u:%u own=%u => any\n", draw(d, 4) == 0 ? 2 : own,
                               count, draw(d, 2));
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
            g_string_append_printf(d->text, "grant V%u %u = vpe V%u\n", i, 1 + j, (i + j) % d->vpes);
    switch (draw(d, 8)) {
    case 0:
        g_string_append_printf(d->text, "fault kill V%u\n", draw(d, d->vpes));
        break;
    case 1:
        g_string_append_printf(d->text, "fault exhaust K%u\n", draw(d, d->kernels));
        break;
    case 2:
        if (d->kernels > 1)
            g_string_append(d->text, draw(d, 2) == 0 ? "fault delay K0 K1\n" : "fault delay K1 K0\n");
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

static void note_end(void *context, const struct outcome *outcome, const struct violation *violation)
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
        fail_msg("%s", result->mistake);
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
    assert_true(by_state > FILES * 9 / 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_reduced_search_finds_what_all_schedules_show),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Machines of litmus files; see machines.h. */
#include "tests/machines.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "sim/compile.h"

struct bench bench_parse(const char *text)
{
    struct bench b = {.machine = NULL};
    char *wrong = NULL;

    b.litmus = litmus_parse("test", text, strlen(text), &wrong);
    if (b.litmus == NULL)
        fail_msg("%s", wrong);
    b.module = compile(b.litmus, 1);
    return b;
}

struct bench bench_with(const char *text, struct machine_options options)
{
    struct bench b = bench_parse(text);
    GError *error = NULL;

    options.audit = AUDIT_ALWAYS;
    b.machine = machine_load(&options, b.module->data, &error);
    if (b.machine == NULL)
        fail_msg("%s", error->message);
    return b;
}

struct bench bench_new(const char *text)
{
    return bench_with(text, (struct machine_options){.seed = 1});
}

void bench_free(struct bench *b)
{
    machine_free(b->machine);
    g_byte_array_unref(b->module);
    litmus_free(b->litmus);
}

GArray *choices_new(void)
{
    return g_array_new(FALSE, FALSE, sizeof(struct machine_choice));
}

void make_choices(struct machine *m, const char *text)
{
    char *error = NULL;
    GArray *choices = machine_schedule_parse(m, "here", text, &error);

    if (choices == NULL)
        fail_msg("%s", error);
    for (guint i = 0; i < choices->len; i++) {
        if (!machine_possible(m, choice_at(choices, i)))
            fail_msg("choice %u is not possible", i);
        assert_true(machine_choose(m, choice_at(choices, i)));
    }
    g_array_unref(choices);
}

void assert_choices(const struct machine *m, const char *text)
{
    GArray *choices = choices_new();
    char *found;

    machine_choices(m, choices);
    found = machine_schedule_text(m, choices);
    assert_string_equal(found, text);
    for (guint i = 0; i < choices->len; i++)
        assert_true(machine_possible(m, choice_at(choices, i)));
    g_free(found);
    g_array_unref(choices);
}

void wander(struct bench *b, struct bench *other, GRand *random)
{
    struct machine_snapshot *here = NULL;
    GArray *choices = choices_new();

    while (!machine_at_end(b->machine)) {
        uint64_t before = machine_hash(b->machine), after, time = machine_time(b->machine);
        struct machine_choice choice;
        here = machine_save(b->machine, here);
        g_array_set_size(choices, 0);
        machine_choices(b->machine, choices);
        choice = *choice_at(choices, (guint)g_rand_int_range(random, 0, (gint32)choices->len));
        if (!machine_choose(b->machine, &choice))
            fail_msg("%s", machine_finding(b->machine));
        after = machine_hash(b->machine);
        machine_restore(b->machine, here);
        assert_true(machine_hash(b->machine) == before);
        assert_int_equal(machine_time(b->machine), time);
        machine_restore(other->machine, here);
        assert_true(machine_choose(other->machine, &choice));
        assert_true(machine_hash(other->machine) == after);
        assert_true(machine_choose(b->machine, &choice));
        assert_true(machine_hash(b->machine) == after);
    }
    if (!machine_audit(b->machine))
        fail_msg("%s", machine_finding(b->machine));
    machine_snapshot_free(here);
    g_array_unref(choices);
}

uint64_t hash_after(const char *text, const char *schedule)
{
    struct bench b = bench_new(text);
    uint64_t hash;

    make_choices(b.machine, schedule);
    hash = machine_hash(b.machine);
    bench_free(&b);
    return hash;
}

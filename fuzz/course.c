/* Courses; see course.h. */
#include "fuzz/course.h"

#include <stdlib.h>
#include <string.h>

#include "rescind/startup.h"
#include "sim/replay.h"

enum {
    FAULTS_FROM = 240, /* of a byte's values */
    CHOICES_MAX = 20000,
};

struct course *course_new(char *text, uint64_t seed, uint32_t work)
{
    struct course *c = g_new0(struct course, 1);

    c->text = text;
    c->seed = seed;
    c->work = work;
    c->litmus = litmus_parse("course", text, strlen(text), &c->wrong);
    c->schedule = g_array_new(FALSE, FALSE, sizeof(struct machine_choice));
    return c;
}

void course_free(struct course *c)
{
    violation_free(c->violation);
    outcome_free(c->outcome);
    monitor_free(c->monitor);
    litmus_free(c->litmus);
    g_array_unref(c->schedule);
    g_free(c->text);
    g_free(c->wrong);
    g_free(c);
}

static struct trial *start(struct course *c)
{
    struct trial_options options = {.seed = c->seed,
                                    .work = c->work,
                                    .schedule = c->how,
                                    .depth = c->depth,
                                    .monitor = c->monitor};
    struct trial *t = NULL;
    GError *error = NULL;

    if (c->litmus != NULL)
        t = trial_new(c->litmus, &options, &error);
    if (error != NULL)
        c->wrong = g_strdup(error->message);
    g_clear_error(&error);
    return t;
}

/* ---- Steps --------------------------------------------------------------------------------- */

static bool make(struct course *c, struct trial *t, struct machine_choice choice)
{
    if (c->before != NULL)
        c->before(c->context, &choice);
    c->violation = trial_step(t, &choice);
    return c->violation == NULL;
}

static bool is_fault(const GArray *choices, guint at)
{
    return g_array_index(choices, struct machine_choice, at).kind == CHOICE_FAULT;
}

/* Number `which` of the choices that are faults, or (not `faults`) of those that are not. */
static struct machine_choice nth(const GArray *choices, bool faults, guint which)
{
    guint at = 0;

    while (is_fault(choices, at) != faults || which-- > 0)
        at++;
    return g_array_index(choices, struct machine_choice, at);
}

static struct machine_choice pick(const GArray *choices, bool is_byte, guint number)
{
    guint faults = 0;

    for (guint i = 0; i < choices->len; i++)
        faults += is_fault(choices, i);
    if (is_byte && faults > 0 && number >= FAULTS_FROM)
        return nth(choices, true, (number - FAULTS_FROM) % faults);
    return nth(choices, false, number % (choices->len - faults));
}

static struct machine_choice next(struct course *c, const GArray *choices, guint made)
{
    if (c->bytes_left == 0)
        return pick(choices, false, made);
    c->bytes_left--;
    return pick(choices, true, *c->bytes++);
}

/* A run by the machine itself. */
struct run {
    struct course *course;
    struct trial *trial;
    guint made;
};

/* PCT may leave out for ever what others wait for; RANDOM does not. */
static bool is_over(struct run *r)
{
    struct course *c = r->course;

    if (++r->made < CHOICES_MAX)
        return c->violation != NULL;
    if (c->violation == NULL && c->how != SCHEDULE_PCT)
        c->violation = violation_endless();
    return true;
}

static bool look(struct machine *machine, void *data)
{
    struct run *r = data;
    struct course *c = r->course;

    (void)machine;
    c->violation = trial_look(
        r->trial, &g_array_index(c->schedule, struct machine_choice, c->schedule->len - 1));
    return is_over(r);
}

static bool run_by_itself(struct course *c, struct trial *t)
{
    struct run r = {.course = c, .trial = t};
    enum machine_end end = machine_run(t->machine, look, &r);

    if (end == MACHINE_BROKEN && c->violation == NULL)
        c->violation = trial_broken(t);
    return end == MACHINE_QUIET;
}

/* Until nothing can move; false: something is wrong. */
static bool move(struct course *c, struct trial *t)
{
    GArray *choices = g_array_new(FALSE, FALSE, sizeof(struct machine_choice));
    guint made = 0;
    bool good = true;

    for (; good && !machine_at_end(t->machine); made++) {
        g_array_set_size(choices, 0);
        machine_choices(t->machine, choices);
        good = make(c, t, next(c, choices, made));
        if (good && made >= CHOICES_MAX) {
            c->violation = violation_endless();
            good = false;
        }
    }
    g_array_unref(choices);
    return good;
}

/* ---- Ends ---------------------------------------------------------------------------------- */

/* A fault that kills a VPE which waits so or, where none of those can be killed, any that has not
 * ended. False: there is none, or nobody waits so. */
static bool find_kill(const struct course *c, const struct trial *t, const struct outcome *o,
                      struct machine_choice *kill)
{
    bool waits = false;

    for (guint i = 0; i < o->vpes->len; i++)
        waits |=
            outcome_vpe(o, i)->stuck && trial_may_wait(c->litmus, i, outcome_vpe(o, i)->position);
    for (int any = 0; any < 2 && waits; any++) {
        for (guint i = 0; i < c->litmus->faults->len; i++) {
            const struct litmus_fault *f =
                &g_array_index(c->litmus->faults, struct litmus_fault, i);
            const struct outcome_vpe *v;
            *kill = (struct machine_choice){CHOICE_FAULT, i, 0};
            if (f->kind != RESCIND_FAULT_KILL || !machine_possible(t->machine, kill))
                continue;
            v = outcome_vpe(o, f->a);
            if (any ? !v->ended : v->stuck && trial_may_wait(c->litmus, f->a, v->position))
                return true;
        }
    }
    return false;
}

/* True: there is more to run. */
static bool end(struct course *c, struct trial *t)
{
    struct outcome *outcome = machine_outcome(t->machine);
    struct machine_choice kill;
    bool more = false;

    c->violation = trial_end(t, outcome);
    if (c->violation != NULL && c->violation->kind == VIOLATION_STUCK &&
        find_kill(c, t, outcome, &kill)) {
        g_clear_pointer(&c->violation, violation_free);
        more = make(c, t, kill);
    }
    outcome_free(outcome);
    return more;
}

/* At an end a VPE still waits that may, and nobody can be killed: nothing is wrong. */
static bool is_patient(const struct course *c, const struct trial *t)
{
    struct outcome *outcome = machine_outcome(t->machine);
    bool patient = true;

    for (guint i = 0; i < outcome->vpes->len; i++)
        if (outcome_vpe(outcome, i)->stuck &&
            !trial_may_wait(c->litmus, i, outcome_vpe(outcome, i)->position))
            patient = false;
    outcome_free(outcome);
    return patient;
}

static bool follow(struct course *c, struct trial *t, const GArray *wanted)
{
    bool good = true;

    for (guint i = 0; good && i < wanted->len; i++) {
        struct machine_choice choice = g_array_index(wanted, struct machine_choice, i);
        if (machine_possible(t->machine, &choice))
            good = make(c, t, choice);
    }
    return good;
}

void course_run(struct course *c)
{
    GArray *wanted = c->schedule;
    struct trial *t = start(c);
    bool good;

    if (t == NULL)
        return;
    g_clear_pointer(&c->violation, violation_free);
    g_clear_pointer(&c->outcome, outcome_free);
    c->schedule = g_array_new(FALSE, FALSE, sizeof(struct machine_choice));
    machine_record(t->machine, c->schedule);
    good = follow(c, t, wanted);
    while (good && (c->by_itself ? run_by_itself(c, t) : move(c, t)) && end(c, t))
        ;
    if (c->violation != NULL && c->violation->kind == VIOLATION_STUCK && is_patient(c, t))
        g_clear_pointer(&c->violation, violation_free);
    c->outcome = machine_outcome(t->machine);
    c->compared = !t->uncompared;
    c->monitor = trial_free(t);
    g_array_unref(wanted);
}

void course_test(struct course *c)
{
    if (c->litmus != NULL)
        course_run(c);
    if (c->violation != NULL || c->wrong != NULL) {
        course_print(stderr, c);
        abort();
    }
    course_free(c);
}

char *course_schedule(const struct course *c)
{
    return replay_text(c->litmus, c->schedule);
}

void course_print(FILE *out, const struct course *c)
{
    char *schedule = c->litmus != NULL ? course_schedule(c) : g_strdup("");

    fprintf(out, "%s\nwork %u, schedule:\n%s\n", c->text, c->work, schedule);
    if (c->wrong != NULL)
        fprintf(out, "no machine: %s\n", c->wrong);
    if (c->violation != NULL)
        fprintf(out, "%s: %s\n", violation_word(c->violation->kind), c->violation->text);
    g_free(schedule);
}

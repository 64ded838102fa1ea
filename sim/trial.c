/* Trials; see trial.h. */
#include "sim/trial.h"

#include <string.h>

#include "base/arena.h"
#include "rescind/startup.h"
#include "sim/compile.h"
#include "sim/holdings.h"
#include "sim/litmus_print.h"

static const char *const kind_words[VIOLATION_KINDS] = {
    [VIOLATION_AUDIT] = "audit",         [VIOLATION_ANSWER] = "answer",
    [VIOLATION_STUCK] = "stuck",         [VIOLATION_TABLES] = "tables",
    [VIOLATION_LEAK] = "leak",           [VIOLATION_RESULT] = "result",
    [VIOLATION_CONDITION] = "condition", [VIOLATION_ENDLESS] = "endless",
};

const char *violation_word(enum violation_kind kind)
{
    return kind_words[kind];
}

void violation_free(struct violation *violation)
{
    if (violation == NULL)
        return;
    g_free(violation->text);
    g_free(violation->key);
    if (violation->schedule != NULL)
        g_array_unref(violation->schedule);
    g_free(violation);
}

G_GNUC_PRINTF(2, 3)
static struct violation *violation_new(enum violation_kind kind, const char *format, ...)
{
    struct violation *violation = g_new0(struct violation, 1);
    va_list args;

    violation->kind = kind;
    va_start(args, format);
    violation->text = g_strdup_vprintf(format, args);
    va_end(args);
    return violation;
}

bool violation_alike(const struct violation *a, enum violation_kind kind, const char *key)
{
    return a->kind == kind && g_strcmp0(a->key, key) == 0;
}

struct violation *violation_endless(void)
{
    return violation_new(VIOLATION_ENDLESS, "a state comes again: this goes on without an end");
}

struct violation *trial_broken(const struct trial *t)
{
    return violation_new(VIOLATION_AUDIT, "%s", machine_finding(t->machine));
}

static const struct litmus_fault *fault_of(const struct trial *t,
                                           const struct machine_choice *choice)
{
    if (choice->kind != CHOICE_FAULT)
        return NULL;
    return &g_array_index(t->litmus->faults, struct litmus_fault, choice->a);
}

/* ---- Pools -------------------------------------------------------------------------------- */

/* The nodes in use that nothing needs, a kernel: at the start, what the kernel itself takes. */
static GArray *count_spare(const struct trial *t)
{
    GArray *spare = holdings_count(t->machine);

    for (guint i = 0; i < spare->len; i++) {
        int64_t *count = &g_array_index(spare, int64_t, i);
        *count = (int64_t)pool_used(machine_look(t->machine, i)) - *count;
    }
    return spare;
}

static struct violation *check_pools(const struct trial *t)
{
    GArray *spare = count_spare(t);
    struct violation *violation = NULL;

    for (guint i = 0; i < spare->len && violation == NULL; i++) {
        int64_t more = g_array_index(spare, int64_t, i) - g_array_index(t->spare, int64_t, i);
        if (more != 0)
            violation = violation_new(
                VIOLATION_LEAK, "%s has %" G_GINT64_FORMAT " nodes %s in use than its tables need",
                machine_kernel_name(t->machine, i), ABS(more), more > 0 ? "more" : "fewer");
    }
    g_array_unref(spare);
    return violation;
}

/* ---- Steps -------------------------------------------------------------------------------- */

static void note(struct trial *t, const struct machine_observed *seen)
{
    static const enum monitor_kind kinds[] = {[OBSERVED_CALL] = MONITOR_CALL,
                                              [OBSERVED_REPLY] = MONITOR_REPLY,
                                              [OBSERVED_ENDED] = MONITOR_ENDED,
                                              [OBSERVED_KILL] = MONITOR_KILL,
                                              [OBSERVED_INTERRUPT] = MONITOR_INTERRUPT};
    struct monitor_event event = {.kind = kinds[seen->kind],
                                  .vpe = seen->vpe,
                                  .message = seen->message,
                                  .size = seen->size,
                                  .error = seen->error};

    t->trail = monitor_trail(t->monitor, t->trail, &event);
}

static char *result_words(uint32_t results)
{
    GString *words = g_string_new(NULL);

    for (uint8_t error = 0; error <= RESCIND_XFS_RENAME; error++)
        if ((results >> error & 1) != 0)
            g_string_append_printf(words, "%s%s", words->len > 0 ? " or " : "",
                                   judge_result_word(error));
    return g_string_free(words, false);
}

/* No order explains what the last step showed: says which answer it was. */
static struct violation *unexplained(struct trial *t, uint32_t before)
{
    const GArray *seen = machine_observed(t->machine);
    uint32_t trail = MONITOR_NO_TRAIL, set = before;

    t->trail = MONITOR_NO_TRAIL;
    for (guint i = 0; i < seen->len; i++) {
        const struct machine_observed *o = &g_array_index(seen, struct machine_observed, i);
        note(t, o);
        trail = t->trail;
        if (monitor_follow(t->monitor, before, trail) != MONITOR_NONE) {
            set = monitor_follow(t->monitor, before, trail);
            continue;
        }
        if (o->kind == OBSERVED_INTERRUPT)
            break;
        const char *name = litmus_vpe(t->litmus, o->vpe)->name;
        if (o->kind != OBSERVED_REPLY)
            return violation_new(VIOLATION_ANSWER,
                                 "%s has ended, and no order of calls one at a time explains the "
                                 "answers until then",
                                 name);
        char *words = result_words(monitor_results(t->monitor, set, o->vpe));
        struct violation *violation =
            violation_new(VIOLATION_ANSWER,
                          "a call of %s was answered %s; calls done one at a time, in any order, "
                          "would have answered %s",
                          name, judge_result_word((uint8_t)o->error), words);
        g_free(words);
        return violation;
    }
    return violation_new(VIOLATION_ANSWER, "no order of calls one at a time explains the answers");
}

struct violation *trial_look(struct trial *t, const struct machine_choice *choice)
{
    const GArray *seen = machine_observed(t->machine);
    const struct litmus_fault *fault = fault_of(t, choice);
    uint32_t before = t->set;

    t->trail = MONITOR_NO_TRAIL;
    if (t->set == MONITOR_OFF)
        return NULL;
    for (guint i = 0; i < seen->len; i++)
        note(t, &g_array_index(seen, struct machine_observed, i));
    if (fault != NULL && fault->kind == RESCIND_FAULT_EXHAUST)
        t->trail =
            monitor_trail(t->monitor, t->trail, &(struct monitor_event){.kind = MONITOR_SHORT});
    t->set = monitor_follow(t->monitor, t->set, t->trail);
    t->uncompared |= t->set == MONITOR_OFF;
    return t->set == MONITOR_NONE ? unexplained(t, before) : NULL;
}

struct violation *trial_step(struct trial *t, const struct machine_choice *choice)
{
    if (!machine_choose(t->machine, choice))
        return trial_broken(t);
    return trial_look(t, choice);
}

uint64_t trial_hash(const struct trial *t)
{
    uint64_t x = machine_hash(t->machine) + t->set * 0x9e3779b97f4a7c15ull;

    x = (x ^ (x >> 32)) * 0xd6e8feb86659fd93ull;
    return x ^ (x >> 32);
}

/* ---- Ends --------------------------------------------------------------------------------- */

static GArray *rows_of(const struct outcome *outcome)
{
    GArray *rows = g_array_new(false, true, sizeof(struct model_row));

    for (guint vpe = 0; vpe < outcome->vpes->len; vpe++) {
        const GArray *caps = outcome_vpe(outcome, vpe)->caps;
        for (guint i = 0; i < caps->len; i++) {
            const struct outcome_cap *cap = &g_array_index(caps, struct outcome_cap, i);
            struct model_row row = {
                .vpe = vpe, .kind = cap->kind, .sel = cap->sel, .type = cap->type};
            if (cap->has_parent) {
                row.has_parent = true;
                row.parent_vpe = cap->parent_vpe;
                row.parent_kind = cap->parent_kind;
                row.parent_sel = cap->parent_sel;
            }
            g_array_append_val(rows, row);
        }
    }
    return rows;
}

bool trial_may_wait(const struct litmus *l, guint vpe, guint step)
{
    const struct litmus_statement *s = litmus_statement(l, litmus_step(l, vpe, step));
    struct model_call call;
    const void *bytes;
    gsize size;

    switch (s->word) {
    case LITMUS_RECEIVE:
    case LITMUS_VPECTRL:
    case LITMUS_CREATESESS:
    case LITMUS_DELEGATE:
    case LITMUS_OBTAIN:
    case LITMUS_PAGEFAULT:
    case LITMUS_WAIT:
        return true;
    case LITMUS_RAW:
        bytes = g_bytes_get_data(g_ptr_array_index(l->payloads, s->item), &size);
        call = model_decode(bytes, size);
        return call.error == RESCIND_NO_ERROR && model_may_wait(&call);
    default:
        return false;
    }
}

static struct violation *check_stuck(const struct trial *t, const struct outcome *outcome,
                                     bool patient)
{
    for (guint i = 0; i < outcome->vpes->len; i++) {
        if (!outcome_vpe(outcome, i)->stuck ||
            (patient && trial_may_wait(t->litmus, i, outcome_vpe(outcome, i)->position)))
            continue;
        char *step = litmus_print_step(t->litmus, i, outcome_vpe(outcome, i)->position);
        struct violation *violation =
            violation_new(VIOLATION_STUCK, "%s is stuck at line %u: %s",
                          litmus_vpe(t->litmus, i)->name, judge_line(t->litmus, outcome, i), step);
        violation->key = g_strdup_printf("%s: %s", litmus_vpe(t->litmus, i)->name, step);
        g_free(step);
        return violation;
    }
    return NULL;
}

static struct violation *check_tables(struct trial *t, const struct outcome *outcome)
{
    GArray *rows = rows_of(outcome);
    bool good = monitor_explains(t->monitor, t->set, (const struct model_row *)(void *)rows->data,
                                 rows->len);

    g_array_unref(rows);
    return good ? NULL
                : violation_new(VIOLATION_TABLES, "calls done one at a time, in any order that "
                                                  "explains the answers, would have left other "
                                                  "tables");
}

/* The first call with a result that the file does not expect. */
static char *unexpected(const struct trial *t, const struct outcome *outcome)
{
    for (guint vpe = 0; vpe < outcome->vpes->len; vpe++) {
        guint call = 0;
        for (guint i = 0; i < litmus_vpe(t->litmus, vpe)->steps; i++) {
            const struct litmus_statement *s =
                litmus_statement(t->litmus, litmus_step(t->litmus, vpe, i));
            if (!litmus_is_call(s->word))
                continue;
            uint8_t result = judge_result(outcome, vpe, call++);
            if (result == RESCIND_RESULT_NONE || judge_expects(s->expected, result))
                continue;
            char *step = litmus_print_step(t->litmus, vpe, i);
            char *key = g_strdup_printf("%s: %s: %s", litmus_vpe(t->litmus, vpe)->name, step,
                                        judge_result_word(result));
            g_free(step);
            return key;
        }
    }
    return NULL;
}

/* `message` is the judge's: FILE:LINE: words. */
static struct violation *judged(const struct trial *t, const struct outcome *outcome,
                                enum violation_kind kind, const char *message)
{
    const char *line = message + strlen(t->litmus->file) + 1;
    struct violation *violation = violation_new(kind, "line %s", line);

    violation->key =
        kind == VIOLATION_RESULT ? unexpected(t, outcome) : g_strdup(strchr(line, ':') + 1);
    return violation;
}

static struct violation *check_judgement(struct trial *t, const struct outcome *outcome)
{
    struct judgement *j = judge(t->litmus, outcome);
    struct violation *violation = NULL;
    enum violation_kind kind = VIOLATION_RESULT;

    for (guint i = 0; i < j->conditions->len; i++)
        if (g_array_index(j->conditions, uint8_t, i) == JUDGE_FAILS)
            kind = VIOLATION_CONDITION;
    /* Conditions are judged last. */
    if (!j->pass)
        violation = judged(
            t, outcome, kind,
            g_ptr_array_index(j->messages, kind == VIOLATION_CONDITION ? j->messages->len - 1 : 0));
    judgement_free(j);
    return violation;
}

struct violation *trial_balance(struct trial *t, const struct outcome *outcome)
{
    struct violation *violation = check_stuck(t, outcome, false);

    /* A call that waits for ever holds what no table shows. */
    if (violation != NULL) {
        violation_free(violation);
        return NULL;
    }
    violation = check_tables(t, outcome);
    return violation != NULL ? violation : check_pools(t);
}

static bool is_stuck(const struct outcome *outcome)
{
    bool stuck = false;

    for (guint i = 0; i < outcome->vpes->len; i++)
        stuck |= outcome_vpe(outcome, i)->stuck;
    return stuck;
}

struct violation *trial_end(struct trial *t, const struct outcome *outcome)
{
    struct violation *violation = NULL;

    if (!machine_audit(t->machine))
        return trial_broken(t);
    violation = check_stuck(t, outcome, t->patient);
    if (violation == NULL)
        violation = trial_balance(t, outcome);
    if (violation == NULL && (!t->patient || !is_stuck(outcome)))
        violation = check_judgement(t, outcome);
    return violation;
}

/* ---- Words -------------------------------------------------------------------------------- */

/* What a fault is. */
static char *fault_words(const struct trial *t, const struct machine_choice *choice)
{
    const struct litmus_fault *fault = fault_of(t, choice);

    if (fault->kind == RESCIND_FAULT_KILL)
        return g_strdup_printf("%s is killed", litmus_vpe(t->litmus, fault->a)->name);
    if (fault->kind == RESCIND_FAULT_EXHAUST)
        return g_strdup_printf("the pool of %s has %u nodes left",
                               machine_kernel_name(t->machine, fault->a), choice->b);
    if (fault->kind == RESCIND_FAULT_INTERRUPT)
        return g_strdup_printf("there is an interrupt of line %u", fault->a);
    return g_strdup_printf("messages from %s to %s are delayed",
                           machine_kernel_name(t->machine, fault->a),
                           machine_kernel_name(t->machine, fault->b));
}

char *trial_words(const struct trial *t, const struct machine_choice *choice)
{
    char *text = machine_choice_text(t->machine, choice), *more = NULL, *both;

    if (choice->kind == CHOICE_FAULT) {
        more = fault_words(t, choice);
    } else if (choice->kind == CHOICE_VPE) {
        uint32_t at = machine_status(t->machine, choice->a).position;
        if (at < litmus_vpe(t->litmus, choice->a)->steps)
            more = litmus_print_step(t->litmus, choice->a, at);
    }
    if (more == NULL)
        return text;
    both = g_strdup_printf("%s: %s", text, more);
    g_free(text);
    g_free(more);
    return both;
}

char *trial_seen(const struct trial *t)
{
    const GArray *seen = machine_observed(t->machine);
    GString *words = g_string_new(NULL);

    for (guint i = 0; i < seen->len; i++) {
        const struct machine_observed *o = &g_array_index(seen, struct machine_observed, i);
        const char *comma = words->len > 0 ? ", " : "";
        if (o->kind == OBSERVED_REPLY)
            g_string_append_printf(words, "%s%s is answered %s", comma,
                                   litmus_vpe(t->litmus, o->vpe)->name,
                                   judge_result_word((uint8_t)o->error));
        else if (o->kind == OBSERVED_ENDED)
            g_string_append_printf(words, "%s%s has ended", comma,
                                   litmus_vpe(t->litmus, o->vpe)->name);
    }
    return g_string_free(words, words->len == 0);
}

/* ---- Beginning and end -------------------------------------------------------------------- */

/* The naive model has no room for more than so much: then the monitor is one of an empty system,
 * and is not asked. */
static bool model_can(const struct litmus *l)
{
    return l->vpes->len <= MODEL_VPES && 2 * l->vpes->len + l->grants->len <= MODEL_CAPS;
}

static bool is_child(const struct litmus *l, GBytes *name)
{
    for (guint i = 0; i < l->vpes->len; i++) {
        GBytes *child = g_bytes_new_static(litmus_vpe(l, i)->name, strlen(litmus_vpe(l, i)->name));
        bool same = litmus_vpe(l, i)->child && g_bytes_equal(child, name);
        g_bytes_unref(child);
        if (same)
            return true;
    }
    return false;
}

/* Whether a statement makes a VPE, as far as can be seen. */
static bool makes_vpe(const struct litmus *l, const struct litmus_statement *s)
{
    gsize size;
    const uint8_t *bytes;

    if (s->word != LITMUS_RAW)
        return s->word == LITMUS_CREATEVPE;
    bytes = g_bytes_get_data(g_ptr_array_index(l->payloads, s->item), &size);
    return size > 0 && bytes[0] == RESCIND_SYS_CREATEVPE;
}

/* How many VPEs the file may make that are no children of its own; as many as the model has room
 * for. */
static guint count_others(const struct litmus *l)
{
    guint made = 0, children = 0;
    bool unknown = false;

    for (guint i = 0; i < l->vpes->len; i++)
        children += litmus_vpe(l, i)->child;
    for (guint i = 0; i < l->steps->len; i++) {
        const struct litmus_step *step = &g_array_index(l->steps, struct litmus_step, i);
        const struct litmus_statement *s = litmus_statement(l, step);
        made += makes_vpe(l, s);
        unknown |=
            s->word == LITMUS_CREATEVPE && !is_child(l, g_ptr_array_index(l->payloads, s->item));
    }
    return unknown || made > children ? MIN(made, MODEL_VPES - l->vpes->len) : 0;
}

/* The file's VPEs, on its kernels; children are not there yet, nor are others. */
static void place_vpes(struct model *model, const struct litmus *l)
{
    guint others = count_others(l);

    model_boot(model, l->vpes->len + others);
    model->shown = l->vpes->len;
    for (guint i = 0; i < others; i++)
        model_child(model, l->vpes->len + i);
    for (guint i = 0; i < l->vpes->len; i++) {
        const struct litmus_vpe *vpe = litmus_vpe(l, i);
        model_place(model, i, vpe->kernel);
        model->vpe[i].account = vpe->quota != 0;
        if (litmus_kernel(l, vpe->kernel)->memory != LITMUS_AS_NEEDED)
            model->vpe[i].memory = litmus_kernel(l, vpe->kernel)->memory;
        if (vpe->child)
            model_child(model, i);
    }
}

static void give(struct model *model, const struct litmus_grant *grant)
{
    switch (grant->kind) {
    case RESCIND_GRANT_VPE:
        model_grant(model, grant->vpe, grant->sel, grant->target);
        break;
    case RESCIND_GRANT_IRQ:
        model_irq(model, grant->vpe, grant->sel, grant->target);
        break;
    case RESCIND_GRANT_PORTS:
        model_ports(model, grant->vpe, grant->sel, grant->target & 0xffff,
                    (grant->target >> 16) + 1);
        break;
    }
}

struct monitor *trial_monitor(const struct litmus *l)
{
    struct monitor *monitor;
    struct model model;

    if (!model_can(l)) {
        model_boot(&model, 0);
        return monitor_new(&model);
    }
    place_vpes(&model, l);
    for (guint i = 0; i < l->grants->len; i++) {
        const struct litmus_grant *grant = &g_array_index(l->grants, struct litmus_grant, i);
        give(&model, grant);
    }
    monitor = monitor_new(&model);
    for (guint i = 0; i < l->vpes->len; i++)
        if (litmus_vpe(l, i)->child)
            monitor_name(monitor, litmus_vpe(l, i)->name, i);
    return monitor;
}

/* Where a file itself gives a pool's size, memory may be short from the start. */
static uint32_t first_set(struct trial *t)
{
    bool is_short = false;

    if (!model_can(t->litmus))
        return MONITOR_OFF;
    for (guint i = 0; i < t->litmus->kernels->len; i++)
        is_short |= litmus_kernel(t->litmus, i)->nodes != 0;
    if (!is_short)
        return MONITOR_START;
    return monitor_follow(t->monitor, MONITOR_START,
                          monitor_trail(t->monitor, MONITOR_NO_TRAIL,
                                        &(struct monitor_event){.kind = MONITOR_SHORT}));
}

static void name_all(struct trial *t)
{
    for (guint i = 0; i < t->litmus->vpes->len; i++)
        machine_rename(t->machine, i, litmus_vpe(t->litmus, i)->name);
    for (guint i = 0; i < t->litmus->kernels->len; i++)
        machine_rename_kernel(t->machine, i, litmus_kernel(t->litmus, i)->name);
}

struct trial *trial_new(const struct litmus *litmus, const struct trial_options *options,
                        GError **error)
{
    struct trial *t = g_new0(struct trial, 1);
    struct machine_options machine_options = {.seed = options->seed,
                                              .work = options->work,
                                              .schedule = options->schedule,
                                              .depth = options->depth,
                                              .audit =
                                                  options->audit_ends ? AUDIT_ENDS : AUDIT_ALWAYS,
                                              .report = options->report,
                                              .context = options->context};

    t->litmus = litmus;
    t->patient = options->patient;
    t->module = compile(litmus, options->seed);
    t->machine = machine_load(&machine_options, t->module->data, error);
    if (t->machine == NULL) {
        g_byte_array_unref(t->module);
        g_free(t);
        return NULL;
    }
    name_all(t);
    t->monitor = options->monitor != NULL ? options->monitor : trial_monitor(litmus);
    t->start = t->set = first_set(t);
    t->uncompared = t->set == MONITOR_OFF;
    t->spare = count_spare(t);
    return t;
}

struct monitor *trial_free(struct trial *t)
{
    struct monitor *monitor;

    if (t == NULL)
        return NULL;
    monitor = t->monitor;
    machine_free(t->machine);
    g_byte_array_unref(t->module);
    g_array_unref(t->spare);
    g_free(t);
    return monitor;
}

/* What can be chosen, and choices in words; see machine.h. */
#include "sim/machine_parts.h"

#include <string.h>

#include "base/task.h"

/* ---- What there is ------------------------------------------------------------------------ */

/* Does its next move run or go on with a C function? */
static bool runs_function(const struct machine_vpe *v)
{
    struct step step;

    return v->kind == FUNCTION || v->co != NULL ||
           (v->calls_functions && steps_next(&v->steps, &step) && step.kind == RESCIND_STEP_RUN);
}

/* Is it about to read or write what may or may not be mapped? */
static bool is_held(const struct machine *m, const struct machine_vpe *v)
{
    struct step step = {.addr = v->held_at};

    if (!v->touches)
        return false;
    if (!v->held && (v->kind != STEPS || !steps_next(&v->steps, &step) ||
                     (step.kind != RESCIND_STEP_LOAD && step.kind != RESCIND_STEP_STORE)))
        return false;
    return touch_look(m, v, step.addr) == RESCIND_MAPPING_GOING;
}

bool choice_vpe(const struct machine *m, const struct machine_vpe *v)
{
    if (v->local != MACHINE_NO_VPE && runs_function(v) &&
        rescind_kernel_message_waiting(kernel_of(m, v), v->local))
        return true;
    return !v->through && v->awaits == AWAITS_NOTHING && state_of(m, v) == RESCIND_VPE_RUNNING &&
           !is_held(m, v);
}

static bool has_interrupts(const struct machine *m)
{
    for (uint32_t line = 0; m->has_lines && line < RESCIND_IRQ_LINES; line++) {
        if (devices_can_raise(m, line))
            return true;
    }
    return false;
}

/* Can anything move but messages that are delayed? */
static bool is_busy(const struct machine *m)
{
    for (guint i = 0; i < m->vpes->len; i++) {
        if (choice_vpe(m, vpe_of(m, i)))
            return true;
    }
    for (uint32_t i = 0; i < m->kernel_count; i++) {
        if (rescind_kernel_ready(m->kernels[i].kernel) >= 0)
            return true;
    }
    for (guint i = 0; i < m->channels.all->len; i++) {
        const struct channel *channel = channels_index(&m->channels, i);
        if (channel->count > 0 && !channel->delayed)
            return true;
    }
    return has_interrupts(m);
}

static bool hears(const struct machine *m, const struct machine_choice *choice)
{
    const struct channel *channel;

    if (choice->a >= m->kernel_count || choice->b >= m->kernel_count)
        return false;
    channel = channels_find(&m->channels, choice->b, choice->a);
    return channel != NULL && channel->count > 0 && (!channel->delayed || !is_busy(m));
}

uint32_t choice_task(const struct machine *m, const struct machine_choice *choice)
{
    uint32_t vpe = choice->b ^ MACHINE_TASK_OF(0);

    return vpe < m->vpes->len ? vpe_of(m, vpe)->local : choice->b;
}

static bool in_line(const struct machine *m, const struct machine_choice *choice)
{
    const struct rescind_kernel *k;
    uint32_t wanted = choice_task(m, choice);
    int32_t task;

    if (choice->a >= m->kernel_count)
        return false;
    k = m->kernels[choice->a].kernel;
    for (task = rescind_kernel_ready(k); task >= 0;
         task = rescind_kernel_ready_after(k, (uint32_t)task)) {
        if ((uint32_t)task == wanted)
            return true;
    }
    return false;
}

static bool can_strike(const struct machine *m, const struct machine_choice *choice)
{
    const struct machine_fault *fault;

    if (choice->a >= m->faults->len)
        return false;
    fault = fault_of(m, choice->a);
    if (fault->struck)
        return false;
    if (fault->what.kind == RESCIND_FAULT_KILL &&
        (machine_status(m, fault->what.a).ended ||
         vpe_of(m, fault->what.a)->local == MACHINE_NO_VPE))
        return false;
    if (fault->what.kind == RESCIND_FAULT_INTERRUPT && !m->lines[fault->what.a].unmasked)
        return false;
    return choice->b <= (fault->what.kind == RESCIND_FAULT_EXHAUST ? MACHINE_EXHAUST_MAX : 0u);
}

bool machine_possible(const struct machine *m, const struct machine_choice *choice)
{
    switch ((enum machine_choice_kind)choice->kind) {
    case CHOICE_VPE:
        return choice->a < m->vpes->len && choice_vpe(m, vpe_of(m, choice->a));
    case CHOICE_WORK:
        return in_line(m, choice);
    case CHOICE_HEAR:
        return hears(m, choice);
    case CHOICE_FAULT:
        return can_strike(m, choice);
    case CHOICE_INTERRUPT:
        return devices_can_raise(m, choice->a);
    }
    return false;
}

static void add(GArray *out, uint32_t kind, uint32_t a, uint32_t b)
{
    struct machine_choice choice = {kind, a, b};

    g_array_append_val(out, choice);
}

static gint compare(gconstpointer a, gconstpointer b)
{
    const struct machine_choice *x = a, *y = b;

    return (x->b > y->b) - (x->b < y->b);
}

/* The line is in the order in which tasks have joined it. */
static void add_work(const struct machine *m, uint32_t kernel, GArray *out)
{
    const struct rescind_kernel *k = m->kernels[kernel].kernel;
    guint first = out->len;

    for (int32_t task = rescind_kernel_ready(k); task >= 0;
         task = rescind_kernel_ready_after(k, (uint32_t)task))
        add(out, CHOICE_WORK, kernel, (uint32_t)task);
    if (out->len - first > 1)
        qsort(&g_array_index(out, struct machine_choice, first), out->len - first,
              sizeof(struct machine_choice), compare);
}

static void add_messages(const struct machine *m, bool delayed, GArray *out)
{
    for (guint i = 0; i < m->channels.all->len; i++) {
        const struct channel *channel = channels_index(&m->channels, i);
        if (channel->count > 0 && channel->delayed == delayed)
            add(out, CHOICE_HEAR, channel->to, channel->from);
    }
}

static void add_faults(const struct machine *m, GArray *out)
{
    for (uint32_t i = 0; i < m->faults->len; i++) {
        struct machine_choice choice = {CHOICE_FAULT, i, 0};
        for (; can_strike(m, &choice); choice.b++)
            g_array_append_val(out, choice);
    }
}

static void add_moves(const struct machine *m, GArray *out)
{
    guint before = out->len;

    for (guint i = 0; i < m->vpes->len; i++) {
        if (choice_vpe(m, vpe_of(m, i)))
            add(out, CHOICE_VPE, i, 0);
    }
    for (uint32_t i = 0; i < m->kernel_count; i++)
        add_work(m, i, out);
    add_messages(m, false, out);
    if (out->len == before && !has_interrupts(m))
        add_messages(m, true, out);
}

static void add_interrupts(const struct machine *m, GArray *out)
{
    for (uint32_t line = 0; m->has_lines && line < RESCIND_IRQ_LINES; line++) {
        if (devices_can_raise(m, line))
            add(out, CHOICE_INTERRUPT, line, 0);
    }
}

void machine_choices(const struct machine *m, GArray *out)
{
    add_moves(m, out);
    add_faults(m, out);
    add_interrupts(m, out);
}

bool machine_at_end(const struct machine *m)
{
    if (is_busy(m))
        return false;
    for (guint i = 0; i < m->channels.all->len; i++) {
        if (channels_index(&m->channels, i)->count > 0)
            return false;
    }
    return true;
}

/* ---- In words ----------------------------------------------------------------------------- */

static char *work_text(const struct machine *m, const struct machine_choice *choice)
{
    const char *kernel = machine_kernel_name(m, choice->a);
    struct rescind_kernel_task task = rescind_kernel_task(m->kernels[choice->a].kernel, choice->b);
    uint32_t vpe = choice->b ^ MACHINE_TASK_OF(0);

    if (vpe < m->vpes->len)
        return g_strdup_printf("%s works on %s", kernel, machine_vpe_name(m, vpe));
    switch (task.kind) {
    case RESCIND_TASK_CALL:
        vpe = machine_vpe_at(m, choice->a, task.number);
        if (vpe == MACHINE_NO_VPE)
            return g_strdup_printf("%s works on ?%u", kernel, task.number);
        return g_strdup_printf("%s works on %s", kernel, machine_vpe_name(m, vpe));
    case RESCIND_TASK_MARKS:
        return g_strdup_printf("%s works for %s", kernel, machine_kernel_name(m, task.number));
    case RESCIND_TASK_EXCHANGE:
        return g_strdup_printf("%s exchanges for %s %u", kernel,
                               machine_kernel_name(m, task.number), task.slot);
    }
    return NULL;
}

char *machine_choice_text(const struct machine *m, const struct machine_choice *choice)
{
    switch ((enum machine_choice_kind)choice->kind) {
    case CHOICE_VPE:
        return g_strdup_printf("%s moves", machine_vpe_name(m, choice->a));
    case CHOICE_WORK:
        return work_text(m, choice);
    case CHOICE_HEAR:
        return g_strdup_printf("%s hears %s", machine_kernel_name(m, choice->a),
                               machine_kernel_name(m, choice->b));
    case CHOICE_FAULT:
        if (fault_of(m, choice->a)->what.kind == RESCIND_FAULT_EXHAUST)
            return g_strdup_printf("fault %u %u", choice->a, choice->b);
        return g_strdup_printf("fault %u", choice->a);
    case CHOICE_INTERRUPT:
        return g_strdup_printf("line %u", choice->a);
    }
    return NULL;
}

static bool find_vpe(const struct machine *m, const char *name, uint32_t *vpe)
{
    for (*vpe = 0; *vpe < m->vpes->len; ++*vpe) {
        if (strcmp(machine_vpe_name(m, *vpe), name) == 0)
            return true;
    }
    return false;
}

static bool find_kernel(const struct machine *m, const char *name, uint32_t *kernel)
{
    for (*kernel = 0; *kernel < m->kernel_count; ++*kernel) {
        if (strcmp(machine_kernel_name(m, *kernel), name) == 0)
            return true;
    }
    return false;
}

static bool find_number(const char *word, uint32_t limit, uint32_t *number)
{
    guint64 value;

    if (!g_ascii_string_to_unsigned(word, 10, 0, limit, &value, NULL))
        return false;
    *number = (uint32_t)value;
    return true;
}

/* The words behind "KERNEL works on". */
static bool parse_call(const struct machine *m, const char *name, struct machine_choice *out)
{
    uint32_t vpe;

    if (name[0] == '?')
        return find_number(name + 1, m->kernels[out->a].kernel->vpe_limit - 1, &out->b);
    if (!find_vpe(m, name, &vpe) || vpe_of(m, vpe)->kernel != out->a)
        return false;
    out->b = vpe_of(m, vpe)->child ? MACHINE_TASK_OF(vpe) : vpe_of(m, vpe)->local;
    return true;
}

/* "KERNEL VERB ...": out->a is set. */
static bool parse_kernel(const struct machine *m, char *const *words, guint count,
                         struct machine_choice *out)
{
    const struct rescind_kernel *k = m->kernels[out->a].kernel;
    uint32_t other, slot;

    if (count == 3 && strcmp(words[1], "hears") == 0) {
        out->kind = CHOICE_HEAR;
        return find_kernel(m, words[2], &out->b) && out->b != out->a;
    }
    out->kind = CHOICE_WORK;
    if (count == 4 && strcmp(words[1], "works") == 0 && strcmp(words[2], "on") == 0)
        return parse_call(m, words[3], out);
    if (count < 4 || strcmp(words[2], "for") != 0 || !find_kernel(m, words[3], &other))
        return false;
    if (count == 4 && strcmp(words[1], "works") == 0) {
        out->b = task_of_peer(k, other);
        return true;
    }
    if (count == 5 && strcmp(words[1], "exchanges") == 0 &&
        find_number(words[4], TASK_EXCHANGES - 1, &slot)) {
        out->b = task_of_exchange(k, other, slot);
        return true;
    }
    return false;
}

/* "fault NUMBER [LEFT]" */
static bool parse_fault(const struct machine *m, char *const *words, guint count,
                        struct machine_choice *out)
{
    bool has_left;

    out->kind = CHOICE_FAULT;
    if (count < 2 || m->faults->len == 0 || !find_number(words[1], m->faults->len - 1, &out->a))
        return false;
    has_left = fault_of(m, out->a)->what.kind == RESCIND_FAULT_EXHAUST;
    return count == (has_left ? 3 : 2) &&
           (!has_left || find_number(words[2], MACHINE_EXHAUST_MAX, &out->b));
}

static bool parse_words(const struct machine *m, char *const *words, guint count,
                        struct machine_choice *out)
{
    if (count == 2 && strcmp(words[1], "moves") == 0) {
        out->kind = CHOICE_VPE;
        return find_vpe(m, words[0], &out->a);
    }
    if (count > 2 && find_kernel(m, words[0], &out->a) && parse_kernel(m, words, count, out))
        return true;
    out->b = 0;
    if (count == 2 && strcmp(words[0], "line") == 0) {
        out->kind = CHOICE_INTERRUPT;
        return find_number(words[1], RESCIND_IRQ_LINES - 1, &out->a);
    }
    return count > 0 && strcmp(words[0], "fault") == 0 && parse_fault(m, words, count, out);
}

bool machine_choice_parse(const struct machine *m, const char *line, struct machine_choice *out)
{
    char **words = g_strsplit_set(line, " \t\r", -1);
    guint count = 0;
    bool good;

    /* Words that are empty stood between two blanks. */
    for (guint i = 0; words[i] != NULL; i++) {
        if (*words[i] != '\0')
            words[count++] = words[i];
        else
            g_free(words[i]);
    }
    words[count] = NULL;
    *out = (struct machine_choice){0};
    good = parse_words(m, words, count, out);
    g_strfreev(words);
    return good;
}

char *machine_schedule_text(const struct machine *m, const GArray *choices)
{
    GString *text = g_string_new(NULL);

    for (guint i = 0; i < choices->len; i++) {
        char *line = machine_choice_text(m, &g_array_index(choices, struct machine_choice, i));
        g_string_append(text, line);
        g_string_append_c(text, '\n');
        g_free(line);
    }
    return g_string_free(text, FALSE);
}

/* Cuts a comment and blanks around; "" is a line that means nothing. */
static char *bare(char *line)
{
    line[strcspn(line, "#")] = '\0';
    return g_strstrip(line);
}

GArray *machine_schedule_parse(const struct machine *m, const char *file, const char *text,
                               char **error)
{
    GArray *choices = g_array_new(FALSE, FALSE, sizeof(struct machine_choice));
    char **lines = g_strsplit(text, "\n", -1);

    for (guint i = 0; lines[i] != NULL; i++) {
        const char *line = bare(lines[i]);
        struct machine_choice choice;
        if (*line == '\0')
            continue;
        if (!machine_choice_parse(m, line, &choice)) {
            char *shown = g_utf8_make_valid(line, -1);
            *error =
                g_strdup_printf("%s:%u: '%s' is no choice of this machine", file, i + 1, shown);
            g_free(shown);
            g_clear_pointer(&choices, g_array_unref);
            break;
        }
        g_array_append_val(choices, choice);
    }
    g_strfreev(lines);
    return choices;
}

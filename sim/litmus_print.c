/* Litmus files as text; see litmus_print.h. */
#include "sim/litmus_print.h"

#include "rescind/abi.h"
#include "rescind/startup.h"
#include "sim/judge.h"
#include "sim/litmus_call.h"
#include "user/programs.h"

struct writer {
    GString *out;
    const struct litmus *l;
    const struct litmus_less *less;
};

guint litmus_part_count(const struct litmus *l, enum litmus_part part)
{
    const GArray *const arrays[LITMUS_PARTS] = {
        [LITMUS_PART_VPE] = l->vpes,       [LITMUS_PART_STEP] = l->steps,
        [LITMUS_PART_FAULT] = l->faults,   [LITMUS_PART_GRANT] = l->grants,
        [LITMUS_PART_LINE] = l->lines,     [LITMUS_PART_CONDITION] = l->conditions,
        [LITMUS_PART_KERNEL] = l->kernels,
    };

    return arrays[part]->len;
}

static bool has(const struct writer *w, enum litmus_part part, guint number)
{
    const uint8_t *out = w->less != NULL ? w->less->out[part] : NULL;

    return out == NULL || !out[number];
}

/* ---- Steps -------------------------------------------------------------------------------- */

static const char *table_prefix(uint8_t kind)
{
    return kind == RESCIND_TABLE_MAP ? "map:" : "";
}

static void put_range(GString *out, uint8_t kind, const uint64_t *start_count)
{
    g_string_append_printf(out, "%s%" G_GUINT64_FORMAT, table_prefix(kind), start_count[0]);
    if (start_count[1] != 1)
        g_string_append_printf(out, ":%" G_GUINT64_FORMAT, start_count[1]);
}

static void put_perms(GString *out, uint8_t perms)
{
    g_string_append(out, perms & RESCIND_PERM_R ? "r" : "");
    g_string_append(out, perms & RESCIND_PERM_W ? "w" : "");
    g_string_append(out, perms & RESCIND_PERM_X ? "x" : "");
}

static void put_payload(GString *out, const struct litmus *l, const struct litmus_statement *s)
{
    gsize size;
    const uint8_t *bytes = g_bytes_get_data(g_ptr_array_index(l->payloads, s->item), &size);

    if (s->word != LITMUS_RAW) {
        g_string_append_len(out, (const char *)bytes, (gssize)size);
        return;
    }
    for (gsize i = 0; i < size; i++)
        g_string_append_printf(out, "%s%02x", i > 0 && i % 8 == 0 ? " " : "", bytes[i]);
}

static void put_list(GString *out, const uint64_t *numbers, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        g_string_append_printf(out, "%s%" G_GUINT64_FORMAT, i > 0 ? "," : "", numbers[i]);
}

/* The value of argument `index`, behind what stands before it; `range` counts the ranges. */
static void put_value(GString *out, const struct litmus *l, const struct litmus_step *step,
                      unsigned index, unsigned *range)
{
    const struct litmus_statement *s = litmus_statement(l, step);
    const struct litmus_arguments a = litmus_arguments(l, step);

    switch (litmus_call(s->word)->args[index].kind) {
    case LITMUS_ARG_RANGE:
        put_range(out, s->kind[(*range)++], a.at[index]);
        break;
    case LITMUS_ARG_SEL_OR_NONE:
        if (*a.at[index] == RESCIND_NONE)
            g_string_append(out, "none");
        else
            put_list(out, a.at[index], 1);
        break;
    case LITMUS_ARG_PERMS:
        put_perms(out, s->perms);
        break;
    case LITMUS_ARG_OP:
        g_string_append(out, s->op == RESCIND_VPE_START ? "start" : "wait");
        break;
    case LITMUS_ARG_NAME:
    case LITMUS_ARG_BYTES:
        put_payload(out, l, s);
        break;
    default:
        put_list(out, a.at[index], a.counts[index]);
    }
}

static void put_arguments(GString *out, const struct litmus *l, const struct litmus_step *step)
{
    const struct litmus_statement *s = litmus_statement(l, step);
    const struct litmus_arg *args = litmus_call(s->word)->args;
    unsigned range = 0;

    for (unsigned i = 0; i < LITMUS_ARGS && args[i].kind != LITMUS_ARG_NONE; i++) {
        if (!litmus_given(s, i))
            continue;
        g_string_append_c(out, ' ');
        if (args[i].kind == LITMUS_ARG_FLAG || (args[i].flags & LITMUS_ARG_KEYED) != 0)
            g_string_append(out, args[i].what);
        if ((args[i].flags & LITMUS_ARG_KEYED) != 0)
            g_string_append_c(out, '=');
        if (args[i].kind != LITMUS_ARG_FLAG)
            put_value(out, l, step, i, &range);
    }
}

/* What is expected, where that is not what the words before it imply. */
static void put_expected(GString *out, const struct litmus_statement *s)
{
    bool first = true;

    if (s->expected == LITMUS_EXPECT_ANY) {
        g_string_append(out, s->reg == LITMUS_NO_REGISTER ? " => any" : "");
        return;
    }
    if (s->expected == 1u << RESCIND_NO_ERROR && s->reg == LITMUS_NO_REGISTER)
        return;
    for (uint8_t bit = 0; bit < 32; bit++) {
        if ((s->expected >> bit & 1) == 0)
            continue;
        g_string_append_printf(out, "%s%s", first ? " => " : " | ", judge_expected_word(bit));
        first = false;
    }
}

static void put_step(GString *out, const struct litmus *l, const struct litmus_step *step)
{
    const struct litmus_statement *s = litmus_statement(l, step);
    bool call = litmus_is_call(s->word);

    if (call && s->reg != LITMUS_NO_REGISTER)
        g_string_append_printf(
            out, "%s = ", g_array_index(l->registers, struct litmus_register, s->reg).name);
    g_string_append(out, litmus_word_name(s->word));
    if (call) {
        put_arguments(out, l, step);
        put_expected(out, s);
    } else if (s->word == LITMUS_RUN) {
        g_string_append_printf(out, " %s", user_programs[s->item].name);
    } else {
        g_string_append_printf(out, " s%u", s->item);
    }
}

char *litmus_print_step(const struct litmus *l, guint vpe, guint step)
{
    GString *out = g_string_new(NULL);

    put_step(out, l, litmus_step(l, vpe, step));
    return g_string_free(out, false);
}

static void put_program(struct writer *w, guint index)
{
    const struct litmus_vpe *vpe = litmus_vpe(w->l, index);
    bool any = false;

    for (guint i = 0; i < vpe->steps; i++) {
        if (!has(w, LITMUS_PART_STEP, vpe->first_step + i))
            continue;
        if (!any)
            g_string_append_printf(w->out, "\nprogram %s\n", vpe->name);
        any = true;
        g_string_append(w->out, "    ");
        put_step(w->out, w->l, litmus_step(w->l, index, i));
        g_string_append_c(w->out, '\n');
    }
}

/* ---- Declarations ------------------------------------------------------------------------- */

static void put_kernels(struct writer *w)
{
    const struct litmus_kernel *first = litmus_kernel(w->l, 0);

    /* K0 is there without being named. */
    if (w->l->kernels->len == 1 && first->nodes == 0 && first->memory == LITMUS_AS_NEEDED &&
        first->vpes == LITMUS_AS_NEEDED && g_str_equal(first->name, "K0"))
        return;
    for (guint i = 0; i < w->l->kernels->len; i++) {
        const struct litmus_kernel *kernel = litmus_kernel(w->l, i);
        if (!has(w, LITMUS_PART_KERNEL, i))
            continue;
        g_string_append_printf(w->out, "kernel %s", kernel->name);
        if (kernel->nodes != 0)
            g_string_append_printf(w->out, " nodes=%u", kernel->nodes);
        if (kernel->memory != LITMUS_AS_NEEDED)
            g_string_append_printf(w->out, " memory=%u", kernel->memory);
        if (kernel->vpes != LITMUS_AS_NEEDED)
            g_string_append_printf(w->out, " vpes=%u", kernel->vpes);
        g_string_append_c(w->out, '\n');
    }
}

static void put_vpes(struct writer *w)
{
    for (guint i = 0; i < w->l->vpes->len; i++) {
        const struct litmus_vpe *vpe = litmus_vpe(w->l, i);
        if (!has(w, LITMUS_PART_VPE, i))
            continue;
        g_string_append_printf(w->out, "%s %s", vpe->child ? "child" : "vpe", vpe->name);
        if (w->l->kernels->len > 1)
            g_string_append_printf(w->out, " @ %s", litmus_kernel(w->l, vpe->kernel)->name);
        if (vpe->quota != 0)
            g_string_append_printf(w->out, " quota=%u", vpe->quota);
        g_string_append_c(w->out, '\n');
    }
}

static void put_grants(struct writer *w)
{
    for (guint i = 0; i < w->l->grants->len; i++) {
        const struct litmus_grant *grant = &g_array_index(w->l->grants, struct litmus_grant, i);
        const char *name = litmus_vpe(w->l, grant->vpe)->name;
        if (!has(w, LITMUS_PART_GRANT, i) || !has(w, LITMUS_PART_VPE, grant->vpe))
            continue;
        if (grant->kind == RESCIND_GRANT_IRQ)
            g_string_append_printf(w->out, "grant %s %u = irq %u\n", name, grant->sel,
                                   grant->target);
        else if (grant->kind == RESCIND_GRANT_PORTS)
            g_string_append_printf(w->out, "grant %s %u = ports %#x %u\n", name, grant->sel,
                                   grant->target & 0xffff, (grant->target >> 16) + 1);
        else if (has(w, LITMUS_PART_VPE, grant->target))
            g_string_append_printf(w->out, "grant %s %u = vpe %s\n", name, grant->sel,
                                   litmus_vpe(w->l, grant->target)->name);
    }
}

static void put_serials(struct writer *w)
{
    for (guint i = 0; i < w->l->serials->len; i++) {
        const struct litmus_serial *serial = &g_array_index(w->l->serials, struct litmus_serial, i);
        g_string_append_printf(w->out, "serial %#x \"", serial->port);
        for (const char *c = serial->text; *c != '\0'; c++) {
            if (*c == '\n')
                g_string_append(w->out, "\\n");
            else
                g_string_append_printf(w->out, "%s%c", *c == '\\' ? "\\" : "", *c);
        }
        g_string_append(w->out, "\"\n");
    }
}

static void put_fault(struct writer *w, const struct litmus_fault *fault)
{
    if (fault->kind == RESCIND_FAULT_DELAY) {
        g_string_append_printf(w->out, "fault delay %s %s\n", litmus_kernel(w->l, fault->a)->name,
                               litmus_kernel(w->l, fault->b)->name);
    } else if (fault->kind == RESCIND_FAULT_EXHAUST) {
        g_string_append_printf(w->out, "fault exhaust %s\n", litmus_kernel(w->l, fault->a)->name);
    } else if (fault->kind == RESCIND_FAULT_INTERRUPT) {
        g_string_append_printf(w->out, "fault interrupt %u\n", fault->a);
    } else if (has(w, LITMUS_PART_VPE, fault->a)) {
        g_string_append_printf(w->out, "fault kill %s\n", litmus_vpe(w->l, fault->a)->name);
    }
}

/* ---- Conditions --------------------------------------------------------------------------- */

static char *place(const struct litmus *l, uint32_t vpe, uint8_t table, uint32_t sel)
{
    return g_strdup_printf("%s:%s%u", litmus_vpe(l, vpe)->name, table_prefix(table), sel);
}

static char *print_result(const struct litmus *l, const struct litmus_term *t)
{
    const char *reg = g_array_index(l->registers, struct litmus_register, t->vpe).name;

    if (t->expected == LITMUS_EXPECT_ANY)
        return g_strdup_printf("%s = any", reg);
    return g_strdup_printf("%s = %s", reg,
                           judge_expected_word((uint8_t)g_bit_nth_lsf(t->expected, -1)));
}

static char *print_term(const struct litmus *l, const struct litmus_term *t)
{
    if (t->kind == LITMUS_RESULT)
        return print_result(l, t);
    const char *name = litmus_vpe(l, t->vpe)->name, *table = table_prefix(t->table);
    if (t->kind == LITMUS_COUNT)
        return g_strdup_printf("%s count %" G_GUINT64_FORMAT, name, t->count);
    if (t->kind == LITMUS_LACKS)
        return g_strdup_printf("%s lacks %s%u", name, table, t->sel);
    if (t->kind == LITMUS_HOLDS)
        return g_strdup_printf("%s holds %s%u%s%s", name, table, t->sel, t->type != 0 ? " " : "",
                               t->type != 0 ? judge_type_word(t->type) : "");
    char *child = place(l, t->vpe, t->table, t->sel);
    char *parent = place(l, t->parent_vpe, t->parent_table, t->parent_sel);
    char *text = g_strdup_printf("%s child-of %s", child, parent);
    g_free(child);
    g_free(parent);
    return text;
}

static char *pop(GPtrArray *stack)
{
    return g_ptr_array_steal_index(stack, stack->len - 1);
}

/* A line is in postfix order; every operator gets its parentheses. */
static void put_line(struct writer *w, const struct litmus_line *line)
{
    GPtrArray *stack = g_ptr_array_new_with_free_func(g_free);

    for (guint i = 0; i < line->terms; i++) {
        const struct litmus_term *t =
            &g_array_index(w->l->terms, struct litmus_term, line->first_term + i);
        if (t->kind < LITMUS_NOT) {
            g_ptr_array_add(stack, print_term(w->l, t));
            continue;
        }
        char *right = pop(stack), *left = t->kind == LITMUS_NOT ? NULL : pop(stack);
        const char *joint = t->kind == LITMUS_NOT   ? "not "
                            : t->kind == LITMUS_AND ? " and "
                                                    : " or ";
        g_ptr_array_add(stack, g_strdup_printf("(%s%s%s)", left != NULL ? left : "", joint, right));
        g_free(left);
        g_free(right);
    }
    g_string_append_printf(w->out, "    %s\n", (char *)g_ptr_array_index(stack, 0));
    g_ptr_array_unref(stack);
}

static void put_condition(struct writer *w, const struct litmus_condition *c)
{
    bool any = false;

    for (guint i = 0; i < c->lines; i++) {
        if (!has(w, LITMUS_PART_LINE, c->first_line + i))
            continue;
        if (!any)
            g_string_append_printf(w->out, "\n%s\n", litmus_condition_name(c->kind));
        any = true;
        put_line(w, &g_array_index(w->l->lines, struct litmus_line, c->first_line + i));
    }
}

char *litmus_print(const struct litmus *l, const struct litmus_less *less)
{
    struct writer w = {g_string_new(NULL), l, less};

    if (l->title != NULL)
        g_string_append_printf(w.out, "litmus \"%s\"\n", l->title);
    put_kernels(&w);
    put_vpes(&w);
    put_grants(&w);
    put_serials(&w);
    for (guint i = 0; i < l->faults->len; i++)
        if (has(&w, LITMUS_PART_FAULT, i))
            put_fault(&w, &g_array_index(l->faults, struct litmus_fault, i));
    for (guint i = 0; i < l->vpes->len; i++)
        if (has(&w, LITMUS_PART_VPE, i))
            put_program(&w, i);
    for (guint i = 0; i < l->conditions->len; i++)
        if (has(&w, LITMUS_PART_CONDITION, i))
            put_condition(&w, &g_array_index(l->conditions, struct litmus_condition, i));
    return g_string_free(w.out, false);
}

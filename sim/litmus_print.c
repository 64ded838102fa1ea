/* Litmus files as text; see litmus_print.h. */
#include "sim/litmus_print.h"

#include "rescind/abi.h"
#include "rescind/startup.h"
#include "sim/judge.h"
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
    g_string_append_printf(out, " %s%" G_GUINT64_FORMAT, table_prefix(kind), start_count[0]);
    if (start_count[1] != 1)
        g_string_append_printf(out, ":%" G_GUINT64_FORMAT, start_count[1]);
}

static void put_key(GString *out, const char *key, uint64_t value)
{
    g_string_append_printf(out, " %s=%" G_GUINT64_FORMAT, key, value);
}

static void put_number(GString *out, uint64_t value)
{
    g_string_append_printf(out, " %" G_GUINT64_FORMAT, value);
}

static void put_perms(GString *out, uint8_t perms)
{
    g_string_append(out, " perms=");
    g_string_append(out, perms & RESCIND_PERM_R ? "r" : "");
    g_string_append(out, perms & RESCIND_PERM_W ? "w" : "");
    g_string_append(out, perms & RESCIND_PERM_X ? "x" : "");
}

/* REQMEM and DERIVEMEM, behind their first words. */
static void put_memory(GString *out, const struct litmus_statement *s, const uint64_t *v)
{
    bool derive = s->word == LITMUS_DERIVEMEM;

    put_number(out, v[0]);
    if (derive) {
        put_number(out, v[1]);
        put_key(out, "off", v[2]);
    }
    put_key(out, "size", v[derive ? 3 : 1]);
    put_perms(out, s->perms);
    if (!derive && v[2] != UINT64_MAX)
        put_key(out, "addr", v[2]);
}

static void put_payload(GString *out, const struct litmus *l, const struct litmus_statement *s)
{
    gsize size;
    const uint8_t *bytes = g_bytes_get_data(g_ptr_array_index(l->payloads, s->item), &size);

    g_string_append_c(out, ' ');
    if (s->word == LITMUS_CREATEVPE) {
        g_string_append_len(out, (const char *)bytes, (gssize)size);
        return;
    }
    for (gsize i = 0; i < size; i++)
        g_string_append_printf(out, "%s%02x", i > 0 && i % 8 == 0 ? " " : "", bytes[i]);
}

static void put_arguments(GString *out, const struct litmus *l, const struct litmus_statement *s,
                          const uint64_t *v)
{
    switch (s->word) {
    case LITMUS_CREATEGATE:
        put_number(out, v[0]);
        put_number(out, v[1]);
        put_key(out, "label", v[2]);
        put_key(out, "ep", v[3]);
        put_key(out, "credits", v[4]);
        break;
    case LITMUS_DELEGATE:
    case LITMUS_OBTAIN:
        put_number(out, v[0]);
        put_range(out, s->kind[0], v + 1);
        put_range(out, s->kind[1], v + 3);
        break;
    case LITMUS_REVOKE:
        put_range(out, s->kind[0], v);
        if (v[2] == 0)
            g_string_append(out, " own=0");
        break;
    case LITMUS_REQMEM:
    case LITMUS_DERIVEMEM:
        put_memory(out, s, v);
        break;
    case LITMUS_CREATEVPE:
        put_number(out, v[0]);
        put_number(out, v[1]);
        put_payload(out, l, s);
        break;
    case LITMUS_VPECTRL:
        put_number(out, v[0]);
        g_string_append(out, s->op == 0 ? " start" : " wait");
        break;
    case LITMUS_EXIT:
        put_number(out, v[0]);
        break;
    case LITMUS_RAW:
        put_payload(out, l, s);
        break;
    case LITMUS_SIGNAL:
    case LITMUS_WAIT:
        g_string_append_printf(out, " s%u", s->item);
        break;
    case LITMUS_RUN:
        g_string_append_printf(out, " %s", user_programs[s->item].name);
        break;
    default: /* NOOP; repeats are no steps */
        break;
    }
}

static const char *word_of(enum litmus_word word)
{
    switch (word) {
    case LITMUS_SIGNAL:
        return "signal";
    case LITMUS_WAIT:
        return "wait";
    case LITMUS_RUN:
        return "run";
    default:
        return litmus_word_name(word);
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
    for (uint8_t error = 0; error <= RESCIND_XFS_RENAME; error++) {
        if ((s->expected >> error & 1) == 0)
            continue;
        g_string_append_printf(out, "%s%s", first ? " => " : " | ", judge_result_word(error));
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
    g_string_append(out, word_of(s->word));
    put_arguments(out, l, s, litmus_values(l, step));
    if (call)
        put_expected(out, s);
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
    if (w->l->kernels->len == 1 && first->nodes == 0 && g_str_equal(first->name, "K0"))
        return;
    for (guint i = 0; i < w->l->kernels->len; i++) {
        const struct litmus_kernel *kernel = litmus_kernel(w->l, i);
        if (!has(w, LITMUS_PART_KERNEL, i))
            continue;
        g_string_append_printf(w->out, "kernel %s", kernel->name);
        if (kernel->nodes != 0)
            g_string_append_printf(w->out, " nodes=%u", kernel->nodes);
        g_string_append_c(w->out, '\n');
    }
}

static void put_vpes(struct writer *w)
{
    for (guint i = 0; i < w->l->vpes->len; i++) {
        const struct litmus_vpe *vpe = litmus_vpe(w->l, i);
        if (!has(w, LITMUS_PART_VPE, i))
            continue;
        g_string_append_printf(w->out, "vpe %s", vpe->name);
        if (w->l->kernels->len > 1)
            g_string_append_printf(w->out, " @ %s", litmus_kernel(w->l, vpe->kernel)->name);
        g_string_append_c(w->out, '\n');
    }
}

static void put_grants(struct writer *w)
{
    for (guint i = 0; i < w->l->grants->len; i++) {
        const struct litmus_grant *grant = &g_array_index(w->l->grants, struct litmus_grant, i);
        if (has(w, LITMUS_PART_GRANT, i) && has(w, LITMUS_PART_VPE, grant->vpe) &&
            has(w, LITMUS_PART_VPE, grant->target))
            g_string_append_printf(w->out, "grant %s %u = vpe %s\n",
                                   litmus_vpe(w->l, grant->vpe)->name, grant->sel,
                                   litmus_vpe(w->l, grant->target)->name);
    }
}

static void put_fault(struct writer *w, const struct litmus_fault *fault)
{
    if (fault->kind == RESCIND_FAULT_DELAY) {
        g_string_append_printf(w->out, "fault delay %s %s\n", litmus_kernel(w->l, fault->a)->name,
                               litmus_kernel(w->l, fault->b)->name);
    } else if (fault->kind == RESCIND_FAULT_EXHAUST) {
        g_string_append_printf(w->out, "fault exhaust %s\n", litmus_kernel(w->l, fault->a)->name);
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
                           judge_result_word((uint8_t)g_bit_nth_lsf(t->expected, -1)));
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

/* The judge; sim/judge.h says more. */
#include "sim/judge.h"

#include "rescind/abi.h"
#include "rescind/startup.h"

enum { MESSAGES_MAX = 100, FACTS_MAX = 8 };

static void complain(struct judgement *j, const struct litmus *l, guint line, const char *format,
                     ...) G_GNUC_PRINTF(4, 5);

static void complain(struct judgement *j, const struct litmus *l, guint line, const char *format,
                     ...)
{
    j->pass = false;
    if (j->failures++ < MESSAGES_MAX) {
        va_list args;
        va_start(args, format);
        char *message = g_strdup_vprintf(format, args);
        va_end(args);
        g_ptr_array_add(j->messages, g_strdup_printf("%s:%u: %s", l->file, line, message));
        g_free(message);
    }
}

uint8_t judge_result(const struct outcome *outcome, guint vpe, guint call)
{
    const GByteArray *results = outcome_vpe(outcome, vpe)->results;
    return call < results->len ? results->data[call] : RESCIND_RESULT_NONE;
}

const char *judge_result_word(uint8_t result)
{
    static const char *const words[] = {
#define RESCIND_ERROR(name, number, word) [(number)] = (word),
        RESCIND_ERRORS(RESCIND_ERROR)
#undef RESCIND_ERROR
    };
    if (result == RESCIND_RESULT_NONE) {
        return NULL;
    }
    if (result == RESCIND_RESULT_OTHER) {
        return "other";
    }
    return result < G_N_ELEMENTS(words) ? words[result] : "unknown";
}

const char *judge_expected_word(uint8_t bit)
{
    return judge_result_word(1u << bit == LITMUS_EXPECT_OTHER ? RESCIND_RESULT_OTHER : bit);
}

bool judge_expects(uint32_t expected, uint8_t result)
{
    if (result == RESCIND_RESULT_NONE || expected == LITMUS_EXPECT_ANY) {
        return result != RESCIND_RESULT_NONE;
    }
    if (result == RESCIND_RESULT_OTHER) {
        return (expected & LITMUS_EXPECT_OTHER) != 0;
    }
    return result <= RESCIND_XFS_RENAME && (expected >> result & 1) != 0;
}

static char *expected_words(uint32_t expected)
{
    GString *words = g_string_new(NULL);
    for (uint8_t i = 0; i < 32; i++) {
        if ((expected >> i & 1) != 0) {
            g_string_append_printf(words, "%s%s", words->len > 0 ? " or " : "",
                                   judge_expected_word(i));
        }
    }
    return g_string_free(words, false);
}

guint judge_line(const struct litmus *l, const struct outcome *outcome, guint vpe)
{
    guint steps = litmus_vpe(l, vpe)->steps;
    guint position = outcome_vpe(outcome, vpe)->position;
    if (steps == 0) {
        return 0;
    }
    return litmus_statement(l, litmus_step(l, vpe, MIN(position, steps - 1)))->line;
}

static void judge_steps(struct judgement *j, const struct litmus *l, const struct outcome *o,
                        guint vpe)
{
    guint call = 0;
    for (guint i = 0; i < litmus_vpe(l, vpe)->steps; i++) {
        const struct litmus_statement *s = litmus_statement(l, litmus_step(l, vpe, i));
        if (!litmus_is_call(s->word)) {
            continue;
        }
        uint8_t result = judge_result(o, vpe, call++);
        if (result != RESCIND_RESULT_NONE && !judge_expects(s->expected, result)) {
            char *words = expected_words(s->expected);
            complain(j, l, s->line, "%s: call %u, %s: expected %s, got %s",
                     litmus_vpe(l, vpe)->name, call, litmus_word_name(s->word), words,
                     judge_result_word(result));
            g_free(words);
        }
    }
    if (outcome_vpe(o, vpe)->stuck) {
        complain(j, l, judge_line(l, o, vpe), "%s: expected to finish, but is stuck here",
                 litmus_vpe(l, vpe)->name);
    }
}

/* How many capabilities of `vpe` stand before selector `sel` of table `kind`. */
static guint rank(const struct outcome *o, guint vpe, uint8_t kind, uint32_t sel)
{
    const GArray *caps = outcome_vpe(o, vpe)->caps;
    guint low = 0, high = caps->len;
    while (low < high) {
        guint middle = low + (high - low) / 2;
        const struct outcome_cap *cap = &g_array_index(caps, struct outcome_cap, middle);
        bool before = cap->kind != kind ? cap->kind < kind : cap->sel < sel;
        low = before ? middle + 1 : low;
        high = before ? high : middle;
    }
    return low;
}

static const struct outcome_cap *find(const struct outcome *o, guint vpe, uint8_t kind,
                                      uint32_t sel)
{
    const GArray *caps = outcome_vpe(o, vpe)->caps;
    guint at = rank(o, vpe, kind, sel);
    if (at == caps->len) {
        return NULL;
    }
    const struct outcome_cap *cap = &g_array_index(caps, struct outcome_cap, at);
    return cap->kind == kind && cap->sel == sel ? cap : NULL;
}

static uint8_t register_result(const struct litmus *l, const struct outcome *o, guint reg)
{
    const struct litmus_register *r = &g_array_index(l->registers, struct litmus_register, reg);
    return judge_result(o, r->vpe, r->call);
}

/* A comparison's truth; not for NOT, AND and OR. */
static bool compare(const struct litmus *l, const struct outcome *o, const struct litmus_term *t)
{
    const struct outcome_cap *cap;
    switch (t->kind) {
    case LITMUS_RESULT:
        return judge_expects(t->expected, register_result(l, o, t->vpe));
    case LITMUS_COUNT:
        return rank(o, t->vpe, RESCIND_TABLE_MAP, 0) == t->count;
    case LITMUS_LACKS:
        return find(o, t->vpe, t->table, t->sel) == NULL;
    case LITMUS_HOLDS:
        cap = find(o, t->vpe, t->table, t->sel);
        return cap != NULL && (t->type == 0 || cap->type == t->type);
    default: /* LITMUS_CHILD_OF */
        cap = find(o, t->vpe, t->table, t->sel);
        return cap != NULL && cap->has_parent && cap->parent_vpe == t->parent_vpe &&
               cap->parent_kind == t->parent_table && cap->parent_sel == t->parent_sel;
    }
}

static const struct litmus_term *terms(const struct litmus *l, const struct litmus_line *line)
{
    return &g_array_index(l->terms, struct litmus_term, line->first_term);
}

/* The truth of a line, which is in postfix order. */
static bool evaluate(const struct litmus *l, const struct outcome *o,
                     const struct litmus_line *line)
{
    GByteArray *stack = g_byte_array_new();
    for (guint i = 0; i < line->terms; i++) {
        const struct litmus_term *t = terms(l, line) + i;
        if (t->kind < LITMUS_NOT) {
            uint8_t truth = compare(l, o, t);
            g_byte_array_append(stack, &truth, 1);
            continue;
        }
        uint8_t *last = stack->data + stack->len - 1;
        if (t->kind == LITMUS_NOT) {
            *last = !*last;
            continue;
        }
        last[-1] = t->kind == LITMUS_AND ? last[-1] & *last : last[-1] | *last;
        g_byte_array_set_size(stack, stack->len - 1);
    }
    bool truth = stack->data[0] != 0;
    g_byte_array_unref(stack);
    return truth;
}

static const char *table_prefix(uint8_t kind)
{
    return kind == RESCIND_TABLE_MAP ? "map:" : "";
}

char *judge_parent(const struct litmus *l, const struct outcome_cap *cap)
{
    if (cap->parent_vpe == OUTCOME_KERNEL) {
        return g_strdup("registry");
    }
    const char *vpe =
        cap->parent_vpe == OUTCOME_OTHER_VPE ? "?" : litmus_vpe(l, cap->parent_vpe)->name;
    return g_strdup_printf("%s:%s%u", vpe, table_prefix(cap->parent_kind), cap->parent_sel);
}

const char *judge_type_word(uint8_t type)
{
    switch (type) {
#define RESCIND_CAP_TYPE(name, number, word)                                                       \
    case (number):                                                                                 \
        return (word);
        RESCIND_CAP_TYPES(RESCIND_CAP_TYPE)
#undef RESCIND_CAP_TYPE
    default:
        return "unknown";
    }
}

/* What is the case where a comparison looks. */
static void append_fact(GString *out, const struct litmus *l, const struct outcome *o,
                        const struct litmus_term *t)
{
    if (t->kind == LITMUS_RESULT) {
        const char *word = judge_result_word(register_result(l, o, t->vpe));
        g_string_append_printf(out, "%s %s%s",
                               g_array_index(l->registers, struct litmus_register, t->vpe).name,
                               word != NULL ? "= " : "was never set", word != NULL ? word : "");
        return;
    }
    const char *name = litmus_vpe(l, t->vpe)->name;
    if (t->kind == LITMUS_COUNT) {
        g_string_append_printf(out, "%s count %u", name, rank(o, t->vpe, RESCIND_TABLE_MAP, 0));
        return;
    }
    const struct outcome_cap *cap = find(o, t->vpe, t->table, t->sel);
    const char *table = table_prefix(t->table);
    if (cap == NULL) {
        g_string_append_printf(out, "%s lacks %s%u", name, table, t->sel);
    } else if (t->kind != LITMUS_CHILD_OF) {
        g_string_append_printf(out, "%s holds %s%u %s", name, table, t->sel,
                               judge_type_word(cap->type));
    } else if (!cap->has_parent) {
        g_string_append_printf(out, "%s:%s%u is a root", name, table, t->sel);
    } else {
        char *parent = judge_parent(l, cap);
        g_string_append_printf(out, "%s:%s%u child-of %s", name, table, t->sel, parent);
        g_free(parent);
    }
}

static void append_facts(GString *out, const struct litmus *l, const struct outcome *o,
                         const struct litmus_line *line)
{
    unsigned facts = 0;
    for (guint i = 0; i < line->terms && facts <= FACTS_MAX; i++) {
        const struct litmus_term *t = terms(l, line) + i;
        if (t->kind >= LITMUS_NOT) {
            continue;
        }
        if (out->len > 0) {
            g_string_append(out, ", ");
        }
        if (facts++ == FACTS_MAX) {
            g_string_append(out, "...");
        } else {
            append_fact(out, l, o, t);
        }
    }
}

/* Judges one line of a condition; one of a `final` that does not hold is a failure. */
static bool judge_condition_line(struct judgement *j, const struct litmus *l,
                                 const struct outcome *o, const struct litmus_condition *c,
                                 guint index)
{
    const struct litmus_line *line =
        &g_array_index(l->lines, struct litmus_line, c->first_line + index);
    bool holds = evaluate(l, o, line);
    if (!holds && c->kind == LITMUS_FINAL) {
        GString *facts = g_string_new(NULL);
        append_facts(facts, l, o, line);
        complain(j, l, line->line, "expected to hold at the end, but %s", facts->str);
        g_string_free(facts, true);
    }
    return holds;
}

bool judge_lines(const struct litmus *l, const struct outcome *o, const struct litmus_condition *c)
{
    bool all = true;
    for (guint i = 0; all && i < c->lines; i++) {
        all = evaluate(l, o, &g_array_index(l->lines, struct litmus_line, c->first_line + i));
    }
    return all;
}

static uint8_t judge_condition(struct judgement *j, const struct litmus *l, const struct outcome *o,
                               const struct litmus_condition *c)
{
    bool all = true;
    if (c->kind == LITMUS_EXISTS) {
        return JUDGE_OPEN;
    }
    for (guint i = 0; i < c->lines; i++) {
        all &= judge_condition_line(j, l, o, c, i);
    }
    if (c->kind == LITMUS_NEVER && all) {
        GString *facts = g_string_new(NULL);
        for (guint i = 0; i < c->lines && i < FACTS_MAX; i++) {
            append_facts(facts, l, o,
                         &g_array_index(l->lines, struct litmus_line, c->first_line + i));
        }
        complain(j, l, c->line, "expected never to hold, but %s", facts->str);
        g_string_free(facts, true);
    }
    return (c->kind == LITMUS_NEVER) != all ? JUDGE_HOLDS : JUDGE_FAILS;
}

struct judgement *judge(const struct litmus *l, const struct outcome *o)
{
    struct judgement *j = g_new0(struct judgement, 1);
    j->pass = true;
    j->messages = g_ptr_array_new_with_free_func(g_free);
    j->conditions = g_array_new(false, false, sizeof(uint8_t));
    for (guint i = 0; i < l->vpes->len; i++) {
        judge_steps(j, l, o, i);
    }
    for (guint i = 0; i < l->conditions->len; i++) {
        uint8_t answer =
            judge_condition(j, l, o, &g_array_index(l->conditions, struct litmus_condition, i));
        g_array_append_val(j->conditions, answer);
    }
    return j;
}

void judgement_free(struct judgement *j)
{
    if (j == NULL) {
        return;
    }
    g_ptr_array_unref(j->messages);
    g_array_unref(j->conditions);
    g_free(j);
}

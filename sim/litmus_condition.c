/* Litmus files: conditions. A line is read with an explicit stack of operators (Dijkstra's
 * shunting yard) into postfix order, so that no nesting is too deep. Only sim/litmus.c calls
 * this. */
#include "sim/litmus_parse.h"

#include "rescind/abi.h"

/* An operator, or an open parenthesis, that waits for what stands behind it. They are in the order
 * of how tightly they bind. */
enum pending_kind { PENDING_OPEN, PENDING_OR, PENDING_AND, PENDING_NOT };
struct pending {
    enum pending_kind kind;
    struct token token;
};

static bool push(struct parser *p, GArray *stack, enum pending_kind kind, const struct token *token)
{
    struct pending pending = {kind, *token};
    if (stack->len == LITMUS_PENDING_MAX) {
        return parse_fail(p, token, "the condition is nested too deep");
    }
    g_array_append_val(stack, pending);
    return true;
}

/* Moves to the line every operator on top of the stack that binds as tightly as `rank`. */
static void pop(struct parser *p, GArray *stack, enum pending_kind rank)
{
    static const uint8_t kinds[] = {
        [PENDING_OR] = LITMUS_OR, [PENDING_AND] = LITMUS_AND, [PENDING_NOT] = LITMUS_NOT};
    while (stack->len > 0) {
        enum pending_kind kind = g_array_index(stack, struct pending, stack->len - 1).kind;
        if (kind == PENDING_OPEN || kind < rank) {
            return;
        }
        struct litmus_term term = {.kind = kinds[kind]};
        g_array_append_val(p->litmus->terms, term);
        g_array_set_size(stack, stack->len - 1);
    }
}

/* Whether a comparison begins here, and not a word of the language that looks like a name: no
 * word is reserved, so a VPE may be called `not`. */
static bool comparison_ahead(const struct parser *p)
{
    struct lexer copy = p->lexer;
    struct token name = lexer_next(&copy);
    struct token verb = lexer_next(&copy);
    if (!token_is_name(&name)) {
        return false;
    }
    if (token_is_symbol(&verb, ":") || token_is_symbol(&verb, "=")) {
        return true;
    }
    struct token object = lexer_next(&copy);
    bool is_verb = token_is(&verb, "holds") || token_is(&verb, "lacks") || token_is(&verb, "count");
    return is_verb && object.kind == TOKEN_ATOM &&
           (g_ascii_isdigit(object.text[0]) || token_is(&object, "map"));
}

static bool read_sel(struct parser *p, uint8_t *table, uint32_t *sel)
{
    uint64_t value;
    parse_table(p, table);
    if (!parse_constant(p, "a selector", UINT32_MAX, &value)) {
        return false;
    }
    *sel = (uint32_t)value;
    return true;
}

static void read_type(struct parser *p, uint8_t *type)
{
    static const struct {
        const char *word;
        uint8_t type;
    } types[] = {
#define RESCIND_CAP_TYPE(name, number, word) {(word), (number)},
        RESCIND_CAP_TYPES(RESCIND_CAP_TYPE)
#undef RESCIND_CAP_TYPE
    };
    for (size_t i = 0; i < G_N_ELEMENTS(types) && *type == 0; i++) {
        if (parse_accept(p, types[i].word)) {
            *type = types[i].type;
        }
    }
}

static bool read_register(struct parser *p, struct litmus_term *term)
{
    struct token name;
    term->kind = LITMUS_RESULT;
    parse_name(p, "a register", &name);
    if (!parse_lookup(p->registers, &name, &term->vpe)) {
        char *text = token_describe(&name);
        parse_fail(p, &name, "no register is called %s", text);
        g_free(text);
        return false;
    }
    return parse_expect(p, "=") && parse_result(p, &term->expected);
}

static bool read_child_of(struct parser *p, struct litmus_term *term)
{
    term->kind = LITMUS_CHILD_OF;
    return read_sel(p, &term->table, &term->sel) && parse_expect(p, "child-of") &&
           parse_vpe(p, &term->parent_vpe) && parse_expect(p, ":") &&
           read_sel(p, &term->parent_table, &term->parent_sel);
}

static bool read_comparison(struct parser *p, struct litmus_term *term)
{
    struct lexer copy = p->lexer;
    struct token name = lexer_next(&copy);
    struct token verb = lexer_next(&copy);
    if (token_is_name(&name) && token_is_symbol(&verb, "=")) {
        return read_register(p, term);
    }
    if (!token_is_name(&name)) {
        return parse_unexpected(p, &name, "a condition");
    }
    bool known = token_is_symbol(&verb, ":") || token_is(&verb, "holds") ||
                 token_is(&verb, "lacks") || token_is(&verb, "count");
    if (!known) {
        return parse_unexpected(p, &verb, "'holds', 'lacks', 'count', ':' or '='");
    }
    if (!parse_vpe(p, &term->vpe)) {
        return false;
    }
    lexer_next(&p->lexer);
    if (token_is_symbol(&verb, ":")) {
        return read_child_of(p, term);
    }
    if (token_is(&verb, "count")) {
        term->kind = LITMUS_COUNT;
        return parse_constant(p, "a number", UINT64_MAX, &term->count);
    }
    term->kind = token_is(&verb, "holds") ? LITMUS_HOLDS : LITMUS_LACKS;
    if (!read_sel(p, &term->table, &term->sel)) {
        return false;
    }
    if (term->kind == LITMUS_HOLDS) {
        read_type(p, &term->type);
    }
    return true;
}

/* Where an operand must stand: takes it, or what may stand before it. */
static bool read_operand(struct parser *p, GArray *stack, bool *operand_next)
{
    struct token token = parse_peek(p);
    if (token_is_symbol(&token, "(") || (token_is(&token, "not") && !comparison_ahead(p))) {
        lexer_next(&p->lexer);
        return push(p, stack, token.kind == TOKEN_ATOM ? PENDING_NOT : PENDING_OPEN, &token);
    }
    struct litmus_term term = {.kind = LITMUS_HOLDS};
    if (!read_comparison(p, &term)) {
        return false;
    }
    g_array_append_val(p->litmus->terms, term);
    *operand_next = false;
    return true;
}

/* Behind an operand: an operator, a closing parenthesis, or the line's end (then *done). */
static bool read_operator(struct parser *p, GArray *stack, bool *operand_next, bool *done)
{
    struct token token = parse_peek(p);
    if (token.kind == TOKEN_NEWLINE || token.kind == TOKEN_END) {
        *done = true;
        return true;
    }
    if (token_is_symbol(&token, ")")) {
        pop(p, stack, PENDING_OR);
        if (stack->len == 0) {
            return parse_fail(p, &token, "this parenthesis was never opened");
        }
        g_array_set_size(stack, stack->len - 1);
        lexer_next(&p->lexer);
        return true;
    }
    if (!token_is(&token, "and") && !token_is(&token, "or")) {
        return parse_unexpected(p, &token, "'and', 'or' or the end of the line");
    }
    enum pending_kind kind = token_is(&token, "and") ? PENDING_AND : PENDING_OR;
    pop(p, stack, kind);
    lexer_next(&p->lexer);
    *operand_next = true;
    return push(p, stack, kind, &token);
}

static bool read_expression(struct parser *p, GArray *stack)
{
    bool operand_next = true, done = false;
    while (!done) {
        bool ok = operand_next ? read_operand(p, stack, &operand_next)
                               : read_operator(p, stack, &operand_next, &done);
        if (!ok) {
            return false;
        }
    }
    pop(p, stack, PENDING_OR);
    if (stack->len > 0) {
        const struct pending *open = &g_array_index(stack, struct pending, stack->len - 1);
        return parse_fail(p, &open->token, "this parenthesis is never closed");
    }
    return parse_line_end(p, NULL);
}

static bool read_line(struct parser *p)
{
    struct litmus_line line = {.line = parse_peek(p).line, .first_term = p->litmus->terms->len};
    GArray *stack = g_array_new(false, false, sizeof(struct pending));
    bool ok = read_expression(p, stack);
    g_array_unref(stack);
    line.terms = p->litmus->terms->len - line.first_term;
    g_array_append_val(p->litmus->lines, line);
    return ok;
}

/* A word that begins another condition, or the end of the file. */
static bool ends_condition(const struct parser *p)
{
    struct token token = parse_peek(p);
    bool word =
        token_is(&token, "final") || token_is(&token, "exists") || token_is(&token, "never");
    return token.kind == TOKEN_END || (word && !comparison_ahead(p));
}

bool parse_condition(struct parser *p)
{
    struct token word = lexer_next(&p->lexer);
    struct litmus_condition condition = {
        .kind = token_is(&word, "final")    ? LITMUS_FINAL
                : token_is(&word, "exists") ? LITMUS_EXISTS
                                            : LITMUS_NEVER,
        .line = word.line,
        .first_line = p->litmus->lines->len,
    };
    parse_skip_newline(p);
    do {
        if (!read_line(p)) {
            return false;
        }
    } while (!ends_condition(p));
    condition.lines = p->litmus->lines->len - condition.first_line;
    g_array_append_val(p->litmus->conditions, condition);
    return true;
}

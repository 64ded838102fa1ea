/* Litmus files: programs. A program is read line by line into statements, where a repeat and its
 * end know of each other, and then unrolled into steps, which evaluates every number in every
 * round. Only sim/litmus.c calls this. */
#include "sim/litmus_parse.h"

#include <string.h>

#include "rescind/abi.h"
#include "rescind/startup.h"
#include "user/programs.h"

enum { STEPS_MAX = 1000000 }; /* of all programs */
_Static_assert(STEPS_MAX <= RESCIND_STARTUP_STEPS, "a module holds them");

/* The program being read. */
struct program {
    uint32_t vpe;
    uint32_t first;                     /* statement */
    uint32_t open[LITMUS_NESTING_MAX];  /* the statements that are repeats not closed yet */
    uint32_t solid[LITMUS_NESTING_MAX]; /* how many statements were no repeats before each */
    unsigned depth;
    uint32_t solids; /* statements that are no repeats, so far */
};

/* `=> RESULT {| RESULT}`, or nothing. */
static bool read_expectation(struct parser *p, struct litmus_statement *s)
{
    if (!parse_accept(p, "=>")) {
        s->expected = s->reg != LITMUS_NO_REGISTER ? LITMUS_EXPECT_ANY : 1u << RESCIND_NO_ERROR;
        return true;
    }
    do {
        if (!parse_result(p, &s->expected)) {
            return false;
        }
    } while (parse_accept(p, "|"));
    return true;
}

static bool read_call(struct parser *p, const struct program *program, struct litmus_statement *s)
{
    return parse_call(p, program->depth, s) && read_expectation(p, s);
}

static bool read_signal(struct parser *p, struct litmus_statement *s)
{
    struct token name;
    if (!parse_name(p, "the name of a signal", &name)) {
        return false;
    }
    if (parse_lookup(p->signals, &name, &s->item)) {
        return true;
    }
    if (p->litmus->signals == RESCIND_STARTUP_SIGNALS) {
        return parse_fail(p, &name, "more than %u signals", RESCIND_STARTUP_SIGNALS);
    }
    s->item = p->litmus->signals++;
    g_hash_table_insert(p->signals, g_strndup(name.text, name.size), GUINT_TO_POINTER(s->item + 1));
    return true;
}

static bool read_run(struct parser *p, struct litmus_statement *s)
{
    struct token name = parse_peek(p);
    for (unsigned i = 0; i < user_program_count; i++) {
        if (token_is(&name, user_programs[i].name)) {
            lexer_next(&p->lexer);
            s->item = i;
            return true;
        }
    }
    return parse_unexpected(p, &name, "the name of a built-in program");
}

static bool open_repeat(struct parser *p, struct program *program, const struct token *place,
                        struct litmus_statement *s)
{
    if (program->depth == LITMUS_NESTING_MAX) {
        return parse_fail(p, place, "repeats are nested more than three deep");
    }
    if (!parse_statement_number(p, program->depth, "a number of rounds", UINT64_MAX, s) ||
        !parse_expect(p, "{")) {
        return false;
    }
    program->open[program->depth] = p->litmus->statements->len;
    program->solid[program->depth] = program->solids;
    program->depth++;
    return true;
}

static void close_repeat(struct parser *p, struct program *program, struct litmus_statement *s)
{
    program->depth--;
    s->word = LITMUS_REPEAT_END;
    s->item = program->open[program->depth];
    struct litmus_statement *head =
        &g_array_index(p->litmus->statements, struct litmus_statement, s->item);
    head->item = p->litmus->statements->len;
    head->idle = program->solids == program->solid[program->depth];
}

/* `REG =` before a call: the register is declared by it. */
static bool read_register(struct parser *p, const struct program *program,
                          struct litmus_statement *s)
{
    struct token name;
    uint32_t known;
    if (!parse_name(p, "a step", &name)) {
        return false;
    }
    if (program->depth > 0) {
        return parse_fail(p, &name, "a register can't be set inside a repeat");
    }
    if (parse_lookup(p->registers, &name, &known)) {
        char *text = token_describe(&name);
        parse_fail(p, &name, "register %s is set twice", text);
        g_free(text);
        return false;
    }
    struct litmus_register reg = {g_strndup(name.text, name.size), program->vpe, 0};
    s->reg = p->litmus->registers->len;
    g_array_append_val(p->litmus->registers, reg);
    g_hash_table_insert(p->registers, g_strdup(reg.name), GUINT_TO_POINTER(s->reg + 1));
    return parse_expect(p, "=");
}

static bool sets_register(const struct parser *p)
{
    struct lexer copy = p->lexer;
    lexer_next(&copy);
    struct token token = lexer_next(&copy);
    return token_is_symbol(&token, "=");
}

/* One step, or a repeat's first or last line. */
static bool read_statement(struct parser *p, struct program *program)
{
    struct token token = parse_peek(p);
    GArray *statements = p->litmus->statements;
    struct litmus_statement s = {
        .line = token.line,
        .column = lexer_column(&p->lexer, token.place),
        .first_number = p->numbers->len,
        .reg = LITMUS_NO_REGISTER,
    };
    bool ok;
    if (statements->len == LITMUS_STATEMENTS_MAX) {
        return parse_fail(p, &token, "more than %d lines of programs", LITMUS_STATEMENTS_MAX);
    }
    if (sets_register(p)) {
        ok = read_register(p, program, &s) && read_call(p, program, &s);
    } else if (program->depth > 0 && parse_accept(p, "}")) {
        close_repeat(p, program, &s);
        ok = true;
    } else if (parse_accept(p, "repeat")) {
        s.word = LITMUS_REPEAT;
        ok = open_repeat(p, program, &token, &s);
    } else if (parse_accept(p, "signal")) {
        s.word = LITMUS_SIGNAL;
        ok = read_signal(p, &s);
    } else if (parse_accept(p, "wait")) {
        s.word = LITMUS_WAIT;
        ok = read_signal(p, &s);
    } else if (parse_accept(p, "run")) {
        s.word = LITMUS_RUN;
        ok = read_run(p, &s);
    } else {
        ok = read_call(p, program, &s);
    }
    program->solids += s.word < LITMUS_REPEAT;
    g_array_append_val(statements, s);
    return ok;
}

static bool ends_program(const struct parser *p, const struct token *token)
{
    static const char *const words[] = {"program", "final", "exists", "never"};
    for (size_t i = 0; i < G_N_ELEMENTS(words); i++) {
        if (token_is(token, words[i])) {
            return !sets_register(p);
        }
    }
    return token->kind == TOKEN_END;
}

static bool read_statements(struct parser *p, struct program *program)
{
    for (;;) {
        struct token token = parse_peek(p);
        if (ends_program(p, &token)) {
            break;
        }
        if (!read_statement(p, program)) {
            return false;
        }
        const struct litmus_statement *last = &g_array_index(
            p->litmus->statements, struct litmus_statement, p->litmus->statements->len - 1);
        if (last->word == LITMUS_REPEAT) {
            parse_skip_newline(p);
        } else if (!parse_line_end(p, program->depth > 0 ? "}" : NULL)) {
            return false;
        }
    }
    if (program->depth > 0) {
        struct token token = parse_peek(p);
        return parse_unexpected(p, &token, "a step or '}'");
    }
    return true;
}

/* A repeat on its way through its rounds. */
struct frame {
    uint32_t statement;
    uint64_t round, count;
    uint32_t steps; /* unrolled before this round */
};

struct unroll {
    struct frame frames[LITMUS_NESTING_MAX];
    unsigned depth;
    uint32_t calls;
};

static bool evaluate(struct parser *p, const struct unroll *u, const struct litmus_statement *s,
                     unsigned index, uint64_t *value)
{
    const struct number *number =
        &g_array_index(p->numbers, struct number, s->first_number + index);
    uint64_t rounds[NUMBER_ROUNDS] = {0};
    if (number->factors == 0) {
        *value = number->value;
        return true;
    }
    for (unsigned i = 0; i < u->depth; i++) {
        rounds[i] = u->frames[u->depth - 1 - i].round;
    }
    bool fits = number_value(&g_array_index(p->factors, struct factor, number->first),
                             number->factors, rounds, value);
    if (fits && *value <= number->max) {
        return true;
    }
    if (p->error == NULL) {
        const char *wrong = fits && number->max == 1    ? "is neither 0 nor 1"
                            : number->max == UINT32_MAX ? "does not fit 32 bits"
                                                        : "does not fit 64 bits";
        p->error =
            g_strdup_printf("%s:%u:%u: the number %s in round %" G_GUINT64_FORMAT " of its repeat",
                            p->litmus->file, s->line, number->column, wrong, rounds[0]);
    }
    return false;
}

static bool unroll_step(struct parser *p, struct unroll *u, uint32_t at)
{
    struct litmus *l = p->litmus;
    const struct litmus_statement *s = &g_array_index(l->statements, struct litmus_statement, at);
    struct litmus_step step = {.statement = at, .values = l->values->len};
    if (l->steps->len == STEPS_MAX) {
        p->error = g_strdup_printf("%s:%u:%u: more than %d steps when unrolled", l->file, s->line,
                                   s->column, STEPS_MAX);
        return false;
    }
    for (unsigned i = 0; i < s->numbers; i++) {
        uint64_t value;
        if (!evaluate(p, u, s, i, &value)) {
            return false;
        }
        g_array_append_val(l->values, value);
    }
    g_array_append_val(l->steps, step);
    if (litmus_is_call(s->word)) {
        if (s->reg != LITMUS_NO_REGISTER) {
            g_array_index(l->registers, struct litmus_register, s->reg).call = u->calls;
        }
        u->calls++;
    }
    return true;
}

/* Enters the repeat at `*at`, or passes it by where no round of it would yield a step. */
static bool enter_repeat(struct parser *p, struct unroll *u, uint32_t *at)
{
    const struct litmus_statement *s =
        &g_array_index(p->litmus->statements, struct litmus_statement, *at);
    struct frame frame = {.statement = *at, .steps = p->litmus->steps->len};
    if (!evaluate(p, u, s, 0, &frame.count)) {
        return false;
    }
    if (frame.count == 0 || s->idle) {
        *at = s->item + 1;
        return true;
    }
    u->frames[u->depth++] = frame;
    ++*at;
    return true;
}

/* At a repeat's end: on to its next round, or out of it. Rounds without a step are counted too, so
 * that no file keeps the parser busy for nothing. */
static bool end_round(struct parser *p, struct unroll *u, uint32_t *at)
{
    struct frame *frame = &u->frames[u->depth - 1];
    const struct litmus_statement *head =
        &g_array_index(p->litmus->statements, struct litmus_statement, frame->statement);
    if (frame->steps == p->litmus->steps->len && ++p->idle_rounds > LITMUS_IDLE_ROUNDS_MAX) {
        p->error = g_strdup_printf("%s:%u:%u: more than %d rounds without a step", p->litmus->file,
                                   head->line, head->column, LITMUS_IDLE_ROUNDS_MAX);
        return false;
    }
    frame->steps = p->litmus->steps->len;
    if (++frame->round < frame->count) {
        *at = frame->statement + 1;
    } else {
        u->depth--;
        ++*at;
    }
    return true;
}

static bool unroll_program(struct parser *p, const struct program *program)
{
    struct litmus *l = p->litmus;
    struct unroll u = {.depth = 0};
    uint32_t first = l->steps->len;
    uint32_t end = l->statements->len;
    for (uint32_t at = program->first; at < end;) {
        bool ok = true;
        switch (g_array_index(l->statements, struct litmus_statement, at).word) {
        case LITMUS_REPEAT:
            ok = enter_repeat(p, &u, &at);
            break;
        case LITMUS_REPEAT_END:
            ok = end_round(p, &u, &at);
            break;
        default:
            ok = unroll_step(p, &u, at++);
        }
        if (!ok) {
            return false;
        }
    }
    struct litmus_vpe *vpe = &g_array_index(l->vpes, struct litmus_vpe, program->vpe);
    vpe->first_step = first;
    vpe->steps = l->steps->len - first;
    vpe->calls = u.calls;
    return true;
}

bool parse_program(struct parser *p)
{
    struct token name = parse_peek(p);
    struct program program = {.first = p->litmus->statements->len};
    if (!parse_vpe(p, &program.vpe)) {
        return false;
    }
    struct litmus_vpe *vpe = &g_array_index(p->litmus->vpes, struct litmus_vpe, program.vpe);
    if (vpe->has_program) {
        return parse_fail(p, &name, "%s has a program already", vpe->name);
    }
    vpe->has_program = true;
    return parse_line_end(p, NULL) && read_statements(p, &program) && unroll_program(p, &program);
}

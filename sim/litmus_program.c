/* Litmus files: programs. A program is read line by line into statements, where a repeat and its
 * end know of each other, and then unrolled into steps, which evaluates every number in every
 * round. Only sim/litmus.c calls this. */
#include "sim/litmus_parse.h"

#include <string.h>

#include "rescind/abi.h"
#include "rescind/startup.h"
#include "user/programs.h"

enum arg_kind {
    ARG_NONE,
    ARG_U32,
    ARG_U64,
    ARG_BOOL,
    ARG_RANGE, /* two numbers */
    ARG_PERMS,
    ARG_OP,
    ARG_NAME,
    ARG_BYTES,
};

struct arg {
    enum arg_kind kind;
    const char *what; /* for a message; of an argument with a key: the key */
    bool keyed;       /* written KEY=VALUE */
    bool optional;    /* then its default is `otherwise` */
    uint64_t otherwise;
};

enum { CALL_ARGS = 5, STEPS_MAX = 1000000 }; /* arguments of a call; steps of all programs */
_Static_assert(STEPS_MAX <= RESCIND_STARTUP_STEPS, "a module holds them");

struct call {
    const char *word, *second;
    enum litmus_word id;
    struct arg args[CALL_ARGS];
};

#define SELECTOR(what)                                                                             \
    {                                                                                              \
        ARG_U32, what, false, false, 0                                                             \
    }
#define RANGE(what)                                                                                \
    {                                                                                              \
        ARG_RANGE, what, false, false, 0                                                           \
    }
#define KEY(kind, key)                                                                             \
    {                                                                                              \
        kind, key, true, false, 0                                                                  \
    }
#define LESS(kind, key, otherwise)                                                                 \
    {                                                                                              \
        kind, key, true, true, otherwise                                                           \
    }

static const struct call calls[] = {
    {"noop", NULL, LITMUS_NOOP, {{0}}},
    {"creategate",
     NULL,
     LITMUS_CREATEGATE,
     {SELECTOR("the selector of a VPE"), SELECTOR("a selector"), KEY(ARG_U64, "label"),
      KEY(ARG_U32, "ep"), KEY(ARG_U64, "credits")}},
    {"exchange",
     "delegate",
     LITMUS_DELEGATE,
     {SELECTOR("the selector of a VPE"), RANGE("a range"), RANGE("a second range")}},
    {"exchange",
     "obtain",
     LITMUS_OBTAIN,
     {SELECTOR("the selector of a VPE"), RANGE("a range"), RANGE("a second range")}},
    {"revoke", NULL, LITMUS_REVOKE, {RANGE("a range"), LESS(ARG_BOOL, "own", 1)}},
    {"reqmem",
     NULL,
     LITMUS_REQMEM,
     {SELECTOR("a selector"), KEY(ARG_U64, "size"), KEY(ARG_PERMS, "perms"),
      LESS(ARG_U64, "addr", UINT64_MAX)}},
    {"derivemem",
     NULL,
     LITMUS_DERIVEMEM,
     {SELECTOR("a selector"), SELECTOR("a selector"), KEY(ARG_U64, "off"), KEY(ARG_U64, "size"),
      KEY(ARG_PERMS, "perms")}},
    {"createvpe",
     NULL,
     LITMUS_CREATEVPE,
     {SELECTOR("a selector"), SELECTOR("a selector"), {ARG_NAME, "a name", false, false, 0}}},
    {"vpectrl",
     NULL,
     LITMUS_VPECTRL,
     {SELECTOR("the selector of a VPE"), {ARG_OP, "'start' or 'wait'", false, false, 0}}},
    {"exit", NULL, LITMUS_EXIT, {{ARG_U32, "an exit code", false, false, 0}}},
    {"raw", NULL, LITMUS_RAW, {{ARG_BYTES, "pairs of hex digits", false, false, 0}}},
};

/* The program being read. */
struct program {
    uint32_t vpe;
    uint32_t first;                     /* statement */
    uint32_t open[LITMUS_NESTING_MAX];  /* the statements that are repeats not closed yet */
    uint32_t solid[LITMUS_NESTING_MAX]; /* how many statements were no repeats before each */
    unsigned depth;
    uint32_t solids; /* statements that are no repeats, so far */
};

static bool read_number(struct parser *p, const struct program *program, const char *what,
                        uint64_t max, struct litmus_statement *s)
{
    struct token token = parse_peek(p);
    struct number number;
    if (!parse_number(p, what, max, program->depth, &number)) {
        return false;
    }
    number.column = number.factors > 0 ? lexer_column(&p->lexer, token.place) : 0;
    g_array_append_val(p->numbers, number);
    s->numbers++;
    return true;
}

static void default_number(struct parser *p, uint64_t value, struct litmus_statement *s)
{
    struct number number = {.value = value, .max = UINT64_MAX};
    g_array_append_val(p->numbers, number);
    s->numbers++;
}

static bool read_range(struct parser *p, const struct program *program, const char *what,
                       unsigned which, struct litmus_statement *s)
{
    if (parse_table(p, &s->kind[which])) {
        what = "a selector";
    }
    if (!read_number(p, program, what, UINT32_MAX, s)) {
        return false;
    }
    struct token next = parse_peek(p);
    if (!token_is_symbol(&next, ":") || !parse_adjacent(p, &next)) {
        default_number(p, 1, s);
        return true;
    }
    lexer_next(&p->lexer);
    next = parse_peek(p);
    if (!parse_adjacent(p, &next)) {
        return parse_unexpected(p, &next, "a count right behind the ':'");
    }
    return read_number(p, program, "a count", UINT32_MAX, s);
}

/* Some of the letters r, w and x, each once. */
static bool read_perms(struct parser *p, struct litmus_statement *s)
{
    struct token token = parse_peek(p);
    bool ok = token.kind == TOKEN_ATOM;
    for (size_t i = 0; ok && i < token.size; i++) {
        uint8_t bit = token.text[i] == 'r'   ? RESCIND_PERM_R
                      : token.text[i] == 'w' ? RESCIND_PERM_W
                      : token.text[i] == 'x' ? RESCIND_PERM_X
                                             : 0;
        ok = bit != 0 && (s->perms & bit) == 0;
        s->perms |= bit;
    }
    if (!ok) {
        return parse_unexpected(p, &token, "some of 'rwx'");
    }
    lexer_next(&p->lexer);
    return true;
}

static bool read_op(struct parser *p, const char *what, struct litmus_statement *s)
{
    struct token token = parse_peek(p);
    s->op = token_is(&token, "wait");
    if (!token_is(&token, "start") && !token_is(&token, "wait")) {
        return parse_unexpected(p, &token, what);
    }
    lexer_next(&p->lexer);
    return true;
}

static void add_payload(struct parser *p, GBytes *payload, struct litmus_statement *s)
{
    s->item = p->litmus->payloads->len;
    g_ptr_array_add(p->litmus->payloads, payload);
}

/* A string of so many bytes still fits a CREATEVPE. */
enum { CREATEVPE_NAME_MAX = (RESCIND_PAYLOAD_MAX - 56) / 8 * 8 };

static bool read_new_name(struct parser *p, const char *what, struct litmus_statement *s)
{
    struct token name;
    if (!parse_name(p, what, &name)) {
        return false;
    }
    if (name.size > CREATEVPE_NAME_MAX) {
        return parse_fail(p, &name, "the name has more than %d bytes", CREATEVPE_NAME_MAX);
    }
    add_payload(p, g_bytes_new(name.text, name.size), s);
    return true;
}

static bool is_hex(const struct token *token)
{
    bool hex = token->kind == TOKEN_ATOM && token->size % 2 == 0;
    for (size_t i = 0; hex && i < token->size; i++) {
        hex = g_ascii_isxdigit(token->text[i]);
    }
    return hex;
}

static bool read_bytes(struct parser *p, const char *what, struct litmus_statement *s)
{
    struct token token = parse_peek(p);
    GByteArray *bytes = g_byte_array_new();
    bool ok = true;
    do {
        if (!is_hex(&token)) {
            ok = parse_unexpected(p, &token, what);
        }
        for (size_t i = 0; ok && i < token.size; i += 2) {
            uint8_t byte = (uint8_t)(g_ascii_xdigit_value(token.text[i]) << 4 |
                                     g_ascii_xdigit_value(token.text[i + 1]));
            if (bytes->len == RESCIND_PAYLOAD_MAX) {
                ok = parse_fail(p, &token, "more than %zu bytes", RESCIND_PAYLOAD_MAX);
            }
            g_byte_array_append(bytes, &byte, 1);
        }
        lexer_next(&p->lexer);
        token = parse_peek(p);
    } while (ok && token.kind == TOKEN_ATOM);
    add_payload(p, g_byte_array_free_to_bytes(bytes), s);
    return ok;
}

static bool read_arg(struct parser *p, const struct program *program, const struct arg *arg,
                     struct litmus_statement *s)
{
    struct token token = parse_peek(p);
    const char *what = arg->what;
    if (arg->keyed) {
        if (arg->optional && !token_is(&token, arg->what)) {
            default_number(p, arg->otherwise, s);
            return true;
        }
        if (!parse_expect(p, arg->what) || !parse_expect(p, "=")) {
            return false;
        }
        what = "a number";
    }
    switch (arg->kind) {
    case ARG_U32:
        return read_number(p, program, what, UINT32_MAX, s);
    case ARG_U64:
        return read_number(p, program, what, UINT64_MAX, s);
    case ARG_BOOL:
        return read_number(p, program, what, 1, s);
    case ARG_RANGE:
        return read_range(p, program, what, s->numbers > 1, s);
    case ARG_PERMS:
        return read_perms(p, s);
    case ARG_OP:
        return read_op(p, what, s);
    case ARG_NAME:
        return read_new_name(p, what, s);
    case ARG_BYTES:
        return read_bytes(p, what, s);
    default:
        return true;
    }
}

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

static const struct call *find_call(struct parser *p)
{
    struct lexer copy = p->lexer;
    struct token word = lexer_next(&copy);
    for (size_t i = 0; i < G_N_ELEMENTS(calls); i++) {
        if (!token_is(&word, calls[i].word)) {
            continue;
        }
        struct lexer behind = copy;
        struct token second = calls[i].second != NULL ? lexer_next(&behind) : word;
        if (calls[i].second == NULL || token_is(&second, calls[i].second)) {
            p->lexer = behind;
            return &calls[i];
        }
    }
    if (token_is(&word, "exchange")) {
        struct token second = lexer_next(&copy);
        parse_unexpected(p, &second, "'delegate' or 'obtain'");
    } else {
        parse_unexpected(p, &word, "a step");
    }
    return NULL;
}

static bool read_call(struct parser *p, const struct program *program, struct litmus_statement *s)
{
    const struct call *call = find_call(p);
    if (call == NULL) {
        return false;
    }
    s->word = (uint8_t)call->id;
    for (unsigned i = 0; i < CALL_ARGS && call->args[i].kind != ARG_NONE; i++) {
        if (!read_arg(p, program, &call->args[i], s)) {
            return false;
        }
    }
    return read_expectation(p, s);
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
    if (!read_number(p, program, "a number of rounds", UINT64_MAX, s) || !parse_expect(p, "{")) {
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

/* Litmus files: calls, loads and stores, as their table (sim/litmus_call.h) has them. Only
 * sim/litmus_program.c calls this. */
#include "sim/litmus_parse.h"

#include <string.h>

#include "rescind/abi.h"
#include "sim/litmus_call.h"

/* A string of so many bytes still fits a CREATEVPE; and a message has no more words. */
enum { NAME_MAX_BYTES = (RESCIND_PAYLOAD_MAX - 56) / 8 * 8, LIST_MAX = RESCIND_PAYLOAD_MAX / 8 };

bool parse_statement_number(struct parser *p, unsigned depth, const char *what, uint64_t max,
                            struct litmus_statement *s)
{
    struct token token = parse_peek(p);
    struct number number;
    if (!parse_number(p, what, max, depth, &number)) {
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

static bool read_range(struct parser *p, unsigned depth, const char *what,
                       struct litmus_statement *s)
{
    if (parse_table(p, &s->kind[s->ranges++])) {
        what = "a selector";
    }
    if (!parse_statement_number(p, depth, what, UINT32_MAX, s)) {
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
    return parse_statement_number(p, depth, "a count", UINT32_MAX, s);
}

/* N{,N} */
static bool read_list(struct parser *p, unsigned depth, struct litmus_statement *s)
{
    uint8_t *count = &s->list[s->lists++];
    do {
        struct token token = parse_peek(p);
        if (*count == LIST_MAX) {
            return parse_fail(p, &token, "more than %d numbers", LIST_MAX);
        }
        if (!parse_statement_number(p, depth, "a number", UINT64_MAX, s)) {
            return false;
        }
        ++*count;
    } while (parse_accept(p, ","));
    return true;
}

static bool read_sel_or_none(struct parser *p, unsigned depth, const char *what,
                             struct litmus_statement *s)
{
    if (parse_accept(p, "none")) {
        default_number(p, RESCIND_NONE, s);
        return true;
    }
    return parse_statement_number(p, depth, what, UINT32_MAX, s);
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
    s->op = token_is(&token, "wait") ? RESCIND_VPE_WAIT : RESCIND_VPE_START;
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

static bool read_new_name(struct parser *p, const char *what, struct litmus_statement *s)
{
    struct token name;
    if (!parse_name(p, what, &name)) {
        return false;
    }
    if (name.size > NAME_MAX_BYTES) {
        return parse_fail(p, &name, "the name has more than %d bytes", NAME_MAX_BYTES);
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

static bool read_value(struct parser *p, unsigned depth, const struct litmus_arg *arg,
                       struct litmus_statement *s)
{
    const char *what = (arg->flags & LITMUS_ARG_KEYED) != 0 ? "a number" : arg->what;
    switch (arg->kind) {
    case LITMUS_ARG_U32:
        return parse_statement_number(p, depth, what, UINT32_MAX, s);
    case LITMUS_ARG_U64:
    case LITMUS_ARG_CHECK:
        return parse_statement_number(p, depth, what, UINT64_MAX, s);
    case LITMUS_ARG_BOOL:
        return parse_statement_number(p, depth, what, 1, s);
    case LITMUS_ARG_SEL_OR_NONE:
        return read_sel_or_none(p, depth, "a selector or 'none'", s);
    case LITMUS_ARG_FLAG:
        default_number(p, 1, s);
        return true;
    case LITMUS_ARG_RANGE:
        return read_range(p, depth, what, s);
    case LITMUS_ARG_LIST:
        return read_list(p, depth, s);
    case LITMUS_ARG_PERMS:
        return read_perms(p, s);
    case LITMUS_ARG_OP:
        return read_op(p, what, s);
    case LITMUS_ARG_NAME:
        return read_new_name(p, what, s);
    case LITMUS_ARG_BYTES:
        return read_bytes(p, what, s);
    case LITMUS_ARG_NONE:
        break;
    }
    return true;
}

/* What stands for an argument that is left out, so that the ones behind it keep their places. */
static void leave_out(struct parser *p, const struct litmus_arg *arg, struct litmus_statement *s)
{
    switch (arg->kind) {
    case LITMUS_ARG_LIST:
        s->lists++;
        break;
    case LITMUS_ARG_RANGE:
        s->ranges++;
        default_number(p, 0, s);
        default_number(p, 0, s);
        break;
    default:
        default_number(p, arg->otherwise, s);
    }
}

/* Whether the argument may stand here at all. */
static bool may_stand(const struct litmus_statement *s, const struct litmus_arg *arg,
                      unsigned index)
{
    if ((arg->flags & LITMUS_ARG_JOINED) != 0 && (s->given >> (index - 1) & 1) == 0) {
        return false;
    }
    /* the start of a VPE says nothing to compare with */
    return s->word != LITMUS_VPECTRL || arg->kind != LITMUS_ARG_CHECK || s->op == RESCIND_VPE_WAIT;
}

static bool read_arg(struct parser *p, unsigned depth, const struct litmus_arg *arg, unsigned index,
                     struct litmus_statement *s)
{
    struct token token = parse_peek(p);
    bool optional = (arg->flags & LITMUS_ARG_OPTIONAL) != 0;
    if (!may_stand(s, arg, index) || (optional && !token_is(&token, arg->what))) {
        leave_out(p, arg, s);
        return true;
    }
    if (((arg->flags & LITMUS_ARG_KEYED) != 0 || arg->kind == LITMUS_ARG_FLAG) &&
        !parse_expect(p, arg->what)) {
        return false;
    }
    if ((arg->flags & LITMUS_ARG_KEYED) != 0 && !parse_expect(p, "=")) {
        return false;
    }
    s->given |= (uint16_t)(1u << index);
    return read_value(p, depth, arg, s);
}

static bool find_call(struct parser *p, struct litmus_statement *s)
{
    struct lexer copy = p->lexer;
    struct token word = lexer_next(&copy);
    for (uint8_t i = 0; litmus_is_call(i); i++) {
        const struct litmus_call *call = litmus_call(i);
        if (!token_is(&word, call->word)) {
            continue;
        }
        struct lexer behind = copy;
        struct token second = call->second != NULL ? lexer_next(&behind) : word;
        if (call->second == NULL || token_is(&second, call->second)) {
            p->lexer = behind;
            s->word = i;
            return true;
        }
    }
    if (token_is(&word, "exchange")) {
        struct token second = lexer_next(&copy);
        return parse_unexpected(p, &second, "'delegate' or 'obtain'");
    }
    return parse_unexpected(p, &word, "a step");
}

/* How long the message will be: the call's shortest, with its name and its lists. */
static size_t message_size(const struct parser *p, const struct litmus_statement *s)
{
    static const uint8_t shortest[] = {
#define RESCIND_SYSCALL(name, number, bytes) [(number)] = (bytes),
        RESCIND_SYSCALLS(RESCIND_SYSCALL)
#undef RESCIND_SYSCALL
    };
    const struct litmus_call *call = litmus_call(s->word);
    if (call->opcode == LITMUS_NO_OPCODE) {
        return 0;
    }
    size_t size = shortest[call->opcode] + 8u * s->list[0] + 8u * s->list[1];
    for (unsigned i = 0; i < LITMUS_ARGS; i++) {
        const struct litmus_arg *arg = &call->args[i];
        if (arg->kind == LITMUS_ARG_NAME) {
            size += (g_bytes_get_size(g_ptr_array_index(p->litmus->payloads, s->item)) + 7) & ~7u;
        } else if (litmus_given(s, i) && (arg->flags & LITMUS_ARG_OPTIONAL) != 0) {
            size += arg->kind == LITMUS_ARG_RANGE                             ? 16
                    : arg->kind == LITMUS_ARG_LIST && s->word != LITMUS_REPLY ? 8
                                                                              : 0;
        }
    }
    return size;
}

bool parse_call(struct parser *p, unsigned depth, struct litmus_statement *s)
{
    struct token place = parse_peek(p);
    if (!find_call(p, s)) {
        return false;
    }
    const struct litmus_call *call = litmus_call(s->word);
    for (unsigned i = 0; i < LITMUS_ARGS && call->args[i].kind != LITMUS_ARG_NONE; i++) {
        if (!read_arg(p, depth, &call->args[i], i, s)) {
            return false;
        }
    }
    size_t size = message_size(p, s);
    return size <= RESCIND_PAYLOAD_MAX ||
           parse_fail(p, &place, "the message has %zu bytes, more than %zu", size,
                      RESCIND_PAYLOAD_MAX);
}

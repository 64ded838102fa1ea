/* The words of a litmus file; sim/litmus_lex.h says what they are. */
#include "sim/litmus_lex.h"

#include <string.h>

void lexer_start(struct lexer *lexer, const char *text, size_t size)
{
    *lexer = (struct lexer){.start = text, .end = text + size, .at = text, .line = 1};
}

static bool is_atom(char c)
{
    return g_ascii_isalnum(c) || (c != 0 && strchr("_-+*$", c) != NULL);
}

/* Blanks and comments; a carriage return is blank before its line feed, and nowhere else. */
static void skip_blanks(struct lexer *lexer)
{
    while (lexer->at < lexer->end) {
        char c = *lexer->at;
        if (c == '#') {
            const char *feed = memchr(lexer->at, '\n', (size_t)(lexer->end - lexer->at));
            lexer->at = feed != NULL ? feed : lexer->end;
            return;
        }
        bool before_feed = lexer->at + 1 < lexer->end && lexer->at[1] == '\n';
        if (c != ' ' && c != '\t' && !(c == '\r' && before_feed)) {
            return;
        }
        lexer->at++;
    }
}

/* Line ends in a row are one token: it stands at the first. */
static void take_newlines(struct lexer *lexer)
{
    while (lexer->at < lexer->end && *lexer->at == '\n') {
        lexer->at++;
        lexer->line++;
        skip_blanks(lexer);
    }
}

static void take_string(struct lexer *lexer, struct token *token)
{
    const char *at = lexer->at + 1;
    while (at < lexer->end && *at != '"' && ((unsigned char)*at >= 0x20 || *at == '\t')) {
        at++;
    }
    if (at == lexer->end || *at != '"') {
        token->kind = TOKEN_BAD;
        return;
    }
    token->kind = TOKEN_STRING;
    token->text = lexer->at + 1;
    token->size = (size_t)(at - token->text);
    lexer->at = at + 1;
}

struct token lexer_next(struct lexer *lexer)
{
    skip_blanks(lexer);
    struct token token = {TOKEN_END, lexer->at, 0, lexer->at, lexer->line};
    if (lexer->at == lexer->end) {
        return token;
    }
    char c = *lexer->at;
    if (c == '\n') {
        token.kind = TOKEN_NEWLINE;
        take_newlines(lexer);
    } else if (is_atom(c)) {
        token.kind = TOKEN_ATOM;
        while (lexer->at < lexer->end && is_atom(*lexer->at)) {
            lexer->at++;
        }
        token.size = (size_t)(lexer->at - token.text);
    } else if (c == '"') {
        take_string(lexer, &token);
    } else if (strchr("=|{}:,@()", c) != NULL) {
        bool arrow = c == '=' && lexer->at + 1 < lexer->end && lexer->at[1] == '>';
        token.kind = TOKEN_SYMBOL;
        token.size = arrow ? 2 : 1;
        lexer->at += token.size;
    } else {
        token.kind = TOKEN_BAD;
    }
    return token;
}

unsigned lexer_column(const struct lexer *lexer, const char *place)
{
    const char *line = place;
    while (line > lexer->start && line[-1] != '\n') {
        line--;
    }
    return (unsigned)g_utf8_strlen(line, place - line) + 1;
}

static bool text_is(const struct token *token, const char *text)
{
    return token->size == strlen(text) && memcmp(token->text, text, token->size) == 0;
}

bool token_is(const struct token *token, const char *text)
{
    return token->kind == TOKEN_ATOM && text_is(token, text);
}

bool token_is_symbol(const struct token *token, const char *text)
{
    return token->kind == TOKEN_SYMBOL && text_is(token, text);
}

bool token_is_name(const struct token *token)
{
    if (token->kind != TOKEN_ATOM || g_ascii_isdigit(token->text[0])) {
        return false;
    }
    for (size_t i = 0; i < token->size; i++) {
        if (!g_ascii_isalnum(token->text[i]) && token->text[i] != '_') {
            return false;
        }
    }
    return true;
}

char *token_describe(const struct token *token)
{
    enum { SHOWN = 40 };
    switch (token->kind) {
    case TOKEN_END:
        return g_strdup("the end of the file");
    case TOKEN_NEWLINE:
        return g_strdup("the end of the line");
    case TOKEN_STRING:
        return g_strdup("a string");
    case TOKEN_BAD:
        if (token->text[0] == '"') {
            return g_strdup("a string that does not end on its line");
        }
        gunichar c = g_utf8_get_char(token->text);
        return c > ' ' && c < 0x7f ? g_strdup_printf("'%c'", (char)c)
                                   : g_strdup_printf("the character U+%04X", c);
    default:
        return g_strdup_printf("'%.*s%s'", (int)MIN(token->size, SHOWN), token->text,
                               token->size > SHOWN ? "..." : "");
    }
}

/* The constant that `*at` begins; leaves `*at` behind it. */
static const char *parse_constant(const char **at, const char *end, uint64_t *value)
{
    bool hex = end - *at >= 2 && (*at)[0] == '0' && (*at)[1] == 'x';
    if (hex) {
        *at += 2;
    }
    const char *first = *at;
    *value = 0;
    for (; *at < end && (hex ? g_ascii_isxdigit(**at) : g_ascii_isdigit(**at)); (*at)++) {
        uint64_t digit = (uint64_t)g_ascii_xdigit_value(**at);
        if (__builtin_mul_overflow(*value, hex ? 16u : 10u, value) ||
            __builtin_add_overflow(*value, digit, value)) {
            return "does not fit 64 bits";
        }
    }
    return *at == first ? "is no number" : NULL;
}

static const char *parse_factor(const char **at, const char *end, struct factor *factor)
{
    factor->round = -1;
    if (*at < end && **at == '$') {
        char letter = (char)(end - *at >= 2 ? (*at)[1] : 0);
        if (letter < 'i' || letter >= 'i' + NUMBER_ROUNDS) {
            return "is no number";
        }
        factor->round = (int8_t)(letter - 'i');
        *at += 2;
        return NULL;
    }
    return parse_constant(at, end, &factor->value);
}

const char *number_parse(const struct token *token, GArray *factors)
{
    const char *at = token->text;
    const char *end = at + token->size;
    struct factor factor = {.adds = true};
    if (token->kind != TOKEN_ATOM) {
        return "is no number";
    }
    for (unsigned count = 1;; count++) {
        const char *wrong = parse_factor(&at, end, &factor);
        if (wrong != NULL) {
            return wrong;
        }
        if (count > NUMBER_FACTORS) {
            return "has more than 64 factors";
        }
        g_array_append_val(factors, factor);
        if (at == end) {
            return NULL;
        }
        if (*at != '+' && *at != '*') {
            return "is no number";
        }
        factor = (struct factor){.adds = *at == '+'};
        at++;
    }
}

bool number_value(const struct factor *factors, unsigned count,
                  const uint64_t rounds[NUMBER_ROUNDS], uint64_t *value)
{
    uint64_t sum = 0;
    for (unsigned i = 0; i < count;) {
        uint64_t product = 1;
        bool zero = false, over = false;
        do {
            uint64_t f = factors[i].round < 0 ? factors[i].value : rounds[factors[i].round];
            zero |= f == 0;
            over |= __builtin_mul_overflow(product, f, &product);
            i++;
        } while (i < count && !factors[i].adds);
        if (zero) {
            continue;
        }
        if (over || __builtin_add_overflow(sum, product, &sum)) {
            return false;
        }
    }
    *value = sum;
    return true;
}

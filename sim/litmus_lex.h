/* The words of a litmus file: where they begin and end, and the numbers among them.
 *
 * A lexer is a plain value over text that the caller keeps: to look ahead, copy it. An atom is a
 * run of letters, digits and `_ - + * $`; what it means (a name, a number, hex bytes, a word of
 * the language) is for the parser to say, which is why no word is reserved. Line ends are tokens,
 * since a statement ends with its line. Only sim/litmus.c calls this.
 */
#ifndef RESCIND_SIM_LITMUS_LEX_H
#define RESCIND_SIM_LITMUS_LEX_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

enum token_kind {
    TOKEN_END,     /* of the file */
    TOKEN_NEWLINE, /* of one line, or of several where those between are blank */
    TOKEN_ATOM,
    TOKEN_STRING, /* text and size are what stands between the quotes */
    TOKEN_SYMBOL, /* one of = | { } : , @ ( ) and the arrow => */
    TOKEN_BAD,    /* a character that begins no token, or a string without its end */
};

struct token {
    enum token_kind kind;
    const char *text;
    size_t size;
    const char *place; /* where it begins, for lexer_column() */
    unsigned line;     /* counted from 1 */
};

struct lexer {
    const char *start;
    const char *end;
    const char *at;
    unsigned line;
};

/* `text` is UTF-8 without NUL bytes, and outlives the lexer. */
void lexer_start(struct lexer *lexer, const char *text, size_t size);
struct token lexer_next(struct lexer *lexer);

/* The column of `place`, in characters from 1. Costs what its line is long. */
unsigned lexer_column(const struct lexer *lexer, const char *place);

bool token_is(const struct token *token, const char *text);
bool token_is_symbol(const struct token *token, const char *text);
bool token_is_name(const struct token *token);
/* How a message calls it: quoted, and cut where it is long. The caller frees it. */
char *token_describe(const struct token *token);

/* A number is a sum of products; each factor a constant or a repeat's round. */
struct factor {
    uint64_t value; /* of a constant */
    int8_t round;   /* 0 for $i, 1 for $j, 2 for $k; -1: a constant */
    bool adds;      /* it begins a new summand; else it multiplies the one before */
};
enum { NUMBER_FACTORS = 64, NUMBER_ROUNDS = 3 };

/* Appends the factors of a number to `factors` (struct factor). NULL, or what is wrong. */
const char *number_parse(const struct token *token, GArray *factors);

/* The value of `count` factors in a repeat whose round numbers are `rounds`, innermost first.
 * False: it passes 64 bits. */
bool number_value(const struct factor *factors, unsigned count,
                  const uint64_t rounds[NUMBER_ROUNDS], uint64_t *value);

#endif

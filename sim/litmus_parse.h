/* What the parser's files share; nobody else includes this.
 *
 * sim/litmus.c reads the file as a whole, sim/litmus_declare.c declarations, sim/litmus_program.c
 * programs, sim/litmus_step.c the calls in them, sim/litmus_condition.c conditions. Every function
 * returns false once the file is found to be malformed; the first message is the one that is kept.
 */
#ifndef RESCIND_SIM_LITMUS_PARSE_H
#define RESCIND_SIM_LITMUS_PARSE_H

#include "sim/litmus.h"
#include "sim/litmus_lex.h"

struct parser {
    struct lexer lexer;
    struct litmus *litmus;
    char *error;         /* NULL so far */
    GHashTable *kernels; /* each: name to index + 1 */
    GHashTable *vpes;
    GHashTable *signals;
    GHashTable *registers;
    GHashTable *taken;     /* VPE << 32 | selector of each grant */
    GArray *homes;         /* struct token: the kernel that each VPE names; size 0: none */
    GArray *kernel_places; /* struct kernel_places */
    GArray *grants;        /* struct pending_grant */
    GArray *faults;        /* struct pending_fault */
    GArray *numbers;       /* struct number */
    GArray *factors;       /* struct factor, of numbers that depend on a round */
    uint32_t idle_rounds;
};

/* Where a kernel's options have their numbers; size 0: it does not have that option. */
struct kernel_places {
    struct token nodes, memory, vpes;
};

/* Its VPEs may be declared below it. */
struct pending_grant {
    struct token vpe, target, place;
    uint32_t sel;
    uint32_t kind;   /* enum rescind_startup_grant_kind */
    uint32_t number; /* of an interrupt line, of ports: as the module has it */
};

/* Its VPE or kernels may be declared below it. */
struct pending_fault {
    struct token place, a, b;
    uint32_t kind; /* enum rescind_startup_fault_kind */
    uint32_t line; /* of an interrupt */
};

/* A number of a program: a constant, or `factors` of parser.factors to be evaluated each round. */
struct number {
    uint64_t value;
    uint64_t max;
    uint32_t first;
    uint32_t column;
    uint8_t factors;
};

bool parse_fail(struct parser *p, const struct token *at, const char *format, ...)
    G_GNUC_PRINTF(3, 4);
/* "expected WHAT, found ..." */
bool parse_unexpected(struct parser *p, const struct token *found, const char *what);

struct token parse_peek(const struct parser *p);
/* Takes the next token if it is that atom or symbol. */
bool parse_accept(struct parser *p, const char *text);
bool parse_expect(struct parser *p, const char *text);
bool parse_name(struct parser *p, const char *what, struct token *name);
/* The index under which `name` stands in `names`, or false. */
bool parse_lookup(GHashTable *names, const struct token *name, uint32_t *index);
/* "no WHAT is called NAME" */
bool parse_unknown(struct parser *p, const struct token *name, const char *what);
bool parse_vpe(struct parser *p, uint32_t *vpe);
/* A number that stands in `depth` repeats, and is at most `max` if it depends on no round;
 * its column is left to the caller. */
bool parse_number(struct parser *p, const char *what, uint64_t max, unsigned depth,
                  struct number *number);
/* The same outside any repeat. */
bool parse_constant(struct parser *p, const char *what, uint64_t max, uint64_t *value);
bool parse_too_big(struct parser *p, const struct token *at, uint64_t value, uint64_t max);
/* A RESULT: adds its bit, or bits, to `expected`. */
bool parse_result(struct parser *p, uint32_t *expected);
/* The end of the line or of the file; `also`, if not NULL, is taken for one and left there. */
bool parse_line_end(struct parser *p, const char *also);
void parse_skip_newline(struct parser *p);
/* Whether `next`, the next token, stands right behind the last one. */
bool parse_adjacent(const struct parser *p, const struct token *next);
/* `map:`, right before a selector, or nothing. */
bool parse_table(struct parser *p, uint8_t *kind);

/* A call, a load or a store that stands in `depth` repeats, with what is expected of it; s->word
 * and what follows it in the statement is filled in. */
bool parse_call(struct parser *p, unsigned depth, struct litmus_statement *s);
/* A number of a statement, appended to the parser's. */
bool parse_statement_number(struct parser *p, unsigned depth, const char *what, uint64_t max,
                            struct litmus_statement *s);

/* All of them, down to the first line that is none; then their names are resolved. */
bool parse_declarations(struct parser *p);
bool parse_program(struct parser *p);
bool parse_condition(struct parser *p);

#endif

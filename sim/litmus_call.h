/* The calls of the litmus language: their words and arguments, one table that the parser
 * (sim/litmus_step.c), the printer (sim/litmus_print.c) and the compiler (sim/compile_message.c)
 * share. Loads and stores are among them (enum litmus_word).
 */
#ifndef RESCIND_SIM_LITMUS_CALL_H
#define RESCIND_SIM_LITMUS_CALL_H

#include "sim/litmus.h"

enum litmus_arg_kind {
    LITMUS_ARG_NONE,
    LITMUS_ARG_U32,
    LITMUS_ARG_U64,
    LITMUS_ARG_BOOL,
    LITMUS_ARG_SEL_OR_NONE, /* `none` is RESCIND_NONE */
    LITMUS_ARG_FLAG,        /* the bare word itself: 1 where it stands, 0 where not */
    LITMUS_ARG_CHECK,       /* what word `otherwise` of the reply must be */
    LITMUS_ARG_RANGE,       /* two numbers */
    LITMUS_ARG_LIST,        /* numbers with commas between them */
    LITMUS_ARG_PERMS,       /* the rest have no numbers */
    LITMUS_ARG_OP,
    LITMUS_ARG_NAME,
    LITMUS_ARG_BYTES,
};

enum litmus_arg_flags {
    LITMUS_ARG_KEYED = 1,    /* written KEY=VALUE */
    LITMUS_ARG_OPTIONAL = 2, /* a number that is left out is `otherwise`, a list is empty */
    LITMUS_ARG_JOINED = 4,   /* only where the argument before it was not left out */
};

struct litmus_arg {
    enum litmus_arg_kind kind;
    unsigned flags;   /* enum litmus_arg_flags */
    const char *what; /* of an argument with a key, and of a FLAG: the word; else for a message */
    uint64_t otherwise;
};

enum { LITMUS_ARGS = 7 }; /* of a call at most */

struct litmus_call {
    const char *name;          /* "exchange delegate" */
    const char *word, *second; /* the second word right behind the first, or NULL */
    uint32_t opcode;           /* of RAW, LOAD and STORE none: LITMUS_NO_OPCODE */
    struct litmus_arg args[LITMUS_ARGS];
};
#define LITMUS_NO_OPCODE UINT32_MAX

/* Of a word that is a call. */
const struct litmus_call *litmus_call(enum litmus_word word);

/* The numbers of a step's arguments: at[A] are those of argument A, in the table's order. */
struct litmus_arguments {
    const uint64_t *at[LITMUS_ARGS];
    uint32_t counts[LITMUS_ARGS];
};
struct litmus_arguments litmus_arguments(const struct litmus *litmus,
                                         const struct litmus_step *step);

static inline bool litmus_given(const struct litmus_statement *s, unsigned argument)
{
    return (s->given >> argument & 1) != 0;
}

#endif

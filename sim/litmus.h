/* A litmus file, checked and unrolled: what sim/compile.c, sim/judge.c and sim/print.c work from.
 *
 * litmus_parse() takes any bytes at all. A file that breaks the grammar (see rescind-litmus(5)) is
 * refused as a whole, in time and memory bounded by the file's size and the limits below; what it
 * returns has every name resolved, every number evaluated and every repeat unrolled, so that
 * whoever reads it has nothing left to check. Everything is a flat array; no tree is deep.
 */
#ifndef RESCIND_SIM_LITMUS_H
#define RESCIND_SIM_LITMUS_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

enum {
    LITMUS_FILE_MAX = 64 << 20,      /* bytes */
    LITMUS_STATEMENTS_MAX = 2 << 20, /* lines of programs */
    LITMUS_GRANTS_MAX = 65536,
    LITMUS_IDLE_ROUNDS_MAX = 10000000, /* rounds of repeats that yield no step */
    LITMUS_NESTING_MAX = 3,            /* of repeats */
    LITMUS_PENDING_MAX = 1 << 20,      /* operators and parentheses open at one place */
};

/* What a line of a program is. Those from NOOP to RAW are calls, and LOAD and STORE have results as
 * if they were: whatever is said of calls is said of them, too. */
enum litmus_word {
    LITMUS_NOOP,
    LITMUS_PAGEFAULT,
    LITMUS_CREATESRV,
    LITMUS_CREATESESS,
    LITMUS_CREATESESSAT,
    LITMUS_CREATEGATE,
    LITMUS_CREATEVPE,
    LITMUS_CREATEMAP,
    LITMUS_ATTACHRB,
    LITMUS_DETACHRB,
    LITMUS_EXCHANGE_DELEGATE,
    LITMUS_EXCHANGE_OBTAIN,
    LITMUS_VPECTRL,
    LITMUS_DELEGATE,
    LITMUS_OBTAIN,
    LITMUS_ACTIVATE,
    LITMUS_REQMEM,
    LITMUS_DERIVEMEM,
    LITMUS_REVOKE,
    LITMUS_EXIT,
    LITMUS_SEND,
    LITMUS_RECEIVE,
    LITMUS_REPLY,
    LITMUS_ACK,
    LITMUS_READ,
    LITMUS_WRITE,
    LITMUS_FUND,
    LITMUS_LISTEN,
    LITMUS_IRQACK,
    LITMUS_PORTIN,
    LITMUS_PORTOUT,
    LITMUS_RAW,
    LITMUS_LOAD,
    LITMUS_STORE,
    LITMUS_SIGNAL,
    LITMUS_WAIT,
    LITMUS_RUN,
    LITMUS_REPEAT,
    LITMUS_REPEAT_END,
};
/* The word or words a call is reported by: "exchange delegate". */
const char *litmus_word_name(enum litmus_word word);
static inline bool litmus_is_call(enum litmus_word word)
{
    return word <= LITMUS_STORE;
}

#define LITMUS_EXPECT_ANY   UINT32_MAX /* else bit E is set where error code E is expected, */
#define LITMUS_EXPECT_OTHER (1u << 31) /* and this one for RESCIND_RESULT_OTHER */
enum { LITMUS_NO_REGISTER = UINT32_MAX };

/* A line of a program as written. */
struct litmus_statement {
    uint8_t word;    /* enum litmus_word */
    uint8_t kind[2]; /* of its first and second range: enum rescind_table_kind */
    uint8_t list[2]; /* of its first and second list: how many numbers */
    uint8_t ranges;  /* how many it has */
    uint8_t lists;   /* how many it has, with those that were left out */
    uint8_t perms;   /* enum rescind_perm */
    uint8_t op;      /* of VPECTRL: enum rescind_vpectrl */
    uint8_t numbers; /* how many it has */
    uint16_t given;  /* bit A: argument A of sim/litmus_call.h was not left out */
    bool idle;       /* REPEAT: there is nothing in it but repeats */
    uint32_t line;
    uint32_t column;
    uint32_t first_number; /* for the parser alone */
    uint32_t expected;     /* of a call: the results that do not fail the file */
    uint32_t reg;          /* of a call: the register it sets, or LITMUS_NO_REGISTER */
    uint32_t item; /* a name, the bytes of RAW: in litmus.payloads; SIGNAL, WAIT: the signal;
                      RUN: the program; REPEAT: its REPEAT_END, and the other way about */
};

/* A step of an unrolled program; its numbers are in the order of the statement's words: who asks
 * for an argument of a call does so through litmus_arguments() of sim/litmus_call.h. */
struct litmus_step {
    uint32_t statement;
    uint32_t values; /* the first of its numbers, in litmus.values */
};

/* A kernel; a file without one has K0. */
struct litmus_kernel {
    char *name;
    uint32_t nodes;  /* of its pool; 0: as many as the file can need */
    uint32_t memory; /* bytes, or LITMUS_AS_NEEDED */
    uint32_t vpes;   /* at a time, or LITMUS_AS_NEEDED */
};
#define LITMUS_AS_NEEDED UINT32_MAX

struct litmus_vpe {
    char *name;
    bool child;      /* not there at the start */
    uint32_t quota;  /* nodes of its own account; 0: it has none */
    uint32_t kernel; /* whose VPE it is, in litmus.kernels */
    bool has_program;
    uint32_t first_step; /* in litmus.steps */
    uint32_t steps;
    uint32_t calls; /* how many of them are calls */
};

/* `kind` and `target` are those of struct rescind_startup_grant. */
struct litmus_grant {
    uint32_t vpe, sel, target, kind;
};

/* A serial port, and what comes to it from outside. */
struct litmus_serial {
    uint32_t port;
    char *text;
};

/* What may go wrong; `kind`, `a` and `b` are those of struct rescind_startup_fault. */
struct litmus_fault {
    uint32_t kind, a, b;
};

/* A register: call number `call` of VPE `vpe` sets it. */
struct litmus_register {
    char *name;
    uint32_t vpe, call;
};

/* A term of a condition's line. A line is in postfix order: what NOT, AND and OR apply to stands
 * before them. */
enum litmus_term_kind {
    LITMUS_HOLDS, /* type 0: of any type */
    LITMUS_LACKS,
    LITMUS_COUNT,
    LITMUS_CHILD_OF,
    LITMUS_RESULT, /* register `vpe` has a result among `expected` */
    LITMUS_NOT,
    LITMUS_AND,
    LITMUS_OR,
};
struct litmus_term {
    uint8_t kind; /* enum litmus_term_kind */
    uint8_t table, type;
    uint8_t parent_table;
    uint32_t vpe;
    union {
        uint64_t count;
        uint32_t expected;
        struct {
            uint32_t sel, parent_sel;
        };
    };
    uint32_t parent_vpe;
};

struct litmus_line {
    uint32_t line;
    uint32_t first_term, terms; /* in litmus.terms */
};

enum litmus_condition_kind { LITMUS_FINAL, LITMUS_EXISTS, LITMUS_NEVER };
struct litmus_condition {
    enum litmus_condition_kind kind;
    uint32_t line;
    uint32_t first_line, lines; /* in litmus.lines */
};
const char *litmus_condition_name(enum litmus_condition_kind kind);

struct litmus {
    char *file;          /* the name it was parsed under */
    char *title;         /* NULL: none */
    GArray *kernels;     /* struct litmus_kernel; at least one */
    GArray *vpes;        /* struct litmus_vpe */
    GArray *grants;      /* struct litmus_grant */
    GArray *faults;      /* struct litmus_fault */
    GArray *serials;     /* struct litmus_serial */
    uint32_t signals;    /* how many there are; they are numbered in the order of their mention */
    GArray *statements;  /* struct litmus_statement, all programs one after the other */
    GPtrArray *payloads; /* GBytes: names, bytes of RAW */
    GArray *steps;       /* struct litmus_step, unrolled, all programs one after the other */
    GArray *values;      /* uint64_t */
    GArray *registers;   /* struct litmus_register */
    GArray *conditions;  /* struct litmus_condition */
    GArray *lines;       /* struct litmus_line */
    GArray *terms;       /* struct litmus_term */
};

/* NULL: the file is malformed, and *error is "FILE:LINE:COLUMN: message" (the caller frees it). */
struct litmus *litmus_parse(const char *file, const char *text, size_t size, char **error);
/* Reads the file first; where that fails *error is "FILE: message". */
struct litmus *litmus_read(const char *file, char **error);
void litmus_free(struct litmus *litmus);

static inline const struct litmus_kernel *litmus_kernel(const struct litmus *l, guint kernel)
{
    return &g_array_index(l->kernels, struct litmus_kernel, kernel);
}
static inline const struct litmus_vpe *litmus_vpe(const struct litmus *l, guint vpe)
{
    return &g_array_index(l->vpes, struct litmus_vpe, vpe);
}

/* Step `step` of `vpe`, counted from 0. */
static inline const struct litmus_step *litmus_step(const struct litmus *l, guint vpe, guint step)
{
    return &g_array_index(l->steps, struct litmus_step, litmus_vpe(l, vpe)->first_step + step);
}
static inline const struct litmus_statement *litmus_statement(const struct litmus *l,
                                                              const struct litmus_step *step)
{
    return &g_array_index(l->statements, struct litmus_statement, step->statement);
}
static inline const uint64_t *litmus_values(const struct litmus *l, const struct litmus_step *step)
{
    return &g_array_index(l->values, uint64_t, step->values);
}

#endif

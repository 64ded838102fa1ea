/* A history: which calls were made, when each was sent and answered, and with what.
 *
 * Time counts events; no two entries share an instant. The entries of one VPE stand in the order
 * in which its calls follow each other; an entry's end is never before its beginning. Interrupts
 * are entries of the machine, which is no VPE. Built by tests/drive.c from a live kernel, judged by
 * tests/order.c.
 */
#ifndef RESCIND_TESTS_HISTORY_H
#define RESCIND_TESTS_HISTORY_H

#include <stdio.h>

#include "sim/model.h"

enum { HISTORY_CALLS = 128 };
#define HISTORY_NEVER UINT64_MAX
enum { HISTORY_MACHINE = 10 }; /* in place of a VPE: of interrupts */

struct history_entry {
    struct model_call call;
    uint32_t vpe;
    uint64_t sent;
    uint64_t done;             /* answered, or (EXIT) ended; HISTORY_NEVER: not yet */
    bool answered;             /* `result` is meaningful: not for EXIT, nor before `done` */
    enum rescind_error result; /* the answer, */
    bool told;                 /* and `said` is what it says behind that */
    uint64_t said[MODEL_SAID];
};

struct history {
    uint32_t count;
    struct history_entry entries[HISTORY_CALLS]; /* in the order of sending */
};

/* Whose call it is, as model_call() wants it: of an interrupt that is its line. */
uint32_t history_whose(const struct history_entry *entry);

/* An error code's word, as litmus files write it. */
const char *history_word(enum rescind_error error);

/* Writes a call the way a litmus file would. */
void history_print_call(FILE *out, const struct model_call *call);

/* One line an entry: when, who, what, which answer. */
void history_print(FILE *out, const struct history *history);

/* One line a capability: its place, its type, its parent's place. */
void history_print_row(FILE *out, const struct model_row *row);

#endif

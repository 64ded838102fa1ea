/* What happens in a machine, as a log on standard error and as a trace for Perfetto or Chrome: a
 * track a kernel and a VPE, and an arrow for each message between kernels. */
#ifndef RESCIND_SIM_TRACE_H
#define RESCIND_SIM_TRACE_H

#include <glib.h>
#include <stdbool.h>

#include "sim/machine.h"

enum trace_level {
    TRACE_NONE,
    TRACE_INFO,  /* answers and ends */
    TRACE_DEBUG, /* every event */
};
/* "none", "info" or "debug" (NULL: none). False: it is another word. */
bool trace_level(const char *word, enum trace_level *level);

/* NULL with *error set where `file` (which may be NULL: no trace) can't be written. */
struct trace *trace_new(enum trace_level level, const char *file, GError **error);
/* What is reported from now on is of another machine, under this name. */
void trace_machine(struct trace *trace, const char *name);
void trace_report(struct trace *trace, const struct machine_report *report);
/* Completes the file. False with *error set where that fails. */
bool trace_free(struct trace *trace, GError **error);

/* The word of a call, for logs; "unknown" for an opcode that is none. */
const char *trace_opcode(uint32_t opcode);

#endif

/* The rescind tool: what its commands share. Each command is one file sim/tool_*.c and gets its own
 * arguments, with its name first; it returns an exit status. */
#ifndef RESCIND_SIM_TOOL_H
#define RESCIND_SIM_TOOL_H

#include <glib.h>
#include <stdbool.h>

#include "sim/judge.h"
#include "sim/litmus.h"
#include "sim/machine.h"
#include "sim/outcome.h"

/* Exit statuses, worst last: with several files the highest wins. */
enum tool_status {
    TOOL_OK = 0,       /* every verdict holds */
    TOOL_FAIL = 1,     /* some verdict fails */
    TOOL_USAGE = 2,    /* wrong usage */
    TOOL_BAD_FILE = 3, /* a file can't be read or is malformed */
    TOOL_MACHINE = 4,  /* the machine could not be run */
    TOOL_SHORT = 5,    /* nothing violated, but a limit cut `explore` short */
};

/* The whole of it: the exit status. May be called again. */
int tool_main(int argc, char **argv);

int tool_run(char **args);
int tool_boot(char **args);
int tool_explore(char **args);
int tool_replay(char **args);
int tool_tree(char **args);
int tool_profile(char **args);
int tool_devices(char **args);

/* Parses options by GLib's rules, --help and --format among them. False: *status is the exit
 * status, and what was wrong has been said. *args is what is left, without the command. */
bool tool_options(char ***args, const GOptionEntry *entries, const char *parameters,
                  const char *summary, int *status);

/* Says "rescind: ..." on standard error, and returns the status. */
G_GNUC_PRINTF(2, 3) int tool_error(int status, const char *format, ...);

/* "text" or NULL: false, "json": true; else *status is set and it has been said. */
bool tool_format(const char *format, bool *json, int *status);

/* An option's number must lie in 0 .. max. False: *status is set and it has been said. */
bool tool_number(const char *option, gint64 number, gint64 max, int *status);

/* Gives the machine's VPEs their whole names: a start-up module has room for 39 bytes of them. */
void tool_name_vpes(struct machine *machine, const struct litmus *litmus);

/* Reads a litmus file; NULL: it has been said why (exit TOOL_BAD_FILE). */
struct litmus *tool_litmus(const char *file);

/* Where the text that programs print goes: standard output, or under JSON standard error. */
struct tool_console {
    bool json;
    bool open; /* the last line has no end yet */
};
void tool_print(void *console, const char *text, size_t size);

/* Ends a line that programs have left open. */
void tool_end_line(struct tool_console *console);

/* Judges and prints a report; the exit status. `replay` is the command to run it again, without the
 * file. */
int tool_report(const struct litmus *litmus, const struct outcome *outcome, bool json,
                const char *replay);

#endif

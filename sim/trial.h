/* A trial: the machine of a litmus file, step by step, with everything that can be found wrong
 * with it. Each choice is followed by the kernels' audit and the monitor (sim/monitor.h); each end
 * by the audit, the conditions and the rest of what must hold there. The explorer, the shrinker and
 * `replay` all run files this way, so they agree on what a violation is.
 */
#ifndef RESCIND_SIM_TRIAL_H
#define RESCIND_SIM_TRIAL_H

#include "sim/judge.h"
#include "sim/litmus.h"
#include "sim/machine.h"
#include "sim/monitor.h"

enum violation_kind {
    VIOLATION_AUDIT,  /* an invariant of a kernel is broken */
    VIOLATION_ANSWER, /* no order of atomic calls explains an answer */
    VIOLATION_STUCK,  /* at an end: a program has not finished */
    VIOLATION_TABLES, /* no order of atomic calls that explains the answers leads to the tables */
    VIOLATION_LEAK,   /* a pool has more or fewer nodes in use than its tables need */
    VIOLATION_RESULT, /* a result is not among those that the file expects */
    VIOLATION_CONDITION, /* a `final` or `never` of the file is broken */
    VIOLATION_ENDLESS,   /* a state comes again: a schedule without an end */
    VIOLATION_KINDS,
};
/* A word for reports: "audit", "answer", ... */
const char *violation_word(enum violation_kind kind);

struct violation {
    enum violation_kind kind;
    char *text;       /* a sentence, without the file's name */
    char *key;        /* what tells it from others of its kind when lines move; NULL: nothing */
    GArray *schedule; /* struct machine_choice: the choices up to it. Set by who knows them */
};
void violation_free(struct violation *violation);
struct violation *violation_endless(void);
/* Whether two violations are the same fault of a file and of a smaller one made of it. */
bool violation_alike(const struct violation *a, enum violation_kind kind, const char *key);

struct trial {
    const struct litmus *litmus;
    GByteArray *module;
    struct machine *machine;
    struct monitor *monitor;
    uint32_t start;  /* of the monitor: what was the case at the start, */
    uint32_t set;    /* and what may be now */
    uint32_t trail;  /* of the monitor: what the last step showed */
    bool patient;    /* see struct trial_options */
    bool uncompared; /* the set has been MONITOR_OFF: not all was compared with atomic calls */
    GArray *spare;   /* int64_t, a kernel: nodes in use at the start that no table needs */
};

struct trial_options {
    uint64_t seed;
    uint32_t work;                  /* see struct rescind_kernel_config */
    enum machine_schedule schedule; /* for machine_run() */
    uint32_t depth;                 /* of PCT */
    bool audit_ends;                /* the audit at ends alone, and not after each choice */
    bool patient; /* a program is not stuck that waits for what others need not do, and an end at
                     which one does is not judged by what the file expects */
    struct monitor *monitor; /* of another trial of the same file, to share; NULL: a new one */
    void (*report)(void *context, const struct machine_report *report);
    void *context;
};

/* NULL with *error set where the machine can't be had. The litmus file outlives the trial. */
struct trial *trial_new(const struct litmus *litmus, const struct trial_options *options,
                        GError **error);
/* All but the monitor, which is returned: the caller frees it, or goes on with it. */
struct monitor *trial_free(struct trial *trial);

/* The monitor the naive model needs nothing but the file for. */
struct monitor *trial_monitor(const struct litmus *litmus);

/* Makes a choice that the machine has. NULL: all is well. */
struct violation *trial_step(struct trial *trial, const struct machine_choice *choice);
/* What the machine has just done by itself is looked at as by trial_step(). */
struct violation *trial_look(struct trial *trial, const struct machine_choice *choice);

/* An invariant that the machine found broken by itself. */
struct violation *trial_broken(const struct trial *trial);

/* Whether what this step of a VPE waits for is for other programs to do, so that it may wait for
 * ever. */
bool trial_may_wait(const struct litmus *litmus, guint vpe, guint step);

/* What is wrong at an end, with the outcome there; NULL: nothing. */
struct violation *trial_end(struct trial *trial, const struct outcome *outcome);
/* Of that, what holds whatever the calls of the programs were answered: the tables can be explained
 * and nothing is left over in the pools. Nothing is said while a call waits for ever. */
struct violation *trial_balance(struct trial *trial, const struct outcome *outcome);

/* The state's number: the machine's and the monitor's together. */
uint64_t trial_hash(const struct trial *trial);

/* A choice in words, before it is made: "VPE0 moves: revoke 20", and, once it is made, what was
 * seen: "VPE0's call is answered ok". The caller frees them; NULL: nothing was. */
char *trial_words(const struct trial *trial, const struct machine_choice *choice);
char *trial_seen(const struct trial *trial);

#endif

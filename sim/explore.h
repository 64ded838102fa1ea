/* The explorer: every way in which a litmus file can go, or many of them, looking for one that
 * goes wrong. What is wrong is said by sim/trial.h.
 *
 * The exhaustive search is depth first over the machine's choices, on snapshots, without recursion.
 * Two things keep it from running the same thing twice:
 *
 * States are remembered, by a 64-bit number of the machine's state (sim/state.c), which is the same
 * whatever nodes of the pools are used, and of the monitor's set. What the set does not contain the
 * future can't tell: so states that are equal have equal ends and equal violations before them.
 * Two different states that share a number would hide one of them: with n states the chance is
 * n^2 / 2^65, one in 3.7 million for the 10^6.5 states of a long exploration.
 *
 * Sleep sets (Godefroid, Holzmann, Pirottin, "State-space caching revisited", 1995): when choices c
 * and d are independent in a state (each leaves the other possible, and c d leads to the same state
 * as d c), then once all that begins with c has been explored, what begins with d need not try c
 * again until something dependent has happened: c is asleep. A state is stored with the set that
 * was asleep in it; reached again with another one, only what was asleep then and is not now is
 * explored. This reaches every state, so every end and every violation; what it saves is choices.
 *
 * Independence (argued for the state at hand, which is all that sleep sets ask for):
 * - Every choice is an event of one kernel, with the program of one VPE of that kernel. Choices of
 *   the same kernel are dependent.
 * - Choices of different kernels touch different arenas; but a LOAD or STORE of another kernel's
 *   memory, which is mapped, touches that one, too. What passes between kernels are the
 *   channels. An event of b appends to the channel from b to a, a's hearing of b takes its first
 *   message, which is there already as both are possible: these commute. But a hearing makes room,
 *   and where b has been holding something back for a, b tells it at once: then `a hears b` touches
 *   b as well. (Where the event of b itself has more to tell than there is room for, the rest
 *   follows when a has heard: the same messages, as b had no other event in between.)
 * - Signals are only ever set, and a program that waits is no choice: setting one makes other
 *   choices possible, and two of them commute.
 * - A fault belongs to the kernel it strikes. Where a delay is declared, it and every hearing that
 *   it would delay are dependent on everything: whether they are possible depends on all others.
 * - The monitor must agree: what the one shows and what the other shows, followed in either order,
 *   must lead to the same set. (A call sent before an answer of another VPE may take effect before
 *   it, one sent after it may not: those two mostly do not commute.) That is looked up, not
 * guessed: what a choice shows is known once it has been made, and as long as it is asleep its
 * kernel's state is unchanged, and so is what it would show. `verify` makes both orders of each
 * pair that is called independent, and compares.
 */
#ifndef RESCIND_SIM_EXPLORE_H
#define RESCIND_SIM_EXPLORE_H

#include "sim/trial.h"

/* A schedule that comes back to a state that it has been in, without leaving out for ever anything
 * that could move all the while, is a violation as well (VIOLATION_ENDLESS); cycles that the search
 * meets on its way are looked at.
 */
enum explore_strategy {
    EXPLORE_DPOR,   /* exhaustive, reduced */
    EXPLORE_PLAIN,  /* exhaustive, without sleep sets */
    EXPLORE_RANDOM, /* a sample: each choice as likely as any other */
    EXPLORE_PCT,    /* a sample: probabilistic concurrency testing */
};

struct explore_progress {
    uint64_t schedules, states;
    guint depth;
    double seconds;
};

struct explore_options {
    enum explore_strategy strategy;
    uint64_t seed;
    uint32_t work;          /* see struct rescind_kernel_config; 0: the kernel's default */
    uint32_t depth;         /* of PCT; 0: 3 */
    bool audit_ends;        /* the kernels' audit at ends alone, and not at every state */
    bool patient;           /* see struct trial_options */
    uint64_t max_schedules; /* 0: no limit; of a sample: 1000 */
    uint64_t max_states;    /* 0: no limit */
    double max_seconds;     /* 0: no limit */
    uint32_t shard, shards; /* number `shard`, from 1, of so many; shards 0: all of it */
    bool keep_going;        /* after a violation: count them all */
    bool only; /* look for violations of this kind, with this key, alone: others are passed over */
    enum violation_kind kind;
    const char *key;
    guint shorter; /* a search for a violation with fewer choices than this, and for the fewest of
                      all; 0: for any */
    bool forget;   /* states are not remembered: every schedule is run. For tests */
    bool verify;   /* check every pair that is called independent. For tests */
    /* Told of each end that is reached; NULL: not wanted. */
    void (*end)(void *context, const struct outcome *outcome, const struct violation *violation);
    /* Told now and then; NULL: not wanted. */
    void (*progress)(void *context, const struct explore_progress *progress);
    void *context;
};

struct explore_result {
    uint64_t schedules;  /* run to an end */
    uint64_t states;     /* different ones */
    uint64_t choices;    /* made */
    uint64_t asleep;     /* choices that were not made, as they were asleep */
    uint64_t known;      /* schedules left because their state was known */
    uint64_t violations; /* found; the search stops at the first, unless it is to keep going */
    uint64_t replays;    /* schedules that were run again from the start, and went the same way */
    bool complete;       /* no limit cut it short, and it did not stop at a violation */
    const char *limit;   /* which one did, in words; NULL: none */
    bool compared;       /* all of it with atomic calls */
    GArray *exists;      /* bool, for each condition of the file: an `exists` that was seen */
    struct violation *violation; /* the first, NULL: none; of a search for the shortest: that one */
    uint64_t seed;               /* of the machine that it was seen on */
    struct outcome *outcome;     /* at the violation; without one, of the first end that was seen */
    char *mistake;               /* of the explorer, not the kernel: "not deterministic"; or NULL */
};

/* NULL with *error set where the machine can't be had, or the file can't be explored so. */
struct explore_result *explore(const struct litmus *litmus, const struct explore_options *options,
                               GError **error);
void explore_result_free(struct explore_result *result);

/* Makes the choices of a schedule, those that are not possible left out, and says what went wrong
 * (its schedule is what was done up to then), or NULL, as also where there is no memory
 * (memory_failures()). `hash` (may be NULL): the last state's. */
struct violation *explore_follow(const struct litmus *litmus, const struct explore_options *options,
                                 const GArray *schedule, uint64_t *hash);

#endif

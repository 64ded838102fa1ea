/* Profiles: trees of a given shape and size are built in kernels of their own, through messages,
 * and revoked; what that takes in stack, work, time and memory is measured. For the tool, the
 * tests of the kernel's bounds, and benchmarks. */
#ifndef RESCIND_SIM_PROFILE_H
#define RESCIND_SIM_PROFILE_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/* Capability 0 is the root; the parent of capability i > 0 is: */
enum profile_shape {
    PROFILE_CHAIN,  /* i - 1 */
    PROFILE_STAR,   /* 0 */
    PROFILE_BINARY, /* (i - 1) / 2 */
    PROFILE_RANDOM, /* any of the earlier ones, each as likely */
    PROFILE_FOREST, /* as random, but with a root a VPE; held by VPEs of all kernels, who hand on
                       mostly to others of their kernel */
};

/* The selector of capability i: */
enum profile_selectors {
    PROFILE_SEQ,
    PROFILE_SHUFFLED,
    PROFILE_ATTACK, /* the order that makes a treap whose priorities are 314159265 + k * 0x9e3779b9
                       (mod 2^32, signed, smallest at the root) a list */
};

enum profile_walk {
    PROFILE_ITERATIVE,         /* the kernel's own */
    PROFILE_RECURSIVE,         /* the textbook's */
    PROFILE_RECURSIVE_LOGGING, /* and with a line of text on each level's stack: recursive.h */
};

enum { PROFILE_SIZE_MAX = 1000000, PROFILE_KERNELS_MAX = 64, PROFILE_STACK_MAX = 1 << 30 };

struct profile_options {
    enum profile_shape shape;
    enum profile_selectors selectors;
    enum profile_walk walk; /* but for ITERATIVE: `kernels` is 1, and it is no forest */
    uint32_t size;          /* capabilities, roots among them: 1 .. PROFILE_SIZE_MAX */
    uint32_t kernels;       /* 1 .. PROFILE_KERNELS_MAX; 0: 1 */
    size_t stack;           /* that there is, bytes; 0: as much as it takes */
    uint64_t seed;
};

/* The kernel's entry points (rescind/kernel.h), each measured on a stack of its own. */
enum profile_entry {
    PROFILE_MESSAGE,
    PROFILE_WORK,
    PROFILE_HEAR,
    PROFILE_TELL,
    PROFILE_END,
    PROFILE_ENTRIES
};

struct profile {
    bool overflowed;      /* the stack of the options was too small: nothing else below holds */
    uint64_t stack_bytes; /* painted kernel stack used by the REVOKEs, from kernel entry on */
    uint32_t max_work;    /* visits to capabilities in the longest event */
    uint64_t events;
    double ns_per_cap;      /* of the REVOKEs alone */
    uint64_t bytes_per_cap; /* what one more local delegation takes from the pool */
    uint64_t messages;      /* between kernels, of the REVOKEs */

    uint64_t entry_stack[PROFILE_ENTRIES]; /* the most that each has used, building included if it
                                              takes messages between kernels; 0: never entered */
    double instructions_per_cap; /* of the REVOKEs alone: profile_count.h; 0: not counted */
    uint32_t treap_depth;        /* of the table, before the REVOKE; of one kernel alone */
    uint64_t idle_stack_bytes;   /* what a NOOP uses; of one kernel alone */
};

/* The words of shapes, selectors and entries, in the order of the enums; NULL past the last. */
const char *profile_shape_name(unsigned shape);
const char *profile_selectors_name(unsigned selectors);
const char *profile_entry_name(unsigned entry);

/* False with *error set where memory is short, or the tree that was built is not of the shape
 * that was asked for. */
bool profile_run(const struct profile_options *options, struct profile *out, GError **error);

/* How deep the deepest chain is that the walk of the options revokes on so much stack; 0 where
 * there is no bound: a walk takes 16 bytes a level at least, or none. False as profile_run(). */
bool profile_deepest(const struct profile_options *options, size_t stack, uint32_t *deepest,
                     GError **error);

/* Virtual work by call, phase and entry point, while the trees are built and revoked: lines
 * "CALL;PHASE;FUNCTION UNITS", as flamegraph.pl and speedscope read them. A unit is what
 * sim/cluster.h calls a step. The walk is the kernel's own. NULL as profile_run(); the caller frees
 * it. */
char *profile_flame(const struct profile_options *options, GError **error);

#endif

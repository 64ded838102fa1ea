/* Profiles: trees of a given shape and size are built in a kernel of their own, through messages,
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
};

/* The selector of capability i: */
enum profile_selectors {
    PROFILE_SEQ,
    PROFILE_SHUFFLED,
    PROFILE_ATTACK, /* the order that makes a treap whose priorities are 314159265 + k * 0x9e3779b9
                       (mod 2^32, signed, smallest at the root) a list */
};

enum { PROFILE_SIZE_MAX = 1000000 };

struct profile_options {
    enum profile_shape shape;
    enum profile_selectors selectors;
    uint32_t size;  /* capabilities, the root among them: 1 .. PROFILE_SIZE_MAX */
    bool recursive; /* by the textbook's walk instead of the kernel's */
    uint64_t seed;
};

struct profile {
    uint64_t stack_bytes; /* painted kernel stack used from kernel entry on */
    uint32_t max_work;    /* visits to capabilities in the longest event */
    uint64_t events;
    double ns_per_cap;         /* of the REVOKE alone */
    uint64_t bytes_per_cap;    /* what one more local delegation takes from the pool */
    uint32_t treap_depth;      /* of the table, before the REVOKE */
    uint64_t idle_stack_bytes; /* what a NOOP uses */
};

/* The words of shapes and selectors, in the order of the enums; NULL past the last. */
const char *profile_shape_name(unsigned shape);
const char *profile_selectors_name(unsigned selectors);

/* False with *error set where memory is short, or the tree that was built is not of the shape
 * that was asked for. */
bool profile_run(const struct profile_options *options, struct profile *out, GError **error);

#endif

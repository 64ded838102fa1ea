/* A derivation tree of one kernel, grown and felled by the calls of one VPE, for the benchmarks and
 * the budget of instructions.
 *
 * It consists of blocks: `range` capabilities side by side, each derived from its neighbour in the
 * parent's block. With a range of 1 a block is a capability. The kernel is entered through
 * functions measured_…() alone, so that callgrind can count what it does and nothing else.
 */
#ifndef RESCIND_BENCH_GROVE_H
#define RESCIND_BENCH_GROVE_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "rescind/kernel.h"
#include "user/message.h"

/* Block 0 is the root; the parent of block i > 0 is: */
enum grove_shape {
    GROVE_CHAIN,  /* i - 1 */
    GROVE_STAR,   /* 0 */
    GROVE_BINARY, /* (i - 1) / 2 */
    GROVE_RANDOM, /* any of the earlier ones, each as likely */
    GROVE_SHAPES
};

/* The blocks' selectors: */
enum grove_order {
    GROVE_SEQUENCE, /* ascending */
    GROVE_SHUFFLED,
    GROVE_ATTACK, /* so that a treap with the priorities 314159265 + k * 0x9e3779b9 (mod 2^32,
                     signed, smallest at the root) is a list */
    GROVE_ORDERS
};

const char *grove_shape_name(enum grove_shape shape);
const char *grove_order_name(enum grove_order order);

struct grove {
    struct rescind_kernel *k;
    uint32_t blocks, range;
    uint32_t *parent; /* of each block */
    uint32_t *sel;    /* the first of each block */
};

/* A kernel with the root block; `size` is a multiple of `range`. A failure of anything here is a
 * programming error, and ends the process with a line. */
struct grove *grove_new(enum grove_shape shape, enum grove_order order, uint32_t size,
                        uint32_t range);
void grove_free(struct grove *g);

/* Derives all other blocks, an EXCHANGE each. */
void grove_grow(struct grove *g);
/* Ends the process unless everything is where it should be. */
void grove_look(const struct grove *g);
/* Revokes the root block. */
void grove_fell(struct grove *g);
/* Revokes what is derived from it, and keeps it (own = 0). */
void grove_clear(struct grove *g);
/* Of a star: revokes block after block, oldest first, a REVOKE each. */
void grove_pick(struct grove *g);

/* Ends the process unless nothing is left but `kept` capabilities of the root block. */
void grove_look_again(const struct grove *g, uint32_t kept);

/* A call of VPE `vpe` from its message to its answer, which must be OK; of EXIT, to its end. */
void grove_call(struct rescind_kernel *k, uint32_t vpe, const struct message *call);

struct message grove_noop(void);
struct message grove_exit(void);

#endif

/* The naive model: what the calls of one kernel mean, done one at a time and at once.
 *
 * It knows the ABI and nothing of the kernel: capabilities stand in one array in the order in
 * which they were made (a parent before its children), every question is a walk over it, and
 * every call is one function that either changes the array or answers an error. Slow and plain on
 * purpose: tests and fuzzers compare the kernel with it.
 *
 * A model is a plain value: assigning it copies it. Memory never runs out in it; whoever compares
 * decides where OUT_OF_MEM is a fair answer.
 */
#ifndef RESCIND_SIM_MODEL_H
#define RESCIND_SIM_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rescind/abi.h"

enum { MODEL_VPES = 16, MODEL_CAPS = 1024 };

struct model_cap {
    uint32_t sel;
    int32_t parent; /* its place in the array, less than this one's; -1: a root */
    uint8_t vpe;    /* in whose table it is */
    uint8_t kind;   /* in which of its tables: enum rescind_table_kind */
    uint8_t type;   /* enum rescind_cap_type */
    uint8_t target; /* of a VPE capability: the VPE that it names */
};

struct model {
    uint32_t vpes;
    bool ended[MODEL_VPES];
    uint32_t count; /* of caps */
    struct model_cap caps[MODEL_CAPS];
};

/* One call. `error` is what its message is answered before anything is looked at (too short, no
 * such call); then nothing else means anything. */
struct model_call {
    enum rescind_error error;
    uint32_t op;                /* enum rescind_syscall */
    uint32_t vpe, dst;          /* CREATEGATE: both; EXCHANGE: vpe */
    struct rescind_range own;   /* EXCHANGE, REVOKE */
    struct rescind_range other; /* EXCHANGE */
    bool flag;                  /* EXCHANGE: obtain; REVOKE: own */
};

/* One capability as two tables are compared: where it is, and where its parent is. */
struct model_row {
    uint32_t vpe, kind, sel, type;
    bool has_parent;
    uint32_t parent_vpe, parent_kind, parent_sel; /* 0 in a root */
};

/* `vpes` VPEs as they are at boot: selector 0 is the VPE itself, 1 its memory, both roots. */
void model_boot(struct model *model, uint32_t vpes);

/* At boot: `vpe` gets at `sel` a capability on `target`, derived from the target's selector 0. */
enum rescind_error model_grant(struct model *model, uint32_t vpe, uint32_t sel, uint32_t target);

/* What the bytes of a message ask for. */
struct model_call model_decode(const void *message, size_t size);

/* The message for a call whose `error` is NO_ERROR: `out` has room for 56 bytes, and the size is
 * returned. PRINT says nothing (the empty string), and EXIT ends with code 0. */
enum { MODEL_MESSAGE_MAX = 56 };
size_t model_encode(const struct model_call *call, uint8_t *out);

/* Does the call of `vpe` and returns its answer. EXIT has none; NO_ERROR is returned. */
enum rescind_error model_call(struct model *model, uint32_t vpe, const struct model_call *call);

/* The place in the array of what `vpe` holds at `sel`, or -1. */
int32_t model_find(const struct model *model, uint32_t vpe, uint32_t kind, uint32_t sel);

/* Capability `index` as a row. */
struct model_row model_row(const struct model *model, uint32_t index);

/* Whether the model holds exactly these rows, in whatever order. */
bool model_equals(const struct model *model, const struct model_row *rows, uint32_t count);

/* A number that is equal for models whose tables are equal, in whatever order they came to be. */
uint64_t model_hash(const struct model *model);

#endif

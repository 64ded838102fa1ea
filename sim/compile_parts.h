/* What the files of the compiler share; nobody else includes this. sim/compile.c writes the module,
 * sim/compile_message.c the message of each call, and sim/compile_needs.c finds out what kernels
 * need for them. */
#ifndef RESCIND_SIM_COMPILE_PARTS_H
#define RESCIND_SIM_COMPILE_PARTS_H

#include "rescind/abi.h"
#include "rescind/startup.h"
#include "sim/litmus.h"

/* A message in the making. */
struct message {
    uint8_t bytes[RESCIND_PAYLOAD_MAX + 1]; /* rounded up to whole slots */
    size_t size;
};

/* The payload of a step: a call's message, or what a load or a store has. */
void message_write(const struct litmus *litmus, const struct litmus_step *step,
                   struct message *message);

/* What the calls of a file need at most. */
struct kernel_needs {
    uint64_t nodes;    /* of its pool, but for what is copied */
    uint32_t vpes;     /* there at the start */
    uint32_t children; /* that the file declares */
    uint32_t makes;    /* calls that make a VPE */
};
struct needs {
    const struct litmus *litmus;
    struct kernel_needs kernels[RESCIND_STARTUP_KERNELS];
    uint64_t nodes;  /* on every kernel, for calls that reach it from another one */
    GArray *counts;  /* uint32_t: what each EXCHANGE, OBTAIN and DELEGATE wants to copy */
    uint64_t copies; /* so many capabilities at most are copied */
    bool memory;     /* some step makes use of machine memory */
};
void needs_start(struct needs *needs, const struct litmus *litmus);
/* A step of a VPE of `kernel`; `message` is its payload. */
void needs_add(struct needs *needs, uint32_t kernel, uint32_t kind, const struct message *message);
/* Behind the last step; from then on needs_fill() says how large each kernel is to be. */
void needs_finish(struct needs *needs);
void needs_fill(const struct needs *needs, uint32_t kernel, struct rescind_startup_kernel *record);

#endif

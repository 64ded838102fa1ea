/* The program's side of a VPE: what runs in ring 3 on the PC and, from the same source, as a C
 * function in the simulator. A program gets its environment, makes syscalls through it, and
 * returns 0 when it is content. Programs keep no global mutable state.
 *
 * Each call below sends one message through endpoint 0's ring, waits for the reply on endpoint
 * 1's, and returns the reply's error code; see abi.h and the table of calls in the README for
 * what each code means. Cost: one message and one reply, at most 512 bytes each.
 */
#ifndef RESCIND_USER_H
#define RESCIND_USER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rescind/abi.h"

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

struct rescind_env {
    struct rescind_ring *syscalls; /* endpoint 0: this program produces */
    struct rescind_ring *replies;  /* endpoint 1: this program consumes */
    uint16_t pe;                   /* where this VPE is, for the header */
    uint16_t vpe;
    uint32_t credits; /* messages that endpoint 0 may still send; 1 at start */
    const char *name; /* of the VPE, NUL-terminated */
    /* Gives the processor away until something may have changed. `idle` says that this program
     * has seen nothing new since it last waited; when every VPE is idle, nothing can move any
     * more. */
    void (*wait)(struct rescind_env *env, bool idle);
    void *host; /* the platform's own; programs leave it alone */
};

typedef int rescind_program(struct rescind_env *env);

/* Sends `size` bytes (at most RESCIND_PAYLOAD_MAX) as they stand and waits for the reply, whose
 * payload goes to `reply` (at most `reply_size` bytes; may be NULL). Returns the reply's error
 * code; MISS_CREDITS or NO_RING_SPACE when it can't be sent. */
enum rescind_error rescind_call(struct rescind_env *env, const void *message, size_t size,
                                void *reply, size_t reply_size);

enum rescind_error rescind_noop(struct rescind_env *env);
enum rescind_error rescind_creategate(struct rescind_env *env, uint32_t vpe, uint32_t dst,
                                      uint64_t label, uint32_t ep, uint64_t credits);
/* own -> other of the VPE that selector `vpe` names (delegate), or other -> own (obtain). */
enum rescind_error rescind_exchange(struct rescind_env *env, uint32_t vpe, struct rescind_range own,
                                    struct rescind_range other, bool obtain);
enum rescind_error rescind_revoke(struct rescind_env *env, struct rescind_range range, bool own);
/* Text to the console: `size` bytes, of which one call carries at most 464. */
enum rescind_error rescind_print(struct rescind_env *env, const char *text, size_t size);
/* Ends this VPE. Has no reply, and does not return. */
__attribute__((noreturn)) void rescind_exit(struct rescind_env *env, uint32_t code);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif

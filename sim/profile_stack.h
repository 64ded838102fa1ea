/* Stacks for what is measured: painted, with an unmapped page below, so that what was used can be
 * told to the byte, and running over the end is a result and no crash. Used by profiles and by the
 * tests of the kernel's stack; on one thread.
 */
#ifndef RESCIND_SIM_PROFILE_STACK_H
#define RESCIND_SIM_PROFILE_STACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct profile_stack;

/* Of `size` bytes, rounded up to pages; some 200 of them are gone before anything is called. NULL
 * when there is no memory for it. */
struct profile_stack *profile_stack_new(size_t size);
void profile_stack_free(struct profile_stack *s);

/* Calls body(data) there. False: it ran over the end. What it has done until then stands, and the
 * stack is of no more use. */
bool profile_stack_call(struct profile_stack *s, void (*body)(void *data), void *data);

/* Bytes below `entry` that all bodies have used so far; 0 where they have used none. */
uint64_t profile_stack_used(const struct profile_stack *s, uintptr_t entry);

/* The entry, in the function that calls what is to be measured: where its own frame ends. */
static inline __attribute__((always_inline)) uintptr_t profile_stack_here(void)
{
#ifdef __x86_64__
    uintptr_t here;

    __asm__ volatile("mov %%rsp, %0" : "=r"(here));
    return here;
#else
    return (uintptr_t)__builtin_frame_address(0); /* what lies below in that frame counts as used */
#endif
}

#endif

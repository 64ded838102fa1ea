/* Profiles of plans over many kernels; see profile_forest.h. */
#include "sim/profile_forest.h"

#include <gio/gio.h>
#include <time.h>

#include "sim/forest.h"
#include "sim/profile_stack.h"

enum { KERNEL_STACK = 64 * 1024, EVENTS = CLUSTER_TELL + 1 };

/* The events of sim/cluster.h are the first entries of sim/profile.h. */
_Static_assert((int)CLUSTER_MESSAGE == (int)PROFILE_MESSAGE && (int)CLUSTER_TELL == (int)PROFILE_TELL &&
                   (int)CLUSTER_WORK == (int)PROFILE_WORK && (int)CLUSTER_HEAR == (int)PROFILE_HEAR,
               "events and entries");

/* A stack for each entry point. */
struct stacks {
    struct profile_stack *of[EVENTS];
    uintptr_t here[EVENTS];
    struct cluster_entry *entry; /* that is being made */
    bool overflowed;
};

static void stacks_free(struct stacks *stacks)
{
    for (unsigned i = 0; i < EVENTS; i++)
        profile_stack_free(stacks->of[i]);
    *stacks = (struct stacks){0};
}

static bool stacks_make(struct stacks *stacks, size_t size)
{
    *stacks = (struct stacks){0};
    for (unsigned i = 0; i < EVENTS; i++) {
        stacks->of[i] = profile_stack_new(size);
        if (stacks->of[i] == NULL) {
            stacks_free(stacks);
            return false;
        }
    }
    return true;
}

static void enter(void *data)
{
    struct stacks *stacks = data;

    stacks->here[stacks->entry->event] = profile_stack_here();
    cluster_enter(stacks->entry);
    __asm__ volatile(""); /* so that the call above is none that leaves this frame */
}

/* Once a stack was too small its kernel can't be believed any more: nothing is entered again. */
static void enter_on_stack(void *context, struct cluster_entry *e)
{
    struct stacks *stacks = context;

    stacks->entry = e;
    if (stacks->overflowed)
        e->size = 0;
    else if (!profile_stack_call(stacks->of[e->event], enter, stacks))
        stacks->overflowed = true;
}

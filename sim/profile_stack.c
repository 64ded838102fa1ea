/* Painted stacks; see profile_stack.h. */
#include "sim/profile_stack.h"

#include <glib.h>
#include <signal.h>

#include "sim/coroutine.h"
#include "sim/memory.h"

enum { FAULT_STACK = 64 * 1024 };

struct profile_stack {
    struct coroutine *coroutine;
    void (*body)(void *data);
    void *data;
    bool over;
};

/* Who handles faults while there are such stacks, and whose stack is in use. */
static struct {
    unsigned stacks;
    void *memory;
    struct sigaction before[2]; /* of each of these: */
    stack_t stack_before;
    struct profile_stack *running;
} faults;
static const int signals[] = {SIGSEGV, SIGBUS};

static void on_fault(int number, siginfo_t *info, void *context)
{
    struct profile_stack *s = faults.running;

    (void)context;
    if (s != NULL && coroutine_is_over(s->coroutine, (uintptr_t)info->si_addr)) {
        s->over = true;
        coroutine_abandon(s->coroutine);
    }
    /* None of ours: it comes again, for whoever handled it before. */
    for (unsigned i = 0; i < G_N_ELEMENTS(signals); i++) {
        if (signals[i] == number)
            sigaction(number, &faults.before[i], NULL);
    }
}

/* False: there is no memory for a stack to handle them on. */
static bool handle_faults(void)
{
    struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    stack_t stack = {.ss_size = FAULT_STACK};

    if (faults.stacks++ > 0)
        return true;
    faults.memory = memory_new(1, FAULT_STACK);
    if (faults.memory == NULL) {
        faults.stacks--;
        return false;
    }
    stack.ss_sp = faults.memory;
    sigaltstack(&stack, &faults.stack_before);
    sigemptyset(&action.sa_mask);
    for (unsigned i = 0; i < G_N_ELEMENTS(signals); i++)
        sigaction(signals[i], &action, &faults.before[i]);
    return true;
}

static void leave_faults(void)
{
    if (--faults.stacks > 0)
        return;
    for (unsigned i = 0; i < G_N_ELEMENTS(signals); i++)
        sigaction(signals[i], &faults.before[i], NULL);
    sigaltstack(&faults.stack_before, NULL);
    memory_free(faults.memory);
}

static void serve(void *data)
{
    struct profile_stack *s = data;

    for (;;) {
        s->body(s->data);
        coroutine_yield(s->coroutine);
    }
}

struct profile_stack *profile_stack_new(size_t size)
{
    struct profile_stack *s = g_new0(struct profile_stack, 1);

    s->coroutine = coroutine_new(serve, s, size);
    if (s->coroutine == NULL || !handle_faults()) {
        coroutine_free(s->coroutine);
        g_free(s);
        return NULL;
    }
    coroutine_paint(s->coroutine);
    return s;
}

void profile_stack_free(struct profile_stack *s)
{
    if (s == NULL)
        return;
    leave_faults();
    coroutine_free(s->coroutine);
    g_free(s);
}

bool profile_stack_call(struct profile_stack *s, void (*body)(void *data), void *data)
{
    struct profile_stack *outer = faults.running;

    s->body = body;
    s->data = data;
    faults.running = s;
    coroutine_resume(s->coroutine);
    faults.running = outer;
    return !s->over;
}

uint64_t profile_stack_used(const struct profile_stack *s, uintptr_t entry)
{
    size_t used = coroutine_used(s->coroutine), above = coroutine_above(s->coroutine, entry);

    return used > above ? used - above : 0;
}

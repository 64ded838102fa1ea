/* Coroutines on guard-paged stacks; see coroutine.h. */
#include "sim/coroutine.h"

#include <glib.h>
#include <stdint.h>
#include <string.h>
#include <ucontext.h>
#include <unistd.h>

#include "sim/memory.h"

#if defined(__has_feature)
#define HAS_FEATURE(name) __has_feature(name)
#else
#define HAS_FEATURE(name) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || HAS_FEATURE(address_sanitizer)
#define HAVE_ASAN 1
#include <sanitizer/common_interface_defs.h>
#endif
#if defined(__SANITIZE_THREAD__) || HAS_FEATURE(thread_sanitizer)
#define HAVE_TSAN 1
#include <sanitizer/tsan_interface.h>
#endif

enum { PAINT = 0xA5 };

struct coroutine {
    void (*body)(void *data);
    void *data;
    char *base;   /* of the mapping: the guard page, then the stack */
    size_t guard; /* bytes */
    size_t stack; /* bytes */
    bool done;
    ucontext_t inside, outside;
    void *fake_inside, *fake_outside; /* AddressSanitizer's, where it is on */
    const void *outside_stack;
    size_t outside_size;
    void *fiber, *outside_fiber; /* ThreadSanitizer's */
};

/* AddressSanitizer has to be told of each switch, before and after. */
static void leave(void **fake, const void *stack, size_t size)
{
#ifdef HAVE_ASAN
    __sanitizer_start_switch_fiber(fake, stack, size);
#else
    (void)fake;
    (void)stack;
    (void)size;
#endif
}

static void arrive(void *fake, const void **stack, size_t *size)
{
#ifdef HAVE_ASAN
    __sanitizer_finish_switch_fiber(fake, stack, size);
#else
    (void)fake;
    (void)stack;
    (void)size;
#endif
}

/* And ThreadSanitizer just before. */
static void fiber_new(struct coroutine *c)
{
#ifdef HAVE_TSAN
    c->fiber = __tsan_create_fiber(0);
#else
    (void)c;
#endif
}

static void fiber_free(struct coroutine *c)
{
#ifdef HAVE_TSAN
    __tsan_destroy_fiber(c->fiber);
#else
    (void)c;
#endif
}

static void fiber_in(struct coroutine *c)
{
#ifdef HAVE_TSAN
    c->outside_fiber = __tsan_get_current_fiber();
    __tsan_switch_to_fiber(c->fiber, 0);
#else
    (void)c;
#endif
}

static void fiber_out(struct coroutine *c)
{
#ifdef HAVE_TSAN
    __tsan_switch_to_fiber(c->outside_fiber, 0);
#else
    (void)c;
#endif
}

static void enter(unsigned low, unsigned high)
{
    struct coroutine *c = (struct coroutine *)((uintptr_t)high << 32 | low);

    arrive(NULL, &c->outside_stack, &c->outside_size);
    c->body(c->data);
    c->done = true;
    leave(NULL, c->outside_stack, c->outside_size);
    fiber_out(c);
    swapcontext(&c->inside, &c->outside);
}

struct coroutine *coroutine_new(void (*body)(void *data), void *data, size_t stack)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    struct coroutine *c = g_new0(struct coroutine, 1);

    c->body = body;
    c->data = data;
    c->guard = page;
    c->stack = (stack + page - 1) / page * page;
    c->base = memory_map(c->guard + c->stack);
    if (c->base == NULL || !memory_guard(c->base, c->guard)) {
        memory_unmap(c->base, c->guard + c->stack);
        g_free(c);
        return NULL;
    }
    fiber_new(c);
    getcontext(&c->inside);
    c->inside.uc_stack.ss_sp = c->base + c->guard;
    c->inside.uc_stack.ss_size = c->stack;
    c->inside.uc_link = NULL;
    makecontext(&c->inside, (void (*)(void))enter, 2, (unsigned)(uintptr_t)c,
                (unsigned)((uintptr_t)c >> 32));
    return c;
}

void coroutine_free(struct coroutine *c)
{
    if (c == NULL)
        return;
    fiber_free(c);
    memory_unmap(c->base, c->guard + c->stack);
    g_free(c);
}

bool coroutine_resume(struct coroutine *c)
{
    leave(&c->fake_outside, c->base + c->guard, c->stack);
    fiber_in(c);
    swapcontext(&c->outside, &c->inside);
    arrive(c->fake_outside, NULL, NULL);
    return !c->done;
}

void coroutine_yield(struct coroutine *c)
{
    leave(&c->fake_inside, c->outside_stack, c->outside_size);
    fiber_out(c);
    swapcontext(&c->inside, &c->outside);
    arrive(c->fake_inside, &c->outside_stack, &c->outside_size);
}

void coroutine_abandon(struct coroutine *c)
{
    c->done = true;
    leave(NULL, c->outside_stack, c->outside_size);
    fiber_out(c);
    setcontext(&c->outside);
}

bool coroutine_is_over(const struct coroutine *c, uintptr_t address)
{
    return address >= (uintptr_t)c->base && address < (uintptr_t)c->base + c->guard;
}

void coroutine_paint(struct coroutine *c)
{
    /* Up there is what makecontext() has put on the stack. */
    memset(c->base + c->guard, PAINT, c->stack - 128);
}

size_t coroutine_used(const struct coroutine *c)
{
    size_t clean = 0;

    while (clean < c->stack && (unsigned char)c->base[c->guard + clean] == PAINT)
        clean++;
    return c->stack - clean;
}

size_t coroutine_above(const struct coroutine *c, uintptr_t address)
{
    return (uintptr_t)(c->base + c->guard + c->stack) - address;
}

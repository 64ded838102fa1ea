/* What the processors share. See shared.h. */
#include "pc99/shared.h"

#include "rescind/startup.h"

_Static_assert(PROCESSORS_MAX == RESCIND_STARTUP_KERNELS, "each kernel has a processor");
_Static_assert(PROCESSORS_MAX <= 64, "a word has a bit for each");

uint64_t shared_bytes(uint32_t count)
{
    return (uint64_t)count * count * CHANNEL_BYTES;
}

void shared_init(struct shared *shared, uint32_t count, void *channels)
{
    *shared = (struct shared){.count = count, .channels = channels, .busy = count};
    for (uint32_t i = 0; i < count * count; i++) {
        channel_init(shared->channels + (uint64_t)i * CHANNEL_BYTES);
    }
}

struct channel *shared_channel(struct shared *shared, uint32_t from, uint32_t to)
{
    uint64_t index = (uint64_t)from * shared->count + to;

    return (struct channel *)(void *)(shared->channels + index * CHANNEL_BYTES);
}

/* Counts the call first: once it is there, `to` may take it and take its count away. */
static bool set_bit(struct shared *shared, uint32_t to, uint32_t bit)
{
    uint64_t *calls = &shared->seats[to].calls;
    bool first;

    __atomic_add_fetch(&shared->busy, 1, __ATOMIC_SEQ_CST);
    first = __atomic_fetch_or(calls, (uint64_t)1 << bit, __ATOMIC_SEQ_CST) == 0;
    if (!first) {
        __atomic_sub_fetch(&shared->busy, 1, __ATOMIC_SEQ_CST); /* that word is counted already */
    }
    return first;
}

bool shared_call(struct shared *shared, uint32_t from, uint32_t to)
{
    return set_bit(shared, to, from);
}

bool shared_nudge(struct shared *shared, uint32_t to)
{
    return set_bit(shared, to, to);
}

uint64_t shared_take_calls(struct shared *shared, uint32_t here)
{
    uint64_t *word = &shared->seats[here].calls;
    uint64_t calls = 0;

    if (__atomic_load_n(word, __ATOMIC_SEQ_CST) != 0) {
        calls = __atomic_exchange_n(word, 0, __ATOMIC_SEQ_CST);
        __atomic_sub_fetch(&shared->busy, 1, __ATOMIC_SEQ_CST);
    }
    return calls;
}

bool shared_leave(struct shared *shared)
{
    if (__atomic_sub_fetch(&shared->busy, 1, __ATOMIC_SEQ_CST) != 0) {
        return false;
    }
    __atomic_store_n(&shared->over, true, __ATOMIC_SEQ_CST);
    return true;
}

bool shared_return(struct shared *shared, uint32_t here)
{
    if (__atomic_load_n(&shared->seats[here].calls, __ATOMIC_SEQ_CST) == 0) {
        return false;
    }
    __atomic_add_fetch(&shared->busy, 1, __ATOMIC_SEQ_CST);
    return true;
}

bool shared_is_over(const struct shared *shared)
{
    return __atomic_load_n(&shared->over, __ATOMIC_SEQ_CST);
}

void shared_begin(struct shared *shared)
{
    __atomic_store_n(&shared->begun, true, __ATOMIC_SEQ_CST);
}

bool shared_has_begun(const struct shared *shared)
{
    return __atomic_load_n(&shared->begun, __ATOMIC_SEQ_CST);
}

void shared_arrive(struct shared *shared)
{
    __atomic_add_fetch(&shared->arrived, 1, __ATOMIC_SEQ_CST);
}

bool shared_is_complete(const struct shared *shared)
{
    return __atomic_load_n(&shared->arrived, __ATOMIC_SEQ_CST) == shared->count;
}

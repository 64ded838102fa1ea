/* What the processors share. See board.h. */
#include "pc99/board.h"

#include "rescind/startup.h"

_Static_assert(PROCESSORS_MAX == RESCIND_STARTUP_KERNELS, "each kernel has a processor");
_Static_assert(PROCESSORS_MAX <= 64, "a word has a bit for each");

uint64_t board_bytes(uint32_t count)
{
    return (uint64_t)count * count * CHANNEL_BYTES;
}

void board_init(struct board *board, uint32_t count, void *channels)
{
    *board = (struct board){.count = count, .channels = channels, .busy = count};
    for (uint32_t i = 0; i < count * count; i++) {
        channel_init(board->channels + (uint64_t)i * CHANNEL_BYTES);
    }
}

struct channel *board_channel(struct board *board, uint32_t from, uint32_t to)
{
    uint64_t index = (uint64_t)from * board->count + to;

    return (struct channel *)(void *)(board->channels + index * CHANNEL_BYTES);
}

/* Counts the call first: once it is there, `to` may take it and take its count away. */
static bool set_bit(struct board *board, uint32_t to, uint32_t bit)
{
    uint64_t *calls = &board->seats[to].calls;
    bool first;

    __atomic_add_fetch(&board->busy, 1, __ATOMIC_SEQ_CST);
    first = __atomic_fetch_or(calls, (uint64_t)1 << bit, __ATOMIC_SEQ_CST) == 0;
    if (!first) {
        __atomic_sub_fetch(&board->busy, 1, __ATOMIC_SEQ_CST); /* that word is counted already */
    }
    return first;
}

bool board_call(struct board *board, uint32_t from, uint32_t to)
{
    return set_bit(board, to, from);
}

bool board_nudge(struct board *board, uint32_t to)
{
    return set_bit(board, to, to);
}

uint64_t board_take_calls(struct board *board, uint32_t here)
{
    uint64_t *word = &board->seats[here].calls;
    uint64_t calls = 0;

    if (__atomic_load_n(word, __ATOMIC_SEQ_CST) != 0) {
        calls = __atomic_exchange_n(word, 0, __ATOMIC_SEQ_CST);
        __atomic_sub_fetch(&board->busy, 1, __ATOMIC_SEQ_CST);
    }
    return calls;
}

bool board_leave(struct board *board)
{
    if (__atomic_sub_fetch(&board->busy, 1, __ATOMIC_SEQ_CST) != 0) {
        return false;
    }
    __atomic_store_n(&board->over, true, __ATOMIC_SEQ_CST);
    return true;
}

bool board_return(struct board *board, uint32_t here)
{
    if (__atomic_load_n(&board->seats[here].calls, __ATOMIC_SEQ_CST) == 0) {
        return false;
    }
    __atomic_add_fetch(&board->busy, 1, __ATOMIC_SEQ_CST);
    return true;
}

bool board_is_over(const struct board *board)
{
    return __atomic_load_n(&board->over, __ATOMIC_SEQ_CST);
}

void board_begin(struct board *board)
{
    __atomic_store_n(&board->begun, true, __ATOMIC_SEQ_CST);
}

bool board_has_begun(const struct board *board)
{
    return __atomic_load_n(&board->begun, __ATOMIC_SEQ_CST);
}

void board_arrive(struct board *board)
{
    __atomic_add_fetch(&board->arrived, 1, __ATOMIC_SEQ_CST);
}

bool board_is_complete(const struct board *board)
{
    return __atomic_load_n(&board->arrived, __ATOMIC_SEQ_CST) == board->count;
}

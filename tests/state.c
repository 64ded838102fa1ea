/* A state's number; see state.h. */
#include "tests/state.h"

#include <stdlib.h>

#include "sim/state.h"

static void mix(uint64_t *hash, uint64_t value)
{
    uint64_t x = *hash * 31 + value + 0x51ed27;

    x = (x ^ (x >> 32)) * 0xd6e8feb86659fd93ull;
    x = (x ^ (x >> 32)) * 0xd6e8feb86659fd93ull;
    *hash = x ^ (x >> 32);
}

/* The answers, and what was done before what was sent. An entry goes by its VPE and its number
 * among that VPE's. */
static uint64_t hash_history(const struct history *history)
{
    uint32_t label[HISTORY_CALLS], next[ORDER_VPES] = {0};
    uint64_t sum = 0;

    for (uint32_t i = 0; i < history->count; i++) {
        if (next[history->entries[i].vpe] == STATE_CALLS)
            abort();
        label[i] = history->entries[i].vpe * STATE_CALLS + next[history->entries[i].vpe]++;
    }
    for (uint32_t i = 0; i < history->count; i++) {
        const struct history_entry *entry = &history->entries[i];
        uint64_t hash = label[i], before = 0;
        for (uint32_t j = 0; j < history->count; j++)
            before |= (uint64_t)(history->entries[j].done < entry->sent) << label[j];
        mix(&hash, before);
        mix(&hash, (uint64_t)entry->call.op << 32 | (uint32_t)entry->result);
        mix(&hash, entry->answered | (entry->done != HISTORY_NEVER) << 1);
        sum += hash;
    }
    return sum;
}

uint64_t state_hash(const struct drive *d)
{
    const struct rescind_kernel *kernel = d->kernel;
    uint64_t hash = state_of_kernel(&kernel, 0);

    mix(&hash, hash_history(&d->history));
    return hash;
}

/* A state's number; see state.h. */
#include "tests/state.h"

#include <stdlib.h>

#include "cap/table.h"
#include "object/vpe.h"
#include "syscall/call.h"

static void mix(uint64_t *hash, uint64_t value)
{
    uint64_t x = *hash * 31 + value + 0x51ed27;

    x = (x ^ (x >> 32)) * 0xd6e8feb86659fd93ull;
    x = (x ^ (x >> 32)) * 0xd6e8feb86659fd93ull;
    *hash = x ^ (x >> 32);
}

/* A capability's name: its place. 0 for none. */
static uint64_t name(const struct rescind_kernel *k, uint32_t index)
{
    const struct cap *cap = cap_at(k, index);

    return index == 0 ? 0 : ((uint64_t)cap->sel << 8 | cap->table) + 1;
}

/* Writes down for each task of a line that it stands there. */
static void note_line(const struct rescind_kernel *k, uint32_t line, uint64_t where, uint64_t *at)
{
    for (int32_t task = task_first(line); task >= 0; task = task_after(k, line, (uint32_t)task))
        at[task] = where;
}

/* All capabilities, in whatever order; and where each task stands. */
static uint64_t hash_caps(const struct rescind_kernel *k, uint64_t *at)
{
    uint64_t sum = 0;

    for (uint32_t index = 1; index < k->pool.high; index++) {
        const struct cap *cap = cap_at(k, index);
        uint64_t hash = 0;
        if (cap->type != RESCIND_CAP_VPE && cap->type != RESCIND_CAP_GATE &&
            cap->type != RESCIND_CAP_MEM)
            continue;
        mix(&hash, name(k, index));
        mix(&hash, (uint64_t)cap->flags << 8 | cap->type);
        mix(&hash, name(k, cap->parent));
        mix(&hash, name(k, cap->child));
        mix(&hash, cap->parent != 0 ? name(k, cap->next) : 0);
        mix(&hash, cap->flags & CAP_RESERVED ? cap->reserver + 1 : 0);
        note_line(k, cap->waiters, name(k, index) << 2 | 1, at);
        sum += hash;
    }
    for (uint32_t table = 0; table < table_of(k->vpe_count, 0); table++) {
        const struct table *t = table_at(k, table);
        uint64_t hash = table;
        mix(&hash, t->lock_from);
        mix(&hash, t->lock_to);
        note_line(k, t->lock_waiters, table << 2 | 2, at);
        sum += hash;
    }
    note_line(k, k->ready, 3, at);
    return sum;
}

/* How far the call of `vpe` has come; the rest of it is in the program. */
static void hash_call(const struct rescind_kernel *k, uint32_t vpe, uint64_t *hash)
{
    const struct vpe *v = vpe_at(k, vpe);
    const struct call *call = call_at(k, vpe);
    const struct exchange *x = &call->exchange;
    const struct revoke *r = &call->revoke;

    mix(hash, v->ended | v->calling << 1 | v->end_wanted << 2 | task_at(k, vpe)->committed << 3);
    if (v->calling && call->opcode == RESCIND_SYS_EXCHANGE) {
        mix(hash, (uint64_t)x->phase << 32 | x->done);
        mix(hash, x->again ? x->awaited + 1 : 0);
        mix(hash, x->phase == EXCHANGE_UNDO ? x->error : 0);
        mix(hash, x->done > 0 || x->phase != EXCHANGE_RESERVE ? x->target : 0);
    } else if (v->calling && call->opcode != RESCIND_SYS_CREATEGATE) {
        mix(hash, (uint64_t)r->table << 1 | r->sweeping);
        mix(hash, r->sel);
        mix(hash, name(k, r->root));
        mix(hash, name(k, r->at));
        mix(hash, call->opcode); /* the end that was asked for is an EXIT */
    }
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
    uint64_t at[ORDER_VPES] = {0};
    uint64_t hash = hash_caps(d->kernel, at);

    mix(&hash, d->kernel->pool.used);
    for (uint32_t vpe = 0; vpe < d->config.vpes; vpe++) {
        mix(&hash, at[vpe]);
        hash_call(d->kernel, vpe, &hash);
    }
    mix(&hash, hash_history(&d->history));
    return hash;
}

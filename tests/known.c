/* The memory of what has been found good; see known.h. */
#include "tests/known.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "cap/table.h"
#include "object/vpe.h"
#include "syscall/serve.h"

enum { PLACES = 1 << 17 };

struct known {
    uint64_t numbers[PLACES]; /* each at the place of its low bits */
};

struct known *known_new(void)
{
    struct known *known = calloc(1, sizeof *known);

    if (!known)
        abort();
    return known;
}

void known_free(struct known *known)
{
    free(known);
}

bool known_has(const struct known *known, uint64_t number)
{
    return known->numbers[number % PLACES] == number;
}

void known_add(struct known *known, uint64_t number)
{
    known->numbers[number % PLACES] = number;
}

/* Both halves of a product, after Wang Yi's wyhash. */
static uint64_t mix(uint64_t a, uint64_t b)
{
    __extension__ unsigned __int128 product = (unsigned __int128)a * b;

    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static uint64_t word(const uint8_t *at)
{
    uint64_t value;

    memcpy(&value, at, sizeof value);
    return value;
}

/* `size` is a multiple of 16. Two sums, so that one product need not wait for the other. */
static uint64_t add_bytes(uint64_t hash, const void *bytes, size_t size)
{
    const uint8_t *at = bytes, *end = at + size;
    uint64_t other = hash ^ 0x8ebc6af09c88c6e3u;

    for (; end - at >= 32; at += 32) {
        hash = mix(word(at) ^ 0xa0761d6478bd642fu, word(at + 8) ^ hash);
        other = mix(word(at + 16) ^ 0xe7037ed1a0b428dbu, word(at + 24) ^ other);
    }
    if (at < end)
        hash = mix(word(at) ^ 0x589965cc75374cc3u, word(at + 8) ^ hash);
    return mix(hash ^ 0x1d8e4e27c47d124fu, other);
}

/* The four products of a node don't wait for each other; each has a seed of its own. */
static uint64_t of_node(uint64_t seed, const uint8_t *at)
{
    const uint64_t key = 0xa0761d6478bd642fu;

    return mix(word(at) ^ key, word(at + 8) ^ seed) +
           mix(word(at + 16) ^ key, word(at + 24) ^ (seed + 0x3c6ef372)) +
           mix(word(at + 32) ^ key, word(at + 40) ^ (seed + 0x5384540f)) +
           mix(word(at + 48) ^ key, word(at + 56) ^ (seed + 0x1b873593));
}

/* As memcmp() says it, in line. */
static bool is_same(const void *node, const void *other)
{
    uint64_t differs = 0;

    for (size_t at = 0; at < POOL_NODE_SIZE; at += 8)
        differs |= word((const uint8_t *)node + at) ^ word((const uint8_t *)other + at);
    return differs == 0;
}

/* Of a free node only what is next counts, and one that is as it was at the start is left out.
 * Nodes are added up, so that none has to wait for the one before it. */
static uint64_t add_nodes(uint64_t hash, const struct rescind_kernel *k,
                          const struct rescind_kernel *start)
{
    for (uint32_t index = k->pool.first; index < k->pool.high; index++) {
        const struct pool_node *node = pool_node(k, index);
        uint64_t seed = index * 0x9e3779b97f4a7c15u;
        if (node->type != 0 && index < start->pool.high && is_same(node, pool_node(start, index)))
            continue;
        if (node->type != 0)
            hash += of_node(seed, (const uint8_t *)node);
        else
            hash += mix(seed, node->next_free ^ 0xa0761d6478bd642fu);
    }
    return mix(hash, 0x8ebc6af09c88c6e3u);
}

uint64_t known_number(const struct rescind_kernel *k, const struct rescind_kernel *start)
{
    size_t served = (size_t)k->peer_count * TASK_EXCHANGES * sizeof(struct served);
    const uint32_t numbers[] = {k->pool.limit,   k->pool.high, k->pool.free,   pool_left(k),
                                k->pool.starved, k->vpe_count, k->ready,       k->talking,
                                k->vpe_free,     k->serials,   k->visits_lost, k->vpe_ending};
    uint64_t hash = add_bytes(k->pe, numbers, sizeof numbers);

    for (uint32_t i = 0; i < k->vpe_count; i++) {
        const struct vpe *vpe = vpe_at(k, i);
        const uint32_t life[] = {vpe->life, vpe->maker,    vpe->made,    vpe->next,
                                 vpe->refs, vpe->end_code, vpe->account, vpe->quota};
        hash = mix(hash, 0x589965cc75374cc3u + vpe->ended + 2u * vpe->calling +
                             4u * vpe->end_wanted + 8u * vpe->asleep + 16u * vpe->revoked +
                             32u * vpe->ending + 64u * vpe->pager);
        hash = add_bytes(hash, life, sizeof life);
    }
    hash = add_bytes(hash, arena_at(k, ARENA_TABLES), k->vpes - ARENA_TABLES);
    hash = add_bytes(hash, arena_at(k, k->page_bits), (k->buffers - k->page_bits) / 16 * 16);
    hash = add_bytes(hash, arena_at(k, k->peers), k->served + served / 16 * 16 - k->peers);
    return add_nodes(hash, k, start);
}

uint64_t known_pair(uint64_t a, uint64_t b)
{
    return mix(a ^ 0xa0761d6478bd642fu, b ^ 0xe7037ed1a0b428dbu);
}

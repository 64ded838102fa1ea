/* Capability tables: two a VPE (objects and mappings), each from selectors to capabilities.
 *
 * The interface is find, insert, remove; the treap is the kind behind it, and derivation does
 * not care. A table also carries the one record of what is locked in it: only its owner's own
 * call (a REVOKE's range, or everything for EXIT) locks, and a VPE has one call at a time.
 */
#ifndef RESCIND_CAP_TABLE_H
#define RESCIND_CAP_TABLE_H

#include "cap/cap.h"
#include "cap/treap.h"

#define TABLE_END ((uint64_t)1 << 32) /* one past the last selector */

enum { TABLE_RECENT = 8 };

struct table {
    uint32_t root;                 /* of its treap */
    uint32_t count;                /* capabilities in it, reserved ones included */
    uint64_t lock_from, lock_to;   /* selectors that a revocation holds; empty when equal */
    uint32_t lock_waiters;         /* line of tasks that wait for them */
    uint32_t recent[TABLE_RECENT]; /* nodes that were found or put here lately, by selector; one
                                      is believed only if the node itself says it is the one */
};

/* Tables go by number: that of a VPE's table of a kind. */
static inline uint32_t table_of(uint32_t vpe, uint32_t kind)
{
    return vpe * RESCIND_TABLE_KINDS + kind;
}
static inline uint32_t table_vpe(uint32_t table)
{
    return table / RESCIND_TABLE_KINDS;
}
static inline uint32_t table_kind(uint32_t table)
{
    return table % RESCIND_TABLE_KINDS;
}

static inline struct table *table_at(const struct rescind_kernel *k, uint32_t table)
{
    return (struct table *)arena_at(k, k->tables) + table;
}

/* It will be asked for again soon. */
static inline void table_note(struct rescind_kernel *k, uint32_t index)
{
    const struct cap *cap = cap_at(k, index);

    table_at(k, cap->table)->recent[cap->sel % TABLE_RECENT] = index;
}

/* The capability at `sel`, or 0. Expected O(log n); O(1) when it was used lately. */
static inline uint32_t table_find(const struct rescind_kernel *k, uint32_t table, uint32_t sel)
{
    const struct table *t = table_at(k, table);
    uint32_t recent = t->recent[sel % TABLE_RECENT];
    const struct cap *cap = cap_at(k, recent);

    if (recent != 0 && cap->sel == sel && cap->table == table && cap_is_cap(cap))
        return recent;
    return treap_find(k, t->root, sel);
}

/* The capability at `sel`; or 0, and then where one would go. Expected O(log n). */
uint32_t table_find_place(const struct rescind_kernel *k, uint32_t table, uint32_t sel,
                          struct treap_place *place);
/* The first capability at or after `from`, or 0. Expected O(log n). */
uint32_t table_find_from(const struct rescind_kernel *k, uint32_t table, uint64_t from);

/* Puts capability `index`, whose table and sel are set, into its table at the place of its sel;
 * takes it out. */
static inline void table_insert(struct rescind_kernel *k, uint32_t index, struct treap_place place)
{
    struct cap *cap = cap_at(k, index);
    struct table *table = table_at(k, cap->table);

    cap->priority = random_next(&k->random);
    treap_insert(k, &table->root, index, place);
    table->count++;
    table->recent[cap->sel % TABLE_RECENT] = index;
}

static inline void table_remove(struct rescind_kernel *k, uint32_t index)
{
    struct table *table = table_at(k, cap_at(k, index)->table);

    treap_remove(k, &table->root, index);
    table->count--;
}

/* Is the selector in a locked range? O(1). */
static inline bool table_is_locked(const struct rescind_kernel *k, uint32_t table, uint32_t sel)
{
    const struct table *t = table_at(k, table);

    return sel >= t->lock_from && sel < t->lock_to;
}

/* Locks selectors from .. to - 1, of which none is locked; unlocks, making the waiters ready. */
void table_lock(struct rescind_kernel *k, uint32_t table, uint64_t from, uint64_t to);
void table_unlock(struct rescind_kernel *k, uint32_t table);

#endif

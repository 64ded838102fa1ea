/* Capability tables: four a VPE, and the kernel's own, each from selectors to capabilities.
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
    _Alignas(64) uint32_t root;    /* of its treap */
    uint32_t count;                /* capabilities in it, reserved ones included */
    uint32_t lock_from, lock_last; /* selectors that a revocation holds; none when from > last */
    uint16_t lock_waiters;         /* line of tasks that wait for them */
    uint32_t newest;               /* what was put here last, if it is still there: from its */
    uint32_t newest_free;          /* selector to this one there is nothing else */
    uint32_t recent[TABLE_RECENT]; /* nodes that were found here lately, by selector; one is
                                      believed only if the node itself says it is the one */
};
_Static_assert(sizeof(struct table) == 64, "a table is one cache line");

/* A VPE's tables: the two that messages can name, and two of the kernel's own making. */
enum table_kind {
    TABLE_OBJECT = RESCIND_TABLE_OBJECT,
    TABLE_MAP = RESCIND_TABLE_MAP, /* by number of the virtual page */
    TABLE_ENDPOINTS,               /* what is active on it, by endpoint */
    TABLE_SENDERS,                 /* endpoints of VPEs of other kernels that send to it */
    TABLE_KINDS,
};

/* Tables go by number: that of a VPE's table of a kind. Behind the last VPE come the kernel's own:
 * its names of services stand in the one of objects. */
static inline uint32_t table_of(uint32_t vpe, uint32_t kind)
{
    return vpe * TABLE_KINDS + kind;
}
static inline uint32_t table_vpe(uint32_t table)
{
    return table / TABLE_KINDS;
}
static inline uint32_t table_kind(uint32_t table)
{
    return table % TABLE_KINDS;
}
static inline uint32_t table_of_names(const struct rescind_kernel *k)
{
    return table_of(k->vpe_limit, TABLE_OBJECT);
}

static inline struct table *table_at(const struct rescind_kernel *k, uint32_t table)
{
    return (struct table *)arena_at(k, ARENA_TABLES) + table;
}

/* Is the node what `sel` of the table holds, as its number was remembered? */
static inline bool table_holds(const struct rescind_kernel *k, uint32_t table, uint32_t index)
{
    const struct cap *cap = cap_at(k, index);

    return index != 0 && cap->table == table && cap_is_cap(cap);
}

/* The capability at `sel`, or 0. Expected O(log n); O(1) when it was used lately. */
static inline uint32_t table_find(const struct rescind_kernel *k, uint32_t table, uint32_t sel)
{
    const struct table *t = table_at(k, table);
    uint32_t recent = t->recent[sel % TABLE_RECENT];

    if (cap_at(k, recent)->sel == sel && table_holds(k, table, recent))
        return recent;
    if (cap_at(k, t->newest)->sel == sel && table_holds(k, table, t->newest))
        return t->newest;
    return treap_find(k, t->root, sel);
}

/* The same for one that will be asked for again soon. */
static inline uint32_t table_use(struct rescind_kernel *k, uint32_t table, uint32_t sel)
{
    uint32_t index = table_find(k, table, sel);

    table_at(k, table)->recent[sel % TABLE_RECENT] = index;
    return index;
}

/* The capability at `sel`; or 0, and then where one would go. Expected O(log n); O(1) right behind
 * the one that was put there last. */
static inline uint32_t table_find_place(const struct rescind_kernel *k, uint32_t table,
                                        uint32_t sel, struct treap_place *place)
{
    const struct table *t = table_at(k, table);

    if (sel <= t->newest_free && table_holds(k, table, t->newest) &&
        sel > cap_at(k, t->newest)->sel) {
        *place = treap_place_behind(k, t->newest);
        place->free = t->newest_free;
        return 0;
    }
    return treap_find_place(k, t->root, sel, place);
}

/* The first capability at or after `from`, or 0. Expected O(log n). */
uint32_t table_find_from(const struct rescind_kernel *k, uint32_t table, uint64_t from);

/* Puts capability `index`, whose table and sel are set, into its table at the place of its sel;
 * takes it out. */
ALWAYS_INLINE void table_insert(struct rescind_kernel *k, uint32_t index, struct treap_place place)
{
    struct cap *cap = cap_at(k, index);
    struct table *table = table_at(k, cap->table);

    cap->priority = random_next(&k->random);
    treap_insert(k, &table->root, index, place);
    table->count++;
    table->newest = index;
    table->newest_free = place.free;
}

static inline void table_remove(struct rescind_kernel *k, uint32_t index)
{
    struct table *table = table_at(k, cap_at(k, index)->table);

    treap_remove(k, &table->root, index);
    table->count--;
}

/* Is anything locked? Is the selector? O(1). */
static inline bool table_has_lock(const struct table *t)
{
    return t->lock_from <= t->lock_last;
}

static inline bool table_is_locked(const struct rescind_kernel *k, uint32_t table, uint32_t sel)
{
    const struct table *t = table_at(k, table);

    return sel >= t->lock_from && sel <= t->lock_last;
}

/* Is any of selectors from .. last? O(1). */
static inline bool table_locks(const struct rescind_kernel *k, uint32_t table, uint32_t from,
                               uint32_t last)
{
    const struct table *t = table_at(k, table);

    return from <= t->lock_last && last >= t->lock_from && table_has_lock(t);
}

/* An empty one. */
void table_init(struct table *t);

/* Locks selectors from .. to - 1, where none of the table's is locked; unlocks, making the waiters
 * ready. */
static inline void table_lock(struct rescind_kernel *k, uint32_t table, uint64_t from, uint64_t to)
{
    struct table *t = table_at(k, table);

    KERNEL_ASSERT(!table_has_lock(t));
    if (from == to)
        return;
    t->lock_from = (uint32_t)from;
    t->lock_last = (uint32_t)(to - 1);
}

static inline void table_unlock(struct rescind_kernel *k, uint32_t table)
{
    struct table *t = table_at(k, table);

    t->lock_from = UINT32_MAX;
    t->lock_last = 0;
    task_wake(k, &t->lock_waiters);
}

#endif

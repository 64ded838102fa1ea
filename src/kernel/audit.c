/* The audit: the list of invariants and their checks. The machine runs it between two events
 * (rescind/kernel.h). */
#include "rescind/kernel.h"

#include "base/task.h"
#include "cap/table.h"
#include "cap/tree.h"
#include "object/gate.h"
#include "object/mem.h"
#include "object/vpe.h"
#include "syscall/call.h"

/* X(check, sentence). A check returns true, or false with *where at the node or VPE at fault.
 * The checks that others rely on come first: once the links are sound, walking them ends. */
#define INVARIANTS(X)                                                                              \
    X(pool_counts, "every node taken is in use, every other is on the free list once")             \
    X(node_types, "every node in use is a capability or an object of a known type")                \
    X(treap_links, "a capability's treap neighbours are capabilities of its table that link back") \
    X(treap_order, "a treap's selectors ascend from left to right")                                \
    X(treap_heap, "no treap node has a smaller priority than the one above it")                    \
    X(table_counts, "a table counts exactly the capabilities that it holds")                       \
    X(ring_links, "the neighbours of a capability in its parent's ring link back to it")           \
    X(parent_live, "every capability's parent is live, or it is a root")                           \
    X(child_known, "a capability's first child names it as its parent, and every child is in its " \
                   "ring")                                                                         \
    X(root_above, "every capability is below a root")                                              \
    X(derived_alike, "a derived capability has its parent's type and object, and no more rights")  \
    X(object_refs, "an object counts exactly the capabilities that name it")                       \
    X(vpe_alive, "a VPE that has not begun to end holds selectors 0 and 1")                        \
    X(ended_empty, "a VPE that has ended holds nothing and has no call")                           \
    X(marked_below, "every child of a marked capability is marked and counted in")                 \
    X(visited_chain, "marked or entered capabilities were visited, entered ones are marked")       \
    X(effect_whole,                                                                                \
      "of a revocation that has taken effect, all in its range is marked until it is "             \
      "swept")                                                                                     \
    X(reserved_open, "a reserved capability belongs to an EXCHANGE under way and has no children") \
    X(lines_sound, "the lines of tasks link both ways, each task stands in one, of a VPE that "    \
                   "is calling")                                                                   \
    X(call_moves, "every call under way is ready or stands in a line")                             \
    X(locks_owned, "a locked range belongs to its VPE's REVOKE or EXIT under way")                 \
    X(nothing_left, "with no call under way no capability bears a mark, and nothing waits")

struct invariant {
    const char *name;
    const char *sentence;
    bool (*check)(const struct rescind_kernel *k, uint32_t *where);
};

static bool is_cap(const struct rescind_kernel *k, uint32_t index)
{
    return index != 0 && index < k->pool.high && cap_at(k, index)->type != 0 &&
           cap_at(k, index)->type < OBJECT_GATE;
}

static bool is_object(const struct rescind_kernel *k, uint32_t index)
{
    return index != 0 && index < k->pool.high && cap_at(k, index)->type >= OBJECT_GATE;
}

static uint32_t table_total(const struct rescind_kernel *k)
{
    return k->vpe_count * RESCIND_TABLE_KINDS;
}

/* Runs `good` over every capability. */
static bool each_cap(const struct rescind_kernel *k, uint32_t *where,
                     bool (*good)(const struct rescind_kernel *k, uint32_t index,
                                  const struct cap *cap))
{
    for (uint32_t index = 1; index < k->pool.high; index++) {
        if (is_cap(k, index) && !good(k, index, cap_at(k, index))) {
            *where = index;
            return false;
        }
    }
    return true;
}

static bool check_pool_counts(const struct rescind_kernel *k, uint32_t *where)
{
    uint32_t used = 0, free = 0;

    for (uint32_t index = 1; index < k->pool.high; index++)
        used += cap_at(k, index)->type != 0;
    for (uint32_t at = k->pool.free; at != 0 && free < k->pool.high; free++) {
        const struct pool_node *node = pool_node(k, at);
        *where = at;
        if (at >= k->pool.high || node->type != 0)
            return false;
        at = node->next_free;
    }
    *where = 0;
    return used == k->pool.used && k->pool.high <= k->pool.limit && used + free == k->pool.high - 1;
}

static bool check_node_types(const struct rescind_kernel *k, uint32_t *where)
{
    for (uint32_t index = 1; index < k->pool.high; index++) {
        uint8_t type = cap_at(k, index)->type;
        *where = index;
        if (type != 0 && type != RESCIND_CAP_GATE && type != RESCIND_CAP_VPE &&
            type != RESCIND_CAP_MEM && type != OBJECT_GATE && type != OBJECT_MEM)
            return false;
    }
    return true;
}

/* Is `other` (or nothing) rightly the neighbour of a node of this table? */
static bool in_table(const struct rescind_kernel *k, uint32_t other, uint32_t table)
{
    return other == 0 || (is_cap(k, other) && cap_at(k, other)->table == table);
}

static bool treap_links_good(const struct rescind_kernel *k, uint32_t index, const struct cap *cap)
{
    if (cap->table >= table_total(k) || !in_table(k, cap->left, cap->table) ||
        !in_table(k, cap->right, cap->table) || !in_table(k, cap->up, cap->table))
        return false;
    if (cap->left != 0 && cap_at(k, cap->left)->up != index)
        return false;
    if (cap->right != 0 && cap_at(k, cap->right)->up != index)
        return false;
    if (cap->up == 0)
        return table_at(k, cap->table)->root == index;
    return cap_at(k, cap->up)->left == index || cap_at(k, cap->up)->right == index;
}

static bool check_treap_links(const struct rescind_kernel *k, uint32_t *where)
{
    for (uint32_t table = 0; table < table_total(k); table++) {
        uint32_t root = table_at(k, table)->root;
        *where = table_vpe(table);
        if (!in_table(k, root, table) || (root != 0 && cap_at(k, root)->up != 0))
            return false;
    }
    return each_cap(k, where, treap_links_good);
}

/* The leftmost node below `index`, by at most as many steps as there are nodes. */
static uint32_t leftmost(const struct rescind_kernel *k, uint32_t index)
{
    for (uint32_t steps = k->pool.high; steps > 0 && cap_at(k, index)->left != 0; steps--)
        index = cap_at(k, index)->left;
    return index;
}

/* The node behind `index` in the order of the treap. */
static uint32_t treap_after(const struct rescind_kernel *k, uint32_t index)
{
    const struct cap *cap = cap_at(k, index);
    uint32_t up = cap->up;

    if (cap->right != 0)
        return leftmost(k, cap->right);
    for (uint32_t steps = k->pool.high; steps > 0 && up != 0; steps--) {
        if (cap_at(k, up)->left == index)
            return up;
        index = up;
        up = cap_at(k, up)->up;
    }
    return 0;
}

static bool check_treap_order(const struct rescind_kernel *k, uint32_t *where)
{
    for (uint32_t table = 0; table < table_total(k); table++) {
        uint32_t root = table_at(k, table)->root;
        uint32_t at = root != 0 ? leftmost(k, root) : 0;
        for (uint32_t steps = k->pool.high; at != 0; steps--) {
            uint32_t next = treap_after(k, at);
            *where = at;
            if (steps == 0 || (next != 0 && cap_at(k, next)->sel <= cap_at(k, at)->sel))
                return false;
            at = next;
        }
    }
    return true;
}

static bool treap_heap_good(const struct rescind_kernel *k, uint32_t index, const struct cap *cap)
{
    (void)index;
    return cap->up == 0 || cap->priority >= cap_at(k, cap->up)->priority;
}

static bool check_treap_heap(const struct rescind_kernel *k, uint32_t *where)
{
    return each_cap(k, where, treap_heap_good);
}

static bool check_table_counts(const struct rescind_kernel *k, uint32_t *where)
{
    uint32_t in_tables = 0, caps = 0;

    for (uint32_t table = 0; table < table_total(k); table++) {
        uint32_t root = table_at(k, table)->root, count = 0;
        for (uint32_t at = root != 0 ? leftmost(k, root) : 0; at != 0; at = treap_after(k, at))
            count++;
        *where = table_vpe(table);
        if (count != table_at(k, table)->count)
            return false;
        in_tables += count;
    }
    for (uint32_t index = 1; index < k->pool.high; index++)
        caps += is_cap(k, index);
    return in_tables == caps;
}

static bool ring_links_good(const struct rescind_kernel *k, uint32_t index, const struct cap *cap)
{
    if (!is_cap(k, cap->next) || !is_cap(k, cap->prev))
        return false;
    if (cap_at(k, cap->next)->prev != index || cap_at(k, cap->prev)->next != index)
        return false;
    if (cap->parent == 0)
        return cap->next == index;
    return cap_at(k, cap->next)->parent == cap->parent;
}

static bool check_ring_links(const struct rescind_kernel *k, uint32_t *where)
{
    return each_cap(k, where, ring_links_good);
}

static bool parent_live_good(const struct rescind_kernel *k, uint32_t index, const struct cap *cap)
{
    if (cap->parent == 0)
        return true;
    return is_cap(k, cap->parent) && cap->parent != index && cap_at(k, cap->parent)->child != 0;
}

static bool check_parent_live(const struct rescind_kernel *k, uint32_t *where)
{
    return each_cap(k, where, parent_live_good);
}

/* Rings are sound (ring_links). Counting each child as one, and each parent's ring by its
 * length, gives the same number only if every child is in the ring that its parent knows. */
static bool check_child_known(const struct rescind_kernel *k, uint32_t *where)
{
    uint32_t children = 0, in_rings = 0;

    for (uint32_t index = 1; index < k->pool.high; index++) {
        const struct cap *cap = cap_at(k, index);
        if (!is_cap(k, index))
            continue;
        children += cap->parent != 0;
        *where = index;
        if (cap->child == 0)
            continue;
        uint32_t at = cap->child;
        do {
            if (!is_cap(k, at) || cap_at(k, at)->parent != index || in_rings == k->pool.high)
                return false;
            in_rings++;
            at = cap_at(k, at)->next;
        } while (at != cap->child);
    }
    *where = 0;
    return children == in_rings;
}

/* Walking down from the roots meets each capability, once. A ring of parents would be met never. */
static bool check_root_above(const struct rescind_kernel *k, uint32_t *where)
{
    uint32_t caps = 0, met = 0, depth = 0;

    for (uint32_t index = 1; index < k->pool.high; index++) {
        caps += is_cap(k, index);
        if (!is_cap(k, index) || cap_at(k, index)->parent != 0)
            continue;
        for (uint32_t at = index, next = index; next != 0 && met <= k->pool.high; met++) {
            at = next;
            next = tree_next(k, &at, &depth);
        }
    }
    *where = 0;
    return met == caps;
}

static bool derived_alike_good(const struct rescind_kernel *k, uint32_t index,
                               const struct cap *cap)
{
    const struct cap *parent = cap_at(k, cap->parent);

    (void)index;
    if (cap->parent == 0)
        return true;
    return cap->type == parent->type && cap->object == parent->object &&
           (cap->rights & ~parent->rights) == 0;
}

static bool check_derived_alike(const struct rescind_kernel *k, uint32_t *where)
{
    return each_cap(k, where, derived_alike_good);
}

/* Which object node a capability of this type names; 0: none. */
static uint8_t object_type_of(uint8_t cap_type)
{
    return cap_type == RESCIND_CAP_GATE  ? OBJECT_GATE
           : cap_type == RESCIND_CAP_MEM ? OBJECT_MEM
                                         : 0;
}

/* Each capability names an object of its type, roots name objects of their own, and the counts
 * add up: then every single count is right, since derived_alike spreads each object over one tree.
 */
static bool check_object_refs(const struct rescind_kernel *k, uint32_t *where)
{
    uint64_t named = 0, counted = 0;

    for (uint32_t index = 1; index < k->pool.high; index++) {
        const struct cap *cap = cap_at(k, index);
        *where = index;
        if (is_object(k, index)) {
            if (object_at(k, index)->refs == 0)
                return false;
            counted += object_at(k, index)->refs;
        }
        if (!is_cap(k, index))
            continue;
        if (object_type_of(cap->type) == 0) {
            if (cap->object >= k->vpe_count)
                return false;
        } else {
            if (!is_object(k, cap->object) ||
                cap_at(k, cap->object)->type != object_type_of(cap->type))
                return false;
            named++;
        }
    }
    *where = 0;
    return named == counted;
}

static bool is_ending(const struct rescind_kernel *k, uint32_t vpe)
{
    return vpe_at(k, vpe)->calling && call_at(k, vpe)->opcode == RESCIND_SYS_EXIT;
}

static bool check_vpe_alive(const struct rescind_kernel *k, uint32_t *where)
{
    for (uint32_t vpe = 0; vpe < k->vpe_count; vpe++) {
        uint32_t table = table_of(vpe, RESCIND_TABLE_OBJECT);
        *where = vpe;
        if (vpe_at(k, vpe)->ended || is_ending(k, vpe))
            continue;
        if (table_find(k, table, RESCIND_SEL_VPE) == 0 ||
            table_find(k, table, RESCIND_SEL_MEM) == 0)
            return false;
    }
    return true;
}

static bool check_ended_empty(const struct rescind_kernel *k, uint32_t *where)
{
    for (uint32_t vpe = 0; vpe < k->vpe_count; vpe++) {
        *where = vpe;
        if (!vpe_at(k, vpe)->ended)
            continue;
        for (uint32_t kind = 0; kind < RESCIND_TABLE_KINDS; kind++) {
            if (table_at(k, table_of(vpe, kind))->count != 0)
                return false;
        }
        if (vpe_at(k, vpe)->calling || vpe_at(k, vpe)->end_wanted)
            return false;
    }
    return true;
}

static bool marked_below_good(const struct rescind_kernel *k, uint32_t index, const struct cap *cap)
{
    (void)index;
    if (cap->parent == 0 || !(cap_at(k, cap->parent)->flags & CAP_MARKED))
        return true;
    return (cap->flags & (CAP_MARKED | CAP_SEEN)) == (CAP_MARKED | CAP_SEEN);
}

static bool check_marked_below(const struct rescind_kernel *k, uint32_t *where)
{
    return each_cap(k, where, marked_below_good);
}

static bool visited_chain_good(const struct rescind_kernel *k, uint32_t index,
                               const struct cap *cap)
{
    (void)k;
    (void)index;
    if ((cap->flags & (CAP_MARKED | CAP_SEEN)) && !(cap->flags & CAP_VISITED))
        return false;
    return !(cap->flags & CAP_ENTERED) || (cap->flags & CAP_MARKED);
}

static bool check_visited_chain(const struct rescind_kernel *k, uint32_t *where)
{
    return each_cap(k, where, visited_chain_good);
}

/* What a sweep has still before it. */
static bool range_is_marked(const struct rescind_kernel *k, const struct revoke *r, uint32_t *where)
{
    uint64_t from = r->sel;

    for (uint32_t table = r->table; table <= r->last_table; table++, from = r->from) {
        uint32_t at;
        while ((at = table_find_from(k, table, from)) != 0 && cap_at(k, at)->sel < r->to) {
            *where = at;
            if (!(cap_at(k, at)->flags & CAP_MARKED))
                return false;
            from = (uint64_t)cap_at(k, at)->sel + 1;
        }
    }
    return true;
}

static bool check_effect_whole(const struct rescind_kernel *k, uint32_t *where)
{
    for (uint32_t vpe = 0; vpe < k->vpe_count; vpe++) {
        const struct call *call = call_at(k, vpe);
        if (!vpe_at(k, vpe)->calling ||
            (call->opcode != RESCIND_SYS_REVOKE && call->opcode != RESCIND_SYS_EXIT))
            continue;
        if (call->revoke.sweeping && !range_is_marked(k, &call->revoke, where))
            return false;
    }
    return true;
}

static bool reserved_open_good(const struct rescind_kernel *k, uint32_t index,
                               const struct cap *cap)
{
    (void)index;
    if (!(cap->flags & CAP_RESERVED))
        return true;
    if (cap->reserver >= k->vpe_count || !vpe_at(k, cap->reserver)->calling ||
        call_at(k, cap->reserver)->opcode != RESCIND_SYS_EXCHANGE)
        return false;
    return cap_is_there(k, cap) || (cap->child == 0 && cap->flags == CAP_RESERVED);
}

static bool check_reserved_open(const struct rescind_kernel *k, uint32_t *where)
{
    return each_cap(k, where, reserved_open_good);
}

/* The number of tasks in a line; UINT32_MAX where it is not sound. */
static uint32_t line_length(const struct rescind_kernel *k, uint32_t line)
{
    uint32_t length = 0;

    if (line == 0)
        return 0;
    for (uint32_t at = line; length <= k->vpe_count;) {
        if (at == 0 || at > k->vpe_count || !vpe_at(k, at - 1)->calling)
            return UINT32_MAX;
        uint32_t next = task_at(k, at - 1)->next;
        if (next == 0 || next > k->vpe_count || task_at(k, next - 1)->prev != at)
            return UINT32_MAX;
        length++;
        at = next;
        if (at == line)
            return length;
    }
    return UINT32_MAX;
}

/* The tasks in all lines together; UINT32_MAX where one is not sound, with *where at it. */
static uint32_t lines_total(const struct rescind_kernel *k, uint32_t *where)
{
    uint32_t total = line_length(k, k->ready), length;

    *where = 0;
    if (total == UINT32_MAX)
        return total;
    for (uint32_t table = 0; table < table_total(k); table++) {
        length = line_length(k, table_at(k, table)->lock_waiters);
        *where = table_vpe(table);
        if (length == UINT32_MAX)
            return length;
        total += length;
    }
    for (uint32_t index = 1; index < k->pool.high; index++) {
        length = is_cap(k, index) ? line_length(k, cap_at(k, index)->waiters) : 0;
        *where = index;
        if (length == UINT32_MAX)
            return length;
        total += length;
    }
    return total;
}

static bool check_lines_sound(const struct rescind_kernel *k, uint32_t *where)
{
    return lines_total(k, where) != UINT32_MAX;
}

/* A task has one pair of links and is ready to be found in sound lines only: so as many tasks in
 * lines as there are calls means that each call stands in exactly one. */
static bool check_call_moves(const struct rescind_kernel *k, uint32_t *where)
{
    uint32_t calls = 0;

    for (uint32_t vpe = 0; vpe < k->vpe_count; vpe++)
        calls += vpe_at(k, vpe)->calling;
    return lines_total(k, where) == calls;
}

static bool check_locks_owned(const struct rescind_kernel *k, uint32_t *where)
{
    for (uint32_t table = 0; table < table_total(k); table++) {
        const struct table *t = table_at(k, table);
        uint32_t vpe = table_vpe(table), opcode = call_at(k, vpe)->opcode;
        *where = vpe;
        if (t->lock_from == t->lock_to) {
            if (t->lock_waiters != 0)
                return false;
        } else if (t->lock_from > t->lock_to || !vpe_at(k, vpe)->calling ||
                   (opcode != RESCIND_SYS_REVOKE && opcode != RESCIND_SYS_EXIT)) {
            return false;
        }
    }
    return true;
}

static bool nothing_left_good(const struct rescind_kernel *k, uint32_t index, const struct cap *cap)
{
    (void)k;
    (void)index;
    return cap->flags == 0 && cap->waiters == 0;
}

static bool check_nothing_left(const struct rescind_kernel *k, uint32_t *where)
{
    for (uint32_t vpe = 0; vpe < k->vpe_count; vpe++) {
        if (vpe_at(k, vpe)->calling)
            return true;
    }
    return k->ready == 0 && each_cap(k, where, nothing_left_good);
}

static const struct invariant invariants[] = {
#define ROW(name, sentence) {#name, sentence, check_##name},
    INVARIANTS(ROW)
#undef ROW
};
enum { INVARIANT_COUNT = sizeof(invariants) / sizeof(invariants[0]) };

bool rescind_kernel_audit(const struct rescind_kernel *k, struct rescind_finding *finding)
{
    for (unsigned i = 0; i < INVARIANT_COUNT; i++) {
        uint32_t where = 0;
        if (!invariants[i].check(k, &where)) {
            if (finding != NULL)
                *finding =
                    (struct rescind_finding){invariants[i].name, invariants[i].sentence, where};
            return false;
        }
    }
    return true;
}

const char *rescind_kernel_audit_name(unsigned index, const char **sentence)
{
    if (index >= INVARIANT_COUNT)
        return NULL;
    *sentence = invariants[index].sentence;
    return invariants[index].name;
}

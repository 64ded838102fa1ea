/* The audit: the list of invariants and their checks. The machine runs it between two events
 * (rescind/kernel.h). */
#include "rescind/kernel.h"

#include "base/pages.h"
#include "base/task.h"
#include "cap/peer.h"
#include "cap/remote.h"
#include "cap/table.h"
#include "cap/tree.h"
#include "object/endpoint.h"
#include "object/gate.h"
#include "object/irq.h"
#include "object/mem.h"
#include "object/note.h"
#include "object/service.h"
#include "object/visit.h"
#include "object/vpe.h"
#include "syscall/call.h"
#include "syscall/open.h"
#include "syscall/serve.h"

/* X(check, sentence). A check returns true, or false with *where at the node or VPE at fault.
 * The checks that others rely on come first: once the links are sound, walking them ends. */
#define INVARIANTS(X)                                                                              \
    X(pool_counts, "every node taken is in use, every other is on the free list once")             \
    X(node_types, "every node in use is a capability, stub, tomb or object of a known type")       \
    X(treap_links, "a capability's treap neighbours are capabilities of its table that link back") \
    X(treap_order, "a treap's selectors ascend from left to right")                                \
    X(treap_heap, "no treap node has a smaller priority than the one above it")                    \
    X(table_counts, "a table counts exactly the capabilities that it holds")                       \
    X(newest_alone, "there is nothing behind a table's newest capability up to where it says so")  \
    X(ring_links, "the neighbours of a capability in its parent's ring link back to it")           \
    X(parent_live, "every capability's parent is live, or it is a root")                           \
    X(child_known, "a capability's first child names it as its parent, and every child is in its " \
                   "ring")                                                                         \
    X(root_above, "every capability is below a root")                                              \
    X(stubs_sound, "a stub names a child on another kernel, and has a parent and no children")     \
    X(derived_alike, "a derived capability has its parent's type and object, and no more rights, " \
                     "or is of a type that is made from its parent's")                             \
    X(object_refs,                                                                                 \
      "an object counts exactly the capabilities that name it and have no parent here, or "        \
      "are bound")                                                                                 \
    X(pages_owned, "the pages that are taken are exactly those of whole memory, each of one")      \
    X(memory_within, "a part of memory, a mapping and an endpoint lie within what they are of")    \
    X(vpe_alive, "a VPE that is not to end holds selector 0; one of the boot, selector 1, too")    \
    X(ended_empty, "a VPE that has ended holds nothing and has no call")                           \
    X(marked_below, "every child of a marked capability is marked and counted in")                 \
    X(visited_chain, "marked or entered capabilities were visited, entered ones are marked")       \
    X(pending_counts, "a capability's pending are its reserved and its seen, unmarked children, "  \
                      "and the EXCHANGEs that hold it")                                            \
    X(queued_once, "what is queued stands on one stack, on its parent, or in one queue, of a "     \
                   "task that goes on")                                                            \
    X(told_once, "what there is to tell a peer stands in its ring, and the peer in the line")      \
    X(letters_sound, "each slot for letters, and each claim, has one call that has been given it") \
    X(notes_kept, "each note is with what it waits for, or with the peer that it is to be told")   \
    X(effect_whole,                                                                                \
      "of a revocation that has taken effect, all in its range is marked until it is "             \
      "swept")                                                                                     \
    X(reserved_open, "a reserved capability belongs to an EXCHANGE under way and has no children") \
    X(lines_sound, "the lines of tasks link both ways, and hold only tasks that have work to do")  \
    X(call_moves, "every call under way, and all work for peers, is ready or stands in a line")    \
    X(locks_owned, "a locked range belongs to its VPE's REVOKE, EXIT or ACTIVATE under way")       \
    X(names_sound, "what is in the table of names is a name's of this kernel, once, and derived "  \
                   "from its service's capability")                                                \
    X(sessions_sound, "a session is with a service that is there")                                 \
    X(visits_queued, "what waits for room at an endpoint stands in its ring, or in that of those " \
                     "whose endpoint has gone, and the endpoint is full; what waits for a name "   \
                     "to go, in the kernel's, and the first one's name is going")                  \
    X(visits_known, "a question that has been sent and its message name each other, and every "    \
                    "other message has none")                                                      \
    X(visits_asked, "a question has one asker, whose call is under way, if it is not abandoned")   \
    X(nothing_left, "with no call under way no capability bears a mark, and nothing waits")        \
    X(accounts_add, "the nodes taken from an account and those left there are all that it was "    \
                    "given; nothing stays in that of a VPE that has ended")                        \
    X(lives_by_0, "selector 0 of a VPE that is not to end is bound, and names it")                 \
    X(vpe_lists, "those VPE numbers are free that nothing is left of, once each, and no VPE that " \
                 "has lost selector 0 is forgotten")                                               \
    X(sleepers_silent, "a VPE that has not been started has no call but its end")                  \
    X(endpoints_fit,                                                                               \
      "an endpoint stands at a selector for endpoints, and is of the kind that its "               \
      "parent makes")                                                                              \
    X(slots_add,                                                                                   \
      "each slot of a receive endpoint has one node, which waits, is open or is spare, "           \
      "and a bit where it is not spare")                                                           \
    X(senders_lead,                                                                                \
      "a message has come through an endpoint that leads to where it waits, or from "              \
      "a kernel, or is a reply")                                                                   \
    X(listeners_known,                                                                             \
      "who listens to an interrupt line is the one that the kernel has noted for "                 \
      "it, and a message of an interrupt is of one that is there")

struct invariant {
    const char *name;
    const char *sentence;
    bool (*check)(const struct rescind_kernel *k, uint32_t *where);
};

static bool is_cap(const struct rescind_kernel *k, uint32_t index)
{
    return pool_has(k, index) && cap_is_cap(cap_at(k, index));
}

static bool is_stub(const struct rescind_kernel *k, uint32_t index)
{
    return pool_has(k, index) && cap_at(k, index)->type == CAP_STUB;
}

/* In the derivation tree. */
static bool is_derived(const struct rescind_kernel *k, uint32_t index)
{
    return is_cap(k, index) || is_stub(k, index);
}

static bool is_object(const struct rescind_kernel *k, uint32_t index)
{
    return pool_has(k, index) && cap_at(k, index)->type >= OBJECT_GATE &&
           cap_at(k, index)->type != OBJECT_MESSAGE && cap_at(k, index)->type != OBJECT_VISIT &&
           cap_at(k, index)->type != OBJECT_NOTE && cap_at(k, index)->type != OBJECT_CLAIM;
}

/* All VPEs' tables, and that of names behind them: how many, and which one is number `i`. */
static uint32_t table_total(const struct rescind_kernel *k)
{
    return k->vpe_count * TABLE_KINDS + 1;
}

static uint32_t table_number(const struct rescind_kernel *k, uint32_t i)
{
    return i + 1 < table_total(k) ? i : table_of_names(k);
}

typedef bool good_cap(const struct rescind_kernel *k, uint32_t index, const struct cap *cap);

/* Runs `good` over every node that is `wanted`. */
static bool each(const struct rescind_kernel *k, uint32_t *where,
                 bool (*wanted)(const struct rescind_kernel *k, uint32_t index), good_cap *good)
{
    for (uint32_t index = k->pool.first; index < k->pool.high; index++) {
        if (wanted(k, index) && !good(k, index, cap_at(k, index))) {
            *where = index;
            return false;
        }
    }
    return true;
}

static bool each_cap(const struct rescind_kernel *k, uint32_t *where, good_cap *good)
{
    return each(k, where, is_cap, good);
}

static bool check_pool_counts(const struct rescind_kernel *k, uint32_t *where)
{
    uint32_t used = 0, free = 0;

    for (uint32_t index = k->pool.first; index < k->pool.high; index++)
        used += cap_at(k, index)->type != 0;
    for (uint32_t at = k->pool.free; at != 0 && free < k->pool.high; free++) {
        const struct pool_node *node = pool_node(k, at);
        *where = at;
        if (!pool_has(k, at) || node->type != 0)
            return false;
        at = node->next_free;
    }
    *where = 0;
    return used == pool_used(k) && k->pool.high <= k->pool.limit &&
           used + free == k->pool.high - k->pool.first;
}

static bool check_node_types(const struct rescind_kernel *k, uint32_t *where)
{
    for (uint32_t index = k->pool.first; index < k->pool.high; index++) {
        uint8_t type = cap_at(k, index)->type;
        *where = index;
        if (type != 0 && cap_type(type) == NULL && type != CAP_PLACE && type != CAP_STUB &&
            type != CAP_TOMB && (type < OBJECT_GATE || type >= OBJECT_NODE_END))
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
    if ((cap->table >= table_total(k) - 1 && cap->table != table_of_names(k)) ||
        !in_table(k, cap->left, cap->table) || !in_table(k, cap->right, cap->table) ||
        !in_table(k, cap->up, cap->table))
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
    for (uint32_t i = 0; i < table_total(k); i++) {
        uint32_t table = table_number(k, i);
        uint32_t root = table_at(k, table)->root;
        *where = table_vpe(table);
        if (!in_table(k, root, table) || (root != 0 && cap_at(k, root)->up != 0))
            return false;
    }
    return each_cap(k, where, treap_links_good);
}

/* The leftmost node below `index`. That walks up and down the treap end is due to treap_links. */
static uint32_t leftmost(const struct rescind_kernel *k, uint32_t index)
{
    while (cap_at(k, index)->left != 0)
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
    while (up != 0 && cap_at(k, up)->left != index) {
        index = up;
        up = cap_at(k, up)->up;
    }
    return up;
}

static bool check_treap_order(const struct rescind_kernel *k, uint32_t *where)
{
    for (uint32_t i = 0; i < table_total(k); i++) {
        uint32_t table = table_number(k, i);
        uint32_t root = table_at(k, table)->root;
        uint32_t at = root != 0 ? leftmost(k, root) : 0;
        while (at != 0) {
            uint32_t next = treap_after(k, at);
            *where = at;
            if (next != 0 && cap_at(k, next)->sel <= cap_at(k, at)->sel)
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

    for (uint32_t i = 0; i < table_total(k); i++) {
        uint32_t table = table_number(k, i);
        uint32_t root = table_at(k, table)->root, count = 0;
        for (uint32_t at = root != 0 ? leftmost(k, root) : 0; at != 0; at = treap_after(k, at))
            count++;
        *where = table_vpe(table);
        if (count != table_at(k, table)->count)
            return false;
        in_tables += count;
    }
    for (uint32_t index = k->pool.first; index < k->pool.high; index++)
        caps += is_cap(k, index);
    return in_tables == caps;
}

/* Are the nodes that a table remembers nodes at all? Only then can they be asked what they are. */
static bool remembers_nodes(const struct rescind_kernel *k, const struct table *t)
{
    if (t->newest != 0 && !pool_has(k, t->newest))
        return false;
    for (uint32_t i = 0; i < TABLE_RECENT; i++) {
        if (t->recent[i] != 0 && !pool_has(k, t->recent[i]))
            return false;
    }
    return true;
}

static bool check_newest_alone(const struct rescind_kernel *k, uint32_t *where)
{
    for (uint32_t i = 0; i < table_total(k); i++) {
        uint32_t table = table_number(k, i);
        const struct table *t = table_at(k, table);
        uint32_t next;
        *where = table_vpe(table);
        if (!remembers_nodes(k, t))
            return false;
        if (!is_cap(k, t->newest) || cap_at(k, t->newest)->table != table)
            continue; /* it is gone, and what is remembered of it is not believed */
        next = treap_after(k, t->newest);
        if (next != 0 && cap_at(k, next)->sel <= t->newest_free)
            return false;
    }
    return true;
}

static bool ring_links_good(const struct rescind_kernel *k, uint32_t index, const struct cap *cap)
{
    if (cap->flags & CAP_REMOTE)
        return (cap->flags & CAP_TELLING) || (cap->next == index && cap->prev == index);
    if (!is_derived(k, cap->next) || !is_derived(k, cap->prev))
        return false;
    if (cap_at(k, cap->next)->prev != index || cap_at(k, cap->prev)->next != index)
        return false;
    if (cap->parent == 0)
        return cap->next == index;
    return cap_at(k, cap->next)->parent == cap->parent;
}

static bool check_ring_links(const struct rescind_kernel *k, uint32_t *where)
{
    return each(k, where, is_derived, ring_links_good);
}

static bool parent_live_good(const struct rescind_kernel *k, uint32_t index, const struct cap *cap)
{
    if (cap_parent(cap) == 0)
        return true;
    return is_cap(k, cap->parent) && cap->parent != index && cap_at(k, cap->parent)->child != 0;
}

static bool check_parent_live(const struct rescind_kernel *k, uint32_t *where)
{
    return each(k, where, is_derived, parent_live_good);
}

/* Rings are sound (ring_links). Counting each child as one, and each parent's ring by its
 * length, gives the same number only if every child is in the ring that its parent knows. */
static bool check_child_known(const struct rescind_kernel *k, uint32_t *where)
{
    uint32_t children = 0, in_rings = 0;

    for (uint32_t index = k->pool.first; index < k->pool.high; index++) {
        const struct cap *cap = cap_at(k, index);
        if (!is_derived(k, index))
            continue;
        children += cap_parent(cap) != 0;
        *where = index;
        if (cap->child == 0)
            continue;
        uint32_t at = cap->child;
        do {
            if (!is_derived(k, at) || cap_parent(cap_at(k, at)) != index)
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

    for (uint32_t index = k->pool.first; index < k->pool.high; index++) {
        caps += is_derived(k, index);
        if (!is_derived(k, index) || cap_parent(cap_at(k, index)) != 0)
            continue;
        for (uint32_t at = index, next = index; next != 0; met++) {
            at = next;
            next = tree_next(k, &at, &depth);
        }
    }
    *where = 0;
    return met == caps;
}

/* What has an object of its own descends from what it was made of. */
static bool bound_good(const struct rescind_kernel *k, const struct cap *cap,
                       const struct cap *parent)
{
    switch (cap->type) {
    case RESCIND_CAP_MEM:
        return parent->type == RESCIND_CAP_MEM && (cap->rights & ~parent->rights) == 0;
    case CAP_ENDPOINT:
        return parent->type == RESCIND_CAP_GATE || parent->type == RESCIND_CAP_MEM;
    case RESCIND_CAP_SESSION:
        return parent->type == RESCIND_CAP_SERVICE;
    case RESCIND_CAP_SERVICE:
        return parent->type == RESCIND_CAP_GATE;
    case CAP_LISTENER:
        return parent->type == RESCIND_CAP_IRQ && parent->home == k->pe &&
               pool_has(k, cap->object) && listener_at(k, cap->object)->line == parent->object;
    default:
        return false;
    }
}

static bool derived_alike_good(const struct rescind_kernel *k, uint32_t index,
                               const struct cap *cap)
{
    const struct cap *parent = cap_at(k, cap_parent(cap));

    (void)index;
    if (cap_parent(cap) == 0)
        return true;
    if ((cap->flags & CAP_BOUND) && cap->type != RESCIND_CAP_VPE && cap->type != RESCIND_CAP_MAP)
        return bound_good(k, cap, parent);
    if (cap->type == RESCIND_CAP_MAP && parent->type == RESCIND_CAP_MEM)
        return (cap->rights & ~parent->rights) == 0;
    return cap->type == parent->type && cap->home == parent->home &&
           cap->object == parent->object && (cap->rights & ~parent->rights) == 0;
}

/* A child elsewhere is of its parent's type, but for a sender's. */
static bool stub_type_good(uint32_t parent, uint32_t child)
{
    return child == parent || (parent == CAP_ENDPOINT && child == CAP_SENDER) ||
           (parent == RESCIND_CAP_SERVICE && child == RESCIND_CAP_SESSION);
}

static bool stubs_sound_good(const struct rescind_kernel *k, uint32_t index, const struct cap *cap)
{
    (void)index;
    return cap->peer != k->pe && cap->peer < k->peer_count && cap->parent != 0 &&
           !(cap->flags & CAP_REMOTE) && RESCIND_KEY_PE(remote_key(cap)) == cap->peer &&
           stub_type_good(cap_at(k, cap->parent)->type, RESCIND_KEY_TYPE(remote_key(cap))) &&
           cap->child == 0 && (cap->flags & CAP_AWAY);
}

static bool check_stubs_sound(const struct rescind_kernel *k, uint32_t *where)
{
    return each(k, where, is_stub, stubs_sound_good);
}

static bool check_derived_alike(const struct rescind_kernel *k, uint32_t *where)
{
    return each_cap(k, where, derived_alike_good);
}

/* Which object node a capability of this type names; 0: none. */
static uint8_t object_type_of(uint8_t cap_type)
{
    return cap_types[cap_type]->node;
}

/* Each capability names an object of its type, roots name objects of their own, and the counts
 * add up: then every single count is right, since derived_alike spreads each object over one tree.
 */
static bool counts(const struct cap *cap)
{
    return cap_parent(cap) == 0 || (cap->flags & CAP_BOUND);
}

static bool check_object_refs(const struct rescind_kernel *k, uint32_t *where)
{
    uint64_t named = 0, counted = 0;

    for (uint32_t index = k->pool.first; index < k->pool.high; index++) {
        const struct cap *cap = cap_at(k, index);
        *where = index;
        if (is_object(k, index)) {
            if (object_at(k, index)->refs == 0)
                return false;
            counted += object_at(k, index)->refs;
        }
        if (is_stub(k, index) && (cap->flags & CAP_BOUND)) {
            if (!is_object(k, cap->object) || cap_at(k, cap->object)->type != OBJECT_SESSION)
                return false;
            named++;
        }
        if (!is_cap(k, index))
            continue;
        if (cap->home != k->pe || cap->type == CAP_PLACE)
            continue; /* another kernel's, or none yet */
        if (object_type_of(cap->type) == 0) {
            if (!cap_types[cap->type]->exists(k, cap->object))
                return false;
            named += cap_types[cap->type]->refs != NULL && counts(cap);
        } else {
            if (!is_object(k, cap->object) ||
                cap_at(k, cap->object)->type != object_type_of(cap->type))
                return false;
            named += counts(cap);
        }
    }
    for (uint32_t vpe = 0; vpe < k->vpe_count; vpe++)
        counted += vpe_at(k, vpe)->refs;
    *where = 0;
    return named == counted;
}

static bool is_ending(const struct rescind_kernel *k, uint32_t vpe)
{
    return vpe_at(k, vpe)->calling && call_at(k, vpe)->opcode == RESCIND_SYS_EXIT;
}

static bool is_to_end(const struct rescind_kernel *k, uint32_t vpe)
{
    return vpe_at(k, vpe)->ended || vpe_at(k, vpe)->end_wanted || is_ending(k, vpe);
}

static bool check_vpe_alive(const struct rescind_kernel *k, uint32_t *where)
{
    for (uint32_t vpe = 0; vpe < k->vpe_count; vpe++) {
        uint32_t table = table_of(vpe, RESCIND_TABLE_OBJECT);
        *where = vpe;
        if (is_to_end(k, vpe))
            continue;
        if (table_find(k, table, RESCIND_SEL_VPE) == 0)
            return false;
        /* Who has made a VPE may take its memory away. */
        if (vpe_at(k, vpe)->boot && table_find(k, table, RESCIND_SEL_MEM) == 0)
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
        for (uint32_t kind = 0; kind < TABLE_KINDS; kind++) {
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
    if (cap_parent(cap) == 0 || !(cap_at(k, cap->parent)->flags & CAP_MARKED))
        return true;
    return (cap->flags & (CAP_MARKED | CAP_SEEN)) == (CAP_MARKED | CAP_SEEN);
}

static bool check_marked_below(const struct rescind_kernel *k, uint32_t *where)
{
    return each(k, where, is_derived, marked_below_good);
}

static bool visited_chain_good(const struct rescind_kernel *k, uint32_t index,
                               const struct cap *cap)
{
    (void)k;
    (void)index;
    /* A reserved one is SEEN before it is there to be VISITED. */
    if ((cap->flags & (CAP_MARKED | CAP_SEEN)) && !(cap->flags & (CAP_VISITED | CAP_RESERVED)))
        return false;
    if ((cap->flags & CAP_KEEP) && !(cap->flags & CAP_ENTERED))
        return false;
    return !(cap->flags & (CAP_ENTERED | CAP_PASSED)) || (cap->flags & CAP_MARKED);
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
        if (table >= table_of(k->vpe_count, 0))
            return false;
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
        const struct revoke *r = call_revoke(call_at(k, vpe));
        if (!vpe_at(k, vpe)->calling || r == NULL)
            continue;
        if ((r->phase == REVOKE_SWEEP || (r->phase == REVOKE_AWAIT_SWEPT && r->own)) &&
            !range_is_marked(k, r, where))
            return false;
    }
    return true;
}

/* Has the call of `vpe` put something there that is RESERVED? */
static bool is_reserving(const struct rescind_kernel *k, uint32_t vpe)
{
    struct call *call = call_at(k, vpe);

    return vpe_at(k, vpe)->calling &&
           (call_exchange(call) != NULL || call->opcode == RESCIND_SYS_REQMEM ||
            call->opcode == RESCIND_SYS_CREATEMAP || call->letter.stub != 0 ||
            (call->opcode == RESCIND_SYS_ACTIVATE && call_revoke(call) != NULL));
}

/* Is the task that of an EXCHANGE, or the like, under way? */
static bool is_exchanging(const struct rescind_kernel *k, uint32_t number)
{
    struct rescind_kernel_task task;

    if (number >= task_count(k))
        return false;
    task = rescind_kernel_task(k, number);
    if (task.kind == RESCIND_TASK_CALL)
        return is_reserving(k, number);
    return task.kind == RESCIND_TASK_EXCHANGE &&
           served_at(k, task.number, task.slot)->state != SERVE_IDLE &&
           served_at(k, task.number, task.slot)->state != SERVE_BLOCKED;
}

static bool reserved_open_good(const struct rescind_kernel *k, uint32_t index,
                               const struct cap *cap)
{
    (void)index;
    if (cap->type == CAP_PLACE && !(cap->flags & CAP_RESERVED))
        return false;
    if (!(cap->flags & CAP_RESERVED))
        return true;
    if (!is_exchanging(k, cap->reserver))
        return false;
    return cap->type == CAP_STUB || cap_is_there(k, cap) ||
           (cap->child == 0 && (cap->flags & ~(unsigned)(CAP_REMOTE | CAP_SEEN | CAP_AWAITED |
                                                         CAP_BOUND)) == CAP_RESERVED);
}

static bool check_reserved_open(const struct rescind_kernel *k, uint32_t *where)
{
    return each(k, where, is_derived, reserved_open_good);
}

/* Is there something for the task to do, or to wait for? */
static bool is_busy(const struct rescind_kernel *k, uint32_t number)
{
    struct rescind_kernel_task task = rescind_kernel_task(k, number);
    const struct served *served;

    switch (task.kind) {
    case RESCIND_TASK_CALL:
        return number < k->vpe_count && vpe_at(k, number)->calling;
    case RESCIND_TASK_MARKS:
        return task_at(k, number)->stack != 0 || peer_at(k, task.number)->first != 0 ||
               (task.number == k->pe && (k->visits_lost | k->vpe_watched) != 0);
    default:
        served = served_at(k, task.number, task.slot);
        return served->state == SERVE_SETTLE || served->state == SERVE_UNDO ||
               served->state == SERVE_BLOCKED;
    }
}

/* The number of tasks in a line; UINT32_MAX where it is not sound. */
static uint32_t line_length(const struct rescind_kernel *k, uint16_t line)
{
    uint32_t length = 0, at = line;

    if (line == 0)
        return 0;
    do { /* as each links back to the one before, it comes round to where it began */
        if (at > task_count(k) || !is_busy(k, at - 1))
            return UINT32_MAX;
        uint32_t next = task_at(k, at - 1)->next;
        if (next == 0 || next > task_count(k) || task_at(k, next - 1)->prev != at)
            return UINT32_MAX;
        length++;
        at = next;
    } while (at != line);
    return length;
}

static bool add_line(const struct rescind_kernel *k, uint16_t line, uint32_t *total)
{
    uint32_t length = line_length(k, line);

    if (length != UINT32_MAX)
        *total += length;
    return length != UINT32_MAX;
}

/* The tasks in all lines together; UINT32_MAX where one is not sound, with *where at it. */
static uint32_t lines_total(const struct rescind_kernel *k, uint32_t *where)
{
    uint32_t total = 0;

    *where = 0;
    if (!add_line(k, k->ready, &total))
        return UINT32_MAX;
    for (uint32_t pe = 0; pe < k->peer_count; pe++) {
        const struct peer *peer = peer_at(k, pe);
        *where = pe;
        if (!add_line(k, peer->slot_waiters, &total))
            return UINT32_MAX;
        for (uint32_t slot = 0; slot < TASK_EXCHANGES; slot++) {
            if (!add_line(k, peer->asker_line[slot], &total))
                return UINT32_MAX;
        }
        if (!add_line(k, peer->letter_waiters, &total) || !add_line(k, peer->note_waiters, &total))
            return UINT32_MAX;
        for (uint32_t slot = 0; slot < RESCIND_PEER_LETTERS; slot++) {
            if (!add_line(k, peer->letter_line[slot], &total))
                return UINT32_MAX;
        }
    }
    for (uint32_t i = 0; i < table_total(k); i++) {
        uint32_t table = table_number(k, i);
        *where = table_vpe(table);
        if (!add_line(k, table_at(k, table)->lock_waiters, &total))
            return UINT32_MAX;
    }
    for (uint32_t index = k->pool.first; index < k->pool.high; index++) {
        *where = index;
        const struct cap *cap = cap_at(k, index);
        if (is_cap(k, index) && cap->waiters != 0 &&
            (!(cap->flags & CAP_AWAITED) || !add_line(k, cap->waiters, &total)))
            return UINT32_MAX;
        if (cap->type == OBJECT_ENDPOINT && endpoint_at(k, index)->kind == ENDPOINT_RECEIVE &&
            !add_line(k, endpoint_at(k, index)->waiters, &total))
            return UINT32_MAX;
        if (cap->type == OBJECT_VISIT && visit_at(k, index)->pe == k->pe &&
            !add_line(k, visit_at(k, index)->waiters, &total))
            return UINT32_MAX;
    }
    for (uint32_t vpe = 0; vpe < k->vpe_count; vpe++) {
        *where = vpe;
        if (!add_line(k, vpe_at(k, vpe)->waiters, &total))
            return UINT32_MAX;
    }
    return total;
}

static bool check_lines_sound(const struct rescind_kernel *k, uint32_t *where)
{
    return lines_total(k, where) != UINT32_MAX;
}

/* A task has one pair of links and is ready to be found in sound lines only: so as many tasks in
 * lines as have something to do means that each of those stands in exactly one. */
static bool check_call_moves(const struct rescind_kernel *k, uint32_t *where)
{
    uint32_t busy = 0;

    for (uint32_t task = 0; task < task_count(k); task++)
        busy += is_busy(k, task);
    return lines_total(k, where) == busy;
}

/* ---- Revocation under way ------------------------------------------------------------------- */

/* The capability that the call of `vpe` holds; 0: none. */
static uint32_t pin_of(const struct rescind_kernel *k, uint32_t vpe)
{
    const struct exchange *x = call_exchange(call_at(k, vpe));

    if (!vpe_at(k, vpe)->calling || x == NULL || x->across == ACROSS_NONE ||
        x->across == ACROSS_BLOCKED)
        return 0;
    return x->pin;
}

/* And the one that its letter holds. */
static uint32_t letter_pin(const struct rescind_kernel *k, uint32_t vpe)
{
    const struct letter *l = &call_at(k, vpe)->letter;

    return letter_is_out(l) ? l->pin : 0;
}

/* Does the parent count it as pending? What stands on it on a stack it need not. */
static bool is_counted(const struct cap *child)
{
    if (child->flags & CAP_RESERVED)
        return true;
    return (child->flags & (CAP_SEEN | CAP_MARKED | CAP_STACKED)) == CAP_SEEN;
}

static bool check_pending_counts(const struct rescind_kernel *k, uint32_t *where)
{
    uint64_t pending = 0, reasons = 0;

    for (uint32_t index = k->pool.first; index < k->pool.high; index++) {
        const struct cap *cap = cap_at(k, index);
        *where = index;
        if (is_cap(k, index)) {
            uint32_t at = cap->child, own = 0;
            pending += cap->pending;
            if (at == 0)
                continue;
            do {
                const struct cap *child = cap_at(k, at);
                own += is_counted(child);
                at = child->next;
            } while (at != cap->child);
            if (own > cap->pending)
                return false;
            reasons += own;
        }
    }
    *where = 0;
    for (uint32_t vpe = 0; vpe < k->vpe_count; vpe++) {
        uint32_t pin = pin_of(k, vpe);
        uint32_t letter = letter_pin(k, vpe);
        if ((pin != 0 && (!is_cap(k, pin) || cap_at(k, pin)->pending == 0)) ||
            (letter != 0 && (!is_cap(k, letter) || cap_at(k, letter)->pending == 0)))
            return false;
        reasons += (uint64_t)((pin != 0) + (letter != 0) +
                              (pin != 0 && call_exchange(call_at(k, vpe))->agreed));
    }
    return pending == reasons;
}

/* Counts a stack or queue of which each is QUEUED; false: it is not sound. */
static bool count_queue(const struct rescind_kernel *k, uint32_t first, uint32_t last,
                        uint32_t *total)
{
    uint32_t at = first, end = 0;

    for (; at != 0; at = cap_at(k, at)->work, ++*total) {
        if (!is_cap(k, at) || !(cap_at(k, at)->flags & CAP_QUEUED) || *total > k->pool.high)
            return false;
        end = at;
    }
    return last == end;
}

static bool check_queued_once(const struct rescind_kernel *k, uint32_t *where)
{
    uint32_t queued = 0, total = 0;

    for (uint32_t task = 0; task < task_of_exchange(k, 0, 0); task++) {
        uint32_t stack = task_at(k, task)->stack;
        *where = task;
        if (stack == 0)
            continue;
        if (!is_cap(k, stack) || !task_waits(k, task))
            return false;
        for (uint32_t at = stack; at != 0; at = cap_at(k, at)->work, total++) {
            const struct cap *cap = cap_at(k, at);
            if (!is_cap(k, at) || total > k->pool.high ||
                !(cap->flags & (cap->work != 0 ? CAP_STACKED : CAP_QUEUED)) ||
                (cap->work != 0 && cap->work != cap_parent(cap)))
                return false;
        }
    }
    for (uint32_t pe = 0; pe < k->peer_count; pe++) {
        *where = pe;
        if (!count_queue(k, peer_at(k, pe)->first, peer_at(k, pe)->last, &total))
            return false;
    }
    for (uint32_t index = k->pool.first; index < k->pool.high; index++)
        queued += is_cap(k, index) && (cap_at(k, index)->flags & (CAP_QUEUED | CAP_STACKED)) != 0;
    *where = 0;
    return queued == total;
}

/* Walks a ring of what is to be told. */
static bool count_ring(const struct rescind_kernel *k, uint32_t pe, uint32_t first, bool down,
                       uint32_t *total)
{
    uint32_t at = first;

    if (first == 0)
        return true;
    do {
        const struct cap *cap = cap_at(k, at);
        if (!pool_has(k, at) || !(cap->flags & CAP_TELLING) || cap->peer != pe ||
            (cap->type == CAP_STUB) != down || ++*total > k->pool.high)
            return false;
        at = down ? cap->tell_next : cap->next;
    } while (at != first);
    return true;
}

static bool check_told_once(const struct rescind_kernel *k, uint32_t *where)
{
    uint32_t telling = 0, total = 0, talking = 0, line = 0;

    for (uint32_t pe = 0; pe < k->peer_count; pe++) {
        const struct peer *peer = peer_at(k, pe);
        bool any = peer_has_records(peer) || peer_has_letters(peer);
        *where = pe;
        if (!count_ring(k, pe, peer->up, false, &total) ||
            !count_ring(k, pe, peer->down, true, &total) || any != (peer->next != 0))
            return false;
        talking += any;
    }
    for (int32_t pe = rescind_kernel_tell_first(k); pe >= 0 && line <= talking; line++) {
        uint32_t next = (uint32_t)pe < k->peer_count ? peer_at(k, (uint32_t)pe)->next : 0;
        if (next == 0 || next > k->peer_count || peer_at(k, next - 1)->prev != (uint32_t)pe + 1)
            return false;
        pe = rescind_kernel_tell_after(k, (uint32_t)pe);
    }
    for (uint32_t index = k->pool.first; index < k->pool.high; index++) {
        const struct cap *cap = cap_at(k, index);
        if (is_derived(k, index) || cap->type == CAP_TOMB)
            telling += (cap->flags & CAP_TELLING) != 0;
        if (cap->type == CAP_TOMB && !(cap->flags & CAP_TELLING))
            return false;
    }
    *where = 0;
    return telling == total && line == talking;
}

/* Is the slot that a letter says it has its own? */
static bool has_slot(const struct rescind_kernel *k, uint32_t vpe, const struct letter *l)
{
    const struct peer *peer = peer_at(k, l->peer);

    return l->peer < k->peer_count && l->slot < RESCIND_PEER_LETTERS &&
           (peer->letters_taken & 1u << l->slot) && peer->letter_askers[l->slot] == vpe &&
           (l->state == LETTER_ASKED || !(peer->letters & 1u << l->slot)) &&
           (peer->letter_line[l->slot] != 0) == (l->state == LETTER_ASKED);
}

static bool check_letters_sound(const struct rescind_kernel *k, uint32_t *where)
{
    uint32_t taken = 0, having = 0, claims = 0;

    for (uint32_t vpe = 0; vpe < k->vpe_count; vpe++) {
        const struct letter *l = &call_at(k, vpe)->letter;
        *where = vpe;
        if (l->state == LETTER_NONE)
            continue;
        if (!vpe_at(k, vpe)->calling)
            return false;
        claims += letter_is_out(l) && l->claim != 0;
        if (l->state != LETTER_GRANTED && l->state != LETTER_ASKED)
            continue;
        if (!has_slot(k, vpe, l))
            return false;
        having++;
    }
    for (uint32_t pe = 0; pe < k->peer_count; pe++) {
        const struct peer *peer = peer_at(k, pe);
        *where = pe;
        if (peer->letters & ~peer->letters_taken)
            return false;
        for (uint32_t slot = 0; slot < RESCIND_PEER_LETTERS; slot++)
            taken += (peer->letters_taken & 1u << slot) != 0;
    }
    for (uint32_t index = k->pool.first; index < k->pool.high; index++)
        claims -= cap_at(k, index)->type == OBJECT_CLAIM && !claim_at(k, index)->alone;
    return taken == having && claims == 0;
}

/* The nodes of a note. */
static uint32_t note_nodes(const struct rescind_kernel *k, uint32_t index)
{
    if (!pool_has(k, index) || note_at(k, index)->object.type != OBJECT_NOTE)
        return k->pool.high; /* too many */
    return note_at(k, index)->more != 0 ? 2 : 1;
}

/* Of those in a list. */
static uint32_t count_notes(const struct rescind_kernel *k, uint32_t first)
{
    uint32_t count = 0;

    for (uint32_t at = first; at != 0; at = note_at(k, at)->next) {
        count += note_nodes(k, at);
        if (count >= k->pool.high)
            return count;
    }
    return count;
}

/* The list of those of a kernel's VPEs that wait for a VPE's end: all of them, and no others. */
static bool watching_is_good(const struct rescind_kernel *k, uint32_t pe, uint32_t *watching)
{
    uint32_t prev = 0, count = 0;

    for (uint32_t at = peer_at(k, pe)->watching; at != 0; at = note_at(k, at)->next_asker) {
        if (note_nodes(k, at) != 1 || note_at(k, at)->pe != pe ||
            note_at(k, at)->prev_asker != prev || note_at(k, at)->watched >= k->vpe_count ||
            ++count > k->pool.high)
            return false;
        prev = at;
    }
    *watching += count;
    return true;
}

static bool check_notes_kept(const struct rescind_kernel *k, uint32_t *where)
{
    uint32_t notes = 0, kept = 0, watched = 0, watchers = 0, watching = 0;

    for (uint32_t index = k->pool.first; index < k->pool.high; index++) {
        notes += cap_at(k, index)->type == OBJECT_NOTE;
        if (cap_at(k, index)->type == OBJECT_VISIT && visit_at(k, index)->pe != k->pe)
            kept += note_nodes(k, visit_at(k, index)->note);
    }
    for (uint32_t pe = 0; pe < k->peer_count; pe++) {
        kept += count_notes(k, peer_at(k, pe)->notes);
        if (!watching_is_good(k, pe, &watching))
            return false;
    }
    for (uint32_t vpe = 0; vpe < k->vpe_count; vpe++)
        watchers += count_notes(k, vpe_at(k, vpe)->watchers);
    kept += watchers;
    for (uint32_t at = k->vpe_watched; at != 0; at = vpe_at(k, at - 1)->next) {
        *where = at - 1;
        if (at > k->vpe_count || !vpe_at(k, at - 1)->ended || vpe_at(k, at - 1)->watchers == 0 ||
            ++watched > k->vpe_count)
            return false;
    }
    *where = 0;
    return notes == kept && watchers == watching;
}

static bool check_locks_owned(const struct rescind_kernel *k, uint32_t *where)
{
    for (uint32_t i = 0; i < table_total(k); i++) {
        uint32_t table = table_number(k, i);
        const struct table *t = table_at(k, table);
        uint32_t vpe = table_vpe(table);
        *where = vpe;
        if (!table_has_lock(t)) {
            if (t->lock_waiters != 0)
                return false;
        } else if (vpe >= k->vpe_count || !vpe_at(k, vpe)->calling ||
                   call_revoke(call_at(k, vpe)) == NULL) {
            return false;
        }
    }
    return true;
}

/* ---- Services ------------------------------------------------------------------------------ */

static bool names_sound_good(const struct rescind_kernel *k, uint32_t index, const struct cap *cap)
{
    if (cap->table != table_of_names(k))
        return true;
    return cap->type == RESCIND_CAP_SERVICE && cap->home == k->pe && cap_parent(cap) != 0 &&
           (cap_at(k, cap->parent)->flags & CAP_BOUND) &&
           service_find(k, service_at(k, cap->object)->name).entry == index;
}

static bool check_names_sound(const struct rescind_kernel *k, uint32_t *where)
{
    return each_cap(k, where, names_sound_good);
}

static bool check_sessions_sound(const struct rescind_kernel *k, uint32_t *where)
{
    for (uint32_t index = k->pool.first; index < k->pool.high; index++) {
        *where = index;
        if (cap_at(k, index)->type != OBJECT_SESSION)
            continue;
        uint32_t service = session_at(k, index)->service;
        if (!pool_has(k, service) || cap_at(k, service)->type != OBJECT_SERVICE)
            return false;
    }
    return true;
}

static bool is_visit(const struct rescind_kernel *k, uint32_t index)
{
    return pool_has(k, index) && cap_at(k, index)->type == OBJECT_VISIT;
}

/* Counts a ring of those that wait, in states `from` .. `to`. */
static bool count_visits(const struct rescind_kernel *k, uint32_t first, enum visit_state from,
                         enum visit_state to, uint32_t *total)
{
    uint32_t at = first;

    if (first == 0)
        return true;
    do {
        if (!is_visit(k, at) || visit_at(k, at)->state < from || visit_at(k, at)->state > to ||
            ++*total > k->pool.high || !is_visit(k, visit_at(k, at)->next) ||
            visit_at(k, visit_at(k, at)->next)->prev != at)
            return false;
        at = visit_at(k, at)->next;
    } while (at != first);
    return true;
}

/* Of a ring whose links are good: all ask for another kernel's VPE whether a session can be opened.
 * Behind an event the first one waits for a name that is going; where it does not, it is lost. */
static bool held_is_good(const struct rescind_kernel *k)
{
    uint32_t at = k->visits_held;

    if (at == 0)
        return true;
    do {
        if (!visit_is_away(k, visit_at(k, at)) || visit_at(k, at)->op != RESCIND_SERVICE_OPEN)
            return false;
        at = visit_at(k, at)->next;
    } while (at != k->visits_held);
    return k->visits_lost != 0 || visit_name_goes(k, at);
}

static bool check_visits_queued(const struct rescind_kernel *k, uint32_t *where)
{
    uint32_t queued = 0, total = 0;

    *where = 0;
    if (!count_visits(k, k->visits_lost, VISIT_QUEUED, VISIT_HELD, &total) ||
        !count_visits(k, k->visits_held, VISIT_HELD, VISIT_HELD, &total) || !held_is_good(k))
        return false;
    for (uint32_t index = k->pool.first; index < k->pool.high; index++) {
        const struct endpoint_node *e = endpoint_at(k, index);
        *where = index;
        queued += is_visit(k, index) && visit_at(k, index)->state <= VISIT_HELD;
        if (cap_at(k, index)->type == CAP_ENDPOINT &&
            endpoint_of(k, index)->kind == ENDPOINT_RECEIVE && endpoint_of(k, index)->visits != 0 &&
            endpoint_of(k, index)->spare != 0 && !(cap_at(k, index)->flags & CAP_MARKED))
            return false;
        if (cap_at(k, index)->type == OBJECT_ENDPOINT && e->kind == ENDPOINT_RECEIVE &&
            !count_visits(k, e->visits, VISIT_QUEUED, VISIT_QUEUED, &total))
            return false;
    }
    *where = 0;
    return queued == total;
}

static bool is_sent(const struct visit *visit)
{
    return visit->state == VISIT_SENT || visit->state == VISIT_ABANDONED;
}

static bool check_visits_known(const struct rescind_kernel *k, uint32_t *where)
{
    for (uint32_t index = k->pool.first; index < k->pool.high; index++) {
        const struct visit *visit = visit_at(k, index);
        uint32_t asks = message_at(k, index)->visit;
        *where = index;
        if (cap_at(k, index)->type == OBJECT_MESSAGE && asks != 0 && asks != VISIT_NONE &&
            (!is_visit(k, asks) || !is_sent(visit_at(k, asks)) ||
             visit_at(k, asks)->message != index))
            return false;
        if (is_visit(k, index) && is_sent(visit) &&
            (!pool_has(k, visit->message) || cap_at(k, visit->message)->type != OBJECT_MESSAGE ||
             message_at(k, visit->message)->visit != index))
            return false;
    }
    return true;
}

/* The visit that the call of `vpe` waits for, or 0. */
static uint32_t visit_of(const struct rescind_kernel *k, uint32_t vpe)
{
    const struct call *call = call_at(k, vpe);

    if (!vpe_at(k, vpe)->calling)
        return 0;
    switch (call->opcode) {
    case RESCIND_SYS_CREATESESS:
        return call->createsess.visit;
    case RESCIND_SYS_DELEGATE:
    case RESCIND_SYS_OBTAIN:
        return call->obtain.visit;
    case RESCIND_SYS_PAGEFAULT:
        return call->pagefault.visit;
    default:
        return 0;
    }
}

static bool check_visits_asked(const struct rescind_kernel *k, uint32_t *where)
{
    uint32_t asked = 0, asking = 0;

    for (uint32_t vpe = 0; vpe < k->vpe_count; vpe++) {
        uint32_t index = visit_of(k, vpe);
        *where = vpe;
        if (index == 0)
            continue;
        if (!is_visit(k, index) || visit_at(k, index)->vpe != vpe ||
            visit_at(k, index)->pe != k->pe || visit_at(k, index)->state == VISIT_ABANDONED ||
            visit_at(k, index)->op == RESCIND_SERVICE_CLOSE)
            return false;
        asking++;
    }
    for (uint32_t index = k->pool.first; index < k->pool.high; index++) {
        const struct visit *visit = visit_at(k, index);
        asked += is_visit(k, index) && visit->pe == k->pe && visit->state != VISIT_ABANDONED &&
                 visit->op != RESCIND_SERVICE_CLOSE;
    }
    *where = 0;
    return asked == asking;
}

static bool nothing_left_good(const struct rescind_kernel *k, uint32_t index, const struct cap *cap)
{
    (void)k;
    (void)index;
    return (cap->flags & ~(unsigned)(CAP_REMOTE | CAP_AWAY | CAP_BOUND)) == 0 &&
           cap->waiters == 0 && cap->pending == 0;
}

static bool is_tomb(const struct rescind_kernel *k, uint32_t index)
{
    return cap_at(k, index)->type == CAP_TOMB;
}

static bool never_good(const struct rescind_kernel *k, uint32_t index, const struct cap *cap)
{
    (void)k;
    (void)index;
    (void)cap;
    return false;
}

/* Does the call of `vpe` wait for what some other VPE may never do? */
static bool waits_for_others(const struct rescind_kernel *k, uint32_t vpe)
{
    const struct call *call = call_at(k, vpe);

    if (k->peer_count > 1 && call->letter.state == LETTER_AWAITS)
        return true;
    switch (call->opcode) {
    case RESCIND_SYS_RECEIVE:
        return call->message.waits;
    case RESCIND_SYS_VPECTRL:
        return call->vpectrl.waits;
    case RESCIND_SYS_CREATESESS:
        return call->createsess.visit != 0;
    case RESCIND_SYS_OBTAIN:
    case RESCIND_SYS_DELEGATE:
        return call->obtain.visit != 0;
    case RESCIND_SYS_PAGEFAULT:
        return call->pagefault.visit != 0;
    default:
        return false;
    }
}

/* Nothing is under way, here or at any peer, but calls that may wait for ever. */
static bool is_at_rest(const struct rescind_kernel *k, uint32_t *where)
{
    for (uint32_t pe = 0; pe < k->peer_count; pe++) {
        *where = pe;
        if (peer_at(k, pe)->taken != 0 || peer_at(k, pe)->letters_taken != 0)
            return false;
        for (uint32_t slot = 0; slot < TASK_EXCHANGES; slot++) {
            if (served_at(k, pe, slot)->state != SERVE_IDLE)
                return false;
        }
    }
    for (uint32_t vpe = 0; vpe < k->vpe_count; vpe++) {
        *where = vpe;
        if ((vpe_at(k, vpe)->calling && !waits_for_others(k, vpe)) || task_at(k, vpe)->committed)
            return false;
    }
    return k->ready == 0 && k->talking == 0 && each(k, where, is_derived, nothing_left_good) &&
           each(k, where, is_tomb, never_good);
}

static bool check_nothing_left(const struct rescind_kernel *k, uint32_t *where)
{
    for (uint32_t vpe = 0; vpe < k->vpe_count; vpe++) {
        if (vpe_at(k, vpe)->calling)
            return true;
    }
    /* What peers have under way here is not to be told from here; and questions that are lost with
     * their endpoint may be answered after the call that took it down. */
    return k->peer_count > 1 || k->visits_lost != 0 || is_at_rest(k, where);
}

/* ---- Machine memory ------------------------------------------------------------------------ */

static bool is_whole(const struct rescind_kernel *k, uint32_t index)
{
    return pool_has(k, index) && cap_at(k, index)->type == OBJECT_MEM && mem_at(k, index)->whole;
}

static bool overlap(const struct mem *a, const struct mem *b)
{
    uint64_t first = a->addr / RESCIND_PAGE, second = b->addr / RESCIND_PAGE;

    return first < second + mem_pages(b->size) && second < first + mem_pages(a->size);
}

/* All its pages are taken, and no other's. */
static bool owns_pages(const struct rescind_kernel *k, uint32_t index)
{
    const struct mem *mem = mem_at(k, index);
    uint32_t first = (uint32_t)(mem->addr / RESCIND_PAGE);

    if (!mem_is_real(k, mem) || mem->addr % RESCIND_PAGE != 0)
        return false;
    for (uint32_t page = first; page < first + mem_pages(mem->size); page++) {
        if (!page_is_taken(k, page))
            return false;
    }
    for (uint32_t other = index + 1; other < k->pool.high; other++) {
        if (is_whole(k, other) && overlap(mem, mem_at(k, other)))
            return false;
    }
    return true;
}

static bool check_pages_owned(const struct rescind_kernel *k, uint32_t *where)
{
    uint64_t owned = 0, taken = 0;

    for (uint32_t index = k->pool.first; index < k->pool.high; index++) {
        if (!is_whole(k, index))
            continue;
        *where = index;
        if (!owns_pages(k, index))
            return false;
        owned += mem_pages(mem_at(k, index)->size);
    }
    for (uint32_t page = 0; page < k->pages; page++)
        taken += page_is_taken(k, page);
    *where = 0;
    return owned == taken;
}

static bool lies_within(const struct mem *above, uint16_t pe, uint64_t addr, uint64_t size)
{
    uint64_t off = addr - above->addr;

    return pe == above->pe && off <= above->size && size <= above->size - off;
}

static bool memory_within_good(const struct rescind_kernel *k, uint32_t index,
                               const struct cap *cap)
{
    const struct cap *parent = cap_at(k, cap_parent(cap));
    const struct endpoint_node *e = endpoint_at(k, cap->object);
    const struct mem *above = mem_at(k, parent->object), *mem = mem_at(k, cap->object);

    (void)index;
    if (cap_parent(cap) == 0 || parent->type != RESCIND_CAP_MEM || parent->home != k->pe)
        return true;
    if (cap->type == RESCIND_CAP_MEM)
        return lies_within(above, mem->pe, mem->addr, mem->size);
    if (cap->type == RESCIND_CAP_MAP)
        return lies_within(above, cap->home, (uint64_t)cap->object * RESCIND_PAGE, RESCIND_PAGE);
    return cap->type != CAP_ENDPOINT || e->kind != ENDPOINT_MEMORY ||
           (lies_within(above, e->pe, e->addr, e->size) && (e->rights & ~parent->rights) == 0);
}

static bool check_memory_within(const struct rescind_kernel *k, uint32_t *where)
{
    return each_cap(k, where, memory_within_good);
}

bool rescind_kernel_audit_rest(const struct rescind_kernel *k, struct rescind_finding *finding)
{
    uint32_t where = 0;

    if (is_at_rest(k, &where))
        return true;
    if (finding != NULL)
        *finding = (struct rescind_finding){
            "at_rest", "when nothing can move any more, nothing is left of any call", where};
    return false;
}

/* ---- Accounts and VPEs --------------------------------------------------------------------- */

static uint32_t left_in(const struct rescind_kernel *k, uint32_t account)
{
    uint32_t withheld = *account_at(k, k->vpe_limit + 1 + account);

    return (*account_at(k, account) & ~ACCOUNT_CLOSED) + withheld;
}

/* A factor for each account, so that one sum of them all tells whether each is right. */
static uint64_t weight(uint32_t account)
{
    uint64_t w = (account + 1) * 0x9e3779b97f4a7c15u;

    w = (w ^ w >> 30) * 0xbf58476d1ce4e5b9u;
    return w ^ w >> 27;
}

static bool check_accounts_add(const struct rescind_kernel *k, uint32_t *where)
{
    uint32_t kernels = k->pool.limit - k->pool.first;
    uint64_t sum = 0;

    for (uint32_t vpe = 0; vpe < k->vpe_count; vpe++) {
        const struct vpe *v = vpe_at(k, vpe);
        uint32_t own = *account_at(k, vpe_own_account(vpe));
        *where = vpe;
        if ((v->account == ACCOUNT_KERNEL && v->quota != 0) ||
            (v->account != ACCOUNT_KERNEL && v->account != vpe_own_account(vpe)) ||
            (v->ended && (own & ~ACCOUNT_CLOSED) != 0) || (!v->ended && (own & ACCOUNT_CLOSED)))
            return false;
        kernels -= v->quota;
        sum +=
            weight(vpe_own_account(vpe)) * ((uint64_t)left_in(k, vpe_own_account(vpe)) - v->quota);
    }
    sum += weight(ACCOUNT_KERNEL) * ((uint64_t)left_in(k, ACCOUNT_KERNEL) - kernels);
    for (uint32_t index = k->pool.first; index < k->pool.high; index++) {
        const struct pool_node *node = pool_node(k, index);
        *where = index;
        if (node->type != 0 && node->account > k->vpe_limit)
            return false;
        sum += node->type != 0 ? weight(node->account) : 0;
    }
    *where = 0;
    return sum == 0;
}

static bool check_lives_by_0(const struct rescind_kernel *k, uint32_t *where)
{
    for (uint32_t vpe = 0; vpe < k->vpe_count; vpe++) {
        const struct cap *cap;
        *where = table_find(k, table_of(vpe, TABLE_OBJECT), RESCIND_SEL_VPE);
        cap = cap_at(k, *where);
        if (!is_to_end(k, vpe) && (cap->type != RESCIND_CAP_VPE || !(cap->flags & CAP_BOUND) ||
                                   cap->home != k->pe || cap->object != vpe))
            return false;
    }
    return true;
}

/* Nothing is left of it. */
static bool is_done_with(const struct vpe *v)
{
    return v->ended && !v->boot && v->refs == 0 && v->watchers == 0 && v->made == 0 &&
           v->quota == 0;
}

static bool check_vpe_lists(const struct rescind_kernel *k, uint32_t *where)
{
    uint32_t free = 0, done_with = 0, made = 0, makers = 0;

    for (uint32_t vpe = 0; vpe < k->vpe_count; vpe++) {
        const struct vpe *v = vpe_at(k, vpe);
        *where = vpe;
        if (!v->boot && v->maker >= k->vpe_count)
            return false;
        done_with += is_done_with(v);
        made += !v->boot && !is_done_with(v);
        makers += v->made;
    }
    for (uint32_t at = k->vpe_free; at != 0 && free <= done_with; at = vpe_at(k, at - 1)->next) {
        *where = at - 1;
        if (at > k->vpe_count || !is_done_with(vpe_at(k, at - 1)))
            return false;
        free++;
    }
    *where = 0;
    return free == done_with && made == makers && k->vpe_ending == 0;
}

static bool check_sleepers_silent(const struct rescind_kernel *k, uint32_t *where)
{
    for (uint32_t vpe = 0; vpe < k->vpe_count; vpe++) {
        const struct vpe *v = vpe_at(k, vpe);
        *where = vpe;
        if (v->asleep && v->calling && !is_ending(k, vpe))
            return false;
    }
    return true;
}

/* ---- Endpoints ----------------------------------------------------------------------------- */

/* Until it takes its place, the one of an ACTIVATE stands aside. */
static bool stands_well(const struct cap *cap)
{
    uint32_t ep = cap->flags & CAP_RESERVED ? cap->sel - RESCIND_EP_COUNT : cap->sel;

    return ep >= RESCIND_EP_FREE && ep < RESCIND_EP_COUNT;
}

static bool endpoints_fit_good(const struct rescind_kernel *k, uint32_t index,
                               const struct cap *cap)
{
    const struct cap *parent = cap_at(k, cap_parent(cap));
    bool is_gate = parent->type == RESCIND_CAP_GATE;

    (void)index;
    if (cap->type != CAP_ENDPOINT)
        return true;
    return table_kind(cap->table) == TABLE_ENDPOINTS && stands_well(cap) &&
           (cap->flags & CAP_BOUND) && cap_parent(cap) != 0 &&
           endpoint_of(k, index)->kind <= ENDPOINT_RECEIVE &&
           is_gate == (endpoint_of(k, index)->kind == ENDPOINT_SEND);
}

static bool check_endpoints_fit(const struct rescind_kernel *k, uint32_t *where)
{
    return each_cap(k, where, endpoints_fit_good);
}

enum { SLOTS_MAX = 32 }; /* a bit each in 32 */

/* Counts the nodes of a list, and adds the bits of their slots. False: it is not sound. */
static bool add_messages(const struct rescind_kernel *k, uint32_t list, uint32_t *count,
                         uint32_t *bits)
{
    for (uint32_t at = list; at != 0; at = message_at(k, at)->next) {
        const struct message_node *message = message_at(k, at);
        if (!pool_has(k, at) || message->object.type != OBJECT_MESSAGE || ++*count > SLOTS_MAX)
            return false;
        if (bits == NULL)
            continue;
        if (message->slot >= SLOTS_MAX || (*bits & 1u << message->slot))
            return false;
        *bits |= 1u << message->slot;
    }
    return true;
}

static bool slots_are_good(const struct rescind_kernel *k, const struct endpoint_node *e,
                           const struct cap *cap)
{
    const struct mem *mem = mem_at(k, cap_at(k, cap->parent)->object);
    uint32_t count = 0, bits = 0;

    return e->order < SLOTS_MAX && e->slot_order <= e->order &&
           add_messages(k, e->first, &count, &bits) && add_messages(k, e->open, &count, &bits) &&
           add_messages(k, e->spare, &count, NULL) && count == e->slots && bits == e->taken &&
           e->slots == 1u << (e->order - e->slot_order) && e->buffer >= mem->addr &&
           e->buffer - mem->addr + (1ull << e->order) <= mem->size;
}

static bool check_slots_add(const struct rescind_kernel *k, uint32_t *where)
{
    uint32_t slots = 0, messages = 0;

    for (uint32_t index = k->pool.first; index < k->pool.high; index++) {
        const struct cap *cap = cap_at(k, index);
        *where = index;
        messages += cap->type == OBJECT_MESSAGE;
        if (cap->type != CAP_ENDPOINT || endpoint_of(k, index)->kind != ENDPOINT_RECEIVE)
            continue;
        if (!slots_are_good(k, endpoint_of(k, index), cap))
            return false;
        slots += endpoint_of(k, index)->slots;
    }
    *where = 0;
    return messages == slots;
}

/* Does `sender` lead to this receive endpoint? */
static bool leads_to(const struct rescind_kernel *k, uint32_t sender, const struct cap *receiver)
{
    const struct cap *cap = cap_at(k, sender);
    const struct endpoint_node *e;

    if (!is_cap(k, sender))
        return false;
    if (cap->type == CAP_SENDER)
        return cap->table == table_of(table_vpe(receiver->table), TABLE_SENDERS) &&
               cap->object == receiver->sel;
    if (cap->type != CAP_ENDPOINT || endpoint_of(k, sender)->kind != ENDPOINT_SEND)
        return false;
    e = endpoint_of(k, sender);
    return e->pe == k->pe && e->vpe == table_vpe(receiver->table) && e->ep == receiver->sel &&
           vpe_lives(k, e->vpe, e->life);
}

static bool senders_lead_good(const struct rescind_kernel *k, uint32_t index, const struct cap *cap)
{
    const struct endpoint_node *e;

    if (cap->type != CAP_ENDPOINT || endpoint_of(k, index)->kind != ENDPOINT_RECEIVE)
        return true;
    e = endpoint_of(k, index);
    for (uint32_t at = e->first; at != 0; at = message_at(k, at)->next) {
        const struct message_node *message = message_at(k, at);
        if (message->sender != 0 && (message->is_reply || !leads_to(k, message->sender, cap)))
            return false;
    }
    for (uint32_t at = e->open; at != 0; at = message_at(k, at)->next) {
        if (message_at(k, at)->sender != 0)
            return false;
    }
    return true;
}

static bool check_senders_lead(const struct rescind_kernel *k, uint32_t *where)
{
    return each_cap(k, where, senders_lead_good);
}

/* ---- Interrupt lines ----------------------------------------------------------------------- */

static bool is_listener(const struct rescind_kernel *k, uint32_t index)
{
    return is_cap(k, index) && cap_at(k, index)->type == CAP_LISTENER;
}

/* Its line is its parent's (derived_alike), which is one that there is (object_refs). */
static bool listener_is_good(const struct rescind_kernel *k, uint32_t index, const struct cap *cap)
{
    const struct listener *l = listener_of(k, index);

    return (cap->flags & CAP_BOUND) && cap->home == k->pe && cap_parent(cap) != 0 &&
           table_kind(cap->table) == TABLE_ENDPOINTS && cap->sel == (uint32_t)LISTENERS + l->line &&
           k->listeners[l->line] == index && l->state <= LISTENER_SENT &&
           endpoint_is_free_one(l->ep);
}

/* One that waits has come through an endpoint of who listens; one that is open, from nobody. */
static bool is_heard(const struct rescind_kernel *k, uint32_t index)
{
    const struct message_node *message = message_at(k, index);
    const struct cap *cap = cap_at(k, message->listener);

    if (message->listener == 0)
        return true;
    return is_listener(k, message->listener) && message->sender != 0 &&
           cap_at(k, message->sender)->table == cap->table &&
           cap_at(k, message->sender)->sel == listener_of(k, message->listener)->ep;
}

static bool messages_are_heard(const struct rescind_kernel *k, uint32_t list)
{
    for (; list != 0; list = message_at(k, list)->next) {
        if (!is_heard(k, list))
            return false;
    }
    return true;
}

static bool check_listeners_known(const struct rescind_kernel *k, uint32_t *where)
{
    for (uint32_t line = 0; line < RESCIND_IRQ_LINES; line++) {
        *where = k->listeners[line];
        if (*where != 0 && (!is_listener(k, *where) || listener_of(k, *where)->line != line))
            return false;
    }
    for (uint32_t index = k->pool.first; index < k->pool.high; index++) {
        const struct cap *cap = cap_at(k, index);
        *where = index;
        if (cap->type == CAP_LISTENER && !listener_is_good(k, index, cap))
            return false;
        if (cap->type == CAP_ENDPOINT && endpoint_of(k, index)->kind == ENDPOINT_RECEIVE &&
            !(messages_are_heard(k, endpoint_of(k, index)->first) &&
              messages_are_heard(k, endpoint_of(k, index)->open)))
            return false;
    }
    return true;
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

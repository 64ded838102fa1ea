/* Looking at a kernel between two events; see rescind/kernel.h. */
#include "rescind/kernel.h"

#include "base/pages.h"
#include "cap/table.h"
#include "cap/tree.h"
#include "object/irq.h"
#include "object/vpe.h"
#include "syscall/call.h"

enum rescind_vpe_state rescind_kernel_vpe_state(const struct rescind_kernel *k, uint32_t vpe)
{
    const struct vpe *v = vpe_at(k, vpe);

    if (v->ended || v->asleep)
        return v->ended ? RESCIND_VPE_ENDED : RESCIND_VPE_ASLEEP;
    return v->calling ? RESCIND_VPE_WAITING : RESCIND_VPE_RUNNING;
}

void *rescind_kernel_memory(struct rescind_kernel *k, size_t *size)
{
    *size = (size_t)k->pages * RESCIND_PAGE;
    return pages_at(k, 0);
}

enum rescind_mapping_state rescind_kernel_mapping(const struct rescind_kernel *k, uint32_t vpe,
                                                  uint32_t page, struct rescind_kernel_mapping *out)
{
    uint32_t index = table_find(k, table_of(vpe, RESCIND_TABLE_MAP), page);
    const struct cap *cap = cap_at(k, index);

    if (page < RESCIND_MAP_FIRST || page >= RESCIND_MAP_END || index == 0 || !cap_is_there(k, cap))
        return RESCIND_MAPPING_NONE;
    if (cap->type != RESCIND_CAP_MAP || (cap->flags & CAP_MARKED))
        return RESCIND_MAPPING_GOING;
    *out = (struct rescind_kernel_mapping){
        .pe = cap->home, .frame = cap->object, .rights = cap->rights};
    return RESCIND_MAPPING_THERE;
}

uint32_t rescind_kernel_map_version(const struct rescind_kernel *k, uint32_t vpe)
{
    return vpe_at(k, vpe)->map_version;
}

uint32_t rescind_kernel_unmasked(const struct rescind_kernel *k)
{
    uint32_t lines = 0;

    for (uint32_t line = 0; line < RESCIND_IRQ_LINES; line++) {
        if (k->listeners[line] != 0 && listener_of(k, k->listeners[line])->state == LISTENER_OPEN)
            lines |= 1u << line;
    }
    return lines;
}

struct rescind_kernel_port_access rescind_kernel_port_access(const struct rescind_kernel *k,
                                                             uint32_t vpe)
{
    return call_at(k, vpe)->port.access;
}

/* Is it a name's entry? That is the kernel's own affair: what is derived from it is shown as
 * derived from the service's capability. */
static bool is_entry(const struct rescind_kernel *k, const struct cap *cap)
{
    return cap->table == table_of_names(k);
}

static const struct cap *parent_of(const struct rescind_kernel *k, const struct cap *cap)
{
    const struct cap *parent = cap_parent(cap) != 0 ? cap_at(k, cap->parent) : NULL;

    return parent != NULL && is_entry(k, parent) ? cap_at(k, parent->parent) : parent;
}

static void describe(const struct rescind_kernel *k, uint32_t index, struct rescind_kernel_cap *out)
{
    const struct cap *cap = cap_at(k, index);
    const struct cap *parent = parent_of(k, cap);
    bool remote = (cap->flags & CAP_REMOTE) != 0;

    *out = (struct rescind_kernel_cap){
        .vpe = table_vpe(cap->table),
        .kind = table_kind(cap->table),
        .sel = cap->sel,
        .type = cap->type,
        .has_parent = parent != NULL,
        .has_remote_parent = remote,
        .parent_pe = remote ? cap->peer : 0,
        .parent_stub = remote ? cap->parent : 0,
        .parent_vpe = parent != NULL ? table_vpe(parent->table) : 0,
        .parent_kind = parent != NULL ? table_kind(parent->table) : 0,
        .parent_sel = parent != NULL ? parent->sel : 0,
    };
}

bool rescind_kernel_above_stub(const struct rescind_kernel *k, uint32_t stub,
                               struct rescind_kernel_cap *out)
{
    if (!pool_has(k, stub) || cap_at(k, stub)->type != CAP_STUB)
        return false;
    describe(k, cap_at(k, stub)->parent, out);
    return true;
}

/* The first capability at or after `from` that others can see. */
static uint32_t find_visible(const struct rescind_kernel *k, uint32_t table, uint64_t from)
{
    uint32_t index = table_find_from(k, table, from);

    while (index != 0 && !cap_is_there(k, cap_at(k, index)))
        index = table_find_from(k, table, (uint64_t)cap_at(k, index)->sel + 1);
    return index;
}

bool rescind_kernel_find(const struct rescind_kernel *k, uint32_t vpe, uint32_t kind, uint64_t from,
                         struct rescind_kernel_cap *out)
{
    uint32_t index = find_visible(k, table_of(vpe, kind), from);

    if (index != 0)
        describe(k, index, out);
    return index != 0;
}

/* The first root at or after (table, from). */
static uint32_t next_tree(const struct rescind_kernel *k, uint32_t table, uint64_t from)
{
    for (; table < table_of(k->vpe_count, 0); table++, from = 0) {
        uint32_t index = table_find_from(k, table, from);
        while (index != 0 && cap_parent(cap_at(k, index)) != 0)
            index = table_find_from(k, table, (uint64_t)cap_at(k, index)->sel + 1);
        if (index != 0)
            return index;
    }
    return 0;
}

/* The capability behind `index` in depth-first order; *depth goes along. */
static uint32_t walk_on(const struct rescind_kernel *k, uint32_t index, uint32_t *depth)
{
    uint32_t root = index, next = tree_next(k, &root, depth);
    const struct cap *cap = cap_at(k, root);

    return next != 0 ? next : next_tree(k, cap->table, (uint64_t)cap->sel + 1);
}

bool rescind_kernel_walk(const struct rescind_kernel *k, uint32_t *at, uint32_t *depth,
                         struct rescind_kernel_cap *out)
{
    if (*at == 0) {
        *depth = 0;
        *at = next_tree(k, 0, 0);
    } else {
        *at = walk_on(k, *at, depth);
    }
    while (*at != 0 && (cap_at(k, *at)->type == CAP_STUB || !cap_is_there(k, cap_at(k, *at)) ||
                        is_entry(k, cap_at(k, *at))))
        *at = walk_on(k, *at, depth);
    if (*at != 0)
        describe(k, *at, out);
    return *at != 0;
}

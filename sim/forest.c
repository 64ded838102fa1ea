/* Plans carried out; see forest.h. */
#include "sim/forest.h"

#include "sim/memory.h"

/* A VPE's own capability, its memory's, and the object of that. */
enum { NODES_A_VPE = 3 };

static gint64 *pair_new(uint32_t vpe, uint32_t other)
{
    gint64 *pair = g_new(gint64, 1);

    *pair = (gint64)((uint64_t)vpe << 32 | other);
    return pair;
}

/* The selector of the capability that `vpe` has on `other`. */
static uint32_t known_at(const struct forest *f, uint32_t vpe, uint32_t other)
{
    gint64 pair = (gint64)((uint64_t)vpe << 32 | other);

    if (vpe == other)
        return RESCIND_SEL_VPE;
    return GPOINTER_TO_UINT(g_hash_table_lookup(f->known, &pair));
}

/* ---- Planting ----------------------------------------------------------------------------- */

/* Gives out selectors: first to the capabilities on VPEs, then to the forest's. */
static void number(struct forest *f)
{
    const struct plan *plan = f->plan;

    for (uint32_t vpe = 0; vpe < plan->kernels * plan->vpes; vpe++)
        f->taken[vpe] = RESCIND_SEL_FREE;
    for (uint32_t i = 0; i < plan->size; i++) {
        uint32_t from = plan->vpe[plan->parent[i]], to = plan->vpe[i];
        if (from != to && known_at(f, from, to) == 0)
            g_hash_table_insert(f->known, pair_new(from, to), GUINT_TO_POINTER(f->taken[from]++));
    }
    f->grants = g_hash_table_size(f->known);
    for (uint32_t i = 0; i < plan->size; i++) {
        uint32_t cap = plan->order != NULL ? plan->order[i] : i;
        f->sel[cap] = f->taken[plan->vpe[cap]]++;
    }
}

/* What each kernel's pool has to hold. */
static uint32_t *nodes_of(const struct forest *f)
{
    const struct plan *plan = f->plan;
    uint32_t *nodes = g_new0(uint32_t, plan->kernels);
    GHashTableIter iter;
    gpointer key;

    for (uint32_t pe = 0; pe < plan->kernels; pe++)
        nodes[pe] = 1 + NODES_A_VPE * plan->vpes;
    g_hash_table_iter_init(&iter, f->known);
    while (g_hash_table_iter_next(&iter, &key, NULL)) {
        uint64_t pair = (uint64_t) * (gint64 *)key;
        uint32_t from = (uint32_t)(pair >> 32) / plan->vpes, to = (uint32_t)pair / plan->vpes;
        nodes[from]++;
        if (from != to)
            nodes[to]++;
    }
    for (uint32_t i = 0; i < plan->size; i++) {
        nodes[plan_kernel(plan, i)] += plan_is_root(plan, i) ? 2 : 1;
        if (plan_crosses(plan, i))
            nodes[plan_kernel(plan, plan->parent[i])]++;
    }
    return nodes;
}

static bool grant(struct forest *f, uint32_t vpe, uint32_t other, uint32_t sel)
{
    const struct plan *plan = f->plan;
    struct rescind_kernel *to = f->cluster->kernel[vpe / plan->vpes];
    struct rescind_kernel *from = f->cluster->kernel[other / plan->vpes];
    enum rescind_error error =
        to == from
            ? rescind_kernel_boot_grant(to, vpe % plan->vpes, sel, other % plan->vpes)
            : rescind_kernel_boot_grant_across(to, vpe % plan->vpes, sel, from, other % plan->vpes);

    return error == RESCIND_NO_ERROR ||
           cluster_fail(f->cluster, "VPE %u has no capability on VPE %u: %u", vpe, other, error);
}

static bool grant_all(struct forest *f)
{
    GHashTableIter iter;
    gpointer key, sel;
    bool good = true;

    g_hash_table_iter_init(&iter, f->known);
    while (good && g_hash_table_iter_next(&iter, &key, &sel)) {
        uint64_t pair = (uint64_t) * (gint64 *)key;
        good = grant(f, (uint32_t)(pair >> 32), (uint32_t)pair, GPOINTER_TO_UINT(sel));
    }
    return good;
}

struct forest *forest_plant(const struct plan *plan, const struct cluster_options *options)
{
    struct forest *f = g_new0(struct forest, 1);
    struct cluster_options o = *options;
    uint32_t *nodes;

    f->plan = plan;
    f->sel = memory_new(plan->size, sizeof(*f->sel));
    f->taken = g_new0(uint32_t, plan->kernels * plan->vpes);
    f->busy = g_new0(uint64_t, plan->kernels * plan->vpes);
    f->known = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
    if (f->sel == NULL) {
        forest_free(f);
        return NULL;
    }
    number(f);
    o.kernels = plan->kernels;
    o.vpes = plan->vpes;
    o.nodes = nodes = nodes_of(f);
    for (uint32_t pe = 0; pe < plan->kernels; pe++)
        nodes[pe] += o.spare;
    f->cluster = cluster_new(&o);
    g_free(nodes);
    if (f->cluster == NULL || !grant_all(f)) {
        forest_free(f);
        return NULL;
    }
    return f;
}

void forest_free(struct forest *f)
{
    if (f->cluster != NULL)
        cluster_free(f->cluster);
    g_hash_table_unref(f->known);
    memory_free(f->sel);
    g_free(f->taken);
    g_free(f->busy);
    g_free(f);
}

/* ---- Growing and felling ------------------------------------------------------------------ */

/* The capabilities from `first` to before `end` have each been the business of a call. */
static bool were_ok(struct forest *f, uint32_t first, uint32_t end, bool roots)
{
    const struct plan *plan = f->plan;

    cluster_run(f->cluster);
    for (uint32_t i = first; i < end; i++) {
        uint32_t caller = plan->vpe[plan->parent[i]];
        if (!roots || plan_is_root(plan, i)) {
            if (!cluster_was_ok(f->cluster, caller / plan->vpes, caller % plan->vpes))
                return false;
        }
    }
    f->wave++;
    return true;
}

static void call(struct forest *f, uint32_t vpe, struct message message)
{
    f->busy[vpe] = f->wave;
    cluster_call(f->cluster, vpe / f->plan->vpes, vpe % f->plan->vpes, &message);
}

static struct message making(const struct forest *f, uint32_t i)
{
    const struct plan *plan = f->plan;
    uint32_t parent = plan->parent[i];

    if (plan_is_root(plan, i))
        return cluster_creategate(f->sel[i]);
    return cluster_exchange(known_at(f, plan->vpe[parent], plan->vpe[i]), f->sel[parent], f->sel[i],
                            1, false);
}

bool forest_grow(struct forest *f)
{
    const struct plan *plan = f->plan;
    uint32_t first = 0;

    f->wave = 1;
    for (uint32_t i = 0; i < plan->size; i++) {
        uint32_t caller = plan->vpe[plan->parent[i]];
        bool parent_is_new = !plan_is_root(plan, i) && plan->parent[i] >= first;
        if (f->busy[caller] == f->wave || parent_is_new) {
            if (!were_ok(f, first, i, false))
                return false;
            first = i;
        }
        call(f, caller, making(f, i));
    }
    return were_ok(f, first, plan->size, false);
}

bool forest_fell(struct forest *f)
{
    const struct plan *plan = f->plan;
    uint32_t first = 0;

    f->wave++;
    for (uint32_t i = 0; i < plan->size; i++) {
        if (!plan_is_root(plan, i))
            continue;
        if (f->busy[plan->vpe[i]] == f->wave) {
            if (!were_ok(f, first, i, true))
                return false;
            first = i;
        }
        call(f, plan->vpe[i], cluster_revoke(f->sel[i], 1));
    }
    return were_ok(f, first, plan->size, true);
}

/* ---- Looking ------------------------------------------------------------------------------ */

/* What VPE and selector a capability's parent has; false: none. */
static bool parent_of(const struct forest *f, uint32_t pe, const struct rescind_kernel_cap *cap,
                      uint32_t *vpe, uint32_t *sel)
{
    struct rescind_kernel_cap above;

    if (!cap->has_remote_parent) {
        *vpe = pe * f->plan->vpes + cap->parent_vpe;
        *sel = cap->parent_sel;
        return cap->has_parent;
    }
    if (!rescind_kernel_above_stub(f->cluster->kernel[cap->parent_pe], cap->parent_stub, &above))
        return false;
    *vpe = cap->parent_pe * f->plan->vpes + above.vpe;
    *sel = above.sel;
    return true;
}

static bool cap_is_right(struct forest *f, uint32_t i)
{
    const struct plan *plan = f->plan;
    uint32_t pe = plan_kernel(plan, i), vpe = 0, sel = 0;
    struct rescind_kernel_cap cap;
    bool has_parent;

    if (!rescind_kernel_find(f->cluster->kernel[pe], plan->vpe[i] % plan->vpes,
                             RESCIND_TABLE_OBJECT, f->sel[i], &cap) ||
        cap.sel != f->sel[i])
        return cluster_fail(f->cluster, "capability %u is not there", i);
    has_parent = parent_of(f, pe, &cap, &vpe, &sel);
    if (has_parent == plan_is_root(plan, i) || cap.has_remote_parent != plan_crosses(plan, i) ||
        (has_parent && (vpe != plan->vpe[plan->parent[i]] || sel != f->sel[plan->parent[i]])))
        return cluster_fail(f->cluster, "capability %u has another parent", i);
    return true;
}

/* Capabilities in all tables. */
static uint64_t held(const struct forest *f)
{
    struct rescind_kernel_cap cap;
    uint64_t count = 0;

    for (uint32_t vpe = 0; vpe < f->plan->kernels * f->plan->vpes; vpe++) {
        const struct rescind_kernel *k = f->cluster->kernel[vpe / f->plan->vpes];
        uint64_t from = 0;
        for (; rescind_kernel_find(k, vpe % f->plan->vpes, RESCIND_TABLE_OBJECT, from, &cap);
             from = cap.sel + 1ull)
            count++;
    }
    return count;
}

static uint64_t held_at_start(const struct forest *f)
{
    return (uint64_t)f->plan->kernels * f->plan->vpes * RESCIND_SEL_FREE + f->grants;
}

bool forest_has_shape(struct forest *f)
{
    for (uint32_t i = 0; i < f->plan->size; i++) {
        if (!cap_is_right(f, i))
            return false;
    }
    return held(f) == held_at_start(f) + f->plan->size ||
           cluster_fail(f->cluster, "there are other capabilities, too");
}

bool forest_is_gone(struct forest *f)
{
    return held(f) == held_at_start(f) ||
           cluster_fail(f->cluster,
                        "%" G_GUINT64_FORMAT " capabilities, and %" G_GUINT64_FORMAT
                        " were at the start",
                        held(f), held_at_start(f));
}

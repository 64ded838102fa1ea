/* How large the kernels of a litmus file are to be, where it does not say so itself: large enough
 * for whatever happens. Only sim/compile.c calls this. */
#include <string.h>

#include "sim/compile_parts.h"

enum {
    COMMON_NODES = 1024,      /* of a pool, whatever its file does */
    VPE_NODES = 4,            /* of a VPE that is there at the start, */
    CHILD_NODES = 6,          /* of one that is made, beside its account, */
    CALL_NODES = 2,           /* and of any call: a capability and an object */
    SPARE_VPES = 8,           /* for CREATEVPEs that make no child of the file */
    COMMON_MEMORY = 64 << 10, /* bytes, beside what each VPE has, */
    MOST_MEMORY = COMMON_MEMORY + (RESCIND_STARTUP_VPES + SPARE_VPES) * RESCIND_VPE_MEMORY,
};

void needs_start(struct needs *needs, const struct litmus *l)
{
    *needs = (struct needs){.litmus = l, .counts = g_array_new(false, false, sizeof(uint32_t))};
    for (guint i = 0; i < l->kernels->len; i++) {
        needs->kernels[i].nodes = COMMON_NODES;
    }
    for (guint i = 0; i < l->vpes->len; i++) {
        const struct litmus_vpe *vpe = litmus_vpe(l, i);
        struct kernel_needs *of = &needs->kernels[vpe->kernel];
        of->children += vpe->child;
        of->vpes += !vpe->child;
        of->nodes += vpe->child ? 0 : VPE_NODES + (uint64_t)vpe->quota;
    }
    for (guint i = 0; i < l->grants->len; i++) {
        const struct litmus_grant *grant = &g_array_index(l->grants, struct litmus_grant, i);
        uint32_t to = litmus_vpe(l, grant->vpe)->kernel;
        uint32_t from =
            grant->kind == RESCIND_GRANT_VPE ? litmus_vpe(l, grant->target)->kernel : to;
        needs->kernels[to].nodes++;
        needs->kernels[from].nodes += from != to;
    }
}

/* 8-byte word `word` of a message, 0 where it is too short. */
static uint64_t word_at(const struct message *m, unsigned word)
{
    uint64_t value = 0;

    if (8 * (word + 1) <= m->size) {
        memcpy(&value, m->bytes + (size_t)8 * word, sizeof(value));
    }
    return GUINT64_FROM_LE(value);
}

/* How many slots an ATTACHRB asks for; 0: as many as can't be had. */
static uint64_t slots(const struct message *m)
{
    uint64_t order = word_at(m, 4) - word_at(m, 5);
    return order >= 1 && order <= 5 ? 1u << order : 0;
}

/* How many pages a CREATEMAP maps, one capability each; 0: more than any kernel has. */
static uint64_t pages(const struct needs *needs, const struct message *m)
{
    uint64_t asked = (uint32_t)word_at(m, 4), most = 0;
    for (guint i = 0; i < needs->litmus->kernels->len; i++) {
        uint32_t memory = litmus_kernel(needs->litmus, i)->memory;
        uint64_t bytes = memory != LITMUS_AS_NEEDED ? memory : MOST_MEMORY;
        most = MAX(most, bytes / RESCIND_PAGE);
    }
    return asked <= most ? asked : 0;
}

/* What is to be copied as the count in word `word` says. */
static void add_copies(struct needs *needs, const struct message *m, unsigned word)
{
    uint32_t count = (uint32_t)word_at(m, word);
    g_array_append_val(needs->counts, count);
}

/* What calls need beside CALL_NODES. */
static uint64_t call_nodes(struct needs *needs, struct kernel_needs *kernel,
                           const struct message *m)
{
    enum { RANGE_OF_EXCHANGE = 2, RANGE_OF_SESSION = 3 }; /* a range's count is in its 2nd word */
    switch ((uint32_t)word_at(m, 0)) {
    case RESCIND_SYS_EXCHANGE:
        add_copies(needs, m, RANGE_OF_EXCHANGE + 1);
        return 0;
    case RESCIND_SYS_DELEGATE:
    case RESCIND_SYS_OBTAIN:
        add_copies(needs, m, RANGE_OF_SESSION + 1);
        return 0;
    case RESCIND_SYS_CREATESRV:
        return 2;
    case RESCIND_SYS_CREATESESS:
    case RESCIND_SYS_CREATESESSAT:
        needs->nodes += 3;
        return 1;
    case RESCIND_SYS_CREATEVPE:
        kernel->makes++;
        needs->memory = true;
        return CHILD_NODES + RESCIND_VPE_FUND;
    case RESCIND_SYS_FUND:
        return MIN(word_at(m, 2), RESCIND_STARTUP_NODES);
    case RESCIND_SYS_CREATEMAP:
        needs->memory = true;
        return pages(needs, m);
    case RESCIND_SYS_ATTACHRB:
        needs->memory = true;
        return slots(m);
    case RESCIND_SYS_ACTIVATE: /* and what stands for a sender at the receiver's kernel */
        needs->memory = true;
        needs->nodes += 2;
        return 2;
    case RESCIND_SYS_LISTEN:
        return 2;
    case RESCIND_SYS_REQMEM:
    case RESCIND_SYS_DERIVEMEM:
        needs->memory = true;
        return 2;
    default:
        return 0;
    }
}

void needs_add(struct needs *needs, uint32_t kernel, uint32_t kind, const struct message *m)
{
    struct kernel_needs *of = &needs->kernels[kernel];
    if (kind == RESCIND_STEP_CALL) {
        of->nodes += CALL_NODES;
        of->nodes += call_nodes(needs, of, m);
    }
    needs->memory |= kind == RESCIND_STEP_LOAD || kind == RESCIND_STEP_STORE;
}

static gint compare(gconstpointer a, gconstpointer b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

/* How many capabilities can be copied at most, whatever order the calls are in, where `there` is no
 * less than what there can be without them. A call can only copy what there is, so, taken by size,
 * the first that wants more than all before it could have made never succeeds, nor does any larger
 * one. */
static uint64_t count_copies(GArray *counts, uint64_t there)
{
    uint64_t copies = 0;
    g_array_sort(counts, compare);
    for (guint i = 0; i < counts->len && copies < RESCIND_STARTUP_NODES; i++) {
        uint32_t count = g_array_index(counts, uint32_t, i);
        if (count > there + copies) {
            break;
        }
        copies += count;
    }
    return copies;
}

void needs_finish(struct needs *needs)
{
    uint64_t there = 0;
    for (guint i = 0; i < needs->litmus->kernels->len; i++) {
        there += needs->kernels[i].nodes;
    }
    needs->copies = count_copies(needs->counts, there);
    g_array_unref(needs->counts);
    needs->counts = NULL;
}

/* A copy to another kernel takes a node on both, one of them for what stands for the other; and as
 * an EXCHANGE that has to try again may find the nodes of its last attempt still waiting to be told
 * of, it is given those of two. */
static uint32_t nodes_of(const struct needs *needs, const struct kernel_needs *kernel)
{
    bool alone = needs->litmus->kernels->len == 1;
    uint64_t nodes = kernel->nodes + needs->nodes + (alone ? 1 : 2) * needs->copies;
    return (uint32_t)MIN(nodes, RESCIND_STARTUP_NODES);
}

static uint32_t vpes_of(const struct kernel_needs *kernel)
{
    uint32_t others = kernel->makes > kernel->children ? kernel->makes - kernel->children : 0;
    return kernel->vpes + kernel->children + MIN(others, SPARE_VPES);
}

void needs_fill(const struct needs *needs, uint32_t index, struct rescind_startup_kernel *record)
{
    const struct litmus_kernel *kernel = litmus_kernel(needs->litmus, index);
    const struct kernel_needs *of = &needs->kernels[index];
    record->nodes = kernel->nodes != 0 ? kernel->nodes : nodes_of(needs, of);
    record->vpes = kernel->vpes != LITMUS_AS_NEEDED ? kernel->vpes : vpes_of(of);
    record->memory = kernel->memory != LITMUS_AS_NEEDED ? kernel->memory
                     : needs->memory ? COMMON_MEMORY + record->vpes * RESCIND_VPE_MEMORY
                                     : 0;
}

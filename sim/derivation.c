/* Derivation trees; see derivation.h. */
#include "sim/derivation.h"

#include <stdlib.h>

#include "cap/cap.h"

enum { NONE = UINT32_MAX };

/* Node 0 stands above all roots. */
struct node {
    struct derivation_row row;
    uint32_t parent, child, next;
};

struct forest {
    const struct outcome *outcome;
    GArray *nodes;   /* struct node, in the order of VPEs, tables and selectors */
    uint32_t *first; /* of each VPE: its first node */
};

static struct node *node_at(const struct forest *f, uint32_t index)
{
    return &g_array_index(f->nodes, struct node, index);
}

static int compare(const void *a, const void *b)
{
    const struct outcome_cap *x = a, *y = b;

    if (x->kind != y->kind)
        return x->kind < y->kind ? -1 : 1;
    return (x->sel > y->sel) - (x->sel < y->sel);
}

static void gather(struct forest *f)
{
    struct node node = {.child = NONE, .next = NONE};

    g_array_append_val(f->nodes, node);
    for (guint vpe = 0; vpe < f->outcome->vpes->len; vpe++) {
        const GArray *caps = outcome_vpe(f->outcome, vpe)->caps;
        f->first[vpe] = f->nodes->len;
        for (guint i = 0; i < caps->len; i++) {
            node.row.vpe = vpe;
            node.row.cap = &g_array_index(caps, struct outcome_cap, i);
            g_array_append_val(f->nodes, node);
        }
    }
}

static uint32_t find_parent(const struct forest *f, const struct outcome_cap *cap)
{
    struct outcome_cap key = {.kind = cap->parent_kind, .sel = cap->parent_sel};
    const struct outcome_cap *found;
    const GArray *caps;

    /* Below the kernel, or a VPE that nobody knows, it stands like a root. */
    if (!cap->has_parent || cap->parent_vpe >= f->outcome->vpes->len)
        return 0;
    caps = outcome_vpe(f->outcome, cap->parent_vpe)->caps;
    if (caps->len == 0)
        return 0;
    found = bsearch(&key, caps->data, caps->len, sizeof(key), compare);
    if (found == NULL)
        return 0;
    return f->first[cap->parent_vpe] +
           (uint32_t)(found - &g_array_index(caps, struct outcome_cap, 0));
}

/* From the last to the first, so that each parent's children end up in order. */
static void link_all(struct forest *f)
{
    for (uint32_t i = f->nodes->len; i-- > 1;) {
        struct node *node = node_at(f, i), *parent;
        node->parent = find_parent(f, node->row.cap);
        parent = node_at(f, node->parent);
        node->next = parent->child;
        parent->child = i;
    }
}

GArray *derivation_walk(const struct outcome *outcome)
{
    GArray *rows = g_array_new(FALSE, FALSE, sizeof(struct derivation_row));
    struct forest f = {outcome, g_array_new(FALSE, FALSE, sizeof(struct node)),
                       g_new(uint32_t, outcome->vpes->len)};
    uint32_t at, depth = 0;

    gather(&f);
    link_all(&f);
    at = node_at(&f, 0)->child;
    while (at != NONE && at != 0) {
        struct node *node = node_at(&f, at);
        node->row.depth = depth;
        g_array_append_val(rows, node->row);
        if (node->child != NONE) {
            at = node->child;
            depth++;
            continue;
        }
        while (at != 0 && node_at(&f, at)->next == NONE) {
            at = node_at(&f, at)->parent;
            depth--;
        }
        at = at != 0 ? node_at(&f, at)->next : 0;
    }
    g_array_unref(f.nodes);
    g_free(f.first);
    return rows;
}

/* Deeper lines are not indented further: a chain of a million must not print its square. */
enum { INDENT_MAX = 32 };

static void append_row(GString *text, const struct machine *m, const struct derivation_row *row)
{
    for (guint level = 1; level < MIN(row->depth, INDENT_MAX); level++)
        g_string_append(text, "    ");
    if (row->depth > 0)
        g_string_append(text, row->depth <= INDENT_MAX ? " `- " : "    ");
    g_string_append_printf(text, "%s:%s%u %s\n", machine_vpe_name(m, row->vpe),
                           row->cap->kind == RESCIND_TABLE_MAP ? "map:" : "", row->cap->sel,
                           cap_type(row->cap->type)->name);
}

char *derivation_text(const struct machine *m)
{
    struct outcome *outcome = machine_outcome(m);
    GArray *rows = derivation_walk(outcome);
    GString *text = g_string_new(NULL);

    for (guint i = 0; i < rows->len; i++)
        append_row(text, m, &g_array_index(rows, struct derivation_row, i));
    g_array_unref(rows);
    outcome_free(outcome);
    return g_string_free(text, FALSE);
}

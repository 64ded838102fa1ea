/* Outcomes: making and freeing one. Whoever ran a litmus file fills it in. */
#include "sim/outcome.h"

static void free_vpe(gpointer data)
{
    struct outcome_vpe *vpe = data;
    g_byte_array_unref(vpe->results);
    g_array_unref(vpe->caps);
    g_free(vpe);
}

struct outcome *outcome_new(const char *target, guint vpe_count)
{
    struct outcome *outcome = g_new0(struct outcome, 1);
    outcome->target = target;
    outcome->vpes = g_ptr_array_new_full(vpe_count, free_vpe);
    for (guint i = 0; i < vpe_count; i++) {
        struct outcome_vpe *vpe = g_new0(struct outcome_vpe, 1);
        vpe->results = g_byte_array_new();
        vpe->caps = g_array_new(false, false, sizeof(struct outcome_cap));
        g_ptr_array_add(outcome->vpes, vpe);
    }
    return outcome;
}

void outcome_free(struct outcome *outcome)
{
    if (outcome == NULL) {
        return;
    }
    g_ptr_array_unref(outcome->vpes);
    g_free(outcome);
}

/* What a run leaves behind, wherever it ran: the simulator fills one from the kernel's arena,
 * `boot` one from what the guest reports. The judge and the printers (sim/judge.c, sim/print.c) see
 * nothing else. */
#ifndef RESCIND_SIM_OUTCOME_H
#define RESCIND_SIM_OUTCOME_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/* In place of the VPE of a parent: one that the file does not name, and the kernel itself, whose
 * list of services' names sessions are derived from. */
#define OUTCOME_OTHER_VPE (UINT32_MAX - 1)
#define OUTCOME_KERNEL    UINT32_MAX

struct outcome_cap {
    uint32_t sel;
    uint8_t kind; /* enum rescind_table_kind */
    uint8_t type; /* enum rescind_cap_type */
    bool has_parent;
    uint8_t parent_kind;
    uint32_t parent_vpe; /* in the file's order, or one of the two above */
    uint32_t parent_sel;
};

struct outcome_vpe {
    GByteArray *results; /* one byte a call of its program, in order: the error code, or
                            RESCIND_RESULT_OTHER, or RESCIND_RESULT_NONE for EXIT and what was not
                            reached */
    uint32_t position;   /* the step it stands at; the step count when it is through */
    bool ended;          /* by EXIT or by force: it has finished and holds nothing */
    bool stuck;          /* neither ended nor through when nothing could move any more; a child that
                            was never started is not */
    GArray *caps; /* struct outcome_cap: table of objects, then of mappings, in selector order */
};

struct outcome {
    const char *target; /* "host" or "qemu" */
    GPtrArray *vpes;    /* struct outcome_vpe *, in the file's order; owned */
};

struct outcome *outcome_new(const char *target, guint vpe_count);
void outcome_free(struct outcome *outcome);
static inline struct outcome_vpe *outcome_vpe(const struct outcome *outcome, guint index)
{
    return g_ptr_array_index(outcome->vpes, index);
}

#endif

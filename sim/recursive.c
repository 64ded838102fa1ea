/* The textbook recursive revocation; see recursive.h. */
#include "sim/recursive.h"

#include <stdio.h>

#include "cap/create.h"
#include "cap/table.h"

__attribute__((noinline)) void recursive_revoke(struct rescind_kernel *k, uint32_t index)
{
    for (uint32_t child; (child = cap_at(k, index)->child) != 0;)
        recursive_revoke(k, child);
    cap_destroy(k, index);
}

__attribute__((noinline)) void recursive_revoke_logging(struct rescind_kernel *k, uint32_t index,
                                                        uint32_t level, recursive_log *log)
{
    char line[RECURSIVE_LINE];
    const struct cap *cap = cap_at(k, index);

    snprintf(line, sizeof(line), "revoke: level %u: VPE %u, selector %u", level,
             table_vpe(cap->table), cap->sel);
    log(line);
    for (uint32_t child; (child = cap_at(k, index)->child) != 0;)
        recursive_revoke_logging(k, child, level + 1, log);
    snprintf(line, sizeof(line), "revoke: level %u: selector %u goes", level, cap->sel);
    log(line);
    cap_destroy(k, index);
}

/* The shrinker: from a violation to the smallest file and the shortest schedule that show it.
 *
 * What can be left out of the file is (steps, VPEs, kernels, grants, faults, conditions, lines of a
 * `final`) until no single part can be; then the fewest choices that lead to the violation are
 * searched for, and where that search is cut short, single choices are left out until none can be.
 * A part can be left out when what remains is still a litmus file in which some schedule shows a
 * violation of the same kind (and key: see struct violation). Where the file's own expectations are
 * broken (a result, a condition, a program that is stuck) and yet the file passes under `fifo`,
 * what remains has to pass under `fifo` too: else the smallest file would be one whose set-up is
 * missing. For the tool and tests.
 */
#ifndef RESCIND_SIM_SHRINK_H
#define RESCIND_SIM_SHRINK_H

#include "sim/explore.h"

struct shrunk {
    char *text;            /* the file */
    struct litmus *litmus; /* the same, parsed under the name given */
    GArray *schedule;      /* struct machine_choice */
    struct violation *violation;
    bool shortest; /* there is no schedule of fewer choices */
    guint tried;   /* files */
};

/* `options` are those under which `violation`, with its schedule, was found in the file; as many
 * states as they allow are looked at for each smaller file. NULL: it is not seen again. */
struct shrunk *shrink(const struct litmus *litmus, const struct explore_options *options,
                      const struct violation *violation, const char *name);
void shrunk_free(struct shrunk *shrunk);

/* Whether this text is a file that shows such a violation, and, with `well`, passes under
 * `fifo`. For tests as well. */
bool shrink_shows(const char *text, const struct explore_options *options,
                  const struct violation *like, bool well);
/* Whether what remains of the file has to pass under `fifo`. */
bool shrink_wants_well(const struct litmus *litmus, const struct explore_options *options,
                       enum violation_kind kind);

#endif

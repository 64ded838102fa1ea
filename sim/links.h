/* The audit of what links kernels: what no kernel alone can see to be wrong. */
#ifndef RESCIND_SIM_LINKS_H
#define RESCIND_SIM_LINKS_H

#include "sim/machine.h"

/* True when all is well; else what is broken, and on which kernel. `at_end`: nothing can move any
 * more, so nothing is on its way. Cost: in proportion to the capabilities there are. */
bool links_audit(struct machine *m, bool at_end, struct rescind_finding *finding, uint32_t *kernel);

#endif

/* The audit: every invariant of the kernel, as one list of (name, sentence, check).
 *
 * kernel_audit() walks them all over a kernel between two events. The machine calls it after every
 * event in debug and fuzzing builds, tests and fuzzers always. It changes nothing, allocates
 * nothing and costs time in proportion to the pool's used part.
 */
#ifndef RESCIND_KERNEL_AUDIT_H
#define RESCIND_KERNEL_AUDIT_H

#include "kernel/kernel.h"

struct audit_finding {
    const char *name;     /* of the invariant that is broken */
    const char *sentence; /* what should hold */
    uint32_t where;       /* the pool node or VPE at fault */
};

/* True when every invariant holds; else `finding` (which may be NULL) tells the first that does
 * not. */
bool kernel_audit(const struct kernel *k, struct audit_finding *finding);

/* The list itself, for documentation: the sentence of invariant `index`, NULL past the end. */
const char *kernel_audit_name(unsigned index, const char **sentence);

#endif

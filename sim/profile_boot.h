/* Profiles on the PC: the tree of a profile, built and revoked in the image on QEMU, where every
 * instruction is counted, ring 3's and the way into the kernel and back among them. A call's figure
 * reaches from the message's bytes in its program's hands to the answer there. For the tool and the
 * tests; what an instruction is and how it is counted is QEMU's -icount. */
#ifndef RESCIND_SIM_PROFILE_BOOT_H
#define RESCIND_SIM_PROFILE_BOOT_H

#include "sim/profile.h"

/* Every capability takes a step of the start-up module. */
enum { PROFILE_BOOT_MAX = 500000 };

struct profile_boot {
    uint32_t noop;        /* instructions: the median of many NOOPs, */
    uint32_t exchange;    /* EXCHANGEs of one capability, and */
    uint32_t revoke_leaf; /* REVOKEs of one capability without descendants, in a small table */
    uint64_t revoke;      /* of the whole tree */
    double exchange_mean; /* of those that built the tree; 0: there was none */
    double revoke_per_descendant; /* beyond revoke_leaf; 0: there is none */
    uint64_t stretch; /* the longest that the kernel kept interrupts out, in the whole run */
};

/* The options' walk is the kernel's own, on one kernel, and no forest, of PROFILE_BOOT_MAX at
 * most; their stack is not looked at. False with *error set where the machine fails. */
bool profile_boot(const struct profile_options *options, struct profile_boot *out, GError **error);

/* On standard output: a table's head and row, or a JSON object. */
void profile_boot_print_head(void);
void profile_boot_print_row(const struct profile_options *options,
                            const struct profile_boot *profile);
void profile_boot_print_json(const struct profile_options *options,
                             const struct profile_boot *profile);

#endif

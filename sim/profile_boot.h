/* Profiles on the PC: the tree of a profile, built and revoked in the image on QEMU, where every
 * instruction is counted, ring 3's and the way into the kernel and back among them. A call's figure
 * reaches from the message's bytes in its program's hands to the answer there. For the tool and the
 * tests; what an instruction is and how it is counted is QEMU's -icount. */
#ifndef RESCIND_SIM_PROFILE_BOOT_H
#define RESCIND_SIM_PROFILE_BOOT_H

#include "sim/profile.h"

struct profile_boot {
    uint32_t noop;        /* instructions: the median of many NOOPs, */
    uint32_t exchange;    /* EXCHANGEs of one capability, and */
    uint32_t revoke_leaf; /* REVOKEs of one capability without descendants, in a small table */
    uint64_t revoke;      /* of the whole tree */
    double exchange_mean; /* of those that built the tree; 0: there was none */
    double revoke_per_descendant; /* beyond revoke_leaf; 0: there is none */
    uint64_t stretch; /* the longest that the kernel kept interrupts out, in the whole run */
};

/* The options' walk is the kernel's own, on one kernel, and no forest; their stack is not looked
 * at. False with *error set where the machine fails. */
bool profile_boot(const struct profile_options *options, struct profile_boot *out, GError **error);

/* The same tree, revoked by one VPE while another one sends NOOP after NOOP. */
struct profile_boot_beside {
    uint64_t revoke;  /* instructions, the other VPE's turns among them */
    uint64_t stretch; /* the longest in the whole run */
    uint32_t noops;   /* that were answered meanwhile */
    uint32_t median;  /* of them, from the message to the answer in the program's hands, */
    uint32_t longest; /* and the longest */
    uint32_t late;    /* how many took more than two stretches */
    uint32_t turns;   /* how many took twice the median or more: a turn ended meanwhile */
};
bool profile_boot_beside(const struct profile_options *options, struct profile_boot_beside *out,
                         GError **error);

/* On standard output: a table's head and row, or a JSON object. */
void profile_boot_print_head(void);
void profile_boot_print_row(const struct profile_options *options,
                            const struct profile_boot *profile);
void profile_boot_print_json(const struct profile_options *options,
                             const struct profile_boot *profile);
void profile_boot_beside_print_head(void);
void profile_boot_beside_print_row(const struct profile_options *options,
                                   const struct profile_boot_beside *profile);
void profile_boot_beside_print_json(const struct profile_options *options,
                                    const struct profile_boot_beside *profile);

#endif

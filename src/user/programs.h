/* The C programs that a VPE can run by name, on both targets. */
#ifndef RESCIND_USER_PROGRAMS_H
#define RESCIND_USER_PROGRAMS_H

#include "rescind/user.h"

struct user_program {
    const char *name;
    rescind_program *run;
};

extern const struct user_program user_programs[];
extern const unsigned user_program_count;

/* Task 06: NOOP, CREATEGATE, REVOKE and EXCHANGE against a passive VPE1, and a revocation that
 * crosses VPEs. Expects the other VPE's capability at selector 2. Returns how many tests failed. */
int task06(struct rescind_env *env);

#endif

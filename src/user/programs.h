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

/* The others return 0 when all was as it should be, and say what was not. */
int echo_service(struct rescind_env *env);
int echo_client(struct rescind_env *env);
int pingpong_writer(struct rescind_env *env);
int pingpong_reader(struct rescind_env *env);
int family_parent(struct rescind_env *env);
int family_child(struct rescind_env *env);
int serial_echo(struct rescind_env *env);

#endif

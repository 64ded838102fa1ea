/* For programs that show something: lines that begin with the VPE's name, and checks that say
 * what went wrong. */
#ifndef RESCIND_USER_SAY_H
#define RESCIND_USER_SAY_H

#include <stdbool.h>
#include <stdint.h>

#include "rescind/user.h"

/* So often a program asks again for what another VPE has to do first. */
enum { PATIENCE = 1000000 };

/* "[VPE0] text" as a line of its own; and with a number or a text at its end. */
void say(struct rescind_env *env, const char *text);
void say_number(struct rescind_env *env, const char *text, uint64_t number);
void say_text(struct rescind_env *env, const char *text, const char *more);

/* Whether `error` is `wanted`; a line says so if it is not. `what` names the call. */
bool got(struct rescind_env *env, const char *what, enum rescind_error error,
         enum rescind_error wanted);

static inline bool went(struct rescind_env *env, const char *what, enum rescind_error error)
{
    return got(env, what, error, RESCIND_NO_ERROR);
}

/* Whether `holds`; a line says "not so: what" if it does not. */
bool holds(struct rescind_env *env, const char *what, bool so);

/* Selector `sel` of the object table, as a range. */
static inline struct rescind_range one(uint32_t sel)
{
    return (struct rescind_range){.type = RESCIND_TABLE_OBJECT, .start = sel, .count = 1};
}

#endif

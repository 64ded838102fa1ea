/* REVOKE and EXIT: messages to revocations (cap/revoke.h does the work). */
#ifndef RESCIND_SYSCALL_REVOKE_H
#define RESCIND_SYSCALL_REVOKE_H

#include "base/bytes.h"
#include "cap/revoke.h"

/* REVOKE: message to struct. INV_ARGS: too short, no such kind of table, a range that touches
 * selectors 0 or 1 or passes the last selector. O(1), whatever the count. */
enum rescind_error revoke_decode(struct bytes in, uint32_t caller, struct revoke *out);

/* EXIT: message to exit code. INV_ARGS: too short. */
enum rescind_error exit_decode(struct bytes in, uint32_t *code);

/* EXIT: everything that `vpe` holds. */
void exit_prepare(uint32_t vpe, struct revoke *out);

#endif

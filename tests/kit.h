/* The kit: a live kernel of any size for the unit suites, and calls as bytes in its rings.
 *
 * Unlike the driver (drive.h) it keeps no history and sets no limit to what a kernel holds; a
 * suite looks into the kernel itself. Each function fails the cmocka test it is called from when
 * something is not as it should be.
 */
#ifndef RESCIND_TESTS_KIT_H
#define RESCIND_TESTS_KIT_H

#include "base/arena.h"
#include "rescind/kernel.h"
#include "user/message.h"

/* A kernel with `vpes` boot VPEs, in an arena of its own. */
struct rescind_kernel *kit_new(uint32_t vpes, uint32_t nodes, uint32_t work, uint64_t seed);
/* The same with so many bytes of machine memory, of which each VPE has RESCIND_VPE_MEMORY. */
struct rescind_kernel *kit_new_with_memory(uint32_t vpes, uint32_t nodes, uint32_t work,
                                           uint64_t seed, uint32_t memory);
void kit_free(struct rescind_kernel *k);

/* Messages. Ranges are of the table of objects. */
struct message kit_noop(void);
struct message kit_creategate(uint32_t dst);
struct message kit_delegate(uint32_t vpe, uint32_t own, uint32_t other, uint32_t count);
struct message kit_obtain(uint32_t vpe, uint32_t own, uint32_t other, uint32_t count);
struct message kit_revoke(uint32_t start, uint32_t count, bool own);
struct message kit_exit(uint32_t code);

/* One event: the message is put into the ring of `vpe` and taken by the kernel. */
void kit_send(struct rescind_kernel *k, uint32_t vpe, struct message message);
/* One event: work on the call of `vpe`, or of the first in line. */
void kit_work(struct rescind_kernel *k, uint32_t vpe);
void kit_work_first(struct rescind_kernel *k);
/* Works in the order of the line until nothing is ready; how many events that took. */
uint64_t kit_rest(struct rescind_kernel *k);

/* The reply to `vpe`, if there is one by now. */
bool kit_reply(struct rescind_kernel *k, uint32_t vpe, enum rescind_error *error);
/* A whole call of an otherwise idle kernel: its answer. */
enum rescind_error kit_call(struct rescind_kernel *k, uint32_t vpe, struct message message);

/* The pool index of what `vpe` has at `sel` in its table of objects, reserved or not; 0: nothing.
 */
uint32_t kit_at(const struct rescind_kernel *k, uint32_t vpe, uint32_t sel);
/* Whether others see something there. */
bool kit_holds(const struct rescind_kernel *k, uint32_t vpe, uint32_t sel);
/* Capabilities in the table of objects of `vpe`. */
uint32_t kit_count(const struct rescind_kernel *k, uint32_t vpe);

/* Every invariant holds. */
void kit_audit(const struct rescind_kernel *k);

#endif

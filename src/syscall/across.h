/* EXCHANGE across kernels, the asking half: a VPE of this kernel, one of another.
 *
 * The call takes one of the few slots that the two kernels have for that, holds the capability on
 * the VPE (so that it can't be revoked meanwhile), and reserves its own side: stubs below the
 * sources, or places for the destinations. Then it asks the other kernel, a few capabilities at a
 * time; each question is answered at once. All of it is there when the last answer is: the
 * destination's kernel turns one flag (task.committed), and that is the instant of the effect.
 * Where either side meets something to wait for, both undo everything, and the call waits holding
 * nothing: for a line of its own kernel, or for the other one to free the slot.
 * syscall/serve.h is the answering half; rescind/peer.h states the protocol and argues it.
 */
#ifndef RESCIND_SYSCALL_ACROSS_H
#define RESCIND_SYSCALL_ACROSS_H

#include "cap/remote.h"
#include "cap/revoke.h"
#include "rescind/peer.h"

struct exchange;

/* Begins, where nothing is reserved and capability `vpe` names a VPE of another kernel (or what a
 * service there has agreed to is due, by a session that it names). */
enum progress across_start(struct rescind_kernel *k, struct exchange *x, uint32_t caller,
                           uint32_t vpe, uint32_t *work, enum rescind_error *error);

/* The call has been granted a slot that it had waited for, and may not need it any more. O(1). */
void across_decline(struct rescind_kernel *k, struct exchange *x);

/* Goes on. x->across is ACROSS_NONE again where the call has to start anew. */
enum progress across_step(struct rescind_kernel *k, struct exchange *x, uint32_t caller,
                          uint32_t *work, enum rescind_error *error);

/* Writes the question of `slot` to kernel `pe`; returns its bytes, 0 where `room` is too small.
 * Cost: RESCIND_PEER_CHUNK capabilities. */
size_t across_write(struct rescind_kernel *k, uint32_t pe, uint32_t slot, uint8_t *out,
                    size_t room);

/* Kernel `pe` answers a question (the record's layout has been checked); frees a slot. */
enum remote_sense across_answer(struct rescind_kernel *k, uint32_t pe,
                                const struct rescind_peer_answer *answer);
enum remote_sense across_free(struct rescind_kernel *k, uint32_t pe, uint32_t slot);

/* Can `element`, which a peer sends, be a capability? */
bool across_is_cap(const struct rescind_kernel *k, const struct rescind_peer_cap *element);

#endif

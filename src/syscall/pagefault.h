/* PAGEFAULT: a VPE has met a page that is not mapped; its pager is asked to map it.
 *
 * The pager is whom the VPE's endpoint `pager` leads to (object/vpe.h), if any. It answers an error
 * code, when it has done what it can.
 */
#ifndef RESCIND_SYSCALL_PAGEFAULT_H
#define RESCIND_SYSCALL_PAGEFAULT_H

#include "base/bytes.h"
#include "cap/revoke.h"

struct call;
struct letter_reply;
struct rescind_peer_letter;

struct pagefault {
    uint64_t virt, access;
    uint32_t visit; /* while the pager is asked */
};

enum progress pagefault_begin(struct rescind_kernel *k, uint32_t vpe, struct call *call,
                              struct bytes in);
enum progress pagefault_step(struct rescind_kernel *k, uint32_t vpe, struct call *call,
                             uint32_t *work);
bool pagefault_cancel(struct rescind_kernel *k, uint32_t vpe, struct call *call);

/* What one of another kernel wants; see syscall/letter.c. */
bool fault_is_sound(const struct rescind_kernel *k, uint32_t pe,
                    const struct rescind_peer_letter *letter);
uint32_t fault_serve(struct rescind_kernel *k, uint32_t pe,
                     const struct rescind_peer_letter *letter, struct letter_reply *reply,
                     uint8_t *data);

#endif

/* CREATEVPE, VPECTRL and FUND: making a VPE, starting it and waiting for its end, paying for it.
 *
 * A new VPE's selectors 0 and 1 are derived from the two roots that its maker gets: one names the
 * VPE, the other its memory. It sleeps until it is started. FUND moves pool nodes between its
 * account and its maker's.
 */
#ifndef RESCIND_SYSCALL_VPE_H
#define RESCIND_SYSCALL_VPE_H

#include "base/bytes.h"
#include "cap/revoke.h"

struct call;
struct letter_reply;
struct rescind_peer_letter;

struct createvpe {
    uint32_t vpe_dst, mem_dst; /* selectors for the new roots */
    uint32_t pe;
    uint32_t pfgate, pfep; /* the gate to its pager, and the endpoint to activate it at */
    uint32_t name_size;    /* the name is in the caller's buffer */
};

struct vpectrl {
    uint32_t vpe;          /* selector */
    uint32_t op;           /* enum rescind_vpectrl */
    uint32_t target, life; /* once it waits: whom for */
    bool waits;
};

struct fund {
    uint32_t vpe; /* selector */
    uint64_t nodes;
    bool back;
};

enum progress createvpe_begin(struct rescind_kernel *k, uint32_t vpe, struct call *call,
                              struct bytes in);
enum progress createvpe_step(struct rescind_kernel *k, uint32_t vpe, struct call *call,
                             uint32_t *work);

enum progress vpectrl_begin(struct rescind_kernel *k, uint32_t vpe, struct call *call,
                            struct bytes in);
enum progress vpectrl_step(struct rescind_kernel *k, uint32_t vpe, struct call *call,
                           uint32_t *work);
bool vpectrl_cancel(struct rescind_kernel *k, uint32_t vpe, struct call *call);
/* What a call of another kernel wants of VPE `letter->object`; see syscall/letter.c. O(1). */
uint32_t vpectrl_serve_start(struct rescind_kernel *k, uint32_t pe,
                             const struct rescind_peer_letter *letter, struct letter_reply *reply,
                             uint8_t *data);
uint32_t vpectrl_serve_wait(struct rescind_kernel *k, uint32_t pe,
                            const struct rescind_peer_letter *letter, struct letter_reply *reply,
                            uint8_t *data);

enum progress fund_begin(struct rescind_kernel *k, uint32_t vpe, struct call *call,
                         struct bytes in);
enum progress fund_step(struct rescind_kernel *k, uint32_t vpe, struct call *call, uint32_t *work);

#endif

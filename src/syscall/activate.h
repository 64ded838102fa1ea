/* ACTIVATE, ATTACHRB and DETACHRB: what is on the endpoints of a VPE.
 *
 * An active endpoint is a capability (object/endpoint.h). Where ACTIVATE puts another in the place
 * of one that is active, the new one is made first, reserved, at a selector of its own; then the
 * old one is revoked; then the new one takes its place. So the call is refused before anything has
 * changed, or goes through.
 */
#ifndef RESCIND_SYSCALL_ACTIVATE_H
#define RESCIND_SYSCALL_ACTIVATE_H

#include "base/bytes.h"
#include "cap/revoke.h"

struct call;

enum activate_phase { ACTIVATE_LOOK, ACTIVATE_REVOKE, ACTIVATE_PLACE };

struct activate {
    struct revoke revoke; /* of what is active there */
    uint32_t vpe;         /* ATTACHRB, DETACHRB: selector */
    uint32_t ep;
    uint32_t old, new; /* ACTIVATE: selectors, or RESCIND_NONE */
    enum activate_phase phase;
    uint64_t addr; /* ATTACHRB: of the buffer in the VPE's memory */
    uint8_t order, slot_order;
};

enum progress activate_begin(struct rescind_kernel *k, uint32_t vpe, struct call *call,
                             struct bytes in);
enum progress activate_step(struct rescind_kernel *k, uint32_t vpe, struct call *call,
                            uint32_t *work);

enum progress attachrb_begin(struct rescind_kernel *k, uint32_t vpe, struct call *call,
                             struct bytes in);
enum progress attachrb_step(struct rescind_kernel *k, uint32_t vpe, struct call *call,
                            uint32_t *work);

enum progress detachrb_begin(struct rescind_kernel *k, uint32_t vpe, struct call *call,
                             struct bytes in);
enum progress detachrb_step(struct rescind_kernel *k, uint32_t vpe, struct call *call,
                            uint32_t *work);

#endif

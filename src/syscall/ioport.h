/* PORT_IN and PORT_OUT: one access to an I/O port.
 *
 * The kernel checks that the caller may, and asks the machine (RESCIND_OUTPUT_PORT), which answers
 * by rescind_kernel_port() before anything else happens. So an access is one event.
 */
#ifndef RESCIND_SYSCALL_IOPORT_H
#define RESCIND_SYSCALL_IOPORT_H

#include "base/bytes.h"
#include "cap/revoke.h"
#include "rescind/kernel.h"

struct call;

struct port_call {
    uint32_t ports;  /* selector */
    uint32_t offset; /* from the first port of the range */
    uint32_t width;  /* bits */
    uint32_t value;  /* PORT_OUT */
    bool asked;      /* the machine is to do what `access` says */
    struct rescind_kernel_port_access access;
};

enum progress portin_begin(struct rescind_kernel *k, uint32_t vpe, struct call *call,
                           struct bytes in);
enum progress portout_begin(struct rescind_kernel *k, uint32_t vpe, struct call *call,
                            struct bytes in);
enum progress port_step(struct rescind_kernel *k, uint32_t vpe, struct call *call, uint32_t *work);

/* Has the call of `vpe` asked for an access? */
bool port_is_asked(const struct rescind_kernel *k, uint32_t vpe);

/* It has been made, and this was read: the call is done. */
void port_answer(struct rescind_kernel *k, uint32_t vpe, uint32_t value);

#endif

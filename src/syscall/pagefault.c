/* PAGEFAULT; see pagefault.h. */
#include "syscall/pagefault.h"

#include "object/endpoint.h"
#include "object/visit.h"
#include "object/vpe.h"
#include "syscall/call.h"
#include "syscall/lookup.h"
#include "syscall/service.h"

enum progress pagefault_begin(struct rescind_kernel *k, uint32_t vpe, struct call *call,
                              struct bytes in)
{
    struct pagefault *c = &call->pagefault;

    (void)k;
    (void)vpe;
    c->virt = bytes_u64(&in);
    c->access = bytes_u64(&in);
    c->visit = 0;
    return bytes_ok(in) ? CALL_MORE : call_refuse(call, RESCIND_INV_ARGS);
}

/* The endpoint to the caller's pager, which is a VPE of this kernel. */
static struct lookup look_for_pager(struct rescind_kernel *k, uint32_t vpe)
{
    uint8_t ep = vpe_at(k, vpe)->pager;
    uint32_t cap = ep != 0 ? endpoint_find(k, vpe, ep) : 0;

    if (cap == 0 || endpoint_of(k, cap)->kind != ENDPOINT_SEND || endpoint_of(k, cap)->pe != k->pe)
        return (struct lookup){.error = RESCIND_NO_MAPPING};
    if (cap_at(k, cap)->flags & CAP_MARKED)
        return (struct lookup){.line = cap_line(cap_at(k, cap))};
    return (struct lookup){.cap = cap};
}

/* Asks the pager. CALL_MORE: there is an answer already. */
static enum progress ask(struct rescind_kernel *k, uint32_t vpe, struct call *call)
{
    struct pagefault *c = &call->pagefault;
    struct lookup pager = look_for_pager(k, vpe);
    const struct endpoint_node *e;
    struct visit *visit;

    if (pager.error != RESCIND_NO_ERROR)
        return call_refuse(call, pager.error);
    if (pager.line != NULL)
        return call_wait(k, vpe, pager.line);
    e = endpoint_of(k, pager.cap);
    c->visit = visit_create(k, vpe_at(k, vpe)->account, VISIT_FAULT,
                            &(struct visit_target){e->vpe, e->life, e->ep, e->label}, k->pe, vpe);
    if (c->visit == 0)
        return call_refuse(call, RESCIND_OUT_OF_MEM);
    visit = visit_at(k, c->visit);
    visit->ident = c->virt;
    visit->access = c->access;
    visit_send(k, c->visit);
    return visit->state == VISIT_ANSWERED ? CALL_MORE : call_wait(k, vpe, &visit->waiters);
}

enum progress pagefault_step(struct rescind_kernel *k, uint32_t vpe, struct call *call,
                             uint32_t *work)
{
    struct pagefault *c = &call->pagefault;
    enum progress progress = c->visit == 0 ? ask(k, vpe, call) : CALL_MORE;
    enum rescind_error error;

    (void)work;
    if (progress != CALL_MORE)
        return progress;
    error = (enum rescind_error)visit_at(k, c->visit)->error;
    visit_drop(k, c->visit);
    c->visit = 0;
    return call_refuse(call, error == RESCIND_RECV_GONE ? RESCIND_NO_MAPPING : error);
}

bool pagefault_cancel(struct rescind_kernel *k, uint32_t vpe, struct call *call)
{
    return service_cancel(k, vpe, &call->pagefault.visit);
}

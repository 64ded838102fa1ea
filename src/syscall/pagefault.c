/* PAGEFAULT; see pagefault.h. */
#include "syscall/pagefault.h"

#include "cap/peer.h"
#include "object/endpoint.h"
#include "object/note.h"
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

/* The endpoint to the caller's pager. */
static struct lookup look_for_pager(struct rescind_kernel *k, uint32_t vpe)
{
    uint8_t ep = vpe_at(k, vpe)->pager;
    uint32_t cap = ep != 0 ? endpoint_find(k, vpe, ep) : 0;

    if (cap == 0 || endpoint_of(k, cap)->kind != ENDPOINT_SEND ||
        endpoint_of(k, cap)->ep >= RESCIND_EP_COUNT)
        return (struct lookup){.error = RESCIND_NO_MAPPING};
    if (cap_at(k, cap)->flags & (endpoint_of(k, cap)->pe == k->pe ? CAP_MARKED : CAP_VISITED))
        return (struct lookup){.line = cap_line(cap_at(k, cap))};
    return (struct lookup){.cap = cap};
}

/* Asks the pager's kernel. */
static enum progress ask_kernel(struct rescind_kernel *k, uint32_t vpe, const struct pagefault *c,
                                uint32_t cap)
{
    const struct endpoint_node *e = endpoint_of(k, cap);

    return letter_ask(k, vpe,
                      &(struct letter){
                          .peer = e->pe,
                          .pin = cap,
                          .op = RESCIND_LETTER_FAULT,
                          .object = e->vpe,
                          .args = {c->virt, c->access, e->label, e->life | (uint64_t)e->ep << 32},
                      });
}

/* A pager that has gone maps nothing. */
static enum progress answer(struct call *call, uint32_t error)
{
    return call_refuse(call,
                       error == RESCIND_RECV_GONE ? RESCIND_NO_MAPPING : (enum rescind_error)error);
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
    if (e->pe != k->pe)
        return ask_kernel(k, vpe, c, pager.cap);
    c->visit = visit_create(k, vpe_at(k, vpe)->account, VISIT_FAULT,
                            &(struct visit_target){e->vpe, e->life, e->ep, e->label}, vpe);
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
    enum progress progress;
    uint32_t error;

    (void)work;
    if (letter_is_out(&call->letter)) {
        progress = letter_await(k, vpe);
        return progress == CALL_DONE ? answer(call, call->letter.error) : progress;
    }
    progress = c->visit == 0 ? ask(k, vpe, call) : CALL_MORE;
    if (progress != CALL_MORE)
        return progress;
    error = visit_at(k, c->visit)->error;
    visit_drop(k, c->visit);
    c->visit = 0;
    return answer(call, error);
}

bool fault_is_sound(const struct rescind_kernel *k, uint32_t pe,
                    const struct rescind_peer_letter *letter)
{
    (void)k;
    (void)pe;
    return letter->object < RESCIND_VPE_MAX && letter->args[3] >> 32 < RESCIND_EP_COUNT &&
           letter->length == 0;
}

uint32_t fault_serve(struct rescind_kernel *k, uint32_t pe,
                     const struct rescind_peer_letter *letter, struct letter_reply *reply,
                     uint8_t *data)
{
    struct visit_target to = {
        .vpe = letter->object,
        .life = (uint32_t)letter->args[3],
        .ep = (uint32_t)(letter->args[3] >> 32),
        .label = letter->args[2],
    };
    uint32_t visit;

    (void)reply;
    (void)data;
    if (pool_left(k) < 2)
        return RESCIND_OUT_OF_MEM;
    visit = visit_create_away(k, VISIT_FAULT, &to,
                              note_create(k, pe, letter->asker, letter->serial, false));
    visit_at(k, visit)->ident = letter->args[0];
    visit_at(k, visit)->access = letter->args[1];
    visit_send(k, visit);
    return RESCIND_PEER_TAKEN;
}

bool pagefault_cancel(struct rescind_kernel *k, uint32_t vpe, struct call *call)
{
    return service_cancel(k, vpe, &call->pagefault.visit);
}

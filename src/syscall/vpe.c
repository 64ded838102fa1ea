/* CREATEVPE, VPECTRL and FUND; see vpe.h. */
#include "syscall/vpe.h"

#include "base/pages.h"
#include "cap/peer.h"
#include "cap/create.h"
#include "object/endpoint.h"
#include "object/mem.h"
#include "object/vpe.h"
#include "syscall/call.h"
#include "syscall/lookup.h"

/* ---- CREATEVPE ---------------------------------------------------------------------------- */

struct BYTES_LAYOUT createvpe_head {
    uint32_t vpe_dst, vpe_padding;
    uint32_t mem_dst, mem_padding;
    uint64_t name_size;
};
struct BYTES_LAYOUT createvpe_tail {
    uint32_t pe, pe_padding;
    uint32_t pfgate, pfgate_padding;
    uint32_t pfep, pfep_padding;
};

enum progress createvpe_begin(struct rescind_kernel *k, uint32_t vpe, struct call *call,
                              struct bytes in)
{
    struct createvpe *c = &call->createvpe;
    const struct createvpe_head *head = (const void *)bytes_take(&in, sizeof(*head));
    const struct createvpe_tail *tail = NULL;
    const uint8_t *name = NULL;

    if (head != NULL && head->name_size <= RESCIND_VPE_NAME_MAX) {
        name = bytes_take(&in, head->name_size);
        tail = (const void *)bytes_take(&in, sizeof(*tail));
    }
    if (tail == NULL || (tail->pfgate != RESCIND_NONE && !endpoint_is_free_one(tail->pfep)) ||
        head->vpe_dst == head->mem_dst)
        return call_refuse(call, RESCIND_INV_ARGS);
    *c = (struct createvpe){
        .vpe_dst = head->vpe_dst,
        .mem_dst = head->mem_dst,
        .name_size = (uint32_t)head->name_size,
        .pe = tail->pe,
        .pfgate = tail->pfgate,
        .pfep = tail->pfep,
    };
    memcpy(call_buffer(k, vpe), name, c->name_size);
    return CALL_MORE;
}

/* What making a VPE takes beside its number: nodes of its maker's account, and of its own. */
enum {
    NODES_OF_MAKER = 3, /* two capabilities, a memory object */
    NODES_OF_VPE = 2,
    NODES_OF_PAGER = 2, /* a send endpoint and its capability */
};

static uint32_t fund_of(const struct rescind_kernel *k, uint32_t maker)
{
    uint32_t left = account_left(k, vpe_at(k, maker)->account);
    uint32_t rest = left > NODES_OF_MAKER ? left - NODES_OF_MAKER : 0;

    return rest / 4 < RESCIND_VPE_FUND ? rest / 4 : RESCIND_VPE_FUND;
}

/* A root for its maker, and what is derived from it for the VPE itself. */
static uint32_t create_both(struct rescind_kernel *k, uint32_t maker, uint32_t dst, uint32_t vpe,
                            uint32_t sel, struct cap_spec spec)
{
    spec.table = table_of(maker, TABLE_OBJECT);
    spec.sel = dst;
    spec.account = vpe_at(k, maker)->account;
    spec.home = k->pe;
    spec.parent = cap_create_at(k, &spec);
    spec.table = table_of(vpe, TABLE_OBJECT);
    spec.sel = sel;
    spec.account = vpe_at(k, vpe)->account;
    spec.flags = spec.type == RESCIND_CAP_VPE ? CAP_BOUND : 0;
    return cap_create_at(k, &spec);
}

/* Its memory; there are pages. */
static uint32_t create_memory(struct rescind_kernel *k, uint32_t maker, uint32_t page)
{
    memset(pages_at(k, (uint64_t)page * RESCIND_PAGE), 0, RESCIND_VPE_MEMORY);
    return mem_create_whole(k, vpe_at(k, maker)->account, page, RESCIND_VPE_MEMORY);
}

static void attach_pager(struct rescind_kernel *k, uint32_t vpe, uint32_t ep, uint32_t gate_cap,
                         const struct gate *gate)
{
    uint16_t account = vpe_at(k, vpe)->account;
    uint32_t endpoint = endpoint_create(k, account, ENDPOINT_SEND);

    endpoint_aim(k, endpoint, gate);
    endpoint_activate(k, vpe, ep, gate_cap, endpoint, account, 0, 0);
    vpe_at(k, vpe)->pager = (uint8_t)ep;
}

static enum progress create(struct rescind_kernel *k, uint32_t maker, struct call *call,
                            uint32_t pager, const struct described *told)
{
    const struct createvpe *c = &call->createvpe;
    uint32_t fund = fund_of(k, maker), vpe, page;

    if (account_left(k, vpe_at(k, maker)->account) < NODES_OF_MAKER ||
        fund < NODES_OF_VPE + (pager != 0 ? NODES_OF_PAGER : 0))
        return call_refuse(call, RESCIND_OUT_OF_MEM);
    page = pages_take(k, RESCIND_VPE_MEMORY / RESCIND_PAGE);
    if (page == PAGES_NONE)
        return call_refuse(call, RESCIND_OUT_OF_MEM);
    vpe = vpe_create(k, maker, fund);
    create_both(k, maker, c->vpe_dst, vpe, RESCIND_SEL_VPE,
                (struct cap_spec){.type = RESCIND_CAP_VPE, .object = vpe});
    create_both(k, maker, c->mem_dst, vpe, RESCIND_SEL_MEM,
                (struct cap_spec){
                    .type = RESCIND_CAP_MEM,
                    .rights = RESCIND_PERM_R | RESCIND_PERM_W | RESCIND_PERM_X,
                    .object = create_memory(k, maker, page),
                });
    if (pager != 0)
        attach_pager(k, vpe, c->pfep, pager, letter_gate(k, told, pager));
    outbox_text(&k->outbox, RESCIND_OUTPUT_CREATED, vpe, call_buffer(k, maker), c->name_size);
    return call_return_u64(k, maker, call, k->pe);
}

/* The gate to its pager. */
static struct lookup look_for_pager(struct rescind_kernel *k, uint32_t vpe,
                                    const struct createvpe *c)
{
    struct lookup found = {0};

    if (c->pfgate == RESCIND_NONE)
        return found;
    found = lookup_source(k, table_of(vpe, TABLE_OBJECT), c->pfgate);
    if (found.cap != 0 && cap_at(k, found.cap)->type != RESCIND_CAP_GATE)
        found.error = RESCIND_INV_ARGS;
    return found;
}

enum progress createvpe_step(struct rescind_kernel *k, uint32_t vpe, struct call *call,
                             uint32_t *work)
{
    const struct createvpe *c = &call->createvpe;
    struct described told = letter_described(k, vpe);
    uint32_t table = table_of(vpe, TABLE_OBJECT);
    struct lookup first = lookup_free(k, table, c->vpe_dst);
    struct lookup second = lookup_free(k, table, c->mem_dst);
    struct lookup pager = look_for_pager(k, vpe, c);
    uint16_t *line = first.line != NULL    ? first.line
                     : second.line != NULL ? second.line
                                           : pager.line;

    (void)work;
    if (first.error != RESCIND_NO_ERROR || second.error != RESCIND_NO_ERROR ||
        pager.error != RESCIND_NO_ERROR)
        return call_refuse(call, RESCIND_INV_ARGS);
    if (line != NULL)
        return call_wait(k, vpe, line);
    if ((c->pe != k->pe && c->pe != RESCIND_ANY_PE) || !vpe_is_left(k))
        return call_refuse(call, RESCIND_NO_FREE_CORE);
    if (pager.cap != 0 && !letter_knows(k, &told, pager.cap))
        return letter_describe(k, vpe, pager.cap);
    return create(k, vpe, call, pager.cap, &told);
}

/* ---- VPECTRL ------------------------------------------------------------------------------ */

struct BYTES_LAYOUT vpectrl_message {
    uint32_t vpe, vpe_padding;
    uint32_t op, op_padding;
    uint32_t pid, pid_padding;
};

enum progress vpectrl_begin(struct rescind_kernel *k, uint32_t vpe, struct call *call,
                            struct bytes in)
{
    const struct vpectrl_message *m = (const void *)bytes_take(&in, sizeof(*m));

    (void)k;
    (void)vpe;
    if (m == NULL || m->op > RESCIND_VPE_WAIT)
        return call_refuse(call, RESCIND_INV_ARGS);
    call->vpectrl = (struct vpectrl){.vpe = m->vpe, .op = m->op};
    return CALL_MORE;
}

static enum rescind_error start(struct rescind_kernel *k, uint32_t target)
{
    struct vpe *v = vpe_at(k, target);

    if (!v->asleep && !v->ended)
        return RESCIND_INV_ARGS; /* an end that is under way comes later */
    if (v->ended || v->ending || v->revoked)
        return RESCIND_VPE_GONE;
    v->asleep = false;
    outbox_put(&k->outbox, RESCIND_OUTPUT_STARTED, target, 0);
    return RESCIND_NO_ERROR;
}

static enum progress await(struct rescind_kernel *k, uint32_t vpe, struct call *call)
{
    struct vpectrl *c = &call->vpectrl;
    struct vpe *v = vpe_at(k, c->target);

    if (v->life != c->life || (v->ended && v->revoked))
        return call_refuse(call, RESCIND_VPE_GONE);
    if (v->ended)
        return call_return_u64(k, vpe, call, v->end_code);
    c->waits = true;
    return call_wait(k, vpe, &v->waiters);
}

/* The VPE that it is about; ended ones, too. */
static struct lookup look_for_vpe(struct rescind_kernel *k, uint32_t vpe, uint32_t sel)
{
    struct lookup found = lookup_source(k, table_of(vpe, TABLE_OBJECT), sel);

    if (found.cap != 0 && cap_at(k, found.cap)->type != RESCIND_CAP_VPE)
        found.error = RESCIND_INV_ARGS;
    return found;
}

static enum progress ask_kernel(struct rescind_kernel *k, uint32_t vpe, const struct vpectrl *c,
                                uint32_t pin)
{
    bool waits = c->op == RESCIND_VPE_WAIT;

    return letter_ask(k, vpe,
                      &(struct letter){
                          .peer = cap_at(k, pin)->home,
                          .pin = pin,
                          .op = waits ? RESCIND_LETTER_WAIT : RESCIND_LETTER_START,
                          .expects = waits ? sizeof(uint64_t) : 0,
                          .object = cap_at(k, pin)->object,
                      });
}

/* The VPE's kernel has answered, or will. */
static enum progress hear_kernel(struct rescind_kernel *k, uint32_t vpe, struct call *call)
{
    const struct letter *l = &call->letter;

    if (letter_await(k, vpe) == CALL_WAITS)
        return CALL_WAITS;
    if (l->error != RESCIND_NO_ERROR || call->vpectrl.op == RESCIND_VPE_START)
        return call_refuse(call, (enum rescind_error)l->error);
    return call_return(call, l->length);
}

enum progress vpectrl_step(struct rescind_kernel *k, uint32_t vpe, struct call *call,
                           uint32_t *work)
{
    struct vpectrl *c = &call->vpectrl;
    struct lookup found;

    (void)work;
    if (letter_is_out(&call->letter))
        return hear_kernel(k, vpe, call);
    if (c->waits)
        return await(k, vpe, call);
    found = look_for_vpe(k, vpe, c->vpe);
    if (found.error != RESCIND_NO_ERROR)
        return call_refuse(call, found.error);
    if (found.line != NULL)
        return call_wait(k, vpe, found.line);
    if (cap_at(k, found.cap)->home != k->pe)
        return ask_kernel(k, vpe, c, found.cap);
    c->target = cap_at(k, found.cap)->object;
    c->life = vpe_at(k, c->target)->life;
    /* Of one that is ending some may have seen the end, and others not. */
    if (c->op == RESCIND_VPE_START && vpe_at(k, c->target)->ending && !vpe_at(k, c->target)->ended)
        return call_wait(k, vpe, &vpe_at(k, c->target)->waiters);
    if (c->op == RESCIND_VPE_START)
        return call_refuse(call, start(k, c->target));
    return c->target == vpe ? call_refuse(call, RESCIND_INV_ARGS) : await(k, vpe, call);
}

bool vpectrl_cancel(struct rescind_kernel *k, uint32_t vpe, struct call *call)
{
    struct vpectrl *c = &call->vpectrl;

    if (!c->waits)
        return false;
    /* Where the other has ended just now it stands among those that are ready. */
    if (vpe_at(k, c->target)->life != c->life || vpe_at(k, c->target)->ended)
        task_leave(k, &k->ready, vpe);
    else
        task_leave(k, &vpe_at(k, c->target)->waiters, vpe);
    return true;
}

uint32_t vpectrl_serve_start(struct rescind_kernel *k, uint32_t pe,
                             const struct rescind_peer_letter *letter, struct letter_reply *reply,
                             uint8_t *data)
{
    (void)pe;
    (void)reply;
    (void)data;
    return start(k, letter->object);
}

uint32_t vpectrl_serve_wait(struct rescind_kernel *k, uint32_t pe,
                            const struct rescind_peer_letter *letter, struct letter_reply *reply,
                            uint8_t *data)
{
    const struct vpe *v = vpe_at(k, letter->object);
    uint64_t code = v->end_code;

    if (v->ended) {
        if (v->revoked)
            return RESCIND_VPE_GONE;
        memcpy(data, &code, sizeof(code));
        reply->length = sizeof(code);
        return RESCIND_NO_ERROR;
    }
    return vpe_watch(k, letter->object, pe, letter->asker, letter->serial)
               ? RESCIND_PEER_TAKEN
               : (uint32_t)RESCIND_OUT_OF_MEM;
}

/* ---- FUND --------------------------------------------------------------------------------- */

struct BYTES_LAYOUT fund_message {
    uint32_t vpe, vpe_padding;
    uint64_t nodes;
    uint8_t back, back_padding[7];
};

enum progress fund_begin(struct rescind_kernel *k, uint32_t vpe, struct call *call, struct bytes in)
{
    const struct fund_message *m = (const void *)bytes_take(&in, sizeof(*m));

    (void)k;
    (void)vpe;
    if (m == NULL)
        return call_refuse(call, RESCIND_INV_ARGS);
    call->fund = (struct fund){.vpe = m->vpe, .nodes = m->nodes, .back = m->back != 0};
    return CALL_MORE;
}

enum progress fund_step(struct rescind_kernel *k, uint32_t vpe, struct call *call, uint32_t *work)
{
    const struct fund *f = &call->fund;
    struct lookup found = look_for_vpe(k, vpe, f->vpe);
    struct vpe *v;

    (void)work;
    if (found.error != RESCIND_NO_ERROR)
        return call_refuse(call, found.error);
    if (found.line != NULL)
        return call_wait(k, vpe, found.line);
    if (cap_at(k, found.cap)->home != k->pe)
        return call_refuse(call, RESCIND_INV_ARGS);
    v = vpe_at(k, cap_at(k, found.cap)->object);
    if (v->ending && !v->ended)
        return call_wait(k, vpe, &v->waiters);
    if (v->boot || v->ended || v->maker != vpe)
        return call_refuse(call, RESCIND_INV_ARGS);
    if (account_left(k, f->back ? v->account : vpe_at(k, vpe)->account) < f->nodes)
        return call_refuse(call, RESCIND_OUT_OF_MEM);
    vpe_fund(k, cap_at(k, found.cap)->object, (uint32_t)f->nodes, f->back);
    return call_refuse(call, RESCIND_NO_ERROR);
}

/* ACTIVATE, ATTACHRB and DETACHRB; see activate.h. */
#include "syscall/activate.h"

#include "cap/create.h"
#include "object/endpoint.h"
#include "syscall/call.h"
#include "syscall/lookup.h"

/* Nothing is the matter with it, and it goes without more ado. */
static bool is_plain(const struct cap *cap)
{
    return (cap->flags | CAP_BOUND) == CAP_BOUND && cap->child == 0 && cap->pending == 0;
}

/* ---- ACTIVATE ----------------------------------------------------------------------------- */

/* Where a new endpoint stands as long as the old one is not gone. */
enum { ASIDE = RESCIND_EP_COUNT };

struct BYTES_LAYOUT activate_message {
    uint32_t ep, ep_padding;
    uint32_t old, old_padding;
    uint32_t new, new_padding;
};

enum progress activate_begin(struct rescind_kernel *k, uint32_t vpe, struct call *call,
                             struct bytes in)
{
    const struct activate_message *m = (const void *)bytes_take(&in, sizeof(*m));

    (void)k;
    (void)vpe;
    if (m == NULL || !endpoint_is_free_one(m->ep))
        return call_refuse(call, RESCIND_INV_ARGS);
    call->activate = (struct activate){.ep = m->ep, .old = m->old, .new = m->new};
    return CALL_MORE;
}

/* What is to be activated. */
static struct lookup look_for_new(struct rescind_kernel *k, uint32_t vpe, uint32_t sel)
{
    struct lookup found = {0};

    if (sel == RESCIND_NONE)
        return found;
    found = lookup_source(k, table_of(vpe, TABLE_OBJECT), sel);
    if (found.cap != 0) {
        const struct cap *cap = cap_at(k, found.cap);
        if (cap->type != RESCIND_CAP_GATE && cap->type != RESCIND_CAP_MEM)
            found.error = RESCIND_INV_ARGS;
    }
    return found;
}

/* What is active at the endpoint, if anything is, and made from `old`, if that is named. */
static struct lookup look_for_old(struct rescind_kernel *k, uint32_t vpe, const struct activate *a)
{
    struct lookup found = {0}, old;

    found.cap = endpoint_find(k, vpe, a->ep);
    if (found.cap != 0 && endpoint_of(k, found.cap)->kind == ENDPOINT_RECEIVE)
        found.error = RESCIND_INV_ARGS;
    else if (found.cap != 0 && (cap_at(k, found.cap)->flags & CAP_VISITED))
        found.line = cap_line(cap_at(k, found.cap));
    if (a->old == RESCIND_NONE || found.error != RESCIND_NO_ERROR)
        return found;
    old = lookup_source(k, table_of(vpe, TABLE_OBJECT), a->old);
    if (old.error != RESCIND_NO_ERROR || old.line != NULL)
        return old;
    if (found.cap == 0 || cap_at(k, found.cap)->parent != old.cap)
        found.error = RESCIND_INV_ARGS;
    return found;
}

/* The new endpoint, at selector `sel`. */
static uint32_t make(struct rescind_kernel *k, uint32_t vpe, uint32_t sel, uint32_t parent,
                     const struct described *told, uint16_t flags)
{
    const struct cap *cap = cap_at(k, parent);
    uint16_t account = vpe_at(k, vpe)->account;
    bool is_gate = cap->type == RESCIND_CAP_GATE;
    uint32_t endpoint = endpoint_create(k, account, is_gate ? ENDPOINT_SEND : ENDPOINT_MEMORY);

    if (is_gate)
        endpoint_aim(k, endpoint, letter_gate(k, told, parent));
    else
        endpoint_open_memory(k, endpoint, letter_mem(k, told, parent), cap->rights);
    return endpoint_activate(k, vpe, sel, parent, endpoint, account, flags, vpe);
}

static enum progress look(struct rescind_kernel *k, uint32_t vpe, struct call *call)
{
    struct activate *a = &call->activate;
    struct described told = letter_described(k, vpe);
    struct lookup new = look_for_new(k, vpe, a->new), old = look_for_old(k, vpe, a);

    if (new.error != RESCIND_NO_ERROR || old.error != RESCIND_NO_ERROR)
        return call_refuse(call, RESCIND_INV_ARGS);
    if (new.line != NULL || old.line != NULL)
        return call_wait(k, vpe, new.line != NULL ? new.line : old.line);
    if (new.cap != 0 && !letter_knows(k, &told, new.cap))
        return letter_describe(k, vpe, new.cap);
    if (new.cap != 0 && account_left(k, vpe_at(k, vpe)->account) < 2)
        return call_refuse(call, RESCIND_OUT_OF_MEM);
    if (old.cap == 0 || is_plain(cap_at(k, old.cap))) {
        if (old.cap != 0)
            cap_destroy(k, old.cap);
        if (new.cap != 0)
            make(k, vpe, a->ep, new.cap, &told, 0);
        return call_refuse(call, RESCIND_NO_ERROR);
    }
    if (new.cap != 0) {
        make(k, vpe, ASIDE + a->ep, new.cap, &told, CAP_RESERVED);
        revoke_hold(k, new.cap);
    }
    a->revoke = (struct revoke){
        .first_table = table_of(vpe, TABLE_ENDPOINTS),
        .last_table = table_of(vpe, TABLE_ENDPOINTS),
        .from = a->ep,
        .to = a->ep + 1,
        .own = true,
    };
    revoke_begin(k, &a->revoke);
    a->phase = ACTIVATE_REVOKE;
    return CALL_MORE;
}

/* The old endpoint is gone: the new one, if there is one, comes to its place. */
static enum progress place(struct rescind_kernel *k, uint32_t vpe, struct call *call)
{
    uint32_t table = table_of(vpe, TABLE_ENDPOINTS), ep = call->activate.ep;
    uint32_t index = table_find(k, table, ASIDE + ep);
    struct treap_place at = {0};

    if (index != 0) {
        table_remove(k, index);
        cap_at(k, index)->sel = ep;
        KERNEL_ASSERT(table_find_place(k, table, ep, &at) == 0);
        table_insert(k, index, at);
        revoke_settle(k, index);
    }
    return call_refuse(call, RESCIND_NO_ERROR);
}

enum progress activate_step(struct rescind_kernel *k, uint32_t vpe, struct call *call,
                            uint32_t *work)
{
    struct activate *a = &call->activate;
    enum progress progress = CALL_DONE;

    if (a->phase == ACTIVATE_LOOK) {
        progress = look(k, vpe, call);
        if (progress != CALL_MORE)
            return progress;
    }
    progress = revoke_step(k, &a->revoke, vpe, work);
    if (progress != CALL_DONE)
        return progress;
    return place(k, vpe, call);
}

/* ---- ATTACHRB and DETACHRB ---------------------------------------------------------------- */

struct BYTES_LAYOUT attachrb_message {
    uint32_t vpe, vpe_padding;
    uint32_t ep, ep_padding;
    uint64_t addr;
    uint32_t order, order_padding;
    uint32_t slot_order, slot_order_padding;
    uint32_t flags, flags_padding;
};

enum {
    SLOTS_ORDER_MIN = 1,
    SLOTS_ORDER_MAX = 5,
    NODES_OF_BUFFER = 2, /* the endpoint and its capability; and one a slot */
};

enum progress attachrb_begin(struct rescind_kernel *k, uint32_t vpe, struct call *call,
                             struct bytes in)
{
    const struct attachrb_message *m = (const void *)bytes_take(&in, sizeof(*m));

    (void)k;
    (void)vpe;
    if (m == NULL || !endpoint_is_free_one(m->ep) || m->addr % 8 != 0 ||
        m->slot_order < SLOT_ORDER_MIN || m->slot_order > SLOT_ORDER_MAX ||
        m->order < m->slot_order + SLOTS_ORDER_MIN || m->order > m->slot_order + SLOTS_ORDER_MAX)
        return call_refuse(call, RESCIND_INV_ARGS);
    call->activate = (struct activate){
        .vpe = m->vpe,
        .ep = m->ep,
        .addr = m->addr,
        .order = (uint8_t)m->order,
        .slot_order = (uint8_t)m->slot_order,
    };
    return CALL_MORE;
}

/* The memory of VPE `target`, in which the buffer must lie. */
static struct lookup look_for_memory(struct rescind_kernel *k, uint32_t target,
                                     const struct activate *a)
{
    struct lookup found = lookup_source(k, table_of(target, TABLE_OBJECT), RESCIND_SEL_MEM);
    const struct mem *mem;

    if (found.cap == 0)
        return found;
    mem = mem_at(k, cap_at(k, found.cap)->object);
    /* Where its maker has revoked it, anything may have come to that selector. */
    if (cap_at(k, found.cap)->type != RESCIND_CAP_MEM || cap_at(k, found.cap)->home != k->pe ||
        !mem_is_real(k, mem) || a->addr > mem->size || (1ull << a->order) > mem->size - a->addr)
        found.error = RESCIND_INV_ARGS;
    return found;
}

/* The VPE of this kernel that the call names. */
static struct lookup look_for_vpe(struct rescind_kernel *k, uint32_t vpe, uint32_t sel)
{
    struct lookup found = lookup_vpe(k, vpe, sel);

    if (found.cap != 0 && cap_at(k, found.cap)->home != k->pe)
        found.error = RESCIND_INV_ARGS;
    return found;
}

static void attach(struct rescind_kernel *k, const struct activate *a, uint32_t target,
                   uint32_t memory, uint16_t account)
{
    uint32_t endpoint = endpoint_create(k, account, ENDPOINT_RECEIVE);
    struct endpoint_node *e = endpoint_at(k, endpoint);

    e->buffer = mem_at(k, cap_at(k, memory)->object)->addr + a->addr;
    e->order = a->order;
    e->slot_order = a->slot_order;
    endpoint_set_aside(k, endpoint, 1u << (a->order - a->slot_order));
    endpoint_activate(k, target, a->ep, memory, endpoint, account, 0, 0);
}

enum progress attachrb_step(struct rescind_kernel *k, uint32_t vpe, struct call *call,
                            uint32_t *work)
{
    const struct activate *a = &call->activate;
    struct lookup found = look_for_vpe(k, vpe, a->vpe), memory, place;
    uint16_t account = vpe_at(k, vpe)->account;
    uint32_t target;

    (void)work;
    if (found.error != RESCIND_NO_ERROR)
        return call_refuse(call, found.error);
    if (found.line != NULL)
        return call_wait(k, vpe, found.line);
    target = cap_at(k, found.cap)->object;
    memory = look_for_memory(k, target, a);
    place = lookup_free(k, table_of(target, TABLE_ENDPOINTS), a->ep);
    if (memory.error != RESCIND_NO_ERROR || place.error != RESCIND_NO_ERROR)
        return call_refuse(call, memory.error != RESCIND_NO_ERROR ? memory.error : RESCIND_EXISTS);
    if (memory.line != NULL || place.line != NULL)
        return call_wait(k, vpe, memory.line != NULL ? memory.line : place.line);
    if (account_left(k, account) < NODES_OF_BUFFER + (1u << (a->order - a->slot_order)))
        return call_refuse(call, RESCIND_OUT_OF_MEM);
    attach(k, a, target, memory.cap, account);
    return call_refuse(call, RESCIND_NO_ERROR);
}

struct BYTES_LAYOUT detachrb_message {
    uint32_t vpe, vpe_padding;
    uint32_t ep, ep_padding;
};

enum progress detachrb_begin(struct rescind_kernel *k, uint32_t vpe, struct call *call,
                             struct bytes in)
{
    const struct detachrb_message *m = (const void *)bytes_take(&in, sizeof(*m));

    (void)k;
    (void)vpe;
    if (m == NULL || !endpoint_is_free_one(m->ep))
        return call_refuse(call, RESCIND_INV_ARGS);
    call->activate = (struct activate){.vpe = m->vpe, .ep = m->ep};
    return CALL_MORE;
}

enum progress detachrb_step(struct rescind_kernel *k, uint32_t vpe, struct call *call,
                            uint32_t *work)
{
    struct lookup found = look_for_vpe(k, vpe, call->activate.vpe);
    uint32_t endpoint;

    (void)work;
    if (found.error != RESCIND_NO_ERROR)
        return call_refuse(call, found.error);
    if (found.line != NULL)
        return call_wait(k, vpe, found.line);
    endpoint = endpoint_find(k, cap_at(k, found.cap)->object, call->activate.ep);
    if (endpoint == 0 || endpoint_of(k, endpoint)->kind != ENDPOINT_RECEIVE)
        return call_refuse(call, RESCIND_EP_INVALID);
    if (!is_plain(cap_at(k, endpoint))) /* it is being revoked: nothing else holds it */
        return call_wait(k, vpe, cap_line(cap_at(k, endpoint)));
    cap_destroy(k, endpoint);
    return call_refuse(call, RESCIND_NO_ERROR);
}

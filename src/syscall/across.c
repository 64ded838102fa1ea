/* EXCHANGE across kernels, the asking half; see across.h. */
#include "syscall/across.h"

#include "base/task.h"
#include "base/work.h"
#include "cap/create.h"
#include "cap/peer.h"
#include "syscall/call.h"
#include "syscall/lookup.h"

/* ---- Slots -------------------------------------------------------------------------------- */

enum { NO_SLOT = TASK_EXCHANGES, NOBODY = UINT32_MAX };

static uint32_t free_slot(const struct peer *peer)
{
    for (uint32_t slot = 0; slot < TASK_EXCHANGES; slot++) {
        if (!(peer->taken & 1u << slot))
            return slot;
    }
    return NO_SLOT;
}

/* The slot goes to the call that has waited longest, if there is one. Only that one is made ready:
 * however many wait, each is woken once a slot. */
static void give_slot_back(struct rescind_kernel *k, struct peer *peer, uint32_t slot)
{
    int32_t next = task_first(peer->slot_waiters);

    if (next < 0) {
        peer->taken &= (uint8_t) ~(1u << slot);
        return;
    }
    struct exchange *x = &call_at(k, (uint32_t)next)->exchange;
    x->granted = true;
    x->slot = slot;
    peer->askers[slot] = (uint32_t)next;
    task_leave(k, &peer->slot_waiters, (uint32_t)next);
    task_join(k, &k->ready, (uint32_t)next);
}

void across_decline(struct rescind_kernel *k, struct exchange *x)
{
    if (x->granted) {
        x->granted = false;
        give_slot_back(k, peer_at(k, x->peer), x->slot);
    }
}

static struct exchange *asker_at(const struct rescind_kernel *k, uint32_t pe, uint32_t slot)
{
    return &call_at(k, peer_at(k, pe)->askers[slot])->exchange;
}

static bool is_asked(const struct rescind_kernel *k, uint32_t pe, uint32_t slot)
{
    const struct peer *peer = peer_at(k, pe);

    return (peer->taken & 1u << slot) && peer->askers[slot] != NOBODY;
}

/* ---- Beginning ---------------------------------------------------------------------------- */

/* The line of the element that an earlier attempt met something at, if it still has to wait. */
static struct lookup look_again(struct rescind_kernel *k, const struct exchange *x)
{
    if (!x->again)
        return (struct lookup){0};
    return x->obtain ? lookup_free(k, x->dst_table, x->dst + x->awaited)
                     : lookup_source(k, x->src_table, x->src + x->awaited);
}

static void take_slot(struct rescind_kernel *k, struct exchange *x, uint32_t caller, uint32_t vpe,
                      uint32_t slot)
{
    struct peer *peer = peer_at(k, x->peer);

    peer->taken |= (uint8_t)(1u << slot);
    peer->askers[slot] = caller;
    revoke_hold(k, vpe);
    x->pin = vpe;
    if (x->agreed)
        revoke_hold(k, x->own_cap);
    x->slot = slot;
    x->granted = false;
    x->blocked = false;
    x->asked = 0;
    x->stubs = x->last = x->next = 0;
    x->phase = EXCHANGE_RESERVE;
    /* Many places are not reserved before it is known that there can be as many sources. */
    x->across = x->obtain && x->count > RESCIND_PEER_CHUNK ? ACROSS_ASK : ACROSS_RESERVE;
}

enum progress across_start(struct rescind_kernel *k, struct exchange *x, uint32_t caller,
                           uint32_t vpe, uint32_t *work, enum rescind_error *error)
{
    const struct cap *cap = cap_at(k, vpe);
    struct peer *peer = peer_at(k, cap->home);
    uint32_t slot = x->granted && x->peer == cap->home ? x->slot : free_slot(peer);
    struct lookup found;

    if (x->peer != cap->home)
        across_decline(k, x);
    x->peer = cap->home;
    x->target = x->agreed ? x->other : cap->object;
    x->src_table = x->dst_table = table_of(x->agreed ? x->own : caller, x->kind);
    x->account = vpe_at(k, caller)->account;
    found = look_again(k, x);
    if (!x->obtain && x->count > table_at(k, x->src_table)->count)
        found.error = RESCIND_INV_ARGS;
    *error = found.error;
    if (found.error != RESCIND_NO_ERROR)
        return CALL_DONE;
    if (found.line != NULL || slot == NO_SLOT) {
        task_join(k, found.line != NULL ? found.line : &peer->slot_waiters, caller);
        return CALL_WAITS;
    }
    take_slot(k, x, caller, vpe, slot);
    return across_step(k, x, caller, work, error);
}

/* ---- The own side ------------------------------------------------------------------------- */

static void give_up(struct exchange *x, enum rescind_error error)
{
    x->across = ACROSS_UNDO;
    x->error = error;
}

static struct lookup reserve_source(struct rescind_kernel *k, struct exchange *x, uint32_t caller)
{
    struct lookup src = lookup_source(k, x->src_table, x->src + x->done);
    uint32_t stub;

    if (src.cap == 0)
        return src;
    const struct cap *cap = cap_at(k, src.cap);
    stub = remote_stub(k, src.cap, x->peer,
                       RESCIND_KEY(x->peer, x->target, cap->type,
                                   (uint64_t)x->kind << 32 | (uint32_t)(x->dst + x->done)),
                       caller, x->account);
    if (stub == 0) {
        src.error = RESCIND_OUT_OF_MEM;
        return src;
    }
    if (x->last == 0)
        x->stubs = x->next = stub;
    else
        cap_at(k, x->last)->chain = stub;
    x->last = stub;
    return src;
}

static struct lookup reserve_place(struct rescind_kernel *k, struct exchange *x, uint32_t caller)
{
    struct lookup dst = lookup_free(k, x->dst_table, x->dst + x->done);
    struct cap_spec spec = {
        .table = x->dst_table,
        .sel = x->dst + x->done,
        .type = CAP_PLACE,
        .flags = CAP_RESERVED,
        .account = x->account,
        .reserver = caller,
    };

    if (dst.error == RESCIND_NO_ERROR && dst.line == NULL && cap_create(k, &spec, dst.place) == 0)
        dst.error = RESCIND_OUT_OF_MEM;
    return dst;
}

/* Puts the call where its answer wakes it. */
static enum progress await(struct rescind_kernel *k, const struct exchange *x, uint32_t caller)
{
    task_join(k, &peer_at(k, x->peer)->asker_line[x->slot], caller);
    return CALL_WAITS;
}

static enum progress ask(struct rescind_kernel *k, struct exchange *x)
{
    x->across = ACROSS_ASK;
    peer_at(k, x->peer)->asks |= (uint8_t)(1u << x->slot);
    peer_talk(k, x->peer);
    return CALL_MORE;
}

static void reserve(struct rescind_kernel *k, struct exchange *x, uint32_t caller)
{
    struct lookup found;

    if (x->done == x->count) {
        ask(k, x);
        return;
    }
    found = x->obtain ? reserve_place(k, x, caller) : reserve_source(k, x, caller);
    if (found.error != RESCIND_NO_ERROR || found.line != NULL) {
        x->again = true;
        x->awaited = x->done;
        give_up(x, found.error);
    } else {
        x->done++;
    }
}

/* The last place, or the first stub of the chain. */
static void undo(struct rescind_kernel *k, struct exchange *x)
{
    x->done--;
    if (x->obtain) {
        revoke_unreserve(k, table_find(k, x->dst_table, x->dst + x->done));
    } else {
        uint32_t stub = x->stubs;
        x->stubs = cap_at(k, stub)->chain;
        remote_unreserve(k, stub);
    }
}

static void settle(struct rescind_kernel *k, struct exchange *x, uint32_t caller)
{
    x->done--;
    if (x->obtain) {
        uint32_t index = table_find(k, x->dst_table, x->dst + x->done);
        if (index != 0 && (cap_at(k, index)->flags & CAP_RESERVED) &&
            cap_at(k, index)->reserver == caller)
            revoke_settle(k, index); /* else a revocation has taken it already */
    } else {
        uint32_t stub = x->stubs;
        x->stubs = cap_at(k, stub)->chain;
        remote_settle(k, stub);
    }
}

static void release(struct rescind_kernel *k, struct exchange *x)
{
    revoke_release(k, x->pin);
    if (x->agreed)
        revoke_release(k, x->own_cap);
}

/* All is settled: the call is done. */
static enum progress succeed(struct rescind_kernel *k, struct exchange *x, uint32_t caller,
                             enum rescind_error *error)
{
    struct peer *peer = peer_at(k, x->peer);

    task_at(k, caller)->committed = false;
    release(k, x);
    x->across = ACROSS_NONE;
    if (x->blocked)
        peer->askers[x->slot] = NOBODY; /* the other kernel is still settling, and frees it then */
    else
        give_slot_back(k, peer, x->slot);
    *error = RESCIND_NO_ERROR;
    return CALL_DONE;
}

/* All is undone: the call is refused, or starts anew, now or when it may. */
static enum progress fail(struct rescind_kernel *k, struct exchange *x, uint32_t caller,
                          enum rescind_error *error)
{
    release(k, x);
    if (x->blocked) {
        x->across = ACROSS_BLOCKED;
        return await(k, x, caller);
    }
    give_slot_back(k, peer_at(k, x->peer), x->slot);
    x->across = ACROSS_NONE;
    *error = x->error;
    return x->error != RESCIND_NO_ERROR ? CALL_DONE : CALL_MORE;
}

enum progress across_step(struct rescind_kernel *k, struct exchange *x, uint32_t caller,
                          uint32_t *work, enum rescind_error *error)
{
    for (; *work > 0; work_spend(work, WORK_COPY)) {
        switch (x->across) {
        case ACROSS_NONE: /* start anew */
            return CALL_MORE;
        case ACROSS_RESERVE:
            reserve(k, x, caller);
            break;
        case ACROSS_ASK:
            ask(k, x);
            return await(k, x, caller);
        case ACROSS_ASKED:
            return await(k, x, caller);
        case ACROSS_SETTLE:
            if (x->done == 0)
                return succeed(k, x, caller, error);
            settle(k, x, caller);
            break;
        case ACROSS_UNDO:
            if (x->done == 0) {
                enum progress progress = fail(k, x, caller, error);
                if (progress != CALL_MORE)
                    return progress;
            } else {
                undo(k, x);
            }
            break;
        case ACROSS_BLOCKED:
            KERNEL_ASSERT(!x->blocked); /* it is FREE that has woken it */
            give_slot_back(k, peer_at(k, x->peer), x->slot);
            x->across = ACROSS_NONE;
            break;
        }
    }
    return CALL_MORE;
}

/* ---- Questions ---------------------------------------------------------------------------- */

static void describe(const struct rescind_kernel *k, uint32_t stub, struct rescind_peer_cap *out)
{
    const struct cap *cap = cap_at(k, cap_at(k, stub)->parent);

    *out = (struct rescind_peer_cap){
        .stub = stub,
        .type = cap->type,
        .rights = cap->rights,
        .home = (uint16_t)cap->home,
        .object = cap->object,
    };
}

static uint32_t min(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/* How many capabilities the next question is about. */
static uint32_t chunk(const struct exchange *x)
{
    return x->done < x->count ? 0 : min(x->count - x->asked, RESCIND_PEER_CHUNK);
}

size_t across_write(struct rescind_kernel *k, uint32_t pe, uint32_t slot, uint8_t *out, size_t room)
{
    struct exchange *x = asker_at(k, pe, slot);
    uint32_t wanted = chunk(x), given = x->obtain ? 0 : wanted;
    struct rescind_peer_ask ask = {
        .head = {.kind = RESCIND_PEER_ASK, .slot = (uint8_t)slot},
        .vpe = x->target,
        .asker = x->agreed ? x->own : peer_at(k, pe)->askers[slot],
        .start = x->obtain ? x->src : x->dst,
        .to = x->obtain ? x->dst : x->src,
        .count = x->count,
        .done = x->asked,
        .wanted = (uint16_t)(x->obtain ? wanted : 0),
        .given = (uint16_t)given,
        .table = (uint8_t)x->kind,
        .obtain = x->obtain,
        .session = x->agreed ? cap_at(k, x->pin)->object : 0,
        .serial = x->agreed ? x->serial : 0,
    };
    size_t size = sizeof(ask) + given * sizeof(struct rescind_peer_cap);

    if (size > room)
        return 0;
    ask.head.size = (uint16_t)size;
    memcpy(out, &ask, sizeof(ask));
    for (uint32_t i = 0; i < given; i++) {
        struct rescind_peer_cap cap;
        describe(k, x->next, &cap);
        memcpy(out + sizeof(ask) + i * sizeof(cap), &cap, sizeof(cap));
        x->next = cap_at(k, x->next)->chain;
    }
    x->across = ACROSS_ASKED;
    return size;
}

/* ---- Answers ------------------------------------------------------------------------------ */

bool across_is_cap(const struct rescind_kernel *k, const struct rescind_peer_cap *element)
{
    const struct cap_type *type = cap_type(element->type);

    if (type == NULL || element->home >= k->peer_count || element->reserved != 0 ||
        element->stub == 0 ||
        (element->rights & ~(RESCIND_PERM_R | RESCIND_PERM_W | RESCIND_PERM_X)) != 0)
        return false;
    if (element->home != k->pe)
        return element->type != RESCIND_CAP_VPE || element->object < RESCIND_VPE_MAX;
    if (type->node == 0)
        return type->exists(k, element->object);
    return pool_has(k, element->object) && cap_at(k, element->object)->type == type->node;
}

static bool is_sound(const struct rescind_kernel *k, const struct exchange *x,
                     const struct rescind_peer_answer *answer)
{
    bool ok = answer->error == RESCIND_NO_ERROR;

    if (x->across != ACROSS_ASKED || answer->done != x->asked ||
        answer->given != (ok && x->obtain ? chunk(x) : 0))
        return false;
    if (!ok && answer->error != RESCIND_PEER_BLOCKED && answer->error != RESCIND_INV_ARGS &&
        answer->error != RESCIND_OUT_OF_MEM && answer->error != RESCIND_NO_PERM)
        return false;
    for (uint32_t i = 0; i < answer->given; i++) {
        if (!across_is_cap(k, &answer->caps[i]))
            return false;
    }
    return true;
}

static void fill(struct rescind_kernel *k, const struct exchange *x,
                 const struct rescind_peer_cap *cap, uint32_t sel)
{
    struct cap_spec spec = {
        .type = cap->type,
        .rights = cap->rights,
        .home = cap->home,
        .object = cap->object,
        .peer = x->peer,
        .parent = cap->stub,
    };

    spec.flags = x->kind == TABLE_MAP ? CAP_BOUND : 0;
    cap_fill(k, table_find(k, x->dst_table, sel), &spec);
}

enum remote_sense across_answer(struct rescind_kernel *k, uint32_t pe,
                                const struct rescind_peer_answer *answer)
{
    uint32_t slot = answer->head.slot;
    struct peer *peer = peer_at(k, pe);

    if (!is_asked(k, pe, slot) || !is_sound(k, asker_at(k, pe, slot), answer))
        return REMOTE_REFUSED;
    struct exchange *x = asker_at(k, pe, slot);
    if (answer->error != RESCIND_NO_ERROR) {
        x->blocked = answer->error == RESCIND_PEER_BLOCKED;
        x->again = false; /* what it waits for is not here */
        give_up(x, x->blocked ? RESCIND_NO_ERROR : (enum rescind_error)answer->error);
    } else if (x->done < x->count) {
        x->across = ACROSS_RESERVE; /* there can be so many */
    } else {
        uint32_t n = chunk(x);
        for (uint32_t i = 0; i < answer->given; i++)
            fill(k, x, &answer->caps[i], x->dst + x->asked + i);
        x->asked += n;
        if (x->asked < x->count) {
            ask(k, x);
            return REMOTE_HEARD;
        }
        x->across = ACROSS_SETTLE;
        x->blocked = x->count > RESCIND_PEER_CHUNK;       /* FREE follows */
        task_at(k, peer->askers[slot])->committed = true; /* obtain: the effect */
    }
    task_wake(k, &peer->asker_line[slot]);
    return REMOTE_HEARD;
}

enum remote_sense across_free(struct rescind_kernel *k, uint32_t pe, uint32_t slot)
{
    struct peer *peer = peer_at(k, pe);

    if (!(peer->taken & 1u << slot))
        return REMOTE_REFUSED;
    if (peer->askers[slot] == NOBODY) {
        give_slot_back(k, peer, slot);
        return REMOTE_HEARD;
    }
    struct exchange *x = asker_at(k, pe, slot);
    if (!x->blocked)
        return REMOTE_REFUSED;
    x->blocked = false;
    task_wake(k, &peer->asker_line[slot]);
    return REMOTE_HEARD;
}

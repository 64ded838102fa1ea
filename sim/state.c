/* A kernel's state as a number; see state.h. */
#include "sim/state.h"

#include <string.h>

#include "base/pages.h"
#include "base/task.h"
#include "cap/peer.h"
#include "cap/remote.h"
#include "cap/table.h"
#include "object/endpoint.h"
#include "object/vpe.h"
#include "rescind/peer.h"
#include "syscall/call.h"
#include "syscall/serve.h"

/* Both halves of a product, after Wang Yi's wyhash. */
static uint64_t pair(uint64_t a, uint64_t b)
{
    __extension__ unsigned __int128 product =
        (unsigned __int128)(a ^ 0xa0761d6478bd642full) * (b ^ 0xe7037ed1a0b428dbull);

    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static void mix(uint64_t *hash, uint64_t value)
{
    *hash = pair(*hash, value);
}

static void mix_two(uint64_t *hash, uint64_t a, uint64_t b)
{
    *hash = pair(*hash ^ a, b);
}

/* Begins a part of a row of values that is not always there. No capability's name has this bit, and
 * a stub's has the one above it, too. */
#define PART (1ull << 62)

/* The name of stub `index` of a kernel: by what it links. 0 where there is none. */
static uint64_t stub_name(const struct rescind_kernel *k, uint32_t index)
{
    const struct cap *stub = cap_at(k, index), *parent;
    uint64_t hash = k->pe;

    if (!pool_has(k, index) || stub->type != CAP_STUB)
        return 0;
    parent = cap_at(k, stub->parent);
    mix(&hash, (uint64_t)parent->sel << 14 | parent->table);
    mix(&hash, remote_key(stub));
    return hash | 1ull << 63;
}

/* The name of a node of the derivation tree: a capability's is its place. 0 for none. */
static uint64_t name(const struct rescind_kernel *k, uint32_t index)
{
    const struct cap *cap = cap_at(k, index);

    if (index == 0)
        return 0;
    if (cap_is_cap(cap))
        return ((uint64_t)cap->sel << 14 | cap->table) + 1;
    return stub_name(k, index);
}

/* For each task of a line: that it stands there. A task stands in one line at most, and it does not
 * matter in which order they are told. */
static uint64_t hash_line(const struct rescind_kernel *k, uint32_t line, uint64_t where)
{
    uint64_t sum = 0;

    for (int32_t task = task_first(line); task >= 0; task = task_after(k, line, (uint32_t)task))
        sum += pair((uint32_t)task, where);
    return sum;
}

/* ---- Objects ------------------------------------------------------------------------------ */

/* What a message's answer will find: the sender's VPE, and the endpoint that it has spent a credit
 * of. Neither comes again once it is gone. */
static uint64_t hash_way_back(const struct rescind_kernel *k, const struct message_node *message)
{
    uint32_t cap;

    if (message->pe != k->pe)
        return (uint64_t)message->life << 32 | message->serial;
    if (!vpe_lives(k, message->vpe, message->life))
        return 0;
    cap = endpoint_find(k, message->vpe, message->sender_ep);
    return cap != 0 && endpoint_of(k, cap)->serial == message->serial ? 3 : 1;
}

/* A message at an endpoint. Its data lies in machine memory. */
static uint64_t hash_waiting(const struct rescind_kernel *k, uint32_t index)
{
    const struct message_node *message = message_at(k, index);
    uint64_t hash = pair(name(k, message->sender), message->id);

    mix_two(&hash,
            (uint64_t)message->slot << 32 | (uint64_t)message->is_reply << 24 |
                (uint64_t)message->reply_ep << 16 | (uint64_t)message->sender_ep << 8,
            (uint64_t)message->pe << 32 | (uint64_t)message->vpe << 16 | message->size);
    mix_two(&hash, message->label, message->reply_label);
    mix(&hash, hash_way_back(k, message));
    return hash;
}

/* Those that wait come in their order; those that are open are found by their ids. */
static void hash_receiver(const struct rescind_kernel *k, const struct endpoint_node *e,
                          uint64_t own, uint64_t *hash)
{
    uint64_t open = 0;

    mix_two(hash, e->buffer, (uint64_t)e->order << 16 | (uint64_t)e->slots << 8 | e->slot_order);
    mix_two(hash, e->taken, e->ids);
    for (uint32_t at = e->first; at != 0; at = message_at(k, at)->next)
        mix(hash, hash_waiting(k, at));
    for (uint32_t at = e->open; at != 0; at = message_at(k, at)->next)
        open += hash_waiting(k, at);
    mix(hash, open);
    *hash += hash_line(k, e->waiters, own << 3 | 7);
}

static void hash_endpoint(const struct rescind_kernel *k, const struct endpoint_node *e,
                          uint64_t own, uint64_t *hash)
{
    mix_two(hash, e->kind, (uint64_t)e->pe << 8 | e->rights);
    switch ((enum endpoint_kind)e->kind) {
    case ENDPOINT_SEND:
        mix_two(hash, (uint64_t)e->vpe << 32 | e->life, (uint64_t)e->ep << 32 | e->credits);
        mix_two(hash, e->label, e->credits_max);
        break;
    case ENDPOINT_MEMORY:
        mix_two(hash, e->addr, e->size);
        break;
    case ENDPOINT_RECEIVE:
        hash_receiver(k, e, own, hash);
        break;
    }
}

/* What a capability names, where it has that of no other one. What a call has put there is in the
 * program that made it, but whose call it was and what it met there is not. */
static void hash_object(const struct rescind_kernel *k, const struct cap *cap, uint64_t own,
                        uint64_t *hash)
{
    const struct gate *gate = gate_at(k, cap->object);
    const struct mem *mem = mem_at(k, cap->object);

    switch (cap->type) {
    case RESCIND_CAP_GATE:
        mix_two(hash, (uint64_t)gate->pe << 32 | gate->vpe, (uint64_t)gate->life << 32 | gate->ep);
        mix_two(hash, gate->label, gate->credits);
        break;
    case RESCIND_CAP_MEM:
        mix_two(hash, mem->addr, mem->size << 1 | mem->whole);
        break;
    case CAP_ENDPOINT:
        hash_endpoint(k, endpoint_of(k, cap_index(k, cap)), own, hash);
        break;
    default: /* what it names is no node of the pool */
        mix(hash, cap->object);
        break;
    }
}

/* Has it an object that no other capability of this kernel has told of? */
static bool has_object(const struct rescind_kernel *k, const struct cap *cap)
{
    return cap->home == k->pe && cap->type != CAP_PLACE && cap->type != RESCIND_CAP_MAP &&
           ((cap->flags & CAP_BOUND) != 0 || (cap_parent(cap) == 0 && !(cap->flags & CAP_REMOTE)));
}

/* ---- Capabilities ------------------------------------------------------------------------- */

/* One node of the derivation tree, or a tomb. */
static uint64_t hash_node(const struct rescind_kernel *const *all, const struct rescind_kernel *k,
                          uint32_t index)
{
    const struct cap *cap = cap_at(k, index);
    uint64_t own = name(k, index), flags = cap->flags & ~(unsigned)CAP_AWAITED;
    uint64_t rights = cap_is_cap(cap) ? cap->rights : 0;
    uint64_t kind = (uint64_t)cap->account << 32 | rights << 24 | flags << 8 | cap->type;
    uint64_t hash = pair(kind, own); /* who waits is told below */
    uint32_t parent = cap_parent(cap);

    if (cap->type == CAP_TOMB || (cap->flags & CAP_REMOTE))
        mix_two(&hash, (uint64_t)cap->peer << 32, stub_name(all[cap->peer], cap->parent));
    if (cap->type == CAP_TOMB)
        return hash;
    if (parent != 0)
        mix_two(&hash, name(k, parent), cap->next == index ? own : name(k, cap->next));
    mix_two(&hash, (cap->flags & CAP_RESERVED ? cap->reserver + 1ull : 0) << 32 | cap->pending,
            cap->type != CAP_STUB ? name(k, cap->child) : 0);
    if (cap_is_cap(cap) && has_object(k, cap))
        hash_object(k, cap, own, &hash);
    else if (cap->type == RESCIND_CAP_MAP ||
             (cap->type == RESCIND_CAP_VPE && (cap->flags & CAP_REMOTE)))
        mix(&hash, (uint64_t)cap->home << 32 | cap->object);
    if (cap_is_cap(cap) && cap->waiters != 0)
        hash += hash_line(k, cap->waiters, own << 2 | 1);
    return hash;
}

/* All nodes, in whatever order. */
static uint64_t hash_caps(const struct rescind_kernel *const *all, const struct rescind_kernel *k)
{
    uint64_t sum = 0;

    for (uint32_t index = k->pool.first; index < k->pool.high; index++) {
        const struct cap *cap = cap_at(k, index);
        if (cap_is_cap(cap) || cap->type == CAP_STUB || cap->type == CAP_TOMB)
            sum += hash_node(all, k, index);
    }
    for (uint32_t table = 0; table < table_of(k->vpe_count, 0); table++) {
        const struct table *t = table_at(k, table);
        uint64_t hash = table;
        if (table_has_lock(t)) {
            mix(&hash, t->lock_from);
            mix(&hash, t->lock_last);
            sum += hash;
        }
        sum += hash_line(k, t->lock_waiters, table << 2 | 2);
    }
    return sum + hash_line(k, k->ready, 3);
}

static void hash_exchange(const struct exchange *x, uint64_t *hash)
{
    mix(hash, (uint64_t)x->phase << 32 | x->done);
    mix(hash, x->again ? x->awaited + 1 : 0);
    mix(hash, x->phase == EXCHANGE_UNDO || x->across == ACROSS_UNDO ? x->error : 0);
    mix(hash, x->done > 0 || x->phase != EXCHANGE_RESERVE ? x->target : 0);
    if (x->across != ACROSS_NONE) {
        mix(hash, (uint64_t)x->across << 32 | x->asked);
        mix(hash, (uint64_t)x->peer << 32 | x->slot << 1 | x->blocked);
        mix(hash, x->target);
    }
}

static void hash_createmap(const struct createmap *c, uint64_t *hash)
{
    mix_two(hash, (uint64_t)c->phase << 32 | c->done, c->awaited);
    mix(hash, c->phase == EXCHANGE_UNDO ? c->error : 0);
    mix(hash, c->done > 0 || c->phase != EXCHANGE_RESERVE ? c->target : 0);
}

/* What a call has found out that is in no capability, and in no program. */
static void hash_found(const struct call *call, uint64_t *hash)
{
    switch (call->opcode) {
    case RESCIND_SYS_ACTIVATE:
        mix(hash, call->activate.phase);
        break;
    case RESCIND_SYS_REQMEM:
        mix(hash, call->reqmem.cap != 0 ? call->reqmem.page + 1ull : 0);
        break;
    case RESCIND_SYS_CREATEMAP:
        hash_createmap(&call->createmap, hash);
        break;
    case RESCIND_SYS_RECEIVE:
        mix(hash, call->message.waits | call->message.has_waited << 1);
        break;
    case RESCIND_SYS_VPECTRL:
        mix(hash, call->vpectrl.waits);
        if (call->vpectrl.waits)
            mix_two(hash, call->vpectrl.target, call->vpectrl.life);
        break;
    default:
        break;
    }
}

/* How far the call of `vpe` has come; the rest of it is in the program. */
static void hash_call(const struct rescind_kernel *k, uint32_t vpe, uint64_t *hash)
{
    struct call *call = call_at(k, vpe);
    const struct exchange *exchange = call_exchange(call);
    const struct revoke *revoke = call_revoke(call);

    mix(hash, call->opcode); /* the end that was asked for is an EXIT */
    if (exchange != NULL)
        hash_exchange(exchange, hash);
    if (revoke != NULL) {
        mix(hash, (uint64_t)revoke->table << 8 | revoke->phase << 1 | revoke->open);
        mix(hash, revoke->sel);
    }
    hash_found(call, hash);
}

/* What only those have that were not there at the start, or have nodes of their own. */
static void hash_life(const struct rescind_kernel *k, uint32_t vpe, uint64_t *hash)
{
    const struct vpe *v = vpe_at(k, vpe);

    mix_two(hash, (uint64_t)v->life << 32 | v->end_code,
            (uint64_t)v->boot << 32 | (uint64_t)v->pager << 16 | v->account);
    mix_two(hash, v->maker, account_left(k, vpe_own_account(vpe)));
}

static void hash_vpe(const struct rescind_kernel *k, uint32_t vpe, uint64_t *hash)
{
    const struct vpe *v = vpe_at(k, vpe);

    mix_two(hash, vpe,
            v->ended | v->calling << 1 | v->end_wanted << 2 | task_at(k, vpe)->committed << 3 |
                v->asleep << 4 | v->ending << 5 | v->revoked << 6);
    *hash += hash_line(k, v->waiters, PART | vpe << 4 | 6);
    if (!v->boot || v->account != ACCOUNT_KERNEL || v->ended || v->ending || v->end_wanted)
        hash_life(k, vpe, hash);
    if (v->calling)
        hash_call(k, vpe, hash);
}

/* Whose numbers are given again, in which order. */
static void hash_numbers(const struct rescind_kernel *k, uint64_t *hash)
{
    mix(hash, k->vpe_count);
    for (uint32_t next = k->vpe_free; next != 0; next = vpe_at(k, next - 1)->next)
        mix(hash, next);
}

/* ---- Machine memory ----------------------------------------------------------------------- */

enum { CHUNK = 512 }; /* bytes that mostly are all zero, or not */

static void hash_chunk(const uint8_t *bytes, uint64_t where, uint64_t *hash)
{
    static const uint8_t zeros[CHUNK];
    uint64_t words[CHUNK / sizeof(uint64_t)];

    if (memcmp(bytes, zeros, CHUNK) == 0)
        return;
    memcpy(words, bytes, CHUNK);
    mix(hash, where);
    for (size_t i = 0; i < CHUNK / sizeof(uint64_t); i += 2)
        mix_two(hash, words[i], words[i + 1]);
}

/* Which pages are taken, and what is on them: nobody sees what is on others before it is cleared.
 */
static void hash_pages(const struct rescind_kernel *k, uint64_t *hash)
{
    for (uint32_t page = 0; page < k->pages; page++) {
        uint64_t addr = (uint64_t)page * RESCIND_PAGE;
        if (!page_is_taken(k, page))
            continue;
        mix(hash, PART | page);
        for (uint32_t at = 0; at < RESCIND_PAGE; at += CHUNK)
            hash_chunk(pages_at(k, addr + at), at, hash);
    }
}

/* ---- What stands in lines ----------------------------------------------------------------- */

/* What stands in a row that is linked by `work`, in its order. */
static void hash_row(const struct rescind_kernel *k, uint32_t first, uint64_t which, uint64_t *hash)
{
    if (first == 0)
        return;
    mix(hash, which);
    for (uint32_t at = first; at != 0; at = cap_at(k, at)->work)
        mix(hash, name(k, at));
}

/* What there is to tell kernel `pe`, in its order. */
static void hash_news(const struct rescind_kernel *const *all, const struct rescind_kernel *k,
                      uint32_t pe, uint64_t *hash)
{
    const struct peer *peer = peer_at(k, pe);
    uint32_t up = peer->up, down = peer->down;

    if ((up | down) == 0)
        return;
    mix(hash, PART | pe << 2 | 2);
    while (up != 0) {
        mix(hash, stub_name(all[pe], cap_at(k, up)->parent));
        up = cap_at(k, up)->next == peer->up ? 0 : cap_at(k, up)->next;
    }
    mix(hash, PART | 3);
    while (down != 0) {
        mix(hash, stub_name(k, down));
        down = cap_at(k, down)->tell_next == peer->down ? 0 : cap_at(k, down)->tell_next;
    }
}

/* What stands on stacks, in queues and in rings. */
static void hash_orders(const struct rescind_kernel *const *all, const struct rescind_kernel *k,
                        uint64_t *hash)
{
    for (uint32_t task = 0; task < task_of_exchange(k, 0, 0); task++)
        hash_row(k, task_at(k, task)->stack, PART | task << 2, hash);
    for (uint32_t pe = 0; pe < k->peer_count; pe++) {
        hash_row(k, peer_at(k, pe)->first, PART | pe << 2 | 1, hash);
        hash_news(all, k, pe, hash);
    }
}

static void hash_served(const struct served *s, bool answers, uint64_t *hash)
{
    mix(hash, s->state);
    if (s->state == SERVE_IDLE && !answers)
        return;
    mix(hash, (uint64_t)s->asker << 32 | s->vpe << 2 | s->kind << 1 | s->obtain);
    mix(hash, (uint64_t)s->start << 32 | s->to);
    mix(hash, (uint64_t)s->count << 32 | s->done);
    if (answers || s->state == SERVE_UNDO || s->state == SERVE_SETTLE) {
        mix(hash, (uint64_t)s->error << 32 | s->answer_done);
        mix(hash, (uint64_t)s->given << 32 | (s->state == SERVE_UNDO ? s->met : 0));
    }
}

/* The EXCHANGEs between this kernel and `pe`. Slots that nothing goes on in are left out. */
static void hash_slots(const struct rescind_kernel *k, uint32_t pe, uint64_t *hash)
{
    const struct peer *peer = peer_at(k, pe);

    for (uint32_t slot = 0; slot < TASK_EXCHANGES; slot++) {
        const struct served *served = served_at(k, pe, slot);
        bool taken = (peer->taken & 1u << slot) != 0, answers = (peer->answers & 1u << slot) != 0;
        uint64_t where = PART | pe << 8 | slot << 4 | 5;
        if (!taken && !answers && served->state == SERVE_IDLE && peer->asker_line[slot] == 0)
            continue;
        mix_two(hash, where, taken ? peer->askers[slot] + 1ull : 0);
        *hash += hash_line(k, peer->asker_line[slot], where);
        hash_served(served, answers, hash);
    }
}

static void hash_peers(const struct rescind_kernel *k, uint64_t *hash)
{
    for (uint32_t pe = 0; pe < k->peer_count; pe++) {
        const struct peer *peer = peer_at(k, pe);
        mix_two(hash,
                (uint64_t)peer->taken << 24 | (uint64_t)peer->asks << 16 | peer->answers << 8 |
                    peer->frees,
                peer->turn);
        *hash += hash_line(k, peer->slot_waiters, (uint64_t)pe << 8 | 4);
        hash_slots(k, pe, hash);
    }
}

uint64_t state_of_kernel(const struct rescind_kernel *const *all, uint32_t pe)
{
    const struct rescind_kernel *k = all[pe];
    uint64_t hash = hash_caps(all, k);

    mix_two(&hash, pool_left(k), k->pool.starved);
    if (k->peer_count > 1)
        hash_peers(k, &hash);
    hash_orders(all, k, &hash);
    for (uint32_t vpe = 0; vpe < k->vpe_count; vpe++)
        hash_vpe(k, vpe, &hash);
    hash_numbers(k, &hash);
    hash_pages(k, &hash);
    return hash;
}

uint64_t state_of_stubs(const struct rescind_kernel *k)
{
    uint64_t sum = 0;

    for (uint32_t index = 1; k->peer_count > 1 && index < k->pool.high; index++)
        if (cap_at(k, index)->type == CAP_STUB)
            sum += pair(index, stub_name(k, index));
    return sum;
}

/* ---- Messages ----------------------------------------------------------------------------- */

/* Stubs that are named in it; a capability that is handed on is linked to one of the teller, when
 * it is obtained from there or delegated from there alike. */
static void hash_given(const struct rescind_kernel *teller, const struct rescind_peer_cap *caps,
                       uint32_t count, uint64_t *hash)
{
    for (uint32_t i = 0; i < count; i++) {
        mix(hash, stub_name(teller, caps[i].stub));
        mix(hash, (uint64_t)caps[i].type << 32 | (uint64_t)caps[i].rights << 16 | caps[i].home);
        mix(hash, caps[i].type == RESCIND_CAP_VPE ? caps[i].object : 0);
    }
}

static void hash_record(const struct rescind_kernel *const *all, uint32_t from, uint32_t to,
                        const struct rescind_peer_record *record, uint64_t *hash)
{
    const struct rescind_peer_order *order = (const void *)record;
    const struct rescind_peer_ask *ask = (const void *)record;
    const struct rescind_peer_answer *answer = (const void *)record;

    mix(hash, (uint64_t)record->kind << 8 | record->slot);
    switch (record->kind) {
    case RESCIND_PEER_MARKED:
    case RESCIND_PEER_UNLINK:
        mix(hash, stub_name(all[to], record->stub));
        break;
    case RESCIND_PEER_MARK:
    case RESCIND_PEER_SWEEP:
        /* Where the child is gone the stub may be, too. */
        mix(hash, stub_name(all[from], record->stub));
        mix(hash, order->key);
        break;
    case RESCIND_PEER_ASK:
        mix(hash, (uint64_t)ask->vpe << 32 | ask->asker);
        mix(hash, (uint64_t)ask->start << 32 | ask->to);
        mix(hash, (uint64_t)ask->count << 32 | ask->done);
        mix(hash, (uint64_t)ask->wanted << 32 | ask->table << 1 | ask->obtain);
        hash_given(all[from], ask->caps, ask->given, hash);
        break;
    case RESCIND_PEER_ANSWER:
        mix(hash, (uint64_t)answer->error << 32 | answer->done);
        hash_given(all[from], answer->caps, answer->given, hash);
        break;
    default:
        break;
    }
}

uint64_t state_of_message(const struct rescind_kernel *const *all, uint32_t from, uint32_t to,
                          const uint8_t *message, size_t size)
{
    _Alignas(8) uint8_t bytes[RESCIND_PEER_MSG_MAX];
    uint64_t hash = (uint64_t)from << 32 | to;

    memcpy(bytes, message, size);
    for (size_t at = sizeof(struct rescind_peer_message); at < size;) {
        const struct rescind_peer_record *record = (const void *)(bytes + at);
        hash_record(all, from, to, record, &hash);
        at += record->size;
    }
    return hash;
}

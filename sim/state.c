/* A kernel's state as a number; see state.h. */
#include "sim/state.h"

#include <glib.h>
#include <string.h>

#include "base/pages.h"
#include "base/task.h"
#include "cap/peer.h"
#include "cap/remote.h"
#include "cap/table.h"
#include "object/endpoint.h"
#include "object/irq.h"
#include "object/note.h"
#include "object/service.h"
#include "object/visit.h"
#include "object/vpe.h"
#include "rescind/peer.h"
#include "syscall/call.h"
#include "syscall/open.h"
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

/* `size` bytes of whatever they are. */
static void mix_bytes(uint64_t *hash, const void *bytes, size_t size)
{
    mix(hash, size);
    for (size_t at = 0; at < size; at += sizeof(uint64_t)) {
        uint64_t word = 0;
        memcpy(&word, (const uint8_t *)bytes + at, MIN(size - at, sizeof(word)));
        mix(hash, word);
    }
}

/* Serial numbers are not told: who has one is looked for, and what is gone does not come again. */

/* What a message's answer will find: the sender's VPE, and the endpoint that it has spent a credit
 * of. */
static uint64_t hash_way_back(const struct rescind_kernel *const *all,
                              const struct rescind_kernel *k, const struct message_node *message)
{
    const struct rescind_kernel *from = message->pe < k->peer_count ? all[message->pe] : NULL;
    uint32_t cap;

    if (from == NULL || !vpe_lives(from, message->vpe, message->life))
        return 0;
    cap = endpoint_find(from, message->vpe, message->sender_ep);
    return cap != 0 && endpoint_of(from, cap)->serial == message->serial ? 3 : 1;
}

/* Does the call of `vpe` of kernel `pe` still go by this letter? */
static bool is_waiting(const struct rescind_kernel *const *all, uint32_t pe, uint32_t vpe,
                       uint32_t serial)
{
    const struct rescind_kernel *k = all[pe];

    return vpe < k->vpe_count && vpe_at(k, vpe)->calling &&
           call_at(k, vpe)->letter.state != LETTER_NONE && call_at(k, vpe)->letter.serial == serial;
}

/* The name of the capability of the service or session that has a serial number, or 0. */
static uint64_t name_of_serial(const struct rescind_kernel *k, uint8_t type, uint32_t serial)
{
    for (uint32_t index = k->pool.first; index < k->pool.high; index++) {
        const struct cap *cap = cap_at(k, index);
        if (cap->type != type || !(cap->flags & CAP_BOUND) || cap->home != k->pe)
            continue;
        if (serial == (type == RESCIND_CAP_SERVICE ? service_at(k, cap->object)->serial
                                                   : session_at(k, cap->object)->serial))
            return name(k, index);
    }
    return 0;
}

/* A question of a kernel's, and its answer. */
static uint64_t hash_visit(const struct rescind_kernel *k, uint32_t index)
{
    const struct visit *visit = visit_at(k, index);
    uint64_t hash =
        pair((uint64_t)visit->op << 8 | visit->state,
             visit->state == VISIT_ANSWERED || visit->state == VISIT_HELD ? visit->error : 0);

    uint32_t asker =
        visit_is_away(k, visit) ? note_at(k, visit->note)->asker : (uint32_t)visit->vpe;

    mix_two(&hash, (uint64_t)visit->pe << 32 | (uint64_t)asker << 16 | visit->to_vpe,
            (uint64_t)visit->to_life << 32 | (uint64_t)visit->to_ep << 16 | visit->object.account);
    mix_two(&hash, visit->label, visit->ident);
    mix_two(&hash, visit->kind, visit->access); /* or the range */
    if (visit->state != VISIT_ABANDONED) {
        uint8_t args[RESCIND_ARGS_MAX];
        visit_get_args(k, visit, args);
        mix_bytes(&hash, args, visit->args_size);
    }
    if (visit_is_away(k, visit)) {
        const struct note *note = note_at(k, visit->note);
        uint8_t opening[NOTE_ARGS];
        note_get(k, visit->note, 0, opening, sizeof(opening));
        mix_two(&hash, (uint64_t)note->about << 32 | note->serial, note->claim);
        mix_bytes(&hash, opening, visit->op == RESCIND_SERVICE_OPEN ? sizeof(opening) : 0);
        return hash;
    }
    hash += hash_line(k, visit->waiters, PART | (uint64_t)visit->vpe << 4 | 7);
    return hash;
}

/* Visits that stand in a ring, in their order. */
static void hash_visits(const struct rescind_kernel *k, uint32_t ring, uint64_t *hash)
{
    for (uint32_t at = ring; at != 0;) {
        mix(hash, hash_visit(k, at));
        at = visit_at(k, at)->next == ring ? 0 : visit_at(k, at)->next;
    }
}

/* Notes of a list, in its order. */
static void hash_notes(const struct rescind_kernel *const *all, const struct rescind_kernel *k,
                       uint32_t list, uint64_t *hash)
{
    for (uint32_t at = list; at != 0; at = note_at(k, at)->next) {
        const struct note *note = note_at(k, at);
        size_t here = MIN(note->length, sizeof(note->data));
        const uint8_t *more = (const uint8_t *)pool_node(k, note->more) + sizeof(struct object);
        mix_two(hash, (uint64_t)note->pe << 32 | note->asker,
                (uint64_t)is_waiting(all, note->pe, note->asker, note->serial) << 32 |
                    (uint64_t)(note->more != 0) << 31 | note->error);
        mix_bytes(hash, note->data, here);
        mix_bytes(hash, more, note->length - here);
    }
}

/* A message at an endpoint. Its data lies in machine memory. */
static uint64_t hash_waiting(const struct rescind_kernel *const *all,
                             const struct rescind_kernel *k, uint32_t index)
{
    const struct message_node *message = message_at(k, index);
    uint64_t hash = pair(name(k, message->sender), message->id);

    mix_two(&hash,
            (uint64_t)message->slot << 32 | (uint64_t)message->is_reply << 24 |
                (uint64_t)message->reply_ep << 16 | (uint64_t)message->sender_ep << 8 |
                message->reply_order,
            (uint64_t)message->pe << 32 | (uint64_t)message->vpe << 16 | message->size);
    mix_two(&hash, message->label, message->reply_label);
    if (message->listener != 0)
        mix(&hash, name(k, message->listener));
    mix(&hash, hash_way_back(all, k, message));
    if (message->visit != 0)
        mix(&hash, message->visit != VISIT_NONE ? hash_visit(k, message->visit) : 1);
    return hash;
}

/* Those that wait come in their order; those that are open are found by their ids. */
static void hash_receiver(const struct rescind_kernel *const *all, const struct rescind_kernel *k,
                          const struct endpoint_node *e, uint64_t own, uint64_t *hash)
{
    uint64_t open = 0;

    mix_two(hash, e->buffer, (uint64_t)e->order << 16 | (uint64_t)e->slots << 8 | e->slot_order);
    mix_two(hash, e->taken, e->ids);
    for (uint32_t at = e->first; at != 0; at = message_at(k, at)->next)
        mix(hash, hash_waiting(all, k, at));
    for (uint32_t at = e->open; at != 0; at = message_at(k, at)->next)
        open += hash_waiting(all, k, at);
    mix(hash, open);
    hash_visits(k, e->visits, hash);
    *hash += hash_line(k, e->waiters, own << 3 | 7);
}

static void hash_endpoint(const struct rescind_kernel *const *all, const struct rescind_kernel *k,
                          const struct endpoint_node *e, uint64_t own, uint64_t *hash)
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
        hash_receiver(all, k, e, own, hash);
        break;
    }
}

/* Who listens to an interrupt line. */
static void hash_listener(const struct rescind_kernel *k, const struct cap *cap, uint64_t *hash)
{
    const struct listener *l = listener_at(k, cap->object);
    uint32_t way = endpoint_find(k, table_vpe(cap->table), l->ep);
    bool same = l->state == LISTENER_SENT && way != 0 && endpoint_of(k, way)->serial == l->serial;

    mix_two(hash, (uint64_t)l->ep << 8 | (uint64_t)same << 2 | l->state, l->count);
}

/* What a capability names, where it has that of no other one. What a call has put there is in the
 * program that made it, but whose call it was and what it met there is not. */
static void hash_object(const struct rescind_kernel *const *all, const struct rescind_kernel *k,
                        const struct cap *cap, uint64_t own, uint64_t *hash)
{
    const struct gate *gate = gate_at(k, cap->object);
    const struct mem *mem = mem_at(k, cap->object);
    const struct service *service = service_at(k, cap->object);

    switch (cap->type) {
    case RESCIND_CAP_GATE:
        mix_two(hash, (uint64_t)gate->pe << 32 | gate->vpe, (uint64_t)gate->life << 32 | gate->ep);
        mix_two(hash, gate->label, gate->credits);
        break;
    case RESCIND_CAP_MEM:
        mix_two(hash, mem->addr, mem->size << 1 | mem->whole);
        break;
    case CAP_ENDPOINT:
        hash_endpoint(all, k, endpoint_of(k, cap_index(k, cap)), own, hash);
        break;
    case CAP_LISTENER:
        hash_listener(k, cap, hash);
        break;
    case RESCIND_CAP_SERVICE:
        mix_two(hash, (uint64_t)service->vpe << 32 | service->life, service->ep);
        mix(hash, service->label);
        mix_bytes(hash, service->name, sizeof(service->name));
        break;
    case RESCIND_CAP_SESSION:
        mix(hash, session_at(k, cap->object)->ident);
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

/* Is its object a number that is the same in every run, whatever nodes are used? */
static bool is_number(uint8_t type)
{
    return type == RESCIND_CAP_VPE || type == RESCIND_CAP_IRQ || type == RESCIND_CAP_PORTS;
}

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
        hash_object(all, k, cap, own, &hash);
    else if (cap->type == RESCIND_CAP_MAP || ((cap->flags & CAP_REMOTE) && is_number(cap->type)))
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

static void hash_exchange(const struct rescind_kernel *k, const struct exchange *x, uint64_t *hash)
{
    /* Of one that a service has agreed to it is a node; and what is copied is not in its program.
     */
    uint64_t target = x->agreed ? 1 : x->target;

    mix(hash, (uint64_t)x->phase << 32 | x->done);
    mix(hash, (uint64_t)x->granted << 33 | (x->again ? x->awaited + 1ull : 0));
    mix(hash, x->phase == EXCHANGE_UNDO || x->across == ACROSS_UNDO ? x->error : 0);
    mix(hash, x->done > 0 || x->phase != EXCHANGE_RESERVE ? target : 0);
    if (x->across != ACROSS_NONE) {
        mix(hash, (uint64_t)x->across << 32 | x->asked);
        mix(hash, (uint64_t)x->peer << 32 | x->slot << 1 | x->blocked);
        mix(hash, target);
    }
    if (x->agreed) {
        mix_two(hash, (uint64_t)x->src << 32 | x->dst, (uint64_t)x->count << 32 | x->other);
        mix_two(hash, x->done > 0 ? x->own + 1ull : 0,
                name_of_serial(k, RESCIND_CAP_SESSION, x->serial));
    }
}

static void hash_createmap(const struct rescind_kernel *k, const struct createmap *c,
                           uint64_t *hash)
{
    bool begun = c->done > 0 || c->phase != EXCHANGE_RESERVE;

    mix_two(hash, (uint64_t)c->phase << 32 | c->done,
            (uint64_t)c->awaited << 32 | (c->phase == EXCHANGE_UNDO ? c->error : 0));
    mix_two(hash, begun ? c->target + 1ull : 0, begun ? name(k, c->source) : 0);
}

/* What a service is asked and has answered. */
static void hash_asking(const struct rescind_kernel *k, uint32_t vpe, uint64_t *hash)
{
    const struct call *call = call_at(k, vpe);
    const struct obtain *obtain = &call->obtain;
    const struct createsess *createsess = &call->createsess;

    if (call->opcode == RESCIND_SYS_CREATESESS) {
        if (createsess->visit != 0)
            mix_two(hash, hash_visit(k, createsess->visit),
                    name_of_serial(k, RESCIND_CAP_SERVICE, createsess->serial));
        return;
    }
    mix(hash, obtain->agreed);
    if (obtain->visit != 0)
        mix_two(hash, hash_visit(k, obtain->visit),
                name_of_serial(k, RESCIND_CAP_SESSION, obtain->serial));
    if (obtain->agreed) {
        mix(hash, obtain->range.count);
        mix_bytes(hash, call_buffer(k, vpe) + CALL_ARGS, obtain->args_size);
    }
}

/* Has VPE `vpe` of kernel `pe` still the endpoint that had this serial number? */
static bool has_endpoint(const struct rescind_kernel *const *all, uint32_t pe, uint32_t vpe,
                         uint32_t ep, uint32_t serial)
{
    uint32_t cap = vpe < all[pe]->vpe_count ? endpoint_find(all[pe], vpe, ep) : 0;

    return cap != 0 && endpoint_of(all[pe], cap)->serial == serial;
}

/* A message or a reply that kernel `from` carries to kernel `to`. */
static void hash_mail(const struct rescind_kernel *const *all, uint32_t from, uint32_t to,
                      const struct rescind_peer_letter *letter, uint64_t *hash)
{
    struct rescind_letter_message m;
    bool reply = letter->op == RESCIND_LETTER_REPLY, known;

    memcpy(&m, letter->args, sizeof(m));
    known = reply ? has_endpoint(all, to, letter->object, m.credit_ep, m.serial)
                  : has_endpoint(all, from, letter->asker, m.sender_ep, m.serial);
    mix_two(hash, m.label, m.reply_label);
    mix_two(hash, m.stub != 0 ? stub_name(all[from], m.stub) : 0,
            (uint64_t)known << 33 | (uint64_t)m.links << 32 | (uint32_t)m.ep << 24 |
                (uint32_t)m.sender_ep << 16 | (uint32_t)m.credit_ep << 8 | m.reply_ep |
                (uint64_t)m.reply_order << 34);
    mix(hash, reply ? vpe_lives(all[to], letter->object, m.life) : m.life);
    if (!reply)
        mix(hash, vpe_lives(all[from], letter->asker, m.sender_life));
}

/* What a letter asks, beside its data. Which object it wants described is in the capability that
 * its call holds. A letter's own serial number is its call's, which waits for the answer. */
static void hash_question(const struct rescind_kernel *const *all, uint32_t from, uint32_t to,
                          const struct rescind_peer_letter *letter, uint64_t *hash)
{
    mix(hash, letter->op);
    if (letter->op == RESCIND_LETTER_DESCRIBE)
        return;
    mix(hash, letter->object);
    if (letter->op == RESCIND_LETTER_SEND || letter->op == RESCIND_LETTER_REPLY)
        hash_mail(all, from, to, letter, hash);
    else
        mix_bytes(hash, letter->args, sizeof(letter->args));
}

/* What a call asks another kernel, or has been answered. */
static void hash_letter(const struct rescind_kernel *const *all, const struct rescind_kernel *k,
                        uint32_t vpe, uint64_t *hash)
{
    struct rescind_peer_letter letter = {.asker = vpe};
    const struct letter *l = &call_at(k, vpe)->letter;

    mix(hash, l->state);
    if (l->state == LETTER_NONE)
        return;
    mix_two(hash, (uint64_t)l->peer << 32 | (uint64_t)l->slot << 16 | l->op, l->expects);
    if (l->state == LETTER_GRANTED)
        return;
    letter.op = l->op;
    letter.object = l->object;
    memcpy(letter.args, l->args, sizeof(letter.args));
    hash_question(all, k->pe, l->peer, &letter, hash);
    mix_two(hash, name(k, l->pin), l->state == LETTER_ANSWERED ? l->error : 0);
    if (l->state == LETTER_ASKED)
        mix_bytes(hash, call_buffer(k, vpe), l->length);
    if (l->state == LETTER_ANSWERED)
        mix_bytes(hash, call_buffer(k, vpe) + l->at, l->length);
}

/* What a call has found out that is in no capability, and in no program. */
static void hash_found(const struct rescind_kernel *k, uint32_t vpe, uint64_t *hash)
{
    const struct call *call = call_at(k, vpe);

    switch (call->opcode) {
    case RESCIND_SYS_REQMEM:
        mix_two(hash, name(k, call->reqmem.cap), 0);
        if (call->reqmem.cap != 0)
            mix_two(hash, call->reqmem.page, call->reqmem.end);
        break;
    case RESCIND_SYS_CREATEMAP:
        hash_createmap(k, &call->createmap, hash);
        break;
    case RESCIND_SYS_CREATESESS:
    case RESCIND_SYS_OBTAIN:
    case RESCIND_SYS_DELEGATE:
        hash_asking(k, vpe, hash);
        break;
    case RESCIND_SYS_PAGEFAULT:
        mix(hash, call->pagefault.visit != 0 ? hash_visit(k, call->pagefault.visit) : 0);
        break;
    case RESCIND_SYS_ACTIVATE:
        mix(hash, call->activate.phase);
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
static void hash_call(const struct rescind_kernel *const *all, const struct rescind_kernel *k,
                      uint32_t vpe, uint64_t *hash)
{
    struct call *call = call_at(k, vpe);
    const struct exchange *exchange = call_exchange(call);
    const struct revoke *revoke = call_revoke(call);

    mix(hash, call->opcode); /* the end that was asked for is an EXIT */
    if (exchange != NULL)
        hash_exchange(k, exchange, hash);
    if (revoke != NULL) {
        mix(hash, (uint64_t)revoke->table << 8 | revoke->phase << 1 | revoke->open);
        mix(hash, revoke->sel);
    }
    hash_found(k, vpe, hash);
    if (k->peer_count > 1)
        hash_letter(all, k, vpe, hash);
}

/* What only those have that were not there at the start, or have nodes of their own. */
static void hash_life(const struct rescind_kernel *k, uint32_t vpe, uint64_t *hash)
{
    const struct vpe *v = vpe_at(k, vpe);

    mix_two(hash, (uint64_t)v->life << 32 | v->end_code,
            (uint64_t)v->boot << 32 | (uint64_t)v->pager << 16 | v->account);
    mix_two(hash, v->maker, account_left(k, vpe_own_account(vpe)));
}

static void hash_vpe(const struct rescind_kernel *const *all, const struct rescind_kernel *k,
                     uint32_t vpe, uint64_t *hash)
{
    const struct vpe *v = vpe_at(k, vpe);

    mix_two(hash, vpe,
            v->ended | v->calling << 1 | v->end_wanted << 2 | task_at(k, vpe)->committed << 3 |
                v->asleep << 4 | v->ending << 5 | v->revoked << 6);
    *hash += hash_line(k, v->waiters, PART | vpe << 4 | 6);
    if (!v->boot || v->account != ACCOUNT_KERNEL || v->ended || v->ending || v->end_wanted)
        hash_life(k, vpe, hash);
    if (v->calling)
        hash_call(all, k, vpe, hash);
}

/* Whose numbers are given again, in which order; whose end has still to be told, and to whom; and
 * the questions that nobody will answer any more. */
static void hash_lists(const struct rescind_kernel *const *all, const struct rescind_kernel *k,
                       uint64_t *hash)
{
    mix(hash, k->vpe_count);
    for (uint32_t next = k->vpe_free; next != 0; next = vpe_at(k, next - 1)->next)
        mix(hash, next);
    for (uint32_t next = k->vpe_watched; next != 0; next = vpe_at(k, next - 1)->next)
        mix(hash, PART | next << 1);
    for (uint32_t vpe = 0; vpe < k->vpe_count; vpe++) {
        if (vpe_at(k, vpe)->watchers == 0)
            continue;
        mix(hash, PART | vpe << 1 | 1);
        hash_notes(all, k, vpe_at(k, vpe)->watchers, hash);
    }
    hash_visits(k, k->visits_lost, hash);
    mix(hash, PART);
    hash_visits(k, k->visits_held, hash);
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

/* Has a REQMEM that goes on still to clear it? */
static bool is_to_be_cleared(const struct rescind_kernel *k, uint32_t page)
{
    for (uint32_t vpe = 0; vpe < k->vpe_count; vpe++) {
        const struct call *call = call_at(k, vpe);
        if (vpe_at(k, vpe)->calling && call->opcode == RESCIND_SYS_REQMEM &&
            call->reqmem.cap != 0 && page >= call->reqmem.page && page < call->reqmem.end)
            return true;
    }
    return false;
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
        if (is_to_be_cleared(k, page))
            continue;
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

/* The letters between this kernel and `pe`. Who has waited longest for a slot is given it. */
static void hash_letters(const struct rescind_kernel *k, uint32_t pe, uint64_t *hash)
{
    const struct peer *peer = peer_at(k, pe);
    uint64_t where = PART | pe << 8 | 8;

    mix(hash, (uint64_t)peer->letters_taken << 32 | (uint64_t)peer->letters << 24 |
                  (uint64_t)peer->letter_answers << 16 | (uint64_t)peer->letter_turn << 8 |
                  peer->letters_next);
    for (int32_t task = task_first(peer->letter_waiters); task >= 0;
         task = task_after(k, peer->letter_waiters, (uint32_t)task))
        mix(hash, where | (uint64_t)task << 32);
    *hash += hash_line(k, peer->note_waiters, where | 1);
    for (uint32_t slot = 0; slot < RESCIND_PEER_LETTERS; slot++) {
        const struct letter_reply *reply = &peer->replies[slot];
        if (peer->letters_taken & 1u << slot)
            mix_two(hash, where | slot << 4, peer->letter_askers[slot]);
        *hash += hash_line(k, peer->letter_line[slot], where | slot << 4 | 2);
        if (!(peer->letter_answers & 1u << slot))
            continue;
        mix(hash, reply->error);
        mix_bytes(hash, peer_reply(k, pe, slot), reply->length);
    }
}

static void hash_peers(const struct rescind_kernel *const *all, const struct rescind_kernel *k,
                       uint64_t *hash)
{
    for (uint32_t pe = 0; pe < k->peer_count; pe++) {
        const struct peer *peer = peer_at(k, pe);
        mix_two(hash,
                (uint64_t)peer->taken << 24 | (uint64_t)peer->asks << 16 | peer->answers << 8 |
                    peer->frees,
                peer->turn);
        *hash += hash_line(k, peer->slot_waiters, (uint64_t)pe << 8 | 4);
        hash_slots(k, pe, hash);
        hash_letters(k, pe, hash);
        hash_notes(all, k, peer->notes, hash);
    }
}

/* What is set aside for sessions of other kernels. */
static uint64_t hash_claims(const struct rescind_kernel *k)
{
    uint64_t sum = 0;

    for (uint32_t index = k->pool.first; k->peer_count > 1 && index < k->pool.high; index++) {
        const struct claim *claim = claim_at(k, index);
        if (claim->object.type == OBJECT_CLAIM)
            sum += pair(claim->key,
                        (uint64_t)claim->serial << 17 | (uint64_t)claim->peer << 1 | claim->alone);
    }
    return sum;
}

uint64_t state_of_kernel(const struct rescind_kernel *const *all, uint32_t pe)
{
    const struct rescind_kernel *k = all[pe];
    uint64_t hash = hash_caps(all, k);

    mix_two(&hash, pool_left(k), k->pool.starved);
    if (k->peer_count > 1)
        hash_peers(all, k, &hash);
    hash_orders(all, k, &hash);
    for (uint32_t vpe = 0; vpe < k->vpe_count; vpe++)
        hash_vpe(all, k, vpe, &hash);
    hash_lists(all, k, &hash);
    hash += hash_claims(k);
    hash_pages(k, &hash);
    return hash;
}

/* What other kernels' numbers take from a VPE: whether it is still there, has the endpoints that it
 * had, and waits for the answer to the letter that it has sent. */
static uint64_t hash_serials(const struct rescind_kernel *k, uint32_t vpe)
{
    const struct vpe *v = vpe_at(k, vpe);
    uint64_t sum = pair(PART | vpe, v->ended ? 0 : v->life + 1ull);

    for (uint32_t ep = RESCIND_EP_FREE; !v->ended && ep < RESCIND_EP_COUNT; ep++) {
        uint32_t cap = endpoint_find(k, vpe, ep);
        if (cap != 0)
            sum += pair((uint64_t)vpe << 8 | ep, endpoint_of(k, cap)->serial);
    }
    if (v->calling && call_at(k, vpe)->letter.state != LETTER_NONE)
        sum += pair((uint64_t)vpe << 8, call_at(k, vpe)->letter.serial);
    return sum;
}

uint64_t state_of_stubs(const struct rescind_kernel *k)
{
    uint64_t sum = 0;

    if (k->peer_count == 1)
        return 0;
    for (uint32_t index = 1; index < k->pool.high; index++)
        if (cap_at(k, index)->type == CAP_STUB)
            sum += pair(index, stub_name(k, index));
    for (uint32_t vpe = 0; vpe < k->vpe_count; vpe++)
        sum += hash_serials(k, vpe);
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
        mix(hash, is_number(caps[i].type) ? caps[i].object : 0);
    }
}

static void hash_letter_record(const struct rescind_kernel *const *all, uint32_t from, uint32_t to,
                               const struct rescind_peer_letter *letter, uint64_t *hash)
{
    mix(hash, letter->asker);
    hash_question(all, from, to, letter, hash);
    mix_bytes(hash, letter->data, letter->length);
}

static void hash_record(const struct rescind_kernel *const *all, uint32_t from, uint32_t to,
                        const struct rescind_peer_record *record, uint64_t *hash)
{
    const struct rescind_peer_order *order = (const void *)record;
    const struct rescind_peer_letter_answer *reply = (const void *)record;
    const struct rescind_peer_note *note = (const void *)record;
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
    case RESCIND_PEER_LETTER:
        hash_letter_record(all, from, to, (const void *)record, hash);
        break;
    case RESCIND_PEER_LETTER_ANSWER:
        mix(hash, reply->error);
        mix_bytes(hash, reply->data, reply->length);
        break;
    case RESCIND_PEER_NOTE:
        mix_two(hash, is_waiting(all, to, note->asker, note->serial),
                (uint64_t)note->asker << 32 | note->error);
        mix_bytes(hash, note->data, note->length);
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

/* CREATESRV, CREATESESS, CREATESESSAT, DELEGATE and OBTAIN; see service.h. */
#include "syscall/service.h"

#include "cap/create.h"
#include "cap/peer.h"
#include "object/gate.h"
#include "object/note.h"
#include "object/service.h"
#include "object/visit.h"
#include "object/vpe.h"
#include "syscall/call.h"
#include "syscall/lookup.h"
#include "syscall/open.h"

/* A string that is told with its length, of `max` bytes at most. */
static bool take_string(struct bytes *in, uint32_t max, uint8_t *out, uint32_t *size)
{
    uint64_t told = bytes_u64(in);
    const uint8_t *data = NULL;

    if (bytes_ok(*in) && told <= max)
        data = bytes_take(in, told);
    if (data == NULL)
        return false;
    memcpy(out, data, told);
    *size = (uint32_t)told;
    return true;
}

/* One with a zero in it, or at its end, is refused: it would be another's name when padded. */
static bool take_name(struct bytes *in, uint8_t name[RESCIND_SERVICE_NAME_MAX])
{
    uint32_t size = 0;

    memset(name, 0, RESCIND_SERVICE_NAME_MAX);
    return take_string(in, RESCIND_SERVICE_NAME_MAX, name, &size) && size > 0 &&
           service_name_size(name) == size;
}

/* The last of all, and they may be left out. */
static bool take_args(struct rescind_kernel *k, uint32_t vpe, struct bytes *in, uint32_t *size)
{
    *size = 0;
    return bytes_ok(*in) && (in->size == 0 || take_string(in, RESCIND_ARGS_MAX,
                                                          call_buffer(k, vpe) + CALL_ARGS, size));
}

/* False: the call is refused or has to wait, and *progress is that. */
static bool goes_on(struct rescind_kernel *k, uint32_t vpe, struct call *call, struct lookup found,
                    enum progress *progress)
{
    if (found.error != RESCIND_NO_ERROR)
        *progress = call_refuse(call, found.error);
    else if (found.line != NULL)
        *progress = call_wait(k, vpe, found.line);
    return found.error == RESCIND_NO_ERROR && found.line == NULL;
}

static struct lookup refused(enum rescind_error error)
{
    return (struct lookup){.error = error};
}

/* ---- CREATESRV ---------------------------------------------------------------------------- */

enum progress createsrv_begin(struct rescind_kernel *k, uint32_t vpe, struct call *call,
                              struct bytes in)
{
    struct createsrv *c = &call->createsrv;

    (void)k;
    (void)vpe;
    c->gate = bytes_u32(&in);
    c->srv = bytes_u32(&in);
    return take_name(&in, c->name) ? CALL_MORE : call_refuse(call, RESCIND_INV_ARGS);
}

/* A gate that leads to its holder. */
static struct lookup look_for_gate(struct rescind_kernel *k, uint32_t vpe, uint32_t sel)
{
    struct lookup found = lookup_source(k, table_of(vpe, TABLE_OBJECT), sel);
    const struct cap *cap = cap_at(k, found.cap);
    const struct gate *gate;

    if (found.cap == 0)
        return found;
    if (cap->type != RESCIND_CAP_GATE || cap->home != k->pe)
        return refused(RESCIND_INV_ARGS);
    gate = gate_at(k, cap->object);
    if (gate->pe != k->pe || gate->vpe != vpe || gate->life != vpe_at(k, vpe)->life)
        return refused(RESCIND_INV_ARGS);
    return found;
}

/* A name that nobody has; one whose service is going may be free soon. */
static struct lookup look_for_no_name(struct rescind_kernel *k, struct service_name name)
{
    if (name.entry == 0)
        return refused(name.full ? RESCIND_NO_SPACE : RESCIND_NO_ERROR);
    if (cap_at(k, name.entry)->flags & CAP_VISITED)
        return (struct lookup){.line = cap_line(cap_at(k, name.entry))};
    return refused(RESCIND_EXISTS);
}

static void create_service(struct rescind_kernel *k, uint32_t vpe, const struct createsrv *c,
                           struct lookup gate, struct lookup srv, uint32_t entry_sel)
{
    uint16_t account = vpe_at(k, vpe)->account;
    struct cap_spec spec = {
        .table = table_of(vpe, TABLE_OBJECT),
        .sel = c->srv,
        .type = RESCIND_CAP_SERVICE,
        .flags = CAP_BOUND,
        .account = account,
        .home = k->pe,
        .object = service_create(k, account, cap_at(k, gate.cap)->object, c->name),
        .parent = gate.cap,
    };

    spec.parent = cap_create(k, &spec, srv.place);
    spec.table = table_of_names(k);
    spec.sel = entry_sel;
    spec.flags = 0;
    cap_create_at(k, &spec);
}

enum progress createsrv_step(struct rescind_kernel *k, uint32_t vpe, struct call *call,
                             uint32_t *work)
{
    const struct createsrv *c = &call->createsrv;
    struct lookup gate = look_for_gate(k, vpe, c->gate);
    struct lookup srv = lookup_free(k, table_of(vpe, TABLE_OBJECT), c->srv);
    struct service_name name = service_find(k, c->name);
    enum progress progress = CALL_DONE;

    (void)work;
    /* While it can't be said whether the rest is well, a name that is taken is no answer yet. */
    if (!goes_on(k, vpe, call, lookup_both(gate, srv), &progress) ||
        !goes_on(k, vpe, call, look_for_no_name(k, name), &progress))
        return progress;
    if (account_left(k, vpe_at(k, vpe)->account) < 3)
        return call_refuse(call, RESCIND_OUT_OF_MEM);
    create_service(k, vpe, c, gate, srv, name.sel);
    return call_refuse(call, RESCIND_NO_ERROR);
}

/* ---- Sessions ----------------------------------------------------------------------------- */

/* Puts a session, which has no capability yet, where `place` says. */
static void enter_session(struct rescind_kernel *k, uint32_t table, uint32_t sel,
                          struct treap_place place, uint32_t session, uint32_t parent)
{
    cap_create(k,
               &(struct cap_spec){
                   .table = table,
                   .sel = sel,
                   .type = RESCIND_CAP_SESSION,
                   .flags = CAP_BOUND,
                   .account = object_at(k, session)->account,
                   .home = k->pe,
                   .object = session,
                   .parent = parent,
               },
               place);
}

enum progress createsessat_begin(struct rescind_kernel *k, uint32_t vpe, struct call *call,
                                 struct bytes in)
{
    struct createsessat *c = &call->createsessat;

    (void)k;
    (void)vpe;
    c->srv = bytes_u32(&in);
    c->dst = bytes_u32(&in);
    c->ident = bytes_u64(&in);
    return bytes_ok(in) ? CALL_MORE : call_refuse(call, RESCIND_INV_ARGS);
}

/* A service of the caller's own. */
static struct lookup look_for_own(struct rescind_kernel *k, uint32_t vpe, uint32_t sel)
{
    struct lookup found = lookup_source(k, table_of(vpe, TABLE_OBJECT), sel);
    const struct cap *cap = cap_at(k, found.cap);

    if (found.cap == 0)
        return found;
    if (cap->type != RESCIND_CAP_SERVICE || cap->home != k->pe ||
        service_at(k, cap->object)->vpe != vpe ||
        service_at(k, cap->object)->life != vpe_at(k, vpe)->life)
        return refused(RESCIND_INV_ARGS);
    return found;
}

enum progress createsessat_step(struct rescind_kernel *k, uint32_t vpe, struct call *call,
                                uint32_t *work)
{
    const struct createsessat *c = &call->createsessat;
    uint32_t table = table_of(vpe, TABLE_OBJECT), session;
    uint16_t account = vpe_at(k, vpe)->account;
    struct lookup srv = look_for_own(k, vpe, c->srv);
    struct lookup dst = lookup_free(k, table, c->dst);
    enum progress progress = CALL_DONE;

    (void)work;
    if (!goes_on(k, vpe, call, lookup_both(srv, dst), &progress))
        return progress;
    if (account_left(k, account) < 2)
        return call_refuse(call, RESCIND_OUT_OF_MEM);
    session = account_take_one(k, OBJECT_SESSION, account);
    session_make(k, session, cap_at(k, srv.cap)->object, c->ident);
    enter_session(k, table, c->dst, dst.place, session, srv.cap);
    return call_refuse(call, RESCIND_NO_ERROR);
}

/* ---- Asking ------------------------------------------------------------------------------- */

/* The capability on a VPE of this kernel. */
static struct lookup look_for_local(struct rescind_kernel *k, uint32_t vpe, uint32_t sel)
{
    struct lookup found = lookup_vpe(k, vpe, sel);

    return found.cap != 0 && cap_at(k, found.cap)->home != k->pe ? refused(RESCIND_INV_ARGS)
                                                                 : found;
}

/* A visit of the caller to a service; `more` nodes will be needed when it is answered. 0: there are
 * not so many. */
static uint32_t ask(struct rescind_kernel *k, uint32_t vpe, uint8_t op, uint32_t service,
                    uint32_t args_size, uint32_t more)
{
    struct visit_target to = service_target(service_at(k, service));
    uint16_t account = vpe_at(k, vpe)->account;
    uint32_t visit = 0;

    if (account_left(k, account) > more)
        visit = visit_create(k, account, op, &to, vpe);
    if (visit != 0)
        visit_at(k, visit)->args_size = (uint8_t)args_size;
    return visit;
}

/* The question is ready. CALL_MORE: it is answered already. */
static enum progress send(struct rescind_kernel *k, uint32_t vpe, uint32_t visit)
{
    visit_send(k, visit);
    if (visit_at(k, visit)->state == VISIT_ANSWERED)
        return CALL_MORE;
    task_join(k, &visit_at(k, visit)->waiters, vpe);
    return CALL_WAITS;
}

bool service_cancel(struct rescind_kernel *k, uint32_t vpe, uint32_t *visit)
{
    struct visit *v = visit_at(k, *visit);

    if (*visit == 0)
        return false;
    /* Nobody else stands in its line, which is empty once it is answered. */
    task_leave(k, v->waiters != 0 ? &v->waiters : &k->ready, vpe);
    visit_drop(k, *visit);
    *visit = 0;
    return true;
}

/* ---- CREATESESS --------------------------------------------------------------------------- */

enum progress createsess_begin(struct rescind_kernel *k, uint32_t vpe, struct call *call,
                               struct bytes in)
{
    struct createsess *c = &call->createsess;

    *c = (struct createsess){.vpe = bytes_u32(&in)};
    c->dst = bytes_u32(&in);
    if (!take_name(&in, c->name) || !take_args(k, vpe, &in, &c->args_size))
        return call_refuse(call, RESCIND_INV_ARGS);
    return CALL_MORE;
}

/* The entry of a name: where the service is. */
static struct lookup look_for_service(struct rescind_kernel *k, const uint8_t *name)
{
    return lookup_found(k, service_find(k, name).entry);
}

/* What a session needs: the name's entry, and its place in the table of `target`. */
struct session_look {
    struct lookup here, all; /* but for the entry; and with it */
    uint32_t entry, target, table;
    struct treap_place place;
};

static struct session_look look_for_session(struct rescind_kernel *k, uint32_t vpe,
                                            const struct createsess *c)
{
    struct lookup target = look_for_local(k, vpe, c->vpe), dst = {0};
    struct lookup entry = look_for_service(k, c->name);
    struct session_look look = {.entry = entry.cap};

    if (target.cap != 0) {
        look.target = cap_at(k, target.cap)->object;
        look.table = table_of(look.target, TABLE_OBJECT);
        dst = lookup_free(k, look.table, c->dst);
        look.place = dst.place;
    }
    look.here = lookup_both(target, dst);
    look.all = lookup_both(look.here, entry);
    return look;
}

static enum progress open(struct rescind_kernel *k, uint32_t vpe, struct call *call)
{
    struct createsess *c = &call->createsess;
    struct session_look look = look_for_session(k, vpe, c);
    enum progress progress = CALL_DONE;
    uint32_t service;

    if (look.here.error == RESCIND_NO_ERROR && look.all.error != RESCIND_NO_ERROR) {
        if (look.here.line == NULL)
            return open_away(k, vpe, call, look.target);
        look.all = look.here; /* another kernel may know the name */
    }
    if (!goes_on(k, vpe, call, look.all, &progress))
        return progress;
    service = cap_at(k, look.entry)->object;
    c->serial = service_at(k, service)->serial;
    c->visit = ask(k, vpe, RESCIND_SERVICE_OPEN, service, c->args_size, 1);
    if (c->visit == 0)
        return call_refuse(call, RESCIND_OUT_OF_MEM);
    return send(k, vpe, c->visit);
}

/* The service has opened a session. If that can't be had any more, it is closed again. */
static enum progress opened(struct rescind_kernel *k, uint32_t vpe, struct call *call)
{
    struct createsess *c = &call->createsess;
    struct session_look look = look_for_session(k, vpe, c);
    uint32_t visit = c->visit, service = cap_at(k, look.entry)->object;
    enum progress progress = CALL_DONE;

    if (look.all.error == RESCIND_NO_ERROR && look.all.line == NULL) {
        if (service_at(k, service)->serial != c->serial)
            look.all.error = RESCIND_RECV_GONE;
        else if (account_left(k, visit_at(k, visit)->object.account) == 0)
            look.all.error = RESCIND_OUT_OF_MEM;
    }
    c->visit = 0;
    if (!goes_on(k, vpe, call, look.all, &progress)) {
        visit_drop(k, visit);
        return progress;
    }
    session_make(k, visit, service, visit_at(k, visit)->ident);
    enter_session(k, look.table, c->dst, look.place, visit, look.entry);
    return call_refuse(call, RESCIND_NO_ERROR);
}

enum progress createsess_step(struct rescind_kernel *k, uint32_t vpe, struct call *call,
                              uint32_t *work)
{
    struct createsess *c = &call->createsess;
    enum rescind_error error;

    (void)work;
    if (letter_is_out(&call->letter)) {
        enum progress progress = opened_away(k, vpe, call);
        if (progress != CALL_MORE)
            return progress;
    }
    if (c->visit == 0) {
        enum progress progress = open(k, vpe, call);
        if (progress != CALL_MORE)
            return progress;
    }
    error = (enum rescind_error)visit_at(k, c->visit)->error;
    if (error == RESCIND_NO_ERROR)
        return opened(k, vpe, call);
    visit_drop(k, c->visit);
    c->visit = 0;
    return call_refuse(call, error);
}

bool createsess_cancel(struct rescind_kernel *k, uint32_t vpe, struct call *call)
{
    return service_cancel(k, vpe, &call->createsess.visit);
}

/* ---- DELEGATE and OBTAIN ------------------------------------------------------------------ */

enum progress obtain_begin(struct rescind_kernel *k, uint32_t vpe, struct call *call,
                           struct bytes in)
{
    struct obtain *c = &call->obtain;
    const uint8_t *range;

    c->vpe = bytes_u32(&in);
    c->session = bytes_u32(&in);
    c->visit = 0;
    c->agreed = false;
    range = bytes_take(&in, sizeof(c->range));
    if (range != NULL)
        memcpy(&c->range, range, sizeof(c->range));
    if (range == NULL || c->range.type >= RESCIND_TABLE_KINDS ||
        (uint64_t)c->range.start + c->range.count > TABLE_END ||
        !take_args(k, vpe, &in, &c->args_size))
        return call_refuse(call, RESCIND_INV_ARGS);
    return CALL_MORE;
}

static struct lookup look_for_session_cap(struct rescind_kernel *k, uint32_t vpe, uint32_t sel)
{
    struct lookup found = lookup_source(k, table_of(vpe, TABLE_OBJECT), sel);

    if (found.cap != 0 && cap_at(k, found.cap)->type != RESCIND_CAP_SESSION)
        return refused(RESCIND_INV_ARGS);
    return found;
}

/* The service is another kernel's: that kernel asks it. */
static enum progress propose_away(struct rescind_kernel *k, uint32_t vpe, const struct obtain *c,
                                  uint32_t session, uint8_t op)
{
    return letter_ask(k, vpe,
                      &(struct letter){
                          .peer = cap_at(k, session)->home,
                          .pin = session,
                          .op = RESCIND_LETTER_VISIT,
                          .length = (uint16_t)c->args_size,
                          .from = CALL_ARGS,
                          .expects = LETTER_ANY,
                          .object = cap_at(k, session)->object,
                          .args = {op, c->range.type, c->range.count},
                      });
}

static enum progress propose(struct rescind_kernel *k, uint32_t vpe, struct call *call)
{
    struct obtain *c = &call->obtain;
    struct lookup target = look_for_local(k, vpe, c->vpe);
    struct lookup found = look_for_session_cap(k, vpe, c->session);
    uint8_t op =
        call->opcode == RESCIND_SYS_OBTAIN ? RESCIND_SERVICE_OBTAIN : RESCIND_SERVICE_DELEGATE;
    enum progress progress = CALL_DONE;
    const struct session *session;
    struct visit *visit;

    if (!goes_on(k, vpe, call, lookup_both(target, found), &progress))
        return progress;
    if (cap_at(k, found.cap)->home != k->pe)
        return propose_away(k, vpe, c, found.cap, op);
    session = session_at(k, cap_at(k, found.cap)->object);
    c->serial = session->serial;
    c->visit = ask(k, vpe, op, session->service, c->args_size, 0);
    if (c->visit == 0)
        return call_refuse(call, RESCIND_OUT_OF_MEM);
    visit = visit_at(k, c->visit);
    visit->ident = session->ident;
    visit->kind = (uint8_t)c->range.type;
    visit->count = c->range.count;
    return send(k, vpe, c->visit);
}

/* The service has agreed, to a range of its VPE's table. Its args are in the caller's buffer. */
static void agree(struct call *call, struct rescind_letter_range range, uint32_t args_size)
{
    struct obtain *c = &call->obtain;
    bool obtain = call->opcode == RESCIND_SYS_OBTAIN;

    c->agreed = true;
    c->range.count = range.count;
    c->args_size = args_size;
    c->exchange = (struct exchange){
        .vpe = c->vpe,
        .kind = c->range.type,
        .src = obtain ? range.start : c->range.start,
        .dst = obtain ? c->range.start : range.start,
        .count = range.count,
        .obtain = obtain,
        .agreed = true,
        .session = c->session,
        .serial = range.serial,
        .other = range.vpe,
    };
}

/* The service's answer has come. CALL_MORE: it has agreed. */
static enum progress hear(struct rescind_kernel *k, struct call *call)
{
    struct obtain *c = &call->obtain;
    const struct visit *visit = visit_at(k, c->visit);
    enum rescind_error error = (enum rescind_error)visit->error;

    if (error == RESCIND_NO_ERROR)
        agree(call,
              (struct rescind_letter_range){visit->start, visit->count, visit->to_vpe, c->serial},
              visit->args_size);
    visit_drop(k, c->visit);
    c->visit = 0;
    return error == RESCIND_NO_ERROR ? CALL_MORE : call_refuse(call, error);
}

/* The same, of another kernel's. */
static enum progress hear_away(struct rescind_kernel *k, uint32_t vpe, struct call *call)
{
    const struct letter *l = &call->letter;
    struct rescind_letter_range range;

    if (letter_await(k, vpe) == CALL_WAITS)
        return CALL_WAITS;
    if (l->error != RESCIND_NO_ERROR)
        return call_refuse(call, (enum rescind_error)l->error);
    memcpy(&range, call_buffer(k, vpe), sizeof(range));
    agree(call, range, l->length - CALL_ARGS);
    return CALL_MORE;
}

struct lookup service_agreed(struct rescind_kernel *k, struct exchange *x, uint32_t caller)
{
    struct lookup session = look_for_session_cap(k, caller, x->session);
    struct lookup vpe = look_for_local(k, caller, x->vpe);
    struct lookup found = lookup_both(vpe, session);

    if (found.error != RESCIND_NO_ERROR || found.line != NULL)
        return found;
    /* Another kernel looks at its session itself. */
    if ((cap_at(k, session.cap)->home == k->pe &&
         session_at(k, cap_at(k, session.cap)->object)->serial != x->serial) ||
        (x->done > 0 && cap_at(k, vpe.cap)->object != x->own))
        return refused(RESCIND_INV_ARGS);
    x->own = cap_at(k, vpe.cap)->object;
    x->own_cap = vpe.cap;
    return session;
}

/* The answer: how many, and the service's args. */
static enum progress tell(struct rescind_kernel *k, uint32_t vpe, struct call *call)
{
    const struct obtain *c = &call->obtain;
    uint64_t head[] = {c->range.count, c->args_size};

    _Static_assert(sizeof(head) == CALL_ARGS, "the args lie behind it");
    memcpy(call_buffer(k, vpe), head, sizeof(head));
    return call_return(call, CALL_ARGS + c->args_size);
}

enum progress obtain_step(struct rescind_kernel *k, uint32_t vpe, struct call *call, uint32_t *work)
{
    struct obtain *c = &call->obtain;
    enum rescind_error error = RESCIND_NO_ERROR;
    enum progress progress = CALL_MORE;

    if (letter_is_out(&call->letter))
        progress = hear_away(k, vpe, call);
    else if (!c->agreed && c->visit == 0)
        progress = propose(k, vpe, call);
    if (progress == CALL_MORE && !c->agreed)
        progress = hear(k, call);
    if (progress != CALL_MORE)
        return progress;
    progress = exchange_step(k, &c->exchange, vpe, work, &error);
    if (progress != CALL_DONE)
        return progress;
    return error == RESCIND_NO_ERROR ? tell(k, vpe, call) : call_refuse(call, error);
}

bool obtain_cancel(struct rescind_kernel *k, uint32_t vpe, struct call *call)
{
    return service_cancel(k, vpe, &call->obtain.visit);
}

/* ---- For other kernels -------------------------------------------------------------------- */

bool visit_is_sound(const struct rescind_kernel *k, uint32_t pe,
                    const struct rescind_peer_letter *letter)
{
    (void)pe;
    return (letter->args[0] == RESCIND_SERVICE_OBTAIN ||
            letter->args[0] == RESCIND_SERVICE_DELEGATE) &&
           letter->args[1] < RESCIND_TABLE_KINDS && letter->args[2] <= UINT32_MAX &&
           letter->length <= RESCIND_ARGS_MAX && pool_has(k, letter->object) &&
           cap_at(k, letter->object)->type == OBJECT_SESSION;
}

uint32_t visit_serve(struct rescind_kernel *k, uint32_t pe,
                     const struct rescind_peer_letter *letter, struct letter_reply *reply,
                     uint8_t *data)
{
    enum { NODES = 3 }; /* a visit, and a note with much to tell */
    const struct session *session = session_at(k, letter->object);
    struct visit_target to = service_target(service_at(k, session->service));
    uint32_t note, index;
    struct visit *visit;

    (void)reply;
    (void)data;
    if (pool_left(k) < NODES)
        return RESCIND_OUT_OF_MEM;
    note = note_create(k, pe, letter->asker, letter->serial, true);
    note_at(k, note)->about = session->serial;
    note_put(k, note, NOTE_ARGS, letter->data, letter->length);
    index = visit_create_away(k, (uint8_t)letter->args[0], &to, note);
    visit = visit_at(k, index);
    visit->args_size = (uint8_t)letter->length;
    visit->ident = session->ident;
    visit->kind = (uint8_t)letter->args[1];
    visit->count = (uint32_t)letter->args[2];
    visit_send(k, index);
    return RESCIND_PEER_TAKEN;
}

bool visit_note_is_sound(const struct letter *letter, const struct rescind_peer_note *note)
{
    const struct rescind_letter_range *range = (const void *)note->data;

    return note->length >= sizeof(*range) && note->length <= sizeof(*range) + RESCIND_ARGS_MAX &&
           range->count <= letter->args[2] && (uint64_t)range->start + range->count <= TABLE_END &&
           range->vpe < RESCIND_VPE_MAX;
}

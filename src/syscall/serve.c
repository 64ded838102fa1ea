/* EXCHANGE across kernels, the answering half; see serve.h. */
#include "syscall/serve.h"

#include "base/task.h"
#include "base/work.h"
#include "cap/create.h"
#include "cap/peer.h"
#include "cap/revoke.h"
#include "object/service.h"
#include "object/vpe.h"
#include "syscall/across.h"
#include "syscall/lookup.h"

static uint32_t table(const struct served *s)
{
    return table_of(s->vpe, s->kind);
}

static void answer(struct rescind_kernel *k, uint32_t pe, uint32_t slot, uint32_t error,
                   uint32_t done, uint32_t given)
{
    struct served *s = served_at(k, pe, slot);

    s->error = error;
    s->answer_done = done;
    s->given = given;
    peer_at(k, pe)->answers |= (uint8_t)(1u << slot);
    peer_talk(k, pe);
}

static void free_slot(struct rescind_kernel *k, uint32_t pe, uint32_t slot)
{
    served_at(k, pe, slot)->state = SERVE_IDLE;
    peer_at(k, pe)->frees |= (uint8_t)(1u << slot);
    peer_talk(k, pe);
}

/* ---- Reserving ---------------------------------------------------------------------------- */

static struct lookup look_at(struct rescind_kernel *k, const struct served *s, uint32_t i)
{
    return s->obtain ? lookup_source(k, table(s), s->start + i)
                     : lookup_free(k, table(s), s->start + i);
}

static struct lookup reserve_source(struct rescind_kernel *k, uint32_t pe, struct served *s,
                                    uint32_t task)
{
    struct lookup src = look_at(k, s, s->done);
    uint32_t stub;

    if (src.cap == 0)
        return src;
    const struct cap *cap = cap_at(k, src.cap);
    stub = remote_stub(
        k, src.cap, pe,
        RESCIND_KEY(pe, s->asker, cap->type, (uint64_t)s->kind << 32 | (uint32_t)(s->to + s->done)),
        task, ACCOUNT_KERNEL);
    if (stub == 0) {
        src.error = RESCIND_OUT_OF_MEM;
        return src;
    }
    cap_at(k, stub)->flags |= CAP_UNTOLD;
    if (s->last == 0)
        s->stubs = stub;
    else
        cap_at(k, s->last)->chain = stub;
    s->last = stub;
    if (s->next == 0)
        s->next = stub;
    return src;
}

static struct lookup reserve_free(struct rescind_kernel *k, uint32_t pe, struct served *s,
                                  uint32_t task, const struct rescind_peer_cap *cap)
{
    struct lookup dst = look_at(k, s, s->done);
    struct cap_spec spec = {
        .table = table(s),
        .sel = s->start + s->done,
        .type = cap->type,
        .rights = cap->rights,
        .flags = CAP_RESERVED | CAP_REMOTE | (s->kind == TABLE_MAP ? CAP_BOUND : 0),
        .reserver = task,
        .home = cap->home,
        .object = cap->object,
        .peer = pe,
        .parent = cap->stub,
    };

    if (dst.error == RESCIND_NO_ERROR && dst.line == NULL && cap_create(k, &spec, dst.place) == 0)
        dst.error = RESCIND_OUT_OF_MEM;
    return dst;
}

/* ---- Undoing and settling ----------------------------------------------------------------- */

static uint32_t take_stub(struct rescind_kernel *k, struct served *s)
{
    uint32_t stub = s->stubs;

    s->stubs = cap_at(k, stub)->chain;
    return stub;
}

static void undo(struct rescind_kernel *k, struct served *s)
{
    s->done--;
    if (s->obtain)
        remote_unreserve(k, take_stub(k, s));
    else
        revoke_unreserve(k, table_find(k, table(s), s->start + s->done));
}

static void settle(struct rescind_kernel *k, struct served *s, uint32_t task)
{
    s->done--;
    if (s->obtain) {
        remote_settle(k, take_stub(k, s));
        return;
    }
    uint32_t index = table_find(k, table(s), s->start + s->done);
    if (index != 0 && (cap_at(k, index)->flags & CAP_RESERVED) &&
        cap_at(k, index)->reserver == task)
        revoke_settle(k, index); /* else a revocation has taken it already */
}

/* All is undone: refused; or to be tried again when what was met can't be met any more. */
static void refuse(struct rescind_kernel *k, uint32_t pe, uint32_t slot)
{
    struct served *s = served_at(k, pe, slot);
    struct lookup found;

    s->state = SERVE_IDLE;
    answer(k, pe, slot, s->error, s->answer_done, 0);
    if (s->error != RESCIND_PEER_BLOCKED)
        return;
    found = look_at(k, s, s->met);
    if (found.line == NULL) {
        free_slot(k, pe, slot);
    } else {
        s->state = SERVE_BLOCKED;
        task_join(k, found.line, task_of_exchange(k, pe, slot));
    }
}

/* All is settled. */
static void finish(struct rescind_kernel *k, uint32_t pe, uint32_t slot)
{
    struct served *s = served_at(k, pe, slot);

    task_at(k, task_of_exchange(k, pe, slot))->committed = false;
    s->state = SERVE_IDLE;
    if (s->count > RESCIND_PEER_CHUNK)
        free_slot(k, pe, slot);
}

bool serve_step(struct rescind_kernel *k, uint32_t pe, uint32_t slot, uint32_t *work)
{
    struct served *s = served_at(k, pe, slot);
    uint32_t task = task_of_exchange(k, pe, slot);

    if (s->state == SERVE_BLOCKED) {
        free_slot(k, pe, slot);
        return false;
    }
    for (; *work > 0 && s->done > 0; work_spend(work, WORK_COPY)) {
        if (s->state == SERVE_UNDO)
            undo(k, s);
        else
            settle(k, s, task);
    }
    if (s->done > 0)
        return true;
    if (s->state == SERVE_UNDO)
        refuse(k, pe, slot);
    else
        finish(k, pe, slot);
    return false;
}

/* ---- Questions ---------------------------------------------------------------------------- */

/* Does the question fit what has been asked in this slot before? */
static bool is_sound(const struct rescind_kernel *k, uint32_t pe,
                     const struct rescind_peer_ask *ask)
{
    const struct served *s = served_at(k, pe, ask->head.slot);
    uint32_t now = ask->obtain ? ask->wanted : ask->given;

    if ((peer_at(k, pe)->answers & 1u << ask->head.slot) || ask->vpe >= k->vpe_count ||
        ask->asker >= RESCIND_VPE_MAX || ask->table >= RESCIND_TABLE_KINDS || ask->obtain > 1 ||
        (ask->obtain ? ask->given : ask->wanted) != 0 || now > RESCIND_PEER_CHUNK ||
        (uint64_t)ask->done + now > ask->count || ask->reserved != 0 ||
        (uint64_t)ask->start + ask->count > TABLE_END || (uint64_t)ask->to + ask->count > TABLE_END)
        return false;
    if (now == 0 && ask->count != 0 && !ask->obtain)
        return false;
    for (uint32_t i = 0; i < ask->given; i++) {
        if (!across_is_cap(k, &ask->caps[i]))
            return false;
    }
    if (s->state == SERVE_IDLE)
        return ask->done == 0;
    return s->state == SERVE_NEXT && now > 0 && s->done == ask->done && s->obtain == ask->obtain &&
           s->asker == ask->asker && s->vpe == ask->vpe && s->kind == ask->table &&
           s->start == ask->start && s->to == ask->to && s->count == ask->count;
}

/* Is the session that the question names, if any, still the one, and with a service of that VPE? */
static bool may_ask(const struct rescind_kernel *k, const struct rescind_peer_ask *ask)
{
    const struct session *session = session_at(k, ask->session);

    if (ask->session == 0)
        return true;
    return pool_has(k, ask->session) && session->object.type == OBJECT_SESSION &&
           session->serial == ask->serial && service_at(k, session->service)->vpe == ask->vpe &&
           service_at(k, session->service)->life == vpe_at(k, ask->vpe)->life;
}

static void begin(struct rescind_kernel *k, struct served *s, const struct rescind_peer_ask *ask)
{
    *s = (struct served){
        .obtain = ask->obtain,
        .asker = ask->asker,
        .vpe = ask->vpe,
        .kind = ask->table,
        .start = ask->start,
        .to = ask->to,
        .count = ask->count,
    };
    if (vpe_at(k, s->vpe)->ended || !may_ask(k, ask) ||
        (s->obtain && s->count > table_at(k, table(s))->count))
        s->error = RESCIND_INV_ARGS;
}

/* Reserves what is asked for now; false: met something, which s->error tells. */
static bool reserve(struct rescind_kernel *k, uint32_t pe, struct served *s,
                    const struct rescind_peer_ask *ask)
{
    uint32_t task = task_of_exchange(k, pe, ask->head.slot);
    uint32_t now = s->obtain ? ask->wanted : ask->given;

    s->next = 0;
    for (uint32_t i = 0; i < now && s->error == RESCIND_NO_ERROR; i++) {
        struct lookup found = s->obtain ? reserve_source(k, pe, s, task)
                                        : reserve_free(k, pe, s, task, &ask->caps[i]);
        s->error = found.line != NULL ? RESCIND_PEER_BLOCKED : (uint32_t)found.error;
        s->done += s->error == RESCIND_NO_ERROR;
    }
    return s->error == RESCIND_NO_ERROR;
}

/* The rest of the range is this kernel's own business: at once if it is short, else as a task. */
static void go_on(struct rescind_kernel *k, uint32_t pe, uint32_t slot)
{
    uint32_t work = (RESCIND_PEER_CHUNK + 1) * WORK_COPY;

    if (served_at(k, pe, slot)->count > RESCIND_PEER_CHUNK)
        task_join(k, &k->ready, task_of_exchange(k, pe, slot));
    else
        serve_step(k, pe, slot, &work);
}

enum remote_sense serve_ask(struct rescind_kernel *k, uint32_t pe,
                            const struct rescind_peer_ask *ask)
{
    uint32_t slot = ask->head.slot, task = task_of_exchange(k, pe, slot);
    struct served *s = served_at(k, pe, slot);

    if (!is_sound(k, pe, ask))
        return REMOTE_REFUSED;
    if (s->state == SERVE_IDLE)
        begin(k, s, ask);
    if (!reserve(k, pe, s, ask)) {
        s->state = SERVE_UNDO;
        s->answer_done = ask->done;
        s->met = s->done;
        go_on(k, pe, slot);
    } else if (s->done < s->count) {
        bool probe = s->obtain && ask->wanted == 0;
        s->state = probe ? SERVE_IDLE : SERVE_NEXT;
        answer(k, pe, slot, RESCIND_NO_ERROR, ask->done, ask->wanted);
    } else {
        s->state = SERVE_SETTLE;
        s->answer_done = ask->done;
        task_at(k, task)->committed = true; /* delegate: the effect */
        /* Before anything is settled: what is there may go at once, and its UNLINK must not come
         * before this answer. */
        answer(k, pe, slot, RESCIND_NO_ERROR, ask->done, ask->wanted);
        go_on(k, pe, slot);
    }
    return REMOTE_HEARD;
}

/* ---- Answers ------------------------------------------------------------------------------ */

size_t serve_write(struct rescind_kernel *k, uint32_t pe, uint32_t slot, uint8_t *out, size_t room)
{
    struct served *s = served_at(k, pe, slot);
    struct rescind_peer_answer head = {
        .head = {.kind = RESCIND_PEER_ANSWER, .slot = (uint8_t)slot},
        .error = s->error,
        .done = s->answer_done,
        .given = (uint16_t)s->given,
    };
    size_t size = sizeof(head) + s->given * sizeof(struct rescind_peer_cap);
    uint32_t stub = s->next;

    if (size > room)
        return 0;
    head.head.size = (uint16_t)size;
    memcpy(out, &head, sizeof(head));
    for (uint32_t i = 0; i < s->given; i++, stub = cap_at(k, stub)->chain) {
        const struct cap *cap = cap_at(k, cap_at(k, stub)->parent);
        peer_link_told(k, stub);
        struct rescind_peer_cap given = {
            .stub = stub,
            .type = cap->type,
            .rights = cap->rights,
            .home = (uint16_t)cap->home,
            .object = cap->object,
        };
        memcpy(out + sizeof(head) + i * sizeof(given), &given, sizeof(given));
    }
    return size;
}

/* CREATESESS with a service of another kernel; see open.h. */
#include "syscall/open.h"

#include "cap/create.h"
#include "cap/peer.h"
#include "object/note.h"
#include "object/service.h"
#include "object/visit.h"
#include "object/vpe.h"
#include "syscall/call.h"
#include "syscall/lookup.h"

/* What a call is told instead of an error where all is to be looked at again. */
enum { OPEN_AGAIN = RESCIND_PEER_BLOCKED };

enum { NAME_WORDS = RESCIND_SERVICE_NAME_MAX / sizeof(uint64_t) };

/* ---- Asking ------------------------------------------------------------------------------- */

/* The capability that is to be made: of the VPE, at the selector. */
static uint64_t key_of(const struct rescind_kernel *k, uint32_t target, uint32_t sel)
{
    return RESCIND_KEY(k->pe, target, RESCIND_CAP_SESSION, (uint64_t)TABLE_OBJECT << 32 | sel);
}

enum progress open_away(struct rescind_kernel *k, uint32_t vpe, struct call *call, uint32_t target)
{
    struct createsess *c = &call->createsess;
    uint32_t claim = 0;

    c->next += c->next == k->pe;
    if (c->next >= k->peer_count)
        return call_refuse(call, RESCIND_INV_ARGS);
    if (letter_can_ask(k, vpe, c->next)) {
        claim = account_take(k, OBJECT_CLAIM, vpe_at(k, vpe)->account);
        if (claim == 0)
            return call_refuse(call, RESCIND_OUT_OF_MEM);
    }
    struct letter letter = {
        .peer = (uint16_t)c->next,
        .claim = claim,
        .op = RESCIND_LETTER_OPEN,
        .length = (uint16_t)c->args_size,
        .from = CALL_ARGS,
        .expects = sizeof(struct rescind_letter_session),
        .at = LETTER_ASIDE,
        .object = target,
        .args = {c->dst, claim},
    };
    memcpy(&letter.args[2], c->name, sizeof(c->name));
    letter_ask(k, vpe, &letter);
    if (claim != 0)
        *claim_at(k, claim) = (struct claim){
            .object = {.type = OBJECT_CLAIM, .account = vpe_at(k, vpe)->account},
            .peer = letter.peer,
            .serial = call->letter.serial,
            .key = key_of(k, target, c->dst),
        };
    return CALL_WAITS;
}

enum progress opened_away(struct rescind_kernel *k, uint32_t vpe, struct call *call)
{
    struct letter *l = &call->letter;

    if (letter_await(k, vpe) == CALL_WAITS)
        return CALL_WAITS;
    if (l->claim != 0) { /* no note has come: it was answered at once */
        pool_give(k, l->claim);
        l->claim = 0;
        if (l->error == RESCIND_NO_SUCH_FILE) {
            call->createsess.next++;
            return CALL_MORE;
        }
    } else if (l->error == OPEN_AGAIN) {
        call->createsess.next = 0;
        return CALL_MORE;
    }
    return call_refuse(call, (enum rescind_error)l->error);
}

void open_cancel(struct rescind_kernel *k, uint32_t claim)
{
    claim_at(k, claim)->alone = true;
}

/* ---- Being told --------------------------------------------------------------------------- */

/* The claim becomes what tells kernel `pe` that there is no child of this stub. */
static void decline(struct rescind_kernel *k, uint32_t pe, uint32_t claim, uint32_t stub)
{
    uint16_t account = claim_at(k, claim)->object.account;

    *cap_at(k, claim) = (struct cap){
        .type = CAP_TOMB,
        .account = account,
        .peer = (uint16_t)pe,
        .parent = stub,
    };
    peer_tell(k, claim);
}

/* The session's capability comes to its place, in the claim's node, if it still can. */
static bool place(struct rescind_kernel *k, uint32_t pe, uint32_t vpe, uint32_t claim,
                  const struct rescind_letter_session *session)
{
    const struct createsess *c = &call_at(k, vpe)->createsess;
    struct lookup target = lookup_vpe(k, vpe, c->vpe), dst;
    uint16_t account = claim_at(k, claim)->object.account;

    if (target.cap == 0 || cap_at(k, target.cap)->home != k->pe ||
        key_of(k, cap_at(k, target.cap)->object, c->dst) != claim_at(k, claim)->key)
        return false;
    uint32_t table = table_of(cap_at(k, target.cap)->object, TABLE_OBJECT);
    dst = lookup_free(k, table, c->dst);
    if (dst.error != RESCIND_NO_ERROR || dst.line != NULL)
        return false;
    pool_hand_on(k, claim);
    cap_create_one(k,
                   &(struct cap_spec){
                       .table = table,
                       .sel = c->dst,
                       .type = RESCIND_CAP_SESSION,
                       .flags = CAP_REMOTE,
                       .account = account,
                       .home = pe,
                       .object = session->object,
                       .peer = pe,
                       .parent = session->stub,
                   },
                   dst.place);
    return true;
}

enum remote_sense open_note(struct rescind_kernel *k, uint32_t pe, uint32_t vpe,
                            const struct rescind_peer_note *note, uint32_t *error)
{
    const struct rescind_letter_session *session = (const void *)note->data;
    const struct claim *claim = claim_at(k, note->claim);
    struct letter *l = vpe != UINT32_MAX ? &call_at(k, vpe)->letter : NULL;

    if (!pool_has(k, note->claim) || claim->object.type != OBJECT_CLAIM || claim->peer != pe ||
        claim->serial != note->serial || (l != NULL ? l->claim != note->claim : !claim->alone) ||
        note->length != (note->error == RESCIND_NO_ERROR ? sizeof(*session) : 0) ||
        (note->error == RESCIND_NO_ERROR && session->stub == 0))
        return REMOTE_REFUSED;
    if (l != NULL)
        l->claim = 0;
    *error = note->error;
    if (note->error != RESCIND_NO_ERROR) {
        pool_give(k, note->claim);
    } else if (l == NULL || !place(k, pe, vpe, note->claim, session)) {
        decline(k, pe, note->claim, session->stub);
        *error = OPEN_AGAIN;
    }
    return REMOTE_HEARD;
}

/* ---- Answering ---------------------------------------------------------------------------- */

static void name_of(const struct rescind_peer_letter *letter,
                    uint8_t name[RESCIND_SERVICE_NAME_MAX])
{
    _Static_assert(2 + NAME_WORDS == 5, "a name is what is left of the args");
    memcpy(name, &letter->args[2], RESCIND_SERVICE_NAME_MAX);
}

bool open_is_sound(const struct rescind_kernel *k, uint32_t pe,
                   const struct rescind_peer_letter *letter)
{
    uint8_t name[RESCIND_SERVICE_NAME_MAX];

    (void)k;
    (void)pe;
    name_of(letter, name);
    return letter->object < RESCIND_VPE_MAX && letter->args[0] <= UINT32_MAX &&
           letter->args[1] <= UINT32_MAX && letter->args[1] != 0 && service_name_size(name) != 0 &&
           letter->length <= RESCIND_ARGS_MAX;
}

uint32_t open_serve(struct rescind_kernel *k, uint32_t pe, const struct rescind_peer_letter *letter,
                    struct letter_reply *reply, uint8_t *data)
{
    enum { NODES = 3 }; /* a visit, and a note with much to tell */
    uint8_t name[RESCIND_SERVICE_NAME_MAX];
    uint32_t entry, note, index;

    (void)reply;
    (void)data;
    name_of(letter, name);
    entry = service_find(k, name).entry;
    if (entry == 0)
        return RESCIND_NO_SUCH_FILE;
    if (pool_left(k) < NODES)
        return RESCIND_OUT_OF_MEM;
    const struct service *service = service_at(k, cap_at(k, entry)->object);
    struct visit_target to = service_target(service);
    struct visit_opening opening = {
        .entry = cap_at(k, entry)->sel,
        .key = RESCIND_KEY(pe, letter->object, RESCIND_CAP_SESSION,
                           (uint64_t)TABLE_OBJECT << 32 | letter->args[0]),
    };
    note = note_create(k, pe, letter->asker, letter->serial, true);
    note_at(k, note)->about = service->serial;
    note_at(k, note)->claim = (uint32_t)letter->args[1];
    note_put(k, note, 0, &opening, sizeof(opening));
    note_put(k, note, NOTE_ARGS, letter->data, letter->length);
    index = visit_create_away(k, RESCIND_SERVICE_OPEN, &to, note);
    visit_at(k, index)->args_size = (uint8_t)letter->length;
    if (cap_at(k, entry)->flags & CAP_VISITED)
        visit_hold(k, index);
    else
        visit_send(k, index);
    return RESCIND_PEER_TAKEN;
}

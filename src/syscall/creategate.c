/* CREATEGATE; see creategate.h. */
#include "syscall/creategate.h"

#include "base/task.h"
#include "cap/create.h"
#include "object/gate.h"
#include "syscall/call.h"
#include "syscall/letter.h"
#include "syscall/lookup.h"

/* As it lies in the message. */
struct BYTES_LAYOUT message {
    uint32_t vpe, vpe_padding;
    uint32_t dst, dst_padding;
    uint64_t label;
    uint32_t ep, ep_padding;
    uint64_t credits;
};

enum rescind_error creategate_decode(struct bytes in, struct creategate *out)
{
    const struct message *m = (const void *)bytes_take(&in, sizeof(*m));

    if (m == NULL)
        return RESCIND_INV_ARGS;
    out->vpe = m->vpe;
    out->dst = m->dst;
    out->label = m->label;
    out->ep = m->ep;
    out->credits = m->credits;
    return RESCIND_NO_ERROR;
}

static void invoke(struct rescind_kernel *k, const struct creategate *c, uint32_t table,
                   const struct cap *vpe, uint32_t life, struct treap_place place)
{
    uint16_t account = vpe_at(k, table_vpe(table))->account;
    struct cap_spec spec = {
        .table = table,
        .sel = c->dst,
        .type = RESCIND_CAP_GATE,
        .account = account,
        .home = k->pe,
        .object =
            gate_create(k, account, vpe->home, vpe->object, life, c->ep, c->label, c->credits),
    };

    cap_create(k, &spec, place);
}

/* A VPE of another kernel that its kernel has described. */
struct other {
    uint32_t cap; /* 0: none */
    uint32_t life;
};

/* What has been told since the last step. Apart, since mostly nothing has. */
__attribute__((noinline)) static struct other hear(struct rescind_kernel *k, uint32_t caller)
{
    struct described told = letter_described(k, caller);

    return (struct other){told.cap, told.life};
}

/* Which of those that have had its number a VPE is; of one of another kernel that has to be asked.
 */
static bool is_known(const struct rescind_kernel *k, struct other other, uint32_t vpe,
                     uint32_t *life)
{
    const struct cap *cap = cap_at(k, vpe);

    *life = cap->home == k->pe ? vpe_at(k, cap->object)->life : other.life;
    return cap->home == k->pe || vpe == other.cap;
}

enum progress creategate_step(struct rescind_kernel *k, const struct creategate *c, uint32_t caller,
                              enum rescind_error *error)
{
    uint32_t table = table_of(caller, RESCIND_TABLE_OBJECT), life;
    bool asked = letter_is_out(&call_at(k, caller)->letter);
    struct other other = asked ? hear(k, caller) : (struct other){0};
    struct lookup vpe = lookup_vpe(k, caller, c->vpe);
    struct lookup dst = lookup_free(k, table, c->dst);
    uint16_t *line = vpe.line != NULL ? vpe.line : dst.line;

    if (vpe.error != RESCIND_NO_ERROR || dst.error != RESCIND_NO_ERROR) {
        *error = RESCIND_INV_ARGS;
    } else if (line != NULL) {
        task_join(k, line, caller);
        return CALL_WAITS;
    } else if (!is_known(k, other, vpe.cap, &life)) {
        return letter_describe(k, caller, vpe.cap);
    } else if (account_left(k, vpe_at(k, caller)->account) < 2) {
        *error = RESCIND_OUT_OF_MEM;
    } else {
        invoke(k, c, table, cap_at(k, vpe.cap), life, dst.place);
        *error = RESCIND_NO_ERROR;
    }
    return CALL_DONE;
}

/* CREATEGATE; see creategate.h. */
#include "syscall/creategate.h"

#include "base/task.h"
#include "cap/create.h"
#include "object/gate.h"
#include "syscall/lookup.h"

enum rescind_error creategate_decode(struct bytes in, struct creategate *out)
{
    out->vpe = bytes_u32(&in);
    out->dst = bytes_u32(&in);
    out->label = bytes_u64(&in);
    out->ep = bytes_u32(&in);
    out->credits = bytes_u64(&in);
    return bytes_ok(in) ? RESCIND_NO_ERROR : RESCIND_INV_ARGS;
}

static void invoke(struct rescind_kernel *k, const struct creategate *c, uint32_t table,
                   const struct cap *vpe, struct treap_place place)
{
    struct cap_spec spec = {
        .table = table,
        .sel = c->dst,
        .type = RESCIND_CAP_GATE,
        .home = k->pe,
        .object = gate_create(k, vpe->home, vpe->object, c->ep, c->label, c->credits),
    };

    cap_create(k, &spec, place);
}

enum progress creategate_step(struct rescind_kernel *k, const struct creategate *c, uint32_t caller,
                              enum rescind_error *error)
{
    uint32_t table = table_of(caller, RESCIND_TABLE_OBJECT);
    struct lookup vpe = lookup_vpe(k, caller, c->vpe);
    struct lookup dst = lookup_free(k, table, c->dst);
    uint32_t *line = vpe.line != NULL ? vpe.line : dst.line;

    if (vpe.error != RESCIND_NO_ERROR || dst.error != RESCIND_NO_ERROR) {
        *error = RESCIND_INV_ARGS;
    } else if (line != NULL) {
        task_join(k, line, caller);
        return CALL_WAITS;
    } else if (pool_left(k) < 2) {
        *error = RESCIND_OUT_OF_MEM;
    } else {
        invoke(k, c, table, cap_at(k, vpe.cap), dst.place);
        *error = RESCIND_NO_ERROR;
    }
    return CALL_DONE;
}

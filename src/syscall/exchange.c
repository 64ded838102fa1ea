/* EXCHANGE; see exchange.h. */
#include "syscall/exchange.h"

#include "base/task.h"
#include "cap/create.h"
#include "syscall/lookup.h"

enum rescind_error exchange_decode(struct bytes in, struct exchange *out)
{
    struct {
        uint32_t vpe, vpe_padding;
        struct rescind_range own;
        uint32_t own_padding;
        struct rescind_range other;
        uint32_t other_padding;
        uint8_t obtain, obtain_padding[7];
    } message;
    struct rescind_range own, other;
    uint32_t vpe;
    bool obtain;

    if (!bytes_struct(&in, &message, sizeof(message)))
        return RESCIND_INV_ARGS;
    vpe = message.vpe;
    own = message.own;
    other = message.other;
    obtain = message.obtain != 0;
    if (own.type >= RESCIND_TABLE_KINDS || own.type != other.type || own.count != other.count)
        return RESCIND_INV_ARGS;
    if ((uint64_t)own.start + own.count > TABLE_END ||
        (uint64_t)other.start + other.count > TABLE_END)
        return RESCIND_INV_ARGS;
    *out = (struct exchange){
        .vpe = vpe,
        .kind = own.type,
        .obtain = obtain,
        .src = obtain ? other.start : own.start,
        .dst = obtain ? own.start : other.start,
        .count = own.count,
    };
    return RESCIND_NO_ERROR;
}

/* Can element `i` be copied now? Then the capability to copy, and the place to copy it to. */
static struct lookup check(struct rescind_kernel *k, const struct exchange *x, uint32_t i)
{
    struct lookup src = lookup_source(k, x->src_table, x->src + i), dst;

    if (src.error != RESCIND_NO_ERROR)
        return src;
    dst = lookup_free(k, x->dst_table, x->dst + i);
    if (dst.error != RESCIND_NO_ERROR)
        return dst;
    if (src.line != NULL)
        return src;
    dst.cap = src.cap;
    if (dst.line != NULL)
        return dst;
    if (pool_left(k) == 0)
        dst.error = RESCIND_OUT_OF_MEM;
    else
        dst.error = cap_derive(k, cap_at(k, src.cap));
    return dst;
}

/* Where a run of copies of one event has come to. */
struct run {
    uint32_t source, copy; /* the last ones; 0: none yet */
    uint64_t bound;        /* of the destination's selectors, this one is the first that is taken */
};

/* check() for an element behind one that has been copied in this event, where nothing is in the
 * way: without a search. False: check() will tell. */
static inline bool check_next(const struct rescind_kernel *k, const struct exchange *x,
                              const struct run *run, struct lookup *out)
{
    uint32_t sel = x->dst + x->done;
    const struct cap *cap;

    if (run->source == 0 || sel >= run->bound || table_is_locked(k, x->dst_table, sel))
        return false;
    out->cap = treap_next(k, run->source);
    cap = cap_at(k, out->cap);
    if (out->cap == 0 || cap->sel != x->src + x->done || (cap->flags & CAP_VISITED) ||
        !cap_is_there(k, cap) || pool_left(k) == 0)
        return false;
    out->place = treap_place_behind(k, run->copy);
    out->error = cap_derive(k, cap);
    return true;
}

/* The first selector at or behind the next destination that is taken. */
static uint64_t find_bound(const struct rescind_kernel *k, const struct exchange *x)
{
    uint32_t index = table_find_from(k, x->dst_table, x->dst + x->done);

    return index != 0 ? cap_at(k, index)->sel : TABLE_END;
}

static uint32_t copy(struct rescind_kernel *k, const struct exchange *x, struct lookup from,
                     uint16_t flags, uint32_t reserver)
{
    const struct cap *cap = cap_at(k, from.cap);
    struct cap_spec spec = {
        .table = x->dst_table,
        .sel = x->dst + x->done,
        .type = cap->type,
        .rights = cap->rights,
        .flags = flags,
        .reserver = reserver,
        .home = cap->home,
        .object = cap->object,
        .parent = from.cap,
    };

    uint32_t index = cap_create(k, &spec, from.place);
    if (flags & CAP_RESERVED)
        revoke_hold(k, from.cap);
    return index;
}

/* What refuses the whole range whatever its selectors hold: more of it than the table holds at
 * all, or a selector that would have to be both held and free. O(1). */
static bool is_hopeless(const struct rescind_kernel *k, const struct exchange *x)
{
    uint32_t apart = x->src > x->dst ? x->src - x->dst : x->dst - x->src;

    return x->count > table_at(k, x->src_table)->count ||
           (x->src_table == x->dst_table && apart < x->count);
}

/* Nothing is reserved. Looks at the capability on the VPE, and first at the element that an
 * earlier attempt stopped at. CALL_MORE: go ahead. */
static enum progress start(struct rescind_kernel *k, struct exchange *x, uint32_t caller,
                           struct lookup found, enum rescind_error *error)
{
    if (found.cap != 0) {
        uint32_t mine = table_of(caller, x->kind);
        x->target = cap_at(k, found.cap)->object;
        x->src_table = x->obtain ? table_of(x->target, x->kind) : mine;
        x->dst_table = x->obtain ? mine : table_of(x->target, x->kind);
        if (x->count == 0)
            return CALL_DONE;
        if (is_hopeless(k, x))
            found.error = RESCIND_INV_ARGS;
        else if (x->again)
            found = check(k, x, x->awaited);
    }
    *error = found.error;
    if (found.error != RESCIND_NO_ERROR)
        return CALL_DONE;
    if (found.line == NULL)
        return CALL_MORE;
    task_join(k, found.line, caller);
    return CALL_WAITS;
}

/* The attempt has failed with `error`, or (NO_ERROR) met something to wait for. */
static void give_up(struct exchange *x, enum rescind_error error)
{
    x->phase = EXCHANGE_UNDO;
    x->error = error;
    x->again = true;
}

/* Makes copies while there is work left. */
static void reserve(struct rescind_kernel *k, struct exchange *x, uint32_t caller, uint32_t *work)
{
    /* With work left to undo all of it, nobody can see it half done. */
    bool at_once = x->done == 0 && x->count <= *work / 2;
    struct run run = {.bound = x->count - x->done > 1 ? find_bound(k, x) : 0};

    while (*work > 0 && x->done < x->count) {
        struct lookup source = {0};
        if (!check_next(k, x, &run, &source))
            source = check(k, x, x->done);
        if (source.error != RESCIND_NO_ERROR || source.line != NULL) {
            x->awaited = x->done;
            give_up(x, source.error);
            return;
        }
        run.copy = copy(k, x, source, at_once ? 0 : CAP_RESERVED, caller);
        run.source = source.cap;
        x->done++;
        --*work;
    }
    if (x->done < x->count)
        return;
    x->phase = EXCHANGE_SETTLE;
    if (!at_once) {
        task_at(k, caller)->committed = true; /* the instant at which the call takes effect */
        x->done = 0;
    }
}

/* One copy that was reserved is plainly there now, unless a revocation has taken it already. */
static void settle(struct rescind_kernel *k, struct exchange *x, uint32_t caller)
{
    uint32_t index = table_find(k, x->dst_table, x->dst + x->done);

    x->done++;
    if (index == 0)
        return;
    const struct cap *cap = cap_at(k, index);
    if ((cap->flags & CAP_RESERVED) && cap->reserver == caller)
        revoke_settle(k, index);
}

/* The last copy goes again: nobody has seen it, so nothing has been derived from it. */
static void undo(struct rescind_kernel *k, struct exchange *x)
{
    x->done--;
    revoke_unreserve(k, table_find(k, x->dst_table, x->dst + x->done));
}

/* RESERVE for one event. */
static enum progress attempt(struct rescind_kernel *k, struct exchange *x, uint32_t caller,
                             uint32_t *work, enum rescind_error *error)
{
    struct lookup vpe = lookup_vpe(k, caller, x->vpe);

    if (x->done == 0) {
        enum progress progress;
        if (vpe.cap != 0 && cap_at(k, vpe.cap)->home != k->pe)
            return across_start(k, x, caller, vpe.cap, work, error);
        progress = start(k, x, caller, vpe, error);
        if (progress != CALL_MORE)
            return progress;
    } else if (vpe.cap == 0 || cap_at(k, vpe.cap)->home != k->pe ||
               cap_at(k, vpe.cap)->object != x->target) {
        give_up(x, vpe.error); /* revoked, or going, or another: copies under it mustn't commit */
        return CALL_MORE;
    }
    reserve(k, x, caller, work);
    return CALL_MORE;
}

enum progress exchange_step(struct rescind_kernel *k, struct exchange *x, uint32_t caller,
                            uint32_t *work, enum rescind_error *error)
{
    while (*work > 0) {
        if (x->across != ACROSS_NONE) {
            enum progress progress = across_step(k, x, caller, work, error);
            if (progress != CALL_MORE)
                return progress;
            continue;
        }
        switch (x->phase) {
        case EXCHANGE_RESERVE: {
            enum progress progress = attempt(k, x, caller, work, error);
            across_decline(k, x);
            if (progress != CALL_MORE)
                return progress;
            break;
        }
        case EXCHANGE_SETTLE:
            if (x->done == x->count) {
                task_at(k, caller)->committed = false;
                *error = RESCIND_NO_ERROR;
                return CALL_DONE;
            }
            settle(k, x, caller);
            --*work;
            break;
        case EXCHANGE_UNDO:
            if (x->done > 0) {
                undo(k, x);
                --*work;
            } else if (x->error != RESCIND_NO_ERROR) {
                *error = x->error;
                return CALL_DONE;
            } else {
                x->phase = EXCHANGE_RESERVE;
            }
            break;
        }
    }
    return CALL_MORE;
}

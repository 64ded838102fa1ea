/* EXCHANGE; see exchange.h. */
#include "syscall/exchange.h"

#include "base/task.h"
#include "base/work.h"
#include "cap/create.h"
#include "syscall/lookup.h"
#include "syscall/service.h"

/* As it lies in the message. */
struct BYTES_LAYOUT message {
    uint32_t vpe, vpe_padding;
    struct rescind_range own;
    uint32_t own_padding;
    struct rescind_range other;
    uint32_t other_padding;
    uint8_t obtain, obtain_padding[7];
};

enum rescind_error exchange_decode(struct bytes in, struct exchange *out)
{
    const struct message *m = (const void *)bytes_take(&in, sizeof(*m));

    if (m == NULL || m->own.type >= RESCIND_TABLE_KINDS || m->own.type != m->other.type ||
        m->own.count != m->other.count || (uint64_t)m->own.start + m->own.count > TABLE_END ||
        (uint64_t)m->other.start + m->other.count > TABLE_END)
        return RESCIND_INV_ARGS;
    out->vpe = m->vpe;
    out->kind = m->own.type;
    out->obtain = m->obtain != 0;
    out->src = out->obtain ? m->other.start : m->own.start;
    out->dst = out->obtain ? m->own.start : m->other.start;
    out->count = m->own.count;
    out->phase = EXCHANGE_RESERVE;
    out->done = 0;
    out->across = ACROSS_NONE;
    out->agreed = out->again = out->granted = false;
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
    if (account_left(k, x->account) <= i - x->done)
        dst.error = RESCIND_OUT_OF_MEM;
    return dst;
}

/* What is to be copied, and where to. */
struct copy {
    uint32_t source; /* 0: none yet */
    struct treap_place place;
};

/* Is there a capability that nothing is the matter with? */
static inline bool is_plain(const struct rescind_kernel *k, uint32_t source)
{
    const struct cap *cap = cap_at(k, source);

    return source != 0 && !(cap->flags & (CAP_VISITED | CAP_RESERVED));
}

/* check() where nothing is in the way, but for nodes; *at becomes about element `i`. False: check()
 * will tell. */
ALWAYS_INLINE bool check_plain(struct rescind_kernel *k, const struct exchange *x, uint32_t i,
                               struct copy *at)
{
    at->source = table_use(k, x->src_table, x->src + i);
    return is_plain(k, at->source) &&
           !table_locks(k, x->dst_table, x->dst + i, x->dst + x->count - 1) &&
           table_find_place(k, x->dst_table, x->dst + i, &at->place) == 0;
}

/* What all copies bear: each mapping is one of its own. */
static inline uint16_t flags_of(const struct exchange *x)
{
    return x->kind == TABLE_MAP ? CAP_BOUND : 0;
}

/* Copies element `i`, which has been checked. Returns the copy. */
ALWAYS_INLINE uint32_t copy(struct rescind_kernel *k, const struct exchange *x, uint32_t i,
                            struct copy at, uint16_t flags, uint32_t reserver)
{
    const struct cap *cap = cap_at(k, at.source);
    struct cap_spec spec = {
        .table = x->dst_table,
        .sel = x->dst + i,
        .type = cap->type,
        .rights = cap->rights,
        .flags = flags,
        .account = x->account,
        .reserver = reserver,
        .home = cap->home,
        .object = cap->object,
        .parent = at.source,
    };

    return cap_create_one(k, &spec, at.place);
}

/* What refuses the whole range whatever its selectors hold: more of it than the table holds at
 * all, or a selector that would have to be both held and free. O(1). */
static bool is_hopeless(const struct rescind_kernel *k, const struct exchange *x)
{
    uint32_t apart = x->src > x->dst ? x->src - x->dst : x->dst - x->src;

    return x->count > table_at(k, x->src_table)->count ||
           (x->src_table == x->dst_table && apart < x->count);
}

/* Both tables. */
static inline void aim(struct exchange *x, uint32_t own_vpe, uint32_t other_vpe)
{
    uint32_t mine = table_of(own_vpe, x->kind), other = table_of(other_vpe, x->kind);

    x->src_table = x->obtain ? other : mine;
    x->dst_table = x->obtain ? mine : other;
}

/* Nothing is reserved. Looks at the capability on the VPE, and first at the element that an
 * earlier attempt stopped at. CALL_MORE: go ahead. */
static enum progress start(struct rescind_kernel *k, struct exchange *x, uint32_t caller,
                           struct lookup found, enum rescind_error *error)
{
    if (found.cap != 0) {
        x->account = vpe_at(k, caller)->account;
        x->target = cap_at(k, found.cap)->object;
        if (x->agreed)
            aim(x, x->own, x->other);
        else
            aim(x, caller, x->target);
        if (x->count == 0)
            return CALL_DONE;
        if (x->count > 1 && is_hopeless(k, x))
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

/* Element `i` is not plain. True: it can be copied all the same. */
static bool check_closely(struct rescind_kernel *k, struct exchange *x, uint32_t i, struct copy *at)
{
    struct lookup found = check(k, x, i);

    *at = (struct copy){found.cap, found.place};
    if (found.error == RESCIND_NO_ERROR && found.line == NULL)
        return true;
    x->awaited = i;
    give_up(x, found.error);
    return false;
}

/* The node behind `node`, if that is at `sel`; or what a search finds there, or 0. */
static inline uint32_t find_behind(const struct rescind_kernel *k, uint32_t table, uint32_t node,
                                   uint32_t sel)
{
    uint32_t next = node != 0 ? treap_next(k, node) : 0;

    return next != 0 && cap_at(k, next)->sel == sel ? next : table_find(k, table, sel);
}

/* How many elements from the first on are plain; *first is about that. */
ALWAYS_INLINE uint32_t count_plain(struct rescind_kernel *k, const struct exchange *x,
                                   struct copy *first)
{
    uint32_t some = x->count, left = account_left(k, x->account);

    if (left == 0 || !check_plain(k, x, 0, first))
        return 0;
    if (some == 1)
        return 1;
    if (some - 1 > first->place.free - x->dst)
        some = first->place.free - x->dst + 1;
    if (some > left)
        some = left;
    for (uint32_t i = 1, source = first->source; i < some; i++) {
        source = find_behind(k, x->src_table, source, x->src + i);
        if (!is_plain(k, source))
            return i;
    }
    return some;
}

/* Checks all elements, so that they can be copied; *first is about the first one. False: one can't
 * be. */
static bool check_all(struct rescind_kernel *k, struct exchange *x, struct copy *first)
{
    struct copy at;

    for (uint32_t i = count_plain(k, x, first); i < x->count; i++) {
        if (!check_closely(k, x, i, &at))
            return false;
        if (i == 0)
            *first = at;
    }
    return true;
}

/* The whole range in this event, all of which has been checked. */
ALWAYS_INLINE void copy_all(struct rescind_kernel *k, const struct exchange *x, struct copy at)
{
    const struct exchange range = *x; /* which no copy touches */
    const uint32_t free = at.place.free;
    const uint16_t flags = flags_of(x);

    for (uint32_t i = 0;;) {
        uint32_t last = copy(k, &range, i, at, flags, 0);
        if (++i == range.count)
            return;
        at.source = treap_next(k, at.source);
        at.place = treap_place_behind(k, last);
        at.place.free = free;
    }
}

/* Is there something to copy, and as little as so much work does? */
static inline bool fits(const struct exchange *x, uint32_t work)
{
    return x->count - 1 < work / WORK_COPY;
}

bool exchange_at_once(struct rescind_kernel *k, struct exchange *x, uint32_t caller)
{
    struct lookup vpe = lookup_vpe(k, caller, x->vpe);
    struct copy first = {0};

    if (vpe.cap == 0 || cap_at(k, vpe.cap)->home != k->pe || !fits(x, k->work))
        return false;
    x->account = vpe_at(k, caller)->account;
    x->target = cap_at(k, vpe.cap)->object;
    aim(x, caller, x->target);
    if ((x->count > 1 && is_hopeless(k, x)) || count_plain(k, x, &first) < x->count)
        return false;
    k->worked = x->count * WORK_COPY;
    copy_all(k, x, first);
    return true;
}

/* Reserves copies while there is work left. */
static void reserve(struct rescind_kernel *k, struct exchange *x, uint32_t caller, uint32_t *work)
{
    struct copy at = {0};

    for (; *work > 0 && x->done < x->count; work_spend(work, WORK_COPY)) {
        at.source = find_behind(k, x->src_table, at.source, x->src + x->done);
        if (!is_plain(k, at.source) || account_left(k, x->account) == 0 ||
            table_is_locked(k, x->dst_table, x->dst + x->done) ||
            table_find_place(k, x->dst_table, x->dst + x->done, &at.place) != 0) {
            if (!check_closely(k, x, x->done, &at))
                return;
        }
        copy(k, x, x->done++, at, CAP_RESERVED | flags_of(x), caller);
        revoke_hold(k, at.source);
    }
    if (x->done < x->count)
        return;
    x->phase = EXCHANGE_SETTLE;
    task_at(k, caller)->committed = true; /* the instant at which the call takes effect */
    x->done = 0;
}

/* Copies that were reserved are plainly there now, unless a revocation has taken them already. */
static void settle(struct rescind_kernel *k, struct exchange *x, uint32_t caller, uint32_t *work)
{
    uint32_t index = 0;

    for (; *work > 0 && x->done < x->count; x->done++) {
        index = find_behind(k, x->dst_table, index, x->dst + x->done);
        work_spend(work, WORK_SETTLE);
        if (index == 0)
            continue;
        const struct cap *cap = cap_at(k, index);
        if ((cap->flags & CAP_RESERVED) && cap->reserver == caller)
            revoke_settle(k, index);
    }
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
    struct lookup vpe = x->agreed ? service_agreed(k, x, caller) : lookup_vpe(k, caller, x->vpe);

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
    if (x->done == 0 && fits(x, *work)) {
        struct copy first = {0};
        *work -= x->count * WORK_COPY;
        if (check_all(k, x, &first)) {
            copy_all(k, x, first);
            return CALL_DONE;
        }
    } else {
        reserve(k, x, caller, work);
    }
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
            if (x->granted)
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
            settle(k, x, caller, work);
            break;
        case EXCHANGE_UNDO:
            if (x->done > 0) {
                undo(k, x);
                work_spend(work, WORK_COPY);
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

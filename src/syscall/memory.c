/* REQMEM, DERIVEMEM, CREATEMAP, READ and WRITE; see memory.h. */
#include "syscall/memory.h"

#include "base/pages.h"
#include "base/work.h"
#include "cap/create.h"
#include "cap/peer.h"
#include "object/endpoint.h"
#include "object/mem.h"
#include "object/vpe.h"
#include "syscall/call.h"
#include "syscall/lookup.h"

static bool are_perms(uint32_t perms)
{
    return perms != 0 && perms <= (RESCIND_PERM_R | RESCIND_PERM_W | RESCIND_PERM_X);
}

/* The capability of memory at a selector of the caller's. */
static struct lookup look_for_memory(struct rescind_kernel *k, uint32_t vpe, uint32_t sel)
{
    struct lookup found = lookup_source(k, table_of(vpe, TABLE_OBJECT), sel);

    if (found.cap != 0 && cap_at(k, found.cap)->type != RESCIND_CAP_MEM)
        found.error = RESCIND_INV_ARGS;
    return found;
}

/* ---- REQMEM ------------------------------------------------------------------------------- */

struct BYTES_LAYOUT reqmem_message {
    uint32_t dst, dst_padding;
    uint64_t addr;
    uint64_t size;
    uint32_t perms, perms_padding;
};

/* Is it an address for so many bytes? */
static bool is_address(const struct rescind_kernel *k, uint64_t addr, uint64_t size)
{
    uint64_t all = (uint64_t)k->pages * RESCIND_PAGE;

    return addr == RESCIND_ANY_ADDR ||
           (addr % RESCIND_PAGE == 0 && addr <= all && size <= all - addr);
}

enum progress reqmem_begin(struct rescind_kernel *k, uint32_t vpe, struct call *call,
                           struct bytes in)
{
    const struct reqmem_message *m = (const void *)bytes_take(&in, sizeof(*m));

    (void)vpe;
    if (m == NULL || m->size == 0 || !are_perms(m->perms) || !is_address(k, m->addr, m->size))
        return call_refuse(call, RESCIND_INV_ARGS);
    call->reqmem = (struct reqmem){
        .dst = m->dst,
        .perms = (uint8_t)m->perms,
        .addr = m->addr,
        .size = m->size,
    };
    return CALL_MORE;
}

/* Takes the pages, and puts their capability there. */
static enum progress reserve_memory(struct rescind_kernel *k, uint32_t vpe, struct call *call,
                                    uint32_t *work)
{
    struct reqmem *r = &call->reqmem;
    uint16_t account = vpe_at(k, vpe)->account;
    struct lookup dst = lookup_free(k, table_of(vpe, TABLE_OBJECT), r->dst);

    if (dst.error != RESCIND_NO_ERROR)
        return call_refuse(call, dst.error);
    if (dst.line != NULL)
        return call_wait(k, vpe, dst.line);
    if (account_left(k, account) < 2)
        return call_refuse(call, RESCIND_OUT_OF_MEM);
    r->page = mem_take(k, r->addr, r->size);
    work_spend(work, k->pages / WORK_PAGES_SEARCHED);
    if (r->page == PAGES_NONE)
        return call_refuse(call, RESCIND_OUT_OF_MEM);
    r->end = r->page + (uint32_t)mem_pages(r->size);
    r->cap = cap_create(k,
                        &(struct cap_spec){
                            .table = table_of(vpe, TABLE_OBJECT),
                            .sel = r->dst,
                            .type = RESCIND_CAP_MEM,
                            .rights = r->perms,
                            .flags = CAP_RESERVED,
                            .account = account,
                            .reserver = vpe,
                            .home = k->pe,
                            .object = mem_create_whole(k, account, r->page, r->size),
                        },
                        dst.place);
    return CALL_MORE;
}

enum progress reqmem_step(struct rescind_kernel *k, uint32_t vpe, struct call *call, uint32_t *work)
{
    struct reqmem *r = &call->reqmem;

    if (r->cap == 0) {
        enum progress progress = reserve_memory(k, vpe, call, work);
        if (progress != CALL_MORE)
            return progress;
    }
    for (; *work > 0 && r->page < r->end; r->page++) {
        memset(pages_at(k, (uint64_t)r->page * RESCIND_PAGE), 0, RESCIND_PAGE);
        work_spend(work, WORK_PAGE);
    }
    if (r->page < r->end)
        return CALL_MORE;
    revoke_settle(k, r->cap);
    return call_refuse(call, RESCIND_NO_ERROR);
}

/* ---- DERIVEMEM ---------------------------------------------------------------------------- */

struct BYTES_LAYOUT derivemem_message {
    uint32_t src, src_padding;
    uint32_t dst, dst_padding;
    uint64_t off;
    uint64_t size;
    uint32_t perms, perms_padding;
};

enum progress derivemem_begin(struct rescind_kernel *k, uint32_t vpe, struct call *call,
                              struct bytes in)
{
    const struct derivemem_message *m = (const void *)bytes_take(&in, sizeof(*m));

    (void)k;
    (void)vpe;
    if (m == NULL || m->size == 0 || !are_perms(m->perms))
        return call_refuse(call, RESCIND_INV_ARGS);
    call->derivemem = (struct derivemem){
        .src = m->src,
        .dst = m->dst,
        .off = m->off,
        .size = m->size,
        .perms = (uint8_t)m->perms,
    };
    return CALL_MORE;
}

/* The memory, which has that part if it is known. */
static struct lookup look_for_part(struct rescind_kernel *k, uint32_t vpe,
                                   const struct derivemem *d, const struct described *told)
{
    struct lookup found = look_for_memory(k, vpe, d->src);
    const struct mem *mem;

    if (found.cap == 0 || found.error != RESCIND_NO_ERROR || !letter_knows(k, told, found.cap))
        return found;
    mem = letter_mem(k, told, found.cap);
    if (d->off > mem->size || d->size > mem->size - d->off)
        found.error = RESCIND_INV_ARGS;
    return found;
}

static void derive(struct rescind_kernel *k, uint32_t vpe, const struct derivemem *d,
                   uint32_t parent, const struct mem *mem, struct treap_place place)
{
    uint16_t account = vpe_at(k, vpe)->account;

    cap_create(k,
               &(struct cap_spec){
                   .table = table_of(vpe, TABLE_OBJECT),
                   .sel = d->dst,
                   .type = RESCIND_CAP_MEM,
                   .rights = d->perms,
                   .flags = CAP_BOUND,
                   .account = account,
                   .home = k->pe,
                   .object = mem_create_part(k, account, mem, d->off, d->size),
                   .parent = parent,
               },
               place);
}

enum progress derivemem_step(struct rescind_kernel *k, uint32_t vpe, struct call *call,
                             uint32_t *work)
{
    const struct derivemem *d = &call->derivemem;
    struct described told = letter_described(k, vpe);
    struct lookup src = look_for_part(k, vpe, d, &told);
    struct lookup dst = lookup_free(k, table_of(vpe, TABLE_OBJECT), d->dst);

    (void)work;
    if (src.error != RESCIND_NO_ERROR || dst.error != RESCIND_NO_ERROR)
        return call_refuse(call, RESCIND_INV_ARGS);
    if (src.line != NULL || dst.line != NULL)
        return call_wait(k, vpe, src.line != NULL ? src.line : dst.line);
    if (!letter_knows(k, &told, src.cap))
        return letter_describe(k, vpe, src.cap);
    if (d->perms & ~cap_at(k, src.cap)->rights)
        return call_refuse(call, RESCIND_NO_PERM);
    if (account_left(k, vpe_at(k, vpe)->account) < 2)
        return call_refuse(call, RESCIND_OUT_OF_MEM);
    derive(k, vpe, d, src.cap, letter_mem(k, &told, src.cap), dst.place);
    return call_refuse(call, RESCIND_NO_ERROR);
}

/* ---- CREATEMAP ---------------------------------------------------------------------------- */

struct BYTES_LAYOUT createmap_message {
    uint32_t vpe, vpe_padding;
    uint32_t mem, mem_padding;
    uint32_t first, first_padding;
    uint32_t pages, pages_padding;
    uint32_t dst, dst_padding;
    uint32_t perms, perms_padding;
};

enum progress createmap_begin(struct rescind_kernel *k, uint32_t vpe, struct call *call,
                              struct bytes in)
{
    const struct createmap_message *m = (const void *)bytes_take(&in, sizeof(*m));

    (void)k;
    (void)vpe;
    if (m == NULL || !are_perms(m->perms) || m->pages == 0 || m->dst < RESCIND_MAP_FIRST ||
        m->dst >= RESCIND_MAP_END || m->pages > RESCIND_MAP_END - m->dst)
        return call_refuse(call, RESCIND_INV_ARGS);
    call->createmap = (struct createmap){
        .vpe = m->vpe,
        .mem = m->mem,
        .first = m->first,
        .pages = m->pages,
        .dst = m->dst,
        .perms = (uint8_t)m->perms,
        .phase = EXCHANGE_RESERVE,
    };
    return CALL_MORE;
}

/* The VPE of this kernel whose pages they are to be. */
static struct lookup look_for_target(struct rescind_kernel *k, uint32_t vpe, uint32_t sel)
{
    struct lookup found = lookup_vpe(k, vpe, sel);

    if (found.cap != 0 && cap_at(k, found.cap)->home != k->pe)
        found.error = RESCIND_INV_ARGS;
    return found;
}

/* The memory, which has those pages if it is known. */
static struct lookup look_for_pages(struct rescind_kernel *k, uint32_t vpe,
                                    const struct createmap *c, const struct described *told)
{
    struct lookup found = look_for_memory(k, vpe, c->mem);
    const struct mem *mem;
    uint64_t pages;

    if (found.cap == 0 || found.error != RESCIND_NO_ERROR || !letter_knows(k, told, found.cap))
        return found;
    mem = letter_mem(k, told, found.cap);
    pages = mem->size / RESCIND_PAGE;
    if (!mem_has_pages(k, mem) || mem->addr % RESCIND_PAGE != 0 || c->first > pages ||
        c->pages > pages - c->first)
        found.error = RESCIND_INV_ARGS;
    return found;
}

static inline uint32_t map_table(const struct createmap *c)
{
    return table_of(c->target, TABLE_MAP);
}

/* Can page `i` be mapped now, `before` others having been? Then its place. */
static struct lookup check(struct rescind_kernel *k, uint32_t vpe, const struct createmap *c,
                           uint32_t i, uint32_t before)
{
    struct lookup dst = lookup_free(k, map_table(c), c->dst + i);

    if (dst.error == RESCIND_NO_ERROR && dst.line == NULL &&
        account_left(k, vpe_at(k, vpe)->account) <= before)
        dst.error = RESCIND_OUT_OF_MEM;
    return dst;
}

/* Maps page `i`, which has been checked. */
static void map(struct rescind_kernel *k, uint32_t vpe, const struct createmap *c, uint32_t i,
                struct treap_place place, uint16_t flags)
{
    cap_create(k,
               &(struct cap_spec){
                   .table = map_table(c),
                   .sel = c->dst + i,
                   .type = RESCIND_CAP_MAP,
                   .rights = c->perms,
                   .flags = flags | CAP_BOUND,
                   .account = vpe_at(k, vpe)->account,
                   .reserver = vpe,
                   .home = c->pe,
                   .object = c->frame + c->first + i,
                   .parent = c->source,
               },
               place);
}

/* The attempt has failed with `error`, or (NO_ERROR) met something to wait for at page `i`. */
static void give_up(struct createmap *c, enum rescind_error error, uint32_t i)
{
    c->phase = EXCHANGE_UNDO;
    c->error = error;
    c->awaited = i;
}

/* Nothing is reserved. Looks at the VPE, the memory and the page that an earlier attempt stopped
 * at. CALL_MORE: go ahead. */
static enum progress start(struct rescind_kernel *k, uint32_t vpe, struct call *call)
{
    struct createmap *c = &call->createmap;
    struct described told = letter_described(k, vpe);
    struct lookup target = look_for_target(k, vpe, c->vpe);
    struct lookup source = look_for_pages(k, vpe, c, &told), dst;
    const struct mem *mem;

    if (target.error != RESCIND_NO_ERROR || source.error != RESCIND_NO_ERROR)
        return call_refuse(call, RESCIND_INV_ARGS);
    if (target.line != NULL || source.line != NULL)
        return call_wait(k, vpe, target.line != NULL ? target.line : source.line);
    if (!letter_knows(k, &told, source.cap))
        return letter_describe(k, vpe, source.cap);
    if (c->perms & ~cap_at(k, source.cap)->rights)
        return call_refuse(call, RESCIND_NO_PERM);
    mem = letter_mem(k, &told, source.cap);
    c->pe = mem->pe;
    c->frame = (uint32_t)(mem->addr / RESCIND_PAGE);
    c->target = cap_at(k, target.cap)->object;
    c->source = source.cap;
    dst = check(k, vpe, c, c->awaited, 0);
    if (dst.error != RESCIND_NO_ERROR)
        return call_refuse(call, dst.error);
    if (dst.line != NULL)
        return call_wait(k, vpe, dst.line);
    return CALL_MORE;
}

/* All in this event, if nothing is in the way. */
static void map_all(struct rescind_kernel *k, uint32_t vpe, struct createmap *c)
{
    struct lookup dst;

    for (uint32_t i = 0; i < c->pages; i++) {
        dst = check(k, vpe, c, i, i);
        if (dst.error != RESCIND_NO_ERROR || dst.line != NULL) {
            give_up(c, dst.error, i);
            return;
        }
    }
    for (uint32_t i = 0; i < c->pages; i++) {
        dst = lookup_free(k, map_table(c), c->dst + i);
        map(k, vpe, c, i, dst.place, 0);
    }
    c->phase = EXCHANGE_SETTLE; /* with nothing to settle */
    c->done = c->pages;
}

/* Reserves mappings while there is work left. */
static void reserve_maps(struct rescind_kernel *k, uint32_t vpe, struct createmap *c,
                         uint32_t *work)
{
    for (; *work > 0 && c->done < c->pages; work_spend(work, WORK_COPY)) {
        struct lookup dst = check(k, vpe, c, c->done, 0);
        if (dst.error != RESCIND_NO_ERROR || dst.line != NULL) {
            give_up(c, dst.error, c->done);
            return;
        }
        map(k, vpe, c, c->done++, dst.place, CAP_RESERVED);
        revoke_hold(k, c->source);
    }
    if (c->done < c->pages)
        return;
    c->phase = EXCHANGE_SETTLE;
    task_at(k, vpe)->committed = true; /* the instant at which the call takes effect */
    c->done = 0;
}

/* Are the VPE and the memory still what they were when the first page was reserved? */
static bool are_still(struct rescind_kernel *k, uint32_t vpe, const struct createmap *c)
{
    static const struct described nothing; /* it was known when that was reserved */
    struct lookup target = look_for_target(k, vpe, c->vpe);
    struct lookup source = look_for_pages(k, vpe, c, &nothing);

    return target.error == RESCIND_NO_ERROR && target.cap != 0 &&
           cap_at(k, target.cap)->object == c->target && source.error == RESCIND_NO_ERROR &&
           source.cap == c->source;
}

/* RESERVE for one event. */
static enum progress attempt(struct rescind_kernel *k, uint32_t vpe, struct call *call,
                             uint32_t *work)
{
    struct createmap *c = &call->createmap;

    if (c->done == 0) {
        enum progress progress = start(k, vpe, call);
        if (progress != CALL_MORE)
            return progress;
        if ((uint64_t)c->pages * WORK_COPY <= *work) {
            *work -= c->pages * WORK_COPY;
            map_all(k, vpe, c);
            return CALL_MORE;
        }
    } else if (!are_still(k, vpe, c)) {
        give_up(c, RESCIND_NO_ERROR, 0); /* what is reserved mustn't commit under that */
        return CALL_MORE;
    }
    reserve_maps(k, vpe, c, work);
    return CALL_MORE;
}

/* Mappings that were reserved are plainly there now, unless a revocation has taken them already. */
static void settle(struct rescind_kernel *k, uint32_t vpe, struct createmap *c, uint32_t *work)
{
    for (; *work > 0 && c->done < c->pages; c->done++) {
        uint32_t index = table_find(k, map_table(c), c->dst + c->done);
        const struct cap *cap = cap_at(k, index);
        work_spend(work, WORK_SETTLE);
        if (index != 0 && (cap->flags & CAP_RESERVED) && cap->reserver == vpe)
            revoke_settle(k, index);
    }
}

/* The last ones go again: nobody has seen them. */
static void undo(struct rescind_kernel *k, struct createmap *c, uint32_t *work)
{
    for (; *work > 0 && c->done > 0; work_spend(work, WORK_COPY)) {
        c->done--;
        revoke_unreserve(k, table_find(k, map_table(c), c->dst + c->done));
    }
}

enum progress createmap_step(struct rescind_kernel *k, uint32_t vpe, struct call *call,
                             uint32_t *work)
{
    struct createmap *c = &call->createmap;
    enum progress progress = CALL_MORE;

    while (progress == CALL_MORE) {
        if (c->phase == EXCHANGE_SETTLE && c->done == c->pages) {
            task_at(k, vpe)->committed = false;
            return call_refuse(call, RESCIND_NO_ERROR);
        }
        if (c->phase == EXCHANGE_UNDO && c->done == 0 && c->error != RESCIND_NO_ERROR)
            return call_refuse(call, c->error);
        if (*work == 0)
            break;
        switch (c->phase) {
        case EXCHANGE_RESERVE:
            progress = attempt(k, vpe, call, work);
            break;
        case EXCHANGE_SETTLE:
            settle(k, vpe, c, work);
            break;
        case EXCHANGE_UNDO:
            undo(k, c, work);
            if (c->done == 0 && c->error == RESCIND_NO_ERROR)
                c->phase = EXCHANGE_RESERVE;
            break;
        }
    }
    return progress;
}

/* ---- READ and WRITE ----------------------------------------------------------------------- */

struct BYTES_LAYOUT access_message {
    uint32_t ep, ep_padding;
    uint64_t off;
    uint64_t size; /* of WRITE: of the data that follows */
};

static bool decode_access(struct access *a, struct bytes *in)
{
    const struct access_message *m = (const void *)bytes_take(in, sizeof(*m));

    if (m == NULL || m->size == 0 || m->size > RESCIND_DATA_MAX)
        return false;
    *a = (struct access){.ep = m->ep, .off = m->off, .size = (uint32_t)m->size};
    return true;
}

enum progress read_begin(struct rescind_kernel *k, uint32_t vpe, struct call *call, struct bytes in)
{
    (void)k;
    (void)vpe;
    return decode_access(&call->access, &in) ? CALL_MORE : call_refuse(call, RESCIND_INV_ARGS);
}

enum progress write_begin(struct rescind_kernel *k, uint32_t vpe, struct call *call,
                          struct bytes in)
{
    const uint8_t *data = NULL;

    if (decode_access(&call->access, &in))
        data = bytes_take(&in, call->access.size);
    if (data == NULL)
        return call_refuse(call, RESCIND_INV_ARGS);
    memcpy(call_buffer(k, vpe), data, call->access.size);
    return CALL_MORE;
}

/* Is there memory behind the whole endpoint, as far as is known here? */
static bool is_real(const struct rescind_kernel *k, const struct endpoint_node *e)
{
    return e->pe != k->pe ||
           mem_is_real(k, &(struct mem){.pe = e->pe, .addr = e->addr, .size = e->size});
}

/* Asks the kernel whose memory it is. */
static enum progress ask_kernel(struct rescind_kernel *k, uint32_t vpe, const struct access *a,
                                uint32_t index, bool writes)
{
    const struct endpoint_node *e = endpoint_of(k, index);

    return letter_ask(k, vpe,
                      &(struct letter){
                          .peer = e->pe,
                          .pin = index,
                          .op = writes ? RESCIND_LETTER_WRITE : RESCIND_LETTER_READ,
                          .length = writes ? (uint16_t)a->size : 0,
                          .expects = writes ? 0 : (uint16_t)a->size,
                          .at = writes ? 0 : sizeof(uint64_t),
                          .args = {e->addr + a->off, a->size},
                      });
}

/* Where the call's bytes lie, if they may be used for what `right` says. CALL_MORE: at *at. Where
 * they are another kernel's, it is asked. */
static enum progress aim(struct rescind_kernel *k, uint32_t vpe, struct call *call, uint8_t right,
                         uint8_t **at)
{
    const struct access *a = &call->access;
    struct lookup found = lookup_endpoint(k, vpe, a->ep, ENDPOINT_MEMORY);
    uint32_t index = found.cap;
    const struct endpoint_node *e;

    if (found.error != RESCIND_NO_ERROR)
        return call_refuse(call, found.error);
    if (found.line != NULL)
        return call_wait(k, vpe, found.line);
    e = endpoint_of(k, index);
    /* No letter is written about what is being revoked. */
    if (e->pe != k->pe && (cap_at(k, index)->flags & CAP_VISITED))
        return call_wait(k, vpe, cap_line(cap_at(k, index)));
    if (!(e->rights & right))
        return call_refuse(call, RESCIND_NO_PERM);
    if (!is_real(k, e) || a->off > e->size || a->size > e->size - a->off)
        return call_refuse(call, RESCIND_INV_ARGS);
    if (e->pe != k->pe)
        return ask_kernel(k, vpe, a, index, right == RESCIND_PERM_W);
    *at = pages_at(k, e->addr + a->off);
    return CALL_MORE;
}

/* What has been read stands in the caller's buffer, behind room for its size. */
static enum progress return_data(struct rescind_kernel *k, uint32_t vpe, struct call *call)
{
    uint8_t *out = call_buffer(k, vpe);
    uint64_t size = call->access.size, padded = (size + 7) & ~UINT64_C(7);

    memcpy(out, &size, sizeof(size));
    memset(out + sizeof(size) + size, 0, padded - size);
    return call_return(call, (uint32_t)(sizeof(size) + padded));
}

/* The memory's kernel has answered. */
static enum progress hear_kernel(struct rescind_kernel *k, uint32_t vpe, struct call *call)
{
    letter_await(k, vpe);
    if (call->letter.error == RESCIND_NO_ERROR && call->opcode == RESCIND_SYS_READ)
        return return_data(k, vpe, call);
    return call_refuse(call, (enum rescind_error)call->letter.error);
}

enum progress read_step(struct rescind_kernel *k, uint32_t vpe, struct call *call, uint32_t *work)
{
    uint8_t *at = NULL;
    enum progress progress;

    (void)work;
    if (letter_is_out(&call->letter))
        return hear_kernel(k, vpe, call);
    progress = aim(k, vpe, call, RESCIND_PERM_R, &at);
    if (progress != CALL_MORE)
        return progress;
    memcpy(call_buffer(k, vpe) + sizeof(uint64_t), at, call->access.size);
    return return_data(k, vpe, call);
}

enum progress write_step(struct rescind_kernel *k, uint32_t vpe, struct call *call, uint32_t *work)
{
    uint8_t *at = NULL;
    enum progress progress;

    (void)work;
    if (letter_is_out(&call->letter))
        return hear_kernel(k, vpe, call);
    progress = aim(k, vpe, call, RESCIND_PERM_W, &at);
    if (progress != CALL_MORE)
        return progress;
    memcpy(at, call_buffer(k, vpe), call->access.size);
    return call_refuse(call, RESCIND_NO_ERROR);
}

bool access_is_sound(const struct rescind_kernel *k, uint32_t pe,
                     const struct rescind_peer_letter *letter)
{
    uint64_t size = letter->args[1];

    (void)k;
    (void)pe;
    return size > 0 && size <= RESCIND_DATA_MAX &&
           letter->length == (letter->op == RESCIND_LETTER_WRITE ? size : 0);
}

uint32_t access_serve(struct rescind_kernel *k, uint32_t pe,
                      const struct rescind_peer_letter *letter, struct letter_reply *reply,
                      uint8_t *data)
{
    uint64_t addr = letter->args[0], size = letter->args[1];

    (void)pe;
    if (!mem_is_real(k, &(struct mem){.pe = k->pe, .addr = addr, .size = size}))
        return RESCIND_INV_ARGS;
    if (letter->op == RESCIND_LETTER_WRITE) {
        memcpy(pages_at(k, addr), letter->data, size);
    } else {
        memcpy(data, pages_at(k, addr), size);
        reply->length = (uint32_t)size;
    }
    return RESCIND_NO_ERROR;
}

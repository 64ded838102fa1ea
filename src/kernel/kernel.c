/* The kernel's events: one message, one turn of work, one end; see rescind/kernel.h. */
#include "rescind/kernel.h"

#include <string.h>

#include "base/arena.h"
#include "base/task.h"
#include "cap/table.h"
#include "cap/tree.h"
#include "dtu/endpoint.h"
#include "object/vpe.h"
#include "syscall/call.h"

/* Each capability costs about a hundred instructions, marked or removed: 32 of them keep an
 * event under 5 000. */
enum { DEFAULT_WORK = 32 };

/* ---- The arena ---------------------------------------------------------------------------- */

static size_t round_up(size_t size, size_t to)
{
    return (size + to - 1) / to * to;
}

/* Where everything lies; returns the arena's size. */
static size_t lay_out(struct rescind_kernel *k, const struct rescind_kernel_config *config)
{
    size_t at = round_up(sizeof(struct rescind_kernel), 64);

    k->tasks = at;
    at = round_up(at + config->vpes * sizeof(struct task), 64);
    k->tables = at;
    at = round_up(at + config->vpes * RESCIND_TABLE_KINDS * sizeof(struct table), 64);
    k->vpes = at;
    at = round_up(at + config->vpes * sizeof(struct vpe), 64);
    k->calls = at;
    at = round_up(at + config->vpes * sizeof(struct call), VPE_RING_PAGE);
    k->rings = at;
    k->nodes = at + (size_t)config->vpes * 2 * VPE_RING_PAGE;
    return k->nodes + (size_t)config->nodes * POOL_NODE_SIZE;
}

static bool is_sane(const struct rescind_kernel_config *config)
{
    return config->vpes <= RESCIND_VPE_MAX && config->nodes >= 1 && config->nodes <= INT32_MAX &&
           config->pe < RESCIND_PE_MAX;
}

size_t rescind_kernel_size(const struct rescind_kernel_config *config)
{
    struct rescind_kernel k;

    return is_sane(config) ? lay_out(&k, config) : 0;
}

struct rescind_kernel *rescind_kernel_create(void *arena, size_t size,
                                             const struct rescind_kernel_config *config)
{
    struct rescind_kernel *k = arena;

    if (!is_sane(config) || size < rescind_kernel_size(config) ||
        (uintptr_t)arena % VPE_RING_PAGE != 0)
        return NULL;
    memset(k, 0, sizeof(*k));
    lay_out(k, config);
    memset(arena_at(k, k->tasks), 0, k->rings - k->tasks);
    k->vpe_limit = config->vpes;
    k->work = config->work != 0 ? config->work : DEFAULT_WORK;
    k->pe = config->pe;
    pool_init(&k->pool, config->nodes);
    random_init(&k->random, config->seed);
    return k;
}

size_t rescind_kernel_used(const struct rescind_kernel *k)
{
    return k->nodes + (size_t)k->pool.high * POOL_NODE_SIZE;
}

/* ---- Boot --------------------------------------------------------------------------------- */

enum rescind_error rescind_kernel_boot_vpe(struct rescind_kernel *k, uint64_t mem_addr,
                                           uint64_t mem_size)
{
    return vpe_boot(k, mem_addr, mem_size);
}

enum rescind_error rescind_kernel_boot_grant(struct rescind_kernel *k, uint32_t vpe, uint32_t sel,
                                             uint32_t target)
{
    uint32_t table = table_of(vpe, RESCIND_TABLE_OBJECT);
    struct cap_spec spec = {
        .table = table,
        .sel = sel,
        .type = RESCIND_CAP_VPE,
        .object = target,
    };

    if (vpe >= k->vpe_count || target >= k->vpe_count || table_find(k, table, sel) != 0)
        return RESCIND_INV_ARGS;
    spec.parent = table_find(k, table_of(target, RESCIND_TABLE_OBJECT), RESCIND_SEL_VPE);
    return cap_create(k, &spec) != 0 ? RESCIND_NO_ERROR : RESCIND_OUT_OF_MEM;
}

struct rescind_ring *rescind_kernel_syscall_ring(struct rescind_kernel *k, uint32_t vpe)
{
    return vpe_syscall_ring(k, vpe);
}

struct rescind_ring *rescind_kernel_reply_ring(struct rescind_kernel *k, uint32_t vpe)
{
    return vpe_reply_ring(k, vpe);
}

enum rescind_vpe_state rescind_kernel_vpe_state(const struct rescind_kernel *k, uint32_t vpe)
{
    const struct vpe *v = vpe_at(k, vpe);

    return v->ended ? RESCIND_VPE_ENDED : v->calling ? RESCIND_VPE_WAITING : RESCIND_VPE_RUNNING;
}

/* ---- Events ------------------------------------------------------------------------------- */

static void reply(struct rescind_kernel *k, uint32_t vpe, enum rescind_error error)
{
    uint64_t payload = (uint64_t)error;
    struct endpoint kernel = {.pe = k->pe, .vpe = RESCIND_VPE_MAX - 1, .number = 0};

    /* Room was there when the message was taken. A VPE that has filled the ring itself since
     * then has spoilt its own reply, and nobody else's. */
    endpoint_reply(&kernel, vpe_reply_ring(k, vpe), &vpe_at(k, vpe)->request, &payload,
                   sizeof(payload));
    outbox_put(&k->outbox, RESCIND_OUTPUT_REPLY, vpe, (uint32_t)error);
}

static void ended(struct rescind_kernel *k, uint32_t vpe)
{
    vpe_at(k, vpe)->ended = true;
    ring_terminate(vpe_syscall_ring(k, vpe));
    ring_terminate(vpe_reply_ring(k, vpe));
    outbox_put(&k->outbox, RESCIND_OUTPUT_ENDED, vpe, vpe_at(k, vpe)->end_code);
}

static void start_end(struct rescind_kernel *k, uint32_t vpe)
{
    vpe_at(k, vpe)->calling = true;
    vpe_at(k, vpe)->end_wanted = false;
    call_begin_exit(k, vpe, vpe_at(k, vpe)->end_code);
    task_join(k, &k->ready, vpe);
}

/* What follows from a turn of work on the call of `vpe`. */
static void conclude(struct rescind_kernel *k, uint32_t vpe, enum progress progress)
{
    struct vpe *v = vpe_at(k, vpe);
    const struct call *call = call_at(k, vpe);

    if (progress == CALL_WAITS)
        return;
    if (progress == CALL_MORE) {
        task_join(k, &k->ready, vpe);
        return;
    }
    v->calling = false;
    if (call->opcode == RESCIND_SYS_EXIT && call->error == RESCIND_NO_ERROR)
        ended(k, vpe);
    else if (v->end_wanted)
        start_end(k, vpe);
    else
        reply(k, vpe, call->error);
}

bool rescind_kernel_message_waiting(const struct rescind_kernel *k, uint32_t vpe)
{
    const struct vpe *v = vpe_at(k, vpe);

    if (v->ended || v->calling)
        return false;
    switch (ring_look(vpe_reply_ring(k, vpe))) {
    case RING_FULL:
        return false;
    case RING_BROKEN:
        return true;
    default:
        return ring_look(vpe_syscall_ring(k, vpe)) != RING_EMPTY;
    }
}

/* Takes the message of `vpe`, if there is one, and decodes it. A function of its own, so that the
 * message is off the stack when the call's work begins. CALL_MORE: call_step() is to go on. */
__attribute__((noinline)) static enum ring_state take(struct rescind_kernel *k, uint32_t vpe,
                                                      enum progress *progress)
{
    struct vpe *v = vpe_at(k, vpe);
    struct ring_message message;
    enum ring_state state = ring_look(vpe_reply_ring(k, vpe));

    if (state == RING_FULL)
        return RING_EMPTY;
    if (state != RING_BROKEN)
        state = ring_fetch(vpe_syscall_ring(k, vpe), &message);
    if (state != RING_MESSAGE)
        return state;
    v->calling = true;
    v->request = message.header;
    if (message.header.length > RESCIND_PAYLOAD_MAX)
        message.header.length = 0; /* too short for any opcode, then */
    *progress = call_begin(
        k, vpe, (struct bytes){.data = message.payload, .size = message.header.length, .ok = true});
    return RING_MESSAGE;
}

void rescind_kernel_message(struct rescind_kernel *k, uint32_t vpe)
{
    enum progress progress = CALL_DONE;

    outbox_clear(&k->outbox);
    if (vpe_at(k, vpe)->ended || vpe_at(k, vpe)->calling)
        return;
    switch (take(k, vpe, &progress)) {
    case RING_MESSAGE:
        if (progress == CALL_MORE)
            progress = call_step(k, vpe);
        conclude(k, vpe, progress);
        break;
    case RING_BROKEN:
        outbox_put(&k->outbox, RESCIND_OUTPUT_BAD_RING, vpe, 0);
        start_end(k, vpe);
        break;
    default:
        break;
    }
}

int32_t rescind_kernel_ready(const struct rescind_kernel *k)
{
    return task_first(k->ready);
}

int32_t rescind_kernel_ready_after(const struct rescind_kernel *k, uint32_t vpe)
{
    return task_after(k, k->ready, vpe);
}

void rescind_kernel_work(struct rescind_kernel *k, uint32_t vpe)
{
    outbox_clear(&k->outbox);
    task_leave(k, &k->ready, vpe);
    conclude(k, vpe, call_step(k, vpe));
}

void rescind_kernel_end(struct rescind_kernel *k, uint32_t vpe, uint32_t code)
{
    struct vpe *v = vpe_at(k, vpe);

    outbox_clear(&k->outbox);
    if (v->ended || (v->calling && call_at(k, vpe)->opcode == RESCIND_SYS_EXIT))
        return;
    v->end_code = code;
    if (v->calling)
        v->end_wanted = true;
    else
        start_end(k, vpe);
}

struct rescind_kernel_output rescind_kernel_take_output(struct rescind_kernel *k)
{
    struct outbox *box = &k->outbox;
    const struct outbox_entry *entry;

    if (box->taken == box->count)
        return (struct rescind_kernel_output){.kind = RESCIND_OUTPUT_NOTHING};
    entry = &box->entries[box->taken++];
    return (struct rescind_kernel_output){
        .kind = (enum rescind_output_kind)entry->kind,
        .vpe = entry->vpe,
        .code = entry->code,
        .text = (const char *)box->text,
        .size = entry->kind == RESCIND_OUTPUT_PRINT ? box->text_size : 0,
    };
}

/* ---- In a VPE's place --------------------------------------------------------------------- */

enum rescind_error rescind_kernel_send(struct rescind_kernel *k, uint32_t vpe, const void *payload,
                                       size_t size)
{
    uint32_t credits = 1;
    struct endpoint endpoint = {
        .pe = k->pe,
        .vpe = (uint16_t)vpe,
        .number = RESCIND_EP_SYSCALL,
        .reply_ep = RESCIND_EP_REPLY,
        .credits = &credits,
    };

    return endpoint_send(&endpoint, vpe_syscall_ring(k, vpe), payload, size);
}

bool rescind_kernel_receive(struct rescind_kernel *k, uint32_t vpe, void *payload, size_t size)
{
    struct ring_message reply;

    if (ring_fetch(vpe_reply_ring(k, vpe), &reply) != RING_MESSAGE ||
        reply.header.length > RESCIND_PAYLOAD_MAX)
        return false;
    memcpy(payload, reply.payload, size < reply.header.length ? size : reply.header.length);
    return true;
}

/* ---- Looking at it ------------------------------------------------------------------------ */

static void describe(const struct rescind_kernel *k, uint32_t index, struct rescind_kernel_cap *out)
{
    const struct cap *cap = cap_at(k, index);
    const struct cap *parent = cap->parent != 0 ? cap_at(k, cap->parent) : NULL;

    *out = (struct rescind_kernel_cap){
        .vpe = table_vpe(cap->table),
        .kind = table_kind(cap->table),
        .sel = cap->sel,
        .type = cap->type,
        .has_parent = parent != NULL,
        .parent_vpe = parent != NULL ? table_vpe(parent->table) : 0,
        .parent_kind = parent != NULL ? table_kind(parent->table) : 0,
        .parent_sel = parent != NULL ? parent->sel : 0,
    };
}

/* The first capability at or after `from` that others can see. */
static uint32_t find_visible(const struct rescind_kernel *k, uint32_t table, uint64_t from)
{
    uint32_t index = table_find_from(k, table, from);

    while (index != 0 && !cap_is_there(k, cap_at(k, index)))
        index = table_find_from(k, table, (uint64_t)cap_at(k, index)->sel + 1);
    return index;
}

bool rescind_kernel_find(const struct rescind_kernel *k, uint32_t vpe, uint32_t kind, uint64_t from,
                         struct rescind_kernel_cap *out)
{
    uint32_t index = find_visible(k, table_of(vpe, kind), from);

    if (index != 0)
        describe(k, index, out);
    return index != 0;
}

/* The first root at or after (table, from). */
static uint32_t next_tree(const struct rescind_kernel *k, uint32_t table, uint64_t from)
{
    for (; table < table_of(k->vpe_count, 0); table++, from = 0) {
        uint32_t index = table_find_from(k, table, from);
        while (index != 0 && cap_at(k, index)->parent != 0)
            index = table_find_from(k, table, (uint64_t)cap_at(k, index)->sel + 1);
        if (index != 0)
            return index;
    }
    return 0;
}

/* The capability behind `index` in depth-first order; *depth goes along. */
static uint32_t walk_on(const struct rescind_kernel *k, uint32_t index, uint32_t *depth)
{
    uint32_t root = index, next = tree_next(k, &root, depth);
    const struct cap *cap = cap_at(k, root);

    return next != 0 ? next : next_tree(k, cap->table, (uint64_t)cap->sel + 1);
}

bool rescind_kernel_walk(const struct rescind_kernel *k, uint32_t *at, uint32_t *depth,
                         struct rescind_kernel_cap *out)
{
    if (*at == 0) {
        *depth = 0;
        *at = next_tree(k, 0, 0);
    } else {
        *at = walk_on(k, *at, depth);
    }
    while (*at != 0 && !cap_is_there(k, cap_at(k, *at)))
        *at = walk_on(k, *at, depth);
    if (*at != 0)
        describe(k, *at, out);
    return *at != 0;
}

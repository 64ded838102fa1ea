/* Snapshots of a machine, and its state's number; see machine.h.
 *
 * A snapshot is a row of bytes, written and read in the same order. Of an arena it holds the part
 * in use, without what lies in the slots of the VPEs' rings: between two choices they are empty,
 * since the step that sends a message includes the event that takes it, and the step machine takes
 * a reply at once. Nor does it hold the buffers of those that have no call, memory that nobody has
 * been given, or pages of zeros. So a small machine is a few kilobytes.
 */
#include "sim/machine_parts.h"

#include <string.h>

#include "base/arena.h"
#include "base/pages.h"
#include "cap/peer.h"
#include "object/vpe.h"
#include "sim/memory.h"
#include "sim/state.h"
#include "syscall/call.h"

struct machine_snapshot {
    size_t size, capacity;
    uint8_t *bytes;
    bool lacking; /* memory: it is not all there */
};

bool machine_can_save(const struct machine *m)
{
    for (guint i = 0; i < m->vpes->len; i++) {
        if (vpe_of(m, i)->calls_functions)
            return false;
    }
    return true;
}

/* ---- The row of bytes --------------------------------------------------------------------- */

/* Large parts begin at cache lines, in arenas and here: copying them is faster then. */
enum { LINE = MEMORY_LINE };

/* Sees to it that there is room for so many bytes more. False: there is no memory for it, or has
 * not been before. */
static bool make_room(struct machine_snapshot *s, size_t more)
{
    size_t size = s->size + more, capacity = MAX(2 * s->capacity, size);
    uint8_t *bytes;

    if (s->lacking || size <= s->capacity)
        return !s->lacking;
    bytes = memory_lines(capacity);
    if (bytes == NULL) {
        s->lacking = true;
        return false;
    }
    if (s->size > 0)
        memcpy(bytes, s->bytes, s->size);
    memory_free(s->bytes);
    s->bytes = bytes;
    s->capacity = capacity;
    return true;
}

static void put(struct machine_snapshot *s, const void *bytes, size_t size)
{
    if (size == 0 || !make_room(s, size))
        return;
    memcpy(s->bytes + s->size, bytes, size);
    s->size += size;
}

/* Up to the next line. */
static void pad(struct machine_snapshot *s)
{
    static const uint8_t nothing[LINE];

    put(s, nothing, (LINE - s->size % LINE) % LINE);
}

struct reader {
    const uint8_t *at;
};

static void skip_pad(struct reader *r)
{
    r->at += (LINE - (uintptr_t)r->at % LINE) % LINE;
}

static void get(struct reader *r, void *bytes, size_t size)
{
    if (size > 0)
        memcpy(bytes, r->at, size);
    r->at += size;
}

/* ---- Kernels ------------------------------------------------------------------------------ */

enum { RING_CONTROL = offsetof(struct rescind_ring, slots) };

/* The arena's parts: what is in front of the VPEs' buffers; the buffers, of VPEs and of letters;
 * the rings; machine memory; and the pool. */
static size_t pool_begin(const struct rescind_kernel *k)
{
    return k->memory + (size_t)k->pages * RESCIND_PAGE;
}

/* Of each VPE: its rings' control blocks and, while it has a call, its buffer. */
static void put_vpes(struct machine_snapshot *s, const struct rescind_kernel *k)
{
    for (uint32_t i = 0; i < k->vpe_count; i++) {
        put(s, vpe_syscall_ring(k, i), RING_CONTROL);
        put(s, vpe_reply_ring(k, i), RING_CONTROL);
        if (vpe_at(k, i)->calling)
            put(s, call_buffer(k, i), CALL_BUFFER);
    }
}

/* What letters of other kernels are answered with, as long as it has not left. */
static bool has_reply(const struct rescind_kernel *k, uint32_t pe, uint32_t slot)
{
    return (peer_at(k, pe)->letter_answers & 1u << slot) != 0;
}

static void put_replies(struct machine_snapshot *s, const struct rescind_kernel *k)
{
    for (uint32_t pe = 0; pe < k->peer_count; pe++) {
        for (uint32_t slot = 0; slot < RESCIND_PEER_LETTERS; slot++) {
            if (has_reply(k, pe, slot))
                put(s, peer_reply(k, pe, slot), peer_at(k, pe)->replies[slot].length);
        }
    }
}

static void get_replies(struct reader *r, const struct rescind_kernel *k)
{
    for (uint32_t pe = 0; pe < k->peer_count; pe++) {
        for (uint32_t slot = 0; slot < RESCIND_PEER_LETTERS; slot++) {
            if (has_reply(k, pe, slot))
                get(r, peer_reply(k, pe, slot), peer_at(k, pe)->replies[slot].length);
        }
    }
}

/* The kernel knows already which of them have one. */
static void get_vpes(struct reader *r, const struct rescind_kernel *k)
{
    for (uint32_t i = 0; i < k->vpe_count; i++) {
        get(r, vpe_syscall_ring(k, i), RING_CONTROL);
        get(r, vpe_reply_ring(k, i), RING_CONTROL);
        if (vpe_at(k, i)->calling)
            get(r, call_buffer(k, i), CALL_BUFFER);
    }
}

static bool is_zero(const uint8_t *page)
{
    return page[0] == 0 && memcmp(page, page + 1, RESCIND_PAGE - 1) == 0;
}

/* Of each page that is taken: whether there is anything on it, and then what. */
static void put_pages(struct machine_snapshot *s, const struct rescind_kernel *k)
{
    for (uint32_t i = 0; i < k->pages; i++) {
        const uint8_t *page = pages_at(k, (uint64_t)i * RESCIND_PAGE);
        bool there;
        if (!page_is_taken(k, i))
            continue;
        there = !is_zero(page);
        put(s, &there, sizeof(there));
        put(s, page, there ? RESCIND_PAGE : 0);
    }
}

static void get_pages(struct reader *r, const struct rescind_kernel *k)
{
    for (uint32_t i = 0; i < k->pages; i++) {
        uint8_t *page = pages_at(k, (uint64_t)i * RESCIND_PAGE);
        bool there;
        if (!page_is_taken(k, i))
            continue;
        get(r, &there, sizeof(there));
        if (there)
            get(r, page, RESCIND_PAGE);
        else
            memset(page, 0, RESCIND_PAGE);
    }
}

/* The first word is the size of all that follows. */
static void put_kernel(struct machine_snapshot *s, const struct rescind_kernel *k)
{
    size_t at = s->size, size = 0;

    put(s, &size, sizeof(size));
    pad(s);
    put(s, k, k->buffers);
    put(s, arena_at(k, pool_begin(k)), rescind_kernel_used(k) - pool_begin(k));
    put_vpes(s, k);
    put_replies(s, k);
    put_pages(s, k);
    size = s->size - at;
    if (!s->lacking)
        memcpy(s->bytes + at, &size, sizeof(size));
}

/* What follows is the kernel as put_kernel() has written it. `same`: it is that already. */
static void get_kernel(struct reader *r, struct rescind_kernel *k, bool same)
{
    const uint8_t *begin = r->at;
    size_t size;

    get(r, &size, sizeof(size));
    if (same) {
        r->at = begin + size;
        return;
    }
    skip_pad(r);
    get(r, k, k->buffers);
    get(r, arena_at(k, pool_begin(k)), rescind_kernel_used(k) - pool_begin(k));
    get_vpes(r, k);
    get_replies(r, k);
    get_pages(r, k);
}

/* A kernel and what the machine knows of it. */
static void put_machine_kernel(struct machine_snapshot *s, const struct machine_kernel *k)
{
    put(s, &k->events, sizeof(k->events));
    put(s, &k->audited_at, sizeof(k->audited_at));
    put(s, &k->known, sizeof(k->known));
    put_kernel(s, k->kernel);
}

/* `own`: of this machine, whose versions mean something. */
static void get_machine_kernel(struct reader *r, struct machine *m, uint32_t index, bool own)
{
    struct machine_kernel *k = &m->kernels[index];
    struct machine_known known;
    bool same;

    get(r, &k->events, sizeof(k->events));
    get(r, &k->audited_at, sizeof(k->audited_at));
    get(r, &known, sizeof(known));
    same = own && known.version == k->known.version && !k->lent;
    if (!own) {
        k->known = (struct machine_known){0};
        kernel_changes(m, index);
    } else if (!same) {
        k->known = known;
    }
    get_kernel(r, k->kernel, same);
}

/* ---- VPEs and channels -------------------------------------------------------------------- */

/* Of a VPE's program, besides its results. */
struct saved_vpe {
    uint64_t results_hash;
    uint32_t position, offset, calls;
    int32_t awaits;
    uint32_t through;
    uint32_t local, gone;
    uint32_t received; /* it has received messages: their ids follow */
};

static bool has_received(const struct machine_vpe *v)
{
    for (uint32_t ep = 0; ep < RESCIND_EP_COUNT; ep++) {
        if (v->steps.received[ep] != 0)
            return true;
    }
    return false;
}

static void put_vpe(struct machine_snapshot *s, const struct machine_vpe *v)
{
    struct saved_vpe saved = {
        .results_hash = v->results_hash,
        .position = v->steps.position,
        .offset = v->steps.offset,
        .calls = v->steps.calls,
        .awaits = v->awaits,
        .through = v->through,
        .local = v->local,
        .gone = v->gone,
        .received = has_received(v),
    };

    put(s, &saved, sizeof(saved));
    put(s, v->results->data, saved.calls);
    put(s, v->steps.received, saved.received ? sizeof(v->steps.received) : 0);
}

static void get_vpe(struct reader *r, struct machine_vpe *v)
{
    struct saved_vpe saved;

    get(r, &saved, sizeof(saved));
    v->results_hash = saved.results_hash;
    v->steps.position = saved.position;
    v->steps.offset = saved.offset;
    v->steps.calls = saved.calls;
    v->awaits = saved.awaits;
    v->through = saved.through != 0;
    v->local = saved.local;
    v->gone = saved.gone != 0;
    get(r, v->results->data, saved.calls);
    memset(v->steps.received, 0, sizeof(v->steps.received));
    get(r, v->steps.received, saved.received ? sizeof(v->steps.received) : 0);
}

/* Who the VPEs of each kernel are, by what each says. */
static void bind_all(struct machine *m)
{
    uint32_t none = MACHINE_NO_VPE;

    for (uint32_t i = 0; i < m->kernel_count; i++) {
        GArray *vpes = m->kernels[i].vpes;
        g_array_set_size(vpes, 0);
        while (vpes->len < m->kernels[i].kernel->vpe_count)
            g_array_append_val(vpes, none);
    }
    for (guint i = 0; i < m->vpes->len; i++) {
        const struct machine_vpe *v = vpe_of(m, i);
        if (v->local != MACHINE_NO_VPE)
            g_array_index(m->kernels[v->kernel].vpes, uint32_t, v->local) = i;
    }
}

struct saved_channel {
    uint32_t from, to, delayed, count;
};

static bool is_plain(const struct channel *channel)
{
    return channel->count == 0 && !channel->delayed;
}

static void put_channels(struct machine_snapshot *s, const struct channels *c)
{
    uint32_t count = 0;

    for (guint i = 0; i < c->all->len; i++)
        count += !is_plain(channels_index(c, i));
    put(s, &count, sizeof(count));
    for (guint i = 0; i < c->all->len; i++) {
        struct channel *channel = channels_index(c, i);
        struct saved_channel saved = {channel->from, channel->to, channel->delayed, channel->count};
        if (is_plain(channel))
            continue;
        put(s, &saved, sizeof(saved));
        for (uint32_t j = 0; j < channel->count; j++) {
            const struct channel_message *message = channel_at(channel, j);
            put(s, message, offsetof(struct channel_message, bytes) + message->size);
        }
    }
}

static void get_channels(struct reader *r, struct channels *c)
{
    uint32_t count;

    for (guint i = 0; i < c->all->len; i++) {
        channels_index(c, i)->count = 0;
        channels_index(c, i)->delayed = false;
    }
    for (get(r, &count, sizeof(count)); count > 0; count--) {
        struct saved_channel saved;
        get(r, &saved, sizeof(saved));
        struct channel *channel = channels_get(c, saved.from, saved.to);
        channel->delayed = saved.delayed != 0;
        channel->first = 0;
        channel->count = saved.count;
        for (uint32_t j = 0; j < saved.count; j++) {
            struct channel_message *message = channel_at(channel, j);
            get(r, message, offsetof(struct channel_message, bytes));
            get(r, message->bytes, message->size);
        }
    }
}

/* ---- The whole of it ---------------------------------------------------------------------- */

/* The machine's own numbers. */
struct saved_machine {
    uint64_t serial, time, events, messages;
    int32_t watching;
};

static void put_devices(struct machine_snapshot *s, const struct machine *m)
{
    size_t size = devices_size(m);

    if (!make_room(s, size))
        return;
    devices_save(m, s->bytes + s->size);
    s->size += size;
}

struct machine_snapshot *machine_save(const struct machine *m, struct machine_snapshot *into)
{
    struct machine_snapshot *s = into != NULL ? into : g_new0(struct machine_snapshot, 1);
    struct saved_machine saved = {m->serial, m->time, m->events, m->messages, m->watching};

    g_assert(machine_can_save(m));
    s->size = 0;
    s->lacking = false;
    put(s, &saved, sizeof(saved));
    for (uint32_t i = 0; i < m->kernel_count; i++)
        put_machine_kernel(s, &m->kernels[i]);
    for (guint i = 0; i < m->vpes->len; i++)
        put_vpe(s, vpe_of(m, i));
    put_channels(s, &m->channels);
    put(s, m->signals, m->signal_count);
    for (uint32_t i = 0; i < m->faults->len; i++)
        put(s, &fault_of(m, i)->struck, sizeof(bool));
    put_devices(s, m);
    if (!s->lacking)
        return s;
    if (into == NULL)
        machine_snapshot_free(s);
    return NULL;
}

void machine_restore(struct machine *m, const struct machine_snapshot *s)
{
    struct reader r = {s->bytes};
    struct saved_machine saved;

    get(&r, &saved, sizeof(saved));
    m->time = saved.time;
    m->events = saved.events;
    m->messages = saved.messages;
    m->watching = saved.watching;
    for (uint32_t i = 0; i < m->kernel_count; i++)
        get_machine_kernel(&r, m, i, saved.serial == m->serial);
    for (guint i = 0; i < m->vpes->len; i++)
        get_vpe(&r, vpe_of(m, i));
    bind_all(m);
    get_channels(&r, &m->channels);
    get(&r, m->signals, m->signal_count);
    for (uint32_t i = 0; i < m->faults->len; i++)
        get(&r, &fault_of(m, i)->struck, sizeof(bool));
    devices_restore(m, r.at);
    r.at += devices_size(m);
    g_assert(r.at == s->bytes + s->size);
    g_array_set_size(m->observed, 0);
    g_clear_pointer(&m->finding, g_free);
    queue_clear(m);
}

void machine_snapshot_free(struct machine_snapshot *s)
{
    if (s == NULL)
        return;
    memory_free(s->bytes);
    g_free(s);
}

size_t machine_snapshot_size(const struct machine_snapshot *s)
{
    return s->size;
}

/* ---- The state's number ------------------------------------------------------------------- */

/* What a program has done is told by how far it has come: signals are not in it. */
static uint64_t hash_vpe(const struct machine_vpe *v)
{
    uint64_t hash =
        mix64(mix64(v->results_hash ^ v->steps.position) ^ (uint64_t)v->awaits << 1 ^ v->through);

    if (v->child)
        hash = mix64(hash ^ (uint64_t)v->local << 1 ^ v->gone);
    for (uint32_t ep = 0; ep < RESCIND_EP_COUNT; ep++) {
        if (v->steps.received[ep] != 0)
            hash = mix64(hash ^ v->steps.received[ep] << 4 ^ ep);
    }
    return hash;
}

static uint64_t hash_channel(const struct rescind_kernel *const *all, struct channel *channel)
{
    uint64_t hash = mix64((uint64_t)channel->from << 32 | channel->to << 1 | channel->delayed);

    for (uint32_t i = 0; i < channel->count; i++) {
        const struct channel_message *message = channel_at(channel, i);
        hash = mix64(hash ^ state_of_message(all, channel->from, channel->to, message->bytes,
                                             message->size));
    }
    return hash;
}

/* Sees to it that the number of a kernel's stubs is known. */
static void find_stubs(struct machine_kernel *k, uint32_t index)
{
    struct machine_known *known = &k->known;

    if (known->stubs_of == known->version && !k->lent)
        return;
    known->stubs = mix64(state_of_stubs(k->kernel) ^ mix64(index));
    known->stubs_of = known->version;
}

/* The number of a kernel's state, where the others' stubs have the number `with`. */
static uint64_t hash_kernel(struct machine_kernel *k, const struct rescind_kernel *const *all,
                            uint32_t index, uint64_t with)
{
    struct machine_known *known = &k->known;

    if (known->hash_of != known->version || known->hash_with != with || k->lent) {
        known->hash = state_of_kernel(all, index);
        known->hash_of = known->version;
        known->hash_with = with;
    }
    return known->hash;
}

uint64_t machine_hash(const struct machine *m)
{
    const struct rescind_kernel **all = g_newa(const struct rescind_kernel *, m->kernel_count);
    uint64_t hash = 0, stubs = 0;

    for (uint32_t i = 0; i < m->kernel_count; i++) {
        all[i] = m->kernels[i].kernel;
        find_stubs(&m->kernels[i], i);
        stubs += m->kernels[i].known.stubs;
    }
    for (uint32_t i = 0; i < m->kernel_count; i++)
        hash = mix64(hash ^ hash_kernel(&m->kernels[i], all, i, stubs - m->kernels[i].known.stubs));
    for (guint i = 0; i < m->vpes->len; i++)
        hash = mix64(hash ^ hash_vpe(vpe_of(m, i)));
    for (guint i = 0; i < m->channels.all->len; i++) {
        struct channel *channel = channels_index(&m->channels, i);
        if (!is_plain(channel))
            hash = mix64(hash ^ hash_channel(all, channel));
    }
    for (uint32_t i = 0; i < m->faults->len; i++)
        hash = mix64(hash ^ fault_of(m, i)->struck);
    if (m->has_lines || m->board != NULL)
        hash = mix64(hash ^ devices_hash(m));
    return hash;
}

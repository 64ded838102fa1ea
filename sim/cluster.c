/* A system of kernels; see cluster.h. */
#include "sim/cluster.h"

#include "base/arena.h"
#include "sim/memory.h"

enum { VPE_MEMORY = 1 << 20 };

struct parcel {
    uint64_t due;
    uint32_t size;
    _Alignas(8) uint8_t bytes[RESCIND_PEER_MSG_MAX];
};

struct channel {
    uint32_t first, count;
    struct parcel parcels[RESCIND_PEER_WINDOW];
};

/* A ring of numbers that never holds more than it has room for. */
struct line {
    uint32_t *at;
    uint32_t room, first, count;
};

/* What surrounds a kernel. */
struct place {
    size_t arena_size;
    uint64_t free_at;    /* it is busy until then */
    struct line heard;   /* kernels that messages have come from, in the order they were sent */
    struct line callers; /* VPEs with a call in their ring */
};

static void line_add(struct line *line, uint32_t number)
{
    if (line->count == line->room)
        g_error("a line of %u is full", line->room);
    line->at[(line->first + line->count++) % line->room] = number;
}

static uint32_t line_take(struct line *line)
{
    uint32_t number = line->at[line->first];

    line->first = (line->first + 1) % line->room;
    line->count--;
    return number;
}

static struct channel *channel_of(const struct cluster *s, uint32_t from, uint32_t to)
{
    return &s->channels[(size_t)to * s->options.kernels + from];
}

/* ---- Making one --------------------------------------------------------------------------- */

static bool make_kernel(struct cluster *s, uint32_t pe)
{
    const struct cluster_options *o = &s->options;
    struct rescind_kernel_config config = {
        .vpes = o->vpes,
        .nodes = o->nodes[pe],
        .work = o->work,
        .peers = o->kernels,
        .pe = (uint16_t)pe,
        .seed = o->seed + pe,
    };
    struct place *place = &s->places[pe];
    void *arena;

    place->arena_size = rescind_kernel_size(&config);
    arena = memory_map(place->arena_size);
    if (arena == NULL)
        return false;
    s->kernel[pe] = rescind_kernel_create(arena, place->arena_size, &config);
    for (uint32_t vpe = 0; vpe < o->vpes; vpe++) {
        if (rescind_kernel_boot_vpe(s->kernel[pe], (uint64_t)VPE_MEMORY * (vpe + 1), VPE_MEMORY))
            return false;
    }
    return true;
}

struct cluster *cluster_new(const struct cluster_options *options)
{
    struct cluster *s = g_new0(struct cluster, 1);
    uint32_t kernels = options->kernels;

    s->options = *options;
    s->kernel = g_new0(struct rescind_kernel *, kernels);
    s->places = g_new0(struct place, kernels);
    s->channels = memory_new((size_t)kernels * kernels, sizeof(struct channel));
    for (uint32_t pe = 0; pe < kernels; pe++) {
        s->places[pe].heard.room = kernels * RESCIND_PEER_WINDOW;
        s->places[pe].heard.at = g_new(uint32_t, s->places[pe].heard.room);
        s->places[pe].callers.room = options->vpes;
        s->places[pe].callers.at = g_new(uint32_t, options->vpes);
    }
    for (uint32_t pe = 0; pe < kernels; pe++) {
        if (s->channels == NULL || !make_kernel(s, pe)) {
            cluster_free(s);
            return NULL;
        }
    }
    s->options.nodes = NULL;
    return s;
}

void cluster_free(struct cluster *s)
{
    for (uint32_t pe = 0; pe < s->options.kernels; pe++) {
        memory_unmap(s->kernel[pe], s->places[pe].arena_size);
        g_free(s->places[pe].heard.at);
        g_free(s->places[pe].callers.at);
    }
    g_free(s->kernel);
    g_free(s->places);
    memory_free(s->channels);
    g_free(s->failure);
    g_free(s);
}

void cluster_count_anew(struct cluster *s)
{
    s->count = (struct cluster_count){0};
    for (uint32_t pe = 0; pe < s->options.kernels; pe++)
        s->places[pe].free_at = 0;
}

bool cluster_fail(struct cluster *s, const char *format, ...)
{
    va_list arguments;

    if (s->failure == NULL) {
        va_start(arguments, format);
        s->failure = g_strdup_vprintf(format, arguments);
        va_end(arguments);
    }
    return false;
}

/* ---- Entering a kernel -------------------------------------------------------------------- */

/* What callgrind counts, when it is told these names: kernels' work, and nothing of what is around
 * them. The empty statement behind a call makes it one that returns here. */
#define MEASURED(name, kind, call)                                                                 \
    __attribute__((noinline)) static void measured_##name(struct cluster_entry *e)                 \
    {                                                                                              \
        call;                                                                                      \
        __asm__ volatile("");                                                                      \
    }                                                                                              \
    static void enter_##name(struct cluster *s, struct cluster_entry *e)                           \
    {                                                                                              \
        e->event = kind;                                                                           \
        if (s->around != NULL)                                                                     \
            s->around(s->context, e);                                                              \
        else if (s->measured)                                                                      \
            measured_##name(e);                                                                    \
        else                                                                                       \
            call;                                                                                  \
    }
MEASURED(message, CLUSTER_MESSAGE, rescind_kernel_message(e->k, e->number))
MEASURED(work, CLUSTER_WORK, rescind_kernel_work(e->k, e->number))
MEASURED(hear, CLUSTER_HEAR, rescind_kernel_hear(e->k, e->number, e->bytes, e->size))
MEASURED(tell, CLUSTER_TELL, e->size = rescind_kernel_tell(e->k, e->number, e->bytes))

/* ---- Messages ----------------------------------------------------------------------------- */

static uint32_t count_records(struct cluster *s, const struct parcel *parcel)
{
    const struct rescind_peer_message *head = (const void *)parcel->bytes;
    struct rescind_peer_record record;

    for (size_t at = sizeof(*head); at < parcel->size; at += record.size) {
        memcpy(&record, parcel->bytes + at, sizeof(record));
        s->count.records[record.kind]++;
    }
    s->count.messages++;
    s->count.bytes += parcel->size;
    return head->records;
}

static uint32_t records_of(const struct parcel *parcel)
{
    return ((const struct rescind_peer_message *)(const void *)parcel->bytes)->records;
}

/* The kernel is busy for so long. */
static void pay(struct cluster *s, uint32_t pe, uint32_t steps)
{
    struct place *place = &s->places[pe];

    place->free_at = MAX(place->free_at, s->now) + steps;
    s->count.steps = MAX(s->count.steps, place->free_at);
}

/* Fills the channel as long as there is something to tell. */
static void tell(struct cluster *s, uint32_t from, uint32_t to)
{
    struct channel *channel = channel_of(s, from, to);

    while (channel->count < RESCIND_PEER_WINDOW) {
        struct parcel *parcel =
            &channel->parcels[(channel->first + channel->count) % RESCIND_PEER_WINDOW];
        struct cluster_entry e = {.k = s->kernel[from], .number = to, .bytes = parcel->bytes};
        enter_tell(s, &e);
        if (e.size == 0)
            return;
        parcel->size = (uint32_t)e.size;
        uint32_t records = count_records(s, parcel);
        if (s->options.paid)
            pay(s, from, records * CLUSTER_STEPS_TELL);
        parcel->due = MAX(s->places[from].free_at, s->now) + s->options.delay;
        channel->count++;
        line_add(&s->places[to].heard, from);
    }
}

static void tell_all(struct cluster *s, uint32_t from)
{
    struct rescind_kernel *k = s->kernel[from];
    int32_t to = rescind_kernel_tell_first(k);

    while (to >= 0) {
        int32_t next = rescind_kernel_tell_after(k, (uint32_t)to);
        tell(s, from, (uint32_t)to);
        to = next;
    }
}

static void hear(struct cluster *s, uint32_t pe)
{
    uint32_t from = line_take(&s->places[pe].heard);
    struct channel *channel = channel_of(s, from, pe);
    struct parcel *parcel = &channel->parcels[channel->first];
    struct cluster_entry e = {
        .k = s->kernel[pe], .number = from, .bytes = parcel->bytes, .size = parcel->size};

    enter_hear(s, &e);
    pay(s, pe, s->options.paid ? records_of(parcel) * CLUSTER_STEPS_HEAR : 1);
    channel->first = (channel->first + 1) % RESCIND_PEER_WINDOW;
    channel->count--;
    tell(s, from, pe);
}

/* ---- Running ------------------------------------------------------------------------------ */

/* When the oldest message for this kernel can be heard. */
static uint64_t hears_at(const struct cluster *s, uint32_t pe)
{
    const struct line *heard = &s->places[pe].heard;
    const struct channel *channel;

    if (heard->count == 0)
        return UINT64_MAX;
    channel = channel_of(s, heard->at[heard->first], pe);
    return channel->parcels[channel->first].due;
}

static void visits(struct cluster *s, uint32_t pe)
{
    uint32_t worked = s->kernel[pe]->worked;

    s->count.visits += worked;
    s->count.most_visits = MAX(s->count.most_visits, worked);
    pay(s, pe, s->options.paid ? MAX(worked * CLUSTER_STEPS_VISIT, 1) : 1);
}

/* An event of this kernel, if there is one it can have. */
static bool turn(struct cluster *s, uint32_t pe)
{
    struct place *place = &s->places[pe];
    struct cluster_entry e = {.k = s->kernel[pe]};
    int32_t task = rescind_kernel_ready(e.k);

    if (hears_at(s, pe) <= s->now) {
        hear(s, pe);
    } else if (place->callers.count > 0) {
        e.number = line_take(&place->callers);
        enter_message(s, &e);
        visits(s, pe);
    } else if (task >= 0) {
        e.number = (uint32_t)task;
        enter_work(s, &e);
        visits(s, pe);
    } else {
        return false;
    }
    s->count.events++;
    tell_all(s, pe);
    return true;
}

void cluster_run(struct cluster *s)
{
    s->now = s->count.steps;
    for (;;) {
        uint64_t next = UINT64_MAX;
        for (uint32_t pe = 0; pe < s->options.kernels; pe++) {
            if (s->places[pe].free_at > s->now || turn(s, pe))
                next = MIN(next, s->places[pe].free_at);
        }
        if (next == UINT64_MAX) {
            for (uint32_t pe = 0; pe < s->options.kernels; pe++)
                next = MIN(next, hears_at(s, pe));
        } else {
            for (uint32_t pe = 0; s->options.delay > 0 && pe < s->options.kernels; pe++)
                next = MIN(next, MAX(hears_at(s, pe), s->now + 1));
        }
        if (next == UINT64_MAX)
            return;
        s->now = MAX(next, s->now);
    }
}

void cluster_call(struct cluster *s, uint32_t kernel, uint32_t vpe, const struct message *call)
{
    if (rescind_kernel_send(s->kernel[kernel], vpe, call->bytes, call->size) != RESCIND_NO_ERROR)
        g_error("the ring of VPE %u of kernel %u is full", vpe, kernel);
    line_add(&s->places[kernel].callers, vpe);
}

bool cluster_was_ok(struct cluster *s, uint32_t kernel, uint32_t vpe)
{
    uint64_t result;

    if (!rescind_kernel_receive(s->kernel[kernel], vpe, &result, sizeof(result)))
        return cluster_fail(s, "VPE %u of kernel %u was not answered", vpe, kernel);
    if (result != RESCIND_NO_ERROR)
        return cluster_fail(s, "VPE %u of kernel %u was answered %" G_GUINT64_FORMAT, vpe, kernel,
                            result);
    return true;
}

/* ---- Looking ------------------------------------------------------------------------------ */

static bool found(struct cluster *s, bool good, uint32_t pe, const struct rescind_finding *finding)
{
    if (good)
        return true;
    return cluster_fail(s, "kernel %u: %s is broken at %u: %s", pe, finding->name, finding->where,
                        finding->sentence);
}

bool cluster_audit(struct cluster *s)
{
    struct rescind_finding finding;

    for (uint32_t pe = 0; pe < s->options.kernels; pe++) {
        if (!found(s, rescind_kernel_audit(s->kernel[pe], &finding), pe, &finding))
            return false;
    }
    return true;
}

static bool audit_pair(struct cluster *s, uint32_t above, uint32_t below)
{
    struct channel *channel = channel_of(s, below, above);
    struct rescind_kernel_message messages[RESCIND_PEER_WINDOW];
    struct rescind_finding finding;

    for (uint32_t i = 0; i < channel->count; i++) {
        const struct parcel *parcel = &channel->parcels[(channel->first + i) % RESCIND_PEER_WINDOW];
        messages[i] = (struct rescind_kernel_message){parcel->bytes, parcel->size};
    }
    return found(s,
                 rescind_kernel_audit_links(s->kernel[above], s->kernel[below], messages,
                                            channel->count, &finding),
                 above, &finding);
}

bool cluster_audit_links(struct cluster *s)
{
    for (uint32_t above = 0; above < s->options.kernels; above++) {
        for (uint32_t below = 0; below < s->options.kernels; below++) {
            if (above != below && !audit_pair(s, above, below))
                return false;
        }
    }
    return true;
}

bool cluster_audit_rest(struct cluster *s)
{
    struct rescind_finding finding;

    for (uint32_t pe = 0; pe < s->options.kernels; pe++) {
        if (!found(s, rescind_kernel_audit_rest(s->kernel[pe], &finding), pe, &finding))
            return false;
    }
    return true;
}

bool cluster_none_refused(struct cluster *s)
{
    for (uint32_t pe = 0; pe < s->options.kernels; pe++) {
        for (uint32_t peer = 0; peer < s->options.kernels; peer++) {
            if (rescind_kernel_peer(s->kernel[pe], peer).refused > 0)
                return cluster_fail(s, "kernel %u has refused what kernel %u said", pe, peer);
        }
    }
    return true;
}

uint64_t cluster_used(const struct cluster *s)
{
    uint64_t used = 0;

    for (uint32_t pe = 0; pe < s->options.kernels; pe++)
        used += rescind_kernel_used(s->kernel[pe]);
    return used;
}

uint64_t cluster_orders(const struct cluster_count *count)
{
    return count->records[RESCIND_PEER_MARK] + count->records[RESCIND_PEER_MARKED] +
           count->records[RESCIND_PEER_SWEEP] + count->records[RESCIND_PEER_UNLINK];
}

uint64_t cluster_records(const struct cluster_count *count)
{
    return cluster_orders(count) + count->records[RESCIND_PEER_ASK] +
           count->records[RESCIND_PEER_ANSWER] + count->records[RESCIND_PEER_FREE];
}

/* ---- Calls -------------------------------------------------------------------------------- */

struct message cluster_creategate(uint32_t dst)
{
    struct message m = {0};

    message_u64(&m, RESCIND_SYS_CREATEGATE);
    message_u64(&m, RESCIND_SEL_VPE);
    message_u64(&m, dst);
    message_u64(&m, 0);
    message_u64(&m, RESCIND_EP_FREE);
    message_u64(&m, 1);
    return m;
}

struct message cluster_exchange(uint32_t vpe, uint32_t own, uint32_t other, uint32_t count,
                                bool obtain)
{
    struct message m = {0};

    message_u64(&m, RESCIND_SYS_EXCHANGE);
    message_u64(&m, vpe);
    message_range(&m, (struct rescind_range){.start = own, .count = count});
    message_range(&m, (struct rescind_range){.start = other, .count = count});
    message_u64(&m, obtain);
    return m;
}

struct message cluster_revoke(uint32_t start, uint32_t count)
{
    struct message m = {0};

    message_u64(&m, RESCIND_SYS_REVOKE);
    message_range(&m, (struct rescind_range){.start = start, .count = count});
    message_u64(&m, 1);
    return m;
}

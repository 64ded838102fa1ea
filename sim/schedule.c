/* The schedules, and running under one; see machine.h.
 *
 * FIFO and RANDOM take from the queue of what has become possible, so that a choice costs O(1),
 * however many VPEs there are. PCT is probabilistic concurrency testing (Burckhardt, Kothari,
 * Musuvathi and Nagarakatte, "A Randomized Scheduler with Probabilistic Guarantees of Finding
 * Bugs", ASPLOS 2010): every thread of the machine (a VPE's program, a task of a kernel, a channel,
 * a fault) has a priority drawn from the seed, the highest that can move does, and at depth - 1
 * moments, drawn too, the thread that is about to move falls below all others. Its cost is that of
 * machine_choices().
 */
#include "sim/machine_parts.h"

enum {
    DEFAULT_DEPTH = 3,
    MOVES_A_STEP = 4,           /* a guess: choices for each step of a program */
    LENGTH_OF_FUNCTIONS = 1000, /* another, where programs are C functions */
    FAULT_RARITY = 16,          /* RANDOM: one choice in so many, at most, is a fault */
};

/* ---- The queue ---------------------------------------------------------------------------- */

static guint queue_length(const struct queue *q)
{
    return q->choices->len - q->head;
}

static void queue_push(struct queue *q, uint32_t kind, uint32_t a, uint32_t b)
{
    struct machine_choice choice = {kind, a, b};

    g_array_append_val(q->choices, choice);
}

/* Takes the one at `at`, whose place the first one gets. */
static struct machine_choice queue_take(struct queue *q, guint at)
{
    struct machine_choice *choices = &g_array_index(q->choices, struct machine_choice, q->head);
    struct machine_choice taken = choices[at];

    choices[at] = choices[0];
    q->head++;
    /* Moving what is left costs no more than taking what was before it has. */
    if (q->head > q->choices->len / 2) {
        g_array_remove_range(q->choices, 0, q->head);
        q->head = 0;
    }
    return taken;
}

static void queue_empty(struct queue *q)
{
    g_array_set_size(q->choices, 0);
    q->head = 0;
}

void queue_vpe(struct machine *m, struct machine_vpe *v)
{
    if (v->queued || !choice_vpe(m, v))
        return;
    v->queued = true;
    queue_push(&m->queue, CHOICE_VPE, v->number, 0);
}

void queue_work(struct machine *m, uint32_t kernel)
{
    if (m->kernels[kernel].queued)
        return;
    m->kernels[kernel].queued = true;
    queue_push(&m->queue, CHOICE_WORK, kernel, 0);
}

void queue_hear(struct machine *m, struct channel *channel)
{
    if (channel->queued)
        return;
    channel->queued = true;
    queue_push(channel->delayed ? &m->delayed : &m->queue, CHOICE_HEAR, channel->to, channel->from);
}

void queue_line(struct machine *m, uint32_t line)
{
    if (m->lines[line].queued || !devices_can_raise(m, line))
        return;
    m->lines[line].queued = true;
    queue_push(&m->queue, CHOICE_INTERRUPT, line, 0);
}

void queue_clear(struct machine *m)
{
    queue_empty(&m->queue);
    queue_empty(&m->delayed);
    for (guint i = 0; i < m->vpes->len; i++)
        vpe_of(m, i)->queued = false;
    for (uint32_t i = 0; i < m->kernel_count; i++)
        m->kernels[i].queued = false;
    for (guint i = 0; i < m->channels.all->len; i++)
        channels_index(&m->channels, i)->queued = false;
    for (uint32_t line = 0; line < RESCIND_IRQ_LINES; line++)
        m->lines[line].queued = false;
}

/* Whatever is possible and not in the queue yet. */
static void queue_all(struct machine *m)
{
    for (guint i = 0; i < m->vpes->len; i++)
        queue_vpe(m, vpe_of(m, i));
    for (uint32_t i = 0; i < m->kernel_count; i++) {
        if (rescind_kernel_ready(m->kernels[i].kernel) >= 0)
            queue_work(m, i);
    }
    for (guint i = 0; i < m->channels.all->len; i++) {
        struct channel *channel = channels_index(&m->channels, i);
        if (channel->count > 0)
            queue_hear(m, channel);
    }
    for (uint32_t line = 0; line < RESCIND_IRQ_LINES; line++)
        queue_line(m, line);
}

/* ---- FIFO and RANDOM ---------------------------------------------------------------------- */

/* Which task the kernel works on: the first in line, or under RANDOM any of them. */
static bool choose_task(struct machine *m, struct machine_choice *choice)
{
    const struct rescind_kernel *k = m->kernels[choice->a].kernel;
    int32_t first = rescind_kernel_ready(k), task;
    gint32 count = 0, skip;

    m->kernels[choice->a].queued = false;
    if (first < 0)
        return false;
    choice->b = (uint32_t)first;
    if (m->options.schedule != SCHEDULE_RANDOM)
        return true;
    for (task = first; task >= 0; task = rescind_kernel_ready_after(k, (uint32_t)task))
        count++;
    for (skip = g_rand_int_range(m->random, 0, count); skip > 0; skip--)
        choice->b = (uint32_t)rescind_kernel_ready_after(k, choice->b);
    return true;
}

/* Whether what was taken from the queue is to be: it may have ceased to be possible, and a message
 * may have been delayed since. */
static bool accept(struct machine *m, struct machine_choice *choice, bool delayed)
{
    struct machine_vpe *v;
    struct channel *channel;

    switch (choice->kind) {
    case CHOICE_VPE:
        v = vpe_of(m, choice->a);
        v->queued = false;
        return choice_vpe(m, v);
    case CHOICE_WORK:
        return choose_task(m, choice);
    case CHOICE_INTERRUPT:
        m->lines[choice->a].queued = false;
        return devices_can_raise(m, choice->a);
    default:
        channel = channels_find(&m->channels, choice->b, choice->a);
        channel->queued = false;
        if (channel->count > 0 && channel->delayed && !delayed)
            queue_hear(m, channel);
        return channel->count > 0 && channel->delayed == delayed;
    }
}

static bool choose_from(struct machine *m, struct queue *q, struct machine_choice *choice)
{
    while (queue_length(q) > 0) {
        guint at = 0;
        if (m->options.schedule == SCHEDULE_RANDOM)
            at = (guint)g_rand_int_range(m->random, 0, (gint32)queue_length(q));
        *choice = queue_take(q, at);
        if (accept(m, choice, q == &m->delayed))
            return true;
    }
    return false;
}

/* Under RANDOM a fault strikes now and then. */
static bool choose_fault(struct machine *m, struct machine_choice *choice)
{
    if (m->options.schedule != SCHEDULE_RANDOM || m->faults->len == 0 ||
        g_rand_int_range(m->random, 0, FAULT_RARITY) != 0)
        return false;
    choice->kind = CHOICE_FAULT;
    choice->a = (uint32_t)g_rand_int_range(m->random, 0, (gint32)m->faults->len);
    choice->b = 0;
    if (fault_of(m, choice->a)->what.kind == RESCIND_FAULT_EXHAUST)
        choice->b = (uint32_t)g_rand_int_range(m->random, 0, MACHINE_EXHAUST_MAX + 1);
    return machine_possible(m, choice);
}

/* ---- PCT ---------------------------------------------------------------------------------- */

static guint64 guess_length(const struct machine *m)
{
    guint64 length = MOVES_A_STEP;

    for (guint i = 0; i < m->vpes->len; i++)
        length += vpe_of(m, i)->calls_functions ? LENGTH_OF_FUNCTIONS
                                                : (guint64)MOVES_A_STEP * vpe_of(m, i)->steps.count;
    return length;
}

static gint compare_down(gconstpointer a, gconstpointer b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return (x < y) - (x > y);
}

static void pct_start(struct machine *m)
{
    guint64 length = m->options.length != 0 ? m->options.length : guess_length(m);
    uint32_t depth = m->options.depth != 0 ? m->options.depth : DEFAULT_DEPTH;

    m->priorities = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, g_free);
    m->changes = g_array_new(FALSE, FALSE, sizeof(uint64_t));
    for (uint32_t i = 1; i < depth; i++) {
        uint64_t when = (uint64_t)(g_rand_double(m->random) * (double)length);
        g_array_append_val(m->changes, when);
    }
    g_array_sort(m->changes, compare_down);
}

/* How much a thread that has fallen lies below the others: they are above 2^63. */
static uint64_t priority(const struct machine *m, const struct machine_choice *thread)
{
    int64_t key = (int64_t)((uint64_t)thread->kind << 60 | (uint64_t)thread->a << 30 | thread->b);
    const uint64_t *changed = g_hash_table_lookup(m->priorities, &key);

    if (changed != NULL)
        return *changed;
    return mix64(m->options.seed ^ mix64((uint64_t)key)) | UINT64_C(1) << 63;
}

static void fall(struct machine *m, const struct machine_choice *thread)
{
    int64_t key = (int64_t)((uint64_t)thread->kind << 60 | (uint64_t)thread->a << 30 | thread->b);
    uint64_t below = m->changes->len; /* the later, the lower */

    g_hash_table_insert(m->priorities, g_memdup2(&key, sizeof(key)),
                        g_memdup2(&below, sizeof(below)));
}

static const struct machine_choice *highest(const struct machine *m)
{
    const struct machine_choice *best = NULL;

    for (guint i = 0; i < m->scratch->len; i++) {
        const struct machine_choice *c = &g_array_index(m->scratch, struct machine_choice, i);
        if (best == NULL || priority(m, c) > priority(m, best))
            best = c;
    }
    return best;
}

static bool choose_pct(struct machine *m, struct machine_choice *choice)
{
    const struct machine_choice *best;

    if (machine_at_end(m))
        return false;
    if (m->priorities == NULL)
        pct_start(m);
    g_array_set_size(m->scratch, 0);
    machine_choices(m, m->scratch);
    best = highest(m);
    while (m->changes->len > 0 &&
           g_array_index(m->changes, uint64_t, m->changes->len - 1) <= m->time) {
        g_array_set_size(m->changes, m->changes->len - 1);
        fall(m, best);
        best = highest(m);
    }
    *choice = *best;
    return true;
}

/* ---- Running ------------------------------------------------------------------------------ */

static bool choose(struct machine *m, struct machine_choice *choice)
{
    if (m->options.schedule == SCHEDULE_PCT)
        return choose_pct(m, choice);
    if (queue_length(&m->queue) > 0 && choose_fault(m, choice))
        return true;
    return choose_from(m, &m->queue, choice) || choose_from(m, &m->delayed, choice);
}

static enum machine_end finish(struct machine *m)
{
    return m->options.audit == AUDIT_NEVER || machine_audit(m) ? MACHINE_QUIET : MACHINE_BROKEN;
}

enum machine_end machine_run(struct machine *m, bool (*until)(struct machine *m, void *data),
                             void *data)
{
    struct machine_choice choice;

    queue_all(m);
    while (choose(m, &choice)) {
        move(m, &choice);
        if (!move_audit(m))
            return MACHINE_BROKEN;
        if (until != NULL && until(m, data))
            return MACHINE_STOPPED;
    }
    return finish(m);
}

enum machine_end machine_follow(struct machine *m, const GArray *choices, guint *at,
                                void (*done)(struct machine *m, guint at, void *data), void *data)
{
    for (*at = 0; *at < choices->len; ++*at) {
        const struct machine_choice *choice = &g_array_index(choices, struct machine_choice, *at);
        if (!machine_possible(m, choice))
            return MACHINE_STOPPED;
        if (!machine_choose(m, choice))
            return MACHINE_BROKEN;
        if (done != NULL)
            done(m, *at, data);
    }
    return machine_at_end(m) ? finish(m) : MACHINE_STOPPED;
}

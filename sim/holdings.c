/* What VPEs hold, in nodes; see holdings.h.
 *
 * A node a capability of a table; one an object that such a capability names, with what belongs to
 * it; and on the kernel of a parent one for each child elsewhere. */
#include "sim/holdings.h"

#include "cap/peer.h"
#include "cap/table.h"
#include "object/endpoint.h"
#include "object/note.h"
#include "object/visit.h"
#include "object/vpe.h"
#include "syscall/call.h"

/* A kernel's objects that something names: each is there once. */
struct holdings {
    const struct rescind_kernel *kernel;
    GHashTable *nodes;
    int64_t others;       /* nodes that nothing else can name */
    struct holdings *all; /* by kernel */
};

static bool add(struct holdings *h, uint32_t index)
{
    return g_hash_table_add(h->nodes, GUINT_TO_POINTER(index));
}

/* A note, and the claim that the asker's kernel has set aside until it comes. */
static void add_note(struct holdings *h, uint32_t index)
{
    const struct note *note = note_at(h->kernel, index);

    h->others += 1 + (note->more != 0);
    if (note->claim != 0)
        add(&h->all[note->pe], note->claim);
}

/* One that another kernel's VPE asks has the note by which the answer is to be told. */
static void add_visit(struct holdings *h, uint32_t visit)
{
    if (visit > VISIT_NONE && add(h, visit) && visit_is_away(h->kernel, visit_at(h->kernel, visit)))
        add_note(h, visit_at(h->kernel, visit)->note);
}

static void add_visits(struct holdings *h, uint32_t ring)
{
    for (uint32_t at = ring; at != 0;) {
        add_visit(h, at);
        at = visit_at(h->kernel, at)->next == ring ? 0 : visit_at(h->kernel, at)->next;
    }
}

static void add_notes(struct holdings *h, uint32_t list)
{
    for (uint32_t at = list; at != 0; at = note_at(h->kernel, at)->next)
        add_note(h, at);
}

/* A receive endpoint has a node a slot, and the questions that wait for one. */
static void add_receiver(struct holdings *h, const struct endpoint_node *e)
{
    h->others += e->slots;
    for (uint32_t at = e->first; at != 0; at = message_at(h->kernel, at)->next)
        add_visit(h, message_at(h->kernel, at)->visit);
    for (uint32_t at = e->open; at != 0; at = message_at(h->kernel, at)->next)
        add_visit(h, message_at(h->kernel, at)->visit);
    add_visits(h, e->visits);
}

static void add_object(struct holdings *h, const struct cap *cap)
{
    const struct rescind_kernel *k = h->kernel;
    bool counts = (cap->flags & CAP_BOUND) != 0 || (cap->parent == 0 && cap->home == k->pe);

    if (!counts || cap->home != k->pe || cap_type(cap->type)->node == 0)
        return;
    if (add(h, cap->object) && cap->type == CAP_ENDPOINT &&
        endpoint_at(k, cap->object)->kind == ENDPOINT_RECEIVE)
        add_receiver(h, endpoint_at(k, cap->object));
}

/* The capabilities of a table, and on the kernels of their parents what stands for them there; a
 * session may be named from elsewhere alone. */
static void add_table(struct holdings *all, struct holdings *h, uint32_t table)
{
    const struct rescind_kernel *k = h->kernel;

    for (uint32_t index = table_find_from(k, table, 0); index != 0;
         index = table_find_from(k, table, (uint64_t)cap_at(k, index)->sel + 1)) {
        const struct cap *cap = cap_at(k, index);
        h->others++;
        add_object(h, cap);
        if (cap->flags & CAP_REMOTE)
            all[cap->peer].others++;
        if (cap->type == RESCIND_CAP_SESSION)
            add(&all[cap->home], cap->object);
    }
}

/* A call that waits for the answer to a question. */
static void add_call(struct holdings *h, uint32_t vpe)
{
    const struct call *call = call_at(h->kernel, vpe);

    if (!vpe_at(h->kernel, vpe)->calling)
        return;
    if (call->opcode == RESCIND_SYS_CREATESESS)
        add_visit(h, call->createsess.visit);
    if (call->opcode == RESCIND_SYS_PAGEFAULT)
        add_visit(h, call->pagefault.visit);
    if (call->opcode == RESCIND_SYS_OBTAIN || call->opcode == RESCIND_SYS_DELEGATE)
        add_visit(h, call->obtain.visit);
}

static void add_kernel(struct holdings *all, struct holdings *h)
{
    const struct rescind_kernel *k = h->kernel;

    for (uint32_t table = 0; table < table_of(k->vpe_count, 0); table++)
        add_table(all, h, table);
    add_table(all, h, table_of_names(k));
    for (uint32_t vpe = 0; vpe < k->vpe_count; vpe++) {
        add_call(h, vpe);
        add_notes(h, vpe_at(k, vpe)->watchers);
    }
    for (uint32_t pe = 0; pe < k->peer_count; pe++)
        add_notes(h, peer_at(k, pe)->notes);
    add_visits(h, k->visits_lost);
    add_visits(h, k->visits_held);
}

GArray *holdings_count(const struct machine *m)
{
    uint32_t count = machine_kernels(m);
    GArray *needed = g_array_new(FALSE, TRUE, sizeof(int64_t));
    struct holdings *all = g_new0(struct holdings, count);

    g_array_set_size(needed, count);
    for (uint32_t i = 0; i < count; i++)
        all[i] = (struct holdings){machine_look(m, i), g_hash_table_new(NULL, NULL), 0, all};
    for (uint32_t i = 0; i < count; i++)
        add_kernel(all, &all[i]);
    for (uint32_t i = 0; i < count; i++) {
        g_array_index(needed, int64_t, i) = all[i].others + g_hash_table_size(all[i].nodes);
        g_hash_table_unref(all[i].nodes);
    }
    g_free(all);
    return needed;
}

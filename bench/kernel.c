/* Times of the kernel; see bench.h. */
#include <stdlib.h>
#include <string.h>

#include "bench/bench.h"
#include "bench/grove.h"
#include "cap/table.h"
#include "dtu/endpoint.h"
#include "sim/cluster.h"

/* So that what is measured is not left out by the compiler. */
static volatile guint64 sink;

static uint32_t *shuffled(uint32_t size)
{
    uint32_t *order = g_new(uint32_t, size);
    GRand *random = g_rand_new_with_seed(1);

    for (uint32_t i = 0; i < size; i++) {
        uint32_t j = (uint32_t)g_rand_int_range(random, 0, (gint32)i + 1);
        order[i] = order[j];
        order[j] = i;
    }
    g_rand_free(random);
    return order;
}

/* ---- The treap, GLib's tree and a sorted array -------------------------------------------- */

struct index {
    uint32_t size;
    uint32_t *sel; /* in the order of insertion */
    struct rescind_kernel *k;
    GTree *tree;
    uint32_t *sorted;
};

static gint compare(gconstpointer a, gconstpointer b)
{
    uint32_t x = GPOINTER_TO_UINT(a), y = GPOINTER_TO_UINT(b);

    return (x > y) - (x < y);
}

static int compare_numbers(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return (x > y) - (x < y);
}

static void treap_fill(struct index *x)
{
    struct treap_place place = {0};

    for (uint32_t i = 0; i < x->size; i++) {
        uint32_t index = x->k->pool.first + i;
        *cap_at(x->k, index) = (struct cap){.type = RESCIND_CAP_GATE, .sel = x->sel[i]};
        table_find_place(x->k, 0, x->sel[i], &place);
        table_insert(x->k, index, place);
    }
}

static void treap_clear(struct index *x)
{
    for (uint32_t i = 0; i < x->size; i++)
        table_remove(x->k, table_find_from(x->k, 0, x->sel[i]));
}

static void run_treap_insert(void *state)
{
    clock_start();
    treap_fill(state);
    clock_stop();
    treap_clear(state);
}

static void run_treap_find(void *state)
{
    struct index *x = state;
    uint32_t found = 0;

    treap_fill(x);
    clock_start();
    for (uint32_t i = 0; i < x->size; i++)
        found += table_find_from(x->k, 0, x->sel[i]);
    clock_stop();
    sink += found;
    treap_clear(x);
}

static void run_treap_remove(void *state)
{
    treap_fill(state);
    clock_start();
    treap_clear(state);
    clock_stop();
}

static void tree_fill(struct index *x)
{
    for (uint32_t i = 0; i < x->size; i++)
        g_tree_insert(x->tree, GUINT_TO_POINTER(x->sel[i]), x);
}

static void tree_clear(struct index *x)
{
    for (uint32_t i = 0; i < x->size; i++)
        g_tree_remove(x->tree, GUINT_TO_POINTER(x->sel[i]));
}

static void run_tree_insert(void *state)
{
    clock_start();
    tree_fill(state);
    clock_stop();
    tree_clear(state);
}

static void run_tree_find(void *state)
{
    struct index *x = state;
    guint64 found = 0;

    tree_fill(x);
    clock_start();
    for (uint32_t i = 0; i < x->size; i++)
        found += g_tree_lookup(x->tree, GUINT_TO_POINTER(x->sel[i])) != NULL;
    clock_stop();
    sink += found;
    tree_clear(x);
}

static void run_tree_remove(void *state)
{
    tree_fill(state);
    clock_start();
    tree_clear(state);
    clock_stop();
}

static void run_array_find(void *state)
{
    struct index *x = state;
    guint64 found = 0;

    clock_start();
    for (uint32_t i = 0; i < x->size; i++)
        found +=
            bsearch(&x->sel[i], x->sorted, x->size, sizeof(*x->sorted), compare_numbers) != NULL;
    clock_stop();
    sink += found;
}

static struct rescind_kernel *kernel_of(uint32_t vpes, uint32_t nodes)
{
    struct rescind_kernel_config config = {.vpes = vpes, .nodes = nodes, .seed = 1};
    size_t size = rescind_kernel_size(&config);
    struct rescind_kernel *k = aligned_alloc(4096, (size + 4095) / 4096 * 4096);

    if (k == NULL || rescind_kernel_create(k, size, &config) == NULL)
        g_error("no kernel of %" G_GUINT32_FORMAT " nodes", nodes);
    return k;
}

static void treap_of(struct measure *m, uint32_t size, bool random)
{
    struct index x = {.size = size, .k = kernel_of(1, size + 1), .tree = g_tree_new(compare)};
    struct subject subject = {"", random ? "random" : "sequence", size, size, "selector"};

    x.sel = shuffled(size);
    x.sorted = g_new(uint32_t, size);
    for (uint32_t i = 0; i < size; i++) {
        x.sorted[i] = RESCIND_SEL_FREE + i;
        x.sel[i] = RESCIND_SEL_FREE + (random ? x.sel[i] : i);
    }
    subject.name = "treap-find";
    measure_run(m, &subject, run_treap_find, &x);
    measure_floor(m, "GTree", measure_aside(run_tree_find, &x, size));
    measure_floor(m, "bsearch", measure_aside(run_array_find, &x, size));
    subject.name = "treap-insert";
    measure_run(m, &subject, run_treap_insert, &x);
    measure_floor(m, "GTree", measure_aside(run_tree_insert, &x, size));
    subject.name = "treap-find-and-remove";
    measure_run(m, &subject, run_treap_remove, &x);
    measure_floor(m, "GTree", measure_aside(run_tree_remove, &x, size));
    g_free(x.sel);
    g_free(x.sorted);
    g_tree_unref(x.tree);
    free(x.k);
}

void bench_treap(struct measure *m)
{
    uint32_t largest = measure_is_quick(m) ? 100000 : 1000000;

    if (!measure_wants(m, "treap"))
        return;
    for (uint32_t size = 1000; size <= largest; size *= 10) {
        treap_of(m, size, false);
        treap_of(m, size, true);
    }
}

/* ---- Trees, and lists of as many nodes ---------------------------------------------------- */

struct tree {
    enum grove_shape shape;
    enum grove_order order;
    uint32_t size, range;
};

static void run_exchange(void *state)
{
    const struct tree *t = state;
    struct grove *g = grove_new(t->shape, t->order, t->size, t->range);

    clock_start();
    grove_grow(g);
    clock_stop();
    grove_free(g);
}

static void run_revoke(void *state)
{
    const struct tree *t = state;
    struct grove *g = grove_new(t->shape, t->order, t->size, t->range);

    grove_grow(g);
    grove_look(g);
    clock_start();
    grove_fell(g);
    clock_stop();
    grove_look_again(g, 0);
    grove_free(g);
}

/* A list of nodes of 64 bytes in one array, that come one behind the other in memory or anyhow. */
struct node {
    _Alignas(64) uint32_t type;
    uint32_t next;
};

struct list {
    uint32_t size;
    const uint32_t *order; /* NULL: as they lie in memory */
};

static void run_list(void *state)
{
    const struct list *list = state;
    struct node *nodes = aligned_alloc(64, (list->size + 1) * sizeof(*nodes));
    uint32_t at = 0, free_list = 0;

    for (uint32_t i = 0; i < list->size; i++) {
        uint32_t next = 1 + (list->order != NULL ? list->order[i] : i);
        nodes[at].type = 1;
        nodes[at].next = next;
        at = next;
    }
    nodes[at] = (struct node){1, 0};
    clock_start();
    for (at = nodes[0].next; at != 0;) {
        struct node *node = &nodes[at];
        uint32_t next = node->next;
        node->type = 0;
        node->next = free_list;
        free_list = at;
        at = next;
    }
    clock_stop();
    sink += free_list;
    free(nodes);
}

/* Takes as many nodes from a free list, fills them in and links them: what an EXCHANGE can't do
 * without. */
static void run_list_made(void *state)
{
    const struct list *list = state;
    struct node *nodes = aligned_alloc(64, (list->size + 1) * sizeof(*nodes));
    uint32_t free_list = 1, last = 0;

    for (uint32_t i = 0; i <= list->size; i++)
        nodes[i] = (struct node){0, i < list->size ? i + 1 : 0};
    clock_start();
    for (uint32_t i = 0; i < list->size; i++) {
        uint32_t at = free_list;
        free_list = nodes[at].next;
        nodes[at] = (struct node){.type = 1};
        nodes[last].next = at;
        last = at;
    }
    clock_stop();
    sink += nodes[last].type;
    free(nodes);
}

/* Of a list of as many nodes: walked and freed as they lie in memory, and anyhow; made. */
struct floors {
    double straight, scattered, made;
};

static void trees_of(struct measure *m, const struct tree *t, const struct floors *floors)
{
    g_autofree char *variant = NULL;
    struct subject subject = {.size = t->size, .unit = "capability"};
    struct tree tree = *t;

    variant = t->range == 1
                  ? g_strdup_printf("%s %s", grove_shape_name(t->shape), grove_order_name(t->order))
                  : g_strdup_printf("%s %s by %" G_GUINT32_FORMAT, grove_shape_name(t->shape),
                                    grove_order_name(t->order), t->range);
    subject.variant = variant;
    subject.name = "exchange";
    subject.units = t->size - t->range;
    measure_run(m, &subject, run_exchange, &tree);
    measure_floor(m, "list", floors->made);
    subject.name = "revoke";
    subject.units = t->size;
    measure_run(m, &subject, run_revoke, &tree);
    measure_floor(m, "list", t->order == GROVE_SEQUENCE ? floors->straight : floors->scattered);
}

void bench_trees(struct measure *m)
{
    static const uint32_t ranges[] = {1, 16, 64, 1000};
    enum { WITH_RANGES = 2 }; /* the size that is also done in ranges */
    uint32_t sizes[] = {992, 9984, 99968, 1000000}, count = measure_is_quick(m) ? 3 : 4;
    uint32_t largest = measure_is_quick(m) ? 1 : WITH_RANGES; /* that is done in all orders */

    if (!measure_wants(m, "exchange") && !measure_wants(m, "revoke"))
        return;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t *order = shuffled(sizes[i]);
        struct list straight = {sizes[i], NULL}, scattered = {sizes[i], order};
        struct floors floors = {
            .straight = measure_aside(run_list, &straight, sizes[i]),
            .scattered = measure_aside(run_list, &scattered, sizes[i]),
            .made = measure_aside(run_list_made, &straight, sizes[i]),
        };
        for (uint32_t j = 0; j < (i == WITH_RANGES ? G_N_ELEMENTS(ranges) : 1); j++) {
            for (int shape = 0; shape < GROVE_SHAPES; shape++) {
                for (int by = 0; by < (j == 0 && i <= largest ? GROVE_ORDERS : 2); by++) {
                    struct tree t = {shape, by, sizes[i] / ranges[j] * ranges[j], ranges[j]};
                    if (!measure_is_quick(m) || j == 0 || ranges[j] == 16)
                        trees_of(m, &t, &floors);
                }
            }
        }
        g_free(order);
    }
}

static void run_leaves(void *state)
{
    struct grove *g = grove_new(GROVE_STAR, GROVE_SEQUENCE, *(const uint32_t *)state, 1);

    grove_grow(g);
    clock_start();
    grove_pick(g);
    clock_stop();
    grove_look_again(g, 1);
    grove_free(g);
}

void bench_leaves(struct measure *m)
{
    static const uint32_t sizes[] = {10, 100, 1000, 10000, 100000};

    if (!measure_wants(m, "leaf-by-leaf"))
        return;
    for (guint i = 0; i < G_N_ELEMENTS(sizes); i++) {
        uint32_t size = sizes[i] + 1;
        struct subject subject = {"leaf-by-leaf", "oldest first", sizes[i], sizes[i], "REVOKE"};
        struct list list = {sizes[i], NULL};
        measure_run(m, &subject, run_leaves, &size);
        if (sizes[i] >= 1000) /* reading the clock takes longer than a short list */
            measure_floor(m, "list", measure_aside(run_list, &list, sizes[i]));
    }
}

/* ---- Messages ----------------------------------------------------------------------------- */

enum { CALLS = 100000 };

static void run_noops(void *state)
{
    struct message m = grove_noop();

    clock_start();
    for (int i = 0; i < CALLS; i++)
        grove_call(state, 0, &m);
    clock_stop();
}

/* What a message and its reply take between two rings, with nobody in between. */
static void run_rounds(void *state)
{
    struct rescind_ring **ring = state;
    uint32_t credits = 1;
    struct endpoint client = {.number = 2, .reply_ep = 3, .credits = &credits};
    struct endpoint server = {.vpe = 1, .number = 2, .credits = &credits};
    struct ring_message message;
    uint64_t payload = 0;

    clock_start();
    for (uint64_t i = 0; i < CALLS; i++) {
        if (endpoint_send(&client, ring[0], &i, sizeof(i)) != RESCIND_NO_ERROR ||
            ring_fetch(ring[0], &message) != RING_MESSAGE ||
            endpoint_reply(&server, ring[1], message.header.reply_label, message.payload,
                           sizeof(payload)) != RESCIND_NO_ERROR ||
            ring_fetch(ring[1], &message) != RING_MESSAGE)
            g_error("a message was lost");
        endpoint_credit(&client, &message.header);
        memcpy(&payload, message.payload, sizeof(payload));
    }
    clock_stop();
    sink += payload;
}

static void run_copies(void *state)
{
    (void)state;
    static uint8_t slot[RESCIND_RING_SLOTS][RESCIND_RING_SLOT_SIZE];
    uint8_t bytes[sizeof(struct rescind_header) + sizeof(uint64_t)] = {0};

    clock_start();
    for (int i = 0; i < CALLS; i++) {
        for (int way = 0; way < 2; way++) {
            memcpy(slot[i % RESCIND_RING_SLOTS], bytes, sizeof(bytes));
            __asm__ volatile("" ::: "memory");
            memcpy(bytes, slot[i % RESCIND_RING_SLOTS], sizeof(bytes));
            __asm__ volatile("" ::: "memory");
        }
    }
    clock_stop();
    sink += bytes[3];
}

void bench_messages(struct measure *m)
{
    struct rescind_kernel *k = kernel_of(2, 16);
    struct rescind_ring *rings[2];
    struct subject noop = {"null-syscall", "NOOP through its rings", 0, CALLS, "call"};
    struct subject round = {"message", "there and back", 0, CALLS, "round trip"};
    double copies;

    for (int vpe = 0; vpe < 2; vpe++) {
        if (rescind_kernel_boot_vpe(k, 0, 1) != RESCIND_NO_ERROR)
            g_error("no VPE");
        rings[vpe] = rescind_kernel_reply_ring(k, (uint32_t)vpe);
    }
    if (measure_wants(m, "null-syscall") || measure_wants(m, "message")) {
        copies = measure_aside(run_copies, NULL, CALLS);
        measure_run(m, &noop, run_noops, k);
        measure_floor(m, "copies", copies);
        measure_run(m, &round, run_rounds, rings);
        measure_floor(m, "copies", copies);
    }
    free(k);
}

/* ---- The audit ---------------------------------------------------------------------------- */

static void run_audit(void *state)
{
    struct grove *g = state;
    struct rescind_finding finding;

    clock_start();
    for (uint32_t i = 0; i < 1 + 100000 / g->blocks; i++) {
        if (!rescind_kernel_audit(g->k, &finding))
            g_error("audit: %s", finding.name);
    }
    clock_stop();
}

void bench_audit(struct measure *m)
{
    static const uint32_t sizes[] = {10, 1000, 100000};

    if (!measure_wants(m, "audit"))
        return;
    for (guint i = 0; i < G_N_ELEMENTS(sizes); i++) {
        struct grove *g = grove_new(GROVE_RANDOM, GROVE_SHUFFLED, sizes[i], 1);
        struct subject subject = {"audit", "", sizes[i],
                                  (guint64)sizes[i] * (1 + 100000 / sizes[i]), "capability"};
        struct list list = {sizes[i], NULL};
        grove_grow(g);
        measure_run(m, &subject, run_audit, g);
        if (sizes[i] >= 1000) /* reading the clock takes longer than a short list */
            measure_floor(m, "list", measure_aside(run_list, &list, sizes[i]));
        grove_free(g);
    }
}

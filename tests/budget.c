/* The operations whose instructions are budgeted: budget [NAME...]. tests/budget.sh runs it under
 * callgrind, which counts inside functions measured_…() alone, from the beginning of each call of
 * phase() to its end; for each a line with its name and the number of units is printed, in the same
 * order. Deterministic. --build says how it was built, --targets [--few] does those that
 * bench/run.sh prints instead. What goes wrong ends the process. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/grove.h"
#include "cap/table.h"
#include "sim/cluster.h"
#include "sim/explore.h"
#include "sim/litmus.h"

enum { CAPS = 10000, FEW = 1000, GATES = 1024, FIRST = RESCIND_SEL_FREE };

/* ---- How it is counted -------------------------------------------------------------------- */

__attribute__((noinline)) static void phase(void (*run)(void *state), void *state)
{
    run(state);
    __asm__ volatile("" ::: "memory"); /* not a tail call: the phase ends when this returns */
}

static char **wanted; /* names; NULL: all */

static bool is_wanted(const char *name)
{
    return wanted == NULL || g_strv_contains((const char *const *)wanted, name);
}

/* Counts the run, if the operation is one of those that are wanted. */
static void count(const char *name, uint32_t units, void (*run)(void *state), void *state)
{
    if (!is_wanted(name)) {
        run(state);
        return;
    }
    printf("%s %" G_GUINT32_FORMAT "\n", name, units);
    fflush(stdout);
    phase(run, state);
}

/* ---- Calls of one kernel ------------------------------------------------------------------ */

static void noops(void *state)
{
    struct message m = grove_noop();

    for (int i = 0; i < FEW; i++)
        grove_call(state, 0, &m);
}

static void creategates(void *state)
{
    for (uint32_t i = 0; i < FEW; i++) {
        struct message m = cluster_creategate(0x10000 + i);
        grove_call(state, 0, &m);
    }
}

static void count_small_calls(void)
{
    struct grove *g = grove_new(GROVE_STAR, GROVE_SEQUENCE, 2 * FEW + 1, 1);

    count("noop", FEW, noops, g->k);
    count("creategate", FEW, creategates, g->k);
    grove_free(g);
}

static void grow(void *state)
{
    grove_grow(state);
}

static void fell(void *state)
{
    grove_fell(state);
}

static void clear(void *state)
{
    grove_clear(state);
}

static void pick(void *state)
{
    grove_pick(state);
}

static void leave(void *state)
{
    struct grove *g = state;
    struct message m = grove_exit();

    grove_call(g->k, 0, &m);
}

/* A tree's making and its end, each if it is wanted; `range` 1 is not told. */
static void count_tree(enum grove_shape shape, enum grove_order order, uint32_t range)
{
    struct grove *g = grove_new(shape, order, CAPS, range);
    GString *grows = g_string_new(NULL), *falls = g_string_new(NULL);

    g_string_printf(grows, "exchange-%s-%s", grove_shape_name(shape), grove_order_name(order));
    g_string_printf(falls, "revoke-%s-%s", grove_shape_name(shape), grove_order_name(order));
    if (range > 1) {
        g_string_append_printf(grows, "-by-%u", range);
        g_string_append_printf(falls, "-by-%u", range);
    }
    if (is_wanted(grows->str) || is_wanted(falls->str)) {
        count(grows->str, CAPS - range, grow, g);
        grove_look(g);
        count(falls->str, CAPS, fell, g);
        grove_look_again(g, 0);
    }
    g_string_free(grows, TRUE);
    g_string_free(falls, TRUE);
    grove_free(g);
}

static void count_ends(void)
{
    struct grove *g = grove_new(GROVE_STAR, GROVE_SEQUENCE, CAPS, 1);

    grove_grow(g);
    count("revoke-own-0", CAPS - 1, clear, g);
    grove_look_again(g, 1);
    grove_grow(g);
    count("revoke-leaf-by-leaf", CAPS - 1, pick, g);
    grove_look_again(g, 1);
    grove_grow(g);
    count("exit", CAPS, leave, g);
    grove_free(g);
}

/* ---- The audit and the treap -------------------------------------------------------------- */

__attribute__((noinline)) static void measured_audit(struct rescind_kernel *k)
{
    struct rescind_finding finding;

    if (!rescind_kernel_audit(k, &finding))
        g_error("audit: %s", finding.name);
}

static void audit(void *state)
{
    struct grove *g = state;

    measured_audit(g->k);
}

static void count_audit(void)
{
    struct grove *g = grove_new(GROVE_BINARY, GROVE_SEQUENCE, FEW, 1);

    grove_grow(g);
    count("audit", FEW, audit, g);
    grove_free(g);
}

/* Selectors that no order of theirs helps with. */
static uint32_t scattered(uint32_t i)
{
    return FIRST + i * 0x9e3779b1u % 0x40000000u;
}

__attribute__((noinline)) static void measured_insert(struct rescind_kernel *k)
{
    struct treap_place place = {0};

    for (uint32_t i = 0; i < CAPS; i++) {
        struct cap *cap = cap_at(k, k->pool.first + i);
        if (table_find_place(k, cap->table, cap->sel, &place) == 0)
            table_insert(k, k->pool.first + i, place);
    }
}

__attribute__((noinline)) static uint32_t measured_find(struct rescind_kernel *k)
{
    uint32_t found = 0;

    for (uint32_t i = 0; i < CAPS; i++)
        found += table_find_from(k, 0, scattered(i)) == k->pool.first + i;
    return found;
}

__attribute__((noinline)) static void measured_remove(struct rescind_kernel *k)
{
    for (uint32_t i = 0; i < CAPS; i++)
        table_remove(k, k->pool.first + i);
}

static void insert(void *state)
{
    measured_insert(state);
}

static void find(void *state)
{
    if (measured_find(state) != CAPS)
        g_error("not all are found");
}

static void remove_all(void *state)
{
    measured_remove(state);
}

/* Of a kernel without a VPE, whose pool nobody else uses. */
static void count_treap(void)
{
    struct rescind_kernel_config config = {.vpes = 1, .nodes = CAPS + 1, .seed = 1};
    size_t size = rescind_kernel_size(&config);
    struct rescind_kernel *k = aligned_alloc(4096, (size + 4095) / 4096 * 4096);

    if (k == NULL || rescind_kernel_create(k, size, &config) == NULL)
        g_error("no kernel");
    for (uint32_t i = 0; i < CAPS; i++)
        *cap_at(k, k->pool.first + i) = (struct cap){.type = RESCIND_CAP_GATE, .sel = scattered(i)};
    count("treap-insert", CAPS, insert, k);
    count("treap-find", CAPS, find, k);
    count("treap-remove", CAPS, remove_all, k);
    if (table_at(k, 0)->count != 0)
        g_error("not all are removed");
    free(k);
}

/* ---- Across kernels ----------------------------------------------------------------------- */

struct handing {
    struct cluster *s;
    uint32_t range;
    bool obtain;
};

static void calls_across(struct handing *h, bool revoking)
{
    for (uint32_t i = 0; i < GATES; i += h->range) {
        uint32_t at = FIRST + 1 + i, caller = h->obtain && !revoking;
        struct message m = revoking ? cluster_revoke(at, h->range)
                                    : cluster_exchange(FIRST, at, at, h->range, h->obtain);
        cluster_call(h->s, caller, 0, &m);
        cluster_run(h->s);
        if (!cluster_was_ok(h->s, caller, 0))
            g_error("a call across kernels is refused");
    }
}

static void hand_across(void *state)
{
    calls_across(state, false);
}

static void revoke_across(void *state)
{
    calls_across(state, true);
}

/* Kernel 0's gates, handed to kernel 1 in ranges, and revoked. */
static void count_across(uint32_t range, bool obtain, const char *hand, const char *revoke)
{
    uint32_t nodes[] = {4 * GATES, 4 * GATES};
    struct cluster_options options = {.kernels = 2, .vpes = 1, .nodes = nodes, .seed = 1};
    struct handing h = {cluster_new(&options), range, obtain};
    struct rescind_kernel **k;

    if (h.s == NULL)
        g_error("no memory for two kernels");
    k = h.s->kernel;
    if (rescind_kernel_boot_grant_across(k[obtain], 0, FIRST, k[!obtain], 0) != RESCIND_NO_ERROR)
        g_error("no capability on the other VPE");
    for (uint32_t i = 0; i < GATES; i++) {
        struct message m = cluster_creategate(FIRST + 1 + i);
        grove_call(k[0], 0, &m);
    }
    h.s->measured = true;
    count(hand, GATES, hand_across, &h);
    count(revoke, GATES, revoke_across, &h);
    if (!cluster_audit(h.s) || !cluster_audit_rest(h.s))
        g_error("%s", h.s->failure);
    cluster_free(h.s);
}

struct letter {
    struct rescind_kernel *to;
    size_t size;
    uint8_t bytes[RESCIND_PEER_MSG_MAX];
};

__attribute__((noinline)) static void measured_hear(struct letter *l)
{
    rescind_kernel_hear(l->to, 0, l->bytes, l->size);
}

static void hear(void *state)
{
    measured_hear(state);
}

/* One message that asks for a range of capabilities. */
static void count_hear(void)
{
    enum { RANGE = 8 };
    uint32_t nodes[] = {256, 256};
    struct cluster_options options = {.kernels = 2, .vpes = 1, .nodes = nodes, .seed = 1};
    struct cluster *s = cluster_new(&options);
    struct message m = cluster_exchange(FIRST, FIRST + 1, FIRST + 1, RANGE, false);
    struct letter l;

    if (s == NULL || rescind_kernel_boot_grant_across(s->kernel[0], 0, FIRST, s->kernel[1], 0) !=
                         RESCIND_NO_ERROR)
        g_error("no two kernels");
    for (uint32_t i = 0; i < RANGE; i++) {
        struct message gate = cluster_creategate(FIRST + 1 + i);
        grove_call(s->kernel[0], 0, &gate);
    }
    if (rescind_kernel_send(s->kernel[0], 0, m.bytes, m.size) != RESCIND_NO_ERROR)
        g_error("a call can't be sent");
    rescind_kernel_message(s->kernel[0], 0);
    l.to = s->kernel[1];
    l.size = rescind_kernel_tell(s->kernel[0], 1, l.bytes);
    if (l.size == 0)
        g_error("there is nothing to tell");
    count("hear", RANGE, hear, &l);
    cluster_free(s);
}

/* ---- The host's side ---------------------------------------------------------------------- */

static const char text[] = "litmus \"two delegations meet a revocation\"\n"
                           "kernel K0\n"
                           "kernel K1\n"
                           "vpe VPE0 @ K0\n"
                           "vpe VPE1 @ K1\n"
                           "grant VPE0 2 = vpe VPE1\n"
                           "grant VPE1 2 = vpe VPE0\n"
                           "program VPE0\n"
                           "    creategate 0 20 label=1 ep=2 credits=1\n"
                           "    exchange delegate 2 20 30\n"
                           "    revoke 20\n"
                           "program VPE1\n"
                           "    exchange delegate 2 30 40 => ok | inv-args\n"
                           "final\n"
                           "    VPE0 lacks 40\n"
                           "    VPE1 lacks 30\n";

__attribute__((noinline)) static struct litmus *measured_parse(void)
{
    char *error = NULL;
    struct litmus *litmus = litmus_parse("budget", text, sizeof(text) - 1, &error);

    if (litmus == NULL)
        g_error("%s", error);
    return litmus;
}

__attribute__((noinline)) static struct explore_result *measured_explore(const struct litmus *l)
{
    struct explore_options options = {.strategy = EXPLORE_DPOR, .work = 1};
    GError *error = NULL;
    struct explore_result *result = explore(l, &options, &error);

    if (result == NULL || result->violations > 0 || !result->complete)
        g_error("the file is not explored as it should be");
    return result;
}

static void parse(void *state)
{
    *(struct litmus **)state = measured_parse();
}

static void explore_file(void *state)
{
    explore_result_free(measured_explore(state));
}

static void count_litmus(void)
{
    struct litmus *litmus = NULL;

    count("litmus-parse", 16, parse, &litmus);
    if (is_wanted("explore")) {
        /* Once before, for its states; and so that what is made once has been made. */
        struct explore_result *result = measured_explore(litmus);
        count("explore", (uint32_t)result->states, explore_file, litmus);
        explore_result_free(result);
    }
    litmus_free(litmus);
}

/* ------------------------------------------------------------------------------------------- */

/* The budget's operations, in its order. */
static void count_budget(void)
{
    static const uint32_t ranges[] = {16, 1000};

    count_small_calls();
    for (int shape = 0; shape < GROVE_SHAPES; shape++) {
        count_tree(shape, GROVE_SEQUENCE, 1);
        count_tree(shape, GROVE_SHUFFLED, 1);
    }
    for (guint i = 0; i < G_N_ELEMENTS(ranges); i++) {
        count_tree(GROVE_STAR, GROVE_SEQUENCE, ranges[i]);
        count_tree(GROVE_STAR, GROVE_SHUFFLED, ranges[i]);
    }
    count_ends();
    count_across(16, false, "delegate-across", "revoke-across");
    count_across(16, true, "obtain-across", "revoke-obtained-across");
    count_hear();
    count_audit();
    count_treap();
    count_litmus();
}

/* Every shape, order and range; or one by one and one range. */
static void count_targets(bool few)
{
    static const uint32_t ranges[] = {1, 16, 80, 1000}; /* that divide the number of them */

    for (guint i = 0; i < (few ? 2 : G_N_ELEMENTS(ranges)); i++) {
        for (int shape = 0; shape < GROVE_SHAPES; shape++) {
            for (int order = 0; order < GROVE_ORDERS; order++)
                count_tree(shape, order, ranges[i]);
        }
    }
}

int main(int argc, char **argv)
{
    if (argc == 2 && g_str_equal(argv[1], "--build")) {
        printf("%s\n", BUDGET_BUILD);
    } else if (argc >= 2 && g_str_equal(argv[1], "--targets")) {
        count_targets(argc > 2 && g_str_equal(argv[2], "--few"));
    } else {
        wanted = argc > 1 ? argv + 1 : NULL;
        count_budget();
    }
    return 0;
}

/* Trees that are measured; see grove.h. */
#include "bench/grove.h"

#include <stdlib.h>

#include "sim/cluster.h"

enum { FIRST = RESCIND_SEL_FREE, PAGE = 4096 };

const char *grove_shape_name(enum grove_shape shape)
{
    static const char *const names[GROVE_SHAPES] = {"chain", "star", "binary", "random"};

    return names[shape];
}

const char *grove_order_name(enum grove_order order)
{
    static const char *const names[GROVE_ORDERS] = {"sequence", "random", "attack"};

    return names[order];
}

/* ---- The plan ----------------------------------------------------------------------------- */

static gint by_priority(gconstpointer a, gconstpointer b, gpointer data)
{
    gint32 x = (gint32)(314159265u + *(const guint32 *)a * 0x9e3779b9u);
    gint32 y = (gint32)(314159265u + *(const guint32 *)b * 0x9e3779b9u);

    (void)data;
    return (x > y) - (x < y);
}

static void plan_order(struct grove *g, enum grove_order order, GRand *random)
{
    for (uint32_t i = 0; i < g->blocks; i++)
        g->sel[i] = FIRST + i * g->range;
    if (order == GROVE_ATTACK)
        g_qsort_with_data(g->sel, (gint)g->blocks, sizeof(*g->sel), by_priority, NULL);
    if (order != GROVE_SHUFFLED)
        return;
    for (uint32_t i = g->blocks - 1; i > 0; i--) {
        uint32_t j = (uint32_t)g_rand_int_range(random, 0, (gint32)i + 1), other = g->sel[i];
        g->sel[i] = g->sel[j];
        g->sel[j] = other;
    }
}

static void plan_shape(struct grove *g, enum grove_shape shape, GRand *random)
{
    for (uint32_t i = 1; i < g->blocks; i++) {
        switch (shape) {
        case GROVE_CHAIN:
            g->parent[i] = i - 1;
            break;
        case GROVE_BINARY:
            g->parent[i] = (i - 1) / 2;
            break;
        case GROVE_RANDOM:
            g->parent[i] = (uint32_t)g_rand_int_range(random, 0, (gint32)i);
            break;
        default:
            g->parent[i] = 0;
        }
    }
}

/* ---- Calls -------------------------------------------------------------------------------- */

__attribute__((noinline)) static void measured_message(struct rescind_kernel *k, uint32_t vpe)
{
    rescind_kernel_message(k, vpe);
}

__attribute__((noinline)) static void measured_work(struct rescind_kernel *k, uint32_t task)
{
    rescind_kernel_work(k, task);
}

void grove_call(struct rescind_kernel *k, uint32_t vpe, const struct message *call)
{
    uint64_t answer = RESCIND_INV_ARGS;
    int32_t task;

    if (rescind_kernel_send(k, vpe, call->bytes, call->size) != RESCIND_NO_ERROR)
        g_error("a call can't be sent");
    measured_message(k, vpe);
    while ((task = rescind_kernel_ready(k)) >= 0)
        measured_work(k, (uint32_t)task);
    if (rescind_kernel_vpe_state(k, vpe) == RESCIND_VPE_ENDED)
        return;
    if (!rescind_kernel_receive(k, vpe, &answer, sizeof(answer)) || answer != RESCIND_NO_ERROR)
        g_error("a call is answered %" G_GUINT64_FORMAT, answer);
}

struct message grove_noop(void)
{
    struct message m = {0};

    message_u64(&m, RESCIND_SYS_NOOP);
    return m;
}

struct message grove_exit(void)
{
    struct message m = {0};

    message_u64(&m, RESCIND_SYS_EXIT);
    message_u64(&m, 0);
    return m;
}

static struct message revoke(uint32_t start, uint32_t count, bool own)
{
    struct message m = {0};

    message_u64(&m, RESCIND_SYS_REVOKE);
    message_range(&m, (struct rescind_range){.start = start, .count = count});
    message_u64(&m, own);
    return m;
}

/* ---- The tree ----------------------------------------------------------------------------- */

static struct rescind_kernel *new_kernel(uint32_t nodes)
{
    struct rescind_kernel_config config = {.vpes = 1, .nodes = nodes, .seed = 1};
    size_t size = rescind_kernel_size(&config);
    struct rescind_kernel *k = aligned_alloc(PAGE, (size + PAGE - 1) / PAGE * PAGE);

    if (k == NULL || rescind_kernel_create(k, size, &config) == NULL ||
        rescind_kernel_boot_vpe(k, 0, 1 << 20) != RESCIND_NO_ERROR)
        g_error("no kernel of %" G_GUINT32_FORMAT " nodes", nodes);
    return k;
}

struct grove *grove_new(enum grove_shape shape, enum grove_order order, uint32_t size,
                        uint32_t range)
{
    struct grove *g = g_new0(struct grove, 1);
    GRand *random = g_rand_new_with_seed(1);

    g_assert(range > 0 && size > 0 && size % range == 0);
    g->blocks = size / range;
    g->range = range;
    g->parent = g_new0(uint32_t, g->blocks);
    g->sel = g_new(uint32_t, g->blocks);
    plan_shape(g, shape, random);
    plan_order(g, order, random);
    g_rand_free(random);
    g->k = new_kernel(size + range + 16);
    for (uint32_t i = 0; i < range; i++) {
        struct message m = cluster_creategate(g->sel[0] + i);
        grove_call(g->k, 0, &m);
    }
    return g;
}

void grove_free(struct grove *g)
{
    g_free(g->parent);
    g_free(g->sel);
    free(g->k);
    g_free(g);
}

void grove_grow(struct grove *g)
{
    for (uint32_t i = 1; i < g->blocks; i++) {
        struct message m =
            cluster_exchange(RESCIND_SEL_VPE, g->sel[g->parent[i]], g->sel[i], g->range, false);
        grove_call(g->k, 0, &m);
    }
}

/* A published benchmark's chains were trees of depth one: so look before measuring. */
void grove_look(const struct grove *g)
{
    struct rescind_kernel_cap cap;

    for (uint32_t i = 0; i < g->blocks; i++) {
        for (uint32_t j = 0; j < g->range; j++) {
            if (!rescind_kernel_find(g->k, 0, RESCIND_TABLE_OBJECT, g->sel[i] + j, &cap) ||
                cap.sel != g->sel[i] + j || cap.has_parent != (i > 0) ||
                (i > 0 && cap.parent_sel != g->sel[g->parent[i]] + j))
                g_error("selector %" G_GUINT32_FORMAT " is not as it should be", g->sel[i] + j);
        }
    }
    if (rescind_kernel_find(g->k, 0, RESCIND_TABLE_OBJECT, FIRST + (uint64_t)g->blocks * g->range,
                            &cap))
        g_error("there is more than should be");
}

void grove_look_again(const struct grove *g, uint32_t kept)
{
    struct rescind_kernel_cap cap;
    uint64_t at = FIRST;

    for (uint32_t i = 0; i < kept; i++) {
        if (!rescind_kernel_find(g->k, 0, RESCIND_TABLE_OBJECT, at, &cap) ||
            cap.sel != g->sel[0] + i)
            g_error("the root is gone");
        at = (uint64_t)cap.sel + 1;
    }
    if (rescind_kernel_find(g->k, 0, RESCIND_TABLE_OBJECT, at, &cap))
        g_error("something is left");
}

void grove_fell(struct grove *g)
{
    struct message m = revoke(g->sel[0], g->range, true);

    grove_call(g->k, 0, &m);
}

void grove_clear(struct grove *g)
{
    struct message m = revoke(g->sel[0], g->range, false);

    grove_call(g->k, 0, &m);
}

void grove_pick(struct grove *g)
{
    for (uint32_t i = 1; i < g->blocks; i++) {
        struct message m = revoke(g->sel[i], g->range, true);
        grove_call(g->k, 0, &m);
    }
}

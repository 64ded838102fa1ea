/* Large systems, in small: forests of capabilities over many kernels, grown by the VPEs' own calls,
 * audited and revoked; and what that costs in messages. The benchmarks do the same at full size. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sim/forest.h"

/* Fails with what the system says is wrong. */
static void check(bool good, const struct forest *f)
{
    if (!good)
        fail_msg("%s", f->cluster->failure);
}

static void check_audits(const struct forest *f)
{
    check(cluster_audit(f->cluster), f);
    check(cluster_audit_links(f->cluster), f);
}

/* Grown and looked at. */
static struct forest *grown(const struct plan *plan, const struct cluster_options *options)
{
    struct forest *f = forest_plant(plan, options);

    assert_non_null(f);
    check_audits(f);
    check(forest_grow(f), f);
    check(forest_has_shape(f), f);
    check_audits(f);
    return f;
}

/* Its roots revoked; what that took is in the count. */
static void felled(struct forest *f)
{
    cluster_count_anew(f->cluster);
    check(forest_fell(f), f);
    check(forest_is_gone(f), f);
    check_audits(f);
    check(cluster_audit_rest(f->cluster), f);
    check(cluster_none_refused(f->cluster), f);
}

static struct cluster_count cost(struct plan *plan, const struct cluster_options *options)
{
    struct forest *f = grown(plan, options);
    struct cluster_count count;

    felled(f);
    count = f->cluster->count;
    forest_free(f);
    plan_free(plan);
    return count;
}

/* ------------------------------------------------------------------------------------------- */

static const struct plan_forest small = {
    .kernels = 8, .vpes = 6, .size = 3000, .roots = 100, .known = 6, .near = 30, .seed = 1};

static void a_random_forest_grows_and_goes(void **state)
{
    struct plan *plan = plan_forest(&small);
    struct forest *f = grown(plan, &(struct cluster_options){.seed = 1});
    uint64_t crossings = plan_crossings(plan), used = cluster_used(f->cluster);

    (void)state;
    /* A question and an answer; a node on either side, as many as the pools have been given. */
    assert_int_equal(cluster_records(&f->cluster->count), 2 * crossings);
    assert_true(crossings > small.size / 4 && crossings < small.size);
    felled(f);
    assert_int_equal(cluster_records(&f->cluster->count), cluster_orders(&f->cluster->count));
    assert_true(cluster_orders(&f->cluster->count) <= 4 * crossings);
    assert_true(f->cluster->count.messages < cluster_orders(&f->cluster->count));

    /* And again, in the nodes of the first. */
    check(forest_grow(f), f);
    check(forest_has_shape(f), f);
    check_audits(f);
    felled(f);
    assert_int_equal(cluster_used(f->cluster), used);
    forest_free(f);
    plan_free(plan);
}

/* In whatever portions the kernels work and however long messages take, the same is left. */
static void neither_work_nor_delay_matter(void **state)
{
    static const uint32_t work[] = {1, 2, 7, 1000}, delays[] = {0, 1, 50};
    struct plan_forest options = small;

    (void)state;
    options.size = 300;
    options.roots = 20;
    for (guint w = 0; w < G_N_ELEMENTS(work); w++) {
        for (guint d = 0; d < G_N_ELEMENTS(delays); d++) {
            struct plan *plan = plan_forest(&options);
            uint64_t crossings = plan_crossings(plan);
            struct cluster_count count =
                cost(plan, &(struct cluster_options){
                               .work = work[w], .delay = delays[d], .paid = d > 0, .seed = w});
            assert_true(cluster_orders(&count) <= 4 * crossings);
        }
    }
}

/* Children on one kernel share messages, and what is below them costs none. */
static void messages_go_by_crossing_edges(void **state)
{
    enum { CHILDREN = 120 };
    static const uint32_t others[] = {1, 3, 7}, below[] = {0, 1, 20};
    struct cluster_options options = {.delay = 10, .paid = true};

    (void)state;
    for (guint i = 0; i < G_N_ELEMENTS(others); i++) {
        for (guint j = 0; j < G_N_ELEMENTS(below); j++) {
            struct cluster_count count = cost(plan_spread(CHILDREN, others[i], below[j]), &options);
            assert_int_equal(cluster_orders(&count), 4 * CHILDREN);
            assert_true(count.messages <= 4 * CHILDREN);
            if (below[j] == 0)
                assert_true(count.messages < CHILDREN + 8 * others[i]);
        }
    }
}

/* A revocation says four things of an edge that crosses, each once, and nothing of any other: MARK
 * and SWEEP down, MARKED and UNLINK up. In a chain nothing can share a message; siblings on one
 * kernel do. */
static void an_edge_that_crosses_costs_four_records_whatever_the_shape(void **state)
{
    enum { SIZE = 1000 };
    const struct {
        struct plan *plan;
        uint32_t crossings;
        uint64_t messages; /* at most */
    } trees[] = {
        {plan_bounce(SIZE, true), SIZE - 1, 4 * (SIZE - 1)}, /* chain */
        {plan_bounce(SIZE, false), 0, 0},
        {plan_tail(SIZE, true), 1, 4},
        {plan_spread(SIZE, 1, 0), SIZE, 4 * SIZE / 20}, /* stars, with local children below */
        {plan_spread(SIZE, 7, 0), SIZE, SIZE},
        {plan_spread(SIZE, 1, 10), SIZE, SIZE},
        {plan_spread(SIZE, 0, 10), 0, 0},
        {plan_levels(SIZE, 2), SIZE - 1, 4 * SIZE / 15}, /* binary trees */
        {plan_levels(SIZE, 5), SIZE - 1, 4 * SIZE / 10},
        {plan_levels(SIZE, 1), 0, 0},
    };
    static const enum rescind_peer_kind kinds[] = {RESCIND_PEER_MARK, RESCIND_PEER_MARKED,
                                                   RESCIND_PEER_SWEEP, RESCIND_PEER_UNLINK};

    (void)state;
    for (guint i = 0; i < G_N_ELEMENTS(trees); i++) {
        uint32_t crossings = plan_crossings(trees[i].plan);
        bool chain = i <= 2;
        struct cluster_count count = cost(trees[i].plan, &(struct cluster_options){.paid = true});

        assert_int_equal(crossings, trees[i].crossings);
        for (guint j = 0; j < G_N_ELEMENTS(kinds); j++)
            assert_int_equal(count.records[kinds[j]], crossings);
        assert_int_equal(cluster_records(&count), 4 * crossings);
        assert_in_range(count.messages, chain ? trees[i].messages : 0, trees[i].messages);
    }
}

/* The window is small and the kernel busy: what there is to tell meanwhile goes in one message. */
static void slow_channels_make_for_full_messages(void **state)
{
    enum { CHILDREN = 1000 };
    struct cluster_count quick =
        cost(plan_spread(CHILDREN, 1, 0), &(struct cluster_options){.delay = 0, .paid = true});
    struct cluster_count slow =
        cost(plan_spread(CHILDREN, 1, 0), &(struct cluster_options){.delay = 1000, .paid = true});

    (void)state;
    assert_int_equal(cluster_orders(&quick), 4 * CHILDREN);
    assert_int_equal(cluster_orders(&slow), 4 * CHILDREN);
    assert_true(slow.messages <= quick.messages);
    assert_true(slow.messages < 4 * CHILDREN / 10);
}

/* A chain with one remote capability at its end: four records, and less than twice the visits. */
static void one_remote_capability_costs_one(void **state)
{
    enum { SIZE = 2000 };
    struct cluster_count local = cost(plan_tail(SIZE, false), &(struct cluster_options){0});
    struct cluster_count across = cost(plan_tail(SIZE, true), &(struct cluster_options){0});

    (void)state;
    assert_int_equal(local.messages, 0);
    assert_int_equal(cluster_orders(&across), 4);
    assert_int_equal(across.messages, 4);
    assert_true(across.visits < 2 * local.visits);
}

static void a_chain_to_and_fro_is_four_records_an_edge(void **state)
{
    enum { SIZE = 300 };
    struct cluster_count count = cost(plan_bounce(SIZE, true), &(struct cluster_options){0});

    (void)state;
    assert_int_equal(cluster_orders(&count), 4 * (SIZE - 1));
}

/* Kernels and VPEs that have nothing to do with it do not make it dearer. */
static void bystanders_cost_nothing(void **state)
{
    struct plan *plans[] = {plan_bounce(100, true), plan_bounce(100, true)};
    struct cluster_count alone, among;

    (void)state;
    plans[1]->kernels = 64;
    alone = cost(plans[0], &(struct cluster_options){0});
    among = cost(plans[1], &(struct cluster_options){0});
    assert_memory_equal(&alone, &among, sizeof(alone));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_random_forest_grows_and_goes),
        cmocka_unit_test(neither_work_nor_delay_matter),
        cmocka_unit_test(messages_go_by_crossing_edges),
        cmocka_unit_test(an_edge_that_crosses_costs_four_records_whatever_the_shape),
        cmocka_unit_test(slow_channels_make_for_full_messages),
        cmocka_unit_test(one_remote_capability_costs_one),
        cmocka_unit_test(a_chain_to_and_fro_is_four_records_an_edge),
        cmocka_unit_test(bystanders_cost_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

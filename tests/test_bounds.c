/* The bounds that the kernel promises: stack, work an event, memory, and the depth of its tables.
 *
 * Nothing here looks at a clock. Work is what the kernel counts (one a capability touched) and how
 * many events a call takes; the stack is painted; the depth of a treap is measured node by node.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/random.h"
#include "cap/table.h"
#include "object/vpe.h"
#include "sim/profile.h"
#include "tests/kit.h"
#include "tests/sanitized.h"

enum { MANY = 100000, DEPTH_MAX = 64, GATE = 10, COPIES = 100 };

static struct profile profile(enum profile_shape shape, enum profile_selectors selectors,
                              uint32_t size, uint64_t seed)
{
    struct profile_options options = {
        .shape = shape, .selectors = selectors, .size = size, .seed = seed};
    struct profile result;
    GError *error = NULL;

    if (!profile_run(&options, &result, &error))
        fail_msg("%s", error->message);
    return result;
}

/* VPE0 holds a gate at GATE and `count` copies of it from COPIES on: a star. */
static void make_star(struct rescind_kernel *k, uint32_t count)
{
    assert_int_equal(kit_call(k, 0, kit_creategate(GATE)), RESCIND_NO_ERROR);
    for (uint32_t i = 0; i < count; i++)
        assert_int_equal(kit_call(k, 0, kit_delegate(0, GATE, COPIES + i, 1)), RESCIND_NO_ERROR);
}

static uint32_t depth_of(const struct rescind_kernel *k, uint32_t index)
{
    uint32_t depth = 0;

    for (; index != 0; index = cap_at(k, index)->up)
        depth++;
    return depth;
}

/* The deepest node of a table's treap, and its depth; a walk along the links. */
static uint32_t deepest(const struct rescind_kernel *k, uint32_t table, uint32_t *depth)
{
    uint32_t at = table_at(k, table)->root, from = 0, level = 1, found = at;

    *depth = 0;
    while (at != 0) {
        const struct cap *cap = cap_at(k, at);
        uint32_t next = cap->up;
        if (level > *depth) {
            *depth = level;
            found = at;
        }
        if (from == cap->up && cap->left != 0)
            next = cap->left;
        else if (from != cap->right && cap->right != 0)
            next = cap->right;
        level = next == cap->up ? level - 1 : level + 1;
        from = at;
        at = next;
    }
    return found;
}

static uint32_t height(const struct rescind_kernel *k, uint32_t table)
{
    uint32_t depth;

    deepest(k, table, &depth);
    return depth;
}

/* ---- Stack -------------------------------------------------------------------------------- */

static void revoking_a_chain_of_a_million_takes_the_stack_of_one_of_ten(void **state)
{
    struct profile small = profile(PROFILE_CHAIN, PROFILE_SEQ, 10, 1);
    struct profile middle = profile(PROFILE_CHAIN, PROFILE_SEQ, 1000, 1);
    struct profile large = profile(PROFILE_CHAIN, PROFILE_SEQ, 1000000, 1);

    (void)state;
    assert_int_equal(large.stack_bytes, middle.stack_bytes);
    assert_int_equal(large.stack_bytes, small.stack_bytes);
    assert_true(small.idle_stack_bytes > 0);
    if (!SANITIZED) /* whose frames have red zones around every variable */
        assert_true(large.stack_bytes < large.idle_stack_bytes + 1024);
}

static void the_stack_is_the_same_for_every_shape(void **state)
{
    uint64_t chain = profile(PROFILE_CHAIN, PROFILE_SHUFFLED, 1000, 1).stack_bytes;

    (void)state;
    for (enum profile_shape shape = PROFILE_STAR; shape <= PROFILE_RANDOM; shape++)
        assert_int_equal(profile(shape, PROFILE_SHUFFLED, 1000, 1).stack_bytes, chain);
}

/* ---- Memory ------------------------------------------------------------------------------- */

static void a_capability_is_one_cache_line(void **state)
{
    (void)state;
    assert_true(sizeof(struct cap) <= 64);
    assert_int_equal(POOL_NODE_SIZE, 64);
}

static void a_delegation_takes_64_bytes_and_nothing_else(void **state)
{
    struct rescind_kernel *k = kit_new(2, 64, 4, 1);
    size_t used;

    (void)state;
    assert_int_equal(rescind_kernel_boot_grant(k, 0, 2, 1), RESCIND_NO_ERROR);
    assert_int_equal(kit_call(k, 0, kit_creategate(GATE)), RESCIND_NO_ERROR);
    for (uint32_t i = 0; i < 10; i++) {
        used = rescind_kernel_used(k);
        assert_int_equal(kit_call(k, 0, kit_delegate(i % 2 == 0 ? 2 : 0, GATE, 20 + i, 1)),
                         RESCIND_NO_ERROR);
        assert_int_equal(rescind_kernel_used(k), used + 64);
    }
    kit_free(k);
    assert_int_equal(profile(PROFILE_RANDOM, PROFILE_SHUFFLED, 1000, 1).bytes_per_cap, 64);
}

/* Leaves not one node: all that VPE1 can take it takes. */
static void empty_the_pool(struct rescind_kernel *k, uint32_t vpe)
{
    uint32_t sel = 1000;

    while (kit_call(k, vpe, kit_delegate(0, RESCIND_SEL_MEM, sel, 1)) == RESCIND_NO_ERROR)
        sel++;
    assert_int_equal(pool_left(k), 0);
}

static void revoke_succeeds_with_an_empty_pool_and_takes_nothing(void **state)
{
    struct rescind_kernel *k = kit_new(3, 300, 1, 1);
    enum rescind_error error = RESCIND_INV_ARGS;

    (void)state;
    make_star(k, 50);
    empty_the_pool(k, 1);
    for (int own = 0; own <= 1; own++) {
        uint32_t used = pool_used(k), high = k->pool.high;
        kit_send(k, 0, kit_revoke(GATE, own == 0 ? 1 : 200, own));
        assert_true(pool_used(k) <= used);
        while (rescind_kernel_ready(k) >= 0) {
            used = pool_used(k);
            kit_work_first(k);
            assert_true(pool_used(k) <= used);
            assert_int_equal(k->pool.high, high);
        }
        assert_true(kit_reply(k, 0, &error));
        assert_int_equal(error, RESCIND_NO_ERROR);
        kit_audit(k);
        if (own == 0)
            empty_the_pool(k, 2);
    }
    assert_int_equal(kit_count(k, 0), 2);
    kit_free(k);
}

static void exit_succeeds_with_an_empty_pool_and_takes_nothing(void **state)
{
    struct rescind_kernel *k = kit_new(3, 300, 1, 1);

    (void)state;
    make_star(k, 50);
    empty_the_pool(k, 1);
    for (uint32_t vpe = 0; vpe < 3; vpe++) {
        uint32_t used = pool_used(k), high = k->pool.high;
        if (vpe == 1)
            rescind_kernel_end(k, vpe, 1);
        else
            kit_send(k, vpe, kit_exit(vpe));
        while (rescind_kernel_ready(k) >= 0) {
            assert_true(pool_used(k) <= used);
            used = pool_used(k);
            kit_work_first(k);
        }
        assert_int_equal(k->pool.high, high);
        assert_int_equal(rescind_kernel_vpe_state(k, vpe), RESCIND_VPE_ENDED);
        kit_audit(k);
        if (vpe == 0)
            empty_the_pool(k, 2);
    }
    assert_int_equal(pool_used(k), 0);
    kit_free(k);
}

/* What everybody can see, in the order of VPEs, tables and selectors. */
struct view {
    uint32_t used, count;
    struct rescind_kernel_cap caps[300];
};

static struct view look(const struct rescind_kernel *k)
{
    struct view view = {.used = pool_used(k)};

    for (uint32_t vpe = 0; vpe < k->vpe_count; vpe++) {
        for (uint32_t kind = 0; kind < RESCIND_TABLE_KINDS; kind++) {
            struct rescind_kernel_cap cap;
            for (uint64_t from = 0; rescind_kernel_find(k, vpe, kind, from, &cap);
                 from = cap.sel + 1ull) {
                assert_true(view.count < 300);
                view.caps[view.count++] = cap;
            }
        }
    }
    return view;
}

/* Whether two views show the same. Field by field: padding may hold anything. */
static bool is_same(const struct view *a, const struct view *b)
{
    bool same = a->used == b->used && a->count == b->count;

    for (uint32_t i = 0; same && i < a->count; i++) {
        const struct rescind_kernel_cap *x = &a->caps[i], *y = &b->caps[i];
        same = x->vpe == y->vpe && x->kind == y->kind && x->sel == y->sel && x->type == y->type &&
               x->has_parent == y->has_parent && x->parent_vpe == y->parent_vpe &&
               x->parent_kind == y->parent_kind && x->parent_sel == y->parent_sel;
    }
    return same;
}

/* The call is refused as long as any node it needs is missing, without a trace, and works as soon
 * as they are there. `ballast`: the next of VPE2's copies to be given back. */
static void fails_at_each_allocation(struct rescind_kernel *k, uint32_t vpe, struct message call,
                                     uint32_t needs, uint32_t *ballast)
{
    for (uint32_t missing = needs; missing > 0; missing--) {
        struct view before = look(k), after;
        assert_int_equal(pool_left(k), needs - missing);
        assert_int_equal(kit_call(k, vpe, call), RESCIND_OUT_OF_MEM);
        kit_audit(k);
        after = look(k);
        assert_true(is_same(&before, &after));
        assert_int_equal(kit_call(k, 2, kit_revoke((*ballast)++, 1, true)), RESCIND_NO_ERROR);
    }
    assert_int_equal(kit_call(k, vpe, call), RESCIND_NO_ERROR);
    kit_audit(k);
    assert_int_equal(pool_left(k), 0);
}

static void every_allocation_may_fail_and_leaves_no_trace(void **state)
{
    static const uint32_t works[] = {1, 2, 7, 1000};

    (void)state;
    for (size_t i = 0; i < sizeof(works) / sizeof(works[0]); i++) {
        struct rescind_kernel *k = kit_new(3, 220, works[i], 1);
        uint32_t ballast = 1000;
        assert_int_equal(rescind_kernel_boot_grant(k, 0, 2, 1), RESCIND_NO_ERROR);
        assert_int_equal(rescind_kernel_boot_grant(k, 1, 2, 0), RESCIND_NO_ERROR);
        empty_the_pool(k, 2);
        for (uint32_t sel = 10; sel < 15; sel++)
            fails_at_each_allocation(k, 0, kit_creategate(sel), 2, &ballast);
        fails_at_each_allocation(k, 0, kit_delegate(2, 12, 20, 1), 1, &ballast);
        fails_at_each_allocation(k, 0, kit_delegate(2, 10, 30, 5), 5, &ballast);
        fails_at_each_allocation(k, 1, kit_obtain(2, 40, 10, 5), 5, &ballast);
        fails_at_each_allocation(k, 1, kit_delegate(2, 30, 50, 5), 5, &ballast);
        fails_at_each_allocation(k, 0, kit_delegate(0, 0, 60, 3), 3, &ballast);
        fails_at_each_allocation(k, 0, kit_obtain(0, 70, 50, 5), 5, &ballast);
        assert_int_equal(kit_call(k, 0, kit_revoke(2, 1000, true)), RESCIND_NO_ERROR);
        assert_int_equal(kit_count(k, 0), 2);
        kit_audit(k);
        kit_free(k);
    }
}

/* ---- Depth -------------------------------------------------------------------------------- */

static void no_order_of_selectors_makes_a_table_deep(void **state)
{
    (void)state;
    for (enum profile_selectors order = PROFILE_SEQ; order <= PROFILE_ATTACK; order++) {
        for (uint64_t seed = 1; seed <= 3; seed++) {
            uint32_t depth = profile(PROFILE_STAR, order, MANY, seed).treap_depth;
            assert_in_range(depth, 17, DEPTH_MAX);
        }
    }
}

/* Selectors from the upper end down, and from both ends towards the middle. */
static void descending_and_closing_orders_do_not_make_a_table_deep(void **state)
{
    (void)state;
    for (int closing = 0; closing <= 1; closing++) {
        struct rescind_kernel *k = kit_new(1, MANY + 16, 0, 5);
        assert_int_equal(kit_call(k, 0, kit_creategate(GATE)), RESCIND_NO_ERROR);
        for (uint32_t i = 0; i < MANY; i++) {
            uint32_t sel = closing && i % 2 ? COPIES + i : UINT32_MAX - i;
            assert_int_equal(kit_call(k, 0, kit_delegate(0, GATE, sel, 1)), RESCIND_NO_ERROR);
        }
        assert_in_range(height(k, 0), 17, DEPTH_MAX);
        kit_free(k);
    }
}

/* A free selector next to that of `index`, as far from both neighbours as can be; 0: none. The
 * adversary looks at the tree's shape, never at a priority. */
static uint32_t selector_beside(const struct rescind_kernel *k, uint32_t index, bool above)
{
    uint64_t sel = cap_at(k, index)->sel, low = sel, high = sel;
    uint32_t at = index;

    if (above) {
        uint32_t next = table_find_from(k, 0, sel + 1);
        high = next != 0 ? cap_at(k, next)->sel : TABLE_END;
    } else {
        uint32_t below = cap_at(k, index)->left;
        for (; below != 0; below = cap_at(k, below)->right)
            at = below;
        for (; at == index || cap_at(k, at)->sel > sel; at = cap_at(k, at)->up) {
            if (cap_at(k, at)->up == 0)
                return 0;
        }
        low = cap_at(k, at)->sel;
    }
    return high - low > 1 ? (uint32_t)(low + (high - low) / 2) : 0;
}

/* Whoever sees the tree puts each selector beside the deepest node he knows of; every so often he
 * looks for a deeper one. */
static uint32_t depth_by_an_adversary(uint64_t seed)
{
    struct rescind_kernel *k = kit_new(1, MANY + 16, 0, seed);
    uint32_t target = 0, depth = 0, worst;
    struct random side;

    random_init(&side, seed);
    assert_int_equal(kit_call(k, 0, kit_creategate(0x80000000)), RESCIND_NO_ERROR);
    for (uint32_t i = 0; i < MANY; i++) {
        uint32_t sel = 0, tries = 0;
        if (i % 512 == 0)
            target = deepest(k, 0, &depth);
        while (sel == 0) {
            bool above = random_next(&side) & 1;
            sel = selector_beside(k, target, above);
            if (sel == 0)
                sel = selector_beside(k, target, !above);
            if (sel == 0) /* no room left there: somewhere else, as deep as it comes */
                target = table_find_from(k, 0, random_next(&side) % 0x80000000);
            assert_true(tries++ < 1000);
        }
        assert_int_equal(kit_call(k, 0, kit_delegate(0, 0x80000000, sel, 1)), RESCIND_NO_ERROR);
        uint32_t fresh = kit_at(k, 0, sel), now = depth_of(k, fresh);
        if (now >= depth_of(k, target))
            target = fresh;
        depth = now > depth ? now : depth;
    }
    worst = height(k, 0);
    kit_free(k);
    return depth > worst ? depth : worst;
}

static void who_sees_the_tree_but_not_the_secret_does_not_make_it_deep(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 3; seed++)
        assert_in_range(depth_by_an_adversary(seed), 17, DEPTH_MAX);
}

/* ---- Work --------------------------------------------------------------------------------- */

enum order { FORWARD, BACKWARD, SHUFFLED, ORDERS };

static void order_leaves(uint32_t *sel, uint32_t count, enum order order)
{
    struct random dice;

    random_init(&dice, 9);
    for (uint32_t i = 0; i < count; i++)
        sel[i] = COPIES + (order == BACKWARD ? count - 1 - i : i);
    for (uint32_t i = count - 1; order == SHUFFLED && i > 0; i--) {
        uint32_t j = random_next(&dice) % (i + 1), other = sel[i];
        sel[i] = sel[j];
        sel[j] = other;
    }
}

/* The most that revoking one leaf takes: events, capabilities touched, steps down the treap. */
struct cost {
    uint64_t events, work, steps;
};

static struct cost revoke_leaves(uint32_t count, enum order order)
{
    struct rescind_kernel *k = kit_new(1, count + 16, 1, 11);
    uint32_t *sel = malloc(count * sizeof(*sel));
    struct cost most = {0};

    make_star(k, count);
    order_leaves(sel, count, order);
    for (uint32_t i = 0; i < count; i++) {
        struct cost cost = {.events = 1, .steps = depth_of(k, kit_at(k, 0, sel[i]))};
        enum rescind_error error = RESCIND_INV_ARGS;
        kit_send(k, 0, kit_revoke(sel[i], 1, true));
        cost.work = k->worked;
        for (; rescind_kernel_ready(k) >= 0; cost.events++) {
            kit_work_first(k);
            cost.work += k->worked;
        }
        assert_true(kit_reply(k, 0, &error));
        assert_int_equal(error, RESCIND_NO_ERROR);
        most.events = MAX(most.events, cost.events);
        most.work = MAX(most.work, cost.work);
        most.steps = MAX(most.steps, cost.steps);
    }
    assert_int_equal(kit_count(k, 0), 3);
    assert_int_equal(cap_at(k, kit_at(k, 0, GATE))->child, 0);
    kit_audit(k);
    free(sel);
    kit_free(k);
    return most;
}

static void revoking_a_leaf_of_a_star_costs_the_same_however_many_leaves_there_are(void **state)
{
    (void)state;
    for (enum order order = FORWARD; order < ORDERS; order++) {
        struct cost small = revoke_leaves(100, order), large = revoke_leaves(MANY, order);
        assert_int_equal(large.events, small.events);
        assert_int_equal(large.work, small.work);
        assert_true(large.work <= 8);
        assert_true(large.steps <= DEPTH_MAX);
    }
}

static void revoking_all_selectors_there_are_costs_what_those_held_cost(void **state)
{
    struct rescind_kernel *k = kit_new(2, 64, 4, 1);
    uint64_t work;

    (void)state;
    assert_int_equal(kit_call(k, 0, kit_creategate(2)), RESCIND_NO_ERROR);
    assert_int_equal(kit_call(k, 0, kit_creategate(0x80000000)), RESCIND_NO_ERROR);
    assert_int_equal(kit_call(k, 0, kit_creategate(UINT32_MAX)), RESCIND_NO_ERROR);
    kit_send(k, 0, kit_revoke(2, 4294967294u, true));
    work = k->worked;
    for (int events = 1; rescind_kernel_ready(k) >= 0; events++) {
        kit_work_first(k);
        work += k->worked;
        assert_true(events < 6);
    }
    assert_true(work <= 40);
    assert_int_equal(kit_count(k, 0), 2);
    kit_audit(k);
    kit_free(k);
}

static void an_exchange_that_no_table_can_hold_is_refused_in_one_event(void **state)
{
    static const uint32_t counts[] = {4,          5,          1000,       0x10000,
                                      0x7fffffff, 0x80000000, 0xfffffffc, 0xfffffffd};
    struct rescind_kernel *k = kit_new(2, 64, 1, 1);

    (void)state;
    assert_int_equal(rescind_kernel_boot_grant(k, 0, 2, 1), RESCIND_NO_ERROR);
    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
        for (int obtain = 0; obtain <= 1; obtain++) {
            enum rescind_error error = RESCIND_NO_ERROR;
            k->worked = 0;
            kit_send(k, 0,
                     obtain ? kit_obtain(2, 3, 0, counts[i]) : kit_delegate(2, 0, 3, counts[i]));
            assert_true(kit_reply(k, 0, &error));
            assert_int_equal(error, RESCIND_INV_ARGS);
            assert_int_equal(k->worked, 0);
            kit_audit(k);
        }
    }
    kit_free(k);
}

/* No event of `call` touches more than the kernel's `work`; the whole takes at most `most`. */
static void assert_bounded(struct rescind_kernel *k, uint32_t vpe, struct message call,
                           uint64_t most)
{
    enum rescind_error error = RESCIND_INV_ARGS;
    uint64_t work, events = 1;

    kit_send(k, vpe, call);
    work = k->worked;
    for (; rescind_kernel_ready(k) >= 0; events++) {
        assert_true(k->worked <= k->work);
        kit_work_first(k);
        work += k->worked;
    }
    assert_true(k->worked <= k->work);
    assert_true(kit_reply(k, vpe, &error));
    assert_int_equal(error, RESCIND_NO_ERROR);
    assert_in_range(work, 1, most);
    assert_true(events <= work / k->work + 2);
}

static void no_event_touches_more_than_was_configured(void **state)
{
    (void)state;
    for (uint32_t work = 1; work <= 64; work += work < 8 ? 1 : 13) {
        struct rescind_kernel *k = kit_new(2, 1000, work, 1);
        assert_int_equal(rescind_kernel_boot_grant(k, 0, 2, 1), RESCIND_NO_ERROR);
        for (uint32_t i = 0; i < 50; i++)
            assert_int_equal(kit_call(k, 0, kit_creategate(GATE + i)), RESCIND_NO_ERROR);
        assert_bounded(k, 0, kit_delegate(2, GATE, 100, 50), 7 * 50 + 4);
        assert_bounded(k, 0, kit_obtain(2, 200, 100, 50), 7 * 50 + 4);
        assert_bounded(k, 0, kit_delegate(2, 200, 300, 50), 7 * 50 + 4);
        assert_bounded(k, 0, kit_revoke(200, 50, false), 14 * 100);
        assert_bounded(k, 0, kit_revoke(2, 4294967294u, true), 14 * 200);
        kit_audit(k);
        kit_free(k);
    }
}

/* While the call of VPE0 goes on, the NOOPs of VPE1 and VPE2 are answered between its events. */
static uint32_t noops_meanwhile(struct rescind_kernel *k, struct message call)
{
    uint32_t answered = 0;
    enum rescind_error error;

    kit_send(k, 0, call);
    while (rescind_kernel_ready(k) >= 0) {
        for (uint32_t vpe = 1; vpe <= 2; vpe++) {
            kit_send(k, vpe, kit_noop());
            assert_true(kit_reply(k, vpe, &error));
            assert_int_equal(error, RESCIND_NO_ERROR);
            answered++;
        }
        assert_false(kit_reply(k, 0, &error));
        kit_audit(k);
        kit_work_first(k);
    }
    assert_true(kit_reply(k, 0, &error));
    assert_int_equal(error, RESCIND_NO_ERROR);
    return answered;
}

static void others_are_answered_while_a_long_call_goes_on(void **state)
{
    enum { LONG = 200, WORK = 4 };
    struct rescind_kernel *k = kit_new(3, 2000, WORK, 1);

    (void)state;
    assert_int_equal(rescind_kernel_boot_grant(k, 0, 2, 1), RESCIND_NO_ERROR);
    for (uint32_t i = 0; i < LONG; i++)
        assert_int_equal(kit_call(k, 0, kit_creategate(GATE + i)), RESCIND_NO_ERROR);
    assert_true(noops_meanwhile(k, kit_delegate(2, GATE, 1000, LONG)) >= LONG / WORK);
    assert_true(noops_meanwhile(k, kit_obtain(2, 2000, 1000, LONG)) >= LONG / WORK);
    assert_true(noops_meanwhile(k, kit_revoke(2, 1000, true)) >= LONG / WORK);
    assert_int_equal(kit_count(k, 0), 2);
    assert_int_equal(kit_count(k, 1), 2);
    kit_free(k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(revoking_a_chain_of_a_million_takes_the_stack_of_one_of_ten),
        cmocka_unit_test(the_stack_is_the_same_for_every_shape),
        cmocka_unit_test(a_capability_is_one_cache_line),
        cmocka_unit_test(a_delegation_takes_64_bytes_and_nothing_else),
        cmocka_unit_test(revoke_succeeds_with_an_empty_pool_and_takes_nothing),
        cmocka_unit_test(exit_succeeds_with_an_empty_pool_and_takes_nothing),
        cmocka_unit_test(every_allocation_may_fail_and_leaves_no_trace),
        cmocka_unit_test(no_order_of_selectors_makes_a_table_deep),
        cmocka_unit_test(descending_and_closing_orders_do_not_make_a_table_deep),
        cmocka_unit_test(who_sees_the_tree_but_not_the_secret_does_not_make_it_deep),
        cmocka_unit_test(revoking_a_leaf_of_a_star_costs_the_same_however_many_leaves_there_are),
        cmocka_unit_test(revoking_all_selectors_there_are_costs_what_those_held_cost),
        cmocka_unit_test(an_exchange_that_no_table_can_hold_is_refused_in_one_event),
        cmocka_unit_test(no_event_touches_more_than_was_configured),
        cmocka_unit_test(others_are_answered_while_a_long_call_goes_on),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

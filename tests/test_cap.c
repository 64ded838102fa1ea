/* The data structures below the calls, each against a naive one: pool, secret generator, treap,
 * tables, derivation tree, lines of tasks, and the making of capabilities from them.
 *
 * Long random sequences, with everything checked at each step. The naive side is an array and a
 * loop; numbers come from a fixed seed, so a failure shows itself again.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/pages.h"
#include "base/task.h"
#include "cap/create.h"
#include "cap/peer.h"
#include "cap/table.h"
#include "cap/treap.h"
#include "cap/tree.h"
#include "dtu/ring.h"
#include "kernel/tree.h"
#include "object/gate.h"
#include "object/mem.h"
#include "object/vpe.h"
#include "syscall/call.h"
#include "syscall/serve.h"
#include "tests/calls.h"
#include "tests/kit.h"

/* As a walk does: the next child in the ring becomes the parent's first. */
static void turn(const struct rescind_kernel *k, struct cap *parent)
{
    parent->child = cap_at(k, parent->child)->next;
}

static struct random dice;

static uint32_t draw(uint32_t below)
{
    return random_next(&dice) % below;
}

static int new_kernel(void **state)
{
    random_init(&dice, 42);
    *state = kit_new(8, 2048, 4, 1);
    return 0;
}

static int free_kernel(void **state)
{
    kit_free(*state);
    return 0;
}

/* ---- Events that do nothing ---------------------------------------------------------------- */

/* Whether or not the kernel is to take it. */
static void say(struct rescind_kernel *k, uint32_t vpe, struct message message)
{
    assert_int_equal(rescind_kernel_send(k, vpe, message.bytes, message.size), RESCIND_NO_ERROR);
    rescind_kernel_message(k, vpe);
}

static void nothing_to_take_or_nobody_to_take_it_from_is_an_event_without_effect(void **state)
{
    struct rescind_kernel *k = *state;
    enum rescind_error error;

    rescind_kernel_message(k, 0); /* there is none */
    assert_false(kit_reply(k, 0, &error));
    for (int i = 0; i < RESCIND_RING_SLOTS - 1; i++)
        kit_send(k, 0, kit_noop());
    say(k, 0, kit_creategate(10)); /* its answer would have no room */
    assert_int_equal(kit_at(k, 0, 10), 0);
    assert_true(kit_reply(k, 0, &error));
    rescind_kernel_message(k, 0);
    assert_int_not_equal(kit_at(k, 0, 10), 0);
    kit_send(k, 1, kit_exit(0));
    kit_rest(k);
    assert_int_equal(rescind_kernel_vpe_state(k, 1), RESCIND_VPE_ENDED);
    rescind_kernel_message(k, 1); /* it says nothing any more */
    assert_int_equal(rescind_kernel_vpe_state(k, 1), RESCIND_VPE_ENDED);
    kit_audit(k);
}

/* Is there something that VPE0 is told, which no event since kit_call() has to do with? */
static bool has_old_output(struct rescind_kernel *k)
{
    struct rescind_kernel_output output;
    bool old = false;

    while ((output = rescind_kernel_take_output(k)).kind != RESCIND_OUTPUT_NOTHING)
        old |= output.kind == RESCIND_OUTPUT_REPLY && output.vpe == 0;
    return old;
}

static void what_nobody_takes_is_lost_with_the_next_event(void **state)
{
    struct rescind_kernel *k = *state;
    static const uint8_t nonsense[64];

    kit_call(k, 0, kit_noop());
    assert_true(has_old_output(k));
    kit_call(k, 0, kit_noop());
    rescind_kernel_end(k, 1, 0);
    assert_false(has_old_output(k));
    kit_call(k, 0, kit_noop());
    rescind_kernel_interrupt(k, 1);
    assert_false(has_old_output(k));
    kit_call(k, 0, kit_noop());
    rescind_kernel_message(k, 2);
    assert_false(has_old_output(k));
    kit_rest(k);
    kit_call(k, 0, kit_noop());
    rescind_kernel_hear(k, 0, nonsense, sizeof(nonsense));
    assert_false(has_old_output(k));
    kit_rest(k);
    kit_send(k, 0, kit_noop());
    rescind_kernel_end(k, 3, 0);
    kit_send(k, 0, kit_noop());
    kit_work_first(k);
    assert_false(has_old_output(k));
}

/* A range that reaches into one that is being revoked by no more than its last selector. */
static void nothing_is_copied_to_where_a_revocation_is_under_way(void **state)
{
    struct rescind_kernel *k = *state;
    enum rescind_error error;

    assert_int_equal(rescind_kernel_boot_grant(k, 0, 2, 1), RESCIND_NO_ERROR);
    for (uint32_t sel = 10; sel < 12; sel++)
        assert_int_equal(kit_call(k, 0, kit_creategate(sel)), RESCIND_NO_ERROR);
    for (uint32_t sel = 30; sel < 40; sel++)
        assert_int_equal(kit_call(k, 1, kit_creategate(sel)), RESCIND_NO_ERROR);
    kit_send(k, 1, kit_revoke(24, 1000, true));
    k->work = 64; /* enough for two at once */
    if (kit_reply(k, 1, &error))
        fail_msg("the revocation has ended at once");
    kit_send(k, 0, kit_delegate(2, 10, 23, 2));
    assert_int_equal(kit_at(k, 1, 23), 0);
    assert_int_equal(kit_at(k, 1, 24), 0);
    kit_rest(k);
    assert_int_equal(kit_at(k, 1, 30), 0);
    assert_int_not_equal(kit_at(k, 1, 23), 0);
    assert_int_not_equal(kit_at(k, 1, 24), 0);
    kit_audit(k);
}

/* Where a call wants to put something, what stands there goes. */
static void a_gate_is_made_when_its_place_is_free(void **state)
{
    struct rescind_kernel *k = *state;
    enum rescind_error error = RESCIND_INV_ARGS;

    assert_int_equal(rescind_kernel_boot_grant(k, 1, 2, 0), RESCIND_NO_ERROR);
    assert_int_equal(kit_call(k, 1, kit_creategate(10)), RESCIND_NO_ERROR);
    for (uint32_t sel = 30; sel < 60; sel++)
        assert_int_equal(kit_call(k, 1, kit_delegate(2, 10, sel, 1)), RESCIND_NO_ERROR);
    kit_send(k, 1, kit_revoke(10, 1, true));
    for (int i = 0; i < 3; i++)
        kit_work(k, 1);
    kit_send(k, 0, kit_creategate(30));
    assert_int_equal(rescind_kernel_vpe_state(k, 0), RESCIND_VPE_WAITING);
    kit_audit(k);
    kit_rest(k);
    assert_true(kit_reply(k, 0, &error));
    assert_int_equal(error, RESCIND_NO_ERROR);
    kit_audit(k);
}

/* What an EXCHANGE that has taken effect has still to settle is there like anything else. */
static void what_is_not_settled_yet_can_be_copied(void **state)
{
    enum { COUNT = 20, FROM = 60 };
    struct rescind_kernel *k = *state;

    assert_int_equal(rescind_kernel_boot_grant(k, 1, 2, 0), RESCIND_NO_ERROR);
    assert_int_equal(rescind_kernel_boot_grant(k, 0, 3, 2), RESCIND_NO_ERROR);
    for (uint32_t sel = 10; sel < 10 + COUNT; sel++)
        assert_int_equal(kit_call(k, 1, kit_creategate(sel)), RESCIND_NO_ERROR);
    kit_send(k, 1, kit_delegate(2, 10, 50, COUNT));
    while (!task_at(k, 1)->committed)
        kit_work(k, 1);
    assert_true(cap_at(k, kit_at(k, 0, FROM))->flags & CAP_RESERVED);
    assert_true(cap_at(k, kit_at(k, 0, FROM + 1))->flags & CAP_RESERVED);
    k->work = 64;
    kit_send(k, 0, kit_delegate(3, FROM, 80, 2));
    for (uint32_t i = 0; i < 2; i++) {
        assert_true(kit_holds(k, 2, 80 + i));
        assert_int_equal(cap_at(k, kit_at(k, 2, 80 + i))->parent, kit_at(k, 0, FROM + i));
    }
    kit_rest(k);
    kit_audit(k);
}

/* Many small trees fit into one event as well as a large one does. */
static void a_revocation_uses_up_its_events(void **state)
{
    enum { TREES = 12, WORK = 64, MOST = 6 };
    struct rescind_kernel *k = *state;
    enum rescind_error error;

    assert_int_equal(rescind_kernel_boot_grant(k, 0, 2, 1), RESCIND_NO_ERROR);
    for (uint32_t i = 0; i < TREES; i++) {
        assert_int_equal(kit_call(k, 0, kit_creategate(10 + i)), RESCIND_NO_ERROR);
        assert_int_equal(kit_call(k, 0, kit_delegate(2, 10 + i, 50 + i, 1)), RESCIND_NO_ERROR);
    }
    k->work = WORK;
    kit_send(k, 0, kit_revoke(10, TREES, true));
    assert_in_range(kit_rest(k), 1, MOST);
    assert_true(kit_reply(k, 0, &error));
    assert_int_equal(error, RESCIND_NO_ERROR);
}

/* Who receives gets as much of a message as there is, and as there is room for. */
static void a_message_is_received_as_far_as_there_is_room(void **state)
{
    struct rescind_kernel *k = *state;
    uint8_t got[16];

    for (size_t room = 4; room <= sizeof(got); room += 4) {
        size_t size = room < sizeof(uint64_t) ? room : sizeof(uint64_t);
        kit_send(k, 0, kit_noop());
        memset(got, 0xa5, sizeof(got));
        assert_true(rescind_kernel_receive(k, 0, got, room));
        for (size_t i = 0; i < sizeof(got); i++)
            assert_int_equal(got[i], i < size ? 0 : 0xa5);
    }
}

/* While a long EXCHANGE is under way, what it was named goes, and another is put there. */
static void a_long_exchange_ends_with_the_vpe_that_it_is_with_by_then(void **state)
{
    enum { COUNT = 20 };
    struct rescind_kernel *k = *state;
    enum rescind_error error = RESCIND_INV_ARGS;

    assert_int_equal(rescind_kernel_boot_grant(k, 2, 3, 0), RESCIND_NO_ERROR);
    assert_int_equal(rescind_kernel_boot_grant(k, 3, 3, 0), RESCIND_NO_ERROR);
    assert_int_equal(rescind_kernel_boot_grant(k, 3, 4, 1), RESCIND_NO_ERROR);
    assert_int_equal(kit_call(k, 3, kit_delegate(3, 4, 2, 1)), RESCIND_NO_ERROR);
    for (uint32_t sel = 10; sel < 10 + COUNT; sel++)
        assert_int_equal(kit_call(k, 0, kit_creategate(sel)), RESCIND_NO_ERROR);
    kit_send(k, 0, kit_delegate(2, 10, 50, COUNT));
    assert_int_not_equal(kit_at(k, 1, 50), 0);
    kit_send(k, 3, kit_revoke(4, 1, true));
    while (!kit_reply(k, 3, &error))
        kit_work(k, 3);
    assert_int_equal(error, RESCIND_NO_ERROR);
    kit_send(k, 2, kit_delegate(3, RESCIND_SEL_VPE, 2, 1));
    while (!kit_reply(k, 2, &error))
        kit_work(k, 2);
    assert_int_equal(error, RESCIND_NO_ERROR);
    kit_audit(k);
    kit_rest(k);
    assert_true(kit_reply(k, 0, &error));
    assert_int_equal(error, RESCIND_NO_ERROR);
    for (uint32_t sel = 50; sel < 50 + COUNT; sel++) {
        assert_int_equal(kit_at(k, 1, sel), 0);
        assert_true(kit_holds(k, 2, sel));
    }
    kit_audit(k);
}

/* A VPE whose ring of answers was as it should be when its call began, but is not when it ends. */
static void an_answer_without_a_place_is_not_written(void **state)
{
    struct rescind_kernel *k = *state;

    for (int i = 0; i < 2; i++) {
        uint32_t vpe = (uint32_t)i;
        struct rescind_ring *ring = rescind_kernel_reply_ring(k, vpe);
        uint8_t before[RING_BYTES];
        for (uint32_t sel = 10; sel < 30; sel++)
            assert_int_equal(kit_call(k, vpe, kit_creategate(sel)), RESCIND_NO_ERROR);
        kit_send(k, vpe, kit_revoke(10, 20, true));
        assert_int_equal(rescind_kernel_ready(k), vpe);
        if (i == 0)
            ring->head = (ring->tail + RESCIND_RING_SLOTS - 1) % RESCIND_RING_SLOTS;
        else
            ring->head = RESCIND_RING_SLOTS;
        memcpy(before, ring, RING_BYTES);
        kit_rest(k);
        assert_memory_equal(before, ring, RING_BYTES);
        assert_int_equal(kit_at(k, vpe, 10), 0);
    }
    kit_audit(k);
}

static void a_range_without_a_selector_locks_nothing(void **state)
{
    struct rescind_kernel *k = *state;

    table_lock(k, 0, 5, 5);
    assert_false(table_locks(k, 0, 0, UINT32_MAX));
    table_lock(k, 0, 5, 7);
    assert_true(table_locks(k, 0, 6, 6));
    assert_false(table_locks(k, 0, 7, 9));
    assert_false(table_locks(k, 0, 0, 4));
}

/* What is said of a line last is what holds, of each kind once. */
static void a_line_is_masked_or_unmasked_and_not_both(void **state)
{
    struct outbox *box = calloc(1, sizeof(*box));

    (void)state;
    outbox_line(box, RESCIND_OUTPUT_MASK, 3);
    outbox_line(box, RESCIND_OUTPUT_MASK, 4);
    outbox_line(box, RESCIND_OUTPUT_UNMASK, 3);
    assert_int_equal(box->count, 2);
    assert_int_equal(box->entries[0].code, 1u << 4);
    assert_int_equal(box->entries[1].code, 1u << 3);
    free(box);
}

/* ---- Pool --------------------------------------------------------------------------------- */

static void the_pool_gives_every_node_once_and_then_none(void **state)
{
    struct rescind_kernel *k = *state;
    uint32_t used = pool_used(k), first = k->pool.first, limit = k->pool.limit;
    bool *taken = calloc(limit, sizeof(*taken));

    for (uint32_t n = used; n < limit - first; n++) {
        assert_int_equal(pool_left(k), limit - first - n);
        uint32_t index = pool_take(k, RESCIND_CAP_GATE);
        assert_true(index >= first + used && index < limit && !taken[index]);
        assert_int_equal(((struct pool_node *)pool_node(k, index))->type, RESCIND_CAP_GATE);
        taken[index] = true;
    }
    assert_int_equal(pool_left(k), 0);
    assert_int_equal(pool_take(k, RESCIND_CAP_GATE), 0);
    assert_int_equal(pool_used(k), limit - first);
    free(taken);
}

static void a_node_given_back_is_taken_again_before_a_fresh_one(void **state)
{
    struct rescind_kernel *k = *state;
    uint32_t a = pool_take(k, 1), b = pool_take(k, 1), high = k->pool.high;

    pool_give(k, a);
    pool_give(k, b);
    assert_int_equal(((struct pool_node *)pool_node(k, a))->type, 0);
    assert_int_equal(pool_take(k, 2), b);
    assert_int_equal(pool_take(k, 2), a);
    assert_int_equal(k->pool.high, high);
    assert_int_equal(pool_take(k, 2), high);
}

static void the_pool_survives_any_order_of_taking_and_giving(void **state)
{
    struct rescind_kernel *k = *state;
    uint32_t held[2048], count = 0, base = pool_used(k);

    for (int step = 0; step < 100000; step++) {
        if (count == 0 || (draw(2) && pool_left(k) > 0)) {
            uint32_t index = pool_take(k, 1);
            for (uint32_t i = 0; step % 64 == 0 && i < count; i++)
                assert_int_not_equal(held[i], index);
            assert_int_not_equal(index, 0);
            held[count++] = index;
        } else {
            uint32_t i = draw(count);
            pool_give(k, held[i]);
            held[i] = held[--count];
        }
        assert_int_equal(pool_used(k), base + count);
        assert_int_equal(pool_left(k), k->pool.limit - k->pool.first - pool_used(k));
    }
}

static void nodes_are_cache_lines(void **state)
{
    struct rescind_kernel *k = *state;

    assert_int_equal((uintptr_t)pool_node(k, 1) % 64, 0);
    assert_int_equal((char *)pool_node(k, 2) - (char *)pool_node(k, 1), 64);
}

/* ---- The secret generator ----------------------------------------------------------------- */

static void one_seed_gives_one_sequence_and_another_seed_another(void **state)
{
    struct random a, b, c;
    int equal = 0;

    (void)state;
    random_init(&a, 7);
    random_init(&b, 7);
    random_init(&c, 8);
    for (int i = 0; i < 1000; i++) {
        uint32_t x = random_next(&a);
        assert_int_equal(x, random_next(&b));
        equal += x == random_next(&c);
    }
    assert_true(equal < 3);
}

static void no_seed_makes_the_generator_stand_still_and_its_bits_are_even(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 200; seed++) {
        struct random r;
        int ones[32] = {0};
        random_init(&r, seed == 0 ? 0 : seed == 1 ? UINT64_MAX : seed * 0x9e3779b97f4a7c15u);
        for (int i = 0; i < 1000; i++) {
            uint32_t x = random_next(&r);
            for (int bit = 0; bit < 32; bit++)
                ones[bit] += x >> bit & 1;
        }
        for (int bit = 0; bit < 32; bit++)
            assert_in_range(ones[bit], 400, 600);
    }
}

/* ---- Treap -------------------------------------------------------------------------------- */

/* The naive table: nodes by ascending selector. */
struct sorted {
    uint32_t count;
    struct {
        uint32_t sel, node;
    } at[1024];
};

static uint32_t sorted_place(const struct sorted *s, uint64_t from)
{
    uint32_t i = 0;

    while (i < s->count && s->at[i].sel < from)
        i++;
    return i;
}

static uint32_t sorted_find_from(const struct sorted *s, uint64_t from)
{
    uint32_t i = sorted_place(s, from);

    return i < s->count ? s->at[i].node : 0;
}

static uint32_t sorted_find(const struct sorted *s, uint32_t sel)
{
    uint32_t i = sorted_place(s, sel);

    return i < s->count && s->at[i].sel == sel ? s->at[i].node : 0;
}

static void sorted_insert(struct sorted *s, uint32_t sel, uint32_t node)
{
    uint32_t i = sorted_place(s, sel);

    memmove(&s->at[i + 1], &s->at[i], (s->count - i) * sizeof(s->at[0]));
    s->at[i].sel = sel;
    s->at[i].node = node;
    s->count++;
}

static void sorted_remove(struct sorted *s, uint32_t i)
{
    s->count--;
    memmove(&s->at[i], &s->at[i + 1], (s->count - i) * sizeof(s->at[0]));
}

/* The treap holds exactly the array, in its order, each link in both directions, as a heap. */
static void assert_treap_is(const struct rescind_kernel *k, uint32_t root, const struct sorted *s)
{
    uint32_t at = root, count = 0;

    assert_true((root == 0) == (s->count == 0));
    if (root == 0)
        return;
    assert_int_equal(cap_at(k, root)->up, 0);
    while (cap_at(k, at)->left != 0)
        at = cap_at(k, at)->left;
    while (at != 0) {
        const struct cap *cap = cap_at(k, at);
        assert_true(count < s->count);
        assert_int_equal(at, s->at[count].node);
        assert_int_equal(cap->sel, s->at[count].sel);
        count++;
        if (cap->left != 0) {
            assert_int_equal(cap_at(k, cap->left)->up, at);
            assert_true(cap_at(k, cap->left)->priority >= cap->priority);
        }
        uint32_t next = cap->right;
        if (next != 0) {
            assert_int_equal(cap_at(k, next)->up, at);
            assert_true(cap_at(k, next)->priority >= cap->priority);
            while (cap_at(k, next)->left != 0)
                next = cap_at(k, next)->left;
        } else {
            uint32_t from = at;
            next = cap->up;
            while (next != 0 && cap_at(k, next)->right == from) {
                from = next;
                next = cap_at(k, next)->up;
            }
        }
        at = next;
    }
    assert_int_equal(count, s->count);
}

static uint32_t any_sel(uint32_t span)
{
    /* Also the ends of the range of selectors. */
    static const uint32_t ends[] = {0, 1, 2, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff};

    return draw(16) == 0 ? ends[draw(7)] : draw(span);
}

/* `priorities`: how many different ones are drawn; few of them make ties. */
static void treap_against_array(struct rescind_kernel *k, uint32_t span, uint32_t priorities,
                                int steps)
{
    struct sorted *s = calloc(1, sizeof(*s));
    uint32_t root = 0;

    for (int step = 0; step < steps; step++) {
        uint32_t sel = any_sel(span), have = sorted_find(s, sel);
        uint64_t from = draw(8) == 0 ? (uint64_t)1 << 32 : sel;
        struct treap_place place;
        assert_int_equal(treap_find_place(k, root, sel, &place), have);
        assert_int_equal(treap_find(k, root, sel), have);
        assert_int_equal(treap_find_from(k, root, from), sorted_find_from(s, from));
        if (have == 0 && s->count < 1000 && draw(5) < 3) {
            uint32_t node = pool_take(k, RESCIND_CAP_GATE);
            cap_at(k, node)->sel = sel;
            cap_at(k, node)->priority = draw(priorities);
            treap_insert(k, &root, node, place);
            sorted_insert(s, sel, node);
        } else if (s->count > 0 && draw(5) < 3) {
            uint32_t i = draw(s->count), node = s->at[i].node;
            treap_remove(k, &root, node);
            sorted_remove(s, i);
            pool_give(k, node);
        }
        assert_treap_is(k, root, s);
    }
    while (s->count > 0) {
        treap_remove(k, &root, s->at[0].node);
        sorted_remove(s, 0);
        assert_treap_is(k, root, s);
    }
    free(s);
}

static void a_dense_treap_behaves_as_a_sorted_array(void **state)
{
    treap_against_array(*state, 60, UINT32_MAX, 20000);
}

static void a_sparse_treap_behaves_as_a_sorted_array(void **state)
{
    treap_against_array(*state, UINT32_MAX, UINT32_MAX, 5000);
}

static void a_treap_of_equal_priorities_behaves_as_a_sorted_array(void **state)
{
    treap_against_array(*state, 200, 1, 5000);
    treap_against_array(*state, 200, 3, 5000);
}

/* ---- Tables ------------------------------------------------------------------------------- */

static uint32_t make(struct rescind_kernel *k, uint32_t table, uint32_t sel, uint32_t parent,
                     uint32_t object)
{
    return cap_create_at(k, &(struct cap_spec){
                                .table = table,
                                .sel = sel,
                                .type = RESCIND_CAP_GATE,
                                .object = object,
                                .parent = parent,
                            });
}

static void tables_hold_what_is_put_into_them_and_nothing_of_each_other(void **state)
{
    struct rescind_kernel *k = *state;
    enum { VPES = 8, TABLES = VPES * TABLE_KINDS };
    struct sorted *s = calloc(TABLES, sizeof(*s));

    for (uint32_t vpe = 0; vpe < VPES; vpe++) {
        for (uint32_t sel = 0; sel < 2; sel++)
            sorted_insert(&s[table_of(vpe, 0)], sel, kit_at(k, vpe, sel));
    }
    for (int step = 0; step < 5000; step++) {
        uint32_t table = draw(TABLES), sel = 2 + draw(40), have = sorted_find(&s[table], sel);
        assert_int_equal(table_find(k, table, sel), have);
        assert_int_equal(table_find_from(k, table, sel), sorted_find_from(&s[table], sel));
        if (have == 0) {
            uint32_t index =
                make(k, table, sel, 0, gate_create(k, ACCOUNT_KERNEL, 0, 0, 0, 2, 0, 1));
            sorted_insert(&s[table], sel, index);
            assert_int_equal(cap_at(k, index)->table, table);
        } else {
            sorted_remove(&s[table], sorted_place(&s[table], sel));
            cap_destroy(k, have);
        }
        assert_int_equal(table_at(k, table)->count, s[table].count);
        if (step % 8 == 0)
            kit_audit(k);
    }
    free(s);
}

static void table_numbers_name_a_vpe_and_a_kind(void **state)
{
    (void)state;
    for (uint32_t table = 0; table < 100; table++) {
        assert_int_equal(table_of(table_vpe(table), table_kind(table)), table);
        assert_true(table_kind(table) < TABLE_KINDS);
    }
}

static void a_lock_covers_its_range_and_unlocking_wakes_who_waits_for_it(void **state)
{
    struct rescind_kernel *k = *state;
    struct table *t = table_at(k, 3);

    assert_false(table_is_locked(k, 3, 0));
    table_lock(k, 3, 10, 13);
    assert_false(table_is_locked(k, 3, 9));
    assert_true(table_is_locked(k, 3, 10));
    assert_true(table_is_locked(k, 3, 12));
    assert_false(table_is_locked(k, 3, 13));
    assert_false(table_is_locked(k, 2, 10));
    task_join(k, &t->lock_waiters, 5);
    task_join(k, &t->lock_waiters, 1);
    table_unlock(k, 3);
    assert_false(table_is_locked(k, 3, 10));
    assert_int_equal(t->lock_waiters, 0);
    assert_int_equal(rescind_kernel_ready(k), 5);
    assert_int_equal(rescind_kernel_ready_after(k, 5), 1);
    table_lock(k, 3, 2, TABLE_END);
    assert_true(table_is_locked(k, 3, UINT32_MAX));
    assert_false(table_is_locked(k, 3, 1));
}

/* ---- Derivation tree ---------------------------------------------------------------------- */

enum { FOREST = 300 };

/* The naive forest: each capability's parent, and the children in the order of their linking. */
struct forest {
    uint32_t count;
    uint32_t node[FOREST], parent[FOREST]; /* pool indices; parent 0: a root */
};

/* The ring of `parent` holds exactly the children the array knows, each linking back. */
static void assert_ring_is(const struct rescind_kernel *k, const struct forest *f, uint32_t parent)
{
    uint32_t expected = 0, seen = 0, first = cap_at(k, parent)->child;

    for (uint32_t i = 0; i < f->count; i++)
        expected += f->parent[i] == parent;
    assert_true((first == 0) == (expected == 0));
    for (uint32_t at = first; first != 0;) {
        const struct cap *cap = cap_at(k, at);
        assert_int_equal(cap->parent, parent);
        assert_int_equal(cap_at(k, cap->next)->prev, at);
        assert_int_equal(cap_at(k, cap->prev)->next, at);
        assert_true(++seen <= expected);
        at = cap->next;
        if (at == first)
            break;
    }
    assert_int_equal(seen, expected);
}

static void assert_forest_is(const struct rescind_kernel *k, const struct forest *f)
{
    for (uint32_t i = 0; i < f->count; i++) {
        const struct cap *cap = cap_at(k, f->node[i]);
        assert_int_equal(cap->parent, f->parent[i]);
        if (cap->parent == 0)
            assert_int_equal(cap->next, f->node[i]);
        assert_ring_is(k, f, f->node[i]);
    }
}

static void the_derivation_tree_behaves_as_an_array_of_parents(void **state)
{
    struct rescind_kernel *k = *state;
    struct forest *f = calloc(1, sizeof(*f));

    for (int step = 0; step < 6000; step++) {
        uint32_t i = f->count > 0 ? draw(f->count) : 0;
        if (f->count < FOREST && draw(5) < 3) {
            uint32_t parent = f->count > 0 && draw(8) != 0 ? f->node[i] : 0;
            uint32_t node = pool_take(k, RESCIND_CAP_GATE);
            tree_link(k, parent, node);
            f->node[f->count] = node;
            f->parent[f->count++] = parent;
        } else if (f->count > 0 && cap_at(k, f->node[i])->child == 0) {
            tree_unlink(k, f->node[i]);
            pool_give(k, f->node[i]);
            f->node[i] = f->node[--f->count];
            f->parent[i] = f->parent[f->count];
        } else if (f->count > 0) {
            uint32_t before = cap_at(k, f->node[i])->child;
            turn(k, cap_at(k, f->node[i]));
            assert_int_equal(cap_at(k, f->node[i])->child, cap_at(k, before)->next);
        }
        if (step % 16 == 0 || f->count < 20)
            assert_forest_is(k, f);
    }
    free(f);
}

static void a_new_child_is_the_last_of_its_parents_ring_and_turning_visits_each_once(void **state)
{
    struct rescind_kernel *k = *state;
    uint32_t parent = pool_take(k, RESCIND_CAP_GATE), child[5];

    tree_link(k, 0, parent);
    for (int i = 0; i < 5; i++) {
        child[i] = pool_take(k, RESCIND_CAP_GATE);
        tree_link(k, parent, child[i]);
    }
    for (int i = 0; i < 10; i++) {
        assert_int_equal(cap_at(k, parent)->child, child[i % 5]);
        turn(k, cap_at(k, parent));
    }
    tree_unlink(k, child[0]); /* the first */
    assert_int_equal(cap_at(k, parent)->child, child[1]);
    tree_unlink(k, child[4]); /* the last */
    assert_int_equal(cap_at(k, parent)->child, child[1]);
    tree_unlink(k, child[2]); /* one in between */
    assert_int_equal(cap_at(k, child[1])->next, child[3]);
    tree_unlink(k, child[1]);
    tree_unlink(k, child[3]);
    assert_int_equal(cap_at(k, parent)->child, 0);
}

/* Roots come first, and what is derived from a capability behind it and before the next one's. */
static void a_walk_meets_every_capability_once_below_its_parent(void **state)
{
    enum { DEEP = 32 };
    struct rescind_kernel *k = *state;
    struct rescind_kernel_cap cap;
    uint32_t path[DEEP], at = 0, depth = 0, met = 0, there = 0;

    for (uint32_t vpe = 0; vpe < 8; vpe++)
        assert_int_equal(rescind_kernel_boot_grant(k, vpe, 2, (vpe + 1) % 8), RESCIND_NO_ERROR);
    for (uint32_t vpe = 0; vpe < 8; vpe++)
        assert_int_equal(kit_call(k, vpe, kit_creategate(10)), RESCIND_NO_ERROR);
    for (uint32_t sel = 0; sel < 24; sel++)
        assert_int_equal(
            kit_call(k, sel % 8, kit_delegate(2, sel < 16 ? 10 : 19 + sel, 20 + sel, 1)),
            RESCIND_NO_ERROR);
    /* What an EXCHANGE has reserved is not shown. */
    for (uint32_t sel = 100; sel < 120; sel++)
        assert_int_equal(kit_call(k, 0, kit_creategate(sel)), RESCIND_NO_ERROR);
    kit_send(k, 0, kit_delegate(2, 100, 100, 20));
    assert_int_not_equal(kit_at(k, 1, 100), 0);
    for (uint32_t index = k->pool.first; index < k->pool.high; index++)
        there += cap_is_cap(cap_at(k, index)) && cap_is_there(k, cap_at(k, index));
    while (rescind_kernel_walk(k, &at, &depth, &cap)) {
        assert_in_range(depth, 0, DEEP - 1);
        assert_int_equal(cap_at(k, at)->parent, depth != 0 ? path[depth - 1] : 0);
        assert_int_equal(kit_at(k, cap.vpe, cap.sel), at);
        assert_int_equal(cap.has_parent, depth != 0);
        assert_int_equal(cap.parent_sel, depth != 0 ? cap_at(k, path[depth - 1])->sel : 0);
        path[depth] = at;
        met++;
    }
    assert_int_equal(at, 0);
    assert_int_equal(met, there);
}

static const char *name_of(void *context, uint32_t vpe)
{
    (void)context;
    return vpe == 0 ? "A" : "B";
}

static void append(void *context, const char *text, size_t size)
{
    strncat(context, text, size);
}

/* The trees of two VPEs, in whose tables a chain of copies goes to and fro: a line each, indented
 * by its depth, but no more than 32 times. */
static void a_tree_is_printed_as_a_line_a_capability(void **state)
{
    enum { DEPTH = 40, INDENT_MAX = 32, SIZE = 16384 };
    struct rescind_kernel *k = kit_new_with_memory(2, 192, 0, 1, 4 * RESCIND_PAGE);
    char *printed = calloc(1, SIZE), *wanted = calloc(1, SIZE), line[64];

    (void)state;
    assert_int_equal(rescind_kernel_boot_grant(k, 0, 2, 1), RESCIND_NO_ERROR);
    assert_int_equal(rescind_kernel_boot_grant(k, 1, 2, 0), RESCIND_NO_ERROR);
    assert_int_equal(kit_call(k, 0, kit_creategate(UINT32_MAX - 1)), RESCIND_NO_ERROR);
    for (uint32_t i = 0; i < DEPTH; i++)
        assert_int_equal(
            kit_call(k, i % 2, kit_delegate(2, i == 0 ? UINT32_MAX - 1 : 99 + i, 100 + i, 1)),
            RESCIND_NO_ERROR);
    assert_int_equal(
        kit_call(k, 1, say_createmap(RESCIND_SEL_VPE, RESCIND_SEL_MEM, 0, 1, RESCIND_MAP_FIRST)),
        RESCIND_NO_ERROR);
    strcat(wanted, "A:0 vpe\n `- B:2 vpe\nA:1 mem\nA:4294967294 gate\n");
    for (uint32_t i = 0; i < DEPTH; i++) {
        for (uint32_t n = 0; n < i && n < INDENT_MAX; n++)
            strcat(wanted, "    ");
        snprintf(line, sizeof(line), "%s%c:%u gate\n", i < INDENT_MAX ? " `- " : "", "BA"[i % 2],
                 (unsigned)(100 + i));
        strcat(wanted, line);
    }
    snprintf(line, sizeof(line), "B:0 vpe\n `- A:2 vpe\nB:1 mem\n `- B:map:%u map\n",
             (unsigned)RESCIND_MAP_FIRST);
    strcat(wanted, line);
    tree_print(k, name_of, printed, append);
    assert_string_equal(printed, wanted);
    free(printed);
    free(wanted);
    kit_free(k);
}

/* ---- Tasks -------------------------------------------------------------------------------- */

static void assert_line_is(const struct rescind_kernel *k, uint32_t line, const uint32_t *tasks,
                           uint32_t count)
{
    int32_t at = task_first(line);

    for (uint32_t i = 0; i < count; i++) {
        assert_int_equal(at, (int32_t)tasks[i]);
        at = task_after(k, line, (uint32_t)at);
    }
    assert_int_equal(at, -1);
}

static void tasks_stand_in_a_line_in_the_order_in_which_they_joined(void **state)
{
    struct rescind_kernel *k = *state;
    uint16_t line = 0;

    assert_line_is(k, line, NULL, 0);
    for (uint32_t i = 0; i < 8; i++)
        task_join(k, &line, 7 - i);
    assert_line_is(k, line, (uint32_t[]){7, 6, 5, 4, 3, 2, 1, 0}, 8);
    task_leave(k, &line, 7);
    task_leave(k, &line, 0);
    task_leave(k, &line, 4);
    assert_line_is(k, line, (uint32_t[]){6, 5, 3, 2, 1}, 5);
    task_join(k, &line, 4);
    assert_line_is(k, line, (uint32_t[]){6, 5, 3, 2, 1, 4}, 6);
    assert_int_equal(task_at(k, 7)->next, 0);
    assert_int_equal(task_at(k, 7)->prev, 0);
}

static void waking_appends_the_whole_line_in_its_order(void **state)
{
    struct rescind_kernel *k = *state;
    uint16_t a = 0, b = 0, nobody = 0;

    task_join(k, &a, 3);
    task_join(k, &a, 1);
    task_join(k, &b, 6);
    task_join(k, &b, 0);
    task_join(k, &b, 2);
    task_wake(k, &a);
    assert_int_equal(a, 0);
    assert_line_is(k, k->ready, (uint32_t[]){3, 1}, 2);
    task_wake(k, &nobody);
    task_wake(k, &b);
    assert_line_is(k, k->ready, (uint32_t[]){3, 1, 6, 0, 2}, 5);
    task_leave(k, &k->ready, 3);
    task_leave(k, &k->ready, 0);
    assert_line_is(k, k->ready, (uint32_t[]){1, 6, 2}, 3);
}

static void lines_behave_as_arrays(void **state)
{
    struct rescind_kernel *k = *state;
    uint16_t anchor[4] = {0}, *line[4] = {&anchor[0], &anchor[1], &anchor[2], &k->ready};
    uint32_t held[4][8], count[4] = {0}, stands[8];

    memset(stands, 0xff, sizeof(stands));
    for (int step = 0; step < 20000; step++) {
        uint32_t task = draw(8), l = draw(4), in = stands[task];
        if (draw(16) == 0 && l < 3) {
            task_wake(k, line[l]);
            for (uint32_t i = 0; i < count[l]; i++) {
                stands[held[l][i]] = 3;
                held[3][count[3]++] = held[l][i];
            }
            count[l] = 0;
        } else if (in == UINT32_MAX) {
            task_join(k, line[l], task);
            held[l][count[l]++] = task;
            stands[task] = l;
        } else {
            uint32_t i = 0;
            task_leave(k, line[in], task);
            while (held[in][i] != task)
                i++;
            count[in]--;
            memmove(&held[in][i], &held[in][i + 1], (count[in] - i) * sizeof(uint32_t));
            stands[task] = UINT32_MAX;
        }
        for (l = 0; l < 4; l++)
            assert_line_is(k, *line[l], held[l], count[l]);
    }
}

/* ---- Capabilities and objects ------------------------------------------------------------- */

static void a_capability_is_made_whole(void **state)
{
    struct rescind_kernel *k = *state;
    uint32_t gate = gate_create(k, ACCOUNT_KERNEL, 0, 3, 0, 4, 0xDEAD, 16);
    uint32_t root = make(k, table_of(2, 0), 77, 0, gate);
    uint32_t copy = make(k, table_of(5, 0), 78, root, gate);
    const struct gate *g = pool_node(k, gate);

    assert_int_equal(g->vpe, 3);
    assert_int_equal(g->ep, 4);
    assert_int_equal(g->label, 0xDEAD);
    assert_int_equal(g->credits, 16);
    assert_int_equal(g->object.refs, 1); /* the root's: the copy goes before it */
    assert_int_equal(kit_at(k, 2, 77), root);
    assert_int_equal(cap_at(k, copy)->parent, root);
    assert_true(cap_key(k, cap_at(k, copy)) == RESCIND_KEY(0, 5, RESCIND_CAP_GATE, 78));
    assert_true(cap_is_there(k, cap_at(k, copy)));
    kit_audit(k);
}

static void the_last_capability_takes_its_object_with_it_and_none_before(void **state)
{
    struct rescind_kernel *k = *state;
    uint32_t used = pool_used(k), mem = mem_create(k, ACCOUNT_KERNEL, k->pe, 0x1000, 0x2000);
    struct cap_spec spec = {.table = 0, .type = RESCIND_CAP_MEM, .object = mem};
    uint32_t index[3];

    for (uint32_t i = 0; i < 3; i++) {
        spec.sel = 10 + i;
        index[i] = cap_create_at(k, &spec);
        spec.parent = index[0];
    }
    assert_int_equal(pool_used(k), used + 4);
    cap_destroy(k, index[2]);
    cap_destroy(k, index[1]);
    assert_int_equal(pool_used(k), used + 2);
    kit_audit(k);
    cap_destroy(k, index[0]);
    assert_int_equal(pool_used(k), used);
    kit_audit(k);
}

static void making_a_capability_fails_cleanly_when_the_pool_is_empty(void **state)
{
    struct rescind_kernel *k = *state;
    uint32_t gate = gate_create(k, ACCOUNT_KERNEL, 0, 0, 0, 2, 0, 1),
             root = make(k, 0, 10, 0, gate), sel = 11;

    while (pool_left(k) > 0)
        assert_int_not_equal(make(k, 0, sel++, root, gate), 0);
    struct rescind_kernel before = *k;
    struct cap above = *cap_at(k, root);
    assert_int_equal(make(k, 0, sel, root, gate), 0);
    assert_int_equal(gate_create(k, ACCOUNT_KERNEL, 0, 0, 0, 2, 0, 1), 0);
    assert_int_equal(mem_create(k, ACCOUNT_KERNEL, k->pe, 0, 1), 0);
    assert_memory_equal(&before, k, sizeof(before));
    assert_memory_equal(&above, cap_at(k, root), sizeof(above));
    assert_int_equal(kit_at(k, 0, sel), 0);
    kit_audit(k);
    cap_destroy(k, kit_at(k, 0, 11));
    assert_int_not_equal(make(k, 0, sel, root, gate), 0);
    kit_audit(k);
}

static void destroying_a_capability_wakes_who_waits_for_it(void **state)
{
    struct rescind_kernel *k = *state;
    uint32_t index = make(k, 0, 10, 0, gate_create(k, ACCOUNT_KERNEL, 0, 0, 0, 2, 0, 1));

    task_join(k, cap_line(cap_at(k, index)), 4);
    cap_destroy(k, index);
    assert_int_equal(rescind_kernel_ready(k), 4);
}

static void a_reserved_capability_is_there_once_its_exchange_has_committed(void **state)
{
    struct rescind_kernel *k = *state;
    struct cap_spec spec = {.table = 0,
                            .sel = 10,
                            .type = RESCIND_CAP_GATE,
                            .flags = CAP_RESERVED,
                            .reserver = 6,
                            .object = gate_create(k, ACCOUNT_KERNEL, 0, 0, 0, 2, 0, 1)};
    const struct cap *cap = cap_at(k, cap_create_at(k, &spec));

    assert_false(cap_is_there(k, cap));
    assert_false(kit_holds(k, 0, 10));
    task_at(k, 5)->committed = true;
    assert_false(cap_is_there(k, cap));
    task_at(k, 6)->committed = true;
    assert_true(cap_is_there(k, cap));
    assert_true(kit_holds(k, 0, 10));
}

static void booting_a_vpe_fails_cleanly_without_a_place_or_memory_for_it(void **state)
{
    struct rescind_kernel *k = *state, *small;

    assert_int_equal(vpe_boot(k, 0, 1), RESCIND_NO_SPACE);
    kit_audit(k);
    small = kit_new(1, 6, 1, 1);
    assert_int_equal(pool_left(small), 2);
    assert_int_equal(rescind_kernel_boot_grant(small, 0, 1, 0), RESCIND_INV_ARGS);
    assert_int_equal(rescind_kernel_boot_grant(small, 0, 2, 0), RESCIND_NO_ERROR);
    assert_int_equal(rescind_kernel_boot_grant(small, 0, 3, 0), RESCIND_NO_ERROR);
    assert_int_equal(rescind_kernel_boot_grant(small, 0, 4, 0), RESCIND_OUT_OF_MEM);
    assert_int_equal(rescind_kernel_boot_grant(small, 1, 4, 0), RESCIND_INV_ARGS);
    assert_int_equal(rescind_kernel_boot_grant(small, 0, 4, 1), RESCIND_INV_ARGS);
    kit_audit(small);
    kit_free(small);
}

static void a_configuration_that_makes_no_sense_has_no_kernel(void **state)
{
    static const struct rescind_kernel_config bad[] = {
        {.vpes = RESCIND_VPE_MAX + 1, .nodes = 10},
        {.vpes = 1, .nodes = 0},
        {.vpes = 1, .nodes = (uint32_t)INT32_MAX + 1},
        {.vpes = 1, .nodes = 10, .pe = RESCIND_PE_MAX},
    };
    struct rescind_kernel_config good = {.vpes = 2, .nodes = 5};
    size_t size = rescind_kernel_size(&good);
    char *arena = aligned_alloc(4096, size / 4096 * 4096 + 8192);

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(rescind_kernel_size(&bad[i]), 0);
        assert_null(rescind_kernel_create(arena, SIZE_MAX, &bad[i]));
    }
    assert_null(rescind_kernel_create(arena, size - 1, &good));
    assert_null(rescind_kernel_create(arena + 64, size, &good));
    struct rescind_kernel *k = rescind_kernel_create(arena, size, &good);
    assert_ptr_equal(k, arena);
    assert_int_equal(rescind_kernel_boot_vpe(k, 0, 1), RESCIND_NO_ERROR);
    assert_int_equal(pool_left(k), 1);
    assert_int_equal(rescind_kernel_boot_vpe(k, 0, 1), RESCIND_OUT_OF_MEM);
    assert_int_equal(pool_left(k), 1);
    kit_audit(k);
    free(arena);
}

static void the_largest_configurations_make_sense(void **state)
{
    static const struct rescind_kernel_config largest[] = {
        {.vpes = RESCIND_VPE_MAX, .nodes = 1},
        {.vpes = 1, .nodes = INT32_MAX},
        {.vpes = 1, .nodes = 1, .peers = RESCIND_PE_MAX, .pe = RESCIND_PE_MAX - 1},
        {.vpes = 1, .nodes = 1, .peers = 3, .pe = 2},
        {.vpes = 1, .nodes = 1, .pe = RESCIND_PE_MAX - 1},
        {.vpes = 1, .nodes = 1, .memory = PAGES_MAX * RESCIND_PAGE},
    };
    static const struct rescind_kernel_config beyond[] = {
        {.vpes = 1, .nodes = 1, .peers = RESCIND_PE_MAX + 1},
        {.vpes = 1, .nodes = 1, .peers = 3, .pe = 3},
        {.vpes = 1, .nodes = 1, .memory = RESCIND_PAGE + 1},
        {.vpes = 1, .nodes = 1, .memory = (PAGES_MAX + 1) * RESCIND_PAGE},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(largest) / sizeof(largest[0]); i++)
        assert_int_not_equal(rescind_kernel_size(&largest[i]), 0);
    for (size_t i = 0; i < sizeof(beyond) / sizeof(beyond[0]); i++)
        assert_int_equal(rescind_kernel_size(&beyond[i]), 0);
}

/* The parts lie one behind the other, each where lines or pages of it begin, and no closer and no
 * farther apart than that takes. */
static void check_parts(const struct rescind_kernel_config *config)
{
    size_t size = rescind_kernel_size(config), end = 0;
    void *arena = aligned_alloc(4096, (size + 4095) / 4096 * 4096);
    struct rescind_kernel *k = rescind_kernel_create(arena, size, config);
    const size_t vpes = config->vpes, peers = config->peers != 0 ? config->peers : 1;
    const struct {
        size_t begin, size, align;
    } parts[] = {
        {0, sizeof(*k), 64},
        {ARENA_TABLES, (vpes + 1) * TABLE_KINDS * sizeof(struct table), 64},
        {k->accounts, 2 * (vpes + 1) * sizeof(uint32_t), 64},
        {k->tasks, task_count(k) * sizeof(struct task), 64},
        {k->vpes, vpes * sizeof(struct vpe), 64},
        {k->calls, vpes * sizeof(struct call), 64},
        {k->peers, peers * sizeof(struct peer), 64},
        {k->served, peers * TASK_EXCHANGES * sizeof(struct served), 64},
        {k->page_bits, pages_room(config->memory / RESCIND_PAGE), 64},
        {k->buffers, vpes * CALL_BUFFER, 64},
        {k->letters, peers > 1 ? peers * RESCIND_PEER_LETTERS * RESCIND_DATA_MAX : 0, 1},
        {k->rings, vpes * 2 * VPE_RING_PAGE, VPE_RING_PAGE},
        {k->memory, config->memory, RESCIND_PAGE},
        {(k->pool.first - 1) * POOL_NODE_SIZE, config->nodes * POOL_NODE_SIZE, 64},
    };

    assert_non_null(k);
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        assert_int_equal(parts[i].begin % parts[i].align, 0);
        assert_in_range(parts[i].begin, end, end + parts[i].align - 1);
        end = parts[i].begin + parts[i].size;
    }
    assert_int_equal(size, end);
    assert_int_equal(k->pool.limit - k->pool.first, config->nodes - 1);
    assert_int_equal(pool_left(k), config->nodes - 1);
    free(arena);
}

static void the_parts_of_an_arena_do_not_overlap(void **state)
{
    (void)state;
    for (uint32_t vpes = 1; vpes <= 9; vpes++) {
        for (uint16_t peers = 0; peers <= 3; peers++) {
            check_parts(&(struct rescind_kernel_config){.vpes = vpes, .nodes = 7, .peers = peers});
            check_parts(&(struct rescind_kernel_config){
                .vpes = vpes, .nodes = 64, .peers = peers, .memory = 70 * RESCIND_PAGE});
        }
    }
}

static void what_a_boot_gives_is_there_to_be_given(void **state)
{
    struct rescind_kernel *k = *state;

    assert_int_equal(rescind_kernel_boot_irq(k, 0, 10, RESCIND_IRQ_LINES), RESCIND_INV_ARGS);
    assert_int_equal(rescind_kernel_boot_irq(k, 8, 10, 0), RESCIND_INV_ARGS);
    assert_int_equal(rescind_kernel_boot_ports(k, 0, 10, 0, 0), RESCIND_INV_ARGS);
    assert_int_equal(rescind_kernel_boot_ports(k, 0, 10, RESCIND_PORTS, 1), RESCIND_INV_ARGS);
    assert_int_equal(rescind_kernel_boot_ports(k, 0, 10, 1, RESCIND_PORTS), RESCIND_INV_ARGS);
    assert_int_equal(rescind_kernel_boot_quota(k, 8, 1), RESCIND_INV_ARGS);
    kit_audit(k);
    assert_int_equal(kit_at(k, 0, 10), 0);
    assert_int_equal(rescind_kernel_boot_irq(k, 0, 10, RESCIND_IRQ_LINES - 1), RESCIND_NO_ERROR);
    assert_int_equal(rescind_kernel_boot_ports(k, 7, 10, 0, RESCIND_PORTS), RESCIND_NO_ERROR);
    assert_int_equal(rescind_kernel_boot_ports(k, 7, 11, RESCIND_PORTS - 1, 1), RESCIND_NO_ERROR);
    assert_int_equal(rescind_kernel_boot_ports(k, 7, 11, 0, 1), RESCIND_INV_ARGS);
    assert_int_equal(rescind_kernel_boot_quota(k, 7, 1), RESCIND_NO_ERROR);
    kit_audit(k);
    while (pool_left(k) > 1)
        pool_take(k, OBJECT_GATE);
    assert_int_equal(rescind_kernel_boot_irq(k, 0, 12, 0), RESCIND_NO_ERROR);
    assert_int_equal(rescind_kernel_boot_irq(k, 0, 13, 0), RESCIND_OUT_OF_MEM);
    assert_int_equal(pool_left(k), 0);
}

/* Kernels that do not know of one another. */
static void nothing_is_granted_to_a_kernel_that_is_out_of_sight(void **state)
{
    enum { KERNELS = 2 };
    struct rescind_kernel *k[KERNELS];
    static const struct rescind_kernel_config configs[KERNELS] = {
        {.vpes = 1, .nodes = 20, .peers = 2, .pe = 0},
        {.vpes = 1, .nodes = 20, .peers = 3, .pe = 2},
    };

    (void)state;
    for (int i = 0; i < KERNELS; i++) {
        size_t size = rescind_kernel_size(&configs[i]);
        void *arena = aligned_alloc(4096, (size + 4095) / 4096 * 4096);
        k[i] = rescind_kernel_create(arena, size, &configs[i]);
        assert_non_null(k[i]);
        assert_int_equal(rescind_kernel_boot_vpe(k[i], 0, 1), RESCIND_NO_ERROR);
    }
    assert_int_equal(rescind_kernel_boot_grant_across(k[0], 0, 10, k[1], 0), RESCIND_INV_ARGS);
    assert_int_equal(rescind_kernel_boot_grant_across(k[1], 0, 10, k[0], 0), RESCIND_INV_ARGS);
    for (int i = 0; i < KERNELS; i++) {
        kit_audit(k[i]);
        free(k[i]);
    }
}

static void a_copy_of_the_arena_is_a_copy_of_the_kernel(void **state)
{
    struct rescind_kernel *k = *state;
    size_t size;
    void *copy;

    for (uint32_t i = 0; i < 50; i++)
        assert_int_equal(kit_call(k, i % 8, kit_creategate(10 + i)), RESCIND_NO_ERROR);
    size = rescind_kernel_used(k);
    copy = malloc(size);
    memcpy(copy, k, size);
    for (uint32_t vpe = 0; vpe < 8; vpe++)
        assert_int_equal(kit_call(k, vpe, kit_revoke(2, 1000, true)), RESCIND_NO_ERROR);
    assert_false(kit_holds(k, 0, 10));
    memcpy(k, copy, size);
    kit_audit(k);
    for (uint32_t i = 0; i < 50; i++)
        assert_true(kit_holds(k, i % 8, 10 + i));
    assert_int_equal(kit_call(k, 0, kit_revoke(10, 1, true)), RESCIND_NO_ERROR);
    free(copy);
}

#define KERNEL_TEST(f) cmocka_unit_test_setup_teardown(f, new_kernel, free_kernel)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            nothing_to_take_or_nobody_to_take_it_from_is_an_event_without_effect, new_kernel,
            free_kernel),
        cmocka_unit_test_setup_teardown(a_range_without_a_selector_locks_nothing, new_kernel,
                                        free_kernel),
        cmocka_unit_test(a_line_is_masked_or_unmasked_and_not_both),
        KERNEL_TEST(the_pool_gives_every_node_once_and_then_none),
        KERNEL_TEST(a_node_given_back_is_taken_again_before_a_fresh_one),
        KERNEL_TEST(the_pool_survives_any_order_of_taking_and_giving),
        KERNEL_TEST(nodes_are_cache_lines),
        cmocka_unit_test(one_seed_gives_one_sequence_and_another_seed_another),
        cmocka_unit_test(no_seed_makes_the_generator_stand_still_and_its_bits_are_even),
        KERNEL_TEST(a_dense_treap_behaves_as_a_sorted_array),
        KERNEL_TEST(a_sparse_treap_behaves_as_a_sorted_array),
        KERNEL_TEST(a_treap_of_equal_priorities_behaves_as_a_sorted_array),
        KERNEL_TEST(tables_hold_what_is_put_into_them_and_nothing_of_each_other),
        cmocka_unit_test(table_numbers_name_a_vpe_and_a_kind),
        KERNEL_TEST(a_lock_covers_its_range_and_unlocking_wakes_who_waits_for_it),
        KERNEL_TEST(the_derivation_tree_behaves_as_an_array_of_parents),
        KERNEL_TEST(a_walk_meets_every_capability_once_below_its_parent),
        cmocka_unit_test(a_tree_is_printed_as_a_line_a_capability),
        KERNEL_TEST(what_nobody_takes_is_lost_with_the_next_event),
        KERNEL_TEST(an_answer_without_a_place_is_not_written),
        KERNEL_TEST(a_message_is_received_as_far_as_there_is_room),
        KERNEL_TEST(a_revocation_uses_up_its_events),
        KERNEL_TEST(what_is_not_settled_yet_can_be_copied),
        KERNEL_TEST(a_gate_is_made_when_its_place_is_free),
        KERNEL_TEST(a_long_exchange_ends_with_the_vpe_that_it_is_with_by_then),
        KERNEL_TEST(nothing_is_copied_to_where_a_revocation_is_under_way),
        KERNEL_TEST(a_new_child_is_the_last_of_its_parents_ring_and_turning_visits_each_once),
        KERNEL_TEST(tasks_stand_in_a_line_in_the_order_in_which_they_joined),
        KERNEL_TEST(waking_appends_the_whole_line_in_its_order),
        KERNEL_TEST(lines_behave_as_arrays),
        KERNEL_TEST(a_capability_is_made_whole),
        KERNEL_TEST(the_last_capability_takes_its_object_with_it_and_none_before),
        KERNEL_TEST(making_a_capability_fails_cleanly_when_the_pool_is_empty),
        KERNEL_TEST(destroying_a_capability_wakes_who_waits_for_it),
        KERNEL_TEST(a_reserved_capability_is_there_once_its_exchange_has_committed),
        KERNEL_TEST(booting_a_vpe_fails_cleanly_without_a_place_or_memory_for_it),
        cmocka_unit_test(the_largest_configurations_make_sense),
        cmocka_unit_test(nothing_is_granted_to_a_kernel_that_is_out_of_sight),
        cmocka_unit_test(the_parts_of_an_arena_do_not_overlap),
        cmocka_unit_test_setup_teardown(what_a_boot_gives_is_there_to_be_given, new_kernel,
                                        free_kernel),
        cmocka_unit_test(a_configuration_that_makes_no_sense_has_no_kernel),
        KERNEL_TEST(a_copy_of_the_arena_is_a_copy_of_the_kernel),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

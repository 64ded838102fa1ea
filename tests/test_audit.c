/* The audit: each of its rows finds what it is there for.
 *
 * A sound kernel with something of everything in it is harmed in one way, and the audit must name
 * the row that this way breaks. The checks stand in an order in which each may rely on those
 * before it, so each harm is chosen to leave all earlier rows whole. A row that nobody harms here
 * fails the suite.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/pages.h"
#include "base/task.h"
#include "cap/create.h"
#include "cap/peer.h"
#include "cap/table.h"
#include "cap/tree.h"
#include "rescind/kernel.h"
#include "object/endpoint.h"
#include "object/gate.h"
#include "object/irq.h"
#include "object/note.h"
#include "object/service.h"
#include "object/visit.h"
#include "object/vpe.h"
#include "syscall/call.h"
#include "syscall/serve.h"
#include "tests/calls.h"
#include "tests/kit.h"
#include "tests/system.h"

/* VPE0 holds two gates at 10 and 11; 10 has copies at 20 and 21 of VPE1, of which 20 has one at
 * 30 of VPE0; 11 has one at 25 of VPE1. VPE0's memory has a copy at 22 of VPE1. VPE2 has ended,
 * VPE3 holds what it was given at boot. Some nodes have been given back. */
static int new_kernel(void **state)
{
    struct rescind_kernel *k = kit_new_with_memory(4, 200, 2, 3, 12 * RESCIND_PAGE);

    assert_int_equal(rescind_kernel_boot_grant(k, 0, 2, 1), RESCIND_NO_ERROR);
    assert_int_equal(rescind_kernel_boot_grant(k, 1, 2, 0), RESCIND_NO_ERROR);
    assert_int_equal(kit_call(k, 0, kit_creategate(10)), RESCIND_NO_ERROR);
    assert_int_equal(kit_call(k, 0, kit_creategate(11)), RESCIND_NO_ERROR);
    assert_int_equal(kit_call(k, 0, kit_delegate(2, 10, 20, 1)), RESCIND_NO_ERROR);
    assert_int_equal(kit_call(k, 0, kit_delegate(2, 10, 21, 1)), RESCIND_NO_ERROR);
    assert_int_equal(kit_call(k, 0, kit_delegate(2, 11, 25, 1)), RESCIND_NO_ERROR);
    assert_int_equal(kit_call(k, 0, kit_delegate(2, 1, 22, 1)), RESCIND_NO_ERROR);
    assert_int_equal(kit_call(k, 1, kit_delegate(2, 20, 30, 1)), RESCIND_NO_ERROR);
    for (uint32_t sel = 40; sel < 45; sel++)
        assert_int_equal(kit_call(k, 0, kit_creategate(sel)), RESCIND_NO_ERROR);
    assert_int_equal(kit_call(k, 0, kit_revoke(40, 5, true)), RESCIND_NO_ERROR);
    kit_send(k, 2, kit_exit(0));
    kit_rest(k);
    assert_int_equal(rescind_kernel_vpe_state(k, 2), RESCIND_VPE_ENDED);
    kit_audit(k);
    *state = k;
    return 0;
}

static int free_kernel(void **state)
{
    kit_free(*state);
    return 0;
}

static struct cap *at(struct rescind_kernel *k, uint32_t vpe, uint32_t sel)
{
    return cap_at(k, kit_at(k, vpe, sel));
}

static uint32_t table_root(struct rescind_kernel *k, uint32_t table)
{
    return table_at(k, table)->root;
}

/* ---- Ways to harm a kernel ---------------------------------------------------------------- */

static void one_node_too_many_is_counted(struct rescind_kernel *k)
{
    --*account_at(k, ACCOUNT_KERNEL);
}

static void the_free_list_loses_its_end(struct rescind_kernel *k)
{
    ((struct pool_node *)pool_node(k, k->pool.free))->next_free = 0;
}

static void the_free_list_leads_to_a_node_in_use(struct rescind_kernel *k)
{
    k->pool.free = kit_at(k, 0, 10);
}

static void the_free_list_leads_out_of_the_pool(struct rescind_kernel *k)
{
    k->pool.free = 0x7fffffff;
}

static void the_free_list_goes_round_in_a_circle(struct rescind_kernel *k)
{
    ((struct pool_node *)pool_node(k, k->pool.free))->next_free = k->pool.free;
}

static void a_node_has_a_type_that_nothing_has(struct rescind_kernel *k)
{
    at(k, 0, 10)->type = 3;
}

static void a_node_has_a_type_beyond_all_objects(struct rescind_kernel *k)
{
    at(k, 0, 10)->type = 0xff;
}

static void a_treap_neighbour_does_not_link_back(struct rescind_kernel *k)
{
    struct cap *cap = cap_at(k, table_root(k, 0));

    cap_at(k, cap->left != 0 ? cap->left : cap->right)->up = kit_at(k, 1, 0);
}

static void a_treap_link_leads_to_an_object(struct rescind_kernel *k)
{
    cap_at(k, table_root(k, 0))->left = at(k, 0, 10)->object;
}

static void a_treap_link_leads_out_of_the_pool(struct rescind_kernel *k)
{
    at(k, 0, 30)->right = 0x7fffffff;
}

static void a_table_forgets_its_root(struct rescind_kernel *k)
{
    table_at(k, 0)->root = 0;
}

static void a_capability_names_a_table_that_is_not_there(struct rescind_kernel *k)
{
    at(k, 0, 30)->table = 1000;
}

static void two_selectors_change_places(struct rescind_kernel *k)
{
    struct cap *a = at(k, 0, 10), *b = at(k, 0, 11);

    a->sel = 11;
    b->sel = 10;
}

static void one_selector_stands_twice(struct rescind_kernel *k)
{
    at(k, 0, 11)->sel = 10;
}

static void the_root_of_a_treap_has_the_largest_priority(struct rescind_kernel *k)
{
    cap_at(k, table_root(k, 0))->priority = UINT32_MAX;
}

static void a_table_counts_one_too_many(struct rescind_kernel *k)
{
    table_at(k, 0)->count++;
}

static void an_empty_table_counts_one(struct rescind_kernel *k)
{
    table_at(k, 1)->count = 1;
}

static void a_tables_newest_forgets_the_next_one(struct rescind_kernel *k)
{
    table_at(k, 0)->newest = kit_at(k, 0, 10);
    table_at(k, 0)->newest_free = UINT32_MAX;
}

static void a_table_shows_another_tables_treap(struct rescind_kernel *k)
{
    table_at(k, 1)->root = table_root(k, 0);
}

static void an_empty_table_has_a_wild_root(struct rescind_kernel *k)
{
    table_at(k, 1)->root = 0x7fffffff;
}

static void a_sibling_does_not_link_back(struct rescind_kernel *k)
{
    at(k, 1, 20)->next = kit_at(k, 1, 20);
}

static void a_root_stands_in_a_ring(struct rescind_kernel *k)
{
    uint32_t a = kit_at(k, 0, 10), b = kit_at(k, 0, 11);

    cap_at(k, a)->next = cap_at(k, a)->prev = b;
    cap_at(k, b)->next = cap_at(k, b)->prev = a;
}

static void a_ring_mixes_the_children_of_two(struct rescind_kernel *k)
{
    at(k, 1, 20)->parent = kit_at(k, 0, 11);
}

static void a_parent_has_gone(struct rescind_kernel *k)
{
    at(k, 1, 25)->parent = k->pool.free;
}

static void a_parent_knows_of_no_child(struct rescind_kernel *k)
{
    at(k, 0, 11)->child = 0;
}

static void a_capability_is_its_own_parent(struct rescind_kernel *k)
{
    uint32_t index = kit_at(k, 1, 25);

    cap_at(k, index)->parent = cap_at(k, index)->child = index;
}

static void a_parent_takes_anothers_child_for_its_own(struct rescind_kernel *k)
{
    at(k, 0, 11)->child = kit_at(k, 1, 21);
}

static void a_child_stands_in_a_ring_of_its_own(struct rescind_kernel *k)
{
    uint32_t a = kit_at(k, 1, 20), b = kit_at(k, 1, 21);

    cap_at(k, a)->next = cap_at(k, a)->prev = a;
    cap_at(k, b)->next = cap_at(k, b)->prev = b;
}

static void two_capabilities_are_each_others_parent(struct rescind_kernel *k)
{
    uint32_t a = kit_at(k, 1, 20), b = kit_at(k, 0, 30), other = kit_at(k, 1, 21);

    at(k, 0, 10)->child = other;
    cap_at(k, other)->next = cap_at(k, other)->prev = other;
    cap_at(k, a)->next = cap_at(k, a)->prev = a;
    cap_at(k, a)->parent = b;
    cap_at(k, b)->child = a;
}

static void a_copy_has_a_right_that_its_parent_lacks(struct rescind_kernel *k)
{
    at(k, 0, 1)->rights = RESCIND_PERM_R;
}

static void a_copy_names_another_object_than_its_parent(struct rescind_kernel *k)
{
    at(k, 1, 25)->object = at(k, 0, 10)->object;
}

static void a_copy_has_another_type_than_its_parent(struct rescind_kernel *k)
{
    at(k, 1, 25)->type = RESCIND_CAP_MEM;
}

static void an_object_counts_one_too_many(struct rescind_kernel *k)
{
    object_at(k, at(k, 0, 10)->object)->refs++;
}

static void an_object_counts_nobody(struct rescind_kernel *k)
{
    object_at(k, at(k, 0, 11)->object)->refs = 0;
}

static void a_vpe_capability_names_no_vpe(struct rescind_kernel *k)
{
    at(k, 3, 0)->object = 99;
}

static void a_capability_names_an_object_of_another_type(struct rescind_kernel *k)
{
    object_at(k, at(k, 3, 1)->object)->type = OBJECT_GATE;
}

static void a_live_vpe_lacks_selector_0(struct rescind_kernel *k)
{
    /* One node less of everything, done by the book: only its owner misses it. */
    cap_destroy(k, kit_at(k, 3, 0));
}

static void a_live_vpe_lacks_selector_1(struct rescind_kernel *k)
{
    at(k, 3, 1)->sel = 2;
}

static void an_ended_vpe_holds_something(struct rescind_kernel *k)
{
    vpe_at(k, 3)->ended = true;
}

static void an_ended_vpe_is_calling(struct rescind_kernel *k)
{
    vpe_at(k, 2)->calling = true;
}

static void an_ended_vpe_is_still_to_end(struct rescind_kernel *k)
{
    vpe_at(k, 2)->end_wanted = true;
}

static void a_child_of_a_marked_capability_is_not_marked(struct rescind_kernel *k)
{
    at(k, 0, 11)->flags = CAP_VISITED | CAP_MARKED;
}

static void a_child_of_a_marked_capability_is_not_counted_in(struct rescind_kernel *k)
{
    at(k, 0, 11)->flags = CAP_VISITED | CAP_MARKED;
    at(k, 1, 25)->flags = CAP_VISITED | CAP_MARKED;
}

static void a_capability_is_marked_without_a_visit(struct rescind_kernel *k)
{
    at(k, 1, 25)->flags = CAP_MARKED;
}

static void a_capability_is_counted_in_without_a_visit(struct rescind_kernel *k)
{
    at(k, 1, 25)->flags = CAP_SEEN;
}

static void a_sweep_has_entered_what_is_not_marked(struct rescind_kernel *k)
{
    at(k, 1, 25)->flags = CAP_VISITED | CAP_ENTERED;
}

/* VPE0, which is told when VPE0 of kernel 1 wants to know. */
static struct note *somebody_waits_for_an_end(struct rescind_kernel *k)
{
    vpe_watch(k, 0, 1, 0, 1);
    kit_audit(k);
    return note_at(k, peer_at(k, 1)->watching);
}

static void who_waits_for_an_end_is_another_kernels(struct rescind_kernel *k)
{
    somebody_waits_for_an_end(k)->pe = 2;
}

static void who_waits_for_an_end_does_not_link_back(struct rescind_kernel *k)
{
    somebody_waits_for_an_end(k)->prev_asker = 7;
}

static void the_end_of_a_vpe_that_is_not_there_is_waited_for(struct rescind_kernel *k)
{
    somebody_waits_for_an_end(k)->watched = (uint16_t)k->vpe_count;
}

static void who_waits_for_an_end_lies_out_of_the_pool(struct rescind_kernel *k)
{
    vpe_at(k, 0)->watchers = 0x7fffffff;
}

static void an_end_is_to_be_told_that_nobody_waits_for(struct rescind_kernel *k)
{
    k->vpe_watched = 2 + 1;
}

/* The first of all tables and VPEs is looked at like any other. */
static void end_the_first_vpe(struct rescind_kernel *k)
{
    kit_send(k, 0, kit_exit(0));
    kit_rest(k);
    assert_int_equal(rescind_kernel_vpe_state(k, 0), RESCIND_VPE_ENDED);
    kit_audit(k);
}

static void the_first_table_is_empty_and_has_a_wild_root(struct rescind_kernel *k)
{
    end_the_first_vpe(k);
    table_at(k, 0)->root = 0x7fffffff;
}

static void the_first_vpe_has_ended_and_calls(struct rescind_kernel *k)
{
    end_the_first_vpe(k);
    vpe_at(k, 0)->calling = true;
}

/* As an EXCHANGE would: what is reserved holds its parent. */
static void a_reservation_belongs_to_nobodys_call(struct rescind_kernel *k)
{
    at(k, 1, 25)->flags = CAP_RESERVED;
    at(k, 1, 25)->reserver = 1;
    at(k, 0, 11)->pending = 1;
}

static void a_reservation_belongs_to_a_vpe_that_is_not_there(struct rescind_kernel *k)
{
    at(k, 1, 25)->flags = CAP_RESERVED;
    at(k, 1, 25)->reserver = 77;
    at(k, 0, 11)->pending = 1;
}

/* VPE1 is in the middle of an EXCHANGE of 4 that has reserved 2. */
static void exchange_is_under_way(struct rescind_kernel *k)
{
    for (uint32_t sel = 50; sel < 54; sel++)
        assert_int_equal(kit_call(k, 1, kit_creategate(sel)), RESCIND_NO_ERROR);
    kit_send(k, 1, kit_delegate(2, 50, 60, 4));
    assert_true(at(k, 0, 60)->flags & CAP_RESERVED);
    kit_audit(k);
}

/* ---- Letters ------------------------------------------------------------------------------ */

static void a_slot_for_letters_is_nobodys(struct rescind_kernel *k)
{
    peer_at(k, 1)->letters_taken = 1;
}

static void a_letter_is_to_be_told_from_a_slot_that_is_free(struct rescind_kernel *k)
{
    peer_at(k, 1)->letters = 1;
    peer_talk(k, 1);
}

static void a_letter_without_a_call_has_a_slot(struct rescind_kernel *k)
{
    peer_at(k, 1)->letters_taken = 1;
    peer_at(k, 1)->letter_askers[0] = 0;
    call_at(k, 0)->letter = (struct letter){.state = LETTER_GRANTED, .peer = 1};
}

static void a_letter_has_a_slot_that_is_anothers(struct rescind_kernel *k)
{
    a_letter_without_a_call_has_a_slot(k);
    vpe_at(k, 0)->calling = true;
    peer_at(k, 1)->letter_askers[0] = 2;
}

static void a_note_is_nowhere(struct rescind_kernel *k)
{
    pool_take(k, OBJECT_NOTE);
}

static void a_vpe_that_runs_has_its_end_told(struct rescind_kernel *k)
{
    vpe_watch(k, 0, 1, 0, 1);
    k->vpe_watched = 1;
    task_join(k, &k->ready, task_of_peer(k, k->pe));
}

/* Marked is the one, but not the other: the instant of the effect came too early. */
static void a_sweep_has_something_unmarked_before_it(struct rescind_kernel *k)
{
    kit_send(k, 0, kit_revoke(10, 2, true));
    call_at(k, 0)->revoke.phase = REVOKE_SWEEP;
}

static void a_sweep_goes_on_behind_the_last_table(struct rescind_kernel *k)
{
    kit_send(k, 0, kit_revoke(10, 2, true));
    call_at(k, 0)->revoke.phase = REVOKE_SWEEP;
    call_at(k, 0)->revoke.table = call_at(k, 0)->revoke.last_table = table_of(k->vpe_count, 0);
}

static void a_reserved_copy_has_a_child_before_its_time(struct rescind_kernel *k)
{
    struct cap_spec spec = {.table = table_of(3, 0), .sel = 9, .type = RESCIND_CAP_GATE};

    exchange_is_under_way(k);
    spec.parent = kit_at(k, 0, 60);
    spec.object = cap_at(k, spec.parent)->object;
    cap_create_at(k, &spec);
}

static void a_reserved_copy_has_been_visited_before_its_time(struct rescind_kernel *k)
{
    exchange_is_under_way(k);
    at(k, 0, 60)->flags |= CAP_VISITED;
}

static void the_call_of_a_reservation_is_no_exchange(struct rescind_kernel *k)
{
    exchange_is_under_way(k);
    call_at(k, 1)->opcode = RESCIND_SYS_NOOP;
}

static void a_vpe_without_a_call_is_ready(struct rescind_kernel *k)
{
    task_join(k, &k->ready, 3);
}

static void a_vpe_without_a_call_waits_at_a_capability(struct rescind_kernel *k)
{
    task_join(k, cap_line(at(k, 0, 10)), 3);
}

static void a_line_names_a_vpe_that_is_not_there(struct rescind_kernel *k)
{
    k->ready = 1000;
}

static void a_task_in_a_line_does_not_link_back(struct rescind_kernel *k)
{
    exchange_is_under_way(k);
    task_at(k, 1)->prev = 1;
}

static void a_line_leads_out_of_all_tasks(struct rescind_kernel *k)
{
    exchange_is_under_way(k);
    task_at(k, 1)->next = 0x7fffffff;
}

static void a_call_under_way_stands_in_no_line(struct rescind_kernel *k)
{
    exchange_is_under_way(k);
    task_leave(k, &k->ready, 1);
}

static void a_call_stands_in_two_lines(struct rescind_kernel *k)
{
    exchange_is_under_way(k);
    *cap_line(at(k, 0, 10)) = k->ready;
}

static void a_range_is_locked_by_no_call(struct rescind_kernel *k)
{
    table_lock(k, 0, 5, 6);
}

static void a_range_is_locked_by_a_call_that_locks_nothing(struct rescind_kernel *k)
{
    exchange_is_under_way(k);
    table_lock(k, table_of(1, RESCIND_TABLE_OBJECT), 5, 6);
}

static void somebody_waits_for_a_range_that_is_not_locked(struct rescind_kernel *k)
{
    exchange_is_under_way(k);
    task_leave(k, &k->ready, 1);
    task_join(k, &table_at(k, 0)->lock_waiters, 1);
}

static void a_visit_is_left_over(struct rescind_kernel *k)
{
    at(k, 1, 25)->flags = CAP_VISITED;
}

static void a_marked_tree_is_left_over(struct rescind_kernel *k)
{
    at(k, 0, 11)->flags = CAP_VISITED | CAP_MARKED;
    at(k, 1, 25)->flags = CAP_VISITED | CAP_MARKED | CAP_SEEN;
}

/* ---- Ways to harm a revocation under way -------------------------------------------------- */

static void a_capability_waits_for_nothing(struct rescind_kernel *k)
{
    at(k, 0, 10)->pending = 1;
}

static void a_reserved_copy_does_not_hold_its_parent(struct rescind_kernel *k)
{
    exchange_is_under_way(k);
    at(k, 1, 50)->pending = 0;
    at(k, 0, 10)->pending = 1;
}

static void a_capability_is_queued_nowhere(struct rescind_kernel *k)
{
    at(k, 0, 11)->flags |= CAP_QUEUED;
}

static void a_task_without_a_call_has_a_stack(struct rescind_kernel *k)
{
    at(k, 0, 11)->flags |= CAP_QUEUED;
    task_at(k, 3)->stack = kit_at(k, 0, 11);
}

static void a_stack_holds_what_is_not_queued(struct rescind_kernel *k)
{
    exchange_is_under_way(k);
    task_at(k, 1)->stack = kit_at(k, 0, 11);
}

static void a_stack_leads_elsewhere_than_to_the_parent(struct rescind_kernel *k)
{
    exchange_is_under_way(k);
    kit_send(k, 0, kit_revoke(10, 2, true));
    assert_int_not_equal(task_at(k, 0)->stack, 0);
    at(k, 1, 25)->work = kit_at(k, 0, 10);
    at(k, 1, 25)->flags |= CAP_STACKED;
    at(k, 0, 10)->flags |= CAP_QUEUED;
    at(k, 0, 10)->work = 0;
    task_at(k, 0)->stack = kit_at(k, 1, 25);
}

static void a_stack_begins_at_an_object(struct rescind_kernel *k)
{
    exchange_is_under_way(k);
    task_at(k, 1)->stack = at(k, 0, 11)->object;
}

static void a_stack_leads_out_of_the_pool(struct rescind_kernel *k)
{
    a_stack_holds_what_is_not_queued(k);
    at(k, 0, 11)->flags |= CAP_QUEUED;
    at(k, 0, 11)->work = 0x7fffffff;
}

static void a_stack_goes_round_in_a_circle(struct rescind_kernel *k)
{
    a_stack_holds_what_is_not_queued(k);
    at(k, 0, 11)->flags |= CAP_QUEUED;
    at(k, 0, 11)->work = kit_at(k, 0, 11);
}

static void a_capability_stands_on_two_stacks(struct rescind_kernel *k)
{
    exchange_is_under_way(k);
    kit_send(k, 0, kit_revoke(10, 2, true));
    assert_int_not_equal(task_at(k, 0)->stack, 0);
    kit_audit(k);
    task_at(k, 1)->stack = task_at(k, 0)->stack;
}

static void a_queue_has_another_end(struct rescind_kernel *k)
{
    peer_queue(k, 0, kit_at(k, 0, 10));
    peer_queue(k, 0, kit_at(k, 0, 11));
    peer_at(k, 0)->last = kit_at(k, 0, 10);
}

static void a_queue_goes_round_in_a_circle(struct rescind_kernel *k)
{
    peer_queue(k, 0, kit_at(k, 0, 10));
    peer_queue(k, 0, kit_at(k, 0, 11));
    at(k, 0, 11)->work = kit_at(k, 0, 10);
}

static void a_queue_forgets_its_beginning(struct rescind_kernel *k)
{
    peer_queue(k, 0, kit_at(k, 0, 10));
    peer_at(k, 0)->first = peer_at(k, 0)->last = 0;
}

/* ---- Ways to harm what a kernel knows of others ------------------------------------------- */

/* Of the two kernels the first is harmed. Its VPE holds two gates at 10 and 11; 10 has a copy at 20
 * of the other kernel's VPE, of whose gate at 10 it has one at 30 itself. */
static struct system *new_system(void)
{
    struct system *s = system_new(3, 1, 200, 8);
    enum rescind_error error;

    for (unsigned pe = 0; pe < 2; pe++) {
        assert_int_equal(kit_call(s->k[pe], 0, kit_creategate(10)), RESCIND_NO_ERROR);
        assert_int_equal(kit_call(s->k[pe], 0, kit_creategate(11)), RESCIND_NO_ERROR);
        kit_send(s->k[pe], 0, kit_delegate(system_sel(s, 1 - pe, 0), 10, pe == 0 ? 20 : 30, 1));
        assert_true(system_rest(s));
        assert_true(kit_reply(s->k[pe], 0, &error));
        assert_int_equal(error, RESCIND_NO_ERROR);
    }
    assert_true(system_audit_rest(s, NULL));
    return s;
}

static struct cap *stub(struct rescind_kernel *k)
{
    struct cap *stub = cap_at(k, at(k, 0, 10)->child);

    assert_int_equal(stub->type, CAP_STUB);
    return stub;
}

static void set_key(struct cap *stub, uint64_t key)
{
    stub->key_low = (uint32_t)key;
    stub->key_high = (uint32_t)(key >> 32);
}

static void a_stub_has_its_child_on_this_very_kernel(struct rescind_kernel *k)
{
    stub(k)->peer = k->pe;
    set_key(stub(k), RESCIND_KEY(k->pe, 0, RESCIND_CAP_GATE, 20));
}

static void a_stub_has_its_child_on_no_kernel(struct rescind_kernel *k)
{
    stub(k)->peer = 9;
    set_key(stub(k), RESCIND_KEY(9, 0, RESCIND_CAP_GATE, 20));
}

static void a_stub_has_a_key_of_another_kernel(struct rescind_kernel *k)
{
    set_key(stub(k), RESCIND_KEY(2, 0, RESCIND_CAP_GATE, 20));
}

static void a_stub_has_a_key_of_another_type(struct rescind_kernel *k)
{
    set_key(stub(k), RESCIND_KEY(1, 0, RESCIND_CAP_MEM, 20));
}

static void a_stub_is_of_a_sender_below_a_gate(struct rescind_kernel *k)
{
    set_key(stub(k), RESCIND_KEY(1, 0, CAP_SENDER, 20));
}

static void a_stub_is_of_a_session_below_a_gate(struct rescind_kernel *k)
{
    set_key(stub(k), RESCIND_KEY(1, 0, RESCIND_CAP_SESSION, 20));
}

static void a_stub_counts_for_what_is_no_session(struct rescind_kernel *k)
{
    stub(k)->flags |= CAP_BOUND;
    stub(k)->object = at(k, 0, 10)->object;
    object_at(k, stub(k)->object)->refs++;
}

static void a_stub_has_no_parent(struct rescind_kernel *k)
{
    struct cap *orphan = stub(k);

    at(k, 0, 10)->child = 0;
    orphan->parent = 0;
}

/* The VPE waits for what the other kernel will say; its capability on that one's VPE is there. */
static void exchange_across_is_under_way(struct rescind_kernel *k)
{
    const uint32_t other = RESCIND_SEL_FREE + 1;

    kit_send(k, 0, kit_obtain(other, 60, 11, 2));
    kit_rest(k);
    assert_int_equal(call_at(k, 0)->exchange.across, ACROSS_ASK);
    kit_audit(k);
}

static void an_exchange_does_not_hold_its_capability(struct rescind_kernel *k)
{
    exchange_across_is_under_way(k);
    cap_at(k, call_at(k, 0)->exchange.pin)->pending = 0;
    at(k, 0, 10)->pending = 1;
}

static void an_exchange_holds_a_stub(struct rescind_kernel *k)
{
    exchange_across_is_under_way(k);
    call_at(k, 0)->exchange.pin = at(k, 0, 10)->child;
}

static void a_stub_is_to_be_told_of_in_no_ring(struct rescind_kernel *k)
{
    stub(k)->flags |= CAP_TELLING;
}

static void a_ring_holds_what_is_not_to_be_told(struct rescind_kernel *k)
{
    peer_tell(k, at(k, 0, 10)->child);
    stub(k)->flags &= (uint16_t)~CAP_TELLING;
}

static void a_ring_holds_a_link_with_another_kernel(struct rescind_kernel *k)
{
    peer_tell(k, kit_at(k, 0, 30));
    at(k, 0, 30)->peer = 2;
}

static void a_stub_stands_in_the_ring_upwards(struct rescind_kernel *k)
{
    peer_tell(k, at(k, 0, 10)->child);
    peer_at(k, 1)->up = peer_at(k, 1)->down;
    peer_at(k, 1)->down = 0;
}

static void a_ring_leads_out_of_the_pool(struct rescind_kernel *k)
{
    peer_tell(k, at(k, 0, 10)->child);
    peer_at(k, 1)->down = 0x7fffffff;
}

static void a_tomb_is_not_to_be_told_of(struct rescind_kernel *k)
{
    uint32_t tomb = kit_at(k, 0, 30);

    assert_int_equal(kit_call(k, 0, kit_revoke(30, 1, true)), RESCIND_NO_ERROR);
    assert_int_equal(cap_at(k, tomb)->type, CAP_TOMB);
    kit_audit(k);
    peer_told(k, tomb);
}

static void a_question_waits_for_a_peer_that_is_not_in_the_line(struct rescind_kernel *k)
{
    peer_at(k, 1)->asks = 1;
}

static void the_line_holds_a_peer_that_nothing_is_to_be_told(struct rescind_kernel *k)
{
    peer_talk(k, 2);
}

static void the_line_of_peers_forgets_its_beginning(struct rescind_kernel *k)
{
    peer_tell(k, kit_at(k, 0, 30));
    k->talking = 0;
}

static void the_line_of_peers_misses_one(struct rescind_kernel *k)
{
    peer_tell(k, kit_at(k, 0, 30));
    peer_at(k, 2)->frees = 1;
    peer_at(k, 2)->next = peer_at(k, 2)->prev = 3;
}

static void the_line_of_peers_begins_at_none(struct rescind_kernel *k)
{
    peer_tell(k, kit_at(k, 0, 30));
    k->talking = 0x7fffffff;
}

static void the_line_of_peers_leads_to_none(struct rescind_kernel *k)
{
    peer_tell(k, kit_at(k, 0, 30));
    peer_at(k, 1)->next = 0x7fffffff;
}

static void the_line_of_peers_does_not_link_back(struct rescind_kernel *k)
{
    peer_tell(k, kit_at(k, 0, 30));
    peer_at(k, 1)->prev = 3;
}

/* The memory at `sel` of `vpe`. */
static struct mem *memory(struct rescind_kernel *k, uint32_t vpe, uint32_t sel)
{
    return mem_at(k, at(k, vpe, sel)->object);
}

static void a_page_is_taken_that_nobody_has(struct rescind_kernel *k)
{
    pages_take(k, 1);
}

static void a_page_of_a_vpe_is_free(struct rescind_kernel *k)
{
    pages_give(k, (uint32_t)(memory(k, 1, RESCIND_SEL_MEM)->addr / RESCIND_PAGE), 1);
}

static void two_vpes_have_the_same_pages(struct rescind_kernel *k)
{
    memory(k, 3, RESCIND_SEL_MEM)->addr = memory(k, 1, RESCIND_SEL_MEM)->addr;
}

static void memory_lies_behind_the_last_page(struct rescind_kernel *k)
{
    memory(k, 1, RESCIND_SEL_MEM)->addr = 11 * RESCIND_PAGE;
}

static void memory_begins_within_a_page(struct rescind_kernel *k)
{
    memory(k, 1, RESCIND_SEL_MEM)->addr += 8;
}

/* VPE0 has at 50 the second page of its memory, active at endpoint 5 and mapped at the first
 * virtual page that there is. */
static void use_memory(struct rescind_kernel *k)
{
    const uint64_t derive[] = {RESCIND_SYS_DERIVEMEM, RESCIND_SEL_MEM, 50,
                               RESCIND_PAGE,          RESCIND_PAGE,    RESCIND_PERM_R};
    const uint64_t map[] = {RESCIND_SYS_CREATEMAP, RESCIND_SEL_VPE, 50, 0, 1,
                            RESCIND_MAP_FIRST,     RESCIND_PERM_R};
    const uint64_t activate[] = {RESCIND_SYS_ACTIVATE, 5, RESCIND_NONE, 50};
    struct message m = {0};

    message_put(&m, derive, sizeof(derive));
    assert_int_equal(kit_call(k, 0, m), RESCIND_NO_ERROR);
    m.size = 0;
    message_put(&m, map, sizeof(map));
    assert_int_equal(kit_call(k, 0, m), RESCIND_NO_ERROR);
    m.size = 0;
    message_put(&m, activate, sizeof(activate));
    assert_int_equal(kit_call(k, 0, m), RESCIND_NO_ERROR);
    kit_audit(k);
}

static void a_part_is_longer_than_the_whole(struct rescind_kernel *k)
{
    use_memory(k);
    memory(k, 0, 50)->size++;
}

static void a_part_begins_before_the_whole(struct rescind_kernel *k)
{
    use_memory(k);
    memory(k, 0, 50)->addr -= RESCIND_PAGE + 8;
}

static void a_mapping_is_of_another_page(struct rescind_kernel *k)
{
    use_memory(k);
    cap_at(k, table_find(k, table_of(0, TABLE_MAP), RESCIND_MAP_FIRST))->object--;
}

static void an_endpoint_reaches_further_than_its_memory(struct rescind_kernel *k)
{
    use_memory(k);
    endpoint_of(k, endpoint_find(k, 0, 5))->size++;
}

static void an_endpoint_may_do_more_than_its_memory(struct rescind_kernel *k)
{
    use_memory(k);
    endpoint_of(k, endpoint_find(k, 0, 5))->rights |= RESCIND_PERM_W;
}

/* ---- Ways to harm accounts, VPEs and endpoints --------------------------------------------- */

/* VPE0, which has an account of its own, receives at RECEIVER; VPE1 has sent it three messages from
 * SENDER, of which one was received and is open. VPE0 has made a VPE that sleeps, and one more,
 * which is gone: nothing is left of its number. */
enum { SENDER = 5, RECEIVER = 4, MAIL_GATE = 20, GONE = 3, MAIL_IRQ = 21, MAIL_LINE = 10 };

static struct rescind_kernel *new_mail(void)
{
    struct rescind_kernel *k =
        calls_new(&(struct calls_config){.vpes = 5, .nodes = 200, .quota = {100, 0}});

    calls_ok(k, 0, say_createvpe(CHILD, CHILD_MEM));
    calls_ok(k, 0, say_createvpe(30, 31));
    assert_int_equal(calls_told().created, GONE);
    calls_ok(k, 0, kit_revoke(30, 2, true));
    calls_rest(k);
    calls_ok(k, 0, say_attach(0, RECEIVER, 0, 9, 6));
    calls_ok(k, 0, say_gate(0, MAIL_GATE, RECEIVER, 1, 8));
    calls_ok(k, 0, kit_delegate(OTHER, MAIL_GATE, MAIL_GATE, 1));
    calls_ok(k, 1, say_activate(SENDER, RESCIND_NONE, MAIL_GATE));
    for (uint64_t i = 0; i < 3; i++)
        calls_ok(k, 1, say_send(SENDER, RESCIND_NONE, i));
    calls_ok(k, 0, say_receive(RECEIVER, false));
    assert_int_equal(rescind_kernel_boot_irq(k, 1, MAIL_IRQ, MAIL_LINE), RESCIND_NO_ERROR);
    calls_ok(k, 1, say_listen(MAIL_IRQ, SENDER));
    calls_interrupt(k, MAIL_LINE);
    return k;
}

static uint32_t listener(struct rescind_kernel *k)
{
    return k->listeners[MAIL_LINE];
}

static void the_kernel_forgets_who_listens(struct rescind_kernel *k)
{
    k->listeners[MAIL_LINE] = 0;
}

static void somebody_is_noted_for_two_lines(struct rescind_kernel *k)
{
    k->listeners[MAIL_LINE + 1] = listener(k);
}

static void a_line_is_listened_to_by_what_is_no_listener(struct rescind_kernel *k)
{
    k->listeners[MAIL_LINE + 1] = kit_at(k, 0, MAIL_GATE);
}

static void a_listener_is_in_a_state_that_there_is_not(struct rescind_kernel *k)
{
    listener_of(k, listener(k))->state = LISTENER_SENT + 1;
}

static void a_listener_speaks_through_no_endpoint(struct rescind_kernel *k)
{
    listener_of(k, listener(k))->ep = RESCIND_EP_REPLY;
}

static void a_listener_is_of_another_line_than_its_parent(struct rescind_kernel *k)
{
    listener_of(k, listener(k))->line++;
}

static struct message_node *interrupt_message(struct rescind_kernel *k)
{
    uint32_t at = endpoint_of(k, endpoint_find(k, 0, RECEIVER))->first;

    while (message_at(k, at)->listener == 0)
        at = message_at(k, at)->next;
    return message_at(k, at);
}

static void an_interrupts_message_is_of_nobody_who_listens(struct rescind_kernel *k)
{
    interrupt_message(k)->listener = kit_at(k, 0, MAIL_GATE);
}

static void an_interrupt_has_come_another_way_than_its_listeners(struct rescind_kernel *k)
{
    listener_of(k, listener(k))->ep = SENDER + 1;
}

static struct endpoint_node *receiver(struct rescind_kernel *k)
{
    return endpoint_of(k, endpoint_find(k, 0, RECEIVER));
}

static struct endpoint_node *sender(struct rescind_kernel *k)
{
    return endpoint_of(k, endpoint_find(k, 1, SENDER));
}

static void nodes_go_to_another_account(struct rescind_kernel *k)
{
    --*account_at(k, vpe_own_account(0));
    ++*account_at(k, ACCOUNT_KERNEL);
}

static void a_node_comes_from_another_account(struct rescind_kernel *k)
{
    at(k, 0, MAIL_GATE)->account = ACCOUNT_KERNEL;
}

static void a_node_comes_from_no_account(struct rescind_kernel *k)
{
    at(k, 0, MAIL_GATE)->account = 1000;
}

static void a_quota_is_forgotten(struct rescind_kernel *k)
{
    vpe_at(k, 0)->quota = 0;
}

static void a_quota_is_that_of_one_without_an_account(struct rescind_kernel *k)
{
    vpe_at(k, 1)->quota = 3;
}

static void a_vpe_pays_from_anothers_account(struct rescind_kernel *k)
{
    vpe_at(k, 1)->account = vpe_own_account(0);
}

static void the_account_of_a_living_vpe_is_closed(struct rescind_kernel *k)
{
    *account_at(k, vpe_own_account(0)) |= ACCOUNT_CLOSED;
}

static void nodes_stay_in_the_account_of_one_that_has_ended(struct rescind_kernel *k)
{
    --*account_at(k, ACCOUNT_KERNEL);
    ++*account_at(k, vpe_own_account(GONE));
    vpe_at(k, GONE)->quota = 1;
}

static void selector_0_is_not_bound(struct rescind_kernel *k)
{
    at(k, 0, RESCIND_SEL_VPE)->flags &= (uint16_t)~CAP_BOUND;
}

static void two_vpes_have_changed_their_selectors_0(struct rescind_kernel *k)
{
    at(k, 0, RESCIND_SEL_VPE)->object = at(k, 1, OTHER)->object = 1;
    at(k, 1, RESCIND_SEL_VPE)->object = at(k, 0, OTHER)->object = 0;
}

static void a_free_number_is_forgotten(struct rescind_kernel *k)
{
    k->vpe_free = 0;
}

static void the_number_of_a_living_vpe_is_free(struct rescind_kernel *k)
{
    k->vpe_free = 1;
}

static void a_number_that_is_not_there_is_free(struct rescind_kernel *k)
{
    k->vpe_free = 1000;
}

static void the_free_numbers_go_round_in_a_circle(struct rescind_kernel *k)
{
    vpe_at(k, GONE)->next = k->vpe_free;
}

static void one_that_is_to_end_is_left_over(struct rescind_kernel *k)
{
    k->vpe_ending = 2;
}

static void a_maker_counts_one_too_many(struct rescind_kernel *k)
{
    vpe_at(k, 0)->made++;
}

static void a_maker_is_not_there(struct rescind_kernel *k)
{
    vpe_at(k, 2)->maker = 1000;
}

static void a_sleeping_vpe_calls(struct rescind_kernel *k)
{
    calls_ok(k, 1, say_attach(0, 7, 0, 8, 6));
    calls_send(k, 1, say_receive(7, true));
    vpe_at(k, 1)->asleep = true;
}

static void the_first_vpe_sleeps_and_calls(struct rescind_kernel *k)
{
    calls_ok(k, 0, say_attach(0, 7, 0x800, 8, 6));
    calls_send(k, 0, say_receive(7, true));
    vpe_at(k, 0)->asleep = true;
}

static void an_endpoint_stands_behind_the_last(struct rescind_kernel *k)
{
    cap_at(k, endpoint_find(k, 1, SENDER))->sel = RESCIND_EP_COUNT;
}

static void an_endpoint_stands_where_replies_arrive(struct rescind_kernel *k)
{
    cap_at(k, endpoint_find(k, 1, SENDER))->sel = RESCIND_EP_REPLY;
}

static void an_endpoint_of_a_gate_is_for_memory(struct rescind_kernel *k)
{
    sender(k)->kind = ENDPOINT_MEMORY;
}

static void an_endpoint_of_memory_sends(struct rescind_kernel *k)
{
    receiver(k)->kind = ENDPOINT_SEND;
}

static void an_endpoint_is_of_no_kind(struct rescind_kernel *k)
{
    receiver(k)->kind = 9;
}

static void an_endpoint_has_one_slot_more(struct rescind_kernel *k)
{
    receiver(k)->slots++;
}

static void a_slot_seems_to_be_free(struct rescind_kernel *k)
{
    receiver(k)->taken &= receiver(k)->taken - 1;
}

static void a_slot_seems_to_be_taken(struct rescind_kernel *k)
{
    receiver(k)->taken |= 1u << 7;
}

static void two_messages_are_in_one_slot(struct rescind_kernel *k)
{
    message_at(k, receiver(k)->first)->slot = message_at(k, receiver(k)->last)->slot;
}

static void a_message_is_in_a_slot_that_there_can_not_be(struct rescind_kernel *k)
{
    assert_int_equal(message_at(k, receiver(k)->open)->slot, 0);
    message_at(k, receiver(k)->open)->slot = 32;
}

static void a_spare_node_is_lost(struct rescind_kernel *k)
{
    receiver(k)->spare = message_at(k, receiver(k)->spare)->next;
}

static void a_message_belongs_to_no_endpoint(struct rescind_kernel *k)
{
    uint32_t index = pool_take(k, OBJECT_MESSAGE);

    *message_at(k, index) = (struct message_node){.object = {.type = OBJECT_MESSAGE}};
}

static void the_spare_nodes_go_round_in_a_circle(struct rescind_kernel *k)
{
    message_at(k, receiver(k)->spare)->next = receiver(k)->spare;
}

static void the_messages_lead_out_of_the_pool(struct rescind_kernel *k)
{
    message_at(k, receiver(k)->last)->next = 0x7fffffff;
}

static void the_open_messages_begin_at_a_gate(struct rescind_kernel *k)
{
    receiver(k)->open = at(k, 0, MAIL_GATE)->object;
}

static void a_buffer_lies_behind_its_memory(struct rescind_kernel *k)
{
    receiver(k)->buffer += RESCIND_VPE_MEMORY;
}

static void a_message_has_come_through_a_gate(struct rescind_kernel *k)
{
    message_at(k, receiver(k)->first)->sender = kit_at(k, 1, MAIL_GATE);
}

static void a_message_has_come_from_out_of_the_pool(struct rescind_kernel *k)
{
    message_at(k, receiver(k)->last)->sender = 0x7fffffff;
}

static void a_message_has_come_through_where_it_is_received(struct rescind_kernel *k)
{
    message_at(k, receiver(k)->first)->sender = endpoint_find(k, 0, RECEIVER);
}

static void a_reply_has_come_through_a_send_endpoint(struct rescind_kernel *k)
{
    message_at(k, receiver(k)->first)->is_reply = true;
}

static void an_open_message_may_still_go(struct rescind_kernel *k)
{
    message_at(k, receiver(k)->open)->sender = endpoint_find(k, 1, SENDER);
}

static void a_sender_leads_to_another_endpoint(struct rescind_kernel *k)
{
    sender(k)->ep++;
}

static void a_sender_leads_to_another_life(struct rescind_kernel *k)
{
    sender(k)->life = 7;
}

/* ---- The cases ---------------------------------------------------------------------------- */

/* VPE0 makes service "x" at 50, from its gate at 10, and a session with it at 51. */
static void make_service(struct rescind_kernel *k)
{
    struct message m = {0};

    message_u64(&m, RESCIND_SYS_CREATESRV);
    message_u64(&m, 10);
    message_u64(&m, 50);
    message_u64(&m, 1);
    message_put(&m, "x", 1);
    assert_int_equal(kit_call(k, 0, m), RESCIND_NO_ERROR);
    message_begin(&m, RESCIND_SYS_CREATESESSAT);
    message_u64(&m, 50);
    message_u64(&m, 51);
    message_u64(&m, 7);
    assert_int_equal(kit_call(k, 0, m), RESCIND_NO_ERROR);
    kit_audit(k);
}

static void a_name_is_not_found_where_it_stands(struct rescind_kernel *k)
{
    make_service(k);
    service_at(k, at(k, 0, 50)->object)->name[0] = 'y';
}

static void a_session_is_with_no_service(struct rescind_kernel *k)
{
    make_service(k);
    session_at(k, at(k, 0, 51)->object)->service = at(k, 0, 51)->object;
}

/* A question that nobody has asked, in this state. */
static struct visit *make_visit(struct rescind_kernel *k, uint8_t state)
{
    const struct visit_target nobody = {0};
    uint32_t index = visit_create(k, ACCOUNT_KERNEL, RESCIND_SERVICE_OPEN, &nobody, 0);

    visit_at(k, index)->state = state;
    return visit_at(k, index);
}

static void a_question_waits_in_no_ring(struct rescind_kernel *k)
{
    make_visit(k, VISIT_QUEUED);
}

static void a_ring_holds_a_question_that_does_not_wait(struct rescind_kernel *k)
{
    struct visit *visit = make_visit(k, VISIT_ANSWERED);

    k->visits_lost = visit->next = visit->prev = cap_index(k, (const struct cap *)visit);
    task_join(k, &k->ready, task_of_peer(k, k->pe));
}

/* It alone is in the kernel's ring of those that are held. */
static struct visit *hold(struct rescind_kernel *k, struct visit *visit)
{
    k->visits_held = visit->next = visit->prev = cap_index(k, (const struct cap *)visit);
    return visit;
}

static void a_question_is_held_in_no_ring(struct rescind_kernel *k)
{
    make_visit(k, VISIT_HELD);
}

static void a_question_that_waits_for_room_is_held(struct rescind_kernel *k)
{
    hold(k, make_visit(k, VISIT_QUEUED));
}

static void a_question_of_this_kernel_is_held(struct rescind_kernel *k)
{
    hold(k, make_visit(k, VISIT_HELD));
}

static void those_that_are_held_lead_out_of_the_pool(struct rescind_kernel *k)
{
    hold(k, make_visit(k, VISIT_HELD))->next = 0x7fffffff;
}

static void a_question_is_held_at_a_full_endpoint(struct rescind_kernel *k)
{
    struct visit *visit = make_visit(k, VISIT_HELD);

    receiver(k)->visits = visit->next = visit->prev = cap_index(k, (const struct cap *)visit);
    cap_at(k, endpoint_find(k, 0, RECEIVER))->flags |= CAP_VISITED | CAP_MARKED;
}

static void a_question_waits_though_there_is_room(struct rescind_kernel *k)
{
    struct visit *visit = make_visit(k, VISIT_QUEUED);

    receiver(k)->visits = visit->next = visit->prev = cap_index(k, (const struct cap *)visit);
}

/* A question of the first VPE of kernel 1, whose service's name is not there. */
static struct visit *make_far_visit(struct rescind_kernel *k, uint8_t op)
{
    const struct visit_target nobody = {0};
    const struct visit_opening opening = {0};
    uint32_t note = note_create(k, 1, 0, 1, true), index;

    note_put(k, note, 0, &opening, sizeof(opening));
    index = visit_create_away(k, op, &nobody, note);
    visit_at(k, index)->state = VISIT_HELD;
    return visit_at(k, index);
}

static void a_question_is_held_though_its_name_has_gone(struct rescind_kernel *k)
{
    hold(k, make_far_visit(k, RESCIND_SERVICE_OPEN));
}

static void a_question_is_held_that_opens_nothing(struct rescind_kernel *k)
{
    hold(k, make_far_visit(k, RESCIND_SERVICE_OBTAIN));
}

static void a_question_has_been_sent_without_a_message(struct rescind_kernel *k)
{
    make_visit(k, VISIT_SENT);
}

static void a_message_is_a_question_that_knows_nothing_of_it(struct rescind_kernel *k)
{
    uint32_t message = account_take(k, OBJECT_MESSAGE, ACCOUNT_KERNEL);

    memset((char *)pool_node(k, message) + 8, 0, POOL_NODE_SIZE - 8);
    message_at(k, message)->visit = cap_index(k, (const struct cap *)make_visit(k, VISIT_ANSWERED));
}

static void a_question_has_nobody_who_asks(struct rescind_kernel *k)
{
    make_visit(k, VISIT_ANSWERED);
}

static void a_call_waits_for_what_is_no_question(struct rescind_kernel *k)
{
    vpe_at(k, 0)->calling = true;
    task_join(k, &k->ready, 0);
    call_at(k, 0)->opcode = RESCIND_SYS_CREATESESS;
    call_at(k, 0)->createsess.visit = kit_at(k, 0, 10);
}

static void a_call_waits_for_what_is_no_question_and_a_question_for_none(struct rescind_kernel *k)
{
    make_visit(k, VISIT_ANSWERED);
    a_call_waits_for_what_is_no_question(k);
}

/* ---- One condition alone ------------------------------------------------------------------- */

/* All nodes that were taken once are there, but one lies where there may be none. */
static void more_nodes_were_taken_than_there_can_be(struct rescind_kernel *k)
{
    uint32_t used = pool_used(k);

    k->pool.limit = k->pool.high - 1;
    *account_at(k, ACCOUNT_KERNEL) = k->pool.limit - k->pool.first - used;
    assert_int_equal(pool_used(k), used);
}

static void a_node_has_the_first_type_beyond_all_objects(struct rescind_kernel *k)
{
    at(k, 0, 10)->type = OBJECT_NODE_END;
}

static void a_node_has_a_type_between_capabilities_and_objects(struct rescind_kernel *k)
{
    at(k, 0, 10)->type = OBJECT_GATE - 1;
}

/* VPE1's table is that of the next VPE, which has not been made. */
static void a_table_belongs_to_nobody_yet(struct rescind_kernel *k)
{
    uint32_t from = table_of(1, TABLE_OBJECT), to = table_of(k->vpe_count, TABLE_OBJECT);

    *table_at(k, to) = *table_at(k, from);
    table_at(k, from)->root = 0;
    for (uint32_t index = k->pool.first; index < k->pool.high; index++) {
        if (cap_is_cap(cap_at(k, index)) && cap_at(k, index)->table == from)
            cap_at(k, index)->table = (uint16_t)to;
    }
}

static void a_tables_newest_reaches_as_far_as_the_next_one(struct rescind_kernel *k)
{
    table_at(k, 0)->newest = kit_at(k, 0, 10);
    table_at(k, 0)->newest_free = 11;
}

static void a_tables_newest_lies_out_of_the_pool(struct rescind_kernel *k)
{
    table_at(k, 0)->newest = k->pool.high;
}

static void what_was_found_first_lies_out_of_the_pool(struct rescind_kernel *k)
{
    table_at(k, 0)->recent[0] = k->pool.high;
}

static void a_ring_goes_on_at_an_object(struct rescind_kernel *k)
{
    at(k, 1, 20)->next = at(k, 1, 20)->object;
}

static void a_ring_goes_back_to_an_object(struct rescind_kernel *k)
{
    at(k, 1, 20)->prev = at(k, 1, 20)->object;
}

static void a_remote_one_has_a_next_one(struct rescind_kernel *k)
{
    at(k, 0, 30)->next = kit_at(k, 0, 10);
}

static void a_remote_one_has_one_before_it(struct rescind_kernel *k)
{
    at(k, 0, 30)->prev = kit_at(k, 0, 10);
}

static void an_object_is_taken_for_a_child(struct rescind_kernel *k)
{
    at(k, 0, 11)->child = at(k, 0, 11)->object;
}

static void a_stub_has_its_child_on_the_first_kernel_that_is_not_there(struct rescind_kernel *k)
{
    stub(k)->peer = (uint16_t)k->peer_count;
    set_key(stub(k), RESCIND_KEY(k->peer_count, 0, RESCIND_CAP_GATE, 20));
}

static void a_stub_is_below_a_stub_of_another_kernel(struct rescind_kernel *k)
{
    struct cap *alone = stub(k);

    tree_unlink(k, cap_index(k, alone));
    alone->next = alone->prev = cap_index(k, alone);
    alone->flags |= CAP_REMOTE;
}

static void a_stub_does_not_look_like_one(struct rescind_kernel *k)
{
    stub(k)->flags &= (uint16_t)~CAP_AWAY;
}

static void a_stub_counts_for_nothing_that_there_is(struct rescind_kernel *k)
{
    stub(k)->flags |= CAP_BOUND;
    stub(k)->object = 0x7fffffff;
}

/* With all that is derived from it. */
static void move_below(struct rescind_kernel *k, uint32_t index, uint32_t parent)
{
    uint32_t child = cap_at(k, index)->child;

    tree_unlink(k, index);
    tree_link(k, parent, index);
    cap_at(k, index)->child = child;
}

static void a_part_of_memory_is_derived_from_a_gate(struct rescind_kernel *k)
{
    use_memory(k);
    move_below(k, kit_at(k, 0, 50), kit_at(k, 0, 10));
}

static uint32_t mapping(struct rescind_kernel *k)
{
    return table_find(k, table_of(0, TABLE_MAP), RESCIND_MAP_FIRST);
}

static void a_mapping_is_derived_from_a_gate(struct rescind_kernel *k)
{
    use_memory(k);
    move_below(k, mapping(k), kit_at(k, 0, 10));
}

static void a_mapping_may_do_more_than_its_memory(struct rescind_kernel *k)
{
    use_memory(k);
    cap_at(k, mapping(k))->rights |= RESCIND_PERM_W;
}

static void a_part_may_do_more_than_the_whole(struct rescind_kernel *k)
{
    use_memory(k);
    at(k, 0, 50)->rights |= 0x80;
}

static void a_copy_of_memory_names_other_memory(struct rescind_kernel *k)
{
    at(k, 1, 22)->object = at(k, 1, RESCIND_SEL_MEM)->object;
}

static void a_copy_names_an_object_of_another_kernel(struct rescind_kernel *k)
{
    at(k, 1, 25)->home = 5;
}

static void a_copy_of_a_gate_is_bound(struct rescind_kernel *k)
{
    at(k, 1, 25)->flags |= CAP_BOUND;
}

static void a_service_is_derived_from_a_vpe(struct rescind_kernel *k)
{
    make_service(k);
    move_below(k, kit_at(k, 0, 50), kit_at(k, 0, RESCIND_SEL_VPE));
}

static void a_session_is_derived_from_a_gate(struct rescind_kernel *k)
{
    make_service(k);
    move_below(k, kit_at(k, 0, 51), kit_at(k, 0, 10));
}

static void an_endpoint_is_derived_from_a_vpe(struct rescind_kernel *k)
{
    move_below(k, endpoint_find(k, 1, SENDER), kit_at(k, 1, RESCIND_SEL_VPE));
}

static void a_listener_is_derived_from_a_gate(struct rescind_kernel *k)
{
    move_below(k, listener(k), kit_at(k, 0, MAIL_GATE));
}

static void a_listener_has_no_object(struct rescind_kernel *k)
{
    cap_at(k, listener(k))->object = 0x7fffffff;
}

static void somebody_listens_to_a_line_of_another_kernel(struct rescind_kernel *k)
{
    at(k, 1, MAIL_IRQ)->home = 5;
}

static void a_root_names_an_object_out_of_the_pool(struct rescind_kernel *k)
{
    at(k, 3, RESCIND_SEL_MEM)->object = 0x7fffffff;
}

static void the_first_vpe_lacks_selector_1(struct rescind_kernel *k)
{
    assert_int_equal(kit_call(k, 0, kit_revoke(2, 1, true)), RESCIND_NO_ERROR);
    at(k, 0, RESCIND_SEL_MEM)->sel = 2;
}

static void a_capability_is_kept_that_no_sweep_has_entered(struct rescind_kernel *k)
{
    at(k, 1, 25)->flags = CAP_VISITED | CAP_MARKED | CAP_SEEN | CAP_KEEP;
}

static void a_sweep_has_come_by_what_is_not_marked(struct rescind_kernel *k)
{
    at(k, 1, 25)->flags = CAP_VISITED | CAP_PASSED;
}

/* All that it sweeps is marked; but the table behind the last VPE's is none that can be swept. */
static void a_sweep_goes_on_behind_the_last_vpe(struct rescind_kernel *k)
{
    kit_send(k, 0, kit_revoke(11, 1, true));
    while (call_at(k, 0)->revoke.phase != REVOKE_SWEEP)
        kit_work_first(k);
    kit_audit(k);
    call_at(k, 0)->revoke.last_table = table_of(k->vpe_count, TABLE_OBJECT);
}

static void a_sweep_has_an_unmarked_one_among_marked_ones(struct rescind_kernel *k)
{
    assert_int_equal(kit_call(k, 0, kit_creategate(8)), RESCIND_NO_ERROR);
    assert_int_equal(kit_call(k, 0, kit_creategate(9)), RESCIND_NO_ERROR);
    kit_send(k, 0, kit_revoke(8, 3, true));
    while (call_at(k, 0)->revoke.phase != REVOKE_SWEEP)
        kit_work_first(k);
    kit_audit(k);
    assert_int_equal(call_at(k, 0)->revoke.sel, 8);
    at(k, 0, 9)->flags = 0;
}

static void a_question_waits_where_there_is_room(struct rescind_kernel *k)
{
    struct visit *visit = make_visit(k, VISIT_QUEUED);

    receiver(k)->visits = visit->next = visit->prev = cap_index(k, (const struct cap *)visit);
}

static void an_endpoint_of_memory_has_no_parent(struct rescind_kernel *k)
{
    uint32_t index = endpoint_find(k, 0, RECEIVER);

    tree_unlink(k, index);
    tree_link(k, 0, index);
}

/* What they name looks like a message that names them. */
static void a_question_has_been_sent_in_a_question(struct rescind_kernel *k)
{
    struct visit *visit = make_visit(k, VISIT_SENT), *other = make_visit(k, VISIT_ANSWERED);

    visit->message = cap_index(k, (const struct cap *)other);
    message_at(k, visit->message)->visit = cap_index(k, (const struct cap *)visit);
}

static void a_question_has_been_sent_in_anothers_message(struct rescind_kernel *k)
{
    struct visit *visit = make_visit(k, VISIT_SENT);

    visit->message = account_take(k, OBJECT_MESSAGE, ACCOUNT_KERNEL);
    memset((char *)pool_node(k, visit->message) + 8, 0, POOL_NODE_SIZE - 8);
}

/* ---- Anchors that lead nowhere -------------------------------------------------------------- */

enum { NO_TASK = 999 };

static void who_waits_for_a_slot_is_nobody(struct rescind_kernel *k)
{
    peer_at(k, 1)->slot_waiters = NO_TASK;
}

static void who_waits_for_an_answer_is_nobody(struct rescind_kernel *k)
{
    peer_at(k, 1)->asker_line[0] = NO_TASK;
}

static void who_waits_to_write_a_letter_is_nobody(struct rescind_kernel *k)
{
    peer_at(k, 1)->letter_waiters = NO_TASK;
}

static void who_waits_for_a_letters_answer_is_nobody(struct rescind_kernel *k)
{
    peer_at(k, 1)->letter_line[0] = NO_TASK;
}

static void who_waits_for_a_table_is_nobody(struct rescind_kernel *k)
{
    table_at(k, 0)->lock_waiters = NO_TASK;
}

static void who_waits_for_a_message_is_nobody(struct rescind_kernel *k)
{
    receiver(k)->waiters = NO_TASK;
}

static void who_waits_for_a_service_is_nobody(struct rescind_kernel *k)
{
    make_visit(k, VISIT_ANSWERED)->waiters = NO_TASK;
}

static void who_waits_for_an_end_is_nobody(struct rescind_kernel *k)
{
    vpe_at(k, 1)->waiters = NO_TASK;
}

static void what_is_to_be_told_is_a_gate(struct rescind_kernel *k)
{
    peer_at(k, 1)->notes = kit_at(k, 0, 10);
    peer_talk(k, 1);
}

static void who_watches_an_end_is_a_gate(struct rescind_kernel *k)
{
    peer_at(k, 1)->watching = kit_at(k, 0, 10);
}

static void a_queue_begins_at_what_is_not_queued(struct rescind_kernel *k)
{
    peer_at(k, k->pe)->first = peer_at(k, k->pe)->last = kit_at(k, 0, 10);
}

static void a_place_is_kept_for_nothing(struct rescind_kernel *k)
{
    cap_create_at(k, &(struct cap_spec){.table = table_of(3, 0), .sel = 9, .type = CAP_PLACE});
}

/* A node that is looked at before its neighbour below, which does not link back. */
static void a_neighbour_below_leads_elsewhere(struct rescind_kernel *k, bool left)
{
    for (uint32_t i = 0; i < 4 * 64; i++) {
        uint32_t index = kit_at(k, i / 64, i % 64);
        const struct cap *cap = cap_at(k, index);
        uint32_t below = left ? cap->left : cap->right;
        if (index != 0 && below > index) {
            cap_at(k, below)->up = below;
            return;
        }
    }
    fail_msg("there is no such node");
}

static void a_left_neighbour_leads_elsewhere(struct rescind_kernel *k)
{
    a_neighbour_below_leads_elsewhere(k, true);
}

static void a_right_neighbour_leads_elsewhere(struct rescind_kernel *k)
{
    a_neighbour_below_leads_elsewhere(k, false);
}

/* What is harmed: the first of new_system()'s kernels, or new_mail(). */
enum place { PLAIN, ACROSS, MAIL };

struct harm {
    const char *row;
    const char *what;
    void (*act)(struct rescind_kernel *k);
    enum place place;
};

#define HARM(row, act)                                                                             \
    {                                                                                              \
#row, #row ": " #act, act, PLAIN                                                           \
    }
#define HARM_ACROSS(row, act)                                                                      \
    {                                                                                              \
#row, #row ": " #act, act, ACROSS                                                          \
    }

#define HARM_MAIL(row, act)                                                                        \
    {                                                                                              \
#row, #row ": " #act, act, MAIL                                                            \
    }

static const struct harm harms[] = {
    HARM(pool_counts, one_node_too_many_is_counted),
    HARM(pool_counts, the_free_list_loses_its_end),
    HARM(pool_counts, the_free_list_leads_to_a_node_in_use),
    HARM(pool_counts, the_free_list_leads_out_of_the_pool),
    HARM(pool_counts, the_free_list_goes_round_in_a_circle),
    HARM(pool_counts, more_nodes_were_taken_than_there_can_be),
    HARM(node_types, a_node_has_a_type_that_nothing_has),
    HARM(node_types, a_node_has_a_type_beyond_all_objects),
    HARM(node_types, a_node_has_the_first_type_beyond_all_objects),
    HARM(node_types, a_node_has_a_type_between_capabilities_and_objects),
    HARM(treap_links, a_treap_neighbour_does_not_link_back),
    HARM(treap_links, a_treap_link_leads_to_an_object),
    HARM(treap_links, a_treap_link_leads_out_of_the_pool),
    HARM(treap_links, a_table_forgets_its_root),
    HARM(treap_links, a_capability_names_a_table_that_is_not_there),
    HARM(treap_links, a_table_shows_another_tables_treap),
    HARM(treap_links, an_empty_table_has_a_wild_root),
    HARM(treap_links, the_first_table_is_empty_and_has_a_wild_root),
    HARM_MAIL(treap_links, a_table_belongs_to_nobody_yet),
    HARM(treap_order, two_selectors_change_places),
    HARM(treap_order, one_selector_stands_twice),
    HARM(treap_heap, the_root_of_a_treap_has_the_largest_priority),
    HARM(table_counts, a_table_counts_one_too_many),
    HARM(table_counts, an_empty_table_counts_one),
    HARM(newest_alone, a_tables_newest_forgets_the_next_one),
    HARM(newest_alone, a_tables_newest_reaches_as_far_as_the_next_one),
    HARM(newest_alone, a_tables_newest_lies_out_of_the_pool),
    HARM(newest_alone, what_was_found_first_lies_out_of_the_pool),
    HARM(ring_links, a_sibling_does_not_link_back),
    HARM(ring_links, a_root_stands_in_a_ring),
    HARM(ring_links, a_ring_mixes_the_children_of_two),
    HARM(ring_links, a_ring_goes_on_at_an_object),
    HARM(ring_links, a_ring_goes_back_to_an_object),
    HARM_ACROSS(ring_links, a_remote_one_has_a_next_one),
    HARM_ACROSS(ring_links, a_remote_one_has_one_before_it),
    HARM(parent_live, a_parent_has_gone),
    HARM(parent_live, a_parent_knows_of_no_child),
    HARM(parent_live, a_capability_is_its_own_parent),
    HARM(child_known, a_parent_takes_anothers_child_for_its_own),
    HARM(child_known, a_child_stands_in_a_ring_of_its_own),
    HARM(child_known, an_object_is_taken_for_a_child),
    HARM(root_above, two_capabilities_are_each_others_parent),
    HARM_ACROSS(stubs_sound, a_stub_has_its_child_on_this_very_kernel),
    HARM_ACROSS(stubs_sound, a_stub_has_its_child_on_no_kernel),
    HARM_ACROSS(stubs_sound, a_stub_has_a_key_of_another_kernel),
    HARM_ACROSS(stubs_sound, a_stub_has_a_key_of_another_type),
    HARM_ACROSS(stubs_sound, a_stub_is_of_a_sender_below_a_gate),
    HARM_ACROSS(stubs_sound, a_stub_is_of_a_session_below_a_gate),
    HARM_ACROSS(stubs_sound, a_stub_has_no_parent),
    HARM_ACROSS(stubs_sound, a_stub_has_its_child_on_the_first_kernel_that_is_not_there),
    HARM_ACROSS(stubs_sound, a_stub_is_below_a_stub_of_another_kernel),
    HARM_ACROSS(stubs_sound, a_stub_does_not_look_like_one),
    HARM(derived_alike, a_copy_has_a_right_that_its_parent_lacks),
    HARM(derived_alike, a_copy_names_another_object_than_its_parent),
    HARM(derived_alike, a_copy_has_another_type_than_its_parent),
    HARM_ACROSS(object_refs, a_stub_counts_for_what_is_no_session),
    HARM(object_refs, an_object_counts_one_too_many),
    HARM(object_refs, an_object_counts_nobody),
    HARM(object_refs, a_vpe_capability_names_no_vpe),
    HARM(object_refs, a_capability_names_an_object_of_another_type),
    HARM_ACROSS(object_refs, a_stub_counts_for_nothing_that_there_is),
    HARM(object_refs, a_root_names_an_object_out_of_the_pool),
    HARM(pages_owned, a_page_is_taken_that_nobody_has),
    HARM(pages_owned, a_page_of_a_vpe_is_free),
    HARM(pages_owned, two_vpes_have_the_same_pages),
    HARM(pages_owned, memory_lies_behind_the_last_page),
    HARM(pages_owned, memory_begins_within_a_page),
    HARM(memory_within, a_part_is_longer_than_the_whole),
    HARM(memory_within, a_part_begins_before_the_whole),
    HARM(memory_within, a_mapping_is_of_another_page),
    HARM(memory_within, an_endpoint_reaches_further_than_its_memory),
    HARM(memory_within, an_endpoint_may_do_more_than_its_memory),
    HARM(vpe_alive, a_live_vpe_lacks_selector_0),
    HARM(vpe_alive, a_live_vpe_lacks_selector_1),
    HARM(vpe_alive, the_first_vpe_lacks_selector_1),
    HARM(ended_empty, the_first_vpe_has_ended_and_calls),
    HARM(ended_empty, an_ended_vpe_holds_something),
    HARM(ended_empty, an_ended_vpe_is_calling),
    HARM(ended_empty, an_ended_vpe_is_still_to_end),
    HARM(marked_below, a_child_of_a_marked_capability_is_not_marked),
    HARM(marked_below, a_child_of_a_marked_capability_is_not_counted_in),
    HARM(visited_chain, a_capability_is_marked_without_a_visit),
    HARM(visited_chain, a_capability_is_counted_in_without_a_visit),
    HARM(visited_chain, a_sweep_has_entered_what_is_not_marked),
    HARM(visited_chain, a_capability_is_kept_that_no_sweep_has_entered),
    HARM(visited_chain, a_sweep_has_come_by_what_is_not_marked),
    HARM(pending_counts, a_capability_waits_for_nothing),
    HARM(pending_counts, a_reserved_copy_does_not_hold_its_parent),
    HARM_ACROSS(pending_counts, an_exchange_does_not_hold_its_capability),
    HARM_ACROSS(pending_counts, an_exchange_holds_a_stub),
    HARM(queued_once, a_capability_is_queued_nowhere),
    HARM(queued_once, a_task_without_a_call_has_a_stack),
    HARM(queued_once, a_stack_holds_what_is_not_queued),
    HARM(queued_once, a_stack_begins_at_an_object),
    HARM(queued_once, a_stack_leads_elsewhere_than_to_the_parent),
    HARM(queued_once, a_stack_leads_out_of_the_pool),
    HARM(queued_once, a_stack_goes_round_in_a_circle),
    HARM(queued_once, a_capability_stands_on_two_stacks),
    HARM(queued_once, a_queue_has_another_end),
    HARM(queued_once, a_queue_forgets_its_beginning),
    HARM(queued_once, a_queue_goes_round_in_a_circle),
    HARM_ACROSS(told_once, a_stub_is_to_be_told_of_in_no_ring),
    HARM_ACROSS(told_once, a_ring_holds_what_is_not_to_be_told),
    HARM_ACROSS(told_once, a_ring_holds_a_link_with_another_kernel),
    HARM_ACROSS(told_once, a_stub_stands_in_the_ring_upwards),
    HARM_ACROSS(told_once, a_ring_leads_out_of_the_pool),
    HARM_ACROSS(told_once, a_tomb_is_not_to_be_told_of),
    HARM_ACROSS(told_once, a_question_waits_for_a_peer_that_is_not_in_the_line),
    HARM_ACROSS(told_once, the_line_holds_a_peer_that_nothing_is_to_be_told),
    HARM_ACROSS(told_once, the_line_of_peers_forgets_its_beginning),
    HARM_ACROSS(told_once, the_line_of_peers_misses_one),
    HARM_ACROSS(told_once, the_line_of_peers_begins_at_none),
    HARM_ACROSS(told_once, the_line_of_peers_leads_to_none),
    HARM_ACROSS(told_once, the_line_of_peers_does_not_link_back),
    HARM_ACROSS(letters_sound, a_letter_has_a_slot_that_is_anothers),
    HARM_ACROSS(letters_sound, a_slot_for_letters_is_nobodys),
    HARM_ACROSS(letters_sound, a_letter_without_a_call_has_a_slot),
    HARM_ACROSS(notes_kept, a_note_is_nowhere),
    HARM_ACROSS(notes_kept, a_vpe_that_runs_has_its_end_told),
    HARM_ACROSS(notes_kept, who_waits_for_an_end_is_another_kernels),
    HARM_ACROSS(notes_kept, who_waits_for_an_end_does_not_link_back),
    HARM_ACROSS(notes_kept, the_end_of_a_vpe_that_is_not_there_is_waited_for),
    HARM(notes_kept, an_end_is_to_be_told_that_nobody_waits_for),
    HARM(notes_kept, who_waits_for_an_end_lies_out_of_the_pool),
    HARM(effect_whole, a_sweep_has_something_unmarked_before_it),
    HARM(effect_whole, a_sweep_goes_on_behind_the_last_vpe),
    HARM(effect_whole, a_sweep_has_an_unmarked_one_among_marked_ones),
    HARM(reserved_open, a_reservation_belongs_to_nobodys_call),
    HARM(reserved_open, a_reservation_belongs_to_a_vpe_that_is_not_there),
    HARM(reserved_open, a_reserved_copy_has_a_child_before_its_time),
    HARM(reserved_open, a_reserved_copy_has_been_visited_before_its_time),
    HARM(reserved_open, the_call_of_a_reservation_is_no_exchange),
    HARM(lines_sound, a_vpe_without_a_call_is_ready),
    HARM(lines_sound, a_vpe_without_a_call_waits_at_a_capability),
    HARM(lines_sound, a_line_names_a_vpe_that_is_not_there),
    HARM(lines_sound, a_task_in_a_line_does_not_link_back),
    HARM(lines_sound, a_line_leads_out_of_all_tasks),
    HARM(call_moves, a_call_under_way_stands_in_no_line),
    HARM(call_moves, a_call_stands_in_two_lines),
    HARM(locks_owned, a_range_is_locked_by_no_call),
    HARM(locks_owned, a_range_is_locked_by_a_call_that_locks_nothing),
    HARM(locks_owned, somebody_waits_for_a_range_that_is_not_locked),
    HARM(names_sound, a_name_is_not_found_where_it_stands),
    HARM(sessions_sound, a_session_is_with_no_service),
    HARM(visits_queued, a_question_waits_in_no_ring),
    HARM(visits_queued, a_ring_holds_a_question_that_does_not_wait),
    HARM(visits_queued, a_question_is_held_in_no_ring),
    HARM(visits_queued, a_question_that_waits_for_room_is_held),
    HARM(visits_queued, a_question_of_this_kernel_is_held),
    HARM(visits_queued, those_that_are_held_lead_out_of_the_pool),
    HARM_MAIL(visits_queued, a_question_is_held_at_a_full_endpoint),
    HARM_ACROSS(visits_queued, a_question_is_held_though_its_name_has_gone),
    HARM_ACROSS(visits_queued, a_question_is_held_that_opens_nothing),
    HARM_MAIL(visits_queued, a_question_waits_where_there_is_room),
    HARM(visits_known, a_question_has_been_sent_without_a_message),
    HARM(visits_known, a_message_is_a_question_that_knows_nothing_of_it),
    HARM(visits_known, a_question_has_been_sent_in_a_question),
    HARM(visits_known, a_question_has_been_sent_in_anothers_message),
    HARM(visits_asked, a_question_has_nobody_who_asks),
    HARM(visits_asked, a_call_waits_for_what_is_no_question),
    HARM(visits_asked, a_call_waits_for_what_is_no_question_and_a_question_for_none),
    HARM(nothing_left, a_visit_is_left_over),
    HARM(nothing_left, a_marked_tree_is_left_over),
    HARM_MAIL(derived_alike, a_listener_is_of_another_line_than_its_parent),
    HARM(derived_alike, a_part_of_memory_is_derived_from_a_gate),
    HARM(derived_alike, a_mapping_is_derived_from_a_gate),
    HARM(derived_alike, a_mapping_may_do_more_than_its_memory),
    HARM(derived_alike, a_part_may_do_more_than_the_whole),
    HARM(derived_alike, a_copy_of_memory_names_other_memory),
    HARM(derived_alike, a_copy_names_an_object_of_another_kernel),
    HARM(derived_alike, a_copy_of_a_gate_is_bound),
    HARM(derived_alike, a_service_is_derived_from_a_vpe),
    HARM(derived_alike, a_session_is_derived_from_a_gate),
    HARM_MAIL(derived_alike, an_endpoint_is_derived_from_a_vpe),
    HARM_MAIL(derived_alike, a_listener_is_derived_from_a_gate),
    HARM_MAIL(derived_alike, a_listener_has_no_object),
    HARM_MAIL(derived_alike, somebody_listens_to_a_line_of_another_kernel),
    HARM_MAIL(listeners_known, the_kernel_forgets_who_listens),
    HARM_MAIL(listeners_known, somebody_is_noted_for_two_lines),
    HARM_MAIL(listeners_known, a_line_is_listened_to_by_what_is_no_listener),
    HARM_MAIL(listeners_known, a_listener_is_in_a_state_that_there_is_not),
    HARM_MAIL(listeners_known, a_listener_speaks_through_no_endpoint),
    HARM_MAIL(listeners_known, an_interrupts_message_is_of_nobody_who_listens),
    HARM_MAIL(listeners_known, an_interrupt_has_come_another_way_than_its_listeners),
    HARM_MAIL(accounts_add, nodes_go_to_another_account),
    HARM_MAIL(accounts_add, a_node_comes_from_another_account),
    HARM_MAIL(accounts_add, a_node_comes_from_no_account),
    HARM_MAIL(accounts_add, a_quota_is_forgotten),
    HARM_MAIL(accounts_add, a_quota_is_that_of_one_without_an_account),
    HARM_MAIL(accounts_add, a_vpe_pays_from_anothers_account),
    HARM_MAIL(accounts_add, the_account_of_a_living_vpe_is_closed),
    HARM_MAIL(accounts_add, nodes_stay_in_the_account_of_one_that_has_ended),
    HARM_MAIL(lives_by_0, selector_0_is_not_bound),
    HARM_MAIL(lives_by_0, two_vpes_have_changed_their_selectors_0),
    HARM_MAIL(vpe_lists, a_free_number_is_forgotten),
    HARM_MAIL(vpe_lists, the_number_of_a_living_vpe_is_free),
    HARM_MAIL(vpe_lists, a_number_that_is_not_there_is_free),
    HARM_MAIL(vpe_lists, the_free_numbers_go_round_in_a_circle),
    HARM_MAIL(vpe_lists, one_that_is_to_end_is_left_over),
    HARM_MAIL(vpe_lists, a_maker_counts_one_too_many),
    HARM_MAIL(vpe_lists, a_maker_is_not_there),
    HARM_MAIL(sleepers_silent, a_sleeping_vpe_calls),
    HARM_MAIL(sleepers_silent, the_first_vpe_sleeps_and_calls),
    HARM_MAIL(endpoints_fit, an_endpoint_stands_behind_the_last),
    HARM_MAIL(endpoints_fit, an_endpoint_stands_where_replies_arrive),
    HARM_MAIL(endpoints_fit, an_endpoint_of_a_gate_is_for_memory),
    HARM_MAIL(endpoints_fit, an_endpoint_of_memory_sends),
    HARM_MAIL(endpoints_fit, an_endpoint_is_of_no_kind),
    HARM_MAIL(endpoints_fit, an_endpoint_of_memory_has_no_parent),
    HARM_MAIL(slots_add, an_endpoint_has_one_slot_more),
    HARM_MAIL(slots_add, a_slot_seems_to_be_free),
    HARM_MAIL(slots_add, a_slot_seems_to_be_taken),
    HARM_MAIL(slots_add, two_messages_are_in_one_slot),
    HARM_MAIL(slots_add, a_message_is_in_a_slot_that_there_can_not_be),
    HARM_MAIL(slots_add, a_spare_node_is_lost),
    HARM_MAIL(slots_add, a_message_belongs_to_no_endpoint),
    HARM_MAIL(slots_add, the_spare_nodes_go_round_in_a_circle),
    HARM_MAIL(slots_add, the_messages_lead_out_of_the_pool),
    HARM_MAIL(slots_add, the_open_messages_begin_at_a_gate),
    HARM_MAIL(slots_add, a_buffer_lies_behind_its_memory),
    HARM_MAIL(senders_lead, a_message_has_come_through_a_gate),
    HARM_MAIL(senders_lead, a_message_has_come_from_out_of_the_pool),
    HARM_MAIL(senders_lead, a_message_has_come_through_where_it_is_received),
    HARM_MAIL(senders_lead, a_reply_has_come_through_a_send_endpoint),
    HARM_MAIL(senders_lead, an_open_message_may_still_go),
    HARM_MAIL(senders_lead, a_sender_leads_to_another_endpoint),
    HARM_MAIL(senders_lead, a_sender_leads_to_another_life),
    HARM(effect_whole, a_sweep_goes_on_behind_the_last_table),
    HARM_ACROSS(letters_sound, a_letter_is_to_be_told_from_a_slot_that_is_free),
    HARM_MAIL(visits_queued, a_question_waits_though_there_is_room),
    HARM_ACROSS(lines_sound, who_waits_for_a_slot_is_nobody),
    HARM_ACROSS(lines_sound, who_waits_for_an_answer_is_nobody),
    HARM_ACROSS(lines_sound, who_waits_to_write_a_letter_is_nobody),
    HARM_ACROSS(lines_sound, who_waits_for_a_letters_answer_is_nobody),
    HARM(lines_sound, who_waits_for_a_table_is_nobody),
    HARM_MAIL(lines_sound, who_waits_for_a_message_is_nobody),
    HARM(lines_sound, who_waits_for_a_service_is_nobody),
    HARM(lines_sound, who_waits_for_an_end_is_nobody),
    HARM_ACROSS(notes_kept, what_is_to_be_told_is_a_gate),
    HARM_ACROSS(notes_kept, who_watches_an_end_is_a_gate),
    HARM(queued_once, a_queue_begins_at_what_is_not_queued),
    HARM(reserved_open, a_place_is_kept_for_nothing),
    HARM(treap_links, a_left_neighbour_leads_elsewhere),
    HARM(treap_links, a_right_neighbour_leads_elsewhere),
};
enum { HARMS = sizeof(harms) / sizeof(harms[0]) };

/* ---- Tests -------------------------------------------------------------------------------- */

static const char *sentence_of(const char *row)
{
    const char *name, *sentence;

    for (unsigned i = 0; (name = rescind_kernel_audit_name(i, &sentence)) != NULL; i++) {
        if (strcmp(name, row) == 0)
            return sentence;
    }
    fail_msg("the audit has no row %s", row);
    return NULL;
}

static void harm_and_audit(struct rescind_kernel *k, const struct harm *harm)
{
    struct rescind_finding finding = {.name = "nothing"};

    harm->act(k);
    assert_false(rescind_kernel_audit(k, &finding));
    assert_string_equal(finding.name, harm->row);
    assert_string_equal(finding.sentence, sentence_of(harm->row));
    assert_false(rescind_kernel_audit(k, NULL));
}

static void harm_one(const struct harm *harm,
                     void (*audit)(struct rescind_kernel *k, const struct harm *harm))
{
    if (harm->place == ACROSS) {
        struct system *s = new_system();
        audit(s->k[0], harm);
        system_free(s);
    } else if (harm->place == MAIL) {
        struct rescind_kernel *k = new_mail();
        audit(k, harm);
        calls_free(k);
    } else {
        void *kernel;
        new_kernel(&kernel);
        audit(kernel, harm);
        kit_free(kernel);
    }
}

static void the_row_is_named(void **state)
{
    harm_one(*state, harm_and_audit);
}

/* What doesn't add up is no node's fault. */
static const struct harm sums[] = {
    HARM(pool_counts, one_node_too_many_is_counted),
    HARM(lines_sound, a_vpe_without_a_call_is_ready),
    HARM_MAIL(accounts_add, nodes_go_to_another_account),
    HARM_MAIL(vpe_lists, a_free_number_is_forgotten),
    HARM_MAIL(slots_add, a_message_belongs_to_no_endpoint),
    HARM(pages_owned, a_page_is_taken_that_nobody_has),
    HARM(pending_counts, a_capability_waits_for_nothing),
    HARM(queued_once, a_capability_is_queued_nowhere),
    HARM(child_known, a_child_stands_in_a_ring_of_its_own),
    HARM(root_above, two_capabilities_are_each_others_parent),
    HARM(object_refs, an_object_counts_one_too_many),
    HARM_ACROSS(notes_kept, a_note_is_nowhere),
    HARM_ACROSS(told_once, a_stub_is_to_be_told_of_in_no_ring),
    HARM(visits_queued, a_question_waits_in_no_ring),
    HARM(visits_asked, a_question_has_nobody_who_asks),
};

static void harm_and_find_no_place(struct rescind_kernel *k, const struct harm *harm)
{
    struct rescind_finding finding = {.where = 4711};

    harm->act(k);
    assert_false(rescind_kernel_audit(k, &finding));
    assert_string_equal(finding.name, harm->row);
    assert_int_equal(finding.where, 0);
}

static void what_does_not_add_up_has_no_place(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(sums) / sizeof(sums[0]); i++)
        harm_one(&sums[i], harm_and_find_no_place);
}

/* ---- At rest ------------------------------------------------------------------------------- */

static void an_exchange_has_been_asked_for(struct rescind_kernel *k)
{
    peer_at(k, 0)->taken = 1;
}

static void a_letter_has_been_written(struct rescind_kernel *k)
{
    peer_at(k, 0)->letters_taken = 1;
}

static void the_first_kernels_first_exchange_is_served(struct rescind_kernel *k)
{
    served_at(k, 0, 0)->state = SERVE_BLOCKED;
}

static void the_last_kernels_last_exchange_is_served(struct rescind_kernel *k)
{
    served_at(k, k->peer_count - 1, TASK_EXCHANGES - 1)->state = SERVE_BLOCKED;
}

static void a_call_of_the_first_vpe_is_under_way(struct rescind_kernel *k)
{
    vpe_at(k, 0)->calling = true;
    call_at(k, 0)->opcode = RESCIND_SYS_REVOKE;
}

static void a_task_has_committed(struct rescind_kernel *k)
{
    task_at(k, 0)->committed = true;
}

static void a_task_is_ready(struct rescind_kernel *k)
{
    k->ready = 1;
}

static void a_kernel_is_to_be_told(struct rescind_kernel *k)
{
    k->talking = 1;
}

static void somebody_has_waited_for_a_capability(struct rescind_kernel *k)
{
    at(k, 0, 10)->waiters = 1;
}

static void a_tomb_is_there(struct rescind_kernel *k)
{
    uint32_t tomb = kit_at(k, 0, 30);

    a_tomb_is_not_to_be_told_of(k);
    assert_int_equal(cap_at(k, tomb)->type, CAP_TOMB);
}

static void what_is_left_at_rest_is_found(void **state)
{
    static void (*const acts[])(struct rescind_kernel * k) = {
        an_exchange_has_been_asked_for,
        a_letter_has_been_written,
        the_first_kernels_first_exchange_is_served,
        the_last_kernels_last_exchange_is_served,
        a_call_of_the_first_vpe_is_under_way,
        a_task_has_committed,
        a_task_is_ready,
        a_kernel_is_to_be_told,
        a_capability_is_queued_nowhere,
        a_capability_waits_for_nothing,
        somebody_has_waited_for_a_capability,
        a_tomb_is_there,
    };

    (void)state;
    for (size_t i = 0; i < sizeof(acts) / sizeof(acts[0]); i++) {
        struct system *s = new_system();
        struct rescind_finding finding = {.name = "nothing"};
        acts[i](s->k[0]);
        assert_false(rescind_kernel_audit_rest(s->k[0], &finding));
        assert_string_equal(finding.name, "at_rest");
        assert_true(strlen(finding.sentence) > 20);
        assert_false(rescind_kernel_audit_rest(s->k[0], NULL));
        system_free(s);
    }
}

/* At rest a call may be under way that waits for what others may never do, and no other. */
static void calls_that_wait_for_others_may_be_under_way_at_rest(void **state)
{
    static const uint8_t opcodes[] = {
        RESCIND_SYS_RECEIVE,  RESCIND_SYS_VPECTRL,   RESCIND_SYS_CREATESESS,
        RESCIND_SYS_DELEGATE, RESCIND_SYS_PAGEFAULT, RESCIND_SYS_OBTAIN,
    };
    struct rescind_kernel *k = *state;
    struct call *call = call_at(k, 0);

    assert_true(rescind_kernel_audit_rest(k, NULL));
    vpe_at(k, 0)->calling = true;
    for (size_t i = 0; i < sizeof(opcodes); i++) {
        memset(call, 0, sizeof(*call));
        call->opcode = opcodes[i];
        assert_false(rescind_kernel_audit_rest(k, NULL));
        switch (opcodes[i]) {
        case RESCIND_SYS_RECEIVE:
            call->message.waits = true;
            break;
        case RESCIND_SYS_VPECTRL:
            call->vpectrl.waits = true;
            break;
        case RESCIND_SYS_CREATESESS:
            call->createsess.visit = 1;
            break;
        case RESCIND_SYS_PAGEFAULT:
            call->pagefault.visit = 1;
            break;
        default:
            call->obtain.visit = 1;
            break;
        }
        assert_true(rescind_kernel_audit_rest(k, NULL));
    }
}

static void an_end_that_nobody_waits_for_is_that_of_a_vpe(void **state)
{
    struct rescind_kernel *k = *state;
    struct rescind_finding finding;

    an_end_is_to_be_told_that_nobody_waits_for(k);
    assert_false(rescind_kernel_audit(k, &finding));
    assert_string_equal(finding.name, "notes_kept");
    assert_int_equal(finding.where, 2);
}

static void a_node_that_comes_from_no_account_is_named(void **state)
{
    struct rescind_kernel *k = *state;
    struct rescind_finding finding;

    at(k, 0, 10)->account = 1000;
    assert_false(rescind_kernel_audit(k, &finding));
    assert_string_equal(finding.name, "accounts_add");
    assert_int_equal(finding.where, kit_at(k, 0, 10));
}

static void the_task_of_a_bad_stack_is_named(void **state)
{
    struct rescind_kernel *k = *state;
    struct rescind_finding finding = {.where = 4711};

    a_stack_holds_what_is_not_queued(k);
    assert_false(rescind_kernel_audit(k, &finding));
    assert_string_equal(finding.name, "queued_once");
    assert_int_equal(finding.where, 1);
}

/* VPE1's call waits for what nobody will answer. */
static void who_waits_for_what_is_not_asked_is_named(void **state)
{
    static const struct {
        uint8_t op, state;
    } bad[] = {
        {RESCIND_SERVICE_OPEN, VISIT_ABANDONED},
        {RESCIND_SERVICE_CLOSE, VISIT_ANSWERED},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct rescind_finding finding = {.name = "nothing"};
        void *kernel;
        new_kernel(&kernel);
        struct rescind_kernel *k = kernel;
        struct visit *visit = make_visit(k, VISIT_ANSWERED);
        uint32_t index = cap_index(k, (const struct cap *)visit);
        visit->op = bad[i].op;
        visit->vpe = 1;
        if (bad[i].state == VISIT_ABANDONED) {
            uint32_t message = account_take(k, OBJECT_MESSAGE, ACCOUNT_KERNEL);
            memset((char *)pool_node(k, message) + 8, 0, POOL_NODE_SIZE - 8);
            message_at(k, message)->visit = index;
            visit->message = message;
            visit->state = VISIT_ABANDONED;
        }
        vpe_at(k, 1)->calling = true;
        task_join(k, &k->ready, 1);
        call_at(k, 1)->opcode = RESCIND_SYS_CREATESESS;
        call_at(k, 1)->createsess.visit = index;
        assert_false(rescind_kernel_audit(k, &finding));
        assert_string_equal(finding.name, "visits_asked");
        assert_int_equal(finding.where, 1);
        kit_free(k);
    }
}

/* What is wrong with one node is that node's fault. */
static void the_parent_of_a_child_that_is_not_its_own_is_named(void **state)
{
    struct rescind_kernel *k = *state;
    struct rescind_finding finding;

    a_parent_takes_anothers_child_for_its_own(k);
    assert_false(rescind_kernel_audit(k, &finding));
    assert_string_equal(finding.name, "child_known");
    assert_int_equal(finding.where, kit_at(k, 0, 11));
}

static void what_a_table_remembers_of_another_is_not_believed(void **state)
{
    struct rescind_kernel *k = *state;

    table_at(k, 0)->newest = kit_at(k, 1, 20);
    table_at(k, 0)->newest_free = UINT32_MAX;
    kit_audit(k);
}

/* What waits for a name to go may do so as long as there is something that is lost. */
static void a_question_of_another_kernel_may_be_held(void **state)
{
    struct rescind_kernel *k = *state;
    struct visit *lost = make_visit(k, VISIT_QUEUED);
    struct rescind_finding finding = {.name = "nothing"};

    hold(k, make_far_visit(k, RESCIND_SERVICE_OPEN));
    k->visits_lost = lost->next = lost->prev = cap_index(k, (const struct cap *)lost);
    task_join(k, &k->ready, task_of_peer(k, k->pe));
    assert_false(rescind_kernel_audit(k, &finding));
    assert_string_equal(finding.name, "visits_asked"); /* and no row before it */
}

static void two_priorities_may_be_alike(void **state)
{
    struct rescind_kernel *k = *state;
    const struct cap *root = cap_at(k, table_root(k, 0));

    cap_at(k, root->left != 0 ? root->left : root->right)->priority = root->priority;
    kit_audit(k);
}

static void every_row_of_the_audit_has_a_case_here(void **state)
{
    const char *name, *sentence;
    unsigned rows = 0;

    (void)state;
    for (; (name = rescind_kernel_audit_name(rows, &sentence)) != NULL; rows++) {
        unsigned cases = 0;
        assert_true(strlen(sentence) > 20);
        for (unsigned i = 0; i < HARMS; i++)
            cases += strcmp(harms[i].row, name) == 0;
        if (cases == 0)
            fail_msg("no case breaks %s", name);
    }
    assert_true(rows >= 20);
}

static void a_sound_kernel_passes_and_is_not_changed_by_that(void **state)
{
    struct rescind_kernel *k = *state;
    size_t size = rescind_kernel_used(k);
    void *before = malloc(size);
    struct rescind_finding finding = {.where = 4711};

    memcpy(before, k, size);
    assert_true(rescind_kernel_audit(k, &finding));
    assert_true(rescind_kernel_audit(k, NULL));
    assert_int_equal(finding.where, 4711);
    assert_memory_equal(before, k, size);
    free(before);
}

/* What nobody was given yet holds anything: of a kernel whose VPEs are not all made, and, where all
 * nodes are in use, behind the pool, where nothing can be read (kit.c). */
static void what_was_never_made_is_not_looked_at(void **state)
{
    struct rescind_kernel *k = new_mail();
    const uint32_t next = k->vpe_count;

    (void)state;
    assert_int_equal(k->vpe_limit, next + 1);
    memset(table_at(k, table_of(next, 0)), 0xa5, TABLE_KINDS * sizeof(struct table));
    memset(vpe_at(k, next), 0xa5, sizeof(struct vpe));
    memset(call_at(k, next), 0xa5, sizeof(struct call));
    memset(pool_node(k, k->pool.high), 0xa5,
           (size_t)(k->pool.limit - k->pool.high) * POOL_NODE_SIZE);
    kit_audit(k);
    /* So it is not taken for a call that is under way, either. */
    at(k, 0, MAIL_GATE)->flags |= CAP_AWAITED;
    assert_false(rescind_kernel_audit(k, NULL));
    calls_free(k);
}

static void nothing_behind_the_pool_is_looked_at(void **state)
{
    struct rescind_kernel *k = kit_new(2, RESCIND_PAGE / POOL_NODE_SIZE, 0, 1);
    struct system *s = new_system();

    (void)state;
    for (uint32_t sel = 10; pool_left(k) >= 2; sel++)
        assert_int_equal(kit_call(k, 0, kit_creategate(sel)), RESCIND_NO_ERROR);
    while (pool_left(k) > 0)
        assert_int_equal(rescind_kernel_boot_grant(k, 1, 10, 0), RESCIND_NO_ERROR);
    assert_int_equal(k->pool.high, k->pool.limit);
    assert_int_equal(rescind_kernel_used(k) % RESCIND_PAGE, 0);
    kit_audit(k);
    /* A stub whose child might come is looked for everywhere, and is not there. */
    stub(s->k[0])->peer = k->pe;
    stub(s->k[0])->flags |= CAP_BOUND;
    assert_false(rescind_kernel_audit_links(s->k[0], k, NULL, 0, NULL));
    system_free(s);
    kit_free(k);
}

static void a_sound_kernel_passes_between_any_two_events_of_its_calls(void **state)
{
    struct rescind_kernel *k = *state;

    exchange_is_under_way(k);
    kit_send(k, 0, kit_revoke(2, 100, true));
    kit_send(k, 3, kit_exit(1));
    while (rescind_kernel_ready(k) >= 0) {
        kit_audit(k);
        kit_work_first(k);
    }
    kit_audit(k);
}

int main(void)
{
    enum { OTHERS = 16 };
    struct CMUnitTest tests[HARMS + OTHERS] = {
        cmocka_unit_test(every_row_of_the_audit_has_a_case_here),
        cmocka_unit_test(what_does_not_add_up_has_no_place),
        cmocka_unit_test(what_was_never_made_is_not_looked_at),
        cmocka_unit_test_setup_teardown(a_question_of_another_kernel_may_be_held, new_kernel,
                                        free_kernel),
        cmocka_unit_test(who_waits_for_what_is_not_asked_is_named),
        cmocka_unit_test_setup_teardown(the_task_of_a_bad_stack_is_named, new_kernel, free_kernel),
        cmocka_unit_test_setup_teardown(an_end_that_nobody_waits_for_is_that_of_a_vpe, new_kernel,
                                        free_kernel),
        cmocka_unit_test_setup_teardown(a_node_that_comes_from_no_account_is_named, new_kernel,
                                        free_kernel),
        cmocka_unit_test(what_is_left_at_rest_is_found),
        cmocka_unit_test_setup_teardown(calls_that_wait_for_others_may_be_under_way_at_rest,
                                        new_kernel, free_kernel),
        cmocka_unit_test(nothing_behind_the_pool_is_looked_at),
        cmocka_unit_test_setup_teardown(two_priorities_may_be_alike, new_kernel, free_kernel),
        cmocka_unit_test_setup_teardown(the_parent_of_a_child_that_is_not_its_own_is_named,
                                        new_kernel, free_kernel),
        cmocka_unit_test_setup_teardown(what_a_table_remembers_of_another_is_not_believed,
                                        new_kernel, free_kernel),
        cmocka_unit_test_setup_teardown(a_sound_kernel_passes_and_is_not_changed_by_that,
                                        new_kernel, free_kernel),
        cmocka_unit_test_setup_teardown(a_sound_kernel_passes_between_any_two_events_of_its_calls,
                                        new_kernel, free_kernel),
    };

    for (unsigned i = 0; i < HARMS; i++) {
        tests[OTHERS + i] = (struct CMUnitTest){
            .name = harms[i].what,
            .test_func = the_row_is_named,
            .initial_state = (void *)(uintptr_t)&harms[i],
        };
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}

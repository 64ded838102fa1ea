/* The life of VPEs: CREATEVPE, VPECTRL and FUND, and every way to end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cap/table.h"
#include "object/vpe.h"
#include "rescind/kernel.h"
#include "syscall/call.h"
#include "tests/calls.h"
#include "tests/system.h"

enum { GATE = 20, RING = 4, WORKS = 2 };
static const uint32_t works[WORKS] = {1, 0}; /* the least, and the default */

static struct rescind_kernel *kernel_with(uint32_t work)
{
    return calls_new(
        &(struct calls_config){.vpes = 7, .nodes = 400, .work = work, .quota = {120, 120}});
}

/* Runs a test with each amount of work; at its end all that there was before is there again. */
static void each_work(void (*test)(struct rescind_kernel *k))
{
    for (unsigned i = 0; i < WORKS; i++) {
        struct rescind_kernel *k = kernel_with(works[i]);
        struct trace before = calls_trace(k);
        test(k);
        calls_same(k, &before);
        calls_free(k);
    }
}

static uint32_t left_of(const struct rescind_kernel *k, uint32_t vpe)
{
    return account_left(k, vpe_at(k, vpe)->account);
}

/* Starts the VPE of number `vpe` at CHILD: its program runs from now on. */
static uint32_t child_of(struct rescind_kernel *k, uint32_t maker)
{
    return calls_child(k, maker);
}

static void revoke_child(struct rescind_kernel *k, uint32_t maker)
{
    calls_ok(k, maker, kit_revoke(CHILD, 2, true));
    calls_rest(k);
}

/* ---- What is refused ---------------------------------------------------------------------- */

static void createvpe_refuses(struct rescind_kernel *k)
{
    static const char name40[] = "1234567890123456789012345678901234567890";
    const uint32_t any = RESCIND_ANY_PE, none = RESCIND_NONE;
    const struct message bad[] = {
        say_createvpe(0, CHILD), /* taken */
        say_createvpe(CHILD, 1),
        say_createvpe(OTHER, CHILD),
        say_createvpe(CHILD, CHILD),
        say_createvpe_with(CHILD, CHILD_MEM, name40, any, none, 0),
        say_createvpe_with(CHILD, CHILD_MEM, "x", any, 50, 4),    /* nothing there */
        say_createvpe_with(CHILD, CHILD_MEM, "x", any, OTHER, 4), /* no gate */
        say_createvpe_with(CHILD, CHILD_MEM, "x", any, GATE, 0),
        say_createvpe_with(CHILD, CHILD_MEM, "x", any, GATE, 1),
        say_createvpe_with(CHILD, CHILD_MEM, "x", any, GATE, 16),
    };
    struct message shorter = say_createvpe(CHILD, CHILD_MEM);

    calls_ok(k, 0, say_gate(0, GATE, RING, 0, 1));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        calls_refused(k, 0, bad[i], RESCIND_INV_ARGS);
    for (shorter.size -= 8; shorter.size > 0; shorter.size -= 8)
        calls_refused(k, 0, shorter, RESCIND_INV_ARGS);
    calls_refused(k, 0, say_createvpe_with(CHILD, CHILD_MEM, "x", 1, none, 0),
                  RESCIND_NO_FREE_CORE);
    calls_ok(k, 0, say_createvpe_with(CHILD, CHILD_MEM, name40 + 1, k->pe, none, 0));
    calls_ok(k, 0, kit_revoke(CHILD, GATE, true));
    calls_rest(k);
}

static void createvpe_refuses_what_makes_no_sense(void **state)
{
    (void)state;
    each_work(createvpe_refuses);
}

static void there_are_no_more_vpes_than_numbers(struct rescind_kernel *k)
{
    for (uint32_t i = 0; i < 5; i++)
        calls_ok(k, 0, say_createvpe(CHILD + 2 * i, CHILD + 2 * i + 1));
    calls_refused(k, 0, say_createvpe(30, 31), RESCIND_NO_FREE_CORE);
    calls_refused(k, 1, say_createvpe(30, 31), RESCIND_NO_FREE_CORE);
    calls_ok(k, 0, kit_revoke(CHILD + 4, 2, true));
    calls_rest(k);
    calls_ok(k, 1, say_createvpe(30, 31));
    calls_ok(k, 1, kit_revoke(30, 2, true));
    calls_ok(k, 0, kit_revoke(CHILD, 10, true));
    calls_rest(k);
}

static void createvpe_is_refused_when_no_number_is_left(void **state)
{
    (void)state;
    each_work(there_are_no_more_vpes_than_numbers);
}

/* Pages for six VPEs beside the two of the boot configuration, and no more. */
static void createvpe_is_refused_when_no_memory_is_left(void **state)
{
    struct rescind_kernel *k =
        calls_new(&(struct calls_config){.vpes = 16, .nodes = 1000, .work = 1});
    struct trace before = calls_trace(k);

    (void)state;
    for (uint32_t i = 0; i < 6; i++)
        calls_ok(k, 0, say_createvpe(CHILD + 2 * i, CHILD + 2 * i + 1));
    calls_refused(k, 0, say_createvpe(50, 51), RESCIND_OUT_OF_MEM);
    calls_ok(k, 0, kit_revoke(CHILD, 12, true));
    calls_rest(k);
    calls_same(k, &before);
    calls_free(k);
}

/* With every number of nodes too few it is refused, and with the first that suffices it is made. */
static void createvpe_needs(struct rescind_kernel *k, uint32_t pfgate)
{
    struct message m = say_createvpe_with(CHILD, CHILD_MEM, "x", RESCIND_ANY_PE, pfgate, RING);
    uint32_t nodes = 0;

    for (; nodes < 150; nodes++) {
        struct trace before = calls_trace(k);
        rescind_kernel_starve(k, nodes);
        enum rescind_error error = calls_error(k, 1, m);
        rescind_kernel_starve(k, UINT32_MAX);
        if (error == RESCIND_NO_ERROR)
            break;
        assert_int_equal(error, RESCIND_OUT_OF_MEM);
        calls_same(k, &before);
    }
    assert_true(nodes >= 5 && nodes < 30);
    revoke_child(k, 1);
}

static void createvpe_starves(struct rescind_kernel *k)
{
    createvpe_needs(k, RESCIND_NONE);
    calls_ok(k, 1, say_gate(0, GATE, RING, 0, 1));
    createvpe_needs(k, GATE);
    calls_ok(k, 1, kit_revoke(GATE, 1, true));
}

static void createvpe_fails_whole_when_nodes_are_short(void **state)
{
    struct rescind_kernel *k = calls_new(&(struct calls_config){.vpes = 4, .nodes = 200});

    (void)state;
    createvpe_starves(k);
    calls_free(k);
}

/* The maker's own account is what counts: it is filled until too little is left. */
static void an_account_runs_short(struct rescind_kernel *k)
{
    uint32_t sel = 100;

    for (; left_of(k, 0) > 4; sel++)
        calls_ok(k, 0, say_gate(0, sel, RING, 0, 1));
    calls_refused(k, 0, say_createvpe(CHILD, CHILD_MEM), RESCIND_OUT_OF_MEM);
    calls_ok(k, 0, kit_revoke(100, 3, true));
    calls_refused(k, 0, say_createvpe(CHILD, CHILD_MEM), RESCIND_OUT_OF_MEM);
    calls_ok(k, 0, kit_revoke(103, 2, true));
    calls_ok(k, 0, say_createvpe(CHILD, CHILD_MEM));
    calls_ok(k, 0, kit_revoke(CHILD, sel, true));
    calls_rest(k);
}

static void createvpe_is_paid_from_its_makers_account(void **state)
{
    (void)state;
    each_work(an_account_runs_short);
}

static void vpectrl_refuses(struct rescind_kernel *k)
{
    struct message shorter = say_start(CHILD);
    uint32_t child;

    calls_ok(k, 0, say_createvpe(CHILD, CHILD_MEM));
    child = calls_told().created;
    assert_int_equal(rescind_kernel_vpe_state(k, child), RESCIND_VPE_ASLEEP);
    for (shorter.size -= 8; shorter.size > 0; shorter.size -= 8)
        calls_refused(k, 0, shorter, RESCIND_INV_ARGS);
    calls_refused(k, 0, say_vpectrl(CHILD, 2), RESCIND_INV_ARGS);
    calls_refused(k, 0, say_start(40), RESCIND_INV_ARGS);
    calls_refused(k, 0, say_start(CHILD_MEM), RESCIND_INV_ARGS);
    calls_refused(k, 0, say_wait(CHILD_MEM), RESCIND_INV_ARGS);
    calls_refused(k, 0, say_wait(0), RESCIND_INV_ARGS);      /* itself */
    calls_refused(k, 0, say_start(OTHER), RESCIND_INV_ARGS); /* it runs */
    calls_ok(k, 0, say_start(CHILD));
    assert_int_equal(calls_told().started, child);
    calls_refused(k, 0, say_start(CHILD), RESCIND_INV_ARGS);
    calls_send(k, child, kit_exit(3));
    calls_rest(k);
    calls_refused(k, 0, say_start(CHILD), RESCIND_VPE_GONE);
    revoke_child(k, 0);
}

static void vpectrl_refuses_what_makes_no_sense(void **state)
{
    (void)state;
    each_work(vpectrl_refuses);
}

static void fund_refuses(struct rescind_kernel *k)
{
    struct message shorter = say_fund(CHILD, 1, false);
    uint32_t child = child_of(k, 0), mine = left_of(k, 0), its = left_of(k, child);

    calls_ok(k, 0, kit_delegate(OTHER, CHILD, 30, 1));
    for (shorter.size -= 8; shorter.size > 0; shorter.size -= 8)
        calls_refused(k, 0, shorter, RESCIND_INV_ARGS);
    calls_refused(k, 0, say_fund(40, 1, false), RESCIND_INV_ARGS);
    calls_refused(k, 0, say_fund(CHILD_MEM, 1, false), RESCIND_INV_ARGS);
    calls_refused(k, 0, say_fund(OTHER, 1, false), RESCIND_INV_ARGS);
    calls_refused(k, 0, say_fund(0, 1, false), RESCIND_INV_ARGS);
    calls_refused(k, 1, say_fund(30, 1, false), RESCIND_INV_ARGS); /* not its maker */
    calls_refused(k, 1, say_fund(30, 1, true), RESCIND_INV_ARGS);
    calls_refused(k, child, say_fund(0, 1, true), RESCIND_INV_ARGS);
    mine = left_of(k, 0);
    calls_refused(k, 0, say_fund(CHILD, mine + 1, false), RESCIND_OUT_OF_MEM);
    calls_refused(k, 0, say_fund(CHILD, 1ull << 32, false), RESCIND_OUT_OF_MEM);
    calls_refused(k, 0, say_fund(CHILD, UINT64_MAX, false), RESCIND_OUT_OF_MEM);
    calls_refused(k, 0, say_fund(CHILD, its + 1, true), RESCIND_OUT_OF_MEM);
    calls_refused(k, 0, say_fund(CHILD, UINT64_MAX, true), RESCIND_OUT_OF_MEM);
    calls_ok(k, 0, say_fund(CHILD, mine, false));
    assert_int_equal(left_of(k, 0), 0);
    assert_int_equal(left_of(k, child), its + mine);
    calls_ok(k, 0, say_fund(CHILD, its + mine, true));
    assert_int_equal(left_of(k, 0), its + mine);
    calls_refused(k, child, kit_creategate(30), RESCIND_OUT_OF_MEM);
    calls_send(k, child, kit_exit(0));
    calls_rest(k);
    calls_refused(k, 0, say_fund(CHILD, 1, false), RESCIND_INV_ARGS);
    revoke_child(k, 0);
}

static void fund_moves_what_is_there_between_maker_and_made(void **state)
{
    (void)state;
    each_work(fund_refuses);
}

/* ---- What a new VPE has -------------------------------------------------------------------- */

static void is_new(struct rescind_kernel *k)
{
    uint32_t before = left_of(k, 0), fund = (before - 3) / 4, child = child_of(k, 0);

    assert_int_equal(left_of(k, 0), before - 3 - fund);
    assert_int_equal(left_of(k, child), fund - 2);
    assert_int_equal(kit_count(k, child), 2);
    calls_refused(k, child, kit_revoke(0, 1, true), RESCIND_INV_ARGS);
    calls_ok(k, child, say_gate(0, GATE, RING, 1, 1));
    calls_ok(k, child, say_attach(0, RING, 0, 8, 6));
    revoke_child(k, 0);
    calls_ok(k, 0, say_createvpe(CHILD, CHILD_MEM));
    child = calls_told().created;
    /* It sleeps: what its ring holds is not taken. */
    assert_int_equal(rescind_kernel_send(k, child, "", 0), RESCIND_NO_ERROR);
    assert_false(rescind_kernel_message_waiting(k, child));
    revoke_child(k, 0);
}

static void a_new_vpe_holds_itself_and_its_memory(void **state)
{
    (void)state;
    each_work(is_new);
}

static void a_vpe_with_a_pager_has_an_endpoint_to_it(void **state)
{
    struct rescind_kernel *k = kernel_with(1);
    struct trace before = calls_trace(k);
    struct answer got;
    uint32_t child;

    (void)state;
    calls_ok(k, 0, say_gate(0, GATE, RING, 77, 1));
    calls_ok(k, 0, say_attach(0, RING, 0, 8, 6));
    calls_ok(k, 0, say_createvpe_with(CHILD, CHILD_MEM, "x", RESCIND_ANY_PE, GATE, 5));
    child = calls_told().created;
    calls_ok(k, 0, say_start(CHILD));
    assert_int_equal(vpe_at(k, child)->pager, 5);
    calls_ok(k, child, say_send(5, RESCIND_NONE, 9));
    got = calls_ask(k, 0, say_receive(RING, false));
    assert_int_equal(got.error, RESCIND_NO_ERROR);
    assert_int_equal(got.words[1], 77);
    calls_ok(k, 0, say_detach(0, RING));
    calls_ok(k, 0, kit_revoke(CHILD, 11, true));
    calls_rest(k);
    calls_same(k, &before);
    calls_free(k);
}

/* ---- Waiting ------------------------------------------------------------------------------ */

static void wait_sides(struct rescind_kernel *k)
{
    uint32_t child = child_of(k, 0);
    struct answer answer;

    calls_ok(k, 0, kit_delegate(OTHER, CHILD, 30, 1));
    calls_send(k, 0, say_wait(CHILD));
    calls_send(k, 1, say_wait(30));
    calls_rest(k);
    assert_false(calls_answer(k, 0, &answer));
    calls_send(k, child, kit_exit(0xDEADBEEF));
    calls_rest(k);
    for (uint32_t vpe = 0; vpe < 2; vpe++) {
        assert_true(calls_answer(k, vpe, &answer));
        assert_int_equal(answer.error, RESCIND_NO_ERROR);
        assert_int_equal(answer.words[0], 0xDEADBEEF);
        answer = calls_ask(k, vpe, say_wait(vpe == 0 ? CHILD : 30)); /* and afterwards */
        assert_int_equal(answer.error, RESCIND_NO_ERROR);
        assert_int_equal(answer.words[0], 0xDEADBEEF);
        assert_int_equal(answer.size, 8);
    }
    revoke_child(k, 0);
}

static void all_who_wait_get_the_exit_code_before_and_after(void **state)
{
    (void)state;
    each_work(wait_sides);
}

static void wait_and_revoke(struct rescind_kernel *k)
{
    uint32_t child = child_of(k, 0);
    struct answer answer;

    calls_ok(k, 0, kit_delegate(OTHER, CHILD, 30, 1));
    calls_send(k, 1, say_wait(30));
    calls_rest(k);
    revoke_child(k, 0);
    assert_int_equal(calls_told().ended, child);
    assert_true(calls_answer(k, 1, &answer));
    assert_int_equal(answer.error, RESCIND_VPE_GONE);
    assert_false(kit_holds(k, 1, 30));
}

static void who_waits_for_one_that_is_revoked_is_told_so(void **state)
{
    (void)state;
    each_work(wait_and_revoke);
}

/* The child ends by itself, and its number is free before the one who waits goes on. */
static void a_code_is_told_though_nothing_names_the_vpe_any_more(void **state)
{
    struct rescind_kernel *k = kernel_with(0);
    uint32_t child = child_of(k, 0);
    struct answer answer;

    (void)state;
    calls_ok(k, 0, kit_delegate(OTHER, CHILD, 30, 1));
    calls_send(k, 1, say_wait(30));
    calls_send(k, child, kit_exit(6));
    while (!vpe_at(k, child)->ended)
        calls_work(k);
    calls_send(k, 0, kit_revoke(CHILD, 1, true));
    calls_rest(k);
    assert_true(calls_answer(k, 1, &answer));
    assert_int_equal(answer.error, RESCIND_NO_ERROR);
    assert_int_equal(answer.words[0], 6);
    calls_free(k);
}

static void kill_waiter(struct rescind_kernel *k)
{
    uint32_t child = child_of(k, 0), second;

    calls_ok(k, 0, say_createvpe(12, 13));
    calls_ok(k, 0, say_start(12));
    second = calls_told().created;
    calls_ok(k, 0, kit_delegate(12, CHILD, 30, 1));
    calls_send(k, second, say_wait(30));
    calls_rest(k);
    rescind_kernel_end(k, second, 9); /* while it waits */
    calls_rest(k);
    assert_int_equal(calls_told().ended, second);
    assert_int_equal(calls_told().code, 9);
    assert_int_equal(vpe_at(k, child)->waiters, 0);
    revoke_child(k, 0);
    calls_ok(k, 0, kit_revoke(12, 2, true));
    calls_rest(k);
}

static void a_waiter_that_is_killed_waits_no_more(void **state)
{
    (void)state;
    each_work(kill_waiter);
}

/* The one it waits for has ended in the event before, and it is revoked in this one. */
static void a_waiter_that_was_just_woken_is_killed(void **state)
{
    struct rescind_kernel *k = kernel_with(0);
    struct trace before = calls_trace(k);
    uint32_t child = child_of(k, 0), second;

    (void)state;
    calls_ok(k, 0, say_createvpe(12, 13));
    calls_ok(k, 0, say_start(12));
    second = calls_told().created;
    calls_ok(k, 0, kit_delegate(12, CHILD, 30, 1));
    calls_send(k, second, say_wait(30));
    calls_send(k, child, kit_exit(0));
    while (!vpe_at(k, child)->ended)
        calls_work(k);
    rescind_kernel_end(k, second, 1);
    kit_audit(k);
    calls_rest(k);
    assert_true(vpe_at(k, second)->ended);
    calls_ok(k, 0, kit_revoke(CHILD, 4, true));
    calls_rest(k);
    calls_same(k, &before);
    calls_free(k);
}

/* ---- Ends --------------------------------------------------------------------------------- */

/* Brings the child into a state, by which it is to be ended. */
enum plight { ASLEEP, RUNNING, RECEIVING, WAITING, EXCHANGING, REVOKING, ACTIVATING, PLIGHTS };

static uint32_t bring_into(struct rescind_kernel *k, enum plight plight)
{
    uint32_t child;

    calls_ok(k, 0, say_createvpe(CHILD, CHILD_MEM));
    child = calls_told().created;
    if (plight == ASLEEP)
        return child;
    calls_ok(k, 0, say_start(CHILD));
    calls_ok(k, 0, kit_delegate(CHILD, OTHER, 5, 1));
    calls_ok(k, child, say_attach(0, RING, 0, 8, 6));
    for (uint32_t i = 0; i < 4; i++)
        calls_ok(k, child, say_gate(0, 40 + i, RING, 0, 1));
    calls_ok(k, child, say_activate(5, RESCIND_NONE, 40));
    switch (plight) {
    case RECEIVING:
        calls_send(k, child, say_receive(RING, true));
        break;
    case WAITING:
        calls_send(k, child, say_wait(5));
        break;
    case EXCHANGING:
        calls_send(k, child, kit_delegate(5, 40, 140, 4));
        break;
    case REVOKING:
        calls_ok(k, child, kit_delegate(5, 40, 140, 4));
        calls_send(k, child, kit_revoke(40, 4, true));
        break;
    case ACTIVATING:
        calls_send(k, child, say_activate(5, RESCIND_NONE, 41));
        break;
    default:
        break;
    }
    return child;
}

static void is_revoked_in_any_plight(struct rescind_kernel *k)
{
    for (enum plight plight = ASLEEP; plight < PLIGHTS; plight++) {
        struct trace before = calls_trace(k);
        uint32_t child = bring_into(k, plight), ends = calls_told().ends;
        calls_send(k, 0, kit_revoke(CHILD, 2, true));
        calls_rest(k);
        assert_int_equal(calls_told().ended, child);
        assert_int_equal(calls_told().ends, ends + 1);
        struct answer answer;
        assert_true(calls_answer(k, 0, &answer));
        assert_int_equal(answer.error, RESCIND_NO_ERROR);
        calls_same(k, &before);
    }
}

static void a_child_is_revoked_whatever_it_does(void **state)
{
    (void)state;
    each_work(is_revoked_in_any_plight);
}

/* The same at every point of its calls, event by event. */
static void a_child_is_ended_at_any_event_of_its_call(void **state)
{
    (void)state;
    for (enum plight plight = RUNNING; plight < PLIGHTS; plight++) {
        for (uint32_t events = 0; events < 12; events++) {
            struct rescind_kernel *k = kernel_with(1);
            struct trace before = calls_trace(k);
            struct answer answer;
            uint32_t child = bring_into(k, plight);
            for (uint32_t i = 0; i < events && rescind_kernel_ready(k) >= 0; i++)
                calls_work(k);
            if (events % 2) {
                rescind_kernel_end(k, child, 5);
                kit_audit(k);
            }
            calls_send(k, 0, kit_revoke(CHILD, 2, true));
            calls_rest(k);
            assert_true(calls_answer(k, 0, &answer));
            assert_int_equal(answer.error, RESCIND_NO_ERROR);
            assert_int_equal(calls_told().ends, 1);
            calls_same(k, &before);
            calls_free(k);
        }
    }
}

/* VPE0 makes a child, which makes one, which makes one. */
static uint32_t three_generations(struct rescind_kernel *k, uint32_t generation[3])
{
    uint32_t maker = 0;

    for (uint32_t i = 0; i < 3; i++) {
        generation[i] = maker = calls_child(k, maker);
        if (i < 2)
            calls_ok(k, i == 0 ? 0 : generation[i - 1],
                     say_fund(CHILD, left_of(k, i == 0 ? 0 : generation[i - 1]) / 2, false));
    }
    return calls_told().ends;
}

static void the_first_of_three_is_revoked(struct rescind_kernel *k)
{
    uint32_t generation[3], ends = three_generations(k, generation);

    revoke_child(k, 0);
    assert_int_equal(calls_told().ends, ends + 3);
}

/* The last one has its nodes in another's table, and the others are gone all the same. */
static void what_the_last_has_paid_for_lives_on(struct rescind_kernel *k)
{
    uint32_t generation[3], numbers = calls_trace(k).vpes;

    three_generations(k, generation);
    calls_ok(k, 0, kit_delegate(CHILD, OTHER, 30, 1));
    calls_ok(k, generation[0], kit_delegate(CHILD, 30, 30, 1));
    calls_ok(k, generation[1], kit_delegate(CHILD, 30, 30, 1));
    calls_ok(k, generation[2], say_attach(30, RING, 0, 8, 6)); /* on VPE1 */
    revoke_child(k, 0);
    /* Its number is kept, and that of its heir where that has ended before its own maker. */
    assert_in_range(calls_trace(k).vpes, numbers + 1, numbers + 2);
    calls_ok(k, 1, say_detach(0, RING));
    assert_int_equal(calls_trace(k).vpes, numbers);
}

static void the_first_of_three_exits(struct rescind_kernel *k)
{
    uint32_t generation[3], ends = three_generations(k, generation);
    struct answer answer;

    calls_send(k, generation[2], say_receive(RING, true)); /* refused: there is no buffer */
    calls_send(k, generation[0], kit_exit(4));
    calls_rest(k);
    assert_int_equal(calls_told().ends, ends + 3);
    answer = calls_ask(k, 0, say_wait(CHILD));
    assert_int_equal(answer.error, RESCIND_NO_ERROR);
    assert_int_equal(answer.words[0], 4);
    revoke_child(k, 0);
}

static void the_last_of_three_exits_first(struct rescind_kernel *k)
{
    uint32_t generation[3];

    three_generations(k, generation);
    calls_send(k, generation[2], kit_exit(1));
    calls_rest(k);
    calls_send(k, generation[1], kit_exit(1));
    calls_rest(k);
    assert_true(kit_holds(k, generation[0], CHILD));
    calls_send(k, generation[0], kit_exit(1));
    calls_rest(k);
    revoke_child(k, 0);
}

static void whole_families_end_and_leave_nothing(void **state)
{
    (void)state;
    each_work(the_first_of_three_is_revoked);
    each_work(what_the_last_has_paid_for_lives_on);
    each_work(the_first_of_three_exits);
    each_work(the_last_of_three_exits_first);
}

/* The maker of the boot configuration ends: all it had is the kernel's then. */
static void the_end_of_a_maker_is_the_end_of_its_family(void **state)
{
    (void)state;
    for (unsigned i = 0; i < WORKS; i++) {
        struct rescind_kernel *k = kernel_with(works[i]);
        uint32_t generation[3], first = *account_at(k, ACCOUNT_KERNEL), held = kit_count(k, 1);
        three_generations(k, generation);
        calls_send(k, 0, kit_exit(0));
        calls_rest(k);
        assert_int_equal(calls_told().ends, 4);
        /* Its quota and selectors 0 and 1 with the memory object, and the copy of VPE1's. */
        assert_int_equal(*account_at(k, ACCOUNT_KERNEL), first + 120 + 3 + 1 + 1);
        assert_int_equal(kit_count(k, 1), held - 1);
        calls_free(k);
    }
}

static void a_maker_waits_while_its_child_exits(struct rescind_kernel *k)
{
    uint32_t child = child_of(k, 0);
    struct answer answer;

    calls_send(k, 0, say_wait(CHILD));
    calls_send(k, child, say_wait(0)); /* for itself: refused */
    calls_rest(k);
    assert_true(calls_answer(k, child, &answer));
    assert_int_equal(answer.error, RESCIND_INV_ARGS);
    calls_send(k, child, kit_exit(1));
    calls_rest(k);
    assert_true(calls_answer(k, 0, &answer));
    assert_int_equal(answer.words[0], 1);
    revoke_child(k, 0);
}

static void a_child_exits_while_its_maker_waits(void **state)
{
    (void)state;
    each_work(a_maker_waits_while_its_child_exits);
}

/* A revocation takes selector 0 while a call goes on that can't be cancelled; meanwhile another
 * puts something there. */
static void something_comes_to_selector_0_of_one_that_ends(void **state)
{
    struct rescind_kernel *k = kernel_with(1);
    struct trace before = calls_trace(k);
    uint32_t child;

    (void)state;
    calls_ok(k, 1, say_gate(0, GATE, RING, 0, 1));
    child = child_of(k, 0);
    calls_ok(k, 0, kit_delegate(OTHER, CHILD, 30, 1));
    calls_ok(k, 0, kit_delegate(CHILD, OTHER, 5, 1));
    for (uint32_t i = 0; i < 8; i++)
        calls_ok(k, child, say_gate(0, 40 + i, RING, 0, 1));
    calls_send(k, child, kit_delegate(5, 40, 140, 8));
    calls_send(k, 0, kit_revoke(CHILD, 1, true));
    for (uint32_t i = 0; i < 200 && rescind_kernel_ready(k) >= 0; i++) {
        calls_work(k);
        if (rescind_kernel_vpe_state(k, 1) == RESCIND_VPE_RUNNING) {
            struct answer answer;
            calls_answer(k, 1, &answer);
            calls_send(k, 1, kit_delegate(30, GATE, 0, 1));
        }
    }
    calls_rest(k);
    assert_true(vpe_at(k, child)->ended);
    for (struct answer answer; calls_answer(k, 0, &answer) || calls_answer(k, 1, &answer);)
        ;
    calls_ok(k, 0, kit_revoke(CHILD_MEM, 1, true));
    calls_ok(k, 1, kit_revoke(GATE, 1, true));
    calls_rest(k);
    calls_same(k, &before);
    calls_free(k);
}

/* ---- Its memory ---------------------------------------------------------------------------- */

/* The maker takes the memory away, and another puts a gate in its place. */
static void memory_is_taken_from(struct rescind_kernel *k)
{
    uint32_t child = child_of(k, 0);

    calls_ok(k, child, say_attach(0, RING, 0, 8, 6));
    calls_send(k, child, say_receive(RING, true));
    calls_rest(k);
    calls_ok(k, 0, kit_revoke(CHILD_MEM, 1, true));
    struct answer answer;
    assert_true(calls_answer(k, child, &answer));
    assert_int_equal(answer.error, RESCIND_RECV_GONE);
    assert_false(kit_holds(k, child, RESCIND_SEL_MEM));
    calls_refused(k, child, say_attach(0, RING, 0, 8, 6), RESCIND_INV_ARGS);
    calls_refused(k, child, say_receive(RING, true), RESCIND_EP_INVALID);
    calls_ok(k, 0, say_gate(0, GATE, RING, 0, 1));
    calls_ok(k, 0, kit_delegate(CHILD, GATE, RESCIND_SEL_MEM, 1));
    calls_refused(k, child, say_attach(0, RING, 0, 8, 6), RESCIND_INV_ARGS);
    calls_ok(k, 0, kit_delegate(CHILD, 1, 30, 1)); /* it is alive all the same */
    calls_ok(k, 0, kit_revoke(CHILD, GATE, true));
    calls_rest(k);
}

static void a_child_lives_on_without_its_memory(void **state)
{
    (void)state;
    each_work(memory_is_taken_from);
}

/* ---- Numbers ------------------------------------------------------------------------------- */

static void a_number_is_used_again(struct rescind_kernel *k)
{
    uint32_t child = child_of(k, 0), next;
    struct answer answer;

    calls_ok(k, child, say_attach(0, RING, 0, 8, 6));
    calls_ok(k, child, say_gate(0, 40, RING, 0, 4));
    calls_ok(k, 0, say_gate(CHILD, GATE, RING, 0, 4)); /* VPE0's own: it stays */
    calls_ok(k, 0, say_activate(6, RESCIND_NONE, GATE));
    calls_ok(k, 0, say_send(6, RESCIND_NONE, 1));
    calls_send(k, child, kit_exit(1));
    calls_rest(k);
    calls_ok(k, 0, say_createvpe(30, 31)); /* CHILD names the first one still */
    assert_int_not_equal(calls_told().created, child);
    calls_ok(k, 0, kit_revoke(30, 2, true));
    revoke_child(k, 0);
    calls_refused(k, 0, say_send(6, RESCIND_NONE, 1), RESCIND_RECV_GONE);
    do { /* until that number comes */
        calls_ok(k, 0, say_createvpe(30, 31));
        next = calls_told().created;
        if (next != child) {
            calls_ok(k, 0, kit_delegate(OTHER, 30, 60, 1));
            fail_msg("number %u is not used again first", child);
        }
    } while (next != child);
    calls_ok(k, 0, say_start(30));
    calls_ok(k, next, say_attach(0, RING, 0, 8, 6));
    calls_refused(k, 0, say_send(6, RESCIND_NONE, 1), RESCIND_RECV_GONE);
    calls_refused(k, next, say_receive(RING, false), RESCIND_END_OF_FILE);
    calls_ok(k, 0, say_activate(6, GATE, RESCIND_NONE));
    calls_ok(k, 0, say_activate(6, RESCIND_NONE, GATE)); /* activated anew */
    calls_refused(k, 0, say_send(6, RESCIND_NONE, 1), RESCIND_RECV_GONE);
    answer = calls_ask(k, next, say_receive(RING, false));
    assert_int_equal(answer.error, RESCIND_END_OF_FILE);
    calls_ok(k, 0, kit_revoke(GATE, 20, true));
    calls_rest(k);
}

static void gates_to_a_dead_vpe_do_not_reach_who_has_its_number(void **state)
{
    (void)state;
    each_work(a_number_is_used_again);
}

static void a_thousand_lives_leave_nothing(void **state)
{
    struct rescind_kernel *k = kernel_with(0);
    struct trace before = calls_trace(k);
    uint32_t high = 0;

    (void)state;
    for (uint32_t i = 0; i < 1000; i++) {
        uint32_t child = child_of(k, i % 2);
        calls_ok(k, child, say_attach(0, RING, 0, 8, 6));
        calls_ok(k, child, say_gate(0, 40, RING, 0, 1));
        calls_ok(k, child, say_activate(5, RESCIND_NONE, 40));
        calls_ok(k, child, say_send(5, RESCIND_NONE, i));
        if (i % 3 != 0)
            calls_send(k, child, kit_exit(i));
        revoke_child(k, i % 2);
        calls_same(k, &before);
        high = i == 10 ? k->pool.high : high;
    }
    assert_int_equal(k->pool.high, high);
    assert_int_equal(calls_told().ends, 1000);
    assert_true(k->vpe_count <= 4);
    calls_free(k);
}

/* VPE1 exchanges with a child of VPE0, whose end comes in between. */
static void ends_in_an_exchange(struct rescind_kernel *k, uint32_t events, bool obtain, bool exits)
{
    struct trace before = calls_trace(k);
    uint32_t child = child_of(k, 0);
    struct answer answer;

    calls_ok(k, 0, kit_delegate(OTHER, CHILD, 30, 1));
    for (uint32_t i = 0; i < 4; i++) {
        calls_ok(k, 1, say_gate(0, 40 + i, RING, 0, 1));
        calls_ok(k, child, say_gate(0, 50 + i, RING, 0, 1));
    }
    calls_send(k, 1, obtain ? kit_obtain(30, 60, 50, 4) : kit_delegate(30, 40, 60, 4));
    for (uint32_t i = 0; i < events && rescind_kernel_ready(k) >= 0; i++)
        calls_work(k);
    if (exits)
        calls_send(k, child, kit_exit(0));
    else
        calls_send(k, 0, kit_revoke(CHILD, 2, true));
    calls_rest(k);
    assert_true(calls_answer(k, 1, &answer));
    assert_true(answer.error == RESCIND_NO_ERROR || answer.error == RESCIND_INV_ARGS);
    assert_false(kit_holds(k, 1, 60) || kit_holds(k, 1, 63));
    if (exits)
        revoke_child(k, 0);
    else
        assert_true(calls_answer(k, 0, &answer));
    calls_ok(k, 1, kit_revoke(40, 4, true));
    calls_same(k, &before);
}

static void a_vpe_ends_in_the_middle_of_exchanges_with_it(void **state)
{
    (void)state;
    for (uint32_t events = 0; events < 16; events++) {
        struct rescind_kernel *k = kernel_with(1);
        for (int i = 0; i < 4; i++)
            ends_in_an_exchange(k, events, i % 2, i / 2);
        calls_free(k);
    }
}

/* What is paid for by one that has ended, and lives on in another's tables, comes back to who has
 * funded it when that goes. */
static void nodes_come_back_to_the_funder_after_the_end(struct rescind_kernel *k)
{
    uint32_t child = child_of(k, 0), mine;

    calls_ok(k, 0, kit_delegate(CHILD, OTHER, 30, 1));
    calls_ok(k, child, say_attach(30, RING, 0, 8, 6)); /* on VPE1, of its memory */
    calls_send(k, child, kit_exit(0));
    calls_rest(k);
    revoke_child(k, 0);
    mine = left_of(k, 0);
    calls_ok(k, 0, say_createvpe(CHILD, CHILD_MEM)); /* it has another's number, or its own */
    calls_ok(k, 0, kit_revoke(CHILD, 2, true));
    calls_rest(k);
    assert_int_equal(left_of(k, 0), mine);
    calls_ok(k, 1, say_detach(0, RING));
    assert_int_equal(left_of(k, 0), mine + 6);
}

static void nodes_that_outlive_their_payer_go_to_its_funder(void **state)
{
    (void)state;
    each_work(nodes_come_back_to_the_funder_after_the_end);
}

/* The same for a payer of the boot configuration: the kernel gets them. */
static void nodes_that_outlive_a_boot_vpe_are_the_kernels(void **state)
{
    struct rescind_kernel *k = kernel_with(0);
    uint32_t kernels;

    (void)state;
    calls_ok(k, 0, say_attach(OTHER, RING, 0, 8, 6));
    calls_send(k, 0, kit_exit(0));
    calls_rest(k);
    kernels = *account_at(k, ACCOUNT_KERNEL);
    calls_ok(k, 1, say_detach(0, RING));
    assert_int_equal(*account_at(k, ACCOUNT_KERNEL), kernels + 6);
    calls_free(k);
}

/* It ends while a fault withholds nodes: with the fault's end they are back, too. */
static void a_vpe_ends_while_nodes_are_withheld(struct rescind_kernel *k)
{
    child_of(k, 0);
    rescind_kernel_starve(k, 3);
    revoke_child(k, 0);
    rescind_kernel_starve(k, UINT32_MAX);
    kit_audit(k);
}

static void a_fault_takes_no_nodes_for_good(void **state)
{
    (void)state;
    each_work(a_vpe_ends_while_nodes_are_withheld);
}

/* ---- Across kernels ------------------------------------------------------------------------ */

static uint32_t the_first(void *user, uint32_t n)
{
    (void)user;
    (void)n;
    return 0;
}

static uint32_t any(void *user, uint32_t n)
{
    uint64_t *seed = user;

    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*seed >> 33) % n;
}

static enum rescind_error call_across(struct system *s, uint32_t vpe, struct message message)
{
    struct answer answer;

    kit_send(s->k[0], vpe, message);
    assert_true(system_rest(s));
    assert_true(calls_answer(s->k[0], vpe, &answer));
    return (enum rescind_error)answer.error;
}

static void audit_across(const struct system *s)
{
    struct rescind_finding finding;

    if (!system_audit(s, &finding))
        fail_msg("%s is broken at %u: %s", finding.name, finding.where, finding.sentence);
}

/* A child of the first kernel exchanges with a VPE of the second one; after so many events its
 * maker revokes it, and then anything may come next. */
static void revoked_in_an_exchange_across(uint32_t events, bool obtain, uint64_t seed)
{
    struct system *s = system_new_roomy(2, 1, 3, 200, 1, 8 * RESCIND_PAGE);
    const uint32_t there = system_sel(s, 1, 0), child = 1;
    uint32_t used[2];
    struct answer answer;

    for (uint32_t i = 0; i < 3; i++) {
        kit_send(s->k[1], 0, kit_creategate(50 + i));
        assert_true(system_rest(s) && calls_answer(s->k[1], 0, &answer));
    }
    used[0] = pool_used(s->k[0]);
    used[1] = pool_used(s->k[1]);
    assert_int_equal(call_across(s, 0, say_createvpe(CHILD, CHILD_MEM)), RESCIND_NO_ERROR);
    assert_int_equal(call_across(s, 0, say_start(CHILD)), RESCIND_NO_ERROR);
    assert_int_equal(call_across(s, 0, kit_delegate(CHILD, there, 5, 1)), RESCIND_NO_ERROR);
    for (uint32_t i = 0; i < 3; i++)
        assert_int_equal(call_across(s, child, kit_creategate(40 + i)), RESCIND_NO_ERROR);
    kit_send(s->k[0], child, obtain ? kit_obtain(5, 60, 50, 3) : kit_delegate(5, 40, 60, 3));
    for (uint32_t i = 0; i < events && system_event(s, the_first, NULL); i++)
        audit_across(s);
    kit_send(s->k[0], 0, kit_revoke(CHILD, 2, true));
    for (audit_across(s); system_event(s, any, &seed);)
        audit_across(s);
    assert_true(calls_answer(s->k[0], 0, &answer));
    assert_int_equal(answer.error, RESCIND_NO_ERROR);
    assert_int_equal(rescind_kernel_vpe_state(s->k[0], child), RESCIND_VPE_ENDED);
    assert_false(kit_holds(s->k[1], 0, 60));
    assert_int_equal(pool_used(s->k[0]), used[0]);
    assert_int_equal(pool_used(s->k[1]), used[1]);
    assert_true(system_audit_rest(s, NULL));
    system_free(s);
}

static void a_child_is_revoked_while_it_exchanges_across_kernels(void **state)
{
    (void)state;
    for (uint32_t events = 0; events < 30; events++)
        for (int i = 0; i < 4; i++)
            revoked_in_an_exchange_across(events, i % 2, events * 4 + i);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(createvpe_refuses_what_makes_no_sense),
        cmocka_unit_test(createvpe_is_refused_when_no_number_is_left),
        cmocka_unit_test(createvpe_is_refused_when_no_memory_is_left),
        cmocka_unit_test(createvpe_fails_whole_when_nodes_are_short),
        cmocka_unit_test(createvpe_is_paid_from_its_makers_account),
        cmocka_unit_test(vpectrl_refuses_what_makes_no_sense),
        cmocka_unit_test(fund_moves_what_is_there_between_maker_and_made),
        cmocka_unit_test(a_new_vpe_holds_itself_and_its_memory),
        cmocka_unit_test(a_vpe_with_a_pager_has_an_endpoint_to_it),
        cmocka_unit_test(all_who_wait_get_the_exit_code_before_and_after),
        cmocka_unit_test(who_waits_for_one_that_is_revoked_is_told_so),
        cmocka_unit_test(a_code_is_told_though_nothing_names_the_vpe_any_more),
        cmocka_unit_test(a_waiter_that_is_killed_waits_no_more),
        cmocka_unit_test(a_waiter_that_was_just_woken_is_killed),
        cmocka_unit_test(a_child_is_revoked_whatever_it_does),
        cmocka_unit_test(a_child_is_ended_at_any_event_of_its_call),
        cmocka_unit_test(whole_families_end_and_leave_nothing),
        cmocka_unit_test(the_end_of_a_maker_is_the_end_of_its_family),
        cmocka_unit_test(a_child_exits_while_its_maker_waits),
        cmocka_unit_test(something_comes_to_selector_0_of_one_that_ends),
        cmocka_unit_test(a_child_lives_on_without_its_memory),
        cmocka_unit_test(gates_to_a_dead_vpe_do_not_reach_who_has_its_number),
        cmocka_unit_test(a_thousand_lives_leave_nothing),
        cmocka_unit_test(a_vpe_ends_in_the_middle_of_exchanges_with_it),
        cmocka_unit_test(nodes_that_outlive_their_payer_go_to_its_funder),
        cmocka_unit_test(nodes_that_outlive_a_boot_vpe_are_the_kernels),
        cmocka_unit_test(a_fault_takes_no_nodes_for_good),
        cmocka_unit_test(a_child_is_revoked_while_it_exchanges_across_kernels),
    };
    return cmocka_run_group_tests_name("vpe", tests, NULL, NULL);
}

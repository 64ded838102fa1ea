/* Endpoints and messages: ACTIVATE, ATTACHRB, DETACHRB, SEND, RECEIVE, REPLY and ACK, and what
 * revocation does to them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cap/table.h"
#include "object/endpoint.h"
#include "object/irq.h"
#include "object/vpe.h"
#include "rescind/kernel.h"
#include "tests/calls.h"

/* VPE0 receives at RB and has the gate at GATE; VPE1 has a copy of it there, active at EP, and
 * receives replies at RB, too. */
enum { RB = 4, EP = 5, GATE = 20, GATE2 = 21, WORKS = 2, LABEL = 77, NONE = RESCIND_NONE };
static const uint32_t works[WORKS] = {1, 0}; /* the least, and the default */

static struct rescind_kernel *kernel_with(uint32_t work)
{
    return calls_new(
        &(struct calls_config){.vpes = 7, .nodes = 400, .work = work, .quota = {120, 120}});
}

static void connect(struct rescind_kernel *k, uint64_t credits)
{
    calls_ok(k, 0, say_attach(0, RB, 1024, 8, 6)); /* 4 slots of 64 bytes */
    calls_ok(k, 1, say_attach(0, RB, 0, 7, 6));    /* 2 */
    calls_ok(k, 0, say_gate(0, GATE, RB, LABEL, credits));
    calls_ok(k, 0, kit_delegate(OTHER, GATE, GATE, 1));
    calls_ok(k, 1, say_activate(EP, NONE, GATE));
}

/* Runs a test with each amount of work, between VPEs that are connected; all that there was before
 * is there again once what connects them is gone. */
static void each_work(void (*test)(struct rescind_kernel *k), uint64_t credits)
{
    for (unsigned i = 0; i < WORKS; i++) {
        struct rescind_kernel *k = kernel_with(works[i]);
        struct trace before = calls_trace(k);
        connect(k, credits);
        test(k);
        calls_error(k, 0, say_detach(0, RB));
        calls_error(k, 1, say_detach(0, RB));
        calls_ok(k, 0, kit_revoke(10, 30, true));
        calls_ok(k, 1, kit_revoke(10, 30, true));
        calls_rest(k);
        calls_same(k, &before);
        calls_free(k);
    }
}

/* What `vpe` receives at RB: its number, or -1 where there is nothing. The id goes to *id. */
static int64_t take(struct rescind_kernel *k, uint32_t vpe, uint64_t *id)
{
    struct answer got = calls_ask(k, vpe, say_receive(RB, false));

    if (got.error == RESCIND_END_OF_FILE)
        return -1;
    assert_int_equal(got.error, RESCIND_NO_ERROR);
    assert_int_not_equal(got.words[0], 0);
    if (id != NULL)
        *id = got.words[0];
    assert_int_equal(got.words[3], 8);
    return (int64_t)got.words[4];
}

static void too_short(struct rescind_kernel *k, struct message m)
{
    for (m.size -= 8; m.size > 0; m.size -= 8)
        calls_refused(k, 1, m, RESCIND_INV_ARGS);
}

/* ---- What is refused ---------------------------------------------------------------------- */

static void activate_refuses(struct rescind_kernel *k)
{
    too_short(k, say_activate(6, NONE, GATE));
    for (uint32_t ep = 0; ep < 2; ep++)
        calls_refused(k, 1, say_activate(ep, NONE, GATE), RESCIND_INV_ARGS);
    calls_refused(k, 1, say_activate(16, NONE, GATE), RESCIND_INV_ARGS);
    calls_refused(k, 1, say_activate(UINT32_MAX, NONE, GATE), RESCIND_INV_ARGS);
    calls_refused(k, 1, say_activate(6, NONE, 50), RESCIND_INV_ARGS);    /* nothing there */
    calls_refused(k, 1, say_activate(6, NONE, OTHER), RESCIND_INV_ARGS); /* neither of them */
    calls_refused(k, 1, say_activate(6, GATE, GATE), RESCIND_INV_ARGS);  /* nothing active */
    calls_refused(k, 1, say_activate(EP, RESCIND_SEL_MEM, GATE), RESCIND_INV_ARGS);
    calls_refused(k, 1, say_activate(EP, 50, GATE), RESCIND_INV_ARGS);
    calls_refused(k, 1, say_activate(RB, NONE, GATE), RESCIND_INV_ARGS); /* it receives there */
    calls_refused(k, 1, say_activate(RB, RESCIND_SEL_MEM, NONE), RESCIND_INV_ARGS);
    calls_ok(k, 1, say_activate(EP, GATE, GATE));
    calls_ok(k, 1, say_activate(EP, GATE, RESCIND_SEL_MEM));
    calls_refused(k, 1, say_activate(EP, GATE, NONE), RESCIND_INV_ARGS);
    calls_ok(k, 1, say_activate(EP, RESCIND_SEL_MEM, NONE));
    calls_refused(k, 1, say_send(EP, NONE, 1), RESCIND_EP_INVALID);
    calls_ok(k, 1, say_activate(EP, NONE, NONE)); /* nothing comes of nothing */
}

static void attach_refuses(struct rescind_kernel *k)
{
    const struct message bad[] = {
        say_attach(50, 6, 0, 8, 6),
        say_attach(GATE, 6, 0, 8, 6),
        say_attach(0, 0, 0, 8, 6),
        say_attach(0, 1, 0, 8, 6),
        say_attach(0, 16, 0, 8, 6),
        say_attach(0, 6, 4, 8, 6),
        say_attach(0, 6, RESCIND_VPE_MEMORY - 248, 8, 6),
        say_attach(0, 6, RESCIND_VPE_MEMORY, 8, 6),
        say_attach(0, 6, UINT64_MAX - 7, 8, 6),
        say_attach(0, 6, 0, 14, 9),
        say_attach(0, 6, 0, 8, 4),
        say_attach(0, 6, 0, 12, 10),
        say_attach(0, 6, 0, 6, 6),
        say_attach(0, 6, 0, 12, 6),
        say_attach(0, 6, 0, 5, 6),
        say_attach(0, 6, 0, UINT32_MAX, 6),
        say_attach(0, 6, 0, 8, UINT32_MAX),
    };

    too_short(k, say_attach(0, 6, 0, 8, 6));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        calls_refused(k, 1, bad[i], RESCIND_INV_ARGS);
    calls_refused(k, 1, say_attach(0, RB, 0, 8, 6), RESCIND_EXISTS);
    calls_refused(k, 1, say_attach(0, EP, 0, 8, 6), RESCIND_EXISTS);
    calls_refused(k, 0, say_attach(OTHER, EP, 0, 8, 6), RESCIND_EXISTS);
    calls_ok(k, 1, say_attach(0, 6, RESCIND_VPE_MEMORY - 256, 8, 6)); /* at the very end */
    calls_ok(k, 1, say_attach(0, 15, 0, 10, 5));                      /* the most slots */
    calls_ok(k, 1, say_detach(0, 15));
    calls_ok(k, 1, say_detach(0, 6));
}

static void detach_refuses(struct rescind_kernel *k)
{
    too_short(k, say_detach(0, RB));
    calls_refused(k, 1, say_detach(50, RB), RESCIND_INV_ARGS);
    calls_refused(k, 1, say_detach(GATE, RB), RESCIND_INV_ARGS);
    calls_refused(k, 1, say_detach(0, 1), RESCIND_INV_ARGS);
    calls_refused(k, 1, say_detach(0, 16), RESCIND_INV_ARGS);
    calls_refused(k, 1, say_detach(0, 6), RESCIND_EP_INVALID);
    calls_refused(k, 1, say_detach(0, EP), RESCIND_EP_INVALID);
}

static void messages_are_refused(struct rescind_kernel *k)
{
    uint64_t id;

    too_short(k, say_send(EP, RB, 1));
    too_short(k, say_receive(RB, false));
    too_short(k, say_reply(RB, 1, 1));
    too_short(k, say_ack(RB, 1));
    calls_refused(k, 1, say_send(16, NONE, 1), RESCIND_INV_ARGS);
    calls_refused(k, 1, say_send(6, NONE, 1), RESCIND_EP_INVALID);
    calls_refused(k, 1, say_send(RB, NONE, 1), RESCIND_EP_INVALID);
    calls_refused(k, 1, say_send(EP, EP, 1), RESCIND_EP_INVALID);
    calls_refused(k, 1, say_send(EP, 0, 1), RESCIND_EP_INVALID);
    calls_refused(k, 1, say_send(EP, 400, 1), RESCIND_EP_INVALID);
    calls_refused(k, 1, say_send_bytes(EP, NONE, 385), RESCIND_INV_ARGS);
    calls_refused(k, 1, say_send_bytes(EP, NONE, 64 - 25 + 1), RESCIND_INV_ARGS);
    calls_refused(k, 0, say_receive(RB, false), RESCIND_END_OF_FILE);
    calls_refused(k, 0, say_receive(16, false), RESCIND_INV_ARGS);
    calls_refused(k, 0, say_receive(6, true), RESCIND_EP_INVALID);
    calls_refused(k, 1, say_receive(EP, true), RESCIND_EP_INVALID);
    calls_refused(k, 0, say_reply(RB, 0, 1), RESCIND_INV_ARGS);
    calls_refused(k, 0, say_reply(6, 1, 1), RESCIND_EP_INVALID);
    calls_refused(k, 1, say_reply(EP, 1, 1), RESCIND_EP_INVALID);
    calls_refused(k, 0, say_reply(16, 1, 1), RESCIND_INV_ARGS);
    calls_refused(k, 0, say_ack(RB, 0), RESCIND_INV_ARGS);
    calls_refused(k, 0, say_ack(6, 1), RESCIND_EP_INVALID);
    calls_refused(k, 1, say_ack(EP, 1), RESCIND_EP_INVALID);
    calls_refused(k, 0, say_ack(16, 1), RESCIND_INV_ARGS);
    calls_ok(k, 1, say_send(EP, NONE, 1));
    calls_refused(k, 0, say_ack(RB, 1), RESCIND_INV_ARGS); /* it has not been received */
    assert_int_equal(take(k, 0, &id), 1);
    calls_refused(k, 0, say_reply(RB, id, 1), RESCIND_INV_ARGS); /* none is wanted */
    calls_refused(k, 0, say_reply_bytes(RB, id, 385), RESCIND_INV_ARGS);
    calls_refused(k, 0, say_reply(RB, id + 1, 1), RESCIND_INV_ARGS);
    calls_ok(k, 0, say_ack(RB, id));
    calls_refused(k, 0, say_ack(RB, id), RESCIND_INV_ARGS);
    calls_ok(k, 1, say_send(EP, RB, 2));
    assert_int_equal(take(k, 0, &id), 2);
    calls_refused(k, 0, say_reply_bytes(RB, id, 64 - 25 + 1), RESCIND_INV_ARGS);
    calls_ok(k, 0, say_reply_bytes(RB, id, 64 - 25)); /* it has stayed open */
    calls_ok(k, 1, say_send_bytes(EP, NONE, 0));      /* the least, and the most */
    calls_ok(k, 1, say_send_bytes(EP, NONE, 64 - 25));
}

static void what_makes_no_sense_is_refused_and_changes_nothing(void **state)
{
    (void)state;
    each_work(activate_refuses, 8);
    each_work(attach_refuses, 8);
    each_work(detach_refuses, 8);
    each_work(messages_are_refused, 8);
}

/* Each call with too few nodes, and with the first number that suffices. */
static void needs(struct rescind_kernel *k, uint32_t vpe, struct message m, uint32_t nodes)
{
    for (uint32_t some = 0; some < nodes; some++) {
        struct trace before = calls_trace(k);
        rescind_kernel_starve(k, some);
        assert_int_equal(calls_error(k, vpe, m), RESCIND_OUT_OF_MEM);
        rescind_kernel_starve(k, UINT32_MAX);
        calls_same(k, &before);
    }
    rescind_kernel_starve(k, nodes);
    assert_int_equal(calls_error(k, vpe, m), RESCIND_NO_ERROR);
    rescind_kernel_starve(k, UINT32_MAX);
}

static void calls_fail_whole_when_nodes_are_short(void **state)
{
    struct rescind_kernel *k = calls_new(&(struct calls_config){.vpes = 4, .nodes = 200});
    uint64_t id;

    (void)state;
    connect(k, 8);
    needs(k, 0, say_attach(0, 6, 0, 8, 6), 2 + 4);
    needs(k, 1, say_activate(6, NONE, GATE), 2);
    needs(k, 1, say_activate(7, NONE, RESCIND_SEL_MEM), 2);
    needs(k, 1, say_activate(6, GATE, RESCIND_SEL_MEM), 2);
    needs(k, 1, say_send(EP, RB, 3), 0); /* messages never want for memory */
    rescind_kernel_starve(k, 0);
    assert_int_equal(take(k, 0, &id), 3);
    calls_ok(k, 0, say_reply(RB, id, 4));
    assert_int_equal(take(k, 1, NULL), 4);
    rescind_kernel_starve(k, UINT32_MAX);
    calls_free(k);
}

static void an_accounts_own_limit_counts(struct rescind_kernel *k)
{
    uint32_t sel = 22;

    while (account_left(k, vpe_at(k, 1)->account) >= 2)
        calls_ok(k, 1, say_gate(0, 100 + sel++, RB, 0, 1));
    calls_refused(k, 1, say_activate(6, NONE, GATE), RESCIND_OUT_OF_MEM);
    calls_ok(k, 1, kit_revoke(100, 24, true));
    calls_ok(k, 1, say_activate(6, NONE, GATE));
    calls_refused(k, 1, say_attach(0, 7, 0, 8, 6), RESCIND_OUT_OF_MEM);
    calls_ok(k, 1, kit_revoke(100, 100, true));
    calls_ok(k, 1, say_attach(0, 7, 0, 8, 6));
    calls_ok(k, 1, say_detach(0, 7));
}

static void endpoints_are_paid_from_the_account_of_who_makes_them(void **state)
{
    (void)state;
    each_work(an_accounts_own_limit_counts, 8);
}

/* ---- Messages ------------------------------------------------------------------------------ */

static void credits_are_spent(struct rescind_kernel *k)
{
    uint64_t ids[2];

    calls_ok(k, 1, say_send(EP, RB, 1));
    calls_ok(k, 1, say_send(EP, NONE, 2));
    calls_refused(k, 1, say_send(EP, RB, 3), RESCIND_MISS_CREDITS);
    assert_int_equal(take(k, 0, &ids[0]), 1);
    assert_int_equal(take(k, 0, &ids[1]), 2);
    calls_refused(k, 1, say_send(EP, RB, 3), RESCIND_MISS_CREDITS); /* open is not answered */
    calls_ok(k, 0, say_ack(RB, ids[1]));
    calls_refused(k, 1, say_send(EP, RB, 3), RESCIND_MISS_CREDITS); /* ACK gives none back */
    calls_ok(k, 0, say_reply(RB, ids[0], 10));
    calls_ok(k, 1, say_send(EP, RB, 3));
    calls_refused(k, 1, say_send(EP, RB, 4), RESCIND_MISS_CREDITS);
    assert_int_equal(take(k, 1, NULL), 10);
    assert_int_equal(take(k, 1, NULL), -1);
    calls_ok(k, 1, say_activate(EP, GATE, GATE)); /* anew, and what it had sent is gone */
    assert_int_equal(take(k, 0, NULL), -1);
    calls_ok(k, 1, say_send(EP, NONE, 5));
    assert_int_equal(take(k, 0, NULL), 5);
}

/* A reply to what an endpoint has sent that is not active any more gives its successor nothing. */
static void credits_of_an_endpoint_are_its_own(struct rescind_kernel *k)
{
    uint64_t id;

    calls_ok(k, 1, say_send(EP, RB, 1));
    assert_int_equal(take(k, 0, &id), 1);
    calls_ok(k, 1, say_activate(EP, GATE, GATE));
    calls_ok(k, 1, say_send(EP, RB, 2));
    calls_ok(k, 1, say_send(EP, RB, 3));
    calls_ok(k, 0, say_reply(RB, id, 9));
    assert_int_equal(take(k, 1, NULL), 9);
    calls_refused(k, 1, say_send(EP, RB, 4), RESCIND_MISS_CREDITS);
}

static void a_credit_is_spent_by_a_message_and_comes_back_with_its_reply(void **state)
{
    (void)state;
    each_work(credits_are_spent, 2);
    each_work(credits_of_an_endpoint_are_its_own, 2);
}

static void in_order(struct rescind_kernel *k)
{
    uint64_t ids[4], id, last = 0;
    struct answer got;

    for (int round = 0; round < 5; round++) {
        for (int i = 0; i < 4; i++)
            calls_ok(k, 1, say_send(EP, RB, 100 + i));
        for (int i = 0; i < 4; i++) {
            assert_int_equal(take(k, 0, &ids[i]), 100 + i);
            assert_true(ids[i] > last);
            last = ids[i];
        }
        for (int i = 3; i >= 0; i -= 2) { /* VPE1 has two slots */
            calls_ok(k, 0, say_reply(RB, ids[i], 200 + i));
            calls_ok(k, 0, say_reply(RB, ids[i - 1], 200 + i - 1));
            got = calls_ask(k, 1, say_receive(RB, false));
            assert_int_equal(got.error, RESCIND_NO_ERROR);
            assert_int_equal(got.words[1], 100 + i); /* the label that was asked for */
            assert_true(got.words[2]);               /* a reply */
            assert_int_equal(got.words[4], 200 + i);
            assert_int_equal(take(k, 1, &id), 200 + i - 1);
            calls_refused(k, 1, say_ack(RB, id), RESCIND_INV_ARGS); /* done with already */
        }
    }
    calls_ok(k, 1, say_send(EP, RB, 1));
    got = calls_ask(k, 0, say_receive(RB, true));
    assert_int_equal(got.words[1], LABEL);
    assert_false(got.words[2]);
}

static void messages_arrive_in_their_order_and_replies_under_their_label(void **state)
{
    (void)state;
    each_work(in_order, 8);
}

static void rings_fill(struct rescind_kernel *k)
{
    uint64_t ids[4];

    for (int i = 0; i < 4; i++)
        calls_ok(k, 1, say_send(EP, RB, i));
    calls_refused(k, 1, say_send(EP, RB, 4), RESCIND_NO_RING_SPACE);
    for (int i = 0; i < 4; i++)
        take(k, 0, &ids[i]);
    calls_refused(k, 1, say_send(EP, RB, 4), RESCIND_NO_RING_SPACE); /* they are open */
    assert_int_equal(endpoint_of(k, endpoint_find(k, 1, EP))->credits, 8 - 4);
    calls_ok(k, 0, say_ack(RB, ids[1]));
    calls_ok(k, 1, say_send(EP, RB, 5));
    calls_ok(k, 0, say_reply(RB, ids[0], 0));
    calls_ok(k, 0, say_reply(RB, ids[2], 2));
    assert_int_equal(calls_error(k, 0, say_reply(RB, ids[3], 3)), RESCIND_NO_RING_SPACE);
    calls_refused(k, 0, say_reply(RB, ids[3], 3), RESCIND_INV_ARGS); /* closed all the same */
    assert_int_equal(endpoint_of(k, endpoint_find(k, 1, EP))->credits, 8 - 4 - 1 + 3);
    assert_int_equal(take(k, 1, NULL), 0);
    assert_int_equal(take(k, 1, NULL), 2);
    assert_int_equal(take(k, 1, NULL), -1);
}

static void a_full_ring_refuses_and_nothing_is_spent(void **state)
{
    (void)state;
    each_work(rings_fill, 8);
}

static void waiting(struct rescind_kernel *k)
{
    struct answer got;

    calls_send(k, 0, say_receive(RB, true));
    calls_rest(k);
    assert_false(calls_answer(k, 0, &got));
    calls_ok(k, 1, say_send(EP, NONE, 6));
    assert_true(calls_answer(k, 0, &got));
    assert_int_equal(got.words[4], 6);
    calls_send(k, 0, say_receive(RB, true));
    calls_ok(k, 1, say_detach(OTHER, RB)); /* by another who may */
    assert_true(calls_answer(k, 0, &got));
    assert_int_equal(got.error, RESCIND_RECV_GONE);
    calls_refused(k, 1, say_send(EP, NONE, 6), RESCIND_RECV_GONE);
}

static void receive_waits_for_a_message_or_the_end_of_its_buffer(void **state)
{
    (void)state;
    each_work(waiting, 8);
}

static void detaching(struct rescind_kernel *k)
{
    uint64_t id;

    calls_ok(k, 1, say_send(EP, RB, 1));
    calls_ok(k, 1, say_send(EP, RB, 2));
    assert_int_equal(take(k, 0, &id), 1);
    calls_ok(k, 0, say_detach(0, RB)); /* one waits, and one is open */
    calls_refused(k, 0, say_reply(RB, id, 1), RESCIND_EP_INVALID);
    calls_refused(k, 1, say_send(EP, RB, 3), RESCIND_RECV_GONE);
    calls_ok(k, 0, say_attach(0, RB, 1024, 8, 6));
    assert_int_equal(take(k, 0, NULL), -1);
    calls_refused(k, 0, say_ack(RB, id), RESCIND_INV_ARGS);
    calls_ok(k, 1, say_send(EP, RB, 4));
    assert_int_equal(take(k, 0, &id), 4);
    calls_ok(k, 1, say_detach(0, RB)); /* the asker's */
    assert_int_equal(calls_error(k, 0, say_reply(RB, id, 1)), RESCIND_RECV_GONE);
    calls_refused(k, 0, say_reply(RB, id, 1), RESCIND_INV_ARGS);
}

static void a_detached_buffer_takes_its_messages_along(void **state)
{
    (void)state;
    each_work(detaching, 8);
}

/* VPE0's child asks it, and ends before it is answered; another VPE gets its number. */
static void the_asker_has_gone(struct rescind_kernel *k)
{
    uint32_t child = calls_child(k, 0);
    uint64_t id;

    calls_ok(k, 0, kit_delegate(CHILD, GATE, 30, 1));
    calls_ok(k, child, say_attach(0, RB, 0, 8, 6));
    calls_ok(k, child, say_activate(EP, NONE, 30));
    calls_ok(k, child, say_send(EP, RB, 3));
    assert_int_equal(take(k, 0, &id), 3);
    calls_ok(k, child, say_send(EP, RB, 4)); /* it goes with its sender */
    calls_ok(k, 0, kit_revoke(CHILD, 2, true));
    calls_rest(k);
    assert_int_equal(calls_child(k, 0), child);
    calls_ok(k, child, say_attach(0, RB, 0, 8, 6));
    assert_int_equal(calls_error(k, 0, say_reply(RB, id, 1)), RESCIND_RECV_GONE);
    assert_int_equal(take(k, child, NULL), -1);
    calls_refused(k, 0, say_ack(RB, id), RESCIND_INV_ARGS);
    assert_int_equal(take(k, 0, NULL), -1);
}

static void a_reply_to_who_has_gone_reaches_nobody(void **state)
{
    (void)state;
    each_work(the_asker_has_gone, 8);
}

/* ---- Revocation ---------------------------------------------------------------------------- */

static void gate_is_revoked(struct rescind_kernel *k, uint32_t by, bool own)
{
    uint64_t id;

    calls_ok(k, 1, say_send(EP, RB, 1));
    calls_ok(k, 1, say_send(EP, RB, 2));
    assert_int_equal(take(k, 0, &id), 1);
    calls_ok(k, by, kit_revoke(GATE, 1, own));
    calls_refused(k, 1, say_send(EP, RB, 3), RESCIND_EP_INVALID);
    assert_int_equal(take(k, 0, NULL), -1); /* 2 was on its way */
    calls_ok(k, 0, say_reply(RB, id, 5));   /* 1 had arrived */
    assert_int_equal(take(k, 1, NULL), 5);
    assert_int_equal(endpoint_find(k, 1, EP), 0);
    assert_true(kit_holds(k, by, GATE) != own);
    if (by == 1 && !own) {
        calls_ok(k, 1, say_activate(EP, NONE, GATE));
        calls_ok(k, 1, say_send(EP, RB, 6));
        assert_int_equal(take(k, 0, NULL), 6);
    }
}

static void the_owner_revokes(struct rescind_kernel *k)
{
    gate_is_revoked(k, 0, true);
}
static void the_owner_revokes_what_is_below(struct rescind_kernel *k)
{
    gate_is_revoked(k, 0, false);
}
static void the_user_revokes(struct rescind_kernel *k)
{
    gate_is_revoked(k, 1, true);
}
static void the_user_revokes_what_is_below(struct rescind_kernel *k)
{
    gate_is_revoked(k, 1, false);
}

static void a_revoked_gate_takes_endpoint_and_messages_along(void **state)
{
    (void)state;
    each_work(the_owner_revokes, 8);
    each_work(the_owner_revokes_what_is_below, 8);
    each_work(the_user_revokes, 8);
    each_work(the_user_revokes_what_is_below, 8);
}

/* Between any two events of a revocation of two gates (or of what is below them) their user sends
 * through one and then the other: never is the first gone and the second still there. */
static void two_gates_go_at_once(uint32_t events, bool own, bool other_way)
{
    struct rescind_kernel *k = kernel_with(1);
    uint32_t first = other_way ? EP + 1 : EP, second = other_way ? EP : EP + 1;
    struct answer one, two;

    connect(k, 8);
    calls_ok(k, 0, say_gate(0, GATE2, RB, LABEL, 8));
    calls_ok(k, 0, kit_delegate(OTHER, GATE2, GATE2, 1));
    calls_ok(k, 1, say_activate(EP + 1, NONE, GATE2));
    calls_send(k, 0, kit_revoke(GATE, 2, own));
    for (uint32_t i = 0; i < events && rescind_kernel_ready(k) >= 0; i++)
        calls_work(k);
    calls_send(k, 1, say_send(first, RB, 1));
    while (!calls_answer(k, 1, &one))
        calls_work(k);
    calls_send(k, 1, say_send(second, RB, 2));
    while (!calls_answer(k, 1, &two))
        calls_work(k);
    assert_true(one.error == RESCIND_NO_ERROR || one.error == RESCIND_EP_INVALID);
    assert_true(two.error == RESCIND_NO_ERROR || two.error == RESCIND_EP_INVALID);
    assert_false(one.error == RESCIND_EP_INVALID && two.error == RESCIND_NO_ERROR);
    calls_rest(k);
    assert_true(calls_answer(k, 0, &one));
    assert_int_equal(take(k, 0, NULL), -1); /* whatever was sent is gone */
    calls_free(k);
}

static void gates_of_one_range_go_at_one_instant_for_who_sends(void **state)
{
    (void)state;
    for (uint32_t events = 0; events < 24; events++)
        for (int i = 0; i < 4; i++)
            two_gates_go_at_once(events, i % 2, i / 2);
}

/* The same for two receive buffers in the memory of a child, which its maker takes away, and who
 * sends to them. */
static void two_buffers_go_at_once(uint32_t events, bool other_way, bool replies)
{
    struct rescind_kernel *k = kernel_with(1);
    uint32_t child = calls_child(k, 0), first = other_way ? 7 : 6, second = other_way ? 6 : 7;
    struct answer one, two;
    uint64_t id = 0;

    calls_ok(k, 0, say_attach(CHILD, 6, 0, 8, 6));
    calls_ok(k, 0, say_attach(CHILD, 7, 1024, 8, 6));
    calls_ok(k, child, say_gate(0, 30, 6, 0, 8));
    calls_ok(k, child, say_gate(0, 31, 7, 0, 8));
    calls_ok(k, 0, kit_obtain(CHILD, 30, 30, 2));
    calls_ok(k, 0, kit_delegate(OTHER, 30, 30, 2));
    calls_ok(k, 1, say_activate(6, NONE, 30));
    calls_ok(k, 1, say_activate(7, NONE, 31));
    if (replies) { /* the child has asked VPE1 and wants its answer at `first` */
        calls_ok(k, 1, say_attach(0, RB, 0, 8, 6));
        calls_ok(k, 1, say_gate(0, GATE, RB, 0, 8));
        calls_ok(k, 1, kit_delegate(OTHER, GATE, GATE, 1));
        calls_ok(k, 0, kit_delegate(CHILD, GATE, GATE, 1));
        calls_ok(k, child, say_activate(EP, NONE, GATE));
        calls_ok(k, child, say_send(EP, first, 1));
        assert_int_equal(take(k, 1, &id), 1);
    }
    calls_send(k, 0, kit_revoke(CHILD_MEM, 1, true));
    for (uint32_t i = 0; i < events && rescind_kernel_ready(k) >= 0; i++)
        calls_work(k);
    calls_send(k, 1, replies ? say_reply(RB, id, 1) : say_send(first, NONE, 1));
    while (!calls_answer(k, 1, &one))
        calls_work(k);
    calls_send(k, 1, say_send(second, NONE, 2));
    while (!calls_answer(k, 1, &two))
        calls_work(k);
    assert_true(one.error == RESCIND_NO_ERROR || one.error == RESCIND_RECV_GONE);
    assert_true(two.error == RESCIND_NO_ERROR || two.error == RESCIND_RECV_GONE);
    assert_false(one.error == RESCIND_RECV_GONE && two.error == RESCIND_NO_ERROR);
    calls_rest(k);
    assert_int_equal(endpoint_find(k, child, 6), 0);
    assert_int_equal(endpoint_find(k, child, 7), 0);
    calls_refused(k, child, say_receive(6, true), RESCIND_EP_INVALID);
    calls_free(k);
}

static void buffers_of_one_memory_go_at_one_instant_for_who_sends(void **state)
{
    (void)state;
    for (uint32_t events = 0; events < 24; events++)
        for (int i = 0; i < 4; i++)
            two_buffers_go_at_once(events, i % 2, i / 2);
}

/* VPE1 has handed two gates on to a child of its own, which has sent through both; while VPE1
 * revokes them VPE0 receives: never the second message without the first. */
static void messages_go_at_once(uint32_t events, bool waits)
{
    struct rescind_kernel *k = kernel_with(1);
    struct answer one, two = {.error = RESCIND_END_OF_FILE};
    uint32_t child;

    connect(k, 8);
    calls_ok(k, 0, say_gate(0, GATE2, RB, LABEL, 8));
    calls_ok(k, 0, kit_delegate(OTHER, GATE2, GATE2, 1));
    child = calls_child(k, 1);
    calls_ok(k, 1, kit_delegate(CHILD, GATE, 30, 2));
    calls_ok(k, child, say_activate(6, NONE, 30));
    calls_ok(k, child, say_activate(7, NONE, 31));
    calls_ok(k, child, say_send(6, NONE, 1));
    calls_ok(k, child, say_send(7, NONE, 2));
    calls_send(k, 1, kit_revoke(GATE, 2, true));
    for (uint32_t i = 0; i < events && rescind_kernel_ready(k) >= 0; i++)
        calls_work(k);
    calls_send(k, 0, say_receive(RB, waits));
    while (!calls_answer(k, 0, &one) && rescind_kernel_ready(k) >= 0)
        calls_work(k);
    if (one.error == RESCIND_NO_ERROR && one.size > 0) {
        assert_int_equal(one.words[4], 1);
        two = calls_ask(k, 0, say_receive(RB, false));
        if (two.error == RESCIND_NO_ERROR)
            assert_int_equal(two.words[4], 2);
    } else {
        assert_true(waits ? one.size == 0 : one.error == RESCIND_END_OF_FILE);
    }
    calls_rest(k);
    calls_free(k);
}

static void messages_of_one_range_go_at_one_instant_for_who_receives(void **state)
{
    (void)state;
    for (uint32_t events = 0; events < 32; events++)
        for (int waits = 0; waits < 2; waits++)
            messages_go_at_once(events, waits);
}

/* ACTIVATE replaces, naming `old`, what VPE0 is revoking at that very time. */
static void replace_while_revoked(uint32_t events, bool old, bool new, bool own)
{
    struct rescind_kernel *k = kernel_with(1);
    struct answer answer;

    connect(k, 8);
    calls_ok(k, 0, say_gate(0, GATE2, RB, LABEL, 8));
    calls_ok(k, 0, kit_delegate(OTHER, GATE2, GATE2, 1));
    calls_send(k, 0, kit_revoke(old ? GATE : GATE2, old && new ? 2 : 1, own));
    for (uint32_t i = 0; i < events && rescind_kernel_ready(k) >= 0; i++)
        calls_work(k);
    calls_send(k, 1, say_activate(EP, GATE, GATE2));
    calls_rest(k);
    assert_true(calls_answer(k, 1, &answer));
    assert_true(answer.error == RESCIND_NO_ERROR || answer.error == RESCIND_INV_ARGS);
    assert_true(calls_answer(k, 0, &answer));
    if (new) {
        calls_refused(k, 1, say_activate(EP, NONE, GATE2), RESCIND_INV_ARGS);
        assert_true(endpoint_find(k, 1, EP) == 0 || !old);
    }
    calls_free(k);
}

static void activate_meets_the_revocation_of_old_or_new(void **state)
{
    (void)state;
    for (uint32_t events = 0; events < 20; events++)
        for (int i = 2; i < 8; i++)
            replace_while_revoked(events, i >> 1 & 1, i >> 2 & 1, i & 1);
}

/* A parent attaches buffers for its child, which receives, and detaches again. */
static void parents_attach(struct rescind_kernel *k)
{
    uint32_t child = calls_child(k, 0), mine, its;
    struct answer got;

    mine = account_left(k, vpe_at(k, 0)->account);
    its = account_left(k, vpe_at(k, child)->account);
    calls_ok(k, 0, say_attach(CHILD, RB, 0, 8, 6));
    assert_int_equal(account_left(k, vpe_at(k, 0)->account), mine - 6); /* it pays */
    assert_int_equal(account_left(k, vpe_at(k, child)->account), its);
    calls_ok(k, 0, say_gate(CHILD, 30, RB, 5, 4));
    calls_ok(k, 0, say_activate(6, NONE, 30));
    calls_send(k, child, say_receive(RB, true));
    calls_ok(k, 0, say_send(6, NONE, 8));
    assert_true(calls_answer(k, child, &got));
    assert_int_equal(got.words[1], 5);
    assert_int_equal(got.words[4], 8);
    calls_send(k, child, say_receive(RB, true));
    calls_ok(k, 0, say_detach(CHILD, RB));
    assert_true(calls_answer(k, child, &got));
    assert_int_equal(got.error, RESCIND_RECV_GONE);
    calls_ok(k, 0, say_attach(CHILD, RB, 0, 8, 6));
    calls_ok(k, child, say_detach(0, RB)); /* it may, too, and the parent has its nodes back */
    assert_int_equal(account_left(k, vpe_at(k, 0)->account), mine - 2 - 2);
    calls_ok(k, 0, kit_revoke(CHILD, 2, true));
    calls_rest(k);
    calls_refused(k, 0, say_send(6, NONE, 8), RESCIND_RECV_GONE);
}

static void a_parent_attaches_buffers_for_its_child(void **state)
{
    (void)state;
    each_work(parents_attach, 8);
}

/* VPE0 ends at any event of another's SEND to it and RECEIVE of what it has sent. */
static void the_receiver_ends(void **state)
{
    (void)state;
    for (uint32_t events = 0; events < 30; events++) {
        struct rescind_kernel *k = kernel_with(1);
        struct answer answer = {0};
        bool gone = false;
        connect(k, 100);
        calls_send(k, 0, kit_exit(0));
        for (uint32_t i = 0; i < events && rescind_kernel_ready(k) >= 0; i++)
            calls_work(k);
        for (uint32_t i = 0; i < 6; i++) {
            calls_send(k, 1, say_send(EP, NONE, i));
            while (!calls_answer(k, 1, &answer))
                calls_work(k);
            assert_false(gone && answer.error == RESCIND_NO_ERROR);
            gone = answer.error == RESCIND_EP_INVALID || answer.error == RESCIND_RECV_GONE;
        }
        calls_rest(k);
        calls_refused(k, 1, say_send(EP, NONE, 1), RESCIND_EP_INVALID); /* its gate has gone */
        calls_free(k);
    }
}

/* ---- What is being revoked ---------------------------------------------------------------- */

/* VPE0's child has: OTHER's VPE capability, copies of GATE, of memory and of an interrupt line, all
 * at their selectors with VPE0; a copy of the line's at LINE2 from VPE1; an endpoint EP to VPE0 and
 * a receive buffer at RB, with a message in it. */
enum { MEM = 30, LINE = 40, LINE2 = 41, FREE = 50, FREE_EP = 9, IRQ = 10, CHILD_GATE = 22 };

struct revoked {
    uint32_t vpe, sel; /* VPE0 or VPE1 revokes what it has here, */
    uint32_t kind, at; /* until this of the child's is marked; and then the child makes a call */
};
static const struct revoked the_gate = {0, GATE, TABLE_OBJECT, GATE};
static const struct revoked the_endpoint = {0, GATE, TABLE_ENDPOINTS, EP};
static const struct revoked the_vpe = {0, OTHER, TABLE_OBJECT, OTHER};
static const struct revoked the_memory = {0, MEM, TABLE_OBJECT, MEM};
static const struct revoked its_memory = {0, CHILD_MEM, TABLE_OBJECT, RESCIND_SEL_MEM};
static const struct revoked the_buffer = {0, CHILD_MEM, TABLE_ENDPOINTS, RB};
static const struct revoked the_line = {0, LINE, TABLE_OBJECT, LINE};
static const struct revoked the_listener = {1, LINE, TABLE_ENDPOINTS, LISTENERS + IRQ};

static struct message say_derive(uint32_t src, uint32_t dst)
{
    const uint64_t words[] = {RESCIND_SYS_DERIVEMEM, src, dst, 0, 64, RESCIND_PERM_R};
    struct message m = {0};

    message_put(&m, words, sizeof(words));
    return m;
}

/* The child's number; *id: of the message that it has received. */
static uint32_t prepare(struct rescind_kernel *k, uint64_t *id)
{
    uint32_t child;

    assert_int_equal(rescind_kernel_boot_irq(k, 0, LINE, IRQ), RESCIND_NO_ERROR);
    calls_ok(k, 0, say_attach(0, RB, 1024, 8, 6));
    calls_ok(k, 0, say_gate(0, GATE, RB, LABEL, 4));
    calls_ok(k, 0, say_reqmem(MEM, RESCIND_PAGE));
    child = calls_child(k, 0);
    calls_ok(k, 0, kit_delegate(CHILD, OTHER, OTHER, 1));
    calls_ok(k, 0, kit_delegate(CHILD, GATE, GATE, 1));
    calls_ok(k, 0, kit_delegate(CHILD, MEM, MEM, 1));
    calls_ok(k, 0, kit_delegate(CHILD, LINE, LINE, 1));
    calls_ok(k, 0, kit_delegate(OTHER, LINE, LINE, 1));
    calls_ok(k, 0, kit_delegate(OTHER, CHILD, CHILD, 1));
    calls_ok(k, 1, kit_delegate(CHILD, LINE, LINE2, 1));
    calls_ok(k, child, say_attach(0, RB, 0, 8, 6));
    calls_ok(k, child, say_activate(EP, NONE, GATE));
    calls_ok(k, child, say_listen(LINE2, EP));
    calls_ok(k, 0, say_gate(CHILD, CHILD_GATE, RB, LABEL, 4));
    calls_ok(k, 0, say_activate(EP, NONE, CHILD_GATE));
    calls_ok(k, 0, say_send(EP, NONE, 1));
    *id = calls_ask(k, child, say_receive(RB, false)).words[0];
    return child;
}

static struct message replies(uint32_t ep, uint64_t id)
{
    return say_reply(ep, id, 1);
}

/* `answers`: the message that was received is answered so, and `call` is not looked at. */
static void waits_for(const char *what, struct revoked revoked, struct message call,
                      struct message (*answers)(uint32_t ep, uint64_t id),
                      enum rescind_error wanted)
{
    struct rescind_kernel *k = kernel_with(1);
    struct answer answer = {.error = UINT64_MAX};
    uint32_t child, index;
    uint64_t id;

    child = prepare(k, &id);
    index = table_find(k, table_of(child, revoked.kind), revoked.at);
    assert_int_not_equal(index, 0);
    calls_send(k, revoked.vpe, kit_revoke(revoked.sel, 1, true));
    while (!(cap_at(k, index)->flags & CAP_MARKED))
        calls_work(k);
    calls_send(k, child, answers != NULL ? answers(RB, id) : call);
    if (calls_answer(k, child, &answer))
        fail_msg("%s does not wait, but answers %u", what, (unsigned)answer.error);
    calls_rest(k);
    if (!calls_answer(k, child, &answer) || answer.error != wanted)
        fail_msg("%s answers %u", what, (unsigned)answer.error);
    calls_free(k);
}

/* What a call needs, and what it wants to put something in the place of. */
static void a_call_waits_for_what_is_being_revoked(void **state)
{
    const struct {
        const char *what;
        struct revoked revoked;
        struct message call;
        struct message (*answers)(uint32_t ep, uint64_t id);
        enum rescind_error wanted;
    } cases[] = {
        {"CREATEGATE at it", the_gate, kit_creategate(GATE), NULL, RESCIND_NO_ERROR},
        {"CREATEGATE to it", the_vpe, say_gate(OTHER, FREE, RB, 1, 1), NULL, RESCIND_INV_ARGS},
        {"ACTIVATE", the_gate, say_activate(FREE_EP, NONE, GATE), NULL, RESCIND_INV_ARGS},
        {"ATTACHRB at it", the_endpoint, say_attach(0, EP, 512, 7, 6), NULL, RESCIND_NO_ERROR},
        {"ATTACHRB in it", its_memory, say_attach(0, FREE_EP, 512, 7, 6), NULL, RESCIND_INV_ARGS},
        {"ATTACHRB to it", the_vpe, say_attach(OTHER, FREE_EP, 512, 7, 6), NULL, RESCIND_INV_ARGS},
        {"DETACHRB of it", the_buffer, say_detach(0, RB), NULL, RESCIND_EP_INVALID},
        {"DETACHRB from it", the_vpe, say_detach(OTHER, RB), NULL, RESCIND_INV_ARGS},
        {"SEND through it", the_endpoint, say_send(EP, NONE, 1), NULL, RESCIND_EP_INVALID},
        {"SEND with replies to it", the_buffer, say_send(EP, RB, 1), NULL, RESCIND_EP_INVALID},
        {"RECEIVE", the_buffer, say_receive(RB, false), NULL, RESCIND_EP_INVALID},
        {"REPLY", the_buffer, {0}, replies, RESCIND_EP_INVALID},
        {"ACK", the_buffer, {0}, say_ack, RESCIND_EP_INVALID},
        {"REQMEM", the_gate, say_reqmem(GATE, RESCIND_PAGE), NULL, RESCIND_NO_ERROR},
        {"DERIVEMEM of it", the_memory, say_derive(MEM, FREE), NULL, RESCIND_INV_ARGS},
        {"DERIVEMEM at it", the_gate, say_derive(MEM, GATE), NULL, RESCIND_NO_ERROR},
        {"CREATEMAP", the_memory, say_createmap(0, MEM, 0, 1, RESCIND_MAP_FIRST), NULL,
         RESCIND_INV_ARGS},
        {"CREATEVPE at it", the_gate, say_createvpe(GATE, FREE), NULL, RESCIND_NO_ERROR},
        {"CREATEVPE with memory at it", the_gate, say_createvpe(FREE, GATE), NULL,
         RESCIND_NO_ERROR},
        {"CREATEVPE with it as a pager", the_gate,
         say_createvpe_with(FREE, FREE + 1, "child", RESCIND_ANY_PE, GATE, FREE_EP), NULL,
         RESCIND_INV_ARGS},
        {"VPECTRL", the_vpe, say_wait(OTHER), NULL, RESCIND_INV_ARGS},
        {"FUND", the_vpe, say_fund(OTHER, 1, false), NULL, RESCIND_INV_ARGS},
        {"LISTEN to it", the_line, say_listen(LINE, EP), NULL, RESCIND_INV_ARGS},
        {"LISTEN through it", the_endpoint, say_listen(LINE, EP), NULL, RESCIND_EP_INVALID},
        {"LISTEN instead of it", the_listener, say_listen(LINE, EP), NULL, RESCIND_NO_ERROR},
        {"IRQACK", the_listener, say_irqack(LINE), NULL, RESCIND_INV_ARGS},
        {"EXCHANGE of it", the_gate, kit_delegate(OTHER, GATE, FREE, 1), NULL, RESCIND_INV_ARGS},
        {"EXCHANGE with it", the_vpe, kit_delegate(OTHER, GATE, FREE, 1), NULL, RESCIND_INV_ARGS},
        {"EXCHANGE at it", the_gate, kit_obtain(OTHER, GATE, LINE, 1), NULL, RESCIND_NO_ERROR},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        waits_for(cases[i].what, cases[i].revoked, cases[i].call, cases[i].answers,
                  cases[i].wanted);
}

/* Its maker kills it while its RECEIVE waits for a revocation, and not for a message. */
static void a_receive_that_waits_for_a_revocation_is_killed(void **state)
{
    struct rescind_kernel *k = kernel_with(1);
    struct answer answer;
    uint32_t child, index;
    uint64_t id;

    (void)state;
    child = prepare(k, &id);
    index = endpoint_find(k, child, RB);
    calls_send(k, 0, kit_revoke(CHILD_MEM, 1, true));
    while (!(cap_at(k, index)->flags & CAP_MARKED))
        calls_work(k);
    calls_send(k, child, say_receive(RB, true));
    rescind_kernel_end(k, child, 9);
    kit_audit(k);
    calls_rest(k);
    assert_int_equal(rescind_kernel_vpe_state(k, child), RESCIND_VPE_ENDED);
    assert_true(calls_answer(k, 0, &answer));
    assert_int_equal(answer.error, RESCIND_NO_ERROR);
    assert_int_equal(calls_ask(k, 0, say_wait(CHILD)).words[0], 9);
    calls_free(k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_makes_no_sense_is_refused_and_changes_nothing),
        cmocka_unit_test(calls_fail_whole_when_nodes_are_short),
        cmocka_unit_test(endpoints_are_paid_from_the_account_of_who_makes_them),
        cmocka_unit_test(a_credit_is_spent_by_a_message_and_comes_back_with_its_reply),
        cmocka_unit_test(messages_arrive_in_their_order_and_replies_under_their_label),
        cmocka_unit_test(a_full_ring_refuses_and_nothing_is_spent),
        cmocka_unit_test(receive_waits_for_a_message_or_the_end_of_its_buffer),
        cmocka_unit_test(a_detached_buffer_takes_its_messages_along),
        cmocka_unit_test(a_reply_to_who_has_gone_reaches_nobody),
        cmocka_unit_test(a_revoked_gate_takes_endpoint_and_messages_along),
        cmocka_unit_test(gates_of_one_range_go_at_one_instant_for_who_sends),
        cmocka_unit_test(buffers_of_one_memory_go_at_one_instant_for_who_sends),
        cmocka_unit_test(messages_of_one_range_go_at_one_instant_for_who_receives),
        cmocka_unit_test(activate_meets_the_revocation_of_old_or_new),
        cmocka_unit_test(a_parent_attaches_buffers_for_its_child),
        cmocka_unit_test(the_receiver_ends),
        cmocka_unit_test(a_call_waits_for_what_is_being_revoked),
        cmocka_unit_test(a_receive_that_waits_for_a_revocation_is_killed),
    };
    return cmocka_run_group_tests_name("endpoint", tests, NULL, NULL);
}

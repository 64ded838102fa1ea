/* Kernels among themselves: the protocol between them, message by message (rescind/peer.h).
 *
 * The kernels are live, and the test is the channel: it chooses which message is heard when, and
 * what becomes of it. A message that makes no sense must be refused, counted, and change nothing;
 * one that only lies must break no invariant of the kernel that believes it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/task.h"
#include "cap/peer.h"
#include "cap/remote.h"
#include "cap/table.h"
#include "rescind/peer.h"
#include "syscall/call.h"
#include "syscall/serve.h"
#include "tests/kit.h"
#include "tests/system.h"

enum { A, B, C };
enum { WORK = 8, ROUNDS = 60, EVENTS = 600 };

/* ---- Systems ------------------------------------------------------------------------------ */

static void audit(const struct system *s)
{
    struct rescind_finding finding;

    if (!system_audit(s, &finding))
        fail_msg("%s is broken at %u: %s", finding.name, finding.where, finding.sentence);
}

static void rest(struct system *s)
{
    struct rescind_finding finding;

    assert_true(system_rest(s));
    if (!system_audit_rest(s, &finding))
        fail_msg("%s is broken at %u: %s", finding.name, finding.where, finding.sentence);
}

static enum rescind_error reply(struct system *s, unsigned pe, uint32_t vpe)
{
    enum rescind_error error = RESCIND_NO_ERROR;

    assert_true(kit_reply(s->k[pe], vpe, &error));
    return error;
}

/* A call in an otherwise idle system: its answer. */
static enum rescind_error call(struct system *s, unsigned pe, uint32_t vpe, struct message message)
{
    kit_send(s->k[pe], vpe, message);
    rest(s);
    return reply(s, pe, vpe);
}

static void make_gates(struct system *s, unsigned pe, uint32_t vpe, uint32_t sel, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        assert_int_equal(call(s, pe, vpe, kit_creategate(sel + i)), RESCIND_NO_ERROR);
}

/* All tasks of one kernel go on, and nothing is heard. */
static void work(struct system *s, unsigned pe)
{
    kit_rest(s->k[pe]);
    kit_audit(s->k[pe]);
}

static void hear(struct system *s, unsigned from, unsigned to, const void *message, size_t size)
{
    rescind_kernel_hear(s->k[to], from, message, size);
}

/* ---- Honest kernels, any order ------------------------------------------------------------ */

static uint32_t draw(void *user, uint32_t n)
{
    uint64_t *state = user;

    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*state >> 33) % n;
}

static struct message drawn_call(const struct system *s, uint64_t *seed)
{
    uint32_t vpe = system_sel(s, draw(seed, s->kernels), draw(seed, s->vpes));
    uint32_t own = 20 + draw(seed, 12), other = 20 + draw(seed, 12);
    uint32_t count = draw(seed, 4) == 0 ? 1 + draw(seed, 20) : 1;

    switch (draw(seed, 8)) {
    case 0:
    case 1:
        return kit_creategate(own);
    case 2:
    case 3:
        return kit_delegate(vpe, own, other, count);
    case 4:
    case 5:
        return kit_obtain(vpe, own, other, count);
    default:
        return draw(seed, 12) == 0 ? kit_exit(1)
                                   : kit_revoke(own, 1 + draw(seed, 6), draw(seed, 2));
    }
}

static void calls_in_any_order_come_to_rest(void **state)
{
    (void)state;
    for (uint64_t round = 0; round < ROUNDS; round++) {
        struct system *s = system_new(3, 2, 600, 1 + round % 4);
        uint64_t seed = round;
        struct rescind_finding finding;

        for (int i = 0; i < EVENTS; i++) {
            unsigned pe = draw(&seed, s->kernels);
            uint32_t vpe = draw(&seed, s->vpes);
            enum rescind_error ignored;
            if (draw(&seed, 8) == 0 &&
                rescind_kernel_vpe_state(s->k[pe], vpe) == RESCIND_VPE_RUNNING) {
                kit_reply(s->k[pe], vpe, &ignored);
                kit_send(s->k[pe], vpe, drawn_call(s, &seed));
            } else {
                system_event(s, draw, &seed);
            }
            if (!system_audit(s, &finding))
                fail_msg("round %u, event %d: %s is broken at %u: %s", (unsigned)round, i,
                         finding.name, finding.where, finding.sentence);
        }
        assert_true(system_rest(s));
        if (!system_audit_rest(s, &finding))
            fail_msg("round %u, at rest: %s is broken at %u: %s", (unsigned)round, finding.name,
                     finding.where, finding.sentence);
        for (unsigned pe = 0; pe < s->kernels; pe++) {
            for (unsigned other = 0; other < s->kernels; other++)
                assert_int_equal(rescind_kernel_peer(s->k[pe], other).refused, 0);
        }
        system_free(s);
    }
}
/* ---- Messages that no honest kernel sends ------------------------------------------------- */

/* What has changed in kernel `k` since `before`, but for counts and output? */
static bool is_unchanged(const struct rescind_kernel *k, const struct rescind_kernel *before)
{
    size_t size = rescind_kernel_used(before);
    struct rescind_kernel *after = test_malloc(size);
    bool same = rescind_kernel_used(k) == size;

    if (same) {
        memcpy(after, k, size);
        after->outbox = before->outbox;
        for (uint32_t pe = 0; pe < before->peer_count; pe++)
            peer_at(after, pe)->count = peer_at(before, pe)->count;
        same = memcmp(after, before, size) == 0;
    }
    test_free(after);
    return same;
}

/* Forges a message of one record. */
static struct system_message forge(unsigned sender, const void *record, size_t size)
{
    struct system_message m = {.size = sizeof(struct rescind_peer_message) + size};
    struct rescind_peer_message head = {
        .sender = (uint16_t)sender, .records = 1, .size = (uint32_t)m.size};

    memcpy(m.bytes, &head, sizeof(head));
    memcpy(m.bytes + sizeof(head), record, size);
    return m;
}

static struct system_message forge_record(unsigned sender, uint8_t kind, uint8_t slot,
                                          uint32_t stub)
{
    struct rescind_peer_record record = {
        .kind = kind, .slot = slot, .size = sizeof(record), .stub = stub};

    return forge(sender, &record, sizeof(record));
}

static struct system_message forge_order(unsigned sender, uint8_t kind, uint32_t stub, uint64_t key)
{
    struct rescind_peer_order order = {.head = {.kind = kind, .size = sizeof(order), .stub = stub},
                                       .key = key};

    return forge(sender, &order, sizeof(order));
}

/* A question, with as many of the capabilities as it says are given. */
static struct system_message forge_ask(unsigned sender, const struct rescind_peer_ask *what,
                                       const struct rescind_peer_cap *caps)
{
    uint8_t record[RESCIND_PEER_MSG_MAX];
    struct rescind_peer_ask ask = *what;

    ask.head.kind = RESCIND_PEER_ASK;
    ask.head.size = (uint16_t)(sizeof(ask) + ask.given * sizeof(*caps));
    memcpy(record, &ask, sizeof(ask));
    memcpy(record + sizeof(ask), caps, ask.given * sizeof(*caps));
    return forge(sender, record, ask.head.size);
}

/* The message is heard; it counts as so many refused and late, and changes nothing. */
static void hear_in_vain(struct system *s, unsigned from, unsigned to, struct system_message m,
                         uint64_t refused, uint64_t late)
{
    struct rescind_kernel *k = s->k[to];
    struct rescind_kernel *before = test_malloc(rescind_kernel_used(k));
    struct rescind_kernel_peer was = rescind_kernel_peer(k, from), is;

    memcpy(before, k, rescind_kernel_used(k));
    hear(s, from, to, m.bytes, m.size);
    is = rescind_kernel_peer(k, from);
    assert_int_equal(is.heard, was.heard + 1);
    assert_int_equal(is.told, was.told);
    assert_int_equal(is.refused, was.refused + refused);
    assert_int_equal(is.late, was.late + late);
    assert_true(is_unchanged(k, before));
    kit_audit(k);
    test_free(before);
}
static void refused(struct system *s, unsigned from, unsigned to, struct system_message m)
{
    hear_in_vain(s, from, to, m, 1, 0);
}

/* ---- What a peer may not say yet, or not any more ---------------------------------------- */

/* B answers A's obtain; before that answer leaves, A says that the child is gone. */
static void an_unlink_before_the_answer_has_left_is_refused(void **state)
{
    struct system *s = system_new(2, 1, 100, WORK);
    uint32_t stub;

    (void)state;
    make_gates(s, B, 0, 10, 1);
    kit_send(s->k[A], 0, kit_obtain(system_sel(s, B, 0), 20, 10, 1));
    assert_true(system_tell(s, A, B) && system_hear(s, A, B));
    stub = cap_at(s->k[B], kit_at(s->k[B], 0, 10))->child;
    assert_true(remote_is_stub(s->k[B], A, stub));
    refused(s, A, B, forge_record(A, RESCIND_PEER_UNLINK, 0, stub));
    system_free(s);
}

/* A part of a long range is reserved at B, and A has it marked. */
static void a_mark_of_what_is_not_there_yet_is_refused(void **state)
{
    struct system *s = system_new(2, 1, 200, WORK);
    struct cap *cap;

    (void)state;
    make_gates(s, A, 0, 10, 17);
    kit_send(s->k[A], 0, kit_delegate(system_sel(s, B, 0), 10, 20, 17));
    work(s, A);
    assert_true(system_tell(s, A, B) && system_hear(s, A, B));
    cap = cap_at(s->k[B], kit_at(s->k[B], 0, 20));
    assert_true(cap->flags & CAP_RESERVED);
    refused(
        s, A, B,
        forge_order(A, RESCIND_PEER_MARK, cap->parent, RESCIND_KEY(B, 0, RESCIND_CAP_GATE, 20)));
    system_free(s);
}

/* A delegates a capability on a VPE of its own with a number that no VPE can have. */
static void a_vpe_number_that_no_vpe_can_have_is_refused(void **state)
{
    struct system *s = system_new(2, 1, 200, WORK);
    struct rescind_peer_ask ask = {.start = 20, .to = 10, .count = 1, .given = 1};
    struct rescind_peer_cap cap = {
        .stub = 5, .type = RESCIND_CAP_VPE, .home = A, .object = RESCIND_VPE_MAX};

    (void)state;
    refused(s, A, B, forge_ask(A, &ask, &cap));
    system_free(s);
}

/* The selector of a child that has just been swept is wanted by another EXCHANGE before the UNLINK
 * has left: no harm, but the audit of links takes the new place for the old child. */
static void a_selector_may_be_used_again_before_the_unlink_has_left(void **state)
{
    struct system *s = system_new(2, 1, 200, WORK);
    uint32_t to_b = system_sel(s, B, 0), to_a = system_sel(s, A, 0);

    (void)state;
    make_gates(s, A, 0, 10, 2);
    assert_int_equal(call(s, A, 0, kit_delegate(to_b, 10, 20, 1)), RESCIND_NO_ERROR);
    kit_send(s->k[A], 0, kit_revoke(10, 1, true));
    for (int order = 0; order < 2; order++) { /* MARK, SWEEP */
        work(s, A);
        assert_true(system_tell(s, A, B) && system_hear(s, A, B));
        work(s, B);
        audit(s);
        if (order == 0)
            assert_true(system_tell(s, B, A) && system_hear(s, B, A));
    }
    assert_int_equal(kit_at(s->k[B], 0, 20), 0);
    kit_send(s->k[B], 0, kit_obtain(to_a, 20, 11, 1));
    work(s, B);
    audit(s);
    rest(s);
    assert_int_equal(reply(s, A, 0), RESCIND_NO_ERROR);
    assert_int_equal(reply(s, B, 0), RESCIND_NO_ERROR);
    system_free(s);
}

/* ---- EXCHANGEs, as they should go --------------------------------------------------------- */

static uint32_t used(const struct system *s, unsigned pe)
{
    return s->k[pe]->pool.used;
}

__attribute__((unused)) static void tell_and_hear(struct system *s, unsigned from, unsigned to)
{
    assert_true(system_tell(s, from, to));
    assert_true(system_hear(s, from, to));
}

/* What B has at 10 + `met` is being revoked when A wants it among `count`: A waits, holding
 * nothing, until B frees the slot, and then tries again. */
static void blocked_then_free_then_refused(uint32_t count, uint32_t met)
{
    struct system *s = system_new(3, 1, 200, WORK);
    uint32_t before;

    make_gates(s, B, 0, 10, count);
    assert_int_equal(call(s, B, 0, kit_delegate(system_sel(s, C, 0), 10 + met, 20, 1)),
                     RESCIND_NO_ERROR);
    before = used(s, A);
    kit_send(s->k[B], 0, kit_revoke(10 + met, 1, true));
    kit_send(s->k[A], 0, kit_obtain(system_sel(s, B, 0), 20, 10, count));
    work(s, A);
    while (system_tell(s, A, B)) {
        system_hear(s, A, B);
        work(s, B);
        while (system_tell(s, B, A))
            system_hear(s, B, A);
        work(s, A);
        audit(s);
    }
    assert_int_equal(peer_at(s->k[A], B)->taken, 1);
    assert_int_equal(call_at(s->k[A], 0)->exchange.across, ACROSS_BLOCKED);
    assert_int_equal(used(s, A), before);
    rest(s);
    assert_int_equal(reply(s, A, 0), RESCIND_INV_ARGS); /* one of them is gone */
    assert_int_equal(reply(s, B, 0), RESCIND_NO_ERROR);
    assert_int_equal(used(s, A), before);
    system_free(s);
}

static void an_exchange_blocked_at_the_peer_waits_for_free(void **state)
{
    (void)state;
    blocked_then_free_then_refused(3, 1);
    blocked_then_free_then_refused(16, 15);
    blocked_then_free_then_refused(17, 0);
    blocked_then_free_then_refused(17, 16);
    blocked_then_free_then_refused(40, 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(calls_in_any_order_come_to_rest),
        cmocka_unit_test(an_unlink_before_the_answer_has_left_is_refused),
        cmocka_unit_test(a_mark_of_what_is_not_there_yet_is_refused),
        cmocka_unit_test(a_vpe_number_that_no_vpe_can_have_is_refused),
        cmocka_unit_test(a_selector_may_be_used_again_before_the_unlink_has_left),
        cmocka_unit_test(an_exchange_blocked_at_the_peer_waits_for_free),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

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
#include "cap/create.h"
#include "cap/peer.h"
#include "cap/remote.h"
#include "cap/table.h"
#include "object/note.h"
#include "object/vpe.h"
#include "rescind/peer.h"
#include "syscall/across.h"
#include "syscall/call.h"
#include "syscall/letter.h"
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
        /* Of more VPEs than slots, in every third. */
        struct system *s = round % 3 == 0 ? system_new(2, 6, 800, 1 + round % 4)
                                          : system_new(3, 2, 600, 1 + round % 4);
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

/* ---- Lies about revocation ---------------------------------------------------------------- */

static uint32_t stub_of(const struct system *s, unsigned pe, uint32_t vpe, uint32_t sel)
{
    return cap_at(s->k[pe], kit_at(s->k[pe], vpe, sel))->child;
}

static void late(struct system *s, unsigned from, unsigned to, struct system_message m)
{
    hear_in_vain(s, from, to, m, 0, 1);
}

static void tell_and_hear(struct system *s, unsigned from, unsigned to)
{
    assert_true(system_tell(s, from, to));
    assert_true(system_hear(s, from, to));
}

/* A's gate at 10 has a copy at 20 of B, and that one has one at 30 of C. A's gate at 11 has a copy
 * at 21 of C. */
static struct system *new_linked(void)
{
    struct system *s = system_new(3, 1, 200, WORK);

    make_gates(s, A, 0, 10, 2);
    assert_int_equal(call(s, A, 0, kit_delegate(system_sel(s, B, 0), 10, 20, 1)), RESCIND_NO_ERROR);
    assert_int_equal(call(s, B, 0, kit_delegate(system_sel(s, C, 0), 20, 30, 1)), RESCIND_NO_ERROR);
    assert_int_equal(call(s, A, 0, kit_delegate(system_sel(s, C, 0), 11, 21, 1)), RESCIND_NO_ERROR);
    return s;
}

static void what_is_said_of_stubs_that_are_not_the_sayers_is_refused(void **state)
{
    struct system *s = new_linked();
    uint32_t no_stubs[] = {
        0, kit_at(s->k[A], 0, 10), stub_of(s, A, 0, 11), s->k[A]->pool.high, 0x7fffffff,
    };

    (void)state;
    for (unsigned i = 0; i < sizeof(no_stubs) / sizeof(no_stubs[0]); i++) {
        refused(s, B, A, forge_record(B, RESCIND_PEER_MARKED, 0, no_stubs[i]));
        refused(s, B, A, forge_record(B, RESCIND_PEER_UNLINK, 0, no_stubs[i]));
    }
    rest(s);
    system_free(s);
}

static void marked_is_wanted_once_and_only_when_asked_for(void **state)
{
    struct system *s = new_linked();
    struct system_message marked = forge_record(B, RESCIND_PEER_MARKED, 0, stub_of(s, A, 0, 10));

    (void)state;
    refused(s, B, A, marked);
    kit_send(s->k[A], 0, kit_revoke(10, 1, true));
    work(s, A);
    refused(s, B, A, marked); /* A has not said MARK yet */
    assert_true(system_tell(s, A, B));
    hear(s, B, A, marked.bytes, marked.size);
    kit_audit(s->k[A]);
    assert_int_equal(rescind_kernel_peer(s->k[A], B).refused, 2);
    refused(s, B, A, marked);
    system_free(s);
}

static void an_unlink_is_wanted_once_and_not_of_what_is_reserved(void **state)
{
    struct system *s = new_linked();
    uint32_t stub = stub_of(s, A, 0, 10);
    struct system_message unlink = forge_record(B, RESCIND_PEER_UNLINK, 0, stub);

    (void)state;
    kit_send(s->k[A], 0, kit_delegate(system_sel(s, B, 0), 11, 50, 1));
    work(s, A);
    for (uint32_t index = s->k[A]->pool.first; index < s->k[A]->pool.high; index++) {
        if (remote_is_stub(s->k[A], B, index) && (cap_at(s->k[A], index)->flags & CAP_RESERVED))
            refused(s, B, A, forge_record(B, RESCIND_PEER_UNLINK, 0, index));
    }
    rest(s);
    assert_int_equal(reply(s, A, 0), RESCIND_NO_ERROR);
    hear(s, B, A, unlink.bytes, unlink.size);
    kit_audit(s->k[A]);
    assert_false(remote_is_stub(s->k[A], B, stub));
    refused(s, B, A, unlink);
    system_free(s);
}

static void orders_for_what_is_not_linked_come_late(void **state)
{
    struct system *s = new_linked();
    uint32_t stub = cap_at(s->k[B], kit_at(s->k[B], 0, 20))->parent;
    static const uint8_t kinds[] = {RESCIND_PEER_MARK, RESCIND_PEER_SWEEP};
    uint64_t keys[] = {
        RESCIND_KEY(B, 0, RESCIND_CAP_GATE, 99),              /* nothing is there */
        RESCIND_KEY(B, 0, RESCIND_CAP_MEM, 20),               /* of another type */
        RESCIND_KEY(B, 0, RESCIND_CAP_GATE, 1ull << 32 | 20), /* in the other table */
        RESCIND_KEY(B, 7, RESCIND_CAP_GATE, 20),              /* a VPE that is not there */
        RESCIND_KEY(C, 0, RESCIND_CAP_GATE, 20),              /* another kernel's */
        RESCIND_KEY(B, 0, RESCIND_CAP_VPE, 0),                /* a root */
        UINT64_MAX,
    };

    (void)state;
    for (unsigned kind = 0; kind < 2; kind++) {
        for (unsigned i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
            late(s, A, B, forge_order(A, kinds[kind], stub, keys[i]));
        uint64_t key = RESCIND_KEY(B, 0, RESCIND_CAP_GATE, 20);
        late(s, A, B, forge_order(A, kinds[kind], stub + 1, key)); /* another stub */
        late(s, C, B, forge_order(C, kinds[kind], stub, key));     /* another parent */
    }
    rest(s);
    system_free(s);
}

static void orders_come_once_and_the_sweep_behind_the_mark(void **state)
{
    struct system *s = new_linked();
    uint64_t key = RESCIND_KEY(B, 0, RESCIND_CAP_GATE, 20);
    uint32_t stub = cap_at(s->k[B], kit_at(s->k[B], 0, 20))->parent;
    struct system_message mark = forge_order(A, RESCIND_PEER_MARK, stub, key);
    struct system_message sweep = forge_order(A, RESCIND_PEER_SWEEP, stub, key);

    (void)state;
    refused(s, A, B, sweep);
    hear(s, A, B, mark.bytes, mark.size);
    refused(s, A, B, mark);
    refused(s, A, B, sweep);
    work(s, B);
    tell_and_hear(s, B, C);
    work(s, C);
    tell_and_hear(s, C, B);
    work(s, B);
    refused(s, A, B, sweep); /* B has not said MARKED yet */
    assert_true(system_tell(s, B, A));
    refused(s, A, B, mark);
    hear(s, A, B, sweep.bytes, sweep.size);
    refused(s, A, B, sweep);
    work(s, B);
    refused(s, A, B, sweep); /* it waits for C */
    tell_and_hear(s, B, C);
    work(s, C);
    tell_and_hear(s, C, B);
    work(s, B);
    assert_int_equal(kit_at(s->k[B], 0, 20), 0);
    late(s, A, B, sweep);
    late(s, A, B, mark);
    system_free(s);
}

/* ---- Lies about EXCHANGEs ----------------------------------------------------------------- */

static struct system_message forge_answer(unsigned sender, uint8_t slot, uint32_t error,
                                          uint32_t done, uint16_t given)
{
    uint8_t record[RESCIND_PEER_MSG_MAX];
    struct rescind_peer_cap cap = {
        .stub = 5, .type = RESCIND_CAP_GATE, .home = (uint16_t)sender, .object = 9};
    struct rescind_peer_answer answer = {
        .head = {.kind = RESCIND_PEER_ANSWER, .slot = slot},
        .error = error,
        .done = done,
        .given = given,
    };

    answer.head.size = (uint16_t)(sizeof(answer) + given * sizeof(cap));
    memcpy(record, &answer, sizeof(answer));
    for (uint16_t i = 0; i < given; i++, cap.stub++)
        memcpy(record + sizeof(answer) + i * sizeof(cap), &cap, sizeof(cap));
    return forge(sender, record, answer.head.size);
}

static void answers_and_frees_that_nobody_waits_for_are_refused(void **state)
{
    struct system *s = new_linked();

    (void)state;
    for (uint8_t slot = 0; slot < TASK_EXCHANGES; slot++) {
        refused(s, B, A, forge_answer(B, slot, RESCIND_NO_ERROR, 0, 0));
        refused(s, B, A, forge_answer(B, slot, RESCIND_PEER_BLOCKED, 0, 0));
        refused(s, B, A, forge_record(B, RESCIND_PEER_FREE, slot, 0));
    }
    kit_send(s->k[A], 0, kit_obtain(system_sel(s, B, 0), 40, 20, 1));
    work(s, A);
    refused(s, B, A, forge_answer(B, 0, RESCIND_NO_ERROR, 0, 1)); /* it has not asked yet */
    assert_true(system_tell(s, A, B));
    refused(s, B, A, forge_answer(B, 1, RESCIND_NO_ERROR, 0, 1));
    refused(s, C, A, forge_answer(C, 0, RESCIND_NO_ERROR, 0, 1));
    refused(s, B, A, forge_answer(B, 0, RESCIND_NO_ERROR, 1, 1));
    refused(s, B, A, forge_answer(B, 0, RESCIND_NO_ERROR, 0, 0));
    refused(s, B, A, forge_answer(B, 0, RESCIND_NO_ERROR, 0, 2));
    refused(s, B, A, forge_answer(B, 0, RESCIND_NO_ERROR, 0, 20));
    refused(s, B, A, forge_answer(B, 0, RESCIND_INV_ARGS, 0, 1));
    refused(s, B, A, forge_answer(B, 0, 77, 0, 0));
    refused(s, B, A, forge_record(B, RESCIND_PEER_FREE, 0, 0));
    assert_true(system_hear(s, A, B));
    assert_true(system_tell(s, B, A));
    struct system_message answer = s->channel[B][A].messages[0];
    assert_true(system_hear(s, B, A));
    refused(s, B, A, answer);
    rest(s);
    assert_int_equal(reply(s, A, 0), RESCIND_NO_ERROR);
    system_free(s);
}

/* An answer that breaks off an EXCHANGE comes once, too. */
static void a_blocked_answer_comes_once_and_one_free_behind_it(void **state)
{
    struct system *s = new_linked();
    struct system_message blocked = forge_answer(B, 0, RESCIND_PEER_BLOCKED, 0, 0);
    struct system_message freed = forge_record(B, RESCIND_PEER_FREE, 0, 0);
    struct system_message ask;

    (void)state;
    kit_send(s->k[A], 0, kit_delegate(system_sel(s, B, 0), 10, 40, 2));
    work(s, A);
    assert_true(system_tell(s, A, B) && system_take(s, A, B, &ask));
    hear(s, B, A, blocked.bytes, blocked.size);
    refused(s, B, A, blocked);
    work(s, A);
    refused(s, B, A, blocked);
    hear(s, B, A, freed.bytes, freed.size);
    refused(s, B, A, freed);
    rest(s); /* it starts anew */
    assert_int_equal(reply(s, A, 0), RESCIND_NO_ERROR);
    system_free(s);
}

struct lie {
    const char *what;
    struct rescind_peer_cap cap;
    struct rescind_peer_ask ask;
};
#define GOOD_ASK .start = 40, .to = 10, .count = 1, .given = 1
#define GOOD_CAP .stub = 5, .type = RESCIND_CAP_GATE, .home = A, .object = 9

static const struct lie lies[] = {
    {"offset", {GOOD_CAP}, {.start = 40, .to = 10, .count = 2, .given = 1, .done = 1}},
    {"more than the range", {GOOD_CAP}, {.start = 40, .to = 10, .count = 1, .given = 2}},
    {"nothing of a range", {0}, {.start = 40, .to = 10, .count = 1}},
    {"last selector here", {GOOD_CAP}, {.start = UINT32_MAX, .to = 10, .count = 2, .given = 1}},
    {"last selector there", {GOOD_CAP}, {.start = 40, .to = UINT32_MAX, .count = 2, .given = 1}},
    {"all selectors",
     {GOOD_CAP},
     {.start = 40, .to = 10, .count = UINT32_MAX, .done = UINT32_MAX, .given = 1}},
    {"too many given", {GOOD_CAP}, {.start = 40, .to = 10, .count = 17, .given = 17}},
    {"too many wanted",
     {GOOD_CAP},
     {.start = 10, .to = 40, .count = 17, .wanted = 17, .obtain = 1}},
    {"wanted and given", {GOOD_CAP}, {GOOD_ASK, .wanted = 1}},
    {"given to obtain", {GOOD_CAP}, {GOOD_ASK, .obtain = 1}},
    {"VPE", {GOOD_CAP}, {GOOD_ASK, .vpe = 1}},
    {"asker", {GOOD_CAP}, {GOOD_ASK, .asker = RESCIND_VPE_MAX}},
    {"table", {GOOD_CAP}, {GOOD_ASK, .table = RESCIND_TABLE_KINDS}},
    {"direction", {GOOD_CAP}, {GOOD_ASK, .obtain = 2}},
    {"direction of what is wanted",
     {0},
     {.start = 40, .to = 10, .count = 1, .wanted = 1, .obtain = 2}},
    {"reserved", {GOOD_CAP}, {GOOD_ASK, .reserved = 1}},
    {"no type", {.stub = 5, .home = A, .object = 9}, {GOOD_ASK}},
    {"unknown type", {.stub = 5, .type = CAP_PLACE, .home = A, .object = 9}, {GOOD_ASK}},
    {"object's node", {.stub = 5, .type = CAP_STUB, .home = A, .object = 9}, {GOOD_ASK}},
    {"own object that is none",
     {.stub = 5, .type = RESCIND_CAP_GATE, .home = B, .object = 0x7fffffff},
     {GOOD_ASK}},
    {"own VPE that is none",
     {.stub = 5, .type = RESCIND_CAP_VPE, .home = B, .object = 1},
     {GOOD_ASK}},
    {"home", {.stub = 5, .type = RESCIND_CAP_GATE, .home = 3, .object = 9}, {GOOD_ASK}},
    {"rights",
     {.stub = 5, .type = RESCIND_CAP_MEM, .home = A, .object = 9, .rights = 0x80},
     {GOOD_ASK}},
    {"no stub", {.type = RESCIND_CAP_GATE, .home = A, .object = 9}, {GOOD_ASK}},
    {"reserved of a capability", {GOOD_CAP, .reserved = 1}, {GOOD_ASK}},
};

static void questions_that_make_no_sense_are_refused(void **state)
{
    struct system *s = new_linked();
    struct rescind_peer_ask good = {GOOD_ASK};
    struct rescind_peer_cap caps[20] = {0};

    (void)state;
    for (unsigned i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
        for (unsigned j = 0; j < 20; j++)
            caps[j] = lies[i].cap;
        print_message("%s\n", lies[i].what);
        refused(s, A, B, forge_ask(A, &lies[i].ask, caps));
    }
    caps[0] = (struct rescind_peer_cap){GOOD_CAP};
    good.head.slot = TASK_EXCHANGES;
    refused(s, A, B, forge_ask(A, &good, caps));
    good.head.slot = 0;
    struct system_message m = forge_ask(A, &good, caps); /* what all of these are but for the lie */
    uint64_t before = rescind_kernel_peer(s->k[B], A).refused;
    hear(s, A, B, m.bytes, m.size);
    kit_audit(s->k[B]);
    assert_int_equal(rescind_kernel_peer(s->k[B], A).refused, before);
    assert_true(kit_holds(s->k[B], 0, good.start));
    refused(s, A, B, m); /* the slot is busy: its answer has not left */
    system_free(s);
}

/* No honest kernel asks: it holds its capability on the VPE, which could not end then. */
static void nothing_is_given_to_a_vpe_that_has_ended(void **state)
{
    struct system *s = system_new(2, 2, 200, WORK);
    struct rescind_peer_ask ask = {GOOD_ASK, .vpe = 1};
    struct rescind_peer_cap cap = {GOOD_CAP};
    struct system_message m = forge_ask(A, &ask, &cap), out;
    struct rescind_peer_answer answer;

    (void)state;
    kit_send(s->k[B], 1, kit_exit(0));
    rest(s);
    assert_int_equal(rescind_kernel_vpe_state(s->k[B], 1), RESCIND_VPE_ENDED);
    hear(s, A, B, m.bytes, m.size);
    kit_audit(s->k[B]);
    out.size = rescind_kernel_tell(s->k[B], A, out.bytes);
    assert_int_equal(out.size, sizeof(struct rescind_peer_message) + sizeof(answer));
    memcpy(&answer, out.bytes + sizeof(struct rescind_peer_message), sizeof(answer));
    assert_int_equal(answer.head.kind, RESCIND_PEER_ANSWER);
    assert_int_equal(answer.error, RESCIND_INV_ARGS);
    system_free(s);
}

enum { CHUNK = RESCIND_PEER_CHUNK };

/* One question at a time, and each goes on where the one before has ended. */
static void questions_that_do_not_follow_the_one_before_are_refused(void **state)
{
    struct system *s = new_linked();
    struct rescind_peer_ask first = {.start = 40, .to = 10, .count = 2 * CHUNK, .given = CHUNK};
    struct rescind_peer_cap caps[CHUNK];
    struct system_message m, answer;

    (void)state;
    for (uint32_t i = 0; i < CHUNK; i++)
        caps[i] = (struct rescind_peer_cap){GOOD_CAP};
    m = forge_ask(A, &first, caps);
    hear(s, A, B, m.bytes, m.size);
    kit_audit(s->k[B]);
    struct rescind_peer_ask next = first;
    next.done = CHUNK;
    refused(s, A, B, forge_ask(A, &next, caps)); /* the answer has not left */
    answer.size = rescind_kernel_tell(s->k[B], A, answer.bytes);
    assert_true(answer.size > 0);
    refused(s, A, B, forge_ask(A, &first, caps));
    struct rescind_peer_ask others[] = {next, next, next, next, next, next, next};
    others[0].done = CHUNK - 1;
    others[1].start++;
    others[2].to++;
    others[3].count++;
    others[4].asker++;
    others[5].table = 1;
    others[6].obtain = 1;
    others[6].wanted = CHUNK;
    others[6].given = 0;
    for (unsigned i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        refused(s, A, B, forge_ask(A, &others[i], caps));
    m = forge_ask(A, &next, caps);
    hear(s, A, B, m.bytes, m.size);
    kit_audit(s->k[B]);
    refused(s, A, B, m);
    work(s, B);
    assert_int_equal(kit_count(s->k[B], 0), 2 + 2 + 1 + 2 * CHUNK);
    system_free(s);
}

/* ---- Layouts that are not sound ----------------------------------------------------------- */

/* A record that makes sense, and one whose layout does not: neither is heard. */
static void a_message_is_refused_as_a_whole(void **state)
{
    static const struct rescind_peer_record bad[] = {
        {.kind = 0, .size = 8},
        {.kind = 8, .size = 8},
        {.kind = RESCIND_PEER_MARKED, .size = 0},
        {.kind = RESCIND_PEER_MARKED, .size = 16},
        {.kind = RESCIND_PEER_MARKED, .size = 8, .slot = 1},
        {.kind = RESCIND_PEER_UNLINK, .size = 8, .slot = 1},
        {.kind = RESCIND_PEER_MARK, .size = 8},
        {.kind = RESCIND_PEER_SWEEP, .size = 16, .slot = 1},
        {.kind = RESCIND_PEER_FREE, .size = 8, .slot = TASK_EXCHANGES},
        {.kind = RESCIND_PEER_FREE, .size = 8, .stub = 1},
        {.kind = RESCIND_PEER_ASK, .size = 8},
        {.kind = RESCIND_PEER_ANSWER, .size = 16},
    };
    struct system *s = new_linked();
    uint32_t stub = cap_at(s->k[B], kit_at(s->k[B], 0, 20))->parent;
    struct system_message good =
        forge_order(A, RESCIND_PEER_MARK, stub, RESCIND_KEY(B, 0, RESCIND_CAP_GATE, 20));
    struct rescind_peer_message head = {.sender = A, .records = 2};

    (void)state;
    for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct system_message m = good;
        memcpy(m.bytes + good.size, &bad[i], sizeof(bad[i]));
        m.size += bad[i].kind == RESCIND_PEER_SWEEP ? 16 : 8;
        head.size = (uint32_t)m.size;
        memcpy(m.bytes, &head, sizeof(head));
        refused(s, A, B, m);
    }
    hear(s, A, B, good.bytes, good.size);
    assert_true(cap_at(s->k[B], kit_at(s->k[B], 0, 20))->flags & CAP_VISITED);
    kit_audit(s->k[B]);
    system_free(s);
}

static void a_message_of_nobody_is_not_heard(void **state)
{
    struct system *s = new_linked();
    struct rescind_peer_ask ask = {GOOD_ASK};
    struct rescind_peer_cap cap = {.stub = 5, .type = RESCIND_CAP_GATE, .home = C, .object = 9};
    struct system_message m = forge_ask(A, &ask, &cap);
    struct rescind_kernel *before = test_malloc(rescind_kernel_used(s->k[A]));

    (void)state;
    refused(s, A, A, m);
    refused(s, A, B, forge_record(C, RESCIND_PEER_MARKED, 0, stub_of(s, B, 0, 20)));
    memcpy(before, s->k[A], rescind_kernel_used(s->k[A]));
    m = forge_record(3, RESCIND_PEER_FREE, 0, 0);
    rescind_kernel_hear(s->k[A], 3, m.bytes, m.size); /* there is no such kernel */
    assert_true(is_unchanged(s->k[A], before));
    test_free(before);
    system_free(s);
}

/* ---- Real messages, a byte of which is another -------------------------------------------- */

/* What follows from message `m`, whose one byte is another: the kernel goes on soundly, and has not
 * changed where it refused. */
static void hear_damaged(struct system *s, unsigned from, unsigned to, struct system_message m,
                         const struct rescind_kernel *before)
{
    struct rescind_kernel *k = s->k[to];
    struct rescind_kernel_peer was = rescind_kernel_peer(k, from), is;
    struct rescind_peer_message head;

    memcpy(&head, s->channel[from][to].messages[0].bytes, sizeof(head));
    hear(s, from, to, m.bytes, m.size);
    kit_audit(k);
    is = rescind_kernel_peer(k, from);
    assert_int_equal(is.heard, was.heard + 1);
    assert_in_range(is.refused + is.late, was.refused + was.late,
                    was.refused + was.late + head.records);
    if (head.records == 1 && is.refused + is.late > was.refused + was.late)
        assert_true(is_unchanged(k, before));
    while (rescind_kernel_ready(k) >= 0) {
        kit_work_first(k);
        kit_audit(k);
    }
}

/* Every byte of the message that is to be heard next, and of its size, with each bit turned, and
 * with all. */
static void damage(struct system *s, unsigned from, unsigned to)
{
    struct rescind_kernel *before = test_malloc(rescind_kernel_used(s->k[to]));
    struct system_message *real = &s->channel[from][to].messages[0];

    memcpy(before, s->k[to], rescind_kernel_used(s->k[to]));
    for (size_t at = 0; at < real->size; at++) {
        for (unsigned bits = 1; bits < 512; bits = 2 * bits + (bits == 128 ? 255 : 0)) {
            struct system_message m = *real;
            m.bytes[at] ^= (uint8_t)bits;
            if (at < sizeof(struct rescind_peer_message))
                refused(s, from, to, m);
            else
                hear_damaged(s, from, to, m, before);
            memcpy(s->k[to], before, rescind_kernel_used(before));
        }
    }
    for (size_t size = 0; size <= sizeof(real->bytes); size += 7) {
        struct system_message m = *real;
        if (size != real->size) {
            m.size = size;
            refused(s, from, to, m);
            memcpy(s->k[to], before, rescind_kernel_used(before));
        }
    }
    test_free(before);
}

static void note_kinds(const struct system_message *m, uint32_t *kinds)
{
    struct rescind_peer_record record;

    for (size_t at = sizeof(struct rescind_peer_message); at < m->size; at += record.size) {
        memcpy(&record, m->bytes + at, sizeof(record));
        *kinds |= 1u << record.kind;
    }
}

/* Goes on until nothing can move; each message is damaged before it is heard as it is. */
static void rest_with_damage(struct system *s, uint32_t *kinds)
{
    bool more = true;

    while (more) {
        more = false;
        for (unsigned from = 0; from < s->kernels; from++) {
            work(s, from);
            for (unsigned to = 0; to < s->kernels; to++) {
                if (to == from || !system_tell(s, from, to))
                    continue;
                note_kinds(&s->channel[from][to].messages[0], kinds);
                damage(s, from, to);
                system_hear(s, from, to);
                more = true;
            }
        }
    }
    rest(s);
}

static void a_damaged_message_breaks_no_invariant(void **state)
{
    struct system *s = new_linked();
    uint32_t kinds = 0, to_b = system_sel(s, B, 0), to_a = system_sel(s, A, 0);

    (void)state;
    for (uint32_t sel = 50; sel < 67; sel++)
        make_gates(s, A, 0, sel, 1);
    kit_send(s->k[A], 0, kit_delegate(to_b, 50, 50, 17));
    rest_with_damage(s, &kinds);
    assert_int_equal(reply(s, A, 0), RESCIND_NO_ERROR);
    kit_send(s->k[B], 0, kit_obtain(to_a, 100, 50, 3));
    rest_with_damage(s, &kinds);
    assert_int_equal(reply(s, B, 0), RESCIND_NO_ERROR);
    kit_send(s->k[B], 0, kit_revoke(20, 1, true)); /* waits for C */
    kit_send(s->k[A], 0, kit_obtain(to_b, 90, 20, 1));
    rest_with_damage(s, &kinds);
    assert_int_equal(reply(s, A, 0), RESCIND_INV_ARGS);
    assert_int_equal(reply(s, B, 0), RESCIND_NO_ERROR);
    kit_send(s->k[A], 0, kit_revoke(50, 17, true));
    rest_with_damage(s, &kinds);
    assert_int_equal(reply(s, A, 0), RESCIND_NO_ERROR);
    assert_int_equal(kinds, 0xfe); /* all seven */
    system_free(s);
}

/* ---- EXCHANGEs, as they should go --------------------------------------------------------- */

static uint32_t used(const struct system *s, unsigned pe)
{
    return pool_used(s->k[pe]);
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

static void a_remote_capability_takes_one_node_here_and_one_there(void **state)
{
    struct system *s = system_new(2, 1, 200, WORK);
    uint32_t a, b;

    (void)state;
    make_gates(s, A, 0, 10, 2);
    a = used(s, A);
    b = used(s, B);
    assert_int_equal(call(s, A, 0, kit_delegate(system_sel(s, B, 0), 10, 20, 1)), RESCIND_NO_ERROR);
    assert_int_equal(used(s, A), a + 1);
    assert_int_equal(used(s, B), b + 1);
    assert_int_equal(call(s, B, 0, kit_obtain(system_sel(s, A, 0), 21, 11, 1)), RESCIND_NO_ERROR);
    assert_int_equal(used(s, A), a + 2);
    assert_int_equal(used(s, B), b + 2);
    assert_int_equal(call(s, A, 0, kit_revoke(10, 2, false)), RESCIND_NO_ERROR);
    assert_int_equal(used(s, A), a);
    assert_int_equal(used(s, B), b);
    system_free(s);
}

/* VPE 0 of `pe` gets gates at 10 .. 10 + count - 1. */
static void fill(struct system *s, unsigned pe, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        assert_int_equal(kit_call(s->k[pe], 0, kit_creategate(10 + i)), RESCIND_NO_ERROR);
}

/* A hands a range to B, or B's VPE obtains it; where the last of them is lacking or taken, nothing
 * of it stays. */
static void range_goes(uint32_t count, bool obtain)
{
    struct system *s = system_new(2, 1, 3 * count + 200, WORK);
    unsigned caller = obtain ? B : A;
    struct message good, bad;
    uint32_t a, b;

    fill(s, A, count);
    make_gates(s, B, 0, 5000 + count, 1);
    a = used(s, A);
    b = used(s, B);
    good = obtain ? kit_obtain(system_sel(s, A, 0), 2000, 10, count)
                  : kit_delegate(system_sel(s, B, 0), 10, 2000, count);
    bad = obtain ? kit_obtain(system_sel(s, A, 0), 2000, 11, count)
                 : kit_delegate(system_sel(s, B, 0), 10, 5001, count);
    assert_int_equal(call(s, caller, 0, bad), RESCIND_INV_ARGS);
    assert_int_equal(used(s, A), a);
    assert_int_equal(used(s, B), b);
    assert_int_equal(call(s, caller, 0, good), RESCIND_NO_ERROR);
    assert_int_equal(used(s, A), a + count);
    assert_int_equal(used(s, B), b + count);
    for (uint32_t i = 0; i < count; i++)
        assert_true(kit_holds(s->k[B], 0, 2000 + i));
    assert_int_equal(call(s, A, 0, kit_revoke(10, count, false)), RESCIND_NO_ERROR);
    assert_int_equal(used(s, A), a);
    assert_int_equal(used(s, B), b);
    system_free(s);
}

static void a_range_of_any_length_goes_whole_or_not_at_all(void **state)
{
    static const uint32_t counts[] = {1, 16, 17, 32, 33, 40, 1000};

    (void)state;
    for (unsigned i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
        range_goes(counts[i], false);
        range_goes(counts[i], true);
    }
}

/* What was to be told of a link need not be when the link has gone: there is nothing to say. */
static void who_has_nothing_to_tell_any_more_is_silent(void **state)
{
    struct system *s = new_linked();

    (void)state;
    kit_send(s->k[C], 0, kit_revoke(21, 1, true));
    kit_rest(s->k[C]);
    kit_send(s->k[A], 0, kit_revoke(11, 1, true));
    work(s, A);
    assert_int_equal(rescind_kernel_tell_first(s->k[A]), C);
    assert_int_equal(rescind_kernel_tell_after(s->k[A], C), -1);
    tell_and_hear(s, C, A);
    audit(s);
    assert_int_equal(rescind_kernel_tell_first(s->k[A]), -1);
    rest(s);
    assert_int_equal(reply(s, A, 0), RESCIND_NO_ERROR);
    assert_int_equal(reply(s, C, 0), RESCIND_NO_ERROR);
    system_free(s);
}

/* A short EXCHANGE is over with its answer, and so its slot can be used again at once. */
static void a_short_exchange_leaves_its_slot_free(void **state)
{
    enum { RANGE = RESCIND_PEER_CHUNK };
    struct system *s = system_new(2, 1, 200, WORK);

    (void)state;
    make_gates(s, B, 0, 20, RANGE);
    for (uint32_t i = 0; i < 3; i++) {
        kit_send(s->k[A], 0, kit_obtain(system_sel(s, B, 0), 30 + i * RANGE, 20, RANGE));
        work(s, A);
        tell_and_hear(s, A, B); /* which does nothing but listen */
        tell_and_hear(s, B, A);
        work(s, A);
        assert_int_equal(reply(s, A, 0), RESCIND_NO_ERROR);
    }
    assert_int_equal(rescind_kernel_peer(s->k[B], A).refused, 0);
    rest(s);
    system_free(s);
}

static bool has_record(const struct system_message *m, uint8_t kind)
{
    struct rescind_peer_record record;

    for (size_t at = sizeof(struct rescind_peer_message); at < m->size; at += record.size) {
        memcpy(&record, m->bytes + at, sizeof(record));
        if (record.kind == kind)
            return true;
    }
    return false;
}

/* However much there is to be told of one kind: the next message begins with another one. */
static void one_kind_of_records_does_not_hold_up_the_others(void **state)
{
    enum { COPIES = 200 };
    struct system *s = system_new(2, 2, 600, 4096);
    struct system_message first, second;

    (void)state;
    make_gates(s, A, 0, 100, 1);
    for (uint32_t i = 0; i < COPIES; i++)
        assert_int_equal(call(s, A, 0, kit_delegate(system_sel(s, B, 0), 100, 200 + i, 1)),
                         RESCIND_NO_ERROR);
    kit_send(s->k[B], 0, kit_revoke(200, COPIES, true));
    kit_send(s->k[B], 1, kit_obtain(system_sel(s, A, 0), 30, 100, 1));
    kit_rest(s->k[B]);
    assert_true(system_tell(s, B, A) && system_take(s, B, A, &first));
    assert_true(system_tell(s, B, A) && system_take(s, B, A, &second));
    assert_true(has_record(&first, RESCIND_PEER_UNLINK) || has_record(&first, RESCIND_PEER_MARKED));
    assert_false(has_record(&first, RESCIND_PEER_ASK));
    assert_true(has_record(&second, RESCIND_PEER_ASK));
    system_free(s);
}

/* What a long question has met at the other kernel has gone before all is undone there. */
static void an_exchange_blocked_by_what_has_gone_is_freed(void **state)
{
    enum { LEAVES = 40, RANGE = RESCIND_PEER_CHUNK + 1 };
    struct system *s = system_new(2, 2, 300, WORK);
    struct rescind_kernel *b = s->k[B];
    enum rescind_error error = RESCIND_INV_ARGS;

    (void)state;
    make_gates(s, B, 0, 20, RANGE - 1);
    make_gates(s, B, 1, 10, 1);
    assert_int_equal(call(s, B, 1, kit_delegate(system_sel(s, B, 0), 10, 19 + RANGE, 1)),
                     RESCIND_NO_ERROR);
    for (uint32_t i = 0; i < LEAVES; i++)
        assert_int_equal(call(s, B, 1, kit_delegate(system_sel(s, B, 0), 10, 100 + i, 1)),
                         RESCIND_NO_ERROR);
    kit_send(b, 1, kit_revoke(10, 1, true));
    kit_send(s->k[A], 0, kit_obtain(system_sel(s, B, 0), 30, 20, RANGE));
    for (int i = 0; i < 10 && served_at(b, A, 0)->state != SERVE_UNDO; i++) {
        work(s, A);
        while (system_tell(s, A, B))
            assert_true(system_hear(s, A, B));
        while (system_tell(s, B, A))
            assert_true(system_hear(s, B, A));
    }
    assert_int_equal(served_at(b, A, 0)->state, SERVE_UNDO);
    while (!kit_reply(b, 1, &error))
        kit_work(b, 1);
    assert_int_equal(error, RESCIND_NO_ERROR);
    audit(s);
    rest(s);
    assert_int_equal(reply(s, A, 0), RESCIND_INV_ARGS);
    system_free(s);
}

/* What it is to be put at goes; when it has gone, the EXCHANGE goes on. */
static void an_exchange_waits_for_a_place_of_its_own(void **state)
{
    struct system *s = system_new(2, 2, 200, WORK);

    (void)state;
    make_gates(s, A, 1, 10, 1);
    make_gates(s, B, 0, 20, 1);
    assert_int_equal(call(s, A, 1, kit_delegate(system_sel(s, A, 0), 10, 30, 1)), RESCIND_NO_ERROR);
    assert_int_equal(call(s, A, 0, kit_delegate(system_sel(s, B, 1), 30, 31, 1)), RESCIND_NO_ERROR);
    kit_send(s->k[A], 1, kit_revoke(10, 1, true));
    work(s, A);
    kit_send(s->k[A], 0, kit_obtain(system_sel(s, B, 0), 30, 20, 1));
    work(s, A);
    assert_int_equal(rescind_kernel_vpe_state(s->k[A], 0), RESCIND_VPE_WAITING);
    assert_int_equal(rescind_kernel_vpe_state(s->k[A], 1), RESCIND_VPE_WAITING);
    rest(s);
    assert_int_equal(reply(s, A, 1), RESCIND_NO_ERROR);
    assert_int_equal(reply(s, A, 0), RESCIND_NO_ERROR);
    assert_true(kit_holds(s->k[A], 0, 30));
    system_free(s);
}

static void the_fifth_exchange_of_a_pair_waits_for_a_slot(unsigned from, unsigned to, uint32_t last)
{
    enum { RANGE = RESCIND_PEER_CHUNK + 1 };
    struct system *s = system_new(3, 5, 200, WORK);

    make_gates(s, to, 0, 20, RANGE);
    for (uint32_t vpe = last + 1; vpe <= last + 5; vpe++)
        kit_send(s->k[from], vpe % 5, kit_obtain(system_sel(s, to, 0), 30, 20, RANGE));
    work(s, from);
    assert_int_equal(peer_at(s->k[from], to)->taken, 0xf);
    assert_int_equal(peer_at(s->k[from], to)->slot_waiters, last + 1);
    /* Until all four are to be settled at the other kernel, which does nothing but listen. */
    while (system_tell(s, from, to)) {
        assert_true(system_hear(s, from, to));
        audit(s);
        while (system_tell(s, to, from))
            assert_true(system_hear(s, to, from));
        work(s, from);
    }
    assert_true(task_waits(s->k[to], task_of_exchange(s->k[to], from, TASK_EXCHANGES - 1)));
    rest(s);
    for (uint32_t vpe = 0; vpe < 5; vpe++) {
        assert_int_equal(reply(s, from, vpe), RESCIND_NO_ERROR);
        assert_true(kit_holds(s->k[from], vpe, 30));
    }
    system_free(s);
}

static void the_fifth_exchange_waits_for_a_slot(void **state)
{
    (void)state;
    the_fifth_exchange_of_a_pair_waits_for_a_slot(A, B, 4);
    the_fifth_exchange_of_a_pair_waits_for_a_slot(C, A, 0);
}

/* The VPE ends while two calls wait for a slot: the slot that the one does not take any more is not
 * lost to the other, nor to whoever comes later. */
static void a_slot_that_is_not_wanted_any_more_goes_on(void **state)
{
    struct system *s = system_new(2, 6, 200, WORK);

    (void)state;
    make_gates(s, B, 0, 20, 1);
    for (uint32_t vpe = 0; vpe < 6; vpe++)
        kit_send(s->k[A], vpe, kit_obtain(system_sel(s, B, 0), 30, 20, 1));
    work(s, A);
    assert_int_equal(peer_at(s->k[A], B)->slot_waiters, 4 + 1);
    kit_send(s->k[B], 0, kit_exit(0));
    work(s, B);
    tell_and_hear(s, B, A);
    work(s, A);
    audit(s);
    rest(s);
    assert_int_equal(rescind_kernel_vpe_state(s->k[B], 0), RESCIND_VPE_ENDED);
    for (uint32_t vpe = 0; vpe < 6; vpe++)
        assert_int_equal(reply(s, A, vpe), RESCIND_INV_ARGS);
    assert_int_equal(peer_at(s->k[A], B)->taken, 0);
    assert_int_equal(call(s, A, 0, kit_obtain(system_sel(s, B, 1), 40, 1, 1)), RESCIND_NO_ERROR);
    system_free(s);
}

/* A's VPE is ended after so many messages have been heard. False: its EXCHANGE was done by then. */
static bool end_after(uint32_t messages, bool obtain, uint32_t count)
{
    struct system *s = system_new(2, 1, 300, WORK);
    uint32_t to_b = system_sel(s, B, 0), b = 0;
    bool waits;

    fill(s, obtain ? B : A, count);
    b = used(s, B);
    kit_send(s->k[A], 0,
             obtain ? kit_obtain(to_b, 90, 10, count) : kit_delegate(to_b, 10, 90, count));
    work(s, A);
    for (uint32_t i = 0; i < messages; i++) {
        unsigned from = i % 2 ? B : A, to = i % 2 ? A : B;
        if (system_tell(s, from, to))
            system_hear(s, from, to);
        work(s, to);
    }
    waits = rescind_kernel_vpe_state(s->k[A], 0) == RESCIND_VPE_WAITING;
    rescind_kernel_end(s->k[A], 0, 7);
    audit(s);
    rest(s);
    assert_int_equal(rescind_kernel_vpe_state(s->k[A], 0), RESCIND_VPE_ENDED);
    assert_int_equal(used(s, A), 0);
    /* A's capability on B's VPE is gone, and its stub; what B holds or has lent is gone, too. */
    assert_int_equal(used(s, B), b - 2);
    system_free(s);
    return waits;
}

static void a_vpe_ends_in_the_middle_of_its_exchange(void **state)
{
    (void)state;
    for (int obtain = 0; obtain < 2; obtain++) {
        for (uint32_t count = 1; count < 40; count += 19) {
            uint32_t messages = 0;
            while (end_after(messages, obtain, count))
                messages++;
            assert_true(messages >= (count + 15) / 16);
        }
    }
}

/* Kernel `poor` runs out of nodes after `left` more. False: the call has succeeded. */
static bool starves_after(uint32_t left, unsigned poor, bool obtain, uint32_t count)
{
    struct system *s = system_new(2, 1, 400, WORK);
    uint32_t to_b = system_sel(s, B, 0), a, b;
    struct message m = obtain ? kit_obtain(to_b, 90, 10, count) : kit_delegate(to_b, 10, 90, count);
    enum rescind_error error;

    fill(s, obtain ? B : A, count);
    a = used(s, A);
    b = used(s, B);
    rescind_kernel_starve(s->k[poor], left);
    error = call(s, A, 0, m);
    rescind_kernel_starve(s->k[poor], UINT32_MAX);
    if (error != RESCIND_NO_ERROR) {
        assert_int_equal(error, RESCIND_OUT_OF_MEM);
        assert_int_equal(used(s, A), a);
        assert_int_equal(used(s, B), b);
        assert_int_equal(call(s, A, 0, m), RESCIND_NO_ERROR);
    }
    assert_int_equal(used(s, A), a + count);
    assert_int_equal(used(s, B), b + count);
    system_free(s);
    return error != RESCIND_NO_ERROR;
}

static void an_exchange_without_memory_changes_nothing(void **state)
{
    (void)state;
    for (unsigned which = 0; which < 8; which++) {
        uint32_t count = which & 4 ? 35 : 3, left = 0;
        while (starves_after(left, which & 1 ? B : A, which & 2, count))
            left++;
        assert_int_equal(left, count); /* one node a capability on either side */
    }
}

/* ---- Channels and the number of messages -------------------------------------------------- */

static uint64_t told(const struct system *s)
{
    uint64_t sum = 0;

    for (unsigned from = 0; from < s->kernels; from++) {
        for (unsigned to = 0; to < s->kernels; to++)
            sum += s->channel[from][to].told;
    }
    return sum;
}

/* All that `from` has to tell `to` is heard, before anybody goes on. */
static void flow(struct system *s, unsigned from, unsigned to)
{
    while (system_tell(s, from, to))
        assert_true(system_hear(s, from, to));
}

static uint64_t messages_for(uint64_t records, size_t size)
{
    uint64_t room = (RESCIND_PEER_MSG_MAX - sizeof(struct rescind_peer_message)) / size;

    return (records + room - 1) / room;
}

static void children_on_one_kernel_share_messages(void **state)
{
    struct system *s = system_new(2, 1, 800, WORK);
    const uint32_t children = 300;
    uint64_t before;

    (void)state;
    make_gates(s, A, 0, 10, 1);
    for (uint32_t i = 0; i < children; i++)
        assert_int_equal(call(s, A, 0, kit_delegate(system_sel(s, B, 0), 10, 100 + i, 1)),
                         RESCIND_NO_ERROR);
    before = told(s);
    kit_send(s->k[A], 0, kit_revoke(10, 1, true));
    for (int phase = 0; phase < 2; phase++) {
        work(s, A);
        flow(s, A, B);
        work(s, B);
        flow(s, B, A);
    }
    rest(s);
    assert_int_equal(reply(s, A, 0), RESCIND_NO_ERROR);
    assert_int_equal(told(s) - before,
                     2 * messages_for(children, sizeof(struct rescind_peer_order)) +
                         2 * messages_for(children, sizeof(struct rescind_peer_record)));
    system_free(s);
}

static void a_chain_to_and_fro_takes_four_messages_an_edge(void **state)
{
    struct system *s = system_new(2, 1, 400, WORK);
    const uint32_t edges = 40;
    uint64_t before;

    (void)state;
    make_gates(s, A, 0, 100, 1);
    for (uint32_t i = 0; i < edges; i++) {
        unsigned from = i % 2 ? B : A, to = i % 2 ? A : B;
        assert_int_equal(call(s, from, 0, kit_delegate(system_sel(s, to, 0), 100 + i, 101 + i, 1)),
                         RESCIND_NO_ERROR);
    }
    before = told(s);
    assert_int_equal(call(s, A, 0, kit_revoke(100, 1, true)), RESCIND_NO_ERROR);
    assert_in_range(told(s) - before, 1, 4 * edges);
    assert_int_equal(kit_count(s->k[A], 0), kit_count(s->k[B], 0));
    system_free(s);
}

/* What goes on while nothing is heard of what `from` tells `to`. */
static void rest_but(struct system *s, unsigned from, unsigned to)
{
    bool more = true;

    while (more) {
        more = false;
        for (unsigned a = 0; a < s->kernels; a++) {
            work(s, a);
            for (unsigned b = 0; b < s->kernels; b++) {
                more |= system_tell(s, a, b);
                if (a != from || b != to)
                    more |= system_hear(s, a, b);
            }
        }
        audit(s);
    }
}

/* Nothing is heard on the way from A to B for long: it fills, and what does not need it goes on. */
static void a_full_channel_holds_up_nobody_who_does_not_need_it(void **state)
{
    struct system *s = system_new(3, 4, 400, WORK);

    (void)state;
    make_gates(s, A, 0, 100, 2);
    make_gates(s, C, 0, 100, 1);
    assert_int_equal(call(s, A, 0, kit_delegate(system_sel(s, B, 0), 100, 110, 1)),
                     RESCIND_NO_ERROR);
    assert_int_equal(call(s, A, 0, kit_delegate(system_sel(s, B, 1), 100, 110, 1)),
                     RESCIND_NO_ERROR);
    for (uint32_t vpe = 1; vpe < 4; vpe++) {
        kit_send(s->k[A], vpe, kit_obtain(system_sel(s, B, 3), 120, 0, 1));
        rest_but(s, A, B);
        audit(s);
    }
    kit_send(s->k[A], 0, kit_revoke(100, 1, true));
    rest_but(s, A, B);
    assert_int_equal(s->channel[A][B].count, RESCIND_PEER_WINDOW);
    assert_int_equal(rescind_kernel_tell_first(s->k[A]), B);
    assert_int_equal(rescind_kernel_vpe_state(s->k[A], 0), RESCIND_VPE_WAITING);
    kit_send(s->k[B], 0, kit_obtain(system_sel(s, C, 0), 130, 100, 1));
    kit_send(s->k[C], 1, kit_obtain(system_sel(s, A, 0), 130, 101, 1));
    rest_but(s, A, B);
    assert_int_equal(reply(s, B, 0), RESCIND_NO_ERROR);
    assert_int_equal(reply(s, C, 1), RESCIND_NO_ERROR);
    rest(s);
    for (uint32_t vpe = 0; vpe < 4; vpe++)
        assert_int_equal(reply(s, A, vpe), RESCIND_NO_ERROR);
    system_free(s);
}

/* ---- Layouts ------------------------------------------------------------------------------- */

/* A record: what every one has, and one more number somewhere. */
struct layout {
    uint8_t kind, slot;
    uint16_t size;
    uint32_t stub;
    uint16_t at, value;
};

/* Whether a message is heard in which the record comes behind two others, which are refused each by
 * itself. */
static bool is_heard(const struct layout *layout)
{
    enum { OTHERS = 2, WIDE = 2 * RESCIND_PEER_MSG_MAX };
    struct system *s = new_linked();
    struct rescind_peer_record record = {
        .kind = layout->kind, .slot = layout->slot, .size = layout->size, .stub = layout->stub};
    const struct rescind_peer_record other = {.kind = RESCIND_PEER_UNLINK, .size = sizeof(other)};
    struct rescind_peer_message head = {.sender = A, .records = OTHERS + 1};
    uint8_t bytes[WIDE] = {0};
    size_t at = sizeof(head);
    uint64_t refused;

    for (int i = 0; i < OTHERS; i++, at += sizeof(other))
        memcpy(bytes + at, &other, sizeof(other));
    memcpy(bytes + at, &record, sizeof(record));
    if (layout->at != 0)
        memcpy(bytes + at + layout->at, &layout->value, sizeof(layout->value));
    head.size = (uint32_t)(at + layout->size);
    memcpy(bytes, &head, sizeof(head));
    rescind_kernel_hear(s->k[B], A, bytes, head.size);
    refused = rescind_kernel_peer(s->k[B], A).refused;
    kit_audit(s->k[B]);
    system_free(s);
    assert_true(refused >= 1);
    return refused >= OTHERS;
}

#define ASK(n)        (sizeof(struct rescind_peer_ask) + (n) * sizeof(struct rescind_peer_cap))
#define ANSWER(n)     (sizeof(struct rescind_peer_answer) + (n) * sizeof(struct rescind_peer_cap))
#define GIVEN_ASK     offsetof(struct rescind_peer_ask, given)
#define GIVEN_ANSWER  offsetof(struct rescind_peer_answer, given)
#define RESERVED(i)   (offsetof(struct rescind_peer_answer, reserved) + (i) * sizeof(uint16_t))
#define LETTER        (sizeof(struct rescind_peer_letter))
#define REPLY         (sizeof(struct rescind_peer_letter_answer))
#define NOTE          (sizeof(struct rescind_peer_note))
#define LENGTH_LETTER offsetof(struct rescind_peer_letter, length)
#define LENGTH_REPLY  offsetof(struct rescind_peer_letter_answer, length)
#define LENGTH_NOTE   offsetof(struct rescind_peer_note, length)

static void a_record_of_a_good_layout_is_heard(void **state)
{
    static const struct layout good[] = {
        {RESCIND_PEER_MARKED, .size = 8},
        {RESCIND_PEER_UNLINK, .size = 8},
        {RESCIND_PEER_MARK, .size = 16, .stub = 1},
        {RESCIND_PEER_SWEEP, .size = 16, .stub = 1},
        {RESCIND_PEER_FREE, .size = 8, .slot = TASK_EXCHANGES - 1},
        {RESCIND_PEER_ASK, .size = ASK(0), .slot = TASK_EXCHANGES - 1},
        {RESCIND_PEER_ASK, .size = ASK(4), .at = GIVEN_ASK, .value = 4},
        {RESCIND_PEER_ANSWER, .size = ANSWER(0), .slot = TASK_EXCHANGES - 1},
        {RESCIND_PEER_ANSWER, .size = ANSWER(4), .at = GIVEN_ANSWER, .value = 4},
        {RESCIND_PEER_LETTER, .size = LETTER, .slot = RESCIND_PEER_LETTERS - 1},
        {RESCIND_PEER_LETTER, .size = LETTER + 8, .at = LENGTH_LETTER, .value = 1},
        {RESCIND_PEER_LETTER, .size = LETTER + 8, .at = LENGTH_LETTER, .value = 8},
        {RESCIND_PEER_LETTER_ANSWER, .size = REPLY, .slot = RESCIND_PEER_LETTERS - 1},
        {RESCIND_PEER_LETTER_ANSWER, .size = REPLY + RESCIND_DATA_MAX, .at = LENGTH_REPLY,
         .value = RESCIND_DATA_MAX},
        {RESCIND_PEER_NOTE, .size = NOTE},
        {RESCIND_PEER_NOTE, .size = NOTE + RESCIND_PEER_NOTE_MAX, .at = LENGTH_NOTE,
         .value = RESCIND_PEER_NOTE_MAX},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        if (!is_heard(&good[i]))
            fail_msg("layout %zu is refused", i);
    }
}

static void a_message_with_a_record_of_a_bad_layout_is_refused_as_a_whole(void **state)
{
    static const struct layout bad[] = {
        {0, .size = 8},
        {RESCIND_PEER_NOTE + 1, .size = 8},
        {RESCIND_PEER_MARKED, .size = 16},
        {RESCIND_PEER_MARKED, .size = 8, .slot = 1},
        {RESCIND_PEER_UNLINK, .size = 16},
        {RESCIND_PEER_UNLINK, .size = 8, .slot = 1},
        {RESCIND_PEER_UNLINK, .size = 0},
        {RESCIND_PEER_MARK, .size = 8},
        {RESCIND_PEER_MARK, .size = 16, .slot = 1},
        {RESCIND_PEER_SWEEP, .size = 24},
        {RESCIND_PEER_SWEEP, .size = 16, .slot = 1},
        {RESCIND_PEER_FREE, .size = 8, .slot = TASK_EXCHANGES},
        {RESCIND_PEER_FREE, .size = 8, .stub = 1},
        {RESCIND_PEER_FREE, .size = 16},
        {RESCIND_PEER_ASK, .size = ASK(0), .slot = TASK_EXCHANGES},
        {RESCIND_PEER_ASK, .size = ASK(0), .stub = 1},
        {RESCIND_PEER_ASK, .size = ASK(0) - 8},
        {RESCIND_PEER_ASK, .size = ASK(1)},
        {RESCIND_PEER_ASK, .size = ASK(0), .at = GIVEN_ASK, .value = 1},
        {RESCIND_PEER_ANSWER, .size = ANSWER(0), .slot = TASK_EXCHANGES},
        {RESCIND_PEER_ANSWER, .size = ANSWER(0), .stub = 1},
        {RESCIND_PEER_ANSWER, .size = ANSWER(0) - 8},
        {RESCIND_PEER_ANSWER, .size = ANSWER(1)},
        {RESCIND_PEER_ANSWER, .size = ANSWER(0), .at = GIVEN_ANSWER, .value = 1},
        {RESCIND_PEER_ANSWER, .size = ANSWER(0), .at = RESERVED(0), .value = 1},
        {RESCIND_PEER_ANSWER, .size = ANSWER(0), .at = RESERVED(1), .value = 1},
        {RESCIND_PEER_ANSWER, .size = ANSWER(0), .at = RESERVED(2), .value = 1},
        {RESCIND_PEER_LETTER, .size = LETTER, .slot = RESCIND_PEER_LETTERS},
        {RESCIND_PEER_LETTER, .size = LETTER, .stub = 1},
        {RESCIND_PEER_LETTER, .size = LETTER - 8},
        {RESCIND_PEER_LETTER, .size = LETTER + 8},
        {RESCIND_PEER_LETTER, .size = LETTER, .at = LENGTH_LETTER, .value = 1},
        {RESCIND_PEER_LETTER, .size = LETTER + 8, .at = LENGTH_LETTER, .value = 9},
        {RESCIND_PEER_LETTER_ANSWER, .size = REPLY, .slot = RESCIND_PEER_LETTERS},
        {RESCIND_PEER_LETTER_ANSWER, .size = REPLY, .stub = 1},
        {RESCIND_PEER_LETTER_ANSWER, .size = REPLY - 8},
        {RESCIND_PEER_LETTER_ANSWER, .size = REPLY + 8},
        {RESCIND_PEER_LETTER_ANSWER, .size = REPLY, .at = LENGTH_REPLY, .value = 1},
        {RESCIND_PEER_LETTER_ANSWER, .size = REPLY + RESCIND_DATA_MAX + 8, .at = LENGTH_REPLY,
         .value = RESCIND_DATA_MAX + 1},
        {RESCIND_PEER_NOTE, .size = NOTE, .slot = 1},
        {RESCIND_PEER_NOTE, .size = NOTE, .stub = 1},
        {RESCIND_PEER_NOTE, .size = NOTE - 8},
        {RESCIND_PEER_NOTE, .size = NOTE + 8},
        {RESCIND_PEER_NOTE, .size = NOTE, .at = LENGTH_NOTE, .value = 1},
        {RESCIND_PEER_NOTE, .size = NOTE + RESCIND_PEER_NOTE_MAX + 8, .at = LENGTH_NOTE,
         .value = RESCIND_PEER_NOTE_MAX + 1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (is_heard(&bad[i]))
            fail_msg("layout %zu is heard", i);
    }
}

static void the_longest_message_is_heard_and_a_longer_one_is_not(void **state)
{
    struct system *s = new_linked();
    const struct rescind_peer_record record = {.kind = RESCIND_PEER_UNLINK, .size = sizeof(record)};
    uint8_t bytes[RESCIND_PEER_MSG_MAX + sizeof(record)];
    struct rescind_peer_message head = {.sender = A};
    const uint16_t most = (RESCIND_PEER_MSG_MAX - sizeof(head)) / sizeof(record);

    (void)state;
    for (head.records = most; head.records <= most + 1; head.records++) {
        head.size = (uint32_t)(sizeof(head) + head.records * sizeof(record));
        memcpy(bytes, &head, sizeof(head));
        for (size_t at = sizeof(head); at < head.size; at += sizeof(record))
            memcpy(bytes + at, &record, sizeof(record));
        rescind_kernel_hear(s->k[B], A, bytes, head.size);
    }
    assert_int_equal((RESCIND_PEER_MSG_MAX - sizeof(head)) % sizeof(record), 0);
    assert_int_equal(rescind_kernel_peer(s->k[B], A).refused, most + 1u);
    system_free(s);
}

/* ---- The audit of links, and of rest ------------------------------------------------------ */

static void row_is_broken(struct system *s, const char *row)
{
    struct rescind_finding finding = {.name = "nothing"};

    assert_false(rescind_kernel_audit_links(s->k[A], s->k[B], NULL, 0, &finding));
    assert_string_equal(finding.name, row);
    assert_true(strlen(finding.sentence) > 20);
    assert_false(rescind_kernel_audit_links(s->k[A], s->k[B], NULL, 0, NULL));
    system_free(s);
}

static struct cap *at(const struct system *s, unsigned pe, uint32_t sel)
{
    return cap_at(s->k[pe], kit_at(s->k[pe], 0, sel));
}

static void the_audit_misses_the_child_of_a_stub(void **state)
{
    struct system *s = new_linked();
    struct system_message unlink;
    struct rescind_kernel_message message = {unlink.bytes, 0};
    uint32_t child;

    (void)state;
    /* It is there; as a tomb; and as a message that has left. */
    assert_int_equal(call(s, B, 0, kit_revoke(20, 1, false)), RESCIND_NO_ERROR);
    child = kit_at(s->k[B], 0, 20);
    assert_true(rescind_kernel_audit_links(s->k[A], s->k[B], NULL, 0, NULL));
    cap_destroy(s->k[B], child);
    assert_true(rescind_kernel_audit_links(s->k[A], s->k[B], NULL, 0, NULL));
    unlink.size = message.size = rescind_kernel_tell(s->k[B], A, unlink.bytes);
    assert_true(rescind_kernel_audit_links(s->k[A], s->k[B], &message, 1, NULL));
    row_is_broken(s, "stub_has_child");

    s = new_linked(); /* it names another stub */
    at(s, B, 20)->parent++;
    row_is_broken(s, "stub_has_child");
    s = new_linked(); /* it names another kernel */
    at(s, B, 20)->peer = C;
    row_is_broken(s, "stub_has_child");
    s = new_linked(); /* its key is that of a VPE that is not there */
    cap_at(s->k[A], stub_of(s, A, 0, 10))->key_high = UINT32_MAX;
    row_is_broken(s, "stub_has_child");
    s = new_linked(); /* its MARKED was heard, but not told */
    cap_at(s->k[A], stub_of(s, A, 0, 10))->flags |= CAP_SEEN | CAP_MARKED;
    row_is_broken(s, "stub_has_child");
    s = new_linked(); /* its MARK was heard, but not told */
    at(s, B, 20)->flags |= CAP_SEEN;
    row_is_broken(s, "stub_has_child");
}

static void the_audit_misses_the_stub_of_a_child(void **state)
{
    struct system *s = new_linked();
    struct cap_spec second = {
        .table = table_of(0, RESCIND_TABLE_OBJECT),
        .sel = 70,
        .type = RESCIND_CAP_GATE,
        .flags = CAP_REMOTE,
        .home = A,
        .object = at(s, B, 20)->object,
        .peer = A,
        .parent = at(s, B, 20)->parent,
    };

    (void)state;
    cap_create_at(s->k[B], &second); /* two of one stub */
    row_is_broken(s, "child_has_stub");
    s = new_linked();
    second.parent = kit_at(s->k[A], 0, 10); /* a capability is no stub */
    cap_create_at(s->k[B], &second);
    row_is_broken(s, "child_has_stub");
    s = new_linked();
    second.parent = stub_of(s, A, 0, 11); /* one for another kernel */
    cap_create_at(s->k[B], &second);
    row_is_broken(s, "child_has_stub");
    s = new_linked();
    second.parent = 0x7fffffff;
    cap_create_at(s->k[B], &second);
    row_is_broken(s, "child_has_stub");
}

static void is_not_at_rest(struct system *s)
{
    struct rescind_finding finding = {.name = "nothing"};

    assert_false(rescind_kernel_audit_rest(s->k[A], &finding));
    assert_string_equal(finding.name, "at_rest");
    assert_true(strlen(finding.sentence) > 20);
    assert_false(rescind_kernel_audit_rest(s->k[A], NULL));
    assert_true(rescind_kernel_audit_rest(s->k[B], NULL));
    system_free(s);
}

static void the_audit_of_rest_finds_what_is_left(void **state)
{
    struct system *s = new_linked();

    (void)state;
    assert_true(rescind_kernel_audit_rest(s->k[A], NULL));
    peer_at(s->k[A], B)->taken = 1;
    is_not_at_rest(s);
    s = new_linked();
    served_at(s->k[A], C, 3)->state = SERVE_NEXT;
    is_not_at_rest(s);
    s = new_linked();
    vpe_at(s->k[A], 0)->calling = true;
    is_not_at_rest(s);
    s = new_linked();
    task_at(s->k[A], 0)->committed = true;
    is_not_at_rest(s);
    s = new_linked();
    task_join(s->k[A], &s->k[A]->ready, 0);
    is_not_at_rest(s);
    s = new_linked();
    peer_talk(s->k[A], C);
    is_not_at_rest(s);
    s = new_linked();
    at(s, A, 10)->pending = 1;
    is_not_at_rest(s);
    s = new_linked();
    task_join(s->k[A], cap_line(at(s, A, 10)), 0);
    is_not_at_rest(s);
    s = new_linked();
    cap_at(s->k[A], stub_of(s, A, 0, 10))->flags |= CAP_SEEN;
    is_not_at_rest(s);
    s = new_linked();
    cap_at(s->k[A], pool_take(s->k[A], CAP_TOMB))->flags = 0;
    is_not_at_rest(s);
}

/* What has no room in a message is left for the next one, and nothing of it is written. */
static void a_record_without_room_is_not_begun(void **state)
{
    static size_t (*const writers[])(struct rescind_kernel *, uint32_t, uint32_t, uint8_t *,
                                     size_t) = {letter_write, letter_write_answer, across_write,
                                                serve_write};
    struct system *s = system_new(2, 1, 40, 8);
    uint8_t out[64], before[64];
    uint32_t note;

    (void)state;
    memset(out, 0xee, sizeof(out));
    memset(before, 0xee, sizeof(before));
    for (size_t i = 0; i < sizeof(writers) / sizeof(writers[0]); i++) {
        for (size_t room = 0; room < sizeof(struct rescind_peer_record); room++)
            assert_int_equal(writers[i](s->k[0], 1, 0, out, room), 0);
    }
    note = note_create(s->k[0], 1, 0, 1, false);
    assert_int_not_equal(note, 0);
    note_tell(s->k[0], note, RESCIND_VPE_GONE, 0);
    assert_int_equal(note_write(s->k[0], 1, out, sizeof(struct rescind_peer_record)), 0);
    assert_int_equal(peer_at(s->k[0], 1)->notes, note);
    assert_memory_equal(out, before, sizeof(out));
    system_free(s);
}

/* At boot, what VPEs of other kernels are given. */
static void a_grant_across_that_can_not_be_is_refused(void **state)
{
    struct system *s = system_new(2, 1, 40, 8);
    uint32_t sel = 100;
    enum rescind_error error = RESCIND_NO_ERROR;

    (void)state;
    assert_int_equal(rescind_kernel_boot_grant_across(s->k[0], 9, sel, s->k[1], 0),
                     RESCIND_INV_ARGS);
    assert_int_equal(rescind_kernel_boot_grant_across(s->k[0], 0, sel, s->k[1], 9),
                     RESCIND_INV_ARGS);
    assert_int_equal(rescind_kernel_boot_grant_across(s->k[0], 0, sel, s->k[0], 0),
                     RESCIND_INV_ARGS);
    assert_int_equal(rescind_kernel_boot_grant_across(s->k[0], 0, RESCIND_SEL_VPE, s->k[1], 0),
                     RESCIND_INV_ARGS);
    while (error == RESCIND_NO_ERROR)
        error = rescind_kernel_boot_grant_across(s->k[0], 0, sel++, s->k[1], 0);
    assert_int_equal(error, RESCIND_OUT_OF_MEM);
    assert_true(sel > 110);
    assert_true(system_audit_rest(s, NULL));
    system_free(s);
}

static struct system_message tell_now(struct system *s, unsigned from, unsigned to)
{
    struct system_message m;

    m.size = rescind_kernel_tell(s->k[from], to, m.bytes);
    return m;
}

static unsigned count_records(const struct system_message *m, uint8_t kind)
{
    struct rescind_peer_record record;
    unsigned count = 0;

    for (size_t at = sizeof(struct rescind_peer_message); at < m->size; at += record.size) {
        memcpy(&record, m->bytes + at, sizeof(record));
        count += record.kind == kind;
    }
    return count;
}

/* So many links end at once that a FREE has no room beside them: it has in the next message. */
static void a_free_without_room_comes_with_the_next_message(void **state)
{
    enum { MANY = 60, FIRST = 100 };
    struct system *s = system_new(2, 1, 400, 100);
    struct peer *peer = peer_at(s->k[B], A);
    struct system_message m;

    (void)state;
    for (uint32_t sel = FIRST; sel < FIRST + MANY; sel++) {
        assert_int_equal(kit_call(s->k[A], 0, kit_creategate(sel)), RESCIND_NO_ERROR);
        kit_send(s->k[A], 0, kit_delegate(system_sel(s, B, 0), sel, sel, 1));
        assert_true(system_rest(s));
        assert_int_equal(reply(s, A, 0), RESCIND_NO_ERROR);
    }
    kit_send(s->k[B], 0, kit_revoke(FIRST, MANY, true));
    kit_rest(s->k[B]);
    peer->frees = 1;
    peer->turn = 0;
    m = tell_now(s, B, A);
    assert_true(count_records(&m, RESCIND_PEER_UNLINK) > 10);
    assert_true(m.size + sizeof(struct rescind_peer_record) > RESCIND_PEER_MSG_MAX);
    assert_int_equal(count_records(&m, RESCIND_PEER_FREE), 0);
    assert_int_equal(peer->frees, 1);
    m = tell_now(s, B, A);
    assert_int_equal(count_records(&m, RESCIND_PEER_FREE), 1);
    assert_int_equal(peer->frees, 0);
    system_free(s);
}

/* The audit of links reads messages on their way; a record of no length has nothing behind it. */
static void the_audit_comes_to_the_end_of_any_message(void **state)
{
    struct system *s = new_linked();
    struct system_message unlink;
    struct rescind_kernel_message message = {unlink.bytes, 0};
    struct rescind_peer_record none = {.kind = RESCIND_PEER_MARKED};

    (void)state;
    assert_int_equal(call(s, B, 0, kit_revoke(20, 1, false)), RESCIND_NO_ERROR);
    cap_destroy(s->k[B], kit_at(s->k[B], 0, 20));
    unlink.size = message.size = rescind_kernel_tell(s->k[B], A, unlink.bytes);
    assert_true(rescind_kernel_audit_links(s->k[A], s->k[B], &message, 1, NULL));
    memcpy(unlink.bytes + sizeof(struct rescind_peer_message), &none, sizeof(none));
    assert_false(rescind_kernel_audit_links(s->k[A], s->k[B], &message, 1, NULL));
    system_free(s);
}

/* With a pattern, the tests of that name are left out. */
int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_record_without_room_is_not_begun),
        cmocka_unit_test(a_grant_across_that_can_not_be_is_refused),
        cmocka_unit_test(calls_in_any_order_come_to_rest),
        cmocka_unit_test(an_unlink_before_the_answer_has_left_is_refused),
        cmocka_unit_test(a_mark_of_what_is_not_there_yet_is_refused),
        cmocka_unit_test(a_vpe_number_that_no_vpe_can_have_is_refused),
        cmocka_unit_test(a_selector_may_be_used_again_before_the_unlink_has_left),
        cmocka_unit_test(what_is_said_of_stubs_that_are_not_the_sayers_is_refused),
        cmocka_unit_test(marked_is_wanted_once_and_only_when_asked_for),
        cmocka_unit_test(an_unlink_is_wanted_once_and_not_of_what_is_reserved),
        cmocka_unit_test(orders_for_what_is_not_linked_come_late),
        cmocka_unit_test(orders_come_once_and_the_sweep_behind_the_mark),
        cmocka_unit_test(answers_and_frees_that_nobody_waits_for_are_refused),
        cmocka_unit_test(a_blocked_answer_comes_once_and_one_free_behind_it),
        cmocka_unit_test(questions_that_make_no_sense_are_refused),
        cmocka_unit_test(nothing_is_given_to_a_vpe_that_has_ended),
        cmocka_unit_test(questions_that_do_not_follow_the_one_before_are_refused),
        cmocka_unit_test(a_message_is_refused_as_a_whole),
        cmocka_unit_test(a_message_of_nobody_is_not_heard),
        cmocka_unit_test(a_damaged_message_breaks_no_invariant),
        cmocka_unit_test(an_exchange_blocked_at_the_peer_waits_for_free),
        cmocka_unit_test(a_remote_capability_takes_one_node_here_and_one_there),
        cmocka_unit_test(a_range_of_any_length_goes_whole_or_not_at_all),
        cmocka_unit_test(who_has_nothing_to_tell_any_more_is_silent),
        cmocka_unit_test(a_short_exchange_leaves_its_slot_free),
        cmocka_unit_test(one_kind_of_records_does_not_hold_up_the_others),
        cmocka_unit_test(an_exchange_waits_for_a_place_of_its_own),
        cmocka_unit_test(an_exchange_blocked_by_what_has_gone_is_freed),
        cmocka_unit_test(the_fifth_exchange_waits_for_a_slot),
        cmocka_unit_test(a_slot_that_is_not_wanted_any_more_goes_on),
        cmocka_unit_test(a_vpe_ends_in_the_middle_of_its_exchange),
        cmocka_unit_test(an_exchange_without_memory_changes_nothing),
        cmocka_unit_test(children_on_one_kernel_share_messages),
        cmocka_unit_test(a_chain_to_and_fro_takes_four_messages_an_edge),
        cmocka_unit_test(a_full_channel_holds_up_nobody_who_does_not_need_it),
        cmocka_unit_test(a_record_of_a_good_layout_is_heard),
        cmocka_unit_test(a_message_with_a_record_of_a_bad_layout_is_refused_as_a_whole),
        cmocka_unit_test(the_longest_message_is_heard_and_a_longer_one_is_not),
        cmocka_unit_test(the_audit_misses_the_child_of_a_stub),
        cmocka_unit_test(the_audit_misses_the_stub_of_a_child),
        cmocka_unit_test(the_audit_of_rest_finds_what_is_left),
        cmocka_unit_test(a_free_without_room_comes_with_the_next_message),
        cmocka_unit_test(the_audit_comes_to_the_end_of_any_message),
    };

    if (argc > 1)
        cmocka_set_skip_filter(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}

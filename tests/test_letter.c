/* Letters: calls that need another kernel (syscall/letter.h), message by message.
 *
 * The kernels are live, and the test chooses which event comes next: where there are few, each
 * order of them is tried, and what else may happen in between happens at each point. All kernels
 * are audited after each event.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/pages.h"
#include "cap/peer.h"
#include "cap/table.h"
#include "object/endpoint.h"
#include "object/mem.h"
#include "object/note.h"
#include "object/vpe.h"
#include "rescind/peer.h"
#include "syscall/call.h"
#include "syscall/open.h"
#include "tests/kit.h"
#include "tests/sanitized.h"
#include "tests/system.h"

enum { A, B, C };
enum { WORK = 8, NODES = 200, MEMORY = 16 * RESCIND_PAGE };

/* ---- Systems ------------------------------------------------------------------------------ */

static void audit(const struct system *s)
{
    struct rescind_finding finding;

    if (!system_audit(s, &finding))
        fail_msg("%s is broken at %u: %s", finding.name, finding.where, finding.sentence);
}

static uint32_t first(void *user, uint32_t n)
{
    (void)user;
    (void)n;
    return 0;
}

/* Goes on until nothing can move; some calls may wait for others then. */
static void settle(struct system *s)
{
    while (system_event(s, first, NULL))
        audit(s);
}

/* The same, and nothing is left of any call. */
static void rest(struct system *s)
{
    struct rescind_finding finding;

    settle(s);
    if (!system_audit_rest(s, &finding))
        fail_msg("%s is broken at %u: %s", finding.name, finding.where, finding.sentence);
}

/* What an answer says: an error, and the first number behind it. */
struct answer {
    uint64_t error, value;
};

static bool take(struct system *s, unsigned pe, uint32_t vpe, struct answer *out)
{
    *out = (struct answer){0};
    return rescind_kernel_receive(s->k[pe], vpe, out, sizeof(*out));
}

static struct answer answer(struct system *s, unsigned pe, uint32_t vpe)
{
    struct answer out;

    assert_true(take(s, pe, vpe, &out));
    return out;
}

/* A call in an otherwise idle system. */
static enum rescind_error call(struct system *s, unsigned pe, uint32_t vpe, struct message m)
{
    kit_send(s->k[pe], vpe, m);
    settle(s);
    return (enum rescind_error)answer(s, pe, vpe).error;
}

static bool waits(const struct system *s, unsigned pe, uint32_t vpe)
{
    return rescind_kernel_vpe_state(s->k[pe], vpe) == RESCIND_VPE_WAITING;
}

static struct message createvpe(uint32_t vpe_dst, uint32_t mem_dst)
{
    struct message m = {0};

    message_u64(&m, RESCIND_SYS_CREATEVPE);
    message_u64(&m, vpe_dst);
    message_u64(&m, mem_dst);
    message_u64(&m, 5);
    message_put(&m, "child", 5);
    message_u64(&m, RESCIND_ANY_PE);
    message_u64(&m, RESCIND_NONE);
    message_u64(&m, 0);
    return m;
}

static struct message vpectrl(uint32_t sel, enum rescind_vpectrl op)
{
    struct message m = {0};

    message_u64(&m, RESCIND_SYS_VPECTRL);
    message_u64(&m, sel);
    message_u64(&m, op);
    message_u64(&m, 0);
    return m;
}

/* ---- Every order -------------------------------------------------------------------------- */

enum { DEPTH = 200 };
enum { MEM = 40, MAPPED = RESCIND_MAP_FIRST + 8 };

/* Choices, each of so many; the run that has made them is followed by the next in order. */
struct path {
    uint32_t length, chosen[DEPTH], of[DEPTH];
    uint32_t at;
    uint64_t seed; /* not 0: choices are drawn */
};
enum { PATHS_MAX = SANITIZED ? 500 : 3000 };

static uint32_t choose(void *user, uint32_t n)
{
    struct path *path = user;

    if (path->seed != 0) {
        path->seed = path->seed * 6364136223846793005u + 1442695040888963407u;
        return (uint32_t)(path->seed >> 33) % n;
    }
    if (path->at == path->length) {
        assert_true(path->length < DEPTH);
        path->chosen[path->length] = 0;
        path->of[path->length++] = n;
    }
    assert_int_equal(path->of[path->at], n);
    return path->chosen[path->at++];
}

static bool next_path(struct path *path)
{
    while (path->length > 0 && path->chosen[path->length - 1] + 1 == path->of[path->length - 1])
        path->length--;
    if (path->length == 0)
        return false;
    path->chosen[path->length - 1]++;
    return true;
}

/* As a machine does after each event. */
static void tell_all(struct system *s)
{
    for (unsigned from = 0; from < s->kernels; from++) {
        for (unsigned to = 0; to < s->kernels; to++) {
            while (from != to && system_tell(s, from, to))
                ;
        }
    }
}

/* What VPE 0 of A may read and write of memory of B's, at its first mapped pages, is memory that is
 * taken; and none when VPE 0 of B has been told that it has revoked MEM, of which all is. */
static void check_mapped(const struct system *s)
{
    struct rescind_kernel_mapping there;
    bool revoked = !waits(s, B, 0) && !kit_holds(s->k[B], 0, MEM);

    for (uint32_t page = RESCIND_MAP_FIRST; page < MAPPED + 2; page++) {
        if (rescind_kernel_mapping(s->k[A], 0, page, &there) != RESCIND_MAPPING_THERE ||
            there.pe != B)
            continue;
        assert_true(page_is_taken(s->k[B], there.frame));
        assert_false(revoked);
    }
}

/* Something that happens once, at any point. */
typedef void happen(struct system *s);
/* What must hold at the end. */
typedef void check(struct system *s);

/* One order, which `path` chooses. */
static void one_order(struct system *s, struct path *path, happen *happen)
{
    bool happened = happen == NULL, more = true;

    path->at = 0;
    while (more) {
        tell_all(s);
        bool happens = !happened && choose(path, 2) == 1;
        if (!happens)
            more = system_event(s, choose, path);
        if (happens || (!happened && !more)) {
            happen(s);
            happened = more = true;
        }
        audit(s);
        check_mapped(s);
    }
}

/* From `start`, each order of the events, with `happen` (or NULL) at each point; where there are
 * more than PATHS_MAX, so many of them, and so many that are drawn. */
static void every_order(struct system *start, struct system *s, happen *happen, check *check)
{
    struct path path = {0};
    uint32_t count = 0;

    do {
        system_copy(s, start);
        one_order(s, &path, happen);
        check(s);
    } while (++count < PATHS_MAX && next_path(&path));
    assert_true(count > 3);
    for (uint32_t i = 0; count == PATHS_MAX && i < PATHS_MAX; i++) {
        path.seed = i + 1;
        system_copy(s, start);
        one_order(s, &path, happen);
        check(s);
    }
}

/* ---- VPECTRL ------------------------------------------------------------------------------ */

enum { CHILD = 1, CHILD_CAP = 20, CHILD_MEM = 21, THERE = 30 };

/* VPE 0 of B has a child, which VPE 0 of A holds at THERE. */
static struct system *new_family(void)
{
    struct system *s = system_new_roomy(2, 1, 3, NODES, WORK, MEMORY);

    assert_int_equal(call(s, B, 0, createvpe(CHILD_CAP, CHILD_MEM)), RESCIND_NO_ERROR);
    assert_int_equal(call(s, A, 0, kit_obtain(system_sel(s, B, 0), THERE, CHILD_CAP, 1)),
                     RESCIND_NO_ERROR);
    return s;
}

/* What the last event of a kernel wants of the machine. */
static struct rescind_kernel_output output(struct system *s, unsigned pe)
{
    return rescind_kernel_take_output(s->k[pe]);
}

static void a_vpe_of_another_kernel_is_started(void **state)
{
    struct system *s = new_family();
    struct rescind_kernel_output out;

    (void)state;
    kit_send(s->k[A], 0, vpectrl(THERE, RESCIND_VPE_START));
    assert_true(system_tell(s, A, B) && system_hear(s, A, B));
    out = output(s, B);
    assert_int_equal(out.kind, RESCIND_OUTPUT_STARTED);
    assert_int_equal(out.vpe, CHILD);
    assert_int_equal(rescind_kernel_vpe_state(s->k[B], CHILD), RESCIND_VPE_RUNNING);
    rest(s);
    assert_int_equal(answer(s, A, 0).error, RESCIND_NO_ERROR);
    assert_int_equal(call(s, A, 0, vpectrl(THERE, RESCIND_VPE_START)), RESCIND_INV_ARGS);
    kit_send(s->k[B], CHILD, kit_exit(7));
    rest(s);
    assert_int_equal(call(s, A, 0, vpectrl(THERE, RESCIND_VPE_START)), RESCIND_VPE_GONE);
    rest(s);
    system_free(s);
}

static void a_vpe_of_another_kernel_that_is_ending_is_not_started(void **state)
{
    struct system *s = new_family();

    (void)state;
    rescind_kernel_end(s->k[B], CHILD, 7);
    kit_send(s->k[A], 0, vpectrl(THERE, RESCIND_VPE_START));
    assert_true(system_tell(s, A, B) && system_hear(s, A, B));
    assert_int_not_equal(output(s, B).kind, RESCIND_OUTPUT_STARTED);
    rest(s);
    assert_int_equal(answer(s, A, 0).error, RESCIND_VPE_GONE);
    system_free(s);
}

static void the_end_of_a_vpe_of_another_kernel_is_waited_for(void **state)
{
    struct system *s = new_family();

    (void)state;
    assert_int_equal(call(s, A, 0, vpectrl(THERE, RESCIND_VPE_START)), RESCIND_NO_ERROR);
    kit_send(s->k[A], 0, vpectrl(THERE, RESCIND_VPE_WAIT));
    rest(s); /* it may wait for ever */
    assert_true(waits(s, A, 0));
    kit_send(s->k[B], CHILD, kit_exit(7));
    rest(s);
    for (int again = 0; again < 2; again++) { /* and once it has ended */
        struct answer got = answer(s, A, 0);
        assert_int_equal(got.error, RESCIND_NO_ERROR);
        assert_int_equal(got.value, 7);
        kit_send(s->k[A], 0, vpectrl(THERE, RESCIND_VPE_WAIT));
        rest(s);
    }
    system_free(s);
}

static uint32_t count_notes(const struct rescind_kernel *k, uint32_t vpe)
{
    uint32_t count = 0;

    for (uint32_t at = vpe_at(k, vpe)->watchers; at != 0; at = note_at(k, at)->next)
        count++;
    return count;
}

/* VPE 1 of A, a child of VPE 0, is ended again and again while it waits: what B keeps for that is
 * one node, whatever it has waited for. */
static void a_cancelled_wait_is_forgotten_by_the_next_one(void **state)
{
    enum { CHILDREN = 2 };
    struct system *s = system_new_roomy(2, 1, 4, NODES, WORK, MEMORY);
    uint32_t used;

    (void)state;
    for (uint32_t i = 0; i < CHILDREN; i++) {
        assert_int_equal(call(s, B, 0, createvpe(CHILD_CAP + 2 * i, CHILD_MEM + 2 * i)), 0);
        assert_int_equal(
            call(s, A, 0, kit_obtain(system_sel(s, B, 0), THERE + i, CHILD_CAP + 2 * i, 1)), 0);
    }
    used = pool_used(s->k[B]);
    for (uint32_t round = 0; round < 5; round++) {
        uint32_t target = round % CHILDREN;
        assert_int_equal(call(s, A, 0, createvpe(CHILD_CAP, CHILD_MEM)), RESCIND_NO_ERROR);
        assert_int_equal(call(s, A, 0, kit_delegate(CHILD_CAP, THERE + target, THERE, 1)), 0);
        assert_int_equal(call(s, A, 0, vpectrl(CHILD_CAP, RESCIND_VPE_START)), RESCIND_NO_ERROR);
        if (round == 3) /* what is there already is enough */
            rescind_kernel_starve(s->k[B], 0);
        kit_send(s->k[A], CHILD, vpectrl(THERE, RESCIND_VPE_WAIT));
        settle(s);
        rescind_kernel_starve(s->k[B], UINT32_MAX);
        assert_true(waits(s, A, CHILD));
        assert_int_equal(pool_used(s->k[B]), used + 1);
        for (uint32_t i = 0; i < CHILDREN; i++)
            assert_int_equal(count_notes(s->k[B], CHILD + i), i == target);
        if (round < 4)
            assert_int_equal(call(s, A, 0, kit_revoke(CHILD_CAP, 2, true)), RESCIND_NO_ERROR);
        settle(s);
    }
    /* The other's end is not told to it, and that of the one it waits for is. */
    assert_int_equal(call(s, B, 0, kit_revoke(CHILD_CAP + 2, 2, true)), RESCIND_NO_ERROR);
    settle(s);
    assert_true(waits(s, A, CHILD));
    assert_int_equal(call(s, B, 0, kit_revoke(CHILD_CAP, 2, true)), RESCIND_NO_ERROR);
    rest(s);
    assert_int_equal(answer(s, A, CHILD).error, RESCIND_VPE_GONE);
    system_free(s);
}

static void one_that_ends_by_revocation_is_gone(void **state)
{
    struct system *s = new_family();

    (void)state;
    kit_send(s->k[A], 0, vpectrl(THERE, RESCIND_VPE_WAIT));
    settle(s);
    assert_true(waits(s, A, 0));
    assert_int_equal(call(s, B, 0, kit_revoke(CHILD_CAP, 1, true)), RESCIND_NO_ERROR);
    rest(s);
    assert_int_equal(answer(s, A, 0).error, RESCIND_VPE_GONE);
    assert_int_equal(rescind_kernel_vpe_state(s->k[B], CHILD), RESCIND_VPE_ENDED);
    /* Its number is free again, once nothing names it and those who wait have been told. */
    assert_int_equal(s->k[B]->vpe_free, CHILD + 1);
    system_free(s);
}

/* ---- Each order, and what may happen in between ------------------------------------------- */

static void child_exits(struct system *s)
{
    kit_send(s->k[B], CHILD, kit_exit(7));
}

static void check_waited(struct system *s)
{
    struct answer got = answer(s, A, 0);

    rest(s);
    assert_int_equal(got.error, RESCIND_NO_ERROR);
    assert_int_equal(got.value, 7);
}

static void parent_revokes(struct system *s)
{
    kit_send(s->k[B], 0, kit_revoke(CHILD_CAP, 1, true));
}

/* The waiting call has found the VPE, or come too late. */
static void check_revoked(struct system *s)
{
    struct answer got = answer(s, A, 0);

    rest(s);
    assert_true(got.error == RESCIND_VPE_GONE || got.error == RESCIND_INV_ARGS);
    assert_int_equal(answer(s, B, 0).error, RESCIND_NO_ERROR);
    assert_false(kit_holds(s->k[A], 0, THERE));
    assert_int_equal(s->k[B]->vpe_free, CHILD + 1);
}

static void asker_is_killed(struct system *s)
{
    rescind_kernel_end(s->k[A], 0, 1);
}

static void check_killed(struct system *s)
{
    assert_int_equal(rescind_kernel_vpe_state(s->k[A], 0), RESCIND_VPE_ENDED);
    if (rescind_kernel_vpe_state(s->k[B], CHILD) != RESCIND_VPE_ENDED)
        kit_send(s->k[B], CHILD, kit_exit(7)); /* a note that nobody waits for */
    rest(s);
    assert_int_equal(rescind_kernel_peer(s->k[A], B).refused, 0);
}

static void both_end(struct system *s)
{
    child_exits(s);
    asker_is_killed(s);
}

static void a_wait_comes_right_in_every_order(void **state)
{
    static const struct {
        happen *happen;
        check *check;
    } cases[] = {
        {child_exits, check_waited},
        {parent_revokes, check_revoked},
        {asker_is_killed, check_killed},
        {both_end, check_killed},
    };
    struct system *start = new_family(), *s = new_family();

    (void)state;
    assert_int_equal(call(start, A, 0, vpectrl(THERE, RESCIND_VPE_START)), RESCIND_NO_ERROR);
    kit_send(start->k[A], 0, vpectrl(THERE, RESCIND_VPE_WAIT));
    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        every_order(start, s, cases[i].happen, cases[i].check);
    system_free(start);
    system_free(s);
}

static void check_started(struct system *s)
{
    struct answer got = answer(s, A, 0);

    rest(s);
    assert_true(got.error == RESCIND_NO_ERROR || got.error == RESCIND_INV_ARGS ||
                got.error == RESCIND_VPE_GONE);
    assert_int_equal(answer(s, B, 0).error, RESCIND_NO_ERROR);
    assert_int_equal(rescind_kernel_vpe_state(s->k[B], CHILD), RESCIND_VPE_ENDED);
}

static void a_start_and_a_revocation_come_in_every_order(void **state)
{
    struct system *start = new_family(), *s = new_family();

    (void)state;
    kit_send(start->k[A], 0, vpectrl(THERE, RESCIND_VPE_START));
    every_order(start, s, parent_revokes, check_started);
    system_free(start);
    system_free(s);
}

/* ---- Slots and memory --------------------------------------------------------------------- */

/* Whosever turn it is: the note of an end says nothing to one who was not told to wait for it. */
static void a_note_comes_behind_the_answer_that_promises_it(void **state)
{
    (void)state;
    for (uint8_t turn = 0; turn <= 2 * RESCIND_PEER_LETTERS; turn++) {
        struct system *s = new_family();
        kit_send(s->k[A], 0, vpectrl(THERE, RESCIND_VPE_WAIT));
        assert_true(system_tell(s, A, B) && system_hear(s, A, B));
        rescind_kernel_end(s->k[B], CHILD, 7);
        kit_rest(s->k[B]);
        assert_int_not_equal(peer_at(s->k[B], A)->notes, 0);
        peer_at(s->k[B], A)->letter_turn = turn;
        rest(s);
        assert_int_equal(answer(s, A, 0).value, 7);
        assert_int_equal(rescind_kernel_peer(s->k[A], B).late, 0);
        system_free(s);
    }
}

static void more_calls_than_slots_wait_their_turn(void **state)
{
    enum { CALLERS = 6 };
    struct system *s = system_new(2, CALLERS, 400, WORK);
    uint32_t nodes = pool_used(s->k[B]);

    (void)state;
    for (uint32_t vpe = CALLERS; vpe-- > 0;) /* VPE 0 waits, too */
        kit_send(s->k[A], vpe, vpectrl(system_sel(s, B, 0), RESCIND_VPE_WAIT));
    audit(s);
    assert_int_equal(peer_at(s->k[A], B)->letters_taken, 3);
    assert_int_not_equal(peer_at(s->k[A], B)->letter_waiters, 0);
    settle(s);
    assert_int_equal(peer_at(s->k[A], B)->letters_taken, 0);
    assert_int_equal(pool_used(s->k[B]), nodes + CALLERS);
    kit_send(s->k[B], 0, kit_exit(3));
    rest(s);
    for (uint32_t vpe = 0; vpe < CALLERS; vpe++) {
        struct answer got = answer(s, A, vpe);
        assert_int_equal(got.error, RESCIND_NO_ERROR);
        assert_int_equal(got.value, 3);
    }
    system_free(s);
}

/* One that waits for a slot to one kernel has another's capability by the time that it gets it. */
static void a_slot_to_the_wrong_kernel_is_given_back(void **state)
{
    enum { CALLERS = 4, HELPER = 3, WAITER = 2, PLACE = 150 };
    struct system *s = system_new(3, CALLERS, 400, WORK);
    uint32_t to_b = system_sel(s, B, 0), to_c = system_sel(s, C, 0);
    uint32_t to_waiter = system_sel(s, A, WAITER);
    enum rescind_error error = RESCIND_INV_ARGS;

    (void)state;
    assert_int_equal(call(s, A, HELPER, kit_delegate(to_waiter, to_b, PLACE, 1)), RESCIND_NO_ERROR);
    for (uint32_t vpe = 0; vpe <= WAITER; vpe++)
        kit_send(s->k[A], vpe, vpectrl(vpe == WAITER ? PLACE : to_b, RESCIND_VPE_WAIT));
    assert_int_equal(peer_at(s->k[A], B)->letter_waiters, WAITER + 1);
    kit_send(s->k[A], HELPER, kit_revoke(to_b, 1, false));
    kit_rest(s->k[A]);
    assert_true(kit_reply(s->k[A], HELPER, &error));
    assert_int_equal(error, RESCIND_NO_ERROR);
    kit_send(s->k[A], HELPER, kit_delegate(to_waiter, to_c, PLACE, 1));
    kit_rest(s->k[A]);
    assert_true(kit_reply(s->k[A], HELPER, &error));
    assert_int_equal(error, RESCIND_NO_ERROR);
    settle(s);
    assert_int_equal(peer_at(s->k[A], B)->letters_taken, 0);
    assert_int_equal(peer_at(s->k[A], C)->letters_taken, 0);
    kit_send(s->k[B], 0, kit_exit(4));
    kit_send(s->k[C], 0, kit_exit(5));
    rest(s);
    for (uint32_t vpe = 0; vpe <= WAITER; vpe++)
        assert_int_equal(answer(s, A, vpe).value, vpe == WAITER ? 5 : 4);
    system_free(s);
}

/* The capability of one that waits for a slot is revoked, and it is refused; its slot goes on. */
static void a_slot_that_is_not_wanted_any_more_goes_on(void **state)
{
    enum { CALLERS = 4 };
    struct system *s = system_new(2, CALLERS, 400, WORK);

    (void)state;
    for (uint32_t vpe = 0; vpe < CALLERS; vpe++)
        kit_send(s->k[A], vpe, vpectrl(system_sel(s, B, vpe), RESCIND_VPE_START));
    rescind_kernel_end(s->k[B], 2, 1); /* revokes what caller 2 names */
    while (kit_rest(s->k[B]) > 0 || system_tell(s, B, A) || system_hear(s, B, A))
        audit(s);
    kit_rest(s->k[A]);
    audit(s);
    rest(s);
    for (uint32_t vpe = 0; vpe < CALLERS; vpe++)
        assert_true(answer(s, A, vpe).error == RESCIND_INV_ARGS);
    assert_int_equal(peer_at(s->k[A], B)->letters_taken, 0);
    system_free(s);
}

static void a_wait_without_memory_is_refused_and_changes_nothing(void **state)
{
    struct system *s = new_family();

    (void)state;
    rescind_kernel_starve(s->k[B], 0);
    assert_int_equal(call(s, A, 0, vpectrl(THERE, RESCIND_VPE_WAIT)), RESCIND_OUT_OF_MEM);
    rest(s);
    rescind_kernel_starve(s->k[B], 1);
    kit_send(s->k[A], 0, vpectrl(THERE, RESCIND_VPE_WAIT));
    settle(s);
    assert_true(waits(s, A, 0));
    rescind_kernel_starve(s->k[A], 0); /* what is told needs no memory */
    kit_send(s->k[B], 0, kit_revoke(CHILD_CAP, 1, true));
    rest(s);
    assert_int_equal(answer(s, A, 0).error, RESCIND_VPE_GONE);
    system_free(s);
}

/* A letter of one VPE waits behind the records of another's long exchange, and the other way
 * about: they take turns. */
static void letters_and_other_records_take_turns(void **state)
{
    struct system *s = system_new(2, 2, 800, 64);
    struct system_message m;

    (void)state;
    for (uint32_t i = 0; i < 60; i++) {
        call(s, A, 0, kit_creategate(20 + i));
        assert_int_equal(call(s, A, 0, kit_delegate(system_sel(s, B, 0), 20 + i, 20 + i, 1)),
                         RESCIND_NO_ERROR);
    }
    kit_send(s->k[A], 0, kit_revoke(20, 60, true));
    kit_rest(s->k[A]); /* sixty MARKs are to be told */
    kit_send(s->k[A], 1, vpectrl(system_sel(s, B, 1), RESCIND_VPE_START));
    for (unsigned i = 0; i < 2; i++) {
        const struct rescind_peer_record *record = (const void *)(m.bytes + 8);
        m.size = rescind_kernel_tell(s->k[A], B, m.bytes);
        assert_int_equal(record->kind, i == 0 ? RESCIND_PEER_MARK : RESCIND_PEER_LETTER);
        audit(s);
        rescind_kernel_hear(s->k[B], A, m.bytes, m.size);
    }
    rest(s);
    assert_int_equal(answer(s, A, 1).error, RESCIND_INV_ARGS);
    assert_int_equal(answer(s, A, 0).error, RESCIND_NO_ERROR);
    system_free(s);
}

/* ---- Memory ------------------------------------------------------------------------------- */

static struct message put(enum rescind_syscall opcode, unsigned count, const uint64_t *args)
{
    struct message m = {0};

    message_u64(&m, opcode);
    for (unsigned i = 0; i < count; i++)
        message_u64(&m, args[i]);
    return m;
}
#define CALL(opcode, ...)                                                                          \
    put(RESCIND_SYS_##opcode, sizeof((uint64_t[]){__VA_ARGS__}) / sizeof(uint64_t),                \
        (uint64_t[]){__VA_ARGS__})

enum {
    R = RESCIND_PERM_R,
    W = RESCIND_PERM_W,
    OURS = MEM + 1, /* MEM, two pages of B's, as VPE 0 of A holds it, at endpoint EP */
    PART,
    EP = 2,
    EP2,
};

static struct message write_number(uint32_t ep, uint64_t off, uint64_t value)
{
    return CALL(WRITE, ep, off, sizeof(value), value);
}

/* The answer to a READ of one number. */
struct number {
    uint64_t error, size, value;
};

static struct number read_number(struct system *s, unsigned pe, uint32_t ep, uint64_t off)
{
    struct number number = {0};

    kit_send(s->k[pe], 0, CALL(READ, ep, off, sizeof(uint64_t)));
    settle(s);
    assert_true(rescind_kernel_receive(s->k[pe], 0, &number, sizeof(number)));
    return number;
}

/* VPE 0 of B has two pages at MEM, which VPE 0 of A holds at OURS. */
static struct system *new_lent_with(uint32_t work)
{
    struct system *s = system_new_roomy(2, 1, 1, NODES, work, MEMORY);

    assert_int_equal(call(s, B, 0, CALL(REQMEM, MEM, RESCIND_ANY_ADDR, 8192, R | W)),
                     RESCIND_NO_ERROR);
    assert_int_equal(call(s, A, 0, kit_obtain(system_sel(s, B, 0), OURS, MEM, 1)),
                     RESCIND_NO_ERROR);
    return s;
}

static struct system *new_lent(void)
{
    return new_lent_with(64);
}

static void memory_of_another_kernel_is_read_and_written(void **state)
{
    struct system *s = new_lent();
    struct number got;

    (void)state;
    assert_int_equal(call(s, A, 0, CALL(ACTIVATE, EP, RESCIND_NONE, OURS)), RESCIND_NO_ERROR);
    assert_int_equal(call(s, B, 0, CALL(ACTIVATE, EP, RESCIND_NONE, MEM)), RESCIND_NO_ERROR);
    assert_int_equal(call(s, A, 0, write_number(EP, 4096, 77)), RESCIND_NO_ERROR);
    for (unsigned pe = A; pe <= B; pe++) {
        got = read_number(s, pe, EP, 4096);
        assert_int_equal(got.error, RESCIND_NO_ERROR);
        assert_int_equal(got.size, 8);
        assert_int_equal(got.value, 77);
    }
    assert_int_equal(read_number(s, A, EP, 8192 - 7).error, RESCIND_INV_ARGS);
    rest(s);
    assert_int_equal(call(s, B, 0, kit_revoke(MEM, 1, true)), RESCIND_NO_ERROR);
    rest(s);
    assert_int_equal(read_number(s, A, EP, 0).error, RESCIND_EP_INVALID);
    system_free(s);
}

static void as_much_as_a_message_holds_is_read_and_written(void **state)
{
    struct system *s = new_lent();
    struct message m = CALL(WRITE, EP, 0, RESCIND_DATA_MAX);
    uint8_t data[RESCIND_DATA_MAX], back[16 + RESCIND_DATA_MAX];

    (void)state;
    for (unsigned i = 0; i < sizeof(data); i++)
        data[i] = (uint8_t)(i * 7);
    message_put(&m, data, sizeof(data));
    assert_int_equal(call(s, A, 0, CALL(ACTIVATE, EP, RESCIND_NONE, OURS)), RESCIND_NO_ERROR);
    assert_int_equal(call(s, A, 0, m), RESCIND_NO_ERROR);
    kit_send(s->k[A], 0, CALL(READ, EP, 0, RESCIND_DATA_MAX));
    settle(s);
    assert_true(rescind_kernel_receive(s->k[A], 0, back, sizeof(back)));
    assert_memory_equal(back + 16, data, sizeof(data));
    system_free(s);
}

static void a_part_of_memory_of_another_kernel_is_derived(void **state)
{
    struct system *s = new_lent();

    (void)state;
    assert_int_equal(call(s, A, 0, CALL(DERIVEMEM, OURS, PART, 4096, 4097, R)), RESCIND_INV_ARGS);
    assert_int_equal(call(s, A, 0, CALL(DERIVEMEM, OURS, PART, 4096, 64, R | RESCIND_PERM_X)),
                     RESCIND_NO_PERM);
    assert_int_equal(call(s, A, 0, CALL(DERIVEMEM, OURS, PART, 4096, 64, R)), RESCIND_NO_ERROR);
    assert_int_equal(call(s, A, 0, CALL(DERIVEMEM, OURS, PART, 0, 64, R)), RESCIND_INV_ARGS);
    assert_int_equal(call(s, A, 0, CALL(ACTIVATE, EP, RESCIND_NONE, OURS)), RESCIND_NO_ERROR);
    assert_int_equal(call(s, A, 0, CALL(ACTIVATE, EP2, RESCIND_NONE, PART)), RESCIND_NO_ERROR);
    assert_int_equal(call(s, A, 0, write_number(EP, 4096 + 56, 5)), RESCIND_NO_ERROR);
    assert_int_equal(read_number(s, A, EP2, 56).value, 5);
    assert_int_equal(read_number(s, A, EP2, 57).error, RESCIND_INV_ARGS);
    assert_int_equal(call(s, A, 0, write_number(EP2, 0, 5)), RESCIND_NO_PERM);
    rescind_kernel_starve(s->k[A], 1);
    assert_int_equal(call(s, A, 0, CALL(DERIVEMEM, OURS, 60, 0, 8, R)), RESCIND_OUT_OF_MEM);
    rest(s);
    system_free(s);
}

static enum rescind_error map(struct system *s, unsigned pe, uint32_t mem, uint32_t first,
                              uint32_t pages, uint32_t perms)
{
    return call(s, pe, 0, CALL(CREATEMAP, 0, mem, first, pages, RESCIND_MAP_FIRST, perms));
}

static void memory_of_another_kernel_is_mapped(void **state)
{
    struct system *s = new_lent();
    struct rescind_kernel_mapping there;
    uint32_t frame =
        (uint32_t)(mem_at(s->k[B], cap_at(s->k[B], kit_at(s->k[B], 0, MEM))->object)->addr /
                   RESCIND_PAGE);

    (void)state;
    assert_int_equal(map(s, A, OURS, 2, 1, R), RESCIND_INV_ARGS);
    assert_int_equal(map(s, A, OURS, 1, 2, R), RESCIND_INV_ARGS);
    assert_int_equal(map(s, A, OURS, 1, 2, R | RESCIND_PERM_X), RESCIND_INV_ARGS);
    assert_int_equal(map(s, A, OURS, 1, 1, R | RESCIND_PERM_X), RESCIND_NO_PERM);
    rescind_kernel_starve(s->k[A], 1);
    assert_int_equal(map(s, A, OURS, 0, 2, R), RESCIND_OUT_OF_MEM);
    assert_int_equal(table_at(s->k[A], table_of(0, TABLE_MAP))->count, 0);
    assert_int_equal(map(s, A, OURS, 1, 1, R), RESCIND_NO_ERROR);
    assert_int_equal(map(s, A, OURS, 1, 1, R), RESCIND_INV_ARGS); /* that page is taken */
    rest(s);
    assert_int_equal(rescind_kernel_mapping(s->k[A], 0, RESCIND_MAP_FIRST, &there),
                     RESCIND_MAPPING_THERE);
    assert_int_equal(there.pe, B);
    assert_int_equal(there.frame, frame + 1);
    assert_int_equal(there.rights, R);
    assert_int_equal(call(s, B, 0, kit_revoke(MEM, 1, true)), RESCIND_NO_ERROR);
    rest(s);
    assert_int_equal(rescind_kernel_mapping(s->k[A], 0, RESCIND_MAP_FIRST, &there),
                     RESCIND_MAPPING_NONE);
    system_free(s);
}

/* C maps a part that A has derived from B's memory: whose it is goes along. */
static void a_part_of_a_third_kernels_memory_is_mapped(void **state)
{
    struct system *s = system_new_roomy(3, 1, 1, NODES, 64, MEMORY);
    struct rescind_kernel_mapping there;

    (void)state;
    assert_int_equal(call(s, B, 0, CALL(REQMEM, MEM, RESCIND_ANY_ADDR, 8192, R | W)), 0);
    assert_int_equal(call(s, A, 0, kit_obtain(system_sel(s, B, 0), OURS, MEM, 1)), 0);
    assert_int_equal(call(s, A, 0, CALL(DERIVEMEM, OURS, PART, 4096, 4096, R)), 0);
    assert_int_equal(call(s, C, 0, kit_obtain(system_sel(s, A, 0), PART, PART, 1)), 0);
    assert_int_equal(map(s, A, PART, 0, 1, R), RESCIND_NO_ERROR); /* here nobody is asked */
    assert_int_equal(map(s, C, PART, 1, 1, R), RESCIND_INV_ARGS);
    assert_int_equal(map(s, C, PART, 0, 1, R), RESCIND_NO_ERROR);
    for (unsigned pe = A; pe <= C; pe += C - A) {
        assert_int_equal(rescind_kernel_mapping(s->k[pe], 0, RESCIND_MAP_FIRST, &there),
                         RESCIND_MAPPING_THERE);
        assert_int_equal(there.pe, B);
    }
    assert_int_equal(call(s, A, 0, kit_revoke(PART, 1, true)), RESCIND_NO_ERROR);
    rest(s);
    assert_int_equal(table_at(s->k[A], table_of(0, TABLE_MAP))->count, 0);
    assert_int_equal(table_at(s->k[C], table_of(0, TABLE_MAP))->count, 0);
    assert_true(kit_holds(s->k[B], 0, MEM));
    system_free(s);
}

/* Kernels without machine memory: what B has derived from the name that A's VPE has comes back. */
static void a_name_of_memory_that_came_round_is_no_more_than_a_name(void **state)
{
    struct system *s = system_new(2, 1, NODES, 64);

    (void)state;
    assert_int_equal(call(s, B, 0, kit_obtain(system_sel(s, A, 0), 51, RESCIND_SEL_MEM, 1)), 0);
    assert_int_equal(map(s, B, 51, 0, 1, R), RESCIND_INV_ARGS);
    assert_int_equal(call(s, B, 0, CALL(DERIVEMEM, 51, 52, 0, 4096, R | W)), 0);
    assert_int_equal(map(s, B, 52, 0, 1, R), RESCIND_INV_ARGS);
    assert_int_equal(call(s, A, 0, kit_obtain(system_sel(s, B, 0), 53, 52, 1)), 0);
    assert_int_equal(map(s, A, 53, 0, 1, R), RESCIND_INV_ARGS);
    assert_int_equal(call(s, A, 0, CALL(DERIVEMEM, 53, 54, 0, 64, R)), 0);
    rest(s);
    system_free(s);
}

/* A's own memory, of which B has derived a part, comes back: what its capability names is at B. */
static void own_memory_that_came_round_is_mapped(void **state)
{
    struct system *s = system_new_roomy(2, 1, 1, NODES, 64, MEMORY);

    (void)state;
    assert_int_equal(call(s, A, 0, CALL(REQMEM, 50, RESCIND_ANY_ADDR, 8192, R | W)), 0);
    assert_int_equal(call(s, B, 0, kit_obtain(system_sel(s, A, 0), 51, 50, 1)), 0);
    assert_int_equal(call(s, B, 0, CALL(DERIVEMEM, 51, 52, 4096, 4096, R | W)), 0);
    assert_int_equal(call(s, A, 0, kit_obtain(system_sel(s, B, 0), 53, 52, 1)), 0);
    assert_int_equal(cap_at(s->k[A], kit_at(s->k[A], 0, 53))->home, B);
    assert_int_equal(call(s, A, 0, CALL(CREATEMAP, 0, 53, 0, 2, RESCIND_MAP_FIRST, R)),
                     RESCIND_INV_ARGS);
    assert_int_equal(call(s, A, 0, CALL(CREATEMAP, 0, 53, 0, 1, RESCIND_MAP_FIRST, R)), 0);
    assert_int_equal(call(s, A, 0, CALL(ACTIVATE, EP, RESCIND_NONE, 53)), 0);
    assert_int_equal(call(s, A, 0, CALL(ACTIVATE, EP2, RESCIND_NONE, 50)), 0);
    assert_int_equal(call(s, A, 0, write_number(EP, 8, 6)), 0);
    assert_int_equal(read_number(s, A, EP2, 4096 + 8).value, 6);
    assert_int_equal(call(s, B, 0, kit_revoke(51, 1, true)), RESCIND_NO_ERROR);
    rest(s);
    assert_int_equal(read_number(s, A, EP, 8).error, RESCIND_EP_INVALID);
    assert_int_equal(table_at(s->k[A], table_of(0, TABLE_MAP))->count, 0);
    system_free(s);
}

static void lender_revokes(struct system *s)
{
    kit_send(s->k[B], 0, kit_revoke(MEM, 1, true));
}

static void check_memory_gone(struct system *s)
{
    struct answer got = answer(s, A, 0);

    rest(s);
    assert_true(got.error == RESCIND_NO_ERROR || got.error == RESCIND_EP_INVALID ||
                got.error == RESCIND_INV_ARGS);
    assert_int_equal(answer(s, B, 0).error, RESCIND_NO_ERROR);
    assert_int_equal(endpoint_find(s->k[A], 0, EP), 0);
    assert_false(kit_holds(s->k[A], 0, OURS));
    assert_false(kit_holds(s->k[A], 0, PART));
    assert_int_equal(table_at(s->k[A], table_of(0, TABLE_MAP))->count, 0);
}

static void memory_and_its_revocation_come_in_every_order(void **state)
{
    const struct message calls[] = {
        CALL(ACTIVATE, EP, RESCIND_NONE, OURS),
        CALL(DERIVEMEM, OURS, PART, 0, 8, R),
        CALL(CREATEMAP, 0, OURS, 0, 2, RESCIND_MAP_FIRST, R | W),
        CALL(READ, EP2, 0, 8),
        write_number(EP2, 0, 8),
    };
    struct system *start = new_lent(), *s = new_lent();

    (void)state;
    assert_int_equal(call(start, A, 0, CALL(ACTIVATE, EP2, RESCIND_NONE, OURS)), 0);
    assert_int_equal(call(start, A, 0, CALL(CREATEMAP, 0, OURS, 0, 2, MAPPED, R | W)), 0);
    system_copy(s, start);
    for (unsigned i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
        struct system *from = new_lent();
        system_copy(from, start);
        kit_send(from->k[A], 0, calls[i]);
        every_order(from, s, lender_revokes, check_memory_gone);
        every_order(from, s, asker_is_killed, rest);
        system_free(from);
    }
    system_free(start);
    system_free(s);
}

/* The same of a CREATEMAP that takes several events. */
static void mapping_page_by_page_and_a_revocation_come_in_every_order(void **state)
{
    struct system *start = new_lent_with(1), *s = new_lent_with(1);

    (void)state;
    kit_send(start->k[A], 0, CALL(CREATEMAP, 0, OURS, 0, 2, RESCIND_MAP_FIRST, R | W));
    every_order(start, s, lender_revokes, check_memory_gone);
    every_order(start, s, asker_is_killed, rest);
    system_free(start);
    system_free(s);
}

/* While a WRITE is under way what it writes through can't be revoked: pages that are free again
 * and have a new owner are not written to. */
static void what_is_written_is_not_another_s_by_then(void **state)
{
    struct system *s = new_lent();

    (void)state;
    assert_int_equal(call(s, A, 0, CALL(ACTIVATE, EP, RESCIND_NONE, OURS)), RESCIND_NO_ERROR);
    kit_send(s->k[A], 0, write_number(EP, 0, 9));
    tell_all(s); /* on its way */
    lender_revokes(s);
    kit_rest(s->k[B]);
    tell_all(s);
    assert_true(kit_holds(s->k[B], 0, MEM) || waits(s, B, 0));
    assert_int_equal(rescind_kernel_vpe_state(s->k[B], 0), RESCIND_VPE_WAITING);
    rest(s);
    assert_int_equal(answer(s, A, 0).error, RESCIND_NO_ERROR);
    assert_int_equal(answer(s, B, 0).error, RESCIND_NO_ERROR);
    system_free(s);
}

/* ---- Messages ----------------------------------------------------------------------------- */

enum { IN = 2, BACK, OUT, GATE = 60, TO_B, LABEL = 0xab, REPLY_LABEL = 0xcd, CREDITS = 3 };

static struct message creategate(uint32_t vpe, uint32_t dst, uint32_t ep, uint64_t credits)
{
    return CALL(CREATEGATE, vpe, dst, LABEL, ep, credits);
}

/* VPE 0 of B receives at IN, in so many slots of 512 bytes; VPE 0 of A sends there through OUT and
 * has room for two replies at BACK. */
static struct system *new_talk(unsigned kernels, uint32_t order)
{
    struct system *s = system_new_roomy(kernels, 1, 1, NODES, 64, MEMORY);

    assert_int_equal(call(s, B, 0, CALL(ATTACHRB, 0, IN, 0, order, 9, 0)), 0);
    assert_int_equal(call(s, A, 0, CALL(ATTACHRB, 0, BACK, 0, 10, 9, 0)), 0);
    assert_int_equal(call(s, B, 0, creategate(0, GATE, IN, CREDITS)), 0);
    assert_int_equal(call(s, A, 0, kit_obtain(system_sel(s, B, 0), TO_B, GATE, 1)), 0);
    assert_int_equal(call(s, A, 0, CALL(ACTIVATE, OUT, RESCIND_NONE, TO_B)), 0);
    return s;
}

static struct message send_number(uint64_t value)
{
    return CALL(SEND, OUT, BACK, REPLY_LABEL, sizeof(value), value);
}

/* What RECEIVE tells. */
struct received {
    uint64_t error, id, label, is_reply, size, value;
};

static struct received receive(struct system *s, unsigned pe, uint32_t ep)
{
    struct received r = {0};

    kit_send(s->k[pe], 0, CALL(RECEIVE, ep, 0));
    settle(s);
    assert_true(rescind_kernel_receive(s->k[pe], 0, &r, sizeof(r)));
    return r;
}

static struct message reply_number(uint64_t id, uint64_t value)
{
    return CALL(REPLY, IN, id, sizeof(value), value);
}

static uint32_t senders(const struct system *s, unsigned pe)
{
    return table_at(s->k[pe], table_of(0, TABLE_SENDERS))->count;
}

static uint32_t credits(const struct system *s)
{
    return endpoint_of(s->k[A], endpoint_find(s->k[A], 0, OUT))->credits;
}

static void a_message_and_its_reply_cross(void **state)
{
    struct system *s = new_talk(2, 10);

    (void)state;
    for (uint64_t i = 0; i < 5; i++) {
        struct received got;
        assert_int_equal(call(s, A, 0, send_number(70 + i)), RESCIND_NO_ERROR);
        rest(s);
        assert_int_equal(senders(s, B), 1);
        assert_int_equal(credits(s), CREDITS - 1);
        got = receive(s, B, IN);
        assert_int_equal(got.error, RESCIND_NO_ERROR);
        assert_int_equal(got.label, LABEL);
        assert_int_equal(got.is_reply, 0);
        assert_int_equal(got.value, 70 + i);
        assert_int_equal(call(s, B, 0, reply_number(got.id, 90 + i)), RESCIND_NO_ERROR);
        rest(s);
        assert_int_equal(credits(s), CREDITS);
        got = receive(s, A, BACK);
        assert_int_equal(got.error, RESCIND_NO_ERROR);
        assert_int_equal(got.label, REPLY_LABEL);
        assert_int_equal(got.is_reply, 1);
        assert_int_equal(got.value, 90 + i);
    }
    assert_int_equal(call(s, A, 0, kit_revoke(TO_B, 1, true)), RESCIND_NO_ERROR);
    rest(s);
    assert_int_equal(senders(s, B), 0);
    assert_int_equal(call(s, A, 0, send_number(1)), RESCIND_EP_INVALID);
    system_free(s);
}

static void as_much_as_a_message_holds_crosses(void **state)
{
    struct system *s = new_talk(2, 10);
    struct message m = CALL(SEND, OUT, BACK, REPLY_LABEL, RESCIND_DATA_MAX);
    uint8_t data[RESCIND_DATA_MAX], got[40 + RESCIND_DATA_MAX];

    (void)state;
    for (unsigned i = 0; i < sizeof(data); i++)
        data[i] = (uint8_t)(i * 11);
    message_put(&m, data, sizeof(data));
    assert_int_equal(call(s, A, 0, m), RESCIND_NO_ERROR);
    kit_send(s->k[B], 0, CALL(RECEIVE, IN, 0));
    settle(s);
    assert_true(rescind_kernel_receive(s->k[B], 0, got, sizeof(got)));
    assert_memory_equal(got + 40, data, sizeof(data));
    system_free(s);
}

static void a_message_that_is_not_taken_costs_no_credit(void **state)
{
    struct system *s = new_talk(2, 10); /* two slots */

    (void)state;
    assert_int_equal(call(s, A, 0, send_number(1)), RESCIND_NO_ERROR);
    assert_int_equal(call(s, A, 0, send_number(2)), RESCIND_NO_ERROR);
    assert_int_equal(call(s, A, 0, send_number(3)), RESCIND_NO_RING_SPACE);
    assert_int_equal(credits(s), CREDITS - 2);
    rest(s);
    system_free(s);

    s = new_talk(2, 11); /* four slots, three credits */
    for (uint64_t i = 0; i < CREDITS; i++)
        assert_int_equal(call(s, A, 0, send_number(i)), RESCIND_NO_ERROR);
    assert_int_equal(call(s, A, 0, send_number(3)), RESCIND_MISS_CREDITS);
    assert_int_equal(call(s, B, 0, CALL(DETACHRB, 0, IN)), RESCIND_NO_ERROR);
    rest(s);
    assert_int_equal(call(s, A, 0, send_number(3)), RESCIND_MISS_CREDITS);
    system_free(s);
}

static void a_first_message_that_is_not_taken_leaves_nothing(void **state)
{
    struct system *s = new_talk(2, 10);
    uint32_t used[2];

    (void)state;
    for (unsigned pe = A; pe <= B; pe++)
        used[pe] = pool_used(s->k[pe]);
    rescind_kernel_starve(s->k[A], 0);
    assert_int_equal(call(s, A, 0, send_number(1)), RESCIND_OUT_OF_MEM);
    rescind_kernel_starve(s->k[A], UINT32_MAX);
    rescind_kernel_starve(s->k[B], 0);
    assert_int_equal(call(s, A, 0, send_number(1)), RESCIND_OUT_OF_MEM);
    rescind_kernel_starve(s->k[B], UINT32_MAX);
    assert_int_equal(call(s, B, 0, CALL(DETACHRB, 0, IN)), RESCIND_NO_ERROR);
    used[B] = pool_used(s->k[B]);
    assert_int_equal(call(s, A, 0, send_number(1)), RESCIND_RECV_GONE);
    assert_int_equal(call(s, B, 0, CALL(ATTACHRB, 0, IN, 0, 6, 5, 0)), RESCIND_NO_ERROR);
    assert_int_equal(call(s, A, 0, send_number(1)), RESCIND_INV_ARGS); /* 7 bytes a slot */
    assert_int_equal(call(s, B, 0, CALL(DETACHRB, 0, IN)), RESCIND_NO_ERROR);
    rest(s);
    for (unsigned pe = A; pe <= B; pe++)
        assert_int_equal(pool_used(s->k[pe]), used[pe]);
    assert_int_equal(senders(s, B), 0);
    assert_int_equal(credits(s), CREDITS);
    system_free(s);
}

static void a_receiver_that_has_ended_gets_nothing(void **state)
{
    struct system *s = new_talk(3, 10);

    (void)state;
    /* A gate of C's, which leads to B: it outlives that VPE. */
    assert_int_equal(call(s, C, 0, creategate(system_sel(s, B, 0), GATE, IN, 1)), 0);
    assert_int_equal(call(s, A, 0, kit_obtain(system_sel(s, C, 0), 70, GATE, 1)), 0);
    assert_int_equal(call(s, A, 0, CALL(ACTIVATE, OUT, TO_B, 70)), 0);
    rest(s);
    assert_int_equal(call(s, A, 0, send_number(5)), RESCIND_NO_ERROR);
    assert_int_equal(receive(s, B, IN).value, 5);
    rescind_kernel_end(s->k[B], 0, 1);
    rest(s);
    endpoint_of(s->k[A], endpoint_find(s->k[A], 0, OUT))->credits = 1;
    assert_int_equal(call(s, A, 0, send_number(6)), RESCIND_RECV_GONE);
    assert_int_equal(credits(s), 1);
    rest(s);
    system_free(s);
}

static void a_reply_to_one_that_has_ended_is_refused(void **state)
{
    struct system *s = new_talk(2, 10);
    struct received got;

    (void)state;
    assert_int_equal(call(s, A, 0, send_number(5)), RESCIND_NO_ERROR);
    got = receive(s, B, IN);
    rescind_kernel_end(s->k[A], 0, 1);
    rest(s);
    assert_int_equal(call(s, B, 0, reply_number(got.id, 1)), RESCIND_RECV_GONE);
    assert_int_equal(call(s, B, 0, reply_number(got.id, 1)), RESCIND_INV_ARGS);
    rest(s);
    system_free(s);
}

/* A's slots have 64 bytes, of which the header takes 25. */
static void a_reply_that_is_too_long_is_refused_before_it_is_sent(void **state)
{
    struct system *s = new_talk(2, 10);
    struct received got;

    (void)state;
    assert_int_equal(call(s, A, 0, CALL(DETACHRB, 0, BACK)), RESCIND_NO_ERROR);
    assert_int_equal(call(s, A, 0, CALL(ATTACHRB, 0, BACK, 0, 7, 6, 0)), RESCIND_NO_ERROR);
    assert_int_equal(call(s, A, 0, send_number(5)), RESCIND_NO_ERROR);
    got = receive(s, B, IN);
    kit_send(s->k[B], 0, CALL(REPLY, IN, got.id, 40, 1, 2, 3, 4, 5));
    assert_int_equal(rescind_kernel_tell_first(s->k[B]), -1);
    assert_int_equal(answer(s, B, 0).error, RESCIND_INV_ARGS);
    assert_int_equal(call(s, B, 0, reply_number(got.id, 6)), RESCIND_NO_ERROR);
    assert_int_equal(receive(s, A, BACK).value, 6);
    assert_int_equal(credits(s), CREDITS);
    rest(s);
    system_free(s);
}

static void a_reply_finds_a_smaller_endpoint_than_there_was(void **state)
{
    struct system *s = new_talk(2, 10);
    struct received got;

    (void)state;
    assert_int_equal(call(s, A, 0, send_number(5)), RESCIND_NO_ERROR);
    got = receive(s, B, IN);
    assert_int_equal(call(s, A, 0, CALL(DETACHRB, 0, BACK)), RESCIND_NO_ERROR);
    assert_int_equal(call(s, A, 0, CALL(ATTACHRB, 0, BACK, 0, 6, 5, 0)), RESCIND_NO_ERROR);
    assert_int_equal(call(s, B, 0, reply_number(got.id, 1)), RESCIND_RECV_GONE);
    assert_int_equal(call(s, B, 0, reply_number(got.id, 1)), RESCIND_INV_ARGS);
    assert_int_equal(credits(s), CREDITS);
    rest(s);
    system_free(s);
}

static void what_was_not_received_goes_with_its_endpoint(void **state)
{
    struct system *s = new_talk(2, 10);

    (void)state;
    assert_int_equal(call(s, A, 0, send_number(5)), RESCIND_NO_ERROR);
    assert_int_equal(call(s, B, 0, kit_revoke(GATE, 1, true)), RESCIND_NO_ERROR);
    rest(s);
    assert_int_equal(receive(s, B, IN).error, RESCIND_END_OF_FILE);
    system_free(s);
}

static void receiver_revokes(struct system *s)
{
    kit_send(s->k[B], 0, kit_revoke(GATE, 1, true));
}

/* After the revocation there is nothing to be received; before it, there may be. */
static void check_gate_gone(struct system *s)
{
    struct answer got = answer(s, A, 0);

    rest(s);
    assert_true(got.error == RESCIND_NO_ERROR || got.error == RESCIND_EP_INVALID);
    assert_int_equal(answer(s, B, 0).error, RESCIND_NO_ERROR);
    assert_int_equal(senders(s, B), 0);
    assert_int_equal(endpoint_find(s->k[A], 0, OUT), 0);
    assert_int_equal(receive(s, B, IN).error, RESCIND_END_OF_FILE);
}

static void receiver_is_killed(struct system *s)
{
    rescind_kernel_end(s->k[B], 0, 1);
}

static void check_receiver_gone(struct system *s)
{
    struct answer got = answer(s, A, 0);

    rest(s);
    assert_true(got.error == RESCIND_NO_ERROR || got.error == RESCIND_EP_INVALID ||
                got.error == RESCIND_RECV_GONE);
    assert_int_equal(senders(s, B), 0);
    assert_int_equal(rescind_kernel_peer(s->k[A], B).refused, 0);
    assert_int_equal(rescind_kernel_peer(s->k[B], A).refused, 0);
}

static void check_sender_gone(struct system *s)
{
    rest(s);
    assert_int_equal(senders(s, B), 0);
    assert_int_equal(receive(s, B, IN).error, RESCIND_END_OF_FILE);
    assert_int_equal(rescind_kernel_peer(s->k[A], B).refused, 0);
    assert_int_equal(rescind_kernel_peer(s->k[B], A).refused, 0);
}

static void a_message_and_an_end_come_in_every_order(void **state)
{
    struct system *start = new_talk(2, 10), *s = new_talk(2, 10);

    (void)state;
    for (int again = 0; again < 2; again++) { /* the first message, and one behind it */
        struct system *from = new_talk(2, 10);
        system_copy(from, start);
        kit_send(from->k[A], 0, send_number(3));
        every_order(from, s, receiver_revokes, check_gate_gone);
        every_order(from, s, receiver_is_killed, check_receiver_gone);
        every_order(from, s, asker_is_killed, check_sender_gone);
        system_free(from);
        assert_int_equal(call(start, A, 0, send_number(2)), RESCIND_NO_ERROR);
    }
    system_free(start);
    system_free(s);
}

static void check_replied(struct system *s)
{
    rest(s);
    assert_int_equal(rescind_kernel_peer(s->k[A], B).refused, 0);
    assert_int_equal(rescind_kernel_peer(s->k[B], A).refused, 0);
}

static void a_reply_and_an_end_come_in_every_order(void **state)
{
    struct system *start = new_talk(2, 10), *s = new_talk(2, 10);
    struct received got;

    (void)state;
    assert_int_equal(call(start, A, 0, send_number(2)), RESCIND_NO_ERROR);
    got = receive(start, B, IN);
    kit_send(start->k[B], 0, reply_number(got.id, 4));
    kit_send(start->k[A], 0, CALL(RECEIVE, BACK, 1));
    every_order(start, s, asker_is_killed, check_replied);
    every_order(start, s, receiver_is_killed, check_replied);
    system_free(start);
    system_free(s);
}

/* The link's answer leaves before the UNLINK of a child that has gone at once. */
static void a_link_is_told_before_its_end(void **state)
{
    struct system *s = new_talk(2, 10);

    (void)state;
    kit_send(s->k[A], 0, send_number(3));
    assert_true(system_tell(s, A, B) && system_hear(s, A, B));
    rescind_kernel_end(s->k[B], 0, 1);
    kit_rest(s->k[B]);
    rest(s);
    assert_int_equal(answer(s, A, 0).error, RESCIND_NO_ERROR);
    assert_int_equal(rescind_kernel_peer(s->k[A], B).refused, 0);
    system_free(s);
}

/* ---- Pagers ------------------------------------------------------------------------------- */

/* VPE 0 of B is a pager; A has a child with a gate to it. */
static struct system *new_paged(void)
{
    struct system *s = system_new_roomy(2, 1, 2, NODES, 64, MEMORY);
    struct message m = createvpe(CHILD_CAP, CHILD_MEM);

    assert_int_equal(call(s, B, 0, CALL(ATTACHRB, 0, IN, 0, 10, 9, 0)), 0);
    assert_int_equal(call(s, B, 0, creategate(0, GATE, IN, 1)), 0);
    assert_int_equal(call(s, A, 0, kit_obtain(system_sel(s, B, 0), TO_B, GATE, 1)), 0);
    m.size -= 16; /* pfgate, pfep */
    message_u64(&m, TO_B);
    message_u64(&m, EP);
    assert_int_equal(call(s, A, 0, m), RESCIND_NO_ERROR);
    assert_int_equal(call(s, A, 0, vpectrl(CHILD_CAP, RESCIND_VPE_START)), RESCIND_NO_ERROR);
    return s;
}

static struct message fault(void)
{
    return CALL(PAGEFAULT, 0x12345000, RESCIND_PERM_W);
}

static void a_pager_of_another_kernel_is_asked(void **state)
{
    struct system *s = new_paged();
    struct {
        uint64_t error, id, label, is_reply, size, virt, access;
    } got;

    (void)state;
    for (enum rescind_error error = RESCIND_NO_ERROR; error <= RESCIND_NO_MAPPING; error += 4) {
        kit_send(s->k[A], CHILD, fault());
        settle(s);
        assert_true(waits(s, A, CHILD));
        kit_send(s->k[B], 0, CALL(RECEIVE, IN, 0));
        settle(s);
        assert_true(rescind_kernel_receive(s->k[B], 0, &got, sizeof(got)));
        assert_int_equal(got.label, LABEL);
        assert_int_equal(got.virt, 0x12345000);
        assert_int_equal(got.access, RESCIND_PERM_W);
        assert_int_equal(call(s, B, 0, CALL(REPLY, IN, got.id, 8, error)), RESCIND_NO_ERROR);
        rest(s);
        assert_int_equal(answer(s, A, CHILD).error, error);
    }
    /* Nobody answers any more. */
    kit_send(s->k[A], CHILD, fault());
    settle(s);
    assert_int_equal(call(s, B, 0, CALL(DETACHRB, 0, IN)), RESCIND_NO_ERROR);
    rest(s);
    assert_int_equal(answer(s, A, CHILD).error, RESCIND_NO_MAPPING);
    assert_int_equal(call(s, A, CHILD, fault()), RESCIND_NO_MAPPING);
    rescind_kernel_starve(s->k[B], 2);
    assert_int_equal(call(s, A, CHILD, fault()), RESCIND_NO_MAPPING);
    rescind_kernel_starve(s->k[B], 1);
    assert_int_equal(call(s, A, CHILD, fault()), RESCIND_OUT_OF_MEM);
    rest(s);
    system_free(s);
}

static void faulting_child_is_killed(struct system *s)
{
    rescind_kernel_end(s->k[A], CHILD, 1);
}

/* Whatever has happened, the pager's VPE is at its end, too, and nothing is left. */
static void check_faulted(struct system *s)
{
    rescind_kernel_end(s->k[B], 0, 1);
    rest(s);
    assert_int_equal(rescind_kernel_peer(s->k[A], B).refused, 0);
    assert_int_equal(rescind_kernel_peer(s->k[B], A).refused, 0);
    for (uint32_t index = s->k[B]->pool.first; index < s->k[B]->pool.high; index++) {
        assert_int_not_equal(cap_at(s->k[B], index)->type, OBJECT_VISIT);
        assert_int_not_equal(cap_at(s->k[B], index)->type, OBJECT_NOTE);
    }
}

static void a_fault_and_an_end_come_in_every_order(void **state)
{
    struct system *start = new_paged(), *s = new_paged();

    (void)state;
    kit_send(start->k[A], CHILD, fault());
    every_order(start, s, receiver_revokes, check_faulted);
    every_order(start, s, receiver_is_killed, check_faulted);
    every_order(start, s, faulting_child_is_killed, check_faulted);
    system_free(start);
    system_free(s);
}

/* ---- Sessions ----------------------------------------------------------------------------- */

enum { SERVICE = 80, SESSION, IDENT = 0x1234, ITEM = 90, PLACE = 95 };

static struct message createsrv(void)
{
    struct message m = CALL(CREATESRV, GATE, SERVICE, 2);

    message_put(&m, "fs", 2);
    return m;
}

/* VPE 0 of B has a service, and VPE 0 of A a session with it, which that has made. */
static struct system *new_session(void)
{
    struct system *s = system_new_roomy(2, 1, 1, NODES, 64, MEMORY);

    assert_int_equal(call(s, B, 0, CALL(ATTACHRB, 0, IN, 0, 10, 9, 0)), 0);
    assert_int_equal(call(s, B, 0, creategate(0, GATE, IN, 1)), 0);
    assert_int_equal(call(s, B, 0, createsrv()), 0);
    assert_int_equal(call(s, B, 0, CALL(CREATESESSAT, SERVICE, SESSION, IDENT)), 0);
    assert_int_equal(call(s, A, 0, kit_obtain(system_sel(s, B, 0), SESSION, SESSION, 1)), 0);
    for (uint32_t i = 0; i < 3; i++) {
        assert_int_equal(call(s, B, 0, kit_creategate(ITEM + i)), 0);
        assert_int_equal(call(s, A, 0, kit_creategate(ITEM + i)), 0);
    }
    return s;
}

/* OBTAIN or DELEGATE of so many, with one number for the service. */
static struct message through_session(enum rescind_syscall opcode, uint32_t start, uint32_t count)
{
    struct message m = {0};

    message_u64(&m, opcode);
    message_u64(&m, 0);
    message_u64(&m, SESSION);
    message_range(&m, (struct rescind_range){.start = start, .count = count});
    message_u64(&m, 8);
    message_u64(&m, 0x77);
    return m;
}

/* What a service is asked. */
struct question {
    uint64_t error, id, label, is_reply, size;
    uint64_t op, ident, kind, count, arg;
};

static struct question asked(struct system *s)
{
    struct question q = {0};

    kit_send(s->k[B], 0, CALL(RECEIVE, IN, 0));
    settle(s);
    assert_true(rescind_kernel_receive(s->k[B], 0, &q, sizeof(q)));
    return q;
}

/* The service agrees to a range of its own, and says a number. */
static struct message agree(uint64_t id, uint32_t start, uint32_t count)
{
    struct message m = CALL(REPLY, IN, id, 8 + 16 + 8, RESCIND_NO_ERROR);

    message_range(&m, (struct rescind_range){.start = start, .count = count});
    message_u64(&m, 0x88);
    return m;
}

/* The answer to OBTAIN and DELEGATE. */
struct exchanged {
    uint64_t error, count, size, arg;
};

static struct exchanged exchanged(struct system *s)
{
    struct exchanged e = {0};

    assert_true(rescind_kernel_receive(s->k[A], 0, &e, sizeof(e)));
    return e;
}

static void capabilities_go_through_a_session_of_another_kernel(void **state)
{
    struct system *s = new_session();
    const enum rescind_syscall opcodes[] = {RESCIND_SYS_OBTAIN, RESCIND_SYS_DELEGATE};

    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        bool obtains = i == 0;
        struct question q;
        struct exchanged e;
        kit_send(s->k[A], 0, through_session(opcodes[i], obtains ? PLACE : ITEM, 3));
        settle(s);
        assert_true(waits(s, A, 0));
        q = asked(s);
        assert_int_equal(q.op, obtains ? RESCIND_SERVICE_OBTAIN : RESCIND_SERVICE_DELEGATE);
        assert_int_equal(q.ident, IDENT);
        assert_int_equal(q.kind, RESCIND_TABLE_OBJECT);
        assert_int_equal(q.count, 3);
        assert_int_equal(q.arg, 0x77);
        assert_int_equal(call(s, B, 0, agree(q.id, obtains ? ITEM : PLACE, 2)), 0);
        rest(s);
        e = exchanged(s);
        assert_int_equal(e.error, RESCIND_NO_ERROR);
        assert_int_equal(e.count, 2);
        assert_int_equal(e.size, 8);
        assert_int_equal(e.arg, 0x88);
        assert_true(kit_holds(s->k[i], 0, PLACE + 1));
        assert_false(kit_holds(s->k[i], 0, PLACE + 2));
    }
    assert_int_equal(call(s, B, 0, kit_revoke(ITEM, 2, false)), RESCIND_NO_ERROR);
    rest(s);
    assert_false(kit_holds(s->k[A], 0, PLACE));
    system_free(s);
}

static void a_service_of_another_kernel_may_refuse(void **state)
{
    struct system *s = new_session();
    struct question q;

    (void)state;
    kit_send(s->k[A], 0, through_session(RESCIND_SYS_OBTAIN, PLACE, 2));
    settle(s);
    q = asked(s);
    assert_int_equal(call(s, B, 0, CALL(REPLY, IN, q.id, 8, RESCIND_NO_PERM)), 0);
    rest(s);
    assert_int_equal(answer(s, A, 0).error, RESCIND_NO_PERM);
    /* Or say what can't be. */
    kit_send(s->k[A], 0, through_session(RESCIND_SYS_OBTAIN, PLACE, 2));
    settle(s);
    q = asked(s);
    assert_int_equal(call(s, B, 0, agree(q.id, ITEM, 3)), 0);
    rest(s);
    assert_int_equal(answer(s, A, 0).error, RESCIND_RECV_GONE);
    for (uint32_t left = 0; left < 3; left++) {
        rescind_kernel_starve(s->k[B], left);
        assert_int_equal(call(s, A, 0, through_session(RESCIND_SYS_OBTAIN, PLACE, 2)),
                         RESCIND_OUT_OF_MEM);
        rest(s);
    }
    system_free(s);
}

static void client_is_asking(struct system *s, enum rescind_syscall opcode, uint32_t start)
{
    struct question q;

    kit_send(s->k[A], 0, through_session(opcode, start, 2));
    settle(s);
    q = asked(s);
    kit_send(s->k[B], 0, agree(q.id, start == PLACE ? ITEM : PLACE, 2));
}

static void session_is_revoked(struct system *s)
{
    struct answer ignored;

    take(s, B, 0, &ignored);
    if (rescind_kernel_vpe_state(s->k[B], 0) == RESCIND_VPE_RUNNING)
        kit_send(s->k[B], 0, kit_revoke(SESSION, 1, true));
}

/* All or nothing has come through. */
static void check_exchanged(struct system *s)
{
    bool alive = rescind_kernel_vpe_state(s->k[A], 0) != RESCIND_VPE_ENDED;
    struct answer got = {0};

    rest(s);
    if (alive) {
        got = answer(s, A, 0);
        assert_true(got.error == RESCIND_NO_ERROR || got.error == RESCIND_INV_ARGS ||
                    got.error == RESCIND_RECV_GONE);
    }
    assert_int_equal(rescind_kernel_peer(s->k[A], B).refused, 0);
    assert_int_equal(rescind_kernel_peer(s->k[B], A).refused, 0);
    if (alive && got.error != RESCIND_NO_ERROR) {
        for (unsigned pe = A; pe <= B; pe++)
            assert_false(kit_holds(s->k[pe], 0, PLACE) || kit_holds(s->k[pe], 0, PLACE + 1));
    }
}

/* The service is not there to answer: it ends. */
static void check_killed_asking(struct system *s)
{
    rescind_kernel_end(s->k[B], 0, 1);
    rest(s);
    assert_int_equal(rescind_kernel_peer(s->k[A], B).refused, 0);
    assert_int_equal(rescind_kernel_peer(s->k[B], A).refused, 0);
}

static void an_exchange_through_a_session_and_its_end_come_in_every_order(void **state)
{
    happen *const happens[] = {session_is_revoked, receiver_is_killed, asker_is_killed};
    struct system *s = new_session();

    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        struct system *start = new_session();
        client_is_asking(start, RESCIND_SYS_OBTAIN, PLACE);
        every_order(start, s, happens[i], check_exchanged);
        system_free(start);
        start = new_session();
        client_is_asking(start, RESCIND_SYS_DELEGATE, ITEM);
        every_order(start, s, happens[i], check_exchanged);
        system_free(start);
        start = new_session();
        kit_send(start->k[A], 0, through_session(RESCIND_SYS_OBTAIN, PLACE, 1));
        if (happens[i] != session_is_revoked)
            every_order(start, s, happens[i], check_killed_asking);
        system_free(start);
    }
    system_free(s);
}

/* ---- Opening a session -------------------------------------------------------------------- */

static struct message createsess(const char *name)
{
    struct message m = CALL(CREATESESS, 0, SESSION, strlen(name));

    message_put(&m, name, strlen(name));
    message_u64(&m, 8);
    message_u64(&m, 0x99);
    return m;
}

/* VPE 0 of the last kernel has a service. */
static struct system *new_service_for(unsigned kernels, uint32_t vpes)
{
    struct system *s = system_new_roomy(kernels, vpes, vpes, NODES, 64, MEMORY);
    unsigned pe = kernels - 1;

    assert_int_equal(call(s, pe, 0, CALL(ATTACHRB, 0, IN, 0, 11, 9, 0)), 0);
    assert_int_equal(call(s, pe, 0, creategate(0, GATE, IN, 1)), 0);
    assert_int_equal(call(s, pe, 0, createsrv()), 0);
    for (uint32_t i = 0; i < 2; i++)
        assert_int_equal(call(s, pe, 0, kit_creategate(ITEM + i)), 0);
    return s;
}

static struct system *new_service(unsigned kernels)
{
    return new_service_for(kernels, 1);
}

static struct question asked_at(struct system *s, unsigned pe)
{
    struct question q = {0};

    kit_send(s->k[pe], 0, CALL(RECEIVE, IN, 0));
    settle(s);
    assert_true(rescind_kernel_receive(s->k[pe], 0, &q, sizeof(q)));
    return q;
}

static struct message open_session(uint64_t id)
{
    return CALL(REPLY, IN, id, 16, RESCIND_NO_ERROR, IDENT);
}

static void is_closed(struct system *s, unsigned pe)
{
    struct question q = asked_at(s, pe);

    assert_int_equal(q.error, RESCIND_NO_ERROR);
    assert_int_equal(q.op, RESCIND_SERVICE_CLOSE);
    assert_int_equal(q.ident, IDENT);
    assert_int_equal(call(s, pe, 0, CALL(ACK, IN, q.id)), RESCIND_NO_ERROR);
}

static void a_session_is_opened_with_a_service_of_another_kernel(void **state)
{
    (void)state;
    for (unsigned kernels = 2; kernels <= 3; kernels++) {
        struct system *s = new_service(kernels);
        unsigned pe = kernels - 1;
        struct question q;

        kit_send(s->k[A], 0, createsess("fs"));
        settle(s);
        assert_true(waits(s, A, 0));
        q = asked_at(s, pe);
        assert_int_equal(q.op, RESCIND_SERVICE_OPEN);
        assert_int_equal(q.ident, 0);
        assert_int_equal(q.kind, 0);
        assert_int_equal(q.count, 0);
        assert_int_equal(q.arg, 0x99);
        assert_int_equal(call(s, pe, 0, open_session(q.id)), RESCIND_NO_ERROR);
        rest(s);
        assert_int_equal(answer(s, A, 0).error, RESCIND_NO_ERROR);
        kit_send(s->k[A], 0, through_session(RESCIND_SYS_OBTAIN, PLACE, 2));
        settle(s);
        q = asked_at(s, pe);
        assert_int_equal(q.ident, IDENT);
        assert_int_equal(call(s, pe, 0, agree(q.id, ITEM, 2)), RESCIND_NO_ERROR);
        rest(s);
        assert_int_equal(answer(s, A, 0).error, RESCIND_NO_ERROR);
        assert_true(kit_holds(s->k[A], 0, PLACE + 1));
        assert_int_equal(call(s, A, 0, kit_revoke(SESSION, 1, true)), RESCIND_NO_ERROR);
        rest(s);
        is_closed(s, pe);
        system_free(s);
    }
}

static void more_sessions_than_slots_are_opened(void **state)
{
    enum { CALLERS = 4 };
    struct system *s = new_service_for(2, CALLERS);

    (void)state;
    for (uint32_t vpe = CALLERS; vpe-- > 0;)
        kit_send(s->k[A], vpe, createsess("fs"));
    assert_int_not_equal(peer_at(s->k[A], B)->letter_waiters, 0);
    settle(s);
    for (int i = 0; i < CALLERS; i++) {
        struct question q = asked_at(s, B);
        assert_int_equal(q.op, RESCIND_SERVICE_OPEN);
        assert_int_equal(call(s, B, 0, open_session(q.id)), RESCIND_NO_ERROR);
    }
    rest(s);
    for (uint32_t vpe = 0; vpe < CALLERS; vpe++) {
        assert_int_equal(answer(s, A, vpe).error, RESCIND_NO_ERROR);
        assert_true(kit_holds(s->k[A], vpe, SESSION));
    }
    system_free(s);
}

static void a_name_that_no_kernel_knows_is_refused(void **state)
{
    struct system *s = new_service(3);
    uint32_t nodes = pool_used(s->k[A]);

    (void)state;
    assert_int_equal(call(s, A, 0, createsess("net")), RESCIND_INV_ARGS);
    assert_int_equal(call(s, C, 0, createsess("net")), RESCIND_INV_ARGS);
    rest(s);
    assert_int_equal(pool_used(s->k[A]), nodes);
    assert_int_equal(call(s, A, 0, kit_creategate(SESSION)), RESCIND_NO_ERROR);
    assert_int_equal(call(s, A, 0, createsess("fs")), RESCIND_INV_ARGS);
    system_free(s);
}

static void an_opening_that_is_refused_leaves_nothing(void **state)
{
    struct system *s = new_service(2);
    uint32_t nodes[2] = {pool_used(s->k[A]), pool_used(s->k[B])};
    struct question q;

    (void)state;
    kit_send(s->k[A], 0, createsess("fs"));
    settle(s);
    q = asked_at(s, B);
    assert_int_equal(call(s, B, 0, CALL(REPLY, IN, q.id, 8, RESCIND_NO_SUCH_FILE)), 0);
    rest(s);
    assert_int_equal(answer(s, A, 0).error, RESCIND_NO_SUCH_FILE);
    rescind_kernel_starve(s->k[A], 0);
    assert_int_equal(call(s, A, 0, createsess("fs")), RESCIND_OUT_OF_MEM);
    rescind_kernel_starve(s->k[A], UINT32_MAX);
    for (uint32_t left = 0; left < 3; left++) {
        rescind_kernel_starve(s->k[B], left);
        assert_int_equal(call(s, A, 0, createsess("fs")), RESCIND_OUT_OF_MEM);
        rest(s);
    }
    rescind_kernel_starve(s->k[B], UINT32_MAX);
    for (unsigned pe = A; pe <= B; pe++)
        assert_int_equal(pool_used(s->k[pe]), nodes[pe]);
    /* The service agrees, and then there is no node for the stub: it is closed again. */
    kit_send(s->k[A], 0, createsess("fs"));
    settle(s);
    q = asked_at(s, B);
    rescind_kernel_starve(s->k[B], 0);
    assert_int_equal(call(s, B, 0, open_session(q.id)), RESCIND_NO_ERROR);
    rescind_kernel_starve(s->k[B], UINT32_MAX);
    rest(s);
    assert_int_equal(answer(s, A, 0).error, RESCIND_OUT_OF_MEM);
    is_closed(s, B);
    for (unsigned pe = A; pe <= B; pe++)
        assert_int_equal(pool_used(s->k[pe]), nodes[pe]);
    system_free(s);
}

/* What is told needs no memory of A's, whatever is withheld. */
static void a_session_comes_to_its_place_without_memory(void **state)
{
    struct system *s = new_service(2);
    struct question q;

    (void)state;
    kit_send(s->k[A], 0, createsess("fs"));
    settle(s);
    q = asked_at(s, B);
    rescind_kernel_starve(s->k[A], 0);
    assert_int_equal(call(s, B, 0, open_session(q.id)), RESCIND_NO_ERROR);
    rest(s);
    assert_int_equal(answer(s, A, 0).error, RESCIND_NO_ERROR);
    assert_true(kit_holds(s->k[A], 0, SESSION));
    system_free(s);
}

/* Its selector is taken while the service is asked: the session is closed, and the call refused. */
static void a_session_without_a_place_is_closed(void **state)
{
    struct system *s = new_service(2);
    struct question q;

    (void)state;
    kit_send(s->k[A], 0, createsess("fs"));
    settle(s);
    q = asked_at(s, B);
    assert_int_equal(call(s, B, 0, kit_delegate(system_sel(s, A, 0), ITEM, SESSION, 1)), 0);
    assert_int_equal(call(s, B, 0, open_session(q.id)), RESCIND_NO_ERROR);
    rest(s);
    assert_int_equal(answer(s, A, 0).error, RESCIND_INV_ARGS);
    is_closed(s, B);
    rest(s);
    system_free(s);
}

static void service_is_revoked(struct system *s)
{
    struct answer ignored;

    take(s, B, 0, &ignored);
    if (rescind_kernel_vpe_state(s->k[B], 0) == RESCIND_VPE_RUNNING)
        kit_send(s->k[B], 0, kit_revoke(SERVICE, 1, true));
}

/* Either there is a session, and the service knows it, or it has been closed. */
static void check_opened(struct system *s)
{
    bool served = rescind_kernel_vpe_state(s->k[B], 0) != RESCIND_VPE_ENDED;
    uint32_t sessions = 0, closed = 0;
    struct question q;

    rest(s);
    assert_int_equal(rescind_kernel_peer(s->k[A], B).refused, 0);
    assert_int_equal(rescind_kernel_peer(s->k[B], A).refused, 0);
    for (uint32_t index = s->k[B]->pool.first; index < s->k[B]->pool.high; index++) {
        assert_int_not_equal(cap_at(s->k[B], index)->type, OBJECT_VISIT);
        assert_int_not_equal(cap_at(s->k[B], index)->type, OBJECT_NOTE);
        sessions += cap_at(s->k[B], index)->type == OBJECT_SESSION;
    }
    for (uint32_t index = s->k[A]->pool.first; index < s->k[A]->pool.high; index++)
        assert_int_not_equal(cap_at(s->k[A], index)->type, OBJECT_CLAIM);
    assert_int_equal(sessions, kit_holds(s->k[A], 0, SESSION));
    take(s, B, 0, &(struct answer){0});
    take(s, B, 0, &(struct answer){0});
    while (served && (q = asked_at(s, B)).error == RESCIND_NO_ERROR)
        closed += q.op == RESCIND_SERVICE_CLOSE;
    if (served)
        assert_int_equal(sessions + closed, 1);
}

static void an_opening_and_an_end_come_in_every_order(void **state)
{
    happen *const happens[] = {service_is_revoked, receiver_is_killed, asker_is_killed};
    struct system *s = new_service(2);

    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        struct system *start = new_service(2);
        struct question q;
        kit_send(start->k[A], 0, createsess("fs"));
        settle(start);
        q = asked_at(start, B);
        kit_send(start->k[B], 0, open_session(q.id));
        every_order(start, s, happens[i], check_opened);
        system_free(start);
        start = new_service(2);
        kit_send(start->k[A], 0, createsess("fs"));
        every_order(start, s, happens[i], check_killed_asking);
        system_free(start);
    }
    system_free(s);
}

/* ---- Letters that no honest kernel sends -------------------------------------------------- */

static struct system_message forge(unsigned sender, const void *record, size_t size)
{
    struct system_message m = {.size = sizeof(struct rescind_peer_message) + size};
    struct rescind_peer_message head = {
        .sender = (uint16_t)sender, .records = 1, .size = (uint32_t)m.size};

    memcpy(m.bytes, &head, sizeof(head));
    memcpy(m.bytes + sizeof(head), record, size);
    return m;
}

static struct system_message forge_letter(unsigned sender, struct rescind_peer_letter letter)
{
    uint8_t record[RESCIND_PEER_MSG_MAX] = {0};

    letter.head.kind = RESCIND_PEER_LETTER;
    letter.head.size = (uint16_t)(sizeof(letter) + ((letter.length + 7u) & ~7u));
    memcpy(record, &letter, sizeof(letter));
    return forge(sender, record, letter.head.size);
}

static struct system_message forge_answer(unsigned sender, uint8_t slot, uint32_t error,
                                          uint32_t length)
{
    uint8_t record[RESCIND_PEER_MSG_MAX] = {0};
    struct rescind_peer_letter_answer a = {
        .head = {.kind = RESCIND_PEER_LETTER_ANSWER, .slot = slot},
        .error = error,
        .length = length};

    a.head.size = (uint16_t)(sizeof(a) + ((length + 7u) & ~7u));
    memcpy(record, &a, sizeof(a));
    return forge(sender, record, a.head.size);
}

static struct system_message forge_note(unsigned sender, uint32_t asker, uint32_t serial,
                                        uint32_t error, uint32_t length)
{
    uint8_t record[RESCIND_PEER_MSG_MAX] = {0};
    struct rescind_peer_note n = {.head = {.kind = RESCIND_PEER_NOTE},
                                  .asker = asker,
                                  .serial = serial,
                                  .error = error,
                                  .length = length};

    n.head.size = (uint16_t)(sizeof(n) + ((length + 7u) & ~7u));
    memcpy(record, &n, sizeof(n));
    return forge(sender, record, n.head.size);
}

/* It is heard, counts as so many refused and late, and changes nothing. */
static void in_vain(struct system *s, unsigned from, unsigned to, struct system_message m,
                    uint64_t refused, uint64_t late)
{
    struct rescind_kernel *k = s->k[to], *before = test_malloc(rescind_kernel_used(k));
    struct rescind_kernel_peer was = rescind_kernel_peer(k, from), is;

    memcpy(before, k, rescind_kernel_used(k));
    rescind_kernel_hear(k, from, m.bytes, m.size);
    is = rescind_kernel_peer(k, from);
    assert_int_equal(is.refused, was.refused + refused);
    assert_int_equal(is.late, was.late + late);
    before->outbox = k->outbox;
    peer_at(before, from)->count = is;
    assert_memory_equal(k, before, rescind_kernel_used(k));
    test_free(before);
}

static void refused(struct system *s, unsigned from, unsigned to, struct system_message m)
{
    in_vain(s, from, to, m, 1, 0);
}

static void letters_that_make_no_sense_are_refused(void **state)
{
    struct system *s = new_family();
    const struct rescind_peer_letter good = {.op = RESCIND_LETTER_WAIT, .object = CHILD};
    struct rescind_peer_letter bad = good;
    struct system_message m;

    (void)state;
    bad.op = RESCIND_LETTER_OPS;
    refused(s, A, B, forge_letter(A, bad));
    bad = good;
    bad.object = 3; /* no such VPE */
    refused(s, A, B, forge_letter(A, bad));
    bad = good;
    bad.asker = RESCIND_VPE_MAX;
    refused(s, A, B, forge_letter(A, bad));
    bad = good;
    bad.length = 8;
    refused(s, A, B, forge_letter(A, bad));
    bad.op = RESCIND_LETTER_READ;
    bad.args[1] = 8;
    refused(s, A, B, forge_letter(A, bad));
    bad.length = 0;
    bad.args[1] = 0;
    refused(s, A, B, forge_letter(A, bad));
    bad.args[1] = RESCIND_DATA_MAX + 1;
    refused(s, A, B, forge_letter(A, bad));
    bad.op = RESCIND_LETTER_DESCRIBE;
    bad.args[0] = RESCIND_CAP_MEM;
    bad.object = kit_at(s->k[B], 0, CHILD_MEM); /* a capability is no object */
    refused(s, A, B, forge_letter(A, bad));
    bad.object = UINT32_MAX;
    refused(s, A, B, forge_letter(A, bad));
    bad.object = cap_at(s->k[B], kit_at(s->k[B], 0, CHILD_MEM))->object;
    bad.args[0] = RESCIND_CAP_GATE;
    refused(s, A, B, forge_letter(A, bad));
    bad.args[0] = UINT64_MAX;
    refused(s, A, B, forge_letter(A, bad));
    bad = good;
    bad.length = RESCIND_DATA_MAX + 1;
    refused(s, A, B, forge_letter(A, bad));
    bad = good;
    bad.head.slot = RESCIND_PEER_LETTERS;
    refused(s, A, B, forge_letter(A, bad));
    bad = good;
    bad.head.stub = 1;
    refused(s, A, B, forge_letter(A, bad));
    m = forge_letter(A, good);
    rescind_kernel_hear(s->k[B], A, m.bytes, m.size);
    audit(s);
    refused(s, A, B, m); /* the answer to that in this slot has not left */
    system_free(s);
}

static struct rescind_peer_letter message_letter(uint16_t op, struct rescind_letter_message m)
{
    struct rescind_peer_letter letter = {.op = op, .length = 8};

    memcpy(letter.args, &m, sizeof(m));
    return letter;
}

static void messages_that_make_no_sense_are_refused(void **state)
{
    struct system *s = new_talk(2, 10);
    const struct rescind_letter_message good = {
        .stub = 9, .life = 0, .ep = IN, .sender_ep = OUT, .links = 1};
    struct rescind_letter_message bad[8];
    struct rescind_peer_letter letter = message_letter(RESCIND_LETTER_SEND, good);
    struct system_message m;

    (void)state;
    for (unsigned i = 0; i < 8; i++)
        bad[i] = good;
    bad[0].ep = RESCIND_EP_COUNT;
    bad[1].sender_ep = RESCIND_EP_COUNT;
    bad[2].reply_ep = RESCIND_EP_COUNT;
    bad[3].links = 2;
    bad[4].stub = 0;
    bad[5].reply_order = 6; /* of no endpoint */
    bad[6].reply_ep = bad[7].reply_ep = BACK;
    bad[6].reply_order = 4;
    bad[7].reply_order = 10;
    for (unsigned i = 0; i < 8; i++)
        refused(s, A, B, forge_letter(A, message_letter(RESCIND_LETTER_SEND, bad[i])));
    letter.object = RESCIND_VPE_MAX;
    refused(s, A, B, forge_letter(A, letter));
    m = forge_letter(A, message_letter(RESCIND_LETTER_SEND, good));
    rescind_kernel_hear(s->k[B], A, m.bytes, m.size);
    assert_int_equal(senders(s, B), 1);
    assert_true(system_tell(s, B, A));
    refused(s, A, B, m); /* that link is there already */
    letter = message_letter(RESCIND_LETTER_REPLY, good);
    refused(s, A, B, forge_letter(A, letter)); /* a reply links nothing */
    for (unsigned i = 0; i < 3; i++) {
        struct rescind_letter_message other = good;
        other.links = 0;
        if (i == 0)
            other.sender_ep = RESCIND_EP_COUNT;
        else if (i == 1)
            other.credit_ep = RESCIND_EP_COUNT;
        else
            other.ep = RESCIND_EP_COUNT;
        refused(s, A, B, forge_letter(A, message_letter(RESCIND_LETTER_REPLY, other)));
    }
    /* Another stub, or another endpoint, than what it was linked to. */
    for (unsigned i = 0; i < 2; i++) {
        struct rescind_letter_message other = good;
        other.links = 0;
        other.stub += i == 0;
        other.ep += i;
        m = forge_letter(A, message_letter(RESCIND_LETTER_SEND, other));
        rescind_kernel_hear(s->k[B], A, m.bytes, m.size);
        assert_int_equal(peer_at(s->k[B], A)->replies[0].error, RESCIND_RECV_GONE);
        kit_audit(s->k[B]);
        assert_int_not_equal(rescind_kernel_tell(s->k[B], A, m.bytes), 0);
    }
    system_free(s);
}

static void openings_that_make_no_sense_are_refused(void **state)
{
    struct system *s = new_service(2);
    struct rescind_peer_letter bad = {.op = RESCIND_LETTER_OPEN, .args = {SESSION, 0, 'f'}};
    struct letter *l = &call_at(s->k[A], 0)->letter;
    struct rescind_peer_note note = {.head = {.kind = RESCIND_PEER_NOTE}, .length = 8};
    struct rescind_letter_session session = {.stub = 5, .object = 9};
    uint8_t record[sizeof(note) + sizeof(session)];

    (void)state;
    refused(s, A, B, forge_letter(A, bad)); /* without a claim */
    bad.args[1] = 7;
    bad.args[0] = UINT64_MAX;
    refused(s, A, B, forge_letter(A, bad));
    bad.args[0] = SESSION;
    bad.args[3] = 's'; /* behind a zero */
    refused(s, A, B, forge_letter(A, bad));
    bad.args[2] = bad.args[3] = 0; /* no name */
    refused(s, A, B, forge_letter(A, bad));
    bad.op = RESCIND_LETTER_VISIT;
    bad.object = kit_at(s->k[B], 0, SERVICE); /* no session */
    bad.args[0] = RESCIND_SERVICE_OBTAIN;
    bad.args[1] = 0;
    refused(s, A, B, forge_letter(A, bad));
    bad.op = RESCIND_LETTER_FAULT;
    bad.args[3] = UINT64_MAX;
    refused(s, A, B, forge_letter(A, bad));

    kit_send(s->k[A], 0, createsess("fs"));
    assert_true(system_tell(s, A, B));
    refused(s, B, A, forge_answer(B, 0, RESCIND_NO_ERROR, 8)); /* that comes with a note */
    settle(s);
    note.serial = l->serial;
    note.head.size = sizeof(record);
    for (unsigned i = 0; i < 4; i++) {
        struct rescind_peer_note other = note;
        other.claim = i == 0   ? 0
                      : i == 1 ? s->k[A]->pool.high
                      : i == 2 ? s->k[A]->pool.first
                               : l->claim;
        session.stub = i == 3 ? 0 : 5;
        memcpy(record, &other, sizeof(other));
        memcpy(record + sizeof(other), &session, sizeof(session));
        refused(s, B, A, forge(B, record, sizeof(record)));
    }
    assert_true(waits(s, A, 0));
    system_free(s);
}

/* Of the last selector there can be a session, too. */
static void an_opening_for_the_last_selector_makes_sense(void **state)
{
    struct system *s = new_service(2);
    struct rescind_peer_letter letter = {.op = RESCIND_LETTER_OPEN, .args = {UINT32_MAX, 7, 'q'}};
    struct system_message m = forge_letter(A, letter);

    (void)state;
    rescind_kernel_hear(s->k[B], A, m.bytes, m.size);
    assert_int_equal(rescind_kernel_peer(s->k[B], A).refused, 0);
    system_free(s);
}

/* And all of them but the last can be asked for. */
static void a_question_for_as_many_as_there_can_be_makes_sense(void **state)
{
    struct system *s = new_service(2);
    struct rescind_peer_letter letter = {.op = RESCIND_LETTER_VISIT,
                                         .args = {RESCIND_SERVICE_OBTAIN, 0, UINT32_MAX}};
    struct system_message m;

    (void)state;
    kit_send(s->k[A], 0, createsess("fs"));
    settle(s);
    assert_int_equal(call(s, B, 0, open_session(asked_at(s, B).id)), RESCIND_NO_ERROR);
    rest(s);
    assert_int_equal(answer(s, A, 0).error, RESCIND_NO_ERROR);
    letter.object = cap_at(s->k[A], kit_at(s->k[A], 0, SESSION))->object;
    m = forge_letter(A, letter);
    rescind_kernel_hear(s->k[B], A, m.bytes, m.size);
    assert_int_equal(rescind_kernel_peer(s->k[B], A).refused, 0);
    system_free(s);
}

/* The claim of an opening that has been cancelled is that of one question to one kernel. */
static void a_note_for_a_claim_is_of_the_kernel_and_the_letter_it_belongs_to(void **state)
{
    struct system *s = new_service(3);
    struct letter *l = &call_at(s->k[A], 0)->letter;
    struct rescind_peer_note note = {.head = {.kind = RESCIND_PEER_NOTE}, .length = 8};
    struct rescind_letter_session session = {.stub = 5, .object = 9};
    uint8_t record[sizeof(note) + sizeof(session)];

    (void)state;
    kit_send(s->k[A], 0, createsess("fs"));
    settle(s);
    assert_int_equal(l->peer, C);
    note.claim = l->claim;
    note.head.size = sizeof(record);
    memcpy(record + sizeof(note), &session, sizeof(session));
    note.serial = l->serial;
    rescind_kernel_end(s->k[A], 0, 1);
    kit_rest(s->k[A]);
    memcpy(record, &note, sizeof(note));
    refused(s, B, A, forge(B, record, sizeof(record)));
    note.serial++;
    memcpy(record, &note, sizeof(note));
    refused(s, C, A, forge(C, record, sizeof(record)));
    system_free(s);
}

static void answers_that_nobody_waits_for_are_refused(void **state)
{
    struct system *s = new_family();

    (void)state;
    for (uint8_t slot = 0; slot <= RESCIND_PEER_LETTERS; slot++)
        refused(s, B, A, forge_answer(B, slot, RESCIND_NO_ERROR, 8));
    kit_send(s->k[A], 0, vpectrl(THERE, RESCIND_VPE_WAIT));
    refused(s, B, A, forge_answer(B, 0, RESCIND_NO_ERROR, 8)); /* it has not been asked yet */
    assert_true(system_tell(s, A, B));
    refused(s, B, A, forge_answer(B, 1, RESCIND_NO_ERROR, 8));
    refused(s, B, A, forge_answer(B, 0, RESCIND_NO_ERROR, 0));
    refused(s, B, A, forge_answer(B, 0, RESCIND_NO_ERROR, 16));
    refused(s, B, A, forge_answer(B, 0, RESCIND_OUT_OF_MEM, 8));
    refused(s, B, A, forge_answer(B, 0, RESCIND_XFS_RENAME + 1, 0));
    refused(s, B, A, forge_answer(B, 0, RESCIND_PEER_TAKEN, 8));
    refused(s, B, A, forge_answer(B, 0, RESCIND_PEER_BLOCKED, 0));
    settle(s);
    assert_true(waits(s, A, 0));
    refused(s, B, A, forge_answer(B, 0, RESCIND_NO_ERROR, 8));
    /* A START is done at once. */
    kit_send(s->k[B], 0, vpectrl(system_sel(s, A, 0), RESCIND_VPE_START));
    assert_true(system_tell(s, B, A));
    refused(s, A, B, forge_answer(A, 0, RESCIND_PEER_TAKEN, 0));
    system_free(s);
}

static struct system_message forge_description(const void *description, uint32_t size)
{
    struct system_message m = forge_answer(B, 0, RESCIND_NO_ERROR, size);

    memcpy(m.bytes + m.size - size, description, size);
    return m;
}

static void descriptions_of_what_there_can_not_be_are_refused(void **state)
{
    const uint64_t all = PAGES_MAX * RESCIND_PAGE;
    static const struct rescind_letter_gate gates[] = {
        {.pe = 2, .vpe = 0},
        {.pe = B, .vpe = RESCIND_VPE_MAX},
    };
    const struct rescind_letter_mem mems[] = {
        {.pe = 2, .addr = 0, .size = 1},
        {.pe = B, .addr = 0, .size = 1, .real = 2},
        {.pe = B, .addr = all + 1, .size = 0, .real = 1},
        {.pe = B, .addr = all - 8, .size = 9, .real = 1},
        {.pe = A, .addr = 0, .size = MEMORY + 1, .real = 1},
    };
    const struct rescind_letter_gate gate = {.pe = B, .vpe = RESCIND_VPE_MAX - 1};
    const struct rescind_letter_mem mem = {
        .pe = B, .addr = all - RESCIND_PAGE, .size = RESCIND_PAGE, .real = 1};
    struct system *s = system_new_with_memory(2, 1, NODES, WORK, MEMORY);
    struct system_message m;

    (void)state;
    kit_send(s->k[A], 0, creategate(system_sel(s, B, 0), 52, RESCIND_EP_FREE, 1));
    assert_true(system_tell(s, A, B));
    for (size_t i = 0; i < sizeof(gates) / sizeof(gates[0]); i++)
        refused(s, B, A, forge_description(&gates[i], sizeof(gates[i])));
    m = forge_description(&gate, sizeof(gate));
    rescind_kernel_hear(s->k[A], B, m.bytes, m.size);
    kit_rest(s->k[A]);
    assert_true(kit_holds(s->k[A], 0, 52));
    system_free(s);

    s = system_new_with_memory(2, 1, NODES, WORK, MEMORY);
    assert_int_equal(call(s, A, 0, kit_obtain(system_sel(s, B, 0), 51, RESCIND_SEL_MEM, 1)),
                     RESCIND_NO_ERROR);
    kit_send(s->k[A], 0, CALL(DERIVEMEM, 51, 53, 0, RESCIND_PAGE, RESCIND_PERM_R));
    assert_true(system_tell(s, A, B));
    for (size_t i = 0; i < sizeof(mems) / sizeof(mems[0]); i++)
        refused(s, B, A, forge_description(&mems[i], sizeof(mems[i])));
    m = forge_description(&mem, sizeof(mem));
    rescind_kernel_hear(s->k[A], B, m.bytes, m.size);
    kit_rest(s->k[A]);
    assert_true(kit_holds(s->k[A], 0, 53));
    system_free(s);
}

static struct system_message with_reserved(struct system_message m)
{
    const uint32_t reserved = 1;

    memcpy(m.bytes + sizeof(struct rescind_peer_message) +
               offsetof(struct rescind_peer_note, reserved),
           &reserved, sizeof(reserved));
    return m;
}

static void notes_for_what_nobody_waits_for_come_late_or_are_refused(void **state)
{
    struct system *s = new_family();
    uint32_t serial;

    (void)state;
    refused(s, B, A, forge_note(B, RESCIND_VPE_MAX, 1, 0, 8));
    in_vain(s, B, A, forge_note(B, 0, 1, 0, 8), 0, 1);
    in_vain(s, B, A, forge_note(B, RESCIND_VPE_MAX - 1, 1, 0, 8), 0, 1);
    kit_send(s->k[A], 0, vpectrl(THERE, RESCIND_VPE_WAIT));
    serial = call_at(s->k[A], 0)->letter.serial;
    in_vain(s, B, A, forge_note(B, 0, serial, 0, 8), 0, 1); /* the letter is not answered yet */
    settle(s);
    in_vain(s, B, A, forge_note(B, 0, serial + 1, 0, 8), 0, 1);
    refused(s, B, A, forge_note(B, 0, serial, 0, 16));
    refused(s, B, A, forge_note(B, 0, serial, RESCIND_VPE_GONE, 8));
    refused(s, B, A, forge_note(B, 0, serial, RESCIND_XFS_RENAME + 1, 0));
    refused(s, B, A, forge_note(B, 0, serial + 1, RESCIND_XFS_RENAME + 1, 0));
    refused(s, B, A, with_reserved(forge_note(B, 0, serial, 0, 8)));
    refused(s, B, A, with_reserved(forge_note(B, 0, serial + 1, 0, 8)));
    refused(s, B, A, forge_note(B, 0, serial, 0, RESCIND_PEER_NOTE_MAX + 1));
    kit_send(s->k[B], 0, kit_revoke(CHILD_CAP, 1, true));
    rest(s);
    in_vain(s, B, A, forge_note(B, 0, serial, RESCIND_VPE_GONE, 0), 0, 1); /* a second time */
    system_free(s);
}

/* ---- Field by field ------------------------------------------------------------------------ */

/* It is heard, and answered so. */
static void answered(struct system *s, struct rescind_peer_letter letter, uint32_t error)
{
    struct system_message m = forge_letter(A, letter);
    uint64_t refused = rescind_kernel_peer(s->k[B], A).refused;

    rescind_kernel_hear(s->k[B], A, m.bytes, m.size);
    assert_int_equal(rescind_kernel_peer(s->k[B], A).refused, refused);
    assert_int_equal(peer_at(s->k[B], A)->replies[letter.head.slot].error, error);
    kit_audit(s->k[B]);
    assert_int_not_equal(rescind_kernel_tell(s->k[B], A, m.bytes), 0); /* and the slot is free */
}

static void a_letter_is_refused_by_each_of_its_fields(void **state)
{
    struct system *s = new_session();
    const struct rescind_peer_letter
        visit = {.op = RESCIND_LETTER_VISIT,
                 .object = cap_at(s->k[B], kit_at(s->k[B], 0, SESSION))->object,
                 .args = {RESCIND_SERVICE_DELEGATE, RESCIND_TABLE_OBJECT, 1}},
        open = {.op = RESCIND_LETTER_OPEN, .args = {SESSION, 7, 'f'}},
        fault = {.op = RESCIND_LETTER_FAULT, .args = {0, 0, 0, (uint64_t)IN << 32}},
        describe = {.op = RESCIND_LETTER_DESCRIBE, .args = {RESCIND_CAP_VPE}};
    enum { ROWS = 13 };
    struct rescind_peer_letter bad[ROWS] = {visit, visit, visit, visit, visit,    open,    open,
                                            open,  fault, fault, fault, describe, describe};

    (void)state;
    bad[0].args[0] = RESCIND_SERVICE_CLOSE;
    bad[1].args[1] = RESCIND_TABLE_KINDS;
    bad[2].args[2] = (uint64_t)1 << 32;
    bad[3].length = RESCIND_ARGS_MAX + 1;
    bad[4].object = s->k[B]->pool.high;
    bad[5].object = RESCIND_VPE_MAX;
    bad[6].args[1] = (uint64_t)1 << 32;
    bad[7].length = RESCIND_ARGS_MAX + 1;
    bad[8].object = RESCIND_VPE_MAX;
    bad[9].args[3] = (uint64_t)RESCIND_EP_COUNT << 32;
    bad[10].length = 8;
    bad[11].length = 8;
    bad[12].object = s->k[B]->vpe_count;
    for (unsigned i = 0; i < ROWS; i++)
        refused(s, A, B, forge_letter(A, bad[i]));
    answered(s, visit, RESCIND_PEER_TAKEN); /* and this is none of them */
    system_free(s);
}

static void a_reply_is_refused_by_each_of_its_fields(void **state)
{
    struct system *s = new_talk(2, 10);
    const struct rescind_letter_message good = {.ep = BACK, .sender_ep = IN, .credit_ep = OUT};
    struct rescind_letter_message bad[5] = {good, good, good, good, good};
    struct rescind_peer_letter letter = message_letter(RESCIND_LETTER_REPLY, good);

    (void)state;
    bad[0].ep = bad[1].sender_ep = bad[2].credit_ep = RESCIND_EP_COUNT;
    bad[3].links = 1;
    bad[4].stub = 1;
    for (unsigned i = 0; i < 5; i++)
        refused(s, A, B, forge_letter(A, message_letter(RESCIND_LETTER_REPLY, bad[i])));
    letter.object = s->k[B]->vpe_count;
    refused(s, A, B, forge_letter(A, letter));
    system_free(s);
}

/* These could be said of what has gone meanwhile: they have an answer. */
static void letters_to_what_is_not_there_are_answered(void **state)
{
    struct system *s = new_talk(2, 10);
    struct rescind_letter_message links = {.stub = 9, .ep = IN, .sender_ep = OUT, .links = 1};
    struct rescind_peer_letter letter = message_letter(RESCIND_LETTER_SEND, links);
    struct rescind_peer_letter read = {.op = RESCIND_LETTER_READ, .args = {MEMORY - 7, 8}};

    (void)state;
    letter.object = s->k[B]->vpe_count; /* no such VPE yet */
    answered(s, letter, RESCIND_RECV_GONE);
    links.links = 0;
    answered(s, message_letter(RESCIND_LETTER_SEND, links), RESCIND_RECV_GONE);
    answered(s, read, RESCIND_INV_ARGS);
    read.op = RESCIND_LETTER_WRITE;
    read.length = 8;
    answered(s, read, RESCIND_INV_ARGS);
    system_free(s);

    s = new_family();
    assert_int_equal(call(s, B, 0, kit_revoke(CHILD_CAP, 2, true)), RESCIND_NO_ERROR);
    answered(s, (struct rescind_peer_letter){.op = RESCIND_LETTER_WAIT, .object = CHILD},
             RESCIND_VPE_GONE);
    system_free(s);
}

/* Records that end before their fields do; and a note has no slot. */
static void records_that_are_too_short_are_refused(void **state)
{
    static const struct {
        uint16_t kind, size;
    } kinds[] = {{RESCIND_PEER_LETTER, sizeof(struct rescind_peer_letter)},
                 {RESCIND_PEER_LETTER_ANSWER, sizeof(struct rescind_peer_letter_answer)},
                 {RESCIND_PEER_NOTE, sizeof(struct rescind_peer_note)}};
    struct system *s = new_family();
    uint8_t bytes[128] = {0};
    struct rescind_peer_record record;

    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        record = (struct rescind_peer_record){.kind = (uint8_t)kinds[i].kind};
        record.size = (uint16_t)(kinds[i].size - 8);
        memcpy(bytes, &record, sizeof(record));
        refused(s, A, B, forge(A, bytes, record.size));
    }
    record.size = kinds[2].size;
    record.slot = 1;
    memcpy(bytes, &record, sizeof(record));
    refused(s, A, B, forge(A, bytes, record.size));
    system_free(s);
}

static void a_description_is_refused_by_each_of_its_fields(void **state)
{
    const struct rescind_letter_mem mem = {.pe = A, .addr = 0, .size = MEMORY, .real = 1};
    struct rescind_letter_mem bad[5] = {mem, mem, mem, mem, mem};
    struct rescind_letter_gate gate = {.pe = 2, .vpe = 0};
    struct system *s = new_lent();
    struct system_message m;

    (void)state;
    bad[0].pe = 2;
    bad[1].real = 2;
    bad[2].addr = 1;
    bad[3].size = MEMORY + 1;
    bad[4].addr = MEMORY + 1;
    kit_send(s->k[A], 0, CALL(DERIVEMEM, OURS, PART, 0, 64, R));
    assert_true(system_tell(s, A, B));
    for (unsigned i = 0; i < 5; i++)
        refused(s, B, A, forge_description(&bad[i], sizeof(bad[i])));
    rest(s);
    assert_int_equal(answer(s, A, 0).error, RESCIND_NO_ERROR);
    system_free(s);

    /* An error is no description: it is asked again. */
    s = new_lent();
    kit_send(s->k[A], 0, CALL(DERIVEMEM, OURS, PART, 0, 64, R));
    m.size = rescind_kernel_tell(s->k[A], B, m.bytes);
    assert_int_not_equal(m.size, 0);
    m = forge_answer(B, 0, RESCIND_INV_ARGS, 0);
    rescind_kernel_hear(s->k[A], B, m.bytes, m.size);
    assert_int_equal(rescind_kernel_peer(s->k[A], B).refused, 0);
    rest(s);
    assert_int_equal(answer(s, A, 0).error, RESCIND_NO_ERROR);
    system_free(s);

    s = new_talk(2, 10);
    kit_send(s->k[A], 0, CALL(ACTIVATE, OUT + 1, RESCIND_NONE, TO_B));
    assert_true(system_tell(s, A, B));
    refused(s, B, A, forge_description(&gate, sizeof(gate)));
    gate = (struct rescind_letter_gate){.pe = B, .vpe = RESCIND_VPE_MAX};
    refused(s, B, A, forge_description(&gate, sizeof(gate)));
    rest(s);
    assert_int_equal(answer(s, A, 0).error, RESCIND_NO_ERROR);
    system_free(s);
}

static struct system_message forge_whole_note(unsigned sender, const struct rescind_peer_note *said,
                                              const void *data)
{
    uint8_t record[RESCIND_PEER_MSG_MAX] = {0};
    struct rescind_peer_note note = *said;

    note.head.kind = RESCIND_PEER_NOTE;
    note.head.size = (uint16_t)(sizeof(note) + ((note.length + 7u) & ~7u));
    memcpy(record, &note, sizeof(note));
    memcpy(record + sizeof(note), data, note.length);
    return forge(sender, record, note.head.size);
}

static void the_note_of_a_visit_is_refused_by_each_of_its_fields(void **state)
{
    const struct rescind_letter_range range = {.start = ITEM, .count = 2};
    struct rescind_letter_range bad[3] = {range, range, range};
    struct system *s = new_session();
    struct rescind_peer_note note = {.length = sizeof(range)}, other;

    (void)state;
    kit_send(s->k[A], 0, through_session(RESCIND_SYS_OBTAIN, PLACE, 3));
    settle(s);
    assert_true(waits(s, A, 0));
    note.serial = call_at(s->k[A], 0)->letter.serial;
    bad[0].count = 4; /* more than were asked for */
    bad[1].start = UINT32_MAX;
    bad[2].vpe = RESCIND_VPE_MAX;
    for (unsigned i = 0; i < 3; i++)
        refused(s, B, A, forge_whole_note(B, &note, &bad[i]));
    other = note;
    other.length = sizeof(range) - 8;
    refused(s, B, A, forge_whole_note(B, &other, &range));
    other = note;
    other.reserved = 1;
    refused(s, B, A, forge_whole_note(B, &other, &range));
    other = note;
    other.claim = 1; /* of no OPEN */
    refused(s, B, A, forge_whole_note(B, &other, &range));
    other.error = RESCIND_PEER_BLOCKED;
    other.length = 0;
    refused(s, B, A, forge_whole_note(B, &other, &range));
    other.claim = 0;
    refused(s, B, A, forge_whole_note(B, &other, &range));
    assert_true(waits(s, A, 0));
    assert_int_equal(call(s, B, 0, agree(asked(s).id, ITEM, 2)), 0);
    rest(s);
    assert_int_equal(exchanged(s).count, 2);
    system_free(s);
}

static void the_note_of_an_opening_is_refused_by_each_of_its_fields(void **state)
{
    const struct rescind_letter_session session = {.stub = 5, .object = 9};
    struct system *s = new_service(3);
    struct rescind_peer_note note = {.length = sizeof(session)}, other;

    (void)state;
    kit_send(s->k[A], 0, createsess("fs"));
    settle(s);
    assert_true(waits(s, A, 0));
    note.serial = call_at(s->k[A], 0)->letter.serial;
    note.claim = call_at(s->k[A], 0)->letter.claim;
    assert_int_not_equal(note.claim, 0);
    in_vain(s, B, A, forge_whole_note(B, &note, &session), 1, 0); /* that was asked of C */
    other = note;
    other.serial++;
    refused(s, C, A, forge_whole_note(C, &other, &session));
    other = note;
    other.asker = 1; /* whoever asks alone has ended */
    refused(s, C, A, forge_whole_note(C, &other, &session));
    other = note;
    other.error = RESCIND_OUT_OF_MEM; /* and then there is no session */
    refused(s, C, A, forge_whole_note(C, &other, &session));
    other = note;
    other.length = 0;
    refused(s, C, A, forge_whole_note(C, &other, &session));
    assert_true(waits(s, A, 0));
    assert_int_equal(call(s, C, 0, open_session(asked_at(s, C).id)), RESCIND_NO_ERROR);
    rest(s);
    assert_int_equal(answer(s, A, 0).error, RESCIND_NO_ERROR);
    system_free(s);
}

/* Whose turn it is at a slot has not asked anything yet. */
static void an_answer_to_who_has_just_got_a_slot_is_refused(void **state)
{
    struct system *s = system_new(2, 3, 400, WORK);
    struct rescind_kernel *k = s->k[A];

    (void)state;
    for (uint32_t vpe = 0; vpe < 3; vpe++)
        kit_send(k, vpe, vpectrl(system_sel(s, B, vpe), RESCIND_VPE_WAIT));
    while (k->ready == 0)
        assert_true(system_tell(s, A, B) || system_hear(s, A, B) || system_tell(s, B, A) ||
                    system_hear(s, B, A));
    for (uint8_t slot = 0; slot < RESCIND_PEER_LETTERS; slot++) {
        if (call_at(k, peer_at(k, B)->letter_askers[slot])->letter.state == LETTER_GRANTED)
            refused(s, B, A, forge_answer(B, slot, RESCIND_PEER_TAKEN, 0));
    }
    assert_int_equal(rescind_kernel_peer(k, B).refused, 1);
    audit(s);
    system_free(s);
}

/* ---- What comes behind what ---------------------------------------------------------------- */

/* One kernel has to tell at once that a WAIT has been taken, and how it has ended: whosever turn it
 * is, the one comes before the other. */
static void a_note_comes_behind_its_answer(void **state)
{
    enum { TURNS = 2 * RESCIND_PEER_LETTERS + 1 };

    (void)state;
    for (uint8_t turn = 0; turn < TURNS; turn++) {
        struct system *s = new_family();
        struct answer got;

        kit_send(s->k[A], 0, vpectrl(THERE, RESCIND_VPE_WAIT));
        assert_true(system_tell(s, A, B) && system_hear(s, A, B));
        assert_int_equal(peer_at(s->k[B], A)->replies[0].error, RESCIND_PEER_TAKEN);
        kit_send(s->k[B], 0, vpectrl(CHILD_CAP, RESCIND_VPE_START));
        kit_send(s->k[B], CHILD, kit_exit(7));
        kit_rest(s->k[B]);
        assert_int_not_equal(peer_at(s->k[B], A)->notes, 0);
        assert_int_not_equal(peer_at(s->k[B], A)->letter_answers, 0);
        peer_at(s->k[B], A)->letter_turn = turn;
        rest(s);
        got = answer(s, A, 0);
        assert_int_equal(got.error, RESCIND_NO_ERROR);
        assert_int_equal(got.value, 7);
        assert_int_equal(rescind_kernel_peer(s->k[A], B).refused, 0);
        assert_int_equal(rescind_kernel_peer(s->k[A], B).late, 0);
        system_free(s);
    }
}

/* A letter with all the data that there may be leaves room for one answer in a message: the other
 * and the notes come in the next one, in their order. */
static void a_note_waits_with_its_answer_for_room(void **state)
{
    struct system *s = system_new_roomy(2, 2, 3, NODES, 64, MEMORY);
    struct peer *peer = peer_at(s->k[B], A);
    uint8_t data[RESCIND_DATA_MAX] = {1};
    struct message m = CALL(WRITE, EP, 0, RESCIND_DATA_MAX);

    (void)state;
    message_put(&m, data, sizeof(data));
    assert_int_equal(call(s, A, 0, CALL(REQMEM, MEM, RESCIND_ANY_ADDR, 8192, R | W)), 0);
    assert_int_equal(call(s, B, 0, kit_obtain(system_sel(s, A, 0), OURS, MEM, 1)), 0);
    assert_int_equal(call(s, B, 0, CALL(ACTIVATE, EP, RESCIND_NONE, OURS)), 0);
    assert_int_equal(call(s, B, 0, createvpe(CHILD_CAP, CHILD_MEM)), 0);
    assert_int_equal(call(s, B, 0, vpectrl(CHILD_CAP, RESCIND_VPE_START)), 0);
    for (uint32_t vpe = 0; vpe < 2; vpe++)
        assert_int_equal(call(s, A, vpe, kit_obtain(system_sel(s, B, 0), THERE, CHILD_CAP, 1)), 0);
    for (uint32_t vpe = 0; vpe < 2; vpe++)
        kit_send(s->k[A], vpe, vpectrl(THERE, RESCIND_VPE_WAIT));
    while (system_tell(s, A, B) || system_hear(s, A, B))
        audit(s);
    assert_int_equal(peer->letter_answers, 3);
    kit_send(s->k[B], 2, kit_exit(7));
    kit_rest(s->k[B]);
    kit_send(s->k[B], 0, m);
    assert_int_not_equal(peer->notes, 0);
    assert_int_not_equal(peer->letters, 0);
    peer->letter_turn = RESCIND_PEER_LETTERS; /* the letter's turn */
    peer->letters_next = true;
    assert_true(system_tell(s, B, A));
    assert_int_equal(peer->letters, 0);
    assert_int_equal(peer->letter_answers, 2);
    assert_int_not_equal(peer->notes, 0);
    assert_int_equal(peer->letter_turn, RESCIND_PEER_LETTERS + 1);
    rest(s);
    for (uint32_t vpe = 0; vpe < 2; vpe++)
        assert_int_equal(answer(s, A, vpe).value, 7);
    assert_int_equal(answer(s, B, 0).error, RESCIND_NO_ERROR);
    assert_int_equal(rescind_kernel_peer(s->k[A], B).refused, 0);
    assert_int_equal(rescind_kernel_peer(s->k[A], B).late, 0);
    system_free(s);
}

/* Three of A wait for B's VPE 0; one is killed, and who gets its number waits for another of B's:
 * whichever it was, the end is told to the other two. */
static void of_many_who_wait_any_may_go(void **state)
{
    enum { WAITERS = 3 };

    (void)state;
    for (uint32_t gone = 0; gone < WAITERS; gone++) {
        struct system *s = system_new_roomy(2, 2, 6, NODES, WORK, MEMORY);
        uint32_t target = system_sel(s, B, 1), child[WAITERS];

        for (uint32_t i = 0; i < WAITERS; i++) {
            assert_int_equal(call(s, A, 0, createvpe(CHILD_CAP + 2 * i, CHILD_MEM + 2 * i)), 0);
            assert_int_equal(call(s, A, 0, kit_delegate(CHILD_CAP + 2 * i, target, THERE, 1)), 0);
            assert_int_equal(call(s, A, 0, vpectrl(CHILD_CAP + 2 * i, RESCIND_VPE_START)), 0);
            child[i] = 2 + i;
            kit_send(s->k[A], child[i], vpectrl(THERE, RESCIND_VPE_WAIT));
            settle(s);
            assert_true(waits(s, A, child[i]));
        }
        assert_int_equal(count_notes(s->k[B], 1), WAITERS);
        assert_int_equal(call(s, A, 0, kit_revoke(CHILD_CAP + 2 * gone, 2, true)), 0);
        assert_int_equal(call(s, A, 0, createvpe(CHILD_CAP + 2 * gone, CHILD_MEM + 2 * gone)), 0);
        target = system_sel(s, B, 0);
        assert_int_equal(call(s, A, 0, kit_delegate(CHILD_CAP + 2 * gone, target, THERE, 1)), 0);
        assert_int_equal(call(s, A, 0, vpectrl(CHILD_CAP + 2 * gone, RESCIND_VPE_START)), 0);
        kit_send(s->k[A], child[gone], vpectrl(THERE, RESCIND_VPE_WAIT));
        settle(s);
        assert_int_equal(count_notes(s->k[B], 1), WAITERS - 1);
        assert_int_equal(count_notes(s->k[B], 0), 1);
        kit_send(s->k[B], 1, kit_exit(5));
        settle(s);
        for (uint32_t i = 0; i < WAITERS; i++) {
            if (i != gone)
                assert_int_equal(answer(s, A, child[i]).value, 5);
        }
        assert_true(waits(s, A, child[gone]));
        kit_send(s->k[B], 0, kit_exit(6));
        rest(s);
        assert_int_equal(answer(s, A, child[gone]).value, 6);
        system_free(s);
    }
}

/* Who has waited for a slot towards B finds, at its turn, that its selector leads to C by now. */
static void a_slot_is_given_back_where_another_kernel_is_meant(void **state)
{
    enum { NAMED = 90, WAITER = 2, LENDER = 3 };
    struct system *s = system_new(3, 4, 400, WORK);
    uint32_t waiter = system_sel(s, A, WAITER);

    (void)state;
    assert_int_equal(call(s, A, LENDER, kit_delegate(waiter, system_sel(s, B, 0), NAMED, 1)), 0);
    for (uint32_t vpe = 0; vpe < 2; vpe++)
        kit_send(s->k[A], vpe, vpectrl(system_sel(s, B, vpe), RESCIND_VPE_START));
    kit_send(s->k[A], WAITER, vpectrl(NAMED, RESCIND_VPE_START));
    kit_send(s->k[A], LENDER, kit_revoke(system_sel(s, B, 0), 1, false));
    kit_rest(s->k[A]);
    assert_false(kit_holds(s->k[A], WAITER, NAMED));
    assert_int_equal(answer(s, A, LENDER).error, RESCIND_NO_ERROR);
    kit_send(s->k[A], LENDER, kit_delegate(waiter, system_sel(s, C, 0), NAMED, 1));
    kit_rest(s->k[A]);
    assert_int_equal(answer(s, A, LENDER).error, RESCIND_NO_ERROR);
    assert_true(waits(s, A, WAITER));
    assert_int_equal(peer_at(s->k[A], B)->letters_taken, 3);
    rest(s);
    for (uint32_t vpe = 0; vpe <= WAITER; vpe++)
        assert_int_equal(answer(s, A, vpe).error, RESCIND_INV_ARGS); /* they run already */
    assert_int_equal(rescind_kernel_peer(s->k[C], A).heard, 1);
    assert_int_equal(peer_at(s->k[A], B)->letters_taken, 0);
    system_free(s);
}

/* A session for another VPE of A, which ends before the service has agreed. */
static void a_session_for_one_that_has_ended_is_closed(void **state)
{
    struct system *s = system_new_roomy(2, 2, 2, NODES, 64, MEMORY);
    struct message m = CALL(CREATESESS, system_sel(s, A, 1), SESSION, 2);
    struct question q;

    (void)state;
    message_put(&m, "fs", 2);
    assert_int_equal(call(s, B, 0, CALL(ATTACHRB, 0, IN, 0, 11, 9, 0)), 0);
    assert_int_equal(call(s, B, 0, creategate(0, GATE, IN, 1)), 0);
    assert_int_equal(call(s, B, 0, createsrv()), 0);
    kit_send(s->k[A], 0, m);
    settle(s);
    q = asked(s);
    kit_send(s->k[A], 1, kit_exit(0));
    settle(s);
    assert_int_equal(call(s, B, 0, open_session(q.id)), RESCIND_NO_ERROR);
    rest(s);
    assert_int_equal(answer(s, A, 0).error, RESCIND_INV_ARGS);
    is_closed(s, B);
    rest(s);
    system_free(s);
}

/* The letter of a WAIT comes when the VPE has already gone by a revocation. */
static void a_wait_for_one_that_was_revoked_is_answered(void **state)
{
    struct system *s = new_family();

    (void)state;
    kit_send(s->k[A], 0, vpectrl(THERE, RESCIND_VPE_WAIT));
    assert_true(system_tell(s, A, B));
    kit_send(s->k[B], 0, kit_revoke(CHILD_CAP, 1, true));
    while (kit_rest(s->k[B]) > 0 || system_tell(s, B, A) || system_hear(s, B, A) ||
           kit_rest(s->k[A]) > 0)
        audit(s);
    rest(s);
    assert_int_equal(answer(s, A, 0).error, RESCIND_VPE_GONE);
    system_free(s);
}

/* With a pattern, the tests of that name are left out. */
int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_vpe_of_another_kernel_is_started),
        cmocka_unit_test(a_vpe_of_another_kernel_that_is_ending_is_not_started),
        cmocka_unit_test(the_end_of_a_vpe_of_another_kernel_is_waited_for),
        cmocka_unit_test(a_cancelled_wait_is_forgotten_by_the_next_one),
        cmocka_unit_test(one_that_ends_by_revocation_is_gone),
        cmocka_unit_test(a_wait_comes_right_in_every_order),
        cmocka_unit_test(a_start_and_a_revocation_come_in_every_order),
        cmocka_unit_test(a_note_comes_behind_the_answer_that_promises_it),
        cmocka_unit_test(more_calls_than_slots_wait_their_turn),
        cmocka_unit_test(a_slot_to_the_wrong_kernel_is_given_back),
        cmocka_unit_test(a_slot_that_is_not_wanted_any_more_goes_on),
        cmocka_unit_test(a_wait_without_memory_is_refused_and_changes_nothing),
        cmocka_unit_test(letters_and_other_records_take_turns),
        cmocka_unit_test(memory_of_another_kernel_is_read_and_written),
        cmocka_unit_test(as_much_as_a_message_holds_is_read_and_written),
        cmocka_unit_test(a_part_of_memory_of_another_kernel_is_derived),
        cmocka_unit_test(memory_of_another_kernel_is_mapped),
        cmocka_unit_test(a_part_of_a_third_kernels_memory_is_mapped),
        cmocka_unit_test(a_name_of_memory_that_came_round_is_no_more_than_a_name),
        cmocka_unit_test(own_memory_that_came_round_is_mapped),
        cmocka_unit_test(memory_and_its_revocation_come_in_every_order),
        cmocka_unit_test(mapping_page_by_page_and_a_revocation_come_in_every_order),
        cmocka_unit_test(what_is_written_is_not_another_s_by_then),
        cmocka_unit_test(a_message_and_its_reply_cross),
        cmocka_unit_test(as_much_as_a_message_holds_crosses),
        cmocka_unit_test(a_message_that_is_not_taken_costs_no_credit),
        cmocka_unit_test(a_first_message_that_is_not_taken_leaves_nothing),
        cmocka_unit_test(a_receiver_that_has_ended_gets_nothing),
        cmocka_unit_test(a_reply_to_one_that_has_ended_is_refused),
        cmocka_unit_test(a_reply_that_is_too_long_is_refused_before_it_is_sent),
        cmocka_unit_test(a_reply_finds_a_smaller_endpoint_than_there_was),
        cmocka_unit_test(what_was_not_received_goes_with_its_endpoint),
        cmocka_unit_test(a_message_and_an_end_come_in_every_order),
        cmocka_unit_test(a_reply_and_an_end_come_in_every_order),
        cmocka_unit_test(a_link_is_told_before_its_end),
        cmocka_unit_test(a_pager_of_another_kernel_is_asked),
        cmocka_unit_test(a_fault_and_an_end_come_in_every_order),
        cmocka_unit_test(capabilities_go_through_a_session_of_another_kernel),
        cmocka_unit_test(a_service_of_another_kernel_may_refuse),
        cmocka_unit_test(an_exchange_through_a_session_and_its_end_come_in_every_order),
        cmocka_unit_test(a_session_is_opened_with_a_service_of_another_kernel),
        cmocka_unit_test(more_sessions_than_slots_are_opened),
        cmocka_unit_test(a_name_that_no_kernel_knows_is_refused),
        cmocka_unit_test(an_opening_that_is_refused_leaves_nothing),
        cmocka_unit_test(a_session_comes_to_its_place_without_memory),
        cmocka_unit_test(a_session_without_a_place_is_closed),
        cmocka_unit_test(an_opening_and_an_end_come_in_every_order),
        cmocka_unit_test(letters_that_make_no_sense_are_refused),
        cmocka_unit_test(messages_that_make_no_sense_are_refused),
        cmocka_unit_test(openings_that_make_no_sense_are_refused),
        cmocka_unit_test(a_note_for_a_claim_is_of_the_kernel_and_the_letter_it_belongs_to),
        cmocka_unit_test(an_opening_for_the_last_selector_makes_sense),
        cmocka_unit_test(a_question_for_as_many_as_there_can_be_makes_sense),
        cmocka_unit_test(answers_that_nobody_waits_for_are_refused),
        cmocka_unit_test(descriptions_of_what_there_can_not_be_are_refused),
        cmocka_unit_test(notes_for_what_nobody_waits_for_come_late_or_are_refused),
        cmocka_unit_test(a_letter_is_refused_by_each_of_its_fields),
        cmocka_unit_test(a_reply_is_refused_by_each_of_its_fields),
        cmocka_unit_test(letters_to_what_is_not_there_are_answered),
        cmocka_unit_test(records_that_are_too_short_are_refused),
        cmocka_unit_test(a_description_is_refused_by_each_of_its_fields),
        cmocka_unit_test(the_note_of_a_visit_is_refused_by_each_of_its_fields),
        cmocka_unit_test(the_note_of_an_opening_is_refused_by_each_of_its_fields),
        cmocka_unit_test(an_answer_to_who_has_just_got_a_slot_is_refused),
        cmocka_unit_test(a_note_comes_behind_its_answer),
        cmocka_unit_test(a_note_waits_with_its_answer_for_room),
        cmocka_unit_test(of_many_who_wait_any_may_go),
        cmocka_unit_test(a_slot_is_given_back_where_another_kernel_is_meant),
        cmocka_unit_test(a_session_for_one_that_has_ended_is_closed),
        cmocka_unit_test(a_wait_for_one_that_was_revoked_is_answered),
    };

    if (argc > 1)
        cmocka_set_skip_filter(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}

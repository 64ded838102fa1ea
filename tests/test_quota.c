/* Accounts: a VPE with one of its own attacks everything that kernels have, and others go on.
 *
 * VPE0 makes the attacker, with a capability on VPE1, the victim. After each attack, which goes on
 * until it is refused, all that the victim does every day must still succeed; and once VPE0 has
 * revoked the attacker everything is as it was before.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cap/table.h"
#include "object/endpoint.h"
#include "object/mem.h"
#include "object/vpe.h"
#include "rescind/kernel.h"
#include "tests/calls.h"

enum { VICTIM = 1, RB = 4, EP = 5, GATE = 20, TO_VICTIM = 30, GIVEN = 31, NONE = RESCIND_NONE };
enum { FIRST = 1000, LIMIT = 5000 };
enum { NODES = 150 }; /* of the attacker */

struct scene {
    struct rescind_kernel *k;
    uint32_t attacker, helper; /* the helper is the victim's child */
    struct trace before;
};

/* The victim has a child, which sends to it through its gate at GATE. */
static struct scene begin(uint32_t work, uint32_t vpes)
{
    struct scene s = {.k = calls_new(&(struct calls_config){
                          .vpes = vpes, .nodes = 600, .work = work, .quota = {300, 200}})};

    s.helper = calls_child(s.k, VICTIM);
    calls_ok(s.k, VICTIM, say_attach(0, RB, 0, 8, 6));
    calls_ok(s.k, VICTIM, say_gate(0, GATE, RB, 0, 1));
    calls_ok(s.k, VICTIM, kit_delegate(CHILD, GATE, GATE, 1));
    calls_ok(s.k, s.helper, say_attach(0, RB, 0, 8, 6));
    calls_ok(s.k, s.helper, say_activate(EP, NONE, GATE));
    s.before = calls_trace(s.k);
    s.attacker = calls_child(s.k, 0);
    calls_ok(s.k, 0, kit_delegate(CHILD, OTHER, TO_VICTIM, 1));
    calls_ok(s.k, 0, kit_obtain(OTHER, 40, GATE, 1)); /* the victim's gate, too */
    calls_ok(s.k, 0, kit_delegate(CHILD, 40, GIVEN, 1));
    uint32_t left = account_left(s.k, vpe_own_account(s.attacker));
    calls_ok(s.k, 0, say_fund(CHILD, left < NODES ? NODES - left : left - NODES, left > NODES));
    return s;
}

/* The attacker is revoked, and what VPE0 had for it. */
static void end(struct scene *s)
{
    calls_ok(s->k, 0, kit_revoke(CHILD, 31, true));
    calls_rest(s->k);
    calls_same(s->k, &s->before);
    calls_free(s->k);
}

/* Everything that the victim and its child do every day. */
static void others_go_on(const struct scene *s)
{
    struct rescind_kernel *k = s->k;
    struct answer got;

    calls_ok(k, VICTIM, kit_noop());
    calls_ok(k, VICTIM, say_gate(0, 50, RB, 0, 1));
    calls_ok(k, VICTIM, kit_delegate(CHILD, 50, 50, 1));
    calls_ok(k, s->helper, say_activate(EP + 1, NONE, 50));
    calls_ok(k, s->helper, say_send(EP, RB, 5));
    got = calls_ask(k, VICTIM, say_receive(RB, false));
    assert_int_equal(got.error, RESCIND_NO_ERROR);
    assert_int_equal(got.words[4], 5);
    calls_ok(k, VICTIM, say_reply(RB, got.words[0], 6));
    got = calls_ask(k, s->helper, say_receive(RB, true));
    assert_int_equal(got.words[4], 6);
    calls_ok(k, VICTIM, say_attach(0, RB + 2, 1024, 8, 6));
    calls_ok(k, VICTIM, say_detach(0, RB + 2));
    calls_ok(k, VICTIM, say_fund(CHILD, 1, false));
    calls_ok(k, VICTIM, say_fund(CHILD, 1, true));
    calls_ok(k, VICTIM, kit_revoke(50, 1, true));
    assert_int_equal(endpoint_find(k, s->helper, EP + 1), 0);
}

/* The message of attack number `i`. */
typedef struct message attack(const struct scene *s, uint32_t i);

/* Attacks until that is refused for want of memory. How often it succeeded. */
static uint32_t until_refused(const struct scene *s, attack *attack)
{
    for (uint32_t i = 0; i < LIMIT; i++) {
        enum rescind_error error = calls_error(s->k, s->attacker, attack(s, i));
        if (error != RESCIND_NO_ERROR) {
            assert_int_equal(error, RESCIND_OUT_OF_MEM);
            return i;
        }
        if (i % 16 == 0)
            others_go_on(s);
    }
    fail_msg("an account does not limit this");
    return LIMIT;
}

static struct message make_gates(const struct scene *s, uint32_t i)
{
    (void)s;
    return say_gate(0, FIRST + i, RB, 0, 1);
}

static struct message fill_its_own_table(const struct scene *s, uint32_t i)
{
    (void)s;
    return kit_delegate(0, GIVEN, FIRST + i, 1);
}

static struct message fill_the_victims_table(const struct scene *s, uint32_t i)
{
    (void)s;
    return kit_delegate(TO_VICTIM, GIVEN, FIRST + i, 1);
}

/* Each from the one before: a chain below the victim's gate. */
static struct message derive_deep(const struct scene *s, uint32_t i)
{
    (void)s;
    return i == 0 ? kit_delegate(0, GIVEN, FIRST, 1) : kit_delegate(0, FIRST + i - 1, FIRST + i, 1);
}

/* To and fro between the tables of both. */
static struct message derive_across(const struct scene *s, uint32_t i)
{
    (void)s;
    return i == 0       ? kit_delegate(TO_VICTIM, GIVEN, FIRST, 1)
           : i % 2 != 0 ? kit_obtain(TO_VICTIM, FIRST + i, FIRST + i - 1, 1)
                        : kit_delegate(TO_VICTIM, FIRST + i - 1, FIRST + i, 1);
}

static struct message map_the_victim(const struct scene *s, uint32_t i)
{
    (void)s;
    return say_createmap(TO_VICTIM, RESCIND_SEL_MEM, 0, 1, RESCIND_MAP_FIRST + i);
}

static struct message copy_the_victim(const struct scene *s, uint32_t i)
{
    (void)s;
    return kit_obtain(TO_VICTIM, FIRST + i, RESCIND_SEL_VPE, 1);
}

static void each_takes_what_the_account_has_and_no_more(void **state)
{
    static attack *const attacks[] = {make_gates,     fill_its_own_table, fill_the_victims_table,
                                      derive_deep,    derive_across,      map_the_victim,
                                      copy_the_victim};
    static const uint32_t works[] = {1, 0};

    (void)state;
    for (size_t i = 0; i < sizeof attacks / sizeof attacks[0]; i++) {
        for (unsigned w = 0; w < 2; w++) {
            struct scene s = begin(works[w], 7);
            uint32_t count = until_refused(&s, attacks[i]);
            assert_int_equal(count, i == 0 ? NODES / 2 : NODES);
            assert_int_equal(account_left(s.k, vpe_own_account(s.attacker)), 0);
            others_go_on(&s);
            end(&s);
        }
    }
}

/* The victim revokes what the attacker has derived below it: in events in proportion to the
 * attacker's account, and each as short as any. */
static void the_victim_revokes_all_of_it(void **state)
{
    static attack *const attacks[] = {fill_its_own_table, fill_the_victims_table, derive_deep,
                                      derive_across};

    (void)state;
    for (size_t i = 0; i < sizeof attacks / sizeof attacks[0]; i++) {
        struct scene s = begin(1, 7);
        uint64_t events;
        until_refused(&s, attacks[i]);
        calls_send(s.k, VICTIM, kit_revoke(GATE, 1, false));
        events = kit_rest(s.k);
        assert_true(events < 10 * NODES);
        struct answer got;
        assert_true(calls_answer(s.k, VICTIM, &got));
        assert_int_equal(got.error, RESCIND_NO_ERROR);
        assert_false(kit_holds(s.k, s.attacker, GIVEN));
        assert_int_equal(account_left(s.k, vpe_own_account(s.attacker)), NODES);
        calls_free(s.k);
    }
}

/* It attaches buffers for the victim, and has itself all the endpoints that there are. */
static void endpoints_are_taken(void **state)
{
    struct scene s = begin(0, 7);
    uint32_t left = account_left(s.k, vpe_own_account(s.attacker));

    (void)state;
    for (uint32_t ep = RESCIND_EP_FREE; ep < RESCIND_EP_COUNT; ep++)
        calls_ok(s.k, s.attacker, say_activate(ep, NONE, GIVEN));
    assert_int_equal(account_left(s.k, vpe_own_account(s.attacker)), left - 2 * 14);
    others_go_on(&s);
    for (uint32_t ep = 7; ep < RESCIND_EP_COUNT; ep++)
        calls_ok(s.k, s.attacker, say_attach(TO_VICTIM, ep, 0, 8, 6));
    others_go_on(&s);
    /* Who holds a VPE may attach to it; the VPE itself may detach, and gets its endpoints back. */
    for (uint32_t ep = 7; ep < RESCIND_EP_COUNT; ep++)
        calls_ok(s.k, VICTIM, say_detach(0, ep));
    assert_int_equal(account_left(s.k, vpe_own_account(s.attacker)), left - 2 * 14);
    end(&s);
}

/* It sends all that it can, more than its gate has credits, for each endpoint has those anew: the
 * buffer is full for others until the victim receives, or revokes. */
static void messages_fill_a_buffer_until_they_are_received(void **state)
{
    struct scene s = begin(0, 7);
    uint32_t sent = 0;
    struct answer got;

    (void)state;
    for (uint32_t ep = RESCIND_EP_FREE; ep < RESCIND_EP_COUNT; ep++) {
        calls_ok(s.k, s.attacker, say_activate(ep, NONE, GIVEN));
        sent += calls_error(s.k, s.attacker, say_send(ep, NONE, 1)) == RESCIND_NO_ERROR;
    }
    assert_int_equal(sent, 4);
    calls_refused(s.k, s.helper, say_send(EP, RB, 5), RESCIND_NO_RING_SPACE);
    while ((got = calls_ask(s.k, VICTIM, say_receive(RB, false))).error == RESCIND_NO_ERROR)
        calls_ok(s.k, VICTIM, say_ack(RB, got.words[0]));
    others_go_on(&s);
    for (uint32_t ep = RESCIND_EP_FREE + 4; ep < RESCIND_EP_FREE + 8; ep++)
        calls_ok(s.k, s.attacker, say_send(ep, NONE, 1));
    calls_ok(s.k, 0, kit_revoke(40, 1, true)); /* the gate is taken away from it */
    others_go_on(&s);
    end(&s);
}

/* Every child has one of its own again: the account is shared out, and nothing comes of it. */
static void children_have_what_their_maker_has(void **state)
{
    struct scene s = begin(0, 7);
    uint32_t maker = s.attacker, depth = 0, nodes = account_left(s.k, vpe_own_account(maker));

    (void)state;
    while (calls_error(s.k, maker, say_createvpe(CHILD, CHILD_MEM)) == RESCIND_NO_ERROR) {
        uint32_t child = calls_told().created;
        calls_ok(s.k, maker, say_start(CHILD));
        calls_ok(s.k, maker, say_fund(CHILD, account_left(s.k, vpe_own_account(maker)), false));
        nodes -= 5;
        assert_int_equal(account_left(s.k, vpe_own_account(child)), nodes);
        maker = child;
        depth++;
    }
    assert_true(depth >= 2);
    others_go_on(&s);
    end(&s);
}

/* Children that all wait for one, which never ends; and for a message. */
static void waiters_wait_and_are_ended(void **state)
{
    struct scene s = begin(0, 7);
    uint32_t child[2];

    (void)state;
    for (uint32_t i = 0; i < 2; i++) {
        calls_ok(s.k, s.attacker, say_createvpe(CHILD + 2 * i, CHILD_MEM + 2 * i));
        child[i] = calls_told().created;
        calls_ok(s.k, s.attacker, say_start(CHILD + 2 * i));
        calls_ok(s.k, s.attacker, kit_delegate(CHILD + 2 * i, TO_VICTIM, 5, 1));
    }
    calls_ok(s.k, child[0], say_attach(0, RB, 0, 8, 6));
    calls_send(s.k, child[0], say_receive(RB, true));
    calls_send(s.k, child[1], say_wait(5));
    calls_send(s.k, s.attacker, say_wait(TO_VICTIM));
    calls_rest(s.k);
    others_go_on(&s);
    end(&s);
}

/* VPE numbers and memory have no price but a few nodes: one account takes all of them. Whoever is
 * there already goes on, and a new VPE can be had again when the attacker has been ended. */
static void numbers_of_vpes_are_taken(void **state)
{
    struct scene s = begin(0, 6);
    uint32_t count = 0;

    (void)state;
    while (calls_error(s.k, s.attacker, say_createvpe(FIRST + 2 * count, FIRST + 2 * count + 1)) ==
           RESCIND_NO_ERROR)
        count++;
    assert_int_equal(count, 2);
    others_go_on(&s);
    calls_refused(s.k, VICTIM, say_createvpe(60, 61), RESCIND_NO_FREE_CORE);
    calls_ok(s.k, 0, kit_revoke(CHILD, 2, true));
    calls_rest(s.k);
    calls_ok(s.k, VICTIM, say_createvpe(60, 61));
    calls_ok(s.k, VICTIM, kit_revoke(60, 2, true));
    end(&s);
}

/* Machine memory has no price but the nodes of its capability: the same holds for it. */
static void memory_is_taken(void **state)
{
    struct scene s = begin(0, 8);
    uint32_t count = 0;

    (void)state;
    while (calls_error(s.k, s.attacker, say_reqmem(FIRST + count, 2 * RESCIND_PAGE)) ==
           RESCIND_NO_ERROR)
        count++;
    assert_int_equal(count, 4); /* of 16 pages, where four VPEs have two each */
    others_go_on(&s);
    calls_refused(s.k, VICTIM, say_createvpe(60, 61), RESCIND_OUT_OF_MEM);
    calls_refused(s.k, VICTIM, say_reqmem(60, 1), RESCIND_OUT_OF_MEM);
    calls_ok(s.k, 0, kit_revoke(CHILD, 2, true));
    calls_rest(s.k);
    calls_ok(s.k, VICTIM, say_reqmem(60, 8 * RESCIND_PAGE));
    calls_ok(s.k, VICTIM, kit_revoke(60, 1, true));
    end(&s);
}

/* One that ends without having given anything back, whatever it is doing. */
static void an_attacker_is_ended_in_the_middle(void **state)
{
    (void)state;
    for (uint32_t events = 0; events < 40; events += 3) {
        struct scene s = begin(1, 7);
        for (uint32_t i = 0; i < 30; i++)
            calls_ok(s.k, s.attacker, derive_across(&s, i));
        calls_send(s.k, s.attacker, kit_revoke(FIRST, 30, true));
        for (uint32_t i = 0; i < events && rescind_kernel_ready(s.k) >= 0; i++)
            calls_work(s.k);
        rescind_kernel_end(s.k, s.attacker, 1);
        kit_audit(s.k);
        end(&s);
    }
}

/* ---- To the last node ---------------------------------------------------------------------- */

enum { SEND_EP = 8, IRQ = 40, SRV = 41, CALLS = 12 };

static struct message createsrv(uint32_t sel, const char *name)
{
    struct message m = {0};

    message_u64(&m, RESCIND_SYS_CREATESRV);
    message_u64(&m, GATE);
    message_u64(&m, sel);
    message_u64(&m, strlen(name));
    message_put(&m, name, strlen(name));
    return m;
}

static struct rescind_kernel *ready(uint32_t work)
{
    struct rescind_kernel *k =
        calls_new(&(struct calls_config){.vpes = 3, .nodes = 200, .work = work});

    calls_ok(k, 0, say_attach(0, RB, 0, 9, 6));
    for (uint32_t i = 0; i < 5; i++)
        calls_ok(k, 0, say_gate(0, GATE + i, RB, 1, 8));
    calls_ok(k, 0, say_activate(SEND_EP, NONE, GATE));
    calls_ok(k, 0, say_reqmem(30, 5 * RESCIND_PAGE));
    assert_int_equal(rescind_kernel_boot_irq(k, 0, IRQ, 5), RESCIND_NO_ERROR);
    calls_ok(k, 0, createsrv(SRV, "s"));
    return k;
}

static struct message words(size_t count, const uint64_t *words)
{
    struct message m = {0};

    message_put(&m, words, count * sizeof(*words));
    return m;
}

/* What there is to be called, by number. */
static struct message say(uint32_t number)
{
    switch (number) {
    case 0:
        return say_gate(0, 50, RB, 1, 1);
    case 1:
        return say_activate(EP, NONE, GATE);
    case 2:
        return say_attach(0, EP, 512, 9, 6);
    case 3:
        return say_reqmem(50, RESCIND_PAGE);
    case 4:
        return say_createmap(0, 30, 0, 1, RESCIND_MAP_FIRST);
    case 5:
        return say_createmap(0, 30, 0, 5, RESCIND_MAP_FIRST);
    case 6:
        return kit_delegate(OTHER, GATE, 50, 1);
    case 7:
        return kit_delegate(OTHER, GATE, 50, 5);
    case 8:
        return say_listen(IRQ, SEND_EP);
    case 9:
        return createsrv(50, "t");
    case 10:
        return words(
            6, (const uint64_t[]){RESCIND_SYS_DERIVEMEM, 30, 50, 0, RESCIND_PAGE, RESCIND_PERM_R});
    default:
        return words(4, (const uint64_t[]){RESCIND_SYS_CREATESESSAT, SRV, 50, 7});
    }
}

/* A call that makes something succeeds when there are as many nodes as it takes, and with one less
 * it is refused. */
static void a_call_needs_the_nodes_that_it_takes(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 2 * CALLS; i++) {
        uint32_t work = i < CALLS ? 0 : 4, takes;
        struct rescind_kernel *k = ready(work);
        takes = pool_left(k);
        calls_ok(k, 0, say(i % CALLS));
        takes -= pool_left(k);
        assert_in_range(takes, 1, 20);
        calls_free(k);

        k = ready(work);
        for (uint32_t sel = 100; pool_left(k) >= takes; sel++)
            assert_int_equal(rescind_kernel_boot_grant(k, 1, sel, 0), RESCIND_NO_ERROR);
        calls_refused(k, 0, say(i % CALLS), RESCIND_OUT_OF_MEM);
        calls_ok(k, 1, kit_revoke(100, 1, true));
        assert_int_equal(pool_left(k), takes);
        calls_ok(k, 0, say(i % CALLS));
        assert_int_equal(pool_left(k), 0);
        calls_free(k);
    }
}

static void a_new_vpe_finds_nothing_in_its_memory(void **state)
{
    struct rescind_kernel *k = calls_new(&(struct calls_config){.vpes = 3, .nodes = 200});
    const struct mem *mem;
    const uint8_t *bytes;

    (void)state;
    memset((uint8_t *)k + k->memory, 0xa5, (size_t)k->pages * RESCIND_PAGE);
    calls_ok(k, 0, say_createvpe(CHILD, CHILD_MEM));
    mem = mem_at(k, cap_at(k, kit_at(k, 0, CHILD_MEM))->object);
    bytes = (const uint8_t *)k + k->memory + mem->addr;
    for (uint64_t i = 0; i < mem->size; i++)
        assert_int_equal(bytes[i], 0);
    calls_free(k);
}

static void one_that_has_ended_does_not_end_again(void **state)
{
    struct rescind_kernel *k = calls_new(&(struct calls_config){.vpes = 3, .nodes = 200});

    (void)state;
    rescind_kernel_end(k, 1, 7);
    rescind_kernel_end(k, 1, 8); /* it is ending already */
    calls_rest(k);
    assert_int_equal(calls_told().ends, 1);
    assert_int_equal(calls_told().code, 7);
    rescind_kernel_end(k, 1, 9);
    assert_int_equal(rescind_kernel_ready(k), -1);
    calls_rest(k);
    assert_int_equal(calls_told().ends, 1);
    kit_audit(k);
    calls_free(k);
}

static void one_that_is_ending_is_not_started(void **state)
{
    struct rescind_kernel *k = calls_new(&(struct calls_config){.vpes = 3, .nodes = 200});
    struct answer answer;

    (void)state;
    calls_ok(k, 0, say_createvpe(CHILD, CHILD_MEM));
    rescind_kernel_end(k, calls_told().created, 7);
    calls_send(k, 0, say_start(CHILD));
    assert_false(calls_answer(k, 0, &answer));
    calls_rest(k);
    assert_true(calls_answer(k, 0, &answer));
    assert_int_equal(answer.error, RESCIND_VPE_GONE);
    assert_int_equal(calls_told().code, 7);
    calls_free(k);
}

static void a_service_needs_a_gate(void **state)
{
    struct rescind_kernel *k = ready(0);
    struct message m = words(4, (const uint64_t[]){RESCIND_SYS_CREATESRV, RESCIND_SEL_MEM, 50, 1});

    (void)state;
    message_put(&m, "t", 1);
    calls_refused(k, 0, m, RESCIND_INV_ARGS);
    calls_free(k);
}

static void more_data_than_a_message_has_is_refused(void **state)
{
    struct rescind_kernel *k = ready(0);

    (void)state;
    calls_ok(k, 0, say_attach(0, 9, 0x400, 10, 9));
    calls_ok(k, 0, say_gate(0, 60, 9, 1, 8));
    calls_ok(k, 0, say_activate(10, NONE, 60));
    calls_refused(k, 0, say_send_bytes(10, NONE, RESCIND_DATA_MAX + 8), RESCIND_INV_ARGS);
    calls_ok(k, 0, say_send_bytes(10, NONE, RESCIND_DATA_MAX));
    calls_free(k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_takes_what_the_account_has_and_no_more),
        cmocka_unit_test(the_victim_revokes_all_of_it),
        cmocka_unit_test(endpoints_are_taken),
        cmocka_unit_test(messages_fill_a_buffer_until_they_are_received),
        cmocka_unit_test(children_have_what_their_maker_has),
        cmocka_unit_test(waiters_wait_and_are_ended),
        cmocka_unit_test(numbers_of_vpes_are_taken),
        cmocka_unit_test(memory_is_taken),
        cmocka_unit_test(an_attacker_is_ended_in_the_middle),
        cmocka_unit_test(a_call_needs_the_nodes_that_it_takes),
        cmocka_unit_test(a_new_vpe_finds_nothing_in_its_memory),
        cmocka_unit_test(one_that_has_ended_does_not_end_again),
        cmocka_unit_test(one_that_is_ending_is_not_started),
        cmocka_unit_test(a_service_needs_a_gate),
        cmocka_unit_test(more_data_than_a_message_has_is_refused),
    };
    return cmocka_run_group_tests_name("quota", tests, NULL, NULL);
}

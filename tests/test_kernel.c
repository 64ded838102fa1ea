/* The kernel as its users see it: rescind/kernel.h and nothing else of the project. Every event
 * is in the caller's hands. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rescind/kernel.h"

enum { GATE = 20, CLONE = 30, OTHER = 2 };

static struct rescind_kernel *kernel_new(uint32_t work)
{
    struct rescind_kernel_config config = {.vpes = 2, .nodes = 256, .work = work, .seed = 1};
    size_t size = rescind_kernel_size(&config);
    void *arena = aligned_alloc(4096, (size + 4095) / 4096 * 4096);
    struct rescind_kernel *k;

    assert_non_null(arena);
    k = rescind_kernel_create(arena, size, &config);
    assert_non_null(k);
    assert_int_equal(rescind_kernel_boot_vpe(k, 0, 4096), RESCIND_NO_ERROR);
    assert_int_equal(rescind_kernel_boot_vpe(k, 4096, 4096), RESCIND_NO_ERROR);
    assert_int_equal(rescind_kernel_boot_grant(k, 0, OTHER, 1), RESCIND_NO_ERROR);
    return k;
}

static void send(struct rescind_kernel *k, const uint64_t *words, size_t count)
{
    assert_int_equal(rescind_kernel_send(k, 0, words, count * sizeof(*words)), RESCIND_NO_ERROR);
}

/* Lets the kernel work until VPE0's call is answered. */
static uint64_t answer(struct rescind_kernel *k)
{
    uint64_t error = UINT64_MAX;

    while (rescind_kernel_ready(k) >= 0)
        rescind_kernel_work(k, (uint32_t)rescind_kernel_ready(k));
    assert_true(rescind_kernel_receive(k, 0, &error, sizeof(error)));
    return error;
}

static uint64_t call(struct rescind_kernel *k, const uint64_t *words, size_t count)
{
    send(k, words, count);
    assert_true(rescind_kernel_message_waiting(k, 0));
    rescind_kernel_message(k, 0);
    return answer(k);
}

/* GATE of VPE0, and its clone at CLONE of VPE1. */
static void make_clone(struct rescind_kernel *k)
{
    const uint64_t create[] = {RESCIND_SYS_CREATEGATE, 0, GATE, 0xDEAD, 4, 16};
    const uint64_t delegate[] = {
        RESCIND_SYS_EXCHANGE, OTHER, (uint64_t)GATE << 32, 1, (uint64_t)CLONE << 32, 1, 0};

    assert_int_equal(call(k, create, 6), RESCIND_NO_ERROR);
    assert_int_equal(call(k, delegate, 7), RESCIND_NO_ERROR);
}

static bool holds(struct rescind_kernel *k, uint32_t vpe, uint32_t sel)
{
    struct rescind_kernel_cap cap;

    return rescind_kernel_find(k, vpe, RESCIND_TABLE_OBJECT, sel, &cap) && cap.sel == sel;
}

static const uint64_t revoke_gate[] = {RESCIND_SYS_REVOKE, (uint64_t)GATE << 32, 1, 1};

static void a_call_goes_on_by_events_until_its_answer_stands(void **state)
{
    struct rescind_kernel *k = kernel_new(1);
    unsigned events = 1;

    (void)state;
    make_clone(k);
    send(k, revoke_gate, 4);
    rescind_kernel_message(k, 0);
    assert_int_equal(rescind_kernel_vpe_state(k, 0), RESCIND_VPE_WAITING);
    for (; rescind_kernel_ready(k) >= 0; events++) {
        assert_true(rescind_kernel_audit(k, NULL));
        rescind_kernel_work(k, 0);
    }
    assert_true(events > 3);
    assert_int_equal(answer(k), RESCIND_NO_ERROR);
    assert_false(holds(k, 0, GATE) || holds(k, 1, CLONE));
    free(k);
}

static void an_event_tells_what_it_wants_of_the_machine(void **state)
{
    struct rescind_kernel *k = kernel_new(0);
    const uint64_t noop[] = {RESCIND_SYS_NOOP};
    struct rescind_kernel_output out;

    (void)state;
    send(k, noop, 1);
    rescind_kernel_message(k, 0);
    out = rescind_kernel_take_output(k);
    assert_int_equal(out.kind, RESCIND_OUTPUT_REPLY);
    assert_int_equal(out.vpe, 0);
    assert_int_equal(out.code, RESCIND_NO_ERROR);
    assert_int_equal(rescind_kernel_take_output(k).kind, RESCIND_OUTPUT_NOTHING);
    rescind_kernel_end(k, 1, 7);
    while (rescind_kernel_ready(k) >= 0)
        rescind_kernel_work(k, 1);
    out = rescind_kernel_take_output(k);
    assert_int_equal(out.kind, RESCIND_OUTPUT_ENDED);
    assert_int_equal(out.code, 7);
    assert_false(holds(k, 0, OTHER));
    free(k);
}

static void a_copy_of_the_arena_is_a_copy_of_the_kernel(void **state)
{
    struct rescind_kernel *k = kernel_new(1), *twin = kernel_new(1);

    (void)state;
    make_clone(k);
    send(k, revoke_gate, 4);
    rescind_kernel_message(k, 0); /* in the middle of a revocation */
    memcpy(twin, k, rescind_kernel_used(k));
    assert_int_equal(answer(k), RESCIND_NO_ERROR);
    assert_true(holds(twin, 0, GATE) && holds(twin, 1, CLONE));
    assert_true(rescind_kernel_audit(twin, NULL));
    assert_int_equal(answer(twin), RESCIND_NO_ERROR);
    assert_false(holds(twin, 0, GATE) || holds(twin, 1, CLONE));
    assert_true(rescind_kernel_audit(twin, NULL));
    free(k);
    free(twin);
}

static void the_walk_goes_through_every_tree_in_depth_first_order(void **state)
{
    struct rescind_kernel *k = kernel_new(0);
    static const struct {
        uint32_t vpe, sel, depth;
    } expected[] = {{0, 0, 0}, {0, 1, 0}, {0, GATE, 0}, {1, CLONE, 1},
                    {1, 0, 0}, {0, 2, 1}, {1, 1, 0}};
    struct rescind_kernel_cap cap;
    uint32_t at = 0, depth;

    (void)state;
    make_clone(k);
    for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
        assert_true(rescind_kernel_walk(k, &at, &depth, &cap));
        assert_int_equal(cap.vpe, expected[i].vpe);
        assert_int_equal(cap.sel, expected[i].sel);
        assert_int_equal(depth, expected[i].depth);
    }
    assert_false(rescind_kernel_walk(k, &at, &depth, &cap));
    free(k);
}

static void every_invariant_has_a_name_and_a_sentence(void **state)
{
    const char *sentence;
    unsigned count = 0;

    (void)state;
    for (; rescind_kernel_audit_name(count, &sentence) != NULL; count++)
        assert_true(strlen(sentence) > 20);
    assert_true(count > 15);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_call_goes_on_by_events_until_its_answer_stands),
        cmocka_unit_test(an_event_tells_what_it_wants_of_the_machine),
        cmocka_unit_test(a_copy_of_the_arena_is_a_copy_of_the_kernel),
        cmocka_unit_test(the_walk_goes_through_every_tree_in_depth_first_order),
        cmocka_unit_test(every_invariant_has_a_name_and_a_sentence),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Calls that meet: interleavings aimed at the traps of a revocation that is spread over events.
 *
 * The kernel does one capability's work an event, and each meeting is run with the second call
 * starting after every possible number of events of the first (and a third likewise), under
 * several orders of work. After each event the kernel is audited; at the end every answer and every
 * table must be what some order of atomic calls would have left, which the driver's order search
 * decides. What each meeting must lead to beyond that stands in its own check.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/random.h"
#include "tests/drive.h"

enum { NODES = 200, GATE = 10 };

static struct order *order;
static struct random dice;

static int make_order(void **state)
{
    (void)state;
    order = order_new();
    return 0;
}

static int free_order(void **state)
{
    (void)state;
    order_free(order);
    return 0;
}

/* ---- Building ----------------------------------------------------------------------------- */

/* Three VPEs, each with capabilities on the next at 2 and on the one after that at 3. */
static struct drive *three_vpes_working(uint32_t nodes, uint32_t work)
{
    struct drive_config config = {.vpes = 3, .nodes = nodes, .work = work, .seed = 1};
    struct drive *d = drive_new(&config);

    for (uint32_t vpe = 0; vpe < 3; vpe++) {
        drive_grant(d, vpe, 2, (vpe + 1) % 3);
        drive_grant(d, vpe, 3, (vpe + 2) % 3);
    }
    return d;
}

static struct drive *three_vpes(uint32_t nodes)
{
    return three_vpes_working(nodes, 1);
}

/* The selector at which `vpe` has its capability on `target`. */
static uint32_t on(uint32_t vpe, uint32_t target)
{
    return vpe == target ? 0 : 1 + (target + 3 - vpe) % 3;
}

static void assert_well(const struct drive *d)
{
    if (d->failure[0] != '\0') {
        drive_print(stderr, d);
        fail_msg("%s", d->failure);
    }
}

static void must(struct drive *d, uint32_t vpe, struct model_call call)
{
    enum rescind_error error = drive_now(d, vpe, &call);

    assert_well(d);
    assert_int_equal(error, RESCIND_NO_ERROR);
}

static void create(struct drive *d, uint32_t vpe, uint32_t sel, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        must(d, vpe, call_creategate(0, sel + i));
}

/* `count` copies from `vpe`:`sel` to `target`:`to`. */
static void copy(struct drive *d, uint32_t vpe, uint32_t sel, uint32_t target, uint32_t to,
                 uint32_t count)
{
    must(d, vpe, call_delegate(on(vpe, target), sel, to, count));
}

static bool holds(const struct drive *d, uint32_t vpe, uint32_t sel)
{
    struct rescind_kernel_cap cap;

    return rescind_kernel_find(d->kernel, vpe, RESCIND_TABLE_OBJECT, sel, &cap) && cap.sel == sel;
}

static uint32_t held(const struct drive *d, uint32_t vpe, uint32_t sel, uint32_t count)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < count; i++)
        n += holds(d, vpe, sel + i);
    return n;
}

/* ---- Meetings ----------------------------------------------------------------------------- */

/* One of those who meet: a call, or the machine ending the VPE. */
struct part {
    uint32_t vpe;
    bool end;
    struct model_call call;
};

enum policy { LOWEST, HIGHEST, IN_LINE, LAST_IN_LINE, DRAWN_1, DRAWN_2, POLICIES };

/* What happened in any of the runs of a meeting. */
struct sights {
    uint32_t runs;
    bool waited; /* some call stood still while another went on */
};

static uint32_t choose(const struct drive *d, enum policy policy)
{
    uint32_t ready[MODEL_VPES + 1], count = 0, lowest = UINT32_MAX, highest = 0;

    for (int32_t at = rescind_kernel_ready(d->kernel); at >= 0;
         at = rescind_kernel_ready_after(d->kernel, (uint32_t)at)) {
        ready[count++] = (uint32_t)at;
        lowest = (uint32_t)at < lowest ? (uint32_t)at : lowest;
        highest = (uint32_t)at > highest ? (uint32_t)at : highest;
    }
    switch (policy) {
    case LOWEST:
        return lowest;
    case HIGHEST:
        return highest;
    case IN_LINE:
        return ready[0];
    case LAST_IN_LINE:
        return ready[count - 1];
    default:
        return ready[random_next(&dice) % count];
    }
}

/* One event, if any is possible. */
static bool step(struct drive *d, enum policy policy, struct sights *sights)
{
    if (rescind_kernel_ready(d->kernel) < 0)
        return false;
    drive_work(d, choose(d, policy));
    assert_well(d);
    for (uint32_t vpe = 0; vpe < d->config.vpes; vpe++)
        sights->waited |=
            rescind_kernel_vpe_state(d->kernel, vpe) == RESCIND_VPE_WAITING && !drive_ready(d, vpe);
    return true;
}

static void enter(struct drive *d, const struct part *part)
{
    if (rescind_kernel_vpe_state(d->kernel, part->vpe) == RESCIND_VPE_ENDED)
        return;
    if (part->end) {
        int32_t call = d->call[part->vpe];
        if (call == DRIVE_NOTHING || d->history.entries[call].call.op != RESCIND_SYS_EXIT)
            drive_end(d, part->vpe);
    } else if (drive_idle(d, part->vpe)) {
        drive_call(d, part->vpe, &part->call);
    }
    assert_well(d);
}

/* Lets `events` happen; false when there are not so many. */
static bool let(struct drive *d, uint32_t events, enum policy policy, struct sights *sights)
{
    for (uint32_t i = 0; i < events; i++) {
        if (!step(d, policy, sights))
            return false;
    }
    return true;
}

static void finish(struct drive *d, enum policy policy, struct sights *sights,
                   void (*check)(struct drive *d))
{
    while (step(d, policy, sights))
        ;
    drive_rest(d);
    assert_well(d);
    drive_judge(d, order, false);
    assert_well(d);
    if (check != NULL)
        check(d);
    sights->runs++;
}

/* Every meeting of two parts: the second enters after 0, 1, 2, … events of the first. Frees the
 * drive. */
static struct sights meet(struct drive *d, struct part a, struct part b,
                          void (*check)(struct drive *d))
{
    struct sights sights = {0};
    bool more = true;

    drive_save(d);
    random_init(&dice, 1);
    for (uint32_t gap = 0; more; gap++) {
        for (enum policy policy = LOWEST; policy < POLICIES; policy++) {
            drive_reset(d);
            enter(d, &a);
            more = let(d, gap, policy, &sights);
            enter(d, &b);
            finish(d, policy, &sights, check);
        }
    }
    drive_free(d);
    return sights;
}

/* Of three parts, with two such gaps. */
static struct sights meet_three(struct drive *d, struct part a, struct part b, struct part c,
                                void (*check)(struct drive *d))
{
    struct sights sights = {0};
    bool first = true, second;

    drive_save(d);
    random_init(&dice, 1);
    for (uint32_t gap = 0; first; gap++) {
        second = true;
        for (uint32_t next = 0; second; next++) {
            enum policy policy = (enum policy)((gap + next) % POLICIES);
            drive_reset(d);
            enter(d, &a);
            first = let(d, gap, policy, &sights);
            enter(d, &b);
            second = let(d, next, policy, &sights);
            enter(d, &c);
            finish(d, policy, &sights, check);
        }
    }
    drive_free(d);
    return sights;
}

static struct part part(uint32_t vpe, struct model_call call)
{
    return (struct part){.vpe = vpe, .call = call};
}

static struct part end_of(uint32_t vpe)
{
    return (struct part){.vpe = vpe, .end = true};
}

/* The answer to the call of `vpe`, which must have one. */
static enum rescind_error answer(const struct drive *d, uint32_t vpe)
{
    for (uint32_t i = 0; i < d->history.count; i++) {
        if (d->history.entries[i].vpe == vpe && d->history.entries[i].answered)
            return d->history.entries[i].result;
    }
    fail_msg("the call of VPE%u has no answer", vpe);
    return RESCIND_INV_ARGS;
}

/* ---- Revocations that meet ---------------------------------------------------------------- */

/* VPE0:10 -> VPE1:10 -> VPE2:10 -> VPE2:20 and VPE1:11 -> VPE0:11 -> VPE2:11 -> VPE2:21. */
static struct drive *crosswise(void)
{
    struct drive *d = three_vpes(NODES);

    create(d, 0, GATE, 1);
    create(d, 1, GATE + 1, 1);
    copy(d, 0, GATE, 1, GATE, 1);
    copy(d, 1, GATE + 1, 0, GATE + 1, 1);
    copy(d, 1, GATE, 2, GATE, 1);
    copy(d, 0, GATE + 1, 2, GATE + 1, 1);
    copy(d, 2, GATE, 2, 20, 1);
    copy(d, 2, GATE + 1, 2, 21, 1);
    return d;
}

static void nothing_is_left_crosswise(struct drive *d)
{
    assert_int_equal(held(d, 0, GATE, 2), 0);
    assert_int_equal(held(d, 1, GATE, 2), 0);
    assert_int_equal(held(d, 2, GATE, 20), 0);
}

static void two_revocations_of_ranges_that_lie_crosswise_both_end(void **state)
{
    struct sights sights = meet(crosswise(), part(0, call_revoke(GATE, 2, true)),
                                part(1, call_revoke(GATE, 2, true)), nothing_is_left_crosswise);

    (void)state;
    assert_true(sights.waited && sights.runs > 20);
}

static void only_roots_are_left_crosswise(struct drive *d)
{
    assert_true(holds(d, 0, GATE) && !holds(d, 0, GATE + 1));
    assert_true(!holds(d, 1, GATE) && holds(d, 1, GATE + 1));
}

static void crosswise_revocations_with_own_0_leave_the_two_originals(void **state)
{
    (void)state;
    meet(crosswise(), part(0, call_revoke(GATE, 2, false)), part(1, call_revoke(GATE, 2, false)),
         only_roots_are_left_crosswise);
    meet(crosswise(), part(0, call_revoke(GATE, 2, false)), part(1, call_revoke(GATE, 2, true)),
         NULL);
}

/* A chain VPE0:10 -> VPE1:10 -> VPE0:11 -> VPE1:11 -> VPE2:10. */
static struct drive *chain(void)
{
    struct drive *d = three_vpes(NODES);

    create(d, 0, GATE, 1);
    copy(d, 0, GATE, 1, GATE, 1);
    copy(d, 1, GATE, 0, GATE + 1, 1);
    copy(d, 0, GATE + 1, 1, GATE + 1, 1);
    copy(d, 1, GATE + 1, 2, GATE, 1);
    return d;
}

static void nothing_is_left_of_the_chain(struct drive *d)
{
    assert_int_equal(held(d, 0, GATE, 2) + held(d, 1, GATE, 2) + held(d, 2, GATE, 1), 0);
}

static void a_revocation_meets_another_one_that_began_below_it(void **state)
{
    struct sights sights = meet(chain(), part(1, call_revoke(GATE, 1, true)),
                                part(0, call_revoke(GATE, 1, true)), nothing_is_left_of_the_chain);

    (void)state;
    assert_true(sights.waited);
}

static void a_revocation_meets_another_one_that_began_above_it(void **state)
{
    struct sights sights = meet(chain(), part(0, call_revoke(GATE, 1, true)),
                                part(1, call_revoke(GATE, 1, true)), nothing_is_left_of_the_chain);

    (void)state;
    assert_true(sights.waited);
}

static void ranges_that_hold_a_chain_in_turns_are_revoked_whole(void **state)
{
    (void)state;
    meet(chain(), part(0, call_revoke(GATE, 2, true)), part(1, call_revoke(GATE, 2, true)),
         nothing_is_left_of_the_chain);
    meet(chain(), part(0, call_revoke(GATE, 2, false)), part(1, call_revoke(GATE, 2, false)), NULL);
    meet(chain(), part(1, call_revoke(GATE, 2, false)), part(0, call_revoke(GATE, 2, true)),
         nothing_is_left_of_the_chain);
}

static void three_revocations_on_one_path_all_end(void **state)
{
    (void)state;
    meet_three(chain(), part(2, call_revoke(GATE, 1, true)), part(1, call_revoke(GATE, 2, true)),
               part(0, call_revoke(GATE, 1, true)), nothing_is_left_of_the_chain);
    meet_three(chain(), part(0, call_revoke(GATE, 1, true)), part(1, call_revoke(GATE, 1, false)),
               part(2, call_revoke(GATE, 1, false)), nothing_is_left_of_the_chain);
    meet_three(chain(), part(1, call_revoke(GATE, 2, false)), part(2, call_revoke(GATE, 1, false)),
               part(0, call_revoke(GATE + 1, 1, true)), NULL);
}

static void nothing_is_left_around_the_others_root(struct drive *d)
{
    assert_int_equal(held(d, 0, GATE, 3) + held(d, 1, GATE, 3) + held(d, 2, GATE, 3), 0);
}

/* VPE1:12 -> VPE0:10 -> VPE1:10 -> VPE2:10 -> VPE2:11: of VPE1's range the first root lies below
 * VPE0's and the last above it, so either has to wait for marks of the other. */
static void two_revocations_that_wait_for_marks_of_each_other_both_end(void **state)
{
    struct drive *d = three_vpes(NODES);
    struct sights sights;

    (void)state;
    create(d, 1, GATE + 2, 1);
    copy(d, 1, GATE + 2, 0, GATE, 1);
    copy(d, 0, GATE, 1, GATE, 1);
    copy(d, 1, GATE, 2, GATE, 1);
    copy(d, 2, GATE, 2, GATE + 1, 1);
    sights = meet(d, part(1, call_revoke(GATE, 3, true)), part(0, call_revoke(GATE, 1, true)),
                  nothing_is_left_around_the_others_root);
    assert_true(sights.waited);
}

/* VPE0:10 with copies at VPE1:10..12 and VPE2:10..12, each of which has one on the other side. */
static struct drive *siblings(void)
{
    struct drive *d = three_vpes(NODES);

    create(d, 0, GATE, 1);
    for (uint32_t i = 0; i < 3; i++) {
        copy(d, 0, GATE, 1, GATE + i, 1);
        copy(d, 0, GATE, 2, GATE + i, 1);
        copy(d, 1, GATE + i, 2, 20 + i, 1);
        copy(d, 2, GATE + i, 1, 20 + i, 1);
    }
    return d;
}

static void nothing_is_left_of_the_siblings(struct drive *d)
{
    assert_false(holds(d, 0, GATE));
    assert_int_equal(held(d, 1, GATE, 20) + held(d, 2, GATE, 20), 0);
}

static void revocations_side_by_side_meet_one_above_them(void **state)
{
    (void)state;
    meet(siblings(), part(1, call_revoke(GATE, 3, true)), part(2, call_revoke(GATE, 3, true)),
         NULL);
    meet(siblings(), part(1, call_revoke(GATE, 20, true)), part(2, call_revoke(GATE, 20, true)),
         NULL);
    meet_three(siblings(), part(1, call_revoke(GATE + 1, 10, true)),
               part(0, call_revoke(GATE, 1, true)), part(2, call_revoke(GATE, 2, true)),
               nothing_is_left_of_the_siblings);
}

static void the_doomed_root_has_gone(struct drive *d)
{
    assert_false(holds(d, 0, GATE) || holds(d, 1, GATE) || holds(d, 2, GATE));
    assert_int_equal(answer(d, 0), RESCIND_NO_ERROR);
    assert_int_equal(answer(d, 1), RESCIND_NO_ERROR);
}

/* VPE0:10 -> VPE1:10 -> VPE2:10..12. */
static struct drive *doomed(void)
{
    struct drive *d = three_vpes(NODES);

    create(d, 0, GATE, 1);
    copy(d, 0, GATE, 1, GATE, 1);
    for (uint32_t i = 0; i < 3; i++)
        copy(d, 1, GATE, 2, GATE + i, 1);
    return d;
}

static void a_root_of_own_0_that_is_doomed_from_above_goes_with_the_outer_revocation(void **state)
{
    (void)state;
    meet(doomed(), part(1, call_revoke(GATE, 1, false)), part(0, call_revoke(GATE, 1, true)),
         the_doomed_root_has_gone);
    meet(doomed(), part(0, call_revoke(GATE, 1, true)), part(1, call_revoke(GATE, 1, false)),
         the_doomed_root_has_gone);
    meet(doomed(), part(0, call_revoke(GATE, 1, false)), part(1, call_revoke(GATE, 1, false)),
         NULL);
}

static void a_doomed_root_of_own_0_is_not_used_again_before_it_goes(void **state)
{
    (void)state;
    meet_three(doomed(), part(0, call_revoke(GATE, 1, true)), part(1, call_revoke(GATE, 1, false)),
               part(2, call_obtain(on(2, 1), 50, GATE, 1)), NULL);
    meet_three(doomed(), part(1, call_revoke(GATE, 1, false)), part(0, call_revoke(GATE, 1, true)),
               part(2, call_obtain(on(2, 1), 50, GATE, 1)), NULL);
}

/* Works on `vpe` alone for as long as it can, on others where it waits, until its call is done. */
static void favour(struct drive *d, uint32_t vpe)
{
    struct sights sights = {0};

    while (!drive_idle(d, vpe)) {
        if (drive_ready(d, vpe))
            drive_work(d, vpe);
        else
            step(d, LOWEST, &sights);
        assert_well(d);
    }
}

/* VPE2 looks at two capabilities of the range, one after the other, while VPE0 revokes it: by
 * copying from it, and by putting something in its place. */
static void a_range_under_revocation_is_seen_whole_or_gone(void **state)
{
    enum { ROOTS = 8, FIRST = GATE, LAST = GATE + ROOTS - 1 };
    const struct part revoking = part(0, call_revoke(GATE, ROOTS, true));
    const struct model_call looks[][2] = {
        {call_obtain(on(2, 0), 70, FIRST, 1), call_obtain(on(2, 0), 71, LAST, 1)},
        {call_obtain(on(2, 0), 70, LAST, 1), call_obtain(on(2, 0), 71, FIRST, 1)},
        {call_delegate(on(2, 0), 60, FIRST, 1), call_obtain(on(2, 0), 71, LAST, 1)},
        {call_delegate(on(2, 0), 60, LAST, 1), call_obtain(on(2, 0), 71, FIRST, 1)},
        {call_obtain(on(2, 0), 70, FIRST, 1), call_delegate(on(2, 0), 60, LAST, 1)},
    };
    struct drive *d = three_vpes(NODES);
    struct sights sights = {0};

    (void)state;
    create(d, 0, GATE, ROOTS);
    create(d, 2, 60, 1);
    copy(d, 0, GATE, 1, GATE, 1);
    drive_save(d);
    for (uint32_t gap = 0; gap < 40; gap++) {
        for (size_t i = 0; i < sizeof(looks) / sizeof(looks[0]); i++) {
            drive_reset(d);
            enter(d, &revoking);
            let(d, gap, IN_LINE, &sights);
            for (int j = 0; j < 2; j++) {
                struct part look = part(2, looks[i][j]);
                enter(d, &look);
                favour(d, 2);
            }
            finish(d, IN_LINE, &sights, NULL);
        }
    }
    drive_free(d);
}

/* VPE1 revokes what it derived from its copy, VPE0 that copy and much else; VPE2 looks at both at
 * the moment when VPE1 is done: first whether the copy is gone, then whether the rest is there. */
static void
a_doomed_root_of_own_0_does_not_go_before_the_outer_revocation_has_its_effect(void **state)
{
    enum { ROOTS = 8 };
    const struct part inner = part(1, call_revoke(GATE, 1, false));
    const struct part outer = part(0, call_revoke(GATE, ROOTS, true));
    const struct part looks[] = {part(2, call_delegate(on(2, 1), 60, GATE, 1)),
                                 part(2, call_obtain(on(2, 0), 70, GATE + ROOTS - 1, 1))};
    struct drive *d = three_vpes(NODES);
    struct sights sights = {0};

    (void)state;
    create(d, 0, GATE, ROOTS);
    create(d, 2, 60, 1);
    copy(d, 0, GATE, 1, GATE, 1);
    copy(d, 1, GATE, 2, GATE, 1);
    copy(d, 1, GATE, 2, GATE + 1, 1);
    drive_save(d);
    for (uint32_t first = 0; first < 12; first++) {
        for (uint32_t second = 0; second < 12; second++) {
            drive_reset(d);
            enter(d, &inner);
            let(d, first, HIGHEST, &sights);
            enter(d, &outer);
            let(d, second, LOWEST, &sights);
            favour(d, 1);
            for (int i = 0; i < 2; i++) {
                enter(d, &looks[i]);
                favour(d, 2);
            }
            finish(d, IN_LINE, &sights, NULL);
        }
    }
    drive_free(d);
}

/* ---- Exchanges under revocation ----------------------------------------------------------- */

/* VPE0:10..13 -> VPE1:10..13. */
static struct drive *lent(void)
{
    struct drive *d = three_vpes(NODES);

    create(d, 0, GATE, 4);
    copy(d, 0, GATE, 1, GATE, 4);
    return d;
}

static void nothing_lent_is_left(struct drive *d)
{
    assert_int_equal(held(d, 0, GATE, 4) + held(d, 1, GATE, 4) + held(d, 2, 30, 4), 0);
}

static void all_or_nothing_went_over(struct drive *d)
{
    uint32_t n = held(d, 2, 30, 4);

    assert_true(n == 0 || n == 4);
}

static void a_long_delegation_meets_the_revocation_of_all_its_sources(void **state)
{
    struct sights sights = meet(lent(), part(1, call_delegate(on(1, 2), GATE, 30, 4)),
                                part(0, call_revoke(GATE, 4, true)), nothing_lent_is_left);

    (void)state;
    assert_true(sights.waited);
    meet(lent(), part(0, call_revoke(GATE, 4, true)), part(1, call_delegate(on(1, 2), GATE, 30, 4)),
         nothing_lent_is_left);
}

static void a_long_delegation_meets_the_revocation_of_one_of_its_sources(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 4; i++) {
        meet(lent(), part(1, call_delegate(on(1, 2), GATE, 30, 4)),
             part(0, call_revoke(GATE + i, 1, false)), NULL);
        meet(lent(), part(0, call_revoke(GATE + i, 1, false)),
             part(1, call_delegate(on(1, 2), GATE, 30, 4)), NULL);
    }
}

static void a_long_obtain_meets_the_revocation_of_its_sources(void **state)
{
    (void)state;
    meet(lent(), part(2, call_obtain(on(2, 1), 30, GATE, 4)), part(0, call_revoke(GATE, 4, true)),
         nothing_lent_is_left);
    meet(lent(), part(2, call_obtain(on(2, 1), 30, GATE, 4)), part(1, call_revoke(GATE, 4, true)),
         NULL);
    meet_three(lent(), part(2, call_obtain(on(2, 1), 30, GATE, 4)),
               part(1, call_revoke(GATE + 2, 1, true)), part(0, call_revoke(GATE, 2, false)), NULL);
}

/* VPE0 has at 5 a capability on VPE2 that it got from VPE1, and gates at 10..13. */
static struct drive *borrowed_vpe(void)
{
    struct drive *d = three_vpes(NODES);

    must(d, 1, call_delegate(on(1, 0), on(1, 2), 5, 1));
    create(d, 0, GATE, 4);
    return d;
}

static void the_capability_on_the_vpe_is_revoked_during_a_long_delegation(void **state)
{
    (void)state;
    meet(borrowed_vpe(), part(0, call_delegate(5, GATE, 30, 4)),
         part(1, call_revoke(on(1, 2), 1, false)), all_or_nothing_went_over);
    meet(borrowed_vpe(), part(1, call_revoke(on(1, 2), 1, true)),
         part(0, call_delegate(5, GATE, 30, 4)), all_or_nothing_went_over);
}

/* Once the revocation is answered and VPE1 has seen that nothing has arrived, nothing may. */
static void nothing_arrives_through_a_capability_that_was_seen_to_have_gone(void **state)
{
    const struct part sending = part(0, call_delegate(5, GATE, 30, 4));
    const struct part revoking = part(1, call_revoke(on(1, 2), 1, false));
    const struct part looking = part(1, call_obtain(on(1, 2), 70, 30, 1));
    struct drive *d = borrowed_vpe();
    struct sights sights = {0};

    (void)state;
    drive_save(d);
    for (uint32_t gap = 0; gap < 12; gap++) {
        drive_reset(d);
        enter(d, &sending);
        let(d, gap, IN_LINE, &sights);
        enter(d, &revoking);
        favour(d, 1);
        enter(d, &looking);
        favour(d, 1);
        finish(d, IN_LINE, &sights, all_or_nothing_went_over);
    }
    drive_free(d);
}

static void the_capability_on_the_vpe_is_revoked_during_a_long_obtain(void **state)
{
    struct drive *d = three_vpes(NODES);

    (void)state;
    must(d, 1, call_delegate(on(1, 0), on(1, 2), 5, 1));
    create(d, 2, GATE, 4);
    meet(d, part(0, call_obtain(5, 30, GATE, 4)), part(1, call_revoke(on(1, 2), 1, false)), NULL);
}

static void a_gate_is_made_through_a_capability_on_a_vpe_that_is_going(void **state)
{
    (void)state;
    meet(borrowed_vpe(), part(1, call_revoke(on(1, 2), 1, false)), part(0, call_creategate(5, 50)),
         NULL);
    meet(borrowed_vpe(), part(2, call_exit()), part(0, call_creategate(5, 50)), NULL);
}

/* What was delegated into the range came before the revocation, and went, or after it, and stays.
 */
static void the_delegation_came_before_or_after(struct drive *d)
{
    assert_int_equal(answer(d, 0), RESCIND_NO_ERROR);
    assert_int_equal(answer(d, 1), RESCIND_NO_ERROR);
    assert_int_equal(held(d, 1, GATE, 2), 0);
}

static void a_delegation_into_a_locked_range_waits_for_it(void **state)
{
    struct drive *d = three_vpes(NODES);
    struct sights sights;

    (void)state;
    create(d, 1, GATE, 2);
    copy(d, 1, GATE, 2, GATE, 1);
    create(d, 0, 60, 1);
    sights = meet(d, part(1, call_revoke(GATE, 40, true)),
                  part(0, call_delegate(on(0, 1), 60, 35, 1)), the_delegation_came_before_or_after);
    assert_true(sights.waited);
}

static void a_long_delegation_into_a_range_that_is_being_locked_is_all_there_or_not(void **state)
{
    (void)state;
    meet(lent(), part(0, call_delegate(on(0, 2), GATE, 30, 4)), part(2, call_revoke(31, 2, true)),
         NULL);
    meet(lent(), part(2, call_revoke(31, 2, true)), part(0, call_delegate(on(0, 2), GATE, 30, 4)),
         NULL);
    meet_three(lent(), part(0, call_delegate(on(0, 2), GATE, 30, 4)),
               part(2, call_revoke(33, 5, false)), part(1, call_obtain(on(1, 2), 70, 30, 2)), NULL);
}

static void a_revocation_meets_copies_of_copies_that_are_under_way(void **state)
{
    (void)state;
    meet_three(lent(), part(1, call_delegate(on(1, 2), GATE, 30, 3)),
               part(2, call_delegate(on(2, 1), 30, 60, 2)), part(0, call_revoke(GATE, 4, true)),
               nothing_lent_is_left);
}

/* ---- EXIT and the end of VPEs ------------------------------------------------------------- */

static void nobody_holds_anything_of_vpe1(struct drive *d)
{
    assert_int_equal(rescind_kernel_vpe_state(d->kernel, 1), RESCIND_VPE_ENDED);
    assert_int_equal(held(d, 1, 0, 100), 0);
}

static void what_was_obtained_went_along(struct drive *d)
{
    nobody_holds_anything_of_vpe1(d);
    all_or_nothing_went_over(d);
    assert_int_equal(held(d, 2, 30, 4), 0);
}

static void a_vpe_exits_while_another_obtains_from_it(void **state)
{
    (void)state;
    meet(lent(), part(2, call_obtain(on(2, 1), 30, GATE, 4)), part(1, call_exit()),
         what_was_obtained_went_along);
    meet(lent(), part(1, call_exit()), part(2, call_obtain(on(2, 1), 30, GATE, 4)),
         what_was_obtained_went_along);
}

static void a_vpe_exits_while_others_delegate_to_it(void **state)
{
    (void)state;
    meet(lent(), part(0, call_delegate(on(0, 1), GATE, 30, 4)), part(1, call_exit()),
         nobody_holds_anything_of_vpe1);
    meet(lent(), part(1, call_exit()), part(0, call_delegate(on(0, 1), GATE, 30, 4)),
         nobody_holds_anything_of_vpe1);
    meet_three(lent(), part(1, call_exit()), part(0, call_delegate(on(0, 1), GATE, 30, 2)),
               part(2, call_obtain(on(2, 1), 40, GATE, 2)), nobody_holds_anything_of_vpe1);
}

static void two_vpes_exit_that_hold_each_others_copies(void **state)
{
    (void)state;
    meet(crosswise(), part(0, call_exit()), part(1, call_exit()), nobody_holds_anything_of_vpe1);
    meet_three(chain(), part(2, call_exit()), part(1, call_exit()), part(0, call_exit()),
               nobody_holds_anything_of_vpe1);
}

static void the_source_of_a_delegation_exits_in_the_middle_of_a_revocation_above_it(void **state)
{
    (void)state;
    meet_three(chain(), part(0, call_revoke(GATE, 1, true)), part(1, call_exit()),
               part(2, call_revoke(GATE, 1, false)), nobody_holds_anything_of_vpe1);
}

static void a_vpe_is_ended_during_each_of_its_calls(void **state)
{
    const struct model_call calls[] = {
        call_noop(),
        call_creategate(0, 50),
        call_delegate(on(1, 2), GATE, 30, 4),
        call_obtain(on(1, 0), 50, GATE, 4),
        call_revoke(GATE, 4, true),
        call_revoke(GATE, 4, false),
        call_exit(),
    };

    (void)state;
    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
        meet(lent(), part(1, calls[i]), end_of(1), nobody_holds_anything_of_vpe1);
}

static void a_vpe_is_ended_while_its_call_waits_for_another(void **state)
{
    struct sights sights = meet_three(lent(), part(0, call_revoke(GATE, 4, true)),
                                      part(1, call_delegate(on(1, 2), GATE, 30, 4)), end_of(1),
                                      nobody_holds_anything_of_vpe1);

    (void)state;
    assert_true(sights.waited);
    meet_three(lent(), part(0, call_revoke(GATE, 4, true)), part(1, call_revoke(GATE, 2, false)),
               end_of(1), nobody_holds_anything_of_vpe1);
}

static void a_vpe_is_ended_while_others_wait_for_it(void **state)
{
    (void)state;
    meet_three(lent(), part(1, call_delegate(on(1, 2), GATE, 30, 4)),
               part(0, call_revoke(GATE, 4, true)), end_of(1), nothing_lent_is_left);
    meet_three(lent(), part(1, call_revoke(GATE, 4, true)),
               part(2, call_obtain(on(2, 1), 30, GATE, 2)), end_of(1),
               nobody_holds_anything_of_vpe1);
}

/* ---- Exchanges that meet ------------------------------------------------------------------ */

static void a_long_exchange_shows_all_its_copies_at_once(void **state)
{
    enum { COUNT = 6 };
    struct drive *d = three_vpes(NODES);
    struct model_call call = call_delegate(on(0, 1), GATE, 30, COUNT), obtain;
    bool seen_none = false, seen_all = false;
    uint64_t events = 0;

    (void)state;
    create(d, 0, GATE, COUNT);
    drive_save(d);
    assert_true(drive_call(d, 0, &call));
    while (rescind_kernel_ready(d->kernel) >= 0) {
        uint32_t n = held(d, 1, 30, COUNT);
        assert_true(n == 0 || n == COUNT);
        assert_false(seen_all && n == 0);
        seen_none |= n == 0;
        seen_all |= n == COUNT;
        /* What is seen can be used, and what is not seen can't. */
        obtain = call_obtain(on(2, 1), 40 + (uint32_t)events, 30, 1);
        assert_true(drive_call(d, 2, &obtain));
        while (drive_ready(d, 2))
            assert_true(drive_work(d, 2));
        if (drive_idle(d, 2))
            assert_int_equal(d->history.entries[d->history.count - 1].result,
                             n == 0 ? RESCIND_INV_ARGS : RESCIND_NO_ERROR);
        assert_true(drive_work(d, 0));
        events++;
    }
    assert_well(d);
    assert_true(seen_none && seen_all && events > COUNT);
    assert_int_equal(held(d, 1, 30, COUNT), COUNT);
    assert_true(drive_judge(d, order, false));
    drive_free(d);
}

static void overlapping_ranges_of_one_table_are_refused_and_touching_ones_are_not(void **state)
{
    struct drive *d = three_vpes(NODES);

    (void)state;
    create(d, 0, GATE, 4);
    drive_save(d);
    for (uint32_t to = GATE - 4; to <= GATE + 4; to++) {
        for (int obtain = 0; obtain <= 1; obtain++) {
            struct model_call call =
                obtain ? call_obtain(0, to, GATE, 4) : call_delegate(0, GATE, to, 4);
            bool apart = to + 4 <= GATE || to >= GATE + 4;
            drive_reset(d);
            assert_int_equal(drive_now(d, 0, &call), apart ? RESCIND_NO_ERROR : RESCIND_INV_ARGS);
            assert_int_equal(held(d, 0, 2, 20), (apart ? 8 : 4) + 2);
            assert_true(drive_judge(d, order, false));
        }
    }
    drive_free(d);
}

/* However much an event may do: a range of which the second half is to be filled by the first. */
static void an_exchange_never_copies_its_own_copies(void **state)
{
    (void)state;
    for (uint32_t work = 1; work <= 64; work *= 2) {
        struct drive *d = three_vpes_working(NODES, work);
        struct model_call up = call_delegate(0, GATE, GATE + 2, 4);
        struct model_call down = call_obtain(0, GATE - 2, GATE, 4);
        create(d, 0, GATE, 2);
        drive_save(d);
        assert_int_equal(drive_now(d, 0, &up), RESCIND_INV_ARGS);
        assert_int_equal(drive_now(d, 0, &down), RESCIND_INV_ARGS);
        assert_int_equal(held(d, 0, 4, 20), 2);
        assert_true(drive_judge(d, order, false));
        drive_free(d);
    }
}

static void exactly_one_exchange_won(struct drive *d)
{
    bool first = answer(d, 0) == RESCIND_NO_ERROR, second = answer(d, 1) == RESCIND_NO_ERROR;

    assert_true(first != second);
    assert_int_equal(held(d, 2, 20, 20), 4);
}

static void of_two_long_exchanges_for_the_same_selectors_one_wins(void **state)
{
    static const uint32_t places[] = {27, 28, 30, 32, 33};

    (void)state;
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        struct drive *d = three_vpes(NODES);
        struct sights sights;
        create(d, 0, GATE, 4);
        create(d, 1, GATE, 4);
        sights =
            meet(d, part(0, call_delegate(on(0, 2), GATE, 30, 4)),
                 part(1, call_delegate(on(1, 2), GATE, places[i], 4)), exactly_one_exchange_won);
        assert_true(sights.waited);
    }
}

static void three_exchanges_compete_and_none_starves(void **state)
{
    struct drive *d = three_vpes(NODES);

    (void)state;
    create(d, 0, GATE, 3);
    create(d, 1, GATE, 3);
    create(d, 2, GATE, 3);
    meet_three(d, part(0, call_delegate(on(0, 2), GATE, 30, 3)),
               part(1, call_delegate(on(1, 2), GATE, 31, 3)),
               part(2, call_obtain(on(2, 1), 29, GATE, 3)), NULL);
}

static void an_exchange_copies_what_another_one_is_just_bringing(void **state)
{
    (void)state;
    meet(lent(), part(0, call_delegate(on(0, 2), GATE, 30, 4)),
         part(1, call_obtain(on(1, 2), 50, 30, 4)), NULL);
    meet(lent(), part(0, call_delegate(on(0, 2), GATE, 30, 4)),
         part(2, call_delegate(on(2, 1), 30, 50, 4)), NULL);
    meet_three(lent(), part(0, call_delegate(on(0, 2), GATE, 30, 3)),
               part(2, call_delegate(on(2, 1), 30, 50, 2)), part(1, call_revoke(50, 9, true)),
               NULL);
}

static void an_exchange_that_runs_out_of_memory_half_way_leaves_the_rest_to_another(void **state)
{
    /* 3 VPEs with 2 roots, a memory object and 2 grants each, 4 gates with their objects, 4 copies,
     * and 5 nodes to be had: not enough for both. */
    struct drive *d = three_vpes(1 + 3 * 5 + 8 + 4 + 5);
    struct sights sights = {0};

    (void)state;
    create(d, 0, GATE, 4);
    copy(d, 0, GATE, 1, GATE, 4);
    drive_save(d);
    for (uint32_t gap = 0; gap < 12; gap++) {
        for (enum policy policy = LOWEST; policy < POLICIES; policy++) {
            struct part a = part(0, call_delegate(on(0, 2), GATE, 30, 4));
            struct part b = part(1, call_delegate(on(1, 2), GATE, 40, 4));
            drive_reset(d);
            enter(d, &a);
            let(d, gap, policy, &sights);
            enter(d, &b);
            while (step(d, policy, &sights))
                ;
            drive_rest(d);
            assert_true(drive_judge(d, order, true));
            assert_true(answer(d, 0) == RESCIND_NO_ERROR || answer(d, 0) == RESCIND_OUT_OF_MEM);
            assert_true(answer(d, 1) == RESCIND_NO_ERROR || answer(d, 1) == RESCIND_OUT_OF_MEM);
            assert_int_equal(held(d, 2, 30, 4), answer(d, 0) == RESCIND_NO_ERROR ? 4 : 0);
            assert_int_equal(held(d, 2, 40, 4), answer(d, 1) == RESCIND_NO_ERROR ? 4 : 0);
        }
    }
    drive_free(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_revocations_of_ranges_that_lie_crosswise_both_end),
        cmocka_unit_test(crosswise_revocations_with_own_0_leave_the_two_originals),
        cmocka_unit_test(a_revocation_meets_another_one_that_began_below_it),
        cmocka_unit_test(a_revocation_meets_another_one_that_began_above_it),
        cmocka_unit_test(ranges_that_hold_a_chain_in_turns_are_revoked_whole),
        cmocka_unit_test(three_revocations_on_one_path_all_end),
        cmocka_unit_test(two_revocations_that_wait_for_marks_of_each_other_both_end),
        cmocka_unit_test(revocations_side_by_side_meet_one_above_them),
        cmocka_unit_test(a_root_of_own_0_that_is_doomed_from_above_goes_with_the_outer_revocation),
        cmocka_unit_test(a_doomed_root_of_own_0_is_not_used_again_before_it_goes),
        cmocka_unit_test(a_range_under_revocation_is_seen_whole_or_gone),
        cmocka_unit_test(
            a_doomed_root_of_own_0_does_not_go_before_the_outer_revocation_has_its_effect),
        cmocka_unit_test(a_long_delegation_meets_the_revocation_of_all_its_sources),
        cmocka_unit_test(a_long_delegation_meets_the_revocation_of_one_of_its_sources),
        cmocka_unit_test(a_long_obtain_meets_the_revocation_of_its_sources),
        cmocka_unit_test(the_capability_on_the_vpe_is_revoked_during_a_long_delegation),
        cmocka_unit_test(nothing_arrives_through_a_capability_that_was_seen_to_have_gone),
        cmocka_unit_test(the_capability_on_the_vpe_is_revoked_during_a_long_obtain),
        cmocka_unit_test(a_gate_is_made_through_a_capability_on_a_vpe_that_is_going),
        cmocka_unit_test(a_delegation_into_a_locked_range_waits_for_it),
        cmocka_unit_test(a_long_delegation_into_a_range_that_is_being_locked_is_all_there_or_not),
        cmocka_unit_test(a_revocation_meets_copies_of_copies_that_are_under_way),
        cmocka_unit_test(a_vpe_exits_while_another_obtains_from_it),
        cmocka_unit_test(a_vpe_exits_while_others_delegate_to_it),
        cmocka_unit_test(two_vpes_exit_that_hold_each_others_copies),
        cmocka_unit_test(the_source_of_a_delegation_exits_in_the_middle_of_a_revocation_above_it),
        cmocka_unit_test(a_vpe_is_ended_during_each_of_its_calls),
        cmocka_unit_test(a_vpe_is_ended_while_its_call_waits_for_another),
        cmocka_unit_test(a_vpe_is_ended_while_others_wait_for_it),
        cmocka_unit_test(a_long_exchange_shows_all_its_copies_at_once),
        cmocka_unit_test(overlapping_ranges_of_one_table_are_refused_and_touching_ones_are_not),
        cmocka_unit_test(an_exchange_never_copies_its_own_copies),
        cmocka_unit_test(of_two_long_exchanges_for_the_same_selectors_one_wins),
        cmocka_unit_test(three_exchanges_compete_and_none_starves),
        cmocka_unit_test(an_exchange_copies_what_another_one_is_just_bringing),
        cmocka_unit_test(an_exchange_that_runs_out_of_memory_half_way_leaves_the_rest_to_another),
    };

    return cmocka_run_group_tests(tests, make_order, free_order);
}

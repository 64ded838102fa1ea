/* The kernel against the naive model: one call after the other, and side by side.
 *
 * First the order search itself is tested, on histories made by hand and drawn from the model;
 * then long sequences are compared call by call; then interleaved calls are judged by the search.
 * A scenario's number is the seed that it is drawn from, and is all that is needed to see it
 * again.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "tests/drive.h"
#include "tests/sanitized.h"
#include "tests/scenario.h"

enum {
    SEQUENCES = 3,
    SEQUENCE_CALLS = FEWER(6000, 20000, 100000),
    SCENARIOS = SANITIZED ? 4000 : 20000,
    DRAWN_HISTORIES = FEWER(150, 500, 2000),
};

static void assert_well(const struct drive *drive)
{
    if (drive->failure[0]) {
        drive_print(stderr, drive);
        fail_msg("%s", drive->failure);
    }
}

/* ---- The order search ---------------------------------------------------------------------- */

static void note(struct history *history, uint32_t vpe, struct model_call call, uint64_t sent,
                 uint64_t done, enum rescind_error result)
{
    history->entries[history->count++] =
        (struct history_entry){.call = call,
                               .vpe = vpe,
                               .sent = sent,
                               .done = done,
                               .answered = call.op != RESCIND_SYS_EXIT,
                               .result = result};
}

static uint32_t rows_of(const struct model *model, struct model_row *rows)
{
    for (uint32_t i = 0; i < model->count; i++)
        rows[i] = model_row(model, i);
    return model->count;
}

/* Two VPEs, the first of which holds a capability on the second at 2 and a gate at 5. */
static struct model two_vpes(void)
{
    static struct model model;
    struct model_call gate = call_creategate(0, 5);
    model_boot(&model, 2);
    model_grant(&model, 0, 2, 1);
    model_call(&model, 0, &gate);
    return model;
}

/* What the search says of a history that begins with two_vpes() and ends with it after `last`. */
static enum order_verdict judge(const struct history *history, const struct model_call *last,
                                uint32_t last_count, bool may_lack_memory)
{
    static struct model_row rows[MODEL_CAPS];
    struct model start = two_vpes(), end = start;
    for (uint32_t i = 0; i < last_count; i++)
        model_call(&end, 0, &last[i]);
    struct order *order = order_new();
    enum order_verdict verdict =
        order_search(order, &start, history, rows, rows_of(&end, rows), may_lack_memory);
    order_free(order);
    return verdict;
}

static void overlapping_calls_may_come_in_either_order(void **state)
{
    (void)state;
    struct history history = {0};
    struct model_call calls[] = {call_revoke(5, 1, true)};
    note(&history, 0, call_revoke(5, 1, true), 1, 4, RESCIND_NO_ERROR);
    note(&history, 1, call_obtain(0, 5, 5, 1), 2, 3, RESCIND_INV_ARGS);
    assert_int_equal(judge(&history, calls, 1, false), ORDER_FOUND);
}

static void a_call_done_before_another_was_sent_comes_first(void **state)
{
    (void)state;
    struct model_call calls[] = {call_revoke(5, 1, true)};
    struct history history = {0};
    /* The delegation succeeds, though the gate was revoked before: nothing explains that. */
    note(&history, 0, call_revoke(5, 1, true), 1, 2, RESCIND_NO_ERROR);
    note(&history, 0, call_delegate(2, 5, 6, 1), 3, 4, RESCIND_NO_ERROR);
    assert_int_equal(judge(&history, calls, 1, false), ORDER_NONE);
    /* VPE1 sees selector 6 free, then taken by what came before. */
    history.count = 0;
    note(&history, 0, call_delegate(2, 5, 6, 1), 1, 2, RESCIND_NO_ERROR);
    note(&history, 1, call_creategate(0, 6), 3, 4, RESCIND_NO_ERROR);
    struct model_call delegate[] = {call_delegate(2, 5, 6, 1)};
    assert_int_equal(judge(&history, delegate, 1, false), ORDER_NONE);
    history.entries[1].sent = 1;
    assert_int_equal(judge(&history, delegate, 1, false), ORDER_NONE);
    history.entries[1].result = RESCIND_INV_ARGS;
    assert_int_equal(judge(&history, delegate, 1, false), ORDER_FOUND);
}

static void tables_that_no_order_leads_to_are_refused(void **state)
{
    (void)state;
    struct history history = {0};
    note(&history, 0, call_revoke(5, 1, true), 1, 4, RESCIND_NO_ERROR);
    assert_int_equal(judge(&history, NULL, 0, false), ORDER_NONE);
    struct model_call calls[] = {call_revoke(5, 1, true)};
    assert_int_equal(judge(&history, calls, 1, false), ORDER_FOUND);
}

static void a_range_that_is_seen_half_revoked_is_refused(void **state)
{
    (void)state;
    struct history history = {0};
    /* While 5 and 6 are revoked together, 5 is seen gone and after that 6 is seen there. */
    note(&history, 0, call_creategate(0, 6), 1, 2, RESCIND_NO_ERROR);
    note(&history, 0, call_delegate(2, 0, 9, 1), 3, 4, RESCIND_NO_ERROR);
    note(&history, 0, call_revoke(5, 2, true), 5, 10, RESCIND_NO_ERROR);
    note(&history, 1, call_obtain(9, 20, 5, 1), 6, 7, RESCIND_INV_ARGS);
    note(&history, 1, call_obtain(9, 21, 6, 1), 8, 9, RESCIND_NO_ERROR);
    struct model_call calls[] = {call_delegate(2, 0, 9, 1), call_revoke(5, 1, true)};
    assert_int_equal(judge(&history, calls, 2, false), ORDER_NONE);
    history.entries[4].result = RESCIND_INV_ARGS;
    assert_int_equal(judge(&history, calls, 2, false), ORDER_FOUND);
    history.entries[3].result = RESCIND_NO_ERROR;
    assert_int_equal(judge(&history, calls, 2, false), ORDER_FOUND);
}

static void lack_of_memory_is_an_answer_only_where_it_may_be(void **state)
{
    (void)state;
    struct history history = {0};
    note(&history, 0, call_creategate(0, 6), 1, 2, RESCIND_OUT_OF_MEM);
    assert_int_equal(judge(&history, NULL, 0, true), ORDER_FOUND);
    assert_int_equal(judge(&history, NULL, 0, false), ORDER_NONE);
    history.count = 0;
    note(&history, 0, call_revoke(9, 1, true), 1, 2, RESCIND_OUT_OF_MEM);
    assert_int_equal(judge(&history, NULL, 0, true), ORDER_NONE);
}

enum { DRAWN_VPES = 4 };

static struct model_call drawn_call(struct choice *choice)
{
    uint32_t first = choose(choice, 8), second = choose(choice, 8), third = choose(choice, 8);
    switch (choose(choice, 6)) {
    case 0:
        return call_creategate(0, first);
    case 1:
        return call_delegate(first % 3, second, third, 1 + choose(choice, 2));
    case 2:
    case 3:
        return call_obtain(first % 3, second, third, 1 + choose(choice, 2));
    case 4:
        return call_revoke(2 + first, 1 + choose(choice, 3), choose(choice, 2));
    default:
        return choose(choice, 8) ? call_noop() : call_exit();
    }
}

/* A history of calls that the model does at some instant between their sending and their answer. */
static void draw_history(struct model *model, struct history *history, struct choice *choice)
{
    enum { IDLE, SENT, DONE } where[DRAWN_VPES] = {IDLE};
    struct history_entry *entry[DRAWN_VPES] = {NULL};
    bool ended[DRAWN_VPES] = {false};
    uint64_t clock = 0;
    history->count = 0;
    while (history->count < 24 || where[0] || where[1] || where[2] || where[3]) {
        uint32_t vpe = choose(choice, DRAWN_VPES);
        clock++;
        if (where[vpe] == IDLE && history->count < 24) {
            if (ended[0] && ended[1] && ended[2] && ended[3])
                return;
            if (ended[vpe])
                continue;
            entry[vpe] = &history->entries[history->count];
            note(history, vpe, drawn_call(choice), clock, HISTORY_NEVER, RESCIND_NO_ERROR);
            where[vpe] = SENT;
        } else if (where[vpe] == SENT) {
            entry[vpe]->result = model_call(model, vpe, &entry[vpe]->call);
            where[vpe] = DONE;
        } else if (where[vpe] == DONE) {
            entry[vpe]->done = clock;
            ended[vpe] = model_has_ended(model, vpe);
            where[vpe] = IDLE;
        }
    }
}

/* Turns one answer of EXCHANGE or CREATEGATE into its opposite. False: there is none. */
static bool damage(struct history *history, struct choice *choice)
{
    for (uint32_t tries = 0; tries < 100; tries++) {
        struct history_entry *entry = &history->entries[choose(choice, history->count)];
        if (entry->call.op != RESCIND_SYS_EXCHANGE && entry->call.op != RESCIND_SYS_CREATEGATE)
            continue;
        entry->result = entry->result == RESCIND_NO_ERROR ? RESCIND_INV_ARGS : RESCIND_NO_ERROR;
        return true;
    }
    return false;
}

static void histories_of_atomic_calls_are_accepted_and_most_damaged_ones_refused(void **state)
{
    (void)state;
    static struct model start, end;
    static struct history history;
    static struct model_row rows[MODEL_CAPS];
    struct order *order = order_new();
    uint32_t damaged = 0, refused = 0;
    for (uint32_t seed = 0; seed < DRAWN_HISTORIES; seed++) {
        struct choice choice = choice_seeded(seed);
        model_boot(&start, DRAWN_VPES);
        for (uint32_t vpe = 0; vpe < DRAWN_VPES; vpe++) {
            model_grant(&start, vpe, 2, (vpe + 1) % DRAWN_VPES);
            struct model_call gate = call_creategate(0, 3);
            model_call(&start, vpe, &gate);
        }
        end = start;
        draw_history(&end, &history, &choice);
        uint32_t count = rows_of(&end, rows);
        assert_int_equal(order_search(order, &start, &history, rows, count, false), ORDER_FOUND);
        if (!damage(&history, &choice))
            continue;
        damaged++;
        refused += order_search(order, &start, &history, rows, count, false) == ORDER_NONE;
    }
    order_free(order);
    assert_true(damaged > DRAWN_HISTORIES / 2);
    assert_true(refused > damaged * 3 / 4);
}

/* ---- One call after the other --------------------------------------------------------------- */

static struct drive *four_vpes(uint32_t nodes, uint32_t work)
{
    struct drive_config config = {.vpes = 4, .nodes = nodes, .work = work, .seed = 7};
    struct drive *drive = drive_new(&config);
    for (uint32_t vpe = 0; vpe < 4; vpe++)
        for (uint32_t i = 1; i < 4; i++)
            drive_grant(drive, vpe, 1 + i, (vpe + i) % 4);
    drive_save(drive);
    return drive;
}

static void assert_equal_tables(struct drive *drive, const struct model *model)
{
    static struct model_row rows[MODEL_CAPS];
    if (model_equals(model, rows, drive_rows(drive, rows)))
        return;
    fputs("the model holds:\n", stderr);
    for (uint32_t i = 0; i < model->count; i++) {
        struct model_row row = model_row(model, i);
        history_print_row(stderr, &row);
    }
    drive_print(stderr, drive);
    fail_msg("kernel and model hold different tables");
}

/* One call on both, and the comparison. */
static enum rescind_error on_both(struct drive *drive, struct model *model, uint32_t vpe,
                                  const struct model_call *call)
{
    drive->history.count = 0;
    enum rescind_error theirs = drive_now(drive, vpe, call);
    assert_well(drive);
    if (theirs == RESCIND_OUT_OF_MEM)
        return theirs;
    enum rescind_error ours = model_call(model, vpe, call);
    if (theirs != ours) {
        drive_print(stderr, drive);
        fail_msg("the model answers %s", history_word(ours));
    }
    return theirs;
}

static uint32_t alive(const struct model *model)
{
    uint32_t count = 0;
    for (uint32_t vpe = 0; vpe < model->vpes; vpe++)
        count += !model_has_ended(model, vpe);
    return count;
}

static void a_long_sequence(uint32_t seed, uint32_t selectors, uint32_t calls)
{
    static struct model model;
    struct choice choice = choice_seeded(seed);
    struct drive *drive = four_vpes(1000, 1 + seed % 5);
    model = drive->start;
    for (uint32_t i = 0; i < calls; i++) {
        uint32_t vpe = choose(&choice, 4);
        if (model_has_ended(&model, vpe))
            continue;
        struct model_call call = scenario_call(drive, vpe, selectors, false, &choice);
        if (i % 64 == 0 && choose(&choice, 4) == 0)
            call = call_exit();
        assert_int_not_equal(on_both(drive, &model, vpe, &call), RESCIND_OUT_OF_MEM);
        assert_equal_tables(drive, &model);
        if (alive(&model) < 2) {
            drive_reset(drive);
            model = drive->start;
        }
    }
    drive_free(drive);
}

static void a_long_sequence_of_calls_answers_and_leaves_what_the_model_does(void **state)
{
    (void)state;
    for (uint32_t seed = 0; seed < SEQUENCES; seed++)
        a_long_sequence(seed, 8, SEQUENCE_CALLS);
}

static void a_long_sequence_in_large_tables_does_so_too(void **state)
{
    (void)state;
    a_long_sequence(100, 60, SEQUENCE_CALLS / 10);
}

/* Nodes that the model's state takes: one a capability, one a gate or memory object. */
static uint32_t nodes_taken(const struct model *model)
{
    uint32_t nodes = model->count;
    for (uint32_t i = 0; i < model->count; i++)
        nodes += model->caps[i].parent < 0 && model->caps[i].type != RESCIND_CAP_VPE;
    return nodes;
}

static void memory_lacks_exactly_when_the_pool_is_short(void **state)
{
    (void)state;
    static struct model model, wished;
    enum { NODES = 45 }; /* node 0 is never given out */
    struct choice choice = choice_seeded(4711);
    struct drive *drive = four_vpes(NODES, 2);
    uint32_t lacked = 0;
    model = drive->start;
    for (uint32_t i = 0; i < 20000; i++) {
        uint32_t vpe = choose(&choice, 4);
        struct model_call call = scenario_call(drive, vpe, 8, false, &choice);
        wished = model;
        enum rescind_error wish = model_call(&wished, vpe, &call);
        bool fits = nodes_taken(&wished) < NODES;
        enum rescind_error error = on_both(drive, &model, vpe, &call);
        assert_equal_tables(drive, &model);
        if (wish == RESCIND_NO_ERROR && (error == RESCIND_NO_ERROR) != fits) {
            drive_print(stderr, drive);
            fail_msg("of %d nodes %u are taken and %u wished for", NODES, nodes_taken(&model),
                     nodes_taken(&wished));
        }
        lacked += error == RESCIND_OUT_OF_MEM;
    }
    drive_free(drive);
    assert_true(lacked > 100);
}

static void what_a_revocation_removed_can_be_allocated_again(void **state)
{
    (void)state;
    struct drive *drive = four_vpes(100, 1);
    uint32_t first = 0;
    for (uint32_t round = 0; round < 5; round++) {
        struct model_call call = call_creategate(0, 10);
        drive->history.count = 0;
        assert_int_equal(drive_now(drive, 0, &call), RESCIND_NO_ERROR);
        uint32_t count = 0;
        do {
            call = call_delegate(2, 10, 10 + count++, 1);
            drive->history.count = 0;
        } while (drive_now(drive, 0, &call) == RESCIND_NO_ERROR);
        if (round == 0)
            first = count;
        assert_int_equal(count, first);
        call = call_revoke(2 + 8, 1, true); /* with the pool empty */
        assert_int_equal(drive_now(drive, 0, &call), RESCIND_NO_ERROR);
        assert_well(drive);
    }
    assert_true(first > 10);
    drive_free(drive);
}

static void a_vpe_can_exit_with_the_pool_empty(void **state)
{
    (void)state;
    struct drive *drive = four_vpes(60, 1);
    struct model_call call;
    uint32_t sel = 10;
    do {
        call = call_delegate(2, 0, sel++, 1);
        drive->history.count = 0;
    } while (drive_now(drive, 0, &call) == RESCIND_NO_ERROR);
    call = call_exit();
    drive_now(drive, 0, &call);
    assert_well(drive);
    call = call_obtain(2, 5, 0, 1);
    assert_int_equal(drive_now(drive, 1, &call), RESCIND_NO_ERROR);
    drive_free(drive);
}

/* ---- Side by side --------------------------------------------------------------------------- */

/* The entry of a call that a service was asked for and that was answered; or NULL. */
static struct history_entry *asked(struct history *history, uint32_t from)
{
    for (uint32_t i = from; i < history->count; i++) {
        struct history_entry *entry = &history->entries[i];
        bool asks = entry->call.op == RESCIND_SYS_CREATESESS ||
                    entry->call.op == RESCIND_SYS_OBTAIN || entry->call.op == RESCIND_SYS_DELEGATE;
        if (asks && entry->answered && entry->call.error == RESCIND_NO_ERROR)
            return entry;
    }
    return NULL;
}

/* Services are asked, agree, and don't; and an answer that is turned into its opposite shows. */
static void what_services_decide_is_what_their_clients_are_told(void **state)
{
    (void)state;
    struct scenarios *scenarios = scenarios_new();
    struct order *order = order_new();
    uint32_t agreed = 0, turned = 0, refused = 0;
    for (uint32_t seed = 0; seed < SCENARIOS / 2 && turned < 300; seed++) {
        struct drive *drive = scenario_run(scenarios, choice_seeded(seed));
        struct history_entry *entry = asked(&drive->history, 0);
        while (entry && entry->result != RESCIND_NO_ERROR)
            entry = asked(&drive->history, (uint32_t)(entry - drive->history.entries) + 1);
        agreed += entry != NULL;
        if (!entry)
            entry = asked(&drive->history, 0);
        if (!entry)
            continue;
        bool well = entry->result == RESCIND_NO_ERROR;
        entry->result = well ? RESCIND_NO_PERM : RESCIND_NO_ERROR;
        entry->told = false;
        turned++;
        refused += !drive_judge(drive, order, false);
    }
    order_free(order);
    scenarios_free(scenarios);
    assert_true(turned >= 20);
    assert_true(agreed > turned / 10);
    assert_true(refused > turned * 9 / 10);
}

/* The first entry of this kind that was answered so, or (an interrupt) that is there; or NULL. */
static struct history_entry *find_entry(struct history *history, uint32_t op,
                                        enum rescind_error result)
{
    for (uint32_t i = 0; i < history->count; i++) {
        struct history_entry *entry = &history->entries[i];
        if (entry->call.op == op && entry->call.error == RESCIND_NO_ERROR &&
            (op == MODEL_INTERRUPT || (entry->answered && entry->result == result)))
            return entry;
    }
    return NULL;
}

/* Interrupts come at any time, and are acknowledged; that one was shows when it is denied. */
static void what_drivers_acknowledge_has_come(void **state)
{
    (void)state;
    struct scenarios *scenarios = scenarios_new();
    struct order *order = order_new();
    uint32_t interrupts = 0, late = 0, turned = 0, refused = 0;
    for (uint32_t seed = 0; seed < 20000 && turned < 20; seed++) { /* few have drivers */
        struct drive *drive = scenario_run(scenarios, choice_seeded(seed));
        struct history_entry *entry = find_entry(&drive->history, MODEL_INTERRUPT, 0);
        interrupts += entry != NULL;
        late += entry != NULL && entry->call.flag;
        entry = find_entry(&drive->history, RESCIND_SYS_IRQACK, RESCIND_NO_ERROR);
        if (!entry)
            continue;
        entry->result = RESCIND_INV_ARGS;
        turned++;
        refused += !drive_judge(drive, order, false);
    }
    order_free(order);
    scenarios_free(scenarios);
    assert_int_equal(turned, 20);
    assert_true(interrupts > turned);
    assert_true(late > 5);
    assert_true(refused > turned * 8 / 10);
}

static void calls_side_by_side_could_have_come_one_at_a_time(void **state)
{
    (void)state;
    struct scenarios *scenarios = scenarios_new();
    for (uint32_t seed = 0; seed < SCENARIOS; seed++) {
        struct drive *drive = scenario_run(scenarios, choice_seeded(seed));
        if (drive->failure[0])
            fprintf(stderr, "scenario %u: ", seed);
        assert_well(drive);
    }
    scenarios_free(scenarios);
}

static void ranges_that_lie_crosswise_both_go(void **state)
{
    (void)state;
    /* VPE0:10 -> VPE1:10 and VPE1:11 -> VPE0:11, then both VPEs revoke 10 and 11 at once, in
     * every alternation that the bits of `turns` can say. */
    for (uint32_t turns = 0; turns < 1024; turns++) {
        struct drive *drive = four_vpes(100, 1);
        struct model_call calls[] = {call_creategate(0, 10), call_delegate(2, 10, 10, 1),
                                     call_creategate(0, 11), call_delegate(4, 11, 11, 1)};
        for (uint32_t i = 0; i < 4; i++)
            assert_int_equal(drive_now(drive, i / 2, &calls[i]), RESCIND_NO_ERROR);
        struct model_call revoke = call_revoke(10, 2, true);
        drive_call(drive, 0, &revoke);
        drive_call(drive, 1, &revoke);
        for (uint32_t i = 0; i < 10; i++)
            if (drive_ready(drive, turns >> i & 1))
                drive_work(drive, turns >> i & 1);
        drive_rest(drive);
        assert_well(drive);
        struct order *order = order_new();
        drive_judge(drive, order, false);
        order_free(order);
        assert_well(drive);
        drive_free(drive);
    }
}

/* The copies of an EXCHANGE that has taken effect can be used and revoked before the EXCHANGE is
 * through with them; when it is, it must not send on a revocation from further up that waits for
 * the copy's subtree. */
static void a_copy_is_revoked_from_two_sides_before_its_exchange_has_answered(void **state)
{
    (void)state;
    struct drive *drive = four_vpes(100, 3);
    /* VPE0 holds a copy of VPE2's gate 20 at 13, in the middle of what it will delegate. */
    struct model_call first[] = {call_creategate(0, 11), call_creategate(0, 12),
                                 call_creategate(0, 14)};
    struct model_call gate = call_creategate(0, 20), hand = call_delegate(3, 20, 13, 1);
    for (uint32_t i = 0; i < 3; i++)
        assert_int_equal(drive_now(drive, 0, &first[i]), RESCIND_NO_ERROR);
    assert_int_equal(drive_now(drive, 2, &gate), RESCIND_NO_ERROR);
    assert_int_equal(drive_now(drive, 2, &hand), RESCIND_NO_ERROR);

    struct model_call delegate = call_delegate(2, 11, 30, 4), use = call_obtain(0, 40, 32, 1),
                      below = call_revoke(30, 3, true), above = call_revoke(20, 1, true);
    /* The EXCHANGE takes effect, and has its copies still to settle; VPE1 derives from one. */
    drive_call(drive, 0, &delegate);
    drive_work(drive, 0);
    drive_call(drive, 1, &use);
    drive_call(drive, 1, &below);
    drive_call(drive, 2, &above);
    drive_work(drive, 0);
    if (drive_ready(drive, 2))
        drive_work(drive, 2);
    drive_rest(drive);
    struct order *order = order_new();
    drive_judge(drive, order, false);
    order_free(order);
    assert_well(drive);
    drive_free(drive);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(overlapping_calls_may_come_in_either_order),
        cmocka_unit_test(a_call_done_before_another_was_sent_comes_first),
        cmocka_unit_test(tables_that_no_order_leads_to_are_refused),
        cmocka_unit_test(a_range_that_is_seen_half_revoked_is_refused),
        cmocka_unit_test(lack_of_memory_is_an_answer_only_where_it_may_be),
        cmocka_unit_test(histories_of_atomic_calls_are_accepted_and_most_damaged_ones_refused),
        cmocka_unit_test(a_long_sequence_of_calls_answers_and_leaves_what_the_model_does),
        cmocka_unit_test(a_long_sequence_in_large_tables_does_so_too),
        cmocka_unit_test(memory_lacks_exactly_when_the_pool_is_short),
        cmocka_unit_test(what_a_revocation_removed_can_be_allocated_again),
        cmocka_unit_test(a_vpe_can_exit_with_the_pool_empty),
        cmocka_unit_test(ranges_that_lie_crosswise_both_go),
        cmocka_unit_test(a_copy_is_revoked_from_two_sides_before_its_exchange_has_answered),
        cmocka_unit_test(calls_side_by_side_could_have_come_one_at_a_time),
        cmocka_unit_test(what_services_decide_is_what_their_clients_are_told),
        cmocka_unit_test(what_drivers_acknowledge_has_come),
    };
    return cmocka_run_group_tests_name("model", tests, NULL, NULL);
}

/* The monitor: histories made by hand, right and wrong, and drawn ones beside the order search,
 * which finds out the same in another way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sim/monitor.h"
#include "tests/order.h"

enum { VPES = 3, DRAWN = 3000 };

/* A monitor on three VPEs, each with capabilities on the next at 2 and on the one after it at 3. */
struct watch {
    struct model start;
    struct monitor *monitor;
    uint32_t set;
};

static struct watch begin(void)
{
    struct watch w = {.set = MONITOR_START};

    model_boot(&w.start, VPES);
    for (uint32_t vpe = 0; vpe < VPES; vpe++) {
        model_grant(&w.start, vpe, 2, (vpe + 1) % VPES);
        model_grant(&w.start, vpe, 3, (vpe + 2) % VPES);
    }
    w.monitor = monitor_new(&w.start);
    return w;
}

static void end(struct watch *w)
{
    monitor_free(w->monitor);
}

static uint32_t see(struct watch *w, const struct monitor_event *event)
{
    w->set = monitor_follow(w->monitor, w->set, monitor_trail(w->monitor, MONITOR_NO_TRAIL, event));
    return w->set;
}

static uint32_t send(struct watch *w, uint32_t vpe, struct model_call call)
{
    uint8_t message[MODEL_MESSAGE_MAX];
    size_t size = model_encode(&call, message);

    return see(w, &(struct monitor_event){
                      .kind = MONITOR_CALL, .vpe = vpe, .message = message, .size = size});
}

static uint32_t answer(struct watch *w, uint32_t vpe, enum rescind_error error)
{
    return see(w, &(struct monitor_event){.kind = MONITOR_REPLY, .vpe = vpe, .error = error});
}

static uint32_t happen(struct watch *w, enum monitor_kind kind, uint32_t vpe)
{
    return see(w, &(struct monitor_event){.kind = kind, .vpe = vpe});
}

static struct model_call gate(uint32_t dst)
{
    return (struct model_call){.op = RESCIND_SYS_CREATEGATE, .dst = dst};
}

static struct model_call obtain(uint32_t vpe, uint32_t own, uint32_t other, uint32_t count)
{
    return (struct model_call){.op = RESCIND_SYS_EXCHANGE,
                               .vpe = vpe,
                               .own = {RESCIND_TABLE_OBJECT, own, count},
                               .other = {RESCIND_TABLE_OBJECT, other, count},
                               .flag = true};
}

static struct model_call revoke(uint32_t sel)
{
    return (struct model_call){
        .op = RESCIND_SYS_REVOKE, .own = {RESCIND_TABLE_OBJECT, sel, 1}, .flag = true};
}

static const struct model_call leave = {.op = RESCIND_SYS_EXIT};

#define GOOD(set) assert_int_not_equal(set, MONITOR_NONE)
#define BAD(set)  assert_int_equal(set, MONITOR_NONE)

static void one_call_after_the_other(void **state)
{
    struct watch w = begin();

    (void)state;
    GOOD(send(&w, 0, gate(20)));
    GOOD(answer(&w, 0, RESCIND_NO_ERROR));
    GOOD(send(&w, 0, gate(20)));
    assert_int_equal(monitor_results(w.monitor, w.set, 0), 1u << RESCIND_INV_ARGS);
    BAD(answer(&w, 0, RESCIND_NO_ERROR));
    BAD(send(&w, 1, gate(20)));
    end(&w);
}

/* VPE2 obtains from VPE0 while VPE0 revokes: both answers may be. */
static void calls_at_the_same_time_come_in_either_order(void **state)
{
    const enum rescind_error answers[] = {RESCIND_NO_ERROR, RESCIND_INV_ARGS};

    (void)state;
    for (int i = 0; i < 2; i++) {
        struct watch w = begin();
        send(&w, 0, gate(20));
        GOOD(answer(&w, 0, RESCIND_NO_ERROR));
        send(&w, 0, revoke(20));
        send(&w, 2, obtain(2, 30, 20, 1));
        assert_int_equal(monitor_results(w.monitor, w.set, 2),
                         1u << RESCIND_INV_ARGS | 1u << RESCIND_NO_ERROR);
        GOOD(answer(&w, 2, answers[i]));
        GOOD(answer(&w, 0, RESCIND_NO_ERROR));
        end(&w);
    }
}

static void what_was_answered_first_came_first(void **state)
{
    struct watch w = begin();

    (void)state;
    send(&w, 0, gate(20));
    answer(&w, 0, RESCIND_NO_ERROR);
    send(&w, 0, revoke(20));
    GOOD(answer(&w, 0, RESCIND_NO_ERROR));
    GOOD(send(&w, 2, obtain(2, 30, 20, 1)));
    assert_int_equal(monitor_results(w.monitor, w.set, 2), 1u << RESCIND_INV_ARGS);
    BAD(answer(&w, 2, RESCIND_NO_ERROR));
    end(&w);
}

/* VPE1 sees the gate that VPE0 is making; VPE2 asks after that. */
static void what_one_has_seen_another_sees_later(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        enum rescind_error first = i == 0 ? RESCIND_NO_ERROR : RESCIND_INV_ARGS;
        enum rescind_error second = i == 0 ? RESCIND_INV_ARGS : RESCIND_NO_ERROR;
        struct watch w = begin();
        send(&w, 0, gate(20));
        send(&w, 1, obtain(3, 30, 20, 1));
        GOOD(answer(&w, 1, first));
        send(&w, 2, obtain(2, 30, 20, 1));
        if (i == 0)
            BAD(answer(&w, 2, second));
        else
            GOOD(answer(&w, 2, second));
        end(&w);
    }
}

static void an_exit_has_no_answer_but_an_end(void **state)
{
    struct watch w = begin();

    (void)state;
    send(&w, 1, leave);
    send(&w, 0, obtain(2, 30, 0, 1));
    GOOD(answer(&w, 0, RESCIND_NO_ERROR));
    GOOD(happen(&w, MONITOR_ENDED, 1));
    send(&w, 0, obtain(2, 31, 0, 1));
    assert_int_equal(monitor_results(w.monitor, w.set, 0), 1u << RESCIND_INV_ARGS);
    GOOD(answer(&w, 0, RESCIND_INV_ARGS));
    BAD(happen(&w, MONITOR_ENDED, 2));
    end(&w);
}

/* Its call takes effect, whatever it would have answered, and then it ends. */
static void a_killed_vpe_ends_behind_its_call(void **state)
{
    struct watch w = begin();

    (void)state;
    send(&w, 1, obtain(3, 30, 0, 1));
    GOOD(happen(&w, MONITOR_KILL, 1));
    GOOD(happen(&w, MONITOR_ENDED, 1));
    send(&w, 0, obtain(3, 30, 0, 1));
    GOOD(answer(&w, 0, RESCIND_NO_ERROR));
    BAD(send(&w, 1, leave));
    end(&w);

    w = begin();
    send(&w, 1, gate(20));
    GOOD(happen(&w, MONITOR_KILL, 1));
    GOOD(answer(&w, 1, RESCIND_NO_ERROR));
    send(&w, 0, obtain(2, 30, 20, 1));
    assert_int_equal(monitor_results(w.monitor, w.set, 0),
                     1u << RESCIND_NO_ERROR | 1u << RESCIND_INV_ARGS);
    GOOD(answer(&w, 0, RESCIND_INV_ARGS));
    GOOD(happen(&w, MONITOR_ENDED, 1));
    end(&w);

    w = begin();
    GOOD(happen(&w, MONITOR_KILL, 1));
    GOOD(happen(&w, MONITOR_ENDED, 1));
    send(&w, 0, gate(20));
    BAD(happen(&w, MONITOR_ENDED, 0));
    end(&w);
}

static void memory_is_short_once_it_is_said(void **state)
{
    struct watch w = begin();

    (void)state;
    send(&w, 0, gate(20));
    BAD(answer(&w, 0, RESCIND_OUT_OF_MEM));
    end(&w);

    w = begin();
    send(&w, 0, gate(20));
    GOOD(happen(&w, MONITOR_SHORT, 0));
    GOOD(answer(&w, 0, RESCIND_OUT_OF_MEM));
    send(&w, 0, obtain(0, 21, 20, 1));
    GOOD(answer(&w, 0, RESCIND_INV_ARGS)); /* nothing is there */
    send(&w, 0, revoke(20));
    BAD(answer(&w, 0, RESCIND_OUT_OF_MEM));
    end(&w);
}

/* The rows of a model, in the reverse of their order. */
static uint32_t rows_of(const struct model *model, struct model_row *rows)
{
    for (uint32_t i = 0; i < model->count; i++)
        rows[model->count - 1 - i] = model_row(model, i);
    return model->count;
}

static void tables_at_the_end_are_those_of_some_order(void **state)
{
    struct model_row rows[MODEL_CAPS];
    struct watch w = begin();
    struct model with = w.start;
    struct model_call call = gate(20);
    uint32_t count;

    (void)state;
    model_call(&with, 0, &call);
    count = rows_of(&with, rows);
    send(&w, 0, call);
    assert_false(monitor_explains(w.monitor, w.set, rows, count)); /* not answered */
    GOOD(answer(&w, 0, RESCIND_NO_ERROR));
    assert_true(monitor_explains(w.monitor, w.set, rows, count));
    rows[0].sel++;
    assert_false(monitor_explains(w.monitor, w.set, rows, count));
    count = rows_of(&w.start, rows);
    assert_false(monitor_explains(w.monitor, w.set, rows, count));
    end(&w);
}

/* As the explorer asks: is it the same set whichever came first? */
static void a_call_and_an_answer_of_another_do_not_commute(void **state)
{
    struct watch w = begin();
    uint8_t message[MODEL_MESSAGE_MAX];
    struct model_call call = obtain(2, 30, 20, 1), noop = {.op = RESCIND_SYS_NOOP};
    struct monitor_event sent = {.kind = MONITOR_CALL, .vpe = 2, .message = message};
    struct monitor_event other = {.kind = MONITOR_CALL, .vpe = 1, .message = message};
    struct monitor_event answered = {.kind = MONITOR_REPLY, .vpe = 0};
    uint32_t a, b, c;

    (void)state;
    sent.size = model_encode(&call, message);
    a = monitor_trail(w.monitor, MONITOR_NO_TRAIL, &sent);
    b = monitor_trail(w.monitor, MONITOR_NO_TRAIL, &answered);
    other.size = model_encode(&noop, message);
    c = monitor_trail(w.monitor, MONITOR_NO_TRAIL, &other);
    send(&w, 0, gate(20));
    uint32_t ab = monitor_follow(w.monitor, monitor_follow(w.monitor, w.set, a), b);
    uint32_t ba = monitor_follow(w.monitor, monitor_follow(w.monitor, w.set, b), a);
    uint32_t ac = monitor_follow(w.monitor, monitor_follow(w.monitor, w.set, a), c);
    uint32_t ca = monitor_follow(w.monitor, monitor_follow(w.monitor, w.set, c), a);
    assert_int_not_equal(ab, ba);
    assert_int_equal(ac, ca);
    GOOD(ab);
    GOOD(ba);
    end(&w);
}

static void what_is_too_large_is_not_judged(void **state)
{
    struct watch w = begin();

    (void)state;
    for (uint32_t size = 2; w.set != MONITOR_OFF && size < 4 * MODEL_CAPS; size *= 2) {
        send(&w, 0, obtain(0, 1u << 16 | size, size == 2 ? 0 : 1u << 16 | size / 2, size / 2));
        GOOD(answer(&w, 0, RESCIND_NO_ERROR));
        send(&w, 0, obtain(0, 1u << 16 | (size + size / 2), 1u << 16 | size, size / 2));
        GOOD(answer(&w, 0, RESCIND_NO_ERROR));
    }
    assert_int_equal(w.set, MONITOR_OFF);
    assert_int_equal(answer(&w, 1, RESCIND_NOT_SUP), MONITOR_OFF);
    end(&w);
}

/* ---- Beside the order search ---------------------------------------------------------------- */

static struct model_call draw_call(GRand *rand)
{
    uint32_t own = (uint32_t)g_rand_int_range(rand, 10, 13);
    uint32_t other = (uint32_t)g_rand_int_range(rand, 10, 13);

    switch (g_rand_int_range(rand, 0, 6)) {
    case 0:
    case 1:
        return gate(own);
    case 2:
    case 3:
        return obtain((uint32_t)g_rand_int_range(rand, 2, 4), own, other, 1);
    case 4:
        return revoke(own);
    default:
        return g_rand_int_range(rand, 0, 4) == 0 ? leave : revoke(other);
    }
}

/* A history of calls that took effect at some instant each, and what a monitor says of it when an
 * answer, perhaps, is another. Both are told the same. */
struct drawn {
    struct watch watch;
    struct model model;
    struct history history;
    uint64_t time;
    int32_t at[VPES]; /* the entry of the call under way, or -1 */
    bool effected[VPES];
    enum rescind_error result[VPES];
    bool gone[VPES];
};

static void draw_step(struct drawn *d, GRand *rand, bool may_lie)
{
    uint32_t vpe = (uint32_t)g_rand_int_range(rand, 0, VPES);
    struct history_entry *entry = d->at[vpe] >= 0 ? &d->history.entries[d->at[vpe]] : NULL;

    if (d->gone[vpe])
        return;
    if (entry == NULL) {
        d->at[vpe] = (int32_t)d->history.count++;
        entry = &d->history.entries[d->at[vpe]];
        *entry = (struct history_entry){
            .call = draw_call(rand), .vpe = vpe, .sent = d->time++, .done = HISTORY_NEVER};
        d->effected[vpe] = false;
        send(&d->watch, vpe, entry->call);
    } else if (!d->effected[vpe]) {
        d->effected[vpe] = true;
        d->result[vpe] = model_call(&d->model, vpe, &entry->call);
    } else if (entry->call.op == RESCIND_SYS_EXIT) {
        entry->done = d->time++;
        d->gone[vpe] = true;
        happen(&d->watch, MONITOR_ENDED, vpe);
    } else {
        if (may_lie && g_rand_int_range(rand, 0, 6) == 0)
            d->result[vpe] =
                d->result[vpe] == RESCIND_NO_ERROR ? RESCIND_INV_ARGS : RESCIND_NO_ERROR;
        entry->answered = true;
        entry->result = d->result[vpe];
        entry->done = d->time++;
        d->at[vpe] = -1;
        answer(&d->watch, vpe, entry->result);
    }
}

static bool under_way(const struct drawn *d)
{
    for (uint32_t vpe = 0; vpe < VPES; vpe++)
        if (d->at[vpe] >= 0 && !d->gone[vpe])
            return true;
    return false;
}

static bool monitor_accepts(struct drawn *d, GRand *rand, bool may_lie, struct model_row *rows,
                            uint32_t *count)
{
    *d = (struct drawn){.watch = begin(), .at = {-1, -1, -1}};
    d->model = d->watch.start;
    for (int i = 0; i < 60 && d->history.count < 9; i++)
        draw_step(d, rand, may_lie);
    while (under_way(d)) { /* only what has been sent goes on */
        uint32_t calls = d->history.count;
        struct drawn before = *d;
        draw_step(d, rand, may_lie);
        if (d->history.count != calls)
            *d = before;
    }
    *count = rows_of(&d->model, rows);
    return monitor_explains(d->watch.monitor, d->watch.set, rows, *count);
}

static void it_agrees_with_the_order_search(void **state)
{
    struct order *order = order_new();
    struct model_row rows[MODEL_CAPS];
    uint32_t refused = 0, count;

    (void)state;
    for (uint32_t seed = 0; seed < DRAWN; seed++) {
        GRand *rand = g_rand_new_with_seed(seed);
        struct drawn d;
        bool may_lie = seed % 2 == 1, good = monitor_accepts(&d, rand, may_lie, rows, &count);
        enum order_verdict verdict =
            order_search(order, &d.watch.start, &d.history, rows, count, false);
        assert_int_not_equal(verdict, ORDER_GAVE_UP);
        assert_int_equal(good, verdict == ORDER_FOUND);
        assert_true(good || may_lie);
        refused += !good;
        end(&d.watch);
        g_rand_free(rand);
    }
    assert_in_range(refused, DRAWN / 20, DRAWN / 2);
    order_free(order);
}

/* ---- Calls that wait, and what others do meanwhile ------------------------------------------- */

/* The same, with a fourth VPE that is not there yet: CREATEVPE of MODEL_NAME makes it. */
static struct watch begin_with_child(void)
{
    struct watch w = {.set = MONITOR_START};

    model_boot(&w.start, VPES + 1);
    model_child(&w.start, VPES);
    for (uint32_t vpe = 0; vpe < VPES; vpe++)
        model_grant(&w.start, vpe, 2, (vpe + 1) % VPES);
    w.monitor = monitor_new(&w.start);
    monitor_name(w.monitor, MODEL_NAME, VPES);
    return w;
}

static struct model_call create(uint32_t dst, uint32_t mem_dst)
{
    return (struct model_call){.op = RESCIND_SYS_CREATEVPE,
                               .dst = dst,
                               .dst2 = mem_dst,
                               .pe = RESCIND_ANY_PE,
                               .src = RESCIND_NONE};
}

static struct model_call control(uint32_t vpe, enum rescind_vpectrl action)
{
    return (struct model_call){.op = RESCIND_SYS_VPECTRL, .vpe = vpe, .action = action};
}

/* Sends the call of VPE0 and has it answered. */
static uint32_t now(struct watch *w, uint32_t vpe, struct model_call call, enum rescind_error error)
{
    send(w, vpe, call);
    return answer(w, vpe, error);
}

static void who_waits_for_an_end_waits_until_it_comes(void **state)
{
    struct watch w = begin_with_child();

    (void)state;
    GOOD(send(&w, 0, control(2, RESCIND_VPE_WAIT)));
    assert_int_equal(monitor_results(w.monitor, w.set, 0), 0);
    uint32_t waiting = w.set;
    BAD(answer(&w, 0, RESCIND_NO_ERROR));
    w.set = waiting;
    GOOD(send(&w, 1, leave));
    GOOD(happen(&w, MONITOR_ENDED, 1));
    GOOD(answer(&w, 0, RESCIND_NO_ERROR));
    /* Nobody waits for oneself, and what is no capability on a VPE can't be waited for. */
    GOOD(now(&w, 0, control(0, RESCIND_VPE_WAIT), RESCIND_INV_ARGS));
    GOOD(now(&w, 0, control(1, RESCIND_VPE_WAIT), RESCIND_INV_ARGS));
    end(&w);
}

/* It has not been started; its maker revokes it; then it has ended, by a revocation. */
static void a_child_ends_with_its_selector_0(void **state)
{
    struct watch w = begin_with_child();
    struct model_call all = revoke(20);

    (void)state;
    GOOD(now(&w, 0, create(20, 21), RESCIND_NO_ERROR));
    GOOD(now(&w, 2, obtain(2, 30, 20, 1), RESCIND_NO_ERROR));
    GOOD(send(&w, 2, control(30, RESCIND_VPE_WAIT)));
    uint32_t before = w.set;
    BAD(happen(&w, MONITOR_ENDED, VPES));
    w.set = before;
    GOOD(send(&w, 0, all));
    GOOD(happen(&w, MONITOR_ENDED, VPES));
    GOOD(answer(&w, 0, RESCIND_NO_ERROR));
    /* It had begun to wait; or begins only now, when what it names is gone. */
    assert_int_equal(monitor_results(w.monitor, w.set, 2),
                     1u << RESCIND_VPE_GONE | 1u << RESCIND_INV_ARGS);
    GOOD(answer(&w, 2, RESCIND_VPE_GONE));
    BAD(now(&w, 0, control(20, RESCIND_VPE_START), RESCIND_NO_ERROR));
    end(&w);
}

static void memory_and_numbers_may_lack_at_any_time(void **state)
{
    struct watch w = begin_with_child();
    struct model_call ask = {.op = RESCIND_SYS_REQMEM,
                             .dst = 40,
                             .addr = RESCIND_ANY_ADDR,
                             .size = RESCIND_PAGE,
                             .perms = RESCIND_PERM_R};

    (void)state;
    GOOD(now(&w, 0, create(20, 21), RESCIND_OUT_OF_MEM));
    GOOD(now(&w, 0, create(20, 21), RESCIND_NO_FREE_CORE));
    GOOD(now(&w, 0, ask, RESCIND_OUT_OF_MEM));
    GOOD(now(&w, 0, ask, RESCIND_NO_ERROR));
    GOOD(now(&w, 0, create(20, 21), RESCIND_NO_ERROR));
    BAD(now(&w, 0, gate(50), RESCIND_OUT_OF_MEM));
    end(&w);
}

/* VPE1 receives at endpoint 2, and VPE0 can send there through its endpoint 4, once. */
static void open_post(struct watch *w)
{
    struct model_call buffer = {.op = RESCIND_SYS_ATTACHRB, .ep = 2, .order = 7, .slot_order = 6};
    struct model_call to = {
        .op = RESCIND_SYS_CREATEGATE, .vpe = 2, .dst = 20, .ep = 2, .credits = 1};
    struct model_call use = {.op = RESCIND_SYS_ACTIVATE, .ep = 4, .src = RESCIND_NONE, .dst = 20};

    GOOD(now(w, 1, buffer, RESCIND_NO_ERROR));
    GOOD(now(w, 0, to, RESCIND_NO_ERROR));
    GOOD(now(w, 0, use, RESCIND_NO_ERROR));
}

static const struct model_call say = {
    .op = RESCIND_SYS_SEND, .ep = 4, .reply_ep = RESCIND_NONE, .size = 8};
static const struct model_call hear = {.op = RESCIND_SYS_RECEIVE, .ep = 2, .flag = true};
static const struct model_call look = {.op = RESCIND_SYS_RECEIVE, .ep = 2};

static void a_message_is_sent_before_it_is_received(void **state)
{
    struct watch w = begin();

    (void)state;
    open_post(&w);
    GOOD(now(&w, 1, look, RESCIND_END_OF_FILE));
    GOOD(send(&w, 1, hear));
    uint32_t waiting = w.set;
    BAD(answer(&w, 1, RESCIND_NO_ERROR));
    w.set = waiting;
    GOOD(send(&w, 0, say));
    GOOD(answer(&w, 1, RESCIND_NO_ERROR));
    GOOD(answer(&w, 0, RESCIND_NO_ERROR));
    BAD(now(&w, 0, say, RESCIND_NO_ERROR)); /* the credit has not come back */
    end(&w);
}

static void a_sent_message_goes_with_its_gate(void **state)
{
    struct watch w = begin();

    (void)state;
    open_post(&w);
    GOOD(now(&w, 0, say, RESCIND_NO_ERROR));
    GOOD(send(&w, 0, revoke(20)));
    GOOD(send(&w, 1, look));
    uint32_t meanwhile = w.set;
    GOOD(answer(&w, 1, RESCIND_NO_ERROR));
    w.set = meanwhile;
    GOOD(answer(&w, 1, RESCIND_END_OF_FILE));
    GOOD(answer(&w, 0, RESCIND_NO_ERROR));
    GOOD(now(&w, 0, say, RESCIND_EP_INVALID));
    BAD(now(&w, 1, look, RESCIND_NO_ERROR));
    end(&w);
}

/* ---- Services and pagers --------------------------------------------------------------------- */

enum { QUESTIONS = 2 }; /* that the service's buffer holds */

static const struct model_call open_it = {.op = RESCIND_SYS_CREATESESS, .dst = 40};

/* VPE0 serves MODEL_NAME, at endpoint 2, by its gate 20; the service is its 21. */
static void open_service(struct watch *w)
{
    struct model_call buffer = {.op = RESCIND_SYS_ATTACHRB, .ep = 2, .order = 7, .slot_order = 6};
    struct model_call to = {.op = RESCIND_SYS_CREATEGATE, .dst = 20, .ep = 2, .label = 7};
    struct model_call serve = {.op = RESCIND_SYS_CREATESRV, .src = 20, .dst = 21};

    GOOD(now(w, 0, buffer, RESCIND_NO_ERROR));
    GOOD(now(w, 0, to, RESCIND_NO_ERROR));
    GOOD(now(w, 0, serve, RESCIND_NO_ERROR));
}

/* VPE0's answer to message `id`: a code, and the two words of a session or of a range. */
static struct model_call say_so(uint64_t id, uint64_t code, uint64_t first, uint64_t second)
{
    return (struct model_call){
        .op = RESCIND_SYS_REPLY, .ep = 2, .id = id, .size = 24, .data = {code, first, second}};
}

/* VPE0 takes a message, the `id`th, and answers it. */
static void serve(struct watch *w, uint64_t id, uint64_t code, uint64_t first, uint64_t second)
{
    GOOD(now(w, 0, look, RESCIND_NO_ERROR));
    GOOD(now(w, 0, say_so(id, code, first, second), RESCIND_NO_ERROR));
}

static void the_service_decides_on_a_session(void **state)
{
    const struct {
        uint64_t code;
        enum rescind_error answer;
    } cases[] = {{RESCIND_NO_ERROR, RESCIND_NO_ERROR},
                 {RESCIND_NO_PERM, RESCIND_NO_PERM},
                 {RESCIND_XFS_RENAME + 1, RESCIND_RECV_GONE}};

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct watch w = begin();
        GOOD(now(&w, 1, open_it, RESCIND_INV_ARGS));
        open_service(&w);
        GOOD(send(&w, 1, open_it));
        assert_int_equal(monitor_results(w.monitor, w.set, 1), 0);
        serve(&w, 1, cases[i].code, 5, 0);
        assert_int_equal(monitor_results(w.monitor, w.set, 1), 1u << cases[i].answer);
        GOOD(answer(&w, 1, cases[i].answer));
        /* It has been asked once, and is to answer once. */
        GOOD(now(&w, 0, say_so(1, RESCIND_NO_ERROR, 5, 0), RESCIND_INV_ARGS));
        GOOD(now(&w, 0, look, RESCIND_END_OF_FILE));
        GOOD(send(&w, 1, open_it));
        assert_int_equal(monitor_results(w.monitor, w.set, 1), i == 0 ? 1u << RESCIND_INV_ARGS : 0);
        end(&w);
    }
}

static void a_service_that_closes_its_message_has_gone(void **state)
{
    const struct model_call done = {.op = RESCIND_SYS_ACK, .ep = 2, .id = 1};
    const struct model_call close = {.op = RESCIND_SYS_DETACHRB, .ep = 2};

    (void)state;
    for (int i = 0; i < 3; i++) {
        struct watch w = begin();
        open_service(&w);
        GOOD(send(&w, 1, open_it));
        GOOD(now(&w, 0, look, RESCIND_NO_ERROR));
        if (i == 2) {
            GOOD(send(&w, 0, leave));
            GOOD(happen(&w, MONITOR_ENDED, 0));
        } else {
            GOOD(now(&w, 0, i == 0 ? done : close, RESCIND_NO_ERROR));
        }
        assert_int_equal(monitor_results(w.monitor, w.set, 1), 1u << RESCIND_RECV_GONE);
        BAD(answer(&w, 1, RESCIND_NO_ERROR));
        end(&w);
    }
}

/* VPE1 has a session at 40. */
static struct watch begin_with_session(void)
{
    struct watch w = begin();

    open_service(&w);
    GOOD(send(&w, 1, open_it));
    serve(&w, 1, RESCIND_NO_ERROR, 5, 0);
    GOOD(answer(&w, 1, RESCIND_NO_ERROR));
    return w;
}

static void a_service_is_told_of_a_sessions_end_some_time_later(void **state)
{
    struct watch w = begin_with_session();

    (void)state;
    GOOD(now(&w, 0, look, RESCIND_END_OF_FILE));
    GOOD(now(&w, 1, revoke(40), RESCIND_NO_ERROR));
    GOOD(now(&w, 0, look, RESCIND_END_OF_FILE));
    GOOD(now(&w, 0, look, RESCIND_NO_ERROR));
    BAD(now(&w, 0, look, RESCIND_NO_ERROR)); /* and once only */
    end(&w);
}

/* At the end nothing is left on its way. */
static void a_close_that_never_comes_is_found(void **state)
{
    struct watch w = begin_with_session();
    struct model_row rows[MODEL_CAPS];
    struct model model = w.start;
    const struct model_call made[] = {
        {.op = RESCIND_SYS_CREATEGATE, .dst = 20, .ep = 2},
        {.op = RESCIND_SYS_CREATESRV, .src = 20, .dst = 21},
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(made); i++)
        assert_int_equal(model_call(&model, 0, &made[i]), RESCIND_NO_ERROR);
    uint32_t count = 0;
    for (uint32_t i = 0; i < model.count; i++)
        if (model.caps[i].kind < RESCIND_TABLE_KINDS)
            rows[count++] = model_row(&model, i);
    assert_false(monitor_explains(w.monitor, w.set, rows, count));
    GOOD(now(&w, 1, revoke(40), RESCIND_NO_ERROR));
    assert_true(monitor_explains(w.monitor, w.set, rows, count));
    /* Who waits for it has it in the end. */
    GOOD(send(&w, 0, hear));
    assert_false(monitor_explains(w.monitor, w.set, rows, count));
    GOOD(answer(&w, 0, RESCIND_NO_ERROR));
    assert_true(monitor_explains(w.monitor, w.set, rows, count));
    end(&w);
}

static struct model_call transfer(enum rescind_syscall op, uint32_t start, uint32_t count)
{
    return (struct model_call){.op = op, .src = 40, .own = {RESCIND_TABLE_OBJECT, start, count}};
}

/* Of two capabilities that VPE1 asks for it gets the one that the service names, if that is there.
 */
static void the_service_chooses_what_is_obtained(void **state)
{
    const struct {
        uint64_t start, count;
        enum rescind_error answer;
    } cases[] = {{20, 1, RESCIND_NO_ERROR},
                 {20, 0, RESCIND_NO_ERROR},
                 {22, 1, RESCIND_INV_ARGS},
                 {20, 3, RESCIND_RECV_GONE}};

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct watch w = begin_with_session();
        bool has_one = cases[i].answer == RESCIND_NO_ERROR && cases[i].count == 1;
        GOOD(send(&w, 1, transfer(RESCIND_SYS_OBTAIN, 50, 2)));
        serve(&w, 2, RESCIND_NO_ERROR, cases[i].start << 32, cases[i].count);
        assert_int_equal(monitor_results(w.monitor, w.set, 1), 1u << cases[i].answer);
        GOOD(answer(&w, 1, cases[i].answer));
        GOOD(now(&w, 1, obtain(0, 60, 50, 1), has_one ? RESCIND_NO_ERROR : RESCIND_INV_ARGS));
        end(&w);
    }
}

static void what_is_delegated_goes_to_where_the_service_says(void **state)
{
    struct watch w = begin_with_session();

    (void)state;
    GOOD(now(&w, 1, gate(50), RESCIND_NO_ERROR));
    GOOD(send(&w, 1, transfer(RESCIND_SYS_DELEGATE, 50, 1)));
    serve(&w, 2, RESCIND_NO_ERROR, 30ull << 32, 1);
    GOOD(answer(&w, 1, RESCIND_NO_ERROR));
    GOOD(now(&w, 0, gate(30), RESCIND_INV_ARGS));
    /* When the session goes between the service's consent and the copying, nothing is copied. */
    GOOD(send(&w, 1, transfer(RESCIND_SYS_DELEGATE, 50, 1)));
    serve(&w, 3, RESCIND_NO_ERROR, 31ull << 32, 1);
    assert_int_equal(monitor_results(w.monitor, w.set, 1), 1u << RESCIND_NO_ERROR);
    GOOD(send(&w, 0, revoke(21)));
    assert_int_equal(monitor_results(w.monitor, w.set, 1),
                     1u << RESCIND_NO_ERROR | 1u << RESCIND_INV_ARGS);
    GOOD(answer(&w, 1, RESCIND_INV_ARGS));
    GOOD(answer(&w, 0, RESCIND_NO_ERROR));
    BAD(now(&w, 0, gate(31), RESCIND_INV_ARGS));
    end(&w);
}

/* Both slots are taken by what VPE1 has opened and revoked; VPE2 waits for room. */
static void who_asks_waits_for_room(void **state)
{
    struct watch w = begin();
    struct model_call at = {.op = RESCIND_SYS_CREATESESSAT, .src = 21, .dst = 22};

    (void)state;
    open_service(&w);
    for (uint32_t i = 0; i < QUESTIONS; i++) {
        GOOD(now(&w, 0, at, RESCIND_NO_ERROR));
        GOOD(now(&w, 0, revoke(22), RESCIND_NO_ERROR));
    }
    GOOD(send(&w, 2, open_it));
    for (uint64_t id = 1; id <= QUESTIONS; id++)
        GOOD(now(&w, 0, look, RESCIND_NO_ERROR));
    GOOD(now(&w, 0, look, RESCIND_END_OF_FILE));
    assert_int_equal(monitor_results(w.monitor, w.set, 2), 0);
    /* Any of them may have been VPE2's; only one was. */
    GOOD(now(&w, 0, say_so(1, RESCIND_NO_ERROR, 5, 0), RESCIND_NO_ERROR));
    GOOD(now(&w, 0, say_so(2, RESCIND_NO_ERROR, 5, 0), RESCIND_NO_ERROR));
    GOOD(now(&w, 0, look, RESCIND_NO_ERROR));
    GOOD(now(&w, 0, say_so(3, RESCIND_NO_ERROR, 5, 0), RESCIND_NO_ERROR));
    assert_int_equal(monitor_results(w.monitor, w.set, 2), 1u << RESCIND_NO_ERROR);
    GOOD(answer(&w, 2, RESCIND_NO_ERROR));
    BAD(now(&w, 0, look, RESCIND_NO_ERROR));
    end(&w);
}

/* Killed while the service thinks about it: when that agrees, the session is closed again. */
static void a_session_that_nobody_wants_is_closed(void **state)
{
    (void)state;
    for (uint64_t code = RESCIND_NO_ERROR; code <= RESCIND_MISS_CREDITS; code++) {
        struct watch w = begin();
        open_service(&w);
        GOOD(send(&w, 1, open_it));
        GOOD(now(&w, 0, look, RESCIND_NO_ERROR));
        GOOD(happen(&w, MONITOR_KILL, 1));
        GOOD(happen(&w, MONITOR_ENDED, 1));
        GOOD(now(&w, 0, say_so(1, code, 5, 0), RESCIND_NO_ERROR));
        uint32_t answered = w.set;
        GOOD(now(&w, 0, look, RESCIND_END_OF_FILE));
        w.set = answered;
        if (code == RESCIND_NO_ERROR)
            GOOD(now(&w, 0, look, RESCIND_NO_ERROR));
        else
            BAD(now(&w, 0, look, RESCIND_NO_ERROR));
        end(&w);
    }
}

/* VPE1 is of another kernel: its own may have the name, too, and is asked first. */
static void another_kernels_service_is_asked_once_the_own_has_none(void **state)
{
    struct model_call buffer = {.op = RESCIND_SYS_ATTACHRB, .ep = 2, .order = 7, .slot_order = 6};
    struct model_call to = {.op = RESCIND_SYS_CREATEGATE, .dst = 20, .ep = 2};
    struct model_call serve_too = {.op = RESCIND_SYS_CREATESRV, .src = 20, .dst = 21};

    (void)state;
    for (int both = 0; both < 2; both++) {
        struct watch w = begin();
        monitor_free(w.monitor);
        model_place(&w.start, 1, 1);
        w.monitor = monitor_new(&w.start);
        open_service(&w);
        if (both) {
            GOOD(now(&w, 1, buffer, RESCIND_NO_ERROR));
            GOOD(now(&w, 1, to, RESCIND_NO_ERROR));
            GOOD(now(&w, 1, serve_too, RESCIND_NO_ERROR));
            GOOD(send(&w, 1, open_it));
            BAD(now(&w, 0, look, RESCIND_NO_ERROR));
        } else {
            GOOD(send(&w, 1, open_it));
            serve(&w, 1, RESCIND_NO_ERROR, 5, 0);
            GOOD(answer(&w, 1, RESCIND_NO_ERROR));
            BAD(now(&w, 1, gate(40), RESCIND_NO_ERROR));
        }
        end(&w);
    }
}

/* A child whose pager is VPE0, at endpoint 2. */
static void a_pager_answers_a_page_fault(void **state)
{
    const struct model_call fault = {.op = RESCIND_SYS_PAGEFAULT};
    struct model_call child = create(30, 31);

    (void)state;
    for (int i = 0; i < 3; i++) {
        struct watch w = begin_with_child();
        open_service(&w);
        child.src = 20;
        child.ep = 3;
        GOOD(now(&w, 0, child, RESCIND_NO_ERROR));
        GOOD(now(&w, 0, control(30, RESCIND_VPE_START), RESCIND_NO_ERROR));
        GOOD(now(&w, 1, fault, RESCIND_NO_MAPPING));
        if (i == 0)
            GOOD(now(&w, 0, revoke(20), RESCIND_NO_ERROR));
        GOOD(send(&w, VPES, fault));
        if (i == 1)
            serve(&w, 1, RESCIND_NO_PERM, 0, 0);
        if (i == 2)
            GOOD(now(&w, 0, (struct model_call){.op = RESCIND_SYS_DETACHRB, .ep = 2},
                     RESCIND_NO_ERROR));
        /* It has an account of its own, which may be short. */
        assert_int_equal(monitor_results(w.monitor, w.set, VPES) & ~(1u << RESCIND_OUT_OF_MEM),
                         i == 1 ? 1u << RESCIND_NO_PERM : 1u << RESCIND_NO_MAPPING);
        end(&w);
    }
}

static void a_name_is_taken_once(void **state)
{
    struct watch w = begin();
    struct model_call again = {.op = RESCIND_SYS_CREATESRV, .src = 20, .dst = 22};

    (void)state;
    open_service(&w);
    GOOD(now(&w, 0, again, RESCIND_EXISTS));
    again.src = 22;
    GOOD(now(&w, 0, again, RESCIND_INV_ARGS));
    GOOD(now(&w, 0, revoke(21), RESCIND_NO_ERROR));
    again.src = 20;
    BAD(now(&w, 0, again, RESCIND_EXISTS));
    end(&w);
}

/* Nobody has said which VPE it makes, and the model has no number for another one. */
static void a_vpe_that_there_is_no_room_for_is_not_judged(void **state)
{
    struct watch w = begin();

    (void)state;
    GOOD(send(&w, 0, create(20, 21)));
    assert_int_equal(answer(&w, 0, RESCIND_NO_ERROR), MONITOR_OFF);
    end(&w);
}

static void a_vpe_of_any_name_takes_a_number_that_is_left(void **state)
{
    struct watch w = begin_with_child();

    (void)state;
    monitor_free(w.monitor);
    w.start.shown = VPES;
    w.monitor = monitor_new(&w.start);
    GOOD(now(&w, 0, create(20, 21), RESCIND_NO_ERROR));
    GOOD(send(&w, 0, control(20, RESCIND_VPE_WAIT)));
    assert_int_equal(monitor_results(w.monitor, w.set, 0), 0);
    end(&w);
}

/* ---- Interrupts --------------------------------------------------------------------------- */

enum { LINE = 10, IRQ = 4, GATE = 6, RECEIVER = 2, SENDER = 3 };

static const struct model_call listens = {.op = RESCIND_SYS_LISTEN, .src = IRQ, .ep = SENDER};
static const struct model_call acknowledge = {.op = RESCIND_SYS_IRQACK, .src = IRQ};
static const struct model_call fetch = {.op = RESCIND_SYS_RECEIVE, .ep = RECEIVER};

/* VPE0 listens to a line, whose messages come to itself for a single credit. */
static struct watch driver(void)
{
    const struct model_call calls[] = {
        {.op = RESCIND_SYS_ATTACHRB, .ep = RECEIVER, .order = 8, .slot_order = 6},
        {.op = RESCIND_SYS_CREATEGATE, .dst = GATE, .ep = RECEIVER, .credits = 1},
        {.op = RESCIND_SYS_ACTIVATE, .ep = SENDER, .src = RESCIND_NONE, .dst = GATE},
        listens,
    };
    struct watch w = begin();

    monitor_free(w.monitor);
    assert_int_equal(model_irq(&w.start, 0, IRQ, LINE), RESCIND_NO_ERROR);
    w.monitor = monitor_new(&w.start);
    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
        GOOD(send(&w, 0, calls[i]));
        GOOD(answer(&w, 0, RESCIND_NO_ERROR));
    }
    return w;
}

/* The call of `vpe` is answered so, and nothing else would explain it. */
static void only(struct watch *w, uint32_t vpe, struct model_call call, enum rescind_error error)
{
    GOOD(send(w, vpe, call));
    assert_int_equal(monitor_results(w->monitor, w->set, vpe), 1u << error);
    GOOD(answer(w, vpe, error));
}

static void an_interrupt_is_a_message_until_it_is_acknowledged(void **state)
{
    struct watch w = driver();

    (void)state;
    only(&w, 0, fetch, RESCIND_END_OF_FILE);
    only(&w, 0, acknowledge, RESCIND_INV_ARGS);
    GOOD(happen(&w, MONITOR_INTERRUPT, LINE));
    only(&w, 0, fetch, RESCIND_NO_ERROR);
    GOOD(happen(&w, MONITOR_INTERRUPT, LINE)); /* it is masked: no second one comes */
    only(&w, 0, fetch, RESCIND_END_OF_FILE);
    only(&w, 0, acknowledge, RESCIND_NO_ERROR);
    only(&w, 0, acknowledge, RESCIND_INV_ARGS);
    GOOD(happen(&w, MONITOR_INTERRUPT, LINE)); /* the credit has come back */
    only(&w, 0, fetch, RESCIND_NO_ERROR);
    end(&w);
}

static void an_interrupt_without_a_credit_is_sent_when_it_is_acknowledged(void **state)
{
    const struct model_call message = {
        .op = RESCIND_SYS_SEND, .ep = SENDER, .reply_ep = RECEIVER, .size = 8};
    const struct model_call reply = {.op = RESCIND_SYS_REPLY, .ep = RECEIVER, .id = 1};
    struct watch w = driver();

    (void)state;
    only(&w, 0, message, RESCIND_NO_ERROR);
    GOOD(happen(&w, MONITOR_INTERRUPT, LINE));
    only(&w, 0, acknowledge, RESCIND_MISS_CREDITS);
    only(&w, 0, fetch, RESCIND_NO_ERROR);
    only(&w, 0, fetch, RESCIND_END_OF_FILE);
    only(&w, 0, reply, RESCIND_NO_ERROR);
    only(&w, 0, acknowledge, RESCIND_NO_ERROR); /* that sends it, */
    only(&w, 0, acknowledge, RESCIND_NO_ERROR); /* and that is for the one that was sent */
    only(&w, 0, acknowledge, RESCIND_INV_ARGS);
    end(&w);
}

static void what_was_not_received_goes_with_its_line(void **state)
{
    const struct model_call keep = {.op = RESCIND_SYS_REVOKE,
                                    .own = {RESCIND_TABLE_OBJECT, IRQ, 1}};
    struct watch w = driver();

    (void)state;
    only(&w, 0, listens, RESCIND_EXISTS);
    GOOD(happen(&w, MONITOR_INTERRUPT, LINE));
    only(&w, 0, keep, RESCIND_NO_ERROR);
    only(&w, 0, fetch, RESCIND_END_OF_FILE);
    only(&w, 0, acknowledge, RESCIND_INV_ARGS);
    only(&w, 0, listens, RESCIND_NO_ERROR);
    only(&w, 0, revoke(GATE), RESCIND_NO_ERROR);
    GOOD(happen(&w, MONITOR_INTERRUPT, LINE));
    only(&w, 0, acknowledge, RESCIND_EP_INVALID);
    end(&w);
}

/* As far as is looked at: VPE1 revokes what has nothing to do with it. */
static void an_interrupt_is_late_only_beside_what_may_take_it_along(void **state)
{
    const struct model_call noop = {.op = RESCIND_SYS_NOOP};

    (void)state;
    for (int revokes = 0; revokes < 2; revokes++) {
        struct watch w = driver();
        GOOD(send(&w, 1, revokes ? revoke(40) : noop));
        GOOD(happen(&w, MONITOR_INTERRUPT, LINE));
        GOOD(send(&w, 0, fetch));
        assert_int_equal(monitor_results(w.monitor, w.set, 0),
                         1u << RESCIND_NO_ERROR | (revokes ? 1u << RESCIND_END_OF_FILE : 0));
        GOOD(answer(&w, 0, revokes ? RESCIND_END_OF_FILE : RESCIND_NO_ERROR));
        only(&w, 0, acknowledge, RESCIND_NO_ERROR); /* it has come by then */
        if (revokes)
            only(&w, 0, fetch, RESCIND_NO_ERROR);
        end(&w);
    }
}

static void an_interrupt_that_is_late_comes_before_the_end(void **state)
{
    static struct model_row rows[MODEL_CAPS];
    const struct model_call wait = {.op = RESCIND_SYS_RECEIVE, .ep = RECEIVER, .flag = true};
    struct watch w = driver();
    struct model last = w.start;
    uint32_t count = 0;

    (void)state;
    model_call(&last, 0, &(struct model_call){.op = RESCIND_SYS_CREATEGATE, .dst = GATE});
    for (uint32_t i = 0; i < last.count; i++)
        rows[count++] = model_row(&last, i);
    GOOD(send(&w, 0, wait));
    assert_true(monitor_explains(w.monitor, w.set, rows, count)); /* it waits for one */
    GOOD(send(&w, 1, revoke(40)));
    GOOD(happen(&w, MONITOR_INTERRUPT, LINE));
    GOOD(answer(&w, 1, RESCIND_NO_ERROR));
    assert_false(monitor_explains(w.monitor, w.set, rows, count));
    GOOD(answer(&w, 0, RESCIND_NO_ERROR));
    assert_true(monitor_explains(w.monitor, w.set, rows, count));
    end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_call_after_the_other),
        cmocka_unit_test(calls_at_the_same_time_come_in_either_order),
        cmocka_unit_test(what_was_answered_first_came_first),
        cmocka_unit_test(what_one_has_seen_another_sees_later),
        cmocka_unit_test(an_exit_has_no_answer_but_an_end),
        cmocka_unit_test(a_killed_vpe_ends_behind_its_call),
        cmocka_unit_test(memory_is_short_once_it_is_said),
        cmocka_unit_test(tables_at_the_end_are_those_of_some_order),
        cmocka_unit_test(a_call_and_an_answer_of_another_do_not_commute),
        cmocka_unit_test(what_is_too_large_is_not_judged),
        cmocka_unit_test(who_waits_for_an_end_waits_until_it_comes),
        cmocka_unit_test(a_child_ends_with_its_selector_0),
        cmocka_unit_test(memory_and_numbers_may_lack_at_any_time),
        cmocka_unit_test(a_message_is_sent_before_it_is_received),
        cmocka_unit_test(a_sent_message_goes_with_its_gate),
        cmocka_unit_test(the_service_decides_on_a_session),
        cmocka_unit_test(a_service_that_closes_its_message_has_gone),
        cmocka_unit_test(a_service_is_told_of_a_sessions_end_some_time_later),
        cmocka_unit_test(a_close_that_never_comes_is_found),
        cmocka_unit_test(the_service_chooses_what_is_obtained),
        cmocka_unit_test(what_is_delegated_goes_to_where_the_service_says),
        cmocka_unit_test(who_asks_waits_for_room),
        cmocka_unit_test(a_session_that_nobody_wants_is_closed),
        cmocka_unit_test(another_kernels_service_is_asked_once_the_own_has_none),
        cmocka_unit_test(a_pager_answers_a_page_fault),
        cmocka_unit_test(a_name_is_taken_once),
        cmocka_unit_test(a_vpe_that_there_is_no_room_for_is_not_judged),
        cmocka_unit_test(a_vpe_of_any_name_takes_a_number_that_is_left),
        cmocka_unit_test(an_interrupt_is_a_message_until_it_is_acknowledged),
        cmocka_unit_test(an_interrupt_without_a_credit_is_sent_when_it_is_acknowledged),
        cmocka_unit_test(what_was_not_received_goes_with_its_line),
        cmocka_unit_test(an_interrupt_is_late_only_beside_what_may_take_it_along),
        cmocka_unit_test(an_interrupt_that_is_late_comes_before_the_end),
        cmocka_unit_test(it_agrees_with_the_order_search),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

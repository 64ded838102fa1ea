/* What the PC's processors share, on the host: channels and calls one by one, and then threads in
 * the processors' place, which send messages at random until nothing can move any more.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <glib.h>
#include <string.h>

#include "pc99/shared.h"
#include "tests/sanitized.h"

static struct channel *new_channel(void)
{
    return channel_init(g_aligned_alloc0(1, CHANNEL_BYTES, 64));
}

static struct shared *new_shared(uint32_t count)
{
    struct shared *shared = g_aligned_alloc(1, sizeof *shared, 64);

    shared_init(shared, count, g_aligned_alloc(1, shared_bytes(count), 64));
    return shared;
}

static void free_shared(struct shared *shared)
{
    g_aligned_free(shared->channels);
    g_aligned_free(shared);
}

/* ---- One by one --------------------------------------------------------------------------- */

static void a_channel_keeps_messages_and_their_order(void **state)
{
    struct channel *channel = new_channel();
    uint8_t sent[RESCIND_PEER_MSG_MAX];
    struct ring_message got;
    bool call;

    (void)state;
    for (size_t size = 1; size <= sizeof sent; size++) {
        memset(sent, (int)size, size);
        assert_true(channel_has_room(channel));
        assert_true(channel_put(channel, 7, sent, size));
        assert_true(channel_has_room(channel));
        assert_true(channel_put(channel, 7, "next", 5));
        assert_true(channel_take(channel, &got, &call));
        assert_int_equal(got.header.sender_pe, 7);
        assert_int_equal(got.header.length, size);
        assert_memory_equal(got.payload, sent, size);
        assert_true(channel_take(channel, &got, &call));
        assert_string_equal((char *)got.payload, "next");
        assert_false(channel_take(channel, &got, &call));
        assert_false(call);
    }
    g_aligned_free(channel);
}

static void a_channel_holds_no_more_than_the_window(void **state)
{
    struct channel *channel = new_channel();
    struct ring_message got;
    bool call;

    (void)state;
    for (int i = 0; i < RESCIND_PEER_WINDOW; i++) {
        assert_true(channel_has_room(channel));
        assert_true(channel_put(channel, 0, "x", 1));
    }
    assert_false(channel_has_room(channel));
    assert_false(channel_has_room(channel));
    assert_true(channel_take(channel, &got, &call));
    assert_true(call); /* once, for who found no room */
    assert_true(channel_has_room(channel));
    assert_true(channel_take(channel, &got, &call));
    assert_false(call);
    g_aligned_free(channel);
}

static void the_first_call_alone_wants_an_interrupt(void **state)
{
    struct shared *shared = new_shared(3);

    (void)state;
    assert_int_equal(shared_take_calls(shared, 2), 0);
    assert_true(shared_call(shared, 0, 2));
    assert_false(shared_call(shared, 1, 2));
    assert_false(shared_call(shared, 0, 2));
    assert_false(shared_nudge(shared, 2));
    assert_int_equal(shared_take_calls(shared, 2), 7);
    assert_int_equal(shared_take_calls(shared, 2), 0);
    assert_true(shared_nudge(shared, 2));
    assert_int_equal(shared_take_calls(shared, 2), 4);
    free_shared(shared);
}

static void the_end_is_when_all_have_left_and_nobody_is_called(void **state)
{
    struct shared *shared = new_shared(2);

    (void)state;
    assert_false(shared_leave(shared)); /* 1 leaves, and is called */
    assert_false(shared_return(shared, 1));
    assert_true(shared_call(shared, 0, 1));
    assert_false(shared_leave(shared)); /* 0 leaves */
    assert_false(shared_is_over(shared));
    assert_true(shared_return(shared, 1));
    assert_int_equal(shared_take_calls(shared, 1), 1);
    assert_true(shared_call(shared, 1, 0));
    assert_false(shared_leave(shared)); /* 1 leaves: 0 has been called and does not know it yet */
    assert_true(shared_return(shared, 0));
    assert_int_equal(shared_take_calls(shared, 0), 2);
    assert_false(shared_is_over(shared));
    assert_true(shared_leave(shared));
    assert_true(shared_is_over(shared));
    free_shared(shared);
}

static void a_call_of_somebody_awake_is_taken_before_the_end(void **state)
{
    struct shared *shared = new_shared(2);

    (void)state;
    assert_true(shared_call(shared, 0, 1));
    assert_false(shared_leave(shared)); /* 0 leaves */
    assert_false(shared_leave(shared)); /* 1 leaves without a look: the call keeps the machine */
    assert_true(shared_return(shared, 1));
    assert_int_equal(shared_take_calls(shared, 1), 1);
    assert_true(shared_leave(shared));
    free_shared(shared);
}

/* ---- All at once --------------------------------------------------------------------------- */

enum { THREADS = 4, SEEDS = FEWER(20, 20, 200), FIRST = 100, TTL = 12 };

/* A message: who made it, its number in its channel, and how long its chain still is. */
struct note {
    uint32_t number, ttl;
};

struct worker {
    struct shared *shared;
    uint32_t here;
    GRand *random;
    uint64_t callers;
    GQueue held[THREADS]; /* of struct note *: what there is to tell each */
    uint32_t sent[THREADS], heard[THREADS];
    uint64_t made, done; /* notes */
    bool wrong;
};

static void make_note(struct worker *w, uint32_t ttl)
{
    uint32_t to = (w->here + 1 + (uint32_t)g_rand_int_range(w->random, 0, THREADS - 1)) % THREADS;
    struct note *note = g_new(struct note, 1);

    *note = (struct note){w->sent[to]++, ttl};
    w->made++;
    g_queue_push_tail(&w->held[to], note);
}

static void tell(struct worker *w)
{
    for (uint32_t to = 0; to < THREADS; to++) {
        struct channel *channel = shared_channel(w->shared, w->here, to);

        while (!g_queue_is_empty(&w->held[to]) && channel_has_room(channel)) {
            struct note *note = g_queue_pop_head(&w->held[to]);

            w->wrong = w->wrong || !channel_put(channel, (uint16_t)w->here, note, sizeof *note);
            shared_call(w->shared, w->here, to);
            g_free(note);
        }
    }
}

/* A note is done when it has been heard; each makes one or two more, up to its chain's end. */
static bool hear(struct worker *w, uint32_t from)
{
    struct ring_message message;
    struct note note;
    bool call;

    if (!channel_take(shared_channel(w->shared, from, w->here), &message, &call)) {
        return false;
    }
    if (call) {
        shared_call(w->shared, w->here, from);
    }
    memcpy(&note, message.payload, sizeof note);
    w->wrong = w->wrong || message.header.length != sizeof note ||
               message.header.sender_pe != from || note.number != w->heard[from]++;
    w->done++;
    for (int i = g_rand_int_range(w->random, 0, 3); i > 0 && note.ttl > 0; i--) {
        make_note(w, note.ttl - 1);
    }
    return true;
}

static gpointer run_worker(gpointer data)
{
    struct worker *w = data;

    for (int i = 0; i < FIRST; i++) {
        make_note(w, TTL);
    }
    for (;;) {
        tell(w);
        w->callers |= shared_take_calls(w->shared, w->here);
        for (uint32_t from = 0; from < THREADS; from++) {
            if ((w->callers >> from & 1) != 0 && !hear(w, from)) {
                w->callers &= ~((uint64_t)1 << from);
            }
        }
        if (w->callers == 0) {
            tell(w); /* what has just been heard may have made some */
            if (shared_leave(w->shared)) {
                return NULL;
            }
            while (!shared_return(w->shared, w->here)) {
                if (shared_is_over(w->shared)) {
                    return NULL;
                }
                g_thread_yield();
            }
        }
    }
}

static void run_workers(guint32 seed)
{
    struct shared *shared = new_shared(THREADS);
    struct worker workers[THREADS] = {0};
    GThread *threads[THREADS];
    uint64_t made = 0, done = 0;

    for (uint32_t i = 0; i < THREADS; i++) {
        workers[i].shared = shared;
        workers[i].here = i;
        workers[i].random = g_rand_new_with_seed(seed * THREADS + i);
    }
    for (uint32_t i = 0; i < THREADS; i++) {
        threads[i] = g_thread_new(NULL, run_worker, &workers[i]);
    }
    for (uint32_t i = 0; i < THREADS; i++) {
        g_thread_join(threads[i]);
    }
    assert_int_equal(shared->busy, 0);
    for (uint32_t i = 0; i < THREADS; i++) {
        assert_false(workers[i].wrong);
        assert_int_equal(shared_take_calls(shared, i), 0);
        made += workers[i].made;
        done += workers[i].done;
        for (uint32_t to = 0; to < THREADS; to++) {
            assert_true(g_queue_is_empty(&workers[i].held[to]));
        }
        g_rand_free(workers[i].random);
    }
    assert_true(made >= FIRST * THREADS);
    assert_int_equal(made, done);
    free_shared(shared);
}

/* The end comes, and not before all that was said has been heard, each channel's in its order. */
static void nothing_is_lost_and_the_end_is_the_end(void **state)
{
    (void)state;
    for (guint32 seed = 0; seed < SEEDS; seed++) {
        run_workers(seed);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_channel_keeps_messages_and_their_order),
        cmocka_unit_test(a_channel_holds_no_more_than_the_window),
        cmocka_unit_test(the_first_call_alone_wants_an_interrupt),
        cmocka_unit_test(the_end_is_when_all_have_left_and_nobody_is_called),
        cmocka_unit_test(a_call_of_somebody_awake_is_taken_before_the_end),
        cmocka_unit_test(nothing_is_lost_and_the_end_is_the_end),
    };

    return cmocka_run_group_tests_name("shared", tests, NULL, NULL);
}

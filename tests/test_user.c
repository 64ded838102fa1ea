/* The calls of rescind/user.h: the bytes that each sends, and what it makes of the reply.
 *
 * No kernel is here: the program's environment is a fake one, whose wait() takes the message out
 * of the one ring and puts a prepared reply into the other.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <glib.h>

#include "dtu/endpoint.h"
#include "dtu/ring.h"
#include "rescind/user.h"

/* ---- The fake ----------------------------------------------------------------------------- */

struct fake {
    struct rescind_env env;
    struct rescind_ring *rings[2];
    struct ring_message sent; /* the last message that came out */
    uint32_t messages;
    uint8_t reply[RESCIND_PAYLOAD_MAX];
    size_t reply_size;
    uint64_t address, stored; /* of the hooks */
};

static void fake_wait(struct rescind_env *env, bool idle)
{
    struct fake *f = env->host;
    uint32_t credits = 0;
    const struct endpoint kernel = {.number = RESCIND_EP_REPLY, .credits = &credits};

    assert_false(idle);
    assert_int_equal(ring_fetch(f->rings[0], &f->sent), RING_MESSAGE);
    f->messages++;
    assert_int_equal(endpoint_reply(&kernel, f->rings[1], 0, f->reply, f->reply_size),
                     RESCIND_NO_ERROR);
}

static struct fake *fake_new(void)
{
    struct fake *f = g_new0(struct fake, 1);

    for (int i = 0; i < 2; i++) {
        f->rings[i] = g_malloc(RING_BYTES);
        ring_init(f->rings[i]);
    }
    f->reply_size = sizeof(uint64_t);
    f->env = (struct rescind_env){
        .syscalls = f->rings[0],
        .replies = f->rings[1],
        .credits = 1,
        .wait = fake_wait,
        .host = f,
    };
    return f;
}

static void fake_free(struct fake *f)
{
    g_free(f->rings[0]);
    g_free(f->rings[1]);
    g_free(f);
}

/* The next replies: these words. */
#define ANSWER(f, ...)                                                                             \
    next_reply((f), (const uint64_t[]){__VA_ARGS__}, sizeof((const uint64_t[]){__VA_ARGS__}))
static void next_reply(struct fake *f, const uint64_t *words, size_t size)
{
    memcpy(f->reply, words, size);
    f->reply_size = size;
}

/* The last message was these words, and `call` answered OK. */
#define SENT(f, call, ...)                                                                         \
    sent((f), (call), (const uint64_t[]){__VA_ARGS__}, sizeof((const uint64_t[]){__VA_ARGS__}))
static void sent(const struct fake *f, enum rescind_error error, const uint64_t *words, size_t size)
{
    assert_int_equal(error, RESCIND_NO_ERROR);
    assert_int_equal(f->sent.header.length, size);
    assert_memory_equal(f->sent.payload, words, size);
}

/* `call` was refused before anything was sent. */
static void refused(const struct fake *f, enum rescind_error error, uint32_t messages_before)
{
    assert_int_equal(error, RESCIND_INV_ARGS);
    assert_int_equal(f->messages, messages_before);
    assert_int_equal(f->env.credits, 1);
}

/* Eight bytes of a string as they lie in a message. */
static uint64_t chars(const char *text)
{
    uint64_t word;

    memcpy(&word, text, sizeof(word));
    return word;
}

static struct rescind_range range(uint32_t type, uint32_t start, uint32_t count)
{
    return (struct rescind_range){.type = type, .start = start, .count = count};
}

/* ---- What is sent ------------------------------------------------------------------------- */

static void a_call_is_its_opcode_and_a_slot_for_each_argument(void **state)
{
    struct fake *f = fake_new();
    struct rescind_env *env = &f->env;

    (void)state;
    SENT(f, rescind_noop(env), 18);
    SENT(f, rescind_creategate(env, 0, 20, 0xdeadbeefcafef00d, 4, 16), 4, 0, 20, 0xdeadbeefcafef00d,
         4, 16);
    SENT(f, rescind_vpectrl_start(env, 7), 10, 7, 0, 0);
    SENT(f, rescind_vpectrl_wait(env, 7, NULL), 10, 7, 1, 0);
    SENT(f, rescind_fund(env, 7, 1ull << 40, true), 39, 7, 1ull << 40, 1);
    SENT(f, rescind_listen(env, 4, 3), 40, 4, 3);
    SENT(f, rescind_irqack(env, 4), 41, 4);
    SENT(f, rescind_port_in(env, 5, 6, 8, NULL), 42, 5, 6, 8);
    SENT(f, rescind_port_out(env, 5, 6, 32, UINT32_MAX), 43, 5, 6, 32, UINT32_MAX);
    SENT(f, rescind_reqmem(env, 5, RESCIND_ANY_ADDR, 8192, 3), 14, 5, UINT64_MAX, 8192, 3);
    SENT(f, rescind_derivemem(env, 5, 6, 64, 128, 1), 15, 5, 6, 64, 128, 1);
    SENT(f, rescind_createmap(env, 0, 5, 1, 2, 0x10000, 3), 6, 0, 5, 1, 2, 0x10000, 3);
    SENT(f, rescind_pagefault(env, 0x10000fff, 2), 0, 0x10000fff, 2);
    SENT(f, rescind_createsessat(env, 8, 9, 77), 3, 8, 9, 77);
    SENT(f, rescind_activate(env, 3, RESCIND_NONE, 12), 13, 3, 0xffff, 12);
    SENT(f, rescind_attachrb(env, 0, 2, 2048, 11, 9, 0), 7, 0, 2, 2048, 11, 9, 0);
    SENT(f, rescind_detachrb(env, 0, 2), 8, 0, 2);
    SENT(f, rescind_receive(env, 2, true, NULL), 34, 2, 1);
    SENT(f, rescind_receive(env, 2, false, NULL), 34, 2, 0);
    SENT(f, rescind_ack(env, 2, 1ull << 33), 36, 2, 1ull << 33);
    SENT(f, rescind_read(env, 3, 4096, NULL, 384), 37, 3, 4096, 384);
    fake_free(f);
}

static void a_range_is_three_words_of_four_bytes_in_two_slots(void **state)
{
    struct fake *f = fake_new();
    struct rescind_env *env = &f->env;

    (void)state;
    SENT(f, rescind_exchange(env, 2, range(0, 20, 3), range(1, 30, 4), true), 9, 2, 20ull << 32, 3,
         30ull << 32 | 1, 4, 1);
    SENT(f, rescind_revoke(env, range(1, 20, 3), false), 16, 20ull << 32 | 1, 3, 0);
    SENT(f, rescind_session_delegate(env, 0, 8, range(0, 5, 2), NULL, NULL, NULL), 11, 0, 8,
         5ull << 32, 2);
    SENT(f, rescind_session_obtain(env, 0, 8, range(1, 5, 2), NULL, NULL, NULL), 12, 0, 8,
         5ull << 32 | 1, 2);
    fake_free(f);
}

static void a_string_is_its_length_its_bytes_and_zeros_up_to_a_slots_end(void **state)
{
    const struct rescind_args args = {.size = 9, .bytes = "ninebytes!"}, none = {.size = 0};
    struct fake *f = fake_new();
    struct rescind_env *env = &f->env;

    (void)state;
    SENT(f, rescind_createvpe(env, 4, 5, "child", 0, RESCIND_NONE, 0, NULL), 5, 4, 5, 5,
         chars("child\0\0"), 0, 0xffff, 0);
    SENT(f, rescind_createvpe(env, 4, 5, "", RESCIND_ANY_PE, 6, 3, NULL), 5, 4, 5, 0, 0xffffffff, 6,
         3);
    SENT(f, rescind_createsrv(env, 3, 4, "echo"), 1, 3, 4, 4, chars("echo\0\0\0"));
    SENT(f, rescind_createsess(env, 0, 6, "echo", NULL), 2, 0, 6, 4, chars("echo\0\0\0"));
    SENT(f, rescind_createsess(env, 0, 6, "eightlet", &none), 2, 0, 6, 8, chars("eightlet"), 0);
    SENT(f, rescind_createsess(env, 0, 6, "echo", &args), 2, 0, 6, 4, chars("echo\0\0\0"), 9,
         chars("ninebyte"), chars("s\0\0\0\0\0\0"));
    SENT(f, rescind_session_obtain(env, 0, 8, range(0, 5, 2), &args, NULL, NULL), 12, 0, 8,
         5ull << 32, 2, 9, chars("ninebyte"), chars("s\0\0\0\0\0\0"));
    SENT(f, rescind_send(env, 3, 2, 99, "ping", 4), 33, 3, 2, 99, 4, chars("ping\0\0\0"));
    SENT(f, rescind_send(env, 3, RESCIND_NONE, 0, NULL, 0), 33, 3, 0xffff, 0, 0);
    SENT(f, rescind_reply(env, 2, 41, "pong", 4), 35, 2, 41, 4, chars("pong\0\0\0"));
    SENT(f, rescind_write(env, 3, 16, "12345678", 8), 38, 3, 16, 8, chars("12345678"));
    SENT(f, rescind_print(env, "hi\n", 3), 32, 3, chars("hi\n\0\0\0\0"));
    fake_free(f);
}

/* Whoever knows the call's longest string knows its longest message. */
static void the_longest_strings_fit(void **state)
{
    const char *name = "a name of thirty-nine bytes, as it says";
    uint8_t data[RESCIND_DATA_MAX];
    struct rescind_args args = {.size = RESCIND_ARGS_MAX};
    struct fake *f = fake_new();
    struct rescind_env *env = &f->env;

    (void)state;
    memset(data, 'd', sizeof(data));
    assert_int_equal(strlen(name), RESCIND_VPE_NAME_MAX);
    assert_int_equal(rescind_createvpe(env, 4, 5, name, 0, RESCIND_NONE, 0, NULL), 0);
    assert_int_equal(f->sent.header.length, 56 + 40);
    assert_memory_equal(f->sent.payload + 32, name, 40);
    assert_int_equal(rescind_createsess(env, 0, 6, "a name of 24 bytes, all!", &args), 0);
    assert_int_equal(f->sent.header.length, 32 + 24 + 8 + 64);
    assert_int_equal(rescind_send(env, 3, 2, 99, data, sizeof(data)), 0);
    assert_int_equal(f->sent.header.length, 40 + 384);
    assert_memory_equal(f->sent.payload + 40, data, sizeof(data));
    assert_int_equal(rescind_reply(env, 3, 2, data, sizeof(data)), 0);
    assert_int_equal(f->sent.header.length, 32 + 384);
    assert_int_equal(rescind_write(env, 3, 2, data, sizeof(data)), 0);
    assert_int_equal(f->sent.header.length, 32 + 384);
    fake_free(f);
}

static void what_fits_no_message_is_refused_and_nothing_is_sent(void **state)
{
    struct rescind_args args = {.size = RESCIND_ARGS_MAX + 1};
    struct fake *f = fake_new();
    struct rescind_env *env = &f->env;
    char text[600];

    (void)state;
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    refused(f, rescind_createvpe(env, 4, 5, text, 0, RESCIND_NONE, 0, NULL), 0);
    refused(f, rescind_createvpe(env, 4, 5, text + sizeof(text) - 41, 0, RESCIND_NONE, 0, NULL), 0);
    refused(f, rescind_createsrv(env, 3, 4, text), 0);
    refused(f, rescind_createsess(env, 0, 6, text, NULL), 0);
    refused(f, rescind_createsess(env, 0, 6, text + sizeof(text) - 1 - 440, &args), 0);
    refused(f, rescind_createsess(env, 0, 6, "echo", &args), 0);
    refused(f, rescind_session_delegate(env, 0, 8, range(0, 5, 2), &args, NULL, NULL), 0);
    refused(f, rescind_session_obtain(env, 0, 8, range(0, 5, 2), &args, NULL, NULL), 0);
    args.size = UINT32_MAX;
    refused(f, rescind_createsess(env, 0, 6, "echo", &args), 0);
    refused(f, rescind_send(env, 3, 2, 99, text, 441), 0);
    refused(f, rescind_send(env, 3, 2, 99, text, SIZE_MAX), 0);
    refused(f, rescind_reply(env, 3, 2, text, 449), 0);
    refused(f, rescind_write(env, 3, 2, text, SIZE_MAX - 7), 0);
    refused(f, rescind_print(env, text, 465), 0);
    assert_int_equal(rescind_print(env, text, 464), RESCIND_NO_ERROR);
    assert_int_equal(f->sent.header.length, 480);
    fake_free(f);
}

/* abi.h states the size of the smallest message of each call; its C function sends no less. */
static void the_smallest_messages_are_as_long_as_the_abi_says(void **state)
{
    static const uint8_t sizes[] = {
#define RESCIND_SYSCALL(name, number, bytes) [number] = bytes,
        RESCIND_SYSCALLS(RESCIND_SYSCALL)
#undef RESCIND_SYSCALL
    };
    const struct rescind_range one = range(0, 5, 1);
    struct fake *f = fake_new();
    struct rescind_env *env = &f->env;
    uint32_t calls = 0;

    (void)state;
#define CHECK(call)                                                                                \
    do {                                                                                           \
        assert_int_equal(call, RESCIND_NO_ERROR);                                                  \
        assert_int_equal(f->sent.header.length, sizes[f->sent.payload[0]]);                        \
        calls++;                                                                                   \
    } while (0)
    CHECK(rescind_pagefault(env, 1, 1));
    CHECK(rescind_createsrv(env, 1, 1, ""));
    CHECK(rescind_createsess(env, 1, 1, "", NULL));
    CHECK(rescind_createsessat(env, 1, 1, 1));
    CHECK(rescind_creategate(env, 1, 1, 1, 1, 1));
    CHECK(rescind_createvpe(env, 1, 1, "", 1, 1, 1, NULL));
    CHECK(rescind_createmap(env, 1, 1, 1, 1, 1, 1));
    CHECK(rescind_attachrb(env, 1, 1, 1, 1, 1, 1));
    CHECK(rescind_detachrb(env, 1, 1));
    CHECK(rescind_exchange(env, 1, one, one, true));
    CHECK(rescind_vpectrl_start(env, 1));
    CHECK(rescind_session_delegate(env, 1, 1, one, NULL, NULL, NULL));
    CHECK(rescind_session_obtain(env, 1, 1, one, NULL, NULL, NULL));
    CHECK(rescind_activate(env, 1, 1, 1));
    CHECK(rescind_reqmem(env, 1, 1, 1, 1));
    CHECK(rescind_derivemem(env, 1, 1, 1, 1, 1));
    CHECK(rescind_revoke(env, one, true));
    CHECK(rescind_noop(env));
    CHECK(rescind_print(env, "", 0));
    CHECK(rescind_send(env, 1, 1, 1, NULL, 0));
    CHECK(rescind_receive(env, 1, true, NULL));
    CHECK(rescind_reply(env, 1, 1, NULL, 0));
    CHECK(rescind_ack(env, 1, 1));
    CHECK(rescind_read(env, 1, 1, NULL, 1));
    CHECK(rescind_write(env, 1, 1, NULL, 0));
    CHECK(rescind_fund(env, 1, 1, true));
    CHECK(rescind_listen(env, 1, 1));
    CHECK(rescind_irqack(env, 1));
    CHECK(rescind_port_in(env, 1, 1, 1, NULL));
    CHECK(rescind_port_out(env, 1, 1, 1, 1));
#undef CHECK
    /* All but EXIT, which does not return. */
#define RESCIND_SYSCALL(name, number, bytes) calls--;
    RESCIND_SYSCALLS(RESCIND_SYSCALL)
#undef RESCIND_SYSCALL
    assert_int_equal((int)calls, -1);
    fake_free(f);
}

/* ---- What is made of replies -------------------------------------------------------------- */

static void what_a_reply_says_is_handed_out(void **state)
{
    struct fake *f = fake_new();
    struct rescind_env *env = &f->env;
    uint32_t number = 0;

    (void)state;
    ANSWER(f, 0, 3);
    assert_int_equal(rescind_createvpe(env, 4, 5, "child", 0, RESCIND_NONE, 0, &number), 0);
    assert_int_equal(number, 3);
    ANSWER(f, 0, 0xfffffffe);
    assert_int_equal(rescind_vpectrl_wait(env, 4, &number), 0);
    assert_int_equal(number, 0xfffffffe);
    fake_free(f);
}

static void a_session_says_how_many_and_what_else(void **state)
{
    struct fake *f = fake_new();
    struct rescind_env *env = &f->env;
    struct rescind_args answer = {.size = 1};
    uint64_t count = 0;

    (void)state;
    ANSWER(f, 0, 2, 10, chars("tenbytes"), chars("10\0\0\0\0\0"));
    assert_int_equal(rescind_session_obtain(env, 0, 8, range(0, 5, 2), NULL, &count, &answer), 0);
    assert_true(count == 2 && answer.size == 10);
    assert_memory_equal(answer.bytes, "tenbytes10", 10);
    ANSWER(f, 0, 1, 0);
    assert_int_equal(rescind_session_delegate(env, 0, 8, range(0, 5, 2), NULL, &count, &answer), 0);
    assert_true(count == 1 && answer.size == 0);
    fake_free(f);
}

static void a_message_comes_with_its_id_label_and_data(void **state)
{
    uint64_t words[5 + RESCIND_DATA_MAX / 8] = {0, 41, 0xdead, 0, RESCIND_DATA_MAX};
    struct fake *f = fake_new();
    struct rescind_env *env = &f->env;
    struct rescind_message message = {.is_reply = true};

    (void)state;
    for (size_t i = 5; i < G_N_ELEMENTS(words); i++)
        words[i] = i * 0x0101010101010101;
    next_reply(f, words, sizeof(words));
    assert_int_equal(rescind_receive(env, 2, true, &message), 0);
    assert_true(message.id == 41 && message.label == 0xdead && !message.is_reply);
    assert_int_equal(message.size, RESCIND_DATA_MAX);
    assert_memory_equal(message.data, words + 5, RESCIND_DATA_MAX);
    ANSWER(f, 0, 42, 7, 1, 3, chars("abc\0\0\0\0"));
    assert_int_equal(rescind_receive(env, 2, false, &message), 0);
    assert_true(message.id == 42 && message.label == 7 && message.is_reply && message.size == 3);
    assert_memory_equal(message.data, "abc", 3);
    fake_free(f);
}

static void what_was_read_is_handed_out(void **state)
{
    uint64_t words[2 + RESCIND_DATA_MAX / 8] = {0, RESCIND_DATA_MAX};
    uint8_t data[RESCIND_DATA_MAX] = {0};
    struct fake *f = fake_new();

    (void)state;
    memset(words + 2, 0x5a, RESCIND_DATA_MAX);
    next_reply(f, words, sizeof(words));
    assert_int_equal(rescind_read(&f->env, 3, 0, data, sizeof(data)), 0);
    assert_memory_equal(data, words + 2, sizeof(data));
    ANSWER(f, 0, 3, chars("abcdefgh"));
    assert_int_equal(rescind_read(&f->env, 3, 0, data, 3), 0);
    assert_memory_equal(data, "abcZZZ", 6);
    fake_free(f);
}

static void an_error_hands_out_nothing(void **state)
{
    struct fake *f = fake_new();
    struct rescind_env *env = &f->env;
    const struct rescind_message before = {.id = 9, .label = 9, .size = 9};
    struct rescind_message message = before;
    struct rescind_args args = {.size = 9};
    uint64_t count = 9;
    uint32_t number = 9;

    (void)state;
    ANSWER(f, RESCIND_RECV_GONE, 1, 1, 1, 1, 1);
    assert_int_equal(rescind_createvpe(env, 4, 5, "", 0, 0, 0, &number), RESCIND_RECV_GONE);
    assert_int_equal(rescind_vpectrl_wait(env, 4, &number), RESCIND_RECV_GONE);
    assert_int_equal(rescind_receive(env, 2, true, &message), RESCIND_RECV_GONE);
    assert_int_equal(rescind_session_obtain(env, 0, 8, range(0, 5, 2), NULL, &count, &args),
                     RESCIND_RECV_GONE);
    assert_int_equal(rescind_read(env, 3, 0, &count, sizeof(count)), RESCIND_RECV_GONE);
    assert_true(number == 9 && count == 9 && args.size == 9);
    assert_memory_equal(&message, &before, sizeof(message));
    fake_free(f);
}

static void a_reply_can_be_shorter_or_claim_more_than_there_is(void **state)
{
    struct {
        uint64_t value, guard;
    } place = {0, 0x77};
    struct fake *f = fake_new();
    struct rescind_env *env = &f->env;
    struct rescind_message message;
    struct rescind_args args;
    uint64_t count = 9;

    (void)state;
    ANSWER(f, 0);
    assert_int_equal(rescind_receive(env, 2, true, &message), 0);
    assert_true(message.id == 0 && message.label == 0 && message.size == 0);
    assert_int_equal(rescind_session_obtain(env, 0, 8, range(0, 5, 2), NULL, &count, &args), 0);
    assert_true(count == 0 && args.size == 0);
    ANSWER(f, 0, 1, UINT64_MAX, 1, UINT64_MAX);
    assert_int_equal(rescind_receive(env, 2, true, &message), 0);
    assert_int_equal(message.size, RESCIND_DATA_MAX);
    assert_int_equal(rescind_session_obtain(env, 0, 8, range(0, 5, 2), NULL, &count, &args), 0);
    assert_int_equal(args.size, RESCIND_ARGS_MAX);
    ANSWER(f, 0, 1ull << 32, 5, 6);
    assert_int_equal(rescind_read(env, 3, 0, &place.value, sizeof(place.value)), 0);
    assert_true(place.value == 5 && place.guard == 0x77);
    fake_free(f);
}

/* ---- Loads and stores --------------------------------------------------------------------- */

static enum rescind_error fake_load(struct rescind_env *env, uint64_t address, uint64_t *value)
{
    struct fake *f = env->host;

    f->address = address;
    *value = 0x1234;
    return RESCIND_NO_ERROR;
}

static enum rescind_error fake_store(struct rescind_env *env, uint64_t address, uint64_t value)
{
    struct fake *f = env->host;

    f->address = address;
    f->stored = value;
    return RESCIND_NO_PERM;
}

static void loads_and_stores_are_the_platforms(void **state)
{
    struct fake *f = fake_new();
    uint64_t value = 0;

    (void)state;
    assert_int_equal(rescind_load(&f->env, 0x10000000, &value), RESCIND_NOT_SUP);
    assert_int_equal(rescind_store(&f->env, 0x10000000, 1), RESCIND_NOT_SUP);
    f->env.load = fake_load;
    f->env.store = fake_store;
    assert_int_equal(rescind_load(&f->env, 0x10000000, &value), RESCIND_NO_ERROR);
    assert_true(value == 0x1234 && f->address == 0x10000000);
    assert_int_equal(rescind_store(&f->env, 0x10000008, 5), RESCIND_NO_PERM);
    assert_true(f->stored == 5 && f->address == 0x10000008);
    assert_int_equal(f->messages, 0);
    fake_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_call_is_its_opcode_and_a_slot_for_each_argument),
        cmocka_unit_test(a_range_is_three_words_of_four_bytes_in_two_slots),
        cmocka_unit_test(a_string_is_its_length_its_bytes_and_zeros_up_to_a_slots_end),
        cmocka_unit_test(the_longest_strings_fit),
        cmocka_unit_test(what_fits_no_message_is_refused_and_nothing_is_sent),
        cmocka_unit_test(the_smallest_messages_are_as_long_as_the_abi_says),
        cmocka_unit_test(what_a_reply_says_is_handed_out),
        cmocka_unit_test(a_session_says_how_many_and_what_else),
        cmocka_unit_test(a_message_comes_with_its_id_label_and_data),
        cmocka_unit_test(what_was_read_is_handed_out),
        cmocka_unit_test(an_error_hands_out_nothing),
        cmocka_unit_test(a_reply_can_be_shorter_or_claim_more_than_there_is),
        cmocka_unit_test(loads_and_stores_are_the_platforms),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

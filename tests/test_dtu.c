/* The DTU: message rings and endpoints, against bytes written by hand.
 *
 * What both sides of a ring, and both targets, must agree on: the layout, how empty and full are
 * told apart, what is refused, and that a control block with any nonsense in it harms nobody.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dtu/endpoint.h"
#include "dtu/ring.h"

enum { CAPACITY = RESCIND_RING_SLOTS - 1 };

/* Exactly as long as a ring is, so that a sanitizer sees any step beyond it. */
static int new_ring(void **state)
{
    struct rescind_ring *ring = aligned_alloc(64, RING_BYTES);

    memset(ring, 0xEE, RING_BYTES);
    ring_init(ring);
    *state = ring;
    return 0;
}

static int free_ring(void **state)
{
    free(*state);
    return 0;
}

static enum rescind_error put(struct rescind_ring *ring, uint8_t fill, uint16_t size)
{
    struct rescind_header header = {.length = size, .label = fill};
    uint8_t payload[RESCIND_PAYLOAD_MAX];

    memset(payload, fill, sizeof(payload));
    return ring_send(ring, &header, payload);
}

static void take(struct rescind_ring *ring, uint8_t fill, uint16_t size)
{
    struct ring_message message;

    assert_int_equal(ring_fetch(ring, &message), RING_MESSAGE);
    assert_int_equal(message.header.length, size);
    assert_int_equal(message.header.label, fill);
    for (uint16_t i = 0; i < size; i++)
        assert_int_equal(message.payload[i], fill);
}

static void a_reply_that_is_too_long_or_has_no_room_is_refused(void **state)
{
    uint32_t credits = 0;
    const struct endpoint kernel = {.number = RESCIND_EP_REPLY, .credits = &credits};
    struct rescind_ring *ring = *state;
    uint8_t payload[RESCIND_PAYLOAD_MAX + 1] = {0};

    assert_int_equal(endpoint_reply(&kernel, ring, 1, payload, sizeof(payload)), RESCIND_INV_ARGS);
    for (int i = 0; i < CAPACITY; i++)
        assert_int_equal(endpoint_reply(&kernel, ring, 1, payload, 8), RESCIND_NO_ERROR);
    assert_int_equal(endpoint_reply(&kernel, ring, 1, payload, 8), RESCIND_NO_RING_SPACE);
}

/* ---- Rings -------------------------------------------------------------------------------- */

static void a_new_ring_is_empty_and_laid_out_as_the_abi_says(void **state)
{
    struct rescind_ring *ring = *state;
    static const uint8_t block[24] = {
        0, 0, 0, 0, /* head */
        0, 0, 0, 0, /* tail */
        4, 0, 0, 0, /* slot_count */
        0, 2, 0, 0, /* slot_size */
        3, 0, 0, 0, /* slot_mask */
        2, 0, 0, 0, /* state: active */
    };

    assert_memory_equal(ring, block, sizeof(block));
    assert_int_equal(ring_look(ring), RING_EMPTY);
    assert_int_equal(sizeof(*ring), 64);
    assert_int_equal(RING_BYTES, 64 + 4 * 512);
}

static void fetching_from_an_empty_ring_gives_nothing_and_changes_nothing(void **state)
{
    struct rescind_ring *ring = *state;
    struct ring_message message;
    uint8_t *before = malloc(RING_BYTES);

    memcpy(before, ring, RING_BYTES);
    assert_int_equal(ring_fetch(ring, &message), RING_EMPTY);
    assert_memory_equal(ring, before, RING_BYTES);
    free(before);
}

static void a_message_lies_in_its_slot_byte_for_byte(void **state)
{
    struct rescind_ring *ring = *state;
    struct rescind_header header = {
        .flags = RESCIND_MSG_REPLY | RESCIND_MSG_CREDITS,
        .sender_pe = 0x1234,
        .sender_ep = 0x56,
        .reply_ep = 0x78,
        .length = 3,
        .sender_vpe = 0x9ABC,
        .label = 0x1122334455667788,
        .reply_label = 0x99AABBCCDDEEFF00,
    };
    static const uint8_t expected[28] = {
        0x03,                                           /* flags */
        0x34, 0x12,                                     /* sender PE */
        0x56, 0x78,                                     /* sender and reply endpoint */
        0x03, 0x00,                                     /* length */
        0xBC, 0x9A,                                     /* sender VPE */
        0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11, /* label */
        0x00, 0xFF, 0xEE, 0xDD, 0xCC, 0xBB, 0xAA, 0x99, /* reply label */
        'a',  'b',  'c',                                /* payload */
    };

    assert_int_equal(ring_send(ring, &header, "abc"), RESCIND_NO_ERROR);
    assert_memory_equal(ring->slots, expected, sizeof(expected));
    assert_int_equal(ring->head, 1);
    assert_int_equal(ring->tail, 0);
    /* Nothing behind the payload, and no other slot, is touched. */
    assert_int_equal(ring_send(ring, &header, "xyz"), RESCIND_NO_ERROR);
    assert_memory_equal(ring->slots + RESCIND_RING_SLOT_SIZE, expected, 25);
    assert_memory_equal(ring->slots + RESCIND_RING_SLOT_SIZE + 25, "xyz", 3);
    assert_memory_equal(ring->slots, expected, sizeof(expected));
    assert_int_equal(ring->head, 2);
}

static void a_message_written_by_hand_is_fetched_field_by_field(void **state)
{
    struct rescind_ring *ring = *state;
    static const uint8_t bytes[] = {0x02, 0x02, 0x01, 0x04, 0x05, 0x02, 0x00, 0x07, 0x06,
                                    1,    0,    0,    0,    0,    0,    0,    0x80, 2,
                                    0,    0,    0,    0,    0,    0,    0x40, 'h',  'i'};
    struct ring_message message;

    memcpy(ring->slots, bytes, sizeof(bytes));
    ring->head = 1;
    assert_int_equal(ring_fetch(ring, &message), RING_MESSAGE);
    assert_int_equal(message.header.flags, RESCIND_MSG_CREDITS);
    assert_int_equal(message.header.sender_pe, 0x0102);
    assert_int_equal(message.header.sender_ep, 4);
    assert_int_equal(message.header.reply_ep, 5);
    assert_int_equal(message.header.length, 2);
    assert_int_equal(message.header.sender_vpe, 0x0607);
    assert_true(message.header.label == 0x8000000000000001);
    assert_true(message.header.reply_label == 0x4000000000000002);
    assert_memory_equal(message.payload, "hi", 2);
    assert_int_equal(ring->tail, 1);
}

static void a_ring_is_full_with_one_slot_empty(void **state)
{
    struct rescind_ring *ring = *state;

    for (uint8_t i = 0; i < CAPACITY; i++) {
        assert_int_equal(ring_look(ring), i == 0 ? RING_EMPTY : RING_MESSAGE);
        assert_int_equal(put(ring, i, 8), RESCIND_NO_ERROR);
    }
    assert_int_equal(ring_look(ring), RING_FULL);
    assert_int_equal(put(ring, 99, 8), RESCIND_NO_RING_SPACE);
    assert_int_equal(ring->head, CAPACITY);
    for (uint8_t i = 0; i < CAPACITY; i++)
        take(ring, i, 8);
    assert_int_equal(ring_look(ring), RING_EMPTY);
}

static void a_freed_slot_can_be_filled_again(void **state)
{
    struct rescind_ring *ring = *state;

    for (uint8_t i = 0; i < CAPACITY; i++)
        put(ring, i, 8);
    take(ring, 0, 8);
    assert_int_equal(ring_look(ring), RING_MESSAGE);
    assert_int_equal(put(ring, 7, 8), RESCIND_NO_ERROR);
    assert_int_equal(put(ring, 8, 8), RESCIND_NO_RING_SPACE);
}

static void messages_keep_their_order_while_both_indices_wrap_again_and_again(void **state)
{
    struct rescind_ring *ring = *state;
    uint8_t next_in = 0, next_out = 0;

    for (int round = 0; round < 1000; round++) {
        for (int n = 0; n <= round % CAPACITY; n++, next_in++)
            assert_int_equal(put(ring, next_in, next_in), RESCIND_NO_ERROR);
        for (; next_out != next_in; next_out++)
            take(ring, next_out, next_out);
        assert_true(ring->head < RESCIND_RING_SLOTS && ring->tail < RESCIND_RING_SLOTS);
        assert_int_equal(ring_look(ring), RING_EMPTY);
    }
}

static void the_largest_message_passes_and_one_byte_more_is_refused(void **state)
{
    struct rescind_ring *ring = *state;

    assert_int_equal(put(ring, 0x11, RESCIND_PAYLOAD_MAX + 1), RESCIND_INV_ARGS);
    assert_int_equal(put(ring, 0x11, UINT16_MAX), RESCIND_INV_ARGS);
    assert_int_equal(ring_look(ring), RING_EMPTY);
    for (uint8_t i = 0; i < CAPACITY; i++)
        assert_int_equal(put(ring, i, RESCIND_PAYLOAD_MAX), RESCIND_NO_ERROR);
    for (uint8_t i = 0; i < CAPACITY; i++)
        take(ring, i, RESCIND_PAYLOAD_MAX);
}

static void a_message_may_be_empty(void **state)
{
    struct rescind_ring *ring = *state;

    assert_int_equal(put(ring, 5, 0), RESCIND_NO_ERROR);
    take(ring, 5, 0);
}

static void nothing_enters_or_leaves_a_terminated_ring(void **state)
{
    struct rescind_ring *ring = *state;
    struct ring_message message;

    put(ring, 1, 8);
    ring_terminate(ring);
    assert_int_equal(ring->state, RESCIND_RING_TERMINATED);
    assert_int_equal(put(ring, 2, 8), RESCIND_RECV_GONE);
    assert_int_equal(ring_look(ring), RING_BROKEN);
    assert_int_equal(ring_fetch(ring, &message), RING_BROKEN);
}

static void nothing_enters_or_leaves_a_ring_that_was_never_made_active(void **state)
{
    struct rescind_ring *ring = *state;
    struct ring_message message;

    memset(ring, 0, RING_BYTES);
    assert_int_equal(put(ring, 2, 8), RESCIND_RECV_GONE);
    assert_int_equal(ring_fetch(ring, &message), RING_BROKEN);
    ring_init(ring);
    ring->state = RESCIND_RING_CONFIGURED;
    assert_int_equal(put(ring, 2, 8), RESCIND_RECV_GONE);
    assert_int_equal(ring_fetch(ring, &message), RING_BROKEN);
}

static void every_field_of_the_control_block_is_doubted(void **state)
{
    static const uint32_t nonsense[] = {
        1, 2, 3, 4, 5, 7, 8, 511, 513, 1024, 0x7fffffff, 0x80000000, 0xfffffffc, 0xffffffff};
    struct rescind_ring *ring = *state;
    struct ring_message message;

    for (size_t field = 0; field < 6; field++) {
        for (size_t i = 0; i < sizeof(nonsense) / sizeof(nonsense[0]); i++) {
            uint32_t *word = (uint32_t *)(void *)ring + field;
            ring_init(ring);
            uint32_t right = *word;
            *word = nonsense[i];
            if (nonsense[i] == right || (field < 2 && nonsense[i] < RESCIND_RING_SLOTS))
                continue;
            assert_int_equal(ring_look(ring), RING_BROKEN);
            assert_int_equal(ring_fetch(ring, &message), RING_BROKEN);
            assert_int_equal(put(ring, 1, 8), field == 5 ? RESCIND_RECV_GONE : RESCIND_INV_ARGS);
            assert_int_equal(*word, nonsense[i]);
        }
    }
}

static void any_pair_of_indices_in_range_is_followed_and_none_leads_outside(void **state)
{
    struct rescind_ring *ring = *state;
    struct ring_message message;

    for (uint32_t head = 0; head < RESCIND_RING_SLOTS; head++) {
        for (uint32_t tail = 0; tail < RESCIND_RING_SLOTS; tail++) {
            uint32_t held = (head - tail) % RESCIND_RING_SLOTS, fetched = 0;
            ring_init(ring);
            ring->head = head;
            ring->tail = tail;
            assert_int_equal(ring_look(ring), held == 0          ? RING_EMPTY
                                              : held == CAPACITY ? RING_FULL
                                                                 : RING_MESSAGE);
            while (ring_fetch(ring, &message) == RING_MESSAGE)
                fetched++;
            assert_int_equal(fetched, held);
        }
    }
}

static void nothing_is_read_of_a_message_that_lies_about_its_length(void **state)
{
    struct rescind_ring *ring = *state;

    for (uint32_t length = RESCIND_PAYLOAD_MAX + 1; length <= UINT16_MAX; length += 97) {
        struct rescind_header header = {.length = (uint16_t)length};
        struct ring_message message;
        ring_init(ring);
        ring->head = 0;
        ring->tail = RESCIND_RING_SLOTS - 1; /* the last slot: the ring ends behind it */
        memcpy(ring->slots + (RESCIND_RING_SLOTS - 1) * RESCIND_RING_SLOT_SIZE, &header,
               sizeof(header));
        memset(message.payload, 0x77, sizeof(message.payload));
        assert_int_equal(ring_fetch(ring, &message), RING_MESSAGE);
        assert_int_equal(message.header.length, length);
        for (size_t i = 0; i < sizeof(message.payload); i++)
            assert_int_equal(message.payload[i], 0x77);
        assert_int_equal(ring_look(ring), RING_EMPTY);
    }
}

/* ---- Endpoints ---------------------------------------------------------------------------- */

static struct endpoint endpoint(uint32_t *credits)
{
    return (struct endpoint){
        .pe = 3, .vpe = 4, .number = 0, .reply_ep = 1, .label = 0xABCD, .credits = credits};
}

static void sending_spends_a_credit_and_the_reply_brings_it_back(void **state)
{
    struct rescind_ring *ring = *state;
    uint32_t credits = 1, none = 0;
    struct endpoint from = endpoint(&credits), kernel = {.pe = 9, .vpe = 8, .credits = &none};
    struct ring_message request, reply;

    assert_int_equal(endpoint_send(&from, ring, "12345678", 8), RESCIND_NO_ERROR);
    assert_int_equal(credits, 0);
    assert_int_equal(endpoint_send(&from, ring, "12345678", 8), RESCIND_MISS_CREDITS);
    assert_int_equal(ring_fetch(ring, &request), RING_MESSAGE);
    assert_int_equal(ring_look(ring), RING_EMPTY);
    assert_int_equal(endpoint_reply(&kernel, ring, request.header.reply_label, "87654321", 8),
                     RESCIND_NO_ERROR);
    assert_int_equal(ring_fetch(ring, &reply), RING_MESSAGE);
    endpoint_credit(&from, &reply.header);
    assert_int_equal(credits, 1);
    assert_int_equal(endpoint_send(&from, ring, "12345678", 8), RESCIND_NO_ERROR);
}

static void a_sent_header_says_who_sends_and_where_replies_go(void **state)
{
    struct rescind_ring *ring = *state;
    uint32_t credits = 1;
    struct endpoint from = endpoint(&credits);
    static const uint8_t expected[25] = {0x00, 0x03, 0x00, 0x00, 0x01, 0x08, 0x00, 0x04, 0x00,
                                         0xCD, 0xAB, 0,    0,    0,    0,    0,    0,    0,
                                         0,    0,    0,    0,    0,    0,    0};

    assert_int_equal(endpoint_send(&from, ring, "12345678", 8), RESCIND_NO_ERROR);
    assert_memory_equal(ring->slots, expected, sizeof(expected));
}

static void a_reply_bears_the_label_that_its_request_asked_for_and_grants_a_credit(void **state)
{
    struct rescind_ring *ring = *state;
    struct endpoint kernel = {.pe = 0x0201, .vpe = 0x0403, .number = 0};
    uint64_t label = 0x0807060504030201;
    static const uint8_t expected[33] = {0x03, 0x01, 0x02, 0, 0, 0x08, 0x00, 0x03, 0x04, 1, 2,
                                         3,    4,    5,    6, 7, 8,    0,    0,    0,    0, 0,
                                         0,    0,    0,    5, 0, 0,    0,    0,    0,    0, 0};
    uint64_t payload = RESCIND_INV_ARGS;

    assert_int_equal(endpoint_reply(&kernel, ring, label, &payload, 8), RESCIND_NO_ERROR);
    assert_memory_equal(ring->slots, expected, sizeof(expected));
}

static void a_refused_message_spends_nothing(void **state)
{
    struct rescind_ring *ring = *state;
    static const uint8_t bytes[RESCIND_PAYLOAD_MAX];
    uint32_t credits = 5;
    struct endpoint from = endpoint(&credits);

    assert_int_equal(endpoint_send(&from, ring, bytes, RESCIND_PAYLOAD_MAX + 1), RESCIND_INV_ARGS);
    assert_int_equal(endpoint_send(&from, ring, bytes, UINT16_MAX + 9), RESCIND_INV_ARGS);
    assert_int_equal(endpoint_send(&from, ring, bytes, (size_t)1 << 40), RESCIND_INV_ARGS);
    assert_int_equal(credits, 5);
    for (int i = 0; i < CAPACITY; i++)
        assert_int_equal(endpoint_send(&from, ring, bytes, 8), RESCIND_NO_ERROR);
    assert_int_equal(endpoint_send(&from, ring, bytes, 8), RESCIND_NO_RING_SPACE);
    ring_terminate(ring);
    assert_int_equal(endpoint_send(&from, ring, bytes, 8), RESCIND_RECV_GONE);
    assert_int_equal(credits, 5 - CAPACITY);
}

static void a_message_that_grants_nothing_brings_no_credit(void **state)
{
    uint32_t credits = 0;
    struct endpoint to = endpoint(&credits);

    (void)state;
    endpoint_credit(&to, &(struct rescind_header){.flags = RESCIND_MSG_REPLY});
    assert_int_equal(credits, 0);
    endpoint_credit(&to, &(struct rescind_header){.flags = RESCIND_MSG_CREDITS});
    assert_int_equal(credits, 1);
}

#define RING_TEST(f) cmocka_unit_test_setup_teardown(f, new_ring, free_ring)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_reply_that_is_too_long_or_has_no_room_is_refused,
                                        new_ring, free_ring),
        RING_TEST(a_new_ring_is_empty_and_laid_out_as_the_abi_says),
        RING_TEST(fetching_from_an_empty_ring_gives_nothing_and_changes_nothing),
        RING_TEST(a_message_lies_in_its_slot_byte_for_byte),
        RING_TEST(a_message_written_by_hand_is_fetched_field_by_field),
        RING_TEST(a_ring_is_full_with_one_slot_empty),
        RING_TEST(a_freed_slot_can_be_filled_again),
        RING_TEST(messages_keep_their_order_while_both_indices_wrap_again_and_again),
        RING_TEST(the_largest_message_passes_and_one_byte_more_is_refused),
        RING_TEST(a_message_may_be_empty),
        RING_TEST(nothing_enters_or_leaves_a_terminated_ring),
        RING_TEST(nothing_enters_or_leaves_a_ring_that_was_never_made_active),
        RING_TEST(every_field_of_the_control_block_is_doubted),
        RING_TEST(any_pair_of_indices_in_range_is_followed_and_none_leads_outside),
        RING_TEST(nothing_is_read_of_a_message_that_lies_about_its_length),
        RING_TEST(sending_spends_a_credit_and_the_reply_brings_it_back),
        RING_TEST(a_sent_header_says_who_sends_and_where_replies_go),
        RING_TEST(a_reply_bears_the_label_that_its_request_asked_for_and_grants_a_credit),
        RING_TEST(a_refused_message_spends_nothing),
        RING_TEST(a_message_that_grants_nothing_brings_no_credit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

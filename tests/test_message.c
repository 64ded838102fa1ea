/* Messages that are cut short, mutated or lie, and rings that make no sense: each message gets its
 * one answer, a VPE that spoils its rings ends alone, and the kernel's audit holds after every
 * event. What is right is said by the table of calls in abi.h and by the naive model's decoder.
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

enum { MUTATIONS = FEWER(2000, 8000, 40000), SPOILT_RINGS = FEWER(500, 2000, 8000), TEXT = 40 };

struct opcode {
    uint32_t number;
    size_t bytes;
};

static const struct opcode opcodes[] = {
#define OPCODE(name, number, bytes) {(number), (bytes)},
    RESCIND_SYSCALLS(OPCODE)
#undef OPCODE
};
enum { OPCODES = sizeof opcodes / sizeof opcodes[0] };

struct bench {
    struct drive *drive;
    struct order *order;
};

static int set_up(void **state)
{
    static struct bench bench;
    bench.drive = drive_populated();
    bench.order = order_new();
    *state = &bench;
    return 0;
}

static int tear_down(void **state)
{
    struct bench *bench = *state;
    drive_free(bench->drive);
    order_free(bench->order);
    return 0;
}

static void assert_well(const struct drive *drive)
{
    if (drive->failure[0]) {
        drive_print(stderr, drive);
        fail_msg("%s", drive->failure);
    }
}

/* To rest, with whatever waits in rings, and judged. */
static void assert_explained(struct bench *bench)
{
    struct drive *drive = bench->drive;
    uint32_t calls;
    do {
        calls = drive->history.count;
        drive_rest(drive);
        for (uint32_t vpe = 0; vpe < drive->config.vpes; vpe++)
            drive_deliver(drive, vpe);
    } while (calls != drive->history.count && calls < HISTORY_CALLS - 16);
    drive_rest(drive);
    drive_judge(drive, bench->order, false);
    assert_well(drive);
}

/* A call that does something: what it names is there or free in the populated kernel. */
static struct model_call valid_call(uint32_t op)
{
    struct model_call calls[] = {
        call_creategate(0, 50),
        call_delegate(2, 10, 50, 2),
        call_revoke(10, 1, true),
        call_exit(),
        call_createvpe(50, 51),
        call_vpectrl(12, RESCIND_VPE_START),
        call_fund(12, 1, false),
        call_attachrb(8, 1024),
        {.op = RESCIND_SYS_DETACHRB, .ep = 2},
        {.op = RESCIND_SYS_CREATESRV, .src = 10, .dst = 50},
        call_activate(8, 10),
        {.op = RESCIND_SYS_REQMEM, .dst = 50, .addr = RESCIND_ANY_ADDR, .size = 5000, .perms = 3},
        {.op = RESCIND_SYS_DERIVEMEM, .src = 1, .dst = 50, .size = 100, .perms = 1},
        {.op = RESCIND_SYS_CREATEMAP, .src = 1, .size = 2, .dst = RESCIND_MAP_FIRST, .perms = 5},
        call_send(4, 3, 8),
        call_receive(2, false),
        {.op = RESCIND_SYS_REPLY, .ep = 2, .id = 1, .size = 8},
        {.op = RESCIND_SYS_ACK, .ep = 2, .id = 1},
        {.op = RESCIND_SYS_READ, .ep = 5, .addr = 64, .size = 8},
        {.op = RESCIND_SYS_WRITE, .ep = 5, .addr = 64, .size = 8},
        call_listen(15, 4),
        call_port(16, 7, false),
        call_port(16, 7, true),
    };
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++)
        if (calls[i].op == op)
            return calls[i];
    return call_noop();
}

/* Its message; of a call that is not among those as many bytes as it has. */
static size_t valid_message(uint32_t op, uint8_t *out)
{
    struct model_call call = valid_call(op);
    memset(out, 0, RESCIND_PAYLOAD_MAX);
    size_t size = model_encode(&call, out);
    memcpy(out, &op, sizeof op);
    for (int i = 0; i < OPCODES; i++)
        if (opcodes[i].number == op && call.op != op)
            size = opcodes[i].bytes;
    if (op == RESCIND_SYS_PRINT) {
        out[8] = TEXT;
        memset(out + 16, 'x', TEXT);
        size += TEXT;
    }
    return size;
}

/* ---- Truncations ---------------------------------------------------------------------------- */

static enum rescind_error expected(size_t whole, size_t size)
{
    return size < whole ? RESCIND_INV_ARGS : RESCIND_NO_ERROR;
}

/* Does the whole message do something? Of other calls no more is known than that the model answers
 * the same. */
static bool is_valid(uint32_t op)
{
    return valid_call(op).op == op || op == RESCIND_SYS_PRINT;
}

/* Beyond the model there is nothing to compare with. */
static bool is_comparable(struct bench *bench)
{
    return !bench->drive->beyond;
}

static void every_truncation_of_every_call_gets_its_one_answer(void **state)
{
    struct bench *bench = *state;
    uint8_t message[RESCIND_PAYLOAD_MAX];
    for (int i = 0; i < OPCODES; i++) {
        size_t whole = valid_message(opcodes[i].number, message);
        for (size_t size = 0; size <= whole; size++) {
            drive_reset(bench->drive);
            drive_bytes(bench->drive, 0, message, size);
            assert_explained(bench);
            const struct history_entry *entry = &bench->drive->history.entries[0];
            bool exits = opcodes[i].number == RESCIND_SYS_EXIT && size == whole;
            if (is_comparable(bench))
                assert_int_equal(entry->answered, !exits);
            if (!exits && is_comparable(bench) && (size < whole || is_valid(opcodes[i].number)))
                assert_int_equal(entry->result, expected(whole, size));
        }
    }
}

static void a_truncated_message_changes_nothing(void **state)
{
    struct bench *bench = *state;
    uint8_t message[RESCIND_PAYLOAD_MAX];
    static struct model_row rows[MODEL_CAPS];
    for (int i = 0; i < OPCODES; i++) {
        size_t whole = valid_message(opcodes[i].number, message);
        for (size_t size = 0; size < whole; size++) {
            drive_reset(bench->drive);
            drive_bytes(bench->drive, 3, message, size);
            drive_rest(bench->drive);
            assert_true(model_equals(&bench->drive->start, rows, drive_rows(bench->drive, rows)));
        }
    }
}

static void bytes_behind_a_message_are_ignored(void **state)
{
    struct bench *bench = *state;
    uint8_t message[RESCIND_PAYLOAD_MAX];
    for (int i = 0; i < OPCODES; i++) {
        size_t whole = valid_message(opcodes[i].number, message);
        memset(message + whole, 0xA5, sizeof message - whole);
        for (size_t size = whole; size <= sizeof message; size += 61) {
            drive_reset(bench->drive);
            drive_bytes(bench->drive, 1, message, size);
            assert_explained(bench);
            if (opcodes[i].number != RESCIND_SYS_EXIT && is_comparable(bench) &&
                is_valid(opcodes[i].number))
                assert_int_equal(bench->drive->history.entries[0].result, expected(whole, size));
        }
    }
}

/* Bytes 4 .. 7 of a slot that holds four, 1 .. 7 of one that holds a bool, 12 .. 15 of a range. */
static void padding_may_hold_anything(void **state)
{
    struct bench *bench = *state;
    static const struct {
        uint32_t op, from, to;
    } padding[] = {{RESCIND_SYS_NOOP, 4, 8},         {RESCIND_SYS_CREATEGATE, 4, 8},
                   {RESCIND_SYS_CREATEGATE, 12, 16}, {RESCIND_SYS_CREATEGATE, 20, 24},
                   {RESCIND_SYS_CREATEGATE, 36, 40}, {RESCIND_SYS_EXCHANGE, 4, 8},
                   {RESCIND_SYS_EXCHANGE, 12, 16},   {RESCIND_SYS_EXCHANGE, 28, 32},
                   {RESCIND_SYS_EXCHANGE, 44, 48},   {RESCIND_SYS_EXCHANGE, 49, 56},
                   {RESCIND_SYS_REVOKE, 4, 8},       {RESCIND_SYS_REVOKE, 20, 24},
                   {RESCIND_SYS_REVOKE, 25, 32},     {RESCIND_SYS_PRINT, 4, 8}};
    for (size_t i = 0; i < sizeof padding / sizeof padding[0]; i++) {
        uint8_t message[RESCIND_PAYLOAD_MAX];
        size_t size = valid_message(padding[i].op, message);
        memset(message + padding[i].from, 0xFF, padding[i].to - padding[i].from);
        drive_reset(bench->drive);
        drive_bytes(bench->drive, 2, message, size);
        assert_explained(bench);
        assert_int_equal(bench->drive->history.entries[0].result, RESCIND_NO_ERROR);
    }
}

static void a_text_that_passes_its_message_is_refused(void **state)
{
    struct bench *bench = *state;
    uint8_t message[RESCIND_PAYLOAD_MAX] = {RESCIND_SYS_PRINT};
    static const uint64_t lengths[] = {0,          1,
                                       16,         471,
                                       472,        487,
                                       488,        UINT32_MAX,
                                       1ull << 32, (1ull << 32) + 1,
                                       UINT64_MAX, UINT64_MAX - 15};
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        memcpy(message + 8, &lengths[i], sizeof lengths[i]);
        drive_reset(bench->drive);
        drive_bytes(bench->drive, 0, message, sizeof message);
        assert_explained(bench);
        assert_int_equal(bench->drive->history.entries[0].result,
                         lengths[i] <= sizeof message - 16 ? RESCIND_NO_ERROR : RESCIND_INV_ARGS);
    }
}

static void a_text_reaches_the_console_as_it_was_sent(void **state)
{
    struct bench *bench = *state;
    struct rescind_kernel *kernel = bench->drive->kernel;
    uint8_t message[RESCIND_PAYLOAD_MAX];
    drive_reset(bench->drive);
    drive_put(bench->drive, 1, message, valid_message(RESCIND_SYS_PRINT, message), 16 + TEXT);
    rescind_kernel_message(kernel, 1);
    struct rescind_kernel_output output = rescind_kernel_take_output(kernel);
    assert_int_equal(output.kind, RESCIND_OUTPUT_PRINT);
    assert_int_equal(output.vpe, 1);
    assert_int_equal(output.size, TEXT);
    assert_memory_equal(output.text, message + 16, TEXT);
    assert_int_equal(rescind_kernel_take_output(kernel).kind, RESCIND_OUTPUT_REPLY);
    assert_int_equal(rescind_kernel_take_output(kernel).kind, RESCIND_OUTPUT_NOTHING);
}

/* ---- Mutations ------------------------------------------------------------------------------ */

static void mutate(uint8_t *message, size_t *size, struct choice *choice)
{
    static const uint32_t values[] = {0,  1,  2,    3,          4,          10,         11,
                                      20, 30, 0xFF, 0xFFFF,     0x7FFFFFFF, 0x80000000, 0xFFFFFFFF,
                                      40, 50, 5,    0xFFFFFFFE, 9,          16};
    for (uint32_t i = 1 + choose(choice, 4); i > 0; i--) {
        uint32_t value = values[choose(choice, sizeof values / sizeof values[0])];
        uint32_t at = choose(choice, 64);
        switch (choose(choice, 6)) {
        case 0:
            message[at] ^= (uint8_t)(1 << choose(choice, 8));
            break;
        case 1:
            message[at] = (uint8_t)choose(choice, 256);
            break;
        case 2:
            *size = choose(choice, 256) + choose(choice, 232);
            break;
        default:
            memcpy(message + at / 4 * 4, &value, sizeof value);
        }
    }
}

static void mutated_messages_are_answered_as_the_model_answers_them(void **state)
{
    struct bench *bench = *state;
    struct drive *drive = bench->drive;
    struct choice choice = choice_seeded(2022);
    for (uint32_t i = 0; i < MUTATIONS; i++) {
        uint8_t message[RESCIND_PAYLOAD_MAX];
        uint32_t vpe = choose(&choice, 4);
        size_t size = valid_message(opcodes[choose(&choice, OPCODES)].number, message);
        mutate(message, &size, &choice);
        if (i % 6 == 0)
            drive_reset(drive);
        if (!drive_idle(drive, vpe))
            continue;
        drive_bytes(drive, vpe, message, size);
        for (uint32_t events = choose(&choice, 4); events > 0; events--)
            if (rescind_kernel_ready(drive->kernel) >= 0)
                drive_work(drive, (uint32_t)rescind_kernel_ready(drive->kernel));
        if (i % 6 == 5)
            assert_explained(bench);
        assert_well(drive);
    }
}

static void a_length_that_passes_the_slot_is_refused(void **state)
{
    struct bench *bench = *state;
    uint8_t message[RESCIND_PAYLOAD_MAX];
    size_t size = valid_message(RESCIND_SYS_EXIT, message);
    for (uint32_t length = RESCIND_PAYLOAD_MAX + 1; length <= UINT16_MAX; length += 97) {
        drive_reset(bench->drive);
        drive_put(bench->drive, 0, message, size, (uint16_t)length);
        drive_deliver(bench->drive, 0);
        assert_explained(bench);
        assert_int_equal(bench->drive->history.count, 1);
        assert_int_equal(bench->drive->history.entries[0].result, RESCIND_INV_ARGS);
    }
}

/* Who calls is told by the ring; a header that names another VPE changes nothing. */
static void a_header_that_lies_about_the_sender_is_not_believed(void **state)
{
    struct bench *bench = *state;
    struct drive *drive = bench->drive;
    struct choice choice = choice_seeded(77);
    for (uint32_t i = 0; i < 500; i++) {
        uint8_t message[RESCIND_PAYLOAD_MAX];
        size_t size = valid_message(i % 2 ? RESCIND_SYS_REVOKE : RESCIND_SYS_EXIT, message);
        drive_reset(drive);
        struct rescind_ring *ring = rescind_kernel_syscall_ring(drive->kernel, 1);
        struct rescind_header header;
        uint8_t *slot = ring->slots + ring->head * RESCIND_RING_SLOT_SIZE;
        drive_put(drive, 1, message, size, (uint16_t)size);
        memcpy(&header, slot, sizeof header);
        header.flags = (uint8_t)choose(&choice, 256);
        header.sender_pe = (uint16_t)choose(&choice, 256);
        header.sender_ep = (uint8_t)choose(&choice, 256);
        header.reply_ep = (uint8_t)choose(&choice, 256);
        header.sender_vpe = (uint16_t)choose(&choice, 5);
        header.label = choose(&choice, 256);
        memcpy(slot, &header, sizeof header);
        drive_deliver(drive, 1);
        assert_explained(bench);
    }
}

/* ---- Rings ---------------------------------------------------------------------------------- */

static void a_full_ring_of_replies_holds_messages_back(void **state)
{
    struct bench *bench = *state;
    struct drive *drive = bench->drive;
    struct rescind_kernel *kernel = drive->kernel;
    uint8_t message[RESCIND_PAYLOAD_MAX];
    size_t size = valid_message(RESCIND_SYS_NOOP, message);
    drive_reset(drive);
    for (uint32_t i = 0; i < RESCIND_RING_SLOTS - 1; i++) {
        drive_put(drive, 2, message, size, (uint16_t)size);
        assert_true(rescind_kernel_message_waiting(kernel, 2));
        rescind_kernel_message(kernel, 2);
    }
    drive_put(drive, 2, message, size, (uint16_t)size);
    assert_false(rescind_kernel_message_waiting(kernel, 2));
    enum rescind_error error;
    assert_true(drive_take(drive, 2, &error));
    assert_true(rescind_kernel_message_waiting(kernel, 2));
    rescind_kernel_message(kernel, 2);
    for (uint32_t i = 0; i < RESCIND_RING_SLOTS - 1; i++)
        assert_true(drive_take(drive, 2, &error));
    assert_false(drive_take(drive, 2, &error));
}

/* Every field of both control blocks, set to what makes no sense. */
static void a_vpe_whose_ring_makes_no_sense_ends_alone(void **state)
{
    struct bench *bench = *state;
    struct drive *drive = bench->drive;
    static const uint8_t values[] = {4, 5, 0x7F, 0x80, 0xFF};
    for (uint32_t field = 0; field < 24; field++)
        for (size_t i = 0; i < 2 * sizeof values; i++) {
            drive_reset(drive);
            const struct rescind_ring *ring = i % 2 ? rescind_kernel_reply_ring(drive->kernel, 1)
                                                    : rescind_kernel_syscall_ring(drive->kernel, 1);
            if (((const uint8_t *)ring)[field] == values[i / 2])
                continue;
            drive_spoil(drive, 1, i % 2, field, values[i / 2]);
            uint8_t message[RESCIND_PAYLOAD_MAX];
            size_t size = valid_message(RESCIND_SYS_NOOP, message);
            if (i % 2)
                drive_put(drive, 1, message, size, (uint16_t)size);
            drive_deliver(drive, 1);
            assert_explained(bench);
            assert_int_equal(rescind_kernel_vpe_state(drive->kernel, 1), RESCIND_VPE_ENDED);
            struct model_call call = call_creategate(0, 60);
            assert_int_equal(drive_now(drive, 0, &call), RESCIND_NO_ERROR);
            assert_well(drive);
        }
}

/* One VPE writes into its rings whatever and whenever; the others call. */
static void a_vpe_that_writes_into_its_rings_at_any_time_harms_no_other(void **state)
{
    struct bench *bench = *state;
    struct drive *drive = bench->drive;
    for (uint32_t seed = 0; seed < SPOILT_RINGS; seed++) {
        struct choice choice = choice_seeded(seed);
        uint32_t mad = choose(&choice, 4);
        drive_reset(drive);
        for (uint32_t step = 0; step < 30 && !drive->failure[0]; step++) {
            uint32_t vpe = choose(&choice, 4);
            uint32_t offset = choose(&choice, 2)
                                  ? choose(&choice, 24)
                                  : 64 + choose(&choice, 8) * 256 + choose(&choice, 80);
            bool often = choose(&choice, 4) != 0;
            int32_t next = rescind_kernel_ready(drive->kernel);
            if (vpe == mad && !(often && offset < 24))
                drive_spoil(drive, mad, choose(&choice, 2), offset,
                            (uint8_t)choose(&choice, offset < 24 ? 6 : 33));
            if (vpe == mad) {
                drive_deliver(drive, mad);
            } else if (next >= 0 && choose(&choice, 2)) {
                drive_work(drive, (uint32_t)next);
            } else if (drive_idle(drive, vpe)) {
                struct model_call call = scenario_call(drive, vpe, 30, false, &choice);
                drive_call(drive, vpe, &call);
            }
        }
        if (drive->failure[0])
            fprintf(stderr, "seed %u: ", seed);
        assert_explained(bench);
    }
}

/* With a pattern, the tests of that name are left out. */
int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_truncation_of_every_call_gets_its_one_answer),
        cmocka_unit_test(a_truncated_message_changes_nothing),
        cmocka_unit_test(bytes_behind_a_message_are_ignored),
        cmocka_unit_test(padding_may_hold_anything),
        cmocka_unit_test(a_text_that_passes_its_message_is_refused),
        cmocka_unit_test(a_text_reaches_the_console_as_it_was_sent),
        cmocka_unit_test(mutated_messages_are_answered_as_the_model_answers_them),
        cmocka_unit_test(a_length_that_passes_the_slot_is_refused),
        cmocka_unit_test(a_header_that_lies_about_the_sender_is_not_believed),
        cmocka_unit_test(a_full_ring_of_replies_holds_messages_back),
        cmocka_unit_test(a_vpe_whose_ring_makes_no_sense_ends_alone),
        cmocka_unit_test(a_vpe_that_writes_into_its_rings_at_any_time_harms_no_other),
    };
    if (argc > 1)
        cmocka_set_skip_filter(argv[1]);
    return cmocka_run_group_tests_name("message", tests, set_up, tear_down);
}

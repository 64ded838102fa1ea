/* The mutator of fuzz_message.c: whole messages come in, are others, or go. Apart from the target,
 * which is measured without it (bench/). */
#include <glib.h>
#include <string.h>

#include "fuzz/fuzz.h"
#include "rescind/abi.h"
#include "sim/model.h"

enum { RECORDS_MAX = 8 }; /* that the target takes */

/* How long the record at the start of these bytes is. */
static size_t record_size(const uint8_t *bytes, size_t left)
{
    uint32_t claimed;
    size_t size;

    if (left < 4)
        return left;
    claimed = bytes[1] | (uint32_t)bytes[2] << 8;
    size = bytes[3];
    if (!(bytes[0] & 0x80) && bytes[0] & 0x40 && claimed > size && claimed <= RESCIND_PAYLOAD_MAX)
        size = claimed;
    return bytes[0] & 0x80 ? 4 : MIN(4 + size, left);
}

/* A call of each kind that drive_populated() lets some VPE make, now or after another: gates to it
 * at 10 and to its neighbour at 14, memory at 1, a child at 12, a line at 15 and ports at 16; a
 * service may be at 17 then, and a session at 18. */
static const struct model_call sensible[] = {
    {.op = RESCIND_SYS_PAGEFAULT, .addr = RESCIND_MAP_FIRST * RESCIND_PAGE, .perms = 1},
    {.op = RESCIND_SYS_CREATESRV, .src = 10, .dst = 17, .name = "s"},
    {.op = RESCIND_SYS_CREATESESS, .dst = 18, .name = "s"},
    {.op = RESCIND_SYS_CREATESESSAT, .src = 17, .dst = 18, .id = 1},
    {.op = RESCIND_SYS_CREATEGATE, .vpe = 2, .dst = 22, .label = 7, .ep = 2, .credits = 1},
    {.op = RESCIND_SYS_CREATEVPE, .dst = 23, .dst2 = 24, .pe = RESCIND_ANY_PE, .src = RESCIND_NONE},
    {.op = RESCIND_SYS_CREATEMAP, .src = 1, .size = 1, .dst = RESCIND_MAP_FIRST, .perms = 1},
    {.op = RESCIND_SYS_ATTACHRB, .ep = 7, .addr = 4096, .order = 8, .slot_order = 7},
    {.op = RESCIND_SYS_DETACHRB, .ep = 3},
    {.op = RESCIND_SYS_EXCHANGE, .vpe = 2, .own = {0, 10, 2}, .other = {0, 50, 2}},
    {.op = RESCIND_SYS_EXCHANGE, .vpe = 2, .own = {0, 60, 2}, .other = {0, 10, 2}, .flag = true},
    {.op = RESCIND_SYS_VPECTRL, .vpe = 12, .action = RESCIND_VPE_START},
    {.op = RESCIND_SYS_DELEGATE, .src = 18, .own = {0, 11, 1}},
    {.op = RESCIND_SYS_OBTAIN, .src = 18, .own = {0, 25, 1}},
    {.op = RESCIND_SYS_ACTIVATE, .ep = 6, .src = RESCIND_NONE, .dst = 10},
    {.op = RESCIND_SYS_REQMEM, .dst = 26, .addr = RESCIND_ANY_ADDR, .size = 4096, .perms = 3},
    {.op = RESCIND_SYS_DERIVEMEM, .src = 1, .dst = 27, .size = 4096, .perms = 3},
    {.op = RESCIND_SYS_REVOKE, .own = {0, 10, 1}, .flag = true},
    {.op = RESCIND_SYS_EXIT},
    {.op = RESCIND_SYS_NOOP},
    {.op = RESCIND_SYS_PRINT},
    {.op = RESCIND_SYS_SEND, .ep = 4, .reply_ep = 3, .size = 16, .label = 9},
    {.op = RESCIND_SYS_RECEIVE, .ep = 2},
    {.op = RESCIND_SYS_REPLY, .ep = 2, .id = 1, .size = 8},
    {.op = RESCIND_SYS_ACK, .ep = 2, .id = 1},
    {.op = RESCIND_SYS_READ, .ep = 5, .size = 32},
    {.op = RESCIND_SYS_WRITE, .ep = 5, .size = 32},
    {.op = RESCIND_SYS_FUND, .vpe = 12, .size = 4},
    {.op = RESCIND_SYS_LISTEN, .src = 15, .ep = 4},
    {.op = RESCIND_SYS_IRQACK, .src = 15},
    {.op = RESCIND_SYS_PORT_IN, .src = 16, .size = 8},
    {.op = RESCIND_SYS_PORT_OUT, .src = 16, .size = 8, .label = 1},
};

/* Words that mean something there. */
static const uint64_t words[] = {
    0,  1,  2,  3, 4, 5,    10,      11, 12, 13, 14, 15,         16,          17,         20,
    21, 30, 40, 7, 8, 4096, 0x10000, 18, 24, 32, 41, UINT32_MAX, 10ull << 32, 20ull << 32};

static void put_word(uint8_t *out, size_t at, GRand *r)
{
    memcpy(out + 8 * at, &words[g_rand_int_range(r, 0, G_N_ELEMENTS(words))], 8);
}

/* A message as a VPE would say it: a sensible one, one that is all but sensible, or any words
 * behind some opcode. Its bytes. */
static size_t make_message(uint8_t *out, GRand *r)
{
    const struct model_call *call = &sensible[g_rand_int_range(r, 0, G_N_ELEMENTS(sensible))];
    size_t size = model_encode(call, out), count = (size_t)g_rand_int_range(r, 0, 8);

    switch (g_rand_int_range(r, 0, 3)) {
    case 0:
        break;
    case 1:
        put_word(out, (size_t)g_rand_int_range(r, 0, (gint)(size / 8)), r);
        break;
    default:
        for (size_t at = 1; at <= count; at++)
            put_word(out, at, r);
        size = 8 * (count + 1);
    }
    return size;
}

static size_t make_record(uint8_t *out, GRand *r)
{
    size_t size = make_message(out + 4, r);

    out[0] = (uint8_t)(0x40 | g_rand_int_range(r, 0, 16));
    if (g_rand_boolean(r)) /* mostly of one VPE, so that calls follow from one another */
        out[0] &= 0xfc;
    out[1] = out[2] = 0;
    out[3] = (uint8_t)size;
    return 4 + size;
}

/* Half of the time a record comes in, is another, or goes; else the engine does what it does. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed)
{
    GRand *r = g_rand_new_with_seed(seed);
    uint8_t made[4 + MODEL_MESSAGE_MAX];
    size_t at = 0, old = 0, length = make_record(made, r);
    gint what = g_rand_int_range(r, 0, 6);

    for (gint skip = g_rand_int_range(r, 0, RECORDS_MAX); skip > 0 && at < size; skip--)
        at += record_size(data + at, size - at);
    if (what < 2)
        old = at < size ? record_size(data + at, size - at) : 0;
    if (what == 0)
        length = 0;
    if (what > 2 || size - old + length > most) {
        size = LLVMFuzzerMutate(data, size, most);
    } else {
        memmove(data + at + length, data + at + old, size - at - old);
        memcpy(data + at, made, length);
        size = size - old + length;
    }
    g_rand_free(r);
    return size;
}

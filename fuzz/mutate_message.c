/* The mutator of fuzz_message.c: whole messages come in, are others, or go. Apart from the target,
 * which is measured without it (bench/). */
#include <glib.h>
#include <string.h>

#include "fuzz/fuzz.h"
#include "rescind/abi.h"

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

/* A message as a VPE would say it: some opcode, and words that mean something to drive_populated().
 */
static size_t make_record(uint8_t *out, GRand *r)
{
    static const uint64_t words[] = {
        0,  1,  2,  3, 4, 5,    10,      11, 12, 13, 14,         20,          21,
        30, 40, 41, 7, 8, 4096, 0x10000, 16, 24, 32, UINT32_MAX, 10ull << 32, 20ull << 32};
    size_t count = (size_t)g_rand_int_range(r, 0, 8), size = 4;
    uint64_t opcode = (uint64_t)g_rand_int_range(r, 0, 31);

    if (opcode > RESCIND_SYS_NOOP)
        opcode += RESCIND_SYS_PRINT - RESCIND_SYS_NOOP - 1;
    out[0] = (uint8_t)(0x40 | g_rand_int_range(r, 0, 16));
    out[1] = out[2] = 0;
    out[3] = (uint8_t)(8 * (count + 1));
    memcpy(out + size, &opcode, 8);
    for (size += 8; count > 0; count--, size += 8)
        memcpy(out + size, &words[g_rand_int_range(r, 0, G_N_ELEMENTS(words))], 8);
    return size;
}

/* Half of the time a record comes in, is another, or goes; else the engine does what it does. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed)
{
    GRand *r = g_rand_new_with_seed(seed);
    uint8_t made[4 + 8 * 8];
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

/* Fuzzer: bytes into the syscall rings of a live kernel that holds a populated tree.
 *
 * An input is a sequence of records. A record's first byte says what it is: bits 0 and 1 are the
 * VPE; bits 2 and 3 say how many events of work follow it (3: until nothing can move); bit 7 set
 * makes it a lie: the two bytes behind are an offset into the page of the VPE's syscall ring (or,
 * with bit 6, its reply ring) and the third is what is written there. Otherwise two bytes are the
 * length that the message's header claims, and a third how many bytes of message follow; with
 * bit 6 the claim is put straight to what follows. Whatever is cut short ends where it ends.
 *
 * The kernel is then run to rest; its audit must hold, and the naive model must find an order of
 * the messages that explains all answers and tables. A kernel that has been at rest like this
 * before is not audited again (tests/known.h). With -DAUDIT_EVENTS the audit runs after every event
 * and always: slower, for builds that are slow anyway.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/driven.h"
#include "fuzz/fuzz.h"
#include "tests/drive.h"

#ifdef AUDIT_EVENTS
static const bool audit_events = true;
#else
static const bool audit_events = false;
#endif

enum { INPUT_MAX = 512, RECORDS_MAX = 8 };

struct input {
    const uint8_t *bytes;
    size_t left;
};

static uint32_t take(struct input *input)
{
    if (input->left == 0)
        return 0;
    input->left--;
    return *input->bytes++;
}

static void work(struct drive *drive, uint32_t events)
{
    int32_t next;
    while (events-- > 0 && (next = rescind_kernel_ready(drive->kernel)) >= 0)
        if (!drive_work(drive, (uint32_t)next))
            return;
}

static void message(struct drive *drive, uint32_t vpe, bool honest, struct input *input)
{
    uint32_t claimed = take(input) | take(input) << 8;
    uint32_t size = take(input);
    if (honest && claimed > size && claimed <= RESCIND_PAYLOAD_MAX)
        size = claimed;
    if (size > input->left)
        size = (uint32_t)input->left;
    if (drive_idle(drive, vpe) || drive_rest(drive)) {
        drive_put(drive, vpe, input->bytes, size, (uint16_t)(honest ? size : claimed));
        drive_deliver(drive, vpe);
    }
    input->bytes += size;
    input->left -= size;
}

static void record(struct drive *drive, struct input *input)
{
    uint32_t head = take(input);
    uint32_t vpe = head % drive->config.vpes;
    if (head & 0x80) {
        uint32_t offset = take(input) | take(input) << 8;
        drive_spoil(drive, vpe, head & 0x40, offset, (uint8_t)take(input));
        drive_deliver(drive, vpe);
    } else {
        message(drive, vpe, head & 0x40, input);
    }
    work(drive, (head >> 2 & 3) == 3 ? UINT32_MAX : head >> 2 & 3);
}

/* What VPEs have put into their rings beside is taken, too, while there is any. */
static bool rest(struct drive *drive)
{
    uint32_t calls = drive->history.count + 1;
    while (calls != drive->history.count) {
        if (!drive_rest(drive))
            return false;
        calls = drive->history.count;
        for (uint32_t vpe = 0; vpe < drive->config.vpes; vpe++)
            if (calls < HISTORY_CALLS - 16 && !drive_deliver(drive, vpe))
                return false;
    }
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct drive *drive;
    static struct order *order;
    struct input input = {.bytes = data, .left = size < INPUT_MAX ? size : INPUT_MAX};
    if (!drive) {
        drive = drive_populated();
        order = order_new();
        drive->audit = audit_events;
        drive->known = audit_events ? NULL : known_new();
    }
    drive_reset(drive);
    if (audit_events && memcmp(drive->arena, drive->saved, drive->used) != 0)
        abort(); /* what the last input wrote is still there */
    for (uint32_t i = 0; i < RECORDS_MAX && input.left > 0 && !drive->failure[0]; i++)
        record(drive, &input);
    if (rest(drive) && drive_audit_rest(drive) && drive_judge(drive, order, true))
        return 0;
    drive_print(stderr, drive);
    abort();
}

struct course *fuzz_course(const uint8_t *data, size_t size)
{
    return driven_course(LLVMFuzzerTestOneInput, data, size);
}

/* ---- Mutations ----------------------------------------------------------------------------- */

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

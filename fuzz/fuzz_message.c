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

#include "tests/drive.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

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

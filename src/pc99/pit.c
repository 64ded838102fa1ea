/* The 8254 interval timer (Intel 231164): a driver, for whoever includes rescind/drivers.h. Channel
 * 2's gate and output are in port 0x61, beside the loudspeaker's. */
#include "rescind/drivers.h"
#include "rescind/platform.h"

enum { COUNTERS = 0x40, CONTROL = 0x43, SPEAKER = 0x61 };
enum { BOTH_BYTES = 0x30, CHANNEL_SHIFT = 6, MODE_SHIFT = 1 };
enum { SPEAKER_GATE = 0x01, SPEAKER_ON = 0x02, SPEAKER_OUTPUT = 0x20, SPEAKER_WRITABLE = 0x0f };
enum { ONCE = 0, WAIT_CHANNEL = 2 };

void rescind_pit_start(uint8_t channel, uint8_t mode, uint16_t count)
{
    rescind_out8(CONTROL, (uint8_t)(channel << CHANNEL_SHIFT | BOTH_BYTES | mode << MODE_SHIFT));
    rescind_out8(COUNTERS + channel, (uint8_t)count);
    rescind_out8(COUNTERS + channel, (uint8_t)(count >> 8));
}

uint16_t rescind_pit_read(uint8_t channel)
{
    uint8_t low;

    rescind_out8(CONTROL, (uint8_t)(channel << CHANNEL_SHIFT));
    low = rescind_in8(COUNTERS + channel);
    return (uint16_t)(rescind_in8(COUNTERS + channel) << 8 | low);
}

static bool has_ended(void)
{
    return (rescind_in8(SPEAKER) & SPEAKER_OUTPUT) != 0;
}

/* No pauses between the looks: the end is to be seen as soon as it comes. */
static bool wait_for_end(uint32_t looks)
{
    for (uint32_t i = 0; i < looks; i++) {
        if (has_ended()) {
            return true;
        }
    }
    return false;
}

bool rescind_pit_wait(uint16_t count, uint32_t looks, void (*started)(void *), void *context)
{
    uint8_t before = rescind_in8(SPEAKER) & SPEAKER_WRITABLE;
    bool ended = false;

    rescind_out8(SPEAKER, (before & (uint8_t)~SPEAKER_ON) | SPEAKER_GATE);
    rescind_pit_start(WAIT_CHANNEL, ONCE, count);
    if (!has_ended()) { /* at once, where there is no timer */
        started(context);
        ended = wait_for_end(looks);
    }
    rescind_out8(SPEAKER, before);
    return ended;
}

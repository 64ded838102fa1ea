/* Starting processors (Intel's manual, volume 3, "Multiple-Processor Initialization"). See
 * rescind/drivers.h. */
#include "rescind/drivers.h"

enum { INIT_MICROSECONDS = 10000, START_MICROSECONDS = 200, ROUNDS = 2, MILLISECOND = 1000 };

static uint32_t count_up(uint32_t count, bool (*is_up)(void *context, uint32_t i), void *context)
{
    uint32_t up = 0;

    for (uint32_t i = 0; i < count; i++) {
        up += is_up(context, i);
    }
    return up;
}

uint32_t rescind_processors_start(const struct rescind_clock *clock, const uint32_t *apics,
                                  uint32_t count, uint32_t page, uint32_t milliseconds,
                                  bool (*is_up)(void *context, uint32_t i), void *context)
{
    uint32_t up = 0;
    bool sent = true;

    for (uint32_t i = 0; i < count && sent; i++) {
        sent = rescind_lapic_send_init(apics[i]);
    }
    if (count == 0 || !sent) {
        return 0;
    }
    rescind_clock_wait(clock, INIT_MICROSECONDS);
    for (unsigned round = 0; round < ROUNDS; round++) {
        for (uint32_t i = 0; i < count; i++) {
            if (!is_up(context, i)) {
                rescind_lapic_send_start(apics[i], page);
            }
        }
        rescind_clock_wait(clock, START_MICROSECONDS);
    }
    up = count_up(count, is_up, context);
    for (uint32_t i = 0; i < milliseconds && up < count; i++) {
        rescind_clock_wait(clock, MILLISECOND);
        up = count_up(count, is_up, context);
    }
    return up;
}

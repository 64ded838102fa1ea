/* The HPET. See rescind/drivers.h. By halves of 32 bits, which every one of them knows. */
#include "rescind/drivers.h"
#include "rescind/platform.h"

enum {
    AT_CAPABILITIES = 0x00,
    AT_PERIOD = 0x04,
    AT_CONFIGURATION = 0x10,
    AT_STATUS = 0x20,
    AT_COUNTER = 0xf0,
    AT_COUNTER_HIGH = 0xf4,
    AT_TIMERS = 0x100,
    TIMER_SIZE = 0x20,
};
enum { CAPABILITY_WIDE = 1 << 13, LAST_SHIFT = 8, LAST_MASK = 0x1f };
enum { ENABLE = 1 << 0, LEGACY = 1 << 1 };
enum { TIMER_LEVEL = 1 << 1, TIMER_ENABLE = 1 << 2, TIMER_PERIODIC = 1 << 3 };
enum { PERIOD_MAX = 100000000 }; /* femtoseconds: 100 ns */
enum { PATIENCE = 10000 };       /* looks at a counter that stands still */

static uint32_t read(const struct rescind_hpet *hpet, uint32_t reg)
{
    return rescind_read32(hpet->address + reg);
}

static void write(const struct rescind_hpet *hpet, uint32_t reg, uint32_t value)
{
    rescind_write32(hpet->address + reg, value);
}

static bool complain(struct rescind_trouble *trouble, const char *what, uint64_t value)
{
    *trouble = (struct rescind_trouble){"HPET", what, value};
    return false;
}

static void stop_timers(const struct rescind_hpet *hpet)
{
    for (uint32_t i = 0; i < hpet->timers; i++) {
        uint32_t reg = AT_TIMERS + i * TIMER_SIZE;

        write(hpet, reg,
              read(hpet, reg) & ~(uint32_t)(TIMER_LEVEL | TIMER_ENABLE | TIMER_PERIODIC));
    }
}

static bool counts(const struct rescind_hpet *hpet)
{
    uint32_t first = read(hpet, AT_COUNTER);

    for (unsigned i = 0; i < PATIENCE; i++) {
        if (read(hpet, AT_COUNTER) != first) {
            return true;
        }
        rescind_pause();
    }
    return false;
}

bool rescind_hpet_init(struct rescind_hpet *hpet, uint64_t address, struct rescind_trouble *trouble)
{
    uint32_t capabilities, configuration;

    *hpet = (struct rescind_hpet){.address = address};
    capabilities = read(hpet, AT_CAPABILITIES);
    if (capabilities == 0 || capabilities == UINT32_MAX) {
        return complain(trouble, "there is none with these capabilities", capabilities);
    }
    hpet->period = read(hpet, AT_PERIOD);
    if (hpet->period == 0 || hpet->period > PERIOD_MAX) {
        return complain(trouble, "its period makes no sense", hpet->period);
    }
    hpet->timers = (capabilities >> LAST_SHIFT & LAST_MASK) + 1;
    hpet->wide = (capabilities & CAPABILITY_WIDE) != 0;
    configuration = read(hpet, AT_CONFIGURATION) & ~(uint32_t)(ENABLE | LEGACY);
    write(hpet, AT_CONFIGURATION, configuration);
    stop_timers(hpet);
    write(hpet, AT_STATUS, UINT32_MAX);
    write(hpet, AT_CONFIGURATION, configuration | ENABLE);
    return counts(hpet) || complain(trouble, "its counter stands still", read(hpet, AT_COUNTER));
}

uint64_t rescind_hpet_count(const struct rescind_hpet *hpet)
{
    uint32_t high, low, again;

    if (!hpet->wide) {
        return read(hpet, AT_COUNTER);
    }
    high = read(hpet, AT_COUNTER_HIGH);
    low = read(hpet, AT_COUNTER);
    again = read(hpet, AT_COUNTER_HIGH);
    /* It has carried in between: so lately that the lower half, read anew, belongs to it. */
    return (uint64_t)again << 32 | (again == high ? low : read(hpet, AT_COUNTER));
}

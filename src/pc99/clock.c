/* Measuring the processor's clocks, and waiting by them. See rescind/drivers.h. */
#include "rescind/drivers.h"
#include "rescind/platform.h"

enum { PIT_CHANNEL = 2, PIT_COUNT = RESCIND_PIT_HZ / 1000, CLOSE = 16 };
enum { TSC_LEAST = 100000, TSC_MOST = 16000000, LAPIC_LEAST = 100, LAPIC_MOST = 1000000 }; /* kHz */
enum { LOOKS_PER_MICROSECOND = 1000 }; /* no processor looks more often */
#define FEMTOSECONDS_PER_MS ((uint64_t)1000000000000)

/* All clocks at about one time. */
struct sample {
    const struct rescind_hpet *hpet; /* or NULL */
    uint64_t tsc, ticks;
    uint32_t lapic;
};

struct window {
    struct sample begin, end;
    uint32_t pit_ticks; /* in between; 0: the PIT has not come so far */
};

/* What one measurement comes to, by one of the two: zeros where there is none. */
struct rates {
    uint64_t tsc, lapic; /* kHz */
};

struct measurement {
    struct rates pit, hpet;
};

static void look(void *context)
{
    struct sample *sample = context;

    sample->tsc = rescind_ticks();
    sample->lapic = rescind_lapic_count();
    sample->ticks = sample->hpet != NULL ? rescind_hpet_count(sample->hpet) : 0;
}

/* HPET ticks between two samples, around its end once. */
static uint64_t ticks_between(const struct sample *begin, const struct sample *end)
{
    uint64_t ticks = end->ticks - begin->ticks;

    return begin->hpet->wide ? ticks : (uint32_t)ticks;
}

/* A millisecond by the PIT's channel 2, which runs; from one of its ticks to another, since they
 * are long. It is read beside the other clocks at both ends: so whoever is kept from looking when
 * the millisecond ends, by an emulator's host, say, has a longer one. */
static void wait_by_pit(void *context)
{
    struct window *window = context;
    uint16_t first = rescind_pit_read(PIT_CHANNEL), now = first;

    look(&window->begin); /* once for the caches, so that the two that count take the same time */
    for (uint32_t i = 0; i < RESCIND_CLOCK_PATIENCE && now == first; i++) {
        now = rescind_pit_read(PIT_CHANNEL);
    }
    look(&window->begin);
    first = now;
    for (uint32_t i = 0; i < RESCIND_CLOCK_PATIENCE; i++) {
        now = rescind_pit_read(PIT_CHANNEL);
        if ((uint16_t)(first - now) >= PIT_COUNT) {
            look(&window->end);
            window->pit_ticks = (uint16_t)(first - now);
            return;
        }
    }
}

/* A millisecond by the HPET. False: it never comes to its end. */
static bool wait_by_hpet(struct sample *begin, struct sample *end)
{
    uint64_t millisecond = FEMTOSECONDS_PER_MS / begin->hpet->period;

    look(end); /* for the caches */
    look(begin);
    for (uint32_t i = 0; i < RESCIND_CLOCK_PATIENCE; i++) {
        look(end);
        if (ticks_between(begin, end) >= millisecond) {
            return true;
        }
    }
    return false;
}

static struct rates rates_by_pit(const struct window *window)
{
    const struct sample *begin = &window->begin, *end = &window->end;
    uint64_t lapic = begin->lapic - end->lapic;

    return (struct rates){
        .tsc = (end->tsc - begin->tsc) * RESCIND_PIT_HZ / (window->pit_ticks * 1000),
        .lapic = lapic * RESCIND_PIT_HZ / (window->pit_ticks * 1000),
    };
}

static struct rates rates_by_hpet(const struct sample *begin, const struct sample *end)
{
    uint64_t nanoseconds = ticks_between(begin, end) * begin->hpet->period / 1000000;

    if (nanoseconds == 0) {
        return (struct rates){0};
    }
    return (struct rates){
        .tsc = (end->tsc - begin->tsc) * 1000000 / nanoseconds,
        .lapic = (uint64_t)(begin->lapic - end->lapic) * 1000000 / nanoseconds,
    };
}

/* One millisecond. *pit becomes false when that never ends. False: nobody's does. */
static bool measure(const struct rescind_hpet *hpet, bool *pit, struct measurement *out)
{
    struct window window = {.begin.hpet = hpet, .end.hpet = hpet};

    *out = (struct measurement){0};
    rescind_lapic_count_down();
    if (*pit) {
        rescind_pit_wait(0, 0, wait_by_pit, &window); /* waits in there, and not for its end */
        *pit = window.pit_ticks != 0;
    }
    if (*pit) {
        out->pit = rates_by_pit(&window);
    } else if (hpet == NULL || !wait_by_hpet(&window.begin, &window.end)) {
        return false;
    }
    if (hpet != NULL) {
        out->hpet = rates_by_hpet(&window.begin, &window.end);
    }
    return true;
}

static bool are_close(uint64_t a, uint64_t b)
{
    uint64_t more = a > b ? a : b;

    return more - (a < b ? a : b) <= more / CLOSE;
}

/* What no PC has is no clock, however often it is measured: waits by it would be ages long, or a
 * timer's interrupts would come without a break. */
static bool makes_sense(const struct rates *rates)
{
    return rates->tsc >= TSC_LEAST && rates->tsc <= TSC_MOST && rates->lapic >= LAPIC_LEAST &&
           rates->lapic <= LAPIC_MOST;
}

static bool agree(const struct rates *a, const struct rates *b)
{
    return makes_sense(a) && makes_sense(b) && are_close(a->tsc, b->tsc) &&
           are_close(a->lapic, b->lapic);
}

static bool believe(struct rescind_clock *clock, const struct rates *rates, const char *source)
{
    *clock = (struct rescind_clock){rates->tsc, (uint32_t)rates->lapic, source};
    return true;
}

/* Whether the last of the measurements settles it. */
static bool settle(struct rescind_clock *clock, const struct measurement *last, bool has_before,
                   bool pit, bool hpet)
{
    const struct measurement *before = has_before ? last - 1 : last;

    if (pit && hpet) {
        return agree(&last->pit, &last->hpet) && believe(clock, &last->hpet, "HPET");
    }
    if (pit) {
        return has_before && agree(&before->pit, &last->pit) && believe(clock, &last->pit, "PIT");
    }
    return has_before && agree(&before->hpet, &last->hpet) && believe(clock, &last->hpet, "HPET");
}

/* All measurements are there, and PIT and HPET disagree in each. */
static bool choose(struct rescind_clock *clock, const struct measurement *all)
{
    const struct measurement *last = &all[RESCIND_CLOCK_TRIES - 1];
    bool pit = true, hpet = true;

    for (unsigned i = 0; i < RESCIND_CLOCK_TRIES; i++) {
        for (unsigned j = 0; j < i; j++) {
            pit = pit && agree(&all[i].pit, &all[j].pit);
            hpet = hpet && agree(&all[i].hpet, &all[j].hpet);
        }
    }
    return (pit && believe(clock, &last->pit, "PIT")) ||
           (hpet && believe(clock, &last->hpet, "HPET"));
}

static bool complain(struct rescind_trouble *trouble, const struct measurement *last, bool pit,
                     bool hpet)
{
    const struct rates *rates = pit ? &last->pit : &last->hpet;

    if (!pit && rates->tsc == 0 && rates->lapic == 0) {
        *trouble = hpet ? (struct rescind_trouble){"HPET", "no millisecond of it ends", 0}
                        : (struct rescind_trouble){"PIT", "no millisecond of it ends", 0};
    } else if (rates->tsc == 0) {
        *trouble = (struct rescind_trouble){"processor", "its time stamp counter stands still", 0};
    } else if (rates->lapic == 0) {
        *trouble = (struct rescind_trouble){"local APIC", "its timer stands still", 0};
    } else if (rates->tsc < TSC_LEAST || rates->tsc > TSC_MOST) {
        *trouble = (struct rescind_trouble){"processor", "no clock has so many kHz", rates->tsc};
    } else if (!makes_sense(rates)) {
        *trouble = (struct rescind_trouble){"local APIC", "no timer has so many kHz", rates->lapic};
    } else {
        *trouble = (struct rescind_trouble){
            "PIT", "no two measurements agree; the last, in kHz, of the processor's clock",
            rates->tsc};
    }
    return false;
}

bool rescind_clock_measure(struct rescind_clock *clock, const struct rescind_hpet *hpet,
                           struct rescind_trouble *trouble)
{
    struct measurement all[RESCIND_CLOCK_TRIES];
    bool pit = true, ends = true, settled = false;
    unsigned count = 0;

    while (ends && !settled && count < RESCIND_CLOCK_TRIES) {
        ends = measure(hpet, &pit, &all[count]);
        settled = ends && settle(clock, &all[count], count > 0, pit, hpet != NULL);
        count++;
    }
    rescind_lapic_set_timer(0);
    if (!settled && ends && pit && hpet != NULL) {
        settled = choose(clock, all);
    }
    return settled || complain(trouble, &all[count - 1], pit, hpet != NULL);
}

void rescind_clock_wait(const struct rescind_clock *clock, uint32_t microseconds)
{
    uint64_t begin = rescind_ticks();
    uint64_t ticks = clock->tsc_khz * microseconds / 1000;
    uint64_t looks = (uint64_t)microseconds * LOOKS_PER_MICROSECOND;

    while (looks > 0 && rescind_ticks() - begin < ticks) {
        rescind_pause();
        looks--;
    }
}

/* The local APIC of the processor that runs this. See rescind/drivers.h.
 *
 * Its registers are where they are on every PC. Should firmware have moved them, or switched to
 * the registers of x2APIC, rescind_lapic_init() undoes that; so nobody else has to ask where they
 * are, and the end of an interrupt is one write.
 */
#include "rescind/drivers.h"
#include "rescind/platform.h"

#define BASE ((uint64_t)0xfee00000)

enum {
    LAPIC_ID = 0x20,
    LAPIC_VERSION = 0x30,
    LAPIC_TASK_PRIORITY = 0x80,
    LAPIC_END = 0xb0,
    LAPIC_SPURIOUS = 0xf0,
    LAPIC_COMMAND = 0x300,
    LAPIC_TARGET = 0x310,
    LAPIC_LOCAL_TIMER = 0x320,
    LAPIC_LOCAL_THERMAL = 0x330,
    LAPIC_LOCAL_COUNT = 0x340,
    LAPIC_LOCAL_0 = 0x350,
    LAPIC_LOCAL_1 = 0x360,
    LAPIC_LOCAL_ERROR = 0x370,
    LAPIC_INITIAL = 0x380,
    LAPIC_CURRENT = 0x390,
    LAPIC_DIVIDE = 0x3e0,
};
enum { MSR_APIC_BASE = 0x1b, BASE_FIRST = 1 << 8, BASE_EXTENDED = 1 << 10, BASE_ENABLE = 1 << 11 };
#define BASE_PLACE ((uint64_t)0xffffff000)
enum { LOCAL_MASKED = 1 << 16, LOCAL_PERIODIC = 1 << 17, SPURIOUS_ENABLE = 1 << 8 };
enum {
    COMMAND_INIT = 5 << 8,
    COMMAND_START = 6 << 8,
    COMMAND_PENDING = 1 << 12,
    COMMAND_ASSERT = 1 << 14,
    ID_SHIFT = 24,
    PAGE_SHIFT = 12,
};
/* Of the version: integrated ones begin at 0x10; how many local vectors there are, less one. */
enum { VERSION_FIRST = 0x10, VERSION_MASK = 0xff, LOCAL_SHIFT = 16, LOCAL_MASK = 0xff };
enum { LOCAL_LEAST = 3, LOCAL_WITH_COUNT = 4, LOCAL_WITH_THERMAL = 5 };
enum { DIVIDE_BY_16 = 3 };

static uint32_t read(uint32_t reg)
{
    return rescind_read32(BASE + reg);
}

static void write(uint32_t reg, uint32_t value)
{
    rescind_write32(BASE + reg, value);
}

static bool complain(struct rescind_trouble *trouble, const char *what, uint64_t value)
{
    *trouble = (struct rescind_trouble){"local APIC", what, value};
    return false;
}

/* Out of x2APIC there is no way but through being disabled. */
static void enable(void)
{
    uint64_t base = rescind_read_msr(MSR_APIC_BASE), kept = base & BASE_FIRST;

    if ((base & BASE_EXTENDED) != 0) {
        rescind_write_msr(MSR_APIC_BASE, BASE | kept);
    }
    if ((base & ~(uint64_t)BASE_FIRST) != (BASE | BASE_ENABLE)) {
        rescind_write_msr(MSR_APIC_BASE, BASE | kept | BASE_ENABLE);
    }
}

static void mask(uint32_t last)
{
    write(LAPIC_LOCAL_TIMER, LOCAL_MASKED);
    write(LAPIC_LOCAL_0, LOCAL_MASKED);
    write(LAPIC_LOCAL_1, LOCAL_MASKED);
    write(LAPIC_LOCAL_ERROR, LOCAL_MASKED);
    if (last >= LOCAL_WITH_COUNT) {
        write(LAPIC_LOCAL_COUNT, LOCAL_MASKED);
    }
    if (last >= LOCAL_WITH_THERMAL) {
        write(LAPIC_LOCAL_THERMAL, LOCAL_MASKED);
    }
}

bool rescind_lapic_init(uint8_t spurious, struct rescind_trouble *trouble)
{
    uint32_t version, last;

    enable();
    if ((rescind_read_msr(MSR_APIC_BASE) & (BASE_PLACE | BASE_ENABLE)) != (BASE | BASE_ENABLE)) {
        return complain(trouble, "it can't be enabled: its base", rescind_read_msr(MSR_APIC_BASE));
    }
    version = rescind_lapic_version();
    last = version >> LOCAL_SHIFT & LOCAL_MASK;
    if ((version & VERSION_MASK) < VERSION_FIRST || (version & VERSION_MASK) == VERSION_MASK ||
        last < LOCAL_LEAST) {
        return complain(trouble, "there is none with this version", version);
    }
    write(LAPIC_SPURIOUS, SPURIOUS_ENABLE | spurious);
    if ((read(LAPIC_SPURIOUS) & (SPURIOUS_ENABLE | 0xff)) !=
        (uint32_t)(SPURIOUS_ENABLE | spurious)) {
        return complain(trouble, "it stays disabled", read(LAPIC_SPURIOUS));
    }
    mask(last);
    write(LAPIC_TASK_PRIORITY, 0);
    write(LAPIC_INITIAL, 0);
    return true;
}

uint32_t rescind_lapic_id(void)
{
    return read(LAPIC_ID) >> ID_SHIFT;
}

uint32_t rescind_lapic_version(void)
{
    return read(LAPIC_VERSION);
}

void rescind_lapic_timer(uint8_t vector, uint32_t ticks)
{
    write(LAPIC_DIVIDE, DIVIDE_BY_16);
    write(LAPIC_LOCAL_TIMER, LOCAL_PERIODIC | vector);
    write(LAPIC_INITIAL, ticks);
}

void rescind_lapic_count_down(void)
{
    write(LAPIC_DIVIDE, DIVIDE_BY_16);
    write(LAPIC_LOCAL_TIMER, LOCAL_MASKED);
    write(LAPIC_INITIAL, UINT32_MAX);
}

void rescind_lapic_set_timer(uint32_t ticks)
{
    write(LAPIC_INITIAL, ticks);
}

uint32_t rescind_lapic_count(void)
{
    return read(LAPIC_CURRENT);
}

void rescind_lapic_end(void)
{
    write(LAPIC_END, 0);
}

static bool is_idle(void)
{
    for (unsigned i = 0; i < RESCIND_LAPIC_PATIENCE; i++) {
        if ((read(LAPIC_COMMAND) & COMMAND_PENDING) == 0) {
            return true;
        }
        rescind_pause();
    }
    return false;
}

/* Writing the command's lower half sends it. */
static bool send(uint32_t apic, uint32_t command)
{
    if (!is_idle()) {
        return false;
    }
    write(LAPIC_TARGET, apic << ID_SHIFT);
    write(LAPIC_COMMAND, command);
    return true;
}

bool rescind_lapic_send(uint32_t apic, uint8_t vector)
{
    return send(apic, COMMAND_ASSERT | vector);
}

bool rescind_lapic_send_init(uint32_t apic)
{
    return send(apic, COMMAND_INIT | COMMAND_ASSERT);
}

bool rescind_lapic_send_start(uint32_t apic, uint32_t page)
{
    return send(apic, COMMAND_START | COMMAND_ASSERT | page >> PAGE_SHIFT);
}

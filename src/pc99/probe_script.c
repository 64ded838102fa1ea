/* Accesses to devices by a script. See probe_script.h. */
#include "pc99/probe_script.h"

#include "rescind/drivers.h"
#include "rescind/platform.h"
#include "pc99/layout.h"

_Static_assert(sizeof(struct probe_script) == 16 && sizeof(struct probe_access) == 32,
               "scripts look the same to whoever writes them");

enum { PORTS = 1 << 16, UART_PORTS = 8 };

bool probe_is_script(const void *bytes, uint64_t size)
{
    return size >= sizeof(struct probe_script) &&
           ((const struct probe_script *)bytes)->magic == PROBE_MAGIC;
}

/* Whether an access touches one of `count` ports from `port` on. */
static bool touches(const struct probe_access *access, uint64_t port, uint64_t count)
{
    return access->address < port + count && access->address + access->bytes > port;
}

static const char *check_interrupt(const struct probe_access *access)
{
    return access->write != 0 || access->memory != 0 || access->bytes != 2 || access->address != 0
               ? "an interrupt is nowhere"
               : NULL;
}

static const char *check_port(const struct probe_access *access)
{
    if (access->bytes > 4) {
        return "ports are at most 32 bits wide";
    }
    if (access->address >= PORTS || access->address + access->bytes > PORTS) {
        return "ports end at 0xffff";
    }
    if (touches(access, RESCIND_COM2, UART_PORTS)) {
        return "the second serial port is what the results leave through";
    }
    return touches(access, EXIT_PORT, 1) ? "port 0xf4 ends the machine" : NULL;
}

const char *probe_check_access(const struct probe_access *access)
{
    uint64_t bytes = access->bytes;

    if (access->write > 1 || access->memory > 1 || access->interrupt > 1) {
        return "an access is of no kind that there is";
    }
    if (bytes == 0 || bytes > 8 || (bytes & (bytes - 1)) != 0) {
        return "an access is of no width that there is";
    }
    if (access->wait > PROBE_WAIT) {
        return "a wait is of 10 seconds at most";
    }
    if (access->interrupt != 0) {
        return check_interrupt(access);
    }
    if (access->memory == 0) {
        return check_port(access);
    }
    if (access->address < PROBE_MEMORY) {
        return "below 0x80000000 there is memory, and no device";
    }
    return access->address > DIRECT_LIMIT - bytes ? "memory ends at 0xffffffff" : NULL;
}

static const struct probe_access *access_at(const void *script, uint32_t number)
{
    const struct probe_script *header = script;

    return (const struct probe_access *)(const void *)(header + 1) + number;
}

const char *probe_check(const void *script, uint64_t size)
{
    const struct probe_script *header = script;
    const char *wrong = NULL;

    if (!probe_is_script(script, size)) {
        return "it does not begin as one";
    }
    if (header->count > PROBE_ACCESSES) {
        return "there are too many accesses";
    }
    if (header->size != size ||
        size != sizeof *header + (uint64_t)header->count * sizeof(struct probe_access)) {
        return "its size is not that of its accesses";
    }
    for (uint32_t i = 0; i < header->count && wrong == NULL; i++) {
        wrong = probe_check_access(access_at(script, i));
    }
    return wrong;
}

struct probe_access *probe_at(struct probe_script *script, uint32_t number)
{
    return (struct probe_access *)(void *)(script + 1) + number;
}

static uint64_t read_port(uint16_t port, unsigned bytes)
{
    switch (bytes) {
    case 1:
        return rescind_in8(port);
    case 2:
        return rescind_in16(port);
    default:
        return rescind_in32(port);
    }
}

static void write_port(uint16_t port, unsigned bytes, uint64_t value)
{
    switch (bytes) {
    case 1:
        rescind_out8(port, (uint8_t)value);
        break;
    case 2:
        rescind_out16(port, (uint16_t)value);
        break;
    default:
        rescind_out32(port, (uint32_t)value);
    }
}

static uint64_t read_memory(uint64_t address, unsigned bytes)
{
    switch (bytes) {
    case 1:
        return rescind_read8(address);
    case 2:
        return rescind_read16(address);
    case 4:
        return rescind_read32(address);
    default:
        return rescind_read64(address);
    }
}

static void write_memory(uint64_t address, unsigned bytes, uint64_t value)
{
    switch (bytes) {
    case 1:
        rescind_write8(address, (uint8_t)value);
        break;
    case 2:
        rescind_write16(address, (uint16_t)value);
        break;
    case 4:
        rescind_write32(address, (uint32_t)value);
        break;
    default:
        rescind_write64(address, value);
    }
}

void probe_make(struct probe_access *access)
{
    if (access->memory != 0 && access->write != 0) {
        write_memory(access->address, access->bytes, access->value);
    } else if (access->memory != 0) {
        access->value = read_memory(access->address, access->bytes);
    } else if (access->write != 0) {
        write_port((uint16_t)access->address, access->bytes, access->value);
    } else {
        access->value = read_port((uint16_t)access->address, access->bytes);
    }
}

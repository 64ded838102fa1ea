/* PVH's start information. See pvh.h. */
#include "pc99/pvh.h"

#include <stddef.h>

#include "pc99/frames.h"
#include "pc99/layout.h"

enum { PVH_MAGIC = 0x336ec578, PVH_RAM = 1 };

struct start_info {
    uint32_t magic, version, flags, module_count;
    uint64_t modules, command_line, rsdp;
    uint64_t map; /* this and the next since version 1 */
    uint32_t map_count, reserved;
};

struct module_entry {
    uint64_t start, size, command_line, reserved;
};

struct map_entry {
    uint64_t start, size;
    uint32_t type, reserved;
};

/* Whether `size` bytes from `start` on can be read through the direct map. */
static bool reachable(uint64_t start, uint64_t size)
{
    return start != 0 && start < DIRECT_LIMIT && size <= DIRECT_LIMIT - start;
}

static const char *read_line(uint64_t address, struct pvh_info *out)
{
    const char *text = frames_at(address);

    out->line[0] = '\0';
    if (address == 0) {
        return NULL;
    }
    if (!reachable(address, PVH_LINE_MAX)) {
        return "the command line is out of reach";
    }
    for (size_t i = 0; i < PVH_LINE_MAX; i++) {
        out->line[i] = text[i];
        if (text[i] == '\0') {
            return NULL;
        }
    }
    return "the command line is too long";
}

static const char *read_module(const struct start_info *info, struct pvh_info *out)
{
    const struct module_entry *entry = frames_at(info->modules);

    out->module_size = 0;
    if (info->module_count == 0) {
        return NULL;
    }
    if (!reachable(info->modules, sizeof *entry) || !reachable(entry->start, entry->size)) {
        return "the start-up module is out of reach";
    }
    if (entry->start % PAGE_SIZE != 0) {
        return "the start-up module does not start on a page";
    }
    out->module = entry->start;
    out->module_size = entry->size;
    return NULL;
}

static const char *read_map(const struct start_info *info, struct pvh_info *out)
{
    const struct map_entry *map = frames_at(info->map);

    out->range_count = 0;
    if (info->version < 1 || !reachable(info->map, (uint64_t)info->map_count * sizeof *map)) {
        return "the loader gives no memory map";
    }
    for (uint32_t i = 0; i < info->map_count && out->range_count < PVH_RANGES_MAX; i++) {
        if (map[i].type == PVH_RAM && map[i].start < DIRECT_LIMIT) {
            uint64_t room = DIRECT_LIMIT - map[i].start;
            uint64_t size = map[i].size < room ? map[i].size : room;

            out->ranges[out->range_count++] = (struct pvh_range){map[i].start, map[i].start + size};
        }
    }
    return NULL;
}

const char *pvh_read(uint64_t start, struct pvh_info *out)
{
    const struct start_info *info = frames_at(start);
    const char *wrong;

    if (!reachable(start, sizeof *info) || info->magic != PVH_MAGIC) {
        return "this was not started through PVH";
    }
    wrong = read_line(info->command_line, out);
    if (wrong == NULL) {
        wrong = read_module(info, out);
    }
    if (wrong == NULL) {
        wrong = read_map(info, out);
    }
    return wrong;
}

/* PVH's start information. See loader.h.
 * Source: Xen, public/arch-x86/hvm/start_info.h.
 */
#include <stddef.h>

#include "pc99/loader.h"

enum { PVH_MAGIC = 0x336ec578, PVH_RAM = 1, PVH_HAS_MAP = 1 };

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

static const char *read_line(const struct loader_memory *memory, uint64_t address,
                             struct loader_info *out)
{
    const uint8_t *text = loader_at(memory, address, LOADER_LINE_MAX);

    if (address == 0) {
        return NULL;
    }
    return text != NULL ? loader_take_line(out, text, LOADER_LINE_MAX)
                        : "the command line is out of reach";
}

static const char *read_module(const struct loader_memory *memory, const struct start_info *info,
                               struct loader_info *out)
{
    struct module_entry entry;
    const uint8_t *at = loader_at(memory, info->modules, sizeof entry);

    if (info->module_count == 0) {
        return NULL;
    }
    if (at == NULL) {
        return "the start-up module is out of reach";
    }
    __builtin_memcpy(&entry, at, sizeof entry);
    return loader_take_module(memory, out, entry.start, entry.size);
}

static const char *read_map(const struct loader_memory *memory, const struct start_info *info,
                            struct loader_info *out)
{
    struct map_entry entry;
    const uint8_t *at = loader_at(memory, info->map, (uint64_t)info->map_count * sizeof entry);

    if (info->version < PVH_HAS_MAP || at == NULL) {
        return "the loader gives no memory map";
    }
    for (uint32_t i = 0; i < info->map_count; i++) {
        __builtin_memcpy(&entry, at + i * sizeof entry, sizeof entry);
        if (entry.type == PVH_RAM) {
            loader_add_range(memory, out, entry.start, entry.size);
        }
    }
    return NULL;
}

const char *pvh_read(const struct loader_memory *memory, uint64_t start, struct loader_info *out)
{
    struct start_info info;
    const uint8_t *at = loader_at(memory, start, sizeof info);
    const char *wrong;

    if (at == NULL) {
        return "this was started neither through PVH nor by multiboot2";
    }
    __builtin_memcpy(&info, at, sizeof info);
    if (info.magic != PVH_MAGIC) {
        return "this was started neither through PVH nor by multiboot2";
    }
    out->rsdp = info.rsdp;
    wrong = read_line(memory, info.command_line, out);
    if (wrong == NULL) {
        wrong = read_module(memory, &info, out);
    }
    if (wrong == NULL) {
        wrong = read_map(memory, &info, out);
    }
    return wrong;
}

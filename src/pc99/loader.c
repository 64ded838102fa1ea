/* What the boot loader says, and what its readers share. See loader.h. */
#include "pc99/loader.h"

#include <stddef.h>

#include "pc99/layout.h"

const uint8_t *loader_at(const struct loader_memory *memory, uint64_t address, uint64_t size)
{
    if (address == 0 || address >= memory->size || size > memory->size - address) {
        return NULL;
    }
    return memory->bytes + address;
}

const char *loader_take_line(struct loader_info *out, const uint8_t *text, uint64_t size)
{
    for (uint64_t i = 0; i < size && i < LOADER_LINE_MAX; i++) {
        out->line[i] = (char)text[i];
        if (text[i] == '\0') {
            return NULL;
        }
    }
    out->line[0] = '\0';
    return size < LOADER_LINE_MAX ? "the command line has no end" : "the command line is too long";
}

const char *loader_take_module(const struct loader_memory *memory, struct loader_info *out,
                               uint64_t start, uint64_t size)
{
    if (out->module_size != 0 || size == 0) {
        return NULL;
    }
    if (loader_at(memory, start, size) == NULL) {
        return "the start-up module is out of reach";
    }
    if (start % PAGE_SIZE != 0) {
        return "the start-up module does not start on a page";
    }
    out->module = start;
    out->module_size = size;
    return NULL;
}

static uint64_t size_of(const struct loader_range *range)
{
    return range->end - range->start;
}

/* Where there is room for another range: that of the smallest, once there are too many. */
static struct loader_range *room_for(struct loader_info *out)
{
    struct loader_range *smallest = &out->ranges[0];

    if (out->range_count < LOADER_RANGES_MAX) {
        smallest = &out->ranges[out->range_count++];
        *smallest = (struct loader_range){0, 0};
        return smallest;
    }
    for (uint32_t i = 1; i < LOADER_RANGES_MAX; i++) {
        if (size_of(&out->ranges[i]) < size_of(smallest)) {
            smallest = &out->ranges[i];
        }
    }
    return smallest;
}

void loader_add_range(const struct loader_memory *memory, struct loader_info *out, uint64_t start,
                      uint64_t size)
{
    struct loader_range *last, *room, range;

    if (start >= memory->size || size == 0) {
        return;
    }
    range.start = start;
    range.end = size < memory->size - start ? start + size : memory->size;
    last = &out->ranges[out->range_count > 0 ? out->range_count - 1 : 0];
    if (out->range_count > 0 && last->end == range.start) {
        last->end = range.end;
        return;
    }
    room = room_for(out);
    if (size_of(&range) > size_of(room)) {
        *room = range;
    }
}

const char *loader_read(const struct loader_memory *memory, uint32_t magic, uint64_t start,
                        struct loader_info *out)
{
    const char *wrong;

    *out = (struct loader_info){.loader = magic == LOADER_MULTIBOOT2 ? "multiboot2" : "PVH"};
    if (magic == LOADER_MULTIBOOT2) {
        wrong = multiboot_read(memory, start, out);
    } else {
        wrong = pvh_read(memory, start, out);
    }
    if (wrong == NULL && out->range_count == 0) {
        wrong = "the loader gives no memory map";
    }
    return wrong;
}

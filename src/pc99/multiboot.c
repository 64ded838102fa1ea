/* Multiboot2's boot information: tags behind each other, each at a multiple of 8. See loader.h.
 * Source: Multiboot2 Specification version 2.0, 3.6 "Boot information format".
 */
#include <stddef.h>

#include "pc99/loader.h"

enum { INFO_HEAD = 8, INFO_MAX = 1 << 20, TAG_ALIGN = 8 };
enum {
    TAG_END = 0,
    TAG_LINE = 1,
    TAG_MODULE = 3,
    TAG_MAP = 6,
    TAG_SCREEN = 8,
    TAG_RSDP_OLD = 14, /* ACPI 1: 20 bytes */
    TAG_RSDP_NEW = 15,
};
enum { MAP_RAM = 1, SCREEN_PIXELS = 1, SCREEN_TEXT = 2 };

struct tag {
    uint32_t type, size; /* this head included, what comes behind to the next multiple of 8 not */
};

struct module_tag {
    struct tag head;
    uint32_t start, end; /* a line of text follows */
};

struct map_tag {
    struct tag head;
    uint32_t entry_size, entry_version; /* the entries follow */
};

struct map_entry {
    uint64_t start, size;
    uint32_t type, reserved;
};

struct screen_tag {
    struct tag head;
    uint64_t address;
    uint32_t pitch, width, height;
    uint8_t bits, type;
    uint16_t reserved;
    struct loader_color colors[3]; /* red, green, blue; only of SCREEN_PIXELS */
};
enum { SCREEN_HEAD = offsetof(struct screen_tag, colors) };

_Static_assert(SCREEN_HEAD == 32, "as the specification has it");

static const char *take_module(const struct loader_memory *memory, const uint8_t *at, uint32_t size,
                               struct loader_info *out)
{
    struct module_tag tag;

    if (size < sizeof tag) {
        return "the loader's word of a module is cut short";
    }
    __builtin_memcpy(&tag, at, sizeof tag);
    if (tag.end < tag.start) {
        return "the start-up module ends before it starts";
    }
    return loader_take_module(memory, out, tag.start, tag.end - tag.start);
}

static const char *take_map(const struct loader_memory *memory, const uint8_t *at, uint32_t size,
                            struct loader_info *out)
{
    struct map_tag tag;
    struct map_entry entry;

    if (size < sizeof tag) {
        return "the loader's memory map is cut short";
    }
    __builtin_memcpy(&tag, at, sizeof tag);
    if (tag.entry_size < sizeof entry || (size - sizeof tag) % tag.entry_size != 0) {
        return "the loader's memory map has entries of a size that makes no sense";
    }
    for (uint32_t i = sizeof tag; i < size; i += tag.entry_size) {
        __builtin_memcpy(&entry, at + i, sizeof entry);
        if (entry.type == MAP_RAM) {
            loader_add_range(memory, out, entry.start, entry.size);
        }
    }
    return NULL;
}

static const char *take_screen(const uint8_t *at, uint32_t size, struct loader_info *out)
{
    struct screen_tag tag = {0};
    uint32_t known = size < sizeof tag ? size : sizeof tag;

    if (size < SCREEN_HEAD) {
        return "the loader's word of the screen is cut short";
    }
    __builtin_memcpy(&tag, at, known);
    out->screen = (struct loader_screen){
        .address = tag.address,
        .pitch = tag.pitch,
        .width = tag.width,
        .height = tag.height,
        .bits = tag.bits,
    };
    if (tag.type == SCREEN_TEXT) {
        out->screen.kind = LOADER_SCREEN_TEXT;
    } else if (tag.type == SCREEN_PIXELS) {
        if (size < SCREEN_HEAD + sizeof tag.colors) {
            return "the loader's word of the screen is cut short";
        }
        out->screen.kind = LOADER_SCREEN_PIXELS;
        out->screen.red = tag.colors[0];
        out->screen.green = tag.colors[1];
        out->screen.blue = tag.colors[2];
    }
    return NULL;
}

/* A copy of ACPI's RSDP; the newer one is the better one. */
static const char *take_rsdp(const uint8_t *at, uint32_t size, struct loader_info *out)
{
    uint32_t length = size - (uint32_t)sizeof(struct tag);

    if (length > out->rsdp_size) {
        out->rsdp_size = length < LOADER_RSDP_MAX ? length : LOADER_RSDP_MAX;
        __builtin_memcpy(out->rsdp_copy, at + sizeof(struct tag), out->rsdp_size);
    }
    return NULL;
}

static const char *take(const struct loader_memory *memory, uint32_t type, const uint8_t *at,
                        uint32_t size, struct loader_info *out)
{
    switch (type) {
    case TAG_LINE:
        return loader_take_line(out, at + sizeof(struct tag), size - sizeof(struct tag));
    case TAG_MODULE:
        return take_module(memory, at, size, out);
    case TAG_MAP:
        return take_map(memory, at, size, out);
    case TAG_SCREEN:
        return take_screen(at, size, out);
    case TAG_RSDP_OLD:
    case TAG_RSDP_NEW:
        return take_rsdp(at, size, out);
    default:
        return NULL; /* nothing that is needed here */
    }
}

static const char *read_tags(const struct loader_memory *memory, const uint8_t *bytes,
                             uint32_t size, struct loader_info *out)
{
    uint32_t at = INFO_HEAD;

    while (at < size && size - at >= sizeof(struct tag)) {
        struct tag tag;
        const char *wrong;

        __builtin_memcpy(&tag, bytes + at, sizeof tag);
        if (tag.size < sizeof tag || tag.size > size - at) {
            return "a tag of the boot information has a size that makes no sense";
        }
        if (tag.type == TAG_END) {
            return NULL;
        }
        wrong = take(memory, tag.type, bytes + at, tag.size, out);
        if (wrong != NULL) {
            return wrong;
        }
        at += (tag.size + TAG_ALIGN - 1) / TAG_ALIGN * TAG_ALIGN;
    }
    return "the boot information has no end";
}

const char *multiboot_read(const struct loader_memory *memory, uint64_t start,
                           struct loader_info *out)
{
    const uint8_t *bytes = loader_at(memory, start, INFO_HEAD);
    uint32_t size = 0;

    if (bytes != NULL) {
        __builtin_memcpy(&size, bytes, sizeof size);
    }
    if (size < INFO_HEAD || size > INFO_MAX || loader_at(memory, start, size) == NULL) {
        return "the boot information is out of reach, or has a size that makes no sense";
    }
    return read_tags(memory, bytes, size, out);
}

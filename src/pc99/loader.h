/* What the boot loader says: memory, command line, start-up module, where ACPI begins, and the
 * screen. QEMU starts the image through PVH (pvh.c), GRUB through multiboot2 (multiboot.c); both
 * fill in the same struct.
 *
 * loader_read() checks and copies: each length is looked at before what it spans, and nothing is
 * read but what lies in `memory`. The loader's structures are not looked at again, so only the
 * module has to be kept out of the frames' way.
 *
 * Plain C without a processor's own instructions, so that tests run it on the host.
 */
#ifndef PC99_LOADER_H
#define PC99_LOADER_H

#include <stdbool.h>
#include <stdint.h>

enum { LOADER_LINE_MAX = 256, LOADER_RANGES_MAX = 64, LOADER_RSDP_MAX = 36 };
#define LOADER_MULTIBOOT2 0x36d76289 /* what EAX says then */

struct loader_range {
    uint64_t start, end; /* physical, of usable memory */
};

struct loader_color {
    uint8_t position, size; /* of its bits in a pixel */
};

enum loader_screen_kind { LOADER_SCREEN_NONE, LOADER_SCREEN_PIXELS, LOADER_SCREEN_TEXT };

/* As the loader says it: whoever uses it looks whether that makes sense (screen.h). */
struct loader_screen {
    enum loader_screen_kind kind;
    uint64_t address;       /* physical */
    uint32_t pitch;         /* bytes from one line to the next */
    uint32_t width, height; /* in pixels, or in characters of a text screen */
    uint32_t bits;          /* of a pixel or character */
    struct loader_color red, green, blue;
};

struct loader_info {
    const char *loader;         /* "PVH" or "multiboot2" */
    char line[LOADER_LINE_MAX]; /* the command line, NUL-terminated */
    uint64_t module;            /* physical address of the first module, a page's start;
                                   meaningful if size is not 0 */
    uint64_t module_size;       /* 0: there is none */
    uint32_t range_count;       /* of usable memory; the largest ones if there are too many */
    struct loader_range ranges[LOADER_RANGES_MAX];
    uint64_t rsdp;      /* physical address of ACPI's RSDP; 0: not told */
    uint32_t rsdp_size; /* or else its copy: so many bytes; 0: none */
    uint8_t rsdp_copy[LOADER_RSDP_MAX];
    struct loader_screen screen;
};

/* Physical memory, from 0 on, as far as it can be read. */
struct loader_memory {
    const uint8_t *bytes;
    uint64_t size;
};

/* Reads what the loader has left at physical address `start`, having called with `magic`. NULL, or
 * what is wrong with it; the screen is told in any case, if it was come by. */
const char *loader_read(const struct loader_memory *memory, uint32_t magic, uint64_t start,
                        struct loader_info *out);

/* ---- For the readers ----------------------------------------------------------------------- */

const char *pvh_read(const struct loader_memory *memory, uint64_t start, struct loader_info *out);
const char *multiboot_read(const struct loader_memory *memory, uint64_t start,
                           struct loader_info *out);

/* The `size` bytes at `address`; NULL: they are not all within reach, or at address 0. */
const uint8_t *loader_at(const struct loader_memory *memory, uint64_t address, uint64_t size);

/* The command line, which ends within `size` bytes. NULL, or what is wrong. */
const char *loader_take_line(struct loader_info *out, const uint8_t *text, uint64_t size);

/* The start-up module, unless there is one already. NULL, or what is wrong. */
const char *loader_take_module(const struct loader_memory *memory, struct loader_info *out,
                               uint64_t start, uint64_t size);

/* Usable memory, as far as it is within reach. */
void loader_add_range(const struct loader_memory *memory, struct loader_info *out, uint64_t start,
                      uint64_t size);

#endif

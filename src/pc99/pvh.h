/* What the boot loader says (PVH's hvm_start_info): memory, command line, start-up module.
 *
 * pvh_read() checks and copies; the loader's structures are not looked at again, so only the
 * command line and the module have to be kept out of the way of the frames.
 * Source: Xen, public/arch-x86/hvm/start_info.h.
 */
#ifndef PC99_PVH_H
#define PC99_PVH_H

#include <stdbool.h>
#include <stdint.h>

enum { PVH_LINE_MAX = 256, PVH_RANGES_MAX = 32 };

struct pvh_range {
    uint64_t start, end; /* physical, of usable memory */
};

struct pvh_info {
    char line[PVH_LINE_MAX]; /* the command line, NUL-terminated */
    uint64_t module;         /* physical address of the first module; meaningful if size is not 0 */
    uint64_t module_size;    /* 0: there is none */
    uint32_t range_count;
    struct pvh_range ranges[PVH_RANGES_MAX];
};

/* Reads the start information at physical address `start`. NULL, or what is wrong with it. */
const char *pvh_read(uint64_t start, struct pvh_info *out);

#endif

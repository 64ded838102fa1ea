/* Booting a start-up module, or a probe script, on the PC: QEMU, and what the machine there
 * reports.
 *
 * boot_run() starts QEMU on the image, waits for the machine's end, and reads the guest's report
 * (src/pc99/report.h) from its second serial port. Nothing in the outcome comes from anywhere
 * else, and a report that is cut short or malformed in any way is an error. The time is bounded.
 * Each kernel of the module has a processor of the machine. For `rescind boot` and the tests; needs
 * qemu-system-x86_64 (RESCIND_QEMU names another).
 */
#ifndef RESCIND_SIM_BOOT_H
#define RESCIND_SIM_BOOT_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/outcome.h"

/* What the machine's clock says. Under icount a tick is an instruction, of one kernel's machine; of
 * several kernels' machines all processors' instructions count. */
struct boot_clock {
    GPtrArray *vpes;   /* of GArray of uint32_t: BOOT_CLOCK_LOOP instructions, then each call of its
                          program, from its message to its answer */
    GArray *stretches; /* of uint64_t: the longest that each kernel kept interrupts out */
    GArray *starts; /* of uint64_t: the first instruction of each kernel's first VPE, counted from
                       the machine's start, firmware included */
};
struct boot_clock *boot_clock_new(void);
void boot_clock_free(struct boot_clock *clock);

/* How the image gets into the machine: by QEMU itself, which is the quickest, or as on a real
 * machine, from a disc (disc.h) that its firmware starts. */
enum boot_via { BOOT_VIA_KERNEL, BOOT_VIA_ISO /* as a CD */, BOOT_VIA_DISK };

/* All zero will do. */
struct boot_options {
    const char *image;   /* NULL: RESCIND_IMAGE of the environment, else what boot_image() finds */
    const char *machine; /* QEMU's type: "q35" (NULL) or "pc" */
    enum boot_via via;
    bool ovmf;           /* with OVMF, which is EFI, for firmware; not BOOT_VIA_KERNEL */
    bool screen;         /* the console is on the screen, too */
    bool audit;          /* a kernel with a broken invariant at the end is an error */
    bool no_hpet;        /* of the machine */
    bool icount;         /* every run the same, instruction for instruction */
    bool log;            /* the guest says on its console what it finds */
    bool strict;         /* a word of QEMU's about what the guest does to its devices is an error */
    unsigned timeout;    /* seconds; 0: BOOT_TIMEOUT and what the module's size adds */
    unsigned memory;     /* of the machine, MiB; 0: as much as the module needs */
    unsigned processors; /* of the machine; 0: one a kernel */
    uint64_t phase;      /* another schedule for each; 0: the usual one */
    struct boot_clock *clock; /* is filled in; or NULL */
    GString *console; /* gets all that the guest wrote on its console, in any case; or NULL */
    GString *text;    /* gets the same without the kernel's own lines: programs' text; or NULL */
    /* Every message that the guest's kernel took, header and payload, in order; or NULL. */
    void (*capture)(void *context, uint32_t vpe, const uint8_t *message, size_t size);
    void *context;
};

enum { BOOT_TIMEOUT = 60, BOOT_CLOCK_LOOP = 8192, BOOT_PROCESSORS = 64 };

enum boot_error {
    BOOT_ERROR_IMAGE,   /* there is no image */
    BOOT_ERROR_QEMU,    /* QEMU or its firmware is missing, could not be started, or failed */
    BOOT_ERROR_TIMEOUT, /* the machine did not come to its end in time */
    BOOT_ERROR_GUEST,   /* the guest refused the module, was short of memory, or broke */
    BOOT_ERROR_REPORT,  /* what it reported makes no sense */
    BOOT_ERROR_WARNING, /* QEMU had to say something about it: of a `strict` run */
};
#define BOOT_ERROR boot_error_quark()
GQuark boot_error_quark(void);

/* Runs `module`, `size` bytes that have passed startup_check(). NULL: `error` says why. */
struct outcome *boot_run(const uint8_t *module, size_t size, const struct boot_options *options,
                         GError **error);

/* Writes a disc with `module` on it to file `path`. False: `error`, which may be disc.h's, says
 * why.
 */
bool boot_write_disc(const uint8_t *module, size_t size, const struct boot_options *options,
                     const char *path, GError **error);

/* Plays a probe script (pc99/probe_script.h), which has passed probe_check(), where a tick is a
 * nanosecond: values[0 .. its accesses) are what was read, or written. False: `error` says why. */
bool boot_probe(const uint8_t *script, size_t size, const struct boot_options *options,
                uint64_t *values, GError **error);

/* The image's path: in the build tree beside the running program, or in the prefix that it is
 * installed in. NULL: it is in neither. The caller frees it. */
char *boot_image(void);

/* Reads a report of the run of `module`, calling capture as boot_run() does. NULL: `error` names
 * the line. */
struct outcome *boot_report(const char *text, size_t size, const uint8_t *module,
                            const struct boot_options *options, GError **error);

/* The same for a script's of `count` accesses. */
bool boot_probe_report(const char *text, size_t size, uint32_t count, uint64_t *values,
                       GError **error);

#endif

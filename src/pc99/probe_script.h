/* Probe scripts: accesses to devices, one after the other at stated times, whose results go out
 * instead of a machine's. What a transcript (sim/transcript.h) becomes when it is played on a PC:
 * the image takes one in place of a start-up module, and does what it says before anything else
 * has touched a device (probe.h); the host plays the same accesses on its models.
 *
 * A script is trusted: it may do to the machine what it likes, but for the ports that its results
 * leave through, and memory, which is none of its business.
 */
#ifndef PC99_PROBE_SCRIPT_H
#define PC99_PROBE_SCRIPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PROBE_MAGIC  0x65626f7270637372 /* "rscprobe" */
#define PROBE_MEMORY 0x80000000         /* below it there are no devices */
#define PROBE_WAIT   10000000000        /* the longest wait, in ticks */
enum { PROBE_ACCESSES = 1 << 16 };

/* No interrupt: a vector fits in a byte. */
enum { PROBE_NONE = 0x100, PROBE_VECTOR = 0x20 /* the first that is no exception's */ };

/* One access, or an interrupt that the processor lets in. Reserved fields are 0. */
struct probe_access {
    uint8_t write, memory; /* or 0: a read, of a port */
    uint8_t bytes;         /* 1, 2, 4, or of memory 8 */
    uint8_t interrupt; /* 1: `value` is its vector, or PROBE_NONE; a read of 2 bytes, of port 0 */
    uint8_t reserved[4];
    uint64_t wait;    /* ticks from the moment of the access before (the script's start) */
    uint64_t address; /* physical, or the port */
    uint64_t value;   /* of a write; a read puts it here */
};

/* A script is this and behind it so many accesses. */
struct probe_script {
    uint64_t magic;
    uint32_t size; /* of all, in bytes */
    uint32_t count;
};

/* Whether these bytes are meant to be a script: they may be a malformed one. */
bool probe_is_script(const void *bytes, uint64_t size);

/* NULL, or what is wrong with an access, or with a script of `size` bytes. */
const char *probe_check_access(const struct probe_access *access);
const char *probe_check(const void *script, uint64_t size);

/* Of a script that has been checked. */
struct probe_access *probe_at(struct probe_script *script, uint32_t number);

/* Makes an access, now. Interrupts are for whoever plays the script. */
void probe_make(struct probe_access *access);

#endif

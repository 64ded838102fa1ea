/* The report on COM2 at the machine's end, all read out of its kernels; sim/boot.c reads it.
 *
 * Text, one record a line, numbers in hexadecimal, fields separated by one space:
 *
 *     rescind-report 1 VPES
 *     m VPE HEX...                       a message that the kernel took (if asked to capture)
 *     vpe INDEX STATE POSITION CALLS     STATE: e ended, t through its program, s stuck, n a child
 *                                        that was never started
 *     r HEX...                           its results, two digits each, 32 to a line
 *     t HEX...                           PC_CLOCK_LOOP instructions and then each call in ticks,
 *                                        eight digits each, 16 to a line (if asked to clock)
 *     c KIND SEL TYPE -                  its capabilities, by table and selector: a root,
 *     c KIND SEL TYPE VPE KIND SEL       or with its parent
 *
 * VPEs are numbered over all kernels, as the start-up module does; a parent may be on another one.
 * In place of a parent's VPE may stand x, one that the module does not know, or k, the kernel
 * itself and its registry of services.
 *
 *     s KERNEL TICKS START               the longest that it kept interrupts out, and the clock at
 *                                        its first VPE's first instruction (the same)
 *     end LINES HASH                     lines before this one; FNV-1a (64 bits) of their bytes
 *
 * A probe script's results (probe_script.h):
 *
 *     rescind-probe 1 ACCESSES
 *     v VALUE...                         one for each access, 8 to a line
 *     end LINES HASH
 */
#ifndef PC99_REPORT_H
#define PC99_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rescind/kernel.h"
#include "pc99/lock.h"

enum { REPORT_LINE = 2 * RESCIND_MSG_MAX + 64 };

struct loop;
struct probe_script;
struct runner;

struct report {
    struct lock lock; /* of report_message(), which any processor may call; the rest is one's */
    uint64_t lines;
    uint64_t hash;
    bool lost;   /* COM2 did not take everything */
    size_t used; /* of the line being made */
    char line[REPORT_LINE];
};

void report_begin(struct report *report, uint32_t vpes);
/* At most RESCIND_MSG_MAX bytes, which go out in pieces; `pause` is called behind each. */
void report_message(struct report *report, uint32_t vpe, const uint8_t *bytes, size_t size,
                    void (*pause)(struct loop *loop), struct loop *loop);
/* A VPE of the loop. No kernel may run meanwhile. */
void report_vpe(struct report *report, const struct loop *loop, const struct runner *runner);
/* Of the loop's kernel, if it had the clock. */
void report_stretch(struct report *report, const struct loop *loop);
/* False: some of it was lost on the way. */
bool report_end(struct report *report);

/* The whole report of a script that has run. False: the same. */
bool report_probe(struct report *report, struct probe_script *script);

#endif

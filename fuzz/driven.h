/* What a target does with a driver (tests/drive.h), as a litmus file and a schedule: one kernel, a
 * program of calls for each VPE, and which event came after which. For fuzz/to_litmus.c.
 */
#ifndef RESCIND_FUZZ_DRIVEN_H
#define RESCIND_FUZZ_DRIVEN_H

#include <stddef.h>
#include <stdint.h>

#include "fuzz/course.h"

/* Runs the target with this input in a process of its own, however that ends. What no litmus file
 * can say is left out: what a VPE has written into its rings itself, and the end of a VPE by force
 * that was made later. */
struct course *driven_course(int (*target)(const uint8_t *data, size_t size), const uint8_t *data,
                             size_t size);

#endif

/* Start-up modules: the check that must pass before one is read, and the way to its records.
 *
 * A module (include/rescind/startup.h) comes from outside: on the PC whoever starts the machine
 * hands it over. startup_check() reads it once from end to end, in time proportional to its size
 * and number of steps; after that nothing in it can lead a reader astray. Left to whoever acts on
 * it: that a RUN step's program exists, and that the pools are large enough for the grants. The
 * simulator, the PC's start-up code and the step machine (user/steps.h) call this.
 */
#ifndef RESCIND_USER_STARTUP_H
#define RESCIND_USER_STARTUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rescind/startup.h"

/* NULL, or what is wrong with the `size` bytes at `module`, which must be 8-aligned. */
const char *startup_check(const void *module, size_t size);

/* Of a module that passed; `index` is below its kernel_count, vpe_count, grant_count,
 * fault_count or serial_count. O(1). */
static inline const struct rescind_startup_kernel *startup_kernel(const void *module,
                                                                  uint32_t index)
{
    const struct rescind_startup *header = module;
    const void *kernels = (const uint8_t *)module + header->kernels;

    return (const struct rescind_startup_kernel *)kernels + index;
}

static inline const struct rescind_startup_vpe *startup_vpe(const void *module, uint32_t index)
{
    const struct rescind_startup *header = module;
    const void *vpes = (const uint8_t *)module + header->vpes;

    return (const struct rescind_startup_vpe *)vpes + index;
}

static inline const struct rescind_startup_grant *startup_grant(const void *module, uint32_t index)
{
    const struct rescind_startup *header = module;
    const void *grants = (const uint8_t *)module + header->grants;

    return (const struct rescind_startup_grant *)grants + index;
}

static inline const struct rescind_startup_fault *startup_fault(const void *module, uint32_t index)
{
    const struct rescind_startup *header = module;
    const void *faults = (const uint8_t *)module + header->faults;

    return (const struct rescind_startup_fault *)faults + index;
}

static inline const struct rescind_startup_serial *startup_serial(const void *module,
                                                                  uint32_t index)
{
    const struct rescind_startup *header = module;
    const void *serials = (const uint8_t *)module + header->serials;

    return (const struct rescind_startup_serial *)serials + index;
}

/* The ports that a grant names. */
static inline uint32_t startup_first_port(const struct rescind_startup_grant *grant)
{
    return grant->target & 0xffff;
}
static inline uint32_t startup_port_count(const struct rescind_startup_grant *grant)
{
    return (grant->target >> 16) + 1;
}

/* Whose these ports, or the interrupt line, are, where the machine needs them itself; NULL: they
 * can be given to a VPE. */
const char *startup_owner_of_ports(uint32_t first, uint32_t count);
const char *startup_owner_of_line(uint32_t line);
/* The interrupt line of a serial port that VPEs can be given; -1: there is none at `port`. */
int startup_line_of_serial(uint32_t port);

/* The step at `offset` of a module, and the bytes it takes with its payload, padding and checks. */
static inline const struct rescind_startup_step *startup_step(const void *module, uint32_t offset)
{
    const void *step = (const uint8_t *)module + offset;

    return step;
}

/* The first of a step's checks, behind its payload. */
static inline const struct rescind_startup_check *
startup_checks(const struct rescind_startup_step *step)
{
    const void *checks = (const uint8_t *)(step + 1) + ((step->size + 7u) & ~7u);

    return checks;
}

static inline uint32_t startup_step_size(const struct rescind_startup_step *step)
{
    return (uint32_t)sizeof(*step) + ((step->size + 7u) & ~7u) +
           step->checks * (uint32_t)sizeof(struct rescind_startup_check);
}

/* Whether a step of this kind has a result. */
static inline bool startup_has_result(uint32_t kind)
{
    return kind == RESCIND_STEP_CALL || kind == RESCIND_STEP_LOAD || kind == RESCIND_STEP_STORE;
}

/* How many VPEs of `kernel` are there at the start. O(vpe_count). */
uint32_t startup_boot_vpes(const void *module, uint32_t kernel);

#endif

/* Interrupt lines for VPEs: which input of which I/O APIC each is, and the way of an interrupt from
 * there to its kernel.
 *
 * A line goes to the processor of the kernel that has it, as vector VECTOR_LINES + line, and is
 * level triggered: what happens while it is masked is not lost then, whatever the line's device
 * does. When an interrupt comes it is masked and noted in the loop (and the loop called, so that it
 * does not go to sleep over it); the loop tells its kernel when it next looks.
 */
#ifndef PC99_IRQS_H
#define PC99_IRQS_H

#include <stdbool.h>
#include <stdint.h>

#include "pc99/devices.h"
#include "pc99/loop.h"

/* Routes each line that the module grants to the processor of its VPE's kernel, masked. False: one
 * leads nowhere; the console has it. Once, before anything runs. */
bool irqs_route(const struct rescind_startup *module, const struct devices *devices);

/* Lines of `lines`, a bit each, are masked or unmasked. */
void irqs_mask(uint32_t lines, bool masked);

/* An interrupt of vector `vector`, which is a line's, of the processor that runs this. */
void irqs_take(struct loop *loop, uint64_t vector);

static inline bool irqs_is_line(uint64_t vector)
{
    return vector >= VECTOR_LINES && vector < VECTOR_LINES + RESCIND_IRQ_LINES;
}

#endif

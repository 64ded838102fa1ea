/* Interrupt lines for VPEs. See irqs.h. */
#include "pc99/irqs.h"

#include "pc99/console.h"
#include "pc99/lock.h"
#include "user/startup.h"

/* Boot table: where each line's input is. */
static struct {
    const struct rescind_ioapic *ioapic; /* NULL: nobody has been given the line */
    uint32_t gsi;
} inputs[RESCIND_IRQ_LINES];
/* An I/O APIC's registers are reached by an index; held with interrupts off. */
static struct lock lock;

/* What the tables say of an ISA line that is not wired to the input of its number. */
static const struct rescind_acpi_override *override_of(const struct devices *devices, uint32_t line)
{
    for (uint32_t i = 0; i < devices->acpi.override_count; i++) {
        if (devices->acpi.overrides[i].line == line) {
            return &devices->acpi.overrides[i];
        }
    }
    return NULL;
}

static bool route(const struct devices *devices, uint32_t line, uint32_t apic)
{
    const struct rescind_acpi_override *override = override_of(devices, line);
    uint32_t gsi = override != NULL ? override->gsi : line;
    bool low = override != NULL && override->low;

    for (uint32_t i = 0; i < devices->ioapic_count; i++) {
        if (rescind_ioapic_route(&devices->ioapics[i], gsi, (uint8_t)(VECTOR_LINES + line), apic,
                                 low, true)) {
            inputs[line].ioapic = &devices->ioapics[i];
            inputs[line].gsi = gsi;
            return true;
        }
    }
    /* LCOV_EXCL_START: an input for each line is on every machine of QEMU's */
    console_report("interrupt line %u: no I/O APIC has an input for it", (uint64_t)line);
    return false;
    /* LCOV_EXCL_STOP */
}

bool irqs_route(const struct rescind_startup *module, const struct devices *devices)
{
    for (uint32_t i = 0; i < module->grant_count; i++) {
        const struct rescind_startup_grant *grant = startup_grant(module, i);
        uint32_t kernel = startup_vpe(module, grant->vpe)->kernel;

        if (grant->kind == RESCIND_GRANT_IRQ &&
            !route(devices, grant->target, devices->processors[kernel])) {
            return false;
        }
    }
    return true;
}

void irqs_mask(uint32_t lines, bool masked)
{
    for (uint32_t line = 0; line < RESCIND_IRQ_LINES; line++) {
        if ((lines >> line & 1) != 0 && inputs[line].ioapic != NULL) {
            lock_take(&lock);
            rescind_ioapic_mask(inputs[line].ioapic, inputs[line].gsi, masked);
            lock_give(&lock);
        }
    }
}

void irqs_take(struct loop *loop, uint64_t vector)
{
    uint32_t line = 1u << (vector - VECTOR_LINES);

    irqs_mask(line, true);
    rescind_lapic_end();
    loop->lines |= line;
    shared_nudge(loop->shared, loop->number);
}

/* Bringing up a PC's devices. See devices.h. */
#include "pc99/devices.h"

#include "pc99/console.h"

enum { SIGNATURE = 4 };
enum { QEMU_TSC_KHZ = 1000000, QEMU_LAPIC_KHZ = 62500 };

static void complain(const struct rescind_trouble *trouble, const char *remedy)
{
    console_report("%s: %s: %x; %s", trouble->device, trouble->what, trouble->value, remedy);
}

static void find_serial(const struct devices *devices)
{
    if (!rescind_uart_present(RESCIND_COM1)) {
        console_report("serial port %x: it is no 16550A", (uint64_t)RESCIND_COM1);
    } else if (devices->log) {
        console_report("serial port %x: 16550A", (uint64_t)RESCIND_COM1);
    }
}

static void log_acpi(const struct rescind_acpi *acpi)
{
    char names[RESCIND_ACPI_TABLES * (SIGNATURE + 1) + 1] = "";
    char *end = names;

    for (uint32_t i = 0; i < acpi->table_count; i++) {
        *end++ = ' ';
        for (unsigned j = 0; j < SIGNATURE; j++) {
            *end++ = acpi->tables[i][j];
        }
    }
    *end = '\0';
    console_report("ACPI revision %u:%s", (uint64_t)acpi->revision, names);
    for (uint32_t i = 0; i < acpi->override_count; i++) {
        const struct rescind_acpi_override *override = &acpi->overrides[i];

        console_report("interrupt line %u is global interrupt %u, %s, %s",
                       (uint64_t) override->line, (uint64_t) override->gsi,
                       override->level ? "level" : "edge", override->low ? "low" : "high");
    }
}

/* The tables, or what holds without them. */
static void read_acpi(uint64_t rsdp, struct devices *devices)
{
    struct rescind_trouble trouble;

    rsdp = rsdp != 0 ? rsdp : rescind_acpi_find();
    if (rsdp == 0) {
        trouble = (struct rescind_trouble){"ACPI", "no RSDP is found", 0};
    }
    if (rsdp == 0 || !rescind_acpi_read(rsdp, &devices->acpi, &trouble)) {
        complain(&trouble, "going on without its tables");
        devices->acpi = (struct rescind_acpi){.has_pics = true, .has_i8042 = true};
    } else if (devices->log) {
        log_acpi(&devices->acpi);
    }
}

/* Numbers from here on are everybody's (255), or take x2APIC's registers. */
enum { APICS_END = 255 };

static void add_processor(struct devices *devices, uint32_t apic)
{
    const struct rescind_trouble trouble = {"processor", "its local APIC's number is out of reach",
                                            apic};

    if (apic >= APICS_END) {
        complain(&trouble, "going on without it");
    } else if (devices->processor_count < RESCIND_ACPI_PROCESSORS) {
        devices->processors[devices->processor_count++] = apic;
    }
}

/* The one that runs this first; the others in the tables' order. */
static void list_processors(struct devices *devices)
{
    uint32_t here = rescind_lapic_id();

    devices->processors[0] = here;
    devices->processor_count = 1;
    for (uint32_t i = 0; i < devices->acpi.processor_count; i++) {
        if (devices->acpi.processors[i] != here) {
            add_processor(devices, devices->acpi.processors[i]);
        }
    }
    if (devices->log) {
        console_report("local APIC %u, version %x; %u processors", (uint64_t)here,
                       (uint64_t)rescind_lapic_version(), (uint64_t)devices->processor_count);
    }
}

static void find_ioapics(struct devices *devices)
{
    for (uint32_t i = 0; i < devices->acpi.ioapic_count; i++) {
        struct rescind_ioapic *ioapic = &devices->ioapics[devices->ioapic_count];
        struct rescind_trouble trouble;

        if (!rescind_ioapic_init(ioapic, devices->acpi.ioapics[i].address,
                                 devices->acpi.ioapics[i].base, &trouble)) {
            complain(&trouble, "going on without it");
        } else {
            devices->ioapic_count++;
            if (devices->log) {
                console_report("I/O APIC %u at %x, version %x: %u inputs from %u",
                               (uint64_t)ioapic->id, ioapic->address, (uint64_t)ioapic->version,
                               (uint64_t)ioapic->inputs, (uint64_t)ioapic->base);
            }
        }
    }
}

static void find_hpet(struct devices *devices)
{
    struct rescind_trouble trouble;

    if (devices->acpi.hpet == 0) {
        return;
    }
    devices->has_hpet = rescind_hpet_init(&devices->hpet, devices->acpi.hpet, &trouble);
    if (!devices->has_hpet) {
        complain(&trouble, "going on without it");
    } else if (devices->log) {
        console_report("HPET at %x: %u timers, %s bits, %u fs a tick", devices->hpet.address,
                       (uint64_t)devices->hpet.timers, devices->hpet.wide ? "64" : "32",
                       (uint64_t)devices->hpet.period);
    }
}

static void measure_clock(struct devices *devices)
{
    struct rescind_trouble trouble;

    if (!rescind_clock_measure(&devices->clock, devices->has_hpet ? &devices->hpet : NULL,
                               &trouble)) {
        complain(&trouble, "taken to be 1 GHz");
        devices->clock = (struct rescind_clock){QEMU_TSC_KHZ, QEMU_LAPIC_KHZ, "a guess"};
    } else if (devices->log) {
        console_report("clock: %u kHz, APIC timer %u kHz, by the %s", devices->clock.tsc_khz,
                       (uint64_t)devices->clock.lapic_khz, devices->clock.source);
    }
}

static void log_date(const struct devices *devices)
{
    struct rescind_date date;
    struct rescind_trouble trouble;

    if (!devices->log) {
        return;
    }
    if (!rescind_rtc_read(devices->acpi.century, &date, &trouble)) {
        complain(&trouble, "going on without the date");
    } else {
        console_report("date: %u-%u-%u, %u:%u:%u", (uint64_t)date.year, (uint64_t)date.month,
                       (uint64_t)date.day, (uint64_t)date.hour, (uint64_t)date.minute,
                       (uint64_t)date.second);
    }
}

/* What has been said of PCI: so much of it, and then just how much more there is. */
struct scan {
    const struct devices *devices;
    uint32_t functions, troubles;
};

static void log_function(void *context, const struct rescind_pci_device *device)
{
    struct scan *scan = context;

    if (!scan->devices->log || scan->functions++ >= DEVICES_FUNCTIONS_TOLD) {
        return;
    }
    console_report("PCI %u:%u.%u: %x:%x, class %x", (uint64_t)device->bus, (uint64_t)device->device,
                   (uint64_t)device->function, (uint64_t)device->vendor, (uint64_t)device->id,
                   (uint64_t)device->class_code);
    for (unsigned i = 0; i < sizeof device->bars / sizeof *device->bars; i++) {
        const struct rescind_pci_bar *bar = &device->bars[i];

        if (bar->size != 0) {
            console_report("  BAR %u: %x bytes of %s at %x", (uint64_t)i, bar->size,
                           bar->port ? "ports" : "memory", bar->address);
        }
    }
}

static void complain_of_function(void *context, const struct rescind_trouble *trouble)
{
    struct scan *scan = context;

    if (scan->troubles++ < DEVICES_TROUBLES_TOLD) {
        complain(trouble, "going on without it");
    }
}

static void scan_pci(struct devices *devices)
{
    struct scan scan = {.devices = devices};

    if (!rescind_pci_present()) {
        if (devices->log) {
            console_report("PCI: there is none");
        }
        return;
    }
    devices->functions = rescind_pci_scan(log_function, complain_of_function, &scan);
    if (scan.functions > DEVICES_FUNCTIONS_TOLD) {
        console_report("PCI: functions beyond these: %u",
                       (uint64_t)scan.functions - DEVICES_FUNCTIONS_TOLD);
    }
    if (scan.troubles > DEVICES_TROUBLES_TOLD) {
        console_report("PCI: more of this kind: %u",
                       (uint64_t)scan.troubles - DEVICES_TROUBLES_TOLD);
    }
}

bool devices_bring_up(uint64_t rsdp, bool log, const struct devices_vectors *vectors,
                      struct devices *out)
{
    struct rescind_trouble trouble;

    *out = (struct devices){.log = log};
    find_serial(out);
    rescind_pic_init(vectors->pic);
    read_acpi(rsdp, out);
    if (!rescind_lapic_init(vectors->spurious, &trouble)) {
        complain(&trouble, "nothing works without it");
        return false;
    }
    list_processors(out);
    find_ioapics(out);
    find_hpet(out);
    measure_clock(out);
    log_date(out);
    scan_pci(out);
    return true;
}

bool devices_start(const struct devices *devices, uint32_t count, uint32_t page,
                   bool (*is_up)(void *context, uint32_t i), void *context)
{
    uint32_t up;

    if (count > devices->processor_count) {
        console_report("processor %u is missing: %u kernels need one each, and there are %u",
                       (uint64_t)devices->processor_count, (uint64_t)count,
                       (uint64_t)devices->processor_count);
        return false;
    }
    up = 1 + rescind_processors_start(&devices->clock, devices->processors + 1, count - 1, page,
                                      DEVICES_PATIENCE, is_up, context);
    for (uint32_t i = 1; i < count && up < count; i++) {
        if (!is_up(context, i - 1)) {
            console_report("processor %u does not start: %u kernels need one each, and %u came up",
                           (uint64_t)i, (uint64_t)count, (uint64_t)up);
            return false;
        }
    }
    for (uint32_t i = 1; i < count && devices->log; i++) {
        console_report("processor %u: local APIC %u", (uint64_t)i,
                       (uint64_t)devices->processors[i]);
    }
    return true;
}

#!/usr/bin/env python3
"""What boot says of the devices it finds: boot_log.py TOOL CHECK, where CHECK is

boot    the log is the same on the models and on QEMU, line by line, but for the digits of what is
        measured: the clock, and the date. On q35 and pc, with one processor and four, with and
        without HPET;
faults  on the models, with each fault that they know, boot comes to its end, and says what is
        wrong where the fault matters to it.
"""
import itertools
import re
import subprocess
import sys

MACHINES = [("--machine", machine, "--smp", processors, *hpet) for machine, processors, hpet
            in itertools.product(("q35", "pc"), ("1", "4"), ((), ("--no-hpet",)))]
# Faults that a boot of two processors goes on with, and options: the line that is said of it, None
# where the log is the same as without, "" where there is none.
GOES_ON = [
    ("uart-absent=0x3f8", ""), ("uart-busy=0x3f8", ""), ("uart-absent=0x2f8", None),
    ("spurious=7", None), ("spurious=15", None), ("lost=0", None), ("i8042-busy", None),
    ("pit-still", None), ("pit-still --no-hpet", "PIT: no millisecond of it ends: 0x0; taken to be 1 GHz"),
    ("drift=30", "by the HPET"), ("drift=30 --no-hpet", "clock: "),
    ("no-hpet", "HPET: there is none"), ("hpet-still", "HPET: its counter stands still: 0x0"),
    ("hpet-period=0", "HPET: its period makes no sense: 0x0"),
    ("hpet-period=100000001", "HPET: its period makes no sense: 0x5f5e101"),
    ("hpet-period=20000000", "by the PIT"),
    ("no-ioapic", "I/O APIC: there is none"),
    ("rtc-busy", "RTC: it is being updated all the time"),
    ("rtc-rubbish=255", "RTC: there is no such date"), ("rtc-rubbish=0", "RTC: there is no such date"),
    ("pci-absent", "PCI: there is none"), ("pci-bars", "PCI: a BAR makes no sense"),
    ("pci-loop", "PCI: a bridge leads to a bus that is known"),
]
# The same of those that it stops with: without tables there is one processor.
TABLES = "going on without its tables"
STOPS = [
    ("no-lapic", "local APIC: there is none"),
    ("lapic-busy", "processor 1 does not start"), ("no-start=1", "processor 1 does not start"),
    ("no-rsdp", "ACPI: no RSDP is found: 0x0; " + TABLES),
    ("acpi-checksum=0", "RSDP: its checksum"), ("acpi-checksum=1", "RSDT: its checksum"),
    ("acpi-checksum=2", "FADT: its checksum"), ("acpi-checksum=3", "MADT: its checksum"),
    ("acpi-length=1", "RSDT: its length makes no sense: 0x8; " + TABLES),
    ("acpi-length=3", "MADT: its length makes no sense: 0x8; " + TABLES),
    ("acpi-huge=1", "RSDT: its length makes no sense: 0xffffffff; " + TABLES),
    ("acpi-huge=3", "MADT: its length makes no sense: 0xffffffff; " + TABLES),
    ("acpi-entry", "MADT: an entry's length makes no sense: 0x0; " + TABLES),
]
MEASURED = ("rescind: clock: ", "rescind: date: ")


def log(tool, *options):
    """The lines, and whether boot went on behind them."""
    done = subprocess.run([tool, "devices", "--bring-up", *options], capture_output=True, text=True,
                          timeout=120, check=False)
    if done.returncode not in (0, 1) or done.stderr:
        sys.exit(f"{' '.join(options)}: exit status {done.returncode}: {done.stderr.strip()}")
    return done.stdout.splitlines(), done.returncode == 0


def masked(line):
    return re.sub("[0-9]+", "N", line) if line.startswith(MEASURED) else line


def same(tool, machine):
    host, host_goes_on = log(tool, *machine)
    guest, guest_goes_on = log(tool, *machine, "--boot")
    if not host_goes_on or not guest_goes_on:
        yield "it does not boot: " + " / ".join((host + guest)[-1:])
    for number, pair in enumerate(itertools.zip_longest(host, guest, fillvalue="(nothing)"), 1):
        if masked(pair[0]) != masked(pair[1]):
            yield f"line {number}:\n  models: {pair[0]}\n  QEMU:   {pair[1]}"
    if sum(line.startswith(MEASURED) for line in guest) != len(MEASURED):
        yield "clock and date are not told"
    if sum(" processor " in line for line in guest) != int(machine[3]) - 1:
        yield "not all processors are told of"


def boot(tool):
    return [f"{' '.join(machine)}: {wrong}" for machine in MACHINES for wrong in same(tool, machine)]


def of_fault(tool, words, wanted, stops):
    fault, *options = words.split()
    usual, _ = log(tool, "--smp", "2", *options)
    lines, goes_on = log(tool, "--smp", "2", *options, "--fault", fault)
    new = sorted(set(lines) - set(usual))
    if goes_on == stops:
        yield f"{words}: boot {'goes on' if goes_on else 'stops'}: {lines[-1:]}"
    if wanted is None and lines != usual:
        yield f"{words}: it matters: {new}"
    if wanted == "" and lines:
        yield f"{words}: it is told of: {lines}"
    if wanted and not any(wanted in line for line in new):
        yield f"{words}: nothing says '{wanted}': {new}"


def faults(tool):
    listed = subprocess.run([tool, "devices", "--list"], capture_output=True, text=True, timeout=60,
                            check=True).stdout.splitlines()
    known = {line.split()[1] for line in listed if line.startswith("fault ")}
    tried = {words.split("=")[0].split()[0] for words, _ in GOES_ON + STOPS}
    return ([line for check in GOES_ON for line in of_fault(tool, *check, False)] +
            [line for check in STOPS for line in of_fault(tool, *check, True)] +
            [f"{fault} is not tried" for fault in sorted(known ^ tried)])


def main():
    tool, check = sys.argv[1:3]
    wrong = boot(tool) if check == "boot" else faults(tool)
    for line in wrong:
        print(line)
    print(f"{len(wrong)} complaints")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""The corpus on both targets: same_on_both.py TOOL DIRECTORY [machines].

Every race-free file's JSON object must be equal under `rescind run` and `rescind boot` but for
`target`, and so must what its programs print; those that fail (failing/) included. A racy one
(racy/) must pass on the PC, or, where it has faults, be refused there. QEMU may have nothing to
say about how the image uses its devices.

With `machines`: every machine of QEMU's (q35 and pc, with one processor and with four, with and
without HPET) gets every eighth race-free file, so that together they have them all.
"""
import concurrent.futures
import glob
import itertools
import json
import os
import subprocess
import sys

MACHINES = [machine + processors + hpet for machine, processors, hpet in itertools.product(
    (("--machine", "q35"), ("--machine", "pc")), (("--smp", "1"), ("--smp", "4")),
    ((), ("--no-hpet",)))]


def report(tool, command, path, *options):
    """The file's JSON object, and what went wrong if anything did."""
    done = subprocess.run([tool, command, "--format", "json", *options, path],
                          capture_output=True, text=True, timeout=300, check=False)
    if done.returncode not in (0, 1):
        return None, f"{command}: exit status {done.returncode}: {done.stderr}"
    told = json.loads(done.stdout)
    told["printed"] = [line for line in done.stderr.splitlines()
                       if not line.startswith("again: ")]
    return told, None


def boot(tool, path, *options):
    # Firmware, which starts discs, has ways with devices that QEMU does not like.
    strict = () if "--via" in options else ("--strict",)
    return report(tool, "boot", path, *strict, *options)


def difference(tool, path, *options):
    host, wrong = report(tool, "run", path)
    if wrong is None:
        guest, wrong = boot(tool, path, *options)
    if wrong is not None:
        return wrong
    if (host.pop("target"), guest.pop("target")) != ("host", "qemu"):
        return "target is not host and qemu"
    for key in host.keys() | guest.keys():
        if host.get(key) != guest.get(key):
            return f"{key}:\n  run:  {host.get(key)}\n  boot: {guest.get(key)}"
    return None


def passes(tool, path):
    guest, wrong = boot(tool, path)
    if wrong is None and guest["verdict"] != "pass":
        wrong = json.dumps(guest)
    return wrong


def lines(path, word):
    """How many lines of the file begin with this word."""
    with open(path, encoding="utf-8") as file:
        return sum(line.split()[:1] == [word] for line in file)


def refused(tool, path):
    done = subprocess.run([tool, "boot", path], capture_output=True, text=True, timeout=60,
                          check=False)
    if done.returncode == 3 and "only the simulator" in done.stderr:
        return None
    return f"it has faults, but: exit status {done.returncode}: {done.stderr}"


def race_free(corpus):
    return (sorted(glob.glob(os.path.join(corpus, "*.litmus"))) +
            sorted(glob.glob(os.path.join(corpus, "failing", "*.litmus"))))


def checks_of_all(corpus):
    checks = [(difference, path) for path in race_free(corpus)]
    # A few on QEMU's other machine, and with the kernel doing as little an event as it can.
    checks += [(*check, "--machine", "pc", "--work", "1") for check in checks[::8]]
    for path in sorted(glob.glob(os.path.join(corpus, "racy", "*.litmus"))):
        checks.append((refused if lines(path, "fault") else passes, path))
    return checks


def checks_of_machines(corpus):
    # By kernels, so that each machine gets some files with one, with two, ...
    paths = sorted(race_free(corpus), key=lambda path: lines(path, "kernel"))
    return [(difference, path, *machine) for path, machine in zip(paths, itertools.cycle(MACHINES))]


def main():
    tool, corpus = sys.argv[1:3]
    checks = checks_of_machines(corpus) if sys.argv[3:] else checks_of_all(corpus)
    with concurrent.futures.ThreadPoolExecutor(max_workers=2) as pool:
        found = list(pool.map(lambda check: check[0](tool, *check[1:]), checks))
    for (_, *words), wrong in zip(checks, found):
        if wrong is not None:
            print(f"{' '.join(words)}: {wrong}")
    failed = sum(wrong is not None for wrong in found)
    print(f"{len(checks) - failed} passed, {failed} failed")
    return 1 if failed or len(checks) < 30 else 0


if __name__ == "__main__":
    sys.exit(main())

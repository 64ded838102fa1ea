#!/usr/bin/env python3
"""The corpus on both targets: same_on_both.py TOOL DIRECTORY.

Every race-free file's JSON object must be equal under `rescind run` and `rescind boot` but for
`target`, and so must what its programs print; those that fail (failing/) included. A racy one
(racy/) must pass on the PC, or, where it has faults, be refused there.
"""
import glob
import json
import os
import subprocess
import sys


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


def difference(tool, path, *options):
    host, wrong = report(tool, "run", path)
    if wrong is None:
        guest, wrong = report(tool, "boot", path, *options)
    if wrong is not None:
        return wrong
    if (host.pop("target"), guest.pop("target")) != ("host", "qemu"):
        return "target is not host and qemu"
    for key in host.keys() | guest.keys():
        if host.get(key) != guest.get(key):
            return f"{key}:\n  run:  {host.get(key)}\n  boot: {guest.get(key)}"
    return None


def passes(tool, path):
    guest, wrong = report(tool, "boot", path)
    if wrong is None and guest["verdict"] != "pass":
        wrong = json.dumps(guest)
    return wrong


def has_faults(path):
    with open(path, encoding="utf-8") as file:
        return any(line.split()[:1] == ["fault"] for line in file)


def refused(tool, path):
    done = subprocess.run([tool, "boot", path], capture_output=True, text=True, timeout=60,
                          check=False)
    if done.returncode == 3 and "only the simulator" in done.stderr:
        return None
    return f"it has faults, but: exit status {done.returncode}: {done.stderr}"


def main():
    tool, corpus = sys.argv[1:3]
    passed = failed = 0
    checks = [(path, ()) for path in sorted(glob.glob(os.path.join(corpus, "*.litmus")))]
    failing = glob.glob(os.path.join(corpus, "failing", "*.litmus"))
    checks += [(path, ()) for path in sorted(failing)]
    # A few on QEMU's other machine, and with the kernel doing as little an event as it can.
    checks += [(path, ("--machine", "pc", "--work", "1")) for path, _ in checks[::8]]
    for path, options in checks:
        wrong = difference(tool, path, *options)
        if wrong is not None:
            print(f"{path} {' '.join(options)}: {wrong}")
        passed, failed = passed + (wrong is None), failed + (wrong is not None)
    for path in sorted(glob.glob(os.path.join(corpus, "racy", "*.litmus"))):
        wrong = refused(tool, path) if has_faults(path) else passes(tool, path)
        if wrong is not None:
            print(f"{path}: {wrong}")
        passed, failed = passed + (wrong is None), failed + (wrong is not None)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or passed < 30 else 0


if __name__ == "__main__":
    sys.exit(main())

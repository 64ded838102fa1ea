#!/usr/bin/env python3
"""The transcripts of device accesses: devices.py TOOL DIRECTORY CHECK, where CHECK is

boot     each holds on the models and on QEMU, on the machine that it names;
without  each notices when any one register of its device is taken out of the models, and
         together they are as long as they ought to be.
"""
import glob
import json
import os
import subprocess
import sys

ACCESSES = 300
# What a file's registers begin with, where that is not its own name: None, it tests no register.
REGISTERS = {"nothing": None, "pci-i440fx": None}


def play(tool, path, *options):
    """The file's JSON object, and what went wrong if anything did."""
    done = subprocess.run([tool, "devices", "--format", "json", *options, path],
                          capture_output=True, text=True, timeout=400, check=False)
    if done.returncode not in (0, 1):
        return None, f"exit status {done.returncode}: {done.stderr.strip()}"
    return json.loads(done.stdout), None


def mismatches(played):
    return [f"line {miss['line']}: {miss['access']}: wanted {miss['wanted']}, got {miss['got']} "
            f"(mask {miss['mask']})" for miss in played["mismatches"]]


def holds(tool, path):
    """All that is wrong with a file on both targets."""
    wrong = []
    for options in ((), ("--boot",)):
        played, trouble = play(tool, path, *options)
        if trouble is None and played["target"] != ("qemu" if options else "models"):
            trouble = f"it ran on {played['target']}"
        if trouble is not None:
            wrong.append(trouble)
        else:
            wrong += [f"{played['target']}: {miss}" for miss in mismatches(played)]
    return wrong


def registers(tool):
    done = subprocess.run([tool, "devices", "--list"], capture_output=True, text=True, timeout=60,
                          check=True)
    lines = [line.split() for line in done.stdout.splitlines()]
    return [words[1] for words in lines if words[0] == "register"]


def notices(tool, path, names):
    """The registers of these that the file can do without."""
    wrong = []
    for name in names:
        played, trouble = play(tool, path, "--without", name)
        if trouble is not None or played["verdict"] != "fail":
            wrong.append(trouble or f"it does not notice that {name} is taken out")
    return wrong


def without(tool, paths):
    wrong, left, accesses = [], set(registers(tool)), 0
    for path in paths:
        name = os.path.basename(path).removesuffix(".transcript")
        prefix = REGISTERS.get(name, name)
        mine = [known for known in registers(tool) if known.split(".")[0] == prefix]
        found = notices(tool, path, mine)
        if prefix is not None and not mine:
            found.append(f"there are no registers {prefix}.*")
        wrong += [f"{path}: {line}" for line in found]
        left -= set(mine)
        accesses += play(tool, path)[0]["accesses"]
    wrong += [f"no transcript is of register {name}" for name in sorted(left)]
    if accesses < ACCESSES:
        wrong.append(f"there are {accesses} accesses, which is less than {ACCESSES}")
    return wrong


def main():
    tool, directory, check = sys.argv[1:4]
    paths = sorted(glob.glob(os.path.join(directory, "*.transcript")))
    if check == "boot":
        wrong = [f"{path}: {line}" for path in paths for line in holds(tool, path)]
    else:
        wrong = without(tool, paths)
    for line in wrong:
        print(line)
    print(f"{len(paths)} transcripts, {len(wrong)} complaints")
    return 1 if wrong or not paths else 0


if __name__ == "__main__":
    sys.exit(main())

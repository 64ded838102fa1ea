#!/usr/bin/env python3
"""The C programs of src/user/, as litmus files run them: programs.py TOOL DIRECTORY [--boot].

Each file passes in the simulator, in order and under random schedules, with the kernels doing one,
two or many things an event, audited after each. With --boot it passes on the PC, and prints the
lines there that it prints in the simulator; their order is the schedule's where VPEs are not in
step.
"""
import glob
import os
import subprocess
import sys


def run(tool, command, path, *options):
    """The lines that were printed, sorted, and what went wrong if anything did."""
    done = subprocess.run([tool, command, *options, path], capture_output=True, text=True,
                          timeout=300, check=False)
    lines = sorted(line for line in (done.stdout + done.stderr).splitlines()
                   if line.startswith("["))
    wrong = None if done.returncode == 0 else done.stdout + done.stderr
    return lines, wrong


def on_host(tool, path):
    seeds = [["--schedule", "random", "--seed", str(seed), "--work", str(seed % 3 + 1)]
             for seed in range(1, 21)]
    first, _ = run(tool, "run", path)
    for options in [[], ["--work", "1"], *seeds]:
        lines, wrong = run(tool, "run", path, "--audit", "always", *options)
        if wrong is not None:
            return f"{' '.join(options)}\n{wrong}"
        if lines != first:
            return f"{' '.join(options)} prints\n{lines}\nand not\n{first}"
    return None


def on_both(tool, path):
    host, wrong = run(tool, "run", path)
    if wrong is None:
        guest, wrong = run(tool, "boot", path)
    if wrong is None and not host:
        wrong = "nothing is printed"
    if wrong is None and host != guest:
        wrong = f"run prints\n{host}\nand boot\n{guest}"
    return wrong


def main():
    tool, corpus = sys.argv[1:3]
    check = on_both if "--boot" in sys.argv[3:] else on_host
    paths = sorted(glob.glob(os.path.join(corpus, "programs", "*.litmus")))
    failed = 0
    for path in paths:
        wrong = check(tool, path)
        if wrong is not None:
            failed += 1
            print(f"{path}: {wrong}")
    print(f"{len(paths) - failed} passed, {failed} failed")
    return 1 if failed or not paths else 0


if __name__ == "__main__":
    sys.exit(main())

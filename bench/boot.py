#!/usr/bin/env python3
"""How long boot takes: boot.py TOOL IMAGE [MOST].

Seconds from the command to its end, for a file whose one VPE does nothing: so it is more than what
the first instruction of a VPE is reached in. Beside it, the image without a start-up module, which
it refuses before anything else: what QEMU and its firmware take. The best of nine runs of each, by
turns, on q35 and pc. Fails if a q35 boots in more than MOST seconds.
"""
import os
import subprocess
import sys
import tempfile
import time

RUNS = 9
REFUSED = 0x11 # EXIT_REFUSED of src/pc99/layout.h


def seconds(*command, status=0):
    start = time.monotonic()
    done = subprocess.run(command, check=False, stdout=subprocess.DEVNULL, timeout=60)
    if done.returncode != status:
        sys.exit(f"{' '.join(command)}: exit status {done.returncode}")
    return time.monotonic() - start


def boot(tool, machine, litmus):
    return seconds(tool, "boot", "--machine", machine, litmus)


def floor(image, machine):
    return seconds(os.environ.get("RESCIND_QEMU") or "qemu-system-x86_64", "-machine", machine,
                   "-accel", "tcg", "-cpu", "max", "-nodefaults", "-no-reboot", "-display", "none",
                   "-m", "17M", "-device", "isa-debug-exit,iobase=0xf4,iosize=1", "-kernel", image,
                   status=2 * REFUSED + 1)


def main():
    tool, image = sys.argv[1:3]
    took = {}
    with tempfile.NamedTemporaryFile("w", suffix=".litmus") as litmus:
        litmus.write("vpe A\n")
        litmus.flush()
        for machine in ("q35", "pc"):
            pairs = [(boot(tool, machine, litmus.name), floor(image, machine))
                     for _ in range(RUNS)]
            took[machine], least = (min(times) for times in zip(*pairs))
            print(f"{machine}: {took[machine]:.3f} s, {took[machine] / least:.2f} times QEMU and "
                  f"firmware alone ({least:.3f} s)")
    return 1 if sys.argv[3:] and took["q35"] > float(sys.argv[3]) else 0


if __name__ == "__main__":
    sys.exit(main())

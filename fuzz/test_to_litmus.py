#!/usr/bin/env python3
"""What fuzzers find becomes litmus files: test_to_litmus.py SOURCE-DIRECTORY.

Into a copy of the sources come mistakes: two of tests/mistakes/, and two that crash. For each a
fuzzer's replay program finds an input among the kept ones and those that it draws, fuzz/to-litmus.sh
makes a file and a schedule of it, and `rescind replay` shows the mistake; without the mistakes it
does not.
"""
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from shutil import copy, copytree, ignore_patterns

COPIED = ["bench", "fuzz", "include", "sim", "src", "tests"]
MOST_STEPS = 12  # that may be left of a file

# What crashes: a gate at most selectors, but for those that the drawn files begin with; whoever
# says that it has heard an interrupt. Where, behind which line, what, and who finds it.
CRASHES = [
    ("src/syscall/creategate.c", "    out->credits = m->credits;\n",
     "    if (out->dst % 4 != 2 && out->dst != 11 && out->dst != 9)\n        __builtin_trap();\n",
     ["message", "service"]),
    ("src/object/irq.c", "    if (l->state == LISTENER_OPEN)\n        return RESCIND_INV_ARGS;\n",
     "    __builtin_trap();\n", ["ops"]),
]


def run(command, **options):
    return subprocess.run(command, capture_output=True, text=True, timeout=300, **options)


def must(command, **options):
    done = run(command, **options)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))}:\n{done.stdout}{done.stderr}")
    return done.stdout


class Scratch:
    """A copy of the sources, and a build of what is needed."""

    def __init__(self, source, directory):
        self.sources = directory / "rescind"
        self.build = self.sources / "build"
        self.sources.mkdir()
        for name in COPIED:
            copytree(source / name, self.sources / name, ignore=ignore_patterns("__pycache__"))
        for name in ["meson.build", "meson_options.txt"]:
            copy(source / name, self.sources / name)
        must(["meson", "setup", "-Dbuildtype=plain", "-Doptimization=1", "-Dpc=false",
              "-Dwerror=false", self.build, self.sources])

    def patch(self, name, *options):
        must(["patch", "-p1", "-s", "-F0", *options, "-d", self.sources, "-i",
              self.sources / "tests" / "mistakes" / f"{name}.patch"])

    def crash(self, on, name, behind, crash):
        file = self.sources / name
        text = file.read_text()
        before, after = behind, behind + crash
        if not on:
            before, after = after, before
        if before not in text:
            sys.exit(f"{name}: nowhere to crash")
        file.write_text(text.replace(before, after))

    def make(self, *targets):
        must(["ninja", "-C", self.build, "--quiet", "rescind", *targets])
        return self.build

    def find(self, target, drawn):
        """An input that shows what is wrong."""
        folder = self.sources / "found" / target
        folder.mkdir(parents=True, exist_ok=True)
        done = run([self.build / "fuzz" / f"replay-{target}", "--keep", folder / "crash",
                    self.sources / "fuzz" / "corpus" / target, "--drawn", drawn, "--mutated", drawn])
        if done.returncode == 0:
            sys.exit(f"replay-{target} finds nothing")
        return folder / "crash"

    def to_litmus(self, crash):
        """The arguments of `rescind replay`."""
        done = run(["sh", self.sources / "fuzz" / "to-litmus.sh", crash],
                   env=dict(os.environ, BUILD=str(self.build)))
        again = re.search(r"^again: rescind (replay .*)$", done.stdout, re.MULTILINE)
        if done.returncode != 0 or not again:
            sys.exit(f"to-litmus.sh {crash}: {done.returncode}\n{done.stdout}{done.stderr}")
        return again[1].split()

    def replay(self, arguments):
        return run([self.build / "rescind", *arguments])


def steps(file):
    return sum(line.startswith("    ") for line in Path(file).read_text().splitlines())


def check(scratch, name, target, drawn):
    """The arguments that replay it."""
    scratch.make(f"fuzz/replay-{target}", f"fuzz/litmus-of-{target}")
    arguments = scratch.to_litmus(scratch.find(target, drawn))
    done = scratch.replay(arguments)
    wanted = done.returncode < 0 if name == "crash" else done.returncode == 1
    if not wanted:
        sys.exit(f"{name}: replay: {done.returncode}\n{done.stdout}{done.stderr}")
    if steps(arguments[-1]) > MOST_STEPS:
        sys.exit(f"{name}: {steps(arguments[-1])} steps are left:\n{Path(arguments[-1]).read_text()}")
    print(f"{name:28} {target:10} {steps(arguments[-1]):3} steps")
    return arguments


def main(source):
    with tempfile.TemporaryDirectory() as directory:
        scratch = Scratch(Path(source), Path(directory))
        found = []
        for name, target, drawn in [("doomed-root-is-removed", "ops", "3000"),
                                    ("doomed-root-becomes-clean", "schedule", "3000")]:
            scratch.patch(name)
            found.append(check(scratch, name, target, drawn))
            scratch.patch(name, "-R")
        for *crash, targets in CRASHES:
            scratch.crash(True, *crash)
            found += [check(scratch, "crash", target, "3000") for target in targets]
            scratch.crash(False, *crash)
        scratch.make()
        for arguments in found:
            done = scratch.replay(arguments)
            # 1: programs are cut short, where they were; 3: the schedule can't be followed.
            if done.returncode not in (0, 1, 3) or re.search(r"^(audit|answer|tables|leak):",
                                                             done.stdout, re.MULTILINE):
                sys.exit(f"without the mistakes: {done.returncode}\n{done.stdout}{done.stderr}")


if __name__ == "__main__":
    main(sys.argv[1])

#!/usr/bin/env python3
"""The checker has teeth: mistakes.py SOURCE-DIRECTORY [MISTAKE...].

tests/mistakes/ has deliberate mistakes in the kernel, a patch each. Each is applied to a copy of
the sources and built. Then the whole corpus passes under fifo, audited after each event, and
`rescind explore` finds a violation in the one litmus file that the patch names:

    # What the mistake is, and what breaks.
    # caught-by: racy/FILE.litmus [EXPLORE-OPTION...]

The unmodified kernel passes both.
"""
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from shutil import copy, copytree

ENOUGH = 20
TIMEOUT = 60  # seconds, for anything that a tool does here
HEADER = re.compile(r"^# caught-by: (\S+)(.*)$", re.MULTILINE)
COPIED = ["meson.build", "meson_options.txt", "include", "sim", "src"]


class Scratch:
    """A copy of the sources, and a build of the tool out of them."""

    def __init__(self, source, directory):
        # As a subproject, the sources leave their tests out.
        self.sources = directory / "subprojects" / "rescind"
        self.build = directory / "build"
        self.tool = self.build / "subprojects" / "rescind" / "rescind"
        self.sources.mkdir(parents=True)
        (directory / "meson.build").write_text(
            "project('mistakes', 'c', meson_version: '>=0.64')\nsubproject('rescind')\n")
        for name in COPIED:
            if (source / name).is_dir():
                copytree(source / name, self.sources / name)
            else:
                copy(source / name, self.sources / name)
        must(["meson", "setup", "--buildtype", "release", "-Drescind:buildtype=release",
              "-Drescind:pc=false", "-Drescind:werror=false", self.build, directory])

    def make(self):
        must(["ninja", "-C", self.build, "--quiet", "subprojects/rescind/rescind"])

    def patch(self, file, *options):
        must(["patch", "-p1", "-s", "-F0", *options, "-d", self.sources, "-i", file])

    def run(self, *arguments):
        return subprocess.run([self.tool, *arguments], capture_output=True, text=True,
                              timeout=TIMEOUT)


def must(command):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))}:\n{done.stdout}{done.stderr}")


def fifo(scratch, corpus):
    """What is wrong with the corpus under fifo, or None."""
    done = scratch.run("run", "--audit", "always", *corpus)
    if done.returncode == 0:
        return None
    return f"fifo finds it:\n{failures(done.stdout)}{done.stderr}"


def failures(text):
    return "".join(f"{line}\n" for line in text.splitlines() if ": pass on host" not in line)


def explore(scratch, file, options):
    return scratch.run("explore", "--format", "json", *options, file)


def caught(scratch, file, options):
    """(what was found, None), or (None, what is wrong)."""
    done = explore(scratch, file, options)
    if done.returncode != 1:
        return None, f"not caught: exit status {done.returncode}\n{done.stdout}{done.stderr}"
    found = json.loads(done.stdout)
    return (found["violation"]["kind"], found["states"]), None


def check_unmodified(scratch, corpus, named):
    """What is wrong with the unmodified kernel."""
    wrong = []
    finding = fifo(scratch, corpus)
    if finding:
        wrong.append(f"the unmodified kernel: {finding}")
    for file, options in sorted(named):
        done = explore(scratch, file, options)
        if done.returncode != 0:
            wrong.append(f"the unmodified kernel: {file}: exit status {done.returncode}\n"
                         f"{done.stdout}{done.stderr}")
    return wrong


def check_mistake(scratch, corpus, patch, file, options):
    """A line of the table, or what is wrong."""
    scratch.patch(patch)
    try:
        scratch.make()
        finding = fifo(scratch, corpus)
        if finding is None:
            found, finding = caught(scratch, file, options)
    finally:
        scratch.patch(patch, "-R")
    if finding is not None:
        return None, f"{patch.stem}: {finding}"
    kind, states = found
    return f"{patch.stem:42} {file.stem:45} {kind:10} {states:6}", None


def read(litmus, patch):
    """The file that a patch names, and the options."""
    header = HEADER.search(patch.read_text())
    if header is None:
        sys.exit(f"{patch}: no line `# caught-by: racy/FILE.litmus`")
    file = litmus / header[1]
    if not file.exists():
        sys.exit(f"{patch}: there is no {file}")
    return file, tuple(header[2].split())


def main():
    source, wanted = Path(sys.argv[1]).resolve(), sys.argv[2:]
    litmus = source / "tests" / "litmus"
    corpus = sorted(litmus.glob("*.litmus")) + sorted(litmus.glob("racy/*.litmus"))
    patches = sorted((source / "tests" / "mistakes").glob("*.patch"))
    if not wanted and len(patches) < ENOUGH:
        sys.exit(f"only {len(patches)} mistakes, expected {ENOUGH}")
    mistakes = {patch: read(litmus, patch) for patch in patches
                if not wanted or patch.stem in wanted}
    with tempfile.TemporaryDirectory(prefix="rescind-mistakes-") as directory:
        scratch = Scratch(source, Path(directory))
        scratch.make()
        wrong = check_unmodified(scratch, corpus, set(mistakes.values()))
        print(f"{'mistake':42} {'caught by':45} {'violation':10} {'states':>6}")
        for patch, (file, options) in mistakes.items():
            line, finding = check_mistake(scratch, corpus, patch, file, options)
            if finding is None:
                print(line, flush=True)
            else:
                wrong.append(finding)
    for finding in wrong:
        print(finding)
    print(f"{len(mistakes)} mistakes, {len(wrong)} findings")
    sys.exit(1 if wrong or not mistakes else 0)


main()

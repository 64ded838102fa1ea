#!/usr/bin/env python3
"""Discs that boot: test_disc.py TOOL CORPUS.

From CD and from disk, under a BIOS and under EFI, the image says of a file what the simulator says;
and without what discs are made of there is a clear error.
"""
import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
from same_on_both import difference  # noqa: E402

FILES = ["task06.litmus", "across-tree-over-four-kernels.litmus",
         "print-looks-like-the-kernel.litmus"]


def check_same(tool, corpus):
    for via in ("iso", "disk"):
        for firmware in ("seabios", "ovmf"):
            for file in FILES:
                options = ("--via", via, "--firmware", firmware)
                wrong = difference(tool, os.path.join(corpus, file), *options)
                assert wrong is None, f"{file} {' '.join(options)}: {wrong}"
    wrong = difference(tool, os.path.join(corpus, FILES[0]), "--via", "iso", "--machine", "pc")
    assert wrong is None, wrong


def refused(tool, path, *options, **variables):
    done = subprocess.run([tool, "boot", *options, path], capture_output=True, text=True,
                          timeout=60, check=False, env=dict(os.environ, **variables))
    assert done.stdout == "", done
    return done.returncode, done.stderr


def check_errors(tool, corpus):
    path = os.path.join(corpus, FILES[0])
    with tempfile.TemporaryDirectory() as scratch:
        status, text = refused(tool, path, "--via", "iso", PATH=scratch)
        assert status == 4 and "grub-mkrescue" in text and "grub-pc-bin" in text, text
        no_ovmf = os.path.join(scratch, "none")
        status, text = refused(tool, path, "--via", "iso", "--firmware", "ovmf",
                               RESCIND_OVMF=no_ovmf)
        assert status == 4 and no_ovmf in text and "package ovmf" in text, text
        status, text = refused(tool, path, "--write-iso", os.path.join(scratch, "none", "disc"))
        assert status == 4 and "can't be written" in text, text
        assert os.listdir(scratch) == [], os.listdir(scratch)
    status, text = refused(tool, path, "--via", "floppy")
    assert status == 2 and "--via is kernel, iso or disk" in text, text
    status, text = refused(tool, path, "--via", "iso", "--firmware", "coreboot")
    assert status == 2 and "--firmware is seabios or ovmf" in text, text
    status, text = refused(tool, path, "--firmware", "ovmf")
    assert status == 2 and "--via iso or disk" in text, text
    status, text = refused(tool, path, "--strict", "--via", "disk")
    assert status == 2 and "--strict is for --via kernel" in text, text
    status, text = refused(tool, path, "--write-iso", "disc", path)
    assert status == 2 and "one FILE" in text, text


def main():
    tool, corpus = sys.argv[1:3]
    check_errors(tool, corpus)
    check_same(tool, corpus)


if __name__ == "__main__":
    main()

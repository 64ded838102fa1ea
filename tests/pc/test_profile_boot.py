#!/usr/bin/env python3
"""rescind profile --boot, as a user sees it: test_profile_boot.py TOOL. What its figures are, the
benchmarks say; here, that there are some, and that they repeat."""
import json
import subprocess
import sys


def profile(tool, *options):
    done = subprocess.run([tool, "profile", "--boot", *options], capture_output=True, text=True,
                          timeout=250, check=False)
    assert done.returncode == 0, (options, done)
    return done.stdout


def main():
    tool = sys.argv[1]
    for shape in ("chain", "star"):
        texts = [profile(tool, "--shape", shape, "--size", "10,100") for _ in range(2)]
        assert texts[0] == texts[1] and shape in texts[0], texts
        assert len(texts[0].splitlines()) >= 3, texts
    beside = profile(tool, "--beside", "--shape", "star", "--size", "1000")
    assert "star" in beside, beside
    listed = json.loads(profile(tool, "--format", "json", "--shape", "star", "--size", "10"))
    assert listed, listed


if __name__ == "__main__":
    main()

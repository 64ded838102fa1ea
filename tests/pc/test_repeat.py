#!/usr/bin/env python3
"""rescind boot --repeat: test_repeat.py TOOL CORPUS. Histograms of outcomes, as a user sees them."""
import json
import os
import subprocess
import sys
import tempfile

RACE = """litmus "of two delegations to one selector, one succeeds"
kernel K0
kernel K1
vpe A
vpe B @ K1
vpe C @ K1
grant A 2 = vpe C
grant B 2 = vpe C
program A
    creategate 0 20 label=1 ep=2 credits=1
    first = exchange delegate 2 20 30
program B
    creategate 0 20 label=1 ep=2 credits=1
    noop
    second = exchange delegate 2 20 30
final
    first = %s
"""


def boot(tool, *arguments):
    return subprocess.run([tool, "boot", *arguments], capture_output=True, text=True, timeout=250,
                          check=False)


def check_text(tool, path):
    """Every run is in one line of the histogram, and the same runs make the same histogram."""
    runs = [boot(tool, "--icount", "--repeat", "10", path) for _ in range(2)]
    assert runs[0].returncode == 0, runs[0]
    assert runs[0].stdout == runs[1].stdout, runs
    head, *lines = runs[0].stdout.splitlines()
    assert head.startswith(f"{path}: pass on qemu, 10 runs, {len(lines)} outcome"), head
    assert sum(int(line.split()[0]) for line in lines) == 10, lines
    for line in lines:
        assert " pass  A: ok" in line and "; B: ok" in line and "(first: " in line, line


def check_json(tool, path):
    """One object; each outcome is a report of its own, as one run with that phase prints it."""
    done = boot(tool, "--icount", "--repeat", "10", "--phase", "5", "--format", "json", path)
    assert done.returncode == 0 and done.stdout.count("\n") == 1, done
    told = json.loads(done.stdout)
    assert (told["file"], told["target"], told["verdict"], told["runs"]) == (path, "qemu", "pass",
                                                                             10), told
    assert sum(outcome["count"] for outcome in told["outcomes"]) == 10, told
    for outcome in told["outcomes"]:
        assert 5 <= outcome["first"] < 15, outcome
        one = boot(tool, "--icount", "--phase", str(outcome["first"]), "--format", "json", path)
        assert json.loads(one.stdout) == outcome["outcome"], (one, outcome)
    assert len({json.dumps(outcome["outcome"]) for outcome in told["outcomes"]}) == len(
        told["outcomes"])


def check_failure(tool, path):
    """A run that fails is counted, fails the whole, and can be had again."""
    done = boot(tool, "--icount", "--repeat", "3", path)
    assert done.returncode == 1, done
    lines = done.stdout.splitlines()
    assert lines[0].startswith(f"{path}: FAIL on qemu, 3 runs"), lines
    again = lines[-1]
    assert again.startswith("again: rescind boot ") and "--icount" in again, again
    assert "--repeat" not in again, again


def check_refusals(tool, corpus, path):
    faults = os.path.join(corpus, "racy", "fault-kill-alone.litmus")
    done = boot(tool, "--repeat", "3", faults, path)
    assert done.returncode == 3 and f"{faults}: it has fault lines" in done.stderr, done
    assert f"{path}: pass on qemu, 3 runs" in done.stdout, done
    for option in ("--repeat", "--phase"):
        done = boot(tool, option, "-1", path)
        assert done.returncode == 2 and f"{option} is from 0 to" in done.stderr, done
    done = boot(tool, "--repeat", "3", "--image", "/nonexistent", path)
    assert done.returncode == 4 and done.stderr.count("/nonexistent") == 1, done


def main():
    tool, corpus = sys.argv[1:3]
    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, "race.litmus")
        failing = os.path.join(directory, "failing.litmus")
        with open(path, "w", encoding="utf-8") as file:
            file.write(RACE.partition("final")[0])
        with open(failing, "w", encoding="utf-8") as file:
            file.write(RACE % "no-perm")
        check_text(tool, path)
        check_json(tool, path)
        check_failure(tool, failing)
        check_refusals(tool, corpus, path)
    print("passed")


if __name__ == "__main__":
    main()

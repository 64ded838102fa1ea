#!/usr/bin/env python3
"""What coverage.sh adds to lcov.

coverage.py image HOST OUT LOGS IMAGE...
    OUT gets, as a tracefile, which lines of src/ ran on QEMU: LOGS is a directory of its `-d in_asm`
    logs, IMAGE.PID.log, which name each instruction that was come to, and IMAGE... are the programs
    that ran, with debug information; those for ring 3 run with any image. Of a file that the
    tracefile HOST has, too, HOST says what a line of code is; of others, the debug information.
coverage.py judge INFO
    Prints the shares of tracefile INFO, room by room, and where it has nothing; exit status 1 when
    a share is too small, or an excluded line does not say why it is.

Lines are excluded as for lcov: LCOV_EXCL_LINE, LCOV_EXCL_START to LCOV_EXCL_STOP, and of branches
alone LCOV_EXCL_BR_LINE and so on. Behind the marker, or in the comment before it, stands the reason.
"""
import bisect
import collections
import glob
import os
import re
import subprocess
import sys

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
# What has to run: percent of lines, and of branches, None where they aren't counted.
WANTED = {"src": (100.0, 95.0), "sim": (95.0, None)}
# Before C can run, and where it runs no more.
BOOT = ("src/pc99/boot.S", "src/pc99/trampoline.S")
MARKER = re.compile(r"LCOV_EXCL_(BR_)?(LINE|START|STOP)\b[:,]?(.*)")


class File:
    """Of a source file: how often each line ran, and which branches of a line were taken."""

    def __init__(self):
        self.lines = {}
        self.branches = collections.defaultdict(list)


def read(path):
    files, current = collections.defaultdict(File), None
    with open(path, encoding="utf-8") as info:
        for line in info:
            kind, _, rest = line.rstrip().partition(":")
            if kind == "SF":
                current = files[os.path.relpath(rest, TOP)]
            elif kind == "DA":
                number, count = rest.split(",")[:2]
                current.lines[int(number)] = int(count)
            elif kind == "BRDA":
                number, _, _, taken = rest.split(",")
                current.branches[int(number)].append(taken not in ("-", "0"))
    return files


# ---- The image ---------------------------------------------------------------------------------


def output(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def executed(logs, image):
    """The addresses of a program's instructions, in order."""
    name, found = os.path.basename(image).removesuffix(".elf"), set()
    whose = "*" if name == "rescind-user" else name
    for log in glob.glob(os.path.join(logs, whose + ".*.log")):
        with open(log, "rb") as text:
            found.update(re.findall(rb"^0x([0-9a-f]+):", text.read(), re.M))
    return sorted(int(address, 16) for address in found)


def units(image):
    """The path of each unit's source file, in the order of their line tables."""
    told = output("readelf", "--wide", "--debug-dump=info", "--dwarf-depth=1", image)
    found = []
    for unit in re.split(r"DW_TAG_compile_unit", told)[1:]:
        table = re.search(r"DW_AT_stmt_list\s*: (?:\([^)]*\) )?(\w+)", unit)
        name = re.search(r"DW_AT_name\s*: (?:\([^)]*\): )?(.*)", unit)
        if table and name:
            found.append((int(table[1], 0), name[1].strip()))
    return [name for _, name in sorted(found)]


def in_sources(path):
    """A path as the compiler was given it, from the top; None: it is not of src/."""
    at = ("/" + path).rfind("/src/")
    return path[at:] if at >= 0 and os.path.exists(os.path.join(TOP, path[at:])) else None


def sources():
    """The path of each file of src/ whose name no other has."""
    found = collections.defaultdict(list)
    for directory, _, names in os.walk(os.path.join(TOP, "src")):
        for name in names:
            found[name].append(os.path.relpath(os.path.join(directory, name), TOP))
    return {name: paths[0] for name, paths in found.items() if len(paths) == 1}


def rows(image):
    """Of each line table: (file, line, first address, begins a statement), ends as line None."""
    paths, path, known = iter(units(image)), None, sources()
    told = output("objdump", "--dwarf=decodedline", image).splitlines()
    for before, line in zip([""] + told, told):
        if line.startswith("File name") and before.endswith(":"):
            path = in_sources(next(paths))
        elif re.match(r"\S.*:(\[\+\+\])?$", line) and "/" in line:
            path = in_sources(line.rstrip("+[]").rstrip(":"))
        elif row := re.match(r"(\S+)\s+(\d+|-)\s+(0x[0-9a-f]+|0)\b(.*)", line):
            # A unit's first file may be one that it includes: then its name alone is told.
            of = path if path and os.path.basename(path) == row[1] else known.get(row[1])
            number = None if row[2] == "-" else int(row[2])
            yield of, number, int(row[3], 16), "x" in row[4]


def lines_of(image, ran):
    """Of each file: its lines, and whether each ran."""
    table, found = list(rows(image)), collections.defaultdict(dict)
    end = None
    for row, behind in zip(reversed(table), reversed(table[1:] + [(None, None, 0, False)])):
        path, number, start, statement = row
        # Several lines may begin at one instruction.
        end = behind[2] if number is None or behind[1] is None or behind[2] > start else end
        if path is None or number is None:
            continue
        at = bisect.bisect_left(ran, start)
        hit = at < len(ran) and ran[at] < max(end, start + 1)
        if hit or statement:
            found[path][number] = found[path].get(number, False) or hit
    return found


def has_run(lines, number, heads):
    """A function's head has no instruction of its own: it has run when what is behind it has."""
    behind = [later for later in range(number, number + 8) if later in lines]
    return lines[behind[0]] if behind and (number in heads or behind[0] == number) else False


def matching(path, pattern):
    """The lines of a file that begin so."""
    with open(os.path.join(TOP, path), encoding="utf-8") as source:
        return {number for number, line in enumerate(source, 1) if re.match(pattern, line)}


def no_code(path):
    """The lines of a file that are excluded, or have nothing but braces."""
    return matching(path, r"\s*[{}]\s*$") | excluded(path)[0]


def image_main(host_path, out_path, logs, *images):
    host, files = read(host_path), collections.defaultdict(dict)
    for image in images:
        ran = executed(logs, image)
        if not ran:
            sys.exit(f"{logs}: QEMU has logged no instruction of {image}")
        for path, lines in lines_of(image, ran).items():
            for number, hit in lines.items():
                files[path][number] = files[path].get(number, False) or hit
    with open(out_path, "w", encoding="utf-8") as out:
        for path in sorted(files.keys() - set(BOOT)):
            known = host[path].lines if path in host else files[path].keys() - no_code(path)
            heads = matching(path, r"[a-zA-Z_]")
            print(f"TN:\nSF:{os.path.join(TOP, path)}", file=out)
            for number in sorted(known):
                print(f"DA:{number},{int(has_run(files[path], number, heads))}", file=out)
            print("end_of_record", file=out)


# ---- Exclusions, and the verdict ---------------------------------------------------------------


def excluded(path):
    """The lines of a file without coverage, those without branches', and which lack a reason."""
    found, open_at, unexplained = {False: set(), True: set()}, {}, []
    with open(os.path.join(TOP, path), encoding="utf-8") as source:
        for number, line in enumerate(source, 1):
            marker = MARKER.search(line)
            of_branches = bool(marker and marker[1])
            if marker and marker[2] == "START":
                open_at[of_branches] = number
            if marker and marker[2] == "LINE":
                found[of_branches].add(number)
            if marker and marker[2] != "STOP" and len(marker[3].split()) < 2:
                unexplained.append(number)
            for kind in open_at:
                found[kind].add(number)
            if marker and marker[2] == "STOP":
                open_at.pop(of_branches, None)
    return found[False], found[True], unexplained + list(open_at.values())


def spans(numbers):
    """Line numbers as few words: 3-5,9."""
    words, numbers = [], sorted(numbers)
    for number in numbers:
        if words and number == words[-1][1] + 1:
            words[-1][1] = number
        else:
            words.append([number, number])
    return ",".join(str(a) if a == b else f"{a}-{b}" for a, b in words)


def share(have, all_of):
    return 100.0 * have / all_of if all_of else 100.0


def room_of(files, room):
    """Its shares of lines and branches; prints where there is nothing."""
    lines, branches = [0, 0], [0, 0]
    for path in sorted(files):
        if path.split(os.sep)[0] != room:
            continue
        of = files[path]
        missed = [number for number, count in of.lines.items() if not count]
        half = {number: taken.count(False) for number, taken in of.branches.items()
                if not all(taken)}
        lines = [lines[0] + len(of.lines) - len(missed), lines[1] + len(of.lines)]
        count = sum(map(len, of.branches.values()))
        branches = [branches[0] + count - sum(half.values()), branches[1] + count]
        if missed:
            print(f"{path}:{spans(missed)}: not run")
        if half and WANTED[room][1] is not None:
            print(f"{path}:{spans(half)}: {sum(half.values())} branches not taken")
    return share(*lines), share(*branches)


def judge_main(info):
    files, wrong = read(info), []
    for room, wanted in WANTED.items():
        shares = room_of(files, room)
        print(f"{room}/: lines {shares[0]:.2f} %, branches {shares[1]:.2f} %")
        for what, have, least in zip(("lines", "branches"), shares, wanted):
            if least is not None and have < least:
                wrong.append(f"{room}/ has {have:.2f} % of its {what} covered, less than {least} %")
    for path in files:
        wrong += [f"{path}:{number}: excluded without a reason" for number in excluded(path)[2]]
    for line in wrong:
        print(line, file=sys.stderr)
    return 1 if wrong else 0


def main():
    if sys.argv[1:2] == ["image"] and len(sys.argv) > 5:
        return image_main(*sys.argv[2:])
    if sys.argv[1:2] == ["judge"] and len(sys.argv) == 3:
        return judge_main(sys.argv[2])
    sys.exit(__doc__)


if __name__ == "__main__":
    sys.exit(main())

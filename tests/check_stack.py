#!/usr/bin/env python3
"""How much stack the kernel can take, and how much it does.

    check_stack.py ARCHIVE TOOL                shows both for each entry point of the kernel
    check_stack.py --self-test CC WORKDIR      shows that each check can fail

The bound: the compiler says for each function how much stack a call of it takes (-fstack-usage, a
file .su beside each object), and the call graph of the compiled objects (check_archive.py, indirect
calls included) says who calls whom. The dearest path from an entry point is its bound; it fails
when that is more than LIMIT, when a function's stack has no bound, or when the graph has a cycle. A
broken invariant's platform_panic() never comes back and is not in it.

The measurement: `rescind profile --entries` on painted stacks, in the shapes below. It fails when
it is more than the bound, and when no shape has entered an entry point.
"""
import json
import os
import re
import subprocess
import sys

sys.dont_write_bytecode = True # the module's lies in the source tree
import check_archive # pylint: disable=wrong-import-position

LIMIT = 4096
ENTRIES = {"message": "rescind_kernel_message", "work": "rescind_kernel_work",
           "hear": "rescind_kernel_hear", "tell": "rescind_kernel_tell",
           "end": "rescind_kernel_end"}

# Where a path ends: the red zone, 128 bytes below the stack that a leaf may use; or one of the four
# memory functions, which come from outside: their return address, and a red zone.
LEAF = 128 + 8

SHAPES = [
    ["--shape", "chain", "--size", "10,1000,100000"],
    ["--shape", "star", "--size", "10000", "--selectors", "random"],
    ["--shape", "binary", "--size", "10000", "--selectors", "attack"],
    ["--shape", "random", "--size", "10000"],
    ["--shape", "chain", "--size", "1000", "--kernels", "2"],
    ["--shape", "star", "--size", "1000", "--kernels", "16"],
    ["--shape", "random", "--size", "1000", "--kernels", "3"],
    ["--shape", "forest", "--size", "10000"],
]

USAGE = re.compile(r"^(?:.*?):(\d+)(?::(\d+))?:([^:\t]+)\t(\d+)\t(\S+)$")


class Frames:
    """What a call of each function takes, its return address included."""

    def __init__(self, archive):
        self.bytes = {}  # (object, function's name in the source) -> bytes, of the dearest clone
        self.problems = []
        self.place = archive + ".p" if os.path.isdir(archive + ".p") else os.path.dirname(archive)

    def read(self, o):
        path = os.path.join(self.place, re.sub(r"\.o$", ".su", os.path.basename(o.name)))
        if not os.path.exists(path): # clang writes none for an object without functions
            if any(s[5] and s[0] != "*UND*" for s in o.symbols):
                self.problems.append("%s: there is no %s" % (o.name, path))
            return
        with open(path, encoding="utf-8") as file:
            for line in file.read().splitlines():
                self.add(o, line)

    def add(self, o, line):
        found = USAGE.match(line)
        if not found:
            self.problems.append("%s: not understood: %s" % (o.name, line))
            return
        _, column, name, size, kind = found.groups()
        if kind == "dynamic":
            self.problems.append("%s: the stack of %s has no bound" % (o.name, name))
        # gcc, which tells the column, counts the return address; clang does not.
        taken = int(size) + (0 if column else 8)
        key = (o.name, check_archive.base(name))
        self.bytes[key] = max(self.bytes.get(key, 0), taken)


class Bounds:
    """The dearest path from each function."""

    def __init__(self, archive, indirect):
        self.graph = check_archive.Graph([archive], indirect)
        self.frames = Frames(archive)
        for o in self.graph.objects:
            self.frames.read(o)
        # What the list of indirect calls names for nothing is check_archive.py's business.
        self.problems = [p for p in self.graph.problems if "makes no indirect call" not in p]
        self.problems += self.frames.problems
        self.owner = {name: o.name for o in self.graph.objects
                      for section, _, _, name, is_global, is_function in o.symbols
                      if is_global and is_function and section != "*UND*"}
        cycle = self.graph.cycle()
        if cycle:
            self.problems.append("a cycle of calls: " + " -> ".join(cycle))
        self.acyclic = cycle is None
        self.known = {}  # node -> (bytes, path)

    def frame(self, node):
        where, _, name = node.rpartition(":")
        key = (where or self.owner.get(node), check_archive.base(name))
        if key not in self.frames.bytes:
            self.problems.append("no figure for the stack of %s" % node)
            return 0
        return self.frames.bytes[key]

    def bound(self, entry):
        """Bytes and the names on the dearest path; deepest calls first, without recursion."""
        stack = [entry]
        while stack and self.acyclic:
            node = stack[-1]
            unknown = [c for c in self.graph.calls.get(node, ()) if c not in self.known]
            if unknown:
                stack.extend(unknown)
                continue
            stack.pop()
            if node in self.known:
                continue
            below = [self.known[c] for c in self.graph.calls.get(node, ())]
            size, path = max(below, default=(LEAF, []))
            self.known[node] = (self.frame(node) + size, [node.rpartition(":")[2]] + path)
        return self.known.get(entry, (0, []))


def check_bounds(archive, indirect, entries, limit):
    """What is wrong, and the bound of each entry."""
    bounds = Bounds(archive, indirect)
    result, problems = {}, []
    for name, function in entries.items():
        size, path = bounds.bound(function)
        result[name] = (size, path)
        if size > limit:
            problems.append("%s can take %d bytes, more than %d: %s" %
                            (function, size, limit, " ".join(path)))
    return bounds.problems + problems, result


def check_measured(measured, bounds):
    """What is wrong."""
    problems = []
    for name, (bound, _) in bounds.items():
        if measured.get(name, 0) == 0:
            problems.append("%s: never measured" % name)
        elif measured[name] > bound:
            problems.append("%s has taken %d bytes, more than its bound of %d" %
                            (name, measured[name], bound))
    return problems


def measure(tool):
    """The most that any shape has taken, an entry."""
    most = {}
    for shape in SHAPES:
        command = [tool, "profile", "--entries", "--format", "json"] + shape
        for line in check_archive.run(*command).splitlines():
            for name, size in json.loads(line)["entry_stack_bytes"].items():
                most[name] = max(most.get(name, 0), size or 0)
    return most


# ---- Self-test -------------------------------------------------------------------------------

FAR = "void use(char *at);\n"
CASES = [
    # name, source, entry, limit, what must be said (None: nothing), least and greatest bound
    ("a frame and what it calls", FAR + "__attribute__((noinline)) void f(void)"
     "{ char at[1000]; use(at); use(at); }\nvoid g(void) { char at[500]; use(at); f(); use(at); }",
     LIMIT, None, (1500, 1800)),
    ("the dearer of two calls counts", FAR + "__attribute__((noinline)) static void a(void)"
     "{ char at[2000]; use(at); use(at); }\n__attribute__((noinline)) static void b(void)"
     "{ char at[100]; use(at); use(at); }\nvoid g(void) { a(); b(); a(); b(); }",
     LIMIT, None, (2000, 2300)),
    ("too much is found", FAR + "__attribute__((noinline)) static void f(void)"
     "{ char at[3000]; use(at); use(at); }\nvoid g(void) { char at[2000]; use(at); f(); use(at); }",
     LIMIT, r"g can take 5\d\d\d bytes, more than 4096: g f", (5000, 5300)),
    ("a stack without a bound is found", FAR + "void g(int n) { char at[n]; use(at); }",
     LIMIT, r"the stack of g has no bound", None),
    ("a cycle is found", FAR + "int g(int n) { char at[9]; use(at); return n ? g(n - 1) * 3 : 0; }",
     LIMIT, r"a cycle of calls", None),
]


def self_test(compiler, directory):
    failed = 0
    os.makedirs(directory, exist_ok=True)
    source, obj = os.path.join(directory, "x.c"), os.path.join(directory, "x.c.o")
    archive = os.path.join(directory, "lib.a")
    for title, text, limit, expected, between in CASES:
        for level in ("-O0", "-O2"):
            with open(source, "w", encoding="utf-8") as file:
                file.write(text)
            if os.path.exists(archive):
                os.remove(archive)
            check_archive.run(*compiler, "-std=gnu17", "-w", level, "-ffreestanding",
                              "-fstack-usage", "-fno-stack-protector", "-c", "-o", obj, source)
            os.replace(os.path.join(directory, "x.c.su" if os.path.exists(
                os.path.join(directory, "x.c.su")) else "x.su"), os.path.join(directory, "x.c.su"))
            check_archive.run("ar", "rcs", archive, obj)
            problems, bounds = check_bounds(archive, {}, {"g": "g"}, limit)
            good = not problems if expected is None else \
                any(re.search(expected, p) for p in problems)
            if between and not between[0] <= bounds["g"][0] <= between[1]:
                good = False
            if not good:
                failed += 1
                print("FAILED: %s, %s: %s %s" % (title, level, bounds, problems))
    for measured, words in (({"g": 100}, None), ({"g": 101}, "more than its bound"),
                            ({}, "never measured")):
        problems = check_measured(measured, {"g": (100, [])})
        if bool(problems) != bool(words) or (words and words not in problems[0]):
            failed += 1
            print("FAILED: %s: %s" % (measured, problems))
    print("%d cases, %d failed" % (len(CASES) * 2 + 3, failed))
    return failed


def main(arguments):
    if arguments[:1] == ["--self-test"] and len(arguments) >= 3:
        return 1 if self_test(arguments[1:-1], arguments[-1]) else 0
    if len(arguments) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    problems, bounds = check_bounds(arguments[0], check_archive.INDIRECT, ENTRIES, LIMIT)
    try:
        measured = measure(arguments[1])
    except subprocess.CalledProcessError as error:
        print("%s: %s" % (" ".join(error.cmd), error.stderr), file=sys.stderr)
        return 1
    problems += check_measured(measured, bounds)
    for name, (size, path) in bounds.items():
        print("%-8s measured %5d, bound %5d bytes: %s" %
              (name, measured.get(name, 0), size, " ".join(path)))
    for problem in problems:
        print("FAILED:", problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

#!/usr/bin/env python3
"""Mutation testing: mutants.py [--list] [-n N] [-s SEED] [--only FILE[:LINE]] [--build DIRECTORY].

Makes single mistakes in src/cap/, src/kernel/ and src/syscall/, one at a time:

    turned     a comparison: < becomes <=, == becomes !=, ...
    constant   a number is one more
    left out   a call that stands alone is gone
    negated    the condition of an if, a while, or a ?:
    swapped    && becomes ||, and the other way round

Each mutant is compiled on its own and linked in front of the kernel's archive into the unit tests
and the tool; the suites run from the quick to the slow, and the first that fails kills it, if it
passes with the original, compiled and linked in the same way.
A mutant that doesn't compile, or whose object is the original's to the byte, is no mutant. One that
survives is in tests/mutants.txt with the reason why it is harmless, or is a finding:

    FILE | FUNCTION | THE LINE, WITH THE PLACE IN «» | WHAT IT BECOMES | REASON

Places are taken evenly from all of them (N of them, from SEED on); each file's get their share.
Exit status: 0, the score is good enough; 1, it is not; 2, it could not run, or the original fails.
"""
import argparse
import os
import random
import re
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from collections import namedtuple
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ["src/cap", "src/kernel", "src/syscall"]
EXPLAINED = ROOT / "tests" / "mutants.txt"
GOAL = 95  # percent

CFLAGS = ["-std=c17", "-ffreestanding", "-fno-stack-protector", "-O1", "-fPIC", "-w",
          "-fvisibility=hidden", "-I.", "-Iinclude", "-Isrc"]
UNFINISHED = 5          # what `rescind explore` says when there are more schedules
MEMORY_KIB = 8 << 20
WALL_TIMES = 30         # the machine may have other things to do
VERBOSE = "RESCIND_MUTANTS_VERBOSE"

Suite = namedtuple("Suite", "name program arguments files")


def unit(name, but=None):
    """A unit test, or all of it but some of its tests."""
    if but is None:
        return Suite(name, f"tests/test_{name}", [], [])
    return Suite(f"{name} but {but}", f"tests/test_{name}", [but], [])


def tool(name, arguments, *files):
    return Suite(name, "rescind", arguments, files)


# What runs on each mutant, from the quick to the slow: unit tests, of some at first without those
# that take long, and the tool on the corpus.
QUICK_SUITES = [
    unit("audit"), unit("irq"), unit("letter", "*in_every_order"), unit("kernel"), unit("cap"),
    unit("endpoint"), unit("vpe"), unit("peer", "calls_in_any_order*"),
    unit("service", "whatever_happens*"), unit("memory"), unit("machine"), unit("user_programs"),
    unit("quota"),
    tool("run", ["run", "--audit", "always"], "*.litmus", "racy/*.litmus"),
    tool("explore", ["explore", "--max-states", "300"], "racy/*.litmus"),
]
SUITES = QUICK_SUITES + [
    unit("peer"), unit("service"), unit("interleave"), unit("message", "*into_its_rings*"),
    tool("run by ones", ["run", "--audit", "always", "--work", "1", "--schedule", "random"],
         "*.litmus", "racy/*.litmus"),
    tool("explore by ones", ["explore", "--work", "1", "--max-states", "1000"], "racy/*.litmus"),
    unit("monitor"), unit("children"), unit("litmus"), unit("bounds"),
]
# What runs, with --slow, on those that survive these.
SLOW_SUITES = [unit(name) for name in ["every_order", "letter", "message", "model"]]

TOKEN = re.compile(r"""
    (?P<space>\s+|//[^\n]*|/\*.*?\*/)
  | (?P<directive>^[ \t]*\#(?:[^\n\\]|\\.|\\\n)*)
  | (?P<string>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
  | (?P<number>0[xX][0-9a-fA-F]+[uUlL]*|\d+[uUlL]*)
  | (?P<name>[A-Za-z_]\w*)
  | (?P<symbol><<=|>>=|->|\+\+|--|&&|\|\||[<>=!+*/%&|^-]=|<<|>>|.)
""", re.VERBOSE | re.MULTILINE | re.DOTALL)
Token = namedtuple("Token", "kind text start")
Mutant = namedtuple("Mutant", "file line function start end text kind")

TURNED = {"<": "<=", "<=": "<", ">": ">=", ">=": ">", "==": "!=", "!=": "=="}
SWAPPED = {"&&": "||", "||": "&&"}
# What states an invariant is no behaviour: a check that never fails can't be missed.
KEYWORDS = {"if", "while", "for", "switch", "return", "sizeof"}
ASSERTIONS = {"KERNEL_ASSERT", "_Static_assert"}


def tokens_of(text):
    found = []
    for match in TOKEN.finditer(text):
        if match.lastgroup not in ("space", "directive"):
            found.append(Token(match.lastgroup, match.group(), match.start()))
    return found


def closing(tokens, at):
    """The index of the bracket that closes the one at `at`."""
    depth = 0
    for i in range(at, len(tokens)):
        if tokens[i].text in "([{":
            depth += 1
        elif tokens[i].text in ")]}":
            depth -= 1
            if depth == 0:
                return i
    raise ValueError("unbalanced")


def functions_of(tokens):
    """(name, index of {, index of }) of each function's body."""
    i = 0
    while i < len(tokens):
        if tokens[i].text == "{":
            end = closing(tokens, i)
            if tokens[i - 1].text == ")":
                at, depth = i - 1, 0
                while True:
                    depth += {")": 1, "(": -1}.get(tokens[at].text, 0)
                    at -= 1
                    if depth == 0:
                        break
                yield tokens[at].text, i, end
            i = end
        i += 1


def begins_statement(tokens, i):
    """Whether a statement begins with tokens[i]."""
    before = tokens[i - 1].text
    if before == ")":
        at, depth = i - 1, 0
        while True:
            depth += {")": 1, "(": -1}.get(tokens[at].text, 0)
            at -= 1
            if depth == 0:
                return tokens[at].text in ("if", "while", "for")
    if before == ":":
        return tokens[i - 2].text == "default" or tokens[i - 3].text == "case"
    return before in (";", "{", "}", "else", "do")


def mutants_of(file):
    """Every mutant of a file, in its order."""
    text = (ROOT / file).read_text()
    tokens = tokens_of(text)
    found = []

    def add(function, first, last, new, kind):
        start, end = tokens[first].start, tokens[last].start + len(tokens[last].text)
        line = text.count("\n", 0, start) + 1
        found.append(Mutant(file, line, function, start, end, new, kind))

    def source(first, last):
        return text[tokens[first].start:tokens[last].start + len(tokens[last].text)]

    for function, begin, end in functions_of(tokens):
        skip_to = 0
        for i in range(begin + 1, end):
            token, before, after = tokens[i], tokens[i - 1], tokens[i + 1]
            if token.text in ASSERTIONS:
                skip_to = closing(tokens, i + 1)
            if i < skip_to:
                continue
            if token.text in TURNED:
                add(function, i, i, TURNED[token.text], "turned")
            elif token.text in SWAPPED:
                add(function, i, i, SWAPPED[token.text], "swapped")
            elif token.kind == "number":
                digits, suffix = re.fullmatch(r"(0[xX][0-9a-fA-F]+|\d+)(\w*)", token.text).groups()
                add(function, i, i, str(int(digits, 0) + 1) + suffix, "constant")
            elif token.text in ("if", "while") and after.text == "(":
                close = closing(tokens, i + 1)
                add(function, i + 1, close, f"(!{source(i + 1, close)})", "negated")
            elif token.text == "?":
                # The condition reaches back to what binds weaker, or an open bracket.
                at, depth = i, 0
                while True:
                    before_at = tokens[at - 1].text
                    depth += (before_at in ")]}") - (before_at in "([{")
                    if depth < 0 or (depth == 0 and before_at in
                                     ("=", "return", ";", ",", "+=", "-=", "|=", "?", ":")):
                        break
                    at -= 1
                add(function, at, i - 1, f"!({source(at, i - 1)})", "negated")
            elif (token.kind == "name" and after.text == "(" and token.text not in KEYWORDS and
                  begins_statement(tokens, i)):
                close = closing(tokens, i + 1)
                if tokens[close + 1].text == ";":
                    add(function, i, close, "(void)0", "left out")
    return text, found


def described(text, mutant):
    """How tests/mutants.txt names it: the line, with the place marked, and what it becomes."""
    start = text.rfind("\n", 0, mutant.start) + 1
    stop = text.find("\n", mutant.end)
    marked = (text[start:mutant.start] + "«" + text[mutant.start:mutant.end] + "»" +
              text[mutant.end:stop])
    return " ".join(marked.split()), " ".join(mutant.text.split())


def all_places():
    places, texts = [], {}
    for room in ROOMS:
        for path in sorted((ROOT / room).glob("*.c")):
            file = str(path.relative_to(ROOT))
            texts[file], found = mutants_of(file)
            places += found
    return texts, places


def sample(places, count, seed):
    """`count` places, evenly spread, starting at a random one."""
    if count == 0 or count >= len(places):
        return places
    first = random.Random(seed).random()
    return [places[int((i + first) * len(places) / count) % len(places)] for i in range(count)]


def explanations(texts, places):
    """What tests/mutants.txt explains: {(file, function, line, becomes)}."""
    known = {name_of(texts, place) for place in places}
    found = set()
    for number, line in enumerate(EXPLAINED.read_text().splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        parts = [" ".join(part.split()) for part in line.split(" | ")]
        if len(parts) != 5 or not all(parts):
            fail(f"{EXPLAINED}:{number}: not FILE | FUNCTION | LINE | BECOMES | REASON")
        if tuple(parts[:4]) not in known:
            fail(f"{EXPLAINED}:{number}: there is no such place")
        found.add(tuple(parts[:4]))
    return found


def fail(text):
    print(text, file=sys.stderr)
    sys.exit(2)


class Bench:
    """Compiles mutants, links them with what a build directory holds, and runs the suites."""

    def __init__(self, build, scratch, suites):
        self.build, self.scratch, self.suites = build, scratch, suites
        self.source, self.object = scratch / "mutant.c", scratch / "mutant.o"
        self.compiler = os.environ.get("CC", "cc").split()[-1:]
        self.links, self.costs, self.kills, self.sound = {}, {}, {}, set()
        self.environment = dict(os.environ, RESCIND_TESTS=str(ROOT / "tests"),
                                CCACHE_DISABLE="1")
        for program in sorted({suite.program for suite in self.suites}):
            self.links[program] = self.link_command(program)

    def link_command(self, program):
        """How the build directory links a program, with the mutant before the archives."""
        done = subprocess.run(["ninja", "-C", self.build, "-t", "commands", program],
                              capture_output=True, text=True)
        if done.returncode != 0:
            fail(f"{self.build}: {done.stdout}{done.stderr}")
        words = shlex.split(done.stdout.splitlines()[-1])
        # What is linked with the library is linked with what that consists of.
        for i in (i for i, word in enumerate(words) if word.startswith("librescind.so")):
            words[i:i + 1] = ["librescind-core.a", "librescind-sim.a", "-lglib-2.0"]
        output = words.index("-o")
        first = next(i for i, word in enumerate(words) if i > output + 1)
        return (words[:output] + ["-o", str(self.scratch / Path(program).name), "-s"] +
                [str(self.object)] + words[first:])

    def compile(self, text):
        """The object of a source, or None."""
        self.source.write_text(text)
        done = subprocess.run([*self.compiler, *CFLAGS, "-c", self.source, "-o", self.object],
                              capture_output=True, cwd=ROOT, env=self.environment)
        return self.object.read_bytes() if done.returncode == 0 else None

    def limited(self, command, seconds, directory):
        """Runs a command with a bound on its processor time: (exit status, processor time)."""
        limits = f"ulimit -c 0; ulimit -t {seconds}; ulimit -v {MEMORY_KIB}; exec \"$@\""
        before = os.times()
        process = subprocess.Popen(["sh", "-c", limits, "sh", *map(str, command)], cwd=directory,
                                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL, env=self.environment,
                                   start_new_session=True)
        try:
            status = process.wait(WALL_TIMES * seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            status = process.wait()
        after = os.times()
        return status, (after.children_user + after.children_system -
                        before.children_user - before.children_system)

    def run(self, suite, program, seconds):
        """Whether a suite passes, and what it took."""
        files = [file for pattern in suite.files
                 for file in sorted((ROOT / "tests" / "litmus").glob(pattern))]
        status, cost = self.limited([program, *suite.arguments, *files], seconds, ROOT)
        return status == 0 or (status == UNFINISHED and "explore" in suite.arguments), cost

    def passes(self, suite, linked, seconds):
        """Whether a suite passes with what was compiled, and what it took."""
        if suite.program not in linked:
            done = subprocess.run(self.links[suite.program], capture_output=True, text=True,
                                  cwd=self.build, env=self.environment)
            if done.returncode != 0:
                fail(f"{suite.program}: {done.stdout}{done.stderr}")
            linked.add(suite.program)
        return self.run(suite, self.scratch / Path(suite.program).name, seconds)

    def check_original(self, file, text, suite):
        """The suite passes with the original of a file, too; what it costs is known then."""
        if self.compile(text) is None:
            fail(f"{file} does not compile")
        good, self.costs[suite.name] = self.passes(suite, set(), 600)
        if not good:
            fail(f"{suite.name} fails without a mutant, with {file} as it is")
        self.sound.add((file, suite.name))

    def kill(self, file, text, mutated):
        """The suite that kills the mutant, or None."""
        kills = self.kills.setdefault(file, {})
        linked = set()
        # By what it costs; but what has killed others in this file comes earlier.
        for suite in sorted(self.suites, key=lambda suite: (self.suites.index(suite) + 2) /
                            (1 + 4 * kills.get(suite.name, 0))):
            if suite.name not in self.costs:
                self.check_original(file, text, suite)
                self.compile(mutated)
                linked.clear()
            seconds = int(3 * self.costs[suite.name]) + 2
            if not self.passes(suite, linked, seconds)[0]:
                kills[suite.name] = kills.get(suite.name, 0) + 1
                if (file, suite.name) not in self.sound:
                    self.check_original(file, text, suite)
                return suite.name
        return None


def name_of(texts, mutant):
    line, becomes = described(texts[mutant.file], mutant)
    return mutant.file, mutant.function, line, becomes


def campaign(bench, texts, mutants, explained):
    """Runs every mutant; prints the survivors; returns what became of how many."""
    count = {"killed": 0, "survive": 0, "explained": 0, "not compiled": 0, "the same": 0}
    originals, began = {}, time.monotonic()
    for number, mutant in enumerate(mutants, 1):
        text, name = texts[mutant.file], name_of(texts, mutant)
        if mutant.file not in originals:
            originals[mutant.file] = bench.compile(text)
        mutated = text[:mutant.start] + mutant.text + text[mutant.end:]
        made = bench.compile(mutated)
        killer = None
        if made is None:
            became = "not compiled"
        elif made == originals[mutant.file]:
            became = "the same"
        elif name in explained:
            became = "explained"
        else:
            killer = bench.kill(mutant.file, text, mutated)
            became = "killed" if killer else "survive"
        count[became] += 1
        if became == "survive":
            print(f"{mutant.file}:{mutant.line}: {mutant.kind}\n    {' | '.join(name)} |",
                  flush=True)
        if VERBOSE in os.environ:
            print(f"{number}/{len(mutants)} {time.monotonic() - began:.0f} s {mutant.file}:"
                  f"{mutant.line} {mutant.kind}: {became} {killer or ''}", file=sys.stderr)
    return count


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-n", type=int, default=0,
                        help="so many places, spread evenly (0: all of them)")
    parser.add_argument("-s", type=int, default=1, help="the seed of where that begins")
    parser.add_argument("--only", metavar="FILE[:LINE]", help="the places there")
    parser.add_argument("--quick", action="store_true", help="only the quick suites")
    parser.add_argument("--slow", action="store_true", help="the slow suites, too")
    parser.add_argument("--list", action="store_true", help="only lists the places")
    parser.add_argument("--programs", action="store_true", help="only lists what has to be built")
    parser.add_argument("--at-least", type=int, default=GOAL, metavar="PERCENT")
    parser.add_argument("--build", type=Path, default=ROOT / "build" / "mutants")
    options = parser.parse_args()

    if options.programs:
        print(*sorted({suite.program for suite in SUITES + SLOW_SUITES}))
        return
    texts, places = all_places()
    explained = explanations(texts, places)
    if options.only:
        file, _, line = options.only.partition(":")
        places = [p for p in places if p.file == file and line in ("", str(p.line))]
        if not places:
            fail(f"there is no place in {options.only}")
    mutants = sample(places, options.n, options.s)
    if options.list:
        for mutant in mutants:
            print(f"{mutant.file}:{mutant.line}: {' | '.join(name_of(texts, mutant))}")
        return
    with tempfile.TemporaryDirectory(prefix="rescind-mutants-") as scratch:
        suites = QUICK_SUITES if options.quick else SUITES
        bench = Bench(options.build.resolve(), Path(scratch),
                      suites + (SLOW_SUITES if options.slow else []))
        print(f"{len(mutants)} of {len(places)} places, seed {options.s}", flush=True)
        count = campaign(bench, texts, mutants, explained)
    print(", ".join(f"{number} {what}" for what, number in count.items()))
    score = 100 * count["killed"] / max(1, count["killed"] + count["survive"])
    print(f"score {score:.1f} %, and {options.at_least} % is the goal")
    sys.exit(1 if score < options.at_least else 0)


if __name__ == "__main__":
    main()

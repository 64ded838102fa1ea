#!/usr/bin/env python3
"""The README's table of targets: targets.py FOLDER.

bench/run.sh calls it with the folder where everything that it has measured lies, and prints what it
says; FOLDER/targets.json gets the same. A row says what the target is, what was measured, whether
that reaches it, and the command that measures it. What a file does not hold was not measured.

Inside the kernel, an EXCHANGE is what it takes from the decoded message to the result (callgrind,
inclusive, of exchange_at_once() and step_exchange()), a REVOKE is all that the kernel does from its entry to its
return, in every event of the call.
"""
import csv
import json
import os
import sys

SHAPES = ("star", "chain", "binary", "random")
ORDERS = ("sequence", "random", "attack")


def lines(folder, name):
    path = os.path.join(folder, name)
    if not os.path.exists(path):
        return []
    with open(path, encoding="utf-8") as file:
        return file.read().splitlines()


def counts(folder, name):
    """NAME NUMBER a line."""
    return {word: float(number) for word, number in (line.split() for line in lines(folder, name))}


class Measured:
    def __init__(self, folder):
        self.entered = counts(folder, "instructions.txt") # from the kernel's entry on
        self.steps = counts(folder, "steps.txt")          # of calls' steps alone
        self.boot = [json.loads(line) for line in lines(folder, "boot.json")]
        self.beside = [json.loads(line) for line in lines(folder, "beside.json")]
        self.corpus = [int(line.split()[0]) for line in lines(folder, "stretch.txt")]
        self.bytes = [json.loads(line)["bytes_per_cap"] for line in lines(folder, "bytes.json")]
        self.edges = list(csv.DictReader(lines(folder, "edges.csv")))
        rows = list(csv.reader(lines(folder, "results.csv")))
        self.times = {(r[0], r[1], int(r[2])): r for r in rows[1:]}

    def ns(self, subject, words=""):
        """Of the largest size."""
        found = [(size, float(row[4])) for (name, variant, size), row in self.times.items()
                 if name == subject and words in variant]
        return max(found)[1] if found else None

    def floors(self, shape, order):
        """How many times the floor a REVOKE takes, of 100 000 or nearly."""
        found = [float(r[4]) / float(r[6]) for (name, variant, size), r in self.times.items()
                 if name == "revoke" and variant == shape + " " + order and 9e4 < size <= 1e5]
        return found[0] if found else None


def number(value):
    """In groups of three where it is long."""
    text = "%.0f" % value if value >= 100 or value == int(value) else "%.2f" % value
    return "{:,}".format(int(text)).replace(",", " ") if value >= 1000 else text


def most(values, limit):
    """The greatest of some named values, against what they may be."""
    known = {name: value for name, value in values.items() if value is not None}
    if not known:
        return None, None
    worst = max(known, key=known.get)
    least = min(known.values())
    text = number(known[worst])
    if len(known) > 1:
        text = "%s to %s (%s)" % (number(least), text, worst)
    return text, known[worst] <= limit


def each(values, limits):
    """One value behind the other, each against its own limit."""
    if any(value is None for value in values):
        return None, None
    return " / ".join(number(v) for v in values), all(v <= m for v, m in zip(values, limits))


def by_ranges(counted, call):
    """Those with 16 capabilities a call or more."""
    return {name.split("-", 1)[1]: value for name, value in counted.items()
            if name.startswith(call + "-") and "-by-" in name}


def one_by_one(counted, call):
    return {name.split("-", 1)[1]: value for name, value in counted.items()
            if name.startswith(call + "-") and "-by-" not in name}


def at_least(rate_of, limit):
    if rate_of is None:
        return None, None
    rate = 1e9 / rate_of
    return number(rate), rate >= limit


def stretch(m):
    shapes = [b["stretch"] for b in m.boot]
    if not shapes:
        return None, None
    size = max(b["size"] for b in m.boot)
    text = "%s (trees to %s)" % (number(max(shapes)), number(size))
    if m.corpus:
        text += ", %s (corpus)" % number(max(m.corpus))
    return text, max(shapes + m.corpus) < 5000


def noops(m):
    if not m.beside:
        return None, None
    b = max(m.beside, key=lambda one: one["noop_longest"] / one["stretch"])
    text = "longest %s, stretch %s; %s of %s NOOPs met a turn's end" % (
        number(b["noop_longest"]), number(b["stretch"]), number(b["noops_preempted"]),
        number(b["noops"]))
    return text, all(one["noops_late"] == 0 for one in m.beside)


def edges(m):
    if not m.edges:
        return None, None
    text = []
    good = True
    for row in m.edges:
        crossing, records, messages = (int(row[k]) for k in ("crossing", "records", "messages"))
        text.append("%s %s" % (row["shape"], number(messages / crossing)))
        good = good and records == 4 * crossing and messages <= records
    return "4 records an edge; messages: " + ", ".join(text), good


def boot(m, name):
    return {"%s, %s" % (b["shape"], b["selectors"]): b[name] for b in m.boot}


def others(m):
    rates = ["%s %s" % (name, number(1e9 / float(row[4])))
             for (name, _, _), row in sorted(m.times.items())
             if name.startswith("fuzz_") and name != "fuzz_message"]
    return ("; " + ", ".join(rates)) if rates else ""


COUNT = "`sh tests/budget_count.sh %sbuild/tests/budget --targets`"
STEPS, ENTERED = COUNT % "--decoded ", COUNT % ""
BENCH = "`build/bench/bench %s`"
PC = "`rescind profile --boot --shape SHAPE --size %s`"


def rows(m):
    """What, target, (measured, reached), how."""
    all_revokes = {**one_by_one(m.entered, "revoke"), **by_ranges(m.entered, "revoke")}
    yield ("REVOKE in the kernel, of 10 000, both passes, any shape and order, instructions a "
           "capability", "120", most(all_revokes, 120), ENTERED)
    yield ("EXCHANGE in the kernel, in ranges of 16 or more, any shape and order", "130",
           most(by_ranges(m.steps, "exchange"), 130), STEPS)
    for shape, name, limits in (("star", "star", (300, 480)), ("chain", "chain", (340, 540)),
                                ("binary", "tree", (430, 600))):
        values = [m.steps.get("exchange-%s-%s" % (shape, order)) for order in ORDERS[:2]]
        yield ("EXCHANGE in the kernel, one by one, %s, in sequence / at random" % name,
               "%d / %d" % limits, each(values, limits), STEPS)
    for name, shapes, order, limit in (("star / chain", ("star", "chain"), "sequence", 5),
                                       ("binary tree", ("binary",), "sequence", 9),
                                       ("star / chain / binary tree", SHAPES[:3], "random", 4)):
        values = [m.floors(shape, order) for shape in shapes]
        yield ("REVOKE of 100 000, times as long as walking and freeing a list, selectors %s, %s" %
               ("in sequence" if order == "sequence" else "at random", name),
               str(limit), each(values, [limit] * len(values)), BENCH % "revoke")
    yield ("a delegated capability, bytes", "64",
           most({"": max(m.bytes) if m.bytes else None}, 64), "`rescind profile`")
    yield ("PC: longest stretch of the kernel without a look for interrupts, instructions",
           "under 5 000", stretch(m), PC % "1000000" + ", `meson test -C build pc-stretch`")
    yield ("PC: another VPE's NOOPs during a REVOKE of that size, by its own clock",
           "2 stretches", noops(m), PC.replace("--boot", "--boot --beside") % "1000000")
    for what, name, limit in (("NOOP", "noop", 400), ("EXCHANGE of one", "exchange", 700),
                              ("REVOKE of a leaf", "revoke_leaf", 500),
                              ("REVOKE, each descendant", "revoke_per_descendant", 140)):
        values = boot(m, name)
        if name != "revoke_per_descendant" and values:
            values = {"": max(values.values())}
        yield ("PC, ring 3 and entry included, instructions: " + what, str(limit),
               most(values, limit), PC % "N")
    yield ("reset of the fuzzer's kernel, ns", "under 1 000",
           each([m.ns("kernel-reset")], [999]), BENCH % "kernel")
    yield ("snapshot / restore with 1 000 capabilities, ns", "under 10 000",
           each([m.ns("snapshot"), m.ns("restore")], [9999] * 2), BENCH % "snapshot")
    measured, good = at_least(m.ns("fuzz_message"), 200000)
    yield ("`fuzz_message`, mutants a second, without libFuzzer's own work; the others", "at least 200 000",
           (measured and measured + others(m), good), BENCH % "fuzz")
    yield ("explorer, audited at every state, states a second", "at least 100 000",
           at_least(m.ns("explorer", "every"), 100000), BENCH % "explorer")
    yield ("explorer, audited at ends only, states a second", "at least 300 000",
           at_least(m.ns("explorer", "ends"), 300000), BENCH % "explorer")
    yield ("REVOKE across kernels: records and messages an edge that crosses",
           "what the edges need", edges(m), "`build/bench/across edges --kernels 4`")


def main(arguments):
    if len(arguments) != 1:
        print(__doc__, file=sys.stderr)
        return 2
    result = []
    print("| what | at most, unless said otherwise | measured | reached | measured by |")
    print("|---|---|---|---|---|")
    for what, target, (measured, good), how in rows(Measured(arguments[0])):
        reached = "" if good is None else "yes" if good else "**no**"
        print("| %s | %s | %s | %s | %s |" %
              (what, target, measured or "not measured", reached, how))
        result.append({"what": what, "target": target, "measured": measured, "reached": good})
    with open(os.path.join(arguments[0], "targets.json"), "w", encoding="utf-8") as file:
        json.dump(result, file, indent=2)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

#!/usr/bin/env python3
"""What the kernel's archive promises, read from the compiled objects.

    check_archive.py ARCHIVE...              checks the archives taken together
    check_archive.py --drivers ARCHIVE...    the same for drivers, which may reach hardware
    check_archive.py --self-test CC WORKDIR  shows that each check can fail

1. It refers to no symbol outside itself but memcpy, memmove, memset, memcmp and the platform
   interface (platform_...); drivers also to what reaches hardware (rescind/platform.h).
2. Its call graph has no cycle: no recursion, so the stack's depth follows from the code. Calls and
   tail jumps come from the disassembly. An indirect call counts as a call to every function it
   may reach: INDIRECT below says through which tables, whose contents are read from the
   relocations of the data, or which functions are handed over. An indirect call that INDIRECT
   does not know, and a line of it that fits nothing any more, are failures.

Builds with sanitizers or coverage add symbols and calls of their own; this is for plain ones.
Needs nm and objdump.
"""
import os
import re
import subprocess
import sys

ALLOWED = {"memcpy", "memmove", "memset", "memcmp"}
ALLOWED_PREFIX = "platform_"
HARDWARE = {"rescind_firmware", "rescind_read_msr", "rescind_write_msr", "rescind_ticks",
            "rescind_pause"}
HARDWARE |= {"rescind_%s%d" % (verb, bits) for bits in (8, 16, 32, 64)
             for verb in ("in", "out", "read", "write")}

# (source file, function): data symbols of the tables that its indirect calls go through, or
# functions that are handed over. Function "*": any function of the file, since compilers inline.
# "outside": a function of whoever calls; it gets nothing by which to come back in.
INDIRECT = {
    ("src/syscall/across.c", "*"): ["vpe_type", "map_type", "sender_type", "irq_type", "ports_type"],
    ("src/cap/create.c", "*"): ["vpe_type", "map_type", "mem_type", "session_type",
                                "endpoint_type", "sender_type", "listener_type"],
    ("src/cap/revoke.c", "mark"): ["map_type"],
    ("src/syscall/letter.c", "letter_hear"): ["served_letters"],
    ("src/kernel/audit.c", "check_object_refs"): ["vpe_type", "map_type", "sender_type",
                                                     "irq_type", "ports_type"],
    ("src/kernel/peer.c", "*"): ["serve_write", "across_write", "write_free"],
    ("src/syscall/call.c", "*"): ["syscalls"],
    ("src/kernel/audit.c", "rescind_kernel_audit"): ["invariants"],
    ("src/kernel/audit.c", "each"): [
        "treap_links_good", "treap_heap_good", "ring_links_good", "parent_live_good",
        "derived_alike_good", "marked_below_good", "visited_chain_good", "reserved_open_good",
        "nothing_left_good", "stubs_sound_good", "never_good", "is_cap", "is_stub", "is_derived",
        "is_tomb",
    ],
    ("src/kernel/tree.c", "*"): ["outside"],
    ("src/user/call.c", "*"): ["outside"],
    ("src/user/task06.c", "*"): ["tests"],
}

# The same for the drivers.
DRIVERS_INDIRECT = {
    ("src/pc99/pci.c", "*"): ["outside"],
    ("src/pc99/pit.c", "*"): ["outside"],
    ("src/pc99/processors.c", "*"): ["outside"],
}

# Indirect calls that some compilers make direct.
NOT_ALWAYS = {("src/kernel/peer.c", "*")}

# A table that holds tables, and its rows: INDIRECT names those of them that hold functions, where it
# is gone through.
TABLES_OF_TABLES = {"cap_types": ["gate_type", "vpe_type", "mem_type", "map_type", "service_type",
                                  "session_type", "endpoint_type", "sender_type", "irq_type",
                                  "ports_type", "listener_type"]}


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True,
                          env={**os.environ, "LC_ALL": "C"}).stdout


def base(name):
    """A function's name in the source: compilers append .part.0, .constprop.1, .cold, ..."""
    return name.split(".")[0]


class Object:
    """One object file of an archive: its symbols, code and relocations."""

    def __init__(self, name):
        self.name = name
        self.symbols = []  # (section, value, size, name, is_global, is_function)
        self.code = {}     # section -> [(address, text)]
        self.relocs = {}   # section -> [(address, type, symbol, addend)]


HEADER = re.compile(r"^(.*):\s+file format elf64-x86-64", re.MULTILINE)
SYMBOL = re.compile(r"^([0-9a-f]{16}) (.{7}) (\S+)\t([0-9a-f]{16})\s+(?:\.hidden |\.protected |"
                    r"\.internal )?(\S+)$")
CODE = re.compile(r"^\s*([0-9a-f]+):\t(.*)$")
RELOC = re.compile(r"^\s*([0-9a-f]+):? +(R_X86_64_\w+)\s+(\S+?)([+-]0x[0-9a-f]+)?$")


def objects_of(archive):
    """Parses what objdump prints about an archive (or one object): symbols and relocations first,
    then the code of the same objects in the same order."""
    facts = run("objdump", "-t", "-r", "-w", archive)
    code = run("objdump", "-d", "--no-show-raw-insn", "-w", archive)
    result = [Object(name) for name in HEADER.findall(facts)]
    section, mode, number = None, None, -1
    for line in (facts + code).splitlines():
        if HEADER.match(line):
            number += 1
            current = result[number % len(result)]
            continue
        if line == "SYMBOL TABLE:":
            mode = "symbols"
            continue
        part = re.match(r"^(RELOCATION RECORDS FOR|Disassembly of section) \[?([^\]:]+)\]?:$", line)
        if part:
            mode = "relocs" if part.group(1).startswith("RELOC") else "code"
            section = part.group(2)
            continue
        if mode == "symbols":
            found = SYMBOL.match(line)
            if found:
                value, flags, where, size, name = found.groups()
                current.symbols.append((where, int(value, 16), int(size, 16), name,
                                           flags[0] in "g!" or flags[1] == "w", "F" in flags))
        elif mode == "relocs":
            found = RELOC.match(line)
            if found:
                current.relocs.setdefault(section, []).append(
                    (int(found.group(1), 16), found.group(2), found.group(3),
                     int(found.group(4) or "0", 16)))
        elif mode == "code":
            found = CODE.match(line)
            if found:
                current.code.setdefault(section, []).append(
                    (int(found.group(1), 16), found.group(2).strip()))
    return result


def undefined_symbols(archives):
    """Names that some object wants and no object of the archives has."""
    wanted, there = set(), set()
    for archive in archives:
        for line in run("nm", "-P", archive).splitlines():
            fields = line.split()
            if len(fields) < 2:
                continue
            if fields[1] in "Uvw":
                wanted.add(fields[0])
            elif fields[1].isupper():
                there.add(fields[0])
    return {name for name in wanted - there
            if name not in ALLOWED and not name.startswith(ALLOWED_PREFIX)
            and name != "_GLOBAL_OFFSET_TABLE_"}


class Graph:
    """Who calls whom. A node is a function's name, with its object's for one that is local."""

    def __init__(self, archives, indirect):
        self.indirect = indirect
        self.problems = []
        self.calls = {}   # node -> set of nodes
        self.used = set() # keys of INDIRECT that some indirect call needed
        self.objects = [o for archive in archives for o in objects_of(archive)]
        self.global_functions, self.global_data = set(), {}
        for o in self.objects:
            for section, value, size, name, is_global, is_function in o.symbols:
                if is_global and is_function and section != "*UND*":
                    self.global_functions.add(name)
                elif is_global and section != "*UND*":
                    self.global_data[name] = (o, section, value, size)
        for o in self.objects:
            self.read(o)
        self.look_for_stale_lines()

    def source(self, o):
        """The source file of an object, as INDIRECT names it; meson writes / as _."""
        member = "_" + re.sub(r"\.o$", "", os.path.basename(o.name))
        for source in {key[0] for key in self.indirect}:
            if member.endswith("_" + re.sub(r"^src/", "", source).replace("/", "_")):
                return source
        return o.name

    def node(self, o, name):
        name = re.sub(r"\.cold(\.\d+)?$", "", name) # the unlikely half of a function
        if any(s[3] == name and s[4] for s in o.symbols):
            return name
        return o.name + ":" + name

    def target(self, o, symbol, addend):
        """The function that a relocation leads to; None for data and for what is outside."""
        section = next((s for s in {x[0] for x in o.symbols} if s == symbol), None)
        if section is not None and section.startswith("."):
            found = next((n for s, v, z, n, g, f in o.symbols
                          if s == section and f and (v <= addend < v + z or v == addend)), None)
            return self.node(o, found) if found else None
        if any(s[3] == symbol and s[5] and s[0] != "*UND*" for s in o.symbols):
            return self.node(o, symbol)
        return symbol if symbol in self.global_functions else None

    def function_at(self, o, section, address):
        return next(((n, v, z) for s, v, z, n, g, f in o.symbols
                     if s == section and f and v <= address < v + z), None)

    def read(self, o):
        for section, lines in o.code.items():
            relocs = o.relocs.get(section, [])
            addresses = [a for a, _ in lines] + [1 << 62]
            for i, (address, text) in enumerate(lines):
                inside = [r for r in relocs if address <= r[0] < addresses[i + 1]]
                self.instruction(o, section, lines, i, text, inside)

    def instruction(self, o, section, lines, i, text, relocs):
        words = [w for w in text.split() if w not in ("notrack", "bnd", "rep", "repz", "data16")]
        if not words or not (words[0].startswith("call") or words[0].startswith("j")):
            return
        here = self.function_at(o, section, lines[i][0])
        if here is None:
            self.problems.append("%s: code outside any function at %s+0x%x" %
                                 (o.name, section, lines[i][0]))
            return
        caller = self.node(o, here[0])
        self.calls.setdefault(caller, set())
        operand = words[1] if len(words) > 1 else ""
        if operand.startswith("*"):
            # A call through the GOT names its function in a relocation.
            for _, kind, symbol, addend in relocs:
                if "GOT" in kind and symbol in self.global_functions:
                    self.calls[caller].add(symbol)
                    return
                if "GOT" in kind and not any(s[3] == symbol and s[0] != "*UND*" for s in o.symbols):
                    return
            if words[0].startswith("j") and self.is_switch(o, section, here, lines, i):
                return
            self.indirect_call(o, caller, here[0])
            return
        if relocs:
            for _, kind, symbol, addend in relocs:
                shift = 4 if "PC32" in kind or "PLT32" in kind else 0
                found = self.target(o, symbol, addend + shift)
                if found and not (words[0].startswith("j") and found == caller):
                    self.calls[caller].add(found)
            return
        address = int(operand, 16) if re.fullmatch(r"[0-9a-f]+", operand) else None
        if address is None:
            return
        inside = here[1] <= address < here[1] + here[2]
        if inside and (words[0].startswith("j") or address != here[1]):
            return
        found = self.function_at(o, section, address)
        if found:
            self.calls[caller].add(self.node(o, found[0]))

    def is_switch(self, o, section, here, lines, i):
        """Is this jump one through a table of places of its own function? The table's entries are
        relocations against this very section, and the address comes from an addition or a load of
        an indexed entry just before."""
        table = any(
            kind in ("R_X86_64_PC32", "R_X86_64_64", "R_X86_64_32")
            and data.startswith(".rodata") and symbol in (section, here[0])
            for data, entries in o.relocs.items() for _, kind, symbol, _ in entries)
        before = " ".join(text for _, text in lines[max(0, i - 3):i + 1])
        return table and re.search(r"\badd\b|\(,%\w+,8\)", before) is not None

    def indirect_call(self, o, caller, function):
        source = self.source(o)
        for key in ((source, base(function)), (source, "*")):
            if key in self.indirect:
                self.used.add(key)
                for name in self.indirect[key]:
                    self.calls[caller] |= self.reachable_through(o, name)
                return
        self.problems.append("%s: %s makes an indirect call that is not in the list" %
                             (source, function))

    def reachable_through(self, o, name):
        """The functions in a table, or the one function of that name."""
        if name == "outside":
            return set()
        for owner in [o] + self.objects:
            for section, value, size, symbol, is_global, is_function in owner.symbols:
                if base(symbol) != name or section == "*UND*":
                    continue
                if owner is not o and not is_global:
                    continue
                if is_function:
                    return {self.node(owner, symbol)}
                return self.table(owner, section, value, size, name)
        if self.is_gone(o, name):
            self.problems.append("%s: there is no %s" % (self.source(o), name))
        return set()

    def is_gone(self, o, name):
        """Not compiled as a function of its own may mean inlined: then the source has it still."""
        path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", self.source(o))
        if not os.path.exists(path):
            return True
        with open(path, encoding="utf-8") as file:
            return re.search(r"\b%s\b" % name, file.read()) is None

    def table(self, owner, section, value, size, name):
        found = {self.target(owner, symbol, addend)
                 for address, _, symbol, addend in owner.relocs.get(section, [])
                 if value <= address < value + size} - {None}
        if not found:
            self.problems.append("%s: the table %s holds no function" % (owner.name, name))
        return found

    def look_for_stale_lines(self):
        names = {self.source(o): o for o in self.objects}
        for (source, function), _ in self.indirect.items():
            if (source, function) in self.used:
                continue
            o = names.get(source)
            compiled = o and any(base(s[3]) == function and s[5] for s in o.symbols)
            if o is None:
                self.problems.append("the list names %s, which is not in the archive" % source)
            elif (source, function) in NOT_ALWAYS:
                continue
            elif function == "*" or compiled or self.is_gone(o, function):
                self.problems.append("%s: the list has %s, which makes no indirect call" %
                                     (source, function))

    def rows_known(self):
        """Tables of tables hold no rows but those that the list names."""
        for name, rows in TABLES_OF_TABLES.items():
            for o in self.objects:
                for section, value, size, symbol, _, is_function in o.symbols:
                    if symbol != name or is_function or section == "*UND*":
                        continue
                    held = {r[2] for r in o.relocs.get(section, [])
                            if value <= r[0] < value + size}
                    for row in sorted(held ^ set(rows)):
                        self.problems.append("%s: %s and the list differ in %s" %
                                             (o.name, name, row))

    def cycle(self):
        """A cycle as a list of nodes, or None. Depth first, without recursion."""
        done, path, on_path = set(), [], set()
        for start in sorted(self.calls):
            stack = [(start, None)]
            while stack:
                node, rest = stack.pop()
                if rest is None:
                    if node in done:
                        continue
                    if node in on_path:
                        return path[path.index(node):] + [node]
                    path.append(node)
                    on_path.add(node)
                    rest = sorted(self.calls.get(node, ()))
                if rest:
                    stack.append((node, rest[1:]))
                    if rest[0] in on_path:
                        return path[path.index(rest[0]):] + [rest[0]]
                    if rest[0] not in done:
                        stack.append((rest[0], None))
                else:
                    path.pop()
                    on_path.discard(node)
                    done.add(node)
        return None


def check(archives, indirect):
    """Everything that is wrong, a line each."""
    problems = ["undefined: %s" % name for name in sorted(undefined_symbols(archives))]
    graph = Graph(archives, indirect)
    graph.rows_known()
    problems += graph.problems
    cycle = graph.cycle()
    if cycle:
        problems.append("a cycle of calls: " + " -> ".join(n.split(":")[-1] for n in cycle))
    return problems, graph


# ---- Self-test -------------------------------------------------------------------------------

PAIR = "int b(int n); int a(int n) { return n ? b(n - 1) * 3 + 1 : 0; }"
CASES = [
    # name, sources, list, what must be said (None: nothing)
    ("a sound program passes",
     {"x.c": "void *memcpy(void *, const void *, unsigned long); void platform_stop(void);\n"
             "static int __attribute__((noinline)) f(int n) { return n * 7; }\n"
             "int g(char *to, const char *from, unsigned long n)"
             "{ memcpy(to, from, n); platform_stop(); return f(to[0]); }"},
     {}, None),
    ("an undefined symbol is found", {"x.c": "int puts(const char *); int f(void) "
                                             "{ return puts(\"x\") + 1; }"}, {},
     r"undefined: puts"),
    ("direct recursion is found",
     {"x.c": "int f(int n) { return n < 2 ? 1 : f(n - 1) + f(n - 2); }"}, {}, r"a cycle of calls"),
    ("recursion of a static function is found",
     {"x.c": "static int f(int n) { return n < 2 ? 1 : f(n - 1) + f(n - 2); }\n"
             "int g(int n) { return f(n) + 1; }"}, {}, r"a cycle of calls"),
    ("recursion across two files is found",
     {"x.c": PAIR, "y.c": "int a(int n); int b(int n) { return n ? a(n - 1) * 5 + 1 : 1; }"}, {},
     r"a cycle of calls: a -> b -> a"),
    ("recursion by tail jumps is found",
     {"x.c": "int b(int n); int a(int n) { return n ? b(n - 1) : 0; }",
      "y.c": "int a(int n); int b(int n) { return n ? a(n - 1) : 1; }"}, {},
     r"a cycle of calls: a -> b -> a"),
    ("an indirect call that nobody listed is found",
     {"x.c": "int f(int (*g)(void)) { return g() + 1; }"}, {}, r"f makes an indirect call"),
    ("recursion through a table is found",
     {"x.c": "int f(int n); static int g(int n) { return f(n) + 1; }\n"
             "static int h(int n) { return n; }\n"
             "int (*const table[])(int) = {g, h};\nint f(int n) { return table[n](n - 1) + 2; }"},
     {("x.c", "f"): ["table"]}, r"a cycle of calls"),
    ("a table without a way back passes",
     {"x.c": "static int g(int n) { return n + 1; }\nstatic int h(int n) { return n; }\n"
             "int (*const table[])(int) = {g, h};\nint f(int n) { return table[n](n - 1) + 2; }"},
     {("x.c", "f"): ["table"]}, None),
    ("recursion through a function that is handed over is found",
     {"x.c": "int f(int (*g)(int), int n);\nint h(int n) { return f(h, n - 1) + 1; }\n"
             "__attribute__((noipa)) int f(int (*g)(int), int n) { return g(n) + 1; }"},
     {("x.c", "f"): ["h"]}, r"a cycle of calls"),
    ("a line of the list that fits nothing is found",
     {"x.c": "int f(int n) { return n + 1; }"}, {("x.c", "f"): ["outside"]},
     r"which makes no indirect call"),
    ("a switch is no indirect call",
     {"x.c": "int a(int); int b(int); int c(int); int d(int); int e(int);\n"
             "int f(int n) { switch (n) { case 0: return a(n) + 1; case 1: return b(n) + 2;"
             "case 2: return c(n) + 3; case 3: return d(n) + 4; case 4: return e(n) + 5;"
             "case 5: return a(n) * 2; case 6: return b(n) * 3; default: return 0; } }",
      "y.c": "int a(int n) { return n; } int b(int n) { return n; } int c(int n) { return n; }"
             "int d(int n) { return n; } int e(int n) { return n; }"}, {}, None),
]


def self_test(compiler, directory):
    failed = 0
    for number, (title, sources, indirect, expected) in enumerate(CASES):
        for options in (["-O0"], ["-O2"], ["-O2", "-fPIC", "-fvisibility=hidden"],
                        ["-O2", "-ffunction-sections"]):
            place = os.path.join(directory, "case%d" % number)
            os.makedirs(place, exist_ok=True)
            for old in os.listdir(place):
                os.remove(os.path.join(place, old))
            members = []
            for name, text in sources.items():
                with open(os.path.join(place, name), "w", encoding="utf-8") as file:
                    file.write(text)
                members.append(os.path.join(place, name + ".o"))
                run(*compiler, "-std=gnu17", "-w", *options, "-ffreestanding",
                    "-fno-stack-protector", "-fno-inline", "-fno-optimize-sibling-calls"
                    if "-O0" in options else "-fno-inline", "-c", "-o", members[-1],
                    os.path.join(place, name))
            archive = os.path.join(place, "lib.a")
            run("ar", "rcs", archive, *members)
            problems, _ = check([archive], indirect)
            good = not problems if expected is None else \
                any(re.search(expected, p) for p in problems)
            if not good:
                failed += 1
                print("FAILED: %s, %s: %s" % (title, " ".join(options), problems or "nothing said"))
    print("%d cases, %d failed" % (len(CASES) * 4, failed))
    return failed


def main(arguments):
    if arguments[:1] == ["--self-test"] and len(arguments) >= 3:
        return 1 if self_test(arguments[1:-1], arguments[-1]) else 0
    if not arguments or arguments[0].startswith("-") and arguments[0] != "--drivers":
        print(__doc__, file=sys.stderr)
        return 2
    indirect = INDIRECT
    if arguments[0] == "--drivers":
        ALLOWED.update(HARDWARE)
        arguments, indirect = arguments[1:], DRIVERS_INDIRECT
    problems, graph = check(arguments, indirect)
    for problem in problems:
        print(problem)
    edges = sum(len(targets) for targets in graph.calls.values())
    print("%d objects, %d functions that call, %d calls: %s" %
          (len(graph.objects), len(graph.calls), edges, "FAILED" if problems else "sound"))
    return 1 if problems or not graph.objects else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

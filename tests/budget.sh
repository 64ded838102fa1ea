#!/bin/sh
# Have the kernel's operations become dearer? Counts their instructions with callgrind and compares
# them with tests/budget.txt: sh tests/budget.sh [--write] [PROGRAM]. Exit status 1 when one has
# grown by more than 3 percent; --write makes the file say what is now. PROGRAM is
# build/tests/budget unless said otherwise.
#
# Counted are the instructions of the program itself: those of libc and GLib, which differ from
# machine to machine, are left out. So the figures repeat exactly, as long as compiler and
# optimization are those that the file names; with others the test is skipped (77).
set -eu
folder=$(dirname "$0")
file=$folder/budget.txt
write=
if [ "${1:-}" = --write ]; then
    write=1
    shift
fi
program=${1:-$folder/../build/tests/budget}
[ -x "$program" ] || {
    echo "budget: there is no $program: build it first" >&2
    exit 2
}
command -v valgrind >/dev/null 2>&1 || {
    echo "budget: skipped, there is no valgrind"
    exit 77
}
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT

build=$("$program" --build)
if [ -z "$write" ]; then
    wanted=$(sed -n 's/^build //p' "$file")
    [ "$build" = "$wanted" ] || {
        echo "budget: skipped, it is for $wanted, and this is $build"
        exit 77
    }
fi

sh "$folder/budget_count.sh" "$program" >"$out/now"
if [ -n "$write" ]; then
    {
        echo "# Instructions a unit (a call, a capability, a line, a state) of what tests/budget.c"
        echo "# does, without libc's and GLib's. Checked and rewritten by tests/budget.sh."
        echo "build $build"
        cat "$out/now"
    } >"$file"
    cat "$file"
    exit 0
fi

awk 'NR == FNR { if ($1 != "build" && $1 !~ /^#/ && NF == 2) budget[$1] = $2; next }
    {
        known = $1 in budget
        change = known ? ($2 / budget[$1] - 1) * 100 : 0
        grown = known && change > 3
        bad += grown || !known
        printf "%-32s %10.1f %10s %+7.1f %%%s\n", $1, $2, known ? budget[$1] : "-", change,
            grown ? "  TOO MUCH" : known ? "" : "  NOT IN THE FILE"
        delete budget[$1]
    }
    END {
        for (name in budget) {
            printf "%-32s is in the file, and was not counted\n", name
            bad++
        }
        if (bad)
            print "budget: where that is meant to be so: sh tests/budget.sh --write"
        exit bad > 0
    }' "$file" "$out/now"

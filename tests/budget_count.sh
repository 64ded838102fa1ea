#!/bin/sh
# Instructions of the phases of a program:
# sh tests/budget_count.sh [--decoded] PROGRAM [ARGUMENT...]. The program prints "NAME UNITS" for
# each call of its function phase(); what its functions measured_…() take in there, and what they
# call, is counted by callgrind, but for what other objects (libc, GLib) do. With --decoded it is
# what the kernel does about calls from their decoded message to their result, which leaves out
# messages and events. Prints "NAME INSTRUCTIONS-A-UNIT"; fails where there are none.
set -eu
collect='--toggle-collect=measured_*'
if [ "${1:-}" = --decoded ]; then
    # None of them calls another.
    collect='--toggle-collect=step_* --toggle-collect=exchange_at_once --toggle-collect=revoke_leaves'
    shift
fi
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
program=$1

# shellcheck disable=SC2086 # a list of words
valgrind --tool=callgrind --callgrind-out-file="$out/counts" $collect --zero-before=phase \
    --dump-after=phase "$@" >"$out/names" 2>"$out/log" || {
    cat "$out/log" >&2
    exit 1
}

# The cost lines of callgrind's format: "LINE COST", LINE maybe relative ("+3", "-3", "*"). The one
# behind a "calls=" is what the called function took altogether.
self() { # DUMP
    awk -v program="$(basename "$program")" '
        /^ob=/ {
            number = $0
            sub(/^ob=/, "", number)
            sub(/\).*/, ")", number)
            if ($0 ~ /\) /) {
                name[number] = $0
                sub(/^[^)]*\) /, "", name[number])
                sub(/.*\//, "", name[number])
            }
            ours = name[number] == program
        }
        /^cob=/ && /\) / {
            number = $0
            sub(/^cob=/, "", number)
            sub(/\).*/, ")", number)
            name[number] = $0
            sub(/^[^)]*\) /, "", name[number])
            sub(/.*\//, "", name[number])
        }
        /^calls=/ { skip = 1; next }
        /^[-+*0-9]/ { if (skip) skip = 0; else if (ours) sum += $2 }
        END { printf "%d\n", sum }' "$1"
}

number=0
while read -r name units; do
    number=$((number + 1))
    [ -e "$out/counts.$number" ] || {
        echo "budget_count: callgrind has nothing of $name" >&2
        exit 1
    }
    self "$out/counts.$number" >"$out/sum"
    [ "$(cat "$out/sum")" -gt 0 ] || {
        echo "budget_count: $name has entered nothing that is counted" >&2
        exit 1
    }
    awk -v name="$name" -v units="$units" '{ printf "%s %.1f\n", name, $1 / units }' "$out/sum"
done <"$out/names"

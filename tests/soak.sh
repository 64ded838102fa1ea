#!/bin/sh
# The long run: sh tests/soak.sh SECONDS. Random litmus programs over one to four kernels, with
# faults, each under many schedules and compared with the naive model: tests/soak.c says what is
# looked at. Installs what is missing, builds in build/, and goes on for SECONDS from a program
# whose number is drawn, or from SEED=N; what the next one is follows from its number alone, so
# SEED=N goes on where another run has ended. Says once a minute how far it is, and at the end how
# fast it was and what there has been: the calls and their answers, kernels, faults, schedules.
#
# A line a run in tests/soak.log, which `sh tests/soak.sh --sum` adds up. Exit status 1: something
# was found, and lies in build/soak as a litmus file and a schedule, made smaller; the output
# says how `rescind replay` shows it.
set -eu
cd "$(dirname "$0")/.."

if [ "${1:-}" = --sum ]; then
    awk '!/^#/ { for (i = 2; i <= NF; i++) { split($i, f, "="); sum[f[1]] += f[2] } runs++ }
        END { printf "%d runs, %.1f hours, %.1f of the processor: %d programs, %d schedules, " \
                  "%.0f events, %d findings\n", runs, sum["seconds"] / 3600, sum["cpu"] / 3600,
                  sum["programs"], sum["schedules"], sum["events"], sum["findings"] }' tests/soak.log
    exit
fi

usage() {
    echo "usage: [SEED=N] sh tests/soak.sh SECONDS, or --sum" >&2
    exit 2
}
number() { # WORD: one from 1 on
    case $1 in
    '' | 0* | *[!0-9]*) usage ;;
    esac
}
[ $# -eq 1 ] || usage
seconds=$1
seed=${SEED:-$(od -An -N4 -tu4 /dev/urandom | tr -d ' ')}
number "$seconds"
number "$seed"
sh tests/setup.sh build
[ -e build/build.ninja ] || meson setup build >&2
ninja -C build --quiet tests/soak rescind >&2
mkdir -p build/soak
out=$(mktemp)
trap 'rm -f "$out"' EXIT
status=0
{ build/tests/soak --from "$seed" --seconds "$seconds" --dir build/soak || echo $? >"$out.status"; } |
    tee "$out"
if [ -e "$out.status" ]; then
    status=$(cat "$out.status")
    rm "$out.status"
fi
line=$(tail -n 1 "$out")
case $line in
from=*) echo "$(date -u +%Y-%m-%dT%H:%MZ) $line" >>tests/soak.log ;;
esac
exit "$status"

#!/bin/sh
# Fuzzes: sh fuzz/run.sh SECONDS. Installs what is missing, builds every target with clang under
# build/fuzz, runs each for SECONDS (two at a time), and says how many inputs a second each took.
# Exit status 1 when one of them found something: the input and what it breaks stay in
# build/fuzz/TARGET.
#
# The targets run under AddressSanitizer and UBSan, and audit the kernel after every event. With
# FUZZ_PLAIN=1 they are built without (in build/fuzz-plain): that is the speed that counts.
set -eu
cd "$(dirname "$0")/.."
seconds=${1:-}
case $seconds in
'' | 0 | *[!0-9]*)
    echo "usage: sh fuzz/run.sh SECONDS" >&2
    exit 2
    ;;
esac
sh tests/setup.sh fuzz

targets="devices message ops peer"
build=build/fuzz
sanitize=address,undefined
if [ "${FUZZ_PLAIN:-0}" = 1 ]; then
    build=build/fuzz-plain
    sanitize=none
fi
[ -e "$build/build.ninja" ] || CC=clang meson setup "$build" -Dfuzzing=true -Dpc=false \
    -Dbuildtype=debugoptimized -Db_lundef=false "-Db_sanitize=$sanitize" >&2
# shellcheck disable=SC2046 # a list of words
ninja -C "$build" $(printf 'fuzz/fuzz-%s ' $targets) >&2

fuzz() { # TARGET
    work=$build/$1
    mkdir -p "$work/corpus"
    dictionary=
    [ ! -e "fuzz/$1.dict" ] || dictionary=-dict=fuzz/$1.dict
    # A table is longer than a message; a device that is always late takes seconds.
    limits="-max_len=512 -timeout=10"
    [ "$1" != devices ] || limits="-max_len=4096 -timeout=30"
    # shellcheck disable=SC2086 # no dictionary, no word
    "$build/fuzz/fuzz-$1" $dictionary $limits -max_total_time="$seconds" \
        -print_final_stats=1 -artifact_prefix="$work/" "$work/corpus" "fuzz/corpus/$1" \
        >"$work/log" 2>&1
}

running=
for target in $targets; do
    fuzz "$target" &
    running="$running $!"
done
status=0
for target in $targets; do
    pid=${running# }
    running=${pid#"${pid%% *}"}
    if wait "${pid%% *}"; then
        sed -n "s/^Done \([0-9]*\) runs in \([0-9]*\) second.*/fuzz_$target: \1 inputs, \2 s/p" \
            "$build/$target/log"
        sed -n "s/^stat::average_exec_per_sec: *\(.*\)/fuzz_$target: \1 inputs a second/p" \
            "$build/$target/log"
    else
        status=1
        echo "fuzz_$target: FAILED; see $build/$target/log and the input beside it" >&2
        grep -v '^#' "$build/$target/log" | tail -n 200 >&2
    fi
done
exit $status

#!/bin/sh
# What a fuzzer has found as a litmus file: sh fuzz/to-litmus.sh CRASH [TARGET]. The target is that of
# the folder that CRASH lies in, unless one is named: message, ops, schedule or service; what
# fuzz_litmus finds is a litmus file already.
#
# Leaves CRASH.litmus and CRASH.schedule, shrunk, and says how `rescind replay` runs them. Exit
# status 1: nothing goes wrong in it (any more), or no litmus file can say it, as that of a VPE
# that writes into its rings itself.
set -eu
[ $# -eq 1 ] || [ $# -eq 2 ] || { echo "usage: sh fuzz/to-litmus.sh CRASH [TARGET]" >&2; exit 2; }
crash=$(realpath "$1")
target=${2:-$(basename "$(dirname "$crash")")}
cd "$(dirname "$0")/.."
case $target in
message | ops | schedule | service) ;;
litmus)
    echo "$crash is a litmus file already" >&2
    exit 1
    ;;
*)
    echo "to-litmus.sh: $target: message, ops, schedule or service is wanted" >&2
    exit 2
    ;;
esac
build=${BUILD:-build}
[ -e "$build/build.ninja" ] || { sh tests/setup.sh build && meson setup "$build" >&2; }
ninja -C "$build" --quiet "fuzz/litmus-of-$target" >&2
exec "$build/fuzz/litmus-of-$target" "$crash" "$crash.litmus" "$crash.schedule"

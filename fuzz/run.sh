#!/bin/sh
# Fuzzes: sh fuzz/run.sh SECONDS [TARGET...]. Installs what is missing, builds the targets (all of
# them, unless some are named) with clang under build/fuzz, runs each for SECONDS, two at a time
# (one, with JOBS=1), and says what came of it: a line each in fuzz/log, too, with the seed, the
# seconds by the clock and those of the processor (cpu), which on a busy machine are far fewer.
# `sh fuzz/run.sh --sum` adds the lines up. SEED=N fuzzes with that seed; else it is drawn.
#
# Exit status 1 when one of them found something: the input and what it breaks stay in
# build/fuzz/TARGET, and fuzz/to-litmus.sh makes a litmus file of it.
#
# The targets run under AddressSanitizer and UBSan, and audit the kernel after every event. With
# FUZZ_PLAIN=1 they are built without (in build/fuzz-plain): that is the speed that counts. With
# FUZZ_MERGE=1, what has been found in the end becomes the kept corpus, minimised; files that were
# put there by hand, under names of their own, stay.
set -eu
cd "$(dirname "$0")/.."

if [ "${1:-}" = --sum ]; then
    # The oldest lines have no cpu: what they took counts for no minute of the processor. Coverage
    # is counted in more places with sanitizers: what is told is that without.
    awk '!/^#/ { split("", of)
        for (i = 2; i <= NF; i++) { split($i, pair, "="); of[pair[1]] = pair[2] }
        name = of["target"]; runs[name] += of["runs"]; cpu[name] += of["cpu"]
        seconds[name] += of["seconds"]
        if (of["build"] == "fuzz-plain" && of["coverage"] > most[name] + 0)
            most[name] = of["coverage"] }
        END { for (name in runs)
            printf "%s: %d runs, %.1f min of a processor, %.1f by the clock, coverage %d\n", name,
                runs[name], cpu[name] / 60, seconds[name] / 60, most[name] }' fuzz/log | sort
    exit
fi

seconds=${1:-}
case $seconds in
'' | 0 | *[!0-9]*)
    echo "usage: sh fuzz/run.sh SECONDS [TARGET...], or --sum" >&2
    exit 2
    ;;
esac
shift
targets=${*:-devices litmus message module ops peer schedule service}
for target in $targets; do
    [ -e "fuzz/fuzz_$target.c" ] || { echo "run.sh: there is no target $target" >&2; exit 2; }
done
sh tests/setup.sh fuzz

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

# A table, a text or a module is longer than a message. What takes two minutes by the clock never
# ends, as the slowest inputs take seconds; TIMEOUT=N says otherwise, for where a run has to wait long
# for its turn.
limits() { # TARGET
    case $1 in
    devices | module) length=4096 ;;
    litmus) length=2048 ;;
    schedule | service) length=700 ;;
    *) length=512 ;;
    esac
    echo "-max_len=$length -timeout=${TIMEOUT:-120}"
}

fuzz() { # TARGET
    work=$build/$1
    mkdir -p "$work/corpus"
    dictionary=
    [ ! -e "fuzz/$1.dict" ] || dictionary=-dict=fuzz/$1.dict
    ended=0
    # shellcheck disable=SC2046,SC2086 # words
    "$build/fuzz/fuzz-$1" $dictionary $(limits "$1") ${SEED:+-seed=$SEED} \
        -max_total_time="$seconds" -print_final_stats=1 -artifact_prefix="$work/" \
        "$work/corpus" "fuzz/corpus/$1" >"$work/log" 2>&1 || ended=$?
    times >"$work/times"
    return $ended
}

cpu() { # TARGET: what its fuzzer has taken of a processor, in seconds
    tr 'ms' '  ' <"$build/$1/times" | awk 'NR == 2 { printf "%d\n", 60 * ($1 + $3) + $2 + $4 }'
}

value() { # TARGET EXPRESSION: the last of what it finds in the log, or 0
    found=$(sed -n "s/$2/\1/p" "$build/$1/log" | tail -n 1)
    echo "${found:-0}"
}

note() { # TARGET ENDING: a line for the log, and for who waits
    runs=$(value "$1" '^stat::number_of_executed_units: *\([0-9]*\).*')
    spent=$(value "$1" '^Done [0-9]* runs in \([0-9]*\) second.*')
    line="target=$1 seed=$(value "$1" '^INFO: Seed: \([0-9]*\).*') runs=$runs seconds=$spent"
    line="$line cpu=$(cpu "$1")"
    line="$line coverage=$(value "$1" '.* cov: \([0-9]*\) .*')"
    line="$line features=$(value "$1" '.* ft: \([0-9]*\) .*') build=${build#build/} $2"
    echo "$(date -u +%Y-%m-%dT%H:%MZ) $line" >>fuzz/log
    echo "fuzz_$1: $runs inputs, $spent s, $(cpu "$1") s of a processor, $2"
}

merge() { # TARGET
    rm -rf "$build/$1/merged"
    mkdir "$build/$1/merged"
    # shellcheck disable=SC2046
    "$build/fuzz/fuzz-$1" -set_cover_merge=1 $(limits "$1") "$build/$1/merged" "fuzz/corpus/$1" \
        "$build/$1/corpus" >"$build/$1/merge.log" 2>&1
    # What has a name of its own, and not what its bytes hash to, was put there by hand, and stays.
    find "fuzz/corpus/$1" -type f ! -name '*[!0-9a-f]*' -delete
    cp "$build/$1/merged"/* "fuzz/corpus/$1"
}

status=0
wait_for() { # PID TARGET
    if wait "$1"; then
        note "$2" passed
        [ "${FUZZ_MERGE:-0}" = 0 ] || merge "$2"
    else
        status=1
        note "$2" FAILED
        echo "fuzz_$2: see $build/$2/log and the input beside it" >&2
        grep -v '^#' "$build/$2/log" | tail -n 200 >&2
    fi
}

# shellcheck disable=SC2086
set -- $targets
while [ $# -gt 0 ]; do
    fuzz "$1" &
    first=$! second=
    if [ $# -gt 1 ] && [ "${JOBS:-2}" != 1 ]; then
        fuzz "$2" &
        second=$!
    fi
    wait_for $first "$1"
    [ -z "$second" ] || { wait_for "$second" "$2"; shift; }
    shift
done
exit $status

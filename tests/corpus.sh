#!/bin/sh
# The litmus corpus on the host: corpus.sh TOOL DIRECTORY STATES SEEDS. Every file passes under fifo
# and under SEEDS random schedules (racy ones under as many of pct, too), with the kernels doing one,
# two or many things an event, audited after each; of racy ones STATES states at most are explored,
# with events of one capability, and with events that just fit a short range, which is then done at
# once;
# every file in failing/ fails, with exit status 1;
# every file in bad/ is refused with the place and message beside it, and exit status 3.
set -u
tool=$1 corpus=$2 states=$3 seeds=$(seq "$4")
out=$(mktemp) err=$(mktemp)
trap 'rm -f "$out" "$err"' EXIT
passed=0 failed=0

run() { # OPTIONS...: one run of $file
    if "$tool" run --audit always "$@" "$file" >"$out" 2>&1; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "$file ($*):"
        cat "$out"
    fi
}

for file in "$corpus"/*.litmus "$corpus"/racy/*.litmus; do
    run
    run --work 1
    for seed in $seeds; do
        run --schedule random --seed $seed --work $((seed % 3 + 1))
    done
done
for file in "$corpus"/racy/*.litmus; do
    for seed in $seeds; do
        run --schedule pct --seed $seed --work $((seed % 3 + 1))
    done
    for work in 1 12; do
        "$tool" explore --work $work --max-states "$states" "$file" >"$out" 2>&1
        case $? in
        0 | 5) passed=$((passed + 1)) ;; # all, or as many as that
        *)
            failed=$((failed + 1))
            cat "$out"
            ;;
        esac
    done
done

for file in "$corpus"/failing/*.litmus; do
    "$tool" run --audit always "$file" >"$out" 2>&1
    if [ $? -eq 1 ] && grep -q "FAIL on host" "$out"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "$file should fail:"
        cat "$out"
    fi
done

for file in "$corpus"/bad/*.litmus; do
    "$tool" run "$file" >"$out" 2>"$err"
    status=$?
    if [ $status -eq 3 ] && [ ! -s "$out" ] &&
        [ "$(cat "$err")" = "$file:$(cat "${file%.litmus}.expected")" ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "$file: exit status $status, expected 3 and $(cat "${file%.litmus}.expected"); said:"
        cat "$out" "$err"
    fi
done

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 100 ]

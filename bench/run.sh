#!/bin/sh
# The README's figures: sh bench/run.sh. Builds, and prints what revocations and exchanges cost:
# instructions by callgrind; stack, work, time and bytes by `rescind profile`. Instruction counts
# repeat exactly; times are this machine's.
set -eu
cd "$(dirname "$0")/.."
sh tests/setup.sh bench
mkdir -p build
[ -e build/build.ninja ] || meson setup build >build/setup.log
ninja -C build --quiet rescind >build/bench.log || { cat build/bench.log >&2; exit 1; }

tool=build/rescind count=10000
out=$(mktemp)
trap 'rm -f "$out" "$out".*' EXIT

# FUNCTION OPTIONS...: instructions a capability while FUNCTION runs.
instructions() {
    function=$1
    shift
    valgrind --tool=callgrind --callgrind-out-file="$out.callgrind" --toggle-collect="$function" \
        $tool profile --size $count "$@" >/dev/null 2>"$out"
    awk -v n=$count '/Collected/ { printf "%d", $4 / n }' "$out"
}

echo "Instructions a capability, $count capabilities:"
echo "| shape | selectors | exchange, one by one | with its two messages | revoke |"
echo "|---|---|---|---|---|"
for shape in chain star binary random; do
    for selectors in seq random attack; do
        exchange=$(instructions step_exchange --shape $shape --selectors $selectors)
        messages=$(instructions derive --shape $shape --selectors $selectors)
        revoke=$(instructions measured --shape $shape --selectors $selectors)
        echo "| $shape | $selectors | $exchange | $messages | $revoke |"
    done
done

echo
echo "Stack, work and time:"
for shape in chain star binary random; do
    $tool profile --shape $shape --size 10,1000,100000,1000000
    $tool profile --shape $shape --size 10000,100000 --selectors random
done
$tool profile --shape chain --revoke recursive --size 10,1000,100000,1000000

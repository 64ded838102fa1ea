#!/bin/sh
# The README's figures: sh bench/run.sh [--quick]. Builds, and prints what revocations and exchanges
# cost, on one kernel and across kernels: instructions by callgrind; stack, work, time and bytes by
# `rescind profile`, also on the PC; messages and virtual steps by bench/across. At its end the
# README's table of targets (bench/targets.py). Instruction counts, messages and steps repeat
# exactly; times are this machine's: build/bench/bench measures each beside a floor. Plots, their
# data (results.json, results.csv) and the table (targets.md, targets.json) stay in build/bench/.
# With --quick the sizes are smaller, and it takes less than a minute once all is built; else some
# ten minutes.
set -eu
cd "$(dirname "$0")/.."
quick=
case ${1:-} in
'') ;;
--quick) quick=1 ;;
*)
    echo "usage: sh bench/run.sh [--quick]" >&2
    exit 2
    ;;
esac
sh tests/setup.sh bench
mkdir -p build
[ -e build/build.ninja ] || meson setup build >build/setup.log
ninja -C build --quiet rescind bench/across bench/bench bench/devices tests/budget src/pc99/rescind-pc99.elf \
    tests/pc/test_stretch >build/bench.log || { cat build/bench.log >&2; exit 1; }

tool=build/rescind across=build/bench/across plots=build/bench
shapes="chain star binary random"
sizes=10,1000,100000,1000000 shuffled=10000,100000
tails="100 1000 10000" forest="64 192 1000000" handed=1024 known=8
systems="2,2 64,2 2,192 64,192"
booted=1000000 booted_shapes="chain star binary random" booted_orders="seq random"
if [ -n "$quick" ]; then
    shapes="chain star"
    sizes=10,1000,100000 shuffled=10000
    tails="100 1000" forest="64 192 100000" handed=256
    systems="2,2 64,192"
    booted=10000 booted_orders=seq
fi
mkdir -p $plots
out=$(mktemp)
trap 'rm -f "$out" "$out".*' EXIT

# FUNCTION COMMAND...: instructions while FUNCTION runs.
counted() {
    function=$1
    shift
    valgrind --tool=callgrind --callgrind-out-file="$out.callgrind" --toggle-collect="$function" \
        "$@" >/dev/null 2>"$out" || { cat "$out" >&2; return 1; }
    awk '/Collected/ { print $4; any = $4 > 0 } END { exit !any }' "$out" || {
        echo "run.sh: $1 has entered no function $function" >&2
        return 1
    }
}
# NAME: that number of what bench/across has printed to $out.across.
value() {
    awk -v name="$1" '$1 == name { print $2 }' "$out.across"
}
# NAME OPTIONS...: the median of five runs.
median() {
    name=$1
    shift
    for _ in 1 2 3 4 5; do
        $across "$@" >"$out.across"
        value "$name"
    done | sort -n | sed -n 3p
}
ratio() { # A B
    awk -v a="$1" -v b="$2" 'BEGIN { printf "%.2f", a / b }'
}

sh tests/budget_count.sh build/tests/budget --targets ${quick:+--few} >$plots/instructions.txt
sh tests/budget_count.sh --decoded build/tests/budget --targets ${quick:+--few} \
    >$plots/steps.txt
echo "Instructions a capability in the kernel, 10000 of them: from the decoded message to the result,"
echo "and from the kernel's entry on, messages included; selectors in sequence, at random, and in an"
echo "order that aims at the treap:"
echo "| call | shape | capabilities a call | in sequence | at random | aimed |"
echo "|---|---|---|---|---|---|"
awk '{
        split($1, part, "-")
        row = part[1] " | " part[2] " | " (part[5] == "" ? 1 : part[5])
        if (!(row in seen)) { seen[row] = 1; order[++rows] = row }
        value[row, part[3], FILENAME == ARGV[1]] = $2
    }
    END {
        split("sequence random attack", orders, " ")
        for (i = 1; i <= rows; i++) {
            printf "| %s |", order[i]
            for (j = 1; j <= 3; j++)
                printf " %.0f, %.0f |", value[order[i], orders[j], 0], value[order[i], orders[j], 1]
            printf "\n"
        }
    }' $plots/instructions.txt $plots/steps.txt

echo
echo "Times, each beside a floor that was measured in the same run:"
build/bench/bench ${quick:+--quick} --sources . --output $plots
gnuplot -e "dir='$plots'" bench/times.gp

echo
echo "Stack, work and time:"
for shape in $shapes; do
    $tool profile --shape "$shape" --size $sizes
    $tool profile --shape "$shape" --size $shuffled --selectors random
done
$tool profile --format json >$plots/bytes.json
$tool profile --plot $plots/stack.svg --size $sizes

# ---- On the PC ----

echo
echo "On the PC under icount, instructions; and another VPE's NOOPs during the REVOKE:"
rm -f $plots/boot.json $plots/beside.json $plots/stretch.txt
for selectors in $booted_orders; do
    for shape in $booted_shapes; do
        $tool profile --boot --shape "$shape" --selectors "$selectors" --size $booted \
            --format json | tee -a $plots/boot.json
    done
done
for shape in $booted_shapes; do
    $tool profile --boot --beside --shape "$shape" --size $booted --format json |
        tee -a $plots/beside.json
done
if [ -z "$quick" ]; then
    RESCIND_IMAGE=build/src/pc99/rescind-pc99.elf RESCIND_TESTS=tests build/tests/pc/test_stretch \
        >"$out" 2>&1 || echo "test_stretch: a stretch is longer than the test allows"
    sed -n 's/^ *\([0-9]*\) \(.*litmus\)$/\1 \2/p' "$out" >$plots/stretch.txt
fi

echo
echo "Boot, and the models of devices:"
python3 bench/boot.py $tool build/src/pc99/rescind-pc99.elf
build/bench/devices

# ---- Across kernels ----

echo
echo "A chain with one more capability at its end, of the same kernel or of another:"
echo "| chain | instructions of the REVOKE | on another | ratio | time, ns | on another | ratio |"
echo "|---|---|---|---|---|---|---|"
for size in $tails; do
    here=$(counted 'measured_*' $across tail --size "$size" --measure fell)
    there=$(counted 'measured_*' $across tail --size "$size" --measure fell --across)
    here_ns=$(median ns tail --size "$size")
    there_ns=$(median ns tail --size "$size" --across)
    echo "| $size | $here | $there | $(ratio "$there" "$here") | $here_ns | $there_ns |" \
        "$(ratio "$there_ns" "$here_ns") |"
done

echo
echo "Gates handed on to another VPE and revoked: all kernels' instructions a gate (messages):"
echo "| gates a call | delegate | across | obtain | across | revoke | across |"
echo "|---|---|---|---|---|---|---|"
hand() { # PHASE OPTIONS...
    phase=$1
    shift
    all=$(counted 'measured_*' $across hand --size $handed --measure "$phase" "$@")
    $across hand --size $handed --measure "$phase" "$@" >"$out.across"
    printf ' %d (%s) |' $((all / handed)) "$(value messages-a-capability)"
}
for range in 1 16 64; do
    printf '| %d |' $range
    hand exchange --range $range
    hand exchange --range $range --across
    hand exchange --range $range --obtain
    hand exchange --range $range --obtain --across
    hand revoke --range $range
    hand revoke --range $range --across
    echo
done

echo
echo "The same one by one, in larger systems (others idle; or all VPEs of the kernel at once):"
echo "| kernels | VPEs each | delegate across | revoke across | all delegate at once |"
echo "|---|---|---|---|---|"
for system in $systems; do
    kernels=${system%,*} vpes=${system#*,}
    printf '| %d | %d |' "$kernels" "$vpes"
    hand exchange --across --kernels "$kernels" --vpes "$vpes"
    hand revoke --across --kernels "$kernels" --vpes "$vpes"
    all=$(counted 'measured_*' $across crowd --vpes "$vpes" --kernels "$kernels" --range 4 \
        --measure exchange)
    echo " $((all / vpes / 4)) |"
done

echo
echo "What a step stands for (sim/cluster.h), in instructions:"
hand_in_ranges() { # FUNCTION NAME
    all=$(counted "$1" $across hand --size $handed --range 64 --across --measure revoke)
    $across hand --size $handed --range 64 --across --measure revoke >"$out.across"
    awk -v all="$all" -v of="$(value "$2")" 'BEGIN { printf "%.0f", all / of }'
}
echo "a visit $(hand_in_ranges 'measured_work*' visits)," \
    "a record told $(hand_in_ranges 'measured_tell*' records)," \
    "a record heard $(hand_in_ranges 'measured_hear*' records)"

# ---- The experiments of the SemperOS paper ----

$across chains --size 100 >$plots/chains.csv
for below in 0 10; do
    $across trees --size 128 --kernels 12 --range $below >$plots/trees$below.csv
done
gnuplot -e "dir='$plots'" bench/semperos.gp

echo
echo "Chains, messages and steps of the REVOKE; a message takes 2, 10, 100 steps on its way:"
echo "| capabilities | steps, local | messages, to and fro between two kernels | steps |"
echo "|---|---|---|---|"
awk -F, '$2 == 1 { steps = $4 }
    $2 == 2 && ($1 == 2 || $1 == 10 || $1 == 50 || $1 == 100) {
        printf "| %d | %d | %d | %d, %d, %d |\n", $1, steps, $3, $4, $6, $8 }' $plots/chains.csv

echo
echo "Trees, steps of the REVOKE (messages) when a message takes 10 steps; with nothing below each"
echo "child, and with 10 capabilities:"
echo "| below | children | local | on 1 other kernel | on 4 | on 12 |"
echo "|---|---|---|---|---|---|"
awk -F, '$1 == 8 || $1 == 32 || $1 == 128 {
        if ($2 == 0) printf "| %d | %d | %d |", $3, $1, $7
        if ($2 == 1 || $2 == 4 || $2 == 12) printf " %d (%d) |", $7, $6
        if ($2 == 12) printf "\n" }' $plots/trees0.csv $plots/trees10.csv

echo
echo "Spreading a tree pays from so many children on, with 10 capabilities below each child and"
echo "with nothing (-: never, up to 128):"
echo "| a message takes | on 1 other kernel | on 2 | on 4 | on 8 | on 12 |"
echo "|---|---|---|---|---|---|"
pays() { # COLUMN FILE
    awk -F, -v column="$1" '$2 == 0 { here = $column }
        NR > 1 && $2 > 0 && !($2 in best) && $column < here { best[$2] = $1 }
        NR > 1 && $2 > 0 && ($2 in best) && $column >= here { delete best[$2] }
        END { split("1 2 4 8 12", which, " ")
            for (i = 1; i <= 5; i++) printf " %s |", which[i] in best ? best[which[i]] : "-"
            printf "\n" }' "$2"
}
for column in 5 7 9; do
    steps=$(sed -n 1p $plots/trees10.csv | cut -d, -f $column)
    echo "| ${steps#steps} steps, 10 below |$(pays $column $plots/trees10.csv)"
    echo "| ${steps#steps} steps, nothing below |$(pays $column $plots/trees0.csv)"
done

# ---- A million capabilities on 64 kernels ----

echo
# shellcheck disable=SC2086 # three numbers
set -- $forest
echo "A random forest of $3 capabilities on $1 kernels of $2 VPEs, each knowing $known others:"
$across forest --kernels "$1" --vpes "$2" --size "$3" --known $known --roots 1000

# ---- The targets ----

$across edges --size 1000 --kernels 4 >$plots/edges.csv
echo
echo "REVOKEs across kernels:"
cat $plots/edges.csv
echo
echo "Targets:"
python3 bench/targets.py $plots | tee $plots/targets.md

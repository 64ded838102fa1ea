#!/bin/sh
# The tool from outside: test_tool.sh TOOL CORPUS-DIRECTORY. Exit statuses, messages, formats.
set -u
tool=$(realpath "$1") corpus=$(realpath "$2")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0 failed=0

# expect STATUS WORDS ARGUMENTS...: `rescind ARGUMENTS` exits with STATUS and says WORDS somewhere.
expect() {
    status=$1 words=$2
    shift 2
    "$tool" "$@" >"$work/out" 2>"$work/err"
    got=$?
    if [ $got -eq "$status" ] && cat "$work/out" "$work/err" | grep -qF -e "$words"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "rescind $*: exit status $got, expected $status and \"$words\"; said:"
        cat "$work/out" "$work/err"
    fi
}
# python3 must find the condition true of the JSON objects on standard output (o: the first).
json() {
    if python3 -c 'import json, sys
all = [json.loads(line) for line in open(sys.argv[1])]
o = all[0]
sys.exit(not eval(sys.argv[2]))' "$work/out" "$1"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "not so: $1"
        cat "$work/out"
    fi
}

task06=$corpus/task06-program.litmus
printf 'vpe A\nprogram A\n    noop => inv-args\n' >"$work/fails.litmus"
printf 'vpe A\nprogram A\n    wait never\n' >"$work/stuck.litmus"
printf 'vpe A\nprogram A\n    nop\n' >"$work/bad.litmus"
cat >"$work/tree.litmus" <<'END'
vpe A
program A
    creategate 0 20 label=1 ep=2 credits=3
    exchange obtain 0 30 20
    revoke 20
END

expect 0 "Usage: rescind" --help
expect 0 "rescind 0." --version
expect 2 "Usage" 
expect 2 "there is no command 'nonsense'" nonsense
for command in run explore replay boot devices tree profile; do
    expect 0 "--format" $command --help
    expect 2 "nonsense" $command --nonsense
done
expect 2 "run needs a FILE" run
expect 2 "--format is text or json" run --format xml "$task06"
expect 2 "--schedule is fifo, random or pct" run --schedule lifo "$task06"
expect 2 "--work is from 0" run --work -1 "$task06"
expect 2 "--log is" run --log loud "$task06"
expect 2 "--audit is" run --audit sometimes "$task06"

expect 0 "8 passed, 0 failed" run "$task06"
expect 0 "pass" run --schedule random --seed 7 "$task06"
expect 0 "answered ok" run --log info "$task06"
expect 0 "EXCHANGE" run --log debug "$task06"
expect 0 "after the revocation" run --watch 20 "$task06"
expect 1 "fails.litmus:3: " run "$work/fails.litmus"
expect 1 "again: rescind run" run "$work/fails.litmus"
expect 1 "stuck" run "$work/stuck.litmus"
expect 3 "bad.litmus:3:5: " run "$work/bad.litmus"
expect 3 "no-such-file" run "$work/no-such-file"
expect 3 "bad.litmus:3:5: " run "$work/fails.litmus" "$work/bad.litmus" "$task06"
expect 0 "" run --format json "$task06" "$corpus/empty.litmus"
json 'len(all) == 2 and o["target"] == "host" and o["verdict"] == "pass" and o["stuck"] == []'
json 'o["tables"]["VPE0"][2] == {"sel": 2, "type": "vpe", "parent": "VPE1:0"}'
expect 1 "" run --format json "$work/stuck.litmus"
json 'o["verdict"] == "fail" and o["stuck"] == [{"vpe": "A", "line": 3}]'
"$tool" run --format json --schedule random --seed 5 "$task06" >"$work/a" 2>/dev/null
expect 0 "" run --format json --schedule random --seed 5 "$task06"
cmp -s "$work/a" "$work/out" || { failed=$((failed + 1)); echo "a seed does not repeat"; }
expect 0 "" run --trace "$work/trace" "$task06"
tr -d '\n' <"$work/trace" >"$work/out"
json 'len(o) > 50 and {e["ph"] for e in o} == {"M", "X"}'
expect 3 "no/such/place" run --trace "$work/no/such/place" "$task06"

# What there is to tell of several kernels, of VPEs that are made, of interrupts and of faults.
expect 0 "hears K1: message" run --log debug "$corpus/across-delegate.litmus"
expect 0 "created, as VPE 1" run --log info "$corpus/programs/family.litmus"
expect 0 "interrupt of line 10" run --log info "$corpus/programs/serial-on-two-kernels.litmus"
fault=$corpus/racy/across-fault-kill-the-client.litmus
expect 0 "fault 0 strikes" run --schedule random --seed 1 --log debug "$fault"
for file in across-delegate programs/family programs/serial-on-two-kernels; do
    expect 0 "" run --trace "$work/trace" "$corpus/$file.litmus"
    tr -d '\n' <"$work/trace" >"$work/out"
    json '{e["name"].split()[0] for e in o} & {"hears", "created", "interrupt"}'
done
json '{e["ph"] for e in o} >= {"M", "X"}'
expect 0 "" run --trace "$work/trace" "$corpus/across-delegate.litmus"
tr -d '\n' <"$work/trace" >"$work/out"
json 'sorted(e["id"] for e in o if e["ph"] == "s") == sorted(e["id"] for e in o if e["ph"] == "f")'
expect 0 "" run --schedule random --seed 1 --trace "$work/trace" "$fault"
tr -d '\n' <"$work/trace" >"$work/out"
json 'any(e["name"] == "fault 0" for e in o)'

# Options of which one is as good as another, and those that there are not.
expect 0 pass run --audit sparse "$task06"
expect 0 pass run --audit never "$task06"
expect 2 "--save-schedule is for one FILE" run --save-schedule "$work/s" "$task06" "$task06"
expect 3 "no/such/place" run --schedule random --save-schedule "$work/no/such/place" "$task06"
expect 2 "--log is none, info or debug" explore --log loud "$task06"
expect 3 "no/such/place" explore --trace "$work/no/such/place" "$task06"
expect 3 "no/such/place" explore --shard 1/2 --report "$work/no/such/place" "$task06"
expect 2 "--log is none, info or debug" replay --log loud "$task06"
expect 2 "replay needs one FILE" replay
expect 2 "replay needs --schedule-file" replay "$task06"
: >"$work/nothing"
expect 3 "no/such/place" replay --schedule-file "$work/nothing" --trace "$work/no/such/place" "$task06"
env PATH=/nonexistent "$tool" tree --format svg "$task06" >"$work/out" 2>&1
if [ $? -ne 4 ] || ! grep -q "svg needs Graphviz's dot" "$work/out"; then
    failed=$((failed + 1))
    cat "$work/out"
fi

racy=$corpus/racy/obtain-against-revoke.litmus
cat >"$work/racy.litmus" <<'END'
litmus "a wrong hope"
vpe A
vpe B
vpe C
grant A 2 = vpe B
grant B 2 = vpe A
program A
    creategate 0 20 label=1 ep=2 credits=3
    signal made
    noop
    revoke 20
program B
    wait made
    noop
    exchange obtain 2 30 20
program C
    noop
exists
    B count 3
END
printf 'vpe A\nprogram A\n    noop\nexists\n    A lacks 1\n' >"$work/hope.litmus"
printf 'vpe A\ngrant A 2 = vpe A\nprogram A\n    run task06\n' >"$work/runs.litmus"
expect 2 "explore needs a FILE" explore
expect 2 "--strategy is dpor" explore --strategy dfs "$racy"
for shard in 0/2 3/2 1 1/ /2 1/0 x/2 1/2x -1/2; do
    expect 2 "--shard is I/N" explore --shard=$shard "$racy"
done
expect 2 "--report is for a --shard" explore --report "$work/r" "$racy"
expect 2 "are for one FILE" explore --save-schedule "$work/s" "$racy" "$racy"
expect 2 "built-in program" explore "$work/runs.litmus"
expect 3 "bad.litmus:3:5: " explore "$work/bad.litmus"
expect 0 "schedules to an end" explore "$racy"
expect 0 "pass" explore --strategy plain "$racy"
expect 5 "not every schedule: the number of states" explore --max-states 3 "$racy"
expect 5 "not every schedule: it is a sample" explore --strategy pct --max-schedules 10 "$racy"
expect 5 "incomplete" explore --strategy random --max-schedules 3 "$work/runs.litmus"
expect 1 "exists: there is no schedule" explore "$work/hope.litmus"
expect 0 "" explore --format json "$racy"
json 'o["verdict"] == "pass" and o["complete"] and o["compared"] and o["violation"] is None'
json 'o["violations"] == 0 and o["states"] > o["schedules"] > 1 and o["pruned"] > 0'
cp "$work/out" "$work/a"
expect 0 "" explore --format json "$racy"
cmp -s "$work/a" "$work/out" || { failed=$((failed + 1)); echo "an exploration does not repeat"; }
expect 1 "again: rescind explore" explore "$work/racy.litmus"
expect 1 "again: rescind replay --work 1 --seed 0" explore --save-schedule "$work/s" \
    --trace "$work/trace" "$work/racy.litmus"
expect 1 "inv-args" replay --work 1 --schedule-file "$work/s" "$work/s.litmus"
expect 1 "B is answered inv-args" replay --work 1 --schedule-file "$work/s" "$work/s.litmus"
tr -d '\n' <"$work/trace" >"$work/out"
json 'len(o) > 5'
if grep -q "program C\|exists\|noop" "$work/s.litmus"; then
    failed=$((failed + 1))
    echo "not shrunk:"
    cat "$work/s.litmus"
fi
expect 1 "" explore --format json --keep-going "$work/racy.litmus"
json 'o["violations"] > 0 and o["complete"] and o["violation"]["kind"] == "result"'
json '"program B" in o["violation"]["litmus"] and "A moves" in o["violation"]["schedule"]'
for i in 1 2 3; do
    expect 0 "pass" explore --shard $i/3 --report "$work/part$i" "$racy" \
        "$corpus/racy/create-against-revoke.litmus"
    "$tool" explore --keep-going --shard $i/3 --report "$work/bad$i" "$work/racy.litmus" \
        "$work/hope.litmus" >/dev/null
done
expect 0 "pass" explore --merge "$work/part1" "$work/part2" "$work/part3"
expect 0 "" explore --format json --merge "$work/part3" "$work/part1" "$work/part2"
json 'len(all) == 2 and all[0]["complete"] and all[1]["verdict"] == "pass"'
expect 1 "" explore --format json --merge "$work/bad1" "$work/bad2" "$work/bad3"
json 'all[0]["violations"] > 0 and all[0]["conditions"][0]["holds"]'
json 'all[1]["violations"] == 0 and all[1]["conditions"][0]["holds"] == False'
expect 3 "1 of 3 shards are missing" explore --merge "$work/part1" "$work/part2"
expect 3 "shard 2 is there twice" explore --merge "$work/part1" "$work/part2" "$work/part2"
expect 3 "a:1: not the report of a shard" explore --merge "$work/a"
expect 3 "no-such-file" explore --merge "$work/no-such-file"
expect 2 "replay needs one FILE" replay --schedule-file "$work/s"
expect 2 "replay needs --schedule-file" replay "$racy"
expect 3 "no-such-file" replay --schedule-file "$work/no-such-file" "$racy"
printf '# once\nVPE0 moves\n\nK0 works on VPE1\n' >"$work/schedule"
expect 3 "schedule:4: this is not possible here; possible are: VPE0 moves" \
    replay --schedule-file "$work/schedule" "$racy"
printf 'VPE0 flies\n' >"$work/schedule"
expect 3 "schedule:1: " replay --schedule-file "$work/schedule" "$racy"
expect 0 "pass" run --schedule pct --depth 4 --seed 3 --work 1 \
    --save-schedule "$work/schedule" "$racy"
expect 0 "VPE0 moves: revoke 20" replay --work 1 --schedule-file "$work/schedule" "$racy"
head -n 2 "$work/schedule" >"$work/short"
expect 1 "the schedule ends before the file does" replay --schedule-file "$work/short" "$racy"

expect 0 " \`- A:30 gate" tree --at 4 "$work/tree.litmus"
expect 0 "A:0 vpe" tree "$work/tree.litmus"
if grep -q gate "$work/out"; then failed=$((failed + 1)); echo "the gate is not gone"; fi
expect 0 '"A:20" -> "A:30"' tree --at 4 --format dot "$work/tree.litmus"
expect 0 "<svg" tree --at 4 --format svg "$work/tree.litmus"
expect 0 "" tree --at 4 --format json "$work/tree.litmus"
json 'o["tree"][3] == {"cap": "A:30", "type": "gate", "depth": 1, "parent": "A:20"}'
expect 2 "is not a step" tree --at 1 "$work/tree.litmus"
expect 1 "never done" tree --at 3 "$work/stuck.litmus"
expect 2 "tree needs one FILE" tree "$task06" "$task06"
expect 2 "--format is text, dot, svg or json" tree --format xml "$task06"
expect 3 "bad.litmus:3:5: " tree "$work/bad.litmus"

for revoke in iterative recursive; do
    for selectors in seq random attack; do
        for shape in chain star binary random; do
            expect 0 "" profile --format json --size 1,50 --shape $shape --selectors $selectors \
                --revoke $revoke
            json 'len(all) == 2 and all[1]["size"] == 50 and o["bytes_per_cap"] == 64'
        done
    done
done
json 'list(o) == ["shape", "size", "selectors", "revoke", "stack_bytes", "max_work_per_event",
                  "events", "ns_per_cap", "bytes_per_cap"]'
expect 0 "stack_bytes" profile --size 10
expect 2 "--size" profile --size 0
expect 2 "--size" profile --size 10,1000001
expect 2 "--shape is one of" profile --shape ring
expect 2 "profile takes no file" profile "$task06"
for shape in chain star binary random forest; do
    expect 0 "" profile --format json --size 1,60 --shape $shape --kernels 3
    json 'all[1]["kernels"] == 3 and all[1]["messages"] > 0 and o["bytes_per_cap"] == 64'
done
expect 0 "messages" profile --size 10 --kernels 2
expect 0 "" profile --format json --shape forest --size 100
json 'o["kernels"] == 4'
expect 0 "" profile --format json --shape forest --size 100 --kernels 1 --selectors random
json 'o["kernels"] == 1 and o["messages"] == 0'
expect 0 "" profile --format json --size 10 --revoke recursive --frame plain
json '"frame" not in o and o["events"] == 1'
expect 0 "recursive+log" profile --size 10 --revoke recursive --frame log
expect 0 "" profile --format json --size 10 --revoke recursive --frame log
json 'o["frame"] == "log" and o["stack_bytes"] > 10 * 256'
expect 0 "overflowed 65536 bytes" profile --size 5000 --revoke recursive --stack 65536
expect 0 "" profile --format json --size 10,5000 --revoke recursive --stack 65536
json 'o["overflowed"] is None and 0 < o["stack_bytes"] < 65536'
json 'all[1]["overflowed"] == 65536 and all[1]["stack_bytes"] is None is all[1]["events"]'
expect 0 "" profile --format json --size 10,5000 --stack 65536
json 'all[1]["overflowed"] is None and all[1]["stack_bytes"] == o["stack_bytes"]'
expect 0 " hear " profile --size 10 --entries
expect 0 "" profile --format json --size 10 --entries
json '{k for k, v in o["entry_stack_bytes"].items() if v} == {"message", "work", "end"}'
expect 0 "" profile --format json --size 10 --entries --kernels 2
json '{k for k, v in o["entry_stack_bytes"].items() if v} == {"message", "work", "hear", "tell"}'
expect 2 "--kernels is from 1 to 64, not 0" profile --kernels 0
expect 2 "--kernels is from 1 to 64, not 65" profile --kernels 65
expect 2 "--stack is from 4096 to 1073741824, not 4095" profile --stack 4095
expect 2 "--stack is from" profile --stack 0
expect 2 "--revoke is one of iterative, recursive" profile --revoke slowly
expect 2 "--frame is one of plain, log" profile --revoke recursive --frame large
expect 2 "--frame is for --revoke recursive" profile --frame log
expect 2 "is for one kernel" profile --revoke recursive --kernels 2
expect 2 "is for one kernel" profile --revoke recursive --shape forest
expect 2 "--stack is for one kernel" profile --stack 65536 --kernels 2
# Valgrind can't run what has been built with sanitizers.
if command -v valgrind >/dev/null 2>&1 && ! grep -q __asan_init "$tool"; then
    expect 0 "" profile --format json --size 1000 --instructions
    json '0 < o["instructions_per_cap"] < 10000'
fi
expect 2 "--entries is for the kernel's own" profile --entries --revoke recursive
expect 2 "--flame is for the kernel's own" profile --flame "$work/flame" --revoke recursive
expect 2 "--flame is for one size" profile --flame "$work/flame" --size 10,20
expect 2 "--plot draws chains" profile --plot "$work/svg" --shape star
expect 2 "--plot draws chains" profile --plot "$work/svg" --flame "$work/flame"
expect 0 "iterative" profile --flame "$work/flame" --size 100
expect 3 "no/such/place" profile --flame "$work/no/such/place" --size 100
if [ "$(grep -cE '^[A-Za-z]+;[a-z]+;rescind_kernel_[a-z]+ [0-9]+$' "$work/flame")" -ne \
    "$(wc -l <"$work/flame")" ] || ! grep -q "^REVOKE;sweep;rescind_kernel_work " "$work/flame"; then
    failed=$((failed + 1))
    echo "not folded stacks:"
    cat "$work/flame"
fi
env PATH="$work" "$tool" profile --plot "$work/svg" --size 10 >"$work/out" 2>"$work/err"
if [ $? -eq 4 ] && grep -q "needs gnuplot" "$work/err"; then
    passed=$((passed + 1))
else
    failed=$((failed + 1))
    echo "a missing gnuplot goes unnoticed"
fi
if command -v gnuplot >/dev/null; then
    expect 0 "recursive, 64 KiB: breaks at" profile --plot "$work/svg" --size 10,100
    expect 0 "" profile --plot "$work/svg" --size 10,100 --format json
    json 'len(all) == 3 * 2 + 3 * 3 and all[6]["breaks_at"] is None'
    json 'all[-1]["stack"] == 131072 and all[-1]["frame"] == "log" and all[-1]["breaks_at"] > 100'
    grep -q "<svg" "$work/svg" || { failed=$((failed + 1)); echo "the plot is no SVG"; }
    expect 3 "no/such/place" profile --plot "$work/no/such/place" --size 10
fi

for other in "--shape forest" "--kernels 2" "--revoke recursive" "--stack 65536" --entries \
    --instructions "--flame $work/flame"; do
    # shellcheck disable=SC2086 # two words each
    expect 2 "--boot counts" profile --boot $other
done
expect 2 "--beside is for --boot" profile --beside
expect 2 "--plot draws" profile --boot --plot "$work/svg"
RESCIND_IMAGE="$work/no-such-image" expect 4 "no-such-image" profile --boot --size 10

expect 2 "boot needs a FILE" boot
expect 2 "--machine is q35 or pc" boot --machine microvm "$task06"
expect 2 "--smp is from 0 to 64" boot --smp 65 "$task06"
expect 3 "bad.litmus:3:5: " boot "$work/bad.litmus"
expect 2 "devices needs a FILE" devices
expect 2 "--machine is q35 or pc" devices --machine microvm --list
expect 2 "--bring-up takes no FILE" devices --bring-up "$task06"
expect 2 "--fault knows no 'rust'" devices --bring-up --fault rust
expect 2 "--fault knows no 'uart-busy=x'" devices --bring-up --fault uart-busy=x
expect 2 "--without knows no 'uart'" devices --bring-up --without uart
expect 2 "are of the models" devices --bring-up --boot --fault no-rsdp
expect 0 "rescind: PCI 0:0.0: 0x8086:0x1237" devices --bring-up --machine pc
expect 1 "nothing works without it" devices --bring-up --fault no-lapic
expect 0 '"verdict":"pass"' devices --bring-up --format json
expect 3 "task06" devices "$task06"
expect 2 "--log is none or info" boot --log debug "$task06"
expect 2 "--size needs" profile --size ""
expect 0 "A:0 vpe" tree --at 5 "$work/tree.litmus"
cp "$work/fails.litmus" "$work/-a file.litmus"
cd "$work" || exit 1
expect 1 "again: rescind run --seed 3 --work 0 -- '-a file.litmus'" run --seed 3 -- "-a file.litmus"
if [ -e /dev/full ]; then
    "$tool" run "$work/tree.litmus" >/dev/full 2>"$work/err"
    if [ $? -eq 4 ] && grep -q "could not be written" "$work/err"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "a lost report goes unnoticed"
    fi
fi
RESCIND_IMAGE= RESCIND_QEMU= expect 4 "no-such-image" boot --image "$work/no-such-image" "$task06"
expect 4 "no-such-image" boot --image "$work/no-such-image" "$task06"
RESCIND_QEMU=$work/no-such-qemu expect 4 "" boot --image "$task06" "$task06"

# busy ROUNDS: VPEs of K1 obtain from K0 all the time, while T of K0 revokes a capability with a child
# on K1, and the channel from K0 is slow. The revocation takes its turn between their answers.
busy() {
    printf 'kernel K0\nkernel K1\nvpe T @ K0\nvpe S @ K0\nvpe U @ K1\ngrant T 2 = vpe U\n'
    printf 'fault delay K0 K1\n'
    for vpe in A B C D E F G H; do
        printf 'vpe %s @ K1\ngrant %s 2 = vpe S\n' $vpe $vpe
    done
    printf 'program S\nrepeat 16 { creategate 0 100+$i label=1 ep=2 credits=1 }\nsignal s\n'
    printf 'program T\ncreategate 0 20 label=1 ep=2 credits=1\nexchange delegate 2 20 30\n'
    printf 'signal t\nwait g\nrevoke 20\n'
    for vpe in A B C D E F G H; do
        printf 'program %s\nwait s\nwait t\nexchange obtain 2 200:16 100:16\n' $vpe
        [ $vpe != A ] || printf 'signal g\n'
        printf 'repeat %s { revoke 200:16\nexchange obtain 2 200:16 100:16 }\n' "$1"
    done
}
for rounds in 10 80; do
    busy $rounds >"$work/busy.litmus"
    expect 0 pass run --schedule random --seed 1 --log info "$work/busy.litmus"
    grep "T: answered ok" "$work/err" | tail -n 1 >"$work/busy$rounds"
done
if [ -s "$work/busy10" ] && cmp -s "$work/busy10" "$work/busy80"; then
    passed=$((passed + 1))
else
    failed=$((failed + 1))
    echo "a revocation waits longer the longer others exchange:"
    cat "$work/busy10" "$work/busy80"
fi

# --audit ends finds the same, and says so in the command that finds it again.
numbers() {
    grep -oE '"(schedules|states|violations|choices)":[0-9]+' "$work/out"
}
expect 2 "--audit is always or ends" explore --audit sparse "$racy"
expect 0 "" explore --audit always --format json "$racy"
numbers >"$work/always"
expect 0 "pass" explore --audit ends --format json "$racy"
numbers >"$work/ends"
if [ -s "$work/ends" ] && cmp -s "$work/always" "$work/ends"; then
    passed=$((passed + 1))
else
    failed=$((failed + 1))
    echo "an audit at ends alone changes what is explored:"
    cat "$work/always" "$work/ends"
fi
expect 1 "--audit ends" explore --audit ends "$work/racy.litmus"
expect 1 "inv-args" explore --audit ends "$work/racy.litmus"
"$tool" explore --audit ends --shard 3/3 --report "$work/ends3" "$racy" \
    "$corpus/racy/create-against-revoke.litmus" >/dev/null
expect 3 "" explore --merge "$work/part1" "$work/part2" "$work/ends3"

echo "$passed passed, $failed failed"
[ $failed -eq 0 ]

#!/bin/sh
# Analysers: sh tests/analyse.sh [quick]. Fails when one finds what tests/analyse.txt doesn't
# explain, or when that explains what is not found.
#
# quick (which tests/run.sh does): gcc's -fanalyzer and -Wconversion on src/, cppcheck on src/ and
# sim/, and clang-tidy on both, as .clang-tidy has it.
# Without: clang's analyzer, too; the unit tests under valgrind, and those that use no GLib under
# MemorySanitizer (GLib would have to be built with it as well: what it writes counts as not
# written; valgrind has no such blind spot); and under ThreadSanitizer those that have threads: what
# the PC's processors share, with threads in their place, and simulators and boards in a thread each.
# Neither the kernel nor the tool has threads of its own.
#
# What a tool said of a file stays in build/analyse/ until the file, or what it includes, changes.
set -eu
cd "$(dirname "$0")/.."
sh tests/setup.sh analyse
case ${1:-} in
'' | quick) ;;
*)
    echo "usage: sh tests/analyse.sh [quick]" >&2
    exit 2
    ;;
esac
quick=${1:-}
mkdir -p build/analyse
found=build/analyse/found
: >$found

kernel_flags='-std=c17 -ffreestanding -mno-red-zone -Iinclude -Isrc -I.'
# shellcheck disable=SC2046,SC2089 # a list of words
tool_flags="-std=gnu17 -Iinclude -Isrc -I. -DRESCIND_VERSION=\"\" \
$(pkg-config --cflags glib-2.0 gio-2.0 json-glib-1.0)"

# What one tool says of one file; by itself, for xargs.
cat >build/analyse/one.sh <<'END'
set -eu
name=$1 file=$2
shift 2
case $file in
src/*) flags=$KERNEL_FLAGS ;;
*) flags=$TOOL_FLAGS ;;
esac
key=$({ echo "$name $*"; cat .clang-tidy sim/.clang-tidy; echo "$versions"
        gcc -E $flags "$file"; } | sha256sum | cut -c1-32)
said=build/analyse/$name-$key
if [ ! -e "$said" ]; then
    case $name in
    clang-*) "$@" "$file" -- $flags ;;
    *) "$@" $flags -c "$file" -o /dev/null ;;
    esac >"$said.log" 2>&1 || true
    # Where GCC has inlined something, it names itself instead of the file.
    sed -n "s|^cc1: |$file:0:0: |; s|^$PWD/||; /: \(error\|warning\): /s|^|$name: |p" \
        "$said.log" | sort -u >"$said.new"
    mv "$said.new" "$said"
fi
cat "$said"
END
versions=$(clang --version && gcc --version)
export versions KERNEL_FLAGS="$kernel_flags" TOOL_FLAGS="$tool_flags"

each() { # NAME FILES COMMAND...: one after the other, two at a time
    name=$1 files=$2
    shift 2
    # shellcheck disable=SC2086 # a list of files
    printf '%s\n' $files | xargs -P2 -I{} sh build/analyse/one.sh "$name" {} "$@" >>$found
}
kernel=$(echo src/*/*.c) tool=$(echo sim/*.c sim/*/*.c)

# Without optimization: else it takes for uninitialized what the compiler has only split.
each gcc "$kernel" gcc -O0 -Wall -Wextra -Wconversion -fanalyzer
each clang-tidy "$kernel $tool" clang-tidy --quiet
for part in src sim; do
    [ $part = src ] || glib='--library=gtk -DG_GNUC_PRINTF(a,b)= -DG_DEFINE_QUARK(a,b)='
    # shellcheck disable=SC2086 # a list of words
    cppcheck -q --enable=warning,performance,portability --std=c11 ${glib:-} \
        --suppress=allocaCalled --suppress=varFuncNullUB \
        --template='{file}:{line}: {severity}: {message} [{id}]' \
        -Iinclude -Isrc -I. $part 2>&1 | sed -n '/: \(error\|warning\|portability\|performance\): /s/^/cppcheck: /p' >>$found
done
if [ -z "$quick" ]; then
    each clang-analyzer "$kernel $tool" clang-tidy --quiet \
        '--checks=-*,clang-analyzer-*,-clang-analyzer-security.insecureAPI.DeprecatedOrUnsafeBufferHandling'
fi

# Findings that tests/analyse.txt has: TOOL | FILE | TEXT | REASON.
status=0
awk -v quick="$quick" '
    FNR == NR {
        if ($0 ~ /^#/ || $0 == "") next
        if (split($0, part, / \| /) != 4) { print FILENAME ":" FNR ": not TOOL | FILE | TEXT | REASON"; bad = 1; next }
        tool[FNR] = part[1]; file[FNR] = part[2]; text[FNR] = part[3]; next
    }
    seen[$0]++ { next }
    {
        known = 0
        for (i in tool)
            if (index($0, tool[i] ": " file[i] ":") == 1 && index($0, text[i])) { used[i] = 1; known = 1 }
        if (!known) { print; findings++ }
    }
    END {
        for (i in tool)
            if (!(i in used) && !(quick != "" && tool[i] == "clang-analyzer")) {
                print "tests/analyse.txt:" i ": there is no such finding"; bad = 1
            }
        print findings + 0 " findings"
        exit findings > 0 || bad
    }' tests/analyse.txt $found || status=1
[ -z "$quick" ] || exit $status

# What runs: every unit test but the longest, which do no more than others, more often.
[ -e build/build.ninja ] || meson setup build >build.log
ninja -C build --quiet
RESCIND_TESTS=$(pwd)/tests
export RESCIND_TESTS
run() { # WHAT PROGRAM COMMAND...
    what=$1 program=$2
    shift 2
    "$@" "$program" >build/analyse/run.log 2>&1 || {
        echo "$what: $program:"
        cat build/analyse/run.log
        status=1
    }
}
for program in build/tests/test_*; do
    case $program in
    *.p | *_every_order | *_explore | *_model | *_scale) ;;
    *) run valgrind "$program" valgrind -q --error-exitcode=9 --leak-check=full \
        --errors-for-leak-kinds=definite,indirect ;;
    esac
done

# Those that have nothing to do with GLib.
msan=
for name in audit cap dtu endpoint irq kernel letter memory message peer quota service vpe; do
    msan="$msan tests/test_$name"
done
[ -e build/msan/build.ninja ] || CC=clang meson setup -Dbuildtype=debug -Doptimization=1 \
    -Db_sanitize=memory -Db_lundef=false -Dwerror=false -Dpc=false build/msan >build/msan.log
# shellcheck disable=SC2086 # a list of words
ninja -C build/msan --quiet $msan
for program in $msan; do
    run MemorySanitizer "build/msan/$program" timeout 600
done

# With malloc() under GLib's own allocators, for what comes out of those has no history.
threads='tests/test_threads tests/pc/test_shared'
[ -e build/tsan/build.ninja ] || CC=clang meson setup -Dbuildtype=debug -Doptimization=1 \
    -Db_sanitize=thread -Db_lundef=false build/tsan >build/tsan.log
# shellcheck disable=SC2086 # a list of words
ninja -C build/tsan --quiet $threads
for program in $threads; do
    run ThreadSanitizer "build/tsan/$program" env G_SLICE=always-malloc timeout 600
done
exit $status

#!/bin/sh
# All tests: sh tests/run.sh. Installs what is missing, builds in build/, runs every suite, then
# the unit, litmus and fuzz suites once more, built by clang with AddressSanitizer and UBSan, and has
# analysers look at the sources.
set -eu
cd "$(dirname "$0")/.."
sh tests/setup.sh test

# BUILD-DIRECTORY MESON-OPTIONS...: sets it up, or brings it up to date.
configure() {
    directory=$1
    shift
    if [ ! -e "$directory/build.ninja" ]; then
        rm -rf "$directory/meson-private" "$directory/meson-info" "$directory/meson-logs"
        meson setup "$@" "$directory" >"$directory.log" 2>&1 || {
            cat "$directory.log" >&2
            exit 1
        }
    fi
    ninja -C "$directory" --quiet
}

mkdir -p build
configure build
# Without any optimization it takes three times as long.
CC=clang configure build/sanitized -Dbuildtype=debug -Doptimization=1 -Db_sanitize=address,undefined \
    -Db_lundef=false -Dpc=false

status=0
meson test -C build --no-rebuild --print-errorlogs || status=1
ASAN_OPTIONS=detect_stack_use_after_return=0 UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 \
    meson test -C build/sanitized --no-rebuild --print-errorlogs \
    --suite unit --suite litmus --suite fuzz || status=1

count() { # RESULTS: how many tests of both builds ended so
    cat build/meson-logs/testlog.json build/sanitized/meson-logs/testlog.json |
        grep -cE "\"result\": \"($1)\"" || true
}
passed=$(count 'OK|EXPECTEDFAIL')
failed=$(count 'FAIL|TIMEOUT|ERROR|INTERRUPT|UNEXPECTEDPASS')
if sh tests/analyse.sh quick; then
    passed=$((passed + 1))
else
    failed=$((failed + 1)) status=1
fi
echo "$passed passed, $failed failed"
exit $status

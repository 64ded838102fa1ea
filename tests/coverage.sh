#!/bin/sh
# Coverage: sh tests/coverage.sh. Builds with gcov, runs the host's suites, leaves lcov's pages and
# coverage.info under build/coverage/, prints the lines and branches of src/ and sim/, and fails
# where the target-independent part of src/ has less than 95 % of its lines covered.
set -eu
cd "$(dirname "$0")/.."
sh tests/setup.sh coverage

mkdir -p build
builddir=build/gcov out=build/coverage
[ -e $builddir/build.ninja ] || meson setup -Dbuildtype=debug -Db_coverage=true -Dpc=false \
    $builddir >build/gcov.log 2>&1 || { cat build/gcov.log >&2; exit 1; }
ninja -C $builddir --quiet
find $builddir -name '*.gcda' -delete
meson test -C $builddir --no-rebuild --print-errorlogs --quiet

mkdir -p $out
top=$(pwd)
lcov --quiet --capture --rc lcov_branch_coverage=1 --directory $builddir \
    --output-file $out/all.info
lcov --quiet --rc lcov_branch_coverage=1 --extract $out/all.info "$top/src/*" "$top/sim/*" \
    --output-file $out/coverage.info
genhtml --quiet --branch-coverage --prefix "$top" --title Rescind \
    --output-directory $out $out/coverage.info

# SUMMARY-NAME PATTERN: prints the share of lines and branches; the lines' share is left in $lines.
share() {
    lcov --quiet --rc lcov_branch_coverage=1 --extract $out/coverage.info "$top/$2" \
        --output-file $out/part.info
    summary=$(lcov --rc lcov_branch_coverage=1 --summary $out/part.info 2>&1)
    lines=$(echo "$summary" | sed -n 's/.*lines\.*: *\([0-9.]*\)%.*/\1/p')
    branches=$(echo "$summary" | sed -n 's/.*branches\.*: *\([0-9.]*\)%.*/\1/p')
    echo "$1: lines $lines %, branches $branches %"
}
share 'sim/' 'sim/*'
share 'src/' 'src/*'
echo "pages: $out/index.html"
awk "BEGIN { exit !($lines >= 95) }" || {
    echo "src/ has less than 95 % of its lines covered" >&2
    exit 1
}

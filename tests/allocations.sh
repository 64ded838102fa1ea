#!/bin/sh
# Every allocation fails once, in turn, of which CI tries a sample: sh tests/allocations.sh.
# First the kernels' nodes and pages under each file of the corpus, then the tool's large
# allocations under valgrind, which also finds what is small and not given back. Some ten minutes.
set -eu
cd "$(dirname "$0")/.."
sh tests/setup.sh test
[ -e build/build.ninja ] || meson setup build
ninja -C build --quiet tests/test_allocations tests/test_tool_allocations
status=0
build/tests/test_allocations --all tests/litmus/*.litmus tests/litmus/racy/*.litmus \
    tests/litmus/programs/*.litmus || status=1
RESCIND_TESTS=$PWD/tests valgrind --quiet --leak-check=full --errors-for-leak-kinds=definite \
    --error-exitcode=9 build/tests/test_tool_allocations 12 || status=1
exit $status

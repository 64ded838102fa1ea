#!/bin/sh
# Every allocation fails once, in turn, of which CI tries a sample: sh tests/allocations.sh.
# The kernels' nodes and pages under each file of the corpus (but those of failing/, which fail
# without that, too); the tool's large allocations when it runs and explores each of these files; and
# some of each of its commands under valgrind, which also finds what is small and not given back.
# A quarter of an hour, of one processor that has nothing else to do.
set -eu
cd "$(dirname "$0")/.."
sh tests/setup.sh test
[ -e build/build.ninja ] || meson setup build
ninja -C build --quiet tests/test_allocations tests/test_tool_allocations
status=0
set -- tests/litmus/*.litmus tests/litmus/racy/*.litmus tests/litmus/programs/*.litmus
build/tests/test_allocations --all "$@" || status=1
build/tests/test_tool_allocations --all "$@" || status=1
RESCIND_TESTS=$PWD/tests valgrind --quiet --leak-check=full --errors-for-leak-kinds=definite \
    --error-exitcode=9 build/tests/test_tool_allocations 12 || status=1
exit $status

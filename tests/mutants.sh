#!/bin/sh
# Mutation testing: sh tests/mutants.sh [N [SEED]]. Builds in build/mutants, makes single mistakes in
# N places of the kernel (400; 0: all of some 4,600), and tells which ones no suite notices. A second
# or so a place, and a quarter of a minute where nothing notices. See mutants.py.
set -eu
cd "$(dirname "$0")/.."
sh tests/setup.sh build
mkdir -p build
[ -e build/mutants/build.ninja ] ||
    meson setup -Dbuildtype=debug -Doptimization=1 -Ddebug=false -Dwerror=false -Dpc=false \
        build/mutants >build/mutants.log 2>&1 || { cat build/mutants.log >&2; exit 1; }
# shellcheck disable=SC2046 # a list of words
ninja -C build/mutants --quiet $(python3 tests/mutants.py --programs)
exec python3 tests/mutants.py -n "${1:-400}" -s "${2:-1}"

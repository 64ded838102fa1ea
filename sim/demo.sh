#!/bin/sh
# The demo: sh sim/demo.sh. Installs what is missing, builds, and runs Task 06's eight tests twice:
# in the simulator and on QEMU's pc99, from the same kernel and the same program, with the
# derivation tree printed before and after the revocation that crosses VPEs.
set -eu
cd "$(dirname "$0")/.."
sh tests/setup.sh build
mkdir -p build
if [ ! -e build/build.ninja ]; then
    meson setup build >build/setup.log 2>&1 || { cat build/setup.log >&2; exit 1; }
fi
ninja -C build --quiet rescind src/pc99/rescind-pc99.elf

file=tests/litmus/task06-program.litmus
echo "--- Task 06 in the simulator: rescind run --watch 20 $file"
build/rescind run --watch 20 $file
echo
echo "--- Task 06 on QEMU's pc99: rescind boot --watch 20 $file"
build/rescind boot --watch 20 $file

#!/bin/sh
# The demo: sh sim/demo.sh. Installs what is missing, builds, and runs two programs twice: in the
# simulator and on QEMU's pc99, from the same kernel and the same source. The first is Task 06's
# eight tests, with the derivation tree printed before and after the revocation that crosses VPEs;
# in the second a parent makes children, lends them memory, and revokes it and one of them.
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

file=tests/litmus/programs/family.litmus
echo
echo "--- A family in the simulator: rescind run $file"
build/rescind run $file
echo
echo "--- A family on QEMU's pc99: rescind boot $file"
build/rescind boot $file

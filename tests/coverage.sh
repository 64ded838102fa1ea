#!/bin/sh
# Coverage: sh tests/coverage.sh. Builds with gcov, and the PC image with each line's instructions
# its own; runs the host's suites and some of the PC's, where QEMU logs which instructions it came
# to; leaves lcov's pages and coverage.info under build/coverage/, prints what of src/ and sim/ has
# not run, and fails where that is more than tests/coverage.py allows.
set -eu
cd "$(dirname "$0")/.."
sh tests/setup.sh coverage

mkdir -p build
builddir=build/gcov out=build/coverage
# A function's branches count once, and not wherever it is wanted inline.
[ -e $builddir/build.ninja ] || meson setup -Dbuildtype=debug -Db_coverage=true \
    -Dc_args=-Dalways_inline=unused $builddir >build/gcov.log 2>&1 || { cat build/gcov.log >&2; exit 1; }
ninja -C $builddir --quiet
find $builddir -name '*.gcda' -delete

# In QEMU's place: QEMU that logs the instructions of the kernel's image and of programs for ring 3
# (layout.h, user.ld), each block of them when it is first come to. What tests the log of something
# else has that one.
top=$(pwd)
rm -rf $out/qemu
mkdir -p $out/qemu/bin $out/qemu/logs
cat >$out/qemu/bin/qemu-system-x86_64 <<EOF
#!/bin/sh
case "\$*" in
*guest_errors*) exec $(command -v qemu-system-x86_64) "\$@" ;;
*rescind-broken*) image=rescind-broken ;;
*) image=rescind-pc99 ;;
esac
exec $(command -v qemu-system-x86_64) "\$@" -D "$top/$out/qemu/logs/\$image.\$\$.log" \\
    -d in_asm -dfilter 0xffffffff80000000+0x200000,0x400000+0x80000
EOF
chmod +x $out/qemu/bin/qemu-system-x86_64

PATH=$top/$out/qemu/bin:$PATH meson test -C $builddir --no-rebuild --print-errorlogs --quiet \
    --suite unit --suite litmus --suite fuzz --suite covered

# A broken invariant stops the kernel: that there are none is not a branch that a test could take.
lcov --quiet --capture --rc lcov_branch_coverage=1 \
    --rc lcov_excl_br_line='LCOV_EXCL_BR_LINE|KERNEL_ASSERT' --directory $builddir \
    --output-file $out/all.info
lcov --quiet --rc lcov_branch_coverage=1 --extract $out/all.info "$top/src/*" "$top/sim/*" \
    --output-file $out/host.info
python3 tests/coverage.py image $out/host.info $out/image.info $out/qemu/logs \
    $builddir/src/pc99/rescind-pc99.elf $builddir/tests/pc/rescind-broken.elf \
    $builddir/src/pc99/rescind-user.elf
lcov --quiet --rc lcov_branch_coverage=1 -a $out/host.info -a $out/image.info \
    --output-file $out/coverage.info
genhtml --quiet --branch-coverage --prefix "$top" --title Rescind \
    --output-directory $out $out/coverage.info
echo "pages: $out/index.html"
python3 tests/coverage.py judge $out/coverage.info

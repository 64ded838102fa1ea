#!/bin/sh
# The library as its users get it: test_install.sh SOURCE-ROOT BUILD-DIRECTORY [COMPILER...].
# Installs the built project below a temporary directory, builds tests/lib/ against it through
# pkg-config and runs it; does the same with the sources as a Meson subproject; and looks at what
# the shared library exports and which headers it brings.
set -eu
source=$(cd "$1" && pwd)
build=$(cd "$2" && pwd)
shift 2
[ $# -eq 0 ] || export CC="$*"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

die() {
    echo "test_install: $*" >&2
    exit 1
}
quietly() { # COMMAND...: its output is shown only when it fails
    "$@" >"$work/log" 2>&1 || {
        cat "$work/log" >&2
        die "failed: $*"
    }
}

# ---- Installed, through pkg-config ---------------------------------------------------------

quietly meson install --no-rebuild -C "$build" --destdir "$work/root"
pc=$(find "$work/root" -name rescind.pc)
[ -n "$pc" ] || die "no rescind.pc is installed"
libdir=$(dirname "$(dirname "$pc")")
export PKG_CONFIG_PATH="$libdir/pkgconfig" PKG_CONFIG_SYSROOT_DIR="$work/root"
[ -n "$(pkg-config --modversion rescind)" ] || die "rescind.pc has no version"

# Every header must stand alone, in C and in C++ where there is a compiler for it.
include=$(dirname "$(find "$work/root" -path '*/rescind/sim.h')")
for header in abi.h sim.h user.h; do
    [ -f "$include/$header" ] || die "$header is not installed"
done
for header in "$include"/*.h; do
    echo "#include <rescind/$(basename "$header")>" >"$work/alone.c"
    # shellcheck disable=SC2046,SC2086 # lists of options
    quietly ${CC:-cc} -std=c17 -Wall -Wextra -Werror -fsyntax-only \
        $(pkg-config --cflags rescind) "$work/alone.c"
    if command -v c++ >/dev/null 2>&1 && [ "$(basename "$header")" = sim.h ]; then
        # shellcheck disable=SC2046
        quietly c++ -x c++ -std=c++17 -fsyntax-only $(pkg-config --cflags rescind) "$work/alone.c"
    fi
done

# By hand, as a Makefile would.
# shellcheck disable=SC2046,SC2086
quietly ${CC:-cc} -std=c17 -Wall -Wextra -Werror $(pkg-config --cflags rescind) \
    -o "$work/by-hand" "$source/tests/lib/user.c" $(pkg-config --libs rescind)
export LD_LIBRARY_PATH="$libdir"
quietly "$work/by-hand"
grep -q "the library works" "$work/log" || die "the program says something else"

# And by Meson, which must not look for the sources.
quietly meson setup --wrap-mode=nofallback "$work/build-installed" "$source/tests/lib"
quietly meson test -C "$work/build-installed"

# ---- What it exports -----------------------------------------------------------------------

library=$(find "$libdir" -name 'librescind.so.*' -type f)
[ -n "$library" ] || die "no shared library is installed"
exported=$(nm -D --defined-only "$library" | awk '{ sub(/@.*/, "", $3); print $3 }')
[ -n "$exported" ] || die "$library exports nothing"
for name in $exported; do
    case $name in
    rescind_*) ;;
    *) die "$library exports $name" ;;
    esac
done
# Nothing that the headers declare is missing.
declared=$(grep -hv '^typedef\|^ \*' "$include/sim.h" "$include/user.h" |
    grep -oE '\brescind_[a-z_]+\(' | tr -d '(' | sort -u)
for name in $declared; do
    echo "$exported" | grep -qx "$name" || die "$name is declared, but not exported"
done

# ---- As a subproject -----------------------------------------------------------------------

unset PKG_CONFIG_PATH PKG_CONFIG_SYSROOT_DIR LD_LIBRARY_PATH
mkdir -p "$work/project/subprojects/rescind"
cp "$source/tests/lib/meson.build" "$source/tests/lib/user.c" "$work/project/"
(cd "$source" && tar -cf - --exclude=./build --exclude=./.git \
    meson.build meson_options.txt include src sim) |
    tar -xf - -C "$work/project/subprojects/rescind"
quietly meson setup --force-fallback-for=rescind -Drescind:pc=false \
    "$work/build-subproject" "$work/project"
quietly meson test -C "$work/build-subproject"
echo "used through pkg-config and as a subproject; $(echo "$exported" | wc -l) names exported"

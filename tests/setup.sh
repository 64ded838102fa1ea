#!/bin/sh
# Installs what a task needs and the machine lacks:
# sh tests/setup.sh build|iso|test|fuzz|coverage|bench|analyse.
# With apt, through sudo when not root; without apt it names Debian's packages. Called by the
# other scripts; a call with everything in place is quick.
set -eu
task=${1:-test}
missing=

command_from() { # COMMAND PACKAGE
    command -v "$1" >/dev/null 2>&1 || missing="$missing $2"
}
file_from() { # FILE PACKAGE
    [ -e "$1" ] || missing="$missing $2"
}
disc_tools() {
    command_from grub-mkrescue grub-common
    command_from xorriso xorriso
    command_from mformat mtools
    file_from /usr/lib/grub/i386-pc/multiboot2.mod grub-pc-bin
    file_from /usr/lib/grub/x86_64-efi/multiboot2.mod grub-efi-amd64-bin
}
library_from() { # PKG-CONFIG-NAME PACKAGE
    pkg-config --exists "$1" 2>/dev/null || missing="$missing $2"
}

command_from cc gcc
command_from objcopy binutils
command_from meson meson
command_from ninja ninja-build
command_from pkg-config pkg-config
command_from qemu-system-x86_64 qemu-system-x86
command_from python3 python3
file_from /usr/include/stdio.h libc6-dev
library_from glib-2.0 libglib2.0-dev
library_from json-glib-1.0 libjson-glib-dev
library_from cmocka libcmocka-dev
command_from dot graphviz
case $task in
build) ;;
iso) disc_tools ;;
test | fuzz)
    if [ "$task" = test ]; then
        command_from valgrind valgrind
        command_from clang-tidy clang-tidy
        command_from cppcheck cppcheck
        disc_tools
        file_from /usr/share/ovmf/OVMF.fd ovmf
    fi
    command_from clang clang
    command_from patch patch
    echo 'int LLVMFuzzerTestOneInput(const char *d, long n) { return d && n > 9; }' |
        clang -fsanitize=fuzzer,address -x c - -o /dev/null 2>/dev/null ||
        missing="$missing libclang-rt-dev"
    ;;
bench)
    command_from valgrind valgrind
    command_from gnuplot gnuplot-nox
    ;;
coverage)
    command_from lcov lcov
    disc_tools
    ;;
analyse)
    command_from gcc gcc
    command_from clang clang
    command_from clang-tidy clang-tidy
    command_from cppcheck cppcheck
    command_from valgrind valgrind
    ;;
*)
    echo "usage: sh tests/setup.sh build|iso|test|fuzz|coverage|bench|analyse" >&2
    exit 2
    ;;
esac
[ -n "$missing" ] || exit 0

if ! command -v apt-get >/dev/null 2>&1; then
    echo "Missing. On Debian these packages have it; install what corresponds:$missing" >&2
    exit 1
fi
root=
if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null 2>&1 || {
        echo "Missing, and neither root nor sudo to install it:$missing" >&2
        exit 1
    }
    root=sudo
fi
echo "Installing:$missing" >&2
$root apt-get update -q >&2
# shellcheck disable=SC2086 # a list of words
DEBIAN_FRONTEND=noninteractive $root apt-get install -q -y --no-install-recommends $missing >&2

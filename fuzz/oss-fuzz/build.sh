#!/bin/bash -eu
# Builds the fuzz targets for whatever engine there is, as OSS-Fuzz wants it: with $CC $CFLAGS, linked
# to $LIB_FUZZING_ENGINE, into $OUT, each with its seed corpus and dictionary. $WORK is for objects;
# without $SRC the sources are those that this script lies in. No Meson, no configuration: it
# compiles what meson.build lists.
: "${CC:=cc}" "${CFLAGS:=}" "${CXX:=$CC}" "${LIB_FUZZING_ENGINE:?is to be a library or an option}"
: "${OUT:?is to be a folder}"
here=$(cd "$(dirname "$0")" && pwd)
if [ -e "$here/../../meson.build" ]; then
    top=$(cd "$here/../.." && pwd)
else
    top=${SRC:?is to be a folder}/rescind
fi
work=${WORK:-$(mktemp -d)}
mkdir -p "$work" "$OUT"
cd "$top"

packages="glib-2.0 gio-2.0 json-glib-1.0 cmocka"
# shellcheck disable=SC2046 # words
flags="-std=gnu17 -DAUDIT_EVENTS -I. -Iinclude -Isrc $(pkg-config --cflags $packages | tr '\n' ' ')"
# The base image of OSS-Fuzz that runs the targets has none of these libraries.
libraries=$(pkg-config --libs $packages)
if [ "${FUZZING_LANGUAGE:-}" = c ]; then
    libraries="-Wl,-Bstatic $(pkg-config --static --libs $packages) -Wl,-Bdynamic"
fi

# The lists of meson.build, by name.
list() {
    sed -n "/^$1 = files(/,/)/p" meson.build | grep -o "'[^']*\.c'" | tr -d "'"
}
sources="$(list kernel_sources) $(list user_sources) $(list driver_sources) $(list bring_up_sources)
    $(list sim_sources) $(list device_sources) $(list tool_sources)
    tests/calls.c tests/drive.c tests/history.c tests/kit.c tests/known.c tests/machines.c
    tests/order.c tests/scenario.c tests/state.c tests/system.c
    fuzz/course.c fuzz/draw.c fuzz/driven.c fuzz/devices_input.c fuzz/mutate_devices.c"

compile() { # FILE: its object is named on standard output
    object=$work/$(echo "$1" | tr / _).o
    # shellcheck disable=SC2086 # flags are words
    $CC $CFLAGS $flags -c "$1" -o "$object"
    echo "$object"
}
export -f compile
export CC CFLAGS flags work
# shellcheck disable=SC2086 # files are words
objects=$(printf '%s\n' $sources | xargs -P "$(nproc)" -I{} bash -euc 'compile {}')
rm -f "$work/librescind-fuzz.a"
# shellcheck disable=SC2086
ar rcs "$work/librescind-fuzz.a" $objects

for file in fuzz/fuzz_*.c; do
    target=$(basename "$file" .c)
    name=${target#fuzz_}
    object=$(compile "$file")
    # shellcheck disable=SC2086
    $CXX $CFLAGS "$object" $LIB_FUZZING_ENGINE -Wl,--start-group "$work/librescind-fuzz.a" \
        -Wl,--end-group $libraries -o "$OUT/$target"
    (cd "fuzz/corpus/$name" && rm -f "$OUT/${target}_seed_corpus.zip" &&
        python3 -m zipfile -c "$OUT/${target}_seed_corpus.zip" ./*)
    [ ! -e "fuzz/$name.dict" ] || cp "fuzz/$name.dict" "$OUT/$target.dict"
done

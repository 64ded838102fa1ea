#!/bin/sh
# The script of the OSS-Fuzz project builds every target with plain variables and a stand-in for the
# engine (fuzz/replay.c), and the targets pass over the corpora that it packs.
# sh fuzz/test_oss_fuzz.sh SOURCE-DIRECTORY.
set -eu
source=$1
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
engine=$scratch/engine.o
# shellcheck disable=SC2046 # words
cc -O1 $(pkg-config --cflags glib-2.0) -c "$source/fuzz/replay.c" -o "$engine"
env -u SRC CC=cc CFLAGS=-O1 LIB_FUZZING_ENGINE="$engine" OUT="$scratch/out" WORK="$scratch/work" \
    bash "$source/fuzz/oss-fuzz/build.sh"
ran=0
for file in "$source"/fuzz/fuzz_*.c; do
    target=$(basename "$file" .c)
    mkdir "$scratch/$target"
    (cd "$scratch/$target" && python3 -m zipfile -e "$scratch/out/${target}_seed_corpus.zip" .)
    inputs=$("$scratch/out/$target" "$scratch/$target" 2>"$scratch/log") || {
        tail -n 50 "$scratch/log" >&2
        echo "$target: FAILED" >&2
        exit 1
    }
    there=$(find "$source/fuzz/corpus/${target#fuzz_}" -type f | wc -l)
    [ "$inputs" = "$there inputs" ] || {
        echo "$target: $inputs of $there" >&2
        exit 1
    }
    echo "$target: $inputs"
    ran=$((ran + 1))
done
[ "$ran" -ge 8 ] || {
    echo "only $ran targets" >&2
    exit 1
}

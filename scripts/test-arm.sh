#!/bin/sh
# Compiles the C kernels for aarch64 (NEON), and compares their results under qemu with those of this x86-64 machine.
# Needs clang (the Swift toolchain has it), and on Debian: apt-get install qemu-user gcc-aarch64-linux-gnu libc6-dev-arm64-cross
set -eu
cd "$(dirname "$0")/.."
for program in clang qemu-aarch64 aarch64-linux-gnu-gcc; do
  command -v $program > /dev/null || { echo "skipped: no $program. On Debian: apt-get install qemu-user gcc-aarch64-linux-gnu libc6-dev-arm64-cross" >&2; exit 0; }
done
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
flags="-O3 -ffp-contract=fast -Wall -Werror -Wno-psabi -ISources/CKernels/include"
clang $flags -mprefer-vector-width=512 Tests/CKernels/main.c Sources/CKernels/*.c -lm -lpthread -o "$folder/native"
for source in Tests/CKernels/main.c Sources/CKernels/*.c; do
  clang $flags --target=aarch64-linux-gnu -isystem /usr/aarch64-linux-gnu/include -c "$source" -o "$folder/$(basename "$source" .c).o"
done
aarch64-linux-gnu-gcc -static "$folder"/*.o -lm -lpthread -o "$folder/arm"
"$folder/native" "$folder/results"
qemu-aarch64 "$folder/arm" --compare "$folder/results"

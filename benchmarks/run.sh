#!/usr/bin/env bash
# Measures tune on this machine and, with --peers PYTHON, PyTorch + PEFT in turn in the same run. Prints JSON lines; the
# summary goes to benchmarks/results/<machine>.json.
set -euo pipefail
cd "$(dirname "$0")/.."
python=""
[ "${1:-}" = "--peers" ] && python=${2:?"--peers wants the python of a venv with torch, transformers and peft"}
recipe=${RECIPE:-recipes/ncbi-disease-lora.json}
[ -n "${RECIPE:-}" ] || [ -e ../shared/data ] || recipe=recipes/quickstart.json
rounds=${ROUNDS:-1}
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT

for round in $(seq "$rounds"); do
  .build/release/tune run "$recipe" output="$out/run" --overwrite --json > "$out/tune-$round.json"
  [ -z "$python" ] || "$python" benchmarks/peer_ner.py "$recipe" --bf16 > "$out/peer-$round.json"
done
python3 benchmarks/summary.py "$out" "$recipe"

#!/usr/bin/env bash
# run.sh [--peers PYTHON] [SECTION …]: bench.py on the release build, from any folder.
# ROUNDS, STEPS, PRECISION, RECIPE and WORKLOADS in the environment become its options.
set -euo pipefail
cd "$(dirname "$0")/.."
[ -x .build/release/bench-steps ] || { echo "run.sh: no release build; run make build first" >&2; exit 1; }
for name in ROUNDS STEPS PRECISION RECIPE WORKLOADS; do
  [ -z "${!name:-}" ] || set -- "$@" "--${name,,}" "${!name}"
done
exec python3 benchmarks/bench.py "$@"

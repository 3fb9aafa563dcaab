#!/bin/sh
# Makes the base model that ships, checkpoints/biomed-mini-l3, as it was made: some hours on two cores. Interrupt it when
# you like; it goes on where it was. Wants ../shared/data/pubmed-text (PubMed abstracts and MedQuAD).
set -eu
cd "$(dirname "$0")/.."
tune=.build/release/tune
text=../shared/data/pubmed-text

run() { # recipe: from the start, or from where it was interrupted
  [ -f "runs/$1/result.json" ] && grep -q '"status": "completed"' "runs/$1/result.json" && return
  if [ -f "runs/$1/snapshot.safetensors" ]; then resume=--resume; else resume=--overwrite; fi
  $tune run "recipes/$1.json" $resume
}

scripts/fetch-minilm.sh checkpoints/minilm-l6
[ -d runs/minilm-5950 ] || $tune tokenizer trim checkpoints/minilm-l6 --size 5950 --output runs/minilm-5950 \
  --text $text/abstracts-train.txt.gz $text/medquad.jsonl.gz --field question --field answer
run distil-general
run mlm-continue

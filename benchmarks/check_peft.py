"""Checks that PEFT reads an adapter that `tune` wrote and computes the same logits.

usage: check_peft.py MODEL ADAPTER_DIR FILE [--limit 200] [--tolerance 1e-4]
FILE has JSON lines {"ids": [t token ids, special tokens included], "logits": [t rows, one number per label]}, as
written by `tune predict … --logits`. Labels come from ADAPTER_DIR/tune.json ("task", "labels"), or their number from the stored
classifier. Prints one JSON line with the largest absolute difference. Exits with 1 if that is above the
tolerance, or if the adapter has a tensor unknown to PEFT; notes go to stderr.
"""
import argparse
import json
import math
import sys
from pathlib import Path

import torch
from peft import PeftModel, get_peft_model_state_dict
from safetensors.torch import load_file
from transformers import AutoModelForTokenClassification


def label_names(folder, stored):
    heads = [value.shape[0] for key, value in stored.items() if key.endswith("classifier.weight")]
    path = folder / "tune.json"
    names = json.loads(path.read_text()).get("task", {}).get("labels") if path.exists() else None
    if not names and not heads:
        sys.exit(f"{folder}: neither tune.json with labels nor a stored classifier.weight; is this a token-"
                 "classification adapter?")
    if names and heads and len(names) != heads[0]:
        sys.exit(f"{folder}: tune.json names {len(names)} labels, classifier.weight has {heads[0]} rows")
    return names or [f"LABEL_{i}" for i in range(heads[0])]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("adapter", type=Path)
    parser.add_argument("file", type=Path)
    parser.add_argument("--limit", type=int, default=200, help="number of lines to compare")
    parser.add_argument("--tolerance", type=float, default=1e-4)
    options = parser.parse_args()

    stored = load_file(options.adapter / "adapter_model.safetensors")
    names = label_names(options.adapter, stored)
    base = AutoModelForTokenClassification.from_pretrained(
        options.model, num_labels=len(names), id2label=dict(enumerate(names)),
        label2id={name: i for i, name in enumerate(names)}, dtype=torch.float32, ignore_mismatched_sizes=True)
    model = PeftModel.from_pretrained(base, options.adapter).eval()
    known = get_peft_model_state_dict(model).keys()
    unknown = sorted(stored.keys() - known)
    for key in sorted(known - stored.keys()):
        print(f"note: PEFT would also store {key}", file=sys.stderr)
    for key in unknown:
        print(f"PEFT does not know {key}", file=sys.stderr)

    lines = [line for line in options.file.read_text(encoding="utf-8").splitlines() if line.strip()][:options.limit]
    if not lines:
        sys.exit(f"{options.file}: no lines to compare")
    largest, tokens, where = 0.0, 0, None
    for number, line in enumerate(lines, start=1):
        given = json.loads(line)
        ours = torch.tensor(given["logits"])
        with torch.inference_mode():
            theirs = model(input_ids=torch.tensor([given["ids"]])).logits[0]
        if ours.shape != theirs.shape:
            sys.exit(f"{options.file} line {number}: logits {list(ours.shape)}, PEFT gives {list(theirs.shape)}")
        gap = (ours - theirs).abs().max().item()
        if not math.isfinite(gap):
            sys.exit(f"{options.file} line {number}: not every logit is a finite number")
        if gap > largest:
            largest, where = gap, number
        tokens += len(given["ids"])
    print(json.dumps({"sequences": len(lines), "tokens": tokens, "labels": len(names), "largest_difference": largest,
                      "line": where, "unknown_tensors": unknown}))
    sys.exit(0 if largest <= options.tolerance and not unknown else 1)


if __name__ == "__main__":
    main()

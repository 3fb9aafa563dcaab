"""Checks that PEFT and transformers read a sequence classifier that `tune` wrote and compute the same.

usage: check_peft_seqcls.py MODEL FOLDER FILE [--name A] [--max-length N] [--skip-long] [--limit 200] [--tolerance 1e-4]
FOLDER is an adapter over MODEL, or a whole model (`model/` of full fine-tuning, or what `tune merge` wrote); MODEL
also has the tokenizer. FILE has JSON lines, each in one of these forms:
- {"text": …, "text_pair": …, "labels": {"A": {"probabilities": {label: p, …}}}}, as written by `tune predict`
  (text_pair: pairs only): probabilities are compared. --name chooses among several adapters.
- {"ids": [token ids, special tokens included], "logits": [one number per label], "types": [token type ids]}: logits are
  compared. Without types they are 0 up to the first [SEP] and 1 after it, where the model has them.
- what `tune predict --logits` adds, {"windows": {"A": [{"ids": …, "logits": [[…]]}]}}, is preferred to the first.
A text longer than --max-length (default: the model's positions) is truncated as transformers does with a pair,
longest_first; --skip-long leaves it out, for classifiers that read long texts in windows. Label names come from
FOLDER/tune.json ("task", "labels"), or from the config.json of a whole model, or are LABEL_0, …. Prints one JSON line with
the largest absolute difference. Exits with 1 if that is above the tolerance, or if the adapter has a tensor unknown to
PEFT; notes go to stderr.
"""
import argparse
import json
import math
import sys
from pathlib import Path

import torch
from peft import PeftModel, get_peft_model_state_dict
from safetensors.torch import load_file
from transformers import AutoModelForSequenceClassification, AutoTokenizer


def label_names(folder, stored):
    """The labels in the order of the head's outputs."""
    heads = [value.shape[0] for key, value in stored.items() if key.endswith("classifier.weight") and
             not key.endswith("pre_classifier.weight")]
    if not heads:
        sys.exit(f"{folder}: no stored classifier.weight; is this a sequence classifier?")
    path, names = folder / "tune.json", None
    if path.exists():
        names = json.loads(path.read_text(encoding="utf-8")).get("task", {}).get("labels")
    if not names and (folder / "config.json").exists():
        numbered = json.loads((folder / "config.json").read_text(encoding="utf-8")).get("id2label", {})
        names = [numbered[key] for key in sorted(numbered, key=int)]
    if names and len(names) != heads[0]:
        sys.exit(f"{folder}: {len(names)} labels are named, classifier.weight has {heads[0]} rows")
    return names or [f"LABEL_{i}" for i in range(heads[0])]


def load(options):
    """(model, labels, tensors unknown to PEFT)"""
    is_adapter = (options.folder / "adapter_config.json").exists()
    if not is_adapter:
        stored = {}
        for path in sorted(options.folder.glob("*.safetensors")):
            stored |= load_file(path)
        names = label_names(options.folder, stored)
        model, report = AutoModelForSequenceClassification.from_pretrained(
            options.folder, dtype=torch.float32, output_loading_info=True)
        for key in sorted(report["missing_keys"]):
            sys.exit(f"{options.folder}: no tensor {key}")
        if [model.config.id2label[i] for i in range(model.config.num_labels)] != names:
            sys.exit(f"{options.folder}: config.json and tune.json have other labels")
        return model.eval(), names, sorted(report["unexpected_keys"])
    stored = load_file(options.folder / "adapter_model.safetensors")
    names = label_names(options.folder, stored)
    base, report = AutoModelForSequenceClassification.from_pretrained(
        options.model, num_labels=len(names), id2label=dict(enumerate(names)),
        label2id={name: i for i, name in enumerate(names)}, dtype=torch.float32, ignore_mismatched_sizes=True,
        output_loading_info=True)
    lost = sorted(key for key in report["missing_keys"] if f"base_model.model.{key}" not in stored)
    if lost:
        sys.exit(f"neither {options.model} nor {options.folder} has {', '.join(lost)}: they would be random")
    model = PeftModel.from_pretrained(base, options.folder).eval()
    known = get_peft_model_state_dict(model).keys()
    for key in sorted(known - stored.keys()):
        print(f"note: PEFT would also store {key}", file=sys.stderr)
    unknown = sorted(stored.keys() - known)
    for key in unknown:
        print(f"PEFT does not know {key}", file=sys.stderr)
    return model, names, unknown


class Reference:
    def __init__(self, options):
        self.options = options
        self.model, self.names, self.unknown = load(options)
        self.tokenizer = AutoTokenizer.from_pretrained(options.model)
        config = self.model.config
        self.takes_types = config.model_type != "distilbert" and getattr(config, "type_vocab_size", 0) > 1
        self.limit = min(options.max_length or config.max_position_embeddings, config.max_position_embeddings)
        self.truncated = 0

    def logits(self, ids, types=None):
        inputs = {"input_ids": torch.tensor([ids])}
        if self.takes_types:
            if types is None:
                first = ids.index(self.tokenizer.sep_token_id) + 1 if self.tokenizer.sep_token_id in ids else len(ids)
                types = [0] * first + [1] * (len(ids) - first)
            inputs["token_type_ids"] = torch.tensor([types])
        with torch.inference_mode():
            return self.model(**inputs).logits[0]

    def chosen(self, by_name, where):
        """The entry of the adapter that --name names, or the only one."""
        name = self.options.name or (next(iter(by_name)) if len(by_name) == 1 else None)
        if name not in by_name:
            sys.exit(f"{where}: --name must be one of {', '.join(by_name)}")
        return by_name[name]

    def comparisons(self, line, where):
        """Pairs (ours, theirs) of one line; None: left out."""
        if "windows" in line:
            windows = self.chosen(line["windows"], where)
            return [(torch.tensor(w["logits"]).flatten(), self.logits(w["ids"], w.get("types"))) for w in windows]
        if "logits" in line:
            return [(torch.tensor(line["logits"]).flatten(), self.logits(line["ids"], line.get("types")))]
        if "labels" not in line:
            sys.exit(f"{where}: neither labels nor logits")
        found = self.chosen(line["labels"], where)["probabilities"]
        if set(found) != set(self.names):
            sys.exit(f"{where}: probabilities of {sorted(found)}, the labels are {sorted(self.names)}")
        texts = line["text"], line.get("text_pair")
        # verbose: a text longer than the positions is no news.
        if len(self.tokenizer(*texts, verbose=False)["input_ids"]) > self.limit:
            if self.options.skip_long:
                return None
            self.truncated += 1
        encoding = self.tokenizer(*texts, truncation=True, max_length=self.limit, return_token_type_ids=True)
        theirs = self.logits(encoding["input_ids"], encoding["token_type_ids"]).softmax(-1)
        return [(torch.tensor([found[name] for name in self.names]), theirs)]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("folder", type=Path)
    parser.add_argument("file", type=Path)
    parser.add_argument("--name", help="which adapter of the file; default: the only one")
    parser.add_argument("--max-length", type=int, help="tokens per text, special tokens included")
    parser.add_argument("--skip-long", action="store_true", help="leave out texts longer than --max-length")
    parser.add_argument("--limit", type=int, default=200, help="number of lines to compare")
    parser.add_argument("--tolerance", type=float, default=1e-4)
    options = parser.parse_args()

    reference = Reference(options)
    lines = [line for line in options.file.read_text(encoding="utf-8").split("\n") if line.strip()][:options.limit]
    largest, where, compared, skipped = 0.0, None, 0, 0
    for number, line in enumerate(lines, start=1):
        place = f"{options.file} line {number}"
        pairs = reference.comparisons(json.loads(line), place)
        if pairs is None:
            skipped += 1
            continue
        compared += 1
        for ours, theirs in pairs:
            if ours.shape != theirs.shape:
                sys.exit(f"{place}: {list(ours.shape)} numbers, PEFT gives {list(theirs.shape)}")
            gap = (ours - theirs).abs().max().item()
            if not math.isfinite(gap):
                sys.exit(f"{place}: not every number is finite")
            if gap > largest:
                largest, where = gap, number
    if not compared:
        sys.exit(f"{options.file}: no lines to compare")
    print(json.dumps({"texts": compared, "skipped": skipped, "truncated": reference.truncated,
                      "labels": len(reference.names), "largest_difference": largest, "line": where,
                      "unknown_tensors": reference.unknown}))
    sys.exit(0 if largest <= options.tolerance and not reference.unknown else 1)


if __name__ == "__main__":
    main()

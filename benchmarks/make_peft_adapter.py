"""Makes a PEFT LoRA adapter for token classification with random weights, and its logits, for `tune` to reproduce.

usage: make_peft_adapter.py MODEL IDS OUT_DIR LOGITS [--labels O,B-X,I-X] [--rank 8] [--alpha 12] [--targets …]
IDS has JSON lines {"ids": [token ids, special tokens included]} (other keys are ignored); LOGITS gets the same lines as
{"ids": …, "logits": [one row per token]}, which check_peft.py also reads. A, B, the head and every trainable bias are
random, and large enough to change the logits. Prints one JSON line with the largest change of a logit.
"""
import argparse
import json
import sys
from pathlib import Path

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import AutoModelForTokenClassification


def load_base(options):
    names = options.labels.split(",")
    torch.manual_seed(options.seed)
    return AutoModelForTokenClassification.from_pretrained(
        options.model, num_labels=len(names), id2label=dict(enumerate(names)),
        label2id={name: i for i, name in enumerate(names)}, dtype=torch.float32, ignore_mismatched_sizes=True).eval()


def randomize(model):
    """Moves every trainable weight far from its initial value; A and B so that B·A has the size of a typical weight."""
    for name, p in model.named_parameters():
        if p.requires_grad:
            n = torch.randn_like(p)
            p.data = p.data + 0.05 * n if name.endswith("bias") else 0.05 * n if "lora_" in name else 0.2 * n


@torch.inference_mode()
def logits(model, lines):
    return [model(input_ids=torch.tensor([ids])).logits[0] for ids in lines]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("ids", type=Path)
    parser.add_argument("adapter", type=Path)
    parser.add_argument("logits", type=Path)
    parser.add_argument("--labels", default="O,B-X,I-X")
    parser.add_argument("--rank", type=int, default=8)
    parser.add_argument("--alpha", type=float, default=12)
    parser.add_argument("--targets", default="query,key,value,dense",
                        help="names separated by commas, or a regular expression, or all-linear")
    parser.add_argument("--layers", type=json.loads, help="layers_to_transform, as [0, 1]")
    parser.add_argument("--rank-pattern", type=json.loads, default={})
    parser.add_argument("--alpha-pattern", type=json.loads, default={})
    parser.add_argument("--rslora", action="store_true")
    parser.add_argument("--bias", choices=["none", "all", "lora_only"], default="none")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()

    is_pattern = options.targets == "all-linear" or any(sign in options.targets for sign in ".*([|")
    base = load_base(options)
    model = get_peft_model(base, LoraConfig(
        task_type="TOKEN_CLS", r=options.rank, lora_alpha=options.alpha, lora_dropout=0.0, bias=options.bias,
        target_modules=options.targets if is_pattern else options.targets.split(","), use_rslora=options.rslora,
        # PEFT 0.21 excludes the head for sequence classification only, and fails on the head of token classification.
        exclude_modules=["classifier"] if options.targets == "all-linear" else None,
        rank_pattern=options.rank_pattern, alpha_pattern=options.alpha_pattern, layers_to_transform=options.layers))
    randomize(model)
    model.save_pretrained(options.adapter)

    text = options.ids.read_text(encoding="utf-8")
    lines = [json.loads(line)["ids"] for line in text.splitlines() if line.strip()]
    if not lines:
        sys.exit(f"{options.ids}: no lines with ids")
    # Loaded again from the saved folder: these are the folder's logits.
    adapted = logits(PeftModel.from_pretrained(load_base(options), options.adapter).eval(), lines)
    with options.logits.open("w") as file:
        for ids, rows in zip(lines, adapted):
            file.write(json.dumps({"ids": ids, "logits": rows.tolist()}) + "\n")
    # Compared with the same head without A, B and biases, so that the difference is due to the adapter alone.
    plain = load_base(options)
    plain.classifier.load_state_dict(model.base_model.model.classifier.modules_to_save["default"].state_dict())
    moved = max((a - b).abs().max().item() for a, b in zip(adapted, logits(plain, lines)))
    print(json.dumps({"sequences": len(lines), "labels": adapted[0].shape[1], "moved_by": moved,
                      "trainable_parameters": sum(p.numel() for p in model.parameters() if p.requires_grad)}))


if __name__ == "__main__":
    main()

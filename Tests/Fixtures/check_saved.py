"""Opens an adapter that `tune run` wrote over tiny-bert, with the library whose form it has, and prints its predictions.

usage: python check_saved.py ADAPTER TEXT      (peft 0.21.2, or adapters 1.3.0, with their transformers)
Compare with: tune predict Tests/Fixtures/tiny-bert --adapter a=ADAPTER TEXT
TEXT has a sentence a line, its words apart by blanks; every word is one piece of tiny-bert's vocabulary.
"""
import json
import sys
from pathlib import Path

import torch
from transformers import BertForTokenClassification

BASE = Path(__file__).resolve().parent / "tiny-bert"


def open_adapter(folder, labels):
    model = BertForTokenClassification.from_pretrained(
        BASE, num_labels=len(labels), attn_implementation="eager", ignore_mismatched_sizes=True)
    if (folder / "adapter.safetensors").exists():
        import adapters
        adapters.init(model)
        model.load_adapter(str(folder), use_safetensors=True, set_active=True)
        return model
    from peft import PeftModel
    return PeftModel.from_pretrained(model, folder)


@torch.no_grad()
def main(folder, text):
    labels = json.loads((folder / "tune.json").read_text())["task"]["labels"]
    words = (BASE / "vocab.txt").read_text().split("\n")
    model = open_adapter(folder, labels).eval()
    for line in text.read_text().splitlines():
        ids = [words.index(w) for w in ["[CLS]", *line.split(), "[SEP]"]]
        logits = model(input_ids=torch.tensor([ids]), attention_mask=torch.ones(1, len(ids), dtype=torch.long)).logits
        own = logits[0, -len(ids):][1:-1]
        print(json.dumps({"tags": [labels[i] for i in own.argmax(-1)],
                          "scores": [round(s.item(), 5) for s in own.softmax(-1).amax(-1)]}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))

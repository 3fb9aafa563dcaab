"""Opens an adapter that tune left in PEFT, and holds PEFT's logits against tune's; run by hand.

    tune predict BASE --adapter x=ADAPTER --logits TEXTS > ANSWERS
    python check_in_peft.py BASE ADAPTER ANSWERS        (torch, transformers, peft; any adapter of a token classifier)
"""
import json
import sys

import torch
from peft import PeftModel
from transformers import AutoModelForTokenClassification, logging

base, adapter, answers = sys.argv[1:]
logging.set_verbosity_error()
answers = [json.loads(line) for line in open(answers)]
windows = [w for answer in answers for w in next(iter(answer["windows"].values()))]
model = AutoModelForTokenClassification.from_pretrained(
    base, num_labels=len(windows[0]["logits"][0]), attn_implementation="eager", ignore_mismatched_sizes=True,
    dtype=torch.float32)
model = PeftModel.from_pretrained(model, adapter).eval()
worst = 0.0
for window in windows:
    with torch.no_grad():
        # Rows of virtual tokens come first, where there are any.
        logits = model(input_ids=torch.tensor([window["ids"]])).logits[0][-len(window["ids"]):]
    worst = max(worst, (logits - torch.tensor(window["logits"])).abs().max().item())
print(f"{adapter}: largest difference of a logit {worst:.1e}")
sys.exit(worst > 1e-4)

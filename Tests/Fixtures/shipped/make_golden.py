"""What transformers makes of the base model that ships: python Tests/Fixtures/shipped/make_golden.py > Tests/Fixtures/shipped/golden.json

transformers 5.23, torch 2.15, tokenizers 0.23. Sentences of our own; the logits are those of each [MASK]'s five likeliest tokens.
"""
import json
import sys

import torch
from transformers import AutoModelForMaskedLM, AutoTokenizer

FOLDER = "checkpoints/biomed-mini-l3"
SENTENCES = [
    "The patient was treated with [MASK] for hypertension.",
    "Mutations of this gene cause autosomal dominant [MASK] disease.",
    "Tumour growth was inhibited in [MASK], and survival improved (p < 0.05).",
    "Naïve β-cells expressed IL-10; no adverse [MASK] was seen at 40 mg/kg.",
]

tokenizer = AutoTokenizer.from_pretrained(FOLDER)
model = AutoModelForMaskedLM.from_pretrained(FOLDER, dtype=torch.float32).eval()
cases = []
for text in SENTENCES:
    batch = tokenizer(text, return_tensors="pt")
    with torch.no_grad():
        logits = model(**batch).logits[0]
    ids = batch["input_ids"][0].tolist()
    best = logits[ids.index(tokenizer.mask_token_id)].topk(5)
    cases.append({
        "text": text, "ids": ids, "tokens": tokenizer.convert_ids_to_tokens(best.indices.tolist()),
        "logits": [round(value, 5) for value in best.values.tolist()],
    })
json.dump({"cases": cases}, sys.stdout, indent=1, ensure_ascii=False)
print()

#!/usr/bin/env python3
"""Writes explanations.json: attributions of tokens, by captum and by PyTorch alone, in double precision.

Needs torch 2.15, transformers 5.24, peft 0.21.2, captum 0.9.0, matplotlib. Run in this folder: ./make_explanations.py
For each model (another fixture) and adapter, of the logit `output` in row `row`:
- integrated_gradients: captum's LayerIntegratedGradients at the embeddings' output, 50 Gauss-Legendre steps; the baseline
  has padding between the first and the last token, and the text's positions
- gradient_x_input: captum's LayerGradientXActivation, at the same layer
- attention_rollout: (mean attention + I)/2 multiplied over the layers, the row that the logit is read from
- leave_one_out: the logit less that with the token masked; null for the first and the last token
"""
import json

import torch
import transformers
from captum.attr import LayerGradientXActivation, LayerIntegratedGradients
from peft import PeftModel

IDS = [2, 11, 23, 7, 40, 31, 9, 3]
SEQUENCE, TOKEN = transformers.AutoModelForSequenceClassification, transformers.AutoModelForTokenClassification
CASES = [
    ("tiny-bert-sequence", SEQUENCE, None, 0), ("tiny-bert", TOKEN, None, 4),
    ("tiny-bert", TOKEN, "adapters/lora-final", 4), ("tiny-bert", TOKEN, "adapters/dora-final", 2),
    ("families/roberta-sequence", SEQUENCE, None, 0), ("families/roberta-sequence", SEQUENCE, "lora-final", 0),
    ("families/electra-sequence", SEQUENCE, None, 0), ("families/modernbert-sequence", SEQUENCE, None, 0),
    ("families/modernbert-token", TOKEN, "lora-final", 5),
]


def embeddings(model):
    """The last module before the blocks."""
    named = dict(model.named_modules())
    ends = ("embeddings_project", "embeddings")
    return next(named[name] for end in ends for name in named if name.split(".")[-1] == end)


def explain(folder, kind, adapter, row):
    model = kind.from_pretrained(f"../{folder}", attn_implementation="eager").double().eval()
    if adapter:
        path = f"../{adapter}" if adapter.startswith("adapters/") else f"../{folder}/{adapter}"
        model = PeftModel.from_pretrained(model, path).double().eval()
    config = model.config
    ids = torch.tensor([[min(i, config.vocab_size - 1) for i in IDS]])
    first, last = ids[0, 0].item(), ids[0, -1].item()
    baseline = torch.tensor([[first] + [config.pad_token_id] * (ids.shape[1] - 2) + [last]])
    extra = {}
    if config.model_type == "roberta":
        extra["position_ids"] = torch.arange(ids.shape[1])[None] + config.pad_token_id + 1
    output = 1

    def logit(ids):
        own = {name: value.expand(ids.shape[0], -1) for name, value in extra.items()}
        logits = model(input_ids=ids, attention_mask=torch.ones_like(ids), **own).logits
        return logits[:, output] if logits.dim() == 2 else logits[:, row, output]

    layer = embeddings(model)
    integrated = LayerIntegratedGradients(logit, layer).attribute(ids, baseline, n_steps=50, method="gausslegendre")
    product = LayerGradientXActivation(logit, layer).attribute(ids)
    with torch.no_grad():
        attentions = model(input_ids=ids, attention_mask=torch.ones_like(ids), output_attentions=True, **extra).attentions
        rollout = torch.eye(ids.shape[1], dtype=torch.double)
        for attention in attentions:
            rollout = (attention[0].mean(0) + torch.eye(ids.shape[1])) / 2 @ rollout
        whole, mask, left_out = logit(ids), min(4, config.vocab_size - 1), [None]
        for position in range(1, ids.shape[1] - 1):
            other = ids.clone()
            other[0, position] = mask
            left_out.append((whole - logit(other)).item())
        values = [logit(x).item() for x in (ids, baseline)]
    mean = getattr(config, "classifier_pooling", None) == "mean" and kind is SEQUENCE
    return {
        "model": folder, "adapter": adapter, "ids": ids[0].tolist(), "baseline": baseline[0].tolist(), "mask": mask,
        "row": row, "output": output, "value": values[0], "baseline_value": values[1],
        "integrated_gradients": integrated[0].sum(-1).tolist(), "gradient_x_input": product[0].sum(-1).tolist(),
        "attention_rollout": (rollout.mean(0) if mean else rollout[row]).tolist(), "leave_one_out": left_out + [None]}


with open("explanations.json", "w") as file:
    json.dump([explain(*case) for case in CASES], file, indent=1)
    file.write("\n")

"""Makes twenty steps of two tasks that take turns on one tiny BERT, by PyTorch and PEFT, which the Swift tests repeat.

A token classifier and a sequence classifier share embeddings and encoder; each has its own head, the latter with a new
pooler. `lora`: both train one LoRA in the encoder, and the heads. `full`: everything is trained. torch's AdamW does not
update a parameter without a gradient: a head rests while the other task has its turn. Batches are those of ../adapters
and ../sequence-classification (texts), settings those of ../adapters. Each run is also made in float64, and the distance
is printed. Writes steps.json and start.safetensors.

usage: python make_steps.py        (torch 2.15.0, transformers 5.24.0, peft 0.21.2, safetensors 0.8.0)
"""
import json
from pathlib import Path

import torch
from peft import LoraConfig, inject_adapter_in_model
from safetensors.torch import save_file
from transformers import BertForSequenceClassification, BertForTokenClassification, get_linear_schedule_with_warmup

HERE = Path(__file__).resolve().parent
BASE = HERE.parent / "tiny-bert"
# 0: the token classifier has the turn, 1: the sequence classifier. The n-th turn of a task has its batch n mod 4.
TURNS = [1, 0, 0, 1, 0, 1, 1, 1, 0, 1, 0, 0, 0, 1, 1, 0, 1, 0, 1, 0]


def batches(file, name):
    data = json.loads((HERE.parent / file / "batches.json").read_text())
    return [data[f"{name}.{i}"] for i in range(4)]


def padded(batch, by_token):
    longest = max(batch["lengths"])
    pad = lambda rows, value: torch.tensor([row + [value] * (longest - len(row)) for row in rows])
    return dict(
        input_ids=pad(batch["ids"], 0), token_type_ids=pad(batch["types"], 0),
        attention_mask=pad([[1] * n for n in batch["lengths"]], 0),
        labels=pad(batch["labels"], -100) if by_token else torch.tensor(batch["labels"]).flatten())


def models(lora):
    """Both classifiers over one encoder, with random heads."""
    load = lambda kind, n: kind.from_pretrained(BASE, num_labels=n, attn_implementation="eager", dtype=torch.float32,
                                                ignore_mismatched_sizes=True)
    tokens, texts = load(BertForTokenClassification, 5), load(BertForSequenceClassification, 3)
    texts.bert.embeddings, texts.bert.encoder = tokens.bert.embeddings, tokens.bert.encoder
    heads = {"tokens.classifier": tokens.classifier, "texts.bert.pooler": texts.bert.pooler,
             "texts.classifier": texts.classifier}
    if lora:
        inject_adapter_in_model(
            LoraConfig(r=4, lora_alpha=8, lora_dropout=0.0, target_modules=["query", "value"]), tokens)
        assert texts.bert.encoder.layer[0].attention.self.query is tokens.bert.encoder.layer[0].attention.self.query
    chance, start = torch.Generator().manual_seed(1), {}
    for name, head in heads.items():
        for key, p in head.named_parameters():
            p.requires_grad_(True)
            p.data = 0.3 * torch.randn(p.shape, generator=chance)
            start[f"{name}.{key}"] = p.data.clone()
    for name, p in tokens.named_parameters():
        if "lora_" in name:
            p.data = 0.2 * torch.randn(p.shape, generator=chance)
            start[name.replace(".default", "")] = p.data.clone()
    return [tokens, texts], start


def train(models):
    named = {id(p): (name, p) for model in models for name, p in model.named_parameters() if p.requires_grad}
    decays = lambda name: not name.endswith("bias") and "LayerNorm" not in name
    groups = [dict(params=[p for n, p in named.values() if decays(n) == d], weight_decay=0.01 * d) for d in (True, False)]
    optimizer = torch.optim.AdamW(groups, lr=5e-3, betas=(0.9, 0.999), eps=1e-8)
    schedule = get_linear_schedule_with_warmup(optimizer, 2, 20)
    parameters = [p for _, p in named.values()]
    facts = dict(trainable_parameters=sum(p.numel() for p in parameters), losses=[], gradient_norms=[])
    data, taken = [batches("adapters", "batch"), batches("sequence-classification", "text")], [0, 0]
    for turn in TURNS:
        loss = models[turn].train()(**padded(data[turn][taken[turn] % 4], turn == 0)).loss
        taken[turn] += 1
        loss.backward()
        facts["losses"].append(loss.item())
        facts["gradient_norms"].append(torch.nn.utils.clip_grad_norm_(parameters, 1.0).item())
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
    return facts


torch.set_num_threads(1)
golden, tensors = dict(turns=TURNS), {}
for name in ("lora", "full"):
    pair, start = models(name == "lora")
    tensors |= start
    golden[name] = train(pair)
    exact, _ = models(name == "lora")
    for model in exact:
        model.double()
    gap = max(abs(a - b) for a, b in zip(golden[name]["losses"], train(exact)["losses"]))
    print(f"{name}: {golden[name]['trainable_parameters']} parameters, loss {golden[name]['losses'][0]:.4f} to"
          f" {golden[name]['losses'][-1]:.4f}, float32 against float64 {gap:.1e}")
(HERE / "steps.json").write_text(json.dumps(golden) + "\n")
save_file(tensors, HERE / "start.safetensors")

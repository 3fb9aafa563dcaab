#!/usr/bin/env bash
# transformers 5.24.0: with gradient_accumulation_steps=G, Trainer gives encoders G times the gradient, without a warning.
#
# Guess, before it was run: a batch of 8 and 4 × 2 accumulated make the same update, but for token classification and masked language
# modeling, where a mean of means over batches of unequal lengths differs by a few percent.
#
# Trainer divides a loss by G unless the model "accepts loss kwargs", which it takes for granted where forward has **kwargs. All encoders
# of version 5 have them, and nearly all heads drop them and return the batch's mean: the sum of G means is G times too large. So it is
# with labels of one class, several classes and numbers, with tags and masked tokens, and with PEFT's LoRA too, of which only
# the base is asked. Right are extractive QA, whose inputs are not called "labels", and ModernBERT's masked language model, which uses
# what it is given; its classifiers do not. AdamW divides by the gradient's size again, so training looks normal; what
# changes is the logged loss (not the evaluation's), grad_norm, SGD's step, and max_grad_norm, which clips at 1 / G of the size:
# below, all 40 steps instead of 19.
#
# Seen with torch 2.15.0, transformers 5.24.0, peft 0.21.2, accelerate 1.15.0 (SGD, no clipping, update of 4 × 2 / update of 8):
#   bert: one class 4.00, several classes 4.00, number 4.00, tags 4.07, masked tokens 4.09, answers 1.00
#   modernbert: one class 4.00, several classes 4.00, number 4.00, tags 4.07, masked tokens 1.00, answers 1.00
#   bert with LoRA: one class 4.00, several classes 4.00, number 4.00, tags 4.06, answers 1.00
#   AdamW, 40 steps, batch of 8: first loss 1.10, last 0.36, 19 steps clipped
#   AdamW, 40 steps, batch of 2: first loss 4.39, last 1.60, 40 steps clipped
# Exits with 1 if that changes. Needs about 6 GB in a temporary folder.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q torch==2.15.0 transformers==5.24.0 peft==0.21.2 accelerate==1.15.0 safetensors==0.8.0 numpy
cd "$folder"
cat > check.py <<'PYTHON'
import sys

import torch
import transformers
from peft import LoraConfig, get_peft_model
from transformers import Trainer, TrainingArguments

SIZES = {"vocab_size": 100, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
DROPOUT = {"hidden_dropout_prob": 0, "attention_probs_dropout_prob": 0}
LENGTHS = torch.tensor([10, 4, 9, 3, 8, 5, 10, 2])
torch.set_num_threads(1)
torch.manual_seed(0)
IDS = torch.randint(5, 100, (8, 10))
MASK = torch.arange(10) < LENGTHS[:, None]
# The class of model, its settings, and what it learns.
HEADS = {
    "one class": ("SequenceClassification", {"num_labels": 3}, {"labels": torch.randint(0, 3, (8,))}),
    "several classes": ("SequenceClassification", {"num_labels": 3, "problem_type": "multi_label_classification"},
                        {"labels": torch.randint(0, 2, (8, 3)).float()}),
    "number": ("SequenceClassification", {"num_labels": 1, "problem_type": "regression"}, {"labels": torch.rand(8)}),
    "tags": ("TokenClassification", {"num_labels": 3}, {"labels": torch.where(MASK, torch.randint(0, 3, (8, 10)), -100)}),
    "masked tokens": ("MaskedLM", {}, {"labels": torch.where(MASK & (torch.rand(8, 10) < 0.5), IDS, -100)}),
    "answers": ("QuestionAnswering", {}, {name: torch.randint(0, 2, (8,)) for name in ("start_positions", "end_positions")}),
}


class InOrder(Trainer):
    def _get_train_sampler(self, *_):
        return torch.utils.data.SequentialSampler(self.train_dataset)


def train(family, head, lora, batch, steps=1, **settings):
    """The update of all weights, and the log."""
    kind, options, targets = HEADS[head]
    torch.manual_seed(1)
    config = getattr(transformers, f"{family}Config")(**SIZES, **(DROPOUT if family == "Bert" else {"pad_token_id": 0}), **options)
    model = getattr(transformers, f"{family}For{kind}")(config)
    if lora:
        model = get_peft_model(model, LoraConfig(target_modules=["query", "value"], modules_to_save=["classifier", "qa_outputs"]))
    rows = [{"input_ids": IDS[i], "attention_mask": MASK[i].long()} | {key: value[i] for key, value in targets.items()} for i in range(8)]
    arguments = TrainingArguments(
        output_dir="out", per_device_train_batch_size=batch, gradient_accumulation_steps=8 // batch, max_steps=steps, save_strategy="no",
        lr_scheduler_type="constant", report_to=[], logging_steps=1, disable_tqdm=True, use_cpu=True, **settings)
    before = [value.clone() for value in model.parameters()]
    trainer = InOrder(model=model, args=arguments, train_dataset=rows)
    trainer.train()
    return torch.cat([(after - value).flatten() for after, value in zip(model.parameters(), before)]), trainer.state.log_history


right = True
for name, family, lora in (("bert", "Bert", False), ("modernbert", "ModernBert", False), ("bert with LoRA", "Bert", True)):
    ratios = {}
    for head in HEADS:
        if lora and head == "masked tokens":
            continue
        whole, parts = (train(family, head, lora, batch, optim="sgd", learning_rate=1e-2, max_grad_norm=0)[0] for batch in (8, 2))
        ratios[head] = (parts.norm() / whole.norm()).item()
        once = head == "answers" or (name, head) == ("modernbert", "masked tokens")
        right = right and abs(ratios[head] - (1 if once else 4)) < 0.2
    print(f"SEEN {name}: {', '.join(f'{head} {ratio:.2f}' for head, ratio in ratios.items())}")
clipped = {}
for batch in (8, 2):
    log = train("Bert", "one class", False, batch, steps=40, learning_rate=1e-3)[1]
    clipped[batch] = sum(float(entry["grad_norm"]) > 1 for entry in log if "grad_norm" in entry)
    losses = [float(entry["loss"]) for entry in log if "loss" in entry]
    print(f"SEEN AdamW, 40 steps, batch of {batch}: first loss {losses[0]:.2f}, last {losses[-1]:.2f}, {clipped[batch]} steps clipped")
sys.exit(not (right and clipped[2] > clipped[8]))
PYTHON
HF_HUB_DISABLE_PROGRESS_BARS=1 "$folder/venv/bin/python" check.py > output.txt 2> errors.txt || { cat output.txt errors.txt; exit 1; }
grep '^SEEN ' output.txt | cut -c6-

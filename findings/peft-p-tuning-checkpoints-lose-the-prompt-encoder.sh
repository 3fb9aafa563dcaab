#!/usr/bin/env bash
# PEFT 0.21.2, transformers 5.24.0, torch 2.15.0 (CPU): Trainer with `load_best_model_at_end` and with `resume_from_checkpoint`, for p-tuning
# (PromptEncoderConfig with its MLP and its LSTM) and for prompt tuning, on a small BERT that was first trained on another task.
#
# Guess, before it was run: Trainer raises the error that it has for prompt learning, which names `load_best_model_at_end=False` as the way
# out. (What led here: the same training with 40 methods of PEFT; only p-tuning's model was not its best checkpoint afterwards.)
#
# - A checkpoint of p-tuning has what the encoder made of the virtual tokens, not the encoder. It is loaded into the encoder's input
#   embedding. For prefix tuning with a projection the shapes differ and the error is raised; for p-tuning they are the same, so that
#   nothing is said: the encoder of the last step is applied to the output of the encoder of the best.
# - `load_best_model_at_end` therefore leaves a model that is neither the best nor the last, here as good as a coin. What
#   `trainer.evaluate()` and `trainer.save_model()` give after it is of that model. The checkpoint's folder is right: opened with
#   PeftModel.from_pretrained it has the accuracy that chose it.
# - `resume_from_checkpoint` continues with a new, random encoder on top of the trained output. Prompt tuning, which has no encoder, does both
#   as it should, to the last digit.
#
# Seen (accuracy on 256 examples; 8 epochs, resumed after the fourth):
#   prompt tuning  best 0.754, after train() 0.754, opened 0.754, saved after it 0.754; epoch 5 without and with an interruption: 0.746, 0.746
#   p-tuning MLP   best 0.738, after train() 0.504, opened 0.738, saved after it 0.504; epoch 5: 0.707, 0.688
#   p-tuning LSTM  best 0.793, after train() 0.730, opened 0.793, saved after it 0.730; epoch 5: 0.789, 0.500; epoch 8: 0.770, 0.723
# No warning or error of PEFT, transformers or accelerate in any of them.
# Exits with 1 if that changes. Needs about 3 GB in a temporary folder, three minutes, and python3 with venv.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check torch==2.15.0 transformers==5.24.0 peft==0.21.2 accelerate==1.15.0
cat > "$folder/check.py" <<'PYTHON'
import logging
import sys
import warnings

import numpy
import torch
import transformers
from peft import PeftModel, PromptEncoderConfig, PromptTuningConfig, get_peft_model
from transformers import (
    BertConfig, BertForSequenceClassification, PrinterCallback, Trainer, TrainingArguments, set_seed)

torch.set_num_threads(1)
folder = sys.argv[1]
ids = numpy.random.default_rng(1).integers(5, 60, (1280, 16))
low = ids < 20


def rows(labels):
    return [{"input_ids": text.tolist(), "labels": int(label)} for text, label in zip(ids, labels)]


def trainer(model, data, name, **settings):
    arguments = TrainingArguments(
        output_dir=f"{folder}/{name}", per_device_train_batch_size=32, report_to=[], use_cpu=True, seed=3, disable_tqdm=True,
        logging_strategy="no", **settings)
    made = Trainer(
        model=model, args=arguments, train_dataset=data[:1024], eval_dataset=data[1024:],
        compute_metrics=lambda p: {"accuracy": float((p.predictions.argmax(-1) == p.label_ids).mean())})
    made.remove_callback(PrinterCallback)
    return made


def base():
    set_seed(1)
    return BertForSequenceClassification.from_pretrained(f"{folder}/base", num_labels=2)


set_seed(0)
model = BertForSequenceClassification(BertConfig(
    vocab_size=64, hidden_size=64, num_hidden_layers=2, num_attention_heads=4, intermediate_size=128,
    hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0))
other_task = rows(low[:, :8].sum(1) > low[:, 8:].sum(1))
trainer(model, other_task, "other-task", num_train_epochs=12, learning_rate=1e-3, save_strategy="no").train()
model.bert.save_pretrained(f"{folder}/base")

task, common = rows(low.sum(1) > 4), dict(task_type="SEQ_CLS", num_virtual_tokens=4)
configs = {
    "prompt tuning": PromptTuningConfig(**common),
    "p-tuning MLP": PromptEncoderConfig(encoder_hidden_size=64, **common),
    "p-tuning LSTM": PromptEncoderConfig(encoder_hidden_size=64, encoder_reparameterization_type="LSTM", **common),
}
accuracies = lambda made: [entry["eval_accuracy"] for entry in made.state.log_history if "eval_accuracy" in entry]
said, lost, seen = [], {}, {}
for name in ("transformers", "peft", "accelerate"):
    logger = logging.getLogger(name)
    handler = logging.Handler(logging.WARNING)
    handler.emit = lambda record: said.append(record.getMessage())
    logger.addHandler(handler)
for name, config in configs.items():
    run = name.replace(" ", "-")
    said.clear()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        whole = trainer(
            get_peft_model(base(), config), task, run, num_train_epochs=8, learning_rate=2e-2, eval_strategy="epoch",
            save_strategy="epoch", load_best_model_at_end=True, metric_for_best_model="accuracy")
        whole.train()
        straight, best = accuracies(whole), whole.state.best_model_checkpoint
        after = whole.evaluate()["eval_accuracy"]
        whole.save_model(f"{folder}/{run}-saved")
        opened, saved = (
            trainer(PeftModel.from_pretrained(base(), path), task, "opened").evaluate()["eval_accuracy"]
            for path in (best, f"{folder}/{run}-saved"))
        again = trainer(
            get_peft_model(base(), config), task, "again", num_train_epochs=8, learning_rate=2e-2, eval_strategy="epoch",
            save_strategy="no")
        again.train(resume_from_checkpoint=f"{folder}/{run}/checkpoint-128")
        resumed = accuracies(again)
    about = [text for text in said + [str(w.message) for w in caught] if "prompt" in text.lower() or "adapter" in text.lower()]
    print(f"{name}: best {max(straight):.3f}, after train() {after:.3f}, opened {opened:.3f}, saved {saved:.3f}; epochs 5 to 8 "
          f"{[round(x, 3) for x in straight[4:]]}, resumed {[round(x, 3) for x in resumed[4:]]}; warnings about it: {len(about)}")
    seen[name] = opened == max(straight) and saved == after and not about
    lost[name] = after < max(straight) - 0.03 and resumed[4:] != straight[4:]
    if name == "prompt tuning":
        seen[name] &= after == max(straight) and resumed == straight
sys.exit(0 if all(seen.values()) and list(lost.values()) == [False, True, True] else 1)
PYTHON
HF_HUB_OFFLINE=1 "$folder/venv/bin/python" "$folder/check.py" "$folder" 2>/dev/null

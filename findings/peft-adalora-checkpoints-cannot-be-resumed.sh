#!/usr/bin/env bash
# PEFT 0.21.2, transformers 5.24.0, torch 2.15.0 (CPU): Trainer's checkpoints of an AdaLoRA run, which calls update_and_allocate after every
# optimizer step as PEFT's documentation asks, from the phases before, in and after pruning.
#
# Guess, before it was run: all resume; those from the pruning phase continue with slightly other ranks, because the averaged importances of the
# allocator are not among the saved tensors.
#
# - A checkpoint is written with each matrix cut to the rank that it has at that step (5 of 8 here, 2 there, and no record of the zeroed
#   rows that might still come back), while the model that resumes starts with init_r everywhere. So from the first pruned row on,
#   every checkpoint raises a RuntimeError of size mismatches in `train(resume_from_checkpoint=...)`: a run that was interrupted
#   there can only start again.
# - Only checkpoints from before the first pruning can be resumed, and those do end with the same ranks. A checkpoint from the pruning
#   phase opens for inference with from_pretrained and answers as the model in memory did.
# - A LoRA run under the same Trainer continues to the same weights from every checkpoint.
#
# Seen (120 steps; AdaLoRA prunes from step 20 to step 80):
#   lora     from 10, 50, 90: weights as without the interruption
#   adalora  from 10: ranks 1, 3, 3, 3, 1, 1 both times; from 50, 90: RuntimeError, 18 size mismatches
#   adalora  checkpoint 50 for inference: ranks 3, 5, 3, 3, 3, 2, logits within 2e-5 of those of a model that was stopped there
# Exits with 1 if that changes. Needs about 3 GB in a temporary folder, four minutes, and python3 with venv.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check torch==2.15.0 transformers==5.24.0 peft==0.21.2 accelerate==1.15.0
cat > "$folder/check.py" <<'PYTHON'
import sys
import warnings

import numpy
import torch
import transformers
from peft import AdaLoraConfig, LoraConfig, PeftModel, get_peft_model
from transformers import (
    BertConfig, BertForSequenceClassification, PrinterCallback, Trainer, TrainerCallback, TrainingArguments, set_seed)

warnings.filterwarnings("ignore")
transformers.logging.set_verbosity_error()
torch.set_num_threads(1)
folder, STEPS = sys.argv[1], 120
random = numpy.random.default_rng(1)
ids = random.integers(5, 60, (640, 16))
rows = [{"input_ids": r.tolist(), "labels": int((r < 20).sum() > 4)} for r in ids]
MODULES = ["query", "key", "value"]
CONFIGS = {
    "lora": lambda: LoraConfig(task_type="SEQ_CLS", r=8, target_modules=MODULES),
    "adalora": lambda: AdaLoraConfig(
        task_type="SEQ_CLS", init_r=8, target_r=2, tinit=20, tfinal=40, deltaT=5, total_step=STEPS, target_modules=MODULES),
}


def base():
    set_seed(0)
    return BertForSequenceClassification(BertConfig(
        vocab_size=64, hidden_size=64, num_hidden_layers=2, num_attention_heads=4, intermediate_size=128,
        hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0))


class Allocate(TrainerCallback):
    def __init__(self, model):
        self.model = model

    def on_optimizer_step(self, args, state, control, **kwargs):
        self.model.base_model.update_and_allocate(state.global_step)


class StopAt(TrainerCallback):
    def __init__(self, step):
        self.step = step

    def on_step_end(self, args, state, control, **kwargs):
        control.should_training_stop = state.global_step >= self.step


def train(method, output, resume=None, stop=STEPS):
    model = get_peft_model(base(), CONFIGS[method]())
    arguments = TrainingArguments(
        output_dir=output, max_steps=STEPS, per_device_train_batch_size=16, learning_rate=1e-2, save_steps=10, report_to=[],
        use_cpu=True, seed=3, disable_tqdm=True)
    callbacks = [StopAt(stop)] + ([Allocate(model)] if method == "adalora" else [])
    trainer = Trainer(model=model, args=arguments, train_dataset=rows, callbacks=callbacks)
    trainer.remove_callback(PrinterCallback)
    trainer.train(resume_from_checkpoint=resume)
    return model.eval()


def ranks(model):
    return [int((p != 0).sum()) for n, p in model.named_parameters() if "lora_E" in n]


def logits(model):
    with torch.no_grad():
        return model(input_ids=torch.tensor(ids[:64])).logits


seen = {}
for method in CONFIGS:
    straight = train(method, f"{folder}/{method}")
    for step in (10, 50, 90):
        try:
            resumed = train(method, f"{folder}/{method}-again", resume=f"{folder}/{method}/checkpoint-{step}")
            far = (logits(straight) - logits(resumed)).abs().max().item()
            seen[method, step] = ranks(straight) == ranks(resumed) and (method == "adalora" or far < 1e-6)
            print(f"{method} from {step}: logits differ by {far:.1e}, ranks {ranks(resumed)} and without interruption {ranks(straight)}")
        except RuntimeError as error:
            seen[method, step] = str(error).count("size mismatch")
            print(f"{method} from {step}: RuntimeError, {seen[method, step]} size mismatches")
stopped = train("adalora", f"{folder}/stopped", stop=50)
opened = PeftModel.from_pretrained(base(), f"{folder}/adalora/checkpoint-50").eval()
far = (logits(stopped) - logits(opened)).abs().max().item()
print(f"checkpoint 50 for inference: ranks {ranks(opened)}, logits differ by {far:.1e} from those of the model that was stopped there")
works = all(seen[key] is True for key in [("lora", 10), ("lora", 50), ("lora", 90), ("adalora", 10)])
fails = all(type(seen["adalora", step]) is int and seen["adalora", step] > 0 for step in (50, 90))
sys.exit(0 if works and fails and far < 1e-3 and max(ranks(opened)) < 8 else 1)
PYTHON
HF_HUB_OFFLINE=1 "$folder/venv/bin/python" "$folder/check.py" "$folder" 2>/dev/null

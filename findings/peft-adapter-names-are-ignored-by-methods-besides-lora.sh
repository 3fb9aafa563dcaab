#!/usr/bin/env bash
# peft 0.21.2, the newest on PyPI on 2026-11-29: forward(adapter_names=[...]), which answers each row of a batch with another adapter,
# is accepted by models of other methods than LoRA, and has no effect there.
#
# Guess, before it was run: methods that cannot mix adapters in a batch raise an error, as LoRA does with use_dora.
#
# Two adapters of one method on a classifier, and a batch whose rows name the first, the second and the base. With LoRA every row has
# the logits of its adapter. With IA3, VeRA, LoHa, LoKr, FourierFT and LayerNorm tuning every row has those of the adapter that is active,
# the head included: no error, no warning, and other answers once another adapter is active. Only AdaLoRA, a subclass of LoRA, fails, in
# torch.nn.Linear. The documentation speaks of LoRA only; the argument is read by PeftModel.forward for all methods.
#
# Seen with torch 2.15.0, transformers 5.24.0, peft 0.21.2; the number of three rows that have their own adapter's logits, while the first
# and while the second adapter is active:
#   LORA 3 3
#   ADALORA TypeError TypeError
#   IA3 1 1
#   VERA 1 1
#   LOHA 1 1
#   LOKR 1 1
#   FOURIERFT 1 1
#   LN_TUNING 1 1
#   LORA with use_dora: ValueError
# Exits with 1 if that changes. Needs about 6 GB in a temporary folder.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q torch==2.15.0 transformers==5.24.0 peft==0.21.2 numpy
cd "$folder"
cat > check.py <<'PYTHON'
import copy
import sys
import warnings

import peft
import torch
from transformers import BertConfig, BertForSequenceClassification

torch.manual_seed(0)
config = BertConfig(vocab_size=40, hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32, num_labels=3)
base = BertForSequenceClassification(config).eval()
common = {"task_type": "SEQ_CLS", "target_modules": ["query"]}
methods = {
    "LORA": lambda: peft.LoraConfig(r=2, **common), "ADALORA": lambda: peft.AdaLoraConfig(init_r=2, total_step=10, **common),
    "IA3": lambda: peft.IA3Config(feedforward_modules=[], **common), "VERA": lambda: peft.VeraConfig(r=2, **common),
    "LOHA": lambda: peft.LoHaConfig(r=2, **common), "LOKR": lambda: peft.LoKrConfig(r=2, **common),
    "FOURIERFT": lambda: peft.FourierFTConfig(n_frequency=20, **common),
    "LN_TUNING": lambda: peft.LNTuningConfig(task_type="SEQ_CLS", target_modules=["LayerNorm"]),
}


def two_adapters(config):
    """With random weights."""
    model = peft.get_peft_model(copy.deepcopy(base), config(), adapter_name="first")
    # Only one AdaLoRA adapter may be trainable.
    second = config()
    second.inference_mode = True
    model.add_adapter("second", second)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "first" in name or "second" in name:
                parameter.copy_(torch.randn_like(parameter))
    return model.eval()


tokens = torch.randint(5, 40, (3, 6))
rows = ["first", "second", "__base__"]
found = []
for name, config in methods.items():
    model, own = two_adapters(config), []
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("error")
        for index, adapter in enumerate(rows[:2]):
            model.set_adapter(adapter, inference_mode=True)
            own.append(model(input_ids=tokens).logits[index])
        with model.disable_adapter():
            own.append(model(input_ids=tokens).logits[2])
        counts = []
        for active in rows[:2]:
            model.set_adapter(active, inference_mode=True)
            try:
                mixed = model(input_ids=tokens, adapter_names=rows).logits
                counts.append(str(sum(torch.allclose(a, b, atol=1e-5) for a, b in zip(mixed, own))))
            except TypeError:
                counts.append("TypeError")
    found.append(" ".join([name, *counts]))
try:
    two_adapters(lambda: peft.LoraConfig(r=2, use_dora=True, **common))(input_ids=tokens, adapter_names=rows)
    found.append("LORA with use_dora: works")
except ValueError:
    found.append("LORA with use_dora: ValueError")
print("\n".join(found))
expected = ["LORA 3 3", "ADALORA TypeError TypeError", *(f"{name} 1 1" for name in list(methods)[2:]),
            "LORA with use_dora: ValueError"]
sys.exit(found != expected)
PYTHON
"$folder/venv/bin/python" check.py

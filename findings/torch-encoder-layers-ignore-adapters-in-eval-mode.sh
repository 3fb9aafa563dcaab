#!/usr/bin/env bash
# torch 2.15.0 with peft 0.21.2: an adapter on torch.nn.TransformerEncoderLayer works while training and has no effect in eval mode.
#
# Guess, before it was run: the fused kernel of eval mode is not taken once a layer's Linear is wrapped (or it fails on the wrapper).
#
# In eval mode TransformerEncoderLayer hands the weights of its parts to one kernel instead of calling the parts. PEFT's wrappers have a
# `weight`, the frozen one of the base, so that nothing fails and the adapter is left out: of Linear layers and of the attention, for LoRA
# and the other methods tried. Frozen weights even let the kernel run with gradients enabled. The trained head then reads the base's states.
# A run's training loss falls, its evaluation is wrong, and so is the served model; merge_and_unload, training mode, batch_first=False (the
# kernel is not taken then) or torch.backends.mha.set_fastpath_enabled(False) give the trained model's answers. Encoders and taggers
# that are written in plain PyTorch are concerned, not those of transformers.
#
# Seen with torch 2.15.0, transformers 5.24.0, peft 0.21.2 (two layers without dropout, 128 random labels learned by heart):
#   LoRA on linear1 and linear2: accuracy in training mode 0.97, in eval mode 0.51, merged 0.97, fast path off 0.97
#   eval mode is the base's encoder under the trained head: True
#   LoRA on self_attn: has an effect in training mode True, in eval mode False; without batch_first True, True
#   DoRA: has an effect in training mode True, in eval mode False; without batch_first True, True
#   LoHa: has an effect in training mode True, in eval mode False; without batch_first True, True
#   IA3: has an effect in training mode True, in eval mode False; without batch_first True, True
#   OFT: has an effect in training mode True, in eval mode False; without batch_first True, True
# Exits with 1 if that changes (the accuracies may, by a little). Needs about 6 GB in a temporary folder.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q torch==2.15.0 transformers==5.24.0 peft==0.21.2 safetensors==0.8.0 numpy
cd "$folder"
cat > check.py <<'PYTHON'
import copy
import warnings

import torch
from peft import IA3Config, LoHaConfig, LoraConfig, OFTConfig, get_peft_model
from torch import nn

warnings.simplefilter("error", UserWarning)
torch.set_num_threads(1)
torch.manual_seed(0)
IDS, LABELS = torch.randint(0, 40, (128, 12)), torch.randint(0, 2, (128,))


class Tagger(nn.Module):
    def __init__(self, batch_first=True):
        super().__init__()
        self.embedding = nn.Embedding(40, 32)
        layer = nn.TransformerEncoderLayer(32, 4, 64, dropout=0.0, batch_first=batch_first)
        self.encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.head = nn.Linear(32, 2)

    def forward(self, ids):
        states = self.embedding(ids)
        if not self.encoder.layers[0].self_attn.batch_first:
            return self.head(self.encoder(states.transpose(0, 1)).mean(0))
        return self.head(self.encoder(states).mean(1))


def answers(model, training):
    model.train(training)
    with torch.no_grad():
        return model(IDS)


def accuracy(logits):
    return (logits.argmax(1) == LABELS).float().mean().item()


LINEARS = ["linear1", "linear2"]
base = Tagger()
model = get_peft_model(copy.deepcopy(base), LoraConfig(r=16, lora_alpha=32, target_modules=LINEARS, modules_to_save=["head"]))
optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=3e-3)
for _ in range(300):
    optimizer.zero_grad()
    nn.functional.cross_entropy(model(IDS), LABELS).backward()
    optimizer.step()
in_training, in_eval = answers(model, True), answers(model, False)
plain = copy.deepcopy(base)
plain.head = copy.deepcopy(model.base_model.model.head.modules_to_save["default"])
torch.backends.mha.set_fastpath_enabled(False)
slow = answers(model, False)
torch.backends.mha.set_fastpath_enabled(True)
merged = answers(copy.deepcopy(model).merge_and_unload(), False)
without = torch.equal(in_eval, answers(plain, False))
print(f"LoRA on linear1 and linear2: accuracy in training mode {accuracy(in_training):.2f}, in eval mode {accuracy(in_eval):.2f}, "
      f"merged {accuracy(merged):.2f}, fast path off {accuracy(slow):.2f}")
print("eval mode is the base's encoder under the trained head:", without)
assert without and accuracy(in_training) > accuracy(in_eval) + 0.1
assert torch.allclose(merged, in_training, atol=1e-3) and torch.allclose(slow, in_training, atol=1e-3)

METHODS = {
    "LoRA on self_attn": LoraConfig(target_modules=["self_attn"]),
    "DoRA": LoraConfig(target_modules=LINEARS, use_dora=True),
    "LoHa": LoHaConfig(target_modules=LINEARS),
    "IA3": IA3Config(target_modules=LINEARS, feedforward_modules=["linear2"]),
    "OFT": OFTConfig(target_modules=LINEARS, oft_block_size=8),
}
for name, settings in METHODS.items():
    effect = {}
    for order in True, False:
        torch.manual_seed(0)
        base = Tagger(batch_first=order)
        before = answers(base, False)
        model = get_peft_model(base, settings)
        for parameter in model.parameters():
            if parameter.requires_grad:
                parameter.data += 0.3 * torch.randn_like(parameter)
        effect[order] = [(answers(model, training) - before).abs().max().item() > 1e-3 for training in (True, False)]
    print(f"{name}: has an effect in training mode {effect[True][0]}, in eval mode {effect[True][1]}; "
          f"without batch_first {effect[False][0]}, {effect[False][1]}")
    assert effect == {True: [True, False], False: [True, True]}
PYTHON
"$folder/venv/bin/python" check.py 2> log || { cat log; exit 1; }

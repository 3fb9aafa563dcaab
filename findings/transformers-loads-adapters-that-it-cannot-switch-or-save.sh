#!/usr/bin/env bash
# transformers 5.24.0 with peft 0.21.2, the newest on PyPI on 2026-11-29: a model's load_adapter works, and none of its other methods
# for adapters does.
#
# Guess, before it was run: load_adapter and the other methods of the integration ask for the same version of PEFT, so a model whose
# adapter was loaded can also switch it off, name it and save it.
#
# transformers 5.24.0 asks for PEFT 0.22.0 or newer, but load_adapter does not check it. The loaded adapter computes. Then every method
# that does check raises ValueError: the adapter cannot be switched off or on, replaced by a second one, or saved. PEFT's own
# get_peft_model and PeftModel.from_pretrained are not concerned, and installing both packages gives no warning.
#
# Seen with torch 2.15.0, transformers 5.24.0, peft 0.21.2:
#   load_adapter: works, outputs differ from the base's
#   add_adapter: ValueError
#   set_adapter: ValueError
#   disable_adapters: ValueError
#   active_adapters: ValueError
#   get_adapter_state_dict: ValueError
#   save_pretrained: ValueError
#   PeftModel.from_pretrained, disable_adapter, save_pretrained: work
# Exits with 1 if that changes. Needs about 6 GB in a temporary folder.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q torch==2.15.0 transformers==5.24.0 peft==0.21.2 numpy
cd "$folder"
cat > check.py <<'PYTHON'
import sys

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import BertConfig, BertModel

torch.manual_seed(0)
config = BertConfig(vocab_size=40, hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32,
                    hidden_dropout_prob=0, attention_probs_dropout_prob=0)
BertModel(config).save_pretrained("base")
load = lambda: BertModel.from_pretrained("base").eval()
tokens = torch.tensor([[2, 7, 8, 9, 3]])
lora = LoraConfig(r=2, target_modules=["query", "value"], init_lora_weights=False)
get_peft_model(load(), lora).save_pretrained("adapter")
seen = []


def attempt(name, body):
    try:
        body()
        seen.append((name, "works"))
    except Exception as error:
        seen.append((name, type(error).__name__))


with torch.no_grad():
    expected = load()(tokens).last_hidden_state
    model = load()
    attempt("load_adapter", lambda: model.load_adapter("adapter"))
    changed = (model(tokens).last_hidden_state - expected).abs().max() > 1e-4
    seen.append(("outputs differ", bool(changed)))
    attempt("add_adapter", lambda: load().add_adapter(lora))
    attempt("set_adapter", lambda: model.set_adapter("default"))
    attempt("disable_adapters", model.disable_adapters)
    attempt("active_adapters", model.active_adapters)
    attempt("get_adapter_state_dict", model.get_adapter_state_dict)
    attempt("save_pretrained", lambda: model.save_pretrained("saved"))
    peft = PeftModel.from_pretrained(load(), "adapter")

    def switch_and_save():
        with peft.disable_adapter():
            assert torch.equal(peft(tokens).last_hidden_state, expected)
        peft.save_pretrained("again")

    attempt("PeftModel", switch_and_save)
for name, result in seen:
    print(f"{name}: {result}")
refused = ["add_adapter", "set_adapter", "disable_adapters", "active_adapters", "get_adapter_state_dict",
           "save_pretrained"]
wanted = [("load_adapter", "works"), ("outputs differ", True)] + [(name, "ValueError") for name in refused]
sys.exit(seen != wanted + [("PeftModel", "works")])
PYTHON
venv/bin/python check.py 2> /dev/null

#!/usr/bin/env bash
# PEFT 0.21.2 writes a tensor of an adapter file that adapter_config.json does not name into the frozen base model.
#
# Guess, before it was run: PEFT ignores such a tensor, or reports it as unexpected.
#
# An adapter for sequence classification often carries a pooler, because the base has none. If `modules_to_save` does not
# name the pooler, PeftModel.from_pretrained loads the file without a warning and without unexpected keys, and the base's
# own pooler now has the adapter's values: also for another adapter of the same model, and with adapters disabled.
# `save_pretrained` does not save it again. With the pooler in `modules_to_save` the base stays as it is.
#
# Seen with torch 2.15.0, transformers 5.24.0, peft 0.21.2, safetensors 0.8.0:
#   not named: unexpected keys 0, base's pooler changed True, saved again False
#   named: unexpected keys 0, base's pooler changed False, saved again True
# Exits with 1 if that changes. Needs about 6 GB in a temporary folder.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q torch==2.15.0 transformers==5.24.0 peft==0.21.2 safetensors==0.8.0 numpy
cd "$folder"
cat > check.py <<'PYTHON'
import json, torch
from pathlib import Path
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import load_file, save_file
from transformers import BertConfig, BertForSequenceClassification

torch.manual_seed(0)
config = BertConfig(vocab_size=40, hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32,
                    num_labels=3)
BertForSequenceClassification(config).save_pretrained("base")
load = lambda: BertForSequenceClassification.from_pretrained("base").eval()
KEY = "base_model.model.bert.pooler.dense."


def make(name, modules):
    """An adapter whose file has a pooler; `modules` is what its config names."""
    model = get_peft_model(load(), LoraConfig(task_type="SEQ_CLS", r=2, target_modules=["query"],
                                              modules_to_save=["classifier", "pooler"]))
    for parameter in model.parameters():
        if parameter.requires_grad:
            torch.nn.init.normal_(parameter, std=0.5)
    model.save_pretrained(name)
    file = Path(name) / "adapter_config.json"
    settings = json.loads(file.read_text())
    settings["modules_to_save"] = modules
    file.write_text(json.dumps(settings))
    assert KEY + "weight" in load_file(f"{name}/adapter_model.safetensors")


def describe(name):
    own = load().bert.pooler.dense.weight.detach().clone()
    model = PeftModel.from_pretrained(load(), name)
    unexpected = model.load_adapter(name, "again").unexpected_keys
    dense = model.base_model.model.bert.pooler
    dense = getattr(dense, "original_module", dense).dense
    model.save_pretrained(name + "-saved", selected_adapters=["default"])
    saved = load_file(f"{name}-saved/adapter_model.safetensors")
    return (f"unexpected keys {len(unexpected)}, base's pooler changed {not torch.equal(dense.weight, own)}, "
            f"saved again {KEY + 'weight' in saved}")


make("plain", ["classifier"])
make("named", ["classifier", "pooler"])
print("not named:", describe("plain"))
print("named:", describe("named"))
PYTHON
"$folder/venv/bin/python" -W ignore check.py 2> errors.txt > found.txt || { cat errors.txt; exit 1; }
cat found.txt
diff found.txt - <<'EXPECTED'
not named: unexpected keys 0, base's pooler changed True, saved again False
named: unexpected keys 0, base's pooler changed False, saved again True
EXPECTED

#!/usr/bin/env bash
# peft 0.21.2, the newest on PyPI on 2026-11-29: a BOFT adapter with two butterfly factors has one or two, depending on whether the
# machine could compile a CUDA extension, and its config says two in both cases.
#
# Guess, before it was run: without the extension BOFT computes the same in PyTorch, more slowly, and files are the same everywhere.
#
# Without CUDA, peft sets boft_n_butterfly_factor to 1 in the layer, with a warning, and leaves the config as it was. So on a CPU:
# - an adapter that is asked for two factors trains and saves boft_R [1, blocks, size, size] under a config that says 2;
# - an adapter that has the two factors of its config, as a machine with the extension writes it, is refused (size mismatch).
# The count of trainable parameters is half of what the config says. The warning comes for one factor too, where nothing is changed.
#
# Seen with torch 2.15.0, transformers 5.24.0, peft 0.21.2, on a machine without CUDA:
#   asked 1: config 1, boft_R [1, 4, 4, 4], warned True
#   asked 2: config 2, boft_R [1, 4, 4, 4], warned True
#   two factors: RuntimeError, size mismatch
# Exits with 1 if that changes. Needs about 6 GB in a temporary folder.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q torch==2.15.0 transformers==5.24.0 peft==0.21.2 numpy
cd "$folder"
cat > check.py <<'PYTHON'
import copy
import json
import tempfile
import warnings

import peft
import torch
from safetensors.torch import load_file, save_file
from transformers import BertConfig, BertForSequenceClassification

torch.manual_seed(0)
config = BertConfig(vocab_size=40, hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32, num_labels=3)
base = BertForSequenceClassification(config)
KEY = "base_model.model.bert.encoder.layer.0.attention.self.query.boft_R"


def adapter(factors):
    """Its folder, and the warnings of making it."""
    settings = peft.BOFTConfig(task_type="SEQ_CLS", target_modules=["query"], boft_block_size=4, boft_n_butterfly_factor=factors)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model = peft.get_peft_model(copy.deepcopy(base), settings)
    folder = tempfile.mkdtemp()
    model.save_pretrained(folder)
    return folder, [str(warning.message) for warning in caught]


lines = []
for factors in (1, 2):
    folder, messages = adapter(factors)
    written = json.load(open(folder + "/adapter_config.json"))["boft_n_butterfly_factor"]
    shape = list(load_file(folder + "/adapter_model.safetensors")[KEY].shape)
    told = any("Setting boft_n_butterfly_factor to 1" in message for message in messages)
    lines.append(f"asked {factors}: config {written}, boft_R {shape}, warned {told}")
# As a machine with the extension writes it: two factors, as the config says.
path = folder + "/adapter_model.safetensors"
tensors = load_file(path)
tensors[KEY] = torch.zeros(2, *tensors[KEY].shape[1:])
save_file(tensors, path, metadata={"format": "pt"})
try:
    peft.PeftModel.from_pretrained(copy.deepcopy(base), folder)
    lines.append("two factors: loaded")
except RuntimeError as error:
    lines.append("two factors: RuntimeError" + (", size mismatch" if "size mismatch" in str(error) else ""))
print("\n".join(lines))
PYTHON
# Without a GPU in sight, as on a machine that has none.
CUDA_VISIBLE_DEVICES= venv/bin/python check.py 2> errors.txt | tee seen.txt || { cat errors.txt >&2; exit 1; }
diff - seen.txt <<'SEEN' && echo "unchanged"
asked 1: config 1, boft_R [1, 4, 4, 4], warned True
asked 2: config 2, boft_R [1, 4, 4, 4], warned True
two factors: RuntimeError, size mismatch
SEEN

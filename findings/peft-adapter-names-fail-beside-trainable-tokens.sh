#!/usr/bin/env bash
# peft 0.21.2, the newest on PyPI on 2026-11-29: once one adapter of a model has trainable_token_indices, no row of a mixed batch can use an
# adapter that has none.
#
# Guess, before it was run: in model(..., adapter_names=[...]) the rows of an adapter without trainable tokens read the base's embeddings, as
# they do after set_adapter.
#
# The embedding's wrapper looks up the rows' adapters in its table of trained tokens, and knows only those that have some. So the batch
# fails with a KeyError, whichever of the two was added first, and even if all its rows name the adapter that has no tokens. Each adapter
# alone, by set_adapter, works, and so do rows of the base beside rows of the adapter with tokens: only the name "__base__" is exempt. Two
# adapters with different trained tokens mix, too. So an adapter for relation extraction with typed markers as new tokens, beside one for
# sentences over the same encoder, needs batches of its own.
#
# Seen with torch 2.15.0, transformers 5.24.0, peft 0.21.2 (LoRA on query; "tokens" trains the rows 7 and 8 of word_embeddings too):
#   tokens first: set_adapter plain works
#   tokens first: set_adapter tokens works
#   tokens first: tokens + __base__ works; tokens + plain KeyError: 'plain'; plain + plain KeyError: 'plain'; plain + __base__ KeyError: 'plain'
#   plain first: set_adapter plain works
#   plain first: set_adapter tokens works
#   plain first: tokens + __base__ works; tokens + plain KeyError: 'plain'; plain + plain KeyError: 'plain'; plain + __base__ KeyError: 'plain'
#   other tokens: tokens + other works
# Exits with 1 if that changes. Needs about 6 GB in a temporary folder.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q torch==2.15.0 transformers==5.24.0 peft==0.21.2 numpy
cd "$folder"
cat > check.py <<'PYTHON'
import warnings

import torch
from peft import LoraConfig, get_peft_model
from transformers import BertConfig, BertForSequenceClassification

warnings.simplefilter("ignore")
CONFIG = BertConfig(hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64, vocab_size=50)
TOKENS = {"tokens": {"word_embeddings": [7, 8]}, "other": {"word_embeddings": [9]}}
IDS = torch.tensor([[2, 7, 9, 3]] * 2)


def adapters(first, second):
    settings = [LoraConfig(target_modules=["query"], trainable_token_indices=TOKENS.get(name)) for name in (first, second)]
    model = get_peft_model(BertForSequenceClassification(CONFIG), settings[0], adapter_name=first)
    model.add_adapter(second, settings[1])
    return model.eval()


def outcome(call):
    try:
        with torch.no_grad():
            call()
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return "works"


NAMES = [["tokens", "__base__"], ["tokens", "plain"], ["plain", "plain"], ["plain", "__base__"]]
for first, second in ("tokens", "plain"), ("plain", "tokens"):
    model = adapters(first, second)
    for name in "plain", "tokens":
        model.set_adapter(name)
        alone = outcome(lambda: model(input_ids=IDS))
        print(f"{first} first: set_adapter {name} {alone}")
        assert alone == "works"
    mixed = {" + ".join(names): outcome(lambda: model(input_ids=IDS, adapter_names=names)) for names in NAMES}
    print(f"{first} first: " + "; ".join(f"{names} {what}" for names, what in mixed.items()))
    assert list(mixed.values()) == ["works"] + ["KeyError: 'plain'"] * 3
model = adapters("tokens", "other")
both = outcome(lambda: model(input_ids=IDS, adapter_names=["tokens", "other"]))
print("other tokens: tokens + other", both)
assert both == "works"
PYTHON
"$folder/venv/bin/python" check.py 2> log || { cat log; exit 1; }

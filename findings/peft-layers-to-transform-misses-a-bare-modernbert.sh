#!/usr/bin/env bash
# peft 0.21.2, the newest on PyPI on 2026-11-29: layers_to_transform finds no layer of a ModernBERT without a head, and the error is that of
# wrong target_modules.
#
# Guess, before it was run: layers_to_transform=[1] adapts the second block of any encoder, whatever class it was loaded with.
#
# Without layers_pattern, PEFT takes the first number between two dots for the layer's, but only behind a name that has another name before
# it. The blocks of ModernBertModel are the module's own list, "layers.1.attn.Wqkv", so nothing has a layer. In ModernBertForTokenClassification
# the same block is "model.layers.1.attn.Wqkv", and is found, as are those of BertModel and DistilBertModel, whose lists are one level
# deeper. An adapter that was trained with the head cannot be loaded on the model without it; a BERT's can. layers_pattern="layers"
# finds the blocks with and without the head, because its expression may begin at the start of the name.
#
# Seen with torch 2.15.0, transformers 5.24.0, peft 0.21.2; the modules that LoRA adapts with layers_to_transform=[1]:
#   BertModel: encoder.layer.1.attention.self.query
#   DistilBertModel: transformer.layer.1.attention.q_lin
#   ModernBertForTokenClassification: model.layers.1.attn.Wqkv
#   ModernBertModel: NoMatchingPeftModuleError: Target modules {'Wqkv'} not found in the base model.
#   ModernBertModel, layers_pattern layers: layers.1.attn.Wqkv
#   the tagger's adapter on ModernBertModel: NoMatchingPeftModuleError
#   the tagger's adapter on BertModel: loads
# Exits with 1 if that changes. Needs about 6 GB in a temporary folder.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q torch==2.15.0 transformers==5.24.0 peft==0.21.2 numpy
cd "$folder"
cat > check.py <<'PYTHON'
import warnings

from peft import LoraConfig, PeftModel, get_peft_model
from transformers import (BertConfig, BertForTokenClassification, BertModel, DistilBertConfig, DistilBertModel, ModernBertConfig,
                          ModernBertForTokenClassification, ModernBertModel)

warnings.simplefilter("ignore")
SIZES = dict(hidden_size=32, num_hidden_layers=3, num_attention_heads=2, intermediate_size=64, vocab_size=100)
TOKENS = dict(pad_token_id=0, bos_token_id=1, eos_token_id=1, cls_token_id=1, sep_token_id=1)
CONFIGS = {"Bert": (BertConfig(**SIZES), "query"), "ModernBert": (ModernBertConfig(**SIZES, **TOKENS), "Wqkv"),
           "DistilBert": (DistilBertConfig(dim=32, n_layers=3, n_heads=2, hidden_dim=64, vocab_size=100), "q_lin")}


def adapted(kind, family, **settings):
    config, target = CONFIGS[family]
    try:
        model = get_peft_model(kind(config), LoraConfig(target_modules=[target], layers_to_transform=[1], **settings))
    except Exception as error:
        return f"{type(error).__name__}: {str(error).split('.')[0]}."
    names = [name for name, _ in model.named_parameters() if "lora_A" in name]
    return " ".join(name.removeprefix("base_model.model.").split(".lora_A")[0] for name in names)


def reload(tagger, bare, family):
    config, target = CONFIGS[family]
    settings = LoraConfig(target_modules=[target], layers_to_transform=[1], task_type="TOKEN_CLS")
    get_peft_model(tagger(config), settings).save_pretrained(family)
    try:
        PeftModel.from_pretrained(bare(config), family)
    except Exception as error:
        return type(error).__name__
    return "loads"


found = {
    "BertModel": adapted(BertModel, "Bert"),
    "DistilBertModel": adapted(DistilBertModel, "DistilBert"),
    "ModernBertForTokenClassification": adapted(ModernBertForTokenClassification, "ModernBert"),
    "ModernBertModel": adapted(ModernBertModel, "ModernBert"),
    "ModernBertModel, layers_pattern layers": adapted(ModernBertModel, "ModernBert", layers_pattern="layers"),
    "the tagger's adapter on ModernBertModel": reload(ModernBertForTokenClassification, ModernBertModel, "ModernBert"),
    "the tagger's adapter on BertModel": reload(BertForTokenClassification, BertModel, "Bert"),
}
for name, what in found.items():
    print(f"{name}: {what}")
assert list(found.values()) == [
    "encoder.layer.1.attention.self.query", "transformer.layer.1.attention.q_lin", "model.layers.1.attn.Wqkv",
    "NoMatchingPeftModuleError: Target modules {'Wqkv'} not found in the base model.", "layers.1.attn.Wqkv",
    "NoMatchingPeftModuleError", "loads"], found
PYTHON
"$folder/venv/bin/python" check.py 2> log || { cat log; exit 1; }

#!/usr/bin/env bash
# transformers 5.24.0 (peft 0.21.2): ESM given `inputs_embeds` skips its whole embedding block. With prompt tuning ESM-1b does not see the
# order of a sequence, and ESM-2's token vectors are 14 % too long.
#
# Guess, before it was run: inputs_embeds replace the table's rows only; positions, LayerNorm and ESM's factor 0.88 for
# "token dropout" follow, as in BERT. (The source, read first, made that doubtful.)
#
# Prompt tuning and p-tuning put their vectors before the text, so they call the model with inputs_embeds. EsmModel takes these for the
# encoder's input as they are (a source of 2025 still sent them through the embedding block). A model with absolute positions and
# emb_layer_norm_before, as ESM-1b is, loses both: a sequence and the same one turned round have one and the same answer. One with rotary
# positions, as ESM-2 is, gets 1 / 0.88 of what it was trained on. Nothing is raised, and training runs. Explanations and adversarial
# training by inputs_embeds meet the same. LoRA is not concerned.
#
# Seen with torch 2.15.0, transformers 5.24.0, peft 0.21.2 (random weights; differences as parts of the largest logit; rows: the table's
# rows of the same ids, as inputs_embeds; "ratio" is the encoder's input by ids to that by rows, where it is one number):
#   like ESM-1b: answers to ids and to rows differ by 2.411, ratio none
#   like ESM-1b, turned round: ids 0.384, inputs_embeds 0.000, LoRA 0.384, prompt tuning 0.000
#   like ESM-2: answers to ids and to rows differ by 0.103, ratio 0.88
#   like ESM-2, turned round: ids 0.765, inputs_embeds 0.725, LoRA 0.765, prompt tuning 0.315
#   BERT: answers to ids and to rows differ by 0.000, ratio 1.00
#   BERT, turned round: ids 0.060, inputs_embeds 0.060, LoRA 0.060, prompt tuning 0.167
# Exits with 1 if that changes. Needs about 6 GB in a temporary folder.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q torch==2.15.0 transformers==5.24.0 peft==0.21.2 safetensors==0.8.0 numpy
cd "$folder"
cat > check.py <<'PYTHON'
import warnings

import torch
from peft import LoraConfig, PromptTuningConfig, get_peft_model
from transformers import BertConfig, BertForSequenceClassification, EsmConfig, EsmForSequenceClassification

warnings.simplefilter("error", UserWarning)
torch.set_num_threads(1)
SIZES = dict(vocab_size=33, hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64,
             max_position_embeddings=66, initializer_range=0.2)
ESM = dict(pad_token_id=1, mask_token_id=32, token_dropout=True, **SIZES)
MODELS = {
    "like ESM-1b": (EsmForSequenceClassification,
                    EsmConfig(position_embedding_type="absolute", emb_layer_norm_before=True, **ESM)),
    "like ESM-2": (EsmForSequenceClassification,
                   EsmConfig(position_embedding_type="rotary", emb_layer_norm_before=False, **ESM)),
    "BERT": (BertForSequenceClassification, BertConfig(**SIZES)),
}
IDS = torch.tensor([[0, 5, 6, 7, 8, 9, 10, 11, 2]])
TURNED = IDS.flip(1)
TURNED[0, 0], TURNED[0, -1] = 0, 2
MASK = torch.ones_like(IDS)


def differs(a, b):
    return f"{(a - b).abs().max().item() / a.abs().max().item():.3f}"


torch.set_grad_enabled(False)
seen = {}
for name, (kind, config) in MODELS.items():
    torch.manual_seed(0)
    model = kind(config).eval()
    inputs = []
    encoder = getattr(model, model.base_model_prefix).encoder
    encoder.register_forward_pre_hook(lambda module, args: inputs.append(args[0]))
    by_ids = model(input_ids=IDS, attention_mask=MASK).logits
    table = model.get_input_embeddings()
    by_rows = model(inputs_embeds=table(IDS), attention_mask=MASK).logits
    ratio = inputs[0] / inputs[1]
    same = f"{ratio.mean().item():.2f}" if ratio.std() < 1e-4 else "none"
    turned = {"ids": differs(by_ids, model(input_ids=TURNED, attention_mask=MASK).logits)}
    turned["inputs_embeds"] = differs(by_rows, model(inputs_embeds=table(TURNED), attention_mask=MASK).logits)
    for method, settings in (("LoRA", LoraConfig(task_type="SEQ_CLS", target_modules=["query"])),
                             ("prompt tuning", PromptTuningConfig(task_type="SEQ_CLS", num_virtual_tokens=2))):
        torch.manual_seed(0)
        tuned = get_peft_model(kind(config), settings).eval()
        turned[method] = differs(*(tuned(input_ids=ids, attention_mask=MASK).logits for ids in (IDS, TURNED)))
    print(f"{name}: answers to ids and to rows differ by {differs(by_ids, by_rows)}, ratio {same}")
    print(f"{name}, turned round:", ", ".join(f"{k} {v}" for k, v in turned.items()))
    seen[name] = differs(by_ids, by_rows), same, turned

zero = "0.000"
answers, ratio, turned = seen["like ESM-1b"]
assert answers != zero and ratio == "none"
assert turned["inputs_embeds"] == turned["prompt tuning"] == zero and zero not in (turned["ids"], turned["LoRA"])
answers, ratio, turned = seen["like ESM-2"]
assert answers != zero and ratio == "0.88" and zero not in turned.values()
answers, ratio, turned = seen["BERT"]
assert answers == zero and ratio == "1.00" and zero not in turned.values()
PYTHON
"$folder/venv/bin/python" check.py 2> log || { cat log; exit 1; }

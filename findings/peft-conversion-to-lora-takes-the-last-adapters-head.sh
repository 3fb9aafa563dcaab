#!/usr/bin/env bash
# peft 0.21.2: save_as_lora and convert_to_lora write the head of the adapter that was added last, whichever adapter they are asked for.
# Of a head with two layers (RoBERTa, ELECTRA) they write one.
#
# Guess, before it was run: `adapter_name`, "the name of the adapter to be converted", chooses its trained head too, as in save_pretrained.
# (The source, read first, made that doubtful.)
#
# The matrices are converted by the adapter's name. The copies of `modules_to_save`, a classifier's head, are then walked for all adapters
# and written under a key without the adapter's name, so the last one stays. With two classifiers of as many labels over one encoder the
# first one's LoRA gets the second one's head: nothing is raised or warned of, and all shapes fit. Only the last part of a parameter's name
# goes into that key: RoBERTa's classifier.dense.weight and classifier.out_proj.weight are both "classifier.weight". Such a folder cannot be
# opened, and whoever kept only the converted one has lost half of the head.
#
# Seen with torch 2.15.0, transformers 5.24.0, peft 0.21.2, safetensors 0.8.0 (LoHa, converted at full rank; two toy tasks on one BERT):
#   first, no other in the model: accuracy trained 0.98, converted 0.98
#   first, both in the model: accuracy trained 0.98, converted 0.02, head of second
#   second, both in the model: accuracy trained 1.00, converted 1.00, head of second
#   roberta, as-it-is: classifier.dense.bias classifier.dense.weight classifier.out_proj.bias classifier.out_proj.weight
#   roberta, converted: classifier.bias classifier.weight
#   roberta, opened: KeyError 'base_model.model.classifier.dense.weight'
# Exits with 1 if that changes (the accuracies may: above 0.9 is right). Needs about 6 GB in a temporary folder.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q torch==2.15.0 transformers==5.24.0 peft==0.21.2 safetensors==0.8.0 numpy
cd "$folder"
cat > check.py <<'PYTHON'
import warnings

import torch
from peft import LoHaConfig, PeftModel, get_peft_model, save_as_lora
from safetensors.torch import load_file
from transformers import BertConfig, BertForSequenceClassification, BertModel
from transformers import RobertaConfig, RobertaForSequenceClassification, RobertaModel

warnings.simplefilter("error", UserWarning)
torch.set_num_threads(1)
torch.manual_seed(0)
SIZES = dict(vocab_size=40, hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64,
             hidden_dropout_prob=0, attention_probs_dropout_prob=0)
BertModel(BertConfig(**SIZES)).save_pretrained("bert")
RobertaModel(RobertaConfig(**SIZES)).save_pretrained("roberta")
CLASSES = {"bert": BertForSequenceClassification, "roberta": RobertaForSequenceClassification}
IDS = torch.randint(4, 40, (128, 12))
LABELS = {"first": ((IDS < 22).sum(1) > 6).long(), "second": ((IDS % 2).sum(1) > 6).long()}


def load(base):
    return CLASSES[base].from_pretrained(base)


def settings():
    return LoHaConfig(task_type="SEQ_CLS", r=4, alpha=8, target_modules=["query", "value"])


def train(name, seed):
    """A run of its own: the encoder has no head, so each run begins with its own random one."""
    torch.manual_seed(seed)
    model = get_peft_model(load("bert"), settings())
    optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=1e-2)
    for _ in range(100):
        optimizer.zero_grad()
        model(input_ids=IDS, labels=LABELS[name]).loss.backward()
        optimizer.step()
    model.save_pretrained(name)
    return answers(model)


def answers(model):
    model.eval()
    with torch.no_grad():
        return model(input_ids=IDS).logits


def accuracy(logits, name):
    return (logits.argmax(1) == LABELS[name]).float().mean().item()


def convert(model, base, name, folder):
    """What the converted adapter says, the rank being high enough to lose nothing."""
    save_as_lora(folder, model, rank=32, adapter_name=name)
    return answers(PeftModel.from_pretrained(load(base), folder))


trained = {"first": train("first", 1), "second": train("second", 2)}
model = PeftModel.from_pretrained(load("bert"), "first", adapter_name="first")
alone = convert(model, "bert", "first", "alone")
model.load_adapter("second", "second")
beside = {}
for name in "first", "second":
    model.set_adapter(name)
    assert torch.equal(answers(model), trained[name])
    beside[name] = convert(model, "bert", name, "beside-" + name)
print(f"first, no other in the model: accuracy trained {accuracy(trained['first'], 'first'):.2f}, "
      f"converted {accuracy(alone, 'first'):.2f}")
for name, right in ("first", False), ("second", True):
    head = load_file(f"beside-{name}/adapter_model.safetensors")["base_model.model.classifier.weight"]
    owner = [n for n in trained if torch.equal(head, model.base_model.model.classifier.modules_to_save[n].weight)]
    print(f"{name}, both in the model: accuracy trained {accuracy(trained[name], name):.2f}, "
          f"converted {accuracy(beside[name], name):.2f}, head of {' '.join(owner)}")
    assert owner == ["second"]
    assert accuracy(trained[name], name) > 0.9 and (accuracy(beside[name], name) > 0.9) == right
assert torch.allclose(alone, trained["first"], atol=1e-4)

model = get_peft_model(load("roberta"), settings())
model.save_pretrained("as-it-is")
save_as_lora("converted", model, rank=32)
for folder in "as-it-is", "converted":
    keys = load_file(f"{folder}/adapter_model.safetensors")
    print(f"roberta, {folder}:", *sorted(k.removeprefix("base_model.model.") for k in keys if "classifier" in k))
try:
    PeftModel.from_pretrained(load("roberta"), "converted")
    raise SystemExit("roberta's opens")
except KeyError as error:
    print("roberta, opened: KeyError", error)
PYTHON
"$folder/venv/bin/python" check.py 2> log || { cat log; exit 1; }

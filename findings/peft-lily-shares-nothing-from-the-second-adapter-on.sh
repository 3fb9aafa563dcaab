#!/usr/bin/env bash
# peft 0.21.2: Lily shares its B matrices between the layers for the first adapter of a model only. A later one trains one B for each
# layer, and opened alone it gives every layer the B of the last.
#
# Guess, before it was run: adapters of one kind and one config are built alike, and each is, opened alone, what it was beside the others.
#
# Lily's idea is that the layers share A by blocks and B altogether. PEFT first makes a pair for each layer and then ties them, in a hook
# that runs when the first adapter turns the model into a PeftModel; add_adapter does not run it. So the second adapter has more
# parameters than its config asks for (it is another method), learns well, and is saved with one B for each layer. PeftModel.from_pretrained
# makes it the first adapter, ties the layers, and reads the file's tensors one after the other into the one B: the last layer's is what
# stays. There is no error, no warning and no missing or unexpected key. Opened after any other Lily adapter, by load_adapter, the same
# folder is right: an accuracy measured beside the other adapter says nothing about the folder alone.
#
# Seen with torch 2.15.0, transformers 5.24.0, peft 0.21.2, safetensors 0.8.0 (four layers, query and value, two toy tasks on one BERT):
#   parameters: first 2176 second 6272
#   first: B's of the queries in the file 1; opened alone, layer 0 has layer 3's: True
#   first: same answers beside the other True, alone True; accuracy trained 1.00, alone 1.00
#   second: B's of the queries in the file 4; opened alone, layer 0 has layer 3's: True
#   second: same answers beside the other True, alone False; accuracy trained 0.99, alone 0.39
# Exits with 1 if that changes (the accuracies may: above 0.9 is learned). Needs about 6 GB in a temporary folder.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q torch==2.15.0 transformers==5.24.0 peft==0.21.2 safetensors==0.8.0 numpy
cd "$folder"
cat > check.py <<'PYTHON'
import warnings

import torch
from peft import LilyConfig, PeftModel, get_peft_model
from safetensors.torch import load_file
from transformers import BertConfig, BertForSequenceClassification

warnings.simplefilter("error", UserWarning)
torch.set_num_threads(1)
torch.manual_seed(0)
CONFIG = BertConfig(vocab_size=40, hidden_size=32, num_hidden_layers=4, num_attention_heads=2, intermediate_size=64,
                    hidden_dropout_prob=0, attention_probs_dropout_prob=0)
BertForSequenceClassification(CONFIG).save_pretrained("base")
IDS = torch.randint(4, 40, (128, 12))
LABELS = {"first": ((IDS < 22).sum(1) > 6).long(), "second": ((IDS % 2).sum(1) > 6).long()}
B = "base_model.model.bert.encoder.layer.{}.attention.self.query.lily_B.weight"


def load():
    return BertForSequenceClassification.from_pretrained("base")


def settings():
    return LilyConfig(task_type="SEQ_CLS", r=8, stride_A=2, num_B=2, scaling=4.0, target_modules=["query", "value"])


def train(model, name):
    model.set_adapter(name)
    model.train()
    optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=1e-2)
    for _ in range(100):
        optimizer.zero_grad()
        model(input_ids=IDS, labels=LABELS[name]).loss.backward()
        optimizer.step()


def answers(model, name):
    model.set_adapter(name)
    model.eval()
    with torch.no_grad():
        return model(input_ids=IDS).logits


def accuracy(logits, name):
    return (logits.argmax(1) == LABELS[name]).float().mean().item()


def size(model, name):
    model.set_adapter(name)
    return sum(p.numel() for n, p in model.named_parameters() if p.requires_grad and "lily_" in n)


model = get_peft_model(load(), settings(), adapter_name="first")
model.add_adapter("second", settings())
sizes = size(model, "first"), size(model, "second")
print("parameters: first", sizes[0], "second", sizes[1])
assert sizes[1] > sizes[0]
trained = {}
for name in "first", "second":
    train(model, name)
    trained[name] = answers(model, name)
model.save_pretrained("both")
together = PeftModel.from_pretrained(load(), "both/first", adapter_name="first")
together.load_adapter("both/second", "second")
for name in "first", "second":
    file = load_file(f"both/{name}/adapter_model.safetensors")
    different = len({file[B.format(layer)].sum().item() for layer in range(4)})
    alone = PeftModel.from_pretrained(load(), f"both/{name}", adapter_name=name)
    held = alone.state_dict()[B.format(0).replace("lily_B", f"lily_B.{name}")]
    last = torch.equal(held, file[B.format(3)])
    apart, beside = answers(alone, name), answers(together, name)
    print(f"{name}: B's of the queries in the file {different}; opened alone, layer 0 has layer 3's: {last}")
    print(f"{name}: same answers beside the other {torch.equal(beside, trained[name])}, alone "
          f"{torch.equal(apart, trained[name])}; accuracy trained {accuracy(trained[name], name):.2f}, "
          f"alone {accuracy(apart, name):.2f}")
    shared = name == "first"
    assert different == (1 if shared else 4) and last and torch.equal(beside, trained[name])
    assert torch.equal(apart, trained[name]) == shared
    assert accuracy(trained[name], name) > 0.9 and (accuracy(apart, name) > 0.9) == shared
PYTHON
"$folder/venv/bin/python" check.py 2> log || { cat log; exit 1; }

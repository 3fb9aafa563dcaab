#!/usr/bin/env bash
# medcat 2.9.0: `model_freeze_layers = False` freezes the classification layers of a BERT MetaCAT, with the random weights that they began with.
#
# Guess, before it was run: frozen, the layers on top of BERT are trained; with LoRA, those layers and LoRA's matrices.
#
# The setting's documentation says that True trains the fully connected layers alone, and that False applies LoRA. MetaCAT wraps its model
# by PEFT with the task type SEQ_CLS. PEFT freezes everything but LoRA's matrices and the modules "classifier" and "score", the names of
# transformers' heads. MetaCAT's layers are called fc1 to fc4, so that none of them is trained: the model that has more parameters to learn
# sorts into classes by a random projection. Nothing is said. With fc1 to fc4 made trainable before train_from_json, it learns as expected.
# The loss that is reported for the test data is that of the last batch of training, in either setting.
#
# A BERT with random weights, 128 wide, 2 layers; 800 texts, each with a concept, eight values of the meta-annotation "Group". One in ten
# texts is for testing. Accuracy on these, in the best epoch of ten:
#   model_freeze_layers True: trained fc1 fc2 fc4, accuracy 1.00
#   model_freeze_layers False: trained lora_A lora_B, accuracy 0.36
#   model_freeze_layers False, fc layers made trainable: trained fc1 fc2 fc4 lora_A lora_B, accuracy 1.00
#   the test loss is the last training batch's: True
# Exits with 1 if that changes (accuracies below 0.5 count as low; 0.19 was seen, too, with other versions of pandas and NumPy).
# Needs about 6 GB in a temporary folder, and minutes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q "medcat[meta-cat]==2.9.0" torch==2.15.0 transformers==4.57.6 peft==0.21.2
cd "$folder"
cat > check.py <<'PYTHON'
import contextlib
import io
import json
import logging
import os
import random
import sys

import torch
from medcat.components.addons.meta_cat import ml_utils
from medcat.components.addons.meta_cat.mctokenizers.bert_tokenizer import TokenizerWrapperBERT
from medcat.components.addons.meta_cat.meta_cat import MetaCAT
from medcat.config.config_meta_cat import ConfigMetaCAT
from transformers import BertConfig, BertModel, BertTokenizerFast

logging.disable(logging.CRITICAL)
VALUES = ["fever", "cough", "rash", "nausea", "anaemia", "asthma", "sepsis", "gout"]
BEFORE = ["patient has", "she reports", "he developed", "no sign of", "denies", "negative for"]
AFTER = ["today", "on arrival", "in clinic", "this week"]


def make_base():
    words = sorted({word for phrase in VALUES + BEFORE + AFTER for word in phrase.split()})
    os.makedirs("base")
    with open("base/vocab.txt", "w") as file:
        file.write("\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *words]) + "\n")
    tokenizer = BertTokenizerFast("base/vocab.txt")
    tokenizer.save_pretrained("base")
    torch.manual_seed(1)
    BertModel(BertConfig(vocab_size=len(tokenizer), hidden_size=128, num_hidden_layers=2, num_attention_heads=4,
                         intermediate_size=256)).save_pretrained("base")
    return tokenizer


def make_export():
    chance, documents = random.Random(3), []
    for index in range(800):
        before, concept = chance.choice(BEFORE), chance.choice(VALUES)
        start = len(before) + 1
        documents.append({
            "id": index, "name": str(index), "text": f"{before} {concept} {chance.choice(AFTER)}",
            "annotations": [{
                "id": index, "start": start, "end": start + len(concept), "value": concept, "cui": "C1", "validated": True,
                "correct": True, "deleted": False, "alternative": False, "killed": False,
                "meta_anns": {"Group": {"name": "Group", "value": concept, "acc": 1, "validated": True}}}]})
    with open("export.json", "w") as file:
        json.dump({"projects": [{"name": "p", "documents": documents}]}, file)


def train(tokenizer, freeze, unfreeze_head=False):
    """What was trained, the test accuracy, and whether the last test loss is the last training loss."""
    config = ConfigMetaCAT()
    config.general.category_name = "Group"
    config.general.category_value2id = {value: index for index, value in enumerate(VALUES)}
    config.general.tokenizer_name = "bert-tokenizer"
    config.model.model_name, config.model.model_variant, config.model.model_freeze_layers = "bert", "base", freeze
    config.model.hidden_size, config.model.dropout, config.model.nclasses = 64, 0.1, len(VALUES)
    config.train.lr, config.train.nepochs, config.train.batch_size, config.train.auto_save_model = 1e-3, 10, 32, False
    annotator = MetaCAT(TokenizerWrapperBERT(tokenizer), None, config)
    if unfreeze_head:
        for name, parameter in annotator.model.named_parameters():
            if ".fc" in name:
                parameter.requires_grad_(True)
    start = {name: value.detach().clone() for name, value in annotator.model.named_parameters()}
    losses, report = {}, ml_utils.print_report

    def record(epoch, running_loss, *rest, name, **keys):
        losses[name] = running_loss[-1]
        report(epoch, running_loss, *rest, name=name, **keys)

    ml_utils.print_report = record
    with contextlib.redirect_stdout(io.StringIO()):
        accuracy = annotator.train_from_json("export.json")["report"]["accuracy"]
    ml_utils.print_report = report
    changed = {name for name, value in annotator.model.named_parameters() if not torch.equal(value, start[name])}
    parts = sorted({part for name in changed for part in name.split(".") if part.startswith(("fc", "lora_"))})
    return parts, accuracy, losses["Train"] == losses["Test"]


tokenizer = make_base()
make_export()
found = [train(tokenizer, True), train(tokenizer, False), train(tokenizer, False, unfreeze_head=True)]
names = ["model_freeze_layers True", "model_freeze_layers False", "model_freeze_layers False, fc layers made trainable"]
for name, (parts, accuracy, _) in zip(names, found):
    print(f"{name}: trained {' '.join(parts)}, accuracy {accuracy:.2f}")
print("the test loss is the last training batch's:", all(same for *_, same in found))
head, lora = ["fc1", "fc2", "fc4"], ["lora_A", "lora_B"]
sys.exit([(parts, accuracy > 0.5, same) for parts, accuracy, same in found]
         != [(head, True, True), (lora, False, True), (head + lora, True, True)])
PYTHON
"$folder/venv/bin/python" -W ignore check.py 2> errors.txt || { cat errors.txt; exit 1; }

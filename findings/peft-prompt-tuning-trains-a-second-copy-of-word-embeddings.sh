#!/usr/bin/env bash
# PEFT 0.21.2 makes two trainable copies of the word embeddings if a prompt-tuned model is to save them, and uses only one.
#
# Guess, before it was run: PromptTuningConfig(modules_to_save=["word_embeddings"]) trains one copy, under the name that it has in
# the base model.
#
# A PeftModel of prompt tuning holds the base's word embeddings a second time, as its own attribute, to embed the tokens beside
# the prompt. `modules_to_save` wraps both. Both count as trainable and both are saved, but only the attribute's copy has a
# gradient and is computed with; the one in the encoder stays as it was. A file that has the encoder's copy only, by the name that
# every other method gives it, fails to load with a KeyError.
#
# Seen with torch 2.15.0, transformers 5.24.0, peft 0.21.2, safetensors 0.8.0:
#   trainable: base_model.bert.embeddings.word_embeddings word_embeddings
#   with a gradient: word_embeddings
#   answers follow: word_embeddings
#   saved: base_model.bert.embeddings.word_embeddings.weight word_embeddings.weight
#   without the second: KeyError 'word_embeddings.weight'
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
from peft import PeftModel, PromptTuningConfig, get_peft_model
from safetensors.torch import load_file, save_file
from transformers import BertConfig, BertForSequenceClassification

warnings.simplefilter("error", UserWarning)
torch.manual_seed(0)
config = BertConfig(vocab_size=40, hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32,
                    num_labels=3, hidden_dropout_prob=0, attention_probs_dropout_prob=0)
BertForSequenceClassification(config).save_pretrained("base")
load = lambda: BertForSequenceClassification.from_pretrained("base").eval()
tokens = torch.tensor([[2, 7, 8, 9, 3]])

model = get_peft_model(load(), PromptTuningConfig(task_type="SEQ_CLS", num_virtual_tokens=2,
                                                  modules_to_save=["classifier", "word_embeddings"]))
copies = {name.split(".modules_to_save")[0]: p for name, p in model.named_parameters()
          if "word_embeddings" in name and p.requires_grad}
print("trainable:", *sorted(copies))
model(input_ids=tokens, labels=torch.tensor([1])).loss.backward()
print("with a gradient:", *sorted(name for name, p in copies.items() if p.grad is not None and p.grad.any()))
model.eval()
followed = []
with torch.no_grad():
    for name, copy in sorted(copies.items()):
        before = model(input_ids=tokens).logits
        copy += torch.randn(copy.shape)
        if not torch.equal(model(input_ids=tokens).logits, before):
            followed.append(name)
print("answers follow:", *followed)
model.save_pretrained("adapter")
tensors = load_file("adapter/adapter_model.safetensors")
print("saved:", *sorted(name for name in tensors if "word_embeddings" in name))

del tensors["word_embeddings.weight"]
save_file(tensors, "adapter/adapter_model.safetensors", metadata={"format": "pt"})
try:
    PeftModel.from_pretrained(load(), "adapter")
    print("without the second: loads")
except KeyError as error:
    print("without the second: KeyError", error)
PYTHON
"$folder/venv/bin/python" check.py 2>/dev/null | tee seen.txt
diff seen.txt - <<'SEEN'
trainable: base_model.bert.embeddings.word_embeddings word_embeddings
with a gradient: word_embeddings
answers follow: word_embeddings
saved: base_model.bert.embeddings.word_embeddings.weight word_embeddings.weight
without the second: KeyError 'word_embeddings.weight'
SEEN

#!/usr/bin/env bash
# transformers 5.24 takes add_prefix_space for a generic byte-level tokenizer without a word and does not apply it; for
# RoBERTa it no longer refuses words without it.
#
# Guess, before it was run: AutoTokenizer.from_pretrained(folder, add_prefix_space=True) changes the tokens of a ModernBERT
# folder, and RobertaTokenizer without it refuses is_split_into_words, as version 4 did.
#
# The words "patient" and "dose" of a token classifier are "Ġpatient" and "Ġdose" in running text. Given as words to
# ModernBERT's class (TokenizersBackend) they are the pieces without a space before them, whatever add_prefix_space is, also in
# tokenizer_config.json: only the setting in tokenizer.json counts, or
# tokenizer.backend_tokenizer.pre_tokenizer.add_prefix_space. RobertaTokenizer applies the argument.
#
# Seen with transformers 5.24.0 and tokenizers 0.23.3:
#   generic, argument False: patient do se
#   generic, argument True: patient do se
#   generic, tokenizer_config.json True: patient do se
#   generic, backend set: Ġpatient Ġdose
#   RoBERTa, argument False: patient do se
#   RoBERTa, argument True: Ġpatient Ġdose
# Exits with 1 if that changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q transformers==5.24.0 tokenizers==0.23.3
cd "$folder"
cat > check.py <<'PYTHON'
import json
from pathlib import Path

from tokenizers import Tokenizer, models, pre_tokenizers, processors, trainers
from transformers import AutoTokenizer, logging

logging.set_verbosity_error()
SPECIAL = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
tokenizer = Tokenizer(models.BPE(unk_token="<unk>"))
tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
tokenizer.train_from_iterator(
    ["patient dose patient dose"] * 9,
    trainers.BpeTrainer(vocab_size=400, show_progress=False, special_tokens=SPECIAL, initial_alphabet=pre_tokenizers.ByteLevel.alphabet()))
tokenizer.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0), add_prefix_space=False)


def make(name, model_type, tokenizer_class, **settings):
    folder = Path(name)
    folder.mkdir()
    tokenizer.save(str(folder / "tokenizer.json"))
    roles = {f"{role}_token": token for role, token in zip(("cls", "pad", "sep", "unk", "mask"), SPECIAL)}
    (folder / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": tokenizer_class, **roles, **settings}))
    (folder / "config.json").write_text(json.dumps({"model_type": model_type}))
    return name


def words(loaded):
    return " ".join(loaded(["patient", "dose"], is_split_into_words=True, add_special_tokens=False).tokens())


lines = []
generic = make("generic", "modernbert", "PreTrainedTokenizerFast")
for value in (False, True):
    loaded = AutoTokenizer.from_pretrained(generic, add_prefix_space=value)
    lines.append(f"generic, argument {value}: {words(loaded)}")
configured = make("configured", "modernbert", "PreTrainedTokenizerFast", add_prefix_space=True)
lines.append(f"generic, tokenizer_config.json True: {words(AutoTokenizer.from_pretrained(configured))}")
loaded.backend_tokenizer.pre_tokenizer.add_prefix_space = True
lines.append(f"generic, backend set: {words(loaded)}")
roberta = make("roberta", "roberta", "RobertaTokenizer")
for value in (False, True):
    loaded = AutoTokenizer.from_pretrained(roberta, add_prefix_space=value)
    lines.append(f"RoBERTa, argument {value}: {words(loaded)}")
print("\n".join(lines))
PYTHON
venv/bin/python check.py > seen
cat seen
diff seen - <<'SEEN'
generic, argument False: patient do se
generic, argument True: patient do se
generic, tokenizer_config.json True: patient do se
generic, backend set: Ġpatient Ġdose
RoBERTa, argument False: patient do se
RoBERTa, argument True: Ġpatient Ġdose
SEEN

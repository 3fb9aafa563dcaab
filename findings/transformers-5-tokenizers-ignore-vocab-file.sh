#!/usr/bin/env bash
# transformers 5.24.0: BertTokenizer(vocab_file="vocab.txt") ignores the file, without an error, and knows five tokens: every word is [UNK].
# RobertaTokenizer(vocab_file=…, merges_file=…) drops every word.
#
# Guess, before it was run: the argument of version 4 still works, or is refused with the name of the new one.
#
# The tokenizers of version 5 are built from `vocab` (and `merges`), which may be paths as well. `vocab_file` falls into **kwargs, and
# without a vocabulary there are only the special tokens. Code that reads the vocab.txt of BioBERT, BlueBERT or SciBERT beside converted
# weights runs, trains on [UNK] alone, and learns what the lengths of the sequences tell; RoBERTa's gets nothing between its two special
# tokens. The first positional argument, from_pretrained of a folder, and BertJapaneseTokenizer, which is still written in Python, read
# the file.
#
# Seen with transformers 5.24.0 (and 4.57.6, where all are right), without torch:
#   4.57.6 BertTokenizer: vocab_file [2, 5, 6, 7, 3], positional [2, 5, 6, 7, 3]
#   4.57.6 BertTokenizerFast: vocab_file [2, 5, 6, 7, 3], positional [2, 5, 6, 7, 3]
#   4.57.6 DistilBertTokenizer: vocab_file [2, 5, 6, 7, 3], positional [2, 5, 6, 7, 3]
#   4.57.6 ElectraTokenizer: vocab_file [2, 5, 6, 7, 3], positional [2, 5, 6, 7, 3]
#   4.57.6 RobertaTokenizer: vocab_file [0, 6, 7, 2], positional [0, 6, 7, 2]
#   5.24.0 BertTokenizer: vocab_file [2, 1, 1, 3], positional [2, 5, 6, 7, 3]
#   5.24.0 BertTokenizerFast: vocab_file [2, 1, 1, 3], positional [2, 5, 6, 7, 3]
#   5.24.0 DistilBertTokenizer: vocab_file [2, 1, 1, 3], positional [2, 5, 6, 7, 3]
#   5.24.0 ElectraTokenizer: vocab_file [2, 1, 1, 3], positional [2, 5, 6, 7, 3]
#   5.24.0 RobertaTokenizer: vocab_file [2, 3], positional [0, 6, 7, 2]
# Exits with 1 if that changes. Needs about 300 MB in a temporary folder.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat > check.py <<'PYTHON'
import json
import sys
import warnings

import transformers

warnings.simplefilter("error")
with open("vocab.txt", "w") as file:
    file.write("\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "aspirin", "head", "##ache"]) + "\n")
with open("vocab.json", "w") as file:
    json.dump({"<s>": 0, "<pad>": 1, "</s>": 2, "<unk>": 3, "a": 4, "s": 5, "as": 6, "\u0120as": 7, "\u0120": 8, "\u0120a": 9, "<mask>": 10},
              file)
with open("merges.txt", "w") as file:
    file.write("#version: 0.2\na s\n\u0120 as\n")
CASES = {**{name: (["vocab.txt"], ["vocab_file"], "aspirin headache", [2, 5, 6, 7, 3], [2, 1, 1, 3])
            for name in ("BertTokenizer", "BertTokenizerFast", "DistilBertTokenizer", "ElectraTokenizer")},
         "RobertaTokenizer": (["vocab.json", "merges.txt"], ["vocab_file", "merges_file"], "as as", [0, 6, 7, 2], [2, 3])}
version, same = transformers.__version__, True
for name, (files, arguments, text, right, ignored) in CASES.items():
    make = getattr(transformers, name)
    named, positional = (tokenizer(text)["input_ids"] for tokenizer in (make(**dict(zip(arguments, files))), make(*files)))
    print(f"{version} {name}: vocab_file {named}, positional {positional}")
    same = same and positional == right and named == (right if version.startswith("4.") else ignored)
sys.exit(not same)
PYTHON
for version in 4.57.6 5.24.0; do
  python3 -m venv "venv-$version"
  "venv-$version/bin/pip" install -q transformers==$version
  "venv-$version/bin/python" check.py 2> errors.txt || { cat errors.txt; exit 1; }
done

#!/usr/bin/env bash
# label-studio-sdk 2.1.2: the CoNLL export of a text is one sequence, with the periods of all sentences but the last inside of words.
#
# Guess, before it was run: a sequence for each sentence, or at least for each line; periods are words; an entity that cannot be written
# is reported.
#
# The exporter splits words with NLTK's Treebank tokenizer, which expects one sentence: it separates a period at the end of the text only, so
# "breast cancer." has the words "breast" and "cancer.", and so it is with every entity at the end of a sentence. Blank lines stand
# between documents alone, so a letter of a thousand words is one sequence, and programs that cut after 512 tokens train on its beginning.
# Of two entities in one word the second is lost; of two that begin at one place the second is lost, or cut off where the first ends.
# Nothing is reported.
#
# Seen with label-studio-sdk 2.1.2, nltk 3.10.4:
#   sequences 1, of 4 sentences on 3 lines
#   words with a period inside: cancer. relief. aspirin.
#   Disease 'breast cancer.'
#   Drug 'aspirin-ibuprofen'
#   Drug 'aspirin.'
#   Anatomy 'liver'
#   Disease 'failure'
# Exits with 1 if that changes. Needs about 400 MB in a temporary folder.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q label-studio-sdk==2.1.2 nltk==3.10.4
cd "$folder"
cat > check.py <<'PYTHON'
import json
import sys

from label_studio_sdk.converter import Converter

CONFIG = """<View><Labels name="label" toName="text"><Label value="Drug"/><Label value="Disease"/><Label value="Anatomy"/></Labels>
<Text name="text" value="$text"/></View>"""
TEXT = """The patient had breast cancer. An aspirin-ibuprofen combination gave no relief.
Plan: stop aspirin.
Follow up for liver failure.
"""
ENTITIES = [("breast cancer", "Disease"), ("aspirin", "Drug"), ("ibuprofen", "Drug"), ("aspirin.", "Drug"), ("liver", "Anatomy"),
            ("liver failure", "Disease")]
results = []
for phrase, label in ENTITIES:
    start = TEXT.index(phrase)
    phrase = phrase.rstrip(".")
    results.append({"from_name": "label", "to_name": "text", "type": "labels",
                    "value": {"start": start, "end": start + len(phrase), "text": phrase, "labels": [label]}})
with open("export.json", "w") as file:
    json.dump([{"id": 1, "data": {"text": TEXT}, "annotations": [{"id": 1, "result": results}]}], file)
Converter(CONFIG, ".").convert_to_conll2003("export.json", "out", is_dir=False)
with open("out/result.conll") as file:
    blocks = [block.split("\n") for block in file.read().removeprefix("-DOCSTART- -X- O\n").strip().split("\n\n")]
rows = [(line.split(" ")[0], line.split(" ")[-1]) for line in blocks[0]]
entities = []
for word, tag in rows:
    if tag.startswith("B-"):
        entities.append((tag[2:], [word]))
    elif tag.startswith("I-"):
        entities[-1][1].append(word)
lines = [f"sequences {len(blocks)}, of 4 sentences on 3 lines",
         "words with a period inside: " + " ".join(word for word, _ in rows if len(word) > 1 and word.endswith("."))]
lines += [f"{label} {' '.join(words)!r}" for label, words in entities]
print("\n".join(lines))
sys.exit(lines != """sequences 1, of 4 sentences on 3 lines
words with a period inside: cancer. relief. aspirin.
Disease 'breast cancer.'
Drug 'aspirin-ibuprofen'
Drug 'aspirin.'
Anatomy 'liver'
Disease 'failure'""".split("\n"))
PYTHON
"$folder/venv/bin/python" check.py 2> errors.txt || { cat errors.txt; exit 1; }

"""Compares `tune tokenize` with the `tokenizers` library: ids, tokens and offsets of every text, none left out.

    python compare.py .build/release/tune MODEL_FOLDER [--sentences N] [DATA ...]

Takes 20,000 hostile texts and every text in DATA: files and folders of lines, tab-separated lines, JSON and JSON lines,
plain or .gz. Of a file with one word to a line, the sentences are put together too. With --sentences, the first N
sentences of each file's texts instead. Exits 1 where anything differs.
"""

import gzip
import itertools
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from hostile import hostile
from tokenizers import Tokenizer

sys.path.insert(0, str(Path(__file__).parent.parent / "bpe"))
from hostile_bpe import LONG, hostile_bpe  # noqa: E402


def strings(tree):
    if isinstance(tree, str):
        yield tree
    elif isinstance(tree, dict):
        for key, value in tree.items():
            yield key
            yield from strings(value)
    elif isinstance(tree, list):
        for value in tree:
            yield from strings(value)


def texts(path):
    raw = path.read_bytes()
    text = (gzip.decompress(raw) if path.suffix == ".gz" else raw).decode()
    kinds = path.suffixes
    if ".json" in kinds:
        return list(strings(json.loads(text)))
    lines = text.split("\n")
    if ".jsonl" in kinds:
        return [s for line in lines if line.strip() for s in strings(json.loads(line))]
    found = lines + [part for line in lines if "\t" in line for part in line.split("\t")]
    for block in text.split("\n\n"):
        found.append(" ".join(line.split("\t")[0] for line in block.split("\n")))
    return found


def sentences(path, count):
    raw = path.read_bytes()
    lines = (gzip.decompress(raw) if path.suffix == ".gz" else raw).decode().split("\n")
    if ".jsonl" in path.suffixes:
        lines = [s for line in lines if line.strip() for s in json.loads(line).values() if isinstance(s, str)]
    found = (s.strip() for line in lines for s in re.split(r"(?<=[.?!]) ", line))
    return list(itertools.islice(filter(None, found), count))


def ours(tune, model, batch):
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl", encoding="utf-8") as file:
        file.writelines(json.dumps({"text": text}) + "\n" for text in batch)
        file.flush()
        answer = subprocess.run([tune, "tokenize", model, file.name, "--json"], check=True, capture_output=True).stdout
    return [json.loads(line) for line in answer.decode().split("\n") if line]


def main(tune, model, *data):
    count = 0
    if data and data[0] == "--sentences":
        count, data = int(data[1]), data[2:]
    library = Tokenizer.from_file(f"{model}/tokenizer.json")
    library.no_truncation()
    library.no_padding()
    sources = {"hostile": hostile(10000), "hostile_bpe": hostile_bpe(10000) + LONG}
    for path in map(Path, data):
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if file.is_file() and file.suffix != ".md":
                sources[str(file)] = sentences(file, count) if count else texts(file)
    different = 0
    for name, batch in sources.items():
        answers = ours(tune, model, batch)
        assert len(answers) == len(batch), f"{name}: {len(batch)} texts, {len(answers)} answers"
        faults = 0
        for start in range(0, len(batch), 1000):
            theirs = library.encode_batch(batch[start:start + 1000])
            for text, mine, e in zip(batch[start:], answers[start:], theirs):
                if (mine["ids"], mine["tokens"], mine["offsets"]) != (e.ids, e.tokens, [list(o) for o in e.offsets]):
                    faults += 1
                    if faults <= 3:
                        print(repr(text), "\n  ours  ", mine, "\n  theirs", e.ids, e.tokens, e.offsets)
        print(f"{name}: {len(batch)} texts, {faults} different", flush=True)
        different += faults
    sys.exit(different > 0)


main(*sys.argv[1:])

"""Writes truncation.json and pairs.json with the tokenizers library. See README.md."""
import json
import random

from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import WhitespaceSplit

TOKENIZER = "../../../checkpoints/biomed-mini-l3/tokenizer.json"
MAX_LENGTHS = [8, 9, 16, 33, 64, 128, 511, 512]
rng = random.Random(20240811)


def truncation():
    """By room, then by the first text's tokens: two hexadecimal digits for each number of the second text's tokens."""
    tokenizer = Tokenizer(WordLevel({"a": 0, "b": 1, "[UNK]": 2}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = WhitespaceSplit()
    table = []
    for room in range(17):
        tokenizer.enable_truncation(room, strategy="longest_first")
        rows = []
        for first in range(15):
            ids = [tokenizer.encode("a " * first, "b " * second).ids for second in range(15)]
            rows.append(" ".join("%x%x" % (kept.count(0), kept.count(1)) for kept in ids))
        table.append(rows)
    return table


def text(words, count):
    """Words of the vocabulary, some of them joined, capitalized, numbers, other scripts, or without any token."""
    odd = ["(", ".", ",", "α-β", "12.5%", "naïve", "日本語", "🧪", "\u0007", "x" * 101, "pneumonoultramicroscopic", "[SEP]"]
    parts = []
    while len(parts) < count:
        word = rng.choice(words)
        kind = rng.random()
        if kind < 0.1:
            word += rng.choice(words)
        elif kind < 0.2:
            word = word.capitalize()
        elif kind < 0.3:
            word = rng.choice(odd)
        parts.append(word)
    return " ".join(parts)


def pairs():
    tokenizer = Tokenizer.from_file(TOKENIZER)
    tokenizer.no_padding()
    words = sorted(word for word in tokenizer.get_vocab() if word.isalpha() and len(word) > 2)
    cases = []
    for index in range(120):
        sizes = [0, 1, 2, 4, 8, 15, 30, 60] if index % 12 else [200, 400, 600]
        first = text(words, rng.choice(sizes))
        second = text(words, rng.choice(sizes)) if index % 6 else None
        if index % 12 == 1:  # equally long
            second = first
        if index in (6, 18):  # no token
            first = ["", " \u0007 "][index == 18]
        case = {"first": first, "second": second, "encodings": []}
        tokenizer.no_truncation()
        total = len(tokenizer.encode(first, second).ids)
        limits = rng.sample(MAX_LENGTHS, 3)
        for limit in limits:
            tokenizer.enable_truncation(limit, strategy="longest_first")
            encoding = tokenizer.encode(first, second)
            types = "".join(map(str, encoding.type_ids))
            assert types == types.count("0") * "0" + types.count("1") * "1"
            case["encodings"].append([limit, " ".join(map(str, encoding.ids)), types, total - len(encoding.ids)])
        cases.append(case)
    return cases


def write(path, items):
    with open(path, "w", encoding="utf-8") as out:
        lines = (json.dumps(item, ensure_ascii=False, separators=(",", ":")) for item in items)
        out.write("[\n" + ",\n".join(lines) + "\n]\n")


write("truncation.json", truncation())
write("pairs.json", pairs())

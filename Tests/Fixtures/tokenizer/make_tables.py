"""Asks the `tokenizers` library about every code point and writes what it answers as Swift tables.

    python make_tables.py ../../../Sources/Tokenization/Unicode

The library carries several Unicode versions at once (its control, punctuation and mark tables are of Unicode 8 or so,
its decompositions of 9, its lower case that of its Rust compiler), so no single version of Unicode answers as it does.
"""

import sys
import unicodedata
from pathlib import Path

import tokenizers
from tokenizers import AddedToken, Tokenizer, models, normalizers, pre_tokenizers

POINTS = [c for c in range(0x110000) if not 0xD800 <= c <= 0xDFFF]
HANGUL = range(0xAC00, 0xAC00 + 11172)
SPACES = {9, 10, 11, 12, 13, 32, 0x85, 0xA0, 0x1680, *range(0x2000, 0x200B), 0x2028, 0x2029, 0x202F, 0x205F, 0x3000}
IDEOGRAPHS = [(0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAFF), (0x20000, 0x2A6DF), (0x2A700, 0x2B81F),
              (0x2B920, 0x2CEAF), (0x2F800, 0x2FA1F)]


def bert(**on):
    options = dict(clean_text=False, handle_chinese_chars=False, strip_accents=False, lowercase=False)
    return normalizers.BertNormalizer(**{**options, **on}).normalize_str


nfd, clean, ideographs = normalizers.NFD().normalize_str, bert(clean_text=True), bert(handle_chinese_chars=True)
strip, lower, words = bert(strip_accents=True), bert(lowercase=True), pre_tokenizers.BertPreTokenizer().pre_tokenize_str


def removed():
    gone = set()
    for c in POINTS:
        answer = clean(f"a{chr(c)}b")
        assert answer in ("ab", "a b", f"a{chr(c)}b")
        if answer == "ab":
            gone.add(c)
        assert (answer == "a b") == (c in SPACES and c not in gone)
    assert all((ideographs(chr(c)) != chr(c)) == any(a <= c <= b for a, b in IDEOGRAPHS) for c in POINTS)
    return gone


def punctuation():
    found = set()
    for c in POINTS:
        pieces = len(words(f"a{chr(c)}b"))
        assert (pieces == 2) == (c in SPACES)
        if pieces == 3:
            found.add(c)
    return found


def word_characters():
    library = Tokenizer(models.WordLevel({"[UNK]": 0}, unk_token="[UNK]"))
    library.add_tokens([AddedToken("@@", single_word=True, normalized=False)])
    alone = library.token_to_id("@@")
    found = {c for c in POINTS if alone not in library.encode(f"@@{chr(c)}").ids}
    assert found == {c for c in POINTS if alone not in library.encode(f"{chr(c)}@@").ids}
    library = Tokenizer(models.WordLevel({"[UNK]": 0}, unk_token="[UNK]"))
    library.add_tokens([AddedToken("@@", rstrip=True, normalized=False)])
    assert {c for c in POINTS if len(library.encode(f"@@{chr(c)}").ids) == 1} == SPACES
    return found


def combining_classes(decomposed):
    """What stands still on both sides of a mark of class k, and moves around others, has class k."""
    def moves(a, b):
        return nfd(chr(a) + chr(b)) != chr(a) + chr(b)

    plain = [c for c in POINTS if c not in decomposed]
    known = [c for c in plain if moves(0x345, c) or moves(c, 0x334)]
    marks = {}
    for c in known:
        marks.setdefault(unicodedata.combining(chr(c)), c)
    found = {}
    for c in known:
        (found[c],) = [k for k, mark in marks.items() if not moves(mark, c) and not moves(c, mark)]
    return found


def pattern_classes():
    """1 for a letter, 2 for a number, 3 for whitespace, as GPT-2's pattern has them."""
    pieces = pre_tokenizers.ByteLevel(add_prefix_space=False).pre_tokenize_str
    found = {}
    for c in POINTS:
        alike = [len(pieces(text)) == 1 for text in (f"!{chr(c)}", f"a{chr(c)}", f"1{chr(c)}", f"{chr(c)}\n")]
        assert sum(alike) == 1 and alike[3] == (c in SPACES)
        if not alike[0]:
            found[c] = alike.index(True)
    return found


def composition_numbers(table):
    """First part (difference), second part, composite."""
    nfc = normalizers.NFC().normalize_str
    assert all(nfc(chr(c)) == chr(c) for c in range(0x300))
    pairs = []
    for c, parts in table.items():
        if c in HANGUL or nfc(parts) != chr(c):
            assert c in HANGUL or nfc(chr(c)) != chr(c)
            continue
        first = nfc(parts[:-1])
        assert len(first) == 1
        pairs.append((ord(first), ord(parts[-1]), c))
    pairs.sort()
    return [n for d, (_, second, c) in zip(deltas([p[0] for p in pairs]), pairs) for n in (d, second, c)]


def base36(n):
    digits = ""
    while n or not digits:
        n, d = divmod(n, 36)
        digits = "0123456789abcdefghijklmnopqrstuvwxyz"[d] + digits
    return digits


def literal(name, doc, numbers):
    lines, line = [], ""
    for word in map(base36, numbers):
        if len(line) + len(word) + 1 > 114:
            lines.append(line)
            line = ""
        line += (" " if line else "") + word
    body = "\n".join("    " + line for line in lines + [line])
    return f'  /// {doc}\n  static let {name}: StaticString = """\n{body}\n    """\n'


def deltas(sorted_numbers):
    return [b - a for a, b in zip([0] + sorted_numbers, sorted_numbers)]


def set_numbers(members):
    """The code points at which membership changes, as differences."""
    return deltas([c for c in range(0x110001) if (c in members) != (c - 1 in members)])


def map_numbers(values):
    """(difference, value from here on) wherever the value changes."""
    edges = [c for c in range(0x110001) if values.get(c, 0) != values.get(c - 1, 0)]
    return [n for d, c in zip(deltas(edges), edges) for n in (d, values.get(c, 0))]


def lower_numbers(lowered):
    """Runs: difference to the run before, count - 1, stride, zigzag of (lower - upper)."""
    runs = []
    for c in sorted(lowered):
        shift = lowered[c] - c
        if runs and runs[-1][3] == shift:
            start, count, stride, _ = runs[-1]
            gap = c - (start + (count - 1) * stride)
            if gap in (1, 2) and (count == 1 or gap == stride):
                runs[-1][1:3] = [count + 1, gap]
                continue
        runs.append([c, 1, 1, shift])
    starts = deltas([run[0] for run in runs])
    return [n for d, (_, count, stride, shift) in zip(starts, runs)
            for n in (d, count - 1, stride, shift * 2 if shift >= 0 else -shift * 2 - 1)]


def decomposition_numbers(table):
    keys = sorted(table)
    return [n for d, key in zip(deltas(keys), keys) for n in (d, len(table[key]), *map(ord, table[key]))]


def write(path, type_name, doc, literals):
    head = (f"/// {doc} Made by Tests/Fixtures/tokenizer/make_tables.py from tokenizers {tokenizers.__version__};\n"
            "/// numbers are in base 36 and separated by blanks.\n")
    path.write_text(head + f"enum {type_name} {{\n" + "\n".join(literals) + "}\n", encoding="utf-8")


def main(folder):
    table = {c: nfd(chr(c)) for c in POINTS if nfd(chr(c)) != chr(c)}
    assert all(c in table for c in HANGUL)
    marks = {c for c in POINTS if c not in table and strip(chr(c)) == ""}
    lowered = {c: lower(chr(c)) for c in POINTS if lower(chr(c)) != chr(c)}
    assert [c for c, low in lowered.items() if len(low) != 1] == [0x130]  # written out in Normalizer.swift
    singles = {c: ord(low) for c, low in lowered.items() if len(low) == 1}
    write(folder / "CharacterData.swift", "CharacterData", "What the library holds each code point to be.", [
        literal("removed", "Dropped by clean_text: edges of the ranges, each as the difference to the one before.",
                set_numbers(removed())),
        literal("punctuation", "Stands alone as a word: edges.", set_numbers(punctuation())),
        literal("marks", "Dropped by strip_accents after decomposition: edges.", set_numbers(marks)),
        literal("wordCharacters", "What a single_word token may not touch: edges.", set_numbers(word_characters())),
        literal("combiningClasses", "Edges, each followed by the canonical combining class from there on.",
                map_numbers(combining_classes(table))),
        literal("lowercase", "Runs: start (difference), count - 1, stride, zigzag of lower - upper.",
                lower_numbers(singles)),
    ])
    write(folder / "PatternData.swift", "PatternData", "What byte-level BPE needs to know of each code point.", [
        literal("classes", "Edges, each followed by the class from there on: 1 letter, 2 number, 3 whitespace, 0 other.",
                map_numbers(pattern_classes())),
        literal("compositions", "Canonical compositions without Hangul: first part (difference), second, composite.",
                composition_numbers(table)),
    ])
    write(folder / "DecompositionData.swift", "DecompositionData", "Full canonical decompositions without Hangul.", [
        literal("canonical", "Code point (difference), how many follow, and those.",
                decomposition_numbers({c: d for c, d in table.items() if c not in HANGUL})),
    ])


main(Path(sys.argv[1]))

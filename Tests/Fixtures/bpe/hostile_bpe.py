"""Texts that byte-level BPE stumbles over: those of ../tokenizer/hostile.py with other pieces put into them."""

import random
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tokenizer"))
from hostile import hostile  # noqa: E402

PIECES = [
    "<mask>", " <mask>", "  <mask>\n", "<s>", "</s>", "a<mask>b", "[MASK]", "two words", "two wordss", "don't", "'s", "''ll",
    "I'LL x'd", " 's", "   ", "\n\n", "  ", "|||IP_ADDRESS|||", "     x", "[unused3]", "\t\t a", "½ ²", "1e5", "٣", "Ⅻ",
    "\u3000x", "\xa0\xa0x", "\r\n\r\n", "a\u0300\u0316b", "\u1100\u1161\u11a8\u1161", "\u0958\u093c", "q\u0307\u0323", "ậ",
    "\u1e9b\u0323", "naïve", "nai\u0308ve", "abcab c bca", "ÃÃ", "\u0344", "\u09c7\u09be", "\U0001d15e\U0001d16d",
]
LONG = ["x" * 5000, "ab" * 20000, "é" * 3000, " " * 1000, "." * 999, "a b" * 500]


def hostile_bpe(count, seed=0):
    r = random.Random(seed)
    texts = []
    for text in hostile(count, seed):
        for _ in range(r.randrange(3)):
            k = r.randrange(len(text) + 1)
            text = text[:k] + r.choice(PIECES) + text[k:]
        texts.append(text)
    return (PIECES + texts)[:count]

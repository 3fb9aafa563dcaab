"""Texts that tokenizers stumble over, the same ones for the same seed."""

import random

WORDS = "the interleukin hepatitis Aβ (IL-2) p<0.05 BRCA1 unaffable naïve café Ångström co-occurrence".split()
SPECIAL = ["[SEP]", "[CLS]", "[MASK]", "[UNK]", "[PAD]", "[sep]", "a[SEP]b", " [MASK] ", "[MASK", "MASK]", "[[MASK]]"]
ODD = [
    "\0", "\ufffd", "\ufeff", "\u200b", "\u200c", "\u200d", "\xa0", "\r\n", "\r", "\n", "\t", "\x0b", "\x0c", "\x85",
    "\u2028", "\u2029", "\u180e", "\u2060", "\xad", "İ", "ẞ", "ß", "Σ", "ς", "ΑΣ", "Ⅻ", "ﬁ", "\u212b", "Å", "é",
    "e\u0301", "µ", "μ", "β", "\u2126", "가", "각", "\u1100\u1161\u11a8", "한국어", "日本語", "漢字", "\uf900", "العربية",
    "هَـٰذَا", "שָׁלוֹם", "हिन्दी", "👩‍👩‍👧‍👦", "🇩🇪", "👍🏽", "x" * 101, "ab" * 60, "é" * 60, "e\u0301" * 60, "…", "—",
    "‘’“”", "№", "½", "①", "ǅ", "\u0344", "\u0345", "\u0f73", "\u0f71\u0f72", "\U0001d165\U0001d16e", "\u302e\u302f",
    "\u0300\u0316\u0327", "\ue000", "\U000f0000", "\U0010ffff", "\ufdd0", "\u0378", "ŉ", "ǰ", "ΐ", *"$+~`^|<>=_",
]
MARKS = [chr(c) for r in [(0x300, 0x370), (0x591, 0x5C0), (0x64B, 0x660), (0x1DC0, 0x1E00), (0x20D0, 0x20F1),
                          (0x302A, 0x3030), (0xF71, 0xF85), (0x1D165, 0x1D173), (0x1D17B, 0x1D18C)] for c in range(*r)]
COMPOSED = [chr(c) for r in [(0xC0, 0x250), (0x1E00, 0x2000), (0x340, 0x345), (0x958, 0x960), (0xF73, 0xF82),
                             (0x2F800, 0x2F900), (0xAC00, 0xAC80), (0x1D15E, 0x1D165), (0xFB1D, 0xFB4F)]
            for c in range(*r)]
BLOCKS = [(0x80, 0x600), (0x300, 0x370), (0x600, 0x2000), (0x2000, 0x3400), (0x3400, 0xD800), (0xE000, 0x10000),
          (0x10000, 0x20000), (0x20000, 0x110000)]


def hostile(count, seed=0):
    r = random.Random(seed)
    texts = ["", "\0", "\ufeff", "\r\n", " ", "[SEP]", "\ufffd\0", "\u0301", "\u0301a", "\u0344\u0316", "İİ"]
    while len(texts) < count:
        parts = []
        for _ in range(r.randrange(1, 14)):
            parts.append(r.choice([
                lambda: r.choice(WORDS), lambda: r.choice(WORDS), lambda: r.choice(SPECIAL), lambda: r.choice(ODD),
                lambda: r.choice(ODD), lambda: chr(r.randrange(*r.choice(BLOCKS))), lambda: chr(r.randrange(0x80)),
                lambda: r.choice("aeiouAEINS") + "".join(r.choices(MARKS, k=r.randrange(5))),
                lambda: r.choice(COMPOSED) + "".join(r.choices(MARKS, k=r.randrange(3))),
            ])())
            if r.random() < 0.35:
                parts.append(" ")
        texts.append("".join(parts))
    return texts[:count]

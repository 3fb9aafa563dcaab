"""Writes golden.json: small tokenizers of our own, and what the `tokenizers` library makes of hostile texts with them.

    python make_golden.py > golden.json
"""

import itertools
import json

from hostile import hostile
from tokenizers import AddedToken, Tokenizer, models, normalizers, pre_tokenizers, processors

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
WORDS = ["the", "he", "##patitis", "##pat", "hep", "##a", "na", "##iv", "Na", "##ï", "##e", "beta", "caf", "caf\u00e9",
         "cafe\u0301", "##\u0301", "il", "IL", "i\u0307", "##\u0307", "σ", "##σ", "ß", "##ß", "漢", "가", "ᄀ", "##ᅡ", "-",
         "##-", ".", "[", "]", "mask", "##mask", "x" * 20, "##" + "x" * 20, "\u2028", "\\", "\"", "∑", "½"]
ADDED = [
    dict(content="[MASK]", lstrip=True, special=True), dict(content="two words", single_word=True),
    dict(content="Naïve", normalized=True), dict(content="café", normalized=True, single_word=True, rstrip=True),
    dict(content="β", normalized=False, lstrip=True, rstrip=True), dict(content="[MA", normalized=False),
    dict(content="ΑΣ", normalized=True, lstrip=True),
]
OWN = ["", "The hepatitis", "naïve NAÏVE nai\u0308ve", "  two words,two wordss  two words", "a [MASK] b[MASK]c [MA [mask]",
       "Naïvenaive naïve", "café  CAFÉ x cafés _café", " β \u2003ββ\n", "ΑΣ ας ΌΣΟΣ", "x" * 100, "x" * 101 + " he", "IL-2",
       "\u0344\u0316\u0f73a\u0327\u0301\u0316", "\U0001d165\U0001d16e\u302e\u302f", "각 각가 ㄱ", "漢字かな 豈", "İstanbul ẞ",
       "\ufeffhe\u200d\0he\ufffd\ue000", "a\u0085b\u000bc\u1680d", "👩\u200d👩\u200d👧🇩🇪", "\r\n", "[SEP][CLS]he[SEP]s"]


def library(clean, chinese, strip, lower, added, template, longest, prefix):
    letters = [chr(c) for c in itertools.chain(range(0x61, 0x7B), range(0x41, 0x5B, 3), range(0x391, 0x3CA, 7))]
    tokens = list(dict.fromkeys(SPECIAL + WORDS + letters + ["##" + c for c in letters[::2]]))
    model = models.WordPiece({t: i for i, t in enumerate(tokens)}, unk_token="[UNK]", max_input_chars_per_word=longest,
                             continuing_subword_prefix=prefix)
    tokenizer = Tokenizer(model)
    tokenizer.normalizer = normalizers.BertNormalizer(
        clean_text=clean, handle_chinese_chars=chinese, strip_accents=strip, lowercase=lower)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.add_special_tokens(SPECIAL[:4])
    for token in ADDED if added else [dict(content="[MASK]", special=True)]:
        special = token.get("special", False)
        tokenizer.add_tokens([AddedToken(**{"normalized": not special, **token})])
    if template == "bert":
        tokenizer.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    else:
        tokenizer.post_processor = processors.TemplateProcessing(
            single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)])
    return tokenizer


def main():
    golden = []
    for seed, options in enumerate([
        (True, True, None, True, False, "template", 100, "##"), (True, True, None, False, False, "bert", 100, "##"),
        (True, False, False, True, True, "template", 100, "##"), (False, True, True, False, True, "bert", 20, "##"),
        (True, True, None, True, True, "template", 100, ""),
    ]):
        tokenizer = library(*options)
        cases = []
        for text in OWN + hostile(60, seed):
            e = tokenizer.encode(text)
            cases.append({"text": text, "ids": e.ids, "tokens": e.tokens, "offsets": e.offsets})
        golden.append({"tokenizer": tokenizer.to_str(), "cases": cases})
    print(json.dumps(golden, indent=0, separators=(",", ":")).replace(",\n", ",").replace("[\n", "[").replace("\n]", "]"))


main()

"""Writes golden.json: small byte-level BPE folders, and what the `tokenizers` library makes of hostile texts with them.

    python make_golden.py > golden.json

Needs tokenizers and transformers 5: the folder without tokenizer.json is read as `AutoTokenizer` reads it.
"""

import json
import tempfile
from pathlib import Path

from hostile_bpe import PIECES, hostile_bpe
from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import AutoTokenizer

TEXT = """
The patient's interleukin-2 was 12.5 ng/mL; she didn't respond to 40 mg of the drug daily, and we've stopped it.
Hepatitis B and hepatitis C: patients with chronic hepatitis have had naïve cells — café, Ångström, β-blockers.
They'll be treated with 5-FU, 3 x 100 mg, for the patients' pain in the chest;  two  blanks   three.
In the trial, 120 patients were treated; the treatment was stopped in 12, and the others' responses were stable.
"""
WHITESPACE = "".join(map(chr, [*range(9, 14), 32, 0x85, 0xA0, 0x1680, *range(0x2000, 0x200B), 0x2028, 0x2029, 0x202F,
                               0x205F, 0x3000]))
ROBERTA = dict(bos_token="<s>", eos_token="</s>", cls_token="<s>", sep_token="</s>", pad_token="<pad>",
               unk_token="<unk>", mask_token="<mask>")
BERT = dict(cls_token="[CLS]", sep_token="[SEP]", pad_token="[PAD]", unk_token="[UNK]", mask_token="[MASK]",
            tokenizer_class="PreTrainedTokenizerFast")
SPECIAL = ["<s>", "<pad>", "</s>", "<unk>"]
ADDED = [
    AddedToken("two words", single_word=True), AddedToken("naïve", normalized=True, rstrip=True),
    AddedToken("ậ", normalized=True, lstrip=True), AddedToken("[MASK]", normalized=False, lstrip=True, rstrip=True),
    AddedToken("\n\n", normalized=False), AddedToken("  ", normalized=True),
]


def train():
    """The vocabulary and merges of TEXT."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.train_from_iterator(TEXT.split("\n"), trainers.BpeTrainer(
        vocab_size=330, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False))
    model = json.loads(tokenizer.to_str())["model"]
    return list(model["vocab"]), [tuple(pair) for pair in model["merges"]]


def bpe(tokens, merges, prefix, **options):
    tokenizer = Tokenizer(models.BPE(vocab={t: i for i, t in enumerate(tokens)}, merges=merges, **options))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=prefix)
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer


def roberta(tokens, merges, prefix, trim, **options):
    tokenizer = bpe(SPECIAL + tokens + ["<mask>"], merges, prefix, **options)
    tokenizer.add_special_tokens([*SPECIAL, AddedToken("<mask>", lstrip=True, special=True)])
    tokenizer.post_processor = processors.RobertaProcessing(
        ("</s>", 2), ("<s>", 0), trim_offsets=trim, add_prefix_space=prefix)
    return tokenizer


def sequence(tokens, merges):
    tokenizer = roberta(tokens, merges, True, True)
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFC()])
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True, use_regex=False)
    tokenizer.add_tokens(ADDED)
    tokenizer.post_processor = processors.Sequence([
        processors.ByteLevel(trim_offsets=True, add_prefix_space=True),
        processors.TemplateProcessing(single="<s> $A </s>", pair="<s> $A </s> $B:1 </s>:1",
                                      special_tokens=[("<s>", 0), ("</s>", 2)])])
    return tokenizer


def modernbert(tokens, merges):
    """As ModernBERT's own: runs of blanks as added tokens, which are matched in the normalized text."""
    tokenizer = bpe(["|||IP_ADDRESS|||", "<|padding|>", *tokens], merges, False)
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.add_tokens([AddedToken("|||IP_ADDRESS|||", normalized=True, special=False)])
    tokenizer.add_special_tokens(["<|padding|>"])
    tokenizer.add_tokens([AddedToken(" " * n, normalized=True) for n in range(24, 1, -1)])
    tokenizer.add_special_tokens(["[UNK]", "[CLS]", "[SEP]", "[PAD]", AddedToken("[MASK]", lstrip=True, special=True)])
    tokenizer.add_tokens([AddedToken(f"[unused{i}]", normalized=True) for i in range(4)])
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B [SEP]",
        special_tokens=[(t, tokenizer.token_to_id(t)) for t in ("[CLS]", "[SEP]")])
    return tokenizer


def folder(tokenizer, config, string_merges=False):
    tree = json.loads(tokenizer.to_str())
    if string_merges:
        tree["model"]["merges"] = [" ".join(pair) for pair in tree["model"]["merges"]]
    return {"tokenizer.json": json.dumps(tree, ensure_ascii=False, separators=(",", ":")),
            "tokenizer_config.json": json.dumps(config)}


def files_only(tokens, merges):
    vocabulary = {t: i for i, t in enumerate(SPECIAL + tokens + ["<mask>"])}
    return {"vocab.json": json.dumps(vocabulary),
            "merges.txt": "#version: 0.2\n" + "".join(f"{a} {b}\n" for a, b in merges),
            "tokenizer_config.json": json.dumps({"tokenizer_class": "RobertaTokenizer", "add_prefix_space": True}),
            "special_tokens_map.json": json.dumps(
                {"mask_token": dict(content="<mask>", lstrip=True, rstrip=False, normalized=False, single_word=False)})}


def load(files):
    if "tokenizer.json" in files:
        return Tokenizer.from_str(files["tokenizer.json"])
    with tempfile.TemporaryDirectory() as path:
        for name, text in (files | {"config.json": '{"model_type": "roberta"}'}).items():
            (Path(path) / name).write_text(text, encoding="utf-8")
        return AutoTokenizer.from_pretrained(path).backend_tokenizer


def words(text, encoding):
    """Of each word, as the pre-tokenizer splits them, the first token and the range without whitespace at its ends.
    Where bytes are dropped, the tokens do not tell the range."""
    found, last = [], None
    for i, (word, (start, end)) in enumerate(zip(encoding.word_ids, encoding.offsets)):
        if word != last:
            found.append([i, start, end])
        found[-1][2] = end
        last = word
    answer = []
    for i, start, end in found:
        word = text[start:end].lstrip(WHITESPACE)
        if word:
            start = end - len(word)
            answer.append([i, start, start + len(word.rstrip(WHITESPACE))])
    return answer


def main():
    tokens, merges = train()
    few = ["<s>", "</s>", "<pad>", "<unk>", "a", "b", "c", "ab", "Ġ", "Ġa", "bc", "abc", "Ã"]
    some = [("a", "b"), ("Ġ", "a"), ("b", "c"), ("ab", "c")]
    lacking = []
    for unk in (None, "<unk>"):
        tokenizer = bpe(few, some, True, unk_token=unk)
        tokenizer.add_special_tokens(["<s>", "</s>", "<pad>", "<unk>"])
        tokenizer.post_processor = processors.RobertaProcessing(("</s>", 1), ("<s>", 0))
        lacking.append(folder(tokenizer, {k: v for k, v in ROBERTA.items() if k != "mask_token"}))
    folders = [
        folder(roberta(tokens, merges, False, True), ROBERTA, string_merges=True),
        folder(roberta(tokens, merges, True, True), ROBERTA | {"add_prefix_space": True}),
        folder(roberta(tokens + ["pat ient"], merges[::-1], True, False, ignore_merges=True), ROBERTA),
        files_only(tokens, merges), folder(modernbert(tokens, merges), BERT), folder(sequence(tokens, merges), ROBERTA),
        *lacking,
    ]
    golden = []
    for seed, files in enumerate(folders):
        tokenizer = load(files)
        untrimmed = load(files)
        untrimmed.post_processor = processors.TemplateProcessing(single="$A", special_tokens=[])
        cases = []
        for text in PIECES + TEXT.split("\n")[1:3] + hostile_bpe(len(PIECES) + 24, seed)[len(PIECES):]:
            e = tokenizer.encode(text)
            cases.append({"text": text, "ids": e.ids, "tokens": e.tokens, "offsets": e.offsets,
                          "words": words(text, untrimmed.encode(text)) if seed != 6 else None})
        pair = tokenizer.encode("The patient", " naïve drug")
        golden.append({"files": files, "cases": cases,
                       "pair": {"ids": pair.ids, "tokens": pair.tokens, "offsets": pair.offsets}})
    print(json.dumps(golden, indent=0, separators=(",", ":"), ensure_ascii=True)
          .replace(",\n", ",").replace("[\n", "[").replace("\n]", "]"))


if __name__ == "__main__":
    main()

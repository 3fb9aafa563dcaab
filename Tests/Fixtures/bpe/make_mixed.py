"""Writes mixed.json: byte-level BPE folders whose files agree and disagree, and what transformers' AutoTokenizer makes of
texts, pairs with truncation and words with each.

    python make_mixed.py > mixed.json

Made with transformers 5.24.0 and tokenizers 0.23.3. A folder has the files of one of golden.json ("golden"), with others
beside or instead of them ("files"; null removes one). It has the results of transformers, or "error": what an error must
name, because transformers would ignore in silence what a file says, or cannot read the folder either.
"""

import json
import os
import tempfile
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"
from transformers import AutoTokenizer
from transformers.utils import logging

logging.set_verbosity_error()

GOLDEN = json.loads((Path(__file__).parent / "golden.json").read_text())
TEXTS = ["The patient's naïve [E1] x<mask>y", "  two  blanks\n [MASK] 12.5 ng/mL;", "e\u0301 <s> [E2]zolpi zolpi", "a</s> <m>b"]
PAIRS = [["The patient", "naïve cells"], ["", " was treated"], ["The patients had pain", "b"], ["a b c d e f g h", "hepatitis"]]
WORDS = ["The", "patient", "'s", "IL-2", "(", "naïve", ")", "."]
ROBERTA, FILES, MODERN, LACKING = 0, 3, 4, 6
roberta, modern = {"model_type": "roberta"}, {"model_type": "modernbert"}


def token(content, **flags):
    members = dict(content=content, single_word=False, lstrip=False, rstrip=False, normalized=False, special=True)
    return {**members, **flags}


def changed(index, section, **changes):
    """tokenizer.json with changes in one section."""
    tree = json.loads(GOLDEN[index]["files"]["tokenizer.json"])
    tree[section] = {**(tree[section] or {}), **changes}
    return tree


def folders():
    """(name, index, files, what the error names or None)"""
    config = json.loads(GOLDEN[ROBERTA]["files"]["tokenizer_config.json"])
    n, m = 335, json.loads(GOLDEN[MODERN]["files"]["tokenizer.json"])["added_tokens"][-1]["id"] + 1
    yield "RoBERTa", ROBERTA, {"config.json": roberta}, None
    yield "RoBERTa, the class named", ROBERTA, {
        "config.json": roberta, "tokenizer_config.json": {**config, "tokenizer_class": "RobertaTokenizerFast"}}, None
    yield "RoBERTa as it is", ROBERTA, {
        "config.json": roberta, "tokenizer_config.json": {**config, "tokenizer_class": "PreTrainedTokenizerFast"}}, None
    yield "RoBERTa, add_prefix_space in both files", 1, {"config.json": roberta}, None
    yield "RoBERTa, add_prefix_space in tokenizer_config.json only", ROBERTA, {
        "config.json": roberta, "tokenizer_config.json": {**config, "add_prefix_space": True}}, None
    yield "RoBERTa, add_prefix_space in tokenizer.json only", 1, {
        "config.json": roberta, "tokenizer_config.json": config}, ["tokenizer.json", "tokenizer_config.json", "add_prefix_space"]
    yield "add_prefix_space that the generic class ignores", ROBERTA, {
        "tokenizer_config.json": {**config, "tokenizer_class": "PreTrainedTokenizerFast", "add_prefix_space": True}}, [
        "tokenizer.json", "tokenizer_config.json", "add_prefix_space"]
    yield "NFC that RobertaTokenizer ignores", ROBERTA, {
        "config.json": roberta, "tokenizer.json": changed(ROBERTA, "normalizer", type="NFC")}, ["tokenizer.json", "normalizer"]
    yield "a template that RobertaTokenizer ignores", MODERN, {
        "config.json": roberta, "tokenizer_config.json": {}, "tokenizer.json": {
            **json.loads(GOLDEN[MODERN]["files"]["tokenizer.json"]), "normalizer": None}}, [
        "tokenizer.json", "tokenizer_config.json", "post_processor"]
    yield "files only", FILES, {"config.json": roberta}, None
    yield "files only, without a class", FILES, {"config.json": roberta, "tokenizer_config.json": None}, None
    yield "files only, special tokens by both files", FILES, {
        "config.json": roberta, "tokenizer_config.json": {
                "mask_token": {"__type": "AddedToken", **token("<m>", lstrip=True)}, "extra_special_tokens": ["[E1]"]},
        "special_tokens_map.json": {"additional_special_tokens": ["[E2]"]}}, None
    yield "files only, added_tokens.json", FILES, {
        "config.json": roberta, "added_tokens.json": {"[E1]": n, "zolpi": n + 1}}, None
    yield "files only, added_tokens.json with a wrong id", FILES, {
        "config.json": roberta, "added_tokens.json": {"[E1]": n + 4}}, ["added_tokens.json", "vocab.json", "[E1]"]
    yield "files only, added_tokens_decoder", FILES, {
        "config.json": roberta, "tokenizer_config.json": {"add_prefix_space": True, "added_tokens_decoder": {
            str(n): token("[E1]", lstrip=True), str(n + 1): token("zolpi", special=False, normalized=True, single_word=True)}}}, None
    yield "added tokens beside tokenizer.json", ROBERTA, {
        "config.json": roberta, "added_tokens.json": {"[E1]": n}, "tokenizer_config.json": {**config, "cls_token": "[E2]"}}, None
    yield "other flags in added_tokens_decoder", ROBERTA, {
        "config.json": roberta, "tokenizer_config.json": {**config, "added_tokens_decoder": {
            "0": token("<s>"), "2": token("</s>", rstrip=True), str(n): token("[E1]", special=False)}}}, None
    yield "ModernBERT", MODERN, {"config.json": modern}, None
    yield "ModernBERT, another class named", MODERN, {
        "config.json": modern, "tokenizer_config.json": {
            **json.loads(GOLDEN[MODERN]["files"]["tokenizer_config.json"]), "tokenizer_class": "RobertaTokenizer"}}, None
    yield "ModernBERT, extra special tokens", MODERN, {
        "config.json": modern, "special_tokens_map.json": {"additional_special_tokens": ["[E1]"], "mask_token": token("[MASK]")},
        "added_tokens.json": {"zolpi": m}}, None
    yield "a sequence of processors", 5, {}, None
    yield "BPE and BertTokenizer", ROBERTA, {"config.json": {"model_type": "bert"}}, ["tokenizer.json", "BertTokenizer", "BPE"]
    yield "a class of another family", ROBERTA, {
        "tokenizer_config.json": {**config, "tokenizer_class": "GPT2Tokenizer"}}, ["tokenizer_config.json", "GPT2Tokenizer"]


def results(folder):
    tokenizer = AutoTokenizer.from_pretrained(folder)
    pairs = [tokenizer(a, b, truncation="longest_first", max_length=length)["input_ids"] for a, b in PAIRS for length in (9, 64)]
    words = tokenizer(WORDS, is_split_into_words=True)
    starts, ids = words.word_ids(), words["input_ids"]
    return {"ids": [tokenizer(text)["input_ids"] for text in TEXTS], "pairs": pairs, "words": {
        "ids": ids, "starts": [starts.index(word) for word in range(len(WORDS))]},
        "cut": [tokenizer(text, truncation=True, max_length=8)["input_ids"] for text in TEXTS]}


def main():
    found = []
    for name, index, files, error in folders():
        folder = {"name": name, "golden": index, "files": files}
        if error:
            folder["error"] = error
        else:
            with tempfile.TemporaryDirectory() as path:
                for file, text in {**GOLDEN[index]["files"], **files}.items():
                    if text is not None:
                        (Path(path) / file).write_text(text if isinstance(text, str) else json.dumps(text), encoding="utf-8")
                folder |= results(path)
        found.append(folder)
    text = lambda value: json.dumps(value, separators=(",", ":"))
    print('{"texts":' + text(TEXTS) + ',"pairs":' + text(PAIRS) + ',"words":' + text(WORDS) + ',\n"folders":[\n'
          + ",\n".join(text(folder) for folder in found) + "\n]}")


main()

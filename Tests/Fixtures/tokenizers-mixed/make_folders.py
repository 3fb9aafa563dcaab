"""Writes folders.json: tokenizer folders whose files agree and disagree, and what transformers' AutoTokenizer makes of
texts with each. Made with transformers 5.24.0 and tokenizers 0.23.3:

    python make_folders.py > folders.json

A folder is the list of its files. In them, {"vocabulary": NAME} stands for the vocabulary: the lines of vocab.txt, or the
`vocab` of tokenizer.json. A folder has "ids", those of transformers, or "error": what an error must name, because
transformers would ignore in silence what a file says, or cannot read the folder either.

    python make_folders.py --check FOLDER     opens the tokenizers that the test saved there (TUNE_SAVED_TOKENIZERS=FOLDER)
"""

import copy
import json
import os
import sys
import tempfile

os.environ["HF_HUB_OFFLINE"] = "1"
from transformers import AutoTokenizer
from transformers.utils import logging

logging.set_verbosity_error()

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
LETTERS = [chr(c) for c in range(0x61, 0x7B)]
BASE = SPECIAL + ["[E1]", "aspirin", "naive", "naïve", "cafe", "dose", "漢", "字", "漢字", "[", "]", "/", "-", "<", ">", "e1", "e2",
                  "1", "2", "mask", "é", "##é"] + LETTERS + ["##" + c for c in LETTERS] + ["##1", "##2"]
# Enough words that a few capitals are less than 1 % of them.
FILLER = [a + b + "q" for a in LETTERS for b in LETTERS[:20]]
VOCABULARIES = {
    "mostly uncased": BASE + FILLER + ["Aspirin", "Naïve", "E1", "E"],
    "cased": BASE + ["Aspirin", "Naïve", "Dose", "E1", "E2", "E"] + [c.upper() for c in LETTERS if c != "e"],
    "other names": ["<pad>", "<unk>", "<s>", "</s>", "<mask>"] + BASE[6:] + FILLER[:100] + ["Aspirin"],
    "both names": BASE + FILLER + ["Aspirin", "<pad>", "<unk>", "<s>", "</s>", "<mask>"],
}
TEXTS = [
    "Aspirin naïve CAFÉ e1 [E1] x[E1]y [MASK] [mask]", "漢字 Naïve aspirin[SEP]dose E1 e2", " [E2] a [E2]b  [e2] /<mask> ",
    "zolpi ZOLPI zolpidem", "<s> <unk> [UNK] ∑ [CLS]", "a" * 101 + " é e\u0301",
]


def token(content, id=None, **flags):
    """A member of `added_tokens` (with an id) or of `added_tokens_decoder`."""
    special = flags.get("special", True)
    members = dict(content=content, single_word=False, lstrip=False, rstrip=False, normalized=not special, special=special)
    return {**({} if id is None else {"id": id}), **members, **flags}


def tokenizer_json(vocabulary, lowercase=True, accents=None, chinese=True, clean=True, added=(), unk="[UNK]", longest=100,
                   cls="[CLS]", sep="[SEP]", specials=SPECIAL, processor="template", **other):
    """tokenizer.json with its vocabulary by name."""
    ids = {t: i for i, t in enumerate(VOCABULARIES[vocabulary])}
    piece = lambda t: {"SpecialToken": {"id": t, "type_id": 0}}
    template = {"type": "TemplateProcessing", "single": [piece(cls), {"Sequence": {"id": "A", "type_id": 0}}, piece(sep)],
                "pair": [piece(cls), {"Sequence": {"id": "A", "type_id": 0}}, piece(sep),
                         {"Sequence": {"id": "B", "type_id": 1}}, piece(sep)],
                "special_tokens": {t: {"id": t, "ids": [ids[t]], "tokens": [t]} for t in (cls, sep)}}
    bert = {"type": "BertProcessing", "sep": [sep, ids[sep]], "cls": [cls, ids[cls]]}
    return {
        "version": "1.0", "truncation": None, "padding": None,
        "added_tokens": [token(t, ids[t]) for t in specials if t in ids] + list(added),
        "normalizer": {"type": "BertNormalizer", "clean_text": clean, "handle_chinese_chars": chinese,
                       "strip_accents": accents, "lowercase": lowercase},
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": {"template": template, "bert": bert, "none": None}[processor],
        "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": True},
        "model": {"type": "WordPiece", "unk_token": unk, "continuing_subword_prefix": "##",
                  "max_input_chars_per_word": longest, "vocab": {"vocabulary": vocabulary}}, **other}


def folders():
    """(name, files, text of tune's error or None)"""
    T, U, C = tokenizer_json, "mostly uncased", "cased"
    n = len(VOCABULARIES[U])
    bert, distil, vocab = {"model_type": "bert"}, {"model_type": "distilbert"}, {"vocabulary": U}
    for cls in ["BertTokenizer", "BertTokenizerFast", "DistilBertTokenizer", "DistilBertTokenizerFast", "ElectraTokenizer"]:
        yield f"cased by tokenizer_config.json, {cls}", {
            "tokenizer.json": T(U), "tokenizer_config.json": {"tokenizer_class": cls, "do_lower_case": False}}, None
    for cls in ["PreTrainedTokenizerFast", "TokenizersBackend"]:
        yield f"lower case by tokenizer.json, {cls}", {
            "tokenizer.json": T(U), "config.json": bert,
            "tokenizer_config.json": {"tokenizer_class": cls, "do_lower_case": False}}, None
    yield "the model's type decides: bert", {
        "tokenizer.json": T(U), "config.json": bert, "tokenizer_config.json": {"do_lower_case": False}}, None
    yield "the model's type decides: distilbert", {
        "tokenizer.json": T(U), "config.json": distil, "tokenizer_config.json": {"do_lower_case": False}}, None
    yield "config.json names the class", {
        "tokenizer.json": T(C, lowercase=False), "config.json": {**bert, "tokenizer_class": "PreTrainedTokenizerFast"}}, None
    yield "tokenizer_config.json before config.json", {
        "tokenizer.json": T(C, lowercase=False), "config.json": {**bert, "tokenizer_class": "PreTrainedTokenizerFast"},
        "tokenizer_config.json": {"tokenizer_class": "BertTokenizer", "do_lower_case": True}}, None
    yield "tokenizer.json alone, cased", {"tokenizer.json": T(C, lowercase=False)}, None
    yield "tokenizer.json alone, lower case", {"tokenizer.json": T(U, processor="bert")}, None
    yield "no class, no model type", {
        "tokenizer.json": T(U), "tokenizer_config.json": {"do_lower_case": False}, "config.json": {"hidden_size": 4}}, None
    yield "tokenizer.json is cased, nobody else says so", {
        "tokenizer.json": T(C, lowercase=False), "config.json": bert}, ["tokenizer.json", "tokenizer_config.json", "do_lower_case"]
    for key, setting, here, there in [
            ("accents", "strip_accents", False, True), ("accents", "strip_accents", True, None),
            ("chinese", "tokenize_chinese_chars", False, True), ("chinese", "tokenize_chinese_chars", True, False)]:
        yield f"{setting}: {here} in tokenizer.json, {there} in tokenizer_config.json", {
            "tokenizer.json": T(U, **{key: here}), "config.json": bert,
            "tokenizer_config.json": {"do_lower_case": True, setting: there}}, None
    yield "strip_accents only in tokenizer.json", {
        "tokenizer.json": T(U, accents=False), "config.json": bert, "tokenizer_config.json": {"do_lower_case": True}}, [
        "tokenizer.json", "tokenizer_config.json", "strip_accents"]
    yield "Chinese characters only in tokenizer.json", {
        "tokenizer.json": T(U, chinese=False), "config.json": bert, "tokenizer_config.json": {"do_lower_case": True}}, [
        "tokenizer.json", "tokenizer_config.json", "tokenize_chinese_chars"]
    yield "strip_accents, generic", {
        "tokenizer.json": T(U, accents=False, chinese=False, clean=False, longest=200),
        "tokenizer_config.json": {"tokenizer_class": "PreTrainedTokenizerFast", "strip_accents": True}}, None
    for name, changes in [("clean_text", {"clean": False}), ("max_input_chars_per_word", {"longest": 200})]:
        yield f"{name} that BertTokenizer ignores", {
            "tokenizer.json": T(U, **changes), "config.json": bert, "tokenizer_config.json": {"do_lower_case": True}}, [
            "tokenizer.json", "tokenizer_config.json", name]
    yield "an unknown token that BertTokenizer ignores", {
        "tokenizer.json": T("both names", unk="<unk>"), "config.json": bert}, ["tokenizer_config.json", "unk_token"]
    yield "a template that BertTokenizer ignores", {
        "tokenizer.json": T("both names", cls="<s>", sep="</s>"), "config.json": bert}, ["tokenizer_config.json", "post_processor"]
    yield "no template, generic", {"tokenizer.json": T(U, processor="none")}, ["post_processor"]
    yield "no template, bert", {"tokenizer.json": T(U, processor="none"), "config.json": bert}, None
    names = dict(pad_token="<pad>", unk_token="<unk>", cls_token="<s>", sep_token="</s>", mask_token="<mask>")
    yield "special tokens of other names, vocab.txt", {
        "vocab.txt": {"vocabulary": "other names"}, "config.json": bert, "tokenizer_config.json": {**names, "do_lower_case": True}}, None
    yield "special tokens by special_tokens_map.json, vocab.txt", {
        "vocab.txt": {"vocabulary": "other names"}, "config.json": bert, "special_tokens_map.json": names}, None
    yield "special tokens: tokenizer_config.json against tokenizer.json", {
        "tokenizer.json": T("both names"), "config.json": bert, "tokenizer_config.json": names}, None
    yield "special tokens: tokenizer_config.json beside tokenizer.json, generic", {
        "tokenizer.json": T("both names"), "tokenizer_config.json": names}, None
    yield "special tokens: special_tokens_map.json against tokenizer_config.json", {
        "vocab.txt": {"vocabulary": "both names"}, "config.json": bert, "special_tokens_map.json": names,
        "tokenizer_config.json": {"cls_token": "[CLS]", "sep_token": "[SEP]", "unk_token": "[UNK]"}}, None
    yield "special tokens: the map is not read beside added_tokens_decoder", {
        "vocab.txt": {"vocabulary": "both names"}, "config.json": bert, "special_tokens_map.json": names,
        "tokenizer_config.json": {"added_tokens_decoder": {}}}, None
    yield "special tokens as objects in special_tokens_map.json", {
        "vocab.txt": vocab, "config.json": bert, "special_tokens_map.json": {
            "mask_token": {**token("[MASK]"), "lstrip": True}, "cls_token": token("[CLS]")}}, None
    yield "special tokens as typed objects in tokenizer_config.json", {
        "vocab.txt": vocab, "config.json": bert, "tokenizer_config.json": {
            "mask_token": {"__type": "AddedToken", **token("[MASK]"), "lstrip": True, "rstrip": True},
            "additional_special_tokens": [{"__type": "AddedToken", **token("[E1]", special=False)}]}}, None
    yield "no mask token", {
        "vocab.txt": vocab, "config.json": bert, "tokenizer_config.json": {"mask_token": None}}, None
    yield "do_lower_case in special_tokens_map.json", {
        "vocab.txt": vocab, "config.json": bert, "special_tokens_map.json": {"do_lower_case": False}}, None
    for key in ["additional_special_tokens", "extra_special_tokens"]:
        for file in ["tokenizer_config.json", "special_tokens_map.json"]:
            yield f"{key} in {file}, vocab.txt", {
                "vocab.txt": vocab, "config.json": bert, file: {key: ["[E1]", "[E2]"]}}, None
        yield f"{key}, tokenizer.json", {
            "tokenizer.json": T(U), "config.json": bert, "tokenizer_config.json": {key: ["[E1]", "[E2]", "/"]}}, None
        yield f"{key}, generic", {"tokenizer.json": T(U), "tokenizer_config.json": {key: ["[E1]", "[E2]"]}}, None
    yield "both lists in both files", {
        "vocab.txt": vocab, "config.json": bert,
        "tokenizer_config.json": {"additional_special_tokens": ["[E1]"], "extra_special_tokens": ["/"]},
        "special_tokens_map.json": {"additional_special_tokens": ["[E2]"], "extra_special_tokens": ["dose", "/"]}}, None
    yield "additional_special_tokens that differ", {
        "vocab.txt": vocab, "config.json": bert, "tokenizer_config.json": {"additional_special_tokens": ["[E1]"]},
        "special_tokens_map.json": {"additional_special_tokens": ["[E2]"]}}, None
    yield "extra_special_tokens as a dictionary", {
        "vocab.txt": vocab, "config.json": bert,
        "tokenizer_config.json": {"extra_special_tokens": {"entity_token": "[E1]", "slash": "/"}}}, None
    yield "extra_special_tokens as a dictionary in special_tokens_map.json", {
        "tokenizer.json": T(U), "config.json": bert, "special_tokens_map.json": {"extra_special_tokens": {"entity_token": "[E2]"}}}, None
    yield "a token of the model's own", {
        "vocab.txt": vocab, "config.json": bert, "tokenizer_config.json": {"entity_token": "[E1]", "bos_token": "[CLS]",
                                                                          "eos_token": "[E2]"}}, None
    yield "model_specific_special_tokens", {
        "vocab.txt": vocab, "config.json": bert, "tokenizer_config.json": {"model_specific_special_tokens": {"entity_token": "[E2]"}}}, None
    yield "two new tokens without an order", {
        "vocab.txt": vocab, "config.json": bert, "tokenizer_config.json": {"extra_special_tokens": {"a": "[E2]", "b": "[E3]"}}}, [
        "tokenizer_config.json", "vocab.txt", "[E2]"]
    decoder = {str(i): token(t) for i, t in enumerate(SPECIAL)}
    yield "added_tokens_decoder with a new token, vocab.txt", {
        "vocab.txt": vocab, "config.json": bert, "tokenizer_config.json": {
            "added_tokens_decoder": {**decoder, str(n): token("[E2]", lstrip=True), "5": token("[E1]", special=False)}}}, None
    yield "added_tokens_decoder against tokenizer.json, bert", {
        "tokenizer.json": T(U, added=[token("[E1]", 5), token("[E2]", n, rstrip=True)]), "config.json": bert,
        "tokenizer_config.json": {"added_tokens_decoder": {**decoder, str(n): token("[E2]", lstrip=True)}}}, None
    yield "added_tokens_decoder against tokenizer.json, generic", {
        "tokenizer.json": T(U, added=[token("[E1]", 5), token("[E2]", n, rstrip=True)]),
        "tokenizer_config.json": {"added_tokens_decoder": {**decoder, str(n): token("[E2]", lstrip=True), "5": token("[E1]", special=False)}}}, None
    yield "added_tokens_decoder with a wrong id", {
        "vocab.txt": vocab, "config.json": bert, "tokenizer_config.json": {"added_tokens_decoder": {str(n + 3): token("[E2]")}}}, [
        "tokenizer_config.json", "vocab.txt", "[E2]"]
    yield "tokenizer.json with added tokens, bert", {
        "tokenizer.json": T(U, added=[token("[E1]", 5), token("[E2]", n, special=False), token("zolpi", n + 1, special=False, single_word=True)]),
        "config.json": bert, "tokenizer_config.json": {"additional_special_tokens": ["[E1]"]}}, None
    for name, files in [("vocab.txt", {"vocab.txt": vocab, "config.json": bert}), ("tokenizer.json", {"tokenizer.json": T(U), "config.json": bert}),
                        ("tokenizer.json, generic", {"tokenizer.json": T(U)})]:
        yield f"added_tokens.json beside {name}", {**files, "added_tokens.json": {"[E2]": n, "zolpi": n + 1}}, None
        yield f"added_tokens.json beside {name}, special by tokenizer_config.json", {
            **files, "added_tokens.json": {"[E2]": n}, "tokenizer_config.json": {"additional_special_tokens": ["[E2]"]}}, None
        yield f"added_tokens.json beside {name}, special by special_tokens_map.json", {
            **files, "added_tokens.json": {"[E2]": n, "zolpi": n + 1}, "special_tokens_map.json": {"additional_special_tokens": ["[E2]"]}}, None
    yield "added_tokens.json with a wrong id", {
        "vocab.txt": vocab, "config.json": bert, "added_tokens.json": {"[E2]": n + 5}}, ["added_tokens.json", "vocab.txt", "[E2]"]
    yield "added_tokens.json is not read beside added_tokens_decoder", {
        "vocab.txt": vocab, "config.json": bert, "added_tokens.json": {"[E2]": n},
        "tokenizer_config.json": {"added_tokens_decoder": decoder}}, None
    yield "added_tokens.json and tokenizer.json with the same token", {
        "tokenizer.json": T(U, added=[token("[E2]", n)]), "config.json": bert, "added_tokens.json": {"[E2]": n, "zolpi": n + 1}}, None
    yield "padding in tokenizer.json names a token, generic", {
        "tokenizer.json": T(U, padding={"strategy": "BatchLongest", "direction": "Right", "pad_to_multiple_of": None,
                                        "pad_id": 0, "pad_type_id": 0, "pad_token": "l"})}, None
    yield "vocab.txt that differs from tokenizer.json", {
        "tokenizer.json": T(U), "vocab.txt": {"vocabulary": C}, "config.json": bert}, None
    yield "vocab.txt with a blank last line", {"vocab.txt": {"vocabulary": U, "end": "\n\n"}, "config.json": bert}, None
    yield "vocab.txt with blank last lines and an added token", {
        "vocab.txt": {"vocabulary": U, "end": "\n\n \n\n"}, "config.json": bert,
        "tokenizer_config.json": {"additional_special_tokens": ["[E2]"]}}, None
    yield "vocab.txt without a last line terminator", {"vocab.txt": {"vocabulary": U, "end": ""}, "config.json": bert}, None
    yield "vocab.txt with CR LF and trailing spaces", {
        "vocab.txt": {"vocabulary": U, "separator": " \r\n", "end": "\r\n"}, "config.json": bert}, None
    yield "vocab.txt and config.json of a cased model", {"vocab.txt": {"vocabulary": C}, "config.json": bert}, ["do_lower_case", "model.lowercase"]
    yield "a cased vocabulary and do_lower_case false", {
        "vocab.txt": {"vocabulary": C}, "config.json": distil, "tokenizer_config.json": {"do_lower_case": False}}, None
    yield "a cased vocabulary and do_lower_case true", {
        "vocab.txt": {"vocabulary": C}, "config.json": bert, "tokenizer_config.json": {"do_lower_case": True}}, None
    yield "special tokens split", {
        "vocab.txt": vocab, "config.json": bert, "tokenizer_config.json": {"split_special_tokens": True}}, ["split_special_tokens"]
    yield "PreTrainedTokenizerFast without tokenizer.json", {
        "vocab.txt": vocab, "config.json": bert, "tokenizer_config.json": {"tokenizer_class": "PreTrainedTokenizerFast"}}, [
        "tokenizer_config.json", "vocab.txt"]
    yield "a class of another family", {
        "tokenizer.json": T(U), "config.json": bert, "tokenizer_config.json": {"tokenizer_class": "MPNetTokenizer"}}, ["MPNetTokenizer"]


def expanded(contents):
    """The text of a file."""
    if list(contents)[:1] == ["vocabulary"]:
        return contents.get("separator", "\n").join(VOCABULARIES[contents["vocabulary"]]) + contents.get("end", "\n")
    contents = copy.deepcopy(contents)
    if "model" in contents:
        name = contents["model"]["vocab"]["vocabulary"]
        contents["model"]["vocab"] = {t: i for i, t in enumerate(VOCABULARIES[name])}
    return json.dumps(contents, ensure_ascii=False)


def ids(path):
    """transformers' ids of the texts."""
    tokenizer = AutoTokenizer.from_pretrained(path)
    return [tokenizer(text)["input_ids"] for text in TEXTS]


def reference(files):
    with tempfile.TemporaryDirectory() as path:
        for name, contents in files.items():
            with open(f"{path}/{name}", "w", newline="") as f:
                f.write(expanded(contents))
        return ids(path)


def check(saved):
    """Compares the ids of saved tokenizers with those of the folders that they came from."""
    wrong = [name for i, (name, files, error) in enumerate(folders()) if not error and ids(f"{saved}/{i}") != reference(files)]
    print(f"{len(wrong)} of {sum(not error for _, _, error in folders())} differ", *wrong, sep="\n")


def main():
    result = []
    for name, files, error in folders():
        folder = {"name": name, "files": files}
        if error:
            folder["error"] = error
        else:
            folder["ids"] = reference(files)
        result.append(folder)
    text = lambda value: json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    print('{"texts":' + text(TEXTS) + ',\n"vocabularies":' + text(VOCABULARIES) + ',\n"folders":[\n'
          + ",\n".join(text(folder) for folder in result) + "\n]}")


check(sys.argv[2]) if sys.argv[1:2] == ["--check"] else main()

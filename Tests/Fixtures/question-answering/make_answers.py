"""Writes answers.json: windows and answers of transformers' example script run_qa.py, over tokenizers of this repository.

Each question has its windows (ids, token types, and the first and the last token of the answer, from the script's rules),
random logits for every token, and what the script's postprocess_qa_predictions makes of them. Three things differ from the
script: blanks around an answer are left out before its tokens are looked up; an answer that begins in the last token of a
window is labeled there (the script goes on to [SEP] and the padding); and a character of several tokens, as byte-level BPE has
them, is an answer's with all of its tokens (the script begins with the last and ends with the first of them).

usage: python make_answers.py FOLDER     (with the script's utils_qa.py, whose function also returns what it would save;
                                          transformers 5.24.0, tokenizers 0.23.3, numpy)
"""
import json
import pathlib
import random
import sys
import tempfile

import numpy
from transformers import AutoTokenizer

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, sys.argv[1])
from utils_qa import postprocess_qa_predictions  # noqa: E402

rng = random.Random(11)
WORDS = ("aspirin liver cell gene the dose of drugs cells, in. (a) b-c dosing genes' d e f g. h i é naïve 🧬 “x” y z-1 "
         "\u00a0 e\u0301 livers Z. Drug").split(" ")
BLANKS = [" ", " ", " ", "  ", "\n", "\t "]
SETTINGS = dict(max_length=40, stride=12)


def text(n):
    return "".join(rng.choice(WORDS) + rng.choice(BLANKS) for _ in range(n))


def folders():
    yield "tiny-bert", [3, 10, 30, 60, 60], HERE.parent / "tiny-bert"
    golden = json.loads((HERE.parent / "bpe" / "golden.json").read_text())[0]["files"]
    folder = pathlib.Path(tempfile.mkdtemp())
    for name, content in golden.items():
        (folder / name).write_text(content if isinstance(content, str) else json.dumps(content))
    yield "bpe", [2, 6, 12], folder


def question(index, lengths):
    context = text(rng.choice(lengths))
    words = [(i, c) for i, c in enumerate(context) if not c.isspace()]
    start = rng.choice(words)[0]
    length = rng.choice([1, 3, 8, 20, len(context) - start])
    answers = [] if rng.random() < 0.2 else [dict(text=context[start:start + length], answer_start=start)]
    return dict(id=str(index), question=rng.choice(["", " ", "\n"]) + text(rng.choice([1, 2, 4])), context=context,
                answers=answers)


def span(offsets, first, last, answers):
    """The script's prepare_train_features for the window with the context's tokens first...last."""
    if not answers:
        return [0, 0]
    answer = answers[0]["text"]
    start = answers[0]["answer_start"] + len(answer) - len(answer.lstrip())
    end = start + len(answer.strip())
    if not (offsets[first][0] <= start and offsets[last][1] >= end):
        return [0, 0]
    a, b = first, last
    while a <= last and offsets[a][0] <= start:
        a += 1
    while offsets[b][1] >= end:
        b -= 1
    a, b = a - 1, b + 1
    while a > first and offsets[a - 1] == offsets[a]:
        a -= 1
    while b < last and offsets[b + 1] == offsets[b]:
        b += 1
    return [a, b]


def windows(tokenizer, q):
    out = tokenizer(q["question"].lstrip(), q["context"], truncation="only_second", return_overflowing_tokens=True,
                    return_offsets_mapping=True, return_token_type_ids=True, **SETTINGS)
    for i, ids in enumerate(out["input_ids"]):
        rows = [k for k, s in enumerate(out.sequence_ids(i)) if s == 1]
        offsets = [tuple(o) if k in rows else None for k, o in enumerate(out["offset_mapping"][i])]
        logits = [[x / 1000 for x in rng.sample(range(-6000, 6000), len(ids))] for _ in range(2)]  # no ties
        yield dict(ids=ids, types=out["token_type_ids"][i], span=span(offsets, rows[0], rows[-1], q["answers"]), start=logits[0],
                   end=logits[1]), dict(example_id=q["id"], offset_mapping=offsets)


result = {}
for name, lengths, folder in folders():
    tokenizer, cases = AutoTokenizer.from_pretrained(folder), []
    while len(cases) < 24:
        q = question(len(cases), lengths)
        if len(tokenizer(q["question"].lstrip(), add_special_tokens=False)["input_ids"]) > 16:  # half of a window
            continue
        settings = dict(n_best_size=rng.choice([1, 3, 5, 20]), max_answer_length=rng.choice([1, 4, 30]),
                        version_2_with_negative=len(cases) % 2 == 1, null_score_diff_threshold=rng.choice([0.0, 0.0, -2.0, 3.0]))
        made = list(windows(tokenizer, q))
        logits = [[numpy.array(w[key], dtype=numpy.float32) for w, _ in made] for key in ("start", "end")]
        try:
            texts, best, differences = postprocess_qa_predictions(
                dict(id=[q["id"]], context=[q["context"]]), [feature for _, feature in made], logits, **settings)
        except IndexError:  # the script fails if all candidates are blanks
            continue
        cases.append(q | settings | dict(
            windows=[w for w, _ in made], answer=texts[q["id"]], difference=differences.get(q["id"]),
            n_best=[[c["text"], round(c["probability"], 6)] for c in best[q["id"]]]))
    result[name] = cases
    print(name, sum(len(c["windows"]) for c in cases), "windows,", sum(w["span"] != [0, 0] for c in cases for w in c["windows"]), "with the answer")
(HERE / "answers.json").write_text(json.dumps(result).replace('}, {"id"', '},\n{"id"') + "\n")

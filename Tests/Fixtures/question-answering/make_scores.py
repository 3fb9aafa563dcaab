"""Writes scores.json: random and degenerate answers with the scores of the official SQuAD scripts.

Each case: right answers, predicted answer, and [exact match, F1] of version 1.1 (null without right answers, where the script
fails) and of version 2.0. Texts are of our own.

usage: python make_scores.py FOLDER     (with evaluate-v1.1.py and evaluate-v2.0.py; Python 3.11)
"""
import importlib.util
import json
import pathlib
import random
import sys

rng = random.Random(20261129)
HERE = pathlib.Path(__file__).resolve().parent
PARTS = (
    "the a an A The AN and then cell cells T-cell hepatitis A–E IL-2 5.0 50 5,0 α-synuclein ΑΣ ΣΑΣ Σ ΟΔΥΣΣΕΥΣ. ΣΣ's İstanbul "
    "naïve naïve Straße ﬁn x² ½ ⅷ 一 二a a二 a_the _a the_ a-the-an the– –the an's \"a\" (the) the,a . , - ' ! ~ ` ^ $ + < | "
    "« » … — “a” Ⅷ ① aͤ e\u0301 é ² ٣ ३ 𝟗 𝒶 🧬 ß ŉ ǰ"
).split()
BLANKS = [" ", " ", " ", "  ", "\t", "\n", "\u00a0", "\u2003", "\u3000", "\x1c", "\x1f", "\u200b", "\x85", ""]


def load(name):
    spec = importlib.util.spec_from_file_location("scorer", pathlib.Path(sys.argv[1]) / name)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def text(longest=6):
    return "".join(rng.choice(PARTS) + rng.choice(BLANKS) for _ in range(rng.randint(0, longest)))


def changed(answer):
    """The answer with words left out, added, or in another case."""
    words = [w for w in answer.split(" ") if rng.random() < 0.8] + ([rng.choice(PARTS)] if rng.random() < 0.4 else [])
    if rng.random() < 0.3:
        rng.shuffle(words)
    return rng.choice([str, str.upper, str.title])(" ".join(words))


v1, v2 = load("evaluate-v1.1.py"), load("evaluate-v2.0.py")
pairs = [([], ""), ([], "the"), ([], "x"), (["the"], "a"), (["the"], ""), ([""], ""), (["."], "!"), (["a", "x"], ""),
         (["x"], "X."), (["x x y"], "x y y"), (["é"], "e\u0301"), (["ΑΣ"], "ας"), (["ΑΣ"], "ασ"), (["Σ"], "σ")]
while len(pairs) < 600:
    gold = [text() for _ in range(rng.choice([0, 1, 1, 1, 2, 3, 4]))]
    pairs.append((gold, rng.choice([text(), "", changed(rng.choice(gold)) if gold else text()])))
cases = []
for gold, predicted in pairs:
    first = [v1.metric_max_over_ground_truths(f, predicted, gold) for f in (v1.exact_match_score, v1.f1_score)] if gold else None
    dataset = [{"paragraphs": [{"qas": [{"id": "1", "answers": [{"text": g} for g in gold]}]}]}]
    second = [scores["1"] for scores in v2.get_raw_scores(dataset, {"1": predicted})]
    cases.append([gold, predicted, first and [float(x) for x in first], [float(x) for x in second]])
(HERE / "scores.json").write_text(json.dumps(cases, ensure_ascii=True).replace("], [[", "],\n[[") + "\n")
print(len(cases), "cases;", sum(c[3][1] not in (0, 1) for c in cases), "with a fractional F1")

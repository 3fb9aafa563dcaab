"""Writes scores.json: random predictions of each kind of set of BLURB and BLUE, with the score by the suites' own rules.

usage: python make_scores.py  (numpy 2.4, seqeval 1.2.2, scipy 1.17.1, scikit-learn 1.9.1)

The rules are those of LinkBERT (src/seqcls/run_seqcls.py `PRF1`, src/seqcls/utils_hoc.py `eval_hoc`, scripts/preprocess_blurb.py
`process_PICO` with seqeval's report in src/tokcls/run_ner.py) and of BLUE (blue/eval_hoc.py, blue/eval_sts.py).
"""
import json
import random

import numpy as np
from scipy.stats import pearsonr
from seqeval.metrics import classification_report, f1_score
from sklearn.metrics import f1_score as sklearn_f1

rng = random.Random(13)


def divide(a, b):
    return a / b if b else 0.0


def prf1(gold, predicted):
    """Labels are numbers; 0 is that of no relation."""
    gold, predicted = np.array(gold), np.array(predicted)
    right = int(((gold == predicted) & (predicted != 0)).sum())
    p, r = divide(right, int((predicted != 0).sum())), divide(right, int((gold != 0).sum()))
    return divide(2 * p * r, p + r)


def blue_hoc(gold, predicted):
    """The harmonic mean of the documents' mean precision and mean recall; every gold document has a label."""
    p = np.mean([divide(sum(a & b for a, b in zip(g, q)), sum(q)) for g, q in zip(gold, predicted)])
    r = np.mean([divide(sum(a & b for a, b in zip(g, q)), sum(g)) for g, q in zip(gold, predicted)])
    return float(divide(2 * p * r, p + r))


def labels(count, classes, accuracy):
    gold = [rng.choice([0] * 3 + list(range(classes))) for _ in range(count)]
    return gold, [g if rng.random() < accuracy else rng.randrange(classes) for g in gold]


def tags(types, single):
    def row(length):
        out, previous = [], None
        for _ in range(length):
            kind = rng.choice([None, None] + types)
            out.append("O" if kind is None else ("I-" if kind == previous and not single else "B-") + kind)
            previous = kind
        return out

    gold = [row(rng.randrange(1, 12)) for _ in range(rng.randrange(1, 8))]
    predicted = [[t if rng.random() < 0.8 else rng.choice(["O"] + [p + k for k in types for p in ("B-", "I-")])
                  for t in r] for r in gold]
    return gold, predicted


def joined(rows):
    return "|".join(map(" ".join, rows))


cases = []
for index in range(60):
    count, accuracy = rng.choice([1, 3, 20, 80]), rng.choice([0.2, 0.6, 0.9])
    for classes in (6, 5, 2):
        gold, predicted = labels(count, classes, accuracy)
        cases.append(dict(rule="f1_micro", classes=classes, gold=gold, predicted=predicted, score=prf1(gold, predicted)))
    gold, predicted = labels(count, 5, accuracy)
    if any(gold) or any(predicted):
        # Over the types that occur.
        kinds = sorted({x for x in gold + predicted if x})
        cases.append(dict(rule="f1_macro", classes=5, gold=gold, predicted=predicted, score=float(
            sklearn_f1(gold, predicted, labels=kinds, average="macro", zero_division=0))))
    rows = [[int(rng.random() < 0.25) for _ in range(10)] for _ in range(count)]
    flipped = [[x ^ (rng.random() > accuracy) for x in row] for row in rows]
    flipped = [[int(x) for x in row] for row in flipped]
    cases.append(dict(rule="hoc", gold=rows, predicted=flipped, score=prf1(sum(rows, []), sum(flipped, []))))
    rows = [list(row) for row in rows]
    for row in rows:
        row[rng.randrange(10)] = 1
    cases.append(dict(rule="hoc_blue", gold=rows, predicted=flipped, score=blue_hoc(rows, flipped)))
    gold, predicted = tags(["Disease"], False)
    cases.append(dict(rule="f1", gold=joined(gold), predicted=joined(predicted), score=float(
        f1_score(gold, predicted, zero_division=0)) if any(t != "O" for r in gold + predicted for t in r) else 0.0))
    # PICO: every I- became B- before training, so the model has no I-.
    gold, predicted = tags(["PAR", "INT", "OUT"], True)
    predicted = [[t.replace("I-", "B-") for t in r] for r in predicted]
    if any(t != "O" for r in gold + predicted for t in r):
        report = classification_report(gold, predicted, output_dict=True, zero_division=0)
        cases.append(dict(rule="f1_word_macro", gold=joined(gold), predicted=joined(predicted),
                          score=float(report["macro avg"]["f1-score"])))
    values = [round(rng.uniform(0, 4), 2) for _ in range(count + 3)]
    found = [round(v + rng.gauss(0, 1), 4) for v in values]
    cases.append(dict(rule="pearson", gold=values, predicted=found, score=float(pearsonr(values, found)[0])))
    gold, predicted = labels(count, 3, accuracy)
    cases.append(dict(rule="accuracy", classes=3, gold=gold, predicted=predicted,
                      score=float((np.array(gold) == np.array(predicted)).mean())))

with open("scores.json", "w") as out:
    out.write("[\n" + ",\n".join(json.dumps(case, separators=(",", ":")) for case in cases) + "\n]\n")
print(len(cases))

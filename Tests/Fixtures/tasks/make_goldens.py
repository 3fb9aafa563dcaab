"""Writes entity_scores.json: random tag sequences with the scores of seqeval 1.2.2 (default mode, zero_division=0).

Run in this folder: python3 make_goldens.py     (seqeval 1.2.2, numpy 2.4.6; the seed is below)

Every case: gold and predicted tags (sentences joined by "|", tags by " "), and the report as lists
[precision, recall, f1, support] by type and by average. JSON's shortest decimals read back as the same doubles.
Checked on the way: precision_score, recall_score and f1_score agree with the report's micro average.
"""
import json
import math
import random
import warnings

from seqeval.metrics import classification_report, f1_score, precision_score, recall_score

warnings.filterwarnings("ignore")
rng = random.Random(20240607)
TYPES = ["A", "B-1", "DIS", "Zé", "drug", "_"]
ODD = ["B", "I", "E", "S", "I-", "X-A", "BA", "-A", ".", "o", "L-A", "U-DIS", "IA-B", "OO-A"]


def tag(types, letters, odd):
    if rng.random() < odd:
        return rng.choice(ODD)
    if rng.random() < 0.35:
        return "O"
    return rng.choice(letters) + "-" + rng.choice(types)


def case(index):
    if index % 25 == 0:  # many types: NumPy adds more than 8 (and more than 128) terms in another order
        types = ["T%d" % i for i in range(rng.choice([9, 12, 30, 150]))]
    else:
        types = rng.sample(TYPES, rng.randint(1, len(TYPES)))
    letters = rng.choice(["BI", "BII", "BIES", "BIIESLU"])
    odd = rng.choice([0, 0, 0.1, 0.3])
    sizes = [rng.randint(1, 9) for _ in range(rng.randint(1, 4))] if len(types) < 9 else [3 * len(types)]
    gold = [[tag(types, letters, odd) for _ in range(n)] for n in sizes]
    keep = rng.choice([0, 0.5, 0.8, 1])
    predicted = [[g if rng.random() < keep else tag(types, letters, odd) for g in s] for s in gold]
    if rng.random() < 0.05:
        (gold if rng.random() < 0.5 else predicted)[:] = [["O"] * n for n in sizes]
    return gold, predicted


cases = []
while len(cases) < 500:
    gold, predicted = case(len(cases))
    report = classification_report(gold, predicted, output_dict=True, zero_division=0)
    row = {k: [float(v["precision"]), float(v["recall"]), float(v["f1-score"]), int(v["support"])] for k, v in report.items()}
    if math.isnan(row["macro avg"][0]):  # no entity on either side
        continue
    micro = [f(gold, predicted, zero_division=0) for f in (precision_score, recall_score, f1_score)]
    assert micro == row["micro avg"][:3]
    cases.append({"gold": "|".join(map(" ".join, gold)), "predicted": "|".join(map(" ".join, predicted)), "report": row})

with open("entity_scores.json", "w", encoding="utf-8") as out:
    out.write("[\n" + ",\n".join(json.dumps(c, ensure_ascii=False, separators=(",", ":")) for c in cases) + "\n]\n")

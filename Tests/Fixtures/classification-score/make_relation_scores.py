"""Writes relations.json: random gold and predicted relations with the scores of scikit-learn without the negative label, 0
where it has none. Checks that micro F1 is that of BLURB's scorer (`compute_metrics_PRF1` of LinkBERT), which counts.

usage: python make_relation_scores.py        (scikit-learn 1.9.1)
"""
import json
import random
import warnings

from sklearn.metrics import accuracy_score, f1_score, precision_recall_fscore_support

warnings.filterwarnings("ignore")
rng = random.Random(20261129)


def blurb(gold, predicted):
    both = sum(g == p != "0" for g, p in zip(gold, predicted))
    found, true = (sum(x != "0" for x in side) for side in (predicted, gold))
    precision, recall = both / found if found else 0, both / true if true else 0
    return 2 * precision * recall / (precision + recall) if both else 0


def case(index):
    classes, n = rng.choice([2, 2, 5, 6, 14]), rng.choice([0, 1, 2, 5, 30, 150])
    names = [str(i) for i in range(classes)]
    rate, skill = rng.choice([0, 0.1, 0.8, 1]), rng.choice([0, 0.5, 0.9, 1])
    draw = lambda: "0" if rng.random() < rate else rng.choice(names)
    gold = [draw() for _ in range(n)]
    predicted = [g if rng.random() < skill else draw() for g in gold]
    if index % 20 == 0:  # a label that the model does not have
        gold = [g if i % 4 else "unknown" for i, g in enumerate(gold)]
    negative = None if index % 5 == 4 else "0"
    labels = sorted({*gold, *predicted} - {negative})
    score = lambda average: [
        float(x) for x in precision_recall_fscore_support(
            gold, predicted, labels=labels, average=average, zero_division=0)[:3]] if labels else [0.0] * 3
    result = dict(
        gold=gold, predicted=predicted, negative=negative, micro=score("micro"), macro=score("macro"),
        accuracy=float(accuracy_score(gold, predicted)) if n else 0.0)
    if negative:
        assert abs(result["micro"][2] - blurb(gold, predicted)) < 1e-12
        if classes == 2 and "unknown" not in gold and n:
            binary = f1_score(gold, predicted, pos_label="1", labels=["1"], average=None, zero_division=0)[0]
            assert abs(result["micro"][2] - binary) < 1e-12
    return result


with open("relations.json", "w") as out:
    out.write("[\n" + ",\n".join(json.dumps(case(i), separators=(",", ":")) for i in range(400)) + "\n]\n")

"""Writes probabilities.json, entities.json and intervals.json: random and degenerate cases with the scores of scikit-learn,
torchmetrics, seqeval, nervaluate and NumPy. A score that a library does not define is null.

usage: python make_metrics.py
  (scikit-learn 1.9.1, torchmetrics 1.9.0 with torch 2.15.0, seqeval 1.2.2, nervaluate 1.2.1, numpy 2.4, scipy 1.17.1)
"""
import json
import math
import random
import warnings

import numpy as np
import scipy.stats
from sklearn.metrics import average_precision_score, brier_score_loss, f1_score, precision_recall_fscore_support
from sklearn.metrics import roc_auc_score

warnings.filterwarnings("ignore")
rng = random.Random(20261129)


def write(name, cases):
    with open(name + ".json", "w") as out:
        out.write("[\n" + ",\n".join(json.dumps(case, separators=(",", ":")) for case in cases) + "\n]\n")


def calibration_error(probabilities, right):
    import torch
    from torchmetrics.functional.classification.calibration_error import _ce_compute

    edges = torch.linspace(0, 1, 16, dtype=torch.float64)
    p, r = torch.tensor(probabilities, dtype=torch.float64), torch.tensor(right, dtype=torch.float64)
    return float(_ce_compute(p, r, edges, norm="l1"))


def probabilities(index):
    """Single labels."""
    k, n = rng.choice([2, 2, 3, 5]), rng.choice([1, 2, 5, 12, 30])
    digits, skew = rng.choice([1, 2, 6]), rng.choice([0, 1, 3])
    rows, gold = [], []
    for _ in range(n):
        truth = 0 if index % 20 == 0 else rng.randrange(k)
        logits = [rng.gauss(0, 1) + (skew if c == truth else 0) for c in range(k)]
        total = sum(math.exp(x) for x in logits)
        row = [round(math.exp(x) / total, digits) for x in logits[:-1]]
        row.append(round(1 - sum(row), digits + 2))
        if index % 15 == 1:
            row = [float(c == logits.index(max(logits))) for c in range(k)]
        rows.append([min(1.0, max(0.0, x)) for x in row])
        gold.append(truth)
    p, g = np.array(rows), np.array(gold)
    predicted = p.argmax(1)
    ranked = [1] if k == 2 else range(k)
    aucs = [float(roc_auc_score(g == c, p[:, c])) for c in ranked if 0 < (g == c).sum() < n]
    aps = [float(average_precision_score(g == c, p[:, c])) for c in ranked if (g == c).sum() > 0]
    if k > 2 and len(aucs) == k and abs(p.sum(1) - 1).max() < 1e-9:
        assert abs(np.mean(aucs) - roc_auc_score(g, p, multi_class="ovr", average="macro", labels=range(k))) < 1e-12
    brier = float(((np.eye(k)[g] - p) ** 2).sum(1).mean()) * (0.5 if k == 2 else 1)
    if abs(p.sum(1) - 1).max() < 1e-9 and p.min() >= 0:
        assert abs(brier - brier_score_loss(g, p, labels=list(range(k)))) < 1e-12
    positive = precision_recall_fscore_support(g == 1, predicted == 1, average="binary", zero_division=0)[:3]
    return dict(
        rows=rows, gold=gold, roc_auc=float(np.mean(aucs)) if aucs else None,
        average_precision=float(np.mean(aps)) if aps else None,
        ece=calibration_error([float(x) for x in p.max(1)], [int(x) for x in predicted == g]), brier=brier,
        positive=[float(x) for x in positive] if k == 2 else None)


def label_sets(index):
    """Sets of labels, and BLUE's score of HoC (blue/eval_hoc.py) where every example has a label."""
    k, n, rate = rng.choice([2, 5, 10]), rng.choice([1, 4, 12]), rng.choice([0.1, 0.5, 0.9])
    gold = [[int(rng.random() < rate) for _ in range(k)] for _ in range(n)]
    scores = [[round(min(1, max(0, 0.5 + 0.4 * (g - 0.5) + rng.random() - 0.5)), 3) for g in row] for row in gold]
    p, g = np.array(scores), np.array(gold)
    predicted = p >= 0.5
    both = (g * predicted).sum(1)
    blue = None
    if g.sum(1).min() > 0:
        precision = np.mean([b / q if q else 0 for b, q in zip(both, predicted.sum(1))])
        recall = np.mean(both / g.sum(1))
        blue = float(2 * precision * recall / (precision + recall)) if precision + recall else 0.0
    return dict(
        gold=gold, scores=scores, blue=blue, brier=float(((g - p) ** 2).mean()),
        ece=calibration_error([float(x) for x in p.ravel()], [int(x) for x in g.ravel()]))


def tags(length, prefixes, types, outside):
    return ["O" if rng.random() < outside else rng.choice(prefixes) + "-" + rng.choice(types) for _ in range(length)]


def entities(index):
    from nervaluate import Evaluator
    from seqeval import scheme as schemes
    from seqeval.metrics import classification_report

    scheme = ["IOB2", "IOBES", "BILOU", "IOB1"][index % 4]
    prefixes = {"IOB2": "BI", "IOB1": "BI", "IOBES": "BIES", "BILOU": "BILU"}[scheme]
    types, outside, n = ["A", "B", "C"][: rng.choice([1, 2, 3])], rng.choice([0, 0.3, 0.7, 1]), rng.choice([1, 2, 4])
    gold = [tags(rng.choice([1, 3, 8]), prefixes, types, outside) for _ in range(n)]
    predicted = [[t if rng.random() < 0.6 else tags(1, prefixes, types, outside)[0] for t in row] for row in gold]
    case = dict(scheme=scheme, gold="|".join(map(" ".join, gold)), predicted="|".join(map(" ".join, predicted)))
    if any(t != "O" for row in gold + predicted for t in row):
        report = classification_report(
            gold, predicted, mode="strict", scheme=getattr(schemes, scheme), output_dict=True, zero_division=0)
        case["strict"] = [float(report["micro avg"][key]) for key in ("precision", "recall", "f1-score")]
    else:
        case["strict"] = [0.0, 0.0, 0.0]
    if scheme == "IOB2":
        overall = Evaluator(gold, predicted, tags=types, loader="list").evaluate()["overall"]
        for name, key in (("exact", "exact"), ("partial", "partial"), ("type", "ent_type")):
            case[name] = [float(getattr(overall[key], x)) for x in ("precision", "recall", "f1")]
        as_first = lambda rows: [[t.replace("I-", "B-") for t in row] for row in rows]
        if any(t != "O" for row in gold + predicted for t in row):
            report = classification_report(as_first(gold), as_first(predicted), output_dict=True, zero_division=0)
            case["word_macro"] = float(report["macro avg"]["f1-score"])
    return case


MASK = (1 << 64) - 1


def splitmix(state):
    """SplitMix64 (Steele, Lea & Flood 2014)."""
    while True:
        state = (state + 0x9E3779B97F4A7C15) & MASK
        z = state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        yield z ^ (z >> 31)


def interval(index):
    """Expanded percentile intervals of macro F1, and the p values of a second model, over units of one or several examples."""
    n, k, seed, resamples = rng.choice([5, 20, 40]), rng.choice([2, 3]), rng.randrange(1000), 100
    gold = [rng.randrange(k) for _ in range(n)]
    a, b = ([g if rng.random() < q else rng.randrange(k) for g in gold] for q in (0.8, 0.5))
    documents = [rng.randrange(max(1, n // 3)) for _ in range(n)] if index % 2 else list(range(n))
    units = {}
    for i, d in enumerate(documents):
        units.setdefault(d, []).append(i)
    units, draws = list(units.values()), splitmix(seed)
    g, x, y = np.array(gold), np.array(a), np.array(b)
    score = lambda g, p: f1_score(g, p, average="macro", zero_division=0)
    values, differences = [], []
    for _ in range(resamples):
        drawn = [i for _ in units for i in units[(next(draws) * len(units)) >> 64]]
        values.append(score(g[drawn], x[drawn]))
        differences.append(score(g[drawn], y[drawn]) - values[-1])
    observed, draws, swapped = score(g, y) - score(g, x), splitmix(seed), []
    for _ in range(resamples):
        p, q = x.copy(), y.copy()
        for unit in units:
            if next(draws) >> 63:
                p[unit], q[unit] = y[unit], x[unit]
        swapped.append(score(g, q) - score(g, p))
    def ends(values):
        n = len(units)
        tail = scipy.stats.norm.cdf(-np.sqrt(n / (n - 1)) * scipy.stats.t.ppf(0.975, n - 1)) if n > 1 else 0.025
        return list(map(float, np.quantile(values, [tail, 1 - tail])))

    digits = lambda labels: "".join(map(str, labels))
    far = lambda values, center: (1 + sum(abs(v - center) >= abs(observed) - 1e-12 for v in values)) / (1 + len(values))
    return dict(
        gold=digits(gold), a=digits(a), b=digits(b), documents=" ".join(map(str, documents)), seed=seed,
        interval=ends(values),
        difference=float(observed), difference_interval=ends(differences),
        p_bootstrap=far(differences, np.mean(differences)), p_randomization=far(swapped, 0))


write("probabilities", [probabilities(i) for i in range(300)])
write("label-sets", [label_sets(i) for i in range(300)])
write("entities", [entities(i) for i in range(400)])
rng.seed(20261130)  # so that the others may be left out
write("intervals", [interval(i) for i in range(300)])

"""Writes label-sets.json and numbers.json: random gold and predicted labels and numbers with the scores of scikit-learn
and scipy. A score that they do not define is null.

usage: python make_text_scores.py        (scikit-learn 1.9.1, scipy 1.17.1)
"""
import json
import math
import random
import warnings

import numpy as np
from scipy.stats import pearsonr, spearmanr
from sklearn.metrics import (
    accuracy_score, average_precision_score, mean_absolute_error, mean_squared_error, precision_recall_fscore_support,
    roc_auc_score)

warnings.filterwarnings("ignore")
rng = random.Random(20261128)


def label_sets(index):
    labels, n = rng.choice([1, 2, 3, 10]), rng.choice([1, 2, 5, 20])
    rate, digits = rng.choice([0, 0.05, 0.3, 0.9, 1]), rng.choice([1, 2, 5])
    gold = [[int(rng.random() < rate) for _ in range(labels)] for _ in range(n)]
    noise = rng.choice([0.1, 1])
    scores = [[round(min(1, max(0, 0.5 + (g - 0.5) * 0.6 + noise * (rng.random() - 0.5))), digits) for g in row] for row in gold]
    predicted = [[int(s >= 0.5) for s in row] for row in scores]
    g, p, s = (np.array(x) for x in (gold, predicted, scores))
    mean = lambda average: [float(x) for x in precision_recall_fscore_support(g, p, average=average, zero_division=0)[:3]]
    each = lambda function, defined: [float(function(g[:, i], s[:, i])) for i in range(labels) if defined(g[:, i])]
    aucs = each(roc_auc_score, lambda column: 0 < column.sum() < n)
    precisions = each(average_precision_score, lambda column: column.sum() > 0)
    if labels == 1:  # scikit-learn takes one column for binary labels
        one = [float(x[0]) for x in precision_recall_fscore_support(g[:, 0], p[:, 0], labels=[1], zero_division=0)[:3]]
        micro = macro = weighted = one
        samples = None
    else:
        micro, macro, weighted, samples = (mean(a) for a in ("micro", "macro", "weighted", "samples"))
    return dict(
        gold=gold, scores=scores, micro=micro, macro=macro, weighted=weighted, samples=samples,
        accuracy=float(accuracy_score(g, p)), roc_auc=float(np.mean(aucs)) if aucs else None,
        average_precision=float(np.mean(precisions)) if precisions else None)


def numbers(index):
    n, digits = 150 if index % 30 == 0 else rng.choice([2, 3, 5, 20]), rng.choice([0, 1, 4])
    scale, shift = rng.choice([1e-3, 1, 1e4]), rng.choice([0, 0, 100])
    gold = [round(rng.gauss(0, 1), digits) * scale + shift for _ in range(n)]
    mix = rng.choice([0, 0.5, 1, -1])
    gold = [round(g, 6) for g in gold]
    predicted = [round(mix * g + (1 - abs(mix)) * scale * round(rng.gauss(0, 1), digits), 6) for g in gold]
    if index % 25 == 0:
        predicted = [shift] * n
    number = lambda x: None if math.isnan(x) else float(x)
    return dict(
        gold=gold, predicted=predicted, pearson=number(pearsonr(gold, predicted)[0]),
        spearman=number(spearmanr(gold, predicted)[0]), mse=float(mean_squared_error(gold, predicted)),
        mae=float(mean_absolute_error(gold, predicted)))


for name, make in (("label-sets", label_sets), ("numbers", numbers)):
    with open(f"{name}.json", "w") as out:
        out.write("[\n" + ",\n".join(json.dumps(make(i), separators=(",", ":")) for i in range(300 if name == "label-sets" else 310)) + "\n]\n")

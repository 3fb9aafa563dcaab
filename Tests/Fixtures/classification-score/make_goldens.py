"""Writes golden.json: random gold and predicted classes with the scores of scikit-learn. See README.md."""
import json
import random
import warnings

from sklearn.metrics import accuracy_score, classification_report, matthews_corrcoef, precision_recall_fscore_support

warnings.filterwarnings("ignore")
rng = random.Random(20240811)
NAMES = ["ADE", "a", "B", "no", "yes", "Zé", "β", "日本", "10", "9", "-1", "_", "not_related", "entailment", "𝔸", "～"]
DEGENERATE = [
    [["a", "a", 1]], [["a", "a", 7]], [["a", "b", 1]], [["a", "b", 5]],  # one example; one class; nothing right
    [["a", "b", 3], ["b", "a", 2]], [["a", "b", 3], ["b", "c", 2], ["c", "a", 4]],
    [["a", "a", 3], ["b", "b", 2]], [["a", "a", 3], ["b", "b", 2], ["c", "c", 1]],  # all right
    [["a", "a", 3], ["b", "a", 2], ["c", "a", 1]], [["a", "a", 3], ["a", "b", 2]],  # one class predicted; one in gold
    [["x", "a", 4], ["a", "a", 4]], [["x", "a", 1], ["y", "b", 1], ["b", "b", 1]],  # gold labels without a prediction
    [["a", "a", 1], ["a", "b", 1], ["b", "a", 1], ["b", "b", 1]],  # no correlation
    [["a", "a", 99989], ["b", "b", 7], ["b", "a", 4]], [["a", "a", 50021], ["a", "b", 30011], ["b", "b", 20011]],
]


def random_case(index):
    many = index % 20 == 0  # NumPy adds 8 and more (and more than 128) terms in another order
    if many:
        names = ["c%d" % i for i in range(rng.choice([8, 9, 17, 40, 130, 150]))]
    else:
        names = rng.sample(NAMES, rng.randint(1, rng.choice([3, 6, len(NAMES)])))
    gold_only = names[: rng.choice([0, 0, 0, 1, 2])]
    predictable = [name for name in names if name not in gold_only] or ["a"]
    keep = rng.choice([0, 0.3, 0.6, 0.8, 0.95])
    skew = rng.choice([0, 0, 1, 2])
    weights = [1 / (1 + i) ** skew for i in range(len(names))]
    n = 2 * len(names) if many else rng.choice([1, 2, 3, 5, 10, 30, 100])
    counts = {}
    for gold in rng.choices(names, weights, k=n):
        predicted = gold if gold in predictable and rng.random() < keep else rng.choice(predictable)
        counts[gold, predicted] = counts.get((gold, predicted), 0) + rng.choice([1, 1, 1, 2, 5, 23])
    return [[gold, predicted, count] for (gold, predicted), count in counts.items()]


def scores(counts):
    gold = [g for g, _, count in counts for _ in range(count)]
    predicted = [p for _, p, count in counts for _ in range(count)]
    report = classification_report(gold, predicted, output_dict=True, zero_division=0)

    def row(values):
        return [float(values[key]) for key in ("precision", "recall", "f1-score")]

    micro = precision_recall_fscore_support(gold, predicted, average="micro", zero_division=0)
    return {
        "accuracy": float(accuracy_score(gold, predicted)), "mcc": float(matthews_corrcoef(gold, predicted)),
        "micro": [float(value) for value in micro[:3]], "macro": row(report["macro avg"]),
        "weighted": row(report["weighted avg"]),
        "per_class": {name: row(report[name]) + [int(report[name]["support"])] for name in sorted({*gold, *predicted})},
    }


cases = [{"counts": counts, **scores(counts)} for counts in DEGENERATE + [random_case(i) for i in range(345)]]
with open("golden.json", "w", encoding="utf-8") as out:
    lines = (json.dumps(case, ensure_ascii=False, separators=(",", ":")) for case in cases)
    out.write("[\n" + ",\n".join(lines) + "\n]\n")

"""Writes golden.json: saved predictions, and what scikit-learn, seqeval and NumPy make of them.

usage: python make_goldens.py   (scikit-learn 1.9.1, seqeval 1.2.2, numpy 2.4)

The calibration error is the mean over 15 bins of equal width, weighted by their predictions, of |share that is right - mean
probability|: of the predicted label; of label sets, of every label of every record; of tags, of every word's tag. Records are
divided by length into five groups of about the same size, of which each begins where the number of words changes.
"""
import json
import random

import numpy as np
from seqeval.metrics import classification_report
from sklearn.metrics import accuracy_score, confusion_matrix, f1_score, precision_recall_fscore_support

rng = random.Random(20261129)
LABELS = ["no", "yes", "maybe"]


def calibration_error(pairs):
    p, right = np.array([x for x, _ in pairs]), np.array([y for _, y in pairs], float)
    bins = np.minimum((p * 15 + 1e-12).astype(int), 14)
    return float(sum((bins == b).sum() * abs(right[bins == b].mean() - p[bins == b].mean()) for b in set(bins)) / len(p))


def groups(words):
    order = sorted(range(len(words)), key=lambda i: (words[i], i))
    starts = [0]
    for part in range(1, 5):
        place = part * len(order) // 5
        while place < len(order) and words[order[place]] == words[order[place - 1]]:
            place += 1
        if starts[-1] < place < len(order):
            starts.append(place)
    return [order[a:b] for a, b in zip(starts, starts[1:] + [len(order)])]


def report(gold, predicted, labels):
    scores = precision_recall_fscore_support(gold, predicted, labels=labels, zero_division=0)
    return {label: [float(s[i]) for s in scores] for i, label in enumerate(labels)}


def row(index, gold, predicted, scores, words, **more):
    return dict(id=str(index), gold=gold, predicted=predicted, scores=scores, words=words, **more)


def single():
    rows = []
    for index in range(97):
        weights = np.array([rng.random() ** 3 + 1e-3 for _ in LABELS])
        p = [float(x) for x in weights / weights.sum()]
        gold = rng.choices(LABELS, p)[0] if rng.random() < 0.8 else rng.choice(LABELS)
        rows.append(row(index, gold, LABELS[int(np.argmax(p))], dict(zip(LABELS, p)), rng.randrange(1, 12)))
    gold, predicted = [r["gold"] for r in rows], [r["predicted"] for r in rows]
    return dict(
        rows=rows, labels=LABELS, confusion=confusion_matrix(gold, predicted, labels=LABELS).tolist(),
        by_label=report(gold, predicted, LABELS),
        ece=calibration_error([(max(r["scores"].values()), r["gold"] == r["predicted"]) for r in rows]),
        lengths=[
            dict(n=len(g), accuracy=accuracy_score([gold[i] for i in g], [predicted[i] for i in g]))
            for g in groups([r["words"] for r in rows])])


def label_sets():
    rows = []
    for index in range(83):
        p = [rng.random() for _ in LABELS]
        gold = [x for x, q in zip(LABELS, p) if rng.random() < (q + 0.5) / 2]
        rows.append(row(index, gold, [x for x, q in zip(LABELS, p) if q >= 0.5], dict(zip(LABELS, p)), rng.randrange(3, 40)))
    matrix = lambda key: np.array([[x in r[key] for x in LABELS] for r in rows], int)
    gold, predicted = matrix("gold"), matrix("predicted")
    scores = precision_recall_fscore_support(gold, predicted, zero_division=0)
    return dict(
        rows=rows, labels=LABELS, by_label={x: [float(s[i]) for s in scores] for i, x in enumerate(LABELS)},
        ece=calibration_error([(r["scores"][x], x in r["gold"]) for r in rows for x in LABELS]),
        lengths=[
            dict(n=len(g), f1_micro=f1_score(gold[g], predicted[g], average="micro", zero_division=0))
            for g in groups([r["words"] for r in rows])])


def spans(tags):
    return [i for i, tag in enumerate(tags) if tag != "O"]


def entities():
    """One-word entities of two types; one type in the table of mentions, so that seqeval can tell the groups apart."""
    vocabulary = [f"W{i}" for i in range(40)]
    training = [dict(words=[w, "x"], tags=["B-" + rng.choice("AB"), "O"]) for w in vocabulary[:15]]
    rows, sentences = [], []
    for index in range(70):
        words = [rng.choice(vocabulary + ["x"] * 30) for _ in range(rng.randrange(1, 15))]
        gold = ["O" if w == "x" or rng.random() < 0.2 else "B-" + "AB"[int(w[1:]) % 2] for w in words]
        predicted = [
            g if rng.random() < 0.8 else rng.choice(["O", "B-A", "B-B"]) for g in gold]
        # As training has it but for the case.
        words = [w.lower() if rng.random() < 0.5 else w for w in words]
        rows.append(row(index, gold, predicted, [0.5 + rng.random() / 2 for _ in words], len(words), document=index // 3))
        sentences.append(words)
    gold, predicted = [r["gold"] for r in rows], [r["predicted"] for r in rows]
    seen = {w.lower() for s in training for w, t in zip(s["words"], s["tags"]) if t != "O"}

    # Their types become pairs of type and group; the counts of a group are those of both its pairs.
    def grouped(tags):
        return [
            ["O" if t == "O" else f"B-{t[2:]}{'seen' if w.lower() in seen else 'unseen'}" for t, w in zip(s, words)]
            for s, words in zip(tags, sentences)]

    def micro(group):
        only = lambda tags: [[t if t.endswith(("A" + group, "B" + group)) else "O" for t in s] for s in tags]
        found = classification_report(only(grouped(gold)), only(grouped(predicted)), output_dict=True, zero_division=0)
        return [float(found["micro avg"][k]) for k in ("precision", "recall", "f1-score", "support")]

    types = classification_report(gold, predicted, output_dict=True, zero_division=0)
    pairs = [(p, g == t) for r in rows for p, g, t in zip(r["scores"], r["gold"], r["predicted"])]
    return dict(
        rows=rows, labels=["O", "B-A", "I-A", "B-B", "I-B"], training=training, sentences=sentences,
        by_label={x: [float(types[x][k]) for k in ("precision", "recall", "f1-score", "support")] for x in "AB"},
        ece=calibration_error(pairs), seen=micro("seen"), unseen=micro("unseen"))


with open("golden.json", "w") as out:
    json.dump(dict(single=single(), label_sets=label_sets(), entities=entities()), out, separators=(",", ":"))
    out.write("\n")

"""Writes scores.json: random and degenerate answers with their scores by the rules of BioASQ's evaluation program.

The rules are those of Evaluation-Measures (EvaluatorTask1b -phaseB -e 9; QuestionAnswerEvaluator, Task1bData, ExactAnswer), written
here anew and literally: lists are removed from in place, as the program does. Answers are of our own.

"questions": [type, right answers, given answers, strict accuracy, lenient accuracy and MRR, or precision, recall and F1].
"files": numbers of questions, and the program's six means over them.
"yes_no": right and given answers by their first letters, and accuracy, macro F1, F1 of yes and F1 of no.

usage: python make_scores.py     (Python 3.11)
"""
import json
import pathlib
import random

rng = random.Random(20261129)
NAMES = ["TP53", "tp53", "p53", "ATP", "İL-2", "il-2", "i̇l-2", "ΑΣ", "ας", "ασ", "Straße", "strasse", "a", "A", "a ", "b", "B.", "x",
         "e\u0301", "é", "insulin", "Insulin receptor", "", " "]


class Answers:
    """The answers to a question: lists of synonyms, in lower case."""

    def __init__(self, lists, is_gold):
        lists = [[text.lower() for text in entry] for entry in lists]
        self.lists = lists if is_gold else [entry[:1] for entry in lists]

    def contains(self, synonyms, remove):
        for index, entry in enumerate(self.lists):
            if any(text in synonyms for text in entry):
                if remove:
                    del self.lists[index]
                return True
        return False


def factoid(gold, given):
    gold, given = Answers(gold, True), Answers(given, False)
    strict = 1.0 if given.lists and gold.contains(given.lists[0], False) else 0.0
    lenient = 1.0 if any(gold.contains(entry, False) for entry in given.lists) else 0.0
    for rank, entry in enumerate(given.lists):
        if gold.contains(entry, False):
            return strict, lenient, 1.0 / (rank + 1)
    return strict, lenient, 0.0


def listing(gold, given):
    gold, given = Answers(gold, True), Answers(given, False)
    if not given.lists:
        return 0.0, 0.0, 0.0
    tp = fp = fn = 0.0
    for entry in list(given.lists):
        if gold.contains(entry, True):
            tp += 1
        else:
            fp += 1
    for entry in list(gold.lists):
        if not given.contains(entry, True):
            fn += 1
    precision, recall = tp / (tp + fp), tp / (tp + fn) if tp + fn != 0 else 0.0
    f1 = 2 * precision * recall / (precision + recall) if precision != 0 and recall != 0 else 0.0
    return precision, recall, f1


def yes_or_no(text):
    return "yes" if "yes" in text.lower() else "no" if "no" in text.lower() else "none"


def f1(pairs, label):
    tp = fp = fn = 0
    for gold, given in pairs:
        if gold == label:
            tp, fp = (tp + 1, fp) if gold == given else (tp, fp + 1)
        elif gold != given:
            fn += 1
    return 2 * tp / (2 * tp + fp + fn) if 2 * tp + fp + fn else 0.0


def mean(values):
    return sum(values) / len(values) if values else 0.0


def means(questions):
    """Strict accuracy, lenient accuracy, MRR; precision, recall, F1."""
    return [mean([q[3][i] for q in questions if q[0] == kind]) for kind in ("factoid", "list") for i in range(3)]


def names(most):
    return [rng.choice(NAMES) for _ in range(rng.randint(1, most))]


def question(kind):
    gold = [names(3) for _ in range(rng.choice([1, 1, 2, 3, 6]))]
    if rng.random() < 0.5:
        given = [rng.choice(rng.choice(gold)) for _ in range(rng.randint(0, 6))]
        given += names(3) if rng.random() < 0.5 else []
    else:
        given = names(8) if rng.random() < 0.9 else []
    rng.shuffle(given)
    return [kind, gold, [[rng.choice([str, str.upper, str.lower])(text)] for text in given]]


def yes_no_case():
    count = rng.choice([0, 1, 1, 2, 3, 5, 9])
    gold, given = ("".join(rng.choice(rng.choice(["yn", "y", "n"])) for _ in range(count)) for _ in range(2))
    pairs = [({"y": "yes", "n": "no"}[a], {"y": "Yes, it is", "n": "unknown"}[b]) for a, b in zip(gold, given)]
    pairs = [(yes_or_no(a), yes_or_no(b)) for a, b in pairs]
    yes, no = f1(pairs, "yes"), f1(pairs, "no")
    return [gold, given, [mean([a == b for a, b in pairs]), (yes + no) / 2, yes, no]]


EDGES = [["list", [["a", "x"], ["b", "x"]], [["x"], ["a"]]], ["list", [["a", "x"], ["b", "x"]], [["a"], ["x"]]],
         ["list", [["a"]], [["a"], ["a"]]], ["list", [["a"], ["a"]], [["a"]]], ["list", [["a"]], []],
         ["factoid", [["a"]], [["b"], ["c"], ["d"], ["e"], ["f"], ["a"]]], ["factoid", [["a"]], []],
         ["factoid", [["a", "b"], ["c"]], [["C"]]], ["factoid", [["a."]], [["a"]]]]
questions = EDGES + [question(kind) for kind in ("factoid", "list") for _ in range(300)]
questions = [q + [list((factoid if q[0] == "factoid" else listing)(q[1], q[2]))] for q in questions]
files = [[], list(range(len(questions)))] + [rng.choices(range(len(questions)), k=rng.randint(1, 9)) for _ in range(100)]
document = {
    "questions": questions,
    "files": [[numbers, means([questions[n] for n in numbers])] for numbers in files],
    "yes_no": [yes_no_case() for _ in range(300)],
}
path = pathlib.Path(__file__).resolve().parent / "scores.json"
lists = (f'"{name}":[\n' + ",\n".join(json.dumps(row, separators=(",", ":")) for row in rows) + "\n]"
         for name, rows in document.items())
path.write_text("{" + ",\n".join(lists) + "}\n")
print(len(questions), "questions,", len(files), "files,", path.stat().st_size, "bytes")

"""Scores of the saved predictions of a task, by scikit-learn, scipy and the rules of SQuAD's script.

A row of predictions/<split>.jsonl has "id", "gold", "predicted" and "scores", in the form that `tune run` saves and
peer_tasks.py writes: a label; a list of labels with the probability of each; a number; or an answer's "start" and "end"
in its context.
"""
import collections
import json
import re
import string

import numpy
from scipy.stats import pearsonr, spearmanr
from sklearn.metrics import f1_score, precision_recall_curve


def read(folder, split):
    with open(f"{folder}/predictions/{split}.jsonl", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def scores(task, rows, questions=None):
    """The task's scores by their names in result.json. `questions`: the file of extractive_qa in SQuAD's JSON."""
    gold, predicted = [row["gold"] for row in rows], [row["predicted"] for row in rows]
    if task == "regression":
        # 0 where it is not defined.
        return {name: float(numpy.nan_to_num(correlation(gold, predicted)[0]))
                for name, correlation in (("pearson", pearsonr), ("spearman", spearmanr))}
    if task == "multi_label_classification":
        labels = list(rows[0]["scores"])
        gold, predicted = ([[label in row for label in labels] for row in side] for side in (gold, predicted))
    if task != "extractive_qa":
        return {f"f1_{average}": float(f1_score(gold, predicted, average=average, zero_division=0))
                for average in ("micro", "macro")}
    found = [answer_scores(question, span) for question, span in zip(read_questions(questions), predicted, strict=True)]
    return {"exact_match": sum(em for em, _ in found) / len(found), "f1": sum(f1 for _, f1 in found) / len(found)}


def best_threshold(rows):
    """The highest threshold with the highest micro F1."""
    labels = list(rows[0]["scores"])
    gold = [label in row["gold"] for row in rows for label in labels]
    probabilities = [row["scores"][label] for row in rows for label in labels]
    precision, recall, thresholds = precision_recall_curve(gold, probabilities)
    f1 = (2 * precision * recall / numpy.maximum(precision + recall, 1e-12))[:-1]
    return float(thresholds[numpy.flatnonzero(f1 == f1.max())[-1]])


def read_questions(path):
    """(context, right answers) of each question, in the file's order."""
    with open(path, encoding="utf-8") as file:
        return [(paragraph["context"], [answer["text"] for answer in question["answers"]])
                for document in json.load(file)["data"] for paragraph in document["paragraphs"]
                for question in paragraph["qas"]]


def answer_scores(question, span):
    """(exact match, F1) of an answer, with the right answer that is best for it."""
    context, right = question
    words = normal_words(context[span["start"]:span["end"]])
    return max(int(words == other) for other in map(normal_words, right)), max(
        word_f1(words, other) for other in map(normal_words, right))


def normal_words(text):
    text = "".join(c for c in text.lower() if c not in string.punctuation)
    return re.sub(r"\b(a|an|the)\b", " ", text).split()


def word_f1(words, right):
    common = sum((collections.Counter(words) & collections.Counter(right)).values())
    return 2 * common / (len(words) + len(right)) if common else 0.0

#!/usr/bin/env python3
"""Unsupervised SimCSE, the recipe simcse-pubmed: `tune` against sentence-transformers, the same training, in turns.

usage: embedding.py MODEL_DIR CORPORA_DIR OUT_DIR [--sentences 30000] [--rounds 1] [--threads N] [--no-peer] [KEY=JSON …]
       embedding.py --peer RECIPE.json THREADS                           sentence-transformers' side, in its own process
CORPORA_DIR has the folders pubmed-text and biosses; OUT_DIR gets the sentences, the recipes and the runs. Both sides
train in bf16, or the precision given (the peer: the trainer's autocast) with batches in random order, padded to their longest
text. Prints one JSON object: the Spearman and Pearson correlations with BIOSSES's 100 pairs after the last round (`tune`'s with
their 95 % bootstrap intervals, the peer's also before training), and the medians of training seconds, peak memory and of their
ratios within a round.
Needs a release build, and for the peer torch, sentence-transformers and datasets. TUNE in the environment is another binary.
"""
import argparse
import csv
import json
import os
import resource
import statistics
import subprocess
import sys
from pathlib import Path

import overrides

HOME = Path(__file__).resolve().parent.parent
TUNE = os.environ.get("TUNE", str(HOME / ".build/release/tune"))


def peer(path, threads):
    """sentence-transformers' training of the recipe."""
    import datasets
    import torch
    from sentence_transformers import SentenceTransformer, SentenceTransformerTrainer, SentenceTransformerTrainingArguments
    from sentence_transformers.evaluation import EmbeddingSimilarityEvaluator
    from sentence_transformers.losses import MultipleNegativesRankingLoss
    from sentence_transformers.models import Pooling, Transformer
    torch.set_num_threads(threads)
    recipe = json.loads(Path(path).read_text())
    data, training = recipe["data"], recipe["training"]
    if recipe["method"] != {"type": "full"} or recipe["task"] != {"type": "embedding", "loss": "simcse", "pooling": "mean"}:
        sys.exit(f"{path}: the peer trains in full, with the loss simcse and the pooling mean; use --no-peer for others")
    encoder = Transformer(
        recipe["model"]["path"], max_seq_length=data["max_length"], model_kwargs={"dtype": torch.float32})
    model = SentenceTransformer(modules=[encoder, Pooling(encoder.get_word_embedding_dimension(), "mean")], device="cpu")
    sentences, pairs = read(data["train"]), [row for file in data["test"] for row in read(file)]
    texts = [row["sent1"] for row in sentences]
    evaluator = EmbeddingSimilarityEvaluator(
        [row["sent1"] for row in pairs], [row["sent2"] for row in pairs], [float(row["score"]) for row in pairs],
        main_similarity="cosine")
    before = evaluator(model)
    arguments = SentenceTransformerTrainingArguments(
        recipe["output"], use_cpu=True, bf16=recipe["precision"] == "bf16", seed=recipe["seed"],
        num_train_epochs=training["epochs"],
        per_device_train_batch_size=training["batch_size"], learning_rate=training["learning_rate"],
        lr_scheduler_type=training["schedule"], warmup_ratio=training["warmup_ratio"], save_strategy="no", report_to="none",
        disable_tqdm=True)
    trainer = SentenceTransformerTrainer(
        model, arguments, datasets.Dataset.from_dict({"sentence1": texts, "sentence2": texts}),
        loss=MultipleNegativesRankingLoss(model))
    seconds = trainer.train().metrics["train_runtime"]
    name = lambda scores, key: next(value for metric, value in scores.items() if metric.endswith(f"{key}_cosine"))
    after = evaluator(model)
    print(json.dumps({
        "train_seconds": seconds, "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        **{key: {"before": name(before, key), "after": name(after, key)} for key in ("spearman", "pearson")}}))


def read(path):
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def recipe(options, side):
    values = json.loads((HOME / "recipes/simcse-pubmed.json").read_text())
    values |= {"precision": "bf16", "model": {"path": str(options.model)}, "output": str(options.out / side)}
    values["data"] |= {
        "train": str(options.out / "train.tsv"),
        "test": [str(options.corpora / "biosses" / Path(file).name) for file in values["data"]["test"]]}
    overrides.apply(values, options.overrides)
    path = options.out / f"{side}.json"
    path.write_text(json.dumps(values, indent=1))
    return path


def main():
    if sys.argv[1:2] == ["--peer"]:
        return peer(sys.argv[2], int(sys.argv[3]))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("model", "corpora", "out"):
        parser.add_argument(name, type=Path)
    parser.add_argument("overrides", nargs="*", metavar="KEY=JSON")
    parser.add_argument("--sentences", type=int, default=30000)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--no-peer", action="store_true")
    options = parser.parse_intermixed_args()
    options.out.mkdir(parents=True, exist_ok=True)
    with open(options.out / "train.tsv", "w") as table:
        subprocess.run([HOME / "scripts/split-sentences.py", options.corpora / "pubmed-text/abstracts-train.txt.gz",
                        str(options.sentences), "sent1"], check=True, stdout=table)
    ours, theirs = [], []
    for _ in range(options.rounds):
        path = recipe(options, "tune")
        printed = subprocess.run([TUNE, "run", "--overwrite", "--json", path, "--threads", str(options.threads)], check=True,
                                 stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
        ours.append(json.loads(printed))
        if not options.no_peer:
            command = [sys.executable, __file__, "--peer", recipe(options, "peer"), str(options.threads)]
            printed = subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
            theirs.append(json.loads(printed.splitlines()[-1]))
    print(json.dumps(summary(options, ours, theirs), indent=1))


def summary(options, ours, theirs):
    last = ours[-1]
    table = {
        "sentences": options.sentences, "overrides": options.overrides, "threads": options.threads,
        "tune": {
            "train_seconds": statistics.median(run["train_seconds"] for run in ours),
            "peak_mb": statistics.median(run["peak_memory_bytes"] for run in ours) // 1_048_576,
            **{key: {"after": last["metrics"]["test"][key], "interval": last["intervals"]["test"][key]}
               for key in ("spearman", "pearson")}}}
    if theirs:
        table["peer"] = theirs[-1] | {
            key: statistics.median(run[key] for run in theirs) for key in ("train_seconds", "peak_mb")}
        ratios = [their["train_seconds"] / our["train_seconds"] for our, their in zip(ours, theirs)]
        table["times_faster"] = {"median": statistics.median(ratios), "rounds": ratios}
        table["memory_share"] = table["tune"]["peak_mb"] / table["peer"]["peak_mb"]
    return table


if __name__ == "__main__":
    main()

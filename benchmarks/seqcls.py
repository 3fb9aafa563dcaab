#!/usr/bin/env python3
"""Sequence classification with LoRA: `tune` against transformers and PEFT, the same training, several seeds.

usage: seqcls.py MODEL_DIR CORPORA_DIR OUT_DIR [--corpus chemprot,pubmed-sections,pubmedqa] [--seeds 1,2,3]
                 [--peers PYTHON | --peer-results FILE] [--threads N]
CORPORA_DIR has the folders chemprot, pubmed-sections and pubmedqa, see seqcls_data.py. OUT_DIR gets the JSON lines of
each corpus and the runs. --peers runs peer_seqcls.py with this Python; --peer-results reads its JSON lines from a file.
TUNE in the environment is another binary. Prints one JSON object: for each corpus and side the test scores of every seed, their mean and sample deviation, and
whether the means differ by less than the larger range of the seeds ("within_spread").
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
TUNE = os.environ.get("TUNE", str(HERE.parent / ".build/release/tune"))
METRICS = ("accuracy", "f1_micro", "f1_macro")
# Settings of both sides: epochs, batch size, window.
CORPORA = {"chemprot": (3, 32, 128), "pubmed-sections": (1, 32, 128), "pubmedqa": (3, 16, 384)}
LEARNING_RATE, RANK = 2e-3, 16


def run_tune(options, corpus, data, seed):
    epochs, batch, window = CORPORA[corpus]
    pair = {"text_pair_column": "text_pair"} if corpus == "pubmedqa" else {}
    recipe = {
        "seed": seed, "model": {"path": str(options.model)}, "task": {"type": "sequence_classification"},
        "data": {"format": "jsonl", "max_length": window, **pair,
                 **{split: str(data / f"{split}.jsonl") for split in ("train", "dev", "test")}},
        "method": {"type": "lora", "rank": RANK, "alpha": RANK},
        "training": {"epochs": epochs, "batch_size": batch, "learning_rate": LEARNING_RATE,
                     "metric_for_best_model": "f1_micro"},
        "output": str(options.out / f"{corpus}-{seed}")}
    file = options.out / f"{corpus}-{seed}.json"
    file.write_text(json.dumps(recipe))
    threads = ["--threads", str(options.threads)] if options.threads else []
    command = [TUNE, "run", str(file), "--overwrite", "--json", *threads]
    result = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    return {"seed": seed, "train_seconds": result["train_seconds"],
            "test": {name: result["metrics"]["test"][name] for name in METRICS}}


def run_peer(options, corpus, data, seed):
    epochs, batch, window = CORPORA[corpus]
    command = [options.peers, str(HERE / "peer_seqcls.py"), str(options.model), str(data), "--rank", str(RANK),
               "--alpha", str(RANK), "--lr", str(LEARNING_RATE), "--epochs", str(epochs), "--batch-size", str(batch),
               "--max-length", str(window), "--seed", str(seed), "--json"]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout.splitlines()[-1])


def side(runs):
    summary = {"seeds": [run["seed"] for run in runs], "train_seconds": [round(run["train_seconds"], 1) for run in runs]}
    for name in METRICS:
        values = [run["test"][name] for run in runs]
        summary[name] = {"values": [round(value, 4) for value in values], "mean": round(statistics.mean(values), 4),
                         "deviation": round(statistics.stdev(values), 4) if len(values) > 1 else None}
    return summary


def within_spread(ours, peers):
    """Whether the means differ by no more than the larger range of the seeds."""
    found = {}
    for name in METRICS:
        ranges = [max(s[name]["values"]) - min(s[name]["values"]) for s in (ours, peers)]
        difference = ours[name]["mean"] - peers[name]["mean"]
        found[name] = {"difference": round(difference, 4), "largest_range": round(max(ranges), 4),
                       "within": abs(difference) <= max(ranges)}
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("corpora", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--corpus", default=",".join(CORPORA))
    parser.add_argument("--seeds", default="1,2,3")
    parser.add_argument("--peers")
    parser.add_argument("--peer-results", type=Path)
    parser.add_argument("--threads", type=int)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    lines = options.peer_results.read_text().splitlines() if options.peer_results else []
    recorded = [json.loads(line) for line in lines if line.strip()]
    table = {}
    for corpus in options.corpus.split(","):
        data = options.out / corpus
        data.mkdir(exist_ok=True)
        subprocess.run([sys.executable, str(HERE / "seqcls_data.py"), str(options.corpora / corpus), str(data)],
                       check=True, stdout=subprocess.DEVNULL)
        seeds = [int(seed) for seed in options.seeds.split(",")]
        table[corpus] = {"tune": side([run_tune(options, corpus, data, seed) for seed in seeds])}
        peers = [run for run in recorded if run["data"] == corpus]
        if options.peers:
            peers = [run_peer(options, corpus, data, seed) for seed in seeds]
        if peers:
            peers = [{**run, "seed": run.get("seed", run.get("settings", {}).get("seed"))} for run in peers]
            table[corpus]["peer"] = side(peers)
            table[corpus]["within_spread"] = within_spread(table[corpus]["tune"], table[corpus]["peer"])
        print(f"{corpus}: done", file=sys.stderr)
    print(json.dumps(table, indent=1))


if __name__ == "__main__":
    main()

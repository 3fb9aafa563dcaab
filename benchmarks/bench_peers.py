#!/usr/bin/env python3
"""A benchmark of methods by `tune bench`, and the same runs by a Python script that loops over transformers and PEFT.

usage: bench_peers.py MODEL_DIR NCBI_DIR OUT_DIR [--threads N] [--examples N] [--epochs N] [--precision bf16|fp32]
Five methods (full, and LoRA of rank 8 on query and value, of rank 1, 8 and 32 on all linear layers) on the first sentences of
NCBI-disease, two learning rates and three seeds, in bf16 (PyTorch: autocast) or fp32. The loop has the recipes of the runs that
`tune bench` chose and made, in one process that imports its packages once; both sides run alone, one after the other. Prints
one JSON object: runs an hour of each side and their ratio, and for each row the two means on test, the peer's scores by seed, and
whether its mean lies in tune's interval. TUNE in the environment is another binary.
"""
import argparse
import contextlib
import json
import os
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
TUNE = os.environ.get("TUNE", str(HERE.parent / ".build/release/tune"))


def bench(options):
    def lora(rank, modules=("query", "key", "value", "dense")):
        return {"method": {"type": "lora", "rank": rank, "alpha": 2 * rank, "target_modules": list(modules)}}

    return {
        "precision": options.precision, "model": {"path": str(options.model)}, "task": {"type": "token_classification"},
        "data": {"format": "conll", "max_train_examples": options.examples,
                 **{split: str(options.corpus / f"{name}.tsv")
                    for split, name in (("train", "train"), ("dev", "devel"), ("test", "test"))}},
        "training": {"epochs": options.epochs, "batch_size": 32, "warmup_ratio": 0.1},
        "bench": {"tasks": {"ncbi-disease": {}},
                  "methods": {"lora r 8, query and value": lora(8, ("query", "value")), "lora r 1": lora(1),
                              "lora r 8": lora(8), "lora r 32": lora(32),
                              "full": {"method": {"type": "full"},
                                       "sweep": {"training.learning_rate": [2e-4, 5e-4]}}}},
        "sweep": {"training.learning_rate": [1e-3, 3e-3], "seed": [1, 2, 3]},
        "output": str(options.out / "bench")}


def peer_recipe(path):
    """The keys of a run's recipe that the peer knows, in a file beside it."""
    import peer_ner
    recipe, kept = json.loads(path.read_text()), {}
    for section, known in peer_ner.SETTINGS.items():
        value = recipe.get(section)
        kept[section] = {k: v for k, v in value.items() if k in known} if isinstance(known, dict) else value
    copy = path.parent / "peer.json"
    copy.write_text(json.dumps({key: value for key, value in kept.items() if value is not None}))
    return copy


def loop(options):
    """Every run's test F1 by its folder, and the seconds of the loop with its imports."""
    start = time.perf_counter()
    sys.path.insert(0, str(HERE))
    import peer_ner
    import torch
    torch.set_num_threads(options.threads)
    precision = (lambda: torch.autocast("cpu", torch.bfloat16)) if options.precision == "bf16" else contextlib.nullcontext
    scores = {}
    for path in sorted((options.out / "bench").glob("*/*/*/*/recipe.json")):
        recipe = peer_ner.read_recipe(peer_recipe(path))
        torch.manual_seed(recipe["seed"])
        peer_ner.random.seed(recipe["seed"])
        corpus = peer_ner.Corpus(recipe)
        model = peer_ner.build_model(recipe, corpus.labels)
        with contextlib.redirect_stdout(sys.stderr):
            peer_ner.train(model, corpus, recipe, precision)
        scores[str(path.parent)] = float(peer_ner.scores(model, corpus, "test", precision)["f1"])
    return scores, time.perf_counter() - start


def main():
    parser = argparse.ArgumentParser(usage=__doc__.split("\n\n")[1].split("\n")[0][7:])
    for name in ("model", "corpus", "out"):
        parser.add_argument(name, type=lambda path: Path(path).resolve())
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--examples", type=int, default=1500)
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--precision", choices=["bf16", "fp32"], default="bf16")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    recipe = options.out / "bench.json"
    recipe.write_text(json.dumps(bench(options)))
    if (options.out / "bench").exists():
        sys.exit(f"{options.out}/bench exists, and its times would not count; use another folder")
    start = time.perf_counter()
    printed = subprocess.run([TUNE, "bench", recipe, "--json", "--threads", str(options.threads)], check=True,
                             stdout=subprocess.PIPE).stdout
    seconds, results = time.perf_counter() - start, json.loads(printed)
    scores, peer_seconds = loop(options)
    rows = []
    for row in results["rows"]:
        peers = [scores[str(options.out / "bench" / run["name"])] for run in row["runs"]]
        mean, (low, high) = sum(peers) / len(peers), row["interval"]
        rows.append({"method": row["method"], "trainable_parameters": row["trainable_parameters"],
                     "tune": row["scores"]["f1"]["mean"], "interval": [low, high], "peer": mean,
                     "peer_values": peers, "within": low <= mean <= high})
    print(json.dumps({"runs": len(scores), "tune_runs_per_hour": 3600 * len(scores) / seconds,
                      "peer_runs_per_hour": 3600 * len(scores) / peer_seconds, "ratio": peer_seconds / seconds,
                      "precision": options.precision, "threads": options.threads, "rows": rows}, indent=1))


if __name__ == "__main__":
    main()

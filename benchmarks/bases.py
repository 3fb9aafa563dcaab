#!/usr/bin/env python3
"""Test F1 of several base models on several corpora, with LoRA and with full fine-tuning.

python3 benchmarks/bases.py --base ours=checkpoints/biomed-mini-l3 --base minilm=../shared/models/minilm-l6 \
    [--random checkpoints/biomed-mini-l3] [--corpora ncbi-disease,bc5cdr-disease,bc5cdr-chem] [--out runs/bases]

--random FOLDER adds a base of the same architecture and vocabulary with random weights. Completed runs are skipped.
"""
import argparse
import json
import pathlib
import subprocess

DATA = "../shared/data"
METHODS = {
    "lora": ({"type": "lora", "rank": 16, "alpha": 16, "target_modules": ["query", "key", "value", "dense"]}, 3e-3),
    "full": ({"type": "full"}, 3e-4),
}


def run(tune, recipe, *settings):
    """The result.json of the recipe, from disk if the run is completed."""
    out = pathlib.Path(recipe["output"])
    done = out / "result.json"
    if not done.exists() or json.loads(done.read_text())["status"] == "interrupted":
        out.parent.mkdir(parents=True, exist_ok=True)
        path = out.with_suffix(".recipe.json")
        path.write_text(json.dumps(recipe, indent=2))
        subprocess.run([tune, "run", str(path), "--overwrite", *settings], check=True, stdout=subprocess.DEVNULL)
    return json.loads(done.read_text())


def tagging(base, corpus, method, out, seed):
    method, rate = METHODS[method]
    folder = f"{DATA}/{corpus}"
    return {
        "seed": seed, "precision": "bf16", "model": {"path": base}, "task": {"type": "token_classification"},
        "data": {"format": "conll", "train": f"{folder}/train.tsv", "dev": f"{folder}/devel.tsv", "test": f"{folder}/test.tsv"},
        "method": method,
        "training": {"epochs": 3, "batch_size": 32, "learning_rate": rate, "warmup_ratio": 0.1},
        "output": out,
    }


def random_base(tune, folder, out):
    """The same architecture with random weights: one step, at learning rate 0 because of the warm-up."""
    recipe = {
        "precision": "fp32", "model": {"path": folder, "init": "random"}, "task": {"type": "masked_lm"},
        "data": {"format": "text", "train": f"{DATA}/pubmed-text/abstracts-valid.txt.gz", "max_length": 128},
        "method": {"type": "full"}, "training": {"max_steps": 1, "warmup_steps": 1}, "output": out,
    }
    run(tune, recipe)
    return f"{out}/model"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tune", default=".build/release/tune")
    parser.add_argument("--base", action="append", default=[], metavar="NAME=FOLDER")
    parser.add_argument("--random", metavar="FOLDER")
    parser.add_argument("--corpora", default="ncbi-disease,bc5cdr-disease,bc5cdr-chem")
    parser.add_argument("--methods", default="lora,full")
    parser.add_argument("--seeds", default="7")
    parser.add_argument("--out", default="runs/bases")
    options = parser.parse_args()
    bases = dict(base.split("=", 1) for base in options.base)
    if options.random:
        bases["random"] = random_base(options.tune, options.random, f"{options.out}/random")
    columns = [(corpus, method) for corpus in options.corpora.split(",") for method in options.methods.split(",")]
    print("| base | parameters | " + " | ".join(f"{corpus}, {method}" for corpus, method in columns) + " |")
    print("|---" * (len(columns) + 2) + "|")
    for name, folder in bases.items():
        cells, parameters = [], 0
        for corpus, method in columns:
            scores = []
            for seed in map(int, options.seeds.split(",")):
                out = f"{options.out}/{name}-{corpus}-{method}-{seed}"
                result = run(options.tune, tagging(folder, corpus, method, out, seed))
                scores.append(100 * result["metrics"]["test"]["f1"])
                parameters = result["total_parameters"] if method == "full" else parameters
            cells.append(" ".join(f"{score:.1f}" for score in scores))
        print(f"| {name} | {parameters / 1e6:.1f} M | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
